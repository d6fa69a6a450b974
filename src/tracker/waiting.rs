//! Of whom bytes have come in which there may be lines that weren't taken.

use super::Peer;

/// Whose lines may wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Waiting {
    Nobody,
    /// One line, which came whole.
    Whole(Peer),
    Client,
    Server,
    /// Both sides'; the client's came first.
    ClientFirst,
    ServerFirst,
}

impl Waiting {
    pub(super) fn has(self, side: Peer) -> bool {
        match self {
            Self::Nobody => false,
            Self::Whole(whose) => side == whose,
            Self::Client => side == Peer::Client,
            Self::Server => side == Peer::Server,
            Self::ClientFirst | Self::ServerFirst => true,
        }
    }

    #[inline]
    pub(super) fn add(&mut self, side: Peer) {
        *self = match (*self, side) {
            (Self::Nobody, Peer::Client) => Self::Client,
            (Self::Nobody, Peer::Server) => Self::Server,
            (Self::Client, Peer::Server) => Self::ClientFirst,
            (Self::Server, Peer::Client) => Self::ServerFirst,
            (same, _) => same,
        };
    }

    pub(super) fn remove(&mut self, side: Peer) {
        *self = match (*self, side) {
            (Self::Whole(whose), _) if whose == side => Self::Nobody,
            (Self::Client, Peer::Client) | (Self::Server, Peer::Server) => Self::Nobody,
            (Self::ClientFirst | Self::ServerFirst, Peer::Client) => Self::Server,
            (Self::ClientFirst | Self::ServerFirst, Peer::Server) => Self::Client,
            (same, _) => same,
        };
    }
}
