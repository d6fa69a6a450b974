//! Every form of address, read and written; and the addresses in measured replies.

use ftp_proto::AddressFault::*;
use ftp_proto::{AddressError, AddressFault, ExtendedAddress, ExtendedPassive, ExtendedPort, HostPort, LongAddress};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4};
use std::num::NonZeroU16;

const V4: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 255, 1));
const V6: &str = "2001:db8::ff00:42:8329";

fn ports() -> impl Iterator<Item = NonZeroU16> {
    (1..=u16::MAX).filter_map(NonZeroU16::new)
}

fn fault<T>(result: Result<T, AddressError>) -> Option<(usize, AddressFault)> {
    result.err().map(|error| (error.at, error.why))
}

#[test]
fn every_port_in_every_encoding_both_ways() {
    let v6: IpAddr = V6.parse().unwrap();
    let octets = v6_octets(v6);
    let mut out = Vec::new();
    for port in ports() {
        let [p1, p2] = port.get().to_be_bytes();
        let mut check = |wire: String, encode: &dyn Fn(&mut Vec<u8>)| {
            out.clear();
            encode(&mut out);
            assert_eq!(out, wire.as_bytes());
        };

        let short = HostPort::new(Ipv4Addr::new(10, 0, 255, 1), port);
        check(format!("10,0,255,1,{p1},{p2}"), &|out| short.encode(out));
        assert_eq!(HostPort::parse(short.to_string().as_bytes()), Ok(short));
        assert_eq!(HostPort::find(format!("Entering Passive Mode ({short}).").as_bytes()), Ok(short));

        let bare = ExtendedPort::new(port);
        check(format!("|||{port}|"), &|out| bare.encode(out));
        assert_eq!(ExtendedPort::parse(bare.to_string().as_bytes()), Ok(bare));
        let found = ExtendedPort::find(format!("Entering Extended Passive Mode ({bare})").as_bytes());
        assert_eq!(found, Ok(ExtendedPassive { port: bare, advertised: None }));

        for (host, number, octets) in [(V4, 1, "4,4,10,0,255,1"), (v6, 2, octets.as_str())] {
            let extended = ExtendedAddress::new(host, port);
            check(format!("|{number}|{host}|{port}|"), &|out| extended.encode(out));
            assert_eq!(ExtendedAddress::parse(extended.to_string().as_bytes()), Ok(extended));
            let found = ExtendedPort::find(format!("ok ({extended})").as_bytes());
            assert_eq!(found, Ok(ExtendedPassive { port: bare, advertised: Some(host) }));

            let long = LongAddress::new(host, port);
            check(format!("{octets},2,{p1},{p2}"), &|out| long.encode(out));
            assert_eq!(LongAddress::parse(long.to_string().as_bytes()), Ok(long));
            assert_eq!(LongAddress::find(format!("Entering Long Passive Mode ({long})").as_bytes()), Ok(long));
            assert_eq!(SocketAddr::from(long), SocketAddr::from(extended));
        }
    }
}

fn v6_octets(address: IpAddr) -> String {
    let IpAddr::V6(address) = address else { panic!("no IPv6 address") };
    address.octets().iter().fold(String::from("6,16"), |text, octet| format!("{text},{octet}"))
}

#[test]
fn every_octet_in_every_place() {
    for place in 0..4 {
        for octet in 0..=u8::MAX {
            let mut octets = [1; 4];
            octets[place] = octet;
            let address = HostPort::new(octets.into(), NonZeroU16::MIN);
            assert_eq!(HostPort::parse(address.to_string().as_bytes()), Ok(address));
            assert_eq!(HostPort::find(address.to_string().as_bytes()), Ok(address));
        }
    }
}

#[test]
fn the_examples_that_people_copy() {
    let port = |text: &str| HostPort::parse(text.as_bytes()).map(HostPort::port);
    assert_eq!(port("192,168,1,100,5,67"), Ok(1347));
    assert_eq!(port("192,168,1,100,192,100"), Ok(49252));
    assert!(port("192.168.1.100,5,67").is_err());
    assert!(HostPort::find(b"Entering Passive Mode (192.168.1.100,5,67)").is_err());
}

