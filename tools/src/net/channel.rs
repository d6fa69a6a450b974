//! A TCP connection that may have TLS over it.

use std::fmt::Display;
use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use ftp_proto::server::Look;
use ftp_proto::{TlsError, TlsVersion};
use rustix::event::{PollFd, PollFlags};
use rustls::{Connection, Error, HandshakeKind, ProtocolVersion};

use super::data::{self, Ear};

/// A TCP connection, in plaintext until the [handshake](Self::begin). Its socket, std's or a stand-in for another's, doesn't block.
pub struct Channel<S = TcpStream> {
    socket: S,
    tls: Option<Box<Connection>>,
    /// Whether TLS holds decrypted bytes, which no poll of the socket would show.
    is_pending: bool,
    /// Whether this is a data connection, on which session tickets can wait.
    is_data: bool,
}

/// The result of a handshake: whether it resumed a session, or why it failed; each with a text.
pub type Shaken = (Result<bool, TlsError>, String);

/// The result of a step of a handshake.
pub enum Shake {
    /// The control connection can be read.
    Control,
    /// The handshake goes on.
    Again,
    /// The handshake has ended, with this result and its text.
    Done { result: Result<bool, TlsError>, how: String },
}

impl<S> Channel<S> {
    /// A control connection.
    pub fn new(socket: S) -> Self {
        Self { socket, tls: None, is_pending: false, is_data: false }
    }

    /// A data connection.
    pub fn data(socket: S) -> Self {
        Self { socket, tls: None, is_pending: false, is_data: true }
    }

    /// The same over another socket.
    pub fn over<T>(self, change: impl FnOnce(S) -> io::Result<T>) -> io::Result<Channel<T>> {
        let Self { socket, tls, is_pending, is_data } = self;
        Ok(Channel { socket: change(socket)?, tls, is_pending, is_data })
    }

    pub fn is_secure(&self) -> bool {
        self.tls.is_some()
    }

    /// The version of TLS that was agreed on.
    pub fn tls_version(&self) -> Option<TlsVersion> {
        self.tls.as_ref()?.protocol_version().map(tls_version)
    }

    /// The TCP connection.
    pub fn into_socket(self) -> S {
        self.socket
    }

    pub fn socket(&self) -> &S {
        &self.socket
    }

    pub fn socket_mut(&mut self) -> &mut S {
        &mut self.socket
    }

    /// Whether there are bytes to read without polling the socket.
    pub fn is_pending(&self) -> bool {
        self.is_pending
    }

    /// Whether TLS has bytes to send and waits for the socket.
    pub fn wants_write(&self) -> bool {
        self.tls.as_ref().is_some_and(|tls| tls.wants_write())
    }

    /// Ends the writing side; [`flush`](Write::flush) sends that.
    pub fn close_notify(&mut self) {
        if let Some(tls) = &mut self.tls {
            tls.send_close_notify();
        }
    }

    /// Whether what TLS has to say can be nothing but session tickets: a server's, after a handshake of TLS 1.3. They go out with
    /// whatever is written next, and after an upload with our goodbye. Sent at once they would lie unread before a client
    /// that only uploads, such as curl: its close would then be a reset, which destroys the end of what it sent. Those of
    /// a control connection go at once: clients such as wget look for them right after the handshake.
    fn holds_tickets(&self) -> bool {
        matches!(self.tls.as_deref(), Some(Connection::Server(tls))
            if self.is_data && !tls.is_handshaking() && tls.protocol_version() == Some(ProtocolVersion::TLSv1_3))
    }
}

impl<S: Read + Write> Channel<S> {
    /// Begins the handshake unless it has begun; then call [`speak`](Self::speak) and [`listen`](Self::listen) in turn.
    pub fn begin(&mut self, begin: impl FnOnce() -> Result<Connection, Error>) -> Option<Shaken> {
        if self.tls.is_none() {
            match begin() {
                Ok(tls) => self.tls = Some(Box::new(tls)),
                Err(error) => return Some(failed(TlsError::Unavailable, &error)),
            }
        }
        None
    }

