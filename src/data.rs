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

use core::fmt;
use core::net::{IpAddr, SocketAddr};
use core::ops::RangeInclusive;

use crate::command::Type;
use crate::time::Instant;
use crate::tls::TlsError;

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

/// What every question about the data connection tells.
macro_rules! question {
    ($name:ident { $($field:ident : $type:ty),* }) => {
        impl<'a> $name<'a> {
            pub(crate) fn new(data: &'a mut Data, wants_input: bool $(, $field: $type)*) -> Self {
                Self { data: data.show(), wants_input $(, $field)* }
            }

            /// Which data connection.
            pub fn channel(&self) -> ChannelId {
                self.data.channel
            }

            /// The same for the same question, however often it comes.
            pub fn serial(&self) -> u64 {
                self.data.serial
            }

            /// Whether the control connection may be read while this question is open.
            pub fn wants_input(&self) -> bool {
                self.wants_input
            }
        }
    };
}

/// Make a TCP connection to [`address`](Self::address).
#[must_use]
#[derive(Debug)]
pub struct Connect<'a> {
    data: &'a mut Data,
    wants_input: bool,
    address: SocketAddr,
    deadline: Instant,
}

question!(Connect { address: SocketAddr, deadline: Instant });

impl Connect<'_> {
    /// Where to.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// When to give up.
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// The connection stands.
    pub fn connected(self) {
        self.data.state = State::Open(self.address);
    }

    /// There is none; no socket is left.
    pub fn failed(self, why: DataError) {
        self.data.state = State::Failed(why);
    }
}

/// Listen on a port of [`ports`](Self::ports) at [`host`](Self::host).
#[must_use]
#[derive(Debug)]
pub struct Listen<'a> {
    data: &'a mut Data,
    wants_input: bool,
    host: IpAddr,
    ports: RangeInclusive<u16>,
}

question!(Listen { host: IpAddr, ports: RangeInclusive<u16> });

impl Listen<'_> {
    /// The address of this side of the control connection.
    pub fn host(&self) -> IpAddr {
        self.host
    }

    /// The ports to choose from, best at random; `0..=0`: whichever the system gives.
    pub fn ports(&self) -> RangeInclusive<u16> {
        self.ports.clone()
    }

    /// It listens there.
    pub fn listening(self, address: SocketAddr) {
        self.data.state = State::Bound(address);
    }

    /// It can't listen; no socket is left.
    pub fn failed(self, why: DataError) {
        self.data.state = State::Failed(why);
    }
}

/// Accept a connection on the listening socket of [`channel`](Self::channel).
#[must_use]
#[derive(Debug)]
pub struct Accept<'a> {
    data: &'a mut Data,
    wants_input: bool,
    deadline: Instant,
    expected: Option<IpAddr>,
}

question!(Accept { deadline: Instant, expected: Option<IpAddr> });

impl Accept<'_> {
    /// When to give up.
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Somebody has connected; the verdict says what to do with that connection. After a
    /// [`Verdict::Refuse`] the question is still open, and comes again.
    pub fn accepted(self, peer: SocketAddr) -> Verdict {
        let host = peer.ip().to_canonical();
        if self.expected.is_some_and(|expected| expected != host) {
            return Verdict::Refuse;
        }
        self.data.state = State::Open(SocketAddr::new(host, peer.port()));
        Verdict::Take
    }

    /// Nobody can connect any more: the listening socket is closed.
    pub fn failed(self, why: DataError) {
        self.data.state = State::Failed(why);
    }
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

/// Begin TLS on the data connection, resuming the control connection's session, before a byte moves.
#[must_use]
#[derive(Debug)]
pub struct SecureData<'a> {
    data: &'a mut Data,
    wants_input: bool,
    deadline: Instant,
    resume: Resume,
}

question!(SecureData { deadline: Instant, resume: Resume });

impl SecureData<'_> {
    /// When to give up.
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Whether the session has to be resumed.
    pub fn resume(&self) -> Resume {
        self.resume
    }

    /// The handshake is done, and has resumed the control connection's session.
    pub fn resumed(self) {
        self.data.state = State::Secured;
    }

    /// The handshake is done with a session of its own; the certificate is the control connection's.
    pub fn fresh(self) {
        self.data.state = match self.resume {
            Resume::Wanted => State::Secured,
            Resume::Required => {
                self.data.discard = Some(self.data.channel);
                State::Failed(DataError::Tls(TlsError::NotResumed))
            }
        };
    }

    /// There is no TLS on it, and the connection is closed.
    pub fn failed(self, why: TlsError) {
        self.data.state = State::Failed(DataError::Tls(why));
    }
}

/// Move the file's bytes, then close the data connection.
///
/// Close in order: who sends shuts down its sending side, reads to the end (under TLS after close_notify)
/// and closes; closing over unread bytes can destroy the tail.
#[must_use]
#[derive(Debug)]
pub struct Stream<'a> {
    data: &'a mut Data,
    wants_input: bool,
    direction: Direction,
    representation: Type,
    offset: u64,
    deadline: Option<Instant>,
}

question!(Stream { direction: Direction, representation: Type, offset: u64, deadline: Option<Instant> });

impl Stream<'_> {
    /// Which way the bytes go, seen from here.
    pub fn direction(&self) -> Direction {
        self.direction
    }

    /// The TYPE in force.
    pub fn representation(&self) -> Type {
        self.representation
    }

    /// Where in the file the first byte belongs, in bytes.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// When to poll again at the latest, if the stream isn't at its end before: a stalled transfer is given up, a long one
    /// keeps the control connection alive. Who only says [`finished`](Self::finished) forgoes both.
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// The stream goes on; `total` bytes were moved so far.
    pub fn moved(self, total: u64) {
        self.data.state = State::Streaming { moved: Some(total) };
    }

    /// The stream has ended after `total` bytes, and the connection is closed.
    pub fn finished(self, end: StreamEnd, total: u64) {
        self.data.state = State::Ended { end, moved: total };
    }
}

/// Stop the work that the question of this channel began (listening, connecting, accepting, moving bytes), and close its sockets.
#[must_use]
#[derive(Debug)]
pub struct Cancel<'a> {
    data: &'a mut Data,
    wants_input: bool,
}

question!(Cancel {});

impl Cancel<'_> {
    /// Nothing of it runs any more.
    pub fn cancelled(self) {
        self.data.state = State::Idle;
    }
}
