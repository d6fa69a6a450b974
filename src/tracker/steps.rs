//! Which reply answers which command, also where one of them wasn't seen.
//!
//! FTP has no tags. As long as all is seen, order and the table of RFC 959 5.4 decide, and [`Session`] knows how. What reveals that
//! a line is missing is the client: it waits for each reply before it goes on, unless it pipelines or aborts a transfer. So
//!
//! - a command that comes while an earlier one is due makes that one *stale*: either its reply was missed, or the client pipelines;
//! - the next reply decides, if it fits one of the two better than the other ([`fit`]);
//! - a reply that fits both equally is *withheld*: it is told without what it answers. If another reply comes before another command, the
//!   client pipelines, and it is told then what the first answered. If another command comes first, the client has its reply, and what
//!   is stale is forgotten;
//! - three commands without a reply between them are a client that pipelines: the order decides from there on, until all of it is answered;
//! - replies come in order, so that what is due before a command that was answered was missed, but for a transfer that goes on. It is
//!   forgotten when the client goes on;
//! - a reply to nothing is the reply to a command that was missed, or a spare one. Step is found again with the next reply that fits its
//!   command as it usually does.
//!
//! Whoever passes the session on ([`Rewrite`](super::Rewrite)) misses nothing but gaps. There, while step isn't lost, a reply answers what is due
//! first, and it is compared only if it can't: some servers leave a reply out.

mod missed;

use super::facts::Facts;
use super::fit::{Best, Choice, Fit, fit};
use super::tell::Told;
use super::{Loss, Peer};
use crate::command::{Command, Verb};
use crate::reply::{Code, Reply};
use crate::session::{Answered, Awaited, CommandId, LoginState, Pending, Session, Step};

/// What was heard, and what it answers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Heard {
    pub(super) id: CommandId,
    pub(super) awaited: Awaited,
    pub(super) step: Step,
}

/// What the client is known to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manner {
    /// It waits for each reply, as far as is known.
    Waits,
    /// It has said three commands at once.
    Pipelines,
}

pub(super) struct Steps {
    session: Session,
    facts: Facts,
    manner: Manner,
    /// What is due up to this one was perhaps answered already.
    stale: Option<CommandId>,
    /// The last reply was withheld. If it fitted two commands, this is the first of them.
    withheld: Option<(Option<CommandId>, Code)>,
    /// A final reply that fits nothing due. If the client goes on, it was the answer to what is due first.
    suspect: Option<(CommandId, Code)>,
    /// A transfer whose command was missed.
    unseen: Option<CommandId>,
    /// The client has gone on amid a reply with this code. What looks like another reply may be a line of it, or its end was missed.
    open: Option<Code>,
    lost: bool,
    /// Nothing is said that isn't seen here, but for gaps.
    sees_all: bool,
    /// Bytes of this side are missing, and no command was seen since.
    gap: Option<Peer>,
    /// How many replies were withheld one after the other.
    doubts: u8,
    /// The last command that is answered where it stands in the order: what is due before it won't be answered any more.
    settled: CommandId,
    /// How many commands in a row came without a reply.
    run: u8,
    /// How often in a row something was due when a client that pipelines went on behind a reply.
    left: u8,
    /// How many commands came while no more could be kept in mind.
    beyond: u32,
    pub(super) told: Told,
}

/// As often may something be left over while a client pipelines; then it is one that waits, and a reply was missed.
const MOST_LEFT: u8 = 3;

impl Steps {
    pub(super) fn new() -> Self {
        Self {
            session: Session::new(),
            facts: Facts::ALL,
            manner: Manner::Waits,
            stale: None,
            withheld: None,
            suspect: None,
            unseen: None,
            open: None,
            lost: false,
            sees_all: false,
            gap: None,
            doubts: 0,
            settled: CommandId::GREETING,
            run: 0,
            left: 0,
            beyond: 0,
            told: Told::default(),
        }
    }

    /// From the middle of a session.
    pub(super) fn joined() -> Self {
        Self { session: Session::joined(), facts: Facts::NONE, lost: true, ..Self::new() }
    }

