//! `Close`, and what it decides: whether another route is tried.

use ftp_proto::client::{Action, Config, Request};
use ftp_proto::{Moved, StreamEnd, Verb};
use ftp_proto_rigs::client::{Did, Rig, World, done};
use ftp_proto_rigs::path;

/// A transfer by EPSV whose stream is open, with PASV left to try.
fn streaming(request: Request) -> Rig {
    let mut rig = Rig::logged_in(Config::default());
    rig.client.start(request).unwrap();
    rig.converse(&[("TYPE I", "200 ok"), ("EPSV", "229 (|||5|)")]);
    rig.client.received(b"150 ok\r\n");
    assert!(matches!(rig.all(World::Busy).last(), Some(Did::Streams(..))));
    rig
}

fn attempt(rig: &mut Rig) -> u32 {
    let Action::Stream(stream) = rig.client.poll(rig.now()).unwrap() else { panic!() };
    stream.attempt()
}

/// The server has said this while the stream is open; the serial of the `Close` that follows.
fn closes(rig: &mut Rig, reply: &str) -> u64 {
    rig.client.received(format!("{reply}\r\n").as_bytes());
    while !matches!(rig.poll(World::Busy), Ok(Did::Heard(_))) {}
    let Action::Close(close) = rig.client.poll(rig.now()).unwrap() else { panic!() };
    close.serial()
}

fn closed(rig: &mut Rig, moved: Moved) -> Vec<Did> {
    let Action::Close(close) = rig.client.poll(rig.now()).unwrap() else { panic!() };
    close.closed(moved);
    rig.all(World::Works)
}

#[test]
fn what_had_moved_forbids_another_route_and_nothing_does_not() {
    let requests = [|| Request::retrieve(path("f"), 0), || Request::store(path("f"), 0), || Request::append(path("f"))];
    for request in requests {
        for (moved, goes_on) in
            [(Moved::Nothing, true), (Moved::Bytes(0), false), (Moved::Bytes(1), false), (Moved::from(0), true)]
        {
            let mut rig = streaming(request());
            closes(&mut rig, "425 no connection");
            let did = closed(&mut rig, moved);
            assert_eq!(did.contains(&Did::Said("PASV".into())), goes_on, "{moved:?}: {did:?}");
            if !goes_on {
                assert_eq!(done(&did), &Err("the server refused: 425 no connection".into()), "{moved:?}");
            }
        }
    }
}

#[test]
fn a_close_comes_again_with_its_serial_and_before_everything_else() {
    let mut rig = streaming(Request::retrieve(path("f"), 0));
    let first = closes(&mut rig, "425 no connection");
    for _ in 0..3 {
        // Neither a word of the server nor one of the application comes before it.
        rig.client.received(b"200 unasked\r\n");
        rig.client.abort();
        let Action::Close(close) = rig.client.poll(rig.now()).unwrap() else { panic!() };
        assert_eq!(close.serial(), first);
    }
    assert!(!closed(&mut rig, Moved::Nothing).contains(&Did::Closes), "it is answered once");
}

#[test]
fn another_channel_has_another_name_and_another_serial() {
    let mut rig = streaming(Request::retrieve(path("f"), 0));
    let Action::Stream(stream) = rig.client.poll(rig.now()).unwrap() else { panic!() };
    let (channel, serial) = (stream.channel(), stream.serial());
    closes(&mut rig, "425 no connection");
    let Action::Close(close) = rig.client.poll(rig.now()).unwrap() else { panic!() };
    assert_eq!(close.channel(), channel);
    assert_ne!(close.serial(), serial);
    close.closed(Moved::Nothing);
    rig.all(World::Works);
    rig.client.received(b"227 (198,51,100,7,0,6)\r\n");
    while !matches!(rig.poll(World::Busy), Ok(Did::Heard(227))) {}
    let Action::Connect(connect) = rig.client.poll(rig.now()).unwrap() else { panic!() };
    assert!(connect.channel() > channel);
    assert_ne!(connect.serial(), serial);
}

#[test]
fn a_stream_tells_which_attempt_of_its_request_it_is() {
    let mut rig = streaming(Request::retrieve(path("f"), 0));
    assert_eq!(attempt(&mut rig), 1);
    closes(&mut rig, "425 no connection");
    closed(&mut rig, Moved::Nothing);
    rig.hears("227 (198,51,100,7,0,6)");
    rig.client.received(b"150 ok\r\n");
    rig.all(World::Busy);
    assert_eq!(attempt(&mut rig), 2);
    rig.all(World::Works);
    assert!(done(&rig.hears("226 ok")).is_ok());
    // The next request counts from the start; a route that failed before a stream was asked for is no attempt.
    rig.client.start(Request::retrieve(path("f"), 0)).unwrap();
    rig.all(World::Works);
    rig.hears("425 not this one");
    let said = rig.client.session().awaited().and_then(|awaited| awaited.verb());
    assert!(matches!(said, Some(Verb::Epsv | Verb::Pasv)), "{said:?}");
    let reply = if said == Some(Verb::Epsv) { "229 (|||5|)" } else { "227 (198,51,100,7,0,6)" };
    rig.hears(reply);
    rig.client.received(b"150 ok\r\n");
    rig.all(World::Busy);
    assert_eq!(attempt(&mut rig), 1);
}

