//! MLSD and MLST (RFC 3659 7.2).
//!
//! ```text
//! entry    = [ facts ] SP pathname
//! facts    = 1*( fact ";" )
//! fact     = factname "=" value
//! factname = "size" / "modify" / "create" / "type" / "unique" / "perm" / "lang" / "media-type" / "charset" / os-depend / local
//! type     = "file" / "cdir" / "pdir" / "dir" / "OS." name "=" type
//! ```
//! The case of names doesn't matter. The `;` after the last fact may be missing, as in older drafts; a tab may be in place of the blank;
//! and values may be empty. Times are in UTC. No RFC defines `UNIX.mode`, `UNIX.ownername`, `UNIX.owner`, `UNIX.uid` and the same for
//! groups, but many servers send them; `sizd` is the size of a directory; `OS.unix=slink:target` and `OS.unix=symlink` are symbolic links.

use nom::Parser;
use nom::bytes::complete::{tag, take_till, take_till1};
use nom::combinator::opt;
use nom::sequence::terminated;

use super::column::{Read, before, decimal, pairs, short_number};
use super::date::Known;
use super::entry::{Entry, Kind, Modified, Precision, Size, Zone};
use super::line::Line;
use crate::time::Time;

pub(super) fn read<'a>(line: &'a [u8], _: &mut Known) -> Option<Line<'a>> {
    entry(line).map(Line::Entry)
}

/// The facts that nearly all servers send, in their usual form, read without combinators; from the first other fact on, the grammar takes
/// over. A line takes 45 ns so, and 70 ns by the grammar alone (`benches/listing.rs`).
#[inline(always)]
pub(super) fn entry(line: &[u8]) -> Option<Entry<'_>> {
    let (mut kind, mut size, mut modified) = (Kind::Unknown, None, None);
    let mut rest = line;
    while let Some((fact, behind)) = usual(rest) {
        match fact {
            Usual::Type(told) => kind = told,
            Usual::Size(told) => size = Some(Size::of_bytes(told)),
            Usual::Modify(told) => modified = Some(Modified::new(told, Precision::Second, Zone::Utc)),
        }
        rest = behind;
    }
    match rest {
        [b' ', name @ ..] => Some(Entry { size, modified, facts: before(line, rest), ..Entry::new(name, kind) }),
        _ => any(line, rest, Entry { size, modified, ..Entry::new(&[], kind) }),
    }
}

/// A fact in its usual form.
enum Usual {
    Type(Kind),
    Size(u64),
    Modify(Time),
}

#[inline(always)]
fn usual(facts: &[u8]) -> Option<(Usual, &[u8])> {
    const CASE: u32 = 0x2020_2020;
    const TYPE: u32 = u32::from_le_bytes(*b"type");
    const SIZE: u32 = u32::from_le_bytes(*b"size");
    const MODI: u32 = u32::from_le_bytes(*b"modi");
    let (name, rest) = facts.split_first_chunk()?;
    match (u32::from_le_bytes(*name) | CASE, rest) {
        (TYPE, [b'=', b'f', b'i', b'l', b'e', b';', behind @ ..]) => Some((Usual::Type(Kind::File), behind)),
        (TYPE, [b'=', b'd', b'i', b'r', b';', behind @ ..]) => Some((Usual::Type(Kind::Directory), behind)),
        (SIZE, [b'=', digits @ ..]) => short_number(b';', digits).map(|(size, behind)| (Usual::Size(size), behind)),
        (MODI, [b'f' | b'F', b'y' | b'Y', b'=', value @ ..]) => {
            let (digits, behind) = value.split_first_chunk()?;
            Some((Usual::Modify(of_digits(digits)?), behind.strip_prefix(b";")?))
        }
        _ => None,
    }
}

/// Reads all facts from `from` on, and the name.
#[inline(never)]
fn any<'a>(line: &'a [u8], from: &'a [u8], mut entry: Entry<'a>) -> Option<Entry<'a>> {
    let mut rest = from;
    // A tab ends the facts, too, but not at the beginning of the line.
    while !(rest.starts_with(b" ") || rest.starts_with(b"\t") && rest.len() < line.len()) {
        let (behind, fact) = fact(rest).ok()?;
        match fact {
            // Nothing between two `;` is skipped.
            b"" if behind.len() < rest.len() => {}
            fact => entry.learn(fact)?,
        }
        rest = behind;
    }
    entry.facts = before(line, rest);
    entry.name = rest.get(1..)?;
    Some(entry)
}

/// `fact [";"]`, up to the end of the facts.
fn fact(input: &[u8]) -> Read<'_, &[u8]> {
    let text = take_till(|byte| matches!(byte, b';' | b' ' | b'\t'));
    terminated(text, opt(tag(&b";"[..]))).parse_complete(input)
}

/// `factname "="`; the rest is the value.
fn fact_name(input: &[u8]) -> Read<'_, &[u8]> {
    terminated(take_till1(|byte| byte == b'='), tag(&b"="[..])).parse_complete(input)
}

