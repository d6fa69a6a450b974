//! Every deadline and every bound of the client's machine, to the nanosecond.

use std::time::Duration;

use ftp_proto::client::{Action, Config, Request, Violation};
use ftp_proto::{AttemptEnd, DataError, Moved, Route, StreamEnd, Verb};
use ftp_proto_rigs::client::{Did, Rig, World, by, done, login};
use ftp_proto_rigs::path;

const NANOSECOND: Duration = Duration::from_nanos(1);

/// Nothing happens until this deadline.
fn waits_until(rig: &mut Rig, seconds: u64) {
    rig.now += Duration::from_secs(seconds) - NANOSECOND;
    let did = rig.all(World::Busy);
    assert_eq!(did.len(), 1, "{did:?}");
    rig.now += NANOSECOND;
}

fn reinitialising() -> Rig {
    let mut rig = Rig::logged_in(Config::default());
    rig.client.start(Request::reinitialise()).unwrap();
    assert_eq!(rig.all(World::Works), [Did::Said("REIN".into()), Did::Waits(Some(60))]);
    rig
}

#[test]
fn the_first_1yz_to_a_command_gives_the_server_another_while_and_the_next_does_not() {
    let late = Err(Violation::TimedOut { waiting: Some(Verb::Rein) });
    // Without a 1yz.
    let mut rig = reinitialising();
    waits_until(&mut rig, 60);
    assert_eq!(rig.poll(World::Works), late);
    // The time begins anew with the first, however late it comes.
    let mut rig = reinitialising();
    rig.now += Duration::from_secs(60) - NANOSECOND;
    assert_eq!(rig.hears("120 in a minute"), [Did::Heard(120), Did::Waits(Some(60))]);
    rig.now += Duration::from_secs(50);
    assert_eq!(rig.hears("120 in a minute"), [Did::Heard(120), Did::Waits(Some(10))], "but not with the second");
    waits_until(&mut rig, 10);
    assert_eq!(rig.poll(World::Works), late);
    // The final reply ends the series, and the next command's first counts again.
    let mut rig = reinitialising();
    rig.hears("120 in a minute");
    assert!(done(&rig.hears("220 ready")).is_ok());
    rig.client.start(Request::reinitialise()).unwrap();
    rig.all(World::Works);
    rig.now += Duration::from_secs(50);
    assert_eq!(rig.hears("120 in a minute"), [Did::Heard(120), Did::Waits(Some(60))]);
    // A transfer's 150 is its first.
    let mut rig = Rig::logged_in(by(&[Route::Epsv]));
    rig.retrieve();
    rig.converse(&[("TYPE I", "200 ok"), ("EPSV", "229 (|||5|)")]);
    rig.now += Duration::from_secs(59);
    rig.hears("150 ok");
    waits_until(&mut rig, 60);
    assert_eq!(rig.poll(World::Works), Err(Violation::TimedOut { waiting: Some(Verb::Retr) }));
}

#[test]
fn each_reply_is_waited_for_to_its_deadline() {
    let mut rig = Rig::new(Config::default());
    rig.all(World::Busy);
    waits_until(&mut rig, 60);
    assert_eq!(rig.poll(World::Works), Err(Violation::TimedOut { waiting: None }));

    let mut rig = Rig::greeted(Config::default());
    rig.client.start(login()).unwrap();
    rig.all(World::Works);
    rig.now += Duration::from_secs(40);
    assert_eq!(rig.hears("331 pass").last(), Some(&Did::Waits(Some(60))));
    waits_until(&mut rig, 60);
    assert_eq!(rig.poll(World::Works), Err(Violation::TimedOut { waiting: Some(Verb::Pass) }));

    let mut rig = Rig::logged_in(Config::default());
    rig.client.quit();
    assert_eq!(rig.all(World::Works), [Did::Said("QUIT".into()), Did::Waits(Some(5))]);
    waits_until(&mut rig, 5);
    assert_eq!(rig.poll(World::Works), Ok(Did::Leaves));
}

