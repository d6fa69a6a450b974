//! The data connections that are expected, and the transfers that they are for.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::net::{IpAddr, SocketAddr};

use super::Peer;
use crate::command::Verb;
use crate::reply::Code;
use crate::session::{CommandId, Session};

/// A data connection that is to be expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Expectation<'a> {
    /// The command that set it up: PASV, EPSV, PORT, EPRT or one of their kin. No other expectation has it.
    pub id: CommandId,
    /// Who dials.
    pub dials: Peer,
    /// The host that dials. Its port can be any: RFC 959 3.2 wants the one below the control connection's where the server dials,
    /// and most servers take another.
    pub from: IpAddr,
    /// The host and port that listen.
    pub to: SocketAddr,
    /// Whether TLS protects it (PROT); `None` if that wasn't seen.
    pub protected: Option<bool>,
    /// What it is for; `None` until the command has come that says so.
    pub purpose: Option<Purpose<'a>>,
}

/// What a data connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Purpose<'a> {
    /// The command that moves the data.
    pub id: CommandId,
    /// Its verb.
    pub verb: Verb,
    /// Its path, at most [`Rules::commands`](super::Rules::commands)'s `line` bytes; `None` if it names none, or its line couldn't be read.
    pub path: Option<&'a [u8]>,
    /// Who sends the data.
    pub sender: Peer,
    /// Where it begins (REST), in bytes; `None` if that wasn't seen.
    pub offset: Option<u64>,
    /// How many bytes the server said that there are; `None` if it hasn't said.
    pub size: Option<u64>,
}

/// Why a data connection isn't to be expected any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Withdrawal {
    /// The transfer that it was for has ended.
    Over,
    /// The server refused the command that was to set it up.
    Refused,
    /// Another one was set up in its place.
    Replaced,
    /// The session ends, or begins anew: QUIT, 421, REIN, AUTH, or the end of the control connection.
    Ended,
    /// What became of it wasn't seen.
    Lost,
}

/// What there is to tell of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    Nothing,
    Expect,
    Assigned,
    Withdrawn(Withdrawal),
    Begun,
    Ended(Option<Code>),
    /// Told for the last time.
    Gone,
}

#[derive(Debug)]
struct Open {
    id: CommandId,
    dials: Peer,
    to: SocketAddr,
    mark: Mark,
}

#[derive(Debug)]
struct Moving {
    id: CommandId,
    verb: Verb,
    path: Option<Box<[u8]>>,
    /// The command that set its data connection up.
    setup: Option<CommandId>,
    offset: Option<u64>,
    size: Option<u64>,
    begun: bool,
    mark: Mark,
}

/// As many data connections, and as many transfers, are kept in mind at most.
const MOST: usize = 8;

#[derive(Default)]
pub(super) struct Book {
    open: Vec<Open>,
    moving: Vec<Moving>,
    /// The command that sets up the next data connection, before its reply, and behind it.
    asked: Option<CommandId>,
    agreed: Option<CommandId>,
    marked: bool,
    /// Something was told for the last time.
    gone: bool,
}

/// What all data connections of a session have in common.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    pub(super) client: IpAddr,
    pub(super) server: IpAddr,
    pub(super) protected: Option<bool>,
}

/// What to tell of the book.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Note {
    Expect(CommandId),
    Assigned(CommandId),
    Withdrawn(CommandId, Withdrawal),
    Begun(CommandId),
    Ended(CommandId, Option<Code>),
}

