//! From bytes to lines and replies: the measured table, and properties against naive splitters.

mod naive;

use ftp_proto::telnet::Escape;
use ftp_proto::{Inbox, Limits, Reply, ReplyEnd, ReplyError, Text};
use proptest::collection::vec;
use proptest::prelude::*;

use naive::{Read, lines, naive_code, naive_replies, undo_telnet};

/// Everything that an inbox gives, as text.
fn replies(input: &[u8], chunks: &mut dyn Iterator<Item = usize>, limits: Limits, escape: Escape) -> Vec<String> {
    let mut inbox = Inbox::replies(limits).with_escape(escape);
    let mut log = Vec::new();
    let mut rest = input;
    while !rest.is_empty() {
        let (chunk, behind) = rest.split_at(chunks.next().unwrap().min(rest.len()));
        inbox.push(chunk);
        loop {
            match inbox.next_reply() {
                Ok(Some(reply)) => log.push(format!("{reply:?}")),
                Ok(None) => break,
                Err(ReplyError::NotAReply { .. }) => log.push("NotAReply".into()),
                Err(error) => {
                    assert_eq!(inbox.next_reply(), Err(error), "final");
                    log.push("TooLong".into());
                    return log;
                }
            }
        }
        assert!(inbox.buffered() <= limits.reply + 3, "{} bytes kept", inbox.buffered());
        rest = behind;
    }
    if let Err(error) = inbox.finish() {
        assert!(matches!(error, ReplyError::UnexpectedEnd { .. }), "{error:?}");
        log.push("UnexpectedEnd".into());
    }
    log
}

#[test]
fn measured_framing() {
    for row in ftp_proto_rigs::table::rows(include_str!("../../testdata/framing.tsv"), 5) {
        let [name, end, input, outcome, _] = row[..] else { unreachable!() };
        let mut limits = Limits::REPLIES;
        limits.reply_end = if end == "any" { ReplyEnd::AnyCode } else { ReplyEnd::SameCode };
        let escape = if end == "doubled" { Escape::Doubled } else { Escape::AsIs };
        let input = ftp_proto_rigs::table::bytes(input);
        for size in [1, 2, 7, 4096, usize::MAX] {
            let log = replies(&input, &mut std::iter::repeat(size), limits, escape).join("; ");
            assert_eq!(log, ftp_proto_rigs::table::repeated(outcome), "{name}, in pieces of {size}");
        }
    }
}

#[test]
fn the_end_within_a_reply_holds_what_came() {
    let mut inbox = Inbox::replies(Limits::REPLIES);
    inbox.push(b"220 ok\r\n230-hello\r\nte");
    assert_eq!(inbox.next_reply().unwrap().unwrap().text(), b"ok");
    assert_eq!(inbox.next_reply(), Ok(None));
    let Err(ReplyError::UnexpectedEnd { received }) = inbox.finish() else { panic!() };
    assert_eq!(*received, *b"230-hello\r\nte");
}

#[test]
fn a_current_reply_stays_until_the_next_and_survives_a_push() {
    let mut inbox = Inbox::replies(Limits::REPLIES);
    inbox.push(b"220 one\r\n220 a reply longer than what was before it\r\n");
    for text in ["one", "a reply longer than what was before it"] {
        assert!(inbox.advance().unwrap());
        inbox.push(b"");
        inbox.push(b"22");
        assert_eq!(inbox.reply().unwrap().text(), text.as_bytes());
        assert_eq!(inbox.reply().unwrap().text(), text.as_bytes());
    }
    assert!(inbox.finish().is_ok(), "a whole reply is no part of one");
}

#[test]
fn memory_is_given_back() {
    let mut inbox = Inbox::commands(Limits::COMMANDS);
    inbox.push(&[b'x'; 100_000]);
    assert_eq!(inbox.next_line(), Ok(None));
    assert!(inbox.buffered() <= Limits::COMMANDS.line + 1, "{}", inbox.buffered());
    inbox.push(b"\r\nNOOP\r\n");
    assert!(inbox.next_line().is_err());
    assert_eq!(inbox.next_line(), Ok(Some(&b"NOOP"[..])));
    assert_eq!(inbox.next_line(), Ok(None));
    assert_eq!(inbox.buffered(), 0);
}

