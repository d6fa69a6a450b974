//! Both machines against each other under TLS: what one end says in one layer, the other reads in the same, and the session
//! tables are equal after every request (`Pair` looks after both).

use std::cell::Cell;

use ftp_proto::client::{self, Failure, Misuse, PlaintextAccepted, Request, Value, Violation};
use ftp_proto::session::LoginState;
use ftp_proto::{Argument, Code, Command, Resume, Route, Site, Time, TlsError, Type, server};
use ftp_proto_rigs::client::login;
use ftp_proto_rigs::pair::{End, Faults, Manner, Pair};
use ftp_proto_rigs::path;

const CONTENT: &[u8] = b"0123456789";

/// Nobody has said anything yet.
fn between(manner: Manner, change: impl FnOnce(&mut client::Config, &mut server::Config)) -> Pair {
    let (mut client, mut server) = manner.configs();
    change(&mut client, &mut server);
    let mut pair = Pair::new(client, server);
    pair.files.insert(b"f".to_vec(), CONTENT.to_vec());
    pair.upload = CONTENT.to_vec();
    pair
}

fn logged_in(manner: Manner, change: impl FnOnce(&mut client::Config, &mut server::Config)) -> Pair {
    let mut pair = between(manner, change);
    pair.login();
    pair
}

fn fetch(pair: &mut Pair) {
    pair.download.clear();
    let fetched = pair.run(Request::retrieve(path("f"), 3)).unwrap();
    assert_eq!((fetched.value, pair.download.as_slice()), (Value::Transferred(7), &CONTENT[3..]), "{:#?}", pair.wire);
}

/// Every request that the client has, but for those that end TLS or the session, under its name.
fn requests() -> Vec<(&'static str, Request)> {
    let time = Time::parse(b"20261121024915").unwrap();
    vec![
        ("login", login()),
        ("command", Request::command(Command::Type(Type::Image)).unwrap()),
        ("raw", Request::raw("ALLO 5").unwrap()),
        ("change_directory", Request::change_directory(path("d"))),
        ("change_to_parent", Request::change_to_parent()),
        ("print_directory", Request::print_directory()),
        ("make_directory", Request::make_directory(path("a \"quoted\" name"))),
        ("remove_directory", Request::remove_directory(path("d"))),
        ("store", Request::store(path("new"), 0)),
        ("store", Request::store(path("new"), 4)),
        ("append", Request::append(path("new"))),
        ("store_unique", Request::store_unique(None)),
        ("retrieve", Request::retrieve(path("f"), 0)),
        ("retrieve", Request::retrieve(path("f"), 3)),
        ("retrieve", Request::retrieve(path("none"), 3)),
        ("list", Request::list(None)),
        ("features", Request::features()),
        ("list", Request::list(Some(path("d")))),
        ("plain_list", Request::plain_list(None)),
        ("names", Request::names(None)),
        ("machine_list", Request::machine_list(None)),
        ("rename", Request::rename(path("new"), path("newer"))),
        ("rename", Request::rename(path("none"), path("newer"))),
        ("remove", Request::remove(path("newer"))),
        ("size", Request::size(path("f"))),
        ("modified", Request::modified(path("f"))),
        ("set_modified", Request::set_modified(path("f"), time)),
        ("hash", Request::hash(path("f"))),
        ("utf8", Request::utf8()),
        ("host", Request::host(Argument::new("ftp.example").unwrap())),
        ("site", Request::site(Site::new("HELP").unwrap())),
        ("status", Request::status(None)),
        ("status", Request::status(Some(path("f")))),
        ("system", Request::system()),
        ("noop", Request::noop()),
        ("secure", Request::secure()),
    ]
}

/// These have tests of their own: below, in `tests/machines/client/relayed.rs`, and of a transfer that is in force in `options.rs` there.
const OTHERS: [&str; 5] = ["clear_command_channel", "quit", "reinitialise", "relayed", "transfer"];

