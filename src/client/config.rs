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

/// The policy of a client, shared by its sessions through an `Arc`. The defaults are safe.
///
/// ```
/// use ftp_proto::client::{Config, Security};
/// use ftp_proto::Route;
/// let mut config = Config::default();
/// config.security = Security::Required;
/// config.routes.push(Route::Eprt); // active mode, after EPSV and PASV have failed
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
pub struct Config {
    /// The routes to a data connection, in the order in which they are tried. Default: EPSV, then PASV. Naming EPRT or PORT allows
    /// active mode, which tells the server an address of ours. Within a session, the route that moved a file last is tried first, and one
    /// that the server refused with 5yz isn't tried again.
    pub routes: Vec<Route>,
    /// Which host is connected to after a 227. Default: the control connection's peer, whatever the 227 names.
    pub passive_host: PassiveHost,
    /// The ports to listen on in active mode. Default: `0..=0`, any port that the system gives.
    pub active_ports: RangeInclusive<u16>,
    /// The address that PORT and EPRT announce instead of our own, for a client behind a NAT that forwards `active_ports`. Servers on
    /// this host, on this link or in a private network are told our own address. Default: `None`.
    pub public_address: Option<IpAddr>,
    /// Whether TLS is required. Default: [`Security::Optional`].
    pub security: Security,
    /// Whether a data connection has to resume the TLS session of the control connection. Default: [`Resume::Wanted`].
    pub data_session: Resume,
    /// Whether to send EPSV ALL before the first transfer (RFC 2428 4): from then on the server refuses every other route, and a NAT
    /// knows that it has nothing to translate. `routes` should be EPSV alone then. Default: no.
    pub epsv_all: bool,
    /// Whether a download is checked against the size that a 150 or 125 announces, `(1024 bytes)`: a download in TYPE I that brings fewer
    /// bytes than announced, less the offset, is [`Failure::Incomplete`](super::Failure::Incomplete). Turn it off for servers that announce
    /// wrong sizes. Default: yes.
    pub announced_size: bool,
    /// How long the control connection may be silent during a transfer before NOOP is sent, for firewalls that forget idle connections.
    /// Default: `None`, no NOOP.
    pub keep_alive: Option<Duration>,
    /// Whether the adapter can send urgent data: then Telnet IP and Synch precede ABOR (RFC 959 4.1.3), except under TLS
    /// (RFC 4217 14). Default: no.
    pub urgent: bool,
    /// How a byte 0xFF in a name or text goes over the control connection, in each direction. Default: as it is.
    pub escaping: Escaping,
    /// How many bytes a line or a reply of the server may have.
    pub limits: Limits,
    /// Where a line that isn't a reply is skipped; elsewhere it ends the session. Default: before the greeting.
    pub noise: Noise,
    /// How long to wait, by phase.
    pub patience: Patience,
}

/// Whether a session needs TLS (RFC 4217).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Security {
    /// TLS is used only if the application asks for it, by [`Request::secure`](super::Request::secure).
    #[default]
    Optional,
    /// No user name, password or file goes without TLS: until [`Request::secure`](super::Request::secure) has succeeded, a request that
    /// would send one is rejected as [`Misuse::NotSecure`](super::Misuse::NotSecure), and so is a transfer unless PROT P is in force.
    Required,
    /// As [`Required`](Self::Required), and TLS begins with the connection (port 990), before the greeting.
    Implicit,
}

/// Where a line that isn't a reply is skipped and shown as [`Action::Noise`](super::Action::Noise). At most 32 are skipped in a session,
/// and none between AUTH and TLS. Anywhere else such a line ends the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Noise {
    /// Nowhere.
    Never,
    /// Before the greeting, where some servers print errors of their start. The first word of SSH or HTTP ends the session.
    #[default]
    BeforeGreeting,
    /// Everywhere.
    Always,
}

/// How long the client waits, by phase. Each time is absolute: bytes that trickle in don't extend it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
pub struct Patience {
    /// For the greeting: 60 s.
    pub greeting: Duration,
    /// For a reply: 60 s. Without it the session ends, since a late reply could be taken for the next one.
    pub reply: Duration,
    /// For the server to read 16 KiB of commands, or all if there are fewer: 60 s. Past that the session ends.
    pub write: Duration,
    /// For the final reply of an upload once its stream has ended: 300 s. The server may need long to put the file in its place.
    pub commit: Duration,
    /// For a reply that fits the command that is due, once another reply has come that doesn't, or a 2yz to a transfer command without
    /// its 1yz: 2 s. After that the client sends a harmless command, a barrier (NOOP, PWD, or ABOR where nothing runs), to find out whether
    /// the odd reply was the answer.
    pub suspect: Duration,
    /// For the reply to that barrier: 2 s. If neither the barrier nor the command before it is answered, the session ends.
    pub barrier: Duration,
    /// For a data connection to be made while another route or host is left to try: 10 s.
    pub connect: Duration,
    /// For a data connection to be made on the last route and host: 30 s. Adapters may use it for the control connection, too.
    pub last_connect: Duration,
    /// For a port to listen on in active mode: 10 s.
    pub listen: Duration,
    /// For the server to connect to our port in active mode: 30 s, whatever it replies meanwhile.
    pub accept: Duration,
    /// For the first reply to ABOR, and again for the others: 10 s each. Past that the request ends, and the session after it. It is
    /// also how long the server has to end a transfer by itself whose data connection failed before a byte had moved; past that ABOR
    /// is sent.
    pub abort: Duration,
    /// For the reply to QUIT: 5 s.
    pub quit: Duration,
    /// For a TLS handshake: 30 s.
    pub handshake: Duration,
    /// For the next byte of a transfer, including the first: 120 s. It runs from the adapter's first call of
    /// [`moved`](crate::Stream::moved); without such calls no transfer counts as stalled.
    pub stall: Duration,
    /// For replies to NOOPs that were sent during a transfer and are still due after it: 10 s. Past that the session ends, since they could
    /// be taken for later replies.
    pub stragglers: Duration,
    /// For a whole request. Default: `None`, as long as it takes.
    pub request: Option<Duration>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            routes: vec![Route::Epsv, Route::Pasv],
            passive_host: PassiveHost::default(),
            active_ports: 0..=0,
            public_address: None,
            security: Security::default(),
            data_session: Resume::default(),
            epsv_all: false,
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
            connect: Duration::from_secs(10),
            last_connect: Duration::from_secs(30),
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
