//! Replies that fit nothing due, or come before their 1yz, while a transfer is under way.

use ftp_proto::client::{Action, Request, Value};
use ftp_proto::{Direction, Moved, Route, StreamEnd};
use ftp_proto_rigs::client::{Did, Rig, World, by, done};
use ftp_proto_rigs::path;

use super::suspects::{after, is_in_step, said, waits};

/// A client that has said RETR.
pub(super) fn commanded(route: Route) -> Rig {
    let mut rig = Rig::logged_in(by(&[route]));
    rig.world = World::Busy;
    rig.retrieve();
    rig.all(World::Works);
    rig.client.received(b"200 ok\r\n");
    rig.all(World::Works);
    rig.client.received(if route == Route::Epsv { b"229 (|||5|)\r\n" } else { b"200 ok\r\n" });
    rig.all(if route == Route::Epsv { World::Works } else { World::Busy });
    rig
}

#[test]
fn a_150_behind_the_barrier_begins_the_transfer_at_once() {
    let mut rig = commanded(Route::Epsv);
    assert_eq!(rig.hears("257 odd"), [Did::Unsolicited(257), waits(2)]);
    assert_eq!(after(&mut rig, 2), [said("NOOP"), waits(2)]);
    assert_eq!(rig.hears("150 here it comes"), [Did::Heard(150), Did::Streams(Direction::Receive, 0)]);
    // The server answers NOOP once the file is through.
    assert_eq!(rig.all(World::Works), [Did::Streams(Direction::Receive, 0), waits(60)]);
    assert_eq!(rig.hears("226 done"), [Did::Heard(226), waits(10)]);
    assert_eq!(done(&rig.hears("200 NOOP ok")), &Ok(Value::Transferred(10)));
    is_in_step(&mut rig);
    // The refusal was the barrier's.
    let mut rig = commanded(Route::Epsv);
    rig.hears("257 odd");
    after(&mut rig, 2);
    rig.hears("502 NOOP?");
    rig.hears("150 here it comes");
    rig.all(World::Works);
    assert_eq!(done(&rig.hears("226 done")), &Ok(Value::Transferred(10)));
    is_in_step(&mut rig);
    // No 150, but the end.
    let mut rig = commanded(Route::Epsv);
    rig.hears("257 odd");
    after(&mut rig, 2);
    rig.hears("226 done");
    rig.hears("200 NOOP ok");
    assert_eq!(done(&rig.all(World::Works)), &Ok(Value::Transferred(10)));
    is_in_step(&mut rig);
}

#[test]
fn an_odd_answer_to_retr_ends_the_transfer() {
    for route in [Route::Epsv, Route::Port] {
        let mut rig = commanded(route);
        // The question who connects steps back meanwhile, so that who waits for an answer to it doesn't wait for long.
        assert_eq!(rig.hears("257 odd"), [Did::Unsolicited(257), waits(2)], "{route:?}");
        assert_eq!(after(&mut rig, 2), [said("NOOP"), waits(2)]);
        let did = rig.hears("200 NOOP ok");
        assert!(did.contains(&Did::Closes), "{did:?}");
        assert_eq!(done(&did), &Err("the server's answer makes no sense: 257 odd".into()));
        is_in_step(&mut rig);
    }
    // And comes again where what fits comes.
    let mut rig = commanded(Route::Port);
    rig.hears("257 spare");
    assert_eq!(rig.hears("150 here it comes"), [Did::Heard(150), Did::Accepts(None)]);
}

#[test]
fn what_is_heard_while_bytes_move_waits_for_their_end() {
    let mut rig = Rig::streaming(by(&[Route::Epsv]));
    rig.world = World::Busy;
    assert_eq!(rig.hears("331 odd"), [Did::Unsolicited(331), Did::Streams(Direction::Receive, 0)]);
    assert_eq!(after(&mut rig, 50), [Did::Streams(Direction::Receive, 0)]);
    // From here on what fits has its time.
    assert_eq!(rig.all(World::Works), [Did::Streams(Direction::Receive, 0), waits(2)]);
    let mut other = Rig::streaming(by(&[Route::Epsv]));
    other.hears("331 odd");
    other.all(World::Works);
    assert_eq!(done(&other.hears("226 done")), &Ok(Value::Transferred(10)));
    assert_eq!(after(&mut rig, 2), [said("NOOP"), waits(2)]);
    assert_eq!(done(&rig.hears("200 NOOP ok")), &Err("the server's answer makes no sense: 331 odd".into()));
    is_in_step(&mut rig);
}

