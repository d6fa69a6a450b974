//! A whole FTP server over tokio's sockets, for every platform, in passive and active mode, without TLS.
//!
//! ```text
//! cargo run --example tokio_server -- 127.0.0.1:2121
//! curl ftp://anna:secret@127.0.0.1:2121/welcome.txt
//! ```
//!
//! Copy it and change it. [`Session`] is the adapter, and [`Session::run`] its loop, which carries out the actions of the machine, [`Server`].
//! [`answer`] and [`open`] are the application: here it serves the files in a map.

use std::collections::{BTreeMap, VecDeque};
use std::io::{self, ErrorKind, Read};
use std::net::{IpAddr, Shutdown, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant as Clock};

use ftp_proto::server::{Action, CommitError, Config, Greeting, Question, Refusal, Server, Support, Transfer};
use ftp_proto::{Command, ControlError, DataError, Endpoints, Instant, Path, StreamEnd, Text, TlsError, Verb, Verdict};
use socket2::SockRef;
use tokio::io::Interest;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::{sleep, timeout};

type Result<T, E = Box<dyn std::error::Error + Send + Sync>> = std::result::Result<T, E>;
pub type Files = Mutex<BTreeMap<Vec<u8>, Vec<u8>>>; // contents by name

const LINGER: Duration = Duration::from_secs(2); // for the client to close after the last byte
const LARGEST: usize = 64 << 20; // the size of the largest file

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let listener = TcpListener::bind(std::env::args().nth(1).as_deref().unwrap_or("127.0.0.1:2121")).await?;
    println!("listening on {}", listener.local_addr()?);
    let welcome = (b"welcome.txt".to_vec(), b"Hello from a map.\n".to_vec());
    serve(&listener, &Arc::new(Mutex::new(BTreeMap::from([welcome])))).await
}

/// Serves all clients that connect.
pub async fn serve(listener: &TcpListener, files: &Arc<Files>) -> Result<()> {
    let mut config = Config::default();
    // The commands that `answer` and `open` know; the machine refuses the others, and FEAT and HELP follow.
    config.support =
        Support::nothing().with(&[Verb::Pwd, Verb::Size, Verb::Dele, Verb::List, Verb::Retr, Verb::Stor])?;
    let config = Arc::new(config);
    loop {
        match listener.accept().await.map(|(control, _)| Session::new(control, config.clone(), files.clone())) {
            Ok(session) => drop(tokio::spawn(async move { session?.run().await })), // a session that fails ends no other
            Err(_) => sleep(Duration::from_millis(50)).await, // no socket is left, so a session has to end first
        }
    }
}

/// A control connection and its machine.
struct Session {
    server: Server,
    origin: Clock, // the machine has no clock: it is told the time since this moment
    control: TcpStream,
    host: IpAddr,
    listener: Option<TcpListener>, // passive mode
    dialling: Option<Pin<Box<dyn Future<Output = io::Result<TcpStream>> + Send>>>, // active mode
    /// The data connection, and how many bytes it has moved. The machine asks to close an old one before it asks for a new one.
    data: Option<(TcpStream, u64)>,
    content: Content,
    files: Arc<Files>,
}

impl Session {
    fn new(control: TcpStream, config: Arc<Config>, files: Arc<Files>) -> Result<Self> {
        SockRef::from(&control).set_out_of_band_inline(true)?; // some clients send the end of ABOR as urgent data
        control.set_nodelay(true)?; // or replies are held back, and a transfer takes 40 ms more
        let ends = Endpoints::new(control.local_addr()?, control.peer_addr()?);
        let server = Server::new(config, ends, &Greeting::ready(Text::from_static("Welcome.")), Instant::default());
        let (host, listener, dialling, data, content) = (ends.local().ip(), None, None, None, Content::Nothing);
        Ok(Self { server, origin: Clock::now(), control, host, listener, dialling, data, content, files })
    }

