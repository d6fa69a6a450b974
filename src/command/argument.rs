//! The grammar of each kind of argument: complete nom parsers to read it, and its bytes to write it.
//!
//! Each parser begins at the blank in front of the argument.

mod strict;
mod text;
mod value;

use alloc::vec::Vec;

use nom::Parser;
use nom::bytes::complete::take_till;
use nom::combinator::{map_res, rest};
use nom::error::ErrorKind;
use nom::sequence::preceded;

use super::error::{ArgumentFault, CommandError};
use super::{Verb, illegal_byte};
use crate::address;
use crate::grammar::{self, Kind};
use crate::text::{Path, Text, TextError};

pub(super) use strict::{end_strict, nothing, one_blank};

/// An argument of a command.
pub(super) trait Field<'a>: Sized {
    /// How much of it a log may show.
    const SHOWN: Shown = Shown::All;
    /// The type of its owned value.
    type Owned;
    /// Whether it is a secret.
    const SECRET: bool = false;
    /// Reads it and the blank in front of it.
    fn read(input: &'a [u8]) -> Read<'a, Self>;
    /// Reads it by the letter: one blank in front, one between its parts, and none after it.
    fn read_strict(input: &'a [u8]) -> Read<'a, Self> {
        let (rest, value) = Self::read(input)?;
        let read = input.get(..input.len().saturating_sub(rest.len())).unwrap_or(input);
        Self::is_strict(input)?;
        match strict::surplus_blank(read).and_then(|at| input.get(at..)) {
            Some(excess) => Err(wrong(excess, ArgumentFault::Excess)),
            None => Ok((rest, value)),
        }
    }
    /// Refuses what else `read` accepts against the letter.
    fn is_strict(input: &'a [u8]) -> Read<'a, ()> {
        Ok((input, ()))
    }
    /// Appends it with a blank in front.
    fn write(&self, out: &mut Vec<u8>);
    /// Copies what is borrowed; a text takes over the allocation of `room`.
    fn own(self, room: &mut Vec<u8>) -> Self::Owned;
    /// The allocation of an owned text, for the next one.
    fn room(self) -> Option<Vec<u8>> {
        None
    }
    /// The argument made of a path; `None` if this kind of argument isn't a path.
    fn of_path(_: Path<'a>) -> Option<Self> {
        None
    }
}

/// How much of an argument a log may show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shown {
    All,
    /// Its first word.
    Word,
    Nothing,
}

impl Shown {
    /// How much of two arguments in a row.
    pub(super) const fn and(self, other: Self) -> Self {
        match self {
            Self::All => other,
            Self::Word | Self::Nothing => self,
        }
    }
}

/// What is wrong with an argument, and where.
pub(super) type Fault = grammar::Fault<Why>;

/// What a parser of arguments returns.
pub(super) type Read<'a, T> = grammar::Read<'a, T, Why>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    Missing,
    Bad(ArgumentFault),
    Parameter,
    Protocol,
}

impl Why {
    fn of_text(error: TextError) -> Self {
        match error {
            TextError::Empty => Self::Missing,
            // `refuse` finds out which byte is illegal, and where.
            TextError::Illegal { .. } | TextError::LeadingBlank => Self::Bad(ArgumentFault::Word),
        }
    }
}

impl Kind for Why {
    fn of(failed: ErrorKind) -> Self {
        Self::Bad(match failed {
            ErrorKind::Digit => ArgumentFault::Number,
            ErrorKind::Eof => ArgumentFault::Excess,
            _ => ArgumentFault::Word,
        })
    }
}

/// The error for a mistake at the beginning of `input`.
pub(super) fn wrong(input: &[u8], why: ArgumentFault) -> nom::Err<Fault> {
    nom::Err::Error(Fault::new(input, Why::Bad(why)))
}

fn missing(input: &[u8]) -> nom::Err<Fault> {
    nom::Err::Error(Fault::new(input, Why::Missing))
}

/// Whether the error is a missing argument.
fn is_missing(error: &nom::Err<Fault>) -> bool {
    matches!(error, nom::Err::Error(fault) if fault.kind == Why::Missing)
}

