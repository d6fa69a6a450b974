//! What the server's machine asks of its adapter.

use super::commit::{Commit, Look};
use super::exchange::Exchange;
use super::offer::Transfer;
use super::question::Question;
use crate::connection::Asked;
use crate::data::{self, Accept, Close, Connect, Listen, SecureData, Stream};
use crate::outbox::Write;
use crate::time::Instant;
use crate::tls::{StartTls, StopTls};

/// The next thing to do. Exhaustive on purpose: a new action must break adapters at compile time, not surprise them.
///
/// An action with a handle is a question; the handle's methods are its only answers. A question that is dropped unanswered comes again at
/// a later poll. `Answered` is news, shown once.
#[must_use]
#[derive(Debug)]
pub enum Action<'a> {
    /// Write bytes to the control connection.
    Write(Write<'a>),
    /// Read from the control connection and hand the bytes to [`Server::received`](super::Server::received), or poll again at the
    /// deadline.
    Read {
        /// When to poll again, if nothing was read before.
        deadline: Instant,
    },
    /// Answer a command that the machine can't answer alone.
    Question(Question<'a>),
    /// Accept or refuse a command that transfers a file or a listing.
    Transfer(Transfer<'a>),
    /// Listen for a data connection (passive mode).
    Listen(Listen<'a>),
    /// Make a data connection (active mode).
    Connect(Connect<'a>),
    /// Accept a data connection (passive mode).
    Accept(Accept<'a>),
    /// Begin TLS on the data connection, as the TLS server.
    SecureData(SecureData<'a>),
    /// Move the bytes of a file or listing over the data connection, then close it.
    Stream(Stream<'a>),
    /// Look for unread input of the client before its upload is kept.
    Look(Look<'a>),
    /// Keep an upload that has come whole.
    Commit(Commit<'a>),
    /// Close a data connection or a listening socket that isn't needed any more, stop any work on it, and drop an upload that came over it
    /// and wasn't kept.
    Close(Close<'a>),
    /// Begin TLS on the control connection, as the TLS server.
    StartTls(StartTls<'a>),
    /// End TLS on the control connection, and go on in plaintext.
    StopTls(StopTls<'a>),
    /// News: a command with its final reply, whether the machine or the application gave it. Only shown if
    /// [`Config::report_answered`](super::Config::report_answered) is set, before the `Write` of the reply.
    Answered(Exchange<'a>),
    /// Close the control connection: the session has ended. Every later poll returns this again.
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
