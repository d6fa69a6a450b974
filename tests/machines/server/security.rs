//! The attacks on servers that `testdata/security.tsv` lists, each a test with its number: what the row's rule says,
//! against several forms of the attack. Where an attack has a test in another file, that one bears the number.

mod tls;

use std::time::Duration;

use ftp_proto::server::Config;
use ftp_proto::telnet::Escape;
use ftp_proto::{Reply, Resume, Verb, Verdict};
use ftp_proto_rigs::server::{Did, Rig, World, asked, codes, connects, said, with};

fn line(text: &str) -> Vec<u8> {
    [text.as_bytes(), b"\r\n"].concat()
}

#[test]
fn s01_ftp_bounce_via_port_and_eprt() {
    let strangers = [
        "PORT 203,0,113,9,19,137",
        "PORT 127,0,0,1,19,137",
        "PORT 10,0,0,1,0,22",
        "PORT 0,0,0,0,19,137",
        "PORT 192,0,2,2,19,137",
        "EPRT |1|203.0.113.9|5001|",
        "EPRT |1|127.0.0.1|5001|",
        "EPRT |2|::ffff:203.0.113.9|5001|",
        "EPRT |2|2001:db8::1|5001|",
        "EPRT |2|::1|5001|",
        "LPRT 4,4,203,0,113,9,2,19,137",
    ];
    let services = ["PORT 192,0,2,1,0,25", "PORT 192,0,2,1,3,255", "EPRT |1|192.0.2.1|22|", "EPRT |1|192.0.2.1|1023|"];
    let nonsense = ["PORT 192,0,2,1,0,0", "EPRT |1|192.0.2.1|0|", "EPRT |1|192.0.2.1|65536|", "PORT 192,0,2,1,256,1"];
    for port in strangers.iter().chain(&services).chain(&nonsense) {
        let mut rig = Rig::logged_in(Config::default());
        let code = codes(&rig.hears(port));
        assert!(matches!(code[..], [500..=504 | 522]), "{port}: {code:?}");
        for transfer in ["LIST", "RETR f", "STOR f", "NLST x", "MLSD"] {
            let did = rig.hears(transfer);
            assert!(connects(&did).is_empty() && codes(&did) == [425], "{port}, {transfer}: {did:?}");
        }
    }
    // Who may be dialled is dialled for the transfer, not for PORT; and a refusal in between changes nothing.
    for port in ["PORT 192,0,2,1,4,0", "EPRT |1|192.0.2.1|1024|", "EPRT |2|::ffff:192.0.2.1|1024|"] {
        let mut rig = Rig::logged_in(Config::default());
        let did = rig.hears(port);
        assert!(connects(&did).is_empty() && codes(&did) == [200], "{port}: {did:?}");
        rig.receives(b"PORT 203,0,113,9,19,137\r\n");
        let did = rig.receives(b"LIST\r\n");
        assert_eq!(connects(&did), ["192.0.2.1:1024".parse().unwrap()], "{port}");
    }
    // Each is a choice.
    let mut rig = Rig::logged_in(with(|config| config.active.strangers = true));
    let did = rig.receives(b"PORT 203,0,113,9,19,137\r\nLIST\r\n");
    assert_eq!(connects(&did), ["203.0.113.9:5001".parse().unwrap()]);
    assert_eq!(codes(&rig.receives(b"PORT 203,0,113,9,0,25\r\n")), [500], "but no service of theirs");
    let mut rig = Rig::logged_in(with(|config| config.active.privileged_ports = true));
    let did = rig.receives(b"PORT 192,0,2,1,0,25\r\nLIST\r\n");
    assert_eq!(connects(&did), ["192.0.2.1:25".parse().unwrap()]);
}