/// The error of a whole line. An illegal byte anywhere in it comes before any other mistake.
#[cold]
pub(super) fn refuse(verb: Verb, line: &[u8], error: nom::Err<Fault>) -> CommandError {
    if let Some(error) = illegal_byte(line) {
        return error;
    }
    let fault = match error {
        nom::Err::Error(fault) | nom::Err::Failure(fault) => fault,
        // Complete parsers don't return this.
        nom::Err::Incomplete(_) => Fault { left: 0, kind: Why::Missing },
    };
    let at = fault.at(line);
    match fault.kind {
        Why::Missing => CommandError::MissingArgument(verb),
        Why::Bad(why) => CommandError::BadArgument { verb, at, why },
        Why::Parameter => CommandError::UnsupportedParameter { verb, at },
        Why::Protocol => CommandError::UnsupportedProtocol { verb, at },
    }
}

/// Text after a command that has no argument: the servers that were measured ignore it.
#[inline]
pub(super) fn ignored(input: &[u8]) -> Read<'_, ()> {
    if input.is_empty() {
        return Ok((input, ()));
    }
    map_res(rest, |text| Text::new(text).map(drop).map_err(Why::of_text)).parse_complete(input)
}

/// `*SP`, and the end of the line.
#[inline]
pub(super) fn end(input: &[u8]) -> Read<'_, ()> {
    match skip_blanks(input) {
        [] => Ok((&[], ())),
        rest => Err(wrong(rest, ArgumentFault::Excess)),
    }
}

/// `SP`
#[inline]
fn blank(input: &[u8]) -> Read<'_, ()> {
    match input {
        [] => Err(missing(input)),
        [b' ', rest @ ..] => Ok((rest, ())),
        _ => Err(wrong(input, ArgumentFault::Excess)),
    }
}

/// `1*SP`, and not the end of the line after them.
#[inline]
pub(super) fn blanks(input: &[u8]) -> Read<'_, ()> {
    match skip_blanks(input) {
        [] => Err(missing(&[])),
        rest => Ok((rest, ())),
    }
}

/// The rest after `*SP`.
// With `take_while(|byte| byte == b' ')` reading `TYPE I` takes 301 instructions and `USER anonymous` 331; with the loop 244 and 279.
#[inline]
pub(super) fn skip_blanks(input: &[u8]) -> &[u8] {
    let mut rest = input;
    while let [b' ', behind @ ..] = rest {
        rest = behind;
    }
    rest
}

/// `1*SP 1*<char>`, without a blank among the characters.
#[inline]
pub(super) fn word(input: &[u8]) -> Read<'_, &[u8]> {
    preceded(blanks, take_till(|byte| byte == b' ')).parse_complete(input)
}

/// `1*SP 1*DIGIT`
fn number(input: &[u8]) -> Read<'_, u64> {
    preceded(blanks, digits).parse_complete(input)
}

/// `1*DIGIT`
fn digits(input: &[u8]) -> Read<'_, u64> {
    grammar::number(Why::Bad(ArgumentFault::NumberTooLarge))(input)
}

/// `1*SP 1*<char>`, made a value by `choose`. A mistake in it counts where the word begins.
pub(super) fn value<'a, T>(
    choose: impl FnMut(&'a [u8]) -> Result<T, Why>,
) -> impl Parser<&'a [u8], Output = T, Error = Fault> {
    preceded(blanks, map_res(take_till(|byte| byte == b' '), choose))
}

/// `1*SP <letter>`, and the end of the word. A letter that isn't among these is a parameter that isn't supported.
// Made of `value`, reading TYPE takes 36 ns; like this it takes 26.
#[inline]
fn letter<'a, T: Copy, const N: usize>(letters: [(u8, T); N]) -> impl FnMut(&'a [u8]) -> Read<'a, T> {
    move |input| {
        let (input, ()) = blanks(input)?;
        let (letter, rest) = match input {
            [letter] => (letter, &[][..]),
            [letter, rest @ ..] if rest.first() == Some(&b' ') => (letter, rest),
            _ => return Err(wrong(input, ArgumentFault::Word)),
        };
        let letter = letter.to_ascii_uppercase();
        match letters.iter().find(|(known, _)| *known == letter) {
            Some((_, value)) => Ok((rest, *value)),
            None => Err(nom::Err::Error(Fault::new(input, Why::Parameter))),
        }
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
