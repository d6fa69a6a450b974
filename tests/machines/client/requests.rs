//! The client's machine against a server that says whatever a test wants: no socket, no clock.

use std::time::Duration;

use ftp_proto_rigs::client::{Did, Rig, World, by, done};
use ftp_proto_rigs::{addr, path};

use ftp_proto::client::{Action, Config, Misuse, Request, Value, Violation};
use ftp_proto::{Argument, DataError, Direction, Password, Route, Verb};

#[test]
fn the_greeting_comes_first_and_may_be_late() {
    let mut rig = Rig::new(Config::default());
    assert_eq!(rig.client.start(Request::noop()).map_err(|rejected| rejected.why), Err(Misuse::Busy));
    assert_eq!(rig.all(World::Works), [Did::Waits(Some(60))]);
    assert_eq!(rig.hears("120 in a minute"), [Did::Heard(120), Did::Waits(Some(60))]);
    assert_eq!(rig.hears("220-"), [Did::Waits(Some(60))]);
    assert_eq!(rig.hears("100 users online"), [Did::Waits(Some(60))]);
    assert_eq!(rig.hears("220")[..2], [Did::Heard(220), Did::Done(Ok(Value::Nothing))]);
    let mut rig = Rig::new(Config::default());
    assert!(done(&rig.hears("421 full")).is_err());
}

#[test]
fn the_login_says_no_more_than_is_asked() {
    for (dialogue, good) in [
        (&[("USER a", "230 in")][..], true),
        (&[("USER a", "331 pass"), ("PASS b", "230 in")], true),
        (&[("USER a", "331 pass"), ("PASS b", "332 account"), ("ACCT c", "230 in")], true),
        (&[("USER a", "332 account"), ("ACCT c", "230 in")], true),
        (&[("USER a", "331 pass"), ("PASS b", "530 no")], false),
        (&[("USER a", "530 no")], false),
    ] {
        let mut rig = Rig::greeted(Config::default());
        let account = Some(Password::new("c").unwrap());
        rig.client.start(Request::login(Argument::new("a").unwrap(), Password::new("b").unwrap(), account)).unwrap();
        let did = rig.converse(dialogue);
        assert_eq!(done(&did).is_ok(), good, "{dialogue:?}: {did:?}");
    }
    let mut rig = Rig::greeted(Config::default());
    rig.client.start(Request::login(Argument::new("a").unwrap(), Password::new("b").unwrap(), None)).unwrap();
    let did = rig.converse(&[("USER a", "331 pass"), ("PASS b", "332 account")]);
    assert_eq!(done(&did), &Err("the server refused: 332 account".to_string()));
}

#[test]
fn replies_and_data_end_in_any_order() {
    for order in ["150 226", "226", "150 then 226 while it streams"] {
        let mut rig = Rig::logged_in(by(&[Route::Epsv]));
        rig.retrieve();
        rig.converse(&[("TYPE I", "200 ok"), ("EPSV", "229 (|||5|)")]);
        let did = match order {
            "150 226" => {
                rig.hears("150 ok");
                rig.hears("226 ok")
            }
            "226" => {
                rig.hears("226 ok");
                rig.now += Duration::from_secs(2);
                rig.all(World::Works);
                rig.hears("200 NOOP ok")
            }
            _ => {
                rig.client.received(b"150 ok\r\n226 ok\r\n");
                let busy = rig.all(World::Busy);
                assert_eq!(busy.last(), Some(&Did::Streams(Direction::Receive, 0)), "{busy:?}");
                rig.all(World::Works)
            }
        };
        assert_eq!(done(&did), &Ok(Value::Transferred(10)), "{order}");
    }
}

#[test]
fn a_refusal_amid_the_stream_stops_it() {
    let mut rig = Rig::logged_in(by(&[Route::Epsv]));
    rig.retrieve();
    rig.converse(&[("TYPE I", "200 ok"), ("EPSV", "229 (|||5|)")]);
    rig.client.received(b"150 ok\r\n");
    rig.all(World::Busy);
    rig.client.received(b"426 broken\r\n");
    let did = rig.all(World::Busy);
    assert!(did.contains(&Did::Closes), "{did:?}");
    assert_eq!(done(&did), &Err("the server refused: 426 broken".into()));
    rig.client.start(Request::noop()).unwrap();
    assert!(done(&rig.converse(&[("NOOP", "200 ok")])).is_ok(), "the session goes on");
}

