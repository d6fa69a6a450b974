//! The command line of `ftp-server`, and the settings that follow from it and the configuration file.

use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::{Parser, ValueEnum};
use ftp_proto::server::{Config, Greeting, Network, PublicAddress, Security};
use ftp_proto::{Resume, Text};

use super::file as server_config_file;
use crate::Runtime;
use crate::net::convert::MAX_EXPANSION;
use crate::server::door::{self, House, Stop};
use crate::server::service::Service;
use crate::server::site::{Account, Site, TypeA};
use crate::tls::server::Certified;
use crate::tree::{Tree, Uploads};

/// RFC 959 3.2: the port below the control connection's.
const DATA_PORT: u16 = 20;

/// An FTP server for one directory.
#[derive(Parser)]
#[command(name = "ftp-server", version)]
struct Arguments {
    /// Which sockets to use: tokio's, or the standard library's, with a thread for each session.
    #[arg(long, value_enum, hide_possible_values = true, value_name = "std|tokio", default_value_t = Runtime::Tokio)]
    runtime: Runtime,
    /// The address to listen on; with port 0 the system chooses a port.
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// A configuration file in vsftpd's syntax; options override it.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The directory to serve; no path leads out of it.
    #[arg(long, value_name = "DIR")]
    root: Option<PathBuf>,
    /// A user who may read and write; repeatable.
    #[arg(long = "user", value_name = "NAME:PASSWORD", value_parser = account)]
    users: Vec<Account>,
    /// Lets `anonymous` and `ftp` read, with any password.
    #[arg(long)]
    anonymous: bool,
    /// Lets no user change anything.
    #[arg(long)]
    read_only: bool,
    /// Writes uploads under their names at once; by default they appear when they are complete.
    #[arg(long)]
    in_place: bool,
    /// Keeps what has come of an upload that breaks off, for REST and APPE, unless it would take another file's place.
    #[arg(long)]
    keep_incomplete: bool,
    /// Converts nothing in TYPE A; by default line ends are converted, in both directions.
    #[arg(long)]
    no_ascii: bool,
    /// Uploads in MODE Z: how many times as large as what comes a file may become, beyond its first 64 MiB; 100 by
    /// default, and 0: as the disk allows.
    #[arg(long, value_name = "N")]
    max_expansion: Option<u32>,
    /// The ports for passive data connections; by default any that the system gives.
    #[arg(long, value_name = "A-B", value_parser = ports)]
    passive_ports: Option<RangeInclusive<u16>>,
    /// The address that the reply to PASV names, for a server behind NAT; by default the one that the client has reached, `own`. With a
    /// network, only for clients in that network. Repeatable; the first that fits is used.
    #[arg(long, value_name = "IP|NETWORK/BITS=IP", value_parser = passive_address)]
    passive_address: Vec<Told>,
    /// Refuses passive mode.
    #[arg(long)]
    no_passive: bool,
    /// Refuses active mode.
    #[arg(long)]
    no_active: bool,
    /// Accepts passive data connections from hosts other than the client. WARNING: others can then take them over.
    #[arg(long)]
    passive_strangers: bool,
    /// Makes active data connections to hosts other than the client. WARNING: clients can then make this server connect anywhere.
    #[arg(long)]
    active_strangers: bool,
    /// Makes active data connections from port 20, if the system allows it.
    #[arg(long)]
    from_port_20: bool,
    /// TLS: whether it is offered, and what is refused without it; by default offered if there is a certificate.
    #[arg(long, value_enum)]
    tls: Option<TlsPolicy>,
    /// TLS from the first byte on (port 990), instead of after AUTH TLS.
    #[arg(long)]
    implicit: bool,
    /// TLS: a PEM file with the certificate and its chain.
    #[arg(long, value_name = "FILE")]
    certificate: Option<PathBuf>,
    /// TLS: a PEM file with the certificate's key; by default the same file.
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// TLS: lets data connections have new sessions. WARNING: others can then take them over. By default they have to resume the control
    /// connection's session; clients that can't, such as Python's ftplib and Java's commons-net, are told `522 … session reuse required`.
    #[arg(long)]
    no_resumption: bool,
    /// How many sessions there may be at once; further clients are told 421.
    #[arg(long, value_name = "N")]
    max_sessions: Option<usize>,
    /// How long a client may send no command.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    idle_timeout: Option<u64>,
    /// How long a data connection may move no byte.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    data_timeout: Option<u64>,
}

/// Whether TLS is offered, and what is refused without it.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TlsPolicy {
    /// No TLS.
    Off,
    /// Clients may use TLS.
    Offered,
    /// Logins require TLS.
    Login,
    /// Logins and data connections require TLS.
    Data,
}

