//! Both adapters of the server under TLS, visited by hand: who may come, and what is an end.

use std::fs;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use rustls::{ClientConfig, ClientConnection, StreamOwned, SupportedProtocolVersion, version};
use socket2::SockRef;
use tempfile::TempDir;

use crate::certificate::Certificate;
use crate::processes::{CLIENTS, SERVERS, Server, at_once, noise};

const VERSIONS: [&SupportedProtocolVersion; 2] = [&version::TLS12, &version::TLS13];

type Tls = StreamOwned<ClientConnection, TcpStream>;

/// A server with a certificate.
struct Site {
    server: Server,
    certificate: Certificate,
    _directory: TempDir,
}

/// A session under TLS, by hand.
struct Session {
    control: BufReader<Tls>,
}

#[test]
fn a_data_connection_with_another_session_is_refused() {
    for_every_server(&["--tls", "data"], |site, version| {
        let config = site.certificate.client(version, &[]);
        let mut session = site.log_in(&config);
        // What the control connection has brought, and then what each data connection has.
        for _ in 0..20 {
            let (data, _) = session.receive("NLST", &config);
            assert_eq!(data, "there\r\n");
        }
        // Somebody without a session, and somebody with one of the same server, user and password.
        let other = site.certificate.client(version, &[]);
        let _other = site.log_in(&other);
        for stranger in [site.certificate.client(version, &[]), other] {
            let (_, end) = session.receive("NLST", &stranger);
            // What is to be done about it, on either side.
            assert!(
                end.starts_with("522 SSL connection failed: session reuse required. Have the client resume"),
                "{end}"
            );
            assert!(session.say("NOOP").starts_with("200"), "the session goes on");
        }
        assert!(!session.send("STOR new", &site.certificate.client(version, &[]), true).starts_with("226"));
        assert!(!site.server.root().join("new").exists());
    });
}

/// The version tells whose fault it can be: with 1.2 there is no ticket that could have been used up.
#[test]
fn the_log_tells_of_a_session_that_was_not_resumed() {
    for server in SERVERS {
        for version in VERSIONS {
            let directory = tempfile::tempdir().unwrap();
            let certificate = Certificate::write(directory.path());
            let (chain, key) = (certificate.file("certificate.pem"), certificate.file("key.pem"));
            let log = directory.path().join("log");
            let options = ["--certificate", &chain, "--key", &key];
            let file = fs::File::create(&log).unwrap();
            let server = Server::start_logging(file.into(), server, CLIENTS[0], "127.0.0.1:0", &options);
            let mut site = Site { server, certificate, _directory: directory };
            let mut session = site.log_in(&site.certificate.client(version, &[]));
            let (_, end) = session.receive("NLST", &site.certificate.client(version, &[]));
            assert!(end.starts_with("522"), "{end}");
            assert!(session.say("NOOP").starts_with("200"));
            site.server.kill();
            let log = fs::read_to_string(&log).unwrap();
            assert_eq!(log.lines().count(), 1, "{log}");
            assert!(log.contains(" tls-session-not-resumed: "), "{log}");
            assert_eq!(log.contains("tls13-session-not-resumed: "), version == VERSIONS[1], "{log}");
        }
    }
}

/// Go's clients know no other way with TLS 1.2: session IDs alone let nobody of them onto a data connection.
#[test]
fn sessions_of_tls_1_2_resume_by_ticket() {
    for server in SERVERS {
        let site = Site::start(server, &["--tls", "data"]);
        fs::write(site.server.root().join("there"), "x").unwrap();
        let config = site.certificate.client(&version::TLS12, &[]);
        let mut plain = site.server.dial();
        assert!(plain.say("AUTH TLS").starts_with("234"));
        let mut control = Tap { socket: plain.control.into_inner(), heard: Vec::new() };
        let mut connection = client(&config);
        while connection.is_handshaking() {
            connection.complete_io(&mut control).unwrap();
        }
        assert!(tickets(&control.heard) > 0, "{server}: it gives no ticket");
        let mut session = Session { control: BufReader::new(StreamOwned::new(connection, control.socket)) };
        session.user();
        assert!(session.say("PBSZ 0").starts_with("200") && session.say("PROT P").starts_with("200"));
        // The session ID that comes with a ticket is made up by the client: no server knows it.
        for _ in 0..3 {
            let (data, end) = session.receive("NLST", &config);
            assert_eq!((data.as_str(), &end[..3]), ("there\r\n", "226"), "{server}");
        }
    }
}

/// A socket, and what was read from it.
struct Tap {
    socket: TcpStream,
    heard: Vec<u8>,
}

impl Read for Tap {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.socket.read(buffer)?;
        self.heard.extend_from_slice(&buffer[..count]);
        Ok(count)
    }
}

impl Write for Tap {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.socket.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.socket.flush()
    }
}

