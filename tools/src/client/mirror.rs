//! `mirror`: copies a directory of the server with everything in it, over several connections.
//!
//! The names come from the server, which isn't trusted: none can lead out of the local directory. Only plain names are used, and cap-std opens
//! each without following a link out.

use std::collections::{BTreeSet, VecDeque};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Error, Result, bail, ensure};
use cap_std::ambient_authority;
use cap_std::fs::Dir;
use ftp_proto::client::{Failure, Request, Value};
use ftp_proto::{Class, Code, Path as RemotePath, Type};
use indicatif::ProgressBar;

use super::copy::{Download, Length, local_name, settle};
use super::directory::{self, Found, How, Size, What};
use super::failure::{Local, failure, is_abort, refusal, told};
use super::partial::{From, Partial, is_partial_name};
use super::session::{Adapter, Login};
use crate::{interrupt, printable, tell};

/// A server's links can make a directory its own descendant.
const DEPTH: usize = 64;

/// How often an entry is tried again after a working connection broke, or after the server refused it for the moment.
const MOST_TRIES: u32 = 1;

/// How long to wait each time the server takes no new connection.
const PAUSES: [Duration; 3] = [Duration::from_millis(200), Duration::from_secs(1), Duration::from_secs(3)];

/// How often is looked whether somebody has interrupted.
const GLANCE: Duration = Duration::from_millis(200);

/// How a directory is copied.
pub struct Mirror {
    pub login: Login,
    /// How many connections at once.
    pub connections: usize,
    /// How many directories at most.
    pub most_directories: u32,
    /// Whether to go on from partial files.
    pub resume: bool,
}

/// An entry to copy.
struct Job {
    what: What,
    /// The path on the server.
    remote: Vec<u8>,
    /// The path below the directory here.
    local: PathBuf,
    depth: usize,
    /// How often copying this has failed for a reason that may have been chance.
    tries: u32,
}

/// What all connections share.
struct Work {
    mirror: Mirror,
    root: Dir,
    /// Where that is.
    place: PathBuf,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    /// How many connections are at work, and may find more.
    busy: usize,
    /// How many threads have a connection, and how many may come to one.
    connected: usize,
    connecting: usize,
    /// Nobody waits for a connection any more.
    is_over: bool,
    directories: u32,
    /// Whether entries were left out.
    has_too_many: bool,
    failures: usize,
    /// The doctor's texts so far, each of which is printed only once.
    advised: BTreeSet<String>,
    is_aborted: bool,
}

/// A thread's part in the work, until it ends.
struct Seat {
    work: Arc<Work>,
    is_connected: bool,
}

impl Mirror {
    /// Copies what is in `path` into the directory `to`. A thread that waits for a connection when all is done is left behind: nothing
    /// that such a server does holds up those that are served.
    pub fn copy<A: Adapter>(self, path: Option<&RemotePath<'_>>, to: &Path) -> Result<()> {
        let mut first = self.open::<A>()?;
        if let Some(path) = path {
            first
                .request(Request::change_directory(path.borrowed()), None)
                .with_context(|| printable(path.as_bytes()))?;
        }
        // Each connection then names everything from the root on.
        let Value::Directory(remote) = first.request(Request::print_directory(), None)?.value else {
            bail!("the server doesn't tell the directory");
        };
        std::fs::create_dir_all(to).with_context(|| format!("{}", to.display()))?;
        let root = Dir::open_ambient_dir(to, ambient_authority()).with_context(|| format!("{}", to.display()))?;
        let (place, others) = (to.to_owned(), 1..self.connections);
        let work = Arc::new(Work { mirror: self, root, place, state: Mutex::default(), changed: Condvar::new() });

        let job = Job { what: What::Directory, remote, local: PathBuf::new(), depth: 0, tries: 0 };
        work.lock().jobs.push_back(job);
        let seat = Seat::connected(&work);
        for _ in others {
            // A server that wants fewer connections gets fewer.
            Seat::spawn(&work, |work| work.open::<A>());
        }
        if work.work(first) {
            Seat::spawn(&work, |work| work.reopen::<A>());
        }
        drop(seat);
        work.wait().ended(work.mirror.most_directories)
    }

