//! A reply that fits nothing due: is it an answer with an odd code, or did nothing ask for it?
//!
//! FTP has no tags, so the reply itself doesn't tell. If what fits comes soon, nothing asked for the other. If not, the client says
//! a *barrier*: a harmless command whose success can't be taken for what is waited for. Servers answer in order, so what fits
//! before the barrier's reply is the answer, and if nothing does, the suspect was.
//!
//! A 2yz to the transfer command before its 1yz fits, and is a suspect all the same: it may be left from a transfer before, and the
//! 1yz that comes behind it tells so.
//!
//! | stage | what comes | then |
//! |---|---|---|
//! | `Heard` | what fits | it is the answer, and the suspect is forgotten |
//! | | nothing in time | the barrier is said: `Barred` |
//! | `Barred` | what fits | it is the answer: `Answered`, and the plan goes on behind the barrier's reply |
//! | | the barrier's success | the suspect was the answer: `Answered` |
//! | | a refusal, which fits both | `Refused` |
//! | `Refused` | another reply | the refusal was the command's, and this one is the barrier's: `Answered` |
//! | | nothing in time | the refusal was the barrier's, and the suspect the answer: `Answered` |
//!
//! The session ends where no barrier may be said, and where nothing comes behind it.

use alloc::boxed::Box;

use super::action::Violation;
use super::context::Context;
use super::plan::Running;
use crate::command::{Command, Verb};
use crate::reply::{Code, Reply};
use crate::session::{Answered, CommandId, LoginState, Step};
use crate::time::Instant;

/// What the client makes of replies that fit nothing.
#[derive(Debug, Default)]
pub(super) struct Suspicion {
    suspect: Option<Box<Suspect>>,
    /// The last command behind which a barrier was said: there is one a command, whatever the server says.
    barred: Option<CommandId>,
}

#[derive(Debug)]
struct Suspect {
    /// The command that was waited for when it was heard.
    about: CommandId,
    /// The suspect; once the answer is known, the answer.
    reply: Reply<'static>,
    stage: Stage,
    /// How long nothing is done about it.
    by: Instant,
}

#[derive(Debug)]
enum Stage {
    /// What fits may still come.
    Heard,
    /// The barrier was said.
    Barred(CommandId),
    /// A refusal came, which fits the command and the barrier.
    Refused { barrier: CommandId, refusal: Reply<'static> },
    /// The answer is here; what was said behind the command may still be due.
    Answered,
}

/// What a reply is told as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Heard {
    Due,
    Unsolicited,
}

/// What becomes of a wait for a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doubt {
    /// It is a wait like any other.
    None,
    /// It lasts until then.
    Until(Instant),
    /// Something has changed: look again.
    Again,
}

impl Suspicion {
    /// A barrier is said, and its reply isn't here: nothing else is said.
    pub(super) fn holds(&self, context: &Context) -> bool {
        self.suspect.as_ref().is_some_and(|suspect| match suspect.stage {
            Stage::Heard => false,
            Stage::Barred(_) | Stage::Refused { .. } => true,
            Stage::Answered => suspect.about == context.said && context.connection.session.replies_due() > 0,
        })
    }

    /// The answer to the last command, if other replies came behind it.
    pub(super) fn take_answer(&mut self, context: &Context) -> Option<Reply<'static>> {
        let suspect = self.suspect.take_if(|suspect| suspect.about == context.said)?;
        matches!(suspect.stage, Stage::Answered).then_some(suspect.reply)
    }

    /// The time for what fits begins now: until now the server had bytes to move.
    pub(super) fn begin_anew(&mut self, context: &Context) {
        if let Some(suspect) = &mut self.suspect
            && let Stage::Heard = suspect.stage
        {
            suspect.by = context.connection.after(context.config.patience.suspect);
        }
    }

    /// This reply may be the answer to the command that is waited for, though it doesn't fit.
    fn raise(&mut self, context: &Context, reply: &Reply<'_>) {
        if !context.connection.session.is_due(context.said) {
            return;
        }
        match &self.suspect {
            // The first one counts, unless it was a 1yz, which should be followed by something better; or unless this one fits.
            Some(suspect) if suspect.about == context.said => {
                let session = &context.connection.session;
                let fits = |reply: &Reply<'_>| session.may_answer(context.said, reply.code());
                let better = suspect.reply.code().is_preliminary() && !reply.code().is_preliminary();
                let barred = !matches!(suspect.stage, Stage::Heard);
                match fits(reply) && !fits(&suspect.reply) {
                    true if barred => {
                        if let Some(suspect) = &mut self.suspect {
                            suspect.reply = reply.borrowed().into_owned();
                        }
                        return;
                    }
                    false if barred || !better => return,
                    _ => {}
                }
            }
            _ => {}
        }
        self.suspect = Some(Box::new(Suspect {
            about: context.said,
            reply: reply.borrowed().into_owned(),
            stage: Stage::Heard,
            by: context.connection.after(context.config.patience.suspect),
        }));
    }
}

