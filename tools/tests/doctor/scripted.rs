//! Servers that answer as they are told to, over loopback.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// What a server says to a command, and does about it.
pub enum Answer {
    /// As any server would.
    Usual,
    /// These words.
    Say(String),
    /// It listens, and says the words with the port's numbers in place of `{port}` and `{p1},{p2}`.
    Listens(&'static str),
    /// These words, and it closes the control connection.
    Last(&'static str),
    /// It says nothing.
    Nothing,
    /// It closes the control connection.
    Close,
}

pub fn say(words: &str) -> Answer {
    Answer::Say(words.into())
}

/// A server; every command that it heard is kept.
pub struct Scripted {
    pub address: SocketAddr,
    heard: Arc<Mutex<BTreeSet<String>>>,
}

impl Scripted {
    /// `answer` is asked for each command; the verb `greeting` stands for the greeting.
    pub fn start(answer: impl Fn(&str, &str) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let heard: Arc<Mutex<BTreeSet<String>>> = Arc::default();
        let (keeps, answer) = (heard.clone(), Arc::new(answer));
        thread::spawn(move || {
            for control in listener.incoming().flatten() {
                let (keeps, answer) = (keeps.clone(), answer.clone());
                thread::spawn(move || serve(control, &keeps, &*answer));
            }
        });
        Self { address, heard }
    }

    pub fn url(&self) -> String {
        format!("ftp://{}", self.address)
    }

    /// The verbs that it heard.
    pub fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().iter().cloned().collect()
    }
}

fn serve(control: TcpStream, keeps: &Mutex<BTreeSet<String>>, answer: &dyn Fn(&str, &str) -> Answer) -> Option<()> {
    control.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut lines = BufReader::new(control);
    let mut passive: Option<TcpListener> = None;
    let mut active: Option<SocketAddr> = None;
    let (mut verb, mut argument) = ("greeting".to_owned(), String::new());
    loop {
        match answer(&verb, &argument) {
            Answer::Usual => usual(&verb, &argument, &mut lines, &mut passive, &mut active)?,
            Answer::Say(words) => reply(&lines, &words)?,
            Answer::Listens(words) => {
                let port = passive.insert(TcpListener::bind("127.0.0.1:0").ok()?).local_addr().ok()?.port();
                let words = words.replace("{port}", &port.to_string());
                let words = words.replace("{p1},{p2}", &format!("{},{}", port >> 8, port & 255));
                reply(&lines, &words)?;
            }
            Answer::Last(words) => {
                reply(&lines, words)?;
                return None;
            }
            Answer::Nothing => {}
            Answer::Close => return None,
        }
        let mut line = String::new();
        if lines.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let (word, rest) = line.trim_end().split_once(' ').unwrap_or((line.trim_end(), ""));
        (verb, argument) = (word.to_owned(), rest.to_owned());
        keeps.lock().unwrap().insert(verb.clone());
    }
}

fn usual(
    verb: &str,
    argument: &str,
    lines: &mut BufReader<TcpStream>,
    passive: &mut Option<TcpListener>,
    active: &mut Option<SocketAddr>,
) -> Option<()> {
    match verb {
        "greeting" => reply(lines, "220 (vsFTPd 3.0.3)"),
        "USER" => reply(lines, "331 Please specify the password."),
        "PASS" => reply(lines, "230 Login successful."),
        "SYST" => reply(lines, "215 UNIX Type: L8"),
        "FEAT" => reply(lines, "211-Features:\r\n EPSV\r\n211 End"),
        "TYPE" | "NOOP" => reply(lines, "200 ok"),
        "QUIT" => reply(lines, "221 Goodbye."),
        "EPSV" => listens("229 Entering Extended Passive Mode (|||{port}|)", lines, passive),
        "PASV" => listens("227 Entering Passive Mode (127,0,0,1,{p1},{p2}).", lines, passive),
        "EPRT" | "PORT" => {
            let numbers: Vec<u16> = argument.split(['|', ',']).filter_map(|part| part.parse().ok()).collect();
            let port = match verb {
                "EPRT" => *numbers.last()?,
                _ => numbers.get(4)? * 256 + numbers.get(5)?,
            };
            *active = Some(([127, 0, 0, 1], port).into());
            reply(lines, &format!("200 {verb} command successful. Consider using PASV."))
        }
        "LIST" => {
            let data = match (passive.take(), active.take()) {
                (Some(listener), _) => listener.accept().ok()?.0,
                (_, Some(address)) => TcpStream::connect(address).ok()?,
                _ => return reply(lines, "425 Use PORT or PASV first."),
            };
            reply(lines, "150 Here comes the directory listing.")?;
            (&data).write_all(b"-rw-r--r-- 1 0 0 6 Nov 28 15:54 hello.txt\r\n").ok()?;
            drop(data);
            reply(lines, "226 Directory send OK.")
        }
        _ => reply(lines, "502 no"),
    }
}

fn listens(words: &str, lines: &BufReader<TcpStream>, passive: &mut Option<TcpListener>) -> Option<()> {
    let port = passive.insert(TcpListener::bind("127.0.0.1:0").ok()?).local_addr().ok()?.port();
    let words = words.replace("{port}", &port.to_string());
    reply(lines, &words.replace("{p1},{p2}", &format!("{},{}", port >> 8, port & 255)))
}

fn reply(lines: &BufReader<TcpStream>, words: &str) -> Option<()> {
    lines.get_ref().write_all(format!("{words}\r\n").as_bytes()).ok()
}

/// A port at which connections are neither taken nor refused: what waits to be taken is full, so the next SYN is dropped.
pub struct Silent {
    _listener: socket2::Socket,
    _waiting: Vec<socket2::Socket>,
    pub port: u16,
}

impl Silent {
    pub fn new() -> Self {
        use socket2::{Domain, Socket, Type};
        let listener = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        listener.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
        listener.listen(0).unwrap();
        let address = listener.local_addr().unwrap();
        let waiting = (0..4).map(|_| {
            let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
            socket.set_nonblocking(true).unwrap();
            let _ = socket.connect(&address);
            socket
        });
        let waiting = waiting.collect();
        thread::sleep(Duration::from_millis(50));
        Self { port: address.as_socket().unwrap().port(), _listener: listener, _waiting: waiting }
    }
}

/// A port at which nobody listens.
pub fn closed_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
