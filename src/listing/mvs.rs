//! z/OS: data sets (MVS).
//!
//! ```text
//! line     = volume SP unit SP referred SP extents SP used SP format SP record SP block SP organization SP name
//!          / volume SP unit *SP "VSAM" SP name
//!          / volume SP "Tape" *SP name
//!          / ("Migrated" / "ARCIVE" [SP "Not Direct Access Device"]) SP name
//! referred = year "/" month "/" day / "**NONE**"
//! ```
//! The time is the day on which the data set was last used, even for reading; the time of the last change isn't there. `used` counts
//! tracks, whose size depends on the unit, so there is no size. A partitioned data set (`PO`, `PO-E`) is a directory, whose members are
//! listed in another dialect. A migrated data set may be either.

use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::{tag, tag_no_case, take_while1};
use nom::combinator::{eof, opt, verify};
use nom::sequence::{delimited, terminated};

use super::column::{Read, before, blanks, column, digits, word};
use super::date::{self, Day, Known};
use super::entry::{Entry, Kind};
use super::line::Line;

pub(super) fn read<'a>(line: &'a [u8], known: &mut Known) -> Option<Line<'a>> {
    if is_heading(line) {
        return Some(Line::Notice(line));
    }
    if let Ok((_, name)) = migrated(line) {
        return Some(Line::Entry(Entry::new(name, Kind::Unknown)));
    }
    let (rest, (_, _)) = (column, unit).parse_complete(line).ok()?;
    if let Ok((_, (day, kind, name))) = data_set(rest) {
        let modified = day.and_then(|day| known.modified(day, None));
        return Some(Line::Entry(Entry { modified, ..Entry::new(name, kind) }));
    }
    Some(Line::Entry(Entry::new(last_name(rest)?, Kind::File)))
}

/// A heading's first three columns: `Volume Unit Referred`.
fn is_heading(line: &[u8]) -> bool {
    let mut columns =
        (tag_no_case(&b"Volume"[..]), blanks, tag_no_case(&b"Unit"[..]), blanks, tag_no_case(&b"Referred"[..]));
    let found: Read<'_, _> = columns.parse_complete(line);
    found.is_ok()
}

fn migrated(line: &[u8]) -> Read<'_, &[u8]> {
    let (rest, _) = alt((tag_no_case(&b"Migrated"[..]), tag_no_case(&b"ARCIVE"[..]))).parse_complete(line)?;
    let (rest, _) = opt((blanks, tag_no_case(&b"Not Direct Access Device"[..]))).parse_complete(rest)?;
    delimited(blanks, name, eof).parse_complete(rest)
}

/// `3390`, `Tape`.
fn unit(input: &[u8]) -> Read<'_, &[u8]> {
    let is_unit =
        |word: &&[u8]| word.len() == 4 && word.iter().all(u8::is_ascii_hexdigit) || word.eq_ignore_ascii_case(b"tape");
    terminated(verify(word, move |word: &[u8]| is_unit(&word)), blanks).parse_complete(input)
}

fn data_set(input: &[u8]) -> Read<'_, (Option<Day>, Kind, &[u8])> {
    let none = tag(&b"**NONE**"[..]).map(|_| None);
    let (rest, (referred, _)) = (alt((none, day.map(Some))), blanks).parse_complete(input)?;
    // Extents, tracks used, format, lengths of record and block. The first two may lack the blank between them.
    let (rest, _) = (column, column, column, column).parse_complete(rest)?;
    let five = (column, organization, blanks, name, eof).map(|(_, kind, _, name, _)| (kind, name));
    let four = (organization, blanks, name, eof).map(|(kind, _, name, _)| (kind, name));
    let (rest, (kind, name)) = alt((five, four)).parse_complete(rest)?;
    Ok((rest, (referred, kind, name)))
}

fn organization(input: &[u8]) -> Read<'_, Kind> {
    let (rest, name) = word(input)?;
    match name {
        b"PO" | b"PO-E" => Ok((rest, Kind::Directory)),
        b"PS" | b"PS-E" | b"PS-L" | b"DA" | b"VSAM" | b"IS" | b"VS" | b"GDG" | b"HFS" | b"ZFS" | b"PSU" | b"POU" => {
            Ok((rest, Kind::File))
        }
        _ => date::fail(),
    }
}

/// `year "/" month "/" day`
pub(super) fn day(input: &[u8]) -> Read<'_, Day> {
    let slash = || tag(&b"/"[..]);
    let (rest, (year, _, month, _, day)) =
        (date::year, slash(), digits(1, 2), slash(), digits(1, 2)).parse_complete(input)?;
    Ok((rest, Day { year: Some(year), month: month as u8, day: day as u8 }))
}

/// A data set's name, or one in quotes.
fn name(input: &[u8]) -> Read<'_, &[u8]> {
    let plain = take_while1(|byte: u8| byte.is_ascii_alphanumeric() || b".@#$-_()".contains(&byte));
    let quote = || tag(&b"'"[..]);
    alt((delimited(quote(), take_while1(|byte| byte != b'\'' && byte != b' '), quote()), plain)).parse_complete(input)
}

/// The last word, which is the name, if before it there is a day, `VSAM` or nothing, as with clusters and tapes.
fn last_name(input: &[u8]) -> Option<&[u8]> {
    let none = terminated(tag(&b"**NONE**"[..]), blanks).map(drop);
    let referred: Read<'_, _> = opt(alt((terminated(day, blanks).map(drop), none))).parse_complete(input);
    let (rest, _) = referred.ok()?;
    let last = rest.split(|byte| *byte == b' ').next_back()?;
    name(last).ok().filter(|(rest, _)| rest.is_empty())?;
    let between = before(rest, last).trim_ascii();
    let is_known = |word: &[u8]| matches!(word, b"VSAM" | b"PS" | b"PO");
    (between.is_empty() || between.split(|byte| *byte == b' ').any(is_known)).then_some(last)
}
