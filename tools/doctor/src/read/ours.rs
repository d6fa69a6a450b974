//! `ftp-client -v`: `> PASV`, `< 227 …`, `* data connection to 192.0.2.1:50000`, and one line at the end that names each attempt.

use ftp_proto::DataError;

use super::dialogue::{Sink, What};
use super::words::{address, behind, has, is_command, is_reply, tls_version, why};

pub(super) fn mark(line: &str) -> u8 {
    match line.split_once(' ') {
        Some(("<", reply)) if is_reply(reply) => 2,
        Some((">", command)) if is_command(command) => 2,
        Some(("*", note)) if note.starts_with("data connection") || note.starts_with("control connection") => 5,
        Some(("ftp-client:", _)) => 5,
        _ => 0,
    }
}

pub(super) fn read(line: &str, sink: &mut Sink) {
    if let Some(command) = line.strip_prefix("> ") {
        sink.command(command);
    } else if let Some(reply) = line.strip_prefix("< ") {
        sink.begin_anew_with(reply);
        sink.reply(reply);
    } else if let Some(note) = line.strip_prefix("* ") {
        told(note, sink);
    } else if let Some(failure) = line.strip_prefix("ftp-client: ") {
        failed(failure, sink);
    }
}

fn told(note: &str, sink: &mut Sink) {
    if let Some(rest) = note.strip_prefix("data connection to ") {
        address(rest).into_iter().for_each(|address| sink.tell(What::DataDialling(address)));
        sink.tell(why(rest).map_or(What::DataConnected(address(rest)), What::DataFailed));
    } else if let Some(rest) = note.strip_prefix("data connection from ") {
        sink.tell(What::DataConnected(address(rest)));
    } else if let Some(how) = note.strip_prefix("data connection: ") {
        if let Some(version) = tls_version(how) {
            let resumed = has(how, "resumed");
            sink.tell(What::DataSecured { version: Some(version), resumed: Some(resumed && !has(how, "not resumed")) });
        } else {
            sink.tell(What::DataFailed(why(how).unwrap_or(DataError::Tls(ftp_proto::TlsError::Handshake))));
        }
    } else if let Some(rest) = note.strip_prefix("control connection to ") {
        sink.tell(What::Dialling(address(rest)));
    } else if let Some(how) = note.strip_prefix("control connection: ")
        && let Some(version) = tls_version(how)
    {
        sink.tell(What::Secured(Some(version)));
    }
}

/// `no data connection could be made; EPSV 192.0.2.1:50000: no answer in time; PASV …`, or why there is no control connection.
fn failed(failure: &str, sink: &mut Sink) {
    if let Some(attempts) = behind(failure, "no data connection could be made") {
        for attempt in attempts.split("; ").take(32) {
            if let (Some(address), Some(why)) = (address(attempt), why(attempt)) {
                sink.tell(What::DataDialling(address));
                sink.tell(What::DataFailed(why));
            } else if has(attempt, "did not connect to") {
                sink.tell(What::DataFailed(DataError::TimedOut));
            }
        }
    } else if !sink.has_begun() {
        if let Some(why) = why(failure) {
            address(failure).into_iter().for_each(|address| sink.tell(What::Dialling(Some(address))));
            sink.tell(What::NotConnected(why));
        }
    } else if has(failure, "the data ended early") {
        sink.tell(What::DataCutShort);
    } else if has(failure, "closed the connection") {
        sink.tell(What::Ended { reset: false });
    } else if has(failure, "stalled") {
        sink.tell(What::TimedOut);
    }
}
