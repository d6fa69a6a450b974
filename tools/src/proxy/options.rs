//! The command line.

use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::{ArgAction, Parser, ValueEnum};
use ftp_proto::tracker::{Rules, Strangers};

use super::adapter::{Service, Upstream, serve};
use super::data::{ANY, Settings};
use super::log::Log;
use super::policy::{Kind, Policy, Tls, Word};
use crate::server::door::{self, House, Stop};

/// RFC 959 8: where a server is that says nothing else.
const CONTROL_PORT: u16 = 21;

/// The exit status if what was asked for can't be, as that of the options' parser.
const USAGE: u8 = 2;

/// A transparent FTP proxy: passes sessions on to a server, makes the data connections that they agree on, and no others.
#[derive(Parser)]
#[command(name = "ftp-proxy", version)]
struct Arguments {
    /// Where to listen; with port 0 the system picks one. A link-local address names its link: `[fe80::1%eth0]:21`.
    #[arg(long, value_name = "ADDR", value_parser = place)]
    listen: SocketAddr,
    /// The server behind the proxy: a name or an address, of either family. `redirected`: where the client wanted to go before
    /// a firewall of this host redirected it here (Linux).
    #[arg(long, value_name = "HOST[:PORT]|redirected", value_parser = upstream)]
    server: Upstream,
    /// The ports at which clients reach passive data connections; by default the system picks them.
    #[arg(long, value_name = "A-B", value_parser = ports)]
    passive_ports: Option<RangeInclusive<u16>>,
    /// The address that clients are told, for a proxy behind NAT; by default the one that they have reached.
    #[arg(long, value_name = "IP")]
    passive_address: Option<IpAddr>,
    /// The ports at which the server reaches active data connections; by default the system picks them.
    #[arg(long, value_name = "A-B", value_parser = ports)]
    active_ports: Option<RangeInclusive<u16>>,
    /// The address that the server is told, for a proxy behind NAT; by default the one that it sees.
    #[arg(long, value_name = "IP")]
    external_address: Option<IpAddr>,
    /// What becomes of a 227 that names another host than the server or one of --trust.
    #[arg(long, value_enum, default_value_t = PassiveHost::Checked)]
    passive_host: PassiveHost,
    /// Another host that may listen for data connections, such as one of a cluster; as often as wanted.
    #[arg(long, value_name = "IP")]
    trust: Vec<IpAddr>,
    /// The only kind of data connections that there may be; commands that ask for the other are answered with 502.
    #[arg(long, value_enum, value_name = "passive|active", hide_possible_values = true)]
    only: Option<Kind>,
    /// Commands that don't pass: they are answered with 502, as are their aliases (XRMD for RMD); as often as wanted.
    #[arg(long, value_name = "VERB[,VERB]", value_delimiter = ',', value_parser = Word::parse, action = ArgAction::Append)]
    deny: Vec<Word>,
    /// Nothing that could change anything at the server passes, nor any command that isn't known not to: the answer is 550.
    #[arg(long)]
    read_only: bool,
    /// The ports that either end may announce for data connections; those below 1024 never pass. The client reads 500 to a PORT, and 425 in
    /// place of a 227, that names another.
    #[arg(long, value_name = "A-B", value_parser = ports)]
    announced_ports: Option<RangeInclusive<u16>>,
    /// What becomes of AUTH, and of TLS from the first byte on.
    #[arg(long, value_enum, default_value_t = Tls::Refuse)]
    tls: Tls,
    /// How many sessions there may be at once; who comes then is told so with 421, and turned away.
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..))]
    max_sessions: u32,
    /// How long nothing may be said, and nothing move; then the client is told so with 421, and the session ends.
    #[arg(long, value_name = "SECONDS", default_value_t = 300, value_parser = clap::value_parser!(u64).range(1..))]
    idle_timeout: u64,
    /// How long nothing may move on a data connection; then it is broken off, and the session goes on.
    #[arg(long, value_name = "SECONDS", default_value_t = 300, value_parser = clap::value_parser!(u64).range(1..))]
    data_timeout: u64,
    /// How long the server, or who listens for a data connection, may take to answer; then the client is told so with 421, or the data connection
    /// is broken off.
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..))]
    connect_timeout: u64,
    /// Where the log goes, behind what is there; by default on standard error. SIGHUP has the file opened anew by its name.
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
}

/// What becomes of a 227 that names another host than the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum PassiveHost {
    /// It doesn't pass: the client reads 425.
    Checked,
    /// The server is taken instead, as most clients do: for one behind NAT that announces its private address.
    Peer,
}

/// The program, under its name: it serves until the end.
pub fn main(program: &str) -> ExitCode {
    let failed = |error: anyhow::Error, status| {
        eprintln!("{program}: {error:#}");
        status
    };
    match Arguments::parse().service() {
        Ok(service) => run(service).map_or_else(|error| failed(error, ExitCode::FAILURE), |()| ExitCode::SUCCESS),
        Err(error) => failed(error, ExitCode::from(USAGE)),
    }
}

fn run(mut service: Service) -> Result<()> {
    let address = service.own;
    service.stop.on_signals()?;
    service.log.reopen_on_signal()?;
    door::allow_sockets();
    let listener = door::listen(address).with_context(|| format!("{address}"))?;
    service.own = listener.local_addr()?;
    let mut out = io::stdout();
    writeln!(out, "listening on {}", listener.local_addr()?).and_then(|()| out.flush()).context("standard output")?;
    Ok(serve(&listener, &Arc::new(service))?)
}

