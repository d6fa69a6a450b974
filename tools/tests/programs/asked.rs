//! What the client's options ask for, against scripted servers: ways, times, and what becomes of a file's bytes.

use std::fs;
use std::net::{Shutdown, TcpListener};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use ftp_proto::codec::{Decoder, Encoder, End, LineEnd, Stop};
use ftp_proto::{Form, Mode, Structure, Type};

use crate::processes::{CLIENTS, at_once, client_program, noise, one_line_of_failure};
use crate::scripted::{Peer, Scripted, Then};

/// A server whose files hold `x`, and that refuses these ways.
fn refusing(ways: &'static [&'static str]) -> Scripted {
    Scripted::new(move |peer, line| {
        let verb = line.split(' ').next().unwrap();
        match verb {
            verb if ways.contains(&verb) => peer.say("500 what?"),
            "RETR" => {
                peer.send("150 here it comes", b"x");
                peer.say("226 done");
            }
            _ => return Then::Usual,
        }
        Then::Said
    })
}

#[test]
fn a_list_of_routes_is_tried_in_its_order() {
    for client in CLIENTS {
        for (routes, refused, expected) in [
            ("eprt,port", &["EPRT"][..], &["EPRT", "PORT"][..]),
            ("eprt,port", &[], &["EPRT"]),
            ("port,epsv", &["PORT"], &["PORT", "EPSV"]),
            ("epsv,pasv,eprt,port", &["EPSV", "PASV", "EPRT"], &["EPSV", "PASV", "EPRT", "PORT"]),
            ("pasv,epsv", &["PASV"], &["PASV", "EPSV"]),
            ("auto,port", &["EPSV", "PASV"], &["EPSV", "PASV", "PORT"]),
            ("auto", &["EPSV"], &["EPSV", "PASV"]),
        ] {
            let server = refusing(refused);
            let output = server.run(client, &["--route", routes, "get"], "/f", Some(Path::new("-")));
            assert!(output.status.success() && output.stdout == b"x", "{client} {routes}: {output:?}");
            let tried: Vec<String> =
                server.heard().iter().map(|line| line.split(' ').next().unwrap().to_owned()).collect();
            let tried: Vec<&String> =
                tried.iter().filter(|verb| ["EPSV", "PASV", "EPRT", "PORT"].contains(&verb.as_str())).collect();
            assert_eq!(tried, expected, "{client} {routes}");
        }
        let output = client_program(client).args(["--route", "epsv,fly", "ls", "ftp://127.0.0.1:1/"]).output().unwrap();
        assert!(one_line_of_failure(&output).contains("fly"));
    }
}

#[test]
fn what_does_not_go_on_is_given_up_after_the_timeout() {
    let cases = CLIENTS
        .map(|client| ["greeting", "USER", "RETR", "data", "half", "STOR", "QUIT"].map(|silent| (client, silent)));
    at_once(cases.into_iter().flatten(), |(client, silent)| {
        let server = Scripted::new(move |peer, line| {
            let verb = line.split(' ').next().unwrap();
            match (verb, silent) {
                (verb, silent) if verb == silent && verb != "STOR" => {}
                ("RETR", "data") => {
                    peer.say("150 here it comes");
                    peer.hold();
                }
                ("RETR", "half") => {
                    peer.say("150 here it comes");
                    use std::io::Write;
                    peer.hold().write_all(b"half").unwrap();
                }
                ("RETR", _) => {
                    peer.send("150 here it comes", b"x");
                    peer.say("226 done");
                }
                ("STOR", _) => drop(peer.receive()),
                ("ABOR", _) => {}
                _ => return Then::Usual,
            }
            Then::Said
        });
        let dumb = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = if silent == "greeting" { dumb.local_addr().unwrap() } else { server.address };
        let scratch = tempfile::tempdir().unwrap();
        let here = scratch.path().join("here");
        let action = if silent == "STOR" { "put" } else { "get" };
        if action == "put" {
            fs::write(&here, "x").unwrap();
        }
        let began = Instant::now();
        let mut command = client_program(client);
        command.args(["--timeout", "1", action]).arg(format!("ftp://a:b@{address}/f")).arg(&here);
        let output = command.output().unwrap();
        let took = began.elapsed();
        assert!(took < Duration::from_secs(10), "{client} {silent}: {took:?}");
        if silent == "QUIT" {
            assert!(output.status.success(), "{output:?}");
        } else {
            assert!(took >= Duration::from_millis(900), "{client} {silent}: {took:?} {output:?}");
            one_line_of_failure(&output);
        }
        if silent == "half" {
            assert_eq!(fs::read(scratch.path().join("here.ftp-part")).unwrap(), b"half");
        }
    });
    for client in CLIENTS {
        for wrong in ["0", "soon"] {
            let output =
                client_program(client).args(["--timeout", wrong, "ls", "ftp://127.0.0.1:1/"]).output().unwrap();
            one_line_of_failure(&output);
        }
    }
}

