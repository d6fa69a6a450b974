//! Failed logins: each refusal is delayed, and too many end the session.

use alloc::boxed::Box;

use super::context::Context;
use super::phase::{Denial, UnderWay};
use crate::reply::{Code, Reply};

impl Context {
    /// Counts a failed login, and returns how it is to be answered after the delay (RFC 2577 5).
    pub(super) fn count_failed_login(&mut self, reply: &Reply<'_>) -> Denial {
        self.login_failures = self.login_failures.saturating_add(1);
        if self.login_failures >= self.config.max_login_failures {
            Denial::TooMany
        } else {
            Denial::Refused(Box::new(reply.borrowed().into_owned()))
        }
    }

    /// Sends the answer to a failed login.
    pub(super) fn deny(&mut self, login: UnderWay, denial: &Denial) {
        match denial {
            Denial::Refused(reply) => self.answer(login, reply),
            Denial::TooMany => self.answer_static(login, Code::SERVICE_NOT_AVAILABLE, "Too many failed logins."),
        }
    }
}
