//! A directory tree from which no path leads out, whatever it says and whatever the links in it say: `..` at the
//! root stays there, and cap-std opens each component without following a link out of the directory.

use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::io::{self, ErrorKind, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::time::SystemTime;

use cap_std::ambient_authority;
use cap_std::fs::{Dir, File, Metadata, OpenOptions};

/// A directory that is served.
pub struct Tree {
    root: Dir,
}

/// A path within the tree, from its root. FTP's names are bytes, in whatever encoding.
#[derive(Clone, Default)]
pub struct VirtualPath(Vec<Vec<u8>>);

/// A file or directory.
pub struct Entry {
    pub name: Vec<u8>,
    pub is_directory: bool,
    pub size: u64,
    pub modified: SystemTime,
}

/// A file that is written from some place on; what was behind that place is cut off as soon as the upload
/// begins, not before: one for which no data connection can be made changes nothing.
pub struct Upload {
    file: File,
    start: Option<u64>,
}

impl Tree {
    pub fn open(root: &std::path::Path) -> io::Result<Self> {
        Ok(Self { root: Dir::open_ambient_dir(root, ambient_authority())? })
    }

    pub fn entry(&self, path: &VirtualPath) -> io::Result<Entry> {
        let metadata = self.root.metadata(path.relative()?)?;
        Entry::new(path.0.last().cloned().unwrap_or_default(), &metadata)
    }

    pub fn is_directory(&self, path: &VirtualPath) -> io::Result<bool> {
        Ok(self.root.metadata(path.relative()?)?.is_dir())
    }

    /// The entries of a directory, sorted. Left out are links that lead nowhere or out of the tree, and names that
    /// FTP has no words for (they hold a line end).
    pub fn entries(&self, path: &VirtualPath) -> io::Result<Vec<Entry>> {
        let directory = self.root.open_dir(path.relative()?)?;
        let mut entries = Vec::new();
        for entry in directory.entries()? {
            let name = entry?.file_name();
            let Ok(metadata) = directory.metadata(&name) else { continue };
            let name = bytes(name);
            if ftp_proto::Path::new(&name).is_ok() {
                entries.push(Entry::new(name, &metadata)?);
            }
        }
        entries.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(entries)
    }

    /// A file to read from `offset` on, and how many bytes it has from there; `UnexpectedEof` if it has
    /// no such place.
    pub fn read(&self, path: &VirtualPath, offset: u64) -> io::Result<(File, u64)> {
        self.refuse_all_but_files(path)?;
        let mut file = self.root.open(path.relative()?)?;
        let size = file.metadata()?.len();
        let rest = size.checked_sub(offset).ok_or(ErrorKind::UnexpectedEof)?;
        file.seek(SeekFrom::Start(offset))?;
        Ok((file, rest))
    }

    /// A file to write from `offset` on, new or old; `UnexpectedEof` if it has no such place.
    pub fn write(&self, path: &VirtualPath, offset: u64) -> io::Result<Upload> {
        match self.refuse_all_but_files(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            result => result?,
        }
        let file = self.root.open_with(path.relative()?, OpenOptions::new().write(true).create(true))?;
        if offset > file.metadata()?.len() {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        Ok(Upload { file, start: Some(offset) })
    }

    /// A file to write behind its end, new or old.
    pub fn append(&self, path: &VirtualPath) -> io::Result<Upload> {
        match self.refuse_all_but_files(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            result => result?,
        }
        let file = self.root.open_with(path.relative()?, OpenOptions::new().append(true).create(true))?;
        Ok(Upload { file, start: None })
    }

    /// A file that wasn't there before, named after `path`.
    pub fn write_unique(&self, path: &VirtualPath) -> io::Result<(Upload, VirtualPath)> {
        for number in 1..=10_000 {
            let candidate = path.numbered(number);
            match self.root.open_with(candidate.relative()?, OpenOptions::new().write(true).create_new(true)) {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                result => return Ok((Upload { file: result?, start: None }, candidate)),
            }
        }
        Err(ErrorKind::AlreadyExists.into())
    }

    pub fn make_directory(&self, path: &VirtualPath) -> io::Result<()> {
        self.root.create_dir(path.relative()?)
    }

    pub fn remove_directory(&self, path: &VirtualPath) -> io::Result<()> {
        self.root.remove_dir(path.relative()?)
    }

    pub fn remove(&self, path: &VirtualPath) -> io::Result<()> {
        self.root.remove_file(path.relative()?)
    }

    pub fn rename(&self, from: &VirtualPath, to: &VirtualPath) -> io::Result<()> {
        self.root.rename(from.relative()?, &self.root, to.relative()?)
    }

    /// A named pipe would hang who opens it, and a device is no file.
    fn refuse_all_but_files(&self, path: &VirtualPath) -> io::Result<()> {
        let metadata = self.root.metadata(path.relative()?)?;
        if metadata.is_dir() {
            return Err(ErrorKind::IsADirectory.into());
        }
        if metadata.is_file() { Ok(()) } else { Err(ErrorKind::PermissionDenied.into()) }
    }
}

impl VirtualPath {
    /// Where a path of the client leads from here.
    pub fn join(&self, path: &[u8]) -> Self {
        let mut joined = if path.starts_with(b"/") { Self::default() } else { self.clone() };
        for component in path.split(|byte| *byte == b'/') {
            match component {
                b"" | b"." => {}
                b".." => drop(joined.0.pop()),
                name => joined.0.push(name.to_vec()),
            }
        }
        joined
    }

    pub fn parent(&self) -> Self {
        self.join(b"..")
    }

    /// As the client sees it, from `/` on.
    pub fn absolute(&self) -> Vec<u8> {
        [b"/", self.0.join(&b'/').as_slice()].concat()
    }

    /// The same path for the first number, then with `.2`, `.3` … behind it.
    fn numbered(&self, number: u32) -> Self {
        let mut path = self.clone();
        if let (Some(name), 2..) = (path.0.last_mut(), number) {
            let mut suffix = String::new();
            let _ = write!(suffix, ".{number}");
            name.extend_from_slice(suffix.as_bytes());
        }
        path
    }

    fn relative(&self) -> io::Result<PathBuf> {
        let mut path = PathBuf::from(".");
        for name in &self.0 {
            path.push(os_name(name)?);
        }
        Ok(path)
    }
}

impl Entry {
    fn new(name: Vec<u8>, metadata: &Metadata) -> io::Result<Self> {
        let modified = metadata.modified()?.into_std();
        Ok(Self { name, is_directory: metadata.is_dir(), size: metadata.len(), modified })
    }
}

impl Upload {
    fn begin(&mut self) -> io::Result<()> {
        if let Some(start) = self.start.take() {
            self.file.set_len(start)?;
            self.file.seek(SeekFrom::Start(start))?;
        }
        Ok(())
    }
}

impl Write for Upload {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.begin()?;
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.begin()?;
        self.file.flush()
    }
}

#[cfg(unix)]
fn os_name(name: &[u8]) -> io::Result<&OsStr> {
    Ok(std::os::unix::ffi::OsStrExt::from_bytes(name))
}

#[cfg(unix)]
fn bytes(name: OsString) -> Vec<u8> {
    std::os::unix::ffi::OsStringExt::into_vec(name)
}

/// Where names are no bytes, they are UTF-8 on the wire (RFC 2640).
#[cfg(not(unix))]
fn os_name(name: &[u8]) -> io::Result<&OsStr> {
    std::str::from_utf8(name).map(OsStr::new).map_err(|_| ErrorKind::InvalidFilename.into())
}

#[cfg(not(unix))]
fn bytes(name: OsString) -> Vec<u8> {
    name.to_string_lossy().into_owned().into_bytes()
}
