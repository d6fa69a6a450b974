//! A net under the machines: what they did in each dialogue of the tests, as it was once, and as it is to stay.
//!
//! A dialogue leaves a log, an event a line: the virtual time in seconds, who (`C`, `S`), and what happened.
//!
//! ```text
//! 0 C says RETR f\r\n
//! 0 S is asked to transfer RETR f
//! 3 C closes 2
//! 3 C done failed timed out
//! ```
//!
//! The words are not those of the crate's types, so that these can change. An event is noted when its question is
//! answered, however often it was asked, and a line that is written once it is whole or the next thing happens.
//!
//! `testdata/net/` holds a digest for each dialogue, or one for several that a test plays together. It is taken of the
//! client's events and then of the server's: how the two interleave is the rig's doing. A test whose dialogue has another
//! digest fails, and so does one whose dialogue isn't there.
//!
//! `NET_RECORD=1 cargo test --all-features` writes the digests anew. `NET_LOGS=directory` writes every log there, and what
//! differs to `differences.txt`; it fails no test then, so that all logs of two trees can be compared.

mod answers;
mod book;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt::{Display, Write as _};
use std::time::Duration;

use ftp_proto::ChannelId;

pub use answers::{Entry, Shared};
use book::Digest;

/// Whose event it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Client = 0,
    Server = 1,
}

/// A book of digests, and a dialogue's name in it.
type Key = (&'static str, String);

/// One dialogue.
pub struct Log {
    /// Without one nothing is compared.
    key: Option<Key>,
    events: Vec<Event>,
    /// The line that each side is about to write, as far as it is written.
    written: [Vec<u8>; 2],
    /// The data connections of each side, numbered as they turn up.
    channels: [BTreeMap<ChannelId, usize>; 2],
    /// The client has heard something since it was done last.
    heard: bool,
}

struct Event {
    at: Duration,
    side: Side,
    what: String,
}

thread_local! {
    /// How many dialogues this thread's test has begun.
    static BEGUN: Cell<usize> = const { Cell::new(0) };
    /// The name of the dialogue that is made of bytes.
    static NAMED: Cell<Option<Key>> = const { Cell::new(None) };
    /// What the dialogues that are played together have come to.
    static TOGETHER: Cell<Option<Digest>> = const { Cell::new(None) };
}

/// Plays a dialogue that is made of bytes; whoever has the bytes knows its name.
pub fn named(book: &'static str, name: String, play: impl FnOnce()) {
    NAMED.set(Some((book, name)));
    play();
    NAMED.set(None);
}

/// Plays so many dialogues of a test that one digest for all of them has to do. It has the name of the first.
pub fn together(book: &'static str, play: impl FnOnce()) {
    let name = next_of_test();
    TOGETHER.set(Some(Digest::default()));
    play();
    if let (Some(digest), Some(name)) = (TOGETHER.take(), name) {
        book::compare((book, name), digest);
    }
}

/// The next dialogue's name: that of its test, which is its thread's, and its number there.
fn next_of_test() -> Option<String> {
    let thread = std::thread::current();
    let test = thread.name().filter(|name| *name != "main")?.rsplit("::").next()?;
    Some(format!("{test}-{}", BEGUN.get() + 1))
}

impl Log {
    /// Of a dialogue that a test plays.
    pub fn of_test(book: &'static str) -> Self {
        let key = next_of_test().map(|name| (book, name));
        BEGUN.set(BEGUN.get() + 1);
        Self::new(key)
    }

    /// Of a dialogue that is made of bytes: whoever has the bytes knows its name.
    pub fn of_bytes() -> Self {
        Self::new(NAMED.take())
    }

    fn new(key: Option<Key>) -> Self {
        Self { key, events: Vec::new(), written: Default::default(), channels: Default::default(), heard: false }
    }

    /// To note what happens on this side at this time.
    pub fn at(&mut self, side: Side, now: Duration) -> Entry<'_> {
        Entry::new(self, side, now)
    }

    /// Whether the dialogue has a name, and so a place in a book.
    fn is_kept(&self) -> bool {
        self.key.is_some()
    }

    fn note(&mut self, side: Side, at: Duration, what: String) {
        self.flush(side, at);
        self.events.push(Event { at, side, what });
    }

    /// The same, unless it is what happened last on this side: what is over is over at every poll.
    fn note_once(&mut self, side: Side, at: Duration, what: String) {
        if self.is_kept() && self.events.iter().rfind(|event| event.side == side).is_none_or(|last| last.what != what) {
            self.note(side, at, what);
        }
    }

    /// What is written, cut where its lines end: it doesn't matter in how many pieces.
    fn write(&mut self, side: Side, at: Duration, bytes: &[u8]) {
        if !self.is_kept() {
            return;
        }
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.written[side as usize].extend_from_slice(piece);
            if piece.ends_with(b"\n") {
                self.flush(side, at);
            }
        }
    }

    fn flush(&mut self, side: Side, at: Duration) {
        let line = std::mem::take(&mut self.written[side as usize]);
        if !line.is_empty() {
            self.events.push(Event { at, side, what: format!("says {}", line.escape_ascii()) });
        }
    }

    fn channel(&mut self, side: Side, channel: ChannelId) -> usize {
        let channels = &mut self.channels[side as usize];
        let next = channels.len() + 1;
        *channels.entry(channel).or_insert(next)
    }

    /// What one side did, a line an event.
    fn of(&self, side: Side) -> String {
        let mut text = String::new();
        self.events.iter().filter(|event| event.side == side).for_each(|event| event.append_to(&mut text));
        text
    }

    /// The whole log, in the order in which the rig had it.
    fn text(&self) -> String {
        let mut text = String::new();
        self.events.iter().for_each(|event| event.append_to(&mut text));
        text
    }
}

impl Event {
    fn append_to(&self, text: &mut String) {
        let side = if self.side == Side::Client { 'C' } else { 'S' };
        writeln!(text, "{} {side} {}", self.at.as_secs_f64(), self.what).expect("a String takes everything");
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        for side in [Side::Client, Side::Server] {
            let at = self.events.last().map_or(Duration::ZERO, |last| last.at);
            self.flush(side, at);
        }
        let Some(key) = self.key.take() else { return };
        // A test that fails has its own reason.
        if self.events.is_empty() || std::thread::panicking() {
            return;
        }
        book::keep(&key, || self.text());
        let together = TOGETHER.take();
        let mut digest = together.unwrap_or_default();
        digest.add(self.events.len(), &self.of(Side::Client));
        digest.add(0, &self.of(Side::Server));
        match together {
            Some(_) => TOGETHER.set(Some(digest)),
            None => book::compare(key, digest),
        }
    }
}

/// Bytes as a log shows them.
fn show(bytes: &[u8]) -> impl Display + '_ {
    bytes.escape_ascii()
}
