//! For those who watch, pass on and translate somebody else's session: firewalls, NAT helpers, proxies, detectors, readers of logs.
//!
//! A [`Tracker`] gets the bytes of both sides of a control connection, cut anywhere, and tells what they mean, as [`Event`]s: each
//! command and each reply with what it answers; each data connection that is to be expected, and its end; transfers, logins, and TLS, which
//! makes it blind. It changes nothing. [`Rewrite`] replaces addresses on their way, and can keep lines from going on; [`Witness`] has what the
//! doctor needs to tell why a data connection failed.
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
//!     // All events come before the bytes are passed on.
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
//! - A connection towards a host that is neither of the two ends, unless [`Rules`] say otherwise, nor to a port below 1024.
//! - Anything out of a line that isn't whole: one of which a part is [missing](Tracker::gap), is over the limit, or was already under way
//!   when the tracker [joined](Tracker::joined); and nothing out of a 227 that answers no PASV, or stands amid another reply.
//! - Anything before the login, behind an AUTH that isn't answered yet, or, after EPSV ALL, out of another command than EPSV.
//! - Anything in a session in which the client has spoken HTTP or SMTP before the login.
//!
//! # What isn't known
//!
//! A reply whose command wasn't seen, or that may answer two, is told without what it answers, and [`Event::Lost`] says that step was lost;
//! [`Event::Found`] follows when it is certain again. What TYPE, PROT or the login are is `None` where it wasn't seen.
//! `testdata/tracker.tsv` of the repository has the scores: any line of recorded dialogues left out, or the tracker joining at any line.

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

use alloc::sync::Arc;
use core::fmt;
use core::net::SocketAddr;

pub use book::{Expectation, Purpose, Withdrawal};
pub use event::{Event, Objection};
pub use evidence::Witness;
pub use rewrite::{Address, Passed, Rewrite, Translation};
pub use rules::{Rules, Strangers};
pub use steps::Loss;

use crate::command::{Command, Verb};
use crate::inbox::{Commands, Inbox, Replies};
use crate::reply::{Reply, ReplyEnd, ReplyError};
use mind::{Mind, plain};
use steps::{Heard, Steps};
use tell::Tell;
use veil::View;
use waiting::Waiting;

/// One of the two ends of a control connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Peer {
    /// The client: it says commands.
    Client,
    /// The server: it says replies.
    Server,
}

impl Peer {
    /// The other one.
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

/// A session between two others, as it passes by.
///
/// Give it what either side sent ([`received`](Self::received)), in the order in which it passes by, and take all events
/// ([`poll`](Self::poll)) before you pass the bytes on, and before you give it anything else.
///
/// It keeps at most what [`Rules`] allow of one line and one reply, and the paths of eight transfers. While a session is idle it holds
/// less than 1 KiB. No `Debug` shows what was said, since passwords pass by.
pub struct Tracker {
    said: Inbox<Commands>,
    heard: Inbox<Replies>,
    halves: Both<Half>,
    waiting: Waiting,
    /// The last thing that was told beside lines.
    news: Option<Tell>,
    mind: Mind,
}

impl Tracker {
    /// A control connection that was just made between these two: their addresses as those of the packets that are seen.
    pub fn new(rules: Arc<Rules>, client: SocketAddr, server: SocketAddr) -> Self {
        Self::with(rules, client, server, Steps::new(), true)
    }

    /// A session that has begun already, from the next byte of either side on.
    ///
    /// Only what is seen from here on is known. The first line of each side may be the rest of one, so nothing is expected out of it.
    pub fn joined(rules: Arc<Rules>, client: SocketAddr, server: SocketAddr) -> Self {
        Self::with(rules, client, server, Steps::joined(), false)
    }

    fn with(rules: Arc<Rules>, client: SocketAddr, server: SocketAddr, steps: Steps, whole: bool) -> Self {
        let half = Half { view: View::Unopened, whole };
        Self {
            said: Inbox::commands(rules.commands).with_escape(rules.escaping.commands),
            heard: Inbox::replies(rules.replies).with_escape(rules.escaping.replies),
            halves: Both { client: half, server: half },
            waiting: Waiting::Nobody,
            news: None,
            mind: Mind::new(rules, plain(client), plain(server), steps),
        }
    }

    /// This side sent these bytes; none: it has closed the connection.
    ///
    /// Allocates where the bytes need room, as far as [`Rules`] allow.
    #[inline]
    pub fn received(&mut self, from: Peer, bytes: &[u8]) {
        if self.halves.of(from).view == View::Clear && !bytes.is_empty() {
            self.read(from, bytes);
        } else {
            self.received_otherwise(from, bytes);
        }
    }

