//! What an application may want of a transfer beside the usual, and what it may not want together.

use std::time::Duration;

use ftp_proto::client::{Action, Config, Misuse, Request, Value};
use ftp_proto::{Command, Direction, Mode, Path, Route, Type};
use ftp_proto_rigs::client::{Did, Rig, World, by, done};
use ftp_proto_rigs::path;

fn rig() -> Rig {
    Rig::logged_in(by(&[Route::Epsv]))
}

fn started(rig: &mut Rig, request: Request) -> Option<Misuse> {
    rig.client.start(request).err().map(|rejected| rejected.why)
}

/// The request succeeds by these words, the last of which is answered 150.
fn succeeds(rig: &mut Rig, request: Request, dialogue: &[(&str, &str)]) {
    rig.client.start(request).unwrap();
    rig.converse(dialogue);
    let did = rig.hears("226 ok");
    assert_eq!(done(&did), &Ok(Value::Transferred(10)), "{dialogue:?}");
}

const EPSV: (&str, &str) = ("EPSV", "229 (|||5|)");

#[test]
fn a_transfer_is_made_in_the_type_that_is_wanted() {
    let mut rig = rig();
    let retrieve = || Request::retrieve(path("f"), 0);
    succeeds(&mut rig, retrieve().representation(Type::Ascii(None)), &[EPSV, ("RETR f", "150 ok")]);
    succeeds(&mut rig, retrieve(), &[("TYPE I", "200 ok"), EPSV, ("RETR f", "150 ok")]);
    let local = retrieve().representation(Type::LOCAL_8);
    succeeds(&mut rig, local, &[("TYPE L 8", "200 ok"), EPSV, ("RETR f", "150 ok")]);
    succeeds(&mut rig, retrieve().representation_in_force(), &[EPSV, ("RETR f", "150 ok")]);
    let names = Request::names(None).representation_in_force();
    succeeds(&mut rig, names, &[EPSV, ("NLST", "150 ok")]);
    let store = Request::store(path("f"), 0).representation(Type::Image);
    succeeds(&mut rig, store, &[("TYPE I", "200 ok"), EPSV, ("STOR f", "150 ok")]);
    // The last one counts.
    let last = retrieve().representation(Type::Ascii(None)).representation(Type::Image);
    succeeds(&mut rig, last, &[EPSV, ("RETR f", "150 ok")]);
    // The adapter is told.
    rig.client.start(retrieve().representation(Type::Ascii(None))).unwrap();
    rig.converse(&[("TYPE A", "200 ok"), EPSV]);
    rig.client.received(b"150 ok\r\n");
    rig.all(World::Busy);
    let Action::Stream(stream) = rig.client.poll(rig.now()).unwrap() else { panic!() };
    assert_eq!(stream.representation(), Type::Ascii(None));
}

#[test]
fn a_listing_is_made_in_the_type_that_is_wanted_whether_it_is_list_or_mlsd() {
    let mut rig = rig();
    let image = || Request::list(None).representation(Type::Image);
    succeeds(&mut rig, image(), &[("TYPE I", "200 ok"), EPSV, ("LIST", "150 ok")]);
    succeeds(&mut rig, Request::list(None), &[("TYPE A", "200 ok"), EPSV, ("LIST", "150 ok")]);
    rig.client.start(Request::features()).unwrap();
    rig.converse(&[("FEAT", "211-Features:\r\n MLST type*;\r\n211 End")]);
    succeeds(&mut rig, Request::list(None), &[EPSV, ("MLSD", "150 ok")]);
    succeeds(&mut rig, image(), &[("TYPE I", "200 ok"), EPSV, ("MLSD", "150 ok")]);
}

#[test]
fn names_are_nlst_in_type_a() {
    let mut rig = rig();
    succeeds(&mut rig, Request::names(None), &[EPSV, ("NLST", "150 ok")]);
    succeeds(&mut rig, Request::names(Some(path("pub"))), &[EPSV, ("NLST pub", "150 ok")]);
    succeeds(&mut rig, Request::retrieve(path("f"), 0), &[("TYPE I", "200 ok"), EPSV, ("RETR f", "150 ok")]);
    succeeds(&mut rig, Request::names(None), &[("TYPE A", "200 ok"), EPSV, ("NLST", "150 ok")]);
    // How many servers tell that nothing is there.
    rig.client.start(Request::names(None)).unwrap();
    let did = rig.converse(&[EPSV, ("NLST", "550 No files found.")]);
    assert_eq!(done(&did), &Err("the server refused: 550 No files found.".into()));
}

