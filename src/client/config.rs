//! What the application decides once, for all its sessions.

use alloc::vec;
use alloc::vec::Vec;
use core::net::IpAddr;
use core::ops::RangeInclusive;
use core::time::Duration;

use crate::inbox::Limits;
use crate::route::{PassiveHost, Route};

/// The policy of a client; shared by its sessions through an `Arc`. The defaults are safe.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// The ways to a data connection, in the order in which they are tried: EPSV, then PASV. Active
    /// mode is allowed by naming EPRT or PORT here; it tells the server an address of ours.
    pub routes: Vec<Route>,
    /// Which host of a 227 is dialled: the control connection's peer.
    pub passive_host: PassiveHost,
    /// The ports to listen on in active mode; `0..=0`, the default: whichever the system gives.
    pub active_ports: RangeInclusive<u16>,
    /// The address that PORT and EPRT announce instead of our own: for a client behind a NAT that forwards `active_ports`.
    pub external_address: Option<IpAddr>,
    /// How much a server may send before it has ended a line or a reply.
    pub limits: Limits,
    /// How long to wait.
    pub patience: Patience,
}

/// How long the client waits, by phase.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Patience {
    /// For the greeting: 60 s.
    pub greeting: Duration,
    /// For a reply: 60 s. A reply that doesn't come ends the session, since a late one can't be told from the next.
    pub reply: Duration,
    /// For a data connection while other candidates are left: 10 s.
    pub dial: Duration,
    /// For a data connection of the last candidate: 30 s.
    pub last_dial: Duration,
    /// For the server to connect to us: 30 s.
    pub accept: Duration,
    /// For the answer to QUIT: 5 s.
    pub quit: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            routes: vec![Route::Epsv, Route::Pasv],
            passive_host: PassiveHost::default(),
            active_ports: 0..=0,
            external_address: None,
            limits: Limits::REPLIES,
            patience: Patience::default(),
        }
    }
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            greeting: Duration::from_secs(60),
            reply: Duration::from_secs(60),
            dial: Duration::from_secs(10),
            last_dial: Duration::from_secs(30),
            accept: Duration::from_secs(30),
            quit: Duration::from_secs(5),
        }
    }
}
