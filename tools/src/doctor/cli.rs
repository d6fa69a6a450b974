//! The command line of `ftp-doctor`.

use std::fs;
use std::io::{self, IsTerminal, Read, Write};
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Error, Result, bail, ensure};
use clap::{Args, Parser, Subcommand, ValueEnum};
use ftp_proto::diagnosis::{Experiment, Finding, Findings, diagnose};
use ftp_proto::{Attempt, Route, Side, Software};
use ftp_proto_doctor::config::{Gravity, Reading};
use ftp_proto_doctor::read::{Case, Log};
use serde_json::Value;

use super::json;
use super::probe::{self, Family, TlsWish, Wishes};
use super::report::{Paint, Report};
use super::table::Table;
use crate::client::url::Url;
use crate::config::file as server_config_file;
use crate::tls::client::Trust;
use crate::{one_line, printable};

/// All is well.
const WELL: u8 = 0;
/// There are findings.
const FINDINGS: u8 = 1;
/// There is no control connection.
const NO_CONTROL: u8 = 2;
/// The doctor could not do what it was asked to.
const UNABLE: u8 = 3;

/// Tells why FTP data connections fail, and what to do.
///
/// Tries each route to a data connection by itself, twice, without TLS and, if the server offers it, with TLS. Transfers only listings, and
/// connects to no address that the server names unless --dial-advertised is given.
///
/// Exit status: 0 no findings, 1 findings, 2 no control connection, 3 it couldn't be tried.
#[derive(Parser)]
#[command(name = "ftp-doctor", version, args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    probe: ProbeOptions,
}

#[derive(Subcommand)]
enum Command {
    /// Reads a log, and tells why data connections failed.
    ///
    /// The log may be of curl -v, lftp (debug), FileZilla, WinSCP, ftp (-d), ncftp, wget, Python's ftplib (set_debuglevel), ftp-client -v, vsftpd
    /// (log_ftp_protocol) and ProFTPD (TraceLog, SystemLog, ExtendedLog), or commands and replies as they were pasted.
    Read {
        /// The log, or `-` for standard input.
        file: PathBuf,
        /// The server's address, if the log doesn't tell it.
        #[arg(long, value_name = "IP")]
        server: Option<IpAddr>,
        /// The client's address, if the log doesn't tell it.
        #[arg(long, value_name = "IP")]
        client: Option<IpAddr>,
        #[command(flatten)]
        output: Output,
    },
    /// Reads a server's configuration file, and tells what will fail from outside, and what is unsafe.
    Config {
        /// The file, or `-` for standard input.
        file: PathBuf,
        /// The server that the file is for; by default that is found from the file.
        #[arg(long, value_enum)]
        server: Option<Configured>,
        #[command(flatten)]
        output: Output,
    },
}

#[derive(Args)]
struct ProbeOptions {
    /// ftp://user:password@host:port, without a user for an anonymous login. ftps:// means --tls implicit.
    #[arg(required = true)]
    url: Option<std::ffi::OsString>,
    /// Which TLS to try; by default first none, then AUTH TLS if the server offers it.
    #[arg(long, value_enum, default_value_t = TlsWish::Auto)]
    tls: TlsWish,
    /// TLS: trusts only the certificates of this PEM file; by default those that the system trusts.
    #[arg(long, value_name = "FILE", conflicts_with = "insecure")]
    ca: Option<PathBuf>,
    /// TLS: trusts any certificate. This is the default for anonymous logins, which have no secret.
    #[arg(long)]
    insecure: bool,
    /// Uses only IPv4.
    #[arg(short = '4', long, conflicts_with = "ipv6")]
    ipv4: bool,
    /// Uses only IPv6.
    #[arg(short = '6', long)]
    ipv6: bool,
    /// Tries active mode, too: listens here, and lets the server connect.
    #[arg(long)]
    active: bool,
    /// Active mode: the ports to listen on.
    #[arg(long, value_name = "A-B", value_parser = ports, requires = "active")]
    active_ports: Option<RangeInclusive<u16>>,
    /// Active mode: the address to announce, if a NAT forwards the ports.
    #[arg(long, value_name = "IP", requires = "active")]
    external_address: Option<IpAddr>,
    /// Also connects to the address that a reply to PASV names, if it isn't the server's.
    #[arg(long)]
    dial_advertised: bool,
    /// How long to wait for a connection, and for the next byte over it.
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=600))]
    timeout: u64,
    /// Prints the dialogues on standard error.
    #[arg(short, long)]
    verbose: bool,
    #[command(flatten)]
    output: Output,
}

