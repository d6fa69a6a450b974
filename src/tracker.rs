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
mod mind;
mod rewrite;
mod rules;
mod steps;
mod usual;
mod veil;

use alloc::sync::Arc;
use core::fmt;
use core::net::SocketAddr;

pub use book::{Expectation, Purpose, Withdrawal};
pub use event::{Event, Objection};
pub use evidence::Witness;
pub use rewrite::{Address, Passed, Rewrite, Translation};
pub use rules::{Rules, Strangers};
pub use steps::Loss;

use crate::command::{Command, DataUse, Mode, Protection, Structure, Type, Verb};
use crate::inbox::{Commands, Inbox, Replies};
use crate::reply::{ReplyEnd, ReplyError};
use crate::session::{Awaited, CommandId, LoginState, Setup};
use book::Note;
use facts::Facts;
use mind::{Mind, plain};
use steps::{Heard, Steps};
use veil::{Followed, Records, View};

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

/// The words of commands that announce a data connection, ask for one, or speak to a gateway.
const WORDS: [&[u8]; 9] = [b"PORT", b"EPRT", b"LPRT", b"PASV", b"P@SW", b"EPSV", b"LPSV", b"CPSV", b"ALGS"];

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
    /// Whether lines may have come that weren't taken yet.
    unread: bool,
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
    /// Whose lines are taken first.
    first: Peer,
    /// The last thing that was told beside lines.
    news: Option<Tell>,
    mind: Mind,
}

/// What comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Nothing,
    Line,
    Reply,
    News,
}

/// News, without what they borrow.
#[derive(Debug, Clone, Copy)]
enum Tell {
    Answered(CommandId, crate::reply::Code),
    Lost(Loss),
    LoggedIn,
    Refused,
    Note(Note),
    Blind,
    Sight,
    Found,
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
        let half = Half { view: View::Unopened, whole, unread: false };
        Self {
            said: Inbox::commands(rules.commands).with_escape(rules.escaping.commands),
            heard: Inbox::replies(rules.replies).with_escape(rules.escaping.replies),
            halves: Both { client: half, server: half },
            first: Peer::Client,
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
        let other = match from {
            Peer::Client => {
                self.said.push(bytes);
                self.halves.client.unread = true;
                self.halves.server.unread
            }
            Peer::Server => {
                self.heard.push(bytes);
                self.halves.server.unread = true;
                self.halves.client.unread
            }
        };
        if !other {
            self.first = from;
        }
    }

    #[cold]
    fn received_otherwise(&mut self, from: Peer, bytes: &[u8]) {
        let Some(first) = bytes.first() else {
            self.mind.book.withdraw_all(Withdrawal::Ended, false);
            return;
        };
        let other = self.halves.of(from.other()).view;
        let half = self.halves.of(from);
        if half.view == View::Unopened {
            half.view = View::Clear;
            if !veil::begins_record(*first) || other != View::Unopened || self.mind.rules.decrypted {
                return self.read(from, bytes);
            }
            self.mind.hide();
            self.hide();
        }
        self.follow(from, bytes);
    }

    /// TLS was there from the start (implicit TLS), and the bytes are given [decrypted](Rules::decrypted): nothing else tells that data
    /// connections are private until PROT says otherwise.
    pub fn tls_began(&mut self) {
        self.mind.steps.tls_began();
    }

    /// Bytes are missing in what this side sent: so many, if that is known.
    ///
    /// The line under way is dropped, and so is what [`poll`](Self::poll) hasn't taken. The next line may be the rest of one: it is told, and
    /// nothing is expected out of it.
    pub fn gap(&mut self, from: Peer, bytes: u64) {
        if bytes == 0 {
            return;
        }
        let half = self.halves.of(from);
        match half.view {
            View::Records(_) => half.view = View::Lost,
            View::Lost => {}
            View::Unopened | View::Clear => {
                (half.view, half.whole, half.unread) = (View::Clear, false, false);
                match from {
                    Peer::Client => self.said.gap(),
                    Peer::Server => self.heard.gap(),
                }
                self.mind.steps.gap(from);
            }
        }
    }

