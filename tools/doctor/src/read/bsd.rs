//! The `ftp` of Windows, of BSD (tnftp) and of GNU (inetutils): `---> PASV` with `-d`, replies with nothing in front, `ftp> ls` where
//! somebody has typed. Without `-d` the commands are guessed from the replies.

use ftp_proto::DataError;

use super::dialogue::{Sink, What};
use super::words::{address, has, host, is_foreign, is_reply, why};

pub(super) fn mark(line: &str) -> u8 {
    let line = line.trim_start();
    if line.starts_with("---> ") || line.starts_with("ftp> ") {
        return 2;
    }
    u8::from(
        line.starts_with("Connected to ")
            || is_reply(line)
            || line.starts_with("User (")
            || line.starts_with("Remote system type"),
    )
}

pub(super) fn read(line: &str, sink: &mut Sink) {
    // What was typed, or what was said behind the prompt.
    let line = line.trim_start_matches("ftp> ");
    if let Some(command) = line.trim_start().strip_prefix("---> ") {
        sink.command(command);
    } else if is_reply(line) {
        replied(line, sink);
    } else if is_reply(line.trim_start()) && !sink.in_reply() {
        replied(line.trim_start(), sink);
    } else if sink.in_reply() {
        sink.reply(line);
    } else {
        told(line.trim_start(), sink);
    }
}

fn replied(line: &str, sink: &mut Sink) {
    // tnftp shows the reply to EPSV twice.
    if line.starts_with("229 ")
        && matches!(sink.told().last().map(|event| &event.what), Some(What::Reply(last)) if last == line)
    {
        return;
    }
    // The client's own word for a connection that has ended.
    if line.starts_with("421 Service not available, ") {
        sink.tell(What::Ended { reset: false });
        return;
    }
    // `500 OOPS: 421 Service not available, …`: two lines in one.
    match line.find("421 Service not available, ") {
        Some(at) => {
            sink.reply(&line[..at]);
            sink.tell(What::Ended { reset: false });
        }
        None => sink.reply(line),
    }
}

fn told(line: &str, sink: &mut Sink) {
    // `ftp: connect: Connection refused`, `ftp: connect to address 192.0.2.1: Connection timed out`, `> ftp: connect :Unknown error number`
    let line = line.trim_start_matches("> ");
    if !sink.has_begun() && is_foreign(line) {
        sink.reply(line);
    } else if line.starts_with("Connected to ") {
        if !sink.told().is_empty() {
            sink.tell(What::Dialling(None));
        }
        sink.tell(What::Connected(host(line).map(|host| (host, 21).into())));
    } else if line.starts_with("Trying ") {
        if !sink.has_begun() {
            sink.tell(What::Dialling(address(line).or_else(|| host(line).map(|host| (host, 21).into()))));
        }
    } else if has(line, "connect")
        && (line.starts_with("ftp: ") || line.starts_with("tnftp: ") || line.starts_with("inetutils-ftp: "))
    {
        let why = why(line);
        match (sink.has_begun(), why) {
            (true, Some(why)) => sink.tell(What::DataFailed(why)),
            (false, why) => sink.tell(What::NotConnected(why.unwrap_or(DataError::Unreachable))),
            (true, None) => {}
        }
    } else if line.starts_with("Can't connect to ") || line.starts_with("Can’t connect to ") {
        let why = why(line).unwrap_or(DataError::Refused);
        address(line)
            .filter(|_| sink.has_begun())
            .into_iter()
            .for_each(|address| sink.tell(What::DataDialling(address)));
        sink.tell(if sink.has_begun() { What::DataFailed(why) } else { What::NotConnected(why) });
    } else if line.starts_with("Passive mode address mismatch") {
        // It dials nobody then.
        sink.tell(What::DataFailed(DataError::Unreachable));
    } else if has(line, "connection closed by remote host") || has(line, "connection reset by peer") {
        sink.tell(What::Ended { reset: has(line, "reset") });
    } else if has(line, "receive aborted") || has(line, "accept: ") {
        sink.tell(What::TimedOut);
    }
}