impl Running {
    /// A whole reply is here: what it answers, and what follows from that.
    pub(super) fn hear(&mut self, context: &mut Context, reply: &Reply<'_>) -> Heard {
        let code = reply.code();
        if let Some(suspect) = &mut self.suspicion.suspect {
            let about = suspect.about;
            match &mut suspect.stage {
                Stage::Barred(barrier) if is_ambiguous(context, about, *barrier, code) => {
                    let (barrier, refusal) = (*barrier, reply.borrowed().into_owned());
                    suspect.stage = Stage::Refused { barrier, refusal };
                    suspect.by = context.connection.after(context.config.patience.suspect);
                    return Heard::Due;
                }
                // The first of two was the command's, so this one is the barrier's.
                Stage::Refused { refusal, .. } if !code.is_preliminary() => {
                    core::mem::swap(&mut suspect.reply, refusal);
                    suspect.stage = Stage::Answered;
                    suspect.by = context.connection.after(context.config.patience.barrier);
                    let refusal = suspect.reply.clone();
                    let step = context.connection.session.settle(about, refusal.code());
                    self.react(context, about, step, &refusal);
                }
                _ => {}
            }
        }
        // It may not be this transfer's end.
        if self.awaits_opening() && context.connection.session.ends_unbegun(code) == Some(context.said) {
            self.suspicion.raise(context, reply);
            return Heard::Unsolicited;
        }
        match context.connection.session.reply(code) {
            Answered::Due { id, step, .. } => {
                context.last_word = context.connection.now;
                self.react(context, id, step, reply);
                self.clear(context, id, step, reply);
                Heard::Due
            }
            Answered::Suspect { .. } | Answered::Unsolicited => {
                if !self.is_quit() {
                    self.suspicion.raise(context, reply);
                }
                Heard::Unsolicited
            }
        }
    }

    /// What the reply to a command makes of the suspicion.
    fn clear(&mut self, context: &mut Context, id: CommandId, step: Step, reply: &Reply<'_>) {
        let expects_stragglers = self.expects_stragglers();
        let Some(suspect) = &mut self.suspicion.suspect else { return };
        match &suspect.stage {
            Stage::Barred(barrier) if id == *barrier => self.unexpected(context),
            _ if id != suspect.about => {
                // Of an older command; its answer isn't needed any more.
                if context.said == id {
                    self.suspicion.suspect = None;
                }
            }
            Stage::Barred(_) | Stage::Refused { .. }
                if step == Step::Wait && !context.connection.session.is_transferring() => {}
            // The server is at work, or leaves. The barrier's reply is due behind the transfer's, as a keep-alive NOOP's is.
            Stage::Barred(_) if expects_stragglers || reply.code() == Code::SERVICE_NOT_AVAILABLE => {
                self.suspicion.suspect = None;
            }
            Stage::Barred(_) => {
                suspect.reply = reply.borrowed().into_owned();
                suspect.stage = Stage::Answered;
                suspect.by = context.connection.after(context.config.patience.barrier);
                self.interrupt();
            }
            // Only a 1yz: the refusal was the barrier's.
            Stage::Refused { barrier, refusal } => {
                context.connection.session.settle(*barrier, refusal.code());
                self.suspicion.suspect = None;
            }
            Stage::Heard => self.suspicion.suspect = None,
            Stage::Answered => {}
        }
    }

