//! What commands and replies make of a control connection: RFC 959 5.4 and 6 and the sequences of the
//! later RFCs, as one table that knows no role.
//!
//! The client's machine drives a [`Session`] with what it sends and reads, the server's with what it
//! reads and sends, an observer with what passes by; all three arrive at the same state.
//!
//! ```text
//!            command              reply
//! client  ──────────────▶ Session ◀────────── server
//!                           │
//!                           ├─ who is logged in, what must come next (PASS after 331, RNTO after 350)
//!                           ├─ TYPE, STRU, MODE, REST, PROT, the data connection that was agreed on
//!                           └─ which replies are due: FTP has no tags, so order and sense decide
//! ```

mod due;

use alloc::collections::VecDeque;

use crate::command::{Command, Form, Mode, Protection, Structure, Type, Verb};
use crate::reply::{Class, Code};

use due::{Due, Effect};

/// How many replies may be due at once; a command beyond it isn't recorded.
const DUE_LIMIT: usize = 64;

/// The state of one control connection, as both ends and any observer see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    login: Login,
    representation: Type,
    structure: Structure,
    mode: Mode,
    restart: u64,
    renaming: bool,
    setup: Setup,
    only_epsv: bool,
    security: Security,
    /// TLS began with the connection: neither REIN nor AUTH ends it.
    implicit: bool,
    protection: Protection,
    ending: bool,
    due: VecDeque<Due>,
}

/// How far the login has come (RFC 959 5.4 and figure "Login" of chapter 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Login {
    /// Nobody is named.
    Nobody,
    /// USER was answered 331 or 336: PASS is next.
    Password,
    /// USER or PASS was answered 332: ACCT is next.
    Account,
    /// Logged in.
    Complete,
}

/// The data connection that was agreed on for the next transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setup {
    /// None: a transfer command is answered 425.
    None,
    /// The server listens (PASV, EPSV, LPSV).
    Passive,
    /// The client listens (PORT, EPRT, LPRT).
    Active,
}

/// How far the security exchange of RFC 2228 and RFC 4217 has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Security {
    None,
    /// AUTH was answered 334: ADAT is next.
    Exchanging,
    /// AUTH was answered 234, or ADAT 235.
    Established,
    /// PBSZ was accepted: PROT may come.
    Buffered,
}

/// What a reply answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Awaited {
    /// The server's first word.
    Greeting,
    /// A command with this verb.
    Command(Verb),
}

/// What a reply means for the command that it answers (the arrows of RFC 959 chapter 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// 1yz: another reply follows.
    Wait,
    /// 2yz: done.
    Success,
    /// 3yz: the next command of the sequence is due.
    Continue,
    /// 4yz or 5yz: refused. 6yz: a protected reply (RFC 2228), which nobody here can read.
    Failure,
}

/// A reply that was due: what it answers, and what that means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// What the reply answers.
    pub awaited: Awaited,
    /// What it means.
    pub step: Step,
}

/// A command that its predecessors don't allow. [`code`](Self::code) is the reply it deserves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum OutOfOrder {
    /// It needs a login (530).
    NotLoggedIn,
    /// It has to follow a command that didn't come or was refused: PASS without USER, RNTO without
    /// RNFR, PROT without PBSZ (503).
    BadSequence,
    /// After EPSV ALL only EPSV may prepare a data connection (RFC 2428 4; 503).
    OnlyEpsv,
    /// A transfer without PORT, EPRT, PASV or EPSV before it (425; a choice against the default ports of RFC 959 3.3).
    NoDataConnection,
    /// Too many commands wait for their replies; this one was not recorded (503).
    TooManyDue,
}

impl OutOfOrder {
    /// The code of the reply.
    pub const fn code(self) -> Code {
        match self {
            Self::NotLoggedIn => Code::NOT_LOGGED_IN,
            Self::BadSequence | Self::OnlyEpsv | Self::TooManyDue => Code::BAD_SEQUENCE,
            Self::NoDataConnection => Code::CANNOT_OPEN_DATA_CONNECTION,
        }
    }

