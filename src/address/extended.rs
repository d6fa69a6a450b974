//! The addresses of EPRT and 229 (RFC 2428).

use alloc::vec::Vec;
use core::fmt;
use core::net::{IpAddr, SocketAddr};
use core::num::NonZeroU16;
use core::ops::Range;

use nom::Parser;
use nom::bytes::complete::{take, take_till};
use nom::combinator::{map, map_res, verify};
use nom::sequence::{preceded, terminated};

use super::{AddressError, AddressFault, HostPort, decimal, find, nonzero, port, write};
use crate::grammar::{Fault, Read, whole};

/// The network protocols of EPRT and EPSV (RFC 2428 2), by the numbers of RFC 1700's address families.
///
/// ```
/// use ftp_proto::NetworkProtocol;
/// assert_eq!(NetworkProtocol::of("2001:db8::1".parse()?).number(), 2);
/// # Ok::<(), core::net::AddrParseError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
#[non_exhaustive]
pub enum NetworkProtocol {
    /// Number 1.
    Ipv4,
    /// Number 2.
    Ipv6,
}

impl NetworkProtocol {
    /// The protocol of `address`.
    pub const fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(_) => Self::Ipv4,
            IpAddr::V6(_) => Self::Ipv6,
        }
    }

    /// The number on the wire: 1 or 2.
    pub const fn number(self) -> u8 {
        match self {
            Self::Ipv4 => 1,
            Self::Ipv6 => 2,
        }
    }

    pub(crate) fn from_digits(digits: &[u8]) -> Result<Self, AddressFault> {
        match decimal(digits) {
            Some(1) => Ok(Self::Ipv4),
            Some(2) => Ok(Self::Ipv6),
            Some(_) => Err(AddressFault::UnknownProtocol),
            None => Err(AddressFault::Protocol),
        }
    }
}

/// An address and a port, `|protocol|address|port|`: the argument of EPRT (RFC 2428 2).
///
/// ```
/// use ftp_proto::ExtendedAddress;
/// let address = ExtendedAddress::parse(b"|2|::1|5282|").unwrap();
/// assert_eq!((address.host(), address.port()), ("::1".parse().unwrap(), 5282));
/// assert_eq!(ExtendedAddress::parse(b"!2!::1!5282!"), Ok(address));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct ExtendedAddress {
    host: IpAddr,
    port: NonZeroU16,
}

impl ExtendedAddress {
    /// The address of `host` and `port`.
    pub const fn new(host: IpAddr, port: NonZeroU16) -> Self {
        Self { host, port }
    }

    /// The address.
    pub const fn host(self) -> IpAddr {
        self.host
    }

    /// The TCP port, never 0.
    pub const fn port(self) -> u16 {
        self.port.get()
    }

    /// Reads EPRT's argument, with any delimiter from `!` to `~` but a digit. Allocates nothing.
    // RFC 2428 2: EPRT<space><d><net-prt><d><net-addr><d><tcp-port><d>
    pub fn parse(text: &[u8]) -> Result<Self, AddressError> {
        whole(Self::read, text).map_err(|fault| AddressError::new(fault.at(text), fault.kind))
    }

    fn read(input: &[u8]) -> Read<'_, Self, AddressFault> {
        let (input, d) = delimiter(input)?;
        let (input, protocol) = map_res(part(d), NetworkProtocol::from_digits).parse_complete(input)?;
        let host = map_res(part(d), |host| address(protocol, host).ok_or(AddressFault::Address));
        map((host, map_res(part(d), port)), |(host, port)| Self { host, port }).parse_complete(input)
    }

    /// Appends the address as it goes over the wire, delimited by `|`.
    pub fn encode(&self, out: &mut Vec<u8>) {
        write(out, self);
    }
}

impl fmt::Display for ExtendedAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "|{}|{}|{}|", NetworkProtocol::of(self.host).number(), self.host, self.port)
    }
}

impl From<ExtendedAddress> for SocketAddr {
    fn from(address: ExtendedAddress) -> Self {
        Self::new(address.host, address.port.get())
    }
}

impl From<HostPort> for ExtendedAddress {
    fn from(address: HostPort) -> Self {
        Self { host: address.host.into(), port: address.port }
    }
}

/// Drops the scope and the flow label of an IPv6 address: EPRT has no place for them.
impl TryFrom<SocketAddr> for ExtendedAddress {
    type Error = AddressError;
    fn try_from(address: SocketAddr) -> Result<Self, AddressError> {
        Ok(Self { host: address.ip(), port: nonzero(address.port(), 0)? })
    }
}

