//! Commands, replies, addresses: what is read is written back, and what is written is read back.

use ftp_proto::server::Greeting;
use ftp_proto::{
    Command, CommandLine, ExtendedAddress, ExtendedPort, HostPort, Inbox, Limits, LongAddress, Path, Reply, ReplyError,
    Text, Verb,
};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::num::NonZeroU16;

#[cfg(feature = "arbitrary")]
use arbitrary::{Arbitrary, Unstructured};

/// `Ok(c)` ⇒ encode is one line, and parse(encode(c)) == c; an error has a place in the line and an answer.
pub fn command(line: &[u8]) {
    let parsed = match CommandLine::parse(line) {
        Ok(parsed) => parsed,
        Err(error) => {
            assert!(error.at().is_none_or(|at| at <= line.len()), "{error:?} in {}", line.escape_ascii());
            assert!(matches!(error.reply().code().value(), 500 | 501 | 504 | 521 | 522), "{error:?}");
            assert!(!error.to_string().is_empty());
            return;
        }
    };
    assert_eq!(Command::parse(line).as_ref(), Ok(&parsed.command));
    assert!(!line.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0)), "an illegal byte was let in");
    let word = line.split(|byte| *byte == b' ').next().unwrap_or_default();
    let expected = match (&parsed.command, parsed.alias) {
        (Command::Other(other), _) => other.word(),
        (_, Some(alias)) => alias.as_bytes(),
        (command, None) => command.verb().word().as_bytes(),
    };
    assert!(word.eq_ignore_ascii_case(expected), "{parsed:?} of {}", line.escape_ascii());
    assert_eq!(Verb::parse(word), parsed.command.verb());
    line_round_trip(&parsed);
    command_round_trip(&parsed.command);
    // By the letter is a part of what is read, and all that is written.
    if let Ok(strict) = CommandLine::parse_strict(line) {
        assert_eq!(strict, parsed, "{}", line.escape_ascii());
    }
}

/// parse(encode(c)) == c for every command that can be built.
#[cfg(feature = "arbitrary")]
pub fn command_value(bytes: &[u8]) {
    let Ok(line) = CommandLine::arbitrary(&mut Unstructured::new(bytes)) else { return };
    line_round_trip(&line);
    command_round_trip(&line.command);
    let mut out = Vec::new();
    line.encode(&mut out);
    command(&out[..out.len() - 2]);
}

fn line_round_trip(line: &CommandLine<'_>) {
    let mut out = Vec::new();
    line.encode(&mut out);
    assert_eq!(&CommandLine::parse(one_line(&out)).unwrap(), line, "{}", out.escape_ascii());
}

fn command_round_trip(command: &Command<'_>) {
    let mut out = b"before".to_vec();
    command.encode(&mut out);
    let line = one_line(out.strip_prefix(b"before").expect("encode appends"));
    assert_eq!(Command::parse(line).as_ref(), Ok(command), "{}", line.escape_ascii());
    assert_eq!(Command::parse_strict(line).as_ref(), Ok(command), "{}", line.escape_ascii());
    assert_eq!(&command.clone().into_owned(), command);
    match command {
        Command::Pass(_) => assert_eq!(format!("{command:?}"), "Pass(Password(…))"),
        Command::Acct(_) => assert_eq!(format!("{command:?}"), "Acct(Password(…))"),
        _ => {}
    }
}

/// The one line without its CRLF.
fn one_line(encoded: &[u8]) -> &[u8] {
    let line = encoded.strip_suffix(b"\r\n").expect("a CRLF at the end");
    assert!(!line.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0)), "two lines: {}", encoded.escape_ascii());
    line
}

/// A strict prefix is `None`; parse(encode(r)) == r up to padding; agrees with a naive splitter.
///
/// Once of the bytes, and once of what they choose of the parts that replies are made of.
pub fn reply(input: &[u8]) {
    one_reply(input);
    const PARTS: [&[u8]; 16] = [
        b"211-",
        b"211 ",
        b"230 ",
        b"230-",
        b"211",
        b"\r\n",
        b"\r\n",
        b"\n",
        b"\r",
        b" ",
        b"-",
        b"x",
        b"\"",
        b"1",
        b"211 \r\n",
        b"",
    ];
    let chosen = input.iter().flat_map(|byte| PARTS[usize::from(byte & 15)]).copied();
    one_reply(&chosen.collect::<Vec<u8>>());
}

