//! Both adapters of the server by hand: what becomes of files that shrink, of uploads that break off, and of directories.

use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

use crate::processes::{CLIENTS, SERVERS, Server, Session, names, noise};

const HERE: &str = "127.0.0.1:0";

fn start(server: &str, options: &[&str]) -> (Server, Session) {
    let server = Server::start_as(server, CLIENTS[0], HERE, options);
    let mut session = server.dial();
    session.log_in("anna", "secret");
    (server, session)
}

/// rclone makes the directories of a tree at once, and goes on after 550 and 521 alone.
#[test]
fn a_directory_that_can_not_be_made_is_a_550() {
    for name in SERVERS {
        let (server, mut session) = start(name, &[]);
        assert!(session.say("MKD d").starts_with("257 "));
        fs::write(server.root().join("file"), "x").unwrap();
        for (path, said) in [
            ("d", "550 It exists already.\r\n"),
            ("file", "550 It exists already.\r\n"),
            ("no/such", "550 No such file or directory.\r\n"),
            ("file/under", "550 Not a directory.\r\n"),
            ("..", "550 It exists already.\r\n"),
        ] {
            assert_eq!(session.say(&format!("MKD {path}")), said, "{name}, {path}");
        }
    }
}

#[test]
fn a_place_behind_the_end_closes_the_data_connection() {
    for name in SERVERS {
        let (server, mut session) = start(name, &[]);
        fs::write(server.root().join("file"), "ten bytes.").unwrap();
        for command in ["RETR file", "STOR file"] {
            let mut data = session.passive();
            assert!(session.say("REST 11").starts_with("350 "));
            assert!(session.say(command).starts_with("554 "), "{name}, {command}");
            data.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
            let ended = data.read(&mut [0; 10]);
            let is_closed = ended
                .as_ref()
                .map_or_else(|error| error.kind() == std::io::ErrorKind::ConnectionReset, |count| *count == 0);
            assert!(is_closed, "{name}, {command}: {ended:?}");
            assert!(session.say("NLST").starts_with("425 "), "{name}, {command}: it is spent");
        }
        assert_eq!(session.fetch("RETR file"), "ten bytes.", "{name}");
    }
}

#[test]
fn a_file_that_shrinks_while_it_is_sent_is_no_success() {
    for name in SERVERS {
        let (server, mut session) = start(name, &[]);
        for (size, cut) in [(64 << 20, 1 << 20), (64 << 20, 0)] {
            let file = fs::File::create(server.root().join("file")).unwrap();
            file.set_len(size).unwrap();
            let mut data = session.passive();
            let opening = session.say("RETR file");
            assert!(opening.starts_with("150 ") && opening.contains(&size.to_string()), "{opening}");
            data.read_exact(&mut [0; 1000]).unwrap();
            file.set_len(cut).unwrap();
            let got = 1000 + std::io::copy(&mut data, &mut std::io::sink()).unwrap_or(0);
            let end = session.reply();
            assert!(got < size && (end.starts_with("451 ") || end.starts_with("426 ")), "{name}: {got}, {end}");
            assert!(session.say("NOOP").starts_with("200 "), "{name}");
        }
        // A whole one is a success.
        fs::write(server.root().join("file"), noise(100_000)).unwrap();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        assert!(session.say(&format!("PORT 127,0,0,1,{},{}", port / 256, port % 256)).starts_with("200"));
        let opening = session.say("RETR file");
        assert!(opening.starts_with("150 "), "{opening}");
        let mut content = Vec::new();
        listener.accept().unwrap().0.read_to_end(&mut content).unwrap();
        assert!(session.reply().starts_with("226 ") && content == noise(100_000), "{name}");
    }
}

#[test]
fn a_file_that_grows_while_it_is_sent_is_one() {
    for name in SERVERS {
        let (server, mut session) = start(name, &[]);
        let mut file = fs::File::create(server.root().join("file")).unwrap();
        file.set_len(64 << 20).unwrap();
        let mut data = session.passive();
        assert!(session.say("RETR file").starts_with("150 "));
        data.read_exact(&mut [0; 1000]).unwrap();
        std::io::Seek::seek(&mut file, std::io::SeekFrom::End(0)).unwrap();
        file.write_all(b"more").unwrap();
        let got = 1000 + std::io::copy(&mut data, &mut std::io::sink()).unwrap();
        assert!(got >= 64 << 20, "{name}: {got}");
        assert!(session.reply().starts_with("226 "), "{name}");
    }
}

/// How an upload breaks off.
#[derive(Clone, Copy, Debug)]
enum Break {
    /// ABOR.
    Abort,
    /// The data connection is reset.
    Reset,
    /// The control connection ends.
    Leave,
}

const BREAKS: [Break; 3] = [Break::Abort, Break::Reset, Break::Leave];

/// An upload of which that much came. The session may be gone afterwards.
fn breaks_off(server: &Server, session: Session, command: &str, content: &[u8], how: Break) -> Session {
    let mut session = session;
    let mut data = session.passive();
    let opening = session.say(command);
    assert!(opening.starts_with("150"), "{opening}");
    data.write_all(content).unwrap();
    let has_come = |entry: fs::DirEntry| fs::read(entry.path()).is_ok_and(|stored| stored.ends_with(content));
    waits_for(|| fs::read_dir(server.root()).unwrap().any(|entry| has_come(entry.unwrap())), "it doesn't come");
    match how {
        Break::Abort => {
            assert!(session.say("ABOR").starts_with("426 "));
            assert!(session.reply().starts_with("226 "));
        }
        Break::Reset => {
            reset(data);
            assert!(session.reply().starts_with("426 "));
        }
        Break::Leave => {
            session.control.get_ref().shutdown(Shutdown::Write).unwrap();
            let _ = session.control.read_to_end(&mut Vec::new());
            session = server.dial();
            session.log_in("anna", "secret");
        }
    }
    waits_for(|| !names(&server.root()).iter().any(|name| name.starts_with(".ftp")), "something hidden stays");
    session
}

