//! What the handles tell the application, and as what each of its answers is said.

use std::time::Duration;

use ftp_proto::server::{Action, Config, Login, Question, Security, Support};
use ftp_proto::{Moved, Path, StreamEnd, Verb};
use ftp_proto_rigs::server::{Did, Rig, World, codes, secures, tls, with};

fn supporting(verbs: &[Verb]) -> Config {
    with(|config| config.support = config.support.clone().with(verbs).unwrap())
}

/// A transfer of this setup and command whose stream ends so; what is said from then on.
fn ended(setup: &str, command: &str, end: StreamEnd) -> String {
    let mut rig = Rig::logged_in(Config::default());
    rig.hears(setup);
    rig.server.received(format!("{command}\r\n").as_bytes());
    while rig.poll(World::Works) != Did::Offers {}
    while rig.all(World::Busy).last() != Some(&Did::Streams) {
        rig.poll(World::Works);
    }
    let Action::Stream(stream) = rig.server.poll(rig.now()) else { panic!() };
    assert_eq!(stream.attempt(), 1, "a server has one");
    stream.finished(end, Moved::Bytes(7));
    rig.goes_on()
}

#[test]
fn each_end_of_a_stream_has_its_own_reply() {
    for setup in ["EPSV", "PORT 192,0,2,1,19,137"] {
        for command in ["RETR f", "STOR f", "APPE f", "STOU", "LIST", "MLSD"] {
            // RFC 959 5.4 has 552 behind the 150 of an upload alone; 452 comes instead of a 150.
            let full = match command {
                "STOR f" | "APPE f" | "STOU" => "552 Insufficient storage space.",
                _ => "451 Insufficient storage space.",
            };
            for (end, reply) in [
                (StreamEnd::Truncated, "426 Failure reading or writing network stream."),
                (StreamEnd::LocalError, "451 Failure reading or writing local file."),
                (StreamEnd::StorageFull, full),
            ] {
                assert_eq!(ended(setup, command, end), reply, "{setup}, {command}");
            }
        }
        for command in ["RETR f", "STOR f", "APPE f", "LIST", "MLSD"] {
            assert_eq!(ended(setup, command, StreamEnd::Clean), "226 Transfer complete.", "{setup}, {command}");
        }
    }
}

#[test]
fn only_a_clean_end_repeats_the_name_that_stou_chose() {
    for setup in ["EPSV", "PORT 192,0,2,1,19,137"] {
        assert_eq!(ended(setup, "STOU", StreamEnd::Clean), "226 FILE: unique");
        for (end, code) in
            [(StreamEnd::Truncated, "426 "), (StreamEnd::LocalError, "451 "), (StreamEnd::StorageFull, "552 ")]
        {
            let said = ended(setup, "STOU", end);
            assert!(said.starts_with(code) && !said.contains("unique"), "{said}");
        }
    }
}

/// The answer to the login's question that is open.
fn answers(rig: &mut Rig, answer: Word) {
    let Action::Question(Question::Login(login)) = rig.server.poll(rig.now()) else { panic!() };
    answer(login);
}

/// A session in which the last of these lines waits for the application, with failed logins ending it.
fn asked(lines: &[&str], login_failures: u32) -> Rig {
    let mut rig = Rig::greeted(with(|config| config.max_login_failures = login_failures));
    let (last, before) = lines.split_last().unwrap();
    before.iter().for_each(|line| drop(rig.hears(line)));
    rig.server.received(format!("{last}\r\n").as_bytes());
    rig
}

