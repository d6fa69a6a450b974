//! What is recorded of the attempts at a data connection, and how long each may take.

use std::time::Duration;

use ftp_proto::client::{Action, Config, Value};
use ftp_proto::{AttemptEnd, DataError, Direction, PassiveHost, Route};
use ftp_proto_rigs::addr;
use ftp_proto_rigs::client::{Did, Rig, World, by, done};

fn attempts(rig: &Rig) -> Vec<(Route, AttemptEnd)> {
    rig.client.attempts().iter().map(|attempt| (attempt.route, attempt.end)).collect()
}

#[test]
fn each_transfer_has_attempts_of_its_own_and_each_connection_is_one() {
    let mut rig = Rig::logged_in(Config::default());
    rig.retrieve();
    rig.converse(&[("TYPE I", "200 ok"), ("EPSV", "500 what?"), ("PASV", "227 (1,2,3,4,5,6)"), ("RETR f", "150 ok")]);
    assert!(done(&rig.hears("226 ok")).is_ok());
    assert_eq!(attempts(&rig).len(), 2);
    rig.retrieve();
    assert_eq!(attempts(&rig).len(), 2, "until it begins");
    rig.converse(&[("PASV", "227 (1,2,3,4,5,6)"), ("RETR f", "150 ok")]);
    assert!(done(&rig.hears("226 ok")).is_ok());
    assert_eq!(attempts(&rig), [(Route::Pasv, AttemptEnd::Connected)]);
    let mut rig = Rig::logged_in(by(&[Route::Port]));
    rig.retrieve();
    rig.converse(&[("TYPE I", "200 ok"), ("PORT 192,0,2,1,19,137", "200 ok"), ("RETR f", "150 ok")]);
    assert!(done(&rig.hears("226 ok")).is_ok());
    assert_eq!(attempts(&rig), [(Route::Port, AttemptEnd::Connected)]);
}

#[test]
fn a_route_that_this_login_may_not_have_is_asked_for_again() {
    for (reply, again) in [("530 not you", true), ("425 busy", true), ("500 what?", false), ("522 no", false)] {
        let mut rig = Rig::logged_in(by(&[Route::Epsv]));
        rig.retrieve();
        let did = rig.converse(&[("TYPE I", "200 ok"), ("EPSV", reply)]);
        assert!(done(&did).is_err(), "{reply}");
        rig.retrieve();
        let did = rig.all(World::Works);
        assert_eq!(did.contains(&Did::Said("EPSV".into())), again, "{reply}: {did:?}");
    }
}

/// How long the connection that is asked for may take; it fails.
fn dialled(rig: &mut Rig, host: &str) -> u64 {
    let now = rig.now();
    loop {
        match rig.client.poll(now).unwrap() {
            Action::Connect(connect) => {
                assert_eq!(connect.address(), addr(host));
                let patience = connect.deadline().saturating_since(now).as_secs();
                connect.failed(DataError::Refused);
                return patience;
            }
            Action::Reply(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn only_the_last_host_of_the_last_route_is_waited_for_longer() {
    let mut config = by(&[Route::Pasv]);
    config.passive_host = PassiveHost::AdvertisedThenPeer;
    config.patience.connect = Duration::from_secs(11);
    config.patience.last_connect = Duration::from_secs(31);
    for (routes, second) in [(&[Route::Pasv][..], 31), (&[Route::Pasv, Route::Epsv], 11)] {
        config.routes = routes.to_vec();
        let mut rig = Rig::logged_in(config.clone());
        rig.retrieve();
        rig.converse(&[("TYPE I", "200 ok")]);
        rig.client.received(b"227 ok (203,0,113,9,19,136)\r\n");
        assert_eq!(dialled(&mut rig, "203.0.113.9:5000"), 11, "{routes:?}");
        assert_eq!(dialled(&mut rig, "198.51.100.7:5000"), second, "{routes:?}");
        let refused = (Route::Pasv, AttemptEnd::Failed(DataError::Refused));
        let _ = rig.client.poll(rig.now());
        assert_eq!(attempts(&rig), [refused; 2], "{routes:?}");
    }
}

#[test]
fn bytes_may_follow_a_226_without_a_150_and_later_replies_wait_for_them() {
    let mut rig = Rig::logged_in(by(&[Route::Epsv]));
    rig.retrieve();
    rig.converse(&[("TYPE I", "200 ok"), ("EPSV", "229 (|||5|)")]);
    rig.hears("226 ok");
    rig.now += Duration::from_secs(2);
    assert_eq!(rig.all(World::Busy)[0], Did::Said("NOOP".into()));
    rig.client.received(b"200 NOOP ok\r\n421 that was it\r\n");
    assert_eq!(rig.all(World::Busy), [Did::Heard(200), Did::Streams(Direction::Receive, 0)]);
    // The 421 is not taken for the transfer's end.
    let did = rig.all(World::Works);
    let end = Did::Done(Ok(Value::Transferred(10)));
    assert_eq!(did[..2], [Did::Streams(Direction::Receive, 0), end]);
    assert!(did.contains(&Did::Unsolicited(421)), "{did:?}");
    assert_eq!(attempts(&rig), [(Route::Epsv, AttemptEnd::Connected)]);
}
