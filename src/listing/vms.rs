//! OpenVMS, by its own servers, MultiNet, TCPware.
//!
//! ```text
//! line   = name SP size SP date [SP owner] [SP rights]
//! name   = *any ";" version                        ; README.TXT;4, [DIR]README.TXT;4
//! size   = used ["/" allocated]                    ; blocks of 512 bytes
//! date   = day "-" month-name "-" year SP clock
//! owner  = "[" [group ","] owner "]"
//! rights = "(" system "," owner "," group "," world ")"
//! ```
//! A long name stands on a line of its own ([`Line::Partial`](crate::listing::Line::Partial)). The name of a file ends with its
//! version, since there may be several, and `^` before a character that is none of VMS's stays; the name of a directory is without
//! `.DIR;1`, as CWD takes it. A size is told in blocks, so the bytes of the last one aren't, and a server that tells bytes can't be
//! told from one that tells blocks.

use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::{is_not, tag, take_till1, take_while, take_while1};
use nom::character::complete::u64;
use nom::combinator::{opt, recognize, verify};
use nom::sequence::{delimited, preceded, terminated};

use super::column::{Read, decimal};
use super::date::{self, Clock, Day, Known};
use super::entry::{Entry, Kind, Size};
use super::line::Line;

const BLOCK: u64 = 512;

pub(super) fn read<'a>(line: &'a [u8], known: &mut Known) -> Option<Line<'a>> {
    if line.starts_with(b"Directory ") && line.contains(&b'[') || line.starts_with(b"Total of ") {
        return Some(Line::Notice(line));
    }
    let (rest, name) = name(line).ok()?;
    if rest.is_empty() {
        return Some(Line::Partial(line));
    }
    let (rest, _) = blanks(rest).ok()?;
    // Why the rest of the columns isn't there.
    if rest.starts_with(b"%") {
        return Some(Line::Error(line));
    }
    let (rest, (size, day, clock)) = columns(rest).ok()?;
    let (rest, owner) = opt(preceded(any_blanks, owner)).parse_complete(rest).ok()?;
    let (rest, rights) = opt(preceded(any_blanks, rights)).parse_complete(rest).ok()?;
    if !rest.iter().all(is_white) {
        return None;
    }
    let (group, owner) = owner.unwrap_or_default();
    let (name, kind) = directory_or_file(name);
    Some(Line::Entry(Entry {
        size,
        modified: Some(known.modified(day, clock)?),
        permissions: rights,
        owner,
        group,
        ..Entry::new(name, kind)
    }))
}

/// Up to and with the version.
fn name(line: &[u8]) -> Read<'_, &[u8]> {
    let version = (tag(&b";"[..]), take_while1(|byte: u8| byte.is_ascii_digit()));
    let name = recognize((take_till1(|byte| is_white(&byte) || byte == b';'), version));
    terminated(name, nom::combinator::peek(alt((nom::combinator::eof, blanks)))).parse_complete(line)
}

fn columns(input: &[u8]) -> Read<'_, (Option<Size>, Day, Option<Clock>)> {
    let (rest, (used, _)) = (u64, opt(preceded(tag(&b"/"[..]), u64))).parse_complete(input)?;
    let (rest, (_, day)) = (blanks, date::day_month_year).parse_complete(rest)?;
    let (rest, clock) = opt(preceded(blanks, date::clock)).parse_complete(rest)?;
    let size = used.checked_mul(BLOCK).map(|bytes| Size::in_units(bytes, BLOCK));
    Ok((rest, (size, day, clock)))
}

/// A group and an owner.
type Owner<'a> = (Option<&'a [u8]>, Option<&'a [u8]>);

/// `[group,owner]` or `[owner]`, as group and owner.
fn owner(input: &[u8]) -> Read<'_, Owner<'_>> {
    let (rest, both) = delimited(tag(&b"["[..]), is_not(&b"]"[..]), tag(&b"]"[..])).parse_complete(input)?;
    let comma = memchr::memchr(b',', both).and_then(|at| both.split_at_checked(at));
    Ok((rest, comma.map_or((None, Some(both)), |(group, owner)| (Some(group), owner.get(1..)))))
}

fn rights(input: &[u8]) -> Read<'_, &[u8]> {
    let letters = take_while(|byte: u8| byte == b',' || byte.is_ascii_alphabetic());
    verify(recognize((tag(&b"("[..]), letters, tag(&b")"[..]))), |rights: &[u8]| rights.len() > 2).parse_complete(input)
}

fn directory_or_file(name: &[u8]) -> (&[u8], Kind) {
    let directory = || {
        let at = memchr::memrchr(b';', name)?;
        let (name, version) = name.split_at_checked(at)?;
        let (stem, extension) = name.split_last_chunk::<4>()?;
        let is_first = decimal(version.get(1..)?) == Some(1);
        (extension.eq_ignore_ascii_case(b".DIR") && is_first && !stem.is_empty()).then_some(stem)
    };
    directory().map_or((name, Kind::File), |directory| (directory, Kind::Directory))
}

/// Between the two lines of one entry stands a line's end.
fn is_white(byte: &u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

fn blanks(input: &[u8]) -> Read<'_, &[u8]> {
    take_while1(|byte| is_white(&byte)).parse_complete(input)
}

fn any_blanks(input: &[u8]) -> Read<'_, &[u8]> {
    take_while(|byte| is_white(&byte)).parse_complete(input)
}
