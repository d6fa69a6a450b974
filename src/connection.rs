//! What both machines own of a connection, without a role: the clock, the bytes that wait to be written, the session, TLS, the data
//! connection, and the questions about them.

mod unwanted;

use crate::data::{self, Close, Data};
use crate::outbox::{Outbox, Terms, Write};
use crate::route::Endpoints;
use crate::session::Session;
use crate::time::Instant;
use crate::tls::{StartTls, StopTls, Tls, Turn};

use core::time::Duration;

use unwanted::Unwanted;

#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) ends: Endpoints,
    /// The moment of the last poll.
    pub(crate) now: Instant,
    pub(crate) outbox: Outbox,
    pub(crate) session: Session,
    pub(crate) tls: Tls,
    pub(crate) data: Data,
    /// Whether the peer has closed the control connection.
    pub(crate) input_ended: bool,
    pub(crate) unwanted: Unwanted,
}

/// The questions that come before all others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum First {
    Write,
    Close,
}

/// A question to the adapter, decided before anything is borrowed for its handle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ask {
    Close,
    Tls,
    /// The question about the data connection; if it is a `Stream`, with its deadline.
    Data(Option<Instant>),
}

/// The question with its handle.
#[must_use]
pub(crate) enum Asked<'a> {
    Close(Close<'a>),
    StartTls(StartTls<'a>),
    StopTls(StopTls<'a>),
    Data(data::Asked<'a>),
}

impl Connection {
    pub(crate) fn new(ends: Endpoints, outbox: Outbox, now: Instant) -> Self {
        Self {
            ends,
            now,
            outbox,
            session: Session::new(),
            tls: Tls::Off,
            data: Data::new(),
            input_ended: false,
            unwanted: Unwanted::default(),
        }
    }

    /// The moment `wait` after now.
    pub(crate) fn after(&self, wait: Duration) -> Instant {
        self.now.after(wait)
    }

    /// When the open stream counts as stalled; `None` if there is none, or the adapter doesn't tell how much has moved.
    pub(crate) fn stalls_at(&self, patience: Duration) -> Option<Instant> {
        self.data.streaming()?.stalls_at(patience)
    }

    /// What comes first: replies or commands are written, then the channel that isn't needed any more is closed.
    #[inline]
    pub(crate) fn first(&self) -> Option<First> {
        if !self.outbox.is_empty() {
            return Some(First::Write);
        }
        self.data.is_closing().then_some(First::Close)
    }

    /// Hands out the bytes that wait to be written.
    #[inline]
    pub(crate) fn write(&mut self, terms: Terms) -> Write<'_> {
        Write::new(&mut self.outbox, self.now, terms)
    }

    /// The handle of a question. `None`: the question isn't open, which no input can bring about.
    pub(crate) fn ask(&mut self, ask: Ask, wants_input: bool) -> Option<Asked<'_>> {
        Some(match ask {
            Ask::Close => Asked::Close(self.data.closing_question(wants_input)?),
            Ask::Data(stream_by) => Asked::Data(self.data.question(self.now, wants_input, stream_by)?),
            Ask::Tls => match self.tls.turn()? {
                Turn::Start(start) => Asked::StartTls(start),
                Turn::Stop(stop) => Asked::StopTls(stop),
            },
        })
    }
}

/// Marks what no input can bring about, although the compiler can't know that. Debug builds and fuzzers panic here; in a release the caller
/// ends the session in order.
#[cold]
#[track_caller]
pub(crate) fn cannot_happen(what: &str) {
    debug_assert!(false, "{what}");
}
