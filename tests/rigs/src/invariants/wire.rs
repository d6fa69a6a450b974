//! Bytes to lines: the same lines whatever the chunks, and never more kept than the limits say.

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
    let size = 2 + usize::from(cut >> 1) % 30;
    let whole = (commands(data, limits, data.len()), replies(data, limits, data.len()));
    for size in [1, size] {
        assert_eq!(commands(data, limits, size), whole.0, "commands in pieces of {size}");
        assert_eq!(replies(data, limits, size), whole.1, "replies in pieces of {size}");
    }
}

/// The lines, the answers to Telnet and whether it was interrupted.
fn commands(data: &[u8], limits: Limits, size: usize) -> (Vec<Event>, Vec<u8>, bool) {
    let mut inbox = Inbox::commands(limits);
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

fn replies(data: &[u8], limits: Limits, size: usize) -> Vec<Event> {
    let mut inbox = Inbox::replies(limits);
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

/// The same lines as a naive reader of Telnet, whatever the chunks; and what is escaped comes out as it was.
pub fn telnet(bytes: &[u8]) {
    let Some((cut, data)) = bytes.split_first() else { return };
    // Longer than a line may be, and the limits have a word in it, which `inbox` looks at.
    let data = &data[..data.len().min(4000)];
    let sizes = [data.len(), 1, 2 + usize::from(cut % 30)];
    let naively = naive(data, true);
    let mut lines: Vec<Event> = naively.text.split(|byte| *byte == b'\n').map(line).collect();
    lines.pop();
    let expected = (lines, naively.answers, naively.interrupted);
    for size in sizes {
        assert_eq!(commands(data, Limits::COMMANDS, size), expected, "in pieces of {size}");
    }
    let mut clean = Vec::new();
    telnet_bytes::escape(&naive(data, false).text, &mut clean);
    let expected = replies(&clean, Limits::REPLIES, clean.len());
    for size in sizes {
        assert_eq!(replies(data, Limits::REPLIES, size), expected, "in pieces of {size}");
    }
    let text: Vec<u8> = data.iter().copied().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect();
    let mut escaped = Vec::new();
    telnet_bytes::escape(&text, &mut escaped);
    escaped.extend(b"\r\n");
    assert_eq!(commands(&escaped, Limits::COMMANDS, 1 + usize::from(cut % 30)).0, [Event::Line(text)]);
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

fn naive(data: &[u8], of_commands: bool) -> Naive {
    let mut naive = Naive { text: Vec::new(), answers: Vec::new(), interrupted: false };
    let mut rest = data;
    loop {
        rest = match *rest {
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
            [255, 242 | 244, 255, 0..=239, ..] if of_commands => {
                naive.interrupted = true;
                rest.get(3..).unwrap_or_default()
            }
            [255, command @ 240..=254, ref behind @ ..] => {
                naive.interrupted |= matches!(command, 242 | 244);
                behind
            }
            [0, ref behind @ ..] if !of_commands && naive.text.last() == Some(&b'\r') => behind,
            [byte, ref behind @ ..] => {
                naive.text.push(byte);
                behind
            }
        };
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
