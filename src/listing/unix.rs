//! `ls -l`, as nearly every server writes it, and its many variants.
//!
//! ```text
//! line      = mode [mark] SP columns SP date " " name [" -> " target]     ; a link count may follow without the SP
//! mode      = type 3( "r"/"-" "w"/"-" "x"/"-"/"s"/"S"/"t"/"T"/"l"/"L" )
//! type      = "-" / "f" / "d" / "l" / "b" / "c" / "p" / "s" / "D" / "P" / "n" / "?" / …
//! mark      = "+" / "." / "@"                              ; an ACL, a SELinux context, attributes
//! columns   = [links] [owner *group] size                  ; each a word
//! size      = 1*DIGIT / 1*DIGIT *("," 3DIGIT) / 1*DIGIT [("." / ",") 1*3DIGIT] ("k"/"K"/"M"/"G"/"T"/"P") / major "," *SP minor
//! ```
//! [`unix_date`](super::unix_date) has the many forms of a date.

use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::{tag, take_while_m_n};
use nom::character::complete::one_of;
use nom::combinator::{opt, peek, recognize};
use nom::sequence::{preceded, separated_pair, terminated};

use super::column::{
    Read, any_blanks, before, behind_spaces, blanks, column, decimal, digits, grouped, number, one_blank, pairs,
    short_number, short_word, span, word,
};
use super::date::{self, Day, Known};
use super::entry::{Entry, Kind, Modified, Size};
use super::line::Line;
use super::months;
use super::unix_date::date_of;
use crate::swar;

/// The most columns before a date that are tried: a group's name may have many words.
const MOST_COLUMNS: usize = 24;

/// The usual line, a file or a directory with four columns and a date of twelve places, read without combinators: it takes 50 ns so, and
/// 155 ns by the grammar (`benches/listing.rs`). `None` leaves the line to the grammar.
#[inline(always)]
pub(super) fn usual<'a>(line: &'a [u8], known: &Known) -> Option<Entry<'a>> {
    let ([kind, permissions @ .., b' '], rest) = line.split_first_chunk::<11>()? else { return None };
    let kind = match kind {
        b'-' => Kind::File,
        b'd' => Kind::Directory,
        _ => return None,
    };
    if known.columns != 4 || !is_usual(permissions) {
        return None;
    }
    let (links, rest) = short_number(b' ', behind_spaces_if_any(rest))?;
    let (owner, rest) = short_word(behind_spaces_if_any(rest))?;
    let (group, rest) = short_word(behind_spaces_if_any(rest))?;
    let (size, rest) = short_number(b' ', behind_spaces_if_any(rest))?;
    let ([m1, m2, m3, b' ', d1, d2, b' ', c1, c2, c3, c4, c5, b' '], name) = rest.split_first_chunk()? else {
        return None;
    };
    let month = months::english([*m1, *m2, *m3])?;
    let tens = if *d1 == b' ' { b'0' } else { *d1 };
    let modified = match (c1, c3) {
        (_, b':') => {
            let [day, hour, minute, _] = pairs([tens, *d2, *c1, *c2, *c4, *c5, b'0', b'0'])?;
            known.recent(month, day, hour, minute)?
        }
        (b' ', _) => {
            let [day, century, year, _] = pairs([tens, *d2, *c2, *c3, *c4, *c5, b'0', b'0'])?;
            let year = u16::from(century).wrapping_mul(100).wrapping_add(u16::from(year));
            known.modified(Day { year: Some(year), month, day }, None)?
        }
        _ => return None,
    };
    Some(Entry {
        size: Some(Size::of_bytes(size)),
        modified: Some(modified),
        permissions: Some(permissions),
        owner: Some(owner),
        group: Some(group),
        links: Some(links),
        ..Entry::new(name, kind)
    })
}

/// Whether each permission is its place's letter or `-`, eight at once.
#[inline]
fn is_usual(permissions: &[u8; 9]) -> bool {
    let [first @ .., last] = permissions;
    const NONE: u64 = u64::from_le_bytes(*b"--------");
    const ALL: u64 = u64::from_le_bytes(*b"rwxrwxrw") ^ NONE;
    let differs = u64::from_le_bytes(*first) ^ NONE;
    // A bit that every letter has and `-` hasn't, spread over its byte.
    let letters = (differs >> 6 & swar::ONES).wrapping_mul(0xff);
    differs == ALL & letters && matches!(last, b'x' | b'-')
}

/// The rest after `*SP`: there may be more than one blank between columns.
#[inline(always)]
fn behind_spaces_if_any(input: &[u8]) -> &[u8] {
    if input.first() == Some(&b' ') { behind_spaces(input).unwrap_or(input) } else { input }
}

