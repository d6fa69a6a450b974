//! What follows from lines that were missed, and from replies whose command becomes known only later.

use super::{Heard, Manner, Steps};
use crate::command::Verb;
use crate::reply::Code;
use crate::session::{Awaited, CommandId, Pending, Step};
use crate::tracker::facts::Facts;
use crate::tracker::tell::Late;
use crate::tracker::{Loss, Peer};

impl Steps {
    /// Bytes are missing in what the client said, or in what the server did.
    #[cold]
    pub(in crate::tracker) fn gap(&mut self, from: Peer) {
        match from {
            // What was said may have changed anything.
            Peer::Client => self.facts = Facts::NONE,
            Peer::Server => {
                let mut due = self.session.first_due();
                while let Some(Pending { id, awaited, .. }) = due {
                    awaited.verb().into_iter().for_each(|verb| self.doubt(verb));
                    due = self.session.pending().find(|due| due.id > id);
                }
            }
        }
        if from == Peer::Client && self.gap == Some(Peer::Server) && self.manner == Manner::Waits {
            // What the client has said now, it has said behind the replies that are missing.
            self.forget_up_to(self.session.last());
        }
        self.stale = self.session.pending().next_back().map(|due| due.id);
        (self.withheld, self.suspect, self.open) = (None, None, None);
        (self.doubts, self.beyond, self.gap) = (0, 0, Some(from));
        self.lose(Loss::Gap);
    }

    /// What is due up to this command isn't any more: its reply was missed.
    pub(super) fn forget_up_to(&mut self, last: CommandId) {
        while let Some(due) = self.session.first_due().filter(|due| due.id <= last) {
            self.session.forget(due.id);
            self.unseen = self.unseen.filter(|unseen| *unseen != due.id);
            let Awaited::Command(verb) = due.awaited else { continue };
            self.doubt(verb);
            (self.told.forgot, self.told.stirred) = (true, true);
            // A transfer's end and an ABOR may have one reply between them (RFC 959 4.1.3).
            if verb != Verb::Abor && verb != Verb::Other {
                self.lose(Loss::Unanswered);
            }
        }
        self.stale = None;
    }

    /// A reply to this command was missed: what it changes isn't known.
    fn doubt(&mut self, verb: Verb) {
        // AUTH and REIN log out, or change nothing.
        let nobody = matches!(verb, Verb::Auth | Verb::Rein) && self.is_logged_in() == Some(false);
        self.facts.remove(Facts::of(verb));
        if nobody {
            self.facts.add(Facts::LOGIN);
        }
    }

    /// A reply with this code has begun, the client has gone on, and the server has said a line with that one.
    #[cold]
    pub(in crate::tracker) fn interrupted(&mut self, code: Code, by: Code) {
        let first = self.session.first_due().filter(|due| due.can_be_answered(code));
        if let Some(due) = first {
            self.settle_late(due.id, code);
        }
        self.session.overhear(by);
        self.withheld = Some((self.session.first_due().map(|due| due.id), by));
        (self.open, self.gap) = (Some(code), Some(Peer::Server));
        self.lose(Loss::Unanswered);
    }

    /// A reply with this code comes where one with the other is perhaps still under way.
    pub(super) fn amid(&mut self, open: Code, code: Code) {
        if code == open {
            // That is its end: what looked like replies were its lines.
            (self.open, self.withheld, self.stale, self.gap) = (None, None, None, None);
            self.find();
        } else {
            self.withheld = Some((None, code));
        }
    }

    /// Whether what looks like a reply may be a line of another.
    pub(in crate::tracker) fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// The client goes on once more: most likely it has that reply and another. That isn't enough to log a user in.
    pub(super) fn close(&mut self) {
        if self.open.take().is_none() {
            return;
        }
        let logs_in = |id| {
            self.session.awaited_by(id).and_then(Awaited::verb).is_some_and(|verb| Facts::of(verb).has(Facts::LOGIN))
        };
        if let Some((Some(id), code)) = self.withheld
            && self.session.may_answer(id, code)
            && !logs_in(id)
        {
            (self.withheld, self.gap) = (None, None);
            self.settle_late(id, code);
            if self.session.replies_due() == 0 {
                self.find();
            }
        }
    }

    /// A reply to nothing that was seen.
    #[cold]
    pub(super) fn unsolicited(&mut self, code: Code) {
        self.session.overhear(code);
        if self.beyond > 0 && self.session.replies_due() == 0 {
            if !code.is_preliminary() {
                self.beyond = self.beyond.saturating_sub(1);
            }
            if self.beyond == 0 {
                self.find();
            }
            return;
        }
        if code.is_preliminary() && self.session.replies_due() == 0 {
            self.unseen = Some(self.session.begun_unseen());
        }
        // These end a session, and servers say them unasked.
        if !matches!(code, Code::SERVICE_NOT_AVAILABLE | Code::CLOSING_CONTROL_CONNECTION) {
            self.lose(Loss::Unsolicited);
            self.doubts = 0;
        }
    }

    /// Something was answered behind a suspect. If that was said later, the suspect answered what is due before it; if it is the same command, the
    /// suspect was a spare reply.
    #[cold]
    pub(super) fn weigh_suspect(&mut self, heard: Heard) {
        let Some((id, _)) = self.suspect else { return };
        let overtakes = heard.awaited.verb().is_none_or(|verb| self.overtakes(heard.id, verb));
        if heard.id == id {
            self.suspect = None;
        } else if heard.id > id && heard.step != Step::Wait && !overtakes {
            self.settle_suspect();
        }
    }

    /// This side says nothing more.
    #[cold]
    pub(in crate::tracker) fn ended(&mut self, side: Peer) {
        if !self.lost {
            self.settle_suspect();
        }
        if side == Peer::Server {
            self.session.end();
        }
    }

    /// The suspect has answered what was due first, as what comes behind it shows.
    #[cold]
    pub(super) fn settle_suspect(&mut self) {
        if let Some((id, code)) = self.suspect.take() {
            self.settle_late(id, code);
        }
    }

    /// A reply with this code, which was told without its command, has answered this one.
    #[cold]
    pub(super) fn settle_late(&mut self, id: CommandId, code: Code) {
        let Some(awaited) = self.session.awaited_by(id) else { return };
        let step = self.session.settle(id, code);
        self.heard(id, awaited, step);
        self.told.answered = Some(Late { id, verb: awaited.verb(), step, code });
        (self.told.unbooked, self.told.stirred) = (true, true);
    }

    #[cold]
    pub(in crate::tracker) fn lose(&mut self, why: Loss) {
        if !self.lost {
            self.lost = true;
            (self.told.lost, self.told.stirred) = (Some(why), true);
        }
    }

    pub(super) fn find(&mut self) {
        self.doubts = 0;
        if self.lost && self.beyond == 0 {
            self.lost = false;
            (self.told.found, self.told.stirred) = (true, true);
        }
    }
}
