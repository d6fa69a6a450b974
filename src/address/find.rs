//! Addresses within the text of a reply, as servers really write them.
//!
//! RFC 1123 4.1.2.6 has a client scan the text of a 227 for the digits, since nothing else about it is certain. So each function here
//! has a grammar of what it looks for, tries it in each place where it could begin, and gives the place where it was found.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::ops::Range;

use nom::Parser;
use nom::bytes::complete::{take_till, take_while, take_while_m_n};
use nom::character::complete::{char, digit1};
use nom::combinator::{map, not, opt, peek, rest_len, verify};
use nom::multi::{fold_many_m_n, fold_many0};
use nom::sequence::{delimited, preceded};

use super::{
    AddressError, AddressFault, ExtendedPassive, ExtendedPort, HostPort, LongAddress, NetworkProtocol, address,
    decimal, is_delimiter, nonzero, port,
};
use crate::grammar::{Fault, Read};

type Found<T> = Result<(T, Range<usize>), AddressError>;

/// The first six numbers of the first list that has six.
pub(super) fn host_port(text: &[u8]) -> Found<HostPort> {
    let list = List::<6>::find(text, 6)?;
    let [h1, h2, h3, h4, p1, p2] = list.octets()?;
    let port = nonzero(u16::from_be_bytes([p1, p2]), list.place(4))?;
    Ok((HostPort { host: Ipv4Addr::new(h1, h2, h3, h4), port }, list.range(6)))
}

/// The first list that has at least nine numbers, as many as an IPv4 address takes.
pub(super) fn long_address(text: &[u8]) -> Found<LongAddress> {
    let list = List::<21>::find(text, 9)?;
    let octets = list.octets()?;
    let fail = |index, why| Err(AddressError::new(list.place(index), why));
    let (host, count, port): (_, usize, _) = match octets {
        [4, 4, a, b, c, d, 2, p1, p2, ..] => (IpAddr::V4(Ipv4Addr::new(a, b, c, d)), 9, [p1, p2]),
        [6, 16, rest @ .., 2, p1, p2] if list.count == 21 => (IpAddr::V6(Ipv6Addr::from(rest)), 21, [p1, p2]),
        [4, 4, ..] => return fail(6, AddressFault::Port),
        [6, 16, ..] if list.count == 21 => return fail(18, AddressFault::Port),
        [6, 16, ..] => return fail(0, AddressFault::Count(list.count)),
        [4 | 6, ..] => return fail(1, AddressFault::Address),
        _ => return fail(0, AddressFault::UnknownProtocol),
    };
    let port = nonzero(u16::from_be_bytes(port), list.place(count.saturating_sub(2)))?;
    Ok((LongAddress { host, port }, list.range(count)))
}

/// The first place that has the form of a 229, full or short.
// As `preceded(many0_count(preceded(not(form), take(1))), form)` it takes 5,082 instructions for a usual 229; the loop, which tries each
// place once, takes 1,691.
pub(super) fn extended_port(text: &[u8]) -> Found<ExtendedPassive> {
    // Whether a parenthesis stands in front, with at most blanks between: only there may a letter be the delimiter.
    let mut opened = false;
    let mut rest = text;
    while let Some((&byte, behind)) = rest.split_first() {
        let delimits = is_delimiter(byte) && (opened || !byte.is_ascii_alphabetic());
        if delimits && let Ok((after, form)) = Form::read(byte, behind) {
            let range = text.len().saturating_sub(rest.len())..text.len().saturating_sub(after.len());
            return form.passive(text).map(|found| (found, range));
        }
        opened = byte == b'(' || (opened && byte == b' ');
        rest = behind;
    }
    Err(AddressError::new(text.len(), AddressFault::Count(0)))
}

/// A number in a list.
#[derive(Debug, Clone, Copy, Default)]
struct Number {
    /// 256 stands for everything above an octet.
    value: u16,
    /// Bytes from its first digit to the end of the text.
    left: usize,
    /// Bytes from after its last digit to the end of the text.
    behind: usize,
}

/// Up to `N` numbers with commas between them, and blanks around the commas.
struct List<'a, const N: usize> {
    text: &'a [u8],
    numbers: [Number; N],
    count: usize,
}

impl<'a, const N: usize> List<'a, N> {
    /// The first list of at least `least` numbers, in linear time: no byte is looked at more than a few times.
    ///
    /// ```text
    /// text   = *( noise / list / "." dotted )
    /// list   = number *( comma number )
    /// number = 1*DIGIT                             ; not followed by "." DIGIT: dotted numbers belong to no list
    /// dotted = 1*DIGIT *( comma 1*DIGIT )
    /// comma  = *WSP "," *WSP                       ; followed by a digit
    /// ```
    fn find(text: &'a [u8], least: usize) -> Result<Self, AddressError> {
        let mut longest = (0, 0);
        let mut rest = text;
        loop {
            let (digits, noise) = noise(rest).unwrap_or((&[], rest));
            if digits.is_empty() {
                let (count, at) = longest;
                return Err(AddressError::new(at, AddressFault::Count(count)));
            }
            let read = if noise.ends_with(b".") { None } else { Self::read(text, digits).ok() };
            let Some((behind, list)) = read else {
                (rest, ()) = dotted(digits).unwrap_or((&[], ()));
                continue;
            };
            if list.count >= least {
                return Ok(list);
            }
            if list.count > longest.0 {
                longest = (list.count, list.place(0));
            }
            rest = behind;
        }
    }