#[test]
fn telnet_is_answered_by_a_server_and_a_bounded_number_of_times() {
    let mut inbox = Inbox::commands(Limits::COMMANDS);
    inbox.push(b"\xff\xfb\x01\xff\xfd\x06\xff\xfc\x01\xff\xfe\x01NO");
    assert_eq!(inbox.next_line(), Ok(None));
    assert_eq!(inbox.take_answers(), b"\xff\xfe\x01\xff\xfc\x06");
    assert_eq!(inbox.take_answers(), b"");
    assert!(!inbox.take_interrupt());
    inbox.push(b"OP\r\n\xff\xf4\xff");
    assert_eq!(inbox.next_line(), Ok(Some(&b"NOOP"[..])));
    assert_eq!(inbox.next_line(), Ok(None));
    assert!(inbox.take_interrupt() && !inbox.take_interrupt());
    inbox.push(b"\xf2ABOR\r\n");
    assert_eq!(inbox.next_line(), Ok(Some(&b"ABOR"[..])));
    for _ in 0..100 {
        inbox.push(b"\xff\xfb\x01");
    }
    assert_eq!(inbox.next_line(), Ok(None));
    assert_eq!(inbox.take_answers().len(), 30 * 3);
}

/// The data mark is sent as urgent data, which a socket without SO_OOBINLINE takes out of the stream.
#[test]
fn an_interrupt_is_understood_without_its_mark() {
    for (sent, line) in [
        (&b"\xff\xf4\xff\xf2ABOR\r\n"[..], &b"ABOR"[..]),
        (b"\xff\xf4\xffABOR\r\n", b"ABOR"),
        (b"\xff\xf4ABOR\r\n", b"ABOR"),
        (b"\xff\xf2ABOR\r\n", b"ABOR"),
        (b"\xff\xf4CWD \xffa\r\n", b"CWD \xffa"),
        (b"\xff\xf1\xffa\r\n", b"\xffa"),
    ] {
        for size in [1, sent.len()] {
            let mut inbox = Inbox::commands(Limits::COMMANDS);
            sent.chunks(size).for_each(|chunk| inbox.push(chunk));
            assert_eq!(inbox.next_line().unwrap(), Some(line), "{} by {size}", sent.escape_ascii());
        }
    }
}

#[test]
fn debug_shows_no_contents() {
    let mut inbox = Inbox::commands(Limits::COMMANDS);
    inbox.push(b"PASS hunter2\r\n");
    inbox.advance().unwrap();
    let shown = format!("{inbox:?}");
    assert!(!shown.contains("hunter2") && shown.contains("buffered: 14"), "{shown}");
}

/// Bytes in which codes, line ends and Telnet are frequent.
fn wire(telnet: bool) -> impl Strategy<Value = Vec<u8>> {
    let plain: &[&[u8]] = &[
        b"230 ",
        b"230-",
        b"230",
        b"226 ",
        b"226",
        b"331-",
        b"\r\n",
        b"\r\n",
        b"\n",
        b"\r",
        b" ",
        b"x",
        b"ok",
        b"0",
        b"9",
        b"-",
        b"230 a\r\n",
        b"230-a\r\n",
        b"\r\r\n",
        b"abcdefgh",
    ];
    let strange: &[&[u8]] = &[
        b"\0",
        b"\r\0",
        b"\xff",
        b"\xff\xff",
        b"\xff\xfb\x01",
        b"\xff\xfd",
        b"\xff\xfa",
        b"\xff\xf0",
        b"\xff\xf4\xff\xf2",
        b"\xf1",
        b"\xff\xfax\xff\xf0",
    ];
    let mut tokens = plain.to_vec();
    if telnet {
        tokens.extend(strange);
    }
    vec(proptest::sample::select(tokens), 0..40).prop_map(|tokens| tokens.concat())
}

