//! One attempt at a data connection: what was agreed on, how far it got, and how it ended.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;
use core::net::{IpAddr, SocketAddr};
use core::time::Duration;

use super::Route;
use crate::address::NetworkProtocol;
use crate::data::DataError;
use crate::reply::{Code, Reply};
use crate::text::write_printable;

/// One attempt at a data connection, as a machine records it or a log shows it.
///
/// ```
/// use ftp_proto::{Attempt, AttemptEnd, DataError, Route};
/// let attempt = Attempt::new(Route::Pasv, AttemptEnd::Failed(DataError::TimedOut))
///     .advertised("10.0.0.5:50000".parse()?)
///     .reached("10.0.0.5:50000".parse()?);
/// assert_eq!(attempt.to_string(), "PASV 10.0.0.5:50000: no answer in time");
/// # Ok::<(), core::net::AddrParseError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Attempt {
    /// The route that was tried.
    pub route: Route,
    /// The address that the server (passive) or the client (active) advertised, whichever was dialled. If only a port was named (EPSV),
    /// the host is the control connection's.
    pub advertised: Option<SocketAddr>,
    /// The address that was dialled (passive), or from which the connection came (active).
    pub reached: Option<SocketAddr>,
    /// How it ended.
    pub end: AttemptEnd,
    /// The time from the route's command to the end.
    #[cfg_attr(feature = "serde", serde(default))]
    pub took: Duration,
    /// Whether the TCP connection was made, whatever happened to it later.
    #[cfg_attr(feature = "serde", serde(default))]
    pub connected: bool,
    /// Whether a 1yz opened the transfer.
    #[cfg_attr(feature = "serde", serde(default))]
    pub opened: bool,
    /// Whether the control connection was under TLS, so that no middlebox can read an address in it.
    #[cfg_attr(feature = "serde", serde(default))]
    pub encrypted: bool,
    /// Whether PROT P was in force.
    #[cfg_attr(feature = "serde", serde(default))]
    pub protected: bool,
    /// How far TLS on the data connection got; `None` if it didn't begin.
    pub tls: Option<DataTls>,
    /// The network protocol of the control connection, if one record holds attempts over both. `None` means that of
    /// [`Evidence::server`](super::Evidence::server).
    pub network: Option<NetworkProtocol>,
    /// The reply in which the server reported the failure. A success has none.
    pub said: Option<Box<Excerpt>>,
}

/// How an [`Attempt`] ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum AttemptEnd {
    /// The data connection was made, and moved its data if there were any.
    Connected,
    /// The server refused the route's command with this code.
    Refused(Code),
    /// The server answered with this code, which can't answer the route's command.
    Unexpected(Code),
    /// The server agreed, but its reply names no address.
    Unreadable,
    /// This side couldn't make or secure the data connection. In active mode [`DataError::TimedOut`] means that no connection came.
    Failed(DataError),
    /// The server gave up with this code: 425 before the connection was made, 522 because of TLS on it, 426 or 421 during the transfer.
    ServerFailed(Code),
    /// Only another host than the expected one connected, this one; that connection was closed.
    Stranger(IpAddr),
    /// The connection was made, and nothing moved over it.
    Stalled,
    /// The connection was made, and broke or was closed before all bytes had come.
    CutShort,
    /// The server agreed, and by choice the address that it names wasn't dialled. Whether it would have worked isn't known.
    NotDialled,
    /// The control connection was lost before the outcome was known.
    ControlLost,
}

/// How far TLS on a data connection got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default))]
#[non_exhaustive]
pub struct DataTls {
    /// The version that was agreed on, if known.
    pub version: Option<TlsVersion>,
    /// Whether the control connection's TLS session was resumed, if known.
    pub resumed: Option<bool>,
    /// Whether the handshake was completed.
    pub completed: bool,
}

/// The version of TLS (RFC 5246, RFC 8446).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum TlsVersion {
    /// TLS 1.0 or 1.1, or SSL.
    Older,
    /// TLS 1.2.
    #[cfg_attr(feature = "serde", serde(rename = "1.2"))]
    V1_2,
    /// TLS 1.3, where a session is resumed with a ticket only, and each ticket should be used once.
    #[cfg_attr(feature = "serde", serde(rename = "1.3"))]
    V1_3,
}

/// The code and the beginning of the text of a reply, at most [`Excerpt::LONGEST`] bytes.
#[derive(Clone, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Excerpt {
    code: Code,
    #[cfg_attr(feature = "serde", serde(with = "crate::serde_types::excerpt"))]
    text: Box<[u8]>,
}

impl Attempt {
    /// An attempt with this end, and nothing else known. [`connected`](Self::connected) is set if the end implies it.
    pub const fn new(route: Route, end: AttemptEnd) -> Self {
        let connected = matches!(end, AttemptEnd::Connected | AttemptEnd::Stalled | AttemptEnd::CutShort);
        Self {
            route,
            advertised: None,
            reached: None,
            end,
            took: Duration::ZERO,
            connected,
            opened: false,
            encrypted: false,
            protected: false,
            tls: None,
            network: None,
            said: None,
        }
    }

