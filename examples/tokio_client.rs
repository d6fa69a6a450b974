//! The FTP client for the command line, with tokio's sockets.
//!
//! The loop over the machine is `common/tokio_client_adapter.rs`, the command line `common/cli.rs`.
//!
//! ```text
//! cargo run --example tokio_client -- -v get ftp://anna:secret@127.0.0.1:2121/notes.txt
//! ```

#[allow(dead_code, reason = "each example uses its part of it")]
mod common;

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Result;
use ftp_proto::client::{Config, Outcome, Request};
use tokio::runtime::{Builder, Runtime};

use common::cli::{self, Adapter, Observer};
use common::data::Content;
use common::tls::Tls;
use common::tokio_client_adapter::Connection;

fn main() -> ExitCode {
    cli::main::<Blocking>("tokio_client")
}

/// The command line does one thing after the other on each connection: it waits here for what the adapter does.
struct Blocking {
    runtime: Runtime,
    connection: Connection,
}

impl Adapter for Blocking {
    fn open(address: SocketAddr, config: Arc<Config>, tls: Option<Tls>, observer: Observer) -> Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let connection = runtime.block_on(Connection::open(address, config, tls, observer))?;
        Ok(Self { runtime, connection })
    }

    fn request(&mut self, request: Request, content: Option<Content<'_>>) -> Result<Outcome<'static>> {
        self.runtime.block_on(self.connection.request(request, content))
    }

    fn quit(self) -> Result<()> {
        self.runtime.block_on(self.connection.quit())
    }
}
