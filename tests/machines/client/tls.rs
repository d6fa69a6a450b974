//! TLS in the client's machine: when it begins, what it forbids, and that nothing slips in before it.

use std::time::Duration;

use ftp_proto::client::{Config, Misuse, PlaintextAccepted, Request, Security, Violation};
use ftp_proto::{Argument, Command, Direction, Password, Resume, Route};
use ftp_proto_rigs::client::{Did, Script, World, by, done, path};

fn requiring(security: Security) -> Config {
    let mut config = by(&[Route::Epsv]);
    config.security = security;
    config
}

fn login() -> Request {
    Request::login(Argument::new("a").unwrap(), Password::new("b").unwrap(), None)
}

/// A session after the greeting, AUTH TLS, PBSZ, PROT and the login.
fn secured() -> Script {
    secured_by(requiring(Security::Required))
}

fn secured_by(config: Config) -> Script {
    let mut script = Script::new(config);
    script.says("220 ready");
    script.client.start(Request::secure()).unwrap();
    let did = script.converse(&[("AUTH TLS", "234 go on"), ("PBSZ 0", "200 ok"), ("PROT P", "200 ok")]);
    assert!(done(&did).is_ok());
    script.client.start(login()).unwrap();
    script.converse(&[("USER a", "331 pass"), ("PASS b", "230 in")]);
    script
}

#[test]
fn tls_begins_between_234_and_pbsz() {
    let mut script = Script::new(requiring(Security::Required));
    script.says("220 ready");
    script.client.start(Request::secure()).unwrap();
    assert_eq!(script.all(World::Works)[0], Did::Wrote("AUTH TLS".into()));
    assert_eq!(script.says("234 go on")[..3], [Did::Heard(234), Did::StartsTls, Did::Wrote("PBSZ 0".into())]);
}

#[test]
fn s09_plaintext_before_the_handshake_is_never_taken_for_the_servers_word() {
    for slipped_in in ["234 go on\r\n230 in\r\n", "234 go on\r\n2", "234 go on\r\n\r\n"] {
        let mut script = Script::new(requiring(Security::Required));
        script.says("220 ready");
        script.client.start(Request::secure()).unwrap();
        script.all(World::Works);
        script.client.received(slipped_in.as_bytes());
        assert_eq!(script.poll(World::Works), Ok(Did::Heard(234)));
        assert_eq!(script.poll(World::Works), Err(Violation::PlaintextBeforeTls), "{slipped_in:?}");
    }
    let mut script = Script::new(requiring(Security::Required));
    script.says("220 ready");
    script.client.start(Request::secure()).unwrap();
    script.all(World::Works);
    script.client.received(b"234 go on\r\n");
    script.all(World::Busy);
    script.client.received(b"230 in\r\n");
    assert_eq!(script.poll(World::Works), Err(Violation::PlaintextBeforeTls), "while the handshake runs");
}

#[test]
fn s10_where_tls_is_required_nothing_else_goes_out_without_it() {
    let refused = |script: &mut Script| {
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
            assert_eq!(script.client.start(request), Err(Misuse::NotSecure));
        }
        assert!(!script.all(World::Works).iter().any(|did| matches!(did, Did::Wrote(_))));
    };
    // A greeting of 230, a refused AUTH, a refused handshake: none of them opens a way.
    let mut script = Script::new(requiring(Security::Required));
    script.says("230 you are in already");
    refused(&mut script);
    let mut script = Script::new(requiring(Security::Required));
    script.says("220 ready");
    refused(&mut script);
    script.client.start(Request::secure()).unwrap();
    assert!(done(&script.converse(&[("AUTH TLS", "502 no")])).is_err());
    refused(&mut script);
    script.client.start(Request::features()).unwrap();
    script.converse(&[("FEAT", "211 none")]);
    let mut script = Script::new(requiring(Security::Required));
    script.says("220 ready");
    script.client.start(Request::secure()).unwrap();
    script.all(World::Works);
    script.client.received(b"234 go on\r\n");
    let did = script.all(World::Refuses);
    assert_eq!(done(&did), &Err("no secure connection: the certificate is not trusted".into()));
    assert_eq!(did.last(), Some(&Did::Closes));
    assert_eq!(script.client.start(login()), Err(Misuse::Ended));
}

