//! Addresses replaced, and forms translated, on their way.

use std::net::SocketAddr;

use ftp_proto::tracker::{Passed, Peer, Rewrite, Rules, Tracker, Translation};

use crate::*;

/// What comes out on either side.
#[derive(Default, Debug, PartialEq)]
pub struct Out {
    client: String,
    pub server: String,
    pub questions: usize,
    /// How many bytes more came out than went in, towards the server and towards the client.
    more: [isize; 2],
}

/// Every question is answered with this address.
pub fn pass(rewrite: &mut Rewrite, from: Peer, bytes: &[u8], answer: Option<SocketAddr>, out: &mut Out) {
    rewrite.received(from, bytes).unwrap();
    while let Some(passed) = rewrite.poll() {
        match passed {
            Passed::Event(_) => {}
            Passed::Address(address) => {
                out.questions += 1;
                match answer {
                    Some(to) => address.replace(to),
                    None => address.keep(),
                }
            }
            Passed::Bytes { to, bytes, came } => {
                let text = bytes.escape_ascii().to_string();
                match to {
                    Peer::Client => out.client += &text,
                    Peer::Server => out.server += &text,
                }
                out.more[to as usize] += bytes.len() as isize - came as isize;
            }
        }
    }
}

const LOGIN: [&str; 5] = ["S: 220 ready", "C: USER anna", "S: 331 password", "C: PASS secret", "S: 230 in"];

fn logged_in_between(client: &str, server: &str, translation: Translation) -> Rewrite {
    let tracker = Tracker::new(std::sync::Arc::default(), at(client), at(server));
    let mut rewrite = Rewrite::translating(tracker, translation);
    let mut out = Out::default();
    for line in LOGIN {
        pass(&mut rewrite, side(line), format!("{}\r\n", &line[3..]).as_bytes(), None, &mut out);
    }
    assert_eq!(out.client, r"220 ready\r\n331 password\r\n230 in\r\n");
    assert_eq!(out.server, r"USER anna\r\nPASS secret\r\n");
    rewrite
}

fn rewrite() -> Rewrite {
    logged_in_between(CLIENT, SERVER, Translation::None)
}

pub fn one(rewrite: &mut Rewrite, from: Peer, bytes: &[u8], answer: Option<&str>) -> Out {
    let mut out = Out::default();
    pass(rewrite, from, bytes, answer.map(at), &mut out);
    out
}

#[test]
fn addresses_are_replaced_and_nothing_else() {
    let new = "203.0.113.7:50000";
    let commands: [(&[u8], &str); 6] = [
        (b"PORT 192,0,2,1,18,103\r\n", r"PORT 203,0,113,7,195,80\r\n"),
        (b"port   192,0,2,1,18,103\n", r"port   203,0,113,7,195,80\n"),
        (b"\xff\xfb\x01PORT 192,0,2,1,18,103\r\n", r"\xff\xfb\x01PORT 203,0,113,7,195,80\r\n"),
        (b"PO\xff\xf1RT 192,0,2,1,18,103\r\n", r"PO\xff\xf1RT 203,0,113,7,195,80\r\n"),
        (b"EPRT !1!192.0.2.1!4711!\r\n", r"EPRT !1!203.0.113.7!50000!\r\n"),
        (b"LPRT 4,4,192,0,2,1,2,18,103\r\n", r"LPRT 4,4,203,0,113,7,2,195,80\r\n"),
    ];
    for (bytes, expected) in commands {
        let out = one(&mut rewrite(), Peer::Client, bytes, Some(new));
        let more = expected.replace(r"\xff", "x").replace(r"\xfb", "x").replace(r"\x01", "x").replace(r"\xf1", "x");
        let more = more.replace(r"\r", "r").replace(r"\n", "n").len() as isize - bytes.len() as isize;
        assert_eq!((&out.server[..], out.questions, out.more), (expected, 1, [0, more]), "{}", bytes.escape_ascii());
    }
    let replies: [(&str, &[u8], &str); 5] = [
        (
            "PASV",
            b"227 Entering Passive Mode (192,0,2,2,18,103).\r\n",
            r"227 Entering Passive Mode (203,0,113,7,195,80).\r\n",
        ),
        ("PASV", b"227 v2.1: =192, 0,2,2,18 ,103 x\n", r"227 v2.1: =203,0,113,7,195,80 x\n"),
        (
            "PASV",
            b"227-first\r\n (192,0,2,2,18,103)\r\n227 last\r\n",
            r"227-first\r\n (203,0,113,7,195,80)\r\n227 last\r\n",
        ),
        ("EPSV", b"229 Extended (!!!4711!) ok\r\n", r"229 Extended (!!!50000!) ok\r\n"),
        ("LPSV", b"228 Long (4,4,192,0,2,2,2,18,103)\r\n", r"228 Long (4,4,203,0,113,7,2,195,80)\r\n"),
    ];
    for (command, bytes, expected) in replies {
        let mut rewrite = rewrite();
        assert_eq!(
            one(&mut rewrite, Peer::Client, format!("{command}\r\n").as_bytes(), None).server,
            format!(r"{command}\r\n")
        );
        let out = one(&mut rewrite, Peer::Server, bytes, Some(new));
        assert_eq!((&out.client[..], out.questions), (expected, 1), "{}", bytes.escape_ascii());
        // What is kept is byte for byte what came.
        let mut rewrite = self::rewrite();
        one(&mut rewrite, Peer::Client, format!("{command}\r\n").as_bytes(), None);
        assert_eq!(one(&mut rewrite, Peer::Server, bytes, None).client, bytes.escape_ascii().to_string());
    }
}

