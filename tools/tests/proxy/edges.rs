//! Servers that say odd things or nothing, clients that leave, and many who only wait.

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, SocketAddrV6, TcpListener, TcpStream};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use socket2::{Domain, SockRef, Socket, Type};

use crate::processes::Server;
use crate::{Proxy, named, pair, read, read_all, runs_in_a_namespace, transfer};

/// Somebody who never answers: others wait in front of it already. They have to stay.
fn unreachable() -> (SocketAddr, Vec<Socket>) {
    let listener = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    listener.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    listener.listen(0).unwrap();
    let address = listener.local_addr().unwrap().as_socket().unwrap();
    let mut sockets = vec![listener];
    for _ in 0..4 {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.set_nonblocking(true).unwrap();
        let _ = socket.connect(&address.into());
        sockets.push(socket);
    }
    (address, sockets)
}

#[test]
fn a_server_without_a_greeting() {
    let (proxy, client, _server) = pair(&["--idle-timeout", "1"]);
    assert!(read_all(client).starts_with(b"421 "));
    let log = proxy.log(&["ended - - ", "close - - "]);
    assert!(log.lines().last().is_some_and(|line| line.contains(" close - - ")), "{log}");
}

/// All that a server says arrives as it is, whatever it is, and the session goes on where it becomes FTP.
#[test]
fn a_server_that_says_anything() {
    let (_proxy, mut client, mut server) = pair(&[]);
    let noise: Vec<u8> = (0..50_000_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let line = [b"200 ", &vec![b'x'; 3_000_000][..], b"\r\n"].concat();
    for said in [&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], &[b"\n" as &[u8], &noise, b"\n"].concat(), &line] {
        let (mut sender, said_too) = (server.try_clone().unwrap(), said.to_vec());
        let sending = thread::spawn(move || sender.write_all(&said_too).unwrap());
        assert!(read(&client, said.len()) == said);
        sending.join().unwrap();
    }
    client.write_all(b"NOOP\r\n").unwrap();
    assert_eq!(read(&server, 6), b"NOOP\r\n");
    server.write_all(b"421 enough\r\n").unwrap();
    drop(server);
    assert_eq!(read_all(client), b"421 enough\r\n");
}

/// Nothing of a line without an end reaches the server, and it costs no memory.
#[test]
fn a_client_that_never_ends_its_line() {
    let (proxy, mut client, server) = pair(&[]);
    (&server).write_all(b"220 ready\r\n").unwrap();
    read(&client, 11);
    let mut sender = client.try_clone().unwrap();
    thread::spawn(move || {
        for _ in 0..64 {
            sender.write_all(&[b'x'; 1 << 20]).unwrap();
        }
        sender.write_all(b"\r\nNOOP\r\n").unwrap();
    });
    assert_eq!(read(&server, 6), b"NOOP\r\n");
    (&server).write_all(b"200 ok\r\n").unwrap();
    let mut answers = String::new();
    while !answers.ends_with("200 ok\r\n") {
        let mut piece = [0; 100];
        let count = client.read(&mut piece).unwrap();
        answers.push_str(std::str::from_utf8(&piece[..count]).unwrap());
    }
    assert!(answers.starts_with("500 ") && answers.lines().count() == 2, "{answers}");
    assert!(memory_of(&proxy) < 64 << 20, "{}", memory_of(&proxy));
}

fn memory_of(proxy: &Proxy) -> usize {
    let status = fs::read_to_string(format!("/proc/{}/status", proxy.id())).unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap_or("0 0");
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() << 10
}

/// The end comes also where the server hasn't come yet.
#[test]
fn a_signal_while_the_server_does_not_answer() {
    let (address, _waiting) = unreachable();
    let mut proxy = Proxy::before(address, &[]);
    let client = TcpStream::connect(proxy.address).unwrap();
    thread::sleep(Duration::from_millis(300));
    let begun = Instant::now();
    proxy.signal("TERM");
    assert!(read_all(client).starts_with(b"421 "));
    assert_eq!(proxy.ended(), Some(0));
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
}

