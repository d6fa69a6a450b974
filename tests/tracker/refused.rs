//! Lines that a gateway keeps to itself.

use ftp_proto::tracker::{Passed, Peer, Rewrite};
use ftp_proto::{Code, Reply, Verb};

use crate::*;

const NO: Reply<'static> = Reply::from_static(Code::FILE_UNAVAILABLE, "Not here.");

/// What goes on to the client and to the server where these verbs, and addresses that aren't expected, are refused; and how many bytes of
/// each came for it.
#[derive(Default, Debug)]
struct Out {
    to: [String; 2],
    came: [usize; 2],
    refused: Vec<bool>,
}

fn pass(rewrite: &mut Rewrite, lines: &[(Peer, &[u8])], verbs: &[Verb]) -> Out {
    let mut out = Out::default();
    for (from, bytes) in lines {
        rewrite.received(*from, bytes).unwrap();
        while let Some(passed) = rewrite.poll() {
            let refuse = match passed {
                Passed::Event(Event::Command { verb, .. }) => verbs.contains(&verb),
                Passed::Event(Event::Refused { .. }) => true,
                Passed::Event(_) => false,
                Passed::Address(address) => {
                    address.keep();
                    false
                }
                Passed::Bytes { to, bytes, came } => {
                    out.to[to as usize] += std::str::from_utf8(bytes).unwrap();
                    out.came[to.other() as usize] += came;
                    false
                }
            };
            if refuse {
                out.refused.push(rewrite.refuse(&NO));
            }
        }
    }
    out
}

fn holding() -> Rewrite {
    let mut rewrite = Rewrite::new(tracker()).holding_lines();
    let login: [(Peer, &[u8]); 3] =
        [(Peer::Server, b"220 ready\r\n"), (Peer::Client, b"USER anna\r\n"), (Peer::Server, b"230 in\r\n")];
    assert_eq!(pass(&mut rewrite, &login, &[]).to, ["220 ready\r\n230 in\r\n", "USER anna\r\n"]);
    rewrite
}

#[test]
fn a_refused_command_never_reaches_the_server_whatever_the_cuts() {
    for size in [1, 3, 100] {
        let bytes = b"NOOP\r\nDELE a\r\nPWD\r\n";
        let pieces: Vec<_> = bytes.chunks(size).map(|piece| (Peer::Client, piece)).collect();
        let mut rewrite = holding();
        let out = pass(&mut rewrite, &pieces, &[Verb::Dele]);
        assert_eq!((&out.to[..], &out.refused[..]), (&["".into(), "NOOP\r\nPWD\r\n".to_owned()][..], &[true][..]));
        // In its turn, and the replies answer what they should.
        let out = pass(&mut rewrite, &[(Peer::Server, b"200 ok\r\n257 \"/\"\r\n")], &[]);
        assert_eq!(out.to[0], "200 ok\r\n550 Not here.\r\n257 \"/\"\r\n", "pieces of {size}");
        assert!(rewrite.tracker().is_in_step());
    }
}

#[test]
fn what_is_not_whole_waits_and_the_rest_goes_on_byte_for_byte() {
    let mut rewrite = holding();
    assert_eq!(pass(&mut rewrite, &[(Peer::Client, b"STAT so")], &[]).to[1], "");
    let out = pass(&mut rewrite, &[(Peer::Client, b"me  \n")], &[]);
    assert_eq!((&out.to[1][..], out.came), ("STAT some  \n", [12, 0]));
    // Of who leaves amid a line, it never was a command.
    let out = pass(&mut rewrite, &[(Peer::Client, b"DELE a"), (Peer::Client, b"")], &[]);
    assert_eq!((&out.to[1][..], out.came), ("", [6, 0]));
}

#[test]
fn a_line_without_an_end_is_dropped_and_the_next_one_goes_on() {
    let mut rewrite = holding();
    let long = vec![b'x'; 1 << 20];
    let mut pieces: Vec<(Peer, &[u8])> = long.chunks(1 << 12).map(|piece| (Peer::Client, piece)).collect();
    pieces.push((Peer::Client, b"\r\nNOOP\r\n"));
    let out = pass(&mut rewrite, &pieces, &[]);
    assert_eq!(out.to, ["500 Line too long.\r\n", "NOOP\r\n"]);
    assert_eq!(out.came, [long.len() + 8, 0]);
}

#[test]
fn an_address_that_is_not_expected_can_be_refused_on_either_side() {
    let mut rewrite = holding();
    let out = pass(&mut rewrite, &[(Peer::Client, b"PORT 198,51,100,9,200,1\r\n")], &[]);
    assert_eq!((out.to, out.refused), (["550 Not here.\r\n".to_owned(), "".to_owned()], vec![true]));
    let stranger: [(Peer, &[u8]); 2] =
        [(Peer::Client, b"PASV\r\n"), (Peer::Server, b"227 ok (198,51,100,9,200,1)\r\n")];
    let out = pass(&mut rewrite, &stranger, &[]);
    assert_eq!((out.to, out.refused), (["550 Not here.\r\n".to_owned(), "PASV\r\n".to_owned()], vec![true]));
    assert_eq!(rewrite.tracker().expectations().count(), 0);
    assert!(rewrite.tracker().is_in_step());
}

