//! Both adapters of the server over loopback: an upload is there whole, or not at all.
#![cfg(unix)]

use std::fs;
use std::io::Write;
use std::net::{Shutdown, TcpStream};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::processes::{CLIENTS, SERVERS, Server, Session, names};

/// Waits, because what the server does when its client is gone is told to nobody.
fn becomes(server: &Server, expected: &[&str]) {
    let begun = Instant::now();
    while names(&server.root()) != expected {
        assert!(begun.elapsed() < Duration::from_secs(30), "{:?} instead of {expected:?}", names(&server.root()));
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// An upload under way, of which half has come.
fn half_an_upload(server: &Server, command: &str) -> (Session, TcpStream) {
    let mut session = server.dial();
    session.log_in("anna", "secret");
    let mut data = session.passive();
    assert!(session.say(command).starts_with("150"));
    data.write_all(b"half").unwrap();
    let begun = Instant::now();
    let has_half = |entry: fs::DirEntry| fs::read(entry.path()).is_ok_and(|content| content.ends_with(b"half"));
    while !fs::read_dir(server.root()).unwrap().any(|entry| has_half(entry.unwrap())) {
        assert!(begun.elapsed() < Duration::from_secs(30), "it doesn't come");
        std::thread::sleep(Duration::from_millis(10));
    }
    (session, data)
}

#[test]
fn only_what_ended_in_order_is_there() {
    for name in SERVERS {
        let server = Server::start_as(name, CLIENTS[0], "127.0.0.1:0", &[]);
        fs::write(server.root().join("file"), "the old contents").unwrap();
        for command in ["STOR file", "APPE file", "STOR new", "STOU new"] {
            // The control connection ends first, with data that ends in order.
            let (session, data) = half_an_upload(&server, command);
            session.control.get_ref().shutdown(Shutdown::Write).unwrap();
            drop(session);
            becomes(&server, &["file"]);
            drop(data);
            // ABOR comes first.
            let (mut session, data) = half_an_upload(&server, command);
            let said = session.say("ABOR");
            assert!(said.starts_with("426 "), "{said}");
            assert!(session.reply().starts_with("226 "));
            drop(data);
            becomes(&server, &["file"]);
            // The data connection breaks.
            let (mut session, data) = half_an_upload(&server, command);
            socket2::SockRef::from(&data).set_linger(Some(Duration::ZERO)).unwrap();
            drop(data);
            assert!(session.reply().starts_with("426 "));
            becomes(&server, &["file"]);
            assert_eq!(fs::read(server.root().join("file")).unwrap(), b"the old contents");
        }
        let (mut session, data) = half_an_upload(&server, "STOR file");
        assert_eq!(fs::read(server.root().join("file")).unwrap(), b"the old contents");
        drop(data);
        assert!(session.reply().starts_with("226 "));
        assert_eq!(fs::read(server.root().join("file")).unwrap(), b"half");
        becomes(&server, &["file"]);
    }
}

/// What comes over both connections at once is looked at in the order that keeps the promise.
#[test]
fn an_abort_together_with_the_data_s_end_counts() {
    for name in SERVERS {
        let server = Server::start_as(name, CLIENTS[0], "127.0.0.1:0", &[]);
        for round in 0..50 {
            let (mut session, mut data) = half_an_upload(&server, "STOR file");
            let before = if round % 2 == 0 { &b"ABOR\r\n"[..] } else { b"NOOP\r\nABOR\r\n" };
            data.write_all(&vec![0; 100_000]).unwrap();
            session.control.get_mut().write_all(before).unwrap();
            // A server that was quicker has closed it already.
            let _ = data.shutdown(Shutdown::Write);
            let mut replies = vec![session.reply()];
            while !replies.last().unwrap().starts_with("226 Abort") {
                replies.push(session.reply());
            }
            assert!(replies.iter().any(|reply| reply.starts_with("426 ")), "{replies:?}");
            assert_eq!(names(&server.root()), [""; 0], "round {round}");
        }
    }
}

/// The end of the control connection, too; and whatever is quicker, what is stored is what is said.
#[test]
fn what_comes_around_the_data_s_end_is_answered_as_what_is_stored() {
    for name in SERVERS {
        let server = Server::start_as(name, CLIENTS[0], "127.0.0.1:0", &[]);
        for round in 0..30 {
            let (session, data) = half_an_upload(&server, "STOR file");
            session.control.get_ref().shutdown(Shutdown::Write).unwrap();
            let _ = data.shutdown(Shutdown::Write);
            let mut said = String::new();
            std::io::Read::read_to_string(&mut { session.control }, &mut said).unwrap();
            assert_eq!((said.as_str(), names(&server.root())), ("", vec![]), "{name}, round {round}");
        }
        let mut stored = 0;
        for round in 0..50 {
            let (mut session, data) = half_an_upload(&server, "STOR file");
            drop(data);
            std::thread::sleep(Duration::from_micros(20 * round));
            let said = session.say("ABOR");
            let then = session.reply();
            let is_there = names(&server.root()) == ["file"];
            let fits = match &said[..3] {
                "426" => then.starts_with("226 Abort") && !is_there,
                "226" => then.starts_with("225 ") && is_there,
                _ => false,
            };
            assert!(fits, "{name}, round {round}: {said:?} {then:?}");
            stored += usize::from(is_there);
            let _ = fs::remove_file(server.root().join("file"));
        }
        assert!(stored > 0, "{name}: whoever waits long enough has stored it");
    }
}

#[test]
fn an_upload_without_a_data_connection_leaves_nothing() {
    for program in SERVERS {
        let server = Server::start_as(program, CLIENTS[0], "127.0.0.1:0", &[]);
        let mut session = server.dial();
        session.log_in("anna", "secret");
        for command in ["STOR new", "STOU new", "APPE new"] {
            // Nobody listens where a listener has just been.
            let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            assert!(session.say(&format!("PORT 127,0,0,1,{},{}", port / 256, port % 256)).starts_with("200"));
            let mut said = session.say(command);
            if said.starts_with("150") {
                said = session.reply();
            }
            assert!(said.starts_with("425"), "{program}, {command}: {said}");
            becomes(&server, &[]);
        }
        // Nor is the name promised to anybody.
        session.send("STOU new", "some");
        assert_eq!(names(&server.root()), ["new"], "{program}");
    }
}

#[test]
fn a_name_that_can_not_be_taken_is_a_451() {
    for name in SERVERS {
        let server = Server::start_as(name, CLIENTS[0], "127.0.0.1:0", &[]);
        let (mut session, data) = half_an_upload(&server, "STOR name");
        fs::create_dir(server.root().join("name")).unwrap();
        drop(data);
        assert!(session.reply().starts_with("451 "));
        assert_eq!(names(&server.root()), ["name"]);
    }
}

#[test]
fn what_a_killed_server_leaves_is_hidden_and_easy_to_find() {
    for name in SERVERS {
        let mut server = Server::start_as(name, CLIENTS[0], "127.0.0.1:0", &[]);
        let root = server.root();
        let (_session, _data) = half_an_upload(&server, "STOR file");
        server.kill();
        let found = Command::new("find").arg(&root).args(["-name", ".ftp-upload.*"]).output().unwrap();
        assert_eq!(String::from_utf8(found.stdout).unwrap().lines().count(), 1);
        assert_eq!(names(&root).len(), 1);
    }
}

#[test]
fn in_place_and_read_only_are_options() {
    for name in SERVERS {
        let server = Server::start_as(name, CLIENTS[0], "127.0.0.1:0", &["--in-place"]);
        let (_session, _data) = half_an_upload(&server, "STOR file");
        assert_eq!(names(&server.root()), ["file"]);
        let server = Server::start_as(name, CLIENTS[0], "127.0.0.1:0", &["--read-only"]);
        let mut session = server.dial();
        session.log_in("anna", "secret");
        let _data = session.passive();
        assert!(session.say("STOR file").starts_with("550 "));
        assert!(session.say("MKD new").starts_with("550 "));
        assert_eq!(names(&server.root()), [""; 0]);
    }
}

#[test]
fn who_continues_a_file_that_another_has_changed_is_told_so() {
    for name in SERVERS {
        let server = Server::start_as(name, CLIENTS[0], "127.0.0.1:0", &[]);
        fs::write(server.root().join("f"), "old").unwrap();
        let mut sessions = [server.dial(), server.dial()];
        let mut uploads = sessions.each_mut().map(|session| {
            session.log_in("anna", "secret");
            let data = session.passive();
            assert!(session.say("APPE f").starts_with("150"), "{name}");
            data
        });
        for (data, word) in uploads.iter_mut().zip(["one", "two"]) {
            data.write_all(word.as_bytes()).unwrap();
        }
        drop(uploads);
        let mut said = sessions.each_mut().map(|session| session.reply());
        said.sort();
        assert!(said[0].starts_with("226 "), "{name}: {said:?}");
        assert_eq!(said[1], "451 The file has changed meanwhile: send it again.\r\n", "{name}");
        assert_eq!(fs::read_to_string(server.root().join("f")).unwrap().len(), 6, "{name}");
    }
}
