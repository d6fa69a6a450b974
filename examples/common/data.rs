//! Sockets: waiting for two of them at once, listening, and moving a file a piece at a time.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::ops::{Range, RangeInclusive};
use std::time::{Duration, Instant};

use ftp_proto::{ChannelId, DataError, StreamEnd};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustls::{Connection, Error};

use super::channel::{Channel, Shake};
pub use super::content::Content;

/// How much is moved at most before the control connection is looked at again.
pub const PIECE: usize = 128 * 1024;
/// A data connection on which nothing moves for so long is given up.
const STALL: Duration = Duration::from_secs(120);
/// How long who sends waits for the other side to close, once everything is sent.
pub const LINGER: Duration = Duration::from_secs(2);

/// The sockets of a session's data connections, by the name that the machine gave them.
#[derive(Default)]
pub struct Sockets {
    listeners: BTreeMap<ChannelId, TcpListener>,
    flows: BTreeMap<ChannelId, Flow>,
}

/// A data connection while bytes move over it.
pub struct Flow {
    channel: Channel,
    buffer: Vec<u8>,
    /// What was read from the source, and isn't sent yet.
    unsent: Range<usize>,
    /// The source is at its end.
    is_drained: bool,
    /// All is sent, and the sending side is shut down.
    shut: bool,
    total: u64,
    /// When something moved last.
    stirred: Instant,
}

/// What waiting for somebody to connect brought.
pub enum Knock {
    /// The control connection has something to say.
    Control,
    Peer(Flow, SocketAddr),
    /// Nobody in that time.
    Nobody,
    Failed(DataError),
}

/// What a turn of a [`Flow`] brought.
pub enum Turn {
    /// The control connection has something to say.
    Control,
    /// So many bytes were moved so far.
    Moved(u64),
    /// The transfer has ended, after so many bytes.
    Ended(StreamEnd, u64),
}

/// Which of the sockets can be used without waiting.
#[derive(Default)]
pub struct Ready {
    pub control: bool,
    pub data: bool,
}

/// Waits for a control connection to have something to read, for a data socket, or for the time to pass.
pub fn wait(control: Option<&Channel>, data: Option<PollFd<'_>>, patience: Option<Duration>) -> io::Result<Ready> {
    if control.is_some_and(Channel::is_pending) {
        return Ok(Ready { control: true, data: false });
    }
    let has_data = data.is_some();
    let mut sockets: Vec<PollFd<'_>> = data.into_iter().collect();
    sockets.extend(control.map(|control| PollFd::new(control.socket(), PollFlags::IN)));
    let patience = patience.and_then(|patience| Timespec::try_from(patience).ok());
    match poll(&mut sockets, patience.as_ref()) {
        Err(rustix::io::Errno::INTR) => return Ok(Ready::default()),
        result => result?,
    };
    let mut ready = sockets.iter().map(|socket| !socket.revents().is_empty());
    let data = has_data && ready.next() == Some(true);
    Ok(Ready { control: ready.next() == Some(true), data })
}

/// Listens on a port of the range, begun at a random place: who can guess the next port can steal the connection.
pub fn listen(host: IpAddr, ports: RangeInclusive<u16>) -> Result<TcpListener, DataError> {
    let (first, count) = (*ports.start(), u64::from(ports.end().saturating_sub(*ports.start())) + 1);
    let random = RandomState::new().build_hasher().finish();
    let mut candidates = (0..count).map(|step| first + ((random % count + step) % count) as u16);
    let bound = candidates.find_map(|port| match TcpListener::bind(SocketAddr::new(host, port)) {
        Err(error) if error.kind() == ErrorKind::AddrInUse => None,
        result => Some(result),
    });
    let listener = bound.ok_or(DataError::NoPort)?.map_err(|_| DataError::Local)?;
    // Who has connected can be gone again before `accept`, which then must not wait.
    listener.set_nonblocking(true).map_err(|_| DataError::Local)?;
    Ok(listener)
}

