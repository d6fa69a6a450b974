//! Why a data connection failed, in one line: the doctor's cause, and what to do.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::ops::RangeInclusive;

use ftp_proto::diagnosis::diagnose;
use ftp_proto::{Attempt, AttemptEnd, Code, DataError, Endpoints, Evidence, Side, Software};

/// Where the proxy stands.
pub struct View {
    /// Its end of the client's control connection, and the client's.
    pub client: Endpoints,
    /// Its end of the server's, and the server's.
    pub server: Endpoints,
    pub passive_ports: RangeInclusive<u16>,
}

impl View {
    /// The line; `None` if there is nothing to say. `told`: what the end that dials was told in place of the address that the last attempt has.
    pub fn explain(&self, evidence: Evidence, told: impl Fn(SocketAddr) -> Option<SocketAddr>) -> Option<String> {
        if evidence.attempts.last().is_some_and(was_none) {
            return None;
        }
        let evidence = self.seen_from_here(evidence, told);
        let findings = diagnose(&evidence);
        let mut line = String::new();
        if let Some(attempt) = evidence.attempts.last() {
            let _ = match (evidence.side, attempt.end, attempt.advertised) {
                (Side::Server, AttemptEnd::Failed(DataError::TimedOut), Some(address)) if is_unvisited(attempt) => {
                    write!(line, "the client did not connect to {address} ({})", attempt.route.word())
                }
                _ => write!(line, "{attempt}"),
            };
        }
        if let Some(finding) = findings.first() {
            let _ = write!(line, "{}{}", if line.is_empty() { "" } else { "; " }, finding.line());
        }
        (!line.is_empty()).then_some(line)
    }

    /// A data connection has two legs: towards the client the proxy is the server, and towards the server the client. What
    /// matters is the one that failed.
    fn seen_from_here(&self, mut evidence: Evidence, told: impl Fn(SocketAddr) -> Option<SocketAddr>) -> Evidence {
        let Some(mut last) = evidence.attempts.pop() else {
            evidence.side = Side::Client;
            return evidence.ends(&self.server);
        };
        let visitor = if last.route.is_passive() { Side::Server } else { Side::Client };
        let (side, awaits) = match last.end {
            // We have dialled it.
            AttemptEnd::Failed(_) if last.reached.is_some() => {
                (if last.route.is_passive() { Side::Client } else { Side::Server }, false)
            }
            AttemptEnd::Failed(_) | AttemptEnd::Stranger(_) => (visitor, true),
            AttemptEnd::ServerFailed(Code::CANNOT_OPEN_DATA_CONNECTION) if !last.connected => (visitor, true),
            // The client has named somebody else.
            AttemptEnd::Refused(_)
                if !last.route.is_passive()
                    && last.advertised.is_some_and(|address| address.ip() != self.client.peer().ip()) =>
            {
                (Side::Server, false)
            }
            _ => (Side::Client, false),
        };
        evidence.side = side;
        if awaits {
            last.advertised = last.advertised.and_then(told).or(last.advertised);
        }
        if side == Side::Server {
            // Who waits for a connection doesn't see why none comes.
            if let (true, AttemptEnd::ServerFailed(_) | AttemptEnd::Failed(_)) = (awaits, last.end) {
                last.end = AttemptEnd::Failed(DataError::TimedOut);
            }
            evidence = evidence.ends(&self.client).software(Software::Unknown);
            evidence.client_outside = None;
            evidence.configuration.ports = Some((*self.passive_ports.start(), *self.passive_ports.end()));
            // What went over the other leg says nothing of this one.
            evidence.attempts.clear();
        } else {
            evidence = evidence.ends(&self.server);
        }
        evidence.attempt(last)
    }
}

/// The server refuses a transfer for which no data connection was agreed on: nobody was told where.
fn was_none(attempt: &Attempt) -> bool {
    attempt.end == AttemptEnd::ServerFailed(Code::CANNOT_OPEN_DATA_CONNECTION) && attempt.advertised.is_none()
}

fn is_unvisited(attempt: &Attempt) -> bool {
    attempt.route.is_passive() && attempt.reached.is_none()
}