#[test]
fn the_same_goes_on_whatever_the_cuts() {
    let dialogue: [(Peer, &[u8]); 4] = [
        (Peer::Client, b"SITE x\r\nEPSV\r\n\xff\xfd\x0aPORT 192,0,2,1,18,103\r\nRETR a\xff\r\n"),
        (Peer::Server, b"200 ok\r\n229-(|||4711|)\r\n229 end\r\n\xff\xfb\x01200 ok\r\n150-x\r\n227 y\r\n150 (5 bytes)\r\n226 done\r\n"),
        (Peer::Client, b"\xff\xf4\xff\xf2ABOR\r\nPASV\r\n"),
        (Peer::Server, b"226 no\r\n227 (192,0,2,2,18,103)\r\nnoise\r\n\r\n421 bye\r\n"),
    ];
    let run = |size: usize| {
        let (mut rewrite, mut out) = (rewrite(), Out::default());
        for (from, bytes) in dialogue {
            bytes
                .chunks(size)
                .for_each(|piece| pass(&mut rewrite, from, piece, Some(at("203.0.113.7:50000")), &mut out));
        }
        out
    };
    let whole = run(usize::MAX);
    assert_eq!(whole.questions, 3);
    assert!(whole.client.contains(r"229-(|||50000|)\r\n229 end\r\n\xff\xfb\x01200 ok"), "{whole:?}");
    for size in 1..60 {
        assert_eq!(run(size), whole, "pieces of {size}");
    }
}

/// Telnet is answered, and ABOR obeyed, before a line ends; lftp never ends its.
#[test]
fn what_announces_nothing_goes_on_at_once() {
    for bytes in [&b"\xff\xf4\xff\xf2"[..], b"\xff\xfb\x01", b"ABOR", b"RET", b"PA\x00", b"PWD", b"NOOP"] {
        let out = one(&mut rewrite(), Peer::Client, bytes, None);
        assert_eq!(out.server, bytes.escape_ascii().to_string());
    }
    for bytes in [&b"211-Feat"[..], b"15", b"226 done", b"220-a\r\n227 (1,2"] {
        assert_eq!(one(&mut rewrite(), Peer::Server, bytes, None).client, bytes.escape_ascii().to_string());
    }
    for bytes in [&b"PORT 1"[..], b"EP", b"p@s"] {
        assert_eq!(one(&mut rewrite(), Peer::Client, bytes, None).server, "");
    }
    let mut rewrite = rewrite();
    one(&mut rewrite, Peer::Client, b"EPR", None);
    assert_eq!(one(&mut rewrite, Peer::Client, b"", None).server, "EPR", "the end of the connection");
}

