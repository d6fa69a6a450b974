//! Sockets: waits for two of them at once, listens, connects, and moves a file piece by piece.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, ErrorKind, Read, Write as _};
use std::net::{IpAddr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::ops::RangeInclusive;
use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

use ftp_proto::{ChannelId, ControlError, DataError, Listen, Moved, StreamEnd, Write};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustls::{Connection, Error};
use socket2::{Domain, Socket, Type};

use super::channel::{Channel, Shake};
pub use super::content::Content;
pub use super::flow::{Flow, LINGER, PIECE, Turn, local_end};

/// The sockets of a session's data connections, by the name that the machine gave them.
#[derive(Default)]
pub struct Sockets {
    listeners: BTreeMap<ChannelId, TcpListener>,
    dialled: BTreeMap<ChannelId, TcpStream>,
    flows: BTreeMap<ChannelId, Flow>,
}

/// The result of waiting for a connection.
pub enum Knock {
    /// The control connection has something to say.
    Control,
    Peer(Flow, SocketAddr),
    /// No connection came in this time.
    Nobody,
    Failed(DataError),
}

/// The result of connecting.
pub enum Dial {
    /// The control connection has something to say.
    Control,
    /// No answer came in this time.
    Nobody,
    Connected,
    Failed(DataError),
}

/// What a wait watches beside its data socket.
#[derive(Clone, Copy, Default)]
pub struct Ear<'a> {
    control: Option<&'a Channel>,
    alarm: Option<BorrowedFd<'a>>,
}

/// Which of the sockets can be used without waiting.
#[derive(Default)]
pub struct Ready {
    pub control: bool,
    pub data: bool,
}

/// Waits until a control connection can be read, a data socket is ready, or the time is over.
pub fn wait<'a>(ear: impl Into<Ear<'a>>, data: Option<PollFd<'_>>, patience: Option<Duration>) -> io::Result<Ready> {
    let Ear { control, alarm } = ear.into();
    if control.is_some_and(Channel::is_pending) {
        return Ok(Ready { control: true, data: false });
    }
    let has_data = data.is_some();
    let sockets = data.into_iter().chain(control.map(|control| PollFd::new(control.socket(), PollFlags::IN)));
    let mut sockets: Vec<PollFd<'_>> = sockets.collect();
    sockets.extend(alarm.map(|alarm| PollFd::from_borrowed_fd(alarm, PollFlags::IN)));
    let patience = patience.and_then(|patience| Timespec::try_from(patience).ok());
    match poll(&mut sockets, patience.as_ref()) {
        Err(rustix::io::Errno::INTR) => return Ok(Ready::default()),
        result => result?,
    };
    let mut ready = sockets.iter().map(|socket| !socket.revents().is_empty());
    let data = has_data && ready.next() == Some(true);
    Ok(Ready { control: ready.any(|ready| ready), data })
}

/// Listens on a port of the range, from a random one on: if the next port can be guessed, the connection can be stolen.
pub fn listen(host: IpAddr, ports: RangeInclusive<u16>) -> Result<TcpListener, DataError> {
    listen_on_link(SocketAddr::new(host, 0), ports)
}

/// The same at an address that may name a link, as a link-local one has to. Its port doesn't matter.
pub fn listen_on_link(host: SocketAddr, ports: RangeInclusive<u16>) -> Result<TcpListener, DataError> {
    let (first, count) = (*ports.start(), u64::from(ports.end().saturating_sub(*ports.start())) + 1);
    let random = RandomState::new().build_hasher().finish();
    let mut candidates = (0..count).map(|step| first + ((random % count + step) % count) as u16);
    let at = |port| {
        let mut address = host;
        address.set_port(port);
        address
    };
    let bound = candidates.find_map(|port| match TcpListener::bind(at(port)) {
        Err(error) if error.kind() == ErrorKind::AddrInUse => None,
        result => Some(result),
    });
    let listener = bound.ok_or(DataError::NoPort)?.map_err(|_| DataError::Local)?;
    // Who has connected can be gone again before `accept`, which then must not wait.
    listener.set_nonblocking(true).map_err(|_| DataError::Local)?;
    Ok(listener)
}

