//! Directory listings: reads what LIST, NLST, MLSD, MLST and STAT answer, line by line, and writes it.
//!
//! ```
//! use ftp_proto::Time;
//! use ftp_proto::listing::{Hint, Kind, Line, Listing};
//!
//! let text = b"total 8\r\n\
//!     drwxr-xr-x   3 alice    staff         512 Mar  9  2019 old dir\r\n\
//!     -rw-r--r--   1 alice    staff        4096 Mar  9 14:05 notes.txt\r\n";
//! let now = Time::parse(b"20240310120000")?;
//! let mut listing = Listing::new(now, Hint::List);
//! let entries: Vec<_> = listing.lines(text).filter_map(Line::entry).collect();
//! assert_eq!((entries[0].name, entries[0].kind), (&b"old dir"[..], Kind::Directory));
//! assert_eq!(entries[1].size.and_then(|size| size.exact()), Some(4096));
//! assert_eq!(entries[1].modified.unwrap().time, Time::new(2024, 3, 9, 14, 5, 0)?);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! RFC 959 leaves the form of LIST's answer to the server. A [`Listing`] detects the [`Dialect`] by the first line that fits one, keeps
//! it, and detects it again when a line doesn't fit; [`Hint::Only`] fixes it. Reading allocates nothing: an [`Entry`] holds numbers and
//! slices of its line.
//!
//! A name is exactly the bytes of the line, and may be anything, even `../../.ssh/authorized_keys`. [`Entry::leads_elsewhere`] recognises names
//! that a program must not join to a directory of its own.
//!
//! [`Listed`] is the other direction: it writes typed fields as a line of `ls -l` or of MLSD.

mod column;
mod date;
mod dialect;
mod dos;
mod enterprise;
mod entry;
mod eplf;
mod ibm_i;
mod line;
mod listed;
mod mlsx;
mod months;
mod mvs;
mod mvs_member;
mod mvs_spool;
mod netpresenz;
mod netware;
mod nonstop;
mod nortel;
mod os2;
mod os9;
mod owned;
mod unix;
mod unix_date;
mod unix_octal;
mod vms;
mod vshell;
mod vxworks;
mod zvm;

pub use dialect::Dialect;
pub use entry::{Entry, Kind, Modified, Precision, Size, Zone};
pub use line::Line;
pub use listed::{Listed, Permit, Word, WordError};
pub use owned::OwnedEntry;

use crate::time::Time;
use date::Known;

/// A reader of a directory listing.
///
/// ```
/// use ftp_proto::listing::{Hint, Line, Listing};
/// use ftp_proto::Time;
/// let mut listing = Listing::new(Time::new(2024, 3, 10, 12, 0, 0)?, Hint::List);
/// let text = b"total 8\r\ndrwxr-xr-x 2 u g 4096 Mar  9 14:05 pub\r\n-rw-r--r-- 1 u g 12 Jan  1  2020 a\r\n";
/// let names: Vec<_> = listing.lines(text).filter_map(|line| if let Line::Entry(entry) = line { Some(entry.name) } else { None }).collect();
/// assert_eq!(names, [&b"pub"[..], b"a"]);
/// # Ok::<(), ftp_proto::TimeError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Listing {
    hint: Hint,
    /// The dialect of the latest line that was in one.
    dialect: Option<Dialect>,
    /// Whether every line so far was one word, so that such lines may be names.
    words_only: bool,
    known: Known,
}

/// What is known about a listing before its first line.
///
/// ```
/// use ftp_proto::listing::{Hint, Line, Listing};
/// use ftp_proto::Time;
/// let mut listing = Listing::new(Time::new(2024, 3, 10, 12, 0, 0)?, Hint::Mlsd);
/// let Line::Entry(entry) = listing.line(b"type=file;size=12; notes.txt") else { panic!() };
/// assert_eq!((entry.name, entry.size.and_then(|size| size.exact())), (&b"notes.txt"[..], Some(12)));
/// # Ok::<(), ftp_proto::TimeError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Hint {
    /// It answers LIST: the dialect is detected.
    List,
    /// It answers STAT with a path, within a reply: as for LIST, but one blank in front of each line belongs to the reply.
    Status,
    /// It answers NLST: each line is a name.
    Names,
    /// It answers MLSD: each line has facts, which may be none, a blank and a name.
    Mlsd,
    /// It is the line in a reply to MLST: as for MLSD, after one more blank, which some servers leave out.
    Mlst,
    /// It is in this dialect, and no other is looked for.
    Only(Dialect),
}

