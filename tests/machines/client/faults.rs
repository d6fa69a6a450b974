//! Long transfers, missing and doubled replies, servers with wishes of their own.

use std::time::Duration;

use ftp_proto::client::{Action, Config, Misuse, Request, Value, Violation};
use ftp_proto::{Argument, AttemptEnd, Direction, Moved, Password, Route, StreamEnd, Verb};
use ftp_proto_rigs::client::{Did, Rig, World, by, done};
use ftp_proto_rigs::{addr, path};

fn keeping_alive() -> Rig {
    let mut config = by(&[Route::Epsv]);
    config.keep_alive = Some(Duration::from_secs(30));
    Rig::streaming(config)
}

/// The adapter's word, in seconds and bytes.
fn moves(rig: &mut Rig, seconds: u64, total: u64) {
    rig.now += Duration::from_secs(seconds);
    let now = rig.now();
    match rig.client.poll(now).unwrap() {
        Action::Stream(stream) => stream.moved(total),
        other => panic!("{other:?}"),
    }
}

#[test]
fn noops_keep_a_long_transfer_alive_and_their_replies_are_counted() {
    for (replies, end) in [
        (&["200 noop", "200 noop", "226 done"][..], "in order"),
        (&["226 done", "200 noop", "200 noop"], "behind the transfer's, as most servers do"),
        (&["200 noop", "226 done", "200 noop"], "both"),
    ] {
        let mut rig = keeping_alive();
        for _ in 0..2 {
            rig.now += Duration::from_secs(30);
            assert_eq!(rig.all(World::Busy)[0], Did::Said("NOOP".into()));
        }
        assert!(matches!(rig.poll(World::Works), Ok(Did::Streams(..))));
        let mut did = Vec::new();
        for reply in replies {
            did.extend(rig.hears(reply));
        }
        assert_eq!(done(&did), &Ok(Value::Transferred(10)), "{end}: {did:?}");
        rig.client.start(Request::print_directory()).unwrap();
        let did = rig.converse(&[("PWD", "257 \"/\"")]);
        assert_eq!(done(&did), &Ok(Value::Directory(b"/".to_vec())), "{end}");
    }
}

#[test]
fn noops_that_are_never_answered_end_the_session_after_the_transfer() {
    let mut rig = keeping_alive();
    rig.now += Duration::from_secs(30);
    rig.all(World::Busy);
    rig.poll(World::Works).unwrap();
    let did = rig.hears("226 done");
    assert_eq!(did.last(), Some(&Did::Waits(Some(10))), "the NOOP's reply is waited for");
    rig.now += Duration::from_secs(10);
    assert_eq!(rig.poll(World::Works), Ok(Did::Done(Ok(Value::Transferred(10)))));
    assert_eq!(rig.poll(World::Works), Err(Violation::OutOfStep));
}

#[test]
fn the_stream_says_when_to_poll_again() {
    let mut rig = keeping_alive();
    let now = rig.now();
    let Action::Stream(stream) = rig.client.poll(now).unwrap() else { panic!() };
    assert_eq!(stream.deadline().map(|at| at.saturating_since(now)), Some(Duration::from_secs(30)));
    let mut rig = Rig::streaming(by(&[Route::Epsv]));
    moves(&mut rig, 0, 10);
    let now = rig.now();
    let _ = rig.client.poll(now).unwrap();
    let Action::Stream(stream) = rig.client.poll(now).unwrap() else { panic!() };
    assert_eq!(stream.deadline().map(|at| at.saturating_since(now)), Some(Duration::from_secs(120)));
}

#[test]
fn a_transfer_that_stands_still_is_given_up_and_one_that_moves_is_not() {
    let mut rig = Rig::streaming(by(&[Route::Epsv]));
    for total in 1..10 {
        moves(&mut rig, 119, total);
    }
    moves(&mut rig, 0, 9);
    rig.now += Duration::from_secs(120);
    let did = rig.all(World::Busy);
    assert!(did.contains(&Did::Said("ABOR".into())) && did.contains(&Did::Closes), "{did:?}");
    rig.hears("426 aborted");
    rig.hears("226 ok");
    assert_eq!(done(&rig.hears("200 noop")), &Err("the transfer stalled after 9 bytes".into()));
}

