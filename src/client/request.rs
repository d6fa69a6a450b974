//! What an application can request of a client. A request is a plan of commands that keeps their order.

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

/// One thing that the application wants done: [`Client::start`](super::Client::start) begins it, and one
/// [`Action::Done`](super::Action::Done) ends it.
///
/// ```
/// use ftp_proto::client::Request;
/// use ftp_proto::{Argument, Password, Path};
/// let login = Request::login(Argument::new("anna")?, Password::new("secret")?, None);
/// let directory = Request::change_directory(Path::new("pub")?);
/// let listing = Request::list(None);
/// let download = Request::retrieve(Path::new("notes.txt")?, 0);
/// # Ok::<(), ftp_proto::TextError>(())
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct Request {
    pub(super) plan: Plan,
    pub(super) wanted: Wanted,
    /// Boxed, since few requests have any.
    pub(super) options: Option<Box<Options>>,
}

impl Request {
    /// Logs in: USER, then PASS and ACCT if the server asks for them (RFC 959 chapter 6). If it asks for an account and none is given, the
    /// request fails with the server's 332.
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

    /// Sends one command that needs no data connection; a 2yz or 3yz is its success.
    ///
    /// # Errors
    /// The command comes back if it has a request or method of its own: it transfers data or prepares that
    /// ([`retrieve`](Self::retrieve) and the like), aborts ([`Client::abort`](super::Client::abort)), ends the session
    /// ([`quit`](Self::quit)), or changes its security ([`secure`](Self::secure) and the like).
    ///
    /// ```
    /// use ftp_proto::Command;
    /// use ftp_proto::client::Request;
    /// assert!(Request::command(Command::Help(None)).is_ok());
    /// assert!(Request::command(Command::Pasv).is_err());
    /// ```
    pub fn command(command: Command<'_>) -> Result<Self, Command<'_>> {
        if command.verb().needs_own_request() {
            return Err(command);
        }
        Ok(Self::one(command, Wanted::Nothing))
    }

    /// Sends one command line as a person types it, such as `SITE CHMOD 600 file`; otherwise as [`command`](Self::command).
    ///
    /// # Errors
    /// [`NotRaw`]: the line isn't a command, or the command has a request or method of its own.
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

    /// For a proxy: the request that carries out a command of another session's client. RETR and the like become a
    /// [`transfer`](Self::transfer), to which [`representation`](Self::representation) and [`offset`](Self::offset) give the TYPE and REST
    /// of that session; SIZE, REIN and QUIT become requests of their own, since they need or change the state of this session; any other
    /// command is sent as it is.
    ///
    /// # Errors
    /// The command comes back if it is about a data connection, about security, or ABOR: each session has its own.
    ///
    /// ```
    /// use ftp_proto::client::Request;
    /// use ftp_proto::{Command, Type};
    /// let download = Request::relayed(Command::parse(b"RETR notes.txt")?).unwrap();
    /// let download = download.representation(Type::Image).offset(1024);
    /// assert!(Request::relayed(Command::parse(b"SITE CHMOD 600 notes.txt")?).is_ok());
    /// assert!(Request::relayed(Command::parse(b"PASV")?).is_err(), "the client sends it where it is needed");
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

    /// Changes the current directory: CWD.
    pub fn change_directory(path: Path<'_>) -> Self {
        Self::one(Command::Cwd(path), Wanted::Nothing)
    }

    /// Changes to the parent directory: CDUP.
    pub fn change_to_parent() -> Self {
        Self::one(Command::Cdup, Wanted::Nothing)
    }

    /// Asks for the current directory: PWD. The outcome is [`Value::Directory`](super::Value::Directory).
    pub fn print_directory() -> Self {
        Self::one(Command::Pwd, Wanted::Directory)
    }

    /// Makes a directory: MKD.
    pub fn make_directory(path: Path<'_>) -> Self {
        Self::one(Command::Mkd(path), Wanted::Nothing)
    }

    /// Removes a directory: RMD.
    pub fn remove_directory(path: Path<'_>) -> Self {
        Self::one(Command::Rmd(path), Wanted::Nothing)
    }

    /// Removes a file: DELE.
    pub fn remove(path: Path<'_>) -> Self {
        Self::one(Command::Dele(path), Wanted::Nothing)
    }

    /// Renames a file or directory: RNFR, then RNTO.
    pub fn rename(from: Path<'_>, to: Path<'_>) -> Self {
        let steps = [Command::Rnfr(from.into_owned()), Command::Rnto(to.into_owned())];
        Self::script(steps, Wanted::Nothing)
    }

    /// Asks for the size of a file: TYPE I, since servers refuse SIZE in TYPE A, then SIZE (RFC 3659 4). The outcome is
    /// [`Value::Size`](super::Value::Size), in bytes.
    pub fn size(path: Path<'_>) -> Self {
        Self::script([Command::Type(Type::Image), Command::Size(path.into_owned())], Wanted::Size)
    }

    /// Asks when a file was modified last: MDTM (RFC 3659 3). The outcome is [`Value::Modified`](super::Value::Modified), in UTC.
    pub fn modified(path: Path<'_>) -> Self {
        Self::one(Command::Mdtm(path), Wanted::Modified)
    }

    /// Asks for the server's features: FEAT (RFC 2389). The outcome's reply holds them ([`Reply::features`](crate::Reply::features)). The
    /// session remembers them: [`list`](Self::list) uses MLSD from then on, [`hash`](Self::hash) the best command, and PRET is sent, if
    /// the server has them.
    pub fn features() -> Self {
        Self::one(Command::Feat, Wanted::Features)
    }

    /// Begins TLS (RFC 4217): AUTH TLS and the handshake, unless TLS is on already; then PBSZ 0 and PROT P, so that data connections are
    /// protected, too.
    pub fn secure() -> Self {
        let tls = Argument::new("TLS").ok().map(Command::Auth);
        let steps = tls.map(|auth| Step { act: Act::Say(auth), when: When::Plain }).into_iter().chain([
            Step { act: Act::StartTls, when: When::Plain },
            Step::always(Command::Pbsz(0)),
            Step::always(Command::Prot(Protection::Private)),
        ]);
        Self::new(Plan::Script(steps.collect()), Wanted::Nothing)
    }

    /// Ends TLS on the control connection alone: CCC (RFC 4217 15.3). It goes on in plaintext, so that a NAT can read it, and anybody in
    /// between can change it; the argument says that you know.
    ///
    /// ```
    /// use ftp_proto::client::{PlaintextAccepted, Request};
    /// let request = Request::clear_command_channel(PlaintextAccepted::knowingly());
    /// ```
    pub fn clear_command_channel(_: PlaintextAccepted) -> Self {
        let steps = [Step::always(Command::Ccc), Step { act: Act::StopTls, when: When::Secured }];
        Self::new(Plan::Script(steps.into()), Wanted::Nothing)
    }

    /// Logs out: REIN (RFC 959 4.1.1), which also ends TLS unless TLS is implicit. Where TLS is required, [`secure`](Self::secure) comes
    /// next.
    pub fn reinitialise() -> Self {
        let steps = [Step::always(Command::Rein), Step { act: Act::StopTls, when: When::Secured }];
        Self::new(Plan::Script(steps.into()), Wanted::Nothing)
    }

    /// Ends the session: QUIT. The outcome has the server's reply, and [`Action::Leave`](super::Action::Leave) follows it.
    /// [`Client::quit`](super::Client::quit) does the same while another request runs, and without a `Done`.
    pub fn quit() -> Self {
        Self::one(Command::Quit, Wanted::Farewell)
    }

    /// Switches the server to UTF-8: OPTS UTF8 ON, for servers that need it.
    pub fn utf8() -> Self {
        Self::one(Command::Opts(Opts::Utf8(Some(true))), Wanted::Nothing)
    }

    /// Names the host that is meant, before the login: HOST (RFC 7151).
    pub fn host(name: Argument<'_>) -> Self {
        Self::one(Command::Host(name), Wanted::Nothing)
    }

    /// Sends a command that is specific to the server: SITE (RFC 959 4.1.3).
    pub fn site(words: Site<'_>) -> Self {
        Self::one(Command::Site(words), Wanted::Nothing)
    }

    /// Asks for the status of the session, or for a listing of a path over the control connection: STAT (RFC 959 4.1.3). The outcome's
    /// reply has the lines.
    pub fn status(path: Option<Path<'_>>) -> Self {
        Self::one(Command::Stat(path), Wanted::Nothing)
    }

    /// Sets when a file was modified last, in UTC: MFMT (draft-somers-ftp-mfxx).
    pub fn set_modified(path: Path<'_>, time: Time) -> Self {
        Self::one(Command::Mfmt(time, path), Wanted::Nothing)
    }

    /// Asks for the hash of a file, by the strongest command that FEAT named (HASH, XSHA512, XSHA256, XSHA1, XSHA, XMD5, MD5, XCRC); by
    /// HASH if [`features`](Self::features) wasn't requested before. The outcome is [`Value::Hash`](super::Value::Hash).
    pub fn hash(path: Path<'_>) -> Self {
        Self::new(Plan::Hash(path.into_owned()), Wanted::Nothing)
    }

    /// Asks for the server's operating system: SYST. The outcome's reply has it.
    pub fn system() -> Self {
        Self::one(Command::Syst, Wanted::Nothing)
    }

    /// Does nothing but ask for a reply: NOOP.
    pub fn noop() -> Self {
        Self::one(Command::Noop, Wanted::Nothing)
    }

    /// Lists a directory, by default the current one: by MLSD if [`features`](Self::features) has found it, else by LIST in TYPE A.
    /// [`listing`](crate::listing) reads the lines of either.
    pub fn list(path: Option<Path<'_>>) -> Self {
        Self::new(Plan::List(path.map(Path::into_owned)), Wanted::Nothing)
    }

    /// Lists a directory or file for people: LIST in TYPE A.
    pub fn plain_list(path: Option<Path<'_>>) -> Self {
        Self::moving(Command::List(path), 0)
    }

    /// Lists the names in a directory: NLST in TYPE A.
    pub fn names(path: Option<Path<'_>>) -> Self {
        Self::moving(Command::Nlst(path), 0)
    }

    /// Lists a directory for programs: MLSD (RFC 3659 7).
    pub fn machine_list(path: Option<Path<'_>>) -> Self {
        Self::moving(Command::Mlsd(path), 0)
    }

    /// Downloads a file: RETR in TYPE I, beginning `offset` bytes from its start (REST).
    pub fn retrieve(path: Path<'_>, offset: u64) -> Self {
        Self::moving(Command::Retr(path), offset)
    }

    /// Uploads a file: STOR in TYPE I, beginning `offset` bytes from its start (REST).
    pub fn store(path: Path<'_>, offset: u64) -> Self {
        Self::moving(Command::Stor(path), offset)
    }

    /// Uploads to the end of a file, or to a new one: APPE in TYPE I.
    pub fn append(path: Path<'_>) -> Self {
        Self::moving(Command::Appe(path), 0)
    }

    /// Uploads under a name that the server chooses: STOU in TYPE I. The outcome is [`Value::Stored`](super::Value::Stored), with the name.
    /// Some servers take a `hint` for it.
    pub fn store_unique(hint: Option<Path<'_>>) -> Self {
        Self::moving(Command::Stou(hint), 0)
    }

    /// RETR, STOR, APPE, STOU, LIST, NLST or MLSD in the TYPE that is in force, from the offset that REST has set: for a proxy that sends
    /// TYPE, REST and RANG by [`command`](Self::command). If another route is tried, REST is sent again. A download isn't checked against
    /// the size that a 150 announces.
    ///
    /// # Errors
    /// Any other command comes back.
    ///
    /// ```
    /// use ftp_proto::Command;
    /// use ftp_proto::client::Request;
    /// let request = |line: &'static [u8]| match Request::transfer(Command::parse(line)?) {
    ///     Ok(transfer) => Ok(Some(transfer)),
    ///     Err(command) => Ok::<_, ftp_proto::CommandError>(Request::command(command).ok()),
    /// };
    /// assert!(request(b"NLST pub")?.is_some() && request(b"TYPE A")?.is_some());
    /// assert!(request(b"PASV")?.is_none(), "the client sends it where it is needed");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn transfer(command: Command<'_>) -> Result<Self, Command<'_>> {
        if !command.verb().opens_data() {
            return Err(command);
        }
        let plan = Plan::Transfer { command: command.into_owned(), offset: None };
        Ok(Self::new(plan, Wanted::Nothing).representation_in_force())
    }

