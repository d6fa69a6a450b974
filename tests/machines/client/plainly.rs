//! What went wrong is said as what it is, each within a time of its own, and the session lives on where the server answers.

use std::time::Duration;

use ftp_proto::client::{Action, Client, Config, Failure, Request, Value, Violation};
use ftp_proto::{AttemptEnd, DataError, Direction, Moved, Resume, Route, TlsError};
use ftp_proto_rigs::client::{Did, Rig, World, by, done};
use ftp_proto_rigs::path;

const NOBODY_CAME: &str =
    "no data connection could be made; PORT: the server did not connect to 192.0.2.1:5001 in time";

/// A request by PORT, and whichever route comes next, whose `Accept` is open.
fn accepting(routes: &[Route], request: Request) -> Rig {
    let mut rig = Rig::logged_in(by(routes));
    rig.client.start(request).unwrap();
    rig.converse(&[("TYPE I", "200 ok")]);
    rig.client.received(b"200 ok\r\n");
    assert_eq!(rig.all(World::Busy).last(), Some(&Did::Accepts(None)));
    rig
}

fn retrieve() -> Request {
    Request::retrieve(path("f"), 0)
}

fn hears_busily(rig: &mut Rig, line: &str) -> Vec<Did> {
    rig.client.received(format!("{line}\r\n").as_bytes());
    rig.all(World::Busy)
}

fn is_in_step(rig: &mut Rig) {
    rig.client.start(Request::print_directory()).unwrap();
    let did = rig.converse(&[("PWD", "257 \"/in step\"")]);
    assert_eq!(done(&did), &Ok(Value::Directory(b"/in step".to_vec())));
}

#[test]
fn a_server_that_does_not_connect_is_named_with_the_address_and_the_session_goes_on() {
    for first in [Some("150 here it comes"), None] {
        for answers in [&["426 no", "226 ok"][..], &["425 nobody there", "225 ok"], &["226 ok"], &["225 nothing"]] {
            let mut rig = accepting(&[Route::Port], retrieve());
            if let Some(line) = first {
                hears_busily(&mut rig, line);
            }
            rig.now += Duration::from_secs(30);
            let did = rig.all(World::Busy);
            assert_eq!(did, [Did::Closes, Did::Said("ABOR".into()), Did::Waits(Some(10))], "{first:?}");
            for answer in answers {
                rig.hears(answer);
            }
            let did = rig.hears("200 noop");
            assert_eq!(done(&did), &Err(NOBODY_CAME.into()), "{first:?} {answers:?}");
            is_in_step(&mut rig);
        }
    }
}

#[test]
fn where_the_server_does_not_answer_the_abort_either_the_failure_is_the_same_and_then_the_session_ends() {
    for routes in [&[Route::Port][..], &[Route::Port, Route::Epsv]] {
        let mut rig = accepting(routes, retrieve());
        hears_busily(&mut rig, "150 here it comes");
        rig.now += Duration::from_secs(30);
        rig.all(World::Busy);
        rig.now += Duration::from_secs(9);
        // What isn't its last word wins no time.
        assert_eq!(hears_busily(&mut rig, "150 really"), [Did::Heard(150), Did::Waits(Some(1))]);
        assert_eq!(hears_busily(&mut rig, "426 no"), [Did::Heard(426), Did::Said("NOOP".into()), Did::Waits(Some(10))]);
        rig.now += Duration::from_secs(10);
        assert_eq!(rig.poll(World::Busy), Ok(Did::Done(Err(NOBODY_CAME.into()))));
        for _ in 0..2 {
            assert_eq!(rig.poll(World::Busy), Err(Violation::OutOfStep));
        }
    }
}

