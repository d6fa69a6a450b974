//! The actions that ask for something to be done to the data connection.

use core::net::{IpAddr, SocketAddr};
use core::ops::RangeInclusive;

use super::{ChannelId, Data, DataError, Direction, Resume, State, StreamEnd, Verdict};
use crate::command::{Form, Mode, Structure, Type};
use crate::time::Instant;
use crate::tls::TlsError;

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
    source_port: Option<u16>,
}

question!(Connect { address: SocketAddr, deadline: Instant, source_port: Option<u16> });

impl Connect<'_> {
    /// Where to.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// When to give up.
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// The port to come from, if the adapter may have it: a wish. RFC 959 3.2 gives a server the one below its control
    /// connection's (20), which some firewalls wait for.
    pub fn source_port(&self) -> Option<u16> {
        self.source_port
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
    form: Form,
    offset: u64,
    deadline: Option<Instant>,
}

question!(Stream { direction: Direction, form: Form, offset: u64, deadline: Option<Instant> });

impl Stream<'_> {
    /// Which way the bytes go, seen from here.
    pub fn direction(&self) -> Direction {
        self.direction
    }

    /// The TYPE in force.
    pub fn representation(&self) -> Type {
        self.form.representation
    }

    /// The STRU in force.
    pub fn structure(&self) -> Structure {
        self.form.structure
    }

    /// The MODE in force.
    pub fn mode(&self) -> Mode {
        self.form.mode
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

    /// The stream has ended after `total` bytes, and the connection is closed. Sending, what was taken from the file counts,
    /// sent or not: with a `total` of 0 the client may try another way with the same file from its start.
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