    fn open<A: Adapter>(&self) -> Result<A> {
        self.login.open(&ProgressBar::hidden())
    }
}

impl Seat {
    fn connected(work: &Arc<Work>) -> Self {
        work.lock().connected += 1;
        Self { work: work.clone(), is_connected: true }
    }

    /// Another thread that works, once it has come to a connection in that way and something is to be copied.
    fn spawn<A: Adapter>(work: &Arc<Work>, open: fn(&Work) -> Result<A>) {
        work.lock().connecting += 1;
        let mut seat = Self { work: work.clone(), is_connected: false };
        // Where no thread can be had, there is one fewer.
        let _ = thread::Builder::new().spawn(move || {
            let work = seat.work.clone();
            let mut open = open;
            while work.wait_for_work()
                && let Ok(connection) = open(&work)
                && seat.change(true)
                && work.work(connection)
                && seat.change(false)
            {
                open = |work| work.reopen::<A>();
            }
        });
    }

    /// `false`: it is too late.
    fn change(&mut self, is_connected: bool) -> bool {
        let mut state = self.work.lock();
        if state.is_over {
            return false;
        }
        *state.seats(self.is_connected) -= 1;
        *state.seats(is_connected) += 1;
        self.is_connected = is_connected;
        drop(state);
        self.work.changed.notify_all();
        true
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        *self.work.lock().seats(self.is_connected) -= 1;
        self.work.changed.notify_all();
    }
}

impl Work {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for an entry to copy; `false`: nothing is left.
    fn wait_for_work(&self) -> bool {
        let idle = |state: &mut State| state.jobs.is_empty() && state.busy > 0;
        let state = self.changed.wait_while(self.lock(), idle).unwrap_or_else(PoisonError::into_inner);
        !state.jobs.is_empty()
    }