    /// The next event; `None`: all was told. Allocates nothing but the paths that it keeps.
    #[inline]
    pub fn poll(&mut self) -> Option<Event<'_>> {
        match self.next() {
            Next::Nothing => None,
            Next::Line => self.next_line(),
            Next::Reply => self.next_reply(),
            Next::News => self.next_news(),
        }
    }

    #[inline(always)]
    fn next(&mut self) -> Next {
        if self.mind.has_news() {
            return Next::News;
        }
        if !self.is_unread(self.first) {
            self.first = self.first.other();
            if !self.is_unread(self.first) {
                return Next::Nothing;
            }
        }
        match self.first {
            Peer::Client => Next::Line,
            Peer::Server => Next::Reply,
        }
    }

    /// Whether lines of this side may have come that weren't taken.
    #[inline(always)]
    fn is_unread(&mut self, side: Peer) -> bool {
        match side {
            Peer::Client => {
                let half = &mut self.halves.client;
                half.unread = half.unread && !self.said.is_spent();
                half.unread
            }
            Peer::Server => {
                let half = &mut self.halves.server;
                half.unread = half.unread && !self.heard.is_spent();
                half.unread
            }
        }
    }

    fn next_line(&mut self) -> Option<Event<'_>> {
        match self.said.advance() {
            Ok(true) => {}
            Ok(false) => {
                self.halves.client.unread = false;
                return self.poll();
            }
            Err(too_long) => return self.unreadable(too_long.verb),
        }
        let whole = core::mem::replace(&mut self.halves.client.whole, true);
        if self.heard.is_amid_reply() {
            self.heard.end_with(ReplyEnd::AnyCode);
        }
        let line = self.said.line()?;
        let command = Command::parse(line).ok();
        let verb = command.as_ref().map_or_else(|| Verb::of_line(line), Command::verb);
        let id = self.mind.command(verb, command.as_ref(), whole);
        Some(Event::Command { id, verb, command })
    }

    #[cold]
    fn unreadable(&mut self, verb: Verb) -> Option<Event<'_>> {
        self.halves.client.whole = true;
        let id = self.mind.command(verb, None, false);
        Some(Event::Command { id, verb, command: None })
    }

    fn next_reply(&mut self) -> Option<Event<'_>> {
        match self.heard.advance() {
            Ok(true) => {}
            Ok(false) => {
                self.halves.server.unread = false;
                return self.poll();
            }
            Err(error) => return self.no_reply(error),
        }
        let heard = self.take_reply();
        let reply = self.heard.reply()?;
        let (answers, awaited) = (heard.map(|heard| heard.id), heard.map(|heard| heard.awaited));
        Some(Event::Reply { answers, awaited, reply })
    }

    #[cold]
    fn no_reply(&mut self, error: ReplyError) -> Option<Event<'_>> {
        if let ReplyError::NotAReply { line } = error {
            self.halves.server.whole = true;
            return Some(Event::Noise(line));
        }
        self.begin_anew();
        self.poll()
    }

    fn next_news(&mut self) -> Option<Event<'_>> {
        self.news = self.take_news();
        if self.news.is_some() { self.tell() } else { self.poll() }
    }

    /// Where the reply ends isn't known.
    #[cold]
    fn begin_anew(&mut self) {
        let Rules { replies, escaping, .. } = *self.mind.rules;
        self.heard = Inbox::replies(replies).with_escape(escaping.replies);
        (self.halves.server.whole, self.halves.server.unread) = (false, false);
        self.mind.steps.lose(Loss::ReplyTooLong);
    }

    #[inline]
    fn take_reply(&mut self) -> Option<Heard> {
        let whole = core::mem::replace(&mut self.halves.server.whole, true);
        let reply = self.heard.reply()?;
        let heard = if reply.is_multiline() {
            let heard = self.mind.reply_of_lines(&reply, whole);
            self.heard.end_with(self.mind.rules.replies.reply_end);
            heard
        } else {
            self.mind.reply(&reply, whole && !reply.is_truncated())
        };
        if self.mind.is_blind() {
            self.hide();
        }
        heard
    }

    /// Both sides speak TLS from here on.
    #[cold]
    fn hide(&mut self) {
        for side in [Peer::Client, Peer::Server] {
            let half = self.halves.of(side);
            if matches!(half.view, View::Records(_) | View::Lost) {
                continue;
            }
            half.view = View::Records(Records::default());
            (half.unread, half.whole) = (false, true);
            let behind = match side {
                Peer::Client => self.said.take_behind(),
                Peer::Server => self.heard.take_behind(),
            };
            if !behind.is_empty() {
                self.follow(side, &behind);
            }
        }
    }

    #[cold]
    fn follow(&mut self, from: Peer, bytes: &[u8]) {
        let half = self.halves.of(from);
        let View::Records(records) = &mut half.view else { return };
        match records.follow(bytes) {
            Followed::Records => {}
            Followed::Neither => half.view = View::Lost,
            Followed::Ended(at) => {
                half.view = View::Clear;
                self.mind.unveil();
                if let Some(text) = bytes.get(at..).filter(|text| !text.is_empty()) {
                    self.read(from, text);
                }
            }
        }
    }

    /// What is to be told beside lines.
    fn take_news(&mut self) -> Option<Tell> {
        let Mind { steps, book, news, .. } = &mut self.mind;
        // Most of all there is to tell.
        if !(steps.told.stirred | news.stirred) {
            return book.take_note().map(Tell::Note);
        }
        if core::mem::take(&mut steps.told.forgot) {
            book.forget_but_due(steps.session());
        }
        if let Some((id, code)) = steps.told.answered.take() {
            return Some(Tell::Answered(id, code));
        }
        if let Some(why) = steps.told.lost.take() {
            return Some(Tell::Lost(why));
        }
        if core::mem::take(&mut news.logged_in) {
            return Some(Tell::LoggedIn);
        }
        if core::mem::take(&mut news.has_refused) {
            return Some(Tell::Refused);
        }
        if let Some(note) = book.take_note() {
            return Some(Tell::Note(note));
        }
        if core::mem::take(&mut news.blind) {
            return Some(Tell::Blind);
        }
        if core::mem::take(&mut news.sight) {
            return Some(Tell::Sight);
        }
        if core::mem::take(&mut steps.told.found) {
            return Some(Tell::Found);
        }
        (steps.told.stirred, news.stirred) = (false, false);
        None
    }

    fn tell(&self) -> Option<Event<'_>> {
        let Mind { book, user, .. } = &self.mind;
        let expectation = |id| book.expectation(id, self.mind.known());
        Some(match self.news? {
            Tell::Answered(id, code) => Event::Answered { id, code },
            Tell::Lost(why) => Event::Lost(why),
            Tell::LoggedIn => Event::LoggedIn { user: user.as_deref() },
            Tell::Refused => {
                let (id, to, why) = **self.mind.news.refused.as_ref()?;
                Event::Refused { id, to, why }
            }
            Tell::Note(Note::Expect(id)) => Event::Expect(expectation(id)?),
            Tell::Note(Note::Assigned(id)) => Event::Assigned(expectation(id)?),
            Tell::Note(Note::Withdrawn(id, why)) => Event::Withdrawn(expectation(id)?, why),
            Tell::Note(Note::Begun(id)) => Event::Begun(book.purpose(id)?),
            Tell::Note(Note::Ended(id, code)) => Event::Ended(book.purpose(id)?, code),
            Tell::Blind => Event::Blind,
            Tell::Sight => Event::Sight,
            Tell::Found => Event::Found,
        })
    }

    // What `Rewrite` needs.

    fn has_news(&self) -> bool {
        self.mind.has_news()
    }

    /// The event of the command line that was taken last, once more.
    fn last_command(&self, id: CommandId, verb: Verb, is_command: bool) -> Event<'_> {
        let command = self.said.line().filter(|_| is_command).and_then(|line| Command::parse(line).ok());
        Event::Command { id, verb, command }
    }

    /// The event of the reply that was taken last, once more.
    fn last_reply(&self, answers: Option<CommandId>, awaited: Option<Awaited>) -> Option<Event<'_>> {
        Some(Event::Reply { answers, awaited, reply: self.heard.reply()? })
    }

    /// How many of these bytes are TLS, or nobody knows what; `None`: a line begins, or goes on, with the first.
    fn hidden(&self, from: Peer, bytes: &[u8]) -> Option<usize> {
        let (view, other) = match from {
            Peer::Client => (self.halves.client.view, self.halves.server.view),
            Peer::Server => (self.halves.server.view, self.halves.client.view),
        };
        let mut records = match view {
            View::Clear => return None,
            View::Lost => return Some(bytes.len()),
            View::Records(records) => records,
            View::Unopened => {
                let begins = bytes.first().is_some_and(|byte| veil::begins_record(*byte));
                if !begins || other != View::Unopened || self.mind.rules.decrypted {
                    return None;
                }
                Records::default()
            }
        };
        match records.follow(bytes) {
            Followed::Ended(0) => None,
            Followed::Ended(at) => Some(at),
            Followed::Records | Followed::Neither => Some(bytes.len()),
        }
    }

    /// Whether this side is amid a line or a reply, and whether that may announce a data connection.
    fn under_way(&self, from: Peer) -> (bool, bool) {
        match from {
            Peer::Client => {
                let line = self.said.under_way();
                let word = line.get(..4).unwrap_or(line);
                let may_be =
                    |other: &&[u8]| other.get(..word.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(word));
                (!line.is_empty(), !line.is_empty() && WORDS.iter().any(may_be))
            }
            Peer::Server => {
                let is_passive = |verb: Verb| verb.data_use() == DataUse::SetsUpPassive;
                let is_asked =
                    self.mind.steps.session().pending().any(|due| due.awaited.verb().is_some_and(is_passive));
                let line = self.heard.under_way();
                let (is_amid, may_announce) = match self.heard.open_code() {
                    Some(code) => (true, matches!(code.value(), 227..=229)),
                    None => {
                        let code = line.get(..3).unwrap_or(line);
                        let may_be = |other: &[u8; 3]| other.starts_with(code);
                        (!line.is_empty(), !line.is_empty() && [b"227", b"228", b"229"].into_iter().any(may_be))
                    }
                };
                (is_amid, may_announce && is_asked)
            }
        }
    }

    /// Whether nothing is due that was said before this command, and the server isn't amid a reply.
    fn may_be_answered_now(&self, id: CommandId) -> bool {
        let is_first = self.mind.steps.session().first_due().is_none_or(|due| due.id > id);
        is_first && !self.under_way(Peer::Server).0
    }

    /// The server never sees this command, so that no reply of its answers it.
    fn swallow(&mut self, id: CommandId) {
        self.mind.steps.swallow(id);
        self.mind.book.refused(id);
    }

    fn expected(&self, id: CommandId) -> Option<Expectation<'_>> {
        self.mind.book.expectation(id, self.mind.known())
    }

    /// The data connection that this command set up is not to be.
    fn refuse(&mut self, id: CommandId) {
        self.mind.book.refused(id);
    }

    /// Whether TLS hides what is said.
    pub fn is_blind(&self) -> bool {
        self.mind.is_blind()
    }

    /// Whether it is certain what answers what.
    pub fn is_in_step(&self) -> bool {
        !self.mind.is_blind() && !self.mind.steps.is_lost()
    }

    /// Every data connection that is to be expected now.
    pub fn expectations(&self) -> impl Iterator<Item = Expectation<'_>> {
        self.mind.book.expectations(self.mind.known())
    }

    /// How far the login has come; `None` if that wasn't seen.
    pub fn login(&self) -> Option<LoginState> {
        self.known(Facts::LOGIN, self.mind.steps.session().login())
    }

    /// The argument of the last USER, if it was seen, and is no more than 256 bytes.
    pub fn user(&self) -> Option<&[u8]> {
        self.mind.user.as_deref()
    }

    /// TYPE; `None` if that wasn't seen.
    pub fn representation(&self) -> Option<Type> {
        self.known(Facts::REPRESENTATION, self.mind.steps.session().representation())
    }

    /// STRU; `None` if that wasn't seen.
    pub fn structure(&self) -> Option<Structure> {
        self.known(Facts::STRUCTURE, self.mind.steps.session().structure())
    }

    /// MODE; `None` if that wasn't seen.
    pub fn mode(&self) -> Option<Mode> {
        self.known(Facts::MODE, self.mind.steps.session().mode())
    }

    /// Where the next transfer begins (REST), in bytes; `None` if that wasn't seen.
    pub fn restart_offset(&self) -> Option<u64> {
        self.known(Facts::RESTART, self.mind.steps.session().restart_offset())
    }

    /// Which data connection was agreed on; `None` if that wasn't seen.
    pub fn setup(&self) -> Option<Setup> {
        self.known(Facts::SETUP, self.mind.steps.session().setup())
    }

    /// PROT; `None` if that wasn't seen.
    pub fn protection(&self) -> Option<Protection> {
        self.known(Facts::PROTECTION, self.mind.steps.session().protection())
    }

    fn known<T>(&self, fact: Facts, value: T) -> Option<T> {
        self.mind.steps.facts().has(fact).then_some(value)
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
