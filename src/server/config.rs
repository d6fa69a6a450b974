//! What the application decides once, for all its sessions.

use core::ops::RangeInclusive;
use core::time::Duration;

use super::public::PublicAddress;
use super::support::Support;
use crate::data::Resume;
use crate::inbox::Limits;
use crate::telnet::Escaping;

/// The policy of a server, shared by its sessions through an `Arc`. The defaults are safe.
///
/// ```
/// use ftp_proto::server::{Config, PublicAddress, Security};
/// let mut config = Config::default();
/// config.security = Security::Login;                                       // no login without TLS
/// config.passive.ports = 50_000..=50_099;                                  // what the firewall lets in
/// config.passive.address = PublicAddress::outside([203, 0, 113, 5].into()); // behind NAT
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
pub struct Config {
    /// How a byte 0xFF in a name or text goes over the control connection, in each direction. Default: as it is.
    pub escaping: Escaping,
    /// How many bytes a command line may have. Default: 4 KiB.
    pub limits: Limits,
    /// How many bytes of command lines may wait for their turn; beyond that the control connection isn't read. Default: 16 KiB.
    pub pipeline_bytes: usize,
    /// Data connections by PASV and EPSV.
    pub passive: Passive,
    /// Data connections by PORT and EPRT.
    pub active: Active,
    /// Whether TLS is offered, and what is refused without it. Default: [`Security::Off`].
    pub security: Security,
    /// Whether TLS begins with the connection (port 990), before the greeting, instead of after AUTH. TLS then outlives REIN, and
    /// data connections are protected unless the client sends PROT C. Default: no.
    pub implicit_tls: bool,
    /// Whether a data connection has to resume the TLS session of the control connection. Default: [`Resume::Required`], since only that
    /// proves who has connected (port stealing, RFC 4217 15.1).
    pub data_session: Resume,
    /// Whether CCC may end TLS on the control connection, after which anybody in between can read and change it (RFC 4217 15.3).
    /// Default: no.
    pub clear_command_channel: bool,
    /// How long to wait, by phase.
    pub patience: Patience,
    /// After this many failed logins the session ends with 421 (RFC 2577 5). Default: 3.
    pub max_login_failures: u32,
    /// After this many unknown commands before the login the session ends with 421, since such a client probably speaks another protocol
    /// (ALPACA, CVE-2021-3618). Default: 10.
    pub max_unknown_commands: u32,
    /// Whether the application is asked for SIZE in TYPE A: it then has to count the bytes as they would be sent (RFC 3659 4.1). Default:
    /// no, `550 SIZE not allowed in ASCII mode.`, as of ProFTPD, Pure-FTPd and pyftpdlib.
    pub size_in_ascii: bool,
    /// Whether commands are read by the letter of the grammars ([`Command::parse_strict`](crate::Command::parse_strict)), so that
    /// `NOOP x` and `PASV x` are answered 501. Default: no, since clients send such things, and most servers accept them.
    pub strict: bool,
    /// What the application can do. This isn't a policy, and the feature `serde` leaves it out.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub support: Support,
    /// Whether [`Action::Answered`](super::Action::Answered) tells each command with its final reply, for a log: every answered command
    /// exactly once, with its reply, without secrets. One command line is then taken up per poll, and the news comes before the `Write` of
    /// the reply. Default: no.
    ///
    /// The news includes lines that aren't commands, are too long or out of order; commands answered during a transfer, and ABOR; the end
    /// of a transfer; 451 if the application didn't answer in time, and 421 instead of its refusal after too many failures. It doesn't
    /// include 1yz, nor a 421 that answers no command (a time-out, [`Server::close`](super::Server::close)).
    pub report_answered: bool,
}

/// Whether TLS (RFC 4217) is offered, and what is refused without it. Each level includes the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Security {
    /// There is no TLS: AUTH is answered 502.
    #[default]
    Off,
    /// Clients may use TLS, by AUTH TLS.
    Offered,
    /// Login requires TLS: without it USER and PASS are refused with 530.
    Login,
    /// Data connections require TLS, too: PORT, PASV and the like are refused with 522 until PROT P is in force.
    Data,
}

