//! The host that a 227 names, compared with the host of the control connection.

use core::net::{IpAddr, Ipv4Addr};

use super::{Case, Dial, Draft, Rank, dial, facts};
use crate::diagnosis::cause::Cause;
use crate::diagnosis::fact::Fact;
use crate::diagnosis::finding::{Experiment, Findings};
use crate::route::{Attempt, AttemptEnd, Reach, Route};

pub(super) fn apply(case: Case<'_>, found: &mut Findings) {
    let elsewhere = case
        .attempts()
        .filter(|attempt| attempt.route == Route::Pasv && case.is_elsewhere(attempt) && !case.is_ipv6(attempt));
    for attempt in case.attempts().filter(|attempt| attempt.route == Route::Pasv && case.is_ipv6(attempt)) {
        let beyond = attempt.reached.is_some_and(|address| address.is_ipv4()) && dial(attempt).is_some();
        if beyond
            || (attempt.end == AttemptEnd::NotDialled && attempt.advertised.is_some_and(|address| address.is_ipv4()))
        {
            found.find(Draft::new(Rank::Contradiction, &[Cause::PasvOnIpv6]).because_all(facts(attempt)));
        }
    }
    // Such an address is unusable wherever the server is.
    let nowhere = case.attempts().find(|attempt| case.server().is_none() && names_nowhere(attempt));
    if let Some(attempt) = nowhere {
        let draft = Draft::new(Rank::Contradiction, &[Cause::UnusableAddressAdvertised]);
        let named = attempt.advertised.map(|address| Fact::Advertised { route: attempt.route, address, peer: None });
        found.find(draft.because_all(named).because_all(facts(attempt)));
    }
    doubtful(case, found);
    // One for each host.
    let mut last = None;
    for attempt in elsewhere {
        let host = attempt.advertised.map(|address| address.ip());
        if host != last {
            last = host;
            examine(case, found, attempt);
        }
    }
}

/// A private address is named while the server's address isn't known: the host may be out of reach, or its port may be closed.
fn doubtful(case: Case<'_>, found: &mut Findings) {
    let attempts = || case.attempts().filter(|attempt| case.is_doubtful(attempt));
    if attempts().any(Attempt::is_success) {
        return;
    }
    let Some((attempt, how)) = attempts().find_map(|attempt| Some((attempt, super::passive::not_reached(attempt)?)))
    else {
        return;
    };
    let closed = match how {
        Dial::Dropped => Cause::PassiveRangeDropped,
        Dial::Refused => Cause::PassiveRangeRefused,
    };
    let named = attempt.advertised.map(|address| Fact::Advertised { route: attempt.route, address, peer: None });
    // A client with a private address may be in the same network.
    let is_near = case.client().is_some_and(|host| matches!(Reach::of(host), Reach::Site | Reach::Link | Reach::Host));
    let contained = attempt.advertised.is_some_and(|address| is_of_containers(address.ip()));
    let draft = Draft::new(Rank::Inferred, if is_near { &[] } else { &[Cause::PrivateAddressAdvertised] })
        .or_if(contained, Cause::ContainerAddressAdvertised)
        .or_if(true, closed)
        .or_if(is_near, Cause::PrivateAddressAdvertised)
        .or_if(attempt.encrypted, Cause::TlsBlindsHelper)
        .or_if(true, Cause::OutboundBlocked);
    found.find(draft.because_all(named).because_all(facts(attempt)).told_by(Some(Experiment::DialControlHost)));
}

