//! What a server lists about a file: [`Listed`], written as `ls -l` does, or as facts.

use alloc::vec::Vec;
use core::fmt::{self, Write as _};
use core::str::FromStr;

use super::entry::Kind;
use crate::address::write;
use crate::text::Path;
use crate::time::Time;
use crate::time::calendar;
use crate::words::UnknownWord;

/// A file as a server lists it. No field can hold bytes that would end a line, a column or a fact.
///
/// ```
/// use ftp_proto::{Path, Time, listing::{Kind, Listed, Word}};
/// let mut file = Listed::new(Path::new("notes.txt")?, Kind::File);
/// (file.size, file.mode) = (Some(4096), Some(0o644));
/// file.modified = Some(Time::new(2024, 3, 9, 14, 5, 0)?);
/// (file.owner, file.group) = (Some(Word::new("alice")?), Some(Word::new("staff")?));
///
/// let mut lines = Vec::new();
/// file.encode_unix(Time::new(2024, 3, 10, 12, 0, 0)?, &mut lines);
/// assert_eq!(lines, b"-rw-r--r--    1 alice    staff         4096 Mar  9 14:05 notes.txt\r\n");
///
/// lines.clear();
/// file.encode_mlsx(["type", "size", "modify"], &mut lines);
/// assert_eq!(lines, b"type=file;size=4096;modify=20240309140500; notes.txt\r\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Listed<'a> {
    /// Its name.
    pub name: Path<'a>,
    /// What it is.
    pub kind: Kind,
    /// Its size in bytes.
    pub size: Option<u64>,
    /// When its content was last changed; in UTC for MLSx, and by custom in the server's zone for `ls -l`.
    pub modified: Option<Time>,
    /// When it was created, in UTC.
    pub created: Option<Time>,
    /// The permissions of Unix, such as `0o755`; the lowest twelve bits count.
    pub mode: Option<u16>,
    /// What the user who has asked may do with it.
    pub permit: Option<Permit>,
    /// The link count: how many names the file has.
    pub links: u64,
    /// Its owner.
    pub owner: Option<Word<'a>>,
    /// Its group.
    pub group: Option<Word<'a>>,
    /// The major and minor number of a device.
    pub device: Option<(u32, u32)>,
    /// The target of a symbolic link.
    pub link_target: Option<Path<'a>>,
    /// An identifier that no other file of the server has (RFC 3659 7.5.2).
    pub unique: Option<Word<'a>>,
}

/// What the user who has asked may do with a file: the fact `perm` (RFC 3659 7.5.5).
///
/// ```
/// use ftp_proto::listing::Permit;
/// let permit = Permit::RETRIEVE | Permit::STORE;
/// assert_eq!(permit.to_string(), "rw");
/// assert!(permit.allows(Permit::STORE) && !permit.allows(Permit::DELETE));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Permit(u16);

/// The name of an owner or a group, or an identifier: at least one byte, and no blank, control character or `;`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Word<'a>(&'a [u8]);

/// Why bytes can't be a [`Word`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WordError {
    /// There are no bytes.
    Empty,
    /// There is a blank, a control character or a `;`.
    Illegal {
        /// The byte.
        byte: u8,
        /// Its place, in bytes from 0.
        at: usize,
    },
}

impl<'a> Listed<'a> {
    /// A file of which only the name and the kind are known. Set the fields for the rest.
    pub const fn new(name: Path<'a>, kind: Kind) -> Self {
        Self {
            name,
            kind,
            size: None,
            modified: None,
            created: None,
            mode: None,
            permit: None,
            links: 1,
            owner: None,
            group: None,
            device: None,
            link_target: None,
            unique: None,
        }
    }

    /// Appends a line with its CRLF for LIST, as `ls -l` writes it in the C locale, which all clients can read. A time in the last six
    /// months before `now` is written with its time of day, any other time with its year.
    ///
    /// Unknown fields are written as `rw-r--r--` or `rwxr-xr-x`, `ftp`, 0 and the beginning of 1970. A link without a known target has an
    /// empty one, and a device without known numbers has a size.
    pub fn encode_unix(&self, now: Time, out: &mut Vec<u8>) {
        self.encode_unix_line(now, out);
        out.extend_from_slice(b"\r\n");
    }

    /// Like [`encode_unix`](Self::encode_unix), without the CRLF, for a reply to STAT.
    pub fn encode_unix_line(&self, now: Time, out: &mut Vec<u8>) {
        let owner = |word: Option<Word<'a>>| word.map_or(&b"ftp"[..], |word| word.0);
        self.encode_mode(out);
        write(out, &format_args!(" {:>4} ", self.links));
        push_padded(out, owner(self.owner));
        push_padded(out, owner(self.group));
        match (self.kind, self.device, &self.link_target) {
            (Kind::BlockDevice | Kind::CharacterDevice, Some((major, minor)), _) => {
                write(out, &format_args!("{major:>4}, {minor:>3} "));
            }
            // The size of a link is its target's length, as in `lstat`; readers use it to find the target.
            (Kind::Link, _, target) => {
                let length = target.as_ref().map_or(0, |target| target.as_bytes().len());
                write(out, &format_args!("{length:>9} "));
            }
            _ => write(out, &format_args!("{:>9} ", self.size.unwrap_or(0))),
        }
        self.encode_date(now, out);
        out.extend_from_slice(self.name.as_bytes());
        if self.kind == Kind::Link {
            out.extend_from_slice(b" -> ");
            out.extend_from_slice(self.link_target.as_ref().map_or(&[], Path::as_bytes));
        }
    }

