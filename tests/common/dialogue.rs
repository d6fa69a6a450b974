//! A server's machine, an application that agrees to everything, a network that works: no socket, no clock.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ftp_proto::server::{Action, Answer, Config, Pending, Server};
use ftp_proto::{Code, Command, Endpoints, Instant, Path, Reply, StreamEnd, Text, Time, Verb, Verdict};

pub struct Dialogue {
    pub server: Server,
    /// A stream stays open, and so many bytes have moved.
    pub held: Option<u64>,
    /// Whether the application takes its time: its questions stay open.
    pub busy: bool,
    /// Nobody comes to the listening socket, and nobody answers a call.
    pub deserted: bool,
    /// What the application was asked.
    pub asked: Vec<String>,
    /// Which way bytes have moved, and to which address of the client if that was named.
    pub moved: Vec<String>,
    pub closed: bool,
    dialled: Option<SocketAddr>,
    peer: SocketAddr,
    now: Duration,
}

/// The greeting was said.
pub fn quiet(config: Config) -> Dialogue {
    between(config, "192.0.2.2:21", "192.0.2.1:40000")
}

pub fn between(config: Config, local: &str, peer: &str) -> Dialogue {
    let ends = Endpoints::new(local.parse().unwrap(), peer.parse().unwrap());
    let server = Server::new(Arc::new(config), ends, &Reply::from_static(Code::SERVICE_READY, "ready"));
    let mut dialogue = Dialogue {
        server,
        held: None,
        busy: false,
        deserted: false,
        asked: Vec::new(),
        moved: Vec::new(),
        closed: false,
        dialled: None,
        peer: ends.peer(),
        now: Duration::ZERO,
    };
    assert_eq!(dialogue.run(), "220 ready\n");
    dialogue
}

pub fn logged_in(config: Config) -> Dialogue {
    quiet(config).log_in()
}

impl Dialogue {
    pub fn log_in(mut self) -> Self {
        assert!(self.say("USER anna").starts_with("331 "));
        assert!(self.say("PASS secret").starts_with("230 "));
        self.asked.clear();
        self
    }

    /// Says a line; all that is answered, until the machine waits or a question stays open.
    pub fn say(&mut self, line: &str) -> String {
        self.bytes(format!("{line}\r\n").as_bytes())
    }

    pub fn bytes(&mut self, bytes: &[u8]) -> String {
        self.server.received(bytes);
        self.run()
    }

    /// The codes of the final replies in what was said.
    pub fn finals(&self, said: &str) -> Vec<u16> {
        let mut finals = Vec::new();
        let mut rest = said.as_bytes();
        while let Some((reply, length)) = Reply::parse(rest).expect("replies") {
            finals.extend(Some(reply.code().value()).filter(|code| *code >= 200));
            rest = &rest[length..];
        }
        assert!(rest.is_empty(), "{said}");
        finals
    }

    pub fn run(&mut self) -> String {
        let mut said = String::new();
        for _ in 0..100_000 {
            match self.server.poll(Instant::from_origin(self.now)) {
                Action::Write(write) => {
                    said.push_str(&String::from_utf8_lossy(write.bytes()).replace("\r\n", "\n"));
                    let length = write.bytes().len();
                    write.wrote(length);
                }
                Action::Read { .. } => return said,
                Action::Close => {
                    self.closed = true;
                    return said;
                }
                Action::Command(_) | Action::Listen(_) | Action::Transfer(_) | Action::SecureData(_) if self.busy => {
                    return said;
                }
                Action::Command(pending) => {
                    self.asked.push(format!("{:?}", pending.command()));
                    agree(pending);
                }
                Action::Transfer(transfer) => {
                    let facts: Vec<&str> = transfer.facts().collect();
                    let (offset, last) = (transfer.offset(), transfer.last());
                    self.asked.push(format!("{:?} {offset} {last:?} {}", transfer.command(), facts.join(",")));
                    match transfer.command() {
                        Command::Stou(_) => transfer.accept_as(&Path::new("unique").unwrap()),
                        Command::Retr(_) => transfer.accept_sized(49),
                        _ => transfer.accept(),
                    }
                }
                Action::Listen(listen) => {
                    let address = SocketAddr::new(listen.host(), 44392);
                    listen.listening(address);
                }
                Action::Connect(_) | Action::Accept(_) if self.deserted => return said,
                Action::Connect(connect) => {
                    self.dialled = Some(connect.address());
                    connect.connected();
                }
                Action::Accept(accept) => {
                    assert_eq!(accept.accepted(self.peer), Verdict::Take);
                }
                Action::Stream(stream) => match self.held {
                    None => {
                        let to = self.dialled.take().map(|address| format!(" to {address}")).unwrap_or_default();
                        self.moved.push(format!("{:?}{to}", stream.direction()));
                        stream.finished(StreamEnd::Clean, 0);
                    }
                    Some(moved) => {
                        stream.moved(moved);
                        // What has come meanwhile is heard; then the stream is what is waited for.
                        if let Action::Stream(_) = self.server.poll(Instant::from_origin(self.now)) {
                            return said;
                        }
                    }
                },
                Action::Cancel(cancel) => cancel.cancelled(),
                Action::SecureData(secure) => secure.resumed(),
                Action::StartTls(start) => start.started(),
                Action::StopTls(stop) => stop.stopped(),
                Action::Discard(_) => {}
            }
        }
        panic!("no end: {said}")
    }
}

/// The application says yes.
fn agree(pending: Pending<'_>) {
    match pending {
        Pending::Login(login) => match login.command() {
            Command::User(_) => login.need_password(),
            _ => login.accept(),
        },
        Pending::Perform(perform) => perform.done(),
        Pending::Exists(exists) => exists.exists(),
        Pending::Directory(directory) => directory.path(&Path::new("/").unwrap()),
        Pending::Size(size) => size.bytes(6),
        Pending::Modified(modified) => modified.at(Time::parse(b"20261121024915").unwrap()),
        Pending::Facts(facts) => {
            let wanted: String = facts.wanted().map(|fact| format!("{fact}=x;")).collect();
            facts.are(&Text::new(&wanted).unwrap(), &Path::new("a").unwrap());
        }
        Pending::Hash(hash) => hash.is(&[0xab, 0xcd, 0x01, 0x23], 49),
        Pending::Status(status) => status.lines([Text::new("-rw-r--r-- 1 0 0 6 Nov 21 03:25 a").unwrap()]),
        Pending::Extension(extension) => {
            let text = if extension.command().verb() == Verb::Csid { "Name=test;" } else { "Done." };
            extension.answer(&Answer::new(Reply::from_static(Code::COMMAND_OKAY, text)).unwrap());
        }
    }
}
