//! A dialogue without a program's own words: `C: PASV` and `S: 227 …`, `C> …` and `S> …`, `> …` and `< …`, `>>> …` and `<<< …`,
//! `Tx: "PASV\r\n"` and `Rx: "227 …"`, or commands in capitals and replies without anything in front. And what libraries say of a
//! connection that failed: `connect ECONNREFUSED 192.0.2.1:50000`, `dial tcp 192.0.2.1:50000: i/o timeout`, `Timeout (data socket)`.

use ftp_proto::DataError;

use super::dialogue::{Sink, What};
use super::words::{address, has, is_command, is_foreign, is_reply, why};

/// Arrows, of which the longer ones come first, and words before a colon or an arrow, in small letters.
const COMMANDS: [&str; 5] = ["-->", "->", ">>>", ">>", ">"];
const REPLIES: [&str; 5] = ["<--", "<-", "<<<", "<<", "<"];
const SENDERS: [&str; 10] = ["c", "client", "send", "sent", "sending", "out", "tx", "cmd", "request", "ftp tx"];
const RECEIVERS: [&str; 11] =
    ["s", "server", "recv", "rcvd", "received", "receiving", "in", "rx", "reply", "response", "ftp rx"];

pub(super) fn mark(line: &str) -> u8 {
    if command(line).is_some() || reply(line).is_some_and(is_reply) {
        2
    } else {
        u8::from(is_reply(line) || is_command(line.trim()))
    }
}

pub(super) fn read(line: &str, sink: &mut Sink) {
    // A reply of many lines, in the middle: ` EPSV` is no command there.
    if sink.in_reply() && reply(line).is_none() && command(line).is_none() {
        sink.reply(line);
    } else if let Some(command) = command(line) {
        sink.command(command);
    } else if let Some(reply) = reply(line) {
        sink.begin_anew_with(reply);
        sink.reply(reply);
    } else if is_command(line.trim()) {
        sink.command(line.trim());
    } else if is_reply(line) || (!sink.has_begun() && is_foreign(line)) {
        sink.reply(line);
    } else {
        told(line, sink);
    }
}

/// What a library says of itself.
fn told(line: &str, sink: &mut Sink) {
    let Some(why) = why(line) else { return };
    if has(line, "(control socket)") {
        sink.tell(What::Ended { reset: false });
    } else if has(line, "connect") || has(line, "dial tcp") || has(line, "data socket") || sink.awaits_data() {
        let address = address(line).filter(|address| sink.has_begun() && address.port() != 21);
        address.into_iter().for_each(|address| sink.tell(What::DataDialling(address)));
        match (sink.has_begun(), why) {
            (false, why) => sink.tell(What::NotConnected(why)),
            (true, DataError::TimedOut) if address.is_none() => sink.tell(What::TimedOut),
            (true, why) => sink.tell(What::DataFailed(why)),
        }
    }
}

fn command(line: &str) -> Option<&str> {
    let rest = said(line, &COMMANDS, &SENDERS)?;
    is_command(&rest[..rest.find(' ').unwrap_or(rest.len())].to_ascii_uppercase()).then_some(rest)
}

/// The text of a reply's line: a blank in front of it belongs to it where it is a line in the middle.
fn reply(line: &str) -> Option<&str> {
    said(line, &REPLIES, &RECEIVERS)
}

/// What stands behind one of these marks.
fn said<'t>(line: &'t str, arrows: &[&str], speakers: &[&str]) -> Option<&'t str> {
    let line = line.trim_start();
    let behind_arrow = || arrows.iter().find_map(|arrow| line.strip_prefix(arrow));
    let behind_speaker = || {
        let (before, rest) = line.split_once([':', '>'])?;
        // A level may stand before it: `DEBUG : FTP Tx: "PASV\r\n"`.
        let (before, rest) = match before.trim_end() {
            "DEBUG" | "INFO" => rest.split_once(':')?,
            _ => (before, rest),
        };
        let before = before.trim().to_ascii_lowercase();
        speakers.contains(&before.as_str()).then_some(rest)
    };
    let rest = behind_arrow().or_else(behind_speaker)?;
    let rest = rest.strip_prefix([' ', '\t']).unwrap_or(rest);
    let Some(quoted) = rest.strip_prefix(['"', '\'']) else { return Some(rest) };
    let quoted = quoted.trim_end().trim_end_matches(['"', '\'']);
    Some(quoted.trim_end_matches("\\n").trim_end_matches("\\r"))
}
