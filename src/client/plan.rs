//! How a request goes on: which command is sent next, and what a reply means for it.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use core::time::Duration;

use super::config::{Config, Security};
use super::context::{Context, End, Progress, ReplyBy};
use super::request::{Act, Options, Plan, Request, Step, TransferRequest, Wanted};
use super::suspicion::Suspicion;
use super::transfer::Transfer;
use crate::command::{Command, Verb};
use crate::connection::cannot_happen;
use crate::reply::{Code, Reply};
use crate::session::{CommandId, Step as Meaning};
use crate::text::Path;
use crate::time::Instant;
use crate::tls::Tls;

/// The request that runs, with its plan.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) wanted: Wanted,
    plan: RunningPlan,
    began: Instant,
    pub(super) abort: Option<Abort>,
    /// Whether the last reply was a 1yz.
    preliminary: bool,
    pub(super) suspicion: Suspicion,
}

/// Why a request is aborted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Abort {
    /// The application asked for it.
    Asked,
    /// The request has taken longer than `Patience::request`.
    Late,
}

#[derive(Debug)]
enum RunningPlan {
    /// TLS that begins with the connection.
    Handshake,
    /// The greeting is due. Holds what the last reply means.
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
    state: State,
}

/// How far a script has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// The next step can be taken.
    Ready,
    /// The reply to the last step is due.
    Asking,
    /// TLS is to begin or to end.
    Tls,
    /// The last step was refused.
    Refused,
    /// The last step was answered with a code that can't answer it.
    Unexpected,
}

impl Running {
    /// The plan that waits for the greeting, after the handshake if TLS is implicit.
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

    /// The plan of a request, which may depend on what FEAT has named.
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
        Self {
            wanted,
            plan,
            began: context.connection.now,
            abort: None,
            preliminary: false,
            suspicion: Suspicion::default(),
        }
    }

    pub(super) fn is_quit(&self) -> bool {
        matches!(self.plan, RunningPlan::Quit { .. })
    }

    /// Whether further replies are taken. Not while a transfer has its final reply and only its bytes are waited for: `Done` is to show
    /// that reply.
    pub(super) fn takes_replies(&self) -> bool {
        !matches!(&self.plan, RunningPlan::Transfer(transfer) if transfer.has_final())
    }

    /// When the whole request times out.
    pub(super) fn give_up_at(&self, config: &Config) -> Option<Instant> {
        if self.abort == Some(Abort::Late) { None } else { Some(self.began.after(config.patience.request?)) }
    }

    /// A transfer command was said, and neither its 1yz nor its end has come.
    pub(super) fn awaits_opening(&self) -> bool {
        matches!(&self.plan, RunningPlan::Transfer(transfer) if transfer.is_commanded())
    }

    /// How long to wait for the reply that is due.
    pub(super) fn patience(&self, config: &Config) -> Duration {
        match &self.plan {
            RunningPlan::Transfer(transfer) if transfer.awaits_commit() => config.patience.commit,
            _ => config.patience.reply,
        }
    }

    /// Whether a transfer waits for replies that are due after its final one.
    pub(super) fn expects_stragglers(&self) -> bool {
        matches!(&self.plan, RunningPlan::Transfer(transfer) if transfer.expects_stragglers())
    }

    /// Whether the data of the transfer under way has ended in order; `None`: no transfer is under way.
    pub(super) fn data_is_whole(&self) -> Option<bool> {
        if let RunningPlan::Transfer(transfer) = &self.plan { transfer.data_is_whole() } else { None }
    }

    /// Notes that a command that isn't the plan's was sent after the plan's last one, which is answered.
    pub(super) fn interrupt(&mut self) {
        if let RunningPlan::Transfer(transfer) = &mut self.plan {
            transfer.interrupt();
        }
    }

    pub(super) fn react(&mut self, context: &mut Context, id: CommandId, step: Meaning, reply: &Reply<'_>) {
        let preliminary = step == Meaning::Wait;
        // A 1yz gives the server more time, but only the first: 1yz after 1yz would hold the client for ever.
        if !(preliminary && self.preliminary) {
            context.reply_by = ReplyBy::At(context.connection.after(self.patience(&context.config)));
        }
        self.preliminary = preliminary;
        match &mut self.plan {
            RunningPlan::Handshake | RunningPlan::Quit { .. } => {}
            // The reply answers an older command, not the plan's.
            RunningPlan::Greeting(_) | RunningPlan::Script(_) if id != context.said => {}
            RunningPlan::Greeting(heard) => *heard = step,
            RunningPlan::Script(script) => {
                script.last = Some(reply.code());
                match step {
                    Meaning::Wait => {}
                    Meaning::Success | Meaning::Continue => script.state = State::Ready,
                    Meaning::Failure => script.state = State::Refused,
                }
                if self.wanted == Wanted::Features && step == Meaning::Success {
                    context.remember_features(reply);
                }
            }
            RunningPlan::Transfer(transfer) => transfer.react(context, id, step, reply),
        }
    }

    /// Reacts to an answer whose code can't answer the last command.
    pub(super) fn react_unexpected(&mut self, context: &mut Context, code: Code) {
        match &mut self.plan {
            RunningPlan::Script(script) => script.state = State::Unexpected,
            RunningPlan::Transfer(transfer) => transfer.react_unexpected(context, code),
            // No barrier is ever sent here.
            RunningPlan::Handshake | RunningPlan::Greeting(_) | RunningPlan::Quit { .. } => {
                cannot_happen("a barrier behind the greeting or QUIT");
            }
        }
    }

    pub(super) fn advance(&mut self, context: &mut Context) -> Progress {
        if self.suspicion.holds(context) {
            return Progress::Reply;
        }
        match self.proceed(context) {
            // Another reply may have been taken after the one that ended the request.
            Progress::End(mut ended) => {
                if ended.reply.is_none() {
                    ended.reply = self.suspicion.take_answer(context);
                }
                Progress::End(ended)
            }
            progress => progress,
        }
    }

    fn proceed(&mut self, context: &mut Context) -> Progress {
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
            RunningPlan::Quit { sent: true } if context.connection.session.replies_due() == 0 => End::Quit.into(),
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
    RunningPlan::Script(Script { steps, last: None, state: State::Ready })
}

