//! NetPresenz and Peter's server for Mac OS, and WebStar: lines that look like Unix's, with the sizes of a file's two forks.
//!
//! ```text
//! line   = mode SP ("folder" SP items / resource SP data SP total) SP month-name SP day SP (clock / year) " " name
//! ```
//! The total is the sum of the other two, which distinguishes the line from Unix. There is neither owner nor group. The size is the total;
//! how much of it a transfer moves depends on the server. The number of a folder's items isn't a size.

use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::tag;
use nom::combinator::map_opt;
use nom::sequence::terminated;

use super::column::{Read, blanks, number, one_blank, word_end};
use super::date::{self, Clock, Day, Known};
use super::entry::{Entry, Kind, Size};
use super::line::Line;

pub(super) fn read<'a>(line: &'a [u8], known: &mut Known) -> Option<Line<'a>> {
    let (name, (entry, day, clock)) = columns(line).ok()?;
    Some(Line::Entry(Entry { name, modified: Some(known.modified(day, clock)?), ..entry }))
}

fn columns(line: &[u8]) -> Read<'_, (Entry<'_>, Day, Option<Clock>)> {
    let Some(([kind, permissions @ ..], rest)) = line.split_first_chunk::<10>() else { return date::fail() };
    let kind = match kind {
        b'-' => Kind::File,
        b'd' => Kind::Directory,
        _ => return date::fail(),
    };
    if !permissions.iter().all(|byte| b"rwx-".contains(byte)) {
        return date::fail();
    }
    let folder = (tag(&b"folder"[..]), blanks, number).map(|_| None);
    let forks = map_opt((number, blanks, number, blanks, number), |(resource, _, data, _, total)| {
        (resource.checked_add(data)? == total).then_some(Some(Size::of_bytes(total)))
    });
    let (rest, (_, size, _)) = (blanks, alt((folder, forks)), blanks).parse_complete(rest)?;
    if size.is_none() != (kind == Kind::Directory) {
        return date::fail();
    }
    let (rest, (month, day)) = terminated(date::month_and_day, blanks).parse_complete(rest)?;
    let year = terminated(date::year, word_end).map(|year| (Some(year), None));
    let clock = date::clock.map(|clock| (None, Some(clock)));
    let (rest, ((year, clock), _)) = (alt((year, clock)), one_blank).parse_complete(rest)?;
    let entry = Entry { size, permissions: Some(permissions), ..Entry::new(&[], kind) };
    Ok((rest, (entry, Day { year, month, day }, clock)))
}
