//! What speaks for a finding, and what against it.

use core::fmt;
use core::net::{IpAddr, SocketAddr};
use core::time::Duration;

use crate::command::Verb;
use crate::data::DataError;
use crate::route::{Attempt, AttemptEnd, Container, Excerpt, Helper, Route, Software, Speaks};

/// One thing that was seen. Its display is half a sentence, without a full stop.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Fact {
    /// The server or the client named this address, and the control connection leads to another host.
    Advertised {
        /// By which route.
        route: Route,
        /// What was named.
        address: SocketAddr,
        /// The control connection's host on that side.
        peer: Option<IpAddr>,
    },
    /// An attempt, and how it ended.
    Tried {
        /// The way that was tried.
        route: Route,
        /// What was dialled, or who connected, else what was named.
        address: Option<SocketAddr>,
        /// How it ended.
        end: AttemptEnd,
        /// How long it took.
        took: Duration,
        /// The connection stood.
        connected: bool,
        /// The control connection was under TLS.
        encrypted: bool,
        /// The data connection was to be under TLS.
        protected: bool,
    },
    /// The server's words.
    Said(Excerpt),
    /// The client's address is private, and the server isn't in its network.
    ClientPrivate(IpAddr),
    /// The other side of the NAT sees the client as this one.
    ClientSeenAs(IpAddr),
    /// The server's public address from the client's point of view.
    ServerAt(IpAddr),
    /// Another host came to the data port.
    Stranger(IpAddr),
    /// The server's software.
    Recognised(Software),
    /// What answers at the port.
    Speaks(Speaks),
    /// The server runs in a container.
    Contained(Container),
    /// This port isn't published.
    NotPublished(u16),
    /// The firewall's FTP helper.
    Helper(Helper),
    /// The server listened at a port, and the client was told another.
    OtherPort {
        /// Where the server listened.
        listened: u16,
        /// What the client was told.
        told: u16,
    },
    /// The control connection broke over this command.
    LostAt(Verb),
    /// The address that the configuration lets a 227 announce.
    Configured(IpAddr),
    /// The configured passive range, as it is written.
    Range(u16, u16),
    /// This port lies outside the range that others lay in.
    OutsideRange(u16),
    /// This port is another protocol's.
    ForeignPort(u16),
    /// The control connection was silent for so long before it was lost.
    Silent(Duration),
    /// The data had come whole.
    DataWhole,
    /// So many replies came that nothing had asked for.
    Surplus(u16),
    /// The server can have so many sessions, and so many passive ports.
    Sessions {
        /// How many sessions.
        sessions: u32,
        /// How many ports.
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
                Speaks::Other => "the greeting is no reply",
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
            Self::LostAt(verb) => write!(f, "the control connection broke over {}", verb.word()),
            Self::Configured(address) => write!(f, "the configuration lets the server announce {address}"),
            Self::Range(first, last) => write!(f, "the passive range is {first} to {last}"),
            Self::OutsideRange(port) => write!(f, "port {port} lies outside the range"),
            Self::ForeignPort(port) => {
                write!(f, "port {port} is another protocol's ({})", super::ports::owner(*port).unwrap_or("unknown"))
            }
            // Most logs tell no times.
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
        AttemptEnd::Unexpected(code) => write!(f, "answered with {code}, which is no answer to it"),
        AttemptEnd::Unreadable => f.write_str("the reply names no address"),
        AttemptEnd::Failed(DataError::TimedOut) if !route.is_passive() => {
            f.write_str("the server didn't connect in time")
        }
        AttemptEnd::Failed(why) => write!(f, "{why}"),
        AttemptEnd::ServerFailed(code) if connected => write!(f, "connected, then the server gave up with {code}"),
        AttemptEnd::ServerFailed(code) => write!(f, "the server gave up with {code}"),
        AttemptEnd::Stranger(host) => write!(f, "only {host} came, a stranger"),
        AttemptEnd::Stalled => f.write_str("connected, and nothing moved"),
        AttemptEnd::CutShort => f.write_str("connected, and cut short"),
        AttemptEnd::NotDialled => f.write_str("not dialled"),
        AttemptEnd::ControlLost => f.write_str("the control connection was lost"),
    }
}
