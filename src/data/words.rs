//! What both machines and their adapters say about a data connection.

use core::fmt;

use crate::tls::TlsError;

/// Identifies one data connection within its session, from [`Connect`](crate::Connect) or [`Listen`](crate::Listen) to the end of its last
/// [`Stream`](crate::Stream) or its [`Close`](crate::Close). A listening socket and the connection that it accepts have the same identity.
/// After [`StreamEnd::Marked`] another `Stream` with the same identity can follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ChannelId(pub(super) u32);

/// Which way the bytes of a transfer go, seen from the side that runs the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Bytes are written to the data connection.
    Send,
    /// Bytes are read from the data connection.
    Receive,
}

/// Why a data connection could not be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum DataError {
    /// The other side refused the connection: no program listens there.
    Refused,
    /// No answer came in time.
    TimedOut,
    /// The network or host can't be reached.
    Unreachable,
    /// No port of the range is free.
    NoPort,
    /// An error on this side: no socket, no permission.
    Local,
    /// TLS on the data connection could not begin.
    Tls(TlsError),
}

impl fmt::Display for DataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Refused => "connection refused",
            Self::TimedOut => "no answer in time",
            Self::Unreachable => "host or network unreachable",
            Self::NoPort => "no free port in the range",
            Self::Local => "local error",
            Self::Tls(why) => return why.fmt(f),
        })
    }
}

impl core::error::Error for DataError {}

/// How a stream ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StreamEnd {
    /// All bytes were moved, and the connection was closed in order.
    Clean,
    /// All bytes were moved, and the end of the file was marked in the data (MODE B, C and Z, and STRU R in MODE S), so that the connection
    /// stays open for the next transfer (RFC 959 3.4.2). Once it isn't needed any more, [`Close`](crate::Close) is asked for it.
    Marked,
    /// The connection broke (a reset, or under TLS an end without close_notify): bytes may be missing.
    Truncated,
    /// The file on this side could not be read or written.
    LocalError,
    /// This side's storage is full.
    StorageFull,
}

impl StreamEnd {
    /// Whether all bytes were moved: true for `Clean` and `Marked`.
    pub const fn is_whole(self) -> bool {
        matches!(self, Self::Clean | Self::Marked)
    }
}

impl fmt::Display for StreamEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Clean | Self::Marked => "complete",
            Self::Truncated => "the connection broke",
            Self::LocalError => "local file error",
            Self::StorageFull => "storage full",
        })
    }
}

/// How much of a file's content was moved. The bytes that were read from the file or written to it count, whether or not they arrived at the
/// other side.
///
/// ```
/// use ftp_proto::Moved;
/// assert_eq!(Moved::from(0), Moved::Nothing);
/// assert_eq!(Moved::from(12).bytes(), 12);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Moved {
    /// No byte, and the content is untouched: the transfer can begin anew.
    Nothing,
    /// This many bytes. `Bytes(0)`: none, but the content can't begin anew all the same.
    Bytes(u64),
}

impl Moved {
    /// The number of bytes; 0 for `Nothing`.
    pub const fn bytes(self) -> u64 {
        match self {
            Self::Nothing => 0,
            Self::Bytes(count) => count,
        }
    }
}

/// A count of bytes; 0 is [`Moved::Nothing`].
impl From<u64> for Moved {
    fn from(count: u64) -> Self {
        if count == 0 { Self::Nothing } else { Self::Bytes(count) }
    }
}

/// What to do with a connection that was accepted; [`Accept::accepted`](crate::Accept::accepted) returns it.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Keep it: it is the data connection. Close the listening socket.
    Take,
    /// Close it, since it comes from a stranger (port stealing, CVE-1999-0351), and go on listening.
    Refuse,
}

/// Whether TLS on a data connection has to resume the session of the control connection. Resumption proves that both connections have the
/// same peer; servers such as vsftpd require it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Resume {
    /// Resumption is tried; a new session is accepted, too.
    #[default]
    Wanted,
    /// A new session is refused.
    Required,
}
