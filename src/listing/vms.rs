//! OpenVMS, with its own servers, MultiNet and TCPware.
//!
//! ```text
//! line   = name SP columns
//! columns = size SP date [SP owner] [SP rights]    ; or in any other order
//! name   = *any ";" version                        ; README.TXT;4, [DIR]README.TXT;4
//! size   = used ["/" allocated] / used ("KB" / "MB" / "GB")      ; without a unit, blocks of 512 bytes
//! date   = day "-" month-name "-" year [SP clock]
//! owner  = "[" [group ","] owner ["]"] / word      ; without brackets only before rights
//! rights = "(" system "," owner "," group "," world ")"
//! ```
//! A long name is on a line of its own ([`Line::Partial`](crate::listing::Line::Partial)). The name of a file includes its version, since
//! there may be several, and keeps the `^` that escapes a character. The name of a directory is without `.DIR;1`, as CWD takes it. A size
//! is in blocks, so the bytes in the last one aren't known; a server that gives bytes can't be told from one that gives blocks.

use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::{is_not, tag, tag_no_case, take_till1, take_while, take_while1};
use nom::character::complete::u64;
use nom::combinator::{eof, opt, peek, recognize, verify};
use nom::sequence::{delimited, preceded, terminated};

use super::column::{Read, decimal};
use super::date::{self, Clock, Day, Known};
use super::entry::{Entry, Kind, Size};
use super::line::Line;

const BLOCK: u64 = 512;

pub(super) fn read<'a>(line: &'a [u8], known: &mut Known) -> Option<Line<'a>> {
    if line.starts_with(b"Directory ") && line.contains(&b'[') || footer(line).is_ok() {
        return Some(Line::Notice(line));
    }
    let (rest, name) = name(line).ok()?;
    if rest.is_empty() {
        return Some(Line::Partial(line));
    }
    let (rest, _) = blanks(rest).ok()?;
    // A message in place of the other columns.
    if rest.starts_with(b"%") {
        return Some(Line::Error(line));
    }
    let Columns { size, day, owner, rights } = columns(rest)?;
    let (day, clock) = day?;
    let (group, owner) = owner.unwrap_or_default();
    let (name, kind) = directory_or_file(name);
    Some(Line::Entry(Entry {
        size: size?,
        modified: Some(known.modified(day, clock)?),
        permissions: rights,
        owner,
        group,
        ..Entry::new(name, kind)
    }))
}

/// `Total of 11 files, 47/72 blocks.`
fn footer(line: &[u8]) -> Read<'_, ()> {
    let total = (opt(tag_no_case(&b"Grand "[..])), tag_no_case(&b"Total "[..]), opt(tag_no_case(&b"of "[..])));
    let things = alt((tag_no_case(&b"file"[..]), tag_no_case(&b"director"[..])));
    (total, u64, blanks, things).map(drop).parse_complete(line)
}

/// Everything up to the version, with the version.
fn name(line: &[u8]) -> Read<'_, &[u8]> {
    let version = (tag(&b";"[..]), take_while1(|byte: u8| byte.is_ascii_digit()));
    let name = recognize((take_till1(|byte| is_white(&byte) || byte == b';'), version));
    terminated(name, word_end).parse_complete(line)
}

/// The columns after a name. The size is `Some(None)` if it is too large for 64 bits.
#[derive(Default)]
struct Columns<'a> {
    size: Option<Option<Size>>,
    day: Option<(Day, Option<Clock>)>,
    owner: Option<Owner<'a>>,
    rights: Option<&'a [u8]>,
}

/// A group and an owner.
type Owner<'a> = (Option<&'a [u8]>, Option<&'a [u8]>);

/// The columns, each at most once, in any order, up to the end.
fn columns(input: &[u8]) -> Option<Columns<'_>> {
    let mut found = Columns::default();
    let mut rest = input;
    while !rest.is_empty() {
        let behind = if let (None, Ok((behind, day))) = (found.day, day(rest)) {
            found.day = Some(day);
            behind
        } else if let (None, Ok((behind, size))) = (found.size, size(rest)) {
            found.size = Some(size);
            behind
        } else if let (None, Ok((behind, rights))) = (found.rights, rights(rest)) {
            found.rights = Some(rights);
            behind
        } else if let (None, Ok((behind, owner))) = (found.owner, owner(rest)) {
            found.owner = Some(owner);
            behind
        } else {
            return None;
        };
        (rest, _) = any_blanks(behind).ok()?;
    }
    Some(found)
}

fn day(input: &[u8]) -> Read<'_, (Day, Option<Clock>)> {
    let (rest, day) = terminated(date::day_month_year, word_end).parse_complete(input)?;
    let (rest, clock) = opt(preceded(blanks, terminated(date::clock, word_end))).parse_complete(rest)?;
    Ok((rest, (day, clock)))
}

fn size(input: &[u8]) -> Read<'_, Option<Size>> {
    let unit = |name: &'static [u8], bytes: u64| tag_no_case(name).map(move |_| bytes);
    let units = alt((unit(b"KB", 1 << 10), unit(b"MB", 1 << 20), unit(b"GB", 1 << 30)));
    let blocks = opt(preceded(tag(&b"/"[..]), u64)).map(|_| BLOCK);
    let (rest, (used, unit)) = terminated((u64, alt((units, blocks))), word_end).parse_complete(input)?;
    Ok((rest, used.checked_mul(unit).map(|bytes| Size::in_units(bytes, unit))))
}

/// `[group,owner]` or `[owner]`, perhaps without the closing bracket if the server has cut it; or a word before rights.
fn owner(input: &[u8]) -> Read<'_, Owner<'_>> {
    let bracket = || tag(&b"["[..]);
    let whole = delimited(bracket(), is_not(&b"]"[..]), tag(&b"]"[..]));
    let cut = preceded(bracket(), take_till1(|byte| is_white(&byte)));
    let bare = terminated(take_till1(|byte| is_white(&byte)), peek((blanks, rights)));
    let (rest, both) = alt((whole, cut, bare)).parse_complete(input)?;
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

/// Whether a byte separates columns. Within an entry of two lines, the line end does.
fn is_white(byte: &u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

fn blanks(input: &[u8]) -> Read<'_, &[u8]> {
    take_while1(|byte| is_white(&byte)).parse_complete(input)
}

fn any_blanks(input: &[u8]) -> Read<'_, &[u8]> {
    take_while(|byte| is_white(&byte)).parse_complete(input)
}

fn word_end(input: &[u8]) -> Read<'_, ()> {
    peek(alt((eof, blanks))).map(drop).parse_complete(input)
}
