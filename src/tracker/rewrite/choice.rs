//! What the application decides about a line: which address the other side reads, or that it doesn't go on.

use alloc::vec::Vec;
use core::fmt;
use core::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::line::{Becomes, Kind, Line};
use super::translation::{Own, Translated};
use super::{Expectation, Peer, Piece, Rewrite, Taken, Translation};
use crate::command::Verb;
use crate::reply::{Code, Reply};
use crate::session::CommandId;

/// An address that a line announces, and the question what the other side is to read in its place.
pub struct Address<'a> {
    pub(super) rewrite: &'a mut Rewrite,
    pub(super) id: CommandId,
}

impl Address<'_> {
    /// The data connection that the tracker expects, with the address that was announced.
    pub fn expectation(&self) -> Option<Expectation<'_>> {
        self.rewrite.tracker.expected(self.id)
    }

    /// The address that was announced.
    pub fn announced(&self) -> Option<SocketAddr> {
        self.expectation().map(|expectation| expectation.to)
    }

    /// Lets the other side read the address that was announced, in the form that its network needs.
    pub fn keep(self) {
        self.answer(None);
    }

    /// Lets the other side read this address. A 229 names only its port: the client dials the host of its control connection (RFC 2428 3).
    ///
    /// An address of the other family turns PORT into EPRT, and EPRT into PORT. A 227 can't name an IPv6 address: the client reads 425 in its place,
    /// or, behind a PASV of its own to a server in an [IPv4 network](super::Translation::Client6), the 227 as it came.
    ///
    /// An address that nobody can dial is [refused](Self::refuse): port 0, and, unless a 229 names the port alone, an unspecified, multicast or
    /// broadcast host, such as the `0.0.0.0` of a socket that listens at each of its host's addresses.
    pub fn replace(self, by: SocketAddr) {
        let names_host = !matches!(&self.rewrite.line, Some(Taken { kind: Kind::Passive(_, Verb::Epsv, _), .. }));
        if by.port() == 0 || names_host && !is_one_host(by.ip()) {
            return self.refuse();
        }
        self.answer(Some(by));
    }

    /// Keeps the address from the other side. The client reads 425 in place of a 227, 228 or 229, and 500 to its PORT, EPRT or LPRT, which the
    /// server never reads.
    pub fn refuse(self) {
        let Some(line) = self.rewrite.line.take() else { return };
        self.rewrite.half(line.from).passes = false;
        let by = if line.from == Peer::Client { Own::Refuse } else { Own::NoDataConnection };
        self.rewrite.refuse_line(line.from, self.id, Owed::Own(by));
    }

    fn answer(self, chosen: Option<SocketAddr>) {
        if let Some(line) = self.rewrite.line.take() {
            self.rewrite.go_on(&line, chosen);
        }
    }
}

impl fmt::Debug for Address<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Address").field(&self.expectation()).finish()
    }
}

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

    /// A line goes on, with another address if one was chosen.
    pub(super) fn go_on(&mut self, line: &Taken, chosen: Option<SocketAddr>) {
        let from = line.from;
        let held = self.take_held(from);
        let half = self.half(from);
        let drops = core::mem::take(&mut half.drops);
        if core::mem::take(&mut half.passes) || self.tracker.is_blind() {
            return self.pass(from, held);
        }
        if let Some(id) = line.command.filter(|_| self.holds_lines) {
            if drops {
                return self.swallow(id, Owed::Own(Own::TooLong), held.len());
            }
            if hides_a_line(&held) {
                return self.swallow(id, Owed::Own(Own::Unreadable), held.len());
            }
        }
        if let (Some(own), Some(id)) = (self.own(line), line.kind.id()) {
            if let Own::Translated(now) = own {
                self.disabled = now == Translated::Nothing;
            }
            return self.swallow(id, Owed::Own(own), held.len());
        }
        let translation = self.translation_of(line);
        let announced = line.asked.and_then(|id| self.tracker.expected(id)).map(|expectation| expectation.to);
        let line = Line { raw: &held, kind: line.kind, announced, translation, between: self.translation };
        let bytes = match line.becomes(chosen) {
            Becomes::Itself => return self.pass(from, held),
            Becomes::Other(bytes) => bytes,
            Becomes::Refusal(bytes) => {
                // Nobody hears where the server listens.
                if let Some(id) = line.kind.id() {
                    self.tracker.refuse(id);
                }
                bytes
            }
        };
        self.ready.push_back(Piece { to: from.other(), bytes, came: held.len() });
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
                let bytes = by.into_bytes();
                self.ready.push_back(Piece { to: Peer::Client, bytes, came });
            }
        }
    }

    /// The gateway says what it owes the client, if it is its turn, or refuses what either side negotiates.
    pub(super) fn answer_owed(&mut self) -> bool {
        if self.translation != Translation::None
            && [Peer::Client, Peer::Server].into_iter().any(|side| self.refuse_options(side))
        {
            return true;
        }
        let Some((id, _)) = self.owed.front() else { return false };
        if !self.server.held.is_empty() || !self.tracker.may_be_answered_now(*id) {
            return false;
        }
        let Some((_, owed)) = self.owed.pop_front() else { return false };
        let bytes = owed.into_bytes();
        self.ready.push_back(Piece { to: Peer::Client, bytes, came: 0 });
        true
    }

    /// The server never sees this command.
    pub(super) fn swallow(&mut self, id: CommandId, owed: Owed, came: usize) {
        self.tracker.swallow(id, owed.code());
        self.owed.push_back((id, owed));
        self.ready.push_back(Piece { to: Peer::Server, bytes: Vec::new(), came });
    }

    /// So many bytes of this side don't go on.
    pub(super) fn drop_held(&mut self, from: Peer, came: usize) {
        if came > 0 {
            self.ready.push_back(Piece { to: from.other(), bytes: Vec::new(), came });
        }
    }
}

/// Whether this is the address of one host.
fn is_one_host(host: IpAddr) -> bool {
    let host = host.to_canonical();
    !host.is_unspecified() && !host.is_multicast() && host != IpAddr::V4(Ipv4Addr::BROADCAST)
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
            Self::Own(own) => own.reply().code(),
            Self::Said(reply) => reply.code(),
        }
    }

    /// The reply as it is sent.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        let reply = match self {
            Self::Own(own) => own.reply(),
            Self::Said(reply) => reply,
        };
        let mut bytes = Vec::new();
        reply.encode(&mut bytes);
        bytes
    }
}
