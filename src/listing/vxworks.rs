//! VxWorks.
//!
//! ```text
//! line = *SP size SP month-name "-" day "-" year SP clock 1*3SP name [*SP "<DIR>"]
//! ```
//! Up to three blanks before a name belong to the column, and so do all blanks before `<DIR>`.

use nom::Parser;
use nom::bytes::complete::tag;
use nom::sequence::separated_pair;

use super::column::{Read, any_blanks, blanks, digits, number, up_to};
use super::date::{self, Day, Known};
use super::entry::{Entry, Kind, Size};
use super::line::Line;

pub(super) fn read<'a>(line: &'a [u8], known: &mut Known) -> Option<Line<'a>> {
    if is_heading(line) {
        return Some(Line::Notice(line));
    }
    let (rest, (_, size, _, day, _)) = (any_blanks, number, blanks, day, blanks).parse_complete(line).ok()?;
    let (name, (clock, _)) = (date::clock, up_to(3)).parse_complete(rest).ok()?;
    let modified = Some(known.modified(day, Some(clock))?);
    let (name, kind) = match name.strip_suffix(b"<DIR>") {
        Some(name) => (name.trim_ascii_end(), Kind::Directory),
        None => (name, Kind::File),
    };
    let size = (kind == Kind::File).then_some(Size::of_bytes(size));
    Some(Line::Entry(Entry { size, modified, ..Entry::new(name, kind) }))
}

fn is_heading(line: &[u8]) -> bool {
    let mut words = (any_blanks, tag(&b"size"[..]), blanks, tag(&b"date"[..]), blanks, tag(&b"time"[..]));
    let found: Read<'_, _> = words.parse_complete(line);
    let is_rule =
        line.len() > 10 && line.trim_ascii_start().starts_with(b"--") && line.iter().all(|byte| b"- ".contains(byte));
    found.is_ok() || is_rule
}

fn day(input: &[u8]) -> Read<'_, Day> {
    let dash = || tag(&b"-"[..]);
    let month_and_day = separated_pair(date::month_name, dash(), digits(1, 2));
    let (rest, ((month, day), year)) = separated_pair(month_and_day, dash(), date::year).parse_complete(input)?;
    Ok((rest, Day { year: Some(year), month, day: day as u8 }))
}
