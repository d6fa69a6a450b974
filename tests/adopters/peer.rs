//! A peer of a program whose every word is the test's.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

/// A test that waits longer has failed.
const PATIENCE: Duration = Duration::from_secs(20);

pub struct Peer(BufReader<TcpStream>);

/// A socket that listens on a port of this host, and its address.
pub fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

pub fn connect(address: SocketAddr) -> TcpStream {
    let socket = TcpStream::connect(address).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket.set_write_timeout(Some(PATIENCE)).unwrap();
    socket
}

impl Peer {
    pub fn new(socket: TcpStream) -> Self {
        socket.set_nodelay(true).unwrap();
        Self(BufReader::new(socket))
    }

    pub fn say(&mut self, words: &str) {
        self.0.get_mut().write_all(format!("{words}\r\n").as_bytes()).unwrap();
    }

    /// One line without its end; empty at the end of the connection.
    pub fn line(&mut self) -> String {
        let mut line = String::new();
        self.0.read_line(&mut line).unwrap();
        line.trim_end_matches(['\r', '\n']).into()
    }

    /// One reply as it came, its lines with LF between them.
    pub fn reply(&mut self) -> String {
        let mut reply = self.line();
        if reply.get(3..4) == Some("-") {
            let last = format!("{} ", &reply[..3]);
            while !reply.lines().last().unwrap().starts_with(&last) {
                assert!(!self.0.fill_buf().unwrap().is_empty(), "the connection has ended within {reply:?}");
                reply = format!("{reply}\n{}", self.line());
            }
        }
        reply
    }

    /// Says a command: the reply to it.
    pub fn ask(&mut self, command: &str) -> String {
        self.say(command);
        self.reply()
    }

    /// Asks for a data connection by EPSV, and makes it.
    pub fn data(&mut self) -> TcpStream {
        let reply = self.ask("EPSV");
        let port =
            reply.strip_prefix("229 ").and_then(|text| text.split('|').nth(3)).unwrap_or_else(|| panic!("{reply}"));
        connect(SocketAddr::from((Ipv4Addr::LOCALHOST, port.parse().unwrap())))
    }

    /// Whether something was said that hasn't been read.
    pub fn has_more(&mut self) -> bool {
        self.0.get_ref().set_nonblocking(true).unwrap();
        let has_more = self.0.fill_buf().is_ok_and(|bytes| !bytes.is_empty());
        self.0.get_ref().set_nonblocking(false).unwrap();
        has_more
    }

    /// Says no more.
    pub fn end(&mut self) {
        self.0.get_ref().shutdown(Shutdown::Write).unwrap();
    }

    /// Whether the connection has ended.
    pub fn is_at_end(&mut self) -> bool {
        matches!(self.0.read(&mut [0]), Ok(0) | Err(_))
    }
}

/// All that comes until the other side closes.
pub fn drain(mut socket: TcpStream) -> Vec<u8> {
    let mut all = Vec::new();
    socket.read_to_end(&mut all).unwrap();
    all
}
