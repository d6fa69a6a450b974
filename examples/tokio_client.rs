//! A whole FTP client over tokio's sockets, for every platform, in passive and active mode, without TLS. `socket2` has the socket options that
//! tokio lacks. A download that takes too long is aborted in order.
//!
//! ```text
//! cargo run --example tokio_client -- 127.0.0.1:2121 anna secret ls /
//! cargo run --example tokio_client -- 127.0.0.1:2121 anna secret get welcome.txt here.txt
//! cargo run --example tokio_client -- --active 127.0.0.1:2121 anna secret put there.txt here.txt
//! ```
//!
//! Copy it and change it. [`Session`] is the adapter, and [`Session::run`] is its loop. The machine, [`Client`], decides what is sent and when;
//! the adapter carries out its actions, and tells it what came of each.

use std::error::Error;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, ErrorKind, Write};
use std::net::{Shutdown, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant as Clock};

use ftp_proto::client::{Action, Client, Config, Failure, Outcome, Request};
use ftp_proto::{Argument, DataError, Endpoints, Instant, Password, Path, Route, StreamEnd, TlsError, Verdict};
use socket2::SockRef;
use tokio::io::Interest;
use tokio::net::{TcpListener, TcpStream, lookup_host};
use tokio::time::timeout;

type Result<T, E = Box<dyn Error>> = std::result::Result<T, E>;

const USAGE: &str = "tokio_client [--active] HOST:PORT USER PASSWORD ls|get|put REMOTE [LOCAL]";
const PATIENCE: Duration = Duration::from_secs(30); // for making the control connection, and for the server to read what is written
const LONGEST: Duration = Duration::from_secs(3600); // for a download
const LINGER: Duration = Duration::from_secs(2); // for the other side to close after the last byte
const PIECE: usize = 64 * 1024; // the most that is moved before the control connection is polled again

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let (options, words): (Vec<_>, Vec<_>) = std::env::args().skip(1).partition(|word| word == "--active");
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let [server, user, password, what, remote, ref local @ ..] = words[..] else { return Err(USAGE.into()) };
    let (path, local) = (Path::new(remote)?, local.first().ok_or(USAGE));
    let mut config = Config::default();
    if !options.is_empty() {
        config.routes = vec![Route::Eprt, Route::Port];
    }
    let address = lookup_host(server).await?.next().ok_or("no such host")?;
    let mut session = Session::open(address, config, |line| eprintln!("{}", line.escape_debug())).await?;
    session.request(Request::login(Argument::new(user)?, Password::new(password)?, None), Content::None).await?;
    match what {
        "ls" => drop(session.request(Request::plain_list(Some(path)), Content::Sink(&mut io::stdout())).await?),
        "put" => {
            let mut source = BufReader::with_capacity(PIECE, File::open(local?)?);
            session.request(Request::store(path, 0), Content::Source(&mut source)).await?;
        }
        "get" => {
            // The file gets its name once it is whole; an old file stays until then.
            let (local, part) = (local?, format!("{}.part", local?));
            let mut sink = File::create(&part)?;
            // The future of a request may be dropped: the session loses nothing.
            let request = Request::retrieve(path, 0).sized(); // any other size than SIZE tells is a failure
            match timeout(LONGEST, session.request(request, Content::Sink(&mut sink))).await {
                Ok(outcome) => drop(outcome?),
                Err(_) => session.abort().await?,
            }
            fs::rename(part, local)?;
        }
        _ => return Err(USAGE.into()),
    }
    session.quit().await
}

/// A control connection and its machine.
pub struct Session<'o> {
    client: Client,
    /// The machine has no clock: it is told the time since this moment.
    origin: Clock,
    control: TcpStream,
    /// Passive mode: a data connection that is being made.
    dialling: Option<Pin<Box<dyn Future<Output = io::Result<TcpStream>>>>>,
    /// Active mode: where the server connects to.
    listener: Option<TcpListener>,
    /// The data connection, and how many bytes it has moved. The machine asks to close an old one before it asks for a new one.
    data: Option<(TcpStream, u64)>,
    /// Takes a line of the dialogue: `> command`, `< reply`, `* data connection …`.
    log: Box<dyn FnMut(&str) + 'o>,
}