#[test]
fn a_226_before_the_150_may_be_left_from_a_transfer_before() {
    for route in [Route::Epsv, Route::Port] {
        for (end, whole) in [("226 done", true), ("451 half of it", false)] {
            let mut rig = commanded(route);
            assert_eq!(rig.hears("226 of the one before"), [Did::Unsolicited(226), waits(2)], "{route:?}");
            assert_eq!(rig.hears("150 here it comes")[0], Did::Heard(150));
            let did = rig.all(World::Works);
            assert!(did.contains(&Did::Streams(Direction::Receive, 0)), "{did:?}");
            assert_eq!(done(&rig.hears(end)).is_ok(), whole, "{route:?}, {end}");
            is_in_step(&mut rig);
        }
        // There is no such file.
        let mut rig = commanded(route);
        rig.hears("226 of the one before");
        assert_eq!(done(&rig.hears("550 no such file")), &Err("the server refused: 550 no such file".into()));
        is_in_step(&mut rig);
    }
}

#[test]
fn a_226_without_a_150_is_the_answer_if_the_barrier_says_so() {
    let mut rig = commanded(Route::Epsv);
    rig.hears("226 that was it");
    assert_eq!(after(&mut rig, 2), [said("NOOP"), waits(2)]);
    let did = rig.hears("200 NOOP ok");
    assert!(did.contains(&Did::Streams(Direction::Receive, 0)), "{did:?}");
    let mut did = did;
    did.extend(rig.all(World::Works));
    assert_eq!(done(&did), &Ok(Value::Transferred(10)));
    is_in_step(&mut rig);
}

#[test]
fn a_226_ends_no_upload_of_which_nothing_was_sent() {
    let mut rig = Rig::logged_in(by(&[Route::Epsv]));
    rig.client.start(Request::store(path("f"), 0)).unwrap();
    rig.converse(&[("TYPE I", "200 ok"), ("EPSV", "229 (|||5|)")]);
    rig.all(World::Works);
    assert_eq!(rig.hears("226 of the one before"), [Did::Unsolicited(226), waits(2)]);
    assert_eq!(after(&mut rig, 2), [said("NOOP"), waits(2)]);
    let did = rig.hears("200 NOOP ok");
    assert_eq!(done(&did), &Err("the server's answer makes no sense: 226 of the one before".into()));
    is_in_step(&mut rig);
}

#[test]
fn a_listing_that_is_done_without_a_150_and_without_a_byte_is_empty() {
    for route in [Route::Epsv, Route::Port] {
        for end in ["broken", "nothing", "nobody"] {
            let mut rig = Rig::logged_in(by(&[route]));
            rig.world = World::Busy;
            rig.client.start(Request::list(None)).unwrap();
            rig.all(World::Works);
            rig.client.received(if route == Route::Epsv { b"229 (|||5|)\r\n" } else { b"200 ok\r\n" });
            rig.all(if route == Route::Epsv { World::Works } else { World::Busy });
            assert_eq!(rig.hears("226 nothing there")[0], Did::Unsolicited(226), "{route:?}, {end}");
            after(&mut rig, 2);
            rig.client.received(b"200 NOOP ok\r\n");
            let mut did = match (route, end) {
                // The server's socket is closed, or open and silent.
                (Route::Epsv, "broken") => {
                    rig.all(World::Busy);
                    let Action::Stream(stream) = rig.client.poll(rig.now()).unwrap() else { panic!() };
                    stream.finished(StreamEnd::Truncated, Moved::Nothing);
                    rig.all(World::Works)
                }
                (Route::Epsv, _) => {
                    rig.all(World::Busy);
                    let Action::Stream(stream) = rig.client.poll(rig.now()).unwrap() else { panic!() };
                    stream.moved(0);
                    rig.all(World::Busy);
                    after(&mut rig, 2)
                }
                _ => {
                    rig.all(World::Busy);
                    after(&mut rig, 30)
                }
            };
            if !did.iter().any(|did| matches!(did, Did::Done(_))) {
                did.extend(rig.all(World::Works));
            }
            assert_eq!(done(&did), &Ok(Value::Transferred(0)), "{route:?}, {end}: {did:?}");
            is_in_step(&mut rig);
        }
    }
}
