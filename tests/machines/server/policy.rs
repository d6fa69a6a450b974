//! The server's policies, each both ways: what is refused by default, and what is allowed where the application says so.

use std::time::Duration;

use ftp_proto::client::{self, Request};
use ftp_proto::server::{Action, Config, Greeting, Refusal};
use ftp_proto::{Argument, Command, Endpoints, Instant, Path, Text, Verdict, server};
use ftp_proto_rigs::client::login;
use ftp_proto_rigs::pair::Pair;
use ftp_proto_rigs::server::{Did, Rig, World, said, with};

const LOGIN_FIRST: &str = "530 Please login with USER and PASS.";

#[test]
fn s20_a_failed_login_is_answered_after_a_while() {
    let mut rig = Rig::greeted(Config::default());
    rig.hears("USER anna");
    assert_eq!(rig.hears("PASS wrong"), [Did::Asks("PASS wrong".into()), Did::Waits(1)]);
    assert_eq!(rig.hears("USER anna"), [Did::Waits(1)], "what comes meanwhile waits, and pushes nothing");
    rig.now += Duration::from_millis(999);
    assert_eq!(said(&rig.all(World::Works)), "");
    rig.now += Duration::from_millis(1);
    assert_eq!(said(&rig.all(World::Works)), "530 Login incorrect.\n331 Please specify the password.");
    // The client has left.
    rig.hears("PASS wrong");
    assert_eq!(rig.receives(b""), [Did::Leaves]);
    // Nobody may say more than the pipeline holds meanwhile.
    let mut rig = Rig::greeted(with(|config| config.pipeline_bytes = 100));
    rig.hears("USER anna");
    rig.hears("PASS wrong");
    let did = rig.receives(&[b'x'; 200]);
    assert_eq!(did, [Did::Said("421 Too many commands at once.".into()), Did::Leaves]);
    // Without the delay.
    let mut rig = Rig::greeted(with(|config| config.patience.failed_login_delay = Duration::ZERO));
    rig.hears("USER anna");
    assert_eq!(rig.says("PASS wrong"), "530 Login incorrect.");
}

#[test]
fn s20_so_many_failed_logins_end_the_session() {
    for most in [1, 3, 5] {
        let mut rig = Rig::greeted(with(|config| config.max_login_failures = most));
        for failure in 1..=most {
            rig.hears("USER anna");
            rig.hears("PASS wrong");
            rig.now += Duration::from_secs(1);
            let did = rig.all(World::Works);
            let last = failure == most;
            let words = if last { "421 Too many failed logins." } else { "530 Login incorrect." };
            assert_eq!((said(&did).as_str(), did.last() == Some(&Did::Leaves)), (words, last));
        }
    }
}

#[test]
fn an_account_may_be_needed() {
    let mut rig = Rig::greeted(Config::default());
    rig.hears("USER anna");
    rig.answers(&[
        ("PASS account", "332 Need account for login."),
        ("CWD x", LOGIN_FIRST),
        ("ACCT secret", "230 Login successful."),
        ("CWD x", "250 Directory successfully changed."),
    ]);
}

#[test]
fn s11_unknown_commands_before_the_login_end_the_session() {
    let unknown = ["FOO", "FOO bar", " NOOP", ""];
    let mut rig = Rig::greeted(Config::default());
    for turn in 0..9 {
        let said = rig.says(unknown[turn % 4]);
        assert!(said.starts_with('5'), "{said}");
        // Commands of FTP don't count, wherever they come and whatever is wrong with them.
        rig.answers(&[("NOOP", "200 NOOP ok."), ("REST x", LOGIN_FIRST), ("SMNT a", LOGIN_FIRST)]);
    }
    assert_eq!(rig.hears("FOO"), [Did::Said("421 Too many unknown commands.".into()), Did::Leaves]);
    // The login begins a new count, and after it nobody counts.
    let mut rig = Rig::greeted(Config::default());
    for _ in 0..9 {
        rig.hears("FOO");
    }
    rig.hears("USER anna");
    rig.hears("PASS secret");
    for _ in 0..30 {
        rig.answers(&[("FOO", "500 Unknown command.")]);
    }
    rig.hears("REIN");
    for _ in 0..9 {
        rig.answers(&[("FOO", "500 Unknown command.")]);
    }
    assert_eq!(rig.says("FOO"), "421 Too many unknown commands.");
    let mut rig = Rig::greeted(with(|config| config.max_unknown_commands = 2));
    rig.hears("FOO");
    assert_eq!(rig.says("FOO"), "421 Too many unknown commands.");
}