#[test]
fn a_question_comes_again_until_it_is_answered_and_before_its_line() {
    let mut rewrite = rewrite();
    rewrite.received(Peer::Client, b"PORT 192,0,2,1,18,103\r\nNOOP\r\n").unwrap();
    let mut seen = Vec::new();
    let mut asked = 0;
    while let Some(passed) = rewrite.poll() {
        match passed {
            Passed::Event(event) => seen.push(shown(&event)),
            Passed::Address(address) => {
                assert_eq!(address.announced(), Some(at("192.0.2.1:4711")));
                asked += 1;
                seen.push("?".into());
                if asked == 3 {
                    address.replace(at("203.0.113.7:50000"));
                }
            }
            Passed::Bytes { bytes, .. } => seen.push(bytes.escape_ascii().to_string()),
        }
    }
    let expected = [
        "> PORT",
        "expect Server 192.0.2.2 to 192.0.2.1:4711",
        "?",
        "?",
        "?",
        r"PORT 203,0,113,7,195,80\r\n",
        "> NOOP",
        r"NOOP\r\n",
    ];
    assert_eq!(seen, expected);
}

#[test]
fn what_is_not_expected_is_not_asked_about() {
    let out = one(&mut rewrite(), Peer::Client, b"PORT 10,0,0,1,18,103\r\n", Some("203.0.113.7:50000"));
    assert_eq!((&out.server[..], out.questions), (r"PORT 10,0,0,1,18,103\r\n", 0));
    let out = one(&mut rewrite(), Peer::Server, b"227 (192,0,2,2,18,103)\r\n", Some("203.0.113.7:50000"));
    assert_eq!((&out.client[..], out.questions), (r"227 (192,0,2,2,18,103)\r\n", 0));
}

#[test]
fn a_refused_address_never_arrives() {
    fn refuse(rewrite: &mut Rewrite, from: Peer, bytes: &[u8]) -> (String, String) {
        let (mut client, mut server) = (String::new(), String::new());
        rewrite.received(from, bytes).unwrap();
        while let Some(passed) = rewrite.poll() {
            match passed {
                Passed::Address(address) => address.refuse(),
                Passed::Bytes { to: Peer::Client, bytes, .. } => client += &bytes.escape_ascii().to_string(),
                Passed::Bytes { bytes, .. } => server += &bytes.escape_ascii().to_string(),
                Passed::Event(_) => {}
            }
        }
        (client, server)
    }
    let mut rewrite = rewrite();
    let passed = refuse(&mut rewrite, Peer::Client, b"PORT 192,0,2,1,18,103\r\n");
    assert_eq!(passed, (r"500 Illegal address.\r\n".into(), String::new()));
    assert_eq!(refuse(&mut rewrite, Peer::Client, b"PASV\r\n").1, r"PASV\r\n");
    let passed = refuse(&mut rewrite, Peer::Server, b"227 (192,0,2,2,18,103)\r\n");
    assert_eq!(passed.0, r"425 Can\'t open data connection.\r\n");
    assert_eq!(rewrite.tracker().expectations().count(), 0);
    assert!(rewrite.tracker().is_in_step());
    // The answer waits for those that are due before it.
    let passed = refuse(&mut rewrite, Peer::Client, b"NOOP\r\nPORT 192,0,2,1,18,103\r\n");
    assert_eq!(passed, (String::new(), r"NOOP\r\n".into()));
    assert_eq!(refuse(&mut rewrite, Peer::Server, b"200 ok\r\n").0, r"200 ok\r\n500 Illegal address.\r\n");
}

