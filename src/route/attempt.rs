//! One attempt at a data connection: what was agreed on, how far it came, and how it ended.

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

/// One attempt at a data connection, as either machine records it, or as it was read from a log.
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
    /// The way that was tried.
    pub route: Route,
    /// What the server advertised (passive), or the client (active), whoever was dialled then. Where only a port was named (EPSV), its
    /// host is the control connection's.
    pub advertised: Option<SocketAddr>,
    /// The address that was dialled, or that connected.
    pub reached: Option<SocketAddr>,
    /// How it ended.
    pub end: AttemptEnd,
    /// From the command that asked for it to its end.
    #[cfg_attr(feature = "serde", serde(default))]
    pub took: Duration,
    /// The TCP connection was made, whatever happened to it later.
    #[cfg_attr(feature = "serde", serde(default))]
    pub connected: bool,
    /// A 1yz opened the transfer.
    #[cfg_attr(feature = "serde", serde(default))]
    pub opened: bool,
    /// The control connection was under TLS, so that nothing in between can read an address in it.
    #[cfg_attr(feature = "serde", serde(default))]
    pub encrypted: bool,
    /// PROT P was in force.
    #[cfg_attr(feature = "serde", serde(default))]
    pub protected: bool,
    /// TLS on the data connection, if it began: how far it came.
    pub tls: Option<DataTls>,
    /// The network protocol of the control connection, where attempts over both are in one record. `None`: that of
    /// [`Evidence::server`](super::Evidence::server).
    pub network: Option<NetworkProtocol>,
    /// The reply in which the server told that it failed. Kept of failures only.
    pub said: Option<Box<Excerpt>>,
}

/// How an [`Attempt`] ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum AttemptEnd {
    /// The data connection was made, and did its work if there was any.
    Connected,
    /// The server refused the route's command with this code.
    Refused(Code),
    /// The server answered with this code, which can't answer the route's command.
    Unexpected(Code),
    /// The server agreed, but its reply names no address.
    Unreadable,
    /// The data connection couldn't be made or secured from our side. In active mode [`DataError::TimedOut`] means that no connection came.
    Failed(DataError),
    /// The server gave up with this code: 425 before the connection was made, 522 because of its TLS, 426 or 421 during the transfer.
    ServerFailed(Code),
    /// Another host connected than the one that should, and was sent away; the right one never came.
    Stranger(IpAddr),
    /// The connection was made, and nothing moved over it.
    Stalled,
    /// The connection was made, and broke or was closed before all bytes had come.
    CutShort,
    /// The server agreed, and the address that it names wasn't dialled, by choice: what would have come of it isn't known.
    NotDialled,
    /// The control connection was lost before it was known.
    ControlLost,
}

/// How far TLS on a data connection came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default))]
#[non_exhaustive]
pub struct DataTls {
    /// The version that was agreed on, if it is known.
    pub version: Option<TlsVersion>,
    /// Whether the control connection's session was resumed, if it is known.
    pub resumed: Option<bool>,
    /// The handshake was completed.
    pub stood: bool,
}

/// The version of TLS (RFC 5246, RFC 8446).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum TlsVersion {
    /// 1.0 or 1.1, or SSL.
    Older,
    /// 1.2.
    #[cfg_attr(feature = "serde", serde(rename = "1.2"))]
    V1_2,
    /// 1.3: a session can be resumed with a ticket only, and each ticket best once.
    #[cfg_attr(feature = "serde", serde(rename = "1.3"))]
    V1_3,
}

/// The code and the words of a reply, the words cut after [`Excerpt::LONGEST`] bytes.
#[derive(Clone, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Excerpt {
    code: Code,
    #[cfg_attr(feature = "serde", serde(with = "crate::serde_types::excerpt"))]
    text: Box<[u8]>,
}

impl Attempt {
    /// An attempt that ended so; all else isn't known yet. Where the connection must have stood for that end, it has.
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

    /// With what the server advertised, or the client.
    pub const fn advertised(mut self, address: SocketAddr) -> Self {
        self.advertised = Some(address);
        self
    }

    /// With what was dialled, or who connected.
    pub const fn reached(mut self, address: SocketAddr) -> Self {
        self.reached = Some(address);
        self
    }

    /// With the time that it took.
    pub const fn took(mut self, took: Duration) -> Self {
        self.took = took;
        self
    }

    /// The TCP connection stood.
    pub const fn connected(mut self) -> Self {
        self.connected = true;
        self
    }

    /// A 1yz opened the transfer.
    pub const fn opened(mut self) -> Self {
        self.opened = true;
        self
    }

    /// The control connection was under TLS.
    pub const fn encrypted(mut self) -> Self {
        self.encrypted = true;
        self
    }

    /// PROT P was in force, and so the control connection under TLS.
    pub const fn protected(mut self) -> Self {
        self.encrypted = true;
        self.protected = true;
        self
    }

    /// With what is known of TLS on the data connection.
    pub const fn tls(mut self, tls: DataTls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// With the network protocol of the control connection.
    pub const fn network(mut self, network: NetworkProtocol) -> Self {
        self.network = Some(network);
        self
    }

    /// With the reply in which the server told that it failed. Allocates.
    pub fn said(mut self, reply: &Reply<'_>) -> Self {
        self.said = Some(Box::new(Excerpt::of(reply)));
        self
    }

    /// Whether the data connection did what it was for.
    pub const fn is_success(&self) -> bool {
        matches!(self.end, AttemptEnd::Connected)
    }
}

impl DataTls {
    /// A handshake that was completed, over this version.
    pub const fn stood(version: Option<TlsVersion>, resumed: Option<bool>) -> Self {
        Self { version, resumed, stood: true }
    }

    /// A handshake that failed.
    pub const fn failed(version: Option<TlsVersion>, resumed: Option<bool>) -> Self {
        Self { version, resumed, stood: false }
    }
}

impl Excerpt {
    /// How many bytes of a reply's text are kept.
    pub const LONGEST: usize = 200;

    /// What is kept of a reply: its lines, with a blank in between. Allocates.
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

    /// The words, in the server's encoding.
    pub const fn text(&self) -> &[u8] {
        &self.text
    }
}

/// The code and the words; what isn't printable is replaced, so that no server can steer a terminal.
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
        // Who announces an address and isn't called there waits for somebody else.
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
            AttemptEnd::Stranger(host) => write!(f, ": only a stranger came, {host}"),
            AttemptEnd::Stalled => f.write_str(": connected, and nothing moved"),
            AttemptEnd::CutShort => f.write_str(": connected, and cut short"),
            AttemptEnd::NotDialled => f.write_str(": not dialled"),
            AttemptEnd::ControlLost => f.write_str(": the control connection was lost"),
        }
    }
}
