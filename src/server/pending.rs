//! Commands that need the application: each is a question whose handle has just the answers that fit.

use alloc::vec::Vec;
use core::fmt;
use core::ops::RangeInclusive;

use super::exchange::Exchange;
use crate::command::{Command, Type, Verb};
use crate::reply::{Class, Code, Reply};
use crate::text::{Path, Text};
use crate::time::{Instant, Time};

/// A negative reply (4yz, 5yz): why the application doesn't do what was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal<'a>(Reply<'a>);

impl<'a> Refusal<'a> {
    /// A refusal with any negative code; `None` if the code isn't 4yz or 5yz. 421 ends the session once it is written.
    pub fn new(code: Code, text: Text<'a>) -> Option<Self> {
        matches!(code.class(), Class::TransientNegative | Class::PermanentNegative)
            .then(|| Self(Reply::new(code, text)))
    }

    /// 550: no such file, no permission, and the like.
    pub fn unavailable(text: Text<'a>) -> Self {
        Self(Reply::new(Code::FILE_UNAVAILABLE, text))
    }

    /// 530: not with this name and password.
    pub fn not_logged_in(text: Text<'a>) -> Self {
        Self(Reply::new(Code::NOT_LOGGED_IN, text))
    }

    pub(super) fn reply(&self) -> &Reply<'a> {
        &self.0
    }
}

/// A final reply with which the application answers a command of its own: 2yz, with as many lines as it likes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer<'a>(Reply<'a>);

impl<'a> Answer<'a> {
    /// An answer with any completing code but those that mean more to the session (221, 225 to 229, 230 to 239); `None` for other codes.
    pub fn new(reply: Reply<'a>) -> Option<Self> {
        matches!(reply.code().value(), 200..=220 | 240..=299).then_some(Self(reply))
    }
}

/// A command that waits for the application.
#[must_use]
#[derive(Debug)]
pub enum Pending<'a> {
    /// USER, PASS, ACCT: who is it?
    Login(Login<'a>),
    /// Do it: CWD, CDUP, DELE, RMD, RNTO and whatever else has no more to say than that it was done.
    Perform(Perform<'a>),
    /// RNFR: does it exist?
    Exists(Exists<'a>),
    /// PWD, MKD: which directory?
    Directory(Directory<'a>),
    /// SIZE, AVBL, DSIZ: how many bytes?
    Size(Size<'a>),
    /// MDTM: modified when?
    Modified(Modified<'a>),
    /// MLST: which facts?
    Facts(Facts<'a>),
    /// HASH, MD5, XCRC and their like: which hash?
    Hash(Hash<'a>),
    /// STAT of a path: a listing over the control connection.
    Status(Status<'a>),
    /// SITE and what else has an answer of its own.
    Extension(Extension<'a>),
}

impl<'a> Pending<'a> {
    pub(super) fn new(exchange: &'a mut Exchange, verb: Verb) -> Self {
        match verb {
            Verb::User | Verb::Pass | Verb::Acct => Self::Login(Login(exchange)),
            Verb::Rnfr => Self::Exists(Exists(exchange)),
            Verb::Pwd | Verb::Mkd => Self::Directory(Directory(exchange)),
            Verb::Size | Verb::Avbl | Verb::Dsiz => Self::Size(Size(exchange)),
            Verb::Mdtm => Self::Modified(Modified(exchange)),
            Verb::Mlst => Self::Facts(Facts(exchange)),
            Verb::Hash
            | Verb::Md5
            | Verb::Xcrc
            | Verb::Xmd5
            | Verb::Xsha
            | Verb::Xsha1
            | Verb::Xsha256
            | Verb::Xsha512 => Self::Hash(Hash(exchange)),
            Verb::Stat => Self::Status(Status(exchange)),
            Verb::Site | Verb::Csid => Self::Extension(Extension(exchange)),
            _ => Self::Perform(Perform(exchange)),
        }
    }

    /// What was asked.
    pub fn command(&self) -> Command<'_> {
        self.exchange().command()
    }

    /// The same for the same question, however often it comes.
    pub fn serial(&self) -> u64 {
        self.exchange().serial()
    }

    /// When the machine stops waiting for the answer, says 451 and goes on.
    pub fn deadline(&self) -> Instant {
        self.exchange().answer_by.unwrap_or_default()
    }

    /// The language that LANG chose, of those that [`Support::languages`](super::Support::languages) names: for the text of a
    /// refusal.
    pub fn language(&self) -> &str {
        let exchange = self.exchange();
        exchange.config.support.chosen_language(exchange.chosen)
    }

    /// Whether the control connection may be read while this question is open: a client may say more, or leave.
    pub fn wants_input(&self) -> bool {
        self.exchange().wants_input
    }

    /// It isn't done.
    pub fn refuse(self, refusal: &Refusal<'_>) {
        match self {
            Self::Login(login) => login.refuse(refusal),
            Self::Perform(Perform(exchange))
            | Self::Exists(Exists(exchange))
            | Self::Directory(Directory(exchange))
            | Self::Size(Size(exchange))
            | Self::Modified(Modified(exchange))
            | Self::Facts(Facts(exchange))
            | Self::Hash(Hash(exchange))
            | Self::Status(Status(exchange))
            | Self::Extension(Extension(exchange)) => exchange.answer(refusal.reply()),
        }
    }

    fn exchange(&self) -> &Exchange {
        match self {
            Self::Login(Login(exchange))
            | Self::Perform(Perform(exchange))
            | Self::Exists(Exists(exchange))
            | Self::Directory(Directory(exchange))
            | Self::Size(Size(exchange))
            | Self::Modified(Modified(exchange))
            | Self::Facts(Facts(exchange))
            | Self::Hash(Hash(exchange))
            | Self::Status(Status(exchange))
            | Self::Extension(Extension(exchange)) => exchange,
        }
    }
}

/// One kind of question: its command and its refusal.
macro_rules! pending {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[must_use]
        pub struct $name<'a>(&'a mut Exchange);

        impl $name<'_> {
            /// What was asked.
            pub fn command(&self) -> Command<'_> {
                self.0.command()
            }

            /// It isn't done.
            pub fn refuse(self, refusal: &Refusal<'_>) {
                self.0.answer(refusal.reply());
            }
        }

        impl fmt::Debug for $name<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_tuple(stringify!($name)).field(&self.command()).finish()
            }
        }
    )*};
}

pending! {
    /// Something to do.
    Perform;
    /// RNFR: does it exist?
    Exists;
    /// PWD, MKD: which directory?
    Directory;
    /// SIZE, AVBL, DSIZ: how many bytes?
    Size;
    /// MDTM: modified when?
    Modified;
    /// MLST: which facts?
    Facts;
    /// HASH, MD5, XCRC and their like: which hash?
    Hash;
    /// STAT of a path: a listing over the control connection.
    Status;
    /// SITE and what else has an answer of its own.
    Extension;
}

/// USER, PASS, ACCT: who is it?
#[must_use]
pub struct Login<'a>(&'a mut Exchange);