fn reset(data: TcpStream) {
    socket2::SockRef::from(&data).set_linger(Some(Duration::ZERO)).unwrap();
}

fn waits_for(mut what: impl FnMut() -> bool, why: &str) {
    let begun = Instant::now();
    while !what() {
        assert!(begun.elapsed() < Duration::from_secs(30), "{why}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn an_upload_that_breaks_off_is_gone_by_default() {
    for name in SERVERS {
        for how in BREAKS {
            let (server, session) = start(name, &[]);
            let mut session = breaks_off(&server, session, "STOR new", b"half", how);
            assert!(session.say("SIZE new").starts_with("550 "), "{name}, {how:?}");
        }
    }
}

#[test]
fn an_upload_that_breaks_off_is_kept_where_that_is_wanted_and_can_go_on() {
    for name in SERVERS {
        for how in BREAKS {
            for (go_on, at) in [("APPE new", None), ("STOR new", Some(4)), ("STOR new", Some(2))] {
                let (server, session) = start(name, &["--keep-incomplete"]);
                let mut session = breaks_off(&server, session, "STOR new", b"half", how);
                assert_eq!(session.say("SIZE new"), "213 4\r\n", "{name}, {how:?}");
                // What comes behind it breaks off, too.
                session = breaks_off(&server, session, "APPE new", b" and", how);
                assert_eq!(session.say("SIZE new"), "213 8\r\n", "{name}, {how:?}");
                let end = at.unwrap_or(8);
                if let Some(at) = at {
                    assert!(session.say(&format!("REST {at}")).starts_with("350 "));
                }
                session.send(go_on, " and more");
                let expected = [&b"half and"[..end], b" and more"].concat();
                assert_eq!(fs::read(server.root().join("new")).unwrap(), expected, "{name}, {how:?}, {go_on}");
                assert_eq!(names(&server.root()), ["new"], "{name}");
            }
        }
    }
}

#[test]
fn what_is_kept_takes_nothing_s_place() {
    for name in SERVERS {
        for how in BREAKS {
            let (server, session) = start(name, &["--keep-incomplete"]);
            let there = || fs::read(server.root().join("file")).unwrap();
            fs::write(server.root().join("file"), "the old contents").unwrap();
            // A new file of the name of an old one: the old one is whole.
            let session = breaks_off(&server, session, "STOR file", b"new", how);
            assert_eq!(there(), b"the old contents", "{name}, {how:?}");
            // Over the end of an old one: it would be shorter now.
            let mut session = session;
            assert!(session.say("REST 4").starts_with("350 "));
            let session = breaks_off(&server, session, "STOR file", b"new", how);
            assert_eq!(there(), b"the old contents", "{name}, {how:?}");
            // Behind it: nothing is lost.
            let session = breaks_off(&server, session, "APPE file", b", and half", how);
            assert_eq!(there(), b"the old contents, and half", "{name}, {how:?}");
            // Of an upload of which nothing came nothing is kept.
            let mut session = session;
            let data = session.passive();
            assert!(session.say("STOR none").starts_with("150"));
            reset(data);
            assert!(session.reply().starts_with("426 "));
            assert_eq!(names(&server.root()), ["file"], "{name}, {how:?}");
        }
    }
}

#[test]
fn a_name_that_was_promised_is_kept_too() {
    for name in SERVERS {
        let (server, session) = start(name, &["--keep-incomplete"]);
        let mut session = breaks_off(&server, session, "STOU new", b"half", Break::Reset);
        assert_eq!(fs::read(server.root().join("new")).unwrap(), b"half", "{name}");
        session.send("STOU new", "whole");
        assert_eq!(names(&server.root()), ["new", "new.2"], "{name}");
    }
}

#[test]
fn vsftpds_key_says_the_same() {
    for name in SERVERS {
        for (file, expected) in [
            ("delete_failed_uploads=NO\n", &["new"][..]),
            ("delete_failed_uploads=YES\n", &[]),
            ("write_enable=YES\n", &[]),
        ] {
            let directory = tempfile::tempdir().unwrap();
            let path = directory.path().join("ftpd.conf");
            fs::write(&path, file).unwrap();
            let (server, session) = start(name, &["--config", path.to_str().unwrap()]);
            breaks_off(&server, session, "STOR new", b"half", Break::Reset);
            assert_eq!(names(&server.root()), expected, "{name}, {file}");
        }
    }
}

#[test]
fn site_help_and_opts_mlst_are_answered_as_the_machine_has_it() {
    for name in SERVERS {
        let (_server, mut session) = start(name, &[]);
        assert_eq!(session.say("SITE HELP HELP"), "214 Syntax: SITE HELP [<SP> command]\r\n", "{name}");
        assert!(session.say("OPTS MLST size;nonsense;").starts_with("200 MLST OPTS size;"), "{name}");
        assert!(session.say("OPTS MLST nonsense;").starts_with("501 "), "{name}");
        assert!(session.say("OPTS MLST").starts_with("200 "), "{name}");
    }
}
