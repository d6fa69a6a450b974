//! A reader of logs: one line for each transfer that a dialogue has.

use std::fmt::Write as _;

use ftp_proto::tracker::{Event, Peer};

use crate::{LOGIN, feed, tracker};

/// `USER VERB PATH OFFSET SIZE CODE`, `-` for what wasn't seen.
fn transfers(lines: &[&[u8]]) -> Vec<String> {
    let lines: Vec<&[u8]> = LOGIN.iter().copied().chain(lines.iter().copied()).collect();
    let whole = read(&lines, usize::MAX);
    for piece in [1, 2, 3, 7] {
        assert_eq!(read(&lines, piece), whole, "in pieces of {piece}");
    }
    whole
}

fn read(lines: &[&[u8]], piece: usize) -> Vec<String> {
    let (mut tracker, mut user, mut told) = (tracker(), String::from("-"), Vec::new());
    feed(&mut tracker, lines, piece, |event| match event {
        Event::LoggedIn { user: Some(name) } => user = String::from_utf8_lossy(name).into(),
        Event::Ended(purpose, code) => {
            let mut line = format!("{user} {}", purpose.verb.map_or("?", |verb| verb.word()));
            let path = purpose.path.map_or("-".into(), String::from_utf8_lossy);
            let way = if purpose.sender == Some(Peer::Client) { '>' } else { '<' };
            let number = |value: Option<u64>| value.map_or("-".into(), |value| value.to_string());
            let code = code.map_or("-".into(), |code| code.to_string());
            write!(line, " {way} {path} {} {} {code}", number(purpose.offset), number(purpose.size)).unwrap();
            told.push(line);
        }
        _ => {}
    });
    told
}

#[test]
fn a_plain_session() {
    let lines: &[&[u8]] = &[
        b"C: TYPE I",
        b"S: 200 ok",
        b"C: PASV",
        b"S: 227 Entering Passive Mode (192,0,2,2,18,103).",
        b"C: RETR pub/a file",
        b"S: 150 Opening BINARY mode data connection for pub/a file (1234 bytes).",
        b"S: 226 Transfer complete.",
        b"C: EPSV",
        b"S: 229 Entering Extended Passive Mode (|||4712|)",
        b"C: REST 100",
        b"S: 350 Restarting at 100.",
        b"C: STOR up",
        b"S: 150 ok",
        b"S: 226 done",
        b"C: PORT 192,0,2,1,18,103",
        b"S: 200 ok",
        b"C: LIST",
        b"S: 150 here",
        b"S: 226 done",
        b"C: RETR gone",
        b"S: 550 no such file",
        b"C: QUIT",
        b"S: 221 bye",
    ];
    assert_eq!(
        transfers(lines),
        [
            "anna RETR < pub/a file 0 1234 226",
            "anna STOR > up 100 - 226",
            "anna LIST < - 0 - 226",
            "anna RETR < gone 0 - 550",
        ]
    );
}

/// HOST comes before USER, REIN begins anew, and USER may come again.
#[test]
fn whoever_is_logged_in_is_named() {
    let transfer: [&[u8]; 5] =
        [b"C: EPSV", b"S: 229 Entering Extended Passive Mode (|||4712|)", b"C: NLST", b"S: 150 here", b"S: 226 done"];
    let mut lines: Vec<&[u8]> = Vec::new();
    lines.extend(transfer);
    lines.extend::<[&[u8]; 8]>([
        b"C: REIN",
        b"S: 220 ready again",
        b"C: HOST ftp.example.com",
        b"S: 220 this is it",
        b"C: USER bert",
        b"S: 331 password",
        b"C: PASS other",
        b"S: 230 in",
    ]);
    lines.extend(transfer);
    lines.extend::<[&[u8]; 2]>([b"C: USER carl", b"S: 230 no password needed"]);
    lines.extend(transfer);
    assert_eq!(transfers(&lines), ["anna NLST < - 0 - 226", "bert NLST < - 0 - 226", "carl NLST < - 0 - 226"]);
}

