//! What the application says in its own words: each is checked, where it is made, against the table of RFC 959 5.4, so that
//! the client reads it as the server meant it.

use crate::command::Verb;
use crate::reply::{Class, Code, Reply};
use crate::text::Text;

/// The server's first word: 220, or a refusal, which ends the session once it is written.
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
    /// A greeting of as many lines as the application likes. `None` if the code is neither 220 nor a refusal's
    /// ([`Refusal::new`]): no other code is a greeting that this machine could keep. 120 announces another greeting, and
    /// 230 somebody who is logged in already.
    pub fn new(reply: Reply<'a>) -> Option<Self> {
        let fits = reply.code() == Code::SERVICE_READY || is_refusal(reply.code());
        fits.then_some(Self(reply))
    }

    /// 220: the client may log in.
    pub fn ready(text: Text<'a>) -> Self {
        Self(Reply::new(Code::SERVICE_READY, text))
    }

    /// 421: the client is turned away.
    pub fn closing(text: Text<'a>) -> Self {
        Self(Reply::new(Code::SERVICE_NOT_AVAILABLE, text))
    }

    pub(super) fn reply(&self) -> &Reply<'a> {
        &self.0
    }
}

/// A refusal turns the client away.
impl<'a> From<Refusal<'a>> for Greeting<'a> {
    fn from(refusal: Refusal<'a>) -> Self {
        Self(refusal.0)
    }
}

/// A negative reply (4yz, 5yz): why the application doesn't do what was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal<'a>(Reply<'a>);

impl<'a> Refusal<'a> {
    /// A refusal in the application's own words, of as many lines as it likes. `None` if the code isn't 4yz or 5yz, or is 426:
    /// that answers only a transfer that has begun, so no client would know what it answers. 421 ends the session once it is
    /// written.
    pub fn new(reply: Reply<'a>) -> Option<Self> {
        is_refusal(reply.code()).then_some(Self(reply))
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

fn is_refusal(code: Code) -> bool {
    code.is_negative() && code != Code::TRANSFER_ABORTED
}

/// A final reply that does what a command asked for, or asks for the next command of its sequence, in the application's own
/// words: 2yz or 3yz, of as many lines as it likes.
///
/// It means to the session what its code says: 230 and 232 to USER log in, 331 asks for the password, 332 for the account,
/// 350 to RNFR lets RNTO come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer<'a> {
    verb: Verb,
    reply: Reply<'a>,
}

impl<'a> Answer<'a> {
    /// An answer to a command with this verb. `None` if the code isn't 2yz or 3yz, or a client couldn't take it for the answer
    /// to that command ([`Verb::may_be_answered_with`]).
    pub fn new(verb: Verb, reply: Reply<'a>) -> Option<Self> {
        is_answer(verb, reply.code()).then_some(Self { verb, reply })
    }

    /// Its reply, if it fits this verb too.
    pub(super) fn reply_to(&self, verb: Verb) -> Option<&Reply<'a>> {
        (self.verb == verb || is_answer(verb, self.reply.code())).then_some(&self.reply)
    }
}

pub(super) fn is_answer(verb: Verb, code: Code) -> bool {
    matches!(code.class(), Class::Completion | Class::Intermediate) && verb.may_be_answered_with(code)
}

/// The preliminary reply with which a transfer begins, in the application's own words: 150, 125 or another 1yz, of as many
/// lines as it likes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening<'a>(Reply<'a>);

impl<'a> Opening<'a> {
    /// `None` if the code isn't 1yz, or is 120, which announces a greeting.
    pub fn new(reply: Reply<'a>) -> Option<Self> {
        // All transfer commands have one row of the table.
        let fits = reply.code().is_preliminary() && Verb::Retr.may_be_answered_with(reply.code());
        fits.then_some(Self(reply))
    }

    pub(super) fn reply(&self) -> &Reply<'a> {
        &self.0
    }
}