/// A server that has this of `f`, and keeps what comes.
fn keeping(have: Vec<u8>, features: &'static str, after: Option<u64>) -> (Scripted, Arc<Mutex<Vec<u8>>>) {
    let kept = Arc::new(Mutex::new(have));
    let shared = kept.clone();
    let server = Scripted::new(move |peer, line| {
        let mut file = shared.lock().unwrap();
        match line {
            "FEAT" if !features.is_empty() => peer.say(features),
            "SIZE f" if file.is_empty() => peer.say("550 none"),
            "SIZE f" => match after.filter(|_| peer.attempt() > 0) {
                Some(size) => peer.say(&format!("213 {size}")),
                None => peer.say(&format!("213 {}", file.len())),
            },
            "STOR f" => {
                let offset = peer.offset.take().unwrap_or(0);
                file.truncate(offset);
                file.extend(peer.receive());
                peer.say("226 kept");
            }
            "APPE f" => {
                file.extend(peer.receive());
                peer.say("226 kept");
            }
            _ => return Then::Usual,
        }
        Then::Said
    });
    (server, kept)
}

#[test]
fn put_resumes_by_rest_where_feat_names_it_and_else_by_appe() {
    const REST: &str = "211-these\r\n SIZE\r\n REST STREAM\r\n211 end";
    for client in CLIENTS {
        let scratch = tempfile::tempdir().unwrap();
        let (here, content) = (scratch.path().join("here"), noise(1000));
        fs::write(&here, &content).unwrap();
        for (features, have, verb, rests) in [
            (REST, 400, "STOR", 1),
            ("211-these\r\n SIZE\r\n211 end", 400, "APPE", 0),
            ("", 400, "APPE", 0),
            (REST, 0, "STOR", 0),
            ("", 0, "STOR", 0),
        ] {
            let (server, kept) = keeping(content[..have].to_vec(), features, None);
            let output = server.run(client, &["--resume", "put"], "/f", Some(&here));
            assert!(output.status.success(), "{output:?} {:?}", server.heard());
            assert!(*kept.lock().unwrap() == content, "{verb}");
            assert_eq!((server.count(verb), server.count("REST")), (1, rests), "{:?}", server.heard());
            let place = |wanted: &str| server.heard().iter().position(|line| line.starts_with(wanted));
            assert!(place("FEAT") < place(verb) && rests == 0 || place("FEAT") < place("REST"), "{:?}", server.heard());
            assert_eq!(
                server.heard().iter().rev().nth(1).map(String::as_str),
                Some("SIZE f"),
                "it is looked at in the end"
            );
        }
        // Nothing is missing.
        let (server, _) = keeping(content.clone(), REST, None);
        assert!(server.run(client, &["--resume", "put"], "/f", Some(&here)).status.success());
        assert_eq!(server.count("STOR") + server.count("APPE"), 0);
        // What the server has in the end isn't what is here.
        for features in [REST, ""] {
            let (server, _) = keeping(content[..400].to_vec(), features, Some(777));
            let message = one_line_of_failure(&server.run(client, &["--resume", "put"], "/f", Some(&here)));
            assert!(message.contains("1000 bytes here") && message.contains("777 at the server"), "{message}");
        }
    }
}

