//! The grammar of each kind of argument: complete nom parsers in, bytes out.
//!
//! Each parser begins at the blank that separates the argument from what is before it.

use super::error::{ArgumentFault, CommandError};
use super::parameter::{Algs, Allocation, EpsvArgument, Format, Mode, Protection, Structure, Type};
use super::{Verb, illegal_byte};
use crate::address::{self, AddressError, AddressFault, ExtendedAddress, HostPort, LongAddress, NetworkProtocol};
use crate::text::{Argument, Password, Path, Text, TextError};
use crate::time::Time;
use alloc::vec::Vec;
use core::num::NonZeroU8;
use nom::bytes::complete::{tag_no_case, take_till};
use nom::character::complete::{digit1, space1};
use nom::combinator::opt;
use nom::error::{ErrorKind, ParseError};
use nom::{Finish, IResult, Parser};

/// An argument of a command.
pub(super) trait Field<'a>: Sized {
    /// How much of it may be shown.
    const SHOWN: Shown = Shown::All;
    /// The same, owned.
    type Owned;
    /// Whether it is a secret.
    const SECRET: bool = false;
    /// Reads it and the blank in front of it.
    fn read(input: &'a [u8]) -> Result<(&'a [u8], Self), Fault>;
    /// The same by the letter: one blank in front, one between its parts, and none behind.
    fn read_strict(input: &'a [u8]) -> Result<(&'a [u8], Self), Fault> {
        let (rest, value) = Self::read(input)?;
        let read = input.get(..input.len().saturating_sub(rest.len())).unwrap_or(input);
        Self::is_strict(input)?;
        match loose_blank(read).and_then(|at| input.get(at..)) {
            Some(excess) => Err(Fault::bad(excess, ArgumentFault::Excess)),
            None => Ok((rest, value)),
        }
    }
    /// What else has to be of what was read.
    fn is_strict(_: &'a [u8]) -> Result<(), Fault> {
        Ok(())
    }
    /// Appends it with a blank in front.
    fn write(&self, out: &mut Vec<u8>);
    /// Copies what is borrowed, into `room` if it is text.
    fn own(self, room: &mut Vec<u8>) -> Self::Owned;
    /// The room of owned text, for the next one.
    fn room(self) -> Option<Vec<u8>> {
        None
    }
    /// The argument that is this path; `None` where an argument is something else.
    fn of_path(_: Path<'a>) -> Option<Self> {
        None
    }
}

/// How much of an argument may stand in a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shown {
    All,
    /// Its first word.
    Word,
    Nothing,
}

impl Shown {
    /// How much of two arguments, one behind the other.
    pub(super) const fn and(self, other: Self) -> Self {
        match self {
            Self::All => other,
            Self::Word | Self::Nothing => self,
        }
    }
}

/// What is wrong, and how many bytes of the line are behind that place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fault {
    left: usize,
    why: Why,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    Missing,
    Bad(ArgumentFault),
    Parameter,
    Protocol,
}

impl Fault {
    pub(super) fn new(input: &[u8], why: Why) -> Self {
        Self { left: input.len(), why }
    }

    pub(super) fn bad(input: &[u8], why: ArgumentFault) -> Self {
        Self::new(input, Why::Bad(why))
    }

    fn text(input: &[u8], error: TextError) -> Self {
        match error {
            TextError::Empty => Self::new(input, Why::Missing),
            // Which byte is illegal, and where, `refuse` finds out.
            TextError::Illegal { .. } | TextError::LeadingBlank => Self::bad(input, ArgumentFault::Word),
        }
    }
}

impl ParseError<&[u8]> for Fault {
    fn from_error_kind(input: &[u8], kind: ErrorKind) -> Self {
        Self::bad(input, if kind == ErrorKind::Digit { ArgumentFault::Number } else { ArgumentFault::Word })
    }

    fn append(_: &[u8], _: ErrorKind, other: Self) -> Self {
        other
    }
}

/// The error of a line. An illegal byte anywhere in it is worse than all else.
#[cold]
pub(super) fn refuse(verb: Verb, line: &[u8], fault: Fault) -> CommandError {
    if let Some(error) = illegal_byte(line) {
        return error;
    }
    let at = line.len().saturating_sub(fault.left);
    match fault.why {
        Why::Missing => CommandError::MissingArgument(verb),
        Why::Bad(why) => CommandError::BadArgument { verb, at, why },
        Why::Parameter => CommandError::UnsupportedParameter { verb, at },
        Why::Protocol => CommandError::UnsupportedProtocol { verb, at },
    }
}

