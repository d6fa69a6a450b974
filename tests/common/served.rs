//! A server's machine against a client that says whatever a test wants: no socket, no clock. The mirror of `script.rs`.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ftp_proto::server::{Action, Config, Pending, Refusal, Security, Server};
use ftp_proto::{Code, Command, DataError, Endpoints, Instant, Reply, StreamEnd, Text, TlsError, Verdict};

pub use super::script::World;

/// A server and what it is told.
pub struct Served {
    pub server: Server,
    pub now: Duration,
    /// The port that it listens on next.
    pub port: u16,
    /// Who connects to it.
    pub peer: SocketAddr,
    /// The commands that reached the application, in order.
    pub asked: Vec<String>,
}

/// What a poll brought, without its handle.
#[derive(Debug, Clone, PartialEq)]
pub enum Did {
    Said(String),
    Waits(u64),
    Asks,
    Offers,
    Listens,
    Connects(SocketAddr),
    Accepts(Option<Verdict>),
    Secures,
    Streams,
    StartsTls,
    StopsTls,
    Cancels,
    Discards,
    Closes,
}

impl Served {
    pub fn new(config: Config) -> Self {
        let ends = Endpoints::new("192.0.2.2:21".parse().unwrap(), "192.0.2.1:40000".parse().unwrap());
        Self {
            server: Server::new(Arc::new(config), ends, &Reply::from_static(Code::SERVICE_READY, "ready")),
            now: Duration::ZERO,
            port: 50000,
            peer: "192.0.2.1:40001".parse().unwrap(),
            asked: Vec::new(),
        }
    }

    /// After the greeting.
    pub fn greeted(config: Config) -> Self {
        let mut served = Self::new(config);
        served.all(World::Works);
        served
    }

    /// After AUTH, the login, PBSZ and PROT P.
    pub fn secured(config: Config) -> Self {
        let mut served = Self::greeted(config);
        for line in ["AUTH TLS", "USER anna", "PASS secret", "PBSZ 0", "PROT P"] {
            served.hears(line);
        }
        assert_eq!(served.says("NOOP"), "200 NOOP ok.");
        served
    }

    pub fn logged_in(config: Config) -> Self {
        let mut served = Self::greeted(config);
        served.hears("USER anna");
        assert_eq!(served.says("PASS secret"), "230 Login successful.");
        served
    }

    pub fn now(&self) -> Instant {
        Instant::from_origin(self.now)
    }

    /// Everything that follows from these bytes.
    pub fn receives(&mut self, bytes: &[u8]) -> Vec<Did> {
        self.server.received(bytes);
        self.all(World::Works)
    }

    /// The same of a line.
    pub fn hears(&mut self, line: &str) -> Vec<Did> {
        self.receives(format!("{line}\r\n").as_bytes())
    }

    /// What is said to a line, its replies joined by `|`.
    pub fn says(&mut self, line: &str) -> String {
        said(&self.hears(line))
    }

    /// Each line, said alone, is answered so.
    pub fn answers(&mut self, table: &[(&str, &str)]) {
        for (line, reply) in table {
            assert_eq!(self.says(line), *reply, "{line:?}");
        }
    }

    /// Everything that happens until the server waits for the control connection, or a question stays open.
    pub fn all(&mut self, world: World) -> Vec<Did> {
        let mut did = Vec::new();
        for _ in 0..200 {
            let next = self.poll(world);
            let waits = matches!(next, Did::Waits(_) | Did::Closes)
                || matches!(world, World::Busy) && !matches!(next, Did::Said(_) | Did::Discards | Did::Cancels);
            did.push(next);
            if waits {
                return did;
            }
        }
        panic!("no rest: {did:?}")
    }