#[test]
fn a_handshake_is_waited_for_to_its_deadline() {
    let mut rig = Rig::greeted(Config::default());
    rig.client.start(Request::secure()).unwrap();
    rig.all(World::Works);
    rig.client.received(b"234 go on\r\n");
    assert_eq!(rig.all(World::Busy), [Did::Heard(234), Did::StartsTls]);
    waits_until(&mut rig, 30);
    assert_eq!(done(&rig.all(World::Busy)), &Err("no secure connection: the TLS handshake took too long".into()));

    let mut rig = Rig::secured(Config::default());
    rig.client.start(Request::reinitialise()).unwrap();
    rig.all(World::Works);
    rig.client.received(b"220 ready\r\n");
    assert_eq!(rig.all(World::Busy), [Did::Heard(220), Did::StopsTls]);
    waits_until(&mut rig, 30);
    assert_eq!(done(&rig.all(World::Busy)), &Err("no secure connection: the TLS handshake took too long".into()));

    let mut rig = Rig::secured(by(&[Route::Epsv]));
    rig.retrieve();
    rig.converse(&[("TYPE I", "200 ok"), ("EPSV", "229 (|||5|)")]);
    rig.client.received(b"150 ok\r\n");
    assert!(matches!(rig.all(World::Busy).last(), Some(Did::Secures(_))));
    waits_until(&mut rig, 30);
    let did = rig.all(World::Busy);
    assert_eq!(did, [Did::Closes, Did::Waits(Some(10))], "the server's final reply will tell");
    waits_until(&mut rig, 10);
    assert_eq!(rig.all(World::Busy), [Did::Said("ABOR".into()), Did::Waits(Some(10))]);
    waits_until(&mut rig, 10);
    let told = "no data connection could be made; EPSV 198.51.100.7:5: \
        the TLS handshake took too long";
    assert_eq!(rig.poll(World::Busy), Ok(Did::Done(Err(told.into()))));
    assert_eq!(rig.poll(World::Busy), Err(Violation::OutOfStep));
}

#[test]
fn a_route_is_dialled_longer_if_it_is_the_last() {
    for (routes, seconds) in [(&[Route::Epsv, Route::Pasv][..], 10), (&[Route::Epsv], 30)] {
        let mut rig = Rig::logged_in(by(routes));
        rig.retrieve();
        rig.converse(&[("TYPE I", "200 ok")]);
        rig.client.received(b"229 (|||5|)\r\n");
        assert!(matches!(rig.all(World::Busy).last(), Some(Did::Connects(_))));
        waits_until(&mut rig, seconds);
        let did = rig.all(World::Busy);
        assert_eq!(did[0], Did::Closes, "{did:?}");
        assert_eq!(did.contains(&Did::Said("PASV".into())), routes.len() == 2, "{did:?}");
    }
}

/// A download over active routes whose `Listen` is open.
fn listening(routes: &[Route]) -> Rig {
    let mut rig = Rig::logged_in(by(routes));
    rig.retrieve();
    rig.all(World::Works);
    rig.client.received(b"200 ok\r\n");
    assert_eq!(rig.poll(World::Works), Ok(Did::Heard(200)));
    rig
}

#[test]
fn a_port_that_is_not_found_in_time_leads_to_the_next_route() {
    let mut rig = listening(&[Route::Eprt, Route::Epsv]);
    let began = rig.now;
    for waited in [Duration::ZERO, Duration::from_secs(10) - NANOSECOND] {
        rig.now = began + waited;
        let Action::Listen(listen) = rig.client.poll(rig.now()).unwrap() else { panic!() };
        assert_eq!(listen.deadline().saturating_since(ftp_proto::Instant::from_origin(began)).as_secs(), 10);
    }
    rig.now = began + Duration::from_secs(10);
    let did = rig.all(World::Works);
    assert_eq!(did[..2], [Did::Closes, Did::Said("EPSV".into())], "{did:?}");
    let attempt = &rig.client.attempts()[0];
    assert_eq!(attempt.end, ftp_proto::AttemptEnd::Failed(DataError::TimedOut));
    assert_eq!((attempt.route, attempt.took), (Route::Eprt, Duration::from_secs(10)));
    // Where it was the last, there is none.
    let mut rig = listening(&[Route::Port]);
    let _ = rig.client.poll(rig.now()).unwrap();
    rig.now += Duration::from_secs(10);
    assert!(done(&rig.all(World::Works)).is_err());
}

