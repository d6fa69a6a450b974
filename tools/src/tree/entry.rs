//! What is known of a file or directory.

use std::io;
use std::time::SystemTime;

use cap_std::fs::Metadata;

/// A file or directory, or what a link leads to.
pub struct Entry {
    pub name: Vec<u8>,
    pub kind: Kind,
    pub size: u64,
    pub modified: SystemTime,
    /// The permission bits, as `chmod` counts them.
    pub mode: u32,
    pub links: u64,
    /// The owner's and the group's number.
    pub owner: u32,
    pub group: u32,
    /// The device and the file on it: no other file has the same.
    pub identity: (u64, u64),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    File,
    Directory,
    /// A pipe, a socket, a device: `ls`'s letter for it. It can be listed and no more.
    Special(char),
}

impl Entry {
    pub fn new(name: Vec<u8>, metadata: &Metadata) -> io::Result<Self> {
        let modified = metadata.modified()?.into_std();
        let kind = match metadata {
            metadata if metadata.is_dir() => Kind::Directory,
            metadata if metadata.is_file() => Kind::File,
            metadata => Kind::Special(letter(metadata)),
        };
        let numbers = Numbers::of(metadata);
        let Numbers { mode, links, owner, group, identity } = numbers;
        Ok(Self { name, kind, size: metadata.len(), modified, mode, links, owner, group, identity })
    }

    pub fn is_directory(&self) -> bool {
        self.kind == Kind::Directory
    }
}

/// What Unix knows of a file besides.
pub struct Numbers {
    pub mode: u32,
    pub links: u64,
    pub owner: u32,
    pub group: u32,
    pub identity: (u64, u64),
}

impl Numbers {
    #[cfg(unix)]
    pub fn of(metadata: &Metadata) -> Self {
        use cap_std::fs::MetadataExt;
        Self {
            mode: metadata.mode() & 0o7777,
            links: metadata.nlink(),
            owner: metadata.uid(),
            group: metadata.gid(),
            identity: (metadata.dev(), metadata.ino()),
        }
    }

    #[cfg(not(unix))]
    pub fn of(metadata: &Metadata) -> Self {
        let mode = match (metadata.is_dir(), metadata.permissions().readonly()) {
            (true, _) => 0o755,
            (false, true) => 0o444,
            (false, false) => 0o644,
        };
        Self { mode, links: 1, owner: 0, group: 0, identity: (0, 0) }
    }
}

#[cfg(unix)]
fn letter(metadata: &Metadata) -> char {
    use cap_std::fs::FileTypeExt;
    let kind = metadata.file_type();
    match () {
        () if kind.is_fifo() => 'p',
        () if kind.is_socket() => 's',
        () if kind.is_block_device() => 'b',
        () if kind.is_char_device() => 'c',
        () => '?',
    }
}

#[cfg(not(unix))]
fn letter(_: &Metadata) -> char {
    '?'
}
