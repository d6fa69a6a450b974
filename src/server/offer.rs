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

/// RETR, STOR, APPE, STOU, LIST, NLST or MLSD, with a data connection agreed on. Accepting it is the only way to a 150.
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

    /// What was asked.
    pub fn command(&self) -> &Command<'static> {
        &self.asked.command
    }

    /// The same for the same question, however often it comes.
    pub fn serial(&self) -> u64 {
        self.asked.serial
    }

    /// When the machine stops waiting for the answer, says 451 and goes on.
    pub fn deadline(&self) -> Instant {
        self.asked.by
    }

    /// Whether the control connection may be read while this question is open.
    pub fn wants_input(&self) -> bool {
        self.wants_input
    }

    /// Where in the file it begins, in bytes (REST).
    pub fn offset(&self) -> u64 {
        self.context.offset_of(&self.asked.command)
    }

    /// RETR and STOR: the last byte, counted from 0, if RANG named one; the first is the [`offset`](Self::offset).
    pub fn last_byte(&self) -> Option<u64> {
        match self.command() {
            Command::Retr(_) | Command::Stor(_) => self.context.seldom.range().map(|range| range.end),
            _ => None,
        }
    }

    /// How hard mode Z has to compress, 0 to 9, if the client said so (OPTS MODE Z LEVEL).
    pub fn deflate_level(&self) -> Option<u8> {
        self.context.chosen.level
    }

    /// The language that LANG chose, of those that [`Support::languages`](super::Support::languages) names.
    pub fn language(&self) -> &str {
        self.context.language()
    }

    /// MLSD: the facts that the client wants, of those that [`Support::facts`](super::Support::facts) names.
    pub fn facts(&self) -> impl Iterator<Item = &str> {
        self.context.facts()
    }

    /// The TYPE in force, in which the bytes are sent.
    pub fn representation(&self) -> Type {
        self.context.connection.session.representation()
    }

    /// The TYPE, STRU and MODE in force, in which the bytes are moved: what a [`codec`](crate::codec) is made for.
    pub fn form(&self) -> Form {
        self.context.connection.session.form()
    }

    /// Which way the bytes go, seen from the server.
    pub fn direction(&self) -> Direction {
        direction(self.asked.command.verb())
    }

    /// The file or listing is there, or can be written.
    pub fn accept(self) {
        let text = match self.asked.command.verb().data_use() {
            DataUse::Listing => "Here comes the directory listing.",
            DataUse::Download => "Opening data connection.",
            _ => "Ok to send data.",
        };
        self.open(Reply::of_opening(&[text.as_bytes()], None), None);
    }

    /// The file is there, and `size` bytes of it are going to be sent; clients show it as progress.
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

    /// STOU: the file is going to be written under this name, which the client is told in the 150
    /// (RFC 1123 4.1.2.9) and in the 226.
    pub fn accept_as(self, name: &Path<'_>) {
        let opening = Reply::of_unique_file(Code::OPENING_DATA_CONNECTION, name);
        self.open(opening, Some(Box::new(name.borrowed().into_owned())));
    }

    /// The same in the application's own words. A client looks for the size, and for the name that STOU chose, in them.
    pub fn accept_with(self, opening: &Opening<'_>) {
        self.open(draft_of(opening.reply()), None);
    }

    /// It can't be read or written.
    pub fn refuse(self, refusal: &Refusal<'_>) {
        self.conclude(refusal.reply());
    }

    /// Says the reply that another server has given to the same command: a 1yz accepts the transfer, and so leads to its
    /// stream, whose end [`Stream::relay`](crate::Stream::relay) says; any other ends it without a byte. A reply that no
    /// client could take for an answer to a transfer (a 331, a 227, 6yz) is said under 451.
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

    /// The final reply, without a byte.
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
