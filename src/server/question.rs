//! Commands that need the application: each is a question whose handle has just the answers that fit.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::ops::RangeInclusive;

use super::answers::NOOP_OK;
use super::context::{Context, GOODBYE};
use super::permissions::Permissions;
use super::phase::{Answered, Asked};
use super::words::{Answer, Refusal, is_answer};
use crate::command::{Command, HashAlgorithm, Question as Kind, Type, Verb};
use crate::connection::cannot_happen;
use crate::data::Relayed;
use crate::reply::{Code, Draft, Reply};
use crate::text::{Path, Text};
use crate::time::{Instant, Time};

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
    /// SITE, a verb that is in no table, and what else has an answer of its own.
    Extension(Extension<'a>),
}

const WELCOME: &str = "Login successful.";

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
        self.answer_granting(reply, None);
    }

    /// Who is logged in by it has these permissions.
    fn answer_granting(self, reply: &Reply<'_>, permissions: Option<Arc<Permissions>>) {
        self.context.conclude(&self.asked.command, reply.code());
        if permissions.is_some() && reply.code().is_completion() {
            self.context.grant(permissions);
        }
        let to = self.asked.under_way();
        let is_unknown = to.verb == Verb::Other && reply.code().is_negative();
        if !(is_unknown && self.context.ends_unknown(to)) {
            self.context.answer(to, reply);
        }
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

    /// A login's refusal is said after a while.
    fn refuse(self, reply: &Reply<'_>) {
        if self.verb().names_user() {
            self.asked.answer = Some(Answered::LoginRefused(self.context.count_failed_login(reply)));
        } else {
            self.answer(reply);
        }
    }

    /// An answer that was made for another verb, and doesn't fit this one, is a mistake of the application.
    fn answer_with(self, answer: &Answer<'_>, permissions: Option<Arc<Permissions>>) {
        match answer.reply_to(self.verb()) {
            Some(reply) => self.answer_granting(reply, permissions),
            None => {
                cannot_happen("an answer that was made for another verb");
                self.refuse(&Reply::from_static(Code::LOCAL_ERROR, "Local error in processing."));
            }
        }
    }

    fn relay(self, reply: &Reply<'_>) -> Relayed {
        let (verb, code) = (self.verb(), reply.code());
        if code.is_preliminary() {
            return Relayed::Pending;
        }
        if is_answer(verb, code) {
            self.answer(reply);
        } else if code.is_negative() && verb.may_be_answered_with(code) {
            self.refuse(reply);
        } else {
            self.refuse(&reply.with_code(Code::LOCAL_ERROR));
            return Relayed::LocalError;
        }
        Relayed::Verbatim
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
        self.open().asked.serial
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
        self.into_open().refuse(refusal.reply());
    }

    /// It was done, or the next command of its sequence is asked for, in the application's own words. The typed answers of
    /// each question say the usual ones. An answer that was made for another verb, and that no client could take for the
    /// answer to this one, is a mistake of the application: 451 is said instead, and a build with debug assertions panics.
    pub fn answer(self, answer: &Answer<'_>) {
        self.into_open().answer_with(answer, None);
    }

    /// Says the reply that another server has given to the same command, and it means to this session what it says: 230 to
    /// USER logs in, 331 asks for the password, 530 refuses. That is what a proxy needs, which sends
    /// [`command`](Self::command) on and hands each reply back, whatever its code.
    ///
    /// A reply that no client could take for an answer to this command (a 227 to CWD, 6yz) is sent with the code 451. After a 1yz,
    /// which answers nothing yet, the question stays open.
    pub fn relay(self, reply: &Reply<'_>) -> Relayed {
        self.into_open().relay(reply)
    }

    fn into_open(self) -> Open<'a> {
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

/// One kind of question: its command, and the answers that every kind has.
macro_rules! questions {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[must_use]
        pub struct $name<'a>(Open<'a>);

        impl $name<'_> {
            /// What was asked.
            pub fn command(&self) -> &Command<'static> {
                &self.0.asked.command
            }

            /// It isn't done. The refusal of a login is said after
            /// [`Patience::failed_login_delay`](super::Patience::failed_login_delay), and the third one ends the session.
            pub fn refuse(self, refusal: &Refusal<'_>) {
                self.0.refuse(refusal.reply());
            }

            /// It was done, or the next command of its sequence is asked for, in the application's own words; as
            /// [`Question::answer`] says.
            pub fn answer(self, answer: &Answer<'_>) {
                self.0.answer_with(answer, None);
            }

            /// Says what another server has answered to the same command; as [`Question::relay`] says.
            pub fn relay(self, reply: &Reply<'_>) -> Relayed {
                self.0.relay(reply)
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
    Login;
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
            _ => self.0.refuse(&Reply::from_static(Code::NOT_LOGGED_IN, text)),
        }
    }

    /// 332: an account is needed, by ACCT (RFC 959 5.4). After ACCT it makes no sense: it is said as 530, and the login has failed.
    pub fn need_account(self) {
        let text = "Need account for login.";
        match self.0.verb() {
            Verb::Acct => self.0.refuse(&Reply::from_static(Code::NOT_LOGGED_IN, text)),
            _ => self.0.answer_static(Code::NEED_ACCOUNT, text),
        }
    }

    /// 230: logged in.
    pub fn accept(self) {
        self.0.answer_static(Code::LOGGED_IN, WELCOME);
    }

    /// 230: logged in, with these permissions until another USER is accepted, REIN or AUTH. What OPTS and LANG have chosen is reset,
    /// and a data connection that was agreed on is closed.
    pub fn accept_with(self, permissions: Arc<Permissions>) {
        self.0.answer_granting(&Reply::from_static(Code::LOGGED_IN, WELCOME), Some(permissions));
    }

    /// Logged in in the application's own words, 230 or 232 (RFC 2228: authorized by the security data exchange, such as a TLS
    /// client's certificate), with these permissions. An answer that asks for more (331, 332) leaves the permissions aside.
    pub fn answer_with(self, answer: &Answer<'_>, permissions: Arc<Permissions>) {
        self.0.answer_with(answer, Some(permissions));
    }
}

impl Perform<'_> {
    /// It was done: 250, or 200, 213, 220 or 221 where the RFCs want that.
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
            Verb::Quit => (Code::CLOSING_CONTROL_CONNECTION, GOODBYE),
            Verb::Noop => (Code::COMMAND_OKAY, NOOP_OK),
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
    /// [`Config::size_in_ascii`](super::Config::size_in_ascii) wants it.
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
        named.unwrap_or_else(|| self.0.context.support().chosen_hash(self.0.context.chosen))
    }

    /// The bytes to hash, the first and the last, both counted from 0, if RANG named them; else it is the whole file.
    pub fn range(&self) -> Option<RangeInclusive<u64>> {
        match self.0.asked.command {
            Command::Hash(_) => self.0.context.seldom.range().map(|range| range.start..=range.end),
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
        let (start, end) = self.0.context.seldom.range().map_or((0, size), |range| (range.start, range.end));
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
