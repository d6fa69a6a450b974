//! How many bytes a download has to bring, and how that is known.

use super::state::{Ending, Stage, Transfer};
use crate::client::context::Context;
use crate::client::request::Part;
use crate::command::{Command, Verb};
use crate::reply::Reply;
use crate::session::Step;

/// How many bytes have to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Length {
    Unknown,
    Exactly(u64),
    AtLeast(u64),
    AtMost(u64),
}

impl Length {
    /// The expected number of bytes, if so many moved bytes are too few or too many.
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
    /// Whether the transfer begins behind the end of a file of this size.
    pub(super) fn begins_beyond(&self, total: u64) -> bool {
        match self.request.part {
            Part::From(offset) => offset > total,
            Part::Range(first, _) => first >= total,
        }
    }

    /// Sends SIZE if the request wants it (RFC 3659 4).
    pub(super) fn ask_size(&mut self, context: &mut Context) {
        self.stage = Stage::Choosing;
        if let Command::Retr(path) = &self.request.command
            && self.request.sized
        {
            context.send(&Command::Size(path.clone()));
            self.stage = Stage::Sizing;
        }
    }

    /// Takes the reply to SIZE.
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

    /// Takes the size that the 1yz may announce: some servers tell the whole file's, some what is left of it. Returns a failure if the
    /// transfer has an offset and the expected total allows neither.
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

    /// The expected number of bytes, if so many moved bytes can't be right.
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

    /// The expected number of bytes, as far as it is known.
    pub(super) fn bound(&self, context: &Context) -> Option<u64> {
        self.length(context).count()
    }
}
