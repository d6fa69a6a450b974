//! The naive splitter: the whole input at once, with no regard for speed.

use ftp_proto::telnet::Escape;
use ftp_proto::{Limits, ReplyEnd};

/// What is read: commands, or replies with this kind of end.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Read {
    Commands,
    Replies(ReplyEnd),
}

/// Removes Telnet (RFC 854) from the whole input, where no name and no text can be, or everywhere. Gives the rest and the answers.
pub(super) fn undo_telnet(input: &[u8], limit: usize, read: Read, escape: Escape) -> (Vec<u8>, Vec<u8>) {
    let (mut out, mut answers, mut at) = (Vec::new(), Vec::new(), 0);
    let (mut line, mut open) = (0, None);
    while at < input.len() {
        let is_text = escape == Escape::AsIs
            && match read {
                Read::Commands => is_past_word(&out[line..], limit),
                Read::Replies(_) => open.is_some() || out.len() - line >= 4,
            };
        match &input[at..] {
            [255, ..] if is_text => {
                out.push(255);
                at += 1;
            }
            [255] | [255, 251..=254] => break,
            [255, 255, ..] => {
                out.push(255);
                at += 2;
            }
            [255, verb @ 251..=254, option, ..] => {
                match verb {
                    251 => answers.extend([255, 254, *option]),
                    253 => answers.extend([255, 252, *option]),
                    _ => {}
                }
                at += 3;
            }
            [255, 250, ..] => {
                at += 2;
                let mut left = limit as isize;
                while left > 0 && at < input.len() {
                    match &input[at..] {
                        [255, 240, ..] => {
                            at += 2;
                            break;
                        }
                        [255] => return (out, answers),
                        [255, _, ..] => (at, left) = (at + 2, left - 2),
                        _ => (at, left) = (at + 1, left - 1),
                    }
                }
            }
            // The data mark was urgent data, and was taken out of the stream.
            [255, 242 | 244, 255, 0..=239, ..] if read == Read::Commands => at += 3,
            [255, 240..=255, ..] => at += 2,
            [0, ..] if read != Read::Commands && out.last() == Some(&b'\r') => at += 1,
            [byte, ..] => {
                out.push(*byte);
                at += 1;
                if *byte == b'\n' {
                    if let Read::Replies(end) = read {
                        let (cut, _) = &lines(&out[line..], limit).0[0];
                        open = opened(open, cut, end);
                    }
                    line = out.len();
                }
            }
            [] => unreachable!(),
        }
    }
    (out, answers)
}

/// Whether an argument can follow. Bytes over the limit were dropped, and don't count.
fn is_past_word(line: &[u8], limit: usize) -> bool {
    let kept = &line[..line.len().min(limit + 1)];
    kept.len() > 32 || kept.contains(&b' ')
}

/// The code of the reply of many lines that hasn't ended with this line.
fn opened(open: Option<u16>, line: &[u8], end: ReplyEnd) -> Option<u16> {
    let separator = line.get(3);
    match open {
        None => naive_code(line).filter(|_| separator == Some(&b'-')),
        Some(code) => {
            let ends = naive_code(line).is_some_and(|other| other == code || end == ReplyEnd::AnyCode);
            if ends && matches!(separator, None | Some(b' ')) { None } else { Some(code) }
        }
    }
}

/// The lines of `clean`, cut to the limit, and the rest after the last one.
pub(super) fn lines(clean: &[u8], limit: usize) -> (Vec<(Vec<u8>, bool)>, &[u8]) {
    let mut rest = clean;
    let mut lines = Vec::new();
    while let Some(at) = rest.iter().position(|byte| *byte == b'\n') {
        let mut line = rest[..at].to_vec();
        rest = &rest[at + 1..];
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        let cut = line.len() > limit;
        if cut {
            line.truncate(limit);
            while line.len() > 4 && line.last() == Some(&b'\r') {
                line.pop();
            }
        }
        lines.push((line, cut));
    }
    (lines, rest)
}

pub(super) fn naive_code(line: &[u8]) -> Option<u16> {
    let digits = std::str::from_utf8(line.get(..3)?).ok()?;
    let all = digits.bytes().all(|byte| byte.is_ascii_digit());
    (all && matches!(digits.as_bytes()[0], b'1'..=b'6')).then(|| digits.parse().unwrap())
}

/// What `replies` should log, from the lines.
pub(super) fn naive_replies(input: &[u8], limits: Limits, escape: Escape) -> Vec<String> {
    let (clean, _) = undo_telnet(input, limits.line, Read::Replies(limits.reply_end), escape);
    let (lines, rest) = lines(&clean, limits.line);
    let mut log = Vec::new();
    let mut lines = lines.into_iter();
    let shown = |line: &[u8]| format!("\"{}\"", line.escape_ascii());
    while let Some((line, mut truncated)) = lines.next() {
        if line.is_empty() {
            continue;
        }
        let separator = line.get(3).copied();
        let (Some(code), None | Some(b' ' | b'-')) = (naive_code(&line), separator) else {
            log.push("NotAReply".into());
            continue;
        };
        let mut texts = vec![shown(line.get(4..).unwrap_or_default())];
        let mut end = code;
        while separator == Some(b'-') {
            let Some((line, cut)) = lines.next() else {
                log.push("UnexpectedEnd".into());
                return log;
            };
            truncated |= cut;
            let closes = matches!(line.get(3), None | Some(b' '));
            match naive_code(&line) {
                Some(other) if closes && (other == code || limits.reply_end == ReplyEnd::AnyCode) => {
                    end = other;
                    texts.push(shown(line.get(4..).unwrap_or_default()));
                    break;
                }
                _ if texts.len() + 1 >= limits.lines => truncated = true,
                Some(same) if same == code && line.get(3) == Some(&b'-') => texts.push(shown(&line[4..])),
                // A CR that was kept, so that no other line is read, counts as part of the line end once the line is only text.
                _ if cut => texts.push(shown(line.strip_suffix(b"\r").unwrap_or(&line))),
                _ => texts.push(shown(&line)),
            }
        }
        let code = if end == code { format!("{code}") } else { format!("{code}…{end}") };
        log.push(format!("Reply({code}, {}{})", texts.join(", "), if truncated { ", truncated" } else { "" }));
    }
    if !rest.is_empty() {
        log.push("UnexpectedEnd".into());
    }
    log
}
