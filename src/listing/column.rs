//! The parts of the grammars of all dialects: words, blanks, numbers.
//!
//! A line that fits no grammar is not an error, but is handed out as it is. So the parsers' error has neither place nor kind.

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

// The next four read a usual line of `dialect::Dialect::read_usual`; what that saves, its readers say (`unix::usual`, `dos::usual`,
// `mlsx::entry`).

/// The rest after `1*SP`, eight at once: columns are filled up with blanks.
#[inline(always)]
pub(super) fn behind_spaces(input: &[u8]) -> Option<&[u8]> {
    const SPACES: u64 = swar::ONES.wrapping_mul(b' ' as u64);
    let mut rest = input.strip_prefix(b" ")?;
    while let Some(eight) = rest.first_chunk() {
        let others = u64::from_le_bytes(*eight) ^ SPACES;
        rest = rest.get(places(others)..)?;
        if others != 0 {
            return Some(rest);
        }
    }
    while let [b' ', behind @ ..] = rest {
        rest = behind;
    }
    Some(rest)
}

/// A word of printable characters, and the rest after the blank that ends it. Eight characters at once.
#[inline(always)]
pub(super) fn short_word(input: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = match input.first_chunk() {
        Some(eight) => {
            let word = u64::from_le_bytes(*eight);
            // Only the lowest mark is certain, and only that is used.
            let ends = word.wrapping_sub(swar::ONES.wrapping_mul(0x21)) & !word & swar::HIGHS;
            if ends == 0 { first_end(input)? } else { places(ends) }
        }
        None => first_end(input)?,
    };
    let (word, rest) = input.split_at_checked(at).filter(|_| at > 0)?;
    Some((word, rest.strip_prefix(b" ")?))
}

fn first_end(input: &[u8]) -> Option<usize> {
    input.iter().position(|byte| *byte <= b' ')
}

/// `1*DIGIT`, below 2^64, and the byte `end`. Gives their value and the rest after `end`. Seven digits at once.
#[inline(always)]
pub(super) fn short_number(end: u8, input: &[u8]) -> Option<(u64, &[u8])> {
    let Some(eight) = input.first_chunk() else { return long_number(end, input) };
    let digits = u64::from_le_bytes(*eight) ^ swar::ONES.wrapping_mul(b'0' as u64);
    // A mark for each byte above 9. Only the lowest mark is certain.
    let others = (digits.wrapping_add(swar::ONES.wrapping_mul(0x76)) | digits) & swar::HIGHS;
    let length = places(others);
    if length == 0 || others == 0 {
        return long_number(end, input);
    }
    let [found, rest @ ..] = input.get(length..)? else { return None };
    // The first digit is in the lowest byte. Shifted up, missing digits become zeros before it. Then two, four, eight digits are joined.
    let digits = digits.wrapping_shl(64u32.wrapping_sub((length as u32).wrapping_mul(8)));
    let digits = digits.wrapping_mul(10).wrapping_add(digits >> 8) & 0x00ff_00ff_00ff_00ff;
    let digits = digits.wrapping_mul(100).wrapping_add(digits >> 16) & 0x0000_ffff_0000_ffff;
    let value = digits.wrapping_mul(10_000).wrapping_add(digits >> 32) & 0xffff_ffff;
    if *found == end { Some((value, rest)) } else { None }
}

#[inline(never)]
fn long_number(end: u8, input: &[u8]) -> Option<(u64, &[u8])> {
    let (rest, value) = number(input).ok()?;
    match rest {
        [found, rest @ ..] if *found == end => Some((value, rest)),
        _ => None,
    }
}

/// How many whole bytes are below the lowest set bit; 8 if no bit is set.
#[inline(always)]
const fn places(marks: u64) -> usize {
    (marks.trailing_zeros() / 8) as usize
}

/// The values of four pairs of digits.
#[inline(always)]
pub(super) const fn pairs(digits: [u8; 8]) -> Option<[u8; 4]> {
    const HIGH_HALVES: u64 = swar::ONES.wrapping_mul(0xf0);
    let word = u64::from_le_bytes(digits);
    // A digit is 0x30 to 0x39: its high half is 3, even with 6 added.
    let above = word.wrapping_add(swar::ONES.wrapping_mul(6)) & HIGH_HALVES;
    if word & HIGH_HALVES | above >> 4 != swar::ONES.wrapping_mul(0x33) {
        return None;
    }
    let word = word & swar::ONES.wrapping_mul(0x0f);
    // The tens are in the lower byte of a pair.
    let [a, _, b, _, c, _, d, _] = word.wrapping_mul(10).wrapping_add(word >> 8).to_le_bytes();
    Some([a, b, c, d])
}

/// `*(SP / HT)`
#[inline]
pub(super) fn any_blanks(input: &[u8]) -> Read<'_, &[u8]> {
    take_while(is_blank).parse_complete(input)
}

/// The one blank before a name. Everything after it is the name, including blanks.
#[inline]
pub(super) fn one_blank(input: &[u8]) -> Read<'_, &[u8]> {
    tag(&b" "[..]).parse_complete(input)
}

/// The blanks that fill a column up to a name: at most `most`, since further ones belong to the name.
pub(super) fn up_to<'a>(most: usize) -> impl Fn(&'a [u8]) -> Read<'a, &'a [u8]> {
    move |input| take_while_m_n(1, most, is_blank).parse_complete(input)
}

/// `1*<any but SP and HT>`
#[inline]
pub(super) fn word(input: &[u8]) -> Read<'_, &[u8]> {
    take_till1(is_blank).parse_complete(input)
}

/// A word and the blanks after it.
#[inline]
pub(super) fn column(input: &[u8]) -> Read<'_, &[u8]> {
    terminated(word, blanks).parse_complete(input)
}

