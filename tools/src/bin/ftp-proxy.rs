//! A transparent proxy for FTP sessions.
//!
//! ```text
//! cargo run --bin ftp-proxy -- --listen 127.0.0.1:2122 --server 127.0.0.1:2121
//! ```

use std::process::ExitCode;

fn main() -> ExitCode {
    ftp_proto_tools::proxy::options::main("ftp-proxy")
}
