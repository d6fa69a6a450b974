//! What an argument has to be by the letter, beside what its grammar says: which blanks may stand where.

use super::{Read, end, ignored, skip_blanks, wrong};
use crate::command::error::ArgumentFault;

/// What follows a command without argument: nothing.
pub(in crate::command) fn nothing(input: &[u8]) -> Read<'_, ()> {
    ignored(input)?;
    match skip_blanks(input) {
        [] if input.is_empty() => Ok((input, ())),
        [] => Err(wrong(input, ArgumentFault::Excess)),
        rest => Err(wrong(rest, ArgumentFault::Excess)),
    }
}

/// The end of the line, and no blank before it.
pub(in crate::command) fn end_strict(input: &[u8]) -> Read<'_, ()> {
    end(input)?;
    if input.is_empty() { Ok((input, ())) } else { Err(wrong(input, ArgumentFault::Excess)) }
}

/// What is free behind the one blank in front of it.
pub(in crate::command) fn one_blank(input: &[u8]) -> Read<'_, ()> {
    match input {
        [b' ', rest @ ..] if rest.first() == Some(&b' ') => Err(wrong(rest, ArgumentFault::Excess)),
        _ => Ok((input, ())),
    }
}

/// The place of the first blank that stands behind another, or of those at the end.
pub(super) fn loose_blank(read: &[u8]) -> Option<usize> {
    let second = read.windows(2).position(|pair| pair == b"  ").map(|at| at.saturating_add(1));
    let text = read.iter().rposition(|byte| *byte != b' ').map_or(0, |last| last.saturating_add(1));
    match second {
        Some(at) if at < text => Some(at),
        _ => (text < read.len()).then_some(text),
    }
}
