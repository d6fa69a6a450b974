//! The session's table against dialogues.

use super::*;
use crate::command::EpsvArgument;
use alloc::vec::Vec;

/// Feeds a session with commands (`>`) and replies (`<`), and gives the result of each.
fn told(session: &mut Session, dialogue: &[&str]) -> Vec<std::string::String> {
    let tell = |line: &&str| match line.split_at(2) {
        ("> ", command) => match session.command(&Command::parse(command.as_bytes()).unwrap()) {
            (_, Ok(())) => "ok".into(),
            (_, Err(disorder)) => std::format!("{disorder:?}"),
        },
        (_, code) => match session.reply(Code::new(code.parse().unwrap()).unwrap()) {
            Answered::Due { awaited: Awaited::Greeting, step, .. } => std::format!("greeting {step:?}"),
            Answered::Due { awaited: Awaited::Command(verb), step, .. } => std::format!("{verb} {step:?}"),
            Answered::Suspect { .. } => "suspect".into(),
            Answered::Unsolicited => "unsolicited".into(),
        },
    };
    dialogue.iter().map(tell).collect()
}

fn logged_in() -> Session {
    let mut session = Session::new();
    told(&mut session, &["< 220", "> USER a", "< 331", "> PASS b", "< 230"]);
    assert_eq!(session.login(), LoginState::Complete);
    session
}

#[test]
fn the_login_goes_every_way_of_the_rfc() {
    for (dialogue, login) in [
        (&["< 220", "> USER a", "< 230"][..], LoginState::Complete),
        (&["< 120", "< 220", "> USER a", "< 331", "> PASS b", "< 230"], LoginState::Complete),
        (&["< 220", "> USER a", "< 331", "> PASS b", "< 332", "> ACCT c", "< 230"], LoginState::Complete),
        (&["< 220", "> USER a", "< 332", "> ACCT c", "< 202"], LoginState::Complete),
        (&["< 220", "> USER a", "< 331", "> PASS b", "< 202"], LoginState::Complete),
        (&["< 220", "> USER a", "< 331", "> PASS b", "< 530"], LoginState::Nobody),
        (&["< 220", "> USER a", "< 530"], LoginState::Nobody),
        (&["< 220", "> USER a", "< 336"], LoginState::Password),
    ] {
        let mut session = Session::new();
        let told = told(&mut session, dialogue);
        assert_eq!(session.login(), login, "{dialogue:?}");
        assert!(told.iter().all(|word| word != "unsolicited"), "{dialogue:?}: {told:?}");
        assert_eq!(session.replies_due(), 0, "{dialogue:?}");
    }
}

#[test]
fn what_is_out_of_order_is_said_with_its_code() {
    let first = |mut session: Session, line: &str| session.command(&Command::parse(line.as_bytes()).unwrap()).1;
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
    assert_eq!((session.setup(), session.restart_offset()), (Setup::Passive, 7));
    told(&mut session, &["> RETR a", "< 150"]);
    assert!(session.is_transferring());
    told(&mut session, &["< 226"]);
    assert_eq!((session.setup(), session.restart_offset(), session.is_transferring()), (Setup::None, 0, false));
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
        assert_eq!(session.replies_due(), due, "{replies:?}");
    }
    // After 226 alone, the reply to the next command must not be taken for the ABOR's.
    let mut session = logged_in();
    told(&mut session, &start);
    assert_eq!(told(&mut session, &["< 226", "> PWD", "< 257"]), ["RETR Success", "ok", "PWD Success"]);
    assert_eq!(session.replies_due(), 0);
}

#[test]
fn a_late_reply_is_not_taken_for_the_next_commands() {
    let mut session = logged_in();
    for late in ["< 226", "< 426", "< 150", "< 227", "< 331", "< 257"] {
        assert_eq!(told(&mut session, &[late]), ["unsolicited"], "nothing is due");
        // A 1yz ends no command, so it can't be an answer with an odd code.
        let word = if late == "< 150" { "unsolicited" } else { "suspect" };
        assert_eq!(told(&mut session, &["> NOOP", late]), ["ok", word], "{late}");
        assert_eq!(told(&mut session, &["< 200"]), ["NOOP Success"]);
    }
}

#[test]
fn epsv_all_closes_every_other_way() {
    let mut session = logged_in();
    told(&mut session, &["> EPSV ALL", "< 200"]);
    for line in ["PASV", "PORT 1,2,3,4,5,6", "EPRT |1|1.2.3.4|5|", "LPSV"] {
        let (_, advice) = session.command(&Command::parse(line.as_bytes()).unwrap());
        assert_eq!(advice, Err(OutOfOrder::EpsvAll), "{line}");
    }
    assert_eq!(session.command(&Command::Epsv(EpsvArgument::Any)).1, Ok(()));
}

