//! Both adapters of the server by hand: what TYPE makes of files.

use std::fs;
use std::io::{Read, Write};

use crate::processes::{CLIENTS, SERVERS, Server, Session, noise};

const HERE: &str = "127.0.0.1:0";

fn start(server: &str, options: &[&str]) -> (Server, Session) {
    let server = Server::start_as(server, CLIENTS[0], HERE, options);
    let mut session = server.dial();
    session.log_in_as_it_begins("anna", "secret");
    (server, session)
}

fn receive(session: &mut Session, command: &str) -> (String, Vec<u8>) {
    let mut data = session.passive();
    let opening = session.say(command);
    assert!(opening.starts_with("150"), "{opening}");
    let mut content = Vec::new();
    data.read_to_end(&mut content).unwrap();
    let end = session.reply();
    assert!(end.starts_with("226"), "{end}");
    (opening, content)
}

fn store(session: &mut Session, command: &str, content: &[u8]) {
    let mut data = session.passive();
    assert!(session.say(command).starts_with("150"));
    data.write_all(content).unwrap();
    drop(data);
    assert!(session.reply().starts_with("226"));
}

/// A session begins with TYPE A (RFC 959 5.1).
#[test]
fn type_a_converts_line_ends_both_ways() {
    for name in SERVERS {
        let (server, mut session) = start(name, &[]);
        // A file, its bytes on the wire, and the file that they become again.
        let samples: [(&[u8], &[u8], &[u8]); 6] = [
            (b"one\ntwo\n", b"one\r\ntwo\r\n", b"one\ntwo\n"),
            (b"one\r\ntwo", b"one\r\ntwo", b"one\ntwo"),
            (b"\n\n", b"\r\n\r\n", b"\n\n"),
            (b"a\rb\r", b"a\rb\r", b"a\rb\r"),
            (b"", b"", b""),
            (b"\xff\x00\n", b"\xff\x00\r\n", b"\xff\x00\n"),
        ];
        for (file, wire, again) in samples {
            fs::write(server.root().join("file"), file).unwrap();
            let (opening, content) = receive(&mut session, "RETR file");
            assert_eq!(content, wire, "{name}: {file:?}");
            assert!(!opening.contains("bytes"), "{name}: nobody knows how many: {opening}");
            store(&mut session, "STOR copy", wire);
            assert_eq!(fs::read(server.root().join("copy")).unwrap(), again, "{name}: {file:?}");
            store(&mut session, "APPE copy", b"+\r\n");
            assert_eq!(fs::read(server.root().join("copy")).unwrap(), [again, b"+\n"].concat(), "{name}: {file:?}");
            store(&mut session, "STOU name", wire);
            let stored = server.root().join("name");
            assert_eq!(fs::read(&stored).unwrap(), again, "{name}: {file:?}");
            fs::remove_file(stored).unwrap();
        }
        // Many pieces, cut anywhere.
        let text: Vec<u8> = (0..200_000).flat_map(|line| format!("{}\n", "x".repeat(line % 61)).into_bytes()).collect();
        let wire: Vec<u8> =
            text.iter().flat_map(|byte| if *byte == b'\n' { vec![b'\r', b'\n'] } else { vec![*byte] }).collect();
        fs::write(server.root().join("file"), &text).unwrap();
        assert!(receive(&mut session, "RETR file").1 == wire, "{name}");
        store(&mut session, "STOR copy", &wire);
        assert!(fs::read(server.root().join("copy")).unwrap() == text, "{name}");
        // A listing has the same lines in either TYPE.
        let listing = receive(&mut session, "NLST").1;
        assert_eq!(listing, b"copy\r\nfile\r\n", "{name}");
        assert!(session.say("TYPE I").starts_with("200"));
        assert_eq!(receive(&mut session, "NLST").1, listing, "{name}");
        // And TYPE I changes nothing.
        let (opening, content) = receive(&mut session, "RETR file");
        assert!(content == text && opening.contains(&format!("({} bytes)", text.len())), "{name}: {opening}");
        store(&mut session, "STOR copy", &wire);
        assert!(fs::read(server.root().join("copy")).unwrap() == wire, "{name}");
    }
}

#[test]
fn a_file_that_shrinks_is_no_success_in_type_a_either() {
    for name in SERVERS {
        let (server, mut session) = start(name, &[]);
        let file = fs::File::create(server.root().join("file")).unwrap();
        file.set_len(64 << 20).unwrap();
        let mut data = session.passive();
        assert!(session.say("RETR file").starts_with("150 "));
        data.read_exact(&mut [0; 1000]).unwrap();
        file.set_len(1 << 20).unwrap();
        let _ = std::io::copy(&mut data, &mut std::io::sink());
        let end = session.reply();
        assert!(end.starts_with("451 ") || end.starts_with("426 "), "{name}: {end}");
    }
}

#[test]
fn either_way_can_be_left_as_it_is() {
    for name in SERVERS {
        for (file, download, upload) in [
            ("ascii_download_enable=NO\n", &b"a\n"[..], &b"a\n"[..]),
            ("ascii_upload_enable=NO\n", b"a\r\n", b"a\r\n"),
            ("ascii_upload_enable=NO\nascii_download_enable=NO\n", b"a\n", b"a\r\n"),
            ("ascii_upload_enable=YES\nascii_download_enable=YES\n", b"a\r\n", b"a\n"),
        ] {
            let directory = tempfile::tempdir().unwrap();
            let path = directory.path().join("ftpd.conf");
            fs::write(&path, file).unwrap();
            let (server, mut session) = start(name, &["--config", path.to_str().unwrap()]);
            check(name, &server, &mut session, (download, upload), file);
        }
        let (server, mut session) = start(name, &["--no-ascii"]);
        check(name, &server, &mut session, (b"a\n", b"a\r\n"), "--no-ascii");
    }
}

fn check(name: &str, server: &Server, session: &mut Session, (download, upload): (&[u8], &[u8]), why: &str) {
    fs::write(server.root().join("file"), "a\n").unwrap();
    assert_eq!(receive(session, "RETR file").1, download, "{name}, {why}");
    store(session, "STOR copy", b"a\r\n");
    assert_eq!(fs::read(server.root().join("copy")).unwrap(), upload, "{name}, {why}");
}

/// Binary data in TYPE A comes to harm, but not beyond its line ends.
#[test]
fn what_is_no_text_loses_no_other_byte() {
    for name in SERVERS {
        let (server, mut session) = start(name, &[]);
        let content: Vec<u8> = noise(1_000_003).into_iter().filter(|byte| *byte != b'\r').collect();
        fs::write(server.root().join("file"), &content).unwrap();
        let wire = receive(&mut session, "RETR file").1;
        store(&mut session, "STOR copy", &wire);
        assert!(fs::read(server.root().join("copy")).unwrap() == content, "{name}");
    }
}
