//! The session's table against dialogues.

use super::*;
use crate::command::EpsvArgument;
use alloc::vec::Vec;

/// Says commands and replies, `>` and `<`, and tells what each came to.
fn told(session: &mut Session, dialogue: &[&str]) -> Vec<std::string::String> {
    let tell = |line: &&str| match line.split_at(2) {
        ("> ", command) => match session.command(&Command::parse(command.as_bytes()).unwrap()) {
            Ok(()) => "ok".into(),
            Err(disorder) => std::format!("{disorder:?}"),
        },
        (_, code) => match session.reply(Code::new(code.parse().unwrap()).unwrap()) {
            Some(Answer { awaited: Awaited::Greeting, step }) => std::format!("greeting {step:?}"),
            Some(Answer { awaited: Awaited::Command(verb), step }) => std::format!("{verb} {step:?}"),
            None => "unsolicited".into(),
        },
    };
    dialogue.iter().map(tell).collect()
}

fn logged_in() -> Session {
    let mut session = Session::new();
    told(&mut session, &["< 220", "> USER a", "< 331", "> PASS b", "< 230"]);
    assert_eq!(session.login(), Login::Complete);
    session
}

#[test]
fn the_login_goes_every_way_of_the_rfc() {
    for (dialogue, login) in [
        (&["< 220", "> USER a", "< 230"][..], Login::Complete),
        (&["< 120", "< 220", "> USER a", "< 331", "> PASS b", "< 230"], Login::Complete),
        (&["< 220", "> USER a", "< 331", "> PASS b", "< 332", "> ACCT c", "< 230"], Login::Complete),
        (&["< 220", "> USER a", "< 332", "> ACCT c", "< 202"], Login::Complete),
        (&["< 220", "> USER a", "< 331", "> PASS b", "< 202"], Login::Complete),
        (&["< 220", "> USER a", "< 331", "> PASS b", "< 530"], Login::Nobody),
        (&["< 220", "> USER a", "< 530"], Login::Nobody),
        (&["< 220", "> USER a", "< 336"], Login::Password),
    ] {
        let mut session = Session::new();
        let told = told(&mut session, dialogue);
        assert_eq!(session.login(), login, "{dialogue:?}");
        assert!(told.iter().all(|word| word != "unsolicited"), "{dialogue:?}: {told:?}");
        assert_eq!(session.due(), 0, "{dialogue:?}");
    }
}

#[test]
fn what_is_out_of_order_is_said_with_its_code() {
    let first = |mut session: Session, line: &str| session.command(&Command::parse(line.as_bytes()).unwrap());
    assert_eq!(first(Session::new(), "RETR a"), Err(OutOfOrder::NotLoggedIn));
    assert_eq!(first(Session::new(), "PASS a"), Err(OutOfOrder::BadSequence));
    assert_eq!(first(Session::new(), "PROT P"), Err(OutOfOrder::BadSequence));
    assert_eq!(first(logged_in(), "RNTO a"), Err(OutOfOrder::BadSequence));
    assert_eq!(first(logged_in(), "HOST a"), Err(OutOfOrder::BadSequence));
    assert_eq!(first(logged_in(), "RETR a"), Err(OutOfOrder::NoDataConnection));
    assert_eq!(first(logged_in(), "NOOP"), Ok(()));
    let codes = [OutOfOrder::NotLoggedIn, OutOfOrder::BadSequence, OutOfOrder::NoDataConnection].map(OutOfOrder::code);
    assert_eq!(codes.map(Code::value), [530, 503, 425]);
}

#[test]
fn rnto_follows_rnfr_and_nothing_else() {
    let mut session = logged_in();
    assert_eq!(
        told(&mut session, &["> RNFR a", "< 350", "> RNTO b", "< 250"]),
        ["ok", "RNFR Continue", "ok", "RNTO Success"]
    );
    assert_eq!(told(&mut session, &["> RNFR a", "< 350", "> NOOP", "< 200", "> RNTO b"])[4], "BadSequence");
    let mut session = logged_in();
    assert_eq!(told(&mut session, &["> RNFR a", "< 550", "> RNTO b"])[2], "BadSequence");
}

#[test]
fn a_pipelined_rename_is_over_with_its_rnto() {
    let mut session = logged_in();
    assert_eq!(told(&mut session, &["> RNFR a", "> RNTO b", "< 350", "< 250", "> RNTO c"])[4], "BadSequence");
    assert_eq!(told(&mut session, &["< 503", "> RNFR a", "> NOOP", "< 350", "< 200", "> RNTO b"])[5], "BadSequence");
}