#[test]
fn s04_a_stranger_on_a_passive_port_is_refused_and_listening_goes_on() {
    let strangers = ["203.0.113.66:6666", "192.0.2.2:20", "[2001:db8::1]:40000", "127.0.0.1:40000", "[::1]:1"];
    for passive in ["PASV", "EPSV"] {
        let mut rig = Rig::logged_in(Config::default());
        rig.deserted = true;
        rig.hears(passive);
        rig.callers = strangers.iter().map(|stranger| stranger.parse().unwrap()).collect();
        let did = rig.receives(b"RETR f\r\n");
        let (begun, refused) = did.split_at(2);
        assert!(matches!(begun, [Did::Offers, Did::Said(_)]), "{passive}: {did:?}");
        let each = [(); 5].map(|()| Did::Accepts(Some(Verdict::Refuse)));
        assert_eq!(refused, [&each[..], &[Did::Accepts(None)]].concat(), "{passive}: each, and it goes on");
        assert_eq!(rig.listeners(), 1, "{passive}");
        rig.callers = vec!["[::ffff:192.0.2.1]:40001".parse().unwrap()];
        let did = rig.all(World::Works);
        assert!(matches!(did[..2], [Did::Accepts(Some(Verdict::Take)), Did::Streams]), "{passive}: {did:?}");
        assert_eq!((codes(&did), rig.listeners()), (vec![226], 0));
    }
    let mut rig = Rig::logged_in(with(|config| config.passive.strangers = true));
    rig.callers = vec!["203.0.113.66:6666".parse().unwrap()];
    assert_eq!(codes(&rig.receives(b"EPSV\r\nRETR f\r\n")), [229, 150, 226], "by choice");
    // Under TLS the session has to be resumed besides.
    let mut rig = Rig::secured(tls::tls(|_| {}));
    rig.callers = vec!["192.0.2.1:6666".parse().unwrap()];
    assert!(rig.receives(b"EPSV\r\nSTOR f\r\n").contains(&Did::Secures(Resume::Required)));
}

/// Whatever a client or a file is called: one reply to one command, which no line of it can be taken for another's.
#[test]
fn s07_nothing_that_is_echoed_ends_a_reply() {
    let names = [
        "227 Entering Passive Mode (10,0,0,1,0,22).",
        "213 End of status",
        "211 End",
        "257 \"/\"",
        "a\" 227 Entering Passive Mode (10,0,0,1,0,22).",
        "226-",
        "\u{1b}[2J",
        "\t",
    ];
    let config = || {
        with(|config| {
            config.support = config.support.clone().with(&[Verb::Stat, Verb::Site]).unwrap();
            config.support = config.support.clone().with_site(["ECHO <SP> text"]).unwrap();
        })
    };
    for name in names {
        for command in ["USER", "MKD", "RETR", "STOR", "MLST", "STAT", "HELP", "SITE", "OPTS", "CLNT", "XYZZY", "LANG"]
        {
            let mut rig = Rig::logged_in(config());
            rig.status = STATUS;
            rig.hears("EPSV");
            rig.wire.clear();
            rig.hears(&format!("{command} {name}"));
            one_reply_each(&rig.wire, command, name);
            rig.wire.clear();
            rig.hears("STAT");
            one_reply_each(&rig.wire, "STAT", name);
        }
        // A line end or a NUL in it is no part of any reply.
        for end in ["\r", "\n", "\0", "\r\0", "\r\n"] {
            let mut rig = Rig::logged_in(config());
            let text = rig.says(&format!("XYZZY a{end}{name}"));
            one_reply_each(&rig.wire, "XYZZY", name);
            assert!(!text.contains("Passive") && !text.contains('\0'), "{name:?} {end:?}: {text:?}");
        }
    }
}

/// Names of files as an attacker would choose them.
const STATUS: &[&str] = &["227 Entering Passive Mode (10,0,0,1,0,22).", "213 End of status", "213-", "226 x"];

fn one_reply_each(wire: &[u8], command: &str, name: &str) {
    let text = wire.escape_ascii();
    assert!(!wire.is_empty(), "{command} {name:?}: nothing was said");
    let mut rest = wire;
    while !rest.is_empty() {
        let Ok(Some((reply, length))) = Reply::parse(rest) else { panic!("{command} {name:?}: {text}") };
        let (this, behind) = rest.split_at(length);
        rest = behind;
        let lines: Vec<&[u8]> = this.split(|byte| *byte == b'\n').collect();
        for middle in lines.iter().skip(1).rev().skip(2) {
            let looks_like_one =
                middle.len() > 3 && middle[..3].iter().all(u8::is_ascii_digit) && matches!(middle[3], b' ' | b'-');
            assert!(!looks_like_one, "{command} {name:?}: {text}");
        }
        let lies = this.windows(3).filter(|three| *three == b"227").count();
        assert!(reply.code().value() != 227 || lies == 1 && command != "XYZZY", "{command} {name:?}: {text}");
        assert!(!this.contains(&0), "{command} {name:?}: {text}");
        for (at, byte) in this.iter().enumerate() {
            assert!(*byte != b'\r' || this.get(at + 1) == Some(&b'\n'), "{command} {name:?}: {text}");
        }
    }
}

