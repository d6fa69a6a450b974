//! A server's replies: a code with one line of text or many (RFC 959 4.2).

mod body;
mod code;
mod draft;
mod encode;
mod error;
mod grammar;
mod head;
mod lines;

use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::fmt::{self, Write as _};
use core::hash::{Hash, Hasher};

pub use self::body::{BodyError, FactsLine, Feature, Features};
pub use self::code::{Class, Code};
pub(crate) use self::draft::{Draft, draft_of};
use self::encode::push_line;
pub use self::error::ReplyError;
pub use self::grammar::ReplyEnd;
pub(crate) use self::grammar::{first_line, last_line};
pub(crate) use self::head::Head;
pub use self::lines::Lines;
use crate::text::{Text, write_lossy};

/// A reply: its code and its text.
///
/// A parsed reply borrows its bytes and allocates nothing. Its text may hold any byte but LF: servers send names in any
/// encoding, and some send a bare CR or a NUL. Two replies are equal if they have the same codes, the same lines and the same
/// [`is_truncated`](Reply::is_truncated); the line ends don't matter.
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
    /// Of a reply of one line the text, which holds no LF. Of a reply of many lines all the lines as they were received, each with its
    /// LF and perhaps a CR before it.
    bytes: Cow<'a, [u8]>,
    head: Head,
}

impl<'a> Reply<'a> {
    /// A reply of one line. This cannot fail, since a [`Text`] holds no line end. Allocates nothing.
    ///
    /// ```
    /// use ftp_proto::{Code, Reply, Text};
    /// let mut wire = Vec::new();
    /// Reply::new(Code::FILE_UNAVAILABLE, Text::new("No such file.")?).encode(&mut wire);
    /// assert_eq!(wire, b"550 No such file.\r\n");
    /// # Ok::<(), ftp_proto::TextError>(())
    /// ```
    pub fn new(code: Code, text: Text<'a>) -> Self {
        Self::of_line(code, text.into())
    }

    /// A reply of one line with a text that is part of the program; it ends before the first CR, LF or NUL. Allocates nothing.
    ///
    /// ```
    /// use ftp_proto::{Code, Reply};
    /// const BUSY: Reply<'static> = Reply::from_static(Code::SERVICE_NOT_AVAILABLE, "Too many users.");
    /// assert_eq!(BUSY.to_string(), "421 Too many users.");
    /// ```
    // A loop, since memchr doesn't run while compiling.
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

    /// A reply of parts that fit each other.
    #[inline]
    pub(crate) fn of(head: Head, bytes: &'a [u8]) -> Self {
        Self { bytes: Cow::Borrowed(bytes), head }
    }

    /// A reply of one line, whose `text` holds no LF.
    fn of_line(code: Code, text: Cow<'_, [u8]>) -> Reply<'_> {
        Reply { bytes: text, head: Head::new(code, code, false, false) }
    }

    /// A reply of many lines; each line in `raw` has its end.
    fn of_owned_lines(code: Code, raw: Vec<u8>) -> Reply<'static> {
        Reply { bytes: Cow::Owned(raw), head: Head::new(code, code, true, false) }
    }

    /// The code of the reply, which is the code of its last line.
    pub const fn code(&self) -> Code {
        self.head.code()
    }

    /// The code of the first line. It differs from [`Reply::code`] only with [`ReplyEnd::AnyCode`].
    pub const fn first_code(&self) -> Code {
        self.head.first_code()
    }

    /// Whether an [`Inbox`](crate::Inbox) dropped a part of it, because a line was too long or there were too many lines.
    pub const fn is_truncated(&self) -> bool {
        self.head.is_truncated()
    }

    /// Whether it was sent as a reply of many lines: a first and a last one, with or without lines between.
    pub const fn is_multiline(&self) -> bool {
        self.head.is_many()
    }

    /// The text of the first line.
    #[inline]
    pub fn text(&self) -> &[u8] {
        if self.is_multiline() { self.lines().next().unwrap_or_default() } else { &self.bytes }
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

/// The code and the text; each further line on a line of its own, without the code. Bytes that aren't UTF-8 show as U+FFFD.
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