#[test]
fn only_a_fault_of_an_untouched_connection_leads_to_another_route() {
    // What the adapter has told, the server's code, and whether the next route is tried.
    for (told, reply, goes_on) in [
        (None, "425 no", true),
        (None, "426 no", false),
        (None, "451 no", false),
        (Some(0), "425 no", true),
        (Some(0), "426 no", true),
        (Some(0), "451 no", false),
        (Some(0), "550 no", false),
        (Some(1), "425 no", false),
        (Some(1), "426 no", false),
    ] {
        let mut rig = streaming(Request::retrieve(path("f"), 0));
        if let Some(total) = told {
            let Action::Stream(stream) = rig.client.poll(rig.now()).unwrap() else { panic!() };
            stream.moved(total);
        }
        closes(&mut rig, reply);
        let did = closed(&mut rig, Moved::Nothing);
        assert_eq!(did.contains(&Did::Said("PASV".into())), goes_on, "{told:?}, {reply}: {did:?}");
    }
    // The stream has ended before the server says so.
    for (end, moved, reply, goes_on) in [
        (StreamEnd::Clean, Moved::Nothing, "425 no", true),
        (StreamEnd::Truncated, Moved::Nothing, "426 no", true),
        (StreamEnd::Truncated, Moved::Bytes(1), "425 no", false),
        (StreamEnd::LocalError, Moved::Nothing, "425 no", false),
        (StreamEnd::StorageFull, Moved::Nothing, "426 no", false),
        (StreamEnd::Clean, Moved::Nothing, "451 no", false),
    ] {
        let mut rig = streaming(Request::retrieve(path("f"), 0));
        let Action::Stream(stream) = rig.client.poll(rig.now()).unwrap() else { panic!() };
        stream.finished(end, moved);
        let did = rig.hears(reply);
        assert_eq!(did.contains(&Did::Said("PASV".into())), goes_on, "{end:?}, {moved:?}, {reply}: {did:?}");
    }
}

#[test]
fn what_a_channel_has_moved_says_nothing_of_the_next() {
    let mut rig = streaming(Request::retrieve(path("f"), 0));
    rig.client.abort();
    while !matches!(rig.poll(World::Busy), Ok(Did::Said(_))) {}
    closed(&mut rig, Moved::Bytes(5));
    for reply in ["426 aborted", "226 ok", "200 noop"] {
        rig.hears(reply);
    }
    rig.client.start(Request::retrieve(path("f"), 0)).unwrap();
    rig.converse(&[("EPSV", "229 (|||5|)")]);
    rig.client.received(b"150 ok\r\n");
    rig.all(World::Busy);
    let Action::Stream(stream) = rig.client.poll(rig.now()).unwrap() else { panic!() };
    stream.finished(StreamEnd::Truncated, Moved::Nothing);
    let did = rig.hears("426 broken");
    assert!(did.contains(&Did::Said("PASV".into())), "{did:?}");
}

#[test]
fn content_that_cannot_begin_anew_is_not_sent_by_another_route_though_no_byte_was_moved() {
    let mut rig = streaming(Request::store(path("f"), 0));
    let Action::Stream(stream) = rig.client.poll(rig.now()).unwrap() else { panic!() };
    stream.finished(StreamEnd::Truncated, Moved::Bytes(0));
    let did = rig.hears("426 broken");
    assert!(!did.contains(&Did::Said("PASV".into())), "{did:?}");
}

#[test]
fn the_control_connection_is_read_until_the_final_reply_or_the_end_has_come() {
    let wants_input = |rig: &mut Rig| match rig.client.poll(rig.now()) {
        Ok(Action::Stream(stream)) => stream.wants_input(),
        other => panic!("{other:?}"),
    };
    let mut rig = Rig::streaming(Config::default());
    assert!(wants_input(&mut rig));
    rig.client.received(b"226 done\r\n200 for later\r\n");
    assert_eq!(rig.poll(World::Busy), Ok(Did::Heard(226)));
    assert!(!wants_input(&mut rig), "what comes now belongs to later requests");
    rig.client.received(b"");
    assert!(!wants_input(&mut rig));
}
