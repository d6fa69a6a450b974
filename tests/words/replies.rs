//! The bodies of replies, against the measured tables and the transcripts.

use ftp_proto::{BodyError, Code, Inbox, Limits, Reply, ReplyEnd, Text};

fn why(error: BodyError) -> String {
    match error {
        BodyError::Address(error) => error.why.to_string(),
        error => error.to_string(),
    }
}

/// Each reply in the table, read as a 227 and as a 229.
fn check(table: &str) {
    let mut wrong = String::new();
    for row in ftp_proto_rigs::table::rows(table, 5) {
        let [name, reply, passive, extended, _] = row[..] else { unreachable!() };
        let reply = ftp_proto_rigs::table::bytes(reply);
        let (reply, _) = Reply::parse(&reply).unwrap().unwrap();
        let found = match reply.passive_address() {
            Ok(address) => address.to_string(),
            Err(error) => why(error),
        };
        if passive != "-" && found != passive || passive == "-" && reply.passive_address().is_ok() {
            wrong += &format!("{name}, as 227: {found}\n");
        }
        let found = match reply.extended_passive() {
            Ok(found) => match found.advertised {
                None => found.port.to_string(),
                Some(host) => format!("{} of {host}", found.port),
            },
            Err(error) => why(error),
        };
        if extended != "-" && found != extended || extended == "-" && reply.extended_passive().is_ok() {
            wrong += &format!("{name}, as 229: {found}\n");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn measured_answers_to_pasv() {
    check(include_str!("../../testdata/pasv.tsv"));
}

#[test]
fn measured_answers_to_epsv() {
    check(include_str!("../../testdata/epsv.tsv"));
}

/// The reply from an inbox that keeps at most 8 bytes of a line and 4 lines, and ends replies at any code.
fn received(wire: &str) -> Reply<'static> {
    let mut limits = Limits::REPLIES;
    (limits.line, limits.lines, limits.reply_end) = (8, 4, ReplyEnd::AnyCode);
    let mut inbox = Inbox::replies(limits);
    inbox.push(wire.as_bytes());
    inbox.next_reply().unwrap().unwrap().into_owned()
}

/// Every `assert_eq!` of two replies depends on this.
#[test]
fn replies_that_differ_in_anything_are_unequal() {
    let different = [
        "220 a\r\n",
        "221 a\r\n",
        "220 b\r\n",
        "220 a \r\n",
        "220 \r\n",
        "220-a\r\n220 \r\n",
        "220-a\r\n220 a\r\n",
        "220-a\r\n221 a\r\n",
        "220-a\r\nb\r\n220 a\r\n",
        "220-a\r\nc\r\n220 a\r\n",
        "220-a\r\nb\r\nb\r\n220 a\r\n",
        "220 aaaa\r\n",
        "220-a\r\n220 aaaa\r\n",
        // Lines that are cut to the same four letters, each at another place.
        "220 aaaaa\r\n",
        "220-a\r\n220 aaaaa\r\n",
        "220-aaaaa\r\n220 aaaa\r\n",
        // Of too many lines the first ones and the last are kept.
        "220-a\r\nb\r\nb\r\nb\r\n220 a\r\n",
    ]
    .map(received);
    for (at, one) in different.iter().enumerate() {
        for (other_at, other) in different.iter().enumerate() {
            assert_eq!(one == other, at == other_at, "{one:?} and {other:?}");
        }
    }
    let truncated = different.iter().enumerate().filter(|(_, reply)| reply.is_truncated()).map(|(at, _)| at);
    assert!(truncated.eq([13, 14, 15, 16]));
    assert_eq!((different[7].first_code(), different[7].code().value()), (Code::SERVICE_READY, 221));
}

#[test]
fn however_a_line_ends_and_whoever_owns_it_a_reply_is_the_same() {
    for (one, other) in
        [("220 a\r\n", "220 a\n"), ("220-a\r\nb\r\n220 c\r\n", "220-a\nb\n220 c\n"), ("220\n", "220 \n")]
    {
        assert_eq!(received(one), received(other));
        let (parsed, _) = Reply::parse(other.as_bytes()).unwrap().unwrap();
        assert_eq!((&parsed, parsed.borrowed()), (&received(one), received(one)));
    }
    assert_eq!(
        Reply::new(Code::SERVICE_READY, Text::new("a").unwrap()),
        Reply::from_static(Code::SERVICE_READY, "a\r\nb")
    );
}

#[test]
fn a_reply_that_ends_with_another_code_has_both_and_is_written_with_the_one_that_counts() {
    let mut limits = Limits::REPLIES;
    limits.reply_end = ReplyEnd::AnyCode;
    let mut inbox = Inbox::replies(limits);
    inbox.push(b"230-hello\r\n230-you\r\n226-x\r\n y\r\n530 no\r\n");
    let reply = inbox.next_reply().unwrap().unwrap().into_owned();
    assert_eq!((reply.first_code().value(), reply.code().value()), (230, 530));
    let lines = [&b"hello"[..], b"you", b"226-x", b" y", b"no"];
    assert!(reply.lines().eq(lines));
    let mut written = Vec::new();
    reply.encode(&mut written);
    assert_eq!(written, b"530-hello\r\n530-you\r\n 226-x\r\n y\r\n530 no\r\n");
    let (read, _) = Reply::parse(&written).unwrap().unwrap();
    assert_eq!((read.first_code().value(), read.code().value()), (530, 530));
}