impl Login<'_> {
    /// What was said.
    pub fn command(&self) -> Command<'_> {
        self.0.command()
    }

    /// The name that USER gives; for PASS and ACCT the one that it gave.
    pub fn user(&self) -> &[u8] {
        self.0.user()
    }

    /// 331: a password is needed. Say it for every name, known or not (RFC 2577 5), else names can be found out. After
    /// PASS or ACCT it makes no sense: it is said as 530, and the login has failed.
    pub fn need_password(self) {
        let text = "Please specify the password.";
        match self.command().verb() {
            Verb::User => self.0.answer(&Reply::from_static(Code::NEED_PASSWORD, text)),
            _ => self.0.refuse_login(&Reply::from_static(Code::NOT_LOGGED_IN, text)),
        }
    }

    /// 332: an account is needed, by ACCT (RFC 959 5.4). After ACCT it makes no sense: it is said as 530, and the login has failed.
    pub fn need_account(self) {
        let text = "Need account for login.";
        match self.command().verb() {
            Verb::Acct => self.0.refuse_login(&Reply::from_static(Code::NOT_LOGGED_IN, text)),
            _ => self.0.answer(&Reply::from_static(Code::NEED_ACCOUNT, text)),
        }
    }

    /// 230: logged in.
    pub fn accept(self) {
        self.0.answer(&Reply::from_static(Code::LOGGED_IN, "Login successful."));
    }

    /// Not so, which is said after [`Patience::login_failure`](super::Patience::login_failure). The third time ends the session.
    pub fn refuse(self, refusal: &Refusal<'_>) {
        self.0.refuse_login(refusal.reply());
    }
}

impl fmt::Debug for Login<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Login").field(&self.command()).finish()
    }
}

impl Perform<'_> {
    /// It was done: 250, or 200, 213 or 220 where the RFCs want that.
    pub fn done(self) {
        if let Some(facts) = changed(&self.0.command()) {
            return self.0.answer(&Reply::new(Code::FILE_STATUS, facts));
        }
        let (code, text) = match self.0.command().verb() {
            Verb::Cwd | Verb::Cdup => (Code::FILE_ACTION_COMPLETED, "Directory successfully changed."),
            Verb::Dele => (Code::FILE_ACTION_COMPLETED, "Delete operation successful."),
            Verb::Rmd => (Code::FILE_ACTION_COMPLETED, "Remove directory operation successful."),
            Verb::Rnto => (Code::FILE_ACTION_COMPLETED, "Rename successful."),
            Verb::Smnt => (Code::FILE_ACTION_COMPLETED, "Done."),
            Verb::Rein => (Code::SERVICE_READY, "Ready for a new user."),
            Verb::Host => (Code::SERVICE_READY, "Host accepted."),
            _ => (Code::COMMAND_OKAY, "Done."),
        };
        self.0.answer(&Reply::from_static(code, text));
    }
}

