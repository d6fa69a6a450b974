//! Command lines that came during a transfer, and are taken up after it.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::fmt;

use crate::command::Verb;

/// The lines, in order. They can hold a password, so `Debug` doesn't show them. Nothing is allocated while there are none.
pub(super) struct Waiting(Option<Box<Queue>>);

#[derive(Default)]
struct Queue {
    lines: VecDeque<Line>,
    /// The bytes of all lines, one after the other, so that many short lines cost little more than their bytes.
    bytes: VecDeque<u8>,
    /// Whether QUIT is among them.
    quits: bool,
}

enum Line {
    /// A line of this many bytes.
    Whole(u32),
    /// A line that was too long, and began with this verb.
    TooLong(Verb),
}

impl Waiting {
    pub(super) fn new() -> Self {
        Self(None)
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Whether QUIT is among them: then the transfer goes on even if the client closes the control connection.
    pub(super) fn quits(&self) -> bool {
        self.0.as_ref().is_some_and(|queue| queue.quits)
    }

    /// The number of bytes that the lines take; an empty line takes some, too.
    #[inline]
    pub(super) fn len(&self) -> usize {
        let Some(queue) = &self.0 else { return 0 };
        queue.bytes.len().saturating_add(queue.lines.len().saturating_mul(size_of::<Line>()))
    }

    /// Adds a line. `Err`: it was too long, and began with this verb.
    pub(super) fn push(&mut self, line: Result<&[u8], Verb>, quits: bool) {
        let queue = self.0.get_or_insert_default();
        queue.quits |= quits;
        queue.lines.push_back(match line {
            Ok(bytes) => {
                queue.bytes.extend(bytes);
                Line::Whole(u32::try_from(bytes.len()).unwrap_or(u32::MAX))
            }
            Err(verb) => Line::TooLong(verb),
        });
    }

    #[inline]
    pub(super) fn pop(&mut self) -> Option<Result<Vec<u8>, Verb>> {
        if self.is_empty() { None } else { self.pop_front() }
    }

    #[cold]
    fn pop_front(&mut self) -> Option<Result<Vec<u8>, Verb>> {
        let queue = self.0.as_mut()?;
        let line = match queue.lines.pop_front()? {
            Line::Whole(length) => {
                let length = usize::try_from(length).unwrap_or(usize::MAX).min(queue.bytes.len());
                Ok(queue.bytes.drain(..length).collect())
            }
            Line::TooLong(verb) => Err(verb),
        };
        if queue.lines.is_empty() {
            self.0 = None;
        }
        Some(line)
    }
}

impl fmt::Debug for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Waiting({} bytes)", self.len())
    }
}
