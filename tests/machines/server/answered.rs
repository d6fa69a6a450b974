//! The news of what was answered: each final reply is told once, whoever made it, before it is written.

use std::time::Duration;

use ftp_proto::server::{Action, Config, Refusal, Security, Support};
use ftp_proto::{Code, Command, CommandError, Ending, Moved, Reply, StreamEnd, Text, Verb};
use ftp_proto_rigs::server::{Did, Rig, World, with};

fn told() -> Config {
    with(|config| config.report_answered = true)
}

/// What is told of these lines, sent at once: the line, the code, whether the application was asked.
fn news(rig: &mut Rig, lines: &str) -> Vec<(String, u16, bool)> {
    rig.server.received(lines.as_bytes());
    tells(&rig.all(World::Works))
}

fn tells(did: &[Did]) -> Vec<(String, u16, bool)> {
    let tells = did.iter().filter_map(|did| match did {
        Did::Tells(line, code, asked) => Some((line.clone(), *code, *asked)),
        _ => None,
    });
    tells.collect()
}

#[test]
fn nothing_is_told_unless_it_is_wanted() {
    let mut rig = Rig::logged_in(Config::default());
    assert!(news(&mut rig, "NOOP\r\nFOO\r\nPASV\r\n").is_empty());
}

#[test]
fn one_line_is_taken_up_a_poll_and_the_news_comes_before_the_write() {
    let mut rig = Rig::logged_in(told());
    let did = rig.receives(b"NOOP\r\nnoop\r\nCWD a\r\nTYPE I\r\n");
    let noop = |line: &str| [Did::Tells(line.into(), 200, false), Did::Said("200 NOOP ok.".into())];
    let told_asked = Did::Tells("CWD a".into(), 250, true);
    let asked = [Did::Asks("CWD a".into()), told_asked, Did::Said("250 Directory successfully changed.".into())];
    let binary = [Did::Tells("TYPE I".into(), 200, false), Did::Said("200 Switching to Binary mode.".into())];
    assert_eq!(did, [&noop("NOOP")[..], &noop("noop"), &asked, &binary, &[Did::Waits(300)]].concat());
}

#[test]
fn whatever_the_machine_answers_alone_is_told_and_no_secret() {
    let mut rig = Rig::greeted(told());
    let long = format!("PASS {}", "x".repeat(5000));
    for (line, shown, code) in [
        ("RETR a", "RETR a", 530),
        ("PASS hunter2", "PASS ****", 503),
        ("acct hunter2", "ACCT ****", 502),
        ("ADAT hunter2", "ADAT ****", 502),
        ("hunter2", "hunter2", 500),
        ("PASSWD hunter2", "PASSWD ****", 500),
        (" PASS hunter2", "****", 500),
        ("", "****", 500),
        ("PASS hun\0ter2", "PASS ****", 501),
        (&long, "PASS ****", 500),
        ("TYPE X", "TYPE X", 530),
        ("SITE PSWD hunter2", "SITE PSWD ****", 530),
        ("FEAT", "FEAT", 211),
        ("STAT", "STAT", 211),
    ] {
        let news = news(&mut rig, &format!("{line}\r\n"));
        assert_eq!(news, [(shown.to_owned(), code, false)], "{line:.20}");
    }
    let mut rig = Rig::logged_in(told());
    for (lines, expected) in [
        ("REST x\r\n", &[("REST x", 501)][..]),
        ("MODE X\r\n", &[("MODE X", 504)]),
        ("EPSV\r\nPORT 192,0,2,1,19,137\r\n", &[("EPSV", 229), ("PORT 192,0,2,1,19,137", 200)]),
        ("EPSV ALL\r\nPORT 1,2,3,4,5,6\r\n", &[("EPSV ALL", 200), ("PORT 1,2,3,4,5,6", 503)]),
        ("ABOR\r\n", &[("ABOR", 225)]),
        ("GET / HTTP/1.1\r\n", &[("GET ****", 500)]),
    ] {
        let expected: Vec<_> = expected.iter().map(|(line, code)| ((*line).to_owned(), *code, false)).collect();
        assert_eq!(news(&mut rig, lines), expected);
    }
    assert!(rig.closed);
}

#[test]
fn an_exchange_is_the_command_and_the_whole_reply() {
    let mut rig = Rig::greeted(told());
    let now = rig.now();
    rig.server.received(b"xfeat a\r\nPASS x\r\nTYPE\r\nFEAT\r\n");
    let mut exchange = |test: &dyn Fn(&ftp_proto::server::Exchange<'_>)| {
        let Action::Answered(exchange) = rig.server.poll(now) else { panic!() };
        test(&exchange);
        assert!(!format!("{exchange:?}").contains("PASS x"), "{exchange:?}");
        let Action::Write(write) = rig.server.poll(now) else { panic!("shown once") };
        write.wrote_all();
    };
    exchange(&|exchange| {
        assert_eq!((exchange.verb(), exchange.line()), (Verb::Other, &b"xfeat ****"[..]));
        assert!(matches!(exchange.command(), Ok(Command::Other(_))));
        assert_eq!(exchange.reply().text(), b"Unknown command.");
    });
    exchange(&|exchange| assert!(matches!(exchange.command(), Ok(Command::Pass(_)))));
    exchange(&|exchange| assert_eq!(exchange.command(), Err(CommandError::MissingArgument(Verb::Type))));
    exchange(&|exchange| assert!(exchange.reply().lines().count() > 5));
}

