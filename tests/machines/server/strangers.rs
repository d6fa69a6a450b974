//! PORT, EPRT and LPRT towards another host than the client's: by policy, in every family of addresses.

use std::net::SocketAddr;

use ftp_proto::server::Config;
use ftp_proto_rigs::server::{Rig, codes, connects, with};

const FOUR: [&str; 2] = ["192.0.2.2:21", "192.0.2.1:40000"];
const SIX: [&str; 2] = ["[2001:db8::2]:21", "[2001:db8::1]:40000"];

const LPRT_SIX_9: &str = "LPRT 6,16,32,1,13,184,0,0,0,0,0,0,0,0,0,0,0,9,2,19,137";
const LPRT_SIX_9_SERVICE: &str = "LPRT 6,16,32,1,13,184,0,0,0,0,0,0,0,0,0,0,0,9,2,3,255";

/// The command, and where it leads if it may.
type Case = (&'static str, &'static str);

const STRANGERS: [Case; 6] = [
    ("PORT 203,0,113,9,19,137", "203.0.113.9:5001"),
    ("EPRT |1|203.0.113.9|5001|", "203.0.113.9:5001"),
    ("EPRT |2|2001:db8::9|5001|", "[2001:db8::9]:5001"),
    ("EPRT |2|::ffff:203.0.113.9|5001|", "203.0.113.9:5001"),
    ("LPRT 4,4,203,0,113,9,2,19,137", "203.0.113.9:5001"),
    (LPRT_SIX_9, "[2001:db8::9]:5001"),
];

fn between(ends: [&str; 2], config: Config) -> Rig {
    Rig::between(config, ends[0], ends[1]).greet().log_in()
}

fn open() -> Config {
    with(|config| config.active.strangers = true)
}

#[test]
fn where_strangers_are_allowed_the_server_connects_to_them() {
    for ends in [FOUR, SIX] {
        for (line, target) in STRANGERS {
            let mut rig = between(ends, open());
            assert_eq!(codes(&rig.hears(line)), [200], "{line}");
            let did = rig.hears("RETR f");
            assert_eq!(connects(&did), [target.parse::<SocketAddr>().unwrap()], "{line}");
            assert_eq!(codes(&did), [150, 226], "{line}");
        }
    }
}

#[test]
fn by_default_no_way_leads_to_a_stranger_and_the_family_decides_the_words() {
    let words = |line: &str, ends: [&str; 2]| {
        let six = line.contains("2001:db8");
        let six = six || line.starts_with("LPRT 6");
        match (&line[..4], six == (ends == SIX)) {
            ("PORT", _) => "500 Illegal PORT command.",
            ("EPRT", true) => "500 Illegal EPRT command.",
            ("EPRT", false) if ends == SIX => "522 Network protocol not supported, use (2)",
            ("EPRT", false) => "522 Network protocol not supported, use (1)",
            (_, true) => "500 Illegal LPRT command.",
            (_, false) if ends == SIX => "521 Supported address families are (6)",
            (_, false) => "521 Supported address families are (4)",
        }
    };
    for ends in [FOUR, SIX] {
        for (line, _) in STRANGERS {
            let mut rig = between(ends, Config::default());
            assert_eq!(rig.says(line), words(line, ends), "{line} over {ends:?}");
            assert_eq!(rig.says("RETR f"), "425 Use PORT or PASV first.", "{line}");
        }
    }
}

#[test]
fn a_refused_port_leaves_the_one_before_it() {
    for (line, _) in STRANGERS {
        let mut rig = between(FOUR, Config::default());
        rig.hears("PORT 192,0,2,1,19,138");
        rig.hears(line);
        assert_eq!(connects(&rig.hears("RETR f")), ["192.0.2.1:5002".parse().unwrap()], "{line}");
    }
}

#[test]
fn families_that_nobody_knows_are_answered_with_those_that_are() {
    let table = [
        (FOUR, Config::default as fn() -> Config, "521 Supported address families are (4)", "(1)"),
        (SIX, Config::default, "521 Supported address families are (6)", "(2)"),
        (FOUR, open, "521 Supported address families are (4,6)", "(1,2)"),
        (SIX, open, "521 Supported address families are (4,6)", "(1,2)"),
    ];
    for (ends, config, long, extended) in table {
        let extended = format!("522 Network protocol not supported, use {extended}");
        between(ends, config()).answers(&[("LPRT 5,4,1,2,3,4,2,5,67", long), ("EPRT |3|x|5001|", &extended)]);
    }
    // EPSV is about this server's own sockets, whoever may be called.
    between(FOUR, open()).answers(&[("EPSV 2", "522 Network protocol not supported, use (1)")]);
}

#[test]
fn a_service_port_is_none_and_that_is_a_choice_of_its_own() {
    let services = [
        ("PORT 192,0,2,1,3,255", "PORT"),
        ("EPRT |1|192.0.2.1|1023|", "EPRT"),
        ("LPRT 4,4,192,0,2,1,2,3,255", "LPRT"),
        (LPRT_SIX_9_SERVICE, "LPRT"),
    ];
    for (line, word) in services {
        let illegal = format!("500 Illegal {word} command.");
        between(FOUR, open()).answers(&[(line, &illegal)]);
        let both = with(|config| (config.active.strangers, config.active.privileged_ports) = (true, true));
        assert_eq!(codes(&between(FOUR, both).hears(line)), [200], "{line}");
    }
    for line in ["PORT 192,0,2,1,4,0", "EPRT |1|192.0.2.1|1024|", "LPRT 4,4,192,0,2,1,2,4,0"] {
        assert_eq!(codes(&between(FOUR, Config::default()).hears(line)), [200], "{line}");
    }
    // Where active mode is off, nothing else matters.
    for (line, _) in STRANGERS.into_iter().chain(services) {
        let off = with(|config| (config.active.enabled, config.active.strangers) = (false, true));
        between(FOUR, off).answers(&[(line, "550 Permission denied.")]);
    }
}
