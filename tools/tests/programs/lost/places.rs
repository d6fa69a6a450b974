//! What isn't a plain file here: pipes, links.

use std::fs;

use super::{Here, OLD};
use crate::processes::{CLIENTS, one_line_of_failure};
use crate::scripted::{Scripted, Then};

#[test]
fn a_pipe_gets_what_came_and_is_told_how_much_that_was() {
    for client in CLIENTS {
        let here = Here { file: "-".into(), ..Here::new() };
        let output = here.get(client, &[], |peer| {
            peer.send("150 here it comes", b"half of it");
            peer.say("451 no more");
            Then::Said
        });
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
        let output = here.get(client, &[], |peer| {
            peer.send("150 here it comes", b"content");
            peer.say("226 done");
            Then::Said
        });
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
        let output = here.get(client, &[], |peer| {
            peer.send("150 here it comes", b"new");
            peer.say("226 done");
            Then::Said
        });
        assert!(output.status.success(), "{output:?}");
        assert_eq!(fs::read(&target).unwrap(), b"new");
        assert!(here.file.is_symlink());
        assert_eq!(target.metadata().unwrap().permissions().mode() & 0o777, 0o640);
        assert_eq!(here.names(), ["f", "target"]);
    }
}

#[test]
fn what_goes_wrong_here_is_told() {
    for client in CLIENTS {
        // No MODE Z at all.
        let here = Here::with_old();
        let server = Scripted::new(|peer, line| match line {
            "MODE Z" => {
                peer.say("200 ok");
                Then::Said
            }
            "RETR f" => {
                peer.send("150 here it comes", b"this is no zlib");
                peer.say("226 done");
                Then::Said
            }
            _ => Then::Usual,
        });
        let message = one_line_of_failure(&server.run(client, &["--mode", "z", "get"], "/f", Some(&here.file)));
        assert!(message.contains("invalid zlib stream"), "{client}: {message}");
        assert_eq!(here.names(), ["f"]);

        // Somebody else is at it.
        let here = Here::with_old();
        fs::write(&here.partial, "").unwrap();
        let partial = fs::File::open(&here.partial).unwrap();
        rustix::fs::flock(&partial, rustix::fs::FlockOperation::LockExclusive).unwrap();
        let message = one_line_of_failure(&here.get(client, &[], |peer| {
            peer.send("150 here it comes", b"new");
            peer.say("226 done");
            Then::Said
        }));
        assert!(message.contains("another program is downloading it"), "{client}: {message}");
        assert_eq!(fs::read(&here.file).unwrap(), OLD);
    }
}
