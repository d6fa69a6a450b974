//! The server's machine.
//!
//! ```text
//!   received(bytes) ─┐                 ┌─ Write, Read                        the control connection
//!   poll(now)       ─┼─▶  Server  ─────┼─ Listen, Connect, Accept, Stream    the data connection
//!   close(refusal)  ─┘                 └─ Question, Transfer, Commit         what the application decides
//! ```
//!
//! The machine answers by itself whatever it can (NOOP, TYPE, REST, PORT and its rules, order and syntax errors …).
//!
#![doc = include_str!("server/guide.md")]

mod action;
mod answers;
mod choices;
mod commit;
mod config;
mod context;
mod dispatch;
mod evidence;
mod exchange;
mod information;
mod lines;
mod login;
mod mistakes;
mod offer;
mod permissions;
mod phase;
mod public;
mod question;
mod security;
mod seldom;
mod setup;
mod support;
mod transfer;
mod waiting;
mod words;

use alloc::sync::Arc;

use crate::connection::{Ask, First, cannot_happen};
use crate::inbox::{Commands, Inbox};
use crate::reply::{Code, Reply};
use crate::route::Endpoints;
use crate::session::{CommandId, Session};
use crate::text::Text;
use crate::time::Instant;
use crate::tls::Tls;

pub use action::Action;
pub use commit::{Commit, CommitError, Look};
pub use config::{Active, Config, Passive, Patience, Security};
pub use exchange::Exchange;
pub use offer::Transfer;
pub use permissions::{Permissions, TransferPatience};
pub use public::{Network, NetworkError, PublicAddress};
pub use question::{Directory, Exists, Extension, Facts, Hash, Login, Modified, Perform, Question, Size, Status};
pub use support::{Support, SupportError};
pub use words::{Answer, Greeting, Opening, Refusal};

use context::{Context, Life, TOO_MUCH, kept};
use phase::{Answered, Asked, Decided, Job, Phase, Step, Stop, UnderWay};
use waiting::Waiting;

/// One server's side of one control connection.
///
/// ```
/// # use std::{sync::Arc, time::Duration};
/// use ftp_proto::server::{Action, Config, Greeting, Question, Server};
/// use ftp_proto::{Endpoints, Instant, Text};
///
/// let ends = Endpoints::new("192.0.2.2:21".parse()?, "192.0.2.1:40000".parse()?);
/// let now = Instant::from_origin(Duration::ZERO);
/// let greeting = Greeting::ready(Text::from_static("ready"));
/// let mut server = Server::new(Arc::new(Config::default()), ends, &greeting, now);
/// let Action::Write(write) = server.poll(now) else { panic!() };
/// assert_eq!(write.bytes(), b"220 ready\r\n");
/// let all = write.bytes().len();
/// write.wrote(all);
///
/// server.received(b"USER anna\r\n");
/// let Action::Question(Question::Login(login)) = server.poll(now) else { panic!() };
/// login.need_password();
/// let Action::Write(write) = server.poll(now) else { panic!() };
/// assert!(write.bytes().starts_with(b"331 "));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Server {
    context: Context,
    phase: Phase,
    inbox: Inbox<Commands>,
    /// Command lines that came during a transfer and wait for its end.
    waiting: Waiting,
    /// From when on `Patience::login` counts: the start of the session, or the last command of a user who was logged in.
    began: Instant,
    /// From when on `Patience::idle` counts: the last command line, or the last bytes handed out to be written.
    active: Instant,
}

/// What `poll` hands out, decided before anything is borrowed for it.
enum Next {
    Write,
    Ask(Ask),
    Read(Instant),
    Question,
    Transfer,
    /// News.
    Answered,
    Look,
    Commit,
    Leave,
}

