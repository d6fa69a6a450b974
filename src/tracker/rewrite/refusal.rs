//! Lines that don't go on, by the application's choice.

use alloc::vec::Vec;

use super::line::Kind;
use super::translation::Own;
use super::{Peer, Piece, Rewrite, Taken};
use crate::reply::{Code, Reply};
use crate::session::CommandId;

/// What the client reads in place of a reply of the server's.
pub(super) enum Owed {
    Own(Own),
    Said(Reply<'static>),
}

impl Rewrite {
    /// Holds each command line back until all of it has come, so that [`refuse`](Self::refuse) can keep the whole line from the server.
    ///
    /// Two kinds of lines never go on, and the client reads 500: a line of more than 64 KiB, and one with a CR or a line end amid it, behind which
    /// some server could read a line of its own.
    #[must_use]
    pub fn holding_lines(mut self) -> Self {
        self.holds_lines = true;
        self
    }

    /// Keeps the last line that was told from going on. Call it at any of the line's events, before its address is answered and its bytes are
    /// taken.
    ///
    /// A command never reaches the server, and the client reads `by` once all before it was answered. A 227, 228 or 229 is replaced by `by`, and
    /// its data connection isn't expected any more.
    ///
    /// Returns `false` and changes nothing if the last line is neither a command nor such a reply, if a part of it has gone on already (see
    /// [`holding_lines`](Self::holding_lines)), or if `by` is no refusal (4yz, 5yz).
    ///
    /// ```
    /// use std::sync::Arc;
    /// use ftp_proto::tracker::{Event, Passed, Rewrite, Rules, Peer, Tracker};
    /// use ftp_proto::{Code, Reply, Verb};
    ///
    /// let (client, server) = ("10.0.0.1:40000".parse()?, "192.0.2.2:21".parse()?);
    /// let mut rewrite = Rewrite::new(Tracker::new(Arc::new(Rules::default()), client, server)).holding_lines();
    /// let mut sent = [String::new(), String::new()];
    /// for (from, bytes) in [(Peer::Server, "220 ready\r\n"), (Peer::Client, "DELE a\r\nNOOP\r\n")] {
    ///     rewrite.received(from, bytes.as_bytes())?;
    ///     while let Some(passed) = rewrite.poll() {
    ///         match passed {
    ///             Passed::Event(Event::Command { verb: Verb::Dele, .. }) => {
    ///                 rewrite.refuse(&Reply::from_static(Code::FILE_UNAVAILABLE, "Nobody deletes here."));
    ///             }
    ///             Passed::Bytes { to, bytes, .. } => sent[to as usize] += std::str::from_utf8(bytes)?,
    ///             Passed::Event(_) | Passed::Address(_) => {}
    ///         }
    ///     }
    /// }
    /// assert_eq!(sent, ["220 ready\r\n550 Nobody deletes here.\r\n", "NOOP\r\n"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn refuse(&mut self, by: &Reply<'_>) -> bool {
        let Some(Taken { from, kind, command, .. }) = &self.line else { return false };
        let (from, id) = match (from, kind, command) {
            (Peer::Client, _, Some(id)) => (Peer::Client, *id),
            (Peer::Server, Kind::Passive(id, ..), _) => (Peer::Server, *id),
            _ => return false,
        };
        if !by.code().is_negative() || self.tracker.is_blind() || self.half(from).passes {
            return false;
        }
        self.line = None;
        self.refuse_line(from, id, Owed::Said(by.clone().into_owned()));
        true
    }

    /// A line that was taken doesn't go on.
    pub(super) fn refuse_line(&mut self, from: Peer, id: CommandId, by: Owed) {
        let half = self.half(from);
        half.drops = false;
        let came = core::mem::take(&mut half.held).len();
        match from {
            Peer::Client => self.swallow(id, by, came),
            Peer::Server => {
                self.tracker.refuse(id);
                let bytes = by.into_bytes(false);
                self.ready.push_back(Piece { to: Peer::Client, bytes, came });
            }
        }
    }

    /// So many bytes of this side don't go on.
    pub(super) fn drop_held(&mut self, from: Peer, came: usize) {
        if came > 0 {
            self.ready.push_back(Piece { to: from.other(), bytes: Vec::new(), came });
        }
    }
}

/// Whether some server could read a line of its own within a line: one that knows no Telnet, behind the line end that a subnegotiation may have,
/// or one to which a CR ends a line, too, as it does to Java's `readLine`.
pub(super) fn hides_a_line(raw: &[u8]) -> bool {
    let mut line = raw.strip_suffix(b"\n").unwrap_or(raw);
    // An empty line is no command.
    while let Some(shorter) = line.strip_suffix(b"\r") {
        line = shorter;
    }
    memchr::memchr2(b'\r', b'\n', line).is_some()
}

impl Owed {
    pub(super) fn code(&self) -> Code {
        match self {
            Self::Own(own) => own.reply(false).code(),
            Self::Said(reply) => reply.code(),
        }
    }

    /// The reply as it is sent; `disabled`: ALGS DISABLE64 is in force.
    pub(super) fn into_bytes(self, disabled: bool) -> Vec<u8> {
        let reply = match self {
            Self::Own(own) => own.reply(disabled),
            Self::Said(reply) => reply,
        };
        let mut bytes = Vec::new();
        reply.encode(&mut bytes);
        bytes
    }
}
