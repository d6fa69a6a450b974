//! The model of a network: hosts in networks, and gateways between a network and the one outside of it. It carries the first packet of a
//! connection from where it is sent to where it arrives, or tells how it is lost.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use crate::boxes::{Edit, Fate, Middlebox, Pinholes, Speaker};

/// The first packet of a TCP connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packet {
    pub from: SocketAddr,
    pub to: SocketAddr,
}

impl Packet {
    pub fn answer(self) -> Self {
        Self { from: self.to, to: self.from }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NetworkId(usize);
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HostId(usize);
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct GatewayId(usize);

/// Hosts, networks and gateways. The first network is the internet; every other has one gateway on its way there.
#[derive(Debug)]
pub struct World {
    networks: Vec<Network>,
    hosts: Vec<Host>,
    gateways: Vec<Gateway>,
}

#[derive(Debug)]
struct Network {
    /// The addresses that are here, and not beyond the gateway.
    prefixes: Vec<(IpAddr, u8)>,
    up: Option<GatewayId>,
}

#[derive(Debug)]
struct Host {
    network: NetworkId,
    addresses: Vec<IpAddr>,
    ports: BTreeMap<u16, Socket>,
    next_port: u16,
}

/// Who listens at a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Socket {
    /// The FTP server, for control connections.
    Control,
    /// An end of the FTP session, for a data connection.
    Data,
    /// Another service, which takes whatever comes.
    Other,
}

#[derive(Debug)]
struct Gateway {
    inside: NetworkId,
    outside: NetworkId,
    /// From inside to outside.
    boxes: Vec<Box<dyn Middlebox>>,
    pinholes: Pinholes,
}

/// A gateway that a connection goes through.
#[derive(Debug, Clone, Copy)]
pub struct Hop {
    gateway: GatewayId,
    /// The connection goes from inside to outside.
    pub up: bool,
    before: Packet,
    after: Packet,
}

impl Hop {
    /// The first packet as it is inside.
    pub fn inner(&self) -> Packet {
        if self.up { self.before } else { self.after }
    }

    /// The first packet as it is outside.
    pub fn outer(&self) -> Packet {
        if self.up { self.after } else { self.before }
    }
}

/// What has become of a first packet.
#[derive(Debug, Clone)]
pub enum Arrival {
    At(Box<Arrived>),
    /// A reset came back.
    Refused,
    /// An ICMP message came back, or nobody has that address here.
    Unreachable,
    /// Somebody else has answered, and closes.
    Feigned,
    /// Nothing came back.
    Nothing,
}

/// A connection that stands.
#[derive(Debug, Clone)]
pub struct Arrived {
    pub host: HostId,
    pub socket: Socket,
    /// As the one who was dialled sees it.
    pub packet: Packet,
    /// As the dialler sees it.
    pub dialled: Packet,
    pub hops: Vec<Hop>,
}

/// A wrong turn into a circle ends here.
const LONGEST_WAY: usize = 16;

impl World {
    pub const INTERNET: NetworkId = NetworkId(0);

    pub fn new() -> Self {
        Self { networks: vec![Network { prefixes: Vec::new(), up: None }], hosts: Vec::new(), gateways: Vec::new() }
    }

    /// A network with these addresses, `10.0.0.0/24`, behind a gateway of these boxes.
    pub fn network(&mut self, outside: NetworkId, prefixes: &[&str], boxes: Vec<Box<dyn Middlebox>>) -> NetworkId {
        let network = NetworkId(self.networks.len());
        let prefixes = prefixes.iter().map(|text| {
            let (address, bits) = text.split_once('/').unwrap();
            (address.parse().unwrap(), bits.parse().unwrap())
        });
        let up = Some(GatewayId(self.gateways.len()));
        self.networks.push(Network { prefixes: prefixes.collect(), up });
        self.gateways.push(Gateway { inside: network, outside, boxes, pinholes: Pinholes::default() });
        network
    }

    pub fn host(&mut self, network: NetworkId, addresses: &[IpAddr]) -> HostId {
        self.hosts.push(Host { network, addresses: addresses.to_vec(), ports: BTreeMap::new(), next_port: 40_000 });
        HostId(self.hosts.len() - 1)
    }

    /// The host's address of this family.
    pub fn address(&self, host: HostId, like: IpAddr) -> Option<IpAddr> {
        self.hosts[host.0].addresses.iter().copied().find(|address| address.is_ipv4() == like.is_ipv4())
    }

    pub fn listen(&mut self, host: HostId, port: u16, socket: Socket) {
        self.hosts[host.0].ports.insert(port, socket);
    }

    pub fn close(&mut self, host: HostId, port: u16) {
        self.hosts[host.0].ports.remove(&port);
    }

    pub fn is_free(&self, host: HostId, port: u16) -> bool {
        !self.hosts[host.0].ports.contains_key(&port)
    }