fn one_reply(input: &[u8]) {
    through_the_inbox(input);
    let naive = naive_reply(input);
    let (reply, length) = match Reply::parse(input) {
        Ok(Some(found)) => found,
        Ok(None) => return assert_eq!(naive, Naive::Unended),
        Err(error) => {
            assert!(matches!(error, ReplyError::NotAReply { .. }), "{error:?}");
            return assert_eq!(naive, Naive::NotAReply);
        }
    };
    let lines: Vec<Vec<u8>> = reply.lines().map(<[u8]>::to_vec).collect();
    assert_eq!(naive, Naive::Reply { code: reply.code().value(), many: reply.is_multiline(), lines, length });
    assert_eq!(reply.code(), reply.first_code());
    assert!(!reply.is_truncated());
    // All prefixes of what is short; of what is long the last ones, where the end is near.
    let first = if length <= 512 { 0 } else { length - 16 };
    for shorter in first..length {
        assert_eq!(Reply::parse(&input[..shorter]), Ok(None), "{} bytes of {length}", shorter);
    }
    assert_eq!(Reply::parse(&input[..length]), Ok(Some((reply.clone(), length))));
    reply_round_trip(&reply);
    bodies(&reply);
}

/// parse(encode(r)) == r for every reply that can be built.
#[cfg(feature = "arbitrary")]
pub fn reply_value(bytes: &[u8]) {
    let mut input = Unstructured::new(bytes);
    let Ok(built) = Reply::arbitrary(&mut input) else { return };
    let mut out = Vec::new();
    built.encode(&mut out);
    assert_eq!(Reply::parse(&out), Ok(Some((built.borrowed(), out.len()))), "{}", out.escape_ascii());
    reply_round_trip(&built);
    bodies(&built);
    reply(&out);
    let _ = said(&mut input);
}

/// What is said in a body is read from it.
#[cfg(feature = "arbitrary")]
fn said(input: &mut Unstructured<'_>) -> arbitrary::Result<()> {
    let address = HostPort::arbitrary(input)?;
    assert_eq!(Reply::entering_passive(address).passive_address(), Ok(address));
    let port = ExtendedPort::arbitrary(input)?;
    assert_eq!(Reply::entering_extended_passive(port).extended_passive().map(|found| found.port), Ok(port));
    let long = LongAddress::arbitrary(input)?;
    assert_eq!(Reply::entering_long_passive(long).long_passive_address(), Ok(long));
    let size = u64::arbitrary(input)?;
    assert_eq!(Reply::file_size(size).size(), Ok(size));
    assert_eq!(Reply::restarting_at(size).restart_offset(), Some(size));
    let time = ftp_proto::Time::arbitrary(input)?;
    assert_eq!(Reply::modification_time(time).modified(), Ok(time));
    let (path, comment) = (Path::arbitrary(input)?, ftp_proto::Text::arbitrary(input)?);
    if !path.as_bytes().iter().any(u8::is_ascii_control) {
        let said = Reply::path_name(&path, &comment);
        assert_eq!(said.directory().as_deref(), Ok(path.as_bytes()), "{said:?}");
    }
    Ok(())
}

fn reply_round_trip(reply: &Reply<'_>) {
    let mut out = Vec::new();
    reply.encode(&mut out);
    let (again, length) = Reply::parse(&out).expect("a reply").expect("all of it");
    assert_eq!(length, out.len(), "no line of it may end it early: {}", out.escape_ascii());
    assert_eq!((again.code(), again.is_multiline()), (reply.code(), reply.is_multiline()));
    let padded = reply.lines().count();
    assert_eq!(again.lines().count(), padded);
    for (index, (line, read)) in reply.lines().zip(again.lines()).enumerate() {
        let is_middle = index > 0 && index + 1 < padded;
        let unpadded = read.strip_prefix(b" ").filter(|rest| is_middle && begins_with_digits(rest));
        assert!(read == line || unpadded == Some(line), "line {index}: {:?} of {:?}", again, reply);
    }
    let mut twice = Vec::new();
    again.encode(&mut twice);
    assert_eq!(out, twice, "once padded, the same for ever");
    assert_eq!(&reply.clone().into_owned(), reply);
    assert_eq!(&reply.borrowed(), reply);
}

