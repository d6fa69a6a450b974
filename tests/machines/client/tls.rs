//! TLS in the client's machine: when it begins, what it forbids, and that nothing slips in before it.

use std::time::Duration;

use ftp_proto::client::{Config, Misuse, PlaintextAccepted, Request, Security, Violation};
use ftp_proto::{Argument, Command, Direction, Password, Resume, Route};
use ftp_proto_rigs::client::{Did, Rig, World, by, done, login};
use ftp_proto_rigs::path;

fn requiring(security: Security) -> Config {
    let mut config = by(&[Route::Epsv]);
    config.security = security;
    config
}

#[test]
fn tls_begins_between_234_and_pbsz() {
    let mut rig = Rig::greeted(requiring(Security::Required));
    rig.client.start(Request::secure()).unwrap();
    assert_eq!(rig.all(World::Works)[0], Did::Said("AUTH TLS".into()));
    assert_eq!(rig.hears("234 go on")[..3], [Did::Heard(234), Did::StartsTls, Did::Said("PBSZ 0".into())]);
}

#[test]
fn s09_plaintext_before_the_handshake_is_never_taken_for_the_servers_word() {
    for slipped_in in ["234 go on\r\n230 in\r\n", "234 go on\r\n2", "234 go on\r\n\r\n"] {
        let mut rig = Rig::greeted(requiring(Security::Required));
        rig.client.start(Request::secure()).unwrap();
        rig.all(World::Works);
        rig.client.received(slipped_in.as_bytes());
        assert_eq!(rig.poll(World::Works), Ok(Did::Heard(234)));
        assert_eq!(rig.poll(World::Works), Err(Violation::PlaintextBeforeTls), "{slipped_in:?}");
    }
    let mut rig = Rig::greeted(requiring(Security::Required));
    rig.client.start(Request::secure()).unwrap();
    rig.all(World::Works);
    rig.client.received(b"234 go on\r\n");
    rig.all(World::Busy);
    rig.client.received(b"230 in\r\n");
    assert_eq!(rig.poll(World::Works), Err(Violation::PlaintextBeforeTls), "while the handshake runs");
}

#[test]
fn s10_where_tls_is_required_nothing_else_goes_out_without_it() {
    let refused = |rig: &mut Rig| {
        let requests = [
            login(),
            Request::command(Command::User(Argument::new("a").unwrap())).unwrap(),
            Request::command(Command::Pass(Password::new("a").unwrap())).unwrap(),
            Request::retrieve(path("f"), 0),
            Request::store(path("f"), 0),
            Request::list(None),
            Request::remove(path("f")),
            Request::hash(path("f")),
        ];
        for request in requests {
            assert_eq!(rig.client.start(request).map_err(|rejected| rejected.why), Err(Misuse::NotSecure));
        }
        assert!(!rig.all(World::Works).iter().any(|did| matches!(did, Did::Said(_))));
    };
    // A greeting of 230, a refused AUTH, a refused handshake: none of them opens a way.
    let mut rig = Rig::new(requiring(Security::Required));
    rig.hears("230 you are in already");
    refused(&mut rig);
    let mut rig = Rig::greeted(requiring(Security::Required));
    refused(&mut rig);
    rig.client.start(Request::secure()).unwrap();
    assert!(done(&rig.converse(&[("AUTH TLS", "502 no")])).is_err());
    refused(&mut rig);
    rig.client.start(Request::features()).unwrap();
    rig.converse(&[("FEAT", "211 none")]);
    let mut rig = Rig::greeted(requiring(Security::Required));
    rig.client.start(Request::secure()).unwrap();
    rig.all(World::Works);
    rig.client.received(b"234 go on\r\n");
    let did = rig.all(World::Refuses);
    assert_eq!(done(&did), &Err("no secure connection: the certificate is not trusted".into()));
    assert_eq!(did.last(), Some(&Did::Leaves));
    assert_eq!(rig.client.start(login()).map_err(|rejected| rejected.why), Err(Misuse::Ended));
}