/// Whether a line has facts, for the detection of the dialect.
pub(super) fn has_facts(line: &[u8]) -> bool {
    let facts = memchr::memchr2(b' ', b'\t', line).and_then(|at| line.get(..at)).unwrap_or_default();
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._".contains(byte);
    let is_fact = |fact: &[u8]| {
        let at = memchr::memchr(b'=', fact);
        at.and_then(|at| fact.get(..at)).is_some_and(|name| !name.is_empty() && name.iter().all(is_name))
    };
    let facts = facts.strip_suffix(b";").unwrap_or(facts);
    !facts.is_empty() && facts.split(|byte| *byte == b';').all(is_fact)
}

impl<'a> Entry<'a> {
    /// Takes over what a fact says; `None` if the text isn't a fact.
    fn learn(&mut self, fact: &'a [u8]) -> Option<()> {
        let (value, name) = fact_name(fact).ok()?;
        let is = |known: &[u8]| name.eq_ignore_ascii_case(known);
        match name.len() {
            4 if is(b"type") => self.learn_type(value),
            4 if is(b"size") => self.size = decimal(value).map(Size::of_bytes).or(self.size),
            4 if is(b"sizd") => self.size = self.size.or(decimal(value).map(Size::of_bytes)),
            4 if is(b"perm") => self.permissions = Some(value),
            6 if is(b"modify") => self.modified = modified(value),
            8 if is(b"unix.uid") => self.owner = self.owner.or(some(value)),
            8 if is(b"unix.gid") => self.group = self.group.or(some(value)),
            10 if is(b"unix.owner") => self.owner = self.owner.or(some(value)),
            10 if is(b"unix.group") => self.group = self.group.or(some(value)),
            14 if is(b"unix.ownername") => self.owner = some(value).or(self.owner),
            14 if is(b"unix.groupname") => self.group = some(value).or(self.group),
            _ => {}
        }
        Some(())
    }

    fn learn_type(&mut self, value: &'a [u8]) {
        self.kind = match value {
            b"file" => Kind::File,
            b"dir" => Kind::Directory,
            other => return self.learn_other_type(other),
        };
    }

    fn learn_other_type(&mut self, value: &'a [u8]) {
        let is = |known: &[u8]| value.eq_ignore_ascii_case(known);
        let (system, name) = value.split_at_checked(8).unwrap_or((value, &[]));
        self.kind = match () {
            () if is(b"file") => Kind::File,
            () if is(b"dir") => Kind::Directory,
            () if is(b"cdir") => Kind::Current,
            () if is(b"pdir") => Kind::Parent,
            () if system.eq_ignore_ascii_case(b"OS.unix=") => {
                let word = name.split(|byte| matches!(byte, b':' | b'-')).next().unwrap_or_default();
                let kind = of_unix(word);
                if kind == Kind::Link && name.get(word.len()) == Some(&b':') {
                    self.link_target = name.get(word.len().saturating_add(1)..).and_then(some);
                }
                kind
            }
            () if value.is_empty() || is(b"unknown") => Kind::Unknown,
            () => Kind::Other,
        };
    }
}

fn of_unix(word: &[u8]) -> Kind {
    let known: [(&[u8], Kind); 10] = [
        (b"slink", Kind::Link),
        (b"symlink", Kind::Link),
        (b"chr", Kind::CharacterDevice),
        (b"cdev", Kind::CharacterDevice),
        (b"blkdev", Kind::BlockDevice),
        (b"blk", Kind::BlockDevice),
        (b"fifo", Kind::Fifo),
        (b"pipe", Kind::Fifo),
        (b"socket", Kind::Socket),
        (b"sock", Kind::Socket),
    ];
    known.iter().find(|(name, _)| word.eq_ignore_ascii_case(name)).map_or(Kind::Other, |(_, kind)| *kind)
}

/// `None` if the value is empty.
const fn some(value: &[u8]) -> Option<&[u8]> {
    if value.is_empty() { None } else { Some(value) }
}

/// `YYYYMMDDhhmmss`
#[inline]
fn of_digits(digits: &[u8; 14]) -> Option<Time> {
    let [y1, y2, y3, y4, m1, m2, d1, d2, h1, h2, n1, n2, s1, s2] = *digits;
    let [century, year, month, day] = pairs([y1, y2, y3, y4, m1, m2, d1, d2])?;
    let [hour, minute, second, _] = pairs([h1, h2, n1, n2, s1, s2, b'0', b'0'])?;
    let year = u16::from(century).wrapping_mul(100).wrapping_add(u16::from(year));
    Time::new(year, month, day, hour, minute, second).ok()
}

fn modified(value: &[u8]) -> Option<Modified> {
    let time = Time::parse(value).ok()?;
    let precision = if value.len() > 14 { Precision::Fraction } else { Precision::Second };
    Some(Modified::new(time, precision, Zone::Utc))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The short way and the grammar must agree. Checks a usual line with each of its bytes changed.
    #[test]
    fn usual_facts_are_as_the_grammar_reads_them() {
        for line in [
            &b"type=file;size=1234567;modify=20240229140500; a  b"[..],
            b"Modify=20240229140560;Type=dir;Size=12345678; ",
        ] {
            for at in 0..line.len() {
                for byte in b"\t =;0123456789.TtDyEe\x80" {
                    let mut changed = line.to_vec();
                    changed[at] = *byte;
                    let by_grammar = any(&changed, &changed, Entry::new(&[], Kind::Unknown));
                    assert_eq!(entry(&changed), by_grammar, "{}", changed.escape_ascii());
                }
            }
        }
    }
}
