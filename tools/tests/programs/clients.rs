//! The programs against each other, as processes, over loopback.

use std::ffi::OsString;
use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::processes::{
    CLIENTS, SERVERS, Server, at_once, client_program, escaped, noise, one_line_of_failure, server_program,
};

#[test]
fn a_directory_is_listed() {
    for client in CLIENTS {
        let server = Server::start_for(client, "127.0.0.1:0", &[]);
        fs::write(server.root().join("notes.txt"), "twelve bytes").unwrap();
        fs::create_dir(server.root().join("sub")).unwrap();
        let listing = server.ok(&["ls"], "/", None);
        let lines: Vec<&str> = listing.lines().collect();
        assert_eq!(lines.len(), 2, "{listing}");
        assert!(lines[0].starts_with("-rw-r--r-- ") && lines[0].ends_with(" notes.txt"), "{listing}");
        assert!(lines[0].split_whitespace().any(|word| word == "12"), "{listing}");
        assert!(lines[1].starts_with("drwxr-xr-x ") && lines[1].ends_with(" sub"), "{listing}");
        assert_eq!(server.ok(&["ls"], "/sub", None), "");
    }
}

#[test]
fn every_route_moves_every_byte_both_ways() {
    for client in CLIENTS {
        for (host, routes) in
            [("127.0.0.1:0", &["auto", "epsv", "pasv", "eprt", "port"][..]), ("[::1]:0", &["auto", "epsv", "eprt"][..])]
        {
            if std::net::TcpListener::bind(host).is_err() {
                eprintln!("{host} can't be had here: skipped");
                continue;
            }
            let server = Server::start_for(client, host, &[]);
            let content = noise(1_000_000);
            fs::write(server.root().join("there"), &content).unwrap();
            for route in routes {
                let (here, up) = (server.local(route), format!("/up-{route}"));
                server.ok(&["--route", route, "get"], "/there", Some(&here));
                assert!(fs::read(&here).unwrap() == content, "get by {route} over {host}");
                server.ok(&["--route", route, "put"], &up, Some(&here));
                assert!(fs::read(server.root().join(&up[1..])).unwrap() == content, "put by {route} over {host}");
            }
        }
    }
}

#[test]
fn the_empty_file_goes_both_ways_and_replaces_what_was_there() {
    for client in CLIENTS {
        let server = Server::start_for(client, "127.0.0.1:0", &[]);
        let here = server.local("here");
        fs::write(server.root().join("empty"), "").unwrap();
        fs::write(&here, "something").unwrap();
        server.ok(&["get"], "/empty", Some(&here));
        assert_eq!(fs::read(&here).unwrap(), b"");
        fs::write(server.root().join("full"), "something").unwrap();
        server.ok(&["put"], "/full", Some(&here));
        assert_eq!(fs::read(server.root().join("full")).unwrap(), b"");
    }
}

#[test]
fn a_download_goes_on_where_it_stopped() {
    for client in CLIENTS {
        let server = Server::start_for(client, "127.0.0.1:0", &[]);
        let content = noise(300_000);
        fs::write(server.root().join("file"), &content).unwrap();
        let here = server.local("part");
        for have in [0, 1, 123_456, content.len()] {
            fs::write(&here, &content[..have]).unwrap();
            let dialogue = server.run(&["-v", "--resume", "get"], "/file", Some(&here));
            assert!(dialogue.status.success(), "{dialogue:?}");
            assert!(fs::read(&here).unwrap() == content, "from {have} on");
            let moved = String::from_utf8_lossy(&dialogue.stderr).contains("> RETR");
            assert_eq!(moved, have < content.len(), "nothing is moved where nothing is missing");
        }
        fs::write(&here, noise(300_001)).unwrap();
        assert!(server.fails(&["--resume", "get"], "/file", Some(&here)).contains("300001 bytes here"));
    }
}

#[test]
fn an_upload_goes_on_where_it_stopped() {
    for client in CLIENTS {
        let server = Server::start_for(client, "127.0.0.1:0", &[]);
        let content = noise(300_000);
        let (here, there) = (server.local("whole"), server.root().join("file"));
        fs::write(&here, &content).unwrap();
        server.ok(&["--resume", "put"], "/file", Some(&here));
        assert!(fs::read(&there).unwrap() == content, "a file that isn't there is sent whole");
        for have in [1, 123_456, content.len()] {
            fs::write(&there, &content[..have]).unwrap();
            server.ok(&["--resume", "put"], "/file", Some(&here));
            assert!(fs::read(&there).unwrap() == content, "from {have} on");
        }
        fs::write(&there, noise(300_001)).unwrap();
        assert!(server.fails(&["--resume", "put"], "/file", Some(&here)).contains("300001 at the server"));
    }
}

