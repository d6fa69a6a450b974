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

/// The handle of the open question.
#[must_use]
pub(crate) enum Asked<'a> {
    Connect(Connect<'a>),
    Listen(Listen<'a>),
    Accept(Accept<'a>),
    SecureData(SecureData<'a>),
    Stream(Stream<'a>),
}

impl Data {
    /// Hands out the open question; its time runs from when it is first handed out. `None`: no question is open. `stream_by`: the deadline
    /// of a `Stream`.
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
        // Cloned, since the answer replaces the question.
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

    /// Hands out `Close`, if it is open.
    pub(crate) fn closing_question(&mut self, wants_input: bool) -> Option<Close<'_>> {
        let Closing::Asking(channel, serial) = self.closing else { return None };
        Some(Close { data: self, wants_input, channel, serial })
    }
}

/// The methods that every question about the data connection has.
macro_rules! question {
    ($name:ident) => {
        impl $name<'_> {
            /// The data connection that is meant.
            pub fn channel(&self) -> ChannelId {
                self.data.channel()
            }

            /// The same each time this question comes, and different for every other question about a data connection.
            pub fn serial(&self) -> u64 {
                self.data.serial()
            }

            /// Whether the machine wants to be handed input while this question is open. If not, leave the control connection unread.
            pub fn wants_input(&self) -> bool {
                self.wants_input
            }
        }
    };
}

/// Make a TCP connection to [`address`](Self::address).
///
/// ```
/// use std::net::TcpStream;
/// use ftp_proto::{Connect, DataError};
/// # const _: fn(Connect<'_>, std::time::Duration) -> Option<TcpStream> = connect;
/// fn connect(connect: Connect<'_>, until_deadline: std::time::Duration) -> Option<TcpStream> {
///     match TcpStream::connect_timeout(&connect.address(), until_deadline) {
///         Ok(socket) => {
///             connect.connected();
///             Some(socket)
///         }
///         Err(_) => {
///             connect.failed(DataError::Refused); // a client goes on to the next route
///             None
///         }
///     }
/// }
/// ```
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
    /// The address to connect to.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// When to give up. A poll at that moment or later takes the question as failed, and asks for [`Close`] instead.
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// The local port to connect from, if the adapter can. RFC 959 3.2 gives a server the port below that of its control connection (20),
    /// which some firewalls expect. `None`: any port.
    pub fn source_port(&self) -> Option<u16> {
        self.source_port
    }

    /// Answers that the connection was made.
    pub fn connected(self) {
        self.data.state = State::Open(self.address);
    }

    /// Answers that the connection could not be made, and no socket is left open.
    pub fn failed(self, why: DataError) {
        self.data.state = State::Failed(why);
    }
}

/// Listen on a port of [`ports`](Self::ports) at [`host`](Self::host).
///
/// ```
/// use std::net::TcpListener;
/// use ftp_proto::{DataError, Listen};
/// # const _: fn(Listen<'_>) -> Option<TcpListener> = listen;
/// fn listen(listen: Listen<'_>) -> Option<TcpListener> {
///     let sockets = listen.ports().map(|port| TcpListener::bind((listen.host(), port))).find_map(Result::ok);
///     match sockets.as_ref().and_then(|socket| socket.local_addr().ok()) {
///         Some(address) => listen.listening(address),
///         None => listen.failed(DataError::NoPort),
///     }
///     sockets
/// }
/// ```
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
    /// The local address to listen at: this side's end of the control connection.
    pub fn host(&self) -> IpAddr {
        self.host
    }

    /// The ports to choose from, best at random. `0..=0`: any port that the system gives.
    pub fn ports(&self) -> RangeInclusive<u16> {
        self.ports.clone()
    }

    /// When to give up. A poll at that moment or later takes the question as failed, and asks for [`Close`] instead.
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Answers that a socket listens at this local address.
    pub fn listening(self, address: SocketAddr) {
        self.data.state = State::Bound(address);
    }

    /// Answers that no port could be listened on, and no socket is left open.
    pub fn failed(self, why: DataError) {
        self.data.state = State::Failed(why);
    }
}

