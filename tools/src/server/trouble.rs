//! What a server logs about a data connection that failed: one line, on which its administrator can act.

use std::fmt::Write as _;
use std::io::{self, Write as _};

use ftp_proto::diagnosis::diagnose;
use ftp_proto::{AttemptEnd, DataError, Evidence, Software, TlsVersion};

use super::service::Service;
use crate::printable;

/// Writes the line on standard error. A failure to write ends no session.
#[cold]
pub fn log(evidence: Evidence, service: &Service, version: Option<TlsVersion>) {
    let line = line(evidence, service, version);
    let _ = writeln!(io::stderr(), "ftp-server: {}", printable(line.as_bytes()));
}

/// The client, and the likeliest cause with its cure; if no cause is known, what was tried.
fn line(mut evidence: Evidence, service: &Service, version: Option<TlsVersion>) -> String {
    evidence.tls.version = version;
    evidence.configuration.sessions = service.house.most();
    let evidence = evidence.software(Software::FtpServer);
    let mut line = String::new();
    if let Some(client) = evidence.client {
        let _ = write!(line, "{client}: ");
    }
    let findings = diagnose(&evidence);
    for attempt in &evidence.attempts {
        let _ = match (attempt.end, attempt.advertised) {
            (AttemptEnd::Failed(DataError::TimedOut), Some(address)) if attempt.route.is_passive() => {
                write!(line, "nobody came to {address} ({}). ", attempt.route.word())
            }
            // What a finding tells itself.
            _ if !findings.is_empty() => Ok(()),
            _ => write!(line, "{attempt}. "),
        };
    }
    if let Some(finding) = findings.first() {
        let _ = write!(line, "{}", finding.line());
    }
    line.trim_end().to_owned()
}
