//! `Write`: its deadline, its failure at every state, and what it tells.

use std::time::Duration;

use ftp_proto::server::{Action, Config, Refusal, Security, Support};
use ftp_proto::{ControlError, Text, Verb, Write};
use ftp_proto_rigs::server::{Did, Rig, World, said, tls, with};

use super::states::STATES;

const NANOSECOND: Duration = Duration::from_nanos(1);
const MINUTE: Duration = Duration::from_secs(60);

fn write(rig: &mut Rig) -> Write<'_> {
    match rig.server.poll(rig.now()) {
        Action::Write(write) => write,
        other => panic!("{other:?}"),
    }
}

fn farewell() -> Refusal<'static> {
    Refusal::closing(Text::new("Shutdown.").unwrap())
}

/// Something waits to be written at this state, if there is a way to it; nothing is said while TLS begins or ends.
fn speaking(name: &str, state: fn() -> Rig) -> Option<Rig> {
    let mut rig = state();
    if name.contains("TLS") {
        return None;
    }
    rig.server.received(b"NOOP\r\n");
    if !matches!(rig.server.poll(rig.now()), Action::Write(_)) {
        rig.server.close(&farewell());
    }
    Some(rig)
}

fn ends(name: &str, rig: &mut Rig) {
    let did = rig.all(World::Works);
    assert_eq!(said(&did), "", "{name}: nothing is said any more");
    assert_eq!(did.last(), Some(&Did::Leaves), "{name}: {did:?}");
    assert!(did.len() <= 2, "{name}: what runs is closed, and that is all: {did:?}");
    assert_eq!(rig.listeners(), 0, "{name}");
    rig.server.received(b"NOOP\r\n");
    assert_eq!(rig.poll(World::Works), Did::Leaves, "{name}");
}

#[test]
fn it_fails_at_every_state() {
    for (name, state) in STATES {
        for why in [ControlError::Closed, ControlError::TimedOut, ControlError::Local] {
            let Some(mut rig) = speaking(name, *state) else { continue };
            write(&mut rig).failed(why);
            ends(name, &mut rig);
        }
    }
}

#[test]
fn a_client_that_never_reads_ends_within_its_time_at_every_state() {
    for (name, state) in STATES {
        let Some(mut rig) = speaking(name, *state) else { continue };
        let first = rig.now();
        for _ in 0..3 {
            assert_eq!(write(&mut rig).deadline(), first.after(MINUTE), "{name}: it is absolute");
            rig.now += Duration::from_secs(19);
        }
        rig.now += Duration::from_secs(3) - NANOSECOND;
        let _ = write(&mut rig);
        rig.now += NANOSECOND;
        ends(name, &mut rig);
    }
}

#[test]
fn its_time_begins_when_it_is_handed_out_and_anew_with_the_next() {
    let mut rig = Rig::logged_in(Config::default());
    rig.server.received(b"NOOP\r\n");
    rig.now += Duration::from_secs(100);
    for _ in 0..3 {
        let now = rig.now();
        assert_eq!(write(&mut rig).deadline(), now.after(MINUTE));
        rig.now += Duration::from_secs(59);
        write(&mut rig).wrote_all();
        rig.server.received(b"NOOP\r\n");
    }
}

static LISTING: [&str; 8192] = ["-rw-r--r-- 1 0 0 49 Nov 21 03:25 a file with a name"; 8192];

/// So many hundreds of KiB wait.
fn listing() -> Rig {
    let mut rig = Rig::logged_in(with(|config| config.support = Support::default().with(&[Verb::Stat]).unwrap()));
    rig.status = &LISTING;
    rig.server.received(b"STAT f\r\n");
    assert_eq!(rig.poll(World::Works), Did::Asks("STAT f".into()));
    rig
}

#[test]
fn one_that_reads_a_kibibyte_a_second_lives() {
    let mut rig = listing();
    assert!(write(&mut rig).bytes().len() > 400 * 1024);
    rig.piece = 1024;
    let began = rig.now;
    let mut words = 0;
    while let Did::Said(text) = rig.poll(World::Works) {
        words += text.len();
        rig.now += Duration::from_secs(1);
    }
    assert!(words > 300 * 1024 && rig.now - began > Duration::from_secs(400));
    rig.piece = usize::MAX;
    assert_eq!(rig.says("NOOP"), "200 NOOP ok.");
}

#[test]
fn one_that_reads_less_than_that_in_a_minute_does_not() {
    let mut rig = listing();
    rig.piece = 273;
    let mut seconds = 0;
    while let Did::Said(_) = rig.poll(World::Works) {
        rig.now += Duration::from_secs(1);
        seconds += 1;
    }
    assert!(rig.closed);
    // 16 KiB take 61 s: at the 60th nothing is gained.
    assert_eq!(seconds, 60);
}

