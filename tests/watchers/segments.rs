//! A detector: it is fed with the segments of a capture, in the order in which they were seen, and tells which data connections were announced.
//!
//! What it sees twice it skips, and of what it doesn't see it says so to the tracker.

use std::sync::Arc;

use ftp_proto::tracker::{Event, Peer, Rules, Tracker};

use crate::{CLIENT, LOGIN, SERVER, at, bytes_of};

struct Detector {
    tracker: Tracker,
    /// The sequence numbers that come next.
    next: [Option<u32>; 2],
    told: Vec<String>,
}

#[derive(Clone, Debug)]
struct Segment {
    from: Peer,
    sequence: u32,
    bytes: Vec<u8>,
}

impl Detector {
    /// From the connection's first segment on.
    fn new() -> Self {
        let tracker = Tracker::new(Arc::new(Rules::default()), at(CLIENT), at(SERVER));
        Self { tracker, next: [None; 2], told: Vec::new() }
    }

    fn joined() -> Self {
        let tracker = Tracker::joined(Arc::new(Rules::default()), at(CLIENT), at(SERVER));
        Self { tracker, next: [None; 2], told: Vec::new() }
    }

    fn see(&mut self, segment: &Segment) {
        let next = self.next[segment.from as usize].get_or_insert(segment.sequence);
        let ahead = segment.sequence.wrapping_sub(*next).cast_signed();
        let seen = usize::try_from(ahead.saturating_neg()).unwrap_or(0);
        let Some(new) = segment.bytes.get(seen..).filter(|new| !new.is_empty()) else { return };
        *next = segment.sequence.wrapping_add(u32::try_from(segment.bytes.len()).unwrap());
        if let Ok(missing @ 1..) = u64::try_from(ahead) {
            self.tracker.gap(segment.from, missing);
            self.take();
        }
        self.tracker.received(segment.from, new);
        self.take();
    }

    fn take(&mut self) {
        while let Some(event) = self.tracker.poll() {
            match event {
                Event::Expect(expected) => self.told.push(expected.to.to_string()),
                Event::Lost(_) => self.told.push("lost".into()),
                Event::Found => self.told.push("found".into()),
                _ => {}
            }
        }
    }

    fn expected(&self) -> Vec<&str> {
        self.told.iter().map(String::as_str).filter(|told| told.contains(':')).collect()
    }
}

/// A capture of it in pieces of so many bytes, the sequence numbers near their end.
fn capture(lines: &[&[u8]], piece: usize) -> Vec<Segment> {
    let mut sequences = [u32::MAX - 100, 7];
    let mut segments = Vec::new();
    for line in lines {
        let (from, bytes) = bytes_of(line);
        for bytes in bytes.chunks(piece) {
            let sequence = &mut sequences[from as usize];
            segments.push(Segment { from, sequence: *sequence, bytes: bytes.to_vec() });
            *sequence = sequence.wrapping_add(u32::try_from(bytes.len()).unwrap());
        }
    }
    segments
}

fn dialogue() -> Vec<&'static [u8]> {
    let work: &[&[u8]] = &[
        b"C: TYPE I",
        b"S: 200 Switching to Binary mode.",
        b"C: PASV",
        b"S: 227 Entering Passive Mode (192,0,2,2,18,103).",
        b"C: RETR a",
        b"S: 150 Opening BINARY mode data connection for a (3 bytes).",
        b"S: 226 Transfer complete.",
        b"C: CWD pub",
        b"S: 250 Directory successfully changed.",
        b"C: EPSV",
        b"S: 229 Entering Extended Passive Mode (|||4712|)",
        b"C: STOR b",
        b"S: 150 Ok to send data.",
        b"S: 226 Transfer complete.",
        b"C: PORT 192,0,2,1,18,105",
        b"S: 200 PORT command successful. Consider using PASV.",
        b"C: LIST",
        b"S: 150 Here comes the directory listing.",
        b"S: 226 Directory send OK.",
        b"C: PWD",
        b"S: 257 \"/pub\" is the current directory",
        b"C: PASV",
        b"S: 227 Entering Passive Mode (192,0,2,2,18,106).",
        b"C: NLST",
        b"S: 150 Here comes the directory listing.",
        b"S: 226 Directory send OK.",
        b"C: QUIT",
        b"S: 221 Goodbye.",
    ];
    LOGIN.iter().chain(work).copied().collect()
}

const ALL: [&str; 4] = ["192.0.2.2:4711", "192.0.2.2:4712", "192.0.2.1:4713", "192.0.2.2:4714"];

