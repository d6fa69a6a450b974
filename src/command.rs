//! A client's commands (RFC 959 4.1, 5.3 and its successors).
//!
//! One table holds all facts about commands; a macro makes [`Command`], [`Verb`], the parser and the encoder from it.

mod argument;
mod column;
mod error;
mod expand;
mod foreign;
mod key;
mod option;
mod parameter;
mod set;
mod shown;
mod table;
mod words;

pub use column::{DataUse, LoginRule};
pub(crate) use column::{HashAlgorithm, Question, Served};
pub use error::{ArgumentFault, CommandError};
pub(crate) use foreign::is_foreign;
pub use option::{NewFacts, NewFactsError, NotOther, Opts, OtherOption, Site};
pub use parameter::{Algs, Allocation, EpsvArgument, Form, Format, Mode, Protection, Structure, Type};
pub(crate) use set::VerbSet;
pub(crate) use shown::show_line;
pub use table::{Command, Verb};

use crate::telnet::IAC;
use crate::text::{Text, TextError};
use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::fmt;
use nom::Parser;
use nom::bytes::complete::take_till;
use nom::character::complete::char;
use nom::combinator::{opt, rest};
use nom::sequence::preceded;

impl<'a> Command<'a> {
    /// Reads one line without its CRLF (RFC 959 5.3.1), as leniently as most servers do; [`parse_strict`](Self::parse_strict) says
    /// what that means. The word may be in any case, and may be an alias; a word that is not in the table makes a
    /// [`Command::Other`]. The error knows the server's [reply](CommandError::reply). Allocates nothing.
    ///
    /// ```
    /// use ftp_proto::{Command, Path};
    /// assert_eq!(Command::parse(b"retr  two blanks "), Ok(Command::Retr(Path::new(" two blanks ").unwrap())));
    /// assert_eq!(Command::parse(b"XPWD"), Ok(Command::Pwd));
    /// ```
    pub fn parse(line: &'a [u8]) -> Result<Self, CommandError> {
        let (verb, _, rest) = split(line);
        Self::read(verb, line, rest, |command| command)
    }

    /// Reads one line without its CRLF by the letter of the grammars: gives the same command as [`parse`](Self::parse), or an error
    /// where `parse` is lenient.
    ///
    /// Like most servers, `parse` accepts text after a command that has no argument (`NOOP x`, `PASV x`), several blanks in place of one,
    /// blanks after the last argument, `TYPE L8` for `TYPE L 8`, PASS without its blank, and MFF without its last `;`. This method
    /// refuses all of these. It accepts words in any case, as the grammars do, and aliases. Allocates nothing.
    ///
    /// ```
    /// use ftp_proto::{Command, CommandError, ArgumentFault, Verb};
    /// assert_eq!(Command::parse(b"PASV x"), Ok(Command::Pasv));
    /// let excess = CommandError::BadArgument { verb: Verb::Pasv, at: 5, why: ArgumentFault::Excess };
    /// assert_eq!(Command::parse_strict(b"PASV x"), Err(excess));
    /// ```
    pub fn parse_strict(line: &'a [u8]) -> Result<Self, CommandError> {
        CommandLine::parse_strict(line).map(|line| line.command)
    }

    /// Appends the command as one line with its CRLF. Allocates only in `out`.
    ///
    /// ```
    /// let mut out = Vec::new();
    /// ftp_proto::Command::Rest(512).encode(&mut out);
    /// assert_eq!(out, b"REST 512\r\n");
    /// ```
    pub fn encode(&self, out: &mut Vec<u8>) {
        self.encode_as(self.word(), out);
    }

    /// The word that `encode` writes.
    fn word(&self) -> &[u8] {
        match self {
            Self::Other(other) => other.word(),
            _ => self.verb().word().as_bytes(),
        }
    }

    fn encode_as(&self, word: &[u8], out: &mut Vec<u8>) {
        out.extend_from_slice(word);
        self.write_arguments(out);
        out.extend_from_slice(b"\r\n");
    }
}