#[derive(Args)]
struct Output {
    /// Prints JSON.
    #[arg(long)]
    json: bool,
}

/// Whose configuration files are read.
#[derive(Clone, Copy, ValueEnum)]
enum Configured {
    Vsftpd,
    Proftpd,
    FtpServer,
}

/// The program.
pub fn main() -> ExitCode {
    let result = match Arguments::try_parse() {
        Err(error) if !error.use_stderr() => error.exit(),
        Err(error) => Err(Error::msg(one_line(&error))),
        Ok(Arguments { command: Some(Command::Read { file, server, client, output }), .. }) => {
            read(&file, server, client, &output)
        }
        Ok(Arguments { command: Some(Command::Config { file, server, output }), .. }) => config(&file, server, &output),
        Ok(Arguments { probe, .. }) => examine(&probe),
    };
    match result {
        Ok(exit) => exit.into(),
        // Who reads no more is content.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("ftp-doctor: {}", printable(format!("{error:#}").replace('\n', " / ").as_bytes()));
            UNABLE.into()
        }
    }
}

fn examine(options: &ProbeOptions) -> Result<u8> {
    let text = options.url.as_ref().context("it needs a URL")?;
    // Who names a host alone means FTP.
    let has_scheme = text.as_encoded_bytes().windows(3).any(|three| three == b"://");
    let scheme = if has_scheme { &b""[..] } else { b"ftp://" };
    let url = Url::parse(&[scheme, text.as_encoded_bytes()].concat())?;
    let implicit = options.tls == TlsWish::Implicit || url.is_secure;
    ensure!(!url.is_secure || matches!(options.tls, TlsWish::Auto | TlsWish::Implicit), "ftps:// means --tls implicit");
    let is_anonymous = matches!(url.user.as_bytes(), b"anonymous" | b"ftp");
    let wishes = Wishes {
        tls: options.tls,
        trust: options.ca.as_deref().map_or(Trust::Platform, Trust::File),
        insecure: options.insecure || (is_anonymous && options.ca.is_none()),
        family: match (options.ipv4, options.ipv6) {
            (true, _) => Some(Family::V4),
            (_, true) => Some(Family::V6),
            _ => None,
        },
        active: options.active,
        active_ports: options.active_ports.clone().unwrap_or(0..=0),
        external_address: options.external_address,
        dial_advertised: options.dial_advertised,
        timeout: Duration::from_secs(options.timeout),
        verbose: options.verbose,
        url: &url,
    };
    let addresses = url.addresses(if implicit { 990 } else { 21 })?;
    let out = options.output.table();
    let paint = options.output.paint();
    let seen = probe::probe(&wishes, &addresses, &mut Table::new(out, paint))?;
    ensure!(!seen.addresses.is_empty(), "{}: no address of that family", url.host);
    let mut findings: Vec<(usize, Findings)> = Vec::new();
    for (place, examined) in seen.addresses.iter().enumerate() {
        let found = diagnose(&examined.evidence);
        let is_known = |(_, other): &(usize, Findings)| {
            other.iter().map(Finding::cause_set).eq(found.iter().map(Finding::cause_set))
        };
        if !found.is_empty() && !findings.iter().any(is_known) {
            findings.push((place, found));
        }
    }
    let has_troubles = seen.remarks.iter().any(|remark| remark.counts);
    let exit = match () {
        () if !seen.addresses.iter().any(probe::Examined::is_reached) => NO_CONTROL,
        () if has_troubles || !findings.is_empty() => FINDINGS,
        () => WELL,
    };
    if options.output.json {
        return show(&json::probe(&without_password(&url, &addresses), &seen, &findings, exit), exit);
    }
    let mut report = Report::new(io::stdout().lock(), paint);
    for (_, found) in &findings {
        report.findings(found, |finding| would_tell(finding, options))?;
    }
    report.remarks(&seen.remarks)?;
    if exit == WELL {
        report.space()?;
        report.text("All is well: what was tried works as it should.")?;
    }
    Ok(exit)
}

