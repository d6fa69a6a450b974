//! TLS in the server's machine: when it begins and ends, and that nothing slips in before, between or behind it.

use std::time::Duration;

use ftp_proto::server::{Config, Security};
use ftp_proto::{Code, Reply, Resume, Verb};
use ftp_proto_rigs::server::{Did, Served, World, said, secures, tls, with};

fn implicit() -> Config {
    with(|config| config.implicit = true)
}

fn spoken(text: &str) -> Did {
    Did::Said(text.into())
}

#[test]
fn tls_begins_once_the_234_is_written() {
    let mut served = Served::greeted(tls(Security::Offered));
    served.server.received(b"AUTH TLS\r\n");
    assert_eq!(served.poll(World::Busy), spoken("234 Proceed with negotiation."));
    assert_eq!(served.poll(World::Busy), Did::StartsTls);
    assert_eq!(served.poll(World::Works), Did::StartsTls, "unanswered, it comes again");
    assert!(matches!(served.poll(World::Works), Did::Waits(_)));
    assert_eq!(served.says("AUTH TLS"), "503 TLS is there already.");
}

#[test]
fn the_mechanisms_that_other_servers_take_and_no_other() {
    for (mechanism, protected) in [("TLS", false), ("tls-c", false), ("SSL", true), ("TLS-P", true)] {
        let mut served = Served::greeted(tls(Security::Offered));
        assert!(served.hears(&format!("AUTH {mechanism}")).contains(&Did::StartsTls), "{mechanism}");
        served.answers(&[("USER anna", "331 Please specify the password."), ("PASS secret", "230 Login successful.")]);
        served.hears("EPSV");
        assert_eq!(secures(&served.hears("RETR f")), protected, "{mechanism}: PROT without a word of it");
    }
    let mut served = Served::greeted(tls(Security::Offered));
    assert_eq!(served.says("AUTH KERBEROS_V4"), "504 Unknown AUTH type.");
    assert_eq!(Served::greeted(Config::default()).says("AUTH TLS"), "502 Command not implemented.");
}

#[test]
fn s08_plaintext_behind_auth_is_never_executed() {
    for behind in ["USER anna\r\n", "U", "\r\n", "QUIT\r\n"] {
        let mut served = Served::greeted(tls(Security::Offered));
        let did = served.receives(format!("AUTH TLS\r\n{behind}").as_bytes());
        assert_eq!(did, [spoken("503 Spurious data after AUTH command."), Did::Closes], "{behind:?}");
    }
    // An AUTH that is refused changes nothing for what is behind it.
    let mut served = Served::greeted(tls(Security::Offered));
    assert_eq!(said(&served.receives(b"AUTH X\r\nNOOP\r\n")), "504 Unknown AUTH type.\n200 NOOP ok.");
    // It comes after the 234 was written, or while it is written.
    for polls in 0..3 {
        let mut served = Served::greeted(tls(Security::Offered));
        served.server.received(b"AUTH TLS\r\n");
        for _ in 0..polls {
            served.poll(World::Busy);
        }
        served.server.received(b"USER anna\r\n");
        let did = served.all(World::Works);
        assert!(served.asked.is_empty() && did.last() == Some(&Did::Closes), "{polls}: {did:?}");
        assert!(!did.contains(&Did::StartsTls), "{did:?}");
    }
    // It waited while a transfer ran.
    let mut served = Served::logged_in(tls(Security::Offered));
    served.hears("EPSV");
    served.server.received(b"RETR f\r\n");
    served.all(World::Busy);
    served.server.received(b"AUTH TLS\r\nCWD x\r\n");
    let did = served.all(World::Works);
    assert!(did.contains(&spoken("503 Spurious data after AUTH command.")), "{did:?}");
    assert!(did.last() == Some(&Did::Closes) && !served.asked.iter().any(|asked| asked.contains("CWD")));
}

