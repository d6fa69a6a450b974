//! The forms in which FTP writes addresses: `h1,h2,h3,h4,p1,p2`, `|2|::1|5282|`, `|||6446|`, `4,4,…`.
//!
//! Every address here has a port from 1 to 65535. `parse` reads a command's argument by the grammar alone; `find` searches the text of
//! a reply for the address, as RFC 1123 4.1.2.6 demands.

mod extended;
mod find;

use alloc::vec::Vec;
use core::fmt::{self, Write as _};
use core::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4};
use core::num::NonZeroU16;
use core::ops::Range;

use nom::Parser;
use nom::character::complete::digit1;
use nom::combinator::{all_consuming, map, map_opt, map_res, verify};
use nom::error::ErrorKind;
use nom::multi::fill;
use nom::sequence::{preceded, separated_pair, terminated};

use crate::grammar::{Fault, Kind, Read, value_of, whole};

pub use extended::{ExtendedAddress, ExtendedPassive, ExtendedPort, NetworkProtocol};
use extended::{address, is_delimiter};

/// Ports below are those of a host's services, to which no data connection should go (RFC 2577 3).
pub(crate) const FIRST_UNPRIVILEGED_PORT: u16 = 1024;

/// What is wrong with an address, and where.
///
/// ```
/// use ftp_proto::{AddressFault, HostPort};
/// let error = HostPort::parse(b"10,0,0,256,1,1").unwrap_err();
/// assert_eq!((error.at, error.why), (7, AddressFault::Octet));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct AddressError {
    /// The place of the mistake, in bytes from 0.
    pub at: usize,
    /// The mistake.
    pub why: AddressFault,
}

/// What can be wrong with an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AddressFault {
    /// A number from 0 to 255 is expected here.
    Octet,
    /// The count of numbers is wrong; this many were found.
    Count(usize),
    /// A port from 1 to 65535 in decimal digits is expected here.
    Port,
    /// The port is 0.
    PortZero,
    /// The port is above 65535.
    PortTooLarge,
    /// The network protocol (RFC 2428) or address family (RFC 1639) is neither IPv4 nor IPv6.
    UnknownProtocol,
    /// The network protocol or the address family is not a number.
    Protocol,
    /// The address doesn't fit the network protocol that was named, or has another length.
    Address,
    /// The delimiter (one character from `!` to `~`) is missing or misplaced.
    Delimiter,
    /// This form can hold only IPv4 addresses.
    NotIpv4,
}

impl AddressError {
    pub(crate) const fn new(at: usize, why: AddressFault) -> Self {
        Self { at, why }
    }
}

impl fmt::Display for AddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.why, self.at)
    }
}

impl fmt::Display for AddressFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Octet => f.write_str("expected a number from 0 to 255"),
            Self::Count(found) => write!(f, "wrong count of numbers: {found}"),
            Self::Port => f.write_str("expected a port"),
            Self::PortZero => f.write_str("port 0"),
            Self::PortTooLarge => f.write_str("port above 65535"),
            Self::UnknownProtocol => f.write_str("unknown network protocol"),
            Self::Protocol => f.write_str("expected a network protocol"),
            Self::Address => f.write_str("expected an address of that network protocol"),
            Self::Delimiter => f.write_str("delimiter missing or misplaced"),
            Self::NotIpv4 => f.write_str("expected an IPv4 address"),
        }
    }
}

impl core::error::Error for AddressError {}

/// An IPv4 address and a port, `h1,h2,h3,h4,p1,p2`: the argument of PORT, and part of a 227 (RFC 959 4.1.2, 5.3.2).
/// The port is `p1 × 256 + p2`.
///
/// ```
/// use ftp_proto::HostPort;
/// let address = HostPort::parse(b"192,168,1,100,5,67").unwrap();
/// assert_eq!((address.host().octets(), address.port()), ([192, 168, 1, 100], 1347));
/// assert_eq!(address.to_string(), "192,168,1,100,5,67");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct HostPort {
    host: Ipv4Addr,
    port: NonZeroU16,
}

impl HostPort {
    /// The address of `host` and `port`.
    pub const fn new(host: Ipv4Addr, port: NonZeroU16) -> Self {
        Self { host, port }
    }

