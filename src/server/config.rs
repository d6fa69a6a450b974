//! What the application decides once, for all its sessions.

use core::ops::RangeInclusive;
use core::time::Duration;

use super::public::PublicAddress;
use super::support::Support;
use crate::data::Resume;
use crate::inbox::Limits;
use crate::telnet::Escaping;

/// The policy of a server; shared by its sessions through an `Arc`. The defaults are safe.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
pub struct Config {
    /// How a 0xFF of a name or a text goes over the control connection, in each direction: as it is.
    pub escaping: Escaping,
    /// How long a command line may be.
    pub limits: Limits,
    /// How many bytes of command lines may wait for their turn; over it the control connection isn't read.
    pub pipeline_bytes: usize,
    /// PASV and EPSV.
    pub passive: Passive,
    /// PORT and EPRT.
    pub active: Active,
    /// Whether TLS is offered, and what is refused without it.
    pub security: Security,
    /// Whether TLS begins with the connection (port 990), before the greeting, instead of after AUTH. It outlives REIN, and
    /// data connections are protected until the client says PROT C.
    pub implicit_tls: bool,
    /// Whether the TLS session of a data connection has to be the control connection's, resumed: required, since only that
    /// proves who comes (port stealing, RFC 4217 15.1).
    pub data_session: Resume,
    /// Whether CCC may end TLS on the control connection (no: what follows can be read and changed, RFC 4217 15.3).
    pub clear_command_channel: bool,
    /// How long to wait.
    pub patience: Patience,
    /// The number of failed logins after which the session ends with 421: 3 (RFC 2577 5).
    pub max_login_failures: u32,
    /// The number of lines before the login that are no known command, after which the session ends with 421: 10. Such a client
    /// speaks another protocol (ALPACA, CVE-2021-3618).
    pub max_unknown_commands: u32,
    /// Whether the application is asked for SIZE in TYPE A, which it has to count as it would be sent (no: `550 SIZE not
    /// allowed in ASCII mode.`, as ProFTPD, Pure-FTPd and pyftpdlib say; RFC 3659 4.1).
    pub size_in_ascii: bool,
    /// Whether commands are read by the letter of the grammars ([`Command::parse_strict`](crate::Command::parse_strict)), so that
    /// `NOOP x` and `PASV x` are answered 501 (no: clients say such things, and most servers take them).
    pub strict: bool,
    /// What the application can do. It is no policy: the feature `serde` leaves it out.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub support: Support,
    /// Whether the application is told, by [`Action::Answered`](super::Action::Answered), of each command with its final
    /// reply, whoever has made it (no). Then one command line is taken up a poll, and the news comes before the `Write` of the
    /// reply. A log of this news holds each answered command exactly once, with its answer, and no secret.
    ///
    /// Told are also lines that are no command, are too long, or out of order; what is answered amid a transfer, and ABOR; the end of
    /// a transfer; 451 where the application didn't answer in time, and 421 in place of its refusal where that was one too many.
    /// Not told are a 1yz, and a 421 that no command has asked for (a time-out, [`Server::close`](super::Server::close)).
    pub report_answered: bool,
}

/// Whether TLS (RFC 4217) is offered, and what is refused without it; each includes the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Security {
    /// None: AUTH is answered 502.
    #[default]
    Off,
    /// A client that wants it sends AUTH TLS.
    Offered,
    /// USER and PASS are refused without it (530).
    Login,
    /// Nor is there any data connection without it: PORT, PASV and the like are refused (522) until PROT P is in force.
    Data,
}

/// Data connections that the client makes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
pub struct Passive {
    /// Whether they are allowed; else `550 Permission denied.`
    pub enabled: bool,
    /// The ports to listen on; `0..=0`, the default: whichever the system gives. A firewall has to let them in.
    pub ports: RangeInclusive<u16>,
    /// The address that a 227 announces: for a server behind NAT.
    pub address: PublicAddress,
    /// Whether another host than the control connection's peer may connect (no: port stealing, CVE-1999-0351).
    pub strangers: bool,
}

/// Data connections that the server makes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
pub struct Active {
    /// Whether they are allowed; else `550 Permission denied.`
    pub enabled: bool,
    /// Whether PORT and EPRT may name another host than the control connection's peer (no: the FTP bounce attack,
    /// CVE-1999-0017, RFC 2577 3).
    pub strangers: bool,
    /// Whether they may name a port below 1024 (no: RFC 2577 3).
    pub privileged_ports: bool,
    /// The port that data connections come from, as far as the adapter may (RFC 959 3.2 wants the one below the control
    /// connection's: 20). `None`, the default: whichever the system gives.
    pub source_port: Option<u16>,
}

/// How long the server waits.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
pub struct Patience {
    /// From the greeting to the login, whatever is said meanwhile, and again for who was logged in and names another user
    /// or says REIN: 120 s.
    pub login: Duration,
    /// For the next command, from the last word that was said: 300 s.
    pub idle: Duration,
    /// For the client to take each 16 KiB of what we say, or less: 60 s. One that takes nothing ends the session.
    pub write: Duration,
    /// For a passive port to listen on: 10 s.
    pub listen: Duration,
    /// For the client to connect to a passive port: 60 s.
    pub accept: Duration,
    /// For the client's port to answer: 30 s.
    pub connect: Duration,
    /// For a TLS handshake: 30 s.
    pub handshake: Duration,
    /// For the next byte of a transfer, by the adapter's [`moved`](crate::Stream::moved): 300 s.
    pub stall: Duration,
    /// For the application to keep an upload that has come whole ([`Action::Commit`](super::Action::Commit)): 120 s. A client
    /// waits for its 226 meanwhile; our own waits 300 s, and many others a minute or two. It has to hear the 451 before it goes.
    pub commit: Duration,
    /// For the application's answer: 300 s.
    pub answer: Duration,
    /// How long a failed login waits for its answer: 1 s.
    pub failed_login_delay: Duration,
}

impl Config {
    /// Whether TLS is there.
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
