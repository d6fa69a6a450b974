//! What a request says, and in which order, before it runs.

use alloc::collections::VecDeque;

use super::Options;
use crate::command::{Command, Type, Verb};
use crate::reply::Code;
use crate::session::Session;
use crate::text::Path;

/// What to say, and in which order.
#[derive(Debug, Clone)]
pub(in crate::client) enum Plan {
    Script(VecDeque<Step>),
    Transfer {
        command: Command<'static>,
        /// Bytes from the start of the file (REST). `None`: what is in force.
        offset: Option<u64>,
    },
    /// LIST or MLSD, as FEAT said.
    List(Option<Path<'static>>),
    Hash(Path<'static>),
}

/// One step of a script.
#[derive(Debug, Clone)]
pub(in crate::client) struct Step {
    pub(in crate::client) act: Act,
    pub(in crate::client) when: When,
}

/// What a step does.
#[derive(Debug, Clone)]
pub(in crate::client) enum Act {
    Say(Command<'static>),
    StartTls,
    StopTls,
}

/// Whether a step is taken, by the reply before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::client) enum When {
    Always,
    /// 331 or 336.
    PasswordNeeded,
    /// 332.
    AccountNeeded,
    /// TLS is off.
    Plain,
    /// TLS is on.
    Secured,
}

impl Step {
    pub(in crate::client) fn always(command: Command<'static>) -> Self {
        Self { act: Act::Say(command), when: When::Always }
    }
}

impl When {
    pub(in crate::client) fn holds(self, last: Option<Code>, secured: bool) -> bool {
        match self {
            Self::Always => true,
            Self::PasswordNeeded => last.is_some_and(|code| matches!(code.value(), 331 | 336)),
            Self::AccountNeeded => last.is_some_and(|code| code.value() == 332),
            Self::Plain => !secured,
            Self::Secured => secured,
        }
    }
}

/// A file or a listing over a data connection, with all that is left to decide of its request decided.
#[derive(Debug)]
pub(in crate::client) struct TransferRequest {
    pub(in crate::client) command: Command<'static>,
    /// The TYPE that has to be in force, if it matters.
    pub(in crate::client) representation: Option<Type>,
    pub(in crate::client) part: Part,
    /// How many bytes the whole file has: that is binding.
    pub(in crate::client) total: Option<u64>,
    /// SIZE is to tell that.
    pub(in crate::client) sized: bool,
    /// The size that a 150 announces is looked at.
    pub(in crate::client) heeds_announced: bool,
}

/// Which part of a file is transferred.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::client) enum Part {
    /// So many bytes from its start (REST) to its end.
    From(u64),
    /// From the first of these bytes to the last (RANG).
    Range(u64, u64),
}

impl Part {
    /// Where in the file it begins, in bytes.
    pub(in crate::client) fn offset(self) -> u64 {
        match self {
            Self::From(first) | Self::Range(first, _) => first,
        }
    }
}

impl TransferRequest {
    /// What a request becomes in this session.
    pub(in crate::client) fn new(
        command: Command<'static>,
        offset: Option<u64>,
        options: Option<&Options>,
        session: &Session,
    ) -> Self {
        let usual = Options::default();
        let options = options.unwrap_or(&usual);
        let part = match options.range {
            Some((first, last)) => Part::Range(first, last),
            None => Part::From(options.offset.or(offset).unwrap_or(session.restart_offset())),
        };
        Self {
            representation: options.representation(command.verb()),
            part,
            total: options.total,
            sized: options.sized,
            // Who takes REST as it is in force may have said RANG, too, and hands on what the server says.
            heeds_announced: command.verb() == Verb::Retr && options.range.is_none() && offset.is_some(),
            command,
        }
    }
}

/// What the final reply is read for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::client) enum Wanted {
    Nothing,
    Login,
    Directory,
    Size,
    Modified,
    /// Of the command with this verb.
    Hash(Verb),
    Features,
    /// Behind it the session ends.
    Farewell,
}
