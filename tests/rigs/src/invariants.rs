//! What must hold for any input: each invariant is stated here once, as a function over bytes.
//!
//! `tests/invariants/` runs them by proptest and over the stored files; the fuzz target of the same name calls
//! them too. Each panics if what it states doesn't hold.

mod client;
mod codec;
#[cfg(feature = "arbitrary")]
mod diagnosis;
mod floods;
mod listing;
mod pair;
mod script;
mod server;
mod session;
mod tracker;
mod wire;
mod words;

pub use client::client;
#[cfg(feature = "deflate")]
pub use codec::deflate;
pub use codec::{ascii, block};
#[cfg(feature = "arbitrary")]
pub use diagnosis::diagnosis;
pub use listing::{listing, written_is_read};
pub use pair::pair;
pub use server::server;
pub use session::session;
pub use tracker::tracker;
pub use wire::{inbox, telnet};
pub use words::{address, command, reply};
#[cfg(feature = "arbitrary")]
pub use words::{command_value, reply_value};

/// An invariant, and the name of its fuzz target.
pub type Invariant = (&'static str, fn(&[u8]));

pub const ALL: &[Invariant] = &[
    ("command", command),
    #[cfg(feature = "arbitrary")]
    ("command_value", command_value),
    ("reply", reply),
    #[cfg(feature = "arbitrary")]
    ("reply_value", reply_value),
    ("address", address),
    ("inbox", inbox),
    ("telnet", telnet),
    ("listing", listing),
    #[cfg(feature = "arbitrary")]
    ("diagnosis", diagnosis),
    ("session", session),
    ("client", client),
    ("server", server),
    ("pair", pair),
    ("tracker", tracker),
    ("ascii", ascii),
    ("block", block),
    #[cfg(feature = "deflate")]
    ("deflate", deflate),
];
