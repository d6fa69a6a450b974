//! Arguments that are text, and arguments that may be missing.

use alloc::vec::Vec;

use nom::Parser;
use nom::combinator::{map_res, rest};
use nom::sequence::preceded;

use super::{Field, Read, Shown, Why, blank, blanks, is_missing, strict, write_text, wrong};
use crate::command::error::ArgumentFault;
use crate::text::{Argument, Password, Path};

/// How every kind of text is written and owned.
macro_rules! text {
    () => {
        fn write(&self, out: &mut Vec<u8>) {
            write_text(out, self.as_bytes());
        }
        fn own(self, room: &mut Vec<u8>) -> Self::Owned {
            self.into_owned_in(room)
        }
        fn room(self) -> Option<Vec<u8>> {
            self.into_room()
        }
    };
}

/// RFC 959 5.3.2: `<pathname> ::= <string>`; RFC 2640 3.1, RFC 3659 2.2: exactly one blank, the rest is the name.
impl<'a> Field<'a> for Path<'a> {
    type Owned = Path<'static>;
    fn of_path(path: Path<'a>) -> Option<Self> {
        Some(path)
    }
    #[inline]
    fn read(input: &'a [u8]) -> Read<'a, Self> {
        preceded(blank, map_res(rest, |name| Path::new(name).map_err(Why::of_text))).parse_complete(input)
    }
    fn read_strict(input: &'a [u8]) -> Read<'a, Self> {
        Self::read(input)
    }
    text!();
}

/// RFC 959 5.3.2: `<password> ::= <string>`. Everything after one blank belongs to it, and it may be empty.
impl<'a> Field<'a> for Password<'a> {
    const SHOWN: Shown = Shown::Nothing;
    type Owned = Password<'static>;
    const SECRET: bool = true;
    #[inline]
    fn read(input: &'a [u8]) -> Read<'a, Self> {
        preceded(blank, map_res(rest, |secret| Password::new(secret).map_err(Why::of_text))).parse_complete(input)
    }
    fn read_strict(input: &'a [u8]) -> Read<'a, Self> {
        Self::read(input)
    }
    text!();
}

/// RFC 959 5.3.2: `<username> ::= <string>`, and similar arguments. Blanks in front are skipped.
impl<'a> Field<'a> for Argument<'a> {
    type Owned = Argument<'static>;
    #[inline]
    fn read(input: &'a [u8]) -> Read<'a, Self> {
        preceded(blanks, map_res(rest, |text| Argument::new(text).map_err(Why::of_text))).parse_complete(input)
    }
    fn read_strict(input: &'a [u8]) -> Read<'a, Self> {
        let read = Self::read(input)?;
        strict::one_blank(input)?;
        Ok(read)
    }
    text!();
}

/// `[<SP> argument]`
impl<'a, T: Field<'a>> Field<'a> for Option<T> {
    const SHOWN: Shown = T::SHOWN;
    type Owned = Option<T::Owned>;
    fn of_path(path: Path<'a>) -> Option<Self> {
        T::of_path(path).map(Some)
    }
    #[inline]
    fn read(input: &'a [u8]) -> Read<'a, Self> {
        match T::read(input) {
            Ok((rest, value)) => Ok((rest, Some(value))),
            Err(error) if is_missing(&error) => Ok((&[], None)),
            Err(error) => Err(error),
        }
    }
    fn read_strict(input: &'a [u8]) -> Read<'a, Self> {
        match T::read_strict(input) {
            Ok((rest, value)) => Ok((rest, Some(value))),
            Err(error) if is_missing(&error) && input.is_empty() => Ok((&[], None)),
            Err(error) if is_missing(&error) => Err(wrong(input, ArgumentFault::Excess)),
            Err(error) => Err(error),
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
