//! The phases of a server's session. Each owns the data that belongs to it, so that no other phase can be asked for them.

use alloc::boxed::Box;
use core::fmt;

use crate::command::{Command, Verb};
use crate::reply::Reply;
use crate::session::CommandId;
use crate::text::Path;
use crate::time::Instant;

/// What the session is doing.
#[derive(Debug)]
pub(super) enum Phase {
    /// No command is under way: the next line is taken up.
    Idle,
    /// `Question` is open.
    Asking(Asked<Answered>),
    /// A login was refused. The client is told at this moment, and no line is taken up before.
    Refusing { login: UnderWay, denial: Denial, at: Instant },
    /// PASV, EPSV or LPSV: `Listen` is open.
    Preparing(UnderWay),
    /// `Transfer` is open.
    Offering(Asked<Decided>),
    /// The application has agreed to a transfer.
    Transferring(Job, Step),
    /// `Commit` is open: an upload has come whole, and the client can't undo it any more.
    Committing(Asked<Committed>, Upload),
    /// A transfer is being stopped: `Close` is asked first.
    Stopping(UnderWay, Stop),
}

/// A command whose final reply is due.
#[derive(Debug, Clone, Copy)]
pub(super) struct UnderWay {
    pub(super) id: CommandId,
    pub(super) verb: Verb,
}

/// A command that waits for the application.
pub(super) struct Asked<Answer> {
    pub(super) id: CommandId,
    pub(super) command: Command<'static>,
    /// The same each time the question comes.
    pub(super) serial: u64,
    /// When the machine stops waiting.
    pub(super) by: Instant,
    /// The application's answer, from which the next poll goes on.
    pub(super) answer: Option<Answer>,
}

/// How a question was answered.
pub(super) enum Answered {
    /// The reply was sent.
    Said,
    /// The login was refused; the reply is delayed.
    LoginRefused(Denial),
}

/// The answer to a failed login.
#[derive(Debug)]
pub(super) enum Denial {
    /// The application's reply.
    Refused(Box<Reply<'static>>),
    /// 421, since it was one too many.
    TooMany,
}

/// What the application has decided about a transfer.
pub(super) enum Decided {
    /// The refusal was sent.
    Refused,
    Accepted {
        /// Where the transfer begins, in bytes from the start of the file.
        offset: u64,
        /// The name that the application chose for a STOU.
        unique: Option<Box<Path<'static>>>,
        /// The 150, if it is sent only once the client's port has answered (active mode).
        opening: Option<Box<Reply<'static>>>,
    },
}

/// A transfer that the application has agreed to.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) id: CommandId,
    pub(super) command: Command<'static>,
    /// Where the transfer begins, in bytes from the start of the file.
    pub(super) offset: u64,
    /// The name that the application chose for a STOU.
    pub(super) unique: Option<Box<Path<'static>>>,
}

/// How far a transfer has come.
#[derive(Debug)]
pub(super) enum Step {
    /// `Connect` to the client's port is open; this 150 is sent after it.
    Connecting(Box<Reply<'static>>),
    /// The 150 was sent: `Accept` is open.
    Accepting,
    /// `SecureData` is open if PROT P is in force, then `Stream`.
    Moving,
    /// An upload has come whole: `Look` is open.
    Looking,
    /// `Look` was answered: the lines that it brought are taken up.
    Looked,
}

/// An upload that has come whole.
#[derive(Debug)]
pub(super) struct Upload {
    /// The number of bytes that have come.
    pub(super) moved: u64,
    /// The name that the application chose for a STOU.
    pub(super) unique: Option<Box<Path<'static>>>,
    /// The application's own reply for the end of the stream.
    pub(super) words: Option<Box<Reply<'static>>>,
}

/// The final reply to an upload was sent.
pub(super) struct Committed;

/// Why a transfer is stopped.
#[derive(Debug, Clone, Copy)]
pub(super) enum Stop {
    /// This ABOR, which is answered together with the transfer.
    Abort(CommandId),
    /// An ABOR behind other command lines, which is answered after those.
    Interrupt,
    /// No byte has moved for too long.
    Stall,
    /// The control connection has ended.
    Close,
}

impl Phase {
    /// Whether the application has answered the open question.
    pub(super) fn is_answered(&self) -> bool {
        match self {
            Self::Asking(asked) => asked.answer.is_some(),
            Self::Offering(asked) => asked.answer.is_some(),
            Self::Committing(asked, _) => asked.answer.is_some(),
            _ => false,
        }
    }
}

impl Job {
    pub(super) fn under_way(&self) -> UnderWay {
        UnderWay { id: self.id, verb: self.command.verb() }
    }
}

impl<Answer> Asked<Answer> {
    pub(super) fn under_way(&self) -> UnderWay {
        UnderWay { id: self.id, verb: self.command.verb() }
    }
}

impl<Answer> fmt::Debug for Asked<Answer> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Asked").field("command", &self.command).field("open", &self.answer.is_none()).finish()
    }
}
