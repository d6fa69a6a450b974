//! How many bytes a download is bound to bring, and how it is known.

use super::state::{Ending, Stage, Transfer};
use crate::client::context::Context;
use crate::client::request::Part;
use crate::command::{Command, Verb};
use crate::reply::Reply;
use crate::session::Step;

/// How many bytes are bound to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Length {
    Unknown,
    Exactly(u64),
    AtLeast(u64),
    AtMost(u64),
}

impl Length {
    /// The count that is missed, if these bytes can't be all, or are too many.
    fn missed(self, moved: u64) -> Option<u64> {
        match self {
            Self::Exactly(count) if moved != count => Some(count),
            Self::AtLeast(count) if moved < count => Some(count),
            Self::AtMost(count) if moved > count => Some(count),
            Self::Unknown | Self::Exactly(_) | Self::AtLeast(_) | Self::AtMost(_) => None,
        }
    }

    fn count(self) -> Option<u64> {
        match self {
            Self::Exactly(count) | Self::AtLeast(count) => Some(count),
            Self::Unknown | Self::AtMost(_) => None,
        }
    }
}

impl Transfer {
    /// Whether it begins where a file of this size has no byte and no end.
    pub(super) fn begins_beyond(&self, total: u64) -> bool {
        match self.request.part {
            Part::From(offset) => offset > total,
            Part::Range(first, _) => first >= total,
        }
    }

    /// SIZE, if it is to tell how much there is (RFC 3659 4).
    pub(super) fn ask_size(&mut self, context: &mut Context) {
        self.stage = Stage::Choosing;
        if let Command::Retr(path) = &self.request.command
            && self.request.sized
        {
            context.send(&Command::Size(path.clone()));
            self.stage = Stage::Sizing;
        }
    }

    /// The reply to SIZE is here.
    pub(super) fn sized(&mut self, context: &mut Context, step: Step, reply: &Reply<'_>) {
        let told = match step {
            Step::Wait => return,
            Step::Success => reply.size().ok(),
            Step::Continue | Step::Failure => None,
        };
        let Some(told) = told else {
            self.stage = Stage::Choosing;
            return;
        };
        match self.request.total {
            Some(expected) if expected != told => self.end(context, Ending::Changed { expected, told }),
            _ if self.begins_beyond(told) => self.end(context, self.beyond(told)),
            _ if self.request.part == Part::From(told) && told > 0 => self.end(context, Ending::Complete),
            _ => {
                self.request.total = Some(told);
                self.stage = Stage::Choosing;
            }
        }
    }

    pub(super) fn beyond(&self, total: u64) -> Ending {
        Ending::Beyond { offset: self.request.part.offset(), total }
    }

    /// The 1yz is here, which may announce a size: some servers say the whole file's, some what is left of it. The
    /// failure that it brings about: where bytes are to go behind others, and it is neither of what the total would make it.
    pub(super) fn announced(&mut self, context: &Context, reply: &Reply<'_>) -> Option<Ending> {
        let heeds = context.config.announced_size && self.request.heeds_announced;
        let announced = reply.transfer_size().filter(|_| heeds && context.connection.session.form().is_verbatim())?;
        self.announced = Some(announced);
        let offset = self.request.part.offset();
        let expected = self.request.total.filter(|_| offset > 0)?;
        let fits = announced == expected || expected.checked_sub(offset) == Some(announced);
        (!fits).then_some(Ending::Changed { expected, told: announced })
    }

    fn length(&self, context: &Context) -> Length {
        let bytes = context.connection.session.form().is_verbatim();
        if !bytes || self.request.command.verb() != Verb::Retr {
            return Length::Unknown;
        }
        match (self.request.part, self.request.total) {
            (Part::From(offset), Some(total)) => Length::Exactly(total.saturating_sub(offset)),
            (Part::From(offset), None) => match self.announced {
                Some(announced) => Length::AtLeast(announced.saturating_sub(offset)),
                None => Length::Unknown,
            },
            (Part::Range(first, last), Some(total)) => {
                Length::Exactly(last.saturating_add(1).min(total).saturating_sub(first))
            }
            (Part::Range(first, last), None) => Length::AtMost(last.saturating_add(1).saturating_sub(first)),
        }
    }

    /// How many bytes it should have been, where so many can't be right.
    pub(super) fn missed(&self, context: &Context, moved: u64) -> Option<u64> {
        self.length(context).missed(moved)
    }

    /// Whether these bytes are all, however their connection has ended: so many were bound to come. Behind an offset a 150 leaves two
    /// readings, and doesn't tell.
    pub(super) fn is_all(&self, context: &Context, moved: u64) -> bool {
        match self.length(context) {
            Length::Exactly(count) => moved == count,
            Length::AtLeast(count) => moved == count && self.request.part.offset() == 0,
            Length::Unknown | Length::AtMost(_) => false,
        }
    }

    /// How many bytes were bound to come, as far as it is known.
    pub(super) fn bound(&self, context: &Context) -> Option<u64> {
        self.length(context).count()
    }
}
