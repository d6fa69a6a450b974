//! Bytes that wait to be written to the control connection.

mod sent;

pub use sent::Sent;

use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use crate::reply::Reply;
use crate::telnet::IAC;
use crate::time::Instant;

/// A capacity above this many bytes is given back once everything is written: most replies are shorter.
const IDLE_CAPACITY: usize = 96;

/// The same while much is said at once.
const BUSY_CAPACITY: usize = 4096;

/// For each so many bytes that were written a `Write` has its patience once more.
const STRETCH: usize = 16 * 1024;

/// What is to be written, in order. It can hold a password, so no `Debug` shows it, and what was
/// written is forgotten.
pub(crate) struct Outbox {
    speech: Speech,
    bytes: Vec<u8>,
    written: usize,
    /// The bytes before this place are urgent: what interrupts a server, and nothing else.
    urgent: u8,
    busy: bool,
    offer: Offer,
}

/// What the lines are: who says them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Speech {
    Commands,
    Replies,
}

/// Whether what waits is being written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Offer {
    /// No byte of it was handed out.
    Unshown,
    /// Its first byte was handed out at this moment.
    Since(Instant),
    /// It can't be written, nor can anything else.
    Failed(ControlError),
}

/// Why the control connection can't be used any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ControlError {
    /// The other side has closed it, or has reset it.
    Closed,
    /// The other side takes nothing: it doesn't read, or can't be reached any more.
    TimedOut,
    /// Something on this side.
    Local,
}

impl fmt::Display for ControlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Closed => "the other side has closed it",
            Self::TimedOut => "the other side takes nothing",
            Self::Local => "local error",
        })
    }
}

impl core::error::Error for ControlError {}

impl Outbox {
    pub(crate) fn new(speech: Speech) -> Self {
        Self { speech, bytes: Vec::new(), written: 0, urgent: 0, busy: false, offer: Offer::Unshown }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// How many bytes wait.
    pub(crate) fn len(&self) -> usize {
        self.pending().len()
    }

    /// Where to append what is to be written.
    pub(crate) fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// What was appended so far is to be sent as urgent data.
    pub(crate) fn mark_urgent(&mut self) {
        self.urgent = u8::try_from(self.bytes.len()).unwrap_or(u8::MAX);
    }

    /// What waits is never written.
    pub(crate) fn clear(&mut self) {
        self.wrote(self.len());
    }

    /// Whether room for much is kept once everything is written.
    pub(crate) fn keep_room(&mut self, keeps: bool) {
        self.busy = keeps;
    }

    /// Why what waits can't be written: because somebody said so, or because its time is over. `patience`: for each
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

    /// A peer that takes [`STRETCH`] in each `patience` is slow, one that takes less doesn't read. It counts from the first
    /// byte: a byte now and then gains nothing.
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

/// Write these bytes to the control connection, and say how many were written.
#[must_use]
pub struct Write<'a> {
    outbox: &'a mut Outbox,
    since: Instant,
    terms: Terms,
}

/// What a `Write` tells beside its bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terms {
    /// The control connection may be read meanwhile.
    pub(crate) wants_input: bool,
    /// For each [`STRETCH`] that is written.
    pub(crate) patience: Duration,
    /// Nothing is written behind what waits.
    pub(crate) is_last: bool,
}

impl<'a> Write<'a> {
    /// Hands out what waits; its time begins when its first byte is handed out first.
    #[inline]
    pub(crate) fn new(outbox: &'a mut Outbox, now: Instant, terms: Terms) -> Self {
        let since = if let Offer::Since(since) = outbox.offer { since } else { now };
        outbox.offer = Offer::Since(since);
        Self { outbox, since, terms }
    }

    /// What to write, in order; at least one byte. It can hold a password: not for a log, which
    /// [`commands`](Self::commands) and [`replies`](Self::replies) are for.
    pub fn bytes(&self) -> &[u8] {
        self.outbox.pending()
    }

    /// How many of the first bytes are to be sent as urgent data (`MSG_OOB`), in a call of their own: the Telnet Synch
    /// before an ABOR. Zero unless the application's `Config` says that it can.
    pub fn urgent(&self) -> usize {
        usize::from(self.outbox.urgent).saturating_sub(self.outbox.written)
    }

    /// When the machine gives up: `Patience::write` after the first of the bytes was handed out, and as long again for
    /// each 16 KiB that were written since. So a slow reader is served, and one that doesn't read ends the session. A
    /// later [`wrote`](Self::wrote) of fewer bytes doesn't move it.
    ///
    /// Past it the next poll behaves as after [`failed`](Self::failed) with [`ControlError::TimedOut`].
    pub fn deadline(&self) -> Instant {
        self.outbox.deadline(self.since, self.terms.patience)
    }

    /// Nothing will be written behind these bytes: a client says QUIT, a server 221 or 421. They may go out together with the
    /// end of the connection, which is asked for by `Leave`.
    pub fn is_last(&self) -> bool {
        self.terms.is_last
    }

    /// Whether the control connection may be read while these bytes wait. What is read then is taken up once they are
    /// written.
    pub fn wants_input(&self) -> bool {
        self.terms.wants_input
    }

    /// A client's commands whose first byte is among these [`bytes`](Self::bytes), each fit for a log: no secret shows. The
    /// rest of a command that was written in part isn't one. A server's `Write` has none.
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
            // Refusals of Telnet options, three bytes each, stand between replies.
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

    /// All of it was written and flushed.
    pub fn wrote_all(self) {
        let count = self.outbox.len();
        self.outbox.wrote(count);
    }

    /// The first `count` bytes were written and flushed. The rest comes again.
    pub fn wrote(self, count: usize) {
        self.outbox.wrote(count);
    }

    /// Neither these bytes nor any others can be written. A client shows the replies that it has received and then a
    /// [`Violation`](crate::client::Violation); a server asks for `Close` if something runs, and then for `Leave`.
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
