//! Which facts of a session were seen.

use crate::command::Verb;

/// A set of facts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Facts(u8);

impl Facts {
    pub(super) const NONE: Self = Self(0);
    pub(super) const ALL: Self = Self(0xff);
    pub(super) const LOGIN: Self = Self(1);
    pub(super) const REPRESENTATION: Self = Self(2);
    pub(super) const STRUCTURE: Self = Self(4);
    pub(super) const MODE: Self = Self(8);
    pub(super) const RESTART: Self = Self(16);
    pub(super) const PROTECTION: Self = Self(32);
    pub(super) const SETUP: Self = Self(64);

    /// What a reply to this command makes known, and a reply that was missed unknown.
    pub(super) fn of(verb: Verb) -> Self {
        match verb {
            Verb::User | Verb::Pass | Verb::Acct => Self::LOGIN,
            Verb::Type => Self::REPRESENTATION,
            Verb::Stru => Self::STRUCTURE,
            Verb::Mode => Self::MODE,
            Verb::Rest => Self::RESTART,
            Verb::Prot => Self::PROTECTION,
            Verb::Rein | Verb::Auth => Self::ALL,
            _ if verb.sets_up_data() => Self::SETUP,
            _ if verb.opens_data() => Self(Self::SETUP.0 | Self::RESTART.0),
            _ => Self::NONE,
        }
    }

    #[inline]
    pub(super) fn has(self, facts: Self) -> bool {
        self.0 & facts.0 == facts.0
    }

    #[inline]
    pub(super) fn add(&mut self, facts: Self) {
        self.0 |= facts.0;
    }

    pub(super) fn remove(&mut self, facts: Self) {
        self.0 &= !facts.0;
    }
}