    /// Whether the request may go out without TLS where TLS is required: it has no user name, password or file.
    pub(super) fn is_harmless(&self) -> bool {
        match &self.plan {
            Plan::Script(steps) => steps.iter().all(|step| match &step.act {
                Act::Say(command) => command.verb().may_precede_tls() || *command == Command::Quit,
                Act::StartTls | Act::StopTls => true,
            }),
            Plan::Transfer { .. } | Plan::List(_) | Plan::Hash(_) => false,
        }
    }

    /// Whether the request ends TLS, so that TLS has to be on.
    pub(super) fn ends_tls(&self) -> bool {
        let Plan::Script(steps) = &self.plan else { return false };
        steps.iter().any(|step| matches!(step.act, Act::Say(Command::Ccc)))
    }

    /// Whether the request needs a data connection.
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

/// A request that [`Client::start`](super::Client::start) rejected, and why. Nothing of it was sent.
#[derive(Debug, Clone)]
pub struct Rejected {
    /// The request, unchanged.
    pub request: Request,
    /// Why it was rejected.
    pub why: Misuse,
}

/// The text of [`why`](Self::why).
impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.why.fmt(f)
    }
}

impl core::error::Error for Rejected {}

/// Why [`Request::raw`] rejects a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NotRaw {
    /// The line isn't a command.
    Syntax(CommandError),
    /// The command has a request or method of its own, as [`Request::command`] says.
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

/// Consent to a control connection in plaintext, for [`Request::clear_command_channel`].
#[derive(Debug, Clone, Copy)]
pub struct PlaintextAccepted(());

impl PlaintextAccepted {
    /// Gives the consent, knowing that anybody in between can then read and change the control connection.
    pub const fn knowingly() -> Self {
        Self(())
    }
}