/// Closes a control connection in order: over unread bytes a close would be a reset, which can destroy the last
/// reply before it is read.
pub fn close(mut control: Channel) -> io::Result<()> {
    control.close_notify();
    control.flush()?;
    control.socket().shutdown(Shutdown::Write)?;
    let begun = Instant::now();
    while let Some(patience) = LINGER.checked_sub(begun.elapsed()) {
        if wait(Some(&control), None, Some(patience))?.control && control.read(&mut [0; 1024])? == 0 {
            break;
        }
    }
    Ok(())
}

/// What an error of a socket means for the machines.
pub fn why(error: &io::Error) -> DataError {
    match error.kind() {
        ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset => DataError::Refused,
        ErrorKind::TimedOut => DataError::TimedOut,
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => DataError::Unreachable,
        _ => DataError::Local,
    }
}

impl Sockets {
    pub fn listen(
        &mut self,
        channel: ChannelId,
        host: IpAddr,
        ports: RangeInclusive<u16>,
    ) -> Result<SocketAddr, DataError> {
        let listener = listen(host, ports)?;
        let address = listener.local_addr().map_err(|_| DataError::Local)?;
        self.listeners.insert(channel, listener);
        Ok(address)
    }

    /// Connects, in time.
    pub fn connect(&mut self, channel: ChannelId, address: SocketAddr, patience: Duration) -> Result<(), DataError> {
        let socket = TcpStream::connect_timeout(&address, patience.max(Duration::from_millis(1)));
        let flow = socket.and_then(Flow::new).map_err(|error| why(&error))?;
        self.flows.insert(channel, flow);
        Ok(())
    }