#[test]
fn directories_and_files_are_made_and_removed() {
    for client in CLIENTS {
        let server = Server::start_for(client, "127.0.0.1:0", &[]);
        server.ok(&["mkdir"], "/new", None);
        assert!(server.root().join("new").is_dir());
        fs::write(server.root().join("new/file"), "x").unwrap();
        assert!(server.fails(&["rm"], "/new/", None).contains("550"), "it isn't empty");
        server.ok(&["rm"], "/new/file", None);
        server.ok(&["rm"], "/new/", None);
        assert!(!server.root().join("new").exists());
        server.ok(&["mkdir"], "/keeps", None);
        fs::write(server.local("its name"), "y").unwrap();
        server.ok(&["put"], "/keeps/", Some(&server.local("its name")));
        assert_eq!(fs::read(server.root().join("keeps/its name")).unwrap(), b"y");
        assert!(server.fails(&["rm"], "/new", None).contains("550"));
        assert!(server.fails(&["mkdir"], "/no/such", None).contains("550"));
    }
}

#[test]
fn files_and_directories_are_renamed() {
    for client in CLIENTS {
        let server = Server::start_for(client, "127.0.0.1:0", &[]);
        fs::write(server.root().join("old name"), "x").unwrap();
        fs::create_dir(server.root().join("sub")).unwrap();
        // As in the URL: from the login directory on, and escaped.
        server.ok(&["mv"], "/old%20name", Some(Path::new("/sub/a%20b%25")));
        server.ok(&["mv"], "/sub", Some(Path::new("moved")));
        assert_eq!(fs::read(server.root().join("moved/a b%")).unwrap(), b"x");
        assert!(!server.root().join("old name").exists() && !server.root().join("sub").exists());
        assert!(server.fails(&["mv"], "/sub", Some(Path::new("/new"))).contains("550"));
        assert!(server.fails(&["mv"], "/moved", None).contains("a new path"));
    }
}

#[test]
#[cfg(unix)]
fn ctrl_c_aborts_in_order_and_keeps_what_came() {
    for client in CLIENTS {
        let server = Server::start_for(client, "127.0.0.1:0", &[]);
        let content = noise(1_000_003).repeat(16);
        fs::write(server.root().join("file"), &content).unwrap();
        let mut command = server.command(&["-v", "get"], "/file", Some(Path::new("-")));
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut came = vec![0; 100_000];
        let mut output = child.stdout.take().unwrap();
        output.read_exact(&mut came).unwrap();
        // The pipe is full, so the program can't be done before the signal comes.
        let id = child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
        output.read_to_end(&mut came).unwrap();
        let ended = child.wait_with_output().unwrap();
        let dialogue = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(ended.status.code(), Some(130), "{dialogue}");
        assert!(came.len() < content.len() && content.starts_with(&came), "{} bytes", came.len());
        assert!(dialogue.contains("\n> ABOR\n") && dialogue.contains("\n> QUIT\n< 221 "), "{dialogue}");
        assert_eq!(dialogue.lines().last(), Some("ftp-client: file: aborted"));
    }
}

