//! Why something can't be supported.

use core::fmt;

use crate::command::Verb;

/// Why a method of [`Support`](super::Support) rejects its argument: it would have no effect. Indices are counted from 0 among the names that
/// were given.
///
/// ```
/// use ftp_proto::Verb;
/// use ftp_proto::server::{Support, SupportError};
/// assert_eq!(Support::default().with(&[Verb::Type]), Err(SupportError::Alone(Verb::Type)));
/// assert_eq!(Support::default().with_facts(["type", "TYPE"]), Err(SupportError::Twice { index: 1 }));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SupportError {
    /// No application can support this verb: it needs a mechanism other than TLS (ADAT, MIC, CONF, ENC), a gateway (ALGS), or a server that
    /// is the TLS client on data connections (CPSV, SSCN).
    Never(Verb),
    /// Whether this verb is supported follows from [`Config::security`](crate::server::Config::security).
    FollowsTls(Verb),
    /// The machine always answers this verb alone.
    Alone(Verb),
    /// Every server needs this verb.
    Needed(Verb),
    /// No name was given.
    Empty,
    /// A name or line is invalid.
    NoName {
        /// Its index.
        index: usize,
    },
    /// A name or line is there already.
    Twice {
        /// Its index.
        index: usize,
    },
    /// There are too many names.
    TooMany {
        /// How many are allowed.
        most: usize,
    },
    /// A line of FEAT begins with a word that the machine announces itself, where it is supported.
    Announced {
        /// Its index.
        index: usize,
    },
}

impl fmt::Display for SupportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Never(verb) => write!(f, "{verb}: no application can support it"),
            Self::FollowsTls(verb) => write!(f, "{verb} is there if TLS is: Config::security says so"),
            Self::Alone(verb) => write!(f, "{verb}: the machine answers it alone, and does so already"),
            Self::Needed(verb) => write!(f, "{verb}: no server can do without it"),
            Self::Empty => f.write_str("no name"),
            Self::NoName { index } => write!(f, "number {index}, counted from 0, is no such name"),
            Self::Twice { index } => write!(f, "number {index}, counted from 0, is there already"),
            Self::TooMany { most } => write!(f, "more than {most} names"),
            Self::Announced { index } => {
                write!(f, "number {index}, counted from 0, begins with a word that the machine announces itself")
            }
        }
    }
}

impl core::error::Error for SupportError {}
