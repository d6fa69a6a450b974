//! What a server sees itself, and what its configuration will lead to.

use super::address::is_of_containers;
use super::{Case, Draft, Rank, dial, facts};
use crate::data::DataError;
use crate::diagnosis::cause::Cause;
use crate::diagnosis::fact::Fact;
use crate::diagnosis::finding::{Experiment, Findings};
use crate::route::{Attempt, AttemptEnd, Reach, Route};

pub(super) fn apply(case: Case<'_>, found: &mut Findings) {
    for attempt in case.attempts() {
        let draft = match attempt.end {
            AttemptEnd::Failed(DataError::TimedOut) if attempt.route.is_passive() && !attempt.connected => {
                Some(nobody_came(case, attempt))
            }
            AttemptEnd::Stranger(host) => {
                Some(Draft::new(Rank::Inferred, &[Cause::DataPeerDiffers]).because(Fact::Stranger(host)))
            }
            AttemptEnd::Refused(_) if !attempt.route.is_passive() => Some(named_another(case, attempt)),
            _ if !attempt.route.is_passive() => dial(attempt).map(|how| {
                let cause = match how {
                    super::Dial::Dropped => Cause::ActiveInboundDropped,
                    super::Dial::Refused => Cause::ActiveInboundRejected,
                };
                let draft = Draft::new(Rank::InferredActive, &[cause, Cause::ServerOutboundBlocked]);
                draft.told_by(Some(Experiment::AnotherNetwork))
            }),
            _ => None,
        };
        if let Some(draft) = draft {
            found.find(draft.because_all(facts(attempt)));
        }
    }
}

/// The client was told where to connect, and didn't.
fn nobody_came(case: Case<'_>, attempt: &Attempt) -> Draft {
    let client = case.client();
    let from_outside = client.is_some_and(|host| Reach::of(host) == Reach::World);
    let from_inside = client.is_some_and(|host| matches!(Reach::of(host), Reach::Site | Reach::Link));
    let announced = attempt.advertised.filter(|_| attempt.route == Route::Pasv).map(|address| address.ip());
    let fact = attempt.advertised.map(|address| Fact::Advertised { route: attempt.route, address, peer: None });
    let at = |cause| Draft::new(Rank::Contradiction, &[cause]).because_all(fact.clone());
    match announced.map(|host| (host, Reach::of(host))) {
        Some((_, Reach::Nowhere | Reach::Host)) if from_outside || from_inside => at(Cause::UnusableAddressAdvertised),
        Some((host, Reach::Site | Reach::Link)) if from_outside => {
            at(Cause::PrivateAddressAdvertised).or_if(is_of_containers(host), Cause::ContainerAddressAdvertised)
        }
        Some((_, Reach::World)) if from_inside => at(Cause::NoHairpin),
        _ => {
            let main = Draft::new(Rank::Inferred, &[Cause::PassiveRangeDropped])
                .or_if(attempt.encrypted, Cause::TlsBlindsHelper)
                .or_if(true, Cause::OutboundBlocked);
            let stale = announced.is_some_and(|host| Reach::of(host) == Reach::World);
            main.or_if(stale, Cause::StaleAddressAdvertised).told_by(Some(Experiment::AnotherNetwork))
        }
    }
}

/// PORT or EPRT named another host than the client.
fn named_another(case: Case<'_>, attempt: &Attempt) -> Draft {
    let (named, client) = (attempt.advertised.map(|address| address.ip()), case.client());
    let inside =
        named.is_some_and(|host| matches!(Reach::of(host), Reach::Site | Reach::Link | Reach::Host | Reach::Nowhere));
    let seen = client.map(Fact::ClientSeenAs);
    let cause = match named == client {
        _ if named.is_none() => Cause::ActiveDisabled,
        true => Cause::ActiveDisabled,
        false if inside => Cause::ActiveBehindNat,
        false => Cause::ActiveAddressRejected,
    };
    let draft = Draft::new(Rank::InferredActive, &[cause]);
    if cause == Cause::ActiveDisabled { draft } else { draft.because_all(seen) }
}

/// Contradictions in a configuration.
pub(super) fn configuration(case: Case<'_>, found: &mut Findings) {
    let configuration = &case.evidence.configuration;
    if configuration.passive == Some(false) && configuration.active == Some(false) {
        // Without any data connection by configuration, that is intended.
        return;
    }
    let failed = case.attempts().any(|attempt| !attempt.is_success());
    if case.attempts().next().is_some() && !failed {
        return;
    }
    if let Some((first, last)) = configuration.ports {
        let range = Fact::Range(first, last);
        if first > last {
            found.find(Draft::new(Rank::Contradiction, &[Cause::RangeSwapped]).because(range));
        } else if let (Some(sessions), true) = (configuration.sessions, first != 0) {
            let ports = u32::from(last.saturating_sub(first)).saturating_add(1);
            if ports < sessions {
                let draft = Draft::new(Rank::Foreseen, &[Cause::RangeExhausted]);
                found.find(draft.because(range).because(Fact::Sessions { sessions, ports }));
            }
        }
    }
    if configuration.tls_required == Some(true)
        && configuration.ports.is_none_or(|(first, _)| first == 0)
        && configuration.passive != Some(false)
    {
        found.find(Draft::new(Rank::Foreseen, &[Cause::RangeNotFixed]).because(Fact::TlsRequired));
    }
    if let Some(address) = configuration.address {
        let told = Fact::Configured(address);
        match Reach::of(address) {
            Reach::Nowhere | Reach::Host => {
                found.find(Draft::new(Rank::Foreseen, &[Cause::UnusableAddressAdvertised]).because(told));
            }
            Reach::Site | Reach::Link => {
                found.find(Draft::new(Rank::Foreseen, &[Cause::PrivateAddressAdvertised]).because(told));
            }
            Reach::World => {}
        }
    }
}
