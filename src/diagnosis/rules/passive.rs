//! Passive mode: the server listens, and its port can't be reached at the host of the control connection.

use core::net::IpAddr;

use super::address::is_of_containers;
use super::{Case, Dial, Draft, Rank, dial, facts, translated};
use crate::diagnosis::cause::Cause;
use crate::diagnosis::fact::Fact;
use crate::diagnosis::finding::{Experiment, Findings};
use crate::diagnosis::ports;
use crate::reply::Code;
use crate::route::{Attempt, AttemptEnd, Container, Helper, Reach, Route};

/// Seconds. A server that reports a missing connection faster than this didn't wait for one.
const AT_ONCE: u64 = 3;

pub(super) fn apply(case: Case<'_>, found: &mut Findings) {
    if rewritten(case, found) {
        return;
    }
    let Some((first, how)) = case.attempts().find_map(|attempt| Some((attempt, failed(case, attempt)?))) else {
        return;
    };
    if known(case, found, first) {
        return;
    }
    let works = case
        .attempts()
        .find(|attempt| attempt.route.is_passive() && attempt.is_success() && case.at_control_host(attempt));
    match works {
        Some(works) => partly(case, found, first, works),
        None => nowhere(case, found, first, how),
    }
}

/// How a passive attempt at the control connection's host failed to connect, if need be according to the server.
fn failed(case: Case<'_>, attempt: &Attempt) -> Option<Dial> {
    if !attempt.route.is_passive()
        || attempt.connected
        || !case.at_control_host(attempt)
        || case.is_out_of_reach(attempt)
    {
        return None;
    }
    not_reached(attempt)
}

/// How a passive attempt failed to connect, whichever host was dialled.
pub(super) fn not_reached(attempt: &Attempt) -> Option<Dial> {
    match attempt.end {
        _ if attempt.connected => None,
        AttemptEnd::ServerFailed(Code::CANNOT_OPEN_DATA_CONNECTION) if super::established::is_worded(attempt) => None,
        AttemptEnd::ServerFailed(Code::CANNOT_OPEN_DATA_CONNECTION) if attempt.advertised.is_some() => {
            Some(if attempt.took.as_secs() < AT_ONCE { Dial::Refused } else { Dial::Dropped })
        }
        _ => dial(attempt),
    }
}

fn failures<'c>(case: Case<'c>) -> impl Iterator<Item = &'c Attempt> + use<'c> {
    case.attempts().filter(move |attempt| failed(case, attempt).is_some())
}

/// Whether the client was told another port than the one on which the server listens.
fn rewritten(case: Case<'_>, found: &mut Findings) -> bool {
    let Some(listened) = case.evidence.surroundings.listened else { return false };
    let told = case.attempts().filter(|attempt| attempt.route.is_passive()).last();
    let Some(told) = told.filter(|attempt| !attempt.is_success()).and_then(|attempt| attempt.advertised) else {
        return false;
    };
    if told.port() == listened {
        return false;
    }
    let draft = Draft::new(Rank::Told, &[Cause::PortRewritten]);
    found.find(draft.because(Fact::OtherPort { listened, told: told.port() }));
    true
}

/// The cause that is known from the surroundings, so that it needn't be inferred.
fn known(case: Case<'_>, found: &mut Findings, first: &Attempt) -> bool {
    let evidence = case.evidence;
    let port = first.reached.or(first.advertised).map_or(0, |address| address.port());
    let unpublished = evidence
        .surroundings
        .published
        .as_deref()
        .is_some_and(|published| port != 0 && !published.iter().any(|(from, to)| (*from..=*to).contains(&port)));
    let draft = match (evidence.surroundings.container, evidence.surroundings.helper) {
        (Some(Container::Kubernetes), _) if unpublished => {
            Draft::new(Rank::Told, &[Cause::ServiceWithoutRange]).because(Fact::NotPublished(port))
        }
        (_, _) if unpublished => Draft::new(Rank::Told, &[Cause::RangeNotPublished]).because(Fact::NotPublished(port)),
        (Some(container @ Container::Kubernetes), _) if evidence.surroundings.published.is_some() => {
            Draft::new(Rank::Told, &[Cause::AnotherPod]).because(Fact::Contained(container))
        }
        (Some(container @ Container::Kubernetes), _) => {
            let draft = Draft::new(Rank::Inferred, &[Cause::ServiceWithoutRange, Cause::AnotherPod]);
            draft.because(Fact::Contained(container)).told_by(Some(Experiment::ServersLog))
        }
        (Some(container), _) => {
            let draft = Draft::new(Rank::Inferred, &[Cause::RangeNotPublished, Cause::PassiveRangeDropped]);
            draft.because(Fact::Contained(container)).told_by(Some(Experiment::ServersLog))
        }
        (None, Some(helper @ (Helper::Detached | Helper::Missing))) => {
            Draft::new(Rank::Told, &[Cause::HelperNotAttached]).because(Fact::Helper(helper))
        }
        (None, Some(helper @ Helper::Attached)) if first.encrypted => {
            Draft::new(Rank::Told, &[Cause::TlsBlindsHelper]).because(Fact::Helper(helper))
        }
        _ => return false,
    };
    found.find(draft.because_all(facts(first)));
    true
}

