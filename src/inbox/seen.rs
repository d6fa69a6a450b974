//! What an observer needs of an inbox: it sees the bytes between two others, and may miss some.

use alloc::vec::Vec;

use super::{Commands, Inbox, Replies};
use crate::reply::{Code, ReplyEnd};

impl<Role> Inbox<Role> {
    /// For whoever neither passes lines on from here nor answers Telnet negotiation: nothing is kept for either.
    pub(crate) fn observing(mut self) -> Self {
        self.wire.forgo_raw();
        self.wire.stay_silent();
        self
    }

    /// Takes the bytes that were received after the current line or reply and weren't searched yet; drops the line under way.
    pub(crate) fn take_behind(&mut self) -> Vec<u8> {
        self.wire.take_behind()
    }

    /// Hands the room of this inbox, if it is empty, to the inbox of the other side; if that has room and is empty, too, this one's is freed.
    /// Two sides speak in turn, so one buffer is enough for both.
    pub(crate) fn lend_room<Other>(&mut self, to: &mut Inbox<Other>) {
        self.wire.lend_room(&mut to.wire);
    }

    /// The line under way, as far as it has come, without Telnet.
    pub(crate) fn under_way(&self) -> &[u8] {
        self.wire.under_way()
    }
}

impl Inbox<Commands> {
    /// Whether the next byte begins a line, and nothing before it matters any more.
    pub(crate) fn is_at_line(&self) -> bool {
        self.role.line.is_none() && self.wire.is_at_line()
    }

    /// Whether [`advance`](Inbox::advance) would find nothing new to search. If so, releases the current line, as it would.
    #[inline]
    pub(crate) fn is_spent(&mut self) -> bool {
        if !self.wire.is_spent() {
            return false;
        }
        let is_at_line = self.role.line.take().is_some();
        if !self.wire.rewind() {
            if is_at_line {
                self.wire.release();
            }
            self.wire.give_back();
        }
        true
    }

    /// Drops the line under way, since bytes are missing.
    pub(crate) fn gap(&mut self) {
        self.role.line = None;
        self.wire.release();
        self.wire.drop_under_way();
    }
}

impl Inbox<Replies> {
    /// A reply that is too long isn't the end: it is dropped with the line that is too much, whatever the cuts, and the next line is read.
    pub(crate) fn resuming(mut self) -> Self {
        self.role.resumes = true;
        self
    }

    /// Whether the next byte begins a reply, and nothing before it matters any more.
    pub(crate) fn is_at_line(&self) -> bool {
        let Replies { limits: _, found, open, lines: _, truncated: _, failed, resumes: _ } = &self.role;
        found.is_none() && open.is_none() && !failed && self.wire.is_at_line()
    }

    /// Whether [`advance`](Inbox::advance) would find nothing new to search. If so, releases the current reply, as it would.
    #[inline]
    pub(crate) fn is_spent(&mut self) -> bool {
        if !self.wire.is_spent() || self.role.failed {
            return false;
        }
        let is_at_reply = self.role.found.take().is_some();
        // `advance` checks the limit of a reply under way.
        if self.role.open.is_some() {
            return false;
        }
        if !self.wire.rewind() {
            if is_at_reply {
                self.wire.release();
            }
            self.wire.give_back();
        }
        true
    }

    /// Drops the line under way, since bytes are missing. A reply of many lines that has begun ends with the next line that could be the
    /// last line of any reply.
    pub(crate) fn gap(&mut self) {
        if self.role.found.take().is_some() {
            self.wire.release();
        }
        if self.role.open.is_some() {
            self.role.truncated = true;
            self.role.limits.reply_end = ReplyEnd::AnyCode;
        }
        self.wire.drop_under_way();
    }

    /// Drops the reply under way, with the line that was read last.
    pub(super) fn drop_reply(&mut self) {
        (self.role.open, self.role.lines, self.role.truncated) = (None, 0, false);
        self.wire.release();
        self.wire.within_reply(false);
    }

    /// Whether the current reply has many lines.
    pub(crate) fn is_at_lines(&self) -> bool {
        self.role.found.is_some_and(|found| found.head.is_many())
    }

    /// Whether a reply of many lines has begun and not ended.
    pub(crate) fn is_amid_reply(&self) -> bool {
        self.role.open.is_some()
    }

    /// The code of that reply.
    pub(crate) fn open_code(&self) -> Option<Code> {
        self.role.open
    }

    /// Sets which line ends the reply under way and later ones.
    pub(crate) fn end_with(&mut self, end: ReplyEnd) {
        self.role.limits.reply_end = end;
    }
}
