//! Replies: a code and one line of text or many (RFC 959 4.2).

mod body;
mod code;
mod draft;

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt::{self, Write as _};
use core::hash::{Hash, Hasher};
use core::num::NonZeroU64;

use nom::IResult;

pub use self::body::{BodyError, FactsLine, Feature, Features};
pub use self::code::{Class, Code};
pub(crate) use self::draft::{Draft, draft_of};
use crate::text::{Text, write_lossy};

/// A reply: its code and its text.
///
/// A reply that was parsed borrows what it was cut from and allocates nothing. Its text is bytes: any
/// but LF can stand in it, since servers send names in any encoding, and some a bare CR or a NUL.
/// Two replies are equal if their codes, their lines and what was dropped of them are, however the lines ended.
///
/// ```
/// use ftp_proto::{Code, Reply};
/// let (reply, length) = Reply::parse(b"211-Features:\r\n MDTM\r\n211 End\r\n").unwrap().unwrap();
/// assert_eq!((reply.code(), length), (Code::SYSTEM_STATUS, 31));
/// assert!(reply.lines().eq([&b"Features:"[..], b" MDTM", b"End"]));
/// ```
#[derive(Clone)]
#[must_use]
pub struct Reply<'a> {
    /// The text of the only line, with no LF in it. If there are many: the lines as they came, each with its LF
    /// and perhaps a CR before that.
    bytes: Cow<'a, [u8]>,
    head: Head,
}

/// The codes of the first and the last line, and two flags, in one word: a reply is moved by whole words, and to
/// read a word that was just written in parts takes a processor as long as all the rest of parsing a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Head(NonZeroU64);

/// Which line ends a reply of many lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum ReplyEnd {
    /// The code of the first line, and a space or nothing (RFC 959 4.2). A line that begins with another
    /// code is text, such as a file's name in a listing.
    #[default]
    SameCode,
    /// Any code, and a space or nothing: for servers, glFTPd for one, that end with another code than they began. The last
    /// line's code counts; [`Reply::first_code`] tells the other.
    AnyCode,
}

/// Why bytes are no reply: the peer's fault.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReplyError {
    /// Where a reply should begin there is a line that doesn't begin with a code, followed by a space,
    /// a `-` or nothing.
    NotAReply {
        /// The line, at most its first 256 bytes.
        line: Box<[u8]>,
    },
    /// The connection ended within a reply.
    UnexpectedEnd {
        /// What came of it, at most its first 4096 bytes.
        received: Box<[u8]>,
    },
    /// The reply is longer than [`Limits::reply`](crate::Limits::reply). This is final: where it ends, and
    /// so where the next one begins, isn't known.
    TooLong {
        /// The limit, in bytes.
        limit: usize,
    },
    /// Something stands behind the only reply that there should be.
    Excess {
        /// The place, in bytes from 0.
        at: usize,
    },
}

/// The text of each line of a reply, first to last; made by [`Reply::lines`].
#[derive(Debug, Clone)]
pub struct Lines<'a> {
    rest: &'a [u8],
    code: [u8; 3],
    first: bool,
    single: bool,
    ended: bool,
}

impl<'a> Reply<'a> {
    /// A reply of one line. Cannot fail, since no [`Text`] can end a line. Allocates nothing.
    pub fn new(code: Code, text: Text<'a>) -> Self {
        Self::of_line(code, text.into())
    }

