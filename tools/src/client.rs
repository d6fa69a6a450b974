//! The client. [`std_adapter`] and [`tokio_adapter`] drive [`ftp_proto::client::Client`], one request after the other. [`cli`] is the
//! command line over either, which [`runtime`] chooses.
//!
//! [`session`] has the options of a session, and logs in. [`copy`] is `get` and `put`. [`ls`] and [`mirror`] are the commands of those names;
//! both use [`directory`], which reads a directory. [`partial`] is a download under way, of which nothing is lost if it fails.

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
