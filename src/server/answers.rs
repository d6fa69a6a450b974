//! The commands that the machine answers alone.

use super::context::{Context, GOODBYE};
use super::phase::UnderWay;
use crate::command::{Command, EpsvArgument, Verb};
use crate::reply::{Code, Reply};
use crate::session::OutOfOrder;

pub(super) const NOOP_OK: &str = "NOOP ok.";
pub(super) const NOT_LOGGED_IN: &str = OutOfOrder::NotLoggedIn.text();

impl Context {
    /// Answers a NOOP that the session has let pass.
    pub(super) fn say_noop(&mut self) {
        self.connection.outbox.say(|out| Reply::encode_line(Code::COMMAND_OKAY, NOOP_OK, out));
    }

    /// Answers a command, if the machine can. `false`: the application has to.
    pub(super) fn answers_alone(&mut self, to: UnderWay, command: &Command<'_>) -> bool {
        match command {
            Command::Noop if !self.support().asks(Verb::Noop) => self.answer_static(to, Code::COMMAND_OKAY, NOOP_OK),
            Command::Quit if !self.support().asks(Verb::Quit) => {
                self.answer_static(to, Code::CLOSING_CONTROL_CONNECTION, GOODBYE);
            }
            Command::Abor => {
                // ABOR closes a data connection that was left open for the next transfer (RFC 959 3.3).
                if self.connection.data.is_standing() {
                    self.connection.data.release();
                }
                self.answer_static(to, Code::DATA_CONNECTION_OPEN, "No transfer to ABOR.");
            }
            Command::Type(value) => self.set_type(to, *value),
            Command::Stru(value) => self.set_structure(to, *value),
            Command::Mode(value) => self.set_mode(to, *value),
            Command::Rest(offset) => self.set_restart(to, *offset),
            Command::Rang { start, end } => self.set_range(to, *start, *end),
            // An address that was agreed on before stays valid: RFC 2428 4 only forbids the other commands from now on.
            Command::Epsv(EpsvArgument::All) => self.answer_static(to, Code::COMMAND_OKAY, "EPSV ALL ok."),
            Command::Allo(_) if !self.support().asks(Verb::Allo) => {
                self.answer_static(to, Code::SUPERFLUOUS, "ALLO command ignored.");
            }
            Command::Acct(_) if self.is_logged_in() && !self.account_wanted => {
                self.answer_static(to, Code::SUPERFLUOUS, "No account is needed.");
            }
            Command::Clnt(_) if !self.support().asks(Verb::Clnt) => {
                self.answer_static(to, Code::COMMAND_OKAY, "Noted.")
            }
            // Nothing has to be kept: the transfer command names the file again.
            Command::Pret(_) => self.answer_static(to, Code::COMMAND_OKAY, "OK, will use it for the next transfer."),
            Command::Syst if !self.support().asks(Verb::Syst) => self.say_system(to),
            Command::Feat if !self.support().asks(Verb::Feat) => self.say_features(to),
            Command::Help(verb) if !self.support().asks(Verb::Help) => self.say_help(to, verb.as_ref()),
            Command::Stat(None) => {
                let status = self.status(false);
                self.answer(to, &status);
            }
            Command::Site(_) | Command::Stat(Some(_)) if !self.is_logged_in() => {
                self.answer_static(to, Code::NOT_LOGGED_IN, NOT_LOGGED_IN);
            }
            Command::Stat(Some(_)) if !self.support().asks(Verb::Stat) => {
                self.answer_static(to, Code::NOT_IMPLEMENTED, "STAT of a path is not implemented.");
            }
            Command::Size(_) if self.is_text() && !self.config.size_in_ascii => {
                self.answer_static(to, Code::FILE_UNAVAILABLE, "SIZE not allowed in ASCII mode.");
            }
            Command::Opts(option) => self.set_option(to, option),
            Command::Lang(tag) => self.set_language(to, tag.as_ref()),
            Command::Site(site) => return self.answers_site(to, site),
            _ => return false,
        }
        true
    }
}
