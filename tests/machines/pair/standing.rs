//! A data connection that stays for the next transfer: RFC 959 3.3 and 3.4.2, both machines against each other.

use ftp_proto::client::{self, Failure, Request};
use ftp_proto::session::Setup;
use ftp_proto::{Code, Protection, Route, StreamEnd, Type, Verb};
use ftp_proto_rigs::client::{by, login};
use ftp_proto_rigs::pair::{Manner, Pair};
use ftp_proto_rigs::path;

use super::forms::{raw, server_config};

/// In MODE B, with one file moved: its connection stands.
fn standing(config: client::Config) -> Pair {
    let mut pair = Pair::logged_in(config, server_config());
    pair.converts = true;
    pair.files.insert(b"f".to_vec(), b"content".to_vec());
    raw(&mut pair, "MODE B");
    fetch(&mut pair);
    pair
}

fn fetch(pair: &mut Pair) {
    pair.download.clear();
    pair.run(Request::retrieve(path("f"), 0)).unwrap();
    assert_eq!(pair.download, b"content");
    pair.settle();
}

fn setups(pair: &Pair) -> [Setup; 2] {
    [pair.client.session().setup(), pair.server.session().setup()]
}

fn words_since(pair: &Pair, lines: usize) -> String {
    pair.words_since(lines).collect::<Vec<_>>().join(" ")
}

#[test]
fn the_next_transfers_go_without_another_word_about_it() {
    for (route, setup) in [
        (Route::Epsv, Setup::Passive),
        (Route::Pasv, Setup::Passive),
        (Route::Eprt, Setup::Active),
        (Route::Port, Setup::Active),
    ] {
        let mut pair = standing(by(&[route]));
        assert_eq!((setups(&pair), pair.closed), ([setup; 2], [0, 0]), "{route:?}");
        let begun = pair.wire.len();
        fetch(&mut pair);
        pair.upload = b"sent".to_vec();
        pair.run(Request::store(path("g"), 0)).unwrap();
        assert_eq!(pair.files[&b"g"[..]], b"sent");
        pair.run(Request::append(path("g"))).unwrap();
        assert_eq!(pair.files[&b"g"[..]], b"sentsent");
        pair.run(Request::noop()).unwrap();
        pair.run(Request::list(None).representation(Type::Image)).unwrap();
        assert_eq!(pair.download, b"f\r\ng\r\n");
        assert_eq!(
            words_since(&pair, begun),
            "RETR 125 250 STOR 125 250 APPE 125 250 NOOP 200 LIST 125 250",
            "{route:?}"
        );
        assert_eq!((setups(&pair), pair.closed), ([setup; 2], [0, 0]), "{route:?}");
        let [attempt] = pair.client.attempts() else { panic!("{:?}", pair.client.attempts()) };
        assert!(attempt.is_success() && attempt.route == route, "{attempt:?}");
        pair.run(Request::quit()).unwrap();
        pair.settle();
        assert_eq!(pair.closed, [1, 1], "{route:?}: nothing of it is left");
    }
}

#[test]
fn a_refusal_leaves_it() {
    let mut pair = standing(client::Config::default());
    let begun = pair.wire.len();
    let ended = pair.run(Request::retrieve(path("none"), 0));
    assert!(matches!(ended, Err(Failure::Refused(reply)) if reply.code() == Code::FILE_UNAVAILABLE));
    fetch(&mut pair);
    assert_eq!((words_since(&pair, begun).as_str(), pair.closed), ("RETR 550 RETR 125 250", [0, 0]));
}

#[test]
fn in_stream_mode_it_goes_with_the_next_file() {
    let mut pair = standing(client::Config::default());
    raw(&mut pair, "MODE S");
    let begun = pair.wire.len();
    fetch(&mut pair);
    assert_eq!((words_since(&pair, begun).as_str(), setups(&pair)), ("RETR 125 226", [Setup::None; 2]));
    fetch(&mut pair);
    assert_eq!(words_since(&pair, begun), "RETR 125 226 EPSV 229 RETR 150 226");
}

