//! What may differ from user to user.

use alloc::sync::Arc;
use core::time::Duration;

use super::config::{Active, Config, Passive};
use super::context::{Context, Pace};
use super::support::Support;
use crate::command::{Served, Verb};

/// What one user may do, in place of what [`Config`] says for all users; [`Login::accept_with`](super::Login::accept_with) grants it. Limits,
/// TLS and the rules of the login are the same for all users.
///
/// ```
/// use ftp_proto::server::{Config, Permissions};
/// use ftp_proto::Verb;
/// let config = Config::default();
/// let mut read_only = Permissions::from(&config);
/// read_only.support = read_only.support.without(&[Verb::Stor, Verb::Appe, Verb::Stou, Verb::Dele])?;
/// # Ok::<(), ftp_proto::server::SupportError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Permissions {
    /// What the application can do for this user.
    pub support: Support,
    /// Data connections by PASV and EPSV.
    pub passive: Passive,
    /// Data connections by PORT and EPRT.
    pub active: Active,
    /// How long to wait for data connections and their bytes.
    pub patience: TransferPatience,
}

/// How long the server waits for data connections and their bytes: the fields of [`Patience`](super::Patience) that are about transfers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct TransferPatience {
    /// For a passive port to listen on.
    pub listen: Duration,
    /// For the client to connect to the passive port.
    pub accept: Duration,
    /// For a connection to the client's port in active mode.
    pub connect: Duration,
    /// For the next byte of a transfer, counted by the adapter's [`moved`](crate::Stream::moved).
    pub stall: Duration,
}

/// What all users may do.
impl From<&Config> for Permissions {
    fn from(config: &Config) -> Self {
        Self {
            support: config.support.clone(),
            passive: config.passive.clone(),
            active: config.active.clone(),
            patience: TransferPatience::from(config),
        }
    }
}

impl From<&Config> for TransferPatience {
    fn from(config: &Config) -> Self {
        let patience = &config.patience;
        Self { listen: patience.listen, accept: patience.accept, connect: patience.connect, stall: patience.stall }
    }
}

impl Context {
    #[inline]
    pub(super) fn support(&self) -> &Support {
        self.seldom.granted().map_or(&self.config.support, |granted| &granted.support)
    }

    pub(super) fn passive(&self) -> &Passive {
        self.seldom.granted().map_or(&self.config.passive, |granted| &granted.passive)
    }

    pub(super) fn active(&self) -> &Active {
        self.seldom.granted().map_or(&self.config.active, |granted| &granted.active)
    }

    pub(super) fn transfer_patience(&self) -> TransferPatience {
        self.seldom.granted().map_or_else(|| TransferPatience::from(&*self.config), |granted| granted.patience)
    }

    /// Whether the machine or the application answers a verb other than with 502.
    #[inline]
    pub(super) fn knows(&self, verb: Verb) -> bool {
        self.support().names(verb) || verb.served() == Served::WithTls && self.config.has_tls()
    }

    /// The verbs that FEAT and HELP name, in the order of the table.
    pub(super) fn verbs(&self) -> impl Iterator<Item = Verb> + '_ {
        let config = &self.config;
        Verb::ALL.iter().copied().filter(|verb| match verb {
            Verb::Auth => config.has_tls() && !config.implicit_tls,
            Verb::Ccc => config.has_tls() && config.clear_command_channel,
            verb => self.knows(*verb),
        })
    }

    /// Puts these permissions in force; `None`: those of all users. Choices made under other permissions (OPTS, LANG, RANG) are reset, and a
    /// data connection agreed on under them is closed.
    pub(super) fn grant(&mut self, granted: Option<Arc<Permissions>>) {
        if self.seldom.granted().is_none() && granted.is_none() {
            return;
        }
        self.seldom.set_granted(granted);
        self.pace = Pace::of(&self.config, self.support());
        self.chosen = Default::default();
        self.seldom.forget_range();
        self.connection.data.release();
    }
}