#[test]
fn a_handshake_that_fails_or_never_ends_ends_the_session() {
    let start = || {
        let mut served = Served::greeted(tls(Security::Offered));
        served.server.received(b"AUTH TLS\r\n");
        served.all(World::Busy);
        served
    };
    assert_eq!(start().all(World::Refuses), [Did::StartsTls, Did::Closes]);
    let mut served = start();
    served.now += Duration::from_secs(29);
    assert_eq!(served.all(World::Busy), [Did::StartsTls]);
    served.now += Duration::from_secs(1);
    assert_eq!(served.all(World::Busy), [Did::Closes]);
    let mut served = start();
    assert_eq!(served.receives(b""), [Did::Closes], "the client has left");
    let mut served = start();
    served.server.close(&Reply::from_static(Code::SERVICE_NOT_AVAILABLE, "Shutting down."));
    assert_eq!(served.all(World::Works), [Did::Closes], "no plaintext behind the 234");
}

#[test]
fn auth_resets_the_login() {
    let mut served = Served::logged_in(tls(Security::Offered));
    served.hears("EPSV");
    assert!(served.hears("AUTH TLS").contains(&Did::Discards));
    served.answers(&[("CWD x", "530 Please login with USER and PASS.")]);
}

#[test]
fn implicit_tls_begins_before_the_greeting() {
    let mut served = Served::new(implicit());
    assert_eq!(served.poll(World::Busy), Did::StartsTls);
    assert_eq!(served.poll(World::Works), Did::StartsTls);
    assert_eq!(served.poll(World::Works), spoken("220 ready"));
    served.all(World::Works);
    served.answers(&[("AUTH TLS", "503 TLS is there already."), ("PBSZ 0", "200 PBSZ=0")]);
    // Plaintext instead of a handshake.
    let mut served = Served::new(implicit());
    assert_eq!(served.receives(b"USER anna\r\n"), [Did::Closes]);
    let mut served = Served::new(implicit());
    served.poll(World::Busy);
    assert_eq!(served.receives(b"USER anna\r\n"), [Did::Closes]);
    let mut served = Served::new(implicit());
    served.poll(World::Busy);
    served.server.close(&Reply::from_static(Code::SERVICE_NOT_AVAILABLE, "Shutting down."));
    assert_eq!(served.all(World::Works), [Did::Closes], "neither the greeting nor the 421 in plaintext");
    let mut served = Served::new(implicit());
    served.poll(World::Busy);
    served.now += Duration::from_secs(30);
    assert_eq!(served.all(World::Busy), [Did::Closes]);
}

#[test]
fn implicit_tls_protects_data_without_a_word_of_prot() {
    let mut served = Served::greeted(implicit());
    served.hears("USER anna");
    served.hears("PASS secret");
    served.hears("EPSV");
    assert!(secures(&served.hears("RETR f")));
    served.answers(&[("PBSZ 0", "200 PBSZ=0"), ("PROT C", "200 PROT now Clear.")]);
    served.hears("EPSV");
    assert!(!secures(&served.hears("RETR f")), "as it has said");
}

#[test]
fn pbsz_and_prot_in_their_order() {
    let mut served = Served::greeted(tls(Security::Offered));
    let order = "503 Bad sequence of commands.";
    served.answers(&[("PBSZ 0", order), ("PROT P", order)]);
    served.hears("AUTH TLS");
    served.answers(&[
        ("PROT P", order),
        ("PBSZ 1000", "200 PBSZ=0"),
        ("PROT S", "536 TLS has only PROT C and PROT P."),
        ("PROT E", "536 TLS has only PROT C and PROT P."),
        ("PROT C", "200 PROT now Clear."),
        ("PROT P", "200 PROT now Private."),
        ("PROT X", "504 Parameter not supported. Syntax: PROT <SP> (C|S|E|P)"),
    ]);
    let mut served = Served::greeted(Config::default());
    served.answers(&[("PBSZ 0", "502 Command not implemented."), ("PROT P", "502 Command not implemented.")]);
}

