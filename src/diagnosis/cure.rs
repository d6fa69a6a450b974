//! Cures: what each person can do, and with which lines of the server's configuration.

use core::fmt;
use core::net::IpAddr;

use super::cause::Cause;
use super::finding::{Finding, Known};
use super::remedies::{REMEDIES, Remedy};
use super::words::{Given, Line};
use crate::route::Software;

/// The passive range that is proposed if none is configured: below the ports that systems assign by themselves, and within those that a
/// Kubernetes node publishes.
const PROPOSED: (u16, u16) = (30000, 30099);

/// Who can carry out a cure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Actor {
    /// The client's user.
    User,
    /// The administrator of the server.
    ServerAdministrator,
    /// The administrator of the firewall, the router or the cluster in between.
    FirewallAdministrator,
}

/// What one [`Actor`] can do about one cause. `Display` shows a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cure {
    pub(super) remedy: &'static Remedy,
    pub(super) known: Known,
}

/// One line of a configuration. `Display` shows the line in the syntax of the software that it is for.
///
/// ```
/// # use ftp_proto::{Attempt, AttemptEnd, DataError, Evidence, Route, Side, Software, diagnosis::diagnose};
/// let inside = "10.0.0.5:50000".parse()?;
/// let attempt = Attempt::new(Route::Pasv, AttemptEnd::Failed(DataError::TimedOut)).advertised(inside).reached(inside);
/// let evidence = Evidence::seen_by(Side::Client).server("203.0.113.7:21".parse()?).software(Software::Vsftpd).attempt(attempt);
/// let findings = diagnose(&evidence);
/// let lines: Vec<_> = findings.first().unwrap().cures().flat_map(|cure| cure.settings()).map(|line| line.to_string()).collect();
/// assert!(lines.contains(&"pasv_address=203.0.113.7".to_owned()), "{lines:?}");
/// # Ok::<(), core::net::AddrParseError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Setting {
    key: &'static str,
    value: Value,
    syntax: Syntax,
}

/// What a [`Setting`] sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Value {
    /// The key stands alone.
    Nothing,
    /// This word.
    Word(&'static str),
    /// The address at which clients reach the server; `None` if it isn't known, so that the reader has to fill it in.
    PublicAddress(Option<IpAddr>),
    /// A port.
    Port(u16),
    /// The first and the last port of a range.
    Ports(u16, u16),
}

/// How a line is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Syntax {
    /// `key=value`: vsftpd, and this crate's server.
    Equals,
    /// `Key value`: ProFTPD.
    Directive,
    /// `-k value`: Pure-FTPd's command line.
    Option,
    /// `Page > field: value`: programs with a graphical interface.
    Field,
    /// `key = "value"`: pyftpdlib.
    Python,
    /// `.key("value")`: libunftp.
    Rust,
    /// A command; `{}` is the value's place.
    Command,
}

/// Each cure of each cause of a finding.
pub(super) fn of(finding: &Finding) -> impl Iterator<Item = Cure> {
    let known = finding.known;
    let actors = [Actor::User, Actor::ServerAdministrator, Actor::FirewallAdministrator];
    actors.into_iter().flat_map(move |actor| {
        let is_meant = move |remedy: &&'static Remedy| is_of(remedy.only, known.software);
        let remedies = finding.causes().flat_map(move |cause| remedies(cause, actor)).filter(is_meant);
        remedies.map(move |remedy| Cure { remedy, known })
    })
}

fn remedies(cause: Cause, actor: Actor) -> impl Iterator<Item = &'static Remedy> {
    REMEDIES.iter().filter(move |remedy| remedy.cause == cause && remedy.actor == actor)
}

impl Cure {
    /// The cause that it is for.
    pub fn cause(&self) -> Cause {
        self.remedy.cause
    }

    /// Who can do it.
    pub fn actor(&self) -> Actor {
        self.remedy.actor
    }

    /// The server software whose settings it uses.
    pub fn software(&self) -> Software {
        self.known.software
    }

