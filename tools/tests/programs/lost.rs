//! Nothing is lost, whatever a server says: downloads and uploads against scripted ones.

use std::fs;
use std::io::Write;
use std::net::Shutdown;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use tempfile::TempDir;

use crate::processes::{CLIENTS, names, noise, one_line_of_failure};
use crate::scripted::{Peer, Scripted, Then, reset};

/// How often a race is run.
const RUNS: usize = 40;

const OLD: &[u8] = b"the old file";

/// Where a download goes; an old file is there.
struct Here {
    scratch: TempDir,
    file: PathBuf,
    partial: PathBuf,
}

impl Here {
    fn new() -> Self {
        let scratch = tempfile::tempdir().unwrap();
        let (file, partial) = (scratch.path().join("f"), scratch.path().join("f.ftp-part"));
        Self { scratch, file, partial }
    }

    fn with_old() -> Self {
        let here = Self::new();
        fs::write(&here.file, OLD).unwrap();
        here
    }

    fn names(&self) -> Vec<String> {
        names(self.scratch.path())
    }
}

/// A mirror of a server whose only file is `f`, of 1,000 bytes by MLSD.
fn lists_f(peer: &mut Peer, line: &str) -> Then {
    match line {
        "FEAT" => peer.say("211-these\r\n MLST type*;size*;\r\n211 end"),
        "MLSD" => {
            peer.send("150 here it comes", b"type=file;size=1000; f\r\n");
            peer.say("226 done");
        }
        _ => return Then::Usual,
    }
    Then::Said
}

#[test]
fn an_old_file_is_untouched_where_a_download_ends_badly() {
    for client in CLIENTS {
        for end in ["550 no", "451 no", "426 no", "leave", "reset"] {
            for content in [&b""[..], b"half of it"] {
                for action in ["get", "mirror"] {
                    let here = Here::with_old();
                    let server = Scripted::new(move |peer, line| {
                        if line != "RETR f" && line != "RETR /f" {
                            return lists_f(peer, line);
                        }
                        peer.send("150 here it comes", content);
                        match end {
                            "leave" => return Then::Leave,
                            "reset" => return Then::Reset,
                            end => peer.say(end),
                        }
                        Then::Said
                    });
                    let (path, file) =
                        if action == "get" { ("/f", here.file.as_path()) } else { ("/", here.scratch.path()) };
                    let output = server.run(client, &[action], path, Some(file));
                    assert_eq!(output.status.code(), Some(1), "{client} {action} {end}: {output:?}");
                    assert_eq!(fs::read(&here.file).unwrap(), OLD, "{client} {action} {end}: {output:?}");
                    let message = String::from_utf8_lossy(&output.stderr);
                    assert!(!message.contains("nothing to move"), "{message}");
                    assert!(end.starts_with(char::is_alphabetic) || message.contains(&end[..3]), "{message}");
                    if content.is_empty() {
                        assert_eq!(here.names(), ["f"], "{client} {action} {end}: {message}");
                    } else {
                        assert_eq!(fs::read(&here.partial).unwrap(), content, "{client} {action} {end}: {message}");
                    }
                }
            }
        }
    }
}

/// Who knows how long the file is.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Knows {
    Preliminary,
    Size,
    Mlsd,
}

