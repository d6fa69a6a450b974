//! The kept lines as they came: in place as long as nothing was taken out of them, and else aside.

use alloc::vec::Vec;

use super::Wire;

/// Where the kept lines and the line under way are as they came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Raw {
    /// Between `start` and `scan`.
    InPlace,
    /// Something was taken out of them, and they are aside.
    Aside,
    /// Nowhere: a part was dropped, or too much was taken out.
    Lost,
}

/// Bytes as they came.
#[derive(Clone, Default)]
pub(super) struct Aside {
    pub(super) bytes: Vec<u8>,
    /// How many of them were taken out.
    pub(super) taken_out: usize,
}

/// How many bytes may be taken out of what is kept as it came: room for a session that hears nothing but Telnet for hours.
const MOST_TAKEN_OUT: usize = 128;

impl Wire {
    /// The kept lines as they came; `None` if a part was dropped or more was taken out than is kept.
    pub(in crate::inbox) fn raw(&self) -> Option<&[u8]> {
        match self.raw {
            Raw::InPlace => self.bytes.get(self.start..self.scan),
            Raw::Aside => self.aside.as_ref().map(|aside| &aside.bytes[..]),
            Raw::Lost => None,
        }
    }

    /// What came isn't wanted.
    pub(in crate::inbox) fn forgo_raw(&mut self) {
        self.keeps_raw = false;
    }

    /// Keeps the next `count` bytes as they came, if that isn't where they are.
    pub(super) fn set_aside(&mut self, count: usize) {
        if self.raw == Raw::Aside
            && let Some(aside) = &mut self.aside
        {
            let next = self.bytes.get(self.scan..self.scan.saturating_add(count)).unwrap_or_default();
            aside.bytes.extend_from_slice(next);
        }
    }

    /// What is kept can't be had as it came any more.
    #[cold]
    pub(super) fn lose(&mut self) {
        self.raw = Raw::Lost;
        if let Some(aside) = &mut self.aside {
            aside.bytes = Vec::new();
        }
    }

    /// Takes the next `count` bytes out.
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