/// What this program can do by itself, in its own words.
fn would_tell(finding: &Finding, options: &ProbeOptions) -> Option<String> {
    match finding.tells_apart()? {
        Experiment::DialAdvertised if !options.dial_advertised => {
            Some("To tell which: --dial-advertised connects to the address that the server names.".into())
        }
        _ => None,
    }
}

/// Whom it was about. No password leaves the program.
fn without_password(url: &Url, addresses: &[SocketAddr]) -> String {
    let port = addresses.first().map_or(21, SocketAddr::port);
    let host = if url.host.contains(':') { format!("[{}]", url.host) } else { url.host.clone() };
    let scheme = if url.is_secure { "ftps" } else { "ftp" };
    format!("{scheme}://{}@{host}:{port}", printable(url.user.as_bytes()))
}

fn read(file: &Path, server: Option<IpAddr>, client: Option<IpAddr>, output: &Output) -> Result<u8> {
    let log = Log::read(&bytes(file)?);
    if log.dialogues().is_empty() {
        bail!("{}: no FTP dialogue in it", file.display());
    }
    let case = |mut case: Case| {
        let evidence = &mut case.evidence;
        evidence.server = evidence.server.or(server.map(|host| (host, 21).into()));
        evidence.client = evidence.client.or(client.map(|host| (host, 0).into()));
        let findings = diagnose(evidence);
        (case, findings)
    };
    let sessions: Vec<(Case, Findings)> = log.cases().into_iter().map(case).collect();
    let ill = sessions.iter().filter(|(_, findings)| !findings.is_empty()).count();
    let is_cut = sessions.iter().any(|(case, findings)| case.is_cut && findings.is_empty());
    let reached =
        sessions.iter().any(|(case, _)| !matches!(case.evidence.control, ftp_proto::ControlState::NotReached(_)));
    let exit = match (ill, reached) {
        (0, _) if !is_cut => WELL,
        (_, false) => NO_CONTROL,
        _ => FINDINGS,
    };
    if output.json {
        return show(&json::log(&log.program().to_string(), &sessions, exit), exit);
    }
    let mut report = Report::new(io::stdout().lock(), output.paint());
    let count = log.dialogues().len();
    let tried: usize = sessions.iter().map(|(case, _)| case.evidence.attempts.len()).sum();
    let plural = |count: usize, one: &str, many: &str| format!("{count} {}", if count == 1 { one } else { many });
    report.text(&format!(
        "A log of {}: {}, {}.",
        log.program(),
        plural(count, "session", "sessions"),
        plural(tried, "data connection", "data connections"),
    ))?;
    let mut told: Vec<Vec<_>> = Vec::new();
    for (Case { first, last, evidence, .. }, findings) in &sessions {
        let causes: Vec<_> = findings.iter().map(Finding::cause_set).collect();
        if causes.is_empty() || told.contains(&causes) {
            continue;
        }
        let same = sessions.iter().filter(|(_, other)| other.iter().map(Finding::cause_set).eq(causes.iter().copied()));
        let others = same.count() - 1;
        told.push(causes);
        report.space()?;
        let who = evidence
            .client
            .filter(|_| count > 1)
            .map_or_else(String::new, |client| format!(", client {}", client.ip()));
        let more = if others == 0 { String::new() } else { format!(" (and {others} more of the kind)") };
        report.text(&format!("Lines {first} to {last}{who}{more}:"))?;
        for attempt in evidence.attempts.iter().filter(|attempt| !attempt.is_success()).take(5) {
            report.item(&attempt.to_string())?;
        }
        report.findings(findings, |_| None)?;
    }
    if is_cut {
        report.space()?;
        report.text(
            "A data connection failed, and the log doesn't show how it was asked for: with the lines before it, from PASV, EPSV, \
             PORT or EPRT on, more can be said.",
        )?;
    }
    if server.is_none() && sessions.iter().any(wants_server) {
        report.space()?;
        report.text("The log doesn't tell the server's address; with --server IP more can be said.")?;
    }
    if ill == 0 && !is_cut {
        report.space()?;
        report.text("Nothing in it is wrong with a data connection, as far as it goes.")?;
    }
    Ok(exit)
}

