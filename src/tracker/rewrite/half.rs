//! The bytes of one side, on their way.

use alloc::vec::Vec;
use core::fmt;

use super::Peer;
use super::options::{Hears, Options};

/// More room than this isn't kept while nothing is in it.
pub(super) const MOST_ROOM: usize = 4096;
/// More of one side may not wait; one piece more does, since it may have been read already.
const MOST_WAITING: usize = 1 << 16;

/// One side's bytes.
#[derive(Default)]
pub(super) struct Half {
    pub(super) input: Vec<u8>,
    /// So many bytes of it were taken.
    pub(super) taken: usize,
    /// Taken, and not handed out.
    pub(super) held: Vec<u8>,
    /// The rest of the line or the reply goes on as it comes.
    pub(super) passes: bool,
    /// The rest of the line doesn't go on.
    pub(super) drops: bool,
    /// Behind the input the connection has ended.
    pub(super) ends: bool,
    /// It has, and all before was taken.
    pub(super) has_ended: bool,
    /// Between networks: the options of Telnet that this side negotiates.
    pub(super) options: Option<Options>,
}

impl Half {
    pub(super) fn untaken(&self) -> &[u8] {
        self.input.get(self.taken..).unwrap_or_default()
    }

    pub(super) fn is_taken(&self) -> bool {
        self.taken >= self.input.len()
    }

    /// Whether something waits to be taken: bytes, or the end.
    pub(super) fn has_more(&self) -> bool {
        !self.is_taken() || self.ends
    }

    /// Whether more may be received.
    pub(super) fn has_room(&self) -> bool {
        self.untaken().len() <= MOST_WAITING
    }

    pub(super) fn push(&mut self, bytes: &[u8]) {
        // Only where no more is moved than was taken, so that each byte is moved once on average.
        if self.taken > self.untaken().len() {
            self.input.drain(..self.taken.min(self.input.len()));
            self.taken = 0;
        }
        self.input.extend_from_slice(bytes);
    }

    /// Holds the next `count` bytes. What this side negotiates isn't among them where it is heard; `None`: TLS hides all. Returns what is held of them.
    pub(super) fn hold(&mut self, from: Peer, count: usize, hears: Option<Hears>) -> &[u8] {
        let before = self.held.len();
        let bytes = self.input.get(self.taken..self.taken.saturating_add(count)).unwrap_or_default();
        match (&mut self.options, hears) {
            (Some(options), Some(hears)) => options.take(from, bytes, hears, &mut self.held),
            (options, _) => {
                options.iter_mut().for_each(Options::hide);
                self.held.extend_from_slice(bytes);
            }
        }
        self.take(count);
        self.held.get(before..).unwrap_or_default()
    }

    /// The next `count` bytes are taken.
    pub(super) fn take(&mut self, count: usize) {
        self.taken = self.taken.saturating_add(count);
        if self.is_taken() {
            self.input.clear();
            self.input.shrink_to(MOST_ROOM);
            self.taken = 0;
        }
    }
}

/// One side has sent more while a [`Rewrite`](super::Rewrite) didn't [want](super::Rewrite::wants_input) it. The session can't go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Flood {
    /// Whose bytes came.
    pub from: Peer,
}

impl fmt::Display for Flood {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let from = match self.from {
            Peer::Client => "client",
            Peer::Server => "server",
        };
        write!(f, "more than 64 KiB from the {from} were waiting already")
    }
}

impl core::error::Error for Flood {}
