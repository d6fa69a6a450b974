//! An ALG reads the control connection (port 21, plaintext alone: under TLS it is blind). What it understands it makes possible: it opens
//! a pinhole for the connection that is to come, and writes the address that is right outside over the one that was named inside. It
//! takes no address but the speaker's own (RFC 2577 3). Most know PORT, PASV and 227; few know EPRT, EPSV and 229.
//!
//! One of a NAT64 translates as well (RFC 6384): EPSV into PASV, 227 into 229, EPRT into PORT. And some do harm: see [`Harm`].

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::NonZeroU16;

use ftp_proto::{Code, Command, EpsvArgument, ExtendedPort, HostPort, NetworkProtocol, Reply};

use super::{Edit, Middlebox, Pinhole, Pinholes, Speaker};
use crate::world::Hop;

#[derive(Debug, Clone, Default)]
pub struct Alg {
    /// It knows EPRT, EPSV and 229, too.
    pub extended: bool,
    /// It stands at a NAT64, and translates.
    pub translates: bool,
    pub harm: Option<Harm>,
    /// A PASV that goes on was an EPSV.
    translated: bool,
}

/// What a bad one does to PASV.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Harm {
    /// It damages the numbers of the 227.
    Garbles,
    /// It names another host in the 227.
    Misleads,
    /// It resets the connection over the 227.
    Resets,
    /// It answers PASV and EPSV itself: not here.
    Refuses,
    /// It answers EPSV and EPRT itself: what is that?
    RefusesExtended,
    /// It answers PASV with 229.
    Extends,
    /// It writes P@SW for PASV, so that the server gives no address away.
    Renames,
}

impl Harm {
    pub const ALL: [Self; 7] = [
        Self::Garbles,
        Self::Misleads,
        Self::Resets,
        Self::Refuses,
        Self::RefusesExtended,
        Self::Extends,
        Self::Renames,
    ];
}

/// A host that nobody has, named by a bad ALG.
pub const NOBODY: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 250);

impl Alg {
    pub fn known(extended: bool) -> Self {
        Self { extended, ..Self::default() }
    }

    pub fn of_nat64() -> Self {
        Self { extended: true, translates: true, ..Self::default() }
    }

    pub fn harmful(harm: Harm) -> Self {
        Self { harm: Some(harm), ..Self::default() }
    }

    fn command(&mut self, line: Vec<u8>, hop: &Hop, pinholes: &mut Pinholes) -> Edit {
        let edited = match Command::parse(line.trim_ascii_end()) {
            Ok(Command::Pasv | Command::Epsv(_)) if self.harm == Some(Harm::Refuses) => {
                return Edit::Answer("502 Command not implemented.");
            }
            Ok(Command::Eprt(_) | Command::Epsv(_)) if self.harm == Some(Harm::RefusesExtended) => {
                return Edit::Answer("500 Unknown command.");
            }
            Ok(Command::Pasv) if self.harm == Some(Harm::Renames) => b"P@SW\r\n".to_vec(),
            // It can't keep its word then (RFC 6384 6.1).
            Ok(Command::Epsv(EpsvArgument::All)) if self.translates => {
                return Edit::Answer("504 Command not implemented for that parameter.");
            }
            Ok(Command::Epsv(EpsvArgument::Protocol(NetworkProtocol::Ipv4))) if self.translates => {
                return Edit::Answer("522 Network protocol not supported, use (2)");
            }
            Ok(Command::Epsv(_)) if self.translates => {
                self.translated = true;
                b"PASV\r\n".to_vec()
            }
            Ok(Command::Pasv) => {
                self.translated = false;
                line
            }
            Ok(Command::Port(address)) => match self.listens(address.into(), hop, Speaker::Client, pinholes) {
                Some(outside) => port(outside).unwrap_or(line),
                None => line,
            },
            Ok(Command::Eprt(address)) if self.extended => {
                let named = SocketAddr::new(address.host(), address.port());
                match self.listens(named, hop, Speaker::Client, pinholes) {
                    Some(outside) if self.translates => port(outside).unwrap_or(line),
                    Some(outside) => {
                        let family = if outside.is_ipv4() { 1 } else { 2 };
                        format!("EPRT |{family}|{}|{}|\r\n", outside.ip(), outside.port()).into_bytes()
                    }
                    None => line,
                }
            }
            _ => line,
        };
        Edit::Pass(edited)
    }

