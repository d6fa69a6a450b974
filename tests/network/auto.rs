//! The client's own plan: wherever one of its routes works, it finds that route, and in time.

use std::time::Duration;

use ftp_proto::Route;
use ftp_proto::client::Config;

use crate::rows::{Case, cases};
use crate::symptom::{Symptom, Way, try_way, try_with};

/// One candidate that isn't answered, for `Patience::dial`, and what is said.
const BY_DEFAULT: Duration = Duration::from_secs(11);

/// Two candidates that aren't answered, and a server that doesn't come within `Patience::accept`.
const BY_ALL_FOUR: Duration = Duration::from_secs(51);

fn finds_a_way(routes: &[Route], within: Duration) {
    let mut config = Config::default();
    config.routes = routes.to_vec();
    let ways = [Way::Epsv, Way::PasvControl, Way::Eprt, Way::Port];
    let mut found = 0;
    for Case { row, case, topology } in cases() {
        let works = |way: &Way| routes.contains(&way.route()) && try_way(&topology, *way).symptom == Symptom::Works;
        let tried = try_with(&topology, config.clone());
        let named = format!("{row} {case} by {routes:?}: {} in {:?}{}", tried.symptom, tried.took, tried.dialogue);
        if ways.iter().any(works) {
            assert!(tried.symptom == Symptom::Works && tried.took <= within, "{named}");
            found += 1;
        }
    }
    assert!(found > 50, "a way is found in only {found} cases");
}

#[test]
fn the_default_routes_find_a_way() {
    finds_a_way(&Config::default().routes, BY_DEFAULT);
}

#[test]
fn all_four_routes_find_a_way() {
    finds_a_way(&[Route::Epsv, Route::Pasv, Route::Eprt, Route::Port], BY_ALL_FOUR);
}