#[test]
fn what_cannot_be_refused_is_not() {
    let mut rewrite = holding();
    assert!(!rewrite.refuse(&NO), "nothing was told");
    rewrite.received(Peer::Client, b"NOOP\r\n").unwrap();
    assert!(matches!(rewrite.poll(), Some(Passed::Event(Event::Command { .. }))));
    assert!(!rewrite.refuse(&Reply::from_static(Code::COMMAND_OKAY, "Done.")), "that is no refusal");
    rewrite.received(Peer::Server, b"200 ok\r\n").unwrap();
    let out = pass(&mut rewrite, &[], &[]);
    assert_eq!(out.to, ["", ""]);
    while rewrite.poll().is_some() {}
    // A part of a line has gone on, where lines aren't held.
    let mut rewrite = Rewrite::new(tracker());
    rewrite.received(Peer::Client, b"DE").unwrap();
    while rewrite.poll().is_some() {}
    let out = pass(&mut rewrite, &[(Peer::Client, b"LE a\r\n")], &[Verb::Dele]);
    assert_eq!((&out.to[1][..], &out.refused[..]), ("LE a\r\n", &[false][..]));
    // A reply that announces nothing is the server's.
    rewrite.received(Peer::Server, b"250 done\r\n").unwrap();
    assert!(matches!(rewrite.poll(), Some(Passed::Event(Event::Reply { .. }))));
    assert!(!rewrite.refuse(&NO));
}

/// A server that knows no Telnet would read what it hides.
#[test]
fn a_line_within_telnet_does_not_go_on() {
    let hidden: [&[u8]; 2] = [b"\xff\xfa\r\nDELE a\r\n\xff\xf0NOOP\r\n", b"\xff\xfa\nDELE a\n\xff\xf0PWD\r\n"];
    for bytes in hidden {
        for size in [1, 100] {
            let mut pieces: Vec<_> = bytes.chunks(size).map(|piece| (Peer::Client, piece)).collect();
            pieces.push((Peer::Client, b"SYST\r\n"));
            let out = pass(&mut holding(), &pieces, &[Verb::Dele]);
            assert_eq!(out.to, ["500 Syntax error.\r\n", "SYST\r\n"], "{} in pieces of {size}", bytes.escape_ascii());
            assert_eq!(out.came, [bytes.len() + 6, 0]);
        }
    }
    // Without anything to hide, Telnet goes on.
    let mut rewrite = holding();
    rewrite.received(Peer::Client, b"\xff\xfb\x01NOOP\r\n").unwrap();
    let mut sent = Vec::new();
    while let Some(passed) = rewrite.poll() {
        if let Passed::Bytes { bytes, .. } = passed {
            sent.extend_from_slice(bytes);
        }
    }
    assert_eq!(sent, b"\xff\xfb\x01NOOP\r\n");
}

/// The server has said nothing yet to the first command, so that the client's 550s wait, and their number is bounded.
#[test]
fn answers_that_wait_are_bounded() {
    let mut rewrite = holding();
    assert_eq!(pass(&mut rewrite, &[(Peer::Client, b"NOOP\r\n")], &[]).to[1], "NOOP\r\n");
    let mut pieces = 0;
    while rewrite.wants_input(Peer::Client) {
        let out = pass(&mut rewrite, &[(Peer::Client, &b"DELE a\r\n".repeat(100))], &[Verb::Dele]);
        assert_eq!(out.to, ["", ""]);
        pieces += 1;
        assert!(pieces < 200, "bounded");
    }
    let out = pass(&mut rewrite, &[(Peer::Server, b"200 ok\r\n")], &[Verb::Dele]);
    assert_eq!(out.to[0], "200 ok\r\n".to_owned() + &"550 Not here.\r\n".repeat(100 * pieces));
}

#[test]
fn a_refused_transfer_has_an_end_and_leaves_its_data_connection_to_the_next() {
    let mut rewrite = holding();
    pass(&mut rewrite, &[(Peer::Client, b"PASV\r\n"), (Peer::Server, b"227 (192,0,2,2,18,103)\r\n")], &[]);
    pass(&mut rewrite, &[(Peer::Client, b"REST 5\r\n"), (Peer::Server, b"350 ok\r\n")], &[]);
    let mut told = Vec::new();
    for turn in 0..10 {
        let line = if turn < 9 { &b"STOR a\r\n"[..] } else { b"RETR b\r\n" };
        rewrite.received(Peer::Client, line).unwrap();
        if turn == 9 {
            rewrite.received(Peer::Server, b"150 ok\r\n226 ok\r\n").unwrap();
        }
        loop {
            let refuse = match rewrite.poll() {
                None => break,
                Some(Passed::Event(event @ (Event::Begun(_) | Event::Ended(..) | Event::Withdrawn(..)))) => {
                    told.push(shown(&event));
                    false
                }
                Some(Passed::Event(Event::Command { verb, .. })) => verb == Verb::Stor,
                Some(_) => false,
            };
            if refuse {
                assert!(rewrite.refuse(&NO));
            }
        }
    }
    let refused = "ended STOR a from 5 by Client 550";
    let last = ["begun RETR b from 5 by Server", "ended RETR b from 5 by Server 226", "withdrawn 192.0.2.2:4711 Over"];
    assert_eq!(told, [&[refused; 9][..], &last].concat());
}