/// The content that a request moves, from its offset on.
pub enum Content<'c> {
    None,
    Source(&'c mut dyn BufRead),
    Sink(&'c mut dyn Write),
}

impl<'o> Session<'o> {
    /// Connects, and waits for the greeting.
    pub async fn open(address: SocketAddr, config: Config, log: impl FnMut(&str) + 'o) -> Result<Self> {
        let control = timeout(PATIENCE, TcpStream::connect(address)).await??;
        // Commands are short and wait for their replies: sent without delay, they save 40 ms a transfer.
        control.set_nodelay(true)?;
        let ends = Endpoints::new(control.local_addr()?, control.peer_addr()?);
        let client = Client::new(Arc::new(config), ends, Instant::from_origin(Duration::ZERO));
        let (origin, log) = (Clock::now(), Box::new(log));
        let mut session = Self { client, origin, control, dialling: None, listener: None, data: None, log };
        session.run(Content::None).await?; // the greeting is the first request
        Ok(session)
    }

    pub async fn request(&mut self, request: Request, content: Content<'_>) -> Result<Outcome<'static>> {
        self.client.start(request)?;
        self.run(content).await?.ok_or_else(|| "the server has closed the connection".into())
    }

    /// Ends a request whose future was dropped, by ABOR if its transfer had begun.
    pub async fn abort(&mut self) -> Result<()> {
        self.client.abort();
        self.run(Content::None).await.map(drop)
    }

    pub async fn quit(mut self) -> Result<()> {
        self.client.quit();
        while self.run(Content::None).await?.is_some() {}
        Ok(close_in_order(&self.control).await?)
    }

    /// Carries out the machine's actions until the request has ended. `None`: the session has ended.
    ///
    /// A question that isn't answered comes again. So whatever waits for a data connection also waits for the control connection: if that
    /// can be read, the question stays open, and the machine may ask for something else.
    async fn run(&mut self, mut content: Content<'_>) -> Result<Option<Outcome<'static>>> {
        loop {
            let now = Instant::from_origin(self.origin.elapsed());
            let until = |at: Option<Instant>| at.map_or(Duration::MAX, |at| at.saturating_since(now));
            match self.client.poll(now)? {
                Action::Write(write) => {
                    let writing = self.control.async_io(Interest::WRITABLE, || self.control.try_write(write.bytes()));
                    let count = timeout(PATIENCE, writing).await??;
                    write.commands().for_each(|command| (self.log)(&format!("> {command}"))); // passwords are masked
                    write.wrote(count);
                }
                Action::Read { deadline } => {
                    if hear(Some(&self.control), until(deadline)).await {
                        self.read()?;
                    }
                }
                Action::Reply(reply) | Action::Unsolicited(reply) => (self.log)(&format!("< {reply}")),
                Action::Noise(line) => (self.log)(&format!("< {}", line.escape_ascii())),
                Action::Done(ended) => return Ok(Some(ended.map_err(Failure::into_owned)?.into_owned())),
                // Passive mode.
                Action::Connect(connect) => {
                    let (address, control) = (connect.address(), connect.wants_input().then_some(&self.control));
                    let dialling = self.dialling.get_or_insert_with(|| Box::pin(TcpStream::connect(address)));
                    tokio::select! {
                        dialled = dialling => {
                            match &dialled {
                                Ok(_) => connect.connected(),
                                Err(error) => connect.failed(why(error)), // the next route is tried
                            }
                            (self.log)(&format!("* data connection to port {}", address.port()));
                            (self.dialling, self.data) = (None, dialled.ok().map(|socket| (socket, 0)));
                        }
                        heard = hear(control, until(Some(connect.deadline()))) => if heard { self.read()? },
                    }
                }
                // Active mode: the server is told a port, and connects to it.
                Action::Listen(listen) => {
                    let bind = |port| {
                        std::net::TcpListener::bind((listen.host(), port)).and_then(|listener| {
                            listener.set_nonblocking(true)?;
                            TcpListener::from_std(listener)
                        })
                    };
                    self.listener = listen.ports().find_map(|port| bind(port).ok());
                    match self.listener.as_ref().map(TcpListener::local_addr) {
                        Some(Ok(address)) => listen.listening(address),
                        _ => listen.failed(DataError::NoPort),
                    }
                }
                Action::Accept(accept) => {
                    let listener = self.listener.as_ref().ok_or("nothing listens")?;
                    let control = accept.wants_input().then_some(&self.control);
                    tokio::select! {
                        Ok((socket, peer)) = listener.accept() => {
                            // The machine knows which host may connect. A stranger is refused, and the question comes again.
                            if accept.accepted(peer) == Verdict::Take {
                                (self.listener, self.data) = (None, Some((socket, 0)));
                                (self.log)(&format!("* data connection from port {}", peer.port()));
                            }
                        }
                        heard = hear(control, until(Some(accept.deadline()))) => if heard { self.read()? },
                    }
                }
                Action::Stream(stream) => {
                    let (socket, moved) = self.data.as_mut().ok_or("no data connection")?;
                    let interest =
                        if let Content::Source(_) = content { Interest::WRITABLE } else { Interest::READABLE };
                    let control = stream.wants_input().then_some(&self.control);
                    tokio::select! {
                        biased; // the control connection first
                        heard = hear(control, until(stream.deadline())) => {
                            // Once something was read, `Stream` comes again, or something else instead.
                            if heard { self.read()? } else { stream.moved(*moved) }
                        }
                        _ = socket.ready(interest) => {
                            tokio::task::yield_now().await; // lets other tasks run, and tokio learn what has come
                            match advance(socket, &mut content, moved).await {
                                Ok(()) => stream.moved(*moved),
                                Err(end) => {
                                    (self.log)(&format!("* {moved} bytes"));
                                    stream.finished(end, (*moved).into());
                                    self.data = None;
                                }
                            }
                        }
                    }
                }
                // Whatever the channel was doing: connecting, listening, connected, moving.
                Action::Close(close) => {
                    (self.dialling, self.listener) = (None, None);
                    close.closed(self.data.take().map_or(0, |(_, moved)| moved).into());
                }
                // No request here begins TLS.
                Action::StartTls(start) => start.failed(TlsError::Unavailable),
                Action::SecureData(secure) => secure.failed(TlsError::Unavailable),
                Action::StopTls(stop) => stop.failed(TlsError::Unavailable),
                Action::Leave => return Ok(None),
            }
        }
    }

    /// Hands over the bytes that have come, if any; 0 bytes are the end of the connection.
    fn read(&mut self) -> io::Result<()> {
        let mut buffer = [0; 4096];
        match self.control.try_read(&mut buffer) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            count => self.client.received(&buffer[..count?]),
        }
        Ok(())
    }
}

/// Waits for the control connection, if it may be read, or until the time is over. Returns whether it can be read.
async fn hear(control: Option<&TcpStream>, patience: Duration) -> bool {
    match control {
        Some(control) => timeout(patience, control.readable()).await.is_ok(),
        None => timeout(patience, std::future::pending()).await.unwrap_or(false),
    }
}

/// Moves what can be moved without waiting. `Err`: the stream has ended, and how.
async fn advance(socket: &TcpStream, content: &mut Content<'_>, moved: &mut u64) -> Result<(), StreamEnd> {
    let local = |_| StreamEnd::LocalError;
    let result = match content {
        Content::None => return Err(StreamEnd::LocalError),
        Content::Sink(sink) => {
            let mut piece = [0; PIECE];
            let result = socket.try_read(&mut piece);
            let count = *result.as_ref().unwrap_or(&0);
            sink.write_all(&piece[..count]).and_then(|()| sink.flush()).map_err(local)?;
            result
        }
        Content::Source(source) => match source.fill_buf().map_err(local)? {
            [] => close_in_order(socket).await.map(|()| 0),
            piece => socket.try_write(piece).inspect(|count| source.consume(*count)),
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
async fn close_in_order(socket: &TcpStream) -> io::Result<()> {
    SockRef::from(socket).shutdown(Shutdown::Write)?;
    let read = || socket.async_io(Interest::READABLE, || socket.try_read(&mut [0; 1024]));
    let ending = async { while read().await.is_ok_and(|count| count > 0) {} };
    let _ = timeout(LINGER, ending).await;
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
