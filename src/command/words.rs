//! `Display` and `FromStr` of arguments, in the form in which they go over the wire.

use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use super::argument::{Field, end};
use super::parameter::{Algs, Allocation, EpsvArgument, Format, Mode, Protection, Structure, Type};
use crate::text::write_lossy;
use crate::words::UnknownWord;

macro_rules! words {
    ($($name:ident $wanted:literal;)+) => {$(
        /// The argument as it goes over the wire.
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut argument = Vec::new();
                self.write(&mut argument);
                write_lossy(f, argument.strip_prefix(b" ").unwrap_or(&argument))
            }
        }

        /// Reads what `Display` shows, in any case.
        impl FromStr for $name {
            type Err = UnknownWord;
            fn from_str(text: &str) -> Result<Self, UnknownWord> {
                read(text).ok_or(UnknownWord::new($wanted))
            }
        }
    )+};
}

words! {
    Type "a representation type: expected A or E, perhaps with a format (A N), or I, or L and a number of bits";
    Format "a format: expected N, T or C";
    Structure "a file structure: expected F, R or P";
    Mode "a transfer mode: expected S, B, C or Z";
    Protection "a protection level: expected C, S, E or P";
    Algs "an argument of ALGS: expected STATUS64, ENABLE64 or DISABLE64";
    Allocation "an argument of ALLO: expected a number of bytes, perhaps with R and the size of a record";
    EpsvArgument "an argument of EPSV: expected 1, 2, ALL or nothing";
}

/// Reads a whole argument, with no blank before or after it.
fn read<'a, T: Field<'a>>(text: &'a str) -> Option<T> {
    if text.starts_with(' ') || text.ends_with(' ') {
        return None;
    }
    let (rest, value) = T::read(text.as_bytes()).ok()?;
    end(rest).ok().map(|_| value)
}
