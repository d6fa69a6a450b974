//! The end of a session at every state: by the application, by the client, by the clock.

use std::time::Duration;

use ftp_proto::server::{Action, Config, Refusal, Security};
use ftp_proto::{Resume, Text};
use ftp_proto_rigs::server::{Did, Rig, World, said, tls};

/// A state's name, and a session in it whose open question was shown.
pub(super) type State = (&'static str, fn() -> Rig);

fn said_to(mut rig: Rig, line: &str) -> Rig {
    rig.server.received(format!("{line}\r\n").as_bytes());
    rig.all(World::Busy);
    rig
}

fn transfer(setup: &str, mut rig: Rig) -> Rig {
    rig.hears(setup);
    rig.server.received(b"STOR f\r\n");
    while rig.poll(World::Works) != Did::Offers {}
    rig
}

fn accepting() -> Rig {
    let mut rig = transfer("EPSV", Rig::logged_in(Config::default()));
    rig.all(World::Busy);
    rig
}

fn connecting() -> Rig {
    let mut rig = transfer("PORT 192,0,2,1,200,10", Rig::logged_in(Config::default()));
    rig.all(World::Busy);
    rig
}

fn securing() -> Rig {
    let mut rig = transfer("EPSV", Rig::secured(tls(Security::Data)));
    while !matches!(rig.poll(World::Works), Did::Accepts(_)) {}
    assert_eq!(rig.all(World::Busy), [Did::Secures(Resume::Required)]);
    rig
}

fn streaming() -> Rig {
    let mut rig = accepting();
    while !matches!(rig.poll(World::Works), Did::Accepts(_)) {}
    let Action::Stream(stream) = rig.server.poll(rig.now()) else { panic!() };
    stream.moved(0);
    assert_eq!(rig.all(World::Busy), [Did::Streams]);
    rig
}

pub(super) const STATES: &[State] = &[
    ("greeting", || Rig::new(Config::default())),
    ("waiting for USER", || Rig::greeted(Config::default())),
    ("waiting for PASS", || {
        let mut rig = Rig::greeted(Config::default());
        rig.hears("USER anna");
        rig
    }),
    ("asking who it is", || {
        let mut rig = Rig::greeted(Config::default());
        rig.hears("USER anna");
        said_to(rig, "PASS secret")
    }),
    ("refusing a login", || {
        let mut rig = Rig::greeted(Config::default());
        rig.hears("USER anna");
        rig.hears("PASS wrong");
        rig
    }),
    ("beginning TLS", || said_to(Rig::greeted(tls(Security::Offered)), "AUTH TLS")),
    ("beginning TLS before the greeting", || {
        let mut config = tls(Security::Offered);
        config.implicit_tls = true;
        let mut rig = Rig::new(config);
        assert_eq!(rig.all(World::Busy), [Did::StartsTls]);
        rig
    }),
    ("ending TLS", || {
        let mut rig = Rig::secured(tls(Security::Offered));
        rig.server.received(b"REIN\r\n");
        while !matches!(rig.poll(World::Works), Did::Asks(_)) {}
        assert_eq!(rig.all(World::Busy).last(), Some(&Did::StopsTls));
        rig
    }),
    ("idle", || Rig::logged_in(Config::default())),
    ("asking", || said_to(Rig::logged_in(Config::default()), "DELE f")),
    ("listening", || {
        let mut rig = Rig::logged_in(Config::default());
        rig.hears("EPSV");
        rig
    }),
    ("offering", || {
        let mut rig = Rig::logged_in(Config::default());
        rig.hears("EPSV");
        said_to(rig, "STOR f")
    }),
    ("accepting", accepting),
    ("connecting", connecting),
    ("securing", securing),
    ("streaming", streaming),
    ("streaming, with commands behind it", || said_to(streaming(), "PASS secret\r\nDELE f\r\nNOOP")),
];

/// What has to be closed outside: the question about a data connection that was shown, or the listening socket.
fn holds_a_socket(name: &str) -> bool {
    ["listening", "offering", "accepting", "connecting", "securing", "streaming"]
        .iter()
        .any(|state| name.starts_with(state))
}

/// The session has ended in order: whatever is open outside is stopped first, and nothing follows.
fn ends(name: &str, rig: &mut Rig, did: &[Did]) {
    assert_eq!(did.last(), Some(&Did::Leaves), "{name}: {did:?}");
    let stopped = did.iter().filter(|did| matches!(did, Did::Closes)).count();
    assert_eq!(stopped, usize::from(holds_a_socket(name)), "{name}: {did:?}");
    rig.server.received(b"NOOP\r\n");
    rig.server.received(b"");
    assert_eq!(rig.poll(World::Works), Did::Leaves, "{name}: nothing follows");
}

#[test]
fn the_application_may_end_it_at_every_state() {
    for (name, state) in STATES {
        let mut rig = state();
        for _ in 0..2 {
            rig.server.close(&Refusal::closing(Text::new("Shutdown.").unwrap()));
        }
        let did = rig.all(World::Works);
        let words = match *name {
            "greeting" => "220 ready\n421 Shutdown.",
            // Neither in plaintext nor under TLS would it be understood.
            turning if turning.contains("TLS") => "",
            _ => "421 Shutdown.",
        };
        assert_eq!(said(&did), words, "{name}");
        ends(name, &mut rig, &did);
    }
}

#[test]
fn the_client_may_leave_at_every_state() {
    for (name, state) in STATES {
        let mut rig = state();
        let did = rig.receives(b"");
        ends(name, &mut rig, &did);
    }
}

#[test]
fn no_state_lasts_for_ever() {
    for (name, state) in STATES {
        let mut rig = state();
        let mut all = Vec::new();
        // Nobody outside does anything more, and somebody polls now and then.
        for _ in 0..200 {
            let did = rig.all(World::Busy);
            let ended = did.last() == Some(&Did::Leaves);
            all.extend(did);
            if ended {
                break;
            }
            rig.now += Duration::from_secs(30);
        }
        ends(name, &mut rig, &all);
        assert!(rig.now <= Duration::from_secs(960), "{name}: {:?}", rig.now);
    }
}

#[test]
fn one_byte_a_minute_keeps_no_state_alive() {
    for (name, state) in STATES {
        let mut rig = state();
        let mut all = Vec::new();
        for _ in 0..60 {
            all.extend(rig.all(World::Busy));
            if all.last() == Some(&Did::Leaves) {
                break;
            }
            rig.now += Duration::from_secs(60);
            rig.server.received(b"x");
        }
        ends(name, &mut rig, &all);
        assert!(rig.now <= Duration::from_secs(960), "{name}: {:?}", rig.now);
    }
}

#[test]
fn an_abort_while_tls_begins_on_the_data_connection() {
    for abort in [&b"ABOR\r\n"[..], b"\xff\xf4\xff\xf2ABOR\r\n"] {
        let mut rig = securing();
        let did = rig.receives(abort);
        assert_eq!(did[..1], [Did::Closes]);
        assert_eq!(said(&did), "426 Transfer aborted.\n226 Abort successful.");
    }
}

#[test]
fn an_unanswered_question_comes_again_with_its_serial() {
    for (name, state) in STATES {
        let mut rig = state();
        let now = rig.now();
        let serial = |rig: &mut Rig| match rig.server.poll(now) {
            Action::Question(question) => Some(question.serial()),
            Action::Transfer(question) => Some(question.serial()),
            Action::Accept(question) => Some(question.serial()),
            Action::Connect(question) => Some(question.serial()),
            Action::SecureData(question) => Some(question.serial()),
            Action::Stream(question) => Some(question.serial()),
            _ => None,
        };
        let first = serial(&mut rig);
        assert!((0..100).all(|_| serial(&mut rig) == first), "{name}");
    }
}