#[test]
fn a_whole_request_may_have_its_limit() {
    let mut config = by(&[Route::Epsv]);
    config.patience.request = Some(Duration::from_secs(20));
    let mut rig = Rig::streaming(config.clone());
    rig.now += Duration::from_secs(20);
    let did = rig.all(World::Busy);
    assert!(did.contains(&Did::Said("ABOR".into())), "{did:?}");
    rig.hears("426 aborted");
    rig.hears("226 ok");
    assert_eq!(done(&rig.hears("200 noop")), &Err("it took too long".into()));
    // One that waits for a reply is told to look again in time.
    let mut rig = Rig::logged_in(config);
    rig.client.start(Request::noop()).unwrap();
    assert_eq!(rig.all(World::Works).last(), Some(&Did::Waits(Some(20))));
}

#[test]
fn a_421_amid_a_transfer_ends_it_and_the_session_ends_in_order() {
    let mut rig = Rig::streaming(by(&[Route::Epsv]));
    rig.client.received(b"421 good night\r\n");
    let did = rig.all(World::Busy);
    assert!(did.contains(&Did::Closes), "{did:?}");
    assert_eq!(done(&did), &Err("the server refused: 421 good night".into()));
    assert_eq!(rig.receives(b""), [Did::Leaves]);
}

#[test]
fn the_end_of_input_amid_a_transfer_is_told_at_once() {
    let mut rig = Rig::streaming(by(&[Route::Epsv]));
    rig.client.received(b"");
    assert_eq!(rig.poll(World::Busy), Err(Violation::Closed { waiting: Some(Verb::Retr) }));
}

#[test]
fn the_last_bytes_may_come_after_the_server_has_left() {
    let mut rig = Rig::streaming(by(&[Route::Epsv]));
    rig.client.received(b"226 done\r\n");
    rig.client.received(b"");
    let did = rig.all(World::Busy);
    assert_eq!(did.last(), Some(&Did::Streams(Direction::Receive, 0)), "{did:?}");
    assert_eq!(rig.poll(World::Works), Ok(Did::Streams(Direction::Receive, 0)));
    assert_eq!(rig.poll(World::Works), Ok(Did::Done(Ok(Value::Transferred(10)))));
}

#[test]
fn a_final_reply_that_never_comes_ends_the_session() {
    let mut rig = Rig::streaming(by(&[Route::Epsv]));
    let did = rig.all(World::Works);
    assert_eq!(did.last(), Some(&Did::Waits(Some(60))), "{did:?}");
    rig.now += Duration::from_secs(60);
    assert_eq!(rig.poll(World::Works), Err(Violation::TimedOut { waiting: Some(Verb::Retr) }));
}

#[test]
fn pret_comes_before_pasv_where_feat_names_it() {
    let mut rig = Rig::logged_in(by(&[Route::Pasv]));
    rig.client.start(Request::features()).unwrap();
    rig.converse(&[("FEAT", "211-Features:\r\n PRET\r\n211 End")]);
    rig.retrieve();
    let dialogue =
        [("TYPE I", "200 ok"), ("PRET RETR f", "200 ok"), ("PASV", "227 (1,2,3,4,0,5)"), ("RETR f", "150 ok")];
    rig.converse(&dialogue);
    rig.hears("226 ok");
    rig.retrieve();
    assert_eq!(
        done(&rig.converse(&[("PRET RETR f", "550 no such file")])),
        &Err("the server refused: 550 no such file".into())
    );
}

#[test]
fn epsv_all_is_said_once_where_it_is_wanted() {
    let mut config = by(&[Route::Epsv]);
    config.epsv_all = true;
    let mut rig = Rig::logged_in(config);
    rig.retrieve();
    rig.converse(&[("EPSV ALL", "200 ok"), ("TYPE I", "200 ok"), ("EPSV", "229 (|||5|)"), ("RETR f", "150 ok")]);
    rig.hears("226 ok");
    rig.retrieve();
    assert_eq!(rig.all(World::Works)[0], Did::Said("EPSV".into()));
}