#[test]
fn the_next_route_is_tried_once_the_server_has_answered() {
    for replied in [true, false] {
        let mut rig = accepting(&[Route::Port, Route::Epsv], Request::store(path("f"), 0));
        if replied {
            hears_busily(&mut rig, "150 send it");
        }
        rig.now += Duration::from_secs(30);
        rig.all(World::Busy);
        for answer in ["425 nobody there", "226 ok"] {
            assert!(!rig.hears(answer).contains(&Did::Said("EPSV".into())), "{answer} may not be the last word");
        }
        let did = rig.hears("200 noop");
        assert!(did.contains(&Did::Said("EPSV".into())), "{did:?}");
        rig.hears("229 (|||5|)");
        let did = rig.hears("150 send it");
        assert!(did.contains(&Did::Streams(Direction::Send, 0)), "{did:?}");
        assert_eq!(done(&rig.hears("226 ok")), &Ok(Value::Transferred(10)));
        let ends: Vec<_> = rig.client.attempts().iter().map(|attempt| (attempt.route, attempt.end)).collect();
        let late = AttemptEnd::Failed(DataError::TimedOut);
        assert_eq!(ends, [(Route::Port, late), (Route::Epsv, AttemptEnd::Connected)]);
    }
}

#[test]
fn a_425_before_our_time_is_over_is_the_servers_failure() {
    let mut rig = accepting(&[Route::Port], retrieve());
    hears_busily(&mut rig, "150 here it comes");
    let did = hears_busily(&mut rig, "425 no connection");
    let told = "no data connection could be made; PORT 192.0.2.1:5001: the server couldn't connect (425)";
    assert_eq!(done(&did), &Err(told.into()));
    assert!(!did.contains(&Did::Said("ABOR".into())), "{did:?}");
    is_in_step(&mut rig);
}

#[test]
fn a_success_without_a_connection_is_none_and_there_is_nothing_to_abort() {
    let mut rig = accepting(&[Route::Port], retrieve());
    hears_busily(&mut rig, "226 all of it");
    rig.now += Duration::from_secs(2);
    assert_eq!(rig.all(World::Busy)[0], Did::Said("NOOP".into()));
    hears_busily(&mut rig, "200 NOOP ok");
    rig.now += Duration::from_secs(30);
    let did = rig.all(World::Busy);
    assert_eq!(did[..2], [Did::Closes, Did::Done(Err(NOBODY_CAME.into()))], "{did:?}");
    is_in_step(&mut rig);
}

#[test]
fn stou_is_not_said_again_where_nobody_came() {
    let mut rig = accepting(&[Route::Port, Route::Epsv], Request::store_unique(None));
    rig.now += Duration::from_secs(30);
    rig.all(World::Busy);
    rig.hears("225 ok");
    let did = rig.hears("200 noop");
    assert_eq!(done(&did), &Err(NOBODY_CAME.into()));
    is_in_step(&mut rig);
}

#[test]
fn a_421_while_the_abort_is_answered_ends_the_request_plainly() {
    let mut rig = accepting(&[Route::Port, Route::Epsv], retrieve());
    rig.now += Duration::from_secs(30);
    rig.all(World::Busy);
    assert_eq!(done(&rig.hears("421 good night")), &Err(NOBODY_CAME.into()));
    assert_eq!(rig.receives(b""), [Did::Leaves]);
}

#[test]
fn the_application_may_abort_while_the_abort_is_answered() {
    let mut rig = accepting(&[Route::Port, Route::Epsv], retrieve());
    rig.now += Duration::from_secs(30);
    rig.all(World::Busy);
    rig.client.abort();
    rig.hears("426 no");
    rig.hears("226 ok");
    let did = rig.hears("200 noop");
    assert_eq!(done(&did), &Err("aborted".into()));
    assert!(!did.contains(&Did::Said("EPSV".into())), "{did:?}");
}

