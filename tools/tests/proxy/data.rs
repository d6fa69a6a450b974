//! The data connections: those that are expected, one each, and no others.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use socket2::{Domain, Socket, Type};

use crate::processes::Server;
use crate::scripted::{Scripted, Then};
use crate::{Proxy, named, pair, read, read_all};

const STRANGER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

/// What may be expected to be refused: nobody listens there, or who came was sent away.
fn is_shut(address: SocketAddr) -> bool {
    match TcpStream::connect(address) {
        Err(error) => error.kind() == ErrorKind::ConnectionRefused,
        Ok(mut stream) => {
            stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
            !matches!(stream.read(&mut [0; 1]), Ok(1))
        }
    }
}

/// Whether anybody has connected.
fn was_visited(listener: &TcpListener) -> bool {
    listener.set_nonblocking(true).unwrap();
    thread::sleep(Duration::from_millis(300));
    listener.accept().is_ok()
}

fn from_stranger(to: SocketAddr) -> TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from((STRANGER, 0)).into()).unwrap();
    socket.connect(&to.into()).unwrap();
    socket.into()
}

#[test]
fn a_227_that_names_a_stranger_is_never_dialled() {
    let stranger = TcpListener::bind((STRANGER, 0)).unwrap();
    let port = stranger.local_addr().unwrap().port();
    let server = Scripted::new(move |peer, line| {
        if line != "PASV" {
            return Then::Usual;
        }
        peer.say(&format!("227 Entering Passive Mode (127,0,0,2,{},{}).", port >> 8, port & 255));
        Then::Said
    });
    let proxy = Proxy::before(server.address, &[]);
    let mut session = proxy.log_in();
    assert!(session.say("PASV").starts_with("425 "));
    assert!(!was_visited(&stranger));
    proxy.log(&["PASV (425)", &format!("PASV 127.0.0.2:{port}: not dialled")]);
    assert!(session.say("NOOP").starts_with("200"), "the session goes on");
    // Where the host doesn't matter, the server itself is.
    let proxy = Proxy::before(server.address, &["--passive-host", "peer"]);
    let mut session = proxy.log_in();
    let to = named(&session.say("PASV"), "");
    assert_eq!(to.ip(), Ipv4Addr::LOCALHOST);
    assert!(is_shut(to));
    assert!(!was_visited(&stranger));
    // And who is trusted is dialled.
    let proxy = Proxy::before(server.address, &["--trust", "127.0.0.2"]);
    let mut session = proxy.log_in();
    let data = TcpStream::connect(named(&session.say("PASV"), "")).unwrap();
    assert!(was_visited(&stranger));
    drop(data);
}

#[test]
fn ports_below_1024_and_strangers_are_never_named() {
    let server = Scripted::new(|peer, line| {
        match line {
            "PASV" => peer.say("227 ok (127,0,0,1,0,22)"),
            "EPSV" => peer.say("229 ok (|||23|)"),
            _ => return Then::Usual,
        }
        Then::Said
    });
    let proxy = Proxy::before(server.address, &[]);
    let mut session = proxy.log_in();
    for command in ["PASV", "EPSV"] {
        assert!(session.say(command).starts_with("425"), "{command}");
    }
    for command in ["PORT 127,0,0,1,0,80", "PORT 127,0,0,2,200,1", "EPRT |1|127.0.0.2|50000|", "EPRT |1|127.0.0.1|25|"]
    {
        assert!(session.say(command).starts_with("500"), "{command}");
        assert!(session.say("NOOP").starts_with("200"));
    }
    for command in ["PORT 127,0,0,1,256,1", "PORT ", "EPRT |1|127.0.0.1|"] {
        assert!(session.say(command).starts_with("501"), "{command}");
    }
    let heard = server.heard();
    assert!(heard.iter().all(|line| !line.starts_with("PORT") && !line.starts_with("EPRT")), "{heard:?}");
}

#[test]
fn a_port_of_before_the_login_and_one_in_a_file_s_name_open_nothing() {
    let server = Scripted::new(|peer, line| match line {
        "CWD x" => {
            peer.say("250 227 Entering Passive Mode (127,0,0,2,200,1).");
            Then::Said
        }
        _ => Then::Usual,
    });
    let proxy = Proxy::before(server.address, &[]);
    let mut session = proxy.dial();
    assert!(session.say("PORT 127,0,0,1,200,1").starts_with("530"));
    session.log_in("anna", "secret");
    assert_eq!(session.say("CWD x"), "250 227 Entering Passive Mode (127,0,0,2,200,1).\r\n");
    assert!(server.heard().iter().all(|line| !line.starts_with("PORT")));
}

#[test]
fn only_the_expected_host_is_let_in() {
    let server = Server::start("127.0.0.1:0", &[]);
    std::fs::write(server.root().join("file"), "for the right one").unwrap();
    let proxy = Proxy::before(&server.address, &[]);
    let mut session = proxy.log_in();
    let to = named(&session.say("EPSV"), "127.0.0.1");
    for _ in 0..3 {
        let mut stranger = from_stranger(to);
        stranger.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        assert_eq!(stranger.read(&mut [0; 1]).unwrap_err().kind(), ErrorKind::ConnectionReset);
    }
    let data = TcpStream::connect(to).unwrap();
    assert!(session.say("RETR file").starts_with("150"));
    assert_eq!(read_all(data), b"for the right one");
    assert!(session.reply().starts_with("226"));
    proxy.log(&["stranger - - ", "127.0.0.2 came to a data connection"]);
}

