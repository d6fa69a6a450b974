//! What a server supports and permits may change with the login.

use std::sync::Arc;
use std::time::Duration;

use ftp_proto::server::{Action, Answer, Config, Permissions, Question, Security, Support};
use ftp_proto::{Code, Mode, Reply, Verb};
use ftp_proto_rigs::server::{Did, Rig, World, codes, with};

fn config() -> Config {
    with(|config| {
        config.security = Security::Offered;
        config.support = Support::default().with_languages(["EN", "de"]).unwrap().with_modes(&[Mode::Deflate]);
        config.passive.ports = 50000..=50010;
    })
}

/// No uploads, other languages and ports, no active mode, less patience.
fn permissions() -> Arc<Permissions> {
    let mut permissions = Permissions::from(&Config::default());
    permissions.support = Support::default().without(&[Verb::Stor]).unwrap().with_languages(["fr", "de"]).unwrap();
    permissions.passive.ports = 60000..=60010;
    permissions.active.enabled = false;
    permissions.patience.accept = Duration::from_secs(5);
    Arc::new(permissions)
}

/// The open question of a login is answered with these permissions.
fn let_in(rig: &mut Rig) {
    let Action::Question(Question::Login(login)) = rig.server.poll(rig.now()) else { panic!() };
    login.accept_with(permissions());
    assert_eq!(rig.goes_on(), "230 Login successful.");
}

fn permitted() -> Rig {
    let mut rig = Rig::greeted(config());
    rig.hears("USER anna");
    rig.hears("LANG de");
    rig.server.received(b"PASS secret\r\n");
    let_in(&mut rig);
    rig
}

fn is_permitted(rig: &mut Rig, permitted: bool) {
    rig.port = if permitted { 60000 } else { 50000 };
    assert!(rig.says("EPSV").starts_with("229 "));
    assert_eq!(rig.says("STOR a").starts_with("502 "), permitted);
    assert_eq!(rig.says("PORT 192,0,2,1,19,137").starts_with("550 "), permitted);
    assert_eq!(rig.says("MODE Z").starts_with("504 "), permitted);
    rig.hears("MODE S");
    assert!(rig.says("FEAT").contains(if permitted { "LANG fr*;de" } else { "LANG EN*;de" }));
}

#[test]
fn they_hold_from_the_login_on() {
    let mut rig = permitted();
    is_permitted(&mut rig, true);
    // Another server's ports.
    rig.port = 50000;
    assert_eq!(rig.says("EPSV"), "425 Cannot open a passive connection.");
    rig.port = 60000;
    rig.hears("EPSV");
    rig.deserted = true;
    rig.hears("LIST");
    rig.now += Duration::from_secs(5);
    assert_eq!(codes(&rig.all(World::Works)), [425]);
}

#[test]
fn another_user_rein_and_auth_take_them_back() {
    let mut rig = permitted();
    rig.hears("LANG de");
    rig.hears("USER bob");
    rig.hears("PASS secret");
    is_permitted(&mut rig, false);
    let mut rig = permitted();
    rig.hears("REIN");
    is_permitted(&mut rig.log_in(), false);
    let mut rig = permitted();
    assert!(rig.hears("AUTH TLS").contains(&Did::StartsTls));
    is_permitted(&mut rig.log_in(), false);
    // A user who is refused changes nothing, and who is let in gets new ones.
    let mut rig = permitted();
    rig.server.received(b"USER bob\r\n");
    let Action::Question(question) = rig.server.poll(rig.now()) else { panic!() };
    question.relay(&Reply::from_static(Code::NOT_LOGGED_IN, "No."));
    assert_eq!(rig.goes_on(), "", "not at once");
    rig.now += Duration::from_secs(1);
    assert_eq!(rig.goes_on(), "530 No.");
    is_permitted(&mut rig, true);
    rig.server.received(b"USER bob\r\n");
    let_in(&mut rig);
    is_permitted(&mut rig, true);
}

#[test]
fn what_was_agreed_on_before_is_closed_and_what_was_chosen_reset() {
    let mut rig = Rig::logged_in(config());
    rig.hears("LANG de");
    rig.hears("MODE Z");
    rig.hears("EPSV");
    rig.server.received(b"USER bob\r\n");
    let Action::Question(Question::Login(login)) = rig.server.poll(rig.now()) else { panic!() };
    let words = Reply::from_static(Code::LOGGED_IN_BY_SECURITY_EXCHANGE, "By certificate.");
    login.answer_with(&Answer::new(Verb::User, words).unwrap(), permissions());
    let did = rig.all(World::Works);
    assert!(did.contains(&Did::Said("232 By certificate.".into())) && did.contains(&Did::Closes), "{did:?}");
    assert_eq!(rig.says("RETR a"), "425 Use PORT or PASV first.");
    assert!(rig.says("FEAT").contains("LANG fr*;de"));
    // The mode that was chosen is in force at both ends, and not permitted.
    rig.port = 60000;
    rig.hears("EPSV");
    assert_eq!(rig.says("RETR a"), "504 MODE or STRU not permitted.");
    rig.hears("MODE S");
    assert!(rig.says("RETR a").starts_with("150 "));
}

#[test]
fn a_question_for_more_grants_nothing() {
    let mut rig = Rig::greeted(config());
    rig.server.received(b"USER anna\r\n");
    let Action::Question(Question::Login(login)) = rig.server.poll(rig.now()) else { panic!() };
    let words = Reply::from_static(Code::NEED_PASSWORD, "And the word?");
    login.answer_with(&Answer::new(Verb::User, words).unwrap(), permissions());
    assert_eq!(rig.goes_on(), "331 And the word?");
    rig.answers(&[("PASS secret", "230 Login successful.")]);
    is_permitted(&mut rig, false);
}
