//! The conversion of line ends: finds those of one kind, and writes those of another.

use super::LineEnd;
use super::room::{Room, Staged};
use memchr::memchr_iter;

pub(super) const CR: u8 = b'\r';
pub(super) const LF: u8 = b'\n';
pub(super) const CRLF: &[u8] = b"\r\n";

/// How many bytes ahead a line end is searched for.
const WINDOW: usize = 8192;

/// How [`Lines::pass`] ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pass {
    /// The whole input is read.
    NeedsInput,
    /// The room is full, and input is left.
    NeedsRoom,
    /// A line end was read, for which the caller writes something.
    LineEnd,
}

/// Converts line ends, and leaves all other bytes as they are.
#[derive(Debug, Clone)]
pub(super) struct Lines {
    /// How a line ends in the text that is read.
    end: LineEnd,
    /// The line end that is written in its place; `None` if line ends are only reported.
    written: Option<&'static [u8]>,
    /// Whether a CR was read, so that the next byte decides whether it belongs to a line end.
    held: bool,
    staged: Staged,
}

impl Lines {
    pub(super) fn new(end: LineEnd, written: Option<&'static [u8]>) -> Self {
        Self { end, written, held: false, staged: Staged::default() }
    }

    /// Whether a CR waits for the byte after it.
    pub(super) fn is_within_line_end(&self) -> bool {
        self.held
    }

    /// Whether the end of a line end waits for room.
    pub(super) fn is_waiting(&self) -> bool {
        !self.staged.is_empty()
    }

    /// Writes what waits, including a CR, since no LF can follow it any more. Returns whether all of it fitted.
    #[inline]
    pub(super) fn finish(&mut self, room: &mut Room<'_>) -> bool {
        self.staged.drain(room) && (!self.held || self.put_held(room))
    }

    #[inline]
    fn put_held(&mut self, room: &mut Room<'_>) -> bool {
        self.held = room.copy(&[CR]) == 0;
        !self.held
    }

    /// Reads input as far as there is room, or up to a line end that is to be reported. Returns how many bytes it read, and why it ended.
    #[inline]
    pub(super) fn pass(&mut self, input: &[u8], room: &mut Room<'_>) -> (usize, Pass) {
        let mut rest = input;
        let pass = self.pass_on(&mut rest, room);
        (input.len().saturating_sub(rest.len()), pass)
    }

    #[inline]
    fn pass_on(&mut self, rest: &mut &[u8], room: &mut Room<'_>) -> Pass {
        if !self.staged.drain(room) {
            return Pass::NeedsRoom;
        }
        loop {
            let Some(first) = rest.first() else {
                return if self.staged.is_empty() { Pass::NeedsInput } else { Pass::NeedsRoom };
            };
            if room.left() == 0 {
                return Pass::NeedsRoom;
            }
            if self.held {
                if *first == LF {
                    self.held = false;
                    *rest = rest.get(1..).unwrap_or_default();
                    if self.end_line(room) {
                        continue;
                    }
                    return Pass::LineEnd;
                }
                self.put_held(room);
                continue;
            }
            // A window small enough to be in the cache still when it is copied.
            let window = rest.get(..room.left().min(WINDOW)).unwrap_or(rest);
            let (read, pass) = self.pass_window(window, room);
            *rest = rest.get(read..).unwrap_or_default();
            if let Some(pass) = pass {
                return pass;
            }
        }
    }

    /// Reads a window, which fits into the room if no line end grows. Returns how many bytes it read, and why `pass` ends, if it does.
    #[inline]
    fn pass_window(&mut self, window: &[u8], room: &mut Room<'_>) -> (usize, Option<Pass>) {
        let mut read = 0usize;
        let kind = self.end;
        for at in memchr_iter(LF, window) {
            let behind = at.saturating_add(1);
            let line = window.get(read..at).unwrap_or_default();
            let text = match (kind, line) {
                (LineEnd::CrLf | LineEnd::Either, [text @ .., CR]) => text,
                (LineEnd::Lf | LineEnd::Either, text) => text,
                // A lone LF is text.
                (LineEnd::CrLf, _) => {
                    room.copy(window.get(read..behind).unwrap_or_default());
                    read = behind;
                    continue;
                }
            };
            let Some(end) = self.written else {
                room.copy(text);
                return (behind, Some(Pass::LineEnd));
            };
            if !room.put_line(text, end) {
                let line = window.get(read..behind).unwrap_or_default();
                return (read.saturating_add(self.fill_room(line, text, end, room)), None);
            }
            read = behind;
        }
        let text = window.get(read..).unwrap_or_default();
        let text = text.get(..room.left()).unwrap_or(text);
        self.pass_text(text, room);
        (read.saturating_add(text.len()), None)
    }

    /// Writes as much of a line's text and end as fits, which is less than all of it. Returns how many bytes of the line it read.
    #[cold]
    fn fill_room(&mut self, line: &[u8], text: &[u8], end: &'static [u8], room: &mut Room<'_>) -> usize {
        if room.left() < text.len() {
            // A CR at the end of this part may still belong to a line end.
            let text = line.get(..room.left()).unwrap_or_default();
            self.pass_text(text, room);
            return text.len();
        }
        room.copy(text);
        self.staged.write(end, room);
        line.len()
    }

    /// Writes text without an LF. A CR at its end may belong to a line end, and waits.
    fn pass_text(&mut self, text: &[u8], room: &mut Room<'_>) {
        match text {
            [text @ .., CR] if self.end != LineEnd::Lf => {
                room.copy(text);
                self.held = true;
            }
            _ => {
                room.copy(text);
            }
        }
    }

    /// Writes a line end; `false` if line ends are only reported.
    #[inline]
    fn end_line(&mut self, room: &mut Room<'_>) -> bool {
        let Some(written) = self.written else { return false };
        self.staged.write(written, room);
        true
    }
}
