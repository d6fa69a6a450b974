//! A load balancer has one address for several hosts. It leads the ports that it serves to one of them: the control connection always to
//! the same, other ports to the next one each time, if it serves them at all. It refuses every other port.
//! What the hosts dial leaves from its address.

use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;

use super::{Fate, Middlebox, Pinholes};
use crate::world::Packet;

#[derive(Debug, Clone)]
pub struct Balancer {
    pub address: IpAddr,
    /// The first has the control connection.
    pub hosts: Vec<IpAddr>,
    /// The ports that it serves besides the control port.
    pub ports: RangeInclusive<u16>,
    next: usize,
}

impl Balancer {
    pub fn new(address: IpAddr, hosts: Vec<IpAddr>, ports: RangeInclusive<u16>) -> Self {
        Self { address, hosts, ports, next: 1 }
    }
}

impl Middlebox for Balancer {
    fn owns(&self, address: IpAddr) -> bool {
        address == self.address
    }

    fn hides(&self) -> bool {
        true
    }

    fn outbound(&mut self, packet: &mut Packet, _: &Pinholes) -> Fate {
        packet.from = SocketAddr::new(self.address, packet.from.port());
        Fate::Pass
    }

    fn inbound(&mut self, packet: &mut Packet, _: &Pinholes) -> Fate {
        let port = packet.to.port();
        let host = match port {
            21 => self.hosts[0],
            _ if self.ports.contains(&port) => {
                self.next += 1;
                self.hosts[(self.next - 1) % self.hosts.len()]
            }
            _ => return Fate::Reject,
        };
        packet.to = SocketAddr::new(host, port);
        Fate::Pass
    }
}
