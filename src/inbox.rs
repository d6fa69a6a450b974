//! Received bytes, cut into command lines and replies: bounded, and each byte searched once.

mod seen;
mod wire;

use alloc::vec::Vec;
use core::fmt;

use self::wire::{Line, Wire};
use crate::command::Verb;
use crate::reply::{Code, Head, Reply, ReplyEnd, ReplyError, first_line, last_line};
use crate::telnet::Escape;

/// How much an [`Inbox`] keeps at most.
///
/// ```
/// use ftp_proto::{Inbox, Limits};
/// let mut limits = Limits::COMMANDS;
/// limits.line = 512;
/// let mut inbox = Inbox::commands(limits);
/// inbox.push(&[b'x'; 600]);
/// inbox.push(b"\r\nNOOP\r\n");
/// assert!(inbox.next_line().is_err());
/// assert_eq!(inbox.next_line(), Ok(Some(&b"NOOP"[..])));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct Limits {
    /// Bytes of one line without its end; less than 4 counts as 4. Of a longer line in a reply the rest is dropped: the reply is read
    /// as the same one, and is marked [truncated](Reply::is_truncated). A longer command line is an error of its own.
    pub line: usize,
    /// Lines of one reply; less than 2, the first and the last, counts as 2. Further lines but the last are dropped, and the reply
    /// is marked [truncated](Reply::is_truncated).
    pub lines: usize,
    /// Bytes of one reply with its line ends, including those that are dropped. A longer reply is
    /// [the end](ReplyError::TooLong).
    pub reply: usize,
    /// Which line ends a reply of many lines.
    pub reply_end: ReplyEnd,
}

/// The role of an [`Inbox`] that reads what a client sent: command lines.
#[derive(Debug, Clone, Default)]
pub struct Commands {
    line: Option<Span>,
}

/// The role of an [`Inbox`] that reads what a server sent: replies.
#[derive(Debug, Clone)]
pub struct Replies {
    limits: Limits,
    found: Option<Found>,
    /// The code of a reply of many lines that has not ended.
    open: Option<Code>,
    lines: usize,
    truncated: bool,
    failed: bool,
}

/// Cuts received bytes into command lines or replies. The result doesn't depend on how the bytes were split into pieces.
///
/// Use it as a cursor: [`push`](Inbox::push) what was received, `advance` to the next line or reply, and read it as often as
/// needed; the next `advance` releases it. `next_line` and `next_reply` advance and return it in one step.
/// Telnet is undone first (RFC 1123 4.1.2.12): before the argument of a command and in front of a reply's text, or
/// everywhere, as [`with_escape`](Inbox::with_escape) says.
///
/// When `advance` has said that there is no more, what is kept is less than [`Limits::line`] and a line end
/// for commands, and than [`Limits::reply`] for replies; where Telnet was undone it is kept a second time as it came, for
/// `raw`. Nothing is allocated if nothing is kept (beyond 128 bytes of each). No build shows the contents in `Debug`, since passwords pass through.
///
/// ```
/// use ftp_proto::{Code, Inbox, Limits};
/// let mut inbox = Inbox::replies(Limits::REPLIES);
/// inbox.push(b"220 hel");
/// assert_eq!(inbox.next_reply(), Ok(None));
/// inbox.push(b"lo\r\n331 pass");
/// let reply = inbox.next_reply().unwrap().unwrap();
/// assert_eq!((reply.code(), reply.text()), (Code::SERVICE_READY, &b"hello"[..]));
/// assert_eq!(inbox.next_reply(), Ok(None));
/// assert!(inbox.finish().is_err(), "the end within a reply");
/// ```
#[derive(Clone)]
pub struct Inbox<Role> {
    wire: Wire,
    role: Role,
}

/// A command line was longer than [`Limits::line`]. It is dropped, and the next one can be read. A server answers 500 (RFC 959
/// 4.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LineTooLong {
    /// The limit, in bytes.
    pub limit: usize,
    /// The verb that the line began with.
    pub verb: Verb,
}

impl Limits {
    /// For replies: lines of 8 KiB, 10,000 lines, 1 MiB.
    pub const REPLIES: Self = Self { line: 8192, lines: 10_000, reply: 1 << 20, reply_end: ReplyEnd::SameCode };
    /// For commands: lines of 4 KiB, as vsftpd has it.
    pub const COMMANDS: Self = Self { line: 4096, ..Self::REPLIES };
}

