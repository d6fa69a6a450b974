//! What is known about a control connection and its data connections, whichever side saw it.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::net::{IpAddr, SocketAddr};
use core::time::Duration;

use super::attempt::{Attempt, Excerpt, TlsVersion};
use super::software::{Software, Speaks};
use super::{Endpoints, plain};
use crate::command::{Protection, Verb};
use crate::data::DataError;
use crate::reply::{Code, Reply};

/// What is known about a session and its data connections, from a [`Client`](crate::Client), a [`Server`](crate::Server), an observer
/// between them ([`Witness`](crate::tracker::Witness)), or a log. It is the input of [`diagnose`](crate::diagnosis::diagnose). Nothing has to be
/// known: `None` and empty mean unknown, and no conclusion is drawn from them.
///
/// One record may hold the attempts of several sessions with one server: each attempt says whether it was encrypted.
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
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default))]
#[non_exhaustive]
pub struct Evidence {
    /// The side that has seen it. Addresses are as that side sees them.
    pub side: Side,
    /// The client's end of the control connection.
    pub client: Option<SocketAddr>,
    /// The server's end of the control connection; for a client the address that it dialled.
    pub server: Option<SocketAddr>,
    /// The client's address as seen from beyond a NAT, if known from a server's reply or log.
    pub client_outside: Option<IpAddr>,
    /// The server's own address behind a NAT, if known.
    pub server_inside: Option<IpAddr>,
    /// Which protocol answers at the port.
    pub speaks: Option<Speaks>,
    /// Which server it is.
    pub software: Software,
    /// Whether the login has succeeded.
    pub logged_in: Option<bool>,
    /// TLS on the control connection.
    pub tls: TlsFacts,
    /// Whether FEAT named PRET: the server has to know in advance what a passive port is for.
    pub wants_pret: bool,
    /// Each attempt at a data connection, in order.
    pub attempts: Vec<Attempt>,
    /// The state of the control connection.
    pub control: ControlState,
    /// How many replies came that no command had asked for.
    pub surplus: u16,
    /// The server's configuration, as far as it is known.
    pub configuration: Configuration,
    /// What is known about the machines and networks in between.
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default))]
#[non_exhaustive]
pub struct TlsFacts {
    /// Whether the control connection is under TLS at the end.
    pub on: Option<bool>,
    /// The version of TLS.
    pub version: Option<TlsVersion>,
    /// The protection level that PROT set, if the server accepted one.
    pub protection: Option<Protection>,
    /// Whether the server offers TLS: FEAT names AUTH, or AUTH was accepted.
    pub offered: Option<bool>,
}

/// The state of the control connection.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum ControlState {
    /// Nothing is known, or the connection has ended in order.
    #[default]
    Unknown,
    /// The connection couldn't be made.
    NotReached(DataError),
    /// Replies still come.
    Alive,
    /// The connection was lost.
    Lost(ControlLoss),
}

/// How the control connection was lost.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct ControlLoss {
    /// How the loss showed.
    pub how: LossKind,
    /// What was under way.
    pub during: Occasion,
    /// For how long no byte had been exchanged over it.
    #[cfg_attr(feature = "serde", serde(default))]
    pub idle: Duration,
    /// The server's last reply, if it was a 421.
    pub said: Option<Box<Excerpt>>,
}

/// How the loss of a control connection showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum LossKind {
    /// The peer closed it.
    Closed,
    /// It was reset.
    Reset,
    /// A reply that was due didn't come.
    Silent,
}

/// What was under way when the control connection was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Occasion {
    /// The greeting was due.
    Greeting,
    /// The reply to this command was due.
    Command(Verb),
    /// A transfer was under way, and its data hadn't ended.
    Transfer,
    /// The data of a transfer had ended in order, and its final reply was due: the file is whole.
    AfterTransfer,
    /// Nothing was due.
    Idle,
}

