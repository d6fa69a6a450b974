//! What happens seldom: a review has found it, each case as small as can be.

use ftp_proto::tracker::{Peer, Rewrite, Rules, Tracker, Translation};

use crate::odd::{go, line};
use crate::*;

#[test]
fn a_failed_transfer_isnt_ended_by_the_reply_to_what_was_asked_amid_it() {
    for (asked, answer) in [("NOOP", "200 NOOP ok"), ("QUIT", "221 bye"), ("STAT", "211 status")] {
        let mut tracker = logged_in();
        say(&mut tracker, &["C: EPSV", "S: 229 (|||4711|)", "C: STOR f", "S: 150 ok"]);
        let told = say(&mut tracker, &[&format!("C: {asked}"), "S: 500 OOPS: disk", &format!("S: {answer}")]);
        assert!(told.contains(&"ended STOR f by Client 500".into()), "{told:?}");
    }
}

#[test]
fn the_first_passive_reply_behind_a_reply_whose_head_was_missed_is_whole() {
    let mut tracker = logged_in();
    say(&mut tracker, &["C: STAT"]);
    tracker.gap(Peer::Server, 20);
    let told = say(&mut tracker, &["S: -rw-r--r-- a", "S: 213 end", "C: PASV", "S: 227 (192,0,2,2,10,1)"]);
    assert!(has(&told, "expect"), "{told:?}");
    let told = say(&mut joined(), &["S: -rw-r--r-- a", "S: 226 end", "C: PASV", "S: 227 (192,0,2,2,10,1)"]);
    assert!(has(&told, "expect"), "{told:?}");
}

#[test]
fn the_first_passive_reply_behind_a_reply_that_was_too_long_is_passed_on() {
    let mut rules = Rules::default();
    rules.replies.reply = 100;
    let mut rewrite = Rewrite::new(logged_in_with(rules));
    line(&mut rewrite, "C: STAT d");
    go(&mut rewrite, Peer::Server, &[&b"213-x\r\n"[..], &b"-rw-r--r-- a\r\n".repeat(9), b"213 end\r\n"].concat());
    assert!(rewrite.tracker().is_in_step());
    line(&mut rewrite, "C: PASV");
    let told = line(&mut rewrite, "S: 227 (192,0,2,2,10,1)").0;
    assert!(has(&told, "expect"), "{told:?}");
}

#[test]
fn a_line_within_a_reply_announces_nothing_though_the_client_spoke_twice() {
    let mut tracker = logged_in();
    let told = say(
        &mut tracker,
        &["C: STAT d", "S: 213-status", "C: NOOP", "S: 200 x", "C: PASV", "S: 227 (192,0,2,2,10,1)", "S: 213 end"],
    );
    assert!(!has(&told, "expect"), "{told:?}");
}

#[test]
fn a_line_within_a_greeting_logs_nobody_in_though_the_client_spoke_twice() {
    let mut tracker = tracker();
    let told = say(
        &mut tracker,
        &["S: 220-Welcome", "C: USER a", "S: 230 users are here", "C: PORT 192,0,2,1,10,1", "S: 220 ready", "S: 331 p"],
    );
    assert!(!has(&told, "logged in") && !has(&told, "expect"), "{told:?}");
}

#[test]
fn nothing_is_expected_before_the_server_has_said_anything() {
    let told = bytes(&mut tracker(), Peer::Client, b"\x16\x03\x03\x00\x00PORT 192,0,2,1,10,1\r\n");
    assert!(!has(&told, "expect"), "{told:?}");
    let told = bytes(&mut joined(), Peer::Client, b"\x16\x03\x03\x00\x00PORT 192,0,2,1,10,1\r\n");
    assert!(!has(&told, "expect"), "{told:?}");
    // The server has accepted AUTH, and says nothing more.
    let mut tracker = tracker();
    say(&mut tracker, &["S: 220 r", "C: AUTH TLS", "S: 234 ok"]);
    let told = bytes(&mut tracker, Peer::Client, b"\x16\x03\x03\x00\x00PORT 192,0,2,1,10,1\r\n");
    assert!(!has(&told, "expect"), "{told:?}");
}

#[test]
fn pieces_of_telnet_dont_matter_where_a_line_waits_for_the_login() {
    let said = b"\xff\xfb\x01PORT 192,0,2,1,10,1\r\n";
    let read = [0, 1, 2, 3].map(|cut| {
        let mut rewrite = Rewrite::new(tracker());
        line(&mut rewrite, "S: 220 ready");
        line(&mut rewrite, "C: USER anna");
        let mut read = Vec::new();
        for piece in [&said[..cut], &said[cut..]].into_iter().filter(|piece| !piece.is_empty()) {
            read.extend(go(&mut rewrite, Peer::Client, piece).1);
        }
        read.extend(line(&mut rewrite, "S: 230 in").1);
        read.escape_ascii().to_string()
    });
    assert_eq!(read, [r"\xff\xfb\x01PORT 203,0,113,7,195,80\r\n"; 4]);
}