impl Script {
    fn advance(&mut self, context: &mut Context, abort: bool) -> Progress {
        match self.state {
            State::Ready => {}
            State::Asking => return Progress::Reply,
            State::Tls => {
                let progress = context.tls_progress();
                if let Progress::Again = progress {
                    self.state = State::Ready;
                }
                return progress;
            }
            State::Refused => return End::Refused.into(),
            State::Unexpected => return End::Unexpected.into(),
        }
        let Some(step) = self.steps.pop_front() else { return End::Success.into() };
        if !step.when.holds(self.last, context.connection.tls == Tls::On) {
            return Progress::Again;
        }
        // After the reply to AUTH, CCC or REIN the server begins or ends TLS, and this side has to follow: only commands can be left out.
        if abort && matches!(step.act, Act::Say(_)) {
            return End::Aborted.into();
        }
        self.state = act(context, &step.act);
        Progress::Again
    }
}

/// Does one step of a script.
fn act(context: &mut Context, act: &Act) -> State {
    match act {
        Act::Say(command) => {
            context.send(command);
            State::Asking
        }
        Act::StartTls => {
            context.start_tls();
            State::Tls
        }
        // TLS that began with the connection outlives REIN.
        Act::StopTls if context.connection.session.is_secured() => State::Ready,
        Act::StopTls => {
            context.stop_tls();
            State::Tls
        }
    }
}

/// The strongest of the hash commands that FEAT named; HASH if it named none.
fn hash_command(context: &Context, path: Path<'static>) -> Command<'static> {
    let offered = Verb::ALL.iter().copied().filter(|verb| verb.hash_algorithm().is_some() && context.offers(*verb));
    let best = offered.max_by_key(|verb| verb.hash_algorithm());
    best.and_then(|verb| Command::of_path(verb, path.clone())).unwrap_or(Command::Hash(path))
}
