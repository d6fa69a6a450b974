//! One who ends TLS on both sides and sees all of it in plaintext, and other ways to stand in between.

use std::fmt::Write as _;
use std::sync::Arc;

use ftp_proto::tracker::{Event, Passed, Peer, Rewrite, Rules, Tracker};
use ftp_proto::{Code, Reply, Verb};

use crate::{CLIENT, LOGIN, SERVER, at, bytes_of, feed};

/// Which data connections are announced, and whether TLS protects them.
fn protected(tracker: &mut Tracker, lines: &[&[u8]]) -> Vec<(String, Option<bool>)> {
    let mut told = Vec::new();
    feed(tracker, lines, 4, |event| match event {
        Event::Expect(expected) => told.push((expected.to.to_string(), expected.protected)),
        Event::Blind => told.push(("blind".into(), None)),
        Event::Lost(why) => told.push((format!("{why:?}"), None)),
        _ => {}
    });
    told
}

fn decrypted() -> Tracker {
    let mut rules = Rules::default();
    rules.decrypted = true;
    Tracker::new(Arc::new(rules), at(CLIENT), at(SERVER))
}

const PASV: [&[u8]; 2] = [b"C: PASV", b"S: 227 Entering Passive Mode (192,0,2,2,18,103)."];

#[test]
fn whoever_ends_tls_goes_on_seeing() {
    let lines: &[&[u8]] = &[
        b"S: 220 ready",
        b"C: AUTH TLS",
        b"S: 234 go on",
        b"C: USER anna",
        b"S: 331 password",
        b"C: PASS secret",
        b"S: 230 in",
        PASV[0],
        PASV[1],
        b"C: PBSZ 0",
        b"S: 200 ok",
        b"C: PROT P",
        b"S: 200 ok",
        PASV[0],
        PASV[1],
        b"C: PROT C",
        b"S: 200 ok",
        b"C: CCC",
        b"S: 200 ok",
        PASV[0],
        PASV[1],
    ];
    let to = "192.0.2.2:4711".to_owned();
    let expected = [Some(false), Some(true), Some(false)].map(|protected| (to.clone(), protected));
    assert_eq!(protected(&mut decrypted(), lines), expected);
    let mut implicit = decrypted();
    implicit.tls_began();
    let lines: Vec<&[u8]> = LOGIN.iter().chain(&PASV).copied().collect();
    assert_eq!(protected(&mut implicit, &lines), [(to, Some(true))]);
}

/// Addresses as IPv6 sockets show them, a server that lets everybody in, and one that wants an account.
#[test]
fn other_beginnings() {
    let mapped = ["[::ffff:192.0.2.1]:40000", "[::ffff:192.0.2.2]:21"].map(at);
    let port: &[&[u8]] = &[b"C: PORT 192,0,2,1,18,103", b"S: 200 ok", PASV[0], PASV[1]];
    for login in [
        &LOGIN[..],
        &[b"S: 230 come in"],
        &[
            b"S: 120 wait",
            b"S: 220 ready",
            b"C: USER a",
            b"S: 331 p",
            b"C: PASS p",
            b"S: 332 a",
            b"C: ACCT a",
            b"S: 230 in",
        ],
    ] {
        let mut tracker = Tracker::new(Arc::new(Rules::default()), mapped[0], mapped[1]);
        let lines: Vec<&[u8]> = login.iter().chain(port).copied().collect();
        let told: Vec<String> = protected(&mut tracker, &lines).into_iter().map(|(to, _)| to).collect();
        assert_eq!(told, ["192.0.2.1:4711", "192.0.2.2:4711"], "{login:?}");
    }
}

