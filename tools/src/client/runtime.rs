//! Makes both adapters blocking, for the command line.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Result;
use ftp_proto::client::{Config, Outcome, Request};
use tokio::runtime::{Builder, Runtime};

use super::session::{Adapter, Observer};
use super::{std_adapter, tokio_adapter};
use crate::net::data::Content;
use crate::tls::client::Tls;

impl Adapter for std_adapter::Connection<'static> {
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

/// Tokio's adapter, with a runtime that waits for each call: the command line does one thing after the other.
pub struct Blocking {
    runtime: Runtime,
    connection: tokio_adapter::Connection,
}

impl Adapter for Blocking {
    fn open(address: SocketAddr, config: Arc<Config>, tls: Option<Tls>, observer: Observer) -> Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let connection = runtime.block_on(tokio_adapter::Connection::open(address, config, tls, observer))?;
        Ok(Self { runtime, connection })
    }

    fn request(&mut self, request: Request, content: Option<Content<'_>>) -> Result<Outcome<'static>> {
        self.runtime.block_on(self.connection.request(request, content))
    }

    fn quit(self) -> Result<()> {
        self.runtime.block_on(self.connection.quit())
    }
}