#[test]
fn feat_names_what_is_offered() {
    let lines = |config: Config| -> Vec<String> {
        let said = Served::greeted(config).says("FEAT");
        let of_tls = |line: &&str| ["AUTH TLS", "PBSZ", "PROT", "CCC"].contains(&line.trim());
        said.lines().filter(of_tls).map(|line| line.trim().to_string()).collect()
    };
    assert!(lines(Config::default()).is_empty());
    assert_eq!(lines(tls(Security::Offered)), ["AUTH TLS", "PBSZ", "PROT"]);
    assert_eq!(lines(implicit()), ["PBSZ", "PROT"]);
    let open = with(|config| (config.security, config.clear_command_channel) = (Security::Login, true));
    assert_eq!(lines(open), ["AUTH TLS", "PBSZ", "PROT", "CCC"]);
}

#[test]
fn data_is_secured_after_the_150_and_before_a_byte() {
    let mut served = Served::secured(tls(Security::Offered));
    served.hears("EPSV");
    let did = served.hears("RETR f");
    let steps: Vec<&Did> = did.iter().filter(|did| !matches!(did, Did::Waits(_) | Did::Offers)).collect();
    assert!(
        matches!(steps[..], [Did::Said(_), Did::Accepts(_), Did::Secures(_), Did::Streams, Did::Said(_)]),
        "{did:?}"
    );
    assert!(said(&did).starts_with("150 ") && said(&did).ends_with("226 Transfer complete."), "{did:?}");
    served.hears("PORT 192,0,2,1,19,137");
    let did = served.hears("STOR f");
    let steps: Vec<&Did> = did.iter().filter(|did| !matches!(did, Did::Waits(_) | Did::Offers)).collect();
    assert!(
        matches!(steps[..], [Did::Connects(_), Did::Said(_), Did::Secures(_), Did::Streams, Did::Said(_)]),
        "{did:?}"
    );
    // What counts is the PROT in force when the bytes move.
    served.hears("EPSV");
    served.hears("PROT C");
    assert!(!secures(&served.hears("RETR f")));
    served.hears("EPSV");
    served.hears("PROT P");
    assert!(secures(&served.hears("RETR f")));
}

#[test]
fn s18_a_session_of_its_own_is_refused_where_resumption_is_required() {
    for (resume, allowed) in [(Resume::Required, false), (Resume::Wanted, true)] {
        let mut config = tls(Security::Offered);
        config.data_session = resume;
        let mut served = Served::secured(config);
        served.hears("EPSV");
        served.server.received(b"RETR f\r\n");
        while !matches!(served.poll(World::Works), Did::Accepts(_)) {}
        assert_eq!(served.poll(World::Refuses), Did::Secures(resume));
        let did = served.all(World::Works);
        assert_eq!(did.contains(&Did::Streams), allowed, "{did:?}");
        assert_eq!(did.contains(&Did::Discards), !allowed, "{did:?}");
        let words =
            if allowed { "226 Transfer complete." } else { "522 SSL connection failed: session reuse required." };
        assert_eq!(said(&did), words);
        assert_eq!(served.says("RETR f"), "425 Use PORT or PASV first.", "what was agreed on is spent");
    }
}

#[test]
fn a_handshake_on_the_data_connection_has_a_deadline_and_can_be_aborted() {
    let securing = || {
        let mut served = Served::secured(tls(Security::Offered));
        served.hears("EPSV");
        served.server.received(b"RETR f\r\n");
        while !matches!(served.poll(World::Works), Did::Accepts(_)) {}
        assert_eq!(served.all(World::Busy), [Did::Secures(Resume::Required)]);
        served
    };
    let mut served = securing();
    served.now += Duration::from_secs(30);
    let did = served.all(World::Works);
    assert!(did.contains(&Did::Discards) && said(&did).starts_with("522 "), "{did:?}");
    let mut served = securing();
    let did = served.hears("ABOR");
    assert!(did.contains(&Did::Cancels) && said(&did).starts_with("426 "), "{did:?}");
    let mut served = securing();
    assert_eq!(served.receives(b""), [Did::Cancels, Did::Closes]);
}

