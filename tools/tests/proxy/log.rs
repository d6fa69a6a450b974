//! The log: each command and each transfer in a line.

use std::fs;
use std::io::Write;
use std::net::{Shutdown, TcpListener};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use crate::processes::Server;
use crate::scripted::{Scripted, Then};
use crate::{Proxy, pair, read, read_all, transfer};

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

/// logrotate renames it, and says so by a signal; no session ends.
#[test]
fn the_log_goes_on_in_a_new_file() {
    let server = Server::start("127.0.0.1:0", &[]);
    let directory = tempfile::tempdir().unwrap();
    let [file, old] = ["proxy.log", "proxy.log.1"].map(|name| directory.path().join(name));
    let proxy = Proxy::before(&server.address, &["--log", file.to_str().unwrap()]);
    let mut session = proxy.log_in();
    fs::rename(&file, &old).unwrap();
    assert!(session.say("PWD").starts_with("257"));
    proxy.signal("HUP");
    let begun = Instant::now();
    while !file.exists() {
        assert!(begun.elapsed() < Duration::from_secs(20));
        thread::sleep(Duration::from_millis(10));
    }
    assert!(session.say("SYST").starts_with("215"));
    // Where it can't be opened, the one that is goes on.
    let elsewhere = directory.path().with_extension("elsewhere");
    fs::rename(directory.path(), &elsewhere).unwrap();
    proxy.signal("HUP");
    proxy.log(&["can't be opened"]);
    assert!(session.say("FEAT").starts_with("211"));
    fs::rename(&elsewhere, directory.path()).unwrap();
    let read = |file| fs::read_to_string(file).unwrap();
    assert!(read(&old).contains(" PWD 257 ") && !read(&old).contains("SYST"), "{}", read(&old));
    assert!(read(&file).contains(" SYST 215 ") && read(&file).contains(" FEAT 211 "), "{}", read(&file));
    assert!(!read(&file).contains("PWD"), "{}", read(&file));
}

/// Its bytes are those of the one who sends, to the last one, though the receiver has closed its half at once and the server said 226 before.
#[test]
fn a_transfer_is_over_when_its_sender_is() {
    let (proxy, client, server) = pair(&[]);
    let data = TcpListener::bind("127.0.0.1:0").unwrap();
    let (received, mut sent) = transfer(&client, &server, &data);
    received.shutdown(Shutdown::Write).unwrap();
    assert_eq!(read_all(&sent), b"");
    sent.write_all(b"half").unwrap();
    (&server).write_all(b"226 done\r\n").unwrap();
    read(&client, 10);
    thread::sleep(Duration::from_millis(300));
    sent.write_all(b" of it").unwrap();
    drop(sent);
    assert_eq!(read_all(&received), b"half of it");
    drop((client, server, received));
    assert_eq!(proxy.line(" RETR ")[3..5], ["226", "10"]);
}

/// Whatever becomes of a session, its last line says that it is gone.
#[test]
fn close_is_always_the_last_line() {
    let unused = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let proxy = Proxy::before(unused, &[]);
    assert!(read_all(proxy.dial_raw()).starts_with(b"421 "));
    let log = proxy.log(&["trouble", "close"]);
    assert!(log.lines().last().is_some_and(|line| line.contains(" close - - ")), "{log}");
    let server = Server::start("127.0.0.1:0", &[]);
    let proxy = Proxy::before(&server.address, &["--max-sessions", "1"]);
    let _one = proxy.log_in();
    assert!(read_all(proxy.dial_raw()).starts_with(b"421 "));
    let log = proxy.log(&["too many sessions", "close"]);
    assert!(log.lines().last().is_some_and(|line| line.contains(" close - - ")), "{log}");
}

/// A user's name is one field, and no other user's.
#[test]
fn a_user_s_name_is_one_word() {
    let (proxy, client, server) = pair(&[]);
    (&server).write_all(b"220 ready\r\n").unwrap();
    read(&client, 11);
    for (name, shown) in [
        (&b"a b"[..], "a\\x20b"),
        (b"\x1b[31m", "\\u{1b}[31m"),
        (b"\xe9l", "\\xe9l"),
        ("a\u{a0}b\u{3000}".as_bytes(), "a\\u{a0}b\\u{3000}"),
        ("\u{e9}l".as_bytes(), "\u{e9}l"),
    ] {
        (&client).write_all(&[b"USER ", name, b"\r\n"].concat()).unwrap();
        read(&server, name.len() + 7);
        (&server).write_all(b"230 in\r\n").unwrap();
        read(&client, 8);
        (&client).write_all(b"NOOP\r\n").unwrap();
        read(&server, 6);
        (&server).write_all(b"200 ok\r\n").unwrap();
        read(&client, 8);
        proxy.log(&[&format!(" {shown} NOOP 200 ")]);
    }
}
