//! Bytes that wait to be written to the control connection.

use alloc::vec::Vec;
use core::fmt;

use crate::telnet::{self, Escape};

/// A capacity above this many bytes is given back once everything is written: most replies are shorter.
const IDLE_CAPACITY: usize = 96;

/// The same while much is said at once.
const BUSY_CAPACITY: usize = 4096;

/// What is to be written, in order. It can hold a password, so no `Debug` shows it, and what was
/// written is forgotten.
pub(crate) struct Outbox {
    bytes: Vec<u8>,
    written: usize,
    /// The bytes before this place are urgent.
    urgent: usize,
    busy: bool,
    escape: Escape,
}

impl Outbox {
    pub(crate) fn new(escape: Escape) -> Self {
        Self { bytes: Vec::new(), written: 0, urgent: 0, busy: false, escape }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// How many bytes wait.
    pub(crate) fn len(&self) -> usize {
        self.pending().len()
    }

    /// Appends what `write` does: a command or a reply, in which 0xFF is a byte of a name or a text.
    #[inline]
    pub(crate) fn say(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        let from = self.bytes.len();
        write(&mut self.bytes);
        if self.escape == Escape::Doubled {
            telnet::escape_behind(&mut self.bytes, from);
        }
    }

    /// Where to append Telnet itself.
    pub(crate) fn telnet(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// What was appended so far is to be sent as urgent data.
    pub(crate) fn mark_urgent(&mut self) {
        self.urgent = self.bytes.len();
    }

    /// What waits is never written.
    pub(crate) fn clear(&mut self) {
        self.wrote(self.len());
    }

    /// Whether room for much is kept once everything is written.
    pub(crate) fn keep_room(&mut self, keeps: bool) {
        self.busy = keeps;
    }

    fn pending(&self) -> &[u8] {
        self.bytes.get(self.written..).unwrap_or_default()
    }

    fn wrote(&mut self, count: usize) {
        self.written = self.written.saturating_add(count).min(self.bytes.len());
        if self.written == self.bytes.len() {
            self.bytes.clear();
            self.bytes.shrink_to(if self.busy { BUSY_CAPACITY } else { IDLE_CAPACITY });
            self.written = 0;
            self.urgent = 0;
        }
    }
}

impl fmt::Debug for Outbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Outbox({} bytes)", self.len())
    }
}

/// Write these bytes to the control connection, and say how many were written.
#[must_use]
#[derive(Debug)]
pub struct Write<'a>(&'a mut Outbox);

impl<'a> Write<'a> {
    pub(crate) fn new(outbox: &'a mut Outbox) -> Self {
        Self(outbox)
    }

    /// What to write, in order; at least one byte. It can hold a password: not for a log.
    pub fn bytes(&self) -> &[u8] {
        self.0.pending()
    }

    /// How many of the first bytes are to be sent as urgent data (`MSG_OOB`), in a call of their own: the Telnet Synch
    /// before an ABOR. Zero unless the application's `Config` says that it can.
    pub fn urgent(&self) -> usize {
        self.0.urgent.saturating_sub(self.0.written)
    }

    /// All of it was written and flushed.
    pub fn wrote_all(self) {
        let count = self.0.len();
        self.0.wrote(count);
    }

    /// The first `count` bytes were written and flushed. The rest comes again.
    pub fn wrote(self, count: usize) {
        self.0.wrote(count);
    }
}
