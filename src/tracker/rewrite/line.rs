//! One line or reply that goes on, and what it becomes.

use alloc::vec::Vec;
use core::fmt;
use core::net::{IpAddr, SocketAddr};
use core::ops::Range;

use super::Translation;
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
    Algs(CommandId, Algs),
    /// 227, 228 or 229, and the command that it answers.
    Passive(CommandId, Verb, Code),
    Other,
}

impl Kind {
    pub(super) fn of_command(id: CommandId, command: Option<&Command<'_>>) -> Self {
        match command {
            Some(Command::Port(address)) => Self::Active(id, Verb::Port, (*address).into()),
            Some(Command::Eprt(address)) => Self::Active(id, Verb::Eprt, (*address).into()),
            Some(Command::Lprt(address)) => Self::Active(id, Verb::Lprt, (*address).into()),
            Some(Command::Pasv) => Self::Pasv(id),
            Some(Command::Epsv(argument)) => Self::Epsv(id, *argument),
            Some(Command::Algs(algs)) => Self::Algs(id, *algs),
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
            Self::Active(id, ..) | Self::Pasv(id) | Self::Epsv(id, _) | Self::Algs(id, _) | Self::Passive(id, ..) => {
                Some(id)
            }
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
}

impl Line<'_> {
    /// What goes on in its place; `None`: the line itself.
    pub(super) fn rewritten(&self, translation: Translation, chosen: Option<SocketAddr>) -> Option<Vec<u8>> {
        match self.kind {
            Kind::Epsv(..) if translation == Translation::Client6 => self.whole(b"PASV"),
            Kind::Pasv(_) if translation == Translation::Client4 => self.whole(b"EPSV"),
            Kind::Active(_, verb, _) => self.active(verb, chosen.filter(|_| self.announced.is_some())?),
            Kind::Passive(_, verb, code) => self.passive(translation, verb, code, chosen),
            _ => None,
        }
    }

    fn active(&self, verb: Verb, to: SocketAddr) -> Option<Vec<u8>> {
        let extended = ExtendedAddress::try_from(to).ok()?;
        match (verb, to.ip().to_canonical()) {
            (Verb::Port, IpAddr::V4(_)) => {
                let place = locate(self.raw, |line| HostPort::locate(line).ok().map(|(_, place)| place));
                self.put(place, &HostPort::try_from(to).ok()?, b"PORT ")
            }
            (Verb::Lprt, host) => {
                let place = locate(self.raw, |line| LongAddress::locate(line).ok().map(|(_, place)| place));
                self.put(place, &LongAddress::new(host, core::num::NonZeroU16::new(to.port())?), b"LPRT ")
            }
            // An EPRT that names an IPv6 address to a server of an IPv4 network becomes a PORT (RFC 6384 6).
            (_, IpAddr::V4(_)) if self.announced.is_some_and(|announced| announced.is_ipv6()) => {
                self.written(b"PORT ", &HostPort::try_from(to).ok()?)
            }
            (Verb::Eprt, host) => {
                let place = locate(self.raw, extended_place);
                let delimiter = place.clone().and_then(|place| self.raw.get(place.start)).copied().unwrap_or(b'|');
                let protocol = NetworkProtocol::of(host).number();
                let d = char::from(delimiter);
                self.put(place, &format_args!("{d}{protocol}{d}{host}{d}{}{d}", to.port()), b"EPRT ")
            }
            _ => self.written(b"EPRT ", &extended),
        }
    }

    fn passive(&self, translation: Translation, verb: Verb, code: Code, chosen: Option<SocketAddr>) -> Option<Vec<u8>> {
        let Some(announced) = self.announced else {
            // RFC 6384 5: an address that isn't the server's can't be handed on in another form.
            let translated = translation == Translation::Client6 && verb == Verb::Epsv
                || translation == Translation::Client4 && verb == Verb::Pasv;
            return if translated { self.whole(b"425 Can't open data connection.") } else { None };
        };
        let to = chosen.unwrap_or(announced);
        let port = ExtendedPort::new(core::num::NonZeroU16::new(to.port())?);
        match (translation, verb, code) {
            (Translation::Client6, Verb::Epsv, Code::ENTERING_PASSIVE) => {
                self.framed(b"229 Entering Extended Passive Mode (", &port, b")")
            }
            (Translation::Client4, Verb::Pasv, Code::ENTERING_EXTENDED_PASSIVE) => match HostPort::try_from(to) {
                Ok(address) => self.framed(b"227 Entering Passive Mode (", &address, b")."),
                Err(_) => self.whole(b"425 Can't open data connection."),
            },
            _ if chosen.is_none() => None,
            (.., Code::ENTERING_PASSIVE) => {
                let Ok(address) = HostPort::try_from(to) else {
                    return self.whole(b"425 Can't open data connection.");
                };
                let place = locate(self.raw, |line| HostPort::locate(line).ok().map(|(_, place)| place))?;
                self.replaced(place, &address)
            }
            (.., Code::ENTERING_LONG_PASSIVE) => {
                let place = locate(self.raw, |line| LongAddress::locate(line).ok().map(|(_, place)| place))?;
                self.replaced(place, &LongAddress::new(to.ip(), core::num::NonZeroU16::new(to.port())?))
            }
            _ => {
                let place = locate(self.raw, |line| ExtendedPort::locate(line).ok().map(|(_, place)| place))?;
                let delimiter = self.raw.get(place.start).copied().map_or('|', char::from);
                let d = delimiter;
                self.replaced(place, &format_args!("{d}{d}{d}{}{d}", to.port()))
            }
        }
    }

    /// The line with something else in this place; where that isn't found amid Telnet, a line of its own.
    fn put(&self, place: Option<Range<usize>>, by: &impl fmt::Display, word: &[u8]) -> Option<Vec<u8>> {
        match place {
            Some(place) => self.replaced(place, by),
            None => self.written(word, by),
        }
    }

    fn replaced(&self, place: Range<usize>, by: &impl fmt::Display) -> Option<Vec<u8>> {
        let mut out = Vec::from(self.raw.get(..place.start)?);
        address::write(&mut out, by);
        out.extend_from_slice(self.raw.get(place.end..)?);
        Some(out)
    }

    fn written(&self, word: &[u8], argument: &impl fmt::Display) -> Option<Vec<u8>> {
        self.framed(word, argument, b"")
    }

    fn framed(&self, before: &[u8], value: &impl fmt::Display, behind: &[u8]) -> Option<Vec<u8>> {
        let mut text = Vec::from(before);
        address::write(&mut text, value);
        text.extend_from_slice(behind);
        self.whole(&text)
    }

    /// Another line in place of this one, with its Telnet and its end.
    fn whole(&self, text: &[u8]) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        telnet_of(self.raw, &mut out);
        out.extend_from_slice(text);
        out.extend_from_slice(if self.raw.ends_with(b"\r\n") { b"\r\n" } else { b"\n" });
        Some(out)
    }
}

