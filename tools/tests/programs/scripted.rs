//! A server whose odd words each test scripts; the usual ones it knows. It is on loopback, and dials nobody but loopback.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use socket2::SockRef;

use crate::processes::client_program;

/// What a script makes of a line.
pub enum Then {
    /// It has said something itself.
    Said,
    /// The usual answer.
    Usual,
    /// The control connection is closed.
    Leave,
    /// The control connection is reset.
    Reset,
}

/// The server.
pub struct Scripted {
    pub address: SocketAddr,
    heard: Arc<Mutex<Vec<String>>>,
}

/// One session of it.
pub struct Peer {
    control: BufReader<TcpStream>,
    way: Option<Way>,
    held: Option<TcpStream>,
    /// What REST has set, until a script takes it.
    pub offset: Option<usize>,
    /// How many ways to a data connection were agreed on.
    ways: usize,
    /// From 1 on.
    session: usize,
}

/// How the data connection is made.
enum Way {
    Passive(TcpListener),
    Active(u16),
}

impl Scripted {
    /// Each session by that script, which gets every line.
    pub fn new(script: impl Fn(&mut Peer, &str) -> Then + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let (script, heard) = (Arc::new(script), Arc::<Mutex<Vec<String>>>::default());
        let shared = heard.clone();
        thread::spawn(move || {
            for (before, control) in listener.incoming().enumerate() {
                let (script, heard) = (script.clone(), shared.clone());
                thread::spawn(move || Peer::new(control.unwrap(), before + 1).serve(&*script, &heard));
            }
        });
        Self { address, heard }
    }

    /// Every line so far, of all sessions.
    pub fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }

    pub fn count(&self, verb: &str) -> usize {
        self.heard().iter().filter(|line| line.split(' ').next() == Some(verb)).count()
    }

    pub fn command(&self, client: &str, options: &[&str], path: &str, file: Option<&Path>) -> Command {
        let mut command = client_program(client);
        command.args(options).arg(format!("ftp://anna:secret@{}{path}", self.address)).args(file);
        command
    }

    pub fn run(&self, client: &str, options: &[&str], path: &str, file: Option<&Path>) -> Output {
        self.command(client, options, path, file).output().unwrap()
    }
}

impl Peer {
    fn new(control: TcpStream, session: usize) -> Self {
        control.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        control.set_nodelay(true).unwrap();
        Self { control: BufReader::new(control), way: None, held: None, offset: None, ways: 0, session }
    }

    fn serve(mut self, script: &dyn Fn(&mut Self, &str) -> Then, heard: &Mutex<Vec<String>>) {
        self.say("220 ready");
        loop {
            let mut line = Vec::new();
            if self.control.read_until(b'\n', &mut line).unwrap_or(0) == 0 {
                return;
            }
            let line = String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned();
            heard.lock().unwrap().push(line.clone());
            match script(&mut self, &line) {
                Then::Said => {}
                Then::Usual if !self.usual(&line) => return,
                Then::Usual => {}
                Then::Leave => return,
                Then::Reset => return reset(self.control.get_ref()),
            }
        }
    }

    /// `false`: it was the last word.
    fn usual(&mut self, line: &str) -> bool {
        let (verb, argument) = line.split_once(' ').unwrap_or((line, ""));
        if matches!(verb, "EPSV" | "PASV" | "EPRT" | "PORT") {
            self.ways += 1;
        }
        match verb {
            "USER" => self.say("331 pass"),
            "PASS" => self.say("230 in"),
            "PWD" => self.say("257 \"/\""),
            "NOOP" | "TYPE" => self.say("200 ok"),
            "CWD" => self.say("250 ok"),
            "REST" => {
                self.offset = argument.parse().ok().filter(|offset| *offset > 0);
                self.say("350 ok");
            }
            "EPSV" | "PASV" => {
                let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
                let port = listener.local_addr().unwrap().port();
                self.way = Some(Way::Passive(listener));
                match verb {
                    "PASV" => self.say(&format!("227 ok (127,0,0,1,{},{})", port >> 8, port & 255)),
                    _ => self.say(&format!("229 ok (|||{port}|)")),
                }
            }
            "PORT" => {
                let numbers: Vec<u16> = argument.split(',').map(|number| number.parse().unwrap()).collect();
                self.way = Some(Way::Active(numbers[4] << 8 | numbers[5]));
                self.say("200 ok");
            }
            "EPRT" => {
                self.way = Some(Way::Active(argument.split('|').nth(3).unwrap().parse().unwrap()));
                self.say("200 ok");
            }
            "QUIT" => {
                self.say("221 bye");
                return false;
            }
            _ => self.say("502 no"),
        }
        true
    }

    pub fn say(&self, line: &str) {
        // The client may have left.
        let _ = self.control.get_ref().write_all(format!("{line}\r\n").as_bytes());
    }

    /// Which session of the server this is, from 1 on.
    pub fn session(&self) -> usize {
        self.session
    }

    /// Which data connection of this session the next one is, from 1 on.
    pub fn attempt(&self) -> usize {
        self.ways
    }

    /// The data connection that was agreed on.
    pub fn data(&mut self) -> TcpStream {
        match self.way.take().expect("a way") {
            Way::Passive(listener) => listener.accept().unwrap().0,
            Way::Active(port) => TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap(),
        }
    }

    /// The same, and it stays open.
    pub fn hold(&mut self) -> &mut TcpStream {
        let data = self.data();
        self.held.insert(data)
    }

    /// 150, and these bytes, and the end of the data connection.
    pub fn send(&mut self, preliminary: &str, content: &[u8]) {
        self.say(preliminary);
        let mut data = self.data();
        data.write_all(content).unwrap();
        data.shutdown(Shutdown::Write).unwrap();
    }

    /// 150, and what comes.
    pub fn receive(&mut self) -> Vec<u8> {
        self.say("150 go on");
        let mut content = Vec::new();
        self.data().read_to_end(&mut content).unwrap();
        content
    }
}

/// Closes it with a reset.
pub fn reset(socket: &TcpStream) {
    SockRef::from(socket).set_linger(Some(Duration::ZERO)).unwrap();
}
