//! The table of routes and how each ended, printed row by row.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::time::Duration;

use ftp_proto::{Attempt, AttemptEnd, DataError, Route, TlsError};
use rustls::ProtocolVersion;

use super::report::{Hue, Paint, WIDTH, wrapped};

/// The host that the data connection goes to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Host {
    /// The control connection's.
    Control,
    /// The one that a 227 names, if it is a different one.
    Advertised,
    /// This one: the server connects.
    Here,
}

/// The kind of session.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Via {
    Plain,
    Tls {
        /// `None`: either.
        version: Option<ProtocolVersion>,
        resume: bool,
    },
}

/// One row: a route over one kind of session, with how each attempt ended.
pub struct Row {
    pub route: Route,
    pub host: Host,
    pub via: Via,
    pub attempts: Vec<Attempt>,
}

/// A result as it is printed.
pub struct Shown {
    pub text: String,
    hue: Hue,
}

pub struct Table<W> {
    out: W,
    paint: Paint,
    results: usize,
    column: usize,
    /// The columns' names stand above the first row of each address.
    names_due: bool,
}

impl Host {
    pub fn name(self) -> &'static str {
        match self {
            Self::Control => "server",
            Self::Advertised => "named host",
            Self::Here => "here",
        }
    }
}

impl Via {
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "no TLS",
            Self::Tls { version, resume } => match (version, resume) {
                (Some(ProtocolVersion::TLSv1_2), true) => "TLS 1.2, resumed",
                (Some(ProtocolVersion::TLSv1_2), false) => "TLS 1.2, new session",
                (Some(ProtocolVersion::TLSv1_3), true) => "TLS 1.3, resumed",
                (Some(ProtocolVersion::TLSv1_3), false) => "TLS 1.3, new session",
                (_, true) => "TLS, resumed",
                (_, false) => "TLS, new session",
            },
        }
    }
}

impl Row {
    pub fn new(route: Route, host: Host, via: Via, attempts: Vec<Attempt>) -> Self {
        Self { route, host, via, attempts }
    }

    /// Whether each attempt has worked.
    pub fn works(&self) -> bool {
        !self.attempts.is_empty() && self.attempts.iter().all(Attempt::is_success)
    }
}

impl Shown {
    pub fn good(text: &str) -> Self {
        Self { text: text.into(), hue: Hue::Good }
    }

    pub fn bad(text: &str) -> Self {
        Self { text: text.into(), hue: Hue::Bad }
    }

    pub fn skipped(text: &str) -> Self {
        Self { text: text.into(), hue: Hue::Dim }
    }

    pub fn of(attempt: &Attempt) -> Self {
        let seconds = (attempt.took + Duration::from_millis(500)).as_secs();
        match attempt.end {
            AttemptEnd::Connected => Self::good("works"),
            AttemptEnd::NotDialled => Self::skipped("not dialled"),
            AttemptEnd::Refused(code) => Self::bad(&format!("{code}")),
            AttemptEnd::Unexpected(code) => Self::bad(&format!("odd {code}")),
            AttemptEnd::Unreadable => Self::bad("no address"),
            AttemptEnd::Failed(DataError::Refused) => Self::bad("refused"),
            AttemptEnd::Failed(DataError::TimedOut) if !attempt.route.is_passive() => {
                Self::bad(&format!("nobody came ({seconds} s)"))
            }
            AttemptEnd::Failed(DataError::TimedOut) => Self::bad(&format!("timeout ({seconds} s)")),
            AttemptEnd::Failed(DataError::Unreachable) => Self::bad("unreachable"),
            AttemptEnd::Failed(DataError::Tls(TlsError::Certificate)) => Self::bad("TLS: certificate"),
            AttemptEnd::Failed(DataError::Tls(_)) => Self::bad("TLS failed"),
            AttemptEnd::Failed(DataError::NoPort) => Self::bad("no port here"),
            AttemptEnd::Failed(_) => Self::bad("failed here"),
            AttemptEnd::ServerFailed(code) => Self::bad(&format!("{code}")),
            AttemptEnd::Stranger(_) => Self::bad("a stranger"),
            AttemptEnd::Stalled => Self::bad("stalled"),
            AttemptEnd::CutShort => Self::bad("cut short"),
            AttemptEnd::ControlLost => Self::bad("session lost"),
            _ => Self::bad("failed"),
        }
    }
}

impl<W: Write> Table<W> {
    pub fn new(out: W, paint: Paint) -> Self {
        Self { out, paint, results: 0, column: 0, names_due: true }
    }

    /// The address that the rows are about.
    pub fn heading(&mut self, address: SocketAddr) -> io::Result<()> {
        let text = self.paint.hue(Hue::Bold, &format!("Control connection to {address}"));
        writeln!(self.out, "{text}")?;
        self.names_due = true;
        self.out.flush()
    }

    /// A line of text, wrapped.
    pub fn line(&mut self, text: &str) -> io::Result<()> {
        for line in wrapped(text, "  ", "  ") {
            writeln!(self.out, "{line}")?;
        }
        self.out.flush()
    }

    fn columns(&mut self) -> io::Result<()> {
        let row = format!(
            "  {:5}  {:4}  {:10}  {:20}  {}",
            "route", "over", "data with", "protection", "each of two attempts"
        );
        writeln!(self.out, "\n{}", self.paint.hue(Hue::Dim, &row))
    }

    pub fn begin(&mut self, route: Route, host: Host, via: Via, is_v6: bool) -> io::Result<()> {
        let family = if is_v6 { "IPv6" } else { "IPv4" };
        let row = format!("  {:5}  {family}  {:10}  {:20}  ", route.word(), host.name(), via.name());
        if std::mem::take(&mut self.names_due) {
            self.columns()?;
        }
        (self.results, self.column) = (0, row.len());
        write!(self.out, "{row}")?;
        self.out.flush()
    }

    pub fn result(&mut self, shown: Shown) -> io::Result<()> {
        let separator = if self.results == 0 { "" } else { ", " };
        // Codes and times are short; what isn't has a line of its own.
        if self.column + separator.len() + shown.text.len() > WIDTH {
            let indent = 6;
            write!(self.out, "{}\n{:indent$}", separator.trim_end(), "")?;
            self.column = indent;
        } else {
            write!(self.out, "{separator}")?;
            self.column += separator.len();
        }
        self.column += shown.text.len();
        self.results += 1;
        write!(self.out, "{}", self.paint.hue(shown.hue, &shown.text))?;
        self.out.flush()
    }

    pub fn end(&mut self) -> io::Result<()> {
        writeln!(self.out)?;
        self.out.flush()
    }
}
