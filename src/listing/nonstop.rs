//! HP NonStop (Tandem Guardian).
//!
//! ```text
//! line   = name SP code SP size SP day "-" month-name "-" year SP clock SP group "," *SP user SP DQUOTE rights DQUOTE
//! code   = 1*DIGIT ["+"] / 1*DIGIT letter                    ; the kind of file; "O": it is open
//! rights = 4<any>                                            ; read, write, execute, purge: N, C, U, O, A, G, - …
//! ```
//! A name is one word. There are no directories: a listed subvolume holds only files.

use nom::Parser;
use nom::bytes::complete::{is_not, tag};
use nom::combinator::{eof, recognize, verify};
use nom::sequence::{delimited, terminated};

use super::column::{Read, any_blanks, blanks, column, digits, number};
use super::date::{self, Clock, Day, Known};
use super::entry::{Entry, Kind, Size};
use super::line::Line;

pub(super) fn read<'a>(line: &'a [u8], known: &mut Known) -> Option<Line<'a>> {
    if is_heading(line) {
        return Some(Line::Notice(line));
    }
    let (_, (entry, day, clock)) = columns(line).ok()?;
    Some(Line::Entry(Entry { modified: Some(known.modified(day, Some(clock))?), ..entry }))
}

fn is_heading(line: &[u8]) -> bool {
    let words = (tag(&b"File"[..]), blanks, tag(&b"Code"[..]), blanks, tag(&b"EOF"[..]));
    let found: Read<'_, _> = recognize(words).parse_complete(line);
    found.is_ok()
}

fn columns(line: &[u8]) -> Read<'_, (Entry<'_>, Day, Clock)> {
    let code = verify(column, |code: &[u8]| code.first().is_some_and(u8::is_ascii_digit));
    let (rest, (name, _, size, _)) = (column, code, number, blanks).parse_complete(line)?;
    let (rest, (day, _, clock, _)) = (date::day_month_year, blanks, date::clock, blanks).parse_complete(rest)?;
    let id = || recognize(digits(1, 3));
    let (rest, (group, _, _, owner, _)) = (id(), tag(&b","[..]), any_blanks, id(), blanks).parse_complete(rest)?;
    let quote = || tag(&b"\""[..]);
    let rights = delimited(quote(), is_not(&b"\""[..]), quote());
    let (rest, rights) = terminated(rights, (any_blanks, eof)).parse_complete(rest)?;
    let entry = Entry {
        size: Some(Size::of_bytes(size)),
        permissions: Some(rights),
        owner: Some(owner),
        group: Some(group),
        ..Entry::new(name, Kind::File)
    };
    Ok((rest, (entry, day, clock)))
}
