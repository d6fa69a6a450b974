//! The command under way and what is said to it: what the handles of the server's actions work on.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::net::SocketAddr;

use super::Config;
use super::login::Delayed;
use super::options::Range;
use super::support::Chosen;
use crate::command::{Command, Verb};
use crate::data::{Data, State};
use crate::outbox::Outbox;
use crate::reply::{Class, Code, Draft, Reply};
use crate::route::Endpoints;
use crate::session::{Login, Session, Setup};
use crate::text::Path;
use crate::time::Instant;
use crate::tls::Tls;

/// Once so many bytes of replies wait, they are written before the next command line is taken up. Another short reply
/// still fits into what an [`Outbox`] keeps.
const TOGETHER: usize = 4000;

pub(super) const NOOP_OK: &str = "NOOP ok.";

/// Everything of a server's session but its input.
pub(super) struct Exchange {
    pub(super) config: Arc<Config>,
    pub(super) ends: Endpoints,
    pub(super) outbox: Outbox,
    pub(super) session: Session,
    pub(super) data: Data,
    pub(super) tls: Tls,
    pub(super) chosen: Chosen,
    /// RANG, for the next transfer or hash.
    pub(super) range: Option<Range>,
    /// A command was refused with 532: ACCT may come (RFC 959 5.4).
    pub(super) account_wanted: bool,
    pub(super) phase: Phase,
    /// Where PORT or EPRT wants us to connect.
    pub(super) target: Option<SocketAddr>,
    /// The 150 that is said once the client's port has answered.
    pub(super) opening: Option<Reply<'static>>,
    /// The name that STOU chose.
    pub(super) unique: Option<Path<'static>>,
    /// How much of the transfer the adapter said that it has moved, and when it said so first.
    pub(super) progress: Option<(u64, Instant)>,
    /// The refusal of a login that waits.
    pub(super) delayed: Option<Box<Delayed>>,
    /// When the application's answer has to be here; known since its question was shown.
    pub(super) answer_by: Option<Instant>,
    /// Whether the control connection may be read while the application's answer is awaited.
    pub(super) wants_input: bool,
    /// The last word is in the outbox: once it is written, the control connection is closed.
    pub(super) ending: bool,
    /// The command line under way; it can hold a password, so it is cleared with its reply.
    line: Vec<u8>,
    user: Vec<u8>,
    pub(super) login_failures: u32,
    /// Lines since the last login that were no command here.
    pub(super) unknown_commands: u32,
    serial: u64,
}

/// What the machine is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Nothing is under way: the next command line.
    Idle,
    /// `Command` is open.
    Asking,
    /// A login was refused, and that is said after a while.
    Refusing,
    /// PASV or EPSV: `Listen` is open.
    Preparing,
    /// `Transfer` is open.
    Offering,
    /// The application has agreed, and the client's port is dialled; the 150 comes after it.
    Connecting,
    /// The 150 was said, and the client is to connect.
    Accepting,
    /// `SecureData` is open if PROT P is in force, then `Stream`.
    Moving,
    /// The transfer is over, and what runs outside for it has to stop; this is said then.
    Stopping(Stop),
}

/// Why a transfer was stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// ABOR, which is answered with it.
    Abort,
    /// ABOR behind other command lines, which is answered after those.
    Interrupt,
    /// Nothing has moved for too long.
    Stall,
    /// The control connection has ended.
    Close,
}

impl Exchange {
    pub(super) fn new(config: Arc<Config>, ends: Endpoints) -> Self {
        Self {
            config,
            ends,
            outbox: Outbox::new(),
            session: Session::new(),
            data: Data::new(),
            tls: Tls::Off,
            chosen: Chosen::default(),
            range: None,
            account_wanted: false,
            phase: Phase::Idle,
            target: None,
            opening: None,
            unique: None,
            progress: None,
            delayed: None,
            answer_by: None,
            wants_input: true,
            ending: false,
            line: Vec::new(),
            user: Vec::new(),
            login_failures: 0,
            unknown_commands: 0,
            serial: 0,
        }
    }

    /// Takes up a command line.
    #[inline]
    pub(super) fn begin(&mut self, line: &[u8]) {
        self.line.clear();
        self.line.extend_from_slice(line);
        self.serial = self.serial.wrapping_add(1);
        self.answer_by = None;
    }

    /// Lends the line out, so that a command can be looked at while the session changes.
    #[inline]
    pub(super) fn take_line(&mut self) -> Vec<u8> {
        core::mem::take(&mut self.line)
    }

    #[inline]
    pub(super) fn give_line_back(&mut self, line: Vec<u8>) {
        self.line = line;
        if self.phase == Phase::Idle {
            self.spend_range();
            self.forget_line();
        }
    }

    /// RANG was for one command, as REST is.
    fn spend_range(&mut self) {
        if self.range.is_some() && matches!(self.command().verb(), verb if verb.opens_data() || verb == Verb::Hash) {
            self.range = None;
        }
    }

    #[inline]
    pub(super) fn forget_line(&mut self) {
        self.line.clear();
        self.line.shrink_to(256);
    }

