//! A whole FTP server over the sockets of the standard library, with a thread for each session, for every platform, in passive and active
//! mode, without TLS. The crate `polling` waits for two sockets at once, and `socket2` has the socket options that std lacks.
//!
//! ```text
//! cargo run --example std_server -- 127.0.0.1:2121
//! curl ftp://anna:secret@127.0.0.1:2121/welcome.txt
//! ```
//!
//! Copy it and change it. [`Session`] is the adapter, and [`Session::run`] its loop, which carries out the actions of the machine, [`Server`].
//! [`answer`] and [`open`] are the application: here it serves the files in a map.

use std::collections::{BTreeMap, VecDeque};
use std::error::Error;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant as Clock};
use std::{mem, thread};

use ftp_proto::server::{Action, CommitError, Config, Greeting, Question, Refusal, Server, Support, Transfer};
use ftp_proto::{Command, ControlError, DataError, Endpoints, Instant, Path, StreamEnd, Text, TlsError, Verb, Verdict};
use polling::{Event, Events, Poller};
use socket2::{Domain, SockRef, Socket, Type};

type Result<T, E = Box<dyn Error + Send + Sync>> = std::result::Result<T, E>;
pub type Files = Mutex<BTreeMap<Vec<u8>, Vec<u8>>>; // contents by name

const MOMENT: Duration = Duration::from_millis(50); // since a time-out of zero would mean none
const LINGER: Duration = Duration::from_secs(2); // for the client to close after the last byte
const LARGEST: usize = 64 << 20; // the size of the largest file

fn main() -> Result<()> {
    let listener = TcpListener::bind(std::env::args().nth(1).as_deref().unwrap_or("127.0.0.1:2121"))?;
    println!("listening on {}", listener.local_addr()?);
    let welcome = (b"welcome.txt".to_vec(), b"Hello from a map.\n".to_vec());
    serve(&listener, &Arc::new(Mutex::new(BTreeMap::from([welcome]))))
}

/// Serves all clients that connect.
pub fn serve(listener: &TcpListener, files: &Arc<Files>) -> Result<()> {
    let mut config = Config::default();
    // The commands that `answer` and `open` know; the machine refuses the others, and FEAT and HELP follow.
    config.support =
        Support::nothing().with(&[Verb::Pwd, Verb::Size, Verb::Dele, Verb::List, Verb::Retr, Verb::Stor])?;
    let config = Arc::new(config);
    loop {
        // If no socket or thread is left, a session has to end first.
        let Ok((control, _)) = listener.accept().inspect_err(|_| thread::sleep(MOMENT)) else { continue };
        let session = Session::new(control, config.clone(), files.clone());
        let _ = thread::Builder::new().spawn(move || session?.run()); // a session that fails ends no other
    }
}

/// A control connection and its machine.
struct Session {
    server: Server,
    origin: Clock, // the machine has no clock: it is told the time since this moment
    control: Socket,
    host: IpAddr,
    poller: Poller,
    listener: Option<Socket>, // passive mode: where the client connects to
    /// The data connection, and how many bytes it has moved. The machine asks to close an old one before it asks for a new one.
    data: Option<(Socket, u64)>,
    content: Content,
    files: Arc<Files>,
}

impl Session {
    fn new(control: TcpStream, config: Arc<Config>, files: Arc<Files>) -> Result<Self> {
        SockRef::from(&control).set_out_of_band_inline(true)?; // some clients send the end of ABOR as urgent data
        control.set_nodelay(true)?; // or replies are held back, and a transfer takes 40 ms more
        let ends = Endpoints::new(control.local_addr()?, control.peer_addr()?);
        let server = Server::new(config, ends, &Greeting::ready(Text::from_static("Welcome.")), Instant::default());
        let (origin, host, poller, content) = (Clock::now(), ends.local().ip(), Poller::new()?, Content::Nothing);
        Ok(Self { server, origin, control: control.into(), host, poller, listener: None, data: None, content, files })
    }