    /// The host dials.
    pub fn dial(&mut self, host: HostId, to: SocketAddr, source_port: Option<u16>) -> Arrival {
        // It is the host itself, at which nobody listens there.
        if to.ip().is_loopback() || to.ip().is_unspecified() {
            return Arrival::Refused;
        }
        let Some(address) = self.address(host, to.ip()) else { return Arrival::Unreachable };
        let Host { next_port, network, .. } = &mut self.hosts[host.0];
        *next_port += 1;
        let from = SocketAddr::new(address, source_port.unwrap_or(*next_port));
        let network = *network;
        let dialled = Packet { from, to };
        let mut hops = Vec::new();
        self.carry(dialled, dialled, network, &mut hops)
    }

    fn carry(&mut self, dialled: Packet, packet: Packet, network: NetworkId, hops: &mut Vec<Hop>) -> Arrival {
        if hops.len() > LONGEST_WAY {
            return Arrival::Unreachable;
        }
        let to = packet.to.ip();
        let is_here = |host: &Host| host.network == network && host.addresses.contains(&to);
        if let Some(place) = self.hosts.iter().position(is_here) {
            return match self.hosts[place].ports.get(&packet.to.port()) {
                Some(socket) => Arrival::At(Box::new(Arrived {
                    host: HostId(place),
                    socket: *socket,
                    packet,
                    dialled,
                    hops: std::mem::take(hops),
                })),
                None => Arrival::Refused,
            };
        }
        let leads_in = |gateway: &Gateway| {
            let routed = !gateway.boxes.iter().any(|each| each.hides()) && self.networks[gateway.inside.0].has(to);
            gateway.outside == network && (routed || gateway.boxes.iter().any(|each| each.owns(to)))
        };
        if let Some(gateway) = self.gateways.iter().position(leads_in).map(GatewayId) {
            return self.descend(dialled, packet, gateway, hops);
        }
        let Network { up, .. } = &self.networks[network.0];
        match *up {
            // Nobody answers for it.
            _ if self.networks[network.0].has(to) => Arrival::Unreachable,
            Some(gateway) => self.ascend(dialled, packet, gateway, hops),
            None => Arrival::Nothing,
        }
    }

    fn ascend(&mut self, dialled: Packet, before: Packet, id: GatewayId, hops: &mut Vec<Hop>) -> Arrival {
        let Gateway { outside, boxes, pinholes, .. } = &mut self.gateways[id.0];
        let mut after = before;
        for each in boxes {
            match each.outbound(&mut after, pinholes) {
                Fate::Pass => {}
                Fate::Drop => return Arrival::Nothing,
                Fate::Reject => return Arrival::Refused,
                Fate::Unreachable => return Arrival::Unreachable,
                Fate::Feign => return Arrival::Feigned,
            }
        }
        let outside = *outside;
        hops.push(Hop { gateway: id, up: true, before, after });
        self.carry(dialled, after, outside, hops)
    }

    fn descend(&mut self, dialled: Packet, before: Packet, id: GatewayId, hops: &mut Vec<Hop>) -> Arrival {
        let Gateway { inside, boxes, pinholes, .. } = &mut self.gateways[id.0];
        if hops.last().is_some_and(|last| last.gateway == id) && !boxes.iter().any(|each| each.turns_back()) {
            return Arrival::Nothing;
        }
        let mut after = before;
        for each in boxes.iter_mut().rev() {
            match each.inbound(&mut after, pinholes) {
                Fate::Pass => {}
                Fate::Drop => return Arrival::Nothing,
                Fate::Reject => return Arrival::Refused,
                Fate::Unreachable => return Arrival::Unreachable,
                Fate::Feign => return Arrival::Feigned,
            }
        }
        let inside = *inside;
        hops.push(Hop { gateway: id, up: false, before, after });
        self.carry(dialled, after, inside, hops)
    }

    /// A line of a control connection goes through the gateways on its way: the speaker's first.
    pub fn say(&mut self, by: Speaker, mut line: Vec<u8>, hops: &[Hop]) -> Edit {
        let (from_client, from_server) = match by {
            Speaker::Client => (Some(hops.iter()), None),
            Speaker::Server => (None, Some(hops.iter().rev())),
        };
        for hop in from_client.into_iter().flatten().chain(from_server.into_iter().flatten()) {
            let Gateway { boxes, pinholes, .. } = &mut self.gateways[hop.gateway.0];
            let outwards = hop.up == (by == Speaker::Client);
            let count = boxes.len();
            for place in 0..count {
                let each = &mut boxes[if outwards { place } else { count - 1 - place }];
                match each.read(line, by, hop, pinholes) {
                    Edit::Pass(edited) => line = edited,
                    other => return other,
                }
            }
        }
        Edit::Pass(line)
    }
}

impl Network {
    fn has(&self, address: IpAddr) -> bool {
        let bits = |address: IpAddr| match address {
            IpAddr::V4(address) => u128::from(u32::from(address)) << 96,
            IpAddr::V6(address) => u128::from(address),
        };
        self.prefixes.iter().any(|(prefix, length)| {
            let strange = 128 - u32::from(*length);
            prefix.is_ipv4() == address.is_ipv4()
                && bits(*prefix).checked_shr(strange).unwrap_or(0) == bits(address).checked_shr(strange).unwrap_or(0)
        })
    }
}