#[test]
fn s11_other_protocols_are_answered_and_closed() {
    for words in [
        "GET / HTTP/1.1\r\nHost: ftp.example\r\n\r\nUSER anna\r\nPASS secret\r\nDELE f\r\n",
        "get /\r\nDELE f\r\n",
        "POST /RETR%20f HTTP/1.1\r\nContent-Length: 99\r\n\r\nUSER anna\r\n",
        "PUT /x HTTP/1.0\r\n",
        "HEAD / HTTP/1.1\r\n",
        "CONNECT 10.0.0.1:22 HTTP/1.1\r\n",
        "OPTIONS * HTTP/1.1\r\n",
        "EHLO ftp.example\r\nMAIL FROM:<a@b>\r\n",
        "HELO x\r\n",
        "RCPT TO:<a@b>\r\n",
        "DATA\r\n",
    ] {
        let mut rig = Rig::greeted(Config::default());
        let did = rig.receives(words.as_bytes());
        assert_eq!((codes(&did), asked(&did)), (vec![500], vec![]), "{words:?}");
        assert_eq!(did.last(), Some(&Did::Leaves), "{words:?}: {did:?}");
    }
    // A protocol that nobody knows speaks too many words that nobody knows.
    for words in ["Host: x", "\x16\x03\x01\x02", "SSH-2.0-x", "XYZZY", "\x05\x01", "Cookie: a=b; c"] {
        let mut rig = Rig::greeted(Config::default());
        let mut lines = 0;
        while rig.hears(words).last() != Some(&Did::Leaves) {
            lines += 1;
            assert!(lines < 10, "{words:?} goes on");
        }
    }
    let mut rig = Rig::greeted(Config::default());
    let did = rig.receives(&b"XYZZY\r\n".repeat(9));
    assert_eq!(codes(&did), [500; 9]);
    let did = rig.receives(b"XYZZY\r\nUSER anna\r\n");
    assert_eq!((codes(&did), did.last()), (vec![421], Some(&Did::Leaves)));
    // Who is logged in may mistype.
    let mut rig = Rig::logged_in(Config::default());
    assert_eq!(codes(&rig.receives(&b"XYZZY\r\n".repeat(30))), [500; 30]);
}

#[test]
fn s12_what_a_client_sends_is_bounded_and_nobody_reads_more() {
    // Command lines wait while a transfer runs, up to the limit; then the control connection isn't read.
    let mut rig = Rig::logged_in(Config::default());
    rig.deserted = true;
    rig.receives(b"EPSV\r\nRETR f\r\n");
    let limit = Config::default().pipeline_bytes;
    for kind in [b"PWD\r\n".as_slice(), b"XYZZY no such word\r\n", b"\r\n"] {
        let mut sent = 0;
        while wants_input(&mut rig) {
            rig.server.received(kind);
            let _ = rig.all(World::Busy);
            sent += kind.len();
            // An empty line counts as one byte.
            assert!(sent <= 2 * limit, "{sent} bytes of {kind:?}");
        }
    }
    // The same while the application thinks.
    let mut rig = Rig::greeted(Config::default());
    rig.server.received(&b"NOOP\r\n".repeat(limit));
    rig.server.received(b"USER anna\r\n");
    let ftp_proto::server::Action::Write(write) = rig.server.poll(ftp_proto::Instant::default()) else { panic!() };
    assert!(write.bytes().len() < 2 * limit, "{} bytes of replies wait", write.bytes().len());
}

