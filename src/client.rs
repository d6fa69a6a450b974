//! The client's machine.
//!
//! ```text
//!   start(request) ─┐                 ┌─ Write, Read                 the control connection
//!   received(bytes) ├─▶  Client  ─────┼─ Connect, Listen, Accept, Stream   the data connection
//!   poll(now)      ─┘                 └─ Reply, Done                       what the application learns
//! ```

mod action;
mod config;
mod plan;
mod request;
mod transfer;

use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::command::{Protection, Verb};
use crate::data::{Accept, Cancel, Connect, Data, Listen, SecureData, State, Stream};
use crate::inbox::{Inbox, Replies};
use crate::outbox::{Outbox, Write};
use crate::reply::{Code, Reply};
use crate::route::{Attempt, Endpoints, Routes};
use crate::session::{Awaited, Login, Session};
use crate::time::Instant;
use crate::tls::{StartTls, StopTls, Tls};

pub use crate::data::ChannelId;
pub use action::{Action, Failure, Misuse, Outcome, Value, Violation};
pub use config::{Config, Patience, Security};
pub use request::{NotRaw, PlaintextAccepted, Request};

use plan::{Core, End, Progress, Progressing, Running};
use request::Wanted;

/// One client's side of one control connection.
///
/// ```
/// # use std::{sync::Arc, time::Duration};
/// use ftp_proto::client::{Action, Client, Config, Request};
/// use ftp_proto::{Endpoints, Instant};
///
/// let ends = Endpoints::new("192.0.2.1:40000".parse()?, "192.0.2.2:21".parse()?);
/// let mut client = Client::new(Arc::new(Config::default()), ends);
/// client.received(b"220 ready\r\n");
/// let now = Instant::from_origin(Duration::ZERO);
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
    core: Core,
    inbox: Inbox<Replies>,
    running: Option<Running>,
    /// How the request has ended, until `Done` is shown.
    end: Option<(Wanted, End)>,
    abort: bool,
    /// The request has taken longer than the application wants to wait.
    late: bool,
    quit: bool,
    input_ended: bool,
    closed: bool,
    violation: Option<Violation>,
}

/// What the session waits for, once it can't go on by itself.
enum Wait {
    Reply,
    /// The answer to the open question about the data connection.
    Data,
    /// The answer to the open question about TLS.
    Tls,
    /// The application.
    Request,
}

/// What `poll` hands out, decided before anything is borrowed for it.
enum Next {
    Write,
    Read(Option<Instant>),
    Reply,
    Unsolicited,
    Done(Wanted, End),
    Data,
    Tls,
    Discard(ChannelId),
    Close,
}

impl Client {
    /// The machine of a control connection that was just made. The greeting is the first request: its
    /// `Done` comes before another can be started.
    pub fn new(config: Arc<Config>, ends: Endpoints) -> Self {
        let inbox = Inbox::replies(config.limits);
        Self {
            core: Core {
                config,
                ends,
                outbox: Outbox::new(),
                session: Session::new(),
                tls: Tls::Off,
                data: Data::new(),
                routes: Routes::new(),
                attempts: Vec::new(),
                features: None,
                reply_by: Instant::default(),
                asked: false,
                last_word: Instant::default(),
                kept: None,
                out_of_step: false,
            },
            inbox,
            running: Some(Running::greeting()),
            end: None,
            abort: false,
            late: false,
            quit: false,
            input_ended: false,
            closed: false,
            violation: None,
        }
    }

    /// Begins a request.
    ///
    /// # Errors
    /// [`Misuse::Busy`] while another runs, [`Misuse::Ended`] after the end, [`Misuse::NotSecure`] without the TLS that
    /// [`Config::security`] requires. The request is dropped then.
    pub fn start(&mut self, request: Request) -> Result<(), Misuse> {
        if self.violation.is_some() || self.closed || self.quit || self.input_ended {
            return Err(Misuse::Ended);
        }
        if self.running.is_some() || self.end.is_some() {
            return Err(Misuse::Busy);
        }
        if !self.is_secure_enough(&request) {
            return Err(Misuse::NotSecure);
        }
        (self.abort, self.late, self.core.kept) = (false, false, None);
        self.running = Some(Running::of(request, &self.core));
        Ok(())
    }