/// Some passive attempts work, and some don't.
fn partly(case: Case<'_>, found: &mut Findings, first: &Attempt, works: &Attempt) {
    if let Some(blinded) = failures(case).find(|attempt| attempt.encrypted && helped(case, attempt.route)) {
        let draft = Draft::new(Rank::Inferred, &[Cause::TlsBlindsHelper]);
        found.find(draft.because_all(facts(blinded)).because(Fact::tried(works)));
        // A failure in plaintext has another reason.
        if let Some(plain) = failures(case).find(|attempt| !attempt.encrypted) {
            by_turns(case, found, plain, works, |attempt| !attempt.encrypted);
        }
        return;
    }
    by_turns(case, found, first, works, |_| true);
}

/// Whether passive attempts by this route work only in plaintext.
fn helped(case: Case<'_>, route: Route) -> bool {
    let of_route = |attempt: &&Attempt| attempt.route == route && case.at_control_host(attempt);
    let works = |encrypted| {
        case.attempts().filter(of_route).any(|attempt| attempt.is_success() && attempt.encrypted == encrypted)
    };
    works(false) && !works(true) && failures(case).filter(of_route).all(|attempt| attempt.encrypted)
}

/// Some of the attempts `among` these work, and some don't, for a reason other than TLS.
fn by_turns(case: Case<'_>, found: &mut Findings, first: &Attempt, works: &Attempt, among: impl Fn(&Attempt) -> bool) {
    let failures = || failures(case).filter(|attempt| among(attempt));
    let successes = || {
        let at_host = |attempt: &&Attempt| attempt.is_success() && case.at_control_host(attempt);
        case.attempts().filter(at_host).filter(|attempt| among(attempt))
    };
    let only = |fails, works| {
        failures().all(|attempt| attempt.route == fails)
            && successes().filter(|attempt| attempt.route.is_passive()).all(|attempt| attempt.route == works)
    };
    let port = first.reached.or(first.advertised).map_or(0, |address| address.port());
    // A load balancer leads one connection to the right host, and the next to another.
    let refused = dial(first) == Some(Dial::Refused);
    let once = failures().nth(1).is_none();
    // A single failure may have been at another host, unless several attempts work.
    let by_turn = once && (refused || successes().nth(1).is_none());
    let again = Some(Experiment::AnotherPort);
    let others = |draft: Draft| draft.because_all(facts(first)).because(Fact::tried(works));
    let draft = if ports::owner(port).is_some() {
        others(Draft::new(Rank::Inferred, &[Cause::PortTakenByAlg]).because(Fact::ForeignPort(port)))
    } else if only(Route::Epsv, Route::Pasv) {
        others(Draft::new(Rank::Inferred, &[Cause::EpsvBlocked]).or_if(by_turn, Cause::AnotherPod).told_by(again))
    } else if only(Route::Pasv, Route::Epsv) && case.is_ipv6_throughout(first) {
        others(Draft::new(Rank::Beside, &[Cause::PasvOnIpv6]))
    } else if only(Route::Pasv, Route::Epsv) {
        let draft = Draft::new(Rank::Inferred, &[Cause::PasvMangled]).or_if(once, Cause::AnotherPod);
        // A helper doesn't open a port of a host that isn't the server.
        let draft = match misnamed(case, first) {
            Some(cause) => draft.or_if(true, cause),
            None => draft,
        };
        others(draft.told_by(again))
    } else {
        let outside =
            case.evidence.configuration.ports.filter(|(from, to)| !(*from..=*to).contains(&port) && port != 0);
        let draft = Draft::new(Rank::Inferred, &[Cause::RangeExhausted])
            .or_if(outside.is_none(), Cause::PassiveRangeDropped)
            .or_if(refused, Cause::AnotherPod)
            .because_all(outside.map(|_| Fact::OutsideRange(port)))
            .because_all(facts(first));
        draft.although_all([Fact::tried(works)]).told_by(again)
    };
    found.find(draft);
}

