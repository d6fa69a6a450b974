//! `curl -v` (and `--trace-time`): `> PASV`, `< 227 …`, and `* …` for what curl says itself. The progress meter may stand in front of a
//! line, where no line end parted them.

use ftp_proto::DataError;

use super::dialogue::{Sink, What};
use super::words::{address, behind, has, is_command, is_reply, tls_version, why};

pub(super) fn mark(line: &str) -> u8 {
    let line = without_meter(line);
    match line.split_once(' ') {
        Some(("<", reply)) if is_reply(reply) => 2,
        Some((">", command)) if is_command(command) => 2,
        Some(("*", note)) if note.trim_start().starts_with("Trying ") || has(note, "curl_") => 4,
        Some(("*" | "{" | "}", _)) => 1,
        _ if line.starts_with("curl: (") => 5,
        _ => 0,
    }
}

pub(super) fn read(line: &str, sink: &mut Sink) {
    let line = without_meter(line);
    if let Some(reply) = line.strip_prefix("< ") {
        sink.reply(reply);
    } else if let Some(command) = line.strip_prefix("> ") {
        sink.command(command);
    } else if let Some(note) = line.strip_prefix("* ") {
        told(note.trim_start(), sink);
    } else if let Some((code, text)) = line.strip_prefix("curl: (").and_then(|rest| rest.split_once(") ")) {
        ended(code, text, sink);
    }
}

fn told(note: &str, sink: &mut Sink) {
    let begun = sink.has_begun();
    if note.starts_with("Trying ") || note.starts_with("Connecting to ") {
        match address(note) {
            Some(address) if begun => sink.tell(What::DataDialling(address)),
            address if !begun => sink.tell(What::Dialling(address)),
            _ => {}
        }
    } else if note.starts_with("Connected to ") || note.starts_with("Established connection to ") {
        // Of a data connection older ones name the control connection's address.
        sink.tell(if begun { What::DataConnected(None) } else { What::Connected(address(note)) });
    } else if note.starts_with("Connected 2nd connection to ") || note.starts_with("Connection accepted from server") {
        sink.tell(What::DataConnected(None));
    } else if note.starts_with("Skip ") && has(note, "for data connection") {
        sink.tell(What::DataToPeer);
    } else if note.starts_with("connect to ") && has(note, "failed") {
        // `connect to 192.0.2.1 port 40004 from 10.0.0.2 port 1 failed: Connection refused`
        let why = behind(note, "failed").and_then(why).unwrap_or(DataError::Unreachable);
        if begun {
            address(note).into_iter().for_each(|address| sink.tell(What::DataDialling(address)));
            sink.tell(What::DataFailed(why));
        } else {
            sink.tell(What::NotConnected(why));
        }
    } else if note.starts_with("Failed to connect to ")
        || note.starts_with("Connection timed out after ")
        || note.starts_with("Connection timeout after ")
    {
        let why = why(note).unwrap_or(DataError::TimedOut);
        // Where a reason was told before, this is its summary.
        sink.tell(if begun { What::DataFailed(why) } else { What::NotConnected(why) });
    } else if has(note, "accept timeout occurred") || has(note, "timeout occurred while waiting server connect") {
        sink.tell(What::DataFailed(DataError::TimedOut));
    } else if has(note, "ftp response timeout")
        || note.starts_with("Operation timed out")
        || note.starts_with("Operation too slow")
    {
        sink.tell(What::TimedOut);
    } else if note.starts_with("SSL connection using ") {
        secured(note, sink);
    } else if has(note, "re-using session id") || has(note, "reusing session id") || has(note, "ssl reusing session") {
        if begun && sink.is_secured() {
            sink.tell(What::DataSecured { version: None, resumed: Some(true) });
        }
    } else if has(note, "response reading failed") || has(note, "recv failure") {
        sink.tell(What::Ended { reset: has(note, "reset") || has(note, "recv failure") });
    }
}

/// The first TLS is the control connection's, the rest are data connections'.
fn secured(note: &str, sink: &mut Sink) {
    let version = tls_version(note);
    if sink.is_secured() {
        sink.tell(What::DataSecured { version, resumed: None });
    } else {
        sink.tell(What::Secured(version));
    }
}

/// `curl: (28) …`: what has ended it, by curl's numbers.
fn ended(code: &str, text: &str, sink: &mut Sink) {
    match code {
        // Couldn't connect: of a data connection if there was a dialogue.
        "7" if sink.has_begun() => sink.tell(What::DataFailed(why(text).unwrap_or(DataError::Refused))),
        "7" => sink.tell(What::NotConnected(why(text).unwrap_or(DataError::Refused))),
        // The server didn't come, in active mode.
        "10" | "12" => sink.tell(What::DataFailed(DataError::TimedOut)),
        "28" => sink.tell(What::TimedOut),
        "18" => sink.tell(What::DataCutShort),
        "56" => sink.tell(What::Ended { reset: has(text, "reset") }),
        "35" if sink.has_begun() => sink.tell(What::DataFailed(DataError::Tls(ftp_proto::TlsError::Handshake))),
        _ => {}
    }
}

/// A line behind what the progress meter has left on it.
fn without_meter(line: &str) -> &str {
    let Some(rest) = behind_last(line, "--:--:-- ") else { return line };
    let rest = rest.trim_start_matches([' ', '.']);
    rest.trim_start_matches(|character: char| character.is_ascii_digit() || matches!(character, 'k' | 'M' | 'G' | '.'))
}

fn behind_last<'t>(line: &'t str, words: &str) -> Option<&'t str> {
    line.rfind(words).map(|at| &line[at + words.len()..])
}
