//! What attackers try on those in between, and what may be expected all the same.

use std::fmt::Write as _;
use std::sync::Arc;

use ftp_proto::tracker::{Event, Peer, Rules, Tracker};

use crate::{CLIENT, LOGIN, SERVER, at, feed};

/// What is opened, closed and refused: `+ADDRESS`, `-ADDRESS`, `!WHY`.
fn doors(lines: &[&[u8]]) -> String {
    let whole = watched(lines, usize::MAX);
    for piece in [1, 2, 5, 11] {
        assert_eq!(watched(lines, piece), whole, "in pieces of {piece}");
    }
    whole
}

fn watched(lines: &[&[u8]], piece: usize) -> String {
    let mut tracker = Tracker::new(Arc::new(Rules::default()), at(CLIENT), at(SERVER));
    let mut told = String::new();
    feed(&mut tracker, lines, piece, |event| match event {
        Event::Expect(expected) => {
            assert_eq!(expected.from, at(if expected.dials == Peer::Client { CLIENT } else { SERVER }).ip());
            write!(told, "+{} ", expected.to).unwrap();
        }
        Event::Withdrawn(expected, why) => write!(told, "-{} {why:?} ", expected.to).unwrap(),
        Event::Refused { why, .. } => write!(told, "!{why:?} ").unwrap(),
        Event::Blind => told.push_str("blind "),
        Event::Sight => told.push_str("sight "),
        _ => {}
    });
    told.trim_end().into()
}

/// The same behind a login.
fn inside(lines: &[&[u8]]) -> String {
    doors(&LOGIN.iter().chain(lines).copied().collect::<Vec<_>>())
}

const PORT: &str = "+192.0.2.1:4711";
const PASV: &str = "+192.0.2.2:4711";

#[test]
fn what_is_a_port_and_what_only_looks_like_one() {
    for (line, expected) in [
        (&b"PORT 192,0,2,1,18,103"[..], PORT),
        (b"port 192,0,2,1,18,103", PORT),
        (b"EPRT |1|192.0.2.1|4711|", PORT),
        (b"EPRT !1!192.0.2.1!4711!", PORT),
        (b"LPRT 4,4,192,0,2,1,2,18,103", PORT),
        // Telnet before the argument is undone; in it, it is none.
        (b"\xff\xf1PORT 192,0,2,1,18,103", PORT),
        (b"PORT 192,0,2\xff\xf1,1,18,103", ""),
        (b"PORT 192,0,2,1,18,103 ", PORT),
        (b"PORT 192,0,2,1,18,103,1", ""),
        (b"PORT 192,0,2,1,18,103 and more", ""),
        (b"PORT 192,0,2,1,18", ""),
        (b"PORT 192,0,2,1,274,103", ""),
        (b"PORT 192,0,2,1,18,103\0", ""),
        (b"PO\0RT 192,0,2,1,18,103", ""),
        (b"PORT\t192,0,2,1,18,103", ""),
        (b"NOOP\rPORT 192,0,2,1,18,103", ""),
        (b"PORT 192,0,2,1,18,103\rx", ""),
        (b"RETR PORT 192,0,2,1,18,103", ""),
        (b"SITE PORT 192,0,2,1,18,103", ""),
        (b"USER PORT 192,0,2,1,18,103", ""),
        (b"XPORT 192,0,2,1,18,103", ""),
        (b"EPRT |2|192.0.2.1|4711|", ""),
        (b"EPRT |1|192.0.2.1|4711", ""),
        (b"EPRT |1|192.0.2.1|70000|", ""),
        (b"EPRT |1||4711|", ""),
        (b"PORT 192,0,2,1,3,255", "!LowPort"),
        (b"PORT 192,0,2,1,0,21", "!LowPort"),
        (b"PORT 192,0,2,2,18,103", "!Stranger"),
        (b"PORT 203,0,113,9,18,103", "!Stranger"),
        (b"PORT 127,0,0,1,18,103", "!Stranger"),
        (b"PORT 0,0,0,0,18,103", "!Stranger"),
        (b"EPRT |2|2001:db8::1|4711|", "!Stranger"),
        (b"EPRT |1|203.0.113.9|4711|", "!Stranger"),
    ] {
        assert_eq!(inside(&[&[b"C: ", line].concat()]), expected, "{}", line.escape_ascii());
    }
}

