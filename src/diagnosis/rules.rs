//! From evidence to findings: each file has one group of rules, about one kind of observation.

mod active;
mod address;
mod control;
mod established;
mod passive;
mod refused;
mod server;

use core::net::{IpAddr, Ipv4Addr};

use super::cause::Cause;
use super::fact::Fact;
use super::few::Few;
use super::finding::{Experiment, Finding, Findings, Known};
use crate::address::NetworkProtocol;
use crate::data::DataError;
use crate::route::{Attempt, AttemptEnd, Evidence, Reach, Route, Side};

/// How certain and how urgent a finding is; lower ranks are shown first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    /// There is no FTP at the port, so nothing else matters.
    NoFtp,
    /// A reply, a log or a configuration names the cause.
    Told,
    /// Addresses, ports and configuration contradict each other.
    Contradiction,
    /// It follows from how attempts ended.
    Inferred,
    /// It follows from how active attempts ended, which few users need.
    InferredActive,
    /// Another route works.
    Beside,
    /// It may do harm later.
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
    established::apply(case, findings);
    server::configuration(case, findings);
    findings.set_known(case.known());
}

/// The evidence, with the questions that rules ask of it.
#[derive(Clone, Copy)]
pub(super) struct Case<'c> {
    pub(super) evidence: &'c Evidence,
}

/// A finding that is being put together.
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

    /// Whether the client is in a private network, and the server beyond it.
    pub(super) fn client_is_behind_nat(self) -> bool {
        let (Some(client), Some(server)) = (self.client(), self.server()) else { return false };
        let differs = self.evidence.client_outside.is_some_and(|outside| outside != client);
        differs
            || translated(server).is_some()
            || (self.evidence.side != Side::Server
                && Reach::of(client) == Reach::Site
                && Reach::of(server) == Reach::World)
    }

    /// Whether this attempt's control connection was IPv6 all the way, without a NAT64.
    pub(super) fn is_ipv6_throughout(self, attempt: &Attempt) -> bool {
        self.is_ipv6(attempt) && self.server().and_then(translated).is_none()
    }

    /// Whether an attempt by this route has worked.
    pub(super) fn works(self, route: Route) -> bool {
        self.attempts().any(|attempt| attempt.route == route && attempt.is_success())
    }

    /// Whether attempts by this route work in plaintext and fail under TLS, so that a middlebox helps them if it can read.
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

    /// Whether the attempt went to the host of the control connection.
    pub(super) fn at_control_host(self, attempt: &Attempt) -> bool {
        match (attempt.reached, self.server()) {
            (Some(reached), Some(server)) => reached.ip() == server,
            // A 229 names no host. A 227 names the same one, unless it is known or suspected to name another.
            _ => attempt.route == Route::Epsv || !(self.is_elsewhere(attempt) || self.is_doubtful(attempt)),
        }
    }

    /// Whether the 227 names another host than the control connection's.
    pub(super) fn is_elsewhere(self, attempt: &Attempt) -> bool {
        let (Some(advertised), Some(server)) = (attempt.advertised, self.server()) else { return false };
        attempt.route == Route::Pasv && advertised.ip().to_canonical() != server
    }

    /// Whether the 227 names a private host while the server's address isn't known, so that the two may differ.
    pub(super) fn is_doubtful(self, attempt: &Attempt) -> bool {
        let named = attempt.advertised.map(|address| Reach::of(address.ip()));
        attempt.route == Route::Pasv && self.server().is_none() && matches!(named, Some(Reach::Site | Reach::Link))
    }

    fn known(self) -> Known {
        let Evidence { software, configuration, side, .. } = self.evidence;
        let public = match side {
            // A configured address that isn't public is at fault, and there is none to propose.
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

/// The IPv4 address within an address of a NAT64 (RFC 6052 2.1), behind which the client is.
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

    /// Adds another cause if it would look the same.
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

    /// Sets the attempt that would tell the causes apart, if there is more than one cause.
    pub(super) fn told_by(mut self, experiment: Option<Experiment>) -> Self {
        self.finding.tells_apart = experiment.filter(|_| self.finding.causes.iter().nth(1).is_some());
        self
    }
}

impl Findings {
    /// Adds a finding. If there is one with the same causes, that one takes over its facts. A finding without supporting facts is
    /// dropped.
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

/// The facts of an attempt: its end, and the server's reply.
pub(super) fn facts(attempt: &Attempt) -> impl Iterator<Item = Fact> + use<> {
    let words = attempt.said.as_deref().filter(|said| !said.text().is_empty()).cloned();
    [Some(Fact::tried(attempt)), words.map(Fact::Said)].into_iter().flatten()
}

/// Whether the server's reply to an attempt contains one of these.
pub(super) fn says(attempt: &Attempt, words: &[&str]) -> bool {
    let Some(said) = &attempt.said else { return false };
    words.iter().any(|word| crate::route::contains(said.text(), word.as_bytes()))
}

/// How a dialled connection failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dial {
    /// There was no answer.
    Dropped,
    /// It was refused.
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
