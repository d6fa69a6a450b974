//! `ftp-proxy` as a process, between our client, or one by hand, and our server, or a scripted one, over loopback.
#![cfg(unix)]

#[path = "../programs/processes.rs"]
#[allow(dead_code)]
mod processes;
#[path = "../programs/scripted.rs"]
#[allow(dead_code)]
mod scripted;

mod broken;
mod data;
mod edges;
mod left;
mod log;
mod policy;
mod ports;
mod sides;
mod works;

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use processes::Session;
use tempfile::TempDir;

/// A proxy process, and its log.
pub struct Proxy {
    process: Child,
    pub address: SocketAddr,
    scratch: TempDir,
}

impl Proxy {
    /// In front of that server.
    pub fn before(server: impl ToString, options: &[&str]) -> Self {
        Self::listening("127.0.0.1:0", server, options)
    }

    pub fn listening(listen: &str, server: impl ToString, options: &[&str]) -> Self {
        Self::started(Command::new(env!("CARGO_BIN_EXE_ftp-proxy")), listen, server, options)
    }

    /// By a shell that says this before.
    pub fn limited(limit: &str, server: impl ToString, options: &[&str]) -> Self {
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("{limit} && exec \"$@\""), "sh", env!("CARGO_BIN_EXE_ftp-proxy")]);
        Self::started(shell, "127.0.0.1:0", server, options)
    }

    fn started(mut program: Command, listen: &str, server: impl ToString, options: &[&str]) -> Self {
        let scratch = tempfile::tempdir().unwrap();
        let log = scratch.path().join("log");
        let mut process = program
            .args(["--listen", listen, "--server", &server.to_string()])
            .args(options)
            .stdout(Stdio::piped())
            .stderr(File::create(log).unwrap())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim_end().strip_prefix("listening on ").expect(&line).parse().unwrap();
        Self { process, address, scratch }
    }

    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// A connection, and nothing is known of what it says.
    pub fn dial_raw(&self) -> TcpStream {
        TcpStream::connect(self.address).unwrap()
    }

    pub fn dial(&self) -> Session {
        Session::dial(self.address)
    }

    /// A session that is logged in at `ftp-server`, or a scripted one.
    pub fn log_in(&self) -> Session {
        let mut session = self.dial();
        session.log_in("anna", "secret");
        session
    }

    /// The same with what was said in it by both, and no time; waits until all of these are in it.
    pub fn log(&self, parts: &[&str]) -> String {
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            let log = fs::read_to_string(self.scratch.path().join("log")).unwrap();
            if parts.iter().all(|part| log.contains(part)) {
                return log;
            }
            assert!(Instant::now() < deadline, "{parts:?} isn't in the log:\n{log}");
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// The one line of the log in which this is, as the fields are: client, user, verb, result, bytes, seconds, argument.
    pub fn line(&self, part: &str) -> [String; 7] {
        let log = self.log(&[part]);
        let mut lines = log.lines().filter(|line| line.contains(part));
        let (line, others) = (lines.next().unwrap(), lines.count());
        assert_eq!(others, 0, "{part}: {log}");
        let mut fields = line.splitn(8, ' ').map(str::to_owned);
        let time = fields.next().unwrap();
        assert!(time.ends_with('Z') && time.contains('T'), "{line}");
        std::array::from_fn(|_| fields.next().unwrap_or_else(|| panic!("{line}")))
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.scratch.path().join(name)
    }

    pub fn signal(&self, signal: &str) {
        let id = self.process.id().to_string();
        assert!(Command::new("kill").args([&format!("-{signal}"), &id]).status().unwrap().success());
    }

    /// How it ends by itself, in time.
    pub fn ended(&mut self) -> Option<i32> {
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            if let Some(status) = self.process.try_wait().unwrap() {
                return status.code();
            }
            assert!(Instant::now() < deadline, "it doesn't end");
            thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A server of which nothing is known but what it hears, and a client of the proxy before it.
pub fn pair(options: &[&str]) -> (Proxy, TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = Proxy::before(listener.local_addr().unwrap(), options);
    let client = TcpStream::connect(proxy.address).unwrap();
    let (server, _) = listener.accept().unwrap();
    for socket in [&client, &server] {
        socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        socket.set_nodelay(true).unwrap();
    }
    (proxy, client, server)
}

/// Reads so many bytes.
pub fn read(mut socket: &TcpStream, count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    socket.read_exact(&mut bytes).unwrap();
    bytes
}

/// Both ends of the data of a download that has begun, over those control connections.
pub fn transfer(mut client: &TcpStream, mut server: &TcpStream, data: &TcpListener) -> (TcpStream, TcpStream) {
    let port = data.local_addr().unwrap().port();
    server.write_all(b"230 in\r\n").unwrap();
    read(client, 8);
    client.write_all(b"EPSV\r\n").unwrap();
    read(server, 6);
    server.write_all(format!("229 Extended (|||{port}|)\r\n").as_bytes()).unwrap();
    let mut reply = [0; 100];
    let count = client.read(&mut reply).unwrap();
    let received = TcpStream::connect(named(std::str::from_utf8(&reply[..count]).unwrap(), "127.0.0.1")).unwrap();
    let (sent, _) = data.accept().unwrap();
    for socket in [&received, &sent] {
        socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    }
    client.write_all(b"RETR file\r\n").unwrap();
    read(server, 11);
    server.write_all(b"150 here\r\n").unwrap();
    read(client, 10);
    (received, sent)
}

/// The address that a reply to PASV or EPSV names; of a 229, at this host.
pub fn named(reply: &str, host: &str) -> SocketAddr {
    let numbers: Vec<u16> = reply[4..]
        .split(|character: char| !character.is_ascii_digit())
        .filter_map(|number| number.parse().ok())
        .collect();
    match reply.get(..3) {
        Some("229") => SocketAddr::new(host.parse().unwrap(), numbers[0]),
        Some("227") => {
            let host: [u8; 4] = std::array::from_fn(|at| numbers[at] as u8);
            SocketAddr::new(host.into(), numbers[4] << 8 | numbers[5])
        }
        _ => panic!("{reply}"),
    }
}

/// All that comes, to the end in order.
pub fn read_all(mut stream: impl Read) -> Vec<u8> {
    let mut all = Vec::new();
    stream.read_to_end(&mut all).unwrap();
    all
}

/// Runs this test in a network namespace where there is nothing but a loopback, as a shell's words have set it up; false in there.
pub fn runs_in_a_namespace(test: &str, setup: &str) -> bool {
    if std::env::var_os("FTP_PROXY_INSIDE").is_some() {
        return false;
    }
    let script = format!("ip link set lo up && {setup} && exec \"$@\"");
    let status = Command::new("unshare")
        .args(["--net", "--map-root-user", "sh", "-c", &script, "sh"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env("FTP_PROXY_INSIDE", "1")
        .status();
    assert!(status.expect("unshare (util-linux) runs this test").success(), "{test}, in a namespace");
    true
}
