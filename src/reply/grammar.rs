//! The grammar of replies (RFC 959 4.2), which [`Reply::parse`] and [`Inbox`](crate::Inbox) share.

use nom::error::ErrorKind;

use super::{Code, Head, Reply, ReplyError};
use crate::grammar::{self, Fault, Kind};

/// Which line ends a reply of many lines.
///
/// ```
/// use ftp_proto::{Code, Inbox, Limits, ReplyEnd};
/// let mut limits = Limits::REPLIES;
/// limits.reply_end = ReplyEnd::AnyCode;
/// let mut inbox = Inbox::replies(limits);
/// inbox.push(b"226-Files: 3\r\n250 Done\r\n");
/// let reply = inbox.next_reply()?.unwrap();
/// assert_eq!((reply.first_code(), reply.code()), (Code::CLOSING_DATA_CONNECTION, Code::FILE_ACTION_COMPLETED));
/// # Ok::<(), ftp_proto::ReplyError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum ReplyEnd {
    /// A line that begins with the code of the first line, followed by a space or nothing (RFC 959 4.2). A line that begins with
    /// another code is text, such as a file's name in a listing.
    #[default]
    SameCode,
    /// A line that begins with any code, followed by a space or nothing. Servers such as glFTPd end a reply with another code than
    /// they began it with. [`Reply::code`] is the code of the last line, and [`Reply::first_code`] that of the first.
    AnyCode,
}

impl<'a> Reply<'a> {
    /// Reads the first reply in `input`, and returns it with its length in bytes. The length includes the reply's line ends, and the
    /// empty lines in front of it, which are skipped. `None` means that the reply hasn't ended yet. Allocates nothing but an error.
    ///
    /// `input` is one slice, of any length, without Telnet commands. To read a connection piece by piece, use
    /// [`Inbox`](crate::Inbox): it removes Telnet commands, keeps limits, and searches each byte once.
    ///
    /// ```text
    /// reply  = *eol code [SP text] eol
    ///        / *eol code "-" text eol *(text eol) code [SP text] eol      ; the same code, RFC 959 4.2
    /// eol    = [CR] LF
    /// ```
    ///
    /// ```
    /// use ftp_proto::{Code, Reply};
    /// let input = b"331 Password, please.\r\n230 Welco";
    /// let (reply, length) = Reply::parse(input)?.unwrap();
    /// assert_eq!(reply.code(), Code::NEED_PASSWORD);
    /// assert_eq!(Reply::parse(&input[length..])?, None, "more bytes are needed");
    /// # Ok::<(), ftp_proto::ReplyError>(())
    /// ```
    #[inline]
    pub fn parse(input: &'a [u8]) -> Result<Option<(Self, usize)>, ReplyError> {
        match reply(input) {
            Ok((behind, (head, bytes))) => Ok(Some((Self::of(head, bytes), input.len().saturating_sub(behind.len())))),
            Err(error) => match no_reply(input, error) {
                Some(line) => Err(ReplyError::not_a_reply(line)),
                None => Ok(None),
            },
        }
    }
}

/// The rule `reply` of [`Reply::parse`]. Gives the head, and the text of the only line or all the lines.
#[inline]
fn reply(input: &[u8]) -> Read<'_, (Head, &[u8])> {
    let mut begin = input;
    let (behind, first) = loop {
        match line(begin)? {
            (behind, []) => begin = behind,
            found => break found,
        }
    };
    let Ok((text, (code, many))) = first_line(first) else { return Err(wrong(begin, Wrong::NotAReply)) };
    if !many {
        return Ok((behind, (Head::new(code, code, false, false), text)));
    }
    let (behind, last) = ending(behind, code)?;
    let raw = begin.get(..begin.len().saturating_sub(behind.len())).unwrap_or_default();
    Ok((behind, (Head::new(code, last, true, false), raw)))
}

/// What a parser of replies returns.
type Read<'a, T> = grammar::Read<'a, T, Wrong>;

