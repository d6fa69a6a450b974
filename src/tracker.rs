//! For programs that watch, pass on or translate somebody else's session: firewalls, NAT helpers, proxies, detectors, log readers.
//!
//! A [`Tracker`] reads the bytes of both sides of a control connection, cut anywhere, and tells what they mean as [`Event`]s: each command, and each
//! reply with the command that it answers; each data connection to expect, and when it needn't be expected any more; transfers; logins; and
//! TLS, behind which it is blind. It changes nothing. [`Rewrite`] replaces addresses on their way, and can keep lines from going on.
//! [`Witness`] collects the evidence from which [`diagnose`](crate::diagnosis::diagnose) tells why a data connection failed.
//!
//! ```
//! use std::sync::Arc;
//! use ftp_proto::tracker::{Event, Rules, Peer, Tracker};
//!
//! let (client, server) = ("192.0.2.1:40000".parse()?, "192.0.2.2:21".parse()?);
//! let mut tracker = Tracker::new(Arc::new(Rules::default()), client, server);
//! let dialogue = [
//!     (Peer::Server, "220 ready\r\n"),
//!     (Peer::Client, "USER anna\r\n"),
//!     (Peer::Server, "230 in\r\n"),
//!     (Peer::Client, "EPSV\r\n"),
//!     (Peer::Server, "229 Entering Extended Passive Mode (|||40115|)\r\n"),
//! ];
//! let mut expected = Vec::new();
//! for (from, bytes) in dialogue {
//!     tracker.received(from, bytes.as_bytes());
//!     // Take all events before the bytes are passed on.
//!     while let Some(event) = tracker.poll() {
//!         if let Event::Expect(expectation) = event {
//!             expected.push((expectation.dials, expectation.from, expectation.to));
//!         }
//!     }
//! }
//! assert_eq!(expected, [(Peer::Client, "192.0.2.1".parse()?, "192.0.2.2:40115".parse()?)]);
//! # Ok::<(), core::net::AddrParseError>(())
//! ```
//!
//! # What is never expected
//!
//! - A connection towards a host that is neither of the two ends, unless [`Rules`] say otherwise.
//! - A connection to a port below 1024 (RFC 2577 3).
//! - A connection that a damaged line announces: a part of it is [missing](Tracker::gap), or is over the limit, or had gone by when the tracker
//!   [joined](Tracker::joined).
//! - A connection that a 227 announces which answers no PASV, or which is a line of another reply.
//! - A connection that is announced before the login, or behind an AUTH without an answer (RFC 4217 4). Behind a USER, PASS or ACCT without an
//!   answer it is expected once that has come, if the login has succeeded: some clients don't wait (lftp with `sync-mode off`).
//! - A connection that another command than EPSV announces after EPSV ALL (RFC 2428 4).
//! - A connection in a session in which the client has spoken HTTP or SMTP before the login.
//!
//! # What isn't known
//!
//! FTP has no tags: order alone says which command a reply answers. Where a line wasn't seen, the tracker compares. If a reply fits no command, or
//! two equally well, the tracker tells the reply without a command, and [`Event::Lost`]. [`Event::Found`] follows once the order is certain again.
//! A client that is always two commands ahead, or sets up its next data connection amid a transfer, looks like one whose first reply was missed: each
//! reply is then told with the next command, or the transfer under way without its end. TYPE, PROT, the login and the rest are `None` until a reply was seen that sets them.
//! `testdata/tracker.tsv` of the repository has the scores: over recorded dialogues with any one line left out, and joined at any line.

mod book;
mod event;
mod evidence;
mod facts;
mod fit;
mod known;
mod mind;
mod passing;
mod rewrite;
mod rules;
mod sight;
mod steps;
mod tell;
mod usual;
mod veil;
mod waiting;
mod whole;

use alloc::sync::Arc;
use core::fmt;
use core::net::SocketAddr;

pub use book::{Expectation, Purpose, Withdrawal};
pub use event::{Event, Loss, Objection};
pub use evidence::Witness;
pub use rewrite::{Address, Flood, Passed, Rewrite, Translation};
pub use rules::{Rules, Strangers};

use crate::command::{Command, Verb};
use crate::inbox::{Commands, Inbox, Replies};
use crate::reply::{Head, Reply, ReplyEnd, ReplyError, first_line};
use mind::Mind;
use steps::{Heard, Steps};
use veil::View;
use waiting::Waiting;
use whole::Whole;

