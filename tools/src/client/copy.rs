//! `get` and `put`: copies one file without losing anything.

use std::cell::Cell;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Error, Result, bail, ensure};
use cap_std::ambient_authority;
use cap_std::fs::Dir;
use ftp_proto::client::{Failure, Request, Value};
use ftp_proto::codec::{LineEnd, is_verbatim};
use ftp_proto::{Code, Form, Path as RemotePath, StreamEnd, Type};
use rustix::fs::{Access, access};

use super::failure::{Left, Local, failure, is_abort, refusal};
use super::partial::{From, Partial, is_too_much};
use super::session::{Adapter, Login, progress_bar};
use super::url::Url;
use crate::net::content::Content;
use crate::net::convert::Deflate;
use crate::{printable, tell};

/// The line ends of local texts.
const LINE_END: LineEnd = LineEnd::Lf;

/// What to copy, and how.
pub struct Copy<'a> {
    pub url: &'a Url,
    pub login: &'a Login,
    /// The file here.
    pub file: Option<&'a Path>,
    pub resume: bool,
    pub ascii: bool,
}

/// The destination of a download.
enum Target {
    /// Standard output, a pipe or a device: what was written can't be undone.
    Stream(Counted<Box<dyn Write>>),
    File {
        partial: Partial,
        place: PathBuf,
    },
}

impl Copy<'_> {
    fn form(&self) -> Result<Form> {
        let form = self.login.form(if self.ascii { Type::Ascii(None) } else { Type::Image });
        ensure!(
            !self.resume || is_verbatim(form, LINE_END),
            "--resume goes with neither --ascii nor --mode block or z"
        );
        Ok(form)
    }

    /// Downloads the file.
    pub fn get<A: Adapter>(&self) -> Result<()> {
        let (path, form) = (self.url.file()?, self.form()?);
        let mut target = match self.file {
            Some(file) if file == Path::new("-") => {
                ensure!(!self.resume, "standard output can't be resumed");
                Target::Stream(Counted { to: Box::new(io::stdout()), count: 0 })
            }
            Some(file) => Target::new(file, self.resume)?,
            None => Target::new(&local_name(self.url.file_name().context("the URL names no file")?)?, self.resume)?,
        };
        let offset = target.offset();
        let bar = progress_bar(offset);
        let mut connection = self.login.open::<A>(&bar)?;
        let length = if self.ascii { Length::Unknown } else { Length::Asked };
        let download = Download { path: &path, form, inflation: self.login.inflation(), offset, length };
        let result = download.run(&mut connection, bar.wrap_write(&mut target));
        bar.finish_and_clear();
        self.login.conclude(connection, target.settle(result).with_context(|| printable(path.as_bytes())))
    }

    /// Uploads the file.
    pub fn put<A: Adapter>(&self) -> Result<()> {
        let local = self.file.context("put needs a file to send")?;
        let path = self.url.file_or(local.file_name().unwrap_or_default().as_encoded_bytes())?;
        let form = self.form()?;
        let mut file = File::open(local).with_context(|| format!("{}", local.display()))?;
        let metadata = file.metadata()?;
        ensure!(!metadata.is_dir(), "{}: is a directory", local.display());
        ensure!(!self.resume || metadata.is_file(), "{}: only a file can be resumed", local.display());
        let bar = progress_bar(0);
        let mut connection = self.login.open::<A>(&bar)?;
        let (mut offset, mut has_rest) = (0, false);
        if self.resume {
            has_rest = match connection.request(Request::features(), None) {
                Ok(outcome) => outcome.reply.has_feature("REST"),
                Err(error) => unless_refused(error).map(|()| false)?,
            };
            offset = match remote_size(&mut connection, &path) {
                Err(error) if refusal(&error) == Some(Code::FILE_UNAVAILABLE) => 0,
                Err(error) if refusal(&error).is_some() => {
                    let why = "without its size there nothing can be resumed; without --resume all of it goes".into();
                    return Err(Left::behind(error, why)).with_context(|| printable(path.as_bytes()));
                }
                result => result.with_context(|| printable(path.as_bytes()))?,
            };
            if offset > metadata.len() {
                bail!("{}: {} bytes here, but {offset} at the server already", local.display(), metadata.len());
            }
            if offset == metadata.len() && offset > 0 {
                self.login.leave(connection);
                return Ok(());
            }
            file.seek(SeekFrom::Start(offset))?;
        }
        bar.set_position(offset);
        if metadata.is_file() {
            bar.set_length(metadata.len());
        }
        let mut source = bar.wrap_read(file);
        let mut send = |request: Request, source: &mut dyn Read| {
            let content = Content::source(source).converted(form, LINE_END, Deflate::default())?;
            connection.request(request.representation(form.representation), Some(content))
        };
        let mut result = match offset {
            1.. if !has_rest => send(Request::append(path.borrowed()), &mut source),
            _ => send(Request::store(path.borrowed(), offset), &mut source),
        };
        // It has said that it knows REST, and doesn't.
        if let Err(error) = &result
            && has_rest
            && offset > 0
            && bar.position() == offset
            && matches!(refusal(error).map(Code::value), Some(500..=504))
        {
            result = send(Request::append(path.borrowed()), &mut source);
        }
        bar.finish_and_clear();
        let result = result.map(drop).and_then(|()| match self.resume {
            true => check_size(&mut connection, &path, local),
            false => Ok(()),
        });
        self.login.conclude(connection, result.with_context(|| printable(path.as_bytes())))
    }
}