fn limits() -> impl Strategy<Value = Limits> {
    (4..14usize, 2..6usize, any::<bool>()).prop_map(|(line, lines, any)| {
        let mut limits = Limits::REPLIES;
        (limits.line, limits.lines) = (line, lines);
        limits.reply_end = if any { ReplyEnd::AnyCode } else { ReplyEnd::SameCode };
        limits
    })
}

fn escape() -> impl Strategy<Value = Escape> {
    prop_oneof![Just(Escape::AsIs), Just(Escape::Doubled)]
}

/// What `Reply::parse` finds, one reply after another.
fn parsed(mut input: &[u8]) -> Vec<String> {
    let mut log = Vec::new();
    loop {
        match Reply::parse(input) {
            Ok(Some((reply, length))) => {
                for prefix in 0..length {
                    assert_eq!(Reply::parse(&input[..prefix]), Ok(None), "{}", input[..prefix].escape_ascii());
                }
                log.push(format!("{reply:?}"));
                input = &input[length..];
            }
            Ok(None) => {
                let left = input.iter().any(|byte| !b"\r\n".contains(byte));
                if left || input.ends_with(b"\r") || input.windows(2).any(|pair| pair == b"\r\r") {
                    log.push("UnexpectedEnd".into());
                }
                return log;
            }
            Err(error) => {
                assert!(matches!(error, ReplyError::NotAReply { .. }));
                log.push("NotAReply".into());
                let blank = input
                    .split_inclusive(|byte| *byte == b'\n')
                    .take_while(|line| matches!(line, [b'\n'] | [b'\r', b'\n']));
                let blank: usize = blank.map(<[u8]>::len).sum();
                let end = input[blank..].iter().position(|byte| *byte == b'\n').unwrap();
                input = &input[blank + end + 1..];
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2048))]

    #[test]
    fn replies_are_what_a_naive_splitter_finds_whatever_the_chunks(input in wire(true), limits in limits(), escape in escape(), chunks in vec(1..9usize, 1..20)) {
        let expected = naive_replies(&input, limits, escape);
        prop_assert_eq!(&replies(&input, &mut std::iter::repeat(usize::MAX), limits, escape), &expected);
        prop_assert_eq!(&replies(&input, &mut chunks.iter().copied().cycle(), limits, escape), &expected);
    }

    #[test]
    fn over_the_ceiling_too(input in wire(true), mut limits in limits(), escape in escape(), ceiling in 1..60usize, chunks in vec(1..9usize, 1..20)) {
        limits.reply = ceiling;
        let whole = replies(&input, &mut std::iter::repeat(usize::MAX), limits, escape);
        prop_assert_eq!(&replies(&input, &mut chunks.iter().copied().cycle(), limits, escape), &whole);
        prop_assert_eq!(&replies(&input, &mut std::iter::repeat(1), limits, escape), &whole);
    }

    #[test]
    fn parse_agrees_on_input_without_telnet(input in wire(false), chunks in vec(1..9usize, 1..20)) {
        let log = replies(&input, &mut chunks.iter().copied().cycle(), Limits::REPLIES, Escape::AsIs);
        prop_assert_eq!(log, parsed(&input));
    }

    #[test]
    fn commands_are_what_a_naive_splitter_finds_whatever_the_chunks(input in wire(true), limit in 4..14usize, escape in escape(), chunks in vec(1..9usize, 1..20)) {
        let (clean, answers) = undo_telnet(&input, limit, Read::Commands, escape);
        let (expected, rest) = lines(&clean, limit);
        let mut limits = Limits::COMMANDS;
        limits.line = limit;
        let mut inbox = Inbox::commands(limits).with_escape(escape);
        let (mut found, mut answered) = (Vec::new(), Vec::new());
        let mut sizes = chunks.iter().copied().cycle();
        let mut left = &input[..];
        while !left.is_empty() {
            let (chunk, behind) = left.split_at(sizes.next().unwrap().min(left.len()));
            left = behind;
            inbox.push(chunk);
            loop {
                match inbox.next_line() {
                    Ok(Some(line)) => found.push(Some(line.to_vec())),
                    Ok(None) => break,
                    Err(error) => {
                        prop_assert_eq!(error.limit, limit);
                        found.push(None);
                    }
                }
            }
            answered.extend(inbox.take_answers());
            prop_assert!(inbox.buffered() <= limit + 1 + 2, "{} bytes kept", inbox.buffered());
        }
        let expected: Vec<_> = expected.into_iter().map(|(line, cut)| (!cut).then_some(line)).collect();
        prop_assert_eq!(found, expected);
        prop_assert_eq!(answered, answers);
        prop_assert!(inbox.buffered() >= rest.len().min(limit));
    }

    #[test]
    fn what_is_written_reads_back_equal_up_to_padding(input in wire(false)) {
        let Ok(Some((reply, _))) = Reply::parse(&input) else { return Ok(()) };
        let mut wire = Vec::new();
        reply.encode(&mut wire);
        let (back, length) = Reply::parse(&wire).unwrap().unwrap();
        prop_assert_eq!((back.code(), length), (reply.code(), wire.len()));
        let padded = |line: &[u8]| naive_code(line).is_some();
        for (read, written) in back.lines().zip(reply.lines()) {
            prop_assert!(read == written || read.strip_prefix(b" ") == Some(written));
        }
        prop_assert_eq!(back.lines().count(), reply.lines().count());
        if !reply.middle_lines().any(padded) && !reply.middle_lines().any(|line| line.starts_with(b"0") || line.starts_with(b"9")) {
            prop_assert_eq!(&back, &reply);
        }
    }

    #[test]
    fn no_written_line_but_the_last_ends_the_reply_for_anybody(code in 100..700u16, lines in vec("([0-9]{3}[ -]?)?[a-z0-9 ]{0,5}", 0..6)) {
        let code = ftp_proto::Code::new(code).unwrap();
        let text = |line: &String| Text::try_from(line.clone()).unwrap();
        let reply = Reply::with_lines(code, text(&"first".into()), lines.iter().map(text), text(&"last".into()));
        let mut wire = Vec::new();
        reply.encode(&mut wire);
        for end in [ReplyEnd::SameCode, ReplyEnd::AnyCode] {
            let mut limits = Limits::REPLIES;
            limits.reply_end = end;
            let mut inbox = Inbox::replies(limits);
            inbox.push(&wire);
            prop_assert_eq!(&inbox.next_reply().unwrap().unwrap(), &reply);
            prop_assert_eq!(inbox.next_reply(), Ok(None));
            prop_assert!(inbox.finish().is_ok());
        }
        for (written, line) in reply.middle_lines().zip(&lines) {
            prop_assert_eq!(written.strip_prefix(b" ").unwrap_or(written), line.strip_prefix(' ').unwrap_or(line).as_bytes());
        }
    }
}