    fn encode_mode(&self, out: &mut Vec<u8>) {
        out.push(match self.kind {
            Kind::File | Kind::Unknown => b'-',
            Kind::Directory | Kind::Current | Kind::Parent => b'd',
            Kind::Link => b'l',
            Kind::CharacterDevice => b'c',
            Kind::BlockDevice => b'b',
            Kind::Fifo => b'p',
            Kind::Socket => b's',
            Kind::Other => b'?',
        });
        let usual = if matches!(self.kind, Kind::Directory | Kind::Current | Kind::Parent) { 0o755 } else { 0o644 };
        let mode = self.mode.unwrap_or(usual);
        // Set-user-ID, set-group-ID and the sticky bit share a letter with `x`.
        for (shift, special, letter) in [(6, 0o4000, b's'), (3, 0o2000, b's'), (0, 0o1000, b't')] {
            let bits = mode.wrapping_shr(shift);
            out.push(if bits & 4 != 0 { b'r' } else { b'-' });
            out.push(if bits & 2 != 0 { b'w' } else { b'-' });
            out.push(match (bits & 1 != 0, mode & special != 0) {
                (true, false) => b'x',
                (false, false) => b'-',
                (true, true) => letter,
                (false, true) => letter.to_ascii_uppercase(),
            });
        }
    }

    fn encode_date(&self, now: Time, out: &mut Vec<u8>) {
        const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        // Half a mean year of the Gregorian calendar, as in `ls`.
        const RECENT: i64 = 31_556_952 / 2;
        let Some(time) = self.modified.or_else(|| calendar::of_epoch(0)) else { return };
        let month = MONTHS.get(usize::from(time.month()).wrapping_sub(1)).copied().unwrap_or("Jan");
        write(out, &format_args!("{month} {:>2} ", time.day()));
        let age = calendar::to_epoch(now).wrapping_sub(calendar::to_epoch(time));
        if (0..RECENT).contains(&age) {
            write(out, &format_args!("{:02}:{:02} ", time.hour(), time.minute()));
        } else {
            write(out, &format_args!(" {:04} ", time.year()));
        }
    }

    /// Appends a line with its CRLF for MLSD (RFC 3659 7.2): those of the `wanted` facts that are known, in that order, a blank, and the
    /// name. `Transfer::facts` tells a server's application which facts are wanted.
    pub fn encode_mlsx<'w>(&self, wanted: impl IntoIterator<Item = &'w str>, out: &mut Vec<u8>) {
        self.encode_facts(wanted, out);
        out.push(b' ');
        out.extend_from_slice(self.name.as_bytes());
        out.extend_from_slice(b"\r\n");
    }

    /// Appends the facts alone, for a reply to MLST. It knows `type`, `size`, `modify`, `create`, `perm`, `unique`, `UNIX.mode`,
    /// `UNIX.owner` and `UNIX.group`, in any case, and writes them in the case of `wanted`. A link's target is part of its type, unless it
    /// holds a blank, a control character or a `;`, which no fact can hold.
    pub fn encode_facts<'w>(&self, wanted: impl IntoIterator<Item = &'w str>, out: &mut Vec<u8>) {
        for name in wanted {
            self.encode_fact(name, out);
        }
    }

    fn encode_fact(&self, name: &str, out: &mut Vec<u8>) {
        let is = |known: &str| name.eq_ignore_ascii_case(known);
        let before = out.len();
        out.extend_from_slice(name.as_bytes());
        out.push(b'=');
        let said = match () {
            () if is("type") => self.encode_type(out),
            () if is("size") => said(out, self.size),
            () if is("modify") => said(out, self.modified),
            () if is("create") => said(out, self.created),
            () if is("perm") => said(out, self.permit),
            () if is("unix.mode") => self.mode.map(|mode| write(out, &format_args!("{:04o}", mode & 0o7777))),
            () if is("unique") => said_word(out, self.unique),
            () if is("unix.owner") => said_word(out, self.owner),
            () if is("unix.group") => said_word(out, self.group),
            () => None,
        };
        match said {
            Some(()) => out.push(b';'),
            None => out.truncate(before),
        }
    }

    fn encode_type(&self, out: &mut Vec<u8>) -> Option<()> {
        let word: &[u8] = match self.kind {
            Kind::Unknown => return None,
            Kind::File => b"file",
            Kind::Directory => b"dir",
            Kind::Current => b"cdir",
            Kind::Parent => b"pdir",
            Kind::Link => match &self.link_target {
                Some(target) if target.as_bytes().iter().all(|byte| is_legal(*byte)) => b"OS.unix=slink:",
                _ => b"OS.unix=symlink",
            },
            Kind::CharacterDevice => b"OS.unix=chr",
            Kind::BlockDevice => b"OS.unix=blk",
            Kind::Fifo => b"OS.unix=fifo",
            Kind::Socket => b"OS.unix=socket",
            Kind::Other => b"OS.unix=special",
        };
        out.extend_from_slice(word);
        if word.ends_with(b":") {
            out.extend_from_slice(self.link_target.as_ref().map_or(&[], Path::as_bytes));
        }
        Some(())
    }
}

