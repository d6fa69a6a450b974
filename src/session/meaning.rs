//! What a reply means, and which command it answers.

use super::due::{Awaited, CommandId};
use crate::reply::{Class, Code};

/// What a reply means for the command that it answers (the arrows of RFC 959 chapter 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// 1yz: another reply follows.
    Wait,
    /// 2yz: done.
    Success,
    /// 3yz: the next command of the sequence is due.
    Continue,
    /// 4yz or 5yz: refused. 6yz: a protected reply (RFC 2228), which this crate can't read.
    Failure,
}

impl Step {
    /// What any reply with this code means.
    pub const fn of(code: Code) -> Self {
        match code.class() {
            Class::Preliminary => Self::Wait,
            Class::Completion => Self::Success,
            Class::Intermediate => Self::Continue,
            // 6yz (RFC 2228) wraps a reply that can't be read here: it ends the command, and nobody knows that it succeeded.
            Class::TransientNegative | Class::PermanentNegative | Class::Protected => Self::Failure,
        }
    }
}

/// What a reply that was heard answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Answered {
    /// Something that was due.
    Due {
        /// The identity of the command; [`CommandId::GREETING`] if it is the greeting.
        id: CommandId,
        /// The command's verb, or the greeting.
        awaited: Awaited,
        /// What the reply means for it.
        step: Step,
    },
    /// A final reply that fits nothing that is due: the answer to something with an odd code, or to nothing. It has changed nothing;
    /// [`Session::settle`](crate::Session::settle) does if it turns out to be the answer.
    Suspect {
        /// What is due first, and was answered so if anything was.
        id: CommandId,
        /// Its verb, or the greeting.
        awaited: Awaited,
    },
    /// Nothing is due, or it is a 1yz that can't precede the answer to anything that is.
    Unsolicited,
}

impl Answered {
    /// The identity of the command that is answered.
    pub const fn id(self) -> Option<CommandId> {
        match self {
            Self::Due { id, .. } => Some(id),
            Self::Suspect { .. } | Self::Unsolicited => None,
        }
    }

    /// What is answered.
    pub const fn awaited(self) -> Option<Awaited> {
        match self {
            Self::Due { awaited, .. } => Some(awaited),
            Self::Suspect { .. } | Self::Unsolicited => None,
        }
    }

    /// What the reply means for it.
    pub const fn step(self) -> Option<Step> {
        match self {
            Self::Due { step, .. } => Some(step),
            Self::Suspect { .. } | Self::Unsolicited => None,
        }
    }
}
