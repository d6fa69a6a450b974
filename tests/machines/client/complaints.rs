//! What people complain about in other clients, each as a test that it can't happen here.

use std::time::Duration;

use ftp_proto::client::{Action, Config, Misuse, Request, Value, Violation};
use ftp_proto::{Argument, Direction, Password, Route, StreamEnd, Verb};
use ftp_proto_rigs::client::{Did, Script, World, by, done, path};

/// A download whose 150 has come, with its stream open.
fn streaming() -> Script {
    let mut script = Script::logged_in(by(&[Route::Epsv]));
    script.retrieve();
    script.converse(&[("TYPE I", "200 ok"), ("EPSV", "229 (|||5|)")]);
    script.client.received(b"150 ok\r\n");
    assert_eq!(script.all(World::Busy).last(), Some(&Did::Streams(Direction::Receive, 0)));
    script
}

/// The session is in step: the next command is answered by its own reply.
fn is_in_step(script: &mut Script) {
    script.client.start(Request::print_directory()).unwrap();
    let did = script.converse(&[("PWD", "257 \"/in step\"")]);
    assert_eq!(done(&did), &Ok(Value::Directory(b"/in step".to_vec())));
}

#[test]
fn a_bare_220_is_a_greeting() {
    let mut script = Script::new(Config::default());
    assert_eq!(script.says("220")[..2], [Did::Heard(220), Did::Done(Ok(Value::Nothing))]);
    // Byte by byte too, and not before its line has ended.
    let mut script = Script::new(Config::default());
    for byte in *b"220\r" {
        script.client.received(&[byte]);
        assert_eq!(script.all(World::Works), [Did::Waits(Some(60))]);
    }
    script.client.received(b"\n");
    assert_eq!(script.all(World::Works)[..2], [Did::Heard(220), Did::Done(Ok(Value::Nothing))]);
}

#[test]
fn a_211_on_one_line_is_a_whole_answer() {
    for line in ["211 no features", "211", "211 "] {
        let mut script = Script::logged_in(Config::default());
        script.client.start(Request::features()).unwrap();
        let did = script.converse(&[("FEAT", line)]);
        assert_eq!(done(&did), &Ok(Value::Nothing), "{line:?}");
        script.client.start(Request::status(None)).unwrap();
        assert!(done(&script.converse(&[("STAT", line)])).is_ok(), "{line:?}");
        is_in_step(&mut script);
    }
}

#[test]
fn users_online_within_a_greeting_are_text() {
    let mut script = Script::new(Config::default());
    for line in ["220-welcome", "100 users online", "421 of them idle", "220-is a code too", "120", "  220 ", "221"] {
        assert_eq!(script.says(line), [Did::Waits(Some(60))], "{line}");
    }
    assert_eq!(script.says("220 ready")[..2], [Did::Heard(220), Did::Done(Ok(Value::Nothing))]);
    script.client.start(Request::login(Argument::new("a").unwrap(), Password::new("b").unwrap(), None)).unwrap();
    assert!(done(&script.converse(&[("USER a", "331 pass"), ("PASS b", "230 in")])).is_ok());
    is_in_step(&mut script);
}

#[test]
fn a_120_asks_to_wait_for_the_220() {
    let mut script = Script::new(Config::default());
    script.now += Duration::from_secs(59);
    assert_eq!(script.says("120 in a minute"), [Did::Heard(120), Did::Waits(Some(60))]);
    script.now += Duration::from_secs(59);
    assert_eq!(script.client.start(Request::noop()), Err(Misuse::Busy));
    assert_eq!(script.says("220 now")[..2], [Did::Heard(220), Did::Done(Ok(Value::Nothing))]);
    script.client.start(Request::login(Argument::new("a").unwrap(), Password::new("b").unwrap(), None)).unwrap();
    assert!(done(&script.converse(&[("USER a", "331 pass"), ("PASS b", "230 in")])).is_ok());
}

