//! Uploads: files that appear under their names once they are complete, or are dropped.
//!
//! The bytes go to a file in the same directory, named [`HIDDEN`] and a random number. Once all have come, it is renamed: programs that are
//! reading the old file go on reading that, and none ever sees half of the new one. Only a server that is killed leaves such a file behind;
//! `find ROOT -name '.ftp-upload.*'` finds it while no server runs, and it can be deleted. A directory with such a file can't be removed,
//! although it looks empty.
//!
//! An upload that continues a file (REST, APPE) works on a copy of its beginning, so that one that breaks off changes nothing; on file systems
//! that share blocks the copy costs nothing. If the file was changed meanwhile, the upload is refused at its end, since the other client was told
//! that its file is stored.
//!
//! An upload that breaks off is dropped, or [kept](Uploads::KeptIncomplete) under its name for REST and APPE, if no stored file is lost by that.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::File;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use cap_std::fs::{Dir, Metadata, OpenOptions};

use super::entry::Numbers;
use super::path::HIDDEN;
use super::{plain, refuse_all_but_files};
use crate::net::content::Sink;

/// Where in the file an upload begins.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Begin {
    /// At this byte; the rest of the old file is cut off (STOR, and REST before it).
    At(u64),
    /// At the end (APPE).
    End,
}

/// When an upload appears under its name.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Uploads {
    /// Once it is complete. One that breaks off is dropped.
    #[default]
    Whole,
    /// Once it is complete or has broken off: then it can be continued (REST, APPE). An incomplete one never replaces another file, nor a longer
    /// one that it began to overwrite: then it is dropped.
    KeptIncomplete,
    /// From its first byte on. An old file is lost at once.
    InPlace,
}

/// A file that is being uploaded. If it is dropped before its [`commit`](Sink::commit), it leaves nothing, unless incomplete ones are kept.
pub struct Upload {
    file: File,
    due: Due,
    /// `None`: it is written under its final name.
    hidden: Option<Hidden>,
    /// Whether bytes are appended at the end, wherever that is; `splice` can't do that.
    appends: bool,
}

/// Names that STOU has promised: the directory's identity, and the name. Held while an upload takes its name.
pub type Promised = Arc<Mutex<BTreeSet<Promise>>>;

type Promise = ((u64, u64), OsString);

/// The place of an upload.
pub struct Place {
    pub directory: Dir,
    pub name: OsString,
}

/// What is done at the first byte and not before, so that an upload without a data connection changes and costs nothing.
enum Due {
    Nothing,
    /// Cuts off what is after this byte.
    Cut(u64),
    /// Copies this many bytes of another file.
    Copy(File, u64),
}

/// A file that hasn't appeared yet.
struct Hidden {
    place: Place,
    temporary: String,
    commit: Commit,
    promised: Promised,
    has_appeared: bool,
    /// Keeps the file if it breaks off with more than this many bytes, which were there before.
    keeps_beyond: Option<u64>,
}

/// The condition under which the file may get its name.
enum Commit {
    Replace,
    /// The file that is continued hasn't changed, or there is still none.
    Continue(Option<Version>),
    /// No file has the name.
    Promise(Promise),
}

/// What changes when a file changes.
#[derive(PartialEq)]
struct Version {
    identity: (u64, u64),
    size: u64,
    modified: Option<SystemTime>,
}

impl Place {
    /// What is there now, a link's own self if it is one.
    fn metadata(&self) -> io::Result<Option<Metadata>> {
        match self.directory.symlink_metadata(&self.name) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            result => result.map(Some),
        }
    }

    fn promise(&self) -> io::Result<Promise> {
        Ok((Numbers::of(&self.directory.dir_metadata()?).identity, self.name.clone()))
    }
}

