//! Both adapters of the server, visited by both of the client and by hand: what they have in common.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::certificate::Certificate;
use crate::processes::{CLIENTS, SERVERS, Server, at_once, noise};

const HERE: &str = "127.0.0.1:0";

#[test]
fn every_client_moves_every_byte_with_every_server_by_every_route_under_every_tls() {
    let directory = tempfile::tempdir().unwrap();
    let certificate = Certificate::write(directory.path());
    let (chain, key, ca) =
        (certificate.file("certificate.pem"), certificate.file("key.pem"), certificate.file("ca.pem"));
    let content = noise(3_000_001);
    for server in SERVERS {
        for (mode, options) in [("none", &[][..]), ("explicit", &["--tls", "data"]), ("implicit", &["--implicit"])] {
            let mut all = options.to_vec();
            if mode != "none" {
                all.extend(["--certificate", &chain, "--key", &key]);
            }
            let mut running = Server::start_as(server, CLIENTS[0], HERE, &all);
            fs::write(running.root().join("there"), &content).unwrap();
            for client in CLIENTS {
                running.client = client;
                for route in ["epsv", "pasv", "eprt", "port"] {
                    let mut options = vec!["--route", route, "--tls", mode];
                    if mode != "none" {
                        options.extend(["--ca", &ca]);
                    }
                    let case = format!("{server}, {client}, {route}, {mode}");
                    let (here, up) = (running.local("here"), format!("/up-{client}-{route}"));
                    running.ok(&[&options[..], &["get"]].concat(), "/there", Some(&here));
                    assert!(fs::read(&here).unwrap() == content, "get: {case}");
                    running.ok(&[&options[..], &["put"]].concat(), &up, Some(&here));
                    assert!(fs::read(running.root().join(&up[1..])).unwrap() == content, "put: {case}");
                    let listing = running.ok(&[&options[..], &["ls"]].concat(), "/", None);
                    assert!(listing.contains(&up[1..]), "ls: {case}: {listing}");
                }
            }
        }
    }
}

#[test]
fn a_transfer_goes_on_from_an_offset() {
    let content = noise(1_000_003);
    for server in SERVERS {
        let running = Server::start_as(server, CLIENTS[0], HERE, &[]);
        fs::write(running.root().join("file"), &content).unwrap();
        let here = running.local("here");
        fs::write(&here, &content[..333_333]).unwrap();
        running.ok(&["--resume", "get"], "/file", Some(&here));
        assert!(fs::read(&here).unwrap() == content, "{server}");
        fs::write(running.root().join("part"), &content[..333_333]).unwrap();
        running.ok(&["--resume", "put"], "/part", Some(&here));
        assert!(fs::read(running.root().join("part")).unwrap() == content, "{server}");
        let mut session = running.dial();
        session.log_in("anna", "secret");
        // The kernel can't append for us: it says so, and what it has taken already isn't lost.
        session.send("APPE part", "the end");
        assert!(fs::read(running.root().join("part")).unwrap() == [&content[..], b"the end"].concat(), "{server}");
    }
}

#[test]
fn abor_is_heard_amid_every_transfer() {
    for server in SERVERS {
        for options in [&[][..], &["--in-place"]] {
            let running = Server::start_as(server, CLIENTS[0], HERE, options);
            fs::File::create(running.root().join("huge")).unwrap().set_len(1 << 33).unwrap();
            let mut session = running.dial();
            session.log_in("anna", "secret");

            let mut data = session.passive();
            assert!(session.say("RETR huge").starts_with("150"));
            data.read_exact(&mut [0; 100_000]).unwrap();
            // Somebody reads on, so that the server is never kept from sending.
            let reading = std::thread::spawn(move || std::io::copy(&mut data, &mut std::io::sink()).unwrap_or(0));
            assert!(session.say("NOOP").starts_with("200"), "{server}");
            assert!(session.say("ABOR").starts_with("426"), "{server}");
            assert!(session.reply().starts_with("226"), "{server}");
            assert!(reading.join().unwrap() < 1 << 33, "{server}");

            let mut data = session.passive();
            assert!(session.say("STOR new").starts_with("150"));
            data.write_all(&noise(300_000)).unwrap();
            assert!(session.say("ABOR").starts_with("426"), "{server}");
            assert!(session.reply().starts_with("226"), "{server}");
            assert_eq!(running.root().join("new").exists(), !options.is_empty(), "{server}");
            assert!(session.say("NOOP").starts_with("200"), "{server}");
        }
    }
}

