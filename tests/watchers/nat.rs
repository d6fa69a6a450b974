//! A NAT's helper: it gives away addresses of its own, and keeps both ends' sequence numbers right where lines get longer or shorter.

use std::net::SocketAddr;
use std::sync::Arc;

use ftp_proto::tracker::{Event, Passed, Peer, Rewrite, Rules, Tracker};

use crate::{LOGIN, at, bytes_of};

/// One direction, on both sides of the NAT.
#[derive(Default)]
struct Stream {
    came: Vec<u8>,
    gone: Vec<u8>,
    /// Where pieces end, on either side, and whether a byte here is a byte there.
    ends: Vec<(usize, usize, bool)>,
}

struct Nat {
    rewrite: Rewrite,
    /// What stands in place of the address that is announced.
    outside: SocketAddr,
    client: Stream,
    server: Stream,
    asked: Vec<SocketAddr>,
}

impl Stream {
    fn goes_on(&mut self, came: usize, bytes: &[u8]) {
        let (from, _, _) = self.ends.last().copied().unwrap_or_default();
        self.gone.extend_from_slice(bytes);
        let is_same = self.came.get(from..from + came) == Some(bytes);
        self.ends.push((from + came, self.gone.len(), is_same));
    }

    /// What the sender is told to have been received, when the receiver says that it has these many bytes.
    fn acknowledged(&self, received: usize) -> usize {
        let (mut sent, mut seen) = (0, 0);
        for (from, to, is_same) in &self.ends {
            if *to > received {
                return if *is_same { sent + (received - seen) } else { sent };
            }
            (sent, seen) = (*from, *to);
        }
        sent
    }
}

impl Nat {
    fn new(client: &str, server: &str, outside: &str) -> Self {
        let tracker = Tracker::new(Arc::new(Rules::default()), at(client), at(server));
        let (client, server) = (Stream::default(), Stream::default());
        Self { rewrite: Rewrite::new(tracker), outside: at(outside), client, server, asked: Vec::new() }
    }

    fn segment(&mut self, from: Peer, bytes: &[u8]) {
        self.of(from).came.extend_from_slice(bytes);
        self.rewrite.received(from, bytes).unwrap();
        while let Some(passed) = self.rewrite.poll() {
            match passed {
                Passed::Address(address) => {
                    self.asked.extend(address.announced());
                    address.replace(self.outside);
                }
                Passed::Bytes { to, bytes, came } => {
                    let stream = if to == Peer::Server { &mut self.client } else { &mut self.server };
                    stream.goes_on(came, bytes);
                }
                Passed::Event(_) => {}
            }
        }
    }

    fn of(&mut self, sender: Peer) -> &mut Stream {
        match sender {
            Peer::Client => &mut self.client,
            Peer::Server => &mut self.server,
        }
    }
}

fn through(mut nat: Nat, lines: &[&[u8]], piece: usize) -> Nat {
    for line in LOGIN.iter().chain(lines) {
        let (from, bytes) = bytes_of(line);
        for piece in bytes.chunks(piece) {
            nat.segment(from, piece);
        }
    }
    for stream in [&nat.client, &nat.server] {
        let (came, gone, _) = stream.ends.last().copied().unwrap();
        assert_eq!((came, gone), (stream.came.len(), stream.gone.len()), "all is accounted for");
        assert_eq!(stream.acknowledged(gone), came);
        // Numbers grow, and where a line ends on one side one does on the other.
        let mut last = 0;
        for (received, byte) in stream.gone.iter().enumerate() {
            let sent = stream.acknowledged(received + 1);
            assert!(sent >= last);
            last = sent;
            if *byte == b'\n' {
                assert_eq!(stream.came[sent - 1], b'\n');
            }
        }
    }
    nat
}

const CLIENTS_LINES: &[&[u8]] = &[
    b"C: PORT 10,0,0,5,18,103\r\nNLST",
    b"S: 200 ok",
    b"S: 150 here",
    b"S: 226 done",
    b"C: \xff\xf4\xff\xf2ABOR",
    b"S: 226 nothing to abort",
    b"C: EPRT |1|10.0.0.5|4712|",
    b"S: 200 ok",
    b"C: eprt ~1~10.0.0.5~4713~",
    b"S: 200 ok",
    b"C: LPRT 4,4,10,0,0,5,2,18,106",
    b"S: 200 ok",
    b"C: RETR PORT 10,0,0,5,18,103",
    b"S: 550 no",
    b"C: PORT 203,0,113,9,18,103",
    b"S: 500 no",
    b"C: QUIT",
    b"S: 221 bye",
];

