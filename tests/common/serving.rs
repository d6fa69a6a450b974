//! A server's machine against a client that says whatever a test wants: no socket, no clock.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ftp_proto::server::{Action, Answer, Config, Pending, Refusal, Server};
use ftp_proto::{
    ChannelId, Code, Command, Endpoints, Instant, Path, Reply, Resume, StreamEnd, Text, Time, TlsError, Verb, Verdict,
};

/// A server, and what it has said.
pub struct Serving {
    pub server: Server,
    pub now: Duration,
    /// Who connects to our passive port: each of them in turn.
    pub callers: Vec<SocketAddr>,
    listening: Vec<ChannelId>,
}

/// What a poll brought, without its handle.
#[derive(Debug, Clone, PartialEq)]
pub enum Saw {
    /// What was written, whole.
    Said(String),
    /// The application was asked; the command as it would be said.
    Asked(String),
    Transfers(Verb),
    Connects(SocketAddr),
    Listens,
    /// Somebody has connected.
    Meets(SocketAddr, Verdict),
    Accepts,
    Secures(Resume),
    Streams,
    StartsTls,
    StopsTls,
    Cancels,
    Discards,
    Closes,
}

/// How the outside answers.
#[derive(Clone, Copy, PartialEq)]
pub enum World {
    /// Everything works.
    Works,
    /// Questions about the data connection and about TLS stay open.
    Busy,
    /// TLS sessions are new ones; handshakes on the control connection fail.
    Strange,
}

/// Whose control connection it is.
pub const CLIENT: &str = "192.0.2.1:40000";

impl Serving {
    pub fn new(config: Config) -> Self {
        let ends = Endpoints::new("192.0.2.2:21".parse().unwrap(), CLIENT.parse().unwrap());
        let greeting = Reply::from_static(Code::SERVICE_READY, "ready");
        let server = Server::new(Arc::new(config), ends, &greeting);
        Self { server, now: Duration::ZERO, callers: Vec::new(), listening: Vec::new() }
    }

    /// After the greeting, of which nothing is told.
    pub fn greeted(config: Config) -> Self {
        let mut serving = Self::new(config);
        serving.all(World::Works);
        serving
    }

    pub fn logged_in(config: Config) -> Self {
        let mut serving = Self::greeted(config);
        serving.hears(b"USER anna\r\nPASS secret\r\n");
        serving
    }

    pub fn hears(&mut self, bytes: &[u8]) -> Vec<Saw> {
        self.server.received(bytes);
        self.all(World::Works)
    }

    /// Everything that happens until the server waits, or is over.
    pub fn all(&mut self, world: World) -> Vec<Saw> {
        let mut saw = Vec::new();
        for _ in 0..100_000 {
            match self.poll(world) {
                Some(next) => {
                    let over = next == Saw::Closes;
                    saw.push(next);
                    if over {
                        return saw;
                    }
                }
                None => return saw,
            }
        }
        panic!("no rest")
    }

