//! A command whose reply is due: what can answer it, and what it changes then.

use super::Awaited;
use crate::command::{Command, EpsvArgument, Mode, Protection, Structure, Type, Verb};
use crate::reply::{Class, Code};

/// One command whose final reply hasn't come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Due {
    pub(super) awaited: Awaited,
    /// A 1yz has come.
    pub(super) begun: bool,
    pub(super) effect: Effect,
}

/// What a command changes once it is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    None,
    Representation(Type),
    Structure(Structure),
    Mode(Mode),
    Restart(u64),
    OnlyEpsv,
    Protection(Protection),
}

impl Effect {
    pub(super) fn of(command: &Command<'_>) -> Self {
        match command {
            Command::Type(value) => Self::Representation(*value),
            Command::Stru(value) => Self::Structure(*value),
            Command::Mode(value) => Self::Mode(*value),
            Command::Rest(offset) => Self::Restart(*offset),
            Command::Epsv(EpsvArgument::All) => Self::OnlyEpsv,
            Command::Prot(value) => Self::Protection(*value),
            // Mechanisms from before RFC 4217, which bring PROT P with them: so vsftpd and ProFTPD have them.
            Command::Auth(mechanism) if implies_private(mechanism.as_bytes()) => Self::Protection(Protection::Private),
            _ => Self::None,
        }
    }
}

impl Due {
    pub(super) fn verb(&self) -> Option<Verb> {
        match self.awaited {
            Awaited::Greeting => None,
            Awaited::Command(verb) => Some(verb),
        }
    }

    pub(super) fn is(&self, verb: Verb) -> bool {
        self.awaited == Awaited::Command(verb)
    }

    pub(super) fn is_transfer(&self) -> bool {
        self.verb().is_some_and(Verb::opens_data)
    }

    /// Of a transfer that runs or an ABOR: a success in the words of the NOOP, STAT or ABOR that came behind it.
    pub(super) fn rather_not(&self, code: Code) -> bool {
        let own =
            if self.is(Verb::Abor) { matches!(code.value(), 225 | 226) } else { matches!(code.value(), 226 | 250) };
        code.class() == Class::Completion && !own
    }

    /// Whether a reply with this code can answer it: RFC 959 5.4 by code instead of by command, with room for what
    /// servers really say (pyftpdlib answers REIN with 230 and EPSV ALL with 220). Negative replies answer anything.
    pub(super) fn may_be_answered(&self, code: Code) -> bool {
        let Awaited::Command(verb) = self.awaited else {
            return matches!(code.value(), 100..300 | 421 | 500..600) || code.class() == Class::TransientNegative;
        };
        if matches!(verb, Verb::Other) {
            return true;
        }
        match code.value() {
            426 => self.is_transfer() || verb == Verb::Abor,
            400.. => true,
            120 => verb == Verb::Rein,
            100..200 => self.is_transfer(),
            200 | 202 => !self.is_transfer(),
            211..=215 => !self.is_transfer() && !verb.sets_up_data(),
            220 => matches!(verb, Verb::Host | Verb::Rein | Verb::Epsv | Verb::Sscn | Verb::Auth),
            221 => matches!(verb, Verb::Quit | Verb::Rein),
            225 => matches!(verb, Verb::Abor),
            226 => self.is_transfer() || verb == Verb::Abor,
            227..=229 => matches!(verb, Verb::Pasv | Verb::Epsv | Verb::Lpsv | Verb::Cpsv),
            230 | 232 => matches!(verb, Verb::User | Verb::Pass | Verb::Acct | Verb::Rein | Verb::Auth),
            234 | 235 => matches!(verb, Verb::Auth | Verb::Adat),
            257 => matches!(verb, Verb::Mkd | Verb::Pwd | Verb::Site),
            331 | 336 => matches!(verb, Verb::User),
            332 => matches!(verb, Verb::User | Verb::Pass),
            334 | 335 => matches!(verb, Verb::Auth | Verb::Adat),
            300..400 => {
                matches!(verb, Verb::User | Verb::Pass | Verb::Auth | Verb::Rest | Verb::Rang | Verb::Rnfr | Verb::Site)
            }
            // 250 and the rest of 2yz.
            _ => !verb.sets_up_data(),
        }
    }
}

/// The mechanisms of AUTH that bring PROT P with them.
fn implies_private(mechanism: &[u8]) -> bool {
    mechanism.eq_ignore_ascii_case(b"SSL") || mechanism.eq_ignore_ascii_case(b"TLS-P")
}
