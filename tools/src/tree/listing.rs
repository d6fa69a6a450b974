//! Directory listings: for people (LIST), names only (NLST), for programs (MLSD). Their lines end in CRLF, whatever TYPE says.

use std::fmt::Write as _;
use std::time::SystemTime;

use ftp_proto::{Text, Time};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::{Entry, Kind};

/// The facts that [`facts`] knows.
pub const FACTS: [&str; 6] = ["type", "size", "modify", "perm", "unix.mode", "unique"];

/// As `ls -l` writes it in the C locale, which is what clients know how to read. Times are in UTC.
pub fn for_people(entries: &[Entry]) -> Vec<u8> {
    let now = Timestamp::now();
    lines(entries, |entry| line(entry, now))
}

/// The same, for STAT's reply.
pub fn for_status(entries: &[Entry]) -> impl Iterator<Item = Text<'static>> {
    let now = Timestamp::now();
    entries.iter().filter_map(move |entry| Text::try_from(line(entry, now)).ok())
}

/// Names with what the client has put before them, so that RETR takes them as they are.
pub fn names(entries: &[Entry], prefix: &[u8]) -> Vec<u8> {
    lines(entries, |entry| [prefix, &entry.name].concat())
}

/// RFC 3659 7.2: facts, a blank, the name.
pub fn for_programs(entries: &[Entry], may_write: bool, wanted: &[&str]) -> Vec<u8> {
    lines(entries, |entry| [facts(entry, may_write, wanted).as_bytes(), b" ", &entry.name].concat())
}

/// Those facts of the wanted ones that there are (RFC 3659 7.5), for somebody who may write or not.
pub fn facts(entry: &Entry, may_write: bool, wanted: &[&str]) -> String {
    let mut facts = String::new();
    for name in wanted {
        let _ = match (name.to_ascii_lowercase().as_str(), entry.kind) {
            ("type", Kind::File) => write!(facts, "{name}=file;"),
            ("type", Kind::Directory) => write!(facts, "{name}=dir;"),
            ("type", Kind::Special(_)) => write!(facts, "{name}=OS.unix=special;"),
            ("size", Kind::File) => write!(facts, "{name}={};", entry.size),
            ("modify", _) => write!(facts, "{name}={};", timestamp(entry.modified).strftime("%Y%m%d%H%M%S")),
            ("perm", kind) => write!(facts, "{name}={};", permissions(kind, may_write)),
            ("unix.mode", _) => write!(facts, "{name}={:04o};", entry.mode),
            ("unique", _) => write!(facts, "{name}={:x}g{:x};", entry.identity.0, entry.identity.1),
            _ => Ok(()),
        };
    }
    facts
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

fn lines(entries: &[Entry], line: impl Fn(&Entry) -> Vec<u8>) -> Vec<u8> {
    entries.iter().flat_map(|entry| [line(entry), b"\r\n".to_vec()]).flatten().collect()
}

fn line(entry: &Entry, now: Timestamp) -> Vec<u8> {
    let Entry { links, owner, group, size, .. } = entry;
    let (mode, date) = (mode(entry), date(timestamp(entry.modified), now));
    [format!("{mode} {links:>4} {owner:<8} {group:<8} {size:>9} {date} ").as_bytes(), &entry.name].concat()
}

/// `drwxr-xr-x`.
fn mode(entry: &Entry) -> String {
    let kind = match entry.kind {
        Kind::File => '-',
        Kind::Directory => 'd',
        Kind::Special(letter) => letter,
    };
    let mut text = String::from(kind);
    // The bits that stand in another's place: set-user-ID, set-group-ID, sticky.
    for (shift, special, letter) in [(6, 0o4000, 's'), (3, 0o2000, 's'), (0, 0o1000, 't')] {
        let bits = entry.mode >> shift;
        text.push(if bits & 4 != 0 { 'r' } else { '-' });
        text.push(if bits & 2 != 0 { 'w' } else { '-' });
        text.push(match (bits & 1 != 0, entry.mode & special != 0) {
            (true, false) => 'x',
            (false, false) => '-',
            (true, true) => letter,
            (false, true) => letter.to_ascii_uppercase(),
        });
    }
    text
}

/// What a client may try (RFC 3659 7.5.5); what the system says to it is another matter.
fn permissions(kind: Kind, may_write: bool) -> &'static str {
    match (kind, may_write) {
        (Kind::File, true) => "adfrw",
        (Kind::File, false) => "r",
        (Kind::Directory, true) => "cdeflmp",
        (Kind::Directory, false) => "el",
        (Kind::Special(_), true) => "df",
        (Kind::Special(_), false) => "",
    }
}

/// The time of day, or the year if the moment is to come or more than half a mean year ago, as `ls` has it.
fn date(modified: Timestamp, now: Timestamp) -> String {
    let age = now.duration_since(modified);
    let is_recent = (SignedDuration::ZERO..SignedDuration::from_secs(31_556_952 / 2)).contains(&age);
    modified.strftime(if is_recent { "%b %e %H:%M" } else { "%b %e  %Y" }).to_string()
}

fn timestamp(moment: SystemTime) -> Timestamp {
    Timestamp::try_from(moment).unwrap_or_default()
}