    /// The IPv4 address.
    pub const fn host(self) -> Ipv4Addr {
        self.host
    }

    /// The TCP port, never 0.
    pub const fn port(self) -> u16 {
        self.port.get()
    }

    /// Reads PORT's argument: six numbers of one to three digits, and nothing else. Allocates nothing.
    // RFC 959 5.3.2: <host-port> ::= <host-number>,<port-number>
    //                <host-number> ::= <number>,<number>,<number>,<number>
    //                <port-number> ::= <number>,<number>
    // <number> is 1 to 255 there; addresses need the 0.
    pub fn parse(text: &[u8]) -> Result<Self, AddressError> {
        let parts = separated_pair(octets::<4>, comma, port_number);
        let read = map(parts, |(host, port)| Self { host: host.into(), port });
        whole(terminated(read, last), text).map_err(|fault| counted(text, fault))
    }

    /// Finds the address in the text of a 227, or in any one line.
    ///
    /// The first list of at least six numbers with commas between them counts, whatever text is around it; of a longer list its first
    /// six numbers, as in every client that was measured. Blanks around the commas and leading zeros are accepted. Numbers that are
    /// joined by a dot are not part of a list, so `192.168.1.100,5,67` holds none. Takes linear time and allocates nothing.
    ///
    /// ```
    /// use ftp_proto::HostPort;
    /// let found = HostPort::find(b"v2 ready at 5, (10,0,0,1,192,100").unwrap();
    /// assert_eq!(found.to_string(), "10,0,0,1,192,100");
    /// assert_eq!(found.port(), 49252);
    /// ```
    pub fn find(text: &[u8]) -> Result<Self, AddressError> {
        Self::locate(text).map(|(address, _)| address)
    }

    /// Like [`find`](Self::find), and also gives the range of bytes of `text` in which the six numbers are, so that another address can
    /// be written there.
    ///
    /// ```
    /// use ftp_proto::HostPort;
    /// let line = b"227 Entering Passive Mode (10,0,0,1,192,100).";
    /// let (_, range) = HostPort::locate(line).unwrap();
    /// assert_eq!(&line[range], b"10,0,0,1,192,100");
    /// ```
    pub fn locate(text: &[u8]) -> Result<(Self, Range<usize>), AddressError> {
        find::host_port(text)
    }

    /// Appends the address as it goes over the wire.
    pub fn encode(&self, out: &mut Vec<u8>) {
        write(out, self);
    }
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [h1, h2, h3, h4] = self.host.octets();
        let [p1, p2] = self.port.get().to_be_bytes();
        write!(f, "{h1},{h2},{h3},{h4},{p1},{p2}")
    }
}

impl From<HostPort> for SocketAddrV4 {
    fn from(address: HostPort) -> Self {
        Self::new(address.host, address.port.get())
    }
}

impl From<HostPort> for SocketAddr {
    fn from(address: HostPort) -> Self {
        Self::V4(address.into())
    }
}

impl TryFrom<SocketAddrV4> for HostPort {
    type Error = AddressError;
    fn try_from(address: SocketAddrV4) -> Result<Self, AddressError> {
        Ok(Self { host: *address.ip(), port: nonzero(address.port(), 0)? })
    }
}

/// An IPv6 address fits if it is an IPv4-mapped one (RFC 4291 2.5.5.2).
impl TryFrom<SocketAddr> for HostPort {
    type Error = AddressError;
    fn try_from(address: SocketAddr) -> Result<Self, AddressError> {
        let port = nonzero(address.port(), 0)?;
        match address.ip().to_canonical() {
            IpAddr::V4(host) => Ok(Self { host, port }),
            IpAddr::V6(_) => Err(AddressError::new(0, AddressFault::NotIpv4)),
        }
    }
}

/// An address and a port, `af,hal,h1,…,pal,p1,p2`: the argument of LPRT, and part of a 228 (RFC 1639). Only IPv4 and IPv6, of the
/// address families there, have this form here.
///
/// ```
/// use ftp_proto::LongAddress;
/// let address = LongAddress::parse(b"4,4,10,0,0,1,2,5,67").unwrap();
/// assert_eq!((address.host(), address.port()), ("10.0.0.1".parse().unwrap(), 1347));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct LongAddress {
    host: IpAddr,
    port: NonZeroU16,
}