/// A command line: the command, and which alias its line used. A [`Command`] alone doesn't say that.
///
/// ```
/// use ftp_proto::{Command, CommandLine};
/// let line = CommandLine::parse(b"xcup").unwrap();
/// assert_eq!((&line.command, line.alias), (&Command::Cdup, Some("XCUP")));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CommandLine<'a> {
    /// The command.
    pub command: Command<'a>,
    /// The alias (one of [`Verb::aliases`]) that the line used instead of the command's own word.
    pub alias: Option<&'static str>,
}

impl<'a> CommandLine<'a> {
    /// Reads one line without its CRLF, as [`Command::parse`] does.
    pub fn parse(line: &'a [u8]) -> Result<Self, CommandError> {
        let (verb, alias, rest) = split(line);
        Command::read(verb, line, rest, |command| Self { command, alias })
    }

    /// Reads one line without its CRLF by the letter of the grammars, as [`Command::parse_strict`] does.
    pub fn parse_strict(line: &'a [u8]) -> Result<Self, CommandError> {
        let (key, length) = key::read(line).unwrap_or_default();
        let (verb, alias) = Verb::of_key(key);
        let command = Command::read_strict(verb, line, line.get(length..).unwrap_or_default())?;
        Ok(Self { command, alias })
    }

    /// Appends the line with its CRLF. If `alias` is not an alias of this command, the command's own word is written.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let alias = self.alias.filter(|alias| self.command.verb().aliases().contains(alias));
        self.command.encode_as(alias.map_or(self.command.word(), str::as_bytes), out);
    }

    /// The same line, owned. Allocates for each text that was borrowed.
    pub fn into_owned(self) -> CommandLine<'static> {
        CommandLine { command: self.command.into_owned(), alias: self.alias }
    }
}

impl<'a> From<Command<'a>> for CommandLine<'a> {
    fn from(command: Command<'a>) -> Self {
        Self { command, alias: None }
    }
}

impl Verb {
    /// The verb of a word or alias in any case; [`Verb::Other`] if it is not in the table.
    pub fn parse(word: &[u8]) -> Self {
        match key::read(word) {
            Some((key, length)) if length == word.len() => Self::of_key(key).0,
            _ => Self::Other,
        }
    }

    /// How much of its argument a log may show.
    const fn shown(self) -> argument::Shown {
        Command::shown(self)
    }

    /// The verb of a whole line, whatever its argument is; also of a line that [`Command::parse`] can't read, since a server answers
    /// that one, too ([`Session::unreadable`](crate::Session::unreadable)).
    ///
    /// ```
    /// use ftp_proto::{Command, Verb};
    /// assert!(Command::parse(b"TYPE X").is_err());
    /// assert_eq!(Verb::of_line(b"TYPE X"), Verb::Type);
    /// ```
    pub fn of_line(line: &[u8]) -> Self {
        split(line).0
    }
}

/// The word, as [`Verb::word`] gives it.
impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// A command whose word is not in the table. `Debug` shows the word, but only the length of the argument, which may be
/// a secret.
///
/// ```
/// use ftp_proto::{Command, OtherCommand, Text};
/// let command = OtherCommand::new("XDUPE", Some(Text::from_static("3")))?;
/// assert_eq!(Command::parse(b"XDUPE 3"), Ok(Command::Other(command)));
/// assert!(OtherCommand::new("retr", None).is_err(), "the table has it");
/// # Ok::<(), ftp_proto::NotOther>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OtherCommand<'a> {
    word: Cow<'a, [u8]>,
    argument: Option<Text<'a>>,
}

impl<'a> OtherCommand<'a> {
    /// A command of `word` and, after one blank, `argument`. An error if the word, in any case, is in the table; if it is empty; or if
    /// it holds a blank, CR, LF, NUL or 0xFF. Allocates nothing.
    pub fn new<B: AsRef<[u8]> + ?Sized>(word: &'a B, argument: Option<Text<'a>>) -> Result<Self, NotOther> {
        let word = word.as_ref();
        Text::new(word).map_err(NotOther::Text)?;
        if let Some(at) = memchr::memchr(IAC, word) {
            return Err(NotOther::Text(TextError::Illegal { byte: IAC, at }));
        }
        if word.is_empty() {
            return Err(NotOther::Text(TextError::Empty));
        }
        if let Some(at) = memchr::memchr(b' ', word) {
            return Err(NotOther::Blank { at });
        }
        if Verb::parse(word) != Verb::Other {
            return Err(NotOther::Known);
        }
        Ok(Self { word: Cow::Borrowed(word), argument })
    }