/// How many tickets (RFC 5077 3.3: handshake messages of type 4) stand in the records of TLS 1.2 before its encryption begins.
fn tickets(mut records: &[u8]) -> usize {
    let mut messages = Vec::new();
    while let [22, _, _, high, low, rest @ ..] = records {
        let (body, behind) = rest.split_at(usize::from(*high) << 8 | usize::from(*low));
        messages.extend_from_slice(body);
        records = behind;
    }
    let (mut messages, mut count) = (&messages[..], 0);
    while let [kind, length @ .., _] = messages.get(..5).unwrap_or_default() {
        count += usize::from(*kind == 4);
        let length = length.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte));
        messages = messages.get(4 + length..).unwrap_or_default();
    }
    count
}

#[test]
fn an_upload_without_tls_where_it_is_due_leaves_nothing() {
    for_every_server(&["--tls", "data"], |site, version| {
        let mut session = site.log_in(&site.certificate.client(version, &[]));
        let mut data = session.passive();
        assert!(session.say("STOR new").starts_with("150"));
        data.write_all(b"this is no TLS at all").unwrap();
        assert!(session.reply().starts_with("522"));
        // One command later everything is over.
        assert!(session.say("NOOP").starts_with("200"));
        let names: Vec<_> = fs::read_dir(site.server.root()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, ["there"]);
    });
}

#[test]
fn the_help_says_what_clients_are_told_that_can_not_resume() {
    let help = crate::processes::server_program(SERVERS[0]).arg("--help").output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let option = help.split("--no-resumption").nth(1).unwrap().split("--").next().unwrap();
    assert!(option.contains("session reuse required") && option.contains("ftplib"), "{option}");
}

#[test]
fn without_the_demand_another_session_is_accepted() {
    for_every_server(&["--tls", "data", "--no-resumption"], |site, version| {
        let config = site.certificate.client(version, &[]);
        let mut session = site.log_in(&config);
        let (data, end) = session.receive("NLST", &site.certificate.client(version, &[]));
        assert_eq!((data.as_str(), &end[..3]), ("there\r\n", "226"));
    });
}

#[test]
fn an_upload_without_close_notify_does_not_appear() {
    for_every_server(&["--tls", "offered"], |site, version| {
        let config = site.certificate.client(version, &[]);
        let mut session = site.log_in(&config);
        let end = session.send("STOR cut", &config, false);
        assert!(end.starts_with("426"), "{end}");
        assert!(!site.server.root().join("cut").exists());
        let end = session.send("STOR whole", &config, true);
        assert!(end.starts_with("226"), "{end}");
        assert!(fs::read(site.server.root().join("whole")).unwrap() == noise(100_000));
    });
}

/// An ABOR that came before the data's end may lie in the socket, or in TLS, when the data has ended.
#[test]
fn an_abort_together_with_the_data_s_end_counts() {
    for_every_server(&["--tls", "offered"], |site, version| {
        for round in 0..10 {
            let config = site.certificate.client(version, &[]);
            let mut session = site.log_in(&config);
            let mut data = tls(&config, session.passive());
            assert!(session.say("STOR cut").starts_with("150"));
            data.write_all(b"half").and_then(|()| data.flush()).unwrap();
            data.conn.send_close_notify();
            let said = if round % 2 == 0 { &b"ABOR\r\n"[..] } else { b"NOOP\r\nABOR\r\n" };
            session.control.get_mut().write_all(said).unwrap();
            // A server that was quicker has closed it already.
            let _ = data.flush();
            let _ = data.sock.shutdown(std::net::Shutdown::Write);
            let mut replies = vec![session.reply()];
            while !replies.last().unwrap().starts_with("226 Abort") {
                replies.push(session.reply());
            }
            assert!(replies.iter().any(|reply| reply.starts_with("426 ")), "{replies:?}");
            assert!(!site.server.root().join("cut").exists(), "round {round}");
        }
    });
}

/// As curl 7.88 does; where session tickets lie unread, its close is a reset, which destroys what is on its way.
#[test]
fn an_upload_is_whole_though_its_client_never_reads() {
    let content = noise(2_000_000);
    at_once(SERVERS, |server| {
        let site = Site::start(server, &["--tls", "offered"]);
        for _ in 0..10 {
            let config = site.certificate.client(&version::TLS13, &[]);
            let mut session = site.log_in(&config);
            // The control connection's tickets are for two.
            for _ in 0..2 {
                let end = session.send_unread("STOR whole", &config, &content, None);
                assert!(end.starts_with("226"), "{server}: {end}");
                assert!(fs::read(site.server.root().join("whole")).unwrap() == content, "{server}");
            }
        }
    });
}

