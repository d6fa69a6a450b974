//! The state of a server's session that its phases share, and how replies are sent: what the handles of its questions work on.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use super::config::Config;
use super::evidence::Agreed;
use super::exchange::{self, News};
use super::phase::{Asked, UnderWay};
use super::seldom::Seldom;
use super::support::{Chosen, Support};
use super::waiting::Waiting;
use crate::command::{Command, Verb};
use crate::connection::Connection;
use crate::data::State;
use crate::inbox::{Commands, Inbox};
use crate::outbox::{Outbox, Speech, Terms};
use crate::reply::{Class, Code, Draft, Reply};
use crate::route::Endpoints;
use crate::session::{CommandId, LoginState, Setup};
use crate::time::Instant;
use crate::tls::Tls;

/// Once this many bytes of replies wait, they are written before the next command line is taken up. It leaves room for one more short
/// reply in the buffer that an outbox keeps.
const TOGETHER: usize = 4000;

/// Everything of a server's session but its input and its phase.
pub(super) struct Context {
    pub(super) config: Arc<Config>,
    pub(super) connection: Connection,
    pub(super) life: Life,
    pub(super) chosen: Chosen,
    /// Whether a command was refused with 532, so that ACCT may come (RFC 959 5.4).
    pub(super) account_wanted: bool,
    /// Whether more had been received when the last command line was taken up.
    pub(super) pipelined: bool,
    /// The name that USER gave.
    pub(super) user: Box<[u8]>,
    pub(super) login_failures: u32,
    /// The number of unknown commands since the last login.
    pub(super) unknown_commands: u32,
    /// `Config::report_answered`: the commands with their final replies.
    pub(super) news: Option<Box<News>>,
    pub(super) pace: Pace,
    pub(super) agreed: Option<Agreed>,
    pub(super) seldom: Seldom,
    /// The serial of the last question.
    serial: u32,
    /// A buffer for the argument of the next command that the application is asked about, so that questions allocate nothing.
    room: Vec<u8>,
}

pub(super) const GOODBYE: &str = "Goodbye.";

/// Said to a client that sends more lines than may wait.
pub(super) const TOO_MUCH: &str = "Too many commands at once.";

/// A larger buffer than this is given back.
const ROOM: usize = 256;

/// Whether the session goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Life {
    Open,
    /// The last reply waits to be written; then the control connection is closed.
    Ending,
    /// Nothing is written or read any more.
    Over,
}

/// How command lines that the machine answers alone are taken up. It is stored, since finding it out for each NOOP took 9 of its 630
/// instructions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pace {
    /// All that have come in one poll, and NOOP by the shortest way.
    Together,
    /// All that have come in one poll, but NOOP as any other command: the application is asked about it, or it is read strictly.
    WithoutNoop,
    /// One per poll, since each is reported before its reply is written.
    OneByOne,
}

impl Pace {
    pub(super) fn of(config: &Config, support: &Support) -> Self {
        match config.report_answered {
            true => Self::OneByOne,
            false if config.strict || support.asks(Verb::Noop) => Self::WithoutNoop,
            false => Self::Together,
        }
    }
}

/// The first and the last byte of a part of a file, both counted from 0 (draft-bryan-ftp-range).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) start: u64,
    pub(super) end: u64,
}

impl Context {
    pub(super) fn new(config: Arc<Config>, ends: Endpoints, now: Instant) -> Self {
        let answered = config.report_answered;
        let pace = Pace::of(&config, &config.support);
        let news = exchange::news(answered);
        Self {
            connection: Connection::new(ends, Outbox::new(Speech::Replies, config.escaping.replies), now),
            config,
            life: Life::Open,
            chosen: Chosen::default(),
            account_wanted: false,
            pipelined: false,
            user: Box::default(),
            login_failures: 0,
            unknown_commands: 0,
            news,
            pace,
            agreed: None,
            seldom: Seldom::default(),
            serial: 0,
            room: Vec::new(),
        }
    }

    pub(super) fn is_logged_in(&self) -> bool {
        self.connection.session.login() == LoginState::Complete
    }

    /// Makes a command a question to the application.
    pub(super) fn ask<Answer>(&mut self, id: CommandId, command: Command<'_>) -> Asked<Answer> {
        self.serial = self.serial.wrapping_add(1);
        self.note_asked(id);
        let by = self.connection.after(self.config.patience.answer);
        Asked { id, command: command.into_owned_in(&mut self.room), serial: self.serial.into(), by, answer: None }
    }