impl Listing {
    /// A reader at the beginning of a listing. A time without a year is taken to be before `now`, or at most a day after it, which allows
    /// for other zones and fast clocks; so `now` may be in UTC or in the server's zone.
    pub fn new(now: Time, hint: Hint) -> Self {
        let dialect = match hint {
            Hint::List | Hint::Status => None,
            Hint::Names => Some(Dialect::Names),
            Hint::Mlsd | Hint::Mlst => Some(Dialect::Mlsx),
            Hint::Only(dialect) => Some(dialect),
        };
        Self { hint, dialect, words_only: true, known: Known::new(now) }
    }

    /// The dialect of the lines so far, or of the hint; `None` if no line has fitted a dialect yet.
    ///
    /// ```
    /// use ftp_proto::listing::{Dialect, Hint, Listing};
    /// use ftp_proto::Time;
    /// let mut listing = Listing::new(Time::new(2024, 3, 10, 12, 0, 0)?, Hint::List);
    /// assert_eq!(listing.dialect(), None);
    /// let _ = listing.line(b"-rw-r--r-- 1 u g 12 Jan  1  2020 a");
    /// assert_eq!(listing.dialect(), Some(Dialect::Unix));
    /// # Ok::<(), ftp_proto::TimeError>(())
    /// ```
    pub const fn dialect(&self) -> Option<Dialect> {
        self.dialect
    }

    /// Reads the first line of `input`, and returns it with its length in bytes, which includes its end (CR LF, or LF). `None` if the
    /// line hasn't ended. If an entry takes two lines, both are read, and `None` means that the second hasn't ended. Linear in the line's
    /// length; allocates nothing.
    ///
    /// When the data connection has ended, the rest is a line without an end: read it with [`line`](Self::line).
    ///
    /// ```
    /// use ftp_proto::listing::{Hint, Line, Listing};
    /// use ftp_proto::Time;
    /// let mut listing = Listing::new(Time::new(2024, 3, 10, 12, 0, 0)?, Hint::Names);
    /// let received = b"a.txt\r\nb.t";
    /// let (line, length) = listing.read(received).unwrap();
    /// assert!(matches!(line, Line::Entry(entry) if entry.name == b"a.txt"));
    /// assert!(listing.read(&received[length..]).is_none(), "the rest of the line is still to come");
    /// # Ok::<(), ftp_proto::TimeError>(())
    /// ```
    #[inline]
    pub fn read<'a>(&mut self, input: &'a [u8]) -> Option<(Line<'a>, usize)> {
        let (line, rest) = split_line(input)?;
        let length = input.len().wrapping_sub(rest.len());
        let read = self.line(line);
        if !matches!(read, Line::Partial(_)) {
            return Some((read, length));
        }
        let (second, rest) = split_line(rest)?;
        Some(self.both(input, second, rest).unwrap_or((read, length)))
    }

    /// Reads all lines of `text`, a complete listing, whose last line may lack an end.
    pub fn lines<'a>(&mut self, text: &'a [u8]) -> impl Iterator<Item = Line<'a>> + use<'_, 'a> {
        let mut rest = text;
        core::iter::from_fn(move || {
            if rest.is_empty() {
                return None;
            }
            let (line, length) = match self.read(rest) {
                Some(read) => read,
                None => self.last(rest),
            };
            rest = rest.get(length..).unwrap_or_default();
            Some(line)
        })
    }

    /// Reads the end of a text: a line without an end, or a partial line before it.
    fn last<'a>(&mut self, text: &'a [u8]) -> (Line<'a>, usize) {
        let Some((first, second)) = split_line(text) else { return (self.line(text), text.len()) };
        let both = if second.is_empty() { None } else { self.both(text, second, &[]) };
        both.unwrap_or_else(|| (self.line(first), text.len().wrapping_sub(second.len())))
    }

    /// Two lines as one entry, if they are. An error belongs to the name above it if a blank is in front.
    fn both<'a>(&mut self, input: &'a [u8], second: &[u8], rest: &[u8]) -> Option<(Line<'a>, usize)> {
        let length = input.len().wrapping_sub(rest.len());
        let line = column::span(input, input.get(..0)?, second)?;
        let read = self.line(line);
        let is_one = match read {
            Line::Entry(_) => true,
            Line::Error(_) => second.first().is_some_and(|byte| column::is_blank(*byte)),
            _ => false,
        };
        is_one.then_some((read, length))
    }

    /// Reads one whole line, without its end. Linear in its length; allocates nothing.
    #[inline]
    pub fn line<'a>(&mut self, line: &'a [u8]) -> Line<'a> {
        let line = match self.hint {
            Hint::Status | Hint::Mlst => line.strip_prefix(b" ").unwrap_or(line),
            _ => line,
        };
        match self.dialect.and_then(|dialect| dialect.read_usual(line, &self.known)) {
            Some(entry) => Line::Entry(entry),
            None => self.line_of_any(line),
        }
    }

    /// Like [`line`](Self::line), by the grammars of all dialects.
    #[inline(never)]
    fn line_of_any<'a>(&mut self, line: &'a [u8]) -> Line<'a> {
        // A name may be a blank.
        let is_names = self.dialect == Some(Dialect::Names) && self.is_fixed();
        if line.is_empty() || !is_names && line.iter().all(u8::is_ascii_whitespace) {
            return Line::Blank;
        }
        if is_names {
            return Dialect::Names.read(line, &mut self.known).unwrap_or(Line::Other(line));
        }
        let kept = self.dialect.filter(|dialect| *dialect != Dialect::Names);
        if let Some(read) = kept.and_then(|dialect| dialect.read(line, &mut self.known)) {
            return read;
        }
        if self.is_fixed() {
            return if is_error(line) { Line::Error(line) } else { Line::Other(line) };
        }
        if let Some((dialect, read)) = Dialect::find(line, &mut self.known) {
            (self.dialect, self.words_only) = (Some(dialect), false);
            return read;
        }
        if is_error(line) {
            return Line::Error(line);
        }
        let is_word = !line.iter().any(|byte| column::is_blank(*byte));
        // `directory:` of a recursive listing; in other dialects it may be a name.
        let has_directories = self.dialect == Some(Dialect::Unix) || self.words_only && is_word;
        if line.ends_with(b":") && has_directories || self.hint == Hint::Status && is_of_reply(line) {
            return Line::Notice(line);
        }
        self.words_only &= is_word;
        if !self.words_only {
            // With several words it isn't a list of names.
            self.dialect = self.dialect.filter(|dialect| *dialect != Dialect::Names);
            return Line::Other(line);
        }
        self.dialect = Some(Dialect::Names);
        Dialect::Names.read(line, &mut self.known).unwrap_or(Line::Other(line))
    }

    const fn is_fixed(&self) -> bool {
        !matches!(self.hint, Hint::List | Hint::Status)
    }
}

