//! The client: [`std_adapter`] and [`tokio_adapter`] drive [`ftp_proto::client::Client`] with one request after the other,
//! [`cli`] is the command line over either, by way of [`runtime`].
//!
//! [`session`] has the options of a session, and logs in. [`copy`] is `get` and `put`, [`ls`] and [`mirror`] are what they are
//! called, over [`directory`], which reads one. [`partial`] is a download on its way: nothing is lost where it fails.

pub mod cli;
pub mod copy;
pub mod directory;
pub mod failure;
pub mod ls;
pub mod mirror;
pub mod partial;
pub mod runtime;
pub mod session;
pub mod std_adapter;
pub mod tokio_adapter;
pub mod url;
