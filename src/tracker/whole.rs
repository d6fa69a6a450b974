//! The usual line: a piece of its own, and whole. It is read where it is put, and neither [`Inbox`](crate::Inbox) is touched for it: what a
//! tracker costs is half the memory that a line touches, once there are more sessions than caches hold.

use crate::inbox::Limits;
use crate::swar;
use crate::telnet::IAC;

/// Longer pieces take the way of all others: of the lines of `testdata/transcripts`, three in two hundred. More room would make an idle
/// session too large.
const MOST: usize = 64;

/// One line, as it came.
pub(super) struct Whole {
    /// With its end; 0: none.
    length: u8,
    bytes: [u8; MOST],
}

impl Whole {
    pub(super) const fn new() -> Self {
        Self { length: 0, bytes: [0; MOST] }
    }

    /// Takes a piece, if it is one line, and an inbox that is at the begin of a line would read it as it is: no Telnet, no NUL, and no more of it
    /// than these limits allow.
    #[inline]
    pub(super) fn take(&mut self, piece: &[u8], limits: &Limits) -> bool {
        let [text @ .., b'\n'] = piece else { return false };
        if piece.len() > MOST || text.len() > limits.line || piece.len() > limits.reply {
            return false;
        }
        if !is_plain(text) && memchr::memchr3(b'\n', IAC, 0, text).is_some() {
            return false;
        }
        let (Ok(length), Some(room)) = (u8::try_from(piece.len()), self.bytes.get_mut(..piece.len())) else {
            return false;
        };
        room.copy_from_slice(piece);
        self.length = length;
        true
    }

    /// The line with its end; empty if there is none.
    #[inline]
    pub(super) fn raw(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.length)).unwrap_or_default()
    }

    /// The line without its end.
    #[inline]
    pub(super) fn text(&self) -> Option<&[u8]> {
        match self.raw() {
            [text @ .., b'\r', b'\n'] | [text @ .., b'\n'] => Some(text),
            _ => None,
        }
    }

    pub(super) fn clear(&mut self) {
        self.length = 0;
    }
}

/// Whether there is nothing but ASCII in a line, before its LF and perhaps a CR: eight bytes at once, as most lines are short.
#[inline]
fn is_plain(text: &[u8]) -> bool {
    let text = text.strip_suffix(b"\r").unwrap_or(text);
    let words = text.chunks_exact(8);
    let rest = swar::load(words.remainder());
    words.fold(swar::is_plain(rest), |is_plain, word| is_plain & swar::is_plain(swar::load(word)))
}
