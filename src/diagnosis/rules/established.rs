//! What goes wrong on a data connection after it was made, or is named by the server's reply.

use super::{Case, Draft, Rank, facts, says};
use crate::data::DataError;
use crate::diagnosis::cause::Cause;
use crate::diagnosis::finding::{Experiment, Findings};
use crate::reply::Code;
use crate::route::{Attempt, AttemptEnd, ControlState, Reach, TlsVersion};
use crate::tls::TlsError;

const ABOUT_PEER: &[&str] = &[
    "bad ip connecting",
    "foreign address",
    "does not match control",
    "security violation",
    "foreign host",
    "addresses do not match",
];
const ABOUT_RESUMPTION: &[&str] = &["resum", "session reuse", "ssl reuse", "reuse required", "session was not reused"];
const ABOUT_SETUP: &[&str] = &["use port", "pasv first", "epsv first", "no data connection", "no transfer channel"];
const ABOUT_PROTECTION: &[&str] =
    &["prot setting", "prot p", "protection", "must be encrypted", "tls required", "ssl required", "prot command"];

/// For TLS that wasn't ended in order (RFC 8446 6.1).
const ABOUT_CLOSING: &[&str] = &["gracefully", "close notify", "close_notify", "tls shutdown", "properly terminated"];

/// Whether the server's reply names the cause, whatever else is known.
pub(super) fn is_worded(attempt: &Attempt) -> bool {
    [ABOUT_PEER, ABOUT_RESUMPTION, ABOUT_SETUP, ABOUT_PROTECTION].iter().any(|words| says(attempt, words))
}

pub(super) fn apply(case: Case<'_>, found: &mut Findings) {
    for attempt in case.attempts() {
        let draft = match attempt.end {
            // A wrong host has answered: the rules of `address` handle that.
            _ if is_astray(case, attempt) => None,
            AttemptEnd::ServerFailed(code) => server_failed(case, attempt, code),
            AttemptEnd::Failed(DataError::Tls(why)) => Some(tls_failed(case, attempt, why)),
            AttemptEnd::Failed(DataError::Local | DataError::NoPort) => Some(no_socket(case, attempt)),
            AttemptEnd::Stalled => Some(stalled(attempt)),
            AttemptEnd::CutShort => Some(
                Draft::new(Rank::Inferred, &[Cause::ClosedTooEarly, Cause::PathBroken])
                    .told_by(Some(Experiment::ServersLog)),
            ),
            _ => None,
        };
        if let Some(draft) = draft {
            found.find(draft.because_all(facts(attempt)));
        }
    }
}

/// Whether the connection was made to a private host that a public server named, and then failed.
pub(super) fn is_astray(case: Case<'_>, attempt: &Attempt) -> bool {
    let reached = attempt.reached.map(|address| address.ip());
    attempt.connected
        && !attempt.is_success()
        && !is_worded(attempt)
        && case.is_elsewhere(attempt)
        && reached.is_some_and(|host| Some(host) != case.server() && Reach::of(host) == Reach::Site)
        && case.server().is_some_and(|server| Reach::of(server) == Reach::World)
}

fn server_failed(case: Case<'_>, attempt: &Attempt, code: Code) -> Option<Draft> {
    let told = |cause| Some(Draft::new(Rank::Told, &[cause]));
    let data_tls = matches!(code, Code::UNSUPPORTED_PROTOCOL_OR_DATA_TLS | Code::UNSUPPORTED_FAMILY_OR_PROTECTION);
    if says(attempt, ABOUT_PEER) {
        return told(Cause::DataPeerDiffers);
    }
    // ProFTPD says this about a passive connection that isn't its client's, or whose TLS doesn't resume the session. About a connection
    // that the server makes itself, these are the operating system's words.
    if attempt.route.is_passive() && attempt.connected && says(attempt, &["operation not permitted"]) {
        return if attempt.protected { Some(not_permitted(case, attempt)) } else { told(Cause::DataPeerDiffers) };
    }
    if says(attempt, ABOUT_CLOSING) {
        return told(Cause::DataTlsFailed);
    }
    if says(attempt, ABOUT_RESUMPTION) {
        return Some(not_resumed(case, attempt));
    }
    if says(attempt, ABOUT_PROTECTION) || (data_tls && !attempt.protected) {
        return told(if attempt.encrypted || data_tls { Cause::ProtectionUnfit } else { Cause::TlsRequired });
    }
    if data_tls {
        // After the 150 it is about the handshake, before it about the protection level.
        let failed = Draft::new(Rank::Inferred, &[Cause::SessionNotResumed, Cause::DataTlsFailed]);
        return Some(if attempt.opened {
            failed.told_by(Some(Experiment::Resume))
        } else {
            Draft::new(Rank::Inferred, &[Cause::ProtectionUnfit, Cause::SessionNotResumed])
                .told_by(Some(Experiment::Resume))
        });
    }
    if says(attempt, ABOUT_SETUP) {
        return told(Cause::SetupMissing);
    }
    match code {
        Code::NOT_LOGGED_IN => told(if attempt.encrypted { Cause::ProtectionUnfit } else { Cause::TlsRequired })
            .filter(|_| says(attempt, &["tls", "ssl", "encrypt"])),
        // The server saw no connection, while the client was connected.
        Code::CANNOT_OPEN_DATA_CONNECTION if attempt.connected => Some(
            Draft::new(Rank::Inferred, &[Cause::DataPeerDiffers])
                .or_if(attempt.protected, Cause::SessionNotResumed)
                .or_if(attempt.protected, Cause::DataTlsFailed)
                // A middlebox answered in the server's place.
                .or_if(attempt.route.is_passive(), Cause::PathBroken)
                .told_by(Some(Experiment::WithoutTls)),
        ),
        // No data connection was set up.
        Code::CANNOT_OPEN_DATA_CONNECTION
            if attempt.route.is_passive() && attempt.advertised.is_none() && attempt.reached.is_none() =>
        {
            told(Cause::SetupMissing)
        }
        Code::SERVICE_NOT_AVAILABLE | Code::TRANSFER_ABORTED if attempt.connected => {
            let draft = Draft::new(Rank::Inferred, &[Cause::PathBroken]);
            let draft = draft
                .or_if(attempt.protected, Cause::DataTlsFailed)
                .or_if(attempt.route.is_passive(), Cause::DataPeerDiffers);
            Some(draft.told_by(Some(Experiment::AnotherNetwork)))
        }
        Code::SERVICE_NOT_AVAILABLE if goes_on(case, attempt) => told(Cause::DataTimeout),
        _ => None,
    }
}

