//! Addresses amid the text of a reply, as servers really write them.

use super::{
    AddressError, AddressFault, ExtendedPassive, ExtendedPort, HostPort, LongAddress, NetworkProtocol, address,
    decimal, is_delimiter, nonzero, port,
};
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The first six numbers of the first list that has six.
pub(super) fn host_port(text: &[u8]) -> Result<HostPort, AddressError> {
    let list = List::<6>::find(text, 6)?;
    let [h1, h2, h3, h4, p1, p2] = list.octets()?;
    let port = nonzero(u16::from_be_bytes([p1, p2]), list.place(4))?;
    Ok(HostPort { host: Ipv4Addr::new(h1, h2, h3, h4), port })
}

/// The first list that has the nine numbers of an IPv4 address, or more.
pub(super) fn long_address(text: &[u8]) -> Result<LongAddress, AddressError> {
    let list = List::<21>::find(text, 9)?;
    let octets = list.octets()?;
    let fail = |index, why| Err(AddressError::new(list.place(index), why));
    let (host, port_at, port) = match octets {
        [4, 4, a, b, c, d, 2, p1, p2, ..] => (IpAddr::V4(Ipv4Addr::new(a, b, c, d)), 7, [p1, p2]),
        [6, 16, rest @ .., 2, p1, p2] if list.count == 21 => (IpAddr::V6(Ipv6Addr::from(rest)), 19, [p1, p2]),
        [4, 4, ..] => return fail(6, AddressFault::Port),
        [6, 16, ..] if list.count == 21 => return fail(18, AddressFault::Port),
        [6, 16, ..] => return fail(0, AddressFault::Count(list.count)),
        [4 | 6, ..] => return fail(1, AddressFault::Address),
        _ => return fail(0, AddressFault::UnknownProtocol),
    };
    Ok(LongAddress { host, port: nonzero(u16::from_be_bytes(port), list.place(port_at))? })
}

/// The first place that has the form of a 229, full or short.
pub(super) fn extended_port(text: &[u8]) -> Result<ExtendedPassive, AddressError> {
    // Whether the last byte that was no blank was a parenthesis: only there a letter delimits.
    let mut opened = false;
    let mut rest = text;
    while let Some((&byte, behind)) = rest.split_first() {
        let delimits = is_delimiter(byte) && (opened || !byte.is_ascii_alphabetic());
        let form = Form { text, delimiter: byte };
        if delimits && let Some(found) = form.read(behind) {
            return found;
        }
        opened = byte == b'(' || (opened && byte == b' ');
        rest = behind;
    }
    Err(AddressError::new(text.len(), AddressFault::Count(0)))
}

/// Up to `N` numbers with commas between, blanks around these allowed.
struct List<const N: usize> {
    /// Values, 256 for all that is more than an octet, and their places.
    numbers: [(u16, usize); N],
    count: usize,
}

impl<const N: usize> List<N> {
    /// The first list of at least `least` numbers. Every byte is looked at once, but for one blank or comma.
    fn find(text: &[u8], least: usize) -> Result<Self, AddressError> {
        let place = |rest: &[u8]| text.len().saturating_sub(rest.len());
        let mut list = Self { numbers: [(0, 0); N], count: 0 };
        let mut longest = (0, 0);
        // Whether what stands here is joined to a number by a dot, and so is none of ours.
        let mut dotted = false;
        let mut rest = text;
        while let Some((&byte, behind)) = rest.split_first() {
            if !byte.is_ascii_digit() {
                dotted = byte == b'.';
                rest = behind;
                continue;
            }
            let at = place(rest);
            let value;
            (value, rest) = number(rest);
            let ends_in_dot = matches!(rest, [b'.', b'0'..=b'9', ..]);
            if !dotted && !ends_in_dot {
                list.push(value, at);
            }
            if list.count == N {
                return Ok(list);
            }
            let next = if dotted || ends_in_dot { None } else { behind_comma(rest) };
            if let Some(next) = next {
                rest = next;
                continue;
            }
            if list.count >= least {
                return Ok(list);
            }
            if list.count > longest.0 {
                longest = (list.count, list.place(0));
            }
            // A list that began behind a dot is skipped to its end.
            while let (true, Some(next)) = (dotted, behind_comma(rest)) {
                (_, rest) = number(next);
            }
            list.count = 0;
        }
        let (count, at) = longest;
        Err(AddressError::new(at, AddressFault::Count(count)))
    }

