//! Novell NetWare.
//!
//! ```text
//! line   = type SP "[" rights "]" SP owner SP size SP month-name SP day SP (clock / year) 1*4SP name
//! type   = "d" / "-"
//! rights = *( "R" / "W" / "C" / "E" / "A" / "F" / "M" / "S" / "-" )
//! ```
//! A date without a year is in the last twelve months, as in any dialect here. Up to four blanks before a name belong to the column.

use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::{tag, take_while};
use nom::character::complete::one_of;
use nom::sequence::{delimited, terminated};

use super::column::{Read, blanks, column, number, up_to, word_end};
use super::date::{self, Clock, Day, Known};
use super::entry::{Entry, Kind, Size};
use super::line::Line;

pub(super) fn read<'a>(line: &'a [u8], known: &mut Known) -> Option<Line<'a>> {
    let (name, (entry, day, clock)) = columns(line).ok()?;
    Some(Line::Entry(Entry { name, modified: Some(known.modified(day, clock)?), ..entry }))
}

fn columns(line: &[u8]) -> Read<'_, (Entry<'_>, Day, Option<Clock>)> {
    let rights = take_while(|byte: u8| byte == b'-' || byte.is_ascii_uppercase());
    let rights = delimited(tag(&b"["[..]), rights, tag(&b"]"[..]));
    let (rest, (kind, _, rights, _)) = (one_of("d-"), blanks, rights, blanks).parse_complete(line)?;
    let (rest, (owner, size, _)) = (column, number, blanks).parse_complete(rest)?;
    let (rest, (month, day)) = terminated(date::month_and_day, blanks).parse_complete(rest)?;
    let year = terminated(date::year, word_end).map(|year| (Some(year), None));
    let clock = date::clock.map(|clock| (None, Some(clock)));
    let (rest, (year, clock)) = alt((year, clock)).parse_complete(rest)?;
    let (rest, _) = up_to(4)(rest)?;
    let kind = if kind == 'd' { Kind::Directory } else { Kind::File };
    let entry = Entry {
        size: Some(Size::of_bytes(size)),
        permissions: Some(rights),
        owner: Some(owner),
        ..Entry::new(&[], kind)
    };
    Ok((rest, (entry, Day { year, month, day }, clock)))
}
