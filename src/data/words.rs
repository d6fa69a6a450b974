//! The words in which both machines and their adapters speak of a data connection.

use core::fmt;

use crate::tls::TlsError;

/// Names one data connection, from `Connect` or `Listen` to the end of its last `Stream` or its `Close`. A listening socket and
/// the connection that it accepts have the same name: the second takes the first one's place. After [`StreamEnd::Marked`]
/// another `Stream` of the same name can follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ChannelId(pub(super) u32);

/// Which way a file goes, seen from this side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Bytes are written to the data connection.
    Send,
    /// Bytes are read from the data connection.
    Receive,
}

/// Why there is no data connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum DataError {
    /// The other side answered with a reset: no program listens there.
    Refused,
    /// No answer in time.
    TimedOut,
    /// No way to that network or host.
    Unreachable,
    /// No port of the range could be had.
    NoPort,
    /// Something on this side: no socket, no permission.
    Local,
    /// TLS on the data connection couldn't begin.
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
    /// All bytes were moved, and their end was in the data (MODE B, C and Z, and STRU R in MODE S): the connection
    /// stays open, and the next transfer may use it (RFC 959 3.4.2). If it isn't needed any more, `Close` is asked for it.
    Marked,
    /// The connection broke (a reset, or under TLS an end without close_notify): bytes may be missing.
    Truncated,
    /// This side's file couldn't be read or written.
    LocalError,
    /// This side's storage is full.
    StorageFull,
}

impl StreamEnd {
    /// Whether all bytes were moved, however their end was told.
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

/// How much of a file's content was moved, sent or not: what was taken from the file or given to it counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Moved {
    /// Not a byte, and the content is as it was: a transfer of it can begin anew.
    Nothing,
    /// So many bytes. `Bytes(0)` says that none was moved and the content can't begin anew all the same.
    Bytes(u64),
}

impl Moved {
    /// How many bytes.
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

/// What to do with a connection that was accepted.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// It is the data connection; the listening socket isn't needed any more.
    Take,
    /// A stranger (port stealing, CVE-1999-0351): close it, and go on listening.
    Refuse,
}

/// Whether the TLS session of a data connection has to be the control connection's, resumed. Resuming proves that the
/// data connection comes from the peer of the control connection; servers such as vsftpd insist on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Resume {
    /// Try; another session is accepted.
    #[default]
    Wanted,
    /// Another session is refused.
    Required,
}
