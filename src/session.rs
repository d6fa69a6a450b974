//! How commands and replies change a control connection: RFC 959 5.4 and 6 and the sequences of the later RFCs, as one table that is
//! the same for clients and servers.
//!
//! The client's machine feeds a [`Session`] with the commands that it sends and the replies that it reads, the server's with the
//! commands that it reads and the replies that it sends, an observer with both as they pass by. All three arrive at the same state.
//!
//! ```text
//!            command              reply
//! client  ──────────────▶ Session ◀────────── server
//!                           │
//!                           ├─ who is logged in, what must come next (PASS after 331, RNTO after 350)
//!                           ├─ TYPE, STRU, MODE, REST, PROT, the data connection that was agreed on
//!                           └─ which replies are due: FTP has no tags, so the order and the codes decide
//! ```
//!
//! A final reply that can't answer any command that is due is a *suspect*: it is an answer with an odd code, or a reply that no command
//! asked for. [`Session::reply`] says so and changes nothing. A caller that finds out that the suspect was an answer says so with
//! [`Session::settle`]: the client's machine finds out by sending another, harmless command, and an observer by seeing the next command.

mod change;
mod due;
mod meaning;
mod order;
mod seen;
mod state;
mod table;
mod view;

use crate::command::{Command, Mode, Protection, Structure, Type, Verb};
use crate::few::Few;
use crate::reply::Code;

pub use due::{Awaited, CommandId};
use due::{Due, Value};
pub use meaning::{Answered, Step};
pub use order::OutOfOrder;
pub(crate) use seen::Pending;
use state::Security;
pub use state::{LoginState, Setup};
pub(crate) use table::spends_data_connection;

/// How many replies may be due at once. A further command isn't recorded.
const DUE_LIMIT: usize = 64;

/// The state of one control connection, as both ends and any observer see it.
///
/// Two sessions are equal if their states are equal; the identities of their commands may differ.
///
/// ```
/// use ftp_proto::session::{Answered, LoginState, Step};
/// use ftp_proto::{Code, Command, Session};
///
/// // What an observer makes of a login.
/// let mut session = Session::new();
/// assert!(matches!(session.reply(Code::SERVICE_READY), Answered::Due { step: Step::Success, .. }));
/// let (user, advice) = session.command(&Command::parse(b"USER anna")?);
/// assert!(advice.is_ok());
/// assert!(matches!(session.reply(Code::LOGGED_IN), Answered::Due { id, step: Step::Success, .. } if id == user));
/// assert_eq!(session.login(), LoginState::Complete);
/// # Ok::<(), ftp_proto::CommandError>(())
/// ```
#[derive(Debug, Clone, Eq)]
pub struct Session {
    login: LoginState,
    representation: Type,
    structure: Structure,
    mode: Mode,
    restart: u64,
    renaming: bool,
    setup: Setup,
    epsv_all: bool,
    security: Security,
    /// Whether TLS began with the connection, so that neither REIN nor AUTH ends it.
    implicit: bool,
    protection: Protection,
    ending: bool,
    due: Few<Due>,
    /// The identity of the latest command.
    last: CommandId,
}

impl Default for Session {
    fn default() -> Self {
        Self::new()
    }
}

impl Session {
    /// The session of a connection that was just made: the greeting is due. Allocates.
    ///
    /// ```
    /// use ftp_proto::{Session, session::Awaited};
    /// let session = Session::new();
    /// assert_eq!((session.awaited(), session.replies_due()), (Some(Awaited::Greeting), 1));
    /// ```
    pub fn new() -> Self {
        let mut due = Few::default();
        due.push_back(Due { id: CommandId::GREETING, awaited: Awaited::Greeting, begun: false, value: Value::None });
        Self {
            login: LoginState::Nobody,
            representation: Type::Ascii(None),
            structure: Structure::File,
            mode: Mode::Stream,
            restart: 0,
            renaming: false,
            setup: Setup::None,
            epsv_all: false,
            security: Security::None,
            implicit: false,
            protection: Protection::Clear,
            ending: false,
            due,
            last: CommandId::GREETING,
        }
    }

    /// Records that TLS has begun on the control connection: after AUTH, or with the connection (implicit TLS) if no AUTH was accepted.
    ///
    /// No RFC says which protection level an implicit connection begins with. The drafts before RFC 4217 took it to be `P`, and so does
    /// this crate: without PROT, data connections are under TLS.
    pub fn tls_began(&mut self) {
        if self.security == Security::None {
            self.implicit = true;
            self.protection = Protection::Private;
        }
        self.security = self.security.max(Security::Established);
    }

