//! One session over a network: both machines with their real bytes, and a virtual clock.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use ftp_proto::client::{self, Client, Failure, Outcome, Request, Violation};
use ftp_proto::server::{Greeting, Server};
use ftp_proto::{Attempt, Command, DataError, Endpoints, ExtendedAddress, HostPort, Instant, Text};
use ftp_proto_rigs::client::login;
use ftp_proto_rigs::pair::End;

use crate::boxes::{Edit, Speaker};
use crate::ends::{Place, Seen, Sockets, Step};
use crate::software::{ForeignPort, Software};
use crate::topology::{Built, Topology};
use crate::wire::Control;
use crate::world::{Arrival, Socket, World};

pub type Ended = Result<Outcome<'static>, Failure<'static>>;

/// A file's content, and a listing's.
pub const CONTENT: &[u8] = b"-rw-r--r-- 1 0 0 49 Nov 21 03:25 a\r\n";

pub struct Session {
    pub now: Duration,
    pub world: World,
    pub sockets: Sockets,
    pub control: Control,
    pub client: Client,
    pub server: Server,
    pub at_client: Place,
    pub at_server: Place,
    pub software: &'static Software,
    pub content: Vec<u8>,
    pub stranger_came: bool,
    /// Transfers are refused: PROT P isn't in force.
    pub demands_protection: bool,
    /// The last command is another to the software that is played.
    heard_otherwise: bool,
    /// In place of the next 425.
    pub says_instead: Option<&'static str>,
    pub ends: Endpoints,
    /// What was said, and when, as each end has said it.
    pub said: Vec<(Duration, End, String)>,
    server_left: bool,
}

/// How a request has ended.
#[derive(Debug)]
pub struct Ran {
    pub ended: Result<Ended, Violation>,
    pub took: Duration,
    pub attempts: Vec<Attempt>,
}

impl Ran {
    pub fn worked(&self) -> bool {
        matches!(self.ended, Ok(Ok(_)))
    }
}

impl Session {
    /// The control connection, if it comes about.
    pub fn new(topology: &Topology, mut config: client::Config) -> Result<Self, Arrival> {
        let Built { mut world, client, server, at_client, at_server, dials, server_config } = topology.build();
        topology.advise(&mut config);
        world.listen(server, 21, Socket::Control);
        let arrived = match world.dial(at_client.dials_from, SocketAddr::new(dials, 21), None) {
            Arrival::At(arrived) if arrived.host == server && arrived.socket == Socket::Control => arrived,
            other => return Err(other),
        };
        // Through a proxy the client has dialled from its own address.
        let local = world.address(client, dials).unwrap_or(arrived.dialled.from.ip());
        let ends = Endpoints::new(SocketAddr::new(local, arrived.dialled.from.port()), arrived.dialled.to);
        let at_server_ends = Endpoints::new(arrived.packet.to, arrived.packet.from);
        let greeting = Greeting::ready(Text::from_static(topology.software.greeting));
        Ok(Self {
            now: Duration::ZERO,
            world,
            sockets: Sockets::default(),
            control: Control::over(arrived.hops),
            client: Client::new(Arc::new(config), ends, Instant::default()),
            server: Server::new(Arc::new(server_config), at_server_ends, &greeting, Instant::default()),
            at_client,
            at_server,
            software: topology.software,
            content: CONTENT.to_vec(),
            stranger_came: false,
            demands_protection: topology.server.demands_protection && topology.tls.is_none_or(|tls| !tls.protects),
            heard_otherwise: false,
            says_instead: None,
            ends,
            said: Vec::new(),
            server_left: false,
        })
    }

    /// The greeting, TLS if that is wanted, and the login.
    pub fn begin(&mut self, topology: &Topology) -> Result<(), Ran> {
        let check = |ran: Ran| if ran.worked() { Ok(()) } else { Err(ran) };
        check(self.until_done())?;
        if let Some(tls) = topology.tls {
            check(self.run(Request::secure()))?;
            if !tls.protects {
                check(self.run(Request::command(Command::Prot(ftp_proto::Protection::Clear)).unwrap()))?;
            }
        }
        check(self.run(login()))
    }

    pub fn run(&mut self, request: Request) -> Ran {
        self.client.start(request).unwrap();
        self.until_done()
    }

    fn until_done(&mut self) -> Ran {
        let begin = self.now;
        let ended = self.until_ended();
        Ran { ended, took: self.now - begin, attempts: self.client.attempts().to_vec() }
    }

