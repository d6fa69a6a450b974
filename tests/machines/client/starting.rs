//! When a request can be started, and what becomes of one that can't.

use ftp_proto::client::{Config, Misuse, Rejected, Request, Security};
use ftp_proto::{Argument, Password};
use ftp_proto_rigs::client::{Did, Rig, World, done, login};

#[test]
fn a_client_is_busy_until_the_end_was_shown() {
    let mut rig = Rig::new(Config::default());
    assert!(rig.client.is_busy(), "the greeting");
    rig.hears("220 ready");
    assert!(!rig.client.is_busy());
    rig.client.start(Request::noop()).unwrap();
    assert!(rig.client.is_busy(), "before anything was polled");
    rig.all(World::Works);
    rig.client.received(b"200 ok\r\n");
    assert_eq!(rig.poll(World::Works), Ok(Did::Heard(200)));
    assert!(rig.client.is_busy(), "its end wasn't shown");
    assert!(matches!(rig.poll(World::Works), Ok(Did::Done(_))));
    assert!(!rig.client.is_busy());
    rig.client.quit();
    rig.all(World::Works);
    assert!(rig.client.is_busy(), "QUIT");
    rig.hears("221 bye");
    assert!(!rig.client.is_busy(), "it has left");
    let mut rig = Rig::logged_in(Config::default());
    rig.client.start(Request::noop()).unwrap();
    rig.client.received(b"");
    assert!(rig.poll(World::Works).is_ok() && rig.poll(World::Works).is_err());
    assert!(!rig.client.is_busy(), "a violation ends what ran");
}

#[test]
fn a_rejected_request_comes_back_and_can_be_started_later() {
    let mut rig = Rig::new(Config::default());
    let Rejected { request, why } = rig.client.start(login()).unwrap_err();
    assert_eq!(why, Misuse::Busy);
    let mut rig = rig.greet();
    rig.client.start(request).unwrap();
    assert!(done(&rig.converse(&[("USER anna", "331 pass"), ("PASS secret", "230 in")])).is_ok());

    let mut config = Config::default();
    config.security = Security::Required;
    let mut rig = Rig::greeted(config);
    let rejected = rig.client.start(login()).unwrap_err();
    assert_eq!(rejected.why, Misuse::NotSecure);
    rig.secure();
    rig.client.start(rejected.request).unwrap();
    assert!(done(&rig.converse(&[("USER anna", "331 pass"), ("PASS secret", "230 in")])).is_ok());
}

#[test]
fn a_rejection_is_an_error_that_says_why_and_shows_no_secret() {
    let mut rig = Rig::new(Config::default());
    let secret = || Password::new("hunter2").unwrap();
    let request = Request::login(Argument::new("a").unwrap(), secret(), Some(secret()));
    let rejected: Box<dyn std::error::Error + Send + Sync> = rig.client.start(request).unwrap_err().into();
    assert_eq!(rejected.to_string(), "another request is running");
    assert!(!format!("{rejected:?}").contains("hunter2"), "{rejected:?}");
}
