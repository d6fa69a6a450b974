//! Who may try to log in, how often, and what is no FTP at all.

use alloc::boxed::Box;

use super::exchange::{Exchange, Phase};
use super::{Next, Server};
use crate::command::Verb;
use crate::reply::{Code, Reply};
use crate::session::Login;
use crate::time::Instant;

/// How other protocols begin a line: HTTP (RFC 9110 9.3, RFC 5789, RFC 9113 3.4) and SMTP (RFC 5321 4.1.1, RFC 2033, RFC 3207,
/// RFC 3030, RFC 1985), but for the words that FTP has, too.
const FOREIGN: &[&[u8]] = &[
    b"GET",
    b"HEAD",
    b"POST",
    b"PUT",
    b"DELETE",
    b"CONNECT",
    b"OPTIONS",
    b"TRACE",
    b"PATCH",
    b"PRI",
    b"HELO",
    b"EHLO",
    b"LHLO",
    b"MAIL",
    b"RCPT",
    b"DATA",
    b"RSET",
    b"VRFY",
    b"EXPN",
    b"STARTTLS",
    b"BDAT",
    b"ETRN",
];

/// The refusal of a login, which is said after a while.
#[derive(Debug)]
pub(super) struct Delayed {
    reply: Reply<'static>,
    /// Since the machine was polled with it.
    until: Option<Instant>,
}

impl Server {
    /// A login was refused: nothing is taken up until that is said. `None`: look again.
    pub(super) fn delay(&mut self, now: Instant) -> Option<Next> {
        let too_much = self.kept() > self.exchange.config.pipeline;
        let exchange = &mut self.exchange;
        let patience = exchange.config.patience.login_failure;
        let Some(delayed) = &mut exchange.delayed else {
            exchange.answer_static(Code::NOT_LOGGED_IN, "Login incorrect.");
            return None;
        };
        let until = *delayed.until.get_or_insert_with(|| now.after(patience));
        if now < until {
            if !too_much {
                return Some(Next::Read(until));
            }
            exchange.answer_static(Code::SERVICE_NOT_AVAILABLE, "Too many commands at once.");
        } else if let Some(delayed) = exchange.delayed.take() {
            exchange.answer(&delayed.reply);
        }
        None
    }
}

impl Exchange {
    /// A login was refused, which is said after a while; the third time ends the session (RFC 2577 5).
    pub(super) fn refuse_login(&mut self, reply: &Reply<'_>) {
        self.login_failures = self.login_failures.saturating_add(1);
        let reply = if self.login_failures >= self.config.login_failures {
            Reply::from_static(Code::SERVICE_NOT_AVAILABLE, "Too many failed logins.")
        } else {
            reply.borrowed().into_owned()
        };
        self.forget_line();
        self.delayed = Some(Box::new(Delayed { reply, until: None }));
        self.phase = Phase::Refusing;
    }

    /// Answers a word that nobody knows; before the login not for ever: who says such things speaks another protocol
    /// (ALPACA, CVE-2021-3618).
    pub(super) fn answer_unknown(&mut self, reply: &Reply<'_>) {
        if self.session.login() != Login::Complete {
            self.unknown_commands = self.unknown_commands.saturating_add(1);
            if self.unknown_commands >= self.config.unknown_commands {
                return self.answer_static(Code::SERVICE_NOT_AVAILABLE, "Too many unknown commands.");
            }
        }
        self.answer(reply);
    }

    /// A browser, a mail program or a TLS client that was led here, so that it says what somebody else wants: one
    /// answer, and the end.
    pub(super) fn turn_away(&mut self) {
        let _ = self.session.unreadable(Verb::Other);
        self.answer_static(Code::SYNTAX_ERROR, "This is FTP.");
        self.ending = true;
    }
}

/// Whether a line that is no command is another protocol's: HTTP, SMTP, a header line, SSH, a TLS record.
pub(super) fn is_foreign(line: &[u8]) -> bool {
    let word = line.split(|byte| *byte == b' ').next().unwrap_or_default();
    let control = word.first().is_some_and(|byte| *byte < b' ' && !matches!(byte, 0 | b'\t' | b'\r'));
    control
        || word.ends_with(b":")
        || word.starts_with(b"SSH-")
        || FOREIGN.iter().any(|foreign| word.eq_ignore_ascii_case(foreign))
}
