//! A whole FTP client over the sockets of the standard library, for every platform, in passive and active mode, without TLS. The crate `polling`
//! waits for two sockets at once, and `socket2` has the socket options that std lacks.
//!
//! ```text
//! cargo run --example std_client -- 127.0.0.1:2121 anna secret ls /
//! cargo run --example std_client -- 127.0.0.1:2121 anna secret get welcome.txt here.txt
//! cargo run --example std_client -- --active 127.0.0.1:2121 anna secret put there.txt here.txt
//! ```
//!
//! Copy it and change it. [`Session`] is the adapter, [`Session::run`] is its loop, and [`Sockets`] carries out the actions. The machine,
//! [`Client`], decides what is sent and when; the adapter tells it what came of each action.

use std::cell::Cell;
use std::error::Error;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant as Clock};

use ftp_proto::client::{Action, Client, Config, Failure, Outcome, Request};
use ftp_proto::{
    Accept, Argument, Close, Connect, DataError, Endpoints, Instant, Listen, Password, Path, Route, Stream, StreamEnd,
    Verdict,
};
use polling::{Event as Interest, Events, Poller};
use socket2::Socket;

type Result<T, E = Box<dyn Error>> = std::result::Result<T, E>;

const USAGE: &str = "std_client [--active] HOST:PORT USER PASSWORD ls|get|put REMOTE [LOCAL]";
const PATIENCE: Duration = Duration::from_secs(30); // for making the control connection, and for the server to read what is written
const LINGER: Duration = Duration::from_secs(2); // for the other side to close after the last byte
const PIECE: usize = 64 * 1024; // the most that is moved before the control connection is polled again

fn main() -> Result<()> {
    let (options, words): (Vec<_>, Vec<_>) = std::env::args().skip(1).partition(|word| word == "--active");
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let [server, user, password, what, remote, ref local @ ..] = words[..] else { return Err(USAGE.into()) };
    let (path, local) = (Path::new(remote)?, local.first().ok_or(USAGE));
    let mut config = Config::default();
    if !options.is_empty() {
        config.routes = vec![Route::Eprt, Route::Port];
    }
    let address = server.to_socket_addrs()?.next().ok_or("no such host")?;
    let mut session = Session::open(address, config, |line| eprintln!("{}", line.escape_debug()))?;
    session.request(Request::login(Argument::new(user)?, Password::new(password)?, None), Content::None)?;
    match what {
        "ls" => drop(session.request(Request::plain_list(Some(path)), Content::Sink(&mut io::stdout()))?),
        "put" => {
            let mut source = BufReader::with_capacity(PIECE, File::open(local?)?);
            session.request(Request::store(path, 0), Content::Source(&mut source))?;
        }
        "get" => {
            // The file gets its name once it is whole; an old file stays until then.
            let (local, part) = (local?, format!("{}.part", local?));
            let request = Request::retrieve(path, 0).sized(); // any other size than SIZE tells is a failure
            session.request(request, Content::Sink(&mut File::create(&part)?))?;
            fs::rename(part, local)?;
        }
        _ => return Err(USAGE.into()),
    }
    session.quit()
}

/// A control connection and its machine.
pub struct Session<'o> {
    client: Client,
    sockets: Sockets,
    /// The machine has no clock: it is told the time since this moment.
    origin: Clock,
    /// Another thread sets this to abort the request that runs, and calls `notify` to wake this one.
    pub aborts: Arc<AtomicBool>,
    pub poller: Arc<Poller>,
    /// Takes a line of the dialogue: `> command`, `< reply`, `* data connection …`.
    log: Box<dyn FnMut(&str) + 'o>,
}

/// The sockets of a session.
struct Sockets {
    control: Socket,
    poller: Arc<Poller>,
    /// Whether the control connection can be read.
    heard: Cell<bool>,
    /// Active mode: where the server connects to.
    listener: Option<Socket>,
    /// The data connection, and how many bytes it has moved. The machine asks to close an old one before it asks for a new one.
    data: Option<(Socket, u64)>,
}

