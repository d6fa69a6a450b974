//! What the example clients say of a server that goes wrong: it is scripted, on loopback, and dials nobody.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::thread;
use std::time::Duration;

use crate::processes::{CLIENTS, client_program, one_line_of_failure};

/// Answers a login and what every transfer says first; `transfer` goes on from the words that this doesn't know.
fn scripted(transfer: impl Fn(&str, &mut TcpStream) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        let (mut control, _) = listener.accept().unwrap();
        control.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        say(&mut control, "220 ready");
        let lines = BufReader::new(control.try_clone().unwrap()).lines();
        for line in lines.map_while(Result::ok) {
            match line.split(' ').next().unwrap() {
                "USER" => say(&mut control, "331 pass"),
                "PASS" => say(&mut control, "230 in"),
                "TYPE" | "PORT" | "NOOP" => say(&mut control, "200 ok"),
                "QUIT" => say(&mut control, "221 bye"),
                _ => transfer(&line, &mut control),
            }
        }
    });
    address
}

fn say(control: &mut TcpStream, line: &str) {
    // The client may have left.
    let _ = control.write_all(format!("{line}\r\n").as_bytes());
}

fn fails(client: &str, options: &[&str], address: &str, here: &Path) -> String {
    let mut command = client_program(client);
    let output = command.args(options).arg(format!("ftp://a:b@{address}/f")).arg(here).output().unwrap();
    one_line_of_failure(&output)
}

#[test]
fn half_a_file_is_no_success_and_both_numbers_are_told() {
    for client in CLIENTS {
        let data = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = data.local_addr().unwrap().port();
        let address = scripted(move |line, control| match line {
            "EPSV" => say(control, &format!("229 ok (|||{port}|)")),
            "RETR f" => {
                let (mut flow, _) = data.accept().unwrap();
                say(control, "150 f (1000 bytes)");
                flow.write_all(&[7; 600]).unwrap();
                drop(flow);
                say(control, "226 all of it, I believe");
            }
            _ => say(control, "500 what?"),
        });
        let scratch = tempfile::tempdir().unwrap();
        let here = scratch.path().join("here");
        let told = fails(client, &["get"], &address, &here);
        assert!(told.contains("the data ended early, after 600 of 1000 bytes"), "{told}");
        assert_eq!(fs::read(scratch.path().join("here.ftp-part")).unwrap().len(), 600, "what came stays, for --resume");
        assert!(!here.exists());
    }
}

/// That nobody connects at all takes `Patience::accept`, 30 s, which no option shortens: `tests/machines/client/plainly.rs`.
#[test]
fn a_server_that_cannot_connect_is_told_with_the_address_that_it_was_given() {
    for client in CLIENTS {
        let address = scripted(|line, control| match line {
            "RETR f" => {
                say(control, "150 here it comes");
                say(control, "425 no connection");
            }
            _ => say(control, "500 what?"),
        });
        let scratch = tempfile::tempdir().unwrap();
        let told = fails(client, &["--route", "port", "get"], &address, &scratch.path().join("here"));
        assert!(told.contains("PORT 127.0.0.1:") && told.contains("the server couldn't connect (425)"), "{told}");
    }
}

#[test]
fn a_server_of_another_protocol_is_told_at_once() {
    for client in CLIENTS {
        for (line, word) in [("SSH-2.0-OpenSSH_9.2", "SSH"), ("HTTP/1.1 400 Bad Request", "HTTP")] {
            let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            let address = listener.local_addr().unwrap();
            std::thread::spawn(move || {
                use std::io::{Read, Write};
                let (mut control, _) = listener.accept().unwrap();
                control.write_all(format!("{line}\r\n").as_bytes()).unwrap();
                // It waits for what the client has to say.
                let _ = control.read(&mut [0; 1]);
            });
            let began = std::time::Instant::now();
            let output =
                client_program(client).args(["ls", &format!("ftp://anna:secret@{address}/")]).output().unwrap();
            let message = one_line_of_failure(&output);
            assert!(message.contains(word) && began.elapsed().as_secs() < 10, "{client}: {message}");
        }
    }
}
