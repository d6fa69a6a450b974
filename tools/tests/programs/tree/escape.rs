//! Ways out of the root, at every command that takes a path.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::processes::names;
use ftp_proto::StreamEnd::Clean;

use super::{Place, WITH_PATH, say};

#[test]
fn no_path_leads_out_of_the_root() {
    let place = Place::new();
    let mut session = place.session();
    let absolute = place.outside().join("secret").to_string_lossy().into_owned();
    for path in
        ["../outside/secret", "/../outside/secret", "sub/../../outside/secret", "../../../../etc/passwd", &absolute]
    {
        for (command, moves) in WITH_PATH {
            session.say("CWD /");
            let said = say(&mut session, command, moves, path);
            // The place it names is one within the root, where nothing is.
            assert!(!said.contains("secret\r\n") && session.download.is_empty(), "{command}{path}: {said}");
            assert!(said.starts_with('5') && !said.starts_with("500"), "{command}{path}: {said}");
        }
    }
    session.say("CWD sub");
    for path in ["..", "../..", "/..", "../../../.."] {
        assert!(session.say(format!("CWD {path}")).starts_with("250"));
        assert!(session.say("PWD").starts_with("257 \"/\""));
        assert!(session.say("CWD sub").starts_with("250"));
    }
    for command in ["STOU ../../outside/new", "STOU /../outside/new"] {
        assert!(session.store(command, b"evil", Clean).starts_with("5"), "{command}");
    }
    place.is_untouched();
    assert_eq!(names(&place.root()), ["sub"]);
}

#[test]
fn no_link_leads_out_of_the_root() {
    let place = Place::new();
    let root = place.root();
    symlink(place.outside(), root.join("directory")).unwrap();
    symlink(place.outside().join("secret"), root.join("file")).unwrap();
    symlink("../outside/secret", root.join("relative")).unwrap();
    symlink("../outside/nothing", root.join("dangling")).unwrap();
    symlink("/proc/self/root", root.join("magic")).unwrap();
    symlink("loop", root.join("loop")).unwrap();
    let mut session = place.session();
    let paths = ["directory", "directory/secret", "directory/new", "file", "relative", "dangling", "magic/etc", "loop"];
    for path in paths {
        for (command, moves) in WITH_PATH {
            // These say something of the link itself, which is in the root.
            if matches!(command, "DELE " | "MKD " | "RMD ") && !path.contains('/') {
                continue;
            }
            let said = say(&mut session, command, moves, path);
            assert!(said.starts_with('5') && !said.starts_with("500"), "{command}{path}: {said}");
            assert!(session.download.is_empty(), "{command}{path}");
        }
    }
    for to in ["directory/new", "magic/tmp/new"] {
        fs::write(root.join("mine"), "mine").unwrap();
        assert!(session.say("RNFR mine").starts_with("350"));
        assert!(session.say(format!("RNTO {to}")).starts_with("553"), "{to}");
    }
    assert!(session.transfer("NLST").contains("226"));
    assert_eq!(session.download, b"mine\r\nsub\r\n");
    place.is_untouched();
    // A link is deleted, not what it leads to.
    assert!(session.say("DELE file").starts_with("250"));
    assert!(session.store("STOU directory/new", b"evil", Clean).starts_with('5'));
    place.is_untouched();
}

#[test]
fn a_link_that_is_swapped_while_it_is_used_leads_nowhere_else() {
    let place = Place::new();
    let root = place.root();
    fs::create_dir(root.join("inside")).unwrap();
    fs::write(root.join("inside/secret"), "inside").unwrap();
    let swapped = root.join("swapped");
    let stop = Arc::new(AtomicBool::new(false));
    let swapper = std::thread::spawn({
        let (stop, root, outside, swapped) = (stop.clone(), root.clone(), place.outside(), swapped.clone());
        move || {
            while !stop.load(Ordering::Relaxed) {
                for target in [Path::new("inside"), &outside] {
                    symlink(target, root.join("next")).unwrap();
                    fs::rename(root.join("next"), &swapped).unwrap();
                }
            }
        }
    });
    let mut session = place.session();
    let mut served = 0;
    for _ in 0..1500 {
        if session.transfer("RETR swapped/secret").contains("226") {
            assert_eq!(session.download, b"inside");
            served += 1;
        }
        let _ = session.store("STOR swapped/new", b"evil", Clean);
        let _ = session.say("DELE swapped/new");
        let _ = session.say("MKD swapped/directory");
        let _ = session.say("RMD swapped/directory");
        let _ = session.say("SITE CHMOD 777 swapped/secret");
        let _ = session.say("MFMT 20010101000000 swapped/secret");
    }
    stop.store(true, Ordering::Relaxed);
    swapper.join().unwrap();
    assert!(served > 0);
    place.is_untouched();
}
