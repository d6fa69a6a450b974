//! Commands, replies, logins and transfers.

use ftp_proto::Type;
use ftp_proto::session::LoginState;
use ftp_proto::tracker::{Event, Peer};

use crate::*;

#[test]
fn a_login_is_told_with_what_answers_what() {
    let mut tracker = tracker();
    let told = say(&mut tracker, &["S: 220 ready", "C: USER anna", "S: 331 password", "C: PASS secret", "S: 230 in"]);
    assert_eq!(told, ["< greeting 220", "> USER", "< USER 331", "> PASS", "< PASS 230", "logged in anna"]);
    assert_eq!((tracker.login(), tracker.user()), (Some(LoginState::Complete), Some(&b"anna"[..])));
    assert!(tracker.is_in_step());
    assert!(!format!("{tracker:?}").contains("secret"));
}

#[test]
fn each_reply_names_the_identity_of_its_command() {
    let mut tracker = logged_in();
    let mut ids = Vec::new();
    for (from, line) in [
        (Peer::Client, "NOOP\r\nPWD\r\n"),
        (Peer::Server, "200 ok\r\n257 \"/\"\r\n"),
        (Peer::Client, "CWD a\r\n"),
        (Peer::Server, "550 no\r\n"),
    ] {
        tracker.received(from, line.as_bytes());
        while let Some(event) = tracker.poll() {
            match event {
                Event::Command { id, .. } => ids.push((id, 0)),
                Event::Reply { answers: Some(id), reply, .. } => {
                    ids.iter_mut().find(|(known, _)| *known == id).unwrap().1 = reply.code().value();
                }
                other => panic!("{other:?}"),
            }
        }
    }
    assert!(ids.is_sorted());
    assert_eq!(ids.iter().map(|(_, code)| *code).collect::<Vec<_>>(), [200, 257, 550]);
}

#[test]
fn a_transfer_is_told_from_its_setup_to_its_end() {
    let mut tracker = logged_in();
    let told = say_data(
        &mut tracker,
        &[
            "C: REST 5",
            "S: 350 go on",
            "C: PASV",
            "S: 227 Entering Passive Mode (192,0,2,2,156,249).",
            "C: RETR a b",
            "S: 150 Opening BINARY mode data connection for a b (1234 bytes).",
            "S: 226 Transfer complete.",
        ],
    );
    assert_eq!(
        told,
        [
            "expect Client 192.0.2.1 to 192.0.2.2:40185",
            "assigned 192.0.2.2:40185 to RETR a b from 5 by Server",
            "begun RETR a b from 5 of 1234 bytes by Server",
            "ended RETR a b from 5 of 1234 bytes by Server 226",
            "withdrawn 192.0.2.2:40185 Over",
        ]
    );
    assert_eq!(tracker.expectations().count(), 0);
}

#[test]
fn an_upload_goes_the_other_way_and_an_active_one_is_dialled_by_the_server() {
    let mut tracker = logged_in();
    let told =
        say_data(&mut tracker, &["C: EPRT |1|192.0.2.1|5001|", "S: 200 ok", "C: STOR f", "S: 150 ok", "S: 226 done"]);
    assert_eq!(
        told,
        [
            "expect Server 192.0.2.2 to 192.0.2.1:5001",
            "assigned 192.0.2.1:5001 to STOR f by Client",
            "begun STOR f by Client",
            "ended STOR f by Client 226",
            "withdrawn 192.0.2.1:5001 Over",
        ]
    );
}

#[test]
fn what_is_pipelined_finds_its_data_connection() {
    let mut tracker = logged_in();
    let told = say_data(&mut tracker, &["C: EPSV", "C: NLST", "S: 229 (|||4711|)", "S: 150 ok", "S: 226 done"]);
    let expected =
        ["expect Client 192.0.2.1 to 192.0.2.2:4711 for NLST", "begun NLST by Server", "ended NLST by Server 226"];
    assert_eq!(told[..3], expected);
}

#[test]
fn facts_are_known_from_the_start_and_from_what_was_seen() {
    let mut tracker = logged_in();
    assert_eq!(tracker.representation(), Some(Type::Ascii(None)));
    say(&mut tracker, &["C: TYPE I", "S: 200 ok"]);
    assert_eq!(tracker.representation(), Some(Type::Image));
    let mut tracker = ftp_proto::tracker::Tracker::joined(std::sync::Arc::default(), at(CLIENT), at(SERVER));
    assert_eq!((tracker.representation(), tracker.login()), (None, None));
    let told = say(&mut tracker, &["S: 250 moved", "C: TYPE I", "S: 200 Type set to I", "C: NOOP", "S: 200 ok"]);
    assert_eq!(told, ["< ? 250", "> TYPE", "< TYPE 200", "found", "> NOOP", "< NOOP 200"]);
    assert_eq!((tracker.representation(), tracker.mode(), tracker.login()), (Some(Type::Image), None, None));
}

