//! A server's machine against a client that says whatever a test wants: no socket, no clock. The mirror of `client.rs`.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ftp_proto::server::{Action, CommitError, Config, Greeting, Refusal, Security, Server};
use ftp_proto::{
    ChannelId, Command, DataError, Direction, Endpoints, Instant, Moved, Path, Resume, StreamEnd, Text, TlsError,
    Verdict,
};

pub use crate::World;
use crate::application::{LENGTH, STATUS, agree};
use crate::characters;

/// A server, what surrounds it, and what it has done. Unless a test changes it, everything works at once.
pub struct Rig {
    pub server: Server,
    pub now: Duration,
    /// How the outside answers to what is said.
    pub world: World,
    /// The port that it listens on next.
    pub port: u16,
    /// Who connects to its port before the client does: each of them in turn.
    pub callers: Vec<SocketAddr>,
    /// The client neither comes to a passive port nor answers a call.
    pub deserted: bool,
    /// The client's TLS session on a data connection is a new one.
    pub fresh: bool,
    /// A stream stays open, and so many bytes have moved.
    pub held: Option<u64>,
    /// How many bytes a write takes.
    pub piece: usize,
    /// What STAT of a path tells.
    pub status: &'static [&'static str],
    /// The commands that reached the application, as they would be said; of transfers besides: the offset, the last byte,
    /// the facts.
    pub asked: Vec<String>,
    /// Which way bytes have moved, and to which address if the client was called.
    pub moved: Vec<(Direction, Option<SocketAddr>)>,
    /// All that was written, as it was.
    pub wire: Vec<u8>,
    pub closed: bool,
    client: SocketAddr,
    dialled: Option<SocketAddr>,
    listening: Vec<ChannelId>,
}

/// What a poll brought, without its handle.
#[derive(Debug, Clone, PartialEq)]
pub enum Did {
    /// One write: each byte a character, each CRLF but the last a line feed.
    Said(String),
    /// For the client, and so many seconds.
    Waits(u64),
    /// The application, about this command.
    Asks(String),
    /// A transfer, to the application.
    Offers,
    Listens,
    Connects(SocketAddr),
    /// `None`: nobody came.
    Accepts(Option<Verdict>),
    Secures(Resume),
    Streams,
    StartsTls,
    StopsTls,
    /// Whether the client has said something before its upload is kept.
    Looks,
    /// An upload is to be kept.
    Commits,
    Closes,
    /// This line, masked, was answered with that code; and whether the application was asked about it.
    Tells(String, u16, bool),
    Leaves,
}

impl Rig {
    /// Nothing has happened.
    pub fn new(config: Config) -> Self {
        Self::between(config, "192.0.2.2:21", "192.0.2.1:40000")
    }

    pub fn between(config: Config, local: &str, peer: &str) -> Self {
        let ends = Endpoints::new(local.parse().unwrap(), peer.parse().unwrap());
        let greeting = Greeting::ready(Text::from_static("ready"));
        Self {
            server: Server::new(Arc::new(config), ends, &greeting, Instant::from_origin(Duration::ZERO)),
            now: Duration::ZERO,
            world: World::Works,
            port: 50000,
            callers: Vec::new(),
            deserted: false,
            fresh: false,
            held: None,
            piece: usize::MAX,
            status: STATUS,
            asked: Vec::new(),
            moved: Vec::new(),
            wire: Vec::new(),
            closed: false,
            client: SocketAddr::new(ends.peer().ip(), 40001),
            dialled: None,
            listening: Vec::new(),
        }
    }

    /// After the greeting.
    pub fn greeted(config: Config) -> Self {
        Self::new(config).greet()
    }

    pub fn logged_in(config: Config) -> Self {
        Self::greeted(config).log_in()
    }

    /// After AUTH, the login, PBSZ and PROT P.
    pub fn secured(config: Config) -> Self {
        let mut rig = Self::greeted(config);
        assert!(rig.hears("AUTH TLS").contains(&Did::StartsTls));
        let mut rig = rig.log_in();
        rig.answers(&[("PBSZ 0", "200 PBSZ=0"), ("PROT P", "200 PROT now Private.")]);
        rig
    }

    /// A transfer whose stream is open.
    pub fn streaming(config: Config) -> Self {
        let mut rig = Self::logged_in(config);
        rig.hears("EPSV");
        rig.server.received(b"RETR f\r\n");
        while !matches!(rig.poll(World::Works), Did::Accepts(_)) {}
        assert_eq!(rig.all(World::Busy), [Did::Streams]);
        rig
    }

