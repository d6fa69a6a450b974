//! Commands that come at once: each is answered once and in order, and what the machine answers alone goes out together.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ftp_proto::server::{Action, Config, Pending, Server};
use ftp_proto::{Code, Command, Endpoints, Instant, Path, Reply};

const NOW: Instant = Instant::from_origin(Duration::ZERO);

fn ends() -> (SocketAddr, SocketAddr) {
    ("192.0.2.2:21".parse().unwrap(), "192.0.2.1:40000".parse().unwrap())
}

/// Polls until the server waits for the client or closes; each `Write`, and what else happens, by name.
fn run(server: &mut Server, piece: usize) -> Vec<String> {
    let mut log = Vec::new();
    for _ in 0..10_000 {
        match server.poll(NOW) {
            Action::Write(write) => {
                let count = piece.min(write.bytes().len());
                log.push(String::from_utf8(write.bytes()[..count].to_vec()).unwrap());
                write.wrote(count);
            }
            Action::Command(Pending::Login(login)) if matches!(login.command(), Command::User(_)) => {
                login.need_password();
            }
            Action::Command(Pending::Login(login)) => login.accept(),
            Action::Command(Pending::Directory(directory)) => {
                log.push("Directory".into());
                directory.path(&Path::new("/").unwrap());
            }
            Action::Listen(listen) => {
                log.push("Listen".into());
                listen.listening(SocketAddr::new(ends().0.ip(), 40115));
            }
            Action::Discard(_) => log.push("Discard".into()),
            Action::Read { .. } => return log,
            Action::Close => {
                log.push("Close".into());
                return log;
            }
            other => panic!("{other:?}"),
        }
    }
    panic!("no rest: {log:?}")
}

fn logged_in() -> Server {
    let (local, peer) = ends();
    let greeting = Reply::from_static(Code::SERVICE_READY, "ready");
    let mut server = Server::new(Arc::new(Config::default()), Endpoints::new(local, peer), &greeting);
    server.received(b"USER anna\r\nPASS secret\r\n");
    run(&mut server, usize::MAX);
    server
}

fn says(lines: &str) -> Vec<String> {
    let mut server = logged_in();
    server.received(lines.as_bytes());
    run(&mut server, usize::MAX)
}

#[test]
fn what_the_machine_answers_alone_is_one_write() {
    assert_eq!(says(&"NOOP\r\n".repeat(64)), ["200 NOOP ok.\r\n".repeat(64)]);
    assert_eq!(
        says("TYPE I\r\nFOO\r\nSYST\r\nREST 7\r\n"),
        ["200 Switching to Binary mode.\r\n500 Unknown command.\r\n215 UNIX Type: L8\r\n350 Restarting at 7.\r\n"]
    );
}

#[test]
fn a_write_has_a_bound() {
    let writes = says(&"NOOP\r\n".repeat(2000));
    assert!(writes.iter().all(|write| write.len() <= 4096), "{}", writes[0].len());
    assert_eq!(writes.concat(), "200 NOOP ok.\r\n".repeat(2000));
}

#[test]
fn what_needs_somebody_outside_waits_until_all_before_it_is_written() {
    let (noop, pwd) = ("200 NOOP ok.\r\n", "257 \"/\" is the current directory\r\n");
    assert_eq!(says("NOOP\r\nNOOP\r\nPWD\r\nNOOP\r\n"), [&noop.repeat(2), "Directory", pwd, noop]);
    let passive = "227 Entering Passive Mode (192,0,2,2,156,179).\r\n";
    let active = "200 PORT command successful. Consider using PASV.\r\n";
    assert_eq!(
        says("NOOP\r\nPASV\r\nNOOP\r\nPORT 192,0,2,1,100,0\r\nNOOP\r\n"),
        [noop, "Listen", passive, &format!("{noop}{active}"), "Discard", noop],
        "the listener is given up before the next command"
    );
}

#[test]
fn nothing_is_answered_behind_the_last_word() {
    assert_eq!(says("NOOP\r\nQUIT\r\nNOOP\r\n"), ["200 NOOP ok.\r\n221 Goodbye.\r\n", "Close"]);
}

#[test]
fn what_a_client_reads_is_the_same_whatever_the_chunks_and_the_writes() {
    let lines = "NOOP\r\nTYPE I\r\nPWD\r\n\r\nFOO bar\r\nEPSV\r\nMODE B\r\nRNTO x\r\nREST 12\r\nPWD\r\nnoop\r\nNOOP\r\nQUIT\r\n";
    let whole = says(lines).into_iter().filter(|entry| entry.ends_with('\n')).collect::<String>();
    assert_eq!(whole.lines().count(), lines.lines().count());
    for chunk in 1..lines.len() {
        for piece in [1, 7, usize::MAX] {
            let mut server = logged_in();
            let mut read = String::new();
            for bytes in lines.as_bytes().chunks(chunk) {
                server.received(bytes);
                read.extend(
                    run(&mut server, piece)
                        .into_iter()
                        .filter(|entry| !["Directory", "Listen", "Discard", "Close"].contains(&entry.as_str())),
                );
            }
            assert_eq!(read, whole, "chunks of {chunk}, writes of {piece}");
        }
    }
}

#[test]
fn a_noop_comes_between_rnfr_and_rnto_as_any_command_does() {
    let mut server = logged_in();
    server.received(b"RNFR f\r\n");
    let Action::Command(Pending::Exists(exists)) = server.poll(NOW) else { panic!() };
    exists.exists();
    server.received(b"NOOP\r\nRNTO g\r\n");
    let read = run(&mut server, usize::MAX).concat();
    assert_eq!(read, "350 Ready for RNTO.\r\n200 NOOP ok.\r\n503 Bad sequence of commands.\r\n");
}
