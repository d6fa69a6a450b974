//! Places in a text file and on the data connection.

use super::LineEnd;
use super::lines::{CR, LF};
use memchr::{memchr, memchr_iter};

/// A place in a text file, and the same place on the data connection in TYPE A, MODE S and STRU F, where SIZE and REST count (RFC
/// 3659 4, 5).
///
/// It begins at the file's start, and moves forward over the file's bytes, in pieces of any size. Uses:
///
/// - **SIZE**: [`advance`](Self::advance) over the whole file; [`wire`](Self::wire) is the size.
/// - **A resumed download**: `advance` over the part of the file that exists. Cut the file to the first number of
///   [`resume`](Self::resume), and send REST with the second.
/// - **RETR after REST**: [`advance_to`](Self::advance_to) the offset. Encode the file from [`local`](Self::local) on, and
///   [`skip`](super::Encoder::skip) the remaining byte, if any. Or encode from the beginning with `skip` alone.
/// - **STOR after REST**: `advance_to` the offset. Write decoded bytes from [`local`](Self::local) on.
///
/// ```
/// use ftp_proto::codec::{LineEnd, Position};
///
/// let mut position = Position::new(LineEnd::Lf);
/// position.advance(b"one\ntwo\n");
/// assert_eq!((position.local(), position.wire()), (8, 10));
/// ```
#[derive(Debug, Clone)]
pub struct Position {
    line_end: LineEnd,
    local: u64,
    wire: u64,
    /// Whether the byte before this place is a CR.
    behind_cr: bool,
}

impl Position {
    /// The beginning of a file whose lines end with `line_end`.
    pub fn new(line_end: LineEnd) -> Self {
        Self { line_end, local: 0, wire: 0, behind_cr: false }
    }

    /// The place in the file, in bytes from its beginning.
    pub fn local(&self) -> u64 {
        self.local
    }

    /// The place on the data connection, in bytes from its beginning.
    pub fn wire(&self) -> u64 {
        self.wire
    }

    /// Moves over `bytes`, which are the next ones of the file.
    pub fn advance(&mut self, bytes: &[u8]) {
        let added = match self.line_end {
            LineEnd::CrLf => 0,
            LineEnd::Lf => memchr_iter(LF, bytes).count(),
            LineEnd::Either => memchr_iter(LF, bytes).filter(|at| !self.is_behind_cr(bytes, *at)).count(),
        };
        self.local = self.local.saturating_add(bytes.len() as u64);
        self.wire = self.wire.saturating_add((bytes.len() as u64).saturating_add(added as u64));
        if let Some(last) = bytes.last() {
            self.behind_cr = *last == CR;
        }
    }

    /// Moves over `bytes`, which are the next ones of the file, as far as the place `wire` on the data connection. Returns how many of
    /// them it moved over; if all, continue with the next bytes. If `wire` is within a line end that is one byte in the file, it stops
    /// before that line end.
    pub fn advance_to(&mut self, wire: u64, bytes: &[u8]) -> usize {
        let mut rest = bytes;
        while let Ok(left) = usize::try_from(wire.saturating_sub(self.wire)).or(Ok::<_, ()>(usize::MAX))
            && left > 0
            && !rest.is_empty()
        {
            // Text has the same length on either side; a line end may not.
            let text = rest.get(..left).unwrap_or(rest);
            let at = if self.line_end == LineEnd::CrLf { None } else { memchr(LF, text) };
            let (text, behind) = rest.split_at_checked(at.unwrap_or(text.len())).unwrap_or((rest, &[]));
            self.advance(text);
            rest = behind;
            if at.is_none() {
                continue;
            }
            let mut behind_it = self.clone();
            behind_it.advance(&[LF]);
            if behind_it.wire > wire {
                break;
            }
            *self = behind_it;
            rest = rest.get(1..).unwrap_or_default();
        }
        bytes.len().saturating_sub(rest.len())
    }

    /// How to resume a download that broke off here: the length in bytes to which to cut the file, and the offset for REST. A CR at the
    /// end is left out, since the next byte may have been its LF.
    pub fn resume(&self) -> (u64, u64) {
        let cr = u64::from(self.behind_cr);
        (self.local.saturating_sub(cr), self.wire.saturating_sub(cr))
    }

    fn is_behind_cr(&self, bytes: &[u8], at: usize) -> bool {
        at.checked_sub(1).map_or(self.behind_cr, |before| bytes.get(before) == Some(&CR))
    }
}
