//! Places in a text file, and on the data connection.

use super::LineEnd;
use super::lines::{CR, LF};
use memchr::{memchr, memchr_iter};

/// A place in a text file, and the same place on the data connection in TYPE A, MODE S and STRU F: what SIZE and REST count (RFC
/// 3659 4, 5).
///
/// It moves forward as it is shown the file, in pieces of any size from the beginning. What that answers:
///
/// - **SIZE**: show it the whole file; [`wire`](Self::wire).
/// - **A download that is resumed**: show it what there is of the file; cut the file to [`resume`](Self::resume), and say `REST` with
///   the other number.
/// - **RETR behind REST**: show it the file with [`advance_to`](Self::advance_to); encode the file from [`local`](Self::local), and
///   [`skip`](super::Encoder::skip) the rest, which is a byte at most. Or encode from the beginning with `skip` alone.
/// - **STOR behind REST**: the same; decoded bytes go to [`local`](Self::local).
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
    /// Whether the byte before it is a CR.
    behind_cr: bool,
}

impl Position {
    /// The beginning of a file.
    pub fn new(line_end: LineEnd) -> Self {
        Self { line_end, local: 0, wire: 0, behind_cr: false }
    }

    /// So many bytes of the file are before it.
    pub fn local(&self) -> u64 {
        self.local
    }

    /// So many bytes of the data connection are before it.
    pub fn wire(&self) -> u64 {
        self.wire
    }

    /// Moves over these bytes, the next ones of the file.
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

    /// Moves over the next bytes of the file as far as `wire` on the data connection; how many bytes that takes. If all of them, it
    /// may have to go on. If `wire` is within a line end that has one byte here, it stays before that.
    pub fn advance_to(&mut self, wire: u64, bytes: &[u8]) -> usize {
        let mut rest = bytes;
        while let Ok(left) = usize::try_from(wire.saturating_sub(self.wire)).or(Ok::<_, ()>(usize::MAX))
            && left > 0
            && !rest.is_empty()
        {
            // Text, which takes as many bytes on either side, and then a line end.
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

    /// Where to go on with a download that broke off here: the length to cut the file to, and the offset for REST. That leaves
    /// out a CR at the end, since whether an LF came behind it isn't known.
    pub fn resume(&self) -> (u64, u64) {
        let cr = u64::from(self.behind_cr);
        (self.local.saturating_sub(cr), self.wire.saturating_sub(cr))
    }

    fn is_behind_cr(&self, bytes: &[u8], at: usize) -> bool {
        at.checked_sub(1).map_or(self.behind_cr, |before| bytes.get(before) == Some(&CR))
    }
}
