//! Any evidence: a diagnosis ends, says why, and finds nothing where nothing fails.

use arbitrary::{Arbitrary, Unstructured};
use std::collections::HashSet;

use ftp_proto::diagnosis::{Finding, diagnose};
use ftp_proto::{AttemptEnd, Configuration, ControlState, Evidence, Speaks};

/// Whatever is known.
pub fn diagnosis(bytes: &[u8]) {
    let Ok(evidence) = Evidence::arbitrary(&mut Unstructured::new(bytes)) else { return };
    let findings = diagnose(&evidence);
    assert_eq!(findings, diagnose(&evidence), "the same evidence, the same findings");
    assert_eq!(findings.is_empty(), findings.first().is_none());
    assert_eq!(findings.len(), findings.iter().count());
    let sets: HashSet<Vec<_>> = findings.iter().map(|finding| finding.causes().collect()).collect();
    assert_eq!(sets.len(), findings.len(), "one finding for one set of causes: {findings}");
    findings.iter().for_each(is_sound);
    is_well(evidence);
}

fn is_sound(finding: &Finding) {
    let causes: Vec<_> = finding.causes().collect();
    assert!(!causes.is_empty());
    assert_eq!(finding.cause_set().len(), causes.len(), "each cause once: {causes:?}");
    assert!(finding.supports().next().is_some(), "nothing without evidence: {causes:?}");
    assert!(finding.tells_apart().is_none() || causes.len() > 1, "nothing is to be told apart: {causes:?}");
    let cures: Vec<_> = finding.cures().collect();
    assert!(cures.is_sorted_by_key(|cure| cure.actor()));
    assert!(cures.iter().all(|cure| causes.contains(&cure.cause())));
    for cause in &causes {
        assert!(cures.iter().any(|cure| cure.cause() == *cause), "no cure: {cause:?}");
    }
    let (text, line) = (finding.to_string(), finding.line().to_string());
    assert!(text.chars().all(|char| char == '\n' || !char.is_control()), "{text:?}");
    assert!(line.chars().all(|char| !char.is_control()), "{line:?}");
    assert!(causes.iter().all(|cause| text.contains(&cause.to_string()) && line.contains(cause.id())));
    for setting in cures.iter().flat_map(|cure| cure.settings()) {
        assert!(!setting.to_string().contains('\n') && !setting.to_string().contains("{}"), "{setting}");
    }
}

/// The same evidence, in which all has gone well.
fn is_well(mut evidence: Evidence) {
    for attempt in &mut evidence.attempts {
        attempt.end = AttemptEnd::Connected;
    }
    evidence.control = ControlState::Alive;
    evidence.speaks = Some(Speaks::Ftp);
    evidence.surplus = 0;
    if evidence.attempts.is_empty() {
        // Without an attempt a configuration is all there is, and may be ill.
        evidence.configuration = Configuration::default();
    }
    let findings = diagnose(&evidence);
    assert!(findings.is_empty(), "a success is never ill: {findings}");
}