#[test]
fn s11_other_protocols_are_answered_and_turned_away() {
    let lines: [&[u8]; 8] = [
        b"GET / HTTP/1.1\r\n",
        b"post /upload HTTP/1.1\r\n",
        b"EHLO mail.example\r\n",
        b"Host: example\r\n",
        b"SSH-2.0-OpenSSH_9.9\r\n",
        b"\x16\x03\x01\x02\x00\x01\r\n",
        b"\x80.\x01\x03\x01\0\n\x16\n",
        b"\x01\r\n",
    ];
    let all = |start: fn() -> Rig| {
        for line in lines {
            let mut rig = start();
            let did = rig.receives(&[line, b"DELE f\r\nNOOP\r\n"].concat());
            assert!(said(&did).ends_with("500 This is FTP.") && did.last() == Some(&Did::Leaves), "{line:?}: {did:?}");
            assert!(!rig.asked.iter().any(|asked| asked.contains("DELE")));
        }
    };
    all(|| Rig::greeted(Config::default()));
    all(|| Rig::logged_in(Config::default()));
    let mut rig = Rig::greeted(Config::default());
    rig.answers(&[("GETA", "500 Unknown command."), ("XGET a", "500 Unknown command.")]);
}

#[test]
fn an_answer_of_the_application_has_a_deadline() {
    let mut rig = Rig::logged_in(Config::default());
    rig.server.received(b"CWD x\r\nCWD y\r\n");
    rig.all(World::Busy);
    let now = rig.now();
    let Action::Question(pending) = rig.server.poll(now) else { panic!() };
    let first = pending.serial();
    assert_eq!(pending.deadline(), now.after(Duration::from_secs(300)));
    rig.now += Duration::from_secs(299);
    assert_eq!(said(&rig.all(World::Busy)), "");
    rig.now += Duration::from_secs(1);
    assert_eq!(said(&rig.all(World::Busy)), "451 No answer in time.");
    let now = rig.now();
    let Action::Question(pending) = rig.server.poll(now) else { panic!() };
    assert!(pending.serial() != first && matches!(pending.command(), Command::Cwd(path) if path.as_bytes() == b"y"));
    assert_eq!(said(&rig.all(World::Works)), "250 Directory successfully changed.");
    // A transfer, whose data connection stays for the next.
    rig.hears("EPSV");
    rig.server.received(b"RETR f\r\n");
    assert_eq!(rig.all(World::Busy), [Did::Offers]);
    let now = rig.now();
    let Action::Transfer(transfer) = rig.server.poll(now) else { panic!() };
    assert_eq!(transfer.deadline(), now.after(Duration::from_secs(300)));
    rig.now += Duration::from_secs(300);
    assert_eq!(said(&rig.all(World::Works)), "451 No answer in time.");
    assert!(rig.says("RETR f").starts_with("150 "));
    // A login.
    let mut rig = Rig::greeted(with(|config| config.patience.answer = Duration::from_secs(9)));
    rig.server.received(b"USER anna\r\n");
    rig.all(World::Busy);
    rig.now += Duration::from_secs(9);
    assert_eq!(said(&rig.all(World::Works)), "451 No answer in time.");
    rig.answers(&[("PASS secret", "503 Bad sequence of commands.")]);
}