#[test]
fn a_listing_is_mlsd_where_feat_names_mlst() {
    let mut rig = Rig::logged_in(by(&[Route::Epsv]));
    rig.client.start(Request::list(None)).unwrap();
    rig.converse(&[("EPSV", "229 (|||5|)"), ("LIST", "150 ok")]);
    rig.hears("226 ok");
    rig.client.start(Request::features()).unwrap();
    rig.converse(&[("FEAT", "211-Features:\r\n MLST type*;size*;\r\n211 End")]);
    rig.client.start(Request::list(Some(path("d")))).unwrap();
    rig.converse(&[("EPSV", "229 (|||5|)"), ("MLSD d", "150 ok")]);
}

#[test]
fn a_hash_is_asked_for_by_the_best_command_that_feat_names() {
    for (features, command, reply, verb) in [
        ("", "HASH f", "213 SHA-256 0-3 9F86D081884C7D659A2FEAA0C55AD015 f", Verb::Hash),
        (" XMD5\r\n HASH SHA-256*;\r\n", "HASH f", "213 SHA-256 0-3 9f86d081884c7d659a2feaa0c55ad015 f", Verb::Hash),
        (" XCRC\r\n XSHA256\r\n", "XSHA256 f", "250 9F86D081884C7D659A2FEAA0C55AD015", Verb::Xsha256),
        (" MD5\r\n", "MD5 f", "251 f 9f86d081884c7d659a2feaa0c55ad015", Verb::Md5),
    ] {
        let mut rig = Rig::logged_in(Config::default());
        if !features.is_empty() {
            rig.client.start(Request::features()).unwrap();
            rig.converse(&[("FEAT", &format!("211-Features:\r\n{features}211 End"))]);
        }
        rig.client.start(Request::hash(path("f"))).unwrap();
        let did = rig.converse(&[(command, reply)]);
        let digits = "9f86d081884c7d659a2feaa0c55ad015".to_string();
        assert_eq!(done(&did), &Ok(Value::Hash { verb, digits }), "{features:?}");
    }
}

#[test]
fn stou_tells_the_name_wherever_the_server_says_it() {
    for (first, last) in
        [("150 FILE: made.1", "226 ok"), ("125 FILE: made.1", "250 ok"), ("150 ok", "226 FILE: made.1")]
    {
        let mut rig = Rig::logged_in(by(&[Route::Epsv]));
        rig.client.start(Request::store_unique(None)).unwrap();
        rig.converse(&[("TYPE I", "200 ok"), ("EPSV", "229 (|||5|)"), ("STOU", first)]);
        let did = rig.hears(last);
        assert_eq!(done(&did), &Ok(Value::Stored { moved: 10, name: Some(b"made.1".to_vec()) }), "{first} {last}");
    }
}

#[test]
fn a_426_before_the_first_byte_tries_the_next_route_and_one_behind_it_does_not() {
    let restarted = |end: StreamEnd, total: u64| {
        let mut rig = Rig::logged_in(Config::default());
        rig.client.start(Request::retrieve(path("f"), 7)).unwrap();
        rig.converse(&[("TYPE I", "200 ok"), ("EPSV", "229 (|||5|)"), ("REST 7", "350 ok")]);
        rig.client.received(b"150 ok\r\n");
        rig.all(World::Busy);
        let now = rig.now();
        let Action::Stream(stream) = rig.client.poll(now).unwrap() else { panic!() };
        stream.finished(end, total.into());
        rig.hears("426 broken")
    };
    let did = restarted(StreamEnd::Truncated, 0);
    assert!(did.contains(&Did::Said("PASV".into())), "{did:?}");
    for (end, total) in [(StreamEnd::Truncated, 1), (StreamEnd::LocalError, 0), (StreamEnd::StorageFull, 0)] {
        assert!(done(&restarted(end, total)).is_err(), "{end:?} {total}");
    }
    // The stream hasn't ended, and the adapter has reported nothing but that it runs.
    let mut rig = Rig::logged_in(Config::default());
    rig.retrieve();
    rig.converse(&[("TYPE I", "200 ok"), ("EPSV", "229 (|||5|)")]);
    rig.client.received(b"150 ok\r\n");
    rig.all(World::Busy);
    moves(&mut rig, 0, 3);
    let did = rig.hears("426 broken");
    assert!(done(&did).is_err(), "{did:?}");
}