/// The content that a request moves, from its offset on.
pub enum Content<'c> {
    None,
    Source(&'c mut dyn BufRead),
    Sink(&'c mut dyn Write),
}

impl<'o> Session<'o> {
    /// Connects, and waits for the greeting.
    pub fn open(address: SocketAddr, config: Config, log: impl FnMut(&str) + 'o) -> Result<Self> {
        let control = TcpStream::connect_timeout(&address, PATIENCE)?;
        // Commands are short and wait for their replies: sent without delay, they save 40 ms a transfer.
        control.set_nodelay(true)?;
        control.set_write_timeout(Some(PATIENCE))?;
        let ends = Endpoints::new(control.local_addr()?, control.peer_addr()?);
        let client = Client::new(Arc::new(config), ends, Instant::from_origin(Duration::ZERO));
        let (aborts, poller) = (Arc::default(), Arc::new(Poller::new()?));
        let sockets = Sockets {
            control: control.into(),
            poller: poller.clone(),
            heard: Cell::default(),
            listener: None,
            data: None,
        };
        let mut session = Self { client, sockets, origin: Clock::now(), aborts, poller, log: Box::new(log) };
        session.run(Content::None)?; // the greeting is the first request
        Ok(session)
    }

    pub fn request(&mut self, request: Request, content: Content<'_>) -> Result<Outcome<'static>> {
        self.client.start(request)?;
        self.run(content)?.ok_or_else(|| "the server has closed the connection".into())
    }

    pub fn quit(mut self) -> Result<()> {
        self.client.quit();
        while self.run(Content::None)?.is_some() {}
        Ok(close_in_order(&self.sockets.control)?)
    }

    /// Carries out the machine's actions until the request has ended. `None`: the session has ended.
    ///
    /// A question that isn't answered comes again. So whatever waits for a data connection also waits for the control connection: if that
    /// can be read, the question stays open, and the machine may ask for something else.
    fn run(&mut self, mut content: Content<'_>) -> Result<Option<Outcome<'static>>> {
        let Self { client, sockets, origin, aborts, log, .. } = self;
        loop {
            if aborts.swap(false, Ordering::Relaxed) {
                client.abort();
            }
            let now = Instant::from_origin(origin.elapsed());
            let until = |deadline: Instant| deadline.saturating_since(now);
            match client.poll(now)? {
                Action::Write(write) => sockets.write(write, log)?,
                Action::Read { deadline } => drop(sockets.wait(true, None, deadline.map(until))?),
                Action::Connect(connect) => sockets.connect(connect, now)?, // passive mode
                Action::Listen(listen) => sockets.listen(listen),           // active mode: the server is told a port,
                Action::Accept(accept) => sockets.accept(accept, now)?,     // and connects to it
                Action::Stream(stream) => sockets.advance(stream, &mut content, now)?,
                Action::Close(close) => sockets.close(close),
                Action::Reply(reply) | Action::Unsolicited(reply) => log(&format!("< {reply}")),
                Action::Noise(line) => log(&format!("< {}", line.escape_ascii())),
                Action::Done(ended) => return Ok(Some(ended.map_err(Failure::into_owned)?.into_owned())),
                Action::Leave => return Ok(None),
                // No request here begins TLS.
                Action::StartTls(_) | Action::SecureData(_) | Action::StopTls(_) => return Err("no TLS here".into()),
            }
            if sockets.heard.take() {
                let mut buffer = [0; 4096];
                let count = sockets.control.read(&mut buffer)?;
                client.received(&buffer[..count]); // 0 bytes: the end of the connection
            }
        }
    }
}

/// Each method answers one action, or leaves it open.
impl Sockets {
    fn write(&self, write: ftp_proto::Write<'_>, log: &mut dyn FnMut(&str)) -> Result<()> {
        (&self.control).write_all(write.bytes())?;
        write.commands().for_each(|command| log(&format!("> {command}"))); // passwords are masked
        write.wrote_all();
        Ok(())
    }

    /// Std has no portable way to connect without waiting, so an ABOR waits here, for at most 10 s, or 30 s on the last route.
    fn connect(&mut self, connect: Connect<'_>, now: Instant) -> Result<()> {
        match TcpStream::connect_timeout(&connect.address(), connect.deadline().saturating_since(now)) {
            Ok(socket) => {
                socket.set_nonblocking(true)?;
                self.data = Some((socket.into(), 0));
                connect.connected();
            }
            Err(error) => connect.failed(why(&error)), // the next route is tried
        }
        Ok(())
    }

    fn listen(&mut self, listen: Listen<'_>) {
        let bound = listen.ports().find_map(|port| TcpListener::bind((listen.host(), port)).ok());
        match bound.as_ref().map(|socket| socket.set_nonblocking(true).and_then(|()| socket.local_addr())) {
            Some(Ok(address)) => listen.listening(address),
            _ => listen.failed(DataError::NoPort),
        }
        self.listener = bound.map(Socket::from);
    }

    fn accept(&mut self, accept: Accept<'_>, now: Instant) -> Result<()> {
        let listener = self.listener.as_ref().ok_or("nothing listens")?;
        let there = Some((listener, Interest::readable(1)));
        if self.wait(accept.wants_input(), there, Some(accept.deadline().saturating_since(now)))? {
            let Ok((socket, peer)) = listener.accept() else { return Ok(()) }; // the connection has gone: `Accept` comes again
            socket.set_nonblocking(true)?;
            // The machine knows which host may connect. A stranger is refused, and the question comes again.
            if accept.accepted(peer.as_socket().ok_or("no IP address")?) == Verdict::Take {
                (self.listener, self.data) = (None, Some((socket, 0)));
            }
        }
        Ok(())
    }

    fn advance(&mut self, stream: Stream<'_>, content: &mut Content<'_>, now: Instant) -> Result<()> {
        let (socket, mut moved) =
            self.data.as_ref().map(|(socket, moved)| (socket, *moved)).ok_or("no data connection")?;
        let interest = if let Content::Source(_) = content { Interest::writable(1) } else { Interest::readable(1) };
        let patience = stream.deadline().map(|at| at.saturating_since(now));
        let is_ready = self.wait(stream.wants_input(), Some((socket, interest)), patience)?;
        match is_ready.then(|| advance(socket, content, &mut moved)) {
            Some(Err(end)) => {
                self.data = None;
                stream.finished(end, moved.into());
            }
            // Then `Stream` comes again, or something else instead.
            None | Some(Ok(())) => {
                stream.moved(moved);
                self.data.iter_mut().for_each(|(_, before)| *before = moved);
            }
        }
        Ok(())
    }

    /// Whatever the channel was doing: listening, connected, moving.
    fn close(&mut self, close: Close<'_>) {
        self.listener = None;
        close.closed(self.data.take().map_or(0, |(_, moved)| moved).into());
    }

    /// Waits for the control connection, if it may be read, for another socket, for a `notify`, or until the time is over.
    /// `true`: the other socket is ready, and the control connection isn't.
    fn wait(&self, control: bool, other: Option<(&Socket, Interest)>, patience: Option<Duration>) -> io::Result<bool> {
        let control = control.then_some((&self.control, Interest::readable(0)));
        let (sockets, mut events) = ([control, other].into_iter().flatten(), Events::new());
        // SAFETY: each is deleted below, whatever happens, and borrowed until then.
        let added = sockets.clone().try_for_each(|(socket, interest)| unsafe { self.poller.add(socket, interest) });
        let waited = added.and_then(|()| self.poller.wait(&mut events, patience));
        let deleted = sockets.map(|(socket, _)| self.poller.delete(socket)).fold(Ok(()), io::Result::and);
        waited.and(deleted)?;
        let [control, other] = [0, 1].map(|key| events.iter().any(|event| event.key == key));
        self.heard.set(control);
        Ok(other && !control)
    }
}

/// Moves what can be moved without waiting. `Err`: the stream has ended, and how.
fn advance(mut socket: &Socket, content: &mut Content<'_>, moved: &mut u64) -> Result<(), StreamEnd> {
    let local = |_| StreamEnd::LocalError;
    let result = match content {
        Content::None => return Err(StreamEnd::LocalError),
        Content::Sink(sink) => {
            let mut piece = [0; PIECE];
            let result = socket.read(&mut piece);
            let count = *result.as_ref().unwrap_or(&0);
            sink.write_all(&piece[..count]).and_then(|()| sink.flush()).map_err(local)?;
            result
        }
        Content::Source(source) => match source.fill_buf().map_err(local)? {
            [] => close_in_order(socket).map(|()| 0),
            piece => socket.write(piece).inspect(|count| source.consume(*count)),
        },
    };
    *moved += *result.as_ref().unwrap_or(&0) as u64;
    match result {
        Ok(0) => Err(StreamEnd::Clean),
        Err(error) if error.kind() != ErrorKind::WouldBlock => Err(StreamEnd::Truncated),
        _ => Ok(()),
    }
}

/// Closes after the last byte: first the sending side, then, after a little while, everything. Closing while bytes are unread would send a
/// reset, which may destroy the end of what was sent.
fn close_in_order(mut socket: &Socket) -> io::Result<()> {
    let deadline = Clock::now() + LINGER;
    socket.shutdown(Shutdown::Write)?;
    socket.set_nonblocking(false)?;
    socket.set_read_timeout(Some(LINGER))?;
    while Clock::now() < deadline && socket.read(&mut [0; 1024]).is_ok_and(|count| count > 0) {}
    Ok(())
}

fn why(error: &io::Error) -> DataError {
    match error.kind() {
        ErrorKind::ConnectionRefused => DataError::Refused,
        ErrorKind::TimedOut => DataError::TimedOut,
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => DataError::Unreachable,
        _ => DataError::Local,
    }
}
