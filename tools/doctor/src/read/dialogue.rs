//! What happened in one session, in order, whichever program wrote it down.

use std::net::SocketAddr;
use std::time::Duration;

use ftp_proto::{DataError, TlsVersion};

use super::Program;
use super::line::Line;
use super::words::is_reply;

/// One session of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dialogue {
    pub(super) program: Program,
    /// A server's log has many sessions at once: which one this is, by its process or client.
    pub(super) who: String,
    pub(super) events: Vec<Event>,
    /// A command, a reply or a client is among the events; a control connection that stands is; TLS on it is. So that nobody looks through all of them
    /// for each line.
    begun: bool,
    connected: bool,
    secured: bool,
}

/// Something that a line tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The line's number, from 1.
    pub line: usize,
    /// When: only differences mean anything.
    pub at: Option<Duration>,
    /// What.
    pub what: What,
}

/// What a line tells.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum What {
    /// A control connection is made, to this address if it is told.
    Dialling(Option<SocketAddr>),
    /// It stands.
    Connected(Option<SocketAddr>),
    /// It couldn't be made.
    NotConnected(DataError),
    /// A client has come from this address: a server's word.
    Client(SocketAddr),
    /// A command, without its line end.
    Command(String),
    /// One line of a reply, without its end.
    Reply(String),
    /// The last command was answered, well or not; how isn't told.
    Answered(bool),
    /// A data connection is made to this address.
    DataDialling(SocketAddr),
    /// The client leaves the advertised host aside, and dials the control connection's.
    DataToPeer,
    /// The data connection stands; who came, if it is told.
    DataConnected(Option<SocketAddr>),
    /// It couldn't be made, or nobody came.
    DataFailed(DataError),
    /// It was closed before all bytes had come.
    DataCutShort,
    /// Nothing happened for too long: over the data connection, if it stands, or instead of it.
    TimedOut,
    /// TLS stands on the control connection.
    Secured(Option<TlsVersion>),
    /// TLS on the data connection: the version, and whether the session was resumed, as far as they are told.
    DataSecured {
        /// The version.
        version: Option<TlsVersion>,
        /// Whether the session of the control connection was resumed.
        resumed: Option<bool>,
    },
    /// The control connection has ended: in order or not, the replies tell.
    Ended {
        /// By a reset.
        reset: bool,
    },
}

impl Dialogue {
    /// A session that was seen as it went, by a client of whichever program's habits.
    pub fn new(program: Program, events: Vec<Event>) -> Self {
        Self { program, who: String::new(), events, begun: true, connected: false, secured: false }
    }

    /// Who wrote it.
    pub fn program(&self) -> Program {
        self.program
    }

    /// What happened, in order.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// The first and the last line of it, from 1.
    pub fn lines(&self) -> (usize, usize) {
        let line = |event: Option<&Event>| event.map_or(1, |event| event.line);
        (line(self.events.first()), line(self.events.last()))
    }

    /// Whether another control connection is another session's.
    fn is_used(&self) -> bool {
        self.begun || matches!(self.events.last(), Some(Event { what: What::NotConnected(_), .. }))
    }

    fn says_anything(&self) -> bool {
        let has = |what: fn(&What) -> bool| self.events.iter().any(|event| what(&event.what));
        self.begun
            || has(|what| matches!(what, What::NotConnected(_)))
            || (self.connected && has(|what| matches!(what, What::TimedOut)))
    }
}

/// Takes what the lines of a log tell, and sorts it into sessions.
pub(super) struct Sink {
    program: Program,
    line: usize,
    at: Option<Duration>,
    /// The session that this line belongs to.
    current: usize,
    dialogues: Vec<Dialogue>,
}

/// How many sessions of a log are read at most, and how many that are under way are looked through for the one that a line belongs to.
const SESSIONS: usize = 10_000;
const UNDER_WAY: usize = 200;

impl Sink {
    pub(super) fn new(program: Program) -> Self {
        Self { program, line: 0, at: None, current: 0, dialogues: Vec::new() }
    }

    /// What follows stands in this line.
    pub(super) fn at(&mut self, line: &Line<'_>) -> &mut Self {
        self.line = line.number;
        self.at = line.at.or(self.at);
        self
    }

    /// What follows belongs to this one of several sessions.
    pub(super) fn of(&mut self, who: &str) -> &mut Self {
        let recent = self.dialogues.iter().enumerate().rev().take(UNDER_WAY);
        match recent.into_iter().find(|(_, dialogue)| dialogue.who == who) {
            Some((place, _)) => self.current = place,
            None => self.begin(who),
        }
        self
    }

    /// The last of the sessions under way with whom this one has to do, under another name from now on.
    pub(super) fn rename(&mut self, who: &str) {
        if let Some(dialogue) = self.dialogues.get_mut(self.current) {
            who.clone_into(&mut dialogue.who);
        }
    }

