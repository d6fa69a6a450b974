//! TLS with rustls, for a [`client`] and for a [`server`]. The machines tell when it begins and ends.

pub mod client;
pub mod server;
