//! Which facts of a session were seen.

use crate::command::Verb;

/// A set of facts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Facts(u8);

impl Facts {
    pub(super) const NONE: Self = Self(0);
    pub(super) const ALL: Self = Self(0x7f);
    pub(super) const LOGIN: Self = Self(1);
    pub(super) const REPRESENTATION: Self = Self(2);
    pub(super) const STRUCTURE: Self = Self(4);
    pub(super) const MODE: Self = Self(8);
    pub(super) const RESTART: Self = Self(16);
    pub(super) const PROTECTION: Self = Self(32);
    pub(super) const SETUP: Self = Self(64);

    /// What a reply to this command makes known, and a reply that was missed unknown.
    #[inline]
    pub(super) fn of(verb: Verb) -> Self {
        Self(OF.get(verb as usize).copied().unwrap_or_default() & Self::ALL.0)
    }

    /// Whether replies to this command change more than the session: what is expected, or who is logged in.
    #[inline]
    pub(super) fn matter_to(verb: Verb) -> bool {
        OF.get(verb as usize).is_some_and(|row| row & MATTERS != 0)
    }

    const fn row(verb: Verb) -> u8 {
        match verb {
            Verb::User | Verb::Pass | Verb::Acct => Self::LOGIN.0 | MATTERS,
            Verb::Type => Self::REPRESENTATION.0,
            Verb::Stru => Self::STRUCTURE.0,
            Verb::Mode => Self::MODE.0,
            Verb::Rest => Self::RESTART.0,
            Verb::Prot => Self::PROTECTION.0,
            Verb::Rein | Verb::Auth => Self::ALL.0 | MATTERS,
            Verb::Adat => MATTERS,
            _ if verb.sets_up_data() => Self::SETUP.0 | MATTERS,
            _ if verb.opens_data() => Self::SETUP.0 | Self::RESTART.0 | MATTERS,
            _ => 0,
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

/// The bit beside the facts.
const MATTERS: u8 = 0x80;

/// The row of each verb.
static OF: [u8; Verb::ALL.len() + 1] = rows();

#[expect(clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "evaluated at compile time")]
const fn rows() -> [u8; Verb::ALL.len() + 1] {
    let mut rows = [0; Verb::ALL.len() + 1];
    let mut at = 0;
    while at < Verb::ALL.len() {
        rows[Verb::ALL[at] as usize] = Facts::row(Verb::ALL[at]);
        at += 1;
    }
    // A line of another protocol's is told by its word.
    rows[Verb::Other as usize] = MATTERS;
    rows
}