/// What follows a command without argument: measured servers ignore it.
#[inline]
pub(super) fn ignored(input: &[u8]) -> Result<(), Fault> {
    if input.is_empty() {
        return Ok(());
    }
    Text::new(input).map(drop).map_err(|error| Fault::text(input, error))
}

/// Blanks, and the end of the line.
#[inline]
pub(super) fn end(input: &[u8]) -> Result<(), Fault> {
    match skip_blanks(input) {
        [] => Ok(()),
        rest => Err(Fault::bad(rest, ArgumentFault::Excess)),
    }
}

/// What follows a command without argument by the letter: nothing.
pub(super) fn nothing(input: &[u8]) -> Result<(), Fault> {
    if input.is_empty() {
        return Ok(());
    }
    ignored(input)?;
    let rest = skip_blanks(input);
    Err(Fault::bad(if rest.is_empty() { input } else { rest }, ArgumentFault::Excess))
}

/// The end of the line, by the letter.
pub(super) fn end_strict(input: &[u8]) -> Result<(), Fault> {
    end(input)?;
    if input.is_empty() { Ok(()) } else { Err(Fault::bad(input, ArgumentFault::Excess)) }
}

/// The place of the first blank that stands behind another, or of those at the end.
fn loose_blank(read: &[u8]) -> Option<usize> {
    let second = read.windows(2).position(|pair| pair == b"  ").map(|at| at.saturating_add(1));
    let text = read.iter().rposition(|byte| *byte != b' ').map_or(0, |last| last.saturating_add(1));
    match second {
        Some(at) if at < text => Some(at),
        _ => (text < read.len()).then_some(text),
    }
}

/// What is free behind the one blank in front of it, by the letter.
pub(super) fn behind_one_blank(input: &[u8]) -> Result<(), Fault> {
    match input {
        [b' ', rest @ ..] if rest.first() == Some(&b' ') => Err(Fault::bad(rest, ArgumentFault::Excess)),
        _ => Ok(()),
    }
}

#[inline]
pub(super) fn skip_blanks(input: &[u8]) -> &[u8] {
    let mut rest = input;
    while let [b' ', behind @ ..] = rest {
        rest = behind;
    }
    rest
}

/// What stands behind the blanks; something has to.
#[inline]
pub(super) fn behind_blanks(input: &[u8]) -> Result<&[u8], Fault> {
    match skip_blanks(input) {
        [] => Err(Fault::new(&[], Why::Missing)),
        rest => Ok(rest),
    }
}

/// The next word without the blanks in front, and what is behind it.
#[inline]
pub(super) fn word(input: &[u8]) -> Result<(&[u8], &[u8]), Fault> {
    let parsed: IResult<_, _, Fault> = take_till(|byte| byte == b' ').parse(behind_blanks(input)?);
    parsed.finish()
}

/// A number in decimal digits behind blanks.
fn number(input: &[u8]) -> Result<(&[u8], u64), Fault> {
    let input = behind_blanks(input)?;
    let parsed: IResult<_, _, Fault> = digit1.parse(input);
    let (rest, digits) = parsed.finish()?;
    let value = digits
        .iter()
        .try_fold(0u64, |value, digit| value.checked_mul(10)?.checked_add(u64::from(digit.wrapping_sub(b'0'))));
    value.map(|value| (rest, value)).ok_or(Fault::bad(input, ArgumentFault::NumberTooLarge))
}

/// One letter that stands alone; `None` of `choose` is a value that nobody supports.
#[inline]
fn letter<T>(input: &[u8], choose: impl FnOnce(u8) -> Option<T>) -> Result<(&[u8], T), Fault> {
    let input = behind_blanks(input)?;
    match input {
        [letter] | [letter, b' ', ..] => {
            let value = choose(letter.to_ascii_uppercase()).ok_or(Fault::new(input, Why::Parameter))?;
            Ok((input.get(1..).unwrap_or_default(), value))
        }
        _ => Err(Fault::bad(input, ArgumentFault::Word)),
    }
}

pub(super) fn write_text(out: &mut Vec<u8>, bytes: &[u8]) {
    out.push(b' ');
    out.extend_from_slice(bytes);
}

fn write_shown(out: &mut Vec<u8>, value: &impl core::fmt::Display) {
    out.push(b' ');
    address::write(out, value);
}

