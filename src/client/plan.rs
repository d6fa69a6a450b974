//! How a request goes on: what is said next, and what a reply means for it.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::config::{Config, Security};
use super::request::{Act, Plan, Request, Step, TransferRequest, Wanted};
use super::transfer::Transfer;
use crate::command::{Command, Type, Verb, VerbSet};
use crate::data::{Data, StreamEnd};
use crate::outbox::Outbox;
use crate::reply::{Code, Reply};
use crate::route::{Attempt, Endpoints, Routes};
use crate::session::{Answer, Session, Step as Meaning};
use crate::text::Path;
use crate::time::Instant;
use crate::tls::{Tls, TlsError};

/// What the plans work with.
#[derive(Debug)]
pub(super) struct Core {
    pub(super) config: Arc<Config>,
    pub(super) ends: Endpoints,
    pub(super) outbox: Outbox,
    pub(super) session: Session,
    pub(super) tls: Tls,
    pub(super) data: Data,
    pub(super) routes: Routes,
    /// The attempts at a data connection of the last transfer.
    pub(super) attempts: Vec<Attempt>,
    /// What FEAT named, once it was asked for.
    pub(super) features: Option<VerbSet>,
    /// When the reply that is due has to be here.
    pub(super) reply_by: Instant,
    /// A question about the data connection was open; the time for a reply begins when it is answered.
    pub(super) asked: bool,
    /// When the control connection was last used.
    pub(super) last_word: Instant,
    /// A transfer's final reply, while others are still due behind it.
    pub(super) kept: Option<Reply<'static>>,
    /// Replies are missing, so the session can't go on.
    pub(super) out_of_step: bool,
}

/// The request that runs.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) wanted: Wanted,
    pub(super) state: Progressing,
    /// When it began; told by the first poll.
    pub(super) began: Option<Instant>,
    /// The last reply was a 1yz.
    pub(super) preliminary: bool,
}

#[derive(Debug)]
pub(super) enum Progressing {
    /// What the reply that came last means.
    Greeting {
        heard: Meaning,
    },
    Script {
        steps: VecDeque<Step>,
        last: Option<Code>,
        waiting: Waiting,
    },
    Transfer(Box<Transfer>),
    Quit {
        sent: bool,
    },
}

/// What a script waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Waiting {
    Nothing,
    Reply,
    Tls,
}

/// What a plan needs next.
pub(super) enum Progress {
    /// Something has changed: look again.
    Again,
    /// A reply, by `Core::reply_by`.
    Reply,
    /// The answer to the open question about the data connection.
    Data,
    /// The answer to the open question about TLS.
    Tls,
    /// The request has ended.
    End(End),
}

/// How a request ended; the reply is the inbox's current one.
#[derive(Debug)]
pub(super) enum End {
    Success,
    Refused,
    Transferred(u64),
    Stored(u64, Option<Vec<u8>>),
    NoRoute,
    Incomplete {
        end: StreamEnd,
        moved: u64,
    },
    Aborted,
    TimedOut,
    Tls(TlsError),
    /// QUIT was answered.
    Quit,
}

impl Core {
    /// Says a command; its reply is due from now on.
    pub(super) fn send(&mut self, command: &Command<'_>, now: Instant) {
        self.send_beside(command, now);
        self.reply_by = now.after(self.config.patience.reply);
    }

    /// Says a command beside the one that is waited for.
    pub(super) fn send_beside(&mut self, command: &Command<'_>, now: Instant) {
        // The plans keep the order, so the advice has nothing to say; the server's answer counts.
        let _ = self.session.command(command);
        command.encode(self.outbox.buffer());
        self.last_word = now;
    }

    /// Whether FEAT named it.
    pub(super) fn offers(&self, verb: Verb) -> bool {
        self.features.is_some_and(|features| features.contains(verb))
    }

    fn remember_features(&mut self, reply: &Reply<'_>) {
        let mut features = VerbSet::default();
        for feature in reply.features() {
            features.insert(Verb::parse(feature.word));
        }
        self.features = Some(features);
    }

    fn start_tls(&mut self, now: Instant) {
        self.tls = Tls::Starting { deadline: now.after(self.config.patience.handshake) };
    }

    /// How far the TLS that was asked for has come.
    fn tls_progress(&mut self, now: Instant) -> Progress {
        match self.tls {
            Tls::Starting { deadline } if now >= deadline => Progress::End(End::Tls(TlsError::TimedOut)),
            Tls::Starting { .. } | Tls::Stopping => Progress::Tls,
            Tls::Failed(why) => Progress::End(End::Tls(why)),
            Tls::On => {
                self.session.secured();
                Progress::Again
            }
            Tls::Off => Progress::Again,
        }
    }
}

impl Running {
    pub(super) fn greeting() -> Self {
        Self::new(Wanted::Nothing, Progressing::Greeting { heard: Meaning::Wait })
    }

    pub(super) fn quit() -> Self {
        Self::new(Wanted::Nothing, Progressing::Quit { sent: false })
    }

