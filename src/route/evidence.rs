//! What is known of one control connection and its data connections, whoever saw it.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::net::{IpAddr, SocketAddr};
use core::time::Duration;

use super::Endpoints;
use super::attempt::{Attempt, Excerpt, TlsVersion};
use super::software::{Software, Speaks};
use crate::command::{Protection, Verb};
use crate::data::DataError;
use crate::reply::{Code, Reply};

/// What is known of a session and its data connections: by a [`Client`](crate::Client), a [`Server`](crate::Server), somebody in
/// between ([`Witness`](crate::tracker::Witness)), or a log. Nothing has to be known; what isn't is `None` or empty, and nothing is concluded from it.
///
/// Attempts of several sessions with one server may be in one record, as a doctor makes them: each says whether it was encrypted.
///
/// ```
/// use ftp_proto::{Attempt, AttemptEnd, DataError, Evidence, Reply, Route, Side};
/// let address = "192.168.1.10:50000".parse()?;
/// let attempt = Attempt::new(Route::Pasv, AttemptEnd::Failed(DataError::TimedOut)).advertised(address).reached(address);
/// let (greeting, _) = Reply::parse(b"220 (vsFTPd 3.0.3)\r\n").unwrap().unwrap();
/// let evidence = Evidence::seen_by(Side::Client)
///     .server("203.0.113.7:21".parse()?)
///     .heard(None, &greeting)
///     .attempt(attempt);
/// assert_eq!(evidence.software.name(), "vsftpd");
/// # Ok::<(), core::net::AddrParseError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default))]
#[non_exhaustive]
pub struct Evidence {
    /// The side that has seen it. Addresses are as that side sees them.
    pub side: Side,
    /// The client's end of the control connection.
    pub client: Option<SocketAddr>,
    /// The server's end of the control connection: for a client, what it has dialled.
    pub server: Option<SocketAddr>,
    /// The client's address as the other side of a NAT sees it, if it is known: from a server's words, or its log.
    pub client_outside: Option<IpAddr>,
    /// The server's own address behind a NAT, if it is known.
    pub server_inside: Option<IpAddr>,
    /// What answers at the port.
    pub speaks: Option<Speaks>,
    /// Which server it is.
    pub software: Software,
    /// Whether the login has succeeded.
    pub logged_in: Option<bool>,
    /// What TLS does on the control connection.
    pub tls: TlsFacts,
    /// FEAT named PRET: the server has to know what a passive port is for.
    pub wants_pret: bool,
    /// Each attempt at a data connection, in order.
    pub attempts: Vec<Attempt>,
    /// How the control connection fares.
    pub control: ControlState,
    /// How many replies have come that nothing had asked for.
    pub surplus: u16,
    /// What the server is told to do, as far as that is known.
    pub configuration: Configuration,
    /// What is known of the machines and networks in between.
    pub surroundings: Surroundings,
}

/// The side that has seen the evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Side {
    /// A client.
    #[default]
    Client,
    /// A server.
    Server,
    /// An observer in between, which sees the control connection's bytes.
    Observer,
}

/// TLS on the control connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default))]
#[non_exhaustive]
pub struct TlsFacts {
    /// Whether it is under TLS at the end.
    pub on: Option<bool>,
    /// The version.
    pub version: Option<TlsVersion>,
    /// PROT, as far as it was settled.
    pub protection: Option<Protection>,
    /// Whether the server offers it (FEAT, or AUTH was taken).
    pub offered: Option<bool>,
}

/// How the control connection fares.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum ControlState {
    /// Nothing is known, or it has ended in order.
    #[default]
    Unknown,
    /// There was none: it couldn't be made.
    NotReached(DataError),
    /// Replies still come.
    Alive,
    /// It was lost.
    Lost(ControlLoss),
}

/// How the control connection was lost.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct ControlLoss {
    /// What was to be seen of it.
    pub how: LossKind,
    /// While what was under way.
    pub during: Occasion,
    /// For how long nothing had been said over it.
    #[cfg_attr(feature = "serde", serde(default))]
    pub idle: Duration,
    /// The server's last word, if it was a 421.
    pub said: Option<Box<Excerpt>>,
}

/// What was to be seen of a control connection that was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum LossKind {
    /// The other side closed it.
    Closed,
    /// It was reset.
    Reset,
    /// A reply that was due didn't come.
    Silent,
}

/// What was under way as the control connection was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Occasion {
    /// The greeting was due.
    Greeting,
    /// The answer to this command was due.
    Command(Verb),
    /// A transfer was under way, and its data hadn't come to an end.
    Transfer,
    /// The data of a transfer had come to its end in order, and the final reply was due: the file is whole.
    AfterTransfer,
    /// Nothing was due.
    Idle,
}

/// What a server is told to do, as far as it is known: by its own machine, or by its configuration file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default))]
#[non_exhaustive]
pub struct Configuration {
    /// Whether passive mode is allowed.
    pub passive: Option<bool>,
    /// Whether active mode is allowed.
    pub active: Option<bool>,
    /// The first and the last passive port as they are written, be they swapped. `(0, 0)`: whichever the system gives.
    pub ports: Option<(u16, u16)>,
    /// The address that a 227 is to announce.
    pub address: Option<IpAddr>,
    /// How many sessions there may be at once.
    pub sessions: Option<u32>,
    /// Whether data connections of other hosts than the control connection's are let in or made.
    pub strangers: Option<bool>,
    /// Whether the TLS session of a data connection has to be the control connection's.
    pub session_reuse: Option<bool>,
    /// Whether TLS is required for data connections.
    pub tls_required: Option<bool>,
}