#[test]
fn half_the_bytes_and_226_are_an_error_that_names_both_numbers_and_resume_goes_on() {
    for client in CLIENTS {
        for knows in [Knows::Preliminary, Knows::Size, Knows::Mlsd] {
            let here = Here::with_old();
            let content = noise(1000);
            let all = content.clone();
            let server = Scripted::new(move |peer, line| match line {
                "RETR f" | "RETR /f" => {
                    let preliminary = if knows == Knows::Preliminary { "150 f (1000 bytes)" } else { "150 f" };
                    match peer.offset.take() {
                        None => peer.send(preliminary, &all[..600]),
                        Some(offset) => peer.send(preliminary, &all[offset..]),
                    }
                    peer.say("226 all of it");
                    Then::Said
                }
                "SIZE f" | "SIZE /f" if knows == Knows::Size => {
                    peer.say("213 1000");
                    Then::Said
                }
                "FEAT" | "MLSD" => lists_f(peer, line),
                _ => Then::Usual,
            });
            let (action, path, file) = match knows {
                Knows::Mlsd => ("mirror", "/", here.scratch.path()),
                _ => ("get", "/f", here.file.as_path()),
            };
            let output = server.run(client, &[action], path, Some(file));
            let message = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(1), "{client} {knows:?}: {message}");
            assert!(message.contains("600 of 1000 bytes"), "{client} {knows:?}: {message}");
            assert!(message.contains("f.ftp-part") && message.contains("--resume"), "{client} {knows:?}: {message}");
            assert_eq!(fs::read(&here.file).unwrap(), OLD);
            assert_eq!(fs::read(&here.partial).unwrap(), content[..600]);

            let output = server.run(client, &["--resume", action], path, Some(file));
            assert!(output.status.success(), "{client} {knows:?}: {output:?}");
            assert!(server.heard().contains(&"REST 600".into()), "{:?}", server.heard());
            assert_eq!(fs::read(&here.file).unwrap(), content, "{client} {knows:?}");
            assert_eq!(here.names(), ["f"]);
        }
    }
}

/// A download is resumed where 400 bytes are here; the server has 1,000 by its SIZE, and sends these.
fn resumed(client: &str, sent: &'static [u8]) -> (Here, String) {
    let here = Here::new();
    fs::write(&here.file, [1; 400]).unwrap();
    let server = Scripted::new(move |peer, line| match line {
        "SIZE f" => {
            peer.say("213 1000");
            Then::Said
        }
        "RETR f" => {
            peer.send("150 here it comes", sent);
            peer.say("226 done");
            Then::Said
        }
        _ => Then::Usual,
    });
    let output = server.run(client, &["--resume", "get"], "/f", Some(&here.file));
    assert!(server.heard().contains(&"REST 400".into()), "{:?}", server.heard());
    (here, one_line_of_failure(&output))
}

#[test]
fn a_resumed_download_that_ends_early_is_an_error_and_what_was_here_stays() {
    for client in CLIENTS {
        let (here, message) = resumed(client, &[2; 100]);
        assert!(message.contains("100 of 600 bytes"), "{message}");
        assert_eq!(fs::read(&here.file).unwrap(), [1; 400]);
        assert_eq!(fs::read(&here.partial).unwrap(), [&[1; 400][..], &[2; 100]].concat());
    }
}

#[test]
fn a_server_that_ignores_rest_makes_no_longer_file() {
    for client in CLIENTS {
        let (here, message) = resumed(client, &[2; 1000]);
        assert!(message.contains("1000 bytes, not 600"), "{message}");
        assert_eq!(fs::read(&here.file).unwrap(), [1; 400]);
        assert!(!here.partial.exists());
    }
}

/// Without SIZE nothing tells how much is missing, and a 150 may tell the rest or the whole.
#[test]
fn a_server_that_ignores_rest_and_knows_no_size_makes_no_longer_file_either() {
    for client in CLIENTS {
        for (name, ignores) in [("f", true), ("f", false), ("f.ftp-part", true), ("f.ftp-part", false)] {
            for length in
                ["", " (1000 bytes)", " (600 bytes)"].into_iter().filter(|it| !ignores || *it != " (600 bytes)")
            {
                let here = Here::new();
                let content = noise(1000);
                let old = here.scratch.path().join(name);
                fs::write(&old, &content[..400]).unwrap();
                let all = content.clone();
                let server = Scripted::new(move |peer, line| {
                    if line != "RETR f" {
                        return Then::Usual;
                    }
                    let offset = peer.offset.take().unwrap();
                    peer.send(&format!("150 here it comes{length}"), if ignores { &all } else { &all[offset..] });
                    peer.say("226 done");
                    Then::Said
                });
                let output = server.run(client, &["--resume", "get"], "/f", Some(&here.file));
                if ignores {
                    let message = one_line_of_failure(&output);
                    assert!(message.contains("ignore REST"), "{client} {name}{length}: {message}");
                    assert_eq!(fs::read(&old).unwrap(), content[..400], "{client} {name}{length}");
                    assert_eq!(here.names(), [name]);
                } else {
                    assert!(output.status.success(), "{client} {name}{length}: {output:?}");
                    assert_eq!(fs::read(&here.file).unwrap(), content);
                    assert_eq!(here.names(), ["f"]);
                }
            }
        }
    }
}

