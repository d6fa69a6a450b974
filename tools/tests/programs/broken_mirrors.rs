//! `mirror` where the server ends connections amid it, and where somebody here does.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::processes::{CLIENTS, at_once, client_program, names};
use crate::scripted::{Peer, Scripted, Then};

/// A server of five files whose contents are their paths; `script` comes first.
fn five_files(script: impl Fn(&mut Peer, &str) -> Then + Send + Sync + 'static) -> Scripted {
    Scripted::new(move |peer, line| match script(peer, line) {
        Then::Usual => five(peer, line),
        then => then,
    })
}

fn five(peer: &mut Peer, line: &str) -> Then {
    match line.split_once(' ').unwrap_or((line, "")) {
        ("FEAT", _) => peer.say("211-these\r\n MLST type*;size*;\r\n211 end"),
        ("MLSD", _) => {
            let lines: String = (0..5).map(|name| format!("type=file;size=2; {name}\r\n")).collect();
            peer.send("150 here it comes", lines.as_bytes());
            peer.say("226 done");
        }
        ("RETR", path) => {
            let path = &path[peer.offset.take().unwrap_or(0)..];
            peer.send("150 here it comes", path.as_bytes());
            peer.say("226 done");
        }
        _ => return Then::Usual,
    }
    Then::Said
}

/// All five come, whatever becomes of connections.
fn copies(case: &str, server: impl Fn() -> Scripted + Sync) {
    let cases = CLIENTS.map(|client| ["1", "3"].map(|connections| (client, connections)));
    at_once(cases.into_iter().flatten(), |(client, connections)| {
        let scratch = tempfile::tempdir().unwrap();
        let here = scratch.path().join("here");
        let output = server().run(client, &["--connections", connections, "mirror"], "/", Some(&here));
        assert!(output.status.success(), "{case}, {client}: {output:?}");
        assert_eq!(names(&here), ["0", "1", "2", "3", "4"], "{case}, {client}");
        let is_right = |name: &String| fs::read(here.join(name)).unwrap() == format!("/{name}").as_bytes();
        assert!(names(&here).iter().all(is_right), "{case}, {client}");
    });
}

/// It happens once.
fn once() -> impl Fn() -> bool {
    let done = Mutex::new(false);
    move || !std::mem::replace(&mut *done.lock().unwrap(), true)
}

#[test]
fn it_goes_on_over_another_connection_where_one_breaks_behind_a_226() {
    copies("reset", || {
        five_files(|peer, line| match line.split_once(' ') {
            Some(("RETR", _)) => {
                five(peer, line);
                Then::Reset
            }
            _ => Then::Usual,
        })
    });
}

/// As a server says it whose patience has ended, or that is about to stop.
#[test]
fn it_goes_on_over_another_connection_where_a_421_ends_one() {
    copies("421 behind each file", || {
        five_files(|peer, line| match line.split_once(' ') {
            Some(("RETR", _)) => {
                five(peer, line);
                peer.say("421 time is over");
                Then::Leave
            }
            _ => Then::Usual,
        })
    });
    copies("421 in place of a file", || {
        let is_first = once();
        five_files(move |peer, line| {
            if line != "RETR /2" || !is_first() {
                return Then::Usual;
            }
            peer.say("421 time is over");
            Then::Leave
        })
    });
    copies("421 amid a file", || {
        let is_first = once();
        five_files(move |peer, line| {
            if line != "RETR /2" || !is_first() {
                return Then::Usual;
            }
            peer.send("150 here it comes", b"/");
            peer.say("421 time is over");
            Then::Leave
        })
    });
}

/// The server may count the connection that has ended for a while.
#[test]
fn it_waits_for_a_server_that_has_no_room_for_a_moment() {
    copies("530", || {
        let (is_first, is_refused) = (once(), once());
        five_files(move |peer, line| match line {
            "RETR /1" if is_first() => Then::Reset,
            "USER anna" if peer.session() > 1 && is_refused() => {
                peer.say("530 one at a time");
                Then::Leave
            }
            "USER anna" if peer.session() == 3 => {
                peer.say("421 one at a time");
                Then::Leave
            }
            _ => Then::Usual,
        })
    });
}

