//! A client's and a server's machine in one process: a virtual network, a virtual clock, a file store in memory.
//!
//! Nothing here waits, listens or connects: "the network" is two byte queues for the control connection and
//! one pipe for the data connection, so every test is the same at every run.

// The invariants, and with them the fuzz targets, include this file by its path; so this one is found from there, too.
#[path = "pair/inject.rs"]
mod inject;

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ftp_proto::client::{self, Client, Failure, Outcome, Request, Violation};
use ftp_proto::server::{self, Pending, Refusal, Server};
use ftp_proto::{Code, Command, DataError, Direction, Endpoints, Instant, Path, Reply, StreamEnd, Text, Time, Verdict};

#[allow(unused_imports, reason = "each test program uses a part of it")]
pub use inject::{Fault, Injector};

/// How a request ended, owned.
pub type Ended = Result<Outcome<'static>, Failure<'static>>;

/// What goes wrong in the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Faults {
    /// Connections that the client makes are refused, the first so many times.
    pub client_dials_refused: u32,
    /// The server finds no port to listen on.
    pub no_port: bool,
    /// Connections that the server makes are refused.
    pub server_dials_refused: bool,
    /// Nobody's connection arrives at the client's listening socket, nor is it refused.
    pub stranger_connects_first: bool,
    /// The data connection breaks after so many bytes.
    pub data_breaks_after: Option<usize>,
}

pub struct Pair {
    pub client: Client,
    pub server: Server,
    pub files: BTreeMap<Vec<u8>, Vec<u8>>,
    pub faults: Faults,
    pub injector: Injector,
    /// At most so many bytes of the control connection are delivered at once.
    pub chunk: usize,
    /// How often a stream is asked for before its bytes have moved.
    pub slow: usize,
    /// How often it was asked for, at the client and at the server.
    streamed: [usize; 2],
    /// Every command and reply line, in order, as they were written.
    pub wire: Vec<String>,
    now: Duration,
    to_server: VecDeque<u8>,
    to_client: VecDeque<u8>,
    data: Pipe,
    /// What the client uploads, and what it downloaded.
    pub upload: Vec<u8>,
    pub download: Vec<u8>,
    renaming: Vec<u8>,
    serving: Option<Command<'static>>,
    client_addr: SocketAddr,
    server_addr: SocketAddr,
    next_port: u16,
    server_closed: bool,
    client_closed: bool,
}

/// The one data connection.
#[derive(Default)]
struct Pipe {
    server_listens: Option<SocketAddr>,
    client_listens: Option<SocketAddr>,
    /// Who has connected and wasn't accepted yet.
    arrived: Option<SocketAddr>,
    bytes: Vec<u8>,
    sender_done: Option<StreamEnd>,
}

impl Pair {
    pub fn new(client: client::Config, server: server::Config) -> Self {
        Self::between(client, server, "192.0.2.1:40000".parse().unwrap(), "192.0.2.2:21".parse().unwrap())
    }

    pub fn between(
        client: client::Config,
        server: server::Config,
        client_addr: SocketAddr,
        server_addr: SocketAddr,
    ) -> Self {
        let greeting = Reply::from_static(Code::SERVICE_READY, "ready");
        Self {
            client: Client::new(Arc::new(client), Endpoints::new(client_addr, server_addr)),
            server: Server::new(Arc::new(server), Endpoints::new(server_addr, client_addr), &greeting),
            files: BTreeMap::new(),
            faults: Faults::default(),
            injector: Injector::default(),
            chunk: usize::MAX,
            slow: 0,
            streamed: [0, 0],
            wire: Vec::new(),
            now: Duration::ZERO,
            to_server: VecDeque::new(),
            to_client: VecDeque::new(),
            data: Pipe::default(),
            upload: Vec::new(),
            download: Vec::new(),
            renaming: Vec::new(),
            serving: None,
            client_addr,
            server_addr,
            next_port: 50000,
            server_closed: false,
            client_closed: false,
        }
    }

    /// A pair whose greeting was read and whose user is logged in.
    pub fn logged_in(client: client::Config, server: server::Config) -> Self {
        let mut pair = Self::new(client, server);
        pair.login();
        pair
    }

    pub fn login(&mut self) {
        self.greet();
        let user = ftp_proto::Argument::new("anna").unwrap();
        let password = ftp_proto::Password::new("secret").unwrap();
        self.run(Request::login(user, password, None)).unwrap();
    }

    pub fn greet(&mut self) {
        self.until_done().unwrap().unwrap();
    }

    pub fn now(&self) -> Instant {
        Instant::from_origin(self.now)
    }

    /// Time goes by.
    pub fn wait(&mut self, time: Duration) {
        self.now += time;
    }

