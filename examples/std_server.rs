//! An FTP server of a directory, with the sockets and threads of the standard library: a thread a session.
//!
//! The loop over the machine is `common/server_adapter.rs`, the command line `common/server_options.rs`; who may do what with
//! which file is `common/visitor.rs`.
//!
//! ```text
//! cargo run --example std_server -- --listen 127.0.0.1:2121 --root . --user anna:secret
//! ```

#[allow(dead_code, reason = "each example uses its part of it")]
mod common;

use std::process::ExitCode;

use common::{server_adapter, server_options};

fn main() -> ExitCode {
    server_options::main("std_server", |listener, service| Ok(server_adapter::serve(&listener, &service)?))
}
