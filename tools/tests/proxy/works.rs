//! What works without a proxy works through it.

use std::fs;
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::thread;

use crate::processes::{CLIENTS, SERVERS, Server, client_program, noise};
use crate::{Proxy, named, read_all};

#[test]
fn our_client_moves_files_by_every_route_between_both_adapters() {
    let content = noise(3_000_000);
    thread::scope(|scope| {
        for server in SERVERS {
            let content = &content;
            scope.spawn(move || {
                let server = Server::start_as(server, CLIENTS[0], "127.0.0.1:0", &[]);
                let proxy = Proxy::before(&server.address, &[]);
                fs::write(server.local("up"), content).unwrap();
                for client in CLIENTS {
                    for (place, route) in ["epsv", "pasv", "eprt", "port"].into_iter().enumerate() {
                        let name = format!("{client}-{route}");
                        let run = |arguments: &[&str]| {
                            let output =
                                client_program(client).args(["--route", route]).args(arguments).output().unwrap();
                            assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
                            output.stdout
                        };
                        let url = |path: &str| format!("ftp://anna:secret@{}/{path}", proxy.address);
                        let (up, down) = (server.local("up"), server.local(&format!("down{name}")));
                        run(&["put", &url(&name), up.to_str().unwrap()]);
                        assert!(fs::read(server.root().join(&name)).unwrap() == *content, "{name}");
                        run(&["get", &url(&name), down.to_str().unwrap()]);
                        assert!(fs::read(&down).unwrap() == *content, "{name}");
                        let listing = String::from_utf8(run(&["ls", &url("")])).unwrap();
                        assert!(listing.contains(&name), "{listing}");
                        // Block mode, whose data connection stays, and deflate.
                        let mode = ["block", "z"][place % 2];
                        run(&["--mode", mode, "get", &url(&name), down.to_str().unwrap()]);
                        assert!(fs::read(&down).unwrap() == *content, "{name}, {mode}");
                    }
                }
            });
        }
    });
}

/// Short files are over before the proxy has looked: nothing of them is lost.
#[test]
fn short_files_come_whole_over_active_connections() {
    for server in SERVERS {
        let server = Server::start_as(server, CLIENTS[0], "127.0.0.1:0", &[]);
        fs::write(server.root().join("short"), "short").unwrap();
        fs::write(server.root().join("empty"), "").unwrap();
        let proxy = Proxy::before(&server.address, &[]);
        let mut session = proxy.log_in();
        for round in 0..200 {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let port = listener.local_addr().unwrap().port();
            assert!(session.say(&format!("PORT 127,0,0,1,{},{}", port >> 8, port & 255)).starts_with("200"));
            let (name, content) = [("short", &b"short"[..]), ("empty", b"")][round % 2];
            assert!(session.say(&format!("RETR {name}")).starts_with("150"));
            let (data, _) = listener.accept().unwrap();
            assert_eq!(read_all(data), content, "round {round}");
            assert!(session.reply().starts_with("226"), "round {round}");
        }
        for round in 0..50 {
            session.send("STOR up", "up");
            assert_eq!(session.fetch("RETR up"), "up", "round {round}");
        }
    }
}

#[test]
fn either_family_on_either_side() {
    let content = noise(200_000);
    for (outside, inside) in [("[::1]:0", "127.0.0.1:0"), ("127.0.0.1:0", "[::1]:0"), ("[::1]:0", "[::1]:0")] {
        let server = Server::start(inside, &[]);
        fs::write(server.root().join("file"), &content).unwrap();
        let proxy = Proxy::listening(outside, &server.address, &[]);
        let routes: &[&str] =
            if outside.starts_with('[') { &["epsv", "eprt"] } else { &["epsv", "pasv", "eprt", "port"] };
        for client in CLIENTS {
            for route in routes {
                let mut command = client_program(client);
                let url = format!("ftp://anna:secret@{}/file", proxy.address);
                let output = command.args(["--route", route, "get", &url, "-"]).output().unwrap();
                let why = String::from_utf8_lossy(&output.stderr);
                assert!(output.stdout == content, "{route} from {outside} to {inside}: {why}");
            }
        }
    }
}

/// RFC 6384 11: what the gateway itself answers.
#[test]
fn a_gateway_between_the_families_says_so() {
    let server = Server::start("127.0.0.1:0", &[]);
    let proxy = Proxy::listening("[::1]:0", &server.address, &[]);
    let mut session = proxy.log_in();
    assert_eq!(session.say("ALGS STATUS64"), "216 EPSVEPRT\r\n");
    assert!(session.say("EPSV ALL").starts_with("504"));
    assert!(session.say("EPSV 1").starts_with("522"));
    let to = named(&session.say("EPSV"), "::1");
    TcpStream::connect(to).unwrap();
    // In its turn, and in the log as the gateway's.
    session.control.get_mut().write_all(b"NOOP\r\nALGS STATUS64\r\nPWD\r\n").unwrap();
    for code in ["200", "216", "257"] {
        assert!(session.reply().starts_with(code));
    }
    let log = proxy.log(&[" PWD 257 "]);
    let places = [" NOOP 200 ", " ALGS (216) ", " PWD 257 "].map(|line| log.rfind(line).unwrap());
    assert!(places.is_sorted(), "{log}");
    assert!(log.contains("EPSV (504)") && log.contains("EPSV (522)"), "{log}");
}

#[test]
fn many_sessions_at_once() {
    let server = Server::start_as("tokio", CLIENTS[0], "127.0.0.1:0", &[]);
    let proxy = Proxy::before(&server.address, &[]);
    thread::scope(|scope| {
        for number in 0..60_usize {
            let proxy = &proxy;
            scope.spawn(move || {
                let mut session = proxy.log_in();
                let content = format!("{number} ").repeat(20_000 + number);
                session.send(&format!("STOR file{number}"), &content);
                assert!(session.fetch(&format!("RETR file{number}")) == content, "{number}");
                assert!(session.say("QUIT").starts_with("221"));
            });
        }
    });
    let log = proxy.log(&["close"]);
    assert_eq!(log.matches(" RETR 226 ").count(), 60, "{log}");
}

#[test]
fn a_range_of_ports_and_an_address_are_told() {
    let server = Server::start("127.0.0.1:0", &[]);
    let options = ["--passive-ports", "46100-46199", "--passive-address", "127.0.0.9", "--active-ports", "46200-46299"];
    let proxy = Proxy::before(&server.address, &options);
    let mut session = proxy.log_in();
    let to = named(&session.say("PASV"), "");
    assert_eq!(to.ip().to_string(), "127.0.0.9");
    assert!((46100..46200).contains(&to.port()), "{to}");
    fs::write(server.root().join("file"), "it came").unwrap();
    let mut data = TcpStream::connect(("127.0.0.1", to.port())).unwrap();
    assert!(session.say("RETR file").starts_with("150"));
    data.write_all(b"").unwrap();
    assert_eq!(read_all(data), b"it came");
    assert!(session.reply().starts_with("226"));
}
