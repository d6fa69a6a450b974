//! TLS hides what is said, and CCC ends that.

use ftp_proto::tracker::Peer;

use crate::*;

fn record(kind: u8, fragment: &[u8]) -> Vec<u8> {
    let length = u16::try_from(fragment.len()).unwrap().to_be_bytes();
    [&[kind, 3, 3], &length[..], fragment].concat()
}

#[test]
fn it_is_blind_once_auth_is_accepted() {
    let mut tracker = logged_in();
    say(&mut tracker, &["C: EPSV", "S: 229 (|||4711|)"]);
    let told = say(&mut tracker, &["C: AUTH TLS", "S: 234 go"]);
    assert_eq!(told, ["> AUTH", "< AUTH 234", "withdrawn 192.0.2.2:4711 Ended", "blind"]);
    assert!(tracker.is_blind());
    assert_eq!(tracker.login(), None);
    let hello = record(22, b"\r\nPORT 192,0,2,1,18,103\r\n");
    assert_eq!(bytes(&mut tracker, Peer::Client, &hello), [""; 0]);
    assert_eq!(bytes(&mut tracker, Peer::Server, &hello), [""; 0]);
    assert!(tracker.is_blind());
}

#[test]
fn a_refused_auth_changes_nothing() {
    let mut tracker = tracker();
    say(&mut tracker, &["S: 220 ready", "C: AUTH TLS", "S: 530 no"]);
    assert!(!tracker.is_blind());
    assert_eq!(say(&mut tracker, &["C: USER a", "S: 230 in"]).last().unwrap(), "logged in a");
}

#[test]
fn tls_from_the_start_is_seen() {
    let mut tracker = tracker();
    assert_eq!(bytes(&mut tracker, Peer::Client, &record(22, b"hello")), ["blind"]);
    assert_eq!(bytes(&mut tracker, Peer::Server, &record(22, b"220 ready\r\n")), [""; 0]);
    // But not from a client whose server has spoken already: it would hide from whoever looks on.
    let mut tracker = crate::tracker();
    say(&mut tracker, &["S: 220 ready"]);
    assert_eq!(bytes(&mut tracker, Peer::Client, b"\x16\x03\x01\r\nUSER a\r\n"), ["> ", "> USER"]);
    assert!(!tracker.is_blind());
}

#[test]
fn ccc_gives_it_sight_again_whatever_the_cuts() {
    let tls = [record(22, &[7; 200]), record(23, b"CCC\r\n"), record(21, b"ab")].concat();
    for size in [1, 3, 1000] {
        let mut tracker = tracker();
        say(&mut tracker, &["S: 220 ready", "C: AUTH TLS", "S: 234 go"]);
        let client = [&tls[..], b"TYPE I\r\n"].concat();
        let mut told = Vec::new();
        tls.chunks(size).for_each(|piece| told.extend(bytes(&mut tracker, Peer::Server, piece)));
        client.chunks(size).for_each(|piece| told.extend(bytes(&mut tracker, Peer::Client, piece)));
        assert_eq!(told, ["sight", "> TYPE"], "pieces of {size}");
        let told = say(&mut tracker, &["S: 200 Type set to I", "C: EPSV", "S: 229 (|||4711|)"]);
        assert_eq!(
            told,
            ["< TYPE 200", "> EPSV", "< EPSV 229", "expect Client 192.0.2.1 to 192.0.2.2:4711 protected?"]
        );
    }
}

#[test]
fn nothing_is_seen_of_tls_of_which_a_part_is_missing() {
    let mut tracker = tracker();
    say(&mut tracker, &["S: 220 ready", "C: AUTH TLS", "S: 234 go"]);
    bytes(&mut tracker, Peer::Client, &record(22, b"hello"));
    tracker.gap(Peer::Client, 10);
    assert_eq!(say(&mut tracker, &["C: PORT 192,0,2,1,18,103"]), [""; 0]);
}

