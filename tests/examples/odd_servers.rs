//! Both clients against servers whose every word is scripted, and odd.

use std::io::{BufRead, BufReader, Cursor, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::thread;

use ftp_proto::client::{Config, Failure, Request};
use ftp_proto::{Path, Route};

use super::programs::{BOTH, Content, Session};

/// What a server does once a transfer command has come.
type Transfer = fn(&TcpStream, &TcpListener);

type Ended = Result<(), Box<dyn std::error::Error>>;

fn say(control: &TcpStream, words: &str) {
    let mut control = control;
    control.write_all(words.as_bytes()).unwrap();
}

/// A server of one session, with a passive port of its own.
fn server(transfer: Transfer) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let control = listener.accept().unwrap().0;
        let data = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = data.local_addr().unwrap().port();
        // A byte at a time, and with a line that looks like an end.
        for byte in b"220-Hello\r\n 220 not yet\r\n220-or now\r\n220 now\r\n" {
            (&control).write_all(&[*byte]).unwrap();
        }
        for line in BufReader::new(&control).lines() {
            let Ok(line) = line else { return };
            match line.split(' ').next().unwrap().trim_start_matches(['\u{ff}', '\u{f4}', '\u{f2}']) {
                "USER" => say(&control, "230 no password here\r\n"),
                "EPSV" => say(&control, "500 'EPSV'?\r\n"),
                // Without parentheses.
                "PASV" => {
                    say(&control, &format!("227 Entering Passive Mode 127,0,0,1,{},{}\r\n", port / 256, port % 256))
                }
                "RETR" | "STOR" => transfer(&control, &data),
                "ABOR" => say(&control, "226 nothing to abort\r\n"),
                "QUIT" => return say(&control, "221 so long\r\n"),
                _ => say(&control, "200 as you like\r\n"),
            }
        }
    });
    address
}

/// What a download from that server brings, by both clients; afterwards the session goes on.
fn download(transfer: Transfer, check: fn(&str, Vec<u8>, Ended)) {
    for client in BOTH {
        let mut session = Session::log_in(client, server(transfer), Config::default()).unwrap();
        let mut came = Vec::new();
        let request = Request::retrieve(Path::new("file").unwrap(), 0);
        let ended = session.request(request, Content::Sink(&mut came)).map(drop);
        check(&format!("{client:?}"), came, ended);
        session.request(Request::noop(), Content::None).unwrap();
        session.quit().unwrap();
    }
}

fn failure<'e>(error: &'e (dyn std::error::Error + 'static)) -> &'e Failure<'static> {
    error.downcast_ref().unwrap()
}

#[test]
fn all_replies_may_come_before_the_data() {
    download(
        |control, data| {
            say(control, "150 here it comes\r\n226 there it was\r\n");
            thread::sleep(std::time::Duration::from_millis(50));
            data.accept().unwrap().0.write_all(b"content").unwrap();
        },
        |client, came, ended| {
            ended.unwrap();
            assert_eq!(came, b"content", "{client}");
        },
    );
}

#[test]
fn a_transfer_that_ends_with_426_is_no_success() {
    download(
        |control, data| {
            say(control, "150 here it comes\r\n");
            data.accept().unwrap().0.write_all(b"half").unwrap();
            say(control, "426 broken\r\n");
        },
        |client, came, ended| {
            let error = ended.unwrap_err();
            assert!(
                matches!(failure(&*error), Failure::Refused(reply) if reply.code().value() == 426),
                "{client}: {error}"
            );
            assert_eq!(came, b"half", "{client}");
        },
    );
}

#[test]
fn a_refusal_behind_a_data_connection_leaves_nothing_open() {
    download(
        |control, data| {
            let mut data = data.accept().unwrap().0;
            say(control, "550 no such file\r\n");
            // The client closes what it has dialled.
            assert_eq!(data.read(&mut [0; 1]).unwrap_or(0), 0);
        },
        |client, came, ended| {
            let error = ended.unwrap_err();
            assert!(
                matches!(failure(&*error), Failure::Refused(reply) if reply.code().value() == 550),
                "{client}: {error}"
            );
            assert!(came.is_empty(), "{client}");
        },
    );
}

#[test]
fn an_upload_is_closed_in_order() {
    for client in BOTH {
        let address = server(|control, data| {
            say(control, "150 go on\r\n");
            let mut data = data.accept().unwrap().0;
            // What lies unread before the client mustn't destroy what it sends.
            data.write_all(b"odd").unwrap();
            let mut came = Vec::new();
            let whole = data.read_to_end(&mut came).is_ok() && came.len() == 3_000_000;
            drop(data);
            say(control, if whole { "226 all came\r\n" } else { "451 something is missing\r\n" });
        });
        let mut session = Session::log_in(client, address, Config::default()).unwrap();
        let mut source = Cursor::new(vec![7; 3_000_000]);
        let request = Request::store(Path::new("file").unwrap(), 0);
        session.request(request, Content::Source(&mut source)).unwrap();
        session.quit().unwrap();
    }
}

#[test]
fn nobody_is_waited_for_once_the_server_has_said_why() {
    for client in BOTH {
        let mut config = Config::default();
        config.routes = vec![Route::Port];
        // It takes the PORT, and never connects.
        let address = server(|control, _| say(control, "425 can't open data connection\r\n"));
        let mut session = Session::log_in(client, address, config).unwrap();
        let begun = std::time::Instant::now();
        let request = Request::retrieve(Path::new("file").unwrap(), 0);
        session.request(request, Content::Sink(&mut Vec::new())).unwrap_err();
        assert!(begun.elapsed().as_secs() < 10, "{client:?}");
        session.quit().unwrap();
    }
}

#[test]
fn a_226_that_is_left_from_before_ends_no_download() {
    download(
        |control, data| {
            say(control, "226 of the one before\r\n");
            thread::sleep(std::time::Duration::from_millis(50));
            say(control, "150 here it comes\r\n");
            data.accept().unwrap().0.write_all(b"half").unwrap();
            say(control, "451 that was half of it\r\n");
        },
        |client, came, ended| {
            let error = ended.unwrap_err();
            assert!(
                matches!(failure(&*error), Failure::Refused(reply) if reply.code().value() == 451),
                "{client}: {error}"
            );
            // The words may overtake the bytes.
            assert!(b"half".starts_with(&came), "{client}");
        },
    );
}

#[test]
fn a_226_without_a_150_is_believed_once_the_server_has_gone_on() {
    download(
        |control, data| {
            data.accept().unwrap().0.write_all(b"content").unwrap();
            say(control, "226 there it was\r\n");
        },
        |client, came, ended| {
            ended.unwrap();
            assert_eq!(came, b"content", "{client}");
        },
    );
}

#[test]
fn a_connection_that_is_reset_behind_the_last_byte_has_brought_all() {
    download(
        |control, data| {
            say(control, "150 here it comes (7 bytes)\r\n");
            let mut data = data.accept().unwrap().0;
            data.write_all(b"content").unwrap();
            // What isn't read yet, a reset destroys.
            thread::sleep(std::time::Duration::from_millis(200));
            socket2::SockRef::from(&data).set_linger(Some(std::time::Duration::ZERO)).unwrap();
            drop(data);
            say(control, "226 there it was\r\n");
        },
        |client, came, ended| {
            ended.unwrap();
            assert_eq!(came, b"content", "{client}");
        },
    );
}
