//! ProFTPD, three ways: TraceLog (`<command:7>: dispatching CMD command 'PASV' to mod_core.c`, `<response:1>: 227 …`), SystemLog with
//! DebugLevel (`proftpd[9] host (client[192.0.2.1]): dispatching …`, without replies but 227), and ExtendedLog (`"PASV" 227 …`).

use std::net::{IpAddr, SocketAddr};

use ftp_proto::DataError;

use super::dialogue::{Sink, What};
use super::words::{behind, has, host, is_command, is_reply, why};

pub(super) fn mark(line: &str) -> u8 {
    if line.contains("<response:") || line.contains("<command:") {
        4
    } else if line.contains("proftpd[") || extended(line).is_some() {
        3
    } else {
        0
    }
}

/// Which command is being dispatched: it shows once for each phase and each module.
#[derive(Default)]
pub(super) struct Reader {
    /// By session: the command, until it was logged.
    dispatched: Vec<(String, String)>,
}

impl Reader {
    pub(super) fn read(&mut self, line: &str, sink: &mut Sink) {
        if let Some(at) = line.find("proftpd[") {
            let rest = &line[at + "proftpd[".len()..];
            let Some((pid, rest)) = rest.split_once(']') else { return };
            sink.of(pid);
            let text = rest
                .split_once("): ")
                .map_or_else(|| rest.split_once(": ").map_or(rest, |(_, text)| text), |(_, text)| text);
            self.told(pid, text, rest, sink);
        } else if let Some(response) = behind(line, "<response:1>: ") {
            sink.of(traced(line));
            sink.reply(response);
        } else if line.contains("<command:") {
            let text = behind(line, ">: ").unwrap_or_default();
            sink.of(traced(line));
            self.dispatching(traced(line), text, false, sink);
        } else if let Some((who, command, code, text)) = extended(line) {
            sink.of(&who);
            // Without the process, a login is all that tells one session from the next.
            if command.starts_with("USER") && sink.has_begun() {
                sink.tell(What::Dialling(None));
            }
            if !sink.has_begun()
                && let Some(client) = host(line.split('"').next().unwrap_or_default())
            {
                sink.tell(What::Client(SocketAddr::new(client, 0)));
            }
            sink.command(command);
            sink.reply(&format!("{code} {text}"));
        }
    }

    fn told(&mut self, pid: &str, text: &str, whole: &str, sink: &mut Sink) {
        if text.starts_with("dispatching ") {
            self.dispatching(pid, text, true, sink);
        } else if text.starts_with("FTP session opened") {
            let client =
                behind(whole, "[").and_then(|rest| rest.split(']').next()).and_then(|host| host.parse::<IpAddr>().ok());
            client.into_iter().for_each(|host| sink.tell(What::Client(SocketAddr::new(host, 0))));
        } else if text.starts_with("Entering Passive Mode (") {
            sink.reply(&format!("227 {text}"));
        } else if text.starts_with("Entering Extended Passive Mode (") {
            sink.reply(&format!("229 {text}"));
        } else if has(text, "data connection opened - remote") {
            sink.tell(What::DataConnected(None));
        } else if has(text, "security violation") && has(text, "passive connection from") {
            sink.tell(What::DataConnected(host(text).map(|host| (host, 0).into())));
        } else if has(text, "passive data transfer failed")
            || has(text, "active data connection") && has(text, "failed")
        {
            sink.tell(What::DataFailed(why(text).unwrap_or(DataError::TimedOut)));
        } else if text.starts_with("unable to find open port in PassivePorts range") {
            sink.tell(What::DataFailed(DataError::NoPort));
        } else if text.starts_with("FTP session closed") {
            sink.tell(What::Ended { reset: false });
        }
    }

    /// `dispatching PRE_CMD command 'PASV' to mod_core`: the first of them is the command; the last are `LOG_CMD` or `LOG_CMD_ERR`.
    fn dispatching(&mut self, who: &str, text: &str, answers: bool, sink: &mut Sink) {
        let Some((phase, rest)) = text.strip_prefix("dispatching ").and_then(|rest| rest.split_once(" command '"))
        else {
            return;
        };
        let Some((command, _)) = rest.rsplit_once('\'') else { return };
        let place = self.dispatched.iter().position(|(session, _)| session == who);
        if phase.starts_with("LOG_CMD") || phase.starts_with("POST_CMD") {
            if phase.starts_with("LOG_CMD")
                && let Some(place) = place
            {
                self.dispatched.swap_remove(place);
                // Where a reply was told, this is the end of it, not another one.
                if answers
                    && matches!(
                        sink.told().last().map(|event| &event.what),
                        Some(What::Command(_) | What::DataConnected(_))
                    )
                {
                    sink.tell(What::Answered(phase == "LOG_CMD"));
                }
            }
            return;
        }
        if self.dispatched.iter().any(|(session, dispatched)| session == who && dispatched == command) {
            return;
        }
        if let Some(place) = place {
            self.dispatched.swap_remove(place);
        }
        if self.dispatched.len() < 200 {
            self.dispatched.push((who.to_owned(), command.to_owned()));
        }
        sink.command(command);
    }
}

/// The process in `2026-11-28 15:55:35,693 [191] <response:1>: …`, whose time is gone.
fn traced(line: &str) -> &str {
    line.strip_prefix('[').and_then(|rest| rest.split(']').next()).unwrap_or_default()
}

/// `192.0.2.1 [191] "PASV" 227 "Entering …"`, or as it is by default: `host ident user [time] "PASV" 227 -`. Who, what, code and text.
fn extended(line: &str) -> Option<(String, &str, &str, &str)> {
    let (before, rest) = line.split_once('"')?;
    let (command, rest) = rest.split_once("\" ")?;
    let word = command.split(' ').next()?;
    if !is_command(word) {
        return None;
    }
    let code = rest.get(..3).filter(|_| is_reply(rest))?;
    let text = rest[3..].trim().trim_matches('"');
    let text = if text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') { "" } else { text };
    // A number in brackets is the process; the time, which is in brackets too, is none.
    let numbers = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let process = before.split(['[', ']']).skip(1).step_by(2).find(numbers);
    let who = process.unwrap_or_else(|| before.split_ascii_whitespace().next().unwrap_or_default());
    Some((who.to_owned(), command, code, text))
}
