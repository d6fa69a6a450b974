//! What the machine answers alone: parameters, data connections, information about itself, mistakes.

use alloc::format;
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::exchange::{Exchange, Phase};
use crate::address::{ExtendedPort, HostPort, NetworkProtocol};
use crate::command::{Command, EpsvArgument, Format, Mode, Opts, Structure, Type, Verb};
use crate::reply::{Code, Reply};
use crate::session::{Login, Setup};
use crate::text::{Argument, Text};

impl Exchange {
    /// 500 for a word that nobody knows, 502 for one that isn't supported here.
    pub(super) fn not_supported(&mut self, command: &Command<'_>) {
        let _ = self.session.command(command);
        let (code, text) = match command {
            Command::Other(_) => (Code::SYNTAX_ERROR, "Unknown command."),
            _ => (Code::NOT_IMPLEMENTED, "Command not implemented."),
        };
        self.answer_unknown(&Reply::from_static(code, text));
    }

    /// Answers what needs nobody else. `false`: the application has to.
    pub(super) fn answers_alone(&mut self, command: &Command<'_>) -> bool {
        match command {
            Command::Noop => self.answer_static(Code::COMMAND_OKAY, "NOOP ok."),
            Command::Quit => self.answer_static(Code::CLOSING_CONTROL_CONNECTION, "Goodbye."),
            Command::Abor => self.answer_static(Code::DATA_CONNECTION_OPEN, "No transfer to ABOR."),
            Command::Type(value) => self.set_type(*value),
            Command::Stru(value) => match value {
                Structure::File => self.answer_static(Code::COMMAND_OKAY, "Structure set to F."),
                _ => self.answer_static(Code::PARAMETER_NOT_IMPLEMENTED, "Bad STRU command."),
            },
            Command::Mode(value) => match value {
                Mode::Stream => self.answer_static(Code::COMMAND_OKAY, "Mode set to S."),
                _ => self.answer_static(Code::PARAMETER_NOT_IMPLEMENTED, "Bad MODE command."),
            },
            Command::Rest(offset) => self.answer(&Reply::restarting_at(*offset)),
            // What was agreed on before stays: RFC 2428 4 only forbids to agree otherwise from now on.
            Command::Epsv(EpsvArgument::All) => self.answer_static(Code::COMMAND_OKAY, "EPSV ALL ok."),
            Command::Allo(_) => self.answer_static(Code::SUPERFLUOUS, "ALLO command ignored."),
            Command::Clnt(_) => self.answer_static(Code::COMMAND_OKAY, "Noted."),
            Command::Syst => self.say_system(),
            Command::Feat => self.say_features(),
            Command::Help(verb) => self.say_help(verb.as_ref()),
            Command::Stat(None) => {
                self.say_status();
                self.finish();
            }
            Command::Stat(Some(_)) => self.answer_static(Code::NOT_IMPLEMENTED, "STAT of a path is not implemented."),
            Command::Opts(Opts::Utf8(Some(false))) => {
                self.answer_static(Code::PARAMETER_NOT_IMPLEMENTED, "Always in UTF8 mode.");
            }
            Command::Opts(Opts::Utf8(_)) => self.answer_static(Code::COMMAND_OKAY, "Always in UTF8 mode."),
            Command::Opts(_) => self.answer_static(Code::ARGUMENT_SYNTAX_ERROR, "Option not understood."),
            _ => return false,
        }
        true
    }

    /// PASV, EPSV: the rules that are ours, then the socket is the adapter's.
    pub(super) fn prepare(&mut self, command: &Command<'_>) {
        let host = self.ends.local().ip();
        let refusal = match command {
            _ if !self.config.passive.enabled => Some((Code::FILE_UNAVAILABLE, "Permission denied.")),
            Command::Pasv if host.is_ipv6() => {
                Some((Code::CANNOT_OPEN_DATA_CONNECTION, "PASV has no word for IPv6. Use EPSV."))
            }
            Command::Epsv(EpsvArgument::Protocol(protocol)) if *protocol != NetworkProtocol::of(host) => {
                Some((Code::UNSUPPORTED_PROTOCOL_OR_DATA_TLS, wanted_protocol(host)))
            }
            _ => None,
        };
        if let Some((code, text)) = refusal {
            return self.answer_static(code, text);
        }
        self.drop_data();
        self.data.listen();
        self.phase = Phase::Preparing;
    }

