//! The one data connection of a session, as both machines see it, and the actions that ask for it.
//!
//! An action is a question with a handle; the handle's methods are its only answers, and each of them
//! consumes it. A handle that is dropped unanswered leaves the question open: it comes again at the
//! next poll, with the same serial.
//!
//! ```text
//! Idle ─▶ Connecting ────────────────▶ Open ─▶ Securing ─▶ Secured ─▶ Streaming ─▶ Ended
//!    └──▶ Listening ─▶ Bound ─▶ Accepting ─▶┘
//! ```

mod question;

use core::fmt;
use core::net::{IpAddr, SocketAddr};

use crate::time::Instant;
use crate::tls::TlsError;

pub use question::{Accept, Cancel, Connect, Listen, SecureData, Stream};

/// Names one data connection, from `Listen` or `Connect` to the end of its `Stream` or its `Discard`. A listening
/// socket and the connection that it accepts have the same name: the second takes the first one's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ChannelId(u32);

/// Which way a file goes, seen from this side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Bytes are written to the data connection.
    Send,
    /// Bytes are read from the data connection.
    Receive,
}

/// Why there is no data connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DataError {
    /// The other side answered with a reset: nobody listens there.
    Refused,
    /// No answer in time.
    TimedOut,
    /// No way to that network or host.
    Unreachable,
    /// No port of the range could be had.
    NoPort,
    /// Something on this side: no socket, no permission.
    Local,
    /// TLS on the data connection couldn't begin.
    Tls(TlsError),
}

impl fmt::Display for DataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Refused => "connection refused",
            Self::TimedOut => "no answer in time",
            Self::Unreachable => "host or network unreachable",
            Self::NoPort => "no free port in the range",
            Self::Local => "local error",
            Self::Tls(why) => return why.fmt(f),
        })
    }
}

impl core::error::Error for DataError {}

/// How a stream ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StreamEnd {
    /// All bytes were moved, and the connection was closed in order.
    Clean,
    /// The connection broke (a reset, or under TLS an end without close_notify): bytes may be missing.
    Truncated,
    /// This side's file couldn't be read or written.
    LocalError,
    /// This side's storage is full.
    StorageFull,
}

impl fmt::Display for StreamEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Clean => "complete",
            Self::Truncated => "the connection broke",
            Self::LocalError => "local file error",
            Self::StorageFull => "storage full",
        })
    }
}

/// What to do with a connection that was accepted.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is the data connection; the listening socket isn't needed any more.
    Take,
    /// A stranger (port stealing, CVE-1999-0351): close it, and go on listening.
    Refuse,
}

/// Whether the TLS session of a data connection has to be the control connection's, resumed. Who resumes proves that he is
/// the one of the control connection; servers such as vsftpd insist on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Resume {
    /// Try; another session is accepted.
    #[default]
    Wanted,
    /// Another session is refused.
    Required,
}

/// The state of the data connection; what a question was answered with is read from here by the machine.
#[derive(Debug)]
pub(crate) struct Data {
    channel: ChannelId,
    serial: u64,
    state: State,
    /// The open question was handed out, so that work may be under way outside.
    shown: bool,
    discard: Option<ChannelId>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum State {
    Idle,
    /// `Connect` is open.
    Connecting {
        address: SocketAddr,
        deadline: Instant,
    },
    /// `Listen` is open.
    Listening,
    /// It listens there.
    Bound(SocketAddr),
    /// `Accept` is open.
    Accepting {
        deadline: Instant,
        expected: Option<IpAddr>,
    },
    /// A connection stands; nothing moves. The address is the other side's.
    Open(SocketAddr),
    /// `SecureData` is open.
    Securing {
        deadline: Instant,
        resume: Resume,
    },
    /// TLS stands on the connection; nothing moves.
    Secured,
    /// `Stream` is open; the bytes that the adapter says it has moved.
    Streaming {
        moved: Option<u64>,
    },
    /// `Connect`, `Listen` or `Accept` failed.
    Failed(DataError),
    /// The stream has ended after this many bytes.
    Ended {
        end: StreamEnd,
        moved: u64,
    },
    /// `Cancel` is open.
    Cancelling,
}

impl Data {
    pub(crate) fn new() -> Self {
        Self { channel: ChannelId(0), serial: 0, state: State::Idle, shown: false, discard: None }
    }

    pub(crate) fn state(&self) -> State {
        self.state
    }

    /// A question waits for the outside.
    pub(crate) fn is_asking(&self) -> bool {
        matches!(
            self.state,
            State::Connecting { .. }
                | State::Listening
                | State::Accepting { .. }
                | State::Securing { .. }
                | State::Streaming { .. }
                | State::Cancelling
        )
    }

    /// When the open question runs out.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        match self.state {
            State::Connecting { deadline, .. }
            | State::Accepting { deadline, .. }
            | State::Securing { deadline, .. } => Some(deadline),
            _ => None,
        }
    }

    pub(crate) fn connect(&mut self, address: SocketAddr, deadline: Instant) {
        self.begin(State::Connecting { address, deadline });
    }

    pub(crate) fn listen(&mut self) {
        self.begin(State::Listening);
    }

    /// Who listens now waits for the other side; `expected` is the only host that may come.
    pub(crate) fn accept(&mut self, deadline: Instant, expected: Option<IpAddr>) {
        self.ask(State::Accepting { deadline, expected });
    }

    /// TLS before a byte moves.
    pub(crate) fn secure(&mut self, deadline: Instant, resume: Resume) {
        self.ask(State::Securing { deadline, resume });
    }

    pub(crate) fn stream(&mut self) {
        self.ask(State::Streaming { moved: None });
    }

    /// Nothing of it is needed any more: what runs outside is cancelled, what is open is discarded.
    pub(crate) fn drop_channel(&mut self) {
        match self.state {
            State::Idle | State::Cancelling => return,
            _ if self.is_asking() && self.shown => return self.ask(State::Cancelling),
            // A failed or ended channel is closed already, and one that was never shown doesn't exist outside.
            State::Bound(_)
            | State::Open(_)
            | State::Accepting { .. }
            | State::Securing { .. }
            | State::Secured
            | State::Streaming { .. } => {
                self.discard = Some(self.channel);
            }
            _ => {}
        }
        self.state = State::Idle;
    }

    /// The channel is closed already.
    pub(crate) fn forget(&mut self) {
        self.state = State::Idle;
    }

    /// The deadline of the open question has passed.
    pub(crate) fn time_out(&mut self) {
        self.discard = Some(self.channel);
        self.state = State::Failed(DataError::TimedOut);
    }

    /// What has to be closed by the application, once.
    pub(crate) fn take_discard(&mut self) -> Option<ChannelId> {
        self.discard.take()
    }

    /// Whether something is to be closed.
    pub(crate) fn has_discard(&self) -> bool {
        self.discard.is_some()
    }

    fn begin(&mut self, state: State) {
        self.drop_channel();
        self.channel = ChannelId(self.channel.0.wrapping_add(1));
        self.ask(state);
    }

    fn ask(&mut self, state: State) {
        self.serial = self.serial.wrapping_add(1);
        self.shown = false;
        self.state = state;
    }

    fn show(&mut self) -> &mut Self {
        self.shown = true;
        self
    }
}