#[test]
fn there_is_one_each_and_none_that_was_withdrawn() {
    let server = Server::start("127.0.0.1:0", &[]);
    let proxy = Proxy::before(&server.address, &[]);
    let mut session = proxy.log_in();
    let first = named(&session.say("EPSV"), "127.0.0.1");
    let second = named(&session.say("EPSV"), "127.0.0.1");
    assert!(is_shut(first), "it was replaced");
    let data = TcpStream::connect(second).unwrap();
    assert!(session.say("LIST").starts_with("150"));
    read_all(data);
    assert!(session.reply().starts_with("226"));
    assert!(is_shut(second), "it is over");
    let third = named(&session.say("EPSV"), "127.0.0.1");
    let mut data = TcpStream::connect(third).unwrap();
    assert!(session.say("STOR f").starts_with("150"));
    assert!(is_shut(third), "one is there");
    data.write_all(b"all").unwrap();
    drop(data);
    assert!(session.reply().starts_with("226"));
    let fourth = named(&session.say("EPSV"), "127.0.0.1");
    assert!(session.say("QUIT").starts_with("221"));
    proxy.log(&["close"]);
    assert!(is_shut(fourth), "the session has ended");
}

#[test]
fn nobody_but_the_server_is_let_in_from_the_other_side() {
    // It tells where it was to dial, and waits to be told that it may.
    let server = Scripted::new(|peer, line| match line.split_once(' ') {
        Some(("PORT", argument)) => {
            peer.say(&format!("200 {argument}"));
            Then::Said
        }
        _ => Then::Usual,
    });
    let proxy = Proxy::before(server.address, &[]);
    let mut session = proxy.log_in();
    let own = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = own.local_addr().unwrap().port();
    let reply = session.say(&format!("PORT 127,0,0,1,{},{}", port >> 8, port & 255));
    let told = named(&format!("227 {}", &reply[4..]), "");
    assert_ne!(told.port(), port);
    let mut stranger = from_stranger(told);
    stranger.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    assert!(stranger.read(&mut [0; 1]).is_err());
    assert!(!was_visited(&own), "nobody is dialled for a stranger");
    let mut data = TcpStream::connect(told).unwrap();
    own.set_nonblocking(false).unwrap();
    data.write_all(b"from the server").unwrap();
    drop(data);
    assert_eq!(read_all(own.accept().unwrap().0), b"from the server");
}

#[test]
fn a_session_has_a_bounded_number_of_them() {
    // Each is agreed on, used, and never ended.
    let server = Scripted::new(|peer, line| match line {
        "LIST" => {
            peer.say("150 here it comes");
            std::mem::forget(peer.data());
            peer.say("226 done");
            Then::Said
        }
        _ => Then::Usual,
    });
    let proxy = Proxy::before(server.address, &[]);
    let mut session = proxy.log_in();
    let mut held = Vec::new();
    let refused = (0..20).find(|_| {
        let reply = session.say("EPSV");
        if reply.starts_with("425") {
            return true;
        }
        held.push(TcpStream::connect(named(&reply, "127.0.0.1")).unwrap());
        assert!(session.say("LIST").starts_with("150"));
        assert!(session.reply().starts_with("226"));
        false
    });
    assert_eq!(refused, Some(8));
    assert!(session.say("NOOP").starts_with("200"));
}

/// Not even by those who say them all at once: what was replaced doesn't count.
#[test]
fn as_many_as_are_wanted_one_after_the_other() {
    let (_proxy, client, server) = pair(&[]);
    let data = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = data.local_addr().unwrap().port();
    (&server).write_all(b"230 in\r\n").unwrap();
    read(&client, 8);
    (&client).write_all(&b"PASV\r\n".repeat(50)).unwrap();
    read(&server, 300);
    let reply = format!("227 ok (127,0,0,1,{},{})\r\n", port >> 8, port & 255);
    (&server).write_all(reply.repeat(50).as_bytes()).unwrap();
    let mut replies = BufReader::new(&client);
    let mut line = String::new();
    for turn in 0..50 {
        line.clear();
        replies.read_line(&mut line).unwrap();
        assert!(line.starts_with("227 "), "{turn}: {line}");
    }
    let _dialled = TcpStream::connect(named(&line, "")).unwrap();
    data.accept().unwrap();
}

/// Some close what they have read to its end only when they end.
#[test]
fn a_client_that_keeps_its_ends_open() {
    let server = Server::start("127.0.0.1:0", &[]);
    let proxy = Proxy::before(&server.address, &[]);
    let mut session = proxy.log_in();
    session.send("STOR file", "content");
    let mut held = Vec::new();
    for _ in 0..30 {
        let mut data = session.passive();
        assert!(session.say("RETR file").starts_with("150"));
        assert!(session.reply().starts_with("226"));
        let mut content = String::new();
        data.read_to_string(&mut content).unwrap();
        assert_eq!(content, "content");
        held.push(data);
    }
}

/// It would be its own client: who sends a file could say FTP to the server from the proxy's address, and so on.
#[test]
fn the_proxy_itself_is_never_dialled() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = Proxy::before(server.local_addr().unwrap(), &[]);
    let client = proxy.dial_raw();
    let (peer, _) = server.accept().unwrap();
    let own = proxy.address.port();
    (&peer).write_all(b"230 in\r\n").unwrap();
    read(&client, 8);
    (&client).write_all(b"PASV\r\n").unwrap();
    read(&peer, 6);
    (&peer).write_all(format!("227 ok (127,0,0,1,{},{})\r\n", own >> 8, own & 255).as_bytes()).unwrap();
    assert!(read(&client, 4) == b"425 ");
    (&client).write_all(format!("EPRT |1|127.0.0.1|{own}|\r\n").as_bytes()).unwrap();
    let log = proxy.log(&["PASV (425)", "EPRT (500)"]);
    assert_eq!(log.matches(" refused - - ").count(), 2, "{log}");
    assert!(log.contains(&format!("127.0.0.1:{own}: it is the proxy itself")), "{log}");
}