    pub fn greet(mut self) -> Self {
        assert!(said(&self.all(World::Works)).ends_with("220 ready"));
        self
    }

    pub fn log_in(mut self) -> Self {
        self.answers(&[("USER anna", "331 Please specify the password."), ("PASS secret", "230 Login successful.")]);
        self.asked.clear();
        self.wire.clear();
        self
    }

    pub fn now(&self) -> Instant {
        Instant::from_origin(self.now)
    }

    /// How many sockets listen.
    pub fn listeners(&self) -> usize {
        self.listening.len()
    }

    /// Everything that follows from these bytes.
    pub fn receives(&mut self, bytes: &[u8]) -> Vec<Did> {
        self.server.received(bytes);
        self.all(self.world)
    }

    /// The same of a line.
    pub fn hears(&mut self, line: &str) -> Vec<Did> {
        self.receives(format!("{line}\r\n").as_bytes())
    }

    /// What is said to a line.
    pub fn says(&mut self, line: &str) -> String {
        said(&self.hears(line))
    }

    /// Each line, said alone, is answered so.
    pub fn answers(&mut self, table: &[(&str, &str)]) {
        for (line, reply) in table {
            assert_eq!(self.says(line), *reply, "{line:?}");
        }
    }

    /// What is said without another word of the client.
    pub fn goes_on(&mut self) -> String {
        said(&self.all(self.world))
    }

    /// What is written next, byte for byte.
    pub fn writes(&mut self) -> Vec<u8> {
        self.wire.clear();
        let did = self.poll(World::Works);
        assert!(matches!(did, Did::Said(_)), "{did:?}");
        self.wire.clone()
    }

    /// Everything that happens until the server waits for the control connection, or a question stays open.
    pub fn all(&mut self, world: World) -> Vec<Did> {
        let mut did = Vec::new();
        for _ in 0..100_000 {
            let (next, open) = self.step(world);
            let waits = open || matches!(next, Did::Waits(_) | Did::Leaves);
            did.push(next);
            if waits {
                return did;
            }
        }
        panic!("no rest: {:?}", &did[..100])
    }

    pub fn poll(&mut self, world: World) -> Did {
        self.step(world).0
    }

