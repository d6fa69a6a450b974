//! How a request goes on: what is said next, and what a reply means for it.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use core::time::Duration;

use super::config::{Config, Security};
use super::context::{Context, End, Progress, ReplyBy};
use super::request::{Act, Options, Plan, Request, Step, TransferRequest, Wanted};
use super::transfer::Transfer;
use crate::command::{Command, Verb};
use crate::reply::{Code, Reply};
use crate::session::{Answered, Step as Meaning};
use crate::text::Path;
use crate::time::Instant;
use crate::tls::Tls;

/// The request that runs.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) wanted: Wanted,
    plan: RunningPlan,
    began: Instant,
    pub(super) abort: Option<Abort>,
    /// The last reply was a 1yz.
    preliminary: bool,
}

/// Why a request is aborted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Abort {
    /// The application wants it.
    Asked,
    /// It has taken longer than the application wants to wait.
    Late,
}

#[derive(Debug)]
enum RunningPlan {
    /// TLS that begins with the connection.
    Handshake,
    /// The greeting is due; what the reply that came last means.
    Greeting(Meaning),
    Script(Script),
    Transfer(Box<Transfer>),
    Quit {
        sent: bool,
    },
}

#[derive(Debug)]
struct Script {
    steps: VecDeque<Step>,
    /// The code of the last reply.
    last: Option<Code>,
    waiting: Waiting,
}

/// What a script waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Waiting {
    Nothing,
    Reply,
    Tls,
}

impl Running {
    /// The greeting, behind TLS if that is implicit.
    pub(super) fn greeting(context: &mut Context) -> Self {
        let plan = match context.config.security {
            Security::Implicit => {
                context.start_tls();
                RunningPlan::Handshake
            }
            Security::Optional | Security::Required => RunningPlan::Greeting(Meaning::Wait),
        };
        Self::new(Wanted::Nothing, plan, context)
    }

    pub(super) fn quit(context: &Context) -> Self {
        Self::new(Wanted::Nothing, RunningPlan::Quit { sent: false }, context)
    }

    /// The request, made definite by what FEAT has named.
    pub(super) fn of(request: Request, context: &Context) -> Self {
        let Request { plan, wanted, options } = request;
        let transfer = |command, offset| transfer(command, offset, options.as_deref(), context);
        let (wanted, plan) = match plan {
            Plan::Script(steps) => (wanted, script(steps)),
            Plan::Transfer { command, offset } => (wanted, transfer(command, offset)),
            Plan::List(path) if context.offers(Verb::Mlst) || context.offers(Verb::Mlsd) => {
                (wanted, transfer(Command::Mlsd(path), Some(0)))
            }
            Plan::List(path) => (wanted, transfer(Command::List(path), Some(0))),
            Plan::Hash(path) => {
                let command = hash_command(context, path);
                (Wanted::Hash(command.verb()), script([Step::always(command)].into()))
            }
        };
        Self::new(wanted, plan, context)
    }

    fn new(wanted: Wanted, plan: RunningPlan, context: &Context) -> Self {
        Self { wanted, plan, began: context.connection.now, abort: None, preliminary: false }
    }

    pub(super) fn is_quit(&self) -> bool {
        matches!(self.plan, RunningPlan::Quit { .. })
    }

    /// While a transfer has its final reply and only its bytes are waited for, later replies wait too: so the
    /// reply that `Done` shows is the transfer's.
    pub(super) fn takes_replies(&self) -> bool {
        !matches!(&self.plan, RunningPlan::Transfer(transfer) if transfer.has_final())
    }

    /// When the whole request will have taken too long.
    pub(super) fn give_up_at(&self, config: &Config) -> Option<Instant> {
        if self.abort == Some(Abort::Late) { None } else { Some(self.began.after(config.patience.request?)) }
    }

    /// How long the reply that is due is waited for.
    pub(super) fn patience(&self, config: &Config) -> Duration {
        match &self.plan {
            RunningPlan::Transfer(transfer) if transfer.awaits_commit() => config.patience.commit,
            _ => config.patience.reply,
        }
    }

