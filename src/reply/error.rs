//! Why bytes are no reply.

use alloc::boxed::Box;
use core::fmt;

/// Why bytes are no reply. The peer is at fault.
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
    /// A reply should begin here, but the line doesn't begin with a code that a space, a `-` or nothing follows.
    NotAReply {
        /// The line, at most its first 256 bytes.
        line: Box<[u8]>,
    },
    /// The connection ended within a reply.
    UnexpectedEnd {
        /// The part that was received, at most its first 4096 bytes.
        received: Box<[u8]>,
    },
    /// The reply is longer than [`Limits::reply`](crate::Limits::reply). This is final: the end of the reply, and so
    /// the beginning of the next one, isn't known.
    TooLong {
        /// The limit, in bytes.
        limit: usize,
    },
    /// More bytes follow where a single reply was expected.
    Excess {
        /// Where they begin, in bytes from 0.
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
            Self::TooLong { limit } => write!(f, "a reply of more than {limit} bytes"),
            Self::Excess { at } => write!(f, "more than one reply: another begins at {at}"),
        }
    }
}

impl core::error::Error for ReplyError {}
