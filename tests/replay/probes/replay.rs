//! One session of probes, sent to our server as it was sent to another.

use std::sync::Arc;
use std::time::Duration;

use ftp_proto::server::{Action, Greeting, Server};
use ftp_proto::{DataError, Endpoints, Inbox, Instant, Limits, Moved, Replies, Reply, StreamEnd, Text, Verdict};

use super::application::{self, Application, Peer};
use crate::dialogue::{Dialogue, Exchange, Line, Who};
use ftp_proto_rigs::net::{Log, Shared, Side};

/// A probe and the two answers, as the table writes them: codes, and what became of the connection.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Compared {
    /// The session, the command line, and which time it is if it isn't the first.
    pub probe: String,
    pub theirs: String,
    pub ours: String,
    /// The whole of the final replies.
    pub words: [String; 2],
}

pub struct Replay {
    server: Server,
    log: Log,
    application: Application,
    inbox: Inbox<Replies>,
    now: Duration,
    said: Vec<Reply<'static>>,
    closed: bool,
}

/// What our server said to a command line.
#[derive(Debug, Clone, Default)]
struct Said {
    codes: Vec<u16>,
    words: String,
    closes: bool,
}

/// The probes of one session, with both servers' answers.
pub fn compare(peer: Peer, dialogue: &Dialogue) -> Vec<Compared> {
    let exchanges = dialogue.exchanges();
    let ours = Replay::new(peer).replay(dialogue, &exchanges);
    let mut compared: Vec<Compared> = Vec::new();
    // pyftpdlib says 150 to a second command while the first one's final reply is due.
    let mut next_preliminary: Vec<u16> = Vec::new();
    for (index, (exchange, ours)) in exchanges.iter().zip(&ours).enumerate() {
        // Nothing is asked of who has gone.
        if dialogue.closed.is_some_and(|closed| closed < exchange.at) {
            break;
        }
        let next = exchanges.get(index + 1).map_or(usize::MAX, |next| next.at);
        let closes = dialogue.closed.is_some_and(|closed| closed < next);
        let mut codes = std::mem::take(&mut next_preliminary);
        codes.extend(exchange.preliminary.iter().map(|answer| answer.code));
        next_preliminary = codes.split_off(codes.len().min(1));
        codes.extend(exchange.last.iter().map(|answer| answer.code));
        let name = format!("{} {}", dialogue.title, name(&exchange.line, exchange.at));
        let before = compared.iter().filter(|it| it.probe.split(" #").next() == Some(&name)).count();
        let words = exchange.last.as_ref().map(|last| String::from_utf8_lossy(&last.wire).trim_end().to_owned());
        compared.push(Compared {
            probe: if before == 0 { name } else { format!("{name} #{}", before + 1) },
            theirs: outcome(&codes, exchange.last.is_some(), closes),
            ours: outcome(&ours.codes, ours.codes.last().is_some_and(|code| *code >= 200), ours.closes),
            words: [words.unwrap_or_default(), ours.words.clone()],
        });
    }
    compared
}

fn outcome(codes: &[u16], is_final: bool, closes: bool) -> String {
    let mut parts: Vec<String> = codes.iter().map(u16::to_string).collect();
    if !is_final {
        parts.push("nothing".into());
    }
    if closes {
        parts.push("closes".into());
    }
    parts.join(" ")
}

/// A command line as the table writes it.
fn name(line: &[u8], at: usize) -> String {
    match line {
        [] if at == 0 => "(greeting)".into(),
        [] => "(empty line)".into(),
        [byte, ..] if line.len() > 100 => format!("{}*{}", char::from(*byte), line.len()),
        _ => line.escape_ascii().to_string(),
    }
}

impl Replay {
    fn new(peer: Peer) -> Self {
        let ends = Endpoints::new("127.0.0.1:21".parse().unwrap(), "127.0.0.1:2403".parse().unwrap());
        let greeting = Greeting::ready(Text::from_static("ready"));
        Self {
            server: Server::new(Arc::new(application::config()), ends, &greeting, Instant::default()),
            log: Log::of_test("probes"),
            application: Application::new(peer),
            inbox: Inbox::replies(Limits::REPLIES),
            now: Duration::ZERO,
            said: Vec::new(),
            closed: false,
        }
    }

