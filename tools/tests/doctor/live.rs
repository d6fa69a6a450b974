//! Live servers. No address that a scripted server names leads beyond loopback, so that no packet could, whatever the doctor did; the
//! tests whose addresses would run in a network namespace of their own.

use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::thread;
use std::time::Duration;

use crate::certificate::Certificate;
use crate::processes::Server;
use crate::run::{Run, doctor, doctor_with};
use crate::scripted::{Answer, Scripted, Silent, closed_port, say};

/// What the doctor may say to a server: nothing that changes anything.
const HARMLESS: [&str; 16] = [
    "AUTH", "EPRT", "EPSV", "FEAT", "LIST", "NOOP", "PASS", "PASV", "PBSZ", "PORT", "PROT", "QUIT", "SYST", "TYPE",
    "USER", "ABOR",
];

fn json(arguments: &[&str]) -> Run {
    doctor(&[&["--json"], arguments].concat())
}

/// Runs this test in a network namespace where there is nothing but a loopback; false where there can't be one, or this is in there.
fn runs_in_a_namespace(test: &str) -> bool {
    if std::env::var_os("FTP_DOCTOR_INSIDE").is_some() {
        return false;
    }
    let script = "ip link set lo up && exec \"$@\"";
    let this = std::env::current_exe().unwrap();
    let status = Command::new("unshare")
        .args(["--net", "--map-root-user", "sh", "-c", script, "sh"])
        .arg(this)
        .args(["--exact", test, "--nocapture"])
        .env("FTP_DOCTOR_INSIDE", "1")
        .status();
    let status = status.expect("unshare (util-linux) runs this test");
    assert!(status.success(), "{test}, in a namespace");
    true
}

#[test]
fn a_server_that_works_is_well() {
    let server = Server::start("127.0.0.1:0", &["--anonymous"]);
    let url = format!("ftp://{}", server.address);
    let run = doctor(&["--active", &url]);
    assert_eq!(run.status, 0, "{} {}", run.out, run.err);
    for words in ["ftp-server; logged in as anonymous; no TLS offered", "EPSV", "PORT", "works, works", "All is well"] {
        assert!(run.out.contains(words), "{words}: {}", run.out);
    }
    let run = json(&["--active", &server.address]);
    assert_eq!((run.status, run.json()["exit"].as_u64()), (0, Some(0)), "a host alone will do");
    let works =
        ["EPSV server", "PASV server", "EPRT here", "PORT here"].map(|row| format!("{row} no TLS: works, works"));
    assert_eq!(run.rows(), works);
    assert!(run.causes().is_empty());
}

#[test]
fn each_version_of_tls_is_tried_with_and_without_resumption() {
    let scratch = tempfile::tempdir().unwrap();
    let certificate = Certificate::write(scratch.path());
    let (pem, key, ca) = (certificate.file("certificate.pem"), certificate.file("key.pem"), certificate.file("ca.pem"));
    let server = Server::start("127.0.0.1:0", &["--certificate", &pem, "--key", &key]);
    let url = format!("ftp://anna:secret@{}", server.address);
    let run = json(&["--ca", &ca, &url]);
    assert_eq!(run.status, 0, "{}", run.out);
    let rows = run.rows();
    for version in ["1.2", "1.3"] {
        for route in ["EPSV", "PASV"] {
            assert!(rows.contains(&format!("{route} server TLS {version}, resumed: works, works")), "{rows:#?}");
        }
        // The server demands it, and rightly.
        assert!(rows.contains(&format!("EPSV server TLS {version}, new session: 522, 522")), "{rows:#?}");
    }
    assert!(run.out.contains("requires that data connections resume"), "{}", run.out);
    assert!(!run.out.contains("secret"), "{}", run.out);
    // Whom nobody vouches for gets no password.
    let run = json(&[&url]);
    assert_eq!(run.status, 1, "{}", run.out);
    assert!(run.out.contains("certificate isn't trusted"), "{}", run.out);
}