/// One of the two ends of a control connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Peer {
    /// The client, which sends commands.
    Client,
    /// The server, which sends replies.
    Server,
}

impl Peer {
    /// The other end.
    pub const fn other(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }
}

/// One of each side.
#[derive(Debug, Clone, Copy)]
struct Both<T> {
    client: T,
    server: T,
}

impl<T> Both<T> {
    #[inline]
    fn of(&mut self, side: Peer) -> &mut T {
        match side {
            Peer::Client => &mut self.client,
            Peer::Server => &mut self.server,
        }
    }
}

/// How one side's bytes are to be taken.
#[derive(Debug, Clone, Copy)]
struct Half {
    view: View,
    /// Whether the next line is whole.
    whole: bool,
}

/// What the server has said behind a gap, and the client nothing since: perhaps the rest of a reply whose head is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Text {
    Nothing,
    /// Lines that can't begin a reply.
    Noise,
    /// And one that may end it, or be one of its lines.
    Answered,
}

/// Follows one session between two others.
///
/// Give it what either side sent ([`received`](Self::received)), in the order in which it passes by. Take all events ([`poll`](Self::poll)) before
/// you pass the bytes on, and before you give it more.
///
/// A tracker keeps at most one line of the client's and one reply of the server's, both as long as [`Rules`] allow, and the paths of eight
/// transfers. While the session is idle it holds less than 1 KiB, whatever it has seen before. Its `Debug` shows nothing that was said, since
/// passwords pass by.
// In this order: what each line touches is together, from the end of `mind` on.
#[repr(C)]
pub struct Tracker {
    said: Inbox<Commands>,
    heard: Inbox<Replies>,
    mind: Mind,
    halves: Both<Half>,
    waiting: Waiting,
    whole: Whole,
    text: Text,
}

impl Tracker {
    /// Follows a control connection from its first byte. The addresses are those in the packets that are seen: behind a NAT, the translated ones.
    pub fn new(rules: Arc<Rules>, client: SocketAddr, server: SocketAddr) -> Self {
        Self::with(rules, client, server, Steps::new(), true)
    }

    /// Follows a session that has begun already, from the next byte of either side on.
    ///
    /// Only what is seen from here on is known. The first line of each side may be the rest of one, so no data connection is expected that it
    /// announces.
    pub fn joined(rules: Arc<Rules>, client: SocketAddr, server: SocketAddr) -> Self {
        Self::with(rules, client, server, Steps::joined(), false)
    }

    fn with(rules: Arc<Rules>, client: SocketAddr, server: SocketAddr, steps: Steps, whole: bool) -> Self {
        let half = Half { view: View::Unopened, whole };
        Self {
            said: Inbox::commands(rules.commands).with_escape(rules.escaping.commands).observing(),
            heard: Inbox::replies(rules.replies).with_escape(rules.escaping.replies).observing().resuming(),
            halves: Both { client: half, server: half },
            waiting: Waiting::Nobody,
            whole: Whole::new(),
            text: Text::Nothing,
            mind: Mind::new(rules, client, server, steps),
        }
    }

    /// Takes bytes that this side sent, cut anywhere. An empty slice says that it has closed its side of the connection: the server still answers a
    /// client that has. At a reset, say it of both.
    ///
    /// Allocates where a line is cut or long, as far as [`Rules`] allow, and keeps room for one usual line. A line of up to 64 bytes that comes in a
    /// piece of its own needs none.
    #[inline]
    pub fn received(&mut self, from: Peer, bytes: &[u8]) {
        if self.halves.of(from).view == View::AtLine && self.waiting == Waiting::Nobody {
            let limits = match from {
                Peer::Client => &self.mind.rules.commands,
                Peer::Server => &self.mind.rules.replies,
            };
            if self.whole.take(bytes, limits) {
                self.waiting = Waiting::Whole(from);
                return;
            }
        }
        self.received_otherwise(from, bytes);
    }

    /// Plaintext, however it is cut.
    fn read(&mut self, from: Peer, bytes: &[u8]) {
        self.whole.clear();
        self.push(from, bytes);
    }

    fn push(&mut self, from: Peer, bytes: &[u8]) {
        match from {
            Peer::Client => {
                self.heard.lend_room(&mut self.said);
                self.said.push(bytes);
            }
            Peer::Server => {
                self.said.lend_room(&mut self.heard);
                self.heard.push(bytes);
            }
        }
        self.halves.of(from).view = View::Clear;
        self.waiting.add(from);
    }