    /// No reply is here that wasn't taken: what the suspect makes of the wait.
    pub(super) fn doubt(&mut self, context: &mut Context) -> Result<Doubt, Violation> {
        let Some(suspect) = &mut self.suspicion.suspect else { return Ok(Doubt::None) };
        let session = &mut context.connection.session;
        let waits = match suspect.stage {
            Stage::Heard => suspect.about == context.said && session.is_due(suspect.about),
            Stage::Barred(_) | Stage::Refused { .. } => true,
            Stage::Answered => suspect.about == context.said && session.replies_due() > 0,
        };
        if !waits {
            return Ok(Doubt::None);
        }
        if context.connection.now < suspect.by {
            return Ok(Doubt::Until(suspect.by));
        }
        match &suspect.stage {
            Stage::Heard => {
                let another = self.suspicion.barred.replace(suspect.about) == Some(suspect.about);
                let barrier = barrier(context, suspect.about).filter(|_| !another);
                let Some(barrier) = barrier else { return Err(violation(context, suspect)) };
                suspect.stage = Stage::Barred(context.send_beside(&barrier));
                suspect.by = context.connection.after(context.config.patience.barrier);
            }
            Stage::Barred(_) => return Err(violation(context, suspect)),
            Stage::Refused { barrier, refusal } => {
                session.settle(*barrier, refusal.code());
                self.unexpected(context);
            }
            Stage::Answered => return Err(Violation::OutOfStep),
        }
        Ok(Doubt::Again)
    }

    /// The suspect was the answer.
    fn unexpected(&mut self, context: &mut Context) {
        let Some(suspect) = &mut self.suspicion.suspect else { return };
        let code = suspect.reply.code();
        suspect.stage = Stage::Answered;
        suspect.by = context.connection.after(context.config.patience.barrier);
        let (about, reply) = (suspect.about, suspect.reply.clone());
        match context.connection.session.settle(about, code) {
            // It was in doubt, and fits.
            Step::Success => self.react(context, about, Step::Success, &reply),
            _ => self.react_unexpected(context, code),
        }
    }
}

/// A refusal that fits the command and the barrier behind it.
fn is_ambiguous(context: &Context, about: CommandId, barrier: CommandId, code: Code) -> bool {
    let session = &context.connection.session;
    let positive = code.is_preliminary() || code.is_completion() || code.is_intermediate();
    // A server that leaves answers nothing more.
    let leaves = code == Code::SERVICE_NOT_AVAILABLE;
    !positive && !leaves && session.may_answer(about, code) && session.may_answer(barrier, code)
}

fn violation(context: &Context, suspect: &Suspect) -> Violation {
    let awaited = context.connection.session.awaited_by(suspect.about);
    Violation::Unexpected { waiting: awaited.and_then(|awaited| awaited.verb()), reply: suspect.reply.clone() }
}

/// A harmless command whose success can't be taken for the answer to what is waited for. `None`: there is none, or nobody may
/// guess, since what the server has made of the command decides how safe the session is.
fn barrier(context: &Context, about: CommandId) -> Option<Command<'static>> {
    let session = &context.connection.session;
    let verb = session.awaited_by(about)?.verb()?;
    let guards = match verb {
        Verb::Auth | Verb::Adat | Verb::Pbsz | Verb::Prot | Verb::Ccc => true,
        // Nothing is said behind it.
        Verb::Quit => true,
        // It may have ended TLS.
        Verb::Rein => session.is_secured(),
        _ => false,
    };
    if guards || session.login() != LoginState::Complete {
        return None;
    }
    let barriers = [
        (Command::Noop, &[Code::COMMAND_OKAY][..]),
        (Command::Pwd, &[Code::PATH_NAME]),
        // Where nothing is to be aborted.
        (Command::Abor, &[Code::DATA_CONNECTION_OPEN, Code::CLOSING_DATA_CONNECTION]),
    ];
    let fit = |codes: &[Code]| codes.iter().any(|code| verb.may_be_answered_with(*code));
    barriers.into_iter().find(|(_, codes)| !fit(codes)).map(|(command, _)| command)
}
