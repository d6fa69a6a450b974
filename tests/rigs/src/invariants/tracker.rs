//! The tracker and what rewrites, over any bytes of both sides, any cuts, and gaps.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use ftp_proto::Instant;
use ftp_proto::tracker::{Event, Passed, Peer, Rewrite, Rules, Tracker, Translation, Witness};

/// What passes by.
#[derive(Clone, Copy)]
enum Piece<'a> {
    Bytes(Peer, &'a [u8]),
    Gap(Peer),
}

/// Bytes of either side, in order.
type Passing = Vec<(Peer, Vec<u8>)>;

/// What passes by, over any bytes; or, behind a first byte of 255, [`pair`](super::pair): between the two machines, under all their faults, a
/// tracker arrives at their own view.
pub fn tracker(bytes: &[u8]) {
    match bytes {
        [0xff, rest @ ..] => super::pair(rest),
        _ => looks_on(bytes),
    }
}

/// Equal events, and equal evidence, whatever the cuts; nothing is expected that must not be, and each expectation is withdrawn at most once. What
/// is kept goes on byte for byte, and with the same events; what is rewritten there and back is what it was.
///
/// The first byte chooses the cuts, and whether the tracker joins. The rest are pieces: behind 1 the client's, behind 2 the server's, and 3 is
/// a gap in what was said last. A line that begins with a digit is the server's without that, and any other the client's.
fn looks_on(bytes: &[u8]) {
    let Some((choice, rest)) = bytes.split_first() else { return };
    let joined = choice & 1 != 0;
    let size = 2 + usize::from(choice >> 1) % 31;
    let pieces = pieces(&rest[..rest.len().min(4096)]);
    let whole = events(&pieces, joined, usize::MAX);
    for size in [1, size] {
        assert_eq!(events(&pieces, joined, size), whole, "in pieces of {size}");
    }
    let passing: Passing = pieces
        .iter()
        .filter_map(|piece| if let Piece::Bytes(from, bytes) = piece { Some((*from, bytes.to_vec())) } else { None })
        .collect();
    let is_bytes = |piece: &Piece<'_>| matches!(piece, Piece::Bytes(..));
    let unbroken: Vec<Piece<'_>> = pieces.iter().copied().filter(is_bytes).collect();
    let new = |[client, server]: [SocketAddr; 2]| {
        let rules = Arc::new(Rules::default());
        Rewrite::new(if joined { Tracker::joined(rules, client, server) } else { Tracker::new(rules, client, server) })
    };
    let mut told = Vec::new();
    // Between networks the lengths alone are known before.
    for (translation, ends, by) in BETWEEN {
        let rules = Arc::new(Rules::default());
        let [client, server] = ends.map(at);
        let tracker = if joined { Tracker::joined(rules, client, server) } else { Tracker::new(rules, client, server) };
        let by = by.map(at);
        pass(Rewrite::translating(tracker, translation), &pieces, size, &mut told, &mut |_, to| Some(by[to as usize]));
        told.clear();
    }
    let broken = pass(new(ENDS.map(at)), &pieces, size, &mut told, &mut |_, _| None);
    assert_eq!(sides(&broken), sides(&passing), "what is kept around gaps");
    told.clear();
    let kept = pass(new(ENDS.map(at)), &unbroken, size, &mut told, &mut |_, _| None);
    assert_eq!(sides(&kept), sides(&passing), "what is kept");
    let events = events(&unbroken, joined, usize::MAX);
    let (_evidence, events) = events.split_last().expect("evidence, at least");
    // Nobody is asked about an address whose line has gone on in part, since nobody expected it yet: that data connection is refused, and what
    // follows may differ. And what passes a session on knows that it sees all of it, so that it takes replies in their order alone where a client
    // doesn't wait for them.
    let is_refusal = |event: &String| event.starts_with("Withdrawn") && event.ends_with("Refused)");
    let until = told.iter().position(is_refusal).unwrap_or(events.len()).min(goes_on_early(events));
    assert!(
        told.starts_with(&events[..until]),
        "the events of what rewrites: {told:#?}, of what only looks on: {events:#?}"
    );
    let mut uncut = Vec::new();
    pass(new(ENDS.map(at)), &unbroken, usize::MAX, &mut uncut, &mut |_, _| None);
    let until = uncut.iter().position(is_refusal).unwrap_or(uncut.len());
    assert!(
        told.starts_with(&uncut[..until]),
        "the events of what rewrites, in pieces: {told:#?}, and whole: {uncut:#?}"
    );
    // Where lines are held, only what has no end doesn't go on. Telnet may hide line ends, and a CR be one to others: such a line doesn't either.
    let held = sides(&pass(new(ENDS.map(at)).holding_lines(), &unbroken, size, &mut told, &mut |_, _| None));
    let all = sides(&passing);
    if !all[0].contains(r"\xff") && !has_cr_amid_a_line(&all[0]) {
        assert_eq!(held[1], all[1], "what the server said");
        let rest = all[0].strip_prefix(&held[0]).expect("what the client said, from its beginning");
        // A line's end, and not what was a backslash before an `n`.
        assert!(!rest.replace(r"\\", "_").contains(r"\n"), "whole lines are held: {rest}");
    }
    // What may become a 227 is held, so that the other side may be heard before it. Then the second tracker sees another dialogue.
    if merged(&kept) != merged(&passing) {
        return;
    }
    // In the words that a rewriter uses: `PORT 010,…` doesn't come back as such.
    let same = pass(new(ENDS.map(at)), &unbroken, size, &mut told, &mut |to, _| Some(to));
    let mut known: BTreeMap<u16, SocketAddr> = BTreeMap::new();
    let others = OTHERS.map(at);
    let there = pass(new(ENDS.map(at)), &unbroken, size, &mut told, &mut |to, by| {
        let port = 20_000 + u16::try_from(known.len()).expect("a few");
        known.insert(port, to);
        Some(SocketAddr::new(others[by as usize].ip(), port))
    });
    let there: Vec<Piece<'_>> = there.iter().map(|(from, bytes)| Piece::Bytes(*from, bytes)).collect();
    let back = pass(new(others), &there, size, &mut told, &mut |to, _| known.get(&to.port()).copied());
    assert_eq!(sides(&back), sides(&same), "there and back");
}

