//! Lines of a log, each with the time that stands in front of it.

use std::borrow::Cow;
use std::time::Duration;

use super::words::{is_command, is_reply};

/// A line, without what stands in front of its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Line<'t> {
    /// The first is 1.
    pub number: usize,
    /// When it was written: since an origin of the log's own, in whole or broken seconds. Only differences mean anything.
    pub at: Option<Duration>,
    /// What it says.
    pub text: &'t str,
}

/// The lines of a text. A carriage return ends one too: programs overwrite what they show of their progress.
pub(super) struct Lines<'t> {
    rest: &'t str,
    number: usize,
}

impl<'t> Lines<'t> {
    pub(super) fn of(text: &'t str) -> Self {
        Self { rest: text, number: 1 }
    }
}

impl<'t> Iterator for Lines<'t> {
    type Item = Line<'t>;

    fn next(&mut self) -> Option<Line<'t>> {
        while !self.rest.is_empty() {
            let number = self.number;
            let (text, rest) = match self.rest.find(['\n', '\r']) {
                Some(end) => {
                    self.number += usize::from(self.rest.as_bytes().get(end) == Some(&b'\n'));
                    (&self.rest[..end], &self.rest[end + 1..])
                }
                None => (self.rest, ""),
            };
            self.rest = rest;
            if !text.trim().is_empty() {
                let (at, text) = clock(text);
                return Some(Line { number, at, text });
            }
        }
        None
    }
}

/// Bytes as text: UTF-16 where a byte order mark says so (Windows redirects so), else UTF-8 as far as it is. What steers a terminal is
/// left out.
pub(super) fn decode(bytes: &[u8]) -> Cow<'_, str> {
    let text = match bytes {
        [0xff, 0xfe, rest @ ..] => Cow::Owned(utf16(rest, u16::from_le_bytes)),
        [0xfe, 0xff, rest @ ..] => Cow::Owned(utf16(rest, u16::from_be_bytes)),
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest),
        _ => String::from_utf8_lossy(bytes),
    };
    let text = if text.contains(['\x1b', '\0']) { Cow::Owned(without_escapes(&text)) } else { text };
    unwrapped(text)
}