    /// Whether the other cure makes this one redundant: it has the same lines, or its sentence begins with this one's.
    pub(super) fn is_said_by(&self, other: &Self) -> bool {
        let (one, another) = (self.remedy, other.remedy);
        let writes_the_same = !one.lines.is_empty() && one.lines == another.lines;
        another.advice.starts_with(one.advice.trim_end_matches('.'))
            || (writes_the_same && range(one.cause, self.known) == range(another.cause, other.known))
    }

    /// The lines to write into the configuration of the recognised server; none if it wasn't recognised, or if no setting helps.
    pub fn settings(&self) -> impl Iterator<Item = Setting> + use<> {
        self.settings_of(self.known.software)
    }

    /// The lines to write into the configuration of this server software, for an application that knows which one it is.
    ///
    /// ```
    /// # use ftp_proto::{Attempt, AttemptEnd, DataError, Evidence, Route, Side, Software, diagnosis::diagnose};
    /// let inside = "10.0.0.5:50000".parse()?;
    /// let attempt = Attempt::new(Route::Pasv, AttemptEnd::Failed(DataError::TimedOut)).advertised(inside).reached(inside);
    /// let evidence = Evidence::seen_by(Side::Client).server("203.0.113.7:21".parse()?).attempt(attempt);
    /// let findings = diagnose(&evidence);
    /// let cures = || findings.first().unwrap().cures();
    /// assert!(cures().all(|cure| cure.settings().next().is_none()), "the server wasn't recognised");
    /// let lines: Vec<_> = cures().flat_map(|cure| cure.settings_of(Software::PureFtpd)).map(|line| line.to_string()).collect();
    /// assert_eq!(lines, ["-P 203.0.113.7"]);
    /// # Ok::<(), core::net::AddrParseError>(())
    /// ```
    pub fn settings_of(&self, software: Software) -> impl Iterator<Item = Setting> + use<> {
        let known = self.known;
        let lines = self.remedy.lines.iter().filter(move |(whose, _)| is_of(whose, software));
        let ports = range(self.remedy.cause, known);
        lines.flat_map(move |(whose, lines)| {
            let syntax = if whose.is_empty() { Syntax::Command } else { Syntax::of(software) };
            lines.iter().map(move |line| setting(*line, syntax, known.public, ports))
        })
    }
}

/// Whether a row is for this software. A row that names none is for all.
fn is_of(whose: &[Software], software: Software) -> bool {
    whose.is_empty() || whose.contains(&software)
}

fn setting(line: Line, syntax: Syntax, public: Option<IpAddr>, (first, last): (u16, u16)) -> Setting {
    let value = match line.given {
        Given::Nothing => Value::Nothing,
        Given::Word(word) => Value::Word(word),
        Given::Address => Value::PublicAddress(public),
        Given::First => Value::Port(first),
        Given::Last => Value::Port(last),
        Given::Ports => Value::Ports(first, last),
    };
    Setting { key: line.key, value, syntax }
}

/// The configured range in the right order, unless it is the fault; otherwise the proposed one.
fn range(cause: Cause, known: Known) -> (u16, u16) {
    let configured = known.ports.filter(|(first, last)| *first != 0 && *last != 0);
    match (cause, configured) {
        (Cause::RangeExhausted, configured) => {
            let (first, last) = configured.unwrap_or(PROPOSED);
            let (first, last) = (first.min(last), first.max(last));
            let width = u32::from(last.saturating_sub(first)).saturating_add(1);
            // A port stays in use for a while after its transfer, and Pure-FTPd needs two for each session.
            let wanted = width.saturating_mul(4).max(known.sessions.unwrap_or(0).saturating_mul(4));
            let last = u32::from(first).saturating_add(wanted.saturating_sub(1));
            (first, u16::try_from(last).unwrap_or(u16::MAX))
        }
        (Cause::PortTakenByAlg, _) | (_, None) => PROPOSED,
        (_, Some((first, last))) => (first.min(last), first.max(last)),
    }
}

