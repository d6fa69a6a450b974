//! The server: [`std_adapter`] and [`tokio_adapter`] drive [`ftp_proto::server::Server`], a machine for each session.
//!
//! They share a [`service`], which has the [`site`] (a directory, and who may see it) and the [`door`] (how many may be
//! inside, and when everybody has to leave). What the machine asks of an application, the [`visitor`] of each session
//! answers. Where no data connection came about, the log says why.

pub mod denied;
pub mod door;
pub mod service;
pub mod site;
pub mod std_adapter;
mod threads;
pub mod tokio_adapter;
mod trouble;
pub mod visitor;