/// Accept a connection on the listening socket of [`channel`](Self::channel).
///
/// ```
/// use std::net::{TcpListener, TcpStream};
/// use ftp_proto::{Accept, DataError, Verdict};
/// # const _: fn(Accept<'_>, &TcpListener) -> Option<TcpStream> = accept;
/// fn accept(accept: Accept<'_>, listener: &TcpListener) -> Option<TcpStream> {
///     match listener.accept() {
///         Ok((socket, peer)) => match accept.accepted(peer) {
///             Verdict::Take => Some(socket),
///             Verdict::Refuse => None, // closed here; `Accept` comes again
///         },
///         Err(_) => {
///             accept.failed(DataError::Local);
///             None
///         }
///     }
/// }
/// ```
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
    /// When to give up. A poll at that moment or later takes the question as failed, and asks for [`Close`] instead.
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Answers that a connection from `peer` was accepted. The verdict says what to do with it. After [`Verdict::Refuse`] the question is
    /// still open, and comes again.
    pub fn accepted(self, peer: SocketAddr) -> Verdict {
        let host = peer.ip().to_canonical();
        if self.expected.is_some_and(|expected| expected != host) {
            self.data.send_away(host);
            return Verdict::Refuse;
        }
        self.data.state = State::Open(SocketAddr::new(host, peer.port()));
        Verdict::Take
    }

    /// Answers that no connection can be accepted any more, and the listening socket is closed.
    pub fn failed(self, why: DataError) {
        self.data.state = State::Failed(why);
    }
}

/// Begin TLS on the data connection before a byte moves, best by resuming the session of the control connection (RFC 4217 9). A client is the
/// TLS client here, too, whichever side made the connection.
///
/// ```
/// use ftp_proto::{SecureData, TlsError};
/// # const _: fn(SecureData<'_>, Result<bool, TlsError>) = secured;
/// fn secured(secure: SecureData<'_>, handshake: Result<bool, TlsError>) {
///     match handshake {
///         Ok(true) => secure.resumed(),
///         Ok(false) => secure.fresh(), // a new session, which the machine may refuse
///         Err(why) => secure.failed(why),
///     }
/// }
/// ```
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
    /// When to give up. A poll at that moment or later takes the question as failed, and asks for [`Close`] instead.
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Whether the session has to be resumed.
    pub fn resume(&self) -> Resume {
        self.resume
    }

    /// Answers that the handshake is done, and has resumed the control connection's session.
    pub fn resumed(self) {
        self.data.state = State::Secured { resumed: true };
    }

    /// Answers that the handshake is done with a new session. A client has checked that the certificate is the control connection's. If
    /// resumption is [required](Resume::Required), the connection counts as failed, and [`Close`] is asked for it.
    pub fn fresh(self) {
        match self.resume {
            Resume::Wanted => self.data.state = State::Secured { resumed: false },
            Resume::Required => {
                self.data.close();
                self.data.state = State::Failed(DataError::Tls(TlsError::NotResumed));
            }
        }
    }

    /// Answers that the handshake failed, and the connection is closed.
    pub fn failed(self, why: TlsError) {
        self.data.state = State::Failed(DataError::Tls(why));
    }
}

