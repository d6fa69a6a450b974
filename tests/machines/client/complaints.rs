//! What people complain about in other clients, each as a test that it can't happen here.

use std::time::Duration;

use ftp_proto::client::{Action, Config, Misuse, Request, Value, Violation};
use ftp_proto::{Argument, Moved, Password, Route, StreamEnd, Verb};
use ftp_proto_rigs::client::{Did, Rig, World, by, done};
use ftp_proto_rigs::path;

/// The session is in step: the next command is answered by its own reply.
fn is_in_step(rig: &mut Rig) {
    rig.client.start(Request::print_directory()).unwrap();
    let did = rig.converse(&[("PWD", "257 \"/in step\"")]);
    assert_eq!(done(&did), &Ok(Value::Directory(b"/in step".to_vec())));
}

#[test]
fn a_bare_220_is_a_greeting() {
    let mut rig = Rig::new(Config::default());
    assert_eq!(rig.hears("220")[..2], [Did::Heard(220), Did::Done(Ok(Value::Nothing))]);
    // Byte by byte too, and not before its line has ended.
    let mut rig = Rig::new(Config::default());
    for byte in *b"220\r" {
        assert_eq!(rig.receives(&[byte]), [Did::Waits(Some(60))]);
    }
    assert_eq!(rig.receives(b"\n")[..2], [Did::Heard(220), Did::Done(Ok(Value::Nothing))]);
}

#[test]
fn a_211_on_one_line_is_a_whole_answer() {
    for line in ["211 no features", "211", "211 "] {
        let mut rig = Rig::logged_in(Config::default());
        rig.client.start(Request::features()).unwrap();
        let did = rig.converse(&[("FEAT", line)]);
        assert_eq!(done(&did), &Ok(Value::Nothing), "{line:?}");
        rig.client.start(Request::status(None)).unwrap();
        assert!(done(&rig.converse(&[("STAT", line)])).is_ok(), "{line:?}");
        is_in_step(&mut rig);
    }
}

#[test]
fn users_online_within_a_greeting_are_text() {
    let mut rig = Rig::new(Config::default());
    for line in ["220-welcome", "100 users online", "421 of them idle", "220-is a code too", "120", "  220 ", "221"] {
        assert_eq!(rig.hears(line), [Did::Waits(Some(60))], "{line}");
    }
    assert_eq!(rig.hears("220 ready")[..2], [Did::Heard(220), Did::Done(Ok(Value::Nothing))]);
    rig.client.start(Request::login(Argument::new("a").unwrap(), Password::new("b").unwrap(), None)).unwrap();
    assert!(done(&rig.converse(&[("USER a", "331 pass"), ("PASS b", "230 in")])).is_ok());
    is_in_step(&mut rig);
}

#[test]
fn a_120_asks_to_wait_for_the_220() {
    let mut rig = Rig::new(Config::default());
    rig.now += Duration::from_secs(59);
    assert_eq!(rig.hears("120 in a minute"), [Did::Heard(120), Did::Waits(Some(60))]);
    rig.now += Duration::from_secs(59);
    assert_eq!(rig.client.start(Request::noop()).map_err(|rejected| rejected.why), Err(Misuse::Busy));
    assert_eq!(rig.hears("220 now")[..2], [Did::Heard(220), Did::Done(Ok(Value::Nothing))]);
    rig.client.start(Request::login(Argument::new("a").unwrap(), Password::new("b").unwrap(), None)).unwrap();
    assert!(done(&rig.converse(&[("USER a", "331 pass"), ("PASS b", "230 in")])).is_ok());
}

#[test]
fn opts_answered_202_is_a_success() {
    for reply in ["202 UTF8 mode is always enabled.", "200 ok"] {
        let mut rig = Rig::logged_in(Config::default());
        rig.client.start(Request::utf8()).unwrap();
        assert!(done(&rig.converse(&[("OPTS UTF8 ON", reply)])).is_ok(), "{reply}");
        is_in_step(&mut rig);
    }
    let mut rig = Rig::logged_in(Config::default());
    rig.client.start(Request::utf8()).unwrap();
    assert!(done(&rig.converse(&[("OPTS UTF8 ON", "501 no")])).is_err());
    is_in_step(&mut rig);
}

