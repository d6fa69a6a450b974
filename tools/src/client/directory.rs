//! Reads a directory of the server by MLSD, LIST or NLST, whichever the server has.

use std::io::{self, Write};

use anyhow::{Error, Result, bail};
use ftp_proto::client::Request;
use ftp_proto::listing::{Entry, Hint, Kind, Line, Listing};

use super::failure::{Local, is_empty_listing, refusal};
use super::ls::now;
use super::session::{Adapter, Login};

/// The longest listing of one directory, in bytes.
const LONGEST: usize = 64 * 1024 * 1024;

/// The commands that read a directory, in the order in which they are tried.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum How {
    /// MLSD: facts for programs (RFC 3659 7).
    Mlsd,
    /// LIST: lines for people, in any dialect.
    List,
    /// NLST: names only.
    Nlst,
}

/// An entry of a directory.
#[derive(Clone, PartialEq, Debug)]
pub struct Found {
    pub name: Vec<u8>,
    pub what: What,
}

/// The kind of an entry.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum What {
    Directory,
    File(Size),
    /// Unknown: the server has told only the name, or the entry is a link.
    Unknown,
    /// A name that leads out of the directory.
    Elsewhere,
    /// Neither a file nor a directory: a device, a pipe, a socket.
    Special,
    /// A line in no known dialect.
    Unread,
}

/// How many bytes a file has, and how exactly that is known.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Size {
    /// From MLSD or SIZE: the exact number that a transfer brings.
    Bound(u64),
    /// From a LIST line.
    Listed(u64),
    Unknown,
}

impl How {
    /// Chooses by FEAT; a server without FEAT has no MLSD.
    pub fn of(connection: &mut impl Adapter) -> Self {
        match connection.request(Request::features(), None) {
            Ok(outcome) if outcome.reply.has_feature("MLST") => Self::Mlsd,
            _ => Self::List,
        }
    }

    fn next(self) -> Option<Self> {
        match self {
            Self::Mlsd => Some(Self::List),
            Self::List => Some(Self::Nlst),
            Self::Nlst => None,
        }
    }

    fn request(self) -> Request {
        // Many servers put the path before each name if NLST has one, and take blanks in it for options.
        match self {
            Self::Mlsd => Request::machine_list(None),
            Self::List => Request::plain_list(None),
            Self::Nlst => Request::names(None),
        }
    }

    fn hint(self) -> Hint {
        match self {
            Self::Mlsd => Hint::Mlsd,
            Self::List => Hint::List,
            Self::Nlst => Hint::Names,
        }
    }
}

