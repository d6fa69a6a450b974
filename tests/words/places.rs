//! Places: the range of an address in its line, and the raw bytes of a line or a reply.

use ftp_proto::telnet::Escape;
use ftp_proto::{ExtendedPort, HostPort, Inbox, Limits, LongAddress};

#[test]
fn an_address_tells_its_place_in_the_line() {
    for (line, tuple) in [
        ("Entering Passive Mode (10,0,0,1,192,100).", "10,0,0,1,192,100"),
        ("v2 at 5, (10 , 0,0,1, 192,100 )", "10 , 0,0,1, 192,100"),
        ("10,0,0,1,192,100,7", "10,0,0,1,192,100"),
        ("=010,00,0,1,192,100", "010,00,0,1,192,100"),
        ("at 1.2,3,4,5,6,7 (10,0,0,1,192,100)", "10,0,0,1,192,100"),
    ] {
        let (address, range) = HostPort::locate(line.as_bytes()).expect(line);
        assert_eq!((&line[range], address.to_string().as_str()), (tuple, "10,0,0,1,192,100"), "{line}");
        assert_eq!(HostPort::find(line.as_bytes()), Ok(address));
    }
    for (line, tuple) in [
        ("Entering Extended Passive Mode (|||6446|)", "|||6446|"),
        ("Entering Extended Passive Mode (!!!6446!).", "!!!6446!"),
        ("ok |1|10.0.0.1|6446|", "|1|10.0.0.1|6446|"),
        ("( | | | 6446 | )", "| | | 6446 |"),
    ] {
        let (found, range) = ExtendedPort::locate(line.as_bytes()).expect(line);
        assert_eq!((&line[range], found.port()), (tuple, 6446), "{line}");
    }
    for (line, tuple) in [
        ("Entering Long Passive Mode (4,4,10,0,0,1,2,5,67)", "4,4,10,0,0,1,2,5,67"),
        ("4,4,10,0,0,1,2,5,67,8,9", "4,4,10,0,0,1,2,5,67"),
        ("(6,16,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,1,2,5,67)", "6,16,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,1,2,5,67"),
    ] {
        let (found, range) = LongAddress::locate(line.as_bytes()).expect(line);
        assert_eq!((&line[range], found.port()), (tuple, 1347), "{line}");
    }
    assert_eq!(HostPort::locate(b"none").map(drop), HostPort::find(b"none").map(drop));
}

/// What `next` reads from `wire` in any two pieces, and byte by byte, each with its raw bytes.
fn commands(wire: &[u8], limits: Limits, escape: Escape) -> Vec<(Vec<u8>, Option<Vec<u8>>)> {
    let read = |pieces: &[&[u8]]| {
        let mut inbox = Inbox::commands(limits).with_escape(escape);
        let mut read = Vec::new();
        for piece in pieces {
            inbox.push(piece);
            loop {
                match inbox.advance() {
                    Ok(true) => read.push((inbox.line().unwrap().to_vec(), inbox.raw().map(<[u8]>::to_vec))),
                    Ok(false) => break,
                    Err(_) => read.push((b"too long".to_vec(), inbox.raw().map(<[u8]>::to_vec))),
                }
            }
            assert_eq!(inbox.raw(), None, "there is no current line");
        }
        read
    };
    let whole = read(&[wire]);
    for at in 0..wire.len() {
        assert_eq!(read(&[&wire[..at], &wire[at..]]), whole, "cut at {at}: {}", wire.escape_ascii());
    }
    assert_eq!(read(&wire.chunks(1).collect::<Vec<_>>()), whole);
    whole
}

/// The lines of a reply, and its raw bytes.
type Raw = (Vec<Vec<u8>>, Option<Vec<u8>>);

fn replies(wire: &[u8], limits: Limits) -> Vec<Raw> {
    let read = |pieces: &[&[u8]]| {
        let mut inbox = Inbox::replies(limits);
        let mut read = Vec::new();
        for piece in pieces {
            inbox.push(piece);
            while let Ok(true) = inbox.advance() {
                let lines = inbox.reply().unwrap().lines().map(<[u8]>::to_vec).collect();
                read.push((lines, inbox.raw().map(<[u8]>::to_vec)));
            }
            assert_eq!(inbox.raw(), None);
        }
        read
    };
    let whole = read(&[wire]);
    for at in 0..wire.len() {
        assert_eq!(read(&[&wire[..at], &wire[at..]]), whole, "cut at {at}: {}", wire.escape_ascii());
    }
    assert_eq!(read(&wire.chunks(1).collect::<Vec<_>>()), whole);
    whole
}

