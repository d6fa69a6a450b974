//! The plan of a request before it runs: which commands are sent, and in which order.

use alloc::collections::VecDeque;

use super::Options;
use crate::command::{Command, Type, Verb};
use crate::reply::Code;
use crate::session::Session;
use crate::text::Path;

/// The commands of a request.
#[derive(Debug, Clone)]
pub(in crate::client) enum Plan {
    Script(VecDeque<Step>),
    Transfer {
        command: Command<'static>,
        /// Bytes from the start of the file (REST). `None`: as REST has set it before.
        offset: Option<u64>,
    },
    /// MLSD if FEAT named it, else LIST.
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

/// The condition of a step, by the reply before it or the state of TLS.
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

/// A request for a transfer, with everything decided that depends on the session.
#[derive(Debug)]
pub(in crate::client) struct TransferRequest {
    pub(in crate::client) command: Command<'static>,
    /// The TYPE that has to be in force; `None`: any.
    pub(in crate::client) representation: Option<Type>,
    pub(in crate::client) part: Part,
    /// How many bytes the whole file has to have.
    pub(in crate::client) total: Option<u64>,
    /// Whether SIZE is asked for the total.
    pub(in crate::client) sized: bool,
    /// Whether the download is checked against the size that a 150 announces.
    pub(in crate::client) heeds_announced: bool,
}

/// Which part of a file is transferred.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::client) enum Part {
    /// From this byte, counted from 0 (REST), to the end.
    From(u64),
    /// From the first of these bytes to the last, both counted from 0 (RANG).
    Range(u64, u64),
}

impl Part {
    /// Where the part begins, in bytes from the start of the file.
    pub(in crate::client) fn offset(self) -> u64 {
        match self {
            Self::From(first) | Self::Range(first, _) => first,
        }
    }
}

impl TransferRequest {
    /// Decides what depends on the session.
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
            // Without an offset of its own this is a proxy's transfer, whose client may have sent RANG, too.
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
    /// The hash that the command with this verb tells.
    Hash(Verb),
    Features,
    /// QUIT's reply, after which the session ends.
    Farewell,
}
