//! What there is to tell beside lines, in its order.

use super::book::Note;
use super::mind::Mind;
use super::{Event, Expectation, Loss, Tracker};
use crate::command::Verb;
use crate::reply::Code;
use crate::session::{CommandId, Step};

/// What there is to tell beside a line and the book.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Told {
    /// Whether any of those below is set.
    pub(super) stirred: bool,
    pub(super) lost: Option<Loss>,
    pub(super) found: bool,
    /// A reply that was told without what it answers has answered this.
    pub(super) answered: Option<Late>,
    /// What follows from that isn't in the book yet.
    pub(super) unbooked: bool,
    /// Something isn't due any more, and was not answered.
    pub(super) forgot: bool,
}

/// What a command turns out to have been answered with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Late {
    pub(super) id: CommandId,
    /// `None` for the greeting.
    pub(super) verb: Option<Verb>,
    pub(super) step: Step,
    pub(super) code: Code,
}

/// News, without what they borrow.
#[derive(Debug, Clone, Copy)]
pub(super) enum Tell {
    Answered(CommandId, Code),
    Lost(Loss),
    LoggedIn,
    Refused,
    Note(Note),
    Blind,
    Sight,
    Found,
}

impl Tracker {
    /// Goes to the next news; whether there is any.
    pub(super) fn take_news(&mut self) -> bool {
        if let Some(turn) = self.mind.news.turn.take() {
            self.turn(turn);
        }
        let Mind { steps, book, news, .. } = &mut self.mind;
        // Most of all there is to tell.
        let told = if steps.told.stirred | news.stirred { self.next_news() } else { book.take_note().map(Tell::Note) };
        self.mind.told = told;
        self.mind.stir();
        self.mind.told.is_some()
    }

    #[cold]
    fn next_news(&mut self) -> Option<Tell> {
        if !self.mind.news.has_refused {
            self.mind.news.refused = None;
        }
        self.mind.catch_up();
        let Mind { steps, book, news, .. } = &mut self.mind;
        if let Some(Late { id, code, .. }) = steps.told.answered.take() {
            return Some(Tell::Answered(id, code));
        }
        if let Some(why) = steps.told.lost.take() {
            return Some(Tell::Lost(why));
        }
        if core::mem::take(&mut news.logged_in) {
            return Some(Tell::LoggedIn);
        }
        if core::mem::take(&mut news.has_refused) {
            return Some(Tell::Refused);
        }
        if let Some(note) = book.take_note() {
            return Some(Tell::Note(note));
        }
        if core::mem::take(&mut news.blind) {
            return Some(Tell::Blind);
        }
        if core::mem::take(&mut news.sight) {
            return Some(Tell::Sight);
        }
        if core::mem::take(&mut steps.told.found) {
            return Some(Tell::Found);
        }
        (steps.told.stirred, news.stirred) = (false, false);
        None
    }

    pub(super) fn tell(&self) -> Option<Event<'_>> {
        let Mind { book, .. } = &self.mind;
        // By parts, as it was written: a processor can't read at once what was just written in parts.
        let note = match &self.mind.told {
            Some(Tell::Note(note)) => note,
            Some(other) => return self.tell_rest(*other),
            None => return None,
        };
        let id = match note {
            Note::Expect(id) | Note::Refused(id, _) | Note::Assigned(id) | Note::Withdrawn(id, _) => id,
            Note::Begun(id) => return Some(Event::Begun(book.purpose(*id)?)),
            Note::Ended(id, code) => return Some(Event::Ended(book.purpose(*id)?, *code)),
        };
        let (open, moving) = book.expected(*id)?;
        if let Note::Refused(id, why) = note {
            return Some(Event::Refused { id: *id, to: open.to(), why: *why });
        }
        let known = self.mind.known();
        // Each is made where it goes: a copy would be as long as all else.
        Some(match note {
            Note::Withdrawn(_, why) => Event::Withdrawn(Expectation::of(open, moving, known), *why),
            Note::Assigned(_) => Event::Assigned(Expectation::of(open, moving, known)),
            _ => Event::Expect(Expectation::of(open, moving, known)),
        })
    }

    #[cold]
    fn tell_rest(&self, news: Tell) -> Option<Event<'_>> {
        Some(match news {
            Tell::Note(_) => return None,
            Tell::Answered(id, code) => Event::Answered { id, code },
            Tell::Lost(why) => Event::Lost(why),
            // Not one that was named behind the one who has logged in.
            Tell::LoggedIn => {
                let user = self.mind.user.as_deref().filter(|_| !self.mind.steps.is_due(Verb::User));
                Event::LoggedIn { user }
            }
            Tell::Refused => {
                let (id, to, why) = **self.mind.news.refused.as_ref()?;
                Event::Refused { id, to, why }
            }
            Tell::Blind => Event::Blind,
            Tell::Sight => Event::Sight,
            Tell::Found => Event::Found,
        })
    }
}
