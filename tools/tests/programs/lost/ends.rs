//! How a transfer and its connections end, and what is kept then.

use std::fs;
use std::io::Write;

use super::{Here, OLD, RUNS};
use crate::processes::{CLIENTS, noise, one_line_of_failure};
use crate::scripted::{Scripted, Then, reset};

#[test]
fn ctrl_c_keeps_what_came_and_resume_goes_on() {
    for client in CLIENTS {
        let here = Here::with_old();
        let content = noise(1000);
        let all = content.clone();
        let server = Scripted::new(move |peer, line| {
            match line {
                "SIZE f" => peer.say("213 1000"),
                "RETR f" => match peer.offset.take() {
                    None => {
                        peer.say("150 here it comes");
                        peer.hold().write_all(&all[..300]).unwrap();
                    }
                    Some(offset) => {
                        peer.send("150 here it comes", &all[offset..]);
                        peer.say("226 done");
                    }
                },
                "ABOR" => peer.say("426 aborted\r\n226 done"),
                _ => return Then::Usual,
            }
            Then::Said
        });
        let child = server.command(client, &["get"], "/f", Some(&here.file));
        let child = { child }.stderr(std::process::Stdio::piped()).spawn().unwrap();
        while fs::read(&here.partial).map_or(0, |came| came.len()) < 300 {
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        let id = child.id().to_string();
        assert!(std::process::Command::new("kill").args(["-INT", &id]).status().unwrap().success());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(130), "{output:?}");
        let message = String::from_utf8(output.stderr).unwrap();
        assert!(message.contains("aborted; 300 bytes are kept in "), "{message}");
        assert_eq!(
            (fs::read(&here.file).unwrap(), fs::read(&here.partial).unwrap()),
            (OLD.to_vec(), content[..300].to_vec())
        );
        assert!(server.run(client, &["get", "--resume"], "/f", Some(&here.file)).status.success());
        assert_eq!(fs::read(&here.file).unwrap(), content);
        assert_eq!(here.names(), ["f"]);
    }
}

#[test]
fn a_reset_right_behind_the_226_is_a_success() {
    for client in CLIENTS {
        for run in 0..RUNS {
            let here = Here::with_old();
            let content = noise(100_000);
            let all = content.clone();
            let output = here.get(client, &[], move |peer| {
                peer.send("150 here it comes", &all);
                peer.say("226 done");
                Then::Reset
            });
            assert!(output.status.success(), "{client}, run {run}: {output:?}");
            assert!(fs::read(&here.file).unwrap() == content, "{client}, run {run}");
        }
    }
}

#[test]
fn an_upload_that_was_kept_is_a_success_whatever_becomes_of_the_connection() {
    for client in CLIENTS {
        let here = Here::with_old();
        let server = Scripted::new(|peer, line| {
            if line != "STOR f" {
                return Then::Usual;
            }
            peer.receive();
            peer.say("226 kept");
            Then::Reset
        });
        let output = server.run(client, &["put"], "/f", Some(&here.file));
        assert!(output.status.success(), "{client}: {output:?}");
    }
}

#[test]
fn what_came_is_kept_where_the_server_leaves_without_a_226() {
    for client in CLIENTS {
        for run in 0..RUNS {
            let here = Here::with_old();
            let content = noise(100_000);
            let all = content.clone();
            let resets = run % 2 == 1;
            let route = if run % 4 < 2 { "epsv" } else { "port" };
            let output = here.get(client, &["--route", route], move |peer| {
                peer.send("150 here it comes", &all);
                if resets { Then::Reset } else { Then::Leave }
            });
            let message = one_line_of_failure(&output);
            assert_eq!(fs::read(&here.file).unwrap(), OLD, "{client}, run {run}: {message}");
            assert!(fs::read(&here.partial).ok() == Some(content), "{client}, run {run}: {message}");
        }
    }
}

/// What comes of a file is kept where a word of the server's overtakes it, before the data or behind it; the message names that.
fn overtakes(before: &'static str, behind: Option<&'static str>, named: &str) {
    for client in CLIENTS {
        for run in 0..RUNS {
            let here = Here::with_old();
            let content = noise(50_000);
            let all = content.clone();
            let message = one_line_of_failure(&here.get(client, &[], move |peer| {
                peer.say(before);
                let mut data = peer.data();
                data.write_all(&all).unwrap();
                if let Some(behind) = behind {
                    peer.say(behind);
                    // A reset would destroy what hasn't been read.
                    drop(data);
                }
                Then::Said
            }));
            assert!(message.contains(named), "{message}");
            assert_eq!(fs::read(&here.file).unwrap(), OLD, "{client}, run {run}: {message}");
            assert!(fs::read(&here.partial).ok() == Some(content), "{client}, run {run}: {message}");
        }
    }
}