#[test]
fn names_in_any_encoding_survive() {
    for client in CLIENTS {
        let server = Server::start_for(client, "127.0.0.1:0", &[]);
        let here = server.local("here");
        fs::write(&here, "content").unwrap();
        let mut names = vec![" two  words ", "say \"hello\"", "a%b?c#d;e", "--help", "日本"];
        for name in &names {
            let url = format!("/{}", escaped(name.as_bytes()));
            server.ok(&["put"], &url, Some(&here));
            assert_eq!(fs::read(server.root().join(name)).unwrap(), b"content", "{name:?}");
            let back = server.local("back");
            server.ok(&["get"], &url, Some(&back));
            assert_eq!(fs::read(back).unwrap(), b"content", "{name:?}");
        }
        names.sort();
        let listing = server.ok(&["ls"], "/", None);
        let listed: Vec<&str> = listing.lines().collect();
        assert_eq!(listed.len(), names.len(), "{listing}");
        assert!(names.iter().zip(listed).all(|(name, line)| line.ends_with(&format!(" {name}"))), "{listing}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn names_need_not_be_utf_8() {
    for client in CLIENTS {
        use std::os::unix::ffi::{OsStrExt, OsStringExt};
        let server = Server::start_for(client, "127.0.0.1:0", &[]);
        let name = OsString::from_vec(b"caf\xe9".to_vec());
        fs::write(server.root().join(&name), "latin 1").unwrap();
        let back = server.local("back");
        server.ok(&["get"], "/caf%E9", Some(&back));
        assert_eq!(fs::read(back).unwrap(), b"latin 1");
        for (options, end) in [(&["ls"][..], &b" caf\xe9\n"[..]), (&["ls", "--raw"], b" caf\xe9\r\n")] {
            let listing = server.run(options, "/", None).stdout;
            assert!(listing.ends_with(end), "{}", listing.escape_ascii());
        }
        // By default the file keeps its name.
        let output = server.command(&["get"], "/caf%E9", None).current_dir(server.scratch.path()).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        assert_eq!(fs::read(server.scratch.path().join(std::ffi::OsStr::from_bytes(b"caf\xe9"))).unwrap(), b"latin 1");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_here_is_told_as_that() {
    for client in CLIENTS {
        let server = Server::start_for(client, "127.0.0.1:0", &[]);
        fs::write(server.root().join("file"), noise(5_000_000)).unwrap();
        assert!(server.fails(&["get"], "/file", Some(Path::new("/dev/full"))).contains("storage full"));
    }
}

#[cfg(unix)]
#[test]
fn no_path_leads_out() {
    for client in CLIENTS {
        let server = Server::start_for(client, "127.0.0.1:0", &[]);
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("secret"), "secret").unwrap();
        fs::write(server.local("here"), "mine").unwrap();
        std::os::unix::fs::symlink(outside.path(), server.root().join("out")).unwrap();
        std::os::unix::fs::symlink(outside.path().join("secret"), server.root().join("link")).unwrap();
        std::os::unix::fs::symlink("../../../../../../../../etc", server.root().join("up")).unwrap();
        let here = server.local("here");
        for path in ["/../../etc/passwd", "/%2Fetc/passwd", "/out/secret", "/link", "/up/passwd", "/out/../../secret"] {
            assert!(server.fails(&["get"], path, Some(&server.local("got"))).contains("550"), "{path}");
            assert!(!server.local("got").exists(), "{path}: what is refused leaves no file");
        }
        for path in ["/out/new", "/link", "/up/ftp-proto-test"] {
            server.fails(&["put"], path, Some(&here));
        }
        server.fails(&["rm"], "/out/secret", None);
        server.fails(&["mkdir"], "/out/directory", None);
        server.fails(&["ls"], "/out", None);
        assert_eq!(fs::read(outside.path().join("secret")).unwrap(), b"secret");
        assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 1);
        // At the root, `..` is the root.
        server.ok(&["put"], "/../../x", Some(&here));
        assert_eq!(fs::read(server.root().join("x")).unwrap(), b"mine");
    }
}

#[test]
fn a_failure_is_one_line_and_exit_code_1() {
    at_once(CLIENTS, |client| {
        let server = Server::start_for(client, "127.0.0.1:0", &["--anonymous"]);
        fs::write(server.root().join("file"), "x").unwrap();
        let here = server.local("here");
        fs::write(&here, "x").unwrap();
        let address = &server.address;
        let directory = server.scratch.path().to_str().unwrap();
        let here = here.to_str().unwrap();
        for (arguments, expected) in [
            (vec!["ls", &format!("ftp://anna:wrong@{address}/")], "530"),
            (vec!["ls", &format!("ftp://nobody:secret@{address}/")], "530"),
            (vec!["get", &format!("ftp://{address}/missing"), here], "550"),
            (vec!["put", &format!("ftp://{address}/file"), here], "550"),
            (vec!["rm", &format!("ftp://{address}/file")], "550"),
            (vec!["put", &format!("ftp://anna:secret@{address}/file"), "no such file"], "no such file"),
            (vec!["put", &format!("ftp://anna:secret@{address}/file")], "needs a file"),
            (vec!["get", &format!("ftp://{address}/file"), directory], "directory"),
            (vec!["get", &format!("ftp://{address}/")], "names no file"),
            (vec!["mkdir", &format!("ftp://anna:secret@{address}/a%0D%0ADELE%20file")], "illegal byte"),
            (vec!["ls", &format!("ftp://anna%0Ax:secret@{address}/")], "illegal byte"),
            (vec!["ls", "http://localhost/"], "ftp://"),
            (vec!["ls", "ftp:///"], "no host"),
            (vec!["ls", "ftp://localhost:99999/"], "no port"),
            (vec!["ls", "ftp://127.0.0.1:1/"], "127.0.0.1:1"),
            (vec!["fly", "ftp://localhost/"], "fly"),
            (vec![], "required"),
        ] {
            let output = client_program(client).args(&arguments).output().unwrap();
            let message = one_line_of_failure(&output);
            assert!(message.contains(expected), "{arguments:?}: {message}");
            assert!(!message.contains("secret"), "{message}");
        }
        assert_eq!(fs::read(server.root().join("file")).unwrap(), b"x");
    });
}

#[test]
fn anonymous_reads_only() {
    for client in CLIENTS {
        let server = Server::start_for(client, "127.0.0.1:0", &["--anonymous"]);
        fs::write(server.root().join("file"), "x").unwrap();
        let output =
            client_program(client).args(["get", &format!("ftp://{}/file", server.address), "-"]).output().unwrap();
        assert_eq!(output.stdout, b"x");
        let mut session = server.dial();
        session.log_in("anonymous", "whatever");
        for command in ["DELE file", "MKD a", "RMD a", "RNFR file", "SIZE missing"] {
            assert!(session.say(command).starts_with("550"), "{command}");
        }
    }
}

#[test]
fn the_dialogue_shows_no_password() {
    for client in CLIENTS {
        let server = Server::start_for(client, "127.0.0.1:0", &[]);
        let output = server.run(&["-v", "ls"], "/", None);
        let dialogue = String::from_utf8(output.stderr).unwrap();
        assert!(dialogue.contains("> PASS ****\n< 230 "), "{dialogue}");
        assert!(!dialogue.contains("secret"), "{dialogue}");
    }
}

#[test]
fn the_rest_of_the_commands_do_what_they_say() {
    let server = Server::start("127.0.0.1:0", &[]);
    fs::write(server.root().join("file"), "12345").unwrap();
    let mut session = server.dial();
    session.log_in("anna", "secret");
    for (command, expected) in [
        ("PWD", "257 \"/\""),
        ("MKD say \"hi\"", "257 \"/say \"\"hi\"\"\""),
        ("CWD say \"hi\"", "250"),
        ("PWD", "257 \"/say \"\"hi\"\"\""),
        ("CDUP", "250"),
        ("CDUP", "250"),
        ("PWD", "257 \"/\""),
        ("CWD file", "550"),
        ("TYPE A", "200"),
        ("SIZE file", "550 SIZE not allowed in ASCII mode."),
        ("TYPE I", "200"),
        ("SIZE file", "213 5"),
        ("SIZE say \"hi\"", "550"),
        ("MDTM file", "213 20"),
        ("MLST file", "250"),
        ("RNFR missing", "550"),
        ("RNFR file", "350"),
        ("RNTO say \"hi\"/moved", "250"),
        ("RMD say \"hi\"", "550"),
        ("DELE say \"hi\"/moved", "250"),
        ("RMD say \"hi\"", "250"),
        ("RMD /", "550"),
        ("RETR nothing", "425"),
        ("EPSV", "229"),
        ("RETR nothing", "550"),
    ] {
        let reply = session.say(command);
        assert!(reply.starts_with(expected), "{command}: {reply}");
    }
}

#[test]
fn an_offset_behind_the_end_is_refused() {
    let server = Server::start("127.0.0.1:0", &[]);
    fs::write(server.root().join("file"), "12345").unwrap();
    let mut session = server.dial();
    session.log_in("anna", "secret");
    assert!(session.say("TYPE I").starts_with("200"));
    for command in ["RETR file", "STOR file"] {
        assert!(session.say("EPSV").starts_with("229"));
        assert!(session.say("REST 6").starts_with("350"));
        assert!(session.say(command).starts_with("554"), "{command}");
    }
    assert_eq!(fs::read(server.root().join("file")).unwrap(), b"12345");
}

#[test]
fn names_and_machine_listings_and_unique_files() {
    let server = Server::start("127.0.0.1:0", &[]);
    fs::create_dir(server.root().join("sub")).unwrap();
    fs::write(server.root().join("sub/a b"), "123").unwrap();
    let mut session = server.dial();
    session.log_in("anna", "secret");
    assert_eq!(session.fetch("NLST"), "sub\r\n");
    assert_eq!(session.fetch("NLST -a sub"), "sub/a b\r\n");
    assert!(session.fetch("LIST -la sub").ends_with(" a b\r\n"));
    assert!(session.fetch("LIST -la").ends_with(" sub\r\n"));
    let facts = session.fetch("MLSD sub");
    assert!(facts.starts_with("type=file;size=3;modify=20") && facts.ends_with("; a b\r\n"), "{facts}");
    for (command, expected) in [("STOU", "file"), ("STOU", "file.2"), ("APPE file", "file")] {
        session.send(command, "abc");
        let times = if command.starts_with("APPE") { 2 } else { 1 };
        assert_eq!(fs::read(server.root().join(expected)).unwrap(), "abc".repeat(times).as_bytes(), "{command}");
    }
}

#[test]
fn abor_is_heard_while_data_flows() {
    let server = Server::start("127.0.0.1:0", &[]);
    fs::File::create(server.root().join("huge")).unwrap().set_len(1 << 30).unwrap();
    let mut session = server.dial();
    session.log_in("anna", "secret");
    let mut data = session.passive();
    assert!(session.say("RETR huge").starts_with("150"));
    data.read_exact(&mut [0]).unwrap();
    // Nobody reads the data, so that the transfer can't end by itself.
    assert!(session.say("NOOP").starts_with("200"));
    assert!(session.say("ABOR").starts_with("426"));
    assert!(session.reply().starts_with("226"));
    assert!(session.say("NOOP").starts_with("200"), "the session goes on");
}

#[test]
fn passive_ports_and_the_passive_address_are_announced() {
    let server = Server::start("127.0.0.1:0", &["--passive-ports", "40100-40149", "--passive-address", "192.0.2.7"]);
    let mut session = server.dial();
    session.log_in("anna", "secret");
    let reply = session.say("PASV");
    let numbers: Vec<u16> =
        reply.split(['(', ')']).nth(1).unwrap().split(',').map(|number| number.parse().unwrap()).collect();
    assert_eq!(numbers[..4], [192, 0, 2, 7], "{reply}");
    assert!((40100..=40149).contains(&(numbers[4] * 256 + numbers[5])), "{reply}");
}

#[test]
fn a_server_that_nobody_could_use_does_not_start() {
    let root = tempfile::tempdir().unwrap();
    let output =
        server_program(SERVERS[0]).args(["--listen", "127.0.0.1:0", "--root"]).arg(root.path()).output().unwrap();
    assert!(one_line_of_failure(&output).contains("nobody could log in"));
    let output = server_program(SERVERS[0])
        .args(["--listen", "127.0.0.1:0", "--root", "/no/such/directory", "--anonymous"])
        .output()
        .unwrap();
    assert!(one_line_of_failure(&output).contains("/no/such/directory"));
}

#[test]
fn no_progress_is_shown_where_nobody_sees_it() {
    for client in CLIENTS {
        let server = Server::start_for(client, "127.0.0.1:0", &[]);
        fs::write(server.root().join("file"), noise(1_000_000)).unwrap();
        let here = server.local("here");
        for action in ["get", "put"] {
            server.ok(&[action], "/file", Some(&here));
            let dialogue = String::from_utf8(server.run(&["-v", action], "/file", Some(&here)).stderr).unwrap();
            assert!(!dialogue.contains(['\r', '\x1b', '%']), "{dialogue}");
        }
    }
}

#[test]
fn the_options_of_the_routes_are_followed() {
    for client in CLIENTS {
        let server = Server::start_for(client, "127.0.0.1:0", &["--passive-address", "192.0.2.7"]);
        fs::write(server.root().join("file"), "x").unwrap();
        for host in ["peer", "127.0.0.1"] {
            server.ok(&["--route", "pasv", "--passive-host", host, "get"], "/file", Some(Path::new("-")));
        }
        let options = ["-v", "--route", "port", "--active-ports", "40150-40199"];
        let output = server.run(&[&options[..], &["ls"]].concat(), "/", None);
        assert!(output.status.success());
        let dialogue = String::from_utf8(output.stderr).unwrap();
        let (_, port) = dialogue.split_once("> PORT 127,0,0,1,").unwrap();
        let port: Vec<u16> = port.lines().next().unwrap().split(',').map(|number| number.parse().unwrap()).collect();
        assert!((40150..=40199).contains(&(port[0] * 256 + port[1])), "{dialogue}");
        // A server on this host is no outside one, so it hears the inside address.
        let output = server.run(&[&options[..], &["--external-address", "192.0.2.9", "ls"]].concat(), "/", None);
        let dialogue = String::from_utf8(output.stderr).unwrap();
        assert!(dialogue.contains("> PORT 127,0,0,1,") && output.status.success(), "{dialogue}");
    }
}
