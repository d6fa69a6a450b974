//! A dialogue without a program's own words: `C: PASV` and `S: 227 …`, `C> …` and `S> …`, `> …` and `< …`, `>>> …` and `<<< …`, or
//! commands in capitals and replies without anything in front.

use super::dialogue::Sink;
use super::words::{is_command, is_reply};

const COMMANDS: [&str; 9] = ["C:", "C>", "-->", ">>>", "->", "Client:", "CLIENT:", ">", "SEND:"];
const REPLIES: [&str; 9] = ["S:", "S>", "<--", "<<<", "<-", "Server:", "SERVER:", "<", "RECV:"];

pub(super) fn mark(line: &str) -> u8 {
    if command(line).is_some() || reply(line).is_some_and(is_reply) {
        2
    } else {
        u8::from(is_reply(line) || is_command(line.trim()))
    }
}

pub(super) fn read(line: &str, sink: &mut Sink) {
    if let Some(command) = command(line) {
        sink.command(command);
    } else if let Some(reply) = reply(line) {
        sink.begin_anew_with(reply);
        sink.reply(reply);
    } else if is_command(line.trim()) {
        sink.command(line.trim());
    } else if is_reply(line) {
        sink.reply(line);
    }
}

fn command(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let rest = COMMANDS.iter().find_map(|mark| line.strip_prefix(mark))?;
    let rest = rest.trim_start();
    is_command(&rest[..rest.find(' ').unwrap_or(rest.len())].to_ascii_uppercase()).then_some(rest)
}

/// The text of a reply's line: a blank in front of it belongs to it where it is a line in the middle.
fn reply(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let rest = REPLIES.iter().find_map(|mark| line.strip_prefix(mark))?;
    Some(rest.strip_prefix([' ', '\t']).unwrap_or(rest))
}
