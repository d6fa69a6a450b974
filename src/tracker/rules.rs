//! What an application chooses about a tracker.

use alloc::boxed::Box;
use core::net::IpAddr;

use crate::inbox::Limits;
use crate::telnet::Escaping;

/// What a [`Tracker`](super::Tracker) keeps at most, and what it expects.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
#[non_exhaustive]
pub struct Rules {
    /// For command lines. A line that is longer is told as a command that can't be read.
    pub commands: Limits,
    /// For replies. Nothing is expected out of a reply of which something was dropped.
    pub replies: Limits,
    /// How a 0xFF is read in each direction.
    pub escaping: Escaping,
    /// What becomes of an address that belongs to neither end.
    pub strangers: Strangers,
    /// Hosts that may listen for data connections beside the two ends: those of a server of many machines, for one.
    pub trusted: Box<[IpAddr]>,
    /// The bytes are given as they are behind TLS, so that TLS hides nothing: for a proxy that ends it.
    pub decrypted: bool,
}

/// What becomes of a data connection that was announced towards a host that is neither of the two ends, nor
/// [trusted](Rules::trusted).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Strangers {
    /// Nothing is expected, and [`Event::Refused`](super::Event::Refused) tells it.
    #[default]
    Refused,
    /// A passive one is expected at the server's own host, at the port that was announced: what most clients dial, whatever the 227
    /// says (a server behind NAT announces a private address). An active one is refused.
    Replaced,
    /// It is expected as it was announced. Each end can open a way to any host then, as FTP bounce attacks do (RFC 2577 3).
    Expected,
}

impl Rules {
    /// Lines of 4 KiB; of a reply 64 lines are kept, and it ends within 1 MiB. Nobody but the two ends is expected to listen.
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
