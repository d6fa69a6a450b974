//! A transfer's end in the words of a server's application.

use super::words::StreamEnd;
use crate::command::Verb;
use crate::reply::{Class, Code, Reply};

/// How a transfer ended, with the final reply in which a server says so, of as many lines as the application likes.
///
/// ```
/// use ftp_proto::{Code, Ending, Reply, StreamEnd};
/// let kept = Reply::from_static(Code::CLOSING_DATA_CONNECTION, "Kept, and copied to the tape.");
/// assert!(Ending::new(StreamEnd::Clean, kept.clone()).is_some());
/// assert!(Ending::new(StreamEnd::LocalError, kept).is_none());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending<'a> {
    end: StreamEnd,
    reply: Reply<'a>,
}

impl<'a> Ending<'a> {
    /// [`StreamEnd::Clean`] and [`StreamEnd::Marked`] are said with a 2yz that ends a transfer (226 or 250, and not another command's,
    /// such as 227), every other end with a 4yz or 5yz. `None` for all else. Of a marked end only 250 leaves the connection for the
    /// next transfer; where the form marks ends and the end is clean, so that the connection is closed, 250 is said as 226 (RFC 959 3.3).
    /// 421 ends the session once it is written.
    pub fn new(end: StreamEnd, reply: Reply<'a>) -> Option<Self> {
        let fits = match reply.code().class() {
            // All transfer commands have one row of the table.
            Class::Completion => end.is_whole() && Verb::Retr.may_be_answered_with(reply.code()),
            Class::TransientNegative | Class::PermanentNegative => !end.is_whole(),
            Class::Preliminary | Class::Intermediate | Class::Protected => false,
        };
        fits.then_some(Self { end, reply })
    }

    /// The end that this reply tells of: 2yz is clean, 426 truncated, 452 and 552 full storage, another 4yz or 5yz a local
    /// error. `None` if the reply ends no transfer.
    pub fn of(reply: Reply<'a>) -> Option<Self> {
        let end = match reply.code() {
            code if code.is_completion() => StreamEnd::Clean,
            Code::TRANSFER_ABORTED => StreamEnd::Truncated,
            Code::INSUFFICIENT_STORAGE | Code::EXCEEDED_ALLOCATION => StreamEnd::StorageFull,
            _ => StreamEnd::LocalError,
        };
        Self::new(end, reply)
    }

    /// How the transfer ended.
    pub const fn end(&self) -> StreamEnd {
        self.end
    }

    /// What is said.
    pub const fn reply(&self) -> &Reply<'a> {
        &self.reply
    }
}

/// What became of another server's reply that was relayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Relayed {
    /// It is the answer, word for word, and means to this session what it says. (In MODE B, C and Z and with STRU R a 250 becomes 226
    /// where the data connection is closed.)
    Verbatim,
    /// No client could take its code for an answer to that command: its words are said under 451.
    LocalError,
    /// It is a 1yz, and no answer yet: nothing is said, and the question stays open until the final reply.
    Pending,
}
