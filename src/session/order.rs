//! Which command may follow which (RFC 959 5.4).

use super::Session;
use super::due::Due;
use super::state::{LoginState, Security, Setup};
use crate::command::{Command, Verb};
use crate::reply::Code;

/// Why the commands before it don't allow a command. [`code`](Self::code) and [`text`](Self::text) are the server's reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OutOfOrder {
    /// It needs a login (530).
    NotLoggedIn,
    /// It must follow a command that didn't come or was refused: PASS without USER, RNTO without RNFR, PROT without PBSZ (503).
    BadSequence,
    /// After EPSV ALL only EPSV may set up a data connection (RFC 2428 4; 503).
    EpsvAll,
    /// A transfer without PORT, EPRT, PASV or EPSV before it (425; a choice against the default ports of RFC 959 3.3).
    NoDataConnection,
    /// Too many commands wait for their replies; this one was not recorded (503).
    TooManyDue,
}

impl OutOfOrder {
    /// The code of the server's reply.
    pub const fn code(self) -> Code {
        match self {
            Self::NotLoggedIn => Code::NOT_LOGGED_IN,
            Self::BadSequence | Self::EpsvAll | Self::TooManyDue => Code::BAD_SEQUENCE,
            Self::NoDataConnection => Code::CANNOT_OPEN_DATA_CONNECTION,
        }
    }

    /// A text for the server's reply, in the words that servers use.
    pub const fn text(self) -> &'static str {
        match self {
            Self::NotLoggedIn => "Please login with USER and PASS.",
            Self::BadSequence => "Bad sequence of commands.",
            Self::EpsvAll => "EPSV ALL is in effect.",
            Self::NoDataConnection => "Use PORT or PASV first.",
            Self::TooManyDue => "Too many commands at once.",
        }
    }
}

impl core::fmt::Display for OutOfOrder {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.text())
    }
}

impl core::error::Error for OutOfOrder {}

impl Session {
    /// The rules of order: whether the commands before it allow this one.
    pub(super) fn allows(&self, command: &Command<'_>) -> Result<(), OutOfOrder> {
        let verb = command.verb();
        if verb.needs_login() && self.login != LoginState::Complete {
            return Err(OutOfOrder::NotLoggedIn);
        }
        let pending = |wanted: Verb| self.due.back().is_some_and(|due| due.is(wanted));
        let nobody = matches!(self.login, LoginState::Nobody | LoginState::Welcome);
        let sequence = match verb {
            Verb::Pass => !nobody || pending(Verb::User),
            Verb::Acct => {
                matches!(self.login, LoginState::Account | LoginState::Complete)
                    || pending(Verb::User)
                    || pending(Verb::Pass)
            }
            Verb::Rnto => self.renaming || pending(Verb::Rnfr),
            Verb::Adat => self.security == Security::Exchanging || pending(Verb::Auth),
            Verb::Pbsz => self.security >= Security::Established || pending(Verb::Auth),
            Verb::Prot => self.security == Security::Buffered || pending(Verb::Pbsz),
            Verb::Ccc | Verb::Mic | Verb::Conf | Verb::Enc => self.security >= Security::Established,
            Verb::Host => nobody,
            _ => true,
        };
        if !sequence {
            return Err(OutOfOrder::BadSequence);
        }
        if self.epsv_all && verb.sets_up_data() && verb != Verb::Epsv {
            return Err(OutOfOrder::EpsvAll);
        }
        let preparing = || self.due.iter().any(Due::prepares_data);
        if verb.opens_data() && self.setup == Setup::None && !preparing() {
            return Err(OutOfOrder::NoDataConnection);
        }
        Ok(())
    }
}