#[test]
fn what_breaks_it_or_ends_the_transfer_badly_ends_it() {
    let mut pair = standing(client::Config::default());
    pair.faults.data_breaks_after = Some(3);
    assert!(pair.run(Request::retrieve(path("f"), 0)).is_err());
    pair.settle();
    assert_eq!(setups(&pair), [Setup::None; 2]);
    pair.faults.data_breaks_after = None;
    let begun = pair.wire.len();
    fetch(&mut pair);
    assert_eq!(words_since(&pair, begun), "EPSV 229 RETR 150 250");
}

#[test]
fn an_abort_closes_it() {
    let mut pair = standing(client::Config::default());
    pair.slow = 20;
    pair.client.start(Request::retrieve(path("f"), 0)).unwrap();
    let running = |pair: &Pair| pair.wire.iter().filter(|line| line.starts_with("S: 125")).count() == 1;
    assert!(pair.until(running).unwrap().is_none());
    pair.client.abort();
    assert_eq!(pair.until_done().unwrap(), Err(Failure::Aborted));
    pair.settle();
    assert_eq!((setups(&pair), pair.closed), ([Setup::None; 2], [1, 1]));
    pair.slow = 0;
    fetch(&mut pair);
}

#[test]
fn a_server_that_has_closed_it_meanwhile_is_asked_for_another() {
    let mut pair = standing(client::Config::default());
    // RFC 959 3.3: an ABOR closes it, also where nothing runs; this client says none then.
    pair.say(b"ABOR\r\n");
    assert_eq!(pair.closed, [0, 1]);
    let begun = pair.wire.len();
    fetch(&mut pair);
    assert_eq!(words_since(&pair, begun), "RETR 425 EPSV 229 RETR 150 250");
}

#[test]
fn it_is_closed_when_the_login_or_its_protection_ends() {
    let (client, mut server) = Manner::Explicit.configs();
    server.support = server_config().support;
    server.security = ftp_proto::server::Security::Offered;
    let mut pair = Pair::logged_in(client, server);
    pair.converts = true;
    pair.files.insert(b"f".to_vec(), b"content".to_vec());
    raw(&mut pair, "MODE B");
    fetch(&mut pair);
    let begun = pair.wire.len();
    fetch(&mut pair);
    assert_eq!((words_since(&pair, begun).as_str(), &pair.streams[..]), ("RETR 125 250", &[true, true][..]));
    assert_eq!(pair.client.session().protection(), Protection::Private);
    let Ok(clear) = Request::raw("PROT C") else { panic!("PROT C is one for raw") };
    pair.run(clear).unwrap();
    pair.settle();
    assert_eq!(pair.closed, [1, 1], "plaintext goes over no connection with TLS");
}

#[test]
fn reinitialising_closes_it() {
    let mut config = server_config();
    config.support = config.support.clone().with(&[Verb::Rein]).unwrap();
    let mut pair = Pair::logged_in(client::Config::default(), config);
    pair.converts = true;
    pair.files.insert(b"f".to_vec(), b"content".to_vec());
    raw(&mut pair, "MODE B");
    fetch(&mut pair);
    pair.run(Request::reinitialise()).unwrap();
    pair.settle();
    assert_eq!((setups(&pair), pair.closed), ([Setup::None; 2], [1, 1]));
}

#[test]
fn an_adapter_that_always_closes_is_right_too() {
    for (says, words, closed) in [
        ([None, Some(StreamEnd::Clean)], "EPSV 229 RETR 150 226", [1, 0]),
        ([Some(StreamEnd::Clean), None], "EPSV 229 RETR 150 250", [0, 1]),
        ([Some(StreamEnd::Clean); 2], "EPSV 229 RETR 150 226", [0, 0]),
    ] {
        let mut pair = Pair::logged_in(client::Config::default(), server_config());
        (pair.converts, pair.says) = (true, says);
        pair.files.insert(b"f".to_vec(), b"content".to_vec());
        raw(&mut pair, "MODE B");
        let begun = pair.wire.len();
        fetch(&mut pair);
        assert!(words_since(&pair, begun).ends_with(words), "{says:?}: {}", words_since(&pair, begun));
        let begun = pair.wire.len();
        fetch(&mut pair);
        assert_eq!(
            (words_since(&pair, begun).as_str(), pair.closed.map(|times| times.min(1))),
            (words, closed),
            "{says:?}"
        );
        pair.upload = b"sent".to_vec();
        pair.run(Request::store(path("g"), 0)).unwrap();
        assert_eq!(pair.files[&b"g"[..]], b"sent", "{says:?}");
        assert!(words_since(&pair, begun).ends_with(&words.replace("RETR", "STOR")), "{says:?}");
    }
}