    /// The request, made definite by what FEAT has named.
    pub(super) fn of(request: Request, core: &Core) -> Self {
        let Request { plan, wanted } = request;
        let transfer = |request| Progressing::Transfer(Box::new(Transfer::new(request)));
        let state = match plan {
            Plan::Script(steps) => Progressing::Script { steps, last: None, waiting: Waiting::Nothing },
            Plan::Transfer(request) => transfer(request),
            Plan::List(path) if core.offers(Verb::Mlst) || core.offers(Verb::Mlsd) => {
                transfer(TransferRequest { command: Command::Mlsd(path), representation: None, offset: 0 })
            }
            Plan::List(path) => {
                let representation = Some(Type::Ascii(None));
                transfer(TransferRequest { command: Command::List(path), representation, offset: 0 })
            }
            Plan::Hash(path) => {
                let command = hash_command(core, path);
                let wanted = Wanted::Hash(command.verb());
                let steps = [Step::always(command)].into();
                return Self::new(wanted, Progressing::Script { steps, last: None, waiting: Waiting::Nothing });
            }
        };
        Self::new(wanted, state)
    }

    fn new(wanted: Wanted, state: Progressing) -> Self {
        Self { wanted, state, began: None, preliminary: false }
    }

    /// When the whole request has taken too long.
    pub(super) fn give_up_at(&self, config: &Config) -> Option<Instant> {
        Some(self.began?.after(config.patience.request?))
    }

    pub(super) fn react(&mut self, core: &mut Core, answer: Answer, reply: &Reply<'_>, now: Instant) {
        let preliminary = answer.step == Meaning::Wait;
        // A 1yz gives the server another while; one 1yz after the other would give it for ever.
        if !(preliminary && self.preliminary) {
            core.reply_by = now.after(core.config.patience.reply);
        }
        self.preliminary = preliminary;
        match &mut self.state {
            Progressing::Greeting { heard } => *heard = answer.step,
            Progressing::Script { last, waiting, .. } => {
                *last = Some(reply.code());
                if answer.step != Meaning::Wait {
                    *waiting = Waiting::Nothing;
                }
                if self.wanted == Wanted::Features && answer.step == Meaning::Success {
                    core.remember_features(reply);
                }
            }
            Progressing::Transfer(transfer) => transfer.react(core, answer, reply, now),
            Progressing::Quit { .. } => {}
        }
    }

    pub(super) fn advance(&mut self, core: &mut Core, abort: bool, now: Instant) -> Progress {
        match &mut self.state {
            Progressing::Greeting { heard } => greet(core, *heard, now),
            Progressing::Script { steps, last, waiting } => match waiting {
                Waiting::Reply => Progress::Reply,
                Waiting::Tls => {
                    let progress = core.tls_progress(now);
                    if let Progress::Again = progress {
                        *waiting = Waiting::Nothing;
                    }
                    progress
                }
                Waiting::Nothing => {
                    let failed = last.is_some_and(|code| code.value() >= 400);
                    if failed {
                        return Progress::End(End::Refused);
                    }
                    let Some(step) = steps.pop_front() else { return Progress::End(End::Success) };
                    if !step.when.holds(*last, core.tls == Tls::On) {
                        return Progress::Again;
                    }
                    if abort {
                        return Progress::End(End::Aborted);
                    }
                    *waiting = act(core, &step.act, now);
                    Progress::Again
                }
            },
            Progressing::Transfer(transfer) => transfer.advance(core, abort, now),
            Progressing::Quit { sent: false } => {
                core.send(&Command::Quit, now);
                core.reply_by = now.after(core.config.patience.quit);
                self.state = Progressing::Quit { sent: true };
                Progress::Again
            }
            Progressing::Quit { sent: true } if core.session.due() == 0 => Progress::End(End::Quit),
            Progressing::Quit { sent: true } => Progress::Reply,
        }
    }
}

/// The greeting, behind TLS if that is implicit.
fn greet(core: &mut Core, heard: Meaning, now: Instant) -> Progress {
    if core.config.security == Security::Implicit {
        if core.tls == Tls::Off {
            core.start_tls(now);
        }
        match core.tls_progress(now) {
            Progress::Again => {}
            other => return other,
        }
    }
    if core.reply_by == Instant::default() {
        core.reply_by = now.after(core.config.patience.greeting);
    }
    match heard {
        Meaning::Wait => Progress::Reply,
        Meaning::Success => Progress::End(End::Success),
        Meaning::Continue | Meaning::Failure => Progress::End(End::Refused),
    }
}

/// Does one step of a script.
fn act(core: &mut Core, act: &Act, now: Instant) -> Waiting {
    match act {
        Act::Say(command) => {
            core.send(command, now);
            Waiting::Reply
        }
        Act::StartTls => {
            core.start_tls(now);
            Waiting::Tls
        }
        // TLS that began with the connection outlives REIN.
        Act::StopTls if core.session.is_secured() => Waiting::Nothing,
        Act::StopTls => {
            core.tls = Tls::Stopping;
            Waiting::Tls
        }
    }
}

/// The best of the commands that FEAT named.
fn hash_command(core: &Core, path: Path<'static>) -> Command<'static> {
    type Make = fn(Path<'static>) -> Command<'static>;
    let others: [(Verb, Make); 7] = [
        (Verb::Xsha512, Command::Xsha512),
        (Verb::Xsha256, Command::Xsha256),
        (Verb::Xsha1, Command::Xsha1),
        (Verb::Xsha, Command::Xsha),
        (Verb::Xmd5, Command::Xmd5),
        (Verb::Md5, Command::Md5),
        (Verb::Xcrc, Command::Xcrc),
    ];
    let other = others.into_iter().find(|(verb, _)| core.offers(*verb));
    match other {
        Some((_, make)) if !core.offers(Verb::Hash) => make(path),
        _ => Command::Hash(path),
    }
}
