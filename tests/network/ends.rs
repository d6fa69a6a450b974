//! The two ends of a session: adapters that answer the machines' questions with what the network does.

mod client;
mod server;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use ftp_proto::{Accept, Close, Connect, DataError, Instant, Listen, Moved, SecureData, StreamEnd, TlsError, Verdict};
use ftp_proto_rigs::pair::End;

use crate::wire::{LATENCY, Shaken, Tcp};
use crate::world::{Arrival, HostId, Socket, World};

pub use client::Seen;

/// What a look at an end brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// It has done something.
    Did,
    /// It has nothing to do until then, unless something comes.
    Waits(Option<Duration>),
}

impl Step {
    pub fn until(deadline: Instant, or: Option<Duration>) -> Self {
        Self::Waits([Some(deadline.since_origin()), or].into_iter().flatten().min())
    }
}

/// All data connections and those who listen for one.
#[derive(Debug, Default)]
pub struct Sockets {
    connections: Vec<Tcp>,
    /// Who has come to a listening socket: the connections, in order.
    listening: BTreeMap<SocketAddr, Vec<usize>>,
}

/// The sockets of one end.
#[derive(Debug)]
pub struct Place {
    pub end: End,
    /// Who dials.
    pub dials_from: HostId,
    /// Who listens; `None`: it can't, behind a proxy.
    pub listens_at: Option<HostId>,
    /// Where a port is taken if the machine has no wish.
    pub any_port: u16,
    /// No port of the range is free.
    pub no_port: bool,
    /// Whether TLS on a data connection resumes the control connection's session.
    pub resumes: bool,
    dialling: Option<(u64, Duration, Result<usize, DataError>)>,
    listens: Option<SocketAddr>,
    connection: Option<usize>,
    /// What became of what was dialled last; nothing, once it listens.
    pub failed: Option<DataError>,
    /// Each address that was dialled.
    pub dialled: Vec<SocketAddr>,
    /// Each address that was let in.
    pub let_in: Vec<SocketAddr>,
}

impl Place {
    pub fn new(end: End, host: HostId) -> Self {
        Self {
            end,
            dials_from: host,
            listens_at: Some(host),
            any_port: if end == End::Client { 45_000 } else { 50_000 },
            no_port: false,
            resumes: true,
            dialling: None,
            listens: None,
            connection: None,
            failed: None,
            dialled: Vec::new(),
            let_in: Vec::new(),
        }
    }

    pub fn connect(&mut self, world: &mut World, sockets: &mut Sockets, connect: Connect<'_>, now: Duration) -> Step {
        let serial = connect.serial();
        if self.dialling.as_ref().is_none_or(|(dialled, ..)| *dialled != serial) {
            let (ready, outcome) = self.dial(world, sockets, &connect, now);
            self.dialling = Some((serial, ready, outcome));
        }
        match &self.dialling {
            Some((_, ready, outcome)) if *ready <= now => {
                match *outcome {
                    Ok(connection) => {
                        self.connection = Some(connection);
                        connect.connected();
                    }
                    Err(why) => {
                        self.failed = Some(why);
                        connect.failed(why);
                    }
                }
                self.dialling = None;
                Step::Did
            }
            Some((_, ready, _)) => Step::until(connect.deadline(), Some(*ready)),
            None => Step::until(connect.deadline(), None),
        }
    }

    fn dial(
        &mut self,
        world: &mut World,
        sockets: &mut Sockets,
        connect: &Connect<'_>,
        now: Duration,
    ) -> (Duration, Result<usize, DataError>) {
        self.dialled.push(connect.address());
        // That is so until the answer is here.
        self.failed = Some(DataError::TimedOut);
        let there_and_back = now + 2 * LATENCY;
        match world.dial(self.dials_from, connect.address(), connect.source_port()) {
            Arrival::At(arrived) => {
                let ours = arrived.socket == Socket::Data;
                let tcp = Tcp::new(arrived.packet.from, now + LATENCY, !ours);
                let id = sockets.connections.len();
                sockets.connections.push(tcp);
                // By the host's address, whichever way it was reached.
                if ours && let Some(come) = sockets.listening.get_mut(&arrived.packet.to) {
                    come.push(id);
                }
                (there_and_back, Ok(id))
            }
            Arrival::Feigned => {
                let mut tcp = Tcp::new(connect.address(), now, true);
                tcp.close(self.end.other(), there_and_back);
                sockets.connections.push(tcp);
                (there_and_back, Ok(sockets.connections.len() - 1))
            }
            Arrival::Refused => (there_and_back, Err(DataError::Refused)),
            Arrival::Unreachable => (now, Err(DataError::Unreachable)),
            // The machine's own time runs out before.
            Arrival::Nothing => (Duration::MAX, Err(DataError::TimedOut)),
        }
    }

