//! What the tests of other projects expect, and where this crate differs (`testdata/others.tsv`): each difference has a reason.

use ftp_proto::telnet::Escape;
use ftp_proto::{Code, Command, Inbox, Limits, Reply, Verb};
use ftp_proto_rigs::table::{bytes, rows};

const OTHERS: &str = include_str!("../../testdata/others.tsv");

fn reply(line: &[u8]) -> Option<Reply<'static>> {
    let line = [line, b"\r\n"].concat();
    Reply::try_from(&line[..]).ok().map(Reply::into_owned)
}

/// This crate's reading, in the table's notation; `-` if the line is refused.
fn ours(kind: &str, wire: &[u8]) -> String {
    let said = match kind {
        "227" => reply(wire)
            .and_then(|reply| reply.passive_address().ok())
            .map(|address| format!("{}:{}", address.host(), address.port())),
        "229" => reply(wire).and_then(|reply| reply.extended_passive().ok()).map(|found| found.port().to_string()),
        "257" => reply(wire).and_then(|reply| Some(String::from_utf8(reply.directory().ok()?.into_owned()).unwrap())),
        "213" => reply(wire).and_then(|reply| reply.size().ok()).map(|size| size.to_string()),
        "time" => reply(wire).and_then(|reply| reply.modified().ok()).map(|time| time.to_string()),
        "command" => Command::parse_strict(wire).ok().map(|command| match command.verb() {
            Verb::Other => "?".to_owned(),
            verb => verb.to_string(),
        }),
        "answer" => Some(match Command::parse(wire) {
            Ok(Command::Other(_)) => Code::SYNTAX_ERROR.to_string(),
            Ok(_) => "ok".to_owned(),
            Err(error) => error.reply().code().to_string(),
        }),
        "reply" => replies(wire),
        "telnet" => telnet(wire),
        _ => panic!("{kind}"),
    };
    said.unwrap_or("-".to_owned())
}

fn replies(wire: &[u8]) -> Option<String> {
    let mut inbox = Inbox::replies(Limits::REPLIES);
    inbox.push(wire);
    let mut said = Vec::new();
    while let Ok(Some(reply)) = inbox.next_reply() {
        let lines: Vec<_> = reply.lines().map(|line| line.escape_ascii().to_string()).collect();
        said.push(format!("{}:{}", reply.code(), lines.join("|")));
    }
    (!said.is_empty()).then(|| said.join(" "))
}

fn telnet(wire: &[u8]) -> Option<String> {
    let mut inbox = Inbox::commands(Limits::COMMANDS).with_escape(Escape::Doubled);
    inbox.push(wire);
    let line = inbox.next_line().ok()??.escape_ascii().to_string();
    Some(format!("{line}/{}", inbox.take_answers().escape_ascii()))
}

#[test]
fn what_other_projects_expect_is_what_we_do_or_has_a_reason_against() {
    let rows = rows(OTHERS, 6);
    for row in &rows {
        let &[kind, wire, theirs, expected, source, why] = &row[..] else { panic!() };
        let wire = bytes(wire);
        let said = ours(kind, &wire);
        assert_eq!(
            said,
            if expected == "same" { theirs } else { expected },
            "{source}: {kind} {}",
            wire.escape_ascii()
        );
        assert!(expected == "same" || (said != theirs && why != "-"), "{source}: {}", wire.escape_ascii());
    }
    assert!(rows.len() > 150);
}
