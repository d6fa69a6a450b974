//! lftp with `debug`: `---> PASV`, `<--- 227 …`, `---- …` for what it does, `**** …` for what went wrong.

use ftp_proto::DataError;

use super::dialogue::{Sink, What};
use super::words::{address, has, is_reply, tls_version, why};

pub(super) fn mark(line: &str) -> u8 {
    match line.trim_start().split_once(' ') {
        Some(("<---", _)) => 3,
        Some(("--->", _)) => 1,
        Some(("----" | "****", _)) => 2,
        _ => 0,
    }
}

pub(super) fn read(line: &str, sink: &mut Sink) {
    let line = line.trim_start();
    if let Some(command) = line.strip_prefix("---> ") {
        sink.command(command);
    } else if let Some(reply) = line.strip_prefix("<--- ") {
        sink.reply(reply);
    } else if let Some(note) = line.strip_prefix("---- ") {
        told(note, sink);
    } else if let Some(trouble) = line.strip_prefix("**** ") {
        failed(trouble, sink);
    }
}

fn told(note: &str, sink: &mut Sink) {
    if note.starts_with("Connecting data socket to ") {
        address(note).into_iter().for_each(|address| sink.tell(What::DataDialling(address)));
    } else if note.starts_with("Connecting to ") {
        sink.tell(What::Dialling(address(note)));
    } else if note.starts_with("Data connection established") {
        sink.tell(What::DataConnected(None));
    } else if note.starts_with("Accepted data connection from ") {
        sink.tell(What::DataConnected(address(note)));
    } else if note.starts_with("Address returned by PASV") {
        sink.tell(What::DataToPeer);
    } else if note.starts_with("Certificate") || tls_version(note).is_some() {
        secured(note, sink);
    } else if note.starts_with("Closing control socket") {
        sink.tell(What::Ended { reset: false });
    }
}

fn secured(note: &str, sink: &mut Sink) {
    if !sink.is_secured() {
        sink.tell(What::Secured(tls_version(note)));
    }
}

fn failed(trouble: &str, sink: &mut Sink) {
    // `Socket error (Connection refused) - reconnecting`, `connect(data_sock): …`, `data-socket: …`, `Timeout - reconnecting`
    if is_reply(trouble) {
        return;
    }
    if trouble.starts_with("control-socket") {
        sink.tell(What::Ended { reset: has(trouble, "reset") });
    } else if trouble.starts_with("Timeout") {
        sink.tell(if sink.has_begun() { What::TimedOut } else { What::NotConnected(DataError::TimedOut) });
    } else if let Some(why) = why(trouble) {
        sink.tell(if sink.has_begun() { What::DataFailed(why) } else { What::NotConnected(why) });
    }
}
