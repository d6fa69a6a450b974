//! EPLF, the easily parsed list format, of publicfile and anftpd.
//!
//! ```text
//! line  = "+" *( fact "," ) HT name
//! fact  = "/" / "r" / "s" size / "m" seconds / "i" identifier / "up" mode / …
//! ```
//! `/` is a directory, which can be listed, and `r` a file, which can be retrieved. Seconds count from the beginning of 1970 in UTC.
//! There are no owners. [`Entry::facts`] is the text between `+` and the tab.

use nom::Parser;
use nom::bytes::complete::{tag, take_until};
use nom::sequence::delimited;

use super::column::{Read, decimal};
use super::date::{self, Known};
use super::entry::{Entry, Kind, Size};
use super::line::Line;

pub(super) fn read<'a>(line: &'a [u8], _: &mut Known) -> Option<Line<'a>> {
    let (name, facts) = facts(line).ok()?;
    let mut entry = Entry { facts, ..Entry::new(name, Kind::Unknown) };
    for fact in facts.split(|byte| *byte == b',') {
        match fact {
            b"/" => entry.kind = Kind::Directory,
            b"r" => entry.kind = Kind::File,
            [b's', size @ ..] => entry.size = decimal(size).map(Size::of_bytes),
            [b'm', seconds @ ..] => entry.modified = decimal(seconds).and_then(date::epoch),
            [b'u', b'p', mode @ ..] => entry.permissions = Some(mode),
            _ => {}
        }
    }
    Some(Line::Entry(entry))
}

fn facts(line: &[u8]) -> Read<'_, &[u8]> {
    delimited(tag(&b"+"[..]), take_until(&b"\t"[..]), tag(&b"\t"[..])).parse_complete(line)
}
