//! What the client's machine asks of its adapter, and how requests and sessions end.

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

/// The next thing to do. Exhaustive on purpose: a new action must break adapters at compile time, not surprise them.
///
/// An action with a handle is a question; the handle's methods are its only answers. A question that is dropped unanswered comes again at
/// a later poll. `Reply`, `Unsolicited`, `Noise` and `Done` are news, shown once.
#[must_use]
#[derive(Debug)]
pub enum Action<'a> {
    /// Write bytes to the control connection.
    Write(Write<'a>),
    /// Read from the control connection and hand the bytes to [`Client::received`](super::Client::received), or poll again at the
    /// deadline. Without a deadline no request runs: start one, or go on reading.
    Read {
        /// When to poll again, if nothing was read before.
        deadline: Option<Instant>,
    },
    /// News: a reply that was due.
    Reply(Reply<'a>),
    /// News: a reply that fits no command that is due. If it turns out to be an answer with an odd code, the request ends with
    /// [`Failure::Unexpected`], or the session with [`Violation::Unexpected`].
    Unsolicited(Reply<'a>),
    /// News: a line that isn't a reply was skipped, as [`Config::noise`](super::Config::noise) allows. At most the line's first 256 bytes,
    /// without its end.
    Noise(&'a [u8]),
    /// News: the request has ended.
    Done(Result<Outcome<'a>, Failure<'a>>),
    /// Make a data connection (passive mode).
    Connect(Connect<'a>),
    /// Listen for a data connection (active mode).
    Listen(Listen<'a>),
    /// Accept a data connection (active mode).
    Accept(Accept<'a>),
    /// Begin TLS on the data connection, as the TLS client.
    SecureData(SecureData<'a>),
    /// Move a file's bytes over the data connection, then close it.
    Stream(Stream<'a>),
    /// Close a data connection or a listening socket that isn't needed any more, and stop any work on it.
    Close(Close<'a>),
    /// Begin TLS on the control connection, as the TLS client.
    StartTls(StartTls<'a>),
    /// End TLS on the control connection, and go on in plaintext.
    StopTls(StopTls<'a>),
    /// Close the control connection: the session has ended in order. Every later poll returns this again.
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

/// The result of a request that succeeded.
///
/// ```
/// use ftp_proto::client::{Outcome, Value};
/// fn show(outcome: &Outcome<'_>) -> String {
///     match &outcome.value {
///         Value::Size(bytes) => format!("{bytes} bytes"),
///         Value::Transferred(bytes) => format!("{bytes} bytes transferred"),
///         _ => outcome.reply.to_string(),
///     }
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Outcome<'a> {
    /// The final reply.
    pub reply: Reply<'a>,
    /// What the request asked for, read from the replies.
    pub value: Value,
}

/// What a request that succeeded has brought.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Value {
    /// Nothing beyond the success.
    Nothing,
    /// PWD: the current directory, with doubled quotes undone (RFC 959 appendix II), in the server's encoding, which need not be UTF-8.
    Directory(Vec<u8>),
    /// SIZE: the size of the file in bytes (RFC 3659 4).
    Size(u64),
    /// MDTM: when the file was modified last, in UTC (RFC 3659 3).
    Modified(Time),
    /// A transfer: how many bytes were moved.
    Transferred(u64),
    /// STOU (RFC 959 4.1.3).
    Stored {
        /// How many bytes were moved.
        moved: u64,
        /// The name that the server gave the file, in its encoding; `None` if no reply named it.
        name: Option<Vec<u8>>,
    },
    /// The hash of a file.
    Hash {
        /// The command that was used: HASH, XSHA256 …
        verb: Verb,
        /// The hash in hexadecimal, in lower case.
        digits: String,
    },
}

/// Why a request failed. The session goes on, unless the next poll says otherwise.
///
/// ```
/// use ftp_proto::client::Failure;
/// use ftp_proto::Code;
/// fn advise(failure: &Failure<'_>) -> &'static str {
///     match failure {
///         Failure::Refused(reply) if reply.code() == Code::FILE_UNAVAILABLE => "There is no such file.",
///         Failure::Refused(_) => "The server refused.",
///         Failure::NoRoute(_) => "No data connection: ask ftp-doctor.",
///         Failure::Incomplete { .. } | Failure::Stalled { .. } => "Try again from where it stopped.",
///         _ => "It failed.",
///     }
/// }
/// assert_eq!(advise(&Failure::Stalled { moved: 12 }), "Try again from where it stopped.");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Failure<'a> {
    /// The server refused the request. The reason for refusing a transfer may be the data connection: 425 (RFC 959 4.2.2: it can't be
    /// opened), 521 and 522 (RFC 4217 10.2: its protection or TLS), 530 and 53yz where the server requires TLS.
    /// [`Client::evidence`](super::Client::evidence) tells how each attempt ended, and [`diagnose`](crate::diagnosis::diagnose) the cause.
    Refused(Reply<'a>),
    /// The server's reply is positive, but what it should hold (a directory, a size, a time) can't be read.
    Unreadable(Reply<'a>, BodyError),
    /// The server answered with a code that can't answer the command, such as 226 to TYPE. What the server did is unknown.
    Unexpected(Reply<'a>),
    /// No data connection came about on any route: none could be made, the server didn't connect to our port, or TLS on it failed.
    /// Holds each attempt and how it ended.
    NoRoute(Vec<Attempt>),
    /// The file is incomplete or too long. Either the stream ended badly on this side, or it ended in order but the number of bytes is
    /// wrong: fewer than expected, or more, as from a server that ignores the offset.
    Incomplete {
        /// How the stream ended.
        end: StreamEnd,
        /// How many bytes were moved.
        moved: u64,
        /// How many bytes should have been moved from the offset on, if known: from
        /// [`Request::expecting`](super::Request::expecting), [`Request::sized`](super::Request::sized),
        /// [`Request::range`](super::Request::range), or the size that the 150 announces.
        expected: Option<u64>,
    },
    /// The file's size isn't the expected one: SIZE differs from [`Request::expecting`](super::Request::expecting), or, if the transfer has
    /// an offset, the 150 differs from either. Nothing was moved.
    Changed {
        /// The expected size of the whole file, in bytes.
        expected: u64,
        /// The size that the server tells, in bytes.
        told: u64,
    },
    /// The offset, or the first byte of the range, is behind the end of the file. Nothing was moved.
    Beyond {
        /// Where the transfer was to begin, in bytes from the start of the file.
        offset: u64,
        /// The size of the file, in bytes.
        total: u64,
    },
    /// No byte has moved for as long as [`Patience::stall`](super::Patience::stall) allows.
    Stalled {
        /// How many bytes were moved before.
        moved: u64,
    },
    /// TLS on the control connection failed. The session ends: [`Action::Leave`] comes next.
    Tls(TlsError),
    /// The request took longer than [`Patience::request`](super::Patience::request) allows.
    TimedOut,
    /// The application aborted the request ([`Client::abort`](super::Client::abort)).
    Aborted,
}

impl Outcome<'_> {
    /// A copy that owns its reply, and so outlives the action. Allocates.
    pub fn into_owned(self) -> Outcome<'static> {
        Outcome { reply: self.reply.into_owned(), value: self.value }
    }
}

impl Failure<'_> {
    /// A copy that owns its reply, and so outlives the action. Allocates.
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

/// Why a session has ended out of order: the server broke the protocol, or the connection broke. Every later poll returns the same one.
/// No `Close` comes before it, so the adapter closes what it has open.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Violation {
    /// The bytes received aren't a reply, or the connection was closed amid a reply.
    Reply(ReplyError),
    /// The server closed the connection while a reply was due or a request ran.
    Closed {
        /// The command whose reply was due; `None`: the greeting was, or nothing.
        waiting: Option<Verb>,
    },
    /// A reply didn't come in time.
    TimedOut {
        /// The command whose reply was due; `None`: the greeting was.
        waiting: Option<Verb>,
    },
    /// The control connection can't be written to any more: [`Write::failed`] said so, or the server read nothing until
    /// [`Write::deadline`]. Replies that had been received were shown before.
    Write(ControlError),
    /// A reply came that can't answer the command that is due, no other came in time, and the client couldn't find out whether it was the
    /// answer: before the login and with AUTH, PBSZ, PROT and CCC it may not ask, or the server answered nothing more.
    Unexpected {
        /// The command whose reply was due; `None`: the greeting was.
        waiting: Option<Verb>,
        /// The reply that came.
        reply: Reply<'static>,
    },
    /// Plaintext came where TLS was to begin. An attacker may have injected it (CVE-2021-22947).
    PlaintextBeforeTls,
    /// The server sent too much while the machine wanted no input: more than the limit was handed to
    /// [`Client::received`](super::Client::received) all the same.
    Flood {
        /// [`Limits::reply`](crate::Limits::reply), in bytes.
        limit: usize,
    },
    /// Replies never came that were due behind a transfer or another command, or to an ABOR. Later replies could be taken for them, so the
    /// session can't go on. The request's `Done` was shown before.
    OutOfStep,
    /// A bug of this crate: the machine has nothing to show where it should. Please report it. No input is known that leads to it.
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
