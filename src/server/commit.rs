//! The end of an upload that has come whole: it is kept, or not.
//!
//! ```text
//! Stream ends, its connection is closed ─▶ Look ─▶ Commit ─▶ 226, 451, 552
//!                                           └─ ABOR, or the end ─▶ Close ─▶ 426 and 226, or the end of the session
//! ```

use core::fmt;

use super::context::{Context, TOO_MUCH};
use super::phase::{Asked, Committed, Step, Upload};
use super::transfer::STORAGE_FULL;
use super::waiting::Waiting;
use crate::command::Command;
use crate::data::{ChannelId, Ending, Relayed};
use crate::inbox::{Commands, Inbox};
use crate::reply::{Code, Reply};
use crate::time::Instant;

/// Look for unread input of the client before its upload is kept: read the control connection once without waiting, hand over what was
/// read, and answer [`looked`](Self::looked).
///
/// An ABOR that was sent before the end of the data may still be unread, and so may the end of the control connection; either undoes the
/// upload. Look also in the layers between the adapter and the socket: TLS may hold bytes that it has or hasn't decrypted, and an
/// asynchronous runtime may not know yet that the socket is readable. The chapter [`adapters`](crate::adapters#look) shows how.
///
/// `Look` isn't asked while nothing may be read: after the end of the control connection behind a QUIT, or with
/// [`Config::pipeline_bytes`](super::Config::pipeline_bytes) unread.
///
/// ```
/// use ftp_proto::server::Look;
/// fn look(mut look: Look<'_>, unread: &[u8]) {
///     if look.wants_input() && !unread.is_empty() {
///         look.received(unread);
///     }
///     look.looked();
/// }
/// ```
#[must_use]
pub struct Look<'a> {
    step: &'a mut Step,
    context: &'a mut Context,
    inbox: &'a mut Inbox<Commands>,
    waiting: &'a Waiting,
}

impl<'a> Look<'a> {
    pub(super) fn new(
        step: &'a mut Step,
        context: &'a mut Context,
        inbox: &'a mut Inbox<Commands>,
        waiting: &'a Waiting,
    ) -> Self {
        Self { step, context, inbox, waiting }
    }

    /// The data connection that the upload came over. It is closed, unless the stream ended with
    /// [`StreamEnd::Marked`](crate::StreamEnd::Marked).
    pub fn channel(&self) -> ChannelId {
        self.context.connection.data.channel()
    }

    /// The same each time this question comes, and different for every other question about a data connection.
    pub fn serial(&self) -> u64 {
        self.context.connection.data.serial()
    }

    /// Whether more may be read: the end wasn't handed over yet, and there is room.
    pub fn wants_input(&self) -> bool {
        self.context.wants_input(self.inbox, self.waiting)
    }

    /// Takes the bytes that were read, as [`Server::received`](super::Server::received) does: an empty slice is the end.
    pub fn received(&mut self, bytes: &[u8]) {
        if !self.context.received(self.inbox, self.waiting, bytes) {
            self.context.connection.data.release();
            self.context.say_unasked(&Reply::from_static(Code::SERVICE_NOT_AVAILABLE, TOO_MUCH));
        }
    }

    /// Answers that everything that could be read without waiting was handed over.
    pub fn looked(self) {
        *self.step = Step::Looked;
    }
}

impl fmt::Debug for Look<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Look").field("channel", &self.channel()).finish_non_exhaustive()
    }
}

/// Keep an upload (STOR, STOU, APPE) that has come whole, under its final name. Until now an old file of that name should be untouched; the
/// client is told of success only once this is answered.
///
/// From here on the client can't abort the upload: ABOR is answered after the upload's reply, and if the control connection ends, the upload
/// is kept before the session ends. Past the [deadline](Self::deadline) the client is told 451, and [`Close`](crate::Close) asks to drop the
/// upload. `Close` also comes, without the 451, if the application ends the session ([`Server::close`](super::Server::close)) or the control
/// connection can't be written to. So an upload that was answered with 2yz was always kept.
///
/// ```
/// use ftp_proto::server::{Commit, CommitError};
/// fn commit(commit: Commit<'_>, rename: impl FnOnce() -> std::io::Result<()>) {
///     match rename() {
///         Ok(()) => commit.kept(),
///         Err(_) => commit.failed(CommitError::Local),
///     }
/// }
/// ```
#[must_use]
pub struct Commit<'a> {
    asked: &'a mut Asked<Committed>,
    upload: &'a Upload,
    context: &'a mut Context,
    wants_input: bool,
}