#[test]
fn tls_may_be_demanded_for_logins_or_begin_with_the_connection() {
    let scratch = tempfile::tempdir().unwrap();
    let certificate = Certificate::write(scratch.path());
    let (pem, key) = (certificate.file("certificate.pem"), certificate.file("key.pem"));
    let tls = ["--anonymous", "--certificate", &pem, "--key", &key, "--tls", "data"];
    let server = Server::start("127.0.0.1:0", &tls);
    let run = json(&[&format!("ftp://{}", server.address)]);
    assert_eq!(run.status, 0, "{}", run.out);
    assert!(run.rows().iter().all(|row| row.contains("TLS 1.")), "{:#?}", run.rows());
    let server = Server::start("127.0.0.1:0", &[&tls[..], &["--implicit"]].concat());
    let run = json(&[&format!("ftps://{}", server.address)]);
    assert_eq!(run.status, 0, "{}", run.out);
    assert!(run.rows().contains(&"EPSV server TLS 1.3, resumed: works, works".to_owned()), "{:#?}", run.rows());
    // Who comes without TLS hears nothing, and is told why.
    let run = json(&["--timeout", "1", &format!("ftp://{}", server.address)]);
    assert_eq!(run.status, 1, "{}", run.out);
    assert_eq!(run.causes()[0][0], "tls-at-port", "{}", run.out);
}

#[test]
fn nobody_and_others_answer() {
    let run = json(&[&format!("ftp://127.0.0.1:{}", closed_port())]);
    assert_eq!((run.status, run.causes()), (2, vec![vec!["control-refused".to_owned()]]));
    let silent = Silent::new();
    let run = json(&["--timeout", "1", &format!("ftp://127.0.0.1:{}", silent.port)]);
    assert_eq!((run.status, run.causes()), (2, vec![vec!["control-unreachable".to_owned()]]), "{}", run.out);
    for (greeting, cause) in [
        ("SSH-2.0-OpenSSH_9.2p1 Debian", "ssh-at-port"),
        ("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n", "http-at-port"),
        ("220 mail.example.com ESMTP Postfix", "smtp-at-port"),
    ] {
        let server = Scripted::start(move |verb, _| if verb == "greeting" { say(greeting) } else { Answer::Close });
        let run = json(&["--timeout", "2", &server.url()]);
        assert_eq!((run.status, run.causes().first().cloned()), (1, Some(vec![cause.to_owned()])), "{}", run.out);
    }
    // A web server waits to be asked.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut asked = [0; 4];
            if std::io::Read::read(&mut stream, &mut asked).is_ok_and(|count| count > 0) {
                let _ = std::io::Write::write_all(&mut stream, b"HTTP/1.1 400 Bad Request\r\n\r\n");
            }
        }
    });
    let run = json(&["--timeout", "1", &format!("ftp://{address}")]);
    assert_eq!((run.status, run.causes()), (1, vec![vec!["http-at-port".to_owned()]]), "{}", run.out);
}

#[test]
fn no_name_and_no_password_goes_out_without_tls_where_it_is_wanted() {
    let server = Scripted::start(|verb, _| if verb == "AUTH" { say("530 Please login first.") } else { Answer::Usual });
    let url = format!("ftp://anna:secret@{}", server.address);
    let run = json(&["--insecure", "--tls", "explicit", &url]);
    let heard = server.heard();
    assert!(!heard.iter().any(|verb| verb == "USER" || verb == "PASS"), "{heard:?}");
    assert!(run.status == 1 && run.out.contains("refuses AUTH TLS"), "{}", run.out);
}

#[test]
fn a_login_that_is_refused_is_told() {
    let server = Server::start("127.0.0.1:0", &[]);
    let run = doctor(&[&format!("ftp://anna:wrong@{}", server.address)]);
    assert_eq!(run.status, 1, "{}", run.out);
    assert!(run.out.contains("login was refused") && !run.out.contains("wrong"), "{}", run.out);
}