/// Reads the current directory, which has this path. A command that the server refuses isn't tried again over this connection, except the last
/// one.
pub fn read<A: Adapter>(connection: &mut A, login: &Login, how: &mut How, path: &[u8]) -> Result<Vec<Found>> {
    let (mut way, mut refused) = (*how, None);
    let text = loop {
        match fetch(connection, login, way) {
            Ok(text) => break text,
            Err(error) if is_empty_listing(&error) => return Ok(Vec::new()),
            Err(error) => match way.next() {
                Some(next) if refusal(&error).is_some() => {
                    way = next;
                    if is_unknown(&error) {
                        *how = next;
                    } else {
                        refused.get_or_insert(error);
                    }
                }
                _ => return Err(refused.unwrap_or(error)),
            },
        }
    };
    // Several servers list what may not be seen as nothing; who has refused it has said more.
    if let (true, Some(error)) = (text.is_empty(), refused) {
        return Err(error);
    }
    let mut found = parse(way, &text, path)?;
    if way == How::List && found.iter().any(|found| found.what == What::Unread) {
        // Names are better than nothing; what the lines did tell is known of them, too.
        match fetch(connection, login, How::Nlst) {
            Ok(names) => {
                let mut names = parse(How::Nlst, &names, path)?;
                for named in &mut names {
                    let known = found.iter().find(|found| found.name == named.name && found.what != What::Unread);
                    named.what = known.map_or(named.what, |known| known.what);
                }
                found = names;
            }
            Err(error) if refusal(&error).is_some() => {}
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

/// Whether the server doesn't know the command at all.
fn is_unknown(error: &Error) -> bool {
    matches!(refusal(error).map(ftp_proto::Code::value), Some(500 | 501 | 502 | 504))
}

fn fetch<A: Adapter>(connection: &mut A, login: &Login, how: How) -> Result<Vec<u8>> {
    let mut listing = Limited(Vec::new());
    let result = connection.request(how.request(), Some(login.listing(&mut listing)?));
    if listing.0.len() >= LONGEST {
        bail!(Local::new(Error::msg(format!("the listing has more than {LONGEST} bytes"))));
    }
    result.map(|_| listing.0)
}

fn parse(how: How, text: &[u8], path: &[u8]) -> Result<Vec<Found>> {
    let mut listing = Listing::new(now()?, how.hint());
    let before = if how == How::Nlst { before_each(text, path) } else { 0 };
    let found = |line: Line<'_>| match line {
        Line::Entry(mut entry) => {
            entry.name = &entry.name[before.min(entry.name.len())..];
            of_entry(&entry, how).map(|what| Found { name: entry.name.to_vec(), what })
        }
        Line::Error(line) | Line::Other(line) | Line::Partial(line) => {
            Some(Found { name: line.to_vec(), what: What::Unread })
        }
        _ => None,
    };
    Ok(listing.lines(text).filter_map(found).collect())
}

/// The length of a prefix that some servers put before each name, such as `./`, though NLST had no path.
fn before_each(names: &[u8], path: &[u8]) -> usize {
    let directory = [path.strip_suffix(b"/").unwrap_or(path), b"/"].concat();
    let is_before_each = |words: &&[u8]| {
        let mut names = names.split(|byte| *byte == b'\n').filter(|name| !matches!(*name, b"" | b"\r"));
        names.all(|name| name.starts_with(words))
    };
    [&directory[..], b"./"].into_iter().find(is_before_each).map_or(0, <[u8]>::len)
}

/// The kind of an entry; `None`: the directory itself, or its parent.
fn of_entry(entry: &Entry<'_>, how: How) -> Option<What> {
    let size = match (entry.size.and_then(|size| size.exact()), how) {
        (Some(size), How::Mlsd) => Size::Bound(size),
        (Some(size), _) => Size::Listed(size),
        (None, _) => Size::Unknown,
    };
    Some(match entry.kind {
        Kind::Current | Kind::Parent => return None,
        Kind::Directory if matches!(entry.name, b"." | b"..") => return None,
        _ if entry.leads_elsewhere() => What::Elsewhere,
        Kind::Directory => What::Directory,
        Kind::File => What::File(size),
        Kind::CharacterDevice | Kind::BlockDevice | Kind::Fifo | Kind::Socket => What::Special,
        _ => What::Unknown,
    })
}

/// Keeps a listing up to its limit.
struct Limited(Vec<u8>);

impl Write for Limited {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > LONGEST {
            self.0.resize(LONGEST, 0);
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(how: How, line: &str) -> Option<What> {
        let mut found = parse(how, line.as_bytes(), b"/d").unwrap();
        assert!(found.len() < 2);
        found.pop().map(|found| found.what)
    }

    #[test]
    fn a_line_says_what_is_to_be_done() {
        for (how, line, expected) in [
            (How::Mlsd, "type=file;size=7; a", Some(What::File(Size::Bound(7)))),
            (How::Mlsd, "type=file; a", Some(What::File(Size::Unknown))),
            (How::Mlsd, "type=dir; a", Some(What::Directory)),
            (How::Mlsd, "type=cdir; .", None),
            (How::Mlsd, "type=pdir; ..", None),
            (How::Mlsd, "type=file; ..", Some(What::Elsewhere)),
            (How::Mlsd, "type=OS.unix=slink:b; a", Some(What::Unknown)),
            (How::List, "total 8", None),
            (How::List, "drwxr-xr-x 2 a a 4096 Mar  9  2019 .", None),
            (How::List, "drwxr-xr-x 2 a a 4096 Mar  9  2019 ../x", Some(What::Elsewhere)),
            (How::List, "-rw-r--r-- 1 a a 9 Mar  9  2019 a", Some(What::File(Size::Listed(9)))),
            (How::List, "lrwxrwxrwx 1 a a 9 Mar  9  2019 a -> b", Some(What::Unknown)),
            (How::List, "prw-r--r-- 1 a a 0 Mar  9  2019 a", Some(What::Special)),
            (How::List, "-rw-r--r-- what is this?", Some(What::Unread)),
            (How::Nlst, " a ", Some(What::Unknown)),
            (How::Nlst, "a/b", Some(What::Elsewhere)),
            (How::Nlst, "/d/a", Some(What::Unknown)),
            (How::Nlst, "./a", Some(What::Unknown)),
            (How::Nlst, "/d/a/b", Some(What::Elsewhere)),
            (How::Nlst, "/da", Some(What::Elsewhere)),
            (How::Nlst, "/d/../a", Some(What::Elsewhere)),
            (How::Nlst, "/a", Some(What::Elsewhere)),
            (How::Nlst, "/d/..", Some(What::Elsewhere)),
        ] {
            assert_eq!(one(how, line), expected, "{line}");
        }
    }

    #[test]
    fn what_stands_before_each_name_is_no_part_of_it() {
        let names = |text: &str, path: &str| {
            let found = parse(How::Nlst, text.as_bytes(), path.as_bytes()).unwrap();
            found.into_iter().map(|found| String::from_utf8(found.name).unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(names("/d/a\r\n/d/b\r\n", "/d"), ["a", "b"]);
        assert_eq!(names("./a\n./b", "/d/"), ["a", "b"]);
        assert_eq!(names("/a\r\n/b\r\n", "/"), ["a", "b"]);
        // Where others stand beside them, they lead elsewhere.
        assert_eq!(names("/d/a\r\nb\r\n", "/d"), ["/d/a", "b"]);
    }
}
