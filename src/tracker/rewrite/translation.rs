//! What a gateway between IPv6 and IPv4 says itself (RFC 6384).

use super::line::Kind;
use crate::command::{Algs, EpsvArgument};

/// Between which networks the bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Translation {
    /// Those of one family: no command becomes another, unless an address of another family is chosen for it.
    #[default]
    None,
    /// An IPv6 client and an IPv4 server (RFC 6384 5 and 6): EPSV goes on as PASV, and its 227 as a 229; EPRT goes on as PORT, if an IPv4
    /// address is chosen for it. ALGS is answered, and EPSV ALL with 504, EPSV 1 with 522.
    Client6,
    /// An IPv4 client and an IPv6 server: PASV goes on as EPSV, and its 229 as a 227 with the address that is chosen; PORT goes on as EPRT.
    Client4,
}

/// What a gateway answers itself, to a command that doesn't go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Own {
    Status,
    Enable,
    Disable,
    /// EPSV ALL, or ALGS with none of its three words.
    NotThat,
    /// EPSV with a protocol that isn't the client's.
    OtherProtocol,
    /// The application refused an address of the client's.
    Refuse,
    /// The server's 227 can't be handed on.
    NoDataConnection,
    /// A line that was to be held is longer than can be.
    TooLong,
    /// Whoever knows no Telnet would read more lines than one.
    Unreadable,
}

impl Own {
    /// RFC 6384 11: `216` and one of `NONE`, `EPSV`, `EPSVEPRT`.
    pub(super) fn reply(self, disabled: bool) -> &'static [u8] {
        match self {
            Self::Status | Self::Enable | Self::Disable if disabled => b"216 NONE\r\n",
            Self::Status | Self::Enable | Self::Disable => b"216 EPSVEPRT\r\n",
            Self::NotThat => b"504 Command not implemented for that parameter.\r\n",
            Self::OtherProtocol => b"522 Network protocol not supported, use (2)\r\n",
            Self::Refuse => b"500 Illegal address.\r\n",
            Self::NoDataConnection => b"425 Can't open data connection.\r\n",
            Self::TooLong => b"500 Line too long.\r\n",
            Self::Unreadable => b"500 Syntax error.\r\n",
        }
    }
}

impl Translation {
    /// What the gateway answers to this command itself; `disabled`: ALGS DISABLE64 is in force.
    pub(super) fn own(self, kind: &Kind, disabled: bool) -> Option<Own> {
        if self != Self::Client6 {
            return None;
        }
        match kind {
            Kind::Algs(_, Some(Algs::Status64)) => Some(Own::Status),
            Kind::Algs(_, Some(Algs::Enable64)) => Some(Own::Enable),
            Kind::Algs(_, Some(Algs::Disable64)) => Some(Own::Disable),
            Kind::Algs(_, None) => Some(Own::NotThat),
            _ if disabled => None,
            Kind::Epsv(_, EpsvArgument::All) => Some(Own::NotThat),
            Kind::Epsv(_, EpsvArgument::Protocol(crate::address::NetworkProtocol::Ipv4)) => Some(Own::OtherProtocol),
            _ => None,
        }
    }
}