fn begins_with_digits(line: &[u8]) -> bool {
    line.len() >= 3 && line[..3].iter().all(u8::is_ascii_digit)
}

/// Every reader of a body comes to an end, and what it reads can be said again.
fn bodies(reply: &Reply<'_>) {
    if let Ok(address) = reply.passive_address() {
        assert_eq!(Reply::entering_passive(address).passive_address(), Ok(address));
    }
    if let Ok(passive) = reply.extended_passive() {
        let said = Reply::entering_extended_passive(passive.port);
        assert_eq!(said.extended_passive().map(|found| found.port), Ok(passive.port));
    }
    if let Ok(address) = reply.long_passive_address() {
        assert_eq!(Reply::entering_long_passive(address).long_passive_address(), Ok(address));
    }
    if let Ok(time) = reply.modified() {
        assert_eq!(Reply::modification_time(time).modified(), Ok(time));
    }
    if let Ok(size) = reply.size() {
        assert_eq!(Reply::file_size(size).size(), Ok(size));
    }
    if let Some(offset) = reply.restart_offset() {
        assert_eq!(Reply::restarting_at(offset).restart_offset(), Some(offset));
    }
    if let Ok(name) = reply.directory() {
        assert!(!name.is_empty() && !name.iter().any(u8::is_ascii_control));
        let path = Path::new(name.as_ref()).expect("a path");
        assert_eq!(Reply::path_name(&path, &Default::default()).directory().as_deref(), Ok(name.as_ref()));
    }
    let whole: Vec<&[u8]> = reply.lines().collect();
    let within = |part: &[u8]| whole.iter().any(|line| part.is_empty() || contains(line, part));
    assert!(reply.features().all(|feature| within(feature.word) && within(feature.parameter)));
    assert!(reply.unique_name().is_none_or(within));
    assert!(
        reply.facts_line().is_ok_and(|line| within(line.facts) && within(line.path)) || reply.facts_line().is_err()
    );
    assert!(reply.system().is_none_or(within));
    // The list is in one line, whichever.
    assert!(whole.iter().any(|line| reply.network_protocols().count() <= line.len()));
    let _ = reply.transfer_size();
    assert!(reply.middle_lines().count() <= whole.len());
    assert!(!format!("{reply} {reply:?}").is_empty());
}

fn contains(line: &[u8], part: &[u8]) -> bool {
    line.windows(part.len()).any(|window| window == part)
}

/// `Inbox` says the same as the grammar, whatever the pieces, where no Telnet is in the way and no limit is reached.
fn through_the_inbox(input: &[u8]) {
    if input.len() > 4096 || input.contains(&0xff) || contains(input, b"\r\0") {
        return;
    }
    let expected = Reply::parse(input);
    for size in [input.len().max(1), 1, 3] {
        let mut inbox = Inbox::replies(Limits::REPLIES);
        let mut said = Ok(None);
        for piece in input.chunks(size) {
            inbox.push(piece);
            said = inbox.next_reply().map(|reply| reply.map(Reply::into_owned));
            if !matches!(said, Ok(None)) {
                break;
            }
        }
        match (&said, &expected) {
            (Ok(said), Ok(expected)) => {
                assert_eq!(said.as_ref(), expected.as_ref().map(|(reply, _)| reply), "{}", input.escape_ascii());
                if let Some((_, length)) = expected {
                    let begin = input.iter().position(|byte| !matches!(byte, b'\r' | b'\n')).unwrap_or(0);
                    let raw = inbox.raw().expect("nothing was taken out");
                    assert_eq!(raw.len(), length - begin, "{}", input.escape_ascii());
                }
            }
            (said, expected) => assert_eq!(said.as_ref().err(), expected.as_ref().err(), "{}", input.escape_ascii()),
        }
    }
}

/// What a splitter says that knows no trick.
#[derive(Debug, PartialEq)]
enum Naive {
    Unended,
    NotAReply,
    Reply { code: u16, many: bool, lines: Vec<Vec<u8>>, length: usize },
}

