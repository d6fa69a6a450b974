//! OS/2.
//!
//! ```text
//! line       = *SP size SP *2(attributes SP) date SP clock 1*2SP name
//! attributes = 1*( "A" / "R" / "H" / "S" ) / "DIR"
//! date       = month "-" day "-" year                    ; two digits, or three: 103 is 2003
//! ```
//! Up to two blanks before a name belong to the column; further ones belong to the name.

use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::tag;
use nom::combinator::{opt, verify};
use nom::sequence::terminated;

use super::column::{Read, any_blanks, blanks, number, up_to, word};
use super::date::{self, Known, Order};
use super::entry::{Entry, Kind, Size};
use super::line::Line;

pub(super) fn read<'a>(line: &'a [u8], known: &mut Known) -> Option<Line<'a>> {
    let (rest, (_, size, _)) = (any_blanks, number, blanks).parse_complete(line).ok()?;
    let (rest, (first, second)) = (opt(attributes), opt(attributes)).parse_complete(rest).ok()?;
    let (rest, day) = date::numeric(known, Order::MonthDayYear, rest).ok()?;
    let (name, (_, clock, _)) = (blanks, date::clock, up_to(2)).parse_complete(rest).ok()?;
    let modified = Some(known.modified(day, Some(clock))?);
    let is_directory = [first, second].contains(&Some(Kind::Directory));
    let kind = if is_directory { Kind::Directory } else { Kind::File };
    let size = (kind == Kind::File).then_some(Size::of_bytes(size));
    Some(Line::Entry(Entry { size, modified, ..Entry::new(name, kind) }))
}

/// A word of attributes, and the blanks after it.
fn attributes(input: &[u8]) -> Read<'_, Kind> {
    let directory = tag(&b"DIR"[..]).map(|_| Kind::Directory);
    let of_file = verify(word, |word: &[u8]| word.iter().all(|byte| b"ARHS".contains(byte))).map(|_| Kind::File);
    terminated(alt((directory, of_file)), blanks).parse_complete(input)
}
