//! What the final reply to a command changes (the rows of the table, and what stands above it).

use super::Session;
use super::due::{Awaited, Due, Value};
use super::meaning::Step;
use super::state::{LoginState, Security, Setup};
use super::table::{Change, Row, spends_data_connection};
use crate::reply::Code;

impl Session {
    /// All is as it was at first, but for what is due, and for the end: 221 to REIN is both.
    #[cold]
    pub(super) fn restart_with(&mut self, security: Security) {
        let due = core::mem::take(&mut self.due);
        let (implicit, last, ending) = (self.implicit, self.last, self.ending);
        *self = Self { due, last, security, implicit, ending, ..Self::new() };
        if implicit {
            self.tls_began();
        }
    }

    /// What the final reply to a command changes. `last`: no command came behind this one.
    pub(super) fn apply(&mut self, due: Due, code: Code, step: Step, last: bool) {
        let Awaited::Command(verb) = due.awaited else {
            if code == Code::LOGGED_IN {
                self.login = LoginState::Welcome;
            }
            return;
        };
        match Row::of(verb).change(step) {
            Change::Nothing => {}
            Change::LoggedIn => self.login = LoginState::Complete,
            Change::AskedOn if code == Code::NEED_ACCOUNT => self.login = LoginState::Account,
            Change::AskedOn => self.login = LoginState::Password,
            Change::AskedForAccount => self.login = LoginState::Account,
            // A server that refuses another USER leaves who is logged in alone.
            Change::LoggedOut if self.login == LoginState::Complete => {}
            Change::LoggedOut => self.login = LoginState::Nobody,
            Change::AccountAccepted | Change::AccountRefused if self.login != LoginState::Account => {}
            Change::AccountAccepted => self.login = LoginState::Complete,
            Change::AccountRefused => self.login = LoginState::Nobody,
            Change::Reinitialised => self.restart_with(Security::None),
            // RFC 4217 4: whatever was said before the security exchange is void.
            Change::Secured => self.restart_with(Security::Established),
            Change::Exchanging => self.security = Security::Exchanging,
            Change::Established => self.security = Security::Established,
            Change::Buffered => self.security = Security::Buffered,
            // Neither PBSZ nor PROT is legal after it (RFC 2228 3), and what PROT said stays.
            Change::Cleared => (self.security, self.implicit) = (Security::None, false),
            // A command that came behind it before its 350 was its RNTO already, or broke the sequence.
            Change::Renaming => self.renaming = last,
            Change::Passive if due.value == Value::OnlyEpsv => {}
            Change::Passive => self.setup = Setup::Passive,
            Change::Active => self.setup = Setup::Active,
            Change::Spent => {
                // Stream mode ends the data connection with the file (RFC 959 3.4.1). A command that is refused before its
                // 1yz leaves it for the next one: ftpcopy counts on it, and vsftpd and pyftpdlib grant it.
                // Where the end of a file is in the data, it may stay: a 226 closes it, and a 250 doesn't (RFC 959 3.3).
                let stays = step == Step::Success && code == Code::FILE_ACTION_COMPLETED && self.form().marks_end();
                if !stays && (due.begun || step == Step::Success || spends_data_connection(code)) {
                    self.setup = Setup::None;
                }
                self.restart = 0;
            }
            Change::Ended => self.ending = true,
        }
        match (due.value, step) {
            (Value::Offset(offset), Step::Continue) => self.restart = offset,
            (Value::Representation(value), Step::Success) => self.representation = value,
            (Value::Structure(value), Step::Success) => self.structure = value,
            (Value::Mode(value), Step::Success) => self.mode = value,
            (Value::OnlyEpsv, Step::Success) => self.only_epsv = true,
            (Value::Protection(value), Step::Success) => self.protection = value,
            _ => {}
        }
    }
}
