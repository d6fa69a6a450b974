//! Directory listings: for people (LIST), names only (NLST), for programs (MLSD). Their lines end in CRLF, whatever TYPE says.

use std::time::SystemTime;

use ftp_proto::Time;
use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use super::tree::Entry;

/// As `ls -l` writes it in the C locale, which is what clients know how to read. Times are in UTC.
pub fn for_people(entries: &[Entry]) -> Vec<u8> {
    let now = Timestamp::now();
    lines(entries, |entry| {
        let mode = if entry.is_directory { "drwxr-xr-x" } else { "-rw-r--r--" };
        let date = date(timestamp(entry.modified), now);
        [format!("{mode}    1 ftp      ftp      {:>9} {date} ", entry.size).as_bytes(), &entry.name].concat()
    })
}

/// Names with what the client has put before them, so that RETR takes them as they are.
pub fn names(entries: &[Entry], prefix: &[u8]) -> Vec<u8> {
    lines(entries, |entry| [prefix, &entry.name].concat())
}

/// RFC 3659 7.2: facts, a blank, the name.
pub fn for_programs(entries: &[Entry]) -> Vec<u8> {
    lines(entries, |entry| [facts(entry).as_bytes(), b" ", &entry.name].concat())
}

/// RFC 3659 7.5.
pub fn facts(entry: &Entry) -> String {
    let modified = timestamp(entry.modified).strftime("%Y%m%d%H%M%S");
    if entry.is_directory {
        format!("type=dir;modify={modified};")
    } else {
        format!("type=file;size={};modify={modified};", entry.size)
    }
}

/// The whole seconds of a moment; `None` if its year has not four digits.
pub fn time(moment: SystemTime) -> Option<Time> {
    let moment = timestamp(moment).to_zoned(TimeZone::UTC).datetime();
    let part = |value: i8| u8::try_from(value).ok();
    let (month, day) = (part(moment.month())?, part(moment.day())?);
    let (hour, minute, second) = (part(moment.hour())?, part(moment.minute())?, part(moment.second())?);
    Time::new(u16::try_from(moment.year()).ok()?, month, day, hour, minute, second).ok()
}

fn lines(entries: &[Entry], line: impl Fn(&Entry) -> Vec<u8>) -> Vec<u8> {
    entries.iter().flat_map(|entry| [line(entry), b"\r\n".to_vec()]).flatten().collect()
}

/// The time of day, or the year where half a year lies in between.
fn date(modified: Timestamp, now: Timestamp) -> String {
    let age = now.duration_since(modified);
    let is_recent = (SignedDuration::ZERO..SignedDuration::from_hours(24 * 182)).contains(&age);
    modified.strftime(if is_recent { "%b %e %H:%M" } else { "%b %e  %Y" }).to_string()
}

fn timestamp(moment: SystemTime) -> Timestamp {
    Timestamp::try_from(moment).unwrap_or_default()
}