impl Default for Replies {
    fn default() -> Self {
        Self { limits: Limits::REPLIES, found: None, open: None, lines: 0, truncated: false, failed: false }
    }
}

impl Inbox<Commands> {
    /// Reads what a client sends. Allocates nothing yet.
    pub fn commands(limits: Limits) -> Self {
        Self { wire: Wire::of_commands(limits.line), role: Commands::default() }
    }

    /// Releases the current command line and goes to the next one; false if it hasn't come whole yet. After an error the next
    /// line can be read. Allocates nothing but answers to Telnet.
    #[inline]
    pub fn advance(&mut self) -> Result<bool, LineTooLong> {
        if self.role.line.take().is_some() {
            self.wire.release();
        }
        let Some(line) = self.wire.next_line() else {
            self.wire.give_back();
            return Ok(false);
        };
        let Line { at, bytes, cut, .. } = line;
        let length = bytes.len();
        if cut {
            let verb = Verb::of_line(bytes);
            self.wire.release();
            return Err(LineTooLong { limit: self.wire.limit(), verb });
        }
        self.role.line = Some(Span { at, length });
        Ok(true)
    }

    /// The current line, without its end.
    #[inline]
    pub fn line(&self) -> Option<&[u8]> {
        let Span { at, length } = self.role.line?;
        Some(self.wire.kept(at, length))
    }

    /// The bytes of the current line exactly as they were received, with its line end and with Telnet: for a proxy, say. `None` if there
    /// is no current line, or if more than 128 bytes of Telnet came in it or before it: those aren't kept.
    ///
    /// ```
    /// use ftp_proto::{Inbox, Limits};
    /// let mut inbox = Inbox::commands(Limits::COMMANDS);
    /// inbox.push(b"\xff\xf4\xff\xf2ABOR\r\n");
    /// assert_eq!(inbox.next_line(), Ok(Some(&b"ABOR"[..])));
    /// assert_eq!(inbox.raw(), Some(&b"\xff\xf4\xff\xf2ABOR\r\n"[..]));
    /// ```
    pub fn raw(&self) -> Option<&[u8]> {
        self.role.line?;
        self.wire.raw()
    }

    /// Goes to the next command line and returns it, without its end; `None` when it has not come yet.
    #[inline]
    pub fn next_line(&mut self) -> Result<Option<&[u8]>, LineTooLong> {
        Ok(if self.advance()? { self.line() } else { None })
    }

    /// Whether room for much is kept allocated while nothing is kept.
    pub(crate) fn keep_room(&mut self, keeps: bool) {
        self.wire.keep_room(keeps);
    }

    /// The answers to the Telnet negotiation that was read so far: DONT to WILL and WONT to DO, at most 32 in a session. Mostly
    /// empty. Send them before the next reply.
    pub fn take_answers(&mut self) -> Vec<u8> {
        self.wire.take_answers()
    }

    /// Whether Telnet's IP or DM was read since the last call: an ABOR is to follow (RFC 959 4.1.3).
    pub fn take_interrupt(&mut self) -> bool {
        self.wire.take_interrupt()
    }
}

impl Inbox<Replies> {
    /// Reads what a server sends. Allocates nothing yet.
    pub fn replies(limits: Limits) -> Self {
        Self { wire: Wire::of_replies(limits.line), role: Replies { limits, ..Replies::default() } }
    }

