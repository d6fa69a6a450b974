//! TLS in the server's machine: when it begins and ends, and that nothing slips in before, between or behind it.

use std::time::Duration;

use ftp_proto::server::{Config, Refusal, Security};
use ftp_proto::{Resume, Text, Verb};
use ftp_proto_rigs::server::{Did, Rig, World, said, secures, tls, with};

fn implicit() -> Config {
    with(|config| config.implicit_tls = true)
}

fn spoken(text: &str) -> Did {
    Did::Said(text.into())
}

#[test]
fn tls_begins_once_the_234_is_written() {
    let mut rig = Rig::greeted(tls(Security::Offered));
    rig.server.received(b"AUTH TLS\r\n");
    assert_eq!(rig.poll(World::Busy), spoken("234 Proceed with negotiation."));
    assert_eq!(rig.poll(World::Busy), Did::StartsTls);
    assert_eq!(rig.poll(World::Works), Did::StartsTls, "unanswered, it comes again");
    assert!(matches!(rig.poll(World::Works), Did::Waits(_)));
    assert_eq!(rig.says("AUTH TLS"), "503 TLS is there already.");
}

#[test]
fn the_mechanisms_that_other_servers_take_and_no_other() {
    for (mechanism, protected) in [("TLS", false), ("tls-c", false), ("SSL", true), ("TLS-P", true)] {
        let mut rig = Rig::greeted(tls(Security::Offered));
        assert!(rig.hears(&format!("AUTH {mechanism}")).contains(&Did::StartsTls), "{mechanism}");
        rig.answers(&[("USER anna", "331 Please specify the password."), ("PASS secret", "230 Login successful.")]);
        rig.hears("EPSV");
        assert_eq!(secures(&rig.hears("RETR f")), protected, "{mechanism}: PROT without a word of it");
    }
    let mut rig = Rig::greeted(tls(Security::Offered));
    assert_eq!(rig.says("AUTH KERBEROS_V4"), "504 Unknown AUTH type.");
    assert_eq!(Rig::greeted(Config::default()).says("AUTH TLS"), "502 Command not implemented.");
}

#[test]
fn s08_plaintext_behind_auth_is_never_executed() {
    for behind in ["USER anna\r\n", "U", "\r\n", "QUIT\r\n"] {
        let mut rig = Rig::greeted(tls(Security::Offered));
        let did = rig.receives(format!("AUTH TLS\r\n{behind}").as_bytes());
        assert_eq!(did, [spoken("503 Spurious data after AUTH command."), Did::Leaves], "{behind:?}");
    }
    // An AUTH that is refused changes nothing for what is behind it.
    let mut rig = Rig::greeted(tls(Security::Offered));
    assert_eq!(said(&rig.receives(b"AUTH X\r\nNOOP\r\n")), "504 Unknown AUTH type.\n200 NOOP ok.");
    // It comes after the 234 was written, or while it is written.
    for polls in 0..3 {
        let mut rig = Rig::greeted(tls(Security::Offered));
        rig.server.received(b"AUTH TLS\r\n");
        for _ in 0..polls {
            rig.poll(World::Busy);
        }
        let did = rig.receives(b"USER anna\r\n");
        assert!(rig.asked.is_empty() && did.last() == Some(&Did::Leaves), "{polls}: {did:?}");
        assert!(!did.contains(&Did::StartsTls), "{did:?}");
    }
    // It waited while a transfer ran.
    let mut rig = Rig::logged_in(tls(Security::Offered));
    rig.hears("EPSV");
    rig.server.received(b"RETR f\r\n");
    rig.all(World::Busy);
    let did = rig.receives(b"AUTH TLS\r\nCWD x\r\n");
    assert!(did.contains(&spoken("503 Spurious data after AUTH command.")), "{did:?}");
    assert!(did.last() == Some(&Did::Leaves) && !rig.asked.iter().any(|asked| asked.contains("CWD")));
}