    /// The text of the reply, in the words that servers use.
    pub const fn text(self) -> &'static str {
        match self {
            Self::NotLoggedIn => "Please login with USER and PASS.",
            Self::BadSequence => "Bad sequence of commands.",
            Self::OnlyEpsv => "EPSV ALL is in effect.",
            Self::NoDataConnection => "Use PORT or PASV first.",
            Self::TooManyDue => "Too many commands at once.",
        }
    }
}

impl core::fmt::Display for OutOfOrder {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.text())
    }
}

impl core::error::Error for OutOfOrder {}

impl Default for Session {
    fn default() -> Self {
        Self::new()
    }
}

impl Session {
    /// A connection that was just made: the greeting is due.
    pub fn new() -> Self {
        let mut due = VecDeque::new();
        due.push_back(Due { awaited: Awaited::Greeting, begun: false, effect: Effect::None });
        Self {
            login: Login::Nobody,
            representation: Type::Ascii(None),
            structure: Structure::File,
            mode: Mode::Stream,
            restart: 0,
            renaming: false,
            setup: Setup::None,
            only_epsv: false,
            security: Security::None,
            implicit: false,
            protection: Protection::Clear,
            ending: false,
            due,
        }
    }

    /// How far the login has come.
    pub fn login(&self) -> Login {
        self.login
    }

    /// TYPE (RFC 959 3.1.1), `A` at first.
    pub fn representation(&self) -> Type {
        self.representation
    }

    /// STRU (RFC 959 3.1.2), `F` at first.
    pub fn structure(&self) -> Structure {
        self.structure
    }

    /// MODE (RFC 959 3.4), `S` at first.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// All three.
    pub(crate) fn form(&self) -> Form {
        Form { representation: self.representation, structure: self.structure, mode: self.mode }
    }

    /// Where the next transfer begins (REST, RFC 3659 5), in bytes.
    pub fn restart(&self) -> u64 {
        self.restart
    }

    /// Which data connection was agreed on.
    pub fn setup(&self) -> Setup {
        self.setup
    }

    /// EPSV ALL was accepted.
    pub fn only_epsv(&self) -> bool {
        self.only_epsv
    }

    /// PROT (RFC 4217 9): clear at first, but private where TLS began with the connection or by AUTH SSL or AUTH TLS-P.
    pub fn protection(&self) -> Protection {
        self.protection
    }

    /// TLS has begun: after AUTH, whatever its reply was, or, where none was accepted, with the connection (implicit TLS).
    ///
    /// No RFC says what PROT is at first on an implicit connection; the drafts before RFC 4217 took it for private, and
    /// so does this: who never says PROT has TLS on the data connection, or none.
    pub fn secured(&mut self) {
        if self.security == Security::None {
            self.implicit = true;
            self.protection = Protection::Private;
        }
        self.security = self.security.max(Security::Established);
    }

    /// Whether TLS protects the control connection, or is about to: AUTH was accepted, or TLS was there from the start,
    /// and neither CCC nor REIN has ended it.
    pub fn is_secured(&self) -> bool {
        self.security >= Security::Established
    }

    /// QUIT was answered, or 421 was said: the control connection ends.
    pub fn ending(&self) -> bool {
        self.ending
    }

    /// What the next reply most likely answers.
    pub fn awaited(&self) -> Option<Awaited> {
        self.due.front().map(|due| due.awaited)
    }

    /// How many final replies are due.
    pub fn due(&self) -> usize {
        self.due.len()
    }

    /// How many replies to this verb are due.
    pub fn due_to(&self, verb: Verb) -> usize {
        self.due.iter().filter(|due| due.is(verb)).count()
    }

    /// A transfer has begun (its 1yz came) and not ended.
    pub fn transferring(&self) -> bool {
        self.due.iter().any(|due| due.begun && due.is_transfer())
    }

    /// A command was sent (client), received (server), or seen (observer). It is recorded in any case, up
    /// to 64 of them; the result is advice: what a server that keeps the order answers.
    pub fn command(&mut self, command: &Command<'_>) -> Result<(), OutOfOrder> {
        let verb = command.verb();
        let advice = self.allows(command);
        self.record(verb, Effect::of(command))?;
        advice
    }