/// RFC 959 5.3.2: `<pathname> ::= <string>`; RFC 2640 3.1, RFC 3659 2.2: exactly one blank, the rest is the name.
impl<'a> Field<'a> for Path<'a> {
    type Owned = Path<'static>;
    fn of_path(path: Path<'a>) -> Option<Self> {
        Some(path)
    }
    #[inline]
    fn read(input: &'a [u8]) -> Result<(&'a [u8], Self), Fault> {
        let name = match input {
            [] => return Err(Fault::new(input, Why::Missing)),
            [b' ', name @ ..] => name,
            _ => return Err(Fault::bad(input, ArgumentFault::Excess)),
        };
        Path::new(name).map(|path| (&[][..], path)).map_err(|error| Fault::text(name, error))
    }
    fn read_strict(input: &'a [u8]) -> Result<(&'a [u8], Self), Fault> {
        Self::read(input)
    }
    fn write(&self, out: &mut Vec<u8>) {
        write_text(out, self.as_bytes());
    }
    fn own(self, room: &mut Vec<u8>) -> Self::Owned {
        self.into_owned_in(room)
    }
    fn room(self) -> Option<Vec<u8>> {
        self.into_room()
    }
}

/// RFC 959 5.3.2: `<password> ::= <string>`. All behind one blank belongs to it, and it may be empty.
impl<'a> Field<'a> for Password<'a> {
    const SHOWN: Shown = Shown::Nothing;
    type Owned = Password<'static>;
    const SECRET: bool = true;
    #[inline]
    fn read(input: &'a [u8]) -> Result<(&'a [u8], Self), Fault> {
        let [_, secret @ ..] = input else { return Err(Fault::new(input, Why::Missing)) };
        Password::new(secret).map(|secret| (&[][..], secret)).map_err(|error| Fault::text(input, error))
    }
    fn read_strict(input: &'a [u8]) -> Result<(&'a [u8], Self), Fault> {
        Self::read(input)
    }
    fn write(&self, out: &mut Vec<u8>) {
        write_text(out, self.as_bytes());
    }
    fn own(self, room: &mut Vec<u8>) -> Self::Owned {
        self.into_owned_in(room)
    }
    fn room(self) -> Option<Vec<u8>> {
        self.into_room()
    }
}

/// RFC 959 5.3.2: `<username> ::= <string>`, and the like. Blanks in front are skipped.
impl<'a> Field<'a> for Argument<'a> {
    type Owned = Argument<'static>;
    #[inline]
    fn read(input: &'a [u8]) -> Result<(&'a [u8], Self), Fault> {
        let text = behind_blanks(input)?;
        Argument::new(text).map(|text| (&[][..], text)).map_err(|error| Fault::text(text, error))
    }
    fn read_strict(input: &'a [u8]) -> Result<(&'a [u8], Self), Fault> {
        let read = Self::read(input)?;
        behind_one_blank(input)?;
        Ok(read)
    }
    fn write(&self, out: &mut Vec<u8>) {
        write_text(out, self.as_bytes());
    }
    fn own(self, room: &mut Vec<u8>) -> Self::Owned {
        self.into_owned_in(room)
    }
    fn room(self) -> Option<Vec<u8>> {
        self.into_room()
    }
}

/// `[<SP> argument]`
impl<'a, T: Field<'a>> Field<'a> for Option<T> {
    const SHOWN: Shown = T::SHOWN;
    type Owned = Option<T::Owned>;
    fn of_path(path: Path<'a>) -> Option<Self> {
        T::of_path(path).map(Some)
    }
    #[inline]
    fn read(input: &'a [u8]) -> Result<(&'a [u8], Self), Fault> {
        match T::read(input) {
            Ok((rest, value)) => Ok((rest, Some(value))),
            Err(Fault { why: Why::Missing, .. }) => Ok((&[], None)),
            Err(fault) => Err(fault),
        }
    }
    fn read_strict(input: &'a [u8]) -> Result<(&'a [u8], Self), Fault> {
        match T::read_strict(input) {
            Ok((rest, value)) => Ok((rest, Some(value))),
            Err(Fault { why: Why::Missing, .. }) if input.is_empty() => Ok((&[], None)),
            Err(Fault { why: Why::Missing, .. }) => Err(Fault::bad(input, ArgumentFault::Excess)),
            Err(fault) => Err(fault),
        }
    }
    fn write(&self, out: &mut Vec<u8>) {
        if let Some(value) = self {
            value.write(out);
        }
    }
    fn own(self, room: &mut Vec<u8>) -> Self::Owned {
        self.map(|value| value.own(room))
    }
    fn room(self) -> Option<Vec<u8>> {
        self?.room()
    }
}

