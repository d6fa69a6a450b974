//! The client for the command line, over whichever adapter.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, ErrorKind, IsTerminal, Seek, SeekFrom, Write};
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Error, Result, bail, ensure};
use clap::{Args, Parser, ValueEnum};
use ftp_proto::client::{Config, Failure, Outcome, Request, Security, Value};
use ftp_proto::{Code, PassiveHost, Path as RemotePath, Route};
use indicatif::{ProgressBar, ProgressStyle};

use super::mirror::{self, LazyFile};
use super::runtime::Blocking;
use super::std_adapter::{self, Event};
use super::url::Url;
use crate::interrupt;
use crate::net::data::Content;
use crate::tls::client::{Tls, Trust};
use crate::{Runtime, printable};

/// A connection with its machine: what an adapter is to this program.
pub trait Adapter: Sized {
    /// Connects, and waits for the greeting.
    fn open(address: SocketAddr, config: Arc<Config>, tls: Option<Tls>, observer: Observer) -> Result<Self>;

    /// A request, with the file or listing that it moves, if it does.
    fn request(&mut self, request: Request, content: Option<Content<'_>>) -> Result<Outcome<'static>>;

    /// Says goodbye.
    fn quit(self) -> Result<()>;
}

/// Sees what happens.
pub type Observer = Box<dyn FnMut(Event<'_>)>;

/// An FTP client: lists, gets, puts, renames and removes files, makes directories.
///
/// Ctrl-C aborts in order: what came stays, for --resume. The second one ends the program at once.
#[derive(Parser)]
struct Arguments {
    /// Whose sockets: the standard library's, or tokio's.
    #[arg(long, value_enum, hide_possible_values = true, value_name = "std|tokio", default_value_t = Runtime::Std)]
    runtime: Runtime,
    #[command(flatten)]
    options: Options,
    /// get, put: goes on where the file at the other end of the copy stops.
    #[arg(long)]
    resume: bool,
    /// mirror: how many connections at once.
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..))]
    connections: u8,
    #[arg(value_enum)]
    action: Action,
    /// ftp://user:password@host:port/path; the path begins at the login directory, and at the root with %2F in front.
    /// ftps:// is --tls implicit.
    url: OsString,
    /// get: where to write, `-` for standard output, by default the same name here. put: what to send; it keeps its
    /// name if the path ends in `/`. mirror: the directory to write in. mv: the new path, as in a URL.
    file: Option<PathBuf>,
}

/// How to come to a session.
#[derive(Args)]
struct Options {
    /// How a data connection is made.
    #[arg(long, value_enum, default_value_t = Way::Auto)]
    route: Way,
    /// Active mode: the ports to listen on; by default whichever the system gives.
    #[arg(long, value_name = "A-B", value_parser = ports)]
    active_ports: Option<RangeInclusive<u16>>,
    /// Active mode: the address to announce, for a client behind a NAT that forwards the ports.
    #[arg(long, value_name = "IP")]
    external_address: Option<IpAddr>,
    /// Passive mode: the host to connect to, of the control connection (peer) or the reply (advertised; the same if it
    /// is plausible; first that, then the peer: both), or this one.
    #[arg(long, value_name = "peer|advertised|plausible|both|IP", default_value = "peer", value_parser = passive_host)]
    passive_host: PassiveHost,
    /// TLS: after the connection (AUTH TLS), from its first byte on (port 990), or none. Nothing goes out without it then.
    #[arg(long, value_enum)]
    tls: Option<TlsMode>,
    /// TLS: trusts the certificates of this PEM file, and nobody else; by default, whom the system trusts.
    #[arg(long, value_name = "FILE", conflicts_with = "insecure")]
    ca: Option<PathBuf>,
    /// TLS: trusts whoever answers. WARNING: whoever stands in between then reads and changes everything, passwords too.
    #[arg(long)]
    insecure: bool,
    /// Prints the dialogue on standard error.
    #[arg(short, long)]
    verbose: bool,
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
enum TlsMode {
    None,
    Explicit,
    Implicit,
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
        Err(error) => Err(Error::msg(error.to_string().lines().next().unwrap_or_default().replacen("error: ", "", 1))),
        Ok(arguments) => match arguments.runtime {
            Runtime::Std => run::<std_adapter::Connection<'static>>(&arguments),
            Runtime::Tokio => run::<Blocking>(&arguments),
        },
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // One line, whatever the server has said.
            eprintln!("{program}: {}", printable(format!("{error:#}").replace('\n', " / ").as_bytes()));
            if is_abort(&error) { interrupt::STATUS.into() } else { ExitCode::FAILURE }
        }
    }
}