    /// What a poll brought, and whether it is a question that stays open.
    fn step(&mut self, world: World) -> (Did, bool) {
        let now = self.now();
        let busy = world == World::Busy;
        let did = match self.server.poll(now) {
            Action::Write(write) => {
                let count = self.piece.min(write.bytes().len());
                let bytes = &write.bytes()[..count];
                self.wire.extend_from_slice(bytes);
                let text = characters(bytes).replace("\r\n", "\n");
                write.wrote(count);
                Did::Said(text.strip_suffix('\n').unwrap_or(&text).to_owned())
            }
            Action::Read { deadline } => Did::Waits(deadline.saturating_since(now).as_secs()),
            Action::Question(question) => {
                let line = line(question.command());
                self.asked.push(line.clone());
                if !busy {
                    agree(question, self.status);
                }
                return (Did::Asks(line), busy);
            }
            Action::Transfer(transfer) => {
                let facts: Vec<&str> = transfer.facts().collect();
                let (offset, last) = (transfer.offset(), transfer.last_byte());
                self.asked.push(format!("{} {offset} {last:?} {}", line(transfer.command()), facts.join(",")));
                match (world, transfer.command()) {
                    (World::Works, Command::Stou(_)) => transfer.accept_as(&Path::new("unique").unwrap()),
                    (World::Works, Command::Retr(_)) => transfer.accept_sized(LENGTH),
                    (World::Works, _) => transfer.accept(),
                    (World::Refuses, _) => transfer.refuse(&Refusal::unavailable(Text::new("No.").unwrap())),
                    (World::Busy, _) => {}
                }
                return (Did::Offers, busy);
            }
            Action::Listen(listen) => {
                let address = SocketAddr::new(listen.host(), self.port);
                match world {
                    World::Works => {
                        self.listening.push(listen.channel());
                        assert!(self.listening.len() < 2, "two listening sockets");
                        listen.listening(address);
                    }
                    World::Refuses => listen.failed(DataError::NoPort),
                    World::Busy => {}
                }
                return (Did::Listens, busy);
            }
            Action::Connect(connect) => {
                let address = connect.address();
                match world {
                    World::Works if self.deserted => return (Did::Connects(address), true),
                    World::Works => {
                        self.dialled = Some(address);
                        connect.connected();
                    }
                    World::Refuses => connect.failed(DataError::Refused),
                    World::Busy => {}
                }
                return (Did::Connects(address), busy);
            }
            Action::Accept(accept) => {
                let channel = accept.channel();
                let verdict = match world {
                    World::Works if !self.callers.is_empty() => Some(accept.accepted(self.callers.remove(0))),
                    World::Works if !self.deserted => Some(accept.accepted(self.client)),
                    World::Refuses => {
                        accept.failed(DataError::Local);
                        return (Did::Accepts(None), false);
                    }
                    World::Works | World::Busy => return (Did::Accepts(None), true),
                };
                if verdict == Some(Verdict::Take) {
                    self.listening.retain(|listening| *listening != channel);
                }
                Did::Accepts(verdict)
            }
            Action::SecureData(secure) => {
                let resume = secure.resume();
                match world {
                    World::Works if !self.fresh => secure.resumed(),
                    World::Works | World::Refuses => secure.fresh(),
                    World::Busy => {}
                }
                return (Did::Secures(resume), busy);
            }
            Action::Stream(stream) => {
                let direction = stream.direction();
                match (world, self.held) {
                    (World::Works, Some(moved)) => {
                        stream.moved(moved);
                        return (Did::Streams, true);
                    }
                    (World::Works, None) => {
                        self.moved.push((direction, self.dialled.take()));
                        stream.finished(StreamEnd::Clean, LENGTH.into());
                    }
                    (World::Refuses, _) => stream.finished(StreamEnd::Truncated, Moved::Bytes(1)),
                    (World::Busy, _) => {}
                }
                return (Did::Streams, busy);
            }
            Action::StartTls(start) => {
                match world {
                    World::Works => start.started(),
                    World::Refuses => start.failed(TlsError::Handshake),
                    World::Busy => {}
                }
                return (Did::StartsTls, busy);
            }
            Action::StopTls(stop) => {
                match world {
                    World::Works => stop.stopped(),
                    World::Refuses => stop.failed(TlsError::Handshake),
                    World::Busy => {}
                }
                return (Did::StopsTls, busy);
            }
            Action::Look(look) => {
                if !busy {
                    look.looked();
                }
                return (Did::Looks, busy);
            }
            Action::Commit(commit) => {
                match world {
                    World::Works => commit.kept(),
                    World::Refuses => commit.failed(CommitError::Local),
                    World::Busy => {}
                }
                return (Did::Commits, busy);
            }
            Action::Close(close) => {
                let channel = close.channel();
                self.listening.retain(|listening| *listening != channel);
                close.closed(Moved::Nothing);
                Did::Closes
            }
            Action::Answered(exchange) => {
                Did::Tells(characters(exchange.line()), exchange.reply().code().value(), exchange.was_asked())
            }
            Action::Leave => {
                self.closed = true;
                Did::Leaves
            }
        };
        (did, false)
    }
}

/// A command as it would be said.
fn line(command: &Command<'_>) -> String {
    let mut line = Vec::new();
    command.encode(&mut line);
    characters(&line).trim_end_matches(['\r', '\n']).to_owned()
}

/// What was said, a line each.
pub fn said(did: &[Did]) -> String {
    let said: Vec<&str> =
        did.iter().filter_map(|did| if let Did::Said(text) = did { Some(&**text) } else { None }).collect();
    said.join("\n")
}

/// The codes of the lines that end a reply, or begin a transfer.
pub fn codes(did: &[Did]) -> Vec<u16> {
    said(did)
        .lines()
        .filter(|line| line.as_bytes().get(3) == Some(&b' '))
        .filter_map(|line| line.get(..3)?.parse().ok())
        .collect()
}

/// What the application was asked, but for transfers.
pub fn asked(did: &[Did]) -> Vec<&str> {
    did.iter().filter_map(|did| if let Did::Asks(line) = did { Some(line.as_str()) } else { None }).collect()
}

/// Whether TLS began on a data connection.
pub fn secures(did: &[Did]) -> bool {
    did.iter().any(|did| matches!(did, Did::Secures(_)))
}

/// Which of the client's ports were called.
pub fn connects(did: &[Did]) -> Vec<SocketAddr> {
    did.iter().filter_map(|did| if let Did::Connects(address) = did { Some(*address) } else { None }).collect()
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
