//! What the first draft guessed, and the second draft knows.

use std::time::Duration;

use ftp_proto::Route;
use ftp_proto::client::{Action, Config, Misuse, PlaintextAccepted, Request};
use ftp_proto_rigs::client::{Did, Rig, World, by, done};
use ftp_proto_rigs::path;

/// It had nothing to say, and its `Done` showed an older reply, or one that nobody had sent.
#[test]
fn ccc_without_tls_is_not_taken() {
    let mut rig = Rig::logged_in(Config::default());
    let request = Request::clear_command_channel(PlaintextAccepted::knowingly());
    assert_eq!(rig.client.start(request).map_err(|rejected| rejected.why), Err(Misuse::NotSecure));
    assert!(rig.client.start(Request::noop()).is_ok());
}

/// The name with its blank is another file's than the one without.
#[test]
fn pret_names_the_file_that_is_asked_for() {
    let mut rig = Rig::logged_in(Config::default());
    rig.client.start(Request::features()).unwrap();
    rig.converse(&[("FEAT", "211-Features:\r\n PRET\r\n211 End")]);
    rig.client.start(Request::retrieve(path("file "), 0)).unwrap();
    let did = rig.converse(&[("TYPE I", "200 ok")]);
    assert!(did.contains(&Did::Said("PRET RETR file ".into())), "{did:?}");
}

/// Else an application that takes its time over the 229 would lose the route, and be told to close what it never heard of.
#[test]
fn the_time_to_dial_begins_when_connect_is_shown() {
    let mut rig = Rig::logged_in(Config::default());
    rig.retrieve();
    rig.converse(&[("TYPE I", "200 ok")]);
    rig.client.received(b"229 ok (|||5000|)\r\n");
    assert_eq!(rig.poll(World::Works), Ok(Did::Heard(229)));
    rig.now += Duration::from_secs(11);
    let now = rig.now();
    let Ok(Action::Connect(connect)) = rig.client.poll(now) else { panic!("nothing is dialled") };
    let deadline = connect.deadline();
    assert_eq!(deadline.saturating_since(now), Config::default().patience.connect);
    drop(connect);
    rig.now += Duration::from_secs(1);
    let later = rig.now();
    let Ok(Action::Connect(connect)) = rig.client.poll(later) else { panic!("it is asked no more") };
    assert_eq!(connect.deadline(), deadline, "shown again, it has no more time");
}

/// A server that says 421 amid an abort and goes on: the late reply to the NOOP behind ABOR is the NOOP's.
#[test]
fn a_late_reply_to_an_older_command_answers_no_newer_one() {
    let mut rig = Rig::logged_in(by(&[Route::Port]));
    rig.retrieve();
    rig.converse(&[("TYPE I", "200 ok"), ("PORT 192,0,2,1,19,137", "200 PORT ok")]);
    rig.client.abort();
    assert!(rig.all(World::Works).contains(&Did::Said("ABOR".into())));
    assert!(rig.hears("426 aborted").contains(&Did::Said("NOOP".into())));
    assert_eq!(done(&rig.hears("421 going down")), &Err("aborted".into()));
    rig.client.start(Request::retrieve(path("g"), 0)).unwrap();
    assert!(rig.all(World::Works).contains(&Did::Said("PORT 192,0,2,1,19,137".into())));
    let did = rig.hears("200 NOOP ok");
    assert!(!did.contains(&Did::Said("RETR g".into())), "{did:?}");
    assert!(rig.hears("200 PORT ok").contains(&Did::Said("RETR g".into())));
}
