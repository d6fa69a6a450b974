//! Bytes that are missing, and sessions that have begun already. `tests/replay/tracked.rs` has the scores.

use ftp_proto::tracker::Peer;

use crate::*;

#[test]
fn a_reply_that_was_missed_is_found_out_by_the_next() {
    let mut tracker = logged_in();
    let told =
        say(&mut tracker, &["C: CWD a", "C: TYPE I", "S: 200 Switching to Binary mode.", "C: PWD", "S: 257 \"/a\""]);
    assert_eq!(told, ["> CWD", "> TYPE", "< TYPE 200", "lost Unanswered", "found", "> PWD", "< PWD 257"]);
}

#[test]
fn what_fits_two_commands_is_withheld_until_it_is_known() {
    // The client goes on: it has its reply.
    let mut tracker = logged_in();
    let told = say(&mut tracker, &["C: DELE a", "C: DELE b", "S: 250 gone", "C: DELE c", "S: 250 gone"]);
    let expected = ["> DELE", "> DELE", "< ? 250", "lost Ambiguous", "> DELE", "< DELE 250", "found"];
    assert_eq!(told, expected);
    // Another reply comes: it pipelines, and nothing was lost.
    let mut tracker = logged_in();
    let told = say(&mut tracker, &["C: DELE a", "C: DELE b", "S: 250 gone", "S: 550 no"]);
    assert_eq!(told, ["> DELE", "> DELE", "< ? 250", "lost Ambiguous", "< DELE 550", "answered 250", "found"]);
}

#[test]
fn a_client_that_pipelines_is_known_by_its_third_command() {
    let mut tracker = logged_in();
    let told = say(&mut tracker, &["C: NOOP", "C: NOOP", "C: NOOP", "S: 200 1", "S: 200 2", "S: 200 3"]);
    assert_eq!(told, ["> NOOP", "> NOOP", "> NOOP", "< NOOP 200", "< NOOP 200", "< NOOP 200"]);
}

#[test]
fn a_hundred_commands_at_once_are_told_and_answered_in_order() {
    let mut tracker = logged_in();
    let lines = vec!["C: NOOP"; 100];
    assert!(say(&mut tracker, &lines).contains(&"lost TooManyDue".into()));
    let answers = say(&mut tracker, &vec!["S: 200 ok"; 100]);
    assert_eq!(answers.iter().filter(|told| *told == "< NOOP 200").count(), 64);
    assert_eq!(answers.last().unwrap(), "found");
    assert_eq!(say(&mut tracker, &["C: PWD", "S: 257 \"/\""]), ["> PWD", "< PWD 257"]);
}

#[test]
fn a_reply_to_nothing_is_a_command_that_was_missed() {
    let mut tracker = logged_in();
    let told = say(&mut tracker, &["S: 250 moved", "C: PWD", "S: 257 \"/\""]);
    assert_eq!(told, ["< ? 250", "lost Unsolicited", "> PWD", "< PWD 257", "found"]);
    // A time-out and a goodbye, behind a client that has closed its side, are what servers say unasked.
    assert_eq!(say(&mut tracker, &["S: 421 Timeout."]), ["< ? 421"]);
    let mut tracker = logged_in();
    bytes(&mut tracker, Peer::Client, b"");
    assert_eq!(say(&mut tracker, &["S: 221 You could at least say goodbye."]), ["< ? 221"]);
}

#[test]
fn a_reply_of_many_lines_whose_end_is_missing_ends_with_the_next() {
    let mut tracker = logged_in();
    let told = say(
        &mut tracker,
        &["C: FEAT", "S: 211-Features:", "S:  MDTM", "C: PWD", "S: 257 \"/\"", "C: NOOP", "S: 200 ok"],
    );
    // Until the client goes on it may be a line of that reply.
    assert_eq!(told[..5], ["> FEAT", "> PWD", "< ? 257", "answered 211", "lost Unanswered"]);
    assert_eq!(told[5..], ["> NOOP", "answered 257", "found", "< NOOP 200"]);
}

#[test]
fn nothing_is_expected_out_of_a_line_of_which_a_part_is_missing() {
    let mut tracker = logged_in();
    bytes(&mut tracker, Peer::Client, b"STOR a-name-with-a-");
    tracker.gap(Peer::Client, 3);
    assert_eq!(rest(&mut tracker), ["lost Gap"]);
    // The rest of a name.
    let told = bytes(&mut tracker, Peer::Client, b"PORT 192,0,2,1,18,103\r\n");
    assert_eq!(told, ["> PORT", "refused 192.0.2.1:4711 NotWhole"]);
    let told = say(&mut tracker, &["S: 550 no", "C: NOOP", "S: 200 NOOP ok", "C: EPSV", "S: 229 (|||4711|)"]);
    assert_eq!(told.last().unwrap(), "expect Client 192.0.2.1 to 192.0.2.2:4711 protected?", "{told:?}");
}