    /// A command was received (server) or seen (observer) whose line was too long or its argument no argument. Who sent it
    /// has recorded it as a command, and it gets a reply as one.
    pub fn unreadable(&mut self, verb: Verb) -> Result<(), OutOfOrder> {
        self.record(verb, Effect::None)
    }

    fn record(&mut self, verb: Verb, effect: Effect) -> Result<(), OutOfOrder> {
        if self.due.len() >= DUE_LIMIT {
            return Err(OutOfOrder::TooManyDue);
        }
        // RFC 959 5.4: RNTO has to follow RNFR immediately.
        self.renaming = false;
        self.due.push_back(Due { awaited: Awaited::Command(verb), begun: false, effect });
        Ok(())
    }

    /// A reply was received (client), sent (server), or seen (observer). `None`: nothing that is due can be
    /// answered so; the reply was unsolicited, and nothing changes but that a 421 or 221 ends the session.
    pub fn reply(&mut self, code: Code) -> Option<Answer> {
        let step = match code.class() {
            Class::Preliminary => Step::Wait,
            Class::Completion => Step::Success,
            Class::Intermediate => Step::Continue,
            // 6yz (RFC 2228) wraps a reply that can't be read here: it ends the command, and nobody knows that it succeeded.
            Class::TransientNegative | Class::PermanentNegative | Class::Protected => Step::Failure,
        };
        if code == Code::SERVICE_NOT_AVAILABLE || code == Code::CLOSING_CONTROL_CONNECTION {
            self.ending = true;
        }
        let place = self.place_of(code)?;
        if step == Step::Wait {
            let due = self.due.get_mut(place)?;
            due.begun = true;
            return Some(Answer { awaited: due.awaited, step });
        }
        let last = place.checked_add(1) == Some(self.due.len());
        // What stood before it and gets no reply of its own any more: an ABOR that the transfer's end outran.
        let skipped_abor = place > 0 && self.due.front().is_some_and(|due| due.is(Verb::Abor));
        let due = self.due.remove(place)?;
        if skipped_abor {
            self.due.pop_front();
        }
        self.apply(due, code, step, last);
        Some(Answer { awaited: due.awaited, step })
    }

    /// Forgets replies that won't come: after ABOR a server may answer once for two commands
    /// (RFC 959 4.1.3; servers do all of 426 and 226, 226 alone, 225 alone, 426 alone).
    pub fn settle_abort(&mut self) {
        let before = self.due.len();
        self.due.retain(|due| !due.is(Verb::Abor) && !due.is_transfer());
        if self.due.len() != before {
            self.setup = Setup::None;
        }
    }

    /// The order rules: what has to stand before what.
    fn allows(&self, command: &Command<'_>) -> Result<(), OutOfOrder> {
        let verb = command.verb();
        if verb.needs_login() && self.login != Login::Complete {
            return Err(OutOfOrder::NotLoggedIn);
        }
        let pending = |wanted: Verb| self.due.back().is_some_and(|due| due.is(wanted));
        let sequence = match verb {
            Verb::Pass => self.login != Login::Nobody || pending(Verb::User),
            Verb::Rnto => self.renaming || pending(Verb::Rnfr),
            Verb::Adat => self.security == Security::Exchanging || pending(Verb::Auth),
            Verb::Pbsz => self.security >= Security::Established || pending(Verb::Auth),
            Verb::Prot => self.security == Security::Buffered || pending(Verb::Pbsz),
            Verb::Ccc | Verb::Mic | Verb::Conf | Verb::Enc => self.security >= Security::Established,
            Verb::Host => self.login == Login::Nobody,
            _ => true,
        };
        if !sequence {
            return Err(OutOfOrder::BadSequence);
        }
        if self.only_epsv && verb.sets_up_data() && verb != Verb::Epsv {
            return Err(OutOfOrder::OnlyEpsv);
        }
        let preparing = || self.due.iter().any(|due| due.verb().is_some_and(Verb::sets_up_data));
        if verb.opens_data() && self.setup == Setup::None && !preparing() {
            return Err(OutOfOrder::NoDataConnection);
        }
        Ok(())
    }

