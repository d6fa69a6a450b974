//! The handles of the questions about the data connection.

use alloc::boxed::Box;
use core::net::{IpAddr, SocketAddr};
use core::ops::RangeInclusive;

use super::ending::{Ending, Relayed};
use super::state::{Closing, Data, Question, State, Streaming, Wait, What};
use super::words::{ChannelId, DataError, Direction, Moved, Resume, StreamEnd, Verdict};
use crate::command::{Form, Mode, Structure, Type};
use crate::reply::{Code, Reply};
use crate::time::Instant;
use crate::tls::TlsError;

/// The open question, as its handle.
#[must_use]
pub(crate) enum Asked<'a> {
    Connect(Connect<'a>),
    Listen(Listen<'a>),
    Accept(Accept<'a>),
    SecureData(SecureData<'a>),
    Stream(Stream<'a>),
}

impl Data {
    /// Hands the open question out; its time begins when it is handed out first. `None`: nothing is asked. `stream_by`: when
    /// who moves bytes has to poll again at the latest.
    pub(crate) fn question(
        &mut self,
        now: Instant,
        wants_input: bool,
        stream_by: Option<Instant>,
    ) -> Option<Asked<'_>> {
        let State::Asking(question) = &mut self.state else { return None };
        let deadline = match question.wait {
            Wait::Unshown(patience) => patience.map(|patience| now.after(patience)),
            Wait::Shown(deadline) => deadline,
        };
        question.wait = Wait::Shown(deadline);
        // Copied: the answer takes the question's place.
        Some(match (question.what.clone(), deadline) {
            (What::Connect { address, source_port }, Some(deadline)) => {
                Asked::Connect(Connect { data: self, wants_input, address, source_port, deadline })
            }
            (What::Listen { host, ports }, Some(deadline)) => {
                Asked::Listen(Listen { data: self, wants_input, host, ports, deadline })
            }
            (What::Accept { expected, .. }, Some(deadline)) => {
                Asked::Accept(Accept { data: self, wants_input, expected, deadline })
            }
            (What::SecureData { resume }, Some(deadline)) => {
                Asked::SecureData(SecureData { data: self, wants_input, resume, deadline })
            }
            (What::Stream(streaming), _) => {
                Asked::Stream(Stream { data: self, wants_input, streaming, deadline: stream_by })
            }
            // Only a stream has no deadline.
            (_, None) => return None,
        })
    }

    /// What isn't needed any more, as its handle.
    pub(crate) fn closing_question(&mut self, wants_input: bool) -> Option<Close<'_>> {
        let Closing::Asking(channel, serial) = self.closing else { return None };
        Some(Close { data: self, wants_input, channel, serial })
    }
}

/// What every question about the data connection tells.
macro_rules! question {
    ($name:ident) => {
        impl $name<'_> {
            /// Which data connection.
            pub fn channel(&self) -> ChannelId {
                self.data.channel()
            }

            /// The same for the same question, however often it comes.
            pub fn serial(&self) -> u64 {
                self.data.serial()
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
    source_port: Option<u16>,
    deadline: Instant,
}

question!(Connect);

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

    /// The connection was made.
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
    deadline: Instant,
}

question!(Listen);

impl Listen<'_> {
    /// The address of this side of the control connection.
    pub fn host(&self) -> IpAddr {
        self.host
    }

    /// The ports to choose from, best at random; `0..=0`: whichever the system gives.
    pub fn ports(&self) -> RangeInclusive<u16> {
        self.ports.clone()
    }

    /// When to give up: a port that isn't found by then counts as none.
    pub fn deadline(&self) -> Instant {
        self.deadline
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
    expected: Option<IpAddr>,
    deadline: Instant,
}

question!(Accept);

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
            self.data.send_away(host);
            return Verdict::Refuse;
        }
        self.data.state = State::Open(SocketAddr::new(host, peer.port()));
        Verdict::Take
    }

    /// The listening socket is closed, so that no connection can come any more.
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
    resume: Resume,
    deadline: Instant,
}

question!(SecureData);

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
        self.data.state = State::Secured { resumed: true };
    }

    /// The handshake is done with a session of its own; the certificate is the control connection's.
    pub fn fresh(self) {
        match self.resume {
            Resume::Wanted => self.data.state = State::Secured { resumed: false },
            Resume::Required => {
                self.data.close();
                self.data.state = State::Failed(DataError::Tls(TlsError::NotResumed));
            }
        }
    }

    /// There is no TLS on it, and the connection is closed.
    pub fn failed(self, why: TlsError) {
        self.data.state = State::Failed(DataError::Tls(why));
    }
}

/// Move the file's bytes, then close the data connection, or leave it for the next transfer.
///
/// It may be left where the end of the file was in the data, and where both ends know that: in MODE B, C and Z, and with
/// STRU R in MODE S ([`StreamEnd::Marked`]). A `Stream` that comes under the same [`channel`](Self::channel) again goes on there,
/// with what was read behind the mark.
///
/// Close in order: who sends shuts down its sending side, reads to the end (under TLS after close_notify)
/// and closes; closing over unread bytes can destroy the tail.
#[must_use]
#[derive(Debug)]
pub struct Stream<'a> {
    data: &'a mut Data,
    wants_input: bool,
    streaming: Streaming,
    deadline: Option<Instant>,
}

