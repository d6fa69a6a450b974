//! What the tests and the fuzz targets of `ftp-proto` share: what surrounds a machine, and what must hold of it.

pub mod application;
#[cfg(feature = "programs")]
pub mod certificate;
pub mod client;
pub mod counting;
pub mod invariants;
pub mod pair;
#[cfg(feature = "programs")]
pub mod programs;
pub mod server;
pub mod table;
