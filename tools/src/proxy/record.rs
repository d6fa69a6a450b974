//! Who said what, and what became of it: what a session writes into the log.
//!
//! ```text
//! TIME CLIENT USER VERB RESULT BYTES SECONDS ARGUMENT
//! ```
//!
//! A `-` stands for what there isn't. The result is the reply's code, and in parentheses where the proxy has said it itself. What the proxy
//! has to say beside commands has a verb in lower case.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ftp_proto::session::CommandId;
use ftp_proto::tracker::{Event, Expectation, Peer};
use ftp_proto::{Code, Command, Verb};

use super::data::{Meter, Ways};
use super::log::Log;
use crate::printable;

/// So many commands may wait for their replies; of more, the log tells no end.
const MOST: usize = 64;

/// Who aborts a transfer sooner than this hasn't waited for its data connection.
const HASTE: Duration = Duration::from_secs(1);

/// The log of a session.
pub struct Record {
    log: Arc<Log>,
    client: SocketAddr,
    user: String,
    begun: Instant,
    waiting: VecDeque<Line>,
    /// Those of them that don't reach the server.
    kept: VecDeque<Line>,
    /// Where the server listens was said; it may not go on.
    passive: Option<(Line, Code)>,
    transfers: VecDeque<Transfer>,
    /// What has gone over the data connection of the last transfer that was written, by the client and by the server.
    counted: Option<(Rc<Meter>, [u64; 2])>,
}

/// A command that waits for its end.
struct Line {
    id: CommandId,
    since: Instant,
    verb: String,
    argument: String,
}

/// The same, if it moves data.
struct Transfer {
    line: Line,
    sender: Peer,
    /// The command that set its data connection up.
    setup: Option<CommandId>,
    /// Its 1yz has come.
    begun: bool,
    /// So soon the client has aborted it.
    aborted: Option<Duration>,
    meter: Option<Rc<Meter>>,
    end: Option<Option<Code>>,
}

impl Record {
    pub fn new(log: Arc<Log>, client: SocketAddr) -> Self {
        let (waiting, transfers) = (VecDeque::new(), VecDeque::new());
        Self {
            log,
            client,
            user: "-".into(),
            begun: Instant::now(),
            waiting,
            kept: VecDeque::new(),
            passive: None,
            transfers,
            counted: None,
        }
    }

    /// What the tracker tells.
    pub fn observe(&mut self, event: &Event<'_>, ways: &Ways) {
        if matches!(event, Event::Command { .. } | Event::Reply { .. }) {
            self.write_passive();
        }
        match event {
            Event::Command { id, verb, command } => self.command(*id, *verb, command.as_ref(), ways),
            Event::Reply { answers: Some(id), reply, .. } if !reply.code().is_preliminary() => {
                self.answered(*id, reply.code(), ways);
            }
            Event::Answered { id, code } => self.answered(*id, *code, ways),
            Event::LoggedIn { user } => {
                let user = one_word(user.unwrap_or_default());
                self.user = if user.is_empty() { "-".into() } else { user };
            }
            Event::Expect(expected) | Event::Assigned(expected) => self.assigned(expected),
            Event::Begun(purpose) => {
                if let Some(transfer) = self.transfers.iter_mut().find(|transfer| transfer.line.id == purpose.id) {
                    transfer.begun = true;
                    transfer.attach(ways);
                }
            }
            Event::Ended(purpose, code) => self.ended(purpose.id, *code, ways),
            Event::Blind => self.say("blind", "TLS hides what is said: no data connection is made from here on"),
            Event::Sight => self.say("sight", "TLS has ended"),
            Event::Lost(why) => self.say("lost", &format!("it isn't certain which reply answers what ({why:?})")),
            Event::Found => self.say("found", "it is certain again"),
            _ => {}
        }
    }

    /// The client reads this in place of the server's answer to this command.
    pub fn replaced(&mut self, id: CommandId, code: Code) {
        if let Some((line, _)) = self.passive.take_if(|(line, _)| line.id == id) {
            self.write(&line, &format!("({code})"), None);
        }
    }

