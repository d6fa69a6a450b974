//! What the machine answers alone: data connections, mistakes, and whatever needs no more than a word.

use core::net::{IpAddr, Ipv4Addr, SocketAddr};
use core::num::NonZeroU16;

use super::exchange::{Exchange, NOOP_OK, Phase};
use crate::address::{ExtendedPort, HostPort, LongAddress, NetworkProtocol};
use crate::command::{Command, CommandError, EpsvArgument, Verb};
use crate::reply::{Code, Reply};
use crate::session::{Login, OutOfOrder};

impl Exchange {
    /// A line that is no command: 500, 501, 504; 502 if the command it tries isn't supported either; and before the login
    /// nothing but 530 for what needs one.
    pub(super) fn complain(&mut self, error: &CommandError, verb: Verb) {
        let reply = match error.verb() {
            Some(verb) if self.is_early(verb) => Reply::from_static(Code::NOT_LOGGED_IN, NOT_LOGGED_IN),
            Some(verb) if !self.supports(verb) => Reply::from_static(Code::NOT_IMPLEMENTED, NOT_IMPLEMENTED),
            Some(verb) if matches!(error, CommandError::UnsupportedProtocol { .. }) => self.other_protocol(verb),
            _ => error.reply(),
        };
        let _ = self.session.unreadable(verb);
        match verb {
            Verb::Other => self.answer_unknown(&reply),
            _ => self.answer(&reply),
        }
    }

    /// What needs a login, and there is none: 530. SITE and STAT of a path reach the application, and nobody else may.
    pub(super) fn is_early(&self, verb: Verb) -> bool {
        (verb.needs_login() || verb == Verb::Site) && self.session.login() != Login::Complete
    }

    /// Whether the machine or the application has an answer.
    pub(super) fn supports(&self, verb: Verb) -> bool {
        // Who was told 332 has to be heard.
        self.config.knows(verb) || verb == Verb::Acct && self.session.login() == Login::Account
    }

    /// 500 for a word that nobody knows, 502 for one that isn't supported here.
    pub(super) fn not_supported(&mut self, command: &Command<'_>) {
        let _ = self.session.command(command);
        match command.verb() {
            Verb::Other => self.answer_unknown(&Reply::from_static(Code::SYNTAX_ERROR, "Unknown command.")),
            verb if self.is_early(verb) => self.answer_static(Code::NOT_LOGGED_IN, NOT_LOGGED_IN),
            _ => self.answer_static(Code::NOT_IMPLEMENTED, NOT_IMPLEMENTED),
        }
    }

    /// Answers what needs nobody else. `false`: the application has to.
    pub(super) fn answers_alone(&mut self, command: &Command<'_>) -> bool {
        match command {
            Command::Noop => self.answer_static(Code::COMMAND_OKAY, NOOP_OK),
            Command::Quit => self.answer_static(Code::CLOSING_CONTROL_CONNECTION, "Goodbye."),
            Command::Abor => self.answer_static(Code::DATA_CONNECTION_OPEN, "No transfer to ABOR."),
            Command::Type(value) => self.set_type(*value),
            Command::Stru(value) => self.set_structure(*value),
            Command::Mode(value) => self.set_mode(*value),
            Command::Rest(offset) => self.set_restart(*offset),
            Command::Rang { start, end } => self.set_range(*start, *end),
            // What was agreed on before stays: RFC 2428 4 only forbids to agree otherwise from now on.
            Command::Epsv(EpsvArgument::All) => self.answer_static(Code::COMMAND_OKAY, "EPSV ALL ok."),
            Command::Allo(_) if !self.config.support.asks(Verb::Allo) => {
                self.answer_static(Code::SUPERFLUOUS, "ALLO command ignored.");
            }
            Command::Acct(_) if self.session.login() == Login::Complete && !self.account_wanted => {
                self.answer_static(Code::SUPERFLUOUS, "No account is needed.");
            }
            Command::Clnt(_) => self.answer_static(Code::COMMAND_OKAY, "Noted."),
            // The file is named again by the transfer command.
            Command::Pret(_) => self.answer_static(Code::COMMAND_OKAY, "OK, will use it for the next transfer."),
            Command::Syst => self.say_system(),
            Command::Feat => self.say_features(),
            Command::Help(verb) => self.say_help(verb.as_ref()),
            Command::Stat(None) => {
                self.say_status();
                self.finish();
            }
            Command::Site(_) | Command::Stat(Some(_)) if self.session.login() != Login::Complete => {
                self.answer_static(Code::NOT_LOGGED_IN, NOT_LOGGED_IN);
            }
            Command::Stat(Some(_)) if !self.config.support.asks(Verb::Stat) => {
                self.answer_static(Code::NOT_IMPLEMENTED, "STAT of a path is not implemented.");
            }
            Command::Size(_) if self.is_text() && !self.config.size_of_text => {
                self.answer_static(Code::FILE_UNAVAILABLE, "SIZE not allowed in ASCII mode.");
            }
            Command::Opts(option) => self.set_option(option),
            Command::Lang(tag) => self.set_language(tag.as_ref()),
            Command::Site(site) => return self.answers_site(site),
            _ => return false,
        }
        true
    }