/// Without what a forum or a mail puts around it: `> ` of a quotation, the indentation of code, blanks and marks of HTML.
fn unwrapped(mut text: Cow<'_, str>) -> Cow<'_, str> {
    if text.contains('\u{a0}') {
        text = Cow::Owned(text.replace('\u{a0}', " "));
    }
    if text.contains("&gt;") || text.contains("&lt;") {
        text = Cow::Owned(text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"));
    }
    if is_quotation(&text) {
        text = Cow::Owned(each_line(&text, |line| match line.trim_start().strip_prefix('>') {
            Some(rest) => rest.strip_prefix(' ').unwrap_or(rest),
            None => line,
        }));
    }
    let indented = |line: &str| line.len() - line.trim_start_matches([' ', '\t']).len();
    let indentation = text.lines().filter(|line| !line.trim().is_empty()).map(indented).min().unwrap_or(0);
    if indentation > 0 {
        text = Cow::Owned(each_line(&text, |line| line.get(indentation..).unwrap_or_default()));
    }
    text
}

/// `> ` stands in front of commands in many logs; of what else stands behind it, each line is a quotation's.
fn is_quotation(text: &str) -> bool {
    const BEGINNINGS: [&str; 12] = [
        "> ",
        "< ",
        "<-",
        "--",
        "*cmd*",
        "*resp*",
        "ftp>",
        "Status:",
        "Command:",
        "Response:",
        "Error:",
        "Connected to ",
    ];
    let mut behind = text.lines().filter_map(|line| line.trim_start().strip_prefix('>')).map(str::trim_start);
    let mut lines = text.lines().map(str::trim_start).filter(|line| !line.is_empty());
    behind.clone().any(|rest| is_reply(rest) || BEGINNINGS.iter().any(|words| rest.starts_with(words)))
        || (lines.all(|line| line.starts_with('>')) && behind.any(|rest| !rest.is_empty() && !is_command(rest)))
}

fn each_line(text: &str, change: impl Fn(&str) -> &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let (line, end) = line.strip_suffix('\n').map_or((line, ""), |line| (line, "\n"));
        out.push_str(change(line));
        out.push_str(end);
    }
    out
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> String {
    let units = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
    char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

/// Without the sequences of ECMA-48 5.4 (`ESC [`, parameters, a letter).
fn without_escapes(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\x1b' if characters.next_if_eq(&'[').is_some() => {
                while characters.next_if(|next| matches!(next, '0'..='?' | ' '..='/')).is_some() {}
                characters.next_if(|next| matches!(next, '@'..='~'));
            }
            '\x1b' | '\0' => {}
            _ => out.push(character),
        }
    }
    out
}

/// The time in front of a line, and what stands behind it.
pub(super) fn clock(line: &str) -> (Option<Duration>, &str) {
    let trimmed = line.trim_start_matches(['[', '<', '(']);
    // A bracket is the time's only where a time stands in it: `< 220` is a reply.
    let before = line.len() - trimmed.len();
    match moment(trimmed) {
        Some((at, rest)) if before == 0 => (Some(at), unspaced(rest)),
        Some((at, rest)) => match rest.strip_prefix([']', '>', ')']) {
            Some(rest) => (Some(at), unspaced(rest)),
            None => (None, line),
        },
        None => (None, line),
    }
}

/// Two blanks at most stand between a time and the text; what is more is the text's.
fn unspaced(rest: &str) -> &str {
    let rest = rest.strip_prefix(['\t', ' ']).unwrap_or(rest);
    rest.strip_prefix(' ').unwrap_or(rest)
}

/// `2026-11-28 15:54:54,693`, `15:54:54.123`, `Sat Nov 28 15:54:54 2026`, `Nov 28 15:54:54`, `28/11/2026 15:54:54`.
fn moment(text: &str) -> Option<(Duration, &str)> {
    if let Some((day, rest)) = numeric_date(text) {
        let (time, rest) = time_of_day(rest.strip_prefix([' ', 'T'])?)?;
        return Some((day + time, rest));
    }
    if let Some((day, rest)) = written_date(text) {
        let (time, rest) = time_of_day(rest.trim_start_matches(' '))?;
        // A year may follow.
        let year = rest.strip_prefix(' ').and_then(|rest| rest.split_at_checked(4)).filter(|(year, rest)| {
            year.bytes().all(|byte| byte.is_ascii_digit()) && rest.chars().next().is_none_or(|next| next == ' ')
        });
        return Some((day + time, year.map_or(rest, |(_, rest)| rest)));
    }
    time_of_day(text)
}

fn numeric_date(text: &str) -> Option<(Duration, &str)> {
    let date = text.get(..10)?;
    let mut parts = date.split(['-', '/', '.']);
    let (first, second, third) = (parts.next()?, parts.next()?, parts.next()?);
    let parts = [first, second, third];
    if parts.iter().any(|part| part.is_empty() || !part.bytes().all(|byte| byte.is_ascii_digit())) {
        return None;
    }
    let (year, month, day) = match parts.map(str::len) {
        [4, 2, 2] => (first, second, third),
        [2, 2, 4] => (third, second, first),
        _ => return None,
    };
    let number = |text: &str| text.parse::<u64>().ok();
    Some((days(number(year)? * 372 + number(month)? * 31 + number(day)?), &text[10..]))
}

fn written_date(text: &str) -> Option<(Duration, &str)> {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    let text = match text.split_at_checked(3) {
        Some((day, rest)) if WEEKDAYS.contains(&day) => rest.trim_start_matches([' ', ',']),
        _ => text,
    };
    let (month, rest) = text.split_at_checked(3)?;
    let month = (0..).zip(MONTHS).find(|(_, name)| *name == month)?.0;
    let rest = rest.strip_prefix(' ')?.trim_start_matches(' ');
    let end = rest.find(' ')?;
    let day: u64 = rest[..end].parse().ok().filter(|day| *day <= 31)?;
    Some((days(month * 31 + day), &rest[end..]))
}

/// Days of an even calendar: differences within a month are right, and more isn't asked for.
fn days(count: u64) -> Duration {
    Duration::from_secs(count * 86_400)
}

fn time_of_day(text: &str) -> Option<(Duration, &str)> {
    let bytes = text.as_bytes();
    let digits = |from: usize| bytes.get(from..)?.iter().take_while(|byte| byte.is_ascii_digit()).count().into();
    let hours: Option<usize> = digits(0);
    let hours = hours.filter(|count| matches!(count, 1 | 2))?;
    if bytes.get(hours) != Some(&b':') || bytes.get(hours + 3) != Some(&b':') {
        return None;
    }
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<u64>().ok();
    let (hour, minute, second) = (number(0, hours)?, number(hours + 1, hours + 3)?, number(hours + 4, hours + 6)?);
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let mut at = Duration::from_secs(hour * 3600 + minute * 60 + second);
    let mut rest = text.get(hours + 6..)?;
    if let Some(fraction) = rest.strip_prefix(['.', ',']) {
        let count = fraction.bytes().take_while(u8::is_ascii_digit).count();
        if (1..=9).contains(&count) {
            let value: u64 = fraction.get(..count)?.parse().ok()?;
            at += Duration::from_nanos(value * 10_u64.pow(9 - u32::try_from(count).ok()?));
            rest = fraction.get(count..)?;
        }
    }
    rest = without_zone(rest);
    for half in [" AM", " PM"] {
        if let Some(behind) = rest.strip_prefix(half) {
            let noon = if half == " PM" && hour < 12 { 43_200 } else { 0 };
            return Some((at + Duration::from_secs(noon), behind));
        }
    }
    Some((at, rest))
}

/// Without `Z`, `+01:00` or `+0100` (RFC 3339 5.6): a log has one zone.
fn without_zone(text: &str) -> &str {
    if let Some(rest) = text.strip_prefix('Z') {
        return rest;
    }
    let Some(rest) = text.strip_prefix(['+', '-']) else { return text };
    let digits = |text: &str| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    let Some((_, rest)) = rest.split_at_checked(2).filter(|(hours, _)| digits(hours)) else { return text };
    let rest = rest.strip_prefix(':').unwrap_or(rest);
    rest.split_at_checked(2).filter(|(minutes, _)| digits(minutes)).map_or(text, |(_, rest)| rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_times_of_all_programs_are_read() {
        let seconds = |text: &str| clock(text).0.map(|at| at.as_secs() % 86_400);
        let text = |text: &str| clock(text).1.to_owned();
        for line in [
            "2026-11-28 15:54:54 ---> PASV",
            "2026-11-28 15:54:54,693 ---> PASV",
            "15:54:54.123456 ---> PASV",
            "Sat Nov 28 15:54:54 2026 ---> PASV",
            "Nov 28 15:54:54 ---> PASV",
            "Nov  8 15:54:54 ---> PASV",
            "[15:54:54] ---> PASV",
            "<28/11/2026 15:54:54> ---> PASV",
            "2026-11-28T15:54:54 ---> PASV",
            "2026-11-28T15:54:54.1234567Z ---> PASV",
            "2026-11-28T15:54:54+01:00 ---> PASV",
            "03:54:54 PM ---> PASV",
        ] {
            assert_eq!((seconds(line), text(line)), (Some(57_294), "---> PASV".to_owned()), "{line}");
        }
        for line in [
            "---> PASV",
            "< 220 ready",
            "220 12:00:00",
            "-rw-r--r-- 1 0 0 6 Nov 28 15:54:54 x",
            "99:99:99 x",
            "Nov",
            "é",
        ] {
            assert_eq!(clock(line), (None, line));
        }
    }

    #[test]
    fn a_line_ends_where_it_is_overwritten_too() {
        let lines: Vec<_> = Lines::of("a\r\n\rb\nc").map(|line| (line.number, line.text)).collect();
        assert_eq!(lines, [(1, "a"), (2, "b"), (3, "c")]);
    }

    #[test]
    fn what_a_forum_puts_around_a_log_is_left_out() {
        for (pasted, log) in [
            ("Hello,\n> Response: 220 x\n> Command: PASV\n", "Hello,\nResponse: 220 x\nCommand: PASV\n"),
            ("> 220 x\n>\n> PASV\n", "220 x\n\nPASV\n"),
            ("> > PASV\n> < 227 x\n", "> PASV\n< 227 x\n"),
            ("    ftp> ls\n\n      200 x\n", "ftp> ls\n\n  200 x\n"),
            ("&gt; PASV\r\n&lt;\u{a0}227 x\r\n", "> PASV\r\n< 227 x\r\n"),
            // curl's own.
            ("> PASV\n< 227 x\n* x\n", "> PASV\n< 227 x\n* x\n"),
        ] {
            assert_eq!(decode(pasted.as_bytes()), log);
        }
    }

    #[test]
    fn what_windows_redirects_is_text() {
        let utf16: Vec<u8> =
            [0xff, 0xfe].into_iter().chain("220 ü\r\n".encode_utf16().flat_map(u16::to_le_bytes)).collect();
        assert_eq!(decode(&utf16), "220 ü\r\n");
        assert_eq!(decode(b"\x1b[1mNcFTP\x1b[0m x\x1b"), "NcFTP x");
    }
}
