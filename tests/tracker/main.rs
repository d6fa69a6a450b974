//! The tracker: what it tells of sessions that pass by, and what it never expects.

mod blind;
mod evidence;
mod expected;
mod gaps;
mod odd;
mod outside;
mod pipelined;
mod refused;
mod rewrite;
mod security;
mod seldom;
mod told;

use std::net::SocketAddr;
use std::sync::Arc;

use ftp_proto::tracker::{Event, Peer, Purpose, Rules, Tracker};

pub const CLIENT: &str = "192.0.2.1:40000";
pub const SERVER: &str = "192.0.2.2:21";

pub fn at(address: &str) -> SocketAddr {
    address.parse().unwrap()
}

pub fn tracker() -> Tracker {
    with(Rules::default())
}

pub fn with(rules: Rules) -> Tracker {
    Tracker::new(Arc::new(rules), at(CLIENT), at(SERVER))
}

/// A tracker that comes late.
pub fn joined() -> Tracker {
    Tracker::joined(Arc::default(), at(CLIENT), at(SERVER))
}

/// A tracker that has seen the login.
pub fn logged_in() -> Tracker {
    logged_in_with(Rules::default())
}

pub fn logged_in_with(rules: Rules) -> Tracker {
    let mut tracker = with(rules);
    say(&mut tracker, &["S: 220 ready", "C: USER anna", "S: 331 password", "C: PASS secret", "S: 230 in"]);
    tracker
}

/// What is told of `C: ` and `S: ` lines.
pub fn say(tracker: &mut Tracker, lines: &[&str]) -> Vec<String> {
    lines.iter().flat_map(|line| bytes(tracker, side(line), format!("{}\r\n", &line[3..]).as_bytes())).collect()
}

pub fn side(line: &str) -> Peer {
    match &line[..3] {
        "C: " => Peer::Client,
        "S: " => Peer::Server,
        _ => panic!("{line}"),
    }
}

/// What is told of bytes.
pub fn bytes(tracker: &mut Tracker, from: Peer, bytes: &[u8]) -> Vec<String> {
    tracker.received(from, bytes);
    rest(tracker)
}

pub fn rest(tracker: &mut Tracker) -> Vec<String> {
    let mut told = Vec::new();
    while let Some(event) = tracker.poll() {
        told.push(shown(&event));
    }
    told
}

/// Whether something was told that begins so.
pub fn has(told: &[String], what: &str) -> bool {
    told.iter().any(|told| told.starts_with(what))
}

/// The same, but for lines and what they answer.
pub fn say_data(tracker: &mut Tracker, lines: &[&str]) -> Vec<String> {
    let mut told = say(tracker, lines);
    told.retain(|told| !told.starts_with("< ") && !told.starts_with("> "));
    told
}

/// An event in words, short enough to be read in a test.
pub fn shown(event: &Event<'_>) -> String {
    match event {
        Event::Command { verb, command: Some(_), .. } => format!("> {verb}"),
        Event::Command { verb, command: None, .. } => format!("> {verb}?"),
        Event::Reply { awaited: Some(awaited), reply, .. } => {
            format!("< {} {}", awaited.verb().map_or("greeting", |verb| verb.word()), reply.code())
        }
        Event::Reply { reply, .. } => format!("< ? {}", reply.code()),
        Event::Answered { code, .. } => format!("answered {code}"),
        Event::Noise(line) => format!("noise {}", line.escape_ascii()),
        Event::Expect(expected) => format!(
            "expect {:?} {} to {}{}{}",
            expected.dials,
            expected.from,
            expected.to,
            expected.purpose.map_or(String::new(), |purpose| format!(" for {}", verb(&purpose))),
            match expected.protected {
                Some(true) => " protected",
                Some(false) => "",
                None => " protected?",
            }
        ),
        Event::Assigned(expected) => {
            let purpose = expected.purpose.expect("that is what it tells");
            format!("assigned {} to {}", expected.to, used(&purpose))
        }
        Event::Withdrawn(expected, why) => format!("withdrawn {} {why:?}", expected.to),
        Event::Refused { to, why, .. } => format!("refused {to} {why:?}"),
        Event::Begun(purpose) => format!("begun {}", used(purpose)),
        Event::Ended(purpose, code) => {
            format!("ended {} {}", used(purpose), code.map_or("?".into(), |code| code.to_string()))
        }
        Event::LoggedIn { user } => format!("logged in {}", user.unwrap_or(b"?").escape_ascii()),
        Event::Blind => "blind".into(),
        Event::Sight => "sight".into(),
        Event::Lost(why) => format!("lost {why:?}"),
        Event::Found => "found".into(),
        other => format!("{other:?}"),
    }
}

fn verb<'a>(purpose: &Purpose<'a>) -> &'a str {
    purpose.verb.map_or("?", |verb| verb.word())
}

fn used(purpose: &Purpose<'_>) -> String {
    let path = purpose.path.map_or(String::new(), |path| format!(" {}", path.escape_ascii()));
    let size = purpose.size.map_or(String::new(), |size| format!(" of {size} bytes"));
    let offset = match purpose.offset {
        Some(0) => String::new(),
        Some(offset) => format!(" from {offset}"),
        None => " from ?".into(),
    };
    let sender = purpose.sender.map_or("?".into(), |sender| format!("{sender:?}"));
    format!("{}{path}{offset}{size} by {sender}", verb(purpose))
}