/// `213-Status follows:`, `213 End of status`.
fn is_of_reply(line: &[u8]) -> bool {
    matches!(line, [b'2', b'1', b'1'..=b'3', b'-' | b' ', ..])
}

/// Whether a line is the message of a program that can't read something: `ls: x: Permission denied`, on Solaris without `ls:`, or
/// `%SYSTEM-F-…` on VMS.
// Only lines that fit no dialect come here.
fn is_error(line: &[u8]) -> bool {
    let of_vms = || {
        let word = line.strip_prefix(b"%")?.split(|byte| matches!(byte, b' ' | b',')).next()?;
        let mut parts = word.split(|byte| *byte == b'-');
        let severity = parts.nth(1)?;
        Some(matches!(severity, b"E" | b"F" | b"W") && parts.next().is_some())
    };
    let of_unix = || {
        let program = line.split(|byte| *byte == b':').next()?;
        let program = program.rsplit(|byte| *byte == b'/').next()?;
        Some(matches!(program, b"ls" | b"dir" | b"find") && line.contains(&b' '))
    };
    let reasons: [&[u8]; 4] =
        [b": Permission denied", b": No such file or directory", b": Not a directory", b": Input/output error"];
    of_vms().or_else(of_unix).unwrap_or(false) || reasons.iter().any(|reason| line.ends_with(reason))
}

/// The first line of `bytes` without its end, CR LF or LF, and the rest after that.
#[inline]
fn split_line(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (line, rest) = bytes.split_at_checked(memchr::memchr(b'\n', bytes)?)?;
    Some((line.strip_suffix(b"\r").unwrap_or(line), rest.get(1..)?))
}
