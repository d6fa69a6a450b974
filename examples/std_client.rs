//! An FTP client for the command line, with the sockets of the standard library.
//!
//! The loop over the machine is `common/client_adapter.rs`.
//!
//! ```text
//! cargo run --example std_client -- -v get ftp://anna:secret@127.0.0.1:2121/notes.txt
//! ```

#[allow(dead_code, reason = "each example uses its part of it")]
mod common;

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, ErrorKind, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Error, Result, bail, ensure};
use clap::{Parser, ValueEnum};
use ftp_proto::client::{Config, Failure, Request, Value};
use ftp_proto::{Code, Path as RemotePath, Route};

use common::client_adapter::{Connection, Event};
use common::data::Content;
use common::printable;
use common::url::Url;

/// An FTP client: lists, gets, puts and removes files, makes directories.
#[derive(Parser)]
struct Arguments {
    /// How a data connection is made.
    #[arg(long, value_enum, default_value_t = Way::Auto)]
    route: Way,
    /// Prints the dialogue on standard error.
    #[arg(short, long)]
    verbose: bool,
    /// get, put: goes on where the file at the other end of the copy stops.
    #[arg(long)]
    resume: bool,
    #[arg(value_enum)]
    action: Action,
    /// ftp://user:password@host:port/path; the path begins at the login directory, and at the root with %2F in front.
    url: OsString,
    /// get: where to write, `-` for standard output, by default the same name here. put: what to send; it keeps its
    /// name if the path ends in `/`.
    file: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Way {
    /// EPSV, then PASV.
    Auto,
    Epsv,
    Pasv,
    Eprt,
    Port,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Action {
    /// Lists a directory.
    Ls,
    /// Downloads a file.
    Get,
    /// Uploads a file.
    Put,
    /// Removes a file, or an empty directory if the path ends in `/`.
    Rm,
    /// Makes a directory.
    Mkdir,
}

fn main() -> ExitCode {
    let result = match Arguments::try_parse() {
        Err(error) if !error.use_stderr() => error.exit(),
        Err(error) => Err(Error::msg(error.to_string().lines().next().unwrap_or_default().replacen("error: ", "", 1))),
        Ok(arguments) => run(&arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // One line, whatever the server has said.
            eprintln!("std_client: {}", printable(format!("{error:#}").replace('\n', " / ").as_bytes()));
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<()> {
    let url = Url::parse(arguments.url.as_encoded_bytes())?;
    let takes_file = matches!(arguments.action, Action::Get | Action::Put);
    ensure!(takes_file || arguments.file.is_none(), "only get and put take a file");
    ensure!(takes_file || !arguments.resume, "only get and put can resume");
    match arguments.action {
        Action::Ls => {
            let mut connection = login(&url, arguments)?;
            let listing = Content::Sink(Box::new(io::stdout().lock()));
            connection.transfer(Request::list(url.path.clone()), listing)?;
            connection.quit()
        }
        Action::Get => get(&url, arguments),
        Action::Put => put(&url, arguments),
        Action::Rm => {
            let path = url.file()?;
            let is_directory = path.as_bytes().ends_with(b"/");
            let request = if is_directory { Request::remove_directory(path) } else { Request::remove(path) };
            let mut connection = login(&url, arguments)?;
            connection.request(request)?;
            connection.quit()
        }
        Action::Mkdir => {
            let request = Request::make_directory(url.file()?);
            let mut connection = login(&url, arguments)?;
            connection.request(request)?;
            connection.quit()
        }
    }
}

/// Connects to the first address that answers, and logs in.
fn login<'o>(url: &Url, arguments: &Arguments) -> Result<Connection<'o>> {
    let mut config = Config::default();
    match arguments.route {
        Way::Auto => {}
        Way::Epsv => config.routes = vec![Route::Epsv],
        Way::Pasv => config.routes = vec![Route::Pasv],
        Way::Eprt => config.routes = vec![Route::Eprt],
        Way::Port => config.routes = vec![Route::Port],
    }
    let (config, verbose) = (Arc::new(config), arguments.verbose);
    let mut result = Err(Error::msg("no address"));
    for address in url.addresses()? {
        let observer = move |event: Event<'_>| {
            if verbose {
                print(&event);
            }
        };
        result = Connection::open(address, config.clone(), observer).with_context(|| format!("{address}"));
        if result.is_ok() {
            break;
        }
    }
    let mut connection = result?;
    connection.request(Request::login(url.user.clone(), url.password.clone(), None))?;
    Ok(connection)
}

fn get(url: &Url, arguments: &Arguments) -> Result<()> {
    let path = url.file()?;
    let local = match &arguments.file {
        Some(file) => file.clone(),
        None => local_name(url.file_name().context("the URL names no file")?)?,
    };
    let to_stdout = arguments.file.as_deref() == Some(Path::new("-"));
    ensure!(!(to_stdout && arguments.resume), "standard output can't be resumed");
    if !to_stdout {
        check_writable(&local).with_context(|| format!("{}", local.display()))?;
    }
    let offset = match local.metadata() {
        Ok(metadata) if arguments.resume => metadata.len(),
        _ => 0,
    };
    let mut connection = login(url, arguments)?;
    if arguments.resume {
        // A server without SIZE is taken at its word: it refuses an offset behind the end.
        match remote_size(&mut connection, &path) {
            Ok(size) if offset > size => {
                bail!("{}: {offset} bytes here, but only {size} at the server", local.display())
            }
            Ok(size) if offset == size && offset > 0 => return connection.quit(),
            Err(error) if refusal(&error).is_none() => return Err(error),
            _ => {}
        }
    }
    let sink: Box<dyn Write> = if to_stdout {
        Box::new(io::stdout().lock())
    } else {
        Box::new(Download { path: local.clone(), offset, file: None })
    };
    let request = Request::retrieve(path.borrowed(), offset);
    connection.transfer(request, Content::Sink(sink)).with_context(|| printable(path.as_bytes()))?;
    connection.quit()
}

fn put(url: &Url, arguments: &Arguments) -> Result<()> {
    let local = arguments.file.as_ref().context("put needs a file to send")?;
    let path = url.file_or(local.file_name().unwrap_or_default().as_encoded_bytes())?;
    let mut file = File::open(local).with_context(|| format!("{}", local.display()))?;
    let metadata = file.metadata()?;
    ensure!(!metadata.is_dir(), "{}: is a directory", local.display());
    let mut connection = login(url, arguments)?;
    let mut offset = 0;
    if arguments.resume {
        offset = match remote_size(&mut connection, &path) {
            Err(error) if refusal(&error) == Some(Code::FILE_UNAVAILABLE) => 0,
            result => result?,
        };
        if offset > metadata.len() {
            bail!("{}: {} bytes here, but {offset} at the server already", local.display(), metadata.len());
        }
        if offset == metadata.len() && offset > 0 {
            return connection.quit();
        }
        file.seek(SeekFrom::Start(offset))?;
    }
    let request = Request::store(path.borrowed(), offset);
    connection.transfer(request, Content::Source(Box::new(file))).with_context(|| printable(path.as_bytes()))?;
    connection.quit()
}

fn remote_size(connection: &mut Connection<'_>, path: &RemotePath<'_>) -> Result<u64> {
    match connection.request(Request::size(path.borrowed())).with_context(|| printable(path.as_bytes()))?.value {
        Value::Size(size) => Ok(size),
        _ => bail!("the server has told no size"),
    }
}

/// The code with which the server has refused, if it did.
fn refusal(error: &Error) -> Option<Code> {
    match error.downcast_ref::<Failure<'static>>()? {
        Failure::Refused(reply) => Some(reply.code()),
        _ => None,
    }
}

/// A downloaded file, made with its first byte: a download that is refused leaves what was there alone.
struct Download {
    path: PathBuf,
    offset: u64,
    file: Option<File>,
}

impl Download {
    fn file(&mut self) -> io::Result<&mut File> {
        if self.file.is_none() {
            let mut file = File::options().write(true).create(true).truncate(self.offset == 0).open(&self.path)?;
            file.seek(SeekFrom::Start(self.offset))?;
            self.file = Some(file);
        }
        self.file.as_mut().ok_or_else(|| ErrorKind::NotFound.into())
    }
}

impl Write for Download {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file()?.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file()?.flush()
    }
}

/// Tells early what would otherwise end the transfer, and changes nothing.
fn check_writable(path: &Path) -> io::Result<()> {
    match File::options().write(true).open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
            directory.unwrap_or(Path::new(".")).metadata().map(|_| ())
        }
        result => result.map(|_| ()),
    }
}

#[cfg(unix)]
fn local_name(name: &[u8]) -> Result<PathBuf> {
    let name: &OsStr = std::os::unix::ffi::OsStrExt::from_bytes(name);
    Ok(name.into())
}

#[cfg(not(unix))]
fn local_name(name: &[u8]) -> Result<PathBuf> {
    let name: &OsStr = std::str::from_utf8(name)?.as_ref();
    ensure!(Path::new(name).file_name() == Some(name), "no file here can have that name");
    Ok(name.into())
}

fn print(event: &Event<'_>) {
    match event {
        Event::Command(line) => eprintln!("> {}", printable(line)),
        Event::Reply(reply) => {
            for line in reply.to_string().lines() {
                eprintln!("< {}", printable(line.as_bytes()));
            }
        }
        Event::Connected { address, by_server: false } => eprintln!("* data connection to {address}"),
        Event::Connected { address, by_server: true } => eprintln!("* data connection from {address}"),
        Event::Moved { total, end, .. } => eprintln!("* {total} bytes, {end}"),
    }
}