    /// Records a command that was sent (client), received (server) or seen (observer).
    ///
    /// Returns the command's identity, which [`reply`](Self::reply) gives and [`settle`](Self::settle) takes, and advice: an error if a
    /// server that insists on the order of commands would refuse this one. The command is recorded even so, unless the error is
    /// [`OutOfOrder::TooManyDue`]: at most 64 commands wait for their replies.
    ///
    /// ```
    /// # use ftp_proto::{Code, Command, Session};
    /// let mut session = Session::new();
    /// # session.reply(Code::SERVICE_READY);
    /// use ftp_proto::session::OutOfOrder;
    /// // A server answers 503 to this, so the command's reply is due.
    /// let (_, advice) = session.command(&Command::parse(b"RNTO b")?);
    /// assert!(advice.is_err());
    /// assert_eq!(session.replies_due(), 1);
    /// # Ok::<(), ftp_proto::CommandError>(())
    /// ```
    pub fn command(&mut self, command: &Command<'_>) -> (CommandId, Result<(), OutOfOrder>) {
        let verb = command.verb();
        let advice = self.allows(command);
        let (id, recorded) = self.record(verb, Value::of(command));
        (id, recorded.and(advice))
    }

    /// Records a command line that can't be read, because it is too long or its argument is malformed. It gets a reply like any other
    /// command, so its reply is due. The result is that of [`command`](Self::command).
    ///
    /// ```
    /// # use ftp_proto::{Code, Command, Session};
    /// let mut session = Session::new();
    /// # session.reply(Code::SERVICE_READY);
    /// use ftp_proto::Verb;
    /// let line = b"TYPE X";
    /// assert!(Command::parse(line).is_err());
    /// let (id, _) = session.unreadable(Verb::of_line(line));
    /// session.settle(id, Code::PARAMETER_NOT_IMPLEMENTED);
    /// assert_eq!(session.replies_due(), 0);
    /// # Ok::<(), ftp_proto::CommandError>(())
    /// ```
    pub fn unreadable(&mut self, verb: Verb) -> (CommandId, Result<(), OutOfOrder>) {
        self.record(verb, Value::None)
    }

    fn record(&mut self, verb: Verb, value: Value) -> (CommandId, Result<(), OutOfOrder>) {
        let id = self.last.next();
        if self.due.len() >= DUE_LIMIT {
            return (id, Err(OutOfOrder::TooManyDue));
        }
        self.last = id;
        // RFC 959 4.1.3: RNTO must follow RNFR immediately.
        self.renaming = false;
        self.due.push_back(Due { id, awaited: Awaited::Command(verb), begun: false, value: Value::None });
        // In a second step, and seldom: what was just put together from parts can't be moved on at once by a processor.
        if value != Value::None
            && let Some(due) = self.due.back_mut()
        {
            due.value = value;
        }
        (id, Ok(()))
    }

