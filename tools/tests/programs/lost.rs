//! Nothing is lost, whatever a server says: downloads and uploads against scripted ones.

mod ends;
mod places;
mod resumed;
mod routes;

use std::fs;
use std::path::PathBuf;
use std::process::Output;

use tempfile::TempDir;

use crate::processes::{CLIENTS, names};
use crate::scripted::{Peer, Scripted, Then};

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

    /// `get` of a server that does this once it is asked for the file.
    fn get(
        &self,
        client: &str,
        options: &[&str],
        transfer: impl Fn(&mut Peer) -> Then + Send + Sync + 'static,
    ) -> Output {
        let server = Scripted::new(move |peer, line| if line == "RETR f" { transfer(peer) } else { Then::Usual });
        server.run(client, &[options, &["get"]].concat(), "/f", Some(&self.file))
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
