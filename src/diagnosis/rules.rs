//! From evidence to findings: one group of rules a file, each about one thing that can be seen.

mod active;
mod address;
mod control;
mod passive;
mod refused;
mod server;
mod stood;

use core::net::{IpAddr, Ipv4Addr};

use super::cause::Cause;
use super::fact::Fact;
use super::few::Few;
use super::finding::{Experiment, Finding, Findings, Known};
use crate::address::NetworkProtocol;
use crate::data::DataError;
use crate::route::{Attempt, AttemptEnd, Evidence, Reach, Route, Side};

/// How sure and how urgent a finding is; the first is shown first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    /// Nothing else matters: there is no FTP there.
    NoFtp,
    /// Somebody has said it in so many words.
    Told,
    /// Addresses, ports and configuration contradict each other.
    Contradiction,
    /// It follows from how attempts ended.
    Inferred,
    /// The same about active mode, which few need.
    InferredActive,
    /// Another way works.
    Beside,
    /// It may harm later.
    Foreseen,
}

pub(super) fn apply(evidence: &Evidence, findings: &mut Findings) {
    let case = Case { evidence };
    control::apply(case, findings);
    match evidence.side {
        Side::Server => server::apply(case, findings),
        Side::Client | Side::Observer => {
            address::apply(case, findings);
            passive::apply(case, findings);
            refused::apply(case, findings);
            active::apply(case, findings);
        }
    }
    stood::apply(case, findings);
    server::configuration(case, findings);
    findings.set_known(case.known());
}

/// The evidence, with what is asked of it.
#[derive(Clone, Copy)]
pub(super) struct Case<'c> {
    pub(super) evidence: &'c Evidence,
}

/// A finding in the making.
pub(super) struct Draft {
    finding: Finding,
}

impl<'c> Case<'c> {
    pub(super) fn attempts(self) -> impl Iterator<Item = &'c Attempt> + use<'c> {
        self.evidence.attempts.iter()
    }

    /// The host of the server's end of the control connection.
    pub(super) fn server(self) -> Option<IpAddr> {
        self.evidence.server.map(|address| address.ip())
    }

    /// The host of the client's end.
    pub(super) fn client(self) -> Option<IpAddr> {
        self.evidence.client.map(|address| address.ip())
    }

    /// Whether this attempt's control connection was IPv6.
    pub(super) fn is_ipv6(self, attempt: &Attempt) -> bool {
        match attempt.network {
            Some(network) => network == NetworkProtocol::Ipv6,
            None => self.server().or(self.client()).is_some_and(|host| host.is_ipv6()),
        }
    }

    /// The client is in a private network, and the server beyond it.
    pub(super) fn client_is_behind_nat(self) -> bool {
        let (Some(client), Some(server)) = (self.client(), self.server()) else { return false };
        let differs = self.evidence.client_outside.is_some_and(|outside| outside != client);
        differs
            || translated(server).is_some()
            || (self.evidence.side != Side::Server
                && Reach::of(client) == Reach::Site
                && Reach::of(server) == Reach::World)
    }

    /// The same, and the server sees IPv6 as well: there is no NAT64 in between.
    pub(super) fn is_ipv6_throughout(self, attempt: &Attempt) -> bool {
        self.is_ipv6(attempt) && self.server().and_then(translated).is_none()
    }

    /// A passive attempt by this route has worked.
    pub(super) fn works(self, route: Route) -> bool {
        self.attempts().any(|attempt| attempt.route == route && attempt.is_success())
    }

    /// The same by this route has worked in plaintext, and fails under TLS alone: somebody in between reads along and helps, if he can.
    pub(super) fn fails_under_tls_alone(self, route: Route) -> bool {
        let mut works = false;
        for attempt in self.attempts().filter(|attempt| attempt.route == route) {
            if attempt.encrypted == attempt.is_success() {
                return false;
            }
            works |= attempt.is_success();
        }
        works
    }

    pub(super) fn was_tried(self, route: Route) -> bool {
        self.attempts().any(|attempt| attempt.route == route)
    }

    /// The attempt went to the host of the control connection.
    pub(super) fn at_control_host(self, attempt: &Attempt) -> bool {
        match (attempt.reached, self.server()) {
            (Some(reached), Some(server)) => reached.ip() == server,
            // A 229 names no host; a 227 that wasn't followed elsewhere neither, as far as is known.
            _ => attempt.route == Route::Epsv || !(self.is_elsewhere(attempt) || self.is_doubtful(attempt)),
        }
    }

    /// The 227 names another host than the control connection's.
    pub(super) fn is_elsewhere(self, attempt: &Attempt) -> bool {
        let (Some(advertised), Some(server)) = (attempt.advertised, self.server()) else { return false };
        attempt.route == Route::Pasv && advertised.ip().to_canonical() != server
    }