#[test]
fn what_port_does_not_take() {
    for (text, at, why) in [
        ("", 0, Octet),
        ("1,2,3,4,5", 9, Count(5)),
        ("1,2,3,4,5,", 10, Octet),
        ("1,2,3,4,5,6,7", 11, Count(7)),
        ("1,2,3,4,5,6 ", 11, Octet),
        ("1,2,3,4,5,6)", 11, Octet),
        ("256,2,3,4,5,6", 0, Octet),
        ("1,2,3,4,5,999", 10, Octet),
        ("1,2,3,0004,5,6", 6, Octet),
        ("1,2,3,4,0,0", 8, PortZero),
        ("1, 2,3,4,5,6", 2, Octet),
        ("-1,2,3,4,5,6", 0, Octet),
        ("(1,2,3,4,5,6)", 0, Octet),
        ("192.168.1.100,5,67", 3, Octet),
        ("1,2,3,4,5,\u{661}", 10, Octet),
    ] {
        assert_eq!(fault(HostPort::parse(text.as_bytes())), Some((at, why)), "{text}");
    }
    assert_eq!(HostPort::parse(b"001,02,003,4,005,067").map(|a| a.to_string()), Ok("1,2,3,4,5,67".into()));
}

#[test]
fn what_eprt_takes() {
    let both = |port: u16, host: &str| Ok((host.parse::<IpAddr>().unwrap(), port));
    for (text, wanted) in [
        ("|1|132.235.1.2|6275|", both(6275, "132.235.1.2")),
        ("|2|1080::8:800:200C:417A|5282|", both(5282, "1080::8:800:200C:417A")),
        ("!1!127.0.0.1!1!", both(1, "127.0.0.1")),
        ("x1x127.0.0.1x65535x", both(65535, "127.0.0.1")),
        ("|2|::ffff:1.2.3.4|80|", both(80, "::ffff:1.2.3.4")),
        ("", Err((0, Delimiter))),
        (" 1 1.2.3.4 5 ", Err((0, Delimiter))),
        ("\u{7f}1\u{7f}", Err((0, Delimiter))),
        ("|1|1.2.3.4|5", Err((12, Delimiter))),
        ("|1|1.2.3.4|5|x", Err((13, Delimiter))),
        ("|1|1.2.3.4|", Err((11, Delimiter))),
        ("|3|1.2.3.4|5|", Err((1, UnknownProtocol))),
        ("|99999999999|x|y|", Err((1, UnknownProtocol))),
        // 2³² + 1, and 2³² + 80 below.
        ("|4294967297|1.2.3.4|5|", Err((1, UnknownProtocol))),
        ("|x|1.2.3.4|5|", Err((1, Protocol))),
        ("||1.2.3.4|5|", Err((1, Protocol))),
        ("|1|::1|5|", Err((3, Address))),
        ("|2|1.2.3.4|5|", Err((3, Address))),
        ("|1|1.2.3|5|", Err((3, Address))),
        ("|1|1.2.3.256|5|", Err((3, Address))),
        ("|2|fe80::1%eth0|5|", Err((3, Address))),
        ("|1|1.2.3.4|0|", Err((11, PortZero))),
        ("|1|1.2.3.4|70000|", Err((11, PortTooLarge))),
        ("|1|1.2.3.4|65536|", Err((11, PortTooLarge))),
        ("|1|1.2.3.4|4294967376|", Err((11, PortTooLarge))),
        ("|1|1.2.3.4|99999999999|", Err((11, PortTooLarge))),
        ("|1|1.2.3.4||", Err((11, Port))),
        ("|1|1.2.3.4|+5|", Err((11, Port))),
    ] {
        let read = ExtendedAddress::parse(text.as_bytes()).map(|address| (address.host(), address.port()));
        assert_eq!(read.map_err(|error| (error.at, error.why)), wanted, "{text}");
    }
}

#[test]
fn what_a_port_alone_takes() {
    for (text, wanted) in [
        ("|||6446|", Ok(6446)),
        ("!!!6446!", Ok(6446)),
        ("|||1|", Ok(1)),
        ("|1||6446|", Err((1, Delimiter))),
        ("||::1|6446|", Err((2, Delimiter))),
        ("|||0|", Err((3, PortZero))),
        ("|||65536|", Err((3, PortTooLarge))),
        ("|||6446", Err((7, Delimiter))),
        ("|||6446||", Err((8, Delimiter))),
        ("||||", Err((3, Port))),
        ("", Err((0, Delimiter))),
    ] {
        let read = ExtendedPort::parse(text.as_bytes()).map(ExtendedPort::port);
        assert_eq!(read.map_err(|error| (error.at, error.why)), wanted, "{text}");
    }
}

