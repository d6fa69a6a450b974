//! What captures of other projects and odd dialogues have shown, each as small as can be.

use ftp_proto::tracker::{Event, Peer, Rules, Tracker};

use crate::{bytes, has, joined, logged_in, logged_in_with, say, say_data, tracker};

/// TLS that is over at once, as a client's CCC ends it.
fn tls_and_ccc(tracker: &mut Tracker) {
    say(tracker, &["C: AUTH TLS", "S: 234 ok"]);
    for from in [Peer::Client, Peer::Server] {
        bytes(tracker, from, b"\x16\x03\x03\x00\x02ab\x15\x03\x03\x00\x02ab");
    }
}

#[test]
fn a_line_within_a_reply_announces_nothing_though_the_client_spoke_meanwhile() {
    let mut tracker = logged_in();
    let told = say(
        &mut tracker,
        &["C: STAT d", "S: 213-status", "C: PASV", "S: 200 x", "S: 227 (192,0,2,2,10,1)", "S: 213 end"],
    );
    assert!(!has(&told, "expect"), "{told:#?}");
}

#[test]
fn a_line_within_a_greeting_logs_nobody_in() {
    let mut tracker = tracker();
    let told = say(
        &mut tracker,
        &["S: 220-Welcome", "C: USER a", "S: 230 users are here", "S: 220 ready", "S: 331 p", "C: PORT 192,0,2,1,10,1"],
    );
    assert!(!has(&told, "logged in") && !has(&told, "expect"), "{told:#?}");
}

#[test]
fn a_line_within_a_greeting_blinds_nobody() {
    let mut tracker = tracker();
    let told = say(&mut tracker, &["S: 220-Welcome", "C: AUTH TLS", "S: 234 users", "S: 220 ready", "S: 500 no"]);
    assert!(!has(&told, "blind"), "{told:#?}");
    assert_eq!(say(&mut tracker, &["C: USER a", "S: 230 in"]), ["> USER", "< USER 230", "logged in a"]);
}

#[test]
fn a_line_within_a_reply_whose_head_is_missing_announces_nothing() {
    let mut tracker = logged_in();
    bytes(&mut tracker, Peer::Client, b"STAT d\r\nPASV\r\n");
    tracker.gap(Peer::Server, 12);
    let told = say(&mut tracker, &["S: -rw-r--r-- a", "S: 227 (192,0,2,2,10,1)", "S: 213 end"]);
    assert!(!has(&told, "expect"), "{told:#?}");
}

#[test]
fn a_line_within_a_reply_announces_nothing_to_who_joined_amid_it() {
    let mut tracker = joined();
    let told = say(&mut tracker, &["S: -rw-r--r-- a", "C: PASV", "S: 227 (192,0,2,2,10,1)", "S: 213 end"]);
    assert!(!has(&told, "expect"), "{told:#?}");
}

#[test]
fn a_line_within_a_reply_that_is_too_long_announces_nothing() {
    let mut rules = Rules::default();
    rules.replies.reply = 100;
    let mut tracker = logged_in_with(rules);
    bytes(&mut tracker, Peer::Client, b"STAT d\r\nPASV\r\n");
    let mut told = bytes(&mut tracker, Peer::Server, &[b"213-status\r\n", &b"x"[..]].concat());
    told.extend(bytes(&mut tracker, Peer::Server, &[&b"x".repeat(100)[..], b"\r\n"].concat()));
    told.extend(say(&mut tracker, &["S: -rw-r--r-- a", "S: -rw-r--r-- b", "S: 227 (192,0,2,2,10,1)", "S: 213 end"]));
    assert!(has(&told, "lost ReplyTooLong") && !has(&told, "expect"), "{told:#?}");
}

#[test]
fn a_reply_that_is_too_long_is_the_same_whatever_the_cuts() {
    let mut rules = Rules::default();
    rules.replies.reply = 100;
    let wire = [&b"211-x\r\n"[..], &b" y\r\n".repeat(40), b"211 end\r\n200 next\r\n"].concat();
    let told = |cut: usize| {
        let mut tracker = logged_in_with(rules.clone());
        say(&mut tracker, &["C: FEAT"]);
        wire.chunks(cut).flat_map(|piece| bytes(&mut tracker, Peer::Server, piece)).collect::<Vec<_>>()
    };
    assert_eq!(told(1), told(usize::MAX));
}