    /// `number *( comma number )`, the first `N` of them.
    fn read(text: &'a [u8], input: &'a [u8]) -> Read<'a, Self, AddressFault> {
        let mut list = Self { text, numbers: [Number::default(); N], count: 0 };
        let (input, first) = number(input)?;
        list.push(first);
        let others = preceded(separator, number);
        let (input, ()) = fold_many_m_n(0, N.saturating_sub(1), others, || (), |(), number| list.push(number))
            .parse_complete(input)?;
        Ok((input, list))
    }

    fn push(&mut self, number: Number) {
        if let Some(slot) = self.numbers.get_mut(self.count) {
            *slot = number;
            self.count = self.count.saturating_add(1);
        }
    }

    fn place(&self, index: usize) -> usize {
        self.numbers.get(index).map_or(0, |number| self.text.len().saturating_sub(number.left))
    }

    /// The range of bytes of the first `count` numbers.
    fn range(&self, count: usize) -> Range<usize> {
        let last = count.checked_sub(1).and_then(|last| self.numbers.get(last));
        self.place(0)..last.map_or(0, |last| self.text.len().saturating_sub(last.behind))
    }

    /// The numbers as octets, filled up with 0.
    fn octets(&self) -> Result<[u8; N], AddressError> {
        let mut octets = [0; N];
        for (index, (octet, number)) in octets.iter_mut().zip(&self.numbers).take(self.count).enumerate() {
            let fault = AddressError::new(self.place(index), AddressFault::Octet);
            *octet = u8::try_from(number.value).map_err(|_| fault)?;
        }
        Ok(octets)
    }
}

/// Everything up to the next digit.
fn noise(input: &[u8]) -> Read<'_, &[u8], AddressFault> {
    take_till(|byte: u8| byte.is_ascii_digit()).parse_complete(input)
}

fn number(input: &[u8]) -> Read<'_, Number, AddressFault> {
    let joined = (char('.'), digit1);
    let (input, (left, digits, behind)) = (rest_len, digit1, rest_len).parse_complete(input)?;
    not(joined).parse_complete(input)?;
    let add =
        |value: u16, digit: &u8| value.saturating_mul(10).saturating_add(u16::from(digit.wrapping_sub(b'0'))).min(256);
    Ok((input, Number { value: digits.iter().fold(0, add), left, behind }))
}

fn dotted(input: &[u8]) -> Read<'_, (), AddressFault> {
    fold_many0(preceded(opt(separator), digit1), || (), |(), _| ()).parse_complete(input)
}

/// `*WSP "," *WSP`, followed by a digit.
fn separator(input: &[u8]) -> Read<'_, (), AddressFault> {
    map((blanks, char(','), blanks, peek(digit1)), drop).parse_complete(input)
}

fn blanks(input: &[u8]) -> Read<'_, &[u8], AddressFault> {
    take_while(|byte| matches!(byte, b' ' | b'\t')).parse_complete(input)
}

/// The longest address that can be written: `ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255`.
const LONGEST_ADDRESS: usize = 45;

/// The parts of a 229's form, each with the number of bytes from its beginning to the end of the text.
struct Form<'a> {
    protocol: Part<'a>,
    host: Part<'a>,
    port: Part<'a>,
}

type Part<'a> = (usize, &'a [u8]);

impl<'a> Form<'a> {
    /// ```text
    /// form = d [protocol] d [address] d port d      ; RFC 2428 3, with the first two parts of section 2; blanks around each
    /// ```
    /// without its first delimiter, which `d` was read from.
    fn read(d: u8, input: &'a [u8]) -> Read<'a, Self, AddressFault> {
        let number = |(_, digits): &Part<'a>| digits.is_empty() || decimal(digits).is_some();
        // Without a dot or colon in the host, `10,0,0,1,192,100` would be a form that is delimited by commas.
        let host = |(_, host): &Part<'a>| host.is_empty() || memchr::memchr2(b'.', b':', host).is_some();
        let protocol = verify(part(d, 5), number);
        let host = verify(part(d, LONGEST_ADDRESS), host);
        let port = verify(part(d, usize::MAX), |(_, digits)| decimal(digits).is_some());
        map((protocol, host, port), |(protocol, host, port)| Self { protocol, host, port }).parse_complete(input)
    }

    /// The port and the address, if they are valid.
    fn passive(self, text: &[u8]) -> Result<ExtendedPassive, AddressError> {
        let fail = |(left, _): Part<'a>, why| AddressError::new(text.len().saturating_sub(left), why);
        let port = port(self.port.1).map_err(|why| fail(self.port, why))?;
        let advertised = advertised(self.protocol.1, self.host.1).map_err(|why| match why {
            AddressFault::Address => fail(self.host, why),
            _ => fail(self.protocol, why),
        })?;
        Ok(ExtendedPassive { port: ExtendedPort::new(port), advertised })
    }
}

/// The text up to the next delimiter, without the blanks around it. It takes only bytes that can be in a part, so that a false start
/// doesn't read far.
fn part<'a>(d: u8, longest: usize) -> impl Parser<&'a [u8], Output = Part<'a>, Error = Fault<AddressFault>> {
    let stands = move |byte: u8| byte != d && (byte.is_ascii_hexdigit() || matches!(byte, b'.' | b':'));
    let text = (rest_len, take_while_m_n(0, longest, stands));
    delimited(blanks, text, (blanks, char(char::from(d))))
}

/// The address of the full form; without a protocol its text decides which it is.
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