#[test]
fn what_came_is_kept_where_426_overtakes_it() {
    overtakes("150 here it comes", Some("426 broken"), "426");
}

#[test]
fn a_data_connection_that_is_reset_leaves_a_partial_file_and_the_old_one() {
    for client in CLIENTS {
        let here = Here::with_old();
        let message = one_line_of_failure(&here.get(client, &[], |peer| {
            peer.say("150 here it comes");
            let mut data = peer.data();
            data.write_all(b"some").unwrap();
            std::thread::sleep(std::time::Duration::from_millis(300));
            reset(&data);
            drop(data);
            peer.say("226 I believe");
            Then::Said
        }));
        assert!(message.contains("4 bytes"), "{message}");
        assert_eq!(fs::read(&here.file).unwrap(), OLD);
        assert_eq!(fs::read(&here.partial).unwrap(), b"some");
    }
}

#[test]
fn a_connection_that_is_reset_behind_the_last_byte_is_a_success_with_a_warning() {
    // Whether the length is known, and by what.
    for (by, is_known) in [("size", true), ("150", true), ("nothing", false)] {
        for client in CLIENTS {
            for run in 0..RUNS / 4 {
                let here = Here::with_old();
                let content = noise(1000);
                let all = content.clone();
                let server = Scripted::new(move |peer, line| {
                    match line {
                        "SIZE f" if by == "size" => peer.say("213 1000"),
                        "RETR f" => {
                            peer.say(if by == "150" { "150 f (1000 bytes)" } else { "150 here it comes" });
                            let mut data = peer.data();
                            data.write_all(&all).unwrap();
                            // What isn't read yet, a reset destroys.
                            std::thread::sleep(std::time::Duration::from_millis(200));
                            reset(&data);
                            drop(data);
                            peer.say("226 done");
                        }
                        _ => return Then::Usual,
                    }
                    Then::Said
                });
                let output = server.run(client, &["get"], "/f", Some(&here.file));
                let message = String::from_utf8_lossy(&output.stderr);
                if is_known {
                    assert!(output.status.success(), "{client}, {by}, run {run}: {message}");
                    assert_eq!(message, "f: the connection broke behind the last byte: all of it is here\n");
                    assert!(fs::read(&here.file).unwrap() == content && here.names() == ["f"]);
                } else {
                    let message = one_line_of_failure(&output);
                    assert!(message.contains("the connection broke"), "{client}, run {run}: {message}");
                    assert_eq!(fs::read(&here.file).unwrap(), OLD);
                    assert!(fs::read(&here.partial).unwrap() == content, "{client}, run {run}: {message}");
                }
            }
        }
    }
}

#[test]
fn a_226_that_is_left_from_before_ends_no_download() {
    for client in CLIENTS {
        for (end, is_whole) in [("226 done", true), ("451 that was half of it", false)] {
            let here = Here::with_old();
            let output = here.get(client, &[], move |peer| {
                peer.say("226 of the one before");
                std::thread::sleep(std::time::Duration::from_millis(50));
                peer.send("150 here it comes", b"half");
                peer.say(end);
                Then::Said
            });
            let message = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.success(), is_whole, "{client}: {message}");
            assert_eq!(fs::read(&here.file).unwrap(), if is_whole { &b"half"[..] } else { OLD }, "{client}");
            assert!(is_whole || message.contains("451 that was half of it"), "{client}: {message}");
        }
        // There is no such file.
        let here = Here::with_old();
        let message = one_line_of_failure(&here.get(client, &[], |peer| {
            peer.say("226 of the one before\r\n550 none of that name");
            Then::Said
        }));
        assert!(message.contains("550 none of that name"), "{client}: {message}");
        assert_eq!((fs::read(&here.file).unwrap(), here.names()), (OLD.to_vec(), vec!["f".to_owned()]), "{client}");
    }
}

#[test]
fn a_226_that_is_left_from_before_ends_no_upload() {
    for client in CLIENTS {
        let here = Here::with_old();
        let server = Scripted::new(|peer, line| {
            if line != "STOR f" {
                return Then::Usual;
            }
            peer.say("226 of the one before");
            peer.receive();
            peer.say("552 it is full");
            Then::Said
        });
        let message = one_line_of_failure(&server.run(client, &["put"], "/f", Some(&here.file)));
        assert!(message.contains("552 it is full"), "{client}: {message}");
    }
}

#[test]
fn what_came_is_kept_where_nonsense_overtakes_it() {
    overtakes("150 here it comes\r\nis this a reply?", None, "is this a reply?");
}