/// Begins to connect, from this host and, if possible, from this port.
pub fn dial(address: SocketAddr, source: Option<(IpAddr, Option<u16>)>) -> io::Result<TcpStream> {
    let begin = |source: Option<SocketAddr>| {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
        socket.set_nonblocking(true)?;
        if let Some(source) = source {
            // The port may still be in the memory of a connection that has ended.
            socket.set_reuse_address(true)?;
            socket.bind(&source.into())?;
        }
        match socket.connect(&address.into()) {
            Err(error) if error.raw_os_error() == Some(rustix::io::Errno::INPROGRESS.raw_os_error()) => {}
            result => result?,
        }
        Ok(socket.into())
    };
    let source = source.filter(|(host, _)| host.is_ipv4() == address.is_ipv4());
    let sources = source
        .into_iter()
        .flat_map(|(host, port)| [port, Some(0)].into_iter().flatten().map(move |port| SocketAddr::new(host, port)));
    let mut attempts = sources.map(|source| begin(Some(source)));
    match attempts.find(|attempt| !attempt.as_ref().is_err_and(is_about_source)) {
        Some(result) => result,
        None => begin(None),
    }
}

/// Whether the error means that the port can't be used: binding failed, or it has a connection to that address already.
fn is_about_source(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::AddrInUse | ErrorKind::AddrNotAvailable | ErrorKind::PermissionDenied)
}

/// Writes to a control connection that doesn't block, as much as it takes until the machine gives up. Tells the machine what can't be
/// written.
pub fn write(control: &mut Channel, write: Write<'_>, now: ftp_proto::Instant) {
    let patience = write.deadline().saturating_since(now);
    match say(control, write.bytes(), patience) {
        Ok(Some(count)) => write.wrote(count),
        // It comes again, and past its deadline something else does.
        Ok(None) => {}
        Err(error) => write.failed(control_error(&error)),
    }
}

/// Writes and flushes. Returns the number of bytes; `None`: nothing could be written in this time.
fn say(control: &mut Channel, bytes: &[u8], patience: Duration) -> io::Result<Option<usize>> {
    let deadline = Instant::now() + patience;
    let mut count = None;
    loop {
        let result = match count {
            None => control.write(bytes).map(|written| count = Some(written)),
            Some(count) => match control.flush() {
                Ok(()) => return Ok(Some(count)),
                Err(error) => Err(error),
            },
        };
        match result {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                let rest = deadline.saturating_duration_since(Instant::now());
                let room = PollFd::new(control.socket(), PollFlags::OUT);
                if !wait(None, Some(room), Some(rest))?.data && rest.is_zero() {
                    // What TLS has taken and couldn't pass on is neither written nor to be said again.
                    return if count.is_some() { Err(ErrorKind::TimedOut.into()) } else { Ok(None) };
                }
            }
            result => result?,
        }
    }
}

/// The machines' error for an error of a control connection.
pub fn control_error(error: &io::Error) -> ControlError {
    match error.kind() {
        ErrorKind::BrokenPipe
        | ErrorKind::ConnectionReset
        | ErrorKind::ConnectionAborted
        | ErrorKind::NotConnected
        | ErrorKind::WriteZero
        | ErrorKind::UnexpectedEof => ControlError::Closed,
        ErrorKind::TimedOut | ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => ControlError::TimedOut,
        _ => ControlError::Local,
    }
}

/// What remains of an error while reading a control connection: its end isn't an error here.
pub fn is_end(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe
    )
}

/// Closes a control connection in order: closing while bytes are unread would send a reset, which can destroy the last
/// reply before it is read.
pub fn close(mut control: Channel) -> io::Result<()> {
    control.close_notify();
    control.flush()?;
    control.socket().shutdown(Shutdown::Write)?;
    let begun = Instant::now();
    while let Some(patience) = LINGER.checked_sub(begun.elapsed()) {
        if wait(Some(&control), None, Some(patience))?.control {
            match control.read(&mut [0; 1024]) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Ok(0) => break,
                result => drop(result?),
            }
        }
    }
    Ok(())
}

/// The machines' error for an error of a socket.
pub fn why(error: &io::Error) -> DataError {
    match error.kind() {
        ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset => DataError::Refused,
        ErrorKind::TimedOut => DataError::TimedOut,
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => DataError::Unreachable,
        _ => DataError::Local,
    }
}

impl<'a> From<Option<&'a Channel>> for Ear<'a> {
    fn from(control: Option<&'a Channel>) -> Self {
        Self { control, alarm: None }
    }
}

impl<'a> Ear<'a> {
    /// The control connection, if it may be read, and what becomes readable at the end of the server.
    pub fn new(control: Option<&'a Channel>, alarm: Option<BorrowedFd<'a>>) -> Self {
        Self { control, alarm }
    }
}

impl Sockets {
    /// Listens, or says why not.
    pub fn listen(&mut self, question: Listen<'_>) {
        let listening = listen(question.host(), question.ports())
            .and_then(|listener| Ok((listener.local_addr().map_err(|_| DataError::Local)?, listener)));
        match listening {
            Ok((address, listener)) => {
                self.listeners.insert(question.channel(), listener);
                question.listening(address);
            }
            Err(why) => question.failed(why),
        }
    }

