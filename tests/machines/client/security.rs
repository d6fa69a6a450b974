//! The attacks on clients that `testdata/security.tsv` lists, each a test with its number. Where an attack has a
//! test in another file, that one bears the number: S09, S10, S18 and S21 are with the rest of TLS.

use std::sync::Arc;

use ftp_proto::client::{Action, Client, Config, Request, Value, Violation};
use ftp_proto::session::LoginState;
use ftp_proto::{
    Argument, Command, Endpoints, Instant, PassiveHost, Password, Path, ReplyError, Resume, Route, Site, Text,
    TextError, Verdict,
};
use ftp_proto_rigs::client::{Did, Rig, World, by, connects, done};
use ftp_proto_rigs::{addr, path};

fn login(user: &str) -> Request {
    Request::login(Argument::new(user).unwrap(), Password::new("b").unwrap(), None)
}

#[test]
fn s02_a_227_makes_nobody_dial_a_stranger() {
    for stranger in ["127,0,0,1", "10,0,0,1", "169,254,169,254", "203,0,113,9", "0,0,0,0", "224,0,0,1", "198,51,100,8"]
    {
        let mut rig = Rig::logged_in(by(&[Route::Pasv]));
        rig.retrieve();
        let did = rig.converse(&[("TYPE I", "200 ok"), ("PASV", &format!("227 ok ({stranger},19,136)"))]);
        assert_eq!(connects(&did), [addr("198.51.100.7:5000")], "{stranger}");
        let mut rig = Rig::logged_in(by(&[Route::Epsv]));
        rig.retrieve();
        let host = stranger.replace(',', ".");
        let did = rig.converse(&[("TYPE I", "200 ok"), ("EPSV", &format!("229 ok (|1|{host}|5000|)"))]);
        assert_eq!(connects(&did), [addr("198.51.100.7:5000")], "{stranger}");
        // What the policy for clusters takes is never what lies inside.
        let mut config = by(&[Route::Pasv]);
        config.passive_host = PassiveHost::AdvertisedIfPlausible;
        let mut rig = Rig::logged_in(config);
        rig.retrieve();
        let did = rig.converse(&[("TYPE I", "200 ok"), ("PASV", &format!("227 ok ({stranger},19,136)"))]);
        let outside = matches!(stranger, "203,0,113,9" | "198,51,100,8");
        assert_eq!(connects(&did) == [addr("198.51.100.7:5000")], !outside, "{stranger}");
    }
}

#[test]
fn s03_no_refusal_makes_the_client_tell_an_address_of_its_own() {
    for refusal in ["500 no", "502 no", "425 no", "522 use (1,2)", "550 no", "421 no"] {
        let mut rig = Rig::logged_in(Config::default());
        rig.retrieve();
        let mut did = rig.converse(&[("TYPE I", "200 ok"), ("EPSV", refusal)]);
        if did.contains(&Did::Said("PASV".into())) {
            did.extend(rig.hears(refusal));
        }
        assert!(done(&did).is_err(), "{refusal}: {did:?}");
        let active = |did: &Did| {
            matches!(did, Did::Listens | Did::Accepts(_))
                || matches!(did, Did::Said(line) if line.starts_with("PORT") || line.starts_with("EPRT"))
        };
        assert!(!did.iter().any(active), "{refusal}: {did:?}");
    }
}

#[test]
fn s04_a_stolen_data_port_gets_no_byte_where_the_tls_session_has_to_be_resumed() {
    let mut config = by(&[Route::Epsv]);
    config.data_session = Resume::Required;
    let mut rig = Rig::secured(config);
    rig.client.start(Request::store(path("secret"), 0)).unwrap();
    rig.converse(&[("TYPE I", "200 ok"), ("EPSV", "229 (|||5|)")]);
    rig.client.received(b"150 ok\r\n");
    let did = rig.all(World::Refuses);
    assert!(did.contains(&Did::Secures(Resume::Required)) && did.contains(&Did::Closes), "{did:?}");
    let after = rig.hears("226 done");
    assert!(!did.iter().chain(&after).any(|did| matches!(did, Did::Streams(..))), "{did:?} {after:?}");
    assert!(done(&after).is_err(), "{after:?}");
}

#[test]
fn s05_only_the_server_may_connect_to_our_listener() {
    let mut rig = Rig::logged_in(by(&[Route::Eprt]));
    rig.retrieve();
    rig.converse(&[("TYPE I", "200 ok")]);
    rig.client.received(b"200 ok\r\n");
    rig.all(World::Busy);
    let now = rig.now();
    for stranger in ["203.0.113.66:20", "198.51.100.8:20", "[2001:db8::1]:20", "127.0.0.1:20"] {
        let Ok(Action::Accept(accept)) = rig.client.poll(now) else { panic!() };
        assert_eq!(accept.accepted(addr(stranger)), Verdict::Refuse, "{stranger}");
    }
    // Listening goes on, and no byte moves before the server comes.
    rig.client.received(b"150 ok\r\n");
    assert_eq!(rig.all(World::Busy), [Did::Heard(150), Did::Accepts(None)]);
    let Ok(Action::Accept(accept)) = rig.client.poll(now) else { panic!() };
    assert_eq!(accept.accepted(addr("[::ffff:198.51.100.7]:20")), Verdict::Take);
    assert!(matches!(rig.poll(World::Busy), Ok(Did::Streams(..))));
}

