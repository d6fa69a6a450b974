//! The room for output, and the few bytes that wait for room.

/// The part of a caller's output that isn't written yet.
pub(super) struct Room<'a> {
    rest: &'a mut [u8],
    written: usize,
}

impl<'a> Room<'a> {
    pub(super) fn new(output: &'a mut [u8]) -> Self {
        Self { rest: output, written: 0 }
    }

    /// How many bytes still fit.
    #[inline]
    pub(super) fn left(&self) -> usize {
        self.rest.len()
    }

    /// How many bytes were written.
    #[inline]
    pub(super) fn written(&self) -> usize {
        self.written
    }

    /// Writes as many of `bytes` as fit, and returns how many those are.
    #[inline]
    pub(super) fn copy(&mut self, bytes: &[u8]) -> usize {
        let count = bytes.len().min(self.rest.len());
        if let Some((to, rest)) = core::mem::take(&mut self.rest).split_at_mut_checked(count) {
            if let Some(from) = bytes.get(..count) {
                to.copy_from_slice(from);
            }
            self.rest = rest;
        }
        self.written = self.written.saturating_add(count);
        count
    }

    /// Writes a line and its end, if there is room for both.
    #[inline]
    pub(super) fn put_line(&mut self, text: &[u8], end: &[u8]) -> bool {
        let length = text.len().saturating_add(end.len());
        if length > self.rest.len() {
            return false;
        }
        let Some((line, rest)) = core::mem::take(&mut self.rest).split_at_mut_checked(length) else { return false };
        self.rest = rest;
        self.written = self.written.saturating_add(length);
        let Some((to, end_to)) = line.split_at_mut_checked(text.len()) else { return false };
        copy_line(text, to);
        // Mostly one or two bytes, for which a call would take longer.
        match (end_to, end) {
            ([to], [from]) => *to = *from,
            ([to, to_last], [from, last]) => (*to, *to_last) = (*from, *last),
            (to, from) => to.iter_mut().zip(from).for_each(|(to, from)| *to = *from),
        }
        true
    }

    /// Lets `write` write; it returns how many bytes it wrote.
    #[cfg(feature = "deflate")]
    pub(super) fn with<T>(&mut self, write: impl FnOnce(&mut [u8]) -> (usize, T)) -> T {
        let rest = core::mem::take(&mut self.rest);
        let (count, result) = write(rest);
        let count = count.min(rest.len());
        self.rest = rest.split_at_mut_checked(count).map(|(_, rest)| rest).unwrap_or_default();
        self.written = self.written.saturating_add(count);
        result
    }
}

/// Copies a line: one of 32 to 64 bytes as two halves that may overlap, without a call.
#[inline]
fn copy_line(from: &[u8], to: &mut [u8]) {
    const HALF: usize = 32;
    if from.len() <= 2 * HALF
        && let (Some(first), Some(last)) = (from.first_chunk::<HALF>(), from.last_chunk::<HALF>())
    {
        if let Some(to) = to.first_chunk_mut() {
            *to = *first;
        }
        if let Some(to) = to.last_chunk_mut() {
            *to = *last;
        }
    } else if from.len() == to.len() {
        to.copy_from_slice(from);
    }
}

/// Bytes of a line end, an escape or a header for which there was no room yet.
#[derive(Debug, Clone, Default)]
pub(super) struct Staged {
    bytes: [u8; 3],
    /// How many bytes at the end of `bytes` wait.
    waiting: usize,
}

impl Staged {
    /// Writes `bytes`, and keeps those that don't fit, at most three. Nothing may be waiting already.
    #[inline]
    pub(super) fn write(&mut self, bytes: &[u8], room: &mut Room<'_>) {
        let written = room.copy(bytes);
        if written < bytes.len() {
            self.hold(bytes.get(written..).unwrap_or_default());
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting == 0
    }

    #[cold]
    fn hold(&mut self, bytes: &[u8]) {
        debug_assert!(self.waiting == 0 && bytes.len() <= self.bytes.len());
        let start = self.bytes.len().saturating_sub(bytes.len());
        if let Some(to) = self.bytes.get_mut(start..)
            && to.len() == bytes.len()
        {
            to.copy_from_slice(bytes);
            self.waiting = bytes.len();
        }
    }

    /// Writes what waits, and returns whether all of it fitted.
    #[inline]
    pub(super) fn drain(&mut self, room: &mut Room<'_>) -> bool {
        if self.waiting == 0 {
            return true;
        }
        let start = self.bytes.len().saturating_sub(self.waiting);
        let written = room.copy(self.bytes.get(start..).unwrap_or_default());
        self.waiting = self.waiting.saturating_sub(written);
        self.waiting == 0
    }
}