#[test]
fn a_handshake_that_fails_or_never_ends_ends_the_session() {
    let start = || {
        let mut rig = Rig::greeted(tls(Security::Offered));
        rig.server.received(b"AUTH TLS\r\n");
        rig.all(World::Busy);
        rig
    };
    assert_eq!(start().all(World::Refuses), [Did::StartsTls, Did::Leaves]);
    let mut rig = start();
    rig.now += Duration::from_secs(29);
    assert_eq!(rig.all(World::Busy), [Did::StartsTls]);
    rig.now += Duration::from_secs(1);
    assert_eq!(rig.all(World::Busy), [Did::Leaves]);
    let mut rig = start();
    assert_eq!(rig.receives(b""), [Did::Leaves], "the client has left");
    let mut rig = start();
    rig.server.close(&Refusal::closing(Text::new("Shutting down.").unwrap()));
    assert_eq!(rig.all(World::Works), [Did::Leaves], "no plaintext behind the 234");
}

#[test]
fn auth_resets_the_login() {
    let mut rig = Rig::logged_in(tls(Security::Offered));
    rig.hears("EPSV");
    assert!(rig.hears("AUTH TLS").contains(&Did::Closes));
    rig.answers(&[("CWD x", "530 Please login with USER and PASS.")]);
}

#[test]
fn implicit_tls_begins_before_the_greeting() {
    let mut rig = Rig::new(implicit());
    assert_eq!(rig.poll(World::Busy), Did::StartsTls);
    assert_eq!(rig.poll(World::Works), Did::StartsTls);
    assert_eq!(rig.poll(World::Works), spoken("220 ready"));
    rig.all(World::Works);
    rig.answers(&[("AUTH TLS", "503 TLS is there already."), ("PBSZ 0", "200 PBSZ=0")]);
    // Plaintext instead of a handshake.
    let mut rig = Rig::new(implicit());
    assert_eq!(rig.receives(b"USER anna\r\n"), [Did::Leaves]);
    let mut rig = Rig::new(implicit());
    rig.poll(World::Busy);
    assert_eq!(rig.receives(b"USER anna\r\n"), [Did::Leaves]);
    let mut rig = Rig::new(implicit());
    rig.poll(World::Busy);
    rig.server.close(&Refusal::closing(Text::new("Shutting down.").unwrap()));
    assert_eq!(rig.all(World::Works), [Did::Leaves], "neither the greeting nor the 421 in plaintext");
    let mut rig = Rig::new(implicit());
    rig.poll(World::Busy);
    rig.now += Duration::from_secs(30);
    assert_eq!(rig.all(World::Busy), [Did::Leaves]);
}

#[test]
fn implicit_tls_protects_data_without_a_word_of_prot() {
    let mut rig = Rig::greeted(implicit());
    rig.hears("USER anna");
    rig.hears("PASS secret");
    rig.hears("EPSV");
    assert!(secures(&rig.hears("RETR f")));
    rig.answers(&[("PBSZ 0", "200 PBSZ=0"), ("PROT C", "200 PROT now Clear.")]);
    rig.hears("EPSV");
    assert!(!secures(&rig.hears("RETR f")), "as it has said");
}

#[test]
fn pbsz_and_prot_in_their_order() {
    let mut rig = Rig::greeted(tls(Security::Offered));
    let order = "503 Bad sequence of commands.";
    rig.answers(&[("PBSZ 0", order), ("PROT P", order)]);
    rig.hears("AUTH TLS");
    rig.answers(&[
        ("PROT P", order),
        ("PBSZ 1000", "200 PBSZ=0"),
        ("PROT S", "536 TLS has only PROT C and PROT P."),
        ("PROT E", "536 TLS has only PROT C and PROT P."),
        ("PROT C", "200 PROT now Clear."),
        ("PROT P", "200 PROT now Private."),
        ("PROT X", "504 Parameter not supported. Syntax: PROT <SP> (C|S|E|P)"),
    ]);
    let mut rig = Rig::greeted(Config::default());
    rig.answers(&[("PBSZ 0", "502 Command not implemented."), ("PROT P", "502 Command not implemented.")]);
}

