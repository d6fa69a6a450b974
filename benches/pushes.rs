//! Bytes pushed into an inbox one at a time, with one `advance` each: `pushes SHAPE KIB`. Nothing is measured here; `benches/instructions`
//! counts what it executes, and twice the bytes have to take twice as much.

use std::hint::black_box;

use ftp_proto::telnet::Escape;
use ftp_proto::{Inbox, Limits};

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let shape = words.first().map_or("commands", String::as_str);
    let length = 1024 * words.get(1).map_or(1, |kib| kib.parse::<usize>().expect("how many KiB"));
    match shape {
        "commands" => commands(b"\xff\xf1NO\xff\xfb\x01OP\r\n", length, 0),
        // All is here at first, and each line that is taken leaves the rest.
        "backlog" => commands(b"\xff\xf1NO\xff\xfb\x01OP\r\n", length, length),
        "subnegotiations" => commands(b"\xff\xfa\x18", length, length),
        "replies" => replies(b"200 o\xff\xf1k\r\n", length, 0),
        "lines" => replies(b" a \xff\xf1line\r\n", length, 0),
        "backlog-of-replies" => replies(b"200 o\xff\xf1k\r\n", length, length),
        other => panic!("no shape {other}"),
    }
}

/// The first so many bytes come at once.
fn commands(line: &[u8], length: usize, at_once: usize) {
    let mut inbox = Inbox::commands(Limits::COMMANDS).with_escape(Escape::Doubled);
    let bytes: Vec<u8> = line.iter().copied().cycle().take(length).collect();
    let (first, rest) = bytes.split_at(at_once);
    inbox.push(first);
    for byte in rest.iter().chain(first) {
        inbox.push(std::slice::from_ref(byte));
        let _ = black_box(inbox.advance());
        let _ = black_box(inbox.take_answers());
    }
}

fn replies(line: &[u8], length: usize, at_once: usize) {
    let mut inbox = Inbox::replies(Limits::REPLIES).with_escape(Escape::Doubled);
    let mut bytes = b"200-begin\r\n".to_vec();
    bytes.extend(line.iter().copied().cycle().take(length));
    let (first, rest) = bytes.split_at(at_once);
    inbox.push(first);
    for byte in rest.iter().chain(first) {
        inbox.push(std::slice::from_ref(byte));
        let _ = black_box(inbox.advance());
    }
}
