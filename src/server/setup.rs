//! How the next data connection is agreed on: PASV, EPSV, LPSV, PORT, EPRT, LPRT.

use core::net::{IpAddr, Ipv4Addr, SocketAddr};
use core::num::NonZeroU16;

use super::context::Context;
use super::phase::UnderWay;
use crate::address::{ExtendedPort, FIRST_UNPRIVILEGED_PORT, HostPort, LongAddress, NetworkProtocol};
use crate::command::{Command, EpsvArgument, Verb};
use crate::data::DataError;
use crate::reply::{Code, Reply};

impl Context {
    /// PASV, EPSV, LPSV: checks the policy, then asks `Listen`. `false`: the command was refused.
    pub(super) fn prepare(&mut self, to: UnderWay, command: &Command<'_>) -> bool {
        let host = self.connection.ends.local().ip();
        match command {
            _ if !self.passive().enabled => {
                self.answer_static(to, Code::FILE_UNAVAILABLE, "Permission denied.");
                return false;
            }
            Command::Pasv if host.is_ipv6() => {
                let text = "PASV has no word for IPv6. Use EPSV.";
                self.answer_static(to, Code::CANNOT_OPEN_DATA_CONNECTION, text);
                return false;
            }
            Command::Epsv(EpsvArgument::Protocol(protocol)) if *protocol != NetworkProtocol::of(host) => {
                let reply = self.other_protocol(Verb::Epsv);
                self.answer(to, &reply);
                return false;
            }
            _ => {}
        }
        self.superseded();
        let (ports, patience) = (self.passive().ports.clone(), self.transfer_patience().listen);
        self.connection.data.listen(host, ports, patience);
        true
    }

    /// Answers with 227, 228 or 229 once the socket listens.
    pub(super) fn announce(&mut self, to: UnderWay, bound: SocketAddr) {
        let local = self.connection.ends.local().ip();
        let host = self.announced_host();
        let ports = &self.passive().ports;
        let allowed = *ports == (0..=0) || ports.contains(&bound.port());
        // A firewall would block a port outside the range.
        let Some(port) = NonZeroU16::new(bound.port()).filter(|_| allowed) else {
            self.connection.data.release();
            self.no_socket(to.verb, DataError::NoPort);
            return self.no_port(to);
        };
        self.agree(to.verb, port.get());
        match to.verb {
            Verb::Pasv => self.answer_draft(to, Reply::of_passive(HostPort::new(host, port))),
            Verb::Lpsv => {
                let host = if local.is_ipv6() { local } else { host.into() };
                self.answer_draft(to, Reply::of_long_passive(LongAddress::new(host, port)));
            }
            _ => self.answer_draft(to, Reply::of_extended_passive(ExtendedPort::new(port))),
        }
    }

    /// The host that a 227 announces.
    pub(super) fn announced_host(&self) -> Ipv4Addr {
        let ends = &self.connection.ends;
        match (self.passive().address.towards(ends.peer().ip()), ends.local().ip()) {
            (Some(address), _) | (None, IpAddr::V4(address)) => address,
            (None, IpAddr::V6(_)) => Ipv4Addr::UNSPECIFIED,
        }
    }

    pub(super) fn no_port(&mut self, to: UnderWay) {
        self.answer_static(to, Code::CANNOT_OPEN_DATA_CONNECTION, "Cannot open a passive connection.");
    }

    /// PORT, EPRT, LPRT: checks the policy, which by default forbids strangers and ports below 1024 (the bounce attack, RFC 2577 3).
    pub(super) fn set_target(&mut self, to: UnderWay, command: &Command<'_>) {
        let (address, illegal, done): (SocketAddr, _, _) = match command {
            Command::Port(address) => {
                let done = "PORT command successful. Consider using PASV.";
                ((*address).into(), "Illegal PORT command.", done)
            }
            Command::Eprt(address) => {
                let done = "EPRT command successful. Consider using EPSV.";
                ((*address).into(), "Illegal EPRT command.", done)
            }
            Command::Lprt(address) => {
                let done = "LPRT command successful. Consider using EPSV.";
                ((*address).into(), "Illegal LPRT command.", done)
            }
            _ => return,
        };
        let target = self.connection.ends.towards(address.ip().to_canonical(), address.port());
        let peer = self.connection.ends.peer().ip();
        let policy = self.active();
        let stranger = target.ip() != peer && !policy.strangers;
        let privileged = target.port() < FIRST_UNPRIVILEGED_PORT && !policy.privileged_ports;
        let (code, text) = if !policy.enabled {
            (Code::FILE_UNAVAILABLE, "Permission denied.")
        } else if stranger && target.is_ipv4() != peer.is_ipv4() && command.verb() != Verb::Port {
            let reply = self.other_protocol(command.verb());
            return self.answer(to, &reply);
        } else if stranger || privileged {
            self.named(command.verb(), target, Code::SYNTAX_ERROR);
            (Code::SYNTAX_ERROR, illegal)
        } else {
            self.superseded();
            self.connection.data.aim(target);
            self.agree(command.verb(), target.port());
            (Code::COMMAND_OKAY, done)
        };
        self.answer_static(to, code, text);
    }

    /// Tells which network protocols may be used instead (522 of RFC 2428 2, 521 of RFC 1639): the control connection's, or any if the server
    /// may connect to strangers.
    pub(super) fn other_protocol(&self, verb: Verb) -> Reply<'static> {
        let own = NetworkProtocol::of(self.connection.ends.local().ip());
        let any = verb != Verb::Epsv && self.active().strangers;
        match (verb, any, own) {
            (Verb::Lprt, true, _) => families("Supported address families are (4,6)"),
            (Verb::Lprt, _, NetworkProtocol::Ipv4) => families("Supported address families are (4)"),
            (Verb::Lprt, _, NetworkProtocol::Ipv6) => families("Supported address families are (6)"),
            (_, true, _) => Reply::use_network_protocols(&[NetworkProtocol::Ipv4, NetworkProtocol::Ipv6]),
            _ => Reply::use_network_protocols(&[own]),
        }
    }
}

fn families(text: &'static str) -> Reply<'static> {
    Reply::from_static(Code::UNSUPPORTED_FAMILY_OR_PROTECTION, text)
}
