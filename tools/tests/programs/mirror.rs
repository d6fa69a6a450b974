//! `mirror`, over both adapters of the client: what it copies, and that no name leads out of its directory.

use std::cell::RefCell;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;

use crate::processes::{CLIENTS, Server, client_program, noise};

#[test]
fn a_mirror_has_what_is_there_and_fetches_what_is_missing() {
    for client in CLIENTS {
        let server = Server::start_for(client, "127.0.0.1:0", &[]);
        let (root, copy) = (server.root(), server.local("copy"));
        fs::create_dir_all(root.join("tree/one/two")).unwrap();
        fs::create_dir(root.join("tree/nothing")).unwrap();
        for index in 0..30 {
            fs::write(root.join(format!("tree/one/{index} of 30")), noise(index * 1000)).unwrap();
        }
        fs::write(root.join("tree/one/two/deep"), "deep").unwrap();
        fs::write(root.join("outside"), "outside").unwrap();
        for connections in ["1", "4"] {
            let _ = fs::remove_dir_all(&copy);
            server.ok(&["mirror", "--connections", connections], "/tree", Some(&copy));
            for index in 0..30 {
                assert!(fs::read(copy.join(format!("one/{index} of 30"))).unwrap() == noise(index * 1000));
            }
            assert_eq!(fs::read(copy.join("one/two/deep")).unwrap(), b"deep");
            assert!(copy.join("nothing").is_dir());
            assert_eq!(fs::read_dir(&copy).unwrap().count(), 2);
        }
        fs::write(copy.join("one/two/deep"), "other").unwrap();
        fs::remove_file(copy.join("one/7 of 30")).unwrap();
        let again = server.run(&["-v", "mirror"], "/tree/", Some(&copy));
        let dialogue = String::from_utf8(again.stderr).unwrap();
        assert_eq!(dialogue.matches("> RETR").count(), 2, "{dialogue}");
        assert_eq!(fs::read(copy.join("one/two/deep")).unwrap(), b"deep");
        assert!(server.fails(&["mirror"], "/missing", Some(&copy)).contains("550"));
        assert!(server.fails(&["mirror"], "/tree", None).contains("a directory"));
    }
}

#[cfg(unix)]
#[test]
fn a_mirror_writes_through_no_link() {
    for client in CLIENTS {
        let server = Server::start_for(client, "127.0.0.1:0", &[]);
        let (copy, outside) = (server.local("copy"), server.local("outside"));
        fs::create_dir(server.root().join("sub")).unwrap();
        fs::write(server.root().join("sub/file"), "from the server").unwrap();
        fs::write(server.root().join("link"), "from the server").unwrap();
        fs::create_dir(&copy).unwrap();
        fs::create_dir(&outside).unwrap();
        fs::write(outside.join("target"), "mine").unwrap();
        std::os::unix::fs::symlink(&outside, copy.join("sub")).unwrap();
        std::os::unix::fs::symlink(outside.join("target"), copy.join("link")).unwrap();
        let output = server.run(&["mirror"], "/", Some(&copy));
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert_eq!(fs::read(outside.join("target")).unwrap(), b"mine");
        assert_eq!(fs::read_dir(&outside).unwrap().count(), 1);
    }
}