#[test]
fn a_range_is_said_right_before_the_transfer_and_again_by_the_next_route() {
    let mut rig = Rig::logged_in(Config::default());
    rig.client.start(Request::retrieve(path("f"), 0).range(100..=199)).unwrap();
    rig.converse(&[("TYPE I", "200 ok"), EPSV, ("RANG 100 199", "350 ok"), ("RETR f", "425 no")]);
    rig.hears("227 (1,2,3,4,5,6)");
    rig.client.received(b"350 ok\r\n");
    let mut did = rig.all(World::Busy);
    rig.client.received(b"150 ok\r\n");
    did.extend(rig.all(World::Busy));
    assert_eq!(did.last(), Some(&Did::Streams(Direction::Receive, 100)), "{did:?}");
    let said: Vec<_> = did.iter().filter(|did| matches!(did, Did::Said(_))).collect();
    assert_eq!(said, [&Did::Said("RETR f".into())]);
    rig.all(World::Works);
    assert_eq!(done(&rig.hears("226 ok")), &Ok(Value::Transferred(10)));
    // The transfer has spent it.
    let plain = [("PASV", "227 (1,2,3,4,5,6)"), ("RETR f", "150 ok")];
    succeeds(&mut rig, Request::retrieve(path("f"), 0), &plain);
    // An upload may have one.
    let store = Request::store(path("f"), 0).range(5..=14);
    succeeds(&mut rig, store, &[plain[0], ("RANG 5 14", "350 ok"), ("STOR f", "150 ok")]);
    // A server that doesn't know it refuses the request.
    rig.client.start(Request::retrieve(path("f"), 0).range(0..=0)).unwrap();
    let did = rig.converse(&[plain[0], ("RANG 0 0", "502 what?")]);
    assert_eq!(done(&did), &Err("the server refused: 502 what?".into()));
}

#[test]
fn a_range_that_an_aborted_request_has_left_behind_is_taken_back() {
    let mut rig = rig();
    rig.client.start(Request::retrieve(path("f"), 0).range(100..=199)).unwrap();
    rig.converse(&[("TYPE I", "200 ok"), EPSV]);
    rig.client.abort();
    assert_eq!(done(&rig.hears("350 ok")), &Err("aborted".into()));
    let plain = [EPSV, ("RANG 1 0", "350 ok"), ("REST 7", "350 ok"), ("RETR f", "150 ok")];
    succeeds(&mut rig, Request::retrieve(path("f"), 7), &plain);
    succeeds(&mut rig, Request::retrieve(path("f"), 0), &[EPSV, ("RETR f", "150 ok")]);
    // And an offset, where a range comes.
    rig.client.start(Request::retrieve(path("f"), 7)).unwrap();
    rig.converse(&[EPSV]);
    rig.client.abort();
    rig.hears("350 ok");
    let range = Request::retrieve(path("f"), 0).range(100..=199);
    let dialogue = [EPSV, ("REST 0", "350 ok"), ("RANG 100 199", "350 ok"), ("RETR f", "150 ok")];
    succeeds(&mut rig, range, &dialogue);
}

