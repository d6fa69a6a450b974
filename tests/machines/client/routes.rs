//! The ways to a data connection: which is asked for, whom it leads to, and what comes next if it doesn't work.

use std::time::Duration;

use ftp_proto::client::{Action, Config, Failure, Request, Value};
use ftp_proto::{AttemptEnd, DataError, Direction, PassiveHost, Route, Verdict};
use ftp_proto_rigs::client::{Did, Rig, World, by, done};
use ftp_proto_rigs::{addr, path};

#[test]
fn epsv_dials_the_control_host() {
    let mut rig = Rig::logged_in(Config::default());
    rig.retrieve();
    let did = rig.converse(&[("TYPE I", "200 ok"), ("EPSV", "229 ok (|||5000|)")]);
    assert_eq!(did[..3], [Did::Heard(229), Did::Connects(addr("198.51.100.7:5000")), Did::Said("RETR f".into())]);
    assert_eq!(rig.hears("150 here it comes")[..2], [Did::Heard(150), Did::Streams(Direction::Receive, 0)]);
    assert_eq!(done(&rig.hears("226 done")), &Ok(Value::Transferred(10)));
}

#[test]
fn the_full_form_of_229_dials_no_stranger() {
    let mut rig = Rig::logged_in(Config::default());
    rig.retrieve();
    let did = rig.converse(&[("TYPE I", "200 ok"), ("EPSV", "229 ok (|1|203.0.113.9|5000|)")]);
    assert!(did.contains(&Did::Connects(addr("198.51.100.7:5000"))), "{did:?}");
}

#[test]
fn a_227_names_a_port_and_the_policy_names_the_host() {
    for (policy, tuple, dialled) in [
        (PassiveHost::Peer, "10,0,0,5,19,136", "198.51.100.7:5000"),
        (PassiveHost::Peer, "203,0,113,9,19,136", "198.51.100.7:5000"),
        (PassiveHost::Advertised, "203,0,113,9,19,136", "203.0.113.9:5000"),
        (PassiveHost::AdvertisedIfPlausible, "203,0,113,9,19,136", "203.0.113.9:5000"),
        (PassiveHost::AdvertisedIfPlausible, "10,0,0,5,19,136", "198.51.100.7:5000"),
        (PassiveHost::AdvertisedIfPlausible, "0,0,0,0,19,136", "198.51.100.7:5000"),
        (PassiveHost::Fixed("192.0.2.99".parse().unwrap()), "10,0,0,5,19,136", "192.0.2.99:5000"),
    ] {
        let mut config = by(&[Route::Pasv]);
        config.passive_host = policy;
        let mut rig = Rig::logged_in(config);
        rig.retrieve();
        let did = rig.converse(&[("TYPE I", "200 ok"), ("PASV", &format!("227 ok ({tuple})"))]);
        assert!(did.contains(&Did::Connects(addr(dialled))), "{policy:?} {tuple}: {did:?}");
    }
}

#[test]
fn on_ipv6_the_port_of_a_227_is_used_with_the_control_host() {
    let mut rig = Rig::between(by(&[Route::Pasv]), "[2001:db8::1]:40000", "[64:ff9b::c000:202]:21").greet().log_in();
    rig.retrieve();
    let did = rig.converse(&[("TYPE I", "200 ok"), ("PASV", "227 ok (192,0,2,2,19,136)")]);
    assert!(did.contains(&Did::Connects(addr("[64:ff9b::c000:202]:5000"))), "{did:?}");
}

#[test]
fn what_was_refused_for_good_is_not_asked_again() {
    let mut rig = Rig::logged_in(Config::default());
    rig.retrieve();
    rig.converse(&[("TYPE I", "200 ok"), ("EPSV", "500 what?"), ("PASV", "227 (1,2,3,4,5,6)"), ("RETR f", "150 ok")]);
    rig.hears("226 done");
    rig.retrieve();
    assert_eq!(rig.all(World::Works)[0], Did::Said("PASV".into()));
}

#[test]
fn what_worked_is_asked_first_and_what_was_refused_for_now_again() {
    let mut rig = Rig::logged_in(Config::default());
    rig.retrieve();
    rig.converse(&[("TYPE I", "200 ok"), ("EPSV", "425 busy"), ("PASV", "227 (1,2,3,4,5,6)"), ("RETR f", "150 ok")]);
    rig.hears("226 done");
    rig.retrieve();
    assert_eq!(rig.all(World::Works)[0], Did::Said("PASV".into()));
    assert_eq!(rig.hears("425 busy")[1], Did::Said("EPSV".into()));
}

#[test]
fn each_answers_the_others_question() {
    let mut rig = Rig::logged_in(Config::default());
    rig.retrieve();
    let did = rig.converse(&[("TYPE I", "200 ok"), ("EPSV", "227 ok (198,51,100,7,19,136)")]);
    assert!(did.contains(&Did::Connects(addr("198.51.100.7:5000"))), "{did:?}");
    let mut rig = Rig::logged_in(by(&[Route::Pasv]));
    rig.retrieve();
    let did = rig.converse(&[("TYPE I", "200 ok"), ("PASV", "229 ok (|||5000|)")]);
    assert!(did.contains(&Did::Connects(addr("198.51.100.7:5000"))), "{did:?}");
}

#[test]
fn active_mode_is_never_chosen_by_itself() {
    let mut rig = Rig::logged_in(Config::default());
    rig.retrieve();
    let did = rig.converse(&[("TYPE I", "200 ok"), ("EPSV", "500 no"), ("PASV", "550 Permission denied.")]);
    let end = done(&did).as_ref().unwrap_err();
    assert!(end.contains("EPSV: refused with 500") && end.contains("PASV: refused with 550"), "{end}");
    assert!(!did.contains(&Did::Listens));
}

