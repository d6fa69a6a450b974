//! Takes bytes in, and gives lines without Telnet commands.

mod raw;
mod telnet;

use alloc::boxed::Box;
use alloc::vec::Vec;

use self::raw::{Aside, Raw};
use self::telnet::Heard;
use crate::telnet::IAC;

/// The capacity in bytes that an empty buffer keeps: room for a usual line.
const KEPT_WHEN_IDLE: usize = 112;
/// The same while much arrives at once.
const KEPT_WHEN_BUSY: usize = 4096;
/// The bytes in front of a reply's text: the code, and the blank or hyphen after it.
const CODE: usize = 4;

/// One buffer with these parts, in this order:
///
/// ```text
/// | released | kept lines | line under way | hole | not looked at |
/// 0          start        line             clean  scan            len
/// ```
/// A hole opens only where Telnet or the excess of a long line was taken out. Without one no byte is moved.
#[derive(Clone)]
pub(super) struct Wire {
    bytes: Vec<u8>,
    start: usize,
    line: usize,
    clean: usize,
    scan: usize,
    /// Bytes of the kept lines and the line under way that were dropped.
    dropped: usize,
    limit: usize,
    /// Whether bytes of the line under way were dropped.
    overflow: bool,
    /// How many more bytes a subnegotiation may take; 0 if none is under way.
    subnegotiation: u32,
    /// The third byte that is searched for, beside LF and IAC: NUL in replies, where CR NUL means CR.
    third: u8,
    heard: Heard,
    /// Mostly none, so an idle session keeps one pointer for them and not an empty `Vec`.
    #[expect(clippy::box_collection, reason = "an idle session stays below 1 KiB")]
    answers: Option<Box<Vec<u8>>>,
    answered: u8,
    interrupted: bool,
    /// Whether the bytes just in front were an IP or DM, whose Synch may still have an IAC to come.
    marks: bool,
    closed: bool,
    busy: bool,
    raw: Raw,
    /// Whether received bytes are kept where they are changed. The machines pass nothing on, and need none.
    keeps_raw: bool,
    /// The bytes as they were received, where something was taken out of them.
    aside: Option<Box<Aside>>,
}

/// A line that has ended.
pub(super) struct Line<'a> {
    /// Where it begins, in bytes from the first kept byte.
    pub(super) at: usize,
    /// The line without its end.
    pub(super) bytes: &'a [u8],
    /// Whether the line was over the limit, so that `bytes` are only its first part.
    pub(super) cut: bool,
    /// The length of the kept lines and this one, with their ends and with the bytes that were dropped.
    pub(super) seen: usize,
}

impl Wire {
    pub(super) fn of_commands(limit: usize) -> Self {
        // Searching for LF twice costs nothing. CR NUL stays in a command: the parser refuses it.
        Self { third: b'\n', heard: Heard::InWord, ..Self::of_replies(limit) }
    }

    pub(super) fn of_replies(limit: usize) -> Self {
        Self {
            bytes: Vec::new(),
            start: 0,
            line: 0,
            clean: 0,
            scan: 0,
            dropped: 0,
            limit: limit.max(CODE),
            overflow: false,
            subnegotiation: 0,
            third: 0,
            heard: Heard::InCode,
            answers: None,
            answered: 0,
            interrupted: false,
            marks: false,
            closed: false,
            busy: false,
            raw: Raw::InPlace,
            keeps_raw: true,
            aside: None,
        }
    }

    /// How many bytes a line may have, without its end.
    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    /// Whether there are bytes that weren't searched yet, or the beginning of a line.
    pub(super) fn has_more(&self) -> bool {
        self.scan < self.bytes.len() || self.clean > self.line || self.overflow
    }

    pub(super) fn push(&mut self, received: &[u8]) {
        if self.closed {
            return;
        }
        // Closes the hole only if it is at least as large as what is moved, so that each byte is moved once on average.
        if self.clean < self.scan && self.bytes.len().saturating_sub(self.scan) <= self.scan.saturating_sub(self.clean)
        {
            self.bytes.drain(self.clean..self.scan.min(self.bytes.len()));
            self.scan = self.clean;
        }
        if self.start > self.bytes.len().saturating_sub(self.start) {
            self.bytes.drain(..self.start.min(self.bytes.len()));
            self.line = self.line.saturating_sub(self.start);
            self.clean = self.clean.saturating_sub(self.start);
            self.scan = self.scan.saturating_sub(self.start);
            self.start = 0;
        }
        self.bytes.extend_from_slice(received);
    }

