//! A NAT of TCP over IPv4 gives a connection from inside an address of its own and a port (RFC 5382, RFC 4787). The mapping is for the
//! inner address and port, whoever is dialled; a symmetric NAT's is for each that is dialled. From outside comes what is forwarded, what
//! was read of, and what goes to a mapping and passes its filter:
//!
//! | kind | lets in |
//! |---|---|
//! | full cone | everybody |
//! | address-restricted | hosts that were dialled from that mapping |
//! | port-restricted | hosts that were dialled from it, from the port that was dialled |
//! | symmetric | the same, and each has a mapping of its own |
//!
//! A NAT with several addresses gives each connection the next one, or each inner host always the same ("paired", RFC 4787 4.1).

use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;

use super::{Fate, Middlebox, Pinholes};
use crate::world::Packet;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    FullCone,
    AddressRestricted,
    PortRestricted,
    Symmetric,
}

impl Kind {
    pub const ALL: [Self; 4] = [Self::FullCone, Self::AddressRestricted, Self::PortRestricted, Self::Symmetric];
}

#[derive(Debug, Clone)]
pub struct Nat {
    pub kind: Kind,
    /// Its outer addresses.
    pub outside: Vec<IpAddr>,
    /// Each connection gets the next of them.
    pub arbitrary: bool,
    pub hairpin: bool,
    pub forwards: Vec<(RangeInclusive<u16>, IpAddr)>,
    /// What becomes of what it has no place for.
    pub otherwise: Fate,
    mappings: Vec<Mapping>,
    next: usize,
}

#[derive(Debug, Clone)]
struct Mapping {
    inside: SocketAddr,
    outside: SocketAddr,
    dialled: Vec<SocketAddr>,
}

impl Nat {
    pub fn new(kind: Kind, outside: impl IntoIterator<Item = IpAddr>) -> Self {
        Self {
            kind,
            outside: outside.into_iter().collect(),
            arbitrary: false,
            hairpin: false,
            forwards: Vec::new(),
            otherwise: Fate::Drop,
            mappings: Vec::new(),
            next: 0,
        }
    }

    pub fn forwarding(mut self, ports: RangeInclusive<u16>, to: IpAddr) -> Self {
        self.forwards.push((ports, to));
        self
    }

    pub fn hairpin(mut self, hairpin: bool) -> Self {
        self.hairpin = hairpin;
        self
    }

    pub fn otherwise(mut self, fate: Fate) -> Self {
        self.otherwise = fate;
        self
    }

    /// Each connection leaves from the next address.
    pub fn arbitrary(mut self) -> Self {
        self.arbitrary = true;
        self
    }

    /// The mapping of a connection from inside, a new one if need be.
    fn map(&mut self, packet: &Packet) -> SocketAddr {
        let known = self.mappings.iter_mut().find(|mapping| {
            let same = self.kind != Kind::Symmetric || mapping.dialled.contains(&packet.to);
            mapping.inside == packet.from && same
        });
        if let Some(mapping) = known {
            mapping.dialled.push(packet.to);
            return mapping.outside;
        }
        let place = if self.arbitrary { self.next } else { 0 };
        self.next += 1;
        let host = self.outside[place % self.outside.len()];
        let taken = |port| {
            let here = SocketAddr::new(host, port);
            self.mappings.iter().any(|mapping| mapping.outside == here)
                || self.forwards.iter().any(|(ports, _)| ports.contains(&port))
        };
        // It keeps the port where it can; a symmetric one never does.
        let begin = if self.kind == Kind::Symmetric { 20_000 } else { packet.from.port() };
        let port = (begin..=65535).chain(1024..begin).find(|port| !taken(*port)).unwrap();
        let outside = SocketAddr::new(host, port);
        self.mappings.push(Mapping { inside: packet.from, outside, dialled: vec![packet.to] });
        outside
    }