/// What MFMT, MFCT and MFF have changed: `Modify=20240229235960; path` (draft-somers-ftp-mfxx-03 3.1, 4.1, 5.1).
fn changed(command: &Command<'_>) -> Option<Text<'static>> {
    let mut text = Vec::new();
    let path = match command {
        Command::Mfmt(time, path) | Command::Mfct(time, path) => {
            let fact: &[u8] = if command.verb() == Verb::Mfmt { b"Modify=" } else { b"Create=" };
            text.extend_from_slice(fact);
            time.encode(&mut text);
            text.push(b';');
            path
        }
        Command::Mff(facts, path) => {
            facts.encode(&mut text);
            path
        }
        _ => return None,
    };
    text.push(b' ');
    text.extend_from_slice(path.as_bytes());
    Text::try_from(text).ok()
}

impl Exists<'_> {
    /// It does: 350, and RNTO may come.
    pub fn exists(self) {
        self.0.answer(&Reply::from_static(Code::PENDING_FURTHER_INFORMATION, "Ready for RNTO."));
    }
}

impl Directory<'_> {
    /// It is this one: 257 with its quotes doubled (RFC 959 appendix II).
    pub fn path(self, path: &Path<'_>) {
        let comment = match self.0.command().verb() {
            Verb::Mkd => "created",
            _ => "is the current directory",
        };
        self.0.answer_made(Reply::of_path(path, &Text::new(comment).unwrap_or_default()));
    }
}

impl Size<'_> {
    /// The TYPE in force, in which the bytes would be sent (RFC 3659 4.1): never `A` unless
    /// [`Config::size_of_text`](super::Config::size_of_text) wants it.
    pub fn representation(&self) -> Type {
        self.0.session.representation()
    }

    /// So many bytes would be sent: 213 (RFC 3659 4).
    pub fn bytes(self, size: u64) {
        self.0.answer_made(Reply::of_size(size));
    }
}

impl Modified<'_> {
    /// At this time, in UTC: 213 (RFC 3659 3).
    pub fn at(self, time: Time) {
        self.0.answer_made(Reply::of_time(time));
    }
}

impl Facts<'_> {
    /// The facts that the client wants, of those that [`Support::facts`](super::Support::facts) names.
    pub fn wanted(&self) -> impl Iterator<Item = &str> {
        self.0.facts()
    }

    /// These: `facts` as RFC 3659 7.2 writes them (`type=file;size=12;`), and the path.
    pub fn are(self, facts: &Text<'_>, path: &Path<'_>) {
        self.0.answer_made(Reply::of_facts(facts, path));
    }
}

impl Hash<'_> {
    /// Which one: `SHA-256`, as [`Support::hashes`](super::Support::hashes) names it.
    pub fn algorithm(&self) -> &str {
        match self.0.command().verb() {
            Verb::Md5 | Verb::Xmd5 => "MD5",
            Verb::Xcrc => "CRC32",
            Verb::Xsha | Verb::Xsha1 => "SHA-1",
            Verb::Xsha256 => "SHA-256",
            Verb::Xsha512 => "SHA-512",
            _ => self.0.config.support.chosen_hash(self.0.chosen),
        }
    }

    /// The bytes to hash, the first and the last, both counted from 0, if RANG named them; else it is the whole file.
    pub fn range(&self) -> Option<RangeInclusive<u64>> {
        match self.0.command() {
            Command::Hash(_) => self.0.range.map(|range| range.start..=range.end),
            _ => None,
        }
    }

    /// The hash: `213 SHA-256 0-49 <digits> path` of a file of 49 bytes (draft-bryan-ftpext-hash-02 3.1), `251 path <digits>`
    /// for MD5, and 250 with the digits for the X commands. `size`: how many bytes the file has.
    pub fn is(self, hash: &[u8], size: u64) {
        let mut digits = Vec::new();
        for byte in hash {
            digits.extend_from_slice(alloc::format!("{byte:02x}").as_bytes());
        }
        let (start, end) = self.0.range.map_or((0, size), |range| (range.start, range.end));
        let (code, text) = match self.0.command() {
            Command::Hash(path) => {
                let front = alloc::format!("{} {start}-{end} ", self.algorithm());
                (Code::FILE_STATUS, [front.as_bytes(), &digits, b" ", path.as_bytes()].concat())
            }
            Command::Md5(path) => (Code::HASH_VALUE, [path.as_bytes(), b" ", &digits].concat()),
            _ => (Code::FILE_ACTION_COMPLETED, digits),
        };
        let text = Text::try_from(text).unwrap_or_default();
        self.0.answer(&Reply::new(code, text));
    }
}

impl Status<'_> {
    /// These lines, as LIST would show them: 213, for directories too (RFC 959 4.1.3 has 212 for those, which only ProFTPD
    /// says; vsftpd, Pure-FTPd and pyftpdlib say 213).
    pub fn lines<'t>(self, lines: impl IntoIterator<Item = Text<'t>>) {
        let (first, last) = (Text::new("Status follows:"), Text::new("End of status"));
        self.0.answer(&Reply::with_lines(
            Code::FILE_STATUS,
            first.unwrap_or_default(),
            lines,
            last.unwrap_or_default(),
        ));
    }
}

impl Extension<'_> {
    /// It was done, or this is what was asked for.
    pub fn answer(self, answer: &Answer<'_>) {
        self.0.answer(&answer.0);
    }
}
