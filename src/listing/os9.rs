//! OS-9.
//!
//! ```text
//! line       = *SP group "." user SP year "/" month "/" day SP hhmm SP attributes SP sector SP size " " name
//! attributes = ("d" / "-") 7( "s" / "e" / "w" / "r" / "-" )
//! ```

use nom::Parser;
use nom::bytes::complete::{tag, take_while_m_n};
use nom::combinator::{recognize, verify};
use nom::sequence::{separated_pair, terminated};

use super::column::{Read, any_blanks, blanks, column, digits, number, one_blank};
use super::date::{self, Clock, Known, Order};
use super::entry::{Entry, Kind, Precision, Size};
use super::line::Line;

pub(super) fn read<'a>(line: &'a [u8], known: &mut Known) -> Option<Line<'a>> {
    if is_heading(line) {
        return Some(Line::Notice(line));
    }
    let id = || recognize(digits(1, 5));
    let owners = separated_pair(id(), tag(&b"."[..]), id());
    let (rest, (_, (group, owner), _)) = (any_blanks, owners, blanks).parse_complete(line).ok()?;
    let (rest, day) = date::numeric(known, Order::YearMonthDay, rest).ok()?;
    let (rest, (_, clock, _, permissions)) = (blanks, clock, blanks, attributes).parse_complete(rest).ok()?;
    let (name, (_, size, _)) = (column, number, one_blank).parse_complete(rest).ok()?;
    let kind = if permissions.first() == Some(&b'd') { Kind::Directory } else { Kind::File };
    Some(Line::Entry(Entry {
        size: Some(Size::of_bytes(size)),
        modified: Some(known.modified(day, Some(clock))?),
        permissions: Some(permissions),
        owner: Some(owner),
        group: Some(group),
        ..Entry::new(name, kind)
    }))
}

fn is_heading(line: &[u8]) -> bool {
    let found: Read<'_, _> = (terminated(tag(&b"Owner"[..]), blanks), tag(&b"Last modified"[..])).parse_complete(line);
    let is_rule = line.len() > 10 && line.iter().all(|byte| b"- ".contains(byte));
    found.is_ok() || is_rule
}

/// `hhmm`
fn clock(input: &[u8]) -> Read<'_, Clock> {
    let (rest, both) = digits(4, 4)(input)?;
    let (hour, minute) = ((both / 100) as u8, (both % 100) as u8);
    Ok((rest, Clock { hour, minute, second: 0, nanosecond: 0, precision: Precision::Minute }))
}

fn attributes(input: &[u8]) -> Read<'_, &[u8]> {
    let eight = take_while_m_n(8, 8, |byte: u8| b"dsewr-".contains(&byte));
    let attributes = verify(eight, |eight: &[u8]| matches!(eight, [b'd' | b'-', rest @ ..] if !rest.contains(&b'd')));
    let (rest, (attributes, _)) = (attributes, blanks).parse_complete(input)?;
    Ok((rest, attributes))
}
