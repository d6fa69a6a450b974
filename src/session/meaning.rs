//! What a reply means, and which command it answers.

use super::Session;
use super::due::{Awaited, CommandId, Due};
use crate::command::Verb;
use crate::reply::{Class, Code};

/// What a reply means for the command that it answers (the arrows of RFC 959 chapter 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// 1yz: another reply follows.
    Wait,
    /// 2yz: the command succeeded.
    Success,
    /// 3yz: the next command of the sequence is expected.
    Continue,
    /// 4yz or 5yz: the command failed. Or 6yz: a protected reply (RFC 2228), which this crate can't read.
    Failure,
}

impl Step {
    /// What a reply with this code means for most commands.
    pub const fn of(code: Code) -> Self {
        match code.class() {
            Class::Preliminary => Self::Wait,
            Class::Completion => Self::Success,
            Class::Intermediate => Self::Continue,
            // 6yz (RFC 2228) wraps a reply that can't be read here: it ends the command, and not with a known success.
            Class::TransientNegative | Class::PermanentNegative | Class::Protected => Self::Failure,
        }
    }
}

/// What a received reply answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Answered {
    /// The reply answers a command whose reply was due, or is the greeting.
    Due {
        /// The identity of the command; [`CommandId::GREETING`] if it is the greeting.
        id: CommandId,
        /// The command's verb, or the greeting.
        awaited: Awaited,
        /// What the reply means for the command.
        step: Step,
    },
    /// The final reply can't answer anything that is due: it is an answer with an odd code, or no answer at all. It has changed nothing.
    /// If it turns out to be an answer, call [`Session::settle`](crate::Session::settle).
    Suspect {
        /// The command whose reply is due first. If the suspect is an answer, it most likely answers this one.
        id: CommandId,
        /// That command's verb, or the greeting.
        awaited: Awaited,
    },
    /// Nothing is due, or the reply is a 1yz that can't come before the answer to anything that is due.
    Unsolicited,
}

impl Answered {
    /// The identity of the command that is answered; `None` unless [`Answered::Due`].
    pub const fn id(self) -> Option<CommandId> {
        match self {
            Self::Due { id, .. } => Some(id),
            Self::Suspect { .. } | Self::Unsolicited => None,
        }
    }

    /// What is answered; `None` unless [`Answered::Due`].
    pub const fn awaited(self) -> Option<Awaited> {
        match self {
            Self::Due { awaited, .. } => Some(awaited),
            Self::Suspect { .. } | Self::Unsolicited => None,
        }
    }

    /// What the reply means for the command; `None` unless [`Answered::Due`].
    pub const fn step(self) -> Option<Step> {
        match self {
            Self::Due { step, .. } => Some(step),
            Self::Suspect { .. } | Self::Unsolicited => None,
        }
    }
}

impl Session {
    /// The place in the queue of the command that `code` answers. Replies come in order, except those that a server may send while a
    /// transfer runs (a refusal of ABOR, too), those that it may leave out after ABOR, and those that only a later command can get.
    pub(super) fn place_of(&self, code: Code) -> Option<usize> {
        let front = self.due.front()?;
        let may_be_outrun = self.due.len() > 1 && (front.begun && front.is_transfer() || front.is(Verb::Abor));
        let fits = |due: &Due| due.awaited.may_be_answered(code);
        if fits(front) && !(may_be_outrun && rather_not(front, code)) {
            return Some(0);
        }
        // Of two that it can answer, a refusal answers the later one only if that may be refused so amid a transfer.
        let is_later = |due: &Due| {
            fits(due) && (!fits(front) || code.class() == Class::Completion || may_be_refused_amid_transfer(due, code))
        };
        if let Some(place) = self.due.iter().skip(1).position(is_later) {
            return place.checked_add(1);
        }
        (fits(front) || self.ends_the_only(front, code)).then_some(0)
    }

    /// Whether the code ends the only transfer: any 2yz does, even an odd one.
    pub(super) fn ends_the_only(&self, due: &Due, code: Code) -> bool {
        self.due.len() == 1 && due.begun && due.is_transfer() && code.class() == Class::Completion
    }
}

/// Whether this negative reply is rather that of a command that was said amid a transfer than the transfer's. Servers that don't know ABOR have
/// several words for it. What has begun isn't unknown (502) itself; but it may end with 500, as in vsftpd's `500 OOPS`.
fn may_be_refused_amid_transfer(due: &Due, code: Code) -> bool {
    match code.value() {
        500 | 501 | 503 | 504 => due.is(Verb::Abor),
        502 => due.awaited.verb().is_some_and(Verb::is_heard_amid_transfer),
        _ => false,
    }
}

/// For a running transfer or an ABOR at the front: whether a 2yz is more likely the answer to a later NOOP, STAT or ABOR, or a refusal may be.
fn rather_not(due: &Due, code: Code) -> bool {
    if due.is_transfer() && matches!(code.value(), 500..=504) {
        return true;
    }
    let own = if due.is(Verb::Abor) { matches!(code.value(), 225 | 226) } else { matches!(code.value(), 226 | 250) };
    code.class() == Class::Completion && !own
}
