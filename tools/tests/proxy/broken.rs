//! What breaks on one side breaks on the other, and what stands still ends.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use socket2::SockRef;

use crate::processes::Server;
use crate::scripted::{Scripted, Then, reset};
use crate::{Proxy, named, pair, transfer};

#[test]
fn a_reset_of_the_data_is_no_end_of_a_file() {
    let server = Scripted::new(|peer, line| match line {
        "RETR cut" => {
            peer.say("150 here it comes");
            let mut data = peer.data();
            data.write_all(b"a part").unwrap();
            thread::sleep(Duration::from_millis(200));
            reset(&data);
            drop(data);
            peer.say("426 cut");
            Then::Said
        }
        "STOR cut" => {
            peer.say("150 go on");
            let mut all = Vec::new();
            let end = peer.data().read_to_end(&mut all).map_err(|error| error.kind());
            peer.say(&format!("426 {end:?}"));
            Then::Said
        }
        _ => Then::Usual,
    });
    let proxy = Proxy::before(server.address, &[]);
    let mut session = proxy.log_in();
    let mut data = session.passive();
    assert!(session.say("RETR cut").starts_with("150"));
    let mut all = Vec::new();
    assert_eq!(data.read_to_end(&mut all).unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert_eq!(all, b"a part");
    assert!(session.reply().starts_with("426"));
    let mut data = session.passive();
    assert!(session.say("STOR cut").starts_with("150"));
    data.write_all(b"a part").unwrap();
    thread::sleep(Duration::from_millis(200));
    reset(&data);
    drop(data);
    assert_eq!(session.reply(), "426 Err(ConnectionReset)\r\n");
    let line = proxy.line(" RETR 426 ");
    assert_eq!(line[4], "6", "{line:?}");
}

#[test]
fn a_data_connection_that_the_server_does_not_take_is_reset() {
    let server = Scripted::new(|peer, line| {
        match line {
            // Nobody listens there.
            "EPSV" => peer.say("229 ok (|||1025|)"),
            "LIST" => peer.say("425 nobody came"),
            _ => return Then::Usual,
        }
        Then::Said
    });
    let proxy = Proxy::before(server.address, &[]);
    let mut session = proxy.log_in();
    let mut data = TcpStream::connect(named(&session.say("EPSV"), "127.0.0.1")).unwrap();
    data.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    assert_eq!(data.read(&mut [0; 1]).unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert!(session.say("LIST").starts_with("425"));
    proxy.log(&["trouble - - ", "EPSV 127.0.0.1:1025: connection refused; passive-range-refused"]);
}

#[test]
fn a_reset_of_either_control_connection_reaches_the_other() {
    let server = Scripted::new(|_, line| match line {
        "STAT" => Then::Reset,
        _ => Then::Usual,
    });
    let proxy = Proxy::before(server.address, &[]);
    let mut session = proxy.log_in();
    let control = session.control.get_mut();
    control.write_all(b"STAT\r\n").unwrap();
    assert_eq!(control.read(&mut [0; 1]).unwrap_err().kind(), ErrorKind::ConnectionReset);
    proxy.log(&["broken - - ", "the server's control connection", "STAT - ", "close"]);
}

#[test]
fn a_client_that_breaks_off_takes_its_server_with_it() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = Proxy::before(listener.local_addr().unwrap(), &[]);
    let client = TcpStream::connect(proxy.address).unwrap();
    let (mut server, _) = listener.accept().unwrap();
    server.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    server.write_all(b"220 ready\r\n").unwrap();
    (&client).read_exact(&mut [0; 11]).unwrap();
    SockRef::from(&client).set_linger(Some(Duration::ZERO)).unwrap();
    drop(client);
    assert_eq!(server.read(&mut [0; 1]).unwrap_err().kind(), ErrorKind::ConnectionReset);
    let log = proxy.log(&["broken - - ", "the client's control connection", "close"]);
    assert!(!log.contains("trouble"), "it's not the server's matter: {log}");
}

#[test]
fn a_server_that_cannot_be_reached_is_said_to_be() {
    let unused = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let proxy = Proxy::before(unused, &[]);
    let mut client = TcpStream::connect(proxy.address).unwrap();
    let mut all = String::new();
    client.read_to_string(&mut all).unwrap();
    assert!(all.starts_with("421 "), "{all}");
    proxy.log(&["trouble", "can't be reached"]);
}

#[test]
fn who_says_nothing_and_moves_nothing_is_left() {
    let server = Server::start("127.0.0.1:0", &[]);
    let proxy = Proxy::before(&server.address, &["--idle-timeout", "1"]);
    let mut session = proxy.log_in();
    let begun = Instant::now();
    assert!(session.reply().starts_with("421 "));
    assert_eq!(session.control.read(&mut [0; 1]).unwrap(), 0);
    assert!(begun.elapsed() < Duration::from_secs(10));
    // Data that moves is a sign of life.
    let mut session = proxy.log_in();
    let mut data = session.passive();
    assert!(session.say("STOR slow").starts_with("150"));
    for _ in 0..15 {
        data.write_all(b"x").unwrap();
        thread::sleep(Duration::from_millis(200));
    }
    drop(data);
    assert!(session.reply().starts_with("226"));
}

#[test]
fn data_that_stands_still_is_broken_off() {
    let server = Server::start("127.0.0.1:0", &[]);
    let proxy = Proxy::before(&server.address, &["--data-timeout", "1"]);
    let mut session = proxy.log_in();
    let mut data = session.passive();
    data.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    assert!(session.say("STOR f").starts_with("150"));
    data.write_all(b"x").unwrap();
    assert_eq!(data.read(&mut [0; 1]).unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert!(session.reply().starts_with("426"));
}

#[test]
fn a_signal_ends_it_in_order() {
    let server = Server::start("127.0.0.1:0", &[]);
    let mut proxy = Proxy::before(&server.address, &[]);
    let (mut session, mut other) = (proxy.log_in(), proxy.log_in());
    let mut data = other.passive();
    assert!(other.say("STOR half").starts_with("150"));
    data.write_all(b"half of it").unwrap();
    data.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    thread::sleep(Duration::from_millis(200));
    proxy.signal("TERM");
    assert!(session.reply().starts_with("421 "));
    // No end in order: neither end takes it for all.
    assert!(other.reply().starts_with("421 "));
    assert_eq!(data.read(&mut [0; 1]).unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert_eq!(proxy.ended(), Some(0));
    thread::sleep(Duration::from_millis(200));
    assert!(!server.root().join("half").exists());
}

/// Nor does it wait for data whose session has left: that is broken off, and in the log.
#[test]
fn a_signal_ends_data_that_goes_on_alone() {
    let (mut proxy, client, server) = pair(&[]);
    let data = TcpListener::bind("127.0.0.1:0").unwrap();
    let (mut received, mut sent) = transfer(&client, &server, &data);
    sent.write_all(b"half").unwrap();
    received.read_exact(&mut [0; 4]).unwrap();
    drop((client, server));
    thread::sleep(Duration::from_millis(300));
    assert!(!proxy.log(&["connect"]).contains(" close "), "the data goes on");
    let begun = Instant::now();
    proxy.signal("TERM");
    assert_eq!(received.read(&mut [0; 1]).unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert_eq!(proxy.ended(), Some(0));
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    let log = proxy.log(&[" RETR - 4 ", " ended - - "]);
    assert!(log.lines().last().is_some_and(|line| line.contains(" close - - ")), "{log}");
}
