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

/// The one next thing to do. Exhaustive on purpose: a new action must break adapters, not surprise them.
#[must_use]
#[derive(Debug)]
pub enum Action<'a> {
    /// Write bytes to the control connection.
    Write(Write<'a>),
    /// Read from the control connection and hand what came to [`Server::received`](super::Server::received), or poll
    /// again at the deadline.
    Read {
        /// When to poll again: the client has been silent for too long then.
        deadline: Instant,
    },
    /// A command needs the application.
    Question(Question<'a>),
    /// A command wants a file or a listing moved.
    Transfer(Transfer<'a>),
    /// Listen for a data connection.
    Listen(Listen<'a>),
    /// Make a data connection (active mode).
    Connect(Connect<'a>),
    /// Accept a data connection.
    Accept(Accept<'a>),
    /// Begin TLS on the data connection, as a server.
    SecureData(SecureData<'a>),
    /// Move bytes over the data connection, then close it.
    Stream(Stream<'a>),
    /// Look whether the client has said something before its upload is kept.
    Look(Look<'a>),
    /// Keep an upload that has come whole.
    Commit(Commit<'a>),
    /// Close a data connection or a listening socket that isn't needed any more, whether work runs on it or not, and give up what
    /// came over it and wasn't kept.
    Close(Close<'a>),
    /// Begin TLS on the control connection, as a server.
    StartTls(StartTls<'a>),
    /// End TLS on the control connection, and go on in plaintext.
    StopTls(StopTls<'a>),
    /// News, shown once, and only if [`Config::report_answered`](super::Config::report_answered) wants it: a command with its final reply,
    /// whoever has made it. The `Write` of that reply comes after it.
    Answered(Exchange<'a>),
    /// Close the control connection: everything was said.
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
