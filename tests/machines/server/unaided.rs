//! The machine without a client's: what is asked of the application and the adapter, and when.

use std::time::Duration;

use ftp_proto::server::{Action, Config, Question, Refusal};
use ftp_proto::{Path, Text, Verb};
use ftp_proto_rigs::server::{Did, Rig, World, codes, said, with};

fn count(did: &[Did], wanted: fn(&Did) -> bool) -> usize {
    did.iter().filter(|did| wanted(did)).count()
}

#[test]
fn telnet_is_answered_without_a_line_to_wait_for() {
    let mut rig = Rig::logged_in(Config::default());
    rig.server.received(b"\xff\xfd\x03");
    assert_eq!(rig.writes(), b"\xff\xfc\x03");
    let mut rig = Rig::logged_in(Config::default());
    rig.deserted = true;
    assert_eq!(codes(&rig.receives(b"EPSV\r\nRETR f\r\n")), [229, 150]);
    rig.server.received(b"\xff\xfb\x01");
    assert_eq!(rig.writes(), b"\xff\xfe\x01", "amid a transfer, too");
}

#[test]
fn no_transfer_begins_without_a_socket_to_accept_on() {
    let mut rig = Rig::logged_in(Config::default());
    assert_eq!(codes(&rig.hears("PASV")), [227]);
    rig.world = World::Refuses;
    let did = rig.hears("PASV");
    assert_eq!((codes(&did), count(&did, |did| *did == Did::Closes)), (vec![425], 1));
    rig.world = World::Works;
    assert_eq!(codes(&rig.hears("RETR f")), [425], "the first socket was given up, and there is no second");
    assert_eq!(codes(&rig.receives(b"PASV\r\nEPSV ALL\r\nRETR f\r\n")), [227, 200, 150, 226]);
    assert_eq!(codes(&rig.hears("PASV")), [503]);
}

#[test]
fn a_data_connection_that_the_session_has_spent_is_closed() {
    let config = || {
        with(|config| {
            config.support = config.support.clone().without(&[Verb::Mlsd]).unwrap().with(&[Verb::Rein]).unwrap()
        })
    };
    let mut rig = Rig::logged_in(config());
    let did = rig.receives(b"EPSV\r\nREIN\r\n");
    assert_eq!((codes(&did), count(&did, |did| *did == Did::Closes)), (vec![229, 220], 1));
    // What is refused before its 150 spends nothing.
    let mut rig = Rig::logged_in(config());
    let did = rig.receives(b"EPSV\r\nMLSD\r\nUSER bob\r\nRETR f\r\nPASS secret\r\nRETR f\r\n");
    assert_eq!(codes(&did), [229, 502, 331, 530, 230, 150, 226]);
    assert_eq!(count(&did, |did| *did == Did::Closes), 0);
}

#[test]
fn who_logs_in_anew_has_time_for_it() {
    for (line, code) in [("USER bob", 331), ("REIN", 220)] {
        let mut rig =
            Rig::logged_in(with(|config| config.support = config.support.clone().with(&[Verb::Rein]).unwrap()));
        rig.now += Duration::from_secs(250);
        rig.hears("NOOP");
        assert_eq!(codes(&rig.hears(line)), [code]);
        rig.now += Duration::from_secs(119);
        assert_eq!(codes(&rig.hears("NOOP")), [200]);
        rig.now += Duration::from_secs(1);
        assert_eq!((rig.goes_on().as_str(), rig.closed), ("421 Timeout.", true), "{line}");
    }
}

#[test]
fn a_slow_application_is_no_silence_of_the_client() {
    let mut rig = Rig::logged_in(Config::default());
    rig.server.received(b"DELE f\r\n");
    assert_eq!(rig.poll(World::Busy), Did::Asks("DELE f".into()));
    assert_eq!(rig.poll(World::Works), Did::Asks("DELE f".into()));
    rig.now += Duration::from_secs(1000);
    assert_eq!(codes(&rig.all(World::Works)), [250]);
    rig.now += Duration::from_secs(299);
    assert_eq!(codes(&rig.hears("NOOP")), [200]);
}

#[test]
fn a_password_that_is_asked_for_again_has_failed() {
    let mut rig = Rig::greeted(Config::default());
    for expected in [530, 530, 421] {
        assert_eq!(codes(&rig.hears("USER anna")), [331]);
        rig.server.received(b"PASS x\r\n");
        let now = rig.now();
        let Action::Question(Question::Login(login)) = rig.server.poll(now) else { panic!() };
        login.need_password();
        assert_eq!(rig.goes_on(), "", "not at once");
        rig.now += Duration::from_secs(1);
        assert_eq!(codes(&rig.all(World::Works)), [expected]);
    }
    assert!(rig.closed);
}