    /// A reply of one line with a text that stands in the program; it is cut before the first CR, LF or
    /// NUL. Allocates nothing.
    pub const fn from_static(code: Code, text: &'static str) -> Reply<'static> {
        let mut rest = text.as_bytes();
        let mut length: usize = 0;
        while let [byte, behind @ ..] = rest {
            if matches!(byte, b'\r' | b'\n' | 0) {
                break;
            }
            length = length.saturating_add(1);
            rest = behind;
        }
        let text = match text.as_bytes().split_at_checked(length) {
            Some((text, _)) => text,
            None => &[],
        };
        Reply { bytes: Cow::Borrowed(text), head: Head::new(code, code, false, false) }
    }

    /// A reply of two lines or more. Allocates.
    ///
    /// A line in the middle that begins with three digits gets a blank in front (RFC 959 4.2), so that
    /// nobody takes it for the end. The codes of RFC 2228 5 (6yz) stand before every line.
    pub fn with_lines<'t>(
        code: Code,
        first: Text<'_>,
        middle: impl IntoIterator<Item = Text<'t>>,
        last: Text<'_>,
    ) -> Reply<'static> {
        let mut raw = Vec::new();
        push_line(&mut raw, Some((code, b'-')), first.as_bytes());
        for line in middle {
            push_middle(&mut raw, code, line.as_bytes());
        }
        push_line(&mut raw, Some((code, b' ')), last.as_bytes());
        Self::of_owned_lines(code, raw)
    }

    /// The first reply in `input`, and how many bytes it takes with its line end and with the empty lines
    /// in front of it, which are skipped; `None` when it has not ended yet. Allocates nothing but an error.
    ///
    /// One-shot, over bytes free of Telnet, however long. Who reads in pieces uses [`Inbox`](crate::Inbox),
    /// which undoes Telnet, keeps limits, and looks at no byte twice.
    ///
    /// ```text
    /// reply  = *eol code [SP text] eol
    ///        / *eol code "-" text eol *(text eol) code [SP text] eol      ; the same code, RFC 959 4.2
    /// eol    = [CR] LF
    /// ```
    #[inline]
    pub fn parse(input: &'a [u8]) -> Result<Option<(Self, usize)>, ReplyError> {
        let taken = |behind: &[u8]| input.len().saturating_sub(behind.len());
        let mut reply = input;
        let (mut behind, first) = loop {
            match line(reply) {
                Ok((behind, [])) => reply = behind,
                Ok(found) => break found,
                Err(_) => return Ok(None),
            }
        };
        let Ok((text, (code, many))) = first_line(first) else { return Err(ReplyError::not_a_reply(first)) };
        if !many {
            return Ok(Some((Self::of(Head::new(code, code, false, false), text), taken(behind))));
        }
        while let Ok((after, line)) = line(behind) {
            behind = after;
            if let Ok((_, last)) = last_line(line, code, ReplyEnd::SameCode) {
                let raw = reply.get(..reply.len().saturating_sub(behind.len())).unwrap_or_default();
                return Ok(Some((Self::of(Head::new(code, last, true, false), raw), taken(behind))));
            }
        }
        Ok(None)
    }

    /// From parts that fit each other.
    #[inline]
    pub(crate) fn of(head: Head, bytes: &'a [u8]) -> Self {
        Self { bytes: Cow::Borrowed(bytes), head }
    }

    /// Appends a reply of one line with a text of the machine's own, which holds no line end.
    #[inline]
    pub(crate) fn encode_line(code: Code, text: &'static str, out: &mut Vec<u8>) {
        push_line(out, Some((code, b' ')), text.as_bytes());
    }

    /// `text` holds no LF.
    fn of_line(code: Code, text: Cow<'_, [u8]>) -> Reply<'_> {
        Reply { bytes: text, head: Head::new(code, code, false, false) }
    }

    /// Each line of `raw` has its end.
    fn of_owned_lines(code: Code, raw: Vec<u8>) -> Reply<'static> {
        Reply { bytes: Cow::Owned(raw), head: Head::new(code, code, true, false) }
    }

    /// The code of the reply: that of its last line.
    pub const fn code(&self) -> Code {
        self.head.code()
    }

    /// The code of the first line: another than [`Reply::code`] only under [`ReplyEnd::AnyCode`].
    pub const fn first_code(&self) -> Code {
        self.head.first_code()
    }

    /// Whether lines or ends of lines were dropped, because they were over the limits.
    pub const fn is_truncated(&self) -> bool {
        self.head.is_truncated()
    }

    /// Whether it was sent as a first and a last line, with or without lines between.
    pub const fn is_multiline(&self) -> bool {
        self.head.is_many()
    }

    /// The text of the first line.
    #[inline]
    pub fn text(&self) -> &[u8] {
        if self.is_multiline() { self.lines().next().unwrap_or_default() } else { &self.bytes }
    }

    /// The text of each line, without line ends, and without the code and its separator; those are cut
    /// from the first line, the last line, and each line between that begins with the code and a `-`.
    pub fn lines(&self) -> Lines<'_> {
        Lines {
            rest: &self.bytes,
            code: self.first_code().digits(),
            first: true,
            single: !self.is_multiline(),
            ended: false,
        }
    }

    /// The lines between the first and the last; none for a reply of one line.
    pub fn middle_lines(&self) -> impl Iterator<Item = &[u8]> {
        let mut lines = self.lines().skip(1);
        let mut held = lines.next();
        core::iter::from_fn(move || {
            let line = held?;
            held = Some(lines.next()?);
            Some(line)
        })
    }

    /// Appends the reply as it goes over the wire, each line with CRLF. What [`Reply::parse`] reads back is
    /// equal, up to a blank before middle lines that begin with three digits. A reply that ended with
    /// another code than it began is written with the one that counts, which is [`code`](Self::code).
    pub fn encode(&self, out: &mut Vec<u8>) {
        if !self.is_multiline() {
            return push_line(out, Some((self.code(), b' ')), &self.bytes);
        }
        let mut lines = Ends { rest: &self.bytes }.peekable();
        let mut first = true;
        while let Some(line) = lines.next() {
            if core::mem::take(&mut first) {
                push_line(out, Some((self.code(), b'-')), line.get(4..).unwrap_or_default());
            } else if lines.peek().is_none() {
                push_line(out, Some((self.code(), b' ')), line.get(4..).unwrap_or_default());
            } else if is_continuation(line, self.first_code().digits()) {
                push_line(out, Some((self.code(), b'-')), line.get(4..).unwrap_or_default());
            } else {
                if begins_with_digits(line) {
                    out.push(b' ');
                }
                push_line(out, None, line);
            }
        }
    }

    /// The same lines under another code. Allocates.
    pub(crate) fn with_code(&self, code: Code) -> Reply<'static> {
        if !self.is_multiline() {
            return Self::of_line(code, Cow::Owned(self.bytes.to_vec()));
        }
        let mut raw = Vec::with_capacity(self.bytes.len());
        let mut lines = self.lines().peekable();
        push_line(&mut raw, Some((code, b'-')), lines.next().unwrap_or_default());
        while let Some(line) = lines.next() {
            match lines.peek() {
                Some(_) => push_middle(&mut raw, code, line),
                None => push_line(&mut raw, Some((code, b' ')), line),
            }
        }
        Self::of_owned_lines(code, raw)
    }

    /// The same reply, borrowed from this one. Allocates nothing.
    pub fn borrowed(&self) -> Reply<'_> {
        Reply { bytes: Cow::Borrowed(&self.bytes), head: self.head }
    }

    /// The same reply, owned. Allocates if it was borrowed.
    pub fn into_owned(self) -> Reply<'static> {
        Reply { bytes: Cow::Owned(self.bytes.into_owned()), head: self.head }
    }
}

