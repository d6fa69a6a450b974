//! Questions to the application: each kind has a handle with only the answers that fit it.

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

/// A command that the application has to answer. Each variant has a handle with the answers that fit; all have
/// [`command`](Self::command), [`refuse`](Self::refuse), [`answer`](Self::answer) and [`relay`](Self::relay).
///
/// ```
/// use ftp_proto::server::{Question, Refusal};
/// use ftp_proto::{Command, Path, Text};
/// fn answer(question: Question<'_>, root: &Path<'_>) {
///     let no = Refusal::unavailable(Text::from_static("Not here."));
///     match question {
///         Question::Login(login) => match login.command() {
///             Command::User(_) => login.need_password(),
///             _ => login.accept(),
///         },
///         Question::Directory(directory) if matches!(directory.command(), Command::Pwd) => directory.path(root),
///         other => other.refuse(&no),
///     }
/// }
/// ```
#[must_use]
#[derive(Debug)]
pub enum Question<'a> {
    /// USER, PASS, ACCT: may this user log in?
    Login(Login<'a>),
    /// CWD, CDUP, DELE, RMD, RNTO and other commands whose success has nothing more to tell: do it.
    Perform(Perform<'a>),
    /// RNFR: does the file exist?
    Exists(Exists<'a>),
    /// PWD, MKD: which directory is it?
    Directory(Directory<'a>),
    /// SIZE, AVBL, DSIZ: how many bytes?
    Size(Size<'a>),
    /// MDTM: when was the file modified last?
    Modified(Modified<'a>),
    /// MLST: which facts does the file have?
    Facts(Facts<'a>),
    /// HASH, MD5, XCRC and the like: what is the hash of the file?
    Hash(Hash<'a>),
    /// STAT of a path: what does LIST show for it?
    Status(Status<'a>),
    /// SITE, unknown verbs, and other commands without a typed answer.
    Extension(Extension<'a>),
}

const WELCOME: &str = "Login successful.";

/// The open question, which every handle wraps.
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

    /// Sends the answer, and grants these permissions if it is positive.
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

    /// Sends an answer that changes nothing outside `Session`.
    fn answer_draft(self, reply: Draft<impl FnOnce(&mut Vec<u8>)>) {
        self.context.answer_draft(self.asked.under_way(), reply);
        self.asked.answer = Some(Answered::Said);
    }

    /// Sends a refusal; that of a login is delayed.
    fn refuse(self, reply: &Reply<'_>) {
        if self.verb().names_user() {
            self.asked.answer = Some(Answered::LoginRefused(self.context.count_failed_login(reply)));
        } else {
            self.answer(reply);
        }
    }

    /// Sends an answer. One that was made for another verb, and doesn't fit this one, is a mistake of the application.
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
            // Commands that the machine answers alone, and transfers, don't come here.
            Kind::Perform | Kind::Transfer | Kind::Nothing => Self::Perform(Perform(open)),
        }
    }

    /// The command.
    pub fn command(&self) -> &Command<'static> {
        &self.open().asked.command
    }

    /// The same each time this question comes, and different for every other `Question` and [`Transfer`](super::Transfer).
    pub fn serial(&self) -> u64 {
        self.open().asked.serial
    }

    /// When the machine stops waiting for the answer ([`Patience::answer`](super::Patience::answer)): it then sends 451 and goes on.
    pub fn deadline(&self) -> Instant {
        self.open().asked.by
    }

    /// The language that the client has chosen by LANG, one of [`Support::languages`](super::Support::languages), for the text of the
    /// answer.
    pub fn language(&self) -> &str {
        self.open().context.language()
    }

    /// Whether the machine wants to be handed input while this question is open. If not, leave the control connection unread.
    pub fn wants_input(&self) -> bool {
        self.open().wants_input
    }

    /// Refuses the command. The refusal of a login is delayed by [`Patience::failed_login_delay`](super::Patience::failed_login_delay), and
    /// [`Config::max_login_failures`](super::Config::max_login_failures) of them end the session.
    pub fn refuse(self, refusal: &Refusal<'_>) {
        self.into_open().refuse(refusal.reply());
    }

    /// Answers in the application's own words that the command was done, or that the next command of its sequence is needed. The typed
    /// answers of each handle have the usual words.
    ///
    /// An answer that was made for another verb and can't answer this one is a mistake of the application: 451 is sent instead, and a
    /// build with debug assertions panics.
    pub fn answer(self, answer: &Answer<'_>) {
        self.into_open().answer_with(answer, None);
    }

    /// For a proxy: answers with the reply that another server gave to the same [`command`](Self::command), whatever its code. The code
    /// has its usual meaning: 230 to USER logs in, 331 asks for the password, 530 refuses.
    ///
    /// A reply that can't answer this command (227 to CWD, 6yz) is sent with the code 451. A 1yz answers nothing yet: the question stays
    /// open.
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

/// Makes each kind of question a handle with its command and the answers that all kinds have.
macro_rules! questions {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[must_use]
        pub struct $name<'a>(Open<'a>);

        impl $name<'_> {
            /// The command.
            pub fn command(&self) -> &Command<'static> {
                &self.0.asked.command
            }

            /// Refuses the command, as [`Question::refuse`] does.
            pub fn refuse(self, refusal: &Refusal<'_>) {
                self.0.refuse(refusal.reply());
            }

            /// Answers in the application's own words, as [`Question::answer`] does.
            pub fn answer(self, answer: &Answer<'_>) {
                self.0.answer_with(answer, None);
            }

            /// Answers with another server's reply, as [`Question::relay`] does.
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
    /// USER, PASS, ACCT: may this user log in?
    ///
    /// ```
    /// use ftp_proto::server::{Login, Refusal};
    /// use ftp_proto::{Command, Text};
    /// fn log_in(login: Login<'_>) {
    ///     match login.command() {
    ///         Command::User(_) => login.need_password(), // for every name, known or not
    ///         Command::Pass(password) if login.user() == b"anna" && password.as_bytes() == b"secret" => login.accept(),
    ///         _ => login.refuse(&Refusal::not_logged_in(Text::from_static("Login incorrect."))),
    ///     }
    /// }
    /// ```
    Login;
    /// CWD, CDUP, DELE, RMD, RNTO and other commands whose success has nothing more to tell.
    Perform;
    /// RNFR: does the file exist?
    Exists;
    /// PWD, MKD: which directory is it?
    Directory;
    /// SIZE, AVBL, DSIZ: how many bytes?
    Size;
    /// MDTM: when was the file modified last?
    Modified;
    /// MLST: which facts does the file have?
    Facts;
    /// HASH, MD5, XCRC and the like: what is the hash of the file?
    Hash;
    /// STAT of a path: what does LIST show for it?
    Status;
    /// SITE, unknown verbs, and other commands without a typed answer: [`answer`](Self::answer) or [`refuse`](Self::refuse).
    Extension;
}

impl Login<'_> {
    /// The user name: the argument of this USER, or of the last one.
    pub fn user(&self) -> &[u8] {
        match &self.0.asked.command {
            Command::User(name) => name.as_bytes(),
            _ => &self.0.context.user,
        }
    }

    /// Answers USER with 331: a password is needed. Do so for every name, known or not, or names can be found out (RFC 2577 5). After PASS
    /// or ACCT it is sent as 530, and the login has failed.
    pub fn need_password(self) {
        let text = "Please specify the password.";
        match self.0.verb() {
            Verb::User => self.0.answer_static(Code::NEED_PASSWORD, text),
            _ => self.0.refuse(&Reply::from_static(Code::NOT_LOGGED_IN, text)),
        }
    }

    /// Answers USER or PASS with 332: an account is needed, by ACCT (RFC 959 5.4). After ACCT it is sent as 530, and the login has failed.
    pub fn need_account(self) {
        let text = "Need account for login.";
        match self.0.verb() {
            Verb::Acct => self.0.refuse(&Reply::from_static(Code::NOT_LOGGED_IN, text)),
            _ => self.0.answer_static(Code::NEED_ACCOUNT, text),
        }
    }

    /// Answers with 230: the user is logged in.
    pub fn accept(self) {
        self.0.answer_static(Code::LOGGED_IN, WELCOME);
    }

    /// Answers with 230: the user is logged in, with these permissions until the next USER that is accepted, REIN or AUTH. Choices by OPTS
    /// and LANG are reset, and an agreed data connection is closed.
    pub fn accept_with(self, permissions: Arc<Permissions>) {
        self.0.answer_granting(&Reply::from_static(Code::LOGGED_IN, WELCOME), Some(permissions));
    }

    /// As [`accept_with`](Self::accept_with), in the application's own words: 230, or 232 (RFC 2228: authorized by the security data
    /// exchange, such as a TLS client certificate). The permissions aren't granted by an answer that asks for more (331, 332).
    pub fn answer_with(self, answer: &Answer<'_>, permissions: Arc<Permissions>) {
        self.0.answer_with(answer, Some(permissions));
    }
}

impl Perform<'_> {
    /// Answers that it was done: with 250, or with 200, 213, 220 or 221 where the RFCs want that.
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

/// The facts that MFMT, MFCT or MFF has changed: `Modify=20240229235960; path` (draft-somers-ftp-mfxx-03 3.1, 4.1, 5.1).
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
    /// Answers with 350: the file exists, and RNTO may come.
    pub fn exists(self) {
        self.0.answer_static(Code::PENDING_FURTHER_INFORMATION, "Ready for RNTO.");
    }
}

impl Directory<'_> {
    /// Answers with 257 and this directory, its quotes doubled (RFC 959 appendix II): the current one for PWD, the new one for MKD.
    pub fn path(self, path: &Path<'_>) {
        let comment = match self.0.verb() {
            Verb::Mkd => "created",
            _ => "is the current directory",
        };
        self.0.answer_draft(Reply::of_path(path, &Text::from_static(comment)));
    }
}

impl Size<'_> {
    /// The TYPE in force, in which SIZE counts the bytes (RFC 3659 4.1): never `A` unless
    /// [`Config::size_in_ascii`](super::Config::size_in_ascii) is set.
    pub fn representation(&self) -> Type {
        self.0.context.connection.session.representation()
    }

    /// Answers with 213 and the number of bytes that a transfer of the file would send (RFC 3659 4), or that AVBL and DSIZ ask for.
    pub fn bytes(self, size: u64) {
        self.0.answer_draft(Reply::of_size(size));
    }
}