/// A reply to PASV, and what isn't one.
#[test]
fn what_is_a_227_and_what_only_looks_like_one() {
    for (reply, expected) in [
        (&[b"S: 227 Entering Passive Mode (192,0,2,2,18,103)." as &[u8]][..], PASV),
        (&[b"S: 227 =192,0,2,2,18,103"], PASV),
        (&[b"S: 227-Entering", b"S: 227 Passive Mode (192,0,2,2,18,103)"], PASV),
        (&[b"S: 227 Entering Passive Mode (203,0,113,9,18,103)."], "!Stranger"),
        (&[b"S: 227 Entering Passive Mode (192,0,2,1,18,103)."], "!Stranger"),
        (&[b"S: 227 Entering Passive Mode (192,0,2,2,0,22)."], "!LowPort"),
        (&[b"S: 227 Entering Passive Mode (192,0,2,2,18,\x00103)."], ""),
        (&[b"S: 227 Entering Passive Mode"], ""),
        (&[b"S: 2270 Entering Passive Mode (192,0,2,2,18,103)."], ""),
        (&[b"S: 200 227 Entering Passive Mode (192,0,2,2,18,103)."], ""),
        (&[b"S: 550 227 Entering Passive Mode (192,0,2,2,18,103)."], ""),
        (&[b"S: 500-no", b"S: 227 Entering Passive Mode (192,0,2,2,18,103).", b"S: 500 end"], ""),
        (&[b"S: 227 Entering Passive Mode (192,0,2,2,18,103\xe2\x80\xa6"], ""),
    ] {
        let lines: Vec<&[u8]> = [b"C: PASV" as &[u8]].iter().chain(reply).copied().collect();
        assert_eq!(inside(&lines), expected, "{:?}", String::from_utf8_lossy(&reply.concat()));
    }
}

/// Amid what answers something else it opens nothing.
#[test]
fn a_227_where_none_was_asked_for() {
    const LOOKS: &[u8] = b"S: 227 Entering Passive Mode (192,0,2,2,18,103).";
    for lines in [
        &[LOOKS][..],
        &[
            b"C: RETR 227 Entering Passive Mode (192,0,2,2,18,103)",
            b"S: 550 227 Entering Passive Mode (192,0,2,2,18,103): no such file",
        ],
        &[b"C: NOOP", LOOKS],
        &[
            b"C: STAT .",
            b"S: 213-status",
            LOOKS,
            b"S: 227 Entering Passive Mode (192,0,2,2,18,104).",
            b"S: PORT 192,0,2,1,18,103",
            b"S: 213 end",
        ],
        &[b"C: STAT .", b"S: 213-status", b"S: 213-227 Entering Passive Mode (192,0,2,2,18,103).", b"S: 213 end"],
        &[b"C: PWD", b"S: 257 \"227 Entering Passive Mode (192,0,2,2,18,103)\""],
        &[b"C: RETR a", b"S: 150 227 Entering Passive Mode (192,0,2,2,18,103)"],
        &[b"C: HELP", b"S: 214-help", LOOKS, b"S: 214 end"],
        &[b"C: SIZE a", b"S: 213 227", LOOKS],
    ] {
        assert_eq!(inside(lines), "", "{:?}", String::from_utf8_lossy(&lines.concat()));
    }
    let greeting: &[&[u8]] = &[b"S: 220-hello", LOOKS, b"S: 220 ready", b"C: USER anna", b"S: 230 in"];
    assert_eq!(doors(greeting), "");
}