/// A port alone, `|||port|`: part of a 229 (RFC 2428 3).
///
/// ```
/// use ftp_proto::ExtendedPort;
/// let found = ExtendedPort::find(b"Entering Extended Passive Mode (!!!6446!)").unwrap();
/// assert_eq!((found.port(), found.advertised), (6446, None));
/// assert_eq!(found.port.to_string(), "|||6446|");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct ExtendedPort(NonZeroU16);

impl ExtendedPort {
    /// The form of `port`.
    pub const fn new(port: NonZeroU16) -> Self {
        Self(port)
    }

    /// The TCP port, never 0.
    pub const fn port(self) -> u16 {
        self.0.get()
    }

    /// Reads `|||port|`, with any delimiter from `!` to `~` but a digit, and nothing else. Allocates nothing.
    // RFC 2428 3: (<d><d><d><tcp-port><d>), without the parentheses
    pub fn parse(text: &[u8]) -> Result<Self, AddressError> {
        whole(Self::read, text).map_err(|fault| AddressError::new(fault.at(text), fault.kind))
    }

    fn read(input: &[u8]) -> Read<'_, Self, AddressFault> {
        let (input, d) = delimiter(input)?;
        let empty = || verify(part(d), <[u8]>::is_empty);
        map(preceded((empty(), empty()), map_res(part(d), port)), Self).parse_complete(input)
    }

    /// Finds the port in the text of a 229, or in any one line.
    ///
    /// The first text in the short form or in the full one, `|protocol|address|port|`, counts, with or without parentheses and blanks.
    /// Any character from `!` to `~` but a digit may be the delimiter; a letter only directly after a `(`. Takes linear time and
    /// allocates nothing.
    pub fn find(text: &[u8]) -> Result<ExtendedPassive, AddressError> {
        Self::locate(text).map(|(found, _)| found)
    }

    /// Like [`find`](Self::find), and also gives the range of bytes of `text` from the first delimiter to the last, so that another port
    /// can be written there.
    ///
    /// ```
    /// use ftp_proto::ExtendedPort;
    /// let line = b"229 Entering Extended Passive Mode (|||6446|)";
    /// let (_, range) = ExtendedPort::locate(line).unwrap();
    /// assert_eq!(&line[range], b"|||6446|");
    /// ```
    pub fn locate(text: &[u8]) -> Result<(ExtendedPassive, Range<usize>), AddressError> {
        find::extended_port(text)
    }

    /// Appends the port as it goes over the wire, delimited by `|`.
    pub fn encode(&self, out: &mut Vec<u8>) {
        write(out, self);
    }
}

impl fmt::Display for ExtendedPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "|||{}|", self.0)
    }
}

/// What a 229 holds: a port, and in the full form an address.
///
/// ```
/// let found = ftp_proto::ExtendedPort::find(b"(|1|192.0.2.7|6446|)").unwrap();
/// assert_eq!((found.port(), found.advertised), (6446, Some([192, 0, 2, 7].into())));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ExtendedPassive {
    /// The port to dial.
    pub port: ExtendedPort,
    /// The address of the full form, as the server advertised it. RFC 2428 3 has the client dial the control connection's peer instead.
    pub advertised: Option<IpAddr>,
}

impl ExtendedPassive {
    /// The TCP port, never 0.
    pub const fn port(self) -> u16 {
        self.port.port()
    }
}

/// RFC 2428 2: dotted decimal for 1, RFC 4291 2.2 for 2.
pub(super) fn address(protocol: NetworkProtocol, text: &[u8]) -> Option<IpAddr> {
    let text = core::str::from_utf8(text).ok()?;
    match protocol {
        NetworkProtocol::Ipv4 => text.parse().ok().map(IpAddr::V4),
        NetworkProtocol::Ipv6 => text.parse().ok().map(IpAddr::V6),
    }
}

/// RFC 2428 2: 33 to 126. Digits are refused: with one as the delimiter, `11111` would be port 1.
pub(super) const fn is_delimiter(byte: u8) -> bool {
    matches!(byte, 33..=126) && !byte.is_ascii_digit()
}

/// RFC 2428 2: `<d>`, which the first character of the argument chooses.
fn delimiter(input: &[u8]) -> Read<'_, u8, AddressFault> {
    map(verify(take(1usize), |d: &[u8]| d.iter().all(|byte| is_delimiter(*byte))), |d: &[u8]| {
        d.first().copied().unwrap_or(b'|')
    })
    .parse_complete(input)
}

/// The text before the next delimiter, which is read too.
fn part<'a>(d: u8) -> impl Parser<&'a [u8], Output = &'a [u8], Error = Fault<AddressFault>> {
    terminated(take_till(move |byte| byte == d), take(1usize))
}