/// Why an upload that has come whole isn't kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CommitError {
    /// The file can't be written or renamed: 451.
    Local,
    /// The storage is full, or the user's quota is used up: 552.
    StorageFull,
}

impl CommitError {
    fn answer(self) -> (Code, &'static str) {
        match self {
            Self::Local => (Code::LOCAL_ERROR, "Failure reading or writing local file."),
            Self::StorageFull => (Code::EXCEEDED_ALLOCATION, STORAGE_FULL),
        }
    }
}

impl fmt::Display for CommitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Local => "local error",
            Self::StorageFull => "storage full",
        })
    }
}

impl core::error::Error for CommitError {}

impl<'a> Commit<'a> {
    pub(super) fn new(
        asked: &'a mut Asked<Committed>,
        upload: &'a Upload,
        context: &'a mut Context,
        wants_input: bool,
    ) -> Self {
        Self { asked, upload, context, wants_input }
    }

    /// The command of the upload: STOR, STOU or APPE.
    pub fn command(&self) -> &Command<'static> {
        &self.asked.command
    }

    /// The data connection that the upload came over. It is closed, unless the stream ended with
    /// [`StreamEnd::Marked`](crate::StreamEnd::Marked).
    pub fn channel(&self) -> ChannelId {
        self.context.connection.data.channel()
    }

    /// The same each time this question comes, and different for every other question about a data connection.
    pub fn serial(&self) -> u64 {
        self.asked.serial
    }

    /// The number of bytes that have come, as the end of the `Stream` told.
    pub fn moved(&self) -> u64 {
        self.upload.moved
    }

    /// When the machine stops waiting for the answer ([`Patience::commit`](super::Patience::commit)): it then sends 451 and asks for
    /// `Close`.
    pub fn deadline(&self) -> Instant {
        self.asked.by
    }

    /// Whether the machine wants to be handed input while this question is open. If not, leave the control connection unread.
    pub fn wants_input(&self) -> bool {
        self.wants_input
    }

    /// Answers that the upload is kept. The reply is the one that [`Stream::finished_with`](crate::Stream::finished_with) gave; otherwise
    /// 226, or 250 if the data connection stays open ([`StreamEnd::Marked`](crate::StreamEnd::Marked)), with the name of a STOU.
    pub fn kept(self) {
        let to = self.asked.under_way();
        self.context.connection.data.settle();
        match (&self.upload.words, &self.upload.unique) {
            (Some(words), _) => self.context.answer_end(to, words),
            (_, Some(name)) => {
                self.context.answer_draft(to, Reply::of_unique_file(self.context.completion(), name));
            }
            _ => self.context.answer_static(to, self.context.completion(), "Transfer complete."),
        }
        self.asked.answer = Some(Committed);
    }

    /// Answers in the application's own words: an ending that [is whole](crate::StreamEnd::is_whole) says that the upload is kept, any
    /// other that nothing of it is.
    pub fn end_with(self, ending: &Ending<'_>) {
        self.say(ending.reply());
    }

    /// For a proxy: answers with the final reply that another server gave to the same upload. A reply that can't end a transfer is sent
    /// with the code 451. After a 1yz the question stays open.
    pub fn relay(self, reply: &Reply<'_>) -> Relayed {
        if reply.code().is_preliminary() {
            return Relayed::Pending;
        }
        match Ending::of(reply.borrowed()) {
            Some(ending) => self.end_with(&ending),
            None => {
                self.say(&reply.with_code(Code::LOCAL_ERROR));
                return Relayed::LocalError;
            }
        }
        Relayed::Verbatim
    }

    /// Answers that nothing of the upload is kept: 451 or 552.
    pub fn failed(self, why: CommitError) {
        let (code, text) = why.answer();
        self.context.connection.data.settle();
        self.context.answer_static(self.asked.under_way(), code, text);
        self.asked.answer = Some(Committed);
    }

    /// Sends the application's own final reply.
    fn say(self, reply: &Reply<'_>) {
        self.context.connection.data.settle();
        self.context.answer_end(self.asked.under_way(), reply);
        self.asked.answer = Some(Committed);
    }
}

impl fmt::Debug for Commit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Commit").field("command", self.command()).field("moved", &self.moved()).finish()
    }
}
