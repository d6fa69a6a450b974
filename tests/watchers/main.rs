//! Programs on [`ftp_proto::tracker`] as those who need one would write them: a reader of logs, a detector on captured segments, a NAT's helper that
//! keeps sequence numbers, a gateway between IPv6 and IPv4, and what attackers try on all of them. No socket is in any.

mod attacks;
mod gateway;
mod nat;
mod proxies;
mod segments;
mod transfers;

use std::net::SocketAddr;
use std::sync::Arc;

use ftp_proto::tracker::{Event, Peer, Rules, Tracker};

pub const CLIENT: &str = "192.0.2.1:40000";
pub const SERVER: &str = "192.0.2.2:21";

pub fn at(address: &str) -> SocketAddr {
    address.parse().unwrap()
}

pub fn tracker() -> Tracker {
    Tracker::new(Arc::new(Rules::default()), at(CLIENT), at(SERVER))
}

/// `C: ` and `S: ` lines as bytes: whose, and what. A line that ends with `…` has no end.
pub fn bytes_of(line: &[u8]) -> (Peer, Vec<u8>) {
    let peer = match &line[..3] {
        b"C: " => Peer::Client,
        b"S: " => Peer::Server,
        _ => panic!("{}", line.escape_ascii()),
    };
    let text = &line[3..];
    let whole = match text.strip_suffix("…".as_bytes()) {
        Some(text) => text.to_vec(),
        None => [text, b"\r\n"].concat(),
    };
    (peer, whole)
}

/// Feeds a dialogue, in pieces of so many bytes, and shows each event.
pub fn feed(tracker: &mut Tracker, lines: &[&[u8]], piece: usize, mut see: impl FnMut(&Event<'_>)) {
    for line in lines {
        let (from, bytes) = bytes_of(line);
        for piece in bytes.chunks(piece) {
            tracker.received(from, piece);
            while let Some(event) = tracker.poll() {
                see(&event);
            }
        }
    }
}

/// How a dialogue begins in which somebody logs in.
pub const LOGIN: [&[u8]; 5] = [b"S: 220 ready", b"C: USER anna", b"S: 331 password", b"C: PASS secret", b"S: 230 in"];