    /// Waits until all is done, or nobody is left to do it; and then a little for those at work to say goodbye.
    fn wait(&self) -> MutexGuard<'_, State> {
        let mut state = self.lock();
        while !state.is_done() && state.connected + state.connecting > 0 {
            // Whoever only waits for a connection may not hear of it.
            if interrupt::came() && state.connected == 0 {
                state.is_aborted = true;
                break;
            }
            state = self.changed.wait_timeout(state, GLANCE).unwrap_or_else(PoisonError::into_inner).0;
        }
        state.is_over = true;
        let is_there = |state: &mut State| state.connected > 0;
        let patience = self.mirror.login.farewell();
        self.changed.wait_timeout_while(state, patience, is_there).unwrap_or_else(PoisonError::into_inner).0
    }

    fn open<A: Adapter>(&self) -> Result<A> {
        self.mirror.open()
    }

    fn next(&self) -> Option<Job> {
        let idle = |state: &mut State| state.jobs.is_empty() && state.busy > 0;
        let mut state = self.changed.wait_while(self.lock(), idle).unwrap_or_else(PoisonError::into_inner);
        let job = state.jobs.pop_front()?;
        state.busy += 1;
        Some(job)
    }

    /// Copies entries over one connection until none is left, or it breaks: `true`.
    fn work<A: Adapter>(&self, mut connection: A) -> bool {
        let mut how = How::of(&mut connection);
        let mut is_used = false;
        while let Some(mut job) = self.next() {
            let result = self.copy(&mut connection, &job, &mut how);
            let has_broken = result.as_ref().is_err_and(is_broken) && !interrupt::came();
            if has_broken && (is_used || job.tries < MOST_TRIES) {
                // The connection may have been broken already, and once may be chance: over another one.
                job.tries += u32::from(!is_used);
                self.give_back(job);
            } else if result.as_ref().is_err_and(is_passing) && job.tries < MOST_TRIES && !interrupt::came() {
                job.tries += 1;
                self.put_off(job);
            } else {
                self.done(&job, result);
            }
            if has_broken {
                return true;
            }
            is_used = true;
        }
        self.mirror.login.leave(connection);
        false
    }

    /// Replaces a connection that has broken. The server may not have noticed yet that there is room again.
    fn reopen<A: Adapter>(&self) -> Result<A> {
        for pause in PAUSES {
            match self.mirror.open() {
                Err(_) if !interrupt::came() => thread::sleep(pause),
                result => return result,
            }
        }
        self.mirror.open()
    }

    fn done(&self, job: &Job, result: Result<()>) {
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
    }

    /// Leaves an entry to another connection, if there is one.
    fn give_back(&self, job: Job) {
        self.return_job(|jobs| jobs.push_front(job));
    }

    /// It is done after what else is to be done: until then the reason may have passed.
    fn put_off(&self, job: Job) {
        self.return_job(|jobs| jobs.push_back(job));
    }

    fn return_job(&self, put: impl FnOnce(&mut VecDeque<Job>)) {
        let mut state = self.lock();
        state.busy -= 1;
        put(&mut state.jobs);
        drop(state);
        self.changed.notify_all();
    }

    fn copy<A: Adapter>(&self, connection: &mut A, job: &Job, how: &mut How) -> Result<()> {
        let path = RemotePath::new(&job.remote).map_err(Local::new)?;
        match job.what {
            What::Directory => self.directory(connection, job, &path, how),
            What::File(size) => self.file(connection, job, &path, size),
            What::Unknown => match connection.request(Request::change_directory(path.borrowed()), None) {
                Ok(_) => self.directory(connection, job, &path, how),
                Err(error) if refusal(&error).is_none() => Err(error),
                Err(_) => match connection.request(Request::size(path.borrowed()), None) {
                    Ok(outcome) => {
                        let size =
                            if let Value::Size(size) = outcome.value { Size::Bound(size) } else { Size::Unknown };
                        self.file(connection, job, &path, size)
                    }
                    Err(error) if refusal(&error).is_none() => Err(error),
                    Err(_) => self.file(connection, job, &path, Size::Unknown),
                },
            },
            What::Elsewhere | What::Special | What::Unread => bail!(Local::new(io::Error::other("nothing to copy"))),
        }
    }

    fn directory<A: Adapter>(&self, connection: &mut A, job: &Job, path: &RemotePath<'_>, how: &mut How) -> Result<()> {
        ensure!(job.depth < DEPTH, Local::new(io::Error::other("too deep")));
        if !self.lock().takes_directory(self.mirror.most_directories) {
            return Ok(());
        }
        if job.depth > 0 {
            match self.root.create_dir(&job.local) {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                    self.root.open_dir(&job.local).map_err(Local::new)?;
                }
                result => result.map_err(Local::new)?,
            }
        }
        connection.request(Request::change_directory(path.borrowed()), None)?;
        let found = directory::read(connection, &self.mirror.login, how, &job.remote)?;
        let mut state = self.lock();
        let mut seen = BTreeSet::new();
        for Found { name, what } in found {
            match taken(&name, what) {
                Ok(local) if seen.insert(local.clone()) => {
                    let separator: &[u8] = if job.remote.ends_with(b"/") { b"" } else { b"/" };
                    let remote = [&job.remote, separator, &name].concat();
                    let (local, depth) = (job.local.join(local), job.depth + 1);
                    state.jobs.push_back(Job { what, remote, local, depth, tries: 0 });
                }
                Ok(_) => {}
                Err(error) => state.report(&name, &error),
            }
        }
        drop(state);
        self.changed.notify_all();
        Ok(())
    }

    fn file<A: Adapter>(&self, connection: &mut A, job: &Job, path: &RemotePath<'_>, size: Size) -> Result<()> {
        let (told, length) = match size {
            Size::Bound(size) => (Some(size), Length::Told(size)),
            Size::Listed(size) => (Some(size), Length::Asked),
            Size::Unknown => (None, Length::Asked),
        };
        match self.root.symlink_metadata(&job.local) {
            Ok(metadata) if metadata.is_file() && Some(metadata.len()) == told => return Ok(()),
            // Nothing is written through a link, nor into a pipe.
            Ok(metadata) if !metadata.is_file() => {
                bail!(Local::new(io::Error::other("something else has that name here")))
            }
            _ => {}
        }
        let parent = job.local.parent().unwrap_or(Path::new(""));
        let directory = match parent == Path::new("") {
            true => self.root.try_clone(),
            false => self.root.open_dir(parent),
        };
        let name = job.local.file_name().ok_or_else(|| Local::new(io::Error::from(ErrorKind::InvalidInput)))?;
        let from = if self.mirror.resume { From::Partial } else { From::Nothing };
        let mut partial = directory.and_then(|directory| Partial::new(directory, name, from)).map_err(Local::new)?;
        let login = &self.mirror.login;
        let (form, inflation) = (login.form(Type::Image), login.inflation());
        let download = Download { path, form, inflation, offset: partial.offset(), length };
        let result = download.run(connection, &mut partial);
        settle(partial, &self.place.join(parent), result)
    }
}

