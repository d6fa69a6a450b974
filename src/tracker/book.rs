//! The data connections that are expected, and the transfers that they are for.

use alloc::boxed::Box;
use core::net::{IpAddr, SocketAddr};

use super::{Objection, Peer};
use crate::command::Verb;
use crate::few::Few;
use crate::reply::Code;
use crate::session::{CommandId, Session};

/// A data connection to expect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Expectation<'a> {
    /// The command that sets it up: PASV, EPSV, PORT, EPRT, LPSV, LPRT or CPSV. No other expectation has the same.
    pub id: CommandId,
    /// The end that dials.
    pub dials: Peer,
    /// The host that dials. It may dial from any port: RFC 959 3.2 wants a server to take the one below the control connection's, but
    /// most take another.
    pub from: IpAddr,
    /// The host and port that listen.
    pub to: SocketAddr,
    /// Whether TLS protects it (PROT, RFC 4217 9); `None` if that wasn't seen.
    pub protected: Option<bool>,
    /// What it is for; `None` until the command that moves the data has come.
    pub purpose: Option<Purpose<'a>>,
}

/// What a data connection is for: one transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Purpose<'a> {
    /// The command that moves the data. If it was missed, no [`Event::Command`](super::Event::Command) has this identity.
    pub id: CommandId,
    /// Its verb; `None` if the command was missed, so that only the 1yz tells of the transfer.
    pub verb: Option<Verb>,
    /// The path that it names, with what LIST and NLST may have in front of it (`-la`), in at most as many bytes as
    /// [`Rules::commands`](super::Rules::commands) allow a line; `None` if it names none, its line can't be read, or eight transfers wait before it. The name that a server chooses for STOU is in its replies
    /// ([`Reply::unique_name`](crate::Reply::unique_name)).
    pub path: Option<&'a [u8]>,
    /// The end that sends the data; `None` if the command was missed.
    pub sender: Option<Peer>,
    /// Where in the file it begins (REST), in bytes from the start; `None` if that wasn't seen, or not yet, or behind RANG.
    pub offset: Option<u64>,
    /// The size that the 1yz names, in bytes; `None` if there was no 1yz yet, or it names none.
    pub size: Option<u64>,
}

/// Why a data connection needn't be expected any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Withdrawal {
    /// The transfer that it was for has ended.
    Over,
    /// The command that was to set it up was refused: by the server, or by whoever passes the session on ([`Rewrite`](super::Rewrite)).
    Refused,
    /// Another data connection was set up in its place, or more than eight would have to be expected.
    Replaced,
    /// The session has ended or begun anew: QUIT, 421, REIN, AUTH, TLS, or the end of the control connection.
    Ended,
    /// What became of its transfer wasn't seen.
    Lost,
}

/// What there is to tell of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    Nothing,
    /// Announced behind a login whose reply is due: that decides whether it is expected.
    Waits,
    Expect,
    Refused(Objection),
    Assigned,
    Withdrawn(Withdrawal),
    Begun,
    Ended(Option<Code>),
    /// Told for the last time.
    Gone,
}

impl Mark {
    fn is_to_be_told(self) -> bool {
        !matches!(self, Self::Nothing | Self::Waits | Self::Gone)
    }
}

/// How many entries there is something to tell of.
#[derive(Debug, Default)]
struct Marks {
    count: u8,
    /// Something was told for the last time.
    gone: bool,
}

impl Marks {
    /// This is to be told of an entry, and not what wasn't told yet.
    #[inline]
    fn set(&mut self, slot: &mut Mark, mark: Mark) {
        if slot.is_to_be_told() {
            self.count = self.count.saturating_sub(1);
        }
        self.count = self.count.saturating_add(u8::from(mark.is_to_be_told()));
        self.gone |= mark == Mark::Gone;
        *slot = mark;
    }

    /// A data connection isn't to be expected any more; what wasn't told yet needs no word about its end.
    fn end(&mut self, open: &mut Open, why: Withdrawal) {
        let mark = match open.mark {
            Mark::Waits | Mark::Expect | Mark::Gone => Mark::Gone,
            Mark::Refused(why) => Mark::Refused(why),
            _ => Mark::Withdrawn(why),
        };
        self.set(&mut open.mark, mark);
    }
}

#[derive(Debug)]
pub(super) struct Open {
    id: CommandId,
    dials: Peer,
    to: SocketAddr,
    mark: Mark,
}

