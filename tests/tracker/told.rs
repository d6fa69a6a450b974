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