#[test]
fn active_mode_tells_the_external_address_and_takes_the_server_only() {
    let mut config = by(&[Route::Port]);
    config.public_address = Some("192.0.2.200".parse().unwrap());
    let mut rig = Rig::logged_in(config);
    rig.retrieve();
    let did = rig.converse(&[("TYPE I", "200 ok"), ("PORT 192,0,2,200,19,137", "200 ok")]);
    assert!(did[1..3] == [Did::Said("RETR f".into()), Did::Accepts(Some(Verdict::Take))], "{did:?}");
    let did = rig.hears("150 ok");
    assert!(did.contains(&Did::Streams(Direction::Receive, 0)), "{did:?}");
    assert_eq!(done(&rig.hears("226 ok")), &Ok(Value::Transferred(10)));
}

#[test]
fn an_inside_server_hears_our_inside_address() {
    for peer in ["10.0.0.2:21", "127.0.0.1:21", "192.168.1.9:21"] {
        let mut config = by(&[Route::Port]);
        config.public_address = Some("203.0.113.200".parse().unwrap());
        let mut rig = Rig::between(config, "10.0.0.1:40000", peer).greet().log_in();
        rig.retrieve();
        let did = rig.converse(&[("TYPE I", "200 ok")]);
        assert!(did.contains(&Did::Said("PORT 10,0,0,1,19,137".into())), "{peer}: {did:?}");
    }
}

/// The NAT that has it isn't on the way.
#[test]
fn an_external_address_of_ipv4_is_not_told_over_ipv6() {
    let mut config = by(&[Route::Eprt]);
    config.public_address = Some("203.0.113.200".parse().unwrap());
    let mut rig = Rig::between(config, "[2001:db8::1]:40000", "[2001:db8::7]:21").greet().log_in();
    rig.retrieve();
    let did = rig.converse(&[("TYPE I", "200 ok")]);
    assert!(did.contains(&Did::Said("EPRT |2|2001:db8::1|5001|".into())), "{did:?}");
}

#[test]
fn rest_stands_right_before_the_transfer_command() {
    let mut rig = Rig::logged_in(by(&[Route::Epsv]));
    rig.client.start(Request::retrieve(path("f"), 7)).unwrap();
    let did =
        rig.converse(&[("TYPE I", "200 ok"), ("EPSV", "229 (|||5|)"), ("REST 7", "350 ok"), ("RETR f", "150 ok")]);
    assert!(did.contains(&Did::Streams(Direction::Receive, 7)), "{did:?}");
    rig.hears("226 ok");
    rig.client.start(Request::retrieve(path("f"), 7)).unwrap();
    let did = rig.converse(&[("EPSV", "229 (|||5|)"), ("REST 7", "502 no")]);
    assert_eq!(done(&did), &Err("the server refused: 502 no".into()));
}

#[test]
fn a_425_after_the_command_tries_the_next_route_with_rest_again() {
    let mut rig = Rig::logged_in(Config::default());
    rig.client.start(Request::retrieve(path("f"), 7)).unwrap();
    let first = [
        ("TYPE I", "200 ok"),
        ("EPSV", "229 (|||5|)"),
        ("REST 7", "350 ok"),
        ("RETR f", "425 Failed to establish connection."),
    ];
    let did = rig.converse(&first);
    assert!(did.contains(&Did::Said("PASV".into())), "{did:?}");
    let did = rig.hears("227 (1,2,3,4,5,6)");
    assert!(did.contains(&Did::Said("REST 7".into())), "{did:?}");
}

#[test]
fn a_dial_without_answer_is_given_up_in_time() {
    let mut rig = Rig::logged_in(Config::default());
    rig.retrieve();
    rig.converse(&[("TYPE I", "200 ok")]);
    rig.client.received(b"229 (|||5|)\r\n");
    assert_eq!(rig.all(World::Busy).last(), Some(&Did::Connects(addr("198.51.100.7:5"))));
    rig.now += Duration::from_secs(10);
    let did = rig.all(World::Busy);
    assert_eq!(did[..2], [Did::Closes, Did::Said("PASV".into())], "{did:?}");
    rig.client.received(b"227 (1,2,3,4,0,6)\r\n");
    rig.all(World::Refuses);
    let now = rig.now();
    let _ = rig.client.poll(now);
}

#[test]
fn no_route_names_each_attempt() {
    let mut rig = Rig::logged_in(Config::default());
    rig.retrieve();
    rig.converse(&[("TYPE I", "200 ok")]);
    rig.client.received(b"229 (|||5|)\r\n");
    rig.all(World::Refuses);
    rig.client.received(b"227 (10,0,0,1,0,6)\r\n");
    let now = rig.now();
    let attempts = loop {
        match rig.client.poll(now).unwrap() {
            Action::Done(Err(Failure::NoRoute(attempts))) => break attempts,
            Action::Connect(connect) => connect.failed(DataError::Refused),
            Action::Reply(_) => {}
            other => panic!("{other:?}"),
        }
    };
    let told: Vec<_> = attempts.iter().map(|attempt| (attempt.route, attempt.advertised, attempt.end)).collect();
    assert_eq!(
        told,
        [
            (Route::Epsv, Some(addr("198.51.100.7:5")), AttemptEnd::Failed(DataError::Refused)),
            (Route::Pasv, Some(addr("10.0.0.1:6")), AttemptEnd::Failed(DataError::Refused)),
        ]
    );
}
