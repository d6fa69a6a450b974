//! What the sessions of a server have in common.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use ftp_proto::Text;
use ftp_proto::server::{Config, Greeting, Refusal};

use super::door::{Guest, House, Stop};
use super::site::Site;
use crate::tls::server::Certified;

/// How long clients have to leave once they were told 421.
pub const FAREWELL: Duration = Duration::from_secs(5);

/// Everything of a server but its sockets.
pub struct Service {
    pub config: Arc<Config>,
    pub site: Arc<Site>,
    pub certified: Option<Certified>,
    /// The text of the greeting.
    pub banner: Greeting<'static>,
    pub house: Arc<House>,
    pub stop: Stop,
}

impl Service {
    /// A service without a limit of sessions, without TLS, and without an end.
    pub fn plain(config: Config, site: Site) -> io::Result<Self> {
        Ok(Self {
            config: Arc::new(config),
            site: Arc::new(site),
            certified: None,
            banner: Greeting::ready(Text::from_static("Welcome to ftp-proto.")),
            house: House::new(None),
            stop: Stop::new()?,
        })
    }

    /// The greeting for a new client.
    pub fn greeting(&self, guest: &Guest) -> Greeting<'_> {
        match guest.is_welcome() {
            true => self.banner.clone(),
            false => Greeting::closing(Text::from_static("Too many users, try again later.")),
        }
    }
}

/// The 421 to all clients at the end.
pub fn farewell() -> Refusal<'static> {
    Refusal::closing(Text::new("The server is shutting down.").unwrap_or_default())
}
