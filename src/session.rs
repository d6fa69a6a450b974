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
//! for. [`Session::reply`] says so and changes nothing. A caller that finds out that it was the answer says so with
//! [`Session::settle`]: the client's machine asks something harmless behind it, an observer sees the next command go out.

mod change;
mod due;
mod meaning;
mod order;
mod queue;
mod seen;
mod state;
mod table;

use crate::command::{Command, Form, Mode, Protection, Structure, Type, Verb};
use crate::reply::{Class, Code};

pub use due::{Awaited, CommandId};
use due::{Due, Value};
pub use meaning::{Answered, Step};
pub use order::OutOfOrder;
use queue::Queue;
pub(crate) use seen::Pending;
use state::Security;
pub use state::{LoginState, Setup};
pub(crate) use table::spends_data_connection;

/// How many replies may be due at once; a command beyond it isn't recorded.
const DUE_LIMIT: usize = 64;

/// The state of one control connection, as both ends and any observer see it.
///
/// Two sessions are equal if their states are; the identities of their commands need not be the same.
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
    only_epsv: bool,
    security: Security,
    /// TLS began with the connection: neither REIN nor AUTH ends it.
    implicit: bool,
    protection: Protection,
    ending: bool,
    due: Queue,
    /// The identity of the last command.
    last: CommandId,
}

impl Default for Session {
    fn default() -> Self {
        Self::new()
    }
}

