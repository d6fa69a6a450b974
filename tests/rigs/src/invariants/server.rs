//! The server's machine against a scripted client, network, clock and application.

mod answer;
mod line;
mod policy;

use std::collections::{BTreeSet, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;

use ftp_proto::server::{Action, Config, Question, Refusal, Security, Server};
use ftp_proto::session::LoginState;
use ftp_proto::{
    ChannelId, Code, Command, ControlError, Direction, Endpoints, Inbox, Instant, Limits, Moved, Protection, Replies,
    Text, Type, Verb,
};

use answer::Kind;
use line::{Line, account};
use policy::Policy;

use super::floods;
use super::script::{self, Mouth, Step, Written, shows_secret};
use super::words::greeting;
use crate::net::{Log, Side};

/// Until it ends, exactly one final reply per command line, in order (STAT and NOOP amid a transfer may come before
/// its final one); at most one preliminary; no data to a stranger; no transfer before login; memory bounded; the same
/// log whatever the chunks. Nothing is written between a 234 and TLS; where policy wants TLS, no login and no data
/// connection without; no byte of a file moves unprotected while PROT P is in force. An upload is answered 2yz if it was
/// kept and only then, and 426 only if nobody was asked to keep it; what came whole is kept, refused or dropped. Past the
/// deadline of a `Write`, and after one that failed, there is no other. Where the application wants to know, each final
/// reply is told exactly once, with its command, and no secret is told.
///
/// Three bytes choose the policy, the rest is the script.
pub fn server(bytes: &[u8]) {
    let Some(([various, pipeline, size], rest)) = bytes.split_first_chunk() else { return };
    let policy = Policy { various: *various, pipeline: *pipeline, tls: *size };
    let config = Arc::new(policy.config());
    let steps = script::steps(rest);
    let keeps_secret = !script::tells_secret(&steps, b"PASS ");
    floods::of_client(&config, policy.ends(), &steps);
    let run = |chunk, piece| Run::new(policy, &config, chunk, piece).play(&steps, keeps_secret);
    let size = 2 + usize::from(size % 30);
    let whole = run(512, 0);
    let pieces = [run(1, 1), run(size, size)];
    // Where the pipeline is full, it depends on the chunks how much of it is read; and where plaintext comes behind AUTH,
    // whether it came too soon for the 234.
    if !policy.is_narrow() && !whole.spurious && pieces.iter().all(|run| !run.spurious) {
        assert_eq!(pieces[0].log, whole.log, "byte by byte");
        assert_eq!(pieces[1].log, whole.log, "in pieces of {size}");
    }
}

/// What a poll came to wait for.
#[derive(Debug, Clone, PartialEq)]
enum Open {
    Read(Instant),
    Command(u64, Command<'static>),
    Transfer(u64, Direction, u64, Command<'static>),
    Listen(u64, ChannelId),
    Connect(u64, ChannelId, SocketAddr),
    Accept(u64, ChannelId),
    SecureData(u64, ChannelId),
    Stream(u64, ChannelId, Direction, Type, u64),
    Look(u64, ChannelId),
    Commit(u64, ChannelId, Command<'static>),
    /// The client takes nothing; when the machine gives up.
    Write(Instant),
    StartTls,
    StopTls,
    Closed,
}

/// How far an upload has come.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Upload {
    /// It may still be undone.
    Under,
    /// `Commit` was asked.
    Asked,
    Kept,
}

/// What is the same whatever the chunks.
#[derive(Debug, PartialEq)]
enum Event {
    Wrote(Written),
    Now(Option<Open>),
}

struct Run<'a> {
    config: Arc<Config>,
    /// The application answers in words of its own.
    own_words: bool,
    ends: Endpoints,
    server: Server,
    now: Instant,
    chunk: usize,
    /// How many bytes are written at once; 0: all.
    piece: usize,
    log: Vec<Event>,
    /// Of the first run; the others do the same.
    net: Log,
    open: Option<Open>,
    wants_input: bool,
    /// What the client has sent and was not read yet; an empty chunk is its end.
    socket: VecDeque<&'a [u8]>,
    lines: Inbox<ftp_proto::Commands>,
    due: VecDeque<Line>,
    /// The news about replies that weren't written yet: the verb, the code, whether the application was asked.
    told: VecDeque<(Verb, Code, bool)>,
    replies: Inbox<Replies>,
    greeted: bool,
    hung_up: bool,
    /// 221 or 421 was written, or the application has closed: lines may go without an answer.
    ended: bool,
    /// The application has let somebody in.
    let_in: bool,
    /// TLS is on the control connection.
    tls: bool,
    /// The 234 was written, and TLS hasn't begun.
    turning: bool,
    /// Something was received between plaintext and TLS.
    spurious: bool,
    /// A login was refused, which isn't said at once.
    refused: bool,
    sockets: BTreeSet<ChannelId>,
    /// The data connection of an upload that came whole, of which nothing is said yet.
    unkept: Option<ChannelId>,
    upload: Upload,
    mouth: Mouth,
    /// The machine knows that nothing can be written.
    mute: bool,
    /// Those of them that have TLS.
    secured: BTreeSet<ChannelId>,
    /// Nobody has said the secret but in a PASS: it must not show.
    keeps_secret: bool,
    polls: usize,
    received: usize,
}

impl<'a> Run<'a> {
    fn new(policy: Policy, config: &Arc<Config>, chunk: usize, piece: usize) -> Self {
        let ends = policy.ends();
        let lines = Inbox::commands(config.limits).with_escape(config.escaping.commands);
        let mut run = Self {
            config: Arc::clone(config),
            own_words: policy.has_own_words(),
            ends,
            server: Server::new(Arc::clone(config), ends, &greeting(), Instant::default()),
            now: Instant::default(),
            chunk,
            piece,
            log: Vec::new(),
            net: Log::of_bytes(),
            open: None,
            wants_input: false,
            socket: VecDeque::new(),
            lines,
            due: VecDeque::new(),
            told: VecDeque::new(),
            replies: Inbox::replies(Limits::REPLIES).with_escape(config.escaping.replies),
            greeted: false,
            hung_up: false,
            ended: false,
            let_in: false,
            tls: false,
            turning: false,
            spurious: false,
            refused: false,
            sockets: BTreeSet::new(),
            unkept: None,
            upload: Upload::Under,
            mouth: Mouth::Open,
            mute: false,
            secured: BTreeSet::new(),
            keeps_secret: false,
            polls: 0,
            received: 0,
        };
        run.settle();
        run
    }

    fn play(mut self, steps: &'a [Step], keeps_secret: bool) -> Self {
        self.keeps_secret = keeps_secret;
        self.settle();
        for (index, step) in steps.iter().enumerate() {
            self.step(step);
            self.settle();
            if script::is_due(index) {
                self.memory();
            }
            self.log.push(Event::Now(self.open.clone()));
        }
        self.memory();
        self
    }

    fn step(&mut self, step: &'a Step) {
        match step {
            Step::Feed(bytes) => {
                if !self.hung_up {
                    self.socket.extend(bytes.chunks(self.chunk));
                }
            }
            Step::HangUp => {
                self.hung_up = true;
                self.socket.push_back(b"");
            }
            Step::Clock(wait) => self.now = self.now.after(*wait),
            Step::Answer(choice) => self.answer(*choice, Kind::Well),
            Step::Fail(choice) => self.answer(*choice, Kind::Badly),
            Step::Disturb(choice) => self.answer(*choice, Kind::Strangely),
            Step::End => {
                self.ended = true;
                self.server.close(&Refusal::closing(Text::new("Shutting down.").unwrap()));
            }
            Step::Mute(choice) => {
                self.mouth = if choice & 1 == 0 { Mouth::Stuck } else { Mouth::Shut };
            }
            // Work for the client's machine.
            Step::Start(_) | Step::Abort => {}
        }
    }

    /// Polls until the machine waits for something outside, and reads what it lets us read meanwhile.
    fn settle(&mut self) {
        loop {
            self.rest();
            // An adapter may have read more than it should when TLS begins or ends.
            let turns = matches!(self.open, Some(Open::StartTls | Open::StopTls));
            let reads = self.wants_input || turns || matches!(self.open, Some(Open::Read(_)));
            let Some(chunk) = (if reads { self.socket.pop_front() } else { None }) else { return };
            self.spurious |= turns && !chunk.is_empty();
            self.server.received(chunk);
            self.received += chunk.len();
            if !chunk.is_empty() && !self.ended {
                self.expect_lines(chunk);
            }
        }
    }

    fn rest(&mut self) {
        self.polls = 0;
        let open = loop {
            self.polls += 1;
            let written = if self.piece == 0 { 0 } else { 100_000 };
            assert!(self.polls < 200 + 8 * self.received + written, "it doesn't come to rest: {:#?}", self.log);
            if let Some(open) = self.poll() {
                break open;
            }
        };
        if self.open == Some(Open::Closed) || self.mute {
            assert_eq!(open, Open::Closed, "it was the end: {:#?}", self.log);
        }
        self.open = Some(open);
        assert_eq!(self.poll(), self.open, "dropped without an answer, it comes again: {:#?}", self.log);
        let open = self.open.as_ref().expect("it was set");
        match open {
            Open::Read(_) => {
                let waits = self.due.is_empty() || self.refused;
                assert!(waits, "no answer to {}: {:#?}", self.due[0].show(), self.log);
                assert!(self.sockets.len() <= 1, "left open: {:?}", self.sockets);
                assert_eq!(self.unkept, None, "neither kept nor dropped: {:#?}", self.log);
            }
            Open::Write(_) => {}
            Open::StartTls | Open::StopTls => {
                // AUTH and REIN end what was agreed on; CCC leaves it, and PROT, as they are.
                let anew = self.server.session().login() != LoginState::Complete;
                let agreed = self.sockets.len() <= usize::from(*open == Open::StopTls && !anew);
                assert!(self.due.is_empty() && agreed, "not yet: {:#?}", self.log);
            }
            Open::Closed => {
                assert!(self.sockets.is_empty(), "left open: {:?} {:#?}", self.sockets, self.log);
                assert_eq!(self.unkept, None, "neither kept nor dropped: {:#?}", self.log);
            }
            _ => assert!(!self.due.is_empty() || self.ended, "a question about nothing: {open:?} {:#?}", self.log),
        }
    }

    fn memory(&mut self) {
        assert!(!self.keeps_secret || !shows_secret(&format!("{:?}", self.server)), "a secret in Debug");
        if self.piece == 0 && self.keeps_secret {
            // What it waits for, since `poll` below passes over a Read.
            assert!(!shows_secret(&format!("{:?}", self.server.poll(self.now))), "a secret in Debug");
        }
        let kept = floods::kept(&self.server, &["Waiting(", "buffered: "]);
        // A short line that waits for a transfer counts for more than its bytes: with what was received before the transfer
        // began, up to twice as much.
        let most = 2 * self.config.pipeline_bytes + self.config.limits.line + self.chunk.min(512) + 8;
        assert!(kept <= most, "{kept} bytes are kept");
    }

    /// Reads the lines that have come as the machine should.
    fn expect_lines(&mut self, chunk: &[u8]) {
        self.lines.push(chunk);
        loop {
            let bytes = match self.lines.next_line() {
                Ok(None) => return,
                Ok(Some(line)) => Ok(line.to_vec()),
                Err(error) => Err(error.limit),
            };
            self.due.push_back(Line { bytes, begun: false, asked: false });
        }
    }

    /// One action; `None`: it was answered.
    fn poll(&mut self) -> Option<Open> {
        self.wants_input = false;
        let logged_in = self.server.session().login() == LoginState::Complete;
        let protected = self.server.session().protection() == Protection::Private;
        let must_protect = self.config.security == Security::Data;
        let mut net = self.net.at(Side::Server, self.now.since_origin());
        let action = self.server.poll(self.now);
        if self.piece == 0 && self.keeps_secret && !matches!(action, Action::Read { .. }) {
            assert!(!shows_secret(&format!("{action:?}")), "a secret in Debug");
        }
        let due = &mut self.due;
        let mut is_front = |command: &Command<'_>| match due.front_mut() {
            Some(front) => {
                assert_eq!(front.command().as_ref(), Ok(command), "not the command whose turn it is");
                front.asked = true;
            }
            None => panic!("a question that nobody asked: {command:?}"),
        };
        match action {
            Action::Write(write) if self.mouth != Mouth::Open => {
                assert!(write.deadline() > self.now, "its time is over: {:#?}", self.log);
                if self.mouth == Mouth::Shut {
                    assert!(!self.mute, "it was told that nothing can be written: {:#?}", self.log);
                    (self.mute, self.ended) = (true, true);
                    write.failed(ControlError::Closed);
                    return None;
                }
                self.wants_input = write.wants_input();
                return Some(Open::Write(write.deadline()));
            }
            Action::Write(write) => {
                let bytes = write.bytes();
                assert!(write.deadline() > self.now, "its time is over: {:#?}", self.log);
                assert!(!bytes.is_empty() && bytes.len() < 1 << 16);
                assert_ne!(self.open, Some(Open::Closed), "a Write after Close");
                let turns = matches!(self.open, Some(Open::StartTls | Open::StopTls)) || self.turning;
                assert!(!turns, "a Write while TLS begins or ends: {:#?}", self.log);
                let count = if self.piece == 0 { bytes.len() } else { bytes.len().min(self.piece) };
                match self.log.last_mut() {
                    Some(Event::Wrote(last)) => last.0.extend_from_slice(&bytes[..count]),
                    _ => self.log.push(Event::Wrote(Written(bytes[..count].to_vec()))),
                }
                self.replies.push(&bytes[..count]);
                // Nothing but the end of a line ends a reply.
                let may_end = count == bytes.len() || bytes[..count].contains(&b'\n');
                net.write(write, count);
                if may_end {
                    self.read_replies();
                }
            }
            Action::Read { deadline } => {
                assert!(deadline > self.now, "a deadline in the past would spin");
                return Some(Open::Read(deadline));
            }
            Action::Question(question) => {
                is_front(question.command());
                assert!(question.deadline() > self.now);
                let tells = matches!(question, Question::Login(_)) && self.config.security >= Security::Login;
                assert!(self.tls || !tells, "a login without TLS: {:#?}", self.log);
                return Some(Open::Command(question.serial(), question.command().clone()));
            }
            Action::Transfer(transfer) => {
                assert!(logged_in && self.let_in, "a transfer before the login");
                assert!(!must_protect || protected, "a transfer without PROT P");
                assert!(transfer.deadline() > self.now);
                is_front(transfer.command());
                let (direction, offset) = (transfer.direction(), transfer.offset());
                return Some(Open::Transfer(transfer.serial(), direction, offset, transfer.command().clone()));
            }
            Action::Listen(listen) => {
                assert!(logged_in && self.let_in, "a data connection before the login");
                assert!(!must_protect || protected, "a data connection without PROT P");
                assert!(listen.deadline() > self.now);
                self.wants_input = listen.wants_input();
                return Some(Open::Listen(listen.serial(), listen.channel()));
            }
            Action::Connect(connect) => {
                assert!(logged_in && self.let_in, "a data connection before the login");
                assert!(!must_protect || protected, "a data connection without PROT P");
                let address = connect.address();
                assert_eq!(address.ip(), self.ends.peer().ip(), "the bounce attack");
                assert!(address.port() >= 1024, "a service port: {address}");
                assert!(connect.deadline() > self.now);
                self.wants_input = connect.wants_input();
                return Some(Open::Connect(connect.serial(), connect.channel(), address));
            }
            Action::Accept(accept) => {
                assert!(self.sockets.contains(&accept.channel()), "nobody listens: {:#?}", self.log);
                assert!(!must_protect || protected, "a data connection without PROT P");
                assert!(accept.deadline() > self.now);
                self.wants_input = accept.wants_input();
                return Some(Open::Accept(accept.serial(), accept.channel()));
            }
            Action::Stream(stream) => {
                assert!(self.let_in, "data before the login");
                assert!(!must_protect || protected, "bytes without PROT P");
                assert_eq!(self.secured.contains(&stream.channel()), protected, "PROT: {:#?}", self.log);
                assert!(self.sockets.contains(&stream.channel()), "a stream without a connection: {:#?}", self.log);
                self.wants_input = stream.wants_input();
                let (direction, representation) = (stream.direction(), stream.representation());
                let (serial, channel) = (stream.serial(), stream.channel());
                return Some(Open::Stream(serial, channel, direction, representation, stream.offset()));
            }
            Action::SecureData(secure) => {
                assert!(self.sockets.contains(&secure.channel()), "nothing to secure: {:#?}", self.log);
                assert!(secure.deadline() > self.now);
                self.wants_input = secure.wants_input();
                return Some(Open::SecureData(secure.serial(), secure.channel()));
            }
            Action::StartTls(start) => {
                assert!(!self.tls && start.deadline() > self.now);
                return Some(Open::StartTls);
            }
            Action::StopTls(_) => {
                assert!(self.tls, "TLS ends that never began");
                return Some(Open::StopTls);
            }
            Action::Look(look) => {
                assert_eq!(self.unkept, Some(look.channel()), "nothing has come: {:#?}", self.log);
                assert!(look.wants_input(), "nothing may be read: {:#?}", self.log);
                self.wants_input = true;
                return Some(Open::Look(look.serial(), look.channel()));
            }
            Action::Commit(commit) => {
                is_front(commit.command());
                assert_eq!(self.unkept, Some(commit.channel()), "nothing has come: {:#?}", self.log);
                assert!(commit.deadline() > self.now);
                self.wants_input = commit.wants_input();
                self.upload = Upload::Asked;
                return Some(Open::Commit(commit.serial(), commit.channel(), commit.command().clone()));
            }
            Action::Close(close) => {
                self.sockets.remove(&close.channel());
                self.unkept.take_if(|channel| *channel == close.channel());
                net.close(close, Moved::Nothing);
            }
            Action::Answered(exchange) => {
                assert!(self.config.report_answered, "news that nobody wants");
                let line = exchange.line();
                assert!(!self.keeps_secret || !shows_secret(&String::from_utf8_lossy(line)), "a secret in the news");
                assert!(exchange.command().map_or(true, |command| command.verb() == exchange.verb()));
                self.told.push_back((exchange.verb(), exchange.reply().code(), exchange.was_asked()));
            }
            Action::Leave => {
                net.leaves();
                return Some(Open::Closed);
            }
        }
        None
    }

    /// Each final reply was told exactly once, with its command.
    fn is_known(&mut self, line: Option<&Line>, code: Code) {
        self.ended |= line.is_some_and(Line::is_quit) && code.is_completion();
        let Some(line) = line.filter(|_| self.config.report_answered) else { return };
        match self.told.pop_front() {
            Some(told) => {
                let verb = line.verb().unwrap_or(told.0);
                assert_eq!(told, (verb, code, line.asked), "told otherwise: {}: {:#?}", line.show(), self.log);
            }
            // The last word answers whatever is due.
            None => {
                assert!(code == Code::SERVICE_NOT_AVAILABLE, "not told: {}: {:#?}", line.show(), self.log)
            }
        }
    }

    /// Reads what the machine writes as a client would.
    fn read_replies(&mut self) {
        while let Some(reply) = self.replies.next_reply().expect("a reply") {
            let code = reply.code();
            let is_spurious = reply.text().starts_with(b"Spurious data");
            if !self.greeted {
                assert_eq!(code, Code::SERVICE_READY);
                self.greeted = true;
                continue;
            }
            assert!(!self.ended || code == Code::SERVICE_NOT_AVAILABLE, "{code} behind the last word");
            match account(&mut self.due, code) {
                Err(why) => panic!("{code}: {why}: {:#?}", self.log),
                Ok(line) => {
                    if line.as_ref().is_some_and(|line| line.is_upload()) {
                        let upload = std::mem::replace(&mut self.upload, Upload::Under);
                        // An end that is the fault of the application or of the time says nothing of ABOR.
                        let right = match code {
                            _ if code.is_completion() => upload == Upload::Kept,
                            Code::TRANSFER_ABORTED => upload == Upload::Under,
                            _ => upload != Upload::Kept,
                        };
                        assert!(right, "{code} to an upload that is {upload:?}: {:#?}", self.log);
                    }
                    self.is_known(line.as_ref(), code);
                }
            }
            self.turning = code == Code::SECURITY_EXCHANGE_COMPLETE;
            self.spurious |= is_spurious;
            self.refused = false;
            if matches!(code, Code::SERVICE_NOT_AVAILABLE | Code::CLOSING_CONTROL_CONNECTION) {
                self.ended = true;
            }
        }
    }
}