#[test]
fn telnet_in_front_of_a_line_that_waits_goes_on() {
    let mut rewrite = Rewrite::new(tracker());
    line(&mut rewrite, "S: 220 ready");
    line(&mut rewrite, "C: USER anna");
    // The server asks (RFC 860), and answers the login behind the client's answer.
    go(&mut rewrite, Peer::Server, b"\xff\xfd\x06");
    let read = go(&mut rewrite, Peer::Client, b"\xff\xfc\x06PORT 192,0,2,1,10,1\r\n").1;
    assert_eq!(read.escape_ascii().to_string(), r"\xff\xfc\x06");
}

#[test]
fn the_rest_of_a_line_is_no_other_protocol() {
    let mut first = logged_in();
    first.gap(Peer::Client, 10); // STOR how to
    let mut second = logged_in();
    second.gap(Peer::Client, 10);
    let long = format!("C: {}", "a".repeat(9000));
    for (mut tracker, rest) in [(first, "C: get it.txt"), (second, long.as_str()), (joined(), "C: get it.txt")] {
        say(&mut tracker, &[rest, "S: 150 ok", "S: 226 ok", "C: USER anna", "S: 331 p", "C: PASS x", "S: 230 in"]);
        let told = say_data(&mut tracker, &["C: PORT 192,0,2,1,10,1"]);
        assert!(has(&told, "expect"), "{told:?}");
    }
}

#[test]
fn a_negative_reply_that_names_abor_is_not_the_end_of_the_transfer() {
    for reply in ["S: 502 ABOR not implemented", "S: 500 'ABOR': command not understood."] {
        let mut tracker = logged_in();
        say(&mut tracker, &["C: EPSV", "S: 229 (|||4711|)", "C: RETR f", "S: 150 ok", "C: ABOR", reply]);
        assert_eq!(tracker.expectations().count(), 1, "{reply}");
        assert!(has(&say(&mut tracker, &["S: 226 done"]), "ended RETR f by Server 226"));
    }
}

#[test]
fn a_421_ends_the_session_too_where_a_reply_before_it_has_no_end() {
    let mut tracker = logged_in();
    say(&mut tracker, &["C: PASV", "S: 227 (192,0,2,2,10,1)", "C: STAT", "S: 211-x"]);
    tracker.gap(Peer::Server, 10);
    say(&mut tracker, &["C: NOOP", "S: 421 bye", "C: NOOP"]);
    assert_eq!(tracker.expectations().count(), 0);
}

#[test]
fn a_transfer_is_assigned_once() {
    for other in ["C: ALGS STATUS64", "C: EPSV 7"] {
        let tracker = Tracker::new(std::sync::Arc::default(), at("[2001:db8::1]:40000"), at("192.0.2.2:21"));
        let mut rewrite = Rewrite::translating(tracker, Translation::Client6);
        let lines = [
            "S: 220 r",
            "C: USER a",
            "S: 230 in",
            "C: EPSV",
            "S: 227 (192,0,2,2,18,103)",
            "C: RETR f",
            "S: 150 ok",
            other,
        ];
        let told: Vec<_> = lines.iter().flat_map(|said| line(&mut rewrite, said).0).collect();
        assert_eq!(told.iter().filter(|told| told.starts_with("assigned")).count(), 1, "{told:?}");
    }
}

#[test]
fn a_200_is_no_usual_reply_to_an_epsv_without_all() {
    let mut tracker = logged_in();
    let told = say(&mut tracker, &["C: EPSV", "C: NOOP", "S: 200 ok"]);
    assert!(told.contains(&"< NOOP 200".into()), "{told:?}");
}

#[test]
fn rest_is_for_one_transfer() {
    let mut tracker = logged_in();
    say(&mut tracker, &["C: EPSV", "S: 229 (|||4711|)", "C: REST 100", "S: 350 ok"]);
    bytes(&mut tracker, Peer::Client, b"RETR a\r\nRETR b\r\n");
    let told = say_data(&mut tracker, &["S: 550 no", "S: 150 ok", "S: 226 ok"]);
    assert!(!has(&told, "ended RETR b from 100"), "{told:?}");
}

#[test]
fn where_a_transfer_begins_is_known_though_a_rest_for_the_next_was_said() {
    let mut tracker = logged_in();
    bytes(&mut tracker, Peer::Client, b"REST 100\r\nRETR a\r\nREST 200\r\nRETR b\r\n");
    assert_eq!(say_data(&mut tracker, &["S: 350 ok", "S: 150 ok"]), ["begun RETR a from 100 by Server"]);
}

#[test]
fn an_address_is_told_of_behind_a_421_that_was_not_the_end() {
    let mut tracker = logged_in();
    let told = say_data(&mut tracker, &["C: LIST", "S: 421 too many transfers", "C: PORT 192,0,2,1,10,1"]);
    assert!(has(&told, "expect") || has(&told, "refused"), "{told:?}");
}

#[test]
fn a_user_who_was_refused_hasnt_logged_in() {
    let mut tracker = tracker();
    let lines = ["S: 220 r", "C: USER anna", "S: 331 p", "C: USER bob", "S: 530 no", "C: PASS x", "S: 230 in"];
    let told = say(&mut tracker, &lines);
    assert!(!told.contains(&"logged in bob".into()), "{told:?}");
}