/// The place in the first line in which it is found.
fn locate(raw: &[u8], find: impl Fn(&[u8]) -> Option<Range<usize>>) -> Option<Range<usize>> {
    let mut begin: usize = 0;
    for line in raw.split_inclusive(|byte| *byte == b'\n') {
        if let Some(place) = find(line) {
            return Some(place.start.saturating_add(begin)..place.end.saturating_add(begin));
        }
        begin = begin.saturating_add(line.len());
    }
    None
}

/// Where EPRT's argument stands: behind the word and blanks, up to the end of the line.
fn extended_place(line: &[u8]) -> Option<Range<usize>> {
    let text = line.strip_suffix(b"\n")?;
    let text = text.strip_suffix(b"\r").unwrap_or(text);
    let word = text.windows(5).position(|word| word.eq_ignore_ascii_case(b"EPRT "))?;
    let start = word.saturating_add(5);
    let blanks = text.get(start..)?.iter().take_while(|byte| **byte == b' ').count();
    let start = start.saturating_add(blanks);
    let argument = text.get(start..)?;
    let end = start.saturating_add(argument.trim_ascii_end().len());
    ExtendedAddress::parse(text.get(start..end)?).ok().map(|_| start..end)
}

/// Appends what is Telnet.
fn telnet_of(raw: &[u8], out: &mut Vec<u8>) {
    let mut rest = raw;
    while let Some(at) = memchr::memchr(telnet::IAC, rest) {
        let Some(behind) = rest.get(at..) else { return };
        let length = match telnet::sequence(behind) {
            Sequence::Negotiation(_) => 3,
            Sequence::Subnegotiation => subnegotiation(behind),
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

/// The length of `IAC SB … IAC SE`.
fn subnegotiation(bytes: &[u8]) -> usize {
    let end = bytes.windows(2).position(|pair| pair == [telnet::IAC, telnet::SUBNEGOTIATION_END]);
    end.map_or(bytes.len(), |end| end.saturating_add(2))
}
