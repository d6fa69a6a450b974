//! The question whether a transfer may begin.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use super::context::Context;
use super::phase::{Asked, Decided};
use super::transfer::direction;
use super::words::{Opening, Refusal};
use crate::command::{Command, DataUse, Form, Type};
use crate::data::{Direction, Relayed};
use crate::reply::{Class, Code, Draft, Reply, draft_of};
use crate::text::Path;
use crate::time::Instant;

/// Accept or refuse a RETR, STOR, APPE, STOU, LIST, NLST or MLSD for which a data connection is agreed on. Accepting it is the only way to a
/// 150. [`Stream`](crate::Stream) comes next, once the data connection is made.
///
/// ```
/// use ftp_proto::server::{Refusal, Transfer};
/// use ftp_proto::{Command, Text};
/// fn open(transfer: Transfer<'_>, file: &[u8]) {
///     match transfer.command() {
///         Command::Retr(path) if path.as_bytes() == b"notes.txt" => transfer.accept_sized(file.len() as u64),
///         _ => transfer.refuse(&Refusal::unavailable(Text::from_static("No such file."))),
///     }
/// }
/// ```
#[must_use]
pub struct Transfer<'a> {
    asked: &'a mut Asked<Decided>,
    context: &'a mut Context,
    wants_input: bool,
}

impl<'a> Transfer<'a> {
    pub(super) fn new(asked: &'a mut Asked<Decided>, context: &'a mut Context, wants_input: bool) -> Self {
        Self { asked, context, wants_input }
    }

    /// The command.
    pub fn command(&self) -> &Command<'static> {
        &self.asked.command
    }

    /// The same each time this question comes, and different for every other [`Question`](super::Question) and `Transfer`.
    pub fn serial(&self) -> u64 {
        self.asked.serial
    }

    /// When the machine stops waiting for the answer ([`Patience::answer`](super::Patience::answer)): it then sends 451 and goes on.
    pub fn deadline(&self) -> Instant {
        self.asked.by
    }

    /// Whether the machine wants to be handed input while this question is open. If not, leave the control connection unread.
    pub fn wants_input(&self) -> bool {
        self.wants_input
    }

    /// Where the transfer begins, in bytes from the start of the file (REST, or RANG's first byte).
    pub fn offset(&self) -> u64 {
        self.context.offset_of(&self.asked.command)
    }

    /// The last byte that a RETR or STOR transfers, counted from 0, if RANG named it. The first byte is [`offset`](Self::offset).
    pub fn last_byte(&self) -> Option<u64> {
        match self.command() {
            Command::Retr(_) | Command::Stor(_) => self.context.seldom.range().map(|range| range.end),
            _ => None,
        }
    }

    /// The compression level for MODE Z, 0 to 9, if the client has chosen one (OPTS MODE Z LEVEL).
    pub fn deflate_level(&self) -> Option<u8> {
        self.context.chosen.level
    }

    /// The language that the client has chosen by LANG, one of [`Support::languages`](super::Support::languages).
    pub fn language(&self) -> &str {
        self.context.language()
    }

    /// The facts that the client wants in an MLSD listing, from [`Support::facts`](super::Support::facts).
    pub fn facts(&self) -> impl Iterator<Item = &str> {
        self.context.facts()
    }

    /// The TYPE in force.
    pub fn representation(&self) -> Type {
        self.context.connection.session.representation()
    }

    /// TYPE, STRU and MODE in force, from which a [`codec`](crate::codec) is made.
    pub fn form(&self) -> Form {
        self.context.connection.session.form()
    }

    /// Which way the bytes go, seen from the server.
    pub fn direction(&self) -> Direction {
        direction(self.asked.command.verb())
    }

    /// Answers that the file or listing is ready to be read, or the file to be written.
    pub fn accept(self) {
        let text = match self.asked.command.verb().data_use() {
            DataUse::Listing => "Here comes the directory listing.",
            DataUse::Download => "Opening data connection.",
            _ => "Ok to send data.",
        };
        self.open(Reply::of_opening(&[text.as_bytes()], None), None);
    }

    /// As [`accept`](Self::accept), and announces in the 150 that `size` bytes are going to be sent, from which clients show the progress.
    pub fn accept_sized(self, size: u64) {
        let Self { asked, context, .. } = self;
        let mode: &[u8] = match context.connection.session.representation() {
            Type::Ascii(_) | Type::Ebcdic(_) => b"ASCII",
            Type::Image | Type::Local(_) => b"BINARY",
        };
        let parts: [&[u8]; 4] = match &asked.command {
            Command::Retr(path) => [b"Opening ", mode, b" mode data connection for ", path.as_bytes()],
            _ => [b"Opening data connection", b"", b"", b""],
        };
        let opening = Reply::of_opening(&parts, Some(size));
        asked.answer = Some(context.accept_transfer(asked.id, &asked.command, opening, None));
    }

    /// As [`accept`](Self::accept), for STOU: tells the client in the 150 (RFC 1123 4.1.2.9) and in the 226 under which name the file is
    /// stored.
    pub fn accept_as(self, name: &Path<'_>) {
        let opening = Reply::of_unique_file(Code::OPENING_DATA_CONNECTION, name);
        self.open(opening, Some(Box::new(name.borrowed().into_owned())));
    }

    /// As [`accept`](Self::accept), in the application's own words. Clients look in them for the size, and for the name of a STOU.
    pub fn accept_with(self, opening: &Opening<'_>) {
        self.open(draft_of(opening.reply()), None);
    }

    /// Answers that there is no such file, or it can't be read or written. The agreed data connection stays for the next transfer, unless
    /// the refusal is about it (425, for example).
    pub fn refuse(self, refusal: &Refusal<'_>) {
        self.conclude(refusal.reply());
    }

    /// For a proxy: answers with the reply that another server gave to the same command. A 1yz accepts the transfer, whose end
    /// [`Stream::relay`](crate::Stream::relay) tells; any other reply ends it before a byte is moved. A reply that can't answer a transfer
    /// command (331, 227, 6yz) is sent with the code 451.
    pub fn relay(self, reply: &Reply<'_>) -> Relayed {
        let (verb, code) = (self.asked.command.verb(), reply.code());
        let fits = verb.may_be_answered_with(code) && code.class() != Class::Protected;
        match Opening::new(reply.borrowed()) {
            Some(opening) => self.accept_with(&opening),
            None if fits => self.conclude(reply),
            None => {
                self.conclude(&reply.with_code(Code::LOCAL_ERROR));
                return Relayed::LocalError;
            }
        }
        Relayed::Verbatim
    }

    /// Sends the final reply before a byte is moved.
    fn conclude(self, reply: &Reply<'_>) {
        self.context.refuse_transfer(self.asked.under_way(), reply);
        self.asked.answer = Some(Decided::Refused);
    }

    fn open(self, opening: Draft<impl FnOnce(&mut Vec<u8>)>, unique: Option<Box<Path<'static>>>) {
        let Self { asked, context, .. } = self;
        asked.answer = Some(context.accept_transfer(asked.id, &asked.command, opening, unique));
    }
}

impl fmt::Debug for Transfer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transfer").field("command", self.command()).field("offset", &self.offset()).finish()
    }
}