    /// The 227 names a host that isn't reached from everywhere, and where the server is nobody knows: they may be two.
    pub(super) fn is_doubtful(self, attempt: &Attempt) -> bool {
        let named = attempt.advertised.map(|address| Reach::of(address.ip()));
        attempt.route == Route::Pasv && self.server().is_none() && matches!(named, Some(Reach::Site | Reach::Link))
    }

    fn known(self) -> Known {
        let Evidence { software, configuration, side, .. } = self.evidence;
        let public = match side {
            // Where the configured one is at fault, there is none to propose.
            Side::Server => configuration.address.filter(|host| Reach::of(*host) == Reach::World),
            Side::Client | Side::Observer => self.server(),
        };
        Known {
            software: *software,
            public: public.filter(|host| !matches!(Reach::of(*host), Reach::Nowhere | Reach::Host)),
            ports: configuration.ports,
            sessions: configuration.sessions,
        }
    }
}

/// The IPv4 address that a NAT64 leads to from this one (RFC 6052 2.1): the client is behind it.
pub(super) fn translated(address: IpAddr) -> Option<Ipv4Addr> {
    let IpAddr::V6(address) = address else { return None };
    let [0, 0x64, 0xff, 0x9b, middle @ .., w, x, y, z] = address.octets() else { return None };
    (middle == [0; 8]).then(|| Ipv4Addr::new(w, x, y, z))
}

impl Draft {
    pub(super) fn new(rank: Rank, causes: &[Cause]) -> Self {
        let mut list = Few::new();
        causes.iter().for_each(|cause| list.push(*cause));
        Self {
            finding: Finding {
                causes: list,
                supports: Few::new(),
                against: Few::new(),
                tells_apart: None,
                known: Known::default(),
                rank: rank as u8,
            },
        }
    }

    /// With another cause that looks the same, if it does.
    pub(super) fn or_if(mut self, looks_the_same: bool, cause: Cause) -> Self {
        if looks_the_same {
            self.finding.causes.push(cause);
        }
        self
    }

    pub(super) fn because(self, fact: Fact) -> Self {
        self.because_all([fact])
    }

    pub(super) fn because_all(mut self, facts: impl IntoIterator<Item = Fact>) -> Self {
        facts.into_iter().for_each(|fact| self.finding.supports.push_once(fact));
        self
    }

    pub(super) fn although_all(mut self, facts: impl IntoIterator<Item = Fact>) -> Self {
        facts.into_iter().for_each(|fact| self.finding.against.push_once(fact));
        self
    }

    /// This would tell, if there is more than one cause.
    pub(super) fn told_by(mut self, experiment: Option<Experiment>) -> Self {
        self.finding.tells_apart = experiment.filter(|_| self.finding.causes.iter().nth(1).is_some());
        self
    }
}

impl Findings {
    /// Adds a finding, unless one of the same causes is there: then what speaks for it is added to that. Without anything that speaks
    /// for it there is none.
    pub(super) fn find(&mut self, draft: Draft) {
        let Draft { finding } = draft;
        if finding.supports().next().is_none() {
            return;
        }
        if let Some(same) = self.iter_mut().find(|other| other.causes == finding.causes) {
            return same.join(finding);
        }
        self.push(finding);
    }
}

impl Finding {
    fn join(&mut self, other: Finding) {
        self.rank = self.rank.min(other.rank);
        self.tells_apart = self.tells_apart.or(other.tells_apart);
        other.supports.into_iter().for_each(|fact| self.supports.push_once(fact));
        other.against.into_iter().for_each(|fact| self.against.push_once(fact));
    }
}

/// What an attempt tells, and the server's words with it.
pub(super) fn facts(attempt: &Attempt) -> impl Iterator<Item = Fact> + use<> {
    let words = attempt.said.as_deref().filter(|said| !said.text().is_empty()).cloned();
    [Some(Fact::tried(attempt)), words.map(Fact::Said)].into_iter().flatten()
}

/// The server's words about an attempt hold one of these.
pub(super) fn says(attempt: &Attempt, words: &[&str]) -> bool {
    let Some(said) = &attempt.said else { return false };
    words.iter().any(|word| crate::route::contains(said.text(), word.as_bytes()))
}

/// How a connection failed that was dialled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dial {
    /// No answer.
    Dropped,
    /// An answer: no.
    Refused,
}

pub(super) fn dial(attempt: &Attempt) -> Option<Dial> {
    match attempt.end {
        _ if attempt.connected => None,
        AttemptEnd::Failed(DataError::TimedOut) => Some(Dial::Dropped),
        AttemptEnd::Failed(DataError::Refused | DataError::Unreachable) => Some(Dial::Refused),
        _ => None,
    }
}
