//! Python's ftplib with `set_debuglevel(1)` or 2: `*cmd* 'PASV'`, `*resp* '227 …'`, and the traceback behind. Level 2 shows each line
//! twice, as `*put*` and `*get*`, which are left aside.

use super::dialogue::{Sink, What};
use super::words::{has, why};

pub(super) fn mark(line: &str) -> u8 {
    let line = line.trim_start();
    if line.starts_with("*cmd* ")
        || line.starts_with("*resp* ")
        || line.starts_with("*get* ")
        || line.starts_with("*put* ")
    {
        4
    } else {
        0
    }
}

pub(super) fn read(line: &str, sink: &mut Sink) {
    let line = line.trim_start();
    if let Some(command) = line.strip_prefix("*cmd* ") {
        if let Some(command) = literal(command) {
            sink.command(&command);
        }
    } else if let Some(reply) = line.strip_prefix("*resp* ") {
        if let Some(reply) = literal(reply) {
            reply.split('\n').for_each(|line| sink.reply(line));
        }
    } else if line.starts_with("*welcome* ") || line.starts_with("*get* ") || line.starts_with("*put* ") {
    } else if has(line, "error: ")
        || line.starts_with("TimeoutError")
        || line.starts_with("socket.timeout")
        || line.starts_with("EOFError")
    {
        failed(line, sink);
    }
}

/// The exception at the end of a traceback: of the data connection, if the last thing said was about one.
fn failed(line: &str, sink: &mut Sink) {
    if line.starts_with("ftplib.error") {
        return;
    }
    if line.starts_with("EOFError") || line.starts_with("ConnectionResetError") {
        sink.tell(What::Ended { reset: line.starts_with("ConnectionReset") });
        return;
    }
    let setting_up = sink.told().iter().rev().take(200).find_map(|event| match &event.what {
        What::Command(command) => Some(["PASV", "EPSV"].contains(&command.as_str())),
        _ => None,
    });
    match (setting_up, why(line)) {
        (None, Some(why)) => sink.tell(What::NotConnected(why)),
        (Some(true), Some(why)) => sink.tell(What::DataFailed(why)),
        (Some(false), Some(_)) => sink.tell(What::TimedOut),
        (_, None) => {}
    }
}

/// A string as Python shows it.
fn literal(text: &str) -> Option<String> {
    let text = text.trim_end();
    let quote = text.chars().next().filter(|quote| matches!(quote, '\'' | '"'))?;
    let inner = text[1..].strip_suffix(quote).unwrap_or(&text[1..]);
    let mut out = String::with_capacity(inner.len());
    let mut characters = inner.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            out.push(character);
            continue;
        }
        match characters.next() {
            Some('n') => out.push('\n'),
            Some('r') => {}
            Some('t') => out.push('\t'),
            Some('x') => {
                let digits: String = characters.by_ref().take(2).collect();
                out.push(u8::from_str_radix(&digits, 16).map_or(char::REPLACEMENT_CHARACTER, char::from));
            }
            Some(other) => out.push(other),
            None => {}
        }
    }
    Some(out)
}
