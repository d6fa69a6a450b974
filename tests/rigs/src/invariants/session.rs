//! The session table: after any dialogue both ends and an observer between them agree.

use std::collections::VecDeque;

use ftp_proto::session::{Answered, Awaited, CommandId, Step};
use ftp_proto::{Class, Code, Command, Session, Verb};

/// Below the number of replies that a session keeps in mind.
const PIPELINE: usize = 60;

/// Never panics; an observer fed from the wire equals both ends.
///
/// The input is a dialogue: a line that begins with a code is said by the server, any other by the client. Commands
/// are pipelined; the server takes up one after the other, as its replies allow.
pub fn session(bytes: &[u8]) {
    let lines = bytes.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let mut dialogue = Dialogue::new();
    for line in lines.take(400) {
        dialogue.anything.hear(line);
        match reply_code(line) {
            Some(code) => dialogue.say(code),
            None => dialogue.ask(line),
        }
    }
    dialogue.finish();
}

struct Dialogue {
    client: Session,
    server: Session,
    observer: Session,
    /// What the server is at.
    under_way: CommandId,
    /// What the client has said and the server has not read yet.
    to_server: VecDeque<Vec<u8>>,
    /// How many of them the observer has seen.
    seen: usize,
    anything: Anything,
}

impl Dialogue {
    fn new() -> Self {
        Self {
            client: Session::new(),
            server: Session::new(),
            observer: Session::new(),
            under_way: CommandId::GREETING,
            to_server: VecDeque::new(),
            seen: 0,
            anything: Anything(Session::new()),
        }
    }

    fn ask(&mut self, line: &[u8]) {
        let Ok(command) = Command::parse(line) else { return };
        if self.client.replies_due() >= PIPELINE {
            return;
        }
        let _ = self.client.command(&command);
        self.to_server.push_back(line.to_vec());
        // The observer hears some commands at once, and others only with what comes behind them.
        if line.len().is_multiple_of(2) {
            self.observe(self.to_server.len());
        }
    }

    fn observe(&mut self, count: usize) {
        for line in self.to_server.iter().take(count).skip(self.seen) {
            let _ = self.observer.command(&Command::parse(line).expect("it was read before"));
        }
        self.seen = self.seen.max(count);
    }

    /// The server takes up the next command, if it is at none.
    fn take_up(&mut self) {
        if self.server.replies_due() > 0 || self.to_server.is_empty() {
            return;
        }
        self.observe(1);
        let line = self.to_server.pop_front().expect("not empty");
        self.seen -= 1;
        self.under_way = self.server.command(&Command::parse(&line).expect("it was read before")).0;
    }

    /// The server says this, if it is an answer to the command that it is at.
    fn say(&mut self, code: Code) {
        self.take_up();
        if !self.fits(code) {
            return;
        }
        let awaited = self.server.awaited().expect("a command that it is at");
        let said = Answered::Due { id: self.under_way, awaited, step: self.server.settle(self.under_way, code) };
        assert_eq!(self.observer.reply(code), said, "the observer understands {code} otherwise");
        assert_eq!(self.client.reply(code), said, "the client understands {code} otherwise");
        self.compare();
    }

    fn fits(&self, code: Code) -> bool {
        let Some(due) = self.server.awaited() else { return false };
        let transfer = matches!(due, Awaited::Command(verb) if verb.opens_data());
        // A transfer ends with 226 or 250, since another 2yz could be a NOOP's or a STAT's: FTP has no tags.
        if transfer && code.class() == Class::Completion && !matches!(code.value(), 226 | 250) {
            return false;
        }
        // Nor with a word that says that the command isn't known.
        if self.server.is_transferring() && transfer && matches!(code.value(), 500..=504) {
            return false;
        }
        // One 1yz, as RFC 959 5.4 has it.
        if code.class() == Class::Preliminary && self.server.is_transferring() {
            return false;
        }
        // An ABOR that the server takes up in its turn aborts nothing: 225 or 226.
        if due == Awaited::Command(Verb::Abor) && !matches!(code.value(), 225 | 226 | 500..) {
            return false;
        }
        self.server.clone().reply(code).id().is_some()
    }

    fn compare(&mut self) {
        if self.server.replies_due() > 0 || !self.to_server.is_empty() {
            return;
        }
        assert_eq!(self.client, self.server, "nothing is due, and the ends disagree");
        assert_eq!(self.observer, self.server, "nothing is due, and the observer disagrees");
        assert_eq!(self.server.awaited(), None);
        assert!(!self.server.is_transferring());
    }

    /// Everything that is due is refused: a negative reply fits any command.
    fn finish(&mut self) {
        for _ in 0..=PIPELINE {
            self.take_up();
            if self.server.replies_due() == 0 {
                break;
            }
            self.say(Code::FILE_UNAVAILABLE);
        }
        assert_eq!(
            (self.server.replies_due(), self.to_server.len()),
            (0, 0),
            "a 550 doesn't answer {:?}",
            self.server.awaited()
        );
        self.compare();
    }
}

/// A session that is fed what comes, whether it makes sense or not.
struct Anything(Session);

impl Anything {
    /// A suspect and an unsolicited reply change nothing, and a settled suspect is no success.
    fn reply(&mut self, code: Code) {
        let before = self.0.clone();
        let answered = self.0.reply(code);
        if answered.id().is_some() {
            return;
        }
        if !matches!(code.value(), 221 | 421) {
            assert_eq!(self.0, before, "{code} changes something");
        }
        match answered {
            Answered::Suspect { id, awaited } => {
                assert_ne!(code.class(), Class::Preliminary);
                assert_eq!(Some(awaited), before.awaited());
                let mut settled = self.0.clone();
                assert_eq!(settled.settle(id, code), Step::Failure, "{code} to {awaited:?}");
                assert_eq!(settled.replies_due() + 1, before.replies_due());
            }
            _ => assert!(before.replies_due() == 0 || code.class() == Class::Preliminary, "{code} may be an answer"),
        }
    }

    fn hear(&mut self, line: &[u8]) {
        if let Some(code) = reply_code(line) {
            self.reply(code);
        } else if let Ok(command) = Command::parse(line) {
            let _ = self.0.command(&command);
        }
        if line == b"ABOR" {
            self.0.settle_abort();
        }
        assert!(self.0.replies_due() <= 64, "{} replies are due", self.0.replies_due());
    }
}

fn reply_code(line: &[u8]) -> Option<Code> {
    let digits = std::str::from_utf8(line.get(..3)?).ok()?;
    let ends = matches!(line.get(3), None | Some(b' '));
    if ends && digits.bytes().all(|byte| byte.is_ascii_digit()) { Code::new(digits.parse().ok()?) } else { None }
}