/// All that a client may say at once: the order decides.
#[test]
fn a_client_that_says_all_at_once() {
    let lines: &[&[u8]] = &[
        b"C: CWD pub",
        b"C: TYPE I",
        b"C: PASV",
        b"C: RETR a",
        b"C: PASV",
        b"C: RETR b",
        b"S: 250 ok",
        b"S: 200 ok",
        b"S: 227 Entering Passive Mode (192,0,2,2,18,103).",
        b"S: 150 for a (1 bytes)",
        b"S: 226 done",
        b"S: 227 Entering Passive Mode (192,0,2,2,18,104).",
        b"S: 550 no b",
    ];
    assert_eq!(transfers(lines), ["anna RETR < a 0 1 226", "anna RETR < b 0 - 550"]);
}

/// With Telnet's Synch before it, as RFC 959 4.1.3 wants it, and both ways to answer.
#[test]
fn an_abort() {
    let begun: [&[u8]; 4] =
        [b"C: EPSV", b"S: 229 Entering Extended Passive Mode (|||4712|)", b"C: RETR big", b"S: 150 here (9 bytes)"];
    for (rest, code) in [
        (&[b"C: \xff\xf4\xff\xf2ABOR" as &[u8], b"S: 426 aborted", b"S: 226 abort done"][..], "426"),
        (&[b"C: \xff\xf4\xff\xf2ABOR", b"S: 226 the transfer was complete", b"S: 226 nothing to abort"], "226"),
        (&[b"C: ABOR", b"S: 426 aborted", b"S: 225 abort done", b"C: NOOP", b"S: 200 ok"], "426"),
        (&[b"C: STAT", b"S: 211 3 of 9 bytes", b"S: 226 done"], "226"),
    ] {
        let lines: Vec<&[u8]> = begun.iter().chain(rest).copied().collect();
        assert_eq!(transfers(&lines), [format!("anna RETR < big 0 9 {code}")], "{rest:?}");
    }
}

/// The end of a file is in the data: the connection stays for the next one.
#[test]
fn two_files_over_one_connection() {
    let lines: &[&[u8]] = &[
        b"C: MODE B",
        b"S: 200 ok",
        b"C: PASV",
        b"S: 227 Entering Passive Mode (192,0,2,2,18,103).",
        b"C: STOR a",
        b"S: 150 ok",
        b"S: 250 a is there",
        b"C: STOR b",
        b"S: 125 already open",
        b"S: 226 and closed",
    ];
    assert_eq!(transfers(lines), ["anna STOR > a 0 - 250", "anna STOR > b 0 - 226"]);
}

#[test]
fn ends_of_sessions() {
    let begun: [&[u8]; 4] =
        [b"C: EPSV", b"S: 229 Entering Extended Passive Mode (|||4712|)", b"C: STOR up", b"S: 150 here"];
    for (rest, code) in [
        // QUIT while data is under way: the server waits for its end (RFC 959 4.1.1).
        (&[b"C: QUIT" as &[u8], b"S: 226 done", b"S: 221 bye"][..], "226"),
        (&[b"S: 421 shutting down"], "421"),
        (&[b"C: NOOP", b"S: 421 shutting down"], "421"),
    ] {
        let lines: Vec<&[u8]> = begun.iter().chain(rest).copied().collect();
        assert_eq!(transfers(&lines), [format!("anna STOR > up 0 - {code}")], "{rest:?}");
    }
}

/// No transfer goes unlogged because others wait before it; only the names of what waits far behind aren't kept.
#[test]
fn twenty_transfers_at_once() {
    let (commands, replies): (Vec<[String; 2]>, Vec<[String; 3]>) = (0..20)
        .map(|file| {
            let replies = [format!("S: 227 ok (192,0,2,2,20,{file})"), "S: 150 ok".into(), "S: 226 done".into()];
            (["C: PASV".into(), format!("C: RETR {file}")], replies)
        })
        .unzip();
    let lines = commands.concat().into_iter().chain(replies.concat()).collect::<Vec<_>>();
    let told = transfers(&lines.iter().map(|line| line.as_bytes()).collect::<Vec<_>>());
    let expected = (0..20).map(|file| {
        let path = if file < 8 { file.to_string() } else { "-".into() };
        format!("anna RETR < {path} 0 - 226")
    });
    assert_eq!(told, expected.collect::<Vec<_>>());
}
