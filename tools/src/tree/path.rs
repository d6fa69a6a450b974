//! Paths as clients send them.

use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::io::{self, ErrorKind};
use std::path::PathBuf;

/// The beginning of the names of uploads under way, which clients can neither see nor name.
pub const HIDDEN: &str = ".ftp-upload.";

/// A path within the tree, from its root. FTP's names are bytes, in whatever encoding.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VirtualPath(Vec<Vec<u8>>);

impl VirtualPath {
    /// The path that a client's path leads to from this one.
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

    /// The last name; empty at the root.
    pub fn name(&self) -> &[u8] {
        self.0.last().map_or(&[], Vec::as_slice)
    }

    /// The path as the client sees it, from `/` on.
    pub fn absolute(&self) -> Vec<u8> {
        [b"/", self.0.join(&b'/').as_slice()].concat()
    }

    /// The same path for the first number, then with `.2`, `.3` … at its end.
    pub fn numbered(&self, number: u32) -> Self {
        let mut path = self.clone();
        if let (Some(name), 2..) = (path.0.last_mut(), number) {
            let mut suffix = String::new();
            let _ = write!(suffix, ".{number}");
            name.extend_from_slice(suffix.as_bytes());
        }
        path
    }

    /// The path for the system; `InvalidFilename` if a name in it isn't for clients.
    pub fn relative(&self) -> io::Result<PathBuf> {
        let mut path = PathBuf::from(".");
        for name in &self.0 {
            if is_hidden(name) {
                return Err(ErrorKind::InvalidFilename.into());
            }
            path.push(os_name(name)?);
        }
        Ok(path)
    }
}

/// Whether a name is one of those that begin with [`HIDDEN`], on systems, too, to which `A` and `a` are the same.
pub fn is_hidden(name: &[u8]) -> bool {
    name.get(..HIDDEN.len()).is_some_and(|start| start.eq_ignore_ascii_case(HIDDEN.as_bytes()))
}

#[cfg(unix)]
pub fn os_name(name: &[u8]) -> io::Result<&OsStr> {
    Ok(std::os::unix::ffi::OsStrExt::from_bytes(name))
}

#[cfg(unix)]
pub fn bytes(name: OsString) -> Vec<u8> {
    std::os::unix::ffi::OsStringExt::into_vec(name)
}

/// Where names are no bytes, they are UTF-8 on the wire (RFC 2640).
#[cfg(not(unix))]
pub fn os_name(name: &[u8]) -> io::Result<&OsStr> {
    std::str::from_utf8(name).map(OsStr::new).map_err(|_| ErrorKind::InvalidFilename.into())
}

#[cfg(not(unix))]
pub fn bytes(name: OsString) -> Vec<u8> {
    name.to_string_lossy().into_owned().into_bytes()
}
