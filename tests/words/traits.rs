//! The traits that users expect of the words: each reads back what it shows.

use std::collections::HashSet;
use std::fmt::{Debug, Display};
use std::net::{IpAddr, Ipv4Addr};
use std::num::{NonZeroU8, NonZeroU16};
use std::str::FromStr;

use proptest::prelude::*;

use ftp_proto::client::Request;
use ftp_proto::{
    AddressFault, Algs, Allocation, Argument, Code, Command, CommandError, CommandLine, EpsvArgument, ExtendedAddress,
    ExtendedPort, Form, Format, HostPort, LongAddress, Mode, NetworkProtocol, NewFacts, Password, Path, Protection,
    Reply, ReplyError, Route, Site, Structure, Text, TextError, Time, TimeError, Type, Verb,
};

/// Each value shows as this text, and is read from it.
fn both_ways<T: FromStr<Err: Debug> + Display + Debug + PartialEq>(cases: &[(T, &str)]) {
    for (value, text) in cases {
        assert_eq!(&value.to_string(), text);
        assert_eq!(&text.parse::<T>().unwrap(), value, "{text}");
    }
}

fn refused<T: FromStr<Err: Display> + Debug>(texts: &[&str]) {
    for text in texts {
        let error = text.parse::<T>().expect_err(text);
        assert!(!error.to_string().is_empty());
    }
}

#[test]
fn words_are_read_from_what_they_are_shown_as() {
    both_ways(&[(Route::Epsv, "EPSV"), (Route::Pasv, "PASV"), (Route::Eprt, "EPRT"), (Route::Port, "PORT")]);
    both_ways(&[(Code::LOGGED_IN, "230"), (Code::new(699).unwrap(), "699")]);
    both_ways(&[(Verb::Retr, "RETR"), (Verb::Pwd, "PWD"), (Verb::Xsha512, "XSHA512"), (Verb::Other, "")]);
    for verb in Verb::ALL {
        assert_eq!(verb.to_string().parse(), Ok(*verb));
    }
    both_ways(&[(NetworkProtocol::Ipv4, "1"), (NetworkProtocol::Ipv6, "2")]);
    both_ways(&[
        (Type::Ascii(None), "A"),
        (Type::Ascii(Some(Format::Telnet)), "A T"),
        (Type::Ebcdic(Some(Format::NonPrint)), "E N"),
        (Type::Image, "I"),
        (Type::LOCAL_8, "L 8"),
    ]);
    both_ways(&[(Format::NonPrint, "N"), (Format::Telnet, "T"), (Format::CarriageControl, "C")]);
    both_ways(&[(Structure::File, "F"), (Structure::Record, "R"), (Structure::Page, "P")]);
    both_ways(&[(Mode::Stream, "S"), (Mode::Block, "B"), (Mode::Compressed, "C"), (Mode::Deflate, "Z")]);
    both_ways(&[
        (Protection::Clear, "C"),
        (Protection::Safe, "S"),
        (Protection::Confidential, "E"),
        (Protection::Private, "P"),
    ]);
    both_ways(&[(Algs::Status64, "STATUS64"), (Algs::Enable64, "ENABLE64"), (Algs::Disable64, "DISABLE64")]);
    both_ways(&[
        (EpsvArgument::Any, ""),
        (EpsvArgument::Protocol(NetworkProtocol::Ipv6), "2"),
        (EpsvArgument::All, "ALL"),
    ]);
    both_ways(&[(Allocation { bytes: 12, record: None }, "12"), (Allocation { bytes: 12, record: Some(3) }, "12 R 3")]);
}