impl Upload {
    /// A file that appears once it is complete. `UnexpectedEof` if the old file is shorter than the offset.
    pub fn hidden(place: Place, begin: Begin, promised: &Promised, uploads: Uploads) -> io::Result<Self> {
        if names(promised).contains(&place.promise()?) {
            return Err(ErrorKind::AlreadyExists.into());
        }
        let continues = begin != Begin::At(0);
        let old = match place.metadata()? {
            // Who may not write a file may not replace it either.
            Some(_) => {
                Some(place.directory.open_with(&place.name, plain(OpenOptions::new().read(continues).write(true)))?)
            }
            None => None,
        };
        let metadata = old.as_ref().map(|file| file.metadata()).transpose()?;
        metadata.as_ref().map_or(Ok(()), refuse_all_but_files)?;
        let length = metadata.as_ref().map_or(0, Metadata::len);
        let kept = match begin {
            Begin::At(offset) => offset,
            Begin::End => length,
        };
        if kept > length {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        let commit = match continues {
            true => Commit::Continue(metadata.as_ref().map(Version::of)),
            false => Commit::Replace,
        };
        let mut upload = Self::create(place, commit, promised, old.is_some())?;
        upload.keep_beyond(kept, uploads);
        if let (Some(old), 1..) = (old, kept) {
            upload.due = Due::Copy(old.into_std(), kept);
        }
        Ok(upload)
    }

    /// The same under a name that no file has and no other upload was promised; else `AlreadyExists`.
    pub fn promised(place: Place, promised: &Promised, uploads: Uploads) -> io::Result<Self> {
        let promise = place.promise()?;
        if place.metadata()?.is_some() || !names(promised).insert(promise.clone()) {
            return Err(ErrorKind::AlreadyExists.into());
        }
        match Self::create(place, Commit::Promise(promise.clone()), promised, false) {
            Ok(mut upload) => {
                upload.keep_beyond(0, uploads);
                Ok(upload)
            }
            Err(error) => {
                names(promised).remove(&promise);
                Err(error)
            }
        }
    }

    fn keep_beyond(&mut self, length: u64, uploads: Uploads) {
        if let Some(hidden) = &mut self.hidden {
            hidden.keeps_beyond = (uploads == Uploads::KeptIncomplete).then_some(length);
        }
    }

    /// A file that is written under its final name.
    pub fn in_place(place: &Place, begin: Begin) -> io::Result<Self> {
        let length = place.metadata()?.map_or(0, |metadata| metadata.len());
        let appends = begin == Begin::End;
        let due = match begin {
            Begin::At(offset) if offset > length => return Err(ErrorKind::UnexpectedEof.into()),
            Begin::At(offset) => Due::Cut(offset),
            Begin::End => Due::Nothing,
        };
        let mut options = OpenOptions::new();
        plain(options.write(!appends).append(appends).create(true));
        let file = place.directory.open_with(&place.name, &options)?;
        refuse_all_but_files(&file.metadata()?)?;
        Ok(Self { file: file.into_std(), due, hidden: None, appends })
    }

    /// A new file that is written under its final name; else `AlreadyExists`.
    pub fn new_in_place(place: &Place) -> io::Result<Self> {
        let file = place.directory.open_with(&place.name, OpenOptions::new().write(true).create_new(true))?.into_std();
        Ok(Self { file, due: Due::Nothing, hidden: None, appends: false })
    }

    fn create(place: Place, commit: Commit, promised: &Promised, replaces: bool) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        {
            use cap_std::fs::OpenOptionsExt;
            // The old file's bits may forbid others to read it; they come at the end.
            options.mode(if replaces { 0o600 } else { 0o666 });
        }
        #[cfg(not(unix))]
        let _ = replaces;
        loop {
            let temporary = format!("{HIDDEN}{:016x}", RandomState::new().build_hasher().finish());
            let file = match place.directory.open_with(&temporary, &options) {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => continue,
                result => result?.into_std(),
            };
            let promised = promised.clone();
            let hidden = Some(Hidden { place, temporary, commit, promised, has_appeared: false, keeps_beyond: None });
            return Ok(Self { file, due: Due::Nothing, hidden, appends: false });
        }
    }