#[test]
fn stou_is_never_said_twice() {
    let mut rig = Rig::logged_in(Config::default());
    rig.client.start(Request::store_unique(None)).unwrap();
    rig.converse(&[("TYPE I", "200 ok"), ("EPSV", "229 (|||5|)")]);
    let did = rig.hears("425 no");
    assert_eq!(done(&did), &Err("the server refused: 425 no".into()));
}

#[test]
fn abor_comes_with_synch_only_where_urgent_data_can_be_sent() {
    let mut config = by(&[Route::Epsv]);
    config.urgent = true;
    let mut rig = Rig::streaming(config);
    rig.client.abort();
    let now = rig.now();
    let Action::Write(write) = rig.client.poll(now).unwrap() else { panic!() };
    assert_eq!((write.bytes(), write.urgent_length()), (b"\xff\xf4\xff\xf2ABOR\r\n".as_slice(), 3));
    write.wrote(3);
    let Action::Write(write) = rig.client.poll(now).unwrap() else { panic!() };
    assert_eq!((write.bytes(), write.urgent_length()), (b"\xf2ABOR\r\n".as_slice(), 0));
}

#[test]
fn attempts_can_be_read_afterwards() {
    let mut rig = Rig::logged_in(Config::default());
    rig.retrieve();
    rig.converse(&[("TYPE I", "200 ok"), ("EPSV", "500 what?"), ("PASV", "227 (10,0,0,1,0,6)")]);
    rig.now += Duration::from_secs(1);
    let attempts: Vec<_> = rig.client.attempts().iter().map(|a| (a.route, a.advertised, a.reached, a.end)).collect();
    assert_eq!(attempts.len(), 2);
    assert!(matches!(attempts[0], (Route::Epsv, None, None, AttemptEnd::Refused(code)) if code.value() == 500));
    let peer = Some(addr("198.51.100.7:6"));
    assert_eq!(attempts[1], (Route::Pasv, Some(addr("10.0.0.1:6")), peer, AttemptEnd::Connected));
}

#[test]
fn a_local_failure_amid_an_upload_is_told_with_what_was_moved() {
    let mut rig = Rig::logged_in(by(&[Route::Epsv]));
    rig.client.start(Request::store(path("f"), 0)).unwrap();
    rig.converse(&[("TYPE I", "200 ok"), ("EPSV", "229 (|||5|)")]);
    rig.client.received(b"150 ok\r\n");
    rig.all(World::Busy);
    let now = rig.now();
    let Action::Stream(stream) = rig.client.poll(now).unwrap() else { panic!() };
    stream.finished(StreamEnd::LocalError, Moved::Bytes(4));
    let did = rig.hears("226 ok");
    assert_eq!(done(&did), &Err("the data ended early, after 4 bytes (local file error)".into()));
}

#[test]
fn quit_amid_a_transfer_waits_for_its_end() {
    let mut rig = Rig::streaming(by(&[Route::Epsv]));
    rig.client.quit();
    assert_eq!(rig.client.start(Request::noop()).map_err(|rejected| rejected.why), Err(Misuse::Ended));
    assert_eq!(rig.all(World::Busy), [Did::Streams(Direction::Receive, 0)], "it goes on");
    rig.all(World::Works);
    let did = rig.hears("226 done");
    assert_eq!(done(&did), &Ok(Value::Transferred(10)));
    assert_eq!(did.last(), Some(&Did::Waits(Some(5))));
    assert!(did.contains(&Did::Said("QUIT".into())), "{did:?}");
    assert_eq!(rig.hears("221 bye").last(), Some(&Did::Leaves));
    // Or for its abort, if the application doesn't want to wait.
    let mut rig = Rig::streaming(by(&[Route::Epsv]));
    rig.client.quit();
    rig.client.abort();
    assert!(rig.all(World::Busy).contains(&Did::Said("ABOR".into())));
    rig.hears("426 aborted");
    rig.hears("226 ok");
    let did = rig.hears("200 noop");
    assert_eq!(done(&did), &Err("aborted".into()));
    assert!(did.contains(&Did::Said("QUIT".into())), "{did:?}");
}