    /// Records a reply that was received (client) or seen (observer). The order of the commands and the table of RFC 959 5.4 decide which
    /// command it answers. A suspect or an unsolicited reply changes nothing, except that 421 and 221 always end the session.
    ///
    /// ```
    /// # use ftp_proto::{Code, Command, Session};
    /// let mut session = Session::new();
    /// # session.reply(Code::SERVICE_READY);
    /// use ftp_proto::session::Answered;
    /// session.command(&Command::Pasv);
    /// // 331 can't answer PASV: it changes nothing, and PASV is still due.
    /// assert!(matches!(session.reply(Code::NEED_PASSWORD), Answered::Suspect { .. }));
    /// assert_eq!(session.replies_due(), 1);
    /// # Ok::<(), ftp_proto::CommandError>(())
    /// ```
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
        // If a later command is answered before ABOR, ABOR itself gets no reply any more.
        let outran_abor = place > 0 && step != Step::Wait && self.due.front().is_some_and(|due| due.is(Verb::Abor));
        self.step(place, code, step);
        if outran_abor {
            self.due.pop_front();
        }
        Answered::Due { id: due.id, awaited: due.awaited, step }
    }

    /// Records the reply to one command, for a caller that knows which command it answers: a server that sends the reply, or a client
    /// that has found out what a suspect answers. If that command's reply isn't due, only 421 and 221 change anything.
    ///
    /// A code that can't answer the command counts as a failure, whatever its class: after a 226 to TYPE the type is the same as before.
    ///
    /// ```
    /// # use ftp_proto::{Code, Command, Session};
    /// let mut session = Session::new();
    /// # session.reply(Code::SERVICE_READY);
    /// use ftp_proto::session::Step;
    /// let (first, _) = session.command(&Command::Noop);
    /// let (second, _) = session.command(&Command::parse(b"CWD pub")?);
    /// // The caller names the command, so the order doesn't matter.
    /// assert_eq!(session.settle(second, Code::FILE_ACTION_COMPLETED), Step::Success);
    /// assert_eq!(session.settle(first, Code::COMMAND_OKAY), Step::Success);
    /// # Ok::<(), ftp_proto::CommandError>(())
    /// ```
    pub fn settle(&mut self, id: CommandId, code: Code) -> Step {
        if self.is_due(id) && !self.may_answer(id, code) {
            return self.settle_as(id, code, Step::Failure);
        }
        self.said(id, code)
    }

    /// Like [`settle`](Self::settle), with a code that was checked where the reply was made.
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

    /// Whether the reply to this command is due, and this code can answer it.
    pub(crate) fn may_answer(&self, id: CommandId, code: Code) -> bool {
        self.due.iter().any(|due| due.id == id && (due.awaited.may_be_answered(code) || self.ends_the_only(due, code)))
    }

    /// The transfer that this 2yz would end although no 1yz has begun it. The order makes it the answer; it may as well be left from a
    /// transfer before, as after an ABOR.
    pub(crate) fn ends_unbegun(&self, code: Code) -> Option<CommandId> {
        let due = self.due.get(self.place_of(code)?)?;
        (code.is_completion() && due.is_transfer() && !due.begun).then_some(due.id)
    }

    /// The command with this identity, if its reply is due.
    pub(crate) fn awaited_by(&self, id: CommandId) -> Option<Awaited> {
        self.due.iter().find(|due| due.id == id).map(|due| due.awaited)
    }

    /// Records what a reply changes whatever it answers.
    #[inline]
    pub(crate) fn overhear(&mut self, code: Code) {
        self.ending |= code == Code::SERVICE_NOT_AVAILABLE || code == Code::CLOSING_CONTROL_CONNECTION;
    }

    /// What a reply means for the command at this place of the queue.
    #[inline]
    fn meaning(&self, place: usize, code: Code) -> Step {
        // After a greeting of 230 the user is logged in already, and USER comes out of order.
        let out_of_place = code == Code::BAD_SEQUENCE && self.due.get(place).is_some_and(|due| due.is(Verb::User));
        if out_of_place && self.login == LoginState::Welcome { Step::Success } else { Step::of(code) }
    }

    /// Records the reply to the command at this place of the queue.
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

    /// Records a NOOP that is answered at once, as [`command`](Self::command) and [`reply`](Self::reply) would in two steps. `false` if
    /// another reply is due, so that the NOOP has to wait its turn.
    #[inline]
    pub(crate) fn pass_noop(&mut self) -> bool {
        if !self.due.is_empty() {
            return false;
        }
        self.renaming = false;
        true
    }

    /// Records that no more replies will come to ABOR and to the transfer that it aborts. RFC 959 4.1.3 has two replies for both commands,
    /// and some servers send one: 426 and 226, 226 alone, 225 alone and 426 alone all occur.
    ///
    /// ```
    /// # use ftp_proto::{Code, Command, Session};
    /// let mut session = Session::new();
    /// # session.reply(Code::SERVICE_READY);
    /// session.command(&Command::parse(b"RETR a")?);
    /// session.reply(Code::OPENING_DATA_CONNECTION);
    /// session.command(&Command::Abor);
    /// session.reply(Code::CLOSING_DATA_CONNECTION);
    /// // One reply for both commands: nothing more will come.
    /// session.settle_abort();
    /// assert_eq!(session.replies_due(), 0);
    /// # Ok::<(), ftp_proto::CommandError>(())
    /// ```
    pub fn settle_abort(&mut self) {
        let before = self.due.len();
        let transfers = self.due.iter().any(Due::is_transfer);
        self.due.retain(|due| !due.is(Verb::Abor) && !due.is_transfer());
        if self.due.len() != before {
            self.setup = Setup::None;
        }
        // The transfer command has used up the offset, answered or not.
        if transfers {
            self.restart = 0;
        }
    }
}

/// Compares the states, without the identities of the commands.
impl PartialEq for Session {
    fn eq(&self, other: &Self) -> bool {
        // Each field is named, so that a new one can't be forgotten.
        let Self {
            login,
            representation,
            structure,
            mode,
            restart,
            renaming,
            setup,
            epsv_all,
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
            && *epsv_all == other.epsv_all
            && *security == other.security
            && *implicit == other.implicit
            && *protection == other.protection
            && *ending == other.ending
            && *due == other.due
    }
}

#[cfg(test)]
mod tests;