impl State {
    fn is_done(&self) -> bool {
        self.jobs.is_empty() && self.busy == 0
    }

    fn seats(&mut self, is_connected: bool) -> &mut usize {
        if is_connected { &mut self.connected } else { &mut self.connecting }
    }

    /// What became of all of it.
    fn ended(&self, most_directories: u32) -> Result<()> {
        ensure!(!self.is_aborted, Failure::Aborted);
        ensure!(
            self.jobs.is_empty(),
            "the connections have ended, and {} more things were to be copied",
            self.jobs.len()
        );
        ensure!(
            !self.has_too_many,
            "there are more than {most_directories} directories, and the rest was left out: --max-directories allows more"
        );
        ensure!(self.failures == 0, "{} of the names could not be copied", self.failures);
        Ok(())
    }

    /// Counts another directory, if the limit allows it.
    fn takes_directory(&mut self, most: u32) -> bool {
        let takes = self.directories < most;
        self.directories += u32::from(takes);
        self.has_too_many |= !takes;
        takes
    }

    fn report(&mut self, name: &[u8], error: &Error) {
        self.failures += 1;
        let (text, advice) = told(error);
        let advice = advice.filter(|advice| self.advised.insert((*advice).to_owned())).unwrap_or_default();
        tell(format_args!(
            "{}: {}",
            printable(name),
            printable(format!("{text}{advice}").replace('\n', " / ").as_bytes())
        ));
    }
}

/// Whether the error means that the session has ended.
fn is_broken(error: &Error) -> bool {
    match failure(error) {
        Some(_) => refusal(error) == Some(Code::SERVICE_NOT_AVAILABLE),
        None => !error.is::<Local>(),
    }
}

/// Whether the same may go well another time: a 4yz says so (RFC 959 4.2.1).
fn is_passing(error: &Error) -> bool {
    refusal(error).is_some_and(|code| code.class() == Class::TransientNegative)
}

/// The local name of an entry, if it is to be copied.
fn taken(name: &[u8], what: What) -> Result<PathBuf> {
    match what {
        What::Elsewhere => bail!("refused: it is a way to somewhere else, not a name"),
        What::Special => bail!("left out: neither a file nor a directory"),
        What::Unread => bail!("nobody understands this line of the listing"),
        What::Directory | What::File(_) | What::Unknown => {}
    }
    ensure!(!is_partial_name(name), "refused: what comes of another file would have that name");
    // What lies beside the control characters in RFC 959's names can't be sent back to the server.
    RemotePath::new(name).map_err(|error| Error::msg(format!("refused: {error}")))?;
    local_name(name)
}
