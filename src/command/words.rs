//! Arguments as words of their own: shown as they go over the wire, and read from that.

use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use super::argument::{Field, end};
use super::parameter::{Algs, Allocation, EpsvArgument, Format, Mode, Protection, Structure, Type};
use crate::text::write_lossy;
use crate::words::UnknownWord;

macro_rules! words {
    ($($name:ident $wanted:literal;)+) => {$(
        /// As it goes over the wire.
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
    Type "representation type: A, E, I, L and a number of bits, A or E and a format (A N) are";
    Format "format: N, T or C is one";
    Structure "file structure: F, R or P is one";
    Mode "transfer mode: S, B, C or Z is one";
    Protection "protection level: C, S, E or P is one";
    Algs "argument of ALGS: STATUS64, ENABLE64 or DISABLE64 is one";
    Allocation "argument of ALLO: a number of bytes, or that and R and the size of a record, is one";
    EpsvArgument "argument of EPSV: 1, 2, ALL or nothing is one";
}

/// A whole argument, with no blank before or behind it.
fn read<'a, T: Field<'a>>(text: &'a str) -> Option<T> {
    if text.starts_with(' ') || text.ends_with(' ') {
        return None;
    }
    let (rest, value) = T::read(text.as_bytes()).ok()?;
    end(rest).ok().map(|_| value)
}
