//! One line or reply that goes on, and what it becomes.

use alloc::vec::Vec;
use core::fmt;
use core::net::{IpAddr, SocketAddr};
use core::num::NonZeroU16;
use core::ops::Range;

use super::Translation;
use super::translation::Own;
use crate::address::{self, ExtendedAddress, ExtendedPort, HostPort, LongAddress, NetworkProtocol};
use crate::command::{Algs, Command, EpsvArgument, Verb};
use crate::reply::Code;
use crate::session::{Awaited, CommandId};
use crate::telnet::{self, Sequence};

/// What a line is to a gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// PORT, EPRT or LPRT, and the address that it names.
    Active(CommandId, Verb, SocketAddr),
    Pasv(CommandId),
    Epsv(CommandId, EpsvArgument),
    /// EPSV or EPRT with a number that is no network protocol's.
    UnknownProtocol(CommandId, Verb),
    /// ALGS; `None`: with none of its three words.
    Algs(CommandId, Option<Algs>),
    /// 227, 228 or 229, and the command that it answers.
    Passive(CommandId, Verb, Code),
    Other,
}

impl Kind {
    pub(super) fn of_command(id: CommandId, verb: Verb, command: Option<&Command<'_>>) -> Self {
        match command {
            Some(Command::Port(address)) => Self::Active(id, Verb::Port, (*address).into()),
            Some(Command::Eprt(address)) => Self::Active(id, Verb::Eprt, (*address).into()),
            Some(Command::Lprt(address)) => Self::Active(id, Verb::Lprt, (*address).into()),
            Some(Command::Pasv) => Self::Pasv(id),
            Some(Command::Epsv(argument)) => Self::Epsv(id, *argument),
            Some(Command::Algs(algs)) => Self::Algs(id, Some(*algs)),
            None if verb == Verb::Algs => Self::Algs(id, None),
            _ => Self::Other,
        }
    }

    pub(super) fn of_reply(answers: Option<CommandId>, awaited: Option<Awaited>, code: Code) -> Self {
        let is_passive =
            matches!(code, Code::ENTERING_PASSIVE | Code::ENTERING_LONG_PASSIVE | Code::ENTERING_EXTENDED_PASSIVE);
        match (answers, awaited.and_then(Awaited::verb)) {
            (Some(id), Some(verb)) if is_passive => Self::Passive(id, verb, code),
            _ => Self::Other,
        }
    }

    /// The command that it is, or answers.
    pub(super) fn id(self) -> Option<CommandId> {
        match self {
            Self::Active(id, ..)
            | Self::Pasv(id)
            | Self::Epsv(id, _)
            | Self::UnknownProtocol(id, _)
            | Self::Algs(id, _)
            | Self::Passive(id, ..) => Some(id),
            Self::Other => None,
        }
    }
}

/// A whole line or reply.
pub(super) struct Line<'a> {
    /// As it came.
    pub(super) raw: &'a [u8],
    pub(super) kind: Kind,
    /// Where the data connection that it announces goes to, if one is expected.
    pub(super) announced: Option<SocketAddr>,
    /// What becomes of this line. Of a reply, what became of its command.
    pub(super) translation: Translation,
    /// The networks on either side.
    pub(super) between: Translation,
}

/// What stands before and behind the address in a 227 and in a 229.
const ENTERING_PASSIVE: (&[u8], &[u8]) = (b"227 Entering Passive Mode (", b").");
const EXTENDED: (&[u8], &[u8]) = (b"229 Entering Extended Passive Mode (", b")");

/// What goes on in the place of a line.
pub(super) enum Becomes {
    Itself,
    Other(Vec<u8>),
    /// The client is told that there is no data connection.
    Refusal(Vec<u8>),
}

impl Becomes {
    fn of(other: Option<Vec<u8>>) -> Self {
        other.map_or(Self::Itself, Self::Other)
    }
}

