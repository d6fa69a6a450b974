//! The attacks on TLS and what it should protect.

use ftp_proto::Resume;
use ftp_proto::server::{Config, Security};

use super::{line, with};
use crate::common::serving::{CLIENT, Saw, Serving, World, asked, codes, said};

pub fn tls(change: impl FnOnce(&mut Config)) -> Config {
    with(|config| {
        config.security = Security::Offered;
        change(config);
    })
}

/// TLS is on, data connections are protected, and somebody is logged in.
pub fn secured(config: Config) -> Serving {
    let mut serving = Serving::greeted(config);
    let saw = serving.hears(b"AUTH TLS\r\n");
    assert!(saw.contains(&Saw::StartsTls), "{saw:?}");
    serving.hears(b"PBSZ 0\r\nPROT P\r\nUSER anna\r\nPASS secret\r\n");
    serving
}

#[test]
fn s08_what_stands_before_the_handshake_is_never_executed() {
    for slipped_in in ["USER anna\r\n", "USER anna\r\nPASS secret\r\nDELE f\r\n", "N", "\r\n", "\0", "AUTH TLS\r\n"] {
        // In one segment with AUTH.
        let mut serving = Serving::greeted(tls(|_| {}));
        let saw = serving.hears(&[b"AUTH TLS\r\n", slipped_in.as_bytes()].concat());
        assert_eq!(asked(&saw), [] as [&str; 0], "{slipped_in:?}: {saw:?}");
        assert!(!saw.contains(&Saw::StartsTls) && saw.last() == Some(&Saw::Closes), "{slipped_in:?}: {saw:?}");
        // And while the handshake runs.
        let mut serving = Serving::greeted(tls(|_| {}));
        serving.server.received(b"AUTH TLS\r\n");
        assert_eq!(codes(&serving.all(World::Busy)), [234]);
        let saw = serving.hears(slipped_in.as_bytes());
        assert_eq!(asked(&saw), [] as [&str; 0], "{slipped_in:?}: {saw:?}");
        assert!(!saw.contains(&Saw::StartsTls) && saw.last() == Some(&Saw::Closes), "{slipped_in:?}: {saw:?}");
        assert_eq!(serving.hears(b"NOOP\r\n"), [Saw::Closes], "{slipped_in:?}: for ever");
    }
    // With the connection, before the greeting.
    let mut serving = Serving::new(tls(|config| config.implicit = true));
    assert_eq!(serving.all(World::Busy), [], "nothing is said before the handshake");
    let saw = serving.hears(b"USER anna\r\n");
    assert!(asked(&saw).is_empty() && saw.last() == Some(&Saw::Closes) && said(&saw).is_empty(), "{saw:?}");
    // The other way round: what came under TLS is not what comes in plaintext.
    for command in ["CCC", "REIN"] {
        let mut serving = secured(tls(|config| config.clear_command_channel = true));
        let saw = serving.hears(format!("{command}\r\nDELE f\r\n").as_bytes());
        assert_eq!(asked(&saw).iter().filter(|line| line.starts_with("DELE")).count(), 0, "{command}: {saw:?}");
        assert!(!saw.contains(&Saw::StopsTls) && saw.last() == Some(&Saw::Closes), "{command}: {saw:?}");
    }
    // Who waits for the 234 is served.
    let mut serving = secured(tls(|_| {}));
    assert_eq!(codes(&serving.hears(b"PWD\r\n")), [257]);
}