    /// This command doesn't reach the server.
    pub fn kept_here(&mut self, id: CommandId) {
        let at = self.transfers.iter().position(|transfer| transfer.line.id == id);
        let line = at.and_then(|at| self.transfers.remove(at)).map(|transfer| transfer.line);
        let line = line.or_else(|| self.take(id));
        self.kept.extend(line);
    }

    /// And the oldest of those was answered with this reply.
    pub fn answered_here(&mut self, reply: &[u8]) {
        let code = String::from_utf8_lossy(reply.get(..3).unwrap_or_default());
        if let Some(line) = self.kept.pop_front() {
            self.write(&line, &format!("({code})"), None);
        }
    }

    /// A word of the proxy's own.
    pub fn say(&self, verb: &str, text: &str) {
        self.log.line(&format!("{} {} {verb} - - {:.3} {text}", self.client, self.user, seconds(self.begun)));
    }

    /// Writes the lines of those transfers of which nothing more comes.
    pub fn settle(&mut self, ways: &Ways) {
        self.write_passive();
        self.transfers.iter_mut().for_each(|transfer| transfer.attach(ways));
        self.write_transfers(Transfer::is_over);
    }

    /// Whether the client itself has broken a transfer off, which that command asked for, or its data connection.
    pub fn was_broken_off(&self, id: CommandId, ways: &Ways) -> bool {
        let is_meant = |transfer: &&Transfer| transfer.line.id == id || transfer.setup == Some(id);
        self.transfers.iter().find(is_meant).is_some_and(|transfer| {
            let meter = transfer.meter.as_ref().or_else(|| transfer.setup.and_then(|id| ways.meter(Some(id))));
            let was_connected = meter.is_some_and(|meter| meter.was_connected());
            let was_aborted = transfer.aborted.is_some_and(|after| was_connected || after < HASTE);
            was_aborted || meter.is_some_and(|meter| meter.was_left_by_client(transfer.sender))
        })
    }

    /// The session has ended: what has no end yet will have none.
    pub fn finish(&mut self) {
        self.write_transfers(|_| true);
        while let Some(line) = self.waiting.pop_front().or_else(|| self.kept.pop_front()) {
            self.write(&line, "-", None);
        }
    }

    fn command(&mut self, id: CommandId, verb: Verb, command: Option<&Command<'_>>, ways: &Ways) {
        let shown = match (command, verb) {
            (Some(command), _) => command.to_string(),
            // Not even a word can be read.
            (None, Verb::Other) => "? ?".into(),
            (None, verb) => format!("{verb} ?"),
        };
        let (word, argument) = shown.split_once(' ').unwrap_or((&shown, ""));
        let line = Line { id, since: Instant::now(), verb: word.into(), argument: argument.into() };
        if verb.opens_data() {
            // The data connection may stay for this one.
            self.settle(ways);
            self.write_transfers(|transfer| transfer.end.is_some());
            let sender = if verb.is_upload() { Peer::Client } else { Peer::Server };
            let (setup, aborted, meter) = (None, None, None);
            self.transfers.push_back(Transfer { line, sender, setup, begun: false, aborted, meter, end: None });
            if self.transfers.len() > MOST {
                self.transfers.pop_front().iter().for_each(|transfer| self.write_transfer(transfer));
            }
        } else {
            if verb == Verb::Abor {
                for transfer in self.transfers.iter_mut().filter(|transfer| transfer.end.is_none()) {
                    transfer.aborted.get_or_insert(transfer.line.since.elapsed());
                }
            }
            self.waiting.push_back(line);
            if self.waiting.len() > MOST {
                self.waiting.pop_front().iter().for_each(|line| self.write(line, "-", None));
            }
        }
    }

    fn assigned(&mut self, expected: &Expectation<'_>) {
        let Some(purpose) = expected.purpose else { return };
        if let Some(transfer) = self.transfers.iter_mut().find(|transfer| transfer.line.id == purpose.id) {
            transfer.setup = Some(expected.id);
        }
    }

