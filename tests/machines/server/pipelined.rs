//! Commands that come at once: each is answered once and in order, and what the machine answers alone goes out together.

use ftp_proto::server::Config;
use ftp_proto_rigs::server::{Did, Rig, said};

/// What happens when these lines come at once to somebody who is logged in, but for the wait at its end.
fn hears(lines: &str) -> Vec<Did> {
    let mut did = Rig::logged_in(Config::default()).receives(lines.as_bytes());
    did.pop_if(|did| matches!(did, Did::Waits(_)));
    did
}

/// One write.
fn write(text: impl Into<String>) -> Did {
    Did::Said(text.into())
}

#[test]
fn what_the_machine_answers_alone_is_one_write() {
    assert_eq!(hears(&"NOOP\r\n".repeat(64)), [write(["200 NOOP ok."; 64].join("\n"))]);
    assert_eq!(
        hears("TYPE I\r\nFOO\r\nSYST\r\nREST 7\r\n"),
        [write("200 Switching to Binary mode.\n500 Unknown command.\n215 UNIX Type: L8\n350 Restarting at 7.")]
    );
}

#[test]
fn a_write_has_a_bound() {
    let did = hears(&"NOOP\r\n".repeat(2000));
    assert_eq!(said(&did), ["200 NOOP ok."; 2000].join("\n"));
    for did in did {
        assert!(matches!(&did, Did::Said(text) if text.len() <= 4096), "{did:?}");
    }
}

#[test]
fn what_needs_somebody_outside_waits_until_all_before_it_is_written() {
    let noop = "200 NOOP ok.";
    assert_eq!(
        hears("NOOP\r\nNOOP\r\nPWD\r\nNOOP\r\n"),
        [
            write(format!("{noop}\n{noop}")),
            Did::Asks("PWD".into()),
            write("257 \"/\" is the current directory"),
            write(noop)
        ]
    );
    assert_eq!(
        hears("NOOP\r\nPASV\r\nNOOP\r\nPORT 192,0,2,1,100,0\r\nNOOP\r\n"),
        [
            write(noop),
            Did::Listens,
            write("227 Entering Passive Mode (192,0,2,2,195,80)."),
            write(format!("{noop}\n200 PORT command successful. Consider using PASV.")),
            Did::Closes,
            write(noop)
        ],
        "the listener is given up before the next command"
    );
}

#[test]
fn nothing_is_answered_behind_the_last_word() {
    assert_eq!(hears("NOOP\r\nQUIT\r\nNOOP\r\n"), [write("200 NOOP ok.\n221 Goodbye."), Did::Leaves]);
}

#[test]
fn what_a_client_reads_is_the_same_whatever_the_chunks_and_the_writes() {
    let lines = "NOOP\r\nTYPE I\r\nPWD\r\n\r\nFOO bar\r\nEPSV\r\nMODE B\r\nRNTO x\r\nREST 12\r\nPWD\r\nnoop\r\nNOOP\r\nQUIT\r\n";
    let read = |chunk: usize, piece: usize| {
        let mut rig = Rig::logged_in(Config::default());
        rig.piece = piece;
        for bytes in lines.as_bytes().chunks(chunk) {
            rig.receives(bytes);
        }
        assert!(rig.closed, "chunks of {chunk}, writes of {piece}");
        String::from_utf8(rig.wire).unwrap()
    };
    let whole = read(lines.len(), usize::MAX);
    assert_eq!(whole.lines().count(), lines.lines().count());
    for chunk in 1..lines.len() {
        for piece in [1, 7, usize::MAX] {
            assert_eq!(read(chunk, piece), whole, "chunks of {chunk}, writes of {piece}");
        }
    }
}

#[test]
fn a_noop_comes_between_rnfr_and_rnto_as_any_command_does() {
    let mut rig = Rig::logged_in(Config::default());
    assert_eq!(rig.says("RNFR f"), "350 Ready for RNTO.");
    assert_eq!(rig.says("NOOP\r\nRNTO g"), "200 NOOP ok.\n503 Bad sequence of commands.");
}