impl Modified<'_> {
    /// Answers with 213 and this time, in UTC (RFC 3659 3).
    pub fn at(self, time: Time) {
        self.0.answer_draft(Reply::of_time(time));
    }
}

impl Facts<'_> {
    /// The facts that the client wants, from [`Support::facts`](super::Support::facts).
    pub fn wanted(&self) -> impl Iterator<Item = &str> {
        self.0.context.facts()
    }

    /// Answers with these facts, written as in RFC 3659 7.2 (`type=file;size=12;`), and the path.
    pub fn are(self, facts: &Text<'_>, path: &Path<'_>) {
        self.0.answer_draft(Reply::of_facts(facts, path));
    }
}

impl Hash<'_> {
    /// The algorithm that is wanted, such as `SHA-256`. For HASH it is one of [`Support::hashes`](super::Support::hashes).
    pub fn algorithm(&self) -> &str {
        let named = self.0.verb().hash_algorithm().and_then(HashAlgorithm::name);
        named.unwrap_or_else(|| self.0.context.support().chosen_hash(self.0.context.chosen))
    }

    /// The bytes to hash, from the first to the last, counted from 0, if RANG named them. `None`: the whole file.
    pub fn range(&self) -> Option<RangeInclusive<u64>> {
        match self.0.asked.command {
            Command::Hash(_) => self.0.context.seldom.range().map(|range| range.start..=range.end),
            _ => None,
        }
    }

    /// Answers with the hash: HASH with `213 SHA-256 0-49 <digits> path` for a file of 49 bytes (draft-bryan-ftpext-hash-02 3.1), MD5 with
    /// `251 path <digits>`, the X commands with 250 and the digits. `size` is the size of the whole file, in bytes.
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
    /// Answers with 213 and these lines, as LIST would show them. (For directories RFC 959 4.1.3 has 212, which only ProFTPD sends; vsftpd,
    /// Pure-FTPd and pyftpdlib send 213.)
    pub fn lines<'t>(self, lines: impl IntoIterator<Item = Text<'t>>) {
        let (first, last) = (Text::from_static("Status follows:"), Text::from_static("End of status"));
        self.0.answer(&Reply::with_lines(Code::FILE_STATUS, first, lines, last));
    }
}