/// A passive connection has failed, and whether it was dialled at the server's own host isn't known.
fn wants_server((case, findings): &(Case, Findings)) -> bool {
    let evidence = &case.evidence;
    let failed =
        |attempt: &Attempt| attempt.route == Route::Pasv && !attempt.is_success() && attempt.advertised.is_some();
    !findings.is_empty()
        && evidence.server.is_none()
        && evidence.side != Side::Server
        && evidence.attempts.iter().any(failed)
}

fn config(file: &Path, server: Option<Configured>, output: &Output) -> Result<u8> {
    let server = server.map(|server| match server {
        Configured::Vsftpd => Software::Vsftpd,
        Configured::Proftpd => Software::ProFtpd,
        Configured::FtpServer => Software::FtpServer,
    });
    // What standard input includes stands nobody knows where.
    let reading = if file == Path::new("-") {
        Reading::of(&String::from_utf8_lossy(&bytes(file)?), server)
    } else {
        Reading::of_file(file, server).with_context(|| format!("{}", file.display()))?
    };
    // Our own server says itself what it doesn't take.
    let refusal = match reading.server() {
        Software::FtpServer if file != Path::new("-") => server_config_file::read(file).err(),
        _ => None,
    };
    let is_grave = reading.concerns().iter().any(|concern| concern.gravity() != Gravity::Note);
    let exit = if is_grave || refusal.is_some() { FINDINGS } else { WELL };
    let name = file.display().to_string();
    if output.json {
        let mut value = json::config(&name, &reading, exit);
        if let (Some(refusal), Value::Object(value)) = (&refusal, &mut value) {
            value.insert("refusal".into(), format!("{refusal:#}").into());
        }
        return show(&value, exit);
    }
    let mut report = Report::new(io::stdout().lock(), output.paint());
    report.text(&match reading.included() {
        [] => format!("A configuration file of {}.", reading.server()),
        files => format!("A configuration file of {}, with {}.", reading.server(), files.join(", ")),
    })?;
    if let Some(refusal) = refusal {
        report.text(&format!("The server doesn't start with it: {refusal:#}"))?;
    }
    report.reading(&name, &reading)?;
    if reading.concerns().is_empty() {
        report.text("Nothing in it is wrong with data connections or TLS.")?;
    }
    Ok(exit)
}

fn bytes(file: &Path) -> Result<Vec<u8>> {
    if file == Path::new("-") {
        let mut bytes = Vec::new();
        io::stdin().lock().read_to_end(&mut bytes).context("standard input")?;
        return Ok(bytes);
    }
    fs::read(file).with_context(|| format!("{}", file.display()))
}

fn show(value: &Value, exit: u8) -> Result<u8> {
    let mut out = io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, value)?;
    writeln!(out)?;
    Ok(exit)
}

impl Output {
    fn paint(&self) -> Paint {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Paint(!self.json && wanted && io::stdout().is_terminal())
    }

    /// The table goes to standard output; where JSON goes there, nowhere.
    fn table(&self) -> Box<dyn Write> {
        if self.json { Box::new(io::sink()) } else { Box::new(io::stdout()) }
    }
}

fn is_broken_pipe(error: &Error) -> bool {
    error
        .chain()
        .any(|cause| cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe))
}

fn ports(text: &str) -> Result<RangeInclusive<u16>, String> {
    let range = text.split_once('-').and_then(|(first, last)| Some(first.parse().ok()?..=last.parse().ok()?));
    range
        .filter(|range| !range.is_empty() && *range.start() > 0)
        .ok_or_else(|| "it must be A-B, such as 50000-50099".into())
}
