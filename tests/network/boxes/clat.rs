//! A CLAT is the near half of 464XLAT (RFC 6877): it gives programs that speak IPv4 an address of the host, and writes their packets anew
//! over IPv6 towards the NAT64. Nothing from outside is meant for it: the NAT64 has no place for that.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use super::nat64::{embedded, extracted};
use super::{Fate, Middlebox, Pinholes};
use crate::world::Packet;

#[derive(Debug, Clone)]
pub struct Clat {
    pub outside: Ipv6Addr,
    pub inside: IpAddr,
}

impl Middlebox for Clat {
    fn owns(&self, address: IpAddr) -> bool {
        address == self.outside
    }

    fn outbound(&mut self, packet: &mut Packet, _: &Pinholes) -> Fate {
        if let IpAddr::V4(host) = packet.to.ip() {
            packet.to = SocketAddr::new(embedded(host).into(), packet.to.port());
            packet.from = SocketAddr::new(self.outside.into(), packet.from.port());
        }
        Fate::Pass
    }

    fn inbound(&mut self, packet: &mut Packet, _: &Pinholes) -> Fate {
        let Some(from) = extracted(packet.from.ip()) else { return Fate::Reject };
        packet.from = SocketAddr::new(from.into(), packet.from.port());
        packet.to = SocketAddr::new(self.inside, packet.to.port());
        Fate::Pass
    }
}
