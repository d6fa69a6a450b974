//! A session that goes through: other addresses in place of those that pass by, and lines that don't go on.

mod choice;
mod half;
mod line;
mod options;
mod translation;

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::fmt;

pub use choice::Address;
pub use half::Flood;
pub use translation::Translation;

use super::{Event, Expectation, Peer, Tracker};
use crate::command::Verb;
use crate::session::{Awaited, CommandId};
use choice::Owed;
use half::{Half, MOST_ROOM};
use line::Kind;
pub(in crate::tracker) use options::Hears;
use options::Options;

/// Passes a session on, for NAT helpers and proxies. What comes out is what went in, but for the addresses of PORT, EPRT, LPRT, 227, 228 and 229
/// that the application replaces.
///
/// Give it what either side sent ([`received`](Self::received)), and take what it has ([`poll`](Self::poll)) until there is nothing more. For each
/// line it has first the events, then a question if the line announces an address, then the bytes that go on. A line that announces an address
/// waits until its question is answered; a PORT, EPRT or LPRT behind a login without a reply waits for that, and so does what the client says behind it. All
/// other bytes go on at once, even those of a line that hasn't ended. Under TLS nothing is touched.
/// A reply is held up to 64 KiB. Of a longer one nothing is asked: it goes on as it is, and its data connection is withdrawn.
///
/// A NAT's helper also has to know how many bytes more went out than came in, since the sequence numbers behind them differ by as many, and so do the
/// acknowledgements that come back:
///
/// ```
/// use std::net::SocketAddr;
/// use std::sync::Arc;
/// use ftp_proto::tracker::{Passed, Peer, Rewrite, Rules, Tracker};
///
/// // The client has a private address. The server sees it as 203.0.113.7.
/// let (client, server) = ("10.0.0.1:40000".parse()?, "192.0.2.2:21".parse()?);
/// let outside: SocketAddr = "203.0.113.7:50000".parse()?;
/// let mut rewrite = Rewrite::new(Tracker::new(Arc::new(Rules::default()), client, server));
/// let mut to_server = Vec::new();
/// // By how much the sequence numbers of what comes next differ.
/// let mut shift = 0;
/// let segments: [(Peer, &[u8]); 5] = [
///     (Peer::Server, b"220 ready\r\n"),
///     (Peer::Client, b"USER anna\r\n"),
///     (Peer::Server, b"230 in\r\n"),
///     // Two segments, and the address is in both. The first line goes on at once.
///     (Peer::Client, b"TYPE I\r\nPORT 10,0,"),
///     (Peer::Client, b"0,1,18,103\r\n"),
/// ];
/// for (from, bytes) in segments {
///     // Each byte once, and in order: not what TCP sends again.
///     rewrite.received(from, bytes)?;
///     while let Some(passed) = rewrite.poll() {
///         match passed {
///             // Map the outside address to the one that was announced, then let the server read it.
///             Passed::Address(address) => address.replace(outside),
///             Passed::Bytes { to: Peer::Server, bytes, came } => {
///                 to_server.extend_from_slice(bytes);
///                 shift += bytes.len() as i64 - came as i64;
///             }
///             // From the server to the client the same is done.
///             Passed::Bytes { to: Peer::Client, .. } | Passed::Event(_) => {}
///         }
///     }
/// }
/// assert_eq!(to_server, b"USER anna\r\nTYPE I\r\nPORT 203,0,113,7,195,80\r\n");
/// assert_eq!(shift, 3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// While a part of a line is held, acknowledge it yourself, since many senders wait for that with the rest (Nagle). Keep each piece until the
/// receiver has acknowledged it: its sender doesn't send again what was acknowledged, and would send the old address.
///
/// A server with a private address is the same the other way round: its 227 is asked about. Give the tracker each end's address as the packets on
/// that end's side have it. Between IPv6 and IPv4, see [`translating`](Self::translating).
pub struct Rewrite {
    tracker: Tracker,
    translation: Translation,
    /// ALGS DISABLE64 was said.
    disabled: bool,
    /// EPRT isn't translated, and ALGS doesn't say it is.
    without_eprt: bool,
    /// PASV and EPSV that went on as one another, and weren't answered.
    translated: Vec<CommandId>,
    client: Half,
    server: Half,
    /// Whose bytes are taken first.
    first: Peer,
    /// A line that was taken, whose events come first.
    line: Option<Taken>,
    /// Of whom something was taken that may be no line: its events come first, too.
    rest: Option<Peer>,
    /// What goes on with the next poll.
    ready: VecDeque<Piece>,
    /// What was handed out.
    out: Vec<u8>,
    /// The room of what was handed out before.
    spare: Vec<u8>,
    last: Last,
    /// What the gateway itself answers, once all before it was answered.
    owed: VecDeque<(CommandId, Owed)>,
    /// More has come than was wanted: nothing goes on any more.
    flood: Option<Flood>,
    /// Lines of the client go on when they are whole.
    holds_lines: bool,
}

