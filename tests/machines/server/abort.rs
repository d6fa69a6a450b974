//! ABOR at every state, in each of the ways that clients send it; the end of the input and QUIT amid a transfer.

use ftp_proto::StreamEnd;
use ftp_proto::server::{Action, Config};
use ftp_proto_rigs::server::{Served, World, said};

/// Bare; with IP and Synch; without the mark that the system took out; IP alone; DM alone.
const ABORTS: [&[u8]; 5] =
    [b"ABOR\r\n", b"\xff\xf4\xff\xf2ABOR\r\n", b"\xff\xf4\xffABOR\r\n", b"\xff\xf4ABOR\r\n", b"\xff\xf2ABOR\r\n"];

const NOTHING: &str = "225 No transfer to ABOR.";
const STOPPED: &str = "426 Transfer aborted.\n226 Abort successful.";

/// The ways in which an ABOR is said to a session that `begin` has brought somewhere; `end` lets go on what waits.
fn aborted(begin: impl Fn(&mut Served), end: impl Fn(&mut Served), expected: &str) {
    for abort in ABORTS {
        for size in [1, abort.len()] {
            let mut served = Served::logged_in(Config::default());
            begin(&mut served);
            let mut did = Vec::new();
            for chunk in abort.chunks(size) {
                did.extend(served.receives(chunk));
            }
            end(&mut served);
            did.extend(served.all(served.world));
            assert_eq!(said(&did), expected, "{}", abort.escape_ascii());
            assert_eq!(served.says("NOOP"), "200 NOOP ok.");
        }
    }
}

fn go_on(served: &mut Served) {
    served.world = World::Works;
}

#[test]
fn while_nothing_runs() {
    aborted(|_| {}, |_| {}, NOTHING);
    aborted(
        |served| {
            served.says("EPSV");
        },
        |_| {},
        NOTHING,
    );
}

#[test]
fn while_the_application_thinks() {
    let begin = |served: &mut Served| {
        served.world = World::Busy;
        assert_eq!(served.says("CWD a"), "");
    };
    aborted(begin, go_on, &format!("250 Directory successfully changed.\n{NOTHING}"));
}

#[test]
fn while_the_adapter_begins_to_listen() {
    let begin = |served: &mut Served| {
        served.world = World::Busy;
        assert_eq!(served.says("EPSV"), "");
    };
    aborted(begin, go_on, &format!("229 Entering Extended Passive Mode (|||50000|)\n{NOTHING}"));
}

#[test]
fn while_the_application_looks_for_the_file() {
    let begin = |served: &mut Served| {
        served.says("EPSV");
        served.world = World::Busy;
        served.deserted = true;
        assert_eq!(served.says("LIST"), "");
    };
    aborted(begin, go_on, &format!("150 Here comes the directory listing.\n{STOPPED}"));
}

#[test]
fn while_the_clients_port_is_dialled() {
    let begin = |served: &mut Served| {
        served.deserted = true;
        served.says("PORT 192,0,2,1,19,137");
        assert_eq!(served.says("LIST"), "", "no 150 before the port has answered");
    };
    aborted(begin, |_| {}, STOPPED);
}

#[test]
fn while_the_client_is_waited_for() {
    let begin = |served: &mut Served| {
        served.deserted = true;
        served.says("EPSV");
        assert_eq!(served.says("LIST"), "150 Here comes the directory listing.");
    };
    aborted(begin, |_| {}, STOPPED);
}

fn moving(served: &mut Served) {
    served.held = Some(7);
    served.says("EPSV");
    assert_eq!(served.says("LIST"), "150 Here comes the directory listing.");
}

#[test]
fn while_bytes_move() {
    aborted(moving, |_| {}, STOPPED);
}

/// A stream that has ended, and what came before anybody polled again.
fn ended(input: &[u8]) -> Served {
    let mut served = Served::logged_in(Config::default());
    moving(&mut served);
    let now = served.now();
    let Action::Stream(stream) = served.server.poll(now) else { panic!() };
    stream.finished(StreamEnd::Clean, 7);
    served.server.received(input);
    served.held = None;
    served
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
    let mut served = ended(b"");
    assert_eq!(served.goes_on(), "226 Transfer complete.");
    assert!(served.closed);
}

#[test]
fn behind_other_commands() {
    let begin = |served: &mut Served| {
        moving(served);
        assert_eq!(served.says("PWD\r\nSYST"), "");
    };
    let expected = format!("426 Transfer aborted.\n257 \"/\" is the current directory\n215 UNIX Type: L8\n{}", NOTHING);
    aborted(begin, |_| {}, &expected);
}

#[test]
fn the_end_of_the_input_amid_a_transfer_ends_all_without_a_word() {
    let mut served = Served::logged_in(Config::default());
    moving(&mut served);
    assert_eq!(said(&served.receives(b"")), "");
    assert!(served.closed);
}

#[test]
fn quit_amid_a_transfer_waits_for_its_end_even_if_the_client_leaves() {
    for leaves in [false, true] {
        let mut served = Served::logged_in(Config::default());
        moving(&mut served);
        assert_eq!(served.says("QUIT"), "");
        if leaves {
            assert_eq!(said(&served.receives(b"")), "");
        }
        assert!(!served.closed);
        served.held = None;
        assert_eq!(served.goes_on(), "226 Transfer complete.\n221 Goodbye.");
        assert!(served.closed);
    }
}