/// A login and a download whose server says no more than its first `count` bytes: how many requests succeeded,
/// and how the session ended; `None`: the client closes it itself.
fn cut_short(count: usize, then_ends: bool) -> (usize, Option<Violation>) {
    let replies = [
        "220 ready\r\n",
        "331 pass\r\n",
        "230-hello\r\n230 in\r\n",
        "200 ok\r\n",
        "229 (|||5|)\r\n",
        "150 ok\r\n",
        "226 ok\r\n",
    ];
    let mut rig = Rig::new(by(&[Route::Epsv]));
    let mut left = count;
    let mut requests = vec![
        Request::retrieve(path("f"), 0),
        Request::login(Argument::new("a").unwrap(), Password::new("b").unwrap(), None),
    ];
    let (mut replies, mut successes) = (replies.iter(), 0);
    let mut say = |rig: &mut Rig| {
        let Some(reply) = replies.next() else { return };
        let said = left.min(reply.len());
        left -= said;
        if said > 0 {
            rig.client.received(&reply.as_bytes()[..said]);
        }
        if said < reply.len() && then_ends {
            rig.client.received(b"");
        }
    };
    say(&mut rig);
    for _ in 0..1000 {
        match rig.poll(World::Works) {
            Err(violation) => {
                assert_eq!(rig.poll(World::Works).as_ref(), Err(&violation), "for ever");
                return (successes, Some(violation));
            }
            Ok(Did::Leaves) => return (successes, None),
            // The 226 is said once the bytes have moved.
            Ok(Did::Said(_) | Did::Streams(..)) => say(&mut rig),
            Ok(Did::Done(end)) => {
                assert!(end.is_ok(), "{end:?}");
                successes += 1;
                match requests.pop() {
                    // The end may have come behind the last reply.
                    Some(request) => drop(rig.client.start(request)),
                    None => return (successes, None),
                }
            }
            Ok(Did::Waits(seconds)) => rig.now += Duration::from_secs(seconds.expect("a deadline")),
            Ok(_) => {}
        }
    }
    panic!("no end after {count} bytes");
}

#[test]
fn an_end_or_silence_at_any_byte_is_told_and_nothing_is_made_of_half_a_reply() {
    let (greeting, login, all) = (11, 11 + 10 + 11 + 8, 11 + 10 + 11 + 8 + 8 + 13 + 8 + 8);
    for count in 0..=all {
        let whole = usize::from(count >= greeting) + usize::from(count >= login) + usize::from(count >= all);
        let (successes, violation) = cut_short(count, true);
        assert_eq!(successes, whole, "the end after {count} bytes");
        match violation {
            Some(Violation::Reply(_) | Violation::Closed { .. }) => {}
            None => assert_eq!(count, all, "the end after {count} bytes"),
            other => panic!("the end after {count} bytes: {other:?}"),
        }
        let (successes, violation) = cut_short(count, false);
        assert_eq!(successes, whole, "silence after {count} bytes");
        assert_eq!(matches!(violation, Some(Violation::TimedOut { .. })), count < all, "silence after {count} bytes");
    }
}

#[test]
fn a_preliminary_reply_pushes_the_deadline_once() {
    let mut rig = Rig::new(Config::default());
    for seconds in [60, 20] {
        assert_eq!(rig.hears("120 in a minute"), [Did::Heard(120), Did::Waits(Some(seconds))]);
        rig.now += Duration::from_secs(40);
    }
    assert_eq!(rig.poll(World::Works), Err(Violation::TimedOut { waiting: None }));

    let mut rig = Rig::streaming(by(&[Route::Epsv]));
    rig.all(World::Works);
    rig.now += Duration::from_secs(59);
    assert_eq!(rig.hears("150 still at it"), [Did::Heard(150), Did::Waits(Some(1))]);
    rig.now += Duration::from_secs(1);
    assert_eq!(rig.poll(World::Works), Err(Violation::TimedOut { waiting: Some(Verb::Retr) }));
}

#[test]
fn a_failed_transfer_is_no_success_because_of_a_noops_reply() {
    for code in ["500 OOPS: disk", "501 broken", "504 no", "550 no", "451 no"] {
        let mut rig = keeping_alive();
        rig.now += Duration::from_secs(30);
        assert_eq!(rig.all(World::Busy)[0], Did::Said("NOOP".into()));
        assert!(matches!(rig.poll(World::Works), Ok(Did::Streams(..))));
        let mut did = rig.hears(code);
        did.extend(rig.hears("200 noop"));
        assert!(done(&did).is_err(), "{code}: {did:?}");
    }
}
