//! The observer of recorded dialogues between real programs, and of a few that no real program had.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use ftp_proto::{Command, Verb};

use crate::dialogue::{self, Dialogue, Who};
use crate::observer::{Observer, Seen};

const SERVER: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// What is seen if both speak in this order, in pieces of so many bytes.
fn watch(dialogue: &Dialogue, piece: usize) -> Vec<Seen> {
    let mut observer = Observer::new(SERVER);
    let mut seen = Vec::new();
    for line in &dialogue.lines {
        for piece in line.wire.chunks(piece) {
            seen.extend(match line.who {
                Who::Client => observer.client_said(piece),
                Who::Server => observer.server_said(piece).unwrap(),
            });
        }
    }
    seen
}

/// `C: ` and `S: ` lines.
fn watch_lines(lines: &[&str]) -> Vec<Seen> {
    let mut observer = Observer::new(SERVER);
    let mut seen = Vec::new();
    for line in lines {
        let wire = format!("{}\r\n", &line[3..]);
        seen.extend(match &line[..3] {
            "C: " => observer.client_said(wire.as_bytes()),
            _ => observer.server_said(wire.as_bytes()).unwrap(),
        });
    }
    seen
}

fn exchange(command: &str, code: u16) -> Seen {
    Seen::Exchange(command.into(), code)
}

/// The expectation is made without the crate: first come, first served, but for what the files are known for.
#[test]
fn every_final_reply_of_real_programs_is_told_with_its_command() {
    let (mut told, mut secrets) = (0, 0);
    for dialogue in dialogue::all().iter().filter(|dialogue| dialogue.file.starts_with("clients/")) {
        let mut expected: Vec<_> = dialogue
            .exchanges()
            .into_iter()
            .filter_map(|exchange| {
                let last = exchange.last?;
                let shown = match (exchange.at, Command::parse(&exchange.line)) {
                    (0, _) => "(connects)".into(),
                    (_, Ok(command)) => command.to_string(),
                    (_, Err(_)) => format!("{}?", Verb::of_line(&exchange.line)),
                };
                Some((last.at, Seen::Exchange(shown, last.code)))
            })
            .collect();
        expected.sort_by_key(|(at, _)| *at);
        let expected: Vec<_> = expected.into_iter().map(|(_, seen)| seen).collect();
        for piece in [1, 7, 4096] {
            let seen = watch(dialogue, piece);
            assert!(!seen.contains(&Seen::Blind), "{}", dialogue.file);
            // Whether a client doubles 0xFF (RFC 854) can't be seen: the observer shows what it said.
            let once = |shown: &String| shown.replace(r"\xff\xff", r"\xff");
            let exchanges = seen.iter().filter_map(|seen| match seen {
                Seen::Exchange(command, code) => Some(Seen::Exchange(once(command), *code)),
                _ => None,
            });
            let exchanges: Vec<_> = exchanges.collect();
            assert_eq!(exchanges, expected, "{}", dialogue.file);
            told += exchanges.len();
            secrets += format!("{seen:?}").matches("s3cret").count();
        }
    }
    assert!(told > 3 * 1000, "{told}");
    assert_eq!(secrets, 0);
}

#[test]
fn the_data_connections_are_told() {
    let at = |port| SocketAddr::new(SERVER, port);
    let seen = watch_lines(&[
        "S: 220 ready",
        "C: USER a",
        "S: 230 in",
        "C: PASV",
        "S: 227 Entering Passive Mode (127,0,0,1,156,249).",
        "C: EPSV",
        "S: 229 Extended (|||4711|)",
        "C: PORT 127,0,0,1,1,2",
        "S: 200 ok",
        "C: EPRT |1|127.0.0.1|53751|",
        "S: 200 ok",
        "C: PORT 127,0,0,1,9,9",
        "S: 500 no",
    ]);
    let seen: Vec<_> = seen.into_iter().filter(|seen| !matches!(seen, Seen::Exchange(..))).collect();
    let expected = [
        Seen::ServerListens(at(40185)),
        Seen::ServerListens(at(4711)),
        Seen::ClientListens(at(258)),
        Seen::ClientListens(at(53751)),
    ];
    assert_eq!(seen, expected);
}

#[test]
fn replies_amid_a_transfer_and_behind_an_abort_find_their_commands() {
    let seen = watch_lines(&[
        "S: 220 ready",
        "C: USER a",
        "S: 230 in",
        "C: PASV",
        "S: 227 (127,0,0,1,1,1)",
        "C: RETR f",
        "C: NOOP",
        "S: 150 here",
        "S: 200 noop",
        "C: ABOR",
        "S: 426 cut",
        "S: 226 aborted",
        "C: PASS secret",
        "C: TYPE X",
        "S: 230 already",
        "S: 504 no",
    ]);
    let exchanges: Vec<_> = seen.into_iter().filter(|seen| matches!(seen, Seen::Exchange(..))).skip(3).collect();
    let expected = [("NOOP", 200), ("RETR f", 426), ("ABOR", 226), ("PASS ****", 230), ("TYPE?", 504)]
        .map(|(c, r)| exchange(c, r));
    assert_eq!(exchanges, expected);
}

#[test]
fn an_odd_code_is_an_answer_once_the_client_goes_on() {
    let dialogue = ["S: 220 ready", "C: TYPE I", "S: 226 Type set", "C: NOOP", "S: 200 ok"];
    let expected = [exchange("(connects)", 220), Seen::Unasked(226), exchange("TYPE I", 226), exchange("NOOP", 200)];
    assert_eq!(watch_lines(&dialogue), expected);
    // The fitting reply came behind it: it answered nothing.
    let dialogue = ["S: 220 ready", "C: TYPE I", "S: 226 late", "S: 200 ok", "C: NOOP", "S: 200 ok"];
    let expected = [exchange("(connects)", 220), Seen::Unasked(226), exchange("TYPE I", 200), exchange("NOOP", 200)];
    assert_eq!(watch_lines(&dialogue), expected);
}

#[test]
fn it_is_blind_once_tls_begins() {
    let mut observer = Observer::new(SERVER);
    observer.server_said(b"220 ready\r\n").unwrap();
    observer.client_said(b"AUTH TLS\r\n");
    let seen = observer.server_said(b"234 go\r\n\x16\x03\x01\xff\r\n").unwrap();
    assert_eq!(seen, [exchange("AUTH TLS", 234), Seen::Blind]);
    assert!(observer.client_said(b"\x16\x03\x01\x02\x00\r\nUSER a\r\n").is_empty());
    assert!(observer.server_said(b"220 x\r\n").unwrap().is_empty());
}