impl LongAddress {
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

    /// Reads LPRT's argument: address family 4 with 4 octets, or 6 with 16, and a port of 2 octets. Allocates nothing.
    // RFC 1639: <long-host-port> ::= <address-family>,<address-length>,<host octets>,<port-length>,<port octets>
    pub fn parse(text: &[u8]) -> Result<Self, AddressError> {
        whole(terminated(Self::read, last), text).map_err(|fault| counted(text, fault))
    }

    /// Finds the address in the text of a 228, or in any one line, as [`HostPort::find`] does: the first list of at least nine numbers
    /// counts.
    pub fn find(text: &[u8]) -> Result<Self, AddressError> {
        Self::locate(text).map(|(address, _)| address)
    }

    /// Like [`find`](Self::find), and also gives the range of bytes of `text` in which the numbers are.
    pub fn locate(text: &[u8]) -> Result<(Self, Range<usize>), AddressError> {
        find::long_address(text)
    }

    /// Appends the address as it goes over the wire.
    pub fn encode(&self, out: &mut Vec<u8>) {
        write(out, self);
    }

    fn read(input: &[u8]) -> Read<'_, Self, AddressFault> {
        let family = map_res(octet, |family| Family::of(family).ok_or(AddressFault::UnknownProtocol));
        let (input, family) = terminated(family, comma).parse_complete(input)?;
        let length = verify(octet, |length| *length == family.length());
        let (input, _) = terminated(or_of_octets(AddressFault::Address, length), comma).parse_complete(input)?;
        let (input, host) = match family {
            Family::Ipv4 => map(octets::<4>, IpAddr::from).parse_complete(input)?,
            Family::Ipv6 => map(octets::<16>, IpAddr::from).parse_complete(input)?,
        };
        let length = verify(octet, |length| *length == 2);
        let port = preceded((comma, or_of_octets(AddressFault::Port, length), comma), port_number);
        map(port, |port| Self { host, port }).parse_complete(input)
    }
}

impl fmt::Display for LongAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host {
            IpAddr::V4(host) => {
                f.write_str("4,4")?;
                host.octets().iter().try_for_each(|octet| write!(f, ",{octet}"))?;
            }
            IpAddr::V6(host) => {
                f.write_str("6,16")?;
                host.octets().iter().try_for_each(|octet| write!(f, ",{octet}"))?;
            }
        }
        let [p1, p2] = self.port.get().to_be_bytes();
        write!(f, ",2,{p1},{p2}")
    }
}

impl From<LongAddress> for SocketAddr {
    fn from(address: LongAddress) -> Self {
        Self::new(address.host, address.port.get())
    }
}

/// Drops the scope and the flow label of an IPv6 address: LPRT has no place for them.
impl TryFrom<SocketAddr> for LongAddress {
    type Error = AddressError;
    fn try_from(address: SocketAddr) -> Result<Self, AddressError> {
        Ok(Self { host: address.ip(), port: nonzero(address.port(), 0)? })
    }
}

/// Appends what `Display` shows. Allocates only in `out`.
pub(crate) fn write(out: &mut Vec<u8>, value: &impl fmt::Display) {
    struct Sink<'o>(&'o mut Vec<u8>);
    impl fmt::Write for Sink<'_> {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            self.0.extend_from_slice(text.as_bytes());
            Ok(())
        }
    }
    // A `Vec` takes everything, and no `Display` of this crate fails by itself.
    let _ = write!(Sink(out), "{value}");
}

/// The address families of RFC 1639 (RFC 1700) that this crate knows; each determines the length of the host.
#[derive(Debug, Clone, Copy)]
enum Family {
    Ipv4,
    Ipv6,
}

impl Family {
    fn of(number: u8) -> Option<Self> {
        match number {
            4 => Some(Self::Ipv4),
            6 => Some(Self::Ipv6),
            _ => None,
        }
    }

    const fn length(self) -> u8 {
        match self {
            Self::Ipv4 => 4,
            Self::Ipv6 => 16,
        }
    }
}