impl Syntax {
    /// The syntax of this software's configuration.
    const fn of(software: Software) -> Self {
        match software {
            Software::Vsftpd | Software::FtpServer => Self::Equals,
            Software::ProFtpd => Self::Directive,
            Software::PureFtpd => Self::Option,
            Software::Pyftpdlib => Self::Python,
            Software::Libunftp => Self::Rust,
            _ => Self::Field,
        }
    }
}

impl Setting {
    /// The key in a configuration file, the option, or the page and field of a graphical interface. For a command, the whole command,
    /// with `{}` in place of the value.
    pub const fn key(&self) -> &'static str {
        self.key
    }

    /// The value to set.
    pub const fn value(&self) -> Value {
        self.value
    }

    /// Whether it is a command to run instead of a line to write.
    pub const fn is_command(&self) -> bool {
        matches!(self.syntax, Syntax::Command)
    }

    /// Whether its key is a page and field of a graphical interface.
    pub const fn is_field(&self) -> bool {
        matches!(self.syntax, Syntax::Field)
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::User => "user",
            Self::ServerAdministrator => "server's administrator",
            Self::FirewallAdministrator => "firewall's administrator",
        })
    }
}

impl fmt::Display for Cure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.remedy.advice)
    }
}

/// Serializes as cause, actor, advice and settings. There is no `Deserialize`: a cure is made from tables of this crate, through a
/// [`Finding`].
#[cfg(feature = "serde")]
impl serde::Serialize for Cure {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct as _;
        let mut fields = serializer.serialize_struct("Cure", 4)?;
        fields.serialize_field("cause", &self.cause())?;
        fields.serialize_field("actor", &self.actor())?;
        fields.serialize_field("advice", self.remedy.advice)?;
        fields.serialize_field("settings", &alloc::vec::Vec::from_iter(self.settings()))?;
        fields.end()
    }
}

/// Serializes as the line.
#[cfg(feature = "serde")]
impl serde::Serialize for Setting {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, value, syntax } = self;
        if *syntax == Syntax::Command {
            return command(f, key, *value);
        }
        f.write_str(key)?;
        if *value == Value::Nothing {
            return Ok(());
        }
        let (before, after) = match syntax {
            Syntax::Equals => ("=", ""),
            Syntax::Directive | Syntax::Option => (" ", ""),
            Syntax::Command => ("", ""),
            Syntax::Field => (": ", ""),
            Syntax::Python => (" = ", ""),
            Syntax::Rust => ("(", ")"),
        };
        f.write_str(before)?;
        match (*value, syntax) {
            (Value::Nothing, _) => {}
            (Value::Word(word), _) => f.write_str(word)?,
            (Value::Port(port), _) => write!(f, "{port}")?,
            (Value::PublicAddress(Some(address)), Syntax::Python | Syntax::Rust) => write!(f, "\"{address}\"")?,
            (Value::PublicAddress(Some(address)), _) => write!(f, "{address}")?,
            (Value::PublicAddress(None), Syntax::Python | Syntax::Rust) => f.write_str("\"<public address>\"")?,
            (Value::PublicAddress(None), _) => f.write_str("<public address>")?,
            (Value::Ports(first, last), Syntax::Directive) => write!(f, "{first} {last}")?,
            (Value::Ports(first, last), Syntax::Option) => write!(f, "{first}:{last}")?,
            (Value::Ports(first, last), Syntax::Python) => {
                write!(f, "range({first}, {})", u32::from(last).saturating_add(1))?
            }
            (Value::Ports(first, last), Syntax::Rust) => write!(f, "{first}..={last}")?,
            (Value::Ports(first, last), _) => write!(f, "{first}-{last}")?,
        }
        f.write_str(after)
    }
}

fn command(f: &mut fmt::Formatter<'_>, command: &str, value: Value) -> fmt::Result {
    for (place, part) in command.split("{}").enumerate() {
        match value {
            Value::Ports(first, last) if place > 0 => write!(f, "{first}-{last}")?,
            Value::Port(port) if place > 0 => write!(f, "{port}")?,
            _ => {}
        }
        f.write_str(part)?;
    }
    Ok(())
}