    /// Nothing is known any more: TLS hides what is said.
    pub(super) fn hide(&mut self) {
        *self = Self { session: self.session.unknown(), sees_all: self.sees_all, ..Self::joined() };
    }

    /// From here on all is seen again, and nothing is due.
    pub(super) fn begin(&mut self) {
        self.lost = false;
    }

    /// Whoever passes the session on sees all of it, but for gaps.
    pub(super) fn see_all(&mut self) {
        self.sees_all = true;
    }

    pub(super) fn sees_all(&self) -> bool {
        self.sees_all
    }

    /// Whether order alone tells what a reply answers: all is seen, and step isn't lost.
    pub(super) fn is_in_order(&self) -> bool {
        self.sees_all && !self.lost
    }

    pub(super) fn session(&self) -> &Session {
        &self.session
    }

    pub(super) fn facts(&self) -> Facts {
        self.facts
    }

    pub(super) fn is_lost(&self) -> bool {
        self.lost
    }

    /// Whether a reply to this command is due.
    pub(super) fn is_due(&self, verb: Verb) -> bool {
        self.session.pending().any(|due| due.awaited == Awaited::Command(verb))
    }

    /// Whether a user is logged in, or none has to be; `None` if that wasn't seen.
    pub(super) fn is_logged_in(&self) -> Option<bool> {
        let login = self.session.login();
        self.facts.has(Facts::LOGIN).then_some(matches!(login, LoginState::Complete | LoginState::Welcome))
    }

    /// Whether the next replies tell how a login ends. A reply that fits nothing may have been its own: only the client's next command shows that.
    pub(super) fn is_logging_in(&self) -> bool {
        !self.lost && self.suspect.is_none() && self.may_log_in(self.session.last())
    }

    /// Whether a USER, PASS or ACCT up to this command is due while nobody is logged in.
    pub(super) fn may_log_in(&self, last: CommandId) -> bool {
        let logs_in = |due: Pending| matches!(due.awaited.verb(), Some(Verb::User | Verb::Pass | Verb::Acct));
        self.is_logged_in() == Some(false) && self.session.pending().take_while(|due| due.id <= last).any(logs_in)
    }

    /// The transfer whose command was missed.
    pub(super) fn unseen(&self) -> Option<CommandId> {
        self.unseen
    }

    /// That transfer has ended.
    pub(super) fn unseen_is_over(&mut self) {
        self.unseen = None;
    }

    /// A command line was seen.
    #[inline]
    pub(super) fn command(&mut self, verb: Verb, command: Option<&Command<'_>>) -> CommandId {
        if self.session.replies_due() > 0 || self.gap.is_some() {
            self.overlap(verb, command.is_some());
        }
        let (id, recorded) = self.session.saw(verb, command);
        if !recorded {
            self.beyond = self.beyond.saturating_add(1);
            self.lose(Loss::TooManyDue);
        }
        id
    }

    /// The client goes on while something is due.
    #[cold]
    fn overlap(&mut self, verb: Verb, is_command: bool) {
        self.settle_suspect();
        self.close();
        // Replies come in order: what is due before an answered one was missed. Whoever waits for it all the same doesn't go on.
        if self.run == 0 && self.session.first_due().is_some_and(|due| due.id < self.settled) {
            self.forget_up_to(self.settled);
        }
        let gap = self.gap.take().is_some();
        // Without the pipelining that nobody has seen, the client has its reply.
        if self.withheld.take().is_some() || gap && self.manner == Manner::Waits {
            self.forget_up_to(self.session.last());
        }
        let Some(last) = self.session.pending().next_back() else { return };
        // Whoever aborts a transfer, or asks about it, doesn't wait for its end.
        let amid = verb.is_heard_amid_transfer() || verb == Verb::Rein;
        let about_transfer = amid && self.session.is_transferring()
            || verb == Verb::Abor && self.session.pending().any(|due| due.awaited.verb().is_some_and(Verb::opens_data));
        if about_transfer {
            return;
        }
        // Nobody knows whether a line that is no command is answered.
        if verb != Verb::Other && is_command {
            self.run = self.run.saturating_add(1);
        }
        match self.manner {
            // It doesn't wait, or doesn't get a reply to everything.
            _ if self.is_in_order() => self.stale = Some(last.id),
            // In the midst of what was said at once.
            Manner::Pipelines if self.run > 1 => {}
            Manner::Pipelines if self.session.replies_due() == 1 && self.left >= MOST_LEFT => {
                (self.manner, self.left) = (Manner::Waits, 0);
                self.stale = Some(last.id);
                self.lose(Loss::Unanswered);
            }
            Manner::Pipelines => {
                self.left = self.left.saturating_add(1);
                self.stale = Some(last.id);
            }
            // All of it was said since the last reply.
            Manner::Waits if self.run > 1 && self.session.replies_due() == usize::from(self.run) && !self.lost => {
                self.manner = Manner::Pipelines
            }
            Manner::Waits => self.stale = Some(last.id),
        }
    }

