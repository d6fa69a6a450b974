//! What an application can ask for: each request is a plan of commands with its order rules inside.

mod options;
mod plan;

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use core::fmt;

use super::misuse::Misuse;
use crate::command::{Command, CommandError, Opts, Protection, Site, Type, Verb};
use crate::text::{Argument, Password, Path};
use crate::time::Time;

pub(super) use options::Options;
pub(super) use plan::{Act, Part, Plan, Step, TransferRequest, Wanted};

use plan::When;

/// One thing that the application wants done; [`Client::start`](super::Client::start) takes it, and one
/// `Done` ends it.
#[derive(Debug, Clone)]
#[must_use]
pub struct Request {
    pub(super) plan: Plan,
    pub(super) wanted: Wanted,
    /// Few have any.
    pub(super) options: Option<Box<Options>>,
}

impl Request {
    /// USER, and PASS and ACCT if the server asks for them (RFC 959 chapter 6). A server that asks for an
    /// account when none is given refuses with its 332.
    pub fn login(user: Argument<'_>, password: Password<'_>, account: Option<Password<'_>>) -> Self {
        let step = |command, when| Step { act: Act::Say(command), when };
        let mut steps = VecDeque::from([
            step(Command::User(user.into_owned()), When::Always),
            step(Command::Pass(password.into_owned()), When::PasswordNeeded),
        ]);
        if let Some(account) = account {
            steps.push_back(step(Command::Acct(account.into_owned()), When::AccountNeeded));
        }
        Self::new(Plan::Script(steps), Wanted::Login)
    }

