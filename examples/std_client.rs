//! An FTP client for the command line, with the sockets of the standard library.
//!
//! The loop over the machine is `common/client_adapter.rs`, the command line `common/cli.rs`.
//!
//! ```text
//! cargo run --example std_client -- -v get ftp://anna:secret@127.0.0.1:2121/notes.txt
//! ```

#[allow(dead_code, reason = "each example uses its part of it")]
mod common;

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Result;
use ftp_proto::client::{Config, Outcome, Request};

use common::cli::{self, Adapter, Observer};
use common::client_adapter::Connection;
use common::data::Content;
use common::tls::Tls;

fn main() -> ExitCode {
    cli::main::<Connection<'static>>("std_client")
}

impl Adapter for Connection<'static> {
    fn open(address: SocketAddr, config: Arc<Config>, tls: Option<Tls>, observer: Observer) -> Result<Self> {
        Self::open(address, config, tls, observer)
    }

    fn request(&mut self, request: Request, content: Option<Content<'_>>) -> Result<Outcome<'static>> {
        self.request(request, content)
    }

    fn quit(self) -> Result<()> {
        self.quit()
    }
}