    /// Connects from this host and, if possible, from this port, or goes on with that; waits for either connection.
    pub fn connect<'a>(
        &mut self,
        channel: ChannelId,
        address: SocketAddr,
        source: (IpAddr, Option<u16>),
        ear: impl Into<Ear<'a>>,
        patience: Duration,
    ) -> io::Result<Dial> {
        let socket = match self.dialled.remove(&channel) {
            Some(socket) => socket,
            None => match dial(address, Some(source)) {
                Ok(socket) => socket,
                Err(error) => return Ok(Dial::Failed(why(&error))),
            },
        };
        let ready = wait(ear, Some(PollFd::new(&socket, PollFlags::OUT)), Some(patience))?;
        if !ready.data {
            self.dialled.insert(channel, socket);
            return Ok(if ready.control { Dial::Control } else { Dial::Nobody });
        }
        match socket.take_error()?.map_or_else(|| Flow::new(socket), Err) {
            Ok(flow) => {
                self.flows.insert(channel, flow);
                Ok(Dial::Connected)
            }
            Err(error) => Ok(Dial::Failed(why(&error))),
        }
    }

    /// Waits for a connection, or until the control connection can be read.
    pub fn accept<'a>(&self, channel: ChannelId, ear: impl Into<Ear<'a>>, patience: Duration) -> io::Result<Knock> {
        let listener = self.listeners.get(&channel).ok_or_else(|| io::Error::other("nothing listens"))?;
        let ready = wait(ear, Some(PollFd::new(listener, PollFlags::IN)), Some(patience))?;
        // Who has connected comes first: the control connection's end may be behind what he brings.
        if !ready.data {
            return Ok(if ready.control { Knock::Control } else { Knock::Nobody });
        }
        match listener.accept() {
            Ok((socket, address)) => Ok(Knock::Peer(Flow::new(socket)?, address)),
            // Who has connected is gone again.
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::ConnectionAborted) => {
                Ok(Knock::Nobody)
            }
            Err(error) => Ok(Knock::Failed(why(&error))),
        }
    }

    /// Replaces the listening socket by the connection.
    pub fn take(&mut self, channel: ChannelId, flow: Flow) {
        self.listeners.remove(&channel);
        self.flows.insert(channel, flow);
    }

    /// Waits for either connection, then goes on with the handshake that `begin` begins; a failure closes the connection.
    pub fn shake<'a>(
        &mut self,
        channel: ChannelId,
        begin: impl FnOnce() -> Result<Connection, Error>,
        ear: impl Into<Ear<'a>>,
        patience: Duration,
    ) -> io::Result<Shake> {
        let flow = self.flow(channel)?;
        let shake = flow.shake(begin, ear, patience)?;
        if let Shake::Done { result: Err(_), .. } = shake {
            self.close(channel);
        }
        Ok(shake)
    }

    /// Waits for either connection, then moves one piece; the end closes the connection, unless it is in the data. `patience`: until the machine wants
    /// to know how far it is.
    pub fn turn<'a>(
        &mut self,
        channel: ChannelId,
        ear: impl Into<Ear<'a>>,
        content: &mut Content<'_>,
        patience: Option<Duration>,
    ) -> io::Result<Turn> {
        let turn = self.flow(channel)?.turn(ear, content, patience)?;
        match turn {
            Turn::Ended(StreamEnd::Marked, _) => self.flow(channel)?.rest(),
            Turn::Ended(..) => drop(self.close(channel)),
            Turn::Control | Turn::Moved(_) => {}
        }
        Ok(turn)
    }

    /// Takes what has come and wasn't read yet, if it is this content's: because bytes were moving to it, or `is_open`. Until the
    /// end, or nothing comes for so long. There is one data connection at a time, and it is to be [closed](Self::close) then.
    pub fn salvage(&mut self, content: &mut Content<'_>, silence: Duration, is_open: bool) {
        self.flows.values_mut().for_each(|flow| flow.salvage(content, silence, is_open));
    }

    /// Closes the sockets of this data connection, whatever it was doing. Returns how much was moved over it.
    pub fn close(&mut self, channel: ChannelId) -> Moved {
        self.listeners.remove(&channel);
        self.dialled.remove(&channel);
        self.flows.remove(&channel).map_or(Moved::Nothing, |flow| flow.taken().into())
    }

    fn flow(&mut self, channel: ChannelId) -> io::Result<&mut Flow> {
        self.flows.get_mut(&channel).ok_or_else(|| io::Error::other("no data connection"))
    }
}