#[test]
fn s10_no_login_without_tls_where_it_is_required() {
    let first = "530 Say AUTH TLS first: no login without TLS.";
    for security in [Security::Login, Security::Data] {
        let mut config = tls(security);
        config.support = config.support.with(&[Verb::Acct]);
        let mut served = Served::greeted(config);
        served.answers(&[("PASS secret", first), ("USER anna", first), ("PASS secret", first), ("ACCT x", first)]);
        assert!(served.asked.is_empty(), "neither name nor password reached the application");
        served.hears("AUTH TLS");
        served.answers(&[("USER anna", "331 Please specify the password."), ("PASS secret", "230 Login successful.")]);
    }
    Served::logged_in(tls(Security::Offered));
}

#[test]
fn no_way_leads_to_a_plaintext_data_connection_where_policy_forbids_it() {
    let encrypt = "522 Data connections must be encrypted: say PROT P.";
    let opening = ["PASV", "EPSV", "EPSV 1", "PORT 192,0,2,1,19,137", "EPRT |1|192.0.2.1|5001|"];
    let moving = ["RETR f", "STOR f", "APPE f", "STOU", "LIST", "NLST", "MLSD"];
    let closed = |served: &mut Served| {
        for line in opening.iter().chain(&moving) {
            assert_eq!(served.says(line), encrypt, "{line}");
        }
    };
    let mut served = Served::greeted(tls(Security::Data));
    served.hears("AUTH TLS");
    served.hears("USER anna");
    served.hears("PASS secret");
    closed(&mut served);
    served.hears("PBSZ 0");
    closed(&mut served);
    served.answers(&[("PROT C", "534 Data connections must be encrypted.")]);
    closed(&mut served);
    served.hears("PROT P");
    for setup in opening {
        assert!(served.says(setup).starts_with("2"), "{setup}");
        served.answers(&[("PROT C", "534 Data connections must be encrypted.")]);
        let did = served.hears("LIST");
        let (secured, streamed) = (
            did.iter().position(|did| matches!(did, Did::Secures(_))),
            did.iter().position(|did| *did == Did::Streams),
        );
        assert!(secured.is_some() && secured < streamed, "{did:?}");
    }
    // Agreed on before REIN: gone with it.
    served.hears("EPSV");
    let did = served.hears("REIN");
    assert!(did.contains(&Did::Discards) && did.contains(&Did::StopsTls), "{did:?}");
    assert_eq!(served.says("USER anna"), "530 Say AUTH TLS first: no login without TLS.");
    served.hears("AUTH TLS");
    served.hears("USER anna");
    served.hears("PASS secret");
    closed(&mut served);
    // CCC leaves PROT as it is.
    let mut config = tls(Security::Data);
    config.clear_command_channel = true;
    let mut served = Served::secured(config);
    served.hears("CCC");
    served.hears("EPSV");
    assert!(secures(&served.hears("LIST")));
}

#[test]
fn s21_ccc_is_denied_by_default_and_ends_tls_where_it_is_allowed() {
    let mut served = Served::secured(tls(Security::Offered));
    served.answers(&[("CCC", "534 The control connection stays encrypted."), ("NOOP", "200 NOOP ok.")]);
    let mut served = Served::logged_in(tls(Security::Offered));
    served.answers(&[("CCC", "533 There is no TLS to end.")]);
    assert_eq!(Served::logged_in(Config::default()).says("CCC"), "502 Command not implemented.");
    let open = || with(|config| (config.security, config.clear_command_channel) = (Security::Offered, true));
    let mut served = Served::secured(open());
    assert_eq!(served.hears("CCC")[..2], [spoken("200 Going on in plaintext."), Did::StopsTls]);
    served.answers(&[("PROT C", "503 Bad sequence of commands."), ("CWD x", "250 Directory successfully changed.")]);
    let mut served = Served::secured(open());
    served.server.received(b"CCC\r\n");
    served.all(World::Busy);
    assert_eq!(served.all(World::Refuses), [Did::StopsTls, Did::Closes]);
    // The client doesn't let TLS end.
    let mut served = Served::secured(open());
    served.server.received(b"CCC\r\n");
    served.all(World::Busy);
    served.now += Duration::from_secs(30);
    assert_eq!(served.all(World::Busy), [Did::Closes]);
}

