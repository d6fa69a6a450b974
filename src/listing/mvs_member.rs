//! z/OS: the members of a partitioned data set.
//!
//! ```text
//! line = name SP vv "." mm SP created SP changed SP clock SP size SP initial SP modified SP user     ; with ISPF statistics
//!      / name SP size SP ttr SP *word                                                              ; a load module, in hexadecimal
//!      / name                                                                                      ; without statistics
//! name = 1*8( letter / DIGIT / "@" / "#" / "$" )
//! ```
//! With statistics the size is a number of records, so there is no size in bytes; a load module's is in bytes. A name alone is taken for
//! a member only after a heading or another member.

use nom::Parser;
use nom::bytes::complete::{tag, tag_no_case, take_while_m_n};
use nom::combinator::{eof, verify};
use nom::sequence::{preceded, terminated};

use super::column::{Read, any_blanks, blanks, column, digits, in_base, number, word, word_end};
use super::date::{self, Known};
use super::entry::{Entry, Kind, Size};
use super::line::Line;
use super::mvs::day;

pub(super) fn read<'a>(line: &'a [u8], known: &mut Known) -> Option<Line<'a>> {
    if is_heading(line) {
        return Some(Line::Notice(line));
    }
    let (rest, name) = preceded(any_blanks, name).parse_complete(line).ok()?;
    let (rest, _) = blanks(rest).ok()?;
    if let Ok((owner, (day, clock))) = statistics(rest) {
        let modified = Some(known.modified(day, Some(clock))?);
        return Some(Line::Entry(Entry { modified, owner: Some(owner), ..Entry::new(name, Kind::File) }));
    }
    let (_, bytes) = load_module(rest).ok()?;
    Some(Line::Entry(Entry { size: Some(Size::of_bytes(bytes)), ..Entry::new(name, Kind::File) }))
}

/// A member without statistics.
pub(super) fn read_bare(line: &[u8]) -> Option<Line<'_>> {
    let (_, name) = terminated(preceded(any_blanks, name), (any_blanks, eof)).parse_complete(line).ok()?;
    Some(Line::Entry(Entry::new(name, Kind::File)))
}

fn is_heading(line: &[u8]) -> bool {
    let name = preceded(any_blanks, terminated(tag(&b"Name"[..]), blanks));
    let second = nom::branch::alt((tag_no_case(&b"VV.MM"[..]), tag_no_case(&b"Size"[..])));
    let third = nom::branch::alt((tag_no_case(&b"Created"[..]), tag_no_case(&b"TTR"[..])));
    let found: Read<'_, _> = (name, second, blanks, third).parse_complete(line);
    found.is_ok()
}

fn name(input: &[u8]) -> Read<'_, &[u8]> {
    let fits = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || b"@#$".contains(&byte);
    terminated(take_while_m_n(1, 8, fits), word_end).parse_complete(input)
}

fn statistics(input: &[u8]) -> Read<'_, (date::Day, date::Clock)> {
    let version = (digits(2, 2), tag(&b"."[..]), digits(2, 2), blanks);
    let (rest, (_, _, _, changed, _, clock, _)) =
        (version, day, blanks, day, blanks, date::clock, blanks).parse_complete(input)?;
    let count = || terminated(number, blanks);
    let (rest, _) = (count(), count(), count()).parse_complete(rest)?;
    // The user is the last word.
    let (behind, user) = word(rest)?;
    let (_, _) = (any_blanks, eof).parse_complete(behind)?;
    Ok((user, (changed, clock)))
}

fn load_module(input: &[u8]) -> Read<'_, u64> {
    let hexadecimal = || verify(column, |word: &[u8]| word.len() >= 6 && word.iter().all(u8::is_ascii_hexdigit));
    let (rest, (size, _)) = (hexadecimal(), hexadecimal()).parse_complete(input)?;
    in_base(16, size).map_or_else(date::fail, |size| Ok((rest, size)))
}
