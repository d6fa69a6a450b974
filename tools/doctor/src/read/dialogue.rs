//! The events of one session in order, for any program's log.

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
    /// Which session of a server's log this is, by its process or client.
    pub(super) who: String,
    pub(super) events: Vec<Event>,
    /// Whether the events include a command, a reply or a client; a control connection that was made; TLS on it. Kept so that the events
    /// needn't be searched for each line.
    begun: bool,
    connected: bool,
    secured: bool,
}

/// Something that a line tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The line's number, from 1.
    pub line: usize,
    /// The time, of which only differences are meaningful.
    pub at: Option<Duration>,
    /// The event.
    pub what: What,
}

/// What a line tells.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum What {
    /// A control connection is made, to this address if it is told.
    Dialling(Option<SocketAddr>),
    /// The control connection was made.
    Connected(Option<SocketAddr>),
    /// The control connection couldn't be made.
    NotConnected(DataError),
    /// A server's log: a client has connected from this address.
    Client(SocketAddr),
    /// A command, without its line end.
    Command(String),
    /// One line of a reply, without its end.
    Reply(String),
    /// The last command was answered, positively or not; the reply isn't shown.
    Answered(bool),
    /// A data connection is made to this address.
    DataDialling(SocketAddr),
    /// The client ignores the advertised host, and connects to the control connection's.
    DataToPeer,
    /// The data connection was made, with the peer if it is told.
    DataConnected(Option<SocketAddr>),
    /// The data connection couldn't be made, or the peer didn't connect.
    DataFailed(DataError),
    /// The data connection was closed before all bytes had come.
    DataCutShort,
    /// A time-out: over the data connection, or while it was being made.
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
    /// The control connection has ended; whether in order, the replies tell.
    Ended {
        /// Whether by a reset.
        reset: bool,
    },
}

impl Dialogue {
    /// A session that was observed live, by a client with this program's habits.
    pub fn new(program: Program, events: Vec<Event>) -> Self {
        Self { program, who: String::new(), events, begun: true, connected: false, secured: false }
    }

    /// The program that wrote it.
    pub fn program(&self) -> Program {
        self.program
    }

    /// The events, in order.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// The first and the last line of the session, from 1.
    pub fn lines(&self) -> (usize, usize) {
        let line = |event: Option<&Event>| event.map_or(1, |event| event.line);
        (line(self.events.first()), line(self.events.last()))
    }

    /// Whether a new control connection begins another session.
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

/// Sorts the events of a log into sessions.
pub(super) struct Sink {
    program: Program,
    line: usize,
    at: Option<Duration>,
    /// The index of the session that the line belongs to.
    current: usize,
    dialogues: Vec<Dialogue>,
}

/// How many sessions of a log are read, and among how many of the last ones a line's session is searched.
const SESSIONS: usize = 10_000;
const UNDER_WAY: usize = 200;

impl Sink {
    pub(super) fn new(program: Program) -> Self {
        Self { program, line: 0, at: None, current: 0, dialogues: Vec::new() }
    }

    /// The following events are from this line.
    pub(super) fn at(&mut self, line: &Line<'_>) -> &mut Self {
        self.line = line.number;
        self.at = line.at.or(self.at);
        self
    }

    /// The following events belong to this one of several sessions.
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

    /// Chooses the session that began last.
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

    /// Records an event.
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

    /// The events of the session under way.
    pub(super) fn told(&self) -> &[Event] {
        self.dialogues.get(self.current).map_or(&[], |dialogue| &dialogue.events)
    }

    /// Whether there was a reply or a command: then a connection that is made is a data connection.
    pub(super) fn has_begun(&self) -> bool {
        self.dialogues.get(self.current).is_some_and(|dialogue| dialogue.begun)
    }

    /// Whether the control connection was made.
    pub(super) fn is_connected(&self) -> bool {
        self.dialogues.get(self.current).is_some_and(|dialogue| dialogue.connected)
    }

    /// Whether a passive address was named, followed at most by a transfer command: then a connection that is made is the data connection.
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

    /// Whether TLS began on the control connection.
    pub(super) fn is_secured(&self) -> bool {
        self.dialogues.get(self.current).is_some_and(|dialogue| dialogue.secured)
    }

    /// A greeting after QUIT begins the next session.
    pub(super) fn begin_anew_with(&mut self, reply: &str) {
        let is_goodbye = |event: &Event| matches!(&event.what, What::Reply(text) if text.starts_with("221"));
        if reply.starts_with("220") && self.told().iter().rev().take(4).any(is_goodbye) {
            self.tell(What::Dialling(None));
        }
    }

    /// The time of this line, if the format doesn't have it in front.
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
