//! The words' views, conversions and limits, and the messages of their errors.

use std::borrow::Cow;
use std::fmt::Display;
use std::net::SocketAddrV4;
use std::time::Duration;

use ftp_proto::{
    AddressFault, Argument, ArgumentFault, BodyError, Command, CommandError, Commands, HostPort, Inbox, Instant,
    Limits, LineTooLong, NetworkProtocol, NewFacts, NewFactsError, NotOther, OtherCommand, Password, Path, Reply,
    ReplyEnd, ReplyError, Site, Text, TextError, Time, TimeError, Type, Verb,
};

fn text(text: &str) -> Text<'_> {
    Text::new(text).unwrap()
}

fn reply(wire: &str) -> Reply<'_> {
    Reply::parse(wire.as_bytes()).unwrap().unwrap().0
}

fn shown<const N: usize>(cases: [(&dyn Display, &str); N]) {
    for (value, expected) in cases {
        assert_eq!(value.to_string(), expected);
    }
}

/// Each way to make a value that holds bytes of a line, and the bytes that it gives back.
macro_rules! made_in_every_way {
    ($($type:ident)*) => {$(
        let made = [
            $type::new("a b").unwrap(),
            $type::try_from("a b").unwrap(),
            $type::try_from(&b"a b"[..]).unwrap(),
            $type::try_from(String::from("a b")).unwrap(),
            $type::try_from(b"a b".to_vec()).unwrap(),
        ];
        for value in &made {
            assert_eq!((value.as_bytes(), value.borrowed().as_bytes()), (&b"a b"[..], &b"a b"[..]));
            assert_eq!(value.clone().into_owned(), $type::new("a b").unwrap());
        }
        let illegal = TextError::Illegal { byte: b'\n', at: 1 };
        assert_eq!($type::try_from("a\nb"), Err(illegal));
        assert_eq!($type::try_from(&b"a\nb"[..]), Err(illegal));
        assert_eq!($type::try_from(String::from("a\nb")), Err(illegal));
        assert_eq!($type::try_from(b"a\nb".to_vec()), Err(illegal));
    )*};
}

#[test]
fn bytes_of_a_line_in_and_out() {
    made_in_every_way! { Text Argument Path Password }
    assert_eq!(Text::default(), text(""));
    assert_eq!(Text::from(Argument::new("a").unwrap()), text("a"));
    assert_eq!(Text::from(Path::new(" a").unwrap()), text(" a"));
    assert_eq!(Cow::from(text("a")), Cow::Borrowed(b"a"));
    shown([
        (&text("a\u{e9}"), "a\u{e9}"),
        (&Text::new(b"a\xe9b\xff").unwrap(), "a\u{fffd}b\u{fffd}"),
        (&Argument::new("a").unwrap(), "a"),
        (&Path::new("a").unwrap(), "a"),
    ]);
}

#[test]
fn a_time_tells_its_parts_and_has_limits() {
    let time = Time::parse(b"20241231235958.000000007").unwrap();
    assert_eq!((time.year(), time.month(), time.day()), (2024, 12, 31));
    assert_eq!((time.hour(), time.minute(), time.second(), time.nanosecond()), (23, 59, 58, 7));
    for (parts, expected) in [
        ((0, 1, 1, 0, 0, 0), None),
        ((9999, 12, 31, 23, 59, 60), None),
        ((10_000, 1, 1, 0, 0, 0), Some(TimeError::Date)),
        ((2024, 0, 1, 0, 0, 0), Some(TimeError::Date)),
        ((2024, 13, 1, 0, 0, 0), Some(TimeError::Date)),
        ((2024, 1, 0, 0, 0, 0), Some(TimeError::Date)),
        ((2024, 4, 31, 0, 0, 0), Some(TimeError::Date)),
        ((2000, 2, 29, 0, 0, 0), None),
        ((1900, 2, 29, 0, 0, 0), Some(TimeError::Date)),
        ((2024, 1, 1, 24, 0, 0), Some(TimeError::TimeOfDay)),
        ((2024, 1, 1, 0, 60, 0), Some(TimeError::TimeOfDay)),
        ((2024, 1, 1, 0, 0, 61), Some(TimeError::TimeOfDay)),
    ] {
        let (year, month, day, hour, minute, second) = parts;
        assert_eq!(Time::new(year, month, day, hour, minute, second).err(), expected, "{parts:?}");
    }
    assert_eq!(time.with_nanosecond(999_999_999).map(Time::nanosecond), Ok(999_999_999));
    assert_eq!(time.with_nanosecond(1_000_000_000), Err(TimeError::TimeOfDay));
}

