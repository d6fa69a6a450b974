//! `ls`: a listing as a table, or its lines as they came.

use std::io::{self, ErrorKind, IsTerminal, Write};
use std::mem;
use std::time::SystemTime;

use anyhow::{Context, Result};
use ftp_proto::Path as RemotePath;
use ftp_proto::Time;
use ftp_proto::client::Request;
use ftp_proto::listing::{Entry, Hint, Kind, Line, Listing, Modified, Precision, Zone};
use indicatif::ProgressBar;

use super::failure::{is_empty_listing, refusal};
use super::session::{Adapter, Login};
use crate::printable;
use crate::tree::listing;

/// The longest line of a listing, in bytes; no file has a longer one.
const LONGEST_LINE: usize = 64 * 1024;

/// Prints the listing of `path`.
pub fn ls<A: Adapter>(login: &Login, path: Option<&RemotePath<'_>>, raw: bool) -> Result<()> {
    let mut connection = login.open::<A>(&ProgressBar::hidden())?;
    let path = || path.map(RemotePath::borrowed);
    let mut table = Table::new(io::stdout().lock(), Hint::List, raw)?;
    let has_facts = !raw
        && match connection.request(Request::features(), None) {
            Ok(outcome) => outcome.reply.has_feature("MLST"),
            Err(error) if refusal(&error).is_some() => false,
            Err(error) => return Err(error),
        };
    let mut result = Ok(());
    if has_facts {
        table.read_as(Hint::Mlsd)?;
        result = connection.request(Request::machine_list(path()), Some(login.listing(&mut table)?)).map(drop);
    }
    // LIST knows files and patterns, too.
    let is_refused = result.as_ref().is_err_and(|error| refusal(error).is_some() && !is_empty_listing(error));
    if !has_facts || is_refused && table.is_untouched {
        table.read_as(Hint::List)?;
        let listed = connection.request(Request::plain_list(path()), Some(login.listing(&mut table)?)).map(drop);
        // Several servers list what isn't there as nothing; MLSD has said more.
        if !is_refused || listed.is_err() || !table.is_untouched {
            result = listed;
        }
    }
    if result.as_ref().is_err_and(is_empty_listing) && table.is_untouched {
        result = Ok(());
    }
    // `ls | head`: whoever reads has seen enough.
    if table.is_unread {
        result = Ok(());
    }
    let result = result.with_context(|| path().map_or("the listing".into(), |path| printable(path.as_bytes())));
    login.conclude(connection, result)
}

/// Prints a listing as it comes.
struct Table<W> {
    out: W,
    listing: Listing,
    /// The beginning of the next line.
    rest: Vec<u8>,
    raw: bool,
    /// Whether the output is a terminal: then no escape sequence of the server may reach it.
    masks: bool,
    /// Whether nothing has come.
    is_untouched: bool,
    /// Nobody reads any more.
    is_unread: bool,
}

impl<W: Write + IsTerminal> Table<W> {
    fn new(out: W, hint: Hint, raw: bool) -> Result<Self> {
        let masks = out.is_terminal();
        Ok(Self {
            out,
            listing: Listing::new(now()?, hint),
            rest: Vec::new(),
            raw,
            masks,
            is_untouched: true,
            is_unread: false,
        })
    }

    fn read_as(&mut self, hint: Hint) -> Result<()> {
        self.listing = Listing::new(now()?, hint);
        Ok(())
    }
}

impl<W: Write> Table<W> {
    fn lines(&mut self, is_end: bool) -> io::Result<()> {
        let (text, mut at) = (mem::take(&mut self.rest), 0);
        if self.raw {
            // Whole lines, so that no character is cut in two.
            at =
                if is_end { text.len() } else { text.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1) };
            for line in text[..at].split_inclusive(|byte| *byte == b'\n') {
                let line = line.strip_suffix(b"\n").unwrap_or(line);
                writeln!(self.out, "{}", printable(line.strip_suffix(b"\r").unwrap_or(line)))?;
            }
        } else {
            while let Some((line, length)) = self.listing.read(&text[at..]) {
                print(&mut self.out, self.masks, line)?;
                at += length;
            }
            if is_end {
                for line in self.listing.lines(&text[at..]) {
                    print(&mut self.out, self.masks, line)?;
                }
                at = text.len();
            }
        }
        self.rest = text;
        self.rest.drain(..at);
        if self.rest.len() > LONGEST_LINE {
            return Err(io::Error::other("no listing has such long lines"));
        }
        Ok(())
    }
}