#[test]
fn each_16_kib_that_are_written_give_as_much_time_again() {
    let mut rig = listing();
    let first = rig.now();
    for (count, minutes) in [(0, 1), (16_383, 1), (1, 2), (16_383, 2), (0, 2), (1, 3), (40_000, 5)] {
        write(&mut rig).wrote(count);
        assert_eq!(write(&mut rig).deadline(), first.after(MINUTE * minutes), "{count}");
        rig.now += Duration::from_secs(5);
    }
    rig.now = Duration::from_secs(300);
    ends("listing", &mut rig);
}

#[test]
fn the_patience_is_the_applications() {
    let mut rig = Rig::new(with(|config| config.patience.write = Duration::from_secs(7)));
    assert_eq!(write(&mut rig).deadline(), rig.now().after(Duration::from_secs(7)));
    rig.now += Duration::from_secs(7);
    ends("greeting", &mut rig);
}

fn is_last(rig: &mut Rig) -> bool {
    write(rig).is_last()
}

#[test]
fn the_last_words_are_known_as_such() {
    let mut rig = Rig::new(Config::default());
    assert!(!is_last(&mut rig));
    rig.server.close(&farewell());
    assert!(is_last(&mut rig), "220 and 421 at once");
    let mut rig = Rig::logged_in(Config::default());
    rig.server.received(b"NOOP\r\nQUIT\r\nNOOP\r\n");
    assert!(is_last(&mut rig), "221, and what is before it");
    write(&mut rig).wrote(1);
    assert!(is_last(&mut rig));
    let mut rig = Rig::logged_in(Config::default());
    rig.now += Duration::from_secs(300);
    assert!(is_last(&mut rig), "421");
    let mut rig = Rig::logged_in(Config::default());
    rig.hears("EPSV");
    rig.server.received(b"RETR f\r\nQUIT\r\n");
    assert_eq!(rig.poll(World::Works), Did::Offers);
    assert!(!is_last(&mut rig), "150");
    let mut rig = Rig::greeted(tls(Security::Offered));
    rig.server.received(b"AUTH TLS\r\n");
    assert!(!is_last(&mut rig), "234");
}

#[test]
fn what_is_read_meanwhile_is_taken_up_behind_it() {
    let mut rig = Rig::streaming(Config::default());
    rig.server.received(b"NOOP\r\n");
    assert!(write(&mut rig).wants_input());
    rig.server.received(b"ABOR\r\n");
    assert_eq!(said(&rig.all(World::Works)), "200 NOOP ok.\n426 Transfer aborted.\n226 Abort successful.");
    // No more than the pipeline takes.
    let mut rig = Rig::logged_in(with(|config| config.pipeline_bytes = 100));
    rig.server.received(b"NOOP\r\n");
    rig.server.received(&[b'x'; 99]);
    assert!(write(&mut rig).wants_input());
    rig.server.received(b"x");
    assert!(!write(&mut rig).wants_input());
    rig.server.received(b"");
    assert!(!write(&mut rig).wants_input());
}

#[test]
fn what_may_be_tls_already_is_not_read_while_the_234_waits() {
    for (line, reply) in [("AUTH TLS", "234"), ("CCC", "200"), ("REIN", "220")] {
        let mut config = tls(Security::Offered);
        config.clear_command_channel = true;
        let mut rig = if reply == "234" { Rig::greeted(config) } else { Rig::secured(config) };
        rig.server.received(format!("{line}\r\n").as_bytes());
        while !matches!(rig.server.poll(rig.now()), Action::Write(_)) {
            rig.poll(World::Works);
        }
        assert!(write(&mut rig).bytes().starts_with(reply.as_bytes()));
        assert!(!write(&mut rig).wants_input(), "{line}");
    }
}

#[test]
fn it_tells_its_replies_and_has_no_commands() {
    let mut rig = Rig::logged_in(Config::default());
    rig.server.received(b"\xff\xfd\x01NOOP\r\nFEAT\r\nSYST\r\n");
    let codes = |write: Write<'_>| write.replies().map(|reply| reply.code().value()).collect::<Vec<_>>();
    assert_eq!(codes(write(&mut rig)), [200, 211, 215]);
    assert_eq!(write(&mut rig).commands().count(), 0);
    write(&mut rig).wrote(3);
    assert_eq!(codes(write(&mut rig)), [200, 211, 215], "three bytes of Telnet");
    write(&mut rig).wrote(1);
    assert_eq!(codes(write(&mut rig)), [211, 215], "the rest of a reply isn't one");
    let all = write(&mut rig).bytes().len();
    write(&mut rig).wrote(all - 1);
    assert_eq!(codes(write(&mut rig)), [0; 0]);
}