    pub fn poll(&mut self, world: World) -> Did {
        let now = self.now();
        match self.server.poll(now) {
            Action::Write(write) => {
                let text = String::from_utf8_lossy(write.bytes()).into_owned();
                write.wrote_all();
                Did::Said(text.trim_end().replace("\r\n", "|"))
            }
            Action::Read { deadline } => Did::Waits(deadline.saturating_since(now).as_secs()),
            Action::Command(pending) => {
                self.asked.push(format!("{:?}", pending.command()));
                match world {
                    World::Busy => drop(pending),
                    World::Works | World::Refuses => decide(pending),
                }
                Did::Asks
            }
            Action::Transfer(transfer) => {
                self.asked.push(format!("{:?}", transfer.command()));
                match world {
                    World::Works => transfer.accept(),
                    World::Refuses => transfer.refuse(&Refusal::unavailable(Text::new("No.").unwrap())),
                    World::Busy => drop(transfer),
                }
                Did::Offers
            }
            Action::Listen(listen) => {
                let address = SocketAddr::new(listen.host(), self.port);
                match world {
                    World::Works => listen.listening(address),
                    World::Refuses => listen.failed(DataError::NoPort),
                    World::Busy => drop(listen),
                }
                Did::Listens
            }
            Action::Connect(connect) => {
                let address = connect.address();
                match world {
                    World::Works => connect.connected(),
                    World::Refuses => connect.failed(DataError::Refused),
                    World::Busy => drop(connect),
                }
                Did::Connects(address)
            }
            Action::Accept(accept) => Did::Accepts(match world {
                World::Works => Some(accept.accepted(self.peer)),
                World::Refuses => {
                    accept.failed(DataError::Local);
                    None
                }
                World::Busy => None,
            }),
            Action::SecureData(secure) => {
                match world {
                    World::Works => secure.resumed(),
                    World::Refuses => secure.fresh(),
                    World::Busy => drop(secure),
                }
                Did::Secures
            }
            Action::Stream(stream) => {
                match world {
                    World::Works => stream.finished(StreamEnd::Clean, 10),
                    World::Refuses => stream.finished(StreamEnd::Truncated, 1),
                    World::Busy => drop(stream),
                }
                Did::Streams
            }
            Action::StartTls(start) => {
                match world {
                    World::Works => start.started(),
                    World::Refuses => start.failed(TlsError::Handshake),
                    World::Busy => drop(start),
                }
                Did::StartsTls
            }
            Action::StopTls(stop) => {
                match world {
                    World::Works => stop.stopped(),
                    World::Refuses => stop.failed(TlsError::Handshake),
                    World::Busy => drop(stop),
                }
                Did::StopsTls
            }
            Action::Cancel(cancel) => {
                cancel.cancelled();
                Did::Cancels
            }
            Action::Discard(_) => Did::Discards,
            Action::Close => Did::Closes,
        }
    }
}

/// The application: everybody is `anna`, and her password is `secret`.
fn decide(pending: Pending<'_>) {
    let command = pending.command().into_owned();
    match (pending, command) {
        (Pending::Login(login), Command::User(_)) => login.need_password(),
        (Pending::Login(login), Command::Pass(password)) if password.as_bytes() == b"account" => login.need_account(),
        (Pending::Login(login), Command::Pass(secret) | Command::Acct(secret)) if secret.as_bytes() == b"secret" => {
            login.accept();
        }
        (Pending::Login(login), _) => login.refuse(&Refusal::not_logged_in(Text::new("Login incorrect.").unwrap())),
        (Pending::Perform(perform), _) => perform.done(),
        (Pending::Exists(exists), _) => exists.exists(),
        (Pending::Size(size), _) => size.bytes(10),
        (pending, _) => pending.refuse(&Refusal::unavailable(Text::new("No.").unwrap())),
    }
}

/// What was said, joined by `|`.
pub fn said(did: &[Did]) -> String {
    let said: Vec<&str> =
        did.iter().filter_map(|did| if let Did::Said(text) = did { Some(&**text) } else { None }).collect();
    said.join("|")
}

/// A config with this.
pub fn with(change: impl FnOnce(&mut Config)) -> Config {
    let mut config = Config::default();
    change(&mut config);
    config
}

/// A config with this much TLS.
pub fn tls(security: Security) -> Config {
    with(|config| config.security = security)
}
