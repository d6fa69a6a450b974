//! The texts of replies: methods that read a value from them, and constructors that write it.
//!
//! Each reader is named by what it reads, and looks at the text alone. The caller decides whether the code fits, since servers answer
//! EPSV with 227, and SIZE with 213 or 250. In each file the readers are beside the writers.

mod address;
mod features;
mod file;
mod path;

use core::fmt;

use nom::Parser;
use nom::bytes::complete::{take_till, take_while1};
use nom::error::ErrorKind;
use nom::sequence::preceded;

pub use self::features::{Feature, Features};
pub use self::file::FactsLine;
use crate::address::AddressError;
use crate::grammar::{self, Kind};
use crate::time::TimeError;

/// Why a reply doesn't hold the value that was looked for.
///
/// ```
/// use ftp_proto::{BodyError, Reply};
/// let reply: Reply = "213 unknown\r\n".parse()?;
/// assert_eq!(reply.size(), Err(BodyError::NoNumber));
/// # Ok::<(), ftp_proto::ReplyError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BodyError {
    /// No line holds an address. Holds the error of the first line with a part of one.
    Address(AddressError),
    /// There is neither a quoted nor a plain path, or the path is empty.
    NoPath,
    /// The opening quote has no closing one.
    UnterminatedQuote {
        /// The place of the opening quote in its line's text, in bytes from 0.
        at: usize,
    },
    /// The path holds a control character.
    ControlCharacter {
        /// The character: 0 to 31, or 127.
        byte: u8,
        /// Its place in the path, in bytes from 0.
        at: usize,
    },
    /// There is no number where it is expected.
    NoNumber,
    /// The number is above 18446744073709551615.
    NumberTooLarge,
    /// The text is not a `time-val`.
    Time(TimeError),
    /// No line holds facts and a path.
    NoFacts,
    /// No word has the form of a hash.
    NoHash,
}

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(error) => write!(f, "no address in the reply: {error}"),
            Self::NoPath => f.write_str("no path in the reply"),
            Self::UnterminatedQuote { at } => write!(f, "the quote at byte {at} is never closed"),
            Self::ControlCharacter { byte, at } => write!(f, "control character 0x{byte:02x} at byte {at} of the path"),
            Self::NoNumber => f.write_str("no number in the reply"),
            Self::NumberTooLarge => f.write_str("a number above 64 bits in the reply"),
            Self::Time(error) => write!(f, "no time in the reply: {error}"),
            Self::NoFacts => f.write_str("no facts in the reply"),
            Self::NoHash => f.write_str("no hash in the reply"),
        }
    }
}

impl core::error::Error for BodyError {}

/// What a reader of a body returns.
type Read<'a, T> = grammar::Read<'a, T, BodyError>;

impl Kind for BodyError {
    fn of(_: ErrorKind) -> Self {
        Self::NoNumber
    }
}

/// `1*DIGIT`, and nothing else.
fn number(digits: &[u8]) -> Result<u64, BodyError> {
    grammar::whole(grammar::number(BodyError::NumberTooLarge), digits).map_err(|fault| fault.kind)
}

/// The words in a text that no grammar covers.
///
/// ```text
/// text = *( *other 1*char ) *other                   ; `is_char` says which bytes are a word's
/// ```
fn words(text: &[u8], is_char: impl Fn(u8) -> bool + Copy) -> impl Iterator<Item = &[u8]> {
    let mut rest = text;
    core::iter::from_fn(move || {
        let word: Read<'_, _> = preceded(take_till(is_char), take_while1(is_char)).parse_complete(rest);
        let (behind, word) = word.ok()?;
        rest = behind;
        Some(word)
    })
}

/// Whether a byte belongs to a word in which a number may be. Dots do: `0.9` is a version, and no number.
fn is_of_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'.'
}