#[test]
fn opts_answered_202_is_a_success() {
    for reply in ["202 UTF8 mode is always enabled.", "200 ok"] {
        let mut script = Script::logged_in(Config::default());
        script.client.start(Request::utf8()).unwrap();
        assert!(done(&script.converse(&[("OPTS UTF8 ON", reply)])).is_ok(), "{reply}");
        is_in_step(&mut script);
    }
    let mut script = Script::logged_in(Config::default());
    script.client.start(Request::utf8()).unwrap();
    assert!(done(&script.converse(&[("OPTS UTF8 ON", "501 no")])).is_err());
    is_in_step(&mut script);
}

#[test]
fn pass_answered_332_asks_for_the_account() {
    let login = |script: &mut Script, account: Option<Password<'_>>| {
        script.says("220 ready");
        script.client.start(Request::login(Argument::new("a").unwrap(), Password::new("b").unwrap(), account)).unwrap();
        script.converse(&[("USER a", "331 pass"), ("PASS b", "332 account")])
    };
    let mut script = Script::new(Config::default());
    let did = login(&mut script, Some(Password::new("c").unwrap()));
    assert!(did.contains(&Did::Wrote("ACCT c".into())), "{did:?}");
    assert!(done(&script.says("230 in")).is_ok());
    is_in_step(&mut script);
    // Without one, it is refused and not half a login: an account may be given later.
    let mut script = Script::new(Config::default());
    assert_eq!(done(&login(&mut script, None)), &Err("the server refused: 332 account".into()));
    let login = Request::login(Argument::new("a").unwrap(), Password::new("b").unwrap(), None);
    script.client.start(login).unwrap();
    assert!(done(&script.converse(&[("USER a", "230 in")])).is_ok());
}

#[test]
fn a_227_in_latin_1_names_its_port() {
    let mut script = Script::logged_in(by(&[Route::Pasv]));
    script.retrieve();
    script.converse(&[("TYPE I", "200 ok")]);
    script.client.received(b"227 Entr\xe9e en mode passif, num\xe9ro\xa0: (10,0,0,1,192,100)\r\n");
    let did = script.all(World::Busy);
    assert_eq!(did.last(), Some(&Did::Connects(ftp_proto_rigs::client::addr("198.51.100.7:49252"))), "{did:?}");
}

#[test]
fn a_550_is_read_while_the_data_connection_is_awaited() {
    // Active mode: nobody will ever connect.
    for route in [Route::Port, Route::Eprt] {
        let mut script = Script::logged_in(by(&[route]));
        script.retrieve();
        script.converse(&[("TYPE I", "200 ok")]);
        script.client.received(b"200 ok\r\n");
        assert_eq!(script.all(World::Busy).last(), Some(&Did::Accepts));
        let now = script.now();
        let Ok(Action::Accept(accept)) = script.client.poll(now) else { panic!() };
        assert!(accept.wants_input(), "the adapter may read the control connection");
        drop(accept);
        script.client.received(b"550 no such file\r\n");
        let did = script.all(World::Busy);
        assert_eq!(done(&did), &Err("the server refused: 550 no such file".into()), "{route:?}");
        assert!(did.contains(&Did::Cancels), "{did:?}");
        is_in_step(&mut script);
    }
    // Passive mode: the data connection stands, and what says 550 never sends a byte on it.
    let mut script = Script::logged_in(by(&[Route::Epsv]));
    script.retrieve();
    script.converse(&[("TYPE I", "200 ok"), ("EPSV", "229 (|||5|)")]);
    script.client.received(b"550 no such file\r\n");
    let did = script.all(World::Busy);
    assert_eq!(done(&did), &Err("the server refused: 550 no such file".into()));
    assert!(did.contains(&Did::Discards), "{did:?}");
    is_in_step(&mut script);
}

