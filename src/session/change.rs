//! How the final reply to a command changes the session: by the rows of the table, and by the exceptions that are listed above it.

use super::Session;
use super::due::{Awaited, Due, Value};
use super::meaning::Step;
use super::state::{LoginState, Security, Setup};
use super::table::{Change, Row, spends_data_connection};
use crate::reply::Code;

impl Session {
    /// Resets everything but the replies that are due and whether the session ends, since a 221 to REIN does both.
    #[cold]
    pub(super) fn restart_with(&mut self, security: Security) {
        let due = core::mem::take(&mut self.due);
        let (implicit, last, ending) = (self.implicit, self.last, self.ending);
        *self = Self { due, last, security, implicit, ending, ..Self::new() };
        if implicit {
            self.tls_began();
        }
    }

    /// Records what the final reply to a command changes. `last` says that no command came after this one.
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
            // A USER that is refused leaves a complete login as it is.
            Change::LoggedOut if self.login == LoginState::Complete => {}
            Change::LoggedOut => self.login = LoginState::Nobody,
            Change::AccountAccepted | Change::AccountRefused if self.login != LoginState::Account => {}
            Change::AccountAccepted => self.login = LoginState::Complete,
            Change::AccountRefused => self.login = LoginState::Nobody,
            Change::Reinitialised => self.restart_with(Security::None),
            // RFC 4217 4: the security exchange voids everything before it.
            Change::Secured => self.restart_with(Security::Established),
            Change::Exchanging => self.security = Security::Exchanging,
            Change::Established => self.security = Security::Established,
            Change::Buffered => self.security = Security::Buffered,
            // After CCC neither PBSZ nor PROT is legal (RFC 2228 3), and the protection level stays.
            Change::Cleared => (self.security, self.implicit) = (Security::None, false),
            // A command after RNFR that came before the 350 was its RNTO, or broke the sequence.
            Change::Renaming => self.renaming = last,
            Change::Passive if due.value == Value::EpsvAll => {}
            Change::Passive => self.setup = Setup::Passive,
            Change::Active => self.setup = Setup::Active,
            Change::Spent => {
                // Stream mode ends the data connection with the file (RFC 959 3.4.1). If the command is refused before its 1yz, the
                // setup stays for the next one: ftpcopy relies on that, and vsftpd and pyftpdlib behave so.
                // If the data marks the end of a file, the connection may stay: a 226 closes it, and a 250 doesn't (RFC 959 3.3).
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
            (Value::EpsvAll, Step::Success) => self.epsv_all = true,
            (Value::Protection(value), Step::Success) => self.protection = value,
            _ => {}
        }
    }
}
