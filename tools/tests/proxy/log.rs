//! The log: each command and each transfer in a line.

use std::fs;
use std::io::Write;
use std::net::TcpListener;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use crate::Proxy;
use crate::processes::Server;
use crate::scripted::{Scripted, Then};

#[test]
fn each_command_and_each_transfer_is_a_line_and_no_secret_is_in_any() {
    let server = Server::start("127.0.0.1:0", &[]);
    fs::create_dir(server.root().join("pub")).unwrap();
    fs::write(server.root().join("pub/a file"), vec![b'x'; 100_000]).unwrap();
    let proxy = Proxy::before(&server.address, &[]);
    let mut session = proxy.log_in();
    let client = session.control.get_ref().local_addr().unwrap().to_string();
    session.fetch("RETR pub/a file");
    session.send("STOR up", "seven b");
    session.fetch("NLST");
    assert!(session.say("RETR nothing").starts_with('4') || session.say("NOOP").starts_with("200"));
    session.say("CWD pub");
    session.say("SITE CHPASS hidden1");
    session.say("XPASS hidden2");
    session.say("ACCT hidden3");
    session.say("TYPE \x1b[2J");
    session.say("QUIT");
    let log = proxy.log(&["close"]);
    let lines = |part: &str| proxy.line(part);
    assert_eq!(lines(" USER ")[..5], [&client, "-", "USER", "331", "-"]);
    assert_eq!(lines(" PASS ")[..5], [&client, "-", "PASS", "230", "-"], "nobody is logged in before it");
    assert_eq!(lines(" PASS ")[6], "****");
    assert_eq!(lines("pub/a file")[1..5], ["anna", "RETR", "226", "100000"]);
    assert_eq!(lines(" RETR 226 ")[6], "pub/a file");
    assert_eq!((&lines(" STOR ")[4..5], &lines(" STOR ")[6..]), (&["7".into()][..], &["up".into()][..]));
    assert_eq!(lines(" NLST ")[3], "226");
    assert_eq!(lines(" NLST ")[6], "-");
    assert_eq!(lines(" RETR 425 ")[4], "0");
    assert_eq!(lines(" CWD ")[3], "250");
    assert_eq!(lines(" QUIT ")[3], "221");
    assert_eq!(lines(" connect ")[6], server.address);
    let seconds: f64 = lines(" RETR 226 ")[5].parse().unwrap();
    assert!((0.0..10.0).contains(&seconds));
    for secret in ["secret", "hidden", "\x1b"] {
        assert!(!log.contains(secret), "{log}");
    }
    assert!(log.contains("XPASS") && log.contains("SITE"), "{log}");
    let commands =
        log.lines().filter(|line| line.split(' ').nth(3).is_some_and(|verb| verb.starts_with(char::is_uppercase)));
    let verbs: Vec<_> = commands.map(|line| line.split(' ').nth(3).unwrap()).collect();
    assert_eq!(
        verbs,
        [
            "USER", "PASS", "TYPE", "EPSV", "RETR", "EPSV", "STOR", "EPSV", "NLST", "RETR", "CWD", "SITE", "XPASS",
            "ACCT", "TYPE", "QUIT"
        ],
        "one line each, in order"
    );
}

/// Whatever a client says, its line is one line of eight fields, and looks like what it is.
#[test]
fn no_line_of_a_client_looks_like_another() {
    let server = Server::start("127.0.0.1:0", &[]);
    let proxy = Proxy::before(&server.address, &[]);
    let mut session = proxy.log_in();
    for line in ["", "  ", "\t", "?", "CWD a\rb", "CWD \u{2028}2026-01-01T00:00:00.000Z", "CWD \u{202e}txt.exe"] {
        session.say(line);
    }
    session.say("QUIT");
    let log = proxy.log(&["close"]);
    for line in log.lines() {
        let fields: Vec<&str> = line.splitn(8, ' ').collect();
        assert!(fields.len() == 8 && fields.iter().all(|field| !field.is_empty()), "{line}");
    }
    assert_eq!(log.matches(" ? (500) - ").count(), 3, "{log}");
    assert!(!log.contains(['\r', '\t', '\u{2028}', '\u{202e}']), "{log}");
}

