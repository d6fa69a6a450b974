//! Directory listings: for people (LIST), names only (NLST), for programs (MLSD). Their lines end in CRLF, whatever TYPE says.

use std::time::SystemTime;

use ftp_proto::listing::{self, Listed, Permit, Word};
use ftp_proto::{Path, Text, Time};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::{Entry, Kind};

/// The facts that [`facts`] knows.
pub const FACTS: [&str; 6] = ["type", "size", "modify", "perm", "unix.mode", "unique"];

/// As `ls -l` writes it in the C locale, which is what clients know how to read. Times are in UTC.
pub fn for_people(entries: &[Entry]) -> Vec<u8> {
    let (now, mut lines) = (now(), Vec::new());
    entries.iter().for_each(|entry| listed(entry, |listed| listed.encode_unix(now, &mut lines)));
    lines
}

/// The same, for STAT's reply.
pub fn for_status(entries: &[Entry]) -> impl Iterator<Item = Text<'static>> {
    let now = now();
    entries.iter().filter_map(move |entry| {
        let mut line = Vec::new();
        listed(entry, |listed| listed.encode_unix_line(now, &mut line));
        Text::try_from(line).ok()
    })
}

/// Names with what the client has put before them, so that RETR takes them as they are.
pub fn names(entries: &[Entry], prefix: &[u8]) -> Vec<u8> {
    entries.iter().flat_map(|entry| [prefix, &entry.name, b"\r\n"]).flatten().copied().collect()
}

/// RFC 3659 7.2: facts, a blank, the name.
pub fn for_programs(entries: &[Entry], may_write: bool, wanted: &[&str]) -> Vec<u8> {
    let mut lines = Vec::new();
    for entry in entries {
        let unique = unique(entry);
        listed(entry, |listed| {
            with_facts(listed, entry, may_write, &unique).encode_mlsx(wanted.iter().copied(), &mut lines);
        });
    }
    lines
}

/// Those facts of the wanted ones that there are (RFC 3659 7.5), for somebody who may write or not.
pub fn facts(entry: &Entry, may_write: bool, wanted: &[&str]) -> String {
    let (mut facts, unique) = (Vec::new(), unique(entry));
    listed(entry, |listed| {
        with_facts(listed, entry, may_write, &unique).encode_facts(wanted.iter().copied(), &mut facts)
    });
    String::from_utf8(facts).unwrap_or_default()
}

/// An entry as the crate's writer takes it.
fn listed(entry: &Entry, write: impl FnOnce(Listed<'_>)) {
    // The root has none.
    let Ok(name) = Path::new(&entry.name).or_else(|_| Path::new("/")) else { return };
    let (owner, group) = (entry.owner.to_string(), entry.group.to_string());
    let mut listed = Listed::new(name, kind(entry.kind));
    (listed.size, listed.links) = (Some(entry.size), entry.links);
    (listed.modified, listed.mode) = (time(entry.modified), u16::try_from(entry.mode).ok());
    (listed.owner, listed.group) = (Word::new(&owner).ok(), Word::new(&group).ok());
    write(listed);
}

/// What MLSx tells besides; a directory has no size there.
fn with_facts<'a>(mut listed: Listed<'a>, entry: &Entry, may_write: bool, unique: &'a str) -> Listed<'a> {
    listed.size = listed.size.filter(|_| entry.kind == Kind::File);
    listed.permit = Some(permit(entry.kind, may_write));
    listed.unique = Word::new(unique).ok();
    listed
}

fn unique(entry: &Entry) -> String {
    format!("{:x}g{:x}", entry.identity.0, entry.identity.1)
}

fn kind(kind: Kind) -> listing::Kind {
    match kind {
        Kind::File => listing::Kind::File,
        Kind::Directory => listing::Kind::Directory,
        Kind::Special('p') => listing::Kind::Fifo,
        Kind::Special('s') => listing::Kind::Socket,
        Kind::Special('b') => listing::Kind::BlockDevice,
        Kind::Special('c') => listing::Kind::CharacterDevice,
        Kind::Special(_) => listing::Kind::Other,
    }
}

/// What a client may try (RFC 3659 7.5.5); what the system says to it is another matter.
fn permit(kind: Kind, may_write: bool) -> Permit {
    match (kind, may_write) {
        (Kind::File, true) => Permit::APPEND | Permit::DELETE | Permit::RENAME | Permit::RETRIEVE | Permit::STORE,
        (Kind::File, false) => Permit::RETRIEVE,
        (Kind::Directory, true) => {
            let inside = Permit::CREATE | Permit::MAKE | Permit::PURGE;
            Permit::ENTER | Permit::LIST | Permit::DELETE | Permit::RENAME | inside
        }
        (Kind::Directory, false) => Permit::ENTER | Permit::LIST,
        (Kind::Special(_), true) => Permit::DELETE | Permit::RENAME,
        (Kind::Special(_), false) => Permit::NONE,
    }
}

fn now() -> Time {
    time(SystemTime::now()).unwrap_or_else(|| Time::new(1970, 1, 1, 0, 0, 0).expect("a time"))
}

/// The whole seconds of a moment; `None` if its year has not four digits.
pub fn time(moment: SystemTime) -> Option<Time> {
    let moment = timestamp(moment).to_zoned(TimeZone::UTC).datetime();
    let part = |value: i8| u8::try_from(value).ok();
    let (month, day) = (part(moment.month())?, part(moment.day())?);
    let (hour, minute, second) = (part(moment.hour())?, part(moment.minute())?, part(moment.second())?);
    Time::new(u16::try_from(moment.year()).ok()?, month, day, hour, minute, second).ok()
}

/// The moment that a time in UTC names; a leap second counts as the one before it.
pub fn moment(time: Time) -> Option<SystemTime> {
    let part = |value: u8| i8::try_from(value).ok();
    let (month, day) = (part(time.month())?, part(time.day())?);
    let (hour, minute, second) = (part(time.hour())?, part(time.minute())?, part(time.second().min(59))?);
    let nanosecond = i32::try_from(time.nanosecond()).ok()?;
    let year = i16::try_from(time.year()).ok()?;
    let moment = DateTime::new(year, month, day, hour, minute, second, nanosecond).ok()?;
    Some(moment.to_zoned(TimeZone::UTC).ok()?.timestamp().into())
}

fn timestamp(moment: SystemTime) -> Timestamp {
    Timestamp::try_from(moment).unwrap_or_default()
}