    /// One action; `None`: it waits for the client or the time.
    pub fn poll(&mut self, world: World) -> Option<Saw> {
        let now = Instant::from_origin(self.now);
        let Self { server, callers, listening, .. } = self;
        Some(match server.poll(now) {
            Action::Write(write) => {
                let text = write.bytes().iter().map(|byte| char::from(*byte)).collect();
                let all = write.bytes().len();
                write.wrote(all);
                Saw::Said(text)
            }
            Action::Read { .. } => return None,
            Action::Command(pending) => {
                let mut line = Vec::new();
                pending.command().encode(&mut line);
                agree(pending);
                Saw::Asked(line.iter().map(|byte| char::from(*byte)).collect::<String>().trim_end().to_owned())
            }
            Action::Transfer(transfer) => {
                let verb = transfer.command().verb();
                match transfer.command() {
                    Command::Retr(_) => transfer.accept_sized(5),
                    Command::Stou(_) => transfer.accept_as(&Path::new("unique").unwrap()),
                    _ => transfer.accept(),
                }
                Saw::Transfers(verb)
            }
            Action::Listen(listen) => {
                listening.push(listen.channel());
                assert!(listening.len() < 2, "two listening sockets");
                listen.listening("192.0.2.2:50000".parse().unwrap());
                Saw::Listens
            }
            Action::Connect(connect) => {
                let address = connect.address();
                if world == World::Busy {
                    drop(connect);
                    return None;
                }
                connect.connected();
                Saw::Connects(address)
            }
            Action::Accept(accept) => {
                if callers.is_empty() {
                    return None;
                }
                let caller = callers.remove(0);
                let channel = accept.channel();
                let verdict = accept.accepted(caller);
                if verdict == Verdict::Take {
                    listening.retain(|listening| *listening != channel);
                }
                Saw::Meets(caller, verdict)
            }
            Action::SecureData(secure) => {
                let resume = secure.resume();
                match world {
                    World::Works => secure.resumed(),
                    World::Strange => secure.fresh(),
                    World::Busy => return None,
                }
                Saw::Secures(resume)
            }
            Action::Stream(_) if world == World::Busy => return None,
            Action::Stream(stream) => {
                stream.finished(StreamEnd::Clean, 5);
                Saw::Streams
            }
            Action::StartTls(start) => {
                match world {
                    World::Works => start.started(),
                    World::Strange => start.failed(TlsError::Handshake),
                    World::Busy => return None,
                }
                Saw::StartsTls
            }
            Action::StopTls(stop) => {
                if world == World::Busy {
                    return None;
                }
                stop.stopped();
                Saw::StopsTls
            }
            Action::Cancel(cancel) => {
                let channel = cancel.channel();
                listening.retain(|listening| *listening != channel);
                cancel.cancelled();
                Saw::Cancels
            }
            Action::Discard(channel) => {
                listening.retain(|listening| *listening != channel);
                Saw::Discards
            }
            Action::Close => Saw::Closes,
        })
    }

    /// How many sockets listen.
    pub fn listeners(&self) -> usize {
        self.listening.len()
    }
}

/// What was said, in one text.
pub fn said(saw: &[Saw]) -> String {
    saw.iter().filter_map(|saw| if let Saw::Said(text) = saw { Some(text.as_str()) } else { None }).collect()
}

/// The codes of the lines that end a reply, or begin a transfer.
pub fn codes(saw: &[Saw]) -> Vec<u16> {
    said(saw)
        .lines()
        .filter(|line| line.as_bytes().get(3) == Some(&b' '))
        .filter_map(|line| line.get(..3)?.parse().ok())
        .collect()
}

/// What the application was asked.
pub fn asked(saw: &[Saw]) -> Vec<&str> {
    saw.iter().filter_map(|saw| if let Saw::Asked(line) = saw { Some(line.as_str()) } else { None }).collect()
}

/// The application says yes to everything, but to wrong passwords.
fn agree(pending: Pending<'_>) {
    match pending {
        Pending::Login(login) => match login.command() {
            Command::User(_) => login.need_password(),
            Command::Pass(password) if password.as_bytes() != b"secret" => {
                login.refuse(&Refusal::not_logged_in(Text::new("Login incorrect.").unwrap()));
            }
            _ => login.accept(),
        },
        Pending::Perform(perform) => perform.done(),
        Pending::Exists(exists) => exists.exists(),
        Pending::Directory(directory) => match directory.command() {
            Command::Mkd(path) => {
                let path = path.into_owned();
                directory.path(&path);
            }
            _ => directory.path(&Path::new("/").unwrap()),
        },
        Pending::Size(size) => size.bytes(5),
        Pending::Modified(modified) => modified.at(Time::parse(b"20261121024915").unwrap()),
        Pending::Facts(facts) => {
            let path = match facts.command() {
                Command::Mlst(Some(path)) => path.into_owned(),
                _ => Path::new("/").unwrap(),
            };
            facts.are(&Text::new("type=file;").unwrap(), &path);
        }
        Pending::Hash(hash) => hash.is(&[0xab; 32], 5),
        // Names as an attacker would choose them.
        Pending::Status(status) => {
            let lines = ["227 Entering Passive Mode (10,0,0,1,0,22).", "213 End of status", "213-", "226 x"];
            status.lines(lines.map(|line| Text::new(line).unwrap()));
        }
        Pending::Extension(extension) => {
            extension.answer(&Answer::new(Reply::from_static(Code::COMMAND_OKAY, "Done.")).unwrap());
        }
    }
}
