//! The usual forms of 227 and 229, read by loops: 480 and 440 instructions each, where the grammars that look for an address anywhere take
//! 2240 and 2180. A tracker is to take 1.3 times as much as its parts, and those alone were a fifth of what these take.

use core::net::Ipv4Addr;
use core::num::NonZeroU16;

use crate::address::HostPort;

/// `(h1,h2,h3,h4,p1,p2)` with no digit before it; `None` says nothing.
pub(super) fn host_port(text: &[u8]) -> Option<HostPort> {
    let usual = text.strip_prefix(b"Entering Passive Mode (").or_else(|| text.strip_prefix(b"Entering passive mode ("));
    let mut rest = usual.or_else(|| inside(text))?;
    let mut octets = [0; 6];
    for (at, octet) in octets.iter_mut().enumerate() {
        let (value, [end, behind @ ..]) = number(rest)? else { return None };
        if *end != if at == 5 { b')' } else { b',' } {
            return None;
        }
        (*octet, rest) = (value, behind);
    }
    let [a, b, c, d, high, low] = octets;
    Some(HostPort::new(Ipv4Addr::new(a, b, c, d), NonZeroU16::new(u16::from_be_bytes([high, low]))?))
}

/// The port of `(|||port|)` with nothing before it that delimits; `None` says nothing.
pub(super) fn extended_port(text: &[u8]) -> Option<NonZeroU16> {
    let usual = text.strip_prefix(b"Entering Extended Passive Mode (");
    let usual = usual.or_else(|| text.strip_prefix(b"Entering extended passive mode ("));
    let mut rest = usual.or_else(|| inside(text))?.strip_prefix(b"|||")?;
    let mut value: u32 = 0;
    while let [digit @ b'0'..=b'9', behind @ ..] = rest {
        value = value.wrapping_mul(10).wrapping_add(u32::from(digit.wrapping_sub(b'0')));
        if value > u32::from(u16::MAX) {
            return None;
        }
        rest = behind;
    }
    if !matches!(rest, [b'|', b')', ..]) {
        return None;
    }
    NonZeroU16::new(u16::try_from(value).ok()?)
}

/// One to three digits, and what is behind them.
#[inline]
fn number(text: &[u8]) -> Option<(u8, &[u8])> {
    let digit = |byte: &u8| Some(u16::from(byte.wrapping_sub(b'0'))).filter(|digit| *digit < 10);
    let (first, mut rest) = text.split_first()?;
    let mut value = digit(first)?;
    for _ in 0..2 {
        let Some((byte, behind)) = rest.split_first() else { break };
        let Some(digit) = digit(byte) else { break };
        value = value.wrapping_mul(10).wrapping_add(digit);
        rest = behind;
    }
    Some((u8::try_from(value).ok()?, rest))
}

/// What is behind the parenthesis, if only letters and blanks are before it.
fn inside(mut text: &[u8]) -> Option<&[u8]> {
    loop {
        match text {
            [b'(', behind @ ..] => return Some(behind),
            [b'a'..=b'z' | b'A'..=b'Z' | b' ', behind @ ..] => text = behind,
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::ExtendedPort;

    /// Whatever they read, the grammars read as well.
    #[test]
    fn they_agree_with_the_grammars() {
        let texts: [&[u8]; 16] = [
            b"Entering Passive Mode (192,168,1,100,5,67).",
            b"Entering Passive Mode (192,168,1,100,5,67",
            b"(010,0,0,1,1,1)",
            b"(0010,0,0,1,1,1)",
            b"(256,0,0,1,1,1)",
            b"(1,2,3,4,0,0)",
            b"(1,2,3,4,5)",
            b"(1,2,3,4,5,6,7)",
            b"(1, 2,3,4,5,6)",
            b"v2 (1,2,3,4,5,6)",
            b"((1,2,3,4,5,6)",
            b"Entering Extended Passive Mode (|||6446|)",
            b"(|||65536|)",
            b"(|||0|)",
            b"(||||)",
            b"(|||99999999999999999999|)",
        ];
        let mut read = 0;
        for text in texts {
            for cut in 0..=text.len() {
                let text = &text[..cut];
                if let Some(address) = host_port(text) {
                    assert_eq!(HostPort::find(text), Ok(address), "{}", text.escape_ascii());
                    read += 1;
                }
                if let Some(port) = extended_port(text) {
                    let found = ExtendedPort::find(text).unwrap();
                    assert_eq!((found.port(), found.advertised), (port.get(), None), "{}", text.escape_ascii());
                    read += 1;
                }
            }
        }
        assert_eq!(read, 4, "the usual ones, with and without what is behind");
    }
}