/// The end of a word, without reading it.
pub(super) fn word_end(input: &[u8]) -> Read<'_, ()> {
    peek(alt((eof, take_while_m_n(1, 1, is_blank)))).map(drop).parse_complete(input)
}

/// `1*DIGIT`, below 2^64.
#[inline]
pub(super) fn number(input: &[u8]) -> Read<'_, u64> {
    nom::character::complete::u64(input)
}

/// `least*most DIGIT`, not followed by another digit.
#[inline]
pub(super) fn digits<'a>(least: usize, most: usize) -> impl Fn(&'a [u8]) -> Read<'a, u16> {
    move |input| {
        let run = take_while_m_n(least, most, |byte: u8| byte.is_ascii_digit());
        map_opt(terminated(run, not(digit)), |run| u16::try_from(decimal(run)?).ok()).parse_complete(input)
    }
}

/// `1*DIGIT`, or with a comma before each three: `9,730`.
pub(super) fn grouped(input: &[u8]) -> Read<'_, u64> {
    grouped_by(b',')(input)
}

/// Like [`grouped`], with another mark than a comma.
pub(super) fn grouped_by<'a>(mark: u8) -> impl Fn(&'a [u8]) -> Read<'a, u64> {
    move |input| {
        let parts = take_while1(|byte: u8| byte.is_ascii_digit() || byte == mark);
        map_opt(parts, |text: &[u8]| {
            let mut groups = text.split(|byte| *byte == mark);
            let first = groups.next()?;
            if first.len() > 3 && text.contains(&mark) {
                return None;
            }
            groups.try_fold(decimal(first)?, |sum, group| {
                let group = (group.len() == 3).then_some(group)?;
                sum.checked_mul(1000)?.checked_add(decimal(group)?)
            })
        })
        .parse_complete(input)
    }
}

/// The value of a text of nothing but digits, below 2^64; `None` for any other text.
pub(super) fn decimal(digits: &[u8]) -> Option<u64> {
    in_base(10, digits)
}

/// Like [`decimal`], in another base, up to 16.
pub(super) fn in_base(base: u32, digits: &[u8]) -> Option<u64> {
    let value = digits.iter().try_fold(0u64, |value, digit| {
        let digit = char::from(*digit).to_digit(base)?;
        value.checked_mul(u64::from(base))?.checked_add(u64::from(digit))
    });
    value.filter(|_| !digits.is_empty())
}

/// The part of `line` from the beginning of `from` to the end of `to`, which are slices of it in that order.
pub(super) fn span<'a>(line: &'a [u8], from: &[u8], to: &[u8]) -> Option<&'a [u8]> {
    use nom::Offset;
    line.get(line.offset(from)..line.offset(to).checked_add(to.len())?)
}

/// The part of `line` before `rest`, which is its end.
pub(super) fn before<'a>(line: &'a [u8], rest: &[u8]) -> &'a [u8] {
    line.get(..line.len().saturating_sub(rest.len())).unwrap_or(line)
}

fn digit(input: &[u8]) -> Read<'_, &[u8]> {
    recognize(take_while_m_n(1, 1, |byte: u8| byte.is_ascii_digit())).parse_complete(input)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use alloc::vec::Vec;

    #[test]
    fn eight_at_once_is_the_same_as_one_by_one() {
        for length in 0..24 {
            for behind in [&b""[..], b" ", b" x", b";x y z and more", b"x", b"\t", b"\xff\x8a"] {
                let digits: Vec<u8> = (0..length).map(|place: u8| b'0' + (place * 7 + 3) % 10).collect();
                let text = [&digits, behind].concat();
                let ends = behind.first() == Some(&b' ') && decimal(&digits).is_some();
                let expected = ends.then(|| (decimal(&digits).unwrap(), &behind[1..]));
                assert_eq!(short_number(b' ', &text), expected, "{}", text.escape_ascii());
                let end = text.iter().position(|byte| *byte <= b' ').filter(|end| *end > 0 && text[*end] == b' ');
                assert_eq!(
                    short_word(&text),
                    end.map(|end| (&text[..end], &text[end + 1..])),
                    "{}",
                    text.escape_ascii()
                );
                let text = [&vec![b' '; usize::from(length)], behind].concat();
                let trimmed = text.iter().position(|byte| *byte != b' ').unwrap_or(text.len());
                assert_eq!(behind_spaces(&text), (trimmed > 0).then(|| &text[trimmed..]));
            }
        }
        assert_eq!(short_number(b';', b"18446744073709551615;"), Some((u64::MAX, &b""[..])));
        assert_eq!(short_number(b';', b"18446744073709551616;"), None);
        for byte in 0..=u8::MAX {
            for place in 0..8 {
                let mut digits = *b"12345678";
                digits[place] = byte;
                let fits =
                    byte.is_ascii_digit().then(|| [0, 2, 4, 6].map(|at| decimal(&digits[at..at + 2]).unwrap() as u8));
                assert_eq!(pairs(digits), fits, "{}", digits.escape_ascii());
                let text = [&digits[..], b" "].concat();
                let whole = text.split(|byte| *byte == b' ').next().and_then(decimal);
                assert_eq!(short_number(b' ', &text).map(|(value, _)| value), whole, "{}", text.escape_ascii());
            }
        }
    }

    #[test]
    fn groups_of_three() {
        for (text, value) in [("1", 1), ("1,234", 1234), ("999,000,001", 999_000_001), ("1234", 1234)] {
            assert_eq!(grouped(text.as_bytes()), Ok((&b""[..], value)), "{text}");
        }
        for text in ["", ",", "1,", ",123", "1,23", "1234,567", "1,2345", "99,999,999,999,999,999,999"] {
            assert!(grouped(text.as_bytes()).is_err(), "{text}");
        }
    }
}