#[test]
fn s06_no_argument_can_end_its_line() {
    for bytes in ["a\r\nDELE b", "a\nDELE b", "a\rb", "a\0b", "\n", "\r\n"] {
        let at = bytes.find(['\r', '\n', '\0']).unwrap();
        let illegal = |error| matches!(error, TextError::Illegal { at: place, .. } if place == at);
        assert!(Path::new(bytes).is_err_and(illegal), "{bytes:?}");
        assert!(Argument::new(bytes).is_err_and(illegal), "{bytes:?}");
        assert!(Password::new(bytes).is_err_and(illegal), "{bytes:?}");
        assert!(Text::new(bytes).is_err_and(illegal), "{bytes:?}");
        assert!(Site::new(bytes).is_err_and(illegal), "{bytes:?}");
        assert!(Command::parse(format!("RETR {bytes}").as_bytes()).is_err(), "{bytes:?}");
        assert!(Command::parse(format!("XYZZY {bytes}").as_bytes()).is_err(), "{bytes:?}");
    }
}

#[test]
fn s12_an_endless_reply_ends_the_session_and_not_the_memory() {
    for piece in ["230-and another line\r\n".repeat(40), "x".repeat(800), "\r\n".repeat(400)] {
        let mut rig = Rig::logged_in(Config::default());
        rig.client.start(Request::noop()).unwrap();
        rig.all(World::Works);
        rig.client.received(b"200-");
        let mut received = 0;
        let violation = loop {
            rig.client.received(piece.as_bytes());
            received += piece.len();
            match rig.poll(World::Works) {
                Ok(did) => assert!(matches!(did, Did::Waits(_)), "{did:?}"),
                Err(violation) => break violation,
            }
        };
        let limit = Config::default().limits.reply;
        assert_eq!(violation, Violation::Reply(ReplyError::TooLong { limit }));
        assert!(received <= limit + piece.len(), "{received} bytes were taken");
        rig.client.received(b"\r\n200 ok\r\n");
        assert_eq!(rig.poll(World::Works), Err(violation));
    }
}

#[test]
fn s15_a_directory_is_read_from_anything_or_refused() {
    for (reply, directory) in [
        ("257 \"/a\"", Some("/a")),
        ("257 \"/a\"\"b\" is here", Some("/a\"b")),
        ("257 \"Only one", None),
        ("257 \"", None),
        ("257 \"\"", None),
        ("257", None),
        ("257 \"/a\u{1b}[31m\"", None),
        ("257 \"/a\0b\"", None),
        ("257 \"/a\tb\"", None),
    ] {
        let mut rig = Rig::logged_in(Config::default());
        rig.client.start(Request::print_directory()).unwrap();
        let did = rig.converse(&[("PWD", reply)]);
        match directory {
            Some(path) => assert_eq!(done(&did), &Ok(Value::Directory(path.into())), "{reply:?}"),
            None => assert!(done(&did).as_ref().unwrap_err().contains("can't be read"), "{reply:?}: {did:?}"),
        }
        rig.client.start(Request::noop()).unwrap();
        assert!(done(&rig.converse(&[("NOOP", "200 ok")])).is_ok(), "the session goes on");
    }
}

#[test]
fn s16_a_pattern_is_a_name_that_nobody_here_expands() {
    let pattern = "{a,b}*/../*/../*[!x]?~";
    let mut rig = Rig::logged_in(Config::default());
    rig.client.start(Request::remove(path(pattern))).unwrap();
    assert_eq!(rig.writes(), format!("DELE {pattern}\r\n").into_bytes());
    assert_eq!(rig.hears("250 ok").iter().filter(|did| matches!(did, Did::Said(_))).count(), 0);
}

#[test]
fn s17_a_session_belongs_to_one_login() {
    // Nothing but the policy is shared.
    let config = Arc::new(Config::default());
    let ends = Endpoints::new(addr("192.0.2.1:40000"), addr("198.51.100.7:21"));
    let mut one = Rig { client: Client::new(config.clone(), ends, Instant::default()), ..Rig::new(Config::default()) };
    let other = Client::new(config, ends, Instant::default());
    one = one.greet().log_in();
    assert_eq!((one.client.session().login(), other.session().login()), (LoginState::Complete, LoginState::Nobody));
    // Another name on the same connection is said whole, and if it is refused, that is told.
    one.client.start(login("b")).unwrap();
    assert!(done(&one.converse(&[("USER b", "331 pass"), ("PASS b", "230 in")])).is_ok());
    one.client.start(login("c")).unwrap();
    assert!(done(&one.converse(&[("USER c", "530 no")])).is_err());
}