/// The last event of the tracker, without what it borrows.
enum Last {
    Command(CommandId, Verb, bool),
    Reply(Option<CommandId>, Option<Awaited>),
    Noise(Box<[u8]>),
    News,
}

/// So much is held at most of a reply that may announce an address.
const MOST_HELD: usize = 1 << 16;
/// As many answers of the gateway's own may wait for what was said before them; the client isn't read on then.
const MOST_OWED: usize = 64;

struct Taken {
    from: Peer,
    kind: Kind,
    /// The command that it is, if it is one.
    command: Option<CommandId>,
    /// The data connection that it announces.
    asked: Option<CommandId>,
}

/// Bytes for one side, and for how many that came they stand.
struct Piece {
    to: Peer,
    bytes: Vec<u8>,
    came: usize,
}

/// What a [`Rewrite`] has next.
pub enum Passed<'a> {
    /// What the tracker tells.
    Event(Event<'a>),
    /// A question: a line announces an address, and which one is the other side to read? The line waits for the answer. If this is dropped
    /// without one, the question comes again with the next [`poll`](Rewrite::poll).
    Address(Address<'a>),
    /// Send these bytes on.
    Bytes {
        /// The side to send them to.
        to: Peer,
        /// The bytes; none if what came doesn't go on.
        bytes: &'a [u8],
        /// How many bytes of the other side they replace. The two numbers differ where an address was replaced, and the sequence numbers of TCP
        /// differ by as much from there on. 0 for what the gateway says itself: a reply, or its refusal of an option of Telnet.
        came: usize,
    },
}

impl Rewrite {
    /// Passes the session on that `tracker` follows.
    pub fn new(tracker: Tracker) -> Self {
        Self::translating(tracker, Translation::None)
    }

    /// The same between an IPv4 and an IPv6 network (RFC 6384). Each address of the tracker is the one that the end has in its own network.
    /// [`Translation::Client6`] tells, section by section, what becomes of what is said.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use ftp_proto::tracker::{Passed, Peer, Rewrite, Rules, Tracker, Translation};
    ///
    /// let (client, server) = ("[2001:db8::1]:40000".parse()?, "192.0.2.2:21".parse()?);
    /// let tracker = Tracker::new(Arc::new(Rules::default()), client, server);
    /// let mut rewrite = Rewrite::translating(tracker, Translation::Client6);
    /// let mut read = [String::new(), String::new()];
    /// for (from, line) in [
    ///     (Peer::Server, "220 ready\r\n"),
    ///     (Peer::Client, "USER anna\r\n"),
    ///     (Peer::Server, "230 in\r\n"),
    ///     (Peer::Client, "EPSV\r\n"),
    ///     (Peer::Server, "227 Entering Passive Mode (192,0,2,2,18,103)\r\n"),
    /// ] {
    ///     rewrite.received(from, line.as_bytes())?;
    ///     while let Some(passed) = rewrite.poll() {
    ///         match passed {
    ///             // The ports are the same on both sides of this gateway.
    ///             Passed::Address(address) => address.keep(),
    ///             Passed::Bytes { to, bytes, .. } => read[to as usize] += std::str::from_utf8(bytes)?,
    ///             Passed::Event(_) => {}
    ///         }
    ///     }
    /// }
    /// assert!(read[Peer::Server as usize].ends_with("PASV\r\n"));
    /// assert!(read[Peer::Client as usize].ends_with("229 Entering Extended Passive Mode (|||4711|)\r\n"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn translating(mut tracker: Tracker, translation: Translation) -> Self {
        tracker.see_all();
        // What may be the rest of a line isn't touched.
        let half = |side| {
            let passes = tracker.is_amid_line(side);
            let options = || Options::new(tracker.most_of_line(side), passes);
            Half { passes, options: (translation != Translation::None).then(options), ..Half::default() }
        };
        let (client, server) = (half(Peer::Client), half(Peer::Server));
        Self {
            tracker,
            translation,
            disabled: false,
            without_eprt: false,
            translated: Vec::new(),
            client,
            server,
            first: Peer::Client,
            line: None,
            rest: None,
            ready: VecDeque::new(),
            out: Vec::new(),
            spare: Vec::new(),
            last: Last::News,
            owed: VecDeque::new(),
            flood: None,
            holds_lines: false,
        }
    }

    /// The tracker, which tells what is known of the session.
    pub fn tracker(&self) -> &Tracker {
        &self.tracker
    }

    /// Takes bytes that this side sent. An empty slice is the end of its connection: once all before it has gone on, so does what is held of a line
    /// without an end, as it is.
    ///
    /// Allocates where the bytes need room, and is bounded: while more than 64 KiB of this side wait for [`poll`](Self::poll),
    /// [`wants_input`](Self::wants_input) says no, and whatever comes all the same is a [`Flood`]. None of these bytes is taken then, and none of
    /// either side goes on any more: a line that goes on with a part missing could be read as another one.
    ///
    /// # Errors
    ///
    /// [`Flood`], now and from now on. End both connections.
    pub fn received(&mut self, from: Peer, bytes: &[u8]) -> Result<(), Flood> {
        if let Some(flood) = self.flood {
            return Err(flood);
        }
        if !bytes.is_empty() && !self.wants_input(from) {
            return Err(*self.flood.insert(Flood { from }));
        }
        if !self.half(from.other()).has_more() {
            self.first = from;
        }
        let half = self.half(from);
        half.push(bytes);
        half.ends |= bytes.is_empty();
        Ok(())
    }

    /// Whether more of this side's bytes may be read: no more than 64 KiB of them wait. More can wait only while [`poll`](Self::poll) isn't
    /// called, while a question about an [`Address`] isn't answered, while 64 commands that were kept from the server wait for the replies
    /// to those before them, or behind a PORT, EPRT or LPRT that waits for the reply to the login before it.
    pub fn wants_input(&self, from: Peer) -> bool {
        self.of(from).has_room()
    }

    /// This side has closed its connection, and all that it sent was taken: what is held has no end.
    fn end(&mut self, from: Peer) {
        self.tracker.received(from, &[]);
        let drops = self.holds_lines && from == Peer::Client;
        let half = self.half(from);
        half.options.iter_mut().for_each(|options| options.lose(&mut half.held));
        (half.ends, half.has_ended, half.passes, half.drops) = (false, true, !drops, drops);
    }

    /// Says that this many bytes of this side are missing here, since they go another way; `u64::MAX` if their number isn't known. What was held
    /// goes on as it is, and so does the rest of the line.
    pub fn gap(&mut self, from: Peer, bytes: u64) {
        self.tracker.gap(from, bytes);
        let mut rest = self.take_held(from);
        let half = self.half(from);
        half.passes = true;
        half.options.iter_mut().for_each(|options| options.lose(&mut rest));
        rest.extend_from_slice(half.untaken());
        half.take(usize::MAX);
        self.pass(from, rest);
    }

    /// The next event, question or bytes; `None` if there is nothing more, or behind a [`Flood`]. Allocates for what it holds back or replaces.
    pub fn poll(&mut self) -> Option<Passed<'_>> {
        if self.flood.is_some() {
            return None;
        }
        loop {
            if let Some(Piece { to, bytes, came }) = self.ready.pop_front() {
                let gone = self.half(to.other()).options.as_mut().filter(|_| came > 0).map_or(0, Options::gone);
                let came = came.saturating_add_signed(gone);
                self.spare = core::mem::replace(&mut self.out, bytes);
                self.spare.clear();
                self.spare.shrink_to(MOST_ROOM);
                return Some(Passed::Bytes { to, bytes: &self.out, came });
            }
            if self.tracker.has_news() {
                if self.note() {
                    break;
                }
                continue;
            }
            if let Some(id) = self.line.as_ref().and_then(|line| line.asked) {
                if self.has_gone_on() {
                    self.tracker.refuse(id);
                    self.line = self.line.take().map(|line| Taken { asked: None, ..line });
                    continue;
                }
                return Some(Passed::Address(Address { rewrite: self, id }));
            }
            if let Some(line) = self.line.take() {
                self.go_on(&line, None);
                continue;
            }
            if self.answer_owed() {
                continue;
            }
            if let Some(from) = self.rest.take() {
                self.let_pass(from);
                continue;
            }
            self.rest = Some(self.take()?);
            if self.note() {
                break;
            }
        }
        self.told().map(Passed::Event)
    }

    /// Whether a part of the line that was taken is on its way already: what it announces can't be replaced any more.
    fn has_gone_on(&self) -> bool {
        self.line.as_ref().is_some_and(|line| self.of(line.from).passes)
    }

    /// Lets the tracker go to its next event; whether there is one. What matters of it is noted.
    fn note(&mut self) -> bool {
        let Some(event) = self.tracker.poll() else { return false };
        let (from, command, kind) = match event {
            Event::Command { id, verb, command } => {
                self.last = Last::Command(id, verb, command.is_some());
                let kind = Kind::of_command(id, verb, command.as_ref());
                drop(command);
                let is_unknown = kind == Kind::Other && self.tracker.names_unknown_protocol(verb);
                (Peer::Client, Some(id), if is_unknown { Kind::UnknownProtocol(id, verb) } else { kind })
            }
            Event::Reply { answers, awaited, reply } => {
                self.last = Last::Reply(answers, awaited);
                (Peer::Server, None, Kind::of_reply(answers, awaited, reply.code()))
            }
            Event::Noise(line) => {
                self.last = Last::Noise(line);
                (Peer::Server, None, Kind::Other)
            }
            event => {
                self.last = Last::News;
                if let Event::Expect(Expectation { id, .. }) = event
                    && let Some(line) = self.line.as_mut().filter(|line| line.kind.id() == Some(id))
                {
                    line.asked = Some(id);
                }
                return true;
            }
        };
        self.line = Some(Taken { from, kind, command, asked: None });
        true
    }

    /// The last event once more.
    fn told(&mut self) -> Option<Event<'_>> {
        match core::mem::replace(&mut self.last, Last::News) {
            Last::Command(id, verb, is_command) => Some(self.tracker.last_command(id, verb, is_command)),
            Last::Reply(answers, awaited) => self.tracker.last_reply(answers, awaited),
            Last::Noise(line) => Some(Event::Noise(line)),
            Last::News => self.tracker.tell(),
        }
    }

    /// Hands the tracker what comes next, at most to the end of a line; whose it was.
    fn take(&mut self) -> Option<Peer> {
        let from = [self.first, self.first.other()].into_iter().find(|side| self.may_take(*side))?;
        // What has to wait comes next once it may.
        if !self.of(self.first).has_more() {
            self.first = from;
        }
        if self.half(from).is_taken() {
            self.end(from);
            return Some(from);
        }
        let half = match from {
            Peer::Client => &mut self.client,
            Peer::Server => &mut self.server,
        };
        let untaken = half.untaken();
        let hidden = self.tracker.hidden(from, untaken);
        let line_end = || memchr::memchr(b'\n', untaken).map(|at| at.saturating_add(1));
        let telnet = || self.tracker.telnet_before_login(from, untaken);
        let length = hidden.or_else(telnet).or_else(line_end).unwrap_or(untaken.len());
        let hears = (hidden.is_none() && half.options.is_some()).then(|| self.tracker.hears_options(from));
        // The tracker reads what the other side reads.
        let piece = half.hold(from, length, hears);
        if !piece.is_empty() {
            self.tracker.received(from, piece);
        }
        if hidden.is_some() {
            // With what was held before TLS hid the rest.
            half.passes = false;
            let held = self.take_held(from);
            self.pass(from, held);
            // What the server says in the clear may have told that the client is amid a line.
            self.client.passes |= self.tracker.is_amid_line(Peer::Client);
        }
        Some(from)
    }

    /// Whether something of this side waits that can be taken now.
    fn may_take(&self, side: Peer) -> bool {
        let waits = || self.owed.len() >= MOST_OWED || self.waits_for_login();
        self.of(side).has_more() && !(side == Peer::Client && waits())
    }

    /// Whether an address comes next that is asked about once the server has answered the login before it.
    fn waits_for_login(&self) -> bool {
        !self.server.has_ended && !self.client.is_taken() && self.tracker.waits_for_login(self.client.untaken())
    }

    /// What is held goes on if no address can be in it.
    fn let_pass(&mut self, from: Peer) {
        let (is_amid, may_announce) = self.tracker.under_way(from);
        let holds = self.holds_lines && from == Peer::Client;
        let half = self.half(from);
        if half.held.is_empty() {
            return self.drop_options(from);
        }
        let is_much = half.held.len() > MOST_HELD || half.drops;
        if !half.passes && (may_announce || holds) && !is_much {
            return;
        }
        half.drops = holds && !half.passes;
        half.passes = is_amid && !half.drops;
        let drops = half.drops;
        let held = self.take_held(from);
        if drops { self.drop_held(from, held.len()) } else { self.pass(from, held) }
    }

    fn pass(&mut self, from: Peer, bytes: Vec<u8>) {
        if !bytes.is_empty() {
            let came = bytes.len();
            self.ready.push_back(Piece { to: from.other(), bytes, came });
        }
    }

    /// What is held of this side; the room of what was handed out comes in its place.
    fn take_held(&mut self, side: Peer) -> Vec<u8> {
        let room = core::mem::take(&mut self.spare);
        core::mem::replace(&mut self.half(side).held, room)
    }

    fn of(&self, side: Peer) -> &Half {
        match side {
            Peer::Client => &self.client,
            Peer::Server => &self.server,
        }
    }

    fn half(&mut self, side: Peer) -> &mut Half {
        match side {
            Peer::Client => &mut self.client,
            Peer::Server => &mut self.server,
        }
    }
}

impl fmt::Debug for Rewrite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rewrite").field("tracker", &self.tracker).finish_non_exhaustive()
    }
}

impl fmt::Debug for Passed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Event(event) => f.debug_tuple("Event").field(event).finish(),
            Self::Address(address) => f.debug_tuple("Address").field(address).finish(),
            Self::Bytes { to, bytes, came } => {
                // What it holds may be a password.
                let mut shown = f.debug_struct("Bytes");
                shown.field("to", to).field("bytes", &bytes.len()).field("came", came).finish()
            }
        }
    }
}