    /// Where TLS is required, nothing but what brings it goes out without it: no reply of a server can change that
    /// (CVE-2021-22946).
    fn is_secure_enough(&self, request: &Request) -> bool {
        let protected = self.core.session.protection() == Protection::Private;
        match self.core.config.security {
            Security::Optional => true,
            Security::Required | Security::Implicit if request.is_transfer() && !protected => false,
            Security::Required | Security::Implicit => self.core.tls == Tls::On || request.is_harmless(),
        }
    }

    /// Aborts the request that runs, at any time: a transfer by ABOR (RFC 959 4.1.3), anything else before its next
    /// command. It ends with [`Failure::Aborted`], or as it would have if the abort came too late.
    pub fn abort(&mut self) {
        self.abort = self.running.is_some();
    }

    /// Says QUIT once the request that runs has ended, waits a little for the answer, then asks for `Close`.
    pub fn quit(&mut self) {
        self.quit = true;
    }

    /// Takes what was read from the control connection. An empty slice is its end.
    pub fn received(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            self.input_ended = true;
        } else if self.closed || self.violation.is_some() {
            // The end was told, and nothing changes it.
        } else if let Tls::Starting { .. } = self.core.tls {
            self.violation = Some(Violation::PlaintextBeforeTls);
        } else {
            self.inbox.push(bytes);
        }
    }

    /// The state of the control connection, as commands and replies have made it.
    pub fn session(&self) -> &Session {
        &self.core.session
    }

    /// How the last transfer tried to come to a data connection, in order.
    pub fn attempts(&self) -> &[Attempt] {
        &self.core.attempts
    }

    /// The one next thing to do.
    ///
    /// # Errors
    /// [`Violation`]: the server broke the protocol, or the connection broke. It is final, and every later poll says it again. No
    /// `Cancel` or `Discard` comes before it: what runs for a data connection is to be stopped and closed too.
    pub fn poll(&mut self, now: Instant) -> Result<Action<'_>, Violation> {
        if let Some(violation) = &self.violation {
            return Err(violation.clone());
        }
        let next = match self.next(now) {
            Ok(next) => next,
            Err(violation) => {
                self.violation = Some(violation.clone());
                return Err(violation);
            }
        };
        Ok(self.action(next))
    }

    /// Turns the decision into the action with its handle.
    fn action(&mut self, next: Next) -> Action<'_> {
        let wants_input = self.wants_input();
        match next {
            Next::Write => Action::Write(Write::new(&mut self.core.outbox)),
            Next::Read(deadline) => Action::Read { deadline },
            Next::Reply => Action::Reply(self.current()),
            Next::Unsolicited => Action::Unsolicited(self.current()),
            Next::Done(wanted, end) => Action::Done(self.outcome(wanted, end)),
            Next::Discard(channel) => Action::Discard(channel),
            Next::Close => Action::Close,
            Next::Tls => match self.core.tls {
                Tls::Starting { deadline } => Action::StartTls(StartTls::new(&mut self.core.tls, deadline)),
                _ => Action::StopTls(StopTls::new(&mut self.core.tls)),
            },
            Next::Data => {
                let Core { data, config, ends, session, last_word, .. } = &mut self.core;
                match data.state() {
                    State::Connecting { address, deadline } => {
                        Action::Connect(Connect::new(data, wants_input, address, deadline, None))
                    }
                    State::Listening => {
                        Action::Listen(Listen::new(data, wants_input, ends.local().ip(), config.active_ports.clone()))
                    }
                    State::Accepting { deadline, expected } => {
                        Action::Accept(Accept::new(data, wants_input, deadline, expected))
                    }
                    State::Securing { deadline, resume } => {
                        Action::SecureData(SecureData::new(data, wants_input, deadline, resume))
                    }
                    State::Streaming { .. } => {
                        let Some(Running { state: Progressing::Transfer(transfer), .. }) = &self.running else {
                            return Action::Cancel(Cancel::new(data, wants_input));
                        };
                        let (direction, offset) = (transfer.direction(), transfer.offset());
                        let deadline = transfer.poll_by(config, *last_word);
                        Action::Stream(Stream::new(data, wants_input, direction, session.form(), offset, deadline))
                    }
                    _ => Action::Cancel(Cancel::new(data, wants_input)),
                }
            }
        }
    }

    fn next(&mut self, now: Instant) -> Result<Next, Violation> {
        loop {
            if !self.core.outbox.is_empty() {
                return Ok(Next::Write);
            }
            if let Some(channel) = self.core.data.take_discard() {
                return Ok(Next::Discard(channel));
            }
            if self.core.data.state() == State::Cancelling {
                return Ok(Next::Data);
            }
            if let Some((wanted, end)) = self.end.take() {
                return Ok(Next::Done(wanted, end));
            }
            if self.core.out_of_step {
                return Err(Violation::OutOfStep);
            }
            if self.closed {
                return Ok(Next::Close);
            }
            // The plan goes first: when it ends with the reply that was taken last, `Done` shows that reply.
            let Some(wait) = self.advance(now) else { continue };
            if let Wait::Tls = wait {
                return self.tls();
            }
            if self.takes_replies() && self.inbox.advance().map_err(Violation::Reply)? {
                return Ok(self.react(now));
            }
            // The last bytes of a file may come after the server has said its last word and left.
            let only_data = matches!(wait, Wait::Data) && !self.takes_replies();
            if self.input_ended && !only_data {
                return self.input_end();
            }
            return match wait {
                Wait::Reply if now >= self.core.reply_by => self.time_out(),
                Wait::Reply => Ok(Next::Read(Some(self.read_by()))),
                Wait::Data => Ok(Next::Data),
                Wait::Tls => Ok(Next::Tls),
                Wait::Request => Ok(Next::Read(None)),
            };
        }
    }

    /// TLS is to begin or to end. What was read before it begins is nobody's: it is never taken for the peer's word.
    fn tls(&mut self) -> Result<Next, Violation> {
        if let Tls::Starting { .. } = self.core.tls {
            if self.inbox.has_more() {
                return Err(Violation::PlaintextBeforeTls);
            }
            if self.input_ended {
                return Err(Violation::Closed { waiting: self.waiting() });
            }
        }
        Ok(Next::Tls)
    }

    /// When to look again while a reply is waited for.
    fn read_by(&self) -> Instant {
        let give_up = self.running.as_ref().and_then(|running| running.give_up_at(&self.core.config));
        give_up.filter(|_| !self.late).map_or(self.core.reply_by, |at| at.min(self.core.reply_by))
    }

    /// While a transfer has its final reply and only its bytes are waited for, later replies wait too: so the
    /// reply that `Done` shows is the transfer's.
    fn takes_replies(&self) -> bool {
        !matches!(&self.running, Some(Running { state: Progressing::Transfer(transfer), .. }) if transfer.has_final())
    }

    fn wants_input(&self) -> bool {
        !self.input_ended && self.takes_replies()
    }

    /// A whole reply is here: what it answers, and what follows from that.
    fn react(&mut self, now: Instant) -> Next {
        let Self { inbox, core, running, .. } = self;
        let Some(reply) = inbox.reply() else { return Next::Read(None) };
        let Some(answer) = core.session.reply(reply.code()) else { return Next::Unsolicited };
        core.last_word = now;
        if let Some(running) = running {
            running.react(core, answer, &reply, now);
        }
        Next::Reply
    }

    /// The request goes on as far as it can, and then waits. `None`: look again.
    fn advance(&mut self, now: Instant) -> Option<Wait> {
        let Some(running) = &mut self.running else {
            if !self.quit || self.input_ended {
                return Some(Wait::Request);
            }
            self.running = Some(Running::quit());
            return None;
        };
        running.began.get_or_insert(now);
        if !self.late && running.give_up_at(&self.core.config).is_some_and(|at| now >= at) {
            (self.late, self.abort) = (true, true);
        }
        match running.advance(&mut self.core, self.abort, now) {
            Progress::Again => {}
            Progress::Reply => {
                if core::mem::take(&mut self.core.asked) {
                    self.core.reply_by = now.after(self.core.config.patience.reply);
                }
                return Some(Wait::Reply);
            }
            Progress::Data => {
                self.core.asked = true;
                return Some(Wait::Data);
            }
            Progress::Tls => return Some(Wait::Tls),
            Progress::End(End::Quit) => self.close(),
            Progress::End(End::Aborted) if self.late => {
                self.end = Some((running.wanted, End::TimedOut));
                self.running = None;
            }
            Progress::End(end @ End::Tls(_)) => {
                self.end = Some((running.wanted, end));
                self.close();
            }
            Progress::End(end) => {
                self.end = Some((running.wanted, end));
                self.running = None;
            }
        }
        None
    }

    /// The reply didn't come. After QUIT nobody waits for long; anywhere else a late reply would be taken for the next.
    fn time_out(&mut self) -> Result<Next, Violation> {
        if let Some(Running { state: Progressing::Quit { .. }, .. }) = self.running {
            self.close();
            return Ok(Next::Close);
        }
        Err(Violation::TimedOut { waiting: self.waiting() })
    }

    fn close(&mut self) {
        self.running = None;
        self.closed = true;
        self.core.data.drop_channel();
    }

    /// The control connection has ended, and every reply in it was taken.
    fn input_end(&mut self) -> Result<Next, Violation> {
        self.inbox.finish().map_err(Violation::Reply)?;
        let waiting = self.waiting();
        let quitting = matches!(self.running, Some(Running { state: Progressing::Quit { .. }, .. }));
        let session = &self.core.session;
        // A request that runs gets its word, be it this one.
        let idle = self.running.is_none() && (session.ending() || session.due() == 0);
        if quitting || idle {
            self.close();
            return Ok(match self.core.data.take_discard() {
                Some(channel) => Next::Discard(channel),
                None if self.core.data.state() == State::Cancelling => Next::Data,
                None => Next::Close,
            });
        }
        Err(Violation::Closed { waiting })
    }

    fn waiting(&self) -> Option<Verb> {
        match self.core.session.awaited()? {
            Awaited::Greeting => None,
            Awaited::Command(verb) => Some(verb),
        }
    }

    /// The reply that was taken last. There is always one where this is called; without one, an empty one shows.
    fn current(&self) -> Reply<'_> {
        self.inbox.reply().unwrap_or(Reply::from_static(Code::SERVICE_NOT_AVAILABLE, ""))
    }

    /// The reply that ended the request: the current one, unless replies to NOOPs came behind it.
    fn last_word(&self) -> Reply<'_> {
        self.core.kept.as_ref().map_or_else(|| self.current(), Reply::borrowed)
    }

    fn outcome(&self, wanted: Wanted, end: End) -> Result<Outcome<'_>, Failure<'_>> {
        let reply = self.last_word();
        let value = match end {
            End::Refused => return Err(Failure::Refused(reply)),
            End::NoRoute => return Err(Failure::NoRoute(self.core.attempts.clone())),
            End::Tls(why) => return Err(Failure::Tls(why)),
            End::TimedOut => return Err(Failure::TimedOut),
            End::Stored(moved, name) => Value::Stored { moved, name },
            End::Incomplete { end, moved } => return Err(Failure::Incomplete { end, moved }),
            End::Aborted => return Err(Failure::Aborted),
            End::Transferred(moved) => Value::Transferred(moved),
            End::Success | End::Quit => Value::Nothing,
        };
        let read = match (wanted, value) {
            (Wanted::Login, _) if self.core.session.login() != Login::Complete => return Err(Failure::Refused(reply)),
            (Wanted::Directory, _) => reply.directory().map(|path| Value::Directory(path.into_owned())),
            (Wanted::Size, _) => reply.size().map(Value::Size),
            (Wanted::Hash(verb), _) => reply.hash_digits().map(|digits| Value::Hash {
                verb,
                digits: digits.iter().map(|digit| char::from(digit.to_ascii_lowercase())).collect(),
            }),
            (Wanted::Modified, _) => reply.modified().map(Value::Modified),
            (_, value) => Ok(value),
        };
        match read {
            Ok(value) => Ok(Outcome { reply, value }),
            Err(error) => Err(Failure::Unreadable(reply, error)),
        }
    }
}