#[test]
fn instants_are_counted_from_their_origin() {
    let (second, minute) = (Duration::from_secs(1), Duration::from_secs(60));
    let later = Instant::from_origin(minute);
    assert_eq!((later.since_origin(), Instant::default().since_origin()), (minute, Duration::ZERO));
    assert_eq!(later.after(second).since_origin(), minute + second);
    assert_eq!(later.after(second).saturating_since(later), second);
    assert_eq!(later.saturating_since(later.after(second)), Duration::ZERO);
    assert_eq!(later.after(Duration::from_nanos(1)).saturating_since(later), Duration::from_nanos(1));
    let last = Instant::from_origin(Duration::from_nanos(u64::MAX));
    assert_eq!((later.after(Duration::MAX), Instant::from_origin(Duration::MAX)), (last, last));
    assert!(last.since_origin() > Duration::from_secs(584 * 365 * 86_400));
    assert_eq!(format!("{later:?}"), "Instant(60s)");
}

#[test]
fn a_reply_shows_its_lines() {
    for (wire, lines, middle, display, debug) in [
        ("220 a\r\n", &["a"][..], &[][..], "220 a", r#"Reply(220, "a")"#),
        ("220\r\n", &[""], &[], "220 ", r#"Reply(220, "")"#),
        ("220-a\r\n220 b\r\n", &["a", "b"], &[], "220 a\nb", r#"Reply(220, "a", "b")"#),
        (
            "220-a\r\n b\r\n220-c\r\n221 d\r\n220-\r\n220 e\r\n",
            &["a", " b", "c", "221 d", "", "e"],
            &[" b", "c", "221 d", ""],
            "220 a\n b\nc\n221 d\n\ne",
            r#"Reply(220, "a", " b", "c", "221 d", "", "e")"#,
        ),
    ] {
        let reply = reply(wire);
        assert!(reply.lines().eq(lines.iter().map(|line| line.as_bytes())), "{wire:?}");
        assert!(reply.middle_lines().eq(middle.iter().map(|line| line.as_bytes())), "{wire:?}");
        assert_eq!((reply.text(), reply.is_multiline()), (lines[0].as_bytes(), lines.len() > 1), "{wire:?}");
        assert_eq!((reply.to_string().as_str(), format!("{reply:?}").as_str()), (display, debug));
        let mut lines_of_one = reply.lines();
        assert_eq!((lines_of_one.by_ref().count(), lines_of_one.next()), (lines.len(), None));
    }
}

#[test]
fn a_text_of_the_program_is_cut_before_what_would_end_the_line() {
    for (given, kept) in [("a b", "a b"), ("a\rb", "a"), ("a\nb", "a"), ("a\0b", "a"), ("\r\n", ""), ("", "")] {
        assert_eq!(Text::from_static(given).as_bytes(), kept.as_bytes());
        assert_eq!(Reply::from_static(ftp_proto::Code::COMMAND_OKAY, given).text(), kept.as_bytes());
    }
}

#[test]
fn lines_between_are_padded_where_they_begin_like_a_reply_and_named_where_they_are_protected() {
    for (code, middle, wire) in [
        (211, &["a", "12 b", "123", "12", "1x3"][..], "211-f\r\na\r\n12 b\r\n 123\r\n12\r\n1x3\r\n211 l\r\n"),
        (631, &["a", "123"], "631-f\r\n631-a\r\n631-123\r\n631 l\r\n"),
        (599, &["a"], "599-f\r\na\r\n599 l\r\n"),
    ] {
        let code = ftp_proto::Code::new(code).unwrap();
        let middle = middle.iter().map(|line| text(line));
        let mut out = Vec::new();
        Reply::with_lines(code, text("f"), middle, text("l")).encode(&mut out);
        assert_eq!(String::from_utf8(out).unwrap(), wire);
    }
}

#[test]
fn an_error_keeps_no_more_than_the_beginning_of_what_it_is_about() {
    for (length, kept) in [(255, 255), (256, 256), (257, 256)] {
        let line = [&b"x".repeat(length)[..], b"\r\n"].concat();
        let Err(ReplyError::NotAReply { line }) = Reply::parse(&line) else { panic!() };
        assert_eq!(line.len(), kept);
    }
    for (length, kept) in [(4095, 4095), (4096, 4096), (4097, 4096)] {
        let mut inbox = Inbox::replies(Limits::REPLIES);
        inbox.push(&b"2".repeat(length));
        assert_eq!(inbox.next_reply(), Ok(None));
        let Err(ReplyError::UnexpectedEnd { received }) = inbox.finish() else { panic!() };
        assert_eq!(received.len(), kept);
    }
}

#[test]
fn a_hash_has_as_many_digits_as_some_hash_has() {
    for length in 0..=130 {
        let digits = "0aF".repeat(44)[..length].to_string();
        let wire = format!("213 SHA-256 0-12 {digits} a\r\n");
        let is_hash = [8, 32, 40, 56, 64, 96, 128].contains(&length);
        let expected = if is_hash { Ok(digits.as_bytes()) } else { Err(BodyError::NoHash) };
        assert_eq!(reply(&wire).hash_digits(), expected, "{length}");
    }
    assert_eq!(reply("250 0123456g\r\n").hash_digits(), Err(BodyError::NoHash));
    assert_eq!(reply("251 name\t01234567\r\n").hash_digits(), Ok(&b"01234567"[..]));
}

#[test]
fn an_inbox_tells_whether_anything_is_behind_the_current_line() {
    let mut inbox: Inbox<Commands> = Inbox::commands(Limits::COMMANDS);
    let mut step = |pushed: &[u8], line: Option<&[u8]>, has_more, buffered| {
        inbox.push(pushed);
        assert_eq!(inbox.next_line(), Ok(line));
        assert_eq!((inbox.has_more(), inbox.buffered()), (has_more, buffered), "{}", pushed.escape_ascii());
    };
    step(b"", None, false, 0);
    step(b"NOOP\r\n", Some(b"NOOP"), false, 6);
    step(b"", None, false, 0);
    step(b"N", None, true, 1);
    step(b"OOP\r\n\xff\xf1", Some(b"NOOP"), true, 8);
    step(b"", None, false, 0);
    step(b"NOOP\r\nQ", Some(b"NOOP"), true, 7);
    step(b"UIT\r\n", Some(b"QUIT"), false, 6);
    step(b"\xff", None, true, 1);
}

#[test]
fn limits_are_those_of_servers_and_clients() {
    let (commands, replies) = (Limits::COMMANDS, Limits::REPLIES);
    assert_eq!((commands.line, replies.line), (4096, 8192));
    assert_eq!((replies.lines, replies.reply, replies.reply_end), (10_000, 1 << 20, ReplyEnd::SameCode));
    let mut others = commands;
    others.line = replies.line;
    assert_eq!(others, replies);
}

#[test]
fn a_reply_may_be_as_long_as_its_limit() {
    for (wire, is_whole) in
        [("220 a\r\n", true), ("220-a\r\n220 b\r\n", true), ("220-a\r\nb\r\n", false), ("220 abc", false)]
    {
        let with = |reply| {
            let mut limits = Limits::REPLIES;
            limits.reply = reply;
            let mut inbox = Inbox::replies(limits);
            inbox.push(wire.as_bytes());
            inbox.advance()
        };
        assert_eq!(with(wire.len()), Ok(is_whole), "{wire:?}");
        assert_eq!(with(wire.len() - 1), Err(ReplyError::TooLong { limit: wire.len() - 1 }), "{wire:?}");
    }
}

#[test]
fn a_reply_may_have_as_many_lines_as_its_limit() {
    let wire = "220-a\r\nb\r\nc\r\n220 d\r\n";
    for (limit, lines) in [(0, 2), (1, 2), (2, 2), (3, 3), (4, 4), (5, 4)] {
        let mut limits = Limits::REPLIES;
        limits.lines = limit;
        let mut inbox = Inbox::replies(limits);
        inbox.push(wire.as_bytes());
        let read = inbox.next_reply().unwrap().unwrap();
        assert_eq!((read.lines().count(), read.is_truncated()), (lines, lines < 4), "{limit}");
    }
}

#[test]
fn the_shortest_limits_let_a_command_and_a_reply_through() {
    let mut limits = Limits::COMMANDS;
    (limits.line, limits.lines) = (0, 0);
    let mut inbox = Inbox::commands(limits);
    inbox.push(b"NOOP\r\nNOOPS\r\nSTOR a\r\nquit\r\n");
    let too_long = |verb| Err(LineTooLong { limit: 4, verb });
    let lines = [Ok(Some(&b"NOOP"[..])), too_long(Verb::Noop), too_long(Verb::Stor), Ok(Some(b"quit")), Ok(None)];
    for line in lines {
        assert_eq!(inbox.next_line(), line);
    }

    let mut inbox = Inbox::replies(limits);
    inbox.push(b"220-a\r\nb\r\nc\r\n220 d\r\n");
    let read = inbox.next_reply().unwrap().unwrap();
    assert!(read.lines().eq([b"", b""]) && read.is_truncated(), "{read:?}");
}

#[test]
fn commands_tell_their_parts() {
    for (line, word, arguments, debug) in [
        ("CHMOD 600 a", "CHMOD", Some("600 a"), r#"Site("CHMOD" …)"#),
        ("who", "who", None, r#"Site("who")"#),
        ("who ", "who", Some(""), r#"Site("who" …)"#),
    ] {
        let site = Site::new(line).unwrap();
        assert_eq!((site.as_bytes(), site.word()), (line.as_bytes(), word.as_bytes()));
        assert_eq!(site.arguments(), arguments.map(str::as_bytes));
        assert_eq!((format!("{site:?}"), site.clone().into_owned()), (debug.to_string(), site));
    }
    for (argument, debug) in [(None, r#"OtherCommand("foo")"#), (Some("a b"), r#"OtherCommand("foo", 3 bytes)"#)] {
        let other = OtherCommand::new("foo", argument.map(text)).unwrap();
        assert_eq!((other.word(), other.argument()), (&b"foo"[..], argument.map(text).as_ref()));
        assert_eq!((format!("{other:?}"), other.clone().into_owned()), (debug.to_string(), other));
    }
    assert_eq!(Command::parse(b"TYPE L 255"), Ok(Command::Type(Type::Local(255.try_into().unwrap()))));
    assert_eq!(Type::LOCAL_8, Type::Local(8.try_into().unwrap()));
    assert_eq!((NetworkProtocol::Ipv4.number(), NetworkProtocol::Ipv6.number()), (1, 2));
    assert_eq!(NetworkProtocol::of("::1".parse().unwrap()), NetworkProtocol::Ipv6);
    assert_eq!(NetworkProtocol::of("10.0.0.1".parse().unwrap()), NetworkProtocol::Ipv4);
    assert_eq!(format!("{:>6}", Verb::Rmd), "   RMD");
}

#[test]
fn new_facts_are_names_and_values() {
    let facts = NewFacts::new("a=1;b==;c=;").unwrap();
    assert!(facts.iter().eq([(&b"a"[..], &b"1"[..]), (b"b", b"="), (b"c", b"")]));
    assert_eq!(facts, NewFacts::new("a=1;b==;c=").unwrap());
    let mut out = Vec::new();
    facts.encode(&mut out);
    assert_eq!(out, b"a=1;b==;c=;");
    assert_eq!(facts.clone().into_owned(), facts);
    for (given, error) in [
        ("", NewFactsError::Text(TextError::Empty)),
        (";", NewFactsError::Text(TextError::Empty)),
        ("a", NewFactsError::Fact { at: 0 }),
        ("=1", NewFactsError::Fact { at: 0 }),
        ("a=1;b", NewFactsError::Fact { at: 4 }),
        ("a=1;;b=2", NewFactsError::Fact { at: 4 }),
        ("a=1;b=2;c =3", NewFactsError::Fact { at: 8 }),
        ("a=1\n", NewFactsError::Text(TextError::Illegal { byte: b'\n', at: 3 })),
    ] {
        assert_eq!(NewFacts::new(given), Err(error), "{given:?}");
    }
}

#[test]
fn an_error_names_its_command_and_its_place() {
    let why = ArgumentFault::Number;
    for (error, verb, at) in [
        (CommandError::Empty, None, None),
        (CommandError::LeadingBlank, None, Some(0)),
        (CommandError::LineTooLong { limit: 9 }, None, Some(9)),
        (CommandError::IllegalByte { byte: 0, at: 3 }, None, Some(3)),
        (CommandError::MissingArgument(Verb::Retr), Some(Verb::Retr), None),
        (CommandError::BadArgument { verb: Verb::Rest, at: 5, why }, Some(Verb::Rest), Some(5)),
        (CommandError::UnsupportedParameter { verb: Verb::Mode, at: 6 }, Some(Verb::Mode), Some(6)),
        (CommandError::UnsupportedProtocol { verb: Verb::Eprt, at: 7 }, Some(Verb::Eprt), Some(7)),
    ] {
        assert_eq!((error.verb(), error.at()), (verb, at), "{error}");
    }
}

#[test]
fn errors_in_words() {
    let illegal = TextError::Illegal { byte: 13, at: 2 };
    let address = HostPort::try_from(SocketAddrV4::new([10, 0, 0, 1].into(), 0)).unwrap_err();
    let bad = |why| CommandError::BadArgument { verb: Verb::Rest, at: 5, why };
    shown([
        (&illegal, "illegal byte 0x0d at byte 2"),
        (&TextError::Empty, "no text"),
        (&TextError::LeadingBlank, "a blank at the beginning"),
        (&TimeError::Syntax { at: 3 }, "not YYYYMMDDhhmmss[.fraction]: mistake at byte 3"),
        (&TimeError::Date, "no such date"),
        (&TimeError::TimeOfDay, "no such time of day"),
        (&address, "port 0 at byte 0"),
        (&AddressFault::Octet, "expected a number from 0 to 255"),
        (&AddressFault::Count(5), "wrong count of numbers: 5"),
        (&AddressFault::Port, "expected a port"),
        (&AddressFault::PortTooLarge, "port above 65535"),
        (&AddressFault::UnknownProtocol, "unknown network protocol"),
        (&AddressFault::Protocol, "expected a network protocol"),
        (&AddressFault::Address, "expected an address of that network protocol"),
        (&AddressFault::Delimiter, "delimiter missing or misplaced"),
        (&AddressFault::NotIpv4, "expected an IPv4 address"),
        (&CommandError::Empty, "empty line"),
        (&CommandError::LeadingBlank, "the line begins with a blank"),
        (&CommandError::LineTooLong { limit: 9 }, "the line is longer than 9 bytes"),
        (&CommandError::IllegalByte { byte: 10, at: 1 }, "illegal byte 0x0a at byte 1"),
        (&CommandError::MissingArgument(Verb::Retr), "RETR: argument missing"),
        (&CommandError::UnsupportedParameter { verb: Verb::Mode, at: 5 }, "MODE: unsupported parameter at byte 5"),
        (
            &CommandError::UnsupportedProtocol { verb: Verb::Epsv, at: 5 },
            "EPSV: unsupported network protocol at byte 5",
        ),
        (&bad(ArgumentFault::Number), "REST: expected a number at byte 5"),
        (&bad(ArgumentFault::NumberTooLarge), "REST: number too large at byte 5"),
        (&bad(ArgumentFault::Word), "REST: unknown word at byte 5"),
        (&bad(ArgumentFault::Address(AddressFault::PortZero)), "REST: port 0 at byte 5"),
        (&bad(ArgumentFault::Time), "REST: expected a time, YYYYMMDDhhmmss at byte 5"),
        (&bad(ArgumentFault::Facts), "REST: expected facts, name=value; at byte 5"),
        (&bad(ArgumentFault::Excess), "REST: expected the end of the line at byte 5"),
        (&NotOther::Text(illegal), "illegal byte 0x0d at byte 2"),
        (&NotOther::Blank { at: 1 }, "a blank at byte 1"),
        (&NotOther::Known, "there is a variant for it"),
        (&NewFactsError::Text(TextError::Empty), "no text"),
        (&NewFactsError::Fact { at: 4 }, "expected name=value at byte 4"),
        (&LineTooLong { limit: 9, verb: Verb::Other }, "line of more than 9 bytes"),
        (&ReplyError::NotAReply { line: b"a\r"[..].into() }, r#"not a reply: "a\r""#),
        (&ReplyError::UnexpectedEnd { received: b"22"[..].into() }, r#"the connection ended within a reply: "22""#),
        (&ReplyError::TooLong { limit: 9 }, "reply of more than 9 bytes"),
        (&BodyError::Address(address), "no address in the reply: port 0 at byte 0"),
        (&BodyError::NoPath, "no path in the reply"),
        (&BodyError::UnterminatedQuote { at: 3 }, "the quote at byte 3 is never closed"),
        (&BodyError::ControlCharacter { byte: 27, at: 3 }, "control character 0x1b at byte 3 of the path"),
        (&BodyError::NoNumber, "no number in the reply"),
        (&BodyError::NumberTooLarge, "a number above 64 bits in the reply"),
        (&BodyError::Time(TimeError::Date), "no time in the reply: no such date"),
        (&BodyError::NoFacts, "no facts in the reply"),
        (&BodyError::NoHash, "no hash in the reply"),
    ]);
}
