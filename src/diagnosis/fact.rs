//! The facts that support a finding or speak against it.

use core::fmt;
use core::net::{IpAddr, SocketAddr};
use core::time::Duration;

use crate::command::Verb;
use crate::data::DataError;
use crate::route::{Attempt, AttemptEnd, Container, Excerpt, Helper, Route, Software, Speaks};

/// One thing that was observed. `Display` shows a clause without a full stop.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Fact {
    /// The server (passive) or the client (active) named this address, and the control connection leads to another host.
    Advertised {
        /// The route whose command or reply named it.
        route: Route,
        /// The address that was named.
        address: SocketAddr,
        /// The control connection's host on that side, if known.
        peer: Option<IpAddr>,
    },
    /// An attempt, and how it ended.
    Tried {
        /// The route that was tried.
        route: Route,
        /// The address that was dialled or connected; if there was none, the address that was named.
        address: Option<SocketAddr>,
        /// How it ended.
        end: AttemptEnd,
        /// How long it took.
        took: Duration,
        /// Whether the TCP connection was made.
        connected: bool,
        /// Whether the control connection was under TLS.
        encrypted: bool,
        /// Whether PROT P was in force.
        protected: bool,
    },
    /// A reply of the server.
    Said(Excerpt),
    /// The client's address, which is private, while the server is beyond its network.
    ClientPrivate(IpAddr),
    /// The client's address as the server sees it.
    ClientSeenAs(IpAddr),
    /// The server's public address as the client sees it.
    ServerAt(IpAddr),
    /// Another host that connected to the data port.
    Stranger(IpAddr),
    /// The server's software.
    Recognised(Software),
    /// The protocol that answers at the port.
    Speaks(Speaks),
    /// The server runs in a container.
    Contained(Container),
    /// A port that the container doesn't publish.
    NotPublished(u16),
    /// The state of the firewall's FTP helper.
    Helper(Helper),
    /// The server listened on one port, and the client was told another.
    OtherPort {
        /// The port on which the server listened.
        listened: u16,
        /// The port that the client was told.
        told: u16,
    },
    /// The control connection was lost while the reply to this command was due.
    LostAt(Verb),
    /// The address that the server is configured to announce.
    Configured(IpAddr),
    /// The configured first and last passive port, in the configured order.
    Range(u16, u16),
    /// A port outside the configured passive range.
    OutsideRange(u16),
    /// A port that routers take for another protocol's.
    ForeignPort(u16),
    /// For how long the control connection was silent before it was lost.
    Silent(Duration),
    /// All data had come.
    DataWhole,
    /// How many replies came that no command had asked for.
    Surplus(u16),
    /// The server allows more sessions than it has passive ports.
    Sessions {
        /// How many sessions it allows.
        sessions: u32,
        /// How many passive ports it has.
        ports: u32,
    },
    /// The server's configuration requires TLS for data.
    TlsRequired,
    /// The control connection couldn't be made.
    NotReached(DataError),
}

impl Fact {
    pub(super) fn tried(attempt: &Attempt) -> Self {
        Self::Tried {
            route: attempt.route,
            address: attempt.reached.or(attempt.advertised),
            end: attempt.end,
            took: attempt.took,
            connected: attempt.connected,
            encrypted: attempt.encrypted,
            protected: attempt.protected,
        }
    }
}