#[test]
fn the_server_has_its_time_to_connect() {
    let mut rig = Rig::logged_in(by(&[Route::Port]));
    rig.retrieve();
    rig.converse(&[("TYPE I", "200 ok")]);
    rig.client.received(b"200 ok\r\n");
    assert_eq!(rig.all(World::Busy).last(), Some(&Did::Accepts(None)));
    waits_until(&mut rig, 30);
    assert_eq!(rig.all(World::Busy), [Did::Closes, Did::Said("ABOR".into()), Did::Waits(Some(10))]);
}

#[test]
fn a_stream_stalls_at_its_deadline() {
    let mut rig = Rig::streaming(by(&[Route::Epsv]));
    let Action::Stream(stream) = rig.client.poll(rig.now()).unwrap() else { panic!() };
    stream.moved(1);
    rig.all(World::Busy);
    waits_until(&mut rig, 120);
    assert!(rig.all(World::Busy).contains(&Did::Said("ABOR".into())));
}

#[test]
fn a_request_has_its_limit_to_the_nanosecond() {
    let mut config = by(&[Route::Epsv]);
    config.patience.request = Some(Duration::from_secs(20));
    let mut rig = Rig::streaming(config);
    waits_until(&mut rig, 20);
    assert!(rig.all(World::Busy).contains(&Did::Said("ABOR".into())));
}

fn keeping_alive() -> Rig {
    let mut config = by(&[Route::Epsv]);
    config.keep_alive = Some(Duration::from_secs(30));
    Rig::streaming(config)
}

#[test]
fn no_more_than_eight_noops_wait_for_their_replies() {
    let mut rig = keeping_alive();
    let mut noops = 0;
    for turn in 0..20 {
        waits_until(&mut rig, 30);
        let did = rig.all(World::Busy);
        let said = did.contains(&Did::Said("NOOP".into()));
        assert_eq!(said, turn < 8, "{turn}: {did:?}");
        noops += usize::from(said);
    }
    assert_eq!((noops, rig.client.session().replies_due_to(Verb::Noop)), (8, 8));
    // A reply makes room for another, which is late already.
    rig.client.received(b"200 noop\r\n");
    assert_eq!(rig.poll(World::Busy), Ok(Did::Heard(200)));
    waits_until(&mut rig, 30);
    assert!(rig.all(World::Busy).contains(&Did::Said("NOOP".into())));
}

#[test]
fn stragglers_are_waited_for_to_their_deadline() {
    let straggling = || {
        let mut rig = keeping_alive();
        waits_until(&mut rig, 30);
        rig.all(World::Busy);
        rig.poll(World::Works).unwrap();
        assert_eq!(rig.hears("226 done").last(), Some(&Did::Waits(Some(10))));
        rig
    };
    let mut rig = straggling();
    waits_until(&mut rig, 10);
    assert!(matches!(rig.poll(World::Works), Ok(Did::Done(Ok(_)))));
    assert_eq!(rig.poll(World::Works), Err(Violation::OutOfStep));
    let mut rig = straggling();
    rig.now += Duration::from_secs(10) - NANOSECOND;
    assert!(done(&rig.hears("200 noop")).is_ok());
    rig.client.start(Request::noop()).unwrap();
    assert!(done(&rig.converse(&[("NOOP", "200 ok")])).is_ok());
}

/// A request whose stream has ended so, a long while after it began.
fn ended(request: Request, end: StreamEnd) -> Rig {
    let mut rig = Rig::logged_in(by(&[Route::Epsv]));
    rig.client.start(request).unwrap();
    rig.converse(&[("TYPE I", "200 ok"), ("EPSV", "229 (|||5|)")]);
    rig.client.received(b"150 ok\r\n");
    rig.all(World::Busy);
    rig.now += Duration::from_secs(100_000);
    let Action::Stream(stream) = rig.client.poll(rig.now()).unwrap() else { panic!() };
    stream.finished(end, Moved::Bytes(1));
    rig
}

