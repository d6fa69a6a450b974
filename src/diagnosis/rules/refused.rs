//! The server refuses PASV, EPSV, PORT or EPRT, or answers with an unreadable or impossible reply.

use super::{Case, Draft, Rank, facts, says};
use crate::diagnosis::cause::Cause;
use crate::diagnosis::fact::Fact;
use crate::diagnosis::finding::{Experiment, Findings};
use crate::reply::{Class, Code};
use crate::route::{Attempt, AttemptEnd, Reach, Route, Software};

/// Words by which a server says that TLS is missing.
const ABOUT_TLS: &[&str] = &["tls", "ssl", "encrypt", "secur", "prot ", "prot-", "protect", "auth tls", "auth ssl"];

/// Words by which a server says that it won't connect to the address.
const ABOUT_ADDRESS: &[&str] =
    &["illegal", "won't", "rejected", "foreign", "refused", " nat ", "only to", "not allowed to", "ports < 1024"];

pub(super) fn apply(case: Case<'_>, found: &mut Findings) {
    for attempt in case.attempts() {
        let draft = match attempt.end {
            AttemptEnd::Refused(code) => refused(case, attempt, code),
            AttemptEnd::Unreadable => Some(unreadable(case, attempt)),
            AttemptEnd::Unexpected(_) => Some(unexpected(case, attempt)),
            AttemptEnd::ControlLost if attempt.route == Route::Pasv && !attempt.connected => Some(lost(case, attempt)),
            _ => None,
        };
        if let Some(draft) = draft {
            found.find(draft.because_all(facts(attempt)));
        }
    }
}

/// A refusal that means the same for every route; `passive` and `active` handle the others.
fn refused(case: Case<'_>, attempt: &Attempt, code: Code) -> Option<Draft> {
    // The rules of `active` handle that.
    if !attempt.route.is_passive() && case.fails_under_tls_alone(attempt.route) {
        return None;
    }
    let told = |cause| Some(Draft::new(Rank::Told, &[cause]));
    let families = says(attempt, &["use (", "(1)", "(2)", "(1,2)", "network protocol", "address famil"]);
    match code {
        Code::UNSUPPORTED_PROTOCOL_OR_DATA_TLS | Code::UNSUPPORTED_FAMILY_OR_PROTECTION if families => {
            told(Cause::FamilyUnsupported)
        }
        Code::UNSUPPORTED_PROTOCOL_OR_DATA_TLS | Code::UNSUPPORTED_FAMILY_OR_PROTECTION if says(attempt, ABOUT_TLS) => {
            told(Cause::ProtectionUnfit)
        }
        Code::UNSUPPORTED_FAMILY_OR_PROTECTION => told(Cause::ProtectionUnfit),
        Code::UNSUPPORTED_PROTOCOL_OR_DATA_TLS if attempt.route == Route::Pasv || attempt.route == Route::Port => {
            told(Cause::ProtectionUnfit)
        }
        Code::UNSUPPORTED_PROTOCOL_OR_DATA_TLS => {
            let draft = Draft::new(Rank::Inferred, &[Cause::FamilyUnsupported])
                .or_if(!attempt.protected, Cause::ProtectionUnfit);
            Some(draft.told_by(Some(Experiment::WithProtection)))
        }
        Code::NOT_LOGGED_IN | Code::BAD_SEQUENCE | Code::DENIED_BY_POLICY if says(attempt, ABOUT_TLS) => {
            told(if attempt.encrypted { Cause::ProtectionUnfit } else { Cause::TlsRequired })
        }
        // Without a login there is no data connection; that isn't a cause of its own.
        Code::NOT_LOGGED_IN => None,
        _ if attempt.route.is_passive() => Some(passive(case, attempt, code)),
        _ => active(case, attempt, code),
    }
}

