//! `FromStr` and `TryFrom` for the words, each through the reader that its type already has.

use core::fmt;
use core::str::FromStr;

use crate::address::{AddressError, ExtendedAddress, ExtendedPort, HostPort, LongAddress, NetworkProtocol};
use crate::command::{Command, CommandError, CommandLine, NewFacts, NewFactsError, Site, Verb};
use crate::reply::{Code, Reply, ReplyError};
use crate::route::Route;
use crate::text::{Argument, Password, Path, Text, TextError};
use crate::time::{Time, TimeError};

/// The text is not a value of the type, such as `ftp` for a [`Route`].
///
/// ```
/// let error = "ftp".parse::<ftp_proto::Route>().unwrap_err();
/// assert_eq!(error.to_string(), "not a route: expected EPSV, PASV, EPRT or PORT");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct UnknownWord {
    wanted: &'static str,
}

impl UnknownWord {
    /// `wanted` names the type and what it accepts, such as `a verb: expected a command's word, such as RETR`.
    pub(crate) const fn new(wanted: &'static str) -> Self {
        Self { wanted }
    }
}

impl fmt::Display for UnknownWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not {}", self.wanted)
    }
}

impl core::error::Error for UnknownWord {}

/// Types that borrow nothing: `FromStr`, and `TryFrom` of bytes.
macro_rules! owned {
    ($($name:ty, $error:ty;)+) => {$(
        /// Reads what `Display` shows.
        impl FromStr for $name {
            type Err = $error;
            fn from_str(text: &str) -> Result<Self, $error> {
                Self::parse(text.as_bytes())
            }
        }

        impl TryFrom<&[u8]> for $name {
            type Error = $error;
            fn try_from(text: &[u8]) -> Result<Self, $error> {
                Self::parse(text)
            }
        }
    )+};
}

owned! {
    HostPort, AddressError;
    ExtendedAddress, AddressError;
    ExtendedPort, AddressError;
    LongAddress, AddressError;
    Time, TimeError;
}

/// Types that borrow the text that they are read from: `TryFrom` of text and of bytes.
macro_rules! borrowed {
    ($($name:ident, $error:ty, $read:expr;)+) => {$(
        impl<'a> TryFrom<&'a [u8]> for $name<'a> {
            type Error = $error;
            fn try_from(bytes: &'a [u8]) -> Result<Self, $error> {
                let read: fn(&'a [u8]) -> Result<Self, $error> = $read;
                read(bytes)
            }
        }

        impl<'a> TryFrom<&'a str> for $name<'a> {
            type Error = $error;
            fn try_from(text: &'a str) -> Result<Self, $error> {
                Self::try_from(text.as_bytes())
            }
        }
    )+};
}

borrowed! {
    Command, CommandError, Command::parse;
    CommandLine, CommandError, CommandLine::parse;
    Reply, ReplyError, whole_reply;
    Site, TextError, |bytes| Argument::new(bytes).map(Site::from);
    NewFacts, NewFactsError, |bytes| NewFacts::new(bytes);
}

/// One reply with its line end, and nothing after it.
fn whole_reply(bytes: &[u8]) -> Result<Reply<'_>, ReplyError> {
    match Reply::parse(bytes)? {
        Some((reply, length)) if length == bytes.len() => Ok(reply),
        Some((_, at)) => Err(ReplyError::Excess { at }),
        None => Err(ReplyError::unexpected_end(bytes)),
    }
}

/// Owned values of types that can borrow: `FromStr`. Allocates.
macro_rules! owned_from_text {
    ($($name:ident, $error:ty;)+) => {$(
        impl FromStr for $name<'static> {
            type Err = $error;
            fn from_str(text: &str) -> Result<Self, $error> {
                $name::try_from(text).map($name::into_owned)
            }
        }
    )+};
}

owned_from_text! {
    Text, TextError;
    Argument, TextError;
    Path, TextError;
    Password, TextError;
    Site, TextError;
    NewFacts, NewFactsError;
    Command, CommandError;
    CommandLine, CommandError;
    Reply, ReplyError;
}

/// Reads exactly three digits.
impl FromStr for Code {
    type Err = UnknownWord;
    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        Self::try_from(text.as_bytes())
    }
}

impl TryFrom<&[u8]> for Code {
    type Error = UnknownWord;
    fn try_from(digits: &[u8]) -> Result<Self, UnknownWord> {
        <[u8; 3]>::try_from(digits).ok().and_then(Self::from_digits).ok_or(Self::UNKNOWN)
    }
}

impl TryFrom<u16> for Code {
    type Error = UnknownWord;
    fn try_from(value: u16) -> Result<Self, UnknownWord> {
        Self::new(value).ok_or(Self::UNKNOWN)
    }
}

impl From<Code> for u16 {
    fn from(code: Code) -> Self {
        code.value()
    }
}

impl Code {
    const UNKNOWN: UnknownWord = UnknownWord::new("a reply code: expected a number from 100 to 699");
}

/// Reads a word of the table of commands or one of its aliases, in any case. An unknown word is an error, so that a typo is found;
/// [`Verb::parse`] takes any word. The empty text is [`Verb::Other`], as `Display` shows it.
impl FromStr for Verb {
    type Err = UnknownWord;
    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        match Self::parse(word.as_bytes()) {
            Self::Other if !word.is_empty() => Err(UnknownWord::new("a verb: expected a command's word, such as RETR")),
            verb => Ok(verb),
        }
    }
}

/// Reads the word of the route's command, in any case.
impl FromStr for Route {
    type Err = UnknownWord;
    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        let routes = [Self::Epsv, Self::Pasv, Self::Eprt, Self::Port];
        let route = routes.into_iter().find(|route| word.eq_ignore_ascii_case(route.word()));
        route.ok_or(UnknownWord::new("a route: expected EPSV, PASV, EPRT or PORT"))
    }
}

/// The word of the route's command.
impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// The number on the wire.
impl FromStr for NetworkProtocol {
    type Err = UnknownWord;
    fn from_str(digits: &str) -> Result<Self, UnknownWord> {
        let wanted = "a network protocol: expected 1 (IPv4) or 2 (IPv6)";
        Self::from_digits(digits.as_bytes()).map_err(|_| UnknownWord::new(wanted))
    }
}

/// The number on the wire.
impl fmt::Display for NetworkProtocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.number(), f)
    }
}

/// The facts as they go over the wire, with a `;` after each. Bytes that aren't UTF-8 show as U+FFFD.
impl fmt::Display for NewFacts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in self.iter() {
            crate::text::write_lossy(f, name)?;
            f.write_str("=")?;
            crate::text::write_lossy(f, value)?;
            f.write_str(";")?;
        }
        Ok(())
    }
}
