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
//!
//! A final reply that makes no sense for anything due is a *suspect*: an answer with an odd code, or a reply that nothing asked
//! for. [`Session::reply`] says so and changes nothing. Whoever finds out that it was the answer says so with
//! [`Session::settle`]: the client's machine asks something harmless behind it, an observer sees the next command go out.

mod due;
mod table;

use alloc::collections::VecDeque;

use crate::command::{Command, Form, Mode, Protection, Structure, Type, Verb};
use crate::reply::{Class, Code};

pub use due::{Awaited, CommandId};
use due::{Due, Value};
pub(crate) use table::spends_data_connection;
use table::{Change, Row};

/// How many replies may be due at once; a command beyond it isn't recorded.
const DUE_LIMIT: usize = 64;

/// The state of one control connection, as both ends and any observer see it.
///
/// Two sessions are equal if their states are; the identities of their commands need not be the same.
#[derive(Debug, Clone, Eq)]
pub struct Session {
    login: LoginState,
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
    /// The identity of the last command.
    last: CommandId,
}

/// How far the login has come (RFC 959 5.4 and figure "Login" of chapter 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LoginState {
    /// Nobody is named.
    Nobody,
    /// The same, but the greeting was a 230: nobody has to be. A 503 to USER says so, and is a login.
    Welcome,
    /// USER was answered 331 or 336: PASS is next.
    Password,
    /// USER or PASS was answered 332: ACCT is next.
    Account,
    /// Logged in.
    Complete,
}

/// The data connection that was agreed on for the next transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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

/// What a reply means for the command that it answers (the arrows of RFC 959 chapter 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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

impl Step {
    /// What any reply with this code means.
    pub const fn of(code: Code) -> Self {
        match code.class() {
            Class::Preliminary => Self::Wait,
            Class::Completion => Self::Success,
            Class::Intermediate => Self::Continue,
            // 6yz (RFC 2228) wraps a reply that can't be read here: it ends the command, and nobody knows that it succeeded.
            Class::TransientNegative | Class::PermanentNegative | Class::Protected => Self::Failure,
        }
    }
}

/// What a reply that was heard answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Answered {
    /// Something that was due.
    Due {
        /// The identity of the command; [`CommandId::GREETING`] if it is the greeting.
        id: CommandId,
        /// The command's verb, or the greeting.
        awaited: Awaited,
        /// What the reply means for it.
        step: Step,
    },
    /// A final reply that fits nothing that is due: the answer to something with an odd code, or to nothing. It has changed nothing;
    /// [`Session::settle`] does if it turns out to be the answer.
    Suspect {
        /// What is due first, and was answered so if anything was.
        id: CommandId,
        /// Its verb, or the greeting.
        awaited: Awaited,
    },
    /// Nothing is due, or it is a 1yz that can't precede the answer to anything that is.
    Unsolicited,
}

impl Answered {
    /// The identity of the command that is answered.
    pub const fn id(self) -> Option<CommandId> {
        match self {
            Self::Due { id, .. } => Some(id),
            Self::Suspect { .. } | Self::Unsolicited => None,
        }
    }

    /// What is answered.
    pub const fn awaited(self) -> Option<Awaited> {
        match self {
            Self::Due { awaited, .. } => Some(awaited),
            Self::Suspect { .. } | Self::Unsolicited => None,
        }
    }

    /// What the reply means for it.
    pub const fn step(self) -> Option<Step> {
        match self {
            Self::Due { step, .. } => Some(step),
            Self::Suspect { .. } | Self::Unsolicited => None,
        }
    }
}

