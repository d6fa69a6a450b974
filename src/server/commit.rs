//! The end of an upload: what was sent has come whole, and is kept, or not.
//!
//! ```text
//! Stream ends, its connection is closed ─▶ Look ─▶ Commit ─▶ 226, 451, 552
//!                                           └─ ABOR, the end ─▶ Close ─▶ 426 and 226, or the end of the session
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

/// Look whether the client has said something before its upload is kept: read once what is on the control connection,
/// without waiting, hand it over, and say [`looked`](Self::looked).
///
/// An ABOR that came before the data's end may still lie there unread, and so may the end of the connection; what was
/// read by then undoes the upload. Whatever stands between the adapter and the socket is looked through, too: what TLS has
/// decrypted, or has yet to decrypt, and a runtime's belief that there is nothing.
///
/// It isn't asked for where nothing may be read: the control connection has ended behind a QUIT, or
/// [`Config::pipeline_bytes`](super::Config::pipeline_bytes) is full.
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

    /// The data connection that the upload came over; it is closed, unless its end was in the data.
    pub fn channel(&self) -> ChannelId {
        self.context.connection.data.channel()
    }

    /// The same for the same question, however often it comes.
    pub fn serial(&self) -> u64 {
        self.context.connection.data.serial()
    }

    /// Whether more may be read: no end was handed over, and there is room.
    pub fn wants_input(&self) -> bool {
        self.context.wants_input(self.inbox, self.waiting)
    }

    /// What was read, as [`Server::received`](super::Server::received) takes it: an empty slice is the end.
    pub fn received(&mut self, bytes: &[u8]) {
        if !self.context.received(self.inbox, self.waiting, bytes) {
            self.context.connection.data.release();
            self.context.say_unasked(&Reply::from_static(Code::SERVICE_NOT_AVAILABLE, TOO_MUCH));
        }
    }

    /// Everything that was there has been handed over.
    pub fn looked(self) {
        *self.step = Step::Looked;
    }
}

impl fmt::Debug for Look<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Look").field("channel", &self.channel()).finish_non_exhaustive()
    }
}

/// An upload (STOR, STOU, APPE) has come whole: keep it, under the name that it is to have. Nothing that was kept before is
/// touched until now, and the client hears nothing of success before it.
///
/// Once this was asked there is no way back. An ABOR is answered behind the upload's reply, and the end of the control
/// connection changes nothing: the upload is kept, and then the session ends. Past the [deadline](Self::deadline) the client
/// hears 451, and `Close` is asked for this channel: stop, and drop what isn't kept yet. The same `Close`, without the 451, is
/// asked if the application ends the session meanwhile ([`Server::close`](super::Server::close)), or the control connection
/// can't be written to. So whatever happens, an upload of which the client hears a 2yz was kept.
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
    /// The file can't be written, or can't have its name: 451.
    Local,
    /// The storage is full, or the user's part of it: 552.
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

    /// What was asked: STOR, STOU or APPE.
    pub fn command(&self) -> &Command<'static> {
        &self.asked.command
    }

    /// The data connection that the upload came over; it is closed, unless its end was in the data.
    pub fn channel(&self) -> ChannelId {
        self.context.connection.data.channel()
    }

    /// The same for the same question, however often it comes.
    pub fn serial(&self) -> u64 {
        self.asked.serial
    }

    /// How many bytes have come, as the end of the `Stream` told.
    pub fn moved(&self) -> u64 {
        self.upload.moved
    }

    /// When the machine stops waiting for the answer, says 451, asks for `Close` and goes on
    /// ([`Patience::commit`](super::Patience::commit)).
    pub fn deadline(&self) -> Instant {
        self.asked.by
    }

    /// Whether the control connection may be read while this question is open.
    pub fn wants_input(&self) -> bool {
        self.wants_input
    }

    /// It is kept: 226, or 250 if the data connection stays ([`StreamEnd::Marked`](crate::StreamEnd::Marked)), with the name that STOU has chosen; or what
    /// [`Stream::finished_with`](crate::Stream::finished_with) was told to say.
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

    /// It is kept if the ending [is whole](crate::StreamEnd::is_whole), and nothing of it is left if it is another; the client hears these
    /// words.
    pub fn end_with(self, ending: &Ending<'_>) {
        self.say(ending.reply());
    }

    /// Says the final reply that another server has given to the same upload: it is kept there if that is 2yz. A reply that no
    /// client could take for the end of a transfer is said under 451. After a 1yz the question stays open.
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

    /// It isn't kept, and nothing of it is left: 451 or 552.
    pub fn failed(self, why: CommitError) {
        let (code, text) = why.answer();
        self.context.connection.data.settle();
        self.context.answer_static(self.asked.under_way(), code, text);
        self.asked.answer = Some(Committed);
    }

    /// The application's own final reply.
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