/// Whether the control connection would be read while the transfer waits for the client.
fn wants_input(rig: &mut Rig) -> bool {
    match rig.server.poll(ftp_proto::Instant::from_origin(rig.now)) {
        ftp_proto::server::Action::Accept(accept) => accept.wants_input(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn s13_a_line_without_end_is_refused_once_and_the_next_one_parses() {
    let limit = Config::default().limits.line;
    for (length, chunk) in [(limit + 1, usize::MAX), (20_000, 1460), (1 << 20, 4096), (limit * 3, 1)] {
        for begin in ["XXXX", "RETR ", "USER ", "PASS ", "CWD /"] {
            let mut rig = Rig::logged_in(Config::default());
            let wire = [begin.as_bytes(), &vec![b'x'; length - begin.len()], b"\r\nNOOP\r\n"].concat();
            let mut did = Vec::new();
            for chunk in wire.chunks(chunk.min(wire.len())) {
                did.extend(rig.receives(chunk));
            }
            assert_eq!((codes(&did), asked(&did)), (vec![500, 200], vec![]), "{begin}, {length} by {chunk}");
            assert!(said(&did).len() < 200, "nothing of it is said again");
        }
    }
    // What has come so far isn't kept.
    for limit in [64, 4096] {
        let mut rig = Rig::logged_in(with(|config| config.limits.line = limit));
        for _ in 0..2000 {
            assert_eq!(said(&rig.receives(&[b'A'; 512])), "");
            let debug = format!("{:?}", rig.server);
            let kept = debug.split("buffered: ").nth(1).unwrap().split(|digit: char| !digit.is_ascii_digit()).next();
            assert!(kept.unwrap().parse::<usize>().unwrap() <= limit + 2, "{kept:?} bytes are kept");
        }
        assert_eq!(codes(&rig.receives(b"\r\nNOOP\r\n")), [500, 200]);
    }
    let mut rig = Rig::logged_in(Config::default());
    let name = "x".repeat(2048);
    assert_eq!(asked(&rig.hears(&format!("DELE {name}"))), [format!("DELE {name}")], "long names are fine");
}

#[test]
fn s16_a_pattern_is_a_name_that_the_machine_never_expands() {
    for pattern in ["*", "{a,b}*/../*/../*[!x]?~", "../../*", "*/*/*/*/*/*/*/*/*/*", "~root", "[[[[[[", "-R *"] {
        let mut rig = Rig::logged_in(Config::default());
        rig.receives(b"TYPE I\r\n");
        for command in ["DELE", "CWD", "RMD", "RNFR", "SIZE"] {
            let did = rig.hears(&format!("{command} {pattern}"));
            assert_eq!(asked(&did), [format!("{command} {pattern}")], "once, as it came");
        }
    }
}

#[test]
fn s19_no_site_command_is_built_in_and_none_is_for_strangers() {
    let words = ["EXEC /bin/sh", "CPFR /etc/passwd", "CPTO /tmp/x", "CHMOD 777 f", "UMASK 0", "EXEC", "exec a", "FOO"];
    let mut rig = Rig::logged_in(Config::default());
    for word in words {
        let did = rig.hears(&format!("SITE {word}"));
        assert!(asked(&did).is_empty() && matches!(codes(&did)[..], [500..=504]), "{word}: {did:?}");
    }
    // Where the application has words of its own, who isn't logged in doesn't reach them.
    let config = || {
        with(|config| {
            config.support = config.support.clone().with(&[Verb::Site]).unwrap();
            config.support = config.support.clone().with_site(["CHMOD <SP> mode <SP> path"]).unwrap();
        })
    };
    for login in ["", "USER anna\r\n", "USER anna\r\nPASS wrong\r\n"] {
        for word in words {
            let mut rig = Rig::greeted(config());
            if !login.is_empty() {
                rig.receives(login.as_bytes());
                rig.now += Config::default().patience.failed_login_delay;
                rig.all(World::Works);
            }
            let did = rig.hears(&format!("SITE {word}"));
            assert!(
                asked(&did).is_empty() && matches!(codes(&did)[..], [500..=504 | 530]),
                "{login:?} {word}: {did:?}"
            );
        }
    }
    let mut rig = Rig::logged_in(config());
    assert_eq!(asked(&rig.receives(b"SITE CHMOD 600 f\r\n")), ["SITE CHMOD 600 f"]);
}

#[test]
fn s20_names_are_not_told_and_passwords_not_tried_fast() {
    // Every name is asked for its password in the same words, at once.
    let mut words = Vec::new();
    for name in ["anna", "nobody", "root", "", "anonymous", "a b", "\u{e4}"] {
        let mut rig = Rig::greeted(Config::default());
        let did = rig.hears(&format!("USER {name}"));
        if !name.is_empty() {
            words.push(said(&did));
        }
        assert!(!said(&did).contains("anna"), "{did:?}");
    }
    words.dedup();
    assert_eq!(words.len(), 1, "{words:?}");
    // A wrong password is told after a while, and the third one ends the session, whatever stands between.
    let delay = Config::default().patience.failed_login_delay;
    for between in ["", "NOOP\r\n", "REIN\r\n", "FEAT\r\n", "USER other\r\n"] {
        let mut rig = Rig::greeted(Config::default());
        for expected in [530, 530, 421] {
            rig.receives(format!("{between}USER anna\r\n").as_bytes());
            assert_eq!(codes(&rig.receives(b"PASS wrong\r\n")), [] as [u16; 0], "{between:?}: at once");
            rig.now += delay - Duration::from_millis(1);
            assert_eq!(said(&rig.all(World::Works)), "", "{between:?}: too early");
            rig.now += Duration::from_millis(1);
            assert_eq!(codes(&rig.all(World::Works)), [expected], "{between:?}");
        }
        assert_eq!(rig.receives(b"USER anna\r\nPASS secret\r\n"), [Did::Leaves], "{between:?}: for ever");
    }
    // Who says them all at once doesn't get them answered sooner.
    let mut rig = Rig::greeted(Config::default());
    let mut did = rig.receives(&b"USER anna\r\nPASS wrong\r\n".repeat(5));
    for seconds in 0..4 {
        let failures = codes(&did).iter().filter(|code| matches!(code, 530 | 421)).count();
        assert_eq!(failures, seconds.min(3), "after {seconds} delays");
        rig.now += delay;
        did.extend(rig.all(World::Works));
    }
    assert_eq!(codes(&did), [331, 530, 331, 530, 331, 421]);
}

#[test]
fn s24_a_nul_is_refused_and_cuts_nothing_short() {
    for bytes in [
        b"CWD a\0b".as_slice(),
        b"RETR /etc/passwd\0.txt",
        b"NO\0OP",
        b"NOOP\0",
        b"\0NOOP",
        b"USER an\0na",
        b"PASS secret\0",
        b"SITE a\0b",
        b"DELE \0",
        b"STOR a\r\0b",
        b"MKD a\xff\xff\0b",
    ] {
        let mut rig = Rig::logged_in(Config::default());
        let did = rig.receives(&[bytes, b"\r\n"].concat());
        assert!(asked(&did).is_empty() && matches!(codes(&did)[..], [500 | 501]), "{}: {did:?}", bytes.escape_ascii());
        assert_eq!(codes(&rig.receives(b"NOOP\r\n")), [200], "{}", bytes.escape_ascii());
    }
}

#[test]
fn s25_telnet_is_declined_a_bounded_number_of_times_and_bytes_are_bytes() {
    let mut rig = Rig::logged_in(Config::default());
    // WILL and DO are declined; WONT, DONT and the rest are ignored.
    let did = rig.receives(b"\xff\xfb\x01\xff\xfd\x18\xff\xfc\x01\xff\xfe\x01\xff\xf1\xff\xf6NOOP\r\n");
    assert!(said(&did).starts_with("\u{ff}\u{fe}\x01\u{ff}\u{fc}\x18200 "), "{did:?}");
    // Within a word there may be Telnet, too; in a name every byte is the name's.
    let did = rig.receives(b"DE\xff\xf1LE a\xff\xffb\xff\xf1\r\n");
    assert_eq!(asked(&did), ["DELE a\u{ff}\u{ff}b\u{ff}\u{f1}"]);
    // Unless the policy says that 0xFF comes doubled.
    let mut config = Config::default();
    config.escaping.commands = Escape::Doubled;
    let did = Rig::logged_in(config).receives(b"DE\xff\xf1LE a\xff\xffb\xff\xf1\r\n");
    assert_eq!(asked(&did), ["DELE a\u{ff}b"]);
    // A flood isn't answered with a flood.
    for flood in [b"\xff\xfd\x06".as_slice(), b"\xff\xfb\x06", b"\xff\xfd\xff\xfb"] {
        let mut rig = Rig::logged_in(Config::default());
        let mut length = 0;
        for _ in 0..1000 {
            length += said(&rig.receives(&flood.repeat(10))).chars().count();
        }
        assert!(length < 1000, "{length} bytes of answers to {flood:?}");
        assert_eq!(codes(&rig.receives(b"\r\nNOOP\r\n")).last(), Some(&200));
    }
    // ABOR behind IP and Synch, whole or in pieces.
    for chunk in [1, 2, 100] {
        let mut rig = Rig::logged_in(Config::default());
        rig.deserted = true;
        rig.receives(b"EPSV\r\nRETR f\r\n");
        let mut did = Vec::new();
        for chunk in b"\xff\xf4\xff\xf2ABOR\r\n".chunks(chunk) {
            did.extend(rig.receives(chunk));
        }
        assert_eq!(codes(&did), [426, 226], "by {chunk}");
    }
}

#[test]
fn s26_after_epsv_all_nothing_but_epsv() {
    let ways = [
        "PASV",
        "P@SW",
        "PORT 192,0,2,1,19,137",
        "EPRT |1|192.0.2.1|5001|",
        "LPRT 4,4,192,0,2,1,2,19,137",
        "LPSV",
        "CPSV",
    ];
    for way in ways {
        let mut rig = Rig::logged_in(Config::default());
        assert_eq!(codes(&rig.receives(b"EPSV ALL\r\n")), [200]);
        let did = rig.hears(way);
        assert!(matches!(codes(&did)[..], [501..=503]) && !did.contains(&Did::Listens), "{way}: {did:?}");
        let did = rig.receives(b"LIST\r\n");
        assert!(connects(&did).is_empty() && codes(&did) == [425], "{way}: {did:?}");
        assert_eq!(codes(&rig.receives(b"EPSV\r\n")), [229], "{way}");
        // For the session, whoever logs in.
        rig.receives(b"USER anna\r\nPASS secret\r\n");
        assert!(matches!(codes(&rig.hears(way))[..], [501..=503]), "{way}");
    }
}

#[test]
fn s28_a_session_has_one_listening_socket_at_most_and_for_a_while() {
    let mut rig = Rig::logged_in(Config::default());
    // The driver counts them, and doesn't let a second one pass.
    for _ in 0..100 {
        rig.receives(b"PASV\r\nEPSV\r\n");
        assert_eq!(rig.listeners(), 1);
    }
    // ABOR has no transfer to stop.
    for (way, left) in
        [("PORT 192,0,2,1,19,137", 0), ("EPRT |1|192.0.2.1|5001|", 0), ("QUIT", 0), ("REIN", 0), ("ABOR", 1)]
    {
        let mut rig = Rig::logged_in(Config::default());
        rig.receives(b"EPSV\r\n");
        let did = rig.hears(way);
        assert_eq!(rig.listeners(), left, "{way}: {did:?}");
    }
    // Nobody comes.
    let patience = Config::default().patience;
    let mut rig = Rig::logged_in(Config::default());
    rig.deserted = true;
    rig.receives(b"EPSV\r\nRETR f\r\n");
    rig.now += patience.accept;
    assert_eq!((codes(&rig.all(World::Works)), rig.listeners()), (vec![425], 0));
    // Strangers don't push the deadline.
    rig.receives(b"EPSV\r\nRETR f\r\n");
    for _ in 0..5 {
        rig.now += patience.accept / 5 - Duration::from_millis(1);
        rig.callers = vec!["203.0.113.66:6666".parse().unwrap()];
        rig.all(World::Works);
        assert_eq!(rig.listeners(), 1);
    }
    rig.now += Duration::from_millis(5);
    assert_eq!((codes(&rig.all(World::Works)), rig.listeners()), (vec![425], 0));
    // Nor is there a transfer: the idle session ends, and its socket with it.
    rig.receives(b"EPSV\r\n");
    rig.now += patience.idle;
    let did = rig.all(World::Works);
    assert_eq!((codes(&did), rig.listeners(), did.last()), (vec![421], 0, Some(&Did::Leaves)));
}

#[test]
fn each_attack_on_servers_is_a_test_with_its_number() {
    let tests = [include_str!("security.rs"), include_str!("security/tls.rs")];
    let mut missing = Vec::new();
    for row in ftp_proto_rigs::table::rows(include_str!("../../../testdata/security.tsv"), 7) {
        let [id, side] = [row[0], row[3]];
        if !matches!(side, "server" | "both") {
            continue;
        }
        let name = format!("fn {}_", id.to_lowercase());
        if !tests.iter().any(|source| source.lines().any(|line| line.starts_with(&name))) {
            missing.push(id);
        }
    }
    assert!(missing.is_empty(), "attacks without a test: {missing:?}");
    // The machine expands no pattern (S16); what the tools' file system does about it is tested with it.
    let files = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tools/tests/programs/tree/listing.rs");
    if let Ok(source) = std::fs::read_to_string(files) {
        assert!(source.contains("\nfn s16_no_pattern_costs_more_than_its_budget()"));
    }
}
