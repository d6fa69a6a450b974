//! The bytes that wait to be written to the control connection.

mod sent;

pub use sent::Sent;

use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use crate::reply::Reply;
use crate::telnet::IAC;
use crate::time::Instant;

use crate::telnet::{self, Escape};

/// The capacity in bytes that is kept once everything is written: most replies are shorter.
const IDLE_CAPACITY: usize = 96;

/// The same while much is written at once.
const BUSY_CAPACITY: usize = 4096;

/// Bytes. A `Write` gets its patience once more for each stretch that was written.
const STRETCH: usize = 16 * 1024;

/// The bytes to be written, in order. They can hold a password, so no `Debug` shows them, and written bytes are forgotten.
pub(crate) struct Outbox {
    speech: Speech,
    bytes: Vec<u8>,
    written: usize,
    /// The bytes before this place are to be sent as urgent data.
    urgent: usize,
    busy: bool,
    offer: Offer,
    escape: Escape,
}

/// What the lines are: a client's commands or a server's replies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Speech {
    Commands,
    Replies,
}

/// Whether the adapter has the bytes that wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Offer {
    /// None was handed out.
    Unshown,
    /// The first byte was handed out at this moment.
    Since(Instant),
    /// Neither these bytes nor any others can be written.
    Failed(ControlError),
}

/// Why the control connection can't be used any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ControlError {
    /// The peer has closed or reset it.
    Closed,
    /// The peer takes no bytes: it doesn't read, or can't be reached any more.
    TimedOut,
    /// The fault is on this side.
    Local,
}

impl fmt::Display for ControlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Closed => "the peer has closed it",
            Self::TimedOut => "the peer takes no bytes",
            Self::Local => "local error",
        })
    }
}

impl core::error::Error for ControlError {}

impl Outbox {
    /// `escape` says how 0xFF is written.
    pub(crate) fn new(speech: Speech, escape: Escape) -> Self {
        Self { speech, bytes: Vec::new(), written: 0, urgent: 0, busy: false, offer: Offer::Unshown, escape }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// How many bytes wait.
    pub(crate) fn len(&self) -> usize {
        self.pending().len()
    }

    /// Appends what `write` appends: a command or a reply, in which a 0xFF is a byte of a name or a text.
    #[inline]
    pub(crate) fn say(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        let from = self.bytes.len();
        write(&mut self.bytes);
        if self.escape == Escape::Doubled {
            telnet::escape_behind(&mut self.bytes, from);
        }
    }

    /// The place after everything that was appended.
    pub(crate) fn end(&self) -> usize {
        self.bytes.len()
    }

    /// What was appended from this place on, with doubled 0xFF undone. Allocates.
    pub(crate) fn said_from(&self, from: usize) -> Vec<u8> {
        let mut said = self.bytes.get(from..).unwrap_or_default().to_vec();
        if self.escape == Escape::Doubled {
            telnet::unescape(&mut said);
        }
        said
    }

    /// The buffer, to append Telnet commands, whose 0xFF isn't doubled.
    pub(crate) fn telnet(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// Marks everything that was appended so far as urgent data.
    pub(crate) fn mark_urgent(&mut self) {
        self.urgent = self.bytes.len();
    }

    /// Drops the bytes that wait.
    pub(crate) fn clear(&mut self) {
        self.wrote(self.len());
    }

    /// Whether a large buffer stays allocated once everything is written.
    pub(crate) fn keep_room(&mut self, keeps: bool) {
        self.busy = keeps;
    }

    /// Why the bytes that wait can't be written: the adapter has said so, or the deadline has passed. `patience` is for each
    /// [`STRETCH`].
    #[inline]
    pub(crate) fn failure(&mut self, now: Instant, patience: Duration) -> Option<ControlError> {
        match self.offer {
            Offer::Unshown => return None,
            Offer::Since(since) if now < self.deadline(since, patience) => return None,
            Offer::Since(_) => self.offer = Offer::Failed(ControlError::TimedOut),
            Offer::Failed(_) => {}
        }
        if let Offer::Failed(why) = self.offer { Some(why) } else { None }
    }

    /// A peer that takes a [`STRETCH`] in each `patience` is slow; one that takes less counts as not reading. The time runs from the
    /// first byte, so that taking a byte now and then gains nothing.
    fn deadline(&self, since: Instant, patience: Duration) -> Instant {
        let stretches = u32::try_from(self.written.checked_div(STRETCH).unwrap_or(0)).unwrap_or(u32::MAX);
        since.after(patience.saturating_mul(stretches.saturating_add(1)))
    }

    fn pending(&self) -> &[u8] {
        self.bytes.get(self.written..).unwrap_or_default()
    }

    /// Whether a line begins with the first byte that waits.
    fn begins_line(&self) -> bool {
        let before = self.written.checked_sub(1).and_then(|before| self.bytes.get(before));
        before.is_none_or(|byte| *byte == b'\n')
    }

    fn wrote(&mut self, count: usize) {
        self.written = self.written.saturating_add(count).min(self.bytes.len());
        if self.written == self.bytes.len() {
            self.bytes.clear();
            self.bytes.shrink_to(if self.busy { BUSY_CAPACITY } else { IDLE_CAPACITY });
            self.written = 0;
            self.urgent = 0;
            self.offer = Offer::Unshown;
        }
    }
}

impl fmt::Debug for Outbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Outbox({} bytes)", self.len())
    }
}