impl fmt::Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Advertised { route, address, peer } => {
                let who = if route.is_passive() { "the server" } else { "the client" };
                write!(f, "{who} names {address}")?;
                match peer {
                    Some(peer) => write!(f, ", and the control connection leads to {peer}"),
                    None => Ok(()),
                }
            }
            Self::Tried { route, address, end, took, connected, encrypted, protected } => {
                f.write_str(route.word())?;
                if *protected {
                    f.write_str(" under TLS")?;
                } else if *encrypted {
                    f.write_str(" with TLS on the control connection")?;
                }
                if let Some(address) = address {
                    write!(f, ", {address}")?;
                }
                f.write_str(": ")?;
                outcome(f, *route, *end, *connected)?;
                if took.as_millis() < 100 {
                    Ok(())
                } else {
                    write!(f, " after {}.{} s", took.as_secs(), took.subsec_millis() / 100)
                }
            }
            Self::Said(excerpt) => write!(f, "the server said `{excerpt}`"),
            Self::ClientPrivate(address) => {
                write!(f, "the client's own address {address} is private, and the server is beyond its network")
            }
            Self::ClientSeenAs(address) => write!(f, "the server sees the client as {address}"),
            Self::ServerAt(address) => write!(f, "the control connection reaches the server at {address}"),
            Self::Stranger(address) => {
                write!(f, "{address} came to the data port, another host than the control connection's")
            }
            Self::Recognised(software) => write!(f, "the server is {software}"),
            Self::Speaks(speaks) => f.write_str(match speaks {
                Speaks::Ftp => "FTP answers",
                Speaks::Ssh => "the greeting begins with `SSH-`",
                Speaks::Http => "the answer is HTTP's",
                Speaks::Smtp => "the greeting names SMTP",
                Speaks::Tls => "the first bytes are a TLS record",
                Speaks::Nothing => "no greeting came",
                Speaks::Other => "the greeting isn't a reply",
            }),
            Self::Contained(Container::Docker) => f.write_str("the server runs in a container"),
            Self::Contained(Container::Kubernetes) => f.write_str("the server runs in Kubernetes"),
            Self::NotPublished(port) => write!(f, "port {port} isn't published"),
            Self::Helper(helper) => f.write_str(match helper {
                Helper::Attached => "the firewall's FTP helper reads the control connection",
                Helper::Detached => "the firewall's FTP helper isn't attached to the control connection",
                Helper::Missing => "the firewall has no FTP helper",
            }),
            Self::OtherPort { listened, told } => {
                write!(f, "the server listened at port {listened}, and the client was told {told}")
            }
            Self::LostAt(verb) => write!(f, "the control connection was lost after {}", verb.word()),
            Self::Configured(address) => write!(f, "the server is configured to announce {address}"),
            Self::Range(first, last) => write!(f, "the passive range is {first} to {last}"),
            Self::OutsideRange(port) => write!(f, "port {port} lies outside the range"),
            Self::ForeignPort(port) => {
                write!(f, "port {port} is another protocol's ({})", super::ports::owner(*port).unwrap_or("unknown"))
            }
            // Most logs have no times.
            Self::Silent(time) if time.as_secs() == 0 => f.write_str("the control connection was lost"),
            Self::Silent(time) => {
                write!(f, "nothing had been said over the control connection for {} s", time.as_secs())
            }
            Self::DataWhole => f.write_str("the data connection had ended in order"),
            Self::Surplus(count) => write!(f, "{count} replies came that nothing had asked for"),
            Self::Sessions { sessions, ports } => write!(f, "{sessions} sessions share {ports} passive ports"),
            Self::TlsRequired => f.write_str("the configuration requires TLS for data connections"),
            Self::NotReached(why) => write!(f, "the control connection couldn't be made: {why}"),
        }
    }
}

fn outcome(f: &mut fmt::Formatter<'_>, route: Route, end: AttemptEnd, connected: bool) -> fmt::Result {
    match end {
        AttemptEnd::Connected => f.write_str("it works"),
        AttemptEnd::Refused(code) => write!(f, "refused with {code}"),
        AttemptEnd::Unexpected(code) => write!(f, "answered with {code}, which can't be the answer"),
        AttemptEnd::Unreadable => f.write_str("the reply names no address"),
        AttemptEnd::Failed(DataError::TimedOut) if !route.is_passive() => {
            f.write_str("the server didn't connect in time")
        }
        AttemptEnd::Failed(why) => write!(f, "{why}"),
        AttemptEnd::ServerFailed(code) if connected => write!(f, "connected, then the server gave up with {code}"),
        AttemptEnd::ServerFailed(code) => write!(f, "the server gave up with {code}"),
        AttemptEnd::Stranger(host) => write!(f, "only another host connected, {host}"),
        AttemptEnd::Stalled => f.write_str("connected, but nothing moved"),
        AttemptEnd::CutShort => f.write_str("connected, but cut short"),
        AttemptEnd::NotDialled => f.write_str("not dialled"),
        AttemptEnd::ControlLost => f.write_str("the control connection was lost"),
    }
}
