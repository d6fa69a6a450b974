//! The client listens, the server agreed to connect, and doesn't get through.

use core::net::IpAddr;

use super::{Case, Draft, Rank, facts};
use crate::data::DataError;
use crate::diagnosis::cause::Cause;
use crate::diagnosis::fact::Fact;
use crate::diagnosis::finding::{Experiment, Findings};
use crate::reply::Code;
use crate::route::{Attempt, AttemptEnd, Reach, Software};

/// A refusal takes no longer than a way there and back; a server that is dropped waits for half a minute or more. TCP repeats its SYN
/// after 1, 3 and 7 s.
const AT_ONCE: u64 = 4;

pub(super) fn apply(case: Case<'_>, found: &mut Findings) {
    for attempt in case.attempts().filter(|attempt| !attempt.route.is_passive()) {
        match attempt.end {
            _ if !attempt.is_success() && !attempt.connected && case.fails_under_tls_alone(attempt.route) => {
                found.find(blinded(attempt));
            }
            _ if attempt.connected || super::stood::is_worded(attempt) => {}
            AttemptEnd::Failed(DataError::TimedOut) => {
                found.find(not_reached(case, attempt, Cause::ActiveInboundDropped))
            }
            AttemptEnd::ServerFailed(
                Code::CANNOT_OPEN_DATA_CONNECTION | Code::TRANSFER_ABORTED | Code::SERVICE_NOT_AVAILABLE,
            ) => {
                found.find(not_reached(case, attempt, answer(attempt)));
            }
            AttemptEnd::Stranger(host) => {
                let draft = Draft::new(Rank::InferredActive, &[Cause::DataPeerDiffers]).because(Fact::Stranger(host));
                found.find(draft.because_all(facts(attempt)));
            }
            _ => {}
        }
    }
}

/// An ALG has made it work in plaintext: it writes the outside address into PORT and lets the connection in.
pub(super) fn blinded(attempt: &Attempt) -> Draft {
    Draft::new(Rank::InferredActive, &[Cause::TlsBlindsHelper]).because_all(facts(attempt))
}

/// Whether the server's connection was refused or dropped: its words say it best, then the time that it took.
fn answer(attempt: &Attempt) -> Cause {
    if super::says(attempt, &["refused"]) {
        return Cause::ActiveInboundRejected;
    }
    if super::says(attempt, &["timed out", "timeout"]) {
        return Cause::ActiveInboundDropped;
    }
    if attempt.took.as_secs() < AT_ONCE { Cause::ActiveInboundRejected } else { Cause::ActiveInboundDropped }
}

/// The server's words say it.
fn is_told(attempt: &Attempt) -> bool {
    super::says(attempt, &["refused", "timed out", "timeout"])
}

fn not_reached(case: Case<'_>, attempt: &Attempt, inbound: Cause) -> Draft {
    let announced = attempt.advertised.map(|address| address.ip());
    let inside = |host: IpAddr| matches!(Reach::of(host), Reach::Site | Reach::Link | Reach::Host);
    // Who tells its outside address has thought of the NAT: then it is the port that isn't forwarded.
    let told_outside = announced.is_some_and(|host| !inside(host));
    // Where the server is isn't known: from a private address it is mostly beyond a NAT.
    let told_inside = case.server().is_none() && announced.is_some_and(|host| Reach::of(host) == Reach::Site);
    let behind_nat = case.client_is_behind_nat() || told_inside;
    let causes = match (behind_nat, told_outside) {
        (true, false) => Draft::new(Rank::InferredActive, &[Cause::ActiveBehindNat, inbound]),
        (true, true) => Draft::new(Rank::InferredActive, &[inbound, Cause::ActiveBehindNat]),
        (false, _) => Draft::new(Rank::InferredActive, &[inbound]),
    };
    let private = case.client().filter(|_| behind_nat && !told_inside).map(Fact::ClientPrivate);
    let named = attempt.advertised.filter(|_| told_inside);
    let named = named.map(|address| Fact::Advertised { route: attempt.route, address, peer: None });
    // A log without commands: these look at what PORT names, and refuse what isn't the client's.
    let looks = matches!(case.evidence.software, Software::Vsftpd | Software::PureFtpd | Software::Pyftpdlib);
    let unseen = announced.is_none() && case.client().is_none() && !looks;
    // Most logs tell no times.
    let untold = attempt.took.as_nanos() == 0 && !is_told(attempt) && inbound == Cause::ActiveInboundRejected;
    causes
        .or_if(untold, Cause::ActiveInboundDropped)
        .or_if(true, Cause::ServerOutboundBlocked)
        .or_if(unseen, Cause::ActiveBehindNat)
        .because_all(facts(attempt))
        .because_all(private)
        .because_all(named)
        .told_by(Some(Experiment::AnotherNetwork))
}
