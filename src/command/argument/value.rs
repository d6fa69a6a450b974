//! Arguments that are values: numbers, letters, words, times and addresses.

use alloc::vec::Vec;
use core::num::NonZeroU8;

use nom::Parser;
use nom::bytes::complete::tag_no_case;
use nom::character::complete::space1;
use nom::combinator::{cut, map, map_res, opt};
use nom::sequence::preceded;

use super::{Fault, Field, Read, Why, blanks, digits, letter, number, skip_blanks, value, word, write_shown, wrong};
use crate::address::{AddressError, AddressFault, ExtendedAddress, HostPort, LongAddress, NetworkProtocol};
use crate::command::error::ArgumentFault;
use crate::command::parameter::{Algs, Allocation, EpsvArgument, Format, Mode, Protection, Structure, Type};
use crate::time::Time;

/// Fields that own nothing: how each is read, with the blanks in front of it, and written.
macro_rules! plain {
    ($($(#[$grammar:meta])* $type:ty: $read:expr, $write:expr $(, $strict:expr)?;)+) => {$(
        $(#[$grammar])*
        impl<'a> Field<'a> for $type {
            type Owned = Self;
            #[inline]
            fn read(input: &'a [u8]) -> Read<'a, Self> {
                let read: fn(&'a [u8]) -> Read<'a, Self> = $read;
                read(input)
            }
            $(fn is_strict(input: &'a [u8]) -> Read<'a, ()> {
                let strict: fn(&'a [u8]) -> Read<'a, ()> = $strict;
                strict(input)
            })?
            fn write(&self, out: &mut Vec<u8>) {
                let write: fn(&Self, &mut Vec<u8>) = $write;
                write(self, out);
            }
            fn own(self, _: &mut Vec<u8>) -> Self {
                self
            }
        }
    )+};
}

plain! {
    /// RFC 3659 5.3 (stream mode): `restart-marker = 1*DIGIT`
    u64: number, |value, out| write_shown(out, value);

    /// RFC 2228 8: `<decimal-integer>`, up to 32 bits
    u32: |input| {
        let small = |value| u32::try_from(value).map_err(|_| Why::Bad(ArgumentFault::NumberTooLarge));
        preceded(blanks, map_res(digits, small)).parse_complete(input)
    }, |value, out| write_shown(out, value);

    /// `ON` or `OFF`
    bool: |input| one_of([("ON", true), ("OFF", false)], Why::Bad(ArgumentFault::Word))(input), |value, out| out.extend_from_slice(if *value { b" ON" } else { b" OFF" });

    /// RFC 3659 2.3: `time-val = 14DIGIT [ "." 1*DIGIT ]`
    Time: |input| {
        let time = |word| Time::parse(word).map_err(|_| Why::Bad(ArgumentFault::Time));
        value(time).parse_complete(input)
    }, |time, out| write_shown(out, time);

    /// RFC 959 5.3.2: `<host-port> ::= <host-number>,<port-number>`
    HostPort: |input| address(input, HostPort::parse), |address, out| write_shown(out, address);

    /// RFC 2428 2: `EPRT<space><d><net-prt><d><net-addr><d><tcp-port><d>`
    ExtendedAddress: |input| address(input, ExtendedAddress::parse), |address, out| write_shown(out, address);

    /// RFC 1639: `<long-host-port>`
    LongAddress: |input| address(input, LongAddress::parse), |address, out| write_shown(out, address);

    /// RFC 2428 3: `EPSV [ <space> <net-prt> ]`, 4: `EPSV<space>ALL`
    EpsvArgument: |input| {
        let protocol = |word: &[u8]| match NetworkProtocol::from_digits(word) {
            _ if word.eq_ignore_ascii_case(b"ALL") => Ok(Self::All),
            Ok(protocol) => Ok(Self::Protocol(protocol)),
            Err(AddressFault::UnknownProtocol) => Err(Why::Protocol),
            Err(why) => Err(Why::Bad(ArgumentFault::Address(why))),
        };
        match skip_blanks(input) {
            [] => Ok((&[], Self::Any)),
            _ => value(protocol).parse_complete(input),
        }
    }, |argument, out| match argument {
        Self::Any => {}
        Self::Protocol(protocol) => write_shown(out, &protocol.number()),
        Self::All => out.extend_from_slice(b" ALL"),
    };

    /// RFC 959 5.3.2: `<type-code> ::= A [<sp> <form-code>] | E [<sp> <form-code>] | I | L <sp> <byte-size>`
    Type: |input| {
        // `L8`, which vsftpd accepts too.
        if let Some(size) = joined_size(input) {
            return byte_size(size);
        }
        match letter([(b'A', b'A'), (b'E', b'E'), (b'I', b'I'), (b'L', b'L')])(input)? {
            (rest, b'A') => map(Option::read, Self::Ascii).parse_complete(rest),
            (rest, b'E') => map(Option::read, Self::Ebcdic).parse_complete(rest),
            (rest, b'I') => Ok((rest, Self::Image)),
            (rest, _) => preceded(blanks, byte_size).parse_complete(rest),
        }
    }, |kind, out| match kind {
        Self::Ascii(format) => {
            out.extend_from_slice(b" A");
            format.write(out);
        }
        Self::Ebcdic(format) => {
            out.extend_from_slice(b" E");
            format.write(out);
        }
        Self::Image => out.extend_from_slice(b" I"),
        Self::Local(bits) => {
            out.extend_from_slice(b" L");
            write_shown(out, bits);
        }
    }, |input| match joined_size(input) {
        Some(size) => Err(wrong(size, ArgumentFault::Word)),
        None => Ok((input, ())),
    };

    /// RFC 959 5.3.2: `<form-code> ::= N | T | C`
    Format: |input| letter([
        (b'N', Self::NonPrint), (b'T', Self::Telnet), (b'C', Self::CarriageControl),
    ])(input), |format, out| out.extend_from_slice(match format {
        Self::NonPrint => b" N",
        Self::Telnet => b" T",
        Self::CarriageControl => b" C",
    });

    /// RFC 959 5.3.2: `<structure-code> ::= F | R | P`
    Structure: |input| letter([
        (b'F', Self::File), (b'R', Self::Record), (b'P', Self::Page),
    ])(input), |structure, out| out.extend_from_slice(match structure {
        Self::File => b" F",
        Self::Record => b" R",
        Self::Page => b" P",
    });

    /// RFC 959 5.3.2: `<mode-code> ::= S | B | C`, and `Z` of draft-preston-ftpext-deflate
    Mode: |input| letter([
        (b'S', Self::Stream), (b'B', Self::Block), (b'C', Self::Compressed), (b'Z', Self::Deflate),
    ])(input), |mode, out| out.extend_from_slice(match mode {
        Self::Stream => b" S",
        Self::Block => b" B",
        Self::Compressed => b" C",
        Self::Deflate => b" Z",
    });

    /// RFC 2228 8: `<prot-code> ::= C | S | E | P`
    Protection: |input| letter([
        (b'C', Self::Clear), (b'S', Self::Safe), (b'E', Self::Confidential), (b'P', Self::Private),
    ])(input), |level, out| out.extend_from_slice(match level {
        Self::Clear => b" C",
        Self::Safe => b" S",
        Self::Confidential => b" E",
        Self::Private => b" P",
    });

    /// RFC 6384 11: `ALGS<space><ALGS-token>`
    Algs: |input| {
        let words = [("STATUS64", Self::Status64), ("ENABLE64", Self::Enable64), ("DISABLE64", Self::Disable64)];
        one_of(words, Why::Parameter)(input)
    }, |algs, out| out.extend_from_slice(match algs {
        Self::Status64 => b" STATUS64",
        Self::Enable64 => b" ENABLE64",
        Self::Disable64 => b" DISABLE64",
    });

    /// RFC 959 5.3.1: `ALLO <SP> <decimal-integer> [<SP> R <SP> <decimal-integer>]`
    Allocation: |input| {
        let record = opt(preceded((space1, tag_no_case("R")), cut(number)));
        map((number, record), |(bytes, record)| Self { bytes, record }).parse_complete(input)
    }, |allocation, out| {
        write_shown(out, &allocation.bytes);
        if let Some(record) = allocation.record {
            out.extend_from_slice(b" R");
            write_shown(out, &record);
        }
    };
}

/// `1*SP <word>` with one of `words`, in any case; any other word is the error `otherwise`.
fn one_of<'a, T: Copy, const N: usize>(
    words: [(&'static str, T); N],
    otherwise: Why,
) -> impl FnMut(&'a [u8]) -> Read<'a, T> {
    let choose = move |word: &[u8]| {
        let found = words.iter().find(|(known, _)| word.eq_ignore_ascii_case(known.as_bytes()));
        found.map(|(_, value)| *value).ok_or(otherwise)
    };
    move |input| value(choose).parse_complete(input)
}

/// The digits that follow TYPE's `L` without a blank.
fn joined_size(input: &[u8]) -> Option<&[u8]> {
    match skip_blanks(input) {
        [b'L' | b'l', size @ ..] if size.first().is_some_and(u8::is_ascii_digit) => Some(size),
        _ => None,
    }
}

/// RFC 959 5.3.2: `<byte-size> ::= <number>`, 1 to 255.
fn byte_size(input: &[u8]) -> Read<'_, Type> {
    let bits = |bits| match u8::try_from(bits).map(NonZeroU8::new) {
        Ok(Some(bits)) => Ok(Type::Local(bits)),
        Ok(None) => Err(Why::Bad(ArgumentFault::Number)),
        Err(_) => Err(Why::Bad(ArgumentFault::NumberTooLarge)),
    };
    map_res(digits, bits).parse_complete(input)
}

/// `1*SP <address>`. The error of `parse` counts from the address's first byte.
#[inline]
fn address<'a, T>(input: &'a [u8], parse: impl FnOnce(&[u8]) -> Result<T, AddressError>) -> Read<'a, T> {
    let (start, ()) = blanks(input)?;
    let (rest, word) = word(input)?;
    match parse(word) {
        Ok(address) => Ok((rest, address)),
        Err(AddressError { at, why }) => {
            let kind = match why {
                AddressFault::UnknownProtocol => Why::Protocol,
                why => Why::Bad(ArgumentFault::Address(why)),
            };
            Err(nom::Err::Error(Fault { left: start.len().saturating_sub(at), kind }))
        }
    }
}
