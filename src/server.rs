//! The server's machine.
//!
//! ```text
//!   received(bytes) ─┐                 ┌─ Write, Read                        the control connection
//!   poll(now)       ─┼─▶  Server  ─────┼─ Listen, Connect, Accept, Stream    the data connection
//!   close(reply)    ─┘                 └─ Command, Transfer                  what the application decides
//! ```
//!
//! What the machine knows alone (NOOP, TYPE, REST, PORT's rules, order and syntax errors …) it answers alone.

mod action;
mod alone;
mod config;
mod exchange;
mod information;
mod login;
mod options;
mod pending;
mod public;
mod secure;
mod support;
mod transfer;
mod waiting;

use alloc::sync::Arc;

use crate::command::{Command, CommandError, CommandLine, EpsvArgument, Verb};
use crate::data::{Accept, Cancel, ChannelId, Connect, Listen, SecureData, State, Stream};
use crate::inbox::{Commands, Inbox};
use crate::outbox::Write;
use crate::reply::{Code, Reply};
use crate::route::Endpoints;
use crate::session::{Login as LoginState, OutOfOrder, Session};
use crate::time::Instant;
use crate::tls::{StartTls, StopTls, Tls};

pub use action::{Action, Transfer};
pub use config::{Active, Config, Passive, Patience, Security};
pub use pending::{
    Answer, Directory, Exists, Extension, Facts, Hash, Login, Modified, Pending, Perform, Refusal, Size, Status,
};
pub use public::{Network, NetworkError, PublicAddress};
pub use support::Support;

use exchange::{Exchange, NOOP_OK, Phase, Stop};
use waiting::Waiting;

/// One server's side of one control connection.
///
/// ```
/// # use std::{sync::Arc, time::Duration};
/// use ftp_proto::server::{Action, Config, Pending, Server};
/// use ftp_proto::{Code, Endpoints, Instant, Reply};
///
/// let ends = Endpoints::new("192.0.2.2:21".parse()?, "192.0.2.1:40000".parse()?);
/// let mut server = Server::new(Arc::new(Config::default()), ends, &Reply::from_static(Code::SERVICE_READY, "ready"));
/// let now = Instant::from_origin(Duration::ZERO);
/// let Action::Write(write) = server.poll(now) else { panic!() };
/// assert_eq!(write.bytes(), b"220 ready\r\n");
/// let all = write.bytes().len();
/// write.wrote(all);
///
/// server.received(b"USER anna\r\n");
/// let Action::Command(Pending::Login(login)) = server.poll(now) else { panic!() };
/// login.need_password();
/// let Action::Write(write) = server.poll(now) else { panic!() };
/// assert!(write.bytes().starts_with(b"331 "));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Server {
    exchange: Exchange,
    inbox: Inbox<Commands>,
    waiting: Waiting,
    /// When the last command line was taken up, more was behind it.
    pipelined: bool,
    input_ended: bool,
    closed: bool,
    /// When the session began, or the last command of a user who was logged in came.
    began: Option<Instant>,
    /// When the last command line came, or the last word was said.
    active: Instant,
}

/// What `poll` hands out, decided before anything is borrowed for it.
enum Next {
    Write,
    Read(Instant),
    Command,
    Transfer,
    Data,
    Discard(ChannelId),
    Tls,
    Close,
}

impl Server {
    /// The machine of a control connection that was just accepted, with what it says first: 220, or 421 to turn
    /// the client away.
    pub fn new(config: Arc<Config>, ends: Endpoints, greeting: &Reply<'_>) -> Self {
        let inbox = Inbox::commands(config.limits);
        let mut exchange = Exchange::new(config, ends);
        exchange.say(greeting);
        if exchange.config.implicit {
            // TLS comes before the greeting; its deadline is known with the first poll.
            exchange.session.secured();
            exchange.tls = Tls::Starting { deadline: Instant::default() };
        }
        Self {
            exchange,
            inbox,
            waiting: Waiting::new(),
            pipelined: false,
            input_ended: false,
            closed: false,
            began: None,
            active: Instant::default(),
        }
    }