    pub(super) fn react(&mut self, context: &mut Context, answered: Answered, reply: &Reply<'_>) {
        let Answered::Due { id, step, .. } = answered else { return };
        let preliminary = step == Meaning::Wait;
        // A 1yz gives the server another while; one 1yz after the other would give it for ever.
        if !(preliminary && self.preliminary) {
            context.reply_by = ReplyBy::At(context.connection.after(self.patience(&context.config)));
        }
        self.preliminary = preliminary;
        match &mut self.plan {
            RunningPlan::Handshake | RunningPlan::Quit { .. } => {}
            // What an older command is answered with is no answer to the plan's.
            RunningPlan::Greeting(_) | RunningPlan::Script(_) if id != context.said => {}
            RunningPlan::Greeting(heard) => *heard = step,
            RunningPlan::Script(script) => {
                script.last = Some(reply.code());
                if step != Meaning::Wait {
                    script.waiting = Waiting::Nothing;
                }
                if self.wanted == Wanted::Features && step == Meaning::Success {
                    context.remember_features(reply);
                }
            }
            RunningPlan::Transfer(transfer) => transfer.react(context, id, step, reply),
        }
    }

    pub(super) fn advance(&mut self, context: &mut Context) -> Progress {
        match &mut self.plan {
            RunningPlan::Handshake => {
                let progress = context.tls_progress();
                if let Progress::Again = progress {
                    context.reply_by = ReplyBy::At(context.connection.after(context.config.patience.greeting));
                    self.plan = RunningPlan::Greeting(Meaning::Wait);
                }
                progress
            }
            RunningPlan::Greeting(Meaning::Wait) => Progress::Reply,
            RunningPlan::Greeting(Meaning::Success) => End::Success.into(),
            RunningPlan::Greeting(Meaning::Continue | Meaning::Failure) => End::Refused.into(),
            RunningPlan::Script(script) => script.advance(context, self.abort.is_some()),
            RunningPlan::Transfer(transfer) => transfer.advance(context, self.abort.is_some()),
            RunningPlan::Quit { sent: false } => {
                context.send(&Command::Quit);
                context.reply_by = ReplyBy::At(context.connection.after(context.config.patience.quit));
                self.plan = RunningPlan::Quit { sent: true };
                Progress::Again
            }
            RunningPlan::Quit { sent: true } if context.connection.session.due() == 0 => End::Quit.into(),
            RunningPlan::Quit { sent: true } => Progress::Reply,
        }
    }
}

fn transfer(
    command: Command<'static>,
    offset: Option<u64>,
    options: Option<&Options>,
    context: &Context,
) -> RunningPlan {
    let request = TransferRequest::new(command, offset, options, &context.connection.session);
    RunningPlan::Transfer(Box::new(Transfer::new(request)))
}

fn script(steps: VecDeque<Step>) -> RunningPlan {
    RunningPlan::Script(Script { steps, last: None, waiting: Waiting::Nothing })
}

impl Script {
    fn advance(&mut self, context: &mut Context, abort: bool) -> Progress {
        match self.waiting {
            Waiting::Reply => return Progress::Reply,
            Waiting::Tls => {
                let progress = context.tls_progress();
                if let Progress::Again = progress {
                    self.waiting = Waiting::Nothing;
                }
                return progress;
            }
            Waiting::Nothing => {}
        }
        if self.last.is_some_and(|code| code.value() >= 400) {
            return End::Refused.into();
        }
        let Some(step) = self.steps.pop_front() else { return End::Success.into() };
        if !step.when.holds(self.last, context.connection.tls == Tls::On) {
            return Progress::Again;
        }
        // The server goes where its reply to AUTH, CCC or REIN leads; it can't be left there alone.
        if abort && matches!(step.act, Act::Say(_)) {
            return End::Aborted.into();
        }
        self.waiting = act(context, &step.act);
        Progress::Again
    }
}

/// Does one step of a script.
fn act(context: &mut Context, act: &Act) -> Waiting {
    match act {
        Act::Say(command) => {
            context.send(command);
            Waiting::Reply
        }
        Act::StartTls => {
            context.start_tls();
            Waiting::Tls
        }
        // TLS that began with the connection outlives REIN.
        Act::StopTls if context.connection.session.is_secured() => Waiting::Nothing,
        Act::StopTls => {
            context.stop_tls();
            Waiting::Tls
        }
    }
}

/// The best of the commands that FEAT named; HASH if it named none.
fn hash_command(context: &Context, path: Path<'static>) -> Command<'static> {
    let offered = Verb::ALL.iter().copied().filter(|verb| verb.hash_algorithm().is_some() && context.offers(*verb));
    let best = offered.max_by_key(|verb| verb.hash_algorithm());
    best.and_then(|verb| Command::of_path(verb, path.clone())).unwrap_or(Command::Hash(path))
}