#[test]
fn what_the_application_answers_is_told_too() {
    let config = with(|config| {
        config.report_answered = true;
        config.support = Support::default().with(&[Verb::Quit]).unwrap().with_unknown_verbs();
    });
    let mut rig = Rig::logged_in(config);
    for (line, shown, code, asked) in [
        ("PWD", "PWD", 257, true),
        ("RNFR a", "RNFR a", 350, true),
        ("SIZE a", "SIZE a", 550, false),
        ("XQUOTA", "XQUOTA", 200, true),
        ("USER bob", "USER bob", 331, true),
        ("PASS secret", "PASS ****", 230, true),
        ("QUIT", "QUIT", 221, true),
    ] {
        assert_eq!(news(&mut rig, &format!("{line}\r\n")), [(shown.to_owned(), code, asked)], "{line}");
    }
    assert!(rig.closed);
}

#[test]
fn a_refused_transfer_is_told_once() {
    let mut rig = Rig::logged_in(told());
    news(&mut rig, "EPSV\r\n");
    rig.server.received(b"RETR a\r\n");
    let now = rig.now();
    let Action::Transfer(transfer) = rig.server.poll(now) else { panic!() };
    transfer.refuse(&Refusal::unavailable(Text::from_static("No.")));
    assert_eq!(tells(&rig.all(World::Works)), [("RETR a".to_owned(), 550, true)]);
}

#[test]
fn a_failed_login_is_told_when_it_is_said_and_the_one_too_many_as_it_is_said() {
    let mut rig = Rig::greeted(told());
    for code in [530, 530, 421] {
        assert_eq!(news(&mut rig, "USER anna\r\nPASS wrong\r\n"), [("USER anna".to_owned(), 331, true)]);
        rig.now += Duration::from_secs(1);
        assert_eq!(tells(&rig.all(World::Works)), [("PASS ****".to_owned(), code, true)]);
    }
}

#[test]
fn a_word_too_many_that_the_application_refuses_is_told_as_it_is_said() {
    let config = with(|config| {
        config.report_answered = true;
        config.max_unknown_commands = 2;
        config.support = Support::default().with_unknown_verbs_before_login();
    });
    let mut rig = Rig::greeted(config);
    for code in [500, 421] {
        rig.server.received(b"XQUOTA\r\n");
        let now = rig.now();
        let Action::Question(question) = rig.server.poll(now) else { panic!() };
        question.refuse(&Refusal::new(Reply::from_static(Code::SYNTAX_ERROR, "No.")).unwrap());
        assert_eq!(tells(&rig.all(World::Works)), [("XQUOTA".to_owned(), code, true)]);
    }
    assert!(rig.closed);
}

#[test]
fn an_answer_that_comes_too_late_is_the_machines() {
    let mut rig = Rig::logged_in(told());
    rig.server.received(b"CWD a\r\n");
    rig.all(World::Busy);
    rig.now += Duration::from_secs(300);
    assert_eq!(tells(&rig.all(World::Works)), [("CWD a".to_owned(), 451, true)]);
}

#[test]
fn the_end_of_a_transfer_is_told_and_what_is_said_amid_it() {
    let mut rig = Rig::logged_in(told());
    assert_eq!(news(&mut rig, "EPSV\r\n"), [("EPSV".to_owned(), 229, false)]);
    assert_eq!(news(&mut rig, "RETR a\r\n"), [("RETR a".to_owned(), 226, true)]);
    assert_eq!(news(&mut rig, "RETR a\r\n"), [("RETR a".to_owned(), 425, false)], "without a data connection");
    let mut rig = Rig::streaming(told());
    for (line, code) in [("NOOP", 200), ("stat", 211)] {
        rig.server.received(format!("{line}\r\n").as_bytes());
        assert_eq!(tells(&rig.all(World::Busy)), [(line.to_owned(), code, false)]);
    }
    rig.server.received(b"PWD\r\nabor\r\n");
    let did = rig.all(World::Works);
    assert_eq!(
        tells(&did),
        [("RETR f", 426, true), ("PWD", 257, true), ("abor", 225, false)].map(|(line, code, asked)| (
            line.to_owned(),
            code,
            asked
        ))
    );
    // In its own words, too.
    let mut rig = Rig::streaming(told());
    let now = rig.now();
    let Action::Stream(stream) = rig.server.poll(now) else { panic!() };
    let words = Reply::from_static(Code::FILE_ACTION_COMPLETED, "There.");
    stream.finished_with(&Ending::new(StreamEnd::Clean, words).unwrap(), Moved::Bytes(1));
    assert_eq!(tells(&rig.all(World::Works)), [("RETR f".to_owned(), 250, true)]);
    // ABOR alone stops it at once.
    let mut rig = Rig::streaming(told());
    rig.server.received(b"ABOR\r\n");
    let expected = [("RETR f".to_owned(), 426, true), ("ABOR".to_owned(), 226, false)];
    assert_eq!(tells(&rig.all(World::Works)), expected);
}

#[test]
fn the_news_of_auth_comes_before_its_write() {
    let mut rig = Rig::greeted(with(|config| (config.report_answered, config.security) = (true, Security::Offered)));
    let did = rig.hears("AUTH TLS");
    let told = Did::Tells("AUTH TLS".into(), 234, false);
    assert_eq!(did[..3], [told, Did::Said("234 Proceed with negotiation.".into()), Did::StartsTls]);
}
