//! Cuts received bytes into command lines and replies, in bounded memory, and searches each byte once.

mod seen;
mod wire;

use alloc::vec::Vec;
use core::fmt;

use self::wire::{Line, Wire};
use crate::command::Verb;
use crate::reply::{Code, Head, Reply, ReplyEnd, ReplyError, first_line, last_line};
use crate::telnet::Escape;

/// How much an [`Inbox`] keeps at most, and how it finds the end of a reply.
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
    /// Bytes of one line without its line end; less than 4 counts as 4. A longer line of a reply is cut there, and the reply is marked
    /// [truncated](Reply::is_truncated); a longer command line is an error, [`LineTooLong`].
    pub line: usize,
    /// Lines of one reply; less than 2, the first and the last, counts as 2. In a longer reply the lines between are dropped from there
    /// on, and the reply is marked [truncated](Reply::is_truncated).
    pub lines: usize,
    /// Bytes of one reply with its line ends, including bytes that are dropped. A longer reply is
    /// [an error that is final](ReplyError::TooLong).
    pub reply: usize,
    /// Which line ends a reply of many lines.
    pub reply_end: ReplyEnd,
}

/// The role of an [`Inbox`] that reads command lines, which a client sent.
#[derive(Debug, Clone, Default)]
pub struct Commands {
    /// The length of the current line. It begins with the first kept byte.
    line: Option<usize>,
}

/// The role of an [`Inbox`] that reads replies, which a server sent.
#[derive(Debug, Clone)]
pub struct Replies {
    limits: Limits,
    found: Option<Found>,
    /// The code of a reply of many lines that has not ended.
    open: Option<Code>,
    lines: usize,
    truncated: bool,
    failed: bool,
    /// What is too long isn't the end.
    resumes: bool,
}

/// Cuts received bytes into command lines or replies. The result doesn't depend on the pieces in which the bytes came.
///
/// Use it as a cursor: [`push`](Inbox::push) received bytes, `advance` to the next line or reply, and read that as often as
/// needed; the next `advance` releases it. `next_line` and `next_reply` advance and return it in one step.
/// Telnet commands are removed (RFC 1123 4.1.2.12): in front of a command's argument and of a reply's text, or everywhere, as
/// [`with_escape`](Inbox::with_escape) says.
///
/// Once `advance` has returned `Ok(false)`, the inbox keeps at most a line of [`Limits::line`] bytes with its end, or
/// [`Limits::reply`] bytes of a reply; where Telnet was removed it keeps them a second time as they came, for `raw`. With nothing to
/// keep it holds at most 128 bytes of each. No build shows the contents in `Debug`, since passwords pass through.
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
/// assert!(inbox.finish().is_err(), "the connection ended within a reply");
/// ```
#[derive(Clone)]
pub struct Inbox<Role> {
    wire: Wire,
    role: Role,
}

/// A command line was longer than [`Limits::line`]. The line is dropped, and the next one can be read. A server answers 500 (RFC 959
/// 4.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LineTooLong {
    /// The limit, in bytes.
    pub limit: usize,
    /// The verb that the line began with.
    pub verb: Verb,
}

impl Limits {
    /// For replies: lines of 8 KiB, 10,000 lines, 1 MiB in all.
    pub const REPLIES: Self = Self { line: 8192, lines: 10_000, reply: 1 << 20, reply_end: ReplyEnd::SameCode };
    /// For commands: lines of 4 KiB, as in vsftpd.
    pub const COMMANDS: Self = Self { line: 4096, ..Self::REPLIES };
}

impl Default for Replies {
    fn default() -> Self {
        Self {
            limits: Limits::REPLIES,
            found: None,
            open: None,
            lines: 0,
            truncated: false,
            failed: false,
            resumes: false,
        }
    }
}

impl Inbox<Commands> {
    /// An empty inbox for what a client sends. Allocates nothing yet.
    pub fn commands(limits: Limits) -> Self {
        Self { wire: Wire::of_commands(limits.line), role: Commands::default() }
    }

    /// Releases the current command line and goes to the next one; `false` if no whole line has come yet. After an error the next
    /// line can be read. Allocates nothing but the answers to Telnet negotiation, and what [`raw`](Self::raw) needs beside it.
    #[inline]
    pub fn advance(&mut self) -> Result<bool, LineTooLong> {
        if self.role.line.take().is_some() {
            self.wire.release();
        }
        let Some(line) = self.wire.next_line() else {
            self.wire.give_back();
            return Ok(false);
        };
        let Line { bytes, cut, .. } = line;
        let length = bytes.len();
        if cut {
            let verb = Verb::of_line(bytes);
            self.wire.release();
            return Err(LineTooLong { limit: self.wire.limit(), verb });
        }
        self.role.line = Some(length);
        Ok(true)
    }

    /// The current line without its end; `None` if there is no current line.
    #[inline]
    pub fn line(&self) -> Option<&[u8]> {
        Some(self.wire.kept(0, self.role.line?))
    }

    /// The bytes of the current line exactly as they were received, with Telnet commands and the line end, such as a proxy passes on.
    /// `None` if there is no current line, or if more than 128 bytes of Telnet came in it or before it, since those aren't kept.
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

    /// Goes to the next command line and returns it without its end; `None` if no whole line has come yet.
    #[inline]
    pub fn next_line(&mut self) -> Result<Option<&[u8]>, LineTooLong> {
        Ok(if self.advance()? { self.line() } else { None })
    }

