//! The programs as processes, and a client by hand.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// The client's two adapters, as `--runtime` has them.
pub const CLIENTS: [&str; 2] = ["std", "tokio"];

/// And the server's.
pub const SERVERS: [&str; 2] = ["std", "tokio"];

/// A server process on a directory of its own.
pub struct Server {
    pub client: &'static str,
    process: Child,
    pub address: String,
    /// What it serves is `root` in there; the rest is the client's.
    pub scratch: TempDir,
}

impl Server {
    pub fn start(listen: &str, options: &[&str]) -> Self {
        Self::start_for(CLIENTS[0], listen, options)
    }

    /// One that this client visits.
    pub fn start_for(client: &'static str, listen: &str, options: &[&str]) -> Self {
        Self::start_as(SERVERS[0], client, listen, options)
    }

    /// That server.
    pub fn start_as(server: &str, client: &'static str, listen: &str, options: &[&str]) -> Self {
        Self::start_logging(Stdio::inherit(), server, client, listen, options)
    }

    /// That server, whose log goes there.
    pub fn start_logging(log: Stdio, server: &str, client: &'static str, listen: &str, options: &[&str]) -> Self {
        let scratch = tempfile::tempdir().unwrap();
        let root = scratch.path().join("root");
        fs::create_dir(&root).unwrap();
        let mut process = server_program(server)
            .args(["--listen", listen, "--user", "anna:secret", "--root"])
            .arg(root)
            .args(options)
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim_end().strip_prefix("listening on ").expect(&line).to_owned();
        Self { client, process, address, scratch }
    }

    pub fn root(&self) -> PathBuf {
        self.scratch.path().join("root")
    }

    pub fn local(&self, name: &str) -> PathBuf {
        self.scratch.path().join(name)
    }

    pub fn command(&self, options: &[&str], path: &str, file: Option<&Path>) -> Command {
        let mut command = client_program(self.client);
        command.args(options).arg(format!("ftp://anna:secret@{}{path}", self.address)).args(file);
        command
    }

    pub fn run(&self, options: &[&str], path: &str, file: Option<&Path>) -> Output {
        self.command(options, path, file).output().unwrap()
    }

    /// What is on standard output; nothing is on standard error.
    pub fn ok(&self, options: &[&str], path: &str, file: Option<&Path>) -> String {
        let output = self.run(options, path, file);
        let message = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && message.is_empty(), "{options:?} {path}: {message}");
        String::from_utf8(output.stdout).unwrap()
    }

    pub fn fails(&self, options: &[&str], path: &str, file: Option<&Path>) -> String {
        one_line_of_failure(&self.run(options, path, file))
    }

    /// Sends it a signal, such as `INT`.
    #[cfg(unix)]
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
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// As the system kills it: it has no time to tidy up.
    pub fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    pub fn dial(&self) -> Session {
        Session::dial(&self.address)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A client by hand, for what `ftp-client` doesn't say.
pub struct Session {
    pub control: BufReader<TcpStream>,
}

impl Session {
    pub fn dial(address: impl ToSocketAddrs) -> Self {
        let control = TcpStream::connect(address).unwrap();
        control.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let mut session = Self { control: BufReader::new(control) };
        assert!(session.reply().starts_with("220"));
        session
    }

    pub fn say(&mut self, command: &str) -> String {
        self.control.get_mut().write_all(format!("{command}\r\n").as_bytes()).unwrap();
        self.reply()
    }

    /// The first line of the next reply.
    pub fn reply(&mut self) -> String {
        let mut first = String::new();
        self.control.read_line(&mut first).unwrap();
        let end = format!("{} ", first.get(..3).unwrap_or_default());
        let mut last = first.clone();
        while !last.starts_with(&end) {
            last.clear();
            assert_ne!(self.control.read_line(&mut last).unwrap(), 0, "the connection has ended after {first:?}");
        }
        first
    }

    /// With TYPE I, as clients have it.
    pub fn log_in(&mut self, user: &str, password: &str) {
        self.log_in_as_it_begins(user, password);
        assert!(self.say("TYPE I").starts_with("200"));
    }

    /// With TYPE A, as RFC 959 5.1 has it.
    pub fn log_in_as_it_begins(&mut self, user: &str, password: &str) {
        assert!(self.say(&format!("USER {user}")).starts_with("331"));
        assert!(self.say(&format!("PASS {password}")).starts_with("230"));
    }

    pub fn passive(&mut self) -> TcpStream {
        let reply = self.say("EPSV");
        let port = reply.split('|').nth(3).unwrap().parse().unwrap();
        let mut address = self.control.get_ref().peer_addr().unwrap();
        address.set_port(port);
        TcpStream::connect(address).unwrap()
    }

    pub fn fetch(&mut self, command: &str) -> String {
        let mut data = self.passive();
        assert!(self.say(command).starts_with("150"), "{command}");
        let mut content = String::new();
        data.read_to_string(&mut content).unwrap();
        drop(data);
        assert!(self.reply().starts_with("226"), "{command}");
        content
    }

    pub fn send(&mut self, command: &str, content: &str) {
        let mut data = self.passive();
        assert!(self.say(command).starts_with("150"), "{command}");
        data.write_all(content.as_bytes()).unwrap();
        drop(data);
        assert!(self.reply().starts_with("226"), "{command}");
    }
}

/// All cases at once: they wait more than they compute.
pub fn at_once<T: Send>(cases: impl IntoIterator<Item = T>, check: impl Fn(T) + Sync) {
    thread::scope(|scope| {
        let check = &check;
        let running: Vec<_> = cases.into_iter().map(|case| scope.spawn(move || check(case))).collect();
        running.into_iter().for_each(|case| case.join().unwrap_or_else(|panic| resume_unwind(panic)));
    });
}

pub fn one_line_of_failure(output: &Output) -> String {
    let message = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(output.status.code(), Some(1), "{message}");
    assert_eq!(message.matches('\n').count(), 1, "{message}");
    message
}

/// The client, over these sockets.
pub fn client_program(runtime: &str) -> Command {
    program(env!("CARGO_BIN_EXE_ftp-client"), runtime)
}

/// The server, over these.
pub fn server_program(runtime: &str) -> Command {
    program(env!("CARGO_BIN_EXE_ftp-server"), runtime)
}

fn program(path: &str, runtime: &str) -> Command {
    let mut command = Command::new(path);
    command.args(["--runtime", runtime]);
    command
}

/// Every name in a directory, sorted.
pub fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// Every byte as `%XX`.
pub fn escaped(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("%{byte:02X}")).collect()
}

pub fn noise(count: usize) -> Vec<u8> {
    (0..count as u32).map(|index| (index.wrapping_mul(2_654_435_761) >> 13) as u8).collect()
}
