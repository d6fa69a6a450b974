//! What both machines own of a control connection, whatever their role: the clock, what waits to be written, the session,
//! TLS, the data connection, and the questions about them.

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
    /// The peer says no more.
    pub(crate) input_ended: bool,
    pub(crate) unwanted: Unwanted,
}

/// What comes before everything else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum First {
    Write,
    Close,
}

/// What is asked of the adapter, decided before anything is borrowed for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ask {
    Close,
    Tls,
    /// The question about the data connection. Who moves bytes has to poll again at this moment at the latest.
    Data(Option<Instant>),
}

/// The same, with its handle.
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

    /// The moment that is `wait` from now.
    pub(crate) fn after(&self, wait: Duration) -> Instant {
        self.now.after(wait)
    }

    /// When a stream counts as stalled, if one runs whose adapter tells how much it has moved.
    pub(crate) fn stalls_at(&self, patience: Duration) -> Option<Instant> {
        self.data.streaming()?.stalls_at(patience)
    }

    /// What comes before everything else: what was said is written, then what isn't needed any more is closed.
    #[inline]
    pub(crate) fn first(&self) -> Option<First> {
        if !self.outbox.is_empty() {
            return Some(First::Write);
        }
        self.data.is_closing().then_some(First::Close)
    }

    /// What waits to be written.
    #[inline]
    pub(crate) fn write(&mut self, terms: Terms) -> Write<'_> {
        Write::new(&mut self.outbox, self.now, terms)
    }

    /// The handle of what is asked. `None`: it isn't asked, which only a fault of the machine can bring about.
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

/// What the compiler can't be told to rule out, and no input can bring about. Tests and fuzzers stop here; elsewhere the
/// caller ends the session in order.
#[cold]
#[track_caller]
pub(crate) fn cannot_happen(what: &str) {
    debug_assert!(false, "{what}");
}
