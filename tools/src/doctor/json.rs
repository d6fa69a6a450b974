//! The results as JSON.

use ftp_proto::diagnosis::{Finding, Findings};
use ftp_proto::{Attempt, AttemptEnd, ControlState, Evidence, Side, TlsVersion};
use ftp_proto_doctor::config::Reading;
use ftp_proto_doctor::read::Case;
use serde_json::{Value, json};

use super::probe::{Remark, Seen};
use super::report::elsewhere;
use super::table::{Row, Shown};
use crate::printable;

/// The results of a probe.
pub fn probe(target: &str, seen: &Seen, findings: &[(usize, Findings)], exit: u8) -> Value {
    let addresses = seen.addresses.iter().enumerate().map(|(place, examined)| {
        let found = findings.iter().find(|(of, _)| *of == place).map(|(_, findings)| list(findings));
        json!({
            "address": examined.address.to_string(),
            "greeting": examined.greeting,
            "server": server(&examined.evidence),
            "rows": examined.rows.iter().map(row).collect::<Vec<_>>(),
            "findings": found.unwrap_or_else(|| json!([])),
        })
    });
    let all: Vec<Value> = findings.iter().flat_map(|(_, findings)| findings.iter()).map(finding).collect();
    json!({
        "target": target,
        "addresses": addresses.collect::<Vec<_>>(),
        "findings": all,
        "remarks": seen.remarks.iter().map(remark).collect::<Vec<_>>(),
        "exit": exit,
    })
}

/// The findings for the sessions of a log.
pub fn log(program: &str, sessions: &[(Case, Findings)], exit: u8) -> Value {
    let all = sessions.iter().map(|(case, findings)| {
        let Case { first, last, evidence, is_cut, .. } = case;
        json!({
            "lines": [first, last],
            "cut": is_cut,
            "client": evidence.client.map(|address| address.to_string()),
            "address": evidence.server.map(|address| address.to_string()),
            "seen_by": match evidence.side {
                Side::Server => "server",
                Side::Client => "client",
                Side::Observer => "observer",
            },
            "server": server(evidence),
            "attempts": evidence.attempts.iter().map(attempt).collect::<Vec<_>>(),
            "findings": list(findings),
        })
    });
    let found: Vec<Value> = sessions.iter().flat_map(|(.., findings)| findings.iter()).map(finding).collect();
    json!({ "program": program, "sessions": all.collect::<Vec<_>>(), "findings": found, "exit": exit })
}

/// The faults of a configuration file.
pub fn config(file: &str, reading: &Reading, exit: u8) -> Value {
    let concerns = reading.concerns().iter().map(|concern| {
        json!({
            "file": concern.file.as_deref().unwrap_or(file),
            "line": concern.line,
            "gravity": concern.gravity().to_string(),
            "fault": concern.fault.id(),
            "text": concern.fault.to_string(),
            "cure": concern.cure(),
        })
    });
    let server = reading.server().name();
    json!({ "file": file, "included": reading.included(), "server": server, "findings": concerns.collect::<Vec<_>>(), "exit": exit })
}

fn server(evidence: &Evidence) -> Value {
    json!({
        "software": evidence.software.name(),
        "speaks": evidence.speaks.map(|speaks| format!("{speaks:?}").to_lowercase()),
        "logged_in": evidence.logged_in,
        "tls_offered": evidence.tls.offered,
        "control": match &evidence.control {
            ControlState::NotReached(why) => format!("not reached: {why}"),
            ControlState::Lost(_) => "lost".into(),
            ControlState::Alive => "alive".into(),
            _ => "ended".into(),
        },
    })
}

fn row(row: &Row) -> Value {
    json!({
        "route": row.route.word(),
        "host": row.host.name(),
        "protection": row.via.name(),
        "attempts": row.attempts.iter().map(attempt).collect::<Vec<_>>(),
    })
}

fn attempt(attempt: &Attempt) -> Value {
    let code = match attempt.end {
        AttemptEnd::Refused(code) | AttemptEnd::Unexpected(code) | AttemptEnd::ServerFailed(code) => Some(code.value()),
        _ => None,
    };
    json!({
        "route": attempt.route.word(),
        "works": attempt.is_success(),
        "result": Shown::of(attempt).text,
        "advertised": attempt.advertised.map(|address| address.to_string()),
        "reached": attempt.reached.map(|address| address.to_string()),
        "connected": attempt.connected,
        "opened": attempt.opened,
        "encrypted": attempt.encrypted,
        "protected": attempt.protected,
        "tls": attempt.tls.map(|tls| json!({
            "version": tls.version.map(|version| match version {
                TlsVersion::V1_3 => "1.3",
                TlsVersion::V1_2 => "1.2",
                _ => "older",
            }),
            "resumed": tls.resumed,
        })),
        "code": code,
        "said": attempt.said.as_ref().map(|said| printable(said.text())),
        "milliseconds": u64::try_from(attempt.took.as_millis()).unwrap_or(u64::MAX),
    })
}

fn list(findings: &Findings) -> Value {
    findings.iter().map(finding).collect()
}

fn finding(finding: &Finding) -> Value {
    json!({
        "causes": finding.causes().map(|cause| json!({ "id": cause.id(), "text": cause.to_string() })).collect::<Vec<_>>(),
        "because": finding.supports().map(ToString::to_string).collect::<Vec<_>>(),
        "although": finding.against().map(ToString::to_string).collect::<Vec<_>>(),
        "server": finding.software().name(),
        "cures": finding.cures().map(|cure| json!({
            "cause": cure.cause().id(),
            "who": cure.actor().to_string(),
            "text": cure.to_string(),
            "settings": cure.settings().map(|setting| setting.to_string()).collect::<Vec<_>>(),
            "settings_by_server": elsewhere(&cure)
                .into_iter()
                .map(|(server, lines)| (server.name().to_owned(), lines.into()))
                .collect::<serde_json::Map<String, Value>>(),
        })).collect::<Vec<_>>(),
        "to_tell": finding.tells_apart().map(|experiment| experiment.to_string()),
    })
}

fn remark(remark: &Remark) -> Value {
    json!({ "text": remark.text, "trouble": remark.counts })
}