/// Fields that own nothing: how one is read behind its blanks, and shown.
macro_rules! plain {
    ($($(#[$grammar:meta])* $type:ty: $read:expr, $write:expr $(, $strict:expr)?;)+) => {$(
        $(#[$grammar])*
        impl<'a> Field<'a> for $type {
            type Owned = Self;
            #[inline]
            fn read(input: &'a [u8]) -> Result<(&'a [u8], Self), Fault> {
                let read: fn(&'a [u8]) -> Result<(&'a [u8], Self), Fault> = $read;
                read(input)
            }
            $(fn is_strict(input: &'a [u8]) -> Result<(), Fault> {
                let strict: fn(&'a [u8]) -> Result<(), Fault> = $strict;
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
        let (rest, value) = number(input)?;
        let value = u32::try_from(value).map_err(|_| Fault::bad(skip_blanks(input), ArgumentFault::NumberTooLarge))?;
        Ok((rest, value))
    }, |value, out| write_shown(out, value);

    /// `ON` or `OFF`
    bool: |input| {
        let (rest, word) = word(input)?;
        let value = switch(word).ok_or(Fault::bad(skip_blanks(input), ArgumentFault::Word))?;
        Ok((rest, value))
    }, |value, out| out.extend_from_slice(if *value { b" ON" } else { b" OFF" });

    /// RFC 3659 2.3: `time-val = 14DIGIT [ "." 1*DIGIT ]`
    Time: |input| {
        let (rest, word) = word(input)?;
        let time = Time::parse(word).map_err(|_| Fault::bad(skip_blanks(input), ArgumentFault::Time))?;
        Ok((rest, time))
    }, |time, out| write_shown(out, time);

    /// RFC 959 5.3.2: `<host-port> ::= <host-number>,<port-number>`
    HostPort: |input| address(input, HostPort::parse), |address, out| write_shown(out, address);

    /// RFC 2428 2: `EPRT<space><d><net-prt><d><net-addr><d><tcp-port><d>`
    ExtendedAddress: |input| address(input, ExtendedAddress::parse), |address, out| write_shown(out, address);

    /// RFC 1639: `<long-host-port>`
    LongAddress: |input| address(input, LongAddress::parse), |address, out| write_shown(out, address);

    /// RFC 2428 3: `EPSV [ <space> <net-prt> ]`, 4: `EPSV<space>ALL`
    EpsvArgument: |input| {
        let text = skip_blanks(input);
        if text.is_empty() {
            return Ok((&[], Self::Any));
        }
        let (rest, word) = word(text)?;
        if word.eq_ignore_ascii_case(b"ALL") {
            return Ok((rest, Self::All));
        }
        match NetworkProtocol::from_digits(word) {
            Ok(protocol) => Ok((rest, Self::Protocol(protocol))),
            Err(AddressFault::UnknownProtocol) => Err(Fault::new(text, Why::Protocol)),
            Err(why) => Err(Fault::bad(text, ArgumentFault::Address(why))),
        }
    }, |argument, out| match argument {
        Self::Any => {}
        Self::Protocol(protocol) => write_shown(out, &protocol.number()),
        Self::All => out.extend_from_slice(b" ALL"),
    };

    /// RFC 959 5.3.2: `<type-code> ::= A [<sp> <form-code>] | E [<sp> <form-code>] | I | L <sp> <byte-size>`
    Type: |input| {
        // `L8`, which vsftpd takes too.
        if let Some(size) = joined_size(input) {
            return byte_size(size);
        }
        let (rest, letter) = letter(input, |letter| matches!(letter, b'A' | b'E' | b'I' | b'L').then_some(letter))?;
        match letter {
            b'A' => Option::read(rest).map(|(rest, format)| (rest, Self::Ascii(format))),
            b'E' => Option::read(rest).map(|(rest, format)| (rest, Self::Ebcdic(format))),
            b'I' => Ok((rest, Self::Image)),
            _ => byte_size(rest),
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
    }, |input| joined_size(input).map_or(Ok(()), |size| Err(Fault::bad(size, ArgumentFault::Word)));

    /// RFC 959 5.3.2: `<form-code> ::= N | T | C`
    Format: |input| letter(input, |letter| match letter {
        b'N' => Some(Self::NonPrint),
        b'T' => Some(Self::Telnet),
        b'C' => Some(Self::CarriageControl),
        _ => None,
    }), |format, out| out.extend_from_slice(match format {
        Self::NonPrint => b" N",
        Self::Telnet => b" T",
        Self::CarriageControl => b" C",
    });

    /// RFC 959 5.3.2: `<structure-code> ::= F | R | P`
    Structure: |input| letter(input, |letter| match letter {
        b'F' => Some(Self::File),
        b'R' => Some(Self::Record),
        b'P' => Some(Self::Page),
        _ => None,
    }), |structure, out| out.extend_from_slice(match structure {
        Self::File => b" F",
        Self::Record => b" R",
        Self::Page => b" P",
    });

    /// RFC 959 5.3.2: `<mode-code> ::= S | B | C`, and `Z` of draft-preston-ftpext-deflate
    Mode: |input| letter(input, |letter| match letter {
        b'S' => Some(Self::Stream),
        b'B' => Some(Self::Block),
        b'C' => Some(Self::Compressed),
        b'Z' => Some(Self::Deflate),
        _ => None,
    }), |mode, out| out.extend_from_slice(match mode {
        Self::Stream => b" S",
        Self::Block => b" B",
        Self::Compressed => b" C",
        Self::Deflate => b" Z",
    });

    /// RFC 2228 8: `<prot-code> ::= C | S | E | P`
    Protection: |input| letter(input, |letter| match letter {
        b'C' => Some(Self::Clear),
        b'S' => Some(Self::Safe),
        b'E' => Some(Self::Confidential),
        b'P' => Some(Self::Private),
        _ => None,
    }), |level, out| out.extend_from_slice(match level {
        Self::Clear => b" C",
        Self::Safe => b" S",
        Self::Confidential => b" E",
        Self::Private => b" P",
    });

    /// RFC 6384 11: `ALGS<space><ALGS-token>`
    Algs: |input| {
        let (rest, word) = word(input)?;
        let known = [(&b"STATUS64"[..], Self::Status64), (b"ENABLE64", Self::Enable64), (b"DISABLE64", Self::Disable64)];
        let value = known.into_iter().find(|(name, _)| word.eq_ignore_ascii_case(name));
        let (_, value) = value.ok_or(Fault::new(skip_blanks(input), Why::Parameter))?;
        Ok((rest, value))
    }, |algs, out| out.extend_from_slice(match algs {
        Self::Status64 => b" STATUS64",
        Self::Enable64 => b" ENABLE64",
        Self::Disable64 => b" DISABLE64",
    });

    /// RFC 959 5.3.1: `ALLO <SP> <decimal-integer> [<SP> R <SP> <decimal-integer>]`
    Allocation: |input| {
        let (rest, bytes) = number(input)?;
        let parsed: IResult<_, _, Fault> =
            opt((space1, tag_no_case("R"))).parse(rest);
        match parsed.finish()? {
            (rest, Some(_)) => number(rest).map(|(rest, record)| (rest, Self { bytes, record: Some(record) })),
            (rest, None) => Ok((rest, Self { bytes, record: None })),
        }
    }, |allocation, out| {
        write_shown(out, &allocation.bytes);
        if let Some(record) = allocation.record {
            out.extend_from_slice(b" R");
            write_shown(out, &record);
        }
    };
}

/// `ON` or `OFF`.
pub(super) fn switch(word: &[u8]) -> Option<bool> {
    if word.eq_ignore_ascii_case(b"ON") {
        return Some(true);
    }
    word.eq_ignore_ascii_case(b"OFF").then_some(false)
}

/// The digits that stand behind TYPE's `L` without a blank.
fn joined_size(input: &[u8]) -> Option<&[u8]> {
    match skip_blanks(input) {
        [b'L' | b'l', size @ ..] if size.first().is_some_and(u8::is_ascii_digit) => Some(size),
        _ => None,
    }
}

/// RFC 959 5.3.2: `<byte-size> ::= <number>`, 1 to 255.
fn byte_size(input: &[u8]) -> Result<(&[u8], Type), Fault> {
    let at = skip_blanks(input);
    let (rest, bits) = number(input)?;
    let bits = u8::try_from(bits).map_err(|_| Fault::bad(at, ArgumentFault::NumberTooLarge))?;
    let bits = NonZeroU8::new(bits).ok_or(Fault::bad(at, ArgumentFault::Number))?;
    Ok((rest, Type::Local(bits)))
}

#[inline]
fn address<T>(input: &[u8], parse: impl FnOnce(&[u8]) -> Result<T, AddressError>) -> Result<(&[u8], T), Fault> {
    let start = skip_blanks(input);
    let (rest, word) = word(input)?;
    let address = parse(word).map_err(|error| Fault {
        left: start.len().saturating_sub(error.at),
        why: match error.why {
            AddressFault::UnknownProtocol => Why::Protocol,
            why => Why::Bad(ArgumentFault::Address(why)),
        },
    })?;
    Ok((rest, address))
}