/// Appends a word in a column of eight characters, and a blank.
fn push_padded(out: &mut Vec<u8>, word: &[u8]) {
    out.extend_from_slice(word);
    let missing = 8usize.saturating_sub(word.len()).saturating_add(1);
    out.extend(core::iter::repeat_n(b' ', missing));
}

fn said(out: &mut Vec<u8>, value: Option<impl fmt::Display>) -> Option<()> {
    value.map(|value| write(out, &value))
}

fn said_word(out: &mut Vec<u8>, word: Option<Word<'_>>) -> Option<()> {
    word.map(|word| out.extend_from_slice(word.0))
}

impl Permit {
    /// Nothing is allowed.
    pub const NONE: Self = Self(0);
    /// `a`: APPE to this file is allowed.
    pub const APPEND: Self = Self(1);
    /// `c`: files may be created in this directory.
    pub const CREATE: Self = Self(1 << 1);
    /// `d`: it may be deleted, by DELE or RMD.
    pub const DELETE: Self = Self(1 << 2);
    /// `e`: CWD to this directory is allowed.
    pub const ENTER: Self = Self(1 << 3);
    /// `f`: it may be renamed.
    pub const RENAME: Self = Self(1 << 4);
    /// `l`: this directory may be listed.
    pub const LIST: Self = Self(1 << 5);
    /// `m`: directories may be created in this directory, by MKD.
    pub const MAKE: Self = Self(1 << 6);
    /// `p`: the content of this directory may be deleted.
    pub const PURGE: Self = Self(1 << 7);
    /// `r`: RETR of this file is allowed.
    pub const RETRIEVE: Self = Self(1 << 8);
    /// `w`: STOR to this file is allowed.
    pub const STORE: Self = Self(1 << 9);

    const LETTERS: [u8; 10] = *b"acdeflmprw";

    /// Reads the letters, in any case and order, and ignores letters that RFC 3659 doesn't define. `None` if there is anything but
    /// letters.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let bit = |letter: &u8| {
            let place = Self::LETTERS.iter().position(|known| known.eq_ignore_ascii_case(letter));
            let bit = place.and_then(|place| 1u16.checked_shl(u32::try_from(place).ok()?)).unwrap_or(0);
            letter.is_ascii_alphabetic().then_some(bit)
        };
        text.iter().try_fold(0, |bits, letter| Some(bits | bit(letter)?)).map(Self)
    }

    /// Allows what either allows, as `|` does; for constants.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether everything in `other` is allowed.
    pub const fn allows(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// Reads what `Display` shows, as [`Permit::parse`] does.
impl FromStr for Permit {
    type Err = UnknownWord;
    fn from_str(letters: &str) -> Result<Self, UnknownWord> {
        Self::parse(letters.as_bytes()).ok_or(UnknownWord::new("a fact `perm`: expected letters, such as `elr`"))
    }
}

impl core::ops::BitOr for Permit {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        self.with(other)
    }
}

impl fmt::Display for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (letter, place) in Self::LETTERS.iter().zip(0u32..) {
            if self.0.wrapping_shr(place) & 1 == 1 {
                f.write_char(char::from(*letter))?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Permit({self})")
    }
}

impl<'a> Word<'a> {
    /// Borrows `bytes` if they are legal; the error says which byte isn't, and where. Allocates nothing.
    pub fn new<B: AsRef<[u8]> + ?Sized>(bytes: &'a B) -> Result<Self, WordError> {
        let bytes = bytes.as_ref();
        match bytes.iter().zip(0..).find(|(byte, _)| !is_legal(**byte)) {
            Some((byte, at)) => Err(WordError::Illegal { byte: *byte, at }),
            None if bytes.is_empty() => Err(WordError::Empty),
            None => Ok(Self(bytes)),
        }
    }

    /// The bytes.
    pub const fn as_bytes(self) -> &'a [u8] {
        self.0
    }
}

const fn is_legal(byte: u8) -> bool {
    byte > b' ' && byte != 0x7f && byte != b';'
}

impl fmt::Debug for Word<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Word(\"{}\")", self.0.escape_ascii())
    }
}

impl fmt::Display for WordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("no text"),
            Self::Illegal { byte, at } => write!(f, "illegal byte 0x{byte:02x} at byte {at}"),
        }
    }
}

impl core::error::Error for WordError {}