    /// Sets the address that the server or the client advertised.
    pub const fn advertised(mut self, address: SocketAddr) -> Self {
        self.advertised = Some(address);
        self
    }

    /// Sets the address that was dialled, or from which the connection came.
    pub const fn reached(mut self, address: SocketAddr) -> Self {
        self.reached = Some(address);
        self
    }

    /// Sets the time that it took.
    pub const fn took(mut self, took: Duration) -> Self {
        self.took = took;
        self
    }

    /// Sets that the TCP connection was made.
    pub const fn connected(mut self) -> Self {
        self.connected = true;
        self
    }

    /// Sets that a 1yz opened the transfer.
    pub const fn opened(mut self) -> Self {
        self.opened = true;
        self
    }

    /// Sets that the control connection was under TLS.
    pub const fn encrypted(mut self) -> Self {
        self.encrypted = true;
        self
    }

    /// Sets that PROT P was in force, and so that the control connection was under TLS.
    pub const fn protected(mut self) -> Self {
        self.encrypted = true;
        self.protected = true;
        self
    }

    /// Sets what is known about TLS on the data connection.
    pub const fn tls(mut self, tls: DataTls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// Sets the network protocol of the control connection.
    pub const fn network(mut self, network: NetworkProtocol) -> Self {
        self.network = Some(network);
        self
    }

    /// Sets the reply in which the server reported the failure. Allocates.
    pub fn said(mut self, reply: &Reply<'_>) -> Self {
        self.said = Some(Box::new(Excerpt::of(reply)));
        self
    }

    /// Whether the data connection was made and moved its data.
    pub const fn is_success(&self) -> bool {
        matches!(self.end, AttemptEnd::Connected)
    }
}

impl DataTls {
    /// A handshake that was completed.
    pub const fn completed(version: Option<TlsVersion>, resumed: Option<bool>) -> Self {
        Self { version, resumed, completed: true }
    }

    /// A handshake that failed.
    pub const fn failed(version: Option<TlsVersion>, resumed: Option<bool>) -> Self {
        Self { version, resumed, completed: false }
    }
}

impl Excerpt {
    /// How many bytes of a reply's text are kept.
    pub const LONGEST: usize = 200;

    /// The code of a reply, and its lines joined by blanks. Allocates.
    pub fn of(reply: &Reply<'_>) -> Self {
        let mut text = Vec::new();
        for line in reply.lines() {
            let room = Self::LONGEST.saturating_sub(text.len());
            if room == 0 {
                break;
            }
            if !text.is_empty() {
                text.push(b' ');
            }
            let line = line.trim_ascii();
            text.extend(line.iter().take(room.saturating_sub(1)));
        }
        Self { code: reply.code(), text: text.into_boxed_slice() }
    }

    /// The reply's code.
    pub const fn code(&self) -> Code {
        self.code
    }

    /// The text, in the server's encoding.
    pub const fn text(&self) -> &[u8] {
        &self.text
    }
}

/// The code and the text. Bytes that aren't printable show as U+FFFD, so that no server can steer a terminal.
impl fmt::Display for Excerpt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        if !self.text.is_empty() {
            f.write_str(" ")?;
        }
        write_printable(f, &self.text)
    }
}

impl fmt::Debug for Excerpt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Excerpt({self})")
    }
}

#[cfg(feature = "arbitrary")]
impl<'a> arbitrary::Arbitrary<'a> for Excerpt {
    fn arbitrary(u: &mut arbitrary::Unstructured<'a>) -> arbitrary::Result<Self> {
        let code = Code::arbitrary(u)?;
        let text = <&[u8]>::arbitrary(u)?;
        Ok(Self { code, text: text.get(..Self::LONGEST).unwrap_or(text).into() })
    }
}

impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.route.word())?;
        // In active mode the side that advertised an address only waits, so the other side is named.
        if let (false, Some(address), AttemptEnd::Failed(DataError::TimedOut)) =
            (self.route.is_passive(), self.advertised, self.end)
        {
            return write!(f, ": the server did not connect to {address} in time");
        }
        if let Some(address) = self.reached.or(self.advertised) {
            write!(f, " {address}")?;
        }
        match self.end {
            AttemptEnd::Connected => f.write_str(": connected"),
            AttemptEnd::Refused(code) => write!(f, ": refused with {code}"),
            AttemptEnd::Unexpected(code) => write!(f, ": answered with {code}"),
            AttemptEnd::Unreadable => f.write_str(": no address in the reply"),
            AttemptEnd::Failed(why) => write!(f, ": {why}"),
            AttemptEnd::ServerFailed(code) if self.connected => {
                write!(f, ": connected, then the server gave up ({code})")
            }
            AttemptEnd::ServerFailed(code) => write!(f, ": the server couldn't connect ({code})"),
            AttemptEnd::Stranger(host) => write!(f, ": only another host connected, {host}"),
            AttemptEnd::Stalled => f.write_str(": connected, but nothing moved"),
            AttemptEnd::CutShort => f.write_str(": connected, but cut short"),
            AttemptEnd::NotDialled => f.write_str(": not dialled"),
            AttemptEnd::ControlLost => f.write_str(": the control connection was lost"),
        }
    }
}
