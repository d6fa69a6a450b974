//! What a gateway between IPv6 and IPv4 says itself (RFC 6384).

use super::line::Kind;
use super::{Rewrite, Taken};
use crate::address::NetworkProtocol;
use crate::command::{Algs, EpsvArgument, Verb};
use crate::reply::{Code, Reply};

/// The networks between which a [`Rewrite`](super::Rewrite) translates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Translation {
    /// Both ends are in networks of one family. No command becomes another, unless an address of the other family is chosen for it.
    #[default]
    None,
    /// An IPv6 client and an IPv4 server (RFC 6384).
    ///
    /// | section | what becomes of it |
    /// |---|---|
    /// | 5 Telnet | The gateway refuses what either side negotiates (WILL, DO, a subnegotiation), and the other never reads it; IP and the data mark go on, and where they are urgent data, the application moves or clears the pointer. As in [`telnet`](crate::telnet), these bytes are text behind a command's word and a reply's code, unless [`Rules::escaping`](super::super::Rules::escaping) says that 0xFF is doubled there. After 32 refusals a side reads no more of them. |
    /// | 5 AUTH | Behind an AUTH nothing is touched, ALGS and Telnet neither, unless the server refuses it. Once CCC has ended TLS, of which the RFC doesn't speak, commands are translated again. |
    /// | 5.1 LANG | It goes on, and so does text in UTF-8. What the gateway says is ASCII. |
    /// | 6 EPSV | It goes on as PASV, and its 227 as a 229. Where the 227 names another host than the server, the client reads 425, which the RFC allows; with [`Strangers::Replaced`](super::super::Strangers::Replaced) the host is ignored, as the RFC recommends. |
    /// | 6 EPSV ALL, `EPSV 1` | The gateway answers 504, and 522 to each network protocol but 2. |
    /// | 7 EPRT | It goes on as PORT if an IPv4 address is chosen for it: without state, the client's own with the port that it announced; with state, one that is mapped before the [`Address`](super::Address) is answered. One that names another protocol than IPv6 (`\|1\|`), another host than the client, or a port below 1024 goes on as it is. |
    /// | 8 port 20 | No data connection is expected that no command has set up. The gateway may map it: [`Begun`](super::super::Event::Begun) tells when the transfer begins. |
    /// | 9, 10 | Commands are translated as they come. All else goes on as it is, and so does the reply: PASV, PORT, and what can't be read. |
    /// | 11 ALGS | The gateway answers `EPSVEPRT`, `NONE` behind ALGS DISABLE64, or `EPSV` if it is [without EPRT](super::Rewrite::without_eprt), and 504 to other words. |
    /// | 12 timeouts | They are the application's. A mapping that waits for its first packet should last 30 seconds at least, and a control connection as long as its data connection. |
    /// | 12 NOOP | None goes to the server in place of what the gateway answers: vsftpd answers one before the login with 530, behind which the RFC would have the session ended, and RFC 959 lets nothing come between RNFR and RNTO, yet clients may say ALGS there. |
    Client6,
    /// An IPv4 client and an IPv6 server. PASV goes on as EPSV, and its 229 as a 227 with the address that is chosen. PORT goes on as EPRT.
    /// `EPSV 1` goes on as EPSV without an argument. The gateway answers EPSV or EPRT with another network protocol with 522, but for EPRT with
    /// IPv6 (`|2|`), which goes on as it is. Telnet and AUTH are as with an IPv6 client.
    Client4,
}

/// What a gateway answers itself, to a command that doesn't go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Own {
    /// ALGS with one of its three words: what is translated behind it.
    Translated(Translated),
    /// EPSV ALL, or ALGS with none of its three words.
    NotThat,
    /// EPSV with a protocol that isn't the client's, which this is; from an IPv4 client EPRT, too.
    OtherProtocol(NetworkProtocol),
    /// The application refused an address of the client's.
    Refuse,
    /// The server's 227 can't be handed on.
    NoDataConnection,
    /// A line that was to be held is longer than can be.
    TooLong,
    /// Some servers would read more lines than one.
    Unreadable,
}

/// The status of the gateway (RFC 6384 11).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Translated {
    Nothing,
    Epsv,
    EpsvAndEprt,
}