    /// A whole reply was seen.
    #[inline]
    pub(super) fn reply(&mut self, reply: &Reply<'_>) -> Option<Heard> {
        self.run = 0;
        if self.stale.is_some() || self.lost {
            return self.doubtfully(reply);
        }
        if self.session.replies_due() > 1 {
            self.skip_to_abort(reply);
        } else {
            self.left = 0;
        }
        let heard = self.plainly(reply);
        if let (Some(_), Some(heard)) = (&self.suspect, &heard) {
            self.weigh_suspect(*heard);
        }
        // What it says next, it may say alone.
        if self.manner == Manner::Pipelines && self.session.replies_due() == 0 {
            self.manner = Manner::Waits;
        }
        heard
    }

    /// A reply that names ABOR isn't that of the transfer before it, whose own was missed.
    #[cold]
    fn skip_to_abort(&mut self, reply: &Reply<'_>) {
        let Some(abort) = self.session.pending().find(|due| due.awaited == Awaited::Command(Verb::Abor)) else {
            return;
        };
        let transfer = self.session.first_due().filter(|due| due.id < abort.id);
        if let Some(transfer) = transfer
            && reply.code().is_completion()
            && (fit(&abort, reply) == Fit::Named || reply.code() == Code::DATA_CONNECTION_OPEN)
        {
            if transfer.begun {
                // One reply for both.
                self.session.forget(transfer.id);
                (self.told.forgot, self.told.stirred) = (true, true);
            } else {
                self.forget_up_to(transfer.id);
            }
            self.find();
        }
    }

    /// All was seen: the order decides.
    #[inline]
    fn plainly(&mut self, reply: &Reply<'_>) -> Option<Heard> {
        let code = reply.code();
        if code.is_completion() && self.awaits_opening() {
            if self.suspect.is_none() {
                // Left from a transfer before, perhaps: its 1yz would still come.
                self.suspect = self.session.ends_unbegun(code).map(|id| (id, code));
                if self.suspect.is_some() {
                    return None;
                }
            } else if self.session.replies_due() > 1 {
                self.settle_suspect();
            }
        }
        if let Some((id, awaited, step)) = self.session.reply_to_only(code) {
            return self.heard(id, awaited, step);
        }
        match self.session.reply(code) {
            Answered::Due { id, awaited, step } => self.heard(id, awaited, step),
            Answered::Suspect { id, .. } => {
                self.suspect = Some((id, code));
                None
            }
            Answered::Unsolicited => {
                self.unsolicited(code);
                None
            }
        }
    }

    /// All was seen, and the server leaves nothing out.
    fn in_order(&mut self, reply: &Reply<'_>) -> Option<Heard> {
        self.skip_to_abort(reply);
        let heard = self.plainly(reply);
        let first = self.session.first_due();
        self.stale = self.stale.filter(|stale| first.is_some_and(|due| due.id <= *stale));
        heard
    }

