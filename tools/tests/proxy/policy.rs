//! What policy forbids.

use std::process::Command;

use crate::Proxy;
use crate::processes::{CLIENTS, Server, client_program, one_line_of_failure};
use crate::scripted::{Scripted, Then};

/// A server that says yes to everything.
fn willing() -> Scripted {
    Scripted::new(|peer, line| match line.split(' ').next() {
        Some("USER" | "PASS" | "QUIT" | "EPSV" | "PASV" | "PORT" | "EPRT" | "NOOP" | "TYPE") => Then::Usual,
        Some("AUTH") => {
            peer.say("234 go on");
            Then::Said
        }
        _ => {
            peer.say("250 yes");
            Then::Said
        }
    })
}

#[test]
fn only_one_kind_of_data_connections() {
    let server = willing();
    let proxy = Proxy::before(server.address, &["--only", "passive"]);
    let mut session = proxy.log_in();
    for (command, code) in [("PORT 127,0,0,1,200,1", "502"), ("EPRT |1|127.0.0.1|50000|", "502"), ("EPSV", "229")] {
        assert!(session.say(command).starts_with(code), "{command}");
    }
    let proxy = Proxy::before(server.address, &["--only", "active"]);
    let mut session = proxy.log_in();
    for (command, code) in [("PORT 127,0,0,1,200,1", "200"), ("PASV", "502"), ("EPSV", "502"), ("LPSV", "502")] {
        assert!(session.say(command).starts_with(code), "{command}");
    }
    assert_eq!((server.count("EPSV"), server.count("PASV"), server.count("EPRT")), (1, 0, 0));
}

#[test]
fn what_is_denied_never_reaches_the_server() {
    let server = willing();
    let proxy = Proxy::before(server.address, &["--deny", "DELE,xfoo", "--deny", "XMKD"]);
    let mut session = proxy.log_in();
    for command in ["DELE a", "dele a", "DELE", "XFOO", "xfoo bar", "MKD a", "XMKD a", "DELE\ta"] {
        let reply = session.say(command);
        assert!(reply.starts_with("50"), "{command}: {reply}");
    }
    // Where servers could read more than the proxy does.
    for line in [" DELE a", "NOOP\rDELE a", "\rDELE a"] {
        assert!(session.say(line).starts_with("500"), "{line:?}");
    }
    assert!(session.say("RMD a").starts_with("250"));
    let heard = server.heard();
    assert!(
        !heard.iter().any(|line| ["DELE", "FOO", "MKD"].iter().any(|word| line.to_uppercase().contains(word))),
        "{heard:?}"
    );
    proxy.log(&["DELE (502) - ", "XFOO (502)", "RMD 250"]);
}

#[test]
fn read_only_lets_nothing_change() {
    let server = willing();
    let proxy = Proxy::before(server.address, &["--read-only"]);
    let mut session = proxy.log_in();
    let changing = [
        "STOR a",
        "STOU",
        "APPE a",
        "DELE a",
        "RMD a",
        "XRMD a",
        "MKD a",
        "RNFR a",
        "RNTO b",
        "SITE CHMOD 777 a",
        "SMNT a",
        "MFMT 20200101000000 a",
        "MFF Modify=20200101000000; a",
        "MDTM 20200101000000 a",
        "MDTM 20200101000000+60 a",
        "MDTM 20200101000000-0700 a b",
        "MDTM 20200101000000.123 a",
        "MDTM 20200101000000Z a",
        "MDTM  202001010000 a",
        "XYZZY a",
        "MIC AAAA",
    ];
    for command in changing {
        let reply = session.say(command);
        assert!(reply.starts_with("550"), "{command}: {reply}");
    }
    for command in [
        "CWD a",
        "PWD",
        "SIZE a",
        "MDTM a",
        "MDTM 2020 a",
        "MDTM 20200101000000.log",
        "MDTM 20200101000000_a of then",
        "MLST a",
        "STAT",
        "FEAT",
        "HASH a",
        "OPTS UTF8 ON",
        "REST 1",
    ] {
        let reply = session.say(command);
        assert!(reply.starts_with("250"), "{command}: {reply}");
    }
    assert_eq!(server.heard().iter().filter(|line| changing.contains(&line.as_str())).count(), 0);
}