#[test]
fn a_550_instead_of_150_ends_listening() {
    let mut rig = Rig::logged_in(by(&[Route::Eprt]));
    rig.retrieve();
    rig.all(World::Works);
    rig.client.received(b"200 ok\r\n");
    rig.all(World::Busy);
    rig.client.received(b"200 ok\r\n");
    assert_eq!(rig.all(World::Busy).last(), Some(&Did::Accepts(None)));
    rig.client.received(b"550 no such file\r\n");
    let did = rig.all(World::Busy);
    assert!(did.contains(&Did::Closes), "{did:?}");
    assert_eq!(done(&did), &Err("the server refused: 550 no such file".into()));
}

#[test]
fn an_abort_amid_the_stream_leaves_the_session_in_step() {
    for replies in [
        &["426 aborted", "226 done"][..],
        &["226 complete", "226 done"],
        &["226 done"],
        &["225 nothing"],
        &["426 aborted"],
    ] {
        let mut rig = Rig::logged_in(by(&[Route::Epsv]));
        rig.retrieve();
        rig.converse(&[("TYPE I", "200 ok"), ("EPSV", "229 (|||5|)")]);
        rig.client.received(b"150 ok\r\n");
        rig.all(World::Busy);
        rig.client.abort();
        let did = rig.all(World::Busy);
        assert_eq!(did[..2], [Did::Said("ABOR".into()), Did::Closes], "{did:?}");
        for reply in replies {
            rig.hears(reply);
        }
        assert_eq!(done(&rig.hears("200 the NOOP's")), &Err("aborted".to_string()), "{replies:?}");
        rig.client.start(Request::print_directory()).unwrap();
        let did = rig.converse(&[("PWD", "257 \"/\"")]);
        assert_eq!(done(&did), &Ok(Value::Directory(b"/".to_vec())), "{replies:?}");
    }
}

#[test]
fn a_reply_that_nothing_asked_for_is_told_as_that() {
    let mut rig = Rig::logged_in(Config::default());
    assert_eq!(rig.hears("226 late")[0], Did::Unsolicited(226));
    rig.client.start(Request::noop()).unwrap();
    rig.all(World::Works);
    assert_eq!(rig.hears("226 later still")[0], Did::Unsolicited(226));
    assert!(done(&rig.hears("200 ok")).is_ok());
}

#[test]
fn violations_are_final_and_say_why() {
    let violation = |rig: &mut Rig| {
        let first = loop {
            match rig.poll(World::Works) {
                Err(violation) => break violation,
                Ok(Did::Waits(_)) => panic!("waits"),
                Ok(_) => {}
            }
        };
        assert_eq!(rig.poll(World::Works).as_ref(), Err(&first), "it repeats");
        assert_eq!(rig.client.start(Request::noop()).map_err(|rejected| rejected.why), Err(Misuse::Ended));
        first
    };
    let mut rig = Rig::logged_in(Config::default());
    rig.client.start(Request::noop()).unwrap();
    rig.client.received(b"HTTP/1.1 200 OK\r\n");
    assert!(matches!(violation(&mut rig), Violation::Reply(_)));

    let mut rig = Rig::logged_in(Config::default());
    rig.client.start(Request::noop()).unwrap();
    rig.client.received(b"200-cut");
    rig.client.received(b"");
    assert!(matches!(violation(&mut rig), Violation::Reply(_)));

    let mut rig = Rig::logged_in(Config::default());
    rig.client.start(Request::noop()).unwrap();
    rig.client.received(b"");
    assert_eq!(violation(&mut rig), Violation::Closed { waiting: Some(Verb::Noop) });

    let mut rig = Rig::logged_in(Config::default());
    rig.client.start(Request::noop()).unwrap();
    rig.all(World::Works);
    rig.now += Duration::from_secs(61);
    assert_eq!(violation(&mut rig), Violation::TimedOut { waiting: Some(Verb::Noop) });
}

#[test]
fn a_reply_that_is_here_at_its_deadline_counts() {
    let mut rig = Rig::logged_in(Config::default());
    rig.client.start(Request::noop()).unwrap();
    rig.all(World::Works);
    rig.now += Duration::from_secs(61);
    assert!(done(&rig.hears("200 ok")).is_ok());
}

#[test]
fn a_server_that_leaves_in_order_is_no_violation() {
    let mut rig = Rig::logged_in(Config::default());
    assert_eq!(rig.hears("421 good night")[0], Did::Unsolicited(421));
    assert_eq!(rig.receives(b""), [Did::Leaves]);
    assert_eq!(rig.client.start(Request::noop()).map_err(|rejected| rejected.why), Err(Misuse::Ended));
}

