//! Why there was no data connection: what the server's log says to its administrator, and what the client tells its user.

use std::fs::{self, File};
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::thread;

use socket2::{Domain, Socket, Type};

use crate::processes::{CLIENTS, SERVERS, Server, Session, at_once, client_program, one_line_of_failure};
use crate::scripted::{Scripted, Then};

/// What a server writes into its log while a client by hand does that.
fn log(server: &str, options: &[&str], visit: impl FnOnce(&mut Session)) -> Vec<String> {
    let scratch = tempfile::tempdir().unwrap();
    let (config, log) = (scratch.path().join("config"), scratch.path().join("log"));
    fs::write(&config, "accept_timeout=1\nconnect_timeout=1\n").unwrap();
    let options = [&["--config", config.to_str().unwrap()], options].concat();
    let file = File::create(&log).unwrap();
    let mut process = Server::start_logging(file.into(), server, CLIENTS[0], "127.0.0.1:0", &options);
    let mut session = process.dial();
    session.log_in("anna", "secret");
    visit(&mut session);
    assert!(session.say("NOOP").starts_with("200"), "the session goes on");
    process.kill();
    fs::read_to_string(&log).unwrap().lines().map(str::to_owned).collect()
}

/// The one line, which begins with who was served, has all of these in it.
fn says(server: &str, lines: &[String], parts: &[&str]) {
    let [line] = lines else { panic!("{server}: {lines:#?}") };
    assert!(line.starts_with("ftp-server: 127.0.0.1:"), "{server}: {line}");
    for part in parts {
        assert!(line.contains(part), "{server}, {part}: {line}");
    }
}

/// Agrees on a passive port, and leaves it alone.
fn wait_in_vain(session: &mut Session, command: &str) {
    assert!(session.say(command).starts_with("22"));
    assert!(session.say("LIST").starts_with("150"));
    assert!(session.reply().starts_with("425"));
}

#[test]
fn nobody_came_to_the_passive_port() {
    at_once(SERVERS, |server| {
        let lines = log(server, &["--passive-ports", "47100-47199"], |session| wait_in_vain(session, "EPSV"));
        says(server, &lines, &["nobody came to 127.0.0.1:471", "(EPSV)", "passive-range-dropped: ", "47100"]);
        let lines = log(server, &["--passive-address", "10.0.0.5"], |session| wait_in_vain(session, "PASV"));
        says(server, &lines, &["nobody came to 10.0.0.5:", "(PASV)", "passive-range-dropped: "]);
    });
}

/// As clients do that dial before they ask: `curl`, `lftp` and ours.
#[test]
fn a_client_gives_up_on_the_passive_port() {
    for server in SERVERS {
        let lines = log(server, &["--passive-ports", "47200-47299"], |session| {
            assert!(session.say("EPSV").starts_with("229"));
            assert!(session.say("PORT 127,0,0,1,200,1").starts_with("200"));
        });
        says(server, &lines, &["nobody came to 127.0.0.1:472", "(EPSV)", "passive-range-dropped: "]);
    }
}

#[test]
fn a_stranger_came() {
    for server in SERVERS {
        let lines = log(server, &[], |session| {
            let reply = session.say("EPSV");
            let port = reply.split('|').nth(3).unwrap().parse().unwrap();
            let stranger = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
            stranger.bind(&SocketAddr::from((Ipv4Addr::new(127, 0, 0, 2), 0)).into()).unwrap();
            stranger.connect(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)).into()).unwrap();
            assert!(session.say("LIST").starts_with("150"));
            assert!(session.reply().starts_with("425"));
        });
        says(server, &lines, &["127.0.0.2", "data-peer-differs: "]);
    }
}

#[test]
fn port_named_a_private_address() {
    for server in SERVERS {
        let lines = log(server, &[], |session| {
            assert!(session.say("PORT 192,168,1,19,19,137").starts_with('5'));
        });
        says(server, &lines, &["192.168.1.19:5001", "active-behind-nat: "]);
    }
}

#[test]
fn nobody_answers_where_port_leads() {
    for server in SERVERS {
        let lines = log(server, &[], |session| {
            assert!(session.say("PORT 127,0,0,1,4,1").starts_with("200"));
            assert!(session.say("LIST").starts_with("425"));
        });
        says(server, &lines, &["127.0.0.1:1025", "active-inbound-rejected: "]);
    }
}