    /// Carries out the machine's actions until the session has ended.
    ///
    /// A question that isn't answered comes again. So whatever waits for a data connection also waits for the control connection: if that
    /// can be read (ABOR, perhaps), the question stays open, and the machine may ask for something else.
    fn run(mut self) -> Result<()> {
        loop {
            let now = Instant::from_origin(self.origin.elapsed());
            let until = |deadline: Instant| Some(deadline.saturating_since(now));
            let control = (&self.control, Event::readable(0));
            match self.server.poll(now) {
                Action::Write(write) => {
                    self.control.set_write_timeout(until(write.deadline()).map(|left| left.max(MOMENT)))?;
                    match (&self.control).write(write.bytes()) {
                        Ok(count) => write.wrote(count),
                        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                        Err(_) => write.failed(ControlError::Closed),
                    }
                }
                Action::Read { deadline } => {
                    self.content = Content::Nothing; // no transfer is under way
                    if wait(&self.poller, [Some(control), None], until(deadline))?[0] {
                        self.read()?;
                    }
                }
                Action::Question(question) => answer(question, &self.files)?,
                Action::Answered(_) => {} // news that `Config::report_answered` doesn't ask for
                Action::Transfer(transfer) => self.content = open(transfer, &self.files),
                // Passive mode: the client is told a port, and connects to it. The connection may go again, so `accept` mustn't wait.
                Action::Listen(listen) => {
                    let bound = listen.ports().find_map(|port| TcpListener::bind((listen.host(), port)).ok());
                    match bound.as_ref().map(|socket| socket.set_nonblocking(true).and_then(|()| socket.local_addr())) {
                        Some(Ok(address)) => listen.listening(address),
                        _ => listen.failed(DataError::NoPort),
                    }
                    self.listener = bound.map(Socket::from);
                }
                Action::Accept(accept) => {
                    let listener = self.listener.as_ref().ok_or("nothing listens")?;
                    let sockets = [accept.wants_input().then_some(control), Some((listener, Event::readable(1)))];
                    match wait(&self.poller, sockets, until(accept.deadline()))? {
                        [true, _] => self.read()?,
                        [_, false] => {}
                        [_, true] => match listener.accept() {
                            Ok((socket, peer)) => {
                                socket.set_nonblocking(true)?;
                                // The machine knows which host may connect. A stranger is refused, and the question comes again.
                                if accept.accepted(peer.as_socket().ok_or("no IP address")?) == Verdict::Take {
                                    (self.listener, self.data) = (None, Some((socket, 0)));
                                }
                            }
                            Err(_) => accept.failed(DataError::Local),
                        },
                    }
                }
                // Active mode. Std has no portable way to connect without waiting, so an ABOR waits here, for at most 30 s.
                Action::Connect(connect) => {
                    let dialled = dial(connect.address(), self.host, connect.deadline().saturating_since(now));
                    match &dialled {
                        Ok(_) => connect.connected(),
                        Err(_) => connect.failed(DataError::Refused),
                    }
                    self.data = dialled.ok().map(|socket| (socket, 0));
                }
                Action::Stream(stream) => {
                    let (socket, moved) = self.data.as_mut().ok_or("no data connection")?;
                    let out = matches!(self.content, Content::Download(_));
                    let sockets = [stream.wants_input().then_some(control), Some((&*socket, Event::new(1, !out, out)))];
                    match wait(&self.poller, sockets, stream.deadline().and_then(until))? {
                        [true, _] => self.read()?, // then `Stream` comes again, or `Close` instead
                        [_, false] => stream.moved(*moved),
                        [_, true] => match self.content.advance(socket, moved) {
                            Ok(()) => stream.moved(*moved),
                            Err(end) => {
                                stream.finished(end, (*moved).into());
                                self.data = None;
                            }
                        },
                    }
                }
                // An upload has come whole. An ABOR that was sent before its end may have arrived by now, and undoes it.
                Action::Look(mut look) => {
                    if look.wants_input() && wait(&self.poller, [Some(control), None], Some(Duration::ZERO))?[0] {
                        let mut buffer = [0; 4096];
                        let count = self.control.read(&mut buffer)?;
                        look.received(&buffer[..count]);
                    }
                    look.looked();
                }
                Action::Commit(commit) => match mem::replace(&mut self.content, Content::Nothing) {
                    Content::Upload(name, bytes) => {
                        self.files.lock().unwrap().insert(name, bytes); // the old file stays until now
                        commit.kept();
                    }
                    _ => commit.failed(CommitError::Local),
                },
                // Whatever the channel was doing: listening, connected, moving.
                Action::Close(close) => {
                    (self.listener, self.content) = (None, Content::Nothing);
                    close.closed(self.data.take().map_or(0, |(_, moved)| moved).into());
                }
                Action::StartTls(start) => start.failed(TlsError::Unavailable), // TLS is off by `Config::security`
                Action::SecureData(secure) => secure.failed(TlsError::Unavailable),
                Action::StopTls(stop) => stop.failed(TlsError::Unavailable),
                Action::Leave => return Ok(close_in_order(&self.control)?),
            }
        }
    }

    /// Hands over the bytes that have come; 0 bytes are the end of the connection.
    fn read(&mut self) -> io::Result<()> {
        let mut buffer = [0; 4096];
        let count = self.control.read(&mut buffer)?;
        self.server.received(&buffer[..count]);
        Ok(())
    }
}

/// Waits for either socket, or until the time is over. Returns which of them are ready.
fn wait(poller: &Poller, sockets: [Option<(&Socket, Event)>; 2], patience: Option<Duration>) -> io::Result<[bool; 2]> {
    let (sockets, mut events) = (sockets.into_iter().flatten(), Events::new());
    // SAFETY: each is deleted below, whatever happens, and borrowed until then.
    let added = sockets.clone().try_for_each(|(socket, interest)| unsafe { poller.add(socket, interest) });
    let waited = added.and_then(|()| poller.wait(&mut events, patience));
    let deleted = sockets.map(|(socket, _)| poller.delete(socket)).fold(Ok(()), io::Result::and);
    waited.and(deleted)?;
    Ok([0, 1].map(|key| events.iter().any(|event| event.key == key)))
}

/// Connects from our address on the control connection, since the client accepts no other.
fn dial(address: SocketAddr, host: IpAddr, patience: Duration) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.bind(&SocketAddr::new(host, 0).into())?;
    socket.connect_timeout(&address.into(), patience)?;
    socket.set_nonblocking(true)?;
    Ok(socket)
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

/// The content that a transfer moves.
enum Content {
    Nothing,
    Download(VecDeque<u8>),
    Upload(Vec<u8>, Vec<u8>), // the name that it gets once it is whole, and what has come so far
}

impl Content {
    /// Moves what can be moved without waiting. `Err`: the stream has ended, and how.
    fn advance(&mut self, mut socket: &Socket, moved: &mut u64) -> Result<(), StreamEnd> {
        let mut piece = [0; 64 * 1024]; // then the control connection is polled again
        let result = match self {
            Self::Nothing => return Err(StreamEnd::LocalError),
            Self::Upload(_, bytes) if bytes.len() > LARGEST => return Err(StreamEnd::StorageFull),
            Self::Upload(_, bytes) => socket.read(&mut piece).inspect(|count| bytes.extend(&piece[..*count])),
            Self::Download(bytes) if bytes.is_empty() => close_in_order(socket).map(|()| 0),
            Self::Download(bytes) => socket.write(bytes.as_slices().0).inspect(|count| drop(bytes.drain(..*count))),
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
