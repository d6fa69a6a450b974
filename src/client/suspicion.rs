//! Suspects: replies that fit no command that is due. Is a suspect an answer with an odd code, or unsolicited?
//!
//! FTP has no tags, so the reply itself doesn't tell. If a fitting reply comes soon, the suspect was unsolicited. If not, the client sends
//! a *barrier*: a harmless command whose success can't be taken for the reply that is due. Servers answer in order, so a fitting reply
//! before the barrier's is the answer, and without one the suspect was.
//!
//! A 2yz to the transfer command before its 1yz fits, and is a suspect all the same: it may be left from a transfer before, and the
//! 1yz that comes behind it tells so.
//!
//! | stage | what comes | then |
//! |---|---|---|
//! | `Heard` | a fitting reply | it is the answer, and the suspect is forgotten |
//! | | nothing in time | the barrier is sent: `Barred` |
//! | `Barred` | a fitting reply | it is the answer: `Answered`, and the plan goes on after the barrier's reply |
//! | | the barrier's success | the suspect was the answer: `Answered` |
//! | | a refusal, which fits both | `Refused` |
//! | `Refused` | another reply | the refusal was the command's, and this one is the barrier's: `Answered` |
//! | | nothing in time | the refusal was the barrier's, and the suspect the answer: `Answered` |
//!
//! The session ends where no barrier may be sent, and where nothing comes after it.

use alloc::boxed::Box;

use super::action::Violation;
use super::context::Context;
use super::plan::Running;
use crate::command::{Command, Verb};
use crate::reply::{Code, Reply};
use crate::session::{Answered, CommandId, LoginState, Step};
use crate::time::Instant;

/// The suspect, if there is one.
#[derive(Debug, Default)]
pub(super) struct Suspicion {
    suspect: Option<Box<Suspect>>,
    /// The last command after which a barrier was sent: at most one is, whatever the server replies.
    barred: Option<CommandId>,
}

#[derive(Debug)]
struct Suspect {
    /// The command that was due when the suspect came.
    about: CommandId,
    /// The suspect; in `Answered`, the answer.
    reply: Reply<'static>,
    stage: Stage,
    /// When the stage times out.
    by: Instant,
}

#[derive(Debug)]
enum Stage {
    /// A fitting reply may still come.
    Heard,
    /// The barrier was sent.
    Barred(CommandId),
    /// A refusal came that fits both the command and the barrier.
    Refused { barrier: CommandId, refusal: Reply<'static> },
    /// The answer is known; replies to commands sent after it may still be due.
    Answered,
}

/// Which news a reply becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Heard {
    Due,
    Unsolicited,
}

/// What a suspect makes of the wait for a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doubt {
    /// Nothing: the wait is as usual.
    None,
    /// The wait lasts until this moment.
    Until(Instant),
    /// Something has changed: look again.
    Again,
}

impl Suspicion {
    /// Whether a barrier's reply is due, so that nothing else may be sent.
    pub(super) fn holds(&self, context: &Context) -> bool {
        self.suspect.as_ref().is_some_and(|suspect| match suspect.stage {
            Stage::Heard => false,
            Stage::Barred(_) | Stage::Refused { .. } => true,
            Stage::Answered => suspect.about == context.said && context.connection.session.replies_due() > 0,
        })
    }

