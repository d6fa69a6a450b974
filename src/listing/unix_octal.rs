//! Unix files with the mode in octal and the time in seconds.
//!
//! ```text
//! line = mode SP owner SP group SP size SP seconds SP name
//! mode = "0" 4*6( "0"-"7" )                      ; 0100644: the kind and the permissions
//! ```
//! Seconds count from the beginning of 1970 in UTC. Blanks in front of a name can't be told from those of the column.

use nom::Parser;

use super::column::{Read, blanks, column, in_base, number};
use super::date::{self, Known};
use super::entry::{Entry, Kind, Size};
use super::line::Line;

pub(super) fn read<'a>(line: &'a [u8], _: &mut Known) -> Option<Line<'a>> {
    let (name, entry) = columns(line).ok()?;
    Some(Line::Entry(Entry { name, ..entry }))
}

fn columns(line: &[u8]) -> Read<'_, Entry<'_>> {
    let (rest, mode) = column(line)?;
    let (rest, (owner, group)) = (column, column).parse_complete(rest)?;
    let (rest, (size, _, seconds, _)) = (number, blanks, number, blanks).parse_complete(rest)?;
    let (Some(kind), Some(modified), [b'0', ..]) = (kind(mode), date::epoch(seconds), mode) else {
        return date::fail();
    };
    let entry = Entry {
        size: Some(Size::of_bytes(size)),
        modified: Some(modified),
        permissions: Some(mode),
        owner: Some(owner),
        group: Some(group),
        ..Entry::new(&[], kind)
    };
    Ok((rest, entry))
}

/// The bits above the permissions, `S_IFMT` of POSIX.
fn kind(mode: &[u8]) -> Option<Kind> {
    let mode = in_base(8, mode).filter(|_| (5..=7).contains(&mode.len()))?;
    Some(match mode >> 12 {
        0o01 => Kind::Fifo,
        0o02 => Kind::CharacterDevice,
        0o04 => Kind::Directory,
        0o06 => Kind::BlockDevice,
        0o10 => Kind::File,
        0o12 => Kind::Link,
        0o14 => Kind::Socket,
        _ => return None,
    })
}
