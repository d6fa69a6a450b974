//! Both servers, visited by clients whose every word is scripted, and odd.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use socket2::{Domain, SockRef, Socket, Type};

use super::programs::{BOTH, noise, serve};
use super::std_server::Files;

struct Visit {
    control: BufReader<TcpStream>,
    files: Arc<Files>,
}

impl Visit {
    /// Somebody who has logged in, at each server in turn.
    fn all() -> impl Iterator<Item = Self> {
        BOTH.into_iter().map(|server| {
            let (address, files) = serve(server, Ipv4Addr::LOCALHOST.into()).unwrap();
            files.lock().unwrap().insert(b"file".to_vec(), noise(1 << 20).repeat(32));
            let control = TcpStream::connect(address).unwrap();
            control.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
            let mut visit = Self { control: BufReader::new(control), files };
            assert!(visit.reply().starts_with("220 "));
            assert!(visit.say("USER anna").starts_with("331 "));
            assert!(visit.say("PASS secret").starts_with("230 "));
            visit
        })
    }

    fn write(&mut self, words: &str) {
        self.control.get_mut().write_all(words.as_bytes()).unwrap();
    }

    /// A line, and its reply.
    fn say(&mut self, line: &str) -> String {
        self.write(&format!("{line}\r\n"));
        self.reply()
    }

    fn reply(&mut self) -> String {
        let mut line = String::new();
        self.control.read_line(&mut line).unwrap();
        line
    }

    fn passive(&mut self) -> SocketAddr {
        let reply = self.say("EPSV");
        let port = reply.split('|').nth(3).unwrap().parse().unwrap();
        (Ipv4Addr::LOCALHOST, port).into()
    }

    fn stored(&self, name: &str) -> Option<Vec<u8>> {
        self.files.lock().unwrap().get(name.as_bytes()).cloned()
    }
}

#[test]
fn an_abor_with_urgent_data_is_heard_amid_a_download() {
    for mut visit in Visit::all() {
        let address = visit.passive();
        let mut data = TcpStream::connect(address).unwrap();
        assert!(visit.say("RETR file").starts_with("150 "));
        data.read_exact(&mut [0; 1000]).unwrap();
        // As Python's ftplib says it: all of it urgent.
        let control = SockRef::from(visit.control.get_ref());
        assert_eq!(control.send_out_of_band(b"ABOR\r\n").unwrap(), 6);
        assert!(visit.reply().starts_with("426 "));
        assert!(visit.reply().starts_with("226 "));
        drop(data);
        assert!(visit.say("NOOP").starts_with("200 "));
    }
}

#[test]
fn an_upload_that_is_aborted_or_breaks_leaves_what_was_there() {
    for mut visit in Visit::all() {
        visit.files.lock().unwrap().insert(b"old".to_vec(), b"as it was".to_vec());
        let address = visit.passive();
        let mut data = TcpStream::connect(address).unwrap();
        assert!(visit.say("STOR old").starts_with("150 "));
        data.write_all(b"half").unwrap();
        assert!(visit.say("ABOR").starts_with("426 "));
        assert!(visit.reply().starts_with("226 "));
        drop(data);

        // An ABOR together with the data's end.
        let address = visit.passive();
        let mut data = TcpStream::connect(address).unwrap();
        assert!(visit.say("STOR old").starts_with("150 "));
        data.write_all(b"all of it").unwrap();
        visit.write("ABOR\r\n");
        drop(data);
        assert!(visit.reply().starts_with("426 "));
        assert!(visit.reply().starts_with("226 "));

        // A reset.
        let address = visit.passive();
        let mut data = TcpStream::connect(address).unwrap();
        assert!(visit.say("STOR old").starts_with("150 "));
        data.write_all(b"half").unwrap();
        SockRef::from(&data).set_linger(Some(Duration::ZERO)).unwrap();
        drop(data);
        assert!(visit.reply().starts_with("426 "));
        assert_eq!(visit.stored("old").unwrap(), b"as it was");

        // And who leaves amid an upload.
        let address = visit.passive();
        let mut data = TcpStream::connect(address).unwrap();
        assert!(visit.say("STOR old").starts_with("150 "));
        data.write_all(b"half").unwrap();
        visit.control.get_ref().shutdown(Shutdown::Both).unwrap();
        assert_eq!(data.read(&mut [0; 1]).unwrap_or(0), 0);
        assert_eq!(visit.stored("old").unwrap(), b"as it was");
    }
}