/// By SIZE or MLSD; REST isn't said, since many servers refuse a place at the end.
#[test]
fn what_is_here_whole_is_not_asked_for_again() {
    for client in CLIENTS {
        for (action, name) in [("get", "f"), ("get", "f.ftp-part"), ("mirror", "f.ftp-part")] {
            let here = Here::new();
            let content = noise(1000);
            fs::write(here.scratch.path().join(name), &content).unwrap();
            let server = Scripted::new(|peer, line| match line {
                "SIZE f" => {
                    peer.say("213 1000");
                    Then::Said
                }
                _ => lists_f(peer, line),
            });
            let (path, file) = if action == "get" { ("/f", here.file.as_path()) } else { ("/", here.scratch.path()) };
            let output = server.run(client, &["--resume", action], path, Some(file));
            assert!(output.status.success(), "{client} {action} {name}: {output:?}");
            assert_eq!(server.count("REST") + server.count("RETR"), 0, "{:?}", server.heard());
            assert_eq!(fs::read(&here.file).unwrap(), content);
            assert_eq!(here.names(), ["f"]);
        }
    }
}

#[test]
fn a_file_that_has_grown_meanwhile_is_no_failure() {
    for client in CLIENTS {
        let here = Here::new();
        let server = Scripted::new(|peer, line| match line {
            "SIZE f" => {
                peer.say("213 1000");
                Then::Said
            }
            "RETR f" => {
                peer.send("150 f (1000 bytes)", &[3; 1010]);
                peer.say("226 done");
                Then::Said
            }
            _ => Then::Usual,
        });
        let output = server.run(client, &["get"], "/f", Some(&here.file));
        let message = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && message.contains("1010") && message.contains("1000"), "{message}");
        assert_eq!(fs::read(&here.file).unwrap(), [3; 1010]);
    }
}

#[test]
fn after_150_and_425_a_download_goes_on_with_the_next_route() {
    for client in CLIENTS {
        let here = Here::with_old();
        let server = Scripted::new(|peer, line| match line {
            "RETR f" if peer.attempt() == 1 => {
                peer.say("150 here it comes");
                drop(peer.data());
                peer.say("425 no connection");
                Then::Said
            }
            "RETR f" => {
                peer.send("150 here it comes", b"whole");
                peer.say("226 done");
                Then::Said
            }
            _ => Then::Usual,
        });
        let output = server.run(client, &["get"], "/f", Some(&here.file));
        assert!(output.status.success(), "{client}: {output:?} {:?}", server.heard());
        assert_eq!(fs::read(&here.file).unwrap(), b"whole");
    }
}

