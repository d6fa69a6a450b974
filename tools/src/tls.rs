//! TLS with rustls: for a [`client`], and for a [`server`]. When it begins and ends, the machines say.

pub mod client;
pub mod server;
