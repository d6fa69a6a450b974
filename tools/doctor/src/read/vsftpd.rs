//! vsftpd with `log_ftp_protocol=YES`: `[pid 2] [user] FTP command: Client "192.0.2.1", "PASV"` and `FTP response: …`. After a login it
//! goes on under another process, so a session is known by its process, and by its client where the process is new.

use std::net::IpAddr;

use super::dialogue::{Sink, What};
use super::words::behind;

pub(super) fn mark(line: &str) -> u8 {
    if line.contains("FTP command: Client \"") || line.contains("FTP response: Client \"") {
        5
    } else {
        u8::from(line.contains("CONNECT: Client \"") || line.contains("OK LOGIN: Client \""))
    }
}

pub(super) fn read(line: &str, sink: &mut Sink) {
    let pid = behind(line, "[pid ").and_then(|rest| rest.split(']').next()).unwrap_or_default();
    if let Some(rest) = behind(line, "CONNECT: Client ") {
        let client = quoted(rest).map_or("", |(client, _)| client);
        sink.of(&who(pid, client));
        if let Some(address) = address(client) {
            sink.tell(What::Client(address));
        }
    } else if let Some((client, text)) = behind(line, "FTP command: Client ").and_then(said) {
        belongs(pid, client, sink);
        sink.command(text);
    } else if let Some((client, text)) = behind(line, "FTP response: Client ").and_then(said) {
        belongs(pid, client, sink);
        // It shows a line's carriage return so.
        sink.reply(text.trim_end_matches('?'));
    }
}

fn who(pid: &str, client: &str) -> String {
    format!("{client} (pid {pid})")
}

/// Goes to the session of this process; or else to the last one of this client's that is about to go on under another.
fn belongs(pid: &str, client: &str, sink: &mut Sink) {
    let name = who(pid, client);
    let known = sink.current_of(|dialogue| dialogue.who == name);
    if known.is_none() {
        let before = sink.current_of(|dialogue| {
            let last = dialogue.events.last().map(|event| &event.what);
            let logs_in = matches!(last, Some(What::Command(command)) if command.starts_with("PASS"));
            logs_in && dialogue.who.strip_suffix(')').is_some_and(|who| who.starts_with(client))
        });
        if let Some(before) = before {
            sink.of(&before).rename(&name);
        }
    }
    sink.of(&name);
}

/// `"192.0.2.1", "text"`
fn said(rest: &str) -> Option<(&str, &str)> {
    let (client, rest) = quoted(rest)?;
    let text = rest.strip_prefix(", \"")?;
    Some((client, text.trim_end().strip_suffix('"').unwrap_or(text)))
}

fn quoted(rest: &str) -> Option<(&str, &str)> {
    rest.strip_prefix('"')?.split_once('"')
}

/// Its port isn't told.
fn address(client: &str) -> Option<std::net::SocketAddr> {
    let host: IpAddr = client.parse().ok()?;
    Some((host, 0).into())
}
