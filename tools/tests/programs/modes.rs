//! MODE B and MODE Z: both adapters of the server by hand, and the clients against them.

use std::fs;
use std::io::{Read, Write};

use ftp_proto::codec::{Decoder, Encoder, End, LineEnd, Stop};
use ftp_proto::{Form, Mode, Structure, Type};

use crate::processes::{CLIENTS, SERVERS, Server, Session, names, noise};

const HERE: &str = "127.0.0.1:0";

fn form(mode: Mode) -> Form {
    Form { representation: Type::Image, structure: Structure::File, mode }
}

fn encoded(mode: Mode, mut file: &[u8]) -> Vec<u8> {
    let mut encoder = Encoder::new(form(mode), LineEnd::Lf).unwrap();
    let (mut wire, mut buffer) = (Vec::new(), vec![0; 4096]);
    loop {
        let progress = encoder.encode(file, &mut buffer, true);
        file = &file[progress.read..];
        wire.extend_from_slice(&buffer[..progress.written]);
        if let Stop::Ended(_) = progress.stop {
            return wire;
        }
    }
}

/// Up to the mark of the end, and not a byte further.
fn received(mode: Mode, data: &mut impl Read) -> Vec<u8> {
    let mut decoder = Decoder::new(form(mode), LineEnd::Lf).unwrap();
    let (mut file, mut buffer, mut byte) = (Vec::new(), vec![0; 1 << 16], [0]);
    loop {
        let count = data.read(&mut byte).unwrap();
        let mut input = &byte[..count];
        loop {
            let progress = decoder.decode(input, &mut buffer, count == 0).unwrap();
            input = &input[progress.read..];
            file.extend_from_slice(&buffer[..progress.written]);
            match progress.stop {
                Stop::NeedsInput => break,
                Stop::Ended(end) => {
                    assert_eq!(end, End::Marked);
                    return file;
                }
                _ => {}
            }
        }
    }
}

fn start(server: &str, mode: &str) -> (Server, Session) {
    let server = Server::start_as(server, CLIENTS[0], HERE, &[]);
    let mut session = server.dial();
    session.log_in("anna", "secret");
    assert!(session.say(mode).starts_with("200"), "{mode}");
    (server, session)
}

#[test]
fn one_connection_in_mode_b_is_enough() {
    for name in SERVERS {
        let (server, mut session) = start(name, "MODE B");
        let content = noise(300_000);
        fs::write(server.root().join("file"), &content).unwrap();
        let mut data = session.passive();
        for opening in ["150", "125", "125"] {
            assert!(session.say("RETR file").starts_with(opening), "{name}");
            assert!(received(Mode::Block, &mut data) == content, "{name}");
            assert!(session.reply().starts_with("250"), "{name}");
        }
        assert!(session.say("RETR none").starts_with("550"), "{name}");
        assert!(session.say("NLST").starts_with("125"), "{name}");
        assert_eq!(received(Mode::Block, &mut data), b"file\r\n", "{name}");
        assert!(session.reply().starts_with("250"), "{name}");
        for file in [&b"one"[..], b"", &content] {
            assert!(session.say("STOR copy").starts_with("125"), "{name}");
            data.write_all(&encoded(Mode::Block, file)).unwrap();
            assert!(session.reply().starts_with("250"), "{name}");
            assert!(fs::read(server.root().join("copy")).unwrap() == file, "{name}");
        }
        // What is sent behind the end belongs to the next file.
        assert!(session.say("STOR first").starts_with("125"), "{name}");
        data.write_all(&[encoded(Mode::Block, b"first"), encoded(Mode::Block, b"second")].concat()).unwrap();
        assert!(session.reply().starts_with("250"), "{name}");
        assert!(session.say("STOR second").starts_with("125"), "{name}");
        assert!(session.reply().starts_with("250"), "{name}");
        for file in ["first", "second"] {
            assert_eq!(fs::read_to_string(server.root().join(file)).unwrap(), file, "{name}");
        }
        // In MODE S the end of the connection is the end.
        assert!(session.say("MODE S").starts_with("200"), "{name}");
        assert!(session.say("RETR first").starts_with("125"), "{name}");
        let mut rest = String::new();
        data.read_to_string(&mut rest).unwrap();
        assert_eq!((rest.as_str(), &session.reply()[..3]), ("first", "226"), "{name}");
        assert!(session.say("RETR first").starts_with("425"), "{name}");
    }
}