#[test]
fn a_transfer_needs_prot_p_where_tls_is_required() {
    let mut rig = Rig::greeted(requiring(Security::Required));
    rig.client.start(Request::secure()).unwrap();
    let did = rig.converse(&[("AUTH TLS", "234 go on"), ("PBSZ 0", "200 ok"), ("PROT P", "534 no")]);
    assert!(done(&did).is_err());
    let mut rig = rig.log_in();
    assert_eq!(
        rig.client.start(Request::retrieve(path("f"), 0)).map_err(|rejected| rejected.why),
        Err(Misuse::NotSecure)
    );
}

#[test]
fn implicit_tls_begins_before_the_greeting() {
    let mut rig = Rig::new(requiring(Security::Implicit));
    assert_eq!(rig.poll(World::Works), Ok(Did::StartsTls));
    assert!(done(&rig.hears("220 ready")).is_ok());
    rig.client.start(Request::secure()).unwrap();
    let did = rig.converse(&[("PBSZ 0", "200 ok"), ("PROT P", "200 ok")]);
    assert!(done(&did).is_ok(), "no AUTH where TLS is on: {did:?}");
    let mut rig = Rig::new(requiring(Security::Implicit));
    rig.client.received(b"220 ready\r\n");
    assert_eq!(rig.poll(World::Works), Err(Violation::PlaintextBeforeTls));
}

#[test]
fn s18_data_is_secured_after_the_150_and_before_a_byte() {
    let mut rig = Rig::secured(requiring(Security::Required));
    rig.retrieve();
    rig.converse(&[("TYPE I", "200 ok"), ("EPSV", "229 (|||5|)")]);
    let did = rig.hears("150 ok");
    assert_eq!(did[..3], [Did::Heard(150), Did::Secures(Resume::Wanted), Did::Streams(Direction::Receive, 0)]);
    assert!(done(&rig.hears("226 ok")).is_ok());
}

#[test]
fn a_session_of_its_own_is_refused_where_resumption_is_required() {
    let mut config = requiring(Security::Required);
    config.data_session = Resume::Required;
    let mut rig = Rig::secured(config);
    rig.retrieve();
    rig.converse(&[("TYPE I", "200 ok"), ("EPSV", "229 (|||5|)")]);
    rig.client.received(b"150 ok\r\n");
    let did = rig.all(World::Refuses);
    assert!(did.contains(&Did::Secures(Resume::Required)) && did.contains(&Did::Closes), "{did:?}");
    assert!(!did.iter().any(|did| matches!(did, Did::Streams(..))), "{did:?}");
    assert!(done(&rig.hears("426 broken")).is_err());
}

#[test]
fn a_handshake_without_end_is_given_up() {
    let mut rig = Rig::greeted(requiring(Security::Required));
    rig.client.start(Request::secure()).unwrap();
    rig.all(World::Works);
    rig.client.received(b"234 go on\r\n");
    assert_eq!(rig.all(World::Busy).last(), Some(&Did::StartsTls));
    rig.now += Duration::from_secs(30);
    assert_eq!(done(&rig.all(World::Busy)), &Err("no secure connection: the TLS handshake took too long".into()));
}

#[test]
fn s21_ccc_is_said_only_knowingly_and_ends_tls() {
    assert!(Request::command(Command::Ccc).is_err());
    let mut rig = Rig::secured(by(&[Route::Epsv]));
    rig.client.start(Request::clear_command_channel(PlaintextAccepted::knowingly())).unwrap();
    let did = rig.converse(&[("CCC", "200 ok")]);
    assert!(did.contains(&Did::StopsTls) && done(&did).is_ok(), "{did:?}");
    let mut rig = Rig::secured(by(&[Route::Epsv]));
    rig.client.start(Request::clear_command_channel(PlaintextAccepted::knowingly())).unwrap();
    let did = rig.converse(&[("CCC", "533 no")]);
    assert!(!did.contains(&Did::StopsTls), "{did:?}");
}

#[test]
fn rein_ends_tls_and_the_login() {
    let mut rig = Rig::secured(requiring(Security::Required));
    rig.client.start(Request::reinitialise()).unwrap();
    let did = rig.converse(&[("REIN", "220 anew")]);
    assert!(did.contains(&Did::StopsTls) && done(&did).is_ok(), "{did:?}");
    assert_eq!(rig.client.start(login()).map_err(|rejected| rejected.why), Err(Misuse::NotSecure));
}
