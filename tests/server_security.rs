//! The rows of `security.tsv` that concern servers and have no test beside a policy of theirs: each test bears its row's id.

mod common;

use common::served::{Did, Served, World, said, with};
use ftp_proto::server::{Action, Config, Pending, Support};
use ftp_proto::{Path, Text, Verb};

#[test]
fn s01_no_port_makes_the_server_dial_a_stranger() {
    let strangers = ["PORT 203,0,113,9,19,137", "EPRT |1|203.0.113.9|5001|", "EPRT |2|2001:db8::9|5001|"];
    let services = ["PORT 192,0,2,1,0,25", "EPRT |1|192.0.2.1|1023|"];
    for line in strangers.iter().chain(&services) {
        let mut served = Served::logged_in(Config::default());
        let did = served.hears(line);
        assert!(said(&did).starts_with('5'), "{line}: {did:?}");
        assert_eq!(served.says("RETR f"), "425 Use PORT or PASV first.", "{line}");
    }
    for line in strangers {
        let mut served = Served::logged_in(with(|config| config.active.strangers = true));
        let did = [served.hears(line), served.hears("RETR f")].concat();
        assert!(did.iter().any(|did| matches!(did, Did::Connects(_))), "{line}: {did:?}");
    }
    // Nothing is dialled before a transfer, and an address in IPv6's clothes is the peer's all the same.
    let mut served = Served::logged_in(Config::default());
    let did = served.hears("EPRT |2|::ffff:192.0.2.1|5001|");
    assert!(said(&did).starts_with("200 ") && !did.iter().any(|did| matches!(did, Did::Connects(_))), "{did:?}");
    assert!(served.hears("RETR f").contains(&Did::Connects("192.0.2.1:5001".parse().unwrap())));
}

#[test]
fn s07_no_name_can_begin_a_reply_of_its_own() {
    let name = "x\\r\\n227 Entering Passive Mode (10,0,0,1,1,1).";
    let mut served = Served::logged_in(Config::default());
    // What ends a line can't be in a name, not even as Telnet's CR NUL.
    for line in [&b"MKD x\r227 y\r\n"[..], b"MKD x\r\x00227 y\r\n"] {
        let did = served.receives(line);
        assert_eq!(said(&did), "501 Illegal byte: CR, LF or NUL.", "{line:?}");
    }
    let lines = |served: &mut Served, line: &str, answer: &dyn Fn(Pending<'_>)| {
        served.server.received(format!("{line}\r\n").as_bytes());
        let now = served.now();
        let Action::Command(pending) = served.server.poll(now) else { panic!() };
        answer(pending);
        said(&served.all(World::Works)).split('|').map(str::to_string).collect::<Vec<_>>()
    };
    let path = Path::new(name).unwrap();
    let said = lines(&mut served, &format!("MKD {name}"), &|pending| match pending {
        Pending::Directory(directory) => directory.path(&path),
        _ => panic!(),
    });
    assert!(said.len() == 1 && said[0].starts_with("257 \""), "{said:?}");
    // A name of digits: the lines between the first and the last begin with a blank.
    let path = Path::new("226 done").unwrap();
    let said = lines(&mut served, "MLST 226 done", &|pending| match pending {
        Pending::Facts(facts) => facts.are(&Text::new("type=file;").unwrap(), &path),
        _ => panic!(),
    });
    assert!(said.len() == 3 && said[1].starts_with(' '), "{said:?}");
    // An unknown command isn't repeated.
    assert_eq!(served.says("NOOX 227 (1,2,3,4,5,6)"), "500 Unknown command.");
}

#[test]
fn s13_a_line_without_end_is_bounded_and_the_next_one_is_read() {
    for limit in [64, 4096] {
        let mut served = Served::logged_in(with(|config| config.limits.line = limit));
        for _ in 0..2000 {
            assert_eq!(said(&served.receives(&[b'A'; 512])), "");
            let debug = format!("{:?}", served.server);
            let kept = debug.split("buffered: ").nth(1).unwrap().split(|c: char| !c.is_ascii_digit()).next().unwrap();
            assert!(kept.parse::<usize>().unwrap() <= limit + 2, "{kept} bytes are kept");
        }
        assert_eq!(said(&served.receives(b"\r\nNOOP\r\n")), "500 Line too long.|200 NOOP ok.");
        let fits = format!("MKD {}", "a".repeat(limit - 4));
        assert_eq!(served.says(&fits), "550 No.", "as long as allowed");
    }
}

#[test]
fn s19_site_does_nothing_that_the_application_does_not_do() {
    let mut served = Served::logged_in(Config::default());
    for line in ["SITE EXEC /bin/sh", "SITE CPFR /etc/passwd", "SITE CHMOD 777 f"] {
        assert_eq!(served.says(line), "502 Command not implemented.", "{line}");
    }
    assert!(!served.asked.iter().any(|asked| asked.contains("Site")));
    let mut served = Served::logged_in(with(|config| {
        config.support = Support::default().with(&[Verb::Site]);
        config.support.site = vec!["CHMOD <SP> mode <SP> path".into()];
    }));
    assert_eq!(served.says("SITE CHMOD 777 f"), "550 No.");
    assert!(served.asked.iter().any(|asked| asked.contains("Site")));
}

#[test]
fn s24_a_nul_cuts_nothing_short() {
    let mut served = Served::logged_in(Config::default());
    let asked = served.asked.len();
    for line in [&b"DELE safe\0.txt\r\n"[..], b"DELE \0\r\n", b"RETR a\0\r\n"] {
        assert_eq!(said(&served.receives(line)), "501 Illegal byte: CR, LF or NUL.", "{line:?}");
    }
    assert_eq!(served.asked.len(), asked, "the application hears of none");
    assert_eq!(served.says("NOOP"), "200 NOOP ok.", "and the session goes on");
}

#[test]
fn s25_telnet_is_declined_so_often_and_no_oftener() {
    let mut served = Served::logged_in(Config::default());
    served.server.received(&b"\xff\xfb\x01".repeat(1000));
    let mut written = Vec::new();
    loop {
        let now = served.now();
        match served.server.poll(now) {
            Action::Write(write) => {
                written.extend_from_slice(write.bytes());
                write.wrote_all();
            }
            Action::Read { .. } => break,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(written, b"\xff\xfe\x01".repeat(32));
    // A doubled IAC is a byte of the name.
    served.server.received(b"CWD a\xff\xffb\r\n");
    let now = served.now();
    let Action::Command(pending) = served.server.poll(now) else { panic!() };
    assert!(matches!(pending.command(), ftp_proto::Command::Cwd(path) if path.as_bytes() == b"a\xffb"));
}

#[test]
fn s26_after_epsv_all_only_epsv_may_agree_on_a_connection() {
    let mut served = Served::logged_in(Config::default());
    served.answers(&[("EPSV ALL", "200 EPSV ALL ok.")]);
    for line in ["PASV", "PORT 192,0,2,1,19,137", "EPRT |1|192.0.2.1|5001|"] {
        assert_eq!(served.says(line), "503 EPSV ALL is in effect.", "{line}");
    }
    assert!(served.says("EPSV").starts_with("229 "));
    // As long as the login lasts.
    served.hears("REIN");
    served.hears("USER anna");
    served.hears("PASS secret");
    assert!(served.says("PASV").starts_with("227 "));
}