/// Move the file's bytes, then close the data connection, or leave it open for the next transfer.
///
/// It may stay open where the end of the file is marked in the data: in MODE B, C and Z, and with STRU R in MODE S
/// ([`StreamEnd::Marked`]). The next `Stream` of the same [`channel`](Self::channel) goes on with it, from what was read behind the mark.
///
/// Close in order: the sender shuts down its sending side (under TLS after close_notify), reads to the end, and closes. Closing while bytes
/// are unread can destroy the end of the file at the other side.
///
/// ```
/// use std::io::{Read, Write};
/// use ftp_proto::{Direction, Moved, Stream, StreamEnd};
/// # fn check() { let _: fn(Stream<'_>, std::io::Empty, &mut Vec<u8>) = stream; }
/// fn stream(stream: Stream<'_>, mut data: impl Read + Write, file: &mut Vec<u8>) {
///     let moved = match stream.direction() {
///         Direction::Receive => data.read_to_end(file).map(|count| count as u64),
///         Direction::Send => data.write_all(file).map(|()| file.len() as u64),
///     };
///     match moved {
///         Ok(count) => stream.finished(StreamEnd::Clean, count.into()),
///         Err(_) => stream.finished(StreamEnd::Truncated, Moved::Bytes(0)),
///     }
/// }
/// ```
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
    /// Which way the bytes go, seen from this side.
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

    /// TYPE, STRU and MODE in force, from which a [`codec`](crate::codec) is made. [`Form::marks_end`] tells whether the connection may
    /// stay open.
    pub fn form(&self) -> Form {
        self.streaming.form
    }

    /// Where the first byte belongs, in bytes from the start of the file (REST, RANG).
    pub fn offset(&self) -> u64 {
        self.streaming.offset
    }

    /// The number of this stream within its request, from 1. If a client's server fails before a byte has moved, the next route is tried:
    /// the content then begins anew, from [`offset`](Self::offset). A server has only one attempt for each command.
    pub fn attempt(&self) -> u32 {
        self.streaming.attempt
    }

    /// When to poll again, if the stream hasn't ended by then: the machine then gives up a stalled transfer, or keeps the control
    /// connection alive. An adapter that answers only with [`finished`](Self::finished) has neither. `None`: nothing has to be done while
    /// bytes move.
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Tells that `total` bytes have moved since the stream began, and that it goes on. The time of a stall runs from the first call, so
    /// call it with 0 as the stream begins: then a stream over which no byte ever comes is found, too.
    pub fn moved(self, total: u64) {
        let what = What::Stream(self.streaming.told(total));
        self.data.state = State::Asking(Question { what, wait: Wait::Shown(None) });
    }

    /// Answers that the stream has ended. The connection is closed; after [`StreamEnd::Marked`] it is still open, and another `Stream` of
    /// its channel comes, or its [`Close`].
    ///
    /// A client keeps the content until `Done`: after [`Moved::Nothing`] it may be asked to begin anew on another route. A server keeps
    /// what a whole upload has brought until [`Commit`](crate::server::Commit) or [`Close`] comes.
    pub fn finished(self, end: StreamEnd, moved: Moved) {
        self.end(end, moved, None);
    }

    /// As [`finished`](Self::finished), and the server's final reply is this one; after a whole upload it is sent once that is
    /// [kept](crate::server::Commit::kept). A client sends nothing, and only takes the end.
    pub fn finished_with(self, ending: &Ending<'_>, moved: Moved) {
        let words = Box::new(ending.reply().borrowed().into_owned());
        self.end(ending.end(), moved, Some(words));
    }

    /// For a proxy: as [`finished`](Self::finished), with the final reply that another server gave to the same transfer. A reply that can't
    /// end a transfer is sent with the code 451. A 1yz ends nothing: the question stays open.
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

/// Close this channel, which isn't needed any more: stop the work that its questions began (listening, connecting, accepting, moving bytes,
/// keeping an upload), close its sockets, and, on a server, drop what came of an upload and wasn't kept.
///
/// `Close` comes before every other question and stays until it is answered, so the sockets of two channels are never open at once. If the
/// adapter holds nothing of the channel, it just answers [`closed`](Self::closed).
///
/// ```
/// use ftp_proto::{Close, Moved};
/// fn close(socket: &mut Option<std::net::TcpStream>, close: Close<'_>) {
///     *socket = None;
///     close.closed(Moved::Nothing);
/// }
/// ```
#[must_use]
#[derive(Debug)]
pub struct Close<'a> {
    data: &'a mut Data,
    wants_input: bool,
    channel: ChannelId,
    serial: u32,
}

impl Close<'_> {
    /// The data connection that is meant.
    pub fn channel(&self) -> ChannelId {
        self.channel
    }

    /// The same each time this question comes, and different for every other question about a data connection.
    pub fn serial(&self) -> u64 {
        self.serial.into()
    }

    /// Whether the machine wants to be handed input while this question is open. If not, leave the control connection unread.
    pub fn wants_input(&self) -> bool {
        self.wants_input
    }

    /// Answers that no work on the channel runs, no socket of it is open, and this much of the file's content was moved. After
    /// [`Moved::Nothing`] a client may try another route with the same content; a server ignores it.
    pub fn closed(self, moved: Moved) {
        self.data.closing = Closing::Closed(moved);
    }
}