    /// PASV, EPSV, LPSV: the rules that are ours, then the socket is the adapter's.
    pub(super) fn prepare(&mut self, command: &Command<'_>) {
        let host = self.ends.local().ip();
        match command {
            _ if !self.config.passive.enabled => {
                return self.answer_static(Code::FILE_UNAVAILABLE, "Permission denied.");
            }
            Command::Pasv if host.is_ipv6() => {
                let text = "PASV has no word for IPv6. Use EPSV.";
                return self.answer_static(Code::CANNOT_OPEN_DATA_CONNECTION, text);
            }
            Command::Epsv(EpsvArgument::Protocol(protocol)) if *protocol != NetworkProtocol::of(host) => {
                let reply = self.other_protocol(Verb::Epsv);
                return self.answer(&reply);
            }
            _ => {}
        }
        self.drop_data();
        self.data.listen();
        self.phase = Phase::Preparing;
    }

    /// The socket listens: 227, 228 or 229.
    pub(super) fn announce(&mut self, bound: SocketAddr) {
        let local = self.ends.local().ip();
        let public = self.config.passive.address.towards(self.ends.peer().ip());
        let host = match (public, local) {
            (Some(address), _) | (None, IpAddr::V4(address)) => address,
            (None, IpAddr::V6(_)) => Ipv4Addr::UNSPECIFIED,
        };
        let ports = &self.config.passive.ports;
        let allowed = *ports == (0..=0) || ports.contains(&bound.port());
        // A port outside the range would hang behind a firewall.
        let Some(port) = NonZeroU16::new(bound.port()).filter(|_| allowed) else {
            self.drop_data();
            return self.answer_static(Code::CANNOT_OPEN_DATA_CONNECTION, "Cannot open a passive connection.");
        };
        match self.command().verb() {
            Verb::Pasv => self.answer_made(Reply::of_passive(HostPort::new(host, port))),
            Verb::Lpsv => {
                let host = if local.is_ipv6() { local } else { host.into() };
                self.answer_made(Reply::of_long_passive(LongAddress::new(host, port)));
            }
            _ => self.answer_made(Reply::of_extended_passive(ExtendedPort::new(port))),
        }
    }

    /// PORT, EPRT, LPRT: never towards a stranger or a service port (the bounce attack, RFC 2577 3).
    pub(super) fn set_target(&mut self, command: &Command<'_>) {
        let (address, illegal, done): (SocketAddr, _, _) = match command {
            Command::Port(address) => {
                let done = "PORT command successful. Consider using PASV.";
                ((*address).into(), "Illegal PORT command.", done)
            }
            Command::Eprt(address) => {
                let done = "EPRT command successful. Consider using EPSV.";
                ((*address).into(), "Illegal EPRT command.", done)
            }
            Command::Lprt(address) => {
                let done = "LPRT command successful. Consider using EPSV.";
                ((*address).into(), "Illegal LPRT command.", done)
            }
            _ => return,
        };
        let target = self.ends.towards(address.ip().to_canonical(), address.port());
        let peer = self.ends.peer().ip();
        let policy = &self.config.active;
        let stranger = target.ip() != peer && !policy.strangers;
        let privileged = target.port() < 1024 && !policy.privileged_ports;
        let (code, text) = if !policy.enabled {
            (Code::FILE_UNAVAILABLE, "Permission denied.")
        } else if stranger && target.is_ipv4() != peer.is_ipv4() && command.verb() != Verb::Port {
            let reply = self.other_protocol(command.verb());
            return self.answer(&reply);
        } else if stranger || privileged {
            (Code::SYNTAX_ERROR, illegal)
        } else {
            self.drop_data();
            self.target = Some(target);
            (Code::COMMAND_OKAY, done)
        };
        self.answer_static(code, text);
    }

    /// Which protocols may be used instead (522 of RFC 2428 2, 521 of RFC 1639): the control connection's, and any where
    /// the server may connect to strangers.
    fn other_protocol(&self, verb: Verb) -> Reply<'static> {
        let own = NetworkProtocol::of(self.ends.local().ip());
        let any = verb != Verb::Epsv && self.config.active.strangers;
        match (verb, any, own) {
            (Verb::Lprt, true, _) => families("Supported address families are (4,6)"),
            (Verb::Lprt, _, NetworkProtocol::Ipv4) => families("Supported address families are (4)"),
            (Verb::Lprt, _, NetworkProtocol::Ipv6) => families("Supported address families are (6)"),
            (_, true, _) => Reply::use_network_protocols(&[NetworkProtocol::Ipv4, NetworkProtocol::Ipv6]),
            _ => Reply::use_network_protocols(&[own]),
        }
    }
}

const NOT_LOGGED_IN: &str = OutOfOrder::NotLoggedIn.text();
const NOT_IMPLEMENTED: &str = "Command not implemented.";

fn families(text: &'static str) -> Reply<'static> {
    Reply::from_static(Code::UNSUPPORTED_FAMILY_OR_PROTECTION, text)
}