#[test]
fn nothing_is_touched_under_tls() {
    let mut rewrite = rewrite();
    one(&mut rewrite, Peer::Client, b"AUTH TLS\r\n", None);
    assert_eq!(one(&mut rewrite, Peer::Server, b"234 go\r\n", None).client, r"234 go\r\n");
    let record = b"\x16\x03\x03\x00\x17PORT 192,0,2,1,18,103\r\n";
    for piece in [1, 9, 100] {
        for side in [Peer::Client, Peer::Server] {
            let mut out = Out::default();
            record
                .chunks(piece)
                .for_each(|piece| pass(&mut rewrite, side, piece, Some(at("203.0.113.7:50000")), &mut out));
            let all = record.escape_ascii().to_string();
            assert_eq!((out.client + &out.server, out.questions), (all, 0));
        }
    }
    // And behind CCC it is again.
    let ccc = b"\x15\x03\x03\x00\x02abTYPE I\r\n";
    assert_eq!(one(&mut rewrite, Peer::Client, ccc, None).server, ccc.escape_ascii().to_string());
    let ccc = b"\x15\x03\x03\x00\x02ab200 Type set to I\r\n";
    assert_eq!(one(&mut rewrite, Peer::Server, ccc, None).client, ccc.escape_ascii().to_string());
    let out = one(&mut rewrite, Peer::Client, b"PORT 192,0,2,1,18,103\r\n", Some("203.0.113.7:50000"));
    assert_eq!(out.server, r"PORT 203,0,113,7,195,80\r\n");
}

/// RFC 6384 6 and 7.
#[test]
fn an_ipv6_client_and_an_ipv4_server() {
    let new = || logged_in_between("[2001:db8::1]:40000", SERVER, Translation::Client6);
    let mut rewrite = new();
    assert_eq!(one(&mut rewrite, Peer::Client, b"EPSV\r\n", None).server, r"PASV\r\n");
    let out = one(
        &mut rewrite,
        Peer::Server,
        b"227 Entering Passive Mode (192,0,2,2,18,103).\r\n",
        Some("[2001:db8::64]:50000"),
    );
    assert_eq!(out.client, r"229 Entering Extended Passive Mode (|||50000|)\r\n");
    assert_eq!(one(&mut rewrite, Peer::Client, b"epsv 2\r\n", None).server, r"PASV\r\n");
    let out = one(&mut rewrite, Peer::Server, b"227 Entering Passive Mode (192,0,2,2,18,103).\r\n", None);
    assert_eq!(out.client, r"229 Entering Extended Passive Mode (|||4711|)\r\n");
    let out = one(&mut rewrite, Peer::Client, b"EPRT |2|2001:db8::1|5001|\r\n", Some("203.0.113.7:50000"));
    assert_eq!(out.server, r"PORT 203,0,113,7,195,80\r\n");
    assert_eq!(one(&mut rewrite, Peer::Server, b"200 PORT ok\r\n", None).client, r"200 PORT ok\r\n");
    // What the server refuses goes on as it is, and so does what names another host, or PASV.
    let mut rewrite = new();
    one(&mut rewrite, Peer::Client, b"EPSV\r\n", None);
    assert_eq!(one(&mut rewrite, Peer::Server, b"502 no\r\n", None).client, r"502 no\r\n");
    let out = one(&mut rewrite, Peer::Client, b"EPRT |2|2001:db8::9|5001|\r\n", Some("203.0.113.7:50000"));
    assert_eq!(out.server, r"EPRT |2|2001:db8::9|5001|\r\n");
    one(&mut rewrite, Peer::Server, b"501 no\r\n", None);
    assert_eq!(one(&mut rewrite, Peer::Client, b"PASV\r\n", None).server, r"PASV\r\n");
    // A 227 that names another host than the server can't be said as a 229.
    let mut rewrite = new();
    one(&mut rewrite, Peer::Client, b"EPSV\r\n", None);
    let out = one(&mut rewrite, Peer::Server, b"227 Entering Passive Mode (10,9,9,9,18,103).\r\n", None);
    assert_eq!(out.client, r"425 Can\'t open data connection.\r\n");
}

