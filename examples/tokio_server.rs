//! An FTP server of a directory, with tokio's sockets: any number of sessions on a few threads.
//!
//! The loop over the machine is `common/tokio_server_adapter.rs`, the command line `common/server_options.rs`; who may do what
//! with which file is `common/visitor.rs`.
//!
//! ```text
//! cargo run --example tokio_server -- --listen 127.0.0.1:2121 --root . --user anna:secret
//! ```

#[allow(dead_code, reason = "each example uses its part of it")]
mod common;

use std::process::ExitCode;

use common::{server_options, tokio_server_adapter};

fn main() -> ExitCode {
    server_options::main("tokio_server", |listener, service| Ok(tokio_server_adapter::serve(&listener, &service)?))
}