fn examine(case: Case<'_>, found: &mut Findings, attempt: &Attempt) {
    let (Some(advertised), Some(server)) = (attempt.advertised, case.server()) else { return };
    let same = |other: &&Attempt| other.advertised.is_some_and(|address| address.ip() == advertised.ip());
    let dialled = |attempt: &&Attempt| attempt.reached.is_some_and(|address| address.ip() == advertised.ip());
    let there_works = case.attempts().filter(same).any(|other| dialled(&other) && other.is_success());
    // No host answers there, or another one does: a host in the client's network with the server's inside address.
    let leads_astray = |other: &&Attempt| dial(other).is_some() || super::established::is_astray(case, other);
    let there_fails = case.attempts().filter(same).find(|other| dialled(other) && leads_astray(other));
    let undialled = case.attempts().filter(same).any(|other| other.end == AttemptEnd::NotDialled);
    let here_works =
        case.attempts().find(|other| other.route.is_passive() && case.at_control_host(other) && other.is_success());
    let here_fails =
        case.attempts().find(|other| other.route.is_passive() && case.at_control_host(other) && dial(other).is_some());
    // A client that got through to the control connection's host has no fault to report.
    if there_works || (there_fails.is_none() && here_fails.is_none() && !undialled) {
        if let (true, Some(here)) = (there_works, here_fails) {
            let draft = Draft::new(Rank::Contradiction, &[Cause::DataOnAnotherHost]);
            let there = case.attempts().filter(same).find(|other| dialled(other) && other.is_success());
            found.find(
                draft.because(named(attempt, server)).because_all(facts(here)).because_all(there.map(Fact::tried)),
            );
        }
        return;
    }
    // A client that dialled only the control connection's host, and failed there, has another fault; this one would be next.
    let rank = if there_fails.is_some() || undialled { Rank::Contradiction } else { Rank::Foreseen };
    let causes = match (Reach::of(advertised.ip()), Reach::of(server)) {
        (Reach::Nowhere | Reach::Host, _) => Draft::new(rank, &[Cause::UnusableAddressAdvertised]),
        (Reach::Site | Reach::Link, _) if case.evidence.surroundings.container.is_some() => {
            Draft::new(rank, &[Cause::ContainerAddressAdvertised])
        }
        (Reach::Site | Reach::Link, _) => {
            let draft = Draft::new(rank, &[Cause::PrivateAddressAdvertised]);
            draft.or_if(is_of_containers(advertised.ip()), Cause::ContainerAddressAdvertised)
        }
        (Reach::World, Reach::Site | Reach::Link | Reach::Host) => {
            let draft = Draft::new(Rank::Contradiction, &[Cause::NoHairpin, Cause::StaleAddressAdvertised]);
            draft.told_by(Some(Experiment::AnotherNetwork))
        }
        (Reach::World, _) => strange(case, attempt, there_fails.is_some(), here_works, here_fails),
    };
    let tried = case.attempts().filter(same).filter(leads_astray).map(Fact::tried);
    let here = here_works.or(here_fails).map(Fact::tried);
    found.find(causes.because(named(attempt, server)).because_all(tried).because_all(here));
}

/// Whether a 227 names 0.0.0.0 or a loopback address, and no connection was made by it.
fn names_nowhere(attempt: &Attempt) -> bool {
    let host = attempt.advertised.map(|address| Reach::of(address.ip()));
    let failed = dial(attempt).is_some() || attempt.end == AttemptEnd::NotDialled;
    attempt.route == Route::Pasv && failed && matches!(host, Some(Reach::Nowhere | Reach::Host))
}

/// A public address that isn't the control connection's.
fn strange(
    case: Case<'_>,
    named: &Attempt,
    there_fails: bool,
    here_works: Option<&Attempt>,
    here_fails: Option<&Attempt>,
) -> Draft {
    let pasv_here = here_works.is_some_and(|attempt| attempt.route == Route::Pasv);
    let draft = match (there_fails, here_fails.is_some()) {
        // The port works at the control connection's host, so the port is right and the host is wrong.
        (_, false) if pasv_here => Draft::new(Rank::Contradiction, &[Cause::StaleAddressAdvertised]),
        (true, false) => Draft::new(Rank::Contradiction, &[Cause::StaleAddressAdvertised])
            .or_if(here_works.is_none(), Cause::DataOnAnotherHost)
            .told_by(Some(Experiment::DialControlHost)),
        (false, true) => Draft::new(Rank::Contradiction, &[Cause::DataOnAnotherHost, Cause::StaleAddressAdvertised])
            .told_by(Some(Experiment::DialAdvertised)),
        (true, true) => Draft::new(Rank::Contradiction, &[Cause::StaleAddressAdvertised])
            .or_if(!case.works(Route::Epsv), Cause::DataOnAnotherHost),
        (false, false) => Draft::new(Rank::Contradiction, &[Cause::StaleAddressAdvertised, Cause::DataOnAnotherHost])
            .told_by(Some(Experiment::DialAdvertised)),
    };
    // A middlebox that can read the reply may have written the address.
    draft.or_if(!named.encrypted, Cause::PasvMangled)
}

fn named(attempt: &Attempt, server: IpAddr) -> Fact {
    let address = attempt.advertised.unwrap_or_else(|| (server, 0).into());
    Fact::Advertised { route: attempt.route, address, peer: Some(server) }
}

/// Whether the host is in one of Docker's default networks, 172.17.0.0/16 and those above it.
pub(super) fn is_of_containers(host: IpAddr) -> bool {
    matches!(host, IpAddr::V4(host) if matches!(Ipv4Addr::octets(&host), [172, 17..=31, ..]))
}
