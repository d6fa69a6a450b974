//! Odd peers: what is expected of them, and what a `Rewrite` holds and passes on.

use ftp_proto::tracker::{Passed, Peer, Rewrite, Tracker, Translation};

use crate::*;

/// What a rewrite has for this line: events, and the bytes for the server.
pub fn go(rewrite: &mut Rewrite, from: Peer, bytes: &[u8]) -> (Vec<String>, Vec<u8>) {
    let (mut told, mut to_server) = (Vec::new(), Vec::new());
    rewrite.received(from, bytes).unwrap();
    while let Some(passed) = rewrite.poll() {
        match passed {
            Passed::Event(event) => told.push(shown(&event)),
            Passed::Address(address) => address.replace(at("203.0.113.7:50000")),
            Passed::Bytes { to: Peer::Server, bytes, .. } => to_server.extend_from_slice(bytes),
            Passed::Bytes { .. } => {}
        }
    }
    (told, to_server)
}

pub fn line(rewrite: &mut Rewrite, line: &str) -> (Vec<String>, Vec<u8>) {
    go(rewrite, side(line), format!("{}\r\n", &line[3..]).as_bytes())
}

fn between() -> Rewrite {
    let tracker = Tracker::new(std::sync::Arc::default(), at("[2001:db8::1]:40000"), at("192.0.2.2:21"));
    let mut rewrite = Rewrite::translating(tracker, Translation::Client6);
    for said in ["S: 220 ready", "C: USER anna", "S: 230 in"] {
        line(&mut rewrite, said);
    }
    rewrite
}

#[test]
fn a_server_that_pretends_tls_hides_no_http() {
    let mut tracker = tracker();
    bytes(&mut tracker, Peer::Server, b"220 hi\r\n");
    bytes(&mut tracker, Peer::Server, b"\x16\x03\x01\n");
    bytes(&mut tracker, Peer::Server, b"220 a line of some length\r\n");
    say(&mut tracker, &["C: POST / HTTP/1.1", "C: Host: evil.example:21", "C: NOOP", "S: 200 NOOP ok."]);
    let told = say_data(&mut tracker, &["C: PORT 192,0,2,1,18,103"]);
    assert!(!told.iter().any(|told| told.starts_with("expect")), "{told:?}");
}

#[test]
fn a_line_waits_for_no_login_that_has_got_an_odd_reply() {
    for odd in ["220 ready", "226 ok", "331 once more"] {
        let mut rewrite = Rewrite::new(tracker());
        for said in ["S: 220 ready", "C: USER anna", "C: PASS secret", "C: PORT 192,0,2,1,18,103", "S: 331 password"] {
            line(&mut rewrite, said);
        }
        let said = [line(&mut rewrite, &format!("S: {odd}")).1, line(&mut rewrite, "C: QUIT").1].concat();
        assert_eq!(said.escape_ascii().to_string(), r"PORT 192,0,2,1,18,103\r\nQUIT\r\n", "{odd}");
    }
}

#[test]
fn nothing_is_expected_of_a_line_that_went_on_as_it_was() {
    let mut rewrite = Rewrite::new(tracker());
    for said in ["S: 220 ready", "C: AUTH TLS", "S: 234 go"] {
        line(&mut rewrite, said);
    }
    for side in [Peer::Client, Peer::Server] {
        go(&mut rewrite, side, b"\x16\x03\x03\0\x05hello");
    }
    for said in ["C: REIN", "S: 220 Ready for a new user (REIN).", "S: 250 spare", "C: USER anna"] {
        line(&mut rewrite, said);
    }
    assert_eq!(line(&mut rewrite, "C: PORT 192,0,2,1,18,103").1, b"PORT 192,0,2,1,18,103\r\n");
    let told = line(&mut rewrite, "S: 230 in").0;
    assert!(!told.iter().any(|told| told.starts_with("expect")), "{told:?}");
}

#[test]
fn what_was_taken_out_makes_no_other_command() {
    let mut rewrite = between().holding_lines();
    let (told, read) = go(&mut rewrite, Peer::Client, b"DE\xff\xf2\xff\xfb\x01\xffLE a\r\n");
    // As the server reads it, if it reads Telnet as this crate does.
    assert_eq!(bytes(&mut logged_in(), Peer::Client, &read), told, "{}", read.escape_ascii());
}

#[test]
fn telnet_goes_on_behind_a_login_without_an_answer() {
    for said in [&b"\xff\xfc\x06"[..], b"\xff\xf4\xff\xf2ABOR\r\n", b"\xff\xfc\x06NOOP\r\n"] {
        let mut rewrite = Rewrite::new(tracker());
        for said in ["S: 220 ready", "C: USER anna"] {
            line(&mut rewrite, said);
        }
        // The server asks before it answers the login (RFC 860), and waits.
        go(&mut rewrite, Peer::Server, b"\xff\xfd\x06");
        assert_eq!(go(&mut rewrite, Peer::Client, said).1, said);
    }
}