impl Own {
    pub(super) const fn reply(self) -> Reply<'static> {
        let (code, text) = match self {
            Self::Translated(Translated::Nothing) => (Code::GATEWAY_STATUS, "NONE"),
            Self::Translated(Translated::Epsv) => (Code::GATEWAY_STATUS, "EPSV"),
            Self::Translated(Translated::EpsvAndEprt) => (Code::GATEWAY_STATUS, "EPSVEPRT"),
            Self::NotThat => (Code::PARAMETER_NOT_IMPLEMENTED, "Command not implemented for that parameter."),
            Self::OtherProtocol(of_client) => {
                let text = match of_client {
                    NetworkProtocol::Ipv4 => "Network protocol not supported, use (1)",
                    NetworkProtocol::Ipv6 => "Network protocol not supported, use (2)",
                };
                (Code::UNSUPPORTED_PROTOCOL_OR_DATA_TLS, text)
            }
            Self::Refuse => (Code::SYNTAX_ERROR, "Illegal address."),
            Self::NoDataConnection => (Code::CANNOT_OPEN_DATA_CONNECTION, "Can't open data connection."),
            Self::TooLong => (Code::SYNTAX_ERROR, "Line too long."),
            Self::Unreadable => (Code::SYNTAX_ERROR, "Syntax error."),
        };
        Reply::from_static(code, text)
    }
}

impl Rewrite {
    /// Of an IPv6 client's commands only EPSV is translated ([`Translation::Client6`]): EPRT goes on as it is, and ALGS is answered with `EPSV` in
    /// place of `EPSVEPRT` (RFC 6384 4 and 11). For a gateway that can't map an address for the server to dial.
    ///
    /// A question comes all the same for an EPRT that names the client. Only an IPv6 address that is chosen for it goes on.
    #[must_use]
    pub fn without_eprt(mut self) -> Self {
        self.without_eprt = true;
        self
    }

    /// What the gateway answers to this line itself.
    pub(super) fn own(&self, line: &Taken) -> Option<Own> {
        let own = self.translation.own(&line.kind, self.disabled, self.without_eprt);
        own.filter(|_| !line.command.is_some_and(|id| self.tracker.is_amid_auth(id)))
    }

    /// What becomes of a line between the networks: of a command, unless the client wants no gateway, or an AUTH isn't refused (RFC 6384 5), and of
    /// a reply if its command was translated.
    pub(super) fn translation_of(&mut self, line: &Taken) -> Translation {
        let applies = match (line.kind, line.command) {
            (Kind::Passive(id, ..), _) => self.translated.contains(&id),
            (Kind::Active(..), _) if self.without_eprt && self.translation == Translation::Client6 => false,
            (_, Some(id)) => !self.disabled && !self.tracker.is_amid_auth(id),
            _ => false,
        };
        if !applies {
            return Translation::None;
        }
        if let (Translation::Client6, Kind::Epsv(id, _)) | (Translation::Client4, Kind::Pasv(id)) =
            (self.translation, line.kind)
        {
            let tracker = &self.tracker;
            self.translated.retain(|id| tracker.is_due(*id));
            self.translated.push(id);
        }
        self.translation
    }
}

impl Translation {
    /// What the gateway answers to this command itself; `disabled`: ALGS DISABLE64 is in force.
    fn own(self, kind: &Kind, disabled: bool, without_eprt: bool) -> Option<Own> {
        let of_client = match self {
            Self::None => return None,
            Self::Client4 => NetworkProtocol::Ipv4,
            Self::Client6 => NetworkProtocol::Ipv6,
        };
        match kind {
            Kind::Algs(_, algs) if self == Self::Client6 => Some(match algs {
                None => Own::NotThat,
                Some(Algs::Disable64) => Own::Translated(Translated::Nothing),
                Some(Algs::Status64) if disabled => Own::Translated(Translated::Nothing),
                Some(_) if without_eprt => Own::Translated(Translated::Epsv),
                Some(_) => Own::Translated(Translated::EpsvAndEprt),
            }),
            _ if disabled => None,
            Kind::Epsv(_, EpsvArgument::All) if self == Self::Client6 => Some(Own::NotThat),
            // RFC 2428 3: the server would name the protocol of its own network.
            Kind::Epsv(_, EpsvArgument::Protocol(protocol)) if *protocol != of_client => {
                Some(Own::OtherProtocol(of_client))
            }
            // RFC 6384 10: an EPRT that isn't translated goes on.
            Kind::UnknownProtocol(_, Verb::Eprt) if self == Self::Client6 => None,
            Kind::UnknownProtocol(..) => Some(Own::OtherProtocol(of_client)),
            _ => None,
        }
    }
}
