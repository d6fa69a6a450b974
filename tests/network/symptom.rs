//! The five ways to a data connection, each by itself, and what a user sees of it.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use ftp_proto::client::{Config, Request, Violation};
use ftp_proto::{Attempt, AttemptEnd, DataError, Evidence, PassiveHost, Route};

use crate::session::{Ran, Session};
use crate::topology::Topology;

/// A column of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    Port,
    Eprt,
    PasvAdvertised,
    PasvControl,
    Epsv,
}

impl Way {
    pub const ALL: [Self; 5] = [Self::Port, Self::Eprt, Self::PasvAdvertised, Self::PasvControl, Self::Epsv];

    pub fn route(self) -> Route {
        match self {
            Self::Port => Route::Port,
            Self::Eprt => Route::Eprt,
            Self::PasvAdvertised | Self::PasvControl => Route::Pasv,
            Self::Epsv => Route::Epsv,
        }
    }

    pub fn config(self) -> Config {
        let mut config = Config::default();
        config.routes = vec![self.route()];
        if self == Self::PasvAdvertised {
            config.passive_host = PassiveHost::Advertised;
        }
        config
    }
}

/// What became of one way.
pub struct Tried {
    pub symptom: Symptom,
    pub evidence: Evidence,
    pub took: Duration,
    /// Whom the client has dialled or let in, and isn't the control connection's other end; and whom the server has let in.
    pub strangers: Vec<SocketAddr>,
    pub dialogue: String,
}

/// What a user sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Symptom {
    Works,
    /// The route can't be asked for: PORT over IPv6.
    NotAsked,
    /// The machine can't listen.
    CannotListen,
    /// The server refuses the command with this code.
    Refused(u16),
    /// Its reply names no address.
    Unreadable,
    DialTimesOut,
    DialRefused,
    DialUnreachable,
    /// 200, and the server tells that it can't connect: at once, or late.
    ServerFails(u16, Pace),
    /// 200, and nobody comes within the client's patience.
    NobodyComes,
    /// 200, and another host comes.
    StrangerComes,
    /// The connection stands, and the server gives it up with this code.
    Dismissed(u16, Pace),
    /// The connection stands, and nothing moves.
    Silent,
    ControlLost,
    Other(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    AtOnce,
    Late,
}

/// Whoever is refused hears of it within the time of a few packets.
const AT_ONCE: Duration = Duration::from_secs(1);

impl Pace {
    fn of(took: Duration) -> Self {
        if took <= AT_ONCE { Self::AtOnce } else { Self::Late }
    }
}

/// A listing by this way alone.
pub fn try_way(topology: &Topology, way: Way) -> Tried {
    try_with(topology, way.config())
}

/// A listing under this policy.
pub fn try_with(topology: &Topology, config: Config) -> Tried {
    let mut session = match Session::new(topology, config) {
        Ok(session) => session,
        Err(why) => panic!("no control connection: {why:?} in {topology:#?}"),
    };
    if let Err(ran) = session.begin(topology) {
        panic!("no login: {ran:?}{}", session.dialogue());
    }
    let ran = session.run(Request::list(None));
    Tried {
        symptom: Symptom::of(&ran),
        evidence: session.client.evidence(),
        took: ran.took,
        strangers: session.strangers(),
        dialogue: session.dialogue(),
    }
}

impl Symptom {
    fn of(ran: &Ran) -> Self {
        if ran.worked() {
            return Self::Works;
        }
        if let Err(Violation::Closed { .. } | Violation::TimedOut { .. }) = ran.ended {
            return Self::ControlLost;
        }
        match ran.attempts.last() {
            None => Self::NotAsked,
            Some(last) => Self::of_attempt(last, ran.took),
        }
    }

    fn of_attempt(attempt: &Attempt, took: Duration) -> Self {
        match attempt.end {
            AttemptEnd::Refused(code) => Self::Refused(code.value()),
            AttemptEnd::Unreadable => Self::Unreadable,
            AttemptEnd::ServerFailed(code) if attempt.connected => Self::Dismissed(code.value(), Pace::of(took)),
            AttemptEnd::ServerFailed(code) => Self::ServerFails(code.value(), Pace::of(took)),
            AttemptEnd::Failed(DataError::TimedOut) if !attempt.route.is_passive() => Self::NobodyComes,
            AttemptEnd::Failed(DataError::TimedOut) => Self::DialTimesOut,
            AttemptEnd::Failed(DataError::Refused) => Self::DialRefused,
            AttemptEnd::Failed(DataError::Unreachable) => Self::DialUnreachable,
            AttemptEnd::Failed(DataError::Local | DataError::NoPort) => Self::CannotListen,
            AttemptEnd::Stranger(_) => Self::StrangerComes,
            AttemptEnd::Stalled => Self::Silent,
            AttemptEnd::ControlLost => Self::ControlLost,
            ref other => Self::Other(format!("{other:?}")),
        }
    }
}

/// As the table writes it.
impl fmt::Display for Symptom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Works => f.write_str("ok"),
            Self::NotAsked => f.write_str("n/a"),
            Self::CannotListen => f.write_str("can't listen"),
            Self::Refused(code) => write!(f, "{code}"),
            Self::Unreadable => f.write_str("unreadable"),
            Self::DialTimesOut => f.write_str("dial times out"),
            Self::DialRefused => f.write_str("dial refused"),
            Self::DialUnreachable => f.write_str("dial unreachable"),
            Self::ServerFails(code, pace) => write!(f, "200, {code} {pace}"),
            Self::NobodyComes => f.write_str("200, nobody comes"),
            Self::StrangerComes => f.write_str("200, a stranger comes"),
            Self::Dismissed(code, pace) => write!(f, "connected, {code} {pace}"),
            Self::Silent => f.write_str("connected, silence"),
            Self::ControlLost => f.write_str("control lost"),
            Self::Other(what) => f.write_str(what),
        }
    }
}

impl fmt::Display for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AtOnce => "at once",
            Self::Late => "late",
        })
    }
}