/// No passive attempt works.
fn nowhere(case: Case<'_>, found: &mut Findings, first: &Attempt, how: Dial) {
    // The host may be wrong: the rules of `address` handle that.
    let named_elsewhere = case.attempts().find(|attempt| case.is_elsewhere(attempt) && !case.is_ipv6(attempt));
    if let Some(named) = named_elsewhere {
        let advertised = named.advertised.map(|address| address.ip());
        let tried =
            |attempt: &&Attempt| attempt.reached.map(|address| address.ip()) == advertised && advertised.is_some();
        let public = advertised.is_some_and(|host| Reach::of(host) == Reach::World);
        // A public address that was named and not tried may be the right one; if it works, it is.
        if public && case.attempts().filter(tried).all(|attempt| attempt.is_success()) {
            return;
        }
    }
    let main = match how {
        Dial::Dropped => Cause::PassiveRangeDropped,
        Dial::Refused => Cause::PassiveRangeRefused,
    };
    let port = first.reached.or(first.advertised).map_or(0, |address| address.port());
    let same_port = failures(case)
        .all(|attempt| attempt.reached.or(attempt.advertised).map(|address| address.port()) == Some(port));
    let foreign = same_port && ports::owner(port).is_some();
    let encrypted = failures(case).all(|attempt| attempt.encrypted);
    let contained =
        case.attempts().filter_map(|attempt| attempt.advertised).any(|address| is_of_containers(address.ip()));
    let only = |route| failures(case).all(|attempt| attempt.route == route);
    let pasv_told = case.attempts().any(|attempt| attempt.route == Route::Pasv && attempt.advertised.is_some());
    let (only_epsv, only_pasv) = (only(Route::Epsv) && !pasv_told, only(Route::Pasv) && !case.was_tried(Route::Epsv));
    let experiment = if foreign {
        Experiment::AnotherPort
    } else if encrypted {
        Experiment::WithoutTls
    } else if only_epsv {
        Experiment::TryRoute(Route::Pasv)
    } else if only_pasv {
        Experiment::TryRoute(Route::Epsv)
    } else {
        Experiment::AnotherServer
    };
    let mut draft = Draft::new(Rank::Inferred, &[main]);
    if foreign {
        draft = Draft::new(Rank::Inferred, &[Cause::PortTakenByAlg, main]).because(Fact::ForeignPort(port));
    }
    draft = draft
        .or_if(encrypted, Cause::TlsBlindsHelper)
        .or_if(contained, Cause::RangeNotPublished)
        .or_if(true, Cause::OutboundBlocked)
        .or_if(only_epsv, Cause::EpsvBlocked)
        .or_if(only_epsv || named_beyond(case), Cause::DataOnAnotherHost)
        .or_if(only_pasv, Cause::PasvMangled)
        .told_by(Some(experiment));
    let tried = failures(case).take(3).flat_map(facts);
    let draft = draft.because_all(tried);
    found.find(draft);
}

/// What is wrong with the host that a 227 names, if it isn't the host of the control connection.
fn misnamed(case: Case<'_>, attempt: &Attempt) -> Option<Cause> {
    let server = case.server().map(|server| translated(server).map_or(server, IpAddr::V4))?;
    let named = attempt.advertised?.ip().to_canonical();
    (named != server && named.is_ipv4() == server.is_ipv4()).then_some(match Reach::of(named) {
        Reach::Nowhere | Reach::Host => Cause::UnusableAddressAdvertised,
        Reach::Site | Reach::Link => Cause::PrivateAddressAdvertised,
        Reach::World => Cause::StaleAddressAdvertised,
    })
}

/// Whether a 227, seen through a NAT64, names the IPv4 address of another host than the control connection's.
fn named_beyond(case: Case<'_>) -> bool {
    let Some(server) = case.server().and_then(translated) else { return false };
    let named = case.attempts().filter_map(|attempt| attempt.advertised).map(|address| address.ip());
    named.into_iter().any(|host| host.is_ipv4() && host != server && Reach::of(host) == Reach::World)
}

impl Case<'_> {
    /// Whether a PASV over IPv6 was dialled at its IPv4 address, which says nothing about the port.
    fn is_out_of_reach(self, attempt: &Attempt) -> bool {
        self.is_ipv6(attempt) && attempt.reached.is_some_and(|address| address.is_ipv4())
    }
}