    /// Sends the bytes of the handshake. `None`: it waits for the socket, to write if [`wants_write`](Self::wants_write) says so.
    pub fn speak(&mut self) -> Option<Shaken> {
        if !self.holds_tickets() {
            match self.flush() {
                Err(error) if error.kind() == ErrorKind::WouldBlock => return None,
                Err(error) => return Some(failed(TlsError::Handshake, &error)),
                Ok(()) => {}
            }
        }
        let tls = self.tls.as_ref().filter(|tls| !tls.is_handshaking())?;
        let resumed = tls.handshake_kind() == Some(HandshakeKind::Resumed);
        Some((Ok(resumed), description(tls.protocol_version(), resumed)))
    }

    /// Reads the other side's bytes of the handshake. `Some`: it has failed.
    pub fn listen(&mut self) -> Option<Shaken> {
        let tls = self.tls.as_mut()?;
        match tls.read_tls(&mut self.socket) {
            Ok(0) => return Some(failed(TlsError::Handshake, &io::Error::from(ErrorKind::UnexpectedEof))),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return None,
            Err(error) => return Some(failed(TlsError::Handshake, &error)),
            Ok(_) => {}
        }
        match tls.process_new_packets() {
            Ok(state) => {
                // The other side's first words may have come with the end of its handshake, and its last, too.
                self.is_pending = state.plaintext_bytes_to_read() > 0 || state.peer_has_closed();
                None
            }
            Err(error) => {
                // The other side is told why, if it still listens.
                let _ = self.flush();
                Some(failed(why(&error), &error))
            }
        }
    }
}

impl Channel {
    /// Does a step of the handshake, which `begin` begins; waits for either connection.
    pub fn shake<'a>(
        &mut self,
        begin: impl FnOnce() -> Result<Connection, Error>,
        ear: impl Into<Ear<'a>>,
        patience: Duration,
    ) -> io::Result<Shake> {
        let done = |(result, how)| Shake::Done { result, how };
        if let Some(shaken) = self.begin(begin).or_else(|| self.speak()) {
            return Ok(done(shaken));
        }
        let interest = if self.wants_write() { PollFlags::OUT } else { PollFlags::IN };
        let ready = data::wait(ear, Some(PollFd::new(&self.socket, interest)), Some(patience))?;
        if ready.control {
            return Ok(Shake::Control);
        }
        if !ready.data || interest == PollFlags::OUT {
            return Ok(Shake::Again);
        }
        Ok(self.listen().map_or(Shake::Again, done))
    }

    /// Ends TLS in order; plaintext follows. The other side has to end TLS, too, in this time: until then its records are read one by one, so
    /// that no plaintext after them is lost.
    pub fn stop_tls(&mut self, patience: Duration) -> io::Result<()> {
        self.close_notify();
        let deadline = Instant::now() + patience;
        while let Some(tls) = &mut self.tls {
            let interest = if tls.wants_write() { PollFlags::OUT } else { PollFlags::IN };
            let rest = deadline.saturating_duration_since(Instant::now());
            if !data::wait(None, Some(PollFd::new(&self.socket, interest)), Some(rest))?.data {
                if rest.is_zero() {
                    return Err(ErrorKind::TimedOut.into());
                }
                continue;
            }
            let result = if interest == PollFlags::OUT {
                tls.write_tls(&mut self.socket).map(|_| false)
            } else {
                read_record(tls, &self.socket)
            };
            match result {
                Ok(true) => self.tls = None,
                Err(error) if error.kind() != ErrorKind::WouldBlock => return Err(error),
                _ => {}
            }
        }
        self.is_pending = false;
        Ok(())
    }
}

/// A socket that can be read without regard to its cached readiness.
pub trait Glance {
    fn glance(&mut self, buffer: &mut [u8]) -> io::Result<usize>;
}

impl Glance for TcpStream {
    fn glance(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.read(buffer)
    }
}

struct Glancing<'s, S>(&'s mut S);

impl<S: Glance> Read for Glancing<'_, S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.glance(buffer)
    }
}

impl<S: Read> Read for Channel<S> {
    /// `WouldBlock` also if TLS received only messages of its own. Under TLS an end without close_notify is `UnexpectedEof`.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Self { socket, tls, is_pending, .. } = self;
        read(socket, tls.as_deref_mut(), is_pending, buffer)
    }
}