#[test]
fn after_an_empty_data_connection_and_426_the_next_route_is_tried() {
    for client in CLIENTS {
        for action in ["get", "put"] {
            let here = Here::new();
            if action == "put" {
                fs::write(&here.file, "").unwrap();
            }
            let server = Scripted::new(|peer, line| {
                match line {
                    "RETR f" | "STOR f" if peer.attempt() == 1 => {
                        peer.say("150 here it comes");
                        peer.data().shutdown(Shutdown::Write).unwrap();
                        // The stream has ended in order, as far as the client can see.
                        std::thread::sleep(std::time::Duration::from_millis(300));
                        peer.say("426 broken");
                    }
                    "RETR f" => {
                        peer.send("150 here it comes", b"whole");
                        peer.say("226 done");
                    }
                    "STOR f" => {
                        peer.receive();
                        peer.say("226 done");
                    }
                    _ => return Then::Usual,
                }
                Then::Said
            });
            let output = server.run(client, &[action], "/f", Some(&here.file));
            assert!(output.status.success(), "{client} {action}: {output:?}");
            assert_eq!(fs::read(&here.file).unwrap(), if action == "get" { &b"whole"[..] } else { b"" });
        }
    }
}

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
fn an_upload_is_never_said_again_with_nothing_in_it() {
    for client in CLIENTS {
        for reads in [false, true] {
            let here = Here::new();
            fs::write(&here.file, "content").unwrap();
            let stored = Arc::new(Mutex::new(Vec::new()));
            let kept = stored.clone();
            let server = Scripted::new(move |peer, line| {
                if line != "STOR f" {
                    return Then::Usual;
                }
                if peer.attempt() > 1 {
                    let came = peer.receive();
                    kept.lock().unwrap().push(came);
                    peer.say("226 kept");
                } else if reads {
                    peer.receive();
                    peer.say("425 no connection after all");
                } else {
                    peer.say("150 go on");
                    peer.say("425 no connection");
                }
                Then::Said
            });
            let output = server.run(client, &["put"], "/f", Some(&here.file));
            for content in stored.lock().unwrap().iter() {
                assert_eq!(content, b"content", "{client}: {output:?}");
            }
            if stored.lock().unwrap().is_empty() {
                assert!(one_line_of_failure(&output).contains("425"), "{output:?}");
            } else {
                assert!(output.status.success(), "{output:?}");
            }
        }
    }
}

#[test]
fn an_empty_data_connection_and_426_is_told_as_that() {
    for client in CLIENTS {
        for action in ["get", "put"] {
            let here = Here::new();
            if action == "put" {
                fs::write(&here.file, "").unwrap();
            }
            let server = Scripted::new(|peer, line| {
                if line != "RETR f" && line != "STOR f" {
                    return Then::Usual;
                }
                peer.say("150 here it comes");
                peer.data().shutdown(Shutdown::Write).unwrap();
                peer.say("426 broken");
                Then::Said
            });
            let message = one_line_of_failure(&server.run(client, &[action], "/f", Some(&here.file)));
            assert!(message.contains("426"), "{client} {action}: {message}");
            assert!(!here.partial.exists());
        }
    }
}

#[test]
fn a_reset_right_behind_the_226_is_a_success() {
    for client in CLIENTS {
        for run in 0..RUNS {
            let here = Here::with_old();
            let content = noise(100_000);
            let all = content.clone();
            let server = Scripted::new(move |peer, line| {
                if line != "RETR f" {
                    return Then::Usual;
                }
                peer.send("150 here it comes", &all);
                peer.say("226 done");
                Then::Reset
            });
            let output = server.run(client, &["get"], "/f", Some(&here.file));
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
            let server = Scripted::new(move |peer, line| {
                if line != "RETR f" {
                    return Then::Usual;
                }
                peer.send("150 here it comes", &all);
                if resets { Then::Reset } else { Then::Leave }
            });
            let route = if run % 4 < 2 { "epsv" } else { "port" };
            let output = server.run(client, &["--route", route, "get"], "/f", Some(&here.file));
            let message = one_line_of_failure(&output);
            assert_eq!(fs::read(&here.file).unwrap(), OLD, "{client}, run {run}: {message}");
            assert!(fs::read(&here.partial).ok() == Some(content), "{client}, run {run}: {message}");
        }
    }
}

