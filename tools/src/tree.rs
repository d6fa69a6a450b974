//! A directory tree that no path and no link can leave: `..` at the root stays there, and cap-std opens each component without following a
//! link out of the directory.

mod entry;
pub mod glob;
pub mod hash;
pub mod listing;
mod path;
mod upload;

use std::fs::File;
use std::io::{self, ErrorKind, Seek, SeekFrom};
use std::path::Path;
use std::time::SystemTime;

use cap_std::ambient_authority;
use cap_std::fs::{Dir, Metadata, OpenOptions};

use self::glob::{Budget, Exhausted, Pattern};
pub use entry::{Entry, Kind};
pub use path::VirtualPath;
use path::{bytes, is_hidden, os_name};
pub(crate) use upload::keep_owner_and_mode;
pub use upload::{Begin, Upload, Uploads};
use upload::{Place, Promised};

/// A directory that is served.
pub struct Tree {
    root: Dir,
    promised: Promised,
}

impl Tree {
    pub fn open(root: &Path) -> io::Result<Self> {
        Ok(Self { root: Dir::open_ambient_dir(root, ambient_authority())?, promised: Promised::default() })
    }

    pub fn entry(&self, path: &VirtualPath) -> io::Result<Entry> {
        Entry::new(path.name().to_vec(), &self.root.metadata(path.relative()?)?)
    }

    pub fn is_directory(&self, path: &VirtualPath) -> io::Result<bool> {
        Ok(self.root.metadata(path.relative()?)?.is_dir())
    }

    /// The entries of a directory, sorted, without links that lead nowhere or out of the tree, names that FTP can't express (with a line
    /// end), and uploads under way.
    pub fn entries(&self, path: &VirtualPath) -> io::Result<Vec<Entry>> {
        self.entries_if(path, |_| Ok(true))
    }

    /// The entries whose names fit a pattern; `ArgumentListTooLong` if matching costs too much.
    pub fn matching(&self, path: &VirtualPath, pattern: Pattern<'_>, budget: &mut Budget) -> io::Result<Vec<Entry>> {
        self.entries_if(path, |name| pattern.matches(name, budget))
    }

    fn entries_if(
        &self,
        path: &VirtualPath,
        mut is_wanted: impl FnMut(&[u8]) -> Result<bool, Exhausted>,
    ) -> io::Result<Vec<Entry>> {
        let directory = self.root.open_dir(path.relative()?)?;
        let mut entries = Vec::new();
        for entry in directory.entries()? {
            let entry = entry?;
            let name = bytes(entry.file_name());
            if is_hidden(&name) || ftp_proto::Path::new(&name).is_err() {
                continue;
            }
            if !is_wanted(&name).map_err(|Exhausted| ErrorKind::ArgumentListTooLong)? {
                continue;
            }
            // Another may have deleted it since.
            let Ok(mut metadata) = entry.metadata() else { continue };
            if metadata.is_symlink() {
                // From the root: it may lead out of this directory, if not out of the tree.
                let Ok(target) = self.root.metadata(path.join(&name).relative()?) else { continue };
                metadata = target;
            }
            entries.push(Entry::new(name, &metadata)?);
        }
        entries.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(entries)
    }

    /// A file to read from `offset` on, and how many bytes it has from there; `UnexpectedEof` if it is shorter.
    pub fn read(&self, path: &VirtualPath, offset: u64) -> io::Result<(File, u64)> {
        refuse_all_but_files(&self.root.metadata(path.relative()?)?)?;
        let mut file = self.root.open_with(path.relative()?, plain(OpenOptions::new().read(true)))?;
        // What was looked at may be another one by now.
        refuse_all_but_files(&file.metadata()?)?;
        let size = file.metadata()?.len();
        let rest = size.checked_sub(offset).ok_or(ErrorKind::UnexpectedEof)?;
        file.seek(SeekFrom::Start(offset))?;
        Ok((file.into_std(), rest))
    }

    /// A file to write, new or old, from `offset` on; `UnexpectedEof` if it is shorter. Unless it is written [in place](Uploads::InPlace), it
    /// doesn't appear before [`commit`](crate::net::content::Sink::commit).
    pub fn write(&self, path: &VirtualPath, begin: Begin, uploads: Uploads) -> io::Result<Upload> {
        let place = self.place(path)?;
        match uploads {
            Uploads::InPlace => Upload::in_place(&place, begin),
            _ => Upload::hidden(place, begin, &self.promised, uploads),
        }
    }

    /// A new file with a new name, made from `path`.
    pub fn write_unique(&self, path: &VirtualPath, uploads: Uploads) -> io::Result<(Upload, VirtualPath)> {
        for number in 1..=10_000 {
            let candidate = path.numbered(number);
            let result = self.unlinked_place(&candidate).and_then(|place| match uploads {
                Uploads::InPlace => Upload::new_in_place(&place),
                _ => Upload::promised(place, &self.promised, uploads),
            });
            match result {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                result => return Ok((result?, candidate)),
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

    /// MFMT: sets when a file was modified, as the client says.
    pub fn set_modified(&self, path: &VirtualPath, modified: SystemTime) -> io::Result<()> {
        let (file, _) = self.read(path, 0)?;
        file.set_modified(modified)
    }

    /// Sets the permission bits of a file or directory; other mode bits can't be set.
    #[cfg(unix)]
    pub fn set_mode(&self, path: &VirtualPath, mode: u32) -> io::Result<()> {
        use cap_std::fs::PermissionsExt;
        self.root.set_permissions(path.relative()?, cap_std::fs::Permissions::from_mode(mode & 0o777))
    }

    #[cfg(not(unix))]
    pub fn set_mode(&self, _: &VirtualPath, _: u32) -> io::Result<()> {
        Err(ErrorKind::Unsupported.into())
    }

    /// The directory and name of a file that exists or is to be made. A link is followed to the file's own directory.
    fn place(&self, path: &VirtualPath) -> io::Result<Place> {
        match self.root.metadata(path.relative()?) {
            Err(error) if error.kind() == ErrorKind::NotFound => return self.unlinked_place(path),
            metadata => refuse_all_but_files(&metadata?)?,
        }
        let place = self.unlinked_place(path)?;
        if !place.directory.symlink_metadata(&place.name)?.is_symlink() {
            return Ok(place);
        }
        let target = self.root.canonicalize(path.relative()?)?;
        let name = target.file_name().ok_or(ErrorKind::IsADirectory)?.to_owned();
        let directory = match target.parent() {
            Some(parent) if parent != Path::new("") => self.root.open_dir(parent)?,
            _ => self.root.try_clone()?,
        };
        Ok(Place { directory, name })
    }

    fn unlinked_place(&self, path: &VirtualPath) -> io::Result<Place> {
        path.relative()?;
        if path.name().is_empty() {
            return Err(ErrorKind::IsADirectory.into());
        }
        let directory = self.root.open_dir(path.parent().relative()?)?;
        Ok(Place { directory, name: os_name(path.name())?.to_owned() })
    }
}

/// Rejects devices and named pipes.
fn refuse_all_but_files(metadata: &Metadata) -> io::Result<()> {
    if metadata.is_dir() {
        return Err(ErrorKind::IsADirectory.into());
    }
    if metadata.is_file() { Ok(()) } else { Err(ErrorKind::PermissionDenied.into()) }
}

/// Opens without blocking, since a named pipe may have replaced the file in the meantime.
fn plain(options: &mut OpenOptions) -> &OpenOptions {
    #[cfg(unix)]
    {
        use cap_std::fs::OpenOptionsExt;
        options.custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed());
    }
    options
}