/// It says nothing in the clear but what it was asked in the clear. The client's own bytes don't tell, if a part of its TLS is missing.
#[test]
fn once_the_server_is_in_the_clear_the_client_is() {
    let mut tracker = tracker();
    say(&mut tracker, &["S: 220 ready", "C: AUTH TLS", "S: 234 go"]);
    for side in [Peer::Client, Peer::Server] {
        bytes(&mut tracker, side, &record(22, b"hello"));
    }
    tracker.gap(Peer::Client, u64::MAX);
    bytes(&mut tracker, Peer::Server, &record(23, b"200 cleared"));
    assert_eq!(say(&mut tracker, &["C: PWD"]), [""; 0]);
    assert_eq!(say(&mut tracker, &["S: 257 \"/\""]), ["sight", "< ? 257"]);
    let told = say(&mut tracker, &["C: PORT 192,0,2,1,18,103", "S: 200 PORT ok", "C: EPSV", "S: 229 (|||4711|)"]);
    assert_eq!(told[..4], ["> PORT", "refused 192.0.2.1:4711 NotWhole", "< PORT 200", "found"]);
    assert_eq!(told.last().unwrap(), "expect Client 192.0.2.1 to 192.0.2.2:4711 protected?");
}

#[test]
fn what_is_missing_within_a_record_hides_no_end() {
    let hello = record(22, &[7; 200]);
    let mut tracker = tracker();
    say(&mut tracker, &["S: 220 ready", "C: AUTH TLS", "S: 234 go"]);
    bytes(&mut tracker, Peer::Client, &hello[..50]);
    tracker.gap(Peer::Client, 100);
    bytes(&mut tracker, Peer::Client, &hello[150..]);
    // To the last byte of a record.
    bytes(&mut tracker, Peer::Client, &hello[..50]);
    tracker.gap(Peer::Client, 155);
    assert_eq!(bytes(&mut tracker, Peer::Client, b"TYPE I\r\n"), ["sight", "> TYPE"]);
    for gap in [156, u64::MAX] {
        let mut tracker = crate::tracker();
        say(&mut tracker, &["S: 220 ready", "C: AUTH TLS", "S: 234 go"]);
        bytes(&mut tracker, Peer::Client, &hello[..50]);
        tracker.gap(Peer::Client, gap);
        assert_eq!(bytes(&mut tracker, Peer::Client, b"TYPE I\r\n"), [""; 0], "beyond the record");
    }
}

#[test]
fn an_auth_that_was_missed_hides_as_well() {
    let mut tracker = tracker();
    assert_eq!(say(&mut tracker, &["S: 220 ready", "S: 234 go"]), ["< greeting 220", "< ? 234", "lost Unsolicited"]);
    let tls = [record(22, b"\nhello"), record(23, b"CCC\r\n")].concat();
    assert_eq!(bytes(&mut tracker, Peer::Client, &tls), ["blind"]);
    assert_eq!(bytes(&mut tracker, Peer::Server, &tls), [""; 0]);
    assert_eq!(say(&mut tracker, &["C: TYPE I"]), ["sight", "> TYPE"]);
    // Only if TLS begins.
    let mut tracker = crate::tracker();
    say(&mut tracker, &["S: 220 ready", "S: 234 go"]);
    assert_eq!(say(&mut tracker, &["C: NOOP", "S: 200 ok"]), ["> NOOP", "< NOOP 200", "found"]);
    assert!(bytes(&mut tracker, Peer::Client, &record(22, b"a\n"))[0].starts_with("> "));
    // Joined between the two.
    let mut tracker = joined();
    say(&mut tracker, &["S: 234 go"]);
    assert_eq!(bytes(&mut tracker, Peer::Client, &tls), ["blind"]);
}