/// What a client says before the login, amid AUTH, or after EPSV ALL.
#[test]
fn a_port_at_the_wrong_time() {
    const PORT_LINE: &[u8] = b"C: PORT 192,0,2,1,18,103";
    let before: &[&[u8]] =
        &[b"S: 220 ready", PORT_LINE, b"S: 530 log in", b"C: USER anna", PORT_LINE, b"S: 331 password", PORT_LINE];
    assert_eq!(doors(before), "!NotLoggedIn !NotLoggedIn !NotLoggedIn");
    // A browser that was led to port 21.
    let post: &[&[u8]] = &[
        b"S: 220 ready",
        b"C: POST / HTTP/1.1",
        b"C: Host: 192.0.2.2:21",
        b"C: ",
        PORT_LINE,
        b"S: 500 what?",
        b"S: 500 what?",
        b"S: 500 what?",
        b"S: 530 log in",
    ];
    assert_eq!(doors(post), "!NotLoggedIn");
    // By a page whose server is in league with it: what is posted logs in, too.
    let slipped: &[&[u8]] =
        &[b"S: 220 ready", b"C: POST / HTTP/1.1", b"S: 500 what?", b"C: USER a", b"S: 230 in", PORT_LINE];
    assert_eq!(doors(slipped), "!OtherProtocol");
    // Behind a login these are words like others.
    assert_eq!(inside(&[b"C: MAIL anna", b"S: 502 no", PORT_LINE]), PORT);
    assert_eq!(inside(&[b"C: AUTH TLS", PORT_LINE]), "!AmidAuth");
    assert_eq!(inside(&[b"C: AUTH TLS", PORT_LINE, b"S: 234 go on", b"S: 200 ok", PORT_LINE]), "!AmidAuth blind");
    assert_eq!(inside(&[b"C: AUTH TLS", b"S: 534 no", PORT_LINE]), PORT);
    assert_eq!(inside(&[b"C: REIN", b"S: 220 ready", PORT_LINE]), "!NotLoggedIn");
    assert_eq!(inside(&[b"C: USER bert", b"S: 331 password", PORT_LINE]), "!NotLoggedIn");
    assert_eq!(inside(&[b"C: USER bert", b"S: 331 password", b"C: PASS x", b"S: 530 no", PORT_LINE]), "!NotLoggedIn");
    let all: &[&[u8]] = &[
        b"C: EPSV ALL",
        b"S: 200 ok",
        PORT_LINE,
        b"S: 501 no",
        b"C: EPRT |1|192.0.2.1|4711|",
        b"S: 501 no",
        b"C: PASV",
        b"S: 227 Entering Passive Mode (192,0,2,2,18,103).",
        b"C: EPSV",
        b"S: 229 Entering Extended Passive Mode (|||4711|)",
    ];
    assert_eq!(inside(all), format!("!EpsvAll !EpsvAll !EpsvAll {PASV}"));
}

#[test]
fn lines_that_are_too_long() {
    let long = [b"C: ", &[b'x'; 5000][..], b" PORT 192,0,2,1,18,103"].concat();
    let long_port = [b"C: PORT 192,0,2,1,18,103", &[b' '; 5000][..]].concat();
    for long in [&long, &long_port] {
        assert_eq!(inside(&[long]), "");
        assert_eq!(inside(&[long, b"S: 500 too long", b"C: PORT 192,0,2,1,18,103", b"S: 200 ok"]), PORT);
        // Also where the server says nothing to it.
        assert_eq!(inside(&[long, b"C: PORT 192,0,2,1,18,103", b"S: 200 ok"]), PORT);
    }
    let reply = [b"S: 227 ", &[b' '; 9000][..], b"(192,0,2,2,18,103)"].concat();
    assert_eq!(inside(&[b"C: PASV", &reply]), "");
    let hidden = [b"S: 227 Entering Passive Mode (192,0,2,2,18,103)", &[b'.'; 9000][..]].concat();
    assert_eq!(inside(&[b"C: PASV", &hidden]), "!NotWhole");
}

#[test]
fn doors_are_closed_again() {
    const PASV_LINES: [&[u8]; 2] = [b"C: PASV", b"S: 227 Entering Passive Mode (192,0,2,2,18,103)."];
    let with = |rest: &[&[u8]]| inside(&PASV_LINES.iter().chain(rest).copied().collect::<Vec<_>>());
    let over = |why: &str| format!("{PASV} -192.0.2.2:4711 {why}");
    assert_eq!(with(&[b"C: RETR a", b"S: 150 here", b"S: 226 done"]), over("Over"));
    assert_eq!(with(&[b"C: RETR a", b"S: 550 no"]), PASV, "it stays for the next");
    assert_eq!(with(&[b"C: RETR a", b"S: 425 nobody came"]), over("Over"));
    assert_eq!(with(&[b"C: RETR a", b"S: 150 here", b"C: ABOR", b"S: 426 aborted", b"S: 226 done"]), over("Over"));
    assert_eq!(with(&[b"C: PORT 192,0,2,1,18,103", b"S: 200 ok"]), format!("{PASV} {PORT} -192.0.2.2:4711 Replaced"));
    assert_eq!(with(&[b"C: PORT 192,0,2,1,18,103", b"S: 500 no"]), format!("{PASV} {PORT} -192.0.2.1:4711 Refused"));
    assert_eq!(with(&[b"C: QUIT", b"S: 221 bye"]), over("Ended"));
    assert_eq!(with(&[b"C: REIN", b"S: 220 ready"]), over("Ended"));
    assert_eq!(with(&[b"S: 421 time is up"]), over("Ended"));
    assert_eq!(with(&[b"C: NOOP", b"S: 421 time is up"]), over("Ended"));
    assert_eq!(with(&[b"C: AUTH TLS", b"S: 234 go on"]), over("Ended blind"));
    // What is under way goes on behind QUIT (RFC 959 4.1.1).
    assert_eq!(with(&[b"C: RETR a", b"S: 150 here", b"C: QUIT", b"S: 226 done", b"S: 221 bye"]), over("Over"));
    // After the last word nothing is opened.
    assert_eq!(
        with(&[b"S: 421 time is up", b"C: PASV", b"S: 227 Entering Passive Mode (192,0,2,2,18,104)."]),
        over("Ended !NotLoggedIn")
    );
}

