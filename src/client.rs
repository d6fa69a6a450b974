//! The client's machine.
//!
//! ```text
//!   start(request) ─┐                 ┌─ Write, Read                 the control connection
//!   received(bytes) ├─▶  Client  ─────┼─ Connect, Listen, Accept, Stream   the data connection
//!   poll(now)      ─┘                 └─ Reply, Done                       what the application learns
//! ```
//!
#![doc = include_str!("client/guide.md")]

mod action;
mod config;
mod context;
mod ending;
mod evidence;
mod misuse;
mod phase;
mod plan;
mod request;
mod suspicion;
mod transfer;
mod waiting;

use alloc::boxed::Box;
use alloc::sync::Arc;

use crate::command::{Protection, Verb};
use crate::connection::{Ask, First, cannot_happen};
use crate::inbox::{Inbox, Replies};
use crate::outbox::Terms;
use crate::route::{Attempt, Endpoints};
use crate::session::Session;
use crate::time::Instant;
use crate::tls::Tls;

pub use crate::data::ChannelId;
pub use action::{Action, Failure, Outcome, Value, Violation};
pub use config::{Config, Noise, Patience, Security};
pub use misuse::Misuse;
pub use request::{NotRaw, PlaintextAccepted, Rejected, Request};

use context::{Context, Ended, Progress, ReplyBy};
use phase::{Afterwards, Phase};
use plan::{Abort, Running};
use request::Wanted;
use waiting::Wait;

/// One client's side of one control connection.
///
/// ```
/// # use std::{sync::Arc, time::Duration};
/// use ftp_proto::client::{Action, Client, Config, Request};
/// use ftp_proto::{Endpoints, Instant};
///
/// let ends = Endpoints::new("192.0.2.1:40000".parse()?, "192.0.2.2:21".parse()?);
/// let now = Instant::from_origin(Duration::ZERO);
/// let mut client = Client::new(Arc::new(Config::default()), ends, now);
/// client.received(b"220 ready\r\n");
/// assert!(matches!(client.poll(now)?, Action::Reply(_)));
/// assert!(matches!(client.poll(now)?, Action::Done(Ok(_))));
///
/// client.start(Request::noop())?;
/// let Action::Write(write) = client.poll(now)? else { panic!() };
/// assert_eq!(write.bytes(), b"NOOP\r\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Client {
    context: Context,
    inbox: Inbox<Replies>,
    phase: Phase,
    /// Whether QUIT is to be sent once no request runs.
    quit: bool,
    /// Boxed, since few servers send any.
    noise: Option<Box<Skipped>>,
}

/// Lines that aren't replies.
#[derive(Debug, Default)]
struct Skipped {
    count: u8,
    /// The last of them.
    line: Box<[u8]>,
}

/// What `poll` hands out, decided before anything is borrowed for it.
enum Next {
    Write,
    Ask(Ask),
    Read(Option<Instant>),
    Reply,
    Unsolicited,
    Noise(Box<[u8]>),
    Done(Wanted, Ended),
    Leave,
}

impl Client {
    /// The machine for a control connection that was made at the moment `now`, between the local address and the server's (`ends`). Waiting
    /// for the greeting is the first request, so no other can be started before its `Done`.
    pub fn new(config: Arc<Config>, ends: Endpoints, now: Instant) -> Self {
        let inbox = Inbox::replies(config.limits).with_escape(config.escaping.replies).without_raw();
        let mut context = Context::new(config, ends, now);
        let phase = Phase::Running(Running::greeting(&mut context));
        Self { context, inbox, phase, quit: false, noise: None }
    }