/// close_notify is the orderly end: what comes after it is nothing.
#[test]
fn an_upload_is_whole_though_a_reset_follows_its_goodbye() {
    for_every_server(&["--tls", "offered"], |site, version| {
        let config = site.certificate.client(version, &[]);
        let mut session = site.log_in(&config);
        for _ in 0..2 {
            let content = noise(10_000);
            let end = session.send_unread("STOR whole", &config, &content, Some(Duration::ZERO));
            assert!(end.starts_with("226"), "{end}");
            assert!(fs::read(site.server.root().join("whole")).unwrap() == content);
        }
    });
}

#[test]
fn what_policy_demands_is_not_had_in_plaintext() {
    for server in SERVERS {
        let site = Site::start(server, &["--tls", "login"]);
        let mut plain = site.server.dial();
        assert!(plain.say("USER anna").starts_with("530"), "{server}");
        assert!(plain.say("PASS secret").starts_with("5"), "{server}");
        let config = site.certificate.client(&version::TLS13, &[]);
        let mut session = site.secure(&config);
        session.user();
        assert!(session.say("PBSZ 0").starts_with("200"), "{server}");
        assert!(session.say("PROT C").starts_with("200"), "{server}: data may be in plaintext");
        assert!(session.say("EPSV").starts_with("229"), "{server}");

        let site = Site::start(server, &["--tls", "data"]);
        let config = site.certificate.client(&version::TLS13, &[]);
        let mut session = site.secure(&config);
        session.user();
        for command in ["EPSV", "PASV", "PORT 127,0,0,1,200,1", "EPRT |1|127.0.0.1|51201|", "PROT C"] {
            assert!(session.say(command).starts_with('5'), "{server}: {command}");
        }
        assert!(session.say("PBSZ 0").starts_with("200") && session.say("PROT P").starts_with("200"), "{server}");
        assert!(session.say("EPSV").starts_with("229"), "{server}");
    }
}

#[test]
fn who_wants_another_protocol_is_turned_away() {
    for server in SERVERS {
        let site = Site::start(server, &["--implicit"]);
        let greets = |alpn: &[&[u8]]| {
            let config = site.certificate.client(&version::TLS13, alpn);
            let mut tls = tls(&config, TcpStream::connect(&site.server.address).unwrap());
            let mut greeting = [0; 4];
            tls.read_exact(&mut greeting).is_ok_and(|()| greeting == *b"220 ")
        };
        assert!(greets(&[]), "{server}");
        assert!(greets(&[b"ftp"]), "{server}");
        assert!(greets(&[b"http/1.1", b"ftp"]), "{server}");
        assert!(!greets(&[b"http/1.1"]), "{server}");
    }
}

#[test]
fn what_is_slipped_in_behind_auth_ends_the_session() {
    for server in SERVERS {
        let site = Site::start(server, &[]);
        let mut plain = site.server.dial();
        plain.control.get_mut().write_all(b"AUTH TLS\r\nUSER anna\r\n").unwrap();
        let mut said = String::new();
        let end = plain.control.read_to_string(&mut said);
        assert!(
            !end.is_err_and(|error| error.kind() == ErrorKind::WouldBlock),
            "{server}: the session goes on: {said}"
        );
        // They may have come together, or one after the other.
        assert!(said.starts_with("503 ") || said.starts_with("234 "), "{server}: {said}");
        assert_eq!(said.lines().count(), 1, "{server}: {said}");
    }
}

#[test]
fn rein_ends_tls_and_the_session_goes_on_in_plaintext() {
    for server in SERVERS {
        for version in VERSIONS {
            let site = Site::start(server, &[]);
            let config = site.certificate.client(version, &[]);
            let mut session = site.log_in(&config);
            assert!(session.say("REIN").starts_with("220"), "{server}");
            let mut tls = session.control.into_inner();
            // Its close_notify comes, and it waits for ours.
            assert_eq!(tls.read(&mut [0]).unwrap(), 0, "{server}");
            tls.conn.send_close_notify();
            tls.conn.write_tls(&mut tls.sock).unwrap();
            let mut plain = crate::processes::Session { control: BufReader::new(tls.sock) };
            assert!(plain.say("USER anna").starts_with("331"), "{server}");
            assert!(plain.say("PASS secret").starts_with("230"), "{server}");
        }
    }
}

#[test]
fn type_a_converts_line_ends_under_tls_too() {
    for_every_server(&["--tls", "data"], |site, version| {
        let config = site.certificate.client(version, &[]);
        let mut session = site.log_in(&config);
        assert!(session.say("TYPE A").starts_with("200"));
        fs::write(site.server.root().join("there"), "one\ntwo\n").unwrap();
        assert_eq!(session.receive("RETR there", &config).0, "one\r\ntwo\r\n");
        let content: Vec<u8> = noise(100_000).into_iter().filter(|byte| *byte != b'\n').collect();
        let wire = [&content[..], b"\r\n"].concat();
        let end = session.send_unread("STOR copy", &config, &wire, None);
        assert!(end.starts_with("226"), "{end}");
        assert!(fs::read(site.server.root().join("copy")).unwrap() == [&content[..], b"\n"].concat());
    });
}