    /// A line that came whole is read as all others are.
    #[cold]
    fn put_back(&mut self, side: Peer) {
        let whole = core::mem::replace(&mut self.whole, Whole::new());
        self.waiting = Waiting::Nobody;
        self.push(side, whole.raw());
    }

    /// Says that TLS was there from the start (implicit TLS), where the bytes are given [decrypted](Rules::decrypted) and nothing else can tell.
    /// Data connections are private then until PROT says otherwise.
    pub fn tls_began(&mut self) {
        self.mind.steps.tls_began();
    }

    /// Says that this many bytes of this side are missing; `u64::MAX` if their number isn't known.
    ///
    /// The line under way is dropped, and so is what [`poll`](Self::poll) hasn't taken. The next line may be the rest of one: it is told, but no
    /// data connection is expected that it announces. Under TLS, the end of TLS (CCC) is still seen: at once if the missing bytes lie within one
    /// record, else behind the first line of the server's that has at least 12 characters.
    pub fn gap(&mut self, from: Peer, bytes: u64) {
        if bytes == 0 {
            return;
        }
        let half = self.halves.of(from);
        match &mut half.view {
            View::Records(records) => {
                if !records.skip(bytes) {
                    half.view = View::Gapped(veil::Text::default());
                }
            }
            View::Gapped(text) => *text = veil::Text::default(),
            View::Lost => {}
            View::Unopened | View::AtLine | View::Clear | View::Promised => {
                (half.view, half.whole) = (View::Clear, false);
                self.waiting.remove(from);
                match from {
                    Peer::Client => self.said.gap(),
                    Peer::Server => self.heard.gap(),
                }
                self.mind.gap(from);
            }
        }
    }