#[test]
fn an_end_that_no_form_marks_leaves_nothing() {
    for says in [[None, Some(StreamEnd::Marked)], [Some(StreamEnd::Marked), None], [Some(StreamEnd::Marked); 2]] {
        let mut pair = Pair::logged_in(client::Config::default(), server_config());
        (pair.converts, pair.says) = (true, says);
        pair.files.insert(b"f".to_vec(), b"content".to_vec());
        for _ in 0..2 {
            let begun = pair.wire.len();
            fetch(&mut pair);
            assert!(words_since(&pair, begun).ends_with("EPSV 229 RETR 150 226"), "{says:?}");
            pair.upload = b"sent".to_vec();
            pair.run(Request::store(path("g"), 0)).unwrap();
            pair.settle();
            assert!(words_since(&pair, begun).ends_with("EPSV 229 STOR 150 226"), "{says:?}");
            assert_eq!(setups(&pair), [Setup::None; 2], "{says:?}");
        }
        let expected = says.map(|said| if said.is_some() { 4 } else { 0 });
        assert_eq!(pair.closed, expected, "{says:?}: each Marked has its Close");
    }
}

#[test]
fn an_upload_that_cannot_be_kept_takes_it_along() {
    let mut pair = standing(client::Config::default());
    pair.faults.commit = Some(ftp_proto::server::CommitError::StorageFull);
    pair.upload = b"sent".to_vec();
    let ended = pair.run(Request::store(path("g"), 0));
    assert!(matches!(ended, Err(Failure::Refused(reply)) if reply.code() == Code::EXCEEDED_ALLOCATION));
    pair.settle();
    assert_eq!((setups(&pair), pair.closed), ([Setup::None; 2], [1, 1]));
    pair.faults.commit = None;
    let begun = pair.wire.len();
    pair.run(Request::store(path("g"), 0)).unwrap();
    assert_eq!(
        (words_since(&pair, begun).as_str(), &pair.files[&b"g"[..]][..]),
        ("EPSV 229 STOR 150 250", &b"sent"[..])
    );
}

/// RFC 959 4.1.1: USER leaves the transfer parameters as they are.
#[test]
fn another_login_finds_it() {
    let mut pair = standing(client::Config::default());
    let begun = pair.wire.len();
    pair.run(login()).unwrap();
    fetch(&mut pair);
    assert!(words_since(&pair, begun).ends_with(" RETR 125 250"), "{}", words_since(&pair, begun));
    assert_eq!(pair.closed, [0, 0]);
}

#[test]
fn nothing_of_plaintext_goes_into_a_session_that_was_secured_since() {
    let mut server = server_config();
    server.security = ftp_proto::server::Security::Offered;
    let mut pair = Pair::logged_in(client::Config::default(), server);
    pair.converts = true;
    pair.files.insert(b"f".to_vec(), b"content".to_vec());
    raw(&mut pair, "MODE B");
    fetch(&mut pair);
    assert_eq!((pair.closed, &pair.streams[..]), ([0, 0], &[false][..]));
    pair.run(Request::secure()).unwrap();
    pair.settle();
    assert_eq!((setups(&pair), pair.closed), ([Setup::None; 2], [1, 1]));
    pair.run(login()).unwrap();
    raw(&mut pair, "MODE B");
    let begun = pair.wire.len();
    fetch(&mut pair);
    fetch(&mut pair);
    assert_eq!(words_since(&pair, begun), "TYPE 200 EPSV 229 RETR 150 250 RETR 125 250");
    assert_eq!((pair.closed, &pair.streams[..]), ([1, 1], &[false, true, true][..]));
}

/// Whoever says PASV, EPSV, PORT or EPRT wants another one, and the old one is closed before that.
#[test]
fn another_setup_takes_its_place() {
    for line in [&b"PASV\r\n"[..], b"EPSV\r\n", b"PORT 192,0,2,1,200,1\r\n", b"EPRT |1|192.0.2.1|51201|\r\n"] {
        let mut pair = standing(client::Config::default());
        assert!(pair.say(line).starts_with('2'), "{}", line.escape_ascii());
        assert_eq!(pair.closed, [0, 1], "{}", line.escape_ascii());
    }
}
