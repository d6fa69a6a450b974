//! What the client's machine asks of its adapter, and how requests end.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::command::Verb;
use crate::connection::Asked;
use crate::data::{self, Accept, Close, Connect, Listen, SecureData, Stream, StreamEnd};
use crate::outbox::{ControlError, Write};
use crate::reply::{BodyError, Reply, ReplyError};
use crate::route::Attempt;
use crate::time::{Instant, Time};
use crate::tls::{StartTls, StopTls, TlsError};

/// The one next thing to do. Exhaustive on purpose: a new action must break adapters, not surprise them.
#[must_use]
#[derive(Debug)]
pub enum Action<'a> {
    /// Write bytes to the control connection.
    Write(Write<'a>),
    /// Read from the control connection and hand what came to [`Client::received`](super::Client::received),
    /// or poll again at the deadline. Without a deadline nothing is asked for: start a request, or wait for news.
    Read {
        /// When to poll again.
        deadline: Option<Instant>,
    },
    /// A reply that was due came: news, shown once.
    Reply(Reply<'a>),
    /// A reply came that nothing asked for, as far as can be told yet: news, shown once. If it turns out to be an answer with an
    /// odd code, the request ends with [`Failure::Unexpected`], or the session with [`Violation::Unexpected`].
    Unsolicited(Reply<'a>),
    /// A line came that is no reply, and was skipped ([`Config::noise`](super::Config::noise)): news, shown once. At most its first
    /// 256 bytes, without its end.
    Noise(&'a [u8]),
    /// The request has ended.
    Done(Result<Outcome<'a>, Failure<'a>>),
    /// Make a data connection.
    Connect(Connect<'a>),
    /// Listen for a data connection (active mode).
    Listen(Listen<'a>),
    /// Accept a data connection (active mode).
    Accept(Accept<'a>),
    /// Begin TLS on the data connection.
    SecureData(SecureData<'a>),
    /// Move bytes over the data connection, then close it.
    Stream(Stream<'a>),
    /// Close a data connection or a listening socket that isn't needed any more, whether work runs on it or not.
    Close(Close<'a>),
    /// Begin TLS on the control connection.
    StartTls(StartTls<'a>),
    /// End TLS on the control connection, and go on in plaintext.
    StopTls(StopTls<'a>),
    /// Close the control connection: the session has ended in order.
    Leave,
}

impl<'a> From<Asked<'a>> for Action<'a> {
    fn from(asked: Asked<'a>) -> Self {
        match asked {
            Asked::Close(close) => Self::Close(close),
            Asked::StartTls(start) => Self::StartTls(start),
            Asked::StopTls(stop) => Self::StopTls(stop),
            Asked::Data(data::Asked::Connect(connect)) => Self::Connect(connect),
            Asked::Data(data::Asked::Listen(listen)) => Self::Listen(listen),
            Asked::Data(data::Asked::Accept(accept)) => Self::Accept(accept),
            Asked::Data(data::Asked::SecureData(secure)) => Self::SecureData(secure),
            Asked::Data(data::Asked::Stream(stream)) => Self::Stream(stream),
        }
    }
}

/// How a request ended well.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Outcome<'a> {
    /// The final reply.
    pub reply: Reply<'a>,
    /// What was asked for.
    pub value: Value,
}

/// What a request brought.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Value {
    /// Its success alone.
    Nothing,
    /// PWD: the directory, quotes undone; in the server's encoding, which need not be UTF-8.
    Directory(Vec<u8>),
    /// SIZE: bytes.
    Size(u64),
    /// MDTM: UTC.
    Modified(Time),
    /// A transfer: the bytes that were moved.
    Transferred(u64),
    /// STOU: the bytes that were moved, and the name under which the server keeps them, if it told one.
    Stored {
        /// How many bytes were moved.
        moved: u64,
        /// The name, in the server's encoding.
        name: Option<Vec<u8>>,
    },
    /// The hash of a file.
    Hash {
        /// The command that was answered: HASH, XSHA256 …
        verb: Verb,
        /// The digits, in lower case.
        digits: String,
    },
}

/// How a request ended badly. The session goes on, unless the next poll says otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Failure<'a> {
    /// The server refused it. A refused transfer may be the data connection's matter: 425 (RFC 959 4.2.2: it can't be opened), 521 and 522
    /// (RFC 4217 10.2: its protection or TLS), 530 and 53yz where the server wants TLS. What each attempt came to is in
    /// [`Client::evidence`](super::Client::evidence), from which [`diagnose`](crate::diagnosis::diagnose) tells the cause.
    Refused(Reply<'a>),
    /// The server agreed, but what it said can't be read.
    Unreadable(Reply<'a>, BodyError),
    /// The server answered with a code that can't answer what was said: a 226 to TYPE. What the server did isn't known.
    Unexpected(Reply<'a>),
    /// There was no data connection over which a byte could go: none could be made, the server didn't come to where we
    /// listened, or TLS on it failed. Each attempt with its end.
    NoRoute(Vec<Attempt>),
    /// The data ended badly on this side: the server was content, or saw no more than that the connection broke. Or it ended
    /// in order, and isn't what was bound to come: it is less, or more, as where a server ignores the offset.
    Incomplete {
        /// How the stream ended.
        end: StreamEnd,
        /// How many bytes were moved.
        moved: u64,
        /// How many should have been moved, from the offset on, if that is known: by
        /// [`Request::expecting`](super::Request::expecting), [`Request::sized`](super::Request::sized),
        /// [`Request::range`](super::Request::range), or what the 150 announces.
        expected: Option<u64>,
    },
    /// The file isn't as long as the total that is binding says, by the server's SIZE or, where bytes were to go behind
    /// others, its 150: nothing was moved.
    Changed {
        /// The total in bytes, as the application has it.
        expected: u64,
        /// What the server tells, in bytes.
        told: u64,
    },
    /// The transfer was to begin behind the end of the file: nothing was moved.
    Beyond {
        /// Where it was to begin, in bytes from the start of the file.
        offset: u64,
        /// How many bytes the file has.
        total: u64,
    },
    /// Nothing has moved for as long as [`Patience::stall`](super::Patience::stall) allows.
    Stalled {
        /// How many bytes were moved before.
        moved: u64,
    },
    /// TLS couldn't begin on the control connection; the session has ended.
    Tls(TlsError),
    /// It took longer than [`Patience::request`](super::Patience::request) allows.
    TimedOut,
    /// The application aborted it.
    Aborted,
}

impl Outcome<'_> {
    /// The same, owned. Allocates.
    pub fn into_owned(self) -> Outcome<'static> {
        Outcome { reply: self.reply.into_owned(), value: self.value }
    }
}

impl Failure<'_> {
    /// The same, owned. Allocates.
    pub fn into_owned(self) -> Failure<'static> {
        match self {
            Self::Refused(reply) => Failure::Refused(reply.into_owned()),
            Self::Unreadable(reply, error) => Failure::Unreadable(reply.into_owned(), error),
            Self::Unexpected(reply) => Failure::Unexpected(reply.into_owned()),
            Self::NoRoute(attempts) => Failure::NoRoute(attempts),
            Self::Incomplete { end, moved, expected } => Failure::Incomplete { end, moved, expected },
            Self::Changed { expected, told } => Failure::Changed { expected, told },
            Self::Beyond { offset, total } => Failure::Beyond { offset, total },
            Self::Stalled { moved } => Failure::Stalled { moved },
            Self::Tls(why) => Failure::Tls(why),
            Self::TimedOut => Failure::TimedOut,
            Self::Aborted => Failure::Aborted,
        }
    }
}

impl fmt::Display for Failure<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(reply) => write!(f, "the server refused: {reply}"),
            Self::Unreadable(reply, error) => write!(f, "the server's answer can't be read ({error}): {reply}"),
            Self::Unexpected(reply) => write!(f, "the server's answer makes no sense: {reply}"),
            Self::NoRoute(attempts) => {
                f.write_str("no data connection could be made")?;
                for attempt in attempts {
                    write!(f, "; {attempt}")?;
                }
                Ok(())
            }
            Self::Incomplete { end, moved, expected: Some(expected) } if end.is_whole() && moved > expected => {
                write!(f, "too much data came: {moved} bytes, not {expected}")
            }
            Self::Incomplete { end, moved, expected } => {
                write!(f, "the data ended early, after {moved} ")?;
                if let Some(expected) = expected {
                    write!(f, "of {expected} ")?;
                }
                f.write_str("bytes")?;
                if end.is_whole() { Ok(()) } else { write!(f, " ({end})") }
            }
            Self::Changed { expected, told } => {
                write!(f, "the file has changed: {expected} bytes were expected, and the server tells {told}")
            }
            Self::Beyond { offset, total } => {
                write!(f, "the file has {total} bytes, and the transfer was to begin at {offset}")
            }
            Self::Stalled { moved } => write!(f, "the transfer stalled after {moved} bytes"),
            Self::Tls(why) => write!(f, "no secure connection: {why}"),
            Self::TimedOut => f.write_str("it took too long"),
            Self::Aborted => f.write_str("aborted"),
        }
    }
}

impl core::error::Error for Failure<'_> {}

/// The server broke the protocol, or the connection did: the session is over, and every poll says so. No `Close` comes
/// before it: the adapter closes what it has open.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Violation {
    /// What came is no reply, or ended in the midst of one.
    Reply(ReplyError),
    /// The connection was closed while something was due.
    Closed {
        /// The command that waits; `None`: the greeting, or nothing was due.
        waiting: Option<Verb>,
    },
    /// A reply didn't come in time.
    TimedOut {
        /// The command that waits; `None`: the greeting.
        waiting: Option<Verb>,
    },
    /// The control connection can't be written to any more: [`Write::failed`] said so, or the server took nothing until
    /// [`Write::deadline`]. The replies that had come were shown before.
    Write(ControlError),
    /// A reply came that can't answer what is due, nothing that can came in time, and there was no way to find out which
    /// of the two it is: before the login, with AUTH, PBSZ, PROT and CCC, or because the server said nothing more.
    Unexpected {
        /// The command that waits; `None`: the greeting.
        waiting: Option<Verb>,
        /// What came.
        reply: Reply<'static>,
    },
    /// Plaintext came where TLS was to begin: an attacker in between may have put it there (CVE-2021-22947).
    PlaintextBeforeTls,
    /// The server said more than is read: what was handed over unwanted is more than the limit.
    Flood {
        /// [`Limits::reply`](crate::Limits::reply), in bytes.
        limit: usize,
    },
    /// Replies that were due behind a transfer or another command, or the answers to an ABOR, never came: what comes later
    /// can't be told apart any more. The request's `Done` was shown before.
    OutOfStep,
    /// The machine itself is at fault, and has nothing to show where it should: please report it. No input brings it about
    /// that is known.
    Fault,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let waiting = |verb: &Option<Verb>| verb.map_or("greeting", |verb| verb.word());
        match self {
            Self::Reply(error) => write!(f, "the server broke the protocol: {error}"),
            Self::Closed { waiting: verb } => {
                write!(f, "the server closed the connection (waiting: {})", waiting(verb))
            }
            Self::Write(why) => write!(f, "the control connection can't be written to: {why}"),
            Self::Unexpected { waiting: verb, reply } => {
                write!(f, "the server's answer makes no sense (waiting: {}): {reply}", waiting(verb))
            }
            Self::Flood { limit } => write!(f, "the server said more than {limit} bytes that nobody wants yet"),
            Self::PlaintextBeforeTls => f.write_str("plaintext came where TLS was to begin"),
            Self::Fault => f.write_str("a fault of this machine, not of the server"),
            Self::OutOfStep => f.write_str("replies are missing; later ones can't be told apart"),
            Self::TimedOut { waiting: verb } => write!(f, "no reply in time (waiting: {})", waiting(verb)),
        }
    }
}

impl core::error::Error for Violation {}