    /// Takes what was read from the control connection. An empty slice is its end.
    pub fn received(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            self.input_ended = true;
        } else if self.is_turning() {
            self.hang_up();
        } else if !self.closed && !self.exchange.ending {
            self.inbox.push(bytes);
        }
    }

    /// Ends the session with these words, best a 421; what runs is stopped.
    pub fn close(&mut self, reply: &Reply<'_>) {
        if !self.closed && !self.exchange.ending {
            self.exchange.drop_data();
            self.exchange.finish();
            if self.is_turning() {
                return self.hang_up();
            }
            self.exchange.say(reply);
            self.exchange.ending = true;
        }
    }

    /// The state of the control connection, as commands and replies have made it.
    pub fn session(&self) -> &Session {
        &self.exchange.session
    }

    /// The one next thing to do. Never fails: bad syntax is answered, abuse is closed.
    pub fn poll(&mut self, now: Instant) -> Action<'_> {
        if self.began.is_none() {
            self.began = Some(now);
            self.active = now;
            if let Tls::Starting { deadline } = &mut self.exchange.tls {
                *deadline = now.after(self.exchange.config.patience.handshake);
            }
        }
        let next = self.next(now);
        let wants_input = self.wants_input();
        let exchange = &mut self.exchange;
        exchange.wants_input = wants_input;
        match next {
            Next::Write => Action::Write(Write::new(&mut exchange.outbox)),
            Next::Read(deadline) => Action::Read { deadline },
            Next::Discard(channel) => Action::Discard(channel),
            Next::Close => Action::Close,
            Next::Tls => match exchange.tls {
                Tls::Starting { deadline } => Action::StartTls(StartTls::new(&mut exchange.tls, deadline)),
                Tls::Stopping { deadline } => Action::StopTls(StopTls::new(&mut exchange.tls, deadline)),
                // Nothing is asked of TLS then.
                Tls::Off | Tls::On | Tls::Failed(_) => Action::Close,
            },
            Next::Command => {
                let verb = exchange.command().verb();
                Action::Command(Pending::new(exchange, verb))
            }
            Next::Transfer => Action::Transfer(Transfer::new(exchange, now)),
            Next::Data => Self::data_action(exchange, wants_input),
        }
    }

    /// The open question about the data connection.
    fn data_action(exchange: &mut Exchange, wants_input: bool) -> Action<'_> {
        let direction = action::direction(exchange.command().verb());
        let form = exchange.session.form();
        let offset = exchange.offset();
        let stall = exchange.poll_by_stall();
        let Exchange { data, config, ends, .. } = exchange;
        match data.state() {
            State::Connecting { address, deadline } => {
                Action::Connect(Connect::new(data, wants_input, address, deadline, config.active.source_port))
            }
            State::Listening => {
                Action::Listen(Listen::new(data, wants_input, ends.local().ip(), config.passive.ports.clone()))
            }
            State::Accepting { deadline, expected } => {
                Action::Accept(Accept::new(data, wants_input, deadline, expected))
            }
            State::Securing { deadline, resume } => {
                Action::SecureData(SecureData::new(data, wants_input, deadline, resume))
            }
            State::Streaming { .. } => Action::Stream(Stream::new(data, wants_input, direction, form, offset, stall)),
            _ => Action::Cancel(Cancel::new(data, wants_input)),
        }
    }

    fn next(&mut self, now: Instant) -> Next {
        loop {
            if let Some(next) = self.tls(now) {
                return next;
            }
            if !self.exchange.outbox.is_empty() {
                // How long the application took for its answer is no silence of the client.
                self.active = now;
                return Next::Write;
            }
            if let Some(channel) = self.exchange.data.take_discard() {
                return Next::Discard(channel);
            }
            if self.exchange.data.state() == State::Cancelling {
                return Next::Data;
            }
            if self.closed || self.exchange.ending {
                // Everything was said; what is left of the data connection goes first.
                self.closed = true;
                self.exchange.drop_data();
                if self.exchange.data.has_discard() || self.exchange.data.state() == State::Cancelling {
                    continue;
                }
                return Next::Close;
            }
            if self.follow_tls(now) || self.take_lines(now) {
                continue;
            }
            if self.input_ended && matches!(self.exchange.phase, Phase::Idle | Phase::Refusing) {
                self.closed = true;
                continue;
            }
            if self.input_ended && self.in_transfer() && !self.waiting.quits() {
                self.stop(Stop::Close);
                continue;
            }
            if let Some(next) = self.advance(now) {
                return next;
            }
        }
    }

    /// Takes up the next command line, and those behind it for as long as the machine answers them alone, so that their
    /// replies go out in one `Write`. `true`: look again.
    ///
    /// Else the state moves only as actions are handed out, since somebody may have to act between two commands. Here
    /// nobody has to, and the client reads the same bytes in the same order.
    fn take_lines(&mut self, now: Instant) -> bool {
        if !self.take_line(now) {
            return false;
        }
        while self.exchange.is_at_rest() && self.take_line(now) {}
        true
    }

    /// Takes up the next command line, if one is here and its turn has come. `true`: look again.
    fn take_line(&mut self, now: Instant) -> bool {
        match self.exchange.phase {
            // What began or ended TLS has to be written first, and who had his time for the login gets no more.
            Phase::Idle if self.is_turning() || self.login_by().is_some_and(|by| now >= by) => return false,
            Phase::Idle => {}
            Phase::Connecting | Phase::Accepting | Phase::Moving => return self.take_line_amid_transfer(now),
            Phase::Asking | Phase::Refusing | Phase::Preparing | Phase::Offering | Phase::Stopping(_) => return false,
        }
        let Self { waiting, inbox, exchange, .. } = self;
        let line = match waiting.pop() {
            Some(line) => line.map(|line| exchange.begin(&line)),
            None => {
                let advanced = inbox.advance();
                let declined = exchange.decline(inbox.take_answers());
                match advanced.map(|_| inbox.line()) {
                    // What declines Telnet is said even if no line follows.
                    Ok(None) => return declined,
                    Ok(Some(line)) => {
                        exchange.begin(line);
                        self.keep_room();
                        Ok(())
                    }
                    Err(_) => Err(inbox.dropped().unwrap_or(Verb::Other)),
                }
            }
        };
        if let Err(verb) = line {
            self.active = now;
            let limit = self.exchange.config.limits.line;
            self.exchange.complain(&CommandError::LineTooLong { limit }, verb);
            return true;
        }
        self.active = now;
        if self.exchange.session.login() == LoginState::Complete {
            // Who names another user now, or says REIN, has the same time for it as at first.
            self.began = Some(now);
        }
        self.obey();
        true
    }

    /// Who sends many commands at once does it again: the room for them and for their replies is kept until a line comes
    /// alone. So neither costs an allocation.
    fn keep_room(&mut self) {
        let more = self.inbox.has_more();
        let keeps = more || self.pipelined;
        self.pipelined = more;
        self.inbox.keep_room(keeps);
        self.exchange.outbox.keep_room(keeps);
    }

    /// While a transfer runs, ABOR, NOOP and STAT are answered at once; everything else waits.
    fn take_line_amid_transfer(&mut self, now: Instant) -> bool {
        if !self.in_transfer() || self.waiting.len() >= self.exchange.config.pipeline {
            return false;
        }
        let Self { waiting, inbox, exchange, .. } = self;
        let advanced = inbox.advance();
        let declined = exchange.decline(inbox.take_answers());
        let line = match advanced.map(|_| inbox.line()) {
            Ok(None) => return declined,
            Ok(Some(line)) => Ok(line),
            Err(_) => Err(inbox.dropped().unwrap_or(Verb::Other)),
        };
        self.active = now;
        let alone = waiting.is_empty();
        match line.ok().and_then(|line| Command::parse(line).ok()) {
            Some(command @ Command::Abor) if alone => {
                let _ = exchange.session.command(&command);
                self.stop(Stop::Abort);
            }
            // The transfer stops at once, but this line is answered after those before it.
            Some(Command::Abor) => {
                waiting.push(line, false);
                self.stop(Stop::Interrupt);
            }
            Some(command @ Command::Noop) if alone => {
                let _ = exchange.session.command(&command);
                exchange.say_static(Code::COMMAND_OKAY, NOOP_OK);
            }
            Some(command @ Command::Stat(None)) if alone => {
                let _ = exchange.session.command(&command);
                exchange.say_status();
            }
            other => waiting.push(line, other == Some(Command::Quit)),
        }
        true
    }

    /// The command line is here: who has to answer it?
    fn obey(&mut self) {
        let line = self.exchange.take_line();
        self.dispatch(&line);
        // The handles read it again; a command that was answered has no more use for it but its capacity.
        self.exchange.give_line_back(line);
    }

    fn dispatch(&mut self, line: &[u8]) {
        let exchange = &mut self.exchange;
        let command = match CommandLine::parse(line) {
            Ok(CommandLine { command: Command::Other(_), .. }) | Err(_) if login::is_foreign(line) => {
                return exchange.turn_away();
            }
            Ok(CommandLine { command, .. }) => command,
            Err(error) => return exchange.complain(&error, Verb::of_line(line)),
        };
        // What keeps connections alive all day breaks no rule of order and changes nothing.
        if matches!(command, Command::Noop) && exchange.session.pass_noop() {
            return exchange.say_noop();
        }
        let verb = command.verb();
        if !exchange.supports(verb) {
            return exchange.not_supported(&command);
        }
        let advice = exchange.session.command(&command);
        if let Some((code, text)) = exchange.lacks_tls(verb).filter(|_| advice != Err(OutOfOrder::NotLoggedIn)) {
            return exchange.answer_static(code, text);
        }
        if let Err(disorder) = advice {
            return exchange.answer_static(disorder.code(), disorder.text());
        }
        if self.refuses_spurious(&command) {
            return;
        }
        let exchange = &mut self.exchange;
        match command {
            Command::Pasv | Command::Epsv(EpsvArgument::Any | EpsvArgument::Protocol(_)) | Command::Lpsv => {
                exchange.prepare(&command);
            }
            Command::Port(_) | Command::Eprt(_) | Command::Lprt(_) => exchange.set_target(&command),
            Command::Pass(_) if exchange.session.login() == LoginState::Complete => {
                exchange.answer_static(Code::LOGGED_IN, "Already logged in.");
            }
            // What was agreed on may be gone: a second PASV that found no port has discarded it.
            _ if verb.opens_data() && !exchange.has_data() => {
                let gone = OutOfOrder::NoDataConnection;
                exchange.answer_static(gone.code(), gone.text());
            }
            _ if verb.opens_data() => match exchange.misplaced(&command) {
                Some((code, text)) => exchange.answer_static(code, text),
                None => exchange.phase = Phase::Offering,
            },
            _ if exchange.answers_security(&command) || exchange.answers_alone(&command) => {}
            _ => exchange.phase = Phase::Asking,
        }
    }

    /// What is under way goes on as far as it can. `None`: look again.
    fn advance(&mut self, now: Instant) -> Option<Next> {
        let exchange = &mut self.exchange;
        if exchange.phase != Phase::Idle {
            // A transfer of an hour is no silence.
            self.active = now;
        }
        match exchange.phase {
            Phase::Idle => self.wait(now),
            Phase::Asking | Phase::Offering => {
                let patience = exchange.config.patience.answer;
                if now >= *exchange.answer_by.get_or_insert_with(|| now.after(patience)) {
                    exchange.answer_late();
                    return None;
                }
                Some(if exchange.phase == Phase::Asking { Next::Command } else { Next::Transfer })
            }
            Phase::Refusing => self.delay(now),
            _ => self.advance_data(now),
        }
    }

    /// Nothing is under way: wait for a command, but not for ever.
    fn wait(&mut self, now: Instant) -> Option<Next> {
        let idle = self.active.after(self.exchange.config.patience.idle);
        let deadline = self.login_by().map_or(idle, |login| idle.min(login));
        if now < deadline {
            return Some(Next::Read(deadline));
        }
        self.exchange.say_static(Code::SERVICE_NOT_AVAILABLE, "Timeout.");
        None
    }

    /// When who isn't logged in has to be.
    fn login_by(&self) -> Option<Instant> {
        let began = self.began.filter(|_| self.exchange.session.login() != LoginState::Complete)?;
        Some(began.after(self.exchange.config.patience.login))
    }

    /// How many bytes of command lines wait for their turn.
    fn kept(&self) -> usize {
        self.waiting.len().saturating_add(self.inbox.buffered())
    }

    fn wants_input(&self) -> bool {
        !self.input_ended && self.kept() < self.exchange.config.pipeline
    }
}