/// A file that is being downloaded.
pub struct Download<'a> {
    pub path: &'a RemotePath<'a>,
    pub form: Form,
    pub inflation: Deflate,
    /// Where the download begins, in bytes from the start of the file.
    pub offset: u64,
    pub length: Length,
}

/// How many bytes a file has on the server.
#[derive(Clone, Copy, PartialEq)]
pub enum Length {
    /// This many, as the server has told.
    Told(u64),
    /// To be asked by SIZE, if the server knows it.
    Asked,
    /// Unknown: in TYPE A the local size differs.
    Unknown,
}

impl Download<'_> {
    /// Downloads the file. Fewer or more bytes than the file has are a failure. Returns what was known of the length.
    pub fn run(&self, connection: &mut impl Adapter, sink: impl Write) -> Result<Length> {
        let why = Cell::new(None);
        let result = self.fetch(connection, sink, &why);
        match (result, why.take()) {
            // The reply, or the machine, tells no more than that something went wrong here.
            (Err(error), Some(why))
                if matches!(
                    failure(&error),
                    Some(Failure::Incomplete { end: StreamEnd::LocalError | StreamEnd::StorageFull, .. })
                ) =>
            {
                Err(Left::behind(error, why))
            }
            (Ok(length), Some(why)) => {
                tell(format_args!(
                    "{}: {why} behind the last byte: all of it is here",
                    printable(self.path.as_bytes())
                ));
                Ok(length)
            }
            (result, _) => result,
        }
    }

    fn fetch(&self, connection: &mut impl Adapter, sink: impl Write, why: &Cell<Option<String>>) -> Result<Length> {
        let request = Request::retrieve(self.path.borrowed(), self.offset).representation(self.form.representation);
        if is_verbatim(self.form, LINE_END) {
            let length = match self.length {
                // Whether the server knows it has to be known here: else nothing says whether it has gone on from there.
                Length::Asked if self.offset > 0 => match remote_size(connection, self.path) {
                    Ok(total) => Length::Told(total),
                    Err(error) => unless_refused(error).map(|()| Length::Unknown)?,
                },
                length => length,
            };
            let request = match length {
                // All of it is here, and many servers refuse a place at the end.
                Length::Told(total) if self.offset > 0 && self.offset == total => return Ok(length),
                Length::Told(total) => request.expecting(total),
                Length::Asked => request.sized(),
                Length::Unknown => request,
            };
            connection.request(request, Some(Content::sink(sink).noting(why)))?;
            return Ok(length);
        }
        // The bytes that move aren't the file's: those behind the conversion are counted.
        let total = match self.length {
            Length::Told(total) => Some(total),
            Length::Asked => remote_size(connection, self.path).map(Some).or_else(unless_refused)?,
            Length::Unknown => None,
        };
        let mut counted = Counted { to: sink, count: 0 };
        let content = Content::sink(&mut counted).converted(self.form, LINE_END, self.inflation)?.noting(why);
        connection.request(request, Some(content))?;
        match total.filter(|total| counted.count != *total) {
            None => Ok(total.map_or(Length::Unknown, Length::Told)),
            expected => bail!(Failure::Incomplete { end: StreamEnd::Clean, moved: counted.count, expected }),
        }
    }
}

/// Counts what goes through it.
struct Counted<W> {
    to: W,
    count: u64,
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.to.write(bytes)?;
        self.count += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

impl Target {
    fn new(local: &Path, resume: bool) -> Result<Self> {
        Self::find(local, resume).with_context(|| format!("{}", local.display()))
    }

    fn find(local: &Path, resume: bool) -> Result<Self> {
        let there = local.metadata().ok();
        if there.as_ref().is_some_and(|metadata| !metadata.is_file()) {
            // Who reads a pipe sees its end when it is closed, so that it is opened but once.
            ensure!(!resume, "only a file can be resumed");
            let to = Box::new(File::options().write(true).open(local)?);
            return Ok(Self::Stream(Counted { to, count: 0 }));
        }
        check_writable(local)?;
        // A link stays, and what it leads to is replaced.
        let file = if there.is_some() { local.canonicalize()? } else { local.to_owned() };
        let name = file.file_name().context("no file can have that name")?;
        let parent = parent(&file);
        access(parent, Access::WRITE_OK | Access::EXEC_OK).with_context(|| format!("{}", parent.display()))?;
        let directory = Dir::open_ambient_dir(parent, ambient_authority())?;
        let partial = Partial::new(directory, name, if resume { From::PartialOrFile } else { From::Nothing })?;
        Ok(Self::File { partial, place: local.parent().unwrap_or(Path::new("")).to_owned() })
    }