#[test]
fn feat_names_what_is_offered() {
    let lines = |config: Config| -> Vec<String> {
        let said = Rig::greeted(config).says("FEAT");
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
    let mut rig = Rig::secured(tls(Security::Offered));
    rig.hears("EPSV");
    let did = rig.hears("RETR f");
    let steps: Vec<&Did> = did.iter().filter(|did| !matches!(did, Did::Waits(_) | Did::Offers)).collect();
    assert!(
        matches!(steps[..], [Did::Said(_), Did::Accepts(_), Did::Secures(_), Did::Streams, Did::Said(_)]),
        "{did:?}"
    );
    assert!(said(&did).starts_with("150 ") && said(&did).ends_with("226 Transfer complete."), "{did:?}");
    rig.hears("PORT 192,0,2,1,19,137");
    let did = rig.hears("STOR f");
    let steps: Vec<&Did> = did.iter().filter(|did| !matches!(did, Did::Waits(_) | Did::Offers)).collect();
    assert!(
        matches!(
            steps[..],
            [Did::Connects(_), Did::Said(_), Did::Secures(_), Did::Streams, Did::Looks, Did::Commits, Did::Said(_)]
        ),
        "{did:?}"
    );
    // What counts is the PROT in force when the bytes move.
    rig.hears("EPSV");
    rig.hears("PROT C");
    assert!(!secures(&rig.hears("RETR f")));
    rig.hears("EPSV");
    rig.hears("PROT P");
    assert!(secures(&rig.hears("RETR f")));
}

/// vsftpd's words, and what to do.
const NOT_RESUMED: &str = "522 SSL connection failed: session reuse required. Have the client resume the TLS session of the \
                           control connection, or the server not require it.";

#[test]
fn s18_a_session_of_its_own_is_refused_where_resumption_is_required() {
    for (resume, allowed) in [(Resume::Required, false), (Resume::Wanted, true)] {
        let mut config = tls(Security::Offered);
        config.data_session = resume;
        let mut rig = Rig::secured(config);
        rig.hears("EPSV");
        rig.server.received(b"RETR f\r\n");
        while !matches!(rig.poll(World::Works), Did::Accepts(_)) {}
        assert_eq!(rig.poll(World::Refuses), Did::Secures(resume));
        let did = rig.all(World::Works);
        assert_eq!(did.contains(&Did::Streams), allowed, "{did:?}");
        assert_eq!(did.contains(&Did::Closes), !allowed, "{did:?}");
        let words = if allowed { "226 Transfer complete." } else { NOT_RESUMED };
        assert_eq!(said(&did), words);
        assert_eq!(rig.says("RETR f"), "425 Use PORT or PASV first.", "what was agreed on is spent");
    }
}

#[test]
fn a_handshake_on_the_data_connection_has_a_deadline_and_can_be_aborted() {
    let securing = || {
        let mut rig = Rig::secured(tls(Security::Offered));
        rig.hears("EPSV");
        rig.server.received(b"RETR f\r\n");
        while !matches!(rig.poll(World::Works), Did::Accepts(_)) {}
        assert_eq!(rig.all(World::Busy), [Did::Secures(Resume::Required)]);
        rig
    };
    let mut rig = securing();
    rig.now += Duration::from_secs(30);
    let did = rig.all(World::Works);
    assert!(did.contains(&Did::Closes) && said(&did).starts_with("522 "), "{did:?}");
    let mut rig = securing();
    let did = rig.hears("ABOR");
    assert!(did.contains(&Did::Closes) && said(&did).starts_with("426 "), "{did:?}");
    let mut rig = securing();
    assert_eq!(rig.receives(b""), [Did::Closes, Did::Leaves]);
}

#[test]
fn s10_no_login_without_tls_where_it_is_required() {
    let first = "530 Say AUTH TLS first: no login without TLS.";
    for security in [Security::Login, Security::Data] {
        let mut config = tls(security);
        config.support = config.support.with(&[Verb::Acct]).unwrap();
        let mut rig = Rig::greeted(config);
        rig.answers(&[("PASS secret", first), ("USER anna", first), ("PASS secret", first), ("ACCT x", first)]);
        assert!(rig.asked.is_empty(), "neither name nor password reached the application");
        rig.hears("AUTH TLS");
        rig.answers(&[("USER anna", "331 Please specify the password."), ("PASS secret", "230 Login successful.")]);
    }
    Rig::logged_in(tls(Security::Offered));
}

#[test]
fn no_way_leads_to_a_plaintext_data_connection_where_policy_forbids_it() {
    let encrypt = "522 Data connections must be encrypted: say PROT P.";
    let opening = ["PASV", "EPSV", "EPSV 1", "PORT 192,0,2,1,19,137", "EPRT |1|192.0.2.1|5001|"];
    let moving = ["RETR f", "STOR f", "APPE f", "STOU", "LIST", "NLST", "MLSD"];
    let closed = |rig: &mut Rig| {
        for line in opening.iter().chain(&moving) {
            assert_eq!(rig.says(line), encrypt, "{line}");
        }
    };
    let mut rig = Rig::greeted(tls(Security::Data));
    rig.hears("AUTH TLS");
    rig.hears("USER anna");
    rig.hears("PASS secret");
    closed(&mut rig);
    rig.hears("PBSZ 0");
    closed(&mut rig);
    rig.answers(&[("PROT C", "534 Data connections must be encrypted.")]);
    closed(&mut rig);
    rig.hears("PROT P");
    for setup in opening {
        assert!(rig.says(setup).starts_with("2"), "{setup}");
        rig.answers(&[("PROT C", "534 Data connections must be encrypted.")]);
        let did = rig.hears("LIST");
        let (secured, streamed) = (
            did.iter().position(|did| matches!(did, Did::Secures(_))),
            did.iter().position(|did| *did == Did::Streams),
        );
        assert!(secured.is_some() && secured < streamed, "{did:?}");
    }
    // Agreed on before REIN: gone with it.
    rig.hears("EPSV");
    let did = rig.hears("REIN");
    assert!(did.contains(&Did::Closes) && did.contains(&Did::StopsTls), "{did:?}");
    assert_eq!(rig.says("USER anna"), "530 Say AUTH TLS first: no login without TLS.");
    rig.hears("AUTH TLS");
    rig.hears("USER anna");
    rig.hears("PASS secret");
    closed(&mut rig);
    // CCC leaves PROT as it is.
    let mut config = tls(Security::Data);
    config.clear_command_channel = true;
    let mut rig = Rig::secured(config);
    rig.hears("CCC");
    rig.hears("EPSV");
    assert!(secures(&rig.hears("LIST")));
}

#[test]
fn s21_ccc_is_denied_by_default_and_ends_tls_where_it_is_allowed() {
    let mut rig = Rig::secured(tls(Security::Offered));
    rig.answers(&[("CCC", "534 The control connection stays encrypted."), ("NOOP", "200 NOOP ok.")]);
    let mut rig = Rig::logged_in(tls(Security::Offered));
    rig.answers(&[("CCC", "533 There is no TLS to end.")]);
    assert_eq!(Rig::logged_in(Config::default()).says("CCC"), "502 Command not implemented.");
    let open = || with(|config| (config.security, config.clear_command_channel) = (Security::Offered, true));
    let mut rig = Rig::secured(open());
    assert_eq!(rig.hears("CCC")[..2], [spoken("200 Going on in plaintext."), Did::StopsTls]);
    rig.answers(&[("PROT C", "503 Bad sequence of commands."), ("CWD x", "250 Directory successfully changed.")]);
    let mut rig = Rig::secured(open());
    rig.server.received(b"CCC\r\n");
    rig.all(World::Busy);
    assert_eq!(rig.all(World::Refuses), [Did::StopsTls, Did::Leaves]);
    // The client doesn't let TLS end.
    let mut rig = Rig::secured(open());
    rig.server.received(b"CCC\r\n");
    rig.all(World::Busy);
    rig.now += Duration::from_secs(30);
    assert_eq!(rig.all(World::Busy), [Did::Leaves]);
}

#[test]
fn s08_what_is_pipelined_behind_ccc_or_rein_is_never_executed() {
    let open = || with(|config| (config.security, config.clear_command_channel) = (Security::Offered, true));
    for word in ["CCC", "REIN"] {
        let mut rig = Rig::secured(open());
        let asked = rig.asked.len();
        let did = rig.receives(format!("{word}\r\nDELE f\r\n").as_bytes());
        assert_eq!(did, [spoken(&format!("503 Spurious data after {word} command.")), Did::Leaves]);
        assert_eq!(rig.asked.len(), asked);
        // While TLS ends.
        let mut rig = Rig::secured(open());
        rig.server.received(format!("{word}\r\n").as_bytes());
        while !matches!(rig.poll(World::Works), Did::Said(_)) {}
        let asked = rig.asked.len();
        assert_eq!(rig.receives(b"DELE f\r\n"), [Did::Leaves], "{word}");
        assert_eq!(rig.asked.len(), asked);
    }
    // While the application thinks about REIN.
    let mut rig = Rig::secured(open());
    rig.server.received(b"REIN\r\n");
    rig.all(World::Busy);
    let did = rig.receives(b"DELE f\r\n");
    assert_eq!((said(&did).as_str(), did.last()), ("220 Ready for a new user.", Some(&Did::Leaves)));
    assert!(!rig.asked.iter().any(|asked| asked.contains("DELE")));
}

#[test]
fn rein_ends_the_login_and_explicit_tls() {
    let mut rig = Rig::secured(tls(Security::Offered));
    rig.hears("TYPE I");
    let did = rig.hears("REIN");
    assert_eq!(did[..3], [Did::Asks("REIN".into()), spoken("220 Ready for a new user."), Did::StopsTls], "{did:?}");
    rig.answers(&[("CWD x", "530 Please login with USER and PASS."), ("PBSZ 0", "503 Bad sequence of commands.")]);
    assert!(rig.hears("AUTH TLS").contains(&Did::StartsTls), "and it can begin anew");
    // Where it began with the connection, it stays, and PROT is as it was at first.
    let mut rig = Rig::greeted(implicit());
    for line in ["USER anna", "PASS secret", "PBSZ 0", "PROT C"] {
        rig.hears(line);
    }
    assert_eq!(rig.says("REIN"), "220 Ready for a new user.");
    rig.answers(&[("AUTH TLS", "503 TLS is there already."), ("PBSZ 0", "200 PBSZ=0")]);
    rig.hears("USER anna");
    rig.hears("PASS secret");
    rig.hears("EPSV");
    assert!(secures(&rig.hears("LIST")));
    // In plaintext there is nothing to end.
    let mut rig = Rig::logged_in(Config::default());
    assert!(!rig.hears("REIN").contains(&Did::StopsTls));
}

#[test]
fn s11_a_browser_is_turned_away_inside_tls_too() {
    let mut rig = Rig::greeted(tls(Security::Offered));
    rig.hears("AUTH TLS");
    assert_eq!(rig.hears("POST / HTTP/1.1"), [spoken("500 This is FTP."), Did::Leaves]);
    let mut rig = Rig::secured(tls(Security::Offered));
    assert_eq!(rig.hears("EHLO mail"), [spoken("500 This is FTP."), Did::Leaves]);
}

#[test]
fn a_failed_login_waits_while_tls_is_on_too() {
    let mut rig = Rig::greeted(tls(Security::Login));
    rig.hears("AUTH TLS");
    rig.hears("USER anna");
    assert_eq!(rig.hears("PASS wrong"), [Did::Asks("PASS wrong".into()), Did::Waits(1)]);
    rig.now += Duration::from_secs(1);
    assert_eq!(said(&rig.all(World::Works)), "530 Login incorrect.");
}
