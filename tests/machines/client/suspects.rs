//! Replies that fit nothing due: an answer with an odd code, or nobody's.

use std::time::Duration;

use ftp_proto::client::{Action, Config, Failure, Misuse, Request, Value, Violation};
use ftp_proto::session::LoginState;
use ftp_proto::{AttemptEnd, Moved, Route, StreamEnd, Type, Verb};
use ftp_proto_rigs::client::{Did, Rig, World, by, done, login};
use ftp_proto_rigs::path;

use super::suspects_in_transfers::commanded;

pub(super) fn said(line: &str) -> Did {
    Did::Said(line.into())
}

pub(super) fn waits(seconds: u64) -> Did {
    Did::Waits(Some(seconds))
}

/// A client that has said the first command of this request.
pub(super) fn begun(config: Config, request: Request) -> Rig {
    let mut rig = Rig::logged_in(config);
    rig.client.start(request).unwrap();
    rig.all(World::Works);
    rig
}

/// So many seconds later.
pub(super) fn after(rig: &mut Rig, seconds: u64) -> Vec<Did> {
    rig.now += Duration::from_secs(seconds);
    rig.all(rig.world)
}

pub(super) fn is_in_step(rig: &mut Rig) {
    rig.client.start(Request::print_directory()).unwrap();
    assert_eq!(rig.all(World::Works), [said("PWD"), waits(60)]);
    assert_eq!(done(&rig.hears("257 \"/in step\"")), &Ok(Value::Directory(b"/in step".to_vec())));
}

fn violated(rig: &mut Rig) -> Violation {
    loop {
        match rig.poll(World::Works) {
            Err(violation) => return violation,
            Ok(Did::Waits(_)) => panic!("waits"),
            Ok(_) => {}
        }
    }
}

#[test]
fn an_odd_answer_to_epsv_leads_to_pasv() {
    let mut rig = Rig::logged_in(Config::default());
    rig.retrieve();
    rig.converse(&[("TYPE I", "200 ok")]);
    assert_eq!(rig.hears("314 what?"), [Did::Unsolicited(314), waits(2)]);
    // 200 fits EPSV, and would be NOOP's success.
    assert_eq!(after(&mut rig, 2), [said("PWD"), waits(2)]);
    assert_eq!(rig.hears("257 \"/\""), [Did::Heard(257), said("PASV"), waits(60)]);
    let did = rig.converse_on(&[("227 ok (10,0,0,1,0,6)", "RETR f"), ("150 ok", ""), ("226 ok", "")]);
    assert_eq!(done(&did), &Ok(Value::Transferred(10)));
    let ends: Vec<_> = rig.client.attempts().iter().map(|attempt| (attempt.route, attempt.end)).collect();
    assert!(matches!(ends[0], (Route::Epsv, AttemptEnd::Unexpected(code)) if code.value() == 314), "{ends:?}");
    assert_eq!(ends[1], (Route::Pasv, AttemptEnd::Connected));
    assert!(rig.client.attempts()[0].to_string().contains("314"));
    // It isn't asked again, not even where the other one fails.
    rig.retrieve();
    let did = rig.converse(&[("PASV", "425 not now")]);
    assert!(done(&did).is_err() && !did.contains(&said("EPSV")), "{did:?}");
}

#[test]
fn an_odd_answer_without_another_route_is_in_the_failure() {
    let mut rig = Rig::logged_in(by(&[Route::Port]));
    rig.retrieve();
    rig.converse(&[("TYPE I", "200 ok"), ("PORT 192,0,2,1,19,137", "314 what?")]);
    assert!(after(&mut rig, 2).contains(&said("PWD")));
    let did = rig.hears("257 \"/\"");
    assert!(did.contains(&Did::Closes), "{did:?}");
    assert!(done(&did).as_ref().unwrap_err().contains("PORT 192.0.2.1:5001: answered with 314"), "{did:?}");
    is_in_step(&mut rig);
}