    /// The command under way. Its line was parsed before any handle was made; `NOOP` shows where there is none.
    pub(super) fn command(&self) -> Command<'_> {
        Command::parse(&self.line).unwrap_or(Command::Noop)
    }

    pub(super) fn serial(&self) -> u64 {
        self.serial
    }

    /// Where the transfer under way begins in its file, in bytes.
    pub(super) fn offset(&self) -> u64 {
        match (self.command(), self.range) {
            (Command::Retr(_) | Command::Stor(_), Some(range)) => range.start,
            (Command::Retr(_) | Command::Stor(_) | Command::Appe(_), _) => self.session.restart(),
            _ => 0,
        }
    }

    /// The name that USER gives, or gave last.
    pub(super) fn user(&self) -> &[u8] {
        let Command::User(name) = self.command() else { return &self.user };
        // It is all that stands behind the blanks, up to the end of the line.
        let at = self.line.len().saturating_sub(name.as_bytes().len());
        self.line.get(at..).unwrap_or_default()
    }

    /// The facts that the client wants.
    pub(super) fn facts(&self) -> impl Iterator<Item = &str> {
        self.config.support.chosen_facts(self.chosen)
    }

    /// Says no to what Telnet options were asked for (RFC 1123 4.1.2.12); `false`: to none.
    pub(super) fn decline(&mut self, answers: Vec<u8>) -> bool {
        let declined = !answers.is_empty();
        self.outbox.buffer().extend(answers);
        declined
    }

    /// Says a reply to what is due.
    pub(super) fn say(&mut self, reply: &Reply<'_>) {
        self.note(reply.code());
        reply.encode(self.outbox.buffer());
    }

    /// Says a reply that is made of what it tells.
    pub(super) fn say_made(&mut self, reply: Draft<impl FnOnce(&mut Vec<u8>)>) {
        self.note(reply.code());
        reply.encode(self.outbox.buffer());
    }

    /// Says one line of our own.
    pub(super) fn say_static(&mut self, code: Code, text: &'static str) {
        self.note(code);
        Reply::encode_line(code, text, self.outbox.buffer());
    }

    /// Says the reply to a NOOP that the session has let pass.
    pub(super) fn say_noop(&mut self) {
        Reply::encode_line(Code::COMMAND_OKAY, NOOP_OK, self.outbox.buffer());
    }

    /// What a reply that is said now changes.
    #[inline]
    fn note(&mut self, code: Code) {
        // The server never says what isn't due but for 421, which changes the session all the same.
        let _ = self.session.reply(code);
        if code == Code::SERVICE_NOT_AVAILABLE || code == Code::CLOSING_CONTROL_CONNECTION {
            self.ending = true;
        }
    }

    /// Says the final reply of the command under way.
    pub(super) fn answer(&mut self, reply: &Reply<'_>) {
        self.conclude(reply.code());
        self.say(reply);
        self.finish();
    }

    /// The application has taken too long.
    pub(super) fn answer_late(&mut self) {
        self.answer_static(Code::LOCAL_ERROR, "No answer in time.");
    }

    /// The same with a line of our own.
    pub(super) fn answer_static(&mut self, code: Code, text: &'static str) {
        self.conclude(code);
        self.say_static(code, text);
        self.finish();
    }

    /// The same with a reply that is made of what it tells.
    pub(super) fn answer_made(&mut self, reply: Draft<impl FnOnce(&mut Vec<u8>)>) {
        self.conclude(reply.code());
        self.say_made(reply);
        self.finish();
    }

    /// What the final reply of the command under way means beyond the session.
    #[inline]
    fn conclude(&mut self, code: Code) {
        self.account_wanted |= code == Code::NEED_ACCOUNT_FOR_STORING;
        // Only the application says who somebody is.
        if self.phase != Phase::Asking {
            return;
        }
        match (self.command(), code.class()) {
            (Command::User(name), Class::Completion | Class::Intermediate) => {
                let name = name.as_bytes().to_vec();
                self.user = name;
            }
            (Command::Rein, Class::Completion) => self.begin_anew(),
            // RFC 7151 3.2, RFC 2640 4.1: another host has languages of its own.
            (Command::Host(_), Class::Completion) => self.chosen.language = 0,
            (Command::Acct(_), Class::Completion) => self.account_wanted = false,
            _ => {}
        }
    }

    /// After REIN and AUTH all is as it was at first (RFC 959 4.1.1, RFC 4217 4).
    pub(super) fn begin_anew(&mut self) {
        self.user = Vec::new();
        self.chosen = Chosen::default();
        self.range = None;
        self.account_wanted = false;
    }

    /// Whether nobody outside has anything to do before the next command, but to write what was said.
    #[inline]
    pub(super) fn is_at_rest(&self) -> bool {
        self.phase == Phase::Idle
            && !self.ending
            && matches!(self.tls, Tls::Off | Tls::On)
            && !self.data.has_discard()
            && self.data.state() != State::Cancelling
            && self.outbox.len() < TOGETHER
    }

    /// Nothing is under way any more.
    pub(super) fn finish(&mut self) {
        self.spend_range();
        self.forget_line();
        self.delayed = None;
        self.phase = Phase::Idle;
        if self.session.login() == Login::Complete {
            self.unknown_commands = 0;
        }
        if self.session.setup() == Setup::None {
            // REIN, or a transfer command that was refused, has spent what was agreed on.
            self.drop_data();
        }
    }

    /// There is somewhere to move bytes to or from.
    pub(super) fn has_data(&self) -> bool {
        self.target.is_some() || matches!(self.data.state(), State::Bound(_))
    }

    /// Whatever was agreed on or runs for a data connection isn't needed any more.
    pub(super) fn drop_data(&mut self) {
        self.data.drop_channel();
        self.target = None;
        self.opening = None;
        self.unique = None;
    }
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange")
            .field("ends", &self.ends)
            .field("session", &self.session)
            .field("data", &self.data)
            .field("phase", &self.phase)
            .finish_non_exhaustive()
    }
}
