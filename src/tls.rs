//! TLS on the control connection: when it begins and ends (RFC 4217). Its bytes are the adapter's.
//!
//! Between the `234` and the answer to [`StartTls`] nothing is written and nothing may have been read: what a
//! stranger slips in before the handshake would else be taken for the peer's word inside it (CVE-2011-0411 and its
//! siblings, CVE-2021-22947).

use core::fmt;

use crate::time::Instant;

/// Why TLS couldn't begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum TlsError {
    /// The peer's certificate is not to be trusted, or is another's.
    Certificate,
    /// The handshake failed.
    Handshake,
    /// The handshake took too long.
    TimedOut,
    /// The data connection's TLS session isn't the control connection's.
    NotResumed,
    /// This side has no TLS to offer.
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

/// TLS on the control connection.
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

/// What is asked of TLS.
#[must_use]
pub(crate) enum Turn<'a> {
    Start(StartTls<'a>),
    Stop(StopTls<'a>),
}

impl Tls {
    /// The open question; `None`: there is none.
    pub(crate) fn turn(&mut self) -> Option<Turn<'_>> {
        match *self {
            Self::Starting { deadline } => Some(Turn::Start(StartTls { tls: self, deadline })),
            Self::Stopping { deadline } => Some(Turn::Stop(StopTls { tls: self, deadline })),
            Self::Off | Self::On | Self::Failed(_) => None,
        }
    }
}

/// Begin TLS on the control connection, as the side that the role says. The control connection must not be read
/// or written as plaintext any more.
#[must_use]
#[derive(Debug)]
pub struct StartTls<'a> {
    tls: &'a mut Tls,
    deadline: Instant,
}

impl StartTls<'_> {
    /// When to give up.
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// The handshake is done, and the peer's identity was checked.
    pub fn started(self) {
        *self.tls = Tls::On;
    }

    /// It is not; the session ends.
    pub fn failed(self, why: TlsError) {
        *self.tls = Tls::Failed(why);
    }
}

/// End TLS on the control connection (close_notify both ways), and go on in plaintext: after CCC or REIN.
#[must_use]
#[derive(Debug)]
pub struct StopTls<'a> {
    tls: &'a mut Tls,
    deadline: Instant,
}

impl StopTls<'_> {
    /// When to give up: the session ends then.
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// TLS has ended; the connection stays open.
    pub fn stopped(self) {
        *self.tls = Tls::Off;
    }

    /// It can't be ended in order; the session ends.
    pub fn failed(self, why: TlsError) {
        *self.tls = Tls::Failed(why);
    }
}
