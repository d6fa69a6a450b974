//! Every deadline and every bound of the server's machine, to the nanosecond and to the byte.

use std::time::Duration;

use ftp_proto::Verb;
use ftp_proto::server::{Action, Config, Support, SupportError};
use ftp_proto_rigs::server::{Did, Rig, World, codes, said, with};

use super::states::STATES;

const NANOSECOND: Duration = Duration::from_nanos(1);

/// How long each state lasts while nobody does anything, and what is said then.
fn end_of(state: &str) -> (u64, &'static str) {
    match state {
        "greeting" | "waiting for USER" | "waiting for PASS" => (120, "421 Timeout."),
        "asking who it is" | "asking" | "offering" => (300, "451 No answer in time."),
        "refusing a login" => (1, "530 Login incorrect."),
        "beginning TLS" | "beginning TLS before the greeting" | "ending TLS" => (30, ""),
        "idle" | "listening" => (300, "421 Timeout."),
        "accepting" => (60, "425 Failed to establish connection."),
        "connecting" => (30, "425 Failed to establish connection."),
        "securing" => (30, "522 SSL connection failed: no handshake in time."),
        "streaming" => (300, "426 Data timeout."),
        "streaming, with commands behind it" => (300, "426 Data timeout."),
        other => panic!("{other} has no deadline here"),
    }
}