    fn begin(&mut self) -> io::Result<()> {
        match &self.due {
            Due::Nothing => {}
            Due::Cut(at) => {
                self.file.set_len(*at)?;
                self.file.seek(SeekFrom::Start(*at))?;
            }
            Due::Copy(old, count) => {
                self.file.rewind()?;
                (&mut &*old).rewind()?;
                if io::copy(&mut old.take(*count), &mut self.file)? < *count {
                    return Err(io::Error::other("the file has shrunk"));
                }
            }
        }
        self.due = Due::Nothing;
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

impl Sink for Upload {
    /// Also `None` if preparing the file fails; then `write` tells why.
    fn file(&mut self) -> Option<&File> {
        (!self.appends && self.begin().is_ok()).then_some(&self.file)
    }

    fn commit(&mut self) -> io::Result<()> {
        self.flush()?;
        if let Some(hidden) = &mut self.hidden {
            hidden.appear(&self.file, None)?;
            hidden.keeps_beyond = None;
        }
        Ok(())
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        let Some(hidden) = &mut self.hidden else { return };
        if let (Some(length), Due::Nothing, Ok(metadata)) = (hidden.keeps_beyond, &self.due, self.file.metadata())
            && metadata.len() > length
        {
            // Where it can't have its name, it is gone: the client has been told that it failed, in any case.
            let _ = hidden.appear(&self.file, Some(metadata.len()));
        }
    }
}

impl Hidden {
    /// Gives the file its name. `incomplete`: the number of bytes that have come of an upload that broke off.
    fn appear(&mut self, file: &File, incomplete: Option<u64>) -> io::Result<()> {
        let Place { directory, name } = &self.place;
        let promised = self.promised.clone();
        // Two uploads of one name take it one after the other.
        let _names = names(&promised);
        let old = self.place.metadata()?;
        match &self.commit {
            Commit::Continue(version) if old.as_ref().map(Version::of) != *version => {
                return Err(io::Error::new(ErrorKind::StaleNetworkFileHandle, "the file has changed"));
            }
            Commit::Continue(Some(version)) if incomplete.is_some_and(|length| length < version.size) => {
                return Err(io::Error::other("less than is there"));
            }
            // A link, unlike a renaming, replaces nothing; the other name goes afterwards.
            commit if matches!(commit, Commit::Promise(_)) || incomplete.is_some() && old.is_none() => {
                match directory.hard_link(&self.temporary, directory, name) {
                    Ok(()) => return Ok(()),
                    Err(error) if error.kind() == ErrorKind::AlreadyExists => return Err(error),
                    // The file system has no such links.
                    Err(_) => drop(directory.open_with(name, OpenOptions::new().write(true).create_new(true))?),
                }
            }
            Commit::Replace if incomplete.is_some() => return Err(ErrorKind::AlreadyExists.into()),
            _ => {}
        }
        if let Some(old) = old.filter(Metadata::is_file) {
            keep_owner_and_mode(&old, file)?;
        }
        directory.rename(&self.temporary, directory, name)?;
        self.has_appeared = true;
        Ok(())
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        if !self.has_appeared {
            let _ = self.place.directory.remove_file(&self.temporary);
        }
        if let Commit::Promise(promise) = &self.commit {
            names(&self.promised).remove(promise);
        }
    }
}

impl Version {
    fn of(metadata: &Metadata) -> Self {
        let modified = metadata.modified().ok().map(cap_std::time::SystemTime::into_std);
        Self { identity: Numbers::of(metadata).identity, size: metadata.len(), modified }
    }
}

/// The set is consistent even after a panic: each change of it is one step.
fn names(promised: &Promised) -> MutexGuard<'_, BTreeSet<Promise>> {
    promised.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(unix)]
pub(crate) fn keep_owner_and_mode(old: &Metadata, file: &File) -> io::Result<()> {
    use std::os::unix::fs::{PermissionsExt, fchown};
    let Numbers { owner, group, mode, .. } = Numbers::of(old);
    // Only root can give a file away; else it belongs to who has written it.
    let _ = fchown(file, Some(owner), Some(group));
    file.set_permissions(std::fs::Permissions::from_mode(mode & 0o777))
}

#[cfg(not(unix))]
pub(crate) fn keep_owner_and_mode(_: &Metadata, _: &File) -> io::Result<()> {
    Ok(())
}