#[test]
fn the_gateway_answers_algs_epsv_all_and_epsv_1_itself() {
    let mut rewrite = logged_in_between("[2001:db8::1]:40000", SERVER, Translation::Client6);
    for (command, reply) in [
        ("ALGS STATUS64", r"216 EPSVEPRT\r\n"),
        ("EPSV ALL", r"504 Command not implemented for that parameter.\r\n"),
        ("EPSV 1", r"522 Network protocol not supported, use (2)\r\n"),
        ("algs disable64", r"216 NONE\r\n"),
        ("ALGS STATUS64", r"216 NONE\r\n"),
        ("ALGS", r"504 Command not implemented for that parameter.\r\n"),
        ("ALGS STATUS", r"504 Command not implemented for that parameter.\r\n"),
    ] {
        let out = one(&mut rewrite, Peer::Client, format!("{command}\r\n").as_bytes(), None);
        assert_eq!((&out.client[..], &out.server[..]), (reply, ""), "{command}");
        assert!(rewrite.tracker().is_in_step());
    }
    assert_eq!(one(&mut rewrite, Peer::Client, b"EPSV\r\n", None).server, r"EPSV\r\n", "disabled");
    one(&mut rewrite, Peer::Server, b"502 no\r\n", None);
    assert_eq!(one(&mut rewrite, Peer::Client, b"ALGS ENABLE64\r\n", None).client, r"216 EPSVEPRT\r\n");
    assert_eq!(one(&mut rewrite, Peer::Client, b"EPSV\r\n", None).server, r"PASV\r\n");
    // Without translation all of it goes on.
    let mut rewrite = self::rewrite();
    for command in ["ALGS STATUS64", "EPSV ALL"] {
        let out = one(&mut rewrite, Peer::Client, format!("{command}\r\n").as_bytes(), None);
        assert_eq!((out.client, out.server), (String::new(), format!(r"{command}\r\n")));
    }
}

#[test]
fn an_ipv4_client_and_an_ipv6_server() {
    let mut rewrite = logged_in_between(CLIENT, "[2001:db8::2]:21", Translation::Client4);
    assert_eq!(one(&mut rewrite, Peer::Client, b"PASV\r\n", None).server, r"EPSV\r\n");
    let out = one(
        &mut rewrite,
        Peer::Server,
        b"229 Entering Extended Passive Mode (|||4711|)\r\n",
        Some("203.0.113.7:50000"),
    );
    assert_eq!(out.client, r"227 Entering Passive Mode (203,0,113,7,195,80).\r\n");
    let out = one(&mut rewrite, Peer::Client, b"PORT 192,0,2,1,18,103\r\n", Some("[2001:db8::64]:50000"));
    assert_eq!(out.server, r"EPRT |2|2001:db8::64|50000|\r\n");
    one(&mut rewrite, Peer::Server, b"200 ok\r\n", None);
    one(&mut rewrite, Peer::Client, b"PASV\r\n", None);
    let out = one(&mut rewrite, Peer::Server, b"229 Entering Extended Passive Mode (|||4711|)\r\n", None);
    assert_eq!(out.client, r"425 Can\'t open data connection.\r\n", "a 227 can't name an IPv6 address");
}

#[test]
fn a_gap_passes_what_is_held() {
    let mut rewrite = rewrite();
    one(&mut rewrite, Peer::Client, b"PORT 192,0", None);
    rewrite.gap(Peer::Client, 3);
    let out = one(&mut rewrite, Peer::Client, b",1,18,103\r\nPORT 192,0,2,1,18,103\r\n", Some("203.0.113.7:50000"));
    assert!(out.server.starts_with(r"PORT 192,0,1,18,103\r\nPORT "), "{out:?}");
}

#[test]
fn an_address_that_the_client_cant_use_is_not_expected_any_more() {
    let mut rewrite = rewrite();
    one(&mut rewrite, Peer::Client, b"PASV\r\n", None);
    let out = one(&mut rewrite, Peer::Server, b"227 (192,0,2,2,18,103)\r\n", Some("[2001:db8::64]:50000"));
    assert_eq!(out.client, r"425 Can\'t open data connection.\r\n");
    assert_eq!(rewrite.tracker().expectations().count(), 0, "the client knows of none");
}

