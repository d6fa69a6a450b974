//! The sockets of one machine, whichever it is, and what is done with them without ever waiting: the adapter of the proxy and
//! of the server here, and of any program that waits for many at once. Each method does what its handle asks for, as far as it can be done now, and answers the handle once it
//! is done. `Some` tells what to wait for before the machine is polled again; `None` says that nothing has to be waited for.

use std::error::Error;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, Shutdown, SocketAddr, TcpListener};
use std::time::{Duration, Instant as Clock};

use ftp_proto::server::Look;
use ftp_proto::{
    Accept, Close, Connect, ControlError, DataError, Direction, Endpoints, Instant, Listen, Stream, StreamEnd, Verdict,
};
use polling::{Event, Events, Poller};
use socket2::{Domain, SockAddr, Socket, Type};

pub type Result<T, E = Box<dyn Error>> = std::result::Result<T, E>;

const PIECE: usize = 64 * 1024; // of a file, at most, is in memory
const LINGER: Duration = Duration::from_secs(2); // for the other side to close, once everything is sent

pub struct Side {
    control: Socket,
    /// What the action that was polled last says of the control connection.
    wants_input: bool,
    /// The data connection, or what listens for it. The machine has an old one closed before it asks for a new one.
    pub data: Option<Socket>,
    pub moved: u64,
    /// What is being closed in order is closed in any case then.
    until: Option<Instant>,
    pub wait: Wait,
}

/// What one side waits for.
#[derive(Debug, Default, Clone, Copy)]
pub struct Wait {
    read: bool,
    write: bool,
    data_read: bool,
    data_write: bool,
    until: Option<Instant>,
}

/// What one side has sent and the other hasn't taken yet.
#[derive(Default)]
pub struct Pipe {
    pub bytes: Vec<u8>,
    /// Nothing comes behind it any more.
    pub ended: bool,
}

/// How far a stream could go.
pub enum Flow {
    On,
    Waits(Wait),
    Ends(StreamEnd),
}

impl Wait {
    /// For nothing but the time.
    pub fn till(until: Instant) -> Self {
        Self { until: Some(until), ..Self::default() }
    }
}

impl Side {
    pub fn new(control: Socket) -> io::Result<Self> {
        control.set_nonblocking(true)?;
        control.set_tcp_nodelay(true)?; // else a transfer takes 40 ms more
        control.set_out_of_band_inline(true)?; // some clients send the end of ABOR as urgent data
        let wait = Wait::default();
        Ok(Self { control, wants_input: false, data: None, moved: 0, until: None, wait })
    }

    /// Begins to connect. What can't be connected to ends at the first read.
    pub fn to(peer: SocketAddr) -> io::Result<Self> {
        Self::new(dial(peer, None)?)
    }

    /// While it is still being connected only its own end is sure.
    pub fn ends(&self, peer: Option<SocketAddr>) -> io::Result<Endpoints> {
        let peer = peer.map_or_else(|| address(self.control.peer_addr()?), Ok)?;
        Ok(Endpoints::new(address(self.control.local_addr()?)?, peer))
    }

    pub fn waits(&mut self, wants_input: bool, until: impl Into<Option<Instant>>) -> Option<Wait> {
        self.wants_input = wants_input;
        Some(Wait { read: wants_input, until: until.into(), ..Wait::default() })
    }

    fn waits_for_data(&mut self, wants_input: bool, writes: bool, until: Option<Instant>) -> Option<Wait> {
        let wait = self.waits(wants_input, until);
        wait.map(|wait| Wait { data_read: !writes, data_write: writes, ..wait })
    }

    /// Reads what has come, if the machine wants it; nothing is the end.
    pub fn hear(&mut self, received: impl FnOnce(&[u8])) -> bool {
        let mut buffer = [0; 4096];
        if !self.wants_input {
            return false;
        }
        match (&self.control).read(&mut buffer) {
            Err(error) if is_early(&error) => return false,
            count => received(&buffer[..count.unwrap_or(0)]),
        }
        true
    }

    /// Reads what has come before an upload is kept.
    pub fn look(&mut self, mut look: Look<'_>) {
        self.wants_input = look.wants_input();
        self.hear(|bytes| look.received(bytes));
        look.looked();
    }

