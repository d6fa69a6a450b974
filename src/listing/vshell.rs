//! VShell, before it wrote lines like Unix: there is no mode.
//!
//! ```text
//! line = *SP size SP month-name SP day "," SP year SP clock " " name ["/"]
//! ```
//! A `/` at the end marks a directory, and isn't part of the name.

use nom::Parser;
use nom::bytes::complete::tag;

use super::column::{Read, any_blanks, blanks, number, one_blank};
use super::date::{self, Clock, Day, Known};
use super::entry::{Entry, Kind, Size};
use super::line::Line;

pub(super) fn read<'a>(line: &'a [u8], known: &mut Known) -> Option<Line<'a>> {
    let (name, (size, day, clock)) = columns(line).ok()?;
    let modified = Some(known.modified(day, Some(clock))?);
    let (name, kind) = directory_or_file(name);
    Some(Line::Entry(Entry { size: Some(Size::of_bytes(size)), modified, ..Entry::new(name, kind) }))
}

fn columns(line: &[u8]) -> Read<'_, (u64, Day, Clock)> {
    let (rest, (_, size, _)) = (any_blanks, number, blanks).parse_complete(line)?;
    let (rest, (month, day)) = date::month_and_day(rest)?;
    let (rest, (_, _, year, _)) = (tag(&b","[..]), blanks, date::year, blanks).parse_complete(rest)?;
    let (rest, (clock, _)) = (date::clock, one_blank).parse_complete(rest)?;
    Ok((rest, (size, Day { year: Some(year), month, day }, clock)))
}

/// The name without the `/` that marks a directory, and the kind.
pub(super) fn directory_or_file(name: &[u8]) -> (&[u8], Kind) {
    match name {
        [directory @ .., b'/'] if !directory.is_empty() => (directory, Kind::Directory),
        _ => (name, Kind::File),
    }
}