    /// Takes back the buffer of a command that the application has answered.
    pub(super) fn asked(&mut self, command: Command<'static>) {
        if let Some(mut room) = command.into_room() {
            room.clear();
            room.shrink_to(ROOM);
            self.room = room;
        }
    }

    /// Where a transfer begins, in bytes from the start of its file.
    pub(super) fn offset_of(&self, command: &Command<'_>) -> u64 {
        match (command, self.seldom.range()) {
            (Command::Retr(_) | Command::Stor(_), Some(range)) => range.start,
            (Command::Retr(_) | Command::Stor(_) | Command::Appe(_), _) => self.connection.session.restart_offset(),
            _ => 0,
        }
    }

    /// The facts that the client has chosen.
    pub(super) fn facts(&self) -> impl Iterator<Item = &str> {
        self.support().chosen_facts(self.chosen)
    }

    /// The language that the client has chosen.
    pub(super) fn language(&self) -> &str {
        self.support().chosen_language(self.chosen)
    }

    /// Sends the refusals of Telnet options (RFC 1123 4.1.2.12). Returns whether there were any.
    pub(super) fn decline(&mut self, answers: Vec<u8>) -> bool {
        let declined = !answers.is_empty();
        self.connection.outbox.telnet().extend(answers);
        declined
    }

    /// Sends a reply that isn't the end of the command under way: a 1yz, or the reply to a command during a transfer.
    pub(super) fn say(&mut self, to: CommandId, reply: &Reply<'_>) {
        self.settle(to, reply.code());
        let from = self.connection.outbox.end();
        self.connection.outbox.say(|out| reply.encode(out));
        self.tell(to, reply.code(), from);
    }

    /// The same with a reply that is encoded in place.
    pub(super) fn say_draft(&mut self, to: CommandId, reply: Draft<impl FnOnce(&mut Vec<u8>)>) {
        let code = reply.code();
        self.settle(to, code);
        let from = self.connection.outbox.end();
        self.connection.outbox.say(|out| reply.encode(out));
        self.tell(to, code, from);
    }

    /// The same with one line of the machine's.
    pub(super) fn say_static(&mut self, to: CommandId, code: Code, text: &'static str) {
        self.settle(to, code);
        let from = self.connection.outbox.end();
        self.connection.outbox.say(|out| Reply::encode_line(code, text, out));
        self.tell(to, code, from);
    }

    /// Sends the last reply, which no command has asked for. The client takes it for the answer to the command that is due.
    pub(super) fn say_unasked(&mut self, reply: &Reply<'_>) {
        // If nothing is due, the reply ends the session all the same.
        let _ = self.connection.session.reply(reply.code());
        self.connection.outbox.say(|out| reply.encode(out));
        self.life = Life::Ending;
    }

    /// Changes the session as a reply that is sent now requires.
    #[inline]
    fn settle(&mut self, to: CommandId, code: Code) {
        self.connection.session.said(to, code);
        if code == Code::SERVICE_NOT_AVAILABLE || code == Code::CLOSING_CONTROL_CONNECTION {
            self.life = Life::Ending;
        }
    }

    /// Sends the final reply of the command under way.
    pub(super) fn answer(&mut self, to: UnderWay, reply: &Reply<'_>) {
        self.say(to.id, reply);
        self.finish(to.verb, reply.code());
    }

    /// The same with one line of the machine's.
    pub(super) fn answer_static(&mut self, to: UnderWay, code: Code, text: &'static str) {
        self.say_static(to.id, code, text);
        self.finish(to.verb, code);
    }

    /// The same with a reply that is encoded in place.
    pub(super) fn answer_draft(&mut self, to: UnderWay, reply: Draft<impl FnOnce(&mut Vec<u8>)>) {
        let code = reply.code();
        self.say_draft(to.id, reply);
        self.finish(to.verb, code);
    }

    /// Answers for an application that has taken too long.
    pub(super) fn answer_late(&mut self, to: UnderWay) {
        if to.verb == Verb::Quit {
            return self.answer_static(to, Code::CLOSING_CONTROL_CONNECTION, GOODBYE);
        }
        self.answer_static(to, Code::LOCAL_ERROR, "No answer in time.");
    }

