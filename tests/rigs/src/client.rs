//! A client's machine against a server that says whatever a test wants: no socket, no clock.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ftp_proto::client::{Action, Client, Config, Request, Value, Violation};
use ftp_proto::{Argument, DataError, Direction, Endpoints, Instant, Password, Path, Route, StreamEnd, TlsError};

/// A client and a script. Each step says what the client does next; what it says is compared, what it is told is given.
pub struct Script {
    pub client: Client,
    pub now: Duration,
}

/// What a poll brought, without its handle.
#[derive(Debug, PartialEq)]
pub enum Did {
    Wrote(String),
    Waits(Option<u64>),
    Heard(u16),
    Unsolicited(u16),
    Done(Result<Value, String>),
    Connects(SocketAddr),
    Listens,
    Accepts,
    Streams(Direction, u64),
    StartsTls,
    StopsTls,
    Secures,
    Cancels,
    Discards,
    Closes,
}

/// How the outside answers.
#[derive(Clone, Copy, PartialEq)]
pub enum World {
    /// Everything works.
    Works,
    /// Nobody listens where the client connects.
    Refuses,
    /// Questions about the data connection stay open.
    Busy,
}

pub const PEER: &str = "198.51.100.7:21";

impl Script {
    pub fn new(config: Config) -> Self {
        Self::between(config, "192.0.2.1:40000", PEER)
    }

    pub fn between(config: Config, local: &str, peer: &str) -> Self {
        let ends = Endpoints::new(local.parse().unwrap(), peer.parse().unwrap());
        Self { client: Client::new(Arc::new(config), ends), now: Duration::ZERO }
    }

    pub fn logged_in(config: Config) -> Self {
        let mut script = Self::new(config);
        script.log_in();
        script
    }

    pub fn log_in(&mut self) {
        self.says("220 ready");
        self.client.start(Request::login(Argument::new("a").unwrap(), Password::new("b").unwrap(), None)).unwrap();
        self.converse(&[("USER a", "331 pass"), ("PASS b", "230 in")]);
    }

    pub fn now(&self) -> Instant {
        Instant::from_origin(self.now)
    }

    pub fn poll(&mut self, world: World) -> Result<Did, Violation> {
        let now = self.now();
        Ok(match self.client.poll(now)? {
            Action::Write(write) => {
                let text = String::from_utf8(write.bytes().to_vec()).unwrap();
                let all = write.bytes().len();
                write.wrote(all);
                Did::Wrote(text.trim_end().to_string())
            }
            Action::Read { deadline } => Did::Waits(deadline.map(|at| at.saturating_since(now).as_secs())),
            Action::Reply(reply) => Did::Heard(reply.code().value()),
            Action::Unsolicited(reply) => Did::Unsolicited(reply.code().value()),
            Action::Done(ended) => Did::Done(ended.map(|outcome| outcome.value).map_err(|failure| failure.to_string())),
            Action::Connect(connect) => {
                let address = connect.address();
                match world {
                    World::Works => connect.connected(),
                    World::Refuses => connect.failed(DataError::Refused),
                    World::Busy => drop(connect),
                }
                Did::Connects(address)
            }
            Action::Listen(listen) => {
                let address = SocketAddr::new(listen.host(), 5001);
                listen.listening(address);
                Did::Listens
            }
            Action::Accept(accept) => {
                if let World::Works = world {
                    let _ = accept.accepted("198.51.100.7:20".parse().unwrap());
                }
                Did::Accepts
            }
            Action::Stream(stream) => {
                let did = Did::Streams(stream.direction(), stream.offset());
                if let World::Works = world {
                    stream.finished(StreamEnd::Clean, 10);
                }
                did
            }
            Action::SecureData(secure) => {
                match world {
                    World::Works => secure.resumed(),
                    World::Refuses => secure.fresh(),
                    World::Busy => drop(secure),
                }
                Did::Secures
            }
            Action::StartTls(start) => {
                match world {
                    World::Works => start.started(),
                    World::Refuses => start.failed(TlsError::Certificate),
                    World::Busy => drop(start),
                }
                Did::StartsTls
            }
            Action::StopTls(stop) => {
                stop.stopped();
                Did::StopsTls
            }
            Action::Cancel(cancel) => {
                cancel.cancelled();
                Did::Cancels
            }
            Action::Discard(_) => Did::Discards,
            Action::Close => Did::Closes,
        })
    }

    /// Everything that happens until the client waits for the control connection, or a question stays open.
    pub fn all(&mut self, world: World) -> Vec<Did> {
        let mut did = Vec::new();
        for _ in 0..100 {
            let next = self.poll(world).unwrap();
            let waits = matches!(next, Did::Waits(_) | Did::Closes)
                || matches!(
                    (&next, world),
                    (Did::Connects(_) | Did::Accepts | Did::Streams(..) | Did::StartsTls | Did::Secures, World::Busy)
                );
            did.push(next);
            if waits {
                return did;
            }
        }
        panic!("no rest: {did:?}")
    }

    /// The server says a line, and everything that follows from it.
    pub fn says(&mut self, line: &str) -> Vec<Did> {
        self.client.received(format!("{line}\r\n").as_bytes());
        self.all(World::Works)
    }

    /// The client says the first, the server answers the second; then everything that follows.
    pub fn converse(&mut self, dialogue: &[(&str, &str)]) -> Vec<Did> {
        let mut did = self.all(World::Works);
        for (command, reply) in dialogue {
            assert!(did.contains(&Did::Wrote(command.to_string())), "{command}: {did:?}");
            did = self.says(reply);
        }
        did
    }

    pub fn retrieve(&mut self) {
        self.client.start(Request::retrieve(path("f"), 0)).unwrap();
    }
}

pub fn path(text: &str) -> Path<'_> {
    Path::new(text).unwrap()
}

pub fn by(routes: &[Route]) -> Config {
    let mut config = Config::default();
    config.routes = routes.to_vec();
    config
}

pub fn done(did: &[Did]) -> &Result<Value, String> {
    did.iter().find_map(|did| if let Did::Done(end) = did { Some(end) } else { None }).expect("an end")
}

pub fn addr(text: &str) -> SocketAddr {
    text.parse().unwrap()
}
