//! ABOR at every state, in each of the ways that clients send it; the end of the input and QUIT amid a transfer.

use ftp_proto::server::{Action, Config};
use ftp_proto::{Moved, StreamEnd};
use ftp_proto_rigs::server::{Rig, World, said};

/// Bare; with IP and Synch; without the mark that the system took out; IP alone; DM alone.
const ABORTS: [&[u8]; 5] =
    [b"ABOR\r\n", b"\xff\xf4\xff\xf2ABOR\r\n", b"\xff\xf4\xffABOR\r\n", b"\xff\xf4ABOR\r\n", b"\xff\xf2ABOR\r\n"];

const NOTHING: &str = "225 No transfer to ABOR.";
const STOPPED: &str = "426 Transfer aborted.\n226 Abort successful.";

/// The ways in which an ABOR is said to a session that `begin` has brought somewhere; `end` lets go on what waits.
fn aborted(begin: impl Fn(&mut Rig), end: impl Fn(&mut Rig), expected: &str) {
    for abort in ABORTS {
        for size in [1, abort.len()] {
            let mut rig = Rig::logged_in(Config::default());
            begin(&mut rig);
            let mut did = Vec::new();
            for chunk in abort.chunks(size) {
                did.extend(rig.receives(chunk));
            }
            end(&mut rig);
            did.extend(rig.all(rig.world));
            assert_eq!(said(&did), expected, "{}", abort.escape_ascii());
            assert_eq!(rig.says("NOOP"), "200 NOOP ok.");
        }
    }
}

fn go_on(rig: &mut Rig) {
    rig.world = World::Works;
}

#[test]
fn while_nothing_runs() {
    aborted(|_| {}, |_| {}, NOTHING);
    aborted(
        |rig| {
            rig.says("EPSV");
        },
        |_| {},
        NOTHING,
    );
}

#[test]
fn while_the_application_thinks() {
    let begin = |rig: &mut Rig| {
        rig.world = World::Busy;
        assert_eq!(rig.says("CWD a"), "");
    };
    aborted(begin, go_on, &format!("250 Directory successfully changed.\n{NOTHING}"));
}

#[test]
fn while_the_adapter_begins_to_listen() {
    let begin = |rig: &mut Rig| {
        rig.world = World::Busy;
        assert_eq!(rig.says("EPSV"), "");
    };
    aborted(begin, go_on, &format!("229 Entering Extended Passive Mode (|||50000|)\n{NOTHING}"));
}

#[test]
fn while_the_application_looks_for_the_file() {
    let begin = |rig: &mut Rig| {
        rig.says("EPSV");
        rig.world = World::Busy;
        rig.deserted = true;
        assert_eq!(rig.says("LIST"), "");
    };
    aborted(begin, go_on, &format!("150 Here comes the directory listing.\n{STOPPED}"));
}

#[test]
fn while_the_clients_port_is_dialled() {
    let begin = |rig: &mut Rig| {
        rig.deserted = true;
        rig.says("PORT 192,0,2,1,19,137");
        assert_eq!(rig.says("LIST"), "", "no 150 before the port has answered");
    };
    aborted(begin, |_| {}, STOPPED);
}

#[test]
fn while_the_client_is_waited_for() {
    let begin = |rig: &mut Rig| {
        rig.deserted = true;
        rig.says("EPSV");
        assert_eq!(rig.says("LIST"), "150 Here comes the directory listing.");
    };
    aborted(begin, |_| {}, STOPPED);
}

fn moving(rig: &mut Rig) {
    rig.held = Some(7);
    rig.says("EPSV");
    assert_eq!(rig.says("LIST"), "150 Here comes the directory listing.");
}

#[test]
fn while_bytes_move() {
    aborted(moving, |_| {}, STOPPED);
}

/// A stream that has ended, and what came before anybody polled again.
fn ended(input: &[u8]) -> Rig {
    let mut rig = Rig::logged_in(Config::default());
    moving(&mut rig);
    let now = rig.now();
    let Action::Stream(stream) = rig.server.poll(now) else { panic!() };
    stream.finished(StreamEnd::Clean, Moved::Bytes(7));
    rig.server.received(input);
    rig.held = None;
    rig
}

#[test]
fn behind_the_end_of_the_transfer() {
    for abort in ABORTS {
        assert_eq!(ended(abort).goes_on(), format!("226 Transfer complete.\n{NOTHING}"), "the file is there");
    }
    assert_eq!(ended(b"NOOP\r\n").goes_on(), "226 Transfer complete.\n200 NOOP ok.");
}

#[test]
fn what_has_ended_is_said_though_the_client_said_that_it_says_no_more() {
    let mut rig = ended(b"");
    assert_eq!(rig.goes_on(), "226 Transfer complete.");
    assert!(rig.closed);
}

#[test]
fn behind_other_commands() {
    let begin = |rig: &mut Rig| {
        moving(rig);
        assert_eq!(rig.says("PWD\r\nSYST"), "");
    };
    let expected = format!("426 Transfer aborted.\n257 \"/\" is the current directory\n215 UNIX Type: L8\n{}", NOTHING);
    aborted(begin, |_| {}, &expected);
}

#[test]
fn the_end_of_the_input_amid_a_transfer_ends_all_without_a_word() {
    let mut rig = Rig::logged_in(Config::default());
    moving(&mut rig);
    assert_eq!(said(&rig.receives(b"")), "");
    assert!(rig.closed);
}

#[test]
fn quit_amid_a_transfer_waits_for_its_end_even_if_the_client_leaves() {
    for leaves in [false, true] {
        let mut rig = Rig::logged_in(Config::default());
        moving(&mut rig);
        assert_eq!(rig.says("QUIT"), "");
        if leaves {
            assert_eq!(said(&rig.receives(b"")), "");
        }
        assert!(!rig.closed);
        rig.held = None;
        assert_eq!(rig.goes_on(), "226 Transfer complete.\n221 Goodbye.");
        assert!(rig.closed);
    }
}
