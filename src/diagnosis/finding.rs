//! Findings: what the evidence points to.

use core::fmt;
use core::net::IpAddr;

use super::cause::{Cause, Causes};
use super::cure::{self, Actor, Cure};
use super::fact::Fact;
use super::few::Few;
use crate::route::Software;

/// What [`diagnose`](super::diagnose) has found, the likeliest first, at most eight.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(transparent))]
pub struct Findings {
    list: Few<Finding, 8>,
}

/// One thing that is wrong: the causes that the evidence can't tell apart, the facts that support them, and the cures.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Finding {
    pub(super) causes: Few<Cause, 8>,
    pub(super) supports: Few<Fact, 6>,
    pub(super) against: Few<Fact, 4>,
    pub(super) tells_apart: Option<Experiment>,
    pub(super) known: Known,
    /// The smaller, the earlier it is shown.
    pub(super) rank: u8,
}

/// What the cures depend on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default))]
pub(super) struct Known {
    pub(super) software: Software,
    /// The address at which clients reach the server.
    pub(super) public: Option<IpAddr>,
    /// The passive range that is configured.
    pub(super) ports: Option<(u16, u16)>,
    /// How many sessions may exist at once.
    pub(super) sessions: Option<u32>,
}

/// Shows a [`Finding`] in one line; made by [`Finding::line`].
#[derive(Debug, Clone, Copy)]
pub struct Line<'f>(&'f Finding);

/// A further attempt that would tell the causes of a finding apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Experiment {
    /// Dial the address that the server advertises.
    DialAdvertised,
    /// Dial the advertised port at the host that the control connection reaches.
    DialControlHost,
    /// Try this route, too.
    TryRoute(crate::Route),
    /// Try the same again, so that the server names another port.
    AnotherPort,
    /// Try the same under TLS.
    WithTls,
    /// Try the same with PROT P in force.
    WithProtection,
    /// Try the same without TLS.
    WithoutTls,
    /// Try the same over TLS 1.2.
    OverTls12,
    /// Try the same with the TLS session resumed.
    Resume,
    /// Try the same from another network.
    AnotherNetwork,
    /// Try a passive transfer from here with another server.
    AnotherServer,
    /// Check in the server's log, or on its host, whether the connection arrives.
    ServersLog,
    /// Check on which port the server listened.
    ServersPort,
}

impl Findings {
    pub(super) fn push(&mut self, finding: Finding) {
        self.list.push(finding);
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Finding> {
        self.list.iter_mut()
    }

    pub(super) fn set_known(&mut self, known: Known) {
        self.iter_mut().for_each(|finding| finding.known = known);
    }

    pub(super) fn rank(&mut self) {
        self.list.sort_by_key(|finding| finding.rank);
    }

    /// The likeliest finding; `None` if the evidence shows no fault.
    pub fn first(&self) -> Option<&Finding> {
        self.iter().next()
    }

    /// The findings, the likeliest first.
    pub fn iter(&self) -> impl Iterator<Item = &Finding> {
        self.list.iter()
    }

    /// How many findings there are.
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.first().is_none()
    }
}

impl Finding {
    /// The causes that the evidence can't tell apart, the likeliest first.
    pub fn causes(&self) -> impl Iterator<Item = Cause> {
        self.causes.iter().copied()
    }

    /// The causes as a set.
    pub fn cause_set(&self) -> Causes {
        let mut set = Causes::NONE;
        self.causes().for_each(|cause| set.insert(cause));
        set
    }

    /// The facts that support it, at least one.
    pub fn supports(&self) -> impl Iterator<Item = &Fact> {
        self.supports.iter()
    }

    /// The facts that speak against it.
    pub fn against(&self) -> impl Iterator<Item = &Fact> {
        self.against.iter()
    }

    /// The cures of each cause: first the user's, then the server administrator's, then the firewall administrator's.
    pub fn cures(&self) -> impl Iterator<Item = Cure> {
        cure::of(self)
    }

    /// The cures without repetition: of several with the same advice or the same lines only the first; and if one advice begins with
    /// another, only the longer one.
    pub fn advice(&self) -> impl Iterator<Item = Cure> {
        self.cures().enumerate().filter(move |(place, cure)| !self.is_said_else(*place, cure)).map(|(_, cure)| cure)
    }