/// A command that its predecessors don't allow. [`code`](Self::code) is the reply it deserves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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
        // Seldom more at once: a transfer and what is said amid it.
        let mut due = VecDeque::with_capacity(2);
        due.push_back(Due { id: CommandId::GREETING, awaited: Awaited::Greeting, begun: false, value: Value::None });
        Self {
            login: LoginState::Nobody,
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
            last: CommandId::GREETING,
        }
    }

    /// How far the login has come.
    pub fn login(&self) -> LoginState {
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

    /// A command was sent (client), received (server), or seen (observer). It is recorded in any case, up to 64 of them. The
    /// identity is what [`reply`](Self::reply) will name and [`settle`](Self::settle) wants; the result beside it is advice:
    /// what a server that keeps the order answers.
    pub fn command(&mut self, command: &Command<'_>) -> (CommandId, Result<(), OutOfOrder>) {
        let verb = command.verb();
        let advice = self.allows(command);
        let (id, recorded) = self.record(verb, Value::of(command));
        (id, recorded.and(advice))
    }

    /// A command was received (server) or seen (observer) whose line was too long or its argument no argument. Who sent it
    /// has recorded it as a command, and it gets a reply as one.
    pub fn unreadable(&mut self, verb: Verb) -> (CommandId, Result<(), OutOfOrder>) {
        self.record(verb, Value::None)
    }

    fn record(&mut self, verb: Verb, value: Value) -> (CommandId, Result<(), OutOfOrder>) {
        let id = self.last.next();
        if self.due.len() >= DUE_LIMIT {
            return (id, Err(OutOfOrder::TooManyDue));
        }
        self.last = id;
        // RFC 959 5.4: RNTO has to follow RNFR immediately.
        self.renaming = false;
        self.due.push_back(Due { id, awaited: Awaited::Command(verb), begun: false, value });
        (id, Ok(()))
    }

    /// A reply was heard (client) or seen (observer), and the order of what is due and the table of RFC 959 5.4 decide which
    /// command it answers. A suspect and an unsolicited reply change nothing, but a 421 or 221 ends the session whatever it
    /// answers.
    pub fn reply(&mut self, code: Code) -> Answered {
        self.overhear(code);
        let found = self.place_of(code).and_then(|place| Some((place, *self.due.get(place)?)));
        let Some((place, due)) = found else {
            return match self.due.front() {
                Some(front) if !code.is_preliminary() => Answered::Suspect { id: front.id, awaited: front.awaited },
                _ => Answered::Unsolicited,
            };
        };
        let step = self.meaning(place, code);
        // An ABOR that the transfer's end outran gets no reply of its own any more.
        let outran_abor = place > 0 && step != Step::Wait && self.due.front().is_some_and(|due| due.is(Verb::Abor));
        self.step(place, code, step);
        if outran_abor {
            self.due.pop_front();
        }
        Answered::Due { id: due.id, awaited: due.awaited, step }
    }

    /// A reply was said to this command (server), or was found to answer it (a suspect): who says so knows. It changes what the
    /// command's reply changes, and only a 421 or 221 changes anything if that command isn't due.
    ///
    /// A code that can't answer the command is a failure, whatever its class: a 226 puts no TYPE in force.
    pub fn settle(&mut self, id: CommandId, code: Code) -> Step {
        if self.is_due(id) && !self.may_answer(id, code) {
            return self.settle_as(id, code, Step::Failure);
        }
        self.said(id, code)
    }

    /// The same of a code that was found to fit where the reply was made.
    #[inline]
    pub(crate) fn said(&mut self, id: CommandId, code: Code) -> Step {
        self.settle_as(id, code, Step::of(code))
    }

    #[inline]
    fn settle_as(&mut self, id: CommandId, code: Code, step: Step) -> Step {
        self.overhear(code);
        let Some(place) = self.due.iter().position(|due| due.id == id) else { return step };
        let step = if code == Code::BAD_SEQUENCE { self.meaning(place, code) } else { step };
        self.step(place, code, step);
        step
    }

    /// Whether the final reply to this command is due.
    pub(crate) fn is_due(&self, id: CommandId) -> bool {
        self.due.iter().any(|due| due.id == id)
    }

    /// Whether this command is due and can be answered so.
    pub(crate) fn may_answer(&self, id: CommandId, code: Code) -> bool {
        self.due.iter().any(|due| due.id == id && (due.awaited.may_be_answered(code) || self.ends_the_only(due, code)))
    }

    /// What is due under this identity.
    pub(crate) fn awaited_by(&self, id: CommandId) -> Option<Awaited> {
        self.due.iter().find(|due| due.id == id).map(|due| due.awaited)
    }

    /// What a reply changes whatever it answers.
    #[inline]
    pub(crate) fn overhear(&mut self, code: Code) {
        self.ending |= code == Code::SERVICE_NOT_AVAILABLE || code == Code::CLOSING_CONTROL_CONNECTION;
    }

    /// What a reply means for the command at this place.
    #[inline]
    fn meaning(&self, place: usize, code: Code) -> Step {
        // Who is logged in since the greeting has nobody to name.
        let out_of_place = code == Code::BAD_SEQUENCE && self.due.get(place).is_some_and(|due| due.is(Verb::User));
        if out_of_place && self.login == LoginState::Welcome { Step::Success } else { Step::of(code) }
    }

    /// The command at this place is answered.
    fn step(&mut self, place: usize, code: Code, step: Step) {
        if step == Step::Wait {
            if let Some(due) = self.due.get_mut(place) {
                due.begun = true;
            }
            return;
        }
        let last = place.checked_add(1) == Some(self.due.len());
        let due = if place == 0 { self.due.pop_front() } else { self.due.remove(place) };
        if let Some(due) = due {
            self.apply(due, code, step, last);
        }
    }

    /// A NOOP that is answered at once while nothing else is due: what [`command`](Self::command) and
    /// [`reply`](Self::reply) make of it, in one step. `false`: it has to wait its turn.
    #[inline]
    pub(crate) fn pass_noop(&mut self) -> bool {
        if !self.due.is_empty() {
            return false;
        }
        self.renaming = false;
        true
    }

    /// Forgets replies that won't come: after ABOR a server may answer once for two commands
    /// (RFC 959 4.1.3; servers do all of 426 and 226, 226 alone, 225 alone, 426 alone).
    pub fn settle_abort(&mut self) {
        let before = self.due.len();
        let transfers = self.due.iter().any(Due::is_transfer);
        self.due.retain(|due| !due.is(Verb::Abor) && !due.is_transfer());
        if self.due.len() != before {
            self.setup = Setup::None;
        }
        // Answered or not, the transfer command has spent it: who doesn't say it again gets the file from its start.
        if transfers {
            self.restart = 0;
        }
    }

    /// The order rules: what has to stand before what.
    fn allows(&self, command: &Command<'_>) -> Result<(), OutOfOrder> {
        let verb = command.verb();
        if verb.needs_login() && self.login != LoginState::Complete {
            return Err(OutOfOrder::NotLoggedIn);
        }
        let pending = |wanted: Verb| self.due.back().is_some_and(|due| due.is(wanted));
        let nobody = matches!(self.login, LoginState::Nobody | LoginState::Welcome);
        let sequence = match verb {
            Verb::Pass => !nobody || pending(Verb::User),
            Verb::Acct => {
                matches!(self.login, LoginState::Account | LoginState::Complete)
                    || pending(Verb::User)
                    || pending(Verb::Pass)
            }
            Verb::Rnto => self.renaming || pending(Verb::Rnfr),
            Verb::Adat => self.security == Security::Exchanging || pending(Verb::Auth),
            Verb::Pbsz => self.security >= Security::Established || pending(Verb::Auth),
            Verb::Prot => self.security == Security::Buffered || pending(Verb::Pbsz),
            Verb::Ccc | Verb::Mic | Verb::Conf | Verb::Enc => self.security >= Security::Established,
            Verb::Host => nobody,
            _ => true,
        };
        if !sequence {
            return Err(OutOfOrder::BadSequence);
        }
        if self.only_epsv && verb.sets_up_data() && verb != Verb::Epsv {
            return Err(OutOfOrder::OnlyEpsv);
        }
        let preparing = || self.due.iter().any(Due::prepares_data);
        if verb.opens_data() && self.setup == Setup::None && !preparing() {
            return Err(OutOfOrder::NoDataConnection);
        }
        Ok(())
    }

    /// The place in the queue of what `code` answers. FTP has no tags: replies come in order, but for those that a server
    /// may say while a transfer runs, those that it may leave out after ABOR, and those that only a later command can get.
    fn place_of(&self, code: Code) -> Option<usize> {
        let front = self.due.front()?;
        let may_be_outrun = self.due.len() > 1 && (front.begun && front.is_transfer() || front.is(Verb::Abor));
        let fits = |due: &Due| due.awaited.may_be_answered(code);
        if fits(front) && !(may_be_outrun && rather_not(front, code)) {
            return Some(0);
        }
        if let Some(place) = self.due.iter().skip(1).position(fits) {
            return place.checked_add(1);
        }
        (fits(front) || self.ends_the_only(front, code)).then_some(0)
    }

    /// A server that ends its only transfer with an odd 2yz has ended it all the same.
    fn ends_the_only(&self, due: &Due, code: Code) -> bool {
        self.due.len() == 1 && due.begun && due.is_transfer() && code.class() == Class::Completion
    }

    /// All is as it was at first, but for what is due, and for the end: 221 to REIN is both.
    #[cold]
    fn restart_with(&mut self, security: Security) {
        let due = core::mem::take(&mut self.due);
        let (implicit, last, ending) = (self.implicit, self.last, self.ending);
        *self = Self { due, last, security, implicit, ending, ..Self::new() };
        if implicit {
            self.secured();
        }
    }

    /// What the final reply to a command changes. `last`: no command came behind this one.
    fn apply(&mut self, due: Due, code: Code, step: Step, last: bool) {
        let Awaited::Command(verb) = due.awaited else {
            if code == Code::LOGGED_IN {
                self.login = LoginState::Welcome;
            }
            return;
        };
        match Row::of(verb).change(step) {
            Change::Nothing => {}
            Change::LoggedIn => self.login = LoginState::Complete,
            Change::AskedOn if code == Code::NEED_ACCOUNT => self.login = LoginState::Account,
            Change::AskedOn => self.login = LoginState::Password,
            Change::AskedForAccount => self.login = LoginState::Account,
            // A server that refuses another USER leaves who is logged in alone.
            Change::LoggedOut if self.login == LoginState::Complete => {}
            Change::LoggedOut => self.login = LoginState::Nobody,
            Change::AccountAccepted | Change::AccountRefused if self.login != LoginState::Account => {}
            Change::AccountAccepted => self.login = LoginState::Complete,
            Change::AccountRefused => self.login = LoginState::Nobody,
            Change::Reinitialised => self.restart_with(Security::None),
            // RFC 4217 4: whatever was said before the security exchange is void.
            Change::Secured => self.restart_with(Security::Established),
            Change::Exchanging => self.security = Security::Exchanging,
            Change::Established => self.security = Security::Established,
            Change::Buffered => self.security = Security::Buffered,
            // Neither PBSZ nor PROT is legal after it (RFC 2228 3), and what PROT said stays.
            Change::Cleared => (self.security, self.implicit) = (Security::None, false),
            // A command that came behind it before its 350 was its RNTO already, or broke the sequence.
            Change::Renaming => self.renaming = last,
            Change::Passive if due.value == Value::OnlyEpsv => {}
            Change::Passive => self.setup = Setup::Passive,
            Change::Active => self.setup = Setup::Active,
            Change::Spent => {
                // Stream mode ends the data connection with the file (RFC 959 3.4.1). A command that is refused before its
                // 1yz leaves it for the next one: ftpcopy counts on it, and vsftpd and pyftpdlib grant it.
                // Where the end of a file is in the data, it may stay: a 226 closes it, and a 250 doesn't (RFC 959 3.3).
                let stays = step == Step::Success && code == Code::FILE_ACTION_COMPLETED && self.form().marks_end();
                if !stays && (due.begun || step == Step::Success || spends_data_connection(code)) {
                    self.setup = Setup::None;
                }
                self.restart = 0;
            }
            Change::Ended => self.ending = true,
        }
        match (due.value, step) {
            (Value::Offset(offset), Step::Continue) => self.restart = offset,
            (Value::Representation(value), Step::Success) => self.representation = value,
            (Value::Structure(value), Step::Success) => self.structure = value,
            (Value::Mode(value), Step::Success) => self.mode = value,
            (Value::OnlyEpsv, Step::Success) => self.only_epsv = true,
            (Value::Protection(value), Step::Success) => self.protection = value,
            _ => {}
        }
    }
}

/// What is compared is the state: identities only name what is due.
impl PartialEq for Session {
    fn eq(&self, other: &Self) -> bool {
        // Named one by one, so that a new field can't be forgotten.
        let Self {
            login,
            representation,
            structure,
            mode,
            restart,
            renaming,
            setup,
            only_epsv,
            security,
            implicit,
            protection,
            ending,
            due,
            last: _,
        } = self;
        *login == other.login
            && *representation == other.representation
            && *structure == other.structure
            && *mode == other.mode
            && *restart == other.restart
            && *renaming == other.renaming
            && *setup == other.setup
            && *only_epsv == other.only_epsv
            && *security == other.security
            && *implicit == other.implicit
            && *protection == other.protection
            && *ending == other.ending
            && *due == other.due
    }
}

/// Of a transfer that runs or an ABOR: a success in the words of the NOOP, STAT or ABOR that came behind it.
fn rather_not(due: &Due, code: Code) -> bool {
    let own = if due.is(Verb::Abor) { matches!(code.value(), 225 | 226) } else { matches!(code.value(), 226 | 250) };
    code.class() == Class::Completion && !own
}

#[cfg(test)]
mod tests;