/// Doubled 0xFF lets Telnet stand amid an address.
#[test]
fn an_address_with_telnet_amid_it_is_replaced_all_the_same() {
    let mut rules = Rules::default();
    rules.escaping.replies = ftp_proto::telnet::Escape::Doubled;
    let mut rewrite = Rewrite::new(Tracker::new(std::sync::Arc::new(rules), at(CLIENT), at(SERVER)));
    for line in LOGIN {
        pass(&mut rewrite, side(line), format!("{}\r\n", &line[3..]).as_bytes(), None, &mut Out::default());
    }
    one(&mut rewrite, Peer::Client, b"PASV\r\n", None);
    let out = one(&mut rewrite, Peer::Server, b"227 (192,0,\xff\xf12,2,18,103)\r\n", Some("203.0.113.7:50000"));
    assert_eq!(out.client, r"\xff\xf1227 Entering Passive Mode (203,0,113,7,195,80).\r\n");
}

/// What no line is made of goes on at once, too: there may be nothing behind it for long.
#[test]
fn nothing_stays_behind_with_an_event_that_belongs_to_no_line() {
    let begin = b"211-begin\r\n";
    let line = b" line\r\n".repeat(10_000);
    let mut rewrite = rewrite();
    one(&mut rewrite, Peer::Client, b"STAT\r\n", None);
    let mut passed = one(&mut rewrite, Peer::Server, begin, None).client;
    let mut sent = begin.escape_ascii().to_string();
    for _ in 0..40 {
        passed += &one(&mut rewrite, Peer::Server, &line, None).client;
        sent += &line.escape_ascii().to_string();
        assert_eq!(passed.len(), sent.len(), "all that came");
    }
    assert!(!rewrite.tracker().is_in_step(), "the reply was too long");
    let mut rewrite = self::rewrite();
    let tls = b"\x16\x03\x03\x00\x05\nabcd";
    let passed = one(&mut rewrite, Peer::Server, tls, None).client;
    assert!(rewrite.tracker().is_blind());
    assert_eq!(passed, tls.escape_ascii().to_string());
}

/// RFC 2428 3: the server would name the protocol of its own network.
#[test]
fn a_gateway_names_the_protocol_of_the_clients_network_itself() {
    let ends = [
        ("[2001:db8::1]:40000", SERVER, Translation::Client6, 2),
        (CLIENT, "[2001:db8::2]:21", Translation::Client4, 1),
    ];
    for (client, server, translation, number) in ends {
        let mut rewrite = logged_in_between(client, server, translation);
        // RFC 6384 knows no such answer to EPRT: what isn't translated goes on (10).
        let eprt = ["EPRT |3|2001:db8::1|5001|", "EPRT !0!192.0.2.1!5001!"];
        let (own, others) = if number == 1 { (&eprt[..], &[][..]) } else { (&[][..], &eprt[..]) };
        for command in others {
            let out = one(&mut rewrite, Peer::Client, format!("{command}\r\n").as_bytes(), None);
            assert_eq!((&out.client[..], out.server), ("", format!(r"{command}\r\n")));
            one(&mut rewrite, Peer::Server, b"522 no\r\n", None);
        }
        for command in ["EPSV 3", "epsv 255"].iter().chain(own) {
            let out = one(&mut rewrite, Peer::Client, format!("{command}\r\n").as_bytes(), None);
            let reply = format!(r"522 Network protocol not supported, use ({number})\r\n");
            assert_eq!((out.client, &out.server[..]), (reply, ""), "{command}");
            assert!(rewrite.tracker().is_in_step());
        }
        let other = format!("EPSV {}\r\n", 3 - number);
        assert_eq!(one(&mut rewrite, Peer::Client, other.as_bytes(), None).server, "");
        // What is no number at all is the server's to refuse.
        assert_eq!(one(&mut rewrite, Peer::Client, b"EPSV x\r\n", None).server, r"EPSV x\r\n");
    }
    let mut rewrite = logged_in_between(CLIENT, "[2001:db8::2]:21", Translation::Client4);
    assert_eq!(one(&mut rewrite, Peer::Client, b"EPSV 1\r\n", None).server, r"EPSV\r\n");
    // Within one network, and where the client wants no gateway, the server says it.
    assert_eq!(one(&mut self::rewrite(), Peer::Client, b"EPSV 3\r\n", None).server, r"EPSV 3\r\n");
    let mut rewrite = logged_in_between("[2001:db8::1]:40000", SERVER, Translation::Client6);
    one(&mut rewrite, Peer::Client, b"ALGS DISABLE64\r\n", None);
    assert_eq!(one(&mut rewrite, Peer::Client, b"EPSV 3\r\n", None).server, r"EPSV 3\r\n");
}