type Word = fn(Login<'_>);

const PASSWORD: Word = |login| login.need_password();
const ACCOUNT: Word = |login| login.need_account();
const ACCEPT: Word = |login| login.accept();

const USER: &[&str] = &["USER anna"];
const PASS: &[&str] = &["USER anna", "PASS account"];
const ACCT: &[&str] = &["USER anna", "PASS account", "ACCT x"];

#[test]
fn what_a_login_is_asked_for_next_is_said_at_once_where_it_makes_sense() {
    for (lines, answer, reply) in [
        (USER, PASSWORD, "331 Please specify the password."),
        (USER, ACCOUNT, "332 Need account for login."),
        (USER, ACCEPT, "230 Login successful."),
        (PASS, ACCOUNT, "332 Need account for login."),
        (PASS, ACCEPT, "230 Login successful."),
        (ACCT, ACCEPT, "230 Login successful."),
    ] {
        // The one failure that would end the session isn't counted.
        let mut rig = asked(lines, 1);
        answers(&mut rig, answer);
        assert_eq!(rig.goes_on(), reply, "{lines:?}");
        assert!(!rig.closed);
    }
}

#[test]
fn what_makes_no_sense_behind_pass_or_acct_is_a_login_that_failed() {
    for (lines, answer, text) in [
        (PASS, PASSWORD, "Please specify the password."),
        (ACCT, PASSWORD, "Please specify the password."),
        (ACCT, ACCOUNT, "Need account for login."),
    ] {
        for most in [1, 2] {
            let mut rig = asked(lines, most);
            answers(&mut rig, answer);
            assert_eq!(rig.all(World::Works), [Did::Waits(1)], "{lines:?}");
            rig.now += Duration::from_secs(1);
            let expected = if most == 1 { "421 Too many failed logins.".into() } else { format!("530 {text}") };
            assert_eq!((rig.goes_on(), rig.closed), (expected, most == 1), "{lines:?}");
        }
    }
}

#[test]
fn the_application_is_told_the_language_that_was_chosen() {
    let mut rig =
        Rig::logged_in(with(|config| config.support = config.support.clone().with_languages(["EN", "de"]).unwrap()));
    for (line, language) in [("NOOP", "EN"), ("LANG de", "de"), ("LANG xx", "de"), ("LANG", "EN"), ("LANG de", "de")] {
        rig.hears(line);
        rig.server.received(b"CWD x\r\n");
        let Action::Question(question) = rig.server.poll(rig.now()) else { panic!() };
        assert_eq!(question.language(), language, "{line}");
        rig.all(World::Works);
        rig.hears("EPSV");
        rig.server.received(b"LIST\r\n");
        let Action::Transfer(transfer) = rig.server.poll(rig.now()) else { panic!() };
        assert_eq!(transfer.language(), language, "{line}");
        rig.all(World::Works);
    }
}

#[test]
fn without_languages_there_is_no_lang() {
    let mut rig =
        Rig::logged_in(with(|config| config.support = config.support.clone().without(&[Verb::Lang]).unwrap()));
    assert!(!rig.says("FEAT").contains("LANG"));
    assert!(!rig.says("HELP").contains("LANG"));
    for line in ["LANG", "LANG EN", "LANG e_n"] {
        assert_eq!(rig.says(line), "502 Command not implemented.", "{line}");
    }
    rig.server.received(b"CWD x\r\n");
    let Action::Question(question) = rig.server.poll(rig.now()) else { panic!() };
    assert_eq!(question.language(), "EN", "the one that is spoken at first");
    let support = Support::nothing();
    assert!(support.has(Verb::Lang));
    assert!(!support.without(&[Verb::Lang]).unwrap().has(Verb::Lang));
}

#[test]
fn a_range_may_be_one_byte_and_none_ends_before_it_begins() {
    let mut rig = Rig::logged_in(supporting(&[Verb::Rang, Verb::Hash]));
    rig.hears("TYPE I");
    for (line, code, range) in [
        ("RANG 5 5", 350, Some(5..=5)),
        ("RANG 0 0", 350, Some(0..=0)),
        ("RANG 0 1", 350, Some(0..=1)),
        ("RANG 1 0", 350, None),
        ("RANG 2 1", 501, None),
        ("RANG 2 0", 501, None),
        ("RANG 0 9223372036854775807", 350, Some(0..=i64::MAX as u64)),
        ("RANG 0 9223372036854775808", 501, None),
    ] {
        assert_eq!(codes(&rig.hears(line)), [code], "{line}");
        rig.server.received(b"HASH f\r\n");
        let Action::Question(Question::Hash(hash)) = rig.server.poll(rig.now()) else { panic!() };
        assert_eq!(hash.range(), range, "{line}");
        rig.all(World::Works);
    }
    // A transfer of one byte, and a range that is taken back or refused.
    for (lines, offset, last) in [
        (&["RANG 5 5"][..], 5, Some(5)),
        (&["RANG 5 5", "RANG 1 0"], 0, None),
        (&["RANG 5 5", "RANG 2 1"], 5, Some(5)),
        (&["RANG 5 5", "REST 3"], 3, None),
    ] {
        lines.iter().for_each(|line| drop(rig.hears(line)));
        rig.hears("EPSV");
        rig.server.received(b"RETR f\r\n");
        let Action::Transfer(transfer) = rig.server.poll(rig.now()) else { panic!() };
        assert_eq!((transfer.offset(), transfer.last_byte()), (offset, last), "{lines:?}");
        rig.all(World::Works);
    }
}

#[test]
fn rein_keeps_tls_that_began_with_the_connection_however_often_it_is_said() {
    let mut rig = Rig::greeted(with(|config| config.implicit_tls = true));
    for turn in 1..=3 {
        rig = rig.log_in();
        rig.hears("EPSV");
        assert!(secures(&rig.hears("LIST")), "PROT is P at first, {turn}");
        rig.answers(&[("PBSZ 0", "200 PBSZ=0"), ("PROT C", "200 PROT now Clear.")]);
        rig.hears("EPSV");
        assert!(!secures(&rig.hears("LIST")), "{turn}");
        let did = rig.hears("REIN");
        assert_eq!(codes(&did), [220], "{turn}");
        assert!(!did.contains(&Did::StopsTls) && !did.contains(&Did::StartsTls), "{turn}: {did:?}");
        assert!(rig.server.session().is_secured(), "{turn}");
        rig.answers(&[("AUTH TLS", "503 TLS is there already."), ("PROT C", "503 Bad sequence of commands.")]);
    }
    // What comes behind REIN in one packet is inside the same TLS.
    let mut rig = rig.log_in();
    assert_eq!(codes(&rig.receives(b"REIN\r\nNOOP\r\n")), [220, 200]);
    // Explicit TLS ends with each of them, and PROT is C again.
    let mut rig = Rig::secured(tls(Security::Offered));
    for turn in 1..=2 {
        assert!(rig.hears("REIN").contains(&Did::StopsTls), "{turn}");
        assert!(!rig.server.session().is_secured(), "{turn}");
        rig.hears("AUTH TLS");
        rig = rig.log_in();
        rig.hears("EPSV");
        assert!(!secures(&rig.hears("LIST")), "{turn}");
    }
}

#[test]
fn the_name_of_stou_may_be_any_path() {
    let mut rig = Rig::logged_in(Config::default());
    rig.hears("EPSV");
    rig.server.received(b"STOU hint\r\n");
    let Action::Transfer(transfer) = rig.server.poll(rig.now()) else { panic!() };
    transfer.accept_as(&Path::new("a b/c").unwrap());
    assert_eq!(rig.goes_on(), "150 FILE: a b/c\n226 FILE: a b/c");
}
