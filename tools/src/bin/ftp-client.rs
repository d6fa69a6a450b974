//! An FTP client for the command line.
//!
//! ```text
//! cargo run --bin ftp-client -- -v get ftp://anna:secret@127.0.0.1:2121/notes.txt
//! ```

use std::process::ExitCode;

use ftp_proto_tools::client::cli;

fn main() -> ExitCode {
    cli::main("ftp-client")
}
