//! The command line of `ftp-client`, over either adapter.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Error, Result, ensure};
use clap::{Parser, ValueEnum};
use ftp_proto::client::Request;
use indicatif::ProgressBar;

use super::copy::Copy;
use super::failure::is_abort;
use super::ls::ls;
use super::mirror::Mirror;
use super::runtime::Blocking;
use super::session::{Adapter, Login, Options};
use super::std_adapter;
use super::url::Url;
use crate::interrupt;
use crate::{Runtime, one_line, printable, tell};

/// An FTP client: lists, downloads, uploads, renames and removes files, makes directories.
///
/// A download replaces the local file once it has come whole. What has come of a download that failed is kept in FILE.ftp-part, for --resume.
/// Ctrl-C aborts in order; a second Ctrl-C ends the program at once.
#[derive(Parser)]
#[command(name = "ftp-client", version)]
struct Arguments {
    /// Which sockets to use: the standard library's, or tokio's.
    #[arg(long, value_enum, hide_possible_values = true, value_name = "std|tokio", default_value_t = Runtime::Std)]
    runtime: Runtime,
    #[command(flatten)]
    options: Options,
    /// get, mirror: goes on where an earlier download has stopped; get also goes on at the end of the local file. put: goes on at the end of
    /// the file on the server.
    #[arg(long)]
    resume: bool,
    /// get, put: transfers a text, whose line ends are converted to those of the other side (TYPE A).
    #[arg(long)]
    ascii: bool,
    /// ls: prints the lines of LIST as they come, instead of a table.
    #[arg(long)]
    raw: bool,
    /// mirror: how many connections to use at once.
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..))]
    connections: u8,
    /// mirror: how many directories to read at most, since links on a server can make endless ones.
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1..))]
    max_directories: u32,
    #[arg(value_enum)]
    action: Action,
    /// ftp://user:password@host:port/path. The path begins at the login directory, or at the root with %2F in front.
    /// ftps:// means --tls implicit.
    url: OsString,
    /// get: the file to write, or `-` for standard output; by default one of the same name. put: the file to send, which keeps its
    /// name if the path ends in `/`. mirror: the directory to write to. mv: the new path, as in a URL.
    file: Option<PathBuf>,
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
    /// Renames a file or a directory.
    Mv,
    /// Downloads a directory with everything in it, except files that are here with the same size.
    Mirror,
}

/// Runs the program. `program` is the name that it prints.
pub fn main(program: &str) -> ExitCode {
    let result = match Arguments::try_parse() {
        Err(error) if !error.use_stderr() => error.exit(),
        Err(error) => Err(Error::msg(one_line(&error))),
        Ok(arguments) => match arguments.runtime {
            Runtime::Std => run::<std_adapter::Connection<'static>>(&arguments),
            Runtime::Tokio => run::<Blocking>(&arguments),
        },
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // One line, whatever the server has said.
            tell(format_args!("{program}: {}", printable(format!("{error:#}").replace('\n', " / ").as_bytes())));
            // The session may have broken before the abort could end in order.
            if is_abort(&error) || interrupt::came() { interrupt::STATUS.into() } else { ExitCode::FAILURE }
        }
    }
}

fn run<A: Adapter>(arguments: &Arguments) -> Result<()> {
    interrupt::watch()?;
    let url = Arc::new(Url::parse(arguments.url.as_encoded_bytes())?);
    let action = arguments.action;
    let moves_file = matches!(action, Action::Get | Action::Put);
    ensure!(
        moves_file || matches!(action, Action::Mirror | Action::Mv) || arguments.file.is_none(),
        "only get, put, mirror and mv take a file"
    );
    ensure!(moves_file || action == Action::Mirror || !arguments.resume, "only get, put and mirror can resume");
    ensure!(moves_file || !arguments.ascii, "--ascii is for get and put");
    ensure!(action == Action::Ls || !arguments.raw, "--raw is for ls");
    let login = Login::new(url.clone(), &arguments.options)?;
    let copy = Copy {
        url: &url,
        login: &login,
        file: arguments.file.as_deref(),
        resume: arguments.resume,
        ascii: arguments.ascii,
    };
    let request = match action {
        Action::Get => return copy.get::<A>(),
        Action::Put => return copy.put::<A>(),
        Action::Ls => return ls::<A>(&login, url.path.as_ref(), arguments.raw),
        Action::Mirror => {
            let mirror = Mirror {
                login,
                connections: arguments.connections.into(),
                most_directories: arguments.max_directories,
                resume: arguments.resume,
            };
            let directory = arguments.file.as_ref().context("mirror needs a directory to write in")?;
            return mirror.copy::<A>(url.path.as_ref(), directory);
        }
        Action::Mkdir => Request::make_directory(url.file()?),
        Action::Mv => {
            let new = arguments.file.as_ref().context("mv needs a new path")?;
            Request::rename(url.file()?, Url::path(new.as_os_str().as_encoded_bytes())?)
        }
        Action::Rm => match url.file()? {
            path if path.as_bytes().ends_with(b"/") => Request::remove_directory(path),
            path => Request::remove(path),
        },
    };
    let mut connection = login.open::<A>(&ProgressBar::hidden())?;
    let result = connection
        .request(request, None)
        .with_context(|| printable(url.path.as_ref().map_or(&b""[..], |path| path.as_bytes())));
    login.conclude(connection, result).map(drop)
}
