//! What the server's machine asks of its adapter.

use alloc::vec::Vec;
use core::fmt;

use super::exchange::Exchange;
use super::pending::{Pending, Refusal};
use crate::command::{Command, Type, Verb};
use crate::data::{Accept, Cancel, ChannelId, Connect, Direction, Listen, SecureData, Stream};
use crate::outbox::Write;
use crate::reply::{Code, Draft, Reply};
use crate::text::Path;
use crate::time::Instant;
use crate::tls::{StartTls, StopTls};

/// The one next thing to do. Exhaustive on purpose: a new action must break adapters, not surprise them.
#[must_use]
#[derive(Debug)]
pub enum Action<'a> {
    /// Write bytes to the control connection.
    Write(Write<'a>),
    /// Read from the control connection and hand what came to [`Server::received`](super::Server::received), or poll
    /// again at the deadline.
    Read {
        /// When to poll again: the client has been silent for too long then.
        deadline: Instant,
    },
    /// A command needs the application.
    Command(Pending<'a>),
    /// A command wants a file or a listing moved.
    Transfer(Transfer<'a>),
    /// Listen for a data connection.
    Listen(Listen<'a>),
    /// Make a data connection (active mode).
    Connect(Connect<'a>),
    /// Accept a data connection.
    Accept(Accept<'a>),
    /// Begin TLS on the data connection, as a server.
    SecureData(SecureData<'a>),
    /// Move bytes over the data connection, then close it.
    Stream(Stream<'a>),
    /// Stop what an earlier question about this data connection began: Listen, Connect, Accept, SecureData, Stream.
    Cancel(Cancel<'a>),
    /// Close this data connection or listening socket, or give up making it if its deadline has passed; it isn't needed
    /// any more. The machine counts it as done.
    Discard(ChannelId),
    /// Begin TLS on the control connection, as a server.
    StartTls(StartTls<'a>),
    /// End TLS on the control connection, and go on in plaintext.
    StopTls(StopTls<'a>),
    /// Close the control connection: everything was said.
    Close,
}

/// RETR, STOR, APPE, STOU, LIST, NLST or MLSD, with a data connection agreed on. Accepting it is the only way to a 150.
#[must_use]
pub struct Transfer<'a> {
    exchange: &'a mut Exchange,
    now: Instant,
}

impl<'a> Transfer<'a> {
    pub(super) fn new(exchange: &'a mut Exchange, now: Instant) -> Self {
        Self { exchange, now }
    }

    /// What was asked.
    pub fn command(&self) -> Command<'_> {
        self.exchange.command()
    }

    /// The same for the same question, however often it comes.
    pub fn serial(&self) -> u64 {
        self.exchange.serial()
    }

    /// When the machine stops waiting for the answer, says 451 and goes on.
    pub fn deadline(&self) -> Instant {
        self.exchange.answer_by.unwrap_or_default()
    }

    /// Whether the control connection may be read while this question is open.
    pub fn wants_input(&self) -> bool {
        self.exchange.wants_input
    }

    /// Where in the file it begins, in bytes (REST).
    pub fn offset(&self) -> u64 {
        self.exchange.offset()
    }

    /// RETR and STOR: the last byte, counted from 0, if RANG named one; the first is the [`offset`](Self::offset).
    pub fn last(&self) -> Option<u64> {
        match self.command() {
            Command::Retr(_) | Command::Stor(_) => self.exchange.range.map(|range| range.end),
            _ => None,
        }
    }

    /// How hard mode Z has to compress, 0 to 9, if the client said so (OPTS MODE Z LEVEL).
    pub fn deflate_level(&self) -> Option<u8> {
        self.exchange.chosen.level
    }

    /// The language that LANG chose, of those that [`Support::languages`](super::Support::languages) names.
    pub fn language(&self) -> &str {
        self.exchange.config.support.chosen_language(self.exchange.chosen)
    }

    /// MLSD: the facts that the client wants, of those that [`Support::facts`](super::Support::facts) names.
    pub fn facts(&self) -> impl Iterator<Item = &str> {
        self.exchange.facts()
    }

    /// Which way the bytes go, seen from the server.
    pub fn direction(&self) -> Direction {
        direction(self.command().verb())
    }

    /// The file or listing is there, or can be written.
    pub fn accept(self) {
        let text = match self.command().verb() {
            Verb::List | Verb::Nlst | Verb::Mlsd => "Here comes the directory listing.",
            Verb::Retr => "Opening data connection.",
            _ => "Ok to send data.",
        };
        self.open(Reply::of_opening(&[text.as_bytes()], None));
    }

    /// The file is there, and `size` bytes of it are going to be sent; clients show it as progress.
    pub fn accept_sized(self, size: u64) {
        let Self { exchange, now } = self;
        let mode: &[u8] = match exchange.session.representation() {
            Type::Ascii(_) | Type::Ebcdic(_) => b"ASCII",
            Type::Image | Type::Local(_) => b"BINARY",
        };
        let line = exchange.take_line();
        let path = match Command::parse(&line) {
            Ok(Command::Retr(path)) => Some(path),
            _ => None,
        };
        let parts: [&[u8]; 4] = match &path {
            Some(path) => [b"Opening ", mode, b" mode data connection for ", path.as_bytes()],
            None => [b"Opening data connection", b"", b"", b""],
        };
        exchange.accept_transfer(Reply::of_opening(&parts, Some(size)), now);
        exchange.give_line_back(line);
    }

    /// STOU: the file is going to be written under this name, which the client is told in the 150
    /// (RFC 1123 4.1.2.9) and in the 226.
    pub fn accept_as(self, name: &Path<'_>) {
        self.exchange.unique = Some(name.borrowed().into_owned());
        self.open(Reply::of_unique_file(Code::OPENING_DATA_CONNECTION, name));
    }

    /// It can't be read or written.
    pub fn refuse(self, refusal: &Refusal<'_>) {
        self.exchange.refuse_transfer(refusal.reply());
    }

    fn open(self, opening: Draft<impl FnOnce(&mut Vec<u8>)>) {
        self.exchange.accept_transfer(opening, self.now);
    }
}

impl fmt::Debug for Transfer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transfer").field("command", &self.command()).field("offset", &self.offset()).finish()
    }
}

/// Which way the bytes of a transfer command go, seen from the server.
pub(super) fn direction(verb: Verb) -> Direction {
    match verb {
        Verb::Stor | Verb::Appe | Verb::Stou => Direction::Receive,
        _ => Direction::Send,
    }
}
