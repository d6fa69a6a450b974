//! The server's machine against what real clients said; the application agrees to everything, but for the transfers that
//! the recorded server refused.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use ftp_proto::server::{Action, Config, Greeting, Question, Refusal, Server, Support};
use ftp_proto::{
    Code, Command, Endpoints, Inbox, Instant, Limits, Moved, Path, Replies, Reply, StreamEnd, Text, Verb, Verdict,
};

use crate::dialogue::{self, Answer, Dialogue, Said, Who};
use ftp_proto_rigs::application::{STATUS, agree};
use ftp_proto_rigs::net::{Log, Shared, Side};

/// What the recorded servers took and ours doesn't, though the application would: how often in the clients' dialogues.
const REFUSED: &[(&str, usize, &str)] =
    &[("SIZE 550", 2, "wget asks in TYPE A, where bytes of the file aren't those that would be sent (RFC 3659 4.1)")];

/// One recorded client against our server.
struct Replay<'a> {
    file: &'a str,
    server: Server,
    log: Log,
    inbox: Inbox<Replies>,
    /// The codes of all replies.
    said: Vec<u16>,
    /// The next stream stays open, since the client is going to abort it.
    hold: bool,
    /// The next transfer is refused so.
    refusal: Option<Code>,
}

/// Why nothing goes on.
#[derive(Debug, PartialEq, Eq)]
enum Stopped {
    /// The client's turn.
    Read,
    /// A transfer is held.
    Held,
    Closed,
}

#[test]
fn the_server_answers_each_line_of_real_clients_once_when_they_wait() {
    let mut refused = BTreeMap::new();
    let mut agreed = 0;
    for dialogue in dialogue::all() {
        let exchanges = dialogue.exchanges();
        let mut replay = Replay::new(&dialogue.file);
        assert_eq!((replay.run(), replay.finals()), (Stopped::Read, vec![220]));
        let lines: Vec<(usize, Vec<u8>)> = lines(&dialogue);
        for (index, (at, line)) in lines.iter().enumerate() {
            let place = format!("{}:{at}: {}", dialogue.file, line.escape_ascii());
            replay.hold = lines.get(index + 1).is_some_and(|(_, next)| next == b"ABOR");
            let exchange = exchanges.iter().find(|exchange| exchange.at == *at && exchange.line == *line).unwrap();
            replay.refusal = match &exchange.last {
                Some(last) if exchange.preliminary.is_empty() => Code::new(last.code).filter(|code| code.is_negative()),
                _ => None,
            };
            let before = replay.finals().len();
            replay.server.received(&[line, b"\r\n".as_slice()].concat());
            let stopped = replay.run();
            let finals = replay.finals().split_off(before);
            if stopped == Stopped::Held {
                assert_eq!(replay.said.last(), Some(&150), "{place}");
                continue;
            }
            // ABOR amid a transfer: the transfer's answer and its own.
            let aborts = finals == [426, 226];
            assert!(finals.len() == 1 || aborts, "{place}: {finals:?}");
            if stopped == Stopped::Closed {
                assert!(is_last(line), "{place}");
                assert_eq!(finals, [if is_http(line) { 500 } else { 221 }], "{place}");
                break;
            }
            let taken = exchange.last.as_ref().is_some_and(Answer::is_positive);
            if dialogue.file.starts_with("clients/") && taken && !aborts {
                if (200..400).contains(&finals[0]) {
                    agreed += 1;
                } else {
                    let verb = Command::parse(line).expect("those servers took it").verb();
                    *refused.entry(format!("{verb} {}", finals[0])).or_insert(0) += 1;
                }
            }
        }
        replay.end();
    }
    let expected: BTreeMap<String, usize> =
        REFUSED.iter().map(|(what, count, _)| ((*what).to_owned(), *count)).collect();
    assert_eq!(refused, expected);
    assert!(agreed > 1500, "only {agreed} commands");
}

#[test]
fn the_server_answers_each_line_of_real_clients_once_when_they_do_not_wait() {
    for dialogue in dialogue::all() {
        for size in [usize::MAX, 7, 1] {
            let mut replay = Replay::new(&dialogue.file);
            // As they came, Telnet and odd line ends among them.
            let wire = dialogue.half(Who::Client);
            let mut stopped = Stopped::Read;
            for chunk in wire.chunks(size.min(wire.len())) {
                replay.server.received(chunk);
                stopped = replay.run();
            }
            let lines = lines(&dialogue);
            let last = lines.iter().position(|(_, line)| is_last(line));
            let answered = last.map_or(lines.len(), |place| place + 1);
            assert_eq!(replay.finals().len(), 1 + answered, "{} by {size}: {:?}", dialogue.file, replay.said);
            assert_eq!(stopped, if last.is_some() { Stopped::Closed } else { Stopped::Read }, "{}", dialogue.file);
            replay.end();
        }
    }
}

