//! `ls` and `mirror` against scripted servers, by MLSD, LIST and NLST.

use std::fs::{self, File};
use std::io::Read;
use std::os::fd::AsFd;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::fs::OFlags;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use crate::processes::{CLIENTS, at_once, names, one_line_of_failure};
use crate::scripted::{Peer, Scripted, Then};

/// A server that has these words, and listings by them; the rest is refused. Each file's content is its path.
struct Words {
    feat: bool,
    mlsd: &'static str,
    list: &'static str,
    nlst: &'static str,
}

impl Words {
    const NONE: Self = Self { feat: false, mlsd: "", list: "", nlst: "" };

    fn serve(self) -> Scripted {
        let listing = |peer: &mut Peer, text: &str, unknown: &str| {
            match text {
                "" => peer.say(unknown),
                refusal if refusal.starts_with(['4', '5']) => peer.say(refusal),
                text => {
                    peer.send("150 here it comes", text.as_bytes());
                    peer.say("226 done");
                }
            }
            Then::Said
        };
        Scripted::new(move |peer, line| {
            let (verb, argument) = line.split_once(' ').unwrap_or((line, ""));
            match verb {
                "FEAT" if self.feat => peer.say("211-these\r\n MLST type*;size*;modify*;\r\n211 end"),
                "MLSD" => return listing(peer, self.mlsd, "502 no"),
                "LIST" => return listing(peer, self.list, "502 no"),
                "NLST" => return listing(peer, self.nlst, "502 no"),
                "CWD" if argument != "/" => peer.say("550 no directory"),
                "RETR" => {
                    peer.send("150 here it comes", argument.as_bytes());
                    peer.say("226 done");
                }
                _ => return Then::Usual,
            }
            Then::Said
        })
    }
}