#[test]
fn words_of_any_case_are_read_and_no_others() {
    assert_eq!(("epsv".parse(), "Port".parse()), (Ok(Route::Epsv), Ok(Route::Port)));
    assert_eq!(("xpwd".parse(), "retr".parse()), (Ok(Verb::Pwd), Ok(Verb::Retr)));
    assert_eq!(("a n".parse(), "l8".parse()), (Ok(Type::Ascii(Some(Format::NonPrint))), Ok(Type::LOCAL_8)));
    refused::<Route>(&["", "EPSV ", " PASV", "LPRT", "EPSVX"]);
    refused::<Code>(&["", "23", "2300", "099", "700", "+23", " 230", "23O", "-30"]);
    refused::<Verb>(&["XYZZY", "RETR ", "RETR file", " "]);
    refused::<Type>(&["", " ", "X", "A X", "A  N x", "L", "L 0", "L 256", " A", "A ", "A\r\n"]);
    refused::<Structure>(&["", "FR", "X", "F "]);
    refused::<Mode>(&["", "X"]);
    refused::<Protection>(&["", "X"]);
    refused::<Allocation>(&["", "x", "1 R", "1 R x"]);
    refused::<EpsvArgument>(&["3", "x", "ALL x", " "]);
    refused::<NetworkProtocol>(&["", "0", "3", "x", "1 "]);
    assert_eq!("ftp".parse::<Route>().unwrap_err().to_string(), "not a route: expected EPSV, PASV, EPRT or PORT");
}

#[test]
fn addresses_and_times_are_read_from_what_they_are_shown_as() {
    for text in ["10,0,0,1,192,100", "0,0,0,0,0,1", "255,255,255,255,255,255"] {
        both_ways(&[(HostPort::parse(text.as_bytes()).unwrap(), text)]);
        assert_eq!(HostPort::try_from(text.as_bytes()), HostPort::parse(text.as_bytes()));
    }
    for text in ["|1|10.0.0.1|49252|", "|2|::1|5282|"] {
        both_ways(&[(ExtendedAddress::parse(text.as_bytes()).unwrap(), text)]);
        assert_eq!(ExtendedAddress::try_from(text.as_bytes()), ExtendedAddress::parse(text.as_bytes()));
    }
    both_ways(&[(ExtendedPort::parse(b"|||6446|").unwrap(), "|||6446|")]);
    assert_eq!(ExtendedPort::try_from(&b"|||6446|"[..]).map(ExtendedPort::port), Ok(6446));
    for text in ["4,4,10,0,0,1,2,5,67", "6,16,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,1,2,5,67"] {
        both_ways(&[(LongAddress::parse(text.as_bytes()).unwrap(), text)]);
        assert_eq!(LongAddress::try_from(text.as_bytes()), LongAddress::parse(text.as_bytes()));
    }
    for text in ["20240229235960.25", "00000101000000"] {
        both_ways(&[(Time::parse(text.as_bytes()).unwrap(), text)]);
        assert_eq!(Time::try_from(text.as_bytes()), Time::parse(text.as_bytes()));
    }
    let wrong = "10,256,0,1,1,1".parse::<HostPort>().map_err(|error| (error.at, error.why));
    assert_eq!(wrong, Err((3, AddressFault::Octet)));
    assert_eq!("2024".parse::<Time>(), Err(TimeError::Syntax { at: 4 }));
}