#[test]
fn a_client_behind_nat() {
    for piece in [1, 2, 3, 5, 8, 13, 1000] {
        let nat = Nat::new("10.0.0.5:40000", "198.51.100.2:21", "203.0.113.77:50000");
        let nat = through(nat, CLIENTS_LINES, piece);
        let said = "USER anna\r\nPASS secret\r\nPORT 203,0,113,77,195,80\r\nNLST\r\n";
        let rest = "EPRT |1|203.0.113.77|50000|\r\neprt ~1~203.0.113.77~50000~\r\nLPRT 4,4,203,0,113,77,2,195,80\r\n\
                    RETR PORT 10,0,0,5,18,103\r\nPORT 203,0,113,9,18,103\r\nQUIT\r\n";
        let expected = [said.as_bytes(), b"\xff\xf4\xff\xf2ABOR\r\n", rest.as_bytes()].concat();
        assert_eq!(
            nat.client.gone.escape_ascii().to_string(),
            expected.escape_ascii().to_string(),
            "pieces of {piece}"
        );
        assert_eq!(nat.server.gone, nat.server.came, "pieces of {piece}");
        assert_eq!(nat.asked, [4711, 4712, 4713, 4714].map(|port| SocketAddr::new(at("10.0.0.5:1").ip(), port)));
    }
}

const SERVERS_LINES: &[&[u8]] = &[
    b"C: PASV",
    b"S: 227 Entering Passive Mode (10,0,0,2,18,103). Have fun (1,2,3,4,5,6)",
    b"C: LIST",
    b"S: 150 here",
    b"S: 226 done",
    b"C: EPSV",
    b"S: 229 Extended Passive Mode OK (|||4712|)",
    b"C: LPSV",
    b"S: 228 Entering Long Passive Mode (4,4,10,0,0,2,2,18,105)",
    b"C: PASV",
    b"S: 227-This server has moved.\r\n227-See 227 in the manual\r\n227 Passive: 10,0,0,2,18,106",
    b"C: STAT",
    b"S: 211-connected\r\n227 Entering Passive Mode (10,0,0,2,18,103)\r\n211 end",
    b"C: QUIT",
    b"S: 221 bye",
];

#[test]
fn a_server_behind_nat() {
    for piece in [1, 2, 3, 5, 8, 13, 1000] {
        let nat = Nat::new("192.0.2.1:40000", "10.0.0.2:21", "203.0.113.7:50000");
        let nat = through(nat, SERVERS_LINES, piece);
        let expected = "220 ready\r\n331 password\r\n230 in\r\n\
                        227 Entering Passive Mode (203,0,113,7,195,80). Have fun (1,2,3,4,5,6)\r\n150 here\r\n226 done\r\n\
                        229 Extended Passive Mode OK (|||50000|)\r\n\
                        228 Entering Long Passive Mode (4,4,203,0,113,7,2,195,80)\r\n\
                        227-This server has moved.\r\n227-See 227 in the manual\r\n227 Passive: 203,0,113,7,195,80\r\n\
                        211-connected\r\n227 Entering Passive Mode (10,0,0,2,18,103)\r\n211 end\r\n221 bye\r\n";
        assert_eq!(String::from_utf8_lossy(&nat.server.gone), expected, "pieces of {piece}");
        assert_eq!(nat.client.gone, nat.client.came, "pieces of {piece}");
    }
}

/// What is missing goes another way: from there on no line is held, until one begins again.
#[test]
fn a_hole() {
    let mut nat = through(Nat::new("10.0.0.5:40000", "198.51.100.2:21", "203.0.113.7:50000"), &[], 1000);
    nat.segment(Peer::Client, b"PORT 10,0,");
    let before = nat.client.gone.len();
    assert!(!nat.client.gone.ends_with(b"10,0,"), "it is held");
    nat.rewrite.gap(Peer::Client, 4);
    nat.segment(Peer::Client, b"8,103\r\n");
    assert_eq!(&nat.client.gone[before..], b"PORT 10,0,8,103\r\n");
    nat.segment(Peer::Server, b"200 ok\r\n");
    nat.segment(Peer::Client, b"NOOP\r\n");
    nat.segment(Peer::Server, b"200 ok\r\n");
    nat.segment(Peer::Client, b"PORT 10,0,0,5,18,103\r\n");
    assert!(nat.client.gone.ends_with(b"NOOP\r\nPORT 203,0,113,7,195,80\r\n"), "{}", nat.client.gone.escape_ascii());
}

