//! What a line says about a file: [`Entry`] and its parts.

use core::fmt;

use super::column::in_base;
use crate::time::Time;

/// A file, a directory or another thing in a listing. Each field is a number or a slice of the line; `None` and empty mean that the line
/// doesn't tell.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Entry<'a> {
    /// The name, exactly as the line has it: any bytes, not decoded, including blanks at its ends. Blanks in front are lost in a dialect
    /// that fills up columns with them; [`Dialect`](super::Dialect) says which do.
    #[cfg_attr(feature = "serde", serde(borrow, with = "crate::serde_types::bytes"))]
    pub name: &'a [u8],
    /// What it is.
    pub kind: Kind,
    /// Its size in bytes.
    pub size: Option<Size>,
    /// When its content was last changed.
    pub modified: Option<Modified>,
    /// The permissions, as the dialect writes them: `rwxr-xr-x`, `0644`, `(RWED,RWED,RE,)`, `[R----F--]`, or the fact `perm` of MLSx,
    /// which tells what the user who has asked may do. [`mode`](Self::mode) is the number of Unix permissions.
    #[cfg_attr(feature = "serde", serde(borrow, with = "crate::serde_types::optional_bytes"))]
    pub permissions: Option<&'a [u8]>,
    /// The owner's name or number.
    #[cfg_attr(feature = "serde", serde(borrow, with = "crate::serde_types::optional_bytes"))]
    pub owner: Option<&'a [u8]>,
    /// The group's name or number.
    #[cfg_attr(feature = "serde", serde(borrow, with = "crate::serde_types::optional_bytes"))]
    pub group: Option<&'a [u8]>,
    /// The link count: how many names the file has.
    pub links: Option<u64>,
    /// The major and minor number of a device.
    pub device: Option<(u32, u32)>,
    /// The target of a symbolic link.
    #[cfg_attr(feature = "serde", serde(borrow, with = "crate::serde_types::optional_bytes"))]
    pub link_target: Option<&'a [u8]>,
    /// All facts of MLSx (RFC 3659 7.5) or EPLF, as the line has them; [`fact`](Self::fact) and [`facts`](Self::facts) read those of
    /// MLSx.
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
    /// Something else that the dialect has a mark for.
    Other,
}

/// The size of a file in bytes, and how exact it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Size {
    bytes: u64,
    unit: u64,
}

/// When a file was last changed, how exact that time is, and in which zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Modified {
    /// The time. Parts below the precision are 0.
    pub time: Time,
    /// The finest part that the line tells.
    pub precision: Precision,
    /// The zone of the time.
    pub zone: Zone,
    /// Whether the line has no year, so that it was inferred from the `now` of [`Listing::new`](super::Listing::new).
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
    /// UTC: the line says so, or names an offset, which was taken into account.
    Utc,
    /// The line doesn't say. Usually it is the server's zone; several servers can be configured to use UTC.
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

    /// Whether joining the name to a directory can lead to anything but a file of this name in that directory, so that a mirror should
    /// skip it: the name is empty, `.` or `..`, holds a slash, a backslash, NUL, CR or LF, or begins with a drive (`c:`); or the entry is
    /// the directory itself or the one above.
    ///
    /// Other names can be invalid, too: on Windows, `con` and names with a dot or a blank at the end.
    ///
    /// ```
    /// use ftp_proto::{Time, listing::{Hint, Line, Listing}};
    /// let mut listing = Listing::new(Time::parse(b"20240310120000").unwrap(), Hint::List);
    /// let Line::Entry(entry) = listing.line(b"-rw-r--r-- 1 u g 5 Mar  9 14:05 ../.bashrc") else { panic!() };
    /// assert!(entry.leads_elsewhere());
    /// ```
    pub fn leads_elsewhere(&self) -> bool {
        let has_drive = matches!(self.name, [drive, b':', ..] if drive.is_ascii_alphabetic());
        let is_special = matches!(self.name, b"" | b"." | b"..") || matches!(self.kind, Kind::Current | Kind::Parent);
        let separates = |byte: &u8| matches!(byte, b'/' | b'\\' | 0 | b'\r' | b'\n');
        is_special || has_drive || self.name.iter().any(separates)
    }

    /// The permissions of Unix as a number, such as `0o755`, from `rwxr-xr-x`, from octal digits, or from the facts `UNIX.mode` (MLSx)
    /// and `up` (EPLF).
    pub fn mode(&self) -> Option<u16> {
        let digits = |text: &[u8]| u16::try_from(in_base(8, text)? & 0o7777).ok();
        match (self.fact("unix.mode"), self.permissions) {
            (Some(mode), _) => digits(mode),
            (None, Some(letters)) if letters.len() == 9 => of_letters(letters),
            (None, text) => digits(text?),
        }
    }

    /// The value of the fact with this name, in any case (MLSx); `None` if there is none.
    pub fn fact(&self, name: &str) -> Option<&'a [u8]> {
        self.facts().find(|(found, _)| found.eq_ignore_ascii_case(name.as_bytes())).map(|(_, value)| value)
    }

    /// Each fact's name and value, in order (MLSx). Other dialects have none.
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
        // Set-user-ID and set-group-ID (`s`, `S`) and the sticky bit (`t`, `T`) share a letter with `x`.
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

/// Shows bytes as text, escaped where they aren't printable.
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
    /// An exact size in bytes.
    pub const fn of_bytes(bytes: u64) -> Self {
        Self { bytes, unit: 1 }
    }

    pub(super) const fn in_units(bytes: u64, unit: u64) -> Self {
        Self { bytes, unit }
    }

    /// The size in bytes as the line tells it. A size in blocks counts each block as full.
    pub const fn bytes(self) -> u64 {
        self.bytes
    }

    /// How exact the size is: it differs from the true size by less than this many bytes. 1 means exact; blocks of VMS give 512.
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