    /// Changes what the application's answer to this command changes outside `Session`.
    pub(super) fn conclude(&mut self, command: &Command<'_>, code: Code) {
        match (command, code.class()) {
            (Command::User(name), Class::Completion | Class::Intermediate) => {
                self.user = name.as_bytes().into();
                self.grant(None);
            }
            (Command::Rein, Class::Completion) => self.begin_anew(),
            // RFC 7151 3.2, RFC 2640 4.1: another host has languages of its own.
            (Command::Host(_), Class::Completion) => self.chosen.language = 0,
            (Command::Acct(_), Class::Completion) => self.account_wanted = false,
            // QUIT may also be answered 200.
            (Command::Quit, Class::Completion) => self.life = Life::Ending,
            _ => {}
        }
    }

    /// Resets the session's state, as REIN and AUTH require (RFC 959 4.1.1, RFC 4217 4).
    pub(super) fn begin_anew(&mut self) {
        self.user = Box::default();
        self.grant(None);
        self.chosen = Chosen::default();
        self.seldom.forget_range();
        self.account_wanted = false;
    }

    /// Whether the adapter has nothing to do before the next command but to write replies.
    #[inline]
    pub(super) fn is_at_rest(&self) -> bool {
        self.life == Life::Open
            && matches!(self.connection.tls, Tls::Off | Tls::On)
            && !self.connection.data.is_closing()
            && self.pace != Pace::OneByOne
            && self.connection.outbox.len() < TOGETHER
    }

    /// Goes on from the final reply of a command.
    fn finish(&mut self, verb: Verb, code: Code) {
        self.account_wanted |= code == Code::NEED_ACCOUNT_FOR_STORING;
        // RANG holds for one command, as REST does.
        if self.seldom.range().is_some() && (verb.opens_data() || verb == Verb::Hash) {
            self.seldom.forget_range();
        }
        if self.is_logged_in() {
            self.unknown_commands = 0;
        }
        let Connection { session, data, .. } = &mut self.connection;
        // REIN or the refusal of a transfer may have used up the data connection that was agreed on, and PROT the one that was left open.
        let spent = session.setup() == Setup::None || data.is_standing() && !data.stands(session.protection());
        if spent {
            data.release();
        }
    }

    /// Whether a data connection was agreed on, or the last one is still open.
    pub(super) fn has_data(&self) -> bool {
        match self.connection.data.state() {
            State::Bound(_) | State::Target(_) => true,
            State::Standing(_) => self.connection.data.stands(self.connection.session.protection()),
            _ => false,
        }
    }

    /// Takes the bytes that were read from the control connection; an empty slice is its end. `false`: too many came unwanted.
    pub(super) fn received(&mut self, inbox: &mut Inbox<Commands>, waiting: &Waiting, bytes: &[u8]) -> bool {
        if bytes.is_empty() {
            self.connection.input_ended = true;
        } else if self.is_turning() {
            self.hang_up();
        } else if self.life == Life::Open {
            let wanted = self.wants_input(inbox, waiting);
            // One line within its limit is never a flood, even if `pipeline_bytes` is smaller.
            let limit = self.config.pipeline_bytes.max(self.config.limits.line);
            if !self.connection.unwanted.takes(bytes.len(), wanted, limit) {
                return false;
            }
            inbox.push(bytes);
        }
        true
    }

    /// Whether the machine wants to be handed input.
    #[inline]
    pub(super) fn wants_input(&self, inbox: &Inbox<Commands>, waiting: &Waiting) -> bool {
        !self.connection.input_ended && kept(inbox, waiting) < self.config.pipeline_bytes
    }

    /// What a `Write` tells beside its bytes.
    #[inline]
    pub(super) fn terms(&self, wants_input: bool) -> Terms {
        Terms {
            // Bytes that come after a reply that begins or ends TLS belong to another layer.
            wants_input: wants_input && !self.is_turning(),
            patience: self.config.patience.write,
            is_last: self.life == Life::Ending,
        }
    }

    /// Ends the session without a reply, which can't be written any more or must not be.
    pub(super) fn hang_up(&mut self) {
        self.connection.outbox.clear();
        self.life = Life::Over;
    }
}

/// The number of bytes of command lines that aren't taken up yet.
#[inline]
pub(super) fn kept(inbox: &Inbox<Commands>, waiting: &Waiting) -> usize {
    waiting.len().saturating_add(inbox.buffered())
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("connection", &self.connection)
            .field("life", &self.life)
            .finish_non_exhaustive()
    }
}
