//! What a line says of a file: [`Entry`] and its parts.

use core::fmt;

use super::column::in_base;
use crate::time::Time;

/// One file, directory or other thing in a listing. Each field is a number, or a slice of the line; what the line doesn't tell
/// is `None` or empty.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Entry<'a> {
    /// The name, exactly as the line has it: any byte, not decoded, blanks at its ends included. It can't be told where a
    /// dialect fills columns up with blanks before a name; [`Dialect`](super::Dialect) says for each.
    #[cfg_attr(feature = "serde", serde(borrow, with = "crate::serde_types::bytes"))]
    pub name: &'a [u8],
    /// What it is.
    pub kind: Kind,
    /// Its size.
    pub size: Option<Size>,
    /// When its content was changed last.
    pub modified: Option<Modified>,
    /// Who may do what, as the dialect writes it: `rwxr-xr-x`, `0644`, `(RWED,RWED,RE,)`, `[R----F--]`, or MLSx's `perm`, which
    /// tells what whoever has asked may do. [`mode`](Self::mode) is the number behind it where it is Unix's.
    #[cfg_attr(feature = "serde", serde(borrow, with = "crate::serde_types::optional_bytes"))]
    pub permissions: Option<&'a [u8]>,
    /// The owner, a name or a number.
    #[cfg_attr(feature = "serde", serde(borrow, with = "crate::serde_types::optional_bytes"))]
    pub owner: Option<&'a [u8]>,
    /// The owner's group, a name or a number.
    #[cfg_attr(feature = "serde", serde(borrow, with = "crate::serde_types::optional_bytes"))]
    pub group: Option<&'a [u8]>,
    /// How many names the file has.
    pub links: Option<u64>,
    /// The major and minor number of a device.
    pub device: Option<(u32, u32)>,
    /// Where a symbolic link leads.
    #[cfg_attr(feature = "serde", serde(borrow, with = "crate::serde_types::optional_bytes"))]
    pub link_target: Option<&'a [u8]>,
    /// All facts of MLSx (RFC 3659 7.5) or EPLF as they are; [`fact`](Self::fact) and [`facts`](Self::facts) read those of MLSx.
    #[cfg_attr(feature = "serde", serde(borrow, with = "crate::serde_types::bytes"))]
    pub facts: &'a [u8],
}

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Kind {
    /// The line doesn't tell.
    Unknown,
    /// A file.
    File,
    /// A directory, a folder, a library, a partitioned data set.
    Directory,
    /// The listed directory itself (MLSx `cdir`).
    Current,
    /// The directory above (MLSx `pdir`).
    Parent,
    /// A symbolic link, or a junction.
    Link,
    /// A device that is read by characters.
    CharacterDevice,
    /// A device that is read by blocks.
    BlockDevice,
    /// A named pipe.
    Fifo,
    /// A socket.
    Socket,
    /// Something else, of which the dialect has its own idea.
    Other,
}

/// The size of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Size {
    bytes: u64,
    unit: u64,
}

/// When a file was changed: a time, how much of it the line tells, and in whose zone it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Modified {
    /// The time. What is finer than the precision is 0.
    pub time: Time,
    /// The finest part that the line tells.
    pub precision: Precision,
    /// The zone.
    pub zone: Zone,
    /// The line tells no year, and this one was inferred from the moment that [`Listing::new`](super::Listing::new) was told.
    pub year_inferred: bool,
}

/// The finest part of a time that a line tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Precision {
    /// The day.
    Day,
    /// The minute.
    Minute,
    /// The second.
    Second,
    /// A fraction of a second.
    Fraction,
}

/// The zone of a time in a listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Zone {
    /// The line says UTC, or names an offset, which was undone.
    Utc,
    /// The line doesn't say. By custom it is the server's zone, and several servers can be told to take UTC.
    Server,
}

impl<'a> Entry<'a> {
    pub(super) const fn new(name: &'a [u8], kind: Kind) -> Self {
        Self {
            name,
            kind,
            size: None,
            modified: None,
            permissions: None,
            owner: None,
            group: None,
            links: None,
            device: None,
            link_target: None,
            facts: &[],
        }
    }

