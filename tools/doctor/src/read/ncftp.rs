//! ncftp: `Cmd: PASV`, `227: Entering …`, further lines of a reply behind six blanks.

use ftp_proto::DataError;

use super::dialogue::{Sink, What};
use super::words::{address, has, host, why};

pub(super) fn mark(line: &str) -> u8 {
    if line.starts_with("Cmd: ") {
        return 4;
    }
    let told = ["NcFTP ", "LibNcFTP ", "Falling back to PORT instead of PASV", "connect failed: "];
    if reply(line).is_some() { 2 } else { u8::from(told.iter().any(|words| line.starts_with(words))) }
}

pub(super) fn read(line: &str, sink: &mut Sink) {
    if let Some(command) = line.strip_prefix("Cmd: ") {
        sink.command(command);
    } else if let Some((code, text)) = reply(line) {
        // Whether more lines follow isn't shown: each is written as the last one.
        sink.reply(&format!("{code} {text}"));
    } else if line.starts_with("     ") {
        // A further line, such as of FEAT: joined to the reply, which the evidence puts together.
        if let Some(What::Reply(first)) = sink.told().last().map(|event| event.what.clone()) {
            further(&first, line.trim_start(), sink);
        }
    } else {
        told(line, sink);
    }
}

fn reply(line: &str) -> Option<(&str, &str)> {
    let (code, text) = line.split_once(": ")?;
    (code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_digit())).then_some((code, text))
}

/// Turns the last line into one that others follow, and adds this one as the end.
fn further(last: &str, text: &str, sink: &mut Sink) {
    let Some((code, before)) = last.split_at_checked(3) else { return };
    let was_first = before.starts_with(' ');
    if !was_first || !code.bytes().all(|byte| byte.is_ascii_digit()) {
        return;
    }
    let begun = sink.many_lines(code);
    sink.replace_last(if begun {
        format!(" {}", before.trim_start())
    } else {
        format!("{code}-{}", before.trim_start())
    });
    sink.reply(&format!("{code} {text}"));
}

fn told(line: &str, sink: &mut Sink) {
    if line.starts_with("Connected to ") {
        sink.tell(What::Connected(host(line).map(|host| (host, 21).into())));
    } else if line.starts_with("connect to ") && has(line, "failed") {
        let why = why(line).unwrap_or(DataError::Refused);
        if !sink.has_begun() {
            sink.tell(What::NotConnected(why));
            return;
        }
        address(line).into_iter().for_each(|address| sink.tell(What::DataDialling(address)));
        sink.tell(What::DataFailed(why));
    } else if let Some(how) = line.strip_prefix("connect failed: ") {
        // Without its debugging it shows no more of a passive connection.
        if !sink.has_begun() {
            sink.command("PASV");
            sink.tell(What::Answered(true));
        }
        sink.tell(What::DataFailed(why(how).unwrap_or(DataError::Refused)));
    } else if line.starts_with("Data connection timed out") || has(line, "could not accept a data connection") {
        sink.tell(What::DataFailed(DataError::TimedOut));
    } else if line.starts_with("Could not connect to ") && !sink.has_begun() {
        sink.tell(What::NotConnected(why(line).unwrap_or(DataError::Unreachable)));
    } else if line.starts_with("Could not read reply from control connection")
        || line.starts_with("Remote host has closed")
    {
        sink.tell(What::Ended { reset: has(line, "reset") });
    }
}