#[test]
fn pass_answered_332_asks_for_the_account() {
    let login = |rig: &mut Rig, account: Option<Password<'_>>| {
        rig.hears("220 ready");
        rig.client.start(Request::login(Argument::new("a").unwrap(), Password::new("b").unwrap(), account)).unwrap();
        rig.converse(&[("USER a", "331 pass"), ("PASS b", "332 account")])
    };
    let mut rig = Rig::new(Config::default());
    let did = login(&mut rig, Some(Password::new("c").unwrap()));
    assert!(did.contains(&Did::Said("ACCT c".into())), "{did:?}");
    assert!(done(&rig.hears("230 in")).is_ok());
    is_in_step(&mut rig);
    // Without one, it is refused and not half a login: an account may be given later.
    let mut rig = Rig::new(Config::default());
    assert_eq!(done(&login(&mut rig, None)), &Err("the server refused: 332 account".into()));
    let login = Request::login(Argument::new("a").unwrap(), Password::new("b").unwrap(), None);
    rig.client.start(login).unwrap();
    assert!(done(&rig.converse(&[("USER a", "230 in")])).is_ok());
}

#[test]
fn a_227_in_latin_1_names_its_port() {
    let mut rig = Rig::logged_in(by(&[Route::Pasv]));
    rig.retrieve();
    rig.converse(&[("TYPE I", "200 ok")]);
    rig.client.received(b"227 Entr\xe9e en mode passif, num\xe9ro\xa0: (10,0,0,1,192,100)\r\n");
    let did = rig.all(World::Busy);
    assert_eq!(did.last(), Some(&Did::Connects(ftp_proto_rigs::addr("198.51.100.7:49252"))), "{did:?}");
}

#[test]
fn a_550_is_read_while_the_data_connection_is_awaited() {
    // Active mode: nobody will ever connect.
    for route in [Route::Port, Route::Eprt] {
        let mut rig = Rig::logged_in(by(&[route]));
        rig.retrieve();
        rig.converse(&[("TYPE I", "200 ok")]);
        rig.client.received(b"200 ok\r\n");
        assert_eq!(rig.all(World::Busy).last(), Some(&Did::Accepts(None)));
        let now = rig.now();
        let Ok(Action::Accept(accept)) = rig.client.poll(now) else { panic!() };
        assert!(accept.wants_input(), "the adapter may read the control connection");
        drop(accept);
        rig.client.received(b"550 no such file\r\n");
        let did = rig.all(World::Busy);
        assert_eq!(done(&did), &Err("the server refused: 550 no such file".into()), "{route:?}");
        assert!(did.contains(&Did::Closes), "{did:?}");
        is_in_step(&mut rig);
    }
    // Passive mode: the data connection stands, and what says 550 never sends a byte on it.
    let mut rig = Rig::logged_in(by(&[Route::Epsv]));
    rig.retrieve();
    rig.converse(&[("TYPE I", "200 ok"), ("EPSV", "229 (|||5|)")]);
    rig.client.received(b"550 no such file\r\n");
    let did = rig.all(World::Busy);
    assert_eq!(done(&did), &Err("the server refused: 550 no such file".into()));
    assert!(did.contains(&Did::Closes), "{did:?}");
    is_in_step(&mut rig);
}

