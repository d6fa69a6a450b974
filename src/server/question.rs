//! Questions to the application: each kind has a handle with only the answers that fit it.

mod answers;

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use super::context::Context;
use super::permissions::Permissions;
use super::phase::{Answered, Asked};
use super::words::{Answer, Refusal, is_answer};
use crate::command::{Command, Question as Kind, Verb};
use crate::connection::cannot_happen;
use crate::data::Relayed;
use crate::reply::{Code, Draft, Reply};
use crate::time::Instant;

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
    ///
    /// ```
    /// use ftp_proto::server::{Perform, Refusal};
    /// use ftp_proto::{Command, Text};
    /// fn perform(perform: Perform<'_>, delete: impl Fn(&[u8]) -> bool) {
    ///     match perform.command() {
    ///         Command::Dele(path) if delete(path.as_bytes()) => perform.done(),
    ///         _ => perform.refuse(&Refusal::unavailable(Text::from_static("No such file."))),
    ///     }
    /// }
    /// ```
    Perform;
    /// RNFR: does the file exist?
    Exists;
    /// PWD, MKD: which directory is it?
    ///
    /// ```
    /// use ftp_proto::Path;
    /// use ftp_proto::server::Directory;
    /// fn current(directory: Directory<'_>, current: &Path<'_>) {
    ///     directory.path(current);
    /// }
    /// ```
    Directory;
    /// SIZE, AVBL, DSIZ: how many bytes?
    Size;
    /// MDTM: when was the file modified last?
    ///
    /// ```
    /// use ftp_proto::Time;
    /// use ftp_proto::server::Modified;
    /// fn modified(modified: Modified<'_>, time: Time) {
    ///     modified.at(time); // in UTC
    /// }
    /// ```
    Modified;
    /// MLST: which facts does the file have?
    ///
    /// ```
    /// use ftp_proto::server::Facts;
    /// use ftp_proto::{Command, Text};
    /// fn facts(facts: Facts<'_>, size: u64) {
    ///     let line = Text::new(&format!("type=file;size={size};")).unwrap_or_default().into_owned();
    ///     if let Command::Mlst(Some(path)) = facts.command().clone() {
    ///         facts.are(&line, &path);
    ///     }
    /// }
    /// ```
    Facts;
    /// HASH, MD5, XCRC and the like: what is the hash of the file?
    ///
    /// ```
    /// use ftp_proto::server::Hash;
    /// fn hash(hash: Hash<'_>, file: &[u8], sha256: impl Fn(&[u8]) -> [u8; 32]) {
    ///     assert_eq!(hash.algorithm(), "SHA-256"); // the only one that `Support` names
    ///     let digest = sha256(file);
    ///     hash.is(&digest, file.len() as u64);
    /// }
    /// ```
    Hash;
    /// STAT of a path: what does LIST show for it?
    Status;
    /// SITE, unknown verbs, and other commands without a typed answer: [`answer`](Self::answer) or [`refuse`](Self::refuse).
    ///
    /// ```
    /// use ftp_proto::server::{Answer, Extension};
    /// use ftp_proto::{Code, Reply};
    /// fn site(extension: Extension<'_>) {
    ///     let done = Reply::from_static(Code::COMMAND_OKAY, "Mode changed.");
    ///     if let Some(answer) = Answer::new(extension.command().verb(), done) {
    ///         extension.answer(&answer);
    ///     }
    /// }
    /// ```
    Extension;
}
