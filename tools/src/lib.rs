//! An FTP client, an FTP server, a proxy and a doctor for FTP connections for the command line, over the sans-IO machines of
//! [`ftp_proto`]: what the programs `ftp-client`, `ftp-server`, `ftp-proxy` and `ftp-doctor` are made of.
//!
//! The crate decides what is said and when; all that touches the world is here. Each machine has two adapters, one over the
//! sockets and threads of the standard library, the other over tokio's ([`Runtime`]); what both need has no runtime in it.
//!
//! | module | what it is for |
//! |---|---|
//! | [`client`] | the client's adapters, and the command line over them: `ls`, `get`, `put`, `mirror` and the rest |
//! | [`proxy`] | the proxy between a client and a server: who may do what, its data connections, its log |
//! | [`server`] | the server's adapters, and the application behind them: who may do what with which file |
//! | [`doctor`] | why there is no data connection: a probe of live servers, the reading of logs and configurations |
//! | [`config`] | the server's command line, and its configuration file in vsftpd's words |
//! | [`net`] | sockets: control and data connections, with and without TLS, and the bytes of a file over them |
//! | [`tls`] | rustls for either side: whom to trust, which sessions may be resumed |
//! | [`tree`] | a directory from which no path leads out; patterns, listings and hashes of what is in it |
//! | [`interrupt`] | Ctrl-C |
//!
//! A module uses only those below it. The programs run on Unix; the examples of the crate, which are for reading, run
//! everywhere.

use std::fmt::Display;
use std::io::{self, Write};

pub mod client;
pub mod config;
pub mod doctor;
pub mod interrupt;
pub mod net;
pub mod proxy;
pub mod server;
pub mod tls;
pub mod tree;

/// Which sockets a program uses.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub enum Runtime {
    /// The standard library's; a server has a thread for each session.
    Std,
    /// Tokio's; a server has a thread for each processor, and any number of sessions on it.
    Tokio,
}

/// What is wrong with a command line, and whereof, without the usage behind it.
pub fn one_line(error: &clap::Error) -> String {
    let text = error.to_string().replacen("error: ", "", 1);
    let lines = text.lines().map(str::trim).take_while(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join(" ")
}

/// A line on standard error. That nobody reads it any more ends no transfer.
pub fn tell(line: impl Display) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// Bytes of the other side, fit for a terminal: what isn't UTF-8 shows as U+FFFD, and a control character, which
/// could move the cursor or worse, as its escape. So do those that end a line, or turn the direction of a text, in Unicode.
pub fn printable(bytes: &[u8]) -> String {
    let mut text = String::new();
    for character in String::from_utf8_lossy(bytes).chars() {
        if character.is_control() || matches!(character, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}') {
            text.extend(character.escape_default());
        } else {
            text.push(character);
        }
    }
    text
}
