//! What the grammars of all dialects are made of: words, blanks, numbers.
//!
//! A line that fits no grammar is no error: it is handed out as it is. So the parsers keep neither place nor kind.

use nom::branch::alt;
use nom::bytes::complete::{tag, take_till1, take_while, take_while_m_n, take_while1};
use nom::combinator::{eof, map_opt, not, peek, recognize};
use nom::sequence::terminated;
use nom::{IResult, Parser};

use crate::swar;

pub(super) type Read<'a, T> = IResult<&'a [u8], T, ()>;

/// A blank between columns.
#[inline]
pub(super) const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// `1*(SP / HT)`
#[inline]
pub(super) fn blanks(input: &[u8]) -> Read<'_, &[u8]> {
    take_while1(is_blank).parse_complete(input)
}

/// What is behind `1*SP`, or nothing. Eight at once: columns are filled up with them.
#[inline(always)]
pub(super) fn behind_spaces(input: &[u8]) -> Option<&[u8]> {
    let mut rest = input.strip_prefix(b" ")?;
    while let Some((b"        ", behind)) = rest.split_first_chunk() {
        rest = behind;
    }
    while let [b' ', behind @ ..] = rest {
        rest = behind;
    }
    Some(rest)
}

/// At most 19 digits, at least one, and this byte: their value, and what is behind the byte.
#[inline(always)]
pub(super) fn short_number(end: u8, input: &[u8]) -> Option<(u64, &[u8])> {
    let mut value: u64 = 0;
    let mut rest = input;
    // 19 digits are below 2^64.
    for _ in 0..20 {
        match rest {
            [digit @ b'0'..=b'9', behind @ ..] => {
                value = value.wrapping_mul(10).wrapping_add(u64::from(digit.wrapping_sub(b'0')));
                rest = behind;
            }
            [byte, behind @ ..] if *byte == end && rest.len() < input.len() => return Some((value, behind)),
            _ => return None,
        }
    }
    None
}

/// The values of four pairs of digits.
#[inline(always)]
pub(super) const fn pairs(digits: [u8; 8]) -> Option<[u8; 4]> {
    const HIGH_HALVES: u64 = swar::ONES.wrapping_mul(0xf0);
    let word = u64::from_le_bytes(digits);
    // A digit is 0x30 to 0x39: its high half is 3, and still is if 6 are added.
    let above = word.wrapping_add(swar::ONES.wrapping_mul(6)) & HIGH_HALVES;
    if word & HIGH_HALVES | above >> 4 != swar::ONES.wrapping_mul(0x33) {
        return None;
    }
    let word = word & swar::ONES.wrapping_mul(0x0f);
    // Tens stand in the lower byte of a pair.
    let [a, _, b, _, c, _, d, _] = word.wrapping_mul(10).wrapping_add(word >> 8).to_le_bytes();
    Some([a, b, c, d])
}

/// `*(SP / HT)`
#[inline]
pub(super) fn any_blanks(input: &[u8]) -> Read<'_, &[u8]> {
    take_while(is_blank).parse_complete(input)
}

/// The one blank before a name. What follows it is the name, blanks and all.
#[inline]
pub(super) fn one_blank(input: &[u8]) -> Read<'_, &[u8]> {
    tag(&b" "[..]).parse_complete(input)
}

/// The blanks that fill a column up to a name: at most so many, since more belong to the name.
pub(super) fn up_to<'a>(most: usize) -> impl Fn(&'a [u8]) -> Read<'a, &'a [u8]> {
    move |input| take_while_m_n(1, most, is_blank).parse_complete(input)
}

/// `1*<any but SP and HT>`
#[inline]
pub(super) fn word(input: &[u8]) -> Read<'_, &[u8]> {
    take_till1(is_blank).parse_complete(input)
}

/// A word and the blanks behind it.
#[inline]
pub(super) fn column(input: &[u8]) -> Read<'_, &[u8]> {
    terminated(word, blanks).parse_complete(input)
}

/// The end of a word, which stays.
pub(super) fn word_end(input: &[u8]) -> Read<'_, ()> {
    peek(alt((eof, take_while_m_n(1, 1, is_blank)))).map(drop).parse_complete(input)
}

/// `1*DIGIT`, below 2^64.
#[inline]
pub(super) fn number(input: &[u8]) -> Read<'_, u64> {
    nom::character::complete::u64(input)
}

/// `least*most DIGIT`, with no other digit behind.
#[inline]
pub(super) fn digits<'a>(least: usize, most: usize) -> impl Fn(&'a [u8]) -> Read<'a, u16> {
    move |input| {
        let run = take_while_m_n(least, most, |byte: u8| byte.is_ascii_digit());
        map_opt(terminated(run, not(digit)), |run| u16::try_from(decimal(run)?).ok()).parse_complete(input)
    }
}

/// `1*DIGIT`, or with a comma before each three: `9,730`.
pub(super) fn grouped(input: &[u8]) -> Read<'_, u64> {
    let parts = take_while1(|byte: u8| byte.is_ascii_digit() || byte == b',');
    map_opt(parts, |text: &[u8]| {
        let mut groups = text.split(|byte| *byte == b',');
        let first = groups.next()?;
        if first.len() > 3 && text.contains(&b',') {
            return None;
        }
        groups.try_fold(decimal(first)?, |sum, group| {
            let group = (group.len() == 3).then_some(group)?;
            sum.checked_mul(1000)?.checked_add(decimal(group)?)
        })
    })
    .parse_complete(input)
}

/// The value of digits, if there are any, and nothing else, and it is below 2^64.
pub(super) fn decimal(digits: &[u8]) -> Option<u64> {
    in_base(10, digits)
}

/// The same in another base, up to 16.
pub(super) fn in_base(base: u32, digits: &[u8]) -> Option<u64> {
    let value = digits.iter().try_fold(0u64, |value, digit| {
        let digit = char::from(*digit).to_digit(base)?;
        value.checked_mul(u64::from(base))?.checked_add(u64::from(digit))
    });
    value.filter(|_| !digits.is_empty())
}

/// From where `from` begins to where `to` ends; both are slices of `line`, in that order.
pub(super) fn span<'a>(line: &'a [u8], from: &[u8], to: &[u8]) -> Option<&'a [u8]> {
    use nom::Offset;
    line.get(line.offset(from)..line.offset(to).checked_add(to.len())?)
}

/// What lies before `rest`, which is the end of `line`.
pub(super) fn before<'a>(line: &'a [u8], rest: &[u8]) -> &'a [u8] {
    line.get(..line.len().saturating_sub(rest.len())).unwrap_or(line)
}

fn digit(input: &[u8]) -> Read<'_, &[u8]> {
    recognize(take_while_m_n(1, 1, |byte: u8| byte.is_ascii_digit())).parse_complete(input)
}
