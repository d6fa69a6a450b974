//! What an observer needs of a session: it sees the commands and replies between two others, and may miss some.

use super::due::{Due, Value};
use super::state::Security;
use super::{Awaited, CommandId, Session, Setup, Step};
use crate::command::{Command, Verb};
use crate::few::Few;
use crate::reply::Code;

/// A command whose final reply hasn't come, as an observer knows it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pending {
    pub(crate) id: CommandId,
    pub(crate) awaited: Awaited,
    /// Whether its 1yz has come.
    pub(crate) begun: bool,
    pub(crate) is_epsv_all: bool,
}

impl Pending {
    /// Whether a reply with this code can answer it (RFC 959 5.4, and the codes that servers really send).
    pub(crate) fn can_be_answered(&self, code: Code) -> bool {
        self.awaited.may_be_answered(code)
    }
}

impl Session {
    /// The session of a connection whose beginning was not seen: nothing is known to be due.
    pub(crate) fn joined() -> Self {
        Self { due: Few::default(), ..Self::new() }
    }

    /// The session of which nothing is known any more. Its commands go on to have other identities than those before.
    pub(crate) fn unknown(&self) -> Self {
        Self { last: self.last, ..Self::joined() }
    }

    /// Whether AUTH was accepted in part: ADAT is next (RFC 2228).
    pub(crate) fn is_exchanging(&self) -> bool {
        self.security == Security::Exchanging
    }

    /// Records a command that was seen, whatever its order. `false` if too many replies are due, so that it isn't recorded.
    #[inline]
    pub(crate) fn saw(&mut self, verb: Verb, command: Option<&Command<'_>>) -> (CommandId, bool) {
        let (id, recorded) = self.record(verb, command.map_or(Value::None, Value::of));
        // The observer names the command even so.
        self.last = id;
        (id, recorded.is_ok())
    }

    /// A short way for [`reply`](Self::reply), for the usual case: one reply is due, and this can be it. `None` in any other case.
    #[inline]
    pub(crate) fn reply_to_only(&mut self, code: Code) -> Option<(CommandId, Awaited, Step)> {
        let Due { id, awaited, .. } = *self.due.only()?;
        if !awaited.may_be_answered(code) {
            return None;
        }
        self.overhear(code);
        let step = self.meaning(0, code);
        self.step(0, code, step);
        Some((id, awaited, step))
    }

    /// The commands whose replies are due, in their order.
    pub(crate) fn pending(&self) -> impl DoubleEndedIterator<Item = Pending> + '_ {
        self.due.iter().map(|Due { id, awaited, begun, value }| Pending {
            id: *id,
            awaited: *awaited,
            begun: *begun,
            is_epsv_all: *value == Value::EpsvAll,
        })
    }

    /// The command whose reply is due first.
    pub(crate) fn first_due(&self) -> Option<Pending> {
        self.pending().next()
    }

    /// The identity of the latest command that was seen.
    pub(crate) fn last(&self) -> CommandId {
        self.last
    }

    /// Records that the reply to this command was missed: it isn't due any more, and what it changed is unknown.
    pub(crate) fn forget(&mut self, id: CommandId) -> Option<Awaited> {
        let place = self.due.iter().position(|due| due.id == id)?;
        let due = self.due.remove(place)?;
        // The client won't say anything else any more, even if the server has refused it.
        self.epsv_all |= due.value == Value::EpsvAll;
        if due.is_transfer() {
            self.setup = Setup::None;
            self.restart = 0;
        }
        Some(due.awaited)
    }

    /// The server never saw this command: no reply is due, and it has changed nothing.
    pub(crate) fn unsay(&mut self, id: CommandId) {
        self.due.retain(|due| due.id != id);
    }

    /// Whether EPSV ALL was said before this command, and not refused.
    pub(crate) fn epsv_all_before(&self, id: CommandId) -> bool {
        self.epsv_all || self.due.iter().any(|due| due.id < id && due.value == Value::EpsvAll)
    }

    /// The server says nothing more.
    pub(crate) fn end(&mut self) {
        self.ending = true;
    }

    /// No data connection is agreed on, whatever the server said.
    pub(crate) fn forget_setup(&mut self) {
        self.setup = Setup::None;
    }

    /// Records that a transfer has begun whose command wasn't seen: its final reply is due.
    pub(crate) fn begun_unseen(&mut self) -> CommandId {
        let (id, recorded) = self.saw(Verb::Retr, None);
        if let (true, Some(due)) = (recorded, self.due.back_mut()) {
            due.begun = true;
        }
        id
    }
}