    /// Begins a request. The next [`poll`](Self::poll) hands out its first command; a [`Action::Done`] ends it.
    ///
    /// # Errors
    /// [`Rejected`] gives the request back: [`Misuse::Busy`] while another one runs, [`Misuse::Ended`] once the session has ended or
    /// [`quit`](Self::quit) was called, [`Misuse::NotSecure`] without the TLS that [`Config::security`] or the request itself needs,
    /// [`Misuse::Unfitting`] and [`Misuse::Contradictory`] for options that this request can't have.
    ///
    /// ```
    /// # use std::{sync::Arc, time::Duration};
    /// # use ftp_proto::client::{Client, Config, Misuse, Request};
    /// # use ftp_proto::{Endpoints, Instant};
    /// # let ends = Endpoints::new("192.0.2.1:40000".parse()?, "192.0.2.2:21".parse()?);
    /// # let mut client = Client::new(Arc::new(Config::default()), ends, Instant::from_origin(Duration::ZERO));
    /// // The greeting is still awaited: the request comes back, with the reason.
    /// let rejected = client.start(Request::noop()).unwrap_err();
    /// assert_eq!(rejected.why, Misuse::Busy);
    /// let later = rejected.request;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn start(&mut self, request: Request) -> Result<(), Rejected> {
        match self.misuse(&request) {
            Some(why) => Err(Rejected { request, why }),
            None => {
                self.phase = Phase::Started { request, aborted: false };
                Ok(())
            }
        }
    }

    /// Why this request can't be started now.
    fn misuse(&self, request: &Request) -> Option<Misuse> {
        match self.phase {
            _ if self.quit || self.context.connection.input_ended => Some(Misuse::Ended),
            Phase::Mute(_) | Phase::Left | Phase::Broken(..) => Some(Misuse::Ended),
            _ if self.is_busy() => Some(Misuse::Busy),
            _ if !self.is_secure_enough(request) => Some(Misuse::NotSecure),
            _ => request.misuse(&self.context.connection.session),
        }
    }

    /// Whether a request runs: from [`start`](Self::start) until its `Done` was shown or the session has ended. Waiting for the greeting
    /// counts as a request, and so does the QUIT of [`quit`](Self::quit), although no `Done` ends that.
    ///
    /// ```
    /// # use std::{sync::Arc, time::Duration};
    /// # use ftp_proto::client::{Action, Config, Request};
    /// # use ftp_proto::{Client, Endpoints, Instant};
    /// # let ends = Endpoints::new("192.0.2.1:40000".parse()?, "192.0.2.2:21".parse()?);
    /// # let now = Instant::from_origin(Duration::ZERO);
    /// let mut client = Client::new(Arc::new(Config::default()), ends, now);
    /// assert!(client.is_busy(), "the greeting is the first request");
    /// client.received(b"220 ready\r\n");
    /// while !matches!(client.poll(now)?, Action::Done(_)) {}
    /// assert!(!client.is_busy());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn is_busy(&self) -> bool {
        matches!(self.phase, Phase::Started { .. } | Phase::Running(_) | Phase::Ended(..))
    }

    /// Where TLS is required, only requests that can bring it go out without it, whatever the server replies (CVE-2021-22946). A request
    /// that ends TLS needs TLS to be on.
    fn is_secure_enough(&self, request: &Request) -> bool {
        let secured = self.context.connection.tls == Tls::On;
        let protected = self.context.connection.session.protection() == Protection::Private;
        match self.context.config.security {
            _ if request.ends_tls() && !secured => false,
            Security::Optional => true,
            Security::Required | Security::Implicit if request.is_transfer() && !protected => false,
            Security::Required | Security::Implicit => secured || request.is_harmless(),
        }
    }

    /// Aborts the request that runs: a transfer by ABOR (RFC 959 4.1.3), any other request by not sending its next command. The request
    /// ends with [`Failure::Aborted`], or as it would have ended anyway if it was too late. Allowed at any time; does nothing while no
    /// request runs.
    ///
    /// ```
    /// # use std::{sync::Arc, time::Duration};
    /// # use ftp_proto::client::{Action, Client, Config, Failure, Request};
    /// # use ftp_proto::{Endpoints, Instant};
    /// # let ends = Endpoints::new("192.0.2.1:40000".parse()?, "192.0.2.2:21".parse()?);
    /// # let now = Instant::from_origin(Duration::ZERO);
    /// # let mut client = Client::new(Arc::new(Config::default()), ends, now);
    /// # client.received(b"220 ready\r\n");
    /// # while !matches!(client.poll(now)?, Action::Done(_)) {}
    /// client.start(Request::noop())?;
    /// client.abort();
    /// assert!(matches!(client.poll(now)?, Action::Done(Err(Failure::Aborted))), "NOOP was never sent");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn abort(&mut self) {
        match &mut self.phase {
            Phase::Started { aborted, .. } => *aborted = true,
            Phase::Running(running) => {
                running.abort.get_or_insert(Abort::Asked);
            }
            Phase::Idle | Phase::Ended(..) | Phase::Mute(_) | Phase::Left | Phase::Broken(..) => {}
        }
    }

    /// Sends QUIT once the request that runs has ended, waits for the reply as long as [`Patience::quit`] allows, then asks for
    /// [`Action::Leave`]. The reply is shown as [`Action::Reply`], and no `Done` follows it; [`Request::quit`] is the request with a `Done`.
    ///
    /// ```
    /// # use std::{sync::Arc, time::Duration};
    /// # use ftp_proto::client::{Action, Client, Config};
    /// # use ftp_proto::{Endpoints, Instant};
    /// # let ends = Endpoints::new("192.0.2.1:40000".parse()?, "192.0.2.2:21".parse()?);
    /// # let now = Instant::from_origin(Duration::ZERO);
    /// # let mut client = Client::new(Arc::new(Config::default()), ends, now);
    /// # client.received(b"220 ready\r\n");
    /// # while !matches!(client.poll(now)?, Action::Done(_)) {}
    /// client.quit();
    /// let Action::Write(write) = client.poll(now)? else { panic!() };
    /// assert_eq!(write.bytes(), b"QUIT\r\n");
    /// write.wrote(6);
    /// client.received(b"221 Goodbye.\r\n");
    /// assert!(matches!(client.poll(now)?, Action::Reply(_)));
    /// assert!(matches!(client.poll(now)?, Action::Leave));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn quit(&mut self) {
        self.quit = true;
    }

    /// Takes the bytes that were read from the control connection. An empty slice means that the server has closed it. Allowed at any
    /// time; what follows from the bytes is told by the next [`poll`](Self::poll).
    ///
    /// Bytes are also taken while the open action's `wants_input` is false, or more than [`Limits::reply`](crate::Limits::reply) bytes are
    /// unread, but not without limit: from the second such call on they are counted, and more than [`Limits::reply`](crate::Limits::reply)
    /// of them is [`Violation::Flood`].
    ///
    /// ```
    /// # use std::{sync::Arc, time::Duration};
    /// # use ftp_proto::client::{Action, Config, Request};
    /// # use ftp_proto::{Client, Endpoints, Instant};
    /// # let ends = Endpoints::new("192.0.2.1:40000".parse()?, "192.0.2.2:21".parse()?);
    /// # let now = Instant::from_origin(Duration::ZERO);
    /// let mut client = Client::new(Arc::new(Config::default()), ends, now);
    /// client.received(b"220 rea");
    /// client.received(b"dy\r\n");
    /// assert!(matches!(client.poll(now)?, Action::Reply(reply) if reply.text() == b"ready"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn received(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            self.context.connection.input_ended = true;
        } else if matches!(self.phase, Phase::Left | Phase::Broken(..)) {
            // The end was shown, and nothing can change it.
        } else if let Tls::Starting { .. } = self.context.connection.tls {
            self.break_off(Violation::PlaintextBeforeTls);
        } else {
            let (wanted, limit) = (self.wants_input(), self.context.config.limits.reply);
            if self.context.connection.unwanted.takes(bytes.len(), wanted, limit) {
                self.inbox.push(bytes);
                let count = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
                self.context.received = self.context.received.saturating_add(count);
            } else {
                self.break_off(Violation::Flood { limit });
            }
        }
    }

    /// The state of the session, as the commands and replies so far have made it: login, TYPE, what is due.
    ///
    /// ```
    /// # use std::{sync::Arc, time::Duration};
    /// # use ftp_proto::client::{Action, Config, Request};
    /// # use ftp_proto::{Client, Endpoints, Instant};
    /// # let ends = Endpoints::new("192.0.2.1:40000".parse()?, "192.0.2.2:21".parse()?);
    /// # let now = Instant::from_origin(Duration::ZERO);
    /// let mut client = Client::new(Arc::new(Config::default()), ends, now);
    /// assert_eq!(client.session().awaited(), Some(ftp_proto::session::Awaited::Greeting));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn session(&self) -> &Session {
        &self.context.connection.session
    }

    /// The attempts at a data connection that the last transfer made, in order. A new transfer empties the list.
    ///
    /// ```
    /// # fn show(client: &ftp_proto::Client) {
    /// for attempt in client.attempts() {
    ///     eprintln!("{attempt}"); // PASV 192.0.2.2:50000: no answer in time
    /// }
    /// # }
    /// ```
    pub fn attempts(&self) -> &[Attempt] {
        &self.context.attempts
    }

    /// The next thing to do, at the moment `now`. An action that was dropped unanswered comes again.
    ///
    /// # Errors
    /// [`Violation`]: the server broke the protocol, or the connection broke. It is final, and every later poll returns it again. No
    /// `Close` comes before it, so the adapter also stops and closes whatever it has open for data.
    pub fn poll(&mut self, now: Instant) -> Result<Action<'_>, Violation> {
        self.context.connection.now = now;
        let next = match self.next() {
            Ok(next) => next,
            Err(violation) => {
                if !matches!(self.phase, Phase::Broken(..)) {
                    self.break_off(violation.clone());
                }
                return Err(violation);
            }
        };
        self.action(next)
    }

    /// Ends the session for good.
    fn break_off(&mut self, violation: Violation) {
        self.phase = Phase::Broken(violation, self.breach());
    }

    /// Turns the decision into the action with its handle.
    fn action(&mut self, next: Next) -> Result<Action<'_>, Violation> {
        let wants_input = self.wants_input();
        self.context.connection.unwanted.asked(wants_input || matches!(next, Next::Read(_)));
        let action = match next {
            Next::Write => {
                let patience = self.context.config.patience.write;
                let is_last = self.waiting() == Some(Verb::Quit);
                let terms = Terms { wants_input, patience, is_last };
                Some(Action::Write(self.context.connection.write(terms)))
            }
            Next::Ask(ask) => self.context.connection.ask(ask, wants_input).map(Action::from),
            Next::Read(deadline) => Some(Action::Read { deadline }),
            Next::Reply => self.inbox.reply().map(Action::Reply),
            Next::Unsolicited => self.inbox.reply().map(Action::Unsolicited),
            Next::Noise(line) => {
                let noise = self.noise.get_or_insert_default();
                noise.line = line;
                Some(Action::Noise(&noise.line))
            }
            Next::Done(wanted, ended) => self.done(wanted, ended).map(Action::Done),
            Next::Leave => Some(Action::Leave),
        };
        action.ok_or_else(|| {
            cannot_happen("the action that was decided on isn't there");
            Violation::Fault
        })
    }

    fn next(&mut self) -> Result<Next, Violation> {
        loop {
            match &self.phase {
                Phase::Broken(violation, _) => return Err(violation.clone()),
                Phase::Mute(_) if self.inbox.advance().map_err(Violation::Reply)? => return Ok(self.react()),
                Phase::Mute(why) => return Err(Violation::Write(*why)),
                _ => {}
            }
            match self.context.connection.first() {
                Some(First::Write) if self.falls_mute() => continue,
                Some(First::Write) => return Ok(Next::Write),
                Some(First::Close) => return Ok(Next::Ask(Ask::Close)),
                None => {}
            }
            let wait = match &self.phase {
                Phase::Running(_) => self.advance(),
                Phase::Idle if !self.quit || self.context.connection.input_ended => Some(Wait::Request),
                Phase::Idle => {
                    self.phase = Phase::Running(Running::quit(&self.context));
                    None
                }
                Phase::Left => return Ok(Next::Leave),
                Phase::Started { .. } | Phase::Ended(..) | Phase::Mute(_) | Phase::Broken(..) => {
                    if let Some(next) = self.turn() {
                        return Ok(next);
                    }
                    None
                }
            };
            // The plan advances before another reply is taken: if it ends with the last one taken, `Done` shows that one.
            if let Some(wait) = wait
                && let Some(next) = self.wait(wait)?
            {
                return Ok(next);
            }
        }
    }

    /// Whether the control connection can't be written to any more; the phase follows.
    fn falls_mute(&mut self) -> bool {
        let Context { connection, config, .. } = &mut self.context;
        let Some(why) = connection.outbox.failure(connection.now, config.patience.write) else { return false };
        connection.outbox.clear();
        self.phase = Phase::Mute(why);
        true
    }

    /// Begins the request that was started, or shows the end of the one that has ended.
    fn turn(&mut self) -> Option<Next> {
        match core::mem::replace(&mut self.phase, Phase::Idle) {
            Phase::Started { request, aborted } => {
                let mut running = Running::of(request, &self.context);
                running.abort = aborted.then_some(Abort::Asked);
                self.phase = Phase::Running(running);
                None
            }
            Phase::Ended(wanted, ended, afterwards) => {
                self.phase = match afterwards {
                    Afterwards::Leaves => Phase::Left,
                    Afterwards::GoesOn if ended.out_of_step => Phase::Broken(Violation::OutOfStep, self.breach()),
                    Afterwards::GoesOn => Phase::Idle,
                };
                Some(Next::Done(wanted, ended))
            }
            other => {
                self.phase = other;
                None
            }
        }
    }

    /// Advances the request as far as it can go. Returns what it waits for then; `None`: look again.
    fn advance(&mut self) -> Option<Wait> {
        let Phase::Running(running) = &mut self.phase else { return None };
        let context = &mut self.context;
        if running.give_up_at(&context.config).is_some_and(|at| context.connection.now >= at) {
            running.abort = Some(Abort::Late);
        }
        match running.advance(context) {
            Progress::Again => None,
            Progress::Reply => Some(Wait::Reply),
            Progress::Data(stream_by) => {
                context.reply_by = ReplyBy::AfterData;
                Some(Wait::Data(stream_by))
            }
            Progress::Tls => Some(Wait::Tls),
            Progress::End(ended) => {
                let (wanted, late) = (running.wanted, running.abort == Some(Abort::Late));
                self.end(wanted, late, ended);
                None
            }
        }
    }
}