#[test]
fn auth_and_rein_void_what_was_said_before() {
    let mut session = logged_in();
    told(&mut session, &["> TYPE I", "< 200", "> AUTH TLS", "< 234"]);
    assert_eq!((session.login(), session.representation()), (LoginState::Nobody, Type::Ascii(None)));
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
    let advice: Vec<_> = (0..100).map(|_| session.command(&Command::Noop).1).collect();
    assert_eq!(advice.iter().filter(|advice| advice.is_ok()).count(), DUE_LIMIT);
    assert_eq!(advice.last(), Some(&Err(OutOfOrder::TooManyDue)));
}

#[test]
fn a_reply_that_cannot_be_read_is_no_login() {
    let mut session = Session::new();
    told(&mut session, &["< 220", "> USER a", "< 331", "> PASS b", "< 632"]);
    assert_eq!(session.login(), LoginState::Nobody);
}

#[test]
fn tls_is_where_commands_and_replies_have_put_it() {
    let after = |implicit: bool, dialogue: &[&str]| {
        let mut session = Session::new();
        if implicit {
            session.tls_began();
        }
        told(&mut session, &["< 220"]);
        told(&mut session, dialogue);
        (session.is_secured(), session.protection() == Protection::Private)
    };
    let login = ["> USER a", "< 230"];
    assert_eq!(after(false, &[]), (false, false));
    assert_eq!(after(false, &["> AUTH TLS", "< 504"]), (false, false));
    assert_eq!(after(false, &["> AUTH TLS", "< 234"]), (true, false));
    assert_eq!(after(false, &["> AUTH ssl", "< 234"]), (true, true), "as vsftpd and ProFTPD have it");
    assert_eq!(after(false, &["> AUTH TLS-P", "< 502"]), (false, false));
    let secured = ["> AUTH TLS", "< 234", "> PBSZ 0", "< 200", "> PROT P", "< 200", login[0], login[1]];
    assert_eq!(after(false, &secured), (true, true));
    assert_eq!(after(false, &[&secured[..], &["> CCC", "< 200"]].concat()), (false, true), "PROT stays");
    assert_eq!(after(false, &[&secured[..], &["> CCC", "< 534"]].concat()), (true, true));
    assert_eq!(after(false, &[&secured[..], &["> REIN", "< 220"]].concat()), (false, false));
    assert_eq!(after(true, &[]), (true, true));
    assert_eq!(after(true, &["> PBSZ 0", "< 200", "> PROT C", "< 200"]), (true, false));
    assert_eq!(after(true, &["> PBSZ 0", "< 200", "> PROT C", "< 200", "> REIN", "< 220"]), (true, true));
    assert_eq!(after(true, &["> CCC", "< 200", "> REIN", "< 220"]), (false, false));
}

#[test]
fn a_line_that_cannot_be_read_is_a_command_all_the_same() {
    let mut sent = Session::new();
    told(&mut sent, &["< 220", "> USER a", "< 230", "> REST 7", "< 350", "> EPSV", "< 229", "> RNFR a", "< 350"]);
    let mut received = sent.clone();
    for (verb, line, code) in [(Verb::Rnto, "RNTO b", 500), (Verb::Retr, "RETR f", 501), (Verb::User, "USER b", 500)] {
        let _ = sent.command(&Command::parse(line.as_bytes()).unwrap());
        assert_eq!(received.unreadable(verb).1, Ok(()));
        let code = Code::new(code).unwrap();
        assert_eq!(sent.reply(code), received.reply(code));
        assert_eq!(sent, received, "{line}");
    }
    assert_eq!((received.restart_offset(), received.login()), (0, LoginState::Complete));
    assert_eq!(received.command(&Command::parse(b"RNTO b").unwrap()).1, Err(OutOfOrder::BadSequence));
}

#[test]
fn a_reply_goes_to_the_command_that_it_can_only_answer() {
    let mut session = logged_in();
    let told = told(&mut session, &["> SIZE a", "> EPSV", "> RETR a", "< 229", "< 213", "< 150", "< 226"]);
    assert_eq!(told[3..], ["EPSV Success", "SIZE Success", "RETR Wait", "RETR Success"]);
    assert_eq!(session.replies_due(), 0);
}

