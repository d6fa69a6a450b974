//! A firewall lets through what one of its rules allows, and drops or rejects the rest. A stateful one lets the answers to
//! whatever it let through pass, too; a stateless one asks its rules about each packet, answers included.

use std::ops::RangeInclusive;

use super::{Fate, Middlebox, Pinholes};
use crate::world::Packet;

/// Every port.
pub const ALL: RangeInclusive<u16> = 0..=65535;

/// Packets from and to these ports pass.
#[derive(Debug, Clone)]
pub struct Allow {
    pub from: RangeInclusive<u16>,
    pub to: RangeInclusive<u16>,
}

#[derive(Debug, Clone)]
pub struct Firewall {
    pub inbound: Vec<Allow>,
    pub outbound: Vec<Allow>,
    /// What becomes of the rest.
    pub otherwise: Fate,
    pub stateful: bool,
}

impl Allow {
    /// Whatever comes from anywhere to these ports.
    pub fn to(ports: RangeInclusive<u16>) -> Self {
        Self { from: ALL, to: ports }
    }

    /// Whatever comes from these ports.
    pub fn from(ports: RangeInclusive<u16>) -> Self {
        Self { from: ports, to: ALL }
    }

    fn passes(&self, packet: &Packet) -> bool {
        self.from.contains(&packet.from.port()) && self.to.contains(&packet.to.port())
    }
}

impl Firewall {
    /// Everything out, nothing in: what most routers do.
    pub fn nothing_in(otherwise: Fate) -> Self {
        Self { inbound: Vec::new(), outbound: vec![Allow::to(ALL)], otherwise, stateful: true }
    }

    /// In to these ports, everything out: a server's.
    pub fn in_to(ports: &[RangeInclusive<u16>], otherwise: Fate) -> Self {
        let inbound = ports.iter().cloned().map(Allow::to).collect();
        Self { inbound, ..Self::nothing_in(otherwise) }
    }

    /// Everything in, out only to well-known ports: an office's.
    pub fn out_to_low_ports(otherwise: Fate) -> Self {
        Self { inbound: vec![Allow::to(ALL)], outbound: vec![Allow::to(0..=1023)], otherwise, stateful: true }
    }

    /// In to the control port alone, and out from nothing else: a server's whose administrator relies on an ALG.
    pub fn control_alone(otherwise: Fate) -> Self {
        Self { inbound: vec![Allow::to(21..=21)], outbound: Vec::new(), otherwise, stateful: true }
    }

    /// Nothing in, out only to well-known ports: an office's that relies on an ALG.
    pub fn strict(otherwise: Fate) -> Self {
        Self { inbound: Vec::new(), ..Self::out_to_low_ports(otherwise) }
    }

    /// Everything in, nothing out.
    pub fn nothing_out(otherwise: Fate) -> Self {
        Self { inbound: vec![Allow::to(ALL)], outbound: Vec::new(), otherwise, stateful: true }
    }

    /// The rule of old packet filters: out goes everything; in comes what is an answer of an FTP server's ports 20 and 21, by its
    /// port alone.
    pub fn stateless(otherwise: Fate) -> Self {
        Self { inbound: vec![Allow::from(20..=21)], outbound: vec![Allow::to(ALL)], otherwise, stateful: false }
    }

    fn judge(&self, packet: &Packet, rules: &[Allow], back: &[Allow]) -> Fate {
        let passes = |rules: &[Allow], packet: &Packet| rules.iter().any(|rule| rule.passes(packet));
        if !passes(rules, packet) {
            return self.otherwise;
        }
        // Whoever asked never learns why no answer comes.
        if !self.stateful && !passes(back, &packet.answer()) {
            return Fate::Drop;
        }
        Fate::Pass
    }
}

impl Middlebox for Firewall {
    fn outbound(&mut self, packet: &mut Packet, pinholes: &Pinholes) -> Fate {
        if pinholes.lets_out(packet.to) {
            return Fate::Pass;
        }
        self.judge(packet, &self.outbound, &self.inbound)
    }

    fn inbound(&mut self, packet: &mut Packet, pinholes: &Pinholes) -> Fate {
        if pinholes.lets_in(packet.to) {
            return Fate::Pass;
        }
        self.judge(packet, &self.inbound, &self.outbound)
    }
}
