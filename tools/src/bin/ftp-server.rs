//! An FTP server for one directory.
//!
//! ```text
//! cargo run --bin ftp-server -- --listen 127.0.0.1:2121 --root . --user anna:secret
//! ```

use std::process::ExitCode;

use ftp_proto_tools::Runtime;
use ftp_proto_tools::config::options;
use ftp_proto_tools::server::{std_adapter, tokio_adapter};

fn main() -> ExitCode {
    options::main("ftp-server", |runtime, listener, service| match runtime {
        Runtime::Std => Ok(std_adapter::serve(&listener, &service)?),
        Runtime::Tokio => Ok(tokio_adapter::serve(&listener, &service)?),
    })
}
