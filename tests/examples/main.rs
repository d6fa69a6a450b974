//! The example programs as processes, and their file-system module.

mod clients;
mod mirror;
mod options;
mod plainly;
mod servers;
mod servers_tls;
mod tls;
mod tree;
mod uploads;

#[cfg(unix)]
#[allow(dead_code, reason = "the examples use the rest of it")]
#[path = "../../examples/common/mod.rs"]
mod common;
