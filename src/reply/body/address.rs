//! 227, 228, 229, 521 and 522: where to connect, and over which network protocol.

use alloc::vec::Vec;
use core::fmt;

use nom::Parser;
use nom::bytes::complete::take_till;
use nom::character::complete::char;
use nom::sequence::preceded;

use super::{BodyError, Read, is_of_word, number, words};
use crate::address::{
    AddressError, AddressFault, ExtendedPassive, ExtendedPort, HostPort, LongAddress, NetworkProtocol, write,
};
use crate::reply::{Code, Draft, Reply};

impl Reply<'_> {
    /// The address in a 227, from the first line that holds one (RFC 959 4.1.2; RFC 1123 4.1.2.6 on how to find it). Don't dial it
    /// unchecked: the server may name any host (RFC 2577 3). Allocates nothing.
    ///
    /// ```
    /// let reply: ftp_proto::Reply = "227 Entering Passive Mode (192,0,2,7,192,100).\r\n".parse()?;
    /// assert_eq!(reply.passive_address()?.to_string(), "192,0,2,7,192,100");
    /// assert_eq!(reply.passive_address()?.port(), 49252);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn passive_address(&self) -> Result<HostPort, BodyError> {
        self.find(HostPort::find)
    }

    /// `227 Entering Passive Mode (h1,h2,h3,h4,p1,p2).`, in exactly these words, since some firewalls look for them. Allocates.
    pub fn entering_passive(address: HostPort) -> Reply<'static> {
        Self::of_passive(address).reply()
    }

    pub(crate) fn of_passive(address: HostPort) -> Draft<impl FnOnce(&mut Vec<u8>)> {
        Draft::line(Code::ENTERING_PASSIVE, move |text| {
            write(text, &format_args!("Entering Passive Mode ({address})."))
        })
    }

    /// The port in a 229, from the first line that holds one (RFC 2428 3). Allocates nothing.
    ///
    /// ```
    /// let reply: ftp_proto::Reply = "229 Entering Extended Passive Mode (|||6446|)\r\n".parse()?;
    /// assert_eq!(reply.extended_passive()?.port(), 6446);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn extended_passive(&self) -> Result<ExtendedPassive, BodyError> {
        self.find(ExtendedPort::find)
    }

    /// `229 Entering Extended Passive Mode (|||port|)`. Allocates.
    pub fn entering_extended_passive(port: ExtendedPort) -> Reply<'static> {
        Self::of_extended_passive(port).reply()
    }

    pub(crate) fn of_extended_passive(port: ExtendedPort) -> Draft<impl FnOnce(&mut Vec<u8>)> {
        Draft::line(Code::ENTERING_EXTENDED_PASSIVE, move |text| {
            write(text, &format_args!("Entering Extended Passive Mode ({port})"))
        })
    }

    /// The address in a 228, from the first line that holds one (RFC 1639). Allocates nothing.
    pub fn long_passive_address(&self) -> Result<LongAddress, BodyError> {
        self.find(LongAddress::find)
    }

    /// `228 Entering Long Passive Mode (af,hal,h1,…,pal,p1,p2)`. Allocates.
    pub fn entering_long_passive(address: LongAddress) -> Reply<'static> {
        Self::of_long_passive(address).reply()
    }

    pub(crate) fn of_long_passive(address: LongAddress) -> Draft<impl FnOnce(&mut Vec<u8>)> {
        Draft::line(Code::ENTERING_LONG_PASSIVE, move |text| {
            write(text, &format_args!("Entering Long Passive Mode ({address})"))
        })
    }

    /// The numbers in the list in parentheses of a 522 (network protocols, RFC 2428 2) or a 521 (address families, RFC 1639). The first
    /// list with a number counts, in any line; without one there are no numbers. Allocates nothing.
    ///
    /// ```text
    /// list = "(" number *("," number) ")"                ; RFC 2428 2; other words and separators are skipped
    /// ```
    ///
    /// ```
    /// let reply: ftp_proto::Reply = "522 Network protocol not supported, use (1)\r\n".parse()?;
    /// assert!(reply.network_protocols().eq([1]), "IPv4 alone");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn network_protocols(&self) -> impl Iterator<Item = u8> {
        let lists = self.lines().flat_map(|line| memchr::memchr_iter(b'(', line).filter_map(|at| line.get(at..)));
        let mut lists = lists.filter_map(|text| list(text).ok().map(|(_, list)| list));
        protocols(lists.find(|list| protocols(list).next().is_some()).unwrap_or_default())
    }

    /// `522 Network protocol not supported, use (1,2)`, with these numbers of protocols (RFC 2428 2). Allocates.
    pub fn use_network_protocols(protocols: &[NetworkProtocol]) -> Reply<'static> {
        let code = Code::UNSUPPORTED_PROTOCOL_OR_DATA_TLS;
        let write = |out: &mut Vec<u8>| {
            write(out, &format_args!("Network protocol not supported, use ({})", List(protocols)));
        };
        Draft::line(code, write).reply()
    }

    /// What `find` finds in the first line that holds it; otherwise the error of the first line that holds a part of it.
    fn find<T>(&self, find: impl Fn(&[u8]) -> Result<T, AddressError>) -> Result<T, BodyError> {
        let mut error = NOTHING;
        for line in self.lines() {
            match find(line) {
                Ok(found) => return Ok(found),
                Err(found) if error == NOTHING => error = found,
                Err(_) => {}
            }
        }
        Err(BodyError::Address(error))
    }
}

