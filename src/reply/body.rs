//! What replies say: their texts read, and written by the same rules.
//!
//! Every reader is named by what it reads and looks at the text alone; whether the code fits is the caller's to
//! decide, since servers answer EPSV with 227 and SIZE with 213 or 250. Each file holds a reader beside its
//! writer.

mod address;
mod features;
mod file;
mod path;

use core::fmt;

pub use self::features::{Feature, Features};
pub use self::file::FactsLine;
use crate::address::AddressError;
use crate::time::TimeError;

/// Why a reply doesn't say what was looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BodyError {
    /// No line holds an address; this is what is wrong with the first.
    Address(AddressError),
    /// There is neither a quoted nor a plain path, or it is empty.
    NoPath,
    /// The quote at this place of the line, in bytes from 0, is never closed.
    UnterminatedQuote {
        /// Where the quote is.
        at: usize,
    },
    /// The path holds a control character.
    ControlCharacter {
        /// 0 to 31, or 127.
        byte: u8,
        /// Its place in the path, in bytes from 0.
        at: usize,
    },
    /// There is no number, or something else beside it.
    NoNumber,
    /// The number is above 18446744073709551615.
    NumberTooLarge,
    /// The text is no time.
    Time(TimeError),
    /// No line holds facts and a path.
    NoFacts,
    /// There are no digits of a hash.
    NoHash,
}

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(error) => write!(f, "no address in the reply: {error}"),
            Self::NoPath => f.write_str("no path in the reply"),
            Self::UnterminatedQuote { at } => write!(f, "the quote at {at} is never closed"),
            Self::ControlCharacter { byte, at } => write!(f, "control character 0x{byte:02x} at {at} of the path"),
            Self::NoNumber => f.write_str("no number in the reply"),
            Self::NumberTooLarge => f.write_str("a number beyond 64 bits"),
            Self::Time(error) => write!(f, "no time in the reply: {error}"),
            Self::NoFacts => f.write_str("no facts in the reply"),
            Self::NoHash => f.write_str("no hash"),
        }
    }
}

impl core::error::Error for BodyError {}

/// The number that these bytes are, if they are digits and nothing else.
fn number(digits: &[u8]) -> Result<u64, BodyError> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(BodyError::NoNumber);
    }
    let mut value: u64 = 0;
    for byte in digits {
        let digit = u64::from(byte & 0x0f);
        value = value.checked_mul(10).and_then(|value| value.checked_add(digit)).ok_or(BodyError::NumberTooLarge)?;
    }
    Ok(value)
}

/// Cuts the digits that `bytes` begin with.
fn split_digits(bytes: &[u8]) -> (&[u8], &[u8]) {
    let length = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
    bytes.split_at_checked(length).unwrap_or((bytes, &[]))
}
