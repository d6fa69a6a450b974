//! Lines that aren't commands, and commands that aren't supported.

use super::answers::NOT_LOGGED_IN;
use super::context::{Context, Life};
use super::phase::UnderWay;
use crate::command::{Command, CommandError, Verb};
use crate::reply::{Code, Reply};
use crate::session::LoginState;

const NOT_IMPLEMENTED: &str = "Command not implemented.";

impl Context {
    /// Answers a line that isn't a command: 500, 501 or 504; 502 if its verb isn't supported anyway; before the login 530 if its verb needs
    /// one.
    pub(super) fn complain(&mut self, error: &CommandError, verb: Verb) {
        let reply = match error.verb() {
            Some(verb) if self.is_early(verb) => Reply::from_static(Code::NOT_LOGGED_IN, NOT_LOGGED_IN),
            Some(verb) if !self.supports(verb) => Reply::from_static(Code::NOT_IMPLEMENTED, NOT_IMPLEMENTED),
            Some(verb) if matches!(error, CommandError::UnsupportedProtocol { .. }) => self.other_protocol(verb),
            _ => error.reply(),
        };
        let (id, _) = self.connection.session.unreadable(verb);
        let to = UnderWay { id, verb };
        match verb {
            Verb::Other => self.answer_unknown(to, &reply),
            _ => self.answer(to, &reply),
        }
    }

    /// Whether a verb needs a login, and there was none. SITE needs one since it reaches the application.
    fn is_early(&self, verb: Verb) -> bool {
        (verb.needs_login() || verb == Verb::Site) && !self.is_logged_in()
    }

    /// Whether the machine or the application has an answer other than 502.
    pub(super) fn supports(&self, verb: Verb) -> bool {
        match verb {
            Verb::Other => self.support().hands_on(self.is_logged_in()),
            verb if self.knows(verb) => true,
            // After 332 a client has to be able to send ACCT.
            verb => verb == Verb::Acct && self.connection.session.login() == LoginState::Account,
        }
    }

    /// Answers 500 to an unknown command, and 502 to one that isn't supported.
    pub(super) fn not_supported(&mut self, command: &Command<'_>) {
        let verb = command.verb();
        let (id, _) = self.connection.session.command(command);
        let to = UnderWay { id, verb };
        match verb {
            Verb::Other => self.answer_unknown(to, &Reply::from_static(Code::SYNTAX_ERROR, "Unknown command.")),
            verb if self.is_early(verb) => self.answer_static(to, Code::NOT_LOGGED_IN, NOT_LOGGED_IN),
            _ => self.answer_static(to, Code::NOT_IMPLEMENTED, NOT_IMPLEMENTED),
        }
    }

    /// Answers an unknown command. Too many before the login end the session, since such a client speaks another protocol (ALPACA,
    /// CVE-2021-3618).
    fn answer_unknown(&mut self, to: UnderWay, reply: &Reply<'_>) {
        if !self.ends_unknown(to) {
            self.answer(to, reply);
        }
    }

    /// Counts an unknown command before the login. `true`: it was one too many, and is answered.
    pub(super) fn ends_unknown(&mut self, to: UnderWay) -> bool {
        if self.is_logged_in() {
            return false;
        }
        self.unknown_commands = self.unknown_commands.saturating_add(1);
        let ends = self.unknown_commands >= self.config.max_unknown_commands;
        if ends {
            self.answer_static(to, Code::SERVICE_NOT_AVAILABLE, "Too many unknown commands.");
        }
        ends
    }

    /// Turns away a browser, a mail program or a TLS client, which an attacker may have led here: one answer, and the session ends.
    pub(super) fn turn_away(&mut self) {
        let (id, _) = self.connection.session.unreadable(Verb::Other);
        self.answer_static(UnderWay { id, verb: Verb::Other }, Code::SYNTAX_ERROR, "This is FTP.");
        self.life = Life::Ending;
    }
}
