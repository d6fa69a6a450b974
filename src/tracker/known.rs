//! What a tracker knows of the session, for whoever asks.

use super::facts::Facts;
use super::{Expectation, Tracker};
use crate::command::{Mode, Protection, Structure, Type};
use crate::session::{LoginState, Setup};

impl Tracker {
    /// Whether TLS hides what is said.
    pub fn is_blind(&self) -> bool {
        self.mind.is_blind()
    }

    /// Whether it is certain what answers what.
    pub fn is_in_step(&self) -> bool {
        !self.mind.is_blind() && !self.mind.steps.is_lost()
    }

    /// Every data connection that is to be expected now.
    pub fn expectations(&self) -> impl Iterator<Item = Expectation<'_>> {
        self.mind.book.expectations(self.mind.known())
    }

    /// How far the login has come; `None` if that wasn't seen.
    pub fn login(&self) -> Option<LoginState> {
        self.known(Facts::LOGIN, self.mind.steps.session().login())
    }

    /// The argument of the last USER, if it was seen, and is no more than 256 bytes.
    pub fn user(&self) -> Option<&[u8]> {
        self.mind.user.as_deref()
    }

    /// TYPE; `None` if that wasn't seen.
    pub fn representation(&self) -> Option<Type> {
        self.known(Facts::REPRESENTATION, self.mind.steps.session().representation())
    }

    /// STRU; `None` if that wasn't seen.
    pub fn structure(&self) -> Option<Structure> {
        self.known(Facts::STRUCTURE, self.mind.steps.session().structure())
    }

    /// MODE; `None` if that wasn't seen.
    pub fn mode(&self) -> Option<Mode> {
        self.known(Facts::MODE, self.mind.steps.session().mode())
    }

    /// Where the next transfer begins (REST), in bytes; `None` if that wasn't seen.
    pub fn restart_offset(&self) -> Option<u64> {
        self.known(Facts::RESTART, self.mind.steps.session().restart_offset())
    }

    /// Which data connection was agreed on; `None` if that wasn't seen.
    pub fn setup(&self) -> Option<Setup> {
        self.known(Facts::SETUP, self.mind.steps.session().setup())
    }

    /// PROT; `None` if that wasn't seen.
    pub fn protection(&self) -> Option<Protection> {
        self.known(Facts::PROTECTION, self.mind.steps.session().protection())
    }

    fn known<T>(&self, fact: Facts, value: T) -> Option<T> {
        self.mind.steps.facts().has(fact).then_some(value)
    }
}