    /// Whether a large buffer stays allocated while it is empty.
    pub(crate) fn keep_room(&mut self, keeps: bool) {
        self.wire.keep_room(keeps);
    }

    /// Takes the answers to the Telnet negotiation that was read so far: DONT to WILL and WONT to DO, at most 32 in a session. Mostly
    /// empty. Send them before the next reply.
    pub fn take_answers(&mut self) -> Vec<u8> {
        self.wire.take_answers()
    }

    /// Whether Telnet's IP or DM was read since the last call; an ABOR should follow it (RFC 959 4.1.3).
    pub fn take_interrupt(&mut self) -> bool {
        self.wire.take_interrupt()
    }
}

impl Inbox<Replies> {
    /// An empty inbox for what a server sends. Allocates nothing yet.
    pub fn replies(limits: Limits) -> Self {
        Self { wire: Wire::of_replies(limits.line), role: Replies { limits, ..Replies::default() } }
    }

    /// Releases the current reply and goes to the next one; `false` if no whole reply has come yet. After
    /// [`ReplyError::NotAReply`] the next line can be read; [`ReplyError::TooLong`] is final. Allocates nothing but an error, and what
    /// [`raw`](Self::raw) needs beside Telnet.
    #[inline]
    pub fn advance(&mut self) -> Result<bool, ReplyError> {
        if self.role.found.take().is_some() {
            self.wire.release();
        }
        if self.role.failed {
            return Err(self.too_long(false));
        }
        while let Some(line) = self.wire.next_line() {
            let Line { at, bytes, cut, seen } = line;
            if seen > self.role.limits.reply {
                return Err(self.too_long(true));
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
            // The last line always has a place. With a limit of 2 or less every line between is dropped.
            if self.role.lines >= self.role.limits.lines {
                self.role.truncated = true;
                self.wire.drop_line(at);
            }
        }
        if self.wire.seen() > self.role.limits.reply && !self.role.resumes {
            return Err(self.too_long(false));
        }
        self.wire.give_back();
        Ok(false)
    }

    /// The current reply; `None` if there is none.
    #[inline]
    pub fn reply(&self) -> Option<Reply<'_>> {
        let Found { head, span } = self.role.found?;
        Some(Reply::of(head, self.wire.kept(span.at, span.length)))
    }

    /// The bytes of the current reply exactly as they were received, with Telnet commands and line ends, such as a proxy passes on.
    /// `None` if there is no current reply; if the reply is [truncated](Reply::is_truncated); or if more than 128 bytes of Telnet came
    /// in it or before it, since those aren't kept. Empty lines before a reply are not part of it.
    pub fn raw(&self) -> Option<&[u8]> {
        self.role.found?;
        self.wire.raw()
    }

    /// Goes to the next reply and returns it; `None` if no whole reply has come yet.
    #[inline]
    pub fn next_reply(&mut self) -> Result<Option<Reply<'_>>, ReplyError> {
        Ok(if self.advance()? { self.reply() } else { None })
    }

    /// Checks that the connection didn't end within a reply: call it once the connection has ended and no whole reply is left. The
    /// error holds the part of the reply that came.
    pub fn finish(&self) -> Result<(), ReplyError> {
        let received = if self.role.found.is_some() { &[] } else { self.wire.unread() };
        if received.is_empty() { Ok(()) } else { Err(ReplyError::unexpected_end(received)) }
    }

    #[cold]
    fn too_long(&mut self, is_at_line: bool) -> ReplyError {
        if is_at_line && self.role.resumes {
            self.drop_reply();
        } else {
            self.role.failed = true;
            self.wire.close();
        }
        ReplyError::TooLong { limit: self.role.limits.reply }
    }
}

impl<Role> Inbox<Role> {
    /// Sets how the peer writes a 0xFF in names and texts; the default is [`Escape::AsIs`]. Call it before the first
    /// [`push`](Inbox::push).
    #[must_use]
    pub fn with_escape(mut self, escape: Escape) -> Self {
        self.wire.read_as(escape);
        self
    }

    /// Doesn't keep the received bytes where Telnet is removed: [`raw`](Inbox::raw) is `None` there.
    pub(crate) fn without_raw(mut self) -> Self {
        self.wire.forgo_raw();
        self
    }

    /// Appends received bytes. Allocates if the buffer is too small for them.
    pub fn push(&mut self, received: &[u8]) {
        self.wire.push(received);
    }

    /// Whether anything was received after the current line or reply, even a part of a line. If so, TLS must not begin.
    pub fn has_more(&self) -> bool {
        self.wire.has_more()
    }

    /// How many bytes were received after the current line or reply and not searched yet.
    pub(crate) fn behind(&self) -> usize {
        self.wire.unscanned()
    }

    /// How many bytes are kept, including the current line or reply.
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
        write!(f, "line of more than {} bytes", self.limit)
    }
}

impl core::error::Error for LineTooLong {}

/// A range of the kept bytes.
#[derive(Debug, Clone, Copy)]
struct Span {
    at: usize,
    length: usize,
}

/// A whole reply within the kept bytes: the span is its raw lines, or the text of its only line.
#[derive(Debug, Clone, Copy)]
struct Found {
    head: Head,
    span: Span,
}