#[test]
fn the_user_is_who_was_named_last_and_taken() {
    let mut rig = Rig::greeted(Config::default());
    let now = rig.now();
    rig.server.received(b"user  anna \r\n");
    let Action::Question(Question::Login(login)) = rig.server.poll(now) else { panic!() };
    assert_eq!(login.user(), b"anna ", "USER itself names it");
    login.need_password();
    assert_eq!(codes(&rig.all(World::Works)), [331]);
    rig.server.received(b"PASS x\r\n");
    let Action::Question(Question::Login(login)) = rig.server.poll(now) else { panic!() };
    assert_eq!(login.user(), b"anna ");
    login.accept();
    assert_eq!(codes(&rig.all(World::Works)), [230]);
    rig.server.received(b"USER bob\r\n");
    let Action::Question(pending) = rig.server.poll(now) else { panic!() };
    pending.refuse(&Refusal::not_logged_in(Text::new("You are anna.").unwrap()));
    assert_eq!(rig.goes_on(), "", "not at once");
    rig.now += Duration::from_secs(1);
    assert_eq!(rig.goes_on(), "530 You are anna.");
    let status = rig.says("STAT");
    assert!(status.contains("Logged in as anna"), "{status}");
}

#[test]
fn while_the_application_thinks_input_is_bounded() {
    let wants_input = |rig: &mut Rig| {
        let now = rig.now();
        let Action::Question(pending) = rig.server.poll(now) else { panic!() };
        pending.wants_input()
    };
    let mut rig = Rig::logged_in(with(|config| config.pipeline_bytes = 100));
    rig.server.received(b"DELE f\r\n");
    assert!(wants_input(&mut rig));
    rig.server.received(&b"NOOP\r\n".repeat(20));
    assert!(!wants_input(&mut rig), "enough waits");
    rig.server.received(b"");
    assert!(!wants_input(&mut rig), "nothing can come");
    let did = rig.all(World::Works);
    assert_eq!((codes(&did), rig.closed), ([&[250][..], &[200; 20]].concat(), true));
}

#[test]
fn stou_tells_the_name_in_both_replies() {
    let mut rig = Rig::logged_in(Config::default());
    rig.hears("EPSV");
    let now = rig.now();
    rig.server.received(b"STOU\r\n");
    let Action::Transfer(transfer) = rig.server.poll(now) else { panic!() };
    transfer.accept_as(&Path::new("f.1").unwrap());
    assert_eq!(rig.goes_on(), "150 FILE: f.1\n226 FILE: f.1");
}

#[test]
fn what_cannot_be_answered_as_the_rfc_wants_is_not_asked() {
    let mut rig = Rig::logged_in(Config::default());
    assert_eq!(codes(&rig.hears("STAT /tmp")), [502]);
    assert!(rig.says("STAT").starts_with("211-"));
    assert!(rig.asked.is_empty());
}

/// The end of the control connection, and the application's own end, at every state.
#[test]
fn every_state_ends_in_close_and_leaves_no_socket() {
    let states: [(&[&str], bool); 6] = [
        (&[], false),
        (&["EPSV"], false),
        (&["PORT 192,0,2,1,19,137"], false),
        (&["EPSV", "RETR f"], true),
        (&["PORT 192,0,2,1,19,137", "RETR f"], true),
        (&["EPSV", "RETR f", "NOOP", "STAT", "PWD", "RETR g"], true),
    ];
    for (lines, busy) in states {
        for how in ["end", "close", "quit and end", "quit and abort"] {
            let mut rig = Rig::logged_in(Config::default());
            rig.deserted = true;
            for line in lines {
                rig.hears(line);
            }
            match how {
                "end" => rig.server.received(b""),
                "close" => rig.server.close(&Refusal::closing(Text::new("bye").unwrap())),
                "quit and end" => {
                    rig.server.received(b"QUIT\r\n");
                    rig.server.received(b"");
                    rig.deserted = false;
                }
                _ => rig.server.received(b"ABOR\r\nQUIT\r\n"),
            }
            let did = rig.all(World::Works);
            assert_eq!(did.last(), Some(&Did::Leaves), "{lines:?} {how}: {did:?}");
            assert_eq!(rig.poll(World::Works), Did::Leaves, "{lines:?} {how}: and nothing after it");
            assert_eq!(rig.listeners(), 0, "{lines:?} {how}");
            let gone = count(&did, |did| matches!(did, Did::Closes));
            if how == "quit and end" && busy {
                assert!(gone == 0 && said(&did).contains("226 "), "{lines:?} {how}: the transfer ended by itself");
            } else {
                assert_eq!(gone, usize::from(lines.first() == Some(&"EPSV") || busy), "{lines:?} {how}");
            }
        }
    }
}
