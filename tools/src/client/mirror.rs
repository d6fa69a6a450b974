//! A directory of the server, and what is in it, copied over several connections.
//!
//! Names come from the server, which may be anybody's: none can lead out of the directory. Only plain names are taken, and
//! cap-std opens each without following a link out.

use std::collections::{BTreeSet, VecDeque};
use std::fmt;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use anyhow::{Context, Error, Result, bail, ensure};
use cap_std::ambient_authority;
use cap_std::fs::{Dir, File, OpenOptions};
use ftp_proto::Path as RemotePath;
use ftp_proto::client::{Failure, Request, Value};

use super::cli::{Adapter, is_abort, local_name, refusal};
use crate::net::data::Content;
use crate::printable;

/// A server's links can make a directory its own descendant.
const DEPTH: usize = 64;

/// A file that is made with its first byte, or with the end of an empty one: what is refused leaves what was there alone.
pub struct LazyFile<O, F> {
    open: Option<O>,
    file: Option<F>,
}

/// Something to copy.
struct Job {
    what: What,
    /// The path at the server.
    remote: Vec<u8>,
    /// The path below the directory here.
    local: PathBuf,
    depth: usize,
}

#[derive(Clone, Copy, PartialEq)]
enum What {
    Directory,
    File {
        size: Option<u64>,
    },
    /// The server has told no more than the name.
    Unknown,
}

/// What went wrong here, not at the server: the connection is as good as before.
#[derive(Debug)]
struct Local(io::Error);

/// What all connections share.
struct Mirror {
    root: Dir,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    /// How many connections are at work, and may find more.
    busy: usize,
    failures: usize,
    is_aborted: bool,
}

/// Copies what is in `path` into the directory `to`.
pub fn mirror<A: Adapter>(
    open: impl Fn() -> Result<A> + Sync,
    path: Option<&RemotePath<'_>>,
    to: &Path,
    connections: usize,
) -> Result<()> {
    let mut first = open()?;
    if let Some(path) = path {
        first.request(Request::change_directory(path.borrowed()), None).with_context(|| printable(path.as_bytes()))?;
    }
    // Each connection then names everything from the root on.
    let Value::Directory(remote) = first.request(Request::print_directory(), None)?.value else {
        bail!("the server doesn't tell the directory");
    };
    std::fs::create_dir_all(to).with_context(|| format!("{}", to.display()))?;
    let root = Dir::open_ambient_dir(to, ambient_authority()).with_context(|| format!("{}", to.display()))?;
    let mirror = Mirror { root, state: Mutex::default(), changed: Condvar::new() };

    mirror.lock().jobs.push_back(Job { what: What::Directory, remote, local: PathBuf::new(), depth: 0 });
    thread::scope(|scope| {
        for _ in 1..connections {
            scope.spawn(|| {
                // A server that wants fewer connections gets fewer.
                if mirror.wait_for_work()
                    && let Ok(connection) = open()
                {
                    mirror.work(connection);
                }
            });
        }
        mirror.work(first);
    });
    let state = mirror.lock();
    ensure!(!state.is_aborted, Failure::Aborted);
    ensure!(
        state.jobs.is_empty(),
        "the connections have ended, and {} more things were to be copied",
        state.jobs.len()
    );
    ensure!(state.failures == 0, "{} of the names could not be copied", state.failures);
    Ok(())
}

impl Mirror {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until something is to be copied; `false`: nothing is left.
    fn wait_for_work(&self) -> bool {
        let idle = |state: &mut State| state.jobs.is_empty() && state.busy > 0;
        let state = self.changed.wait_while(self.lock(), idle).unwrap_or_else(PoisonError::into_inner);
        !state.jobs.is_empty()
    }

    fn next(&self) -> Option<Job> {
        let idle = |state: &mut State| state.jobs.is_empty() && state.busy > 0;
        let mut state = self.changed.wait_while(self.lock(), idle).unwrap_or_else(PoisonError::into_inner);
        let job = state.jobs.pop_front()?;
        state.busy += 1;
        Some(job)
    }