/// The heart of it: a server names another host, where somebody listens who would notice.
#[test]
fn no_address_that_a_server_names_is_dialled_unless_it_is_wanted() {
    let stranger = TcpListener::bind("127.0.0.9:0").unwrap();
    stranger.set_nonblocking(true).unwrap();
    let port = stranger.local_addr().unwrap().port();
    let words = format!("227 Entering Passive Mode (127,0,0,9,{},{}).", port >> 8, port & 255);
    let server = Scripted::start(move |verb, _| if verb == "PASV" { say(&words) } else { Answer::Usual });
    let run = json(&["--timeout", "1", &server.url()]);
    assert!(stranger.accept().is_err(), "somebody came: {}", run.out);
    assert_eq!(run.status, 1);
    assert!(run.rows().contains(&"PASV named host no TLS: not dialled".to_owned()), "{:#?}", run.rows());
    assert!(run.out.contains("--dial-advertised would tell"), "{}", run.out);
    assert!(run.causes().concat().contains(&"unusable-address-advertised".to_owned()), "{}", run.out);
    // Now it is wanted.
    json(&["--timeout", "1", "--dial-advertised", &server.url()]);
    assert!(stranger.accept().is_ok(), "nobody came");
    let heard = server.heard();
    assert!(heard.iter().all(|verb| HARMLESS.contains(&verb.as_str())), "{heard:?}");
}

#[test]
fn a_private_address_is_told_with_the_servers_own_lines() {
    if runs_in_a_namespace("live::a_private_address_is_told_with_the_servers_own_lines") {
        return;
    }
    for (greeting, setting) in [
        ("220 (vsFTPd 3.0.3)", "pasv_address="),
        ("220 ProFTPD Server (Debian)", "MasqueradeAddress "),
        ("220---------- Welcome to Pure-FTPd ----------\r\n220 You will be disconnected", "-P "),
    ] {
        let server = Scripted::start(move |verb, _| match verb {
            "greeting" => say(greeting),
            "PASV" => Answer::Listens("227 Entering Passive Mode (192,168,1,5,{p1},{p2})."),
            _ => Answer::Usual,
        });
        for options in [&["--timeout", "1"][..], &["--timeout", "1", "--dial-advertised"]] {
            let url = server.url();
            let run = json(&[options, &[&url]].concat());
            assert_eq!((run.status, &*run.causes()[0][0]), (1, "private-address-advertised"), "{}", run.out);
            assert!(run.settings().iter().any(|line| line.starts_with(setting)), "{setting}: {:?}", run.settings());
        }
    }
}

#[test]
fn refused_is_told_from_timed_out() {
    let closed = closed_port();
    let server = Scripted::start(move |verb, _| match verb {
        "EPSV" => say(&format!("229 Entering Extended Passive Mode (|||{closed}|)")),
        "PASV" => say(&format!("227 Entering Passive Mode (127,0,0,1,{},{}).", closed >> 8, closed & 255)),
        _ => Answer::Usual,
    });
    let run = json(&[&server.url()]);
    assert_eq!((run.status, &*run.causes()[0][0]), (1, "passive-range-refused"), "{}", run.out);
    assert!(run.rows().contains(&"EPSV server no TLS: refused, refused".to_owned()), "{:#?}", run.rows());
    assert!(run.settings().iter().any(|line| line.starts_with("pasv_min_port=")), "{:?}", run.settings());

    let silent = Silent::new();
    let port = silent.port;
    let server = Scripted::start(move |verb, _| match verb {
        "EPSV" => say(&format!("229 Entering Extended Passive Mode (|||{port}|)")),
        "PASV" => say(&format!("227 Entering Passive Mode (127,0,0,1,{},{}).", port >> 8, port & 255)),
        _ => Answer::Usual,
    });
    let run = json(&["--timeout", "1", &server.url()]);
    assert_eq!((run.status, &*run.causes()[0][0]), (1, "passive-range-dropped"), "{}", run.out);
    assert!(run.rows().contains(&"EPSV server no TLS: timeout (1 s), timeout (1 s)".to_owned()), "{:#?}", run.rows());
}