pub(super) fn read<'a>(line: &'a [u8], known: &mut Known) -> Option<Line<'a>> {
    // In a reply to STAT there may be one blank before each line.
    let line = line.strip_prefix(b" ").unwrap_or(line);
    let Ok((rest, (kind, permissions))) = mode(line) else {
        return if is_lost(line) { Some(Line::Error(line)) } else { heading(line).then_some(Line::Notice(line)) };
    };
    let usual = known.columns;
    let (rest, columns, modified) = entry(rest, usual, kind, known)
        .or_else(|| [4, 3, 2, 1].into_iter().find_map(|count| entry(rest, count, kind, known)))
        .or_else(|| (5..=MOST_COLUMNS).find_map(|count| entry(rest, count, kind, known)))
        .or_else(|| [3, 2, 1].into_iter().find_map(|count| joined(rest, count, known)))?;
    let (name, link_target) = if kind == Kind::Link { split_link(rest, columns.size) } else { (rest, None) };
    Some(Line::Entry(Entry {
        size: columns.size,
        modified: Some(modified),
        permissions: Some(permissions),
        owner: columns.owner,
        group: columns.group,
        links: columns.links,
        device: columns.device,
        link_target,
        ..Entry::new(name, kind)
    }))
}

/// The columns between the mode and the date.
#[derive(Default)]
struct Columns<'a> {
    links: Option<u64>,
    owner: Option<&'a [u8]>,
    group: Option<&'a [u8]>,
    size: Option<Size>,
    device: Option<(u32, u32)>,
}

#[inline]
fn mode(input: &[u8]) -> Read<'_, (Kind, &[u8])> {
    let Some(([kind, permissions @ ..], rest)) = input.split_first_chunk::<10>() else { return date::fail() };
    let kind = match kind {
        b'-' | b'f' => Kind::File,
        b'd' => Kind::Directory,
        b'l' => Kind::Link,
        b'b' => Kind::BlockDevice,
        b'c' => Kind::CharacterDevice,
        b'p' => Kind::Fifo,
        b's' => Kind::Socket,
        b'?' | b'D' | b'P' | b'n' | b'C' | b'M' | b'w' => Kind::Other,
        _ => return date::fail(),
    };
    let fits = |[read, write, execute]: &[u8; 3]| {
        matches!(read, b'r' | b'-')
            && matches!(write, b'w' | b'-')
            && matches!(execute, b'x' | b'-' | b's' | b'S' | b't' | b'T' | b'l' | b'L')
    };
    let (thirds, _) = permissions.as_chunks();
    if !thirds.iter().all(fits) {
        return date::fail();
    }
    // A link count of many digits may follow without a blank.
    let (rest, _) = match rest {
        [b'+' | b'.' | b'@', rest @ ..] => any_blanks(rest)?,
        [b'0'..=b'9', ..] => (rest, &[][..]),
        _ => blanks(rest)?,
    };
    Ok((rest, (kind, permissions)))
}

/// `count` columns, a date, a blank. Gives the rest, the columns and the date.
#[inline]
fn entry<'a>(
    input: &'a [u8],
    count: usize,
    kind: Kind,
    known: &mut Known,
) -> Option<(&'a [u8], Columns<'a>, Modified)> {
    let (rest, columns) = columns(input, count, kind)?;
    let (rest, modified) = date_of(rest, known)?;
    let (rest, _) = one_blank(rest).ok()?;
    known.columns = count;
    Some((rest, columns, modified))
}

#[inline]
fn columns(input: &[u8], count: usize, kind: Kind) -> Option<(&[u8], Columns<'_>)> {
    let mut words: [&[u8]; 3] = [&[]; 3];
    let before_size = count.checked_sub(1)?;
    let (mut rest, mut last) = (input, &[][..]);
    for place in 0..before_size {
        (rest, last) = column(rest).ok()?;
        match words.get_mut(place) {
            Some(word) => *word = last,
            // A time of day isn't part of a group's name, so the columns went past a date that can't be read.
            None if last.contains(&b':') => return None,
            None => {}
        }
    }
    let is_device = matches!(kind, Kind::BlockDevice | Kind::CharacterDevice);
    let (rest, (size, device)) = if is_device {
        alt((terminated(device, blanks).map(|device| (None, Some(device))), size.map(|size| (size, None))))
            .parse_complete(rest)
            .ok()?
    } else {
        size(rest).map(|(rest, size)| (rest, (size, None))).ok()?
    };
    let none = Columns { size, device, ..Columns::default() };
    let [first, second, third] = words;
    let columns = match (before_size, decimal(first)) {
        (0, _) => none,
        (1, _) => Columns { owner: Some(first), ..none },
        (2, Some(links)) => Columns { links: Some(links), owner: Some(second), ..none },
        (2, None) => Columns { owner: Some(first), group: Some(second), ..none },
        // A group's name may have blanks.
        (_, links) => Columns { links: Some(links?), owner: Some(second), group: span(input, third, last), ..none },
    };
    Some((rest, columns))
}