impl Arguments {
    /// An error: what was asked for can't be.
    fn service(self) -> Result<Service> {
        ensure!(
            self.tls == Tls::Refuse || !self.read_only && self.deny.is_empty(),
            "what TLS hides can't be denied: --read-only and --deny go with --tls refuse alone"
        );
        for (option, address) in
            [("--passive-address", self.passive_address), ("--external-address", self.external_address)]
        {
            ensure!(address.is_none_or(is_of_a_host), "{option}: nobody can connect to such an address");
        }
        ensure!(self.trust.iter().copied().all(is_of_a_host), "--trust: no host has such an address");
        self.ensure_used()?;
        let announced = self.announced_ports.unwrap_or(Rules::LOWEST_PORT..=u16::MAX);
        ensure!(
            *announced.end() >= Rules::LOWEST_PORT,
            "--announced-ports: those below {} never pass, so none would",
            Rules::LOWEST_PORT
        );
        let mut rules = Rules::default();
        rules.trusted = self.trust.into();
        rules.strangers = match self.passive_host {
            PassiveHost::Checked => Strangers::Refused,
            PassiveHost::Peer => Strangers::Replaced,
        };
        Ok(Service {
            own: self.listen,
            upstream: self.server,
            rules: Arc::new(rules),
            policy: Policy {
                only: self.only,
                denied: self.deny,
                read_only: self.read_only,
                ports: announced,
                tls: self.tls,
            },
            data: Settings {
                passive_ports: self.passive_ports.unwrap_or(ANY),
                active_ports: self.active_ports.unwrap_or(ANY),
                passive_address: self.passive_address,
                external_address: self.external_address,
                connect: Duration::from_secs(self.connect_timeout),
                stall: Duration::from_secs(self.data_timeout),
            },
            idle: Duration::from_secs(self.idle_timeout),
            log: Arc::new(Log::open(self.log)?),
            house: House::new(Some(usize::try_from(self.max_sessions)?)),
            stop: Stop::new()?,
        })
    }

    /// An error: an option that would have no effect, since another forbids all that it is for.
    fn ensure_used(&self) -> Result<()> {
        let passive = [
            ("--passive-ports", self.passive_ports.is_some()),
            ("--passive-address", self.passive_address.is_some()),
            ("--passive-host peer", self.passive_host == PassiveHost::Peer),
        ];
        let active =
            [("--active-ports", self.active_ports.is_some()), ("--external-address", self.external_address.is_some())];
        let (only, others) = match self.only {
            Some(Kind::Passive) => ("passive", &active[..]),
            Some(Kind::Active) => ("active", &passive[..]),
            None => ("", &[][..]),
        };
        for (option, is_given) in others {
            ensure!(!is_given, "{option} has no effect with --only {only}");
        }
        // Where it listens for sessions; towards the server it may have another address.
        let own = self.listen.port();
        ensure!(
            self.passive_ports != Some(own..=own),
            "--passive-ports: the proxy itself listens at port {own}, so none would be left"
        );
        Ok(())
    }
}

/// Whether it can be one host's.
fn is_of_a_host(address: IpAddr) -> bool {
    !address.is_unspecified() && !address.is_multicast() && address != IpAddr::V4(Ipv4Addr::BROADCAST)
}

fn upstream(text: &str) -> Result<Upstream, String> {
    if text == "redirected" {
        if !cfg!(target_os = "linux") {
            return Err("only on Linux the proxy can tell where a client wanted to go".into());
        }
        return Ok(Upstream::Redirected);
    }
    let wrong = || "it must be HOST, HOST:PORT, or redirected".to_owned();
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    if is_address(bare) {
        return Ok(Upstream::Named(bare.into(), CONTROL_PORT));
    }
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) => (host, port.parse().ok().filter(|port| *port > 0).ok_or_else(wrong)?),
        None => (text, CONTROL_PORT),
    };
    let bracketed = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    match bracketed {
        Some(host) if is_address(host) => Ok(Upstream::Named(host.into(), port)),
        None if !host.is_empty() && !host.contains([':', '[', ']', '/', '@']) => Ok(Upstream::Named(host.into(), port)),
        _ => Err(wrong()),
    }
}

/// Whether it is an address, with a link behind it or without.
fn is_address(text: &str) -> bool {
    let is_link = |link: &str| !link.is_empty() && !link.contains(['[', ']', ':']);
    let has_link = |(host, link): (&str, &str)| host.parse::<Ipv6Addr>().is_ok() && is_link(link);
    text.parse::<IpAddr>().is_ok() || text.split_once('%').is_some_and(has_link)
}

/// An address to listen at. That of an IPv6 link may name it as people do (RFC 4007 11).
fn place(text: &str) -> Result<SocketAddr, String> {
    if let Ok(address) = text.parse() {
        return Ok(address);
    }
    let wrong = || "it must be ADDRESS:PORT, such as 0.0.0.0:21, [::]:21 or [fe80::1%eth0]:21".to_owned();
    let (host, port) = text.strip_prefix('[').and_then(|text| text.split_once("]:")).ok_or_else(wrong)?;
    let port: u16 = port.parse().map_err(|_| wrong())?;
    if !is_address(host) {
        return Err(wrong());
    }
    // Only the system knows the links' names.
    let found = (host, port).to_socket_addrs().ok().and_then(|mut found| found.next());
    found.ok_or_else(|| "this host has no such link".into())
}

fn ports(text: &str) -> Result<RangeInclusive<u16>, String> {
    let range = text.split_once('-').and_then(|(first, last)| Some(first.parse().ok()?..=last.parse().ok()?));
    range
        .filter(|range| !range.is_empty() && *range.start() > 0)
        .ok_or_else(|| "it must be A-B, such as 50000-50099".into())
}