/// The address that PASV tells clients in a network, or all clients; `None`: the one that they have reached.
pub type Told = (Option<Network>, Option<Ipv4Addr>);

/// The settings that were chosen, by options or in a file; the rest has its defaults.
#[derive(Default)]
pub struct Choices {
    pub listen_address: Option<IpAddr>,
    pub listen_port: Option<u16>,
    /// vsftpd's two: for IPv4 alone, and for both.
    pub listen: Option<bool>,
    pub listen_ipv6: Option<bool>,
    pub root: Option<PathBuf>,
    pub anonymous_root: Option<PathBuf>,
    pub users: Vec<Account>,
    /// vsftpd's: whether the users may log in.
    pub local: Option<bool>,
    pub anonymous: Option<bool>,
    pub read_only: Option<bool>,
    pub in_place: Option<bool>,
    pub keep_incomplete: Option<bool>,
    pub ascii_downloads: Option<bool>,
    pub ascii_uploads: Option<bool>,
    pub max_expansion: Option<u32>,
    pub banner: Option<String>,
    pub passive: Option<bool>,
    pub first_passive_port: Option<u16>,
    pub last_passive_port: Option<u16>,
    pub passive_addresses: Vec<Told>,
    pub passive_strangers: Option<bool>,
    pub active: Option<bool>,
    pub active_strangers: Option<bool>,
    pub from_port_20: Option<bool>,
    pub tls: Option<TlsPolicy>,
    pub ssl_enable: Option<bool>,
    pub force_logins: Option<bool>,
    pub force_data: Option<bool>,
    pub implicit: Option<bool>,
    pub resumption: Option<bool>,
    pub certificate: Option<PathBuf>,
    pub key: Option<PathBuf>,
    pub max_sessions: Option<usize>,
    pub login_failures: Option<u32>,
    pub login_failure_delay: Option<u64>,
    pub idle_timeout: Option<u64>,
    pub data_timeout: Option<u64>,
    pub accept_timeout: Option<u64>,
    pub connect_timeout: Option<u64>,
}

/// Runs the program until it ends. `program` is the name that it prints.
pub fn main(program: &str, serve: impl FnOnce(Runtime, TcpListener, Arc<Service>) -> Result<()>) -> ExitCode {
    match run(Arguments::parse(), serve) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{program}: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments, serve: impl FnOnce(Runtime, TcpListener, Arc<Service>) -> Result<()>) -> Result<()> {
    let runtime = arguments.runtime;
    let mut choices = match &arguments.config {
        Some(file) => server_config_file::read(file)?,
        None => Choices::default(),
    };
    arguments.overrule(&mut choices);
    let (address, service) = choices.service()?;
    service.stop.on_signals()?;
    door::allow_sockets();
    let listener = door::listen(address).with_context(|| format!("{address}"))?;
    let mut out = io::stdout();
    writeln!(out, "listening on {}", listener.local_addr()?).and_then(|()| out.flush()).context("standard output")?;
    serve(runtime, listener, Arc::new(service))
}

impl Arguments {
    /// Combines both; the settings of `self` take precedence.
    fn overrule(self, choices: &mut Choices) {
        fn say<T>(choice: &mut Option<T>, said: Option<T>) {
            if said.is_some() {
                *choice = said;
            }
        }
        fn flag(choice: &mut Option<bool>, said: bool, meaning: bool) {
            if said {
                *choice = Some(meaning);
            }
        }
        if self.listen.is_some() {
            (choices.listen, choices.listen_ipv6) = (None, None);
        }
        say(&mut choices.listen_address, self.listen.map(|address| address.ip()));
        say(&mut choices.listen_port, self.listen.map(|address| address.port()));
        if self.root.is_some() {
            choices.anonymous_root = None;
        }
        say(&mut choices.root, self.root);
        if !self.users.is_empty() {
            choices.local = None;
        }
        self.users.into_iter().for_each(|account| choices.admit(account));
        flag(&mut choices.anonymous, self.anonymous, true);
        flag(&mut choices.read_only, self.read_only, true);
        flag(&mut choices.in_place, self.in_place, true);
        flag(&mut choices.keep_incomplete, self.keep_incomplete, true);
        flag(&mut choices.ascii_downloads, self.no_ascii, false);
        flag(&mut choices.ascii_uploads, self.no_ascii, false);
        say(&mut choices.max_expansion, self.max_expansion);
        say(&mut choices.first_passive_port, self.passive_ports.as_ref().map(|ports| *ports.start()));
        say(&mut choices.last_passive_port, self.passive_ports.as_ref().map(|ports| *ports.end()));
        if !self.passive_address.is_empty() {
            choices.passive_addresses = self.passive_address;
        }
        flag(&mut choices.passive, self.no_passive, false);
        flag(&mut choices.active, self.no_active, false);
        flag(&mut choices.passive_strangers, self.passive_strangers, true);
        flag(&mut choices.active_strangers, self.active_strangers, true);
        flag(&mut choices.from_port_20, self.from_port_20, true);
        say(&mut choices.tls, self.tls);
        flag(&mut choices.implicit, self.implicit, true);
        if self.certificate.is_some() {
            choices.key = None;
        }
        say(&mut choices.certificate, self.certificate);
        say(&mut choices.key, self.key);
        flag(&mut choices.resumption, self.no_resumption, false);
        say(&mut choices.max_sessions, self.max_sessions);
        say(&mut choices.idle_timeout, self.idle_timeout);
        say(&mut choices.data_timeout, self.data_timeout);
    }
}

