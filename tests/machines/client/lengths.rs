//! Fewer bytes than were bound to come are no success, nor are more: by the application's total, by SIZE, by what a 150 announces.

use ftp_proto::client::{Action, Config, Failure, Request, Value};
use ftp_proto::{Command, Mode, Moved, Route, StreamEnd, Structure, Type};
use ftp_proto_rigs::client::{Did, Rig, World, by, done};
use ftp_proto_rigs::path;

fn retrieve(offset: u64) -> Request {
    Request::retrieve(path("f"), offset)
}

/// A request whose 150 has come, by EPSV, with what is said before its transfer command.
fn opened(config: Config, request: Request, before: &[(&str, &str)], opening: &str) -> Rig {
    let mut rig = Rig::logged_in(config);
    rig.client.start(request).unwrap();
    rig.converse(before);
    rig.client.received(format!("{opening}\r\n").as_bytes());
    let did = rig.all(World::Busy);
    assert!(matches!(did.last(), Some(Did::Streams(..))), "{did:?}");
    rig
}

/// The stream ends so, and the server is content: how the request ends.
fn ended(rig: &mut Rig, end: StreamEnd, moved: u64) -> Result<Value, Failure<'static>> {
    let Action::Stream(stream) = rig.client.poll(rig.now()).unwrap() else { panic!() };
    stream.finished(end, Moved::Bytes(moved));
    rig.client.received(b"226 done\r\n");
    loop {
        match rig.client.poll(rig.now()).unwrap() {
            Action::Done(ended) => return ended.map(|outcome| outcome.value).map_err(Failure::into_owned),
            Action::Reply(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

fn incomplete(end: StreamEnd, moved: u64, expected: u64) -> Result<Value, Failure<'static>> {
    Err(Failure::Incomplete { end, moved, expected: Some(expected) })
}

fn is_in_step(rig: &mut Rig) {
    rig.client.start(Request::print_directory()).unwrap();
    assert!(done(&rig.converse(&[("PWD", "257 \"/\"")])).is_ok());
}

const WHOLE: &[(&str, &str)] = &[("TYPE I", "200 ok"), ("EPSV", "229 (|||5|)")];
const FROM_400: &[(&str, &str)] = &[("TYPE I", "200 ok"), ("EPSV", "229 (|||5|)"), ("REST 400", "350 ok")];

#[test]
fn what_is_expected_is_binding_to_the_byte() {
    for (offset, before) in [(0, WHOLE), (400, FROM_400)] {
        let rest = 1000 - offset;
        for moved in [0, rest - 1, rest, rest + 1, 1000 + offset] {
            let mut rig = opened(by(&[Route::Epsv]), retrieve(offset).expecting(1000), before, "150 ok");
            let wanted =
                if moved == rest { Ok(Value::Transferred(moved)) } else { incomplete(StreamEnd::Clean, moved, rest) };
            assert_eq!(ended(&mut rig, StreamEnd::Clean, moved), wanted, "{moved} from {offset}");
            is_in_step(&mut rig);
        }
    }
    // Without it the server's word counts.
    let mut rig = opened(by(&[Route::Epsv]), retrieve(0), WHOLE, "150 ok");
    assert_eq!(ended(&mut rig, StreamEnd::Clean, 3), Ok(Value::Transferred(3)));
    // A stream that broke is told as that, with what was to come.
    let mut rig = opened(by(&[Route::Epsv]), retrieve(0).expecting(1000), WHOLE, "150 ok");
    assert_eq!(ended(&mut rig, StreamEnd::Truncated, 3), incomplete(StreamEnd::Truncated, 3, 1000));
}

#[test]
fn an_empty_rest_may_be_expected_and_is_fetched_as_any() {
    let mut rig = opened(by(&[Route::Epsv]), retrieve(400).expecting(400), FROM_400, "150 ok");
    assert_eq!(ended(&mut rig, StreamEnd::Clean, 0), Ok(Value::Transferred(0)));
    let mut rig = opened(by(&[Route::Epsv]), retrieve(0).expecting(0), WHOLE, "150 ok");
    assert_eq!(ended(&mut rig, StreamEnd::Clean, 1), incomplete(StreamEnd::Clean, 1, 0));
}

#[test]
fn nothing_is_said_for_a_transfer_that_begins_behind_what_is_expected() {
    let mut rig = Rig::logged_in(Config::default());
    rig.client.start(retrieve(401).expecting(400)).unwrap();
    let did = rig.all(World::Works);
    assert_eq!(did[0], Did::Done(Err("the file has 400 bytes, and the transfer was to begin at 401".into())));
    is_in_step(&mut rig);
}

#[test]
fn size_is_said_in_type_i_before_the_transfer_and_is_binding() {
    let before = [("TYPE I", "200 ok"), ("SIZE f", "213 1000"), ("EPSV", "229 (|||5|)"), ("REST 400", "350 ok")];
    for (moved, wanted) in [
        (600, Ok(Value::Transferred(600))),
        (599, incomplete(StreamEnd::Clean, 599, 600)),
        (1000, { incomplete(StreamEnd::Clean, 1000, 600) }),
    ] {
        let mut rig = opened(by(&[Route::Epsv]), retrieve(400).sized(), &before, "150 ok");
        assert_eq!(ended(&mut rig, StreamEnd::Clean, moved), wanted, "{moved}");
        is_in_step(&mut rig);
    }
}

#[test]
fn size_is_said_once_whatever_the_routes() {
    let mut rig = Rig::logged_in(Config::default());
    rig.client.start(retrieve(0).sized()).unwrap();
    rig.converse(&[("TYPE I", "200 ok"), ("SIZE f", "213 10"), ("EPSV", "229 (|||5|)"), ("RETR f", "425 no")]);
    assert_eq!(done_after(&mut rig, &["227 (1,2,3,4,5,6)", "150 ok", "226 ok"]), Ok(Value::Transferred(10)));
}

fn done_after(rig: &mut Rig, replies: &[&str]) -> Result<Value, String> {
    let mut did = Vec::new();
    for reply in replies {
        did.extend(rig.hears(reply));
    }
    assert!(!did.contains(&Did::Said("SIZE f".into())), "{did:?}");
    done(&did).clone()
}

#[test]
fn a_size_that_is_refused_or_unreadable_binds_nobody() {
    for reply in ["500 what?", "550 no", "502 no", "213 who knows"] {
        let before = [("TYPE I", "200 ok"), ("SIZE f", reply), ("EPSV", "229 (|||5|)")];
        let mut rig = opened(by(&[Route::Epsv]), retrieve(0).sized(), &before, "150 ok");
        assert_eq!(ended(&mut rig, StreamEnd::Clean, 3), Ok(Value::Transferred(3)), "{reply}");
        // What the application expects stays.
        let mut rig = opened(by(&[Route::Epsv]), retrieve(0).expecting(5).sized(), &before, "150 ok");
        assert_eq!(ended(&mut rig, StreamEnd::Clean, 3), incomplete(StreamEnd::Clean, 3, 5), "{reply}");
    }
    let mut rig = Rig::logged_in(Config::default());
    rig.client.start(retrieve(0).sized()).unwrap();
    let did = rig.converse(&[("TYPE I", "200 ok"), ("SIZE f", "421 good night")]);
    assert_eq!(done(&did), &Err("the server refused: 421 good night".into()));
}

#[test]
fn another_size_than_the_expected_one_is_told_before_a_byte_moves() {
    for offset in [0, 400] {
        let mut rig = Rig::logged_in(Config::default());
        rig.client.start(retrieve(offset).expecting(1000).sized()).unwrap();
        let did = rig.converse(&[("TYPE I", "200 ok"), ("SIZE f", "213 500")]);
        let told = "the file has changed: 1000 bytes were expected, and the server tells 500";
        assert_eq!(done(&did), &Err(told.into()), "{offset}");
        assert!(!did.contains(&Did::Said("EPSV".into())), "{did:?}");
        is_in_step(&mut rig);
    }
}

#[test]
fn where_size_says_that_nothing_is_left_nothing_is_fetched() {
    let sized = |offset, size| {
        let mut rig = Rig::logged_in(by(&[Route::Epsv]));
        rig.client.start(retrieve(offset).sized()).unwrap();
        let did = rig.converse(&[("TYPE I", "200 ok"), ("SIZE f", size)]);
        (rig, did)
    };
    let (mut rig, did) = sized(400, "213 400");
    assert_eq!(did[..2], [Did::Heard(213), Did::Done(Ok(Value::Transferred(0)))], "{did:?}");
    is_in_step(&mut rig);
    let (mut rig, did) = sized(400, "213 399");
    assert_eq!(done(&did), &Err("the file has 399 bytes, and the transfer was to begin at 400".into()));
    is_in_step(&mut rig);
    // An empty file is fetched: it may be another's to read.
    let (_, did) = sized(0, "213 0");
    assert!(did.contains(&Did::Said("EPSV".into())), "{did:?}");
}

#[test]
fn an_announced_size_raises_suspicion_where_fewer_bytes_come_than_either_reading_of_it_says() {
    for (offset, before, opening, moved, expected) in [
        (0, WHOLE, "150 Opening f (1000 bytes).", 999, Some(1000)),
        (0, WHOLE, "125 Opening f (1000 bytes).", 0, Some(1000)),
        (0, WHOLE, "150 Opening f (1000 bytes).", 1000, None),
        // The file may grow meanwhile.
        (0, WHOLE, "150 Opening f (1000 bytes).", 1001, None),
        // The whole, or the rest of it.
        (400, FROM_400, "150 Opening f (1000 bytes).", 599, Some(600)),
        (400, FROM_400, "150 Opening f (1000 bytes).", 600, None),
        (400, FROM_400, "150 Opening f (1000 bytes).", 1000, None),
        // If that is the whole, it ended before the offset, and nothing was to come.
        (400, FROM_400, "150 Opening f (100 bytes).", 0, None),
        (400, FROM_400, "150 Opening f (100 bytes).", 100, None),
        (0, WHOLE, "150 Opening f (1 kbytes).", 3, None),
    ] {
        let mut rig = opened(by(&[Route::Epsv]), retrieve(offset), before, opening);
        let wanted = match expected {
            Some(expected) => incomplete(StreamEnd::Clean, moved, expected),
            None => Ok(Value::Transferred(moved)),
        };
        assert_eq!(ended(&mut rig, StreamEnd::Clean, moved), wanted, "{moved} from {offset}: {opening}");
        let mut config = by(&[Route::Epsv]);
        config.announced_size = false;
        let mut rig = opened(config, retrieve(offset), before, opening);
        assert_eq!(ended(&mut rig, StreamEnd::Clean, moved), Ok(Value::Transferred(moved)), "by policy");
    }
}

#[test]
fn what_is_binding_is_stronger_than_what_is_announced() {
    let mut rig = opened(by(&[Route::Epsv]), retrieve(0).expecting(10), WHOLE, "150 f (1000 bytes)");
    assert_eq!(ended(&mut rig, StreamEnd::Clean, 10), Ok(Value::Transferred(10)));
    let mut rig = opened(by(&[Route::Epsv]), retrieve(0).expecting(1000), WHOLE, "150 f (10 bytes)");
    assert_eq!(ended(&mut rig, StreamEnd::Clean, 10), incomplete(StreamEnd::Clean, 10, 1000));
}

#[test]
fn no_byte_of_another_file_is_put_behind_a_part_of_the_expected_one() {
    for (opening, goes_on) in
        [("150 f (1000 bytes)", true), ("150 f (600 bytes)", true), ("150 ok", true), ("150 f (500 bytes)", false)]
    {
        let mut rig = Rig::logged_in(by(&[Route::Epsv]));
        rig.client.start(retrieve(400).expecting(1000)).unwrap();
        rig.converse(FROM_400);
        rig.client.received(format!("{opening}\r\n").as_bytes());
        let did = rig.all(World::Busy);
        let streams = did.iter().any(|did| matches!(did, Did::Streams(..)));
        assert_eq!(streams, goes_on, "{opening}: {did:?}");
        if !goes_on {
            assert!(did.contains(&Did::Said("ABOR".into())) && did.contains(&Did::Closes), "{did:?}");
            rig.hears("426 aborted");
            rig.hears("226 ok");
            let told = "the file has changed: 1000 bytes were expected, and the server tells 500";
            assert_eq!(done(&rig.hears("200 noop")), &Err(told.into()));
            is_in_step(&mut rig);
        }
    }
    // It is suspicion alone, and goes where the policy wants none.
    let mut config = by(&[Route::Epsv]);
    config.announced_size = false;
    let mut rig = opened(config, retrieve(400).expecting(1000), FROM_400, "150 f (500 bytes)");
    assert_eq!(ended(&mut rig, StreamEnd::Clean, 600), Ok(Value::Transferred(600)));
}

#[test]
fn an_announced_size_binds_no_listing_no_text_no_other_form_and_no_upload() {
    let epsv = [("EPSV", "229 (|||5|)")];
    let text = || retrieve(0).representation(Type::Ascii(None));
    for request in
        [Request::list(None), Request::plain_list(None), Request::names(None), Request::machine_list(None), text()]
    {
        let shown = format!("{request:?}");
        let mut rig = opened(by(&[Route::Epsv]), request, &epsv, "150 it (1000 bytes)");
        assert_eq!(ended(&mut rig, StreamEnd::Clean, 3), Ok(Value::Transferred(3)), "{shown}");
    }
    for request in [Request::store(path("f"), 0), Request::append(path("f"))] {
        let mut rig = opened(by(&[Route::Epsv]), request, WHOLE, "150 it (1000 bytes)");
        assert_eq!(ended(&mut rig, StreamEnd::Clean, 3), Ok(Value::Transferred(3)));
    }
    for form in [Command::Mode(Mode::Block), Command::Stru(Structure::Record)] {
        let mut rig = Rig::logged_in(by(&[Route::Epsv]));
        rig.client.start(Request::command(form).unwrap()).unwrap();
        rig.all(World::Works);
        rig.hears("200 ok");
        rig.client.start(retrieve(0)).unwrap();
        rig.converse(WHOLE);
        rig.client.received(b"150 it (1000 bytes)\r\n");
        rig.all(World::Busy);
        assert_eq!(ended(&mut rig, StreamEnd::Clean, 3), Ok(Value::Transferred(3)));
    }
}

#[test]
fn a_range_brings_no_more_than_it_names_and_with_a_total_exactly_that() {
    let before = [("TYPE I", "200 ok"), ("EPSV", "229 (|||5|)"), ("RANG 100 199", "350 ok")];
    for (total, moved, expected) in [
        (None, 100, None),
        (None, 7, None),
        (None, 101, Some(100)),
        (Some(1000), 100, None),
        (Some(1000), 99, Some(100)),
        (Some(150), 50, None),
        (Some(150), 51, Some(50)),
    ] {
        let request = retrieve(0).range(100..=199);
        let request = if let Some(total) = total { request.expecting(total) } else { request };
        // What is announced may be either.
        let mut rig = opened(by(&[Route::Epsv]), request, &before, "150 f (1000 bytes)");
        let wanted = match expected {
            Some(expected) => incomplete(StreamEnd::Clean, moved, expected),
            None => Ok(Value::Transferred(moved)),
        };
        assert_eq!(ended(&mut rig, StreamEnd::Clean, moved), wanted, "{total:?} {moved}");
    }
}

#[test]
fn both_numbers_are_told() {
    let told = |end, moved, expected| Failure::Incomplete { end, moved, expected }.to_string();
    assert_eq!(told(StreamEnd::Clean, 5, Some(10)), "the data ended early, after 5 of 10 bytes");
    assert_eq!(told(StreamEnd::Clean, 15, Some(10)), "too much data came: 15 bytes, not 10");
    assert_eq!(
        told(StreamEnd::Truncated, 5, Some(10)),
        "the data ended early, after 5 of 10 bytes (the connection broke)"
    );
    assert_eq!(told(StreamEnd::LocalError, 5, None), "the data ended early, after 5 bytes (local file error)");
}

#[test]
fn a_connection_that_breaks_behind_the_last_byte_has_brought_all() {
    let broken = StreamEnd::Truncated;
    let sized: &[(&str, &str)] = &[("TYPE I", "200 ok"), ("SIZE f", "213 1000"), ("EPSV", "229 (|||5|)")];
    // How it is known, and how many bytes came: all, or not.
    for (request, before, opening, rest) in [
        (retrieve(0).expecting(1000), WHOLE, "150 ok", 1000),
        (retrieve(400).expecting(1000), FROM_400, "150 ok", 600),
        (retrieve(0).sized(), sized, "150 ok", 1000),
        (retrieve(0), WHOLE, "150 f (1000 bytes)", 1000),
    ] {
        let open = || opened(by(&[Route::Epsv]), request.clone(), before, opening);
        for (moved, wanted) in [(rest, Ok(Value::Transferred(rest))), (rest - 1, incomplete(broken, rest - 1, rest))] {
            let mut rig = open();
            assert_eq!(ended(&mut rig, broken, moved), wanted, "{opening}");
            is_in_step(&mut rig);
        }
        assert!(ended(&mut open(), broken, rest + 1).is_err(), "{opening}");
        // Only with the server's word.
        let mut rig = open();
        let Action::Stream(stream) = rig.client.poll(rig.now()).unwrap() else { panic!() };
        stream.finished(broken, Moved::Bytes(rest));
        assert!(done(&rig.hears("426 broken")).is_err(), "{opening}");
    }
    // Nobody knows; or a 150 may mean the whole file, or the rest.
    for (request, before, opening, moved) in [
        (retrieve(0), WHOLE, "150 ok", 1000),
        (retrieve(400), FROM_400, "150 f (1000 bytes)", 600),
        (retrieve(400), FROM_400, "150 f (1000 bytes)", 1000),
    ] {
        let mut rig = opened(by(&[Route::Epsv]), request, before, opening);
        assert!(ended(&mut rig, broken, moved).is_err(), "{opening}, {moved}");
    }
}
