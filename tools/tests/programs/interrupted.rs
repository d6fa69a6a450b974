//! Ctrl-C where nothing can be ended in order, and streams that nobody reads any more.

use std::fs;
use std::io::Write;
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::processes::{CLIENTS, at_once, client_program, names};
use crate::scripted::{Scripted, Then};

/// Interrupts it, and waits for its end, which has to come soon.
fn interrupted(child: Child) -> Output {
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    let asked = Instant::now();
    let output = child.wait_with_output().unwrap();
    assert!(asked.elapsed() < Duration::from_secs(20), "{:?}: {output:?}", asked.elapsed());
    assert_eq!(output.status.code(), Some(130), "{output:?}");
    output
}

#[test]
fn ctrl_c_ends_the_wait_for_a_silent_server() {
    // Up to where the server answers.
    at_once(
        CLIENTS.iter().flat_map(|client| ["", "USER", "PASS", "TYPE"].map(|last| (client, last))),
        |(client, last)| {
            let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            let address = server.local_addr().unwrap();
            thread::spawn(move || {
                use std::io::{BufRead, BufReader};
                let (mut control, _) = server.accept().unwrap();
                let mut lines = BufReader::new(control.try_clone().unwrap());
                for (awaited, reply) in [("", "220 hi"), ("USER", "331 pass"), ("PASS", "230 in"), ("TYPE", "200 ok")] {
                    if awaited == last {
                        break;
                    }
                    let mut line = String::new();
                    if !awaited.is_empty() {
                        lines.read_line(&mut line).unwrap();
                    }
                    control.write_all(format!("{reply}\r\n").as_bytes()).unwrap();
                }
                thread::sleep(Duration::from_secs(100));
            });
            let scratch = tempfile::tempdir().unwrap();
            let mut client = client_program(client);
            client.args(["get", &format!("ftp://anna:secret@{address}/f")]).arg(scratch.path().join("f"));
            let child = client.stderr(Stdio::piped()).spawn().unwrap();
            thread::sleep(Duration::from_millis(500));
            let output = interrupted(child);
            assert!(String::from_utf8_lossy(&output.stderr).contains("aborted"), "{output:?}");
        },
    );
}

#[test]
fn ctrl_c_reaches_each_connection_of_a_mirror() {
    at_once(CLIENTS, |client| {
        let server = Scripted::new(|peer, line| {
            match line.split(' ').next().unwrap() {
                "FEAT" => peer.say("211-these\r\n MLST type*;size*;\r\n211 end"),
                "MLSD" => {
                    let lines: String = (0..8).map(|name| format!("type=file;size=1000; {name}\r\n")).collect();
                    peer.send("150 here it comes", lines.as_bytes());
                    peer.say("226 done");
                }
                "RETR" => {
                    peer.say("150 here it comes");
                    peer.hold().write_all(&[7; 300]).unwrap();
                }
                "ABOR" => peer.say("426 aborted\r\n226 done"),
                _ => return Then::Usual,
            }
            Then::Said
        });
        let scratch = tempfile::tempdir().unwrap();
        let mut client = server.command(client, &["--connections", "3", "mirror"], "/", Some(scratch.path()));
        let child = client.stderr(Stdio::piped()).spawn().unwrap();
        let began = Instant::now();
        let parts = || names(scratch.path()).len();
        while parts() < 3 {
            assert!(began.elapsed() < Duration::from_secs(30));
            thread::sleep(Duration::from_millis(10));
        }
        interrupted(child);
        for name in names(scratch.path()) {
            assert_eq!(fs::read(scratch.path().join(name)).unwrap(), [7; 300]);
        }
        assert_eq!((parts(), server.count("ABOR")), (3, 3));
    });
}

/// An end of a pipe that nobody reads.
fn unread() -> Stdio {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    writer.into()
}

#[test]
fn a_dialogue_that_nobody_reads_ends_no_transfer() {
    for client in CLIENTS {
        let server = Scripted::new(|peer, line| {
            if line != "RETR f" {
                return Then::Usual;
            }
            peer.send("150 here it comes", b"whole");
            peer.say("226 done");
            Then::Said
        });
        let scratch = tempfile::tempdir().unwrap();
        let file = scratch.path().join("f");
        let status = server.command(client, &["-v", "get"], "/f", Some(&file)).stderr(unread()).status().unwrap();
        assert_eq!((status.code(), fs::read(&file).unwrap()), (Some(0), b"whole".to_vec()), "{client}");
    }
}

#[test]
fn a_listing_that_nobody_reads_to_its_end_is_no_failure() {
    for client in CLIENTS {
        for options in [&["ls"][..], &["--raw", "ls"]] {
            let server = Scripted::new(|peer, line| {
                if line != "LIST" {
                    return Then::Usual;
                }
                peer.say("150 here it comes");
                // The client may have left.
                let _ = peer.data().write_all(&b"-rw-r--r-- 1 a a 9 Mar  9  2019 a\r\n".repeat(50_000));
                peer.say("226 done");
                Then::Said
            });
            let output = server.command(client, options, "/", None).stdout(unread()).output().unwrap();
            assert!(output.status.success() && output.stderr.is_empty(), "{client}, {options:?}: {output:?}");
        }
    }
}