#[test]
fn each_request_leaves_both_ends_equal_by_every_route() {
    for manner in Manner::ALL {
        for route in [Route::Epsv, Route::Pasv, Route::Eprt, Route::Port] {
            for chunk in [1, 7, usize::MAX] {
                let mut pair = between(manner, |client, _| client.routes = vec![route]);
                pair.chunk = chunk;
                pair.login();
                for (name, request) in requests() {
                    let transfers = pair.streams.len();
                    let ended = pair.run(request);
                    // Plaintext has no TLS to offer here; and the files are too few for the rest.
                    let refused = ["rename", "host", "site", "status", "set_modified", "hash", "retrieve", "secure"];
                    assert!(ended.is_ok() || refused.contains(&name), "{manner:?} {route:?} {name}: {ended:?}");
                    assert!(pair.streams.len() <= transfers + 1, "{name}");
                    let secure = manner != Manner::Plain;
                    assert_eq!([End::Client, End::Server].map(|end| pair.is_secure(end)), [secure; 2], "{name}");
                }
                assert!(pair.words().contains(&route.word()), "{manner:?} {route:?}");
                let protected = vec![manner != Manner::Plain; pair.streams.len()];
                assert_eq!((&pair.streams, pair.streams.len()), (&protected, 11), "{manner:?} {route:?}");
                pair.quit().unwrap();
            }
        }
    }
}

#[test]
fn the_list_of_requests_is_whole() {
    let source = include_str!("../../../src/client/request.rs");
    let begin = source.find("impl Request {").unwrap();
    let end = begin + source[begin..].find("\n}\n").unwrap();
    let known: Vec<&str> = requests().into_iter().map(|(name, _)| name).chain(OTHERS).collect();
    let mut count = 0;
    for line in source[begin..end].lines() {
        let Some(rest) = line.strip_prefix("    pub fn ") else { continue };
        let name = rest.split(['(', '<']).next().unwrap();
        assert!(known.contains(&name), "{name} isn't tried");
        count += 1;
    }
    assert!(count > 25, "only {count} requests");
}

#[test]
fn what_is_said_before_the_login_is_secured_first() {
    for manner in [Manner::Explicit, Manner::Implicit] {
        let mut pair = logged_in(manner, |_, _| {});
        let words = pair.words().join(" ");
        let secured = "PBSZ 200 PROT 200 USER 331 PASS 230";
        let expected =
            if manner == Manner::Explicit { format!("220 AUTH 234 {secured}") } else { format!("220 {secured}") };
        assert_eq!(words, expected);
        assert_eq!(pair.client.session().login(), LoginState::Complete);
        fetch(&mut pair);
    }
    // Who wants no TLS where it is required is told so, and has no way in.
    let mut pair = between(Manner::Plain, |_, server| server.security = server::Security::Login);
    pair.greet();
    assert!(matches!(pair.run(login()), Err(Failure::Refused(reply)) if reply.code() == Code::NOT_LOGGED_IN));
    assert!(pair.run(Request::secure()).is_ok() && pair.run(login()).is_ok(), "{:#?}", pair.wire);
    fetch(&mut pair);
    // The other way round: who requires TLS says no name to a server that has none.
    let mut pair = between(Manner::Explicit, |_, server| server.security = server::Security::Off);
    pair.greet();
    assert!(matches!(pair.run(Request::secure()), Err(Failure::Refused(_))), "{:#?}", pair.wire);
    assert_eq!(pair.client.start(login()).map_err(|rejected| rejected.why), Err(Misuse::NotSecure));
    pair.run(Request::noop()).unwrap();
}

#[test]
fn tls_in_the_midst_of_a_plaintext_session() {
    for route in [Route::Epsv, Route::Port] {
        let mut pair = logged_in(Manner::Plain, |client, server| {
            client.routes = vec![route];
            server.security = server::Security::Offered;
        });
        fetch(&mut pair);
        pair.run(Request::secure()).unwrap();
        // RFC 4217 4: whoever was logged in isn't any more.
        assert_eq!(pair.client.session().login(), LoginState::Nobody);
        pair.run(login()).unwrap();
        fetch(&mut pair);
        assert_eq!(pair.streams, [false, true], "{route:?}");
        pair.quit().unwrap();
    }
}

#[test]
fn rein_ends_tls_and_the_login() {
    for route in [Route::Epsv, Route::Eprt] {
        // Where TLS is required it has to begin anew before anything else is said.
        let mut pair = logged_in(Manner::Explicit, |client, _| client.routes = vec![route]);
        fetch(&mut pair);
        for _ in 0..3 {
            pair.run(Request::reinitialise()).unwrap();
            assert_eq!([End::Client, End::Server].map(|end| pair.is_secure(end)), [false; 2]);
            assert_eq!(pair.client.session().login(), LoginState::Nobody);
            assert_eq!(pair.client.start(login()).map_err(|rejected| rejected.why), Err(Misuse::NotSecure));
            pair.run(Request::noop()).unwrap();
            pair.run(Request::secure()).unwrap();
            pair.run(login()).unwrap();
            fetch(&mut pair);
        }
        assert_eq!(pair.streams, [true; 4]);
        let mut pair = logged_in(Manner::Plain, |client, _| client.routes = vec![route]);
        fetch(&mut pair);
        pair.run(Request::reinitialise()).unwrap();
        assert_eq!(pair.server.session().login(), LoginState::Nobody);
        assert!(matches!(pair.run(Request::retrieve(path("f"), 0)), Err(Failure::Refused(_) | Failure::NoRoute(_))));
        pair.run(login()).unwrap();
        fetch(&mut pair);
    }
}