impl Line<'_> {
    pub(super) fn becomes(&self, chosen: Option<SocketAddr>) -> Becomes {
        let translation = self.translation;
        Becomes::of(match self.kind {
            Kind::Epsv(..) if translation == Translation::Client6 => Some(self.whole(b"PASV")),
            // Its own network's protocol, which isn't the server's.
            Kind::Epsv(_, EpsvArgument::Protocol(_)) if translation == Translation::Client4 => {
                Some(self.whole(b"EPSV"))
            }
            Kind::Pasv(_) if translation == Translation::Client4 => Some(self.whole(b"EPSV")),
            Kind::Active(_, verb, _) => {
                let announced = self.announced;
                // Where the client wants no gateway, an EPRT stays one (RFC 6384 11).
                let stays = |to: &SocketAddr| announced.is_some_and(|announced| announced.is_ipv4() == to.is_ipv4());
                let is_off = translation != self.between;
                let chosen = chosen.filter(|to| announced.is_some() && (!is_off || stays(to)));
                chosen.and_then(|to| self.active(verb, to))
            }
            Kind::Passive(_, verb, code) => return self.passive(verb, code, chosen),
            _ => None,
        })
    }

    fn active(&self, verb: Verb, to: SocketAddr) -> Option<Vec<u8>> {
        let extended = ExtendedAddress::try_from(to).ok()?;
        match (verb, to.ip().to_canonical()) {
            (Verb::Port, IpAddr::V4(_)) => {
                let address = HostPort::try_from(to).ok()?;
                self.put(self.host_port(), &address, b"PORT ", b"")
            }
            (Verb::Lprt, host) => {
                let address = LongAddress::new(host, NonZeroU16::new(to.port())?);
                self.put(self.long_address(), &address, b"LPRT ", b"")
            }
            // An EPRT that names an IPv6 address to a server of an IPv4 network becomes a PORT (RFC 6384 7).
            (_, IpAddr::V4(_)) if self.announced.is_some_and(|announced| announced.is_ipv6()) => {
                self.framed(b"PORT ", &HostPort::try_from(to).ok()?, b"")
            }
            (Verb::Eprt, host) => {
                let place = self.locate(extended_argument);
                let protocol = NetworkProtocol::of(host).number();
                let d = self.delimiter(place.as_ref());
                self.put(place, &format_args!("{d}{protocol}{d}{host}{d}{}{d}", to.port()), b"EPRT ", b"")
            }
            _ => self.framed(b"EPRT ", &extended, b""),
        }
    }

    fn passive(&self, verb: Verb, code: Code, chosen: Option<SocketAddr>) -> Becomes {
        let Some(announced) = self.announced else {
            let translated = self.translation != Translation::None;
            // RFC 6384 6: an address that isn't the server's can't be handed on in another form.
            return if translated { self.refusal() } else { Becomes::Itself };
        };
        let to = chosen.unwrap_or(announced);
        let Some(port) = NonZeroU16::new(to.port()) else { return Becomes::Itself };
        Becomes::of(match (self.translation, verb, code) {
            (Translation::Client6, Verb::Epsv, Code::ENTERING_PASSIVE) => {
                self.framed(EXTENDED.0, &ExtendedPort::new(port), EXTENDED.1)
            }
            (Translation::Client4, Verb::Pasv, Code::ENTERING_EXTENDED_PASSIVE) => match HostPort::try_from(to) {
                Ok(address) => self.framed(ENTERING_PASSIVE.0, &address, ENTERING_PASSIVE.1),
                Err(_) => return self.refusal(),
            },
            _ if chosen.is_none() => None,
            (.., Code::ENTERING_PASSIVE) => match HostPort::try_from(to) {
                Ok(address) => self.put(self.host_port(), &address, ENTERING_PASSIVE.0, ENTERING_PASSIVE.1),
                // RFC 6384 10: what isn't translated goes on as it is.
                Err(_) if self.between == Translation::Client6 => None,
                Err(_) => return self.refusal(),
            },
            (.., Code::ENTERING_LONG_PASSIVE) => {
                let address = LongAddress::new(to.ip(), port);
                self.put(self.long_address(), &address, b"228 Entering Long Passive Mode (", b")")
            }
            _ => {
                let place = self.locate(|line| {
                    let (found, place) = ExtendedPort::locate(line).ok()?;
                    Some((found.port(), place))
                });
                let d = self.delimiter(place.as_ref());
                self.put(place, &format_args!("{d}{d}{d}{port}{d}"), EXTENDED.0, EXTENDED.1)
            }
        })
    }

    /// The client gets this in place of an address that it couldn't use.
    fn refusal(&self) -> Becomes {
        let mut line = Vec::new();
        Own::NoDataConnection.reply().encode(&mut line);
        Becomes::Refusal(self.whole(line.trim_ascii_end()))
    }

    /// The line with something else in this place; where that isn't found amid Telnet, a line of its own.
    fn put(
        &self,
        place: Option<Range<usize>>,
        by: &impl fmt::Display,
        before: &[u8],
        behind: &[u8],
    ) -> Option<Vec<u8>> {
        let Some(place) = place else { return self.framed(before, by, behind) };
        let mut out = Vec::from(self.raw.get(..place.start)?);
        address::write(&mut out, by);
        out.extend_from_slice(self.raw.get(place.end..)?);
        Some(out)
    }

    /// The place in the first line in which an address is found, if it is the one that was announced.
    fn locate(&self, find: impl Fn(&[u8]) -> Option<(u16, Range<usize>)>) -> Option<Range<usize>> {
        let mut begin: usize = 0;
        for line in self.raw.split_inclusive(|byte| *byte == b'\n') {
            if let Some((port, place)) = find(line) {
                let is_it = self.announced.is_some_and(|announced| announced.port() == port);
                return is_it.then(|| place.start.saturating_add(begin)..place.end.saturating_add(begin));
            }
            begin = begin.saturating_add(line.len());
        }
        None
    }

    fn host_port(&self) -> Option<Range<usize>> {
        self.locate(|line| HostPort::locate(line).ok().map(|(found, place)| (found.port(), place)))
    }

    fn long_address(&self) -> Option<Range<usize>> {
        self.locate(|line| LongAddress::locate(line).ok().map(|(found, place)| (found.port(), place)))
    }

    /// What delimits the address in this place.
    fn delimiter(&self, place: Option<&Range<usize>>) -> char {
        place.and_then(|place| self.raw.get(place.start)).map_or('|', |byte| char::from(*byte))
    }

    fn framed(&self, before: &[u8], value: &impl fmt::Display, behind: &[u8]) -> Option<Vec<u8>> {
        let mut text = Vec::from(before);
        address::write(&mut text, value);
        text.extend_from_slice(behind);
        Some(self.whole(&text))
    }

    /// Another line in place of this one, with its Telnet and its end.
    fn whole(&self, text: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        telnet_of(self.raw, &mut out);
        out.extend_from_slice(text);
        out.extend_from_slice(if self.raw.ends_with(b"\r\n") { b"\r\n" } else { b"\n" });
        out
    }
}