    pub fn write(&mut self, write: ftp_proto::Write<'_>) -> Option<Wait> {
        match (&self.control).write(write.bytes()) {
            Ok(count) => write.wrote(count),
            Err(error) if is_early(&error) => {
                let wait = self.waits(write.wants_input(), write.deadline());
                return wait.map(|wait| Wait { write: true, ..wait });
            }
            Err(_) => write.failed(ControlError::Closed),
        }
        None
    }

    pub fn listen(&mut self, listen: Listen<'_>) -> Option<Wait> {
        let bound = listen.ports().find_map(|port| TcpListener::bind((listen.host(), port)).ok());
        match bound.and_then(|bound| Some((bound.local_addr().ok()?, self.adopt(bound.into()).ok()?))) {
            Some((address, ())) => listen.listening(address),
            None => listen.failed(DataError::NoPort),
        }
        None
    }

    pub fn accept(&mut self, accept: Accept<'_>) -> Option<Wait> {
        let accepted = self.data.as_ref().ok_or(ErrorKind::NotConnected.into()).and_then(Socket::accept);
        match accepted.and_then(|(socket, peer)| Ok((socket, address(peer)?))) {
            // The machine knows who may come. A stranger is turned away, and the question comes again.
            Ok((socket, peer)) => match accept.accepted(peer) {
                Verdict::Take => self.adopt(socket).err().and(None),
                Verdict::Refuse => None,
            },
            Err(_) => self.waits_for_data(accept.wants_input(), false, Some(accept.deadline())),
        }
    }

    /// The other side takes nobody but who comes from our address on the control connection.
    pub fn connect(&mut self, connect: Connect<'_>) -> Option<Wait> {
        let host = address_of(self.control.local_addr()).ok().map(|local| local.ip());
        let begun = match &self.data {
            Some(_) => Ok(()),
            None => dial(connect.address(), host).and_then(|socket| self.adopt(socket)),
        };
        let data = self.data.as_ref().filter(|_| begun.is_ok());
        match data.map(|data| (data.take_error(), data.peer_addr())) {
            Some((Ok(None), Ok(_))) => connect.connected(),
            Some((Ok(None), Err(_))) => {
                return self.waits_for_data(connect.wants_input(), true, Some(connect.deadline()));
            }
            _ => {
                self.data = None;
                connect.failed(DataError::Refused);
            }
        }
        None
    }

    /// A data connection, or a socket that listens for one.
    fn adopt(&mut self, socket: Socket) -> io::Result<()> {
        socket.set_nonblocking(true)?;
        (self.data, self.moved, self.until) = (Some(socket), 0, None);
        Ok(())
    }

    pub fn close(&mut self, close: Close<'_>) -> Option<Wait> {
        self.data = None;
        close.closed(self.moved.into());
        None
    }

    /// Moves what can be moved now between the data connection and the pipe.
    pub fn flow(&mut self, direction: Direction, pipe: &mut Pipe, now: Instant) -> Flow {
        let Some(mut data) = self.data.as_ref() else { return Flow::Ends(StreamEnd::LocalError) };
        let mut piece = [0; PIECE];
        let result = match direction {
            Direction::Receive if pipe.bytes.len() == PIECE => return Flow::Waits(Wait::default()),
            Direction::Receive => data.read(&mut piece[pipe.bytes.len()..]).inspect(|count| {
                let begin = pipe.bytes.len();
                pipe.bytes.extend_from_slice(&piece[begin..][..*count]);
            }),
            Direction::Send if !pipe.bytes.is_empty() => {
                data.write(&pipe.bytes).inspect(|count| drop(pipe.bytes.drain(..*count)))
            }
            Direction::Send if !pipe.ended => return Flow::Waits(Wait::default()),
            Direction::Send => match close_in_order(data, &mut self.until, now) {
                Some(until) => return Flow::Waits(Wait { data_read: true, until: Some(until), ..Wait::default() }),
                None => Ok(0),
            },
        };
        let writes = direction == Direction::Send;
        match result {
            Ok(0) => Flow::Ends(StreamEnd::Clean),
            Ok(count) => {
                self.moved += count as u64;
                Flow::On
            }
            Err(error) if is_early(&error) => {
                Flow::Waits(Wait { data_read: !writes, data_write: writes, ..Wait::default() })
            }
            Err(_) => Flow::Ends(StreamEnd::Truncated),
        }
    }