/// What each side reads where some commands are refused, all said at once.
#[test]
fn some_commands_are_refused() {
    let said = "DELE a\r\nNOOP\r\nPASV\r\nSITE x\r\nPWD\r\nDELE b\r\n";
    for piece in [1, 2, 3, 10, 100] {
        let mut rewrite =
            Rewrite::new(Tracker::new(Arc::new(Rules::default()), at(CLIENT), at(SERVER))).holding_lines();
        let mut read = [String::new(), String::new()];
        let (mut came, mut stood_for) = (0, 0);
        let mut hear = |from: Peer, bytes: &[u8]| {
            rewrite.received(from, bytes).unwrap();
            came += bytes.len();
            while let Some(passed) = rewrite.poll() {
                match passed {
                    Passed::Event(Event::Command { verb: Verb::Dele | Verb::Site, .. }) => {
                        assert!(rewrite.refuse(&Reply::from_static(Code::NOT_IMPLEMENTED, "no")));
                    }
                    Passed::Address(address) => address.refuse(),
                    Passed::Bytes { to, bytes, came } => {
                        write!(read[to as usize], "{}", String::from_utf8_lossy(bytes)).unwrap();
                        stood_for += came;
                    }
                    Passed::Event(_) => {}
                }
            }
        };
        for line in LOGIN {
            let (from, bytes) = bytes_of(line);
            hear(from, &bytes);
        }
        said.as_bytes().chunks(piece).for_each(|piece| hear(Peer::Client, piece));
        let replies = "200 ok\r\n227 Entering Passive Mode (192,0,2,2,18,103).\r\n257 \"/\"\r\n";
        replies.as_bytes().chunks(piece).for_each(|piece| hear(Peer::Server, piece));
        assert_eq!(stood_for, came, "pieces of {piece}");
        let [client, server] = read;
        assert_eq!(server, "USER anna\r\nPASS secret\r\nNOOP\r\nPASV\r\nPWD\r\n", "pieces of {piece}");
        let codes: Vec<&str> = client.lines().skip(3).map(|line| &line[..3]).collect();
        assert_eq!(codes, ["502", "200", "425", "502", "257", "502"], "pieces of {piece}: {client}");
    }
}

/// Some servers end a line at a CR, too (whoever reads by Java's `readLine`, for one): behind it they would read a command that nobody has judged.
#[test]
fn no_command_hides_behind_another() {
    for (line, passes) in [
        (&b"NOOP\r\n"[..], true),
        (b"NOOP\n", true),
        (b"NOOP\r\r\n", true),
        (b"\xff\xfb\x01NOOP\r\n", true),
        (b"NOOP\rDELE a\r\n", false),
        (b"NOOP\r\0DELE a\r\n", false),
        (b"\rDELE a\r\n", false),
        (b"\xff\xfa\nDELE a\n\xff\xf0NOOP\r\n", false),
        (b"\xff\xfa\rDELE a\r\xff\xf0NOOP\r\n", false),
    ] {
        for piece in [1, 4, 100] {
            let mut rewrite =
                Rewrite::new(Tracker::new(Arc::new(Rules::default()), at(CLIENT), at(SERVER))).holding_lines();
            let (mut server, mut client) = (Vec::new(), Vec::new());
            let dialogue = LOGIN.iter().map(|line| bytes_of(line));
            for (from, bytes) in dialogue.chain(line.chunks(piece).map(|piece| (Peer::Client, piece.to_vec()))) {
                rewrite.received(from, &bytes).unwrap();
                while let Some(passed) = rewrite.poll() {
                    if let Passed::Bytes { to, bytes, .. } = passed {
                        if to == Peer::Server { &mut server } else { &mut client }.extend_from_slice(bytes);
                    }
                }
            }
            let shown = line.escape_ascii();
            assert_eq!(server.ends_with(line), passes, "{shown} in pieces of {piece}");
            assert_eq!(server.ends_with(b"PASS secret\r\n"), !passes, "{shown} in pieces of {piece}");
            assert_eq!(
                String::from_utf8_lossy(&client).ends_with("230 in\r\n"),
                passes,
                "{shown} in pieces of {piece}"
            );
        }
    }
}