question!(Stream);

impl Stream<'_> {
    /// Which way the bytes go, seen from here.
    pub fn direction(&self) -> Direction {
        self.streaming.direction
    }

    /// The TYPE in force.
    pub fn representation(&self) -> Type {
        self.streaming.form.representation
    }

    /// The STRU in force.
    pub fn structure(&self) -> Structure {
        self.streaming.form.structure
    }

    /// The MODE in force.
    pub fn mode(&self) -> Mode {
        self.streaming.form.mode
    }

    /// All three: what a [`codec`](crate::codec) is made for, and whether the connection may stay
    /// ([`Form::marks_end`]).
    pub fn form(&self) -> Form {
        self.streaming.form
    }

    /// Where in the file the first byte belongs, in bytes.
    pub fn offset(&self) -> u64 {
        self.streaming.offset
    }

    /// Which attempt of its request this is: 1 for the first. A client whose server failed before a byte had moved tries
    /// the next route: the content begins anew then, from [`offset`](Self::offset). A server has one attempt a command.
    pub fn attempt(&self) -> u32 {
        self.streaming.attempt
    }

    /// When to poll again at the latest, if the stream isn't at its end before: a stalled transfer is given up, a long one
    /// keeps the control connection alive. Who only says [`finished`](Self::finished) forgoes both.
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// The stream goes on; `total` bytes were moved so far. Said with 0 as the stream begins, it also finds out one over which not
    /// a byte comes: the time of a stall begins with the first word.
    pub fn moved(self, total: u64) {
        let what = What::Stream(self.streaming.told(total));
        self.data.state = State::Asking(Question { what, wait: Wait::Shown(None) });
    }

    /// The stream has ended, and the connection is closed, or after [`StreamEnd::Marked`] stands: another `Stream` of its channel
    /// comes, or its `Close`. After [`Moved::Nothing`] a client may try another route with the same
    /// content from its start, so the content has to live until `Done`. To a server it is all the same; but what an upload has
    /// brought in order has to live until it is [kept](crate::server::Commit) or its `Close` is asked for.
    pub fn finished(self, end: StreamEnd, moved: Moved) {
        self.end(end, moved, None);
    }

    /// The same, and a server says it in these words; after an upload that has ended in order, once it is
    /// [kept](crate::server::Commit::kept). A client says nothing, and takes the end alone.
    pub fn finished_with(self, ending: &Ending<'_>, moved: Moved) {
        let words = Box::new(ending.reply().borrowed().into_owned());
        self.end(ending.end(), moved, Some(words));
    }

    /// The stream has ended, and the connection is closed; a server says the final reply that another server has given to
    /// the same transfer, if a client can take it for the end of a transfer. Else it says those words under 451. After a 1yz
    /// nothing has ended: the question stays open.
    pub fn relay(self, reply: &Reply<'_>, moved: Moved) -> Relayed {
        if reply.code().is_preliminary() {
            return Relayed::Pending;
        }
        if let Some(ending) = Ending::of(reply.borrowed()) {
            self.finished_with(&ending, moved);
            return Relayed::Verbatim;
        }
        self.end(StreamEnd::LocalError, moved, Some(Box::new(reply.with_code(Code::LOCAL_ERROR))));
        Relayed::LocalError
    }

    fn end(self, end: StreamEnd, moved: Moved, words: Option<Box<Reply<'static>>>) {
        self.data.state = State::Ended { end, moved, stands: self.streaming.stands_after(end), words };
    }
}

/// This channel isn't needed any more, whether work runs on it or not: stop what its questions began (listening, connecting,
/// accepting, moving bytes, keeping an upload), close its sockets, and give up what an upload has brought to a server and
/// wasn't kept.
///
/// It comes before every other question, and holds until it is answered; so the sockets of two channels are never open at
/// once. Nothing of a channel that was never heard of has to be closed.
#[must_use]
#[derive(Debug)]
pub struct Close<'a> {
    data: &'a mut Data,
    wants_input: bool,
    channel: ChannelId,
    serial: u32,
}

impl Close<'_> {
    /// Which data connection.
    pub fn channel(&self) -> ChannelId {
        self.channel
    }

    /// The same for the same question, however often it comes.
    pub fn serial(&self) -> u64 {
        self.serial.into()
    }

    /// Whether the control connection may be read while this question is open.
    pub fn wants_input(&self) -> bool {
        self.wants_input
    }

    /// Nothing of it runs any more, no socket of it is open, and so much of the file's content was moved. After
    /// [`Moved::Nothing`] a client may try another route with the same content from its start. To a server it is all the
    /// same.
    pub fn closed(self, moved: Moved) {
        self.data.closing = Closing::Closed(moved);
    }
}
