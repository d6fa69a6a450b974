//! A client's and a server's machine in one process: a virtual network, a virtual clock, a file store in memory.
//!
//! Nothing here waits, listens or connects: "the network" is two byte queues for the control connection and
//! one pipe for the data connection, so every test is the same at every run. TLS is a mark on each byte: what one side
//! writes in plaintext and the other would take for TLS, or the other way round, ends the test.
//!
//! After every request both session tables have to be equal.

mod at_client;
mod at_server;
mod carried;
mod inject;
mod network;
mod watched;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ftp_proto::client::{self, Client, Failure, Outcome, Request, Violation};
use ftp_proto::server::{self, CommitError, Greeting, Server};
use ftp_proto::{Command, Endpoints, Instant, StreamEnd, Text};

use crate::client::login;
use crate::net::Log;
pub use inject::{Fault, Injector};
pub use network::End;
use network::{Control, Pipe};
use watched::Watched;

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
    /// The TLS session of the data connection isn't the control connection's.
    pub data_session_is_new: bool,
    /// The server can't keep an upload that has come whole.
    pub commit: Option<CommitError>,
    /// The handshake on the control connection fails at this end.
    pub handshake_fails: Option<End>,
}

/// How far the server is with an upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UploadAt {
    Stream,
    Look,
    Commit,
}

/// When TLS begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    Plain,
    Explicit,
    Implicit,
}

impl Manner {
    pub const ALL: [Self; 3] = [Self::Plain, Self::Explicit, Self::Implicit];

    /// The policies that make it so: with TLS, it is required by both, for the login and for the data.
    pub fn configs(self) -> (client::Config, server::Config) {
        let (mut client, mut server) = (client::Config::default(), server::Config::default());
        client.security = match self {
            Self::Plain => client::Security::Optional,
            Self::Explicit => client::Security::Required,
            Self::Implicit => client::Security::Implicit,
        };
        if self != Self::Plain {
            server.security = server::Security::Data;
            server.implicit_tls = self == Self::Implicit;
        }
        (client, server)
    }
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
    /// Bytes are moved in the form in force; where it marks their end, the connection is left for the next transfer.
    pub converts: bool,
    /// What an adapter, the client's and the server's, says of each stream that has ended well, whatever its form marks. Who says
    /// `Clean` has closed the connection.
    pub says: [Option<StreamEnd>; 2],
    /// How often each end was asked to close what it had, client and server.
    pub closed: [usize; 2],
    /// How often the server is asked to look, and to keep an upload, before it does.
    pub slow_look: usize,
    pub slow_commit: usize,
    asked_to_look: usize,
    asked_to_commit: usize,
    /// What the server was asked last about an upload's end, if it was.
    pub upload_at: UploadAt,
    /// What an upload has brought to the server: from where in the file, and the bytes.
    unkept: Option<(usize, Vec<u8>)>,
    /// Every command and reply line, in order, as they were written.
    pub wire: Vec<String>,
    pub log: Log,
    now: Duration,
    control: Control,
    data: Pipe,
    watched: Watched,
    /// Whether the client wants TLS before the login.
    secures: bool,
    /// Something was said that only one end has heard.
    apart: bool,
    /// What the client uploads, and what it downloaded.
    pub upload: Vec<u8>,
    pub download: Vec<u8>,
    /// Of each stream that was sent, whether it went through TLS.
    pub streams: Vec<bool>,
    renaming: Vec<u8>,
    serving: Option<Command<'static>>,
    client_addr: SocketAddr,
    server_addr: SocketAddr,
    next_port: u16,
    server_closed: bool,
    client_closed: bool,
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
        let greeting = Greeting::ready(Text::from_static("ready"));
        let secures = client.security != client::Security::Optional;
        let watched = Watched::new(client_addr, server_addr, client.escaping, server.implicit_tls);
        Self {
            client: Client::new(Arc::new(client), Endpoints::new(client_addr, server_addr), Instant::default()),
            server: Server::new(
                Arc::new(server),
                Endpoints::new(server_addr, client_addr),
                &greeting,
                Instant::default(),
            ),
            files: BTreeMap::new(),
            faults: Faults::default(),
            injector: Injector::default(),
            chunk: usize::MAX,
            slow: 0,
            streamed: [0, 0],
            converts: false,
            says: [None; 2],
            closed: [0, 0],
            slow_look: 0,
            slow_commit: 0,
            asked_to_look: 0,
            asked_to_commit: 0,
            upload_at: UploadAt::Stream,
            unkept: None,
            wire: Vec::new(),
            log: Log::of_test("pairs"),
            now: Duration::ZERO,
            control: Control::default(),
            data: Pipe::default(),
            watched,
            secures,
            apart: false,
            upload: Vec::new(),
            download: Vec::new(),
            streams: Vec::new(),
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

    /// The greeting, AUTH TLS with what belongs to it if the client wants TLS, and the login.
    pub fn login(&mut self) {
        self.greet();
        if self.secures {
            self.run(Request::secure()).unwrap();
        }
        self.run(login()).unwrap();
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
        let mut idle = 0;
        for _ in 0..10_000 {
            if stop(self) {
                return Ok(None);
            }
            let server_moved = self.step_server();
            let (client_moved, ended) = self.step_client()?;
            if let Some(ended) = ended {
                self.settle();
                self.assert_equal(&ended);
                return Ok(Some(ended));
            }
            if server_moved || client_moved {
                idle = 0;
            } else {
                // Who has waited for long waits in larger steps.
                idle += 1;
                self.now += Duration::from_secs(if idle < 10 { 1 } else { 5 });
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

    /// RFC 959 6 is one table: both ends have come to the same state, unless they could not hear each other.
    fn assert_equal(&self, ended: &Ended) {
        let over = self.client.session().is_ending() || self.client_closed || self.server_closed;
        if self.apart || over && ended.is_err() || matches!(ended, Err(Failure::Tls(_))) {
            return;
        }
        assert_eq!(self.client.session().replies_due(), 0, "nothing is due after a request: {:#?}", self.wire);
        assert_eq!(self.client.session(), self.server.session(), "client and server: {:#?}", self.wire);
        assert_eq!(self.is_secure(End::Client), self.is_secure(End::Server), "{:#?}", self.wire);
        if !over {
            self.watched.assert_agrees(self.client.session(), &self.wire);
        }
    }

    /// Whether TLS is on at this end of the control connection.
    pub fn is_secure(&self, end: End) -> bool {
        self.control.is_secure(end)
    }

    /// What the server writes, byte for byte, when it is told this.
    pub fn write_of(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.apart = true;
        self.server.received(bytes);
        self.settle();
        self.control.take_all(End::Client)
    }

    /// A command as the client would never say it, straight to the server; what it writes is returned. No bytes: only
    /// what the time brings.
    pub fn say(&mut self, bytes: &[u8]) -> String {
        self.apart = true;
        let before = self.wire.len();
        if !bytes.is_empty() {
            self.server.received(bytes);
        }
        self.settle();
        self.control.clear(End::Client);
        self.wire[before..].iter().map(|line| format!("{}\n", &line[3..])).collect()
    }

    /// The verbs that went over the wire, a reply's code as its digits.
    pub fn words(&self) -> Vec<&str> {
        self.words_since(0).collect()
    }

    /// Those behind so many lines of the wire.
    pub fn words_since(&self, lines: usize) -> impl Iterator<Item = &str> {
        self.wire[lines..].iter().filter_map(|line| line[3..].split([' ', '-']).next())
    }
}