#[test]
fn every_delimiter_delimits_but_a_digit() {
    for delimiter in (33..=126u8).filter(|delimiter| !delimiter.is_ascii_digit()) {
        let d = char::from(delimiter);
        if d != '.' {
            let text = format!("{d}1{d}127.0.0.1{d}80{d}");
            assert_eq!(ExtendedAddress::parse(text.as_bytes()).map(|a| a.port()), Ok(80), "{text}");
        }
        for port in [80u16, 6446] {
            let text = format!("Entering Extended Passive Mode ({d}{d}{d}{port}{d})");
            assert_eq!(ExtendedPort::find(text.as_bytes()).map(|found| found.port()), Ok(port), "{text}");
        }
    }
}

/// A digit can't be a delimiter, and neither can a blank (RFC 2428 2: 33 to 126).
#[test]
fn a_number_is_no_port_between_delimiters() {
    for d in '0'..='9' {
        for port in ["80", "6446", "1", "0", ""] {
            let text = format!("{d}{d}{d}{port}{d}");
            assert_eq!(fault(ExtendedPort::parse(text.as_bytes())), Some((0, Delimiter)), "{text}");
            for text in [format!("ok ({text})"), format!("ok (   {text} )"), format!("ok {text}")] {
                assert_eq!(fault(ExtendedPort::find(text.as_bytes())).map(|(_, why)| why), Some(Count(0)), "{text}");
            }
            let text = format!("{d}1{d}127.0.0.1{d}{port}{d}");
            assert_eq!(fault(ExtendedAddress::parse(text.as_bytes())), Some((0, Delimiter)), "{text}");
        }
    }
    for text in ["(   11111 )", "(   80 )", "( 1 127.0.0.1 80 )", "\t\t\t80\t", "(   |   80 )"] {
        assert_eq!(fault(ExtendedPort::find(text.as_bytes())).map(|(_, why)| why), Some(Count(0)), "{text}");
    }
}

#[test]
fn what_lprt_does_not_take() {
    for (text, at, why) in [
        ("", 0, Octet),
        ("5,4,1,2,3,4,2,5,67", 0, UnknownProtocol),
        ("0,4,1,2,3,4,2,5,67", 0, UnknownProtocol),
        ("4,5,1,2,3,4,2,5,67", 2, Address),
        ("4,16,1,2,3,4,2,5,67", 2, Address),
        ("6,4,1,2,3,4,2,5,67", 2, Address),
        ("4,4,1,2,3,4,3,5,67", 12, AddressFault::Port),
        ("4,4,1,2,3,4,2,0,0", 14, PortZero),
        ("4,4,1,2,3,4,2,5", 15, Count(8)),
        ("4,4,1,2,3,4,2,5,67,8", 18, Count(10)),
        ("4,4,1,2,3,256,2,5,67", 10, Octet),
    ] {
        assert_eq!(fault(LongAddress::parse(text.as_bytes())), Some((at, why)), "{text}");
    }
}

/// The texts of the measured 227 replies, and others like them, each with the outcome that this crate wants.
#[test]
fn finds_the_tuple_of_a_227() {
    for text in [
        "Entering Passive Mode (10,0,0,1,192,100).",
        "Entering Passive Mode 10,0,0,1,192,100",
        "10,0,0,1,192,100",
        "=10,0,0,1,192,100",
        "Entering Passive Mode(10,0,0,1,192,100)",
        "Entering Passive Mode (10, 0, 0, 1, 192, 100)",
        "Entering Passive Mode ( 10,0,0,1,192,100 )",
        "Entering Passive Mode (10 ,0\t,\t0,1,192,100)",
        "Entering Passive Mode (010,000,000,001,192,100)",
        "Entering Passive Mode (00010,0,0,1,192,100)",
        "v2 (10,0,0,1,192,100)",
        "2 10,0,0,1,192,100",
        "ready at 5, (10,0,0,1,192,100)",
        "Hello, here: (10,0,0,1,192,100)",
        "version 1.2.3, mode (10,0,0,1,192,100)",
        "1.2,3,4,5,6,7,8 then 10,0,0,1,192,100",
        "(1,2,3,4,5) (10,0,0,1,192,100)",
        "Entering Passive Mode (10,0,0,1,192,100",
        "Entering Passive Mode [10,0,0,1,192,100]",
        "Entering Passive Mode (10,0,0,1,192,100,7)",
        "Entering Passive Mode 10,0,0,1,192,100.",
        "Entering Passive Mode 10,0,0,1,192,100. 2 users",
        "mode passif activ\u{e9} (10,0,0,1,192,100)",
    ] {
        assert_eq!(HostPort::find(text.as_bytes()).map(|a| a.to_string()), Ok("10,0,0,1,192,100".into()), "{text}");
    }
    let latin = b"\xe9tabli (10,0,0,1,192,100)";
    assert_eq!(HostPort::find(latin).map(HostPort::port), Ok(49252));
}

