//! Lines that are no reply, and greetings that say more than they should.

use std::time::Duration;

use ftp_proto::client::{Config, Noise, Request, Security, Violation};
use ftp_proto::session::LoginState;
use ftp_proto::{ReplyEnd, ReplyError, Route};
use ftp_proto_rigs::client::{Did, Rig, World, by, done, login};
use ftp_proto_rigs::path;

fn tolerating(noise: Noise) -> Config {
    let mut config = Config::default();
    config.noise = noise;
    config
}

fn noise(line: &str) -> Did {
    Did::Noise(line.into())
}

/// What ends the session.
fn violation(rig: &mut Rig) -> Violation {
    loop {
        match rig.poll(World::Works) {
            Err(violation) => return violation,
            Ok(Did::Waits(_)) => panic!("waits"),
            Ok(_) => {}
        }
    }
}

#[track_caller]
fn ends_with(rig: &mut Rig, line: &[u8]) {
    assert_eq!(violation(rig), Violation::Reply(ReplyError::NotAReply { line: line.into() }));
}

#[test]
fn before_the_greeting_a_line_that_is_no_reply_is_told_and_skipped() {
    let mut rig = Rig::new(Config::default());
    let did = rig.receives(b"ld.so: warning\r\n\r\ninetd: x\n120 wait\r\nagain\r\n220 ready\r\n");
    let [first, second, Did::Heard(120), third, Did::Heard(220), Did::Done(Ok(_)), Did::Waits(None)] = &did[..] else {
        panic!("{did:?}")
    };
    assert_eq!([first, second, third], [&noise("ld.so: warning"), &noise("inetd: x"), &noise("again")]);
    rig.log_in();
    // It neither lengthens the wait nor ends it.
    let mut rig = Rig::new(Config::default());
    rig.now += Duration::from_secs(59);
    assert_eq!(rig.hears("hm"), [noise("hm"), Did::Waits(Some(1))]);
    rig.now += Duration::from_secs(1);
    assert_eq!(violation(&mut rig), Violation::TimedOut { waiting: None });
    // Of a long line the beginning.
    let mut rig = Rig::new(Config::default());
    assert_eq!(rig.hears(&"x".repeat(5000))[0], noise(&"x".repeat(256)));
}

#[test]
fn more_than_thirty_two_such_lines_are_too_many() {
    let mut rig = Rig::new(tolerating(Noise::Always));
    for _ in 0..20 {
        assert_eq!(rig.hears("hm"), [noise("hm"), Did::Waits(Some(60))]);
    }
    let mut rig = rig.greet().log_in();
    for _ in 0..12 {
        assert_eq!(rig.hears("hm"), [noise("hm"), Did::Waits(None)]);
    }
    rig.client.received(b"one too many\r\n");
    ends_with(&mut rig, b"one too many");
}

#[test]
fn where_noise_is_not_tolerated_it_ends_the_session() {
    let mut rig = Rig::new(tolerating(Noise::Never));
    rig.client.received(b"hm\r\n220 ready\r\n");
    ends_with(&mut rig, b"hm");
    // The default, once greeted.
    let mut rig = Rig::greeted(Config::default());
    rig.client.received(b"hm\r\n");
    ends_with(&mut rig, b"hm");
    let mut rig = Rig::logged_in(Config::default());
    rig.client.start(Request::noop()).unwrap();
    rig.all(World::Works);
    rig.client.received(b"HTTP/1.1 200 OK\r\n");
    ends_with(&mut rig, b"HTTP/1.1 200 OK");
}

#[test]
fn where_noise_is_tolerated_everywhere_what_is_due_is_found_behind_it() {
    let mut rig = Rig::logged_in(tolerating(Noise::Always));
    rig.client.start(Request::noop()).unwrap();
    rig.all(World::Works);
    assert_eq!(rig.hears("hm"), [noise("hm"), Did::Waits(Some(60))]);
    assert!(done(&rig.hears("200 ok")).is_ok());
    assert_eq!(rig.hears("idle"), [noise("idle"), Did::Waits(None)]);
    // A part of a line at the end is an end within a reply, as ever.
    rig.client.received(b"hm");
    rig.client.received(b"");
    assert!(matches!(violation(&mut rig), Violation::Reply(ReplyError::UnexpectedEnd { .. })));
}

