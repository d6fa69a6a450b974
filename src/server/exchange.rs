//! The command under way and what is said to it: what the handles of the server's actions work on.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::net::SocketAddr;

use super::Config;
use super::support::Chosen;
use crate::command::Command;
use crate::data::{Data, State};
use crate::outbox::Outbox;
use crate::reply::{Class, Code, Reply};
use crate::route::Endpoints;
use crate::session::{Session, Setup};
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
    pub(super) phase: Phase,
    /// Where PORT or EPRT wants us to connect.
    pub(super) target: Option<SocketAddr>,
    /// The 150 that is said once the client's port has answered.
    opening: Option<Reply<'static>>,
    /// The name that STOU chose.
    pub(super) unique: Option<Path<'static>>,
    /// Whether the control connection may be read while the application's answer is awaited.
    pub(super) wants_input: bool,
    /// The last word is in the outbox: once it is written, the control connection is closed.
    pub(super) ending: bool,
    /// The command line under way; it can hold a password, so it is cleared with its reply.
    line: Vec<u8>,
    user: Vec<u8>,
    login_failures: u32,
    serial: u64,
}

/// What the machine is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Nothing is under way: the next command line.
    Idle,
    /// `Command` is open.
    Asking,
    /// PASV or EPSV: `Listen` is open.
    Preparing,
    /// `Transfer` is open.
    Offering,
    /// The application has agreed, and the client's port is dialled; the 150 comes after it.
    Connecting,
    /// The 150 was said, and the client is to connect.
    Accepting,
    /// `Stream` is open.
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
            phase: Phase::Idle,
            target: None,
            opening: None,
            unique: None,
            wants_input: true,
            ending: false,
            line: Vec::new(),
            user: Vec::new(),
            login_failures: 0,
            serial: 0,
        }
    }

    /// Takes up a command line.
    #[inline]
    pub(super) fn begin(&mut self, line: &[u8]) {
        self.line.clear();
        self.line.extend_from_slice(line);
        self.serial = self.serial.wrapping_add(1);
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
            self.forget_line();
        }
    }

    #[inline]
    fn forget_line(&mut self) {
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
        match self.command() {
            Command::Retr(_) | Command::Stor(_) | Command::Appe(_) => self.session.restart(),
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

    /// The same with a line of our own.
    pub(super) fn answer_static(&mut self, code: Code, text: &'static str) {
        self.conclude(code);
        self.say_static(code, text);
        self.finish();
    }

    /// What the final reply of the command under way means beyond the session.
    #[inline]
    fn conclude(&mut self, code: Code) {
        // Only the application says who somebody is.
        if self.phase == Phase::Asking
            && let (Command::User(name), Class::Completion | Class::Intermediate) = (self.command(), code.class())
        {
            let name = name.as_bytes().to_vec();
            self.user = name;
        }
    }

    /// A login was refused; the third time ends the session (RFC 2577 5).
    pub(super) fn refuse_login(&mut self, reply: &Reply<'_>) {
        self.login_failures = self.login_failures.saturating_add(1);
        if self.login_failures >= self.config.login_failures {
            self.answer_static(Code::SERVICE_NOT_AVAILABLE, "Too many failed logins.");
        } else {
            self.answer(reply);
        }
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
        self.forget_line();
        self.phase = Phase::Idle;
        if self.session.setup() == Setup::None {
            // REIN, or a transfer command that was refused, has spent what was agreed on.
            self.drop_data();
        }
    }

    /// The application agrees to a transfer: the only way to a 150.
    ///
    /// Passive, the 150 is said and then the client is waited for: one that waits for the 150 before it connects would
    /// hang otherwise. Active, the client's port is dialled first: it hears 150, or 425 alone.
    pub(super) fn accept_transfer(&mut self, opening: Reply<'static>, now: Instant) {
        let patience = &self.config.patience;
        match self.target {
            Some(target) => {
                self.data.connect(target, now.after(patience.connect));
                self.opening = Some(opening);
                self.phase = Phase::Connecting;
            }
            None => {
                let expected = (!self.config.passive.strangers).then(|| self.ends.peer().ip());
                self.data.accept(now.after(patience.accept), expected);
                self.say(&opening);
                self.phase = Phase::Accepting;
            }
        }
    }

    /// The client's port has answered: the 150 that waited for it.
    pub(super) fn say_opening(&mut self) {
        if let Some(opening) = self.opening.take() {
            self.say(&opening);
        }
    }

    /// The application refuses a transfer: what was agreed on for it stays for the next one, unless that was the trouble.
    pub(super) fn refuse_transfer(&mut self, reply: &Reply<'_>) {
        if reply.code() == Code::CANNOT_OPEN_DATA_CONNECTION {
            self.drop_data();
        }
        self.answer(reply);
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
