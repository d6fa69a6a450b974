//! What a doctor does: each way by itself, plain and under TLS, and then the findings.

use std::net::IpAddr;

use ftp_proto::diagnosis::{Cause, diagnose};
use ftp_proto::{Attempt, ControlState, Evidence, is_plausible};

use crate::rows::Case;
use crate::symptom::{Way, try_way};
use crate::table::{Line, lines};
use crate::topology::{Ports, Topology};

/// In the order in which a doctor tries them.
const ORDER: [Way; 5] = [Way::Epsv, Way::PasvControl, Way::PasvAdvertised, Way::Eprt, Way::Port];

/// All that can be seen from where the client is, and how it looks.
pub struct Examined {
    pub evidence: Evidence,
    /// What two networks have in common that look the same.
    look: Vec<String>,
}

/// The same network in all states in which a doctor sees it.
pub fn rounds(topology: &Topology) -> Vec<Topology> {
    let mut rounds = vec![topology.clone()];
    // What fails only while others hold all ports has worked before.
    if topology.server.ports == Ports::Beyond {
        let mut before = topology.clone();
        before.server.ports = Ports::Free;
        rounds.insert(0, before);
    }
    if topology.tls.is_some() {
        let mut plain = topology.clone();
        plain.tls = None;
        rounds.insert(0, plain);
    }
    rounds
}

pub fn examine(topology: &Topology) -> Examined {
    let mut all: Option<Examined> = None;
    for round in rounds(topology) {
        for way in ORDER {
            let tried = try_way(&round, way);
            let Evidence { attempts, control, .. } = tried.evidence.clone();
            let examined = all.get_or_insert_with(|| {
                let mut nothing_yet = tried.evidence;
                nothing_yet.attempts.clear();
                Examined { evidence: nothing_yet, look: Vec::new() }
            });
            let named = attempts.last().map(|attempt| named(attempt, &examined.evidence));
            examined.look.push(format!("{way:?}: {}, {named:?}", tried.symptom));
            if let ControlState::Lost(_) = control {
                examined.evidence.control = control;
            }
            examined.evidence.attempts.extend(attempts);
        }
    }
    all.unwrap()
}

/// What is to be seen of an address: whose it is, and whether it can be.
fn named(attempt: &Attempt, evidence: &Evidence) -> [Option<bool>; 3] {
    let own = if attempt.route.is_passive() { evidence.server } else { evidence.client };
    let public: IpAddr = "203.0.113.1".parse().unwrap();
    let host = attempt.advertised.map(|address| address.ip());
    let is_public = |host| is_plausible(host, public);
    [host.map(|host| Some(host) == own.map(|own| own.ip())), host.map(is_public), own.map(|own| is_public(own.ip()))]
}

fn first(evidence: &Evidence) -> Vec<Cause> {
    diagnose(evidence).first().map(|first| first.causes().collect()).unwrap_or_default()
}

#[test]
fn the_first_finding_holds_a_cause_of_the_row_and_all_findings_hold_each() {
    for (Case { row, case, topology }, Line { causes, .. }) in lines() {
        let Examined { evidence, .. } = examine(&topology);
        let (first, findings) = (first(&evidence), diagnose(&evidence));
        let found: Vec<_> = findings.iter().flat_map(|finding| finding.causes()).collect();
        let told = format!("{row} {case}: {causes:?}\n{findings}");
        assert_eq!(first.is_empty(), causes.is_empty(), "{told}");
        assert!(causes.is_empty() || first.iter().any(|cause| causes.contains(cause)), "{told}");
        // Where several come together, what is behind the first may only be seen once that is mended.
        assert!(causes.iter().take(1).all(|cause| found.contains(cause)), "{told}");
    }
}

#[test]
fn the_first_finding_holds_only_what_looks_the_same() {
    let all: Vec<_> = lines().into_iter().map(|(case, line)| (examine(&case.topology), case, line)).collect();
    let mut alone = 0;
    for (examined, Case { row, case, .. }, _) in &all {
        let first = first(&examined.evidence);
        let looks_the_same = all.iter().filter(|(other, ..)| other.look == examined.look);
        let same: Vec<_> = looks_the_same.map(|(_, Case { row, case, .. }, line)| (row, case, &line.causes)).collect();
        for cause in &first {
            let known = same.iter().any(|(.., causes)| causes.contains(cause));
            assert!(known, "{row} {case}: {first:?}, and nothing that looks the same has {cause:?}: {same:?}");
        }
        alone += usize::from(first.len() == 1);
    }
    assert!(alone > 40, "one cause alone is found in only {alone} cases");
}