    fn filter_passes(&self, mapping: &Mapping, from: SocketAddr) -> bool {
        match self.kind {
            Kind::FullCone => true,
            Kind::AddressRestricted => mapping.dialled.iter().any(|dialled| dialled.ip() == from.ip()),
            Kind::PortRestricted | Kind::Symmetric => mapping.dialled.contains(&from),
        }
    }
}

impl Middlebox for Nat {
    fn owns(&self, address: IpAddr) -> bool {
        self.outside.contains(&address)
    }

    fn hides(&self) -> bool {
        true
    }

    fn outbound(&mut self, packet: &mut Packet, _: &Pinholes) -> Fate {
        packet.from = self.map(packet);
        Fate::Pass
    }

    fn inbound(&mut self, packet: &mut Packet, pinholes: &Pinholes) -> Fate {
        let forwarded = self.forwards.iter().find(|(ports, _)| ports.contains(&packet.to.port()));
        let forwarded = forwarded.map(|(_, host)| SocketAddr::new(*host, packet.to.port()));
        let mapped = self
            .mappings
            .iter()
            .find(|mapping| mapping.outside == packet.to && self.filter_passes(mapping, packet.from))
            .map(|mapping| mapping.inside);
        match pinholes.leads(packet.to).or(forwarded).or(mapped) {
            Some(inside) => packet.to = inside,
            None => return self.otherwise,
        }
        Fate::Pass
    }

    fn turns_back(&self) -> bool {
        self.hairpin
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    /// From the same inner port the first server is dialled, and then from outside comes back …
    fn comes_back(kind: Kind, from: &str) -> Option<SocketAddr> {
        let mut nat = Nat::new(kind, ["198.51.100.9".parse().unwrap()]);
        let mut out = Packet { from: at("192.168.1.10:6000"), to: at("203.0.113.7:21") };
        assert_eq!(nat.outbound(&mut out, &Pinholes::default()), Fate::Pass);
        let mut back = Packet { from: at(from), to: out.from };
        let fate = nat.inbound(&mut back, &Pinholes::default());
        (fate == Fate::Pass).then_some(back.to)
    }

    #[test]
    fn each_kind_has_its_filter() {
        let inside = Some(at("192.168.1.10:6000"));
        let expected = [
            (Kind::FullCone, [inside, inside, inside]),
            (Kind::AddressRestricted, [inside, inside, None]),
            (Kind::PortRestricted, [inside, None, None]),
            (Kind::Symmetric, [inside, None, None]),
        ];
        for (kind, expected) in expected {
            let seen = ["203.0.113.7:21", "203.0.113.7:20", "203.0.113.8:21"].map(|from| comes_back(kind, from));
            assert_eq!(seen, expected, "{kind:?}");
        }
    }

    #[test]
    fn only_a_symmetric_one_maps_by_who_is_dialled() {
        for kind in Kind::ALL {
            let mut nat = Nat::new(kind, ["198.51.100.9".parse().unwrap()]);
            let seen = ["203.0.113.7:21", "203.0.113.8:21", "203.0.113.7:21"].map(|to| {
                let mut packet = Packet { from: at("192.168.1.10:6000"), to: at(to) };
                nat.outbound(&mut packet, &Pinholes::default());
                packet.from
            });
            assert_eq!(seen[0] == seen[1], kind != Kind::Symmetric, "{kind:?}");
            assert_eq!(seen[0], seen[2], "{kind:?}");
        }
    }

    #[test]
    fn two_connections_leave_from_two_addresses_where_it_is_arbitrary() {
        let addresses = ["198.51.100.9", "198.51.100.10"].map(|text| text.parse().unwrap());
        for (mut nat, apart) in [
            (Nat::new(Kind::PortRestricted, addresses), false),
            (Nat::new(Kind::PortRestricted, addresses).arbitrary(), true),
        ] {
            let seen = ["192.168.1.10:6000", "192.168.1.10:6001"].map(|from| {
                let mut packet = Packet { from: at(from), to: at("203.0.113.7:21") };
                nat.outbound(&mut packet, &Pinholes::default());
                packet.from.ip()
            });
            assert_eq!(seen[0] != seen[1], apart);
        }
    }
}
