//! IBM i (OS/400).
//!
//! ```text
//! line = [owner] SP [size SP date SP time SP] "*" type SP name ["/"]
//! type = 1*9( %x41-5A / DIGIT )
//! date = 2DIGIT 2( ("/" / ".") 2DIGIT )      ; in the order that the system is configured for
//! ```
//! A `/` at the end marks a directory, and isn't part of the name; so do the types `*DIR`, `*DDIR`, `*LIB` and `*FLR`.
//! A `*FILE` is a file, by whose name its first member is transferred. It may have more members, which are listed as well (`*MEM`), with
//! neither size nor time. Anonymous users don't see the owner. The order of a date with `/` is month, day, year until a line fits only
//! another order. A name begins eleven places after the `*`; further blanks belong to it.

use nom::Parser;
use nom::bytes::complete::{tag, take_while_m_n};
use nom::combinator::opt;
use nom::sequence::{preceded, terminated};

use super::column::{Read, before, blanks, column, number, up_to};
use super::date::{self, Known, Order};
use super::entry::{Entry, Kind, Size};
use super::line::Line;
use super::vshell::directory_or_file;

/// The width of the column that holds the type, up to the name.
const WIDTH: usize = 11;

pub(super) fn read<'a>(line: &'a [u8], known: &mut Known) -> Option<Line<'a>> {
    let (rest, owner) = if line.starts_with(b" ") { (line.trim_ascii_start(), None) } else { owner(line)? };
    let (rest, size) = opt(terminated(number, blanks)).parse_complete(rest).ok()?;
    let (rest, modified) = match size {
        None => (rest, None),
        Some(_) => {
            let (rest, day) = date::numeric(known, Order::MonthDayYear, rest).ok()?;
            let (rest, (_, clock, _)) = (blanks, date::clock, blanks).parse_complete(rest).ok()?;
            (rest, Some(known.modified(day, Some(clock))?))
        }
    };
    let (name, kind) = kind(rest).ok().filter(|(_, kind)| owner.is_some() || size.is_some() || *kind != Kind::Other)?;
    let (name, told) = directory_or_file(name);
    let kind = if told == Kind::Directory { told } else { kind };
    Some(Line::Entry(Entry { size: size.map(Size::of_bytes), modified, owner, ..Entry::new(name, kind) }))
}

fn owner(line: &[u8]) -> Option<(&[u8], Option<&[u8]>)> {
    column(line).ok().map(|(rest, owner)| (rest, Some(owner)))
}

/// The type, and the blanks that fill up its column.
fn kind(input: &[u8]) -> Read<'_, Kind> {
    let name = take_while_m_n(1, 9, |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    let (rest, name) = preceded(tag(&b"*"[..]), name).parse_complete(input)?;
    let (rest, _) = up_to(WIDTH.saturating_sub(before(input, rest).len()))(rest)?;
    let kind = match name {
        b"DIR" | b"DDIR" | b"LIB" | b"FLR" => Kind::Directory,
        b"STMF" | b"DSTMF" | b"FILE" | b"MEM" | b"DOC" => Kind::File,
        b"SYMLNK" => Kind::Link,
        _ => Kind::Other,
    };
    Ok((rest, kind))
}