    /// The next line that has ended. It is kept, after those that are kept already.
    // Places in a slice are below isize::MAX, so none of these sums can wrap.
    // Always inlined: otherwise each line goes over the stack to `advance`, a sixth of the cost of reading a reply.
    #[expect(clippy::inline_always, reason = "measured")]
    #[inline(always)]
    pub(super) fn next_line(&mut self) -> Option<Line<'_>> {
        loop {
            if self.subnegotiation > 0 && !self.skip_subnegotiation() {
                return None;
            }
            let rest = self.bytes.get(self.scan..)?;
            let found = memchr::memchr3(b'\n', IAC, self.third, rest);
            let Some((count, byte)) = found.and_then(|at| Some((at, *rest.get(at)?))) else {
                let count = rest.len();
                self.marks &= count == 0;
                self.keep(count);
                return None;
            };
            // Nothing was taken out, so there is no hole.
            if byte == b'\n' && self.raw == Raw::InPlace {
                let begin = self.line;
                let end = self.scan.wrapping_add(count);
                let line = self.bytes.get(begin..end)?;
                let length = if let [text @ .., b'\r'] = line { text.len() } else { line.len() };
                if length <= self.limit {
                    self.marks = false;
                    self.scan = end.wrapping_add(1);
                    self.clean = self.scan;
                    self.line = self.scan;
                    let bytes = self.bytes.get(begin..begin.wrapping_add(length))?;
                    return Some(Line { at: begin.wrapping_sub(self.start), bytes, cut: false, seen: self.seen() });
                }
            }
            self.marks &= count == 0 && byte != b'\n';
            self.keep(count);
            if byte == b'\n' {
                return Some(self.end_line());
            }
            self.special(byte)?;
        }
    }

    /// `length` of the kept bytes, beginning `at` bytes from the first.
    #[inline]
    pub(super) fn kept(&self, at: usize, length: usize) -> &[u8] {
        let from = self.start.wrapping_add(at);
        self.bytes.get(from..from.wrapping_add(length)).unwrap_or_default()
    }

    /// The length of the kept lines, with their ends.
    pub(super) fn length(&self) -> usize {
        self.line.saturating_sub(self.start)
    }

    /// The length of the kept lines and the line under way, with the bytes that were dropped from them.
    #[inline]
    pub(super) fn seen(&self) -> usize {
        self.clean.wrapping_sub(self.start).saturating_add(self.dropped)
    }

    /// Drops the last kept line, which began `at` bytes from the first kept byte.
    pub(super) fn drop_line(&mut self, at: usize) {
        let clean = self.clean;
        self.line = self.start.saturating_add(at).min(clean);
        self.clean = self.line;
        self.dropped = self.dropped.saturating_add(clean.saturating_sub(self.clean));
        self.lose();
    }

    /// Releases the kept lines.
    #[inline]
    pub(super) fn release(&mut self) {
        self.start = self.scan;
        self.line = self.scan;
        self.clean = self.scan;
        if self.raw != Raw::InPlace {
            self.forget();
        }
    }

    #[cold]
    fn forget(&mut self) {
        (self.raw, self.dropped) = (Raw::InPlace, 0);
        if let Some(aside) = &mut self.aside {
            aside.bytes.clear();
            aside.taken_out = 0;
        }
    }

    /// Frees memory if nothing is kept.
    pub(super) fn give_back(&mut self) {
        if self.buffered() > 0 {
            return;
        }
        self.bytes.clear();
        self.bytes.shrink_to(if self.busy { KEPT_WHEN_BUSY } else { KEPT_WHEN_IDLE });
        if let Some(aside) = &mut self.aside {
            aside.bytes.shrink_to(KEPT_WHEN_IDLE);
        }
        (self.start, self.line, self.clean, self.scan) = (0, 0, 0, 0);
    }

    /// Hands an empty buffer to a wire that has none. If both are empty, one of them is enough.
    pub(super) fn lend_room(&mut self, to: &mut Self) {
        if to.bytes.capacity() == 0 && self.bytes.is_empty() {
            core::mem::swap(&mut to.bytes, &mut self.bytes);
        } else if to.bytes.is_empty() && self.bytes.is_empty() {
            self.bytes = Vec::new();
        }
    }

    /// Whether a large buffer stays allocated while it is empty.
    pub(super) fn keep_room(&mut self, keeps: bool) {
        self.busy = keeps;
    }

    /// Drops everything, and ignores what comes later.
    pub(super) fn close(&mut self) {
        self.bytes = Vec::new();
        self.aside = None;
        (self.start, self.line, self.clean, self.scan) = (0, 0, 0, 0);
        self.closed = true;
    }

    /// The length of the kept lines, the line under way, and the bytes that weren't searched yet.
    pub(super) fn buffered(&self) -> usize {
        self.clean.saturating_sub(self.start).saturating_add(self.unscanned())
    }

    /// How many bytes weren't searched yet.
    pub(super) fn unscanned(&self) -> usize {
        self.bytes.len().saturating_sub(self.scan)
    }

    /// The kept lines and the line under way.
    pub(super) fn unread(&self) -> &[u8] {
        self.bytes.get(self.start..self.clean).unwrap_or_default()
    }

    /// Whether every received byte was searched.
    #[inline]
    pub(super) fn is_spent(&self) -> bool {
        self.scan >= self.bytes.len()
    }

    /// Whether the next byte begins a line, and nothing before it matters any more.
    pub(super) fn is_at_line(&self) -> bool {
        let is_between = self.subnegotiation == 0 && !self.overflow && !self.marks && !self.closed;
        self.bytes.is_empty() && is_between && self.raw == Raw::InPlace
    }

    /// A short way for `release` and `give_back`: if only whole lines are kept, in a buffer of the usual size, forgets them and begins
    /// at the front. The caller doesn't need those lines any more.
    #[inline]
    pub(super) fn rewind(&mut self) -> bool {
        let may = self.line == self.scan
            && self.raw == Raw::InPlace
            && self.bytes.capacity() <= KEPT_WHEN_IDLE
            && self.aside.is_none();
        if may {
            self.bytes.clear();
            (self.start, self.line, self.clean, self.scan) = (0, 0, 0, 0);
        }
        may
    }

    /// Takes the bytes that weren't searched yet, and drops the line under way; kept lines stay.
    pub(super) fn take_behind(&mut self) -> Vec<u8> {
        let behind = self.bytes.split_off(self.scan.min(self.bytes.len()));
        self.drop_under_way();
        behind
    }

    /// Drops the line under way and the bytes that weren't searched yet; kept lines stay.
    pub(super) fn drop_under_way(&mut self) {
        if self.raw == Raw::Aside && self.scan > self.line {
            // The raw bytes include that line.
            self.lose();
        }
        self.bytes.truncate(self.line);
        (self.clean, self.scan) = (self.line, self.line);
        (self.overflow, self.marks, self.subnegotiation) = (false, false, 0);
        if self.line == self.start {
            self.forget();
        }
    }

    /// The line under way, as far as it has come.
    pub(super) fn under_way(&self) -> &[u8] {
        self.bytes.get(self.line..self.clean).unwrap_or_default()
    }

    /// Takes the next `count` bytes into the line under way, up to one more than the limit, since that one may be the CR of its end.
    fn keep(&mut self, count: usize) {
        let room = self.line.saturating_add(self.limit).saturating_add(1).saturating_sub(self.clean);
        self.set_aside(count);
        if self.clean == self.scan && count <= room && !self.overflow {
            self.clean = self.clean.saturating_add(count);
            self.scan = self.clean;
            return;
        }
        self.move_down(count, room);
    }

    #[cold]
    fn move_down(&mut self, count: usize, room: usize) {
        let taken = if self.overflow { 0 } else { count.min(room) };
        if taken < count {
            self.overflow = true;
            self.lose();
        }
        self.dropped = self.dropped.saturating_add(count.saturating_sub(taken));
        let end = self.scan.saturating_add(taken);
        if self.clean <= self.scan && end <= self.bytes.len() {
            self.bytes.copy_within(self.scan..end, self.clean);
            self.clean = self.clean.saturating_add(taken);
        }
        self.scan = self.scan.saturating_add(count);
    }

    /// Ends the line under way at the LF that is next.
    #[cold]
    fn end_line(&mut self) -> Line<'_> {
        let under_way = self.bytes.get(self.line..self.clean).unwrap_or_default();
        let mut length = under_way.len();
        if let [.., b'\r'] = under_way
            && !self.overflow
        {
            length = length.saturating_sub(1);
        }
        let cut = self.overflow | (length > self.limit);
        if cut {
            length = self.cut_line();
        }
        let at = self.line.saturating_sub(self.start);
        self.set_aside(1);
        self.scan = self.scan.saturating_add(1);
        // Without a hole this place holds the LF itself; with one it is part of the hole in front of the LF.
        if self.clean.saturating_add(1) != self.scan
            && let Some(end) = self.bytes.get_mut(self.clean)
        {
            *end = b'\n';
        }
        self.clean = self.clean.saturating_add(1);
        self.line = self.clean;
        Line { at, bytes: self.kept(at, length), cut, seen: self.seen() }
    }

    /// Shortens the line under way to the limit, and returns its new length. CRs at the new end are cut off, since they would count
    /// as its line end; but not within the first four bytes, since a code alone means something else.
    #[cold]
    fn cut_line(&mut self) -> usize {
        let clean = self.clean;
        self.lose();
        self.overflow = false;
        self.clean = clean.min(self.line.saturating_add(self.limit));
        let least = self.line.saturating_add(CODE);
        while self.clean > least && self.bytes.get(self.clean.saturating_sub(1)) == Some(&b'\r') {
            self.clean = self.clean.saturating_sub(1);
        }
        self.dropped = self.dropped.saturating_add(clean.saturating_sub(self.clean));
        self.clean.saturating_sub(self.line)
    }
}
