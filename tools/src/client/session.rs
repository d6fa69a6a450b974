//! How to come to a session: the options that say so, and logging in by them, any number of times.

use std::io::{self, IsTerminal, Write};
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Error, Result, ensure};
use clap::{Args, ValueEnum};
use ftp_proto::client::{Config, Outcome, Patience, Request, Security};
use ftp_proto::codec::LineEnd;
use ftp_proto::{Code, Command, Form, Mode, PassiveHost, Route, Structure, Type};
use indicatif::{ProgressBar, ProgressStyle};

use super::failure::is_abort;
use super::std_adapter::Event;
use super::url::Url;
use crate::net::content::Content;
use crate::net::convert::{Deflate, MAX_EXPANSION};
use crate::net::data::LINGER;
use crate::tls::client::{Tls, Trust};
use crate::{printable, tell};

/// A control connection and its machine: what this program needs of an adapter.
pub trait Adapter: Sized + 'static {
    /// Connects, and waits for the greeting.
    fn open(address: SocketAddr, config: Arc<Config>, tls: Option<Tls>, observer: Observer) -> Result<Self>;

    /// Runs a request, with the content that it moves, if any.
    fn request(&mut self, request: Request, content: Option<Content<'_>>) -> Result<Outcome<'static>>;

    /// Sends QUIT, and closes.
    fn quit(self) -> Result<()>;
}