    /// What was said to each command line, in their order.
    fn replay(mut self, dialogue: &Dialogue, exchanges: &[Exchange]) -> Vec<Said> {
        let mut answers = vec![Said::default(); exchanges.len()];
        // The lines that wait for their final reply.
        let mut due: Vec<usize> = vec![0];
        self.run();
        self.assign(&mut due, exchanges, &mut answers);
        for Line { at, wire, .. } in dialogue.lines.iter().filter(|line| line.who == Who::Client) {
            if self.closed {
                break;
            }
            self.server.received(wire);
            due.extend((0..exchanges.len()).filter(|index| exchanges[*index].at == *at));
            self.run();
            self.assign(&mut due, exchanges, &mut answers);
        }
        // Whoever waits for a data connection gives up.
        self.now += application::config().patience.accept;
        self.run();
        self.assign(&mut due, exchanges, &mut answers);
        if !self.closed {
            assert!(due.is_empty(), "{} {}: {due:?} has no reply", dialogue.file, dialogue.title);
        }
        answers
    }

    fn assign(&mut self, due: &mut Vec<usize>, exchanges: &[Exchange], answers: &mut [Said]) {
        for reply in self.said.drain(..) {
            let code = reply.code().value();
            // NOOP is answered amid a transfer.
            let overtakes = code == 200 && due.len() > 1 && !answers[due[0]].codes.is_empty();
            let place = if overtakes { due.len() - 1 } else { 0 };
            let index = due[place];
            answers[index].codes.push(code);
            if code < 200 {
                continue;
            }
            let mut words = Vec::new();
            reply.encode(&mut words);
            answers[index].words = String::from_utf8_lossy(&words).trim_end().to_owned();
            due.remove(place);
            if self.closed && due.iter().all(|late| exchanges[*late].at > exchanges[index].at) {
                answers[index].closes = true;
            }
        }
    }

    /// Until the server waits for a command or for the client's data connection, which never comes.
    fn run(&mut self) {
        for _ in 0..10_000 {
            let mut log = self.log.at(Side::Server, self.now);
            match self.server.poll(Instant::from_origin(self.now)) {
                Action::Write(write) => {
                    self.inbox.push(write.bytes());
                    let length = write.bytes().len();
                    log.write(write, length);
                    while let Some(reply) = self.inbox.next_reply().expect("replies") {
                        self.said.push(reply.into_owned());
                    }
                }
                // A delay, such as that of a refused login.
                Action::Read { deadline }
                    if deadline.saturating_since(Instant::from_origin(self.now)) <= Duration::from_secs(10) =>
                {
                    self.now += deadline.saturating_since(Instant::from_origin(self.now));
                }
                Action::Read { .. } => return,
                Action::Answered(exchange) => panic!("{exchange:?}: nobody wants to know"),
                Action::Leave => {
                    log.leaves();
                    self.closed = true;
                    return;
                }
                Action::Question(question) => self.application.answer(log.asked(question)),
                Action::Transfer(transfer) => log.asked_to_transfer(transfer).accept(),
                Action::Listen(listen) => log.listen(listen, Ok("127.0.0.1:24110".parse().unwrap())),
                Action::Connect(connect) => log.connect(connect, Err(DataError::Refused)),
                Action::Accept(accept) => {
                    let stranger = log.accept(accept, "127.0.0.2:50000".parse().unwrap());
                    assert_eq!(stranger, Verdict::Refuse);
                    return;
                }
                Action::Stream(stream) => log.stream(stream, StreamEnd::Clean, 0),
                Action::Look(look) => look.looked(),
                Action::Commit(commit) => log.commit(commit, Ok(())),
                Action::Close(close) => log.close(close, Moved::Nothing),
                Action::SecureData(secure) => log.secure(secure, Ok(Shared::Yes)),
                Action::StartTls(start) => log.start_tls(start, Ok(())),
                Action::StopTls(stop) => log.stop_tls(stop, Ok(())),
            }
        }
        panic!("no rest");
    }
}
