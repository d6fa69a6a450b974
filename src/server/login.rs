//! How often somebody may try to log in.

use alloc::boxed::Box;

use super::context::Context;
use crate::reply::{Code, Reply};

impl Context {
    /// A login was refused, which is said after a while; the third time ends the session (RFC 2577 5).
    pub(super) fn count_failed_login(&mut self, reply: &Reply<'_>) -> Box<Reply<'static>> {
        self.login_failures = self.login_failures.saturating_add(1);
        if self.login_failures >= self.config.login_failures {
            Box::new(Reply::from_static(Code::SERVICE_NOT_AVAILABLE, "Too many failed logins."))
        } else {
            Box::new(reply.borrowed().into_owned())
        }
    }
}
