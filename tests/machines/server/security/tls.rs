//! The attacks on TLS and what it should protect.

use ftp_proto::Resume;
use ftp_proto::server::{Config, Security};

use super::line;
use ftp_proto_rigs::server::{Did, Rig, World, asked, codes, said, with};

pub fn tls(change: impl FnOnce(&mut Config)) -> Config {
    with(|config| {
        config.security = Security::Offered;
        change(config);
    })
}

#[test]
fn s08_what_stands_before_the_handshake_is_never_executed() {
    for slipped_in in ["USER anna\r\n", "USER anna\r\nPASS secret\r\nDELE f\r\n", "N", "\r\n", "\0", "AUTH TLS\r\n"] {
        // In one segment with AUTH.
        let mut rig = Rig::greeted(tls(|_| {}));
        let did = rig.receives(&[b"AUTH TLS\r\n", slipped_in.as_bytes()].concat());
        assert_eq!(asked(&did), [] as [&str; 0], "{slipped_in:?}: {did:?}");
        assert!(!did.contains(&Did::StartsTls) && did.last() == Some(&Did::Leaves), "{slipped_in:?}: {did:?}");
        // And while the handshake runs.
        let mut rig = Rig::greeted(tls(|_| {}));
        rig.server.received(b"AUTH TLS\r\n");
        assert_eq!(codes(&rig.all(World::Busy)), [234]);
        let did = rig.receives(slipped_in.as_bytes());
        assert_eq!(asked(&did), [] as [&str; 0], "{slipped_in:?}: {did:?}");
        assert!(!did.contains(&Did::StartsTls) && did.last() == Some(&Did::Leaves), "{slipped_in:?}: {did:?}");
        assert_eq!(rig.receives(b"NOOP\r\n"), [Did::Leaves], "{slipped_in:?}: for ever");
    }
    // With the connection, before the greeting.
    let mut rig = Rig::new(tls(|config| config.implicit_tls = true));
    assert_eq!(rig.all(World::Busy), [Did::StartsTls], "nothing is said before the handshake");
    let did = rig.receives(b"USER anna\r\n");
    assert!(asked(&did).is_empty() && did.last() == Some(&Did::Leaves) && said(&did).is_empty(), "{did:?}");
    // The other way round: what came under TLS is not what comes in plaintext.
    for command in ["CCC", "REIN"] {
        let mut rig = Rig::secured(tls(|config| config.clear_command_channel = true));
        let did = rig.receives(format!("{command}\r\nDELE f\r\n").as_bytes());
        assert_eq!(asked(&did).iter().filter(|line| line.starts_with("DELE")).count(), 0, "{command}: {did:?}");
        assert!(!did.contains(&Did::StopsTls) && did.last() == Some(&Did::Leaves), "{command}: {did:?}");
    }
    // Who waits for the 234 is served.
    let mut rig = Rig::secured(tls(|_| {}));
    assert_eq!(codes(&rig.receives(b"PWD\r\n")), [257]);
}

#[test]
fn s18_a_data_connection_proves_whose_it_is() {
    // Required by default: another session gets no byte, and gives none.
    for transfer in ["RETR f", "STOR f", "LIST", "MLSD", "APPE f", "STOU", "NLST"] {
        for setup in ["EPSV", "PASV", "PORT 192,0,2,1,19,137", "EPRT |1|192.0.2.1|5001|"] {
            let mut rig = Rig::secured(tls(|_| {}));
            rig.hears(setup);
            rig.server.received(&line(transfer));
            rig.fresh = true;
            let did = rig.all(World::Works);
            assert!(did.contains(&Did::Secures(Resume::Required)), "{setup}, {transfer}: {did:?}");
            assert!(!did.contains(&Did::Streams), "{setup}, {transfer}: {did:?}");
            assert!(matches!(codes(&did).last(), Some(425 | 522)), "{setup}, {transfer}: {did:?}");
            assert_eq!(codes(&rig.receives(b"NOOP\r\n")), [200], "the session goes on");
            rig.fresh = false;
            let did = rig.receives(&[line(setup), line(transfer)].concat());
            assert!(did.contains(&Did::Streams) && codes(&did).last() == Some(&226), "{setup}, {transfer}: {did:?}");
        }
    }
    let mut rig = Rig::secured(tls(|config| config.data_session = Resume::Wanted));
    rig.server.received(b"EPSV\r\nRETR f\r\n");
    rig.fresh = true;
    let did = rig.all(World::Works);
    assert!(did.contains(&Did::Secures(Resume::Wanted)) && did.contains(&Did::Streams), "by choice: {did:?}");
    // Before TLS stands nothing moves; and PROT C is what it says.
    let mut rig = Rig::secured(tls(|_| {}));
    let did = rig.receives(b"EPSV\r\nRETR f\r\n");
    let place = |wanted: fn(&Did) -> bool| did.iter().position(wanted).unwrap();
    assert!(place(|did| matches!(did, Did::Secures(_))) < place(|did| *did == Did::Streams), "{did:?}");
    assert!(!rig.receives(b"PROT C\r\nEPSV\r\nRETR f\r\n").iter().any(|did| matches!(did, Did::Secures(_))));
}

#[test]
fn s21_no_way_back_to_plaintext() {
    let mut rig = Rig::secured(tls(|_| {}));
    for command in ["CCC", "ccc", "CCC x"] {
        let did = rig.hears(command);
        assert!(matches!(codes(&did)[..], [500..=504 | 533 | 534]), "{command}: {did:?}");
        assert!(!did.contains(&Did::StopsTls) && asked(&did).is_empty(), "{command}: {did:?}");
    }
    assert_eq!(codes(&rig.receives(b"PWD\r\n")), [257], "TLS stands");
    // A choice; but not where nobody is logged in, nor without TLS.
    let config = || tls(|config| config.clear_command_channel = true);
    assert!(matches!(codes(&Rig::logged_in(config()).receives(b"CCC\r\n"))[..], [503 | 533]));
    let mut rig = Rig::secured(config());
    let did = rig.receives(b"CCC\r\n");
    assert_eq!((codes(&did), did.contains(&Did::StopsTls)), (vec![200], true));
    assert!(matches!(codes(&rig.receives(b"PROT C\r\n"))[..], [503 | 533]), "what PROT said stays (RFC 2228 3)");
    assert!(rig.receives(b"EPSV\r\nRETR f\r\n").contains(&Did::Secures(Resume::Required)));
    // Where TLS is required for the data, PROT C is none.
    let mut rig = Rig::secured(with(|config| config.security = Security::Data));
    let did = rig.receives(b"PROT C\r\n");
    assert!(matches!(codes(&did)[..], [431..=536]), "{did:?}");
    assert!(rig.receives(b"EPSV\r\nRETR f\r\n").contains(&Did::Secures(Resume::Required)));
}