    /// Waits for somebody to connect, or for the control connection to have something to say.
    pub fn accept(&self, channel: ChannelId, control: Option<&Channel>, patience: Duration) -> io::Result<Knock> {
        let listener = self.listeners.get(&channel).ok_or_else(|| io::Error::other("nothing listens"))?;
        let ready = wait(control, Some(PollFd::new(listener, PollFlags::IN)), Some(patience))?;
        if ready.control {
            return Ok(Knock::Control);
        }
        if !ready.data {
            return Ok(Knock::Nobody);
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

    /// Who has connected takes the listening socket's place.
    pub fn take(&mut self, channel: ChannelId, flow: Flow) {
        self.listeners.remove(&channel);
        self.flows.insert(channel, flow);
    }

    /// Waits for either connection, then goes on with the handshake that `begin` begins; a failure closes the connection.
    pub fn shake(
        &mut self,
        channel: ChannelId,
        begin: impl FnOnce() -> Result<Connection, Error>,
        control: Option<&Channel>,
        patience: Duration,
    ) -> io::Result<Shake> {
        let flow = self.flow(channel)?;
        flow.stirred = Instant::now();
        let shake = flow.channel.shake(begin, control, patience)?;
        if let Shake::Done { result: Err(_), .. } = shake {
            self.close(channel);
        }
        Ok(shake)
    }

    /// Waits for either connection, then moves one piece; the end closes the connection.
    pub fn turn(
        &mut self,
        channel: ChannelId,
        control: Option<&Channel>,
        content: &mut Content<'_>,
    ) -> io::Result<Turn> {
        let turn = self.flow(channel)?.turn(control, content)?;
        if let Turn::Ended(..) = turn {
            self.close(channel);
        }
        Ok(turn)
    }

    pub fn close(&mut self, channel: ChannelId) {
        self.listeners.remove(&channel);
        self.flows.remove(&channel);
    }

    fn flow(&mut self, channel: ChannelId) -> io::Result<&mut Flow> {
        self.flows.get_mut(&channel).ok_or_else(|| io::Error::other("no data connection"))
    }
}

impl Flow {
    pub fn new(socket: TcpStream) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        Ok(Self {
            channel: Channel::new(socket),
            buffer: vec![0; PIECE],
            unsent: 0..0,
            is_drained: false,
            shut: false,
            total: 0,
            stirred: Instant::now(),
        })
    }

    /// Waits for either connection, then moves one piece.
    pub fn turn(&mut self, control: Option<&Channel>, content: &mut Content<'_>) -> io::Result<Turn> {
        let sends = matches!(content, Content::Source(_)) && !self.shut;
        if sends || !self.channel.is_pending() {
            let interest = PollFd::new(self.channel.socket(), if sends { PollFlags::OUT } else { PollFlags::IN });
            let patience = if self.shut { LINGER } else { STALL };
            let ready = wait(control, Some(interest), Some(patience.saturating_sub(self.stirred.elapsed())))?;
            if ready.control {
                return Ok(Turn::Control);
            }
            if !ready.data {
                // Over the linger time nothing is lost: all was sent, and the other side was told that it is all.
                let end = if self.shut { StreamEnd::Clean } else { StreamEnd::Truncated };
                return Ok(if self.stirred.elapsed() < patience { self.moved() } else { Turn::Ended(end, self.total) });
            }
        }
        self.stirred = Instant::now();
        let end = match content {
            Content::Source(source) if !self.shut => self.send(source),
            Content::Source(_) => self.drain(),
            Content::Sink(sink) => self.receive(sink),
        };
        // What was taken from a source counts, sent or not: on another connection it would be missing.
        let taken = self.total + self.unsent.len() as u64;
        Ok(end.map_or_else(|| self.moved(), |end| Turn::Ended(end, taken)))
    }

    fn moved(&self) -> Turn {
        Turn::Moved(self.total)
    }

    fn send(&mut self, source: &mut dyn Read) -> Option<StreamEnd> {
        if self.unsent.is_empty() && !self.is_drained {
            match source.read(&mut self.buffer) {
                Ok(0) => {
                    self.is_drained = true;
                    self.channel.close_notify();
                }
                Ok(count) => self.unsent = 0..count,
                Err(error) => return local_end(&error),
            }
        }
        if self.is_drained {
            return match self.channel.flush().and_then(|()| self.channel.socket().shutdown(Shutdown::Write)) {
                Ok(()) => {
                    self.shut = true;
                    None
                }
                Err(error) => network_end(&error),
            };
        }
        match self.channel.write(&self.buffer[self.unsent.clone()]) {
            Ok(count) => {
                self.unsent.start += count;
                self.total += count as u64;
                None
            }
            Err(error) => network_end(&error),
        }
    }

    /// Closing over unread bytes would reset the connection, and could destroy the tail of what was sent. Under TLS
    /// those are session tickets, which the next data connection needs.
    fn drain(&mut self) -> Option<StreamEnd> {
        match self.channel.read(&mut self.buffer) {
            Ok(0) => Some(StreamEnd::Clean),
            Ok(_) => None,
            // All is sent, and the other side was told so: whether it says goodbye doesn't matter.
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => Some(StreamEnd::Clean),
            Err(error) => network_end(&error),
        }
    }

    fn receive(&mut self, sink: &mut dyn Write) -> Option<StreamEnd> {
        match self.channel.read(&mut self.buffer) {
            Ok(0) => {
                // The other side may wait for our goodbye before it says that all went well.
                self.channel.close_notify();
                let _ = self.channel.flush();
                Some(sink.flush().err().and_then(|error| local_end(&error)).unwrap_or(StreamEnd::Clean))
            }
            Ok(count) => match sink.write_all(&self.buffer[..count]) {
                Ok(()) => {
                    self.total += count as u64;
                    None
                }
                Err(error) => local_end(&error),
            },
            Err(error) => network_end(&error),
        }
    }
}

fn network_end(error: &io::Error) -> Option<StreamEnd> {
    match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::Interrupted => None,
        _ => Some(StreamEnd::Truncated),
    }
}

pub fn local_end(error: &io::Error) -> Option<StreamEnd> {
    match error.kind() {
        ErrorKind::Interrupted => None,
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => Some(StreamEnd::StorageFull),
        _ => Some(StreamEnd::LocalError),
    }
}
