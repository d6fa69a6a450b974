//! Commands that need the application: each is a question whose handle has just the answers that fit.

use alloc::vec::Vec;
use core::fmt;
use core::ops::RangeInclusive;

use super::context::Context;
use super::phase::{Answered, Asked};
use crate::command::{Command, HashAlgorithm, Question as Kind, Type, Verb};
use crate::connection::cannot_happen;
use crate::reply::{Class, Code, Draft, Reply};
use crate::text::{Path, Text};
use crate::time::{Instant, Time};

/// A negative reply (4yz, 5yz): why the application doesn't do what was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal<'a>(Reply<'a>);

impl<'a> Refusal<'a> {
    /// A refusal in the application's own words, of as many lines as it likes. `None` if the code isn't 4yz or 5yz, or is 426:
    /// that answers only a transfer that has begun, so no client would know what it answers. 421 ends the session once it is
    /// written.
    pub fn new(reply: Reply<'a>) -> Option<Self> {
        let negative = matches!(reply.code().class(), Class::TransientNegative | Class::PermanentNegative);
        (negative && reply.code() != Code::TRANSFER_ABORTED).then_some(Self(reply))
    }

    /// 550: no such file, no permission, and the like.
    pub fn unavailable(text: Text<'a>) -> Self {
        Self(Reply::new(Code::FILE_UNAVAILABLE, text))
    }

    /// 530: not with this name and password.
    pub fn not_logged_in(text: Text<'a>) -> Self {
        Self(Reply::new(Code::NOT_LOGGED_IN, text))
    }

    /// 421: the session ends.
    pub fn closing(text: Text<'a>) -> Self {
        Self(Reply::new(Code::SERVICE_NOT_AVAILABLE, text))
    }

    pub(super) fn reply(&self) -> &Reply<'a> {
        &self.0
    }
}

/// A final reply with which the application answers a command of its own: 2yz, with as many lines as it likes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer<'a> {
    verb: Verb,
    reply: Reply<'a>,
}

impl<'a> Answer<'a> {
    /// An answer to a command with this verb. `None` if the code isn't 2yz, or a client couldn't take it for the answer to
    /// that command ([`Verb::may_be_answered_with`]).
    pub fn new(verb: Verb, reply: Reply<'a>) -> Option<Self> {
        fits(verb, reply.code()).then_some(Self { verb, reply })
    }
}

fn fits(verb: Verb, code: Code) -> bool {
    code.is_completion() && verb.may_be_answered_with(code)
}

/// A command that waits for the application.
#[must_use]
#[derive(Debug)]
pub enum Question<'a> {
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

/// What each of the questions works on.
struct Open<'a> {
    asked: &'a mut Asked<Answered>,
    context: &'a mut Context,
    wants_input: bool,
}

impl Open<'_> {
    fn verb(&self) -> Verb {
        self.asked.command.verb()
    }

    fn answer(self, reply: &Reply<'_>) {
        self.context.conclude(&self.asked.command, reply.code());
        self.context.answer(self.asked.under_way(), reply);
        self.asked.answer = Some(Answered::Said);
    }

    fn answer_static(self, code: Code, text: &'static str) {
        self.answer(&Reply::from_static(code, text));
    }

    /// Only for what means nothing beyond the session.
    fn answer_draft(self, reply: Draft<impl FnOnce(&mut Vec<u8>)>) {
        self.context.answer_draft(self.asked.under_way(), reply);
        self.asked.answer = Some(Answered::Said);
    }

    fn refuse_login(self, reply: &Reply<'_>) {
        self.asked.answer = Some(Answered::LoginRefused(self.context.count_failed_login(reply)));
    }
}

impl<'a> Question<'a> {
    pub(super) fn new(asked: &'a mut Asked<Answered>, context: &'a mut Context, wants_input: bool) -> Self {
        let kind = asked.command.verb().question();
        let open = Open { asked, context, wants_input };
        match kind {
            Kind::Login => Self::Login(Login(open)),
            Kind::Exists => Self::Exists(Exists(open)),
            Kind::Directory => Self::Directory(Directory(open)),
            Kind::Size => Self::Size(Size(open)),
            Kind::Modified => Self::Modified(Modified(open)),
            Kind::Facts => Self::Facts(Facts(open)),
            Kind::Hash(_) => Self::Hash(Hash(open)),
            Kind::Status => Self::Status(Status(open)),
            Kind::Extension => Self::Extension(Extension(open)),
            // What the machine answers alone, and what moves data, doesn't come here.
            Kind::Perform | Kind::Transfer | Kind::Nothing => Self::Perform(Perform(open)),
        }
    }