#[test]
fn s09_no_noise_is_skipped_between_auth_and_tls() {
    let secure = |rig: &mut Rig| {
        rig.client.start(Request::secure()).unwrap();
        assert_eq!(rig.all(World::Works)[0], Did::Said("AUTH TLS".into()));
    };
    let mut rig = Rig::greeted(tolerating(Noise::Always));
    secure(&mut rig);
    rig.client.received(b"hm\r\n234 go on\r\n");
    ends_with(&mut rig, b"hm");
    // Behind the 234 it is plaintext where TLS begins.
    let mut rig = Rig::greeted(tolerating(Noise::Always));
    secure(&mut rig);
    rig.client.received(b"234 go on\r\nhm\r\n");
    assert_eq!(violation(&mut rig), Violation::PlaintextBeforeTls);
    // Once AUTH was refused, or TLS is on, it is noise.
    let mut rig = Rig::greeted(tolerating(Noise::Always));
    secure(&mut rig);
    assert!(done(&rig.hears("502 no")).is_err());
    assert_eq!(rig.hears("hm")[0], noise("hm"));
    let mut rig = Rig::greeted(tolerating(Noise::Always));
    secure(&mut rig);
    rig.hears("234 go on");
    assert_eq!(rig.hears("hm")[0], noise("hm"));
    // Implicit TLS: the greeting is inside it.
    let mut config = tolerating(Noise::BeforeGreeting);
    config.security = Security::Implicit;
    let mut rig = Rig::new(config);
    assert_eq!(rig.all(World::Works)[0], Did::StartsTls);
    assert_eq!(rig.hears("hm")[0], noise("hm"));
}

#[test]
fn s10_after_a_greeting_of_230_a_503_to_user_is_a_login_but_not_behind_auth() {
    let greeted = |config: Config| {
        let mut rig = Rig::new(config);
        assert!(done(&rig.hears("230 you are in")).is_ok());
        rig
    };
    let mut rig = greeted(Config::default());
    rig.client.start(login()).unwrap();
    assert!(done(&rig.converse(&[("USER anna", "503 you are in")])).is_ok());
    assert_eq!(rig.client.session().login(), LoginState::Complete);
    rig.retrieve();
    assert_eq!(rig.all(World::Works)[0], Did::Said("TYPE I".into()));
    // A name that is wanted all the same.
    let rig = greeted(Config::default());
    rig.log_in();
    for (line, behind) in [("220 ready", ""), ("230 you are in", "AUTH TLS")] {
        let mut rig = Rig::new(Config::default());
        rig.hears(line);
        if !behind.is_empty() {
            rig.secure();
        }
        rig.client.start(login()).unwrap();
        let did = rig.converse(&[("USER anna", "503 no")]);
        assert_eq!(done(&did), &Err("the server refused: 503 no".into()), "{line} {behind}");
        assert_eq!(rig.client.session().login(), LoginState::Nobody);
    }
    // Where TLS is required, nobody is let in without it.
    let mut config = Config::default();
    config.security = Security::Required;
    let mut rig = greeted(config);
    assert!(rig.client.start(login()).is_err());
}

#[test]
fn after_user_was_answered_230_no_password_is_said() {
    let mut rig = Rig::greeted(Config::default());
    rig.client.start(login()).unwrap();
    let did = rig.converse(&[("USER anna", "230 in")]);
    assert!(done(&did).is_ok());
    assert!(!did.iter().any(|did| matches!(did, Did::Said(_))), "{did:?}");
}

#[test]
fn of_a_reply_that_ends_with_another_code_the_last_one_counts() {
    let mut config = by(&[Route::Epsv]);
    config.limits.reply_end = ReplyEnd::AnyCode;
    let mut rig = Rig::greeted(config);
    rig.client.start(login()).unwrap();
    rig.converse(&[("USER anna", "331 pass")]);
    rig.receives(b"230-welcome\r\n");
    assert_eq!(
        done(&rig.receives(b"530 no\r\n")).as_ref().unwrap_err().lines().next(),
        Some("the server refused: 530 welcome")
    );
    assert_eq!(rig.client.session().login(), LoginState::Nobody);
    rig.client.start(login()).unwrap();
    rig.converse(&[("USER anna", "331 pass")]);
    assert!(done(&rig.receives(b"530-hm\r\n230 in\r\n")).is_ok());
    assert_eq!(rig.client.session().login(), LoginState::Complete);
    // A suspect by its last code.
    rig.client.start(Request::size(path("f"))).unwrap();
    rig.all(World::Works);
    assert_eq!(rig.receives(b"200-ok\r\n226 done\r\n"), [Did::Unsolicited(226), Did::Waits(Some(2))]);
}

#[test]
fn another_protocols_first_word_is_the_end() {
    for line in ["SSH-2.0-OpenSSH_9.2", "HTTP/1.1 400 Bad Request"] {
        for config in [Config::default(), tolerating(Noise::Always)] {
            let mut rig = Rig::new(config);
            rig.client.received(format!("{line}\r\n").as_bytes());
            ends_with(&mut rig, line.as_bytes());
        }
        // Not once it has shown that it speaks FTP.
        let mut rig = Rig::greeted(tolerating(Noise::Always));
        assert_eq!(rig.hears(line)[0], noise(line));
    }
}