#[test]
fn a_dropped_handle_comes_again_with_its_serial() {
    let mut rig = Rig::logged_in(by(&[Route::Epsv]));
    rig.retrieve();
    rig.converse(&[("TYPE I", "200 ok")]);
    rig.client.received(b"229 (|||5|)\r\n");
    rig.all(World::Busy);
    let now = rig.now();
    let mut serial = || match rig.client.poll(now).unwrap() {
        Action::Connect(connect) => (connect.serial(), connect.channel()),
        other => panic!("{other:?}"),
    };
    assert_eq!(serial(), serial());
}

#[test]
fn no_secret_shows_in_debug() {
    let mut rig = Rig::greeted(Config::default());
    let request = Request::login(Argument::new("a").unwrap(), Password::new("hunter2").unwrap(), None);
    assert!(!format!("{request:?}").contains("hunter2"));
    rig.client.start(request).unwrap();
    rig.all(World::Works);
    rig.client.received(b"331 pass\r\n");
    let now = rig.now();
    assert!(matches!(rig.client.poll(now), Ok(Action::Reply(_))));
    let action = rig.client.poll(now).unwrap();
    assert!(matches!(&action, Action::Write(write) if write.bytes() == b"PASS hunter2\r\n"));
    let shown = format!("{action:?}");
    assert!(!shown.contains("hunter2") && !format!("{:?}", rig.client).contains("hunter2"), "{shown}");
}

#[test]
fn a_greeting_that_refuses_is_a_refusal() {
    for line in ["530 no", "500 OOPS: cannot", "554 who are you", "421 full", "450 later"] {
        let mut rig = Rig::new(Config::default());
        assert!(done(&rig.hears(line)).is_err(), "{line}");
    }
}

#[test]
fn a_421_amid_a_request_ends_it_and_is_no_route_that_failed() {
    for dialogue in [
        &[("TYPE I", "421 bye")][..],
        &[("TYPE I", "200 ok"), ("EPSV", "421 bye")],
        &[("TYPE I", "200 ok"), ("EPSV", "229 (|||5|)"), ("RETR f", "421 bye")],
    ] {
        let mut rig = Rig::logged_in(Config::default());
        rig.retrieve();
        let did = rig.converse(dialogue);
        assert_eq!(done(&did), &Err("the server refused: 421 bye".into()), "{dialogue:?}");
        assert_eq!(rig.receives(b""), [Did::Leaves]);
    }
}

#[test]
fn no_request_ends_without_a_word() {
    let mut rig = Rig::logged_in(Config::default());
    rig.hears("421 good night, but I stay");
    rig.client.start(Request::noop()).unwrap();
    rig.all(World::Works);
    rig.client.received(b"");
    let now = rig.now();
    let ended = rig.client.poll(now).map(|action| format!("{action:?}"));
    assert_eq!(ended, Err(Violation::Closed { waiting: Some(Verb::Noop) }));
}

#[test]
fn a_server_that_leaves_after_its_226_leaves_the_bytes_alone() {
    let mut rig = Rig::logged_in(by(&[Route::Epsv]));
    rig.retrieve();
    rig.converse(&[("TYPE I", "200 ok"), ("EPSV", "229 (|||5|)")]);
    rig.client.received(b"150 ok\r\n226 ok\r\n");
    rig.all(World::Busy);
    rig.client.received(b"");
    assert_eq!(rig.all(World::Busy), [Did::Streams(Direction::Receive, 0)]);
    let did = rig.all(World::Works);
    assert_eq!(done(&did), &Ok(Value::Transferred(10)));
    assert_eq!(did.last(), Some(&Did::Leaves));
}

#[test]
fn the_time_for_a_reply_does_not_run_while_the_server_is_awaited_elsewhere() {
    let mut config = by(&[Route::Port]);
    config.patience.accept = Duration::from_secs(200);
    let dialogue = [("TYPE I", "200 ok"), ("PORT 192,0,2,1,19,137", "200 ok")];
    for replied in [false, true] {
        for accepted in [false, true] {
            let mut rig = Rig::logged_in(config.clone());
            rig.retrieve();
            rig.converse(&dialogue[..1]);
            rig.client.received(b"200 ok\r\n");
            assert_eq!(rig.all(World::Busy).last(), Some(&Did::Accepts(None)));
            if replied {
                rig.client.received(b"150 ok\r\n");
                rig.all(World::Busy);
            }
            // A blocking adapter: the answer comes long after its poll.
            rig.now += Duration::from_secs(150);
            let now = rig.now();
            match rig.client.poll(now).unwrap() {
                Action::Accept(accept) if accepted => drop(accept.accepted(addr("198.51.100.7:20"))),
                Action::Accept(accept) => accept.failed(DataError::Local),
                other => panic!("{other:?}"),
            }
            rig.now += Duration::from_secs(40);
            let did = rig.all(World::Works);
            // Who didn't come is told to stop, and has a time of its own to answer that.
            let wait = if accepted { 60 } else { 10 };
            assert_eq!(did.last(), Some(&Did::Waits(Some(wait))), "{replied} {accepted}: {did:?}");
        }
    }
}

