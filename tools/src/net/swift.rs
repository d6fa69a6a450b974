//! Zero copy: on Linux the kernel moves file data between files and sockets, and from one socket to another.
//!
//! Elsewhere, and for files for which the kernel can't, the answer is `None`: then use `read` and `write`.

use std::fs::File;
use std::io::{self, Write};

#[cfg(target_os = "linux")]
pub use linux::{Pipe, send};
#[cfg(not(target_os = "linux"))]
pub use other::{Pipe, send};

/// The most that is moved before the control connection is polled again.
pub const PIECE: usize = 1024 * 1024;

#[cfg(target_os = "linux")]
mod linux {
    use std::io::Read;
    use std::os::fd::{AsFd, OwnedFd};

    use rustix::fs::sendfile;
    use rustix::io::Errno;
    use rustix::pipe::{PipeFlags, SpliceFlags, fcntl_getpipe_size, fcntl_setpipe_size, pipe_with, splice};

    use super::{File, PIECE, Write, io};

    /// Less than this at once isn't worth it.
    const LEAST: usize = 64 * 1024;

    /// Sends a piece of the file, from its position on; 0 bytes: the end of the file.
    pub fn send(socket: impl AsFd, file: &File) -> io::Result<Option<usize>> {
        possible(sendfile(socket, file, None, PIECE))
    }

    /// The pipe through which bytes go from a socket to a file or to another socket: the kernel has no shorter way.
    pub struct Pipe {
        end: File,
        start: OwnedFd,
        size: usize,
        held: usize,
    }

    impl Pipe {
        /// `None`: the system gives no pipe, or only a small one, since it limits them for each user.
        pub fn new() -> Option<Self> {
            let (end, start) = pipe_with(PipeFlags::CLOEXEC).ok()?;
            let _ = fcntl_setpipe_size(&start, PIECE);
            let size = fcntl_getpipe_size(&start).ok().filter(|size| *size >= LEAST)?;
            Some(Self { end: end.into(), start, size, held: 0 })
        }

        /// Takes what has come from the socket; 0 bytes: the end. [`put`](Self::put) has to follow.
        pub fn take(&mut self, socket: impl AsFd) -> io::Result<Option<usize>> {
            let taken = possible(splice(socket, None, &self.start, None, self.size, SpliceFlags::NONBLOCK))?;
            self.held += taken.unwrap_or_default();
            Ok(taken)
        }

        /// Puts all of it into the file, at its position. `false`: the kernel can't, and what is left is
        /// to be [poured](Self::pour).
        pub fn put(&mut self, file: &File) -> io::Result<bool> {
            while self.held > 0 {
                match possible(splice(&self.end, None, file, None, self.held, SpliceFlags::empty())) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    result => match result? {
                        None | Some(0) => return Ok(false),
                        Some(count) => self.held -= count,
                    },
                }
            }
            Ok(true)
        }

        /// Gives as much of it to a socket as that takes at once. `None`: the kernel can't, and what is left is to be
        /// [poured](Self::pour).
        pub fn give(&mut self, socket: impl AsFd) -> io::Result<Option<usize>> {
            let given = possible(splice(&self.end, None, socket, None, self.held, SpliceFlags::NONBLOCK))?;
            self.held -= given.unwrap_or_default();
            Ok(given)
        }

        /// Nothing is left in it.
        pub fn is_empty(&self) -> bool {
            self.held == 0
        }

        /// Writes what is left in the pipe.
        pub fn pour(&mut self, sink: &mut dyn Write, buffer: &mut [u8]) -> io::Result<()> {
            while self.held > 0 {
                let most = self.held.min(buffer.len());
                let count = self.end.read(&mut buffer[..most])?;
                sink.write_all(&buffer[..count])?;
                self.held -= count;
            }
            Ok(())
        }
    }

    fn possible(result: Result<usize, Errno>) -> io::Result<Option<usize>> {
        match result {
            Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => Ok(None),
            result => Ok(Some(result?)),
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod other {
    use super::{File, Write, io};

    pub fn send<S>(_: S, _: &File) -> io::Result<Option<usize>> {
        Ok(None)
    }

    pub struct Pipe;

    impl Pipe {
        pub fn new() -> Option<Self> {
            None
        }

        pub fn take<S>(&mut self, _: S) -> io::Result<Option<usize>> {
            Ok(None)
        }

        pub fn put(&mut self, _: &File) -> io::Result<bool> {
            Ok(false)
        }

        pub fn give<S>(&mut self, _: S) -> io::Result<Option<usize>> {
            Ok(None)
        }

        pub fn is_empty(&self) -> bool {
            true
        }

        pub fn pour(&mut self, _: &mut dyn Write, _: &mut [u8]) -> io::Result<()> {
            Ok(())
        }
    }
}
