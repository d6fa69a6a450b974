//! What the tests of other projects expect, and where we differ (`testdata/others.tsv`): each difference has a reason.

use ftp_proto::{Command, Inbox, Limits, Reply, Verb};
use ftp_proto_rigs::table::{repeated, rows};

const OTHERS: &str = include_str!("../../testdata/others.tsv");

fn reply(line: &str) -> Option<Reply<'static>> {
    let line = format!("{line}\r\n");
    line.parse().ok()
}

/// What we make of it, as the table has it; `-` if it is refused.
fn ours(kind: &str, wire: &str) -> String {
    let said = match kind {
        "227" => reply(wire)
            .and_then(|reply| reply.passive_address().ok())
            .map(|address| format!("{}:{}", address.host(), address.port())),
        "229" => reply(wire).and_then(|reply| reply.extended_passive().ok()).map(|found| found.port().to_string()),
        "257" => reply(wire).and_then(|reply| Some(String::from_utf8(reply.directory().ok()?.into_owned()).unwrap())),
        "command" => Command::parse_strict(wire.as_bytes()).ok().map(|command| match command.verb() {
            Verb::Other => "?".to_owned(),
            verb => verb.to_string(),
        }),
        "reply" => Some(replies(wire.as_bytes())),
        _ => panic!("{kind}"),
    };
    said.unwrap_or("-".to_owned())
}

fn replies(wire: &[u8]) -> String {
    let mut inbox = Inbox::replies(Limits::REPLIES);
    inbox.push(wire);
    let mut said = Vec::new();
    while let Ok(Some(reply)) = inbox.next_reply() {
        let lines: Vec<_> = reply.lines().map(|line| String::from_utf8(line.to_vec()).unwrap()).collect();
        said.push(format!("{}:{}", reply.code(), lines.join("|")));
    }
    said.join(" ")
}

#[test]
fn what_other_projects_expect_is_what_we_do_or_has_a_reason_against() {
    let rows = rows(OTHERS, 6);
    for row in &rows {
        let &[kind, wire, theirs, expected, source, why] = &row[..] else { panic!() };
        let wire = repeated(wire).replace("\\r", "\r").replace("\\n", "\n").replace("\\0", "\0");
        let said = ours(kind, &wire);
        assert_eq!(
            said,
            if expected == "same" { theirs } else { expected },
            "{source}: {kind} {}",
            wire.escape_debug()
        );
        assert!(expected == "same" || (said != theirs && why != "-"), "{source}: {wire}");
    }
    assert!(rows.len() > 60);
}
