//! What a tracker tells.

use alloc::boxed::Box;
use core::net::SocketAddr;

use super::{Expectation, Purpose, Withdrawal};
use crate::command::{Command, Verb};
use crate::reply::{Code, Reply};
use crate::session::{Awaited, CommandId};

/// What a [`Tracker`](super::Tracker) tells: a line that has passed by, or what follows from it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Event<'a> {
    /// The client has sent a command line.
    Command {
        /// Its identity, by which replies and data connections name it.
        id: CommandId,
        /// Its verb.
        verb: Verb,
        /// The command; `None` if the line is too long or its argument can't be read. The server answers such a line, too.
        command: Option<Command<'a>>,
    },
    /// The server has sent a reply.
    Reply {
        /// The command that it answers, or [`CommandId::GREETING`]; `None` if it answers nothing that was seen, or if that isn't certain.
        answers: Option<CommandId>,
        /// The verb of that command, or the greeting.
        awaited: Option<Awaited>,
        /// The reply.
        reply: Reply<'a>,
    },
    /// A reply that was told without its command has answered this one, as what came behind it shows.
    Answered {
        /// The command.
        id: CommandId,
        /// The reply's code.
        code: Code,
    },
    /// The server has sent a line that is no reply where one should begin. These are at most its first 256 bytes.
    Noise(Box<[u8]>),
    /// Expect this data connection. What it is for may not be known yet.
    Expect(Expectation<'a>),
    /// The command has come that says what an expected data connection is for.
    Assigned(Expectation<'a>),
    /// Don't expect this data connection any more. Each one that was expected is withdrawn once.
    Withdrawn(Expectation<'a>, Withdrawal),
    /// A data connection was announced that the tracker doesn't expect. Either end may try it all the same. Of a command beyond the 64 that may wait for
    /// their replies nothing is told.
    Refused {
        /// The command that announced it, or whose reply did.
        id: CommandId,
        /// The address that was announced.
        to: SocketAddr,
        /// Why the tracker doesn't expect it.
        why: Objection,
    },
    /// A transfer has begun: its 1yz has come. If its command was missed, no [`Command`](Self::Command) has its identity.
    Begun(Purpose<'a>),
    /// A transfer has ended, with the code of its final reply; `None` if that reply wasn't seen, or never came.
    Ended(Purpose<'a>, Option<Code>),
    /// A user has logged in.
    LoggedIn {
        /// The argument of USER; `None` if it wasn't seen or isn't certain, has more than 80 bytes, or another USER waits for its reply.
        user: Option<&'a [u8]>,
    },
    /// TLS begins, or was there from the start: nothing that follows can be read.
    Blind,
    /// TLS has ended (CCC, RFC 4217 3): what follows can be read again. What was said under TLS isn't known.
    Sight,
    /// Which command a reply answers, or the state of the session, isn't certain any more.
    Lost(Loss),
    /// It is certain again which command each reply answers.
    Found,
}

/// Why a tracker doesn't expect a data connection that was announced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Objection {
    /// It goes to a host that is neither of the two ends nor [trusted](super::Rules::trusted) (FTP bounce, RFC 2577 3; CVE-2020-8284).
    Stranger,
    /// It goes to a port below 1024 (RFC 2577 3).
    LowPort,
    /// A part of the line or of the reply that announces it is missing.
    NotWhole,
    /// No user is logged in, the session has ended (421, 221), or a tracker that joined isn't in step yet: what looks like a PORT may be text of
    /// another protocol.
    NotLoggedIn,
    /// Before the login the client said a line of HTTP or SMTP. A page can have a browser say the rest, the login, too, if its server is in
    /// league with it (NAT slipstreaming).
    OtherProtocol,
    /// An AUTH hasn't been answered, and if the server accepts it, what was said behind it is void (RFC 4217 4).
    AmidAuth,
    /// EPSV ALL is in force, and another command than EPSV announces it (RFC 2428 4).
    EpsvAll,
}

/// Why a tracker isn't certain any more which command a reply answers, or which state the session is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Loss {
    /// [`gap`](super::Tracker::gap) said that bytes are missing.
    Gap,
    /// A reply answers nothing that was seen: its command was missed, or the server says more than it was asked.
    Unsolicited,
    /// The client went on, though the reply to its last command wasn't seen.
    Unanswered,
    /// A reply fits two commands equally well, and one of them may have been answered already.
    Ambiguous,
    /// More than 64 commands wait for their replies. No data connection is expected that those beyond announce.
    TooManyDue,
    /// A reply is longer than [`Rules::replies`](super::Rules::replies) allows, so that its end isn't known.
    ReplyTooLong,
}

/// What a reply makes of the bytes behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// They are TLS.
    Secured,
    /// They may be TLS: an AUTH that wasn't seen was accepted.
    Promised,
}

/// What is to be told beside lines and the book.
#[derive(Debug, Default)]
pub(super) struct News {
    /// Any of these.
    pub(super) stirred: bool,
    pub(super) blind: bool,
    pub(super) sight: bool,
    pub(super) logged_in: bool,
    pub(super) has_refused: bool,
    /// Comes before all else.
    pub(super) turn: Option<Turn>,
    /// The last one. Seldom any, and large.
    pub(super) refused: Option<Box<(CommandId, SocketAddr, Objection)>>,
}

impl News {
    pub(super) fn refuse(&mut self, id: CommandId, to: SocketAddr, why: Objection) {
        self.refused = Some(Box::new((id, to, why)));
        (self.has_refused, self.stirred) = (true, true);
    }
}