fn passive(case: Case<'_>, attempt: &Attempt, code: Code) -> Draft {
    let other = if attempt.route == Route::Epsv { Route::Pasv } else { Route::Epsv };
    let other_works = case.works(other);
    // If the other command works, this one isn't needed.
    let rank = if other_works { Rank::Beside } else { Rank::Inferred };
    // Pure-FTPd lists PRET and doesn't need it.
    let wants_pret = case.evidence.wants_pret && case.evidence.software != Software::PureFtpd;
    if says(attempt, &["pret"]) || (wants_pret && attempt.route == Route::Pasv && code == Code::SYNTAX_ERROR) {
        return Draft::new(Rank::Told, &[Cause::PretNeeded]);
    }
    if attempt.route == Route::Pasv && (case.is_ipv6_throughout(attempt) || says(attempt, &["ipv6"])) {
        return Draft::new(rank, &[Cause::PasvOnIpv6]);
    }
    // Some routers rewrite PASV to P@SW, which the server doesn't know.
    if says(attempt, &["p@sw"]) {
        return Draft::new(Rank::Told, &[Cause::PassiveFiltered]);
    }
    if says(attempt, &["oops"]) || code == Code::CANNOT_OPEN_DATA_CONNECTION {
        return Draft::new(Rank::Told, &[Cause::RangeExhausted]);
    }
    let pasv = attempt.route == Route::Pasv;
    let untried = !case.was_tried(other);
    match code {
        Code::SYNTAX_ERROR | Code::NOT_IMPLEMENTED | Code::PARAMETER_NOT_IMPLEMENTED | Code::SUPERFLUOUS => {
            // A known server supports both commands, so its configuration must forbid them.
            let knows = !other_works && !untried && case.evidence.software != Software::Unknown;
            let known: &[Cause] = if knows { &[Cause::PassiveDisabled] } else { &[] };
            Draft::new(rank, known)
                .or_if(true, Cause::PassiveUnknown)
                .or_if(true, Cause::PassiveFiltered)
                .or_if(pasv && other_works, Cause::PasvMangled)
                // Some servers answer so to commands that they are configured to refuse (libunftp: 502).
                .or_if(!other_works && !knows, Cause::PassiveDisabled)
                .told_by(Some(if attempt.encrypted { Experiment::ServersLog } else { Experiment::WithTls }))
        }
        // Only one of the two is refused, so passive mode isn't forbidden.
        _ if other_works => Draft::new(rank, &[Cause::PassiveUnknown, Cause::PassiveFiltered])
            .or_if(pasv, Cause::PasvMangled)
            .told_by(Some(Experiment::ServersLog)),
        Code::BAD_SEQUENCE => Draft::new(rank, &[Cause::OutOfStep]),
        _ if code.class() == Class::TransientNegative => Draft::new(rank, &[Cause::RangeExhausted]),
        _ => Draft::new(rank, &[Cause::PassiveDisabled])
            .or_if(untried, Cause::PassiveFiltered)
            .or_if(untried && pasv, Cause::PasvMangled)
            .told_by(Some(Experiment::TryRoute(other))),
    }
}