/// Whether the session went on after this attempt.
fn goes_on(case: Case<'_>, attempt: &Attempt) -> bool {
    let is_last = case.attempts().last().is_some_and(|last| core::ptr::eq(last, attempt));
    !is_last || case.evidence.control == ControlState::Alive
}

/// ProFTPD's mod_tls has refused the connection, or its core has.
fn not_permitted(case: Case<'_>, attempt: &Attempt) -> Draft {
    // A resumed session isn't refused for not being resumed.
    let resumed = attempt.tls.is_some_and(|tls| tls.resumed == Some(true));
    let mut draft = not_resumed(case, attempt).or_if(true, Cause::DataPeerDiffers);
    if resumed {
        draft = Draft::new(Rank::Inferred, &[Cause::DataTlsFailed, Cause::DataPeerDiffers]);
    }
    draft.told_by(Some(Experiment::Resume))
}

/// The session wasn't resumed: with TLS 1.3 only, or with any version.
fn not_resumed(case: Case<'_>, attempt: &Attempt) -> Draft {
    let version = |attempt: &Attempt| attempt.tls.and_then(|tls| tls.version).or(case.evidence.tls.version);
    let older_works = case.attempts().any(|other| {
        other.protected && other.is_success() && version(other).is_some_and(|version| version < TlsVersion::V1_3)
    });
    let older_fails = case.attempts().any(|other| {
        other.protected && !other.is_success() && version(other).is_some_and(|version| version < TlsVersion::V1_3)
    });
    match version(attempt) {
        Some(TlsVersion::V1_3) if older_works => Draft::new(Rank::Told, &[Cause::SessionNotResumedTls13]),
        Some(TlsVersion::V1_3) | None if !older_fails => {
            Draft::new(Rank::Told, &[Cause::SessionNotResumed, Cause::SessionNotResumedTls13])
                .told_by(Some(Experiment::OverTls12))
        }
        _ => Draft::new(Rank::Told, &[Cause::SessionNotResumed]),
    }
}

fn tls_failed(case: Case<'_>, attempt: &Attempt, why: TlsError) -> Draft {
    match why {
        TlsError::NotResumed => not_resumed(case, attempt),
        _ if says(attempt, ABOUT_RESUMPTION) => not_resumed(case, attempt),
        TlsError::Certificate => Draft::new(Rank::Told, &[Cause::DataTlsFailed]),
        TlsError::TimedOut => {
            Draft::new(Rank::Inferred, &[Cause::PathBroken, Cause::DataTlsFailed]).told_by(Some(Experiment::WithoutTls))
        }
        TlsError::Handshake | TlsError::Unavailable => {
            let resumed = attempt.tls.is_some_and(|tls| tls.resumed == Some(true));
            // A server that takes the client for another host closes before the handshake, and so does a middlebox in its place.
            let draft = Draft::new(Rank::Inferred, &[Cause::DataTlsFailed])
                .or_if(!resumed, Cause::SessionNotResumed)
                .or_if(attempt.route.is_passive(), Cause::DataPeerDiffers)
                .or_if(attempt.route.is_passive(), Cause::PathBroken);
            draft.told_by(Some(Experiment::Resume))
        }
    }
}

fn no_socket(case: Case<'_>, attempt: &Attempt) -> Draft {
    let at_server = case.evidence.side == crate::route::Side::Server && attempt.route.is_passive();
    Draft::new(Rank::Told, &[if at_server { Cause::RangeExhausted } else { Cause::LocalFailure }])
}

fn stalled(attempt: &Attempt) -> Draft {
    let draft = Draft::new(Rank::Inferred, &[Cause::PathBroken]);
    let handshake = attempt.protected && !attempt.tls.is_some_and(|tls| tls.completed);
    draft
        .or_if(handshake, Cause::DataTlsFailed)
        .or_if(attempt.route.is_passive(), Cause::DataPeerDiffers)
        .told_by(Some(Experiment::AnotherNetwork))
}