#[test]
fn after_ccc_the_protection_of_data_stays_as_it_is() {
    let mut session = logged_in();
    told(&mut session, &["> AUTH TLS", "< 234", "> PBSZ 0", "< 200", "> PROT P", "< 200", "> USER a", "< 230"]);
    assert_eq!(told(&mut session, &["> CCC", "< 200"]), ["ok", "CCC Success"]);
    assert_eq!(session.protection(), Protection::Private);
    assert_eq!(
        told(&mut session, &["> PBSZ 0", "< 503", "> PROT C", "< 503", "> MIC a", "< 503"]),
        ["BadSequence", "PBSZ Failure", "BadSequence", "PROT Failure", "BadSequence", "MIC Failure",]
    );
}

#[test]
fn a_transfer_spends_its_data_connection_and_its_offset() {
    let mut session = logged_in();
    told(&mut session, &["> PASV", "< 227", "> REST 7", "< 350"]);
    assert_eq!((session.setup(), session.restart()), (Setup::Passive, 7));
    told(&mut session, &["> RETR a", "< 150"]);
    assert!(session.transferring());
    told(&mut session, &["< 226"]);
    assert_eq!((session.setup(), session.restart(), session.transferring()), (Setup::None, 0, false));
}

#[test]
fn amid_a_transfer_each_reply_finds_its_command() {
    let mut session = logged_in();
    let told = told(
        &mut session,
        &["> EPSV", "< 229", "> RETR a", "< 150", "> NOOP", "> STAT", "< 200", "< 211", "< 226", "> NOOP", "< 200"],
    );
    assert_eq!(told[6..], ["NOOP Success", "STAT Success", "RETR Success", "ok", "NOOP Success"]);
}

#[test]
fn all_four_orders_of_replies_to_an_abort_are_understood() {
    let start = ["> EPSV", "< 229", "> RETR a", "< 150", "> ABOR"];
    for (replies, due) in
        [(&["< 426", "< 226"][..], 0), (&["< 226", "< 226"], 0), (&["< 225"], 1), (&["< 426", "< 225"], 0)]
    {
        let mut session = logged_in();
        told(&mut session, &start);
        let told = told(&mut session, replies);
        assert!(told.iter().all(|word| word != "unsolicited"), "{replies:?}: {told:?}");
        assert_eq!(session.due(), due, "{replies:?}");
    }
    // 226 alone, and then the next command: its reply is not taken for the ABOR's.
    let mut session = logged_in();
    told(&mut session, &start);
    assert_eq!(told(&mut session, &["< 226", "> PWD", "< 257"]), ["RETR Success", "ok", "PWD Success"]);
    assert_eq!(session.due(), 0);
}

#[test]
fn a_late_reply_is_not_taken_for_the_next_commands() {
    let mut session = logged_in();
    for late in ["< 226", "< 426", "< 150", "< 227", "< 331", "< 257"] {
        assert_eq!(told(&mut session, &[late]), ["unsolicited"], "nothing is due");
        assert_eq!(told(&mut session, &["> NOOP", late]), ["ok", "unsolicited"], "{late}");
        assert_eq!(told(&mut session, &["< 200"]), ["NOOP Success"]);
    }
}

#[test]
fn epsv_all_closes_every_other_way() {
    let mut session = logged_in();
    told(&mut session, &["> EPSV ALL", "< 200"]);
    for line in ["PASV", "PORT 1,2,3,4,5,6", "EPRT |1|1.2.3.4|5|", "LPSV"] {
        assert_eq!(session.command(&Command::parse(line.as_bytes()).unwrap()), Err(OutOfOrder::OnlyEpsv), "{line}");
    }
    assert_eq!(session.command(&Command::Epsv(EpsvArgument::Any)), Ok(()));
}

#[test]
fn auth_and_rein_void_what_was_said_before() {
    let mut session = logged_in();
    told(&mut session, &["> TYPE I", "< 200", "> AUTH TLS", "< 234"]);
    assert_eq!((session.login(), session.representation()), (Login::Nobody, Type::Ascii(None)));
    assert_eq!(told(&mut session, &["> PROT P", "< 503", "> PBSZ 0", "< 200", "> PROT P", "< 200"])[0], "BadSequence");
    assert_eq!(session.protection(), Protection::Private);
    told(&mut session, &["> USER a", "< 230", "> REIN", "< 220"]);
    assert_eq!(session, {
        let mut new = Session::new();
        new.reply(Code::SERVICE_READY);
        new
    });
}

#[test]
fn what_is_due_is_bounded() {
    let mut session = logged_in();
    let advice: Vec<_> = (0..100).map(|_| session.command(&Command::Noop)).collect();
    assert_eq!(advice.iter().filter(|advice| advice.is_ok()).count(), DUE_LIMIT);
    assert_eq!(advice.last(), Some(&Err(OutOfOrder::TooManyDue)));
}

#[test]
fn a_reply_that_cannot_be_read_is_no_login() {
    let mut session = Session::new();
    told(&mut session, &["< 220", "> USER a", "< 331", "> PASS b", "< 632"]);
    assert_eq!(session.login(), Login::Nobody);
}