#[test]
fn what_servers_refuse_is_told_by_its_cause() {
    type Script = fn(&str, &str) -> Answer;
    let rows: [(&[&str], Script, &str); 6] = [
        (
            &[],
            |verb, _| if verb == "EPSV" || verb == "PASV" { say("550 Permission denied.") } else { Answer::Usual },
            "passive-disabled",
        ),
        (&[], |verb, _| if verb == "EPSV" { say("500 Unknown command.") } else { Answer::Usual }, "passive-unknown"),
        (
            &["--active", "--timeout", "1"],
            |verb, _| if verb == "EPRT" || verb == "PORT" { say("500 Illegal PORT command.") } else { Answer::Usual },
            "active-address-rejected",
        ),
        (
            &["--active", "--timeout", "1"],
            // It agrees, and doesn't come.
            |verb, _| match verb {
                "EPSV" | "PASV" => say("550 Permission denied."),
                "LIST" => say("425 Failed to establish connection."),
                _ => Answer::Usual,
            },
            "active-inbound-rejected",
        ),
        (
            &[],
            |verb, _| if verb == "LIST" { say("425 Security: Bad IP connecting.") } else { Answer::Usual },
            "data-peer-differs",
        ),
        (
            &[],
            |verb, _| if verb == "LIST" { say("522 Data connections must be encrypted.") } else { Answer::Usual },
            "protection-unfit",
        ),
    ];
    for (options, script, cause) in rows {
        let server = Scripted::start(script);
        let url = server.url();
        let run = json(&[options, &[&url]].concat());
        assert_eq!(run.status, 1, "{cause}: {}", run.out);
        assert!(run.causes().concat().iter().any(|id| id == cause), "{cause}: {:?}", run.causes());
        let heard = server.heard();
        assert!(heard.iter().all(|verb| HARMLESS.contains(&verb.as_str())), "{heard:?}");
    }
}

#[test]
fn active_mode_is_for_those_who_allow_it() {
    let server = Scripted::start(|_, _| Answer::Usual);
    assert_eq!(json(&[&server.url()]).status, 0);
    assert!(!server.heard().iter().any(|verb| verb == "PORT" || verb == "EPRT"));
    assert_eq!(json(&["--active", &server.url()]).status, 0);
    assert!(server.heard().iter().any(|verb| verb == "PORT"));
}

#[test]
fn a_session_that_breaks_or_falls_silent_ends_the_attempt_and_no_more() {
    // It closes as soon as PASV is said; EPSV works.
    let server = Scripted::start(|verb, _| if verb == "PASV" { Answer::Close } else { Answer::Usual });
    let run = json(&["--timeout", "1", &server.url()]);
    assert_eq!(run.rows()[0], "EPSV server no TLS: works, works");
    assert_eq!(run.status, 1, "{}", run.out);
    // Nothing is said to LIST, though the connection stands.
    let server = Scripted::start(|verb, _| if verb == "LIST" { Answer::Nothing } else { Answer::Usual });
    let run = json(&["--timeout", "1", &server.url()]);
    assert!(run.status == 1 && !run.causes().is_empty(), "{}", run.out);
}

/// As vsftpd does after its 522.
#[test]
fn a_server_that_hangs_up_after_a_refusal_is_asked_anew() {
    let server = Scripted::start(|verb, _| match verb {
        "LIST" => Answer::Last("522 SSL connection failed; session reuse required"),
        _ => Answer::Usual,
    });
    let run = json(&["--timeout", "1", &server.url()]);
    let rows = ["EPSV server no TLS: 522, 522", "PASV server no TLS: 522, 522"];
    assert_eq!((run.status, run.rows()), (1, rows.map(String::from).to_vec()));
    assert!(!run.causes().concat().contains(&"epsv-blocked".to_owned()), "{:?}", run.causes());
}