    fn is_said_else(&self, place: usize, cure: &Cure) -> bool {
        let mut others = self.cures().enumerate().filter(|(_, other)| other.actor() == cure.actor());
        // If each makes the other redundant, the first one stays.
        others.any(|(at, other)| at != place && cure.is_said_by(&other) && (at < place || !other.is_said_by(cure)))
    }

    /// A further attempt that would tell the causes apart; `None` if there is only one cause, or no attempt would tell.
    pub fn tells_apart(&self) -> Option<Experiment> {
        self.tells_apart
    }

    /// Shows the finding in one line, for a log.
    ///
    /// ```
    /// # use ftp_proto::{Attempt, AttemptEnd, DataError, Evidence, Route, Side, Software, diagnosis::diagnose};
    /// let inside = "10.0.0.5:50000".parse()?;
    /// let attempt = Attempt::new(Route::Pasv, AttemptEnd::Failed(DataError::TimedOut)).advertised(inside);
    /// let evidence = Evidence::seen_by(Side::Server)
    ///     .client("198.51.100.9:40000".parse()?)
    ///     .software(Software::FtpServer)
    ///     .attempt(attempt);
    /// let line = diagnose(&evidence).first().unwrap().line().to_string();
    /// assert!(line.starts_with("private-address-advertised: The server announces its address inside a private network"), "{line}");
    /// assert!(line.contains("pasv_address=<public address>"), "{line}");
    /// # Ok::<(), core::net::AddrParseError>(())
    /// ```
    pub fn line(&self) -> Line<'_> {
        Line(self)
    }

    /// The server software whose settings the cures use.
    pub fn software(&self) -> Software {
        self.known.software
    }
}

impl fmt::Display for Experiment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DialAdvertised => "dial the address that the server names",
            Self::DialControlHost => "dial the named port at the host of the control connection",
            Self::TryRoute(route) => return write!(f, "try {} as well", route.word()),
            Self::AnotherPort => "try once more, so that the server names another port",
            Self::WithTls => "try the same under TLS",
            Self::WithProtection => "try the same with PBSZ 0 and PROT P",
            Self::WithoutTls => "try the same without TLS",
            Self::OverTls12 => "try the same over TLS 1.2",
            Self::Resume => "try the same with the TLS session resumed",
            Self::AnotherNetwork => "try the same from another network",
            Self::AnotherServer => "try passive mode with another server",
            Self::ServersLog => "check on the server whether the connection arrives",
            Self::ServersPort => "check on which port the server listens",
        })
    }
}

/// The causes with their identifiers, the facts that support them, and the cures for the administrators.
impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(finding) = self;
        for (place, cause) in finding.causes().enumerate() {
            write!(f, "{}{}: {cause}", if place == 0 { "" } else { " Or " }, cause.id())?;
        }
        for (place, fact) in finding.supports().enumerate() {
            write!(f, "{}{fact}", if place == 0 { " Seen: " } else { "; " })?;
        }
        f.write_str(".")?;
        for cure in finding.advice().filter(|cure| cure.actor() != Actor::User) {
            write!(f, " {cure}")?;
            for (place, setting) in cure.settings().enumerate() {
                write!(f, "{}{setting}", if place == 0 { " (" } else { ", " })?;
            }
            if cure.settings().next().is_some() {
                f.write_str(")")?;
            }
        }
        Ok(())
    }
}

/// A paragraph of several lines: the causes, the facts, the cures, and the further attempt.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, cause) in self.causes().enumerate() {
            writeln!(f, "{}{cause}", if place == 0 { "" } else { "or: " })?;
        }
        for (place, fact) in self.supports().enumerate() {
            writeln!(f, "  {} {fact}", if place == 0 { "because" } else { "and" })?;
        }
        for (place, fact) in self.against().enumerate() {
            writeln!(f, "  {} {fact}", if place == 0 { "although" } else { "and" })?;
        }
        for cure in self.advice() {
            writeln!(f, "  {}: {cure}", cure.actor())?;
            for setting in cure.settings() {
                writeln!(f, "    {setting}")?;
            }
        }
        match self.tells_apart() {
            Some(experiment) => writeln!(f, "  to tell: {experiment}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.iter().try_for_each(|finding| finding.fmt(f))
    }
}