    /// Starts a request and runs both machines until it has ended.
    pub fn run(&mut self, request: Request) -> Ended {
        self.client.start(request).unwrap();
        self.until_done().expect("no violation")
    }

    pub fn until_done(&mut self) -> Result<Ended, Violation> {
        self.until(|_| false).map(|ended| ended.expect("an end"))
    }

    /// Runs both machines until the request has ended, or `stop` says so (then `None`).
    pub fn until(&mut self, stop: impl Fn(&Self) -> bool) -> Result<Option<Ended>, Violation> {
        for _ in 0..10_000 {
            if stop(self) {
                return Ok(None);
            }
            let server_moved = self.step_server();
            let (client_moved, ended) = self.step_client()?;
            if let Some(ended) = ended {
                self.settle();
                return Ok(Some(ended));
            }
            if !server_moved && !client_moved {
                self.now += Duration::from_secs(1);
                assert!(self.now < Duration::from_secs(100_000), "deadlock: {:#?}", self.wire);
            }
        }
        panic!("no end: {:#?}", self.wire)
    }

    /// Runs the server until it has nothing more to do.
    pub fn settle(&mut self) {
        for _ in 0..1000 {
            if !self.step_server() {
                return;
            }
        }
        panic!("the server is busy for ever");
    }

    pub fn client_closed(&self) -> bool {
        self.client_closed
    }

    pub fn server_closed(&self) -> bool {
        self.server_closed
    }

    /// One action of the client; whether something happened, and how the request ended.
    pub fn step_client(&mut self) -> Result<(bool, Option<Ended>), Violation> {
        self.inject();
        let now = Instant::from_origin(self.now);
        let Self { client, data, faults, injector, .. } = self;
        match client.poll(now)? {
            client::Action::Write(_)
            | client::Action::Connect(_)
            | client::Action::Listen(_)
            | client::Action::Accept(_)
            | client::Action::Stream(_)
            | client::Action::SecureData(_)
            | client::Action::StartTls(_)
            | client::Action::StopTls(_)
            | client::Action::Cancel(_)
                if std::mem::take(&mut injector.client_drops) => {}
            client::Action::Write(write) => {
                let text = String::from_utf8_lossy(write.bytes()).into_owned();
                self.wire.extend(text.lines().map(|line| format!("C: {line}")));
                self.to_server.extend(write.bytes());
                let count = write.bytes().len();
                write.wrote(count);
            }
            client::Action::Read { .. } => return Ok((self.deliver_to_client(), None)),
            client::Action::Reply(_) | client::Action::Unsolicited(_) => {}
            client::Action::Done(ended) => {
                let ended = match ended {
                    Ok(outcome) => Ok(outcome.into_owned()),
                    Err(failure) => Err(failure.into_owned()),
                };
                return Ok((true, Some(ended)));
            }
            client::Action::Connect(connect) => {
                if faults.client_dials_refused > 0 {
                    faults.client_dials_refused -= 1;
                    connect.failed(DataError::Refused);
                } else if data.server_listens == Some(connect.address()) {
                    data.arrived = Some(SocketAddr::new(self.client_addr.ip(), 41000));
                    connect.connected();
                } else {
                    connect.failed(DataError::Refused);
                }
            }
            client::Action::Listen(listen) => {
                let address = SocketAddr::new(listen.host(), self.next_port);
                self.next_port += 1;
                self.streamed = [0, 0];
                self.data = Pipe { client_listens: Some(address), ..Pipe::default() };
                listen.listening(address);
            }
            client::Action::Accept(accept) => {
                if std::mem::take(&mut faults.stranger_connects_first) {
                    let verdict = accept.accepted("203.0.113.66:6666".parse().unwrap());
                    assert_eq!(verdict, Verdict::Refuse, "a stranger was taken");
                } else if let Some(peer) = data.arrived.take() {
                    assert_eq!(accept.accepted(peer), Verdict::Take);
                } else {
                    drop(accept);
                    return Ok((self.deliver_to_client(), None));
                }
            }
            client::Action::Stream(stream) if self.streamed[0] < self.slow => {
                self.streamed[0] += 1;
                stream.moved(0);
                self.deliver_to_client();
            }
            client::Action::Stream(stream) => match stream.direction() {
                Direction::Send => {
                    let from = usize::try_from(stream.offset()).unwrap().min(self.upload.len());
                    data.bytes = self.upload[from..].to_vec();
                    let (end, total) = data.cut(*faults);
                    data.sender_done = Some(end);
                    stream.finished(end, total as u64);
                }
                Direction::Receive => match data.sender_done.take() {
                    Some(end) => {
                        self.download = std::mem::take(&mut data.bytes);
                        stream.finished(end, self.download.len() as u64);
                    }
                    None => {
                        drop(stream);
                        return Ok((self.deliver_to_client(), None));
                    }
                },
            },
            client::Action::SecureData(secure) => secure.resumed(),
            client::Action::StartTls(start) => start.started(),
            client::Action::StopTls(stop) => stop.stopped(),
            client::Action::Cancel(cancel) => {
                data.sender_done = Some(StreamEnd::Truncated);
                cancel.cancelled();
            }
            client::Action::Discard(_) => data.client_listens = None,
            client::Action::Close => {
                let news = !self.client_closed;
                self.client_closed = true;
                if news {
                    self.server.received(b"");
                }
                return Ok((news, None));
            }
        }
        Ok((true, None))
    }

