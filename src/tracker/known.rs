//! What a tracker knows of the session, for whoever asks.

use super::facts::Facts;
use super::{Expectation, Tracker};
use crate::command::{Mode, Protection, Structure, Type};
use crate::session::{LoginState, Setup};

impl Tracker {
    /// Whether TLS hides what is said now.
    pub fn is_blind(&self) -> bool {
        self.mind.is_blind()
    }

    /// Whether it is certain which command each reply answers; `false` under TLS.
    pub fn is_in_step(&self) -> bool {
        !self.mind.is_blind() && !self.mind.steps.is_lost()
    }

    /// Every data connection to expect now.
    pub fn expectations(&self) -> impl Iterator<Item = Expectation<'_>> {
        self.mind.book.expectations(self.mind.known())
    }

    /// How far the login has come (RFC 959 6); `None` if that wasn't seen.
    pub fn login(&self) -> Option<LoginState> {
        self.known(Facts::LOGIN, self.mind.steps.session().login())
    }

    /// The argument of the last USER; `None` if none was seen, or it has more than 80 bytes.
    pub fn user(&self) -> Option<&[u8]> {
        self.mind.user.as_deref()
    }

    /// TYPE (RFC 959 3.1.1); `None` if that wasn't seen.
    pub fn representation(&self) -> Option<Type> {
        self.known(Facts::REPRESENTATION, self.mind.steps.session().representation())
    }

    /// STRU (RFC 959 3.1.2); `None` if that wasn't seen.
    pub fn structure(&self) -> Option<Structure> {
        self.known(Facts::STRUCTURE, self.mind.steps.session().structure())
    }

    /// MODE (RFC 959 3.4); `None` if that wasn't seen.
    pub fn mode(&self) -> Option<Mode> {
        self.known(Facts::MODE, self.mind.steps.session().mode())
    }

    /// Where in the file the next transfer begins (REST, RFC 3659 5), in bytes from the start; `None` if that wasn't seen.
    pub fn restart_offset(&self) -> Option<u64> {
        self.known(Facts::RESTART, self.mind.steps.session().restart_offset())
    }

    /// The data connection that the two ends have agreed on for the next transfer; `None` if that wasn't seen.
    ///
    /// It is what they agreed on, whether the tracker expects it or not ([`Event::Refused`](super::Event::Refused)). Behind a 227 or 229 that
    /// a [`Rewrite`](super::Rewrite) kept from the client it is [`Setup::None`].
    pub fn setup(&self) -> Option<Setup> {
        self.known(Facts::SETUP, self.mind.steps.session().setup())
    }

    /// PROT (RFC 4217 9); `None` if that wasn't seen.
    pub fn protection(&self) -> Option<Protection> {
        self.known(Facts::PROTECTION, self.mind.steps.session().protection())
    }

    fn known<T>(&self, fact: Facts, value: T) -> Option<T> {
        self.mind.steps.facts().has(fact).then_some(value)
    }
}