fn for_every_server(options: &[&str], test: impl Fn(&Site, &'static SupportedProtocolVersion)) {
    for server in SERVERS {
        for version in VERSIONS {
            let site = Site::start(server, options);
            fs::write(site.server.root().join("there"), "x").unwrap();
            test(&site, version);
        }
    }
}

impl Site {
    fn start(server: &str, options: &[&str]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let certificate = Certificate::write(directory.path());
        let (chain, key) = (certificate.file("certificate.pem"), certificate.file("key.pem"));
        let options = [options, &["--certificate", &chain, "--key", &key]].concat();
        let server = Server::start_as(server, CLIENTS[0], "127.0.0.1:0", &options);
        Self { server, certificate, _directory: directory }
    }

    /// Up to TLS on the control connection.
    fn secure(&self, config: &Arc<ClientConfig>) -> Session {
        let mut plain = self.server.dial();
        assert!(plain.say("AUTH TLS").starts_with("234"));
        let mut session = Session { control: BufReader::new(tls(config, plain.control.into_inner())) };
        assert!(session.say("NOOP").starts_with("200"));
        session
    }

    fn log_in(&self, config: &Arc<ClientConfig>) -> Session {
        let mut session = self.secure(config);
        session.user();
        assert!(session.say("PBSZ 0").starts_with("200") && session.say("PROT P").starts_with("200"));
        session
    }
}

impl Session {
    fn user(&mut self) {
        assert!(self.say("USER anna").starts_with("331"));
        assert!(self.say("PASS secret").starts_with("230"));
        assert!(self.say("TYPE I").starts_with("200"));
    }

    fn say(&mut self, command: &str) -> String {
        self.control.get_mut().write_all(format!("{command}\r\n").as_bytes()).unwrap();
        self.reply()
    }

    fn reply(&mut self) -> String {
        let mut line = String::new();
        self.control.read_line(&mut line).unwrap();
        line
    }

    fn passive(&mut self) -> TcpStream {
        let reply = self.say("EPSV");
        let port: u16 = reply.split('|').nth(3).expect(&reply).parse().unwrap();
        TcpStream::connect(("127.0.0.1", port)).unwrap()
    }

    /// What came, and the last reply.
    fn receive(&mut self, command: &str, config: &Arc<ClientConfig>) -> (String, String) {
        let mut data = tls(config, self.passive());
        assert!(self.say(command).starts_with("150"), "{command}");
        let mut content = String::new();
        // It may break, but not stay open.
        let waited = data.read_to_string(&mut content).is_err_and(|error| error.kind() == ErrorKind::WouldBlock);
        assert!(!waited, "{command}: the data connection stays open");
        drop(data);
        (content, self.reply())
    }

    /// Closes without having read anything but the handshake; `linger` of no time makes that a reset. The last reply.
    fn send_unread(
        &mut self,
        command: &str,
        config: &Arc<ClientConfig>,
        content: &[u8],
        linger: Option<Duration>,
    ) -> String {
        let mut data = tls(config, self.passive());
        // Else the goodbye could wait for an answer, and the reset would take it along.
        data.sock.set_nodelay(true).unwrap();
        assert!(self.say(command).starts_with("150"), "{command}");
        while data.conn.is_handshaking() {
            data.conn.complete_io(&mut data.sock).unwrap();
        }
        for piece in content.chunks(10_000) {
            data.conn.writer().write_all(piece).unwrap();
            while data.conn.wants_write() {
                data.conn.write_tls(&mut data.sock).unwrap();
            }
        }
        data.conn.send_close_notify();
        data.conn.write_tls(&mut data.sock).unwrap();
        SockRef::from(&data.sock).set_linger(linger).unwrap();
        drop(data);
        self.reply()
    }

    /// The last reply.
    fn send(&mut self, command: &str, config: &Arc<ClientConfig>, in_order: bool) -> String {
        let mut data = tls(config, self.passive());
        assert!(self.say(command).starts_with("150"), "{command}");
        let _ = data.write_all(&noise(100_000)).and_then(|()| data.flush());
        if in_order {
            data.conn.send_close_notify();
            let _ = data.flush();
        }
        let _ = data.sock.shutdown(std::net::Shutdown::Write);
        let _ = data.sock.read_to_end(&mut Vec::new());
        self.reply()
    }
}

fn tls(config: &Arc<ClientConfig>, socket: TcpStream) -> Tls {
    socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    StreamOwned::new(client(config), socket)
}

fn client(config: &Arc<ClientConfig>) -> ClientConnection {
    ClientConnection::new(config.clone(), "127.0.0.1".try_into().unwrap()).unwrap()
}
