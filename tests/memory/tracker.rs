//! What a tracker holds, and when it asks for memory.

use std::sync::Arc;

use ftp_proto::tracker::{Peer, Rewrite, Rules, Tracker};
use ftp_proto_rigs::counting::cost;

fn say(tracker: &mut Tracker, lines: &[&str]) {
    for line in lines {
        let from = if line.starts_with("C: ") { Peer::Client } else { Peer::Server };
        let mut wire = [0; 128];
        let text = &line.as_bytes()[3..];
        wire[..text.len()].copy_from_slice(text);
        wire[text.len()..text.len() + 2].copy_from_slice(b"\r\n");
        tracker.received(from, &wire[..text.len() + 2]);
        while tracker.poll().is_some() {}
    }
}

const LOGIN: [&str; 5] = ["S: 220 ready", "C: USER anonymous", "S: 331 password", "C: PASS a@example.com", "S: 230 in"];
const FILE: [&str; 5] =
    ["C: PASV", "S: 227 Entering (192,0,2,2,18,103)", "C: RETR a name", "S: 150 ok (5 bytes)", "S: 226 ok"];

fn logged_in() -> (isize, Tracker) {
    let rules = Arc::new(Rules::default());
    let (_, held, tracker) = cost(|| {
        let (client, server) = ("192.0.2.1:40000".parse().unwrap(), "192.0.2.2:21".parse().unwrap());
        let mut tracker = Tracker::new(rules.clone(), client, server);
        say(&mut tracker, &LOGIN);
        tracker
    });
    (held, tracker)
}

#[test]
fn an_idle_tracker_is_below_a_kibibyte_also_behind_a_transfer_and_a_long_reply() {
    let fixed = size_of::<Tracker>();
    let (mut held, mut tracker) = logged_in();
    println!("tracker, logged in and idle: {fixed} + {held} bytes");
    assert!(fixed + held.unsigned_abs() < 1024, "{fixed} + {held} bytes");
    held += cost(|| say(&mut tracker, &FILE)).1;
    println!("after a transfer: {fixed} + {held} bytes");
    assert!(fixed + held.unsigned_abs() < 1024, "after a transfer: {fixed} + {held} bytes");
    let reply = [&b"211-Features:\r\n"[..], &b" SOMETHING\r\n".repeat(2000), b"211 End\r\n"].concat();
    held += cost(|| {
        say(&mut tracker, &["C: FEAT"]);
        tracker.received(Peer::Server, &reply);
        while tracker.poll().is_some() {}
    })
    .1;
    println!("after a long reply: {fixed} + {held} bytes");
    assert!(fixed + held.unsigned_abs() < 1024, "after a long reply: {fixed} + {held} bytes");
}