impl PartialEq<Reply<'_>> for Reply<'_> {
    fn eq(&self, other: &Reply<'_>) -> bool {
        self.head == other.head && self.lines().eq(other.lines())
    }
}

impl Eq for Reply<'_> {}

impl Hash for Reply<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.head.hash(state);
        for line in self.lines() {
            line.hash(state);
        }
    }
}

impl fmt::Debug for Reply<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reply(")?;
        if self.first_code() != self.code() {
            write!(f, "{}…", self.first_code())?;
        }
        write!(f, "{}", self.code())?;
        for line in self.lines() {
            write!(f, ", \"{}\"", line.escape_ascii())?;
        }
        f.write_str(if self.is_truncated() { ", truncated)" } else { ")" })
    }
}

/// The code and the text; further lines each on a line of its own. Bytes that aren't UTF-8 show as U+FFFD.
impl fmt::Display for Reply<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code())?;
        for (index, line) in self.lines().enumerate() {
            f.write_char(if index == 0 { ' ' } else { '\n' })?;
            write_lossy(f, line)?;
        }
        Ok(())
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        if self.single {
            return (!core::mem::replace(&mut self.ended, true)).then_some(self.rest);
        }
        let (rest, line) = line(self.rest).ok()?;
        self.rest = rest;
        let first = core::mem::replace(&mut self.first, false);
        if first || rest.is_empty() || is_continuation(line, self.code) {
            return Some(line.get(4..).unwrap_or_default());
        }
        Some(line)
    }
}

impl core::iter::FusedIterator for Lines<'_> {}

impl Head {
    #[inline]
    pub(crate) const fn new(first_code: Code, code: Code, many: bool, truncated: bool) -> Self {
        let codes = (first_code.value() as u64) | (code.value() as u64) << 16;
        match NonZeroU64::new(codes | (many as u64) << 32 | (truncated as u64) << 33) {
            Some(head) => Self(head),
            // A code is never 0.
            None => Self(NonZeroU64::MIN),
        }
    }

    const fn first_code(self) -> Code {
        Code::of_value(self.0.get() as u16)
    }

    const fn code(self) -> Code {
        Code::of_value((self.0.get() >> 16) as u16)
    }

    #[inline]
    pub(crate) const fn is_many(self) -> bool {
        self.0.get() >> 32 & 1 != 0
    }

    const fn is_truncated(self) -> bool {
        self.0.get() >> 33 & 1 != 0
    }
}

impl ReplyError {
    pub(crate) fn not_a_reply(line: &[u8]) -> Self {
        Self::NotAReply { line: line.get(..256).unwrap_or(line).into() }
    }

    pub(crate) fn unexpected_end(received: &[u8]) -> Self {
        Self::UnexpectedEnd { received: received.get(..4096).unwrap_or(received).into() }
    }
}

