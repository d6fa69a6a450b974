//! The example clients against servers that answer oddly, over loopback.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Output;
use std::thread;
use std::time::{Duration, Instant};

use crate::processes::{CLIENTS, at_once, client_program, one_line_of_failure};

const CONTENT: &[u8] = b"what the file holds";

/// Serves one session; `odd` answers in its stead where it says something.
fn serve(listener: &TcpListener, odd: fn(&str) -> Option<&'static str>) -> Vec<String> {
    let (control, _) = listener.accept().unwrap();
    control.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let mut lines = BufReader::new(control);
    let mut data: Option<TcpListener> = None;
    let mut heard = Vec::new();
    say(&lines, "220 ready");
    loop {
        let mut line = String::new();
        if lines.read_line(&mut line).unwrap_or(0) == 0 {
            return heard;
        }
        let line = line.trim_end().to_owned();
        let verb = line.split(' ').next().unwrap().to_owned();
        heard.push(line);
        if let Some(reply) = odd(&verb) {
            say(&lines, reply);
            continue;
        }
        match verb.as_str() {
            "USER" => say(&lines, "331 pass"),
            "PASS" => say(&lines, "230 in"),
            "PWD" => say(&lines, "257 \"/\""),
            "NOOP" | "TYPE" => say(&lines, "200 ok"),
            "SIZE" => say(&lines, &format!("213 {}", CONTENT.len())),
            "REST" => say(&lines, "350 ok"),
            "PASV" | "EPSV" => {
                let port = data.insert(TcpListener::bind("127.0.0.1:0").unwrap()).local_addr().unwrap().port();
                match verb.as_str() {
                    "PASV" => say(&lines, &format!("227 ok (127,0,0,1,{},{})", port >> 8, port & 255)),
                    _ => say(&lines, &format!("229 ok (|||{port}|)")),
                }
            }
            "RETR" => {
                let (mut stream, _) = data.take().expect("a data connection").accept().unwrap();
                say(&lines, "150 here it comes");
                stream.write_all(CONTENT).unwrap();
                drop(stream);
                say(&lines, "226 done");
            }
            "QUIT" => say(&lines, "221 bye"),
            _ => say(&lines, "502 no"),
        }
    }
}

fn say(to: &BufReader<TcpStream>, line: &str) {
    let mut to: &TcpStream = to.get_ref();
    let _ = to.write_all(format!("{line}\r\n").as_bytes());
}

/// A download from such a server, what the server has heard, and how long it took.
fn get(client: &str, file: &Path, odd: fn(&str) -> Option<&'static str>) -> (Output, Vec<String>, Duration) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = thread::spawn(move || serve(&listener, odd));
    let mut program = client_program(client);
    let began = Instant::now();
    let output = program.arg("get").arg(format!("ftp://anna:secret@{address}/f")).arg(file).output().unwrap();
    let took = began.elapsed();
    (output, server.join().unwrap(), took)
}

#[test]
fn a_314_to_epsv_leads_to_pasv_within_seconds() {
    at_once(CLIENTS, |client| {
        let scratch = tempfile::tempdir().unwrap();
        let file = scratch.path().join("f");
        let (output, heard, took) = get(client, &file, |verb| (verb == "EPSV").then_some("314 what?"));
        assert!(output.status.success(), "{output:?}");
        assert_eq!(std::fs::read(&file).unwrap(), CONTENT, "{heard:?}");
        assert!(heard.iter().any(|line| line == "PASV") && took < Duration::from_secs(15), "{took:?}: {heard:?}");
    });
}

#[test]
fn a_226_to_type_is_an_error_that_shows_it_and_leaves_no_file() {
    at_once(CLIENTS, |client| {
        let scratch = tempfile::tempdir().unwrap();
        let file = scratch.path().join("f");
        let (output, heard, took) = get(client, &file, |verb| (verb == "TYPE").then_some("226 already done"));
        let message = one_line_of_failure(&output);
        assert!(message.contains("226 already done"), "{message}");
        assert!(took < Duration::from_secs(15), "{took:?}: {heard:?}");
        assert!(!file.exists());
    });
}

#[test]
fn an_odd_answer_to_pass_is_an_error_that_shows_it() {
    at_once(CLIENTS, |client| {
        let scratch = tempfile::tempdir().unwrap();
        let (output, heard, took) =
            get(client, &scratch.path().join("f"), |verb| (verb == "PASS").then_some("331 once more"));
        let message = one_line_of_failure(&output);
        assert!(message.contains("PASS") && message.contains("331 once more"), "{message}");
        assert!(took < Duration::from_secs(15), "{took:?}: {heard:?}");
    });
}