fn naive_reply(input: &[u8]) -> Naive {
    let mut length = 0;
    let mut lines: Vec<Vec<u8>> = Vec::new();
    let mut begun: Option<Vec<u8>> = None;
    for raw in input.split_inclusive(|byte| *byte == b'\n') {
        let Some(line) = raw.strip_suffix(b"\n") else { break };
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        length += raw.len();
        let code = line.get(..3).filter(|code| code.iter().all(u8::is_ascii_digit) && matches!(code[0], b'1'..=b'6'));
        let separator = line.get(3).copied();
        match (&begun, code, separator) {
            (None, ..) if line.is_empty() => {}
            (None, Some(code), Some(b'-')) => {
                begun = Some(code.to_vec());
                lines.push(line[4..].to_vec());
            }
            (None, Some(code), None | Some(b' ')) => {
                let code = std::str::from_utf8(code).unwrap().parse().unwrap();
                let lines = vec![line.get(4..).unwrap_or_default().to_vec()];
                return Naive::Reply { code, many: false, lines, length };
            }
            (None, ..) => return Naive::NotAReply,
            (Some(first), Some(code), None | Some(b' ')) if first == code => {
                lines.push(line.get(4..).unwrap_or_default().to_vec());
                let code = std::str::from_utf8(code).unwrap().parse().unwrap();
                return Naive::Reply { code, many: true, lines, length };
            }
            (Some(first), Some(code), Some(b'-')) if first == code => lines.push(line[4..].to_vec()),
            (Some(_), ..) => lines.push(line.to_vec()),
        }
    }
    Naive::Unended
}

/// Round trip both ways; no port above 65535 and none 0, no octet above 255.
pub fn address(text: &[u8]) {
    if let Ok(address) = HostPort::parse(text) {
        assert_eq!(naive_octets(text).as_deref(), Some(&octets(address)[..]), "{}", text.escape_ascii());
        round_trip(&address.to_string(), &address, |text| HostPort::parse(text).ok());
        assert_eq!(HostPort::find(text), Ok(address), "what is a whole argument is found");
    } else {
        let naive = naive_octets(text).filter(|numbers| numbers.len() == 6 && numbers[4..] != [0, 0]);
        assert_eq!(naive, None, "{}", text.escape_ascii());
    }
    if let Ok(address) = HostPort::find(text) {
        assert!(stands_in(text, &octets(address)), "{address} in {}", text.escape_ascii());
        round_trip(&format!("words ({address}) words"), &address, |text| HostPort::find(text).ok());
    }
    if let Ok(address) = ExtendedAddress::parse(text) {
        assert_ne!(address.port(), 0);
        assert!(ends_with_port(text, address.port()), "{address} of {}", text.escape_ascii());
        round_trip(&address.to_string(), &address, |text| ExtendedAddress::parse(text).ok());
        let other = address.to_string().replace('|', "!");
        round_trip(&other, &address, |text| ExtendedAddress::parse(text).ok());
    }
    if let Ok(port) = ExtendedPort::parse(text) {
        assert!(ends_with_port(text, port.port()), "{port} of {}", text.escape_ascii());
        round_trip(&port.to_string(), &port, |text| ExtendedPort::parse(text).ok());
    }
    if let Ok(passive) = ExtendedPort::find(text) {
        assert_ne!(passive.port(), 0);
        assert!(has_number(text, passive.port()), "{passive:?} in {}", text.escape_ascii());
        round_trip(&format!("words ({})", passive.port), &passive.port, |text| {
            ExtendedPort::find(text).ok().map(|found| found.port)
        });
    }
    if let Ok(address) = LongAddress::parse(text) {
        assert_ne!(address.port(), 0);
        let numbers = naive_octets(text).expect("numbers");
        let [.., p1, p2] = numbers[..] else { panic!("too few") };
        assert_eq!(u16::from(p1) * 256 + u16::from(p2), address.port());
        round_trip(&address.to_string(), &address, |text| LongAddress::parse(text).ok());
    }
    if let Ok(address) = LongAddress::find(text) {
        round_trip(&format!("words ({address}) words"), &address, |text| LongAddress::find(text).ok());
    }
    if let Some((octets, _)) = text.split_first_chunk() {
        every_form(*octets);
    }
}

