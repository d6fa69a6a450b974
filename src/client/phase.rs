//! The phases of a client's session. Each owns the data that belongs to it, so that no other phase can be asked for them.

use super::action::Violation;
use super::context::Ended;
use super::evidence::Breach;
use super::plan::Running;
use super::request::{Request, Wanted};
use crate::outbox::ControlError;

/// What the session is doing.
#[derive(Debug)]
pub(super) enum Phase {
    /// No request runs.
    Idle,
    /// A request was started. Its time runs from the next poll, which brings the clock.
    Started {
        request: Request,
        aborted: bool,
    },
    Running(Running),
    /// The request has ended: `Done` is shown next, then comes what the third field says.
    Ended(Wanted, Ended, Afterwards),
    /// The control connection can't be written to any more. Replies that were received are shown, then the violation.
    Mute(ControlError),
    /// The session has ended in order: the control connection is to be closed.
    Left,
    Broken(Violation, Breach),
}

/// What follows the end of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Afterwards {
    GoesOn,
    /// The session ends: QUIT was answered, or TLS has failed, without which nothing more may be sent.
    Leaves,
}
