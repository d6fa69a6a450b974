//! What an application chooses about a tracker.

use alloc::boxed::Box;
use core::net::IpAddr;

use crate::address::FIRST_UNPRIVILEGED_PORT;
use crate::inbox::Limits;
use crate::telnet::Escaping;

/// What a [`Tracker`](super::Tracker) keeps at most, and what it expects.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
#[non_exhaustive]
pub struct Rules {
    /// Limits for command lines. A longer line is told as a command that can't be read.
    pub commands: Limits,
    /// Limits for replies. No data connection is expected that a truncated reply announces.
    pub replies: Limits,
    /// How a 0xFF is read in each direction.
    pub escaping: Escaping,
    /// What becomes of an announced address that belongs to neither end.
    pub strangers: Strangers,
    /// Hosts beside the two ends that may listen for data connections, such as the other machines of a server.
    pub trusted: Box<[IpAddr]>,
    /// Whether the tracker gets the bytes decrypted, as a proxy that ends TLS has them. TLS hides nothing then.
    pub decrypted: bool,
}

/// What becomes of a data connection that is announced towards a host that is neither of the two ends nor [trusted](Rules::trusted).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Strangers {
    /// It isn't expected, and [`Event::Refused`](super::Event::Refused) tells so.
    #[default]
    Refused,
    /// A passive one is expected at the port that was announced, on the server's own host: a server behind NAT announces a private address,
    /// and most clients dial the server's host whatever the 227 says. An active one is refused.
    Replaced,
    /// It is expected as it was announced. Either end can then open a way to any host, as FTP bounce attacks do (RFC 2577 3).
    Expected,
}

impl Rules {
    /// No data connection is expected to a port below (RFC 2577 3).
    pub const LOWEST_PORT: u16 = FIRST_UNPRIVILEGED_PORT;

    /// Lines of at most 4 KiB. Replies of at most 1 MiB, of which 64 lines are kept. Only the two ends may listen for data connections.
    pub fn new() -> Self {
        Self {
            commands: Limits::COMMANDS,
            replies: Limits { line: Limits::COMMANDS.line, lines: 64, ..Limits::REPLIES },
            escaping: Escaping::default(),
            strangers: Strangers::Refused,
            trusted: Box::default(),
            decrypted: false,
        }
    }
}

impl Default for Rules {
    fn default() -> Self {
        Self::new()
    }
}
