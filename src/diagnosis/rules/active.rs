//! Active mode: the client listens, and the server agreed to connect but doesn't get through.

use core::net::IpAddr;

use super::{Case, Draft, Rank, facts};
use crate::data::DataError;
use crate::diagnosis::cause::Cause;
use crate::diagnosis::fact::Fact;
use crate::diagnosis::finding::{Experiment, Findings};
use crate::reply::Code;
use crate::route::{Attempt, AttemptEnd, Reach, Software};

/// Seconds. A refusal takes one round trip; a server whose packets are dropped waits for half a minute or more. TCP repeats its SYN after
/// 1, 3 and 7 s.
const AT_ONCE: u64 = 4;

pub(super) fn apply(case: Case<'_>, found: &mut Findings) {
    for attempt in case.attempts().filter(|attempt| !attempt.route.is_passive()) {
        match attempt.end {
            _ if !attempt.is_success() && !attempt.connected && case.fails_under_tls_alone(attempt.route) => {
                found.find(blinded(attempt));
            }
            _ if attempt.connected || super::established::is_worded(attempt) => {}
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

/// An ALG makes it work in plaintext: it writes the outside address into PORT and lets the connection in.
pub(super) fn blinded(attempt: &Attempt) -> Draft {
    Draft::new(Rank::InferredActive, &[Cause::TlsBlindsHelper]).because_all(facts(attempt))
}

/// Whether the server's connection was refused or dropped, according to the server's reply, or otherwise to the time that it took.
fn answer(attempt: &Attempt) -> Cause {
    if super::says(attempt, &["refused"]) {
        return Cause::ActiveInboundRejected;
    }
    if super::says(attempt, &["timed out", "timeout"]) {
        return Cause::ActiveInboundDropped;
    }
    if attempt.took.as_secs() < AT_ONCE { Cause::ActiveInboundRejected } else { Cause::ActiveInboundDropped }
}

/// Whether the server's reply says which of the two it was.
fn is_told(attempt: &Attempt) -> bool {
    super::says(attempt, &["refused", "timed out", "timeout"])
}

fn not_reached(case: Case<'_>, attempt: &Attempt, inbound: Cause) -> Draft {
    let announced = attempt.advertised.map(|address| address.ip());
    let inside = |host: IpAddr| matches!(Reach::of(host), Reach::Site | Reach::Link | Reach::Host);
    // A client that names its outside address knows about the NAT, so its port isn't forwarded.
    let told_outside = announced.is_some_and(|host| !inside(host));
    // If the server's address isn't known, a server that a private client uses is mostly beyond a NAT.
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
    // In a log without commands the address isn't known. These servers refuse an address in PORT that isn't the client's.
    let looks = matches!(case.evidence.software, Software::Vsftpd | Software::PureFtpd | Software::Pyftpdlib);
    let unseen = announced.is_none() && case.client().is_none() && !looks;
    // Most logs have no times.
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
