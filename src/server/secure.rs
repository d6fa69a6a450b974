//! TLS on the server's side (RFC 2228, RFC 4217): AUTH, PBSZ, PROT, CCC, and when TLS begins and ends.

use super::exchange::Exchange;
use super::{Next, Security, Server};
use crate::command::{Command, Protection, Verb};
use crate::reply::Code;
use crate::time::Instant;
use crate::tls::Tls;

/// The mechanisms of AUTH that mean TLS; vsftpd and ProFTPD take all four. The last two bring PROT P with them.
const MECHANISMS: &[&[u8]] = &[b"TLS", b"TLS-C", b"SSL", b"TLS-P"];

impl Server {
    /// While TLS begins or ends on the control connection nothing else is done, least of all a Write.
    pub(super) fn tls(&mut self, now: Instant) -> Option<Next> {
        if self.closed {
            return None;
        }
        match self.exchange.tls {
            Tls::Starting { deadline } if now >= deadline || self.input_ended => self.hang_up(),
            Tls::Starting { .. } | Tls::Stopping => return Some(Next::Tls),
            Tls::Failed(_) => self.hang_up(),
            Tls::Off | Tls::On => {}
        }
        None
    }

    /// Everything was written: now TLS follows what AUTH, CCC or REIN have made of the session. `true`: look again.
    pub(super) fn follow_tls(&mut self, now: Instant) -> bool {
        if !self.is_turning() {
            return false;
        }
        if self.has_unread() {
            self.hang_up();
            return true;
        }
        self.exchange.tls = match self.exchange.tls {
            Tls::Off => Tls::Starting { deadline: now.after(self.exchange.config.patience.handshake) },
            _ => Tls::Stopping,
        };
        true
    }

    /// The reply that begins or ends TLS was said, and TLS hasn't followed. What is received now is neither inside it nor
    /// outside: a stranger could have slipped it in (CVE-2011-1575).
    pub(super) fn is_turning(&self) -> bool {
        match self.exchange.tls {
            Tls::Off => self.exchange.session.is_secured(),
            Tls::On => !self.exchange.session.is_secured(),
            Tls::Starting { .. } | Tls::Stopping => true,
            Tls::Failed(_) => false,
        }
    }

    /// Something was received behind the command under way.
    fn has_unread(&self) -> bool {
        self.inbox.has_more() || !self.waiting.is_empty()
    }

    /// The session ends without another word: there is no way to say it.
    pub(super) fn hang_up(&mut self) {
        self.exchange.outbox.clear();
        self.closed = true;
    }

    /// AUTH, CCC and REIN change what protects the commands behind them, so there must be none yet: FileZilla Server says
    /// so and closes, and so does this. `true`: it has.
    pub(super) fn refuses_spurious(&mut self, verb: Verb) -> bool {
        let text = match (verb, self.exchange.tls) {
            (Verb::Auth, Tls::Off) => "Spurious data after AUTH command.",
            (Verb::Ccc, Tls::On) => "Spurious data after CCC command.",
            // Where TLS began with the connection, REIN leaves it.
            (Verb::Rein, Tls::On) if !self.exchange.config.implicit => "Spurious data after REIN command.",
            _ => return false,
        };
        if !self.has_unread() {
            return false;
        }
        self.exchange.answer_static(Code::BAD_SEQUENCE, text);
        self.exchange.ending = true;
        true
    }
}

impl Exchange {
    /// What policy refuses for the want of TLS: a login, and with it the name and the password, and a data connection.
    pub(super) fn lacks_tls(&self, verb: Verb) -> Option<(Code, &'static str)> {
        let security = self.config.security;
        let login = matches!(verb, Verb::User | Verb::Pass | Verb::Acct);
        if login && security >= Security::Login && self.tls != Tls::On {
            return Some((Code::NOT_LOGGED_IN, "Say AUTH TLS first: no login without TLS."));
        }
        if verb == Verb::Ccc && self.tls != Tls::On {
            return Some((Code::PROTECTION_DENIED, "There is no TLS to end."));
        }
        let data = verb.opens_data() || verb.sets_up_data();
        if data && security == Security::Data && self.session.protection() != Protection::Private {
            return Some((Code::UNSUPPORTED_PROTOCOL_OR_DATA_TLS, "Data connections must be encrypted: say PROT P."));
        }
        None
    }

    /// Answers the commands of RFC 4217. `false`: it is none of them.
    pub(super) fn answers_security(&mut self, command: &Command<'_>) -> bool {
        let (code, text) = match command {
            Command::Auth(_) if self.tls == Tls::On => (Code::BAD_SEQUENCE, "TLS is there already."),
            Command::Auth(mechanism) => {
                match MECHANISMS.iter().any(|known| mechanism.as_bytes().eq_ignore_ascii_case(known)) {
                    true => (Code::SECURITY_EXCHANGE_COMPLETE, "Proceed with negotiation."),
                    false => (Code::PARAMETER_NOT_IMPLEMENTED, "Unknown AUTH type."),
                }
            }
            // TLS has its own blocks (RFC 4217 8).
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
        self.answer_static(code, text);
        true
    }
}