#[test]
fn the_log_goes_to_a_file_behind_what_is_there() {
    let server = Server::start("127.0.0.1:0", &[]);
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("proxy.log");
    fs::write(&file, "before\n").unwrap();
    let proxy = Proxy::before(&server.address, &["--log", file.to_str().unwrap()]);
    let mut session = proxy.log_in();
    session.say("NOOP");
    drop(session);
    thread::sleep(Duration::from_millis(300));
    let log = fs::read_to_string(&file).unwrap();
    assert!(log.starts_with("before\n") && log.contains(" NOOP 200 "), "{log}");
}

/// What moves while the data connection stays is told apart (MODE B).
#[test]
fn a_data_connection_of_two_transfers_is_counted_for_each() {
    let data = Mutex::new(None);
    let server = Scripted::new(move |peer, line| match line {
        "MODE B" => {
            peer.say("200 ok");
            Then::Said
        }
        "RETR a" | "RETR b" => {
            peer.say("150 here it comes");
            let content = if line == "RETR a" { &b"1234567"[..] } else { b"123" };
            let mut data = data.lock().unwrap();
            data.get_or_insert_with(|| peer.data()).write_all(content).unwrap();
            thread::sleep(Duration::from_millis(200));
            peer.say("250 and it stays");
            Then::Said
        }
        _ => Then::Usual,
    });
    let proxy = Proxy::before(server.address, &[]);
    let mut session = proxy.log_in();
    assert!(session.say("MODE B").starts_with("200"));
    let _data = session.passive();
    for name in ["RETR a", "RETR b"] {
        assert!(session.say(name).starts_with("150"));
        assert!(session.reply().starts_with("250"));
    }
    session.say("QUIT");
    drop((session, _data));
    assert_eq!(proxy.line(" 7 ")[2..5], ["RETR", "250", "7"]);
    assert_eq!(proxy.line(" 3 ")[2..5], ["RETR", "250", "3"]);
}

/// The doctor's cause and cure, for the leg that failed.
#[test]
fn trouble_is_explained() {
    let server = Scripted::new(|peer, line| {
        match line.split(' ').next() {
            Some("LIST") => peer.say("425 Nobody came."),
            Some("RETR") => {
                peer.say("150 here");
                drop(peer.data());
                peer.say("226 done");
            }
            Some("LPSV") => peer.say("502 no"),
            _ => return Then::Usual,
        }
        Then::Said
    });
    let proxy = Proxy::before(server.address, &["--passive-ports", "46300-46399"]);
    let mut session = proxy.log_in();
    // Nobody comes to the proxy.
    assert!(session.say("EPSV").starts_with("229"));
    assert!(session.say("LIST").starts_with("425"));
    proxy.log(&[
        "trouble - - ",
        "the client did not connect to 127.0.0.1:463",
        "(EPSV); passive-range-dropped",
        "46300",
    ]);
    // The client doesn't listen where it says.
    let unused = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    assert!(session.say(&format!("PORT 127,0,0,1,{},{}", unused >> 8, unused & 255)).starts_with("200"));
    assert!(session.say("RETR a").starts_with("150"));
    proxy.log(&[&format!("PORT 127.0.0.1:{unused}: connection refused; active-inbound-rejected")]);
    assert!(session.reply().starts_with("226"));
    // The server doesn't know it.
    assert!(session.say("LPSV").starts_with("502"));
    proxy.log(&["PASV: refused with 502"]);
}

#[test]
fn what_works_is_no_trouble() {
    let server = Server::start("127.0.0.1:0", &[]);
    let proxy = Proxy::before(&server.address, &[]);
    let mut session = proxy.log_in();
    session.send("STOR f", "x");
    session.fetch("RETR f");
    assert!(session.say("AUTH TLS").starts_with("534"));
    assert!(session.say("QUIT").starts_with("221"));
    drop(session);
    let log = proxy.log(&["close"]);
    assert!(!log.contains("trouble"), "{log}");
}