#[test]
fn pieces_dont_matter_behind_an_unseen_start_of_tls() {
    let all = b"220 hi\r\n\x16\x03\x01\n220 a line of some length\r\n";
    let told = [1, 1000].map(|size| {
        let mut tracker = tracker();
        all.chunks(size).flat_map(|piece| bytes(&mut tracker, Peer::Server, piece)).collect::<Vec<_>>()
    });
    assert_eq!(told[0], told[1]);
}

#[test]
fn the_rest_of_a_line_isnt_translated_behind_tls_with_a_gap() {
    let mut rewrite = between();
    for said in ["C: AUTH TLS", "S: 234 go"] {
        line(&mut rewrite, said);
    }
    for side in [Peer::Client, Peer::Server] {
        go(&mut rewrite, side, b"\x16\x03\x03\0\x05hello");
        rewrite.gap(side, u64::MAX);
    }
    assert_eq!(go(&mut rewrite, Peer::Client, b"DELE ").1, b"DELE ");
    assert_eq!(line(&mut rewrite, "S: 200 TLS is off, go on.").0, ["sight"]);
    assert_eq!(line(&mut rewrite, "C: EPSV").1, b"EPSV\r\n");
}

#[test]
fn no_address_before_a_login_whose_reply_was_missed() {
    let mut tracker = tracker();
    // The 331 was missed.
    let said = ["S: 220 ready", "C: USER anna", "C: PORT 192,0,2,1,18,103", "S: 200 PORT ok", "C: PASS x", "S: 530 no"];
    let told = say_data(&mut tracker, &said);
    assert!(!told.iter().any(|told| told.starts_with("expect")), "{told:?}");
}

#[test]
fn an_iac_isnt_lost_at_a_gap_or_the_end() {
    for ends in [false, true] {
        let mut rewrite = between();
        let mut read = go(&mut rewrite, Peer::Client, b"NOOP\xff").1;
        if ends {
            read.extend(go(&mut rewrite, Peer::Client, b"").1);
        } else {
            rewrite.gap(Peer::Client, 3);
            read.extend(go(&mut rewrite, Peer::Client, b"x").1);
        }
        assert_eq!(read, if ends { &b"NOOP\xff"[..] } else { b"NOOP\xffx" });
    }
}

#[test]
fn pieces_dont_matter_where_a_line_waits_for_the_login() {
    let all = b"230 in\r\n250 spare\r\n";
    let told = [vec![&all[..]], vec![&all[..8], &all[8..]]].map(|pieces| {
        let mut rewrite = Rewrite::new(tracker());
        for said in ["S: 220 ready", "C: USER anna", "C: PORT 192,0,2,1,18,103"] {
            line(&mut rewrite, said);
        }
        pieces.into_iter().flat_map(|piece| go(&mut rewrite, Peer::Server, piece).0).collect::<Vec<_>>()
    });
    assert_eq!(told[0], told[1]);
}

#[test]
fn nothing_is_expected_behind_the_end_of_the_server() {
    let mut tracker = logged_in();
    bytes(&mut tracker, Peer::Server, b"");
    say(&mut tracker, &["C: PORT 192,0,2,1,18,103", "C: LIST"]);
    bytes(&mut tracker, Peer::Client, b"");
    assert_eq!(tracker.expectations().count(), 0);
}

#[test]
fn a_pasv_behind_tls_isnt_taken_for_an_epsv_before() {
    let mut rewrite = between();
    for said in ["C: EPSV", "S: 227 Entering Passive Mode (192,0,2,2,18,103)", "C: AUTH TLS", "S: 234 go"] {
        line(&mut rewrite, said);
    }
    for side in [Peer::Client, Peer::Server] {
        go(&mut rewrite, side, b"\x16\x03\x03\0\x05hello");
    }
    for said in ["C: NOOP", "S: 200 NOOP ok", "C: PASV"] {
        line(&mut rewrite, said);
    }
    let mut read = Vec::new();
    rewrite.received(Peer::Server, b"227 Entering Passive Mode (10,0,0,1,18,103)\r\n").unwrap();
    while let Some(passed) = rewrite.poll() {
        if let Passed::Bytes { to: Peer::Client, bytes, .. } = passed {
            read.extend_from_slice(bytes);
        }
    }
    assert_eq!(read.escape_ascii().to_string(), r"227 Entering Passive Mode (10,0,0,1,18,103)\r\n");
}