impl Choices {
    /// Of one name the last password counts: an old one lets nobody in.
    pub fn admit(&mut self, account: Account) {
        self.users.retain(|other| other.name != account.name);
        self.users.push(account);
    }

    /// The address to listen on, and the service.
    pub fn service(self) -> Result<(SocketAddr, Service)> {
        let config = self.config()?;
        let certified = self.certified(&config)?;
        let banner = match &self.banner {
            Some(banner) => Text::try_from(banner.clone()).ok().context("ftpd_banner: it must be one line")?,
            None => Text::new("Welcome to ftp-proto.").unwrap_or_default(),
        };
        let port = self.listen_port.context("nobody could come: give --listen ADDR")?;
        // As vsftpd has it: on all addresses, unless one is named.
        let all: IpAddr = match self.listen_ipv6 {
            Some(true) => Ipv6Addr::UNSPECIFIED.into(),
            _ => Ipv4Addr::UNSPECIFIED.into(),
        };
        ensure!(self.listen != Some(false) || self.listen_ipv6 == Some(true), "nobody could come: listen=NO");
        let address = SocketAddr::new(self.listen_address.unwrap_or(all), port);
        let service = Service {
            config: Arc::new(config),
            certified,
            banner: Greeting::ready(banner),
            house: House::new(self.max_sessions.filter(|most| *most > 0)),
            stop: Stop::new()?,
            site: Arc::new(self.site()?),
        };
        Ok((address, service))
    }

    fn site(mut self) -> Result<Site> {
        if self.local == Some(false) {
            self.users.clear();
        }
        let anonymous = self.anonymous.unwrap_or(false);
        ensure!(anonymous || !self.users.is_empty(), "nobody could log in: give --user NAME:PASSWORD or --anonymous");
        let root = match (self.root, self.anonymous_root) {
            (Some(root), Some(other)) if anonymous => {
                ensure!(root == other, "anon_root is not local_root: only one directory can be served");
                Some(root)
            }
            (None, other) if self.users.is_empty() => other,
            (root, _) => root,
        };
        let root = root.context("nothing to serve: give --root DIR")?;
        let tree = Tree::open(&root).with_context(|| format!("{}", root.display()))?;
        let uploads = match (self.in_place.unwrap_or(false), self.keep_incomplete) {
            (true, keep) => {
                ensure!(
                    keep != Some(false),
                    "what is written in place isn't deleted: in_place, or delete_failed_uploads"
                );
                Uploads::InPlace
            }
            (false, Some(true)) => Uploads::KeptIncomplete,
            (false, _) => Uploads::Whole,
        };
        let text =
            TypeA { downloads: self.ascii_downloads.unwrap_or(true), uploads: self.ascii_uploads.unwrap_or(true) };
        let max_expansion = Some(self.max_expansion.unwrap_or(MAX_EXPANSION)).filter(|most| *most > 0);
        let read_only = self.read_only.unwrap_or(false);
        Ok(Site { tree, accounts: self.users, anonymous, read_only, uploads, text, max_expansion })
    }