fn run<A: Adapter>(arguments: &Arguments) -> Result<()> {
    interrupt::watch()?;
    let url = Url::parse(arguments.url.as_encoded_bytes())?;
    let moves_file = matches!(arguments.action, Action::Get | Action::Put);
    ensure!(
        moves_file || matches!(arguments.action, Action::Mirror | Action::Mv) || arguments.file.is_none(),
        "only get, put, mirror and mv take a file"
    );
    ensure!(moves_file || !arguments.resume, "only get and put can resume");
    let login = Login::new(&url, &arguments.options)?;
    let request = match arguments.action {
        Action::Get => return get::<A>(&url, &login, arguments),
        Action::Put => return put::<A>(&url, &login, arguments),
        Action::Mirror => {
            let directory = arguments.file.as_ref().context("mirror needs a directory to write in")?;
            let open = || login.open::<A>(&ProgressBar::hidden());
            return mirror::mirror(open, url.path.as_ref(), directory, arguments.connections.into());
        }
        Action::Ls => Request::plain_list(url.path.clone()),
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
    let listing = (arguments.action == Action::Ls).then(|| Content::sink(io::stdout().lock()));
    let mut connection = login.open::<A>(&ProgressBar::hidden())?;
    let result = connection.request(request, listing);
    conclude(connection, result)
}

/// Says goodbye, also after what was aborted.
fn conclude(connection: impl Adapter, result: Result<Outcome<'static>>) -> Result<()> {
    match result {
        Ok(_) => connection.quit(),
        Err(error) if is_abort(&error) => {
            // That it was aborted is what there is to tell.
            let _ = connection.quit();
            Err(error)
        }
        Err(error) => Err(error),
    }
}

/// What it takes to come to a session, any number of times.
struct Login<'u> {
    url: &'u Url,
    config: Arc<Config>,
    tls: Option<Tls>,
    verbose: bool,
}

impl<'u> Login<'u> {
    fn new(url: &'u Url, options: &Options) -> Result<Self> {
        let mode = match (options.tls, url.is_secure) {
            (None, true) => TlsMode::Implicit,
            (None, false) => TlsMode::None,
            (Some(mode), secure) => {
                ensure!(!secure || mode == TlsMode::Implicit, "ftps:// means --tls implicit");
                mode
            }
        };
        ensure!(mode != TlsMode::None || (options.ca.is_none() && !options.insecure), "--ca and --insecure need --tls");
        let mut config = Config::default();
        match options.route {
            Way::Auto => {}
            Way::Epsv => config.routes = vec![Route::Epsv],
            Way::Pasv => config.routes = vec![Route::Pasv],
            Way::Eprt => config.routes = vec![Route::Eprt],
            Way::Port => config.routes = vec![Route::Port],
        }
        config.active_ports = options.active_ports.clone().unwrap_or(config.active_ports);
        config.external_address = options.external_address;
        config.passive_host = options.passive_host;
        config.security = match mode {
            TlsMode::None => Security::Optional,
            TlsMode::Explicit => Security::Required,
            TlsMode::Implicit => Security::Implicit,
        };
        let trust = match &options.ca {
            _ if options.insecure => Trust::Everybody,
            Some(file) => Trust::File(file),
            None => Trust::Platform,
        };
        let tls = match mode {
            TlsMode::None => None,
            _ => Some(Tls::new(&trust, &url.host).with_context(|| match &options.ca {
                Some(file) => format!("{}", file.display()),
                None => "TLS".into(),
            })?),
        };
        Ok(Self { url, config: Arc::new(config), tls, verbose: options.verbose })
    }

    /// Connects to the first address that answers, and logs in. The bar learns the length of what is transferred.
    fn open<A: Adapter>(&self, bar: &ProgressBar) -> Result<A> {
        let port = if self.config.security == Security::Implicit { 990 } else { 21 };
        let mut result = Err(Error::msg("no address"));
        for address in self.url.addresses(port)? {
            let observer = observer(self.verbose, bar.clone());
            let tls = self.tls.as_ref().map(Tls::another);
            result = A::open(address, self.config.clone(), tls, observer).with_context(|| format!("{address}"));
            if result.is_ok() {
                break;
            }
        }
        let mut connection = result?;
        if self.tls.is_some() {
            connection.request(Request::secure(), None)?;
        }
        connection.request(Request::login(self.url.user.clone(), self.url.password.clone(), None), None)?;
        Ok(connection)
    }
}

fn get<A: Adapter>(url: &Url, login: &Login<'_>, arguments: &Arguments) -> Result<()> {
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
    let bar = progress_bar(offset);
    let mut connection = login.open::<A>(&bar)?;
    if arguments.resume || !bar.is_hidden() {
        // A server without SIZE is taken at its word: it refuses an offset behind the end.
        match remote_size(&mut connection, &path) {
            Ok(size) if offset > size => {
                bail!("{}: {offset} bytes here, but only {size} at the server", local.display())
            }
            Ok(size) if offset == size && offset > 0 => return connection.quit(),
            Ok(size) => bar.set_length(size),
            Err(error) if refusal(&error).is_none() => return Err(error),
            Err(_) => {}
        }
    }
    let sink: Box<dyn Write> = if to_stdout {
        Box::new(io::stdout().lock())
    } else {
        let local = local.clone();
        Box::new(LazyFile::new(move || {
            let mut file = File::options().write(true).create(true).truncate(offset == 0).open(local)?;
            file.seek(SeekFrom::Start(offset))?;
            Ok(file)
        }))
    };
    let request = Request::retrieve(path.borrowed(), offset);
    let content = Content::sink(bar.wrap_write(sink));
    let result = connection.request(request, Some(content));
    bar.finish_and_clear();
    conclude(connection, result.with_context(|| printable(path.as_bytes())))
}

