//! Strict reading: the blanks that the grammars allow, and no others.

use nom::Parser;
use nom::bytes::complete::take_till1;
use nom::character::complete::char;
use nom::multi::fold_many0;
use nom::sequence::preceded;

use super::{Read, end, ignored, skip_blanks, wrong};
use crate::command::error::ArgumentFault;

/// Nothing, after a command that has no argument.
pub(in crate::command) fn nothing(input: &[u8]) -> Read<'_, ()> {
    ignored(input)?;
    match skip_blanks(input) {
        [] if input.is_empty() => Ok((input, ())),
        [] => Err(wrong(input, ArgumentFault::Excess)),
        rest => Err(wrong(rest, ArgumentFault::Excess)),
    }
}

/// The end of the line, with no blank in front of it.
pub(in crate::command) fn end_strict(input: &[u8]) -> Read<'_, ()> {
    end(input)?;
    if input.is_empty() { Ok((input, ())) } else { Err(wrong(input, ArgumentFault::Excess)) }
}

/// One blank in front of a text, which may hold any others.
pub(in crate::command) fn one_blank(input: &[u8]) -> Read<'_, ()> {
    match input {
        [b' ', rest @ ..] if rest.first() == Some(&b' ') => Err(wrong(rest, ArgumentFault::Excess)),
        _ => Ok((input, ())),
    }
}

/// The place of the first blank that the grammar doesn't have, in bytes from 0: one after another, or one at the end.
///
/// ```text
/// read = *( SP 1*<char> )                             ; RFC 959 5.3.1: one <SP> in front of each part
/// ```
pub(super) fn surplus_blank(read: &[u8]) -> Option<usize> {
    let part = preceded(char(' '), take_till1(|byte| byte == b' '));
    let parts: Read<'_, ()> = fold_many0(part, || (), |(), _| ()).parse_complete(read);
    let (rest, ()) = parts.ok().filter(|(rest, ())| !rest.is_empty())?;
    let at = read.len().saturating_sub(rest.len());
    let is_end = skip_blanks(rest).is_empty();
    Some(if is_end { at } else { at.saturating_add(1) })
}