/// A server's configuration, as far as it is known from its own machine or its configuration file.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default))]
#[non_exhaustive]
pub struct Configuration {
    /// Whether passive mode is allowed.
    pub passive: Option<bool>,
    /// Whether active mode is allowed.
    pub active: Option<bool>,
    /// The first and the last passive port, in the order in which they are configured, even a wrong one. `(0, 0)` means any port that the
    /// system gives.
    pub ports: Option<(u16, u16)>,
    /// The address that a 227 is configured to announce.
    pub address: Option<IpAddr>,
    /// How many sessions may exist at once.
    pub sessions: Option<u32>,
    /// Whether data connections from and to other hosts than the control connection's peer are allowed.
    pub strangers: Option<bool>,
    /// Whether the TLS session of a data connection has to be the control connection's.
    pub session_reuse: Option<bool>,
    /// Whether TLS is required for data connections.
    pub tls_required: Option<bool>,
}

/// What is known about the machines and networks in between. Only a program that runs there can know it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default))]
#[non_exhaustive]
pub struct Surroundings {
    /// What the server runs in.
    pub container: Option<Container>,
    /// The ports that the container publishes to the outside: the first and the last of each range.
    pub published: Option<Vec<(u16, u16)>>,
    /// The addresses of this host's interfaces.
    pub interfaces: Vec<IpAddr>,
    /// Whether the firewall reads FTP and opens the ports that it finds (Linux: `nf_conntrack_ftp`, attached to the port).
    pub helper: Option<Helper>,
    /// The port on which the server listened for the last passive attempt, according to its log.
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

/// Whether a firewall's helper for FTP reads this control connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Helper {
    /// The helper reads this control connection.
    Attached,
    /// There is a helper, but it isn't configured to read this control connection (Linux since 4.7).
    Detached,
    /// There is no helper.
    Missing,
}

impl Evidence {
    /// A record by this side, with nothing known.
    pub fn seen_by(side: Side) -> Self {
        Self { side, ..Self::default() }
    }

    /// Sets both ends of the control connection: [`Endpoints::local`] is the end of [`side`](Self::side), or the client's for an observer.
    pub fn ends(mut self, ends: &Endpoints) -> Self {
        let (client, server) = match self.side {
            Side::Client | Side::Observer => (ends.local(), ends.peer()),
            Side::Server => (ends.peer(), ends.local()),
        };
        self.client = Some(client);
        self.server = Some(server);
        self
    }

    /// Sets the client's end of the control connection.
    pub fn client(mut self, address: SocketAddr) -> Self {
        self.client = Some(plain(address));
        self
    }

    /// Sets the server's end of the control connection.
    pub fn server(mut self, address: SocketAddr) -> Self {
        self.server = Some(plain(address));
        self
    }

    /// Sets the server's software.
    pub fn software(mut self, software: Software) -> Self {
        self.software = software;
        self
    }

    /// Sets the state of the control connection.
    pub fn control(mut self, control: ControlState) -> Self {
        self.control = control;
        self
    }

    /// Sets what is known about TLS on the control connection.
    pub fn tls(mut self, tls: TlsFacts) -> Self {
        self.tls = tls;
        self
    }

    /// Sets the server's configuration.
    pub fn configuration(mut self, configuration: Configuration) -> Self {
        self.configuration = configuration;
        self
    }

    /// Sets what is known about the machines and networks in between.
    pub fn surroundings(mut self, surroundings: Surroundings) -> Self {
        self.surroundings = surroundings;
        self
    }

    /// Appends an attempt.
    pub fn attempt(mut self, attempt: Attempt) -> Self {
        self.attempts.push(attempt);
        self
    }

    /// Adds what a reply tells: which software and protocol it is, what it offers, whether the login has succeeded. `to` is the command that
    /// the reply answers; `None` means that it is the greeting. Replies may come in any order, and some may be missing.
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
    /// A loss that showed as `how`, while `during` was under way.
    pub const fn new(how: LossKind, during: Occasion) -> Self {
        Self { how, during, idle: Duration::ZERO, said: None }
    }

    /// Sets for how long no byte had been exchanged.
    pub const fn idle(mut self, idle: Duration) -> Self {
        self.idle = idle;
        self
    }
}