#[test]
fn a_stalled_transfer_is_given_up_where_the_adapter_tells_what_moves() {
    let moved = |rig: &mut Rig, total| {
        let now = rig.now();
        let Action::Stream(stream) = rig.server.poll(now) else { panic!() };
        let deadline = stream.deadline();
        stream.moved(total);
        deadline
    };
    let mut rig = Rig::streaming(Config::default());
    assert_eq!(moved(&mut rig, 1), None, "nothing was told yet");
    assert_eq!(rig.all(World::Busy), [Did::Streams]);
    rig.now += Duration::from_secs(200);
    assert_eq!(moved(&mut rig, 1), Some(rig.now().after(Duration::from_secs(100))), "nothing has moved since");
    rig.now += Duration::from_secs(99);
    moved(&mut rig, 2);
    assert_eq!(rig.all(World::Busy), [Did::Streams]);
    rig.now += Duration::from_secs(299);
    assert_eq!(rig.all(World::Busy), [Did::Streams]);
    rig.now += Duration::from_secs(1);
    let did = rig.all(World::Works);
    assert!(did.contains(&Did::Closes) && said(&did) == "426 Data timeout.", "{did:?}");
    rig.answers(&[("NOOP", "200 NOOP ok.")]);
    // Who doesn't tell is left alone.
    let mut rig = Rig::streaming(Config::default());
    rig.now += Duration::from_secs(100_000);
    assert_eq!(said(&rig.all(World::Works)), "226 Transfer complete.");
}

#[test]
fn one_byte_a_minute_pushes_no_deadline() {
    let trickle = |mut rig: Rig, seconds: u64| {
        for _ in 0..seconds / 10 {
            rig.now += Duration::from_secs(10);
            let did = rig.receives(b"x");
            if did.last() == Some(&Did::Leaves) {
                return (rig.now.as_secs(), said(&did));
            }
        }
        panic!("it may go on for ever")
    };
    let timeout = "421 Timeout.".to_string();
    assert_eq!(trickle(Rig::greeted(Config::default()), 200), (120, timeout.clone()));
    assert_eq!(trickle(Rig::logged_in(Config::default()), 400), (300, timeout));
    // Nor do whole lines push the login's.
    let mut rig = Rig::greeted(Config::default());
    for _ in 0..11 {
        rig.now += Duration::from_secs(10);
        rig.answers(&[("NOOP", "200 NOOP ok.")]);
    }
    rig.now += Duration::from_secs(10);
    assert_eq!(said(&rig.all(World::Works)), "421 Timeout.");
}

#[test]
fn nobody_connects_in_time() {
    let mut rig = Rig::logged_in(Config::default());
    rig.hears("EPSV");
    rig.server.received(b"RETR f\r\n");
    while rig.poll(World::Works) != Did::Offers {}
    rig.all(World::Busy);
    rig.now += Duration::from_secs(59);
    assert_eq!(rig.all(World::Busy), [Did::Accepts(None)]);
    rig.now += Duration::from_secs(1);
    let did = rig.all(World::Works);
    assert!(said(&did) == "425 Failed to establish connection." && did.contains(&Did::Closes), "{did:?}");
    rig.hears("PORT 192,0,2,1,19,137");
    rig.server.received(b"RETR f\r\n");
    while rig.poll(World::Works) != Did::Offers {}
    rig.all(World::Busy);
    rig.now += Duration::from_secs(30);
    assert_eq!(said(&rig.all(World::Works)), "425 Failed to establish connection.");
}

#[test]
fn s04_a_stranger_on_a_passive_port_is_refused_and_the_client_still_served() {
    let accepting = |config: Config| {
        let mut rig = Rig::logged_in(config);
        rig.hears("EPSV");
        rig.server.received(b"RETR f\r\n");
        while rig.poll(World::Works) != Did::Offers {}
        rig.all(World::Busy);
        rig.callers = vec!["203.0.113.66:6666".parse().unwrap(); 3];
        rig
    };
    let mut rig = accepting(Config::default());
    for _ in 0..3 {
        assert_eq!(rig.poll(World::Works), Did::Accepts(Some(Verdict::Refuse)));
    }
    assert_eq!(said(&rig.all(World::Works)), "226 Transfer complete.");
    let mut rig = accepting(with(|config| config.passive.strangers = true));
    assert_eq!(rig.poll(World::Works), Did::Accepts(Some(Verdict::Take)));
}

