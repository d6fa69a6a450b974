//! Replies in the application's own words. Each is checked against the table of RFC 959 5.4 where it is made, so that the client takes it as
//! the server meant it.

use crate::command::Verb;
use crate::reply::{Class, Code, Reply};
use crate::text::Text;

/// The server's first reply: 220, or a refusal, which ends the session once it is written.
///
/// ```
/// use ftp_proto::server::Greeting;
/// use ftp_proto::{Code, Reply, Text};
/// let ready = Greeting::ready(Text::from_static("Files of the department, read only."));
/// let lines = Reply::with_lines(Code::SERVICE_READY, Text::new("Welcome.")?, [], Text::new("Be brief.")?);
/// assert!(Greeting::new(lines).is_some());
/// assert!(Greeting::new(Reply::from_static(Code::OPENING_DATA_CONNECTION, "Of which transfer?")).is_none());
/// # Ok::<(), ftp_proto::TextError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Greeting<'a>(Reply<'a>);

impl<'a> Greeting<'a> {
    /// A greeting of any number of lines. `None` if the code is neither 220 nor that of a [`Refusal`]: 120 would announce another greeting,
    /// and 230 that the user is logged in already.
    pub fn new(reply: Reply<'a>) -> Option<Self> {
        let fits = reply.code() == Code::SERVICE_READY || is_refusal(reply.code());
        fits.then_some(Self(reply))
    }

    /// A 220: the client may log in.
    pub fn ready(text: Text<'a>) -> Self {
        Self(Reply::new(Code::SERVICE_READY, text))
    }

    /// A 421: the client is turned away.
    pub fn closing(text: Text<'a>) -> Self {
        Self(Reply::new(Code::SERVICE_NOT_AVAILABLE, text))
    }

    pub(super) fn reply(&self) -> &Reply<'a> {
        &self.0
    }
}

/// A greeting that turns the client away.
impl<'a> From<Refusal<'a>> for Greeting<'a> {
    fn from(refusal: Refusal<'a>) -> Self {
        Self(refusal.0)
    }
}

/// A negative reply (4yz or 5yz): why the application refuses a command.
///
/// ```
/// use ftp_proto::server::Refusal;
/// use ftp_proto::{Code, Reply, Text};
/// let missing = Refusal::unavailable(Text::from_static("No such file."));
/// let full = Refusal::new(Reply::from_static(Code::INSUFFICIENT_STORAGE, "Quota exceeded."));
/// assert!(full.is_some());
/// assert!(Refusal::new(Reply::from_static(Code::COMMAND_OKAY, "Done.")).is_none());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal<'a>(Reply<'a>);

impl<'a> Refusal<'a> {
    /// A refusal of any number of lines. `None` if the code isn't 4yz or 5yz, or is 426, which can only answer a transfer that has begun.
    /// 421 ends the session once it is written.
    pub fn new(reply: Reply<'a>) -> Option<Self> {
        is_refusal(reply.code()).then_some(Self(reply))
    }

    /// A 550: there is no such file, no permission, and the like.
    pub fn unavailable(text: Text<'a>) -> Self {
        Self(Reply::new(Code::FILE_UNAVAILABLE, text))
    }

    /// A 530: the name or password is wrong, or a login is needed.
    pub fn not_logged_in(text: Text<'a>) -> Self {
        Self(Reply::new(Code::NOT_LOGGED_IN, text))
    }

    /// A 421: the session ends once it is written.
    pub fn closing(text: Text<'a>) -> Self {
        Self(Reply::new(Code::SERVICE_NOT_AVAILABLE, text))
    }

    pub(super) fn reply(&self) -> &Reply<'a> {
        &self.0
    }
}

fn is_refusal(code: Code) -> bool {
    code.is_negative() && code != Code::TRANSFER_ABORTED
}

/// A positive final reply (2yz or 3yz) in the application's own words: the command was done, or the next command of its sequence is needed.
///
/// Its code has the usual meaning for the session: 230 and 232 to USER log in, 331 asks for the password, 332 for the account, 350 to RNFR
/// lets RNTO come.
///
/// ```
/// use ftp_proto::server::Answer;
/// use ftp_proto::{Code, Reply, Verb};
/// assert!(Answer::new(Verb::Site, Reply::from_static(Code::COMMAND_OKAY, "Mode changed.")).is_some());
/// assert!(Answer::new(Verb::Cwd, Reply::from_static(Code::LOGGED_IN, "Welcome.")).is_none(), "230 can't answer CWD");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer<'a> {
    verb: Verb,
    reply: Reply<'a>,
}

impl<'a> Answer<'a> {
    /// An answer to a command with this verb. `None` if the code isn't 2yz or 3yz, or can't answer that command
    /// ([`Verb::may_be_answered_with`]).
    pub fn new(verb: Verb, reply: Reply<'a>) -> Option<Self> {
        is_answer(verb, reply.code()).then_some(Self { verb, reply })
    }

    /// The reply, if it can answer this verb.
    pub(super) fn reply_to(&self, verb: Verb) -> Option<&Reply<'a>> {
        (self.verb == verb || is_answer(verb, self.reply.code())).then_some(&self.reply)
    }
}

pub(super) fn is_answer(verb: Verb, code: Code) -> bool {
    matches!(code.class(), Class::Completion | Class::Intermediate) && verb.may_be_answered_with(code)
}

/// The preliminary reply (1yz) that begins a transfer, in the application's own words.
///
/// ```
/// use ftp_proto::server::Opening;
/// use ftp_proto::{Code, Reply};
/// assert!(Opening::new(Reply::from_static(Code::OPENING_DATA_CONNECTION, "Here it comes (12 bytes).")).is_some());
/// assert!(Opening::new(Reply::from_static(Code::COMMAND_OKAY, "Done.")).is_none());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening<'a>(Reply<'a>);

impl<'a> Opening<'a> {
    /// An opening of any number of lines. `None` if the code isn't 1yz, or is 120, which announces a greeting.
    pub fn new(reply: Reply<'a>) -> Option<Self> {
        // All transfer commands have one row of the table.
        let fits = reply.code().is_preliminary() && Verb::Retr.may_be_answered_with(reply.code());
        fits.then_some(Self(reply))
    }

    pub(super) fn reply(&self) -> &Reply<'a> {
        &self.0
    }
}