impl Session {
    /// The session of a connection that was just made: the greeting is due.
    ///
    /// ```
    /// use ftp_proto::{Session, session::Awaited};
    /// let session = Session::new();
    /// assert_eq!((session.awaited(), session.replies_due()), (Some(Awaited::Greeting), 1));
    /// ```
    pub fn new() -> Self {
        let mut due = Queue::default();
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
    ///
    /// ```
    /// # use ftp_proto::{Code, Command, Session};
    /// let mut session = Session::new();
    /// # session.reply(Code::SERVICE_READY);
    /// session.command(&Command::parse(b"TYPE I")?);
    /// assert_eq!(session.representation(), ftp_proto::Type::Ascii(None), "not before the server agrees");
    /// session.reply(Code::COMMAND_OKAY);
    /// assert_eq!(session.representation(), ftp_proto::Type::Image);
    /// # Ok::<(), ftp_proto::CommandError>(())
    /// ```
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

    /// The offset at which the next transfer begins, in bytes from the start of the file (REST, RFC 3659 5); 0 if REST set none.
    ///
    /// ```
    /// # use ftp_proto::{Code, Command, Session};
    /// let mut session = Session::new();
    /// # session.reply(Code::SERVICE_READY);
    /// session.command(&Command::parse(b"REST 512")?);
    /// session.reply(Code::PENDING_FURTHER_INFORMATION);
    /// assert_eq!(session.restart_offset(), 512);
    /// // The transfer command spends it, whatever becomes of the transfer.
    /// session.command(&Command::parse(b"RETR a")?);
    /// session.reply(Code::FILE_UNAVAILABLE);
    /// assert_eq!(session.restart_offset(), 0);
    /// # Ok::<(), ftp_proto::CommandError>(())
    /// ```
    pub fn restart_offset(&self) -> u64 {
        self.restart
    }

    /// The data connection that was agreed on for the next transfer.
    ///
    /// ```
    /// # use ftp_proto::{Code, Command, Session};
    /// let mut session = Session::new();
    /// # session.reply(Code::SERVICE_READY);
    /// use ftp_proto::session::Setup;
    /// session.command(&Command::Pasv);
    /// session.reply(Code::ENTERING_PASSIVE);
    /// assert_eq!(session.setup(), Setup::Passive);
    /// # Ok::<(), ftp_proto::CommandError>(())
    /// ```
    pub fn setup(&self) -> Setup {
        self.setup
    }

    /// Whether EPSV ALL was accepted (RFC 2428 4): no other command may set up a data connection then.
    ///
    /// ```
    /// # use ftp_proto::{Code, Command, Session};
    /// let mut session = Session::new();
    /// # session.reply(Code::SERVICE_READY);
    /// session.command(&Command::parse(b"EPSV ALL")?);
    /// session.reply(Code::COMMAND_OKAY);
    /// assert!(session.only_epsv());
    /// let (_, advice) = session.command(&Command::Pasv);
    /// assert!(advice.is_err());
    /// # Ok::<(), ftp_proto::CommandError>(())
    /// ```
    pub fn only_epsv(&self) -> bool {
        self.only_epsv
    }

    /// PROT (RFC 4217 9): clear at first, but private where TLS began with the connection or by AUTH SSL or AUTH TLS-P.
    ///
    /// ```
    /// # use ftp_proto::{Code, Command, Session};
    /// let mut session = Session::new();
    /// # session.reply(Code::SERVICE_READY);
    /// use ftp_proto::Protection;
    /// for line in [&b"AUTH TLS"[..], b"PBSZ 0", b"PROT P"] {
    ///     let command = Command::parse(line)?;
    ///     let is_auth = matches!(command, Command::Auth(_));
    ///     session.command(&command);
    ///     session.reply(if is_auth { Code::SECURITY_EXCHANGE_COMPLETE } else { Code::COMMAND_OKAY });
    ///     if is_auth {
    ///         session.tls_began();
    ///     }
    /// }
    /// assert!(session.is_secured());
    /// assert_eq!(session.protection(), Protection::Private);
    /// # Ok::<(), ftp_proto::CommandError>(())
    /// ```
    pub fn protection(&self) -> Protection {
        self.protection
    }

    /// Records that TLS has begun on the control connection: after AUTH, or with the connection (implicit TLS) if no AUTH was accepted.
    ///
    /// No RFC says what PROT is at first on an implicit connection. The drafts before RFC 4217 took it for private, and so does this
    /// crate: a client that never says PROT has TLS on its data connections, or has none of them.
    pub fn tls_began(&mut self) {
        if self.security == Security::None {
            self.implicit = true;
            self.protection = Protection::Private;
        }
        self.security = self.security.max(Security::Established);
    }

    /// Whether TLS protects the control connection, or is about to: AUTH was accepted or TLS began with the connection, and neither CCC
    /// nor REIN has ended it.
    pub fn is_secured(&self) -> bool {
        self.security >= Security::Established
    }

    /// Whether the control connection ends: QUIT was answered, or the server said 421.
    ///
    /// ```
    /// # use ftp_proto::{Code, Command, Session};
    /// let mut session = Session::new();
    /// # session.reply(Code::SERVICE_READY);
    /// session.command(&Command::Quit);
    /// session.reply(Code::CLOSING_CONTROL_CONNECTION);
    /// assert!(session.is_ending());
    /// # Ok::<(), ftp_proto::CommandError>(())
    /// ```
    pub fn is_ending(&self) -> bool {
        self.ending
    }

    /// What the next reply most likely answers; `None` if nothing is due.
    ///
    /// ```
    /// # use ftp_proto::{Code, Command, Session};
    /// let mut session = Session::new();
    /// # session.reply(Code::SERVICE_READY);
    /// use ftp_proto::{Verb, session::Awaited};
    /// session.command(&Command::Noop);
    /// session.command(&Command::Pwd);
    /// assert_eq!(session.awaited(), Some(Awaited::Command(Verb::Noop)));
    /// assert_eq!((session.replies_due(), session.replies_due_to(Verb::Pwd)), (2, 1));
    /// # Ok::<(), ftp_proto::CommandError>(())
    /// ```
    pub fn awaited(&self) -> Option<Awaited> {
        self.due.front().map(|due| due.awaited)
    }

    /// How many final replies are due: one for each command that has had none, and the greeting until it has come.
    pub fn replies_due(&self) -> usize {
        self.due.len()
    }

    /// How many final replies to commands with this verb are due.
    pub fn replies_due_to(&self, verb: Verb) -> usize {
        self.due.iter().filter(|due| due.is(verb)).count()
    }

    /// Whether a transfer has begun, which its 1yz says, and has not ended.
    ///
    /// ```
    /// # use ftp_proto::{Code, Command, Session};
    /// let mut session = Session::new();
    /// # session.reply(Code::SERVICE_READY);
    /// session.command(&Command::parse(b"RETR a")?);
    /// session.reply(Code::OPENING_DATA_CONNECTION);
    /// assert!(session.is_transferring());
    /// session.reply(Code::CLOSING_DATA_CONNECTION);
    /// assert!(!session.is_transferring());
    /// # Ok::<(), ftp_proto::CommandError>(())
    /// ```
    pub fn is_transferring(&self) -> bool {
        self.due.iter().any(|due| due.begun && due.is_transfer())
    }

    /// Records a command that was sent (client), received (server) or seen (observer). At most 64 commands wait for their replies; one
    /// more isn't recorded. Returns the identity that [`reply`](Self::reply) will name and [`settle`](Self::settle) takes, and advice:
    /// whether a server that keeps the order of commands refuses this one, and why.
    ///
    /// ```
    /// # use ftp_proto::{Code, Command, Session};
    /// let mut session = Session::new();
    /// # session.reply(Code::SERVICE_READY);
    /// use ftp_proto::session::OutOfOrder;
    /// // A server answers 503 to this, and the command is due its reply all the same.
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

    /// Records a command that can't be read, because its line is too long or its argument is malformed. Its sender has recorded it as a
    /// command, and it gets a reply like any other.
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
        // RFC 959 5.4: RNTO has to follow RNFR immediately.
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

    /// Records a reply that was heard (client) or seen (observer). The order of what is due and the table of RFC 959 5.4 decide which
    /// command it answers. A suspect or an unsolicited reply changes nothing, except that 421 and 221 end the session whatever they
    /// answer.
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
        // An ABOR that the transfer's end outran gets no reply of its own any more.
        let outran_abor = place > 0 && step != Step::Wait && self.due.front().is_some_and(|due| due.is(Verb::Abor));
        self.step(place, code, step);
        if outran_abor {
            self.due.pop_front();
        }
        Answered::Due { id: due.id, awaited: due.awaited, step }
    }

    /// Records the reply to one command, for a caller that knows which command it answers: a server that says the reply, or a client
    /// that has found out what a suspect answers. If that command isn't due, only 421 and 221 change anything.
    ///
    /// A code that can't answer the command counts as a failure, whatever its class: a 226 puts no TYPE in force.
    ///
    /// ```
    /// # use ftp_proto::{Code, Command, Session};
    /// let mut session = Session::new();
    /// # session.reply(Code::SERVICE_READY);
    /// use ftp_proto::session::Step;
    /// let (first, _) = session.command(&Command::Noop);
    /// let (second, _) = session.command(&Command::parse(b"CWD pub")?);
    /// // A server may answer NOOP while a transfer holds up the command before it; here it is the other way round.
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

    /// Forgets the replies that won't come after ABOR: a server may answer once for both commands
    /// (RFC 959 4.1.3; servers do all of 426 and 226, 226 alone, 225 alone, 426 alone).
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
        // Answered or not, the transfer command has spent it: who doesn't say it again gets the file from its start.
        if transfers {
            self.restart = 0;
        }
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
