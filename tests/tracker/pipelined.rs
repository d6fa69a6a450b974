//! A client that doesn't wait for the login's reply before it announces a data connection.

use ftp_proto::tracker::{Peer, Rewrite};

use crate::rewrite::{Out, one, pass};
use crate::*;

/// A client that doesn't wait says PORT before it knows whether it is logged in (lftp with `sync-mode off`).
#[test]
fn what_is_announced_behind_a_login_without_an_answer_is_expected_once_that_succeeds() {
    let port = "C: PORT 192,0,2,1,18,103";
    let mut tracker = tracker();
    let told = say_data(&mut tracker, &["S: 220 ready", "C: USER anna", "C: PASS secret", port, "C: LIST"]);
    assert_eq!(told, [""; 0]);
    assert_eq!(tracker.expectations().count(), 0);
    assert_eq!(say_data(&mut tracker, &["S: 331 password"]), [""; 0]);
    let expected = "expect Server 192.0.2.2 to 192.0.2.1:4711 for LIST";
    assert_eq!(say_data(&mut tracker, &["S: 230 in"]), ["logged in anna", expected]);
    let told = say_data(&mut tracker, &["S: 200 ok", "S: 150 go", "S: 226 done"]);
    assert_eq!(told, ["begun LIST by Server", "ended LIST by Server 226", "withdrawn 192.0.2.1:4711 Over"]);
    // A password isn't asked for; or an account is.
    for (login, replies) in [
        (&["C: USER anna", "C: PASS secret"][..], &["S: 230 in"][..]),
        (&["C: USER anna", "C: PASS secret", "C: ACCT a"], &["S: 331 password", "S: 332 account", "S: 230 in"]),
    ] {
        let mut tracker = crate::tracker();
        say(&mut tracker, &["S: 220 ready"]);
        assert_eq!(say_data(&mut tracker, &[login, &[port]].concat()), [""; 0]);
        let told = say_data(&mut tracker, replies);
        assert_eq!(told, ["logged in anna", "expect Server 192.0.2.2 to 192.0.2.1:4711"], "{login:?}");
    }
}

#[test]
fn what_is_announced_behind_a_login_that_fails_is_not_expected() {
    let begin = ["S: 220 ready", "C: USER anna", "C: PASS secret"];
    let port = "C: PORT 192,0,2,1,18,103";
    let refused = "refused 192.0.2.1:4711 NotLoggedIn";
    for reply in ["S: 530 no", "S: 332 account", "S: 421 bye"] {
        let mut tracker = tracker();
        assert_eq!(say_data(&mut tracker, &[&begin[..], &[port, "S: 331 password"]].concat()), [""; 0]);
        assert_eq!(say_data(&mut tracker, &[reply]), [refused], "{reply}");
        assert_eq!(say_data(&mut tracker, &["S: 200 PORT ok"]), [""; 0], "{reply}");
    }
    // Which of the two it answers is known only with the next.
    let mut tracker = crate::tracker();
    say(&mut tracker, &begin);
    let told = say_data(&mut tracker, &["S: 331 password", port, "S: 530 no", "S: 530 login first"]);
    assert_eq!(told, ["lost Ambiguous", "answered 530", "found"]);
    // The objections to any other remain.
    for (line, why) in [
        ("PORT 192,0,2,1,0,20", "refused 192.0.2.1:20 LowPort"),
        ("PORT 10,0,0,1,18,103", "refused 10.0.0.1:4711 Stranger"),
    ] {
        let mut tracker = crate::tracker();
        assert_eq!(say_data(&mut tracker, &[&begin[..], &[&format!("C: {line}")]].concat()), [""; 0]);
        assert_eq!(say_data(&mut tracker, &["S: 331 password", "S: 230 in"]), ["logged in anna", why]);
    }
    // A page that has its browser post a login and a PORT.
    let mut tracker = crate::tracker();
    let told = say_data(&mut tracker, &["S: 220 ready", "C: POST / HTTP/1.1", "C: USER anna", "C: PASS secret", port]);
    assert_eq!(told, [""; 0]);
    let told = say_data(&mut tracker, &["S: 500 what", "S: 331 password", "S: 230 in"]);
    assert_eq!(told, ["logged in anna", "refused 192.0.2.1:4711 OtherProtocol"]);
    // Behind a USER alone.
    let mut tracker = crate::tracker();
    assert_eq!(say_data(&mut tracker, &["S: 220 ready", "C: USER anna", port, "S: 331 password"]), [refused]);
    assert_eq!(say_data(&mut tracker, &["S: 530 login first", "C: PASS secret", "S: 230 in"]), ["logged in anna"]);
}