#[test]
fn ccc_ends_tls_on_the_control_connection_alone() {
    for manner in [Manner::Explicit, Manner::Implicit] {
        for route in [Route::Epsv, Route::Pasv, Route::Eprt, Route::Port] {
            let mut pair = logged_in(manner, |client, server| {
                client.routes = vec![route];
                server.clear_command_channel = true;
            });
            let knowingly = PlaintextAccepted::knowingly();
            pair.run(Request::clear_command_channel(knowingly)).unwrap();
            assert_eq!([End::Client, End::Server].map(|end| pair.is_secure(end)), [false; 2]);
            // What the client may still do where it requires TLS is its own business; what goes on stays protected.
            match pair.client.start(Request::retrieve(path("f"), 0)) {
                Ok(()) => {
                    pair.until_done().unwrap().unwrap();
                    assert_eq!((pair.download.as_slice(), pair.streams.as_slice()), (CONTENT, &[true][..]));
                }
                Err(rejected) => assert_eq!(rejected.why, Misuse::NotSecure),
            }
            // It is off by default.
            let mut pair = logged_in(manner, |client, _| client.routes = vec![route]);
            let ended = pair.run(Request::clear_command_channel(knowingly));
            assert!(matches!(ended, Err(Failure::Refused(_))), "{ended:?}");
            assert_eq!([End::Client, End::Server].map(|end| pair.is_secure(end)), [true; 2]);
            fetch(&mut pair);
        }
    }
}

#[test]
fn an_abort_under_tls_stops_the_transfer_and_not_the_session() {
    let mut aborts = 0;
    for manner in Manner::ALL {
        for route in [Route::Epsv, Route::Pasv, Route::Eprt, Route::Port] {
            for request in [|| Request::retrieve(path("f"), 0), || Request::store(path("g"), 0), || Request::list(None)]
            {
                for (word, slow) in [("TYPE", 0), (route.word(), 0), ("150", 0), ("150", 5)] {
                    let mut pair = logged_in(manner, |client, _| {
                        client.routes = vec![route];
                        client.urgent = true;
                    });
                    pair.slow = slow;
                    let before = pair.wire.len();
                    pair.client.start(request()).unwrap();
                    let said = |pair: &Pair| pair.words_since(before).any(|said| said == word);
                    // A listing is in the TYPE that is in force already.
                    if pair.until(said).unwrap().is_some() {
                        continue;
                    }
                    aborts += 1;
                    pair.client.abort();
                    let _ = pair.until_done().unwrap();
                    pair.slow = 0;
                    fetch(&mut pair);
                    assert_eq!(pair.run(Request::size(path("f"))).unwrap().value, Value::Size(10), "in step");
                    // RFC 4217 14: no Telnet under TLS.
                    let telnet = pair.wire.iter().any(|line| line.contains('\u{fffd}'));
                    assert!(manner == Manner::Plain || !telnet, "{:#?}", pair.wire);
                }
            }
        }
    }
    assert!(aborts > 120, "{aborts}");
}

/// What the server has agreed to is done at both ends, whenever the client loses heart.
#[test]
fn an_abort_amid_auth_ccc_or_rein_leaves_both_ends_in_the_same_layer() {
    let mut aborts = 0;
    for request in [
        || Request::secure(),
        || Request::clear_command_channel(PlaintextAccepted::knowingly()),
        || Request::reinitialise(),
    ] {
        for step in 0..30_u8 {
            let mut pair = between(Manner::Explicit, |_, server| server.clear_command_channel = true);
            if step % 2 == 0 {
                pair.login();
            } else {
                pair.greet();
            }
            // Without TLS there is none to end.
            if pair.client.start(request()).map_err(|rejected| rejected.why) == Err(Misuse::NotSecure) {
                continue;
            }
            let left = Cell::new(step);
            let ended = pair.until(|_| left.replace(left.get().saturating_sub(1)) == 0).unwrap();
            if ended.is_none() {
                aborts += 1;
                pair.client.abort();
                let _ = pair.until_done().unwrap();
            }
            pair.run(Request::noop()).unwrap();
            pair.run(Request::secure()).unwrap();
            assert_eq!([End::Client, End::Server].map(|end| pair.is_secure(end)), [true; 2], "{:#?}", pair.wire);
        }
    }
    assert!(aborts > 20, "{aborts}");
}

