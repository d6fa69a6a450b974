//! The modules of the programs `ftp-client`, `ftp-server`, `ftp-proxy` and `ftp-doctor`, over the sans-IO machines of [`ftp_proto`].
//!
//! The crate decides what is sent and when; all I/O is here. Each machine has two adapters ([`Runtime`]): one uses the sockets and threads of
//! the standard library, the other tokio. What both need doesn't depend on a runtime.
//!
//! | module | what it is for |
//! |---|---|
//! | [`client`] | the client's adapters, and the command line over them: `ls`, `get`, `put`, `mirror` and the rest |
//! | [`proxy`] | the proxy between a client and a server: its policy, its data connections, its log |
//! | [`server`] | the server's adapters, and the application behind them: users and files |
//! | [`doctor`] | why data connections fail: it probes live servers, and reads logs and configurations |
//! | [`config`] | the server's command line, and its configuration file with vsftpd's keys |
//! | [`net`] | sockets: control and data connections, with and without TLS, and the bytes of a file over them |
//! | [`tls`] | rustls for either side: which certificates to trust, which sessions may be resumed |
//! | [`tree`] | a directory tree that no path can leave; patterns, listings and hashes of its files |
//! | [`interrupt`] | Ctrl-C |
//!
//! A module uses only those below it in this table. The programs run on Unix; the crate's examples run everywhere.

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
    /// Tokio's; a server has a thread for each processor, with any number of sessions.
    Tokio,
}

/// What is wrong with a command line, on one line, without the usage.
pub fn one_line(error: &clap::Error) -> String {
    let text = error.to_string().replacen("error: ", "", 1);
    let lines = text.lines().map(str::trim).take_while(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join(" ")
}

/// A line on standard error. That nobody reads it any more ends no transfer.
pub fn tell(line: impl Display) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// Makes bytes of the other side safe for a terminal: bytes that aren't UTF-8 become U+FFFD, and control characters, which could move the
/// cursor or worse, become escapes,
/// and so do Unicode's characters that end a line or change the direction of text.
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