    /// Whether a program that joins the name to a directory's would end up elsewhere than at a file of this name in that
    /// directory: for a mirror to skip. Then the name is empty, `.` or `..`, holds a slash, a backslash, NUL, CR or LF, or begins
    /// with a drive (`c:`); or the entry is the directory itself or the one above.
    ///
    /// It isn't said whether the name is a good one: on Windows `con` and names with a dot or a blank at their end are none.
    ///
    /// ```
    /// use ftp_proto::{Time, listing::{Hint, Line, Listing}};
    /// let mut listing = Listing::new(Time::parse(b"20240310120000").unwrap(), Hint::List);
    /// let Line::Entry(entry) = listing.line(b"-rw-r--r-- 1 u g 5 Mar  9 14:05 ../.bashrc") else { panic!() };
    /// assert!(entry.is_path());
    /// ```
    pub fn is_path(&self) -> bool {
        let has_drive = matches!(self.name, [drive, b':', ..] if drive.is_ascii_alphabetic());
        let is_special = matches!(self.name, b"" | b"." | b"..") || matches!(self.kind, Kind::Current | Kind::Parent);
        let separates = |byte: &u8| matches!(byte, b'/' | b'\\' | 0 | b'\r' | b'\n');
        is_special || has_drive || self.name.iter().any(separates)
    }

    /// The permissions of Unix as a number, `0o755`: of `rwxr-xr-x`, of digits, or of the facts `UNIX.mode` (MLSx) and `up`
    /// (EPLF).
    pub fn mode(&self) -> Option<u16> {
        let digits = |text: &[u8]| u16::try_from(in_base(8, text)? & 0o7777).ok();
        match (self.fact("unix.mode"), self.permissions) {
            (Some(mode), _) => digits(mode),
            (None, Some(letters)) if letters.len() == 9 => of_letters(letters),
            (None, text) => digits(text?),
        }
    }

    /// The value of this fact; the case of its name doesn't matter.
    pub fn fact(&self, name: &str) -> Option<&'a [u8]> {
        self.facts().find(|(found, _)| found.eq_ignore_ascii_case(name.as_bytes())).map(|(_, value)| value)
    }

    /// Each fact's name and value, in order (MLSx). None for other dialects.
    pub fn facts(&self) -> impl Iterator<Item = (&'a [u8], &'a [u8])> + use<'a> {
        let facts = self.facts.split(|byte| *byte == b';');
        facts.filter_map(|fact| {
            let (name, value) = fact.split_at_checked(memchr::memchr(b'=', fact)?)?;
            Some((name, value.get(1..)?))
        })
    }
}

/// `rwxr-xr-x`, with `s` and `t` for the bits above.
fn of_letters(letters: &[u8]) -> Option<u16> {
    let mut mode = 0;
    for (letter, place) in letters.iter().zip(0u32..) {
        // `s` and `S` stand in another's place: set-user-ID, set-group-ID; `t` and `T` are sticky.
        let special = 0o4000u16.checked_shr(place / 3)?;
        let bit = 0o400u16.checked_shr(place)?;
        mode |= match letter {
            b'-' => 0,
            b'r' | b'w' | b'x' => bit,
            b's' | b't' => bit | special,
            b'S' | b'T' | b'l' | b'L' => special,
            _ => return None,
        };
    }
    Some(mode)
}

/// Names and facts as text, since that is what they are most often.
impl fmt::Debug for Entry<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |bytes: &[u8]| alloc::format!("{}", bytes.escape_ascii());
        let mut shown = f.debug_struct("Entry");
        shown.field("name", &text(self.name)).field("kind", &self.kind);
        if let Some(size) = &self.size {
            shown.field("size", size);
        }
        if let Some(modified) = &self.modified {
            shown.field("modified", modified);
        }
        let texts = [("permissions", self.permissions), ("owner", self.owner), ("group", self.group)];
        for (name, value) in texts.into_iter().chain([("link_target", self.link_target)]) {
            if let Some(value) = value {
                shown.field(name, &text(value));
            }
        }
        if let Some(links) = &self.links {
            shown.field("links", links);
        }
        if let Some(device) = &self.device {
            shown.field("device", device);
        }
        if !self.facts.is_empty() {
            shown.field("facts", &text(self.facts));
        }
        shown.finish_non_exhaustive()
    }
}

impl Size {
    /// So many bytes, exactly.
    pub const fn of_bytes(bytes: u64) -> Self {
        Self { bytes, unit: 1 }
    }

    pub(super) const fn in_units(bytes: u64, unit: u64) -> Self {
        Self { bytes, unit }
    }

    /// The size in bytes as the line tells it; of a size in blocks all blocks, the last one included.
    pub const fn bytes(self) -> u64 {
        self.bytes
    }

    /// How exact that is: less than so many bytes lie between it and the true size. 1 is exact; 512 for blocks of VMS.
    pub const fn unit(self) -> u64 {
        self.unit
    }

    /// The size in bytes, if it is exact.
    pub const fn exact(self) -> Option<u64> {
        if self.unit == 1 { Some(self.bytes) } else { None }
    }
}

impl Modified {
    pub(super) const fn new(time: Time, precision: Precision, zone: Zone) -> Self {
        Self { time, precision, zone, year_inferred: false }
    }
}