    pub fn listen(&mut self, world: &mut World, sockets: &mut Sockets, listen: Listen<'_>) -> Step {
        self.failed = None;
        let Some(host) = self.listens_at else {
            listen.failed(DataError::Local);
            return Step::Did;
        };
        let ports = listen.ports();
        let first = if ports == (0..=0) { self.any_port } else { *ports.start() };
        let last = if ports == (0..=0) { 65_535 } else { *ports.end() };
        let free = (first..=last).find(|port| world.is_free(host, *port)).filter(|_| !self.no_port);
        let address = world.address(host, listen.host());
        match (free, address) {
            (Some(port), Some(address)) => {
                let address = SocketAddr::new(address, port);
                world.listen(host, port, Socket::Data);
                sockets.listening.insert(address, Vec::new());
                self.listens = Some(address);
                listen.listening(address);
            }
            _ => listen.failed(DataError::NoPort),
        }
        Step::Did
    }

    /// The verdict, if somebody has come.
    pub fn accept(&mut self, sockets: &mut Sockets, accept: Accept<'_>, now: Duration) -> (Step, Option<Verdict>) {
        let come = self.listens.and_then(|address| sockets.listening.get_mut(&address));
        let Some(come) = come else { return (Step::until(accept.deadline(), None), None) };
        let Some(first) = come.first().copied() else { return (Step::until(accept.deadline(), None), None) };
        let tcp = &mut sockets.connections[first];
        if tcp.at > now {
            return (Step::until(accept.deadline(), Some(tcp.at)), None);
        }
        come.remove(0);
        let verdict = accept.accepted(tcp.seen);
        match verdict {
            Verdict::Take => {
                self.let_in.push(tcp.seen);
                self.connection = Some(first);
            }
            Verdict::Refuse => tcp.close(self.end, now),
        }
        (Step::Did, Some(verdict))
    }

    pub fn secure(&mut self, sockets: &mut Sockets, secure: SecureData<'_>, now: Duration) -> Step {
        let end = self.end;
        let Some(tcp) = self.connection.map(|id| &mut sockets.connections[id]) else {
            secure.failed(TlsError::Handshake);
            return Step::Did;
        };
        match tcp.shake(end, now) {
            Shaken::Done if self.resumes => secure.resumed(),
            Shaken::Done => secure.fresh(),
            Shaken::Broken => secure.failed(TlsError::Handshake),
            Shaken::Waits => return Step::until(secure.deadline(), None),
        }
        Step::Did
    }

    pub fn send(&mut self, sockets: &mut Sockets, bytes: Vec<u8>, now: Duration) -> StreamEnd {
        let Some(id) = self.connection.take() else { return StreamEnd::Truncated };
        let tcp = &mut sockets.connections[id];
        let end = tcp.send(self.end, bytes, now);
        tcp.close(self.end, now);
        end
    }

    pub fn receive(&mut self, sockets: &mut Sockets, now: Duration) -> Result<(StreamEnd, Vec<u8>), Option<Duration>> {
        let Some(id) = self.connection else { return Ok((StreamEnd::Truncated, Vec::new())) };
        let tcp = &mut sockets.connections[id];
        let came = tcp.receive(self.end, now)?;
        tcp.close(self.end, now);
        self.connection = None;
        Ok(came)
    }

    pub fn close(&mut self, world: &mut World, sockets: &mut Sockets, close: Close<'_>, now: Duration) -> Step {
        self.close_all(world, sockets, now);
        close.closed(Moved::Nothing);
        Step::Did
    }

    pub fn close_all(&mut self, world: &mut World, sockets: &mut Sockets, now: Duration) {
        // One that isn't made yet is given up.
        if let Some((_, _, Ok(id))) = self.dialling.take() {
            sockets.connections[id].close(self.end, now);
        }
        if let Some(id) = self.connection.take() {
            sockets.connections[id].close(self.end, now);
        }
        if let (Some(address), Some(host)) = (self.listens.take(), self.listens_at) {
            world.close(host, address.port());
            for id in sockets.listening.remove(&address).unwrap_or_default() {
                sockets.connections[id].close(self.end, now);
            }
        }
    }
}