/// What is known of the machines and networks in between. Only a program that runs there can know it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default))]
#[non_exhaustive]
pub struct Surroundings {
    /// What the server runs in.
    pub container: Option<Container>,
    /// The ports that are published to the outside, first and last of each range.
    pub published: Option<Vec<(u16, u16)>>,
    /// The addresses of this host's interfaces.
    pub interfaces: Vec<IpAddr>,
    /// Whether the firewall reads FTP and opens what it finds (Linux: `nf_conntrack_ftp`, attached to the port).
    pub helper: Option<Helper>,
    /// The port at which the server listened for the last passive attempt, by its own word (its log).
    pub listened: Option<u16>,
}

/// What a server runs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Container {
    /// Docker, Podman and the like.
    Docker,
    /// Kubernetes.
    Kubernetes,
}

/// A firewall's reader of FTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Helper {
    /// It reads this control connection.
    Attached,
    /// It is there, and isn't told to read this control connection (Linux since 4.7).
    Detached,
    /// There is none.
    Missing,
}

impl Evidence {
    /// An empty record of this side.
    pub fn seen_by(side: Side) -> Self {
        Self { side, ..Self::default() }
    }

    /// With the ends of a control connection as a machine knows them: `local` is the end of [`side`](Self::side), and for an observer
    /// the client's.
    pub fn ends(mut self, ends: &Endpoints) -> Self {
        let (client, server) = match self.side {
            Side::Client | Side::Observer => (ends.local(), ends.peer()),
            Side::Server => (ends.peer(), ends.local()),
        };
        self.client = Some(client);
        self.server = Some(server);
        self
    }

    /// With the client's end of the control connection.
    pub fn client(mut self, address: SocketAddr) -> Self {
        self.client = Some(plain(address));
        self
    }

    /// With the server's end of the control connection.
    pub fn server(mut self, address: SocketAddr) -> Self {
        self.server = Some(plain(address));
        self
    }

    /// With the server's software.
    pub fn software(mut self, software: Software) -> Self {
        self.software = software;
        self
    }

    /// With how the control connection fares.
    pub fn control(mut self, control: ControlState) -> Self {
        self.control = control;
        self
    }

    /// With what is known of TLS.
    pub fn tls(mut self, tls: TlsFacts) -> Self {
        self.tls = tls;
        self
    }

    /// With the server's configuration.
    pub fn configuration(mut self, configuration: Configuration) -> Self {
        self.configuration = configuration;
        self
    }

    /// With the machines and networks in between.
    pub fn surroundings(mut self, surroundings: Surroundings) -> Self {
        self.surroundings = surroundings;
        self
    }

    /// With another attempt, behind those that are there.
    pub fn attempt(mut self, attempt: Attempt) -> Self {
        self.attempts.push(attempt);
        self
    }

    /// With what a reply tells: which software it is, what it speaks and offers, whether the login has succeeded. `to`: the command
    /// that it answers; `None`: it is the greeting. Replies may be given in any order and need not be all.
    pub fn heard(mut self, to: Option<Verb>, reply: &Reply<'_>) -> Self {
        self.hear(to, reply);
        self
    }

    /// Like [`heard`](Self::heard), by reference.
    pub fn hear(&mut self, to: Option<Verb>, reply: &Reply<'_>) {
        if self.software == Software::Unknown {
            self.software = Software::of(to, reply);
        }
        match to {
            None => {
                let text = reply.lines().next().unwrap_or_default();
                self.speaks.get_or_insert(Speaks::of_greeting(text));
            }
            Some(Verb::Feat) if reply.code().is_completion() => {
                self.wants_pret |= reply.features().any(|feature| Verb::parse(feature.word) == Verb::Pret);
                let offers = reply.features().any(|feature| Verb::parse(feature.word) == Verb::Auth);
                self.tls.offered.get_or_insert(offers);
            }
            Some(Verb::User | Verb::Pass | Verb::Acct) => match reply.code() {
                code if code.is_completion() => self.logged_in = Some(true),
                Code::NOT_LOGGED_IN => self.logged_in = Some(false),
                _ => {}
            },
            Some(Verb::Auth) if reply.code() == Code::SECURITY_EXCHANGE_COMPLETE => self.tls.offered = Some(true),
            _ => {}
        }
    }
}

impl ControlLoss {
    /// It was lost so, while this was under way.
    pub const fn new(how: LossKind, during: Occasion) -> Self {
        Self { how, during, idle: Duration::ZERO, said: None }
    }

    /// With the time for which nothing had been said.
    pub const fn idle(mut self, idle: Duration) -> Self {
        self.idle = idle;
        self
    }
}

fn plain(address: SocketAddr) -> SocketAddr {
    match address.ip().to_canonical() {
        IpAddr::V6(_) => address,
        host => SocketAddr::new(host, address.port()),
    }
}
