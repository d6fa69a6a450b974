//! TLS on the server's side (RFC 2228, RFC 4217): AUTH, PBSZ, PROT, CCC, and when TLS begins and ends.

use super::config::Security;
use super::context::{Context, Life};
use super::phase::UnderWay;
use crate::command::{Command, Protection, Verb};
use crate::reply::Code;
use crate::tls::Tls;

/// The mechanisms of AUTH that mean TLS; vsftpd and ProFTPD take all four. The last two imply PROT P.
const MECHANISMS: &[&[u8]] = &[b"TLS", b"TLS-C", b"SSL", b"TLS-P"];

impl Context {
    /// Whether TLS begins or ends on the control connection, so that nothing else may be done, least of all a Write. If it has failed, the
    /// session ends.
    #[inline]
    pub(super) fn awaits_tls(&mut self) -> bool {
        let connection = &self.connection;
        match connection.tls {
            Tls::Off | Tls::On => return false,
            Tls::Starting { .. } if connection.input_ended => {}
            Tls::Starting { deadline } | Tls::Stopping { deadline } if connection.now >= deadline => {}
            Tls::Starting { .. } | Tls::Stopping { .. } => return true,
            Tls::Failed(_) => {}
        }
        self.hang_up();
        false
    }

    /// Begins or ends TLS if AUTH, CCC or REIN requires it, now that its reply is written. `unread`: more was received after that command.
    /// `true`: look again.
    #[inline]
    pub(super) fn follow_tls(&mut self, unread: bool) -> bool {
        let turns = self.is_turning();
        if turns {
            self.turn(unread);
        }
        turns
    }

    #[cold]
    fn turn(&mut self, unread: bool) {
        if unread {
            return self.hang_up();
        }
        let deadline = self.connection.after(self.config.patience.handshake);
        self.connection.tls = match self.connection.tls {
            Tls::Off => Tls::Starting { deadline },
            _ => Tls::Stopping { deadline },
        };
    }

    /// Whether a reply that begins or ends TLS was sent, and TLS hasn't followed yet. Bytes that are received now are neither inside TLS nor
    /// outside, and an attacker could have injected them (CVE-2011-1575).
    #[inline]
    pub(super) fn is_turning(&self) -> bool {
        match self.connection.tls {
            Tls::Off => self.connection.session.is_secured(),
            Tls::On => !self.connection.session.is_secured(),
            Tls::Starting { .. } | Tls::Stopping { .. } => true,
            Tls::Failed(_) => false,
        }
    }

    /// AUTH, CCC and REIN change the protection of the commands that follow, so none may have been received yet: the answer is 503, and the
    /// session ends, as FileZilla Server does. `true`: that was done.
    pub(super) fn refuses_spurious(&mut self, to: UnderWay, command: &Command<'_>, unread: bool) -> bool {
        let text = match (command, self.connection.tls) {
            (Command::Auth(mechanism), Tls::Off) if is_tls(mechanism.as_bytes()) => "Spurious data after AUTH command.",
            (Command::Ccc, Tls::On) if self.config.clear_command_channel => "Spurious data after CCC command.",
            // REIN doesn't end implicit TLS.
            (Command::Rein, Tls::On) if !self.config.implicit_tls => "Spurious data after REIN command.",
            _ => return false,
        };
        if unread {
            self.answer_static(to, Code::BAD_SEQUENCE, text);
            self.life = Life::Ending;
        }
        unread
    }

    /// How a command is refused that the policy doesn't allow without TLS: a login, or a data connection.
    pub(super) fn lacks_tls(&self, verb: Verb) -> Option<(Code, &'static str)> {
        let security = self.config.security;
        if verb.names_user() && security >= Security::Login && self.connection.tls != Tls::On {
            return Some((Code::NOT_LOGGED_IN, "Say AUTH TLS first: no login without TLS."));
        }
        if verb == Verb::Ccc && self.connection.tls != Tls::On {
            return Some((Code::PROTECTION_DENIED, "There is no TLS to end."));
        }
        let data = verb.opens_data() || verb.sets_up_data();
        if data && security == Security::Data && self.connection.session.protection() != Protection::Private {
            return Some((Code::UNSUPPORTED_PROTOCOL_OR_DATA_TLS, "Data connections must be encrypted: say PROT P."));
        }
        None
    }

    /// Answers a command of RFC 4217. `false`: it isn't one.
    pub(super) fn answers_security(&mut self, to: UnderWay, command: &Command<'_>) -> bool {
        let (code, text) = match command {
            Command::Auth(_) if self.connection.tls == Tls::On => (Code::BAD_SEQUENCE, "TLS is there already."),
            Command::Auth(mechanism) if is_tls(mechanism.as_bytes()) => {
                self.begin_anew();
                (Code::SECURITY_EXCHANGE_COMPLETE, "Proceed with negotiation.")
            }
            Command::Auth(_) => (Code::PARAMETER_NOT_IMPLEMENTED, "Unknown AUTH type."),
            // Under TLS the buffer size is always 0 (RFC 4217 8).
            Command::Pbsz(_) => (Code::COMMAND_OKAY, "PBSZ=0"),
            Command::Prot(Protection::Private) => (Code::COMMAND_OKAY, "PROT now Private."),
            Command::Prot(Protection::Clear) if self.config.security == Security::Data => {
                (Code::DENIED_BY_POLICY, "Data connections must be encrypted.")
            }
            Command::Prot(Protection::Clear) => (Code::COMMAND_OKAY, "PROT now Clear."),
            Command::Prot(_) => (Code::PROT_NOT_SUPPORTED, "TLS has only PROT C and PROT P."),
            Command::Ccc if !self.config.clear_command_channel => {
                (Code::DENIED_BY_POLICY, "The control connection stays encrypted.")
            }
            Command::Ccc => (Code::COMMAND_OKAY, "Going on in plaintext."),
            _ => return false,
        };
        self.answer_static(to, code, text);
        true
    }
}

fn is_tls(mechanism: &[u8]) -> bool {
    MECHANISMS.iter().any(|known| mechanism.eq_ignore_ascii_case(known))
}
