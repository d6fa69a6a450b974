//! What the application decides once, for all its sessions.

use alloc::vec;
use alloc::vec::Vec;
use core::net::IpAddr;
use core::ops::RangeInclusive;
use core::time::Duration;

use crate::data::Resume;
use crate::inbox::Limits;
use crate::route::{PassiveHost, Route};
use crate::telnet::Escaping;

/// The policy of a client; shared by its sessions through an `Arc`. The defaults are safe.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
pub struct Config {
    /// The ways to a data connection, in the order in which they are tried: EPSV, then PASV. Active
    /// mode is allowed by naming EPRT or PORT here; it tells the server an address of ours.
    pub routes: Vec<Route>,
    /// Which host of a 227 is dialled: the control connection's peer.
    pub passive_host: PassiveHost,
    /// The ports to listen on in active mode; `0..=0`, the default: whichever the system gives.
    pub active_ports: RangeInclusive<u16>,
    /// The address that PORT and EPRT announce instead of our own to servers outside our site: for a client behind a NAT
    /// that forwards `active_ports`. Servers on this host, this link or a private network hear our own.
    pub external_address: Option<IpAddr>,
    /// Whether TLS is needed.
    pub security: Security,
    /// Whether the TLS session of a data connection has to be the control connection's.
    pub data_session: Resume,
    /// EPSV ALL before the first transfer (RFC 2428 4): from then on the server refuses every other way, which tells a NAT
    /// that it has nothing to translate. `routes` should hold EPSV alone then.
    pub only_epsv: bool,
    /// Whether the size is heeded that a 150 or 125 may announce, `(1024 bytes)`: a download in TYPE I that brings
    /// fewer bytes than that, and than what an offset leaves of it, is
    /// [`Failure::Incomplete`](super::Failure::Incomplete). On by default; for servers that announce what isn't so it
    /// can be off.
    pub announced_size: bool,
    /// NOOP after so long without a word on the control connection while bytes move; `None`, the default: never. For
    /// firewalls that forget a silent connection.
    pub keep_alive: Option<Duration>,
    /// Whether the adapter can send urgent data: then ABOR comes with Telnet IP and Synch (RFC 959 4.1.3), but under TLS
    /// (RFC 4217 14).
    pub urgent: bool,
    /// How a 0xFF of a name or a text goes over the control connection, in each direction: as it is.
    pub escaping: Escaping,
    /// How much a server may send before it has ended a line or a reply.
    pub limits: Limits,
    /// Where a line that is no reply is skipped instead of being the end.
    pub noise: Noise,
    /// How long to wait.
    pub patience: Patience,
}

/// Whether a session needs TLS (RFC 4217).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Security {
    /// Only where the application asks for it, by [`Request::secure`](super::Request::secure).
    #[default]
    Optional,
    /// No name, no password and no file without it: such a request is a [`Misuse`](super::Misuse) until
    /// [`Request::secure`](super::Request::secure) has succeeded, and a transfer until PROT P is in force.
    Required,
    /// The same, and TLS begins with the connection (port 990), before the greeting.
    Implicit,
}

/// Where a line that is no reply is skipped, and told as [`Action::Noise`](super::Action::Noise): at most 32 of them in a session,
/// and never between AUTH and TLS. Anywhere else such a line ends the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Noise {
    /// Nowhere.
    Never,
    /// Before the greeting, where some servers print what went wrong as they started. The first word of SSH or HTTP ends the session.
    #[default]
    BeforeGreeting,
    /// Everywhere.
    Always,
}

/// How long the client waits, by phase.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
pub struct Patience {
    /// For the greeting: 60 s.
    pub greeting: Duration,
    /// For a reply: 60 s. A reply that doesn't come ends the session, since a late one can't be told from the next.
    pub reply: Duration,
    /// For the server to take each 16 KiB of what we say, or less: 60 s. One that takes nothing ends the session.
    pub write: Duration,
    /// For the final reply of an upload once its stream has ended: 300 s. A server may have much to do until the file is where
    /// it belongs.
    pub commit: Duration,
    /// For a reply that fits what is due, once one has come that doesn't, or a 2yz to a transfer command without its 1yz: 2 s. After that the client asks something harmless, a
    /// barrier (NOOP, PWD, or ABOR where nothing runs), to find out whether the odd one was the answer.
    pub suspect: Duration,
    /// For the reply to that barrier: 2 s. A server that answers neither it nor the command before it ends the session. Longer
    /// where servers say too much and take their time.
    pub barrier: Duration,
    /// For a data connection while other candidates are left: 10 s.
    pub dial: Duration,
    /// For a data connection of the last candidate: 30 s.
    pub last_dial: Duration,
    /// For a port to listen on, in active mode: 10 s.
    pub listen: Duration,
    /// For the server to connect to us, in active mode: 30 s, whatever it says meanwhile.
    pub accept: Duration,
    /// For the first answer to ABOR, and then for the rest: 10 s each. The request has its end then in any case, but without
    /// them the session ends behind it.
    /// So long, too, the server may take to end a transfer on whose data connection TLS has failed, or that broke before a byte had
    /// moved, before ABOR is said.
    pub abort: Duration,
    /// For the answer to QUIT: 5 s.
    pub quit: Duration,
    /// For a TLS handshake: 30 s.
    pub handshake: Duration,
    /// For the next byte of a transfer, the first one, too: 120 s. It counts from the adapter's first word of how much it has
    /// [`moved`](crate::Stream::moved); one that never tells never stalls.
    pub stall: Duration,
    /// For replies to NOOPs that were sent during a transfer and are still due after it: 10 s. Then the session ends, since their late replies
    /// could be taken for later ones.
    pub stragglers: Duration,
    /// For a whole request; `None`, the default: as long as it takes.
    pub request: Option<Duration>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            routes: vec![Route::Epsv, Route::Pasv],
            passive_host: PassiveHost::default(),
            active_ports: 0..=0,
            external_address: None,
            security: Security::default(),
            data_session: Resume::default(),
            only_epsv: false,
            announced_size: true,
            keep_alive: None,
            urgent: false,
            escaping: Escaping::default(),
            limits: Limits::REPLIES,
            noise: Noise::default(),
            patience: Patience::default(),
        }
    }
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            greeting: Duration::from_secs(60),
            reply: Duration::from_secs(60),
            write: Duration::from_secs(60),
            commit: Duration::from_secs(300),
            suspect: Duration::from_secs(2),
            barrier: Duration::from_secs(2),
            dial: Duration::from_secs(10),
            last_dial: Duration::from_secs(30),
            listen: Duration::from_secs(10),
            accept: Duration::from_secs(30),
            abort: Duration::from_secs(10),
            quit: Duration::from_secs(5),
            handshake: Duration::from_secs(30),
            stall: Duration::from_secs(120),
            stragglers: Duration::from_secs(10),
            request: None,
        }
    }
}
