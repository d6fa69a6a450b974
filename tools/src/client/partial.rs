//! A download under way: it is written under a partial name, and replaces the file only once it has come whole.
//!
//! What has come of a download that failed stays under the partial name, for `--resume`. No file is made before the first byte, so that a
//! refused download leaves nothing.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Seek, SeekFrom, Write};

use cap_std::fs::{Dir, Metadata, OpenOptions, OpenOptionsExt};
use ftp_proto::client::Failure;
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use crate::tree::keep_owner_and_mode;

/// The end of a partial file's name, after the name of the file that it becomes.
pub const SUFFIX: &str = ".ftp-part";

/// The longest name that file systems take, in bytes.
const LONGEST_NAME: usize = 255;

/// A file that is being downloaded.
pub struct Partial {
    directory: Dir,
    name: OsString,
    partial: OsString,
    begin: Begin,
    /// Exists once a byte has come.
    file: Option<File>,
    written: u64,
}

/// What is here before the first byte.
#[derive(Clone, Copy)]
enum Begin {
    Anew,
    /// This many bytes are under the partial name.
    Partial(u64),
    /// This many bytes are under the file's own name. They are copied, so that the file is untouched until the end.
    Copy(u64),
}

/// What a download may go on from.
#[derive(Clone, Copy, PartialEq)]
pub enum From {
    /// Nothing: it begins anew.
    Nothing,
    /// What an earlier download has left under the partial name.
    Partial,
    /// That, or else the file itself.
    PartialOrFile,
}

impl Partial {
    /// A download of the file of this name in this directory. Only a plain file is replaced or continued.
    pub fn new(directory: Dir, name: &OsStr, from: From) -> io::Result<Self> {
        let partial = partial_name(name);
        let (part, file) = (plain(&directory, &partial)?, plain(&directory, name)?);
        let begin = match (part, file) {
            (Some(part), _) if from != From::Nothing => Begin::Partial(part.len()),
            (None, Some(file)) if from == From::PartialOrFile => Begin::Copy(file.len()),
            _ => Begin::Anew,
        };
        Ok(Self { directory, name: name.to_owned(), partial, begin, file: None, written: 0 })
    }

    /// How many bytes are here already, from the file's start on.
    pub fn offset(&self) -> u64 {
        match self.begin {
            Begin::Anew => 0,
            Begin::Partial(count) | Begin::Copy(count) => count,
        }
    }

    /// The file's name.
    pub fn name(&self) -> &OsStr {
        &self.name
    }

    /// The partial name.
    pub fn partial_name(&self) -> &OsStr {
        &self.partial
    }

    /// The download has come whole: replaces the file.
    pub fn keep(mut self) -> io::Result<()> {
        if let (Begin::Copy(_), None) = (self.begin, &self.file) {
            // Nothing was missing.
            return Ok(());
        }
        let file = self.file()?;
        file.flush()?;
        if let Some(old) = plain(&self.directory, &self.name)? {
            keep_owner_and_mode(&old, self.file()?)?;
        }
        self.directory.rename(&self.partial, &self.directory, &self.name)
    }

    /// The download has failed. Returns how many bytes are kept under the partial name. If more came than could, they belong to another file:
    /// then only what was here before is kept.
    pub fn give_up(self, failure: Option<&Failure<'_>>) -> io::Result<u64> {
        let kept = if failure.is_some_and(is_too_much) { self.offset() } else { self.offset() + self.written };
        self.cut(kept)
    }

    /// The bytes that came belong to another file. Returns how many bytes are kept, those that were here before.
    pub fn take_back(self) -> io::Result<u64> {
        let kept = self.offset();
        self.cut(kept)
    }

    /// The name of what was there before.
    pub fn begins_with(&self) -> &OsStr {
        if let Begin::Copy(_) = self.begin { &self.name } else { &self.partial }
    }

    /// Whether the bytes that came repeat the first ones, as from a server that ignores REST.
    pub fn begins_anew(&self) -> io::Result<bool> {
        let offset = self.offset();
        Ok(offset > 0 && self.written >= offset && self.is_same(0, offset, offset)?)
    }

    /// The same for a download that has the right length all the same.
    pub fn begins_anew_and_fits(&self) -> io::Result<bool> {
        Ok(self.written >= self.offset() && self.breaks_off_anew()?)
    }

    /// The same for a download that broke off, as far as it has come. It can't be told if the bytes before repeat themselves anyway, as in a
    /// file of zeros.
    pub fn breaks_off_anew(&self) -> io::Result<bool> {
        let offset = self.offset();
        let count = offset.min(self.written);
        let tail = count.min(offset / 2);
        Ok(count > 0 && self.is_same(0, offset, count)? && (tail == 0 || !self.is_same(0, offset - tail, tail)?))
    }

