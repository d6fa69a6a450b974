//! Why bytes are not a reply.

use alloc::boxed::Box;
use core::fmt;

/// Why bytes are not a reply. The peer is at fault.
///
/// ```
/// use ftp_proto::{Inbox, Limits, ReplyError};
/// let mut inbox = Inbox::replies(Limits::REPLIES);
/// inbox.push(b"HTTP/1.1 400 Bad Request\r\n220 ready\r\n");
/// assert!(matches!(inbox.next_reply(), Err(ReplyError::NotAReply { line }) if line.starts_with(b"HTTP")));
/// assert!(inbox.next_reply().unwrap().is_some(), "the next line can be read");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReplyError {
    /// The line where a reply should begin doesn't begin with a code that is followed by a space, a `-` or nothing.
    NotAReply {
        /// The line without its end, at most its first 256 bytes.
        line: Box<[u8]>,
    },
    /// The connection ended within a reply.
    UnexpectedEnd {
        /// The part of the reply that was received, at most its first 4096 bytes.
        received: Box<[u8]>,
    },
    /// The reply is longer than [`Limits::reply`](crate::Limits::reply). This is final: the end of the reply isn't known, nor is the
    /// beginning of the next one.
    TooLong {
        /// The limit, in bytes.
        limit: usize,
    },
    /// More bytes follow where a single reply was expected.
    Excess {
        /// Where these bytes begin, in bytes from 0.
        at: usize,
    },
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
            Self::TooLong { limit } => write!(f, "reply of more than {limit} bytes"),
            Self::Excess { at } => write!(f, "more bytes after the reply, from byte {at} on"),
        }
    }
}

impl core::error::Error for ReplyError {}
