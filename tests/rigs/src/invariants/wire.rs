//! Bytes to lines: the same lines whatever the chunks, and never more kept than the limits say.

use ftp_proto::telnet::Escape;
use ftp_proto::{Inbox, Limits, Reply, ReplyEnd, ReplyError, telnet as telnet_bytes};

/// What came out of an inbox.
#[derive(Debug, Clone, PartialEq)]
enum Event {
    Line(Vec<u8>),
    TooLong,
    Reply(Reply<'static>),
    Error(ReplyError),
    End(Result<(), ReplyError>),
}

/// The same lines and replies whatever the chunks; kept bytes ≤ limit + chunk.
///
/// Three bytes choose the limits and the cuts, the rest is what is received.
pub fn inbox(bytes: &[u8]) {
    let Some(([line, reply, cut], data)) = bytes.split_first_chunk() else { return };
    let mut limits = Limits::REPLIES;
    limits.line = 4 + usize::from(line % 64);
    limits.lines = 2 + usize::from(line / 64);
    limits.reply = 8 + 4 * usize::from(*reply);
    limits.reply_end = if cut & 1 == 0 { ReplyEnd::SameCode } else { ReplyEnd::AnyCode };
    let escape = if cut & 64 == 0 { Escape::AsIs } else { Escape::Doubled };
    let size = 2 + usize::from(cut >> 1) % 30;
    let whole = (commands(data, limits, escape, data.len()), replies(data, limits, escape, data.len()));
    for size in [1, size] {
        assert_eq!(commands(data, limits, escape, size), whole.0, "commands in pieces of {size}");
        assert_eq!(replies(data, limits, escape, size), whole.1, "replies in pieces of {size}");
    }
    let raw = (raw_commands(data, limits, escape, data.len()), raw_replies(data, limits, escape, data.len()));
    for size in [1, size] {
        assert_eq!(raw_commands(data, limits, escape, size), raw.0, "raw commands in pieces of {size}");
        assert_eq!(raw_replies(data, limits, escape, size), raw.1, "raw replies in pieces of {size}");
    }
    stand_in(data, &raw.0);
    stand_in(data, &raw.1);
}

/// Each line as it came; read anew, it is the same line.
fn raw_commands(data: &[u8], limits: Limits, escape: Escape, size: usize) -> Vec<Option<Vec<u8>>> {
    let mut inbox = Inbox::commands(limits).with_escape(escape);
    let mut raw = Vec::new();
    for chunk in data.chunks(size.max(1)) {
        inbox.push(chunk);
        loop {
            match inbox.advance() {
                Ok(true) => {}
                Ok(false) => break,
                Err(_) => {
                    assert_eq!(inbox.raw(), None);
                    continue;
                }
            }
            if let Some(raw) = inbox.raw() {
                let mut again = Inbox::commands(limits).with_escape(escape);
                again.push(raw);
                assert_eq!(again.next_line(), Ok(inbox.line()), "{}", raw.escape_ascii());
                assert!(!again.has_more());
            }
            raw.push(inbox.raw().map(<[u8]>::to_vec));
        }
        assert_eq!(inbox.raw(), None);
    }
    raw
}

fn raw_replies(data: &[u8], limits: Limits, escape: Escape, size: usize) -> Vec<Option<Vec<u8>>> {
    let mut inbox = Inbox::replies(limits).with_escape(escape);
    let mut raw = Vec::new();
    for chunk in data.chunks(size.max(1)) {
        inbox.push(chunk);
        loop {
            match inbox.advance() {
                Ok(true) => {}
                Ok(false) | Err(ReplyError::TooLong { .. }) => break,
                Err(_) => continue,
            }
            let reply = inbox.reply().expect("the current reply");
            assert!(!reply.is_truncated() || inbox.raw().is_none());
            if let Some(raw) = inbox.raw() {
                let mut again = Inbox::replies(limits).with_escape(escape);
                again.push(raw);
                assert_eq!(again.next_reply(), Ok(Some(reply)), "{}", raw.escape_ascii());
                assert!(!again.has_more());
            }
            raw.push(inbox.raw().map(<[u8]>::to_vec));
        }
        assert_eq!(inbox.raw(), None);
    }
    raw
}

/// They are parts of what was received, one behind the other.
fn stand_in(data: &[u8], parts: &[Option<Vec<u8>>]) {
    let mut rest = data;
    for part in parts.iter().flatten() {
        assert!(part.ends_with(b"\n"));
        let at = rest.windows(part.len()).position(|window| window == part).expect("as it came");
        rest = &rest[at + part.len()..];
    }
}

/// The lines, the answers to Telnet and whether it was interrupted.
fn commands(data: &[u8], limits: Limits, escape: Escape, size: usize) -> (Vec<Event>, Vec<u8>, bool) {
    let mut inbox = Inbox::commands(limits).with_escape(escape);
    let mut events = Vec::new();
    let (mut answers, mut interrupted) = (Vec::new(), false);
    for chunk in data.chunks(size.max(1)) {
        inbox.push(chunk);
        // A line and its CR, and an IAC that waits for its end.
        assert!(inbox.buffered() <= limits.line + 4 + chunk.len());
        loop {
            match inbox.advance() {
                Ok(true) => {
                    let line = inbox.line().expect("the current line").to_vec();
                    assert!(line.len() <= limits.line);
                    assert!(!line.contains(&b'\n'));
                    assert_eq!(inbox.line(), Some(&line[..]), "as often as needed");
                    events.push(Event::Line(line));
                }
                Ok(false) => break,
                Err(error) => {
                    assert_eq!(error.limit, limits.line);
                    events.push(Event::TooLong);
                }
            }
        }
        assert!(inbox.buffered() <= limits.line + 4, "{} bytes are kept", inbox.buffered());
        answers.extend(inbox.take_answers());
        interrupted |= inbox.take_interrupt();
    }
    assert!(answers.len() <= 3 * 32, "a peer that repeats itself keeps us busy");
    (events, answers, interrupted)
}

fn replies(data: &[u8], limits: Limits, escape: Escape, size: usize) -> Vec<Event> {
    let mut inbox = Inbox::replies(limits).with_escape(escape);
    let mut events = Vec::new();
    let mut failed = false;
    for chunk in data.chunks(size.max(1)) {
        inbox.push(chunk);
        assert!(inbox.buffered() <= limits.reply + 4 + chunk.len(), "{} bytes are kept", inbox.buffered());
        loop {
            match inbox.next_reply() {
                Ok(Some(reply)) => {
                    assert!(!failed, "a reply after the end");
                    assert!(reply.lines().all(|line| line.len() <= limits.line));
                    assert!(reply.lines().count() <= limits.lines.max(2));
                    events.push(Event::Reply(reply.into_owned()));
                }
                Ok(None) => break,
                Err(error @ ReplyError::TooLong { .. }) => {
                    if !failed {
                        events.push(Event::Error(error.clone()));
                    }
                    failed = true;
                    assert_eq!(inbox.next_reply().err(), Some(error), "final");
                    break;
                }
                Err(error) => events.push(Event::Error(error)),
            }
        }
    }
    if !failed {
        events.push(Event::End(inbox.finish()));
    }
    assert!(!failed || inbox.buffered() == 0);
    events
}

/// The same lines as a naive reader of Telnet, whatever the chunks; and what is written comes out as it was, both where
/// 0xFF is doubled and where it is a byte as any other.
pub fn telnet(bytes: &[u8]) {
    let Some((cut, data)) = bytes.split_first() else { return };
    // Longer than a line may be, and the limits have a word in it, which `inbox` looks at.
    let data = &data[..data.len().min(4000)];
    let sizes = [data.len(), 1, 2 + usize::from(cut % 30)];
    for escape in [Escape::AsIs, Escape::Doubled] {
        let naively = naive(data, Read::Commands, escape);
        let mut lines: Vec<Event> = naively.text.split(|byte| *byte == b'\n').map(line).collect();
        lines.pop();
        let expected = (lines, naively.answers, naively.interrupted);
        for size in sizes {
            assert_eq!(commands(data, Limits::COMMANDS, escape, size), expected, "{escape:?}, in pieces of {size}");
        }
        let mut clean = Vec::new();
        telnet_bytes::escape(&naive(data, Read::Replies, escape).text, &mut clean);
        let expected = replies(&clean, Limits::REPLIES, Escape::Doubled, clean.len());
        for size in sizes {
            assert_eq!(replies(data, Limits::REPLIES, escape, size), expected, "{escape:?}, in pieces of {size}");
        }
    }
    let text: Vec<u8> = data.iter().copied().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect();
    let mut escaped = Vec::new();
    telnet_bytes::escape(&text, &mut escaped);
    let argument = [b"DELE ", &text[..]].concat();
    for (escape, sent, read) in [(Escape::Doubled, &escaped, text), (Escape::AsIs, &argument, argument.clone())] {
        let sent = [&sent[..], b"\r\n"].concat();
        let size = 1 + usize::from(cut % 30);
        assert_eq!(commands(&sent, Limits::COMMANDS, escape, size).0, [Event::Line(read)], "{escape:?}");
    }
}

fn line(text: &[u8]) -> Event {
    Event::Line(text.strip_suffix(b"\r").unwrap_or(text).to_vec())
}

/// Telnet undone by a reader that sees all bytes at once.
struct Naive {
    text: Vec<u8>,
    answers: Vec<u8>,
    interrupted: bool,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Read {
    Commands,
    Replies,
}

fn naive(data: &[u8], read: Read, escape: Escape) -> Naive {
    let mut naive = Naive { text: Vec::new(), answers: Vec::new(), interrupted: false };
    let mut rest = data;
    // Where the line under way begins, and the code of the reply that it belongs to, if that has begun.
    let (mut begin, mut open) = (0, None);
    loop {
        let line = &naive.text[begin..];
        let is_text = escape == Escape::AsIs
            && match read {
                Read::Commands => line.len() > 32 || line.contains(&b' '),
                Read::Replies => open.is_some() || line.len() >= 4,
            };
        rest = match *rest {
            [255, ref behind @ ..] if is_text => {
                naive.text.push(255);
                behind
            }
            [b'\n', ref behind @ ..] => {
                open = opened(open, line.strip_suffix(b"\r").unwrap_or(line));
                naive.text.push(b'\n');
                begin = naive.text.len();
                behind
            }
            [] | [255] | [255, 251..=254] => return naive,
            [255, 255, ref behind @ ..] => {
                naive.text.push(255);
                behind
            }
            [255, verb @ 251..=254, option, ref behind @ ..] => {
                let answer = match verb {
                    251 => Some(254),
                    253 => Some(252),
                    _ => None,
                };
                if let Some(answer) = answer.filter(|_| naive.answers.len() < 3 * 32) {
                    naive.answers.extend([255, answer, option]);
                }
                behind
            }
            [255, 250, ref behind @ ..] => skip_subnegotiation(behind),
            // The mark was taken out of what a client sends, as urgent data.
            [255, 242 | 244, 255, 0..=239, ..] if read == Read::Commands => {
                naive.interrupted = true;
                rest.get(3..).unwrap_or_default()
            }
            [255, command @ 240..=254, ref behind @ ..] => {
                naive.interrupted |= matches!(command, 242 | 244);
                behind
            }
            [0, ref behind @ ..] if read == Read::Replies && naive.text.last() == Some(&b'\r') => behind,
            [byte, ref behind @ ..] => {
                naive.text.push(byte);
                behind
            }
        };
    }
}

/// The code of the reply of many lines that hasn't ended behind this line.
fn opened(open: Option<[u8; 3]>, line: &[u8]) -> Option<[u8; 3]> {
    let code = line.first_chunk().filter(|code: &&[u8; 3]| code.iter().all(u8::is_ascii_digit)).copied();
    let code = code.filter(|[class, ..]| (b'1'..=b'6').contains(class));
    match (open, line.get(3)) {
        (None, Some(b'-')) => code,
        (Some(first), None | Some(b' ')) if code == Some(first) => None,
        _ => open,
    }
}

fn skip_subnegotiation(mut rest: &[u8]) -> &[u8] {
    loop {
        rest = match rest {
            [] | [255] => return &[],
            [255, 240, behind @ ..] => return behind,
            [255, _, behind @ ..] => behind,
            [_, behind @ ..] => behind,
        };
    }
}
