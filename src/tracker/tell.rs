//! What there is to tell beside lines, in its order.

use super::book::Note;
use super::mind::Mind;
use super::{Event, Expectation, Loss, Tracker};
use crate::reply::Code;
use crate::session::CommandId;

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
        if let Some(turn) = self.mind.turn.take() {
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
        self.mind.catch_up();
        let Mind { steps, book, news, .. } = &mut self.mind;
        if core::mem::take(&mut steps.told.forgot) {
            book.forget_but_due(steps.session());
        }
        if let Some((id, code)) = steps.told.answered.take() {
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
            Note::Expect(id) | Note::Assigned(id) | Note::Withdrawn(id, _) => id,
            Note::Begun(id) => return Some(Event::Begun(book.purpose(*id)?)),
            Note::Ended(id, code) => return Some(Event::Ended(book.purpose(*id)?, *code)),
        };
        let (open, moving) = book.expected(*id)?;
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
            Tell::LoggedIn => Event::LoggedIn { user: self.mind.user.as_deref() },
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