impl Server {
    /// The machine for a control connection that was accepted at the moment `now`, between the local address and the client's (`ends`). The
    /// greeting is written first; one that refuses the client ends the session.
    pub fn new(config: Arc<Config>, ends: Endpoints, greeting: &Greeting<'_>, now: Instant) -> Self {
        let inbox = Inbox::commands(config.limits).with_escape(config.escaping.commands).without_raw();
        let mut context = Context::new(config, ends, now);
        let greeting = greeting.reply();
        context.say(CommandId::GREETING, greeting);
        if greeting.code().is_negative() {
            context.life = Life::Ending;
        }
        if context.config.implicit_tls {
            // TLS comes before the greeting.
            context.connection.session.tls_began();
            context.connection.tls = Tls::Starting { deadline: now.after(context.config.patience.handshake) };
        }
        let waiting = Waiting::new();
        Self { context, phase: Phase::Idle, inbox, waiting, began: now, active: now }
    }

    /// Takes the bytes that were read from the control connection. An empty slice means that the client has closed it. Allowed at any
    /// time; what follows from the bytes is told by the next [`poll`](Self::poll).
    ///
    /// Bytes are also taken while the open action's `wants_input` is false, or more than [`Config::pipeline_bytes`] are unread, but not
    /// without limit: from the second such call on they are counted, and more than [`Config::pipeline_bytes`] of them (or more than a line
    /// may have) end the session with 421.
    ///
    /// ```
    /// # use std::{sync::Arc, time::Duration};
    /// # use ftp_proto::server::{Action, Config, Greeting, Server};
    /// # use ftp_proto::{Endpoints, Instant, Text};
    /// # let ends = Endpoints::new("192.0.2.2:21".parse()?, "192.0.2.1:40000".parse()?);
    /// # let now = Instant::from_origin(Duration::ZERO);
    /// # let greeting = Greeting::ready(Text::from_static("ready"));
    /// let mut server = Server::new(Arc::new(Config::default()), ends, &greeting, now);
    /// server.received(b"NOO");
    /// server.received(b"P\r\nQUIT\r\n");
    /// let Action::Write(write) = server.poll(now) else { panic!() };
    /// assert_eq!(write.bytes(), b"220 ready\r\n");
    /// write.wrote(11);
    /// let Action::Write(write) = server.poll(now) else { panic!() };
    /// assert_eq!(write.bytes(), b"200 NOOP ok.\r\n221 Goodbye.\r\n");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn received(&mut self, bytes: &[u8]) {
        let Self { context, inbox, waiting, .. } = self;
        if !context.received(inbox, waiting, bytes) {
            self.close(&Refusal::closing(Text::from_static(TOO_MUCH)));
        }
    }

    /// Ends the session with this reply, best a 421, and stops a transfer. Does nothing if the session is ending already. The client of an
    /// upload that is being kept ([`Action::Commit`]) is told of no success, and [`Action::Close`] asks to drop the upload.
    ///
    /// ```
    /// # use std::{sync::Arc, time::Duration};
    /// # use ftp_proto::server::{Action, Config, Greeting, Refusal, Server};
    /// # use ftp_proto::{Endpoints, Instant, Text};
    /// # let ends = Endpoints::new("192.0.2.2:21".parse()?, "192.0.2.1:40000".parse()?);
    /// # let now = Instant::from_origin(Duration::ZERO);
    /// # let greeting = Greeting::ready(Text::from_static("ready"));
    /// let mut server = Server::new(Arc::new(Config::default()), ends, &greeting, now);
    /// server.close(&Refusal::closing(Text::from_static("Down for maintenance.")));
    /// let Action::Write(write) = server.poll(now) else { panic!() };
    /// assert_eq!(write.bytes(), b"220 ready\r\n421 Down for maintenance.\r\n");
    /// let all = write.bytes().len();
    /// write.wrote(all);
    /// assert!(matches!(server.poll(now), Action::Leave));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn close(&mut self, words: &Refusal<'_>) {
        if self.context.life != Life::Open {
            return;
        }
        self.phase = Phase::Idle;
        self.context.connection.data.release();
        if self.context.is_turning() {
            self.context.hang_up();
        } else {
            self.context.say_unasked(words.reply());
        }
    }

    /// The state of the session, as the commands and replies so far have made it: login, TYPE, what is due.
    pub fn session(&self) -> &Session {
        &self.context.connection.session
    }

    /// The next thing to do, at the moment `now`. An action that was dropped unanswered comes again. There is no error: bad syntax is
    /// answered, and abuse ends the session.
    pub fn poll(&mut self, now: Instant) -> Action<'_> {
        self.context.connection.now = now;
        let next = self.next();
        let wants_input = self.wants_input();
        self.context.connection.unwanted.asked(wants_input || matches!(next, Next::Read(_)));
        let Self { context, phase, inbox, waiting, .. } = self;
        let action = match (next, phase) {
            (Next::Read(deadline), _) => Some(Action::Read { deadline }),
            (Next::Write, _) => {
                let terms = context.terms(wants_input);
                Some(Action::Write(context.connection.write(terms)))
            }
            (Next::Ask(ask), _) => {
                let wants_input = wants_input && !context.is_turning();
                context.connection.ask(ask, wants_input).map(Action::from)
            }
            (Next::Question, Phase::Asking(asked)) => {
                Some(Action::Question(Question::new(asked, context, wants_input)))
            }
            (Next::Transfer, Phase::Offering(asked)) => {
                Some(Action::Transfer(Transfer::new(asked, context, wants_input)))
            }
            (Next::Answered, _) => context.show_news().map(Action::Answered),
            (Next::Look, Phase::Transferring(_, step)) => Some(Action::Look(Look::new(step, context, inbox, waiting))),
            (Next::Commit, Phase::Committing(asked, upload)) => {
                Some(Action::Commit(Commit::new(asked, upload, context, wants_input)))
            }
            (Next::Leave, _) => Some(Action::Leave),
            (Next::Question | Next::Transfer | Next::Look | Next::Commit, _) => None,
        };
        action.unwrap_or_else(|| {
            cannot_happen("the action that was decided on isn't there");
            Action::Leave
        })
    }

    fn next(&mut self) -> Next {
        loop {
            if self.context.has_news() {
                return Next::Answered;
            }
            if self.context.life != Life::Over && self.context.awaits_tls() {
                return Next::Ask(Ask::Tls);
            }
            match self.context.connection.first() {
                Some(First::Write) => {
                    let Context { connection, config, .. } = &mut self.context;
                    if connection.outbox.failure(connection.now, config.patience.write).is_some() {
                        self.context.hang_up();
                        continue;
                    }
                    // The time that the application took for its answer doesn't count as the client's silence.
                    self.active = connection.now;
                    return Next::Write;
                }
                Some(First::Close) => return Next::Ask(Ask::Close),
                None => {}
            }
            if self.context.life != Life::Open {
                // Everything is written; what is left of the data connection is closed before the control connection.
                self.context.life = Life::Over;
                self.context.left();
                self.context.connection.data.release();
                if self.context.connection.data.is_closing() {
                    continue;
                }
                return Next::Leave;
            }
            self.go_on();
            if self.context.follow_tls(self.has_unread()) || self.take_lines() || self.hears_the_end() {
                continue;
            }
            if let Some(next) = self.advance() {
                return next;
            }
        }
    }

    /// Goes on from the application's answer, if there is one.
    fn go_on(&mut self) {
        if !self.phase.is_answered() {
            return;
        }
        let command = match core::mem::replace(&mut self.phase, Phase::Idle) {
            Phase::Asking(Asked { id, command, answer, .. }) => {
                if let Some(Answered::LoginRefused(denial)) = answer {
                    let at = self.context.connection.after(self.context.config.patience.failed_login_delay);
                    self.phase = Phase::Refusing { login: UnderWay { id, verb: command.verb() }, denial, at };
                }
                command
            }
            Phase::Offering(Asked { id, command, answer, .. }) => match answer {
                Some(Decided::Accepted { offset, unique, opening }) => {
                    let step = opening.map_or(Step::Accepting, Step::Connecting);
                    return self.phase = Phase::Transferring(Job { id, command, offset, unique }, step);
                }
                Some(Decided::Refused) | None => command,
            },
            Phase::Committing(Asked { command, .. }, _) => command,
            phase => return self.phase = phase,
        };
        self.context.asked(command);
    }

    /// Reacts to the end of the control connection, if it has come. `true`: look again.
    fn hears_the_end(&mut self) -> bool {
        let Self { context, phase, waiting, .. } = self;
        if !context.connection.input_ended {
            return false;
        }
        if matches!(phase, Phase::Idle | Phase::Refusing { .. }) {
            context.life = Life::Over;
            return true;
        }
        // After a QUIT that waits behind the transfer, the client still wants the transfer to end in order.
        let stops = context.in_transfer(phase) && !waiting.quits();
        if stops {
            context.stop(phase, Stop::Close);
        }
        stops
    }

    /// Advances the phase as far as it can go. `None`: look again.
    fn advance(&mut self) -> Option<Next> {
        let now = self.context.connection.now;
        if !matches!(self.phase, Phase::Idle) {
            // The time of a transfer doesn't count as silence.
            self.active = now;
        }
        match &self.phase {
            Phase::Idle => return self.wait(),
            Phase::Asking(asked) if now < asked.by => return Some(Next::Question),
            Phase::Offering(asked) if now < asked.by => return Some(Next::Transfer),
            Phase::Asking(asked) => self.context.answer_late(asked.under_way()),
            Phase::Offering(asked) => self.context.answer_late(asked.under_way()),
            Phase::Committing(asked, _) if now < asked.by => return Some(Next::Commit),
            Phase::Committing(asked, _) => self.context.answer_late(asked.under_way()),
            Phase::Refusing { login, denial, at } => {
                if now >= *at {
                    self.context.deny(*login, denial);
                } else if self.kept() <= self.context.config.pipeline_bytes {
                    return Some(Next::Read(*at));
                } else {
                    // No line is taken up before that moment, so the limit of unread lines ends the wait.
                    self.context.answer_static(*login, Code::SERVICE_NOT_AVAILABLE, TOO_MUCH);
                }
            }
            Phase::Transferring(_, Step::Looking) if self.wants_input() => return Some(Next::Look),
            Phase::Transferring(_, Step::Looking | Step::Looked) => {
                self.context.begin_commit(&mut self.phase);
                return None;
            }
            Phase::Preparing(_) | Phase::Transferring(..) | Phase::Stopping(..) => {
                return self.context.advance_data(&mut self.phase).map(Next::Ask);
            }
        }
        self.phase = Phase::Idle;
        None
    }

    /// Waits for a command until the login's deadline or the idle time-out.
    fn wait(&mut self) -> Option<Next> {
        let idle = self.active.after(self.context.config.patience.idle);
        let deadline = self.login_by().map_or(idle, |login| idle.min(login));
        if self.context.connection.now < deadline {
            return Some(Next::Read(deadline));
        }
        self.context.say_unasked(&Reply::from_static(Code::SERVICE_NOT_AVAILABLE, "Timeout."));
        None
    }

    /// The deadline of the login; `None` if the user is logged in.
    fn login_by(&self) -> Option<Instant> {
        let began = (!self.context.is_logged_in()).then_some(self.began)?;
        Some(began.after(self.context.config.patience.login))
    }

    fn is_login_late(&self) -> bool {
        self.login_by().is_some_and(|by| self.context.connection.now >= by)
    }

    /// Whether anything was received after the command under way.
    fn has_unread(&self) -> bool {
        self.inbox.has_more() || !self.waiting.is_empty()
    }

    /// The number of bytes of command lines that aren't taken up yet.
    fn kept(&self) -> usize {
        kept(&self.inbox, &self.waiting)
    }

    fn wants_input(&self) -> bool {
        self.context.wants_input(&self.inbox, &self.waiting)
    }
}