#[test]
fn s18_a_data_connection_proves_whose_it_is() {
    // Required by default: another session gets no byte, and gives none.
    for transfer in ["RETR f", "STOR f", "LIST", "MLSD", "APPE f", "STOU", "NLST"] {
        for setup in ["EPSV", "PASV", "PORT 192,0,2,1,19,137", "EPRT |1|192.0.2.1|5001|"] {
            let mut serving = secured(tls(|_| {}));
            serving.callers = vec![CLIENT.parse().unwrap()];
            serving.hears(&line(setup));
            serving.server.received(&line(transfer));
            let saw = serving.all(World::Strange);
            assert!(saw.contains(&Saw::Secures(Resume::Required)), "{setup}, {transfer}: {saw:?}");
            assert!(!saw.contains(&Saw::Streams), "{setup}, {transfer}: {saw:?}");
            assert!(matches!(codes(&saw).last(), Some(425 | 522)), "{setup}, {transfer}: {saw:?}");
            assert_eq!(codes(&serving.hears(b"NOOP\r\n")), [200], "the session goes on");
            serving.callers = vec![CLIENT.parse().unwrap()];
            let saw = serving.hears(&[line(setup), line(transfer)].concat());
            assert!(saw.contains(&Saw::Streams) && codes(&saw).last() == Some(&226), "{setup}, {transfer}: {saw:?}");
        }
    }
    let mut serving = secured(tls(|config| config.data_session = Resume::Wanted));
    serving.callers = vec![CLIENT.parse().unwrap()];
    serving.server.received(b"EPSV\r\nRETR f\r\n");
    let saw = serving.all(World::Strange);
    assert!(saw.contains(&Saw::Secures(Resume::Wanted)) && saw.contains(&Saw::Streams), "by choice: {saw:?}");
    // Before TLS stands nothing moves; and PROT C is what it says.
    let mut serving = secured(tls(|_| {}));
    serving.callers = vec![CLIENT.parse().unwrap()];
    let saw = serving.hears(b"EPSV\r\nRETR f\r\n");
    let place = |wanted: fn(&Saw) -> bool| saw.iter().position(wanted).unwrap();
    assert!(place(|saw| matches!(saw, Saw::Secures(_))) < place(|saw| *saw == Saw::Streams), "{saw:?}");
    serving.callers = vec![CLIENT.parse().unwrap()];
    assert!(!serving.hears(b"PROT C\r\nEPSV\r\nRETR f\r\n").iter().any(|saw| matches!(saw, Saw::Secures(_))));
}

#[test]
fn s21_no_way_back_to_plaintext() {
    let mut serving = secured(tls(|_| {}));
    for command in ["CCC", "ccc", "CCC x"] {
        let saw = serving.hears(&line(command));
        assert!(matches!(codes(&saw)[..], [500..=504 | 533 | 534]), "{command}: {saw:?}");
        assert!(!saw.contains(&Saw::StopsTls) && asked(&saw).is_empty(), "{command}: {saw:?}");
    }
    assert_eq!(codes(&serving.hears(b"PWD\r\n")), [257], "TLS stands");
    // A choice; but not where nobody is logged in, nor without TLS.
    let config = || tls(|config| config.clear_command_channel = true);
    assert!(matches!(codes(&Serving::logged_in(config()).hears(b"CCC\r\n"))[..], [503 | 533]));
    let mut serving = secured(config());
    let saw = serving.hears(b"CCC\r\n");
    assert_eq!((codes(&saw), saw.last()), (vec![200], Some(&Saw::StopsTls)));
    assert!(matches!(codes(&serving.hears(b"PROT C\r\n"))[..], [503 | 533]), "what PROT said stays (RFC 2228 3)");
    serving.callers = vec![CLIENT.parse().unwrap()];
    assert!(serving.hears(b"EPSV\r\nRETR f\r\n").contains(&Saw::Secures(Resume::Required)));
    // Where TLS is required for the data, PROT C is none.
    let mut serving = secured(with(|config| config.security = Security::Data));
    let saw = serving.hears(b"PROT C\r\n");
    assert!(matches!(codes(&saw)[..], [431..=536]), "{saw:?}");
    serving.callers = vec![CLIENT.parse().unwrap()];
    assert!(serving.hears(b"EPSV\r\nRETR f\r\n").contains(&Saw::Secures(Resume::Required)));
}