/// Cut anywhere, with Telnet, many commands at once, and a long reply between two halves of a command: what was needed is given back.
#[test]
fn an_idle_tracker_is_below_a_kibibyte_whatever_it_has_seen() {
    let rules = Arc::new(Rules::default());
    let fixed = size_of::<Tracker>();
    let (client, server) = ("[2001:db8::1]:40000".parse().unwrap(), "[2001:db8::2]:21".parse().unwrap());
    let name = "n".repeat(80);
    let path = "p".repeat(64);
    let features = format!("211-Features:\r\n{}211 End\r\n", " SOMETHING\r\n".repeat(2000));
    let many = format!("EPSV\r\nRETR {path}\r\n").repeat(8);
    let answers = "229 Entering (|||40115|)\r\n150 ok (5 bytes)\r\n226 ok\r\n".repeat(8);
    let negotiation = (0..40).flat_map(|option| [0xff, 0xfb, option]).collect::<Vec<u8>>();
    let dialogue: [(Peer, &[u8]); 15] = [
        (Peer::Server, b"220 ready\r\n"),
        (Peer::Client, &[b"USER ", name.as_bytes(), b"\r\n"].concat()),
        (Peer::Server, b"331 password\r\n"),
        (Peer::Client, &[&negotiation, &b"NOOP\r\n"[..]].concat()),
        (Peer::Server, &[&negotiation, &b"200 ok\r\n"[..]].concat()),
        (Peer::Client, b"PASS \xff\xf1word\r\n"),
        (Peer::Server, b"230 \xff\xf1in\r\n"),
        (Peer::Client, &[b"CWD ", path.as_bytes(), b"\r\nFE"].concat()),
        (
            Peer::Server,
            &[b"250 now ", path.as_bytes(), b" is the current directory, and there is more to say\r\n"].concat(),
        ),
        (Peer::Client, b"AT\r\n"),
        (Peer::Server, features.as_bytes()),
        (Peer::Client, many.as_bytes()),
        (Peer::Server, answers.as_bytes()),
        (Peer::Client, &b"NOOP\r\n".repeat(64)),
        (Peer::Server, &b"200 ok\r\n".repeat(64)),
    ];
    for cut in [1, 7, 100, usize::MAX] {
        let (_, held, tracker) = cost(|| {
            let mut tracker = Tracker::new(rules.clone(), client, server);
            for (from, bytes) in &dialogue {
                for piece in bytes.chunks(cut) {
                    tracker.received(*from, piece);
                    while tracker.poll().is_some() {}
                }
            }
            tracker
        });
        println!("pieces of {cut}: {fixed} + {held} bytes");
        assert!(tracker.is_in_step() && tracker.user() == Some(name.as_bytes()), "{:?}", tracker);
        assert!(fixed + held.unsigned_abs() < 1024, "pieces of {cut}: {fixed} + {held} bytes");
    }
}

#[test]
fn a_line_allocates_nothing_and_a_transfer_only_its_path() {
    let (_, mut tracker) = logged_in();
    let lines = [
        "C: NOOP",
        "S: 200 ok",
        "C: CWD a",
        "S: 250 ok",
        "C: TYPE I",
        "S: 200 ok",
        "C: SIZE f",
        "S: 213 5",
        "C: EPSV",
        "S: 500 no",
    ];
    say(&mut tracker, &lines);
    say(&mut tracker, &FILE);
    assert_eq!(cost(|| (0..100).for_each(|_| say(&mut tracker, &lines))).0, 0);
    let (asked, held, ()) = cost(|| (0..100).for_each(|_| say(&mut tracker, &FILE)));
    assert_eq!((asked, held), (100, 0), "its path is kept until it has ended");
    let list = [FILE[0], FILE[1], "C: LIST", FILE[3], FILE[4]];
    assert_eq!(cost(|| (0..100).for_each(|_| say(&mut tracker, &list))).0, 0, "it names no path");
}

/// Nor where each line comes in two pieces, or several at once.
#[test]
fn a_line_that_is_cut_allocates_nothing_either() {
    let (_, mut tracker) = logged_in();
    let lines = b"NOOP\r\nCWD a-directory-with-a-name-of-some-length/and-one-within\r\n";
    let replies = b"200 ok\r\n250 a-directory-with-a-name-of-some-length/and-one-within is the current directory\r\n";
    let mut say = |cut: usize| {
        for (from, bytes) in [(Peer::Client, &lines[..]), (Peer::Server, &replies[..])] {
            for piece in bytes.chunks(cut) {
                tracker.received(from, piece);
                while tracker.poll().is_some() {}
            }
        }
    };
    for cut in [1, 5, 50, 1000] {
        say(cut);
        assert_eq!(cost(|| (0..100).for_each(|_| say(cut))).0, 0, "pieces of {cut}");
    }
}

/// What goes through it is copied into room that is there already.
#[test]
fn a_line_that_goes_through_allocates_nothing_either() {
    let (client, server) = ("192.0.2.1:40000".parse().unwrap(), "192.0.2.2:21".parse().unwrap());
    let mut rewrite = Rewrite::new(Tracker::new(Arc::default(), client, server));
    let mut pass = |lines: &[(Peer, &[u8])]| {
        for (from, line) in lines {
            rewrite.received(*from, line).unwrap();
            while let Some(passed) = rewrite.poll() {
                drop(std::hint::black_box(passed));
            }
        }
    };
    pass(&[(Peer::Server, b"220 ready\r\n"), (Peer::Client, b"USER a\r\n"), (Peer::Server, b"230 in\r\n")]);
    let lines: [(Peer, &[u8]); 4] = [
        (Peer::Client, b"NOOP\r\n"),
        (Peer::Server, b"200 ok\r\n"),
        (Peer::Client, b"CWD a\r\nPWD\r\n"),
        (Peer::Server, b"250 ok\r\n257 \"/\"\r\n"),
    ];
    pass(&lines);
    pass(&lines);
    assert_eq!(cost(|| (0..100).for_each(|_| pass(&lines))).0, 0);
}

