//! CONNECT:Enterprise for Unix.
//!
//! ```text
//! line  = flags SP format SP user SP batch SP size SP month-name SP day SP (clock / year) SP name      ; -C--E-----FTP B ABC1I1 …
//! flags = 10( "-" / letter ) protocol
//! ```
//! The flags are those of a batch, not permissions of Unix. The first number is taken for the batch's and the second for the size, as
//! FileZilla and commons-net do. Blanks in front of a name can't be told from those of the column.

use nom::Parser;
use nom::branch::alt;
use nom::combinator::verify;
use nom::sequence::terminated;

use super::column::{Read, blanks, column, number, word_end};
use super::date::{self, Clock, Day, Known};
use super::entry::{Entry, Kind, Size};
use super::line::Line;

pub(super) fn read<'a>(line: &'a [u8], known: &mut Known) -> Option<Line<'a>> {
    let (name, (entry, day, clock)) = columns(line).ok()?;
    Some(Line::Entry(Entry { name, modified: Some(known.modified(day, clock)?), ..entry }))
}

fn columns(line: &[u8]) -> Read<'_, (Entry<'_>, Day, Option<Clock>)> {
    let (rest, flags) = verify(column, is_flags).parse_complete(line)?;
    let format = verify(column, |format: &[u8]| format.len() == 1);
    let (rest, (_, owner, _, _, size, _)) = (format, column, number, blanks, number, blanks).parse_complete(rest)?;
    let (rest, (month, day)) = terminated(date::month_and_day, blanks).parse_complete(rest)?;
    let year = terminated(date::year, word_end).map(|year| (Some(year), None));
    let clock = date::clock.map(|clock| (None, Some(clock)));
    let (rest, ((year, clock), _)) = (alt((year, clock)), blanks).parse_complete(rest)?;
    let entry = Entry {
        size: Some(Size::of_bytes(size)),
        permissions: flags.get(..10),
        owner: Some(owner),
        ..Entry::new(&[], Kind::File)
    };
    Ok((rest, (entry, Day { year, month, day }, clock)))
}

fn is_flags(word: &[u8]) -> bool {
    let Some((flags, protocol)) = word.split_first_chunk::<10>() else { return false };
    let is_flag = |byte: &u8| *byte == b'-' || byte.is_ascii_uppercase();
    flags.iter().all(is_flag) && !protocol.is_empty() && protocol.iter().all(u8::is_ascii_alphabetic)
}