/// Whoever leaves before the server has answered keeps nobody's place.
#[test]
fn a_client_that_leaves_before_the_server_answers() {
    let (address, _waiting) = unreachable();
    let proxy = Proxy::before(address, &["--connect-timeout", "3600"]);
    let (closed, reset) = (proxy.dial_raw(), proxy.dial_raw());
    SockRef::from(&reset).set_linger(Some(Duration::ZERO)).unwrap();
    for client in [closed, reset] {
        let port = client.local_addr().unwrap().port();
        drop(client);
        proxy.log(&[&format!("{port} - close - - ")]);
    }
}

/// A banner is read by whoever has nothing to say, too.
#[test]
fn a_client_that_only_listens() {
    let server = Server::start("127.0.0.1:0", &[]);
    let proxy = Proxy::before(&server.address, &[]);
    let mut client = TcpStream::connect(proxy.address).unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    let mut greeting = [0; 4];
    client.read_exact(&mut greeting).unwrap();
    assert_eq!(&greeting, b"220 ");
}

/// One that is told to be its own server sends nobody around in circles.
#[test]
fn a_proxy_before_itself() {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let proxy = Proxy::listening(&address.to_string(), address, &[]);
    assert!(read_all(proxy.dial_raw()).starts_with(b"421 "));
    assert_eq!(proxy.log(&["trouble"]).matches("connect - -").count(), 0);
    // Nor by another of its addresses, at the first step already.
    for (listen, server) in
        [("0.0.0.0", "0.0.0.0"), ("0.0.0.0", "127.0.0.2"), ("[::]", "127.0.0.1"), ("127.0.0.1", "0.0.0.0")]
    {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let proxy = Proxy::listening(&format!("{listen}:{port}"), format!("{server}:{port}"), &[]);
        assert!(read_all(TcpStream::connect(("127.0.0.1", port)).unwrap()).starts_with(b"421 "));
        assert_eq!(proxy.log(&["it is the proxy itself"]).matches("connect - -").count(), 0, "{listen}, {server}");
    }
    // Another program at the same port of another address isn't it.
    let other = TcpListener::bind("127.0.0.2:0").unwrap();
    let port = other.local_addr().unwrap().port();
    let proxy = Proxy::listening(&format!("127.0.0.1:{port}"), format!("127.0.0.2:{port}"), &[]);
    let client = proxy.dial_raw();
    other.accept().unwrap().0.write_all(b"220 other\r\n").unwrap();
    assert_eq!(read(&client, 11), b"220 other\r\n");
}

/// Each session has two sockets at least, and a shell gives 1024.
#[test]
fn more_sessions_than_a_shell_gives_sockets() {
    let server = Server::start_as("tokio", "std", "127.0.0.1:0", &[]);
    let proxy = Proxy::limited("ulimit -Sn 40", &server.address, &[]);
    let mut sessions: Vec<_> = (0..50).map(|_| proxy.log_in()).collect();
    for session in &mut sessions {
        assert!(session.say("NOOP").starts_with("200"));
    }
}

