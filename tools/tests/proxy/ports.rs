//! Many data connections in a minute: their ends stay in the system's memory for that long, and ports are few.
#![cfg(target_os = "linux")]

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use socket2::{Domain, SockRef, Socket, Type};

use crate::processes::{Server, Session};
use crate::{Proxy, named, read_all, runs_in_a_namespace};

/// The system gives a program no other ports than these 40.
const FEW: &str = "echo 40000 40039 > /proc/sys/net/ipv4/ip_local_port_range";

/// More than that, and than could be given again.
const MANY: u16 = 100;

/// The server has some of its own.
fn server() -> Server {
    let server = Server::start("127.0.0.1:30021", &["--passive-ports", "50000-50499", "--from-port-20"]);
    std::fs::write(server.root().join("file"), "it came").unwrap();
    server
}

/// The client, too: each connection has another.
fn dial(to: SocketAddr, turn: u16) -> TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 31000 + turn)).into()).unwrap();
    socket.connect(&to.into()).unwrap();
    socket.into()
}

/// Who has sent it closes first, and then the proxy: so the port at which it was listening stays taken.
fn download(session: &mut Session, data: TcpStream, turn: u16) {
    assert_eq!(read_all(data), b"it came", "{turn}");
    assert!(session.reply().starts_with("226"), "{turn}");
}

#[test]
fn more_uploads_than_there_are_ports() {
    if runs_in_a_namespace("ports::more_uploads_than_there_are_ports", FEW) {
        return;
    }
    let server = server();
    let proxy = Proxy::listening("127.0.0.1:30022", &server.address, &["--passive-ports", "51000-51499"]);
    let mut session = proxy.log_in();
    for turn in 0..MANY {
        session.send(&format!("STOR {turn}"), "it came");
    }
}

#[test]
fn more_downloads_than_there_are_ports() {
    if runs_in_a_namespace("ports::more_downloads_than_there_are_ports", FEW) {
        return;
    }
    let server = server();
    let proxy = Proxy::listening("127.0.0.1:30022", &server.address, &[]);
    let mut session = proxy.log_in();
    for turn in 0..MANY {
        let reply = session.say("EPSV");
        assert!(reply.starts_with("229"), "{turn}: {reply}");
        let data = dial(named(&reply, "127.0.0.1"), turn);
        assert!(session.say("RETR file").starts_with("150"), "{turn}");
        download(&mut session, data, turn);
    }
}

/// Where the system would dial from another host than the one that the client knows.
#[test]
fn more_active_downloads_than_there_are_ports() {
    if runs_in_a_namespace("ports::more_active_downloads_than_there_are_ports", FEW) {
        return;
    }
    let server = server();
    let proxy = Proxy::listening("127.0.0.3:30022", &server.address, &["--active-ports", "50500-50999"]);
    let mut session = proxy.log_in();
    for turn in 0..MANY {
        let port = 31000 + turn;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
        assert!(session.say(&format!("EPRT |1|127.0.0.1|{port}|")).starts_with("200"), "{turn}");
        assert!(session.say("RETR file").starts_with("150"), "{turn}");
        SockRef::from(&listener).set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let (data, host) = listener.accept().unwrap();
        assert_eq!(host.ip(), Ipv4Addr::new(127, 0, 0, 3), "the host that the client has dialled");
        download(&mut session, data, turn);
    }
}
