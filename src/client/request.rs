//! What an application can ask for: each request is a plan of commands with its order rules inside.

use alloc::collections::VecDeque;

use crate::command::{Command, Type};
use crate::reply::Code;
use crate::text::{Argument, Password, Path};

/// One thing that the application wants done; [`Client::start`](super::Client::start) takes it, and one
/// `Done` ends it.
#[derive(Debug)]
#[must_use]
pub struct Request {
    pub(super) plan: Plan,
    pub(super) wanted: Wanted,
}

/// What to say, and in which order.
#[derive(Debug)]
pub(super) enum Plan {
    Script(VecDeque<Step>),
    Transfer(TransferRequest),
}

/// One command of a script.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) command: Command<'static>,
    pub(super) when: When,
}

/// Whether a step is taken, by the reply before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    Always,
    /// 331 or 336.
    PasswordNeeded,
    /// 332.
    AccountNeeded,
}

impl When {
    pub(super) fn holds(self, last: Option<Code>) -> bool {
        match self {
            Self::Always => true,
            Self::PasswordNeeded => last.is_some_and(|code| matches!(code.value(), 331 | 336)),
            Self::AccountNeeded => last.is_some_and(|code| code.value() == 332),
        }
    }
}

/// A file or a listing over a data connection.
#[derive(Debug)]
pub(super) struct TransferRequest {
    pub(super) command: Command<'static>,
    /// The TYPE that has to be in force, if it matters.
    pub(super) representation: Option<Type>,
    /// Bytes from the start of the file (REST).
    pub(super) offset: u64,
}

/// What the final reply is read for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    Nothing,
    Login,
    Directory,
    Size,
    Modified,
}

impl Request {
    /// USER, and PASS and ACCT if the server asks for them (RFC 959 chapter 6). A server that asks for an
    /// account when none is given refuses with its 332.
    pub fn login(user: Argument<'_>, password: Password<'_>, account: Option<Password<'_>>) -> Self {
        let step = |command, when| Step { command, when };
        let mut steps = VecDeque::from([
            step(Command::User(user.into_owned()), When::Always),
            step(Command::Pass(password.into_owned()), When::PasswordNeeded),
        ]);
        if let Some(account) = account {
            steps.push_back(step(Command::Acct(account.into_owned()), When::AccountNeeded));
        }
        Self { plan: Plan::Script(steps), wanted: Wanted::Login }
    }

    /// One command that needs no data connection; a 2yz or 3yz is its success. `Err` gives the command back:
    /// it opens or prepares a data connection, which [`retrieve`](Self::retrieve) and its siblings do, or it
    /// ends the session or a transfer, which [`Client::quit`](super::Client::quit) and
    /// [`Client::abort`](super::Client::abort) do, or it changes the security of the connection.
    pub fn command(command: Command<'_>) -> Result<Self, Command<'_>> {
        use crate::command::Verb::{Abor, Adat, Auth, Ccc, Conf, Enc, Mic, Quit, Rein};
        let verb = command.verb();
        if verb.opens_data()
            || verb.sets_up_data()
            || matches!(verb, Abor | Quit | Rein | Auth | Adat | Ccc | Mic | Conf | Enc)
        {
            return Err(command);
        }
        Ok(Self::one(command, Wanted::Nothing))
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

    /// FEAT (RFC 2389); the outcome's reply has the features.
    pub fn features() -> Self {
        Self::one(Command::Feat, Wanted::Nothing)
    }

    /// SYST.
    pub fn system() -> Self {
        Self::one(Command::Syst, Wanted::Nothing)
    }

    /// NOOP.
    pub fn noop() -> Self {
        Self::one(Command::Noop, Wanted::Nothing)
    }

    /// LIST, a listing for people, in TYPE A.
    pub fn list(path: Option<Path<'_>>) -> Self {
        Self::transfer(Command::List(path), Some(Type::Ascii(None)), 0)
    }

    /// NLST, names only, in TYPE A.
    pub fn names(path: Option<Path<'_>>) -> Self {
        Self::transfer(Command::Nlst(path), Some(Type::Ascii(None)), 0)
    }

    /// MLSD, a listing for programs (RFC 3659 7).
    pub fn machine_list(path: Option<Path<'_>>) -> Self {
        Self::transfer(Command::Mlsd(path), None, 0)
    }

    /// RETR in TYPE I, from `offset` bytes on (REST).
    pub fn retrieve(path: Path<'_>, offset: u64) -> Self {
        Self::transfer(Command::Retr(path), Some(Type::Image), offset)
    }

    /// STOR in TYPE I, from `offset` bytes on (REST).
    pub fn store(path: Path<'_>, offset: u64) -> Self {
        Self::transfer(Command::Stor(path), Some(Type::Image), offset)
    }

    /// APPE in TYPE I: behind what is there, or a new file.
    pub fn append(path: Path<'_>) -> Self {
        Self::transfer(Command::Appe(path), Some(Type::Image), 0)
    }

    fn one(command: Command<'_>, wanted: Wanted) -> Self {
        Self::script([command.into_owned()], wanted)
    }

    fn script<const N: usize>(commands: [Command<'static>; N], wanted: Wanted) -> Self {
        let steps = commands.into_iter().map(|command| Step { command, when: When::Always }).collect();
        Self { plan: Plan::Script(steps), wanted }
    }

    fn transfer(command: Command<'_>, representation: Option<Type>, offset: u64) -> Self {
        let transfer = TransferRequest { command: command.into_owned(), representation, offset };
        Self { plan: Plan::Transfer(transfer), wanted: Wanted::Nothing }
    }
}