impl fmt::Display for ReplyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAReply { line } => write!(f, "not a reply: \"{}\"", line.escape_ascii()),
            Self::UnexpectedEnd { received } => {
                write!(f, "the connection ended within a reply: \"{}\"", received.escape_ascii())
            }
            Self::TooLong { limit } => write!(f, "a reply of more than {limit} bytes"),
            Self::Excess { at } => write!(f, "more than one reply: another begins at {at}"),
        }
    }
}

impl core::error::Error for ReplyError {}

/// The grammar of replies, which [`Reply::parse`] and `Inbox` read by. A line that fits none is a text, or no reply: so no fault has a
/// kind or a place.
type Read<'a, T> = IResult<&'a [u8], T, ()>;

/// ```text
/// first-line = code [(SP / "-") text]                ; a "-" says that more lines follow; the text is left
/// ```
// `(code, map_opt(opt(take(1)), …))` takes 22 µs for 1,000 replies of one line out of a slice, this 16 µs.
#[inline]
pub(crate) fn first_line(line: &[u8]) -> Read<'_, (Code, bool)> {
    let (digits, rest) = line.split_first_chunk().ok_or(nom::Err::Error(()))?;
    let code = Code::from_digits(*digits).ok_or(nom::Err::Error(()))?;
    match rest {
        [b' ', text @ ..] => Ok((text, (code, false))),
        [b'-', text @ ..] => Ok((text, (code, true))),
        [] => Ok((rest, (code, false))),
        _ => Err(nom::Err::Error(())),
    }
}

/// ```text
/// last-line = code [SP text]                         ; the code of the first line, or any one
/// ```
// `terminated(verify(code, …), alt((tag(" "), eof)))` takes 15.2 µs for 100 answers to FEAT of 12 lines through an inbox, this 12 µs.
#[inline]
pub(crate) fn last_line(line: &[u8], first: Code, end: ReplyEnd) -> Read<'_, Code> {
    let (digits, rest) = line.split_first_chunk().ok_or(nom::Err::Error(()))?;
    if !matches!(rest, [] | [b' ', ..]) {
        return Err(nom::Err::Error(()));
    }
    match Code::from_digits(*digits) {
        Some(last) if end == ReplyEnd::AnyCode || last == first => Ok((rest, last)),
        _ => Err(nom::Err::Error(())),
    }
}

/// ```text
/// line = *OCTET [CR] LF                              ; no LF among these; the end is left out
/// ```
// `terminated(take_until("\n"), tag("\n"))` reads 1,000 replies of one line in 36 µs, this in 16 µs.
#[inline]
fn line(input: &[u8]) -> Read<'_, &[u8]> {
    let end = memchr::memchr(b'\n', input).ok_or(nom::Err::Error(()))?;
    match input.split_at_checked(end) {
        Some((line, [_, rest @ ..])) => Ok((rest, line.strip_suffix(b"\r").unwrap_or(line))),
        _ => Err(nom::Err::Error(())),
    }
}

/// The lines of `rest`, without their ends.
struct Ends<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Ends<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let (rest, line) = line(self.rest).ok()?;
        self.rest = rest;
        Some(line)
    }
}

fn is_continuation(line: &[u8], code: [u8; 3]) -> bool {
    line.strip_prefix(&code).is_some_and(|rest| rest.first() == Some(&b'-'))
}

fn begins_with_digits(line: &[u8]) -> bool {
    line.first_chunk::<3>().is_some_and(|digits| digits.iter().all(u8::is_ascii_digit))
}

fn push_middle(raw: &mut Vec<u8>, code: Code, text: &[u8]) {
    if code.class() == Class::Protected {
        return push_line(raw, Some((code, b'-')), text);
    }
    if begins_with_digits(text) {
        raw.push(b' ');
    }
    push_line(raw, None, text);
}

fn push_line(out: &mut Vec<u8>, code: Option<(Code, u8)>, text: &[u8]) {
    // Once for the whole line, so that no part of it has to look for room.
    out.reserve(text.len().saturating_add(6));
    if let Some((code, separator)) = code {
        let [hundreds, tens, ones] = code.digits();
        out.extend_from_slice(&[hundreds, tens, ones, separator]);
    }
    out.extend_from_slice(text);
    out.extend_from_slice(b"\r\n");
}

#[cfg(feature = "arbitrary")]
impl<'a> arbitrary::Arbitrary<'a> for Reply<'a> {
    fn arbitrary(u: &mut arbitrary::Unstructured<'a>) -> arbitrary::Result<Self> {
        let (code, text) = (Code::arbitrary(u)?, Text::arbitrary(u)?);
        if !bool::arbitrary(u)? {
            return Ok(Self::new(code, text));
        }
        let last = Text::arbitrary(u)?;
        let middle: Vec<Text<'a>> = u.arbitrary_iter()?.collect::<arbitrary::Result<_>>()?;
        Ok(Self::with_lines(code, text, middle, last))
    }
}
