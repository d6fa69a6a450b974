//! What replies say: their texts read, and written by the same rules.
//!
//! Each reader is named by what it reads, and looks at the text alone. Whether the code fits is left to the caller, since
//! servers answer EPSV with 227, and SIZE with 213 or 250. In each file the readers stand beside the writers.

mod address;
mod features;
mod file;
mod path;

use core::fmt;

use nom::error::ErrorKind;

pub use self::features::{Feature, Features};
pub use self::file::FactsLine;
use crate::address::AddressError;
use crate::grammar::{self, Kind};
use crate::time::TimeError;

/// Why a reply doesn't hold what was looked for.
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
    /// No line holds an address. This is the error of the first line that holds a part of one.
    Address(AddressError),
    /// There is neither a quoted nor a plain path, or the path is empty.
    NoPath,
    /// A quote is never closed.
    UnterminatedQuote {
        /// Where the quote is in its line, in bytes from 0.
        at: usize,
    },
    /// The path holds a control character.
    ControlCharacter {
        /// 0 to 31, or 127.
        byte: u8,
        /// Its place in the path, in bytes from 0.
        at: usize,
    },
    /// There is no number, or other text with it.
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
