//! Nortel's wfFtp, on routers.
//!
//! ```text
//! line = name SP size SP month "/" day "/" year SP weekday "." SP clock
//! ```
//! A name is one word. There are only files.

use nom::Parser;
use nom::bytes::complete::tag;
use nom::character::complete::alpha1;
use nom::combinator::eof;

use super::column::{any_blanks, blanks, column, number};
use super::date::{self, Known, Order};
use super::entry::{Entry, Kind, Size};
use super::line::Line;

pub(super) fn read<'a>(line: &'a [u8], known: &mut Known) -> Option<Line<'a>> {
    let (rest, (name, size, _)) = (column, number, blanks).parse_complete(line).ok()?;
    let (rest, day) = date::numeric(known, Order::MonthDayYear, rest).ok()?;
    let weekday = (alpha1, tag(&b"."[..]));
    let (_, (_, _, _, clock, _, _)) =
        (blanks, weekday, blanks, date::clock, any_blanks, eof).parse_complete(rest).ok()?;
    let modified = Some(known.modified(day, Some(clock))?);
    Some(Line::Entry(Entry { size: Some(Size::of_bytes(size)), modified, ..Entry::new(name, Kind::File) }))
}