    /// The socket listens: 227 or 229.
    pub(super) fn announce(&mut self, bound: SocketAddr) {
        let public = self.config.passive.address.towards(self.ends.peer().ip());
        let host = match (public, self.ends.local().ip()) {
            (Some(address), _) | (None, IpAddr::V4(address)) => address,
            (None, IpAddr::V6(_)) => Ipv4Addr::UNSPECIFIED,
        };
        let ports = &self.config.passive.ports;
        let allowed = *ports == (0..=0) || ports.contains(&bound.port());
        // A port outside the range would hang behind a firewall.
        let Some(port) = core::num::NonZeroU16::new(bound.port()).filter(|_| allowed) else {
            self.drop_data();
            return self.answer_static(Code::CANNOT_OPEN_DATA_CONNECTION, "Cannot open a passive connection.");
        };
        let reply = match self.command().verb() {
            Verb::Pasv => Reply::entering_passive(HostPort::new(host, port)),
            _ => Reply::entering_extended_passive(ExtendedPort::new(port)),
        };
        self.answer(&reply);
    }

    /// PORT, EPRT: never towards a stranger or a service port (the bounce attack, RFC 2577 3).
    pub(super) fn set_target(&mut self, address: SocketAddr, illegal: &'static str, done: &'static str) {
        let target = SocketAddr::new(address.ip().to_canonical(), address.port());
        let policy = &self.config.active;
        let stranger = target.ip() != self.ends.peer().ip() && !policy.strangers;
        let privileged = target.port() < 1024 && !policy.privileged_ports;
        let (code, text) = if !policy.enabled {
            (Code::FILE_UNAVAILABLE, "Permission denied.")
        } else if stranger || privileged {
            (Code::SYNTAX_ERROR, illegal)
        } else {
            self.drop_data();
            self.target = Some(target);
            (Code::COMMAND_OKAY, done)
        };
        self.answer_static(code, text);
    }

    fn set_type(&mut self, value: Type) {
        let text = match value {
            Type::Ascii(None | Some(Format::NonPrint)) => "Switching to ASCII mode.",
            Type::Image | Type::LOCAL_8 => "Switching to Binary mode.",
            _ => return self.answer_static(Code::PARAMETER_NOT_IMPLEMENTED, "Type not implemented."),
        };
        self.answer_static(Code::COMMAND_OKAY, text);
    }

    fn say_system(&mut self) {
        let config = self.config.clone();
        let text = Text::new(config.support.system.as_ref()).unwrap_or_default();
        self.answer(&Reply::new(Code::SYSTEM_TYPE, text));
    }

    fn say_features(&mut self) {
        let config = self.config.clone();
        let reply = Reply::feature_list(config.support.features(config.verbs(), self.chosen));
        self.answer(&reply);
    }

    /// HELP: the supported words, or the syntax of one.
    fn say_help(&mut self, about: Option<&Argument<'_>>) {
        let config = self.config.clone();
        let reply = match about {
            Some(word) => {
                match config.verbs().find(|verb| word.as_bytes().eq_ignore_ascii_case(verb.word().as_bytes())) {
                    Some(verb) => Reply::new(Code::HELP, text_of(format!("Syntax: {}", verb.syntax()))),
                    None => Reply::from_static(Code::NOT_IMPLEMENTED, "No help on that."),
                }
            }
            None => {
                let words: Vec<&str> = config.verbs().map(Verb::word).collect();
                let lines = words.chunks(14).map(|words| text_of(format!(" {}", words.join(" "))));
                let first = line("The following commands are recognized.");
                Reply::with_lines(Code::HELP, first, lines, line("Help OK."))
            }
        };
        self.answer(&reply);
    }

    /// STAT without a path: what the session is at (RFC 959 4.1.3); legal amid a transfer.
    pub(super) fn say_status(&mut self) {
        let user = match self.session.login() {
            Login::Complete => format!(" Logged in as {}", self.user().escape_ascii()),
            _ => " Not logged in".into(),
        };
        let kind = match self.session.representation() {
            Type::Ascii(_) => " TYPE: ASCII, STRUcture: File, MODE: Stream",
            _ => " TYPE: Image, STRUcture: File, MODE: Stream",
        };
        let data = match (self.phase, self.session.setup()) {
            (Phase::Connecting | Phase::Accepting | Phase::Moving, _) => " A transfer is under way",
            (_, Setup::Passive) => " Waiting for the data connection",
            (_, Setup::Active) => " Going to connect for data",
            (_, Setup::None) => " No data connection",
        };
        let peer = format!(" Connected to {}", self.ends.peer().ip());
        let lines = [text_of(peer), text_of(user), line(kind), line(data)];
        let (first, last) = (line("FTP server status:"), line("End of status"));
        self.say(&Reply::with_lines(Code::SYSTEM_STATUS, first, lines, last));
    }
}

fn line(text: &'static str) -> Text<'static> {
    Text::new(text).unwrap_or_default()
}

/// Text that this crate made: it can hold no line end, and nothing is lost if it did.
fn text_of(text: alloc::string::String) -> Text<'static> {
    Text::try_from(text).unwrap_or_default()
}

/// RFC 2428 2: which protocol to use instead.
fn wanted_protocol(host: IpAddr) -> &'static str {
    match host {
        IpAddr::V4(_) => "Network protocol not supported, use (1)",
        IpAddr::V6(_) => "Network protocol not supported, use (2)",
    }
}