#[cfg(unix)]
#[test]
fn abor_may_end_with_urgent_data() {
    // As CPython's ftplib sends it; and as RFC 959 has it, with Telnet's IP and Synch, in one packet.
    let ways: [(&[u8], &[u8]); 2] = [(b"ABOR\r\n", b""), (b"\xFF\xF4\xFF", b"\xF2ABOR\r\n")];
    for server in SERVERS {
        let running = Server::start_as(server, CLIENTS[0], HERE, &[]);
        fs::File::create(running.root().join("huge")).unwrap().set_len(1 << 30).unwrap();
        for (urgent, rest) in ways {
            let mut session = running.dial();
            session.log_in("anna", "secret");
            let mut data = session.passive();
            assert!(session.say("RETR huge").starts_with("150"));
            data.read_exact(&mut [0]).unwrap();
            socket2::SockRef::from(session.control.get_ref()).send_out_of_band(urgent).unwrap();
            session.control.get_ref().write_all(rest).unwrap();
            assert!(session.reply().starts_with("426"), "{server}: {urgent:?}");
            assert!(session.reply().starts_with("226"), "{server}: {urgent:?}");
            assert!(session.say("NOOP").starts_with("200"), "{server}: {urgent:?}");
        }
    }
}

#[test]
fn abor_before_the_end_of_the_data_wins() {
    for server in SERVERS {
        let running = Server::start_as(server, CLIENTS[0], HERE, &[]);
        let mut session = running.dial();
        session.log_in("anna", "secret");
        for round in 0..50 {
            let mut data = session.passive();
            assert!(session.say("STOR new").starts_with("150"));
            data.write_all(b"some").unwrap();
            session.control.get_mut().write_all(b"ABOR\r\n").unwrap();
            drop(data);
            assert!(session.reply().starts_with("426"), "{server}, round {round}");
            assert!(session.reply().starts_with("226"), "{server}");
            assert!(!running.root().join("new").exists(), "{server}, round {round}");
        }
    }
}

#[test]
fn abor_is_heard_while_nobody_answers_the_door() {
    for server in SERVERS {
        let running = Server::start_as(server, CLIENTS[0], HERE, &["--active-strangers"]);
        fs::write(running.root().join("file"), "x").unwrap();
        let mut session = running.dial();
        session.log_in("anna", "secret");
        assert!(session.say("EPSV").starts_with("229"));
        // The 150 comes before the client, who never does.
        assert!(session.say("RETR file").starts_with("150"), "{server}");
        let asked = Instant::now();
        assert!(session.say("ABOR").starts_with("426"), "{server}");
        assert!(session.reply().starts_with("226"), "{server}");
        assert!(asked.elapsed() < Duration::from_secs(30), "{server}: the client would be waited for a minute");
        assert!(session.say("NOOP").starts_with("200"), "{server}");
    }
}

#[test]
#[cfg(unix)]
fn ctrl_c_says_421_to_all_and_exits_0() {
    for server in SERVERS {
        for signal in ["INT", "TERM"] {
            let mut running = Server::start_as(server, CLIENTS[0], HERE, &[]);
            fs::File::create(running.root().join("huge")).unwrap().set_len(1 << 33).unwrap();
            let mut idle = running.dial();
            let mut uploading = running.dial();
            let mut downloading = running.dial();
            uploading.log_in("anna", "secret");
            let mut up = uploading.passive();
            assert!(uploading.say("STOR new").starts_with("150"));
            up.write_all(&noise(300_000)).unwrap();
            downloading.log_in("anna", "secret");
            let mut down = downloading.passive();
            assert!(downloading.say("RETR huge").starts_with("150"));
            down.read_exact(&mut [0; 100_000]).unwrap();
            running.signal(signal);
            for session in [&mut idle, &mut uploading, &mut downloading] {
                assert!(session.reply().starts_with("421 "), "{server}");
                let mut rest = Vec::new();
                session.control.read_to_end(&mut rest).unwrap();
                assert_eq!(rest, b"", "{server}");
            }
            drop((idle, uploading, downloading));
            assert_eq!(running.ended(), Some(0), "{server}");
            // Cut off or not: it ends.
            let ended = std::io::copy(&mut down, &mut std::io::sink());
            assert!(!ended.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock), "{server}");
            assert!(!running.root().join("new").exists(), "{server}: an upload that was cut off");
            assert!(TcpStream::connect(&running.address).is_err(), "{server}");
        }
    }
}

