//! What the machine is at. Each phase owns what belongs to it, and nothing else can be asked of it.

use super::action::Violation;
use super::context::Ended;
use super::evidence::Breach;
use super::plan::Running;
use super::request::{Request, Wanted};
use crate::outbox::ControlError;

/// What the machine is at.
#[derive(Debug)]
pub(super) enum Phase {
    /// No request runs.
    Idle,
    /// A request was started; its time begins with the next poll.
    Started {
        request: Request,
        aborted: bool,
    },
    Running(Running),
    /// The request has ended: `Done` is shown, then it goes on so.
    Ended(Wanted, Ended, Afterwards),
    /// Nothing can be said any more. What was received is shown, then why.
    Mute(ControlError),
    /// The control connection is to be closed.
    Left,
    Broken(Violation, Breach),
}

/// How the session goes on once a request has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Afterwards {
    GoesOn,
    /// QUIT was answered; or TLS was to begin, without which there is nothing more to say.
    Leaves,
}
