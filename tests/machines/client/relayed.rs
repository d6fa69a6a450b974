//! What another session asks for, as a request: what proxies and scripts say.

use ftp_proto::client::{Action, Config, Misuse, Request, Value};
use ftp_proto::{Command, Route, Type};
use ftp_proto_rigs::client::{Did, Rig, World, by, done};

fn relayed(line: &'static str) -> Result<Request, String> {
    Request::relayed(Command::parse(line.as_bytes()).unwrap()).map_err(|command| command.to_string())
}

#[test]
fn quit_is_a_request_with_a_done() {
    for request in [Request::quit(), relayed("QUIT").unwrap()] {
        let mut rig = Rig::logged_in(Config::default());
        rig.client.start(request).unwrap();
        let now = rig.now();
        let Ok(Action::Write(write)) = rig.client.poll(now) else { panic!() };
        assert!(write.is_last());
        assert_eq!(write.bytes(), b"QUIT\r\n");
        write.wrote_all();
        let did = rig.hears("221-Bye,\r\n221 bye.");
        assert_eq!(did, [Did::Heard(221), Did::Done(Ok(Value::Nothing)), Did::Leaves]);
        assert_eq!(rig.client.start(Request::noop()).unwrap_err().why, Misuse::Ended);
    }
}

#[test]
fn a_quit_that_is_refused_leaves_the_session_to_go_on() {
    let mut rig = Rig::logged_in(Config::default());
    rig.client.start(Request::quit()).unwrap();
    rig.all(World::Works);
    assert!(done(&rig.hears("500 What?")).is_err());
    rig.client.start(Request::noop()).unwrap();
    assert_eq!(done(&rig.converse(&[("NOOP", "200 ok")])), &Ok(Value::Nothing));
}

#[test]
fn what_moves_data_is_moved_as_the_other_session_says() {
    let mut rig = Rig::logged_in(by(&[Route::Epsv]));
    let request = relayed("RETR f").unwrap().representation(Type::Ascii(None)).offset(5);
    rig.client.start(request).unwrap();
    let did = rig.converse(&[("EPSV", "229 (|||5|)"), ("REST 5", "350 ok"), ("RETR f", "150 ok\r\n226 ok")]);
    assert_eq!(done(&did), &Ok(Value::Transferred(10)));
    let mut rig = Rig::logged_in(by(&[Route::Epsv]));
    rig.client.start(relayed("APPE f").unwrap().representation(Type::Image).offset(3)).unwrap();
    let dialogue =
        [("TYPE I", "200 ok"), ("EPSV", "229 (|||5|)"), ("REST 3", "350 ok"), ("APPE f", "150 ok\r\n226 ok")];
    assert!(done(&rig.converse(&dialogue)).is_ok());
}

#[test]
fn an_offset_is_for_files_alone() {
    for line in ["LIST", "STOU", "PWD", "QUIT"] {
        let mut rig = Rig::logged_in(by(&[Route::Epsv]));
        let rejected = rig.client.start(relayed(line).unwrap().offset(5)).unwrap_err();
        assert_eq!(rejected.why, Misuse::Unfitting, "{line}");
    }
    let mut rig = Rig::logged_in(by(&[Route::Epsv]));
    rig.client.start(relayed("LIST").unwrap().offset(0)).unwrap();
    let mut rig = Rig::logged_in(by(&[Route::Epsv]));
    let rejected = rig.client.start(relayed("RETR f").unwrap().offset(5).range(0..=1)).unwrap_err();
    assert_eq!(rejected.why, Misuse::Contradictory);
}

#[test]
fn what_the_session_has_to_know_of_goes_by_its_own_request() {
    // TYPE I comes before SIZE, and TLS ends with REIN.
    let mut rig = Rig::logged_in(Config::default());
    rig.client.start(relayed("SIZE f").unwrap()).unwrap();
    assert_eq!(done(&rig.converse(&[("TYPE I", "200 ok"), ("SIZE f", "213 7")])), &Ok(Value::Size(7)));
    for line in ["REIN", "SITE CHMOD 600 f", "XYZZY", "PWD", "FEAT", "USER anna", "REST 5", "TYPE A"] {
        assert!(relayed(line).is_ok(), "{line}");
    }
    for line in ["PASV", "EPSV", "PORT 192,0,2,1,19,137", "ABOR", "AUTH TLS", "CCC", "EPRT |1|192.0.2.1|5001|"] {
        assert_eq!(relayed(line).unwrap_err(), line);
    }
}