#[derive(Debug)]
pub(super) struct Moving {
    id: CommandId,
    verb: Option<Verb>,
    path: Option<Box<[u8]>>,
    /// The command that set its data connection up.
    setup: Option<CommandId>,
    offset: Option<u64>,
    size: Option<u64>,
    begun: bool,
    mark: Mark,
}

/// As many data connections, and paths of transfers, are kept in mind at most.
const MOST: usize = 8;
/// And as many transfers: no more replies are due at once.
const MOST_MOVING: usize = 64;

#[derive(Default)]
pub(super) struct Book {
    open: Few<Open>,
    moving: Few<Moving>,
    /// The command that sets up the next data connection, before its reply, and behind it.
    asked: Option<CommandId>,
    agreed: Option<CommandId>,
    marks: Marks,
}

/// What all data connections of a session have in common.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known<'a> {
    pub(super) client: &'a IpAddr,
    pub(super) server: &'a IpAddr,
    pub(super) protected: Option<bool>,
}

/// What to tell of the book.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Note {
    Expect(CommandId),
    Refused(CommandId, Objection),
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

    /// Whether there is something to tell, or something was told for the last time.
    #[inline]
    pub(super) fn has_notes(&self) -> bool {
        self.marks.count > 0 || self.marks.gone
    }

    /// A command was said that asks where the next data connection goes, or says so.
    pub(super) fn asks(&mut self, id: CommandId) {
        self.asked = Some(id);
    }

    /// A data connection is to be expected.
    pub(super) fn expect(&mut self, id: CommandId, dials: Peer, to: SocketAddr) {
        self.open(id, dials, to, Mark::Expect);
    }

    /// One that the server dials was announced behind a login whose reply is due: [`decide`](Self::decide) says later whether to expect it.
    pub(super) fn wait(&mut self, id: CommandId, to: SocketAddr) {
        self.open(id, Peer::Server, to, Mark::Waits);
    }

    /// The first that waits for the login's reply.
    pub(super) fn waiting(&self) -> Option<(CommandId, SocketAddr)> {
        self.open.iter().find(|open| open.mark == Mark::Waits).map(|open| (open.id, open.to))
    }

    /// The login was answered: the data connection is expected, or refused.
    pub(super) fn decide(&mut self, id: CommandId, verdict: Result<SocketAddr, Objection>) {
        let Some(open) = self.open.iter_mut().find(|open| open.id == id) else { return };
        match verdict {
            Ok(to) => {
                open.to = to;
                self.marks.set(&mut open.mark, Mark::Expect);
            }
            Err(why) => self.marks.set(&mut open.mark, Mark::Refused(why)),
        }
    }

    fn open(&mut self, id: CommandId, dials: Peer, to: SocketAddr, mark: Mark) {
        if self.open.len() >= MOST {
            let oldest = self.open.iter_mut().find(|open| !matches!(open.mark, Mark::Refused(_) | Mark::Withdrawn(_)));
            if let Some(open) = oldest {
                self.marks.end(open, Withdrawal::Replaced);
            }
            if self.open.len() > MOST {
                return;
            }
        }
        self.open.push_back(Open { id, dials, to, mark: Mark::Nothing });
        if let Some(open) = self.open.back_mut() {
            self.marks.set(&mut open.mark, mark);
        }
    }

    /// The command that was to set up a data connection was accepted: those before it are over, but for those in use.
    pub(super) fn accepted(&mut self, id: CommandId) {
        self.settled(id);
        self.agreed = Some(id);
        for open in self.open.iter_mut().filter(|open| open.id < id && open.mark != Mark::Gone) {
            if !self.moving.iter().any(|moving| moving.setup == Some(open.id) && moving.mark != Mark::Gone) {
                self.marks.end(open, Withdrawal::Replaced);
            }
        }
    }

    /// It was refused.
    pub(super) fn refused(&mut self, id: CommandId) {
        self.settled(id);
        if self.agreed == Some(id) {
            self.agreed = None;
        }
        self.withdraw(id, Withdrawal::Refused);
        // The transfers that were said behind it have what was agreed on before.
        let mut first = None;
        for moving in self.moving.iter_mut().filter(|moving| moving.setup == Some(id)) {
            moving.setup = self.agreed;
            first = first.or(Some(moving.id));
        }
        if let Some(first) = first.filter(|_| self.agreed.is_some()) {
            self.assign(self.agreed, first);
        }
    }

    /// The server never sees this command, whatever it was for; the client reads this code.
    pub(super) fn swallowed(&mut self, id: CommandId, code: Code) {
        self.refused(id);
        if let Some(moving) = self.moving.iter_mut().find(|moving| moving.id == id) {
            self.marks.set(&mut moving.mark, Mark::Ended(Some(code)));
        }
    }

    fn settled(&mut self, id: CommandId) {
        if self.asked == Some(id) {
            self.asked = None;
        }
    }

    /// A command was said that moves data; without a verb, it was missed.
    pub(super) fn moves(&mut self, id: CommandId, verb: Option<Verb>, path: Option<&[u8]>, offset: Option<u64>) {
        if self.moving.len() >= MOST_MOVING {
            return;
        }
        let path = path.filter(|_| self.moving.len() < MOST);
        let setup = self.asked.or(self.agreed);
        self.moving.push_back(Moving {
            id,
            verb,
            path: path.map(Box::from),
            setup,
            offset,
            size: None,
            begun: false,
            mark: Mark::Nothing,
        });
        self.assign(setup, id);
    }

    /// If this command is the next to use this data connection, that is to be told.
    fn assign(&mut self, setup: Option<CommandId>, id: CommandId) {
        let user = self.moving.iter().find(|moving| moving.setup == setup && !moving.is_over());
        if user.is_none_or(|user| user.id != id) {
            return;
        }
        if let Some(open) = self.open.iter_mut().find(|open| Some(open.id) == setup && open.mark == Mark::Nothing) {
            self.marks.set(&mut open.mark, Mark::Assigned);
        }
    }

    /// Its 1yz has come.
    pub(super) fn begins(&mut self, id: CommandId, size: Option<u64>, offset: Option<u64>) {
        let Some(moving) = self.moving.iter_mut().find(|moving| moving.id == id) else { return };
        (moving.size, moving.offset) = (moving.size.or(size), moving.offset.or(offset));
        if !moving.begun {
            moving.begun = true;
            self.marks.set(&mut moving.mark, Mark::Begun);
        }
    }

    /// Its final reply has come. One that is refused before its 1yz leaves the data connection for the next, and so does one behind which it
    /// `stays`.
    pub(super) fn ends(&mut self, id: CommandId, code: Code, stays: bool) {
        let Some(moving) = self.moving.iter_mut().find(|moving| moving.id == id) else { return };
        self.marks.set(&mut moving.mark, Mark::Ended(Some(code)));
        let spent = moving.begun || code.is_completion() || code == Code::CANNOT_OPEN_DATA_CONNECTION;
        let Some(setup) = moving.setup else { return };
        if !spent || stays && self.agreed == Some(setup) {
            return self.assign_next(setup);
        }
        if self.agreed == Some(setup) {
            self.agreed = None;
        }
        self.withdraw(setup, Withdrawal::Over);
    }

    /// The first of those that were said to use this data connection is the next.
    fn assign_next(&mut self, setup: CommandId) {
        let next = self.moving.iter().find(|moving| moving.setup == Some(setup) && !moving.is_over());
        if let Some(id) = next.map(|moving| moving.id) {
            self.assign(Some(setup), id);
        }
    }

    fn withdraw(&mut self, id: CommandId, why: Withdrawal) {
        if let Some(open) = self.open.iter_mut().find(|open| open.id == id && open.mark != Mark::Gone) {
            self.marks.end(open, why);
        }
    }

    /// Nothing is expected any more, but for what a transfer that has begun uses, if that goes on.
    pub(super) fn withdraw_all(&mut self, why: Withdrawal, goes_on: bool) {
        (self.asked, self.agreed) = (None, None);
        for open in self.open.iter_mut() {
            let used = |moving: &Moving| moving.begun && moving.setup == Some(open.id);
            if !(goes_on && self.moving.iter().any(used)) && open.mark != Mark::Gone {
                self.marks.end(open, why);
            }
        }
        for moving in self.moving.iter_mut().filter(|moving| !(moving.is_over() || goes_on && moving.begun)) {
            self.marks.set(&mut moving.mark, Mark::Ended(None));
        }
    }

    /// No more commands will come: nothing is expected any more, but for transfers that were asked for already.
    pub(super) fn withdraw_idle(&mut self) {
        for open in self.open.iter_mut().filter(|open| open.mark != Mark::Gone) {
            if !self.moving.iter().any(|moving| moving.setup == Some(open.id) && moving.mark != Mark::Gone) {
                self.marks.end(open, Withdrawal::Ended);
            }
        }
    }

    /// What isn't due any more, though no reply was seen, has an end that nobody knows.
    pub(super) fn forget_but_due(&mut self, session: &Session) {
        for moving in self.moving.iter_mut().filter(|moving| !session.is_due(moving.id) && moving.mark == Mark::Nothing)
        {
            self.marks.set(&mut moving.mark, Mark::Ended(None));
            if let Some(open) = self.open.iter_mut().find(|open| Some(open.id) == moving.setup) {
                self.marks.end(open, Withdrawal::Lost);
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
    // Always: else it goes over the stack, and what was just written there in parts can't be read at once.
    #[expect(clippy::inline_always, reason = "measured")]
    #[inline(always)]
    pub(super) fn take_note(&mut self) -> Option<Note> {
        let Self { open, moving, marks, .. } = self;
        if marks.count == 0 {
            if core::mem::take(&mut marks.gone) {
                self.purge();
            }
            return None;
        }
        for moving in moving.iter_mut() {
            match moving.mark {
                Mark::Begun => {
                    marks.set(&mut moving.mark, Mark::Nothing);
                    return Some(Note::Begun(moving.id));
                }
                Mark::Ended(code) => {
                    marks.set(&mut moving.mark, Mark::Gone);
                    return Some(Note::Ended(moving.id, code));
                }
                _ => {}
            }
        }
        let mut new = None;
        for open in open.iter_mut() {
            match open.mark {
                Mark::Withdrawn(why) => {
                    marks.set(&mut open.mark, Mark::Gone);
                    return Some(Note::Withdrawn(open.id, why));
                }
                Mark::Refused(why) => {
                    marks.set(&mut open.mark, Mark::Gone);
                    return Some(Note::Refused(open.id, why));
                }
                Mark::Expect | Mark::Assigned => new = Some(open),
                _ => {}
            }
        }
        let open = new?;
        let is_new = open.mark == Mark::Expect;
        marks.set(&mut open.mark, Mark::Nothing);
        Some(if is_new { Note::Expect(open.id) } else { Note::Assigned(open.id) })
    }

    /// Drops what was told for the last time.
    fn purge(&mut self) {
        self.open.retain(|open| open.mark != Mark::Gone);
        self.moving.retain(|moving| moving.mark != Mark::Gone);
    }

    /// The expectation that this command set up.
    pub(super) fn expectation(&self, id: CommandId, known: Known<'_>) -> Option<Expectation<'_>> {
        let (open, moving) = self.expected(id)?;
        Some(Expectation::of(open, moving, known))
    }

    /// The data connection that this command set up, and what it is for.
    #[inline]
    pub(super) fn expected(&self, id: CommandId) -> Option<(&Open, Option<&Moving>)> {
        let open = self.open.iter().find(|open| open.id == id)?;
        let mut users = self.moving.iter().filter(|moving| moving.setup == Some(id));
        let last = users.clone().next_back();
        Some((open, users.find(|moving| !moving.is_over()).or(last)))
    }

    /// What the data connection of this command is for.
    pub(super) fn purpose(&self, id: CommandId) -> Option<Purpose<'_>> {
        self.moving.iter().find(|moving| moving.id == id).map(Moving::purpose)
    }

    /// All that is expected.
    pub(super) fn expectations<'a>(&'a self, known: Known<'a>) -> impl Iterator<Item = Expectation<'a>> {
        let open = self
            .open
            .iter()
            .filter(|open| !matches!(open.mark, Mark::Waits | Mark::Refused(_) | Mark::Gone | Mark::Withdrawn(_)));
        open.filter_map(move |open| self.expectation(open.id, known))
    }
}

impl<'a> Expectation<'a> {
    // Always: else each is copied into its event.
    #[expect(clippy::inline_always, reason = "measured")]
    #[inline(always)]
    pub(super) fn of(open: &Open, moving: Option<&'a Moving>, known: Known<'_>) -> Self {
        Self {
            id: open.id,
            dials: open.dials,
            from: match open.dials {
                Peer::Client => *known.client,
                Peer::Server => *known.server,
            },
            to: open.to,
            protected: known.protected,
            purpose: moving.map(Moving::purpose),
        }
    }
}

impl Open {
    pub(super) fn to(&self) -> SocketAddr {
        self.to
    }
}

impl Moving {
    fn is_over(&self) -> bool {
        matches!(self.mark, Mark::Ended(_) | Mark::Gone)
    }

    #[inline]
    fn purpose(&self) -> Purpose<'_> {
        Purpose {
            id: self.id,
            verb: self.verb,
            path: self.path.as_deref(),
            sender: self.verb.map(|verb| if verb.is_upload() { Peer::Client } else { Peer::Server }),
            offset: self.offset,
            size: self.size,
        }
    }
}