/// Numbers that nobody means, and what is no address.
#[test]
fn options_that_can_not_be() {
    for (options, what) in [
        (&["--listen", "here", "--server", "a"][..], "--listen"),
        (&["--listen", "127.0.0.1", "--server", "a"], "--listen"),
        (&["--listen", "[fe80::1%nowhere]:0", "--server", "a"], "no such link"),
        (&["--listen", "127.0.0.1:0"], "--server"),
        (&["--listen", "127.0.0.1:0", "--server", ""], "--server"),
        (&["--listen", "127.0.0.1:0", "--server", "ftp://a"], "--server"),
        (&["--listen", "127.0.0.1:0", "--server", "a:0"], "--server"),
        (&["--listen", "127.0.0.1:0", "--server", "a:70000"], "--server"),
        (&["--listen", "127.0.0.1:0", "--server", "[a]:21"], "--server"),
        (&["--listen", "127.0.0.1:0", "--server", "::1:x"], "--server"),
        (&["--listen", "127.0.0.1:0", "--server", "a", "--passive-ports", "9-1"], "--passive-ports"),
        (&["--listen", "127.0.0.1:0", "--server", "a", "--active-ports", "0-9"], "--active-ports"),
        (&["--listen", "127.0.0.1:0", "--server", "a", "--announced-ports", "1024"], "--announced-ports"),
        (&["--listen", "127.0.0.1:0", "--server", "a", "--passive-address", "a"], "--passive-address"),
        (&["--listen", "127.0.0.1:0", "--server", "a", "--trust", "10.0.0.0/8"], "--trust"),
        (&["--listen", "127.0.0.1:0", "--server", "a", "--only", "both"], "--only"),
        (&["--listen", "127.0.0.1:0", "--server", "a", "--deny", "A B"], "--deny"),
        (&["--listen", "127.0.0.1:0", "--server", "a", "--deny", ""], "--deny"),
        (&["--listen", "127.0.0.1:0", "--server", "a", "--tls", "yes"], "--tls"),
        (&["--listen", "127.0.0.1:0", "--server", "a", "--max-sessions", "0"], "--max-sessions"),
        (&["--listen", "127.0.0.1:0", "--server", "a", "--idle-timeout", "0"], "--idle-timeout"),
        (&["--listen", "127.0.0.1:0", "--server", "a", "--data-timeout", "1.5"], "--data-timeout"),
        (
            &["--listen", "127.0.0.1:0", "--server", "a", "--log", "/nonexistent/log"],
            "/nonexistent/log can't be opened",
        ),
        (&["--listen", "127.0.0.1:0", "--server", "a", "--passive-address", "0.0.0.0"], "--passive-address"),
        (&["--listen", "127.0.0.1:0", "--server", "a", "--external-address", "224.0.0.1"], "--external-address"),
        (&["--listen", "127.0.0.1:0", "--server", "a", "--trust", "::"], "--trust"),
        (&["--listen", "127.0.0.1:0", "--server", "a", "--announced-ports", "1-1023"], "--announced-ports"),
        (
            &["--listen", "127.0.0.1:0", "--server", "a", "--only", "passive", "--active-ports", "5000-5009"],
            "--active-ports",
        ),
        (
            &["--listen", "127.0.0.1:0", "--server", "a", "--only", "passive", "--external-address", "192.0.2.1"],
            "--external-address",
        ),
        (
            &["--listen", "127.0.0.1:0", "--server", "a", "--only", "active", "--passive-ports", "5000-5009"],
            "--passive-ports",
        ),
        (
            &["--listen", "127.0.0.1:0", "--server", "a", "--only", "active", "--passive-address", "192.0.2.1"],
            "--passive-address",
        ),
        (&["--listen", "127.0.0.1:0", "--server", "a", "--only", "active", "--passive-host", "peer"], "--passive-host"),
        (&["--listen", "127.0.0.1:2121", "--server", "a", "--passive-ports", "2121-2121"], "--passive-ports"),
        (&["--listen", "203.0.113.1:0", "--server", "a"], "203.0.113.1"),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_ftp-proxy")).args(options).output().unwrap();
        let why = String::from_utf8_lossy(&output.stderr);
        let status = if what == "203.0.113.1" { 1 } else { 2 };
        assert!(output.status.code() == Some(status) && output.stdout.is_empty(), "{options:?}: {output:?}");
        assert!(why.contains(what), "{options:?}: {why}");
    }
}

/// What becomes of what doesn't pass, each with the word that a client reads.
#[test]
fn the_help_says_what_happens() {
    let output = Command::new(env!("CARGO_BIN_EXE_ftp-proxy")).arg("--help").output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    for (option, says) in [
        ("--passive-host", "425"),
        ("--only", "502"),
        ("--deny", "502"),
        ("--read-only", "550"),
        ("--announced-ports", "500"),
        ("--announced-ports", "425"),
        ("--tls", "534"),
        ("--max-sessions", "421"),
        ("--idle-timeout", "421"),
        ("--data-timeout", "broken off"),
        ("--connect-timeout", "421"),
        ("--log", "SIGHUP"),
    ] {
        let (_, text) =
            help.split_once(&format!("      {option} ")).or(help.split_once(&format!("      {option}\n"))).unwrap();
        let text = text.split("\n      --").next().unwrap();
        assert!(text.contains(says), "{option}: {says} isn't in {text}");
    }
    assert!(output.status.success() && output.stderr.is_empty());
}

