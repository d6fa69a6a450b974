//! What the machine is at. Each phase owns what belongs to it, and nothing else can be asked of it.

use alloc::boxed::Box;
use core::fmt;

use crate::command::{Command, Verb};
use crate::reply::Reply;
use crate::session::CommandId;
use crate::text::Path;
use crate::time::Instant;

#[derive(Debug)]
pub(super) enum Phase {
    /// Nothing is under way: the next command line is.
    Idle,
    /// `Question` is open.
    Asking(Asked<Answered>),
    /// A login was refused; that is said at this moment, and nothing is taken up before.
    Refusing { login: UnderWay, reply: Box<Reply<'static>>, at: Instant },
    /// PASV, EPSV or LPSV: `Listen` is open.
    Preparing(UnderWay),
    /// `Transfer` is open.
    Offering(Asked<Decided>),
    /// The application has agreed to a transfer.
    Transferring(Job, Step),
    /// `Commit` is open: an upload has come whole, and nothing undoes it any more. With it the name that STOU chose.
    Committing(Asked<Committed>, Option<Box<Path<'static>>>),
    /// A transfer is stopped: what runs outside for it goes first.
    Stopping(UnderWay, Stop),
}

/// The command whose final reply is owed.
#[derive(Debug, Clone, Copy)]
pub(super) struct UnderWay {
    pub(super) id: CommandId,
    pub(super) verb: Verb,
}

/// A command that waits for the application.
pub(super) struct Asked<Answer> {
    pub(super) id: CommandId,
    pub(super) command: Command<'static>,
    /// The same for the same question, however often it comes.
    pub(super) serial: u32,
    /// When the machine stops waiting.
    pub(super) by: Instant,
    /// What the application has said; the next poll goes on from there.
    pub(super) answer: Option<Answer>,
}

/// How a question was answered.
pub(super) enum Answered {
    /// The reply was said.
    Said,
    /// The login was refused, which is said after a while.
    LoginRefused(Box<Reply<'static>>),
}

/// What the application has decided about a transfer.
pub(super) enum Decided {
    /// The refusal was said.
    Refused,
    Accepted {
        /// The name that STOU chose.
        unique: Option<Box<Path<'static>>>,
        step: Step,
    },
}

/// A transfer that the application has agreed to.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) id: CommandId,
    pub(super) command: Command<'static>,
    /// The name that STOU chose.
    pub(super) unique: Option<Box<Path<'static>>>,
}

/// How far a transfer has come.
#[derive(Debug)]
pub(super) enum Step {
    /// The client's port is dialled; this 150 comes after it.
    Connecting(Box<Reply<'static>>),
    /// The 150 was said, and the client is to connect.
    Accepting,
    /// `SecureData` is open if PROT P is in force, then `Stream`.
    Moving,
    /// An upload has come whole: `Look` is open.
    Looking,
    /// It was looked, and what came is taken up.
    Looked,
}

/// What became of an upload was said.
pub(super) struct Committed;

/// Why a transfer is stopped.
#[derive(Debug, Clone, Copy)]
pub(super) enum Stop {
    /// This ABOR, which is answered with it.
    Abort(CommandId),
    /// ABOR behind other command lines, which is answered after those.
    Interrupt,
    /// Nothing has moved for too long.
    Stall,
    /// The control connection has ended.
    Close,
}

impl Phase {
    /// The application has answered the open question.
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
