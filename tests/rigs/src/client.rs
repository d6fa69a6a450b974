//! A client's machine against a server that says whatever a test wants: no socket, no clock. The mirror of `server.rs`.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ftp_proto::client::{Action, Client, Config, Request, Value, Violation};
use ftp_proto::{
    Argument, DataError, Direction, Endpoints, Instant, Moved, Password, Resume, Route, StreamEnd, TlsError, Verdict,
};

pub use crate::World;
use crate::{addr, characters, path};

/// A client, and what surrounds it. Unless a test changes it, everything works at once.
pub struct Rig {
    pub client: Client,
    pub now: Duration,
    /// When it wants to be polled again, if it said so when it was polled last.
    pub wakes: Option<Instant>,
    /// How the outside answers to what is said.
    pub world: World,
}

/// What a poll brought, without its handle.
#[derive(Debug, Clone, PartialEq)]
pub enum Did {
    /// One write: each byte a character, without its last CRLF.
    Said(String),
    /// For the server, and so many seconds.
    Waits(Option<u64>),
    Heard(u16),
    Unsolicited(u16),
    Noise(String),
    Done(Result<Value, String>),
    Listens,
    Connects(SocketAddr),
    /// `None`: nobody came.
    Accepts(Option<Verdict>),
    Secures(Resume),
    /// From this offset.
    Streams(Direction, u64),
    StartsTls,
    StopsTls,
    Closes,
    Leaves,
}

pub const PEER: &str = "198.51.100.7:21";

impl Rig {
    /// Nothing has happened.
    pub fn new(config: Config) -> Self {
        Self::between(config, "192.0.2.1:40000", PEER)
    }

    pub fn between(config: Config, local: &str, peer: &str) -> Self {
        let ends = Endpoints::new(local.parse().unwrap(), peer.parse().unwrap());
        Self {
            client: Client::new(Arc::new(config), ends, Instant::from_origin(Duration::ZERO)),
            now: Duration::ZERO,
            wakes: None,
            world: World::Works,
        }
    }

    /// After the greeting.
    pub fn greeted(config: Config) -> Self {
        Self::new(config).greet()
    }

    pub fn logged_in(config: Config) -> Self {
        Self::greeted(config).log_in()
    }

    /// After AUTH, PBSZ, PROT P and the login.
    pub fn secured(config: Config) -> Self {
        let mut rig = Self::greeted(config);
        rig.secure();
        rig.log_in()
    }

    /// A download whose 150 has come, with its stream open.
    pub fn streaming(config: Config) -> Self {
        let mut rig = Self::logged_in(config);
        rig.retrieve();
        rig.converse(&[("TYPE I", "200 ok"), ("EPSV", "229 (|||5|)")]);
        rig.client.received(b"150 ok\r\n");
        assert_eq!(rig.all(World::Busy).last(), Some(&Did::Streams(Direction::Receive, 0)));
        rig
    }

    pub fn greet(mut self) -> Self {
        assert!(done(&self.hears("220 ready")).is_ok());
        self
    }

    pub fn secure(&mut self) {
        self.client.start(Request::secure()).unwrap();
        let did = self.converse(&[("AUTH TLS", "234 go on"), ("PBSZ 0", "200 ok"), ("PROT P", "200 ok")]);
        assert!(done(&did).is_ok(), "{did:?}");
    }

    pub fn log_in(mut self) -> Self {
        self.client.start(login()).unwrap();
        let did = self.converse(&[("USER anna", "331 pass"), ("PASS secret", "230 in")]);
        assert!(done(&did).is_ok(), "{did:?}");
        self
    }

    pub fn now(&self) -> Instant {
        Instant::from_origin(self.now)
    }

    /// Everything that follows from these bytes.
    pub fn receives(&mut self, bytes: &[u8]) -> Vec<Did> {
        self.client.received(bytes);
        self.all(self.world)
    }

    /// The same of a line.
    pub fn hears(&mut self, line: &str) -> Vec<Did> {
        self.receives(format!("{line}\r\n").as_bytes())
    }

    /// What is written next, byte for byte.
    pub fn writes(&mut self) -> Vec<u8> {
        let now = self.now();
        match self.client.poll(now).unwrap() {
            Action::Write(write) => {
                let bytes = write.bytes().to_vec();
                write.wrote(bytes.len());
                bytes
            }
            other => panic!("{other:?}"),
        }
    }

    /// Everything that happens until the client waits for the control connection, or a question stays open.
    pub fn all(&mut self, world: World) -> Vec<Did> {
        let mut did = Vec::new();
        for _ in 0..100 {
            let (next, open) = self.step(world).unwrap();
            let waits = open || matches!(next, Did::Waits(_) | Did::Leaves);
            did.push(next);
            if waits {
                return did;
            }
        }
        panic!("no rest: {did:?}")
    }

    pub fn poll(&mut self, world: World) -> Result<Did, Violation> {
        Ok(self.step(world)?.0)
    }

