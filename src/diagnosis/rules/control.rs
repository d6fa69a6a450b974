//! The control connection: whether there is one, what speaks over it, and how it was lost.

use super::{Case, Draft, Rank};
use crate::command::Verb;
use crate::data::DataError;
use crate::diagnosis::cause::Cause;
use crate::diagnosis::fact::Fact;
use crate::diagnosis::finding::{Experiment, Findings};
use crate::route::{Attempt, AttemptEnd, ControlLoss, ControlState, LossKind, Occasion, Route, Speaks};

/// The port of implicit FTP over TLS (IANA).
const IMPLICIT: u16 = 990;

/// Seconds of silence after which routers may drop a control connection.
const LONG: u64 = 30;

pub(super) fn apply(case: Case<'_>, found: &mut Findings) {
    match &case.evidence.control {
        ControlState::Unknown | ControlState::Alive => {}
        ControlState::NotReached(why) => {
            let cause = match why {
                DataError::Refused => Cause::ControlRefused,
                DataError::Local | DataError::NoPort => Cause::LocalFailure,
                DataError::Tls(_) => Cause::ControlTlsFailed,
                _ => Cause::ControlUnreachable,
            };
            found.find(Draft::new(Rank::NoFtp, &[cause]).because(Fact::NotReached(*why)));
        }
        ControlState::Lost(loss) => lost(case, found, loss),
    }
    speaks(case, found);
    if case.evidence.surplus > 0 {
        let surplus = Fact::Surplus(case.evidence.surplus);
        found.find(Draft::new(Rank::Told, &[Cause::OutOfStep]).because(surplus));
    }
}

fn speaks(case: Case<'_>, found: &mut Findings) {
    let Some(speaks) = case.evidence.speaks else { return };
    let implicit = case.evidence.server.is_some_and(|server| server.port() == IMPLICIT);
    let draft = |causes| Draft::new(Rank::NoFtp, causes).because(Fact::Speaks(speaks));
    let draft = match speaks {
        Speaks::Ftp => return,
        Speaks::Ssh => draft(&[Cause::SshAtPort]),
        Speaks::Http => draft(&[Cause::HttpAtPort]),
        Speaks::Smtp => draft(&[Cause::SmtpAtPort]),
        Speaks::Tls => draft(&[Cause::TlsAtPort]),
        Speaks::Nothing if implicit => draft(&[Cause::TlsAtPort]),
        Speaks::Nothing => draft(&[Cause::TlsAtPort, Cause::NotFtp]),
        Speaks::Other => draft(&[Cause::NotFtp]),
    };
    found.find(draft);
}

fn lost(case: Case<'_>, found: &mut Findings, loss: &ControlLoss) {
    let said = loss.said.as_deref().cloned().map(Fact::Said);
    let silent = Fact::Silent(loss.idle);
    match loss.during {
        Occasion::AfterTransfer => {
            let draft = Draft::new(Rank::Told, &[Cause::ControlDroppedIdle]);
            found.find(draft.because(Fact::DataWhole).because(silent).because_all(said));
        }
        // The data connection broke, and the server didn't report it: it waits for another host.
        Occasion::Transfer if loss.how == LossKind::Silent && case.attempts().any(is_unheard) => {
            let causes = [Cause::DataPeerDiffers, Cause::PathBroken];
            let draft = Draft::new(Rank::Inferred, &causes).because(silent).because_all(said);
            found.find(draft.told_by(Some(Experiment::ServersLog)));
        }
        Occasion::Transfer => {
            let long = loss.idle.as_secs() >= LONG;
            let causes = if long {
                [Cause::ControlDroppedIdle, Cause::PathBroken]
            } else {
                [Cause::PathBroken, Cause::ControlDroppedIdle]
            };
            found.find(Draft::new(Rank::Inferred, &causes).because(silent).because_all(said));
        }
        Occasion::Command(Verb::Pasv) => {
            let draft = Draft::new(Rank::Inferred, &[Cause::PasvMangled]);
            let draft = draft.or_if(loss.how != LossKind::Reset && !case.works(Route::Epsv), Cause::PathBroken);
            let draft = draft.because(Fact::LostAt(Verb::Pasv)).because_all(said);
            found.find(draft.told_by(Some(Experiment::TryRoute(Route::Epsv))));
        }
        Occasion::Command(Verb::Epsv) if loss.how != LossKind::Silent || case.works(Route::Pasv) => {
            let draft = Draft::new(Rank::Inferred, &[Cause::EpsvBlocked, Cause::PassiveFiltered]);
            let draft = draft.because(Fact::LostAt(Verb::Epsv)).because_all(said);
            found.find(draft.told_by(Some(Experiment::TryRoute(Route::Pasv))));
        }
        // `speaks` handles these, or they have nothing to do with data connections.
        Occasion::Greeting | Occasion::Command(_) | Occasion::Idle => {}
    }
}

/// Whether a passive connection was made, and then the control connection was lost.
fn is_unheard(attempt: &Attempt) -> bool {
    attempt.route.is_passive() && attempt.connected && attempt.end == AttemptEnd::ControlLost
}
