//! WinSCP: `> `, `< `, `. ` and `* ` with date and time behind the mark, without them where its window shows the log.

use std::net::SocketAddr;

use ftp_proto::DataError;

use super::dialogue::{Sink, What};
use super::line::clock;
use super::words::{address, has, host, is_command, is_reply, tls_version, why};

pub(super) fn mark(line: &str) -> u8 {
    let Some((mark, rest)) = line.split_once(' ') else { return 0 };
    let (at, text) = clock(rest);
    match mark {
        "." if at.is_some() => 3,
        "<" | ">" | "*" | "!" if at.is_some() => 3,
        "." => 2,
        "<" if is_reply(text) => 2,
        ">" if is_command(text) => 2,
        _ => 0,
    }
}

pub(super) fn read(line: &str, sink: &mut Sink) {
    let Some((mark, rest)) = line.split_once(' ') else { return };
    let (at, text) = clock(rest);
    sink.now(at);
    match mark {
        ">" => sink.command(text),
        "<" => sink.reply(text),
        "." | "*" | "!" => told(text.trim_start(), sink),
        _ => {}
    }
}

/// A host without a port.
fn of_control(text: &str) -> Option<SocketAddr> {
    host(text).map(|host| (host, 21).into())
}

fn told(text: &str, sink: &mut Sink) {
    if text.starts_with("Connecting to ") {
        match address(text).or_else(|| of_control(text)) {
            Some(address) if sink.has_begun() => sink.tell(What::DataDialling(address)),
            address if !sink.has_begun() => sink.tell(What::Dialling(address)),
            _ => {}
        }
    } else if text.starts_with("Connected with ") {
        sink.tell(What::Connected(address(text).or_else(|| of_control(text))));
    } else if has(text, "unroutable address") {
        sink.tell(What::DataToPeer);
    } else if text.starts_with("TLS connection established") || text.starts_with("Using TLS") {
        if !sink.is_secured() {
            sink.tell(What::Secured(tls_version(text)));
        }
    } else if text.starts_with("Timeout detected") {
        let control = has(text, "(control connection)");
        sink.tell(match sink.has_begun() {
            false => What::NotConnected(DataError::TimedOut),
            true if control => What::Ended { reset: false },
            true => What::TimedOut,
        });
    } else if text.starts_with("Connection closed")
        || text.starts_with("Lost connection")
        || text.starts_with("Disconnected from server")
    {
        sink.tell(What::Ended { reset: false });
    } else if has(text, "could not connect") || has(text, "connection failed") || has(text, "can't establish") {
        let why = why(text).unwrap_or(DataError::Refused);
        sink.tell(if sink.has_begun() { What::DataFailed(why) } else { What::NotConnected(why) });
    } else if let Some(why) = why(text).filter(|_| has(text, "connection") || has(text, "connect")) {
        sink.tell(if sink.has_begun() { What::DataFailed(why) } else { What::NotConnected(why) });
    }
}