/// The policy of passive mode, in which the client makes the data connections.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
pub struct Passive {
    /// Whether PASV and EPSV are allowed; if not, they are answered `550 Permission denied.` Default: yes.
    pub enabled: bool,
    /// The ports to listen on, which a firewall has to let in. Default: `0..=0`, any port that the system gives.
    pub ports: RangeInclusive<u16>,
    /// The address that a 227 announces, which is another than the server's own behind NAT. Default: [`PublicAddress::Own`].
    pub address: PublicAddress,
    /// Whether a host other than the control connection's peer may connect. Default: no (port stealing, CVE-1999-0351).
    pub strangers: bool,
}

/// The policy of active mode, in which the server makes the data connections.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
pub struct Active {
    /// Whether PORT and EPRT are allowed; if not, they are answered `550 Permission denied.` Default: yes.
    pub enabled: bool,
    /// Whether PORT and EPRT may name a host other than the control connection's peer. Default: no (the FTP bounce attack,
    /// CVE-1999-0017, RFC 2577 3).
    pub strangers: bool,
    /// Whether PORT and EPRT may name a port below 1024. Default: no (RFC 2577 3).
    pub privileged_ports: bool,
    /// The local port to connect from, if the adapter can; RFC 959 3.2 wants the one below the control connection's, 20. Default: `None`,
    /// any port that the system gives.
    pub source_port: Option<u16>,
}

/// How long the server waits, by phase. Each time is absolute: bytes that trickle in don't extend it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
pub struct Patience {
    /// For the login, from the greeting on, and again from a USER or REIN of a user who is logged in: 120 s.
    pub login: Duration,
    /// For the next command, from the last command or reply on: 300 s.
    pub idle: Duration,
    /// For the client to read 16 KiB of replies, or all if there are fewer: 60 s. Past that the session ends.
    pub write: Duration,
    /// For a passive port to listen on: 10 s.
    pub listen: Duration,
    /// For the client to connect to the passive port: 60 s.
    pub accept: Duration,
    /// For a connection to the client's port in active mode: 30 s.
    pub connect: Duration,
    /// For a TLS handshake: 30 s.
    pub handshake: Duration,
    /// For the next byte of a transfer, including the first: 300 s. It runs from the adapter's first call of
    /// [`moved`](crate::Stream::moved); without such calls no transfer counts as stalled.
    pub stall: Duration,
    /// For the application to keep an upload that has come whole ([`Action::Commit`](super::Action::Commit)): 120 s. Past that the client
    /// is told 451. Clients wait for their 226 meanwhile: this crate's 300 s, many others a minute or two.
    pub commit: Duration,
    /// For the application's answer to a question: 300 s. Past that the client is told 451.
    pub answer: Duration,
    /// How long the refusal of a login is delayed: 1 s.
    pub failed_login_delay: Duration,
}

impl Config {
    /// Whether clients can use TLS.
    pub(super) fn has_tls(&self) -> bool {
        self.implicit_tls || self.security != Security::Off
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            escaping: Escaping::default(),
            limits: Limits::COMMANDS,
            pipeline_bytes: 16 * 1024,
            passive: Passive::default(),
            active: Active::default(),
            security: Security::Off,
            implicit_tls: false,
            data_session: Resume::Required,
            clear_command_channel: false,
            patience: Patience::default(),
            max_login_failures: 3,
            max_unknown_commands: 10,
            size_in_ascii: false,
            strict: false,
            support: Support::default(),
            report_answered: false,
        }
    }
}

impl Default for Passive {
    fn default() -> Self {
        Self { enabled: true, ports: 0..=0, address: PublicAddress::Own, strangers: false }
    }
}

impl Default for Active {
    fn default() -> Self {
        Self { enabled: true, strangers: false, privileged_ports: false, source_port: None }
    }
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            login: Duration::from_secs(120),
            idle: Duration::from_secs(300),
            write: Duration::from_secs(60),
            listen: Duration::from_secs(10),
            accept: Duration::from_secs(60),
            connect: Duration::from_secs(30),
            handshake: Duration::from_secs(30),
            stall: Duration::from_secs(300),
            commit: Duration::from_secs(120),
            answer: Duration::from_secs(300),
            failed_login_delay: Duration::from_secs(1),
        }
    }
}
