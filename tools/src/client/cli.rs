//! The client for the command line, over whichever adapter.

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

/// An FTP client: lists, gets, puts, renames and removes files, makes directories.
///
/// A download takes a file's place once it has come whole; what came of one that failed is kept in FILE.ftp-part, for --resume.
/// Ctrl-C aborts in order. The second one ends the program at once.
#[derive(Parser)]
struct Arguments {
    /// Whose sockets: the standard library's, or tokio's.
    #[arg(long, value_enum, hide_possible_values = true, value_name = "std|tokio", default_value_t = Runtime::Std)]
    runtime: Runtime,
    #[command(flatten)]
    options: Options,
    /// get, mirror: goes on where an earlier download has stopped; get also where the file itself stops. put: goes on where the
    /// file at the server stops.
    #[arg(long)]
    resume: bool,
    /// get, put: a text, whose lines end at either end as they do there (TYPE A).
    #[arg(long)]
    ascii: bool,
    /// ls: the lines of LIST as they come, instead of a table.
    #[arg(long)]
    raw: bool,
    /// mirror: how many connections at once.
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..))]
    connections: u8,
    /// mirror: how many directories at most; a server's links can make endless ones.
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1..))]
    max_directories: u32,
    #[arg(value_enum)]
    action: Action,
    /// ftp://user:password@host:port/path; the path begins at the login directory, and at the root with %2F in front.
    /// ftps:// is --tls implicit.
    url: OsString,
    /// get: where to write, `-` for standard output, by default the same name here. put: what to send; it keeps its
    /// name if the path ends in `/`. mirror: the directory to write in. mv: the new path, as in a URL.
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
    /// Downloads a directory and what is in it; files of the same size are there already.
    Mirror,
}

/// The program, under its name.
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
            // It may have broken before it could end in order.
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