#[test]
fn texts_are_read_into_owned_values() {
    let path: Path<'static> = "a b".parse().unwrap();
    assert_eq!(
        (path, "\u{e9}".parse::<Text<'static>>()),
        (Path::new("a b").unwrap(), Ok(Text::new("\u{e9}").unwrap()))
    );
    assert_eq!("".parse::<Argument<'static>>(), Err(TextError::Empty));
    assert_eq!("a\n".parse::<Password<'static>>(), Err(TextError::Illegal { byte: b'\n', at: 1 }));
}

#[test]
fn commands_and_replies_are_read_from_slices() {
    let command: Command<'static> = "RETR a b".parse().unwrap();
    assert_eq!(command, Command::Retr(Path::new("a b").unwrap()));
    assert_eq!(Command::try_from("NOOP"), Ok(Command::Noop));
    assert_eq!(Command::try_from(&b"RETR caf\xe9"[..]), Ok(Command::Retr(Path::new(b"caf\xe9").unwrap())));
    assert_eq!("RETR".parse::<Command<'static>>(), Err(CommandError::MissingArgument(Verb::Retr)));
    let line: CommandLine<'static> = "xcup".parse().unwrap();
    assert_eq!((line.to_string().as_str(), line.alias), ("XCUP", Some("XCUP")));
    assert_eq!(CommandLine::try_from("PASS secret").map(|line| line.to_string()), Ok("PASS ****".into()));
    assert_eq!(CommandLine::try_from(&b"cwd a"[..]).map(|line| line.to_string()), Ok("CWD a".into()));
    assert_eq!(Site::try_from("CHMOD 644 a").map(|site| site.word().to_vec()), Ok(b"CHMOD".to_vec()));
    assert_eq!(Site::try_from(&b""[..]), Err(TextError::Empty));
    let facts = NewFacts::try_from(&b"a=b"[..]).unwrap();
    assert_eq!(facts.to_string(), "a=b;");
    assert_eq!(NewFacts::try_from("a=b;"), Ok(facts));

    let wire = b"211-Features:\r\n MDTM\r\n211 End\r\n";
    assert_eq!(Reply::try_from(&wire[..]).unwrap().lines().count(), 3);
    assert_eq!(Reply::try_from("220 ready\r\n").unwrap().text(), b"ready");
    assert!(matches!(Reply::try_from(&wire[..20]), Err(ReplyError::UnexpectedEnd { .. })));
    assert!(matches!(Reply::try_from("hello\r\n"), Err(ReplyError::NotAReply { .. })));
    let two = Reply::try_from("220 one\r\n220 two\r\n");
    assert!(matches!(two, Err(ReplyError::Excess { at: 9 })), "{two:?}");
}

#[test]
fn codes_are_numbers() {
    assert_eq!(Code::try_from(230), Ok(Code::LOGGED_IN));
    assert_eq!(u16::from(Code::LOGGED_IN), 230);
    for number in [0, 99, 700, u16::MAX] {
        assert!(Code::try_from(number).is_err());
    }
}

#[test]
fn times_are_seconds_since_1970() {
    for (seconds, text) in [
        (0, "19700101000000"),
        (-1, "19691231235959"),
        (1_700_000_000, "20231114221320"),
        (-62_167_219_200, "00000101000000"),
        (253_402_300_799, "99991231235959"),
    ] {
        let time: Time = text.parse().unwrap();
        assert_eq!((Time::from_unix_seconds(seconds), time.unix_seconds()), (Ok(time), seconds), "{text}");
    }
    let leap: Time = "20161231235960.5".parse().unwrap();
    assert_eq!(leap.unix_seconds(), 1_483_228_800, "as the second behind it");
    for beyond in [253_402_300_800, -62_167_219_201, i64::MIN, i64::MAX] {
        assert_eq!(Time::from_unix_seconds(beyond), Err(TimeError::Date));
    }
}

#[test]
fn what_holds_at_first_is_the_default() {
    assert_eq!(Form::default().representation, Type::Ascii(None), "RFC 959 3.1.1.1");
    assert_eq!((Structure::default(), Mode::default()), (Structure::File, Mode::Stream));
    assert_eq!((Form::default().structure, Form::default().mode), (Structure::File, Mode::Stream));
    assert_eq!((Format::default(), Protection::default()), (Format::NonPrint, Protection::Clear));
    assert_eq!(EpsvArgument::default(), EpsvArgument::Any);
}

#[test]
fn what_is_equal_is_hashed_alike() {
    let replies: HashSet<Reply<'_>> =
        [&b"220 a\r\n"[..], b"220 a\n", b"220 b\r\n", b"220-a\r\n220 b\r\n", b"220-a\n220 b\n"]
            .map(|wire| Reply::try_from(wire).unwrap())
            .into();
    assert_eq!(replies.len(), 3);
    let errors: HashSet<_> = [HostPort::parse(b"").unwrap_err(), HostPort::parse(b"x").unwrap_err()].into();
    assert_eq!(errors.len(), 1);
}

#[test]
fn a_request_is_cloned() {
    let request = Request::retrieve(Path::new("a").unwrap(), 5);
    assert_eq!(format!("{:?}", request.clone()), format!("{request:?}"));
}

/// The value reads back what it shows, and shows the same again.
fn reads_back<T: FromStr<Err: Debug> + Display + Debug + PartialEq>(value: T) {
    let shown = value.to_string();
    let read = shown.parse::<T>();
    assert_eq!(read.as_ref().ok(), Some(&value), "{shown:?}: {read:?}");
    assert_eq!(read.unwrap().to_string(), shown);
}

/// A time of any year, a leap second and a fraction among them.
fn time() -> impl Strategy<Value = Time> {
    let fraction = prop_oneof![Just(0), 0..1_000_000_000u32, Just(999_999_999)];
    (-62_167_219_200i64..=253_402_300_799, any::<bool>(), fraction).prop_map(|(seconds, leap, fraction)| {
        let time = Time::from_unix_seconds(seconds).unwrap();
        let second = if leap { 60 } else { time.second() };
        let time = Time::new(time.year(), time.month(), time.day(), time.hour(), time.minute(), second).unwrap();
        time.with_nanosecond(fraction).unwrap()
    })
}

proptest! {
    #[test]
    fn any_address_reads_back(v4: [u8; 4], v6: [u8; 16], port: NonZeroU16) {
        reads_back(HostPort::new(v4.into(), port));
        reads_back(ExtendedPort::new(port));
        for host in [IpAddr::from(v4), v6.into(), Ipv4Addr::from(v4).to_ipv6_mapped().into()] {
            reads_back(ExtendedAddress::new(host, port));
            reads_back(LongAddress::new(host, port));
        }
    }

    #[test]
    fn any_time_reads_back_and_is_counted_both_ways(time in time()) {
        reads_back(time);
        let seconds = time.unix_seconds();
        let leap = u8::from(time.second() == 60);
        let Ok(again) = Time::from_unix_seconds(seconds) else {
            // The second after 9999 has no year.
            assert_eq!((seconds, leap), (253_402_300_800, 1));
            return Ok(());
        };
        assert_eq!(again.unix_seconds(), seconds);
        if leap == 0 {
            assert_eq!(again.with_nanosecond(time.nanosecond()), Ok(time));
        }
    }

    #[test]
    fn any_argument_reads_back(bytes: u64, record: Option<u64>, bits in 1..=255u8, code in 100..700u16, text in "[^\r\n\0]*") {
        reads_back(Allocation { bytes, record });
        reads_back(Type::Local(NonZeroU8::new(bits).unwrap()));
        reads_back(Code::new(code).unwrap());
        reads_back(Text::new(&text).unwrap().into_owned());
        if let Ok(path) = Path::new(&text) {
            reads_back(path.into_owned());
        }
        if let Ok(argument) = Argument::new(&text) {
            reads_back(argument.into_owned());
        }
    }
}

#[test]
fn permits_read_back() {
    use ftp_proto::listing::Permit;
    both_ways(&[
        (Permit::NONE, ""),
        (Permit::RETRIEVE | Permit::STORE, "rw"),
        (Permit::parse(b"acdeflmprw").unwrap(), "acdeflmprw"),
    ]);
    assert_eq!("WxR".parse(), Ok(Permit::RETRIEVE.with(Permit::STORE)), "any case, and unknown letters are ignored");
    refused::<Permit>(&["r-w", " ", "r w", "7", "\u{e9}"]);
}

#[test]
fn values_can_be_keys() {
    fn key<T: std::hash::Hash + Eq + Clone>() {}
    key::<ftp_proto::codec::Progress>();
    key::<ftp_proto::codec::CodecError>();
    key::<ftp_proto::codec::Unsupported>();
    key::<ftp_proto::codec::Refused>();
    key::<ftp_proto::Evidence>();
    key::<ftp_proto::diagnosis::Findings>();
    key::<ftp_proto::diagnosis::Causes>();
    key::<ftp_proto::diagnosis::Cure>();
    key::<ftp_proto::diagnosis::Setting>();
    key::<ftp_proto::diagnosis::Fact>();
    key::<ftp_proto::Sent<'_>>();
}