#[test]
fn finds_no_tuple_where_there_is_none() {
    for (text, at, why) in [
        ("", 0, Count(0)),
        ("Entering Passive Mode", 0, Count(0)),
        ("(10,0,0,1,192", 1, Count(5)),
        ("(10,0,0,1,192)", 1, Count(5)),
        ("(10,0,0,1,192,)", 1, Count(5)),
        ("(192,100)", 1, Count(2)),
        ("(10.0.0.1,192,100)", 1, Count(0)),
        ("(10.0.0.1:49252)", 10, Count(1)),
        ("(1.10,0,0,1,192,100)", 1, Count(0)),
        ("10,0,0,1,192,100.5", 0, Count(5)),
        ("(300,0,0,1,192,100)", 1, Octet),
        ("(300,0,0,1,192,100,7)", 1, Octet),
        ("(10,0,0,1,192,256)", 14, Octet),
        ("(10,0,0,1,192,4294967297)", 14, Octet),
        ("(10,0,0,1,0,0)", 10, PortZero),
        ("(10,,0,0,1,192,100)", 5, Count(5)),
        ("(10;0;0;1;192;100)", 1, Count(1)),
    ] {
        let found = HostPort::find(text.as_bytes());
        // A number that is joined to others by a dot isn't part of a list, so its place isn't checked.
        if why == Count(0) {
            assert_eq!(fault(found).map(|(_, why)| why), Some(Count(0)), "{text}");
        } else {
            assert_eq!(fault(found), Some((at, why)), "{text}");
        }
    }
}

/// The texts of the measured 229 replies, and others like them, each with the outcome that this crate wants.
#[test]
fn finds_the_port_of_a_229() {
    let v4 = Some(IpAddr::from([127, 0, 0, 1]));
    let v6 = Some("::1".parse::<IpAddr>().unwrap());
    for (text, advertised) in [
        ("Entering Extended Passive Mode (|||6446|)", None),
        ("Extended Passive mode OK (|||6446|)", None),
        ("Entering Extended Passive Mode (!!!6446!)", None),
        ("Entering Extended Passive Mode |||6446|", None),
        ("|||6446|", None),
        ("Entering Extended Passive Mode |||6446|.", None),
        ("Entering Extended Passive Mode ( |||6446| )", None),
        ("Entering Extended Passive Mode ( | | | 6446 | )", None),
        ("Entering Extended Passive Mode (|||6446|", None),
        ("Entering Extended Passive Mode (|||06446|)", None),
        ("(pure-ftpd) v2 - Extended, (|||6446|)", None),
        ("(eee) www.example.com... (|||6446|)", None),
        ("from 10,0,0,1,192,100 (|||6446|)", None),
        ("mode (|1|127.0.0.1|6446|)", v4),
        ("mode (|2|::1|6446|)", v6),
        ("mode (||::1|6446|)", v6),
        ("mode (|1||6446|)", None),
        ("mode (|00001|127.0.0.1|6446|)", v4),
        ("mode (|2|ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255|6446|)", Some(IpAddr::from([0xff; 16]))),
        ("mode (x1x127.0.0.1x6446x)", v4),
        ("mode (  x1x127.0.0.1x6446x)", v4),
        ("[|||6446|]", None),
    ] {
        let port = ExtendedPort::new(NonZeroU16::new(6446).unwrap());
        assert_eq!(ExtendedPort::find(text.as_bytes()), Ok(ExtendedPassive { port, advertised }), "{text}");
    }
    for (text, why) in [
        ("", Count(0)),
        ("Entering Extended Passive Mode", Count(0)),
        ("Entering Extended Passive Mode (|||6446)", Count(0)),
        ("Entering Extended Passive Mode (||6446|)", Count(0)),
        ("Entering Extended Passive Mode (|||-1|)", Count(0)),
        ("Entering Extended Passive Mode (||||)", Count(0)),
        ("Entering Extended Passive Mode (10,0,0,1,192,100)", Count(0)),
        ("Entering Extended Passive Mode eee6446e", Count(0)),
        ("Entering Extended Passive Mode (|||0|)", PortZero),
        ("Entering Extended Passive Mode (|||70000|)", PortTooLarge),
        ("Entering Extended Passive Mode (|||4294967376|)", PortTooLarge),
        ("mode (|ab|127.0.0.1|6446|)", Count(0)),
        ("mode (|000001|127.0.0.1|6446|)", Count(0)),
        ("mode ~\u{7f}\u{7f}\u{7f}6446\u{7f}", Count(0)),
        ("mode (|1|127.0.0.1|70000|)", PortTooLarge),
        ("mode (|3|127.0.0.1|6446|)", UnknownProtocol),
        ("mode (|2|127.0.0.1|6446|)", Address),
    ] {
        assert_eq!(fault(ExtendedPort::find(text.as_bytes())).map(|(_, why)| why), Some(why), "{text}");
    }
}