    /// Releases the current reply and goes to the next one; false if it hasn't come whole yet.
    /// After [`ReplyError::NotAReply`] the next line can be read; [`ReplyError::TooLong`] is final.
    /// Allocates nothing but an error.
    #[inline]
    pub fn advance(&mut self) -> Result<bool, ReplyError> {
        if self.role.found.take().is_some() {
            self.wire.release();
        }
        if self.role.failed {
            return Err(self.too_long());
        }
        while let Some(line) = self.wire.next_line() {
            let Line { at, bytes, cut, seen } = line;
            if seen > self.role.limits.reply {
                return Err(self.too_long());
            }
            let Some(code) = self.role.open else {
                if bytes.is_empty() {
                    self.wire.release();
                    continue;
                }
                match first_line(bytes) {
                    Err(_) => {
                        let error = ReplyError::not_a_reply(bytes);
                        self.wire.release();
                        return Err(error);
                    }
                    Ok((text, (code, false))) => {
                        let skipped = bytes.len().wrapping_sub(text.len());
                        let span = Span { at: at.wrapping_add(skipped), length: text.len() };
                        self.role.found = Some(Found { head: Head::new(code, code, false, cut), span });
                        return Ok(true);
                    }
                    Ok((_, (code, true))) => {
                        self.role.open = Some(code);
                        self.wire.within_reply(true);
                        self.role.lines = 1;
                        self.role.truncated = cut;
                        continue;
                    }
                }
            };
            if let Ok((_, end_code)) = last_line(bytes, code, self.role.limits.reply_end) {
                let truncated = self.role.truncated | cut;
                let span = Span { at: 0, length: self.wire.length() };
                self.role.found = Some(Found { head: Head::new(code, end_code, true, truncated), span });
                self.role.open = None;
                self.wire.within_reply(false);
                return Ok(true);
            }
            self.role.lines = self.role.lines.saturating_add(1);
            self.role.truncated |= cut;
            // One place is kept for the last line. With a limit of two or less, every line between is dropped.
            if self.role.lines >= self.role.limits.lines {
                self.role.truncated = true;
                self.wire.drop_line(at);
            }
        }
        if self.wire.seen() > self.role.limits.reply {
            return Err(self.too_long());
        }
        self.wire.give_back();
        Ok(false)
    }

    /// The current reply.
    #[inline]
    pub fn reply(&self) -> Option<Reply<'_>> {
        let Found { head, span } = self.role.found?;
        Some(Reply::of(head, self.wire.kept(span.at, span.length)))
    }

    /// The bytes of the current reply exactly as they were received, with line ends and Telnet: for a proxy, say. `None` if there is no
    /// current reply; if the reply is [truncated](Reply::is_truncated); or if more than 128 bytes of Telnet came in it or before it,
    /// which aren't kept. Empty lines before a reply are not part of it.
    pub fn raw(&self) -> Option<&[u8]> {
        self.role.found?;
        self.wire.raw()
    }

    /// Goes to the next reply and returns it; `None` when it has not come whole yet.
    #[inline]
    pub fn next_reply(&mut self) -> Result<Option<Reply<'_>>, ReplyError> {
        Ok(if self.advance()? { self.reply() } else { None })
    }

    /// Checks that the connection didn't end within a reply, once it has ended and no more replies can be read. The error holds the
    /// part of the reply that came.
    pub fn finish(&self) -> Result<(), ReplyError> {
        let received = if self.role.found.is_some() { &[] } else { self.wire.unread() };
        if received.is_empty() { Ok(()) } else { Err(ReplyError::unexpected_end(received)) }
    }

    #[cold]
    fn too_long(&mut self) -> ReplyError {
        self.role.failed = true;
        self.wire.close();
        ReplyError::TooLong { limit: self.role.limits.reply }
    }
}

impl<Role> Inbox<Role> {
    /// Sets how the peer writes a 0xFF in names and texts; [as it is](Escape::AsIs) is the default. Use it before the first
    /// [`push`](Inbox::push).
    #[must_use]
    pub fn with_escape(mut self, escape: Escape) -> Self {
        self.wire.read_as(escape);
        self
    }

    /// The same, without keeping what came: [`raw`](Inbox::raw) may be `None`.
    pub(crate) fn without_raw(mut self) -> Self {
        self.wire.forgo_raw();
        self
    }

    /// Appends what was received. Allocates where the bytes need room.
    pub fn push(&mut self, received: &[u8]) {
        self.wire.push(received);
    }

    /// Whether anything was received behind the current line or reply, even a part of a line. If so, TLS must not begin.
    pub fn has_more(&self) -> bool {
        self.wire.has_more()
    }

    /// How many bytes were received behind the current line or reply and not looked at.
    pub(crate) fn behind(&self) -> usize {
        self.wire.unscanned()
    }

    /// How many bytes are kept, the current line or reply among them.
    pub fn buffered(&self) -> usize {
        self.wire.buffered()
    }
}

impl<Role> fmt::Debug for Inbox<Role> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbox").field("buffered", &self.buffered()).finish_non_exhaustive()
    }
}

impl fmt::Display for LineTooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a line of more than {} bytes", self.limit)
    }
}

impl core::error::Error for LineTooLong {}

/// A place in what is kept.
#[derive(Debug, Clone, Copy)]
struct Span {
    at: usize,
    length: usize,
}

/// A whole reply in what is kept: its raw lines, or the text of its only one.
#[derive(Debug, Clone, Copy)]
struct Found {
    head: Head,
    span: Span,
}