    /// Copies what is to be copied, over one connection, until nothing is left or the connection has ended.
    fn work<A: Adapter>(&self, mut connection: A) {
        let has_facts = match connection.request(Request::features(), None) {
            Ok(outcome) => outcome.reply.has_feature("MLST"),
            Err(_) => false,
        };
        while let Some(job) = self.next() {
            let result = self.copy(&mut connection, &job, has_facts);
            let goes_on =
                result.as_ref().err().is_none_or(|error| error.is::<Failure<'static>>() || error.is::<Local>());
            let mut state = self.lock();
            state.busy -= 1;
            match result {
                // Those that find nothing to do leave in order.
                Err(error) if is_abort(&error) => {
                    state.is_aborted = true;
                    state.jobs.clear();
                }
                Err(error) => state.report(&job.remote, &error),
                Ok(()) => {}
            }
            drop(state);
            self.changed.notify_all();
            if !goes_on {
                return;
            }
        }
        let _ = connection.quit();
    }

    fn copy<A: Adapter>(&self, connection: &mut A, job: &Job, has_facts: bool) -> Result<()> {
        let path = RemotePath::new(&job.remote)?;
        match job.what {
            What::Directory => self.directory(connection, job, &path, has_facts),
            What::File { size } => self.file(connection, job, &path, size),
            What::Unknown => match connection.request(Request::change_directory(path.borrowed()), None) {
                Ok(_) => self.directory(connection, job, &path, has_facts),
                Err(error) if refusal(&error).is_none() => Err(error),
                Err(_) => match connection.request(Request::size(path.borrowed()), None) {
                    Ok(outcome) => {
                        let size = if let Value::Size(size) = outcome.value { Some(size) } else { None };
                        self.file(connection, job, &path, size)
                    }
                    Err(error) if refusal(&error).is_none() => Err(error),
                    Err(_) => self.file(connection, job, &path, None),
                },
            },
        }
    }

    fn directory<A: Adapter>(
        &self,
        connection: &mut A,
        job: &Job,
        path: &RemotePath<'_>,
        has_facts: bool,
    ) -> Result<()> {
        ensure!(job.depth < DEPTH, Local(io::Error::other("too deep")));
        if job.depth > 0 {
            match self.root.create_dir(&job.local) {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                    self.root.open_dir(&job.local).map_err(Local)?;
                }
                result => result.map_err(Local)?,
            }
        }
        let mut listing = Vec::new();
        // Many servers put the path before each name if NLST has one, and take blanks in it for options.
        connection.request(Request::change_directory(path.borrowed()), None)?;
        let request = if has_facts { Request::machine_list(None) } else { Request::names(None) };
        connection.request(request, Some(Content::sink(&mut listing)))?;
        let mut state = self.lock();
        let mut seen = BTreeSet::new();
        for line in listing.split(|byte| *byte == b'\n') {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            let Some((what, name)) =
                (if has_facts { fact_line(line) } else { (!line.is_empty()).then_some((What::Unknown, line)) })
            else {
                continue;
            };
            let separator: &[u8] = if job.remote.ends_with(b"/") { b"" } else { b"/" };
            let remote = [&job.remote, separator, name].concat();
            match plain_name(name) {
                Ok(local) if seen.insert(local.clone()) => {
                    let local = job.local.join(local);
                    state.jobs.push_back(Job { what, remote, local, depth: job.depth + 1 });
                }
                Ok(_) => {}
                Err(error) => state.report(name, &error),
            }
        }
        drop(state);
        self.changed.notify_all();
        Ok(())
    }

    fn file<A: Adapter>(&self, connection: &mut A, job: &Job, path: &RemotePath<'_>, size: Option<u64>) -> Result<()> {
        match self.root.symlink_metadata(&job.local) {
            Ok(metadata) if metadata.is_file() && Some(metadata.len()) == size => return Ok(()),
            // Nothing is written through a link, nor into a pipe.
            Ok(metadata) if !metadata.is_file() => {
                bail!(Local(io::Error::other("something else has that name here")))
            }
            _ => {}
        }
        let open = || self.root.open_with(&job.local, OpenOptions::new().write(true).create(true).truncate(true));
        let file: LazyFile<_, File> = LazyFile::new(open);
        connection.request(Request::retrieve(path.borrowed(), 0), Some(Content::sink(file)))?;
        Ok(())
    }
}

impl State {
    fn report(&mut self, name: &[u8], error: &Error) {
        self.failures += 1;
        eprintln!("{}: {}", printable(name), printable(format!("{error:#}").replace('\n', " / ").as_bytes()));
    }
}

impl fmt::Display for Local {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Local {}

impl<O, F> LazyFile<O, F>
where
    O: FnOnce() -> io::Result<F>,
{
    pub fn new(open: O) -> Self {
        Self { open: Some(open), file: None }
    }

    fn file(&mut self) -> io::Result<&mut F> {
        if let Some(open) = self.open.take() {
            self.file = Some(open()?);
        }
        self.file.as_mut().ok_or_else(|| ErrorKind::NotFound.into())
    }
}

impl<O, F> Write for LazyFile<O, F>
where
    O: FnOnce() -> io::Result<F>,
    F: Write,
{
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file()?.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file()?.flush()
    }
}

/// What a line of MLSD says (RFC 3659 7.2), but of the directory itself and the one above.
fn fact_line(line: &[u8]) -> Option<(What, &[u8])> {
    let blank = line.iter().position(|byte| *byte == b' ')?;
    let (facts, name) = (&line[..blank], &line[blank + 1..]);
    let value = |wanted: &str| {
        facts.split(|byte| *byte == b';').find_map(|fact| {
            let equals = fact.iter().position(|byte| *byte == b'=')?;
            fact[..equals].eq_ignore_ascii_case(wanted.as_bytes()).then(|| fact[equals + 1..].to_ascii_lowercase())
        })
    };
    let size = value("size").and_then(|size| std::str::from_utf8(&size).ok()?.parse().ok());
    match value("type").as_deref() {
        Some(b"cdir" | b"pdir") => None,
        Some(b"dir") => Some((What::Directory, name)),
        Some(b"file") => Some((What::File { size }, name)),
        _ => Some((What::Unknown, name)),
    }
}

/// A name that stands for something in its directory, on every system.
fn plain_name(name: &[u8]) -> Result<PathBuf> {
    let refused = |why: &str| Error::msg(format!("refused: {why}"));
    match name {
        b"" => return Err(refused("no name")),
        b"." | b".." => return Err(refused("it is a way, not a name")),
        [drive, b':', ..] if drive.is_ascii_alphabetic() => return Err(refused("it begins with a drive")),
        _ if name.iter().any(|byte| matches!(byte, b'/' | b'\\' | 0)) => {
            return Err(refused("it is a path, not a name"));
        }
        _ => {}
    }
    // What lies beside the control characters in RFC 959's names can't be sent back to the server.
    RemotePath::new(name).map_err(|error| refused(&error.to_string()))?;
    local_name(name)
}