/// What can be wrong with a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// More bytes are needed.
    Unended,
    /// A line doesn't begin as the grammar demands there.
    NotAReply,
}

impl Kind for Wrong {
    fn of(_: ErrorKind) -> Self {
        Self::NotAReply
    }
}

#[cold]
fn wrong(input: &[u8], kind: Wrong) -> nom::Err<Fault<Wrong>> {
    nom::Err::Error(Fault::new(input, kind))
}

/// The line that can't begin a reply; `None` if more bytes are needed.
#[cold]
fn no_reply(input: &[u8], error: nom::Err<Fault<Wrong>>) -> Option<&[u8]> {
    match error {
        nom::Err::Error(fault) | nom::Err::Failure(fault) if fault.kind == Wrong::NotAReply => {
            let begin = input.get(fault.at(input)..).unwrap_or_default();
            Some(line(begin).map_or(begin, |(_, line)| line))
        }
        _ => None,
    }
}

/// ```text
/// ending = *(text eol) last-line eol
/// ```
// As `preceded(many0_count(text), last)` it takes 1,281 instructions for a reply of 12 lines to FEAT, read from a slice; the loop takes
// 955.
#[inline]
fn ending(input: &[u8], first: Code) -> Read<'_, Code> {
    let (mut behind, mut text) = line(input)?;
    loop {
        if let Ok((_, last)) = last_line(text, first, ReplyEnd::SameCode) {
            return Ok((behind, last));
        }
        (behind, text) = line(behind)?;
    }
}

/// ```text
/// first-line = code [(SP / "-") text]                ; a "-" says that more lines follow; the text is left over
/// ```
// As `(code, map_opt(opt(take(1)), …))` it takes 22 µs for 1,000 replies of one line, read from a slice; the patterns take 16 µs.
#[inline]
pub(crate) fn first_line(line: &[u8]) -> Read<'_, (Code, bool)> {
    let Some((digits, rest)) = line.split_first_chunk() else { return Err(wrong(line, Wrong::NotAReply)) };
    let Some(code) = Code::from_digits(*digits) else { return Err(wrong(line, Wrong::NotAReply)) };
    match rest {
        [b' ', text @ ..] => Ok((text, (code, false))),
        [b'-', text @ ..] => Ok((text, (code, true))),
        [] => Ok((rest, (code, false))),
        _ => Err(wrong(line, Wrong::NotAReply)),
    }
}

/// ```text
/// last-line = code [SP text]                         ; the code of the first line, or any code; the text is left over
/// ```
// As `terminated(verify(code, …), alt((tag(" "), eof)))` it takes 15.2 µs for 100 replies of 12 lines to FEAT through an inbox; the
// patterns take 12 µs.
#[inline]
pub(crate) fn last_line(line: &[u8], first: Code, end: ReplyEnd) -> Read<'_, Code> {
    let other = || nom::Err::Error(Fault::new(line, Wrong::NotAReply));
    let (digits, rest) = line.split_first_chunk().ok_or_else(other)?;
    if !matches!(rest, [] | [b' ', ..]) {
        return Err(other());
    }
    match Code::from_digits(*digits) {
        Some(last) if end == ReplyEnd::AnyCode || last == first => Ok((rest, last)),
        _ => Err(other()),
    }
}

/// ```text
/// line = *OCTET [CR] LF                              ; no octet is an LF; gives the octets alone
/// ```
// As `terminated(take_until("\n"), tag("\n"))` it takes 36 µs for 1,000 replies of one line; memchr takes 16 µs.
#[inline]
pub(super) fn line(input: &[u8]) -> Read<'_, &[u8]> {
    let Some(end) = memchr::memchr(b'\n', input) else { return Err(wrong(input, Wrong::Unended)) };
    match input.split_at_checked(end) {
        Some((line, [_, rest @ ..])) => Ok((rest, line.strip_suffix(b"\r").unwrap_or(line))),
        _ => Err(wrong(input, Wrong::Unended)),
    }
}
