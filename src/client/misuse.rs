//! The application's own mistakes, where no type can prevent them.

use core::fmt;

/// Why a request can't be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Misuse {
    /// Another request runs; its `Done` comes first. The greeting is the first request.
    Busy,
    /// The session has ended, or QUIT was asked for.
    Ended,
    /// `Config::security` requires TLS, and it isn't on; or PROT P isn't in force for a transfer; or TLS is to end that
    /// isn't on.
    NotSecure,
    /// An option that the request can't have: a TYPE where nothing is transferred, a total of anything but a download,
    /// a range of anything but RETR and STOR.
    Unfitting,
    /// Options that can't be had together: a range and an offset, or one that ends before it begins; a total where the bytes on
    /// the wire aren't the file's, in TYPE A, STRU R, MODE B and the like.
    Contradictory,
}

impl fmt::Display for Misuse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Busy => "another request is running",
            Self::Ended => "the session has ended",
            Self::NotSecure => "TLS is needed, and not in force",
            Self::Unfitting => "an option doesn't fit the request",
            Self::Contradictory => "the options contradict each other",
        })
    }
}

impl core::error::Error for Misuse {}
