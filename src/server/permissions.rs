//! What may change with the login.

use alloc::sync::Arc;
use core::time::Duration;

use super::config::{Active, Config, Passive};
use super::context::{Context, Pace};
use super::support::Support;
use crate::command::{Served, Verb};

/// What a user who has logged in may do, where it differs from what [`Config`] says for all users
/// ([`Login::accept_with`](super::Login::accept_with)). Limits, TLS and the login itself are for everybody the same.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Permissions {
    /// What the application can do for this user.
    pub support: Support,
    /// PASV and EPSV.
    pub passive: Passive,
    /// PORT and EPRT.
    pub active: Active,
    /// How long to wait for data connections and their bytes.
    pub patience: TransferPatience,
}

/// How long the server waits for data connections and their bytes: those fields of [`Patience`](super::Patience).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct TransferPatience {
    /// For a passive port to listen on.
    pub listen: Duration,
    /// For the client to connect to a passive port.
    pub accept: Duration,
    /// For the client's port to answer.
    pub connect: Duration,
    /// For the next byte of a transfer.
    pub stall: Duration,
}

/// What everybody may do.
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

    /// Whether the machine or the application answers a verb with more than 502.
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

    /// From now on these permissions are in force; `None`: everybody's. Where they are others than before, what was chosen
    /// of the old ones and the data connection that was agreed on under them are void.
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