    fn offset(&self) -> u64 {
        match self {
            Self::Stream(_) => 0,
            Self::File { partial, .. } => partial.offset(),
        }
    }

    /// Ends the download.
    fn settle(self, result: Result<Length>) -> Result<()> {
        match self {
            Self::File { partial, place } => settle(partial, &place, result),
            Self::Stream(Counted { count, .. }) => result.map(drop).map_err(|error| match count {
                1.. if !is_abort(&error) => Left::behind(error, format!("{count} bytes were written")),
                _ => error,
            }),
        }
    }
}

impl Write for Target {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::File { partial, .. } => partial.write(bytes),
            Self::Stream(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::File { partial, .. } => partial.flush(),
            Self::Stream(stream) => stream.flush(),
        }
    }
}

/// Ends a download to this directory: the file is replaced, or what has come is kept for `--resume`, and the error tells where.
pub fn settle(partial: Partial, directory: &Path, result: Result<Length>) -> Result<()> {
    let place = directory.join(partial.partial_name());
    let here = |why| Error::new(Local::new(why)).context(format!("{}", place.display()));
    let error = match result {
        Ok(length)
            if match length {
                Length::Told(_) => partial.begins_anew_and_fits(),
                Length::Asked | Length::Unknown => partial.begins_anew(),
            }
            .map_err(here)? =>
        {
            partial.take_back().map_err(here)?;
            bail!(Local::new(Error::msg(
                "the server seems to ignore REST: it sent again what is here; without --resume all of it comes"
            )));
        }
        Ok(_) => return partial.keep().map_err(here),
        Err(error) => error,
    };
    match failure(&error) {
        // Nothing stands before it that it could have been put behind by mistake.
        Some(Failure::Incomplete { moved, expected: Some(expected), .. })
            if partial.offset() == 0 && failure(&error).is_some_and(is_too_much) =>
        {
            let warning = format!("the file has grown meanwhile: {moved} bytes came, not {expected}");
            tell(format_args!("{}: {warning}", printable(partial.name().as_encoded_bytes())));
            partial.keep().map_err(here)
        }
        Some(Failure::Beyond { offset, total }) => {
            let place = directory.join(partial.begins_with());
            let more = format!("{}: {offset} bytes here, but only {total} at the server", place.display());
            bail!(Local::new(Error::msg(more)));
        }
        // A part that is followed by its beginning could be gone on from, and would be somebody else's file.
        _ if partial.breaks_off_anew().map_err(here)? => {
            partial.take_back().map_err(here)?;
            let why = "what came is what is here, as from a server that ignores REST, and isn't kept";
            Err(Left::behind(error, why.into()))
        }
        Some(Failure::Refused(reply)) if partial.offset() > 0 && matches!(reply.code().value(), 500..=504 | 554) => {
            Err(Left::behind(error, "without --resume all of it comes".into()))
        }
        failure => match partial.give_up(failure) {
            Ok(0) => Err(error),
            Ok(kept) => Err(Left::behind(error, format!("{kept} bytes are kept in {}, for --resume", place.display()))),
            Err(why) => Err(Left::behind(error, format!("{}: {why}", place.display()))),
        },
    }
}

fn remote_size(connection: &mut impl Adapter, path: &RemotePath<'_>) -> Result<u64> {
    match connection.request(Request::size(path.borrowed()), None)?.value {
        Value::Size(size) => Ok(size),
        _ => bail!("the server has told no size"),
    }
}

/// `None` if the server has refused; any other error is returned.
fn unless_refused<T: Default>(error: Error) -> Result<T> {
    if refusal(&error).is_some() { Ok(T::default()) } else { Err(error) }
}

/// Checks that an upload that was resumed is as long on the server as it is here, as far as the server tells.
fn check_size(connection: &mut impl Adapter, path: &RemotePath<'_>, local: &Path) -> Result<()> {
    let here = local.metadata()?.len();
    match remote_size(connection, path) {
        Ok(there) => ensure!(there == here, "{here} bytes here, but {there} at the server now"),
        Err(error) => unless_refused(error)?,
    }
    Ok(())
}

/// Finds early, without changing anything, what would fail at the end of the transfer.
fn check_writable(path: &Path) -> io::Result<()> {
    match File::options().write(true).open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => parent(path).metadata().map(|_| ()),
        result => result.map(|_| ()),
    }
}

fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A name of the server as a local file name.
pub fn local_name(name: &[u8]) -> Result<PathBuf> {
    let name: &OsStr = std::os::unix::ffi::OsStrExt::from_bytes(name);
    Ok(name.into())
}
