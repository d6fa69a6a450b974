//! What an inbox needs for whoever sees only what passes by, and perhaps not all of it.

use alloc::vec::Vec;

use super::{Commands, Inbox, Replies};
use crate::reply::{Code, ReplyEnd};

impl<Role> Inbox<Role> {
    /// Takes what was received behind the current line or reply, and forgets all else.
    pub(crate) fn take_behind(&mut self) -> Vec<u8> {
        self.wire.take_behind()
    }

    /// The line under way, as far as it has come, without Telnet.
    pub(crate) fn under_way(&self) -> &[u8] {
        self.wire.under_way()
    }
}

impl Inbox<Commands> {
    /// Bytes are missing: the line under way is dropped.
    pub(crate) fn gap(&mut self) {
        self.role.line = None;
        self.wire.release();
        self.wire.drop_under_way();
    }
}

impl Inbox<Replies> {
    /// Bytes are missing: the line under way is dropped. A reply of many lines that has begun ends with the next line that could end any.
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

    /// Whether a reply of many lines has begun and not ended.
    pub(crate) fn is_amid_reply(&self) -> bool {
        self.role.open.is_some()
    }

    /// The code of that reply.
    pub(crate) fn open_code(&self) -> Option<Code> {
        self.role.open
    }

    /// Which line ends the reply that is under way, and those behind it.
    pub(crate) fn end_with(&mut self, end: ReplyEnd) {
        self.role.limits.reply_end = end;
    }
}
