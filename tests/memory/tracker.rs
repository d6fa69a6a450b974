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

#[test]
fn a_line_allocates_nothing_and_a_transfer_only_a_long_path() {
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
    assert_eq!((asked, held), (0, 0), "a path has the room of the one before it");
    let long = format!("C: RETR {}", "x".repeat(80));
    let file = [FILE[0], FILE[1], &long, FILE[3], FILE[4]];
    say(&mut tracker, &file);
    let (asked, held, ()) = cost(|| (0..100).for_each(|_| say(&mut tracker, &file)));
    assert_eq!((asked, held), (100, 0), "no room is kept for a long one");
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
