//! Both machines against each other: no socket, no clock, no thread.

use ftp_proto::client::{self, Failure, Request, Value};
use ftp_proto::{Mode, Route, Structure, Verb, server};
use ftp_proto_rigs::client::by;
use ftp_proto_rigs::pair::{Faults, Pair};
use ftp_proto_rigs::path;

fn pair() -> Pair {
    Pair::logged_in(client::Config::default(), server::Config::default())
}

#[test]
fn logs_in_and_asks_what_servers_know() {
    let mut pair = pair();
    let directory = pair.run(Request::print_directory()).unwrap();
    assert_eq!(directory.value, Value::Directory(b"/a \"quoted\" place".to_vec()));
    pair.files.insert(b"a".to_vec(), b"12345".to_vec());
    assert_eq!(pair.run(Request::size(path("a"))).unwrap().value, Value::Size(5));
    assert!(matches!(pair.run(Request::modified(path("a"))).unwrap().value, Value::Modified(_)));
    assert!(pair.run(Request::features()).unwrap().reply.has_feature("EPSV"));
    pair.run(Request::change_directory(path("x"))).unwrap();
    pair.run(Request::make_directory(path("x\"y"))).unwrap();
    pair.run(Request::rename(path("a"), path("b"))).unwrap();
    assert!(pair.files.contains_key(b"b".as_slice()));
    assert!(matches!(pair.run(Request::remove(path("a"))), Err(Failure::Refused(_))));
    pair.run(Request::remove(path("b"))).unwrap();
}

#[test]
fn moves_files_by_every_route() {
    for route in [Route::Epsv, Route::Pasv, Route::Eprt, Route::Port] {
        let mut pair = Pair::logged_in(by(&[route]), server::Config::default());
        pair.upload = b"content of a file".to_vec();
        let stored = pair.run(Request::store(path("f"), 0)).unwrap();
        assert_eq!(stored.value, Value::Transferred(17), "{route:?}");
        pair.settle();
        assert_eq!(pair.files[b"f".as_slice()], b"content of a file", "{route:?}");
        let fetched = pair.run(Request::retrieve(path("f"), 11)).unwrap();
        assert_eq!(
            (fetched.value, pair.download.as_slice()),
            (Value::Transferred(6), b"a file".as_slice()),
            "{route:?}"
        );
        pair.run(Request::list(None)).unwrap();
        assert_eq!(pair.download, b"f\r\n", "{route:?}");
        assert!(pair.words().contains(&route.word()), "{route:?}");
    }
}

#[test]
fn a_route_that_fails_gives_way_to_the_next_before_any_transfer_command() {
    let mut pair = pair();
    pair.files.insert(b"f".to_vec(), b"x".to_vec());
    pair.faults = Faults { client_dials_refused: 1, ..Faults::default() };
    pair.run(Request::retrieve(path("f"), 0)).unwrap();
    let words = pair.words().join(" ");
    assert!(words.ends_with("EPSV 229 PASV 227 RETR 150 226"), "{words}");
}

#[test]
fn both_sessions_are_equal_after_every_dialogue_whatever_the_chunks() {
    for chunk in [1, 2, 7, usize::MAX] {
        let mut pair = Pair::new(client::Config::default(), server::Config::default());
        pair.chunk = chunk;
        pair.login();
        pair.upload = b"content".to_vec();
        let requests = [
            Request::store(path("f"), 0),
            Request::size(path("f")),
            Request::retrieve(path("f"), 3),
            Request::retrieve(path("none"), 3),
            Request::append(path("f")),
            Request::list(None),
            Request::names(None),
            Request::machine_list(None),
            Request::rename(path("f"), path("g")),
            Request::rename(path("f"), path("g")),
            Request::modified(path("g")),
            Request::system(),
        ];
        for request in requests {
            // It compares the two.
            let _ = pair.run(request);
        }
        assert_eq!(pair.files[b"g".as_slice()], b"contentcontent", "in pieces of {chunk}");
    }
}