    #[inline]
    fn read(&mut self, from: Peer, bytes: &[u8]) {
        match from {
            Peer::Client => self.said.push(bytes),
            Peer::Server => self.heard.push(bytes),
        }
        self.waiting.add(from);
    }

    /// TLS was there from the start (implicit TLS), and the bytes are given [decrypted](Rules::decrypted): nothing else tells that data
    /// connections are private until PROT says otherwise.
    pub fn tls_began(&mut self) {
        self.mind.steps.tls_began();
    }

    /// So many bytes are missing in what this side sent; `u64::MAX` if nobody knows how many.
    ///
    /// The line under way is dropped, and so is what [`poll`](Self::poll) hasn't taken. The next line may be the rest of one: it is told, and
    /// nothing is expected out of it. Under TLS the end of TLS is seen all the same, if what is missing lies within one of its records.
    pub fn gap(&mut self, from: Peer, bytes: u64) {
        if bytes == 0 {
            return;
        }
        let half = self.halves.of(from);
        match &mut half.view {
            View::Records(records) => {
                if !records.skip(bytes) {
                    half.view = View::Lost;
                }
            }
            View::Lost => {}
            View::Unopened | View::Clear | View::Promised => {
                (half.view, half.whole) = (View::Clear, false);
                self.waiting.remove(from);
                match from {
                    Peer::Client => self.said.gap(),
                    Peer::Server => self.heard.gap(),
                }
                self.mind.steps.gap(from);
                self.mind.stir();
            }
        }
    }

    /// The next event; `None`: all was told. Allocates nothing but room for the paths that it keeps.
    #[inline]
    pub fn poll(&mut self) -> Option<Event<'_>> {
        if self.mind.stirred && self.take_news() {
            return self.tell();
        }
        match self.waiting {
            Waiting::Nobody => None,
            Waiting::Client | Waiting::ClientFirst if !self.said.is_spent() => self.next_line(),
            Waiting::Server | Waiting::ServerFirst if !self.heard.is_spent() => self.next_reply(),
            Waiting::Client | Waiting::Server => {
                self.waiting = Waiting::Nobody;
                None
            }
            Waiting::ClientFirst => self.go_on_without(Peer::Client),
            Waiting::ServerFirst => self.go_on_without(Peer::Server),
        }
    }

    /// No line of this side waits any more.
    #[cold]
    fn go_on_without(&mut self, side: Peer) -> Option<Event<'_>> {
        self.waiting.remove(side);
        self.poll()
    }

    fn next_line(&mut self) -> Option<Event<'_>> {
        match self.said.advance() {
            Ok(true) => {}
            Ok(false) => return self.go_on_without(Peer::Client),
            Err(too_long) => return self.unreadable(too_long.verb),
        }
        let whole = core::mem::replace(&mut self.halves.client.whole, true);
        if self.heard.is_amid_reply() {
            self.heard.end_with(ReplyEnd::AnyCode);
        }
        let line = self.said.line()?;
        Some(match Command::parse(line) {
            Ok(command) => {
                let verb = command.verb();
                Event::Command { id: self.mind.command(verb, Some(&command), whole), verb, command: Some(command) }
            }
            Err(_) => {
                let verb = Verb::of_line(line);
                Event::Command { id: self.mind.unreadable(verb, whole), verb, command: None }
            }
        })
    }

    #[cold]
    fn unreadable(&mut self, verb: Verb) -> Option<Event<'_>> {
        self.halves.client.whole = true;
        let id = self.mind.unreadable(verb, false);
        Some(Event::Command { id, verb, command: None })
    }

    fn next_reply(&mut self) -> Option<Event<'_>> {
        match self.heard.advance() {
            Ok(true) => {}
            Ok(false) => return self.go_on_without(Peer::Server),
            Err(error) => return self.no_reply(error),
        }
        let whole = core::mem::replace(&mut self.halves.server.whole, true);
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
            self.halves.server.whole = true;
            return Some(Event::Noise(line));
        }
        self.begin_anew();
        self.poll()
    }

    /// Where the reply ends isn't known.
    #[cold]
    fn begin_anew(&mut self) {
        let Rules { replies, escaping, .. } = *self.mind.rules;
        self.heard = Inbox::replies(replies).with_escape(escaping.replies);
        self.halves.server.whole = false;
        self.waiting.remove(Peer::Server);
        self.mind.steps.lose(Loss::ReplyTooLong);
        self.mind.stir();
    }
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
