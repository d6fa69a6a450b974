//! What can't be supported.

use core::fmt;

use crate::command::Verb;

/// What [`Support`](super::Support) was told would have no effect. A place is counted from 0 among the names that were given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SupportError {
    /// No application can support it: it needs a mechanism beside TLS (ADAT, MIC, CONF, ENC), a gateway (ALGS), or a server
    /// that is TLS's client on the data connection (CPSV, SSCN).
    Never(Verb),
    /// It is there exactly if TLS is: [`Config::security`](crate::server::Config::security) says so.
    FollowsTls(Verb),
    /// The machine answers it alone, and does so already.
    Alone(Verb),
    /// No server can do without it.
    Needed(Verb),
    /// There is no name.
    Empty,
    /// That is no such name, or no such line.
    NoName {
        /// Its place.
        index: usize,
    },
    /// That is there already.
    Twice {
        /// Its place.
        index: usize,
    },
    /// There are more names than a client can choose among.
    TooMany {
        /// How many there may be.
        most: usize,
    },
    /// A line of FEAT begins with a word that the machine announces itself, where it is supported.
    Announced {
        /// Its place.
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