/// Where the client goes on before it has had the whole final reply to what it said, or the greeting.
fn goes_on_early(events: &[String]) -> usize {
    let mut is_answered = false;
    let position = events.iter().position(|event| match event {
        command if command.starts_with("Command") => !core::mem::take(&mut is_answered),
        // A command amid it, which ends it for whoever may have missed its end.
        reply if reply.starts_with("Reply") && (reply.contains("answers: None") || reply.contains('…')) => true,
        reply => {
            is_answered |= reply.starts_with("Reply") && !reply.contains("reply: Reply(1");
            false
        }
    });
    position.unwrap_or(events.len())
}

/// Of text in which bytes are escaped.
fn has_cr_amid_a_line(escaped: &str) -> bool {
    // What was a backslash is none of an escape, and stays between its neighbours.
    let mut text = escaped.replace(r"\\", "_");
    while text.contains(r"\r\n") {
        text = text.replace(r"\r\n", r"\n");
    }
    text.contains(r"\r")
}

const ENDS: [&str; 2] = ["192.0.2.1:40000", "192.0.2.2:21"];
/// The networks, the ends, and what the client is to read in place of an address, and the server.
const BETWEEN: [(Translation, [&str; 2], [&str; 2]); 2] = [
    (Translation::Client6, ["[2001:db8::1]:40000", ENDS[1]], ["[64:ff9b::1]:20000", "203.0.113.1:20000"]),
    (Translation::Client4, [ENDS[0], "[2001:db8::2]:21"], ["203.0.113.1:20000", "[2001:db8::64]:20000"]),
];
const OTHERS: [&str; 2] = ["203.0.113.1:40000", "203.0.113.2:21"];

fn at(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn pieces(mut rest: &[u8]) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut from = Peer::Client;
    while let Some((first, behind)) = rest.split_first() {
        match first {
            1 => (from, rest) = (Peer::Client, behind),
            2 => (from, rest) = (Peer::Server, behind),
            3 => {
                pieces.push(Piece::Gap(from));
                rest = behind;
            }
            _ => {
                if first.is_ascii_digit() {
                    from = Peer::Server;
                } else if first.is_ascii_alphabetic() {
                    from = Peer::Client;
                }
                let end = rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |at| at + 1);
                let end = end.min(rest.iter().position(|byte| matches!(byte, 1..=3)).unwrap_or(end));
                let (piece, behind) = rest.split_at(end);
                pieces.push(Piece::Bytes(from, piece));
                rest = behind;
            }
        }
    }
    pieces
}