    /// One command that needs no data connection; a 2yz or 3yz is its success. `Err` gives the command back:
    /// it opens or prepares a data connection, which [`retrieve`](Self::retrieve) and its siblings do, or it
    /// ends the session or a transfer, which [`Client::quit`](super::Client::quit) and
    /// [`Client::abort`](super::Client::abort) do, or it changes the security of the connection.
    pub fn command(command: Command<'_>) -> Result<Self, Command<'_>> {
        if command.verb().needs_own_request() {
            return Err(command);
        }
        Ok(Self::one(command, Wanted::Nothing))
    }

    /// One command as a person types it, `SITE CHMOD 600 file`; otherwise as [`command`](Self::command).
    ///
    /// # Errors
    /// [`NotRaw`]: it is no command, or one that has a request of its own.
    ///
    /// ```
    /// use ftp_proto::client::{NotRaw, Request};
    /// assert!(Request::raw("SITE CHMOD 600 file").is_ok());
    /// assert!(matches!(Request::raw("RETR file"), Err(NotRaw::Special(_))));
    /// assert!(matches!(Request::raw("NOOP\r\nDELE file"), Err(NotRaw::Syntax(_))));
    /// ```
    pub fn raw<B: AsRef<[u8]> + ?Sized>(line: &B) -> Result<Self, NotRaw> {
        let command = Command::parse(line.as_ref()).map_err(NotRaw::Syntax)?;
        Self::command(command).map_err(|command| NotRaw::Special(command.verb()))
    }

    /// What the client of another session asks for, whatever it is: RETR and its siblings by a [`transfer`](Self::transfer), to which
    /// [`representation`](Self::representation) and [`offset`](Self::offset) give what is in force there; SIZE, REIN and QUIT by requests
    /// of their own, since they need or change the state of this session; all else as it is. `Err` gives the command back: each session
    /// has its own data connections, its own security and its own ABOR.
    ///
    /// ```
    /// use ftp_proto::client::Request;
    /// use ftp_proto::{Command, Type};
    /// let download = Request::relayed(Command::parse(b"RETR notes.txt")?).unwrap();
    /// let download = download.representation(Type::Image).offset(1024);
    /// assert!(Request::relayed(Command::parse(b"SITE CHMOD 600 notes.txt")?).is_ok());
    /// assert!(Request::relayed(Command::parse(b"PASV")?).is_err(), "the client says it where it is needed");
    /// # Ok::<(), ftp_proto::CommandError>(())
    /// ```
    pub fn relayed(command: Command<'_>) -> Result<Self, Command<'_>> {
        match command {
            Command::Size(path) => Ok(Self::size(path)),
            Command::Rein => Ok(Self::reinitialise()),
            Command::Quit => Ok(Self::quit()),
            command if command.verb().opens_data() => Self::transfer(command),
            command => Self::command(command),
        }
    }

    /// CWD.
    pub fn change_directory(path: Path<'_>) -> Self {
        Self::one(Command::Cwd(path), Wanted::Nothing)
    }

    /// CDUP.
    pub fn change_to_parent() -> Self {
        Self::one(Command::Cdup, Wanted::Nothing)
    }

    /// PWD; the outcome has the directory.
    pub fn print_directory() -> Self {
        Self::one(Command::Pwd, Wanted::Directory)
    }

    /// MKD.
    pub fn make_directory(path: Path<'_>) -> Self {
        Self::one(Command::Mkd(path), Wanted::Nothing)
    }

    /// RMD.
    pub fn remove_directory(path: Path<'_>) -> Self {
        Self::one(Command::Rmd(path), Wanted::Nothing)
    }

    /// DELE.
    pub fn remove(path: Path<'_>) -> Self {
        Self::one(Command::Dele(path), Wanted::Nothing)
    }

    /// RNFR, and RNTO right behind it.
    pub fn rename(from: Path<'_>, to: Path<'_>) -> Self {
        let steps = [Command::Rnfr(from.into_owned()), Command::Rnto(to.into_owned())];
        Self::script(steps, Wanted::Nothing)
    }

    /// TYPE I and SIZE (RFC 3659 4; servers refuse SIZE in TYPE A); the outcome has the size in bytes.
    pub fn size(path: Path<'_>) -> Self {
        Self::script([Command::Type(Type::Image), Command::Size(path.into_owned())], Wanted::Size)
    }

    /// MDTM (RFC 3659 3); the outcome has the time, in UTC.
    pub fn modified(path: Path<'_>) -> Self {
        Self::one(Command::Mdtm(path), Wanted::Modified)
    }

    /// FEAT (RFC 2389); the outcome's reply has the features, and the session remembers those that matter to it: a listing
    /// is MLSD then where the server has it, and PRET is said where it is needed.
    pub fn features() -> Self {
        Self::one(Command::Feat, Wanted::Features)
    }

    /// AUTH TLS and the handshake, unless TLS is on already; then PBSZ 0 and PROT P, so that data connections are
    /// protected too (RFC 4217).
    pub fn secure() -> Self {
        let tls = Argument::new("TLS").ok().map(Command::Auth);
        let steps = tls.map(|auth| Step { act: Act::Say(auth), when: When::Plain }).into_iter().chain([
            Step { act: Act::StartTls, when: When::Plain },
            Step::always(Command::Pbsz(0)),
            Step::always(Command::Prot(Protection::Private)),
        ]);
        Self::new(Plan::Script(steps.collect()), Wanted::Nothing)
    }

    /// CCC: the control connection goes on in plaintext, so that a NAT can read it. Whoever stands between can then change
    /// it (RFC 4217 15.3); the argument says that you know.
    pub fn clear_command_channel(_: PlaintextAccepted) -> Self {
        let steps = [Step::always(Command::Ccc), Step { act: Act::StopTls, when: When::Secured }];
        Self::new(Plan::Script(steps.into()), Wanted::Nothing)
    }

    /// REIN: the user is logged out, and TLS ends. Where TLS is required, [`secure`](Self::secure) comes next.
    pub fn reinitialise() -> Self {
        let steps = [Step::always(Command::Rein), Step { act: Act::StopTls, when: When::Secured }];
        Self::new(Plan::Script(steps.into()), Wanted::Nothing)
    }

    /// QUIT; the outcome has the server's last words, and `Leave` comes behind it.
    /// [`Client::quit`](super::Client::quit) is for whoever doesn't want to wait for them.
    pub fn quit() -> Self {
        Self::one(Command::Quit, Wanted::Farewell)
    }

    /// OPTS UTF8 ON, for servers that want to be told.
    pub fn utf8() -> Self {
        Self::one(Command::Opts(Opts::Utf8(Some(true))), Wanted::Nothing)
    }

    /// HOST (RFC 7151), before the login.
    pub fn host(name: Argument<'_>) -> Self {
        Self::one(Command::Host(name), Wanted::Nothing)
    }

    /// SITE.
    pub fn site(words: Site<'_>) -> Self {
        Self::one(Command::Site(words), Wanted::Nothing)
    }

    /// STAT, of the session or of a path.
    pub fn status(path: Option<Path<'_>>) -> Self {
        Self::one(Command::Stat(path), Wanted::Nothing)
    }

    /// MFMT: the time of the last change, in UTC.
    pub fn set_modified(path: Path<'_>, time: Time) -> Self {
        Self::one(Command::Mfmt(time, path), Wanted::Nothing)
    }

    /// The hash of a file, by the best command that FEAT named (HASH, XSHA512, XSHA256, XSHA1, XSHA, XMD5, MD5,
    /// XCRC); HASH if FEAT wasn't asked for. The outcome says which one it is.
    pub fn hash(path: Path<'_>) -> Self {
        Self::new(Plan::Hash(path.into_owned()), Wanted::Nothing)
    }

    /// SYST.
    pub fn system() -> Self {
        Self::one(Command::Syst, Wanted::Nothing)
    }

    /// NOOP.
    pub fn noop() -> Self {
        Self::one(Command::Noop, Wanted::Nothing)
    }

    /// A listing: MLSD if FEAT was asked for and named MLST, else LIST in TYPE A.
    pub fn list(path: Option<Path<'_>>) -> Self {
        Self::new(Plan::List(path.map(Path::into_owned)), Wanted::Nothing)
    }

    /// LIST, a listing for people, in TYPE A.
    pub fn plain_list(path: Option<Path<'_>>) -> Self {
        Self::moving(Command::List(path), 0)
    }

    /// NLST, names only, in TYPE A.
    pub fn names(path: Option<Path<'_>>) -> Self {
        Self::moving(Command::Nlst(path), 0)
    }

    /// MLSD, a listing for programs (RFC 3659 7).
    pub fn machine_list(path: Option<Path<'_>>) -> Self {
        Self::moving(Command::Mlsd(path), 0)
    }

    /// RETR in TYPE I, from `offset` bytes on (REST).
    pub fn retrieve(path: Path<'_>, offset: u64) -> Self {
        Self::moving(Command::Retr(path), offset)
    }

    /// STOR in TYPE I, from `offset` bytes on (REST).
    pub fn store(path: Path<'_>, offset: u64) -> Self {
        Self::moving(Command::Stor(path), offset)
    }

    /// APPE in TYPE I: behind what is there, or a new file.
    pub fn append(path: Path<'_>) -> Self {
        Self::moving(Command::Appe(path), 0)
    }

    /// STOU in TYPE I: under a name that the server makes; the outcome has it.
    pub fn store_unique(hint: Option<Path<'_>>) -> Self {
        Self::moving(Command::Stou(hint), 0)
    }

    /// RETR, STOR, APPE, STOU, LIST, NLST or MLSD, with all as it is in force: TYPE, and the offset that REST has set.
    /// For a proxy, which hands on TYPE, REST and RANG by [`command`](Self::command) and the transfer by this; where
    /// another route is tried, REST is said again. What a 150 announces isn't held against the bytes. `Err` gives a
    /// command back that is none of these.
    ///
    /// ```
    /// use ftp_proto::Command;
    /// use ftp_proto::client::Request;
    /// let request = |line: &'static [u8]| match Request::transfer(Command::parse(line)?) {
    ///     Ok(transfer) => Ok(Some(transfer)),
    ///     Err(command) => Ok::<_, ftp_proto::CommandError>(Request::command(command).ok()),
    /// };
    /// assert!(request(b"NLST pub")?.is_some() && request(b"TYPE A")?.is_some());
    /// assert!(request(b"PASV")?.is_none(), "the client says it where it is needed");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn transfer(command: Command<'_>) -> Result<Self, Command<'_>> {
        if !command.verb().opens_data() {
            return Err(command);
        }
        let plan = Plan::Transfer { command: command.into_owned(), offset: None };
        Ok(Self::new(plan, Wanted::Nothing).representation_in_force())
    }

    /// Whether it may go out without TLS where TLS is required: it holds no name, no password and no file.
    pub(super) fn is_harmless(&self) -> bool {
        match &self.plan {
            Plan::Script(steps) => steps.iter().all(|step| match &step.act {
                Act::Say(command) => command.verb().may_precede_tls() || *command == Command::Quit,
                Act::StartTls | Act::StopTls => true,
            }),
            Plan::Transfer { .. } | Plan::List(_) | Plan::Hash(_) => false,
        }
    }

    /// Whether it ends TLS, so that TLS has to be there.
    pub(super) fn ends_tls(&self) -> bool {
        let Plan::Script(steps) = &self.plan else { return false };
        steps.iter().any(|step| matches!(step.act, Act::Say(Command::Ccc)))
    }

    /// Whether it needs a data connection.
    pub(super) fn is_transfer(&self) -> bool {
        matches!(self.plan, Plan::Transfer { .. } | Plan::List(_))
    }

    fn one(command: Command<'_>, wanted: Wanted) -> Self {
        Self::script([command.into_owned()], wanted)
    }

    fn script<const N: usize>(commands: [Command<'static>; N], wanted: Wanted) -> Self {
        let steps = commands.into_iter().map(Step::always).collect();
        Self::new(Plan::Script(steps), wanted)
    }

    fn moving(command: Command<'_>, offset: u64) -> Self {
        Self::new(Plan::Transfer { command: command.into_owned(), offset: Some(offset) }, Wanted::Nothing)
    }

    fn new(plan: Plan, wanted: Wanted) -> Self {
        Self { plan, wanted, options: None }
    }
}

/// A request that [`Client::start`](super::Client::start) didn't take, and why: nothing of it was said.
#[derive(Debug, Clone)]
pub struct Rejected {
    /// The request, as it was.
    pub request: Request,
    /// Why it can't be taken.
    pub why: Misuse,
}

/// What [`why`](Self::why) says.
impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.why.fmt(f)
    }
}

impl core::error::Error for Rejected {}

/// Why a line can't be said as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NotRaw {
    /// It is no command.
    Syntax(CommandError),
    /// It moves data, ends something or changes the security, and has a request of its own.
    Special(Verb),
}

impl fmt::Display for NotRaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax(error) => error.fmt(f),
            Self::Special(verb) => write!(f, "{verb} has a request of its own"),
        }
    }
}

impl core::error::Error for NotRaw {}

/// That the control connection goes on in plaintext is known and accepted.
#[derive(Debug, Clone, Copy)]
pub struct PlaintextAccepted(());

impl PlaintextAccepted {
    /// Says so.
    pub const fn knowingly() -> Self {
        Self(())
    }
}