#[test]
fn an_abort_that_is_never_answered_has_its_end_too() {
    let mut config = by(&[Route::Epsv]);
    config.patience.request = Some(Duration::from_secs(20));
    for (late, told) in [(false, "aborted"), (true, "it took too long")] {
        let mut rig = Rig::streaming(config.clone());
        if late {
            rig.now += Duration::from_secs(20);
        } else {
            rig.client.abort();
        }
        let did = rig.all(World::Busy);
        assert_eq!(did, [Did::Said("ABOR".into()), Did::Closes, Did::Waits(Some(10))]);
        rig.now += Duration::from_secs(10);
        assert_eq!(rig.poll(World::Busy), Ok(Did::Done(Err(told.into()))));
        assert_eq!(rig.poll(World::Busy), Err(Violation::OutOfStep), "{told}");
    }
}

/// How the request that runs has failed.
fn failure(client: &mut Client, rig_now: ftp_proto::Instant) -> Failure<'static> {
    loop {
        match client.poll(rig_now).unwrap() {
            Action::Done(ended) => return ended.map(|outcome| format!("{outcome:?}")).unwrap_err().into_owned(),
            Action::Reply(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

/// A download that has told of so many bytes and then nothing for the whole patience; what follows is the machine's.
fn stalled(config: Config, told: u64) -> Rig {
    let mut rig = Rig::streaming(config);
    let Action::Stream(stream) = rig.client.poll(rig.now()).unwrap() else { panic!() };
    stream.moved(told);
    rig.all(World::Busy);
    rig.now += Duration::from_secs(120);
    rig
}

#[test]
fn a_stall_is_told_as_a_stall_with_what_had_moved() {
    // What the adapter had told, what it answers to `Close`, and what is told in the end.
    for (told, closed, moved) in [
        (0, Moved::Nothing, 0),
        (7, Moved::Bytes(9), 9),
        (7, Moved::Bytes(7), 7),
        (7, Moved::Nothing, 7),
        (0, Moved::Bytes(3), 3),
    ] {
        let mut rig = stalled(Config::default(), told);
        assert_eq!(rig.poll(World::Busy), Ok(Did::Said("ABOR".into())));
        let Action::Close(close) = rig.client.poll(rig.now()).unwrap() else { panic!() };
        close.closed(closed);
        assert_eq!(rig.all(World::Busy), [Did::Waits(Some(10))]);
        rig.hears("426 aborted");
        rig.hears("226 ok");
        rig.client.received(b"200 noop\r\n");
        let now = rig.now();
        assert_eq!(failure(&mut rig.client, now), Failure::Stalled { moved }, "{told} {closed:?}");
        is_in_step(&mut rig);
    }
}

#[test]
fn a_stall_behind_the_servers_last_word_needs_no_abort_and_one_that_nobody_answers_ends_the_session() {
    let mut rig = Rig::streaming(Config::default());
    hears_busily(&mut rig, "226 done");
    let Action::Stream(stream) = rig.client.poll(rig.now()).unwrap() else { panic!() };
    stream.moved(4);
    rig.all(World::Busy);
    rig.now += Duration::from_secs(120);
    let did = rig.all(World::Busy);
    assert_eq!(did[..2], [Did::Closes, Did::Done(Err("the transfer stalled after 4 bytes".into()))], "{did:?}");
    is_in_step(&mut rig);

    let mut rig = stalled(Config::default(), 5);
    rig.all(World::Busy);
    rig.now += Duration::from_secs(10);
    assert_eq!(rig.poll(World::Busy), Ok(Did::Done(Err("the transfer stalled after 5 bytes".into()))));
    assert_eq!(rig.poll(World::Busy), Err(Violation::OutOfStep));
}

/// A protected transfer over these routes whose `SecureData` is open.
fn securing(routes: &[Route]) -> Rig {
    let mut config = by(routes);
    config.data_session = Resume::Required;
    let mut rig = Rig::secured(config);
    rig.retrieve();
    rig.converse(&[("TYPE I", "200 ok"), ("EPSV", "229 (|||5|)")]);
    rig.client.received(b"150 ok\r\n");
    assert_eq!(rig.all(World::Busy).last(), Some(&Did::Secures(Resume::Required)));
    rig
}

#[test]
fn tls_that_fails_on_the_data_connection_is_told_as_that() {
    let not_resumed = "no data connection could be made; EPSV 198.51.100.7:5: \
        the data connection did not resume the control connection's TLS session";
    for reply in ["425 no", "426 no", "226 done, I think"] {
        let mut rig = securing(&[Route::Epsv]);
        // A session of its own.
        assert_eq!(rig.all(World::Refuses), [Did::Secures(Resume::Required), Did::Closes, Did::Waits(Some(10))]);
        assert_eq!(done(&rig.hears(reply)), &Err(not_resumed.into()), "{reply}");
        is_in_step(&mut rig);
    }
    // The server's words are told where it has some.
    let mut rig = securing(&[Route::Epsv, Route::Pasv]);
    rig.all(World::Refuses);
    let did = rig.hears("522 SSL connection failed; session reuse required");
    let told = "the server refused: 522 SSL connection failed; session reuse required";
    assert_eq!(done(&did), &Err(told.into()));
}

#[test]
fn tls_that_fails_on_the_data_connection_leads_to_the_next_route() {
    for answered in [true, false] {
        let mut rig = securing(&[Route::Epsv, Route::Pasv]);
        let Action::SecureData(secure) = rig.client.poll(rig.now()).unwrap() else { panic!() };
        secure.failed(TlsError::Handshake);
        assert_eq!(rig.all(World::Busy), [Did::Waits(Some(10))], "it is closed already");
        let did = if answered {
            rig.hears("425 no")
        } else {
            rig.now += Duration::from_secs(10);
            assert_eq!(rig.all(World::Busy), [Did::Said("ABOR".into()), Did::Waits(Some(10))]);
            rig.hears("426 no");
            rig.hears("226 ok");
            rig.hears("200 noop")
        };
        assert!(did.contains(&Did::Said("PASV".into())), "{did:?}");
        let ends: Vec<_> = rig.client.attempts().iter().map(|attempt| attempt.end).collect();
        assert_eq!(ends, [AttemptEnd::Failed(DataError::Tls(TlsError::Handshake))]);
        assert!(rig.client.attempts()[0].connected, "it stood");
    }
}

#[test]
fn an_abort_after_tls_has_failed_is_an_abort() {
    let mut rig = securing(&[Route::Epsv, Route::Pasv]);
    rig.all(World::Refuses);
    rig.client.abort();
    assert_eq!(rig.all(World::Busy), [Did::Said("ABOR".into()), Did::Waits(Some(10))]);
    rig.hears("426 no");
    rig.hears("226 ok");
    assert_eq!(done(&rig.hears("200 noop")), &Err("aborted".into()));
    is_in_step(&mut rig);
}

#[test]
fn an_offset_is_said_again_after_an_abort_that_was_answered_once_for_both() {
    for answer in ["225 nothing", "226 ok", "426 no"] {
        let mut rig = Rig::logged_in(by(&[Route::Port, Route::Epsv]));
        rig.client.start(Request::retrieve(path("f"), 7)).unwrap();
        rig.converse(&[("TYPE I", "200 ok")]);
        rig.hears("200 ok");
        rig.client.received(b"350 ok\r\n");
        assert_eq!(rig.all(World::Busy).last(), Some(&Did::Accepts(None)));
        hears_busily(&mut rig, "150 ok");
        rig.now += Duration::from_secs(30);
        rig.all(World::Busy);
        rig.hears(answer);
        let did = rig.hears("200 noop");
        assert!(did.contains(&Did::Said("EPSV".into())), "{answer}: {did:?}");
        let did = rig.hears("229 (|||5|)");
        assert!(did.contains(&Did::Said("REST 7".into())), "{answer}: the transfer had spent it: {did:?}");
    }
}