#[test]
fn the_same_is_told_whatever_the_cuts() {
    let dialogue = [
        (Peer::Server, &b"220-hello\r\n227 Entering (192,0,2,2,9,9)\r\n220 ready\r\n"[..]),
        (Peer::Client, b"USER a\r\nPA"),
        (Peer::Client, b"SS b\r\n"),
        (Peer::Server, b"331 ok\r\n230 in\r\n"),
        (Peer::Client, b"\xff\xfb\x01PASV\r\nRETR x\r\n"),
        (Peer::Server, b"227 =192,0,2,2,9,9\r\n150 (7 bytes)\r\n226 done\r\nnoise\r\n"),
    ];
    let told = |size: usize| {
        let mut tracker = tracker();
        let mut told = Vec::new();
        for (from, all) in dialogue {
            all.chunks(size).for_each(|piece| told.extend(bytes(&mut tracker, from, piece)));
        }
        told
    };
    let whole = told(usize::MAX);
    assert!(whole.contains(&"expect Client 192.0.2.1 to 192.0.2.2:2313 for RETR".into()), "{whole:?}");
    assert!(whole.contains(&"noise noise".into()), "{whole:?}");
    for size in 1..40 {
        assert_eq!(told(size), whole, "pieces of {size}");
    }
}

#[test]
fn an_odd_code_is_an_answer_once_the_client_goes_on() {
    let mut tracker = logged_in();
    let told = say(&mut tracker, &["C: TYPE I", "S: 226 Type set", "C: NOOP", "S: 200 ok"]);
    assert_eq!(told, ["> TYPE", "< ? 226", "> NOOP", "answered 226", "< NOOP 200"]);
}

#[test]
fn quit_withdraws_what_is_not_in_use() {
    let mut tracker = logged_in();
    let told = say_data(&mut tracker, &["C: EPSV", "S: 229 (|||4711|)", "C: QUIT", "S: 221 bye"]);
    assert_eq!(told, ["expect Client 192.0.2.1 to 192.0.2.2:4711", "withdrawn 192.0.2.2:4711 Ended"]);
    let mut tracker = logged_in();
    say(&mut tracker, &["C: EPSV", "S: 229 (|||4711|)", "C: RETR f", "S: 150 ok"]);
    let told = say_data(&mut tracker, &["C: QUIT", "S: 221 bye", "S: 226 done"]);
    assert_eq!(told, ["ended RETR f by Server 226", "withdrawn 192.0.2.2:4711 Over"]);
}

/// What such a reply ends or sets up is told with it, too.
#[test]
fn what_an_odd_code_answers_has_its_consequences() {
    let mut tracker = logged_in();
    say(&mut tracker, &["C: EPSV", "S: 229 (|||4711|)"]);
    let told = say_data(&mut tracker, &["C: RETR a", "S: 200 sent", "C: NOOP", "S: 200 ok"]);
    assert_eq!(
        told,
        [
            "assigned 192.0.2.2:4711 to RETR a by Server",
            "answered 200",
            "ended RETR a by Server 200",
            "withdrawn 192.0.2.2:4711 Over"
        ]
    );
    let told = say_data(&mut tracker, &["C: PORT 192,0,2,1,18,103", "S: 226 fine", "C: LIST"]);
    assert_eq!(told[1..], ["answered 226", "withdrawn 192.0.2.1:4711 Refused"], "226 doesn't accept a PORT");
    // Two replies at once: the first of them ends the first transfer.
    let mut tracker = logged_in();
    let told = say_data(&mut tracker, &["C: RETR a", "C: RETR b", "S: 550 no", "S: 550 no"]);
    assert_eq!(told[1..], ["answered 550", "ended RETR a by Server 550", "ended RETR b by Server 550", "found"]);
}

#[test]
fn an_odd_code_is_an_answer_once_the_server_goes_on_or_leaves() {
    let mut tracker = logged_in();
    let told = say(&mut tracker, &["C: RETR a", "C: TYPE I", "C: NOOP", "S: 225 sent", "S: 200 ok", "S: 200 ok"]);
    assert_eq!(told[3..6], ["< ? 225", "< TYPE 200", "answered 225"]);
    assert_eq!(told[6..], ["ended RETR a by Server 225", "< NOOP 200"]);
    let mut tracker = logged_in();
    say(&mut tracker, &["C: RETR a", "S: 200 sent"]);
    assert_eq!(bytes(&mut tracker, Peer::Server, b""), ["answered 200", "ended RETR a by Server 200"]);
    let mut tracker = logged_in();
    say(&mut tracker, &["C: RETR a", "S: 226 sent"]);
    assert_eq!(bytes(&mut tracker, Peer::Client, b""), ["answered 226", "ended RETR a by Server 226"]);
}