#[test]
fn no_port_is_free() {
    for server in SERVERS {
        let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = taken.local_addr().unwrap().port();
        let lines = log(server, &["--passive-ports", &format!("{port}-{port}")], |session| {
            assert!(session.say("EPSV").starts_with('4'));
        });
        says(server, &lines, &["range-exhausted: ", &port.to_string()]);
    }
}

#[test]
fn what_works_is_not_logged() {
    for server in SERVERS {
        let lines = log(server, &[], |session| {
            session.fetch("LIST");
            session.send("STOR f", "x");
            assert!(session.say("RETR missing").starts_with('4'), "no way to it was agreed on");
        });
        assert!(lines.is_empty(), "{server}: {lines:#?}");
    }
}

/// Each is one line, whatever the client says.
#[test]
fn every_failure_is_a_line() {
    for server in SERVERS {
        let lines = log(server, &[], |session| {
            for _ in 0..3 {
                session.control.get_mut().write_all(b"PORT 10,0,0,1,19,137\r\n").unwrap();
                session.reply();
            }
        });
        assert_eq!(lines.len(), 3, "{server}: {lines:#?}");
    }
}

/// The one line with which this client's download fails.
fn fails(client: &str, server: &Scripted, options: &[&str]) -> String {
    one_line_of_failure(&server.run(client, &[options, &["get"]].concat(), "/f", Some(Path::new("-"))))
}

#[test]
fn the_client_tells_why_no_route_works() {
    for client in CLIENTS {
        let server = Scripted::new(|peer, line| {
            match line {
                // Nobody listens there.
                "EPSV" => peer.say("229 Entering Extended Passive Mode (|||1|)"),
                "PASV" => peer.say("227 Entering Passive Mode (127,0,0,1,0,1)"),
                "SYST" => peer.say("215 UNIX Type: L8"),
                _ => return Then::Usual,
            }
            Then::Said
        });
        let line = fails(client, &server, &[]);
        for part in [
            "no data connection could be made; EPSV 127.0.0.1:1: connection refused; PASV ",
            "Likely: Connections to the server's passive ports are refused",
            "What you can do: Ask the server's administrator to forward the passive ports",
            "What the server's administrator can do: ",
            "ftp-doctor",
        ] {
            assert!(line.contains(part), "{client}, {part}: {line}");
        }
    }
}

#[test]
fn the_client_tells_why_a_server_says_425() {
    for client in CLIENTS {
        let server = Scripted::new(|peer, line| {
            match line.split(' ').next() {
                Some("RETR") => peer.say("425 Security: Bad IP connecting."),
                _ => return Then::Usual,
            }
            Then::Said
        });
        let line = fails(client, &server, &[]);
        let parts = ["425 Security: Bad IP connecting.", "Likely: ", "another address", "What you can do: "];
        for part in parts {
            assert!(line.contains(part), "{client}, {part}: {line}");
        }
    }
}

#[test]
fn the_client_tells_what_answers_instead_of_an_ftp_server() {
    at_once(CLIENTS, |client| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            let (mut control, _) = listener.accept().unwrap();
            control.write_all(b"SSH-2.0-OpenSSH_9.6\r\n").unwrap();
            thread::park();
        });
        let mut command = client_program(client);
        let line = one_line_of_failure(
            &command.args(["--timeout", "2", "ls"]).arg(format!("ftp://a:b@{address}/")).output().unwrap(),
        );
        assert!(line.contains("Likely: ") && line.contains("SSH"), "{client}: {line}");
    });
}

/// The doctor has nothing to say to it.
#[test]
fn the_client_explains_no_missing_file() {
    for client in CLIENTS {
        let server = Scripted::new(|peer, line| {
            match line.split(' ').next() {
                Some("RETR") => peer.say("550 No such file."),
                _ => return Then::Usual,
            }
            Then::Said
        });
        let line = fails(client, &server, &[]);
        assert!(line.contains("550 No such file.") && !line.contains("ikely"), "{client}: {line}");
    }
}

#[test]
fn a_command_line_that_lacks_something_is_told_what() {
    for client in CLIENTS {
        let line = one_line_of_failure(&client_program(client).output().unwrap());
        assert!(line.contains("<ACTION>") && line.contains("<URL>"), "{line}");
    }
}