impl Book {
    /// Whether nothing is in it.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.open.is_empty() && self.moving.is_empty()
    }

    #[inline]
    pub(super) fn has_notes(&self) -> bool {
        self.marked
    }

    /// A command was said that asks where the next data connection goes, or says so.
    pub(super) fn asks(&mut self, id: CommandId) {
        self.asked = Some(id);
    }

    /// A data connection is to be expected.
    pub(super) fn expect(&mut self, id: CommandId, dials: Peer, to: SocketAddr) {
        if self.open.len() >= MOST {
            let oldest = self.open.iter_mut().find(|open| !matches!(open.mark, Mark::Withdrawn(_)));
            if let Some(open) = oldest {
                open.end(Withdrawal::Replaced);
            }
            if self.open.len() > MOST {
                return;
            }
        }
        // Seldom more than one: a session that is idle keeps room for no more.
        self.open.reserve_exact(1);
        self.open.push(Open { id, dials, to, mark: Mark::Expect });
        self.marked = true;
    }

    /// The command that was to set up a data connection was accepted: those before it are over, but for those in use.
    pub(super) fn accepted(&mut self, id: CommandId) {
        self.settled(id);
        self.agreed = Some(id);
        for open in self.open.iter_mut().filter(|open| open.id < id && open.mark != Mark::Gone) {
            if !self.moving.iter().any(|moving| moving.setup == Some(open.id) && moving.mark != Mark::Gone) {
                open.end(Withdrawal::Replaced);
                self.marked = true;
            }
        }
    }

    /// It was refused.
    pub(super) fn refused(&mut self, id: CommandId) {
        self.settled(id);
        self.withdraw(id, Withdrawal::Refused);
    }

    fn settled(&mut self, id: CommandId) {
        if self.asked == Some(id) {
            self.asked = None;
        }
    }

    /// A command was said that moves data.
    pub(super) fn moves(&mut self, id: CommandId, verb: Verb, path: Option<&[u8]>, offset: Option<u64>) {
        if self.moving.len() >= MOST {
            return;
        }
        let setup = self.asked.or(self.agreed);
        let path = path.map(Box::from);
        self.moving.reserve_exact(1);
        self.moving.push(Moving { id, verb, path, setup, offset, size: None, begun: false, mark: Mark::Nothing });
        if let Some(open) = self.open.iter_mut().find(|open| Some(open.id) == setup && open.mark == Mark::Nothing) {
            open.mark = Mark::Assigned;
            self.marked = true;
        }
    }

    /// Its 1yz has come.
    pub(super) fn begins(&mut self, id: CommandId, size: Option<u64>) {
        let Some(moving) = self.moving.iter_mut().find(|moving| moving.id == id) else { return };
        if !moving.begun {
            (moving.begun, moving.size, moving.mark) = (true, size, Mark::Begun);
            self.marked = true;
        }
    }

    /// Its final reply has come. One that is refused before its 1yz leaves the data connection for the next, and so does one behind which it
    /// `stays`.
    pub(super) fn ends(&mut self, id: CommandId, code: Code, stays: bool) {
        let Some(moving) = self.moving.iter_mut().find(|moving| moving.id == id) else { return };
        moving.mark = Mark::Ended(Some(code));
        self.marked = true;
        let spent = moving.begun || code.is_completion() || code == Code::CANNOT_OPEN_DATA_CONNECTION;
        if let Some(setup) = moving.setup.filter(|setup| spent && !(stays && self.agreed == Some(*setup))) {
            if self.agreed == Some(setup) {
                self.agreed = None;
            }
            self.withdraw(setup, Withdrawal::Over);
        }
    }

    fn withdraw(&mut self, id: CommandId, why: Withdrawal) {
        if let Some(open) = self.open.iter_mut().find(|open| open.id == id && open.mark != Mark::Gone) {
            open.end(why);
            self.marked = true;
        }
    }

    /// Nothing is expected any more, but for what a transfer that has begun uses, if that goes on.
    pub(super) fn withdraw_all(&mut self, why: Withdrawal, goes_on: bool) {
        (self.asked, self.agreed) = (None, None);
        for open in &mut self.open {
            let used = |moving: &Moving| moving.begun && moving.setup == Some(open.id);
            if !(goes_on && self.moving.iter().any(used)) && open.mark != Mark::Gone {
                open.end(why);
                self.marked = true;
            }
        }
        for moving in self.moving.iter_mut().filter(|moving| !(goes_on && moving.begun) && moving.mark != Mark::Gone) {
            moving.mark = Mark::Ended(None);
            self.marked = true;
        }
    }

    /// What isn't due any more, though no reply was seen, has an end that nobody knows.
    pub(super) fn forget_but_due(&mut self, session: &Session) {
        for moving in self.moving.iter_mut().filter(|moving| !session.is_due(moving.id) && moving.mark == Mark::Nothing)
        {
            moving.mark = Mark::Ended(None);
            self.marked = true;
            if let Some(open) = self.open.iter_mut().find(|open| Some(open.id) == moving.setup) {
                open.end(Withdrawal::Lost);
            }
            if self.agreed == moving.setup {
                self.agreed = None;
            }
        }
        if let Some(asked) = self.asked.filter(|asked| !session.is_due(*asked)) {
            // Perhaps it was accepted.
            (self.asked, self.agreed) = (None, Some(asked));
        }
    }

    /// The next thing to tell: ends before what is new.
    pub(super) fn take_note(&mut self) -> Option<Note> {
        if !self.marked {
            return None;
        }
        for moving in &mut self.moving {
            match moving.mark {
                Mark::Begun => {
                    moving.mark = Mark::Nothing;
                    return Some(Note::Begun(moving.id));
                }
                Mark::Ended(code) => {
                    (moving.mark, self.gone) = (Mark::Gone, true);
                    return Some(Note::Ended(moving.id, code));
                }
                _ => {}
            }
        }
        let mut new = None;
        for open in &mut self.open {
            match open.mark {
                Mark::Withdrawn(why) => {
                    (open.mark, self.gone) = (Mark::Gone, true);
                    return Some(Note::Withdrawn(open.id, why));
                }
                Mark::Expect | Mark::Assigned => new = Some(open),
                Mark::Gone => self.gone = true,
                _ => {}
            }
        }
        if let Some(open) = new {
            let is_new = open.mark == Mark::Expect;
            open.mark = Mark::Nothing;
            return Some(if is_new { Note::Expect(open.id) } else { Note::Assigned(open.id) });
        }
        self.marked = false;
        if core::mem::take(&mut self.gone) {
            self.purge();
        }
        None
    }

    /// Drops what was told for the last time.
    fn purge(&mut self) {
        self.open.retain(|open| open.mark != Mark::Gone);
        self.moving.retain(|moving| moving.mark != Mark::Gone);
        if self.open.is_empty() {
            self.open.shrink_to(1);
        }
        if self.moving.is_empty() {
            self.moving.shrink_to(1);
        }
    }

    /// The expectation that this command set up.
    pub(super) fn expectation(&self, id: CommandId, known: Known) -> Option<Expectation<'_>> {
        let open = self.open.iter().find(|open| open.id == id)?;
        let purpose = self.moving.iter().find(|moving| moving.setup == Some(id));
        Some(Expectation {
            id,
            dials: open.dials,
            from: match open.dials {
                Peer::Client => known.client,
                Peer::Server => known.server,
            },
            to: open.to,
            protected: known.protected,
            purpose: purpose.map(Moving::purpose),
        })
    }

    /// What the data connection of this command is for.
    pub(super) fn purpose(&self, id: CommandId) -> Option<Purpose<'_>> {
        self.moving.iter().find(|moving| moving.id == id).map(Moving::purpose)
    }

    /// All that is expected.
    pub(super) fn expectations(&self, known: Known) -> impl Iterator<Item = Expectation<'_>> {
        let open = self.open.iter().filter(|open| !matches!(open.mark, Mark::Gone | Mark::Withdrawn(_)));
        open.filter_map(move |open| self.expectation(open.id, known))
    }
}

impl Open {
    /// It isn't to be expected any more; what wasn't told yet needs no word about its end.
    fn end(&mut self, why: Withdrawal) {
        self.mark = match self.mark {
            Mark::Expect | Mark::Gone => Mark::Gone,
            _ => Mark::Withdrawn(why),
        };
    }
}

impl Moving {
    fn purpose(&self) -> Purpose<'_> {
        Purpose {
            id: self.id,
            verb: self.verb,
            path: self.path.as_deref(),
            sender: if self.verb.is_upload() { Peer::Client } else { Peer::Server },
            offset: self.offset,
            size: self.size,
        }
    }
}