fn active(case: Case<'_>, attempt: &Attempt, code: Code) -> Option<Draft> {
    let behind_nat = case.client_is_behind_nat();
    let forbidden = says(attempt, ABOUT_ADDRESS);
    let unknown = says(
        attempt,
        &[
            "not implemented",
            "not understood",
            "unknown",
            "unrecognized",
            "unrecognised",
            "disabled",
            "denied",
            "not permitted",
        ],
    );
    let rank = Rank::InferredActive;
    let outside = case.evidence.client_outside.map(Fact::ClientSeenAs);
    let private = case.client().filter(|_| behind_nat && outside.is_none()).map(Fact::ClientPrivate);
    let with = |draft: Draft| draft.because_all(outside.clone()).because_all(private.clone());
    // If neither end is known, a private address in PORT points to a NAT.
    let inside = attempt.advertised.is_some_and(|address| Reach::of(address.ip()) == Reach::Site);
    let rejected = || match case.client() {
        None if inside && case.server().is_none() => {
            Draft::new(rank, &[Cause::ActiveBehindNat, Cause::ActiveAddressRejected])
        }
        None => Draft::new(rank, &[Cause::ActiveAddressRejected, Cause::ActiveBehindNat]),
        Some(_) => Draft::new(rank, &[Cause::ActiveAddressRejected]),
    };
    // A server older than RFC 2428: this isn't about active mode.
    if attempt.route == Route::Eprt && is_unknown(attempt) {
        if case.works(Route::Port) {
            return None;
        }
        let asked = |route| case.attempts().filter(move |other| other.route == route);
        let knows_port = asked(Route::Port).any(|other| !is_unknown(other));
        let knows_no_epsv = asked(Route::Epsv).any(is_unknown);
        if knows_port || (knows_no_epsv && !case.was_tried(Route::Port)) {
            return Some(Draft::new(rank, &[Cause::FamilyUnsupported]));
        }
        if knows_no_epsv || (!case.was_tried(Route::Port) && !case.works(Route::Epsv)) {
            let draft = Draft::new(rank, &[Cause::ActiveDisabled, Cause::FamilyUnsupported]);
            return Some(draft.told_by(Some(Experiment::TryRoute(Route::Port))));
        }
    }
    Some(match code {
        Code::SYNTAX_ERROR | Code::ARGUMENT_SYNTAX_ERROR if forbidden && behind_nat => {
            with(Draft::new(rank, &[Cause::ActiveBehindNat]))
        }
        Code::SYNTAX_ERROR | Code::ARGUMENT_SYNTAX_ERROR if forbidden => rejected(),
        Code::SYNTAX_ERROR | Code::ARGUMENT_SYNTAX_ERROR if !unknown => {
            let draft = if behind_nat { with(Draft::new(rank, &[Cause::ActiveBehindNat])) } else { rejected() };
            // Servers without EPRT answer 500, whatever it names.
            let unknown = attempt.route == Route::Eprt && code == Code::SYNTAX_ERROR;
            draft
                .or_if(unknown, Cause::FamilyUnsupported)
                .or_if(code == Code::SYNTAX_ERROR, Cause::ActiveDisabled)
                .told_by(Some(Experiment::AnotherNetwork))
        }
        _ => Draft::new(rank, &[Cause::ActiveDisabled]),
    })
}

/// Whether the server doesn't know the command (RFC 959 4.2.1), and doesn't object to its address either.
fn is_unknown(attempt: &Attempt) -> bool {
    matches!(attempt.end, AttemptEnd::Refused(Code::SYNTAX_ERROR | Code::NOT_IMPLEMENTED))
        && !says(attempt, ABOUT_ADDRESS)
}

fn unreadable(case: Case<'_>, attempt: &Attempt) -> Draft {
    match attempt.route {
        Route::Pasv if case.is_ipv6_throughout(attempt) => Draft::new(Rank::Inferred, &[Cause::PasvOnIpv6]),
        Route::Pasv if case.works(Route::Epsv) => Draft::new(Rank::Inferred, &[Cause::PasvMangled]),
        _ => Draft::new(Rank::Inferred, &[Cause::PasvMangled, Cause::OutOfStep])
            .told_by(Some(Experiment::TryRoute(Route::Epsv))),
    }
}

fn unexpected(case: Case<'_>, attempt: &Attempt) -> Draft {
    let draft = Draft::new(Rank::Inferred, &[Cause::OutOfStep]);
    let draft = draft.or_if(attempt.route == Route::Pasv && case.evidence.surplus == 0, Cause::PasvMangled);
    draft.told_by(Some(Experiment::TryRoute(Route::Epsv)))
}

/// The control connection was lost after PASV: routers that rewrite the 227 and miscount its bytes cause that.
fn lost(case: Case<'_>, attempt: &Attempt) -> Draft {
    let draft = Draft::new(Rank::Inferred, &[Cause::PasvMangled]);
    let draft = draft.or_if(!case.works(Route::Epsv) && attempt.advertised.is_some(), Cause::PathBroken);
    draft.told_by(Some(Experiment::TryRoute(Route::Epsv)))
}