/// The session ends with it: QUIT, and what a browser would say, which a probe tries on purpose (security.tsv, S11).
fn is_last(line: &[u8]) -> bool {
    line.eq_ignore_ascii_case(b"QUIT") || is_http(line)
}

fn is_http(line: &[u8]) -> bool {
    line.ends_with(b" HTTP/1.1")
}

/// The command lines.
fn lines(dialogue: &Dialogue) -> Vec<(usize, Vec<u8>)> {
    let said = dialogue.said().into_iter();
    said.filter_map(|said| match said {
        Said::Command { at, line } => Some((at, line)),
        _ => None,
    })
    .collect()
}

impl<'a> Replay<'a> {
    fn new(file: &'a str) -> Self {
        let mut config = Config::default();
        config.support = Support::default().with(&[Verb::Site, Verb::Mfmt, Verb::Smnt, Verb::Acct]).unwrap();
        config.support =
            config.support.clone().with_site(["CHMOD <SP> mode <SP> path", "UTIME <SP> time <SP> path"]).unwrap();
        let ends = Endpoints::new("127.0.0.1:21".parse().unwrap(), "127.0.0.1:40000".parse().unwrap());
        let greeting = Greeting::ready(Text::from_static("ready"));
        let server = Server::new(Arc::new(config), ends, &greeting, Instant::default());
        Self {
            file,
            server,
            log: Log::of_test("transcripts"),
            inbox: Inbox::replies(Limits::REPLIES),
            said: Vec::new(),
            hold: false,
            refusal: None,
        }
    }

    /// The final replies.
    fn finals(&self) -> Vec<u16> {
        self.said.iter().copied().filter(|code| *code >= 200).collect()
    }

    fn run(&mut self) -> Stopped {
        for _ in 0..100_000 {
            let mut log = self.log.at(Side::Server, Duration::ZERO);
            match self.server.poll(Instant::default()) {
                Action::Write(write) => {
                    self.inbox.push(write.bytes());
                    let length = write.bytes().len();
                    log.write(write, length);
                    while let Some(reply) = self.inbox.next_reply().expect("replies") {
                        let twice = self.said.last().is_some_and(|last| *last < 200) && reply.code().is_preliminary();
                        assert!(!twice, "{}: two 1yz", self.file);
                        self.said.push(reply.code().value());
                    }
                }
                Action::Read { .. } => return Stopped::Read,
                Action::Answered(exchange) => panic!("{exchange:?}: nobody wants to know"),
                Action::Leave => {
                    log.leaves();
                    return Stopped::Closed;
                }
                Action::Question(question) => match log.asked(question) {
                    // Whatever the recorded servers' passwords were.
                    Question::Login(login) if !matches!(login.command(), Command::User(_)) => login.accept(),
                    question => agree(question, STATUS),
                },
                Action::Transfer(transfer) => {
                    let transfer = log.asked_to_transfer(transfer);
                    match (transfer.command().verb(), self.refusal) {
                        (_, Some(code)) => transfer.refuse(&Refusal::new(Reply::from_static(code, "No.")).unwrap()),
                        (Verb::Stou, None) => transfer.accept_as(&Path::new("unique").unwrap()),
                        _ => transfer.accept(),
                    }
                }
                Action::Listen(listen) => log.listen(listen, Ok("127.0.0.1:50000".parse().unwrap())),
                Action::Connect(connect) => log.connect(connect, Ok(())),
                Action::Accept(accept) => {
                    assert_eq!(log.accept(accept, "127.0.0.1:40001".parse().unwrap()), Verdict::Take);
                }
                Action::Stream(stream) if self.hold => {
                    assert!(stream.wants_input(), "{}: ABOR couldn't be heard", self.file);
                    self.hold = false;
                    return Stopped::Held;
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
        panic!("{}: no end", self.file)
    }

    /// The client is gone: nothing more is said, and the session closes in order.
    fn end(&mut self) {
        let said = self.said.clone();
        self.server.received(b"");
        assert_eq!(self.run(), Stopped::Closed, "{}", self.file);
        assert_eq!(self.said, said, "{}: said to nobody", self.file);
        assert!(self.inbox.finish().is_ok() && self.server.session().replies_due() == 0, "{}", self.file);
    }
}