/// RFC 1639's words, over IPv6.
#[test]
fn the_long_words() {
    let (client, server) = (at("[2001:db8::1]:40000"), at("[2001:db8::2]:21"));
    let mut tracker = Tracker::new(Arc::new(Rules::default()), client, server);
    let mut told = Vec::new();
    let lines: &[&[u8]] = &[
        b"C: LPRT 6,16,32,1,13,184,0,0,0,0,0,0,0,0,0,0,0,1,2,18,103",
        b"S: 200 ok",
        b"C: LPSV",
        b"S: 228 Entering Long Passive Mode (6,16,32,1,13,184,0,0,0,0,0,0,0,0,0,0,0,2,2,18,104)",
        b"C: EPRT |2|2001:db8::1|4713|",
        b"S: 200 ok",
        b"C: EPSV",
        b"S: 229 Entering Extended Passive Mode (|||4714|)",
        b"C: LPRT 6,16,32,1,13,184,0,0,0,0,0,0,0,0,0,0,0,9,2,18,103",
        b"S: 500 no",
    ];
    let lines: Vec<&[u8]> = LOGIN.iter().chain(lines).copied().collect();
    feed(&mut tracker, &lines, 3, |event| match event {
        Event::Expect(expected) => told.push(expected.to.to_string()),
        Event::Refused { to, why, .. } => told.push(format!("{to} {why:?}")),
        _ => {}
    });
    assert_eq!(
        told,
        [
            "[2001:db8::1]:4711",
            "[2001:db8::2]:4712",
            "[2001:db8::1]:4713",
            "[2001:db8::2]:4714",
            "[2001:db8::9]:4711 Stranger"
        ]
    );
}

/// A TLS record, as far as it can be seen.
fn record(kind: u8, length: u16) -> Vec<u8> {
    let mut record = vec![kind, 3, 3];
    record.extend(length.to_be_bytes());
    record.extend((0..length).map(|at| at as u8));
    record
}

#[test]
fn what_tls_hides_and_ccc_shows() {
    let raw = |side: &[u8], bytes: Vec<u8>| [side, &bytes, "…".as_bytes()].concat();
    let hello = raw(b"C: ", record(22, 300));
    let answer = raw(b"S: ", [record(22, 900), record(20, 1), record(23, 40)].concat());
    let login = raw(b"C: ", record(23, 60));
    let accepted = raw(b"S: ", record(23, 70));
    let (bye, bye_too) = (raw(b"C: ", record(21, 19)), raw(b"S: ", record(21, 19)));
    let tls: [&[u8]; 8] = [b"S: 220 ready", b"C: AUTH TLS", b"S: 234 go on", &hello, &answer, &login, &accepted, &bye];
    let port: &[u8] = b"C: PORT 192,0,2,1,18,103";
    let seen: [&[u8]; 5] = [&bye_too, b"C: TYPE I", b"S: 200 ok", port, b"S: 200 ok"];
    assert_eq!(doors(&tls), "blind");
    let lines: Vec<&[u8]> = tls.iter().chain(&seen).copied().collect();
    assert_eq!(doors(&lines), format!("blind sight {PORT}"));
    // TLS from the first byte on.
    let implicit: [&[u8]; 4] = [&hello, &answer, &login, port];
    assert_eq!(doors(&implicit[..3]), "blind");
}