#[test]
#[cfg(unix)]
fn a_second_ctrl_c_ends_it_at_once() {
    for server in SERVERS {
        let mut running = Server::start_as(server, CLIENTS[0], HERE, &[]);
        // A client that doesn't go.
        let mut session = running.dial();
        running.signal("INT");
        assert!(session.reply().starts_with("421 "));
        running.signal("INT");
        assert_eq!(running.ended(), Some(130), "{server}");
    }
}

#[test]
fn who_comes_when_the_house_is_full_is_told_so() {
    for server in SERVERS {
        let running = Server::start_as(server, CLIENTS[0], HERE, &["--max-sessions", "2"]);
        let (one, mut two) = (running.dial(), running.dial());
        for _ in 0..3 {
            let mut third = TcpStream::connect(&running.address).unwrap();
            third.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
            let mut said = String::new();
            third.read_to_string(&mut said).unwrap();
            assert!(
                said.starts_with("421 ") && said.ends_with("\r\n") && said.lines().count() == 1,
                "{server}: {said}"
            );
        }
        two.log_in("anna", "secret");
        assert!(two.say("QUIT").starts_with("221"));
        drop((one, two));
        let deadline = Instant::now() + Duration::from_secs(30);
        let is_welcome = || {
            let mut next = TcpStream::connect(&running.address).unwrap();
            let mut said = [0; 3];
            next.read_exact(&mut said).unwrap();
            said == *b"220"
        };
        while !is_welcome() {
            assert!(Instant::now() < deadline, "{server}: nobody has left");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

#[test]
fn who_is_turned_away_takes_nobody_s_room() {
    for server in SERVERS {
        let running = Server::start_as(server, CLIENTS[0], HERE, &["--max-sessions", "1"]);
        let mut inside = running.dial();
        // They are told, and stay as long as they can.
        let turned_away: Vec<_> = (0..5)
            .map(|_| {
                let mut next = TcpStream::connect(&running.address).unwrap();
                next.read_exact(&mut [0; 4]).unwrap();
                next
            })
            .collect();
        assert!(inside.say("QUIT").starts_with("221"));
        assert_eq!(inside.control.get_mut().read(&mut [0]).unwrap(), 0);
        drop(inside);
        std::thread::sleep(Duration::from_millis(300));
        let mut said = [0; 3];
        TcpStream::connect(&running.address).unwrap().read_exact(&mut said).unwrap();
        assert_eq!(said, *b"220", "{server}");
        drop(turned_away);
    }
}

#[test]
fn the_switches_of_data_connections_are_obeyed() {
    for server in SERVERS {
        let running = Server::start_as(server, CLIENTS[0], HERE, &["--no-passive"]);
        let mut session = running.dial();
        session.log_in("anna", "secret");
        assert_eq!(session.say("PASV"), "550 Permission denied.\r\n", "{server}");
        assert_eq!(session.say("EPSV"), "550 Permission denied.\r\n", "{server}");
        let running = Server::start_as(server, CLIENTS[0], HERE, &["--no-active"]);
        let mut session = running.dial();
        session.log_in("anna", "secret");
        assert_eq!(session.say("PORT 127,0,0,1,200,1"), "550 Permission denied.\r\n", "{server}");
        let options = ["--passive-address", "127.0.0.0/8=own", "--passive-address", "192.0.2.7", "--read-only"];
        let running = Server::start_as(server, CLIENTS[0], HERE, &options);
        let mut session = running.dial();
        session.log_in("anna", "secret");
        assert!(session.say("PASV").starts_with("227 Entering Passive Mode (127,0,0,1,"), "{server}");
        assert!(session.say("MKD new").starts_with("550"), "{server}");
    }
}

#[test]
fn active_connections_come_from_port_20_where_that_may_be() {
    let may = std::net::TcpListener::bind("127.0.0.1:20").is_ok();
    for server in SERVERS {
        let running = Server::start_as(server, CLIENTS[0], HERE, &["--from-port-20"]);
        let mut session = running.dial();
        session.log_in("anna", "secret");
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        for _ in 0..3 {
            assert!(session.say(&format!("PORT 127,0,0,1,{},{}", port / 256, port % 256)).starts_with("200"));
            session.control.get_mut().write_all(b"NLST\r\n").unwrap();
            let (mut data, from) = listener.accept().unwrap();
            assert_eq!(from.port() == 20, may, "{server}: {from}");
            data.read_to_end(&mut Vec::new()).unwrap();
            assert!(session.reply().starts_with("150") && session.reply().starts_with("226"), "{server}");
        }
    }
}

/// Below those that the system gives to connections, so that they stay free.
fn two_free_ports() -> String {
    let free = |port: &u16| {
        let listeners = [*port, port + 1].map(|port| std::net::TcpListener::bind(("127.0.0.1", port)));
        listeners.iter().all(Result::is_ok)
    };
    let first = 20_000 + std::process::id() as u16 % 5000 * 2;
    let port = (first..32_000).step_by(2).find(free).expect("two ports that nobody has");
    format!("{port}-{}", port + 1)
}

#[test]
fn a_passive_range_that_is_used_up_is_425() {
    for server in SERVERS {
        let running = Server::start_as(server, CLIENTS[0], HERE, &["--passive-ports", &two_free_ports()]);
        let mut sessions = [running.dial(), running.dial(), running.dial()];
        sessions.iter_mut().for_each(|session| session.log_in("anna", "secret"));
        assert!(sessions[0].say("EPSV").starts_with("229"), "{server}");
        assert!(sessions[1].say("EPSV").starts_with("229"), "{server}");
        assert!(sessions[2].say("EPSV").starts_with("425"), "{server}");
        // The same session gives its port back first.
        assert!(sessions[0].say("EPSV").starts_with("229"), "{server}");
    }
}

#[test]
fn a_silent_client_is_told_and_left() {
    at_once(SERVERS, |server| {
        let running = Server::start_as(server, CLIENTS[0], HERE, &["--data-timeout", "1"]);
        let mut session = running.dial();
        session.log_in("anna", "secret");
        let data = session.passive();
        assert!(session.say("STOR new").starts_with("150"));
        assert!(session.reply().starts_with("42"), "{server}: nothing moves");
        drop(data);
        assert!(!running.root().join("new").exists(), "{server}");
        let running = Server::start_as(server, CLIENTS[0], HERE, &["--idle-timeout", "1"]);
        let mut session = running.dial();
        // At once, since a busy machine may make us silent, too.
        session.control.get_mut().write_all(b"USER anna\r\nPASS secret\r\n").unwrap();
        for expected in ["331", "230", "421"] {
            assert!(session.reply().starts_with(expected), "{server}");
        }
    });
}

#[test]
fn both_protocols_come_to_the_unspecified_address() {
    for server in SERVERS {
        if std::net::TcpListener::bind("[::1]:0").is_err() {
            eprintln!("IPv6 can't be had here: skipped");
            return;
        }
        let mut running = Server::start_as(server, CLIENTS[0], "[::]:0", &[]);
        fs::write(running.root().join("file"), "x").unwrap();
        let port = running.address.rsplit(':').next().unwrap().to_owned();
        for (host, routes) in [("127.0.0.1", &["epsv", "pasv", "eprt", "port"][..]), ("[::1]", &["epsv", "eprt"])] {
            running.address = format!("{host}:{port}");
            for route in routes {
                let listing = running.ok(&["--route", route, "ls"], "/", None);
                assert!(listing.ends_with(" file\n"), "{server} by {host}, {route}: {listing}");
            }
        }
    }
}

#[test]
fn a_hash_that_takes_long_keeps_nobody_waiting() {
    at_once(SERVERS, |server| {
        let running = Server::start_as(server, CLIENTS[0], HERE, &[]);
        fs::File::create(running.root().join("huge")).unwrap().set_len(1 << 36).unwrap();
        let mut hashing: Vec<_> = (0..4).map(|_| running.dial()).collect();
        for session in &mut hashing {
            session.log_in("anna", "secret");
            session.control.get_mut().write_all(b"HASH huge\r\n").unwrap();
        }
        let mut other = running.dial();
        other.log_in("anna", "secret");
        assert!(other.say("NOOP").starts_with("200"));
        for session in &mut hashing {
            let control = session.control.get_ref();
            control.set_nonblocking(true).unwrap();
            let answer = control.peek(&mut [0]).unwrap_err();
            assert_eq!(answer.kind(), std::io::ErrorKind::WouldBlock, "{server}: a hash was done before a NOOP");
        }
    });
}