    fn deliver_to_client(&mut self) -> bool {
        if self.injector.client_deaf {
            self.to_client.clear();
        }
        if self.now < self.injector.late_until {
            return false;
        }
        let count = self.to_client.len().min(self.chunk);
        if count == 0 {
            return false;
        }
        let bytes: Vec<u8> = self.to_client.drain(..count).collect();
        self.client.received(&bytes);
        true
    }

    fn deliver_to_server(&mut self) -> bool {
        if self.injector.server_deaf {
            self.to_server.clear();
        }
        let count = self.to_server.len().min(self.chunk);
        if count == 0 {
            return false;
        }
        let bytes: Vec<u8> = self.to_server.drain(..count).collect();
        self.server.received(&bytes);
        true
    }

    /// One action of the server, with the application's answers.
    pub fn step_server(&mut self) -> bool {
        self.inject();
        let now = Instant::from_origin(self.now);
        let Self { server, data, faults, injector, .. } = self;
        match server.poll(now) {
            server::Action::Write(_)
            | server::Action::Command(_)
            | server::Action::Transfer(_)
            | server::Action::Connect(_)
            | server::Action::Listen(_)
            | server::Action::Accept(_)
            | server::Action::Stream(_)
            | server::Action::SecureData(_)
            | server::Action::StartTls(_)
            | server::Action::StopTls(_)
            | server::Action::Cancel(_)
                if std::mem::take(&mut injector.server_drops) => {}
            server::Action::Write(write) => {
                let text = String::from_utf8_lossy(write.bytes()).into_owned();
                self.wire.extend(text.lines().map(|line| format!("S: {line}")));
                self.to_client.extend(write.bytes());
                let count = write.bytes().len();
                write.wrote(count);
            }
            server::Action::Read { .. } => return self.deliver_to_server(),
            server::Action::Command(pending) => answer(pending, &mut self.files, &mut self.renaming),
            server::Action::Transfer(transfer) => {
                let command = transfer.command().into_owned();
                match &command {
                    Command::Retr(path) => match self.files.get(path.as_bytes()) {
                        Some(bytes) => transfer.accept_sized(bytes.len() as u64),
                        None => transfer.refuse(&no_such_file()),
                    },
                    Command::Stou(_) => transfer.accept_as(&Path::new("unique").unwrap()),
                    _ => transfer.accept(),
                }
                self.serving = Some(command);
            }
            server::Action::Listen(listen) if faults.no_port => listen.failed(DataError::NoPort),
            server::Action::Listen(listen) => {
                let address = SocketAddr::new(self.server_addr.ip(), self.next_port);
                self.next_port += 1;
                self.streamed = [0, 0];
                self.data = Pipe { server_listens: Some(address), ..Pipe::default() };
                listen.listening(address);
            }
            server::Action::Connect(connect) => {
                if !faults.server_dials_refused && data.client_listens == Some(connect.address()) {
                    data.arrived = Some(SocketAddr::new(self.server_addr.ip(), 20));
                    connect.connected();
                } else {
                    connect.failed(DataError::Refused);
                }
            }
            server::Action::Accept(accept) => {
                if std::mem::take(&mut faults.stranger_connects_first) {
                    let verdict = accept.accepted("203.0.113.66:6666".parse().unwrap());
                    assert_eq!(verdict, Verdict::Refuse, "a stranger was taken");
                } else if let Some(peer) = data.arrived.take() {
                    assert_eq!(accept.accepted(peer), Verdict::Take);
                } else {
                    drop(accept);
                    return self.deliver_to_server();
                }
            }
            server::Action::Stream(stream) if self.streamed[1] < self.slow => {
                self.streamed[1] += 1;
                stream.moved(0);
                self.deliver_to_server();
            }
            server::Action::Stream(stream) => {
                let offset = usize::try_from(stream.offset()).unwrap();
                match stream.direction() {
                    Direction::Send => {
                        let content = match &self.serving {
                            Some(Command::Retr(path)) => self.files.get(path.as_bytes()).cloned().unwrap_or_default(),
                            _ => self.files.keys().flat_map(|name| [name.as_slice(), b"\r\n"].concat()).collect(),
                        };
                        data.bytes = content[offset.min(content.len())..].to_vec();
                        let (end, total) = data.cut(*faults);
                        data.sender_done = Some(end);
                        stream.finished(end, total as u64);
                    }
                    Direction::Receive => match data.sender_done.take() {
                        Some(end) => {
                            let bytes = std::mem::take(&mut data.bytes);
                            stream.finished(end, bytes.len() as u64);
                            let (name, append) = match &self.serving {
                                Some(Command::Stor(path)) => (path.as_bytes().to_vec(), false),
                                Some(Command::Appe(path)) => (path.as_bytes().to_vec(), true),
                                _ => (b"unique".to_vec(), false),
                            };
                            let file = self.files.entry(name).or_default();
                            if !append {
                                file.truncate(offset);
                            }
                            file.extend(bytes);
                        }
                        None => {
                            drop(stream);
                            return self.deliver_to_server();
                        }
                    },
                }
            }
            server::Action::SecureData(secure) => secure.resumed(),
            server::Action::StartTls(start) => start.started(),
            server::Action::StopTls(stop) => stop.stopped(),
            server::Action::Cancel(cancel) => {
                data.sender_done = Some(StreamEnd::Truncated);
                cancel.cancelled();
            }
            server::Action::Discard(_) => data.server_listens = None,
            server::Action::Close => {
                let news = !self.server_closed;
                self.server_closed = true;
                if news && self.to_client.is_empty() {
                    self.client.received(b"");
                } else if news {
                    self.server_closed = false;
                    return false;
                }
                return news;
            }
        }
        true
    }

