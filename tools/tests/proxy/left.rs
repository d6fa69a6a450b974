//! What a client itself breaks off is nobody's trouble.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use crate::processes::Session;
use crate::scripted::{Peer, Scripted, Then, reset};
use crate::{Proxy, named, pair, read_all, transfer};

/// More than the buffers on the way hold.
const MUCH: usize = 64 << 20;

/// A server that says of a transfer how its data connection ended: in order, 226; else 426.
fn server() -> Scripted {
    Scripted::new(|peer, line| match line.split(' ').next() {
        Some("RETR") => {
            peer.say("150 here it comes");
            let all = peer.data().write_all(&vec![b'x'; MUCH]);
            said(peer, all.is_ok())
        }
        // It looks whether anybody is there, says nothing, and gives up.
        Some("NLST") => {
            peer.say("150 here it comes");
            let end = peer.data().read(&mut [0; 1]);
            said(peer, !matches!(end, Ok(0) | Err(_)))
        }
        Some("STOR") => {
            peer.say("150 go on");
            let all = peer.data().read_to_end(&mut Vec::new());
            said(peer, all.is_ok())
        }
        // It begins nothing that is aborted at once.
        Some("LIST") => said(peer, false),
        Some("ABOR") => {
            peer.say("226 aborted");
            Then::Said
        }
        _ => Then::Usual,
    })
}

fn said(peer: &Peer, is_all: bool) -> Then {
    peer.say(if is_all { "226 done" } else { "426 broken off" });
    Then::Said
}

/// The transfer is a failed one in the log, and there is no trouble in it.
fn is_no_trouble(proxy: &Proxy, session: &mut Session, line: &str) {
    assert!(session.say("NOOP").starts_with("200"), "{line}");
    let log = proxy.log(&[line, " NOOP 200 "]);
    assert!(!log.contains("trouble"), "{log}");
}

#[test]
fn what_a_client_breaks_off_is_no_trouble() {
    let server = server();
    let new = || {
        let proxy = Proxy::before(server.address, &[]);
        let session = proxy.log_in();
        (proxy, session)
    };
    for abruptly in [false, true] {
        let (proxy, mut session) = new();
        let mut data = session.passive();
        assert!(session.say("RETR file").starts_with("150"));
        data.read_exact(&mut [0; 1000]).unwrap();
        if abruptly {
            reset(&data);
        }
        drop(data);
        assert!(session.reply().starts_with("426"));
        is_no_trouble(&proxy, &mut session, " RETR 426 ");
    }
    // Nothing has come; the end is all that the server sees.
    let (proxy, mut session) = new();
    let data = session.passive();
    assert!(session.say("NLST").starts_with("150"));
    drop(data);
    assert!(session.reply().starts_with("426"));
    is_no_trouble(&proxy, &mut session, " NLST 426 ");
    // Part of a file was sent.
    let (proxy, mut session) = new();
    let mut data = session.passive();
    assert!(session.say("STOR file").starts_with("150"));
    data.write_all(b"half").unwrap();
    thread::sleep(Duration::from_millis(100));
    reset(&data);
    drop(data);
    assert!(session.reply().starts_with("426"));
    is_no_trouble(&proxy, &mut session, " STOR 426 ");
    // It was aborted at once, with a data connection and without one.
    for dials in [true, false] {
        let (proxy, mut session) = new();
        let reply = session.say("EPSV");
        let data = dials.then(|| TcpStream::connect(named(&reply, "127.0.0.1")).unwrap());
        assert!(session.say("LIST\r\nABOR").starts_with("426"));
        assert!(session.reply().starts_with("226"));
        drop(data);
        is_no_trouble(&proxy, &mut session, " LIST 426 ");
    }
    // And with an active one.
    let (proxy, mut session) = new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    assert!(session.say(&format!("EPRT |1|127.0.0.1|{port}|")).starts_with("200"));
    assert!(session.say("RETR file").starts_with("150"));
    drop(listener.accept().unwrap());
    assert!(session.reply().starts_with("426"));
    is_no_trouble(&proxy, &mut session, " RETR 426 ");
}

/// Nor is it if it leaves amid a transfer, without a word, and the server does, too.
#[test]
fn who_leaves_amid_a_transfer_is_no_trouble() {
    let (proxy, client, server) = pair(&[]);
    let data = TcpListener::bind("127.0.0.1:0").unwrap();
    let (received, sent) = transfer(&client, &server, &data);
    drop((client, received));
    assert_eq!((&server).read(&mut [0; 1]).unwrap(), 0);
    drop((server, sent));
    let log = proxy.log(&[" RETR - ", "close"]);
    assert!(!log.contains("trouble"), "{log}");
}

/// Nor a transfer for which no data connection was agreed on: none has failed.
#[test]
fn who_agrees_on_no_data_connection_is_no_trouble() {
    let server = Scripted::new(|peer, line| {
        if !line.starts_with("RETR") {
            return Then::Usual;
        }
        peer.say("425 Use PORT or PASV first.");
        Then::Said
    });
    let proxy = Proxy::before(server.address, &[]);
    let mut session = proxy.log_in();
    assert!(session.say("RETR file").starts_with("425"));
    is_no_trouble(&proxy, &mut session, " RETR 425 ");
    let proxy = Proxy::before(server.address, &["--only", "passive"]);
    let mut session = proxy.log_in();
    assert!(session.say("PORT 127,0,0,1,200,1").starts_with("502"));
    assert!(session.say("RETR file").starts_with("425"));
    is_no_trouble(&proxy, &mut session, " RETR 425 ");
}

/// What the server breaks off is, also where the client has said all that it had to say.
#[test]
fn what_a_server_breaks_off_is_trouble() {
    for upload in [false, true] {
        let server = Scripted::new(|peer, line| match line.split(' ').next() {
            Some("RETR") => {
                peer.say("150 here it comes");
                let mut data = peer.data();
                data.write_all(b"half").unwrap();
                thread::sleep(Duration::from_millis(100));
                reset(&data);
                drop(data);
                said(peer, false)
            }
            Some("STOR") => {
                peer.say("150 go on");
                peer.data().read_to_end(&mut Vec::new()).unwrap();
                said(peer, false)
            }
            _ => Then::Usual,
        });
        let proxy = Proxy::before(server.address, &[]);
        let mut session = proxy.log_in();
        let mut data = session.passive();
        if upload {
            assert!(session.say("STOR file").starts_with("150"));
            data.write_all(b"it came").unwrap();
            data.shutdown(Shutdown::Write).unwrap();
        } else {
            assert!(session.say("RETR file").starts_with("150"));
            let _ = data.read_to_end(&mut Vec::new());
        }
        assert!(session.reply().starts_with("426"));
        proxy.log(&["trouble - - "]);
    }
    // As is a server that leaves its client.
    let (proxy, client, server) = pair(&[]);
    let data = TcpListener::bind("127.0.0.1:0").unwrap();
    let ends = transfer(&client, &server, &data);
    drop(server);
    assert_eq!(read_all(&client), b"");
    drop(ends);
    proxy.log(&["trouble - - ", "close"]);
}