    fn reply(&mut self, line: Vec<u8>, hop: &Hop, pinholes: &mut Pinholes) -> Edit {
        let Ok(Some((reply, _))) = Reply::parse(&line) else { return Edit::Pass(line) };
        match reply.code() {
            Code::ENTERING_PASSIVE => match reply.passive_address() {
                Ok(address) => self.passive(line, address, hop, pinholes),
                Err(_) => Edit::Pass(line),
            },
            Code::ENTERING_EXTENDED_PASSIVE if self.extended => {
                if let Ok(passive) = reply.extended_passive() {
                    let named = SocketAddr::new(hop.inner().to.ip(), passive.port());
                    self.listens(named, hop, Speaker::Server, pinholes);
                }
                Edit::Pass(line)
            }
            _ => Edit::Pass(line),
        }
    }

    /// A 227.
    fn passive(&mut self, line: Vec<u8>, address: HostPort, hop: &Hop, pinholes: &mut Pinholes) -> Edit {
        match self.harm {
            Some(Harm::Garbles) => Edit::Pass(b"227 Entering Passive Mode (,,,,,)\r\n".to_vec()),
            Some(Harm::Resets) => Edit::Reset,
            Some(Harm::Misleads) => Edit::Pass(passive(SocketAddr::new(NOBODY.into(), address.port())).unwrap_or(line)),
            Some(Harm::Extends) => Edit::Pass(extended_passive(address)),
            Some(Harm::Renames | Harm::Refuses | Harm::RefusesExtended) | None => {
                let outside = self.listens(address.into(), hop, Speaker::Server, pinholes);
                if std::mem::take(&mut self.translated) {
                    return Edit::Pass(extended_passive(address));
                }
                Edit::Pass(outside.and_then(passive).unwrap_or(line))
            }
        }
    }

    /// A party says where it listens. The address that is right outside, if that party is inside.
    fn listens(&self, named: SocketAddr, hop: &Hop, by: Speaker, pinholes: &mut Pinholes) -> Option<SocketAddr> {
        let client_inside = hop.up;
        let inside = client_inside == (by == Speaker::Client);
        let of = |packet: crate::world::Packet| if by == Speaker::Client { packet.from.ip() } else { packet.to.ip() };
        let (own, outside) = (of(hop.inner()), of(hop.outer()));
        if !inside {
            if self.translates || named.ip() == outside || named.ip() == own {
                pinholes.open(Pinhole::Outbound { to: SocketAddr::new(own, named.port()) });
            }
            return None;
        }
        if named.ip() != own && named.ip() != outside {
            return None;
        }
        let to = SocketAddr::new(outside, named.port());
        pinholes.open(Pinhole::Inbound { to, leads_to: SocketAddr::new(own, named.port()) });
        Some(to)
    }
}

impl Middlebox for Alg {
    fn read(&mut self, line: Vec<u8>, by: Speaker, hop: &Hop, pinholes: &mut Pinholes) -> Edit {
        match by {
            Speaker::Client => self.command(line, hop, pinholes),
            Speaker::Server => self.reply(line, hop, pinholes),
        }
    }
}

fn host_port(address: SocketAddr) -> Option<HostPort> {
    let IpAddr::V4(host) = address.ip() else { return None };
    Some(HostPort::new(host, NonZeroU16::new(address.port())?))
}

fn port(address: SocketAddr) -> Option<Vec<u8>> {
    let mut line = Vec::new();
    Command::Port(host_port(address)?).encode(&mut line);
    Some(line)
}

fn passive(address: SocketAddr) -> Option<Vec<u8>> {
    Some(encoded(&Reply::entering_passive(host_port(address)?)))
}

fn extended_passive(address: HostPort) -> Vec<u8> {
    let port = ExtendedPort::new(NonZeroU16::new(address.port()).unwrap());
    encoded(&Reply::entering_extended_passive(port))
}

fn encoded(reply: &Reply<'_>) -> Vec<u8> {
    let mut line = Vec::new();
    reply.encode(&mut line);
    line
}