    /// What the server writes, byte for byte, when it is told this.
    pub fn write_of(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.server.received(bytes);
        self.settle();
        self.to_client.drain(..).collect()
    }

    /// A command as the client would never say it, straight to the server; what it writes is returned. No bytes: only
    /// what the time brings.
    pub fn say(&mut self, bytes: &[u8]) -> String {
        let before = self.wire.len();
        if !bytes.is_empty() {
            self.server.received(bytes);
        }
        self.settle();
        self.to_client.clear();
        self.wire[before..].iter().map(|line| format!("{}\n", &line[3..])).collect()
    }

    /// The verbs that went over the wire, a reply's code as its digits.
    pub fn words(&self) -> Vec<&str> {
        self.wire.iter().filter_map(|line| line[3..].split([' ', '-']).next()).collect()
    }
}

impl Pipe {
    fn cut(&mut self, faults: Faults) -> (StreamEnd, usize) {
        match faults.data_breaks_after {
            Some(limit) if self.bytes.len() > limit => {
                self.bytes.truncate(limit);
                (StreamEnd::Truncated, limit)
            }
            _ => (StreamEnd::Clean, self.bytes.len()),
        }
    }
}

fn no_such_file() -> Refusal<'static> {
    Refusal::unavailable(Text::new("No such file.").unwrap())
}

/// The application behind the server: names are keys, directories are everywhere.
fn answer(pending: Pending<'_>, files: &mut BTreeMap<Vec<u8>, Vec<u8>>, renaming: &mut Vec<u8>) {
    let command = pending.command().into_owned();
    let known = |path: &Path<'_>| files.contains_key(path.as_bytes());
    match (pending, &command) {
        (Pending::Login(login), Command::User(_)) => login.need_password(),
        (Pending::Login(login), Command::Pass(password)) if password.as_bytes() == b"secret" => login.accept(),
        (Pending::Login(login), _) => login.refuse(&Refusal::not_logged_in(Text::new("Login incorrect.").unwrap())),
        (Pending::Exists(exists), Command::Rnfr(path)) if known(path) => {
            *renaming = path.as_bytes().to_vec();
            exists.exists();
        }
        (Pending::Perform(perform), Command::Rnto(path)) => {
            let file = files.remove(renaming).unwrap_or_default();
            files.insert(path.as_bytes().to_vec(), file);
            perform.done();
        }
        (Pending::Perform(perform), Command::Dele(path)) if known(path) => {
            files.remove(path.as_bytes());
            perform.done();
        }
        (Pending::Perform(perform), Command::Cwd(_) | Command::Cdup | Command::Rmd(_) | Command::Rein) => {
            perform.done()
        }
        (Pending::Directory(directory), Command::Mkd(path)) => directory.path(path),
        (Pending::Directory(directory), _) => directory.path(&Path::new("/a \"quoted\" place").unwrap()),
        (Pending::Size(size), Command::Size(path)) if known(path) => size.bytes(files[path.as_bytes()].len() as u64),
        (Pending::Modified(modified), Command::Mdtm(path)) if known(path) => {
            modified.at(Time::parse(b"20261121024915").unwrap());
        }
        (pending, _) => pending.refuse(&no_such_file()),
    }
}