#[test]
fn what_waits_for_a_login_ends_with_the_session_or_its_own_refusal() {
    let begin = ["S: 220 ready", "C: USER anna", "C: PASS secret", "C: PORT 192,0,2,1,18,103"];
    for side in [Peer::Client, Peer::Server] {
        let mut tracker = tracker();
        say(&mut tracker, &begin);
        assert_eq!(bytes(&mut tracker, side, b""), [""; 0]);
    }
    // Another takes its place before the login is answered.
    let mut tracker = tracker();
    assert_eq!(say_data(&mut tracker, &begin), [""; 0]);
    assert_eq!(say_data(&mut tracker, &["C: PORT 192,0,2,1,18,104", "S: 331 password", "S: 230 in"]).len(), 3);
    let told = say_data(&mut tracker, &["S: 200 ok", "S: 200 ok"]);
    assert_eq!(told, ["withdrawn 192.0.2.1:4711 Replaced"]);
}

/// A client that doesn't wait says PORT before the login is answered. The server has to answer that first, so the line can wait.
#[test]
fn an_address_behind_a_login_without_an_answer_waits_for_it() {
    let all = b"USER anna\r\nPASS secret\r\nSYST\r\nport 192,0,2,1,18,103\r\nLIST\r\n";
    for size in [1, 3, 1000] {
        for (reply, behind) in
            [("230 in", r"port 203,0,113,7,195,80\r\nLIST\r\n"), ("530 no", r"port 192,0,2,1,18,103\r\nLIST\r\n")]
        {
            let mut rewrite = Rewrite::new(tracker());
            let new = "203.0.113.7:50000";
            one(&mut rewrite, Peer::Server, b"220 ready\r\n", None);
            let mut say = |from, bytes: &[u8]| -> Out {
                let mut out = Out::default();
                bytes.chunks(size).for_each(|piece| pass(&mut rewrite, from, piece, Some(at(new)), &mut out));
                out
            };
            assert_eq!(say(Peer::Client, all).server, r"USER anna\r\nPASS secret\r\nSYST\r\n");
            assert_eq!(say(Peer::Server, b"331 password\r\n").server, "");
            let out = say(Peer::Server, format!("{reply}\r\n").as_bytes());
            assert_eq!((&out.server[..], out.questions), (behind, usize::from(reply.starts_with('2'))), "{size}");
        }
    }
    // It waits for nothing else: not for a server that has closed its side, nor where step is lost.
    let begin = "USER anna\r\nPASS secret\r\n";
    for lost in [false, true] {
        let mut rewrite = Rewrite::new(tracker());
        let out = one(&mut rewrite, Peer::Client, format!("{begin}PORT 192,0,2,1,18,103\r\n").as_bytes(), None);
        assert_eq!(out.server, begin.escape_default().to_string());
        let out = if lost {
            rewrite.gap(Peer::Server, 20);
            one(&mut rewrite, Peer::Server, b"\r\n", None)
        } else {
            one(&mut rewrite, Peer::Server, b"", None)
        };
        assert_eq!(out.server, r"PORT 192,0,2,1,18,103\r\n");
    }
}