    /// Tells the machine of it.
    pub fn follow(&mut self, flow: Flow, stream: Stream<'_>) -> Option<Wait> {
        self.wants_input = stream.wants_input();
        match flow {
            Flow::On => stream.moved(self.moved),
            Flow::Waits(wait) => {
                let until = [wait.until, stream.deadline()].into_iter().flatten().min();
                stream.moved(self.moved);
                return Some(Wait { read: self.wants_input, until, ..wait });
            }
            Flow::Ends(end) => {
                self.data = None;
                stream.finished(end, self.moved.into());
            }
        }
        None
    }

    /// `None`: the control connection may be closed.
    pub fn leave(&mut self, now: Instant) -> Option<Wait> {
        self.wants_input = false;
        let until = close_in_order(&self.control, &mut self.until, now)?;
        Some(Wait { read: true, until: Some(until), ..Wait::default() })
    }
}

/// A control connection that was accepted, and all that is done for it.
pub trait Session {
    /// Goes on until each of its sides has to wait. `Err`: the session is over.
    fn advance(&mut self, now: Instant) -> Result<()>;

    fn sides(&self) -> impl Iterator<Item = &Side>;
}

/// Serves everybody who connects, in one thread. Whatever becomes ready, each session goes on as far as it can; a program for
/// thousands would remember whose socket it was.
pub fn serve<S: Session>(listener: TcpListener, mut begin: impl FnMut(Socket, Instant) -> Result<S>) -> Result<()> {
    let (listener, poller, origin) = (Socket::from(listener), Poller::new()?, Clock::now());
    listener.set_nonblocking(true)?;
    let mut sessions = Vec::new();
    loop {
        let now = Instant::from_origin(origin.elapsed());
        while let Ok((control, _)) = listener.accept() {
            sessions.extend(begin(control, now));
        }
        // A connection that breaks ends its own session alone.
        sessions.retain_mut(|session: &mut S| session.advance(now).is_ok());
        wait(&poller, &listener, sessions.iter().flat_map(S::sides), now)?;
    }
}

/// Waits until something that one of the sides waits for is here.
fn wait<'s>(poller: &Poller, listener: &Socket, sides: impl Iterator<Item = &'s Side>, now: Instant) -> io::Result<()> {
    let (mut sockets, mut until) = (vec![(listener, true, false)], None::<Instant>);
    for Side { control, data, wait, .. } in sides {
        sockets.push((control, wait.read, wait.write));
        sockets.extend(data.as_ref().map(|data| (data, wait.data_read, wait.data_write)));
        until = [until, wait.until].into_iter().flatten().min();
    }
    sockets.retain(|(_, reads, writes)| *reads || *writes);
    for (socket, reads, writes) in &sockets {
        // SAFETY: each is deleted below, whatever happens, and borrowed until then.
        unsafe { poller.add(*socket, Event::new(0, *reads, *writes))? };
    }
    let waited = poller.wait(&mut Events::new(), until.map(|until| until.saturating_since(now)));
    sockets.iter().try_for_each(|(socket, ..)| poller.delete(socket))?;
    waited.map(drop)
}

/// Begins to connect, from this host.
fn dial(to: SocketAddr, from: Option<IpAddr>) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(to), Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    if let Some(host) = from {
        socket.bind(&SocketAddr::new(host, 0).into())?;
    }
    match socket.connect(&to.into()) {
        // Std has no stable name for "under way", so it is told by what it isn't.
        Err(error) if matches!(error.kind(), ErrorKind::ConnectionRefused | ErrorKind::NetworkUnreachable) => {
            Err(error)
        }
        _ => Ok(socket),
    }
}

/// Who has sent everything closes its side first, and waits a little for the other: a close over bytes that weren't read is a
/// reset, which may destroy the end of what was sent. `None`: it may be closed; else it will be then at the latest.
fn close_in_order(mut socket: &Socket, until: &mut Option<Instant>, now: Instant) -> Option<Instant> {
    let until = *until.get_or_insert_with(|| {
        let _ = socket.shutdown(Shutdown::Write); // what was closed already is read to its end, too
        now.after(LINGER)
    });
    loop {
        match socket.read(&mut [0; 1024]) {
            Ok(1..) => {}
            Err(error) if is_early(&error) && now < until => return Some(until),
            _ => return None,
        }
    }
}

fn is_early(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

fn address(address: SockAddr) -> io::Result<SocketAddr> {
    address.as_socket().ok_or(ErrorKind::AddrNotAvailable.into())
}

fn address_of(local: io::Result<SockAddr>) -> io::Result<SocketAddr> {
    address(local?)
}