#[test]
fn no_two_expectations_of_a_session_have_the_same_identity() {
    let mut tracker = logged_in();
    let mut ids = Vec::new();
    for _ in 0..2 {
        for (from, line) in [(Peer::Client, "PASV\r\n"), (Peer::Server, "227 (192,0,2,2,10,1)\r\n")] {
            tracker.received(from, line.as_bytes());
            while let Some(event) = tracker.poll() {
                if let Event::Expect(expected) = event {
                    ids.push(expected.id);
                }
            }
        }
        if ids.len() < 2 {
            tls_and_ccc(&mut tracker);
            say(&mut tracker, &["C: TYPE I", "S: 200 Type I", "C: PWD", "S: 257 \"/\""]);
        }
    }
    assert_eq!(ids.len(), 2);
    assert_ne!(ids[0], ids[1]);
}

#[test]
fn who_was_logged_in_is_told_and_not_who_was_named_last() {
    let mut tracker = tracker();
    say(&mut tracker, &["S: 220 r"]);
    bytes(&mut tracker, Peer::Client, b"USER anna\r\nPASS 1\r\nUSER bob\r\nPASS 2\r\n");
    let told = say(&mut tracker, &["S: 331 p", "S: 230 in", "S: 331 p", "S: 530 no"]);
    assert!(told.contains(&"logged in ?".into()), "{told:#?}");
}

#[test]
fn who_may_have_named_another_user_meanwhile_is_not_known() {
    let mut tracker = tracker();
    say(&mut tracker, &["S: 220 r", "C: USER anna", "S: 331 p", "C: PASS 1", "S: 530 no"]);
    tracker.gap(Peer::Client, 10); // USER bob
    let told = say(&mut tracker, &["S: 331 p", "C: PASS 2", "S: 230 in"]);
    assert!(told.contains(&"logged in ?".into()), "{told:#?}");
}

#[test]
fn a_negative_reply_amid_a_transfer_is_not_its_end() {
    for asked in ["ABOR", "STAT", "NOOP"] {
        let mut tracker = logged_in();
        say(&mut tracker, &["C: EPSV", "S: 229 (|||4711|)", "C: RETR f", "S: 150 ok"]);
        let told = say(&mut tracker, &[&format!("C: {asked}"), "S: 502 no"]);
        assert_eq!(told, [format!("> {asked}"), format!("< {asked} 502")]);
        assert_eq!(tracker.expectations().count(), 1);
        let told = say(&mut tracker, &["S: 226 done"]);
        assert_eq!(told, ["< RETR 226", "ended RETR f by Server 226", "withdrawn 192.0.2.2:4711 Over"]);
    }
}

#[test]
fn where_a_pipelined_rest_lets_it_begin_is_told() {
    let mut tracker = logged_in();
    say(&mut tracker, &["C: EPSV", "S: 229 (|||4711|)"]);
    bytes(&mut tracker, Peer::Client, b"REST 100\r\nRETR f\r\n");
    let told = say_data(&mut tracker, &["S: 350 ok", "S: 150 ok"]);
    assert_eq!(told, ["begun RETR f from 100 by Server"]);
    // RANG says it otherwise.
    let mut tracker = logged_in();
    let told = say_data(&mut tracker, &["C: RANG 5 10", "S: 350 ok", "C: RETR f", "S: 150 ok", "S: 226 ok"]);
    assert_eq!(told, ["begun RETR f from ? by Server", "ended RETR f from ? by Server 226"]);
    assert_eq!(say_data(&mut tracker, &["C: RETR f", "S: 150 ok"]), ["begun RETR f by Server"]);
}