/// What `ls` prints.
fn ls(client: &str, server: &Scripted, options: &[&str]) -> String {
    let output = server.run(client, &[options, &["ls"]].concat(), "/", None);
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// The same on a terminal.
fn on_a_terminal(mut command: Command) -> String {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let path = ptsname(&master, Vec::new()).unwrap();
    let slave = rustix::fs::open(path.as_c_str(), OFlags::RDWR | OFlags::NOCTTY, rustix::fs::Mode::empty()).unwrap();
    let mut child = command
        .stdout(File::from(slave.as_fd().try_clone_to_owned().unwrap()))
        .stderr(Stdio::piped())
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    drop((slave, command));
    let mut shown = Vec::new();
    // Its end is an error here.
    let _ = File::from(master).read_to_end(&mut shown);
    assert!(child.wait().unwrap().success());
    String::from_utf8(shown).unwrap()
}

#[test]
fn ls_is_a_table_with_sizes_and_times_whatever_the_server_says() {
    let mlsd = "type=cdir;modify=20240309140509; .\r\ntype=dir;modify=20190309000000; old dir\r\n\
        type=file;size=4096;modify=20240309140509;unix.mode=0640; notes.txt\r\n";
    let unix = "total 8\r\ndrwxr-xr-x   3 alice    staff         512 Mar  9  2019 old dir\r\n\
        -rw-r-----   1 alice    staff        4096 Mar  9  2024 notes.txt\r\n\
        lrwxrwxrwx   1 alice    staff           9 Mar  9  2024 link -> notes.txt\r\n";
    let dos = "03-09-24  02:05PM       <DIR>          old dir\r\n03-09-24  02:05PM                 4096 notes.txt\r\n";
    for client in CLIENTS {
        let server = Words { feat: true, mlsd, list: unix, ..Words::NONE }.serve();
        assert_eq!(
            ls(client, &server, &[]),
            "d                     - 2019-03-09 00:00Z old dir\n\
             -rw-r-----         4096 2024-03-09 14:05Z notes.txt\n"
        );
        assert_eq!(ls(client, &server, &["--raw"]), unix);
        let server = Words { list: unix, ..Words::NONE }.serve();
        assert_eq!(
            ls(client, &server, &[]),
            "drwxr-xr-x            - 2019-03-09        old dir\n\
             -rw-r-----         4096 2024-03-09        notes.txt\n\
             lrwxrwxrwx            9 2024-03-09        link -> notes.txt\n"
        );
        let server = Words { list: dos, ..Words::NONE }.serve();
        let table = ls(client, &server, &[]);
        assert!(table.contains(" 4096 2024-03-09 14:05  notes.txt\n") && table.starts_with("d "), "{table}");
        // What MLSD doesn't know, such as a file, LIST may.
        let server = Words { feat: true, mlsd: "501 not a directory", list: unix, ..Words::NONE }.serve();
        assert!(ls(client, &server, &[]).contains(" notes.txt\n"));
        // What nobody understands is shown as it is.
        let server = Words { list: "<html> what is this?\r\nthe end\r\n", ..Words::NONE }.serve();
        assert_eq!(ls(client, &server, &[]), "<html> what is this?\nthe end\n");
    }
}

#[test]
fn no_files_is_an_empty_listing_and_no_such_file_is_none() {
    for client in CLIENTS {
        for refusal in ["450 No files found", "450 no files", "550 No files found.", "450 No files in directory"] {
            for feat in [true, false] {
                let server = Words { feat, mlsd: refusal, list: refusal, ..Words::NONE }.serve();
                assert_eq!(ls(client, &server, &[]), "", "{refusal}");
                assert_eq!(ls(client, &server, &["--raw"]), "", "{refusal}");
            }
        }
        // Behind the 150, too.
        let server = Scripted::new(|peer, line| {
            if line != "LIST" {
                return Then::Usual;
            }
            peer.send("150 here it comes", b"");
            peer.say("450 no files");
            Then::Said
        });
        assert_eq!(ls(client, &server, &[]), "");
        // LIST of what isn't there brings nothing at several servers.
        let server = Scripted::new(|peer, line| {
            match line {
                "FEAT" => peer.say("211-these\r\n MLST type*;\r\n211 end"),
                "MLSD" => peer.say("550 not there"),
                "LIST" | "NLST" => {
                    peer.send("150 here it comes", b"");
                    peer.say("226 done");
                }
                _ => return Then::Usual,
            }
            Then::Said
        });
        let scratch = tempfile::tempdir().unwrap();
        for (action, file) in [("ls", None), ("mirror", Some(scratch.path()))] {
            let output = server.run(client, &[action], "/", file);
            let message = String::from_utf8(output.stderr).unwrap();
            assert!(output.status.code() == Some(1) && message.contains("550 not there"), "{action}: {message}");
        }
        for refusal in ["450 nothere: No such file or directory", "550 Permission denied", "450 busy"] {
            let server = Words { list: refusal, ..Words::NONE }.serve();
            let message = one_line_of_failure(&server.run(client, &["ls"], "/", None));
            assert!(message.contains(refusal), "{message}");
        }
    }
}

#[test]
fn escapes_are_masked_on_a_terminal_and_raw_in_a_pipe() {
    let list = "-rw-r--r-- 1 a a 9 Mar  9  2019 \x1b[2Jgone\x07 caf\u{e9}\r\n";
    for client in CLIENTS {
        for options in [&["ls"][..], &["--raw", "ls"]] {
            let server = Words { list, ..Words::NONE }.serve();
            let piped = server.run(client, options, "/", None).stdout;
            assert!(piped.windows(5).any(|bytes| bytes == b"\x1b[2Jg"), "{}", piped.escape_ascii());
            let shown = on_a_terminal(server.command(client, options, "/", None));
            assert!(!shown.contains(['\x1b', '\x07']), "{shown:?}");
            assert!(shown.contains("\\u{1b}[2Jgone\\u{7} caf\u{e9}\r\n"), "{shown:?}");
        }
    }
}

#[test]
fn mirror_reads_mlsd_then_list_then_nlst() {
    let list = "drwxr-xr-x 2 a a 4096 Mar  9  2019 .\r\ndrwxr-xr-x 2 a a 4096 Mar  9  2019 ..\r\n\
        -rw-r--r-- 1 a a 2 Mar  9  2019 a\r\n-rw-r--r-- 1 a a 4 Mar  9  2019 b c\r\n";
    let odd = "-rw-r--r-- 1 a a 2 Mar  9  2019 a\r\n?????????? ? ? ? ? ? b c\r\n";
    for client in CLIENTS {
        for (words, expected, refused) in [
            (Words { feat: true, mlsd: "type=file;size=2; a\r\ntype=file;size=4; b c\r\n", ..Words::NONE }, "MLSD", ""),
            (Words { feat: true, mlsd: "500 what?", list, ..Words::NONE }, "LIST", "MLSD"),
            (Words { list, ..Words::NONE }, "LIST", ""),
            (Words { list: "550 not here", nlst: "a\r\nb c\r\n", ..Words::NONE }, "NLST", "LIST"),
            (Words { nlst: "a\r\nb c\r\n", ..Words::NONE }, "NLST", "LIST"),
            (Words { list: odd, nlst: "a\r\nb c\r\n", ..Words::NONE }, "NLST", ""),
            (Words { list: "a\r\nb c\r\n", nlst: "a\r\nb c\r\n", ..Words::NONE }, "NLST", ""),
        ] {
            let scratch = tempfile::tempdir().unwrap();
            let server = words.serve();
            let output = server.run(client, &["mirror"], "/", Some(scratch.path()));
            assert!(output.status.success(), "{expected}: {output:?}");
            assert_eq!(names(scratch.path()), ["a", "b c"], "{expected}");
            assert_eq!(fs::read(scratch.path().join("b c")).unwrap(), b"/b c");
            assert!(
                server.count(expected) == 1 && (refused.is_empty() || server.count(refused) == 1),
                "{:?}",
                server.heard()
            );
        }
        for refusal in ["450 No files found", "550 No files found."] {
            let scratch = tempfile::tempdir().unwrap();
            let server = Words { list: refusal, ..Words::NONE }.serve();
            let output = server.run(client, &["mirror"], "/", Some(scratch.path()));
            assert!(output.status.success(), "{output:?}");
        }
    }
}

#[test]
fn mirror_takes_no_dangerous_name_and_no_device_from_a_list() {
    let list = "-rw-r--r-- 1 a a 2 Mar  9  2019 ../x\r\n-rw-r--r-- 1 a a 2 Mar  9  2019 /x\r\n\
        -rw-r--r-- 1 a a 2 Mar  9  2019 C:x\r\n-rw-r--r-- 1 a a 2 Mar  9  2019 a\\b\r\n\
        -rw-r--r-- 1 a a 2 Mar  9  2019 a.ftp-part\r\nprw-r--r-- 1 a a 0 Mar  9  2019 pipe\r\n\
        -rw-r--r-- 1 a a 2 Mar  9  2019 a\r\n";
    for client in CLIENTS {
        let scratch = tempfile::tempdir().unwrap();
        let (here, server) = (scratch.path().join("here"), Words { list, ..Words::NONE }.serve());
        let output = server.run(client, &["mirror"], "/", Some(&here));
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{message}");
        for name in ["../x", "/x", "C:x", "a\\b", "a.ftp-part"] {
            assert!(message.lines().any(|line| line.starts_with(&format!("{name}: refused"))), "{name}: {message}");
        }
        assert!(message.contains("\npipe: left out"), "{message}");
        assert_eq!((names(&here), names(scratch.path())), (vec!["a".into()], vec!["here".into()]), "{message}");
    }
}

#[test]
fn a_mirror_has_a_bound_on_the_number_of_directories() {
    for client in CLIENTS {
        let scratch = tempfile::tempdir().unwrap();
        // Each directory holds two that are the same one again.
        let server = Scripted::new(|peer, line| {
            match line {
                "FEAT" => peer.say("211-these\r\n MLST type*;size*;\r\n211 end"),
                "MLSD" => {
                    peer.send("150 here it comes", b"type=dir; a\r\ntype=dir; b\r\n");
                    peer.say("226 done");
                }
                _ => return Then::Usual,
            }
            Then::Said
        });
        let options = ["--max-directories", "20", "mirror"];
        let output = server.run(client, &options, "/", Some(&scratch.path().join("here")));
        let message = one_line_of_failure(&output);
        assert!(message.contains("more than 20 directories") && message.contains("--max-directories"), "{message}");
        assert_eq!(server.count("MLSD"), 20);
    }
}

/// Some servers put the directory before each name, though NLST had no path.
#[test]
fn mirror_takes_names_with_the_path_of_their_directory() {
    for client in CLIENTS {
        for nlst in ["/a\r\n/b c\r\n", "./a\r\n./b c\r\n"] {
            let scratch = tempfile::tempdir().unwrap();
            let server = Words { nlst, ..Words::NONE }.serve();
            let output = server.run(client, &["mirror"], "/", Some(scratch.path()));
            assert!(output.status.success(), "{nlst:?}: {output:?}");
            assert_eq!(names(scratch.path()), ["a", "b c"], "{nlst:?}");
        }
    }
}

#[test]
fn a_226_alone_is_an_empty_listing() {
    at_once(CLIENTS, |client| {
        for closes in [false, true] {
            let server = Scripted::new(move |peer, line| {
                if !line.starts_with("LIST") {
                    return Then::Usual;
                }
                if closes {
                    drop(peer.data());
                }
                peer.say("226 nothing there");
                Then::Said
            });
            let began = Instant::now();
            let output = server.run(client, &["ls"], "/", None);
            assert!(output.status.success() && output.stdout.is_empty(), "{client}, {closes}: {output:?}");
            assert!(began.elapsed() < Duration::from_secs(15), "{client}, {closes}: {:?}", began.elapsed());
        }
    });
}