#[test]
fn what_never_ends_holds_no_more_than_the_rules_allow() {
    let (_, mut tracker) = logged_in();
    let (_, held, ()) = cost(|| {
        for _ in 0..10_000 {
            tracker.received(Peer::Client, &[b'x'; 1000]);
            while tracker.poll().is_some() {}
        }
    });
    assert!(held < 3 * 4096, "{held} bytes of a line");
    let (_, held, ()) = cost(|| {
        tracker.received(Peer::Server, b"211-begin\r\n");
        for _ in 0..10_000 {
            tracker.received(Peer::Server, &[b'x'; 1000]);
            tracker.received(Peer::Server, b"\r\n");
            while tracker.poll().is_some() {}
        }
    });
    assert!(held < 2 * 64 * 4096, "{held} bytes of a reply");
    let (_, mut tracker) = logged_in();
    let (_, held, ()) = cost(|| {
        for _ in 0..10_000 {
            say(&mut tracker, &["C: PORT 192,0,2,1,18,103", "C: RETR a-name-of-a-file-that-is-rather-long"]);
        }
    });
    assert!(held < 8192, "{held} bytes of what is due");
}

/// Also of what was said while no more could be kept in mind.
#[test]
fn what_was_beyond_the_limit_is_not_kept_for_ever() {
    let (mut held, mut tracker) = logged_in();
    let rules_and_tracker = size_of::<Tracker>();
    held += cost(|| {
        for _ in 0..64 {
            say(&mut tracker, &["C: NOOP"]);
        }
        for port in 1..=200 {
            say(&mut tracker, &[&format!("C: PORT 192,0,2,1,10,{port}"), "C: RETR a name of some length"]);
        }
        for _ in 0..64 {
            say(&mut tracker, &["S: 200 ok"]);
        }
        for _ in 0..200 {
            say(&mut tracker, &["S: 200 ok", "S: 150 ok", "S: 226 ok"]);
        }
        for _ in 0..4 {
            say(&mut tracker, &["C: NOOP", "S: 200 ok", "C: PWD", "S: 257 \"/\""]);
        }
    })
    .1;
    assert!(tracker.is_in_step());
    assert!(rules_and_tracker + held.unsigned_abs() < 1024, "{rules_and_tracker} + {held} bytes");
}

/// The last refusal isn't kept once it was told.
#[test]
fn an_idle_tracker_is_below_a_kibibyte_also_behind_a_refused_address() {
    let rules = Arc::new(Rules::default());
    let (client, server) = ("192.0.2.1:40000".parse().unwrap(), "192.0.2.2:21".parse().unwrap());
    let (_, held, _tracker) = cost(|| {
        let mut tracker = Tracker::new(rules.clone(), client, server);
        let user = format!("C: USER {}", "u".repeat(80));
        say(&mut tracker, &["S: 220 ready", &user, "S: 230 in"]);
        say(&mut tracker, &["C: PORT 1,2,3,4,5,6", "S: 500 no"]);
        tracker.received(Peer::Client, b"RETR x\r\nRETR x\r\nRETR x\r\nRETR x\r\nRETR x\r\nRETR x\r\nRETR x\r\nRETR x\r\nRETR x\r\nRETR x\r\nRETR x\r\nRETR x\r\n");
        while tracker.poll().is_some() {}
        for _ in 0..12 {
            say(&mut tracker, &["S: 550 no"]);
        }
        tracker
    });
    let fixed = size_of::<Tracker>();
    assert!(fixed + held.unsigned_abs() < 1024, "{fixed} + {held} bytes");
}