/// Is told what happens.
pub type Observer = Box<dyn FnMut(Event<'_>)>;

/// The options of a session.
#[derive(Args)]
pub struct Options {
    /// How data connections are made: one way, or several in the order in which they are tried.
    #[arg(long, value_enum, value_name = "WAY[,WAY]", value_delimiter = ',', default_value = "auto")]
    route: Vec<Way>,
    /// Active mode: the ports to listen on; by default any that the system gives.
    #[arg(long, value_name = "A-B", value_parser = ports)]
    active_ports: Option<RangeInclusive<u16>>,
    /// Active mode: the address to announce, for a client behind a NAT that forwards the ports.
    #[arg(long, value_name = "IP")]
    external_address: Option<IpAddr>,
    /// Passive mode: the host to connect to. peer: that of the control connection; advertised: the one that the reply to PASV names;
    /// plausible: that one, unless it can't be reached from here; both: first advertised, then peer; or an IP address.
    #[arg(long, value_name = "peer|advertised|plausible|both|IP", default_value = "peer", value_parser = passive_host)]
    passive_host: PassiveHost,
    /// TLS: none, by AUTH TLS (explicit), or from the first byte on (implicit, port 990). With TLS, no name, password or file goes without it.
    #[arg(long, value_enum)]
    tls: Option<TlsMode>,
    /// TLS: trusts only the certificates of this PEM file; by default those that the system trusts.
    #[arg(long, value_name = "FILE", conflicts_with = "insecure")]
    ca: Option<PathBuf>,
    /// TLS: trusts any certificate. WARNING: anybody in between can then read and change everything, including passwords.
    #[arg(long)]
    insecure: bool,
    /// How long to wait for a connection, a reply, or the next byte of a transfer. By default 30 s for a connection, 60 s for
    /// a reply, 300 s for the last reply of an upload, 120 s for the next byte.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    timeout: Option<u64>,
    /// How files and listings are sent: as they are, in blocks with the last one marked, so that one data connection serves
    /// all of them (MODE B), or compressed (MODE Z).
    #[arg(long, value_enum, default_value_t = Carriage::Stream)]
    mode: Carriage,
    /// With `--mode z`: how many times as large as what comes a file or listing may become, beyond its first 64 MiB; 0: as the disk allows.
    #[arg(long, value_name = "N", default_value_t = MAX_EXPANSION)]
    max_expansion: u32,
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
enum Carriage {
    Stream,
    Block,
    Z,
}

impl Carriage {
    /// The mode, and its letter.
    fn mode(self) -> (Mode, char) {
        match self {
            Self::Stream => (Mode::Stream, 'S'),
            Self::Block => (Mode::Block, 'B'),
            Self::Z => (Mode::Deflate, 'Z'),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum TlsMode {
    None,
    Explicit,
    Implicit,
}

/// Opens sessions, any number of them.
pub struct Login {
    url: Arc<Url>,
    config: Arc<Config>,
    tls: Option<Tls>,
    carriage: Carriage,
    max_expansion: Option<u32>,
    verbose: bool,
}

impl Login {
    /// From the options, of which some exclude each other.
    pub fn new(url: Arc<Url>, options: &Options) -> Result<Self> {
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
        config.routes = options.route.iter().flat_map(|way| way.routes()).copied().collect();
        if let Some(seconds) = options.timeout {
            config.patience = patience(Duration::from_secs(seconds));
        }
        config.active_ports = options.active_ports.clone().unwrap_or(config.active_ports);
        config.public_address = options.external_address;
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
        let (carriage, verbose) = (options.mode, options.verbose);
        let max_expansion = Some(options.max_expansion).filter(|most| *most > 0);
        Ok(Self { url, config: Arc::new(config), tls, carriage, max_expansion, verbose })
    }

    /// Connects to the first address that answers, and logs in. The bar learns the length of what is transferred.
    pub fn open<A: Adapter>(&self, bar: &ProgressBar) -> Result<A> {
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
        let (mode, letter) = self.carriage.mode();
        if mode != Mode::Stream {
            let name = format!("MODE {letter}");
            let request = Request::command(Command::Mode(mode)).map_err(|_| Error::msg(name.clone()))?;
            connection.request(request, None).context(name)?;
        }
        Ok(connection)
    }

    /// TYPE, STRU and MODE of a transfer in this TYPE.
    pub fn form(&self, representation: Type) -> Form {
        Form { representation, structure: Structure::File, mode: self.carriage.mode().0 }
    }

    /// What may become of what comes in MODE Z.
    pub fn inflation(&self) -> Deflate {
        Deflate { expansion: self.max_expansion, ..Deflate::default() }
    }

    /// A sink for listings, whose lines are written unchanged.
    pub fn listing<'s>(&self, sink: impl Write + 's) -> Result<Content<'s>> {
        Ok(Content::sink(sink).converted(self.form(Type::Image), LineEnd::CrLf, self.inflation())?)
    }

    /// How long a goodbye takes at most.
    pub fn farewell(&self) -> Duration {
        self.config.patience.quit
    }

    /// Sends QUIT. Its failure doesn't matter any more.
    pub fn leave(&self, connection: impl Adapter) {
        if let Err(error) = connection.quit()
            && self.verbose
        {
            tell(format_args!("* {}", printable(format!("{error:#}").as_bytes())));
        }
    }

    /// Sends QUIT after a success or an abort.
    pub fn conclude<T>(&self, connection: impl Adapter, result: Result<T>) -> Result<T> {
        if result.as_ref().err().is_none_or(is_abort) {
            self.leave(connection);
        }
        result
    }
}

impl Way {
    fn routes(self) -> &'static [Route] {
        match self {
            Self::Auto => &[Route::Epsv, Route::Pasv],
            Self::Epsv => &[Route::Epsv],
            Self::Pasv => &[Route::Pasv],
            Self::Eprt => &[Route::Eprt],
            Self::Port => &[Route::Port],
        }
    }
}

/// This limit for everything; for what is shorter by default, the default.
fn patience(limit: Duration) -> Patience {
    let usual = Patience::default();
    let mut patience = Patience::default();
    for long in [
        &mut patience.greeting,
        &mut patience.reply,
        &mut patience.write,
        &mut patience.commit,
        &mut patience.connect,
        &mut patience.last_connect,
        &mut patience.accept,
        &mut patience.handshake,
    ] {
        *long = limit;
    }
    // Once an upload is sent, nothing moves until the server has closed the connection, or we do.
    patience.stall = limit.max(LINGER + Duration::from_secs(1));
    patience.suspect = usual.suspect.min(limit);
    patience.barrier = usual.barrier.min(limit);
    patience.listen = usual.listen.min(limit);
    patience.abort = usual.abort.min(limit);
    patience.quit = usual.quit.min(limit);
    patience.stragglers = usual.stragglers.min(limit);
    patience
}

/// A progress bar, shown once its length is known, and only on a terminal.
pub fn progress_bar(from: u64) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::no_length().with_position(from);
    let style = "{wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}";
    bar.with_style(ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// Prints what happens, and tells the bar the length of the file if the server announces it.
fn observer(verbose: bool, bar: ProgressBar) -> Observer {
    Box::new(move |event| {
        if let Event::Reply(reply) = &event
            && bar.length().is_none()
        {
            match reply.transfer_size().filter(|_| reply.code().is_preliminary()) {
                Some(size) => bar.set_length(bar.position().saturating_add(size)),
                // Before a transfer nothing but SIZE is answered so.
                None if reply.code() == Code::FILE_STATUS => {
                    reply.size().into_iter().for_each(|size| bar.set_length(size))
                }
                None => {}
            }
        }
        if verbose {
            bar.suspend(|| print(&event));
        }
    })
}

fn print(event: &Event<'_>) {
    match event {
        Event::Command(command) => tell(format_args!("> {command}")),
        Event::Reply(reply) => {
            for line in reply.to_string().lines() {
                tell(format_args!("< {}", printable(line.as_bytes())));
            }
        }
        Event::Connected { address, by_server: false } => tell(format_args!("* data connection to {address}")),
        Event::Connected { address, by_server: true } => tell(format_args!("* data connection from {address}")),
        Event::Secured { data, how } => {
            tell(format_args!(
                "* {} connection: {}",
                if *data { "data" } else { "control" },
                printable(how.as_bytes())
            ));
        }
        Event::Failed(attempt) => tell(format_args!("* {}", printable(attempt.to_string().as_bytes()))),
        Event::Moved { total, end, .. } => tell(format_args!("* {total} bytes, {end}")),
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
