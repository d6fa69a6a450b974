//! A server that says more than is wanted: what is kept is bounded, and the session ends. The mirror of `server/floods.rs`.

use ftp_proto::client::{Action, Client, Config, Request, Violation};
use ftp_proto::{Direction, Moved, StreamEnd};
use ftp_proto_rigs::client::{Did, Rig, World};

/// A limit of so many bytes for all that waits.
fn config(reply: usize) -> Config {
    let mut config = Config::default();
    config.limits.reply = reply;
    config
}

fn flood(limit: usize) -> Result<Did, Violation> {
    Err(Violation::Flood { limit })
}

/// How many bytes the machine keeps, which its `Debug` says.
fn buffered(client: &Client) -> usize {
    let debug = format!("{client:?}");
    let (_, number) = debug.rsplit_once("buffered: ").unwrap();
    number.split(|digit: char| !digit.is_ascii_digit()).next().unwrap().parse().unwrap()
}

#[test]
fn a_server_that_speaks_without_end_while_nobody_polls_is_a_violation() {
    let mut rig = Rig::logged_in(config(1000));
    let chunk = b"200 spare\r\n".repeat(10);
    for _ in 0..1000 {
        rig.client.received(&chunk);
        assert!(buffered(&rig.client) < 2 * 1000 + 3 * chunk.len(), "{}", buffered(&rig.client));
    }
    for _ in 0..3 {
        assert_eq!(rig.poll(World::Works), flood(1000), "for ever");
    }
}

#[test]
fn a_server_that_speaks_without_end_and_reads_nothing_is_a_violation() {
    let mut rig = Rig::logged_in(config(1000));
    rig.client.start(Request::noop()).unwrap();
    let chunk = b"200 spare\r\n".repeat(10);
    let mut received = 0;
    loop {
        match rig.client.poll(rig.now()) {
            // Nothing of it can be written.
            Ok(Action::Write(_)) => {}
            Ok(other) => panic!("{other:?}"),
            Err(violation) => break assert_eq!(violation, Violation::Flood { limit: 1000 }),
        }
        rig.client.received(&chunk);
        received += chunk.len();
        assert!(received < 2 * 1000 + 3 * chunk.len());
    }
}

/// A download whose 226 has come: only its bytes are waited for, and no reply is wanted until they are here.
fn unwanting(config: Config) -> Rig {
    let mut rig = Rig::streaming(config);
    rig.client.received(b"226 done\r\n");
    assert_eq!(rig.poll(World::Busy), Ok(Did::Heard(226)));
    let Ok(Action::Stream(stream)) = rig.client.poll(rig.now()) else { panic!("no stream") };
    assert!(!stream.wants_input());
    rig
}

#[test]
fn what_comes_unwanted_is_counted_from_the_second_time_on() {
    for (second, third, ends) in [(999, 1, false), (1000, 0, false), (1000, 1, true), (1001, 0, true), (500, 501, true)]
    {
        let mut rig = unwanting(config(1000));
        // This may have been read before the machine said no, however much it is.
        rig.client.received(&[b'x'; 5000]);
        assert_eq!(rig.poll(World::Busy), Ok(Did::Streams(Direction::Receive, 0)), "not yet");
        rig.client.received(&b"y".repeat(second));
        if third > 0 {
            assert_eq!(rig.poll(World::Busy), Ok(Did::Streams(Direction::Receive, 0)), "not yet");
            rig.client.received(&b"y".repeat(third));
        }
        let expected = if ends { flood(1000) } else { Ok(Did::Streams(Direction::Receive, 0)) };
        assert_eq!(rig.poll(World::Busy), expected, "{second} and {third}");
    }
}

#[test]
fn what_was_unwanted_once_counts_no_more_once_input_is_wanted_again() {
    let mut rig = unwanting(config(1000));
    for round in 0..5 {
        if round > 0 {
            rig.retrieve();
            rig.converse(&[("EPSV", "229 (|||5|)")]);
            rig.client.received(b"150 ok\r\n");
            rig.all(World::Busy);
            rig.client.received(b"226 done\r\n");
            assert_eq!(rig.poll(World::Busy), Ok(Did::Heard(226)));
            assert_eq!(rig.poll(World::Busy), Ok(Did::Streams(Direction::Receive, 0)));
        }
        rig.client.received(b"200 spare\r\n");
        rig.client.received(&b"200 spare\r\n".repeat(80));
        let Ok(Action::Stream(stream)) = rig.client.poll(rig.now()) else { panic!("no stream in round {round}") };
        stream.finished(StreamEnd::Clean, Moved::Bytes(10));
        let did = rig.all(World::Works);
        assert_eq!(did.iter().filter(|did| **did == Did::Unsolicited(200)).count(), 81, "round {round}: {did:?}");
    }
}

/// The limit is that of a reply, so one that is just not too long has room whenever a reply is wanted.
#[test]
fn an_adapter_that_obeys_never_floods() {
    for piece in [1, 7, 64, 5000] {
        let mut rig = Rig::logged_in(config(1000));
        rig.client.start(Request::noop()).unwrap();
        let long = format!("200-begin\r\n{}\r\n200 end\r\n", "x".repeat(960));
        let mut wire = b"200 spare\r\n".repeat(1000);
        wire.extend(long.as_bytes());
        let mut chunks = wire.chunks(piece);
        let mut replies = 0;
        loop {
            match rig.client.poll(rig.now()).unwrap() {
                Action::Write(write) => write.wrote_all(),
                Action::Read { .. } => match chunks.next() {
                    Some(chunk) => rig.client.received(chunk),
                    None => break,
                },
                Action::Reply(_) | Action::Unsolicited(_) => replies += 1,
                Action::Done(ended) => assert!(ended.is_ok()),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(replies, 1001, "by {piece}");
    }
}
