//! Line ends: found in text of one kind, and written as those of another.

use super::LineEnd;
use super::room::{Room, Staged};
use memchr::memchr_iter;

pub(super) const CR: u8 = b'\r';
pub(super) const LF: u8 = b'\n';
pub(super) const CRLF: &[u8] = b"\r\n";

/// How far ahead a line end is looked for.
const WINDOW: usize = 8192;

/// How [`Lines::pass`] ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pass {
    /// All input is read.
    NeedsInput,
    /// The room is full, and input is left.
    NeedsRoom,
    /// A line end was read, for which there is nothing to write here.
    LineEnd,
}

/// The reader of lines. All that isn't a line end passes as it is.
#[derive(Debug, Clone)]
pub(super) struct Lines {
    /// What a line ends with in the text that is read.
    end: LineEnd,
    /// What is written in its place; nothing if it is only to be told.
    written: Option<&'static [u8]>,
    /// A CR was read, and the next byte decides whether it belongs to a line end.
    held: bool,
    staged: Staged,
}

impl Lines {
    pub(super) fn new(end: LineEnd, written: Option<&'static [u8]>) -> Self {
        Self { end, written, held: false, staged: Staged::default() }
    }

    /// Whether a CR waits for the byte behind it.
    pub(super) fn is_within_line_end(&self) -> bool {
        self.held
    }

    /// Whether the end of a line end waits for room.
    pub(super) fn is_waiting(&self) -> bool {
        !self.staged.is_empty()
    }

    /// Writes what waits, the CR too, behind which no LF can come any more; whether all of it found room.
    #[inline]
    pub(super) fn finish(&mut self, room: &mut Room<'_>) -> bool {
        self.staged.drain(room) && (!self.held || self.put_held(room))
    }

    #[inline]
    fn put_held(&mut self, room: &mut Room<'_>) -> bool {
        self.held = room.copy(&[CR]) == 0;
        !self.held
    }

    /// Reads input as far as there is room, or up to a line end that is to be told: how many bytes, and why it ended.
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
            // What is looked at is still in the cache when it is copied.
            let window = rest.get(..room.left().min(WINDOW)).unwrap_or(rest);
            let (read, pass) = self.pass_window(window, room);
            *rest = rest.get(read..).unwrap_or_default();
            if let Some(pass) = pass {
                return pass;
            }
        }
    }

    /// Reads a window, each byte of which fits as it is: how many bytes, and why it ended, if that is an end.
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

    /// Writes of a line, its text and its end what goes into the room, which is less than all; how many bytes were read.
    #[cold]
    fn fill_room(&mut self, line: &[u8], text: &[u8], end: &'static [u8], room: &mut Room<'_>) -> usize {
        if room.left() < text.len() {
            // Of which a CR at the end may still belong to a line end.
            let text = line.get(..room.left()).unwrap_or_default();
            self.pass_text(text, room);
            return text.len();
        }
        room.copy(text);
        self.staged.write(end, room);
        line.len()
    }

    /// Text without an LF, of which a CR at the end may belong to a line end.
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

    /// Writes a line end; whether that is all there is to it.
    #[inline]
    fn end_line(&mut self, room: &mut Room<'_>) -> bool {
        let Some(written) = self.written else { return false };
        self.staged.write(written, room);
        true
    }
}