/// A 4yz is an invitation to try again (RFC 959 4.2.1): a port that was taken, a file that somebody held.
#[test]
fn it_asks_once_more_for_what_a_server_refuses_for_the_moment() {
    for refusal in ["425 Unable to build data connection: Address already in use", "450 it is busy", "451 try again"] {
        copies(refusal, || {
            let is_first = once();
            five_files(move |peer, line| {
                if line != "RETR /2" || !is_first() {
                    return Then::Usual;
                }
                peer.say(refusal);
                Then::Said
            })
        });
    }
}

/// A directory here, with what an earlier mirror has left of one file.
fn with_part(content: &[u8]) -> TempDir {
    let here = tempfile::tempdir().unwrap();
    fs::write(here.path().join("2.ftp-part"), content).unwrap();
    here
}

#[test]
fn what_is_wrong_with_a_file_alone_costs_no_connection() {
    for client in CLIENTS {
        let here = with_part(b"longer than the server's");
        let server = five_files(|_, _| Then::Usual);
        let output = server.run(client, &["--resume", "--connections", "1", "mirror"], "/", Some(here.path()));
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("24 bytes here, but only 2"), "{output:?}");
        assert_eq!((server.count("USER"), server.count("QUIT")), (1, 1), "{client}");
        assert_eq!(names(here.path()), ["0", "1", "2.ftp-part", "3", "4"]);
    }
}

#[test]
fn ctrl_c_is_status_130_though_the_server_answers_no_abor() {
    for client in CLIENTS {
        let here = tempfile::tempdir().unwrap();
        let server = five_files(|peer, line| match line {
            "RETR /0" => {
                peer.say("150 here it comes");
                peer.hold();
                Then::Said
            }
            "ABOR" => Then::Leave,
            _ => Then::Usual,
        });
        let mut command = server.command(client, &["--connections", "1", "mirror"], "/", Some(here.path()));
        let child = command.stderr(Stdio::piped()).spawn().unwrap();
        while server.count("RETR") == 0 {
            thread::sleep(Duration::from_millis(5));
        }
        assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(130), "{client}: {output:?}");
        assert_eq!(server.count("RETR"), 1, "{client}");
    }
}

/// The server takes further connections, and says nothing over them.
#[test]
fn a_further_connection_that_stays_silent_holds_up_nothing() {
    at_once(CLIENTS, |client| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let front = listener.local_addr().unwrap();
        let server = five_files(|_, _| Then::Usual);
        let back = server.address;
        thread::spawn(move || {
            let mut silent = Vec::new();
            for (number, control) in listener.incoming().enumerate() {
                match number {
                    0 => pass(control.unwrap(), TcpStream::connect(back).unwrap()),
                    _ => silent.push(control),
                }
            }
        });
        let scratch = tempfile::tempdir().unwrap();
        let began = Instant::now();
        let output = client_program(client)
            .args(["--connections", "4", "mirror", &format!("ftp://anna:secret@{front}/")])
            .arg(scratch.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "{client}: {output:?}");
        assert!(began.elapsed() < Duration::from_secs(10), "{client}: {:?}", began.elapsed());
        assert_eq!(names(scratch.path()), ["0", "1", "2", "3", "4"], "{client}");
    });
}

fn pass(front: TcpStream, back: TcpStream) {
    for (mut from, mut to) in [(front.try_clone().unwrap(), back.try_clone().unwrap()), (back, front)] {
        thread::spawn(move || {
            let _ = std::io::copy(&mut from, &mut to);
            let _ = to.shutdown(std::net::Shutdown::Write);
        });
    }
}
