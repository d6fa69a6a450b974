//! A command whose reply is due: its identity, what it names, and the value that its reply puts in force.

use crate::command::{Command, EpsvArgument, Mode, Protection, Structure, Type, Verb};

/// The identity of one command within its session. A reply is matched to an identity, so two commands with the same verb
/// are told apart. Identities grow in the order of the commands (and begin anew after four billion).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CommandId(u32);

impl CommandId {
    /// What the greeting answers, though no command asked for it.
    pub const GREETING: Self = Self(0);

    /// The identity of the next command. No command has the greeting's.
    pub(super) fn next(self) -> Self {
        Self(self.0.checked_add(1).unwrap_or(1))
    }
}

/// What a reply answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Awaited {
    /// The server's first word.
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

/// One command whose final reply hasn't come.
#[derive(Debug, Clone, Copy)]
pub(super) struct Due {
    pub(super) id: CommandId,
    pub(super) awaited: Awaited,
    /// A 1yz has come.
    pub(super) begun: bool,
    pub(super) value: Value,
}

/// What a command names and its reply puts in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Value {
    None,
    Representation(Type),
    Structure(Structure),
    Mode(Mode),
    /// REST: bytes from the start of the file.
    Offset(u64),
    /// EPSV ALL.
    OnlyEpsv,
    Protection(Protection),
}

impl Value {
    pub(super) fn of(command: &Command<'_>) -> Self {
        match command {
            Command::Type(value) => Self::Representation(*value),
            Command::Stru(value) => Self::Structure(*value),
            Command::Mode(value) => Self::Mode(*value),
            Command::Rest(offset) => Self::Offset(*offset),
            Command::Epsv(EpsvArgument::All) => Self::OnlyEpsv,
            Command::Prot(value) => Self::Protection(*value),
            // Mechanisms from before RFC 4217, which bring PROT P with them: vsftpd and ProFTPD read them so.
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

/// What is due is a state that both ends share; their identities need not be the same.
impl PartialEq for Due {
    fn eq(&self, other: &Self) -> bool {
        (self.awaited, self.begun, self.value) == (other.awaited, other.begun, other.value)
    }
}

impl Eq for Due {}

/// The mechanisms of AUTH that bring PROT P with them.
fn implies_private(mechanism: &[u8]) -> bool {
    mechanism.eq_ignore_ascii_case(b"SSL") || mechanism.eq_ignore_ascii_case(b"TLS-P")
}
