//! What a tracker tells.

use alloc::boxed::Box;
use core::net::SocketAddr;

use super::{Expectation, Loss, Purpose, Withdrawal};
use crate::command::{Command, Verb};
use crate::reply::{Code, Reply};
use crate::session::{Awaited, CommandId};

/// What has passed by, or what follows from it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Event<'a> {
    /// The client said a command.
    Command {
        /// Its identity: replies and data connections name it.
        id: CommandId,
        /// Its verb.
        verb: Verb,
        /// The command; `None` if its line is none: too long, or with an argument that is no argument. It is answered all the same.
        command: Option<Command<'a>>,
    },
    /// The server said a reply.
    Reply {
        /// The command that it answers, or [`CommandId::GREETING`]; `None` if that isn't known, or if it answers nothing.
        answers: Option<CommandId>,
        /// What that was.
        awaited: Option<Awaited>,
        /// The reply.
        reply: Reply<'a>,
    },
    /// A reply with this code, which was told without what it answers, has answered this command: the client or the server went on.
    Answered {
        /// The command.
        id: CommandId,
        /// The reply's code.
        code: Code,
    },
    /// The server said a line where a reply should begin, and it is none; at most its first 256 bytes.
    Noise(Box<[u8]>),
    /// A data connection is to be expected. Its purpose may not be known yet.
    Expect(Expectation<'a>),
    /// Its purpose is known now.
    Assigned(Expectation<'a>),
    /// It isn't to be expected any more. Each one that was expected is withdrawn once.
    Withdrawn(Expectation<'a>, Withdrawal),
    /// A data connection was announced, and isn't to be expected.
    Refused {
        /// The command that announced it, or whose reply did.
        id: CommandId,
        /// Where it was to go.
        to: SocketAddr,
        /// Why not.
        why: Objection,
    },
    /// A transfer has begun: its 1yz has come.
    Begun(Purpose<'a>),
    /// A transfer has ended, with this final reply; `None` if that wasn't seen, or never came.
    Ended(Purpose<'a>, Option<Code>),
    /// A user has logged in.
    LoggedIn {
        /// The argument of USER, if it was seen, and is no more than 256 bytes.
        user: Option<&'a [u8]>,
    },
    /// TLS begins, or was there from the start: nothing more can be read.
    Blind,
    /// TLS has ended (CCC): what comes can be read again. What was said in between isn't known.
    Sight,
    /// It isn't certain any more what answers what.
    Lost(Loss),
    /// It is certain again.
    Found,
}

/// Why a data connection that was announced isn't to be expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Objection {
    /// It goes to a host that is neither of the two ends, nor trusted (FTP bounce: RFC 2577 3; CVE-2020-8284 and its siblings).
    Stranger,
    /// It goes to a port below 1024 (RFC 2577 3).
    LowPort,
    /// A part of the line or of the reply that announces it is missing.
    NotWhole,
    /// Nobody is logged in, or a tracker that joined hasn't found step yet: what looks like a PORT may be text of another protocol.
    NotLoggedIn,
    /// Before the login the client said a line of HTTP or SMTP. A page can have a browser say the rest, the login, too, if its server is in
    /// league with it (NAT slipstreaming).
    OtherProtocol,
    /// An AUTH is due, which makes the server drop what was said behind it (RFC 4217 4).
    AmidAuth,
    /// EPSV ALL is in force (RFC 2428 4).
    OnlyEpsv,
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
    /// The last one. Seldom any, and large.
    pub(super) refused: Option<Box<(CommandId, SocketAddr, Objection)>>,
}

impl News {
    pub(super) fn refuse(&mut self, id: CommandId, to: SocketAddr, why: Objection) {
        self.refused = Some(Box::new((id, to, why)));
        (self.has_refused, self.stirred) = (true, true);
    }
}