#[test]
fn a_226_to_type_puts_no_type_in_force_and_is_told() {
    let mut rig = begun(by(&[Route::Epsv]), Request::retrieve(path("f"), 0));
    assert_eq!(rig.hears("226 done"), [Did::Unsolicited(226), waits(2)]);
    assert_eq!(after(&mut rig, 2), [said("PWD"), waits(2)]);
    rig.client.received(b"257 \"/\"\r\n");
    let now = rig.now();
    assert!(matches!(rig.client.poll(now), Ok(Action::Reply(reply)) if reply.code().value() == 257));
    match rig.client.poll(now) {
        Ok(Action::Done(Err(Failure::Unexpected(reply)))) => {
            assert_eq!((reply.code().value(), reply.text()), (226, &b"done"[..]));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!((rig.client.session().representation(), rig.client.session().replies_due()), (Type::Ascii(None), 0));
    is_in_step(&mut rig);
    rig.retrieve();
    assert_eq!(rig.all(World::Works)[0], said("TYPE I"));
}

#[test]
fn what_fits_in_time_is_the_answer_and_no_barrier_is_said() {
    let mut rig = begun(Config::default(), Request::size(path("f")));
    assert_eq!(rig.hears("226 spare"), [Did::Unsolicited(226), waits(2)]);
    rig.now += Duration::from_millis(1999);
    assert_eq!(rig.hears("200 ok"), [Did::Heard(200), said("SIZE f"), waits(60)]);
    assert_eq!(done(&rig.hears("213 5")), &Ok(Value::Size(5)));
    is_in_step(&mut rig);
    // It is here when its time is over: it counts.
    let mut rig = begun(Config::default(), Request::noop());
    rig.hears("226 spare");
    rig.now += Duration::from_secs(2);
    assert!(done(&rig.hears("200 ok")).is_ok());
    is_in_step(&mut rig);
}

#[test]
fn what_fits_before_the_barriers_reply_is_the_answer_and_nothing_else_is_said_before_it() {
    let mut rig = begun(Config::default(), Request::size(path("f")));
    rig.hears("226 spare");
    assert_eq!(after(&mut rig, 2), [said("PWD"), waits(2)]);
    rig.now += Duration::from_secs(1);
    assert_eq!(rig.hears("200 ok"), [Did::Heard(200), waits(2)], "the barrier's reply is due");
    assert_eq!(rig.hears("257 \"/\""), [Did::Heard(257), said("SIZE f"), waits(60)]);
    assert_eq!(done(&rig.hears("213 5")), &Ok(Value::Size(5)));
    // The reply that is shown in the end is the command's.
    let mut rig = begun(Config::default(), Request::size(path("f")));
    rig.hears("200 ok");
    rig.hears("226 spare");
    assert_eq!(after(&mut rig, 2), [said("PWD"), waits(2)]);
    assert_eq!(rig.hears("213 5"), [Did::Heard(213), waits(2)]);
    let did = rig.hears("257 \"/\"");
    assert_eq!(did[..2], [Did::Heard(257), Did::Done(Ok(Value::Size(5)))], "{did:?}");
    is_in_step(&mut rig);
    // And one that refuses it, where the barrier succeeds.
    let mut rig = begun(Config::default(), Request::retrieve(path("f"), 0));
    rig.hears("226 spare");
    after(&mut rig, 2);
    rig.hears("504 no");
    assert_eq!(done(&rig.hears("257 \"/\"")), &Err("the server refused: 504 no".into()));
    is_in_step(&mut rig);
}

#[test]
fn a_refusal_behind_the_barrier_is_its_own_if_nothing_more_comes() {
    for refusal in ["500 what?", "502 no", "530 no", "450 later", "631 sealed"] {
        let mut rig = begun(Config::default(), Request::size(path("f")));
        rig.hears("226 odd");
        after(&mut rig, 2);
        assert_eq!(rig.hears(refusal)[1..], [waits(2)], "{refusal}");
        let did = after(&mut rig, 2);
        assert_eq!(done(&did), &Err("the server's answer makes no sense: 226 odd".into()), "{refusal}");
        is_in_step(&mut rig);
        // Another one says that the first was the command's.
        for second in ["257 \"/\"", "500 what?"] {
            let mut rig = begun(Config::default(), Request::size(path("f")));
            rig.hears("226 spare");
            after(&mut rig, 2);
            rig.hears(refusal);
            rig.now += Duration::from_secs(1);
            assert_eq!(done(&rig.hears(second)), &Err(format!("the server refused: {refusal}")), "{second}");
            is_in_step(&mut rig);
        }
    }
}

#[test]
fn who_leaves_behind_the_barrier_is_told_at_once() {
    let mut rig = begun(Config::default(), Request::size(path("f")));
    rig.hears("226 odd");
    after(&mut rig, 2);
    assert_eq!(done(&rig.hears("421 bye")), &Err("the server refused: 421 bye".into()));
    assert_eq!(rig.receives(b""), [Did::Leaves]);
}

#[test]
fn a_server_that_says_nothing_to_the_barrier_ends_the_session() {
    let mut rig = begun(Config::default(), Request::size(path("f")));
    rig.hears("226 odd");
    after(&mut rig, 2);
    rig.now += Duration::from_secs(2);
    let violation = violated(&mut rig);
    let Violation::Unexpected { waiting: Some(Verb::Type), reply } = &violation else { panic!("{violation:?}") };
    assert_eq!((reply.code().value(), reply.text()), (226, &b"odd"[..]));
    // What fits comes, and the barrier's reply doesn't: a later one could be taken for it.
    let mut rig = begun(Config::default(), Request::size(path("f")));
    rig.hears("226 odd");
    after(&mut rig, 2);
    rig.hears("200 ok");
    rig.now += Duration::from_secs(2);
    assert_eq!(violated(&mut rig), Violation::OutOfStep);
    assert_eq!(rig.client.start(Request::noop()).map_err(|rejected| rejected.why), Err(Misuse::Ended));
    // Who knows his servers waits longer.
    let mut config = Config::default();
    config.patience.barrier = Duration::from_secs(30);
    let mut rig = begun(config, Request::size(path("f")));
    rig.hears("226 spare");
    assert_eq!(after(&mut rig, 2), [said("PWD"), waits(30)]);
    rig.now += Duration::from_secs(29);
    rig.hears("200 ok");
    assert_eq!(rig.hears("257 \"/\"")[1], said("SIZE f"));
}

#[test]
fn before_the_login_an_odd_answer_ends_the_session() {
    for (dialogue, verb) in [
        (&[("USER anna", "257 hm")][..], Verb::User),
        (&[("USER anna", "331 ok"), ("PASS secret", "331 hm")], Verb::Pass),
    ] {
        let mut rig = Rig::greeted(Config::default());
        rig.client.start(login()).unwrap();
        let did = rig.converse(dialogue);
        assert_eq!(did.last(), Some(&waits(2)), "{did:?}");
        rig.now += Duration::from_secs(2);
        let violation = violated(&mut rig);
        assert!(matches!(&violation, Violation::Unexpected { waiting, .. } if *waiting == Some(verb)), "{violation:?}");
        assert!(violation.to_string().ends_with(" hm"), "{violation}");
    }
    // The greeting itself.
    let mut rig = Rig::new(Config::default());
    assert_eq!(rig.hears("331 name?"), [Did::Unsolicited(331), waits(2)]);
    assert!(done(&rig.hears("220 ready")).is_ok());
    let mut rig = Rig::new(Config::default());
    rig.hears("331 name?");
    rig.now += Duration::from_secs(2);
    assert!(matches!(violated(&mut rig), Violation::Unexpected { waiting: None, .. }));
}

#[test]
fn behind_what_secures_the_session_no_barrier_is_said() {
    for (dialogue, verb) in [
        (&[("AUTH TLS", "227 hm")][..], Verb::Auth),
        (&[("AUTH TLS", "234 ok"), ("PBSZ 0", "331 hm")], Verb::Pbsz),
        (&[("AUTH TLS", "234 ok"), ("PBSZ 0", "200 ok"), ("PROT P", "226 hm")], Verb::Prot),
    ] {
        // Also for who is logged in already.
        let mut rig = Rig::logged_in(Config::default());
        rig.client.start(Request::secure()).unwrap();
        assert_eq!(rig.converse(dialogue).last(), Some(&waits(2)), "{verb}");
        rig.now += Duration::from_secs(2);
        let violation = violated(&mut rig);
        assert!(matches!(&violation, Violation::Unexpected { waiting, .. } if *waiting == Some(verb)), "{violation:?}");
    }
}

#[test]
fn rein_may_have_ended_tls_so_no_barrier_is_said_behind_it_there() {
    let mut rig = Rig::secured(Config::default());
    rig.client.start(Request::reinitialise()).unwrap();
    assert_eq!(rig.converse(&[("REIN", "331 hm")]).last(), Some(&waits(2)));
    rig.now += Duration::from_secs(2);
    assert!(matches!(violated(&mut rig), Violation::Unexpected { waiting: Some(Verb::Rein), .. }));
    let mut rig = Rig::logged_in(Config::default());
    rig.client.start(Request::reinitialise()).unwrap();
    rig.converse(&[("REIN", "331 hm")]);
    assert_eq!(after(&mut rig, 2)[0], said("PWD"));
}

#[test]
fn a_1yz_that_fits_nothing_is_not_waited_behind_for_long() {
    let mut rig = begun(Config::default(), Request::size(path("f")));
    assert_eq!(rig.hears("150 here it comes"), [Did::Unsolicited(150), waits(2)]);
    assert_eq!(after(&mut rig, 2), [said("PWD"), waits(2)]);
    assert_eq!(done(&rig.hears("257 \"/\"")), &Err("the server's answer makes no sense: 150 here it comes".into()));
    is_in_step(&mut rig);
    // A final reply behind it says more.
    let mut rig = begun(Config::default(), Request::size(path("f")));
    rig.hears("150 here it comes");
    rig.now += Duration::from_secs(1);
    assert_eq!(rig.hears("226 done"), [Did::Unsolicited(226), waits(2)]);
    rig.hears("257 \"/not asked\"");
    after(&mut rig, 2);
    assert_eq!(done(&rig.hears("257 \"/\"")), &Err("the server's answer makes no sense: 226 done".into()));
}

#[test]
fn where_200_and_257_fit_the_barrier_is_abor() {
    for (request, line) in [(Request::print_directory(), "PWD"), (Request::make_directory(path("d")), "MKD d")] {
        let mut rig = Rig::logged_in(Config::default());
        rig.client.start(request).unwrap();
        rig.converse(&[(line, "227 odd")]);
        assert_eq!(after(&mut rig, 2), [said("ABOR"), waits(2)]);
        assert_eq!(
            done(&rig.hears("225 nothing to abort")),
            &Err("the server's answer makes no sense: 227 odd".into())
        );
        is_in_step(&mut rig);
    }
}

#[test]
fn behind_one_command_there_is_one_barrier() {
    let mut rig = commanded(Route::Epsv);
    rig.hears("257 odd");
    assert_eq!(after(&mut rig, 2)[0], said("NOOP"));
    rig.hears("150 here it comes");
    rig.all(World::Works);
    assert_eq!(rig.hears("331 odd once more"), [Did::Unsolicited(331), waits(2)]);
    rig.now += Duration::from_secs(2);
    assert!(matches!(violated(&mut rig), Violation::Unexpected { waiting: Some(Verb::Retr), .. }));
}

#[test]
fn an_abort_gives_up_the_suspect_or_waits_for_the_barrier() {
    let mut rig = commanded(Route::Epsv);
    rig.hears("257 odd");
    rig.client.abort();
    let did = rig.all(World::Works);
    assert_eq!(did[0], said("ABOR"));
    assert_eq!(after(&mut rig, 3), [waits(7)], "the abort has a barrier of its own");
    rig.hears("225 nothing to abort");
    assert_eq!(done(&rig.hears("200 the NOOP's")), &Err("aborted".into()));
    is_in_step(&mut rig);
    let mut rig = begun(Config::default(), Request::size(path("f")));
    rig.hears("226 odd");
    after(&mut rig, 2);
    rig.client.abort();
    assert_eq!(rig.all(World::Works), [waits(2)]);
    rig.hears("200 ok");
    assert_eq!(done(&rig.hears("257 \"/\"")), &Err("aborted".into()));
    is_in_step(&mut rig);
}

#[test]
fn an_odd_answer_to_abor_ends_the_abort() {
    let mut rig = Rig::streaming(by(&[Route::Epsv]));
    rig.world = World::Works;
    rig.client.abort();
    rig.all(World::Busy);
    assert_eq!(rig.hears("331 odd"), [Did::Unsolicited(331), waits(2)]);
    assert_eq!(after(&mut rig, 2), [said("PWD"), waits(2)]);
    assert_eq!(done(&rig.hears("257 \"/\"")), &Err("aborted".into()));
    is_in_step(&mut rig);
}

#[test]
fn an_offset_that_was_agreed_on_before_the_barriers_reply_is_said_again() {
    let mut rig = Rig::logged_in(by(&[Route::Epsv]));
    rig.client.start(Request::retrieve(path("f"), 7)).unwrap();
    rig.converse(&[("TYPE I", "200 ok"), ("EPSV", "229 (|||5|)"), ("REST 7", "226 spare")]);
    assert_eq!(after(&mut rig, 2), [said("PWD"), waits(2)]);
    rig.hears("350 ok");
    assert_eq!(rig.hears("257 \"/\""), [Did::Heard(257), said("REST 7"), waits(60)]);
    assert_eq!(rig.hears("350 ok"), [Did::Heard(350), said("RETR f"), waits(60)]);
}

#[test]
fn s22_what_was_here_before_a_command_went_out_is_nobodys_answer() {
    for early in ["200 ok", "226 spare", "550 no", "150 x"] {
        let mut rig = Rig::logged_in(Config::default());
        rig.client.start(Request::noop()).unwrap();
        rig.client.received(format!("{early}\r\n").as_bytes());
        let code = early[..3].parse().unwrap();
        // Neither an answer nor a suspect.
        assert_eq!(rig.all(World::Works), [said("NOOP"), Did::Unsolicited(code), waits(60)], "{early}");
        assert!(done(&rig.hears("200 mine")).is_ok());
    }
    // Behind the answer to the command before it.
    let mut rig = begun(Config::default(), Request::size(path("f")));
    assert_eq!(
        rig.receives(b"200 ok\r\n213 5\r\n"),
        [Did::Heard(200), said("SIZE f"), Did::Unsolicited(213), waits(60)]
    );
    assert_eq!(done(&rig.hears("213 7")), &Ok(Value::Size(7)));
    // A part of a reply may become the answer.
    let mut rig = begun(Config::default(), Request::size(path("f")));
    rig.receives(b"200 ok\r\n21");
    assert_eq!(done(&rig.receives(b"3 7\r\n")), &Ok(Value::Size(7)));
    // Who leaves, leaves.
    let mut rig = Rig::logged_in(Config::default());
    rig.client.start(Request::noop()).unwrap();
    rig.client.received(b"421 bye\r\n");
    assert_eq!(done(&rig.all(World::Works)), &Err("the server refused: 421 bye".into()));
}

#[test]
fn s22_ten_thousand_replies_that_nothing_asked_for_cost_one_barrier() {
    let many = b"226 spare\r\n".repeat(10_000);
    // Idle.
    let mut rig = Rig::logged_in(Config::default());
    let mut unsolicited = 0;
    rig.client.received(&many);
    let now = rig.now();
    while let Ok(Action::Unsolicited(_)) = rig.client.poll(now) {
        unsolicited += 1;
    }
    assert_eq!(unsolicited, 10_000);
    is_in_step(&mut rig);
    // While a command waits, over ten seconds: the time isn't put off.
    let mut rig = begun(Config::default(), Request::size(path("f")));
    let mut lines = Vec::new();
    for _ in 0..10 {
        rig.client.received(&b"226 spare\r\n".repeat(1000));
        loop {
            let now = rig.now();
            match rig.client.poll(now) {
                Ok(Action::Unsolicited(_)) => {}
                Ok(Action::Write(write)) => {
                    lines.push(write.bytes().to_vec());
                    write.wrote_all();
                }
                Ok(Action::Read { .. }) => break,
                other => panic!("{other:?}"),
            }
        }
        rig.now += Duration::from_millis(300);
    }
    assert_eq!(lines, [b"PWD\r\n"]);
    rig.hears("200 ok");
    assert_eq!(rig.hears("257 \"/\"")[1], said("SIZE f"));
}

#[test]
fn s22_a_second_greeting_goes_by() {
    let mut rig = Rig::greeted(Config::default());
    rig.client.start(login()).unwrap();
    rig.all(World::Works);
    assert_eq!(rig.hears("220 and again"), [Did::Unsolicited(220), waits(2)]);
    rig.now += Duration::from_secs(1);
    assert_eq!(rig.hears("331 pass"), [Did::Heard(331), said("PASS secret"), waits(60)]);
    assert!(done(&rig.hears("230 in")).is_ok());
    assert_eq!(rig.client.session().login(), LoginState::Complete);
    is_in_step(&mut rig);
}

#[test]
fn s22_a_spare_226_goes_by_and_is_not_the_next_transfers() {
    let mut rig = Rig::streaming(by(&[Route::Epsv]));
    let now = rig.now();
    let Ok(Action::Stream(stream)) = rig.client.poll(now) else { panic!() };
    stream.finished(StreamEnd::Clean, Moved::Bytes(3));
    assert_eq!(done(&rig.receives(b"226 done\r\n226 done\r\n")), &Ok(Value::Transferred(3)));
    rig.retrieve();
    let did = rig.all(World::Works);
    assert_eq!(did, [said("EPSV"), waits(60)]);
    assert_eq!(rig.hears("226 once more"), [Did::Unsolicited(226), waits(2)]);
    let did = rig.converse_on(&[("229 (|||5|)", "RETR f"), ("150 ok", ""), ("226 ok", "")]);
    assert_eq!(done(&did), &Ok(Value::Transferred(10)));
}

#[test]
fn quit_waits_no_longer_for_an_odd_answer_than_for_none() {
    let mut rig = Rig::logged_in(Config::default());
    rig.client.quit();
    rig.all(World::Works);
    assert_eq!(rig.hears("331 odd"), [Did::Unsolicited(331), waits(5)]);
    assert_eq!(after(&mut rig, 5), [Did::Leaves]);
}

#[test]
fn the_time_of_the_request_ends_it_behind_the_barrier() {
    let mut config = Config::default();
    config.patience.request = Some(Duration::from_secs(1));
    let mut rig = begun(config, Request::size(path("f")));
    assert_eq!(rig.hears("226 odd"), [Did::Unsolicited(226), waits(1)]);
    assert_eq!(after(&mut rig, 1), [waits(1)]);
    assert_eq!(after(&mut rig, 1), [said("PWD"), waits(2)]);
    rig.hears("200 ok");
    assert_eq!(done(&rig.hears("257 \"/\"")), &Err("it took too long".into()));
}