#[test]
fn what_came_is_kept_where_426_overtakes_it() {
    for client in CLIENTS {
        for run in 0..RUNS {
            let here = Here::with_old();
            let content = noise(50_000);
            let all = content.clone();
            let server = Scripted::new(move |peer, line| {
                if line != "RETR f" {
                    return Then::Usual;
                }
                peer.say("150 here it comes");
                let mut data = peer.data();
                data.write_all(&all).unwrap();
                peer.say("426 broken");
                // A reset would destroy what hasn't been read.
                drop(data);
                Then::Said
            });
            let message = one_line_of_failure(&server.run(client, &["get"], "/f", Some(&here.file)));
            assert!(message.contains("426"), "{message}");
            assert!(fs::read(&here.partial).ok() == Some(content), "{client}, run {run}: {message}");
        }
    }
}

#[test]
fn a_data_connection_that_is_reset_leaves_a_partial_file_and_the_old_one() {
    for client in CLIENTS {
        let here = Here::with_old();
        let server = Scripted::new(|peer, line| {
            if line != "RETR f" {
                return Then::Usual;
            }
            peer.say("150 here it comes");
            let mut data = peer.data();
            data.write_all(b"some").unwrap();
            std::thread::sleep(std::time::Duration::from_millis(300));
            reset(&data);
            drop(data);
            peer.say("226 I believe");
            Then::Said
        });
        let message = one_line_of_failure(&server.run(client, &["get"], "/f", Some(&here.file)));
        assert!(message.contains("4 bytes"), "{message}");
        assert_eq!(fs::read(&here.file).unwrap(), OLD);
        assert_eq!(fs::read(&here.partial).unwrap(), b"some");
    }
}

#[test]
fn a_pipe_gets_what_came_and_is_told_how_much_that_was() {
    for client in CLIENTS {
        let server = Scripted::new(|peer, line| {
            if line != "RETR f" {
                return Then::Usual;
            }
            peer.send("150 here it comes", b"half of it");
            peer.say("451 no more");
            Then::Said
        });
        let output = server.run(client, &["get"], "/f", Some(Path::new("-")));
        assert_eq!(output.stdout, b"half of it");
        let message = one_line_of_failure(&output);
        assert!(message.contains("451 no more") && message.contains("10 bytes"), "{message}");
    }
}

#[test]
fn a_named_pipe_gets_the_bytes_as_they_come() {
    for client in CLIENTS {
        let here = Here::new();
        assert!(std::process::Command::new("mkfifo").arg(&here.file).status().unwrap().success());
        let pipe = here.file.clone();
        let reader = std::thread::spawn(move || fs::read(pipe).unwrap());
        let server = Scripted::new(|peer, line| {
            if line != "RETR f" {
                return Then::Usual;
            }
            peer.send("150 here it comes", b"content");
            peer.say("226 done");
            Then::Said
        });
        let output = server.run(client, &["get"], "/f", Some(&here.file));
        assert!(output.status.success(), "{output:?}");
        assert_eq!(reader.join().unwrap(), b"content");
        assert_eq!(here.names(), ["f"]);
    }
}

#[test]
fn a_new_file_has_the_old_ones_mode_and_a_link_still_leads_to_it() {
    use std::os::unix::fs::PermissionsExt;
    for client in CLIENTS {
        let here = Here::with_old();
        let target = here.scratch.path().join("target");
        fs::rename(&here.file, &target).unwrap();
        fs::set_permissions(&target, fs::Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink(&target, &here.file).unwrap();
        let server = Scripted::new(|peer, line| {
            if line != "RETR f" {
                return Then::Usual;
            }
            peer.send("150 here it comes", b"new");
            peer.say("226 done");
            Then::Said
        });
        let output = server.run(client, &["get"], "/f", Some(&here.file));
        assert!(output.status.success(), "{output:?}");
        assert_eq!(fs::read(&target).unwrap(), b"new");
        assert!(here.file.is_symlink());
        assert_eq!(target.metadata().unwrap().permissions().mode() & 0o777, 0o640);
        assert_eq!(here.names(), ["f", "target"]);
    }
}