    fn push(&mut self, value: u16, at: usize) {
        if let Some(slot) = self.numbers.get_mut(self.count) {
            *slot = (value, at);
            self.count = self.count.saturating_add(1);
        }
    }

    fn place(&self, index: usize) -> usize {
        self.numbers.get(index).map_or(0, |&(_, at)| at)
    }

    /// The numbers as octets; 0 behind the last.
    fn octets(&self) -> Result<[u8; N], AddressError> {
        let mut octets = [0; N];
        for (octet, &(value, at)) in octets.iter_mut().zip(&self.numbers).take(self.count) {
            *octet = u8::try_from(value).map_err(|_| AddressError::new(at, AddressFault::Octet))?;
        }
        Ok(octets)
    }
}

/// The digits in front, and what is behind them; 256 stands for all that is more than an octet.
fn number(text: &[u8]) -> (u16, &[u8]) {
    let mut value: u16 = 0;
    let mut rest = text;
    while let Some((digit @ b'0'..=b'9', behind)) = rest.split_first() {
        value = value.saturating_mul(10).saturating_add(u16::from(digit.wrapping_sub(b'0'))).min(256);
        rest = behind;
    }
    (value, rest)
}

/// What begins with a digit behind a comma, blanks around it left out.
fn behind_comma(text: &[u8]) -> Option<&[u8]> {
    let (comma, rest) = skip_blanks(text).split_first()?;
    let rest = skip_blanks(rest);
    (*comma == b',' && rest.first().is_some_and(u8::is_ascii_digit)).then_some(rest)
}

fn skip_blanks(text: &[u8]) -> &[u8] {
    let mut rest = text;
    while let [b' ' | b'\t', behind @ ..] = rest {
        rest = behind;
    }
    rest
}

/// The longest address that can be written: `ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255`.
const LONGEST_ADDRESS: usize = 45;

/// `<d><d><d><port><d>` or `<d><protocol><d><address><d><port><d>` behind its first delimiter.
struct Form<'a> {
    text: &'a [u8],
    delimiter: u8,
}

impl Form<'_> {
    /// `None` if this isn't the form at all; an error if it is and says no usable port.
    fn read(&self, behind: &[u8]) -> Option<Result<ExtendedPassive, AddressError>> {
        let (protocol_at, protocol, rest) = self.part(behind, 5)?;
        let (address_at, host, rest) = self.part(rest, LONGEST_ADDRESS)?;
        let (port_at, digits, _) = self.part(rest, usize::MAX)?;
        decimal(digits)?;
        if !protocol.is_empty() {
            decimal(protocol)?;
        }
        // Else `10,0,0,1,192,100` would be delimited by commas.
        if !host.is_empty() && memchr::memchr2(b'.', b':', host).is_none() {
            return None;
        }
        Some(port(digits, port_at).and_then(|port| {
            let advertised = advertised(protocol, host).map_err(|why| match why {
                AddressFault::Address => AddressError::new(address_at, why),
                _ => AddressError::new(protocol_at, why),
            })?;
            Ok(ExtendedPassive { port: ExtendedPort::new(port), advertised })
        }))
    }

    /// The place and text up to the next delimiter without blanks around it, and what is behind the delimiter.
    /// Only what can stand in a part is passed, so that no start of a form reads far.
    fn part<'t>(&self, text: &'t [u8], longest: usize) -> Option<(usize, &'t [u8], &'t [u8])> {
        let text = skip_blanks(text);
        let at = self.text.len().saturating_sub(text.len());
        let stands = |byte: &u8| *byte != self.delimiter && (byte.is_ascii_hexdigit() || matches!(byte, b'.' | b':'));
        let length = text.iter().take(longest).take_while(|byte| stands(byte)).count();
        let (part, rest) = text.split_at_checked(length)?;
        match skip_blanks(rest).split_first()? {
            (byte, rest) if *byte == self.delimiter => Some((at, part, rest)),
            _ => None,
        }
    }
}

/// The address of the full form; an address alone is taken for what it looks like.
fn advertised(protocol: &[u8], host: &[u8]) -> Result<Option<IpAddr>, AddressFault> {
    if host.is_empty() {
        return Ok(None);
    }
    let host = if protocol.is_empty() {
        address(NetworkProtocol::Ipv4, host).or_else(|| address(NetworkProtocol::Ipv6, host))
    } else {
        address(NetworkProtocol::from_digits(protocol)?, host)
    };
    host.map(Some).ok_or(AddressFault::Address)
}
