//! Commands pipelined to a server's machine, a hundred in each chunk: `pipelined LINE COUNT`. Nothing is measured here;
//! `benches/instructions` counts what it executes, and takes the difference of two counts.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use ftp_proto::server::{Action, Config, Greeting, Question, Server};
use ftp_proto::{Command, Endpoints, Instant, Path, Text};

const NOW: Instant = Instant::from_origin(Duration::ZERO);
const BATCH: usize = 100;

/// Polls until the machine waits for the client, with an application that grants everything.
fn run(server: &mut Server) {
    loop {
        match server.poll(NOW) {
            Action::Write(write) => {
                black_box(write.bytes());
                write.wrote_all();
            }
            Action::Question(Question::Login(login)) if matches!(login.command(), Command::User(_)) => {
                login.need_password();
            }
            Action::Question(Question::Login(login)) => login.accept(),
            Action::Question(Question::Directory(directory)) => directory.path(&Path::new("/home/anna").unwrap()),
            Action::Read { .. } => return,
            other => panic!("{other:?}"),
        }
    }
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let line = words.first().map_or("NOOP", String::as_str);
    let count: usize = words.get(1).map_or(BATCH, |count| count.parse().expect("how many commands"));
    let ends = Endpoints::new("192.0.2.2:21".parse().unwrap(), "192.0.2.1:40000".parse().unwrap());
    let greeting = Greeting::ready(Text::from_static("ready"));
    let mut server = Server::new(Arc::new(Config::default()), ends, &greeting, NOW);
    run(&mut server);
    for line in ["USER anna\r\n", "PASS secret\r\n"] {
        server.received(line.as_bytes());
        run(&mut server);
    }
    let batch = format!("{line}\r\n").repeat(BATCH);
    for _ in 0..count / BATCH {
        server.received(batch.as_bytes());
        run(&mut server);
    }
}