fn pairs(expected: &[(&[u8], &[u8])]) -> Vec<(Vec<u8>, Option<Vec<u8>>)> {
    expected.iter().map(|(line, raw)| (line.to_vec(), Some(raw.to_vec()))).collect()
}

#[test]
fn a_command_line_as_it_came() {
    let plain = commands(b"NOOP\r\nCWD a b \nQUIT\r", Limits::COMMANDS, Escape::AsIs);
    assert_eq!(plain, pairs(&[(b"NOOP", b"NOOP\r\n"), (b"CWD a b ", b"CWD a b \n")]));
    // Telnet isn't part of the line, but of the raw bytes.
    let synch = commands(b"NOOP\r\n\xff\xf4\xff\xf2ABOR\r\nNO\xff\xf1OP\r\nQUIT\r\n", Limits::COMMANDS, Escape::AsIs);
    assert_eq!(
        synch,
        pairs(&[
            (b"NOOP", b"NOOP\r\n"),
            (b"ABOR", b"\xff\xf4\xff\xf2ABOR\r\n"),
            (b"NOOP", b"NO\xff\xf1OP\r\n"),
            (b"QUIT", b"QUIT\r\n"),
        ])
    );
    let doubled = commands(b"DELE a\xff\xffb\xff\xfa\x01\x02\xff\xf0c\r\nNOOP\n", Limits::COMMANDS, Escape::Doubled);
    assert_eq!(
        doubled,
        pairs(&[(b"DELE a\xffbc", b"DELE a\xff\xffb\xff\xfa\x01\x02\xff\xf0c\r\n"), (b"NOOP", b"NOOP\n")])
    );
}

#[test]
fn what_was_too_much_is_not_kept() {
    let mut limits = Limits::COMMANDS;
    limits.line = 8;
    let long = commands(b"NOOP 12345\r\n\xff\xf1QUIT\r\n", limits, Escape::AsIs);
    assert_eq!(long[0], (b"too long".to_vec(), None));
    assert_eq!(long[1..], pairs(&[(b"QUIT", b"\xff\xf1QUIT\r\n")]));
    // This is more Telnet than is kept.
    let wire = [&b"\xff\xf1".repeat(70)[..], b"QUIT\r\nNOOP\r\n"].concat();
    let telnet = commands(&wire, limits, Escape::AsIs);
    assert_eq!(telnet, [(b"QUIT".to_vec(), None), (b"NOOP".to_vec(), Some(b"NOOP\r\n".to_vec()))]);

    let mut limits = Limits::REPLIES;
    (limits.line, limits.lines) = (8, 2);
    let replies = replies(b"220 12345678\r\n220 hi\r\n211-a\r\n b\r\n211 c\r\n220 x\r\n", limits);
    let raw: Vec<_> = replies.iter().map(|(_, raw)| raw.as_deref()).collect();
    assert_eq!(raw, [None, Some(&b"220 hi\r\n"[..]), None, Some(b"220 x\r\n")]);
}

#[test]
fn a_reply_as_it_came() {
    let wire = b"\r\n220 hi\r\n211-a\n 1\xff\xf1\r\n\n211 b\r\n2\xff\xf131 x\0\r\n250 a\r\0b\r\n";
    let read = replies(wire, Limits::REPLIES);
    let raw: Vec<_> = read.iter().map(|(_, raw)| raw.as_deref().unwrap()).collect();
    let expected: [&[u8]; 4] =
        [b"220 hi\r\n", b"211-a\n 1\xff\xf1\r\n\n211 b\r\n", b"2\xff\xf131 x\0\r\n", b"250 a\r\0b\r\n"];
    assert_eq!(raw, expected);
    assert_eq!(read[3].0, [b"a\rb"]);
}
