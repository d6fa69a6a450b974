//! Both adapters of the client under TLS, against a server whose every word is scripted: resumed data sessions, and what has to
//! be refused.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::Output;
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{HandshakeKind, ServerConfig, ServerConnection, StreamOwned, SupportedProtocolVersion, version};
use tempfile::TempDir;

use crate::certificate::Certificate;
use crate::processes::{CLIENTS, client_program, noise};

type Control = BufReader<StreamOwned<ServerConnection, TcpStream>>;

/// What the server does to the client.
#[derive(Clone, Copy, PartialEq)]
enum Manner {
    Explicit,
    Implicit,
    /// A file's end has no close_notify: somebody may have cut it off.
    Cutting,
    /// A reply stands in plaintext behind the 234.
    Injecting,
}

#[test]
fn each_data_connection_resumes_the_session() {
    for client in CLIENTS {
        for version in [&version::TLS12, &version::TLS13] {
            for (manner, mode) in [(Manner::Explicit, "explicit"), (Manner::Implicit, "implicit")] {
                let server = Server::start(manner, version, "127.0.0.1");
                let copy = server.scratch.path().join("copy");
                // One connection, so that one session has to do for six data connections.
                let options = ["-v", "--tls", mode, "mirror", "--connections", "1"];
                let output = server.run(client, &options, copy.to_str().unwrap());
                let dialogue = String::from_utf8(output.stderr).unwrap();
                assert!(output.status.success(), "{dialogue}");
                assert_eq!(dialogue.matches("* data connection: ").count(), 6, "{dialogue}");
                assert_eq!(dialogue.matches(", session resumed").count(), 6, "{dialogue}");
                let first = dialogue.lines().find(|line| line.starts_with("> USER") || line.starts_with("* control"));
                assert!(first.unwrap().starts_with("* control"), "{dialogue}");
                assert!(fs::read(copy.join("f5")).unwrap() == noise(300_000));
            }
        }
    }
}

#[test]
fn an_end_without_close_notify_is_no_end() {
    for client in CLIENTS {
        let server = Server::start(Manner::Cutting, &version::TLS13, "127.0.0.1");
        let output = server.run(client, &["--tls", "explicit", "get"], "-");
        let message = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(1) && message.contains("the connection broke"), "{message}");
    }
}

#[test]
fn nothing_is_said_to_whom_nobody_trusts() {
    for client in CLIENTS {
        let server = Server::start(Manner::Explicit, &version::TLS13, "192.0.2.1");
        let stranger = Server::start(Manner::Explicit, &version::TLS13, "127.0.0.1");
        let output = server.run(client, &["-v", "--tls", "explicit", "get"], "-");
        assert_distrust(&output);
        let output = client_program(client)
            .args(["-v", "--tls", "explicit", "--ca"])
            .arg(server.ca())
            .args(["get", &stranger.url("ftp"), "-"])
            .output()
            .unwrap();
        assert_distrust(&output);
        let output = client_program(client)
            .args(["--tls", "explicit", "--insecure", "get", &server.url("ftp"), "-"])
            .output()
            .unwrap();
        assert!(output.status.success() && output.stdout == noise(300_000), "{output:?}");
    }
}

#[test]
fn what_is_slipped_in_before_the_handshake_ends_the_session() {
    for client in CLIENTS {
        let server = Server::start(Manner::Injecting, &version::TLS13, "127.0.0.1");
        let output = server.run(client, &["-v", "--tls", "explicit", "get"], "-");
        let message = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(1) && !message.contains("> USER"), "{message}");
    }
}

fn assert_distrust(output: &Output) {
    let message = String::from_utf8(output.stderr.clone()).unwrap();
    assert!(output.status.code() == Some(1) && message.contains("certificate is not trusted"), "{message}");
    assert!(!message.contains("> USER"), "{message}");
}

/// A server on a thread, and the certificate of who signed its own.
struct Server {
    address: SocketAddr,
    scratch: TempDir,
}