    /// The one of several sessions that began last.
    pub(super) fn current_of(&self, fits: impl Fn(&Dialogue) -> bool) -> Option<String> {
        self.dialogues.iter().rev().take(UNDER_WAY).find(|dialogue| fits(dialogue)).map(|dialogue| dialogue.who.clone())
    }

    fn begin(&mut self, who: &str) {
        if self.dialogues.len() >= SESSIONS {
            return;
        }
        self.dialogues.push(Dialogue {
            program: self.program,
            who: who.to_owned(),
            events: Vec::new(),
            begun: false,
            connected: false,
            secured: false,
        });
        self.current = self.dialogues.len() - 1;
    }

    /// Takes it down.
    pub(super) fn tell(&mut self, what: What) {
        let begins = matches!(what, What::Dialling(_) | What::Client(_));
        if self.dialogues.is_empty() {
            self.begin("");
        } else if begins && self.dialogues.get(self.current).is_some_and(Dialogue::is_used) {
            let who = self.dialogues.get(self.current).map(|dialogue| dialogue.who.clone()).unwrap_or_default();
            self.begin(&who);
        }
        let event = Event { line: self.line, at: self.at, what };
        if let Some(dialogue) = self.dialogues.get_mut(self.current) {
            dialogue.begun |= matches!(event.what, What::Command(_) | What::Reply(_) | What::Client(_));
            dialogue.connected |= matches!(event.what, What::Connected(_));
            dialogue.secured |= matches!(event.what, What::Secured(_));
            dialogue.events.push(event);
        }
    }

    pub(super) fn command(&mut self, line: &str) {
        self.tell(What::Command(line.trim_end().to_owned()));
    }

    pub(super) fn reply(&mut self, line: &str) {
        self.tell(What::Reply(line.to_owned()));
    }

    /// What the session under way has told so far.
    pub(super) fn told(&self) -> &[Event] {
        self.dialogues.get(self.current).map_or(&[], |dialogue| &dialogue.events)
    }

    /// Whether a reply or a command was told already: then what is dialled is a data connection.
    pub(super) fn has_begun(&self) -> bool {
        self.dialogues.get(self.current).is_some_and(|dialogue| dialogue.begun)
    }

    /// Whether the control connection was told to stand.
    pub(super) fn is_connected(&self) -> bool {
        self.dialogues.get(self.current).is_some_and(|dialogue| dialogue.connected)
    }

    /// Whether a passive address was named, and nothing but a transfer's command came behind it: what is dialled now is the data
    /// connection's.
    pub(super) fn awaits_data(&self) -> bool {
        for event in self.told().iter().rev().take(20) {
            match &event.what {
                What::Reply(reply) if reply.starts_with("227") || reply.starts_with("229") => return true,
                What::Reply(reply) if is_reply(reply) && !reply.starts_with('1') => return false,
                What::Command(command) if ftp_proto::Verb::of_line(command.as_bytes()).opens_data() => {}
                What::Command(_) => return false,
                _ => {}
            }
        }
        false
    }

    /// Whether TLS on the control connection was told.
    pub(super) fn is_secured(&self) -> bool {
        self.dialogues.get(self.current).is_some_and(|dialogue| dialogue.secured)
    }

    /// A session that was said goodbye to is over: where this reply is a greeting, it is the next one's.
    pub(super) fn begin_anew_with(&mut self, reply: &str) {
        let is_goodbye = |event: &Event| matches!(&event.what, What::Reply(text) if text.starts_with("221"));
        if reply.starts_with("220") && self.told().iter().rev().take(4).any(is_goodbye) {
            self.tell(What::Dialling(None));
        }
    }

    /// The time of this line, where the format has it elsewhere than in front.
    pub(super) fn now(&mut self, at: Option<Duration>) {
        self.at = at.or(self.at);
    }

    /// Whether a reply of many lines has begun and not ended.
    pub(super) fn in_reply(&self) -> bool {
        for event in self.told().iter().rev().take(200) {
            let What::Reply(text) = &event.what else { return false };
            if is_reply(text) {
                return text.as_bytes().get(3) == Some(&b'-');
            }
        }
        false
    }

    /// Whether the last lines are of a reply of many lines with this code.
    pub(super) fn many_lines(&self, code: &str) -> bool {
        let mut before = self.told().iter().rev().skip(1).take(200);
        before.by_ref().find_map(|event| match &event.what {
            What::Reply(text) if text.starts_with(' ') => None,
            What::Reply(text) => Some(text.starts_with(code) && text.as_bytes().get(3) == Some(&b'-')),
            _ => Some(false),
        }) == Some(true)
    }

    /// The last line of a reply reads so.
    pub(super) fn replace_last(&mut self, line: String) {
        if let Some(Event { what: What::Reply(last), .. }) =
            self.dialogues.get_mut(self.current).and_then(|dialogue| dialogue.events.last_mut())
        {
            *last = line;
        }
    }

    pub(super) fn finish(self) -> Vec<Dialogue> {
        self.dialogues.into_iter().filter(Dialogue::says_anything).collect()
    }
}