    fn config(&self) -> Result<Config> {
        let mut config = Config::default();
        config.support = Site::support()?;
        config.passive.enabled = self.passive.unwrap_or(true);
        // vsftpd's 0 means any.
        config.passive.ports = match (self.first_passive_port.unwrap_or(0), self.last_passive_port.unwrap_or(0)) {
            (0, 0) => 0..=0,
            (0, last) => 1024..=last,
            (first, 0) => first..=u16::MAX,
            (first, last) => first..=last,
        };
        ensure!(!config.passive.ports.is_empty(), "pasv_min_port is above pasv_max_port");
        config.passive.address = self.public_address()?;
        config.passive.strangers = self.passive_strangers.unwrap_or(false);
        config.active.enabled = self.active.unwrap_or(true);
        config.active.strangers = self.active_strangers.unwrap_or(false);
        config.active.source_port = self.from_port_20.unwrap_or(false).then_some(DATA_PORT);
        config.security = self.security()?;
        config.implicit_tls = self.implicit.unwrap_or(false);
        ensure!(
            !config.implicit_tls || config.security != Security::Off,
            "implicit TLS needs a certificate, and TLS not off"
        );
        config.data_session = if self.resumption.unwrap_or(true) { Resume::Required } else { Resume::Wanted };
        config.max_login_failures = self.login_failures.unwrap_or(config.max_login_failures);
        let patience = &mut config.patience;
        let say = |patience: &mut Duration, seconds: Option<u64>| {
            *patience = seconds.map_or(*patience, Duration::from_secs);
        };
        say(&mut patience.failed_login_delay, self.login_failure_delay);
        say(&mut patience.idle, self.idle_timeout);
        say(&mut patience.stall, self.data_timeout);
        say(&mut patience.accept, self.accept_timeout);
        say(&mut patience.connect, self.connect_timeout);
        Ok(config)
    }

    /// As in vsftpd: enabling TLS requires it of all users, unless other keys say otherwise.
    fn security(&self) -> Result<Security> {
        let security = match (self.tls, self.ssl_enable) {
            (Some(TlsPolicy::Off), _) => Security::Off,
            (Some(TlsPolicy::Offered), _) => Security::Offered,
            (Some(TlsPolicy::Login), _) => Security::Login,
            (Some(TlsPolicy::Data), _) => Security::Data,
            (None, Some(false)) => Security::Off,
            (None, Some(true)) => match (self.force_logins.unwrap_or(true), self.force_data.unwrap_or(true)) {
                (_, true) => Security::Data,
                (true, false) => Security::Login,
                (false, false) => Security::Offered,
            },
            (None, None) if self.certificate.is_some() => Security::Offered,
            (None, None) => Security::Off,
        };
        ensure!(
            security == Security::Off || self.certificate.is_some(),
            "TLS needs a certificate: give --certificate FILE"
        );
        ensure!(
            self.certificate.is_some() || self.key.is_none(),
            "the key needs its certificate: give --certificate FILE"
        );
        Ok(security)
    }

    fn certified(&self, config: &Config) -> Result<Option<Certified>> {
        let Some(certificate) = self.certificate.as_ref().filter(|_| config.security != Security::Off) else {
            return Ok(None);
        };
        Certified::open(certificate, self.key.as_ref().unwrap_or(certificate)).map(Some)
    }

    /// The addresses by network first, then the one for all others.
    fn public_address(&self) -> Result<PublicAddress> {
        let (networks, rest): (Vec<Told>, Vec<Told>) =
            self.passive_addresses.iter().partition(|(network, _)| network.is_some());
        ensure!(rest.len() <= 1, "there is more than one address for all clients");
        let rest = rest.first().and_then(|(_, address)| *address);
        if networks.is_empty() {
            return Ok(rest.map_or(PublicAddress::Own, PublicAddress::One));
        }
        let mut networks: Vec<_> =
            networks.into_iter().filter_map(|(network, address)| Some((network?, address))).collect();
        let everywhere = Network::new(Ipv4Addr::UNSPECIFIED.into(), 0).filter(|_| rest.is_some());
        networks.extend(everywhere.map(|everywhere| (everywhere, rest)));
        Ok(PublicAddress::ByNetwork(networks))
    }
}

pub fn account(text: &str) -> Result<Account, String> {
    match text.split_once(':') {
        Some((name, password)) if !name.is_empty() => Ok(Account { name: name.into(), password: password.into() }),
        _ => Err("it must be NAME:PASSWORD".into()),
    }
}

pub fn passive_address(text: &str) -> Result<Told, String> {
    let wrong = |_| "it must be an IPv4 address, or NETWORK/BITS=IP".to_owned();
    match text.split_once('=') {
        None => Ok((None, Some(text.parse().map_err(wrong)?))),
        Some((network, address)) => {
            let network = network.parse().map_err(|error| format!("{network}: {error}"))?;
            let address = if address == "own" { None } else { Some(address.parse().map_err(wrong)?) };
            Ok((Some(network), address))
        }
    }
}

fn ports(text: &str) -> Result<RangeInclusive<u16>, String> {
    let range = text.split_once('-').and_then(|(first, last)| Some(first.parse().ok()?..=last.parse().ok()?));
    range
        .filter(|range| !range.is_empty() && *range.start() > 0)
        .ok_or_else(|| "it must be A-B, such as 50000-50099".into())
}