impl Server {
    /// One whose certificate is for that host.
    fn start(manner: Manner, version: &'static SupportedProtocolVersion, host: &str) -> Self {
        let scratch = tempfile::tempdir().unwrap();
        let certificate = Certificate::write_for(scratch.path(), host);
        let chain = CertificateDer::from_pem_file(certificate.file("certificate.pem")).unwrap();
        let key = PrivateKeyDer::from_pem_file(certificate.file("key.pem")).unwrap();
        let config = ServerConfig::builder_with_provider(ring::default_provider().into())
            .with_protocol_versions(&[version])
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![chain], key)
            .unwrap();
        let config = Arc::new(config);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            for control in listener.incoming() {
                let config = config.clone();
                std::thread::spawn(move || serve(control.unwrap(), &config, manner));
            }
        });
        Self { address, scratch }
    }

    fn ca(&self) -> PathBuf {
        self.scratch.path().join("ca.pem")
    }

    fn url(&self, scheme: &str) -> String {
        format!("{scheme}://anna:secret@{}/", self.address) + "f5"
    }

    fn run(&self, client: &str, options: &[&str], file: &str) -> Output {
        let url = if options.contains(&"mirror") { format!("ftp://{}/", self.address) } else { self.url("ftp") };
        let mut command = client_program(client);
        command.arg("--ca").arg(self.ca()).args(options).args([&url, file]).output().unwrap()
    }
}

/// Ends, by a panic of its thread, with a client that goes away.
fn serve(mut plain: TcpStream, config: &Arc<ServerConfig>, manner: Manner) {
    let greeting = b"220 come in\r\n";
    if manner != Manner::Implicit {
        plain.write_all(greeting).unwrap();
        let mut command = [0; 10];
        plain.read_exact(&mut command).unwrap();
        assert_eq!(&command, b"AUTH TLS\r\n");
        let reply = if manner == Manner::Injecting { "234 go on\r\n230 logged in\r\n" } else { "234 go on\r\n" };
        plain.write_all(reply.as_bytes()).unwrap();
    }
    let mut tls = StreamOwned::new(ServerConnection::new(config.clone()).unwrap(), plain);
    if manner == Manner::Implicit {
        // With the end of the handshake: what TLS has decrypted by then must not wait for the socket.
        tls.write_all(greeting).unwrap();
    }
    let mut control = BufReader::new(tls);
    let data = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut command = String::new();
    while control.read_line(&mut command).unwrap() > 0 {
        let line = command.trim_end().to_owned();
        command.clear();
        match line.split_once(' ').unwrap_or((&line, "")) {
            ("USER", _) => say(&mut control, "230 you are welcome"),
            ("PWD", _) => say(&mut control, "257 \"/\""),
            ("CWD" | "TYPE" | "PBSZ" | "PROT", _) => say(&mut control, "200 very well"),
            ("FEAT", _) => say(&mut control, "211-these\r\n MLST type*;\r\n211 end"),
            ("EPSV", _) => {
                say(&mut control, &format!("229 there (|||{}|)", data.local_addr().unwrap().port()));
            }
            ("MLSD", _) => {
                let listing: String = (1..=5).map(|number| format!("type=file; f{number}\r\n")).collect();
                send(&mut control, &data, config, listing.as_bytes(), manner);
            }
            ("RETR", _) => send(&mut control, &data, config, &noise(300_000), manner),
            ("QUIT", _) => return say(&mut control, "221 goodbye"),
            _ => say(&mut control, "550 no"),
        }
    }
}

fn say(control: &mut Control, reply: &str) {
    control.get_mut().write_all(format!("{reply}\r\n").as_bytes()).unwrap();
}

fn send(control: &mut Control, data: &TcpListener, config: &Arc<ServerConfig>, content: &[u8], manner: Manner) {
    say(control, "150 here it comes");
    let mut data = StreamOwned::new(ServerConnection::new(config.clone()).unwrap(), data.accept().unwrap().0);
    data.write_all(content).unwrap();
    if manner != Manner::Cutting {
        data.conn.send_close_notify();
    }
    data.flush().unwrap();
    data.sock.shutdown(std::net::Shutdown::Write).unwrap();
    // Closing over unread bytes would reset it.
    let _ = data.read(&mut [0]);
    let resumed = data.conn.handshake_kind() == Some(HandshakeKind::Resumed);
    say(control, if resumed || manner == Manner::Cutting { "226 done" } else { "226 done, but not resumed" });
}