#[test]
fn s14_no_name_in_a_listing_leads_out_of_a_mirror() {
    const HOSTILE: [&str; 9] = ["../../x", "/abs", "a/b", "..", ".", "C:x", "a\\b", "../x", "x/.."];
    for client in CLIENTS {
        for has_facts in [true, false] {
            let line = |name: &&str| {
                if has_facts { format!("type=file;size=4; {name}\r\n") } else { format!("{name}\r\n") }
            };
            let listing = HOSTILE.iter().chain(&["good", "good too"]).map(line).collect();
            let scratch = tempfile::tempdir().unwrap();
            let copy = scratch.path().join("a/b/copy");
            let address = hostile_server(listing, has_facts, "");
            let output = client_program(client)
                .args(["mirror", "--connections", "2", &format!("ftp://{address}/")])
                .arg(&copy)
                .output()
                .unwrap();
            let message = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(1), "{message}");
            for name in HOSTILE {
                assert!(message.lines().any(|line| line.starts_with(&format!("{name}: refused"))), "{name}: {message}");
            }
            assert_eq!(message.lines().count(), HOSTILE.len() + 1, "{message}");
            assert_eq!(fs::read(copy.join("good")).unwrap(), b"evil");
            assert_eq!(fs::read(copy.join("good too")).unwrap(), b"evil");
            assert_eq!(fs::read_dir(&copy).unwrap().count(), 2);
            for directory in ["", "a", "a/b"] {
                assert_eq!(fs::read_dir(scratch.path().join(directory)).unwrap().count(), 1, "{directory}");
            }
            assert!(!Path::new("/abs").exists());
        }
    }
}

/// What is wrong with one data connection is mostly wrong with all of them.
#[test]
fn a_mirror_gives_the_same_advice_once() {
    for client in CLIENTS {
        let listing = (0..8).map(|index| format!("type=file;size=4; f{index}\r\n")).collect();
        let scratch = tempfile::tempdir().unwrap();
        let address = hostile_server(listing, true, "425 Security: Bad IP connecting.");
        let url = format!("ftp://{address}/");
        let output = client_program(client)
            .args(["mirror", "--connections", "2", &url])
            .arg(scratch.path().join("copy"))
            .output();
        let message = String::from_utf8(output.unwrap().stderr).unwrap();
        assert_eq!(message.matches("(425)").count(), 8, "{message}");
        for words in ["Likely: ", "What you can do: ", "ftp-doctor tells more."] {
            assert_eq!(message.matches(words).count(), 1, "{words}: {message}");
        }
    }
}

/// A server whose only directory has this listing, and whose every file is `evil`, unless there is a refusal.
fn hostile_server(listing: String, has_facts: bool, refusal: &'static str) -> SocketAddr {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = server.local_addr().unwrap();
    std::thread::spawn(move || {
        for control in server.incoming() {
            let listing = listing.clone();
            std::thread::spawn(move || serve_hostile(control.unwrap(), &listing, has_facts, refusal));
        }
    });
    address
}

fn serve_hostile(control: TcpStream, listing: &str, has_facts: bool, refusal: &str) {
    let mut commands = BufReader::new(control.try_clone().unwrap()).lines();
    let say = |reply: &str| (&control).write_all(format!("{reply}\r\n").as_bytes()).unwrap();
    // For each transfer anew: a client that was refused has left its connection.
    let data = RefCell::new(TcpListener::bind("127.0.0.1:0").unwrap());
    let send = |content: &str| {
        say("150 here it comes");
        data.borrow().accept().unwrap().0.write_all(content.as_bytes()).unwrap();
        say("226 done");
    };
    say("220 come in");
    while let Some(Ok(command)) = commands.next() {
        match command.split_once(' ').unwrap_or((&command, "")) {
            ("USER", _) => say("230 you are welcome"),
            ("PWD", _) => say("257 \"/\""),
            ("CWD", "/") | ("TYPE", _) => say("200 very well"),
            ("FEAT", _) if has_facts => say("211-these\r\n MLST type*;size*;\r\n211 end"),
            ("EPSV", _) => {
                data.replace(TcpListener::bind("127.0.0.1:0").unwrap());
                say(&format!("229 there (|||{}|)", data.borrow().local_addr().unwrap().port()));
            }
            ("MLSD" | "NLST", "") => send(listing),
            ("RETR", _) if !refusal.is_empty() => say(refusal),
            ("RETR", _) => send("evil"),
            ("QUIT", _) => return say("221 goodbye"),
            _ => say("550 no"),
        }
    }
}