    /// The next event; `None` once all was told. Allocates only room for paths, and for [`Event::Noise`] and [`Event::Refused`].
    #[inline]
    pub fn poll(&mut self) -> Option<Event<'_>> {
        if self.mind.stirred && self.take_news() {
            return self.tell();
        }
        // One after the other, since most often it is one of the first: a jump by a table is foreseen less well.
        if self.waiting == Waiting::Nobody {
            None
        } else if self.waiting == Waiting::Whole(Peer::Client) {
            self.whole_line()
        } else if self.waiting == Waiting::Whole(Peer::Server) {
            self.whole_reply()
        } else {
            self.poll_parts()
        }
    }

    /// The next event of what isn't a line in a piece of its own.
    fn poll_parts(&mut self) -> Option<Event<'_>> {
        match self.waiting {
            Waiting::Nobody | Waiting::Whole(_) => self.poll(),
            Waiting::Client | Waiting::ClientFirst if !self.said.is_spent() => self.next_line(),
            Waiting::Server | Waiting::ServerFirst if !self.heard.is_spent() => self.next_reply(),
            Waiting::Client | Waiting::ClientFirst => self.go_on_without(Peer::Client),
            Waiting::Server | Waiting::ServerFirst => self.go_on_without(Peer::Server),
        }
    }

    /// No line of this side waits any more.
    fn go_on_without(&mut self, side: Peer) -> Option<Event<'_>> {
        self.waiting.remove(side);
        let is_at_line = match side {
            Peer::Client => self.said.is_at_line(),
            Peer::Server => self.heard.is_at_line(),
        };
        let half = self.halves.of(side);
        if is_at_line && half.view == View::Clear {
            half.view = View::AtLine;
        }
        self.poll()
    }

    fn whole_line(&mut self) -> Option<Event<'_>> {
        self.waiting = Waiting::Nobody;
        self.interrupts();
        let whole = core::mem::replace(&mut self.halves.client.whole, true);
        Some(said(&mut self.mind, self.whole.text()?, whole))
    }

    /// Whether all of the server's next line is there, or perhaps only the rest of one, or of a reply.
    #[inline]
    fn take_whole(&mut self) -> bool {
        if self.text == Text::Noise {
            self.text = Text::Answered;
        }
        core::mem::replace(&mut self.halves.server.whole, self.text == Text::Nothing)
    }

    fn whole_reply(&mut self) -> Option<Event<'_>> {
        let Some((head, begin)) = self.whole.text().and_then(whole_reply) else {
            self.put_back(Peer::Server);
            return self.poll();
        };
        self.waiting = Waiting::Nobody;
        let whole = self.take_whole();
        let reply = Reply::of(head, self.whole.text()?.get(begin..)?);
        let heard = self.mind.reply(&reply, whole);
        Some(told(reply, heard))
    }

    /// A command came: if the end of a reply of many lines was missed, the next reply ends it.
    #[inline]
    fn interrupts(&mut self) {
        if self.halves.server.view != View::AtLine && self.heard.is_amid_reply() && !self.mind.steps.is_in_order() {
            self.heard.end_with(ReplyEnd::AnyCode);
        }
        match core::mem::replace(&mut self.text, Text::Nothing) {
            // The client has seen the end of that reply.
            Text::Answered => self.halves.server.whole = true,
            // What looks like the next reply may still be a line of the one before.
            _ if self.mind.steps.is_open() => self.halves.server.whole = false,
            Text::Nothing | Text::Noise => {}
        }
    }

    fn next_line(&mut self) -> Option<Event<'_>> {
        match self.said.advance() {
            Ok(true) => {}
            Ok(false) => return self.go_on_without(Peer::Client),
            Err(too_long) => return self.unreadable(too_long.verb),
        }
        self.interrupts();
        let whole = core::mem::replace(&mut self.halves.client.whole, true);
        Some(said(&mut self.mind, self.said.line()?, whole))
    }

    #[cold]
    fn unreadable(&mut self, verb: Verb) -> Option<Event<'_>> {
        let whole = core::mem::replace(&mut self.halves.client.whole, true);
        let id = self.mind.too_long(verb, whole);
        Some(Event::Command { id, verb, command: None })
    }

    fn next_reply(&mut self) -> Option<Event<'_>> {
        match self.heard.advance() {
            Ok(true) => {}
            Ok(false) => return self.go_on_without(Peer::Server),
            Err(error) => return self.no_reply(error),
        }
        let whole = self.take_whole();
        if self.heard.is_at_lines() {
            return self.next_reply_of_lines(whole);
        }
        let reply = self.heard.reply()?;
        let heard = self.mind.reply(&reply, whole && !reply.is_truncated());
        Some(told(reply, heard))
    }

    fn next_reply_of_lines(&mut self, whole: bool) -> Option<Event<'_>> {
        let heard = self.mind.reply_of_lines(&self.heard.reply()?, whole);
        self.heard.end_with(self.mind.rules.replies.reply_end);
        Some(told(self.heard.reply()?, heard))
    }

    #[cold]
    fn no_reply(&mut self, error: ReplyError) -> Option<Event<'_>> {
        if let ReplyError::NotAReply { line } = error {
            if veil::is_record(&line) && !self.mind.rules.decrypted {
                self.hide_unseen();
                return self.poll();
            }
            self.text = if self.halves.server.whole { Text::Nothing } else { Text::Noise };
            return Some(Event::Noise(line));
        }
        self.begin_anew();
        self.poll()
    }

    /// Where the reply ends isn't known.
    #[cold]
    fn begin_anew(&mut self) {
        self.heard.end_with(self.mind.rules.replies.reply_end);
        self.halves.server.whole = false;
        self.mind.steps.lose(Loss::ReplyTooLong);
        self.mind.stir();
    }
}

/// A command line was seen; whether all of it was.
#[inline]
fn said<'a>(mind: &mut Mind, line: &'a [u8], whole: bool) -> Event<'a> {
    // It is moved once, and as late as can be: to move what was just made in parts takes as long as to make it.
    let command = Command::parse(line);
    let (id, verb) = match &command {
        Ok(command) => {
            let verb = command.verb();
            (mind.command(verb, Some(command), whole), verb)
        }
        Err(_) => {
            let verb = Verb::of_line(line);
            (mind.unreadable(verb, whole), verb)
        }
    };
    Event::Command { id, verb, command: command.ok() }
}

/// Where the text begins in this line, and what is before it, if the line is all of a reply.
#[inline]
fn whole_reply(line: &[u8]) -> Option<(Head, usize)> {
    let (text, (code, many)) = first_line(line).ok()?;
    (!many).then(|| (Head::new(code, code, false, false), line.len().wrapping_sub(text.len())))
}

#[inline]
fn told(reply: Reply<'_>, heard: Option<Heard>) -> Event<'_> {
    match heard {
        Some(Heard { id, awaited, .. }) => Event::Reply { answers: Some(id), awaited: Some(awaited), reply },
        None => Event::Reply { answers: None, awaited: None, reply },
    }
}

impl fmt::Debug for Tracker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tracker")
            .field("is_blind", &self.is_blind())
            .field("is_in_step", &self.is_in_step())
            .field("login", &self.login())
            .finish_non_exhaustive()
    }
}