#[test]
fn s22_a_reply_too_many_shifts_nothing() {
    let mut rig = Rig::logged_in(Config::default());
    // At once behind the one that was due.
    rig.client.start(Request::noop()).unwrap();
    rig.all(World::Works);
    let did = rig.receives(b"200 ok\r\n200 again\r\n250 and again\r\n");
    assert_eq!(did[..2], [Did::Heard(200), Did::Done(Ok(Value::Nothing))], "{did:?}");
    assert_eq!(did[2..4], [Did::Unsolicited(200), Did::Unsolicited(250)], "{did:?}");
    // Once another command is out, what makes no sense for it.
    rig.client.start(Request::print_directory()).unwrap();
    rig.all(World::Works);
    let did = rig.receives(b"230 in\r\n257 \"/mine\"\r\n");
    assert_eq!(did[0], Did::Unsolicited(230));
    assert_eq!(done(&did), &Ok(Value::Directory(b"/mine".to_vec())));
}

#[test]
fn s23_a_name_that_looks_like_a_code_ends_no_reply() {
    let mut rig = Rig::logged_in(Config::default());
    rig.client.start(Request::status(Some(path("d")))).unwrap();
    rig.all(World::Works);
    assert!(
        matches!(rig.receives(b"213-d:\r\n226 files of mine.txt\r\n550 no.txt\r\n")[..], [Did::Waits(_)]),
        "within a reply"
    );
    let did = rig.receives(b"331 x\r\n213-x\r\n213 end\r\n");
    assert_eq!(did[..2], [Did::Heard(213), Did::Done(Ok(Value::Nothing))]);
    assert!(matches!(did[2..], [Did::Waits(None)]), "{did:?}");
}

#[test]
fn s24_a_nul_cuts_nothing_short() {
    // In a reply it is text; what is read from it is refused, not cut.
    let mut rig = Rig::logged_in(Config::default());
    rig.client.start(Request::size(path("f"))).unwrap();
    rig.converse(&[("TYPE I", "200 o\0k")]);
    assert!(done(&rig.hears("213 12\x0034")).is_err());
    rig.client.start(Request::print_directory()).unwrap();
    assert!(done(&rig.converse(&[("PWD", "257 \"/a\0b\"")])).is_err());
    // In what we say there is none.
    assert!(Path::new("a\0b").is_err());
}

#[test]
fn s25_telnet_is_dropped_and_never_answered() {
    let mut rig = Rig::new(Config::default());
    let did =
        rig.receives(b"\xff\xfb\x01\xff\xfd\x18220\xff\xf1 rea\xff\xffdy\xff\xfa\x18\x01\xff\xf0\r\n\xff\xfd\x06");
    assert_eq!(did, [Did::Heard(220), Did::Done(Ok(Value::Nothing)), Did::Waits(None)], "nothing is written");
    let mut rig = rig.log_in();
    // A name of any bytes goes out as it is.
    rig.client.start(Request::remove(Path::new(b"\xffa\xff\xff").unwrap())).unwrap();
    assert_eq!(rig.writes(), b"DELE \xffa\xff\xff\r\n");
}

#[test]
fn s27_port_names_our_own_address_and_no_text_can_hold_another() {
    for (route, local, line) in [
        (Route::Port, "192.0.2.1:40000", "PORT 192,0,2,1,19,137"),
        (Route::Eprt, "192.0.2.1:40000", "EPRT |1|192.0.2.1|5001|"),
    ] {
        let mut rig = Rig::between(by(&[route]), local, "198.51.100.7:21").greet().log_in();
        rig.retrieve();
        rig.converse(&[("TYPE I", "200 ok"), (line, "200 ok")]);
    }
    for smuggled in ["x\r\nPORT 10,0,0,1,0,22", "x\nEPRT |1|10.0.0.1|22|", "x\rPORT 10,0,0,1,0,22"] {
        assert!(Path::new(smuggled).is_err() && Argument::new(smuggled).is_err(), "{smuggled:?}");
    }
    // Nor does a command of the application's own set up a connection.
    let port = Command::parse(b"PORT 10,0,0,1,0,22").unwrap();
    assert!(Request::command(port).is_err());
}

#[test]
fn each_attack_on_clients_is_a_test_with_its_number() {
    let tests = [
        include_str!("security.rs"),
        include_str!("tls.rs"),
        include_str!("faults.rs"),
        include_str!("requests.rs"),
        include_str!("noise.rs"),
        include_str!("suspects.rs"),
        include_str!("../../../tools/tests/programs/mirror.rs"),
    ];
    let mut missing = Vec::new();
    for row in ftp_proto_rigs::table::rows(include_str!("../../../testdata/security.tsv"), 7) {
        let [id, side] = [row[0], row[3]];
        if !matches!(side, "client" | "both" | "network") {
            continue;
        }
        let name = format!("fn {}_", id.to_lowercase());
        let tested = tests.iter().any(|source| source.lines().any(|line| line.starts_with(&name)));
        if !tested {
            missing.push(id);
        }
    }
    assert!(missing.is_empty(), "attacks without a test: {missing:?}");
}