#[test]
fn cuts_and_what_comes_twice_change_nothing() {
    for piece in [1, 3, 8, 100] {
        let segments = capture(&dialogue(), piece);
        let mut detector = Detector::new();
        for (at, segment) in segments.iter().enumerate() {
            detector.see(segment);
            // Again, and with what was before it, as a sender does that puts two into one.
            detector.see(segment);
            if let Some(before) = segments[..at].iter().rev().find(|before| before.from == segment.from) {
                let bytes = [&before.bytes[..], &segment.bytes[..]].concat();
                detector.see(&Segment { from: segment.from, sequence: before.sequence, bytes });
            }
        }
        assert_eq!(detector.told, ALL, "pieces of {piece}");
    }
}

/// Which of all there are from this line on.
fn behind(line: usize) -> Vec<&'static str> {
    let announced = [8, 15, 19, 27];
    announced.into_iter().zip(ALL).filter(|(at, _)| *at >= line).map(|(_, address)| address).collect()
}

/// Nothing that isn't so is ever told, and after three commands all of it is again.
#[track_caller]
fn assert_mostly(detector: &Detector, hole: usize, what: &str) {
    let expected = detector.expected();
    assert!(expected.iter().all(|expected| ALL.contains(expected)), "{what}: {expected:?}");
    let commands = dialogue()
        .iter()
        .enumerate()
        .filter(|(at, line)| *at > hole && line.starts_with(b"C"))
        .map(|(at, _)| at)
        .nth(3);
    for address in commands.map(behind).unwrap_or_default() {
        assert!(expected.contains(&address), "{what}: {address} is missing in {:?}", detector.told);
    }
    if let Some(before) = hole.checked_sub(1) {
        for address in ALL.iter().filter(|address| !behind(before + 1).contains(address)) {
            assert!(
                expected.contains(address) || what.starts_with("joined"),
                "{what}: {address} is missing in {:?}",
                detector.told
            );
        }
    }
}

#[test]
fn a_hole_anywhere() {
    let lines = dialogue();
    for hole in 0..lines.len() {
        let length = bytes_of(lines[hole]).1.len();
        let parts = (0..length).flat_map(|from| [1, 2, 9].map(|count| (from, (from + count).min(length))));
        for (from, to) in parts.chain([(0, length)]) {
            let mut detector = Detector::new();
            for (at, segment) in capture(&lines, usize::MAX).into_iter().enumerate() {
                if at != hole {
                    detector.see(&segment);
                    continue;
                }
                let begin = Segment { bytes: segment.bytes[..from].to_vec(), ..segment };
                let sequence = segment.sequence.wrapping_add(u32::try_from(to).unwrap());
                detector.see(&begin);
                detector.see(&Segment { sequence, bytes: segment.bytes[to..].to_vec(), ..segment });
            }
            assert_mostly(&detector, hole, &format!("without {from}..{to} of line {hole}"));
        }
    }
}

/// What is left of a line looks like one, and what began before somebody joined does.
#[test]
fn the_rest_of_a_line_is_no_line() {
    for line in [&b"C: STOR PORT 192,0,2,1,18,199"[..], b"S: 229-227 Entering Passive Mode (192,0,2,2,18,199)."] {
        for joined in [false, true] {
            let mut detector = if joined { Detector::joined() } else { Detector::new() };
            let mut lines = LOGIN.to_vec();
            lines.extend([
                b"C: TYPE I" as &[u8],
                b"S: 200 Switching to Binary mode.",
                b"C: PASV",
                line,
                b"S: 226 done",
            ]);
            let hole = lines.len() - 2;
            for (at, mut segment) in capture(&lines, usize::MAX).into_iter().enumerate() {
                if at == hole {
                    let end = segment.bytes.iter().position(|byte| matches!(byte, b' ' | b'-')).unwrap() + 1;
                    segment.bytes.drain(..end);
                    segment.sequence = segment.sequence.wrapping_add(u32::try_from(end).unwrap());
                }
                if !joined || at + 1 >= hole {
                    detector.see(&segment);
                }
            }
            assert!(detector.expected().is_empty(), "{}: {:?}", line.escape_ascii(), detector.told);
        }
    }
}

#[test]
fn joined_anywhere() {
    let lines = dialogue();
    for first in 0..lines.len() {
        for cut in [0, 1, 4] {
            let mut detector = Detector::joined();
            for (at, mut segment) in capture(&lines, usize::MAX).into_iter().enumerate().skip(first) {
                if at == first {
                    segment.bytes.drain(..cut);
                }
                detector.see(&segment);
            }
            assert_mostly(&detector, first, &format!("joined at {cut} of line {first}"));
        }
    }
}
