//! What the tests and the fuzz targets of `ftp-proto` share: what surrounds a machine, and what must hold of it.
//!
//! `client` has a client's machine against a scripted server, `server` a server's machine against a scripted client; what both
//! have bears one name. `pair` has both machines against each other.

pub mod application;
pub mod client;
pub mod counting;
pub mod invariants;
pub mod net;
pub mod pair;
pub mod server;
pub mod table;
mod world;

use std::net::SocketAddr;

use ftp_proto::Path;
pub use world::World;

pub fn path(text: &str) -> Path<'_> {
    Path::new(text).unwrap()
}

pub fn addr(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

/// Each byte as a character.
fn characters(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}
