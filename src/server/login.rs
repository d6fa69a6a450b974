//! How often somebody may try to log in.

use alloc::boxed::Box;

use super::context::Context;
use super::phase::{Denial, UnderWay};
use crate::reply::{Code, Reply};

impl Context {
    /// A login was refused, which is said after a while; the third time ends the session (RFC 2577 5).
    pub(super) fn count_failed_login(&mut self, reply: &Reply<'_>) -> Denial {
        self.login_failures = self.login_failures.saturating_add(1);
        if self.login_failures >= self.config.max_login_failures {
            Denial::TooMany
        } else {
            Denial::Refused(Box::new(reply.borrowed().into_owned()))
        }
    }

    /// Says that a login has failed.
    pub(super) fn deny(&mut self, login: UnderWay, denial: &Denial) {
        match denial {
            Denial::Refused(reply) => self.answer(login, reply),
            Denial::TooMany => self.answer_static(login, Code::SERVICE_NOT_AVAILABLE, "Too many failed logins."),
        }
    }
}