/// Markers (110), and servers that say first that the file is there and then what moves.
#[test]
fn the_size_may_be_told_by_a_later_1yz() {
    let mut tracker = logged_in();
    let lines =
        ["C: EPSV", "S: 229 (|||4711|)", "C: RETR a", "S: 110 MARK 0 = 0", "S: 150 ok (5 bytes)", "S: 226 done"];
    let told = say_data(&mut tracker, &lines);
    assert_eq!(told[2..4], ["begun RETR a by Server", "ended RETR a of 5 bytes by Server 226"]);
}

/// A 226 that is left from the transfer before: the 150 behind it shows that it wasn't this one's.
#[test]
fn a_spare_226_before_the_150_ends_nothing() {
    let mut tracker = logged_in();
    let lines = ["C: EPSV", "S: 229 (|||4711|)", "C: RETR a", "S: 226 spare"];
    assert_eq!(say(&mut tracker, &lines).last().unwrap(), "< ? 226");
    assert_eq!(tracker.expectations().count(), 1);
    let told = say(&mut tracker, &["S: 150 ok", "S: 226 done", "C: NOOP", "S: 200 ok"]);
    assert_eq!(
        told,
        [
            "< RETR 150",
            "begun RETR a by Server",
            "< RETR 226",
            "ended RETR a by Server 226",
            "withdrawn 192.0.2.2:4711 Over",
            "> NOOP",
            "< NOOP 200"
        ]
    );
    // A server that says no 150: what the client says next shows it.
    say(&mut tracker, &lines);
    let told = say(&mut tracker, &["C: NOOP"]);
    assert_eq!(told[1..], ["answered 226", "ended RETR a by Server 226", "withdrawn 192.0.2.2:4711 Over"]);
    // Where data connections stay, each transfer has its 125 as well.
    assert!(tracker.is_in_step());
}

/// A PASS behind a USER that needed none, and whatever servers say of it.
#[test]
fn one_login_is_told_once() {
    for reply in ["S: 230 in", "S: 202 superfluous", "S: 503 already logged in", "S: 530 no"] {
        let mut tracker = tracker();
        let told = say(&mut tracker, &["S: 220 ready", "C: USER anna", "S: 230 in", "C: PASS x", reply]);
        assert_eq!(told.iter().filter(|told| *told == "logged in anna").count(), 1, "{told:?}");
    }
    // The next user's is another.
    let mut tracker = logged_in();
    let told = say(&mut tracker, &["C: USER bert", "S: 331 password", "C: PASS x", "S: 230 in"]);
    assert_eq!(told.last().unwrap(), "logged in bert");
    assert_eq!(say(&mut tracker, &["C: USER carl", "S: 230 in"]).last().unwrap(), "logged in carl");
}

/// RFC 959 4.1.1: REIN allows a transfer in progress to be completed.
#[test]
fn rein_amid_a_transfer_lets_it_end() {
    let mut tracker = logged_in();
    say(&mut tracker, &["C: EPSV", "S: 229 (|||4711|)", "C: RETR a", "S: 150 ok"]);
    let told = say(&mut tracker, &["C: REIN", "S: 120 wait", "S: 226 done", "S: 220 ready", "C: USER b", "S: 331 pw"]);
    assert_eq!(
        told,
        [
            "> REIN",
            "< REIN 120",
            "< RETR 226",
            "ended RETR a by Server 226",
            "withdrawn 192.0.2.2:4711 Over",
            "< REIN 220",
            "> USER",
            "< USER 331"
        ]
    );
}

/// Whoever has said all may close his side, as `nc -N` and scripts do; the server goes on.
#[test]
fn a_client_that_closes_its_side_still_gets_what_it_asked_for() {
    let mut tracker = logged_in();
    bytes(&mut tracker, Peer::Client, b"EPSV\r\nRETR a\r\nQUIT\r\n");
    assert_eq!(bytes(&mut tracker, Peer::Client, b""), [""; 0]);
    let told = say_data(&mut tracker, &["S: 229 (|||4711|)", "S: 150 ok", "S: 226 done", "S: 221 bye"]);
    assert_eq!(
        told,
        [
            "expect Client 192.0.2.1 to 192.0.2.2:4711 for RETR",
            "begun RETR a by Server",
            "ended RETR a by Server 226",
            "withdrawn 192.0.2.2:4711 Over"
        ]
    );
    // What no command due is for, it can't ask for any more.
    let mut tracker = logged_in();
    say(&mut tracker, &["C: EPSV", "S: 229 (|||4711|)"]);
    assert_eq!(bytes(&mut tracker, Peer::Client, b""), ["withdrawn 192.0.2.2:4711 Ended"]);
    // And the server's end is that of all.
    let mut tracker = logged_in();
    say(&mut tracker, &["C: EPSV", "S: 229 (|||4711|)", "C: RETR a", "S: 150 ok"]);
    assert_eq!(bytes(&mut tracker, Peer::Client, b""), [""; 0]);
    let told = bytes(&mut tracker, Peer::Server, b"");
    assert_eq!(told, ["ended RETR a by Server ?", "withdrawn 192.0.2.2:4711 Ended"]);
}