#[test]
fn never_a_port_outside_the_range() {
    let none = "425 Cannot open a passive connection.";
    let ranged = |port| {
        let mut rig = Rig::logged_in(with(|config| config.passive.ports = 50000..=50010));
        rig.port = port;
        rig
    };
    for (port, told) in [(50000, true), (50010, true), (49999, false), (50011, false), (0, false)] {
        for setup in ["PASV", "EPSV"] {
            let did = ranged(port).hears(setup);
            assert_eq!(said(&did) != none, told, "{port}: {did:?}");
            assert_eq!(did.contains(&Did::Closes), !told, "{port}: {did:?}");
        }
    }
    // All of them are taken.
    let mut rig = ranged(50000);
    rig.server.received(b"PASV\r\n");
    assert_eq!(rig.poll(World::Refuses), Did::Listens);
    assert_eq!(said(&rig.all(World::Works)), none);
    rig.answers(&[("RETR f", "425 Use PORT or PASV first.")]);
    let mut rig = Rig::logged_in(Config::default());
    rig.port = 1234;
    assert!(rig.says("EPSV").starts_with("229 "), "without a range any port will do");
}

#[test]
fn the_source_port_is_a_wish() {
    for port in [None, Some(20)] {
        let mut rig = Rig::logged_in(with(|config| config.active.source_port = port));
        rig.hears("PORT 192,0,2,1,19,137");
        rig.server.received(b"RETR f\r\n");
        while rig.poll(World::Works) != Did::Offers {}
        let now = rig.now();
        let Action::Connect(connect) = rig.server.poll(now) else { panic!() };
        assert_eq!(connect.source_port(), port);
    }
}

#[test]
fn s28_one_listener_at_a_time() {
    let mut rig = Rig::logged_in(Config::default());
    rig.hears("PASV");
    for next in ["PASV", "EPSV"] {
        let did = rig.hears(next);
        assert_eq!(did.iter().filter(|did| **did == Did::Closes).count(), 1, "{next}: {did:?}");
    }
    assert!(rig.hears("PORT 192,0,2,1,19,137").contains(&Did::Closes));
    rig.hears("PASV");
    let did = rig.hears("QUIT");
    assert!(did.contains(&Did::Closes) && did.last() == Some(&Did::Leaves), "{did:?}");
}

#[test]
fn close_says_its_word_at_every_phase_and_nothing_after_it() {
    let word = Refusal::closing(Text::new("Shutting down.").unwrap());
    let lines: [&[&str]; 8] = [
        &[],
        &["USER anna"],
        &["USER anna", "PASS wrong"],
        &["USER anna", "PASS secret", "CWD x"],
        &["USER anna", "PASS secret", "EPSV"],
        &["USER anna", "PASS secret", "EPSV", "RETR f"],
        &["USER anna", "PASS secret", "PORT 192,0,2,1,19,137", "STOR f"],
        &["USER anna", "PASS secret", "PORT 192,0,2,1,19,137", "STOR f", "ABOR"],
    ];
    for lines in lines {
        for polls in 0..12 {
            let mut rig = Rig::greeted(Config::default());
            for line in lines {
                rig.server.received(format!("{line}\r\n").as_bytes());
                (0..polls).for_each(|_| drop(rig.poll(World::Works)));
            }
            rig.server.close(&word);
            rig.server.close(&word);
            let did = rig.all(World::Works);
            assert!(said(&did).ends_with("421 Shutting down."), "{lines:?} {polls}: {did:?}");
            assert_eq!(did.last(), Some(&Did::Leaves), "{lines:?} {polls}: {did:?}");
            assert!(!did.iter().any(|did| matches!(did, Did::Streams | Did::Asks(_) | Did::Listens)), "{did:?}");
            assert_eq!(rig.hears("NOOP"), [Did::Leaves]);
        }
    }
}

/// The client says each line; afterwards both sessions are equal.
fn equal_after(client: client::Config, server: server::Config, requests: Vec<Request>) {
    let mut pair = Pair::new(client, server);
    pair.until_done().unwrap().unwrap();
    for request in requests {
        let _ = pair.run(request);
        assert_eq!(pair.client.session(), pair.server.session(), "{:#?}", pair.wire);
    }
}