#[test]
fn a_226_before_the_last_byte_does_not_end_the_transfer() {
    let mut script = streaming();
    script.client.received(b"226 done\r\n");
    for total in 1..100 {
        let busy = script.all(World::Busy);
        assert!(matches!(busy.last(), Some(Did::Streams(..))), "{busy:?}");
        assert!(!busy.iter().any(|did| matches!(did, Did::Done(_) | Did::Cancels)), "{busy:?}");
        let now = script.now();
        let Ok(Action::Stream(stream)) = script.client.poll(now) else { panic!() };
        stream.moved(total);
    }
    let now = script.now();
    let Ok(Action::Stream(stream)) = script.client.poll(now) else { panic!() };
    stream.finished(StreamEnd::Clean, 100);
    assert_eq!(done(&script.all(World::Works)), &Ok(Value::Transferred(100)));
    is_in_step(&mut script);
    // If the bytes then end too early, the 226 doesn't hide it.
    let mut script = streaming();
    script.client.received(b"226 done\r\n");
    script.all(World::Busy);
    let now = script.now();
    let Ok(Action::Stream(stream)) = script.client.poll(now) else { panic!() };
    stream.finished(StreamEnd::Truncated, 7);
    assert!(done(&script.all(World::Works)).as_ref().unwrap_err().contains("after 7 bytes"));
}

#[test]
fn a_late_reply_is_never_taken_for_the_next_commands() {
    // After the deadline there is no next command: the late reply would be its answer.
    let mut script = Script::logged_in(Config::default());
    script.client.start(Request::size(path("f"))).unwrap();
    script.converse(&[("TYPE I", "200 ok")]);
    script.now += Duration::from_secs(60);
    assert_eq!(script.poll(World::Works), Err(Violation::TimedOut { waiting: Some(Verb::Size) }));
    script.client.received(b"213 5\r\n");
    assert_eq!(script.client.start(Request::size(path("g"))), Err(Misuse::Ended));
    assert_eq!(script.poll(World::Works), Err(Violation::TimedOut { waiting: Some(Verb::Size) }));
    // A second answer to what was answered: before the next command it belongs to nobody; behind it, if it makes no sense.
    let mut script = Script::logged_in(Config::default());
    assert_eq!(script.says("230 in")[0], Did::Unsolicited(230));
    script.client.start(Request::print_directory()).unwrap();
    script.all(World::Works);
    for late in ["226 late", "227 (1,2,3,4,5,6)", "150 late", "331 late", "221 late"] {
        let did = script.says(late);
        assert!(matches!(did[0], Did::Unsolicited(_)), "{late}: {did:?}");
        assert!(!did.iter().any(|did| matches!(did, Did::Done(_))), "{late}: {did:?}");
    }
    assert_eq!(done(&script.says("257 \"/\"")), &Ok(Value::Directory(b"/".to_vec())));
}

#[test]
fn quit_does_not_wait_for_ever() {
    let quitting = |script: &mut Script| {
        script.client.quit();
        assert_eq!(script.all(World::Works), [Did::Wrote("QUIT".into()), Did::Waits(Some(5))]);
    };
    // Nothing comes; nothing but the end comes; a half answer comes; an answer comes.
    let mut script = Script::logged_in(Config::default());
    quitting(&mut script);
    script.now += Duration::from_secs(5);
    assert_eq!(script.all(World::Works), [Did::Closes]);
    let mut script = Script::logged_in(Config::default());
    quitting(&mut script);
    script.client.received(b"");
    assert_eq!(script.all(World::Works), [Did::Closes]);
    let mut script = Script::logged_in(Config::default());
    quitting(&mut script);
    for _ in 0..5 {
        script.client.received(b"221-and another line\r\n");
        script.all(World::Works);
        script.now += Duration::from_secs(1);
    }
    assert_eq!(script.all(World::Works), [Did::Closes]);
    let mut script = Script::logged_in(Config::default());
    quitting(&mut script);
    assert_eq!(script.says("221 bye"), [Did::Heard(221), Did::Closes]);
}
