//! Why a line is not a valid command, and what a server answers.

use super::Verb;

use crate::address::AddressFault;
use crate::reply::{Code, Reply};
use crate::telnet::IAC;
use core::fmt;

/// Why a line is not a valid command. The error doesn't hold the line, which may be a password.
///
/// [`reply`](Self::reply) gives the server's answer to each: 500, 501, 504, 521 or 522.
///
/// ```
/// use ftp_proto::{Code, Command, Verb};
/// let error = Command::parse(b"PORT 10,0,0,1,300,1").unwrap_err();
/// assert_eq!((error.verb(), error.at()), (Some(Verb::Port), Some(14)));
/// assert_eq!(error.to_string(), "PORT: expected a number from 0 to 255 at byte 14");
/// assert_eq!(error.reply().code(), Code::ARGUMENT_SYNTAX_ERROR);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CommandError {
    /// The line is empty. 500.
    Empty,
    /// The line begins with a blank. 500.
    LeadingBlank,
    /// The line is longer than the limit. [`Inbox`](crate::Inbox) checks that; [`Command::parse`](crate::Command::parse) doesn't. 500.
    LineTooLong {
        /// The limit, in bytes.
        limit: usize,
    },
    /// The line holds a CR, LF or NUL: 501. Or its word holds a 0xFF, where it would begin a Telnet command: 500.
    IllegalByte {
        /// The byte: CR, LF, NUL or 0xFF.
        byte: u8,
        /// Its place in the line, in bytes from 0.
        at: usize,
    },
    /// The command needs an argument. 501.
    MissingArgument(Verb),
    /// The argument doesn't have the form that the command takes. 501.
    BadArgument {
        /// The command.
        verb: Verb,
        /// The place in the line, in bytes from 0.
        at: usize,
        /// What is wrong there.
        why: ArgumentFault,
    },
    /// The argument has the right form, but no RFC defines its value. 504.
    UnsupportedParameter {
        /// The command.
        verb: Verb,
        /// The place in the line, in bytes from 0.
        at: usize,
    },
    /// The network protocol is neither IPv4 nor IPv6. 522 for EPRT and EPSV (RFC 2428), 521 for LPRT (RFC 1639).
    UnsupportedProtocol {
        /// The command.
        verb: Verb,
        /// The place in the line, in bytes from 0.
        at: usize,
    },
}

/// What is wrong with an argument.
///
/// ```
/// use ftp_proto::{ArgumentFault, Command, CommandError, Verb};
/// let fault = CommandError::BadArgument { verb: Verb::Rest, at: 5, why: ArgumentFault::Number };
/// assert_eq!(Command::parse(b"REST -1"), Err(fault));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ArgumentFault {
    /// Decimal digits are expected here.
    Number,
    /// The number is too large.
    NumberTooLarge,
    /// A letter or word of the command's grammar is expected here.
    Word,
    /// An address is expected here.
    Address(AddressFault),
    /// A `time-val` is expected here: `YYYYMMDDhhmmss`, with or without a fraction (RFC 3659 2.3).
    Time,
    /// Facts are expected here: `name=value;`, once or more.
    Facts,
    /// The line should have ended here.
    Excess,
}

impl CommandError {
    /// The command whose argument is wrong; `None` if the line itself is.
    pub const fn verb(&self) -> Option<Verb> {
        match self {
            Self::Empty | Self::LeadingBlank | Self::LineTooLong { .. } | Self::IllegalByte { .. } => None,
            Self::MissingArgument(verb)
            | Self::BadArgument { verb, .. }
            | Self::UnsupportedParameter { verb, .. }
            | Self::UnsupportedProtocol { verb, .. } => Some(*verb),
        }
    }

    /// Where the mistake is, in bytes from the start of the line; `None` if something is missing.
    pub const fn at(&self) -> Option<usize> {
        match self {
            Self::Empty | Self::MissingArgument(_) => None,
            Self::LeadingBlank => Some(0),
            Self::LineTooLong { limit } => Some(*limit),
            Self::IllegalByte { at, .. }
            | Self::BadArgument { at, .. }
            | Self::UnsupportedParameter { at, .. }
            | Self::UnsupportedProtocol { at, .. } => Some(*at),
        }
    }