#[test]
fn s08_what_is_pipelined_behind_ccc_or_rein_is_never_executed() {
    let open = || with(|config| (config.security, config.clear_command_channel) = (Security::Offered, true));
    for word in ["CCC", "REIN"] {
        let mut served = Served::secured(open());
        let asked = served.asked.len();
        let did = served.receives(format!("{word}\r\nDELE f\r\n").as_bytes());
        assert_eq!(did, [spoken(&format!("503 Spurious data after {word} command.")), Did::Closes]);
        assert_eq!(served.asked.len(), asked);
        // While TLS ends.
        let mut served = Served::secured(open());
        served.server.received(format!("{word}\r\n").as_bytes());
        while !matches!(served.poll(World::Works), Did::Said(_)) {}
        let asked = served.asked.len();
        assert_eq!(served.receives(b"DELE f\r\n"), [Did::Closes], "{word}");
        assert_eq!(served.asked.len(), asked);
    }
    // While the application thinks about REIN.
    let mut served = Served::secured(open());
    served.server.received(b"REIN\r\n");
    served.all(World::Busy);
    served.server.received(b"DELE f\r\n");
    let did = served.all(World::Works);
    assert_eq!((said(&did).as_str(), did.last()), ("220 Ready for a new user.", Some(&Did::Closes)));
    assert!(!served.asked.iter().any(|asked| asked.contains("DELE")));
}

#[test]
fn rein_ends_the_login_and_explicit_tls() {
    let mut served = Served::secured(tls(Security::Offered));
    served.hears("TYPE I");
    let did = served.hears("REIN");
    assert_eq!(did[..3], [Did::Asks("REIN".into()), spoken("220 Ready for a new user."), Did::StopsTls], "{did:?}");
    served.answers(&[("CWD x", "530 Please login with USER and PASS."), ("PBSZ 0", "503 Bad sequence of commands.")]);
    assert!(served.hears("AUTH TLS").contains(&Did::StartsTls), "and it can begin anew");
    // Where it began with the connection, it stays, and PROT is as it was at first.
    let mut served = Served::greeted(implicit());
    for line in ["USER anna", "PASS secret", "PBSZ 0", "PROT C"] {
        served.hears(line);
    }
    assert_eq!(served.says("REIN"), "220 Ready for a new user.");
    served.answers(&[("AUTH TLS", "503 TLS is there already."), ("PBSZ 0", "200 PBSZ=0")]);
    served.hears("USER anna");
    served.hears("PASS secret");
    served.hears("EPSV");
    assert!(secures(&served.hears("LIST")));
    // In plaintext there is nothing to end.
    let mut served = Served::logged_in(Config::default());
    assert!(!served.hears("REIN").contains(&Did::StopsTls));
}

#[test]
fn s11_a_browser_is_turned_away_inside_tls_too() {
    let mut served = Served::greeted(tls(Security::Offered));
    served.hears("AUTH TLS");
    assert_eq!(served.hears("POST / HTTP/1.1"), [spoken("500 This is FTP."), Did::Closes]);
    let mut served = Served::secured(tls(Security::Offered));
    assert_eq!(served.hears("EHLO mail"), [spoken("500 This is FTP."), Did::Closes]);
}

#[test]
fn a_failed_login_waits_while_tls_is_on_too() {
    let mut served = Served::greeted(tls(Security::Login));
    served.hears("AUTH TLS");
    served.hears("USER anna");
    assert_eq!(served.hears("PASS wrong"), [Did::Asks("PASS wrong".into()), Did::Waits(1)]);
    served.now += Duration::from_secs(1);
    assert_eq!(said(&served.all(World::Works)), "530 Login incorrect.");
}