#[test]
fn put_resumes_by_appe_where_rest_is_promised_and_refused() {
    for client in CLIENTS {
        let scratch = tempfile::tempdir().unwrap();
        let (here, content) = (scratch.path().join("here"), noise(1000));
        fs::write(&here, &content).unwrap();
        let came = Arc::new(Mutex::new(Vec::new()));
        let shared = came.clone();
        let server = Scripted::new(move |peer, line| {
            match line {
                "FEAT" => peer.say("211-these\r\n REST STREAM\r\n211 end"),
                "SIZE f" => peer.say(&format!("213 {}", 400 + shared.lock().unwrap().len())),
                "REST 400" => peer.say("502 not for uploads"),
                "APPE f" => {
                    *shared.lock().unwrap() = peer.receive();
                    peer.say("226 kept");
                }
                _ => return Then::Usual,
            }
            Then::Said
        });
        let output = server.run(client, &["--resume", "put"], "/f", Some(&here));
        assert!(output.status.success(), "{output:?}");
        assert!(*came.lock().unwrap() == content[400..]);
    }
}

/// A server whose `f` is this on the wire, and that shows what came.
fn wire(file: Vec<u8>, size: &'static str) -> (Scripted, Arc<Mutex<Vec<u8>>>) {
    let came = Arc::<Mutex<Vec<u8>>>::default();
    let shared = came.clone();
    let server = Scripted::new(move |peer, line| {
        match line {
            "MODE Z" => peer.say("200 ok"),
            "SIZE f" if !size.is_empty() => peer.say(size),
            "RETR f" => {
                peer.send("150 here it comes", &file);
                peer.say("226 done");
            }
            "STOR f" => {
                *shared.lock().unwrap() = peer.receive();
                peer.say("226 kept");
            }
            _ => return Then::Usual,
        }
        Then::Said
    });
    (server, came)
}

#[test]
fn ascii_ends_lines_as_either_side_does() {
    const HERE: &[u8] = b"one\ntwo\n\nthree";
    const WIRE: &[u8] = b"one\r\ntwo\r\n\r\nthree";
    for client in CLIENTS {
        let scratch = tempfile::tempdir().unwrap();
        let here = scratch.path().join("here");
        // What SIZE tells is of no use here.
        let (server, came) = wire(WIRE.to_vec(), "213 14");
        let output = server.run(client, &["--ascii", "get"], "/f", Some(&here));
        assert!(output.status.success(), "{output:?}");
        assert_eq!(fs::read(&here).unwrap(), HERE);
        let output = server.run(client, &["put", "--ascii"], "/f", Some(&here));
        assert!(output.status.success(), "{output:?}");
        assert_eq!(*came.lock().unwrap(), WIRE);
        assert!(server.heard().iter().all(|line| line != "TYPE I"), "{:?}", server.heard());
        // A large one, whose lines end anywhere in the pieces.
        let text: Vec<u8> = noise(300_000).into_iter().map(|byte| if byte % 7 == 0 { b'\n' } else { byte }).collect();
        fs::write(&here, &text).unwrap();
        assert!(server.run(client, &["put", "--ascii"], "/f", Some(&here)).status.success());
        let sent = came.lock().unwrap().clone();
        assert!(sent.len() == text.len() + text.iter().filter(|byte| **byte == b'\n').count());
        let (server, _) = wire(sent, "");
        assert!(server.run(client, &["get", "--ascii"], "/f", Some(&here)).status.success());
        assert!(fs::read(&here).unwrap() == text);
        for arguments in [&["--ascii", "--resume", "get"][..], &["--ascii", "ls"]] {
            one_line_of_failure(&server.run(client, arguments, "/f", None));
        }
    }
}

const Z: Form = Form { representation: Type::Image, structure: Structure::File, mode: Mode::Deflate };

fn deflated(content: &[u8]) -> Vec<u8> {
    let (mut encoder, mut wire) = (Encoder::new(Z, LineEnd::Lf).unwrap(), vec![0; content.len() + 1000]);
    let progress = encoder.encode(content, &mut wire, true);
    assert_eq!(progress.stop, Stop::Ended(End::Marked));
    wire.truncate(progress.written);
    wire
}