#[test]
fn an_abort_before_the_transfer_command_does_not_say_it() {
    let mut rig = Rig::logged_in(by(&[Route::Epsv]));
    rig.client.start(Request::store(path("f"), 7)).unwrap();
    let did = rig.converse(&[("TYPE I", "200 ok"), ("EPSV", "229 (|||5|)")]);
    assert!(did.contains(&Did::Said("REST 7".into())), "{did:?}");
    rig.client.abort();
    let did = rig.hears("350 ok");
    assert_eq!(done(&did), &Err("aborted".into()));
    assert!(did.contains(&Did::Closes) && !did.contains(&Did::Said("STOR f".into())), "{did:?}");
    // The server's offset is still 7.
    rig.retrieve();
    let did = rig.converse(&[("EPSV", "229 (|||5|)"), ("REST 0", "350 ok"), ("RETR f", "150 ok")]);
    assert!(did.contains(&Did::Streams(Direction::Receive, 0)), "{did:?}");
}

#[test]
fn nothing_is_said_to_a_server_that_has_left() {
    let mut rig = Rig::logged_in(Config::default());
    rig.client.quit();
    assert_eq!(rig.receives(b""), [Did::Leaves]);
}

#[test]
fn every_state_survives_abort_quit_and_the_end() {
    let replies = ["200 ok", "229 (|||5|)", "350 ok", "150 ok", "226 ok"];
    for so_far in 0..=replies.len() {
        for how in ["abort", "quit", "abort and quit", "end", "421", "abort and 421"] {
            let mut rig = Rig::logged_in(by(&[Route::Epsv]));
            rig.client.start(Request::retrieve(path("f"), 7)).unwrap();
            rig.all(World::Busy);
            for reply in &replies[..so_far] {
                rig.client.received(format!("{reply}\r\n").as_bytes());
                let world = if reply.starts_with("229") { World::Works } else { World::Busy };
                rig.all(world);
            }
            if how.contains("abort") {
                rig.client.abort();
            }
            if how.contains("quit") {
                rig.client.quit();
            }
            if how.contains("421") {
                rig.client.received(b"421 bye\r\n");
            }
            if how == "end" || how.contains("421") {
                rig.client.received(b"");
            }
            let (mut ends, mut closes, mut violations) = (0, 0, 0);
            for _ in 0..200 {
                match rig.poll(World::Works) {
                    Ok(Did::Done(_)) => ends += 1,
                    Ok(Did::Leaves) => {
                        closes += 1;
                        break;
                    }
                    Ok(Did::Waits(None)) => break,
                    Ok(Did::Said(line)) => {
                        let reply = match line.split(' ').next().unwrap() {
                            "EPSV" => "229 (|||5|)",
                            "REST" => "350 ok",
                            "RETR" => "150 ok\r\n226 ok",
                            "ABOR" => "426 ok\r\n226 ok",
                            "QUIT" => "221 ok",
                            _ => "200 ok",
                        };
                        rig.client.received(format!("{reply}\r\n").as_bytes());
                    }
                    // What was waited for when the test began.
                    Ok(Did::Waits(Some(_))) => {
                        let reply = replies.get(so_far).copied().unwrap_or("226 ok");
                        rig.client.received(format!("{reply}\r\n").as_bytes());
                        if reply.starts_with("150") {
                            rig.client.received(b"226 ok\r\n");
                        }
                    }
                    Ok(_) => {}
                    Err(_) => {
                        violations += 1;
                        break;
                    }
                }
            }
            assert_eq!(ends + violations, 1, "{so_far} {how}: one end");
            assert_eq!(closes, usize::from(how != "abort" && violations == 0), "{so_far} {how}");
        }
    }
}

#[test]
fn a_server_on_the_same_link_is_dialled_on_that_link() {
    let mut rig = Rig::between(Config::default(), "[fe80::1%3]:40000", "[fe80::2%3]:21").greet().log_in();
    rig.retrieve();
    let did = rig.converse(&[("TYPE I", "200 ok"), ("EPSV", "229 ok (|||5001|)")]);
    assert!(did.contains(&Did::Connects("[fe80::2%3]:5001".parse().unwrap())), "{did:?}");
}
