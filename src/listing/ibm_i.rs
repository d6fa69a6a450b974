//! IBM i (OS/400).
//!
//! ```text
//! line = owner SP [size SP date SP time SP] "*" type SP name ["/"]
//! date = 2DIGIT 2( ("/" / ".") 2DIGIT )      ; in the order that the system was told
//! ```
//! A `/` at the end says that it is a directory, and is no part of the name; so do the types `*DIR`, `*DDIR`, `*LIB` and `*FLR`.
//! The members of a file (`*MEM`) have neither size nor time. The order of a date with `/` is month, day, year until a line fits
//! another one alone. Blanks before a name can't be told from the column's.

use nom::Parser;
use nom::bytes::complete::tag;
use nom::combinator::opt;
use nom::sequence::{preceded, terminated};

use super::column::{Read, blanks, column, number, word};
use super::date::{self, Known, Order};
use super::entry::{Entry, Kind, Size};
use super::line::Line;
use super::vshell::directory_or_file;

pub(super) fn read<'a>(line: &'a [u8], known: &mut Known) -> Option<Line<'a>> {
    let (rest, owner) = column(line).ok()?;
    let (rest, size) = opt(terminated(number, blanks)).parse_complete(rest).ok()?;
    let (rest, modified) = match size {
        None => (rest, None),
        Some(_) => {
            let (rest, day) = date::numeric(known, Order::MonthDayYear, rest).ok()?;
            let (rest, (_, clock, _)) = (blanks, date::clock, blanks).parse_complete(rest).ok()?;
            (rest, Some(known.modified(day, Some(clock))?))
        }
    };
    let (name, kind) = kind(rest).ok()?;
    let (name, told) = directory_or_file(name);
    let kind = if told == Kind::Directory { told } else { kind };
    Some(Line::Entry(Entry { size: size.map(Size::of_bytes), modified, owner: Some(owner), ..Entry::new(name, kind) }))
}

/// The type and the blanks behind it.
fn kind(input: &[u8]) -> Read<'_, Kind> {
    let (rest, name) = terminated(preceded(tag(&b"*"[..]), word), blanks).parse_complete(input)?;
    let kind = match name {
        b"DIR" | b"DDIR" | b"LIB" | b"FLR" => Kind::Directory,
        b"STMF" | b"DSTMF" | b"MEM" | b"DOC" => Kind::File,
        b"SYMLNK" => Kind::Link,
        _ => Kind::Other,
    };
    Ok((rest, kind))
}