#[test]
fn a_transfer_that_has_begun_ends_with_any_2yz_if_nothing_else_is_due() {
    for end in ["< 200", "< 211", "< 227", "< 257", "< 226"] {
        let mut session = logged_in();
        let told = told(&mut session, &["> EPSV", "< 229", "> RETR a", "< 150", end]);
        assert_eq!(told[4], "RETR Success", "{end}");
        assert_eq!((session.replies_due(), session.setup()), (0, Setup::None));
    }
    let mut session = logged_in();
    let told = told(&mut session, &["> EPSV", "< 229", "> RETR a", "< 200", "< 150", "> NOOP", "< 200", "< 331"]);
    assert_eq!(told[3..], ["suspect", "RETR Wait", "ok", "NOOP Success", "suspect"]);
}

#[test]
fn before_its_1yz_a_transfer_takes_any_2yz_of_its_own_in_its_turn() {
    let mut session = logged_in();
    let told = told(&mut session, &["> EPSV", "< 229", "> RETR a", "> NOOP", "< 299", "< 200"]);
    assert_eq!(told[4..], ["RETR Success", "NOOP Success"]);
    let mut session = logged_in();
    let told = self::told(&mut session, &["> EPSV", "< 229", "> RETR a", "> NOOP", "< 150", "< 299", "< 226"]);
    assert_eq!(told[4..], ["RETR Wait", "NOOP Success", "RETR Success"]);
}

#[test]
fn a_421_or_a_221_ends_the_session_whatever_it_answers() {
    for end in ["< 421", "< 221"] {
        for before in [&[][..], &["> NOOP"], &["> QUIT"], &["> EPSV", "< 229", "> RETR a", "< 150"]] {
            let mut session = logged_in();
            told(&mut session, before);
            assert!(!session.is_ending(), "{before:?}");
            told(&mut session, &[end]);
            assert!(session.is_ending(), "{before:?} {end}");
            told(&mut session, &["> NOOP", "< 200"]);
            assert!(session.is_ending(), "nothing goes back");
        }
    }
    let mut session = logged_in();
    let (quit, _) = session.command(&Command::Quit);
    session.settle(quit, Code::CLOSING_CONTROL_CONNECTION);
    assert!(session.is_ending());
}

#[test]
fn every_command_has_an_identity_and_its_reply_names_it() {
    let mut session = Session::new();
    let code = |code: u16| Code::new(code).unwrap();
    assert_eq!(session.reply(code(220)).id(), Some(CommandId::GREETING));
    let ids: Vec<_> = (0..3).map(|_| session.command(&Command::Noop).0).collect();
    assert!(ids.is_sorted() && !ids.contains(&CommandId::GREETING), "{ids:?}");
    let heard: Vec<_> = (0..3).filter_map(|_| session.reply(code(200)).id()).collect();
    assert_eq!(heard, ids);
    assert_eq!(session.reply(code(200)), Answered::Unsolicited);
}

#[test]
fn who_says_a_reply_knows_what_it_answers() {
    let parse = |line: &str| Command::parse(line.as_bytes()).unwrap().into_owned();
    let mut session = logged_in();
    let (size, _) = session.command(&parse("SIZE a"));
    let (cwd, _) = session.command(&parse("CWD a"));
    // No client could take this 426 for the reply to CWD, but a server that sends it has settled CWD.
    assert_eq!(session.settle(cwd, Code::TRANSFER_ABORTED), Step::Failure);
    assert_eq!((session.replies_due(), session.awaited()), (1, Some(Awaited::Command(Verb::Size))));
    assert_eq!(session.settle(cwd, Code::COMMAND_OKAY), Step::Success, "it isn't due any more");
    assert_eq!(session.replies_due(), 1);
    assert_eq!(session.settle(size, Code::FILE_STATUS), Step::Success);
    assert_eq!(session.replies_due(), 0);
}

#[test]
fn what_only_a_transfer_can_get_is_its_end_though_others_are_due() {
    let mut session = logged_in();
    let told = told(&mut session, &["> EPSV", "< 229", "> RETR a", "< 150", "> PASV", "< 201"]);
    assert_eq!(told[5], "RETR Success");
}

