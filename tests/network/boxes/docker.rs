//! Docker's port mapping leads the published ports of the host's address on to the container, port by port, and answers at no other:
//! the host's kernel refuses those. What the container dials leaves from the host's address.

use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;

use super::{Fate, Middlebox, Pinholes};
use crate::world::Packet;

#[derive(Debug, Clone)]
pub struct Docker {
    /// The host's address.
    pub host: IpAddr,
    pub container: IpAddr,
    /// `-p 21:21 -p 50000-50099:50000-50099`.
    pub published: Vec<RangeInclusive<u16>>,
}

impl Middlebox for Docker {
    fn owns(&self, address: IpAddr) -> bool {
        address == self.host
    }

    fn hides(&self) -> bool {
        true
    }

    fn outbound(&mut self, packet: &mut Packet, _: &Pinholes) -> Fate {
        packet.from = SocketAddr::new(self.host, packet.from.port());
        Fate::Pass
    }

    fn inbound(&mut self, packet: &mut Packet, _: &Pinholes) -> Fate {
        if !self.published.iter().any(|ports| ports.contains(&packet.to.port())) {
            return Fate::Reject;
        }
        packet.to = SocketAddr::new(self.container, packet.to.port());
        Fate::Pass
    }
}