    /// What was asked.
    pub fn command(&self) -> &Command<'static> {
        &self.open().asked.command
    }

    /// The same for the same question, however often it comes.
    pub fn serial(&self) -> u64 {
        self.open().asked.serial.into()
    }

    /// When the machine stops waiting for the answer, says 451 and goes on.
    pub fn deadline(&self) -> Instant {
        self.open().asked.by
    }

    /// The language that LANG chose, of those that [`Support::languages`](super::Support::languages) names: for the text of a
    /// refusal.
    pub fn language(&self) -> &str {
        self.open().context.language()
    }

    /// Whether the control connection may be read while this question is open: a client may say more, or leave.
    pub fn wants_input(&self) -> bool {
        self.open().wants_input
    }

    /// It isn't done.
    pub fn refuse(self, refusal: &Refusal<'_>) {
        match self {
            Self::Login(Login(open)) => open.refuse_login(refusal.reply()),
            Self::Perform(Perform(open))
            | Self::Exists(Exists(open))
            | Self::Directory(Directory(open))
            | Self::Size(Size(open))
            | Self::Modified(Modified(open))
            | Self::Facts(Facts(open))
            | Self::Hash(Hash(open))
            | Self::Status(Status(open))
            | Self::Extension(Extension(open)) => open.answer(refusal.reply()),
        }
    }

    fn open(&self) -> &Open<'a> {
        match self {
            Self::Login(Login(open))
            | Self::Perform(Perform(open))
            | Self::Exists(Exists(open))
            | Self::Directory(Directory(open))
            | Self::Size(Size(open))
            | Self::Modified(Modified(open))
            | Self::Facts(Facts(open))
            | Self::Hash(Hash(open))
            | Self::Status(Status(open))
            | Self::Extension(Extension(open)) => open,
        }
    }
}

/// One kind of question: its command and its refusal.
macro_rules! questions {
    ($($(#[$doc:meta])* $name:ident, $refuse:ident;)*) => {$(
        $(#[$doc])*
        #[must_use]
        pub struct $name<'a>(Open<'a>);

        impl $name<'_> {
            /// What was asked.
            pub fn command(&self) -> &Command<'static> {
                &self.0.asked.command
            }

            /// It isn't done. The refusal of a login is said after
            /// [`Patience::login_failure`](super::Patience::login_failure), and the third one ends the session.
            pub fn refuse(self, refusal: &Refusal<'_>) {
                self.0.$refuse(refusal.reply());
            }
        }

        impl fmt::Debug for $name<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_tuple(stringify!($name)).field(self.command()).finish()
            }
        }
    )*};
}

questions! {
    /// USER, PASS, ACCT: who is it?
    Login, refuse_login;
    /// Something to do.
    Perform, answer;
    /// RNFR: does it exist?
    Exists, answer;
    /// PWD, MKD: which directory?
    Directory, answer;
    /// SIZE, AVBL, DSIZ: how many bytes?
    Size, answer;
    /// MDTM: modified when?
    Modified, answer;
    /// MLST: which facts?
    Facts, answer;
    /// HASH, MD5, XCRC and their like: which hash?
    Hash, answer;
    /// STAT of a path: a listing over the control connection.
    Status, answer;
    /// SITE and what else has an answer of its own.
    Extension, answer;
}

impl Login<'_> {
    /// The name that USER gives; for PASS and ACCT the one that it gave.
    pub fn user(&self) -> &[u8] {
        match &self.0.asked.command {
            Command::User(name) => name.as_bytes(),
            _ => &self.0.context.user,
        }
    }

    /// 331: a password is needed. Say it for every name, known or not (RFC 2577 5), else names can be found out. After
    /// PASS or ACCT it makes no sense: it is said as 530, and the login has failed.
    pub fn need_password(self) {
        let text = "Please specify the password.";
        match self.0.verb() {
            Verb::User => self.0.answer_static(Code::NEED_PASSWORD, text),
            _ => self.0.refuse_login(&Reply::from_static(Code::NOT_LOGGED_IN, text)),
        }
    }

    /// 332: an account is needed, by ACCT (RFC 959 5.4). After ACCT it makes no sense: it is said as 530, and the login has failed.
    pub fn need_account(self) {
        let text = "Need account for login.";
        match self.0.verb() {
            Verb::Acct => self.0.refuse_login(&Reply::from_static(Code::NOT_LOGGED_IN, text)),
            _ => self.0.answer_static(Code::NEED_ACCOUNT, text),
        }
    }

    /// 230: logged in.
    pub fn accept(self) {
        self.0.answer_static(Code::LOGGED_IN, "Login successful.");
    }
}