    /// What a poll brought, and whether it is a question that stays open.
    fn step(&mut self, world: World) -> Result<(Did, bool), Violation> {
        let now = self.now();
        let busy = world == World::Busy;
        let did = match self.client.poll(now)? {
            Action::Write(write) => {
                let text = characters(write.bytes());
                let count = write.bytes().len();
                write.wrote(count);
                Did::Said(text.strip_suffix("\r\n").unwrap_or(&text).to_owned())
            }
            Action::Read { deadline } => {
                self.wakes = deadline;
                Did::Waits(deadline.map(|at| at.saturating_since(now).as_secs()))
            }
            Action::Reply(reply) => Did::Heard(reply.code().value()),
            Action::Unsolicited(reply) => Did::Unsolicited(reply.code().value()),
            Action::Noise(line) => Did::Noise(characters(line)),
            Action::Done(ended) => Did::Done(ended.map(|outcome| outcome.value).map_err(|failure| failure.to_string())),
            Action::Listen(listen) => {
                let address = SocketAddr::new(listen.host(), 5001);
                match world {
                    // Who is busy has a port nevertheless: without one nothing is left to wait for.
                    World::Works | World::Busy => listen.listening(address),
                    World::Refuses => listen.failed(DataError::NoPort),
                }
                Did::Listens
            }
            Action::Connect(connect) => {
                let address = connect.address();
                match world {
                    World::Works => connect.connected(),
                    World::Refuses => connect.failed(DataError::Refused),
                    World::Busy => {}
                }
                return Ok((Did::Connects(address), busy));
            }
            Action::Accept(accept) => {
                let verdict = match world {
                    World::Works => Some(accept.accepted(addr("198.51.100.7:20"))),
                    World::Refuses => {
                        accept.failed(DataError::Local);
                        None
                    }
                    World::Busy => None,
                };
                return Ok((Did::Accepts(verdict), busy));
            }
            Action::SecureData(secure) => {
                let resume = secure.resume();
                match world {
                    World::Works => secure.resumed(),
                    World::Refuses => secure.fresh(),
                    World::Busy => {}
                }
                return Ok((Did::Secures(resume), busy));
            }
            Action::Stream(stream) => {
                let did = Did::Streams(stream.direction(), stream.offset());
                match world {
                    World::Works => stream.finished(StreamEnd::Clean, Moved::Bytes(10)),
                    World::Refuses => stream.finished(StreamEnd::Truncated, Moved::Bytes(1)),
                    World::Busy => {}
                }
                return Ok((did, busy));
            }
            Action::StartTls(start) => {
                match world {
                    World::Works => start.started(),
                    World::Refuses => start.failed(TlsError::Certificate),
                    World::Busy => {}
                }
                return Ok((Did::StartsTls, busy));
            }
            Action::StopTls(stop) => {
                match world {
                    World::Works => stop.stopped(),
                    World::Refuses => stop.failed(TlsError::Handshake),
                    World::Busy => {}
                }
                return Ok((Did::StopsTls, busy));
            }
            Action::Close(close) => {
                close.closed(Moved::Nothing);
                Did::Closes
            }
            Action::Leave => Did::Leaves,
        };
        Ok((did, false))
    }

    /// The client says the first, the server answers the second; then everything that follows.
    pub fn converse(&mut self, dialogue: &[(&str, &str)]) -> Vec<Did> {
        let mut did = self.all(self.world);
        for (command, reply) in dialogue {
            assert!(did.contains(&Did::Said(command.to_string())), "{command}: {did:?}");
            did = self.hears(reply);
        }
        did
    }

    /// The server says the first, the client the second behind it, unless that is empty; then everything that follows.
    pub fn converse_on(&mut self, dialogue: &[(&str, &str)]) -> Vec<Did> {
        let mut did = Vec::new();
        for (reply, command) in dialogue {
            self.client.received(format!("{reply}\r\n").as_bytes());
            did = self.all(World::Works);
            assert!(command.is_empty() || did.contains(&Did::Said((*command).to_owned())), "{command}: {did:?}");
        }
        did
    }

    pub fn retrieve(&mut self) {
        self.client.start(Request::retrieve(path("f"), 0)).unwrap();
    }
}

/// A config with these ways to a data connection.
pub fn by(routes: &[Route]) -> Config {
    let mut config = Config::default();
    config.routes = routes.to_vec();
    config
}

/// How the request ended.
pub fn done(did: &[Did]) -> &Result<Value, String> {
    did.iter().find_map(|did| if let Did::Done(end) = did { Some(end) } else { None }).expect("an end")
}

/// Which of the server's ports were called.
pub fn connects(did: &[Did]) -> Vec<SocketAddr> {
    did.iter().filter_map(|did| if let Did::Connects(address) = did { Some(*address) } else { None }).collect()
}

/// As the rigs' users log in.
pub fn login() -> Request {
    Request::login(Argument::new("anna").unwrap(), Password::new("secret").unwrap(), None)
}