#[test]
fn each_state_ends_at_its_deadline_and_not_a_nanosecond_before() {
    let mut wrong = Vec::new();
    for (name, state) in STATES {
        let (seconds, words) = end_of(name);
        let mut rig = state();
        let began = rig.now;
        rig.all(World::Busy);
        rig.now = began + Duration::from_secs(seconds) - NANOSECOND;
        let before = rig.all(World::Busy);
        rig.now += NANOSECOND;
        let then = rig.all(World::Busy);
        let ends = words.is_empty() || words.starts_with("421");
        let happens = then.len() > 1 || then == [Did::Leaves];
        let right = said(&then).starts_with(words) && happens && (!ends || then.last() == Some(&Did::Leaves));
        if before.len() > 1 || before == [Did::Leaves] || !right {
            wrong.push((name, before, then));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_port_that_is_not_found_in_time_is_none() {
    for setup in ["PASV", "EPSV", "LPSV"] {
        let mut rig = Rig::logged_in(Config::default());
        rig.server.received(format!("{setup}\r\n").as_bytes());
        assert_eq!(rig.all(World::Busy), [Did::Listens]);
        let now = rig.now();
        let Action::Listen(listen) = rig.server.poll(now) else { panic!() };
        assert_eq!(listen.deadline(), now.after(Duration::from_secs(10)));
        rig.now += Duration::from_secs(10) - NANOSECOND;
        assert_eq!(rig.all(World::Busy), [Did::Listens]);
        rig.now += NANOSECOND;
        let did = rig.all(World::Works);
        assert_eq!(did[..2], [Did::Closes, Did::Said("425 Cannot open a passive connection.".into())], "{did:?}");
        rig.answers(&[("RETR f", "425 Use PORT or PASV first.")]);
        assert_eq!(codes(&rig.hears("EPSV")), [229], "and another can be asked for");
    }
}

#[test]
fn past_the_logins_deadline_no_line_is_taken_up() {
    for (late, words) in [(false, "200 NOOP ok."), (true, "421 Timeout.")] {
        let mut rig = Rig::greeted(Config::default());
        rig.now += Duration::from_secs(120);
        if !late {
            rig.now -= NANOSECOND;
        }
        assert_eq!(rig.says("NOOP"), words);
    }
}

#[test]
fn the_shorter_of_two_deadlines_is_waited_for() {
    for (login, idle) in [(120, 300), (300, 120), (120, 120)] {
        let mut rig = Rig::greeted(with(|config| {
            config.patience.login = Duration::from_secs(login);
            config.patience.idle = Duration::from_secs(idle);
        }));
        assert_eq!(rig.all(World::Works), [Did::Waits(120)], "{login} {idle}");
    }
}

#[test]
fn replies_are_gathered_until_so_many_bytes_wait() {
    // 8 * 31 and 268 * 14 bytes are 4000: the next reply goes out alone.
    let exactly = ["TYPE I\r\n".repeat(8), "NOOP\r\n".repeat(268)].concat();
    let writes = |lines: &str| -> Vec<usize> {
        let mut rig = Rig::logged_in(Config::default());
        let did = rig.receives(lines.as_bytes());
        let said = did.iter().filter_map(|did| if let Did::Said(text) = did { Some(text) } else { None });
        // Each line feed was a CRLF, and the last was taken away.
        said.map(|text| text.len() + text.matches('\n').count() + 2).collect()
    };
    assert_eq!(writes(&exactly), [4000]);
    assert_eq!(writes(&format!("{exactly}NOOP\r\n")), [4000, 14]);
    let less = ["TYPE I\r\n".repeat(8), "NOOP\r\n".repeat(267), "NOOP\r\n".repeat(2)].concat();
    assert_eq!(writes(&less), [4000, 14]);
    assert_eq!(writes(&"NOOP\r\n".repeat(300)), [286 * 14, 14 * 14], "a reply may go past the mark");
}

/// Whether the server wants to read while this question is open.
fn wants_input(rig: &mut Rig) -> bool {
    match rig.server.poll(rig.now()) {
        Action::Question(question) => question.wants_input(),
        Action::Transfer(question) => question.wants_input(),
        Action::Listen(question) => question.wants_input(),
        Action::Accept(question) => question.wants_input(),
        Action::Connect(question) => question.wants_input(),
        Action::Stream(question) => question.wants_input(),
        Action::Close(question) => question.wants_input(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_read_ahead_is_bounded_to_the_byte() {
    let config = || with(|config| config.pipeline_bytes = 100);
    let questions: [(&str, &str); 3] = [("", "CWD x"), ("EPSV", "RETR f"), ("", "EPSV")];
    for (setup, line) in questions {
        let mut rig = Rig::logged_in(config());
        if !setup.is_empty() {
            rig.hears(setup);
        }
        rig.server.received(format!("{line}\r\n").as_bytes());
        rig.all(World::Busy);
        // The line itself counts until it is answered.
        rig.server.received(&vec![b'x'; 99 - line.len() - 2]);
        assert!(wants_input(&mut rig), "{line}");
        rig.server.received(b"x");
        assert!(!wants_input(&mut rig), "{line}");
    }
    // While a failed login waits, nobody is asked, so too much ends the session. Its own line of 12 bytes counts.
    for (count, ends) in [(88, false), (89, true)] {
        let mut rig = Rig::greeted(config());
        rig.hears("USER anna");
        rig.hears("PASS wrong");
        let did = rig.receives(&vec![b'x'; count]);
        assert_eq!(did.last() == Some(&Did::Leaves), ends, "{did:?}");
        assert_eq!(said(&did), if ends { "421 Too many commands at once." } else { "" });
    }
}

#[test]
fn amid_a_transfer_lines_are_taken_up_as_long_as_there_is_room() {
    let mut rig = Rig::streaming(with(|config| config.pipeline_bytes = 64));
    rig.server.received("CWD x\r\n".repeat(100).as_bytes());
    assert_eq!(rig.all(World::Busy), [Did::Streams]);
    assert!(!wants_input(&mut rig));
    rig.server.received(b"ABOR\r\n");
    assert_eq!(rig.all(World::Busy), [Did::Streams], "an ABOR that there is no room for isn't seen");
    let did = rig.all(World::Works);
    assert_eq!(codes(&did), [&[226][..], &[250; 100], &[225]].concat());
    assert_eq!(rig.server.session().replies_due(), 0);
}

#[test]
fn a_login_that_failed_counts_at_its_threshold_and_not_before() {
    for most in 1..=4 {
        let mut rig = Rig::greeted(with(|config| {
            config.max_login_failures = most;
            config.patience.failed_login_delay = Duration::ZERO;
        }));
        let mut failures = 0;
        while !rig.closed {
            rig.hears("USER anna");
            // What succeeds in between takes no failure back.
            rig.hears("NOOP");
            let did = rig.hears("PASS wrong");
            failures += 1;
            assert_eq!(codes(&did), [if failures == most { 421 } else { 530 }]);
        }
        assert_eq!(failures, most);
    }
}

#[test]
fn words_of_nobody_end_the_session_at_their_threshold_and_not_before() {
    for most in 1..=4 {
        let mut rig = Rig::greeted(with(|config| config.max_unknown_commands = most));
        let said: Vec<_> = (0..most).flat_map(|_| codes(&rig.hears("FOO"))).collect();
        let mut expected = vec![500; most as usize];
        *expected.last_mut().unwrap() = 421;
        assert_eq!((said, rig.closed), (expected, true));
    }
}

#[test]
fn facts_beyond_the_32nd_and_levels_beyond_9_cannot_be_chosen() {
    let mut rig = Rig::logged_in(with(|config| {
        let facts = |count| Support::default().with_facts((0..count).map(|fact| format!("f{fact}")));
        assert_eq!(facts(33), Err(SupportError::TooMany { most: 32 }));
        config.support = facts(32).unwrap();
    }));
    assert!(rig.says("FEAT").contains("f30*;f31*;"));
    assert_eq!(rig.says("OPTS MLST f0;f31;f32;"), "200 MLST OPTS f0;f31;");
    assert!(rig.says("FEAT").contains("MLST f0*;f1;"));
    let mut rig =
        Rig::logged_in(with(|config| config.support = config.support.clone().with_modes(&[ftp_proto::Mode::Deflate])));
    for (line, code) in [("OPTS MODE Z LEVEL 0", 200), ("OPTS MODE Z LEVEL 9", 200), ("OPTS MODE Z LEVEL 10", 501)] {
        assert_eq!(codes(&rig.hears(line)), [code], "{line}");
    }
    rig.hears("EPSV");
    rig.server.received(b"LIST\r\n");
    let Action::Transfer(transfer) = rig.server.poll(rig.now()) else { panic!() };
    assert_eq!((transfer.deflate_level(), transfer.command().verb()), (Some(9), Verb::List));
}