    fn answered(&mut self, id: CommandId, code: Code, ways: &Ways) {
        match self.take(id) {
            Some(line) if matches!(code.value(), 227..=229) => self.passive = Some((line, code)),
            Some(line) => self.write(&line, &code.to_string(), None),
            None => self.ended(id, Some(code), ways),
        }
    }

    fn ended(&mut self, id: CommandId, code: Option<Code>, ways: &Ways) {
        if let Some(transfer) = self.transfers.iter_mut().find(|transfer| transfer.line.id == id) {
            let code = transfer.end.flatten().or(code);
            transfer.end = Some(code);
            self.settle(ways);
        }
    }

    fn take(&mut self, id: CommandId) -> Option<Line> {
        let at = self.waiting.iter().position(|line| line.id == id)?;
        self.waiting.remove(at)
    }

    fn write_passive(&mut self) {
        if let Some((line, code)) = self.passive.take() {
            self.write(&line, &code.to_string(), None);
        }
    }

    fn write_transfers(&mut self, which: impl Fn(&Transfer) -> bool) {
        let (over, open) = std::mem::take(&mut self.transfers).into_iter().partition(which);
        self.transfers = open;
        let over: VecDeque<_> = over;
        over.iter().for_each(|transfer| self.write_transfer(transfer));
    }

    fn write_transfer(&mut self, transfer: &Transfer) {
        let result = transfer.end.flatten().map_or("-".into(), |code| code.to_string());
        let Some(meter) = &transfer.meter else { return self.write(&transfer.line, &result, Some(0)) };
        let sent = [Peer::Client, Peer::Server].map(|side| meter.sent_by(side));
        // What went over it before belongs to others, where it has stayed for this one.
        let counted = self.counted.replace((meter.clone(), sent)).filter(|(other, _)| Rc::ptr_eq(other, meter));
        let before = counted.map_or([0, 0], |(_, before)| before);
        let [by_client, by_server] = [sent[0] - before[0], sent[1] - before[1]];
        let bytes = if transfer.sender == Peer::Client { by_client } else { by_server };
        self.write(&transfer.line, &result, Some(bytes));
    }

    fn write(&self, line: &Line, result: &str, bytes: Option<u64>) {
        let Line { since, verb, argument, .. } = line;
        let bytes = bytes.map_or("-".into(), |bytes| bytes.to_string());
        let argument = if argument.is_empty() { "-" } else { argument };
        let took = seconds(*since);
        self.log.line(&format!("{} {} {verb} {result} {bytes} {took:.3} {argument}", self.client, self.user));
    }
}

impl Transfer {
    /// Finds what measures it. Where no data connection was set up for it, it goes over the one that has stayed.
    fn attach(&mut self, ways: &Ways) {
        if self.meter.is_none() && (self.begun || self.setup.is_some()) {
            self.meter = ways.meter(self.setup).cloned();
        }
    }

    /// The server has said its last word of it, and no byte is under way: where it is done, who sends has said all; an end of
    /// either side is one where it has failed.
    fn is_over(&self) -> bool {
        let Some(code) = self.end else { return false };
        let has_failed = code.is_none_or(Code::is_negative);
        let is_over = |meter: &Rc<Meter>| if has_failed { meter.has_an_end() } else { meter.has_ended(self.sender) };
        !self.begun && has_failed || self.meter.as_ref().is_none_or(is_over)
    }
}

/// A name as one field of a line: what would end it, and what is no text, shows as an escape.
fn one_word(name: &[u8]) -> String {
    let mut word = String::new();
    for chunk in name.utf8_chunks() {
        for character in printable(chunk.valid().as_bytes()).chars() {
            match character {
                ' ' => word.push_str("\\x20"),
                blank if blank.is_whitespace() => word.extend(blank.escape_unicode()),
                other => word.push(other),
            }
        }
        chunk.invalid().iter().for_each(|byte| word.push_str(&format!("\\x{byte:02x}")));
    }
    word
}

fn seconds(since: Instant) -> f64 {
    Instant::now().checked_duration_since(since).unwrap_or(Duration::ZERO).as_secs_f64()
}
