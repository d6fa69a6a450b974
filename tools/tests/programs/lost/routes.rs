//! What is tried over the next route, and what is never said twice.

use std::fs;
use std::future::{Future, poll_fn};
use std::io;
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::pin::pin;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::task::Poll;

use ftp_proto::codec::LineEnd;
use ftp_proto::{Form, Mode, Structure, Type};
use ftp_proto_tools::net::content::Content;
use ftp_proto_tools::net::convert::Deflate;
use ftp_proto_tools::net::flow::{Flow, Turn};
use ftp_proto_tools::net::tokio_flow::{Progress, transfer};
use ftp_proto_tools::net::tokio_wire::Wire;
use socket2::{Domain, Socket, Type as Kind};

use super::{Here, RUNS};
use crate::processes::{CLIENTS, one_line_of_failure};
use crate::scripted::{Scripted, Then};

#[test]
fn after_150_and_425_a_download_goes_on_with_the_next_route() {
    for client in CLIENTS {
        let here = Here::with_old();
        let server = Scripted::new(|peer, line| match line {
            "RETR f" if peer.attempt() == 1 => {
                peer.say("150 here it comes");
                drop(peer.data());
                peer.say("425 no connection");
                Then::Said
            }
            "RETR f" => {
                peer.send("150 here it comes", b"whole");
                peer.say("226 done");
                Then::Said
            }
            _ => Then::Usual,
        });
        let output = server.run(client, &["get"], "/f", Some(&here.file));
        assert!(output.status.success(), "{client}: {output:?} {:?}", server.heard());
        assert_eq!(fs::read(&here.file).unwrap(), b"whole");
    }
}

#[test]
fn after_an_empty_data_connection_and_426_the_next_route_is_tried() {
    for client in CLIENTS {
        for action in ["get", "put"] {
            let here = Here::new();
            if action == "put" {
                fs::write(&here.file, "").unwrap();
            }
            let server = Scripted::new(|peer, line| {
                match line {
                    "RETR f" | "STOR f" if peer.attempt() == 1 => {
                        peer.say("150 here it comes");
                        peer.data().shutdown(Shutdown::Write).unwrap();
                        // The stream has ended in order, as far as the client can see.
                        std::thread::sleep(std::time::Duration::from_millis(300));
                        peer.say("426 broken");
                    }
                    "RETR f" => {
                        peer.send("150 here it comes", b"whole");
                        peer.say("226 done");
                    }
                    "STOR f" => {
                        peer.receive();
                        peer.say("226 done");
                    }
                    _ => return Then::Usual,
                }
                Then::Said
            });
            let output = server.run(client, &[action], "/f", Some(&here.file));
            assert!(output.status.success(), "{client} {action}: {output:?}");
            assert_eq!(fs::read(&here.file).unwrap(), if action == "get" { &b"whole"[..] } else { b"" });
        }
    }
}

#[test]
fn an_upload_is_never_said_again_with_nothing_in_it() {
    for client in CLIENTS {
        for run in 0..RUNS {
            let reads = run % 2 == 1;
            let here = Here::new();
            fs::write(&here.file, "content").unwrap();
            let stored = Arc::new(Mutex::new(Vec::new()));
            let kept = stored.clone();
            let server = Scripted::new(move |peer, line| {
                if line != "STOR f" {
                    return Then::Usual;
                }
                if peer.attempt() > 1 {
                    let came = peer.receive();
                    kept.lock().unwrap().push(came);
                    peer.say("226 kept");
                } else if reads {
                    peer.receive();
                    peer.say("425 no connection after all");
                } else {
                    peer.say("150 go on");
                    peer.say("425 no connection");
                }
                Then::Said
            });
            let output = server.run(client, &["put"], "/f", Some(&here.file));
            for content in stored.lock().unwrap().iter() {
                assert_eq!(content, b"content", "{client}: {output:?}");
            }
            if stored.lock().unwrap().is_empty() {
                assert!(one_line_of_failure(&output).contains("425"), "{output:?}");
            } else {
                assert!(output.status.success(), "{output:?}");
            }
        }
    }
}

