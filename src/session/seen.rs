//! What a session needs for whoever sees only what passes by, and perhaps not all of it.

use super::due::{Due, Value};
use super::queue::Queue;
use super::{Awaited, CommandId, Session, Setup, Step};
use crate::command::{Command, Verb};
use crate::reply::Code;

/// A command whose final reply hasn't come, as an observer knows it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pending {
    pub(crate) id: CommandId,
    pub(crate) awaited: Awaited,
    /// Its 1yz has come.
    pub(crate) begun: bool,
}

impl Pending {
    /// Whether a reply with this code can answer it (RFC 959 5.4, with room for what servers really say).
    pub(crate) fn can_be_answered(&self, code: Code) -> bool {
        self.awaited.may_be_answered(code)
    }
}

impl Session {
    /// A connection whose beginning was not seen: nothing is known to be due.
    pub(crate) fn joined() -> Self {
        Self { due: Queue::default(), ..Self::new() }
    }

    /// A command was seen; its order is nobody's business here. `None`: too many are due, and it isn't recorded.
    #[inline]
    pub(crate) fn saw(&mut self, verb: Verb, command: Option<&Command<'_>>) -> (CommandId, bool) {
        let (id, recorded) = self.record(verb, command.map_or(Value::None, Value::of));
        // Whoever sees it names it all the same.
        self.last = id;
        (id, recorded.is_ok())
    }

    /// What [`reply`](Self::reply) makes of a reply while one thing is due, if it can be the answer to that: all there is most of the time.
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

    /// What is due, in the order in which it was said.
    pub(crate) fn pending(&self) -> impl DoubleEndedIterator<Item = Pending> + '_ {
        self.due.iter().map(|Due { id, awaited, begun, .. }| Pending { id: *id, awaited: *awaited, begun: *begun })
    }

    /// What is due first.
    pub(crate) fn first_due(&self) -> Option<Pending> {
        self.pending().next()
    }

    /// The identity of the last command that was seen.
    pub(crate) fn last(&self) -> CommandId {
        self.last
    }

    /// The reply to this command was missed: it isn't due any more, and what it made of the session is unknown.
    pub(crate) fn forget(&mut self, id: CommandId) -> Option<Awaited> {
        let place = self.due.iter().position(|due| due.id == id)?;
        let due = self.due.remove(place)?;
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

    /// No data connection is agreed on, whatever the server said.
    pub(crate) fn forget_setup(&mut self) {
        self.setup = Setup::None;
    }

    /// A transfer whose command wasn't seen has begun: its final reply is due.
    pub(crate) fn begun_unseen(&mut self) -> CommandId {
        let (id, recorded) = self.saw(Verb::Retr, None);
        if let (true, Some(due)) = (recorded, self.due.back_mut()) {
            due.begun = true;
        }
        id
    }
}
