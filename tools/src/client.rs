//! The client: [`std_adapter`] and [`tokio_adapter`] drive [`ftp_proto::client::Client`] with one request after the other,
//! [`cli`] is the command line over either, by way of [`runtime`].

pub mod cli;
pub mod mirror;
pub mod runtime;
pub mod std_adapter;
pub mod tokio_adapter;
pub mod url;