/// The outline of each reply: its codes, the number of its lines, and whether it is truncated.
fn outlines(input: &[u8], limits: Limits, escape: Escape) -> Vec<Option<(u16, u16, usize, bool)>> {
    let mut inbox = Inbox::replies(limits).with_escape(escape);
    inbox.push(input);
    let mut found = Vec::new();
    loop {
        match inbox.next_reply() {
            Ok(Some(reply)) => {
                let (code, end) = (reply.first_code().value(), reply.code().value());
                found.push(Some((code, end, reply.lines().count(), reply.is_truncated())));
            }
            Ok(None) => return found,
            Err(ReplyError::NotAReply { .. }) => found.push(None),
            Err(error) => panic!("{error}"),
        }
    }
}

/// Lines that would mean something else if they were cut in a bad place.
fn ambiguous() -> impl Strategy<Value = Vec<u8>> {
    let begin = proptest::sample::select(vec![
        &b"230"[..],
        b"230-",
        b"230 ",
        b"226",
        b"23",
        b"",
        b"2300",
        b"230\r",
        b"\xff\xf1230",
    ]);
    let rest =
        vec(proptest::sample::select(vec![&b"\r"[..], b"\r\r\r\r", b"0", b"-", b" ", b"x", b"\xff\xff", b"\0"]), 0..12);
    (begin, rest, any::<bool>())
        .prop_map(|(begin, rest, bare)| [begin, &rest.concat(), if bare { b"\n" } else { b"\r\n" }].concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn a_line_that_was_cut_is_read_as_it_would_be_whole(
        lines in vec(ambiguous(), 1..5), limit in 0..12usize, escape in escape(), any in any::<bool>()
    ) {
        let input = [&lines.concat()[..], b"230 end\r\n"].concat();
        let mut limits = Limits::REPLIES;
        limits.reply_end = if any { ReplyEnd::AnyCode } else { ReplyEnd::SameCode };
        let whole = outlines(&input, limits, escape);
        limits.line = limit;
        let cut = outlines(&input, limits, escape);
        let without = |found: &[Option<(u16, u16, usize, bool)>]| -> Vec<_> {
            found.iter().map(|reply| reply.map(|(code, end, lines, _)| (code, end, lines))).collect()
        };
        prop_assert_eq!(without(&cut), without(&whole), "{}", input.escape_ascii());
    }
}

#[test]
fn a_bare_code_before_carriage_returns_that_were_cut_off_is_no_reply() {
    let mut limits = Limits::REPLIES;
    for line in 4..9 {
        limits.line = line;
        for wire in ["230\r\r\r\r\r\r\r\r\r\rmore\r\n", "230\r\r\r\r\r\r\r\r\r\r\r\r\n", "\r\r\r\r\r\r\r\r\r\r\r\r\r\n"]
        {
            assert_eq!(outlines(wire.as_bytes(), limits, Escape::AsIs), [None], "{wire:?}");
            let amid = format!("230-begin\r\n{wire}230 end\r\n");
            assert_eq!(outlines(amid.as_bytes(), limits, Escape::AsIs), [Some((230, 230, 3, true))], "{wire:?}");
        }
    }
}

#[test]
fn limits_below_the_least_count_as_the_least() {
    for least in [0, 1, 2] {
        let mut limits = Limits::REPLIES;
        limits.lines = least;
        let found = outlines(b"230 one\r\n230-a\r\n230 b\r\n230-a\r\nx\r\ny\r\n230 b\r\n", limits, Escape::AsIs);
        let expected = [(230, 230, 1, false), (230, 230, 2, false), (230, 230, 2, true)].map(Some);
        assert_eq!(found, expected, "lines: {least}");
    }
    for least in 0..=4 {
        let mut limits = Limits::REPLIES;
        limits.line = least;
        let found = outlines(b"230 \r\n230 a\r\n", limits, Escape::AsIs);
        assert_eq!(found, [(230, 230, 1, false), (230, 230, 1, true)].map(Some), "line: {least}");
        let mut inbox = Inbox::commands(limits);
        inbox.push(b"NOOP\r\nNOOPS\r\n");
        assert_eq!(inbox.next_line(), Ok(Some(&b"NOOP"[..])));
        assert_eq!(inbox.next_line().unwrap_err().limit, 4, "line: {least}");
    }
}

#[test]
fn a_line_is_never_cut_behind_a_cr_that_would_pass_for_its_end() {
    let mut limits = Limits::REPLIES;
    limits.line = 8;
    for (wire, text) in
        [("220 abc\rdefgh\r\n", &b"abc"[..]), ("220 ab\r\rdefgh\r\n", b"ab"), ("220 abcd\rdefgh\r\n", b"abcd")]
    {
        let mut inbox = Inbox::replies(limits);
        inbox.push(wire.as_bytes());
        let reply = inbox.next_reply().unwrap().unwrap();
        assert_eq!((reply.text(), reply.is_truncated()), (text, true), "{wire:?}");
    }
}