#[test]
fn a_suspect_changes_nothing_until_it_is_settled() {
    let code = |code: u16| Code::new(code).unwrap();
    for (line, odd) in
        [("TYPE I", 226), ("EPSV", 314), ("REST 7", 226), ("PROT P", 331), ("RNFR a", 257), ("CWD a", 426)]
    {
        let mut session = logged_in();
        told(&mut session, &["> AUTH SSL", "< 234", "> PBSZ 0", "< 200", "> PROT C", "< 200", "> USER a", "< 230"]);
        let (id, _) = session.command(&Command::parse(line.as_bytes()).unwrap());
        let before = session.clone();
        let answered = session.reply(code(odd));
        let Answered::Suspect { id: suspected, awaited } = answered else { panic!("{line} {odd}: {answered:?}") };
        assert_eq!((suspected, Some(awaited)), (id, session.awaited()));
        assert_eq!((answered.id(), answered.awaited(), answered.step()), (None, None, None), "it answers nothing yet");
        assert_eq!(session, before, "{line} {odd}");
        // The command can't succeed with this code, so it fails.
        assert_eq!(session.settle(id, code(odd)), Step::Failure, "{line} {odd}");
        let mut failed = before;
        failed.settle(id, code(500));
        assert_eq!(session, failed, "{line} {odd}");
    }
    // A 1yz that can't answer the command settles it as a failure: nothing more is due.
    let mut session = logged_in();
    let (id, _) = session.command(&Command::parse(b"TYPE I").unwrap());
    assert_eq!(session.settle(id, code(150)), Step::Failure);
    assert_eq!((session.replies_due(), session.representation()), (0, Type::Ascii(None)));
}

#[test]
fn a_transfer_that_has_begun_is_settled_with_any_2yz() {
    let mut session = logged_in();
    told(&mut session, &["> EPSV", "< 229"]);
    let (id, _) = session.command(&Command::parse(b"RETR a").unwrap());
    assert_eq!(session.settle(id, Code::new(150).unwrap()), Step::Wait);
    assert_eq!(session.settle(id, Code::new(200).unwrap()), Step::Success);
    assert_eq!((session.replies_due(), session.setup()), (0, Setup::None));
}

#[test]
fn after_a_greeting_of_230_nobody_has_to_be_named() {
    for (dialogue, last, login) in [
        (&["< 230", "> USER a", "< 503"][..], "USER Success", LoginState::Complete),
        (&["< 120", "< 230", "> NOOP", "< 200", "> USER a", "< 503"], "USER Success", LoginState::Complete),
        // A second USER is refused like any other, and the login stays.
        (&["< 230", "> USER a", "< 503", "> USER b", "< 503"], "USER Failure", LoginState::Complete),
        (&["< 230"], "greeting Success", LoginState::Welcome),
        (&["< 230", "> USER a", "< 331", "> PASS b", "< 230"], "PASS Success", LoginState::Complete),
        (&["< 230", "> USER a", "< 530"], "USER Failure", LoginState::Nobody),
        // Once a user name was accepted, 503 is a failure as usual.
        (&["< 230", "> USER a", "< 331", "> USER a", "< 503"], "USER Failure", LoginState::Nobody),
        (&["< 230", "> AUTH TLS", "< 234", "> USER a", "< 503"], "USER Failure", LoginState::Nobody),
        (&["< 230", "> REIN", "< 220", "> USER a", "< 503"], "USER Failure", LoginState::Nobody),
        (&["< 220", "> USER a", "< 503"], "USER Failure", LoginState::Nobody),
    ] {
        let mut session = Session::new();
        let told = told(&mut session, dialogue);
        assert_eq!((told.last().map(|word| &word[..]), session.login()), (Some(last), login), "{dialogue:?}");
    }
    let mut welcomed = Session::new();
    welcomed.reply(Code::LOGGED_IN);
    let mut greeted = Session::new();
    greeted.reply(Code::SERVICE_READY);
    assert_ne!(welcomed, greeted);
}

#[test]
fn sessions_are_compared_by_their_state() {
    let (mut one, mut other) = (logged_in(), logged_in());
    told(&mut one, &["> NOOP", "< 200"]);
    assert_eq!(one, other, "identities don't count");
    told(&mut one, &["> TYPE I", "> PASV"]);
    assert_ne!(one, other, "what is due does");
    told(&mut other, &["> TYPE I", "> PASV"]);
    assert_eq!(one, other);
    told(&mut one, &["< 200"]);
    told(&mut other, &["< 504"]);
    assert_ne!(one, other);
}

#[test]
fn after_an_abort_nothing_of_it_is_due() {
    let mut session = logged_in();
    told(&mut session, &["> EPSV", "< 229", "> RETR a", "< 150", "> ABOR", "> NOOP"]);
    session.settle_abort();
    assert_eq!((session.replies_due(), session.awaited()), (1, Some(Awaited::Command(Verb::Noop))));
    assert_eq!((session.setup(), session.is_transferring()), (Setup::None, false));
    // If nothing is aborted, the setup stays.
    told(&mut session, &["< 200", "> EPSV", "< 229"]);
    session.settle_abort();
    assert_eq!(session.setup(), Setup::Passive);
}