#[test]
fn the_client_may_connect_late_or_not_at_all() {
    for mut visit in Visit::all() {
        let address = visit.passive();
        assert!(visit.say("STOR late").starts_with("150 "));
        TcpStream::connect(address).unwrap().write_all(b"but it came").unwrap();
        assert!(visit.reply().starts_with("226 "));
        assert_eq!(visit.stored("late").unwrap(), b"but it came");

        visit.passive();
        assert!(visit.say("STOR never").starts_with("150 "));
        assert!(visit.say("ABOR").starts_with("426 "), "nobody has to wait for a minute");
        assert!(visit.reply().starts_with("226 "));
        assert_eq!(visit.stored("never"), None);
    }
}

#[test]
fn a_stranger_gets_no_data_and_the_client_does() {
    for mut visit in Visit::all() {
        let address = visit.passive();
        let stranger = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        // Linux has all of 127.0.0.0/8; others may not.
        if stranger.bind(&SocketAddr::from(([127, 0, 0, 2], 0)).into()).is_err() {
            return;
        }
        stranger.connect(&address.into()).unwrap();
        stranger.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        assert!(visit.say("LIST").starts_with("150 "));
        assert_eq!((&stranger).read(&mut [0; 1]).unwrap_or(0), 0);
        let mut listing = String::new();
        TcpStream::connect(address).unwrap().read_to_string(&mut listing).unwrap();
        assert!(listing.ends_with(" file\r\n"), "{listing}");
        assert!(visit.reply().starts_with("226 "));
    }
}

#[test]
fn lines_may_come_in_any_pieces() {
    for mut visit in Visit::all() {
        for byte in b"NO\xff\xf1OP\r\nPWD\r\nSIZE no\r\nHASH file\r\nNOOP\r\nQU" {
            visit.control.get_mut().write_all(&[*byte]).unwrap();
        }
        for code in ["200 ", "257 ", "550 ", "502 ", "200 "] {
            let reply = visit.reply();
            assert!(reply.starts_with(code), "{reply}");
        }
        visit.write("IT\r\n");
        assert!(visit.reply().starts_with("221 "));
        assert_eq!(visit.reply(), "", "closed in order");
    }
}

#[test]
fn an_active_server_comes_from_the_address_that_was_reached() {
    for server in BOTH {
        // Reached at an address that isn't the first of its interface.
        let Some((address, files)) = serve(server, IpAddr::from([127, 0, 0, 3])) else { return };
        files.lock().unwrap().insert(b"file".to_vec(), b"content".to_vec());
        let control = TcpStream::connect(address).unwrap();
        control.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let host = control.local_addr().unwrap().ip();
        let mut visit = Visit { control: BufReader::new(control), files };
        visit.reply();
        visit.say("USER anna");
        assert!(visit.say("PASS secret").starts_with("230 "));
        let listener = TcpListener::bind((host, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        assert!(visit.say(&format!("EPRT |1|{host}|{port}|")).starts_with("200 "));
        visit.write("RETR file\r\n");
        let (mut data, peer) = listener.accept().unwrap();
        assert_eq!(peer.ip(), address.ip());
        let mut content = String::new();
        data.read_to_string(&mut content).unwrap();
        assert_eq!(content, "content");
        assert!(visit.reply().starts_with("150 "));
        drop(data);
        assert!(visit.reply().starts_with("226 "));

        // A port on which nobody listens.
        drop(listener);
        assert!(visit.say(&format!("EPRT |1|{host}|{port}|")).starts_with("200 "));
        assert!(visit.say("RETR file").starts_with("425 "));
    }
}