    /// The answer to the last command, if another reply was taken after it.
    pub(super) fn take_answer(&mut self, context: &Context) -> Option<Reply<'static>> {
        let suspect = self.suspect.take_if(|suspect| suspect.about == context.said)?;
        matches!(suspect.stage, Stage::Answered).then_some(suspect.reply)
    }

    /// Restarts the time for a fitting reply: until now the server had bytes to move.
    pub(super) fn begin_anew(&mut self, context: &Context) {
        if let Some(suspect) = &mut self.suspect
            && let Stage::Heard = suspect.stage
        {
            suspect.by = context.connection.after(context.config.patience.suspect);
        }
    }

    /// Makes a reply the suspect, if a command is due whose answer it may be.
    fn raise(&mut self, context: &Context, reply: &Reply<'_>) {
        if !context.connection.session.is_due(context.said) {
            return;
        }
        match &self.suspect {
            // The first suspect counts, unless it is a 1yz, after which a final reply should come; or unless this one fits.
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
    /// Takes a whole reply: which command it answers, and what follows from that.
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
                // This is the second reply: the first was the command's, so this one is the barrier's.
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

    /// What a reply that answers a command means for the suspect.
    fn clear(&mut self, context: &mut Context, id: CommandId, step: Step, reply: &Reply<'_>) {
        let expects_stragglers = self.expects_stragglers();
        let Some(suspect) = &mut self.suspicion.suspect else { return };
        match &suspect.stage {
            Stage::Barred(barrier) if id == *barrier => self.unexpected(context),
            _ if id != suspect.about => {
                // The suspect is about an older command, whose answer isn't needed any more.
                if context.said == id {
                    self.suspicion.suspect = None;
                }
            }
            Stage::Barred(_) | Stage::Refused { .. }
                if step == Step::Wait && !context.connection.session.is_transferring() => {}
            // The server is at work or closes. The barrier's reply is due after the transfer's, as a keep-alive NOOP's is.
            Stage::Barred(_) if expects_stragglers || reply.code() == Code::SERVICE_NOT_AVAILABLE => {
                self.suspicion.suspect = None;
            }
            Stage::Barred(_) => {
                suspect.reply = reply.borrowed().into_owned();
                suspect.stage = Stage::Answered;
                suspect.by = context.connection.after(context.config.patience.barrier);
                self.interrupt();
            }
            // A 1yz answers the command, so the refusal was the barrier's.
            Stage::Refused { barrier, refusal } => {
                context.connection.session.settle(*barrier, refusal.code());
                self.suspicion.suspect = None;
            }
            Stage::Heard => self.suspicion.suspect = None,
            Stage::Answered => {}
        }
    }

    /// What the suspect makes of the wait, once every reply received was taken.
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

    /// Takes the suspect for the answer.
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

/// Whether a reply is a refusal that fits both the command and the barrier after it.
fn is_ambiguous(context: &Context, about: CommandId, barrier: CommandId, code: Code) -> bool {
    let session = &context.connection.session;
    let positive = code.is_preliminary() || code.is_completion() || code.is_intermediate();
    // After 421 nothing more is answered.
    let leaves = code == Code::SERVICE_NOT_AVAILABLE;
    !positive && !leaves && session.may_answer(about, code) && session.may_answer(barrier, code)
}

fn violation(context: &Context, suspect: &Suspect) -> Violation {
    let awaited = context.connection.session.awaited_by(suspect.about);
    Violation::Unexpected { waiting: awaited.and_then(|awaited| awaited.verb()), reply: suspect.reply.clone() }
}

/// A harmless command whose success can't be taken for the reply that is due. `None`: there is none, or the client must not guess, since
/// the safety of the session depends on what the server made of the command.
fn barrier(context: &Context, about: CommandId) -> Option<Command<'static>> {
    let session = &context.connection.session;
    let verb = session.awaited_by(about)?.verb()?;
    let guards = match verb {
        Verb::Auth | Verb::Adat | Verb::Pbsz | Verb::Prot | Verb::Ccc => true,
        // Nothing may be sent after QUIT.
        Verb::Quit => true,
        // REIN may have ended TLS.
        Verb::Rein => session.is_secured(),
        _ => false,
    };
    if guards || session.login() != LoginState::Complete {
        return None;
    }
    let barriers = [
        (Command::Noop, &[Code::COMMAND_OKAY][..]),
        (Command::Pwd, &[Code::PATH_NAME]),
        // Harmless, since no transfer runs.
        (Command::Abor, &[Code::DATA_CONNECTION_OPEN, Code::CLOSING_DATA_CONNECTION]),
    ];
    let fit = |codes: &[Code]| codes.iter().any(|code| verb.may_be_answered_with(*code));
    barriers.into_iter().find(|(_, codes)| !fit(codes)).map(|(command, _)| command)
}