impl<S: Glance> Channel<S> {
    /// Hands the machine what has come, but no more than it wants, without waiting.
    pub fn look(&mut self, look: &mut Look<'_>) -> io::Result<()> {
        let mut buffer = [0; 4096];
        while look.wants_input() {
            match self.glance(&mut buffer) {
                Ok(count) => look.received(&buffer[..count]),
                // An end without close_notify.
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => look.received(&[]),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Reads what has come, first what TLS has decrypted. Unlike a read it goes on if TLS received only messages of its own.
    fn glance(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Self { socket, tls, is_pending, .. } = self;
        let (mut socket, mut tls) = (Glancing(socket), tls.as_deref_mut());
        if let Some(tls) = &mut tls {
            while !*is_pending && tls.read_tls(&mut socket)? > 0 {
                *is_pending = has_more(tls)?;
            }
        }
        read(&mut socket, tls, is_pending, buffer)
    }
}

fn read(
    socket: &mut impl Read,
    tls: Option<&mut Connection>,
    is_pending: &mut bool,
    buffer: &mut [u8],
) -> io::Result<usize> {
    let Some(tls) = tls else { return socket.read(buffer) };
    if !*is_pending {
        tls.read_tls(socket)?;
        has_more(tls)?;
    }
    let result = tls.reader().read(buffer);
    *is_pending = has_more(tls)?;
    result
}

/// Whether TLS has bytes to read, or the end.
fn has_more(tls: &mut Connection) -> io::Result<bool> {
    let state = tls.process_new_packets().map_err(|error| io::Error::new(ErrorKind::InvalidData, error))?;
    Ok(state.plaintext_bytes_to_read() > 0 || state.peer_has_closed())
}

impl<S: Write> Write for Channel<S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.tls.is_none() {
            return self.socket.write(bytes);
        }
        // One piece at a time: what waits for the socket is never more than rustls takes at once.
        self.flush()?;
        let count = self.tls.as_mut().map_or(Ok(0), |tls| tls.writer().write(bytes))?;
        match self.flush() {
            Err(error) if error.kind() != ErrorKind::WouldBlock => Err(error),
            _ => Ok(count),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        let Some(tls) = &mut self.tls else { return Ok(()) };
        while tls.wants_write() {
            tls.write_tls(&mut self.socket)?;
        }
        Ok(())
    }
}

/// Reads one TLS record, or what has come of it. `true`: it was close_notify.
fn read_record(tls: &mut Connection, socket: &TcpStream) -> io::Result<bool> {
    let mut header = [0; 5];
    let count = match socket.peek(&mut header)? {
        0 => return Err(ErrorKind::UnexpectedEof.into()),
        5 => 5 + u64::from(u16::from_be_bytes([header[3], header[4]])),
        // The header hasn't all come: it will, or the time runs out.
        _ => {
            std::thread::sleep(Duration::from_millis(10));
            return Err(ErrorKind::WouldBlock.into());
        }
    };
    let mut record = socket.take(count);
    while record.limit() > 0 {
        if tls.read_tls(&mut record)? == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
    }
    let state = tls.process_new_packets().map_err(|error| io::Error::new(ErrorKind::InvalidData, error))?;
    Ok(state.peer_has_closed())
}

fn failed(why: TlsError, error: &dyn Display) -> Shaken {
    (Err(why), error.to_string())
}

/// The machines' error for an error of the handshake.
fn why(error: &Error) -> TlsError {
    match error {
        Error::InvalidCertificate(_) => TlsError::Certificate,
        _ => TlsError::Handshake,
    }
}

/// The crate's version of TLS for rustls'.
pub fn tls_version(version: ProtocolVersion) -> TlsVersion {
    match version {
        ProtocolVersion::TLSv1_3 => TlsVersion::V1_3,
        ProtocolVersion::TLSv1_2 => TlsVersion::V1_2,
        _ => TlsVersion::Older,
    }
}

/// A text for the state of TLS.
fn description(version: Option<ProtocolVersion>, resumed: bool) -> String {
    let version = version.and_then(|version| version.as_str()).unwrap_or("TLS");
    format!("{version}, {}", if resumed { "session resumed" } else { "new session" })
}