    #[cold]
    fn doubtfully(&mut self, reply: &Reply<'_>) -> Option<Heard> {
        let code = reply.code();
        if let Some(open) = self.open {
            self.amid(open, code);
            return None;
        }
        if self.is_in_order() && self.session.first_due().is_some_and(|due| due.can_be_answered(code)) {
            return self.in_order(reply);
        }
        if let Some((Some(id), earlier)) = self.withheld.take()
            && self.stale.is_some()
            && !earlier.is_preliminary()
        {
            // Two replies at once to two commands at once: the client pipelines.
            self.settle_late(id, earlier);
            self.manner = Manner::Pipelines;
            self.stale = None;
            let heard = self.plainly(reply);
            if heard.is_some() {
                self.find();
            }
            return heard;
        }
        let (mut old, mut new) = (Best::NONE, Best::NONE);
        for due in self.session.pending() {
            let best = if self.stale.is_some_and(|stale| due.id <= stale) { &mut old } else { &mut new };
            best.add(due, fit(&due, reply));
        }
        // The first reply after a loss may be that of a command that was missed: that anything might get it isn't enough.
        let least = if self.lost && self.doubts == 0 { Fit::Likely } else { Fit::Possible };
        let (id, awaited) = match Choice::of(&old, &new, least, self.manner == Manner::Pipelines, self.doubts) {
            Choice::Old => (old.id, old.awaited),
            Choice::New => {
                // Servers that answer in another order are known (libunftp), but not to clients that wait.
                if let (Some(stale), Manner::Waits) = (self.stale, self.manner) {
                    self.forget_up_to(stale);
                }
                (new.id, new.awaited)
            }
            Choice::Nothing => {
                self.nothing_fits(code);
                return None;
            }
            Choice::Unclear => {
                let first = (old.fit != Fit::Cannot && !old.is_tied).then_some(old.id);
                self.withheld = Some((first, code));
                self.doubts = self.doubts.saturating_add(1);
                self.session.overhear(code);
                self.lose(Loss::Ambiguous);
                return None;
            }
        };
        let step = self.session.settle(id, code);
        let heard = self.heard(id, awaited, step);
        if let (Some(_), Some(heard)) = (&self.suspect, &heard) {
            self.weigh_suspect(*heard);
        }
        if !self.session.pending().any(|due| self.stale.is_some_and(|stale| due.id <= stale)) {
            self.stale = None;
            self.find();
        }
        heard
    }

    fn nothing_fits(&mut self, code: Code) {
        match self.session.first_due() {
            // Where a command is missing, it may be that one's.
            Some(due) if !code.is_preliminary() && !self.lost => {
                self.session.overhear(code);
                self.suspect = Some((due.id, code));
            }
            _ => self.unsolicited(code),
        }
    }

    /// Whether this command may be answered before a transfer that was said earlier.
    #[inline]
    fn overtakes(&self, id: CommandId, verb: Verb) -> bool {
        let is_transfer = |due: Pending| due.id < id && due.awaited.verb().is_some_and(Verb::opens_data);
        (verb.is_heard_amid_transfer() || verb == Verb::Abor) && self.session.pending().any(is_transfer)
    }

    #[inline(always)]
    fn heard(&mut self, id: CommandId, awaited: Awaited, step: Step) -> Option<Heard> {
        if let Awaited::Command(verb) = awaited {
            if matches!(step, Step::Success | Step::Continue) {
                self.facts.add(Facts::of(verb));
                if verb == Verb::Rang {
                    // Where the next transfer begins, but not as REST says it.
                    self.facts.remove(Facts::RESTART);
                }
            }
            if step != Step::Wait && !self.overtakes(id, verb) {
                self.settled = self.settled.max(id);
            }
        }
        if self.unseen == Some(id) {
            return None;
        }
        Some(Heard { id, awaited, step })
    }

    /// TLS was there from the start.
    pub(super) fn tls_began(&mut self) {
        self.session.tls_began();
    }

    /// The server never sees this command.
    pub(super) fn swallow(&mut self, id: CommandId) {
        self.session.unsay(id);
    }

    /// The client doesn't know of the data connection that was agreed on.
    pub(super) fn refuse_setup(&mut self) {
        self.session.forget_setup();
    }

    /// Whether the first command due is a transfer without a reply.
    #[inline]
    fn awaits_opening(&self) -> bool {
        self.session.first_due().is_some_and(|due| !due.begun && due.awaited.verb().is_some_and(Verb::opens_data))
    }
}
