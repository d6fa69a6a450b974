//! A command whose reply is due: its identity, its verb, and the value that its reply puts in force.

use core::num::NonZeroU32;

use crate::command::{Command, EpsvArgument, Mode, Protection, Structure, Type, Verb};

/// The identity of one command within its session, which tells apart two commands with the same verb. Identities grow in the order of
/// the commands, and begin again after four billion.
// Never zero, so that an `Option` of it is no larger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CommandId(NonZeroU32);

/// The number of the first command.
const FIRST: NonZeroU32 = NonZeroU32::MIN.saturating_add(1);

impl CommandId {
    /// The identity of the greeting, which no command asked for.
    pub const GREETING: Self = Self(NonZeroU32::MIN);

    /// The identity of the next command; never the greeting's.
    pub(super) fn next(self) -> Self {
        Self(self.0.checked_add(1).unwrap_or(FIRST))
    }
}

/// What a reply answers: a command, or nothing in case of the greeting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Awaited {
    /// The greeting: the server's first reply, which no command asked for.
    Greeting,
    /// A command with this verb.
    Command(Verb),
}

impl Awaited {
    /// The command's verb; `None` for the greeting.
    pub const fn verb(self) -> Option<Verb> {
        match self {
            Self::Greeting => None,
            Self::Command(verb) => Some(verb),
        }
    }
}

/// A command whose final reply hasn't come.
#[derive(Debug, Clone, Copy)]
pub(super) struct Due {
    pub(super) id: CommandId,
    pub(super) awaited: Awaited,
    /// Whether its 1yz has come.
    pub(super) begun: bool,
    pub(super) value: Value,
}

/// The value in a command that its reply puts in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Value {
    None,
    Representation(Type),
    Structure(Structure),
    Mode(Mode),
    /// REST: bytes from the start of the file.
    Offset(u64),
    /// EPSV ALL.
    EpsvAll,
    Protection(Protection),
}

impl Value {
    pub(super) fn of(command: &Command<'_>) -> Self {
        match command {
            Command::Type(value) => Self::Representation(*value),
            Command::Stru(value) => Self::Structure(*value),
            Command::Mode(value) => Self::Mode(*value),
            Command::Rest(offset) => Self::Offset(*offset),
            Command::Epsv(EpsvArgument::All) => Self::EpsvAll,
            Command::Prot(value) => Self::Protection(*value),
            // Mechanisms older than RFC 4217 that imply PROT P: vsftpd and ProFTPD read them so.
            Command::Auth(mechanism) if implies_private(mechanism.as_bytes()) => Self::Protection(Protection::Private),
            _ => Self::None,
        }
    }
}

impl Due {
    pub(super) fn is(&self, verb: Verb) -> bool {
        self.awaited == Awaited::Command(verb)
    }

    pub(super) fn is_transfer(&self) -> bool {
        self.awaited.verb().is_some_and(Verb::opens_data)
    }

    pub(super) fn prepares_data(&self) -> bool {
        self.awaited.verb().is_some_and(Verb::sets_up_data)
    }
}

/// Compares without the identity, which may differ between the two ends.
impl PartialEq for Due {
    fn eq(&self, other: &Self) -> bool {
        (self.awaited, self.begun, self.value) == (other.awaited, other.begun, other.value)
    }
}

impl Eq for Due {}

/// Whether this mechanism of AUTH implies PROT P.
fn implies_private(mechanism: &[u8]) -> bool {
    mechanism.eq_ignore_ascii_case(b"SSL") || mechanism.eq_ignore_ascii_case(b"TLS-P")
}
