//! Both adapters of the server by hand: what TYPE makes of files.

use std::fs;
use std::io::{Read, Write};
use std::time::{Duration, Instant};

use ftp_proto::codec::{Decoder, Encoder, End, LineEnd, Stop};
use ftp_proto::{Form, Mode, Structure, Type};

use crate::processes::{CLIENTS, SERVERS, Server, Session, at_once, noise};

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
    store_as("226", session, command, content);
}

fn store_as(code: &str, session: &mut Session, command: &str, content: &[u8]) {
    let mut data = session.passive();
    assert!(session.say(command).starts_with("150"));
    data.write_all(content).unwrap();
    drop(data);
    let end = session.reply();
    assert!(end.starts_with(code), "{end}");
}

/// MODE B's data connection is open behind the mark of the file's end; MODE Z's is closed.
fn end_of(mode: Mode) -> &'static str {
    if mode == Mode::Block { "250" } else { "226" }
}

/// A session begins with TYPE A (RFC 959 5.1).
#[test]
fn type_a_converts_line_ends_both_ways() {
    at_once(SERVERS, |name| {
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
    });
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

/// What an encoder makes of a file, or a decoder of what comes: the crate's own, which has tests of its own.
fn form(mode: Mode, representation: Type) -> Form {
    Form { representation, structure: Structure::File, mode }
}

fn encoded(content: &[u8], form: Form) -> Vec<u8> {
    let mut encoder = Encoder::new(form, LineEnd::Lf).unwrap();
    let (mut rest, mut wire, mut buffer) = (content, Vec::new(), vec![0; 10_000]);
    loop {
        let progress = encoder.encode(rest, &mut buffer, true);
        rest = &rest[progress.read..];
        wire.extend_from_slice(&buffer[..progress.written]);
        if let Stop::Ended(_) = progress.stop {
            return wire;
        }
    }
}

/// A file that ends with its mark.
fn receive_marked(session: &mut Session, command: &str, form: Form) -> (String, Vec<u8>) {
    let mut data = session.passive();
    let opening = session.say(command);
    assert!(opening.starts_with("150"), "{opening}");
    let mut decoder = Decoder::new(form, LineEnd::Lf).unwrap();
    let (mut content, mut wire, mut buffer) = (Vec::new(), [0; 5_000], vec![0; 10_000]);
    loop {
        let count = data.read(&mut wire).unwrap();
        let mut came = &wire[..count];
        loop {
            let progress = decoder.decode(came, &mut buffer, count == 0).unwrap();
            came = &came[progress.read..];
            content.extend_from_slice(&buffer[..progress.written]);
            match progress.stop {
                Stop::NeedsInput => break,
                Stop::Ended(end) => {
                    assert_eq!((end, came), (End::Marked, &b""[..]));
                    let end = session.reply();
                    assert!(end.starts_with(end_of(form.mode)), "{end}");
                    return (opening, content);
                }
                _ => {}
            }
        }
    }
}

const MODES: [(&str, Mode); 2] = [("B", Mode::Block), ("Z", Mode::Deflate)];

#[test]
fn modes_b_and_z_carry_files_and_listings() {
    at_once(SERVERS, |name| {
        let (server, mut session) = start(name, &[]);
        let contents = [noise(1_000_003), vec![0; 3_000_000], Vec::new(), b"one\ntwo\n".repeat(50_000)];
        for (letter, mode) in MODES {
            assert!(session.say(&format!("MODE {letter}")).starts_with("200"), "{name}, MODE {letter}");
            for (kind, representation) in [("I", Type::Image), ("A", Type::Ascii(None))] {
                assert!(session.say(&format!("TYPE {kind}")).starts_with("200"));
                let form = form(mode, representation);
                for content in &contents {
                    let case = format!("{name}, MODE {letter}, TYPE {kind}, {} bytes", content.len());
                    if kind == "A" && content.contains(&b'\r') {
                        continue;
                    }
                    fs::write(server.root().join("file"), content).unwrap();
                    let (opening, came) = receive_marked(&mut session, "RETR file", form);
                    assert!(!opening.contains("bytes"), "{case}: {opening}");
                    assert!(came == *content, "{case}");
                    store_as(end_of(mode), &mut session, "STOR copy", &encoded(content, form));
                    assert!(fs::read(server.root().join("copy")).unwrap() == *content, "{case}");
                }
                let listing = receive_marked(&mut session, "NLST", Form { representation: Type::Image, ..form }).1;
                assert_eq!(listing, b"copy\r\nfile\r\n", "{name}, {letter}");
            }
        }
        assert!(session.say("MODE S").starts_with("200"));
        assert_eq!(receive(&mut session, "NLST").1, b"copy\r\nfile\r\n", "{name}");
    });
}

/// RFC 959 3.4.2: the end is in the data, and the client needn't close.
#[test]
fn an_upload_in_mode_b_ends_with_its_mark() {
    for name in SERVERS {
        let (server, mut session) = start(name, &[]);
        assert!(session.say("TYPE I").starts_with("200") && session.say("MODE B").starts_with("200"));
        let mut data = session.passive();
        assert!(session.say("STOR new").starts_with("150"));
        data.write_all(&encoded(b"content", form(Mode::Block, Type::Image))).unwrap();
        assert!(session.reply().starts_with("250"), "{name}");
        assert_eq!(fs::read(server.root().join("new")).unwrap(), b"content", "{name}");
    }
}

#[test]
fn an_upload_whose_mark_is_missing_is_none() {
    for name in SERVERS {
        for (letter, mode) in MODES {
            let (server, mut session) = start(name, &[]);
            assert!(session.say("TYPE I").starts_with("200"));
            assert!(session.say(&format!("MODE {letter}")).starts_with("200"), "{name}, MODE {letter}");
            let whole = encoded(&noise(100_000), form(mode, Type::Image));
            let wrong = format!("451 This is no file in MODE {letter}: ");
            for (wire, code) in [
                (&whole[..whole.len() - 1], "426 The data has ended before the mark of its end."),
                (&[0xff; 1000][..], &wrong),
            ] {
                let mut data = session.passive();
                assert!(session.say("STOR new").starts_with("150"));
                data.write_all(wire).unwrap();
                let _ = data.shutdown(std::net::Shutdown::Write);
                let end = session.reply();
                assert!(end.starts_with(code), "{name}, {letter}: {end}");
                assert!(!server.root().join("new").exists(), "{name}, {letter}");
                assert!(session.say("NOOP").starts_with("200"), "{name}, {letter}");
            }
        }
    }
}

/// Too long also for a busy machine.
const LONG: Duration = Duration::from_secs(10);

/// What expands a thousandfold takes its time, and not everybody else's: others are served amid it, and ABOR is heard. That it comes
/// amid the transfer shows that nobody had to wait for the end.
#[test]
fn a_bomb_in_mode_z_is_no_burden_to_others() {
    let bomb = encoded(&vec![0; 256 << 20], form(Mode::Deflate, Type::Image));
    at_once(SERVERS, |name| {
        let (server, mut session) = start(name, &["--max-expansion", "0"]);
        assert!(session.say("TYPE I").starts_with("200") && session.say("MODE Z").starts_with("200"));
        let mut others: Vec<_> = (0..4).map(|_| server.dial()).collect();
        let mut data = session.passive();
        assert!(session.say("STOR new").starts_with("150"));
        data.write_all(&bomb).unwrap();
        let mut slowest = Duration::ZERO;
        for _ in 0..3 {
            for other in &mut others {
                let asked = Instant::now();
                assert!(other.say("NOOP").starts_with("200"));
                slowest = slowest.max(asked.elapsed());
            }
        }
        assert!(slowest < LONG, "{name}: {slowest:?}");
        let asked = Instant::now();
        assert!(session.say("ABOR").starts_with("426"), "{name}");
        assert!(asked.elapsed() < LONG, "{name}: {:?}", asked.elapsed());
        // Nor does a file that shrinks to nothing.
        fs::File::create(server.root().join("zeros")).unwrap().set_len(8 << 30).unwrap();
        assert!(session.reply().starts_with("226"));
        let _data = session.passive();
        assert!(session.say("RETR zeros").starts_with("150"));
        std::thread::sleep(Duration::from_millis(100));
        for other in &mut others {
            let asked = Instant::now();
            assert!(other.say("NOOP").starts_with("200"));
            assert!(asked.elapsed() < LONG, "{name}: {:?}", asked.elapsed());
        }
        let asked = Instant::now();
        assert!(session.say("ABOR").starts_with("426"), "{name}");
        assert!(asked.elapsed() < LONG, "{name}: {:?}", asked.elapsed());
    });
}

#[test]
fn the_level_of_mode_z_is_the_client_s() {
    for name in SERVERS {
        let (server, mut session) = start(name, &[]);
        fs::write(server.root().join("file"), b"some text, and more of it; ".repeat(10_000)).unwrap();
        assert!(session.say("TYPE I").starts_with("200") && session.say("MODE Z").starts_with("200"));
        let length = |session: &mut Session, level: &str| {
            assert!(session.say(&format!("OPTS MODE Z LEVEL {level}")).starts_with("200"), "{name}");
            receive(session, "RETR file").1.len()
        };
        assert!(length(&mut session, "0") > 270_000, "{name}");
        assert!(length(&mut session, "9") < 10_000, "{name}");
        assert!(session.say("OPTS MODE Z").starts_with("200"));
        assert!(receive(&mut session, "RETR file").1.len() < 10_000, "{name}");
    }
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

#[test]
fn a_bomb_in_mode_z_goes_off_at_a_hundred_times_its_size() {
    let zeros = |count: usize| (encoded(&vec![0; count], form(Mode::Deflate, Type::Image)), count);
    let (small, large) = (zeros(60 << 20), zeros(80 << 20));
    let limited = "552 More than 100 times as much as was sent";
    at_once(SERVERS, |name| {
        for (options, (wire, count), said) in [
            (&[][..], &small, "226 "),
            (&[], &large, limited),
            (&["--max-expansion", "2000"], &large, "226 "),
            (&["--max-expansion", "0"], &large, "226 "),
        ] {
            let (server, mut session) = start(name, options);
            fs::write(server.root().join("new"), "old").unwrap();
            assert!(session.say("TYPE I").starts_with("200") && session.say("MODE Z").starts_with("200"));
            let mut data = session.passive();
            assert!(session.say("STOR new").starts_with("150"));
            // It may be closed early.
            let _ = data.write_all(wire);
            drop(data);
            let end = session.reply();
            assert!(end.starts_with(said), "{name}, {options:?}: {end}");
            let expected = if said == limited { 3 } else { *count };
            let length = fs::metadata(server.root().join("new")).unwrap().len();
            assert_eq!(length, expected as u64, "{name}, {options:?}");
            assert_eq!(crate::processes::names(&server.root()), ["new"], "{name}");
            assert!(session.say("NOOP").starts_with("200"), "{name}");
        }
    });
}