/// Write these bytes to the control connection, and say how many were written. Dropping it asks again at the next poll.
#[must_use]
pub struct Write<'a> {
    outbox: &'a mut Outbox,
    since: Instant,
    terms: Terms,
}

/// What a `Write` says beside its bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terms {
    /// Whether the control connection may be read meanwhile.
    pub(crate) wants_input: bool,
    /// The time for each [`STRETCH`] that is written.
    pub(crate) patience: Duration,
    /// Whether nothing will be written after these bytes.
    pub(crate) is_last: bool,
}

impl<'a> Write<'a> {
    /// Hands out the bytes that wait. Their time runs from the first hand-out of the first byte.
    #[inline]
    pub(crate) fn new(outbox: &'a mut Outbox, now: Instant, terms: Terms) -> Self {
        let since = if let Offer::Since(since) = outbox.offer { since } else { now };
        outbox.offer = Offer::Since(since);
        Self { outbox, since, terms }
    }

    /// The bytes to write, at least one. They can hold a password: for a log use [`commands`](Self::commands) and
    /// [`replies`](Self::replies).
    pub fn bytes(&self) -> &[u8] {
        self.outbox.pending()
    }

    /// How many of the first bytes are to be sent as urgent data (`MSG_OOB`), in a call of their own: the Telnet Synch
    /// before an ABOR. Zero unless the client's `Config` says that the adapter can do that.
    pub fn urgent_length(&self) -> usize {
        self.outbox.urgent.saturating_sub(self.outbox.written)
    }

    /// Deadline for writing: `Patience::write` after the first byte was handed out, and as long again for each 16 KiB that were
    /// written since. So a slow peer is served, and a peer that doesn't read ends the session. [`wrote`](Self::wrote) with fewer bytes
    /// doesn't move the deadline.
    ///
    /// Past the deadline the next poll behaves as after [`failed`](Self::failed) with [`ControlError::TimedOut`].
    pub fn deadline(&self) -> Instant {
        self.outbox.deadline(self.since, self.terms.patience)
    }

    /// Whether nothing will be written after these bytes: a client says QUIT, or a server 221 or 421. The adapter may send them
    /// together with the end of the connection, which `Leave` asks for.
    pub fn is_last(&self) -> bool {
        self.terms.is_last
    }

    /// Whether the control connection may be read while these bytes wait. What is read then is taken up once they are
    /// written.
    pub fn wants_input(&self) -> bool {
        self.terms.wants_input
    }

    /// A client's commands whose first byte is among these [`bytes`](Self::bytes), each fit for a log: no secret shows. The rest of a
    /// command whose beginning was written before is left out. A server's `Write` has none.
    pub fn commands(&self) -> impl Iterator<Item = Sent<'_>> {
        let is_mine = self.outbox.speech == Speech::Commands;
        let lines = is_mine.then(|| self.bytes().split_inclusive(|byte| *byte == b'\n'));
        let rest = usize::from(!self.outbox.begins_line());
        lines.into_iter().flatten().skip(rest).map(Sent::of_line)
    }

    /// A server's replies whose first byte is among these [`bytes`](Self::bytes). A client's `Write` has none.
    pub fn replies(&self) -> impl Iterator<Item = Reply<'_>> {
        let Outbox { speech, bytes, written, .. } = &*self.outbox;
        let mut rest = if *speech == Speech::Replies { &**bytes } else { &[] };
        core::iter::from_fn(move || {
            // Refused Telnet options, three bytes each, are between replies.
            while let [IAC, _, _, behind @ ..] = rest {
                rest = behind;
            }
            let place = bytes.len().saturating_sub(rest.len());
            let (reply, length) = Reply::parse(rest).ok()??;
            rest = rest.get(length..)?;
            Some((place, reply))
        })
        .filter_map(move |(place, reply)| (place >= *written).then_some(reply))
    }

    /// Says that all the bytes were written and flushed.
    pub fn wrote_all(self) {
        let count = self.outbox.len();
        self.outbox.wrote(count);
    }

    /// Says that the first `count` bytes were written and flushed. The rest comes with the next `Write`.
    pub fn wrote(self, count: usize) {
        self.outbox.wrote(count);
    }

    /// Says that neither these bytes nor any others can be written. A client then shows the replies that it has received and ends with a
    /// [`Violation`](crate::client::Violation); a server asks for `Close` if a data connection is open, and then for `Leave`.
    pub fn failed(self, why: ControlError) {
        self.outbox.offer = Offer::Failed(why);
    }
}

impl fmt::Debug for Write<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Write")
            .field("outbox", self.outbox)
            .field("deadline", &self.deadline())
            .field("wants_input", &self.wants_input())
            .field("is_last", &self.is_last())
            .finish()
    }
}