#[test]
fn a_transfer_needs_prot_p_where_tls_is_required() {
    let mut script = Script::new(requiring(Security::Required));
    script.says("220 ready");
    script.client.start(Request::secure()).unwrap();
    let did = script.converse(&[("AUTH TLS", "234 go on"), ("PBSZ 0", "200 ok"), ("PROT P", "534 no")]);
    assert!(done(&did).is_err());
    script.client.start(login()).unwrap();
    script.converse(&[("USER a", "331 pass"), ("PASS b", "230 in")]);
    assert_eq!(script.client.start(Request::retrieve(path("f"), 0)), Err(Misuse::NotSecure));
}

#[test]
fn implicit_tls_begins_before_the_greeting() {
    let mut script = Script::new(requiring(Security::Implicit));
    assert_eq!(script.poll(World::Works), Ok(Did::StartsTls));
    assert!(done(&script.says("220 ready")).is_ok());
    script.client.start(Request::secure()).unwrap();
    let did = script.converse(&[("PBSZ 0", "200 ok"), ("PROT P", "200 ok")]);
    assert!(done(&did).is_ok(), "no AUTH where TLS is on: {did:?}");
    let mut script = Script::new(requiring(Security::Implicit));
    script.client.received(b"220 ready\r\n");
    assert_eq!(script.poll(World::Works), Err(Violation::PlaintextBeforeTls));
}

#[test]
fn s18_data_is_secured_after_the_150_and_before_a_byte() {
    let mut script = secured();
    script.retrieve();
    script.converse(&[("TYPE I", "200 ok"), ("EPSV", "229 (|||5|)")]);
    let did = script.says("150 ok");
    assert_eq!(did[..3], [Did::Heard(150), Did::Secures, Did::Streams(Direction::Receive, 0)]);
    assert!(done(&script.says("226 ok")).is_ok());
}

#[test]
fn a_session_of_its_own_is_refused_where_resumption_is_required() {
    let mut config = requiring(Security::Required);
    config.data_session = Resume::Required;
    let mut script = secured_by(config);
    script.retrieve();
    script.converse(&[("TYPE I", "200 ok"), ("EPSV", "229 (|||5|)")]);
    script.client.received(b"150 ok\r\n");
    let did = script.all(World::Refuses);
    assert!(did.contains(&Did::Secures) && did.contains(&Did::Discards), "{did:?}");
    assert!(!did.iter().any(|did| matches!(did, Did::Streams(..))), "{did:?}");
    assert!(done(&script.says("426 broken")).is_err());
}

#[test]
fn a_handshake_without_end_is_given_up() {
    let mut script = Script::new(requiring(Security::Required));
    script.says("220 ready");
    script.client.start(Request::secure()).unwrap();
    script.all(World::Works);
    script.client.received(b"234 go on\r\n");
    assert_eq!(script.all(World::Busy).last(), Some(&Did::StartsTls));
    script.now += Duration::from_secs(30);
    assert_eq!(done(&script.all(World::Busy)), &Err("no secure connection: the TLS handshake took too long".into()));
}

#[test]
fn s21_ccc_is_said_only_knowingly_and_ends_tls() {
    assert!(Request::command(Command::Ccc).is_err());
    let mut script = secured_by(by(&[Route::Epsv]));
    script.client.start(Request::clear_command_channel(PlaintextAccepted::knowingly())).unwrap();
    let did = script.converse(&[("CCC", "200 ok")]);
    assert!(did.contains(&Did::StopsTls) && done(&did).is_ok(), "{did:?}");
    let mut script = secured_by(by(&[Route::Epsv]));
    script.client.start(Request::clear_command_channel(PlaintextAccepted::knowingly())).unwrap();
    let did = script.converse(&[("CCC", "533 no")]);
    assert!(!did.contains(&Did::StopsTls), "{did:?}");
}

#[test]
fn rein_ends_tls_and_the_login() {
    let mut script = secured();
    script.client.start(Request::reinitialise()).unwrap();
    let did = script.converse(&[("REIN", "220 anew")]);
    assert!(did.contains(&Did::StopsTls) && done(&did).is_ok(), "{did:?}");
    assert_eq!(script.client.start(login()), Err(Misuse::NotSecure));
}
