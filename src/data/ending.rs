//! The end of a transfer in the own words of a server's application.

use super::words::StreamEnd;
use crate::command::Verb;
use crate::reply::{Class, Code, Reply};

/// How a transfer ended, together with the server's final reply, which may have many lines. The two can't contradict each other.
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
    /// An end with its reply. [`StreamEnd::Clean`] and [`StreamEnd::Marked`] need a 2yz that ends a transfer (226 or 250, not 227), every
    /// other end a 4yz or 5yz; else this is `None`.
    ///
    /// After a marked end only 250 leaves the connection open for the next transfer. Where it could stay open but was closed, 250 is sent as
    /// 226 (RFC 959 3.3). 421 ends the session once it is written.
    pub fn new(end: StreamEnd, reply: Reply<'a>) -> Option<Self> {
        let fits = match reply.code().class() {
            // All transfer commands have one row of the table.
            Class::Completion => end.is_whole() && Verb::Retr.may_be_answered_with(reply.code()),
            Class::TransientNegative | Class::PermanentNegative => !end.is_whole(),
            Class::Preliminary | Class::Intermediate | Class::Protected => false,
        };
        fits.then_some(Self { end, reply })
    }

    /// The end that a reply tells: 2yz is [`StreamEnd::Clean`], 426 `Truncated`, 452 and 552 `StorageFull`, any other 4yz or 5yz
    /// `LocalError`. `None` if the reply doesn't end a transfer.
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

    /// The final reply.
    pub const fn reply(&self) -> &Reply<'a> {
        &self.reply
    }
}

/// What became of another server's reply that was relayed, as by [`Question::relay`](crate::server::Question::relay).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Relayed {
    /// It is the answer, word for word, with the meaning of its code. (In MODE B, C and Z and with STRU R, 250 becomes 226 if the data
    /// connection is closed.)
    Verbatim,
    /// Its code can't answer that command: its text is sent with the code 451.
    LocalError,
    /// It is a 1yz, which answers nothing yet: nothing is sent, and the question stays open until the final reply.
    Pending,
}
