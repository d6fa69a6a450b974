//! How long a choice of the client lasts: until the transfer it was for, until another host, until REIN or AUTH.

use std::time::Duration;

use ftp_proto::server::{Action, Config, Refusal, Security};
use ftp_proto::{Code, Reply, Verb};
use ftp_proto_rigs::server::{Did, Rig, World, codes, with};

/// Everything that these tests choose is supported.
fn config() -> Config {
    with(|config| {
        config.security = Security::Offered;
        config.support = config.support.clone().with(&[Verb::Host, Verb::Rein, Verb::Rang, Verb::Acct]).unwrap();
        config.support = config.support.clone().with_languages(["EN", "de"]).unwrap();
    })
}

/// The application refuses this command so.
fn refused_with(rig: &mut Rig, line: &str, code: Code) {
    rig.server.received(format!("{line}\r\n").as_bytes());
    let Action::Question(question) = rig.server.poll(rig.now()) else { panic!("{line}") };
    question.refuse(&Refusal::new(Reply::from_static(code, "no")).unwrap());
    assert_eq!(codes(&rig.all(World::Works)), [code.value()], "{line}");
}

/// In which language the application would answer this command; it does.
fn language(rig: &mut Rig, line: &str) -> String {
    rig.server.received(format!("{line}\r\n").as_bytes());
    let Action::Question(question) = rig.server.poll(rig.now()) else { panic!("{line}") };
    let language = question.language().to_owned();
    rig.all(World::Works);
    language
}

#[test]
fn another_host_begins_in_its_first_language_and_a_refused_one_changes_nothing() {
    let mut rig = Rig::greeted(config());
    rig.answers(&[("LANG de", "200 Language is de.")]);
    refused_with(&mut rig, "HOST a.example", Code::PARAMETER_NOT_IMPLEMENTED);
    assert_eq!(language(&mut rig, "HOST b.example"), "de", "until it is accepted");
    assert_eq!(language(&mut rig, "USER anna"), "EN");
    assert!(rig.says("FEAT").contains("\n LANG EN*;de\n"));
}

#[test]
fn an_account_is_wanted_from_a_532_until_it_is_accepted() {
    let mut rig = Rig::logged_in(config());
    rig.answers(&[("ACCT secret", "202 No account is needed.")]);
    for line in ["MKD d", "RMD d"] {
        refused_with(&mut rig, line, Code::NEED_ACCOUNT_FOR_STORING);
    }
    // Commands between don't take it back, nor does a wrong account.
    rig.answers(&[("NOOP", "200 NOOP ok."), ("CWD d", "250 Directory successfully changed.")]);
    rig.says("ACCT wrong");
    rig.now += Duration::from_secs(10);
    assert_eq!(codes(&rig.all(World::Works)), [530]);
    rig.asked.clear();
    assert_eq!(codes(&rig.hears("ACCT secret")), [230]);
    rig.answers(&[("ACCT secret", "202 No account is needed.")]);
    assert_eq!(rig.asked, ["ACCT secret"], "the second isn't asked about");
}

/// After each of these everything is as it was at first.
const ANEW: [(&str, u16); 2] = [("REIN", 220), ("AUTH TLS", 234)];

#[test]
fn a_range_ends_with_its_session() {
    for (anew, code) in ANEW {
        let mut rig = Rig::logged_in(config());
        rig.answers(&[
            ("TYPE I", "200 Switching to Binary mode."),
            ("RANG 10 19", "350 Restarting at 10. Ending at 19."),
        ]);
        assert_eq!(codes(&rig.hears(anew)), [code]);
        let mut rig = rig.log_in();
        rig.hears("TYPE I");
        rig.hears("EPSV");
        rig.hears("RETR a");
        assert_eq!(rig.asked, ["RETR a 0 None type,size,modify"], "{anew}");
    }
}

#[test]
fn an_account_that_was_wanted_is_not_by_who_logs_in_anew() {
    for (anew, code) in ANEW {
        let mut rig = Rig::logged_in(config());
        refused_with(&mut rig, "MKD d", Code::NEED_ACCOUNT_FOR_STORING);
        assert_eq!(codes(&rig.hears(anew)), [code]);
        let mut rig = rig.log_in();
        rig.answers(&[("ACCT secret", "202 No account is needed.")]);
    }
}

#[test]
fn no_command_restarts_amid_text_though_type_a_came_behind_rest() {
    for command in ["RETR a", "STOR a", "APPE a"] {
        let mut rig = Rig::logged_in(Config::default());
        rig.answers(&[
            ("TYPE I", "200 Switching to Binary mode."),
            ("REST 5", "350 Restarting at 5."),
            ("TYPE A", "200 Switching to ASCII mode."),
        ]);
        rig.hears("EPSV");
        rig.answers(&[(command, "501 Resuming transfers not allowed in ASCII mode.")]);
        assert!(rig.asked.is_empty(), "{command}");
    }
}

#[test]
fn the_offset_is_told_to_the_application_and_with_the_stream() {
    for (choice, command, offset) in [
        ("REST 7", "RETR a", 7),
        ("REST 7", "STOR a", 7),
        ("REST 7", "APPE a", 7),
        ("RANG 7 9", "RETR a", 7),
        ("RANG 7 9", "STOR a", 7),
        ("REST 7", "STOU", 0),
        ("REST 7", "LIST", 0),
        ("NOOP", "APPE a", 0),
    ] {
        let mut rig = Rig::logged_in(config());
        ["TYPE I", choice, "EPSV"].iter().for_each(|line| drop(rig.hears(line)));
        rig.server.received(format!("{command}\r\n").as_bytes());
        let Action::Transfer(transfer) = rig.server.poll(rig.now()) else { panic!("{command}") };
        assert_eq!(transfer.offset(), offset, "{choice}, {command}");
        transfer.accept();
        while rig.all(World::Busy).last() != Some(&Did::Streams) {
            rig.poll(World::Works);
        }
        let Action::Stream(stream) = rig.server.poll(rig.now()) else { panic!("{command}") };
        assert_eq!(stream.offset(), offset, "{choice}, {command}");
    }
}

/// 554: nobody could begin there, so nobody waits on a connection over which nothing will come.
#[test]
fn a_place_that_is_refused_spends_the_data_connection() {
    for (code, spent) in
        [(Code::INVALID_RESTART, true), (Code::FILE_UNAVAILABLE, false), (Code::INSUFFICIENT_STORAGE, false)]
    {
        for setup in ["EPSV", "PORT 192,0,2,1,19,137"] {
            for command in ["RETR f", "STOR f", "APPE f"] {
                let mut rig = Rig::logged_in(config());
                rig.answers(&[("TYPE I", "200 Switching to Binary mode.")]);
                rig.hears(setup);
                assert!(rig.says("REST 7").starts_with("350 "));
                rig.server.received(format!("{command}\r\n").as_bytes());
                let Action::Transfer(transfer) = rig.server.poll(rig.now()) else { panic!("{command}") };
                transfer.refuse(&Refusal::new(Reply::from_static(code, "no")).unwrap());
                let did = rig.all(World::Works);
                assert_eq!(codes(&did), [code.value()]);
                assert_eq!(did.contains(&Did::Closes), spent && setup == "EPSV", "{did:?}");
                let next = rig.says("RETR f");
                assert_eq!(next.starts_with("425 "), spent, "{setup}, {command}, {code:?}: {next}");
            }
        }
    }
}