/// A client that is piped in says all and closes, while the application still makes ready for its PORT.
#[test]
fn the_end_comes_before_the_answer() {
    let mut nat = through(Nat::new("10.0.0.5:40000", "198.51.100.2:21", "203.0.113.77:50000"), &[], 1000);
    for segment in [&b"PORT 10,0,0,5,18,103\r\nLIST\r\nQUIT\r\nPORT 10,"[..], b""] {
        nat.rewrite.received(Peer::Client, segment).unwrap();
        while let Some(passed) = nat.rewrite.poll() {
            match passed {
                Passed::Address(_) => break,
                Passed::Event(event) => assert!(!matches!(event, Event::Withdrawn(..)), "it isn't over: {event:?}"),
                Passed::Bytes { bytes, .. } => panic!("{}", bytes.escape_ascii()),
            }
        }
    }
    let mut seen = Vec::new();
    while let Some(passed) = nat.rewrite.poll() {
        match passed {
            Passed::Address(address) => address.replace(nat.outside),
            Passed::Event(Event::Withdrawn(_, why)) => seen.push(format!("{why:?}")),
            Passed::Event(_) => {}
            Passed::Bytes { bytes, .. } => seen.push(bytes.escape_ascii().to_string()),
        }
    }
    let expected = [r"PORT 203,0,113,77,195,80\r\n", r"LIST\r\n", r"QUIT\r\n", "PORT 10,"];
    assert_eq!(seen, expected, "what has no end goes on as it is");
}

/// What nobody can dial isn't said to anybody, and least of all the address that was to be hidden.
#[test]
fn an_address_that_nobody_can_dial() {
    let inside: [(&[u8], &[u8], &[u8]); 5] = [
        (b"C: PORT 10,0,0,5,18,103", b"S: 200 ok", b"500 Illegal address.\r\n"),
        (b"C: EPRT |1|10.0.0.5|4711|", b"S: 200 ok", b"500 Illegal address.\r\n"),
        (b"C: LPRT 4,4,10,0,0,5,2,18,103", b"S: 200 ok", b"500 Illegal address.\r\n"),
        (b"C: PASV", b"S: 227 (198,51,100,2,18,103)", b"425 Can't open data connection.\r\n"),
        (b"C: LPSV", b"S: 228 (4,4,198,51,100,2,2,18,103)", b"425 Can't open data connection.\r\n"),
    ];
    for address in
        ["203.0.113.77:0", "0.0.0.0:50000", "224.0.0.1:50000", "255.255.255.255:50000", "[::]:50000", "[ff02::1]:50000"]
    {
        for (said, answered, read) in inside {
            let mut nat = through(Nat::new("10.0.0.5:40000", "198.51.100.2:21", address), &[], 1000);
            nat.segment(Peer::Client, &bytes_of(said).1);
            if !read.starts_with(b"500") {
                nat.segment(Peer::Server, &bytes_of(answered).1);
            } else {
                assert!(nat.client.gone.ends_with(b"PASS secret\r\n"), "{}", said.escape_ascii());
            }
            assert!(nat.server.gone.ends_with(read), "{address}: {}", nat.server.gone.escape_ascii());
            assert_eq!(nat.rewrite.tracker().expectations().count(), 0);
            assert!(nat.rewrite.tracker().is_in_step());
        }
    }
    // A 229 names a port alone.
    for (address, read) in [("0.0.0.0:50000", "229 (|||50000|)"), ("203.0.113.77:0", "425 Can't open data connection.")]
    {
        let nat = Nat::new("10.0.0.5:40000", "198.51.100.2:21", address);
        let nat = through(nat, &[b"C: EPSV", b"S: 229 (|||4711|)"], 1000);
        assert_eq!(
            nat.server.gone.strip_suffix(b"\r\n").unwrap().rsplit(|byte| *byte == b'\n').next().unwrap(),
            read.as_bytes()
        );
    }
}