/// A size and the blanks after it.
#[inline]
fn size(input: &[u8]) -> Read<'_, Option<Size>> {
    if let Ok((rest, bytes)) = terminated(number, blanks).parse_complete(input) {
        return Ok((rest, Some(Size::of_bytes(bytes))));
    }
    let exact = grouped.map(|bytes| Some(Size::of_bytes(bytes)));
    terminated(alt((terminated(exact, peek(blanks)), rounded, too_large)), blanks).parse_complete(input)
}

/// `33.5k`, `1,5K`, `2M`: in units of 1,024 and its powers.
fn rounded(input: &[u8]) -> Read<'_, Option<Size>> {
    let unit = || one_of("BKMGTPEkmgt");
    let whole = terminated(grouped, peek(unit())).map(|whole| (whole, None));
    let broken = (number, opt(preceded(one_of(".,"), recognize(digits(1, 3)))));
    let (rest, ((whole, digits), letter)) = (alt((whole, broken)), unit()).parse_complete(input)?;
    let (rest, _) = opt(tag(&b"B"[..])).parse_complete(rest)?;
    let power = match letter.to_ascii_uppercase() {
        'K' => 10,
        'M' => 20,
        'G' => 30,
        'T' => 40,
        'P' => 50,
        'E' => 60,
        _ => 0,
    };
    let unit = 1u64.wrapping_shl(power);
    let size = || {
        let digits = digits.unwrap_or_default();
        let parts = digits.iter().fold(1u64, |parts, _| parts.saturating_mul(10));
        let broken = decimal(digits).unwrap_or(0);
        let of_parts = unit.checked_div(parts)?.checked_mul(broken)?;
        let of_rest = unit.checked_rem(parts)?.checked_mul(broken)?.checked_div(parts)?;
        let bytes = whole.checked_mul(unit)?.checked_add(of_parts)?.checked_add(of_rest)?;
        Some(Size::in_units(bytes, unit.div_ceil(parts)))
    };
    Ok((rest, size()))
}

/// A number above 64 bits, which leaves the entry without a size.
fn too_large(input: &[u8]) -> Read<'_, Option<Size>> {
    take_while_m_n(20, 40, |byte: u8| byte.is_ascii_digit()).map(|_| None).parse_complete(input)
}

/// `major "," *SP minor`
fn device(input: &[u8]) -> Read<'_, (u32, u32)> {
    use nom::character::complete::u32;
    separated_pair(u32, (tag(&b","[..]), any_blanks), u32).parse_complete(input)
}

/// Columns of which the last is a group and a size without a blank between them: `longgroup123456`. All digits at the end belong to the
/// size, even if some are the group's.
fn joined<'a>(input: &'a [u8], count: usize, known: &mut Known) -> Option<(&'a [u8], Columns<'a>, Modified)> {
    let mut words: [&[u8]; 2] = [&[]; 2];
    let mut rest = input;
    for place in words.get_mut(..count.checked_sub(1)?)? {
        (rest, *place) = column(rest).ok()?;
    }
    let (rest, both) = column(rest).ok()?;
    let length = both.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let (group, bytes) = both.split_at_checked(both.len().checked_sub(length)?)?;
    let group = Some(group).filter(|group| !group.is_empty());
    let none = Columns { group, size: Some(Size::of_bytes(decimal(bytes)?)), ..Columns::default() };
    let columns = match words.get(..count.checked_sub(1)?)? {
        [] => none,
        [owner] => Columns { owner: Some(owner), ..none },
        [links, owner, ..] => Columns { links: Some(decimal(links)?), owner: Some(owner), ..none },
    };
    let (rest, modified) = date_of(rest, known)?;
    let (rest, _) = one_blank(rest).ok()?;
    Some((rest, columns, modified))
}