/// Whatever the server says to AUTH and REIN, nobody is logged in behind them who wasn't before.
#[test]
fn a_reply_that_was_missed_logs_nobody_in() {
    for command in ["C: AUTH TLS", "C: REIN"] {
        let mut tracker = tracker();
        let told =
            say(&mut tracker, &["S: 220 ready", command, "C: NOOP", "S: 200 NOOP ok.", "C: PORT 192,0,2,1,18,103"]);
        assert_eq!(told.last().unwrap(), "refused 192.0.2.1:4711 NotLoggedIn", "{told:?}");
        let mut tracker = crate::tracker();
        say(&mut tracker, &["S: 220 ready", command]);
        tracker.gap(Peer::Server, 20);
        let told = say(&mut tracker, &["C: NOOP", "S: 200 NOOP ok.", "C: PORT 192,0,2,1,18,103"]);
        assert_eq!(told.last().unwrap(), "refused 192.0.2.1:4711 NotLoggedIn", "{told:?}");
    }
}

#[test]
fn a_gap_in_what_the_server_says_forgets_only_what_was_due() {
    let mut tracker = logged_in();
    say(&mut tracker, &["C: TYPE I"]);
    tracker.gap(Peer::Server, 12);
    assert_eq!(rest(&mut tracker), ["lost Gap"]);
    let told = say(&mut tracker, &["C: EPSV", "S: 229 (|||4711|)", "C: EPSV", "S: 229 (|||4712|)"]);
    assert_eq!(told[..4], ["> EPSV", "< EPSV 229", "refused 192.0.2.2:4711 NotWhole", "found"]);
    assert_eq!(told.last().unwrap(), "expect Client 192.0.2.1 to 192.0.2.2:4712");
    assert_eq!((tracker.representation(), tracker.login().is_some()), (None, true));
}

#[test]
fn nothing_is_expected_out_of_the_first_line_after_joining() {
    for line in ["C: PORT 192,0,2,1,18,103", "C: EPRT |1|192.0.2.1|4711|"] {
        let mut tracker = joined();
        let told = say_data(&mut tracker, &[line]);
        assert_eq!(told, ["refused 192.0.2.1:4711 NotWhole"], "{line}");
    }
    let mut tracker = joined();
    let told = say_data(&mut tracker, &["C: NOOP", "C: PORT 192,0,2,1,18,103"]);
    assert_eq!(told, ["refused 192.0.2.1:4711 NotLoggedIn"], "and not before step is found");
    let told = say_data(&mut tracker, &["S: 200 NOOP ok.", "S: 200 PORT ok", "C: PORT 192,0,2,1,18,104"]);
    assert_eq!(told.last().unwrap(), "expect Server 192.0.2.2 to 192.0.2.1:4712 protected?", "{told:?}");
}

#[test]
fn a_reply_that_others_have_overtaken_was_missed() {
    let mut tracker = logged_in();
    let burst = ["C: SIZE a", "C: EPSV", "C: RETR a"];
    say(&mut tracker, &burst);
    // The 213 is missing.
    say(&mut tracker, &["S: 229 (|||4711|)", "S: 150 ok", "S: 226 ok"]);
    let told = say(&mut tracker, &burst);
    assert_eq!(told[..2], ["> SIZE", "lost Unanswered"]);
    let mut told = say(&mut tracker, &["S: 213 5", "S: 229 (|||4712|)", "S: 150 ok", "S: 226 ok"]);
    told.retain(|told| told.starts_with("< ") || told == "found");
    assert_eq!(told, ["< SIZE 213", "found", "< EPSV 229", "< RETR 150", "< RETR 226"]);
}

#[test]
fn a_transfer_that_goes_on_was_not_overtaken() {
    let mut tracker = logged_in();
    let lines =
        ["C: EPSV", "S: 229 (|||4711|)", "C: RETR a", "S: 150 ok", "C: NOOP", "S: 200 ok", "C: STAT", "S: 211 on"];
    say(&mut tracker, &lines);
    let told = say(&mut tracker, &["C: NOOP", "S: 200 ok", "S: 226 ok"]);
    assert_eq!(told[..4], ["> NOOP", "< NOOP 200", "< RETR 226", "ended RETR a by Server 226"]);
    assert!(tracker.is_in_step());
}

/// Behind its burst the client waits again, so that what goes on unanswered shows what was missed.
#[test]
fn who_has_pipelined_once_may_wait_from_then_on() {
    let mut tracker = logged_in();
    say(&mut tracker, &["C: NOOP", "C: NOOP", "C: PWD", "S: 200 ok", "S: 200 ok", "S: 257 \"/\""]);
    // The 550 to the first of them is missing.
    let told = say(&mut tracker, &["C: CWD a", "C: CWD b", "S: 550 no", "C: TYPE I", "S: 200 ok"]);
    assert_eq!(told, ["> CWD", "> CWD", "< ? 550", "lost Ambiguous", "> TYPE", "< TYPE 200", "found"]);
}