    /// The word, in its original case.
    pub fn word(&self) -> &[u8] {
        &self.word
    }

    /// The text after the word and one blank; `None` if no blank follows the word.
    pub fn argument(&self) -> Option<&Text<'a>> {
        self.argument.as_ref()
    }

    /// The same command, owned. Allocates for what was borrowed.
    pub fn into_owned(self) -> OtherCommand<'static> {
        OtherCommand { word: Cow::Owned(self.word.into_owned()), argument: self.argument.map(Text::into_owned) }
    }

    /// Reads a line whose word isn't in the table.
    fn read(line: &'a [u8]) -> Result<Self, CommandError> {
        let refuse = |_| illegal_byte(line).unwrap_or(CommandError::Empty);
        let (word, argument) = other(line).map_err(|_| CommandError::Empty)?.1;
        Text::new(word).map_err(refuse)?;
        // A peer that undoes Telnet would read another word.
        if let Some(at) = memchr::memchr(IAC, word) {
            return Err(CommandError::IllegalByte { byte: IAC, at });
        }
        let argument = argument.map(Text::new).transpose().map_err(refuse)?;
        match (word, line) {
            ([], []) => Err(CommandError::Empty),
            ([], _) => Err(CommandError::LeadingBlank),
            _ => Ok(Self { word: Cow::Borrowed(word), argument }),
        }
    }

    fn write_argument(&self, out: &mut Vec<u8>) {
        if let Some(argument) = &self.argument {
            out.push(b' ');
            out.extend_from_slice(argument.as_bytes());
        }
    }
}

impl fmt::Debug for OtherCommand<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OtherCommand(\"{}\"", self.word.escape_ascii())?;
        if let Some(argument) = &self.argument {
            write!(f, ", {} bytes", argument.as_bytes().len())?;
        }
        f.write_str(")")
    }
}

/// ```text
/// other = word [SP argument]
/// ```
fn other(line: &[u8]) -> argument::Read<'_, (&[u8], Option<&[u8]>)> {
    (take_till(|byte| byte == b' '), opt(preceded(char(' '), rest))).parse_complete(line)
}

/// The verb of a line, the alias if the line used one, and the rest after the word.
#[inline]
fn split(line: &[u8]) -> (Verb, Option<&'static str>, &[u8]) {
    let (key, length) = key::read(line).unwrap_or_default();
    let (verb, alias) = Verb::of_key(key);
    let rest = line.get(length..).unwrap_or_default();
    // `PASS` alone is an empty password.
    let rest = if rest.is_empty() && verb == Verb::Pass { b" " } else { rest };
    (verb, alias, rest)
}

/// The error for the first CR, LF or NUL.
fn illegal_byte(line: &[u8]) -> Option<CommandError> {
    let at = memchr::memchr3(b'\r', b'\n', 0, line)?;
    line.get(at).map(|&byte| CommandError::IllegalByte { byte, at })
}

#[cfg(feature = "arbitrary")]
impl<'a> arbitrary::Arbitrary<'a> for OtherCommand<'a> {
    fn arbitrary(u: &mut arbitrary::Unstructured<'a>) -> arbitrary::Result<Self> {
        Self::new(<&[u8]>::arbitrary(u)?, Option::arbitrary(u)?).map_err(|_| arbitrary::Error::IncorrectFormat)
    }
}

/// The alias is none or one of the command's.
#[cfg(feature = "arbitrary")]
impl<'a> arbitrary::Arbitrary<'a> for CommandLine<'a> {
    fn arbitrary(u: &mut arbitrary::Unstructured<'a>) -> arbitrary::Result<Self> {
        let command = Command::arbitrary(u)?;
        let aliases = command.verb().aliases();
        let alias = if aliases.is_empty() || bool::arbitrary(u)? { None } else { Some(*u.choose(aliases)?) };
        Ok(Self { command, alias })
    }
}
