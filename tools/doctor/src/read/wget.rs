//! wget: `--> PASV` and replies with nothing in front with `-d` and `-S`; `==> PASV ... done.` with neither, where the replies are
//! known as good or not.

use ftp_proto::DataError;

use super::dialogue::{Sink, What};
use super::words::{address, has, is_command, is_reply, why};

pub(super) fn mark(line: &str) -> u8 {
    if line.starts_with("==> ") || line.starts_with("--> ") {
        return 3;
    }
    u8::from(is_reply(line) || line.starts_with("Logging in as ") || line.starts_with("DEBUG output created by Wget"))
}

pub(super) fn read(line: &str, sink: &mut Sink) {
    if let Some(command) = line.strip_prefix("--> ") {
        sink.command(command);
    } else if is_reply(line) || (line.starts_with(' ') && sink.in_reply()) {
        sink.reply(line);
    } else if line.starts_with("==> ") {
        line.split("==> ").skip(1).take(16).for_each(|part| step(part, sink));
    } else {
        told(line, sink);
    }
}

/// `PASV ... done.`, `SIZE hello.txt ... 6`, `PASV ... couldn't connect to 192.0.2.1 port 40006: Connection refused`
fn step(part: &str, sink: &mut Sink) {
    let Some((command, how)) = part.split_once("...") else { return };
    let command = command.trim();
    // `CWD (1) /pub/` and `CWD not needed.`
    let word = command.split(' ').next().unwrap_or_default();
    let how = how.trim();
    if !is_command(word) || how.is_empty() || how.starts_with("not ") {
        return;
    }
    sink.command(word);
    if has(how, "couldn't connect") {
        sink.tell(What::Answered(true));
        told(how, sink);
    } else if is_reply(how) {
        sink.reply(how);
    } else {
        sink.tell(What::Answered(how.starts_with("done") || how.as_bytes().first().is_some_and(u8::is_ascii_digit)));
    }
}

fn told(line: &str, sink: &mut Sink) {
    if line.starts_with("Connecting to ") {
        if sink.has_begun() {
            sink.tell(What::Ended { reset: false });
        }
        sink.tell(What::Dialling(address(line)));
        if has(line, "connected.") {
            sink.tell(What::Connected(address(line)));
        } else if has(line, "failed: ") {
            sink.tell(What::NotConnected(why(line).unwrap_or(DataError::Unreachable)));
        }
    } else if line.starts_with("trying to connect to ") {
        address(line).into_iter().for_each(|address| sink.tell(What::DataDialling(address)));
    } else if has(line, "couldn't connect to ") {
        address(line).into_iter().for_each(|address| sink.tell(What::DataDialling(address)));
        sink.tell(What::DataFailed(why(line).unwrap_or(DataError::Refused)));
    } else if line.starts_with("Logging in as ") && has(line, "logged in!") {
        sink.command("USER");
        sink.tell(What::Answered(true));
    } else if has(line, "error in server response, closing control connection") {
        sink.tell(What::Ended { reset: false });
    } else if has(line, "data connection: ") || has(line, "accept: ") || has(line, "read error") {
        sink.tell(What::TimedOut);
    }
}
