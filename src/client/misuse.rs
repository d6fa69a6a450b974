//! Mistakes of the application that no type can prevent.

use core::fmt;

/// Why [`Client::start`](super::Client::start) rejects a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Misuse {
    /// Another request runs: wait for its `Done`. Waiting for the greeting is the first request.
    Busy,
    /// The session has ended, or [`Client::quit`](super::Client::quit) was called.
    Ended,
    /// [`Config::security`](super::Config::security) requires TLS, which isn't on; or a transfer requires PROT P, which isn't in force; or
    /// the request ends TLS, which isn't on.
    NotSecure,
    /// An option that this kind of request can't have: a TYPE where nothing is transferred, an expected size for anything but a download,
    /// a range for anything but RETR and STOR.
    Unfitting,
    /// Options that exclude each other: a range with an offset, or one that ends before it begins; an expected size where the bytes on the
    /// wire aren't those of the file (TYPE A, STRU R, MODE B and the like).
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
