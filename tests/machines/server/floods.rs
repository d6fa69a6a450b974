//! A client that says more than is wanted: what is kept is bounded, and the session ends. The mirror of `client/floods.rs`.

use ftp_proto::server::{Action, Config, Question, Server};
use ftp_proto_rigs::server::{Did, Rig, World, codes};

/// A limit of so many bytes for all that waits.
fn config(pipeline: usize) -> Config {
    let mut config = Config::default();
    (config.pipeline_bytes, config.limits.line) = (pipeline, 40);
    config
}

/// How many bytes the machine keeps, which its `Debug` says.
fn buffered(server: &Server) -> usize {
    let debug = format!("{server:?}");
    let number = |before: &str| {
        let (_, behind) = debug.rsplit_once(before).unwrap();
        behind.split(|digit: char| !digit.is_ascii_digit()).next().unwrap().parse::<usize>().unwrap()
    };
    number("Waiting(") + number("buffered: ")
}

/// A server whose application is asked about CWD, and takes its time.
fn asking(config: Config) -> Rig {
    let mut rig = Rig::logged_in(config);
    rig.world = World::Busy;
    assert_eq!(rig.hears("CWD d"), [Did::Asks("CWD d".into())]);
    rig
}

fn wants_input(rig: &mut Rig) -> bool {
    let now = rig.now();
    let Action::Question(question) = rig.server.poll(now) else { panic!("no question") };
    question.wants_input()
}

/// What the rest of the session is.
fn end(rig: &mut Rig) -> Vec<u16> {
    let did = rig.all(World::Works);
    assert_eq!(did.last(), Some(&Did::Leaves), "{did:?}");
    codes(&did)
}

#[test]
fn a_client_that_speaks_without_end_while_nobody_polls_is_turned_away() {
    let mut rig = Rig::logged_in(config(1000));
    let chunk = b"NOOP\r\n".repeat(20);
    for _ in 0..1000 {
        rig.server.received(&chunk);
        assert!(buffered(&rig.server) < 2 * 1000 + 3 * chunk.len(), "{}", buffered(&rig.server));
    }
    assert_eq!(end(&mut rig), [421]);
}

#[test]
fn a_client_that_speaks_without_end_and_reads_nothing_is_turned_away() {
    let mut rig = Rig::logged_in(config(1000));
    let chunk = b"NOOP\r\n".repeat(20);
    for _ in 0..1000 {
        rig.server.received(&chunk);
        let now = rig.now();
        // Nothing of it can be written.
        assert!(matches!(rig.server.poll(now), Action::Write(_)));
        assert!(buffered(&rig.server) < 2 * 1000 + 3 * chunk.len(), "{}", buffered(&rig.server));
    }
    let codes = end(&mut rig);
    assert_eq!(codes.last(), Some(&421), "{codes:?}");
    assert!(codes.len() < 1000, "{}", codes.len());
}

#[test]
fn a_client_that_speaks_without_end_during_a_transfer_is_turned_away() {
    let mut rig = Rig::streaming(config(1000));
    let chunk = b"SYST\r\n".repeat(20);
    for _ in 0..1000 {
        rig.server.received(&chunk);
        let did = rig.poll(World::Busy);
        assert!(buffered(&rig.server) < 4 * 1000 + 3 * chunk.len(), "{}", buffered(&rig.server));
        if did != Did::Streams {
            assert_eq!(codes(&[did]), [421]);
            break;
        }
    }
    assert_eq!(end(&mut rig), []);
}

#[test]
fn what_comes_unwanted_is_counted_from_the_second_time_on() {
    for (second, third, ends) in [(999, 1, false), (1000, 0, false), (1000, 1, true), (1001, 0, true), (500, 501, true)]
    {
        let mut rig = asking(config(1000));
        assert!(wants_input(&mut rig));
        rig.server.received(&[b'x'; 1000]);
        assert!(!wants_input(&mut rig), "it is full");
        // This may have been read before the machine said no, however much it is.
        rig.server.received(&[b'x'; 5000]);
        assert!(!wants_input(&mut rig));
        rig.server.received(&b"y".repeat(second));
        if third > 0 {
            assert!(!wants_input(&mut rig), "not yet");
            rig.server.received(&b"y".repeat(third));
        }
        let did = rig.all(World::Busy);
        let expected = if ends { vec![421] } else { vec![] };
        assert_eq!((codes(&did), did.last() == Some(&Did::Leaves)), (expected, ends), "{second} and {third}");
    }
}

#[test]
fn what_was_unwanted_once_counts_no_more_once_input_is_wanted_again() {
    let mut rig = Rig::logged_in(config(1000));
    for round in 0..5 {
        rig.world = World::Busy;
        rig.hears("CWD d");
        for _ in 0..3 {
            rig.server.received(&b"NOOP\r\n".repeat(100));
            wants_input(&mut rig);
        }
        rig.world = World::Works;
        let did = rig.all(World::Works);
        let answers: usize =
            did.iter().map(|did| if let Did::Said(said) = did { said.lines().count() } else { 0 }).sum();
        assert_eq!(answers, 301, "round {round}: {did:?}");
    }
}

#[test]
fn one_line_may_be_as_long_as_its_limit_however_little_may_wait() {
    let mut config = Config::default();
    config.pipeline_bytes = 1;
    let mut rig = Rig::logged_in(config);
    let line = [b"CWD ", &[b'd'; 4000][..], b"\r\n"].concat();
    for byte in line.chunks(1) {
        rig.server.received(byte);
    }
    assert_eq!(codes(&rig.all(World::Works)), [250]);
}

#[test]
fn an_adapter_that_obeys_never_floods() {
    for piece in [1, 7, 64, 5000] {
        let mut rig = Rig::logged_in(config(100));
        let wire = b"NOOP\r\nCWD d\r\n".repeat(500);
        let mut chunks = wire.chunks(piece);
        let mut answers = 0;
        loop {
            let now = rig.now();
            let reads = match rig.server.poll(now) {
                Action::Write(write) => {
                    answers += write.bytes().iter().filter(|byte| **byte == b'\n').count();
                    write.wrote_all();
                    false
                }
                Action::Question(question) if question.wants_input() && chunks.len() > 0 => true,
                Action::Question(Question::Perform(perform)) => {
                    perform.done();
                    false
                }
                Action::Read { .. } => true,
                other => panic!("{other:?}"),
            };
            if reads {
                let Some(chunk) = chunks.next() else { break };
                rig.server.received(chunk);
            }
        }
        assert_eq!(answers, 1000, "by {piece}");
    }
}