    /// What a server answers (RFC 959 5.4; 522: RFC 2428 2; 521: RFC 1639). Allocates nothing.
    pub const fn reply(&self) -> Reply<'static> {
        let (code, text) = match self {
            Self::Empty => (Code::SYNTAX_ERROR, "Empty line: a command was expected."),
            Self::LeadingBlank => (Code::SYNTAX_ERROR, "A command begins with its word, not with a blank."),
            Self::LineTooLong { .. } => (Code::SYNTAX_ERROR, "Line too long."),
            Self::IllegalByte { byte: IAC, .. } => (Code::SYNTAX_ERROR, "Illegal byte in the word: 0xFF."),
            Self::IllegalByte { .. } => (Code::ARGUMENT_SYNTAX_ERROR, "Illegal byte: CR, LF or NUL."),
            Self::MissingArgument(verb) => (Code::ARGUMENT_SYNTAX_ERROR, verb.missing()),
            Self::BadArgument { verb, .. } => (Code::ARGUMENT_SYNTAX_ERROR, verb.bad()),
            Self::UnsupportedParameter { verb, .. } => (Code::PARAMETER_NOT_IMPLEMENTED, verb.unsupported()),
            Self::UnsupportedProtocol { verb: Verb::Lprt, .. } => {
                (Code::UNSUPPORTED_FAMILY_OR_PROTECTION, "Supported address families are (4,6)")
            }
            Self::UnsupportedProtocol { .. } => {
                (Code::UNSUPPORTED_PROTOCOL_OR_DATA_TLS, "Network protocol not supported, use (1,2)")
            }
        };
        Reply::from_static(code, text)
    }
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("empty line"),
            Self::LeadingBlank => f.write_str("the line begins with a blank"),
            Self::LineTooLong { limit } => write!(f, "the line is longer than {limit} bytes"),
            Self::IllegalByte { byte, at } => write!(f, "illegal byte 0x{byte:02x} at byte {at}"),
            Self::MissingArgument(verb) => write!(f, "{}: argument missing", verb.word()),
            Self::BadArgument { verb, at, why } => write!(f, "{}: {why} at byte {at}", verb.word()),
            Self::UnsupportedParameter { verb, at } => write!(f, "{}: unsupported parameter at byte {at}", verb.word()),
            Self::UnsupportedProtocol { verb, at } => {
                write!(f, "{}: unsupported network protocol at byte {at}", verb.word())
            }
        }
    }
}

impl core::error::Error for CommandError {}

impl fmt::Display for ArgumentFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number => f.write_str("expected a number"),
            Self::NumberTooLarge => f.write_str("number too large"),
            Self::Word => f.write_str("unknown word"),
            Self::Address(why) => why.fmt(f),
            Self::Time => f.write_str("expected a time, YYYYMMDDhhmmss"),
            Self::Facts => f.write_str("expected facts, name=value;"),
            Self::Excess => f.write_str("expected the end of the line"),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::Command;

    #[test]
    fn every_error_knows_its_answer() {
        for (line, code, text) in [
            (&b""[..], 500, "Empty line: a command was expected."),
            (b" NOOP", 500, "A command begins with its word, not with a blank."),
            (b"RETR a\0", 501, "Illegal byte: CR, LF or NUL."),
            (b"RETR", 501, "Missing argument. Syntax: RETR <SP> path"),
            (b"REST x", 501, "Bad argument. Syntax: REST <SP> offset"),
            (b"PORT 1,2,3,4,5", 501, "Bad argument. Syntax: PORT <SP> h1,h2,h3,h4,p1,p2"),
            (b"MODE X", 504, "Parameter not supported. Syntax: MODE <SP> (S|B|C|Z)"),
            (b"EPRT |3|a|1|", 522, "Network protocol not supported, use (1,2)"),
            (b"EPSV 3", 522, "Network protocol not supported, use (1,2)"),
            (b"LPRT 5,4,1,2,3,4,2,5,67", 521, "Supported address families are (4,6)"),
        ] {
            let reply = Command::parse(line).unwrap_err().reply();
            assert_eq!((reply.code().value(), reply.text()), (code, text.as_bytes()));
        }
        let reply = super::CommandError::LineTooLong { limit: 9 }.reply();
        assert_eq!((reply.code().value(), reply.text()), (500, &b"Line too long."[..]));
    }
}