fn put<A: Adapter>(url: &Url, login: &Login<'_>, arguments: &Arguments) -> Result<()> {
    let local = arguments.file.as_ref().context("put needs a file to send")?;
    let path = url.file_or(local.file_name().unwrap_or_default().as_encoded_bytes())?;
    let mut file = File::open(local).with_context(|| format!("{}", local.display()))?;
    let metadata = file.metadata()?;
    ensure!(!metadata.is_dir(), "{}: is a directory", local.display());
    let bar = progress_bar(0);
    let mut connection = login.open::<A>(&bar)?;
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
    bar.set_position(offset);
    if metadata.is_file() {
        bar.set_length(metadata.len());
    }
    let source = bar.wrap_read(file);
    let result = connection.request(Request::store(path.borrowed(), offset), Some(Content::source(source)));
    bar.finish_and_clear();
    conclude(connection, result.with_context(|| printable(path.as_bytes())))
}

fn remote_size(connection: &mut impl Adapter, path: &RemotePath<'_>) -> Result<u64> {
    let size = connection.request(Request::size(path.borrowed()), None);
    match size.with_context(|| printable(path.as_bytes()))?.value {
        Value::Size(size) => Ok(size),
        _ => bail!("the server has told no size"),
    }
}

/// The code with which the server has refused, if it did.
pub fn refusal(error: &Error) -> Option<Code> {
    match error.downcast_ref::<Failure<'static>>()? {
        Failure::Refused(reply) => Some(reply.code()),
        _ => None,
    }
}

/// Whether it ended because somebody wanted it to.
pub fn is_abort(error: &Error) -> bool {
    matches!(error.downcast_ref(), Some(Failure::Aborted))
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
pub fn local_name(name: &[u8]) -> Result<PathBuf> {
    let name: &OsStr = std::os::unix::ffi::OsStrExt::from_bytes(name);
    Ok(name.into())
}

#[cfg(not(unix))]
pub fn local_name(name: &[u8]) -> Result<PathBuf> {
    let name: &OsStr = std::str::from_utf8(name)?.as_ref();
    ensure!(Path::new(name).file_name() == Some(name), "no file here can have that name");
    Ok(name.into())
}

/// It shows once its length is known, and only on a terminal.
fn progress_bar(from: u64) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::no_length().with_position(from);
    let style = "{wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}";
    bar.with_style(ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// Prints what happens, and tells the bar how long the file is where the server says so as it begins.
fn observer(verbose: bool, bar: ProgressBar) -> Observer {
    Box::new(move |event| {
        if let Event::Reply(reply) = &event
            && let Some(size) = reply.transfer_size()
            && reply.code().is_preliminary()
            && bar.length().is_none()
        {
            bar.set_length(bar.position().saturating_add(size));
        }
        if verbose {
            bar.suspend(|| print(&event));
        }
    })
}

fn print(event: &Event<'_>) {
    match event {
        Event::Command(command) => eprintln!("> {command}"),
        Event::Reply(reply) => {
            for line in reply.to_string().lines() {
                eprintln!("< {}", printable(line.as_bytes()));
            }
        }
        Event::Connected { address, by_server: false } => eprintln!("* data connection to {address}"),
        Event::Connected { address, by_server: true } => eprintln!("* data connection from {address}"),
        Event::Secured { data, how } => {
            eprintln!("* {} connection: {}", if *data { "data" } else { "control" }, printable(how.as_bytes()));
        }
        Event::Moved { total, end, .. } => eprintln!("* {total} bytes, {end}"),
    }
}

fn ports(text: &str) -> Result<RangeInclusive<u16>, String> {
    let range = text.split_once('-').and_then(|(first, last)| Some(first.parse().ok()?..=last.parse().ok()?));
    range
        .filter(|range| !range.is_empty() && *range.start() > 0)
        .ok_or_else(|| "it must be A-B, such as 50000-50099".into())
}

fn passive_host(text: &str) -> Result<PassiveHost, String> {
    Ok(match text {
        "peer" => PassiveHost::Peer,
        "advertised" => PassiveHost::Advertised,
        "plausible" => PassiveHost::AdvertisedIfPlausible,
        "both" => PassiveHost::AdvertisedThenPeer,
        host => {
            PassiveHost::Fixed(host.parse().map_err(|_| "it must be peer, advertised, plausible, both or an address")?)
        }
    })
}