#[test]
fn the_longest_times_there_are() {
    let server = Server::start("127.0.0.1:0", &[]);
    let most = u64::MAX.to_string();
    let options = ["--idle-timeout", &most, "--data-timeout", &most, "--connect-timeout", &most];
    let proxy = Proxy::before(&server.address, &options);
    let mut session = proxy.log_in();
    session.send("STOR file", "it came");
    assert_eq!(session.fetch("RETR file"), "it came");
}

/// An address of ours outside of one family says nothing to those of the other.
#[test]
fn an_outside_address_is_told_to_its_own_family_alone() {
    let server = Server::start("127.0.0.1:0", &[]);
    let options = ["--passive-address", "2001:db8::1", "--external-address", "2001:db8::1"];
    let proxy = Proxy::before(&server.address, &options);
    let mut session = proxy.log_in();
    session.send("STOR file", "it came");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    assert!(session.say(&format!("PORT 127,0,0,1,{},{}", port >> 8, port & 255)).starts_with("200"));
    assert!(session.say("RETR file").starts_with("150"));
    assert_eq!(read_all(listener.accept().unwrap().0), b"it came");
    assert!(session.reply().starts_with("226"));
}

/// An address that says nothing without its link.
#[test]
#[cfg(target_os = "linux")]
fn link_local_addresses() {
    if runs_in_a_namespace("edges::link_local_addresses", "ip -6 address add fe80::1/64 dev lo nodad") {
        return;
    }
    let server = Server::start("[::1]:0", &[]);
    let proxy = Proxy::listening("[fe80::1%lo]:0", &server.address, &[]);
    let mut session = proxy.log_in();
    let on_link = |port| SocketAddrV6::new("fe80::1".parse().unwrap(), port, 0, 1);
    let to = named(&session.say("EPSV"), "fe80::1");
    let mut data = TcpStream::connect(on_link(to.port())).unwrap();
    assert!(session.say("STOR file").starts_with("150"));
    data.write_all(b"it came").unwrap();
    drop(data);
    assert!(session.reply().starts_with("226"));
    let listener = TcpListener::bind(on_link(0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    assert!(session.say(&format!("EPRT |2|{}|{port}|", on_link(0).ip())).starts_with("200"));
    assert!(session.say("RETR file").starts_with("150"));
    assert_eq!(read_all(listener.accept().unwrap().0), b"it came");
    assert!(session.reply().starts_with("226"));
    // And the server behind one.
    let proxy = Proxy::before(proxy.address.to_string().replace("%1", "%lo"), &[]);
    let mut session = proxy.log_in();
    session.send("STOR other", "it came, too");
    assert_eq!(session.fetch("RETR other"), "it came, too");
}

/// The end of a server's side amid a transfer, and of a client's: the data that is under way still comes.
#[test]
fn a_server_that_hangs_up_amid_a_transfer() {
    let (proxy, client, server) = pair(&[]);
    let data = TcpListener::bind("127.0.0.1:0").unwrap();
    let (mut received, mut sent) = transfer(&client, &server, &data);
    let to = received.peer_addr().unwrap();
    sent.write_all(b"half").unwrap();
    drop(server);
    thread::sleep(Duration::from_millis(200));
    sent.write_all(b" of it").unwrap();
    drop(sent);
    let mut all = String::new();
    received.read_to_string(&mut all).unwrap();
    assert_eq!(all, "half of it");
    assert_eq!(read_all(client), b"");
    let line = proxy.line(" RETR ");
    assert_eq!((&*line[3], &*line[4]), ("-", "10"), "{line:?}");
    assert_eq!(TcpStream::connect(to).unwrap_err().kind(), ErrorKind::ConnectionRefused);
}
