//! z/VM (CMS).
//!
//! ```text
//! line   = name SP type SP format SP record SP records SP blocks SP date SP clock SP owner
//! format = "F" / "V" / "DIR"
//! date   = year "-" month "-" day
//! ```
//! The entry's name is both words, name and type, as the line has them: `PROFILE EXEC`. In a command they are separated by a dot. The size
//! is that of all records; if their length varies (`V`), it is the largest possible size. A directory has `-` in place of the numbers.

use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::tag;
use nom::combinator::eof;
use nom::sequence::terminated;

use super::column::{Read, any_blanks, blanks, column, number, span, word};
use super::date::{self, Clock, Day, Known};
use super::entry::{Entry, Kind, Size};
use super::line::Line;

pub(super) fn read<'a>(line: &'a [u8], known: &mut Known) -> Option<Line<'a>> {
    let (_, (entry, day, clock)) = columns(line, known).ok()?;
    Some(Line::Entry(Entry { modified: Some(known.modified(day, Some(clock))?), ..entry }))
}

fn columns<'a>(line: &'a [u8], known: &mut Known) -> Read<'a, (Entry<'a>, Day, Clock)> {
    let (rest, (first, second)) = (column, column).parse_complete(line)?;
    // A directory has no type.
    let (name, format, rest) = match second {
        b"DIR" => (Some(first), second, rest),
        _ => column(rest).map(|(rest, format)| (span(line, first, second), format, rest))?,
    };
    let count = || terminated(alt((number.map(Some), tag(&b"-"[..]).map(|_| None))), blanks);
    let (rest, (record, records, _)) = (count(), count(), count()).parse_complete(rest)?;
    let (kind, bytes) = match (format, record, records) {
        (b"F" | b"V", Some(record), Some(records)) => (Kind::File, record.checked_mul(records)),
        (b"DIR", None, _) => (Kind::Directory, None),
        _ => return date::fail(),
    };
    let (rest, (day, _, clock, _)) =
        (|input| date::numeric(known, date::Order::YearMonthDay, input), blanks, date::clock, blanks)
            .parse_complete(rest)?;
    let (rest, (owner, _, _)) = (word, any_blanks, eof).parse_complete(rest)?;
    let size =
        bytes.map(|bytes| if format == b"F" { Size::of_bytes(bytes) } else { Size::in_units(bytes, bytes.max(1)) });
    let Some(name) = name else { return date::fail() };
    Ok((rest, (Entry { size, owner: Some(owner), ..Entry::new(name, kind) }, day, clock)))
}