    /// Whether this many bytes are the same at these two places.
    fn is_same(&self, one: u64, other: u64, count: u64) -> io::Result<bool> {
        let at = |place| {
            let mut file = self.directory.open(&self.partial)?.into_std();
            file.seek(SeekFrom::Start(place))?;
            io::Result::Ok(BufReader::new(file.take(count)))
        };
        let (mut one, mut other) = (at(one)?, at(other)?);
        loop {
            let (first, second) = (one.fill_buf()?, other.fill_buf()?);
            let count = first.len().min(second.len());
            if first[..count] != second[..count] {
                return Ok(false);
            }
            if count == 0 {
                return Ok(true);
            }
            one.consume(count);
            other.consume(count);
        }
    }

    fn cut(self, kept: u64) -> io::Result<u64> {
        let Some(file) = &self.file else { return Ok(if let Begin::Partial(count) = self.begin { count } else { 0 }) };
        file.set_len(kept)?;
        let is_worthless = match self.begin {
            Begin::Copy(count) => kept == count,
            Begin::Anew | Begin::Partial(_) => kept == 0,
        };
        if is_worthless {
            self.directory.remove_file(&self.partial)?;
            return Ok(0);
        }
        Ok(kept)
    }

    fn file(&mut self) -> io::Result<&mut File> {
        let file = match self.file.take() {
            Some(file) => file,
            None => self.open()?,
        };
        Ok(self.file.insert(file))
    }

    fn open(&self) -> io::Result<File> {
        let old = plain(&self.directory, &self.name)?;
        plain(&self.directory, &self.partial)?;
        let mut options = OpenOptions::new();
        // The old file's bits may forbid others to read it; they come at the end.
        options.write(true).create(true).mode(if old.is_some() { 0o600 } else { 0o666 });
        let mut file = self.directory.open_with(&self.partial, &options)?.into_std();
        if flock(&file, FlockOperation::NonBlockingLockExclusive) == Err(Errno::WOULDBLOCK) {
            return Err(io::Error::other("another program is downloading it"));
        }
        match self.begin {
            Begin::Anew => file.set_len(0)?,
            Begin::Partial(count) => {
                if file.seek(SeekFrom::End(0))? != count {
                    return Err(changed());
                }
            }
            Begin::Copy(count) => {
                file.set_len(0)?;
                let old = self.directory.open(&self.name)?.into_std();
                let copied = io::copy(&mut old.take(count), &mut file);
                if copied.as_ref().ok() != Some(&count) {
                    // Half a copy is of no use to anybody.
                    self.directory.remove_file(&self.partial)?;
                    return Err(copied.map_or_else(|why| why, |_| changed()));
                }
            }
        }
        Ok(file)
    }
}

impl Write for Partial {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.file()?.write(bytes)?;
        self.written += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.as_mut().map_or(Ok(()), File::flush)
    }
}

/// Whether more bytes have come than could.
pub fn is_too_much(failure: &Failure<'_>) -> bool {
    matches!(failure, Failure::Incomplete { end, moved, expected: Some(expected) } if end.is_whole() && moved > expected)
}

/// Whether a name is that of a partial file.
pub fn is_partial_name(name: &[u8]) -> bool {
    name.ends_with(SUFFIX.as_bytes())
}

fn partial_name(name: &OsStr) -> OsString {
    let mut partial = name.to_owned();
    if name.len() + SUFFIX.len() > LONGEST_NAME {
        // Long names that differ only at their ends have different ones, too.
        partial = format!("{:08x}", crc32fast::hash(name.as_encoded_bytes())).into();
    }
    partial.push(SUFFIX);
    partial
}

/// The plain file of this name, which mustn't be a link.
fn plain(directory: &Dir, name: &OsStr) -> io::Result<Option<Metadata>> {
    match directory.symlink_metadata(name) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
        Ok(metadata) if metadata.is_file() => Ok(Some(metadata)),
        Ok(_) => Err(io::Error::other(format!("{}: no plain file", name.display()))),
    }
}

fn changed() -> io::Error {
    io::Error::other("what was to be resumed has changed meanwhile")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partial_name_is_never_too_long_and_never_anothers() {
        assert_eq!(partial_name(OsStr::new("a")), "a.ftp-part");
        let [one, other] = ["1", "2"].map(|end| partial_name(OsStr::new(&("x".repeat(250) + end))));
        assert!(one.len() <= LONGEST_NAME && one != other && is_partial_name(one.as_encoded_bytes()));
    }

    #[test]
    fn half_a_copy_is_not_left() {
        let scratch = tempfile::tempdir().unwrap();
        std::fs::write(scratch.path().join("f"), [1; 400]).unwrap();
        let directory = Dir::open_ambient_dir(scratch.path(), cap_std::ambient_authority()).unwrap();
        let mut partial = Partial::new(directory, OsStr::new("f"), From::PartialOrFile).unwrap();
        // Somebody shortens it meanwhile: as if the disk were full amid the copy.
        std::fs::write(scratch.path().join("f"), [1; 300]).unwrap();
        assert!(partial.write(b"more").is_err());
        assert_eq!(partial.give_up(None).unwrap(), 0);
        let names: Vec<_> =
            std::fs::read_dir(scratch.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, ["f"]);
    }
}