    /// Carries out the machine's actions until the session has ended.
    ///
    /// A question that isn't answered comes again. So whatever waits for a data connection also waits for the control connection: if that
    /// can be read (ABOR, perhaps), the question stays open, and the machine may ask for something else.
    async fn run(mut self) -> Result<()> {
        loop {
            let now = Instant::from_origin(self.origin.elapsed());
            let until = |at: Option<Instant>| at.map_or(Duration::MAX, |at| at.saturating_since(now));
            match self.server.poll(now) {
                Action::Write(write) => {
                    let writing = self.control.async_io(Interest::WRITABLE, || self.control.try_write(write.bytes()));
                    match timeout(until(Some(write.deadline())), writing).await {
                        Ok(Ok(count)) => write.wrote(count),
                        Ok(Err(_)) => write.failed(ControlError::Closed),
                        Err(_) => {} // past the deadline the machine gives up by itself
                    }
                }
                Action::Read { deadline } => {
                    self.content = Content::Nothing; // no transfer is under way
                    if hear(Some(&self.control), until(Some(deadline))).await {
                        self.read()?;
                    }
                }
                Action::Question(question) => answer(question, &self.files)?,
                Action::Transfer(transfer) => self.content = open(transfer, &self.files),
                Action::Answered(_) => {} // news that `Config::report_answered` doesn't ask for
                // Passive mode: the client is told a port, and connects to it.
                Action::Listen(listen) => {
                    self.listener = listen.ports().find_map(|port| bound(listen.host(), port).ok()?.listen(1).ok());
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
                            }
                        }
                        heard = hear(control, until(Some(accept.deadline()))) => if heard { self.read()? },
                    }
                }
                // Active mode, from our address on the control connection, since the client accepts no other.
                Action::Connect(connect) => {
                    let (address, host) = (connect.address(), self.host);
                    let dial = async move { bound(host, 0)?.connect(address).await };
                    let dialling = self.dialling.get_or_insert_with(|| Box::pin(dial));
                    let control = connect.wants_input().then_some(&self.control);
                    tokio::select! {
                        dialled = dialling => {
                            match &dialled {
                                Ok(_) => connect.connected(),
                                Err(_) => connect.failed(DataError::Refused),
                            }
                            (self.dialling, self.data) = (None, dialled.ok().map(|socket| (socket, 0)));
                        }
                        heard = hear(control, until(Some(connect.deadline()))) => if heard { self.read()? },
                    }
                }
                Action::Stream(stream) => {
                    let (socket, moved) = self.data.as_mut().ok_or("no data connection")?;
                    let interest =
                        if let Content::Download(_) = self.content { Interest::WRITABLE } else { Interest::READABLE };
                    let control = stream.wants_input().then_some(&self.control);
                    tokio::select! {
                        biased; // the control connection first
                        heard = hear(control, until(stream.deadline())) => {
                            if heard { self.read()? } else { stream.moved(*moved) } // then `Stream` comes again, or `Close`
                        }
                        _ = socket.ready(interest) => {
                            let advanced = self.content.advance(socket, moved).await;
                            tokio::task::yield_now().await; // lets other tasks run
                            match advanced {
                                Ok(()) => stream.moved(*moved),
                                Err(end) => { stream.finished(end, (*moved).into()); self.data = None; }
                            }
                        }
                    }
                }
                // An upload has come whole. An ABOR sent before its end undoes it; tokio may not know of it yet, but the socket does.
                Action::Look(mut look) => {
                    let mut buffer = [0; 4096];
                    if let (true, Ok(count)) = (look.wants_input(), (&*SockRef::from(&self.control)).read(&mut buffer))
                    {
                        look.received(&buffer[..count]);
                    }
                    look.looked();
                }
                Action::Commit(commit) => match std::mem::replace(&mut self.content, Content::Nothing) {
                    Content::Upload(name, bytes) => {
                        self.files.lock().unwrap().insert(name, bytes); // the old file stays until now
                        commit.kept();
                    }
                    _ => commit.failed(CommitError::Local),
                },
                // Whatever the channel was doing: listening, connecting, connected, moving.
                Action::Close(close) => {
                    (self.listener, self.dialling, self.content) = (None, None, Content::Nothing);
                    close.closed(self.data.take().map_or(0, |(_, moved)| moved).into());
                }
                Action::StartTls(start) => start.failed(TlsError::Unavailable), // TLS is off by `Config::security`
                Action::SecureData(secure) => secure.failed(TlsError::Unavailable),
                Action::StopTls(stop) => stop.failed(TlsError::Unavailable),
                Action::Leave => return Ok(close_in_order(&self.control).await?),
            }
        }
    }

    /// Hands over the bytes that have come, if any; 0 bytes are the end of the connection.
    fn read(&mut self) -> io::Result<()> {
        let mut buffer = [0; 4096];
        match self.control.try_read(&mut buffer) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            count => self.server.received(&buffer[..count?]),
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

fn bound(host: IpAddr, port: u16) -> io::Result<TcpSocket> {
    let socket = if host.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.bind(SocketAddr::new(host, port))?;
    Ok(socket)
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

/// The content that a transfer moves.
enum Content {
    Nothing,
    Download(VecDeque<u8>),
    Upload(Vec<u8>, Vec<u8>), // the name that it gets once it is whole, and what has come so far
}

impl Content {
    /// Moves what can be moved without waiting. `Err`: the stream has ended, and how.
    async fn advance(&mut self, socket: &TcpStream, moved: &mut u64) -> Result<(), StreamEnd> {
        let mut piece = [0; 64 * 1024]; // then the control connection is polled again
        let result = match self {
            Self::Nothing => return Err(StreamEnd::LocalError),
            Self::Upload(_, bytes) if bytes.len() > LARGEST => return Err(StreamEnd::StorageFull),
            Self::Upload(_, bytes) => socket.try_read(&mut piece).inspect(|count| bytes.extend(&piece[..*count])),
            Self::Download(bytes) if bytes.is_empty() => close_in_order(socket).await.map(|()| 0),
            Self::Download(bytes) => socket.try_write(bytes.as_slices().0).inspect(|count| drop(bytes.drain(..*count))),
        };
        *moved += *result.as_ref().unwrap_or(&0) as u64;
        match result {
            Ok(0) => Err(StreamEnd::Clean),
            Err(error) if error.kind() != ErrorKind::WouldBlock => Err(StreamEnd::Truncated),
            _ => Ok(()),
        }
    }
}

/// Answers a command.
fn answer(question: Question<'_>, files: &Files) -> Result<()> {
    let (name, mut files) = (name(question.command()), files.lock().unwrap());
    match question {
        Question::Login(login) => match login.command() {
            Command::User(_) => login.need_password(), // for every name, so that nobody learns which names exist
            Command::Pass(password) if login.user() == b"anna" && password.as_bytes() == b"secret" => login.accept(),
            _ => login.refuse(&Refusal::not_logged_in(Text::from_static("Login incorrect."))),
        },
        Question::Directory(directory) => directory.path(&Path::new("/")?), // PWD: there is only one
        Question::Size(size) if files.contains_key(&name) => size.bytes(files[&name].len() as u64),
        Question::Perform(perform) if files.remove(&name).is_some() => perform.done(), // DELE
        other => other.refuse(&Refusal::unavailable(Text::from_static("No such file."))),
    }
    Ok(())
}

/// Accepts or refuses a transfer, and returns its content.
fn open(transfer: Transfer<'_>, files: &Files) -> Content {
    let (name, files) = (name(transfer.command()), files.lock().unwrap());
    let old = files.get(&name).map_or(&[][..], Vec::as_slice);
    let parts = usize::try_from(transfer.offset()).ok().and_then(|offset| old.split_at_checked(offset)); // REST
    let content = match (transfer.command(), parts) {
        (Command::List(_), _) => {
            let front = |file: &[u8]| format!("-rw-r--r-- 1 anna anna {:>10} Jan  1  2000 ", file.len()).into_bytes();
            let lines = files.iter().flat_map(|(name, file)| [&front(file)[..], name, b"\r\n"].concat());
            Content::Download(lines.collect())
        }
        (Command::Retr(_), Some((_, rest))) if files.contains_key(&name) => Content::Download(rest.to_vec().into()),
        (Command::Stor(_), Some((begin, _))) => Content::Upload(name, begin.to_vec()), // the old file stays until the upload is whole
        _ => Content::Nothing,
    };
    match content {
        Content::Nothing => transfer.refuse(&Refusal::unavailable(Text::from_static("No such file."))),
        Content::Download(_) | Content::Upload(..) => transfer.accept(),
    }
    content
}

/// The file that a command names; there are no directories.
fn name(command: &Command<'_>) -> Vec<u8> {
    let path = match command {
        Command::Size(path) | Command::Dele(path) | Command::Retr(path) | Command::Stor(path) => path.as_bytes(),
        _ => b"",
    };
    path.strip_prefix(b"/").unwrap_or(path).to_vec()
}
