//! ABOR at every state, in each of the ways that clients send it; the end of the input and QUIT amid a transfer.

mod common;

use std::time::Duration;

use common::dialogue::{Dialogue, logged_in};
use ftp_proto::server::{Action, Config};
use ftp_proto::{Instant, StreamEnd};

/// Bare; with IP and Synch; without the mark that the system took out; IP alone; DM alone.
const ABORTS: [&[u8]; 5] =
    [b"ABOR\r\n", b"\xff\xf4\xff\xf2ABOR\r\n", b"\xff\xf4\xffABOR\r\n", b"\xff\xf4ABOR\r\n", b"\xff\xf2ABOR\r\n"];

const NOTHING: &str = "225 No transfer to ABOR.\n";
const STOPPED: &str = "426 Transfer aborted.\n226 Abort successful.\n";

/// The ways in which an ABOR is said to a session that `begin` has brought somewhere; `end` lets go on what waits.
fn aborted(begin: impl Fn(&mut Dialogue), end: impl Fn(&mut Dialogue), expected: &str) {
    for abort in ABORTS {
        for size in [1, abort.len()] {
            let mut dialogue = logged_in(Config::default());
            begin(&mut dialogue);
            let mut said = String::new();
            for chunk in abort.chunks(size) {
                said.push_str(&dialogue.bytes(chunk));
            }
            end(&mut dialogue);
            said.push_str(&dialogue.run());
            assert_eq!(said, expected, "{}", abort.escape_ascii());
            assert_eq!(dialogue.say("NOOP"), "200 NOOP ok.\n");
        }
    }
}

fn go_on(dialogue: &mut Dialogue) {
    dialogue.busy = false;
}

#[test]
fn while_nothing_runs() {
    aborted(|_| {}, |_| {}, NOTHING);
    aborted(
        |dialogue| {
            dialogue.say("EPSV");
        },
        |_| {},
        NOTHING,
    );
}

#[test]
fn while_the_application_thinks() {
    let begin = |dialogue: &mut Dialogue| {
        dialogue.busy = true;
        assert_eq!(dialogue.say("CWD a"), "");
    };
    aborted(begin, go_on, &format!("250 Directory successfully changed.\n{NOTHING}"));
}

#[test]
fn while_the_adapter_begins_to_listen() {
    let begin = |dialogue: &mut Dialogue| {
        dialogue.busy = true;
        assert_eq!(dialogue.say("EPSV"), "");
    };
    aborted(begin, go_on, &format!("229 Entering Extended Passive Mode (|||44392|)\n{NOTHING}"));
}

#[test]
fn while_the_application_looks_for_the_file() {
    let begin = |dialogue: &mut Dialogue| {
        dialogue.say("EPSV");
        dialogue.busy = true;
        dialogue.deserted = true;
        assert_eq!(dialogue.say("LIST"), "");
    };
    aborted(begin, go_on, &format!("150 Here comes the directory listing.\n{STOPPED}"));
}

#[test]
fn while_the_clients_port_is_dialled() {
    let begin = |dialogue: &mut Dialogue| {
        dialogue.deserted = true;
        dialogue.say("PORT 192,0,2,1,19,137");
        assert_eq!(dialogue.say("LIST"), "", "no 150 before the port has answered");
    };
    aborted(begin, |_| {}, STOPPED);
}

#[test]
fn while_the_client_is_waited_for() {
    let begin = |dialogue: &mut Dialogue| {
        dialogue.deserted = true;
        dialogue.say("EPSV");
        assert_eq!(dialogue.say("LIST"), "150 Here comes the directory listing.\n");
    };
    aborted(begin, |_| {}, STOPPED);
}

fn moving(dialogue: &mut Dialogue) {
    dialogue.held = Some(7);
    dialogue.say("EPSV");
    assert_eq!(dialogue.say("LIST"), "150 Here comes the directory listing.\n");
}

#[test]
fn while_bytes_move() {
    aborted(moving, |_| {}, STOPPED);
}

/// A stream that has ended, and what came before anybody polled again.
fn ended(input: &[u8]) -> Dialogue {
    let mut dialogue = logged_in(Config::default());
    moving(&mut dialogue);
    let Action::Stream(stream) = dialogue.server.poll(Instant::from_origin(Duration::ZERO)) else { panic!() };
    stream.finished(StreamEnd::Clean, 7);
    dialogue.server.received(input);
    dialogue.held = None;
    dialogue
}

#[test]
fn behind_the_end_of_the_transfer() {
    for abort in ABORTS {
        assert_eq!(ended(abort).run(), format!("226 Transfer complete.\n{NOTHING}"), "the file is there");
    }
    assert_eq!(ended(b"NOOP\r\n").run(), "226 Transfer complete.\n200 NOOP ok.\n");
}

#[test]
fn what_has_ended_is_said_though_the_client_said_that_it_says_no_more() {
    let mut dialogue = ended(b"");
    assert_eq!(dialogue.run(), "226 Transfer complete.\n");
    assert!(dialogue.closed);
}

#[test]
fn behind_other_commands() {
    let begin = |dialogue: &mut Dialogue| {
        moving(dialogue);
        assert_eq!(dialogue.say("PWD\r\nSYST"), "");
    };
    let expected = format!("426 Transfer aborted.\n257 \"/\" is the current directory\n215 UNIX Type: L8\n{}", NOTHING);
    aborted(begin, |_| {}, &expected);
}

#[test]
fn the_end_of_the_input_amid_a_transfer_ends_all_without_a_word() {
    let mut dialogue = logged_in(Config::default());
    moving(&mut dialogue);
    assert_eq!(dialogue.bytes(b""), "");
    assert!(dialogue.closed);
}

#[test]
fn quit_amid_a_transfer_waits_for_its_end_even_if_the_client_leaves() {
    for leaves in [false, true] {
        let mut dialogue = logged_in(Config::default());
        moving(&mut dialogue);
        assert_eq!(dialogue.say("QUIT"), "");
        if leaves {
            assert_eq!(dialogue.bytes(b""), "");
        }
        assert!(!dialogue.closed);
        dialogue.held = None;
        assert_eq!(dialogue.run(), "226 Transfer complete.\n221 Goodbye.\n");
        assert!(dialogue.closed);
    }
}
