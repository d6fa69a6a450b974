//! The server. [`std_adapter`] and [`tokio_adapter`] drive [`ftp_proto::server::Server`], one machine for each session.
//!
//! The sessions share a [`service`], which has the [`site`] (a directory and its users) and the [`door`] (how many sessions there may be, and
//! when all have to end). The [`visitor`] of each session answers the machine's questions. If a data connection fails, the log tells why.

pub mod denied;
pub mod door;
pub mod service;
pub mod site;
pub mod std_adapter;
mod threads;
pub mod tokio_adapter;
mod trouble;
pub mod visitor;
