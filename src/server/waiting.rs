//! Command lines that came while a transfer ran, and are taken up after it.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::fmt;

use crate::command::Verb;

/// The lines, in order. They can hold a password, so no `Debug` shows them. Nothing is allocated while there is none.
pub(super) struct Waiting(Option<Box<Queue>>);

#[derive(Default)]
struct Queue {
    lines: VecDeque<Line>,
    /// Of all lines, one behind the other: a line costs little more than its bytes, however many there are.
    bytes: VecDeque<u8>,
    /// QUIT is among them.
    quits: bool,
}

enum Line {
    /// So many bytes.
    Whole(u32),
    /// It was longer than the limit, and began with this verb.
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

    /// QUIT is among them: the transfer goes on although the client says no more.
    pub(super) fn quits(&self) -> bool {
        self.0.as_ref().is_some_and(|queue| queue.quits)
    }

    /// How many bytes they take; an empty line takes some, too.
    #[inline]
    pub(super) fn len(&self) -> usize {
        let Some(queue) = &self.0 else { return 0 };
        queue.bytes.len().saturating_add(queue.lines.len().saturating_mul(size_of::<Line>()))
    }

    /// `Err`: the line was longer than the limit, and began with this verb.
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