fn inflated(wire: &[u8]) -> Vec<u8> {
    let (mut decoder, mut content) = (Decoder::new(Z, LineEnd::Lf).unwrap(), vec![0; 1_000_000]);
    let progress = decoder.decode(wire, &mut content, true).unwrap();
    assert_eq!(progress.stop, Stop::Ended(End::Marked));
    content.truncate(progress.written);
    content
}

#[test]
fn mode_z_compresses_files_and_listings() {
    for client in CLIENTS {
        let scratch = tempfile::tempdir().unwrap();
        let here = scratch.path().join("here");
        let content = noise(1000).repeat(300);
        let (server, came) = wire(deflated(&content), "213 300000");
        let output = server.run(client, &["--mode", "z", "get"], "/f", Some(&here));
        assert!(output.status.success(), "{output:?}");
        assert!(fs::read(&here).unwrap() == content);
        let output = server.run(client, &["--mode", "z", "put"], "/f", Some(&here));
        assert!(output.status.success(), "{output:?}");
        assert!(inflated(&came.lock().unwrap()) == content && came.lock().unwrap().len() < 100_000);

        // What was compressed is cut off, or is less than the file.
        for (sent, told) in
            [(deflated(&content)[..500].to_vec(), "ended early"), (deflated(b"half"), "4 of 300000 bytes")]
        {
            let (server, _) = wire(sent, "213 300000");
            fs::write(&here, "old").unwrap();
            let message = one_line_of_failure(&server.run(client, &["--mode", "z", "get"], "/f", Some(&here)));
            assert!(message.contains(told), "{message}");
            assert_eq!(fs::read(&here).unwrap(), b"old");
        }

        let list = |peer: &mut Peer, line: &str| {
            match line {
                "MODE Z" => peer.say("200 ok"),
                "LIST" => {
                    peer.send("150 here it comes", &deflated(b"-rw-r--r-- 1 a a 2 Mar  9  2019 a\r\n"));
                    peer.say("226 done");
                }
                _ => return Then::Usual,
            }
            Then::Said
        };
        let server = Scripted::new(list);
        let output = server.run(client, &["--mode", "z", "ls"], "/", None);
        assert_eq!(String::from_utf8_lossy(&output.stdout), "-rw-r--r--            2 2019-03-09        a\n");
        let server = Scripted::new(|_, _| Then::Usual);
        assert!(one_line_of_failure(&server.run(client, &["--mode", "z", "ls"], "/", None)).contains("MODE Z"));
    }
}

/// A few bytes don't fill the disk, unless they may.
#[test]
fn a_download_in_mode_z_becomes_at_most_a_hundred_times_what_came() {
    for client in CLIENTS {
        let scratch = tempfile::tempdir().unwrap();
        let here = scratch.path().join("here");
        let zeros = vec![0; 80 << 20];
        let (server, _) = wire(deflated(&zeros), "500 what?");
        fs::write(&here, "old").unwrap();
        let message = one_line_of_failure(&server.run(client, &["--mode", "z", "get"], "/f", Some(&here)));
        assert!(message.contains("More than 100 times as much as was sent"), "{message}");
        assert_eq!(fs::read(&here).unwrap(), b"old");
        let output = server.run(client, &["--mode", "z", "--max-expansion", "0", "get"], "/f", Some(&here));
        assert!(output.status.success(), "{output:?}");
        assert!(fs::read(&here).unwrap() == zeros);
    }
}

#[test]
fn a_download_of_nothing_makes_an_empty_file() {
    for client in CLIENTS {
        for options in [&["get"][..], &["get", "--ascii"]] {
            let scratch = tempfile::tempdir().unwrap();
            let here = scratch.path().join("here");
            fs::write(&here, "old").unwrap();
            let server = Scripted::new(|peer, line| {
                if line != "RETR f" {
                    return Then::Usual;
                }
                peer.say("150 here it comes");
                peer.data().shutdown(Shutdown::Write).unwrap();
                peer.say("226 done");
                Then::Said
            });
            let output = server.run(client, options, "/f", Some(&here));
            assert!(output.status.success(), "{output:?}");
            assert_eq!(fs::read(&here).unwrap(), b"");
        }
    }
}