#[test]
fn ports_that_may_be_announced() {
    let server = willing();
    let proxy = Proxy::before(server.address, &["--announced-ports", "50000-50009"]);
    let mut session = proxy.log_in();
    assert!(session.say("PORT 127,0,0,1,195,80").starts_with("200"), "50000");
    assert!(session.say("PORT 127,0,0,1,195,79").starts_with("500"), "49999");
    assert_eq!(server.count("PORT"), 1);
    proxy.log(&["PORT (500)", "the policy forbids port 49999"]);
}

#[test]
fn auth_is_refused_with_a_reason() {
    let server = willing();
    let proxy = Proxy::before(server.address, &[]);
    let mut session = proxy.log_in();
    let reply = session.say("AUTH TLS");
    assert!(reply.starts_with("534 ") && reply.contains("TLS") && reply.contains("data connections"), "{reply}");
    assert_eq!(server.count("AUTH"), 0);
    // Our client tells it to its user.
    for client in CLIENTS {
        let mut command = client_program(client);
        let url = format!("ftp://anna:secret@{}/", proxy.address);
        let line = one_line_of_failure(&command.args(["--tls", "explicit", "ls", &url]).output().unwrap());
        assert!(line.contains("534"), "{line}");
    }
}

/// From there on the proxy passes on what it can't read, and says so.
#[test]
fn a_blind_session_passes_and_has_no_data_connections() {
    let directory = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (certificate, key) = (directory.path().join("certificate.pem"), directory.path().join("key.pem"));
    std::fs::write(&certificate, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let options = ["--certificate", certificate.to_str().unwrap(), "--key", key.to_str().unwrap()];
    let server = Server::start("127.0.0.1:0", &options);
    let proxy = Proxy::before(&server.address, &["--tls", "blind"]);
    let run = |arguments: &[&str], path: &str| {
        let url = format!("ftp://anna:secret@{}{path}", proxy.address);
        client_program("std").args(["--tls", "explicit", "--insecure"]).args(arguments).arg(url).output().unwrap()
    };
    let output = run(&["mkdir"], "/made");
    assert!(output.status.success(), "{output:?}");
    assert!(server.root().join("made").is_dir(), "what needs no data connection works");
    // The 229 names a port of the server's, which at the proxy's host is the server's by chance here; a 227 is the same.
    let log = proxy.log(&[" blind - - ", "no data connection is made", "AUTH 234"]);
    assert!(!log.contains("MKD") && !log.contains("secret"), "{log}");
}

#[test]
fn tls_from_the_start_is_refused_too() {
    use std::io::{Read, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = Proxy::before(listener.local_addr().unwrap(), &[]);
    let mut control = std::net::TcpStream::connect(proxy.address).unwrap();
    control.set_read_timeout(Some(std::time::Duration::from_secs(10))).unwrap();
    control.write_all(b"\x16\x03\x01\x00\x05hello").unwrap();
    let mut all = Vec::new();
    let _ = control.read_to_end(&mut all);
    let mut heard = Vec::new();
    let _ = listener.accept().unwrap().0.read_to_end(&mut heard);
    assert_eq!(heard, b"", "not a byte goes on");
    proxy.log(&["close"]);
}

#[test]
fn what_cannot_be_kept_is_not_promised() {
    for options in [&["--tls", "blind", "--read-only"][..], &["--tls", "blind", "--deny", "DELE"]] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ftp-proxy"));
        command.args(["--listen", "127.0.0.1:0", "--server", "127.0.0.1:1"]).args(options);
        let output = command.output().unwrap();
        let line = String::from_utf8(output.stderr).unwrap();
        assert!(line.starts_with("ftp-proxy: ") && line.contains("--tls refuse"), "{line}");
        assert_eq!((output.status.code(), line.matches('\n').count()), (Some(2), 1), "{line}");
    }
}

#[test]
fn more_sessions_than_allowed_are_told_so() {
    let server = willing();
    let proxy = Proxy::before(server.address, &["--max-sessions", "2"]);
    let (_one, two) = (proxy.log_in(), proxy.log_in());
    let mut third = std::io::BufReader::new(std::net::TcpStream::connect(proxy.address).unwrap());
    let mut line = String::new();
    std::io::BufRead::read_line(&mut third, &mut line).unwrap();
    assert!(line.starts_with("421 "), "{line}");
    drop(two);
    proxy.log(&["too many sessions", "close"]);
    proxy.log_in();
}