#[test]
fn finds_the_address_of_a_228() {
    let v4 = "Entering Long Passive Mode (4,4,10,0,0,1,2,192,100)";
    assert_eq!(LongAddress::find(v4.as_bytes()).map(|a| a.to_string()), Ok("4,4,10,0,0,1,2,192,100".into()));
    let v6 = "v2, 1 (6, 16, 0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,1, 2, 192,100";
    let found = LongAddress::find(v6.as_bytes()).map(SocketAddr::from);
    assert_eq!(found, Ok("[::1]:49252".parse().unwrap()));
    for (text, why) in [
        ("(4,4,10,0,0,1,2,192)", Count(8)),
        ("(6,16,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,1,2,192)", Count(20)),
        ("(4,4,10,0,0,1,2,0,0)", PortZero),
        ("(4,4,10,0,0,256,2,0,1)", Octet),
        ("(4,4,10,0,0,1,3,0,1)", AddressFault::Port),
        ("(6,16,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,1,3,192,100)", AddressFault::Port),
        ("(4,6,10,0,0,1,2,0,1)", Address),
        ("(9,4,10,0,0,1,2,0,1)", UnknownProtocol),
    ] {
        assert_eq!(fault(LongAddress::find(text.as_bytes())).map(|(_, why)| why), Some(why), "{text}");
    }
}

#[test]
fn long_hostile_texts_take_no_long_time() {
    let start = std::time::Instant::now();
    for unit in
        ["1,", "1, ", "|", "| ", "(", "( ", "1.", "1", " ", "|||", "||1", "|a", "(|||1", "1,2,3,4,5.", ",", "(((1"]
    {
        let text = unit.repeat((1 << 18) / unit.len());
        let _ = HostPort::find(text.as_bytes());
        let _ = ExtendedPort::find(text.as_bytes());
        let _ = LongAddress::find(text.as_bytes());
    }
    // In quadratic time this would take many minutes.
    assert!(start.elapsed().as_secs() < 60);
}

#[test]
fn socket_addresses_convert_where_they_fit() {
    let v4: SocketAddrV4 = "10.0.0.1:21".parse().unwrap();
    assert_eq!(HostPort::try_from(v4).map(SocketAddrV4::from), Ok(v4));
    assert_eq!(HostPort::try_from("[::ffff:10.0.0.1]:21".parse::<SocketAddr>().unwrap()), HostPort::try_from(v4));
    assert_eq!(fault(HostPort::try_from("[::1]:21".parse::<SocketAddr>().unwrap())), Some((0, NotIpv4)));
    let zero: SocketAddr = "10.0.0.1:0".parse().unwrap();
    assert_eq!(fault(HostPort::try_from(zero)), Some((0, PortZero)));
    assert_eq!(fault(ExtendedAddress::try_from(zero)), Some((0, PortZero)));
    assert_eq!(fault(LongAddress::try_from(zero)), Some((0, PortZero)));
}
