//! z/OS: the jobs of its job entry subsystem (`SITE FILETYPE=JES`).
//!
//! ```text
//! line   = job SP identifier SP [owner SP] status [SP *any]      ; USER1 JOB00134 USER1 OUTPUT 3 Spool Files
//! status = "INPUT" / "HELD" / "ACTIVE" / "OUTPUT"
//! ```
//! The entry's name is the identifier, by which RETR and DELE name a job; the job's own name is dropped. There are neither sizes nor
//! times.

use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::{tag, tag_no_case, take_while_m_n};
use nom::combinator::{recognize, verify};
use nom::sequence::terminated;

use super::column::{Read, blanks, column, word};
use super::date::Known;
use super::entry::{Entry, Kind};
use super::line::Line;

pub(super) fn read<'a>(line: &'a [u8], _: &mut Known) -> Option<Line<'a>> {
    if is_heading(line) {
        return Some(Line::Notice(line));
    }
    let (rest, (_, name)) = (column, terminated(identifier, blanks)).parse_complete(line).ok()?;
    let with_owner = terminated(column, status).map(Some);
    let (_, owner) = alt((with_owner, status.map(|_| None))).parse_complete(rest).ok()?;
    Some(Line::Entry(Entry { owner, ..Entry::new(name, Kind::File) }))
}

fn is_heading(line: &[u8]) -> bool {
    let found: Read<'_, _> =
        (tag_no_case(&b"JOBNAME"[..]), blanks, tag_no_case(&b"JOBID"[..]), blanks).parse_complete(line);
    found.is_ok()
}

/// `JOB00134`, `J0000134`, `TSU00012`, `STC00007`.
fn identifier(input: &[u8]) -> Read<'_, &[u8]> {
    let kind =
        alt((tag(&b"JOB"[..]), tag(&b"TSU"[..]), tag(&b"STC"[..]), tag(&b"J"[..]), tag(&b"T"[..]), tag(&b"S"[..])));
    recognize((kind, take_while_m_n(5, 7, |byte: u8| byte.is_ascii_digit()))).parse_complete(input)
}

fn status(input: &[u8]) -> Read<'_, &[u8]> {
    verify(word, |word: &[u8]| matches!(word, b"INPUT" | b"HELD" | b"ACTIVE" | b"OUTPUT")).parse_complete(input)
}