#[test]
fn a_234_that_was_missed_hides_once_the_server_speaks_tls() {
    let hello = record(22, b"some\nlines\r\nand others");
    for size in [1, 7, 1000] {
        let mut tracker = tracker();
        say(&mut tracker, &["S: 220 ready", "C: AUTH TLS"]);
        hello.chunks(size).for_each(|piece| drop(bytes(&mut tracker, Peer::Client, piece)));
        let told: Vec<_> = hello.chunks(size).flat_map(|piece| bytes(&mut tracker, Peer::Server, piece)).collect();
        assert_eq!(told, ["blind"], "pieces of {size}");
        for side in [Peer::Client, Peer::Server] {
            assert_eq!(
                bytes(&mut tracker, side, b"\n227 (192\0,0,2,2,18,103)\nPORT 192\x80,0,2,1\r\n200 ok\r\n"),
                [""; 0]
            );
        }
        assert_eq!(bytes(&mut tracker, Peer::Client, b"PORT 192,0,2,1,18,103\r\n"), [""; 0]);
        // What is sent there in the clear tells that TLS has ended.
        let text = b"227 (192,0,2,2,18,103)\r\n";
        let told: Vec<_> = text.chunks(size).flat_map(|piece| bytes(&mut tracker, Peer::Server, piece)).collect();
        assert_eq!(told, ["sight"], "pieces of {size}");
    }
    // Amid a session that the tracker joins.
    let mut tracker = joined();
    bytes(&mut tracker, Peer::Client, b"rest of a record");
    assert_eq!(bytes(&mut tracker, Peer::Server, &hello), ["blind"]);
}

/// The server's text tells, where a part of its TLS is missing: behind its first line of some length it is read, and so is the client.
#[test]
fn text_behind_tls_of_which_a_part_is_missing_gives_sight_again() {
    let cleared = record(23, b"200 cleared\r\n");
    for size in [1, 3, 1000] {
        let mut tracker = tracker();
        say(&mut tracker, &["S: 220 ready", "C: AUTH TLS", "S: 234 go"]);
        for side in [Peer::Client, Peer::Server] {
            bytes(&mut tracker, side, &record(22, b"hello"));
        }
        let served = |tracker: &mut _, line: &str| -> Vec<_> {
            line.as_bytes().chunks(size).flat_map(|piece| bytes(tracker, Peer::Server, piece)).collect()
        };
        tracker.gap(Peer::Server, u64::MAX);
        assert_eq!(
            served(&mut tracker, std::str::from_utf8(&cleared[5..]).unwrap()),
            [""; 0],
            "short, pieces of {size}"
        );
        // The client is in the clear first, and says so.
        assert_eq!(say(&mut tracker, &["C: PASV"]), ["sight", "> PASV"]);
        assert_eq!(served(&mut tracker, "227 Entering Passive Mode (192,0,2,2,18,103)\r\n"), [""; 0]);
        assert_eq!(say(&mut tracker, &["C: PWD"]), ["> PWD"]);
        assert_eq!(
            served(&mut tracker, "257 \"/\" is the current directory\r\n"),
            ["< PWD 257", "found"],
            "pieces of {size}"
        );
        say(&mut tracker, &["C: EPSV"]);
        let told = served(&mut tracker, "229 Entering Extended Passive Mode (|||4711|)\r\n");
        assert_eq!(told, ["< EPSV 229", "expect Client 192.0.2.1 to 192.0.2.2:4711 protected?"]);
    }
    // Both sides' TLS is missing in part: the server's text tells for both.
    let mut tracker = tracker();
    say(&mut tracker, &["S: 220 ready", "C: AUTH TLS", "S: 234 go"]);
    for side in [Peer::Client, Peer::Server] {
        bytes(&mut tracker, side, &record(22, b"hello"));
        tracker.gap(side, u64::MAX);
    }
    assert_eq!(say(&mut tracker, &["C: USER anna the client"]), [""; 0]);
    assert_eq!(say(&mut tracker, &["S: 331 Password required."]), ["sight"]);
    assert_eq!(say(&mut tracker, &["C: PASS secret", "C: PWD"]).len(), 2);
    // What should be TLS and never was isn't read, whatever it says.
    let mut tracker = crate::tracker();
    say(&mut tracker, &["S: 220 ready", "C: AUTH TLS", "S: 234 go"]);
    assert_eq!(say(&mut tracker, &["S: 230 Logged in, proceed.", "S: 230 Logged in, proceed."]), [""; 0]);
}