#[test]
fn an_option_that_the_request_cannot_have_is_a_misuse() {
    let f = || path("f");
    let unfitting = [
        Request::noop().representation(Type::Image),
        Request::size(f()).representation_in_force(),
        Request::hash(f()).range(0..=1),
        Request::remove(f()).expecting(1),
        Request::noop().sized(),
        Request::list(None).expecting(1),
        Request::plain_list(None).expecting(1),
        Request::names(None).sized(),
        Request::machine_list(None).range(0..=1),
        Request::store(f(), 0).expecting(1),
        Request::store(f(), 0).sized(),
        Request::append(f()).range(0..=1),
        Request::store_unique(None).range(0..=1),
    ];
    let contradictory = [
        Request::retrieve(f(), 7).range(7..=9),
        Request::store(f(), 7).range(7..=9),
        Request::retrieve(f(), 0).range(std::ops::RangeInclusive::new(2, 1)),
        Request::retrieve(f(), 0).expecting(1).representation(Type::Ascii(None)),
        Request::retrieve(f(), 0).representation(Type::Ebcdic(None)).sized(),
        // A is in force.
        Request::retrieve(f(), 0).expecting(1).representation_in_force(),
    ];
    let mut rig = rig();
    for (requests, why) in [
        (&mut unfitting.into_iter() as &mut dyn Iterator<Item = _>, Misuse::Unfitting),
        (&mut contradictory.into_iter(), Misuse::Contradictory),
    ] {
        for request in requests {
            let shown = format!("{request:?}");
            assert_eq!(started(&mut rig, request), Some(why), "{shown}");
        }
    }
    assert_eq!(rig.all(World::Works), [Did::Waits(None)], "nothing was said");
    // What it depends on may change.
    rig.client.start(Request::command(Command::Type(Type::Image)).unwrap()).unwrap();
    rig.converse(&[("TYPE I", "200 ok")]);
    assert_eq!(started(&mut rig, Request::retrieve(f(), 0).expecting(10).representation_in_force()), None);
    rig.converse(&[EPSV, ("RETR f", "150 ok")]);
    rig.hears("226 ok");
    rig.client.start(Request::command(Command::Mode(Mode::Deflate)).unwrap()).unwrap();
    rig.converse(&[("MODE Z", "200 ok")]);
    assert_eq!(started(&mut rig, Request::retrieve(f(), 0).expecting(10)), Some(Misuse::Contradictory));
}

#[test]
fn a_command_becomes_a_transfer_with_all_as_it_is_in_force() {
    let mut rig = rig();
    for (command, direction) in [
        ("RETR f", Direction::Receive),
        ("STOR f", Direction::Send),
        ("APPE f", Direction::Send),
        ("LIST -la", Direction::Receive),
        ("NLST", Direction::Receive),
        ("MLSD d", Direction::Receive),
    ] {
        rig.client.start(Request::transfer(Command::parse(command.as_bytes()).unwrap()).unwrap()).unwrap();
        let did = rig.converse(&[EPSV, (command, "150 ok (1000 bytes)")]);
        assert!(did.contains(&Did::Streams(direction, 0)), "{command}: {did:?}");
        assert_eq!(
            done(&rig.hears("226 ok")),
            &Ok(Value::Transferred(10)),
            "{command}: what it announces binds nobody"
        );
    }
    rig.client.start(Request::transfer(Command::Stou(None)).unwrap()).unwrap();
    rig.converse(&[EPSV, ("STOU", "150 FILE: a")]);
    assert_eq!(done(&rig.hears("226 ok")), &Ok(Value::Stored { moved: 10, name: Some(b"a".to_vec()) }));
    for command in [Command::Noop, Command::Pasv, Command::Rest(7), Command::Abor, Command::Quit] {
        let given = Request::transfer(command.clone()).unwrap_err();
        assert_eq!(given, command);
    }
}

#[test]
fn a_transfer_begins_where_rest_has_set_it_and_says_so_again_by_the_next_route() {
    let mut rig = Rig::logged_in(Config::default());
    rig.client.start(Request::command(Command::Rest(7)).unwrap()).unwrap();
    assert!(done(&rig.converse(&[("REST 7", "350 ok")])).is_ok());
    rig.client.start(Request::transfer(Command::Retr(Path::new("f").unwrap())).unwrap()).unwrap();
    rig.converse(&[EPSV, ("RETR f", "425 no")]);
    let did = rig.hears("227 (1,2,3,4,5,6)");
    assert!(did.contains(&Did::Said("REST 7".into())), "{did:?}");
    rig.hears("350 ok");
    rig.client.received(b"150 ok\r\n");
    assert_eq!(rig.all(World::Busy).last(), Some(&Did::Streams(Direction::Receive, 7)));
    rig.all(World::Works);
    rig.now += Duration::from_secs(1);
    assert_eq!(done(&rig.hears("226 ok")), &Ok(Value::Transferred(10)));
    // It is spent, and a total counts from the start of the file.
    let whole = || Request::transfer(Command::Retr(Path::new("f").unwrap())).unwrap().representation(Type::Image);
    rig.client.start(whole().expecting(11)).unwrap();
    rig.converse(&[("TYPE I", "200 ok"), ("PASV", "227 (1,2,3,4,5,6)"), ("RETR f", "150 ok")]);
    assert_eq!(done(&rig.hears("226 ok")), &Err("the data ended early, after 10 of 11 bytes".into()));
}