#[test]
fn a_transfer_whose_command_was_missed_begins_and_ends() {
    // Its data connection was seen, and the size.
    let mut tracker = logged_in();
    say(&mut tracker, &["C: EPSV", "S: 229 (|||4711|)"]);
    tracker.gap(Peer::Client, 8);
    let told = say_data(&mut tracker, &["S: 150 Opening (500 bytes)."]);
    let begun = "begun ? from ? of 500 bytes by ?";
    assert_eq!(told, ["lost Gap", begun, "assigned 192.0.2.2:4711 to ? from ? of 500 bytes by ?"]);
    let told = say_data(&mut tracker, &["S: 226 done"]);
    assert_eq!(told, ["ended ? from ? of 500 bytes by ? 226", "withdrawn 192.0.2.2:4711 Over", "found"]);
    // Joined amid it, and it fails.
    let mut tracker = joined();
    assert_eq!(say_data(&mut tracker, &["S: 150 go", "C: STAT", "S: 211 so far"]), ["begun ? from ? by ?", "found"]);
    assert_eq!(say_data(&mut tracker, &["S: 426 broken"]), ["ended ? from ? by ? 426"]);
    // Its end is missed.
    let mut tracker = logged_in();
    assert_eq!(say_data(&mut tracker, &["S: 150 go"]), ["lost Unsolicited", "begun ? from ? by ?"]);
    let told = say_data(&mut tracker, &["C: CWD a", "S: 250 done", "C: TYPE I", "S: 200 binary"]);
    assert!(told.contains(&"ended ? from ? by ? ?".into()), "{told:?}");
}
/// Servers answer a NOOP amid a transfer. Nothing else is answered before what was said earlier: if that is still due, its reply was missed.
#[test]
fn only_a_transfer_is_overtaken() {
    let mut tracker = tracker();
    say(&mut tracker, &["S: 220 ready", "C: USER anna", "S: 331 password", "C: PASS secret"]);
    let told = say(&mut tracker, &["C: NOOP", "C: NOOP", "S: 200 NOOP ok.", "C: CWD a", "S: 500 what?"]);
    assert_eq!(told, ["> NOOP", "> NOOP", "< NOOP 200", "> CWD", "lost Unanswered", "< NOOP 500", "found"]);
    let mut tracker = logged_in();
    let told = say(&mut tracker, &["C: EPSV", "S: 229 (|||4711|)", "C: RETR a", "S: 150 go", "C: NOOP", "S: 200 ok"]);
    assert_eq!(told[told.len() - 2..], ["> NOOP", "< NOOP 200"]);
    assert_eq!(say(&mut tracker, &["C: STAT", "S: 211 so far", "S: 226 done"])[..2], ["> STAT", "< STAT 211"]);
    assert!(tracker.is_in_step());
}

#[test]
fn a_refusal_that_its_command_often_gets_finds_step_again() {
    let mut tracker = logged_in();
    let told = say(&mut tracker, &["S: 250 moved", "C: CWD a", "S: 550 no such directory"]);
    assert_eq!(told, ["< ? 250", "lost Unsolicited", "> CWD", "< CWD 550", "found"]);
    let mut tracker = logged_in();
    let told = say(&mut tracker, &["S: 250 moved", "C: TYPE I", "S: 550 no such directory"]);
    assert_eq!(told, ["< ? 250", "lost Unsolicited", "> TYPE", "< ? 550"]);
}

/// What the client says behind the reply that is missing tells that the reply has come, even if that is missing, too.
#[test]
fn a_reply_behind_two_gaps_is_not_that_of_the_command_before_them() {
    let mut tracker = logged_in();
    say(&mut tracker, &["C: CWD a"]);
    tracker.gap(Peer::Server, 12); // 250
    tracker.gap(Peer::Client, 8); // DELE b
    let told = say(&mut tracker, &["S: 250 gone", "C: PWD", "S: 257 \"/\""]);
    assert_eq!(told, ["lost Gap", "< ? 250", "> PWD", "< PWD 257", "found"]);
    // The other way round the reply is still to come.
    let mut tracker = logged_in();
    say(&mut tracker, &["C: CWD a"]);
    tracker.gap(Peer::Client, 8);
    assert_eq!(say(&mut tracker, &["S: 250 there"])[1], "< CWD 250");
}

/// Its last reply has no end that was seen, and the client goes on.
#[test]
fn a_transfer_whose_command_was_missed_ends_with_its_own_reply() {
    let mut tracker = logged_in();
    say(&mut tracker, &["S: 150 go", "S: 226-all"]);
    let told = say(&mut tracker, &["C: PWD", "S: 257 \"/\""]);
    assert!(has(&told, "ended ? from ? by ? 226") && !has(&told, "answered 226"), "{told:?}");
}