    /// The place in the queue of what `code` answers. FTP has no tags: replies come in order, but for
    /// those that a server may say while a transfer runs, and those that it may leave out after ABOR.
    fn place_of(&self, code: Code) -> Option<usize> {
        let front = self.due.front()?;
        let may_be_outrun = front.begun && front.is_transfer() || front.is(Verb::Abor);
        if front.may_be_answered(code) && !(may_be_outrun && self.due.len() > 1 && front.rather_not(code)) {
            return Some(0);
        }
        if front.is_transfer() || front.is(Verb::Abor) {
            let place = self.due.iter().skip(1).position(|due| due.may_be_answered(code))?;
            return place.checked_add(1);
        }
        None
    }

    /// `last`: no command came behind this one.
    fn apply(&mut self, due: Due, code: Code, step: Step, last: bool) {
        let Awaited::Command(verb) = due.awaited else { return };
        let success = step == Step::Success;
        match verb {
            Verb::User => {
                self.login = match (step, code.value()) {
                    (Step::Success, _) => Login::Complete,
                    (Step::Continue, 332) => Login::Account,
                    (Step::Continue, _) => Login::Password,
                    // A server that refuses another USER leaves who is logged in alone.
                    _ if self.login == Login::Complete => Login::Complete,
                    _ => Login::Nobody,
                }
            }
            Verb::Pass => match (step, self.login) {
                (Step::Success, _) => self.login = Login::Complete,
                (Step::Continue, _) => self.login = Login::Account,
                (_, Login::Complete) => {}
                _ => self.login = Login::Nobody,
            },
            Verb::Acct if self.login == Login::Account => {
                self.login = if success { Login::Complete } else { Login::Nobody };
            }
            Verb::Rein if success => {
                let due = core::mem::take(&mut self.due);
                let implicit = self.implicit;
                *self = Self { due, ..Self::new() };
                if implicit {
                    self.secured();
                }
            }
            Verb::Auth => match (step, code.value()) {
                (Step::Success, _) => {
                    // RFC 4217 4: whatever was said before the security exchange is void.
                    let due = core::mem::take(&mut self.due);
                    let implicit = self.implicit;
                    *self = Self { due, security: Security::Established, implicit, ..Self::new() };
                }
                (Step::Continue, _) => self.security = Security::Exchanging,
                _ => {}
            },
            // Neither PBSZ nor PROT is legal after it (RFC 2228 3), and what PROT said stays.
            Verb::Ccc if success => (self.security, self.implicit) = (Security::None, false),
            Verb::Adat if success => self.security = Security::Established,
            Verb::Pbsz if success => self.security = Security::Buffered,
            // A command that came behind it before its 350 was its RNTO already, or broke the sequence.
            Verb::Rnfr => self.renaming = step == Step::Continue && last,
            Verb::Quit if success => self.ending = true,
            _ if verb.opens_data() => {
                // Stream mode ends the data connection with the file (RFC 959 3.4.1). A command that is refused before its
                // 1yz leaves it for the next one: ftpcopy counts on it, and vsftpd and pyftpdlib grant it.
                if due.begun || success || code == Code::CANNOT_OPEN_DATA_CONNECTION {
                    self.setup = Setup::None;
                }
                self.restart = 0;
            }
            _ => {}
        }
        match due.effect {
            Effect::Restart(offset) if step == Step::Continue => self.restart = offset,
            _ if !success => {}
            Effect::Representation(value) => self.representation = value,
            Effect::Structure(value) => self.structure = value,
            Effect::Mode(value) => self.mode = value,
            Effect::OnlyEpsv => self.only_epsv = true,
            Effect::Protection(value) => self.protection = value,
            Effect::Restart(_) => {}
            Effect::None => match verb {
                Verb::Pasv | Verb::Epsv | Verb::Lpsv | Verb::Cpsv => self.setup = Setup::Passive,
                Verb::Port | Verb::Eprt | Verb::Lprt => self.setup = Setup::Active,
                _ => {}
            },
        }
    }
}

#[cfg(test)]
mod tests;
