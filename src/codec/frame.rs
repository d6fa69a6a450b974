//! The marks of STRU R in MODE S, and the blocks of MODE B (RFC 959 3.4.1, 3.4.2).

use super::room::{Room, Staged};

/// The byte that begins a mark in MODE S with STRU R; doubled, it is that byte.
pub(super) const ESCAPE: u8 = 0xff;
/// After an [`ESCAPE`]: the end of a record, and the end of the file.
pub(super) const ESCAPED_RECORD: u8 = 1;
pub(super) const ESCAPED_FILE: u8 = 2;

/// ```text
/// Code     Meaning                                   ; RFC 959 3.4.2
///
///  128     End of data block is EOR
///   64     End of data block is EOF
///   32     Suspected errors in data block
///   16     Data block is a restart marker
/// ```
pub(super) mod descriptor {
    pub(in super::super) const RECORD: u8 = 128;
    pub(in super::super) const FILE: u8 = 64;
    pub(in super::super) const SUSPECT: u8 = 32;
    pub(in super::super) const MARKER: u8 = 16;
    pub(in super::super) const ALL: u8 = RECORD | FILE | SUSPECT | MARKER;
}

/// The size in bytes of the blocks that are written. A block is filled before it is sent, since its count comes before its bytes; sending
/// it earlier would make the blocks depend on how the input is cut.
pub(super) const BLOCK: usize = 4096;

/// A block that is first filled and then written.
pub(super) struct Block {
    data: [u8; BLOCK],
    filled: usize,
    /// Once the block is closed, how many bytes of the data are written.
    written: Option<usize>,
    header: Staged,
}

impl Block {
    pub(super) fn new() -> Self {
        Self { data: [0; BLOCK], filled: 0, written: None, header: Staged::default() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.filled == 0
    }

    /// Lets `fill` write into the free part of the block.
    pub(super) fn fill<T>(&mut self, fill: impl FnOnce(&mut Room<'_>) -> T) -> T {
        let mut room = Room::new(self.data.get_mut(self.filled..).unwrap_or_default());
        let result = fill(&mut room);
        self.filled = self.filled.saturating_add(room.written());
        result
    }

    /// Ends the block, and writes as much of its header as fits.
    pub(super) fn close(&mut self, code: u8, room: &mut Room<'_>) {
        let [.., high, low] = self.filled.to_be_bytes();
        self.header.write(&[code, high, low], room);
        self.written = Some(0);
    }

    /// Writes the rest of a closed block. Returns whether all of it fitted, so that the next block is open.
    pub(super) fn drain(&mut self, room: &mut Room<'_>) -> bool {
        let Some(written) = self.written else { return true };
        if !self.header.drain(room) {
            return false;
        }
        let written = written.saturating_add(room.copy(self.data.get(written..self.filled).unwrap_or_default()));
        if written < self.filled {
            self.written = Some(written);
            return false;
        }
        (self.written, self.filled) = (None, 0);
        true
    }
}

/// The place within a received block.
#[derive(Debug, Clone, Copy)]
pub(super) enum Received {
    /// In the header, of which the first `count` bytes have come.
    Header { bytes: [u8; 2], count: usize },
    /// In the data, of which `left` bytes are still to come.
    Data { code: u8, left: u16 },
}

impl Received {
    pub(super) const BEGIN: Self = Self::Header { bytes: [0; 2], count: 0 };
}