impl Perform<'_> {
    /// It was done: 250, or 200, 213 or 220 where the RFCs want that.
    pub fn done(self) {
        if let Some(facts) = changed(self.command()) {
            return self.0.answer(&Reply::new(Code::FILE_STATUS, facts));
        }
        let (code, text) = match self.0.verb() {
            Verb::Cwd | Verb::Cdup => (Code::FILE_ACTION_COMPLETED, "Directory successfully changed."),
            Verb::Dele => (Code::FILE_ACTION_COMPLETED, "Delete operation successful."),
            Verb::Rmd => (Code::FILE_ACTION_COMPLETED, "Remove directory operation successful."),
            Verb::Rnto => (Code::FILE_ACTION_COMPLETED, "Rename successful."),
            Verb::Smnt => (Code::FILE_ACTION_COMPLETED, "Done."),
            Verb::Rein => (Code::SERVICE_READY, "Ready for a new user."),
            Verb::Host => (Code::SERVICE_READY, "Host accepted."),
            _ => (Code::COMMAND_OKAY, "Done."),
        };
        self.0.answer_static(code, text);
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
        self.0.answer_static(Code::PENDING_FURTHER_INFORMATION, "Ready for RNTO.");
    }
}

impl Directory<'_> {
    /// It is this one: 257 with its quotes doubled (RFC 959 appendix II).
    pub fn path(self, path: &Path<'_>) {
        let comment = match self.0.verb() {
            Verb::Mkd => "created",
            _ => "is the current directory",
        };
        self.0.answer_draft(Reply::of_path(path, &Text::from_static(comment)));
    }
}

impl Size<'_> {
    /// The TYPE in force, in which the bytes would be sent (RFC 3659 4.1): never `A` unless
    /// [`Config::size_of_text`](super::Config::size_of_text) wants it.
    pub fn representation(&self) -> Type {
        self.0.context.connection.session.representation()
    }

    /// So many bytes would be sent: 213 (RFC 3659 4).
    pub fn bytes(self, size: u64) {
        self.0.answer_draft(Reply::of_size(size));
    }
}

impl Modified<'_> {
    /// At this time, in UTC: 213 (RFC 3659 3).
    pub fn at(self, time: Time) {
        self.0.answer_draft(Reply::of_time(time));
    }
}

impl Facts<'_> {
    /// The facts that the client wants, of those that [`Support::facts`](super::Support::facts) names.
    pub fn wanted(&self) -> impl Iterator<Item = &str> {
        self.0.context.facts()
    }

    /// These: `facts` as RFC 3659 7.2 writes them (`type=file;size=12;`), and the path.
    pub fn are(self, facts: &Text<'_>, path: &Path<'_>) {
        self.0.answer_draft(Reply::of_facts(facts, path));
    }
}

impl Hash<'_> {
    /// Which one: `SHA-256`, as [`Support::hashes`](super::Support::hashes) names it.
    pub fn algorithm(&self) -> &str {
        let named = self.0.verb().hash_algorithm().and_then(HashAlgorithm::name);
        named.unwrap_or_else(|| self.0.context.config.support.chosen_hash(self.0.context.chosen))
    }

    /// The bytes to hash, the first and the last, both counted from 0, if RANG named them; else it is the whole file.
    pub fn range(&self) -> Option<RangeInclusive<u64>> {
        match self.0.asked.command {
            Command::Hash(_) => self.0.context.range.map(|range| range.start..=range.end),
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
        let (start, end) = self.0.context.range.map_or((0, size), |range| (range.start, range.end));
        let (code, text) = match &self.0.asked.command {
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
        let (first, last) = (Text::from_static("Status follows:"), Text::from_static("End of status"));
        self.0.answer(&Reply::with_lines(Code::FILE_STATUS, first, lines, last));
    }
}

impl Extension<'_> {
    /// It was done, or this is what was asked for. An answer that was made for another verb, and that no client could take for
    /// the answer to this one, is a mistake of the application: 451 is said instead, and a build with debug assertions
    /// panics.
    pub fn answer(self, answer: &Answer<'_>) {
        let Answer { verb, reply } = answer;
        let own = self.0.verb();
        if *verb == own || fits(own, reply.code()) {
            self.0.answer(reply);
        } else {
            cannot_happen("an answer that was made for another verb");
            self.0.answer_static(Code::LOCAL_ERROR, "Local error in processing.");
        }
    }
}