#[test]
fn the_time_for_the_final_reply_begins_when_the_bytes_have_moved() {
    use StreamEnd::{Clean, LocalError, StorageFull, Truncated};
    // Who has taken a whole upload may have much to do until it is where it belongs; one that broke is nothing.
    for (end, seconds) in [(Clean, 300), (LocalError, 300), (StorageFull, 300), (Truncated, 60)] {
        for request in [Request::store(path("f"), 0), Request::append(path("f")), Request::store_unique(None)] {
            let mut rig = ended(request, end);
            assert_eq!(rig.all(World::Busy), [Did::Waits(Some(seconds))], "{end:?}");
            waits_until(&mut rig, seconds);
            assert!(matches!(rig.poll(World::Works), Err(Violation::TimedOut { waiting: Some(_) })));
        }
        let mut rig = ended(Request::retrieve(path("f"), 0), end);
        assert_eq!(rig.all(World::Busy), [Did::Waits(Some(60))], "{end:?}");
    }
}

/// Who takes us for a stranger may wait for the right one as long as a client waits for a reply. There is no use in that.
#[test]
fn a_server_that_has_sent_us_away_has_little_time_to_say_so() {
    let dismissed = |moved| {
        let mut rig = Rig::streaming(by(&[Route::Epsv, Route::Pasv]));
        let Ok(Action::Stream(stream)) = rig.client.poll(rig.now()) else { panic!("no stream") };
        stream.finished(StreamEnd::Truncated, moved);
        rig.all(World::Busy);
        rig
    };
    let mut rig = dismissed(Moved::Nothing);
    waits_until(&mut rig, 10);
    assert_eq!(rig.poll(World::Busy), Ok(Did::Said("ABOR".into())));
    assert_eq!(rig.client.attempts()[0].end, AttemptEnd::Stalled);
    rig.converse(&[]);
    rig.hears("426 aborted");
    assert_eq!(rig.hears("226 done").last(), Some(&Did::Waits(Some(10))), "the NOOP behind it");
    assert!(rig.hears("200 ok").contains(&Did::Said("PASV".into())), "the next route");
    // What has moved isn't moved twice.
    let mut rig = dismissed(Moved::Bytes(1));
    waits_until(&mut rig, 60);
    assert_eq!(rig.poll(World::Works), Err(Violation::TimedOut { waiting: Some(Verb::Retr) }));
}

#[test]
fn an_abort_of_what_the_server_may_be_keeping_waits_as_long() {
    let mut rig = ended(Request::store(path("f"), 0), StreamEnd::Clean);
    rig.all(World::Busy);
    rig.client.abort();
    assert_eq!(rig.all(World::Busy), [Did::Said("ABOR".into()), Did::Waits(Some(300))]);
    rig.now += Duration::from_secs(299);
    let did = rig.hears("226 kept");
    assert_eq!(did[1..], [Did::Said("NOOP".into()), Did::Waits(Some(10))], "what it answers then is quick");
}

#[test]
fn a_reply_to_a_noop_takes_no_time_from_an_upload() {
    let mut rig = Rig::logged_in({
        let mut config = by(&[Route::Epsv]);
        config.keep_alive = Some(Duration::from_secs(30));
        config
    });
    rig.client.start(Request::store(path("f"), 0)).unwrap();
    rig.converse(&[("TYPE I", "200 ok"), ("EPSV", "229 (|||5|)")]);
    rig.client.received(b"150 ok\r\n");
    rig.all(World::Busy);
    rig.now += Duration::from_secs(30);
    assert!(rig.all(World::Busy).contains(&Did::Said("NOOP".into())));
    let Action::Stream(stream) = rig.client.poll(rig.now()).unwrap() else { panic!() };
    stream.finished(StreamEnd::Clean, Moved::Bytes(1));
    assert_eq!(rig.all(World::Busy), [Did::Waits(Some(300))]);
    assert_eq!(rig.hears("200 noop").last(), Some(&Did::Waits(Some(300))));
}