/// Splits `name -> target`. A link's size is the length of its target, which tells the arrow between the two from an arrow within either.
/// If no arrow fits, the first one counts. Arrows may share a blank: the name `a ->` has one just before the arrow after it.
fn split_link(rest: &[u8], size: Option<Size>) -> (&[u8], Option<&[u8]>) {
    const ARROW: &[u8] = b" -> ";
    let size = size.map(Size::bytes);
    let mut first = None;
    let mut from = rest;
    while let Some(behind) = memchr::memmem::find(from, ARROW).and_then(|at| from.get(at.saturating_add(ARROW.len())..))
    {
        first = first.or(Some(behind));
        if u64::try_from(behind.len()).ok() == size {
            first = Some(behind);
            break;
        }
        // The next search begins at the arrow's last blank.
        from = rest.get(rest.len().saturating_sub(behind.len()).saturating_sub(1)..).unwrap_or_default();
    }
    match first {
        Some(target) => {
            let name = before(before(rest, target), ARROW);
            (name, Some(target).filter(|target| !target.is_empty()))
        }
        None => (rest, None),
    }
}

/// Whether `ls` couldn't get a file's status: `-????????? ? ? ? ?            ? name`.
fn is_lost(line: &[u8]) -> bool {
    line.get(1..10).is_some_and(|permissions| permissions.iter().all(|byte| *byte == b'?'))
        && line.get(10..).unwrap_or_default().split(|byte| *byte == b' ').filter(|word| *word == b"?").count() >= 5
}

/// The words with which `ls` gives the sum of all blocks, in many languages, in UTF-8 and other encodings.
const TOTALS: [&[u8]; 26] = [
    b"total",
    b"skupno",
    b"viso",
    b"celkom",
    "yhteens\u{e4}".as_bytes(),
    b"yhteens\xe4",
    "\u{f6}sszesen".as_bytes(),
    b"\xf6sszesen",
    b"\xd8\xe2\xde\xd3\xde",
    "总计".as_bytes(),
    b"\xd7\xdc\xbc\xc6",
    b"totale",
    b"insgesamt",
    b"gesamt",
    b"totaal",
    b"razem",
    b"celkem",
    b"totalt",
    b"toplam",
    "итого".as_bytes(),
    b"\xc9\xd4\xcf\xc7\xcf",
    b"\xe8\xf2\xee\xe3\xee",
    "合計".as_bytes(),
    "总用量".as_bytes(),
    "總用量".as_bytes(),
    "합계".as_bytes(),
];

/// Whether the line is `total 12`, in any of these languages, or `directory:` of a recursive listing.
fn heading(line: &[u8]) -> bool {
    let total = |input| -> Read<'_, ()> {
        let (rest, (name, size)) = (column, word).parse_complete(input)?;
        let name = name.strip_suffix(b":").unwrap_or(name);
        let is_total = TOTALS.iter().any(|known| name.eq_ignore_ascii_case(known));
        let is_number = size.first().is_some_and(u8::is_ascii_digit) && rest.is_empty();
        if is_total && is_number { Ok((rest, ())) } else { date::fail() }
    };
    total(line).is_ok() || line.starts_with(b"./") && line.ends_with(b":") || line == b".:"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Time;
    use alloc::vec::Vec;

    /// The short way and the grammar must agree. Checks usual lines with each of their bytes changed.
    #[test]
    fn the_usual_line_is_as_the_grammar_reads_it() {
        let known = Known::new(Time::new(2024, 3, 10, 12, 0, 0).unwrap());
        let mut usual_ones = 0;
        for line in [
            &b"-rw-r--r--    1 1000     1000         1234 Mar  9 14:05 a b"[..],
            b"drwxr-xr-x 12 alice_long_name staff 123456789012 Dec 31  2019  x",
            b"-rwxrwxrwx 1 u g 0 Feb 29 24:00 ",
        ] {
            for at in 0..line.len() {
                for byte in b"\t -0123456789:,rwxsTdl\x80" {
                    let mut changed = line.to_vec();
                    changed[at] = *byte;
                    let mut learnt = known.clone();
                    let read = read(&changed, &mut learnt).and_then(Line::entry);
                    if let Some(usual) = usual(&changed, &known) {
                        assert_eq!(Some(usual), read, "{}", changed.escape_ascii());
                        assert_eq!(learnt.columns, 4);
                        usual_ones += 1;
                    }
                }
            }
        }
        assert!(usual_ones > 1000, "{usual_ones}");
        let lines: Vec<Option<Entry<'_>>> =
            [&b"-rw-r--r-- 1 u g 5 Feb 29 14:05 a"[..], b"-rw-r--r-- 1 u g 5 Feb 30 14:05 a"]
                .iter()
                .map(|line| usual(line, &known))
                .collect();
        assert!(lines[0].is_some() && lines[1].is_none());
    }
}