#[test]
fn an_upload_in_mode_b_that_is_cut_is_none() {
    for name in SERVERS {
        let (server, mut session) = start(name, "MODE B");
        let mut data = session.passive();
        assert!(session.say("STOR copy").starts_with("150"), "{name}");
        let wire = encoded(Mode::Block, b"content");
        data.write_all(&wire[..wire.len() - 1]).unwrap();
        drop(data);
        assert!(session.reply().starts_with("426"), "{name}");
        assert_eq!(names(&server.root()), Vec::<String>::new(), "{name}");
        assert!(session.say("STOR copy").starts_with("425"), "{name}: nothing is left of it");
    }
}

#[test]
fn mode_z_both_ways() {
    for name in SERVERS {
        let (server, mut session) = start(name, "MODE Z");
        assert!(session.say("OPTS MODE Z LEVEL 9").starts_with("200"), "{name}");
        for content in [Vec::new(), b"text\n".repeat(10_000), noise(100_000)] {
            fs::write(server.root().join("file"), &content).unwrap();
            let mut data = session.passive();
            assert!(session.say("RETR file").starts_with("150"), "{name}");
            let mut wire = Vec::new();
            data.read_to_end(&mut wire).unwrap();
            assert!(session.reply().starts_with("226"), "{name}: its connection is closed");
            assert!(received(Mode::Deflate, &mut &wire[..]) == content, "{name}");
            assert!(content.len() < 20_000 || content[0] != b't' || wire.len() < 1000, "{name}: {}", wire.len());
            let mut data = session.passive();
            assert!(session.say("STOR copy").starts_with("150"), "{name}");
            data.write_all(&encoded(Mode::Deflate, &content)).unwrap();
            drop(data);
            assert!(session.reply().starts_with("226"), "{name}");
            assert!(fs::read(server.root().join("copy")).unwrap() == content, "{name}");
        }
    }
}

#[test]
fn the_clients_move_trees_in_each_mode() {
    for server in SERVERS {
        for client in CLIENTS {
            for mode in ["stream", "block", "z"] {
                let server = Server::start_as(server, client, HERE, &[]);
                let files: [(&str, Vec<u8>); 3] =
                    [("a", b"one\ntwo\n".to_vec()), ("b", Vec::new()), ("c", noise(1_000_000))];
                fs::create_dir(server.root().join("d")).unwrap();
                for (name, content) in &files {
                    fs::write(server.root().join("d").join(name), content).unwrap();
                }
                let here = server.local("here");
                let output = server.run(&["--mode", mode, "-v", "--connections", "1", "mirror"], "/d", Some(&here));
                let said = String::from_utf8_lossy(&output.stderr).into_owned();
                assert!(output.status.success(), "{client}, {mode}: {said}");
                for (name, content) in &files {
                    assert!(fs::read(here.join(name)).unwrap() == *content, "{client}, {mode}: {name}");
                }
                // A connection that stays is agreed on once.
                let agreed = said.matches("> EPSV").count();
                assert!(if mode == "block" { agreed == 1 } else { agreed >= 4 }, "{client}, {mode}: {said}");
                for (name, content) in &files {
                    let path = format!("/up-{name}");
                    server.ok(&["--mode", mode, "put"], &path, Some(&here.join(name)));
                    assert!(fs::read(server.root().join(&path[1..])).unwrap() == *content, "{client}, {mode}: {name}");
                }
                server.ok(&["--mode", mode, "--ascii", "put"], "/text", Some(&here.join("a")));
                assert_eq!(fs::read(server.root().join("text")).unwrap(), b"one\ntwo\n", "{client}, {mode}");
            }
        }
    }
}