/// A dialogue that is read gives what the probe itself has found.
#[test]
fn a_log_of_the_probe_has_the_same_findings() {
    let closed = closed_port();
    let server = Scripted::start(move |verb, _| match verb {
        "EPSV" => say(&format!("229 Entering Extended Passive Mode (|||{closed}|)")),
        "PASV" => say("550 Permission denied."),
        _ => Answer::Usual,
    });
    let run = json(&["--verbose", &server.url()]);
    let log = doctor_with(&["read", "--json", "-"], &run.err);
    assert_eq!(log.status, 1, "{}\n{}", run.err, log.out);
    assert_eq!(log.causes(), run.causes(), "{}\n{}", run.err, log.out);
}

#[test]
fn both_families_are_tried() {
    let Ok(_) = TcpListener::bind("[::1]:0") else { return };
    let server = Server::start("[::1]:0", &["--anonymous"]);
    let run = json(&[&format!("ftp://{}", server.address)]);
    assert_eq!((run.status, run.rows()), (0, vec!["EPSV server no TLS: works, works".to_owned()]), "{}", run.out);
    // On localhost there is one of them alone.
    let port = server.address.rsplit_once(':').unwrap().1;
    if (("localhost", 0).to_socket_addresses()).len() > 1 {
        let run = json(&[&format!("ftp://localhost:{port}")]);
        assert_eq!(run.json()["addresses"].as_array().unwrap().len(), 2, "{}", run.out);
        assert_eq!(run.status, 1, "IPv4 is refused: {}", run.out);
        assert_eq!(json(&["-6", &format!("ftp://localhost:{port}")]).status, 0);
        assert_eq!(json(&["-4", &format!("ftp://localhost:{port}")]).status, 2);
    }
}

trait Resolve {
    fn to_socket_addresses(&self) -> Vec<std::net::SocketAddr>;
}

impl Resolve for (&str, u16) {
    fn to_socket_addresses(&self) -> Vec<std::net::SocketAddr> {
        std::net::ToSocketAddrs::to_socket_addrs(self).map(Iterator::collect).unwrap_or_default()
    }
}

/// util-linux has a program that gives it a terminal.
#[test]
fn colour_is_for_terminals() {
    let server = Server::start("127.0.0.1:0", &["--anonymous"]);
    let command = format!("{} ftp://{}", env!("CARGO_BIN_EXE_ftp-doctor"), server.address);
    let on_terminal = |name: &str, value: &str| {
        let output = Command::new("script").args(["-qec", &command, "/dev/null"]).env(name, value).output();
        String::from_utf8(output.unwrap().stdout).unwrap()
    };
    assert!(on_terminal("TERM", "xterm").contains("\x1b[32mworks"));
    assert!(!on_terminal("NO_COLOR", "1").contains('\x1b'));
}

#[test]
fn what_servers_say_does_not_steer_the_terminal() {
    let server =
        Scripted::start(|verb, _| if verb == "greeting" { say("220 \x1b[2Jready\x07") } else { Answer::Usual });
    let run = doctor(&[&server.url()]);
    assert!(run.out.contains("ready") && !run.out.contains(['\x1b', '\x07']), "{:?}", run.out);
    // The table goes on as it is seen, so that nobody waits without a word.
    let mut process = Command::new(env!("CARGO_BIN_EXE_ftp-doctor"));
    let silent = Silent::new();
    let port = silent.port;
    let server = Scripted::start(move |verb, _| match verb {
        "PASV" => say(&format!("227 Entering Passive Mode (127,0,0,1,{},{}).", port >> 8, port & 255)),
        _ => Answer::Usual,
    });
    let mut process =
        process.args(["--timeout", "8", &server.url()]).stdout(std::process::Stdio::piped()).spawn().unwrap();
    thread::sleep(Duration::from_secs(2));
    let mut so_far = [0; 4096];
    let count = std::io::Read::read(process.stdout.as_mut().unwrap(), &mut so_far).unwrap();
    let so_far = String::from_utf8_lossy(&so_far[..count]).into_owned();
    process.kill().unwrap();
    process.wait().unwrap();
    assert!(so_far.contains("Control connection to"), "{so_far}");
    let _ = TcpStream::connect(server.address);
}
