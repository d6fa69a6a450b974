//! What there is to tell beside lines, in its order.

use super::book::Note;
use super::mind::Mind;
use super::{Event, Loss, Tracker};
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
    pub(super) fn next_news(&mut self) -> Option<Event<'_>> {
        self.news = self.take_news();
        if self.news.is_some() { self.tell() } else { self.poll() }
    }

    /// What is to be told beside lines.
    fn take_news(&mut self) -> Option<Tell> {
        let Mind { steps, book, news, .. } = &mut self.mind;
        // Most of all there is to tell.
        if !(steps.told.stirred | news.stirred) {
            return book.take_note().map(Tell::Note);
        }
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
        let Mind { book, user, .. } = &self.mind;
        let expectation = |id| book.expectation(id, self.mind.known());
        Some(match self.news? {
            Tell::Answered(id, code) => Event::Answered { id, code },
            Tell::Lost(why) => Event::Lost(why),
            Tell::LoggedIn => Event::LoggedIn { user: user.as_deref() },
            Tell::Refused => {
                let (id, to, why) = **self.mind.news.refused.as_ref()?;
                Event::Refused { id, to, why }
            }
            Tell::Note(Note::Expect(id)) => Event::Expect(expectation(id)?),
            Tell::Note(Note::Assigned(id)) => Event::Assigned(expectation(id)?),
            Tell::Note(Note::Withdrawn(id, why)) => Event::Withdrawn(expectation(id)?, why),
            Tell::Note(Note::Begun(id)) => Event::Begun(book.purpose(id)?),
            Tell::Note(Note::Ended(id, code)) => Event::Ended(book.purpose(id)?, code),
            Tell::Blind => Event::Blind,
            Tell::Sight => Event::Sight,
            Tell::Found => Event::Found,
        })
    }
}