    fn until_ended(&mut self) -> Result<Ended, Violation> {
        for _ in 0..100_000 {
            let server = if self.server_left { Step::Waits(None) } else { self.step_server() };
            let (client, seen) = self.step_client();
            match seen {
                Some(Seen::Done(ended)) => return Ok(ended),
                Some(Seen::Broken(violation)) => return Err(violation),
                Some(Seen::Left) => panic!("the client leaves amid a request: {}", self.dialogue()),
                None => {}
            }
            if let (Step::Waits(server), Step::Waits(client)) = (server, client) {
                let next = [server, client].into_iter().flatten().filter(|at| *at > self.now).min();
                self.now = next.unwrap_or_else(|| panic!("nothing will ever happen: {}", self.dialogue()));
            }
        }
        panic!("it has no end: {}", self.dialogue())
    }

    /// Bytes of the control connection, from the end that says them through all that lies in between.
    pub fn say(&mut self, from: End, bytes: &[u8]) {
        let text = String::from_utf8_lossy(bytes).into_owned();
        for line in text.split_inclusive("\r\n") {
            let line = self.spoken(from, line);
            self.said.push((self.now, from, line.trim_end().to_owned()));
            let mut bytes = line.into_bytes();
            if !self.control.is_secure(from) {
                let by = if from == End::Client { Speaker::Client } else { Speaker::Server };
                match self.world.say(by, bytes, &self.control.hops) {
                    Edit::Pass(edited) => bytes = edited,
                    Edit::Answer(words) => {
                        self.said.push((self.now, from.other(), format!("{words} (in between)")));
                        self.control.send(from.other(), format!("{words}\r\n").into_bytes(), self.now);
                        continue;
                    }
                    Edit::Reset => return self.control.reset(self.now),
                }
            }
            if from == End::Client {
                bytes = self.heard(&bytes);
            }
            self.control.send(from, bytes, self.now);
        }
    }

    /// A server's line in the words of the software that it plays.
    fn spoken(&mut self, from: End, line: &str) -> String {
        if from == End::Client {
            return line.to_owned();
        }
        if line.starts_with("425")
            && let Some(words) = self.says_instead.take()
        {
            return format!("{words}\r\n");
        }
        let because = match self.at_server.failed {
            Some(DataError::TimedOut) => Some("Connection timed out"),
            Some(_) => Some("Connection refused"),
            None => None,
        };
        format!("{}\r\n", self.software.words(line.trim_end(), because, self.heard_otherwise))
    }

    /// A command as the software hears it.
    fn heard(&mut self, bytes: &[u8]) -> Vec<u8> {
        let line = self.software.heard(&String::from_utf8_lossy(bytes)).into_bytes();
        self.heard_otherwise = line != bytes;
        if self.software.foreign_port != ForeignPort::Replaced {
            return line;
        }
        let peer = self.seen_by_server();
        let command = match (Command::parse(line.trim_ascii_end()), peer) {
            (Ok(Command::Port(named)), IpAddr::V4(host)) => {
                Command::Port(HostPort::new(host, named.port().try_into().unwrap()))
            }
            (Ok(Command::Eprt(named)), host) => {
                Command::Eprt(ExtendedAddress::new(host, named.port().try_into().unwrap()))
            }
            _ => return line,
        };
        let mut instead = Vec::new();
        command.encode(&mut instead);
        instead
    }

    fn seen_by_server(&self) -> IpAddr {
        self.control.hops.last().map_or(self.ends.local().ip(), |hop| {
            // The last hop before the server: what it sees is on this hop's far side.
            if hop.up { hop.outer() } else { hop.inner() }.from.ip()
        })
    }

    /// Whom the client has dialled or let in, and isn't the control connection's other end; and whom the server has let in.
    pub fn strangers(&self) -> Vec<SocketAddr> {
        let known = |host: IpAddr| move |address: &&SocketAddr| address.ip() != host;
        let server = self.ends.peer().ip();
        let at_client = self.at_client.dialled.iter().chain(&self.at_client.let_in).filter(known(server));
        let at_server = self.at_server.let_in.iter().filter(known(self.seen_by_server()));
        at_client.chain(at_server).copied().collect()
    }

    /// For whoever reads why a test has failed.
    pub fn dialogue(&self) -> String {
        let line = |(at, end, line): &(Duration, End, String)| {
            format!("\n{:>8.2} {} {line}", at.as_secs_f64(), if *end == End::Client { "C:" } else { "S:" })
        };
        self.said.iter().map(line).collect()
    }
}