/// RFC 959 5.3.2: `<number> ::= any decimal integer 1 through 255`; addresses need the 0.
fn octet(input: &[u8]) -> Read<'_, u8, AddressFault> {
    let add = |value: u16, digit: &u8| value.wrapping_mul(10).wrapping_add(u16::from(digit.wrapping_sub(b'0')));
    // Three digits, so below 1000.
    let value = |digits: &[u8]| if digits.len() > 3 { None } else { u8::try_from(digits.iter().fold(0, add)).ok() };
    map_opt(digit1, value).parse_complete(input)
}

fn comma(input: &[u8]) -> Read<'_, (), AddressFault> {
    match input.split_first() {
        Some((b',', rest)) => Ok((rest, ())),
        // `counted` adds the numbers before this place.
        None => Err(nom::Err::Error(Fault::new(input, AddressFault::Count(0)))),
        Some(_) => Err(nom::Err::Error(Fault::new(input, AddressFault::Octet))),
    }
}

/// `<number> *( "," <number> )`, with `N` numbers.
fn octets<const N: usize>(input: &[u8]) -> Read<'_, [u8; N], AddressFault> {
    let mut octets = [0; N];
    let Some((first, others)) = octets.split_first_mut() else { return Ok((input, octets)) };
    let (input, octet_in_front) = octet(input)?;
    *first = octet_in_front;
    let (input, ()) = fill(preceded(comma, octet), others).parse_complete(input)?;
    Ok((input, octets))
}

/// RFC 959 5.3.2: `<port-number> ::= <number>,<number>`
fn port_number(input: &[u8]) -> Read<'_, NonZeroU16, AddressFault> {
    let port = |pair| NonZeroU16::new(u16::from_be_bytes(pair)).ok_or(AddressFault::PortZero);
    map_res(octets, port).parse_complete(input)
}

/// The end of a list of numbers.
fn last(input: &[u8]) -> Read<'_, (), AddressFault> {
    match input.first() {
        None => Ok((input, ())),
        Some(b',') => Err(nom::Err::Error(Fault::new(input, AddressFault::Count(1)))),
        Some(_) => Err(nom::Err::Error(Fault::new(input, AddressFault::Octet))),
    }
}

/// Reads an octet with `parser`. An octet that `parser` refuses is the error `kind`; anything else is the error that `octet` gives.
fn or_of_octets<'a>(
    kind: AddressFault,
    mut parser: impl Parser<&'a [u8], Output = u8, Error = Fault<AddressFault>>,
) -> impl FnMut(&'a [u8]) -> Read<'a, u8, AddressFault> {
    move |input| {
        octet(input)?;
        parser.parse_complete(input).map_err(|_| nom::Err::Error(Fault::new(input, kind)))
    }
}

/// The error of a list; a wrong count includes the numbers before the fault.
#[cold]
fn counted(text: &[u8], fault: Fault<AddressFault>) -> AddressError {
    let at = fault.at(text);
    let why = match fault.kind {
        AddressFault::Count(more) => {
            let commas = memchr::memchr_iter(b',', text.get(..at).unwrap_or(text)).count();
            AddressFault::Count(commas.saturating_add(1).saturating_add(more))
        }
        why => why,
    };
    AddressError::new(at, why)
}

impl Kind for AddressFault {
    fn of(failed: ErrorKind) -> Self {
        match failed {
            ErrorKind::Digit | ErrorKind::MapOpt => Self::Octet,
            _ => Self::Delimiter,
        }
    }
}

/// `1*DIGIT`, and nothing else; a number above 32 bits is `u32::MAX`.
fn decimal(digits: &[u8]) -> Option<u32> {
    let digits: Read<'_, &[u8], AddressFault> = all_consuming(digit1).parse_complete(digits);
    digits.ok().map(|(_, digits)| value_of(digits).and_then(|value| u32::try_from(value).ok()).unwrap_or(u32::MAX))
}

fn port(digits: &[u8]) -> Result<NonZeroU16, AddressFault> {
    let number = decimal(digits).ok_or(AddressFault::Port)?;
    let number = u16::try_from(number).map_err(|_| AddressFault::PortTooLarge)?;
    NonZeroU16::new(number).ok_or(AddressFault::PortZero)
}

fn nonzero(port: u16, at: usize) -> Result<NonZeroU16, AddressError> {
    NonZeroU16::new(port).ok_or(AddressError::new(at, AddressFault::PortZero))
}