#[test]
fn another_protocol_is_known_too_where_the_login_was_not_seen() {
    let http = ["C: POST / HTTP/1.1", "S: 500 what", "C: Host: x", "S: 500 what", "C: USER a", "S: 230 in"];
    let mut first = joined();
    say(&mut first, &http);
    let told = say_data(&mut first, &["C: PORT 192,0,2,1,10,1"]);
    assert_eq!(told, ["refused 192.0.2.1:2561 OtherProtocol"]);
    let mut second = tracker();
    say(&mut second, &["S: 220 r"]);
    second.gap(Peer::Client, 10);
    say(&mut second, &http);
    let told = say_data(&mut second, &["C: PORT 192,0,2,1,10,1"]);
    assert_eq!(told, ["refused 192.0.2.1:2561 OtherProtocol"]);
}

#[test]
fn what_was_not_recorded_has_an_end_once_step_is_found() {
    let mut tracker = logged_in();
    bytes(&mut tracker, Peer::Client, &b"NOOP\r\n".repeat(64));
    say(&mut tracker, &["C: PORT 192,0,2,1,10,1", "C: RETR a"]);
    bytes(&mut tracker, Peer::Server, &b"200 ok\r\n".repeat(65));
    say(&mut tracker, &["S: 150 ok", "S: 226 ok", "C: NOOP", "S: 200 ok", "C: PWD", "S: 257 \"/\""]);
    assert!(tracker.is_in_step());
    assert_eq!(tracker.expectations().count(), 0, "nothing is due any more");
}

#[test]
fn epsv_all_is_answered_by_its_200_also_if_another_command_follows_at_once() {
    let mut tracker = logged_in();
    bytes(&mut tracker, Peer::Client, b"EPSV ALL\r\nNOOP\r\n");
    assert!(say(&mut tracker, &["S: 200 ok", "S: 200 ok"]).contains(&"answered 200".into()));
    let told = say_data(&mut tracker, &["C: PORT 192,0,2,1,10,1"]);
    assert_eq!(told, ["refused 192.0.2.1:2561 EpsvAll"]);
}

#[test]
fn nothing_is_expected_behind_an_epsv_all_that_waits_for_its_answer() {
    let mut tracker = logged_in();
    let told = bytes(&mut tracker, Peer::Client, b"EPSV ALL\r\nPORT 192,0,2,1,10,1\r\n");
    assert!(!has(&told, "expect"), "{told:#?}");
}

#[test]
fn a_transfer_that_waits_for_another_is_not_assigned_that_ones_name() {
    let mut tracker = logged_in();
    say(&mut tracker, &["C: EPSV", "S: 229 (|||4711|)"]);
    let mut told = bytes(&mut tracker, Peer::Client, b"RETR a\r\nRETR b\r\nRETR c\r\n");
    told.extend(say_data(&mut tracker, &["S: 550 no", "S: 150 ok"]));
    told.retain(|told| told.starts_with("assigned"));
    assert_eq!(told, ["assigned 192.0.2.2:4711 to RETR a by Server", "assigned 192.0.2.2:4711 to RETR b by Server"]);
}

#[test]
fn the_only_reply_to_an_abort_ends_its_transfer() {
    for text in ["S: 225 abort successful", "S: 225 ABOR command successful", "S: 226 ABOR command successful"] {
        let mut tracker = logged_in();
        say(&mut tracker, &["C: EPSV", "S: 229 (|||4711|)", "C: RETR f", "S: 150 ok"]);
        let told = say(&mut tracker, &["C: ABOR", text, "C: CWD d", "S: 250 ok"]);
        assert!(!has(&told, "lost") && told.contains(&"< CWD 250".into()), "{told:#?}");
        assert_eq!(tracker.expectations().count(), 0);
    }
}

#[test]
fn a_data_connection_is_not_called_unprotected_while_a_prot_waits_for_its_answer() {
    let mut rules = Rules::default();
    rules.decrypted = true;
    let mut tracker = logged_in_with(rules);
    let told = bytes(&mut tracker, Peer::Client, b"PBSZ 0\r\nPROT P\r\nPORT 192,0,2,1,10,1\r\nRETR f\r\n");
    assert!(!told.contains(&"expect Server 192.0.2.2 to 192.0.2.1:2561".into()), "{told:#?}");
}