#[test]
fn either_end_can_insist_on_a_resumed_session() {
    for manner in [Manner::Explicit, Manner::Implicit] {
        for route in [Route::Epsv, Route::Pasv, Route::Eprt, Route::Port] {
            for (client_wants, server_wants) in [
                (Resume::Wanted, Resume::Wanted),
                (Resume::Required, Resume::Wanted),
                (Resume::Wanted, Resume::Required),
                (Resume::Required, Resume::Required),
            ] {
                let what = format!("{manner:?} {route:?} {client_wants:?} {server_wants:?}");
                let mut pair = logged_in(manner, |client, server| {
                    client.routes = vec![route];
                    (client.data_session, server.data_session) = (client_wants, server_wants);
                });
                fetch(&mut pair);
                pair.faults = Faults { data_session_is_new: true, ..Faults::default() };
                let requests = [Request::retrieve(path("f"), 0), Request::store(path("g"), 0), Request::list(None)];
                for request in requests {
                    pair.download.clear();
                    let ended = pair.run(request);
                    if (client_wants, server_wants) == (Resume::Wanted, Resume::Wanted) {
                        assert!(ended.is_ok(), "{what}: {ended:?}");
                        continue;
                    }
                    assert!(ended.is_err(), "{what}: {ended:?}");
                    let stored = pair.files.remove(b"g".as_slice()).unwrap_or_default();
                    assert!(pair.download.is_empty() && stored.is_empty(), "{what}");
                    if server_wants == Resume::Required {
                        let last = pair.wire.iter().rfind(|line| line.starts_with("S: ")).unwrap();
                        assert!(last.starts_with("S: 425") || last.starts_with("S: 522"), "{what}: {last}");
                    }
                }
                if pair.client.start(Request::noop()).is_ok() {
                    pair.until_done().unwrap().unwrap();
                    pair.faults = Faults::default();
                    fetch(&mut pair);
                }
            }
        }
    }
}

#[test]
fn a_handshake_that_fails_ends_the_session() {
    for manner in [Manner::Explicit, Manner::Implicit] {
        for end in [End::Client, End::Server] {
            let mut pair = between(manner, |_, _| {});
            pair.faults = Faults { handshake_fails: Some(end), ..Faults::default() };
            if manner == Manner::Explicit {
                pair.greet();
                pair.client.start(Request::secure()).unwrap();
            }
            match pair.until_done() {
                Ok(ended) => {
                    assert!(matches!(ended, Err(Failure::Tls(TlsError::Handshake))), "{ended:?}");
                    pair.until(Pair::client_closed).unwrap();
                }
                // The server was quicker to close than the client to see why.
                Err(violation) => assert_eq!((violation, end), (Violation::Closed { waiting: None }, End::Server)),
            }
            pair.settle();
            assert!(end == End::Client || pair.server_closed(), "{:#?}", pair.wire);
            assert!(!pair.words().iter().any(|word| ["USER", "PASS"].contains(word)));
            assert_eq!(pair.client.start(login()).map_err(|rejected| rejected.why), Err(Misuse::Ended));
        }
    }
}

/// A line that the server doesn't take up is a command to the client all the same: what it would have spent is spent at both
/// ends, or at none.
#[test]
fn commands_that_are_too_long_change_nothing_or_the_same() {
    let long = "x".repeat(server::Config::default().limits.line);
    for manner in Manner::ALL {
        for route in [Route::Epsv, Route::Port] {
            let mut pair = logged_in(manner, |client, _| client.routes = vec![route]);
            for request in [
                Request::retrieve(path(&long), 3),
                Request::store(path(&long), 3),
                Request::append(path(&long)),
                Request::plain_list(Some(path(&long))),
                Request::rename(path(&long), path("g")),
                Request::rename(path("f"), path(&long)),
                Request::remove(path(&long)),
                Request::size(path(&long)),
            ] {
                let name = format!("{request:?}");
                let ended = pair.run(request);
                let name = &name[..name.len().min(60)];
                assert!(matches!(ended, Err(Failure::Refused(_) | Failure::NoRoute(_))), "{name}: {ended:?}");
                assert!(pair.wire.last().unwrap().starts_with("S: 500"), "{name}");
                pair.run(Request::noop()).unwrap();
            }
            fetch(&mut pair);
            assert_eq!(pair.files.len(), 1);
        }
    }
}