#[test]
fn behind_a_refused_227_nothing_is_agreed_on() {
    use ftp_proto::session::Setup;
    let mut rewrite = rewrite();
    one(&mut rewrite, Peer::Client, b"PASV\r\n", None);
    rewrite.received(Peer::Server, b"227 (192,0,2,2,18,103)\r\n").unwrap();
    while let Some(passed) = rewrite.poll() {
        if let Passed::Address(address) = passed {
            address.refuse();
        }
    }
    assert_eq!(rewrite.tracker().setup(), Some(Setup::None));
    // A 227 that can't be handed on, either.
    one(&mut rewrite, Peer::Client, b"PASV\r\n", None);
    one(&mut rewrite, Peer::Server, b"227 (192,0,2,2,18,103)\r\n", Some("[2001:db8::64]:50000"));
    assert_eq!(rewrite.tracker().setup(), Some(Setup::None));
    // What the server never saw changes nothing.
    one(&mut rewrite, Peer::Client, b"PASV\r\n", None);
    one(&mut rewrite, Peer::Server, b"227 (192,0,2,2,18,103)\r\n", None);
    rewrite.received(Peer::Client, b"PORT 192,0,2,1,18,103\r\n").unwrap();
    while let Some(passed) = rewrite.poll() {
        if let Passed::Address(address) = passed {
            address.refuse();
        }
    }
    assert_eq!(rewrite.tracker().setup(), Some(Setup::Passive));
}

/// An adapter that opens a socket for a question may read meanwhile.
#[test]
fn what_waits_for_an_answer_is_bounded() {
    let mut rewrite = rewrite();
    rewrite.received(Peer::Client, b"PORT 192,0,2,1,18,103\r\n").unwrap();
    let wait = |rewrite: &mut Rewrite| loop {
        if let Passed::Address(_) = rewrite.poll().expect("the question") {
            return;
        }
    };
    wait(&mut rewrite);
    let noop = b"NOOP\r\n".repeat(1000);
    let mut sent = 0;
    while rewrite.wants_input(Peer::Client) {
        rewrite.received(Peer::Client, &noop).unwrap();
        sent += noop.len();
        wait(&mut rewrite);
        assert!(sent < 100_000, "bounded");
    }
    assert!(sent > 60_000 && rewrite.wants_input(Peer::Server), "{sent}");
    // Once it is answered, all that was taken goes on.
    while let Some(passed) = rewrite.poll() {
        match passed {
            Passed::Address(address) => address.keep(),
            Passed::Bytes { bytes, .. } => sent -= bytes.len().min(sent),
            Passed::Event(_) => {}
        }
    }
    assert!(rewrite.wants_input(Peer::Client));
    assert_eq!(sent, 0);
}

#[test]
fn nothing_goes_on_behind_a_flood() {
    let mut rewrite = rewrite();
    let piece = vec![b'x'; 65_537];
    rewrite.received(Peer::Server, &piece).unwrap();
    let flood = rewrite.received(Peer::Server, b"y").unwrap_err();
    assert_eq!(flood.from, Peer::Server);
    assert_eq!(flood.to_string(), "more than 64 KiB from the server were waiting already");
    assert!(rewrite.poll().is_none());
    assert_eq!(rewrite.received(Peer::Client, b"NOOP\r\n"), Err(flood));
    assert_eq!(rewrite.received(Peer::Client, b""), Err(flood));
}
