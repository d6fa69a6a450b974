//! TLS on the control connection: when it begins and ends (RFC 4217). The handshake and the encryption are the adapter's.
//!
//! Between the `234` and the answer to [`StartTls`] nothing is written, and no byte may have been received: what an attacker injects
//! before the handshake would otherwise be taken for the peer's words inside TLS (CVE-2011-0411, CVE-2021-22947).

use core::fmt;

use crate::time::Instant;

/// Why TLS could not begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum TlsError {
    /// The peer's certificate isn't trusted, or is for another host.
    Certificate,
    /// The handshake failed.
    Handshake,
    /// The handshake took too long.
    TimedOut,
    /// The data connection did not resume the TLS session of the control connection, as it has to.
    NotResumed,
    /// The adapter has no TLS.
    Unavailable,
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Certificate => "the certificate is not trusted",
            Self::Handshake => "the TLS handshake failed",
            Self::TimedOut => "the TLS handshake took too long",
            Self::NotResumed => "the data connection did not resume the control connection's TLS session",
            Self::Unavailable => "no TLS here",
        })
    }
}

impl core::error::Error for TlsError {}

/// The state of TLS on the control connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tls {
    Off,
    /// `StartTls` is open.
    Starting {
        deadline: Instant,
    },
    On,
    /// `StopTls` is open.
    Stopping {
        deadline: Instant,
    },
    Failed(TlsError),
}

/// The open question about TLS.
#[must_use]
pub(crate) enum Turn<'a> {
    Start(StartTls<'a>),
    Stop(StopTls<'a>),
}

impl Tls {
    /// The open question, if there is one.
    pub(crate) fn turn(&mut self) -> Option<Turn<'_>> {
        match *self {
            Self::Starting { deadline } => Some(Turn::Start(StartTls { tls: self, deadline })),
            Self::Stopping { deadline } => Some(Turn::Stop(StopTls { tls: self, deadline })),
            Self::Off | Self::On | Self::Failed(_) => None,
        }
    }
}

/// Begin TLS on the control connection: a client as the TLS client, a server as the TLS server. From now on the control connection must not
/// be read or written as plaintext.
///
/// ```
/// use ftp_proto::{StartTls, TlsError};
/// fn start(start: StartTls<'_>, handshake: impl FnOnce() -> Result<(), TlsError>) {
///     match handshake() {
///         Ok(()) => start.started(),
///         Err(why) => start.failed(why),
///     }
/// }
/// ```
#[must_use]
#[derive(Debug)]
pub struct StartTls<'a> {
    tls: &'a mut Tls,
    deadline: Instant,
}

impl StartTls<'_> {
    /// When to give up. A poll at that moment or later ends the session.
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Answers that the handshake is done. A client has checked the server's certificate.
    pub fn started(self) {
        *self.tls = Tls::On;
    }

    /// Answers that TLS could not begin. The session ends.
    pub fn failed(self, why: TlsError) {
        *self.tls = Tls::Failed(why);
    }
}

/// End TLS on the control connection after CCC or REIN (close_notify both ways), and go on in plaintext.
#[must_use]
#[derive(Debug)]
pub struct StopTls<'a> {
    tls: &'a mut Tls,
    deadline: Instant,
}

impl StopTls<'_> {
    /// When to give up. A poll at that moment or later ends the session.
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Answers that TLS has ended, and the connection is still open.
    pub fn stopped(self) {
        *self.tls = Tls::Off;
    }

    /// Answers that TLS could not be ended in order. The session ends.
    pub fn failed(self, why: TlsError) {
        *self.tls = Tls::Failed(why);
    }
}