#[test]
fn sessions_are_equal_after_lines_that_are_too_long_or_no_arguments() {
    let long = "x".repeat(5000);
    let path = Path::new(&long).unwrap();
    equal_after(
        client::Config::default(),
        server::Config::default(),
        vec![
            Request::command(Command::User(Argument::new(&long).unwrap())).unwrap(),
            login(),
            Request::rename(path.borrowed(), Path::new("b").unwrap()),
            Request::rename(Path::new("a").unwrap(), path.borrowed()),
            Request::retrieve(path.borrowed(), 7),
            Request::store(path.borrowed(), 0),
            Request::change_directory(path.borrowed()),
            Request::names(None),
        ],
    );
    // An observer's session hears the same verbs.
    let mut rig = Rig::logged_in(Config::default());
    rig.hears("RNFR a");
    rig.hears("RNTO");
    rig.answers(&[("RNTO b", "503 Bad sequence of commands.")]);
    rig.hears("RNFR a");
    rig.hears(&format!("RNTO {long}"));
    rig.answers(&[("RNTO b", "503 Bad sequence of commands.")]);
    rig.hears("REST 7");
    rig.hears("EPSV");
    rig.hears("RETR a\0");
    assert_eq!(rig.server.session().restart_offset(), 0, "REST holds for one transfer command");
    assert_eq!(rig.server.session().replies_due(), 0);
    // Amid a transfer, in its turn.
    let mut rig = Rig::streaming(Config::default());
    assert!(
        said(&rig.receives(format!("RNTO {long}\r\nREST x\r\nNOOP\r\n").as_bytes()))
            .starts_with("226 Transfer complete.\n500 Line too long.\n501 ")
    );
    assert_eq!(rig.server.session().replies_due(), 0);
}

#[test]
fn sessions_are_equal_under_every_security() {
    use client::Security as Wants;
    use server::Security as Offers;
    for (wants, offers, implicit) in [
        (Wants::Required, Offers::Offered, false),
        (Wants::Required, Offers::Data, false),
        (Wants::Optional, Offers::Login, false),
        (Wants::Optional, Offers::Off, false),
        (Wants::Implicit, Offers::Data, true),
        (Wants::Implicit, Offers::Off, true),
    ] {
        let mut client = client::Config::default();
        client.security = wants;
        let mut config = server::Config::default();
        (config.security, config.implicit_tls, config.clear_command_channel) = (offers, implicit, true);
        let requests = vec![
            login(),
            Request::secure(),
            login(),
            Request::store(Path::new("f").unwrap(), 0),
            Request::list(None),
            Request::reinitialise(),
            login(),
            Request::secure(),
            login(),
            Request::retrieve(Path::new("f").unwrap(), 0),
            Request::clear_command_channel(client::PlaintextAccepted::knowingly()),
            Request::list(None),
        ];
        let mut pair = Pair::new(client, config);
        pair.until_done().unwrap().unwrap();
        for request in requests {
            if pair.client.start(request).is_ok() {
                let _ = pair.until_done().unwrap();
            }
            assert_eq!(pair.client.session(), pair.server.session(), "{wants:?} {offers:?}: {:#?}", pair.wire);
        }
        assert!(pair.words().contains(&"226"), "{wants:?} {offers:?}: {:#?}", pair.wire);
    }
}

#[test]
fn a_port_on_the_same_link_is_dialled_on_that_link() {
    let link = |text: &str| std::net::SocketAddr::V6(text.parse().unwrap());
    let ends = Endpoints::new(link("[fe80::2%3]:21"), link("[fe80::1%3]:40000"));
    let greeting = Greeting::ready(Text::from_static("ready"));
    let mut rig = Rig::logged_in(Config::default());
    rig.server = server::Server::new(std::sync::Arc::new(Config::default()), ends, &greeting, Instant::default());
    for line in ["USER anna", "PASS secret", "EPRT |2|fe80::1|5001|"] {
        rig.hears(line);
    }
    assert!(rig.hears("RETR f").contains(&Did::Connects(link("[fe80::1%3]:5001"))));
}

#[test]
fn commands_are_read_by_the_letter_where_the_application_wants_it() {
    for (strict, excess) in [(false, "200 NOOP command successful."), (true, "501 Bad argument. Syntax: NOOP")] {
        let mut rig = Rig::greeted(with(|config| config.strict = strict));
        let noop = rig.says("NOOP");
        assert!(noop.starts_with("200"), "{noop}");
        assert_eq!(rig.says("NOOP x").get(..3), excess.get(..3));
        if strict {
            assert_eq!(rig.says("NOOP x"), excess);
        }
        // What is behind it is read as ever.
        assert_eq!(rig.says("NOOP"), noop);
    }
}
