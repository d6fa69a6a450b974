//! Tells why FTP data connections fail, and what to do.
//!
//! ```text
//! cargo run --bin ftp-doctor -- ftp://ftp.example.com
//! curl -v ftp://ftp.example.com/ 2>&1 | cargo run --bin ftp-doctor -- read -
//! cargo run --bin ftp-doctor -- config /etc/vsftpd.conf
//! ```

use std::process::ExitCode;

fn main() -> ExitCode {
    ftp_proto_tools::doctor::cli::main()
}