#[test]
fn both_sessions_are_equal_after_whatever_is_said_raw() {
    let mut config = server::Config::default();
    let verbs =
        [Verb::Hash, Verb::Xcrc, Verb::Md5, Verb::Rang, Verb::Mfmt, Verb::Stat, Verb::Smnt, Verb::Acct, Verb::Avbl];
    config.support = config.support.clone().with(&verbs).unwrap().with(&[Verb::Rein, Verb::Host, Verb::Csid]).unwrap();
    config.support = config.support.clone().with_modes(&[Mode::Deflate]);
    config.support = config.support.clone().with_structures(&[Structure::Record]);
    config.support = config.support.clone().with_site(["CHMOD <SP> mode <SP> path"]).unwrap();
    for chunk in [1, 7, usize::MAX] {
        let mut pair = Pair::new(client::Config::default(), config.clone());
        pair.chunk = chunk;
        pair.login();
        pair.upload = b"content".to_vec();
        pair.run(Request::store(path("f"), 0)).unwrap();
        let raw = [
            "TYPE I",
            "TYPE A",
            "TYPE E",
            "TYPE L 8",
            "STRU R",
            "STRU P",
            "STRU F",
            "MODE Z",
            "MODE B",
            "MODE S",
            "OPTS MLST size;",
            "OPTS UTF8 ON",
            "OPTS HASH",
            "OPTS HASH X",
            "OPTS MODE Z LEVEL 6",
            "LANG fr",
            "LANG",
            "HOST a",
            "STAT",
            "STAT f",
            "STAT none",
            "SITE HELP",
            "SITE FOO",
            "SITE CHMOD 600 f",
            "ALLO 10",
            "ACCT x",
            "SMNT x",
            "AVBL",
            "CSID a=b;",
            "MFMT 20240229235959 f",
            "MFMT 20240229235959 none",
            "MDTM none",
            "RNTO x",
            "HELP",
            "HELP RETR",
            "HELP FOO",
            "FEAT",
            "CLNT x",
            "NOOP",
            "XYZZY",
        ];
        for line in raw {
            let Ok(request) = Request::raw(line) else { panic!("{line} is one for raw") };
            let _ = pair.run(request);
            assert_eq!(pair.client.session(), pair.server.session(), "{line}: {:#?}", pair.wire);
        }
        pair.run(Request::retrieve(path("f"), 3)).unwrap();
        assert_eq!(pair.download, b"tent");
        let hash = pair.run(Request::hash(path("f"))).unwrap().value;
        assert_eq!(hash, Value::Hash { verb: Verb::Hash, digits: "0a".repeat(32) });
        pair.run(Request::reinitialise()).unwrap();
        assert_eq!(pair.client.session(), pair.server.session(), "{:#?}", pair.wire);
    }
}

#[test]
fn a_connection_that_breaks_is_told_by_both_ends() {
    let mut pair = pair();
    pair.files.insert(b"f".to_vec(), b"0123456789".to_vec());
    pair.faults = Faults { data_breaks_after: Some(4), ..Faults::default() };
    let ended = pair.run(Request::retrieve(path("f"), 0));
    assert!(matches!(ended, Err(Failure::Refused(reply)) if reply.code().value() == 426));
    pair.faults = Faults::default();
    pair.run(Request::retrieve(path("f"), 4)).unwrap();
    assert_eq!(pair.download, b"456789", "the session goes on");
}

#[test]
fn an_abort_before_the_data_connection_says_nothing() {
    let mut pair = pair();
    pair.client.start(Request::retrieve(path("f"), 0)).unwrap();
    pair.client.abort();
    let ended = pair.until_done().unwrap();
    assert!(matches!(ended, Err(Failure::Aborted)));
    assert!(!pair.words().contains(&"RETR"), "{:?}", pair.wire);
    pair.run(Request::noop()).unwrap();
}
