//! The kept lines as they were received: in place as long as nothing was taken out of them, and otherwise in a second buffer.

use alloc::vec::Vec;

use super::Wire;

/// Where the received bytes of the kept lines and the line under way are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Raw {
    /// Between `start` and `scan`.
    InPlace,
    /// In [`Aside`], since something was taken out of the lines.
    Aside,
    /// Nowhere, since a part was dropped or too much was taken out.
    Lost,
}

/// Bytes as they were received.
#[derive(Clone, Default)]
pub(super) struct Aside {
    pub(super) bytes: Vec<u8>,
    /// How many of them were taken out.
    pub(super) taken_out: usize,
}

/// How many bytes may be taken out of the lines and kept here, so that a peer that sends nothing but Telnet doesn't fill memory.
const MOST_TAKEN_OUT: usize = 128;

impl Wire {
    /// The kept lines as they were received; `None` if a part of that was dropped.
    pub(in crate::inbox) fn raw(&self) -> Option<&[u8]> {
        match self.raw {
            Raw::InPlace => self.bytes.get(self.start..self.scan),
            Raw::Aside => self.aside.as_ref().map(|aside| &aside.bytes[..]),
            Raw::Lost => None,
        }
    }

    /// Keeps no raw bytes where something is taken out.
    pub(in crate::inbox) fn forgo_raw(&mut self) {
        self.keeps_raw = false;
    }

    /// Copies the next `count` received bytes, if the raw lines are in the second buffer.
    pub(super) fn set_aside(&mut self, count: usize) {
        if self.raw == Raw::Aside
            && let Some(aside) = &mut self.aside
        {
            let next = self.bytes.get(self.scan..self.scan.saturating_add(count)).unwrap_or_default();
            aside.bytes.extend_from_slice(next);
        }
    }

    /// Drops the raw bytes, since they aren't complete any more.
    #[cold]
    pub(super) fn lose(&mut self) {
        self.raw = Raw::Lost;
        if let Some(aside) = &mut self.aside {
            aside.bytes = Vec::new();
        }
    }

    /// Takes the next `count` bytes out of the line.
    pub(super) fn skip(&mut self, count: usize) {
        if !self.keeps_raw {
            self.raw = Raw::Lost;
        } else if self.raw == Raw::InPlace {
            let aside = self.aside.get_or_insert_default();
            aside.bytes.extend_from_slice(self.bytes.get(self.start..self.scan).unwrap_or_default());
            self.raw = Raw::Aside;
        }
        self.set_aside(count);
        let taken_out = |aside: &mut alloc::boxed::Box<Aside>| {
            aside.taken_out = aside.taken_out.saturating_add(count);
            aside.taken_out > MOST_TAKEN_OUT
        };
        if self.raw == Raw::Aside && self.aside.as_mut().is_some_and(taken_out) {
            self.lose();
        }
        self.scan = self.scan.saturating_add(count);
    }
}