/// All that is told.
fn events(pieces: &[Piece<'_>], joined: bool, size: usize) -> Vec<String> {
    let [client, server] = ENDS.map(at);
    let rules = Arc::new(Rules::default());
    let mut tracker = if joined { Tracker::joined(rules, client, server) } else { Tracker::new(rules, client, server) };
    let mut told = Vec::new();
    let mut open = BTreeMap::new();
    let mut witness = Witness::new(client, server);
    for piece in pieces {
        match piece {
            Piece::Gap(from) => {
                tracker.gap(*from, 7);
                tell(&mut tracker, &mut told, &mut open, &mut witness);
            }
            Piece::Bytes(from, bytes) => {
                for chunk in bytes.chunks(size) {
                    tracker.received(*from, chunk);
                    tell(&mut tracker, &mut told, &mut open, &mut witness);
                }
            }
        }
    }
    let evidence = witness.evidence();
    assert!(evidence.attempts.len() <= 8, "bounded");
    told.push(format!("{evidence:?}"));
    told
}

fn tell(
    tracker: &mut Tracker,
    told: &mut Vec<String>,
    open: &mut BTreeMap<ftp_proto::session::CommandId, SocketAddr>,
    witness: &mut Witness,
) {
    let mut blind = tracker.is_blind();
    while let Some(event) = tracker.poll() {
        let text = format!("{event:?}");
        witness.observe(&event, Instant::default());
        match event {
            Event::Expect(expected) => {
                let [client, server] = ENDS.map(|end| at(end).ip());
                let (from, to): (IpAddr, IpAddr) = match expected.dials {
                    Peer::Client => (client, server),
                    Peer::Server => (server, client),
                };
                assert_eq!((expected.from, expected.to.ip()), (from, to), "towards a stranger");
                assert!(expected.to.port() >= 1024, "{expected:?}");
                assert_eq!(open.insert(expected.id, expected.to), None, "expected twice");
                assert!(!blind, "out of TLS");
            }
            Event::Assigned(expected) => assert_eq!(open.get(&expected.id), Some(&expected.to)),
            Event::Withdrawn(expected, _) => {
                assert_eq!(open.remove(&expected.id), Some(expected.to), "withdrawn, and not expected");
            }
            Event::Blind => blind = true,
            Event::Sight => blind = false,
            _ => {}
        }
        assert!(open.len() <= 8, "{open:?}");
        told.push(text);
    }
    assert_eq!(tracker.expectations().count(), open.len());
}

/// What comes out, if each address that is asked about is answered so, by the side that announces it; and what is told.
fn pass(
    mut rewrite: Rewrite,
    pieces: &[Piece<'_>],
    size: usize,
    told: &mut Vec<String>,
    answer: &mut dyn FnMut(SocketAddr, Peer) -> Option<SocketAddr>,
) -> Passing {
    let mut out: Passing = Vec::new();
    let (mut sent, mut came) = ([0, 0], [0, 0]);
    for piece in pieces {
        match piece {
            Piece::Gap(from) => {
                rewrite.gap(*from, 7);
                drain(&mut rewrite, &mut out, &mut came, told, answer);
            }
            Piece::Bytes(from, bytes) => {
                for chunk in bytes.chunks(size) {
                    sent[*from as usize] += chunk.len();
                    rewrite.received(*from, chunk).unwrap();
                    drain(&mut rewrite, &mut out, &mut came, told, answer);
                }
            }
        }
    }
    for from in [Peer::Client, Peer::Server] {
        rewrite.received(from, b"").unwrap();
        drain(&mut rewrite, &mut out, &mut came, told, answer);
    }
    assert_eq!(came, sent, "the lengths that are told");
    out
}

fn drain(
    rewrite: &mut Rewrite,
    out: &mut Passing,
    lengths: &mut [usize; 2],
    told: &mut Vec<String>,
    answer: &mut dyn FnMut(SocketAddr, Peer) -> Option<SocketAddr>,
) {
    while let Some(passed) = rewrite.poll() {
        match passed {
            Passed::Event(event) => told.push(format!("{event:?}")),
            Passed::Address(address) => {
                let expected = address.expectation().expect("what is asked about is expected");
                match answer(expected.to, expected.dials.other()) {
                    Some(to) => address.replace(to),
                    None => address.keep(),
                }
            }
            Passed::Bytes { to, bytes, came } => {
                lengths[to.other() as usize] += came;
                out.push((to.other(), bytes.to_vec()));
            }
        }
    }
}

/// The same, without cuts.
fn merged(passing: &Passing) -> Passing {
    let mut merged: Passing = Vec::new();
    for (from, bytes) in passing {
        match merged.last_mut() {
            Some((last, all)) if last == from => all.extend_from_slice(bytes),
            _ => merged.push((*from, bytes.clone())),
        }
    }
    merged
}

/// All bytes of the client, and all of the server.
fn sides(passing: &Passing) -> [String; 2] {
    [Peer::Client, Peer::Server].map(|side| {
        let bytes: Vec<u8> =
            passing.iter().filter(|(from, _)| *from == side).flat_map(|(_, bytes)| bytes.clone()).collect();
        bytes.escape_ascii().to_string()
    })
}