#[test]
fn an_empty_data_connection_and_426_is_told_as_that() {
    for client in CLIENTS {
        for action in ["get", "put"] {
            let here = Here::new();
            if action == "put" {
                fs::write(&here.file, "").unwrap();
            }
            let server = Scripted::new(|peer, line| {
                if line != "RETR f" && line != "STOR f" {
                    return Then::Usual;
                }
                peer.say("150 here it comes");
                peer.data().shutdown(Shutdown::Write).unwrap();
                peer.say("426 broken");
                Then::Said
            });
            let message = one_line_of_failure(&server.run(client, &[action], "/f", Some(&here.file)));
            assert!(message.contains("426"), "{client} {action}: {message}");
            assert!(!here.partial.exists());
        }
    }
}

/// Nothing but zeros, of which MODE Z makes nothing for long.
fn zeros() -> Content<'static> {
    let form = Form { representation: Type::Image, structure: Structure::File, mode: Mode::Deflate };
    Content::source(io::repeat(0)).converted(form, LineEnd::Lf, Deflate::default()).unwrap()
}

/// Another attempt would leave them out.
#[test]
fn bytes_that_the_compressor_has_taken_count_though_none_was_sent() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let mut flow = Flow::new(TcpStream::connect(address).unwrap()).unwrap();
    assert_eq!(flow.taken(), 0);
    assert!(matches!(flow.turn(None, &mut zeros(), None).unwrap(), Turn::Moved(0)));
    assert_ne!(flow.taken(), 0, "std");

    runtime().block_on(async {
        let socket = tokio::net::TcpStream::connect(address).await.unwrap();
        let progress = Rc::<Progress<'_>>::default();
        {
            let mut running = pin!(transfer(Wire::Plain(socket).into(), zeros(), progress.clone()));
            assert!(poll_fn(|context| Poll::Ready(running.as_mut().poll(context))).await.is_pending());
        }
        assert_eq!(progress.moved(), 0);
        assert_ne!(progress.taken(), 0, "tokio");
    });
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// The word that the server can't connect may be there before the transfer has had its first turn.
#[test]
fn a_content_whose_transfer_never_had_a_turn_is_not_lost() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    runtime().block_on(async {
        let socket = tokio::net::TcpStream::connect(address).await.unwrap();
        let progress = Rc::<Progress<'_>>::default();
        drop(transfer(Wire::Plain(socket).into(), zeros(), progress.clone()));
        assert!(progress.take_content().is_some());
    });
}

#[test]
fn verbose_tells_why_a_way_has_failed_where_the_next_one_works() {
    for client in CLIENTS {
        let here = Here::new();
        // Nobody listens there, and nobody else can have it.
        let taken = Socket::new(Domain::IPV4, Kind::STREAM, None).unwrap();
        taken.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).unwrap();
        let port = taken.local_addr().unwrap().as_socket().unwrap().port();
        let server = Scripted::new(move |peer, line| match line {
            "EPSV" => {
                peer.say(&format!("229 ok (|||{port}|)"));
                Then::Said
            }
            "RETR f" => {
                peer.send("150 here it comes", b"whole");
                peer.say("226 done");
                Then::Said
            }
            _ => Then::Usual,
        });
        let output = server.run(client, &["-v", "get"], "/f", Some(&here.file));
        assert!(output.status.success(), "{client}: {output:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        let told: Vec<_> = said.lines().filter(|line| line.starts_with("* EPSV 127.0.0.1:")).collect();
        assert!(matches!(told[..], [line] if line.ends_with(": connection refused")), "{client}: {said}");
        assert!(said.find(told[0]) < said.find("> PASV"), "{client}: {said}");
    }
}
