//! The parts that all grammars share: nom's complete parsers, and one error that keeps place and kind.
//!
//! Each public reader turns that error into its own, so that nom is not part of the interface.

use nom::character::complete::digit1;
use nom::combinator::{all_consuming, map_res};
use nom::error::{ErrorKind, FromExternalError, ParseError};
use nom::{Finish, IResult, Parser};

/// What is wrong, and where: `left` is the number of bytes from that place to the end of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fault<Kind> {
    pub(crate) left: usize,
    pub(crate) kind: Kind,
}

/// What can be wrong with one type's text.
pub(crate) trait Kind: Sized {
    /// The kind of a failure of one of nom's own parsers.
    fn of(failed: ErrorKind) -> Self;
}

/// What a grammar's parser returns.
pub(crate) type Read<'a, T, K> = IResult<&'a [u8], T, Fault<K>>;

impl<K> Fault<K> {
    pub(crate) const fn new(input: &[u8], kind: K) -> Self {
        Self { left: input.len(), kind }
    }

    /// The place of the fault in `text`, in bytes from 0.
    pub(crate) const fn at(&self, text: &[u8]) -> usize {
        text.len().saturating_sub(self.left)
    }
}

impl<K: Kind> ParseError<&[u8]> for Fault<K> {
    fn from_error_kind(input: &[u8], failed: ErrorKind) -> Self {
        Self::new(input, K::of(failed))
    }

    fn append(_: &[u8], _: ErrorKind, other: Self) -> Self {
        other
    }
}

/// For `map_res`: text of the right form with a wrong value is wrong where it begins.
impl<K> FromExternalError<&[u8], K> for Fault<K> {
    fn from_external_error(input: &[u8], _: ErrorKind, kind: K) -> Self {
        Self::new(input, kind)
    }
}

/// Reads all of `text` with `parser`; a rest is an error.
pub(crate) fn whole<'a, T, K: Kind>(
    parser: impl Parser<&'a [u8], Output = T, Error = Fault<K>>,
    text: &'a [u8],
) -> Result<T, Fault<K>> {
    all_consuming(parser).parse_complete(text).finish().map(|(_, value)| value)
}

/// `1*DIGIT`, up to 64 bits; a larger number is the error `too_large`.
#[inline]
pub(crate) fn number<'a, K: Kind + Copy>(too_large: K) -> impl FnMut(&'a [u8]) -> Read<'a, u64, K> {
    move |input| map_res(digit1, |digits| value_of(digits).ok_or(too_large)).parse_complete(input)
}

/// The value of decimal digits; `None` above 64 bits.
#[inline]
pub(crate) fn value_of(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0u64, |value, digit| value.checked_mul(10)?.checked_add(u64::from(digit.wrapping_sub(b'0'))))
}
