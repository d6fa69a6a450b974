//! MS-DOS and Windows: IIS and its imitators.
//!
//! ```text
//! line = date SP time SP ("<DIR>" / "<JUNCTION>" / "<SYMLINK>" / "<SYMLINKD>" / size) SP name [" [" target "]"]
//! date = 2DIGIT "-" 2DIGIT "-" (2DIGIT / 4DIGIT) / 4DIGIT "-" 2DIGIT "-" 2DIGIT      ; month, day, year; "/" and "." too
//! time = hour ":" minute [":" second] ["AM" / "PM"]
//! size = 1*DIGIT *(("," / ".") 3DIGIT)
//! ```
//! A name begins one blank after a size, or 15 places after the `<` of an entry without a size. With `-` and `/` the month comes first,
//! until a line has a number above 12 there; with `.` the day does. Only links have a target. There are neither owners nor permissions.

use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::{tag, tag_no_case, take_until, take_while_m_n};
use nom::combinator::opt;
use nom::sequence::{delimited, terminated};

use super::column::{
    Read, before, behind_spaces, blanks, grouped_by, is_blank, number, one_blank, pairs, short_number,
};
use super::date::{self, Known, Order};
use super::entry::{Entry, Kind, Modified, Precision, Size, Zone};
use super::line::Line;
use crate::time::Time;

/// The width of the column that holds `<DIR>`, up to the name.
const WIDTH: usize = 15;

/// A file's usual line, read without combinators: it takes 25 ns so, and 140 ns by the grammar (`benches/listing.rs`). `None` leaves the
/// line to the grammar.
#[inline(always)]
pub(super) fn usual<'a>(line: &'a [u8], known: &Known) -> Option<Entry<'a>> {
    let ([m1, m2, b'-', d1, d2, b'-', y1, y2, b' ', b' ', h1, h2, b':', n1, n2, half, b'M', b' '], rest) =
        line.split_first_chunk()?
    else {
        return None;
    };
    let [month, day, year, hour] = pairs([*m1, *m2, *d1, *d2, *y1, *y2, *h1, *h2])?;
    let [minute, ..] = pairs([*n1, *n2, b'0', b'0', b'0', b'0', b'0', b'0'])?;
    // Either the month is known to come first, or no order is known and this line doesn't show one.
    if month > 12 || !matches!(known.order, Some(Order::MonthDayYear)) && (day > 12 || known.order.is_some()) {
        return None;
    }
    let hour = match (half, hour) {
        (b'A', 12) => 0,
        (b'A', hour @ 1..=11) => hour,
        (b'P', 12) => 12,
        (b'P', hour @ 1..=11) => hour.wrapping_add(12),
        _ => return None,
    };
    let year = u16::from(year).wrapping_add(if year < 70 { 2000 } else { 1900 });
    let time = Time::new(year, month, day, hour, minute, 0).ok()?;
    let (size, name) = short_number(b' ', behind_spaces(rest)?)?;
    let modified = Some(Modified::new(time, Precision::Minute, Zone::Server));
    Some(Entry { size: Some(Size::of_bytes(size)), modified, ..Entry::new(name, Kind::File) })
}

pub(super) fn read<'a>(line: &'a [u8], known: &mut Known) -> Option<Line<'a>> {
    let Ok((rest, day)) = date::numeric(known, Order::MonthDayYear, line) else {
        return is_heading(line).then_some(Line::Notice(line));
    };
    let (rest, (_, clock, _)) = (blanks, date::clock_of_halves, blanks).parse_complete(rest).ok()?;
    let modified = Some(known.modified(day, Some(clock))?);
    if let Ok((name, size)) = terminated(number, one_blank).parse_complete(rest) {
        return Some(Line::Entry(Entry { size: Some(Size::of_bytes(size)), modified, ..Entry::new(name, Kind::File) }));
    }
    let mut grouped = alt((terminated(grouped_by(b','), one_blank), terminated(grouped_by(b'.'), one_blank)));
    if let Ok((name, size)) = grouped.parse_complete(rest) {
        return Some(Line::Entry(Entry { size: Some(Size::of_bytes(size)), modified, ..Entry::new(name, Kind::File) }));
    }
    let (name, kind) = kind(rest).ok()?;
    let (name, link_target) = if kind == Kind::Link { split_target(name) } else { (name, None) };
    Some(Line::Entry(Entry { modified, link_target, ..Entry::new(name, kind) }))
}

fn kind(input: &[u8]) -> Read<'_, Kind> {
    let mut named = delimited(tag(&b"<"[..]), take_until(&b">"[..]), tag(&b">"[..]));
    let (rest, name) = named.parse_complete(input)?;
    let is = |known: &str| -> bool {
        let found: Read<'_, &[u8]> = tag_no_case(known.as_bytes()).parse_complete(name);
        found.is_ok_and(|(rest, _)| rest.is_empty())
    };
    let kind = match () {
        () if is("DIR") => Kind::Directory,
        () if is("JUNCTION") || is("SYMLINKD") || is("SYMLINK") => Kind::Link,
        () => return date::fail(),
    };
    let width = WIDTH.saturating_sub(before(input, rest).len());
    let (rest, _) = opt(take_while_m_n(1, width.max(1), is_blank)).parse_complete(rest)?;
    Ok((rest, kind))
}

/// Whether `dir` writes the line above or below the entries: ` Directory of C:\pub`, `   2 File(s)   1,234 bytes`.
fn is_heading(line: &[u8]) -> bool {
    let line = line.trim_ascii_start();
    let above = [&b"Volume in drive "[..], b"Volume Serial Number is ", b"Directory of "];
    let below = |word: &[u8]| matches!(word, b"File(s)" | b"Dir(s)");
    let counts =
        line.first().is_some_and(u8::is_ascii_digit) && line.split(|byte| *byte == b' ').nth(1).is_some_and(below);
    counts || above.iter().any(|words| line.starts_with(words))
}

/// `name [target]`, if the text in brackets is a path.
fn split_target(name: &[u8]) -> (&[u8], Option<&[u8]>) {
    let is_path = |text: &[u8]| text.contains(&b'\\') || text.get(1) == Some(&b':');
    let split = || {
        let text = name.strip_suffix(b"]")?;
        let at = memchr::memmem::find(text, b" [")?;
        let (name, target) = text.split_at_checked(at)?;
        Some((name, target.get(2..).filter(|target| is_path(target))?))
    };
    split().map_or((name, None), |(name, target)| (name, Some(target)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The short way and the grammar must agree. Checks a usual line with each of its bytes changed.
    #[test]
    fn the_usual_line_is_as_the_grammar_reads_it() {
        let mut usual_ones = 0;
        let lines = [b"04-09-24  11:09PM           1234 a  b", b"12-31-99  12:59AM 123456789012345 a  "];
        let orders = [None, Some(Order::MonthDayYear), Some(Order::DayMonthYear)];
        for (line, order) in lines.into_iter().flat_map(|line| orders.map(|order| (line, order))) {
            let mut known = Known::new(Time::new(2024, 3, 10, 12, 0, 0).unwrap());
            known.order = order;
            for at in 0..line.len() {
                for byte in b"\t -0123456789:,APM<\x80" {
                    let mut changed = *line;
                    changed[at] = *byte;
                    let mut learnt = known.clone();
                    let read = read(&changed, &mut learnt).and_then(Line::entry);
                    if let Some(usual) = usual(&changed, &known) {
                        assert_eq!((Some(usual), learnt.order), (read, order), "{}", changed.escape_ascii());
                        usual_ones += 1;
                    }
                }
            }
        }
        assert!(usual_ones > 300, "{usual_ones}");
    }
}
