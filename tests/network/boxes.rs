//! What stands between two networks. Each kind of box is one file below, with its rule on top.

pub mod alg;
pub mod balancer;
pub mod clat;
pub mod docker;
pub mod firewall;
pub mod nat;
pub mod nat64;

use std::net::{IpAddr, SocketAddr};

use crate::world::{Hop, Packet};

/// What becomes of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    Pass,
    /// Nobody hears of it again.
    Drop,
    /// A reset comes back.
    Reject,
    /// An ICMP message comes back.
    Unreachable,
    /// The box answers in the name of the one that is dialled, as a SYN proxy or a virus scanner does, and closes the connection again
    /// because that one can't be reached.
    Feign,
}

/// Who has said a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaker {
    Client,
    Server,
}

/// What a box makes of a line of the control connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    Pass(Vec<u8>),
    /// It goes no further, and this is the box's own answer.
    Answer(&'static str),
    /// The connection is reset.
    Reset,
}

/// One box of a gateway. Only the first packet of a connection is asked about: what follows goes the same way.
pub trait Middlebox: std::fmt::Debug {
    /// Addresses of the outer network that are this box's own.
    fn owns(&self, _address: IpAddr) -> bool {
        false
    }

    /// Whether the addresses inside mean nothing outside.
    fn hides(&self) -> bool {
        false
    }

    /// The first packet of a connection from inside.
    fn outbound(&mut self, _packet: &mut Packet, _pinholes: &Pinholes) -> Fate {
        Fate::Pass
    }

    /// The first packet of a connection from outside.
    fn inbound(&mut self, _packet: &mut Packet, _pinholes: &Pinholes) -> Fate {
        Fate::Pass
    }

    /// Whether connections from inside to an address of its own come back in.
    fn turns_back(&self) -> bool {
        false
    }

    /// A line of a control connection that can be read, that is, in plaintext.
    fn read(&mut self, line: Vec<u8>, _by: Speaker, _hop: &Hop, _pinholes: &mut Pinholes) -> Edit {
        Edit::Pass(line)
    }
}

/// The connections that a box of this gateway has read of, and the others let through.
#[derive(Debug, Default)]
pub struct Pinholes(Vec<Pinhole>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pinhole {
    /// From outside to this address, which leads to that one inside.
    Inbound { to: SocketAddr, leads_to: SocketAddr },
    /// From inside to this address.
    Outbound { to: SocketAddr },
}

impl Pinholes {
    pub fn open(&mut self, pinhole: Pinhole) {
        self.0.push(pinhole);
    }

    /// Where a connection from outside to this address leads.
    pub fn leads(&self, address: SocketAddr) -> Option<SocketAddr> {
        self.0.iter().rev().find_map(|hole| match *hole {
            Pinhole::Inbound { to, leads_to } if to == address => Some(leads_to),
            _ => None,
        })
    }

    /// A connection from outside that is at its inner address already.
    pub fn lets_in(&self, address: SocketAddr) -> bool {
        self.0.iter().any(|hole| matches!(*hole, Pinhole::Inbound { leads_to, .. } if leads_to == address))
    }

    pub fn lets_out(&self, address: SocketAddr) -> bool {
        self.0.contains(&Pinhole::Outbound { to: address })
    }
}