/// Where EPRT's argument stands: behind the word and blanks, up to the end of the line.
fn extended_argument(line: &[u8]) -> Option<(u16, Range<usize>)> {
    let text = line.strip_suffix(b"\n")?;
    let text = text.strip_suffix(b"\r").unwrap_or(text);
    let word = text.windows(5).position(|word| word.eq_ignore_ascii_case(b"EPRT "))?;
    let start = word.saturating_add(5);
    let blanks = text.get(start..)?.iter().take_while(|byte| **byte == b' ').count();
    let start = start.saturating_add(blanks);
    let argument = text.get(start..)?;
    let end = start.saturating_add(argument.trim_ascii_end().len());
    ExtendedAddress::parse(text.get(start..end)?).ok().map(|found| (found.port(), start..end))
}

/// Appends what is Telnet.
fn telnet_of(raw: &[u8], out: &mut Vec<u8>) {
    let mut rest = raw;
    while let Some(at) = memchr::memchr(telnet::IAC, rest) {
        let Some(behind) = rest.get(at..) else { return };
        let length = match telnet::sequence(behind) {
            Sequence::Negotiation(_) => 3,
            Sequence::Subnegotiation => telnet::subnegotiation(behind),
            Sequence::Interrupt | Sequence::Command => 2,
            Sequence::Unended | Sequence::Data => 1,
            Sequence::Escaped => {
                rest = behind.get(2..).unwrap_or_default();
                continue;
            }
        };
        out.extend_from_slice(behind.get(..length).unwrap_or(behind));
        rest = behind.get(length..).unwrap_or_default();
    }
}
