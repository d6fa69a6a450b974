//! The end of a session at every state: by the application, by the client, by the clock.

use std::time::Duration;

use ftp_proto::server::{Action, Config, Security};
use ftp_proto::{Code, Reply, Resume};
use ftp_proto_rigs::server::{Did, Served, World, said, tls};

/// A state's name, and a session in it whose open question was shown.
type State = (&'static str, fn() -> Served);

fn said_to(mut served: Served, line: &str) -> Served {
    served.server.received(format!("{line}\r\n").as_bytes());
    served.all(World::Busy);
    served
}

fn transfer(setup: &str, mut served: Served) -> Served {
    served.hears(setup);
    served.server.received(b"STOR f\r\n");
    while served.poll(World::Works) != Did::Offers {}
    served
}

fn accepting() -> Served {
    let mut served = transfer("EPSV", Served::logged_in(Config::default()));
    served.all(World::Busy);
    served
}

fn connecting() -> Served {
    let mut served = transfer("PORT 192,0,2,1,200,10", Served::logged_in(Config::default()));
    served.all(World::Busy);
    served
}

fn securing() -> Served {
    let mut served = transfer("EPSV", Served::secured(tls(Security::Data)));
    while !matches!(served.poll(World::Works), Did::Accepts(_)) {}
    assert_eq!(served.all(World::Busy), [Did::Secures(Resume::Required)]);
    served
}

fn streaming() -> Served {
    let mut served = accepting();
    while !matches!(served.poll(World::Works), Did::Accepts(_)) {}
    let Action::Stream(stream) = served.server.poll(served.now()) else { panic!() };
    stream.moved(0);
    assert_eq!(served.all(World::Busy), [Did::Streams]);
    served
}

const STATES: &[State] = &[
    ("greeting", || Served::new(Config::default())),
    ("waiting for USER", || Served::greeted(Config::default())),
    ("waiting for PASS", || said_to(Served::greeted(Config::default()), "USER anna")),
    ("asking who it is", || {
        let mut served = Served::greeted(Config::default());
        served.hears("USER anna");
        said_to(served, "PASS secret")
    }),
    ("refusing a login", || {
        let mut served = Served::greeted(Config::default());
        served.hears("USER anna");
        served.hears("PASS wrong");
        served
    }),
    ("beginning TLS", || said_to(Served::greeted(tls(Security::Offered)), "AUTH TLS")),
    ("beginning TLS before the greeting", || {
        let mut config = tls(Security::Offered);
        config.implicit = true;
        let mut served = Served::new(config);
        assert_eq!(served.all(World::Busy), [Did::StartsTls]);
        served
    }),
    ("ending TLS", || {
        let mut served = Served::secured(tls(Security::Offered));
        served.server.received(b"REIN\r\n");
        while !matches!(served.poll(World::Works), Did::Asks(_)) {}
        assert_eq!(served.all(World::Busy).last(), Some(&Did::StopsTls));
        served
    }),
    ("idle", || Served::logged_in(Config::default())),
    ("asking", || said_to(Served::logged_in(Config::default()), "DELE f")),
    ("listening", || {
        let mut served = Served::logged_in(Config::default());
        served.hears("EPSV");
        served
    }),
    ("offering", || {
        let mut served = Served::logged_in(Config::default());
        served.hears("EPSV");
        said_to(served, "STOR f")
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
fn ends(name: &str, served: &mut Served, did: &[Did]) {
    assert_eq!(did.last(), Some(&Did::Closes), "{name}: {did:?}");
    let stopped = did.iter().filter(|did| matches!(did, Did::Cancels | Did::Discards)).count();
    assert_eq!(stopped, usize::from(holds_a_socket(name)), "{name}: {did:?}");
    served.server.received(b"NOOP\r\n");
    served.server.received(b"");
    assert_eq!(served.poll(World::Works), Did::Closes, "{name}: nothing follows");
}

#[test]
fn the_application_may_end_it_at_every_state() {
    for (name, state) in STATES {
        let mut served = state();
        for _ in 0..2 {
            served.server.close(&Reply::from_static(Code::SERVICE_NOT_AVAILABLE, "Shutdown."));
        }
        let did = served.all(World::Works);
        let words = match *name {
            "greeting" => "220 ready\n421 Shutdown.",
            // Neither in plaintext nor under TLS would it be understood.
            turning if turning.contains("TLS") => "",
            _ => "421 Shutdown.",
        };
        assert_eq!(said(&did), words, "{name}");
        ends(name, &mut served, &did);
    }
}

#[test]
fn the_client_may_leave_at_every_state() {
    for (name, state) in STATES {
        let mut served = state();
        served.server.received(b"");
        let did = served.all(World::Works);
        ends(name, &mut served, &did);
    }
}

#[test]
fn no_state_lasts_for_ever() {
    for (name, state) in STATES {
        let mut served = state();
        let mut all = Vec::new();
        // Nobody outside does anything more, and somebody polls now and then.
        for _ in 0..200 {
            let did = served.all(World::Busy);
            let ended = did.last() == Some(&Did::Closes);
            all.extend(did);
            if ended {
                break;
            }
            served.now += Duration::from_secs(30);
        }
        ends(name, &mut served, &all);
        assert!(served.now <= Duration::from_secs(960), "{name}: {:?}", served.now);
    }
}

#[test]
fn one_byte_a_minute_keeps_no_state_alive() {
    for (name, state) in STATES {
        let mut served = state();
        let mut all = Vec::new();
        for _ in 0..60 {
            all.extend(served.all(World::Busy));
            if all.last() == Some(&Did::Closes) {
                break;
            }
            served.now += Duration::from_secs(60);
            served.server.received(b"x");
        }
        ends(name, &mut served, &all);
        assert!(served.now <= Duration::from_secs(960), "{name}: {:?}", served.now);
    }
}

#[test]
fn an_abort_while_tls_begins_on_the_data_connection() {
    for abort in [&b"ABOR\r\n"[..], b"\xff\xf4\xff\xf2ABOR\r\n"] {
        let mut served = securing();
        let did = served.receives(abort);
        assert_eq!(did[..1], [Did::Cancels]);
        assert_eq!(said(&did), "426 Transfer aborted.\n226 Abort successful.");
    }
}

#[test]
fn an_unanswered_question_comes_again_with_its_serial() {
    for (name, state) in STATES {
        let mut served = state();
        let now = served.now();
        let serial = |served: &mut Served| match served.server.poll(now) {
            Action::Command(question) => Some(question.serial()),
            Action::Transfer(question) => Some(question.serial()),
            Action::Accept(question) => Some(question.serial()),
            Action::Connect(question) => Some(question.serial()),
            Action::SecureData(question) => Some(question.serial()),
            Action::Stream(question) => Some(question.serial()),
            _ => None,
        };
        let first = serial(&mut served);
        assert!((0..100).all(|_| serial(&mut served) == first), "{name}");
    }
}