#[test]
fn a_226_before_the_last_byte_does_not_end_the_transfer() {
    let mut rig = Rig::streaming(by(&[Route::Epsv]));
    rig.client.received(b"226 done\r\n");
    for total in 1..100 {
        let busy = rig.all(World::Busy);
        assert!(matches!(busy.last(), Some(Did::Streams(..))), "{busy:?}");
        assert!(!busy.iter().any(|did| matches!(did, Did::Done(_) | Did::Closes)), "{busy:?}");
        let now = rig.now();
        let Ok(Action::Stream(stream)) = rig.client.poll(now) else { panic!() };
        stream.moved(total);
    }
    let now = rig.now();
    let Ok(Action::Stream(stream)) = rig.client.poll(now) else { panic!() };
    stream.finished(StreamEnd::Clean, Moved::Bytes(100));
    assert_eq!(done(&rig.all(World::Works)), &Ok(Value::Transferred(100)));
    is_in_step(&mut rig);
    // If the bytes then end too early, the 226 doesn't hide it.
    let mut rig = Rig::streaming(by(&[Route::Epsv]));
    rig.client.received(b"226 done\r\n");
    rig.all(World::Busy);
    let now = rig.now();
    let Ok(Action::Stream(stream)) = rig.client.poll(now) else { panic!() };
    stream.finished(StreamEnd::Truncated, Moved::Bytes(7));
    assert!(done(&rig.all(World::Works)).as_ref().unwrap_err().contains("after 7 bytes"));
}

#[test]
fn a_late_reply_is_never_taken_for_the_next_commands() {
    // After the deadline there is no next command: the late reply would be its answer.
    let mut rig = Rig::logged_in(Config::default());
    rig.client.start(Request::size(path("f"))).unwrap();
    rig.converse(&[("TYPE I", "200 ok")]);
    rig.now += Duration::from_secs(60);
    assert_eq!(rig.poll(World::Works), Err(Violation::TimedOut { waiting: Some(Verb::Size) }));
    rig.client.received(b"213 5\r\n");
    assert_eq!(rig.client.start(Request::size(path("g"))).map_err(|rejected| rejected.why), Err(Misuse::Ended));
    assert_eq!(rig.poll(World::Works), Err(Violation::TimedOut { waiting: Some(Verb::Size) }));
    // A second answer to what was answered: before the next command it belongs to nobody; behind it, if it makes no sense.
    let mut rig = Rig::logged_in(Config::default());
    assert_eq!(rig.hears("230 in")[0], Did::Unsolicited(230));
    rig.client.start(Request::print_directory()).unwrap();
    rig.all(World::Works);
    for late in ["226 late", "227 (1,2,3,4,5,6)", "150 late", "331 late", "221 late"] {
        let did = rig.hears(late);
        assert!(matches!(did[0], Did::Unsolicited(_)), "{late}: {did:?}");
        assert!(!did.iter().any(|did| matches!(did, Did::Done(_))), "{late}: {did:?}");
    }
    assert_eq!(done(&rig.hears("257 \"/\"")), &Ok(Value::Directory(b"/".to_vec())));
}

#[test]
fn quit_does_not_wait_for_ever() {
    let quitting = |rig: &mut Rig| {
        rig.client.quit();
        assert_eq!(rig.all(World::Works), [Did::Said("QUIT".into()), Did::Waits(Some(5))]);
    };
    // Nothing comes; nothing but the end comes; a half answer comes; an answer comes.
    let mut rig = Rig::logged_in(Config::default());
    quitting(&mut rig);
    rig.now += Duration::from_secs(5);
    assert_eq!(rig.all(World::Works), [Did::Leaves]);
    let mut rig = Rig::logged_in(Config::default());
    quitting(&mut rig);
    assert_eq!(rig.receives(b""), [Did::Leaves]);
    let mut rig = Rig::logged_in(Config::default());
    quitting(&mut rig);
    for _ in 0..5 {
        rig.receives(b"221-and another line\r\n");
        rig.now += Duration::from_secs(1);
    }
    assert_eq!(rig.all(World::Works), [Did::Leaves]);
    let mut rig = Rig::logged_in(Config::default());
    quitting(&mut rig);
    assert_eq!(rig.hears("221 bye"), [Did::Heard(221), Did::Leaves]);
}