/// A gap amid a 227 that was held back, and one who has come in the middle: what can't be replaced goes on as it is.
#[test]
fn what_is_not_whole_goes_on_as_it_is() {
    let hear = |rewrite: &mut Rewrite, from: Peer, bytes: &[u8]| {
        rewrite.received(from, bytes).unwrap();
        let mut read = Vec::new();
        while let Some(passed) = rewrite.poll() {
            match passed {
                Passed::Address(address) => address.replace(at("203.0.113.7:50000")),
                Passed::Bytes { bytes, .. } => read.extend_from_slice(bytes),
                Passed::Event(_) => {}
            }
        }
        String::from_utf8_lossy(&read).into_owned()
    };
    let mut rewrite = Rewrite::new(Tracker::new(Arc::new(Rules::default()), at(CLIENT), at(SERVER)));
    for line in LOGIN.iter().chain(&PASV[..1]) {
        let (from, bytes) = bytes_of(line);
        hear(&mut rewrite, from, &bytes);
    }
    assert_eq!(hear(&mut rewrite, Peer::Server, b"227 Entering Passive Mode (192,0,"), "");
    rewrite.gap(Peer::Server, 5);
    assert_eq!(hear(&mut rewrite, Peer::Server, b"18,103).\r\n"), "227 Entering Passive Mode (192,0,18,103).\r\n");
    let mut rewrite = Rewrite::new(Tracker::joined(Arc::new(Rules::default()), at(CLIENT), at(SERVER)));
    let mut read = String::new();
    for line in [&b"C: SV"[..], PASV[1], b"C: TYPE I", b"S: 200 Switching to Binary mode.", PASV[0], PASV[1]] {
        let (from, bytes) = bytes_of(line);
        read += &hear(&mut rewrite, from, &bytes);
    }
    let (plain, other) =
        ("227 Entering Passive Mode (192,0,2,2,18,103).", "227 Entering Passive Mode (203,0,113,7,195,80).");
    assert_eq!(read, format!("SV\r\n{plain}\r\nTYPE I\r\n200 Switching to Binary mode.\r\nPASV\r\n{other}\r\n"));
}

/// Of an address in a reply that is too long to be held nobody is asked: whoever answered would believe that the client reads the answer.
#[test]
fn a_reply_that_is_too_long_to_be_held() {
    for lines in [1, 10, 20, 40] {
        let mut rewrite =
            Rewrite::new(Tracker::new(Arc::new(Rules::default()), at(CLIENT), at(SERVER))).holding_lines();
        let mut reply = b"227-long\r\n".to_vec();
        for _ in 0..lines {
            reply.extend([b'x'; 4000]);
            reply.extend(b"\r\n");
        }
        reply.extend(PASV[1][3..].iter().chain(b"\r\n"));
        let (mut asked, mut read, mut expected) = (0, Vec::new(), 0);
        let mut dialogue: Vec<(Peer, Vec<u8>)> = LOGIN.iter().chain(&PASV[..1]).map(|line| bytes_of(line)).collect();
        dialogue.extend(reply.chunks(1000).map(|piece| (Peer::Server, piece.to_vec())));
        for (from, bytes) in dialogue {
            rewrite.received(from, &bytes).unwrap();
            while let Some(passed) = rewrite.poll() {
                match passed {
                    Passed::Event(Event::Expect(_)) => expected += 1,
                    Passed::Event(Event::Withdrawn(..)) => expected -= 1,
                    Passed::Event(_) => {}
                    Passed::Address(address) => {
                        asked += 1;
                        address.replace(at("203.0.113.7:50000"));
                    }
                    Passed::Bytes { to: Peer::Client, bytes, .. } => read.extend_from_slice(bytes),
                    Passed::Bytes { .. } => {}
                }
            }
        }
        let replaced = read.ends_with(b"(203,0,113,7,195,80).\r\n");
        assert_eq!(asked == 1, replaced, "{lines} lines");
        assert_eq!(expected == 1, replaced, "{lines} lines");
        assert_eq!(replaced, lines < 16, "64 KiB are held");
    }
}