impl<W: Write> Table<W> {
    fn take(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.is_untouched = false;
        if self.raw && !self.masks {
            return self.out.write_all(bytes);
        }
        self.rest.extend_from_slice(bytes);
        self.lines(false)
    }

    fn heed<T>(&mut self, result: io::Result<T>) -> io::Result<T> {
        self.is_unread |= result.as_ref().is_err_and(|error| error.kind() == ErrorKind::BrokenPipe);
        result
    }
}

impl<W: Write> Write for Table<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let result = self.take(bytes);
        self.heed(result).map(|()| bytes.len())
    }

    /// Ends the listing.
    fn flush(&mut self) -> io::Result<()> {
        let result = self.lines(true).and_then(|()| self.out.flush());
        self.heed(result)
    }
}

fn print(out: &mut impl Write, masks: bool, line: Line<'_>) -> io::Result<()> {
    let name = |out: &mut dyn Write, name: &[u8]| match masks {
        true => out.write_all(printable(name).as_bytes()),
        false => out.write_all(name),
    };
    match line {
        Line::Entry(entry) if matches!(entry.kind, Kind::Current | Kind::Parent) => return Ok(()),
        Line::Entry(entry) => {
            write!(
                out,
                "{}{:9} {:>12} {:<17} ",
                letter(entry.kind),
                permissions(&entry),
                size(&entry),
                time(entry.modified)
            )?;
            name(out, entry.name)?;
            if let Some(target) = entry.link_target {
                out.write_all(b" -> ")?;
                name(out, target)?;
            }
        }
        // It may be an entry in a dialect that nobody knows.
        Line::Error(line) | Line::Other(line) | Line::Partial(line) => name(out, line)?,
        _ => return Ok(()),
    }
    out.write_all(b"\n")
}

fn letter(kind: Kind) -> char {
    match kind {
        Kind::File => '-',
        Kind::Directory => 'd',
        Kind::Link => 'l',
        Kind::CharacterDevice => 'c',
        Kind::BlockDevice => 'b',
        Kind::Fifo => 'p',
        Kind::Socket => 's',
        _ => '?',
    }
}

/// Permissions as in `ls -l`, if they are Unix's.
fn permissions(entry: &Entry<'_>) -> String {
    let Some(mode) = entry.mode() else { return String::new() };
    let place = |shift: u32, special: u16, set: [char; 2]| {
        let bits = mode >> shift;
        let last = match (bits & 1 != 0, mode & special != 0) {
            (true, true) => set[0],
            (false, true) => set[1],
            (true, false) => 'x',
            (false, false) => '-',
        };
        [if bits & 4 != 0 { 'r' } else { '-' }, if bits & 2 != 0 { 'w' } else { '-' }, last]
    };
    [place(6, 0o4000, ['s', 'S']), place(3, 0o2000, ['s', 'S']), place(0, 0o1000, ['t', 'T'])].concat().iter().collect()
}

/// The size in bytes, after `~` if the server has rounded it.
fn size(entry: &Entry<'_>) -> String {
    match entry.size {
        Some(size) if entry.kind != Kind::Directory => {
            format!("{}{}", if size.exact().is_some() { "" } else { "~" }, size.bytes())
        }
        _ => "-".into(),
    }
}

/// The time in the server's zone, or with `Z` in UTC.
fn time(modified: Option<Modified>) -> String {
    let Some(Modified { time, precision, zone, .. }) = modified else { return "-".into() };
    let day = format!("{:04}-{:02}-{:02}", time.year(), time.month(), time.day());
    match precision {
        Precision::Day => day,
        _ => format!("{day} {:02}:{:02}{}", time.hour(), time.minute(), if zone == Zone::Utc { "Z" } else { "" }),
    }
}

/// The current time, for times without a year.
pub fn now() -> Result<Time> {
    listing::time(SystemTime::now()).context("the clock is wrong")
}