#[test]
fn a_port_is_expected_as_soon_as_ccc_gives_sight() {
    let mut tracker = logged_in();
    tls_and_ccc(&mut tracker);
    let told = say_data(&mut tracker, &["C: PORT 192,0,2,1,10,1"]);
    assert!(has(&told, "expect"), "{told:#?}");
}

#[test]
fn a_setup_that_was_refused_leaves_the_one_before_it_to_the_transfer() {
    let mut tracker = logged_in();
    say(&mut tracker, &["C: EPSV", "S: 229 (|||4711|)"]);
    bytes(&mut tracker, Peer::Client, b"PORT 192,0,2,1,10,1\r\nRETR f\r\n");
    say(&mut tracker, &["S: 500 PORT no", "S: 150 ok", "S: 226 ok"]);
    assert_eq!((tracker.setup(), tracker.expectations().count()), (Some(ftp_proto::session::Setup::None), 0));
}

#[test]
fn a_transfer_does_not_end_with_the_reply_to_a_command_that_is_missing() {
    for (missing, reply) in [(5, "S: 257 \"/\""), (8, "S: 200 Type I"), (24, "S: 500 OOPS: no data")] {
        let mut tracker = logged_in();
        say(&mut tracker, &["C: EPSV", "S: 229 (|||4711|)", "C: LIST", "S: 150 ok"]);
        tracker.gap(Peer::Server, 24); // 226
        tracker.gap(Peer::Client, missing);
        let told = say(&mut tracker, &[reply, "C: NOOP", "S: 200 NOOP ok"]);
        let ended: Vec<_> = told.iter().filter(|told| told.starts_with("ended")).collect();
        assert_eq!(ended, ["ended LIST by Server ?"], "{reply}: {told:#?}");
        assert!(!has(&told, "answered"), "{told:#?}");
    }
}

#[test]
fn a_reply_that_fits_nothing_due_answers_nothing_where_a_command_is_missing() {
    let mut tracker = logged_in();
    say(&mut tracker, &["C: TYPE A"]);
    tracker.gap(Peer::Server, 8); // 200
    tracker.gap(Peer::Client, 6); // PASV
    let told = say(&mut tracker, &["S: 227 (192,0,2,2,10,1)", "C: LIST", "S: 150 ok"]);
    assert!(!has(&told, "answered"), "{told:#?}");
}

#[test]
fn another_protocol_is_known_too_behind_a_greeting_that_needs_no_login() {
    let mut tracker = tracker();
    let told = say_data(
        &mut tracker,
        &["S: 230 in", "C: POST / HTTP/1.1", "S: 500 what", "C: Host: x", "C: PORT 192,0,2,1,10,1"],
    );
    assert!(!has(&told, "expect"), "{told:#?}");
}

#[test]
fn another_protocol_is_known_by_a_line_that_is_too_long_as_well() {
    let mut tracker = tracker();
    let line = format!("C: POST /{} HTTP/1.1", "a".repeat(5000));
    let told =
        say_data(&mut tracker, &["S: 220 r", &line, "S: 500 what", "C: USER a", "S: 230 in", "C: PORT 192,0,2,1,10,1"]);
    assert!(!has(&told, "expect"), "{told:#?}");
}

#[test]
fn a_331_that_nobody_asked_for_names_another_user() {
    let mut tracker = tracker();
    say(&mut tracker, &["S: 220 r", "C: USER anna", "S: 331 p", "C: PASS 1", "S: 530 no"]);
    // USER bob isn't seen.
    let told = say(&mut tracker, &["S: 331 p", "C: PASS 2", "S: 230 in"]);
    assert!(told.contains(&"logged in ?".into()), "{told:#?}");
}

#[test]
fn a_1yz_to_another_command_is_no_transfer() {
    for asked in ["CRCX f", "SITE CRC f"] {
        let mut tracker = logged_in();
        let told =
            say(&mut tracker, &[&format!("C: {asked}"), "S: 150 computing", "S: 250 abc", "C: PWD", "S: 257 \"/\""]);
        assert!(!has(&told, "< ?") && !has(&told, "lost") && !has(&told, "begun"), "{told:#?}");
    }
}