/// `"(" list`, without what follows the list: its end or a parenthesis.
fn list(text: &[u8]) -> Read<'_, &[u8]> {
    preceded(char('('), take_till(|byte| matches!(byte, b'(' | b')'))).parse_complete(text)
}

/// The numbers up to 255 among the words of a list.
fn protocols(list: &[u8]) -> impl Iterator<Item = u8> {
    words(list, is_of_word).filter_map(|word| number(word).ok().and_then(|value| u8::try_from(value).ok()))
}

/// The error of a line without a number.
const NOTHING: AddressError = AddressError::new(0, AddressFault::Count(0));

/// Numbers with commas between them.
struct List<'a>(&'a [NetworkProtocol]);

impl fmt::Display for List<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, protocol) in self.0.iter().enumerate() {
            write!(f, "{}{}", if index == 0 { "" } else { "," }, protocol.number())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::num::NonZeroU16;

    fn both_ways<T: PartialEq + fmt::Debug>(said: &Reply<'_>, line: &str, read: impl Fn(&Reply<'_>) -> T, value: T) {
        let mut wire = Vec::new();
        said.encode(&mut wire);
        assert_eq!(wire, line.as_bytes());
        assert_eq!(read(&Reply::parse(line.as_bytes()).unwrap().unwrap().0), value, "{line:?}");
    }

    #[test]
    fn addresses_both_ways() {
        let host = HostPort::new([10, 0, 0, 1].into(), NonZeroU16::new(49252).unwrap());
        let line = "227 Entering Passive Mode (10,0,0,1,192,100).\r\n";
        both_ways(&Reply::entering_passive(host), line, |reply| reply.passive_address(), Ok(host));
        let port = ExtendedPort::new(NonZeroU16::new(6446).unwrap());
        let line = "229 Entering Extended Passive Mode (|||6446|)\r\n";
        let read = ExtendedPassive { port, advertised: None };
        both_ways(&Reply::entering_extended_passive(port), line, |reply| reply.extended_passive(), Ok(read));
        let long = LongAddress::new(host.host().into(), NonZeroU16::new(1347).unwrap());
        let line = "228 Entering Long Passive Mode (4,4,10,0,0,1,2,5,67)\r\n";
        both_ways(&Reply::entering_long_passive(long), line, |reply| reply.long_passive_address(), Ok(long));
    }

    #[test]
    fn protocols_both_ways() {
        let families = |reply: &Reply<'_>| reply.network_protocols().collect::<Vec<_>>();
        let both = [NetworkProtocol::Ipv4, NetworkProtocol::Ipv6];
        let line = "522 Network protocol not supported, use (1,2)\r\n";
        both_ways(&Reply::use_network_protocols(&both), line, families, [1, 2].into());
        let line = "522 Network protocol not supported, use (2)\r\n";
        both_ways(&Reply::use_network_protocols(&both[1..]), line, families, [2].into());
        for (line, expected) in [
            ("522 Network protocol not supported (use 1).\r\n", &[1][..]),
            ("521 Supported address families are (4, 6)\r\n", &[4, 6]),
            ("522 RFC 2428: 1 or 2\r\n", &[]),
            ("522 Bad network protocol.\r\n", &[]),
            ("522 use (1,999,2\r\n", &[1, 2]),
            ("522 Not supported (sorry), use (1,2)\r\n", &[1, 2]),
            ("522-Not supported\r\n522 use (2)\r\n", &[2]),
            ("522 SSL connection failed (0.9.8)\r\n", &[]),
        ] {
            assert_eq!(families(&Reply::parse(line.as_bytes()).unwrap().unwrap().0), expected, "{line:?}");
        }
    }
}
