//! The conversions by who sees all bytes at once, in the plainest way.

use super::cut::{Decoded, Mark};
use ftp_proto::codec::{End, Fault, LineEnd, MARKER_LIMIT};
use ftp_proto::{Form, Structure, Type};

/// Without each CR that an LF follows.
pub fn without_cr(data: &[u8]) -> Vec<u8> {
    let followed = |at: usize| data.get(at + 1) == Some(&b'\n');
    data.iter().enumerate().filter(|(at, byte)| !(**byte == b'\r' && followed(*at))).map(|(_, byte)| *byte).collect()
}

/// The lines of a file, and what is behind the last.
fn lines(data: &[u8], line_end: LineEnd) -> (Vec<Vec<u8>>, Vec<u8>) {
    let mut lines = Vec::new();
    let mut line = Vec::new();
    for byte in data {
        line.push(*byte);
        let end: &[u8] = match line_end {
            LineEnd::Either if line.ends_with(b"\r\n") => b"\r\n",
            LineEnd::Lf | LineEnd::Either => b"\n",
            LineEnd::CrLf => b"\r\n",
        };
        if let Some(text) = line.strip_suffix(end) {
            lines.push(text.to_vec());
            line.clear();
        }
    }
    (lines, line)
}

pub fn to_wire(data: &[u8], line_end: LineEnd) -> Vec<u8> {
    let (lines, last) = lines(data, line_end);
    let mut wire: Vec<u8> = lines.into_iter().flat_map(|line| [line, b"\r\n".to_vec()].concat()).collect();
    wire.extend(last);
    wire
}

pub fn from_wire(wire: &[u8], line_end: LineEnd) -> Vec<u8> {
    if line_end == LineEnd::CrLf { wire.to_vec() } else { without_cr(wire) }
}

fn doubled(data: &[u8]) -> impl Iterator<Item = u8> {
    data.iter().flat_map(|byte| if *byte == 0xff { vec![0xff, 0xff] } else { vec![*byte] })
}

pub fn escaped(data: &[u8], representation: Type, line_end: LineEnd) -> Vec<u8> {
    let mut wire = Vec::new();
    if representation == Type::Image {
        wire.extend(doubled(data));
        wire.extend([0xff, if data.is_empty() { 2 } else { 3 }]);
        return wire;
    }
    let (lines, last) = lines(data, line_end);
    for line in lines {
        wire.extend(doubled(&line));
        wire.extend([0xff, 1]);
    }
    wire.extend(doubled(&last));
    wire.extend([0xff, 2]);
    wire
}

/// What a decoder makes of marks.
struct Receiver {
    decoded: Decoded,
    representation: Type,
    structure: Structure,
    line_end: LineEnd,
    /// Where lines are still to be looked for in what was received.
    text: usize,
}

impl Receiver {
    fn new(representation: Type, structure: Structure, line_end: LineEnd) -> Self {
        let decoded = Decoded { bytes: Vec::new(), marks: Vec::new(), end: Ok(End::Truncated), read: 0, suspected: 0 };
        Self { decoded, representation, structure, line_end, text: 0 }
    }

    fn record(&mut self) {
        match (self.structure, self.representation) {
            (Structure::Record, Type::Image) => self.mark(Mark::Record),
            (Structure::Record, _) => {
                let end: &[u8] = if self.line_end == LineEnd::CrLf { b"\r\n" } else { b"\n" };
                self.decoded.bytes.extend(end);
            }
            _ => {}
        }
    }

    fn mark(&mut self, mark: Mark) {
        self.settle();
        self.decoded.marks.push((self.decoded.bytes.len(), mark));
    }

    /// What came so far is text, in which lines are looked for.
    fn settle(&mut self) {
        if self.representation != Type::Image && self.structure == Structure::File {
            let text = self.decoded.bytes.split_off(self.text);
            self.decoded.bytes.extend(from_wire(&text, self.line_end));
        }
        self.text = self.decoded.bytes.len();
    }

    fn end(mut self, end: Result<End, Fault>, read: usize) -> Decoded {
        if end.is_ok() {
            self.settle();
        } else {
            // A CR at the end still waits for what comes behind it.
            let waits = self.representation != Type::Image
                && self.structure == Structure::File
                && self.line_end != LineEnd::CrLf
                && self.decoded.bytes.len() > self.text
                && self.decoded.bytes.ends_with(b"\r");
            self.settle();
            if waits {
                self.decoded.bytes.pop();
            }
        }
        (self.decoded.end, self.decoded.read) = (end, read);
        self.decoded
    }
}

pub fn unescape(wire: &[u8], representation: Type, line_end: LineEnd) -> Decoded {
    let mut receiver = Receiver::new(representation, Structure::Record, line_end);
    let mut at = 0;
    loop {
        match wire[at..] {
            [] | [0xff] => return receiver.end(Ok(End::Truncated), wire.len()),
            [0xff, 0xff, ..] => receiver.decoded.bytes.push(0xff),
            [0xff, code @ 1..=3, ..] => {
                if code & 1 != 0 {
                    receiver.record();
                }
                if code & 2 != 0 {
                    return receiver.end(Ok(End::Marked), at + 2);
                }
            }
            [0xff, byte, ..] => return receiver.end(Err(Fault::Escape(byte)), at + 1),
            [byte, ..] => {
                receiver.decoded.bytes.push(byte);
                at += 1;
                continue;
            }
        }
        at += 2;
    }
}

pub fn unblock(wire: &[u8], form: Form, line_end: LineEnd) -> Decoded {
    let mut receiver = Receiver::new(form.representation, form.structure, line_end);
    let mut at = 0;
    loop {
        let (code, length) = match wire[at..] {
            [code, ..] if code & 15 != 0 => return receiver.end(Err(Fault::Descriptor(code)), at),
            [code, high, low, ..] => (code, usize::from(u16::from_be_bytes([high, low]))),
            _ => return receiver.end(Ok(End::Truncated), wire.len()),
        };
        if code & 16 != 0 && length > MARKER_LIMIT {
            return receiver.end(Err(Fault::MarkerTooLong), at + 2);
        }
        if code & (32 | 16) == 32 {
            receiver.decoded.suspected += length as u64;
        }
        at += 3;
        let data = wire.get(at..at + length);
        if code & 16 == 0 {
            receiver.decoded.bytes.extend(data.unwrap_or(&wire[at..]));
        }
        let Some(data) = data else { return receiver.end(Ok(End::Truncated), wire.len()) };
        at += length;
        if code & 16 != 0 {
            receiver.mark(Mark::Marker(data.to_vec()));
        }
        if code & 128 != 0 {
            receiver.record();
        }
        if code & 64 != 0 {
            return receiver.end(Ok(End::Marked), at);
        }
    }
}
