//! The attacks of `testdata/security.tsv` once more, where a reply that fits nothing, or a line that is no reply, could bring
//! them back.

use std::time::Duration;

use ftp_proto::client::{Config, Noise, Request, Security, Value, Violation};
use ftp_proto_rigs::client::{Did, Rig, World, done, login};

fn says(did: &[Did], word: &str) -> bool {
    did.iter().any(|did| matches!(did, Did::Said(line) if line.starts_with(word)))
}

fn violated(rig: &mut Rig) -> Violation {
    loop {
        match rig.poll(World::Works) {
            Ok(Did::Waits(Some(_))) => rig.now += Duration::from_secs(1),
            Ok(_) => {}
            Err(violation) => return violation,
        }
    }
}

#[test]
fn s03_no_suspect_makes_the_client_tell_an_address_of_its_own() {
    for suspect in ["314 what", "257 \"/\"", "226 done", "150 here", "631 sealed"] {
        let mut rig = Rig::logged_in(Config::default());
        rig.retrieve();
        let mut did = rig.converse(&[("TYPE I", "200 ok"), ("EPSV", suspect)]);
        for _ in 0..8 {
            rig.now += Duration::from_secs(1);
            did.extend(rig.all(World::Works));
            let said =
                did.iter().rev().find_map(|did| if let Did::Said(line) = did { Some(line.as_str()) } else { None });
            if let Some("NOOP" | "PWD" | "ABOR") = said {
                did.extend(rig.hears(if said == Some("PWD") { "257 \"/\"" } else { "200 ok" }));
            }
        }
        assert!(says(&did, "PASV"), "{suspect}: {did:?}");
        assert!(!did.contains(&Did::Listens) && !says(&did, "EPRT") && !says(&did, "PORT"), "{suspect}: {did:?}");
    }
}

#[test]
fn s09_nothing_odd_around_auth_is_taken_into_tls() {
    // A suspect where TLS is to begin ends the session: nobody guesses what the server has made of AUTH.
    let mut rig = Rig::greeted(Config::default());
    rig.client.start(Request::secure()).unwrap();
    rig.all(World::Works);
    rig.hears("257 \"/\"");
    assert!(matches!(violated(&mut rig), Violation::Unexpected { .. }));
    // Nor is a line skipped there that somebody else may have put in, whatever else is tolerated.
    let mut config = Config::default();
    config.noise = Noise::Always;
    let mut rig = Rig::greeted(config);
    rig.client.start(Request::secure()).unwrap();
    rig.all(World::Works);
    rig.client.received(b"hello\r\n");
    assert!(matches!(violated(&mut rig), Violation::Reply(_)));
}

#[test]
fn s10_no_suspect_leads_to_a_password_without_tls() {
    for suspect in ["257 \"/\"", "226 done", "150 here", "120 later"] {
        let mut config = Config::default();
        config.security = Security::Required;
        let mut rig = Rig::greeted(config);
        rig.client.start(Request::secure()).unwrap();
        let mut did = rig.all(World::Works);
        did.extend(rig.hears(suspect));
        let violation = violated(&mut rig);
        assert!(matches!(violation, Violation::Unexpected { .. }), "{suspect}: {violation:?}");
        assert!(rig.client.start(login()).is_err() && !says(&did, "USER") && !says(&did, "PASS"), "{suspect}");
    }
}

#[test]
fn s12_noise_has_an_end() {
    let mut config = Config::default();
    config.noise = Noise::Always;
    let mut rig = Rig::logged_in(config);
    rig.client.received(&b"what a day\r\n".repeat(1000));
    let mut told = 0;
    let violation = loop {
        match rig.poll(World::Works) {
            Ok(Did::Waits(_)) => panic!("all of it was skipped"),
            Ok(_) => told += 1,
            Err(violation) => break violation,
        }
    };
    assert!(told <= 32 && matches!(violation, Violation::Reply(_)), "{told}: {violation:?}");
}

#[test]
fn s22_no_suspect_shifts_a_later_reply() {
    for (suspect, late) in [("226 odd", true), ("226 odd", false), ("331 odd", true), ("331 odd", false)] {
        let mut rig = Rig::logged_in(Config::default());
        rig.client.start(Request::noop()).unwrap();
        rig.all(World::Works);
        let mut did = rig.hears(suspect);
        if late {
            did.extend(rig.hears("200 the NOOP's"));
        }
        while !did.iter().any(|did| matches!(did, Did::Done(_))) {
            rig.now += Duration::from_secs(1);
            did = rig.all(World::Works);
            if says(&did, "PWD") {
                did.extend(rig.hears("257 \"/barrier\""));
            }
        }
        assert_eq!(done(&did).is_ok(), late, "{suspect}: {did:?}");
        rig.client.start(Request::print_directory()).unwrap();
        rig.all(World::Works);
        let did = rig.hears("257 \"/mine\"");
        assert_eq!(done(&did), &Ok(Value::Directory(b"/mine".to_vec())), "{suspect}");
    }
}