/// From the value to the wire and back, in each form that can say it.
fn every_form(bytes: [u8; 18]) {
    let [p1, p2, octets @ ..] = bytes;
    let Some(port) = NonZeroU16::new(u16::from_be_bytes([p1, p2])) else { return };
    let v4 = Ipv4Addr::new(octets[0], octets[1], octets[2], octets[3]);
    let address = HostPort::new(v4, port);
    assert_eq!(HostPort::try_from(SocketAddr::from(address)), Ok(address));
    assert_eq!(HostPort::parse(address.to_string().as_bytes()), Ok(address));
    assert_eq!(ExtendedPort::parse(ExtendedPort::new(port).to_string().as_bytes()), Ok(ExtendedPort::new(port)));
    for host in [IpAddr::V4(v4), IpAddr::V6(Ipv6Addr::from(octets))] {
        let extended = ExtendedAddress::new(host, port);
        assert_eq!(ExtendedAddress::parse(extended.to_string().as_bytes()), Ok(extended));
        assert_eq!(ExtendedAddress::try_from(SocketAddr::from(extended)), Ok(extended));
        let long = LongAddress::new(host, port);
        assert_eq!(LongAddress::parse(long.to_string().as_bytes()), Ok(long));
        assert_eq!(LongAddress::try_from(SocketAddr::from(long)), Ok(long));
        let full = ExtendedPort::find(format!("229 ok ({extended})").as_bytes());
        assert_eq!(full.map(|found| (found.port(), found.advertised)), Ok((port.get(), Some(host))));
    }
}

fn round_trip<T: PartialEq + std::fmt::Debug>(text: &str, value: &T, read: impl Fn(&[u8]) -> Option<T>) {
    assert_eq!(read(text.as_bytes()).as_ref(), Some(value), "{text}");
}

fn octets(address: HostPort) -> [u8; 6] {
    let [h1, h2, h3, h4] = address.host().octets();
    let [p1, p2] = address.port().to_be_bytes();
    assert_eq!(u16::from(p1) * 256 + u16::from(p2), address.port());
    assert_ne!(address.port(), 0);
    [h1, h2, h3, h4, p1, p2]
}

/// Numbers of one to three digits up to 255, with commas between and nothing else.
fn naive_octets(text: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(text).ok()?;
    let number = |part: &str| {
        let digits = (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
        if digits { part.parse().ok() } else { None }
    };
    text.split(',').map(number).collect()
}

/// Whether these numbers stand somewhere in the text, with commas and blanks between.
fn stands_in(text: &[u8], wanted: &[u8; 6]) -> bool {
    (0..text.len()).any(|from| {
        let mut rest = &text[from..];
        wanted.iter().enumerate().all(|(index, wanted)| {
            if index > 0 {
                let Some(behind) = skip_blanks(rest).strip_prefix(b",") else { return false };
                rest = skip_blanks(behind);
            }
            let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
            let number = std::str::from_utf8(&rest[..digits]).unwrap().parse::<u64>();
            rest = &rest[digits..];
            number == Ok(u64::from(*wanted))
        })
    })
}

fn skip_blanks(text: &[u8]) -> &[u8] {
    &text[text.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count()..]
}

/// Whether the digits before the last byte are this port.
fn ends_with_port(text: &[u8], port: u16) -> bool {
    let (delimiter, rest) = text.split_last().expect("an address");
    let port_text = rest.rsplit(|byte| byte == delimiter).next().expect("a part");
    std::str::from_utf8(port_text).is_ok_and(|text| text.parse() == Ok(u64::from(port)))
}

/// Whether this number stands in the text.
fn has_number(text: &[u8], number: u16) -> bool {
    let digits = text.split(|byte| !byte.is_ascii_digit());
    let value = |digits: &[u8]| {
        digits.iter().fold(0u64, |value, digit| value.saturating_mul(10).saturating_add(u64::from(digit & 15)))
    };
    let mut digits = digits.filter(|digits| !digits.is_empty());
    // A delimiter may be a digit itself, so the number may also be a part of a run of digits.
    digits.any(|digits| value(digits) == u64::from(number) || contains(digits, number.to_string().as_bytes()))
}

/// What a server says first.
pub(super) fn greeting() -> Greeting<'static> {
    Greeting::ready(Text::from_static("ready"))
}
