//! A NAT64 leads connections from inside, over IPv6, to 64:ff9b::a.b.c.d on to the IPv4 host a.b.c.d, from an address of its own (RFC 6146,
//! RFC 6052). From outside comes only what was read of.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::{Fate, Middlebox, Pinholes};
use crate::world::Packet;

#[derive(Debug, Clone)]
pub struct Nat64 {
    pub outside: Ipv4Addr,
    next_port: u16,
}

impl Nat64 {
    pub fn new(outside: Ipv4Addr) -> Self {
        Self { outside, next_port: 20_000 }
    }
}

/// 64:ff9b::/96 before an IPv4 address (RFC 6052 2.1).
pub fn embedded(address: Ipv4Addr) -> Ipv6Addr {
    let [a, b, c, d] = address.octets();
    Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]))
}

/// The IPv4 address behind 64:ff9b::/96.
pub fn extracted(address: IpAddr) -> Option<Ipv4Addr> {
    let IpAddr::V6(address) = address else { return None };
    let octets = address.octets();
    let last = Ipv4Addr::new(octets[12], octets[13], octets[14], octets[15]);
    (embedded(last) == address).then_some(last)
}

impl Middlebox for Nat64 {
    fn owns(&self, address: IpAddr) -> bool {
        address == self.outside
    }

    fn outbound(&mut self, packet: &mut Packet, _: &Pinholes) -> Fate {
        if let Some(host) = extracted(packet.to.ip()) {
            packet.to = SocketAddr::new(host.into(), packet.to.port());
            packet.from = SocketAddr::new(self.outside.into(), self.next_port);
            self.next_port += 1;
        }
        Fate::Pass
    }

    fn inbound(&mut self, packet: &mut Packet, pinholes: &Pinholes) -> Fate {
        let Some(inside) = pinholes.leads(packet.to) else { return Fate::Drop };
        packet.to = inside;
        if let IpAddr::V4(host) = packet.from.ip() {
            packet.from = SocketAddr::new(embedded(host).into(), packet.from.port());
        }
        Fate::Pass
    }
}
