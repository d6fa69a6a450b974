//! The server's machine against a scripted client, network, clock and application.

mod line;
mod policy;

use std::collections::{BTreeSet, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use ftp_proto::server::{Action, Answer, Question, Refusal, Security, Server};
use ftp_proto::session::LoginState;
use ftp_proto::{
    ChannelId, Code, Command, DataError, Inbox, Instant, Limits, Moved, Path, Protection, Replies, Reply, Resume,
    StreamEnd, Text, Time, TlsError, Verdict,
};

use line::{Line, account};
use policy::Policy;

use super::script::{self, Step, shows_secret};
use super::words::greeting;
use crate::net::{Log, Shared, Side};

/// Until it ends, exactly one final reply per command line, in order (STAT and NOOP amid a transfer may come before
/// its final one); at most one preliminary; no data to a stranger; no transfer before login; memory bounded; the same
/// log whatever the chunks. Nothing is written between a 234 and TLS; where policy wants TLS, no login and no data
/// connection without; no byte of a file moves unprotected while PROT P is in force.
///
/// Three bytes choose the policy, the rest is the script.
pub fn server(bytes: &[u8]) {
    let Some(([various, pipeline, size], rest)) = bytes.split_first_chunk() else { return };
    let policy = Policy { various: *various, pipeline: *pipeline, tls: *size };
    let steps = script::steps(rest);
    let size = 2 + usize::from(size % 30);
    let whole = Run::new(policy, 512, 0).play(&steps);
    let pieces = [Run::new(policy, 1, 1).play(&steps), Run::new(policy, size, size).play(&steps)];
    // Where the pipeline is full, it depends on the chunks how much of it is read; and where plaintext comes behind AUTH,
    // whether it came too soon for the 234.
    if !policy.is_narrow() && !whole.spurious && pieces.iter().all(|run| !run.spurious) {
        assert_eq!(pieces[0].log, whole.log, "byte by byte");
        assert_eq!(pieces[1].log, whole.log, "in pieces of {size}");
    }
}

fn stranger() -> IpAddr {
    "203.0.113.66".parse().unwrap()
}

/// What a poll came to wait for.
#[derive(Debug, Clone, PartialEq)]
enum Open {
    Read(Instant),
    Command(u64, String),
    Transfer(u64, String),
    Listen(u64, ChannelId),
    Connect(u64, ChannelId, SocketAddr),
    Accept(u64, ChannelId),
    SecureData(u64, ChannelId),
    Stream(u64, ChannelId, String),
    StartTls,
    StopTls,
    Closed,
}

struct Run {
    policy: Policy,
    server: Server,
    now: Instant,
    chunk: usize,
    /// How many bytes are written at once; 0: all.
    piece: usize,
    log: Vec<String>,
    /// Of the first run; the others do the same.
    net: Log,
    open: Option<Open>,
    wants_input: bool,
    /// What the client has sent and was not read yet; an empty chunk is its end.
    socket: VecDeque<Vec<u8>>,
    lines: Inbox<ftp_proto::Commands>,
    due: VecDeque<Line>,
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
    /// Those of them that have TLS.
    secured: BTreeSet<ChannelId>,
    secret_is_out: bool,
    polls: usize,
    received: usize,
}

impl Run {
    fn new(policy: Policy, chunk: usize, piece: usize) -> Self {
        let config = policy.config();
        let lines = Inbox::commands(config.limits);
        let mut run = Self {
            policy,
            server: Server::new(Arc::new(config), policy.ends(), &greeting(), Instant::default()),
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
            replies: Inbox::replies(Limits::REPLIES),
            greeted: false,
            hung_up: false,
            ended: false,
            let_in: false,
            tls: false,
            turning: false,
            spurious: false,
            refused: false,
            sockets: BTreeSet::new(),
            secured: BTreeSet::new(),
            secret_is_out: false,
            polls: 0,
            received: 0,
        };
        run.settle();
        run
    }

    fn play(mut self, steps: &[Step]) -> Self {
        self.secret_is_out = script::tells_secret(steps, b"PASS ");
        self.settle();
        for step in steps {
            self.step(step);
            self.settle();
            self.memory();
            self.log.push(format!("now {:?}", self.open));
        }
        self
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Feed(bytes) => {
                if !self.hung_up {
                    self.socket.extend(script::chunks(bytes, self.chunk));
                }
            }
            Step::HangUp => {
                self.hung_up = true;
                self.socket.push_back(Vec::new());
            }
            Step::Clock(wait) => self.now = self.now.after(*wait),
            Step::Answer(choice) => self.answer(*choice, Kind::Well),
            Step::Fail(choice) => self.answer(*choice, Kind::Badly),
            Step::Disturb(choice) => self.answer(*choice, Kind::Strangely),
            Step::End => {
                self.ended = true;
                self.server.close(&Refusal::closing(Text::new("Shutting down.").unwrap()));
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
            self.server.received(&chunk);
            self.received += chunk.len();
            if !chunk.is_empty() && !self.ended {
                self.expect_lines(&chunk);
            }
        }
    }

    fn rest(&mut self) {
        let before = self.open.clone();
        self.polls = 0;
        let open = loop {
            self.polls += 1;
            let written = if self.piece == 0 { 0 } else { 100_000 };
            assert!(self.polls < 200 + 8 * self.received + written, "it doesn't come to rest: {:#?}", self.log);
            if let Some(open) = self.poll() {
                break open;
            }
        };
        if before == Some(Open::Closed) {
            assert_eq!(open, Open::Closed, "it was the end");
        }
        self.open = Some(open.clone());
        assert_eq!(self.poll(), Some(open.clone()), "dropped without an answer, it comes again: {:#?}", self.log);
        match open {
            Open::Read(_) => {
                let waits = self.due.is_empty() || self.refused;
                assert!(waits, "no answer to {}: {:#?}", self.due[0].show(), self.log);
                assert!(self.sockets.len() <= 1, "left open: {:?}", self.sockets);
            }
            Open::StartTls | Open::StopTls => {
                // AUTH and REIN end what was agreed on; CCC leaves it, and PROT, as they are.
                let anew = self.server.session().login() != LoginState::Complete;
                let agreed = self.sockets.len() <= usize::from(open == Open::StopTls && !anew);
                assert!(self.due.is_empty() && agreed, "not yet: {:#?}", self.log);
            }
            Open::Closed => assert!(self.sockets.is_empty(), "left open: {:?} {:#?}", self.sockets, self.log),
            _ => assert!(!self.due.is_empty() || self.ended, "a question about nothing: {open:?} {:#?}", self.log),
        }
    }

    fn memory(&self) {
        let debug = format!("{:?}", self.server);
        assert!(self.secret_is_out || !shows_secret(&debug), "a secret in Debug");
        let number = |before: &str| {
            let behind = debug.split(before).nth(1).expect("the Debug of the machine tells its buffers");
            behind.split(|digit: char| !digit.is_ascii_digit()).next().unwrap_or_default().parse::<usize>().unwrap()
        };
        let kept = number("Waiting(") + number("buffered: ");
        let config = self.policy.config();
        let most = config.pipeline + config.limits.line + self.chunk.min(512) + 8;
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
            self.due.push_back(Line { bytes, begun: false });
        }
    }

    /// One action; `None`: it was answered.
    fn poll(&mut self) -> Option<Open> {
        self.wants_input = false;
        let logged_in = self.server.session().login() == LoginState::Complete;
        let protected = self.server.session().protection() == Protection::Private;
        let must_protect = self.policy.config().security == Security::Data;
        let mut net = self.net.at(Side::Server, self.now.since_origin());
        let action = self.server.poll(self.now);
        if self.piece == 0 && !self.secret_is_out {
            assert!(!shows_secret(&format!("{action:?}")), "a secret in Debug");
        }
        let front = self.due.front().map(Line::command);
        let is_front = |command: &Command<'_>| match &front {
            Some(front) => assert_eq!(front.as_ref(), Ok(command), "not the command whose turn it is"),
            None => panic!("a question that nobody asked: {command:?}"),
        };
        match action {
            Action::Write(write) => {
                let bytes = write.bytes();
                assert!(!bytes.is_empty() && bytes.len() < 1 << 16);
                assert_ne!(self.open, Some(Open::Closed), "a Write after Close");
                let turns = matches!(self.open, Some(Open::StartTls | Open::StopTls)) || self.turning;
                assert!(!turns, "a Write while TLS begins or ends: {:#?}", self.log);
                let count = if self.piece == 0 { bytes.len() } else { bytes.len().min(self.piece) };
                let written = bytes[..count].to_vec();
                net.write(write, count);
                self.written(&written);
            }
            Action::Read { deadline } => {
                assert!(deadline > self.now, "a deadline in the past would spin");
                return Some(Open::Read(deadline));
            }
            Action::Question(question) => {
                is_front(question.command());
                assert!(question.deadline() > self.now);
                let tells = matches!(question, Question::Login(_)) && self.policy.config().security >= Security::Login;
                assert!(self.tls || !tells, "a login without TLS: {:#?}", self.log);
                return Some(Open::Command(question.serial(), format!("{:?}", question.command())));
            }
            Action::Transfer(transfer) => {
                assert!(logged_in && self.let_in, "a transfer before the login");
                assert!(!must_protect || protected, "a transfer without PROT P");
                assert!(transfer.deadline() > self.now);
                is_front(transfer.command());
                let what = format!("{:?} {} {:?}", transfer.direction(), transfer.offset(), transfer.command());
                return Some(Open::Transfer(transfer.serial(), what));
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
                assert_eq!(address.ip(), self.policy.ends().peer().ip(), "the bounce attack");
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
                let what = format!("{:?} {:?} {}", stream.direction(), stream.representation(), stream.offset());
                return Some(Open::Stream(stream.serial(), stream.channel(), what));
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
            Action::Close(close) => {
                self.sockets.remove(&close.channel());
                net.close(close, Moved::Nothing);
            }
            Action::Leave => {
                net.leaves();
                return Some(Open::Closed);
            }
        }
        None
    }

    /// Reads what the machine writes as a client would.
    fn written(&mut self, bytes: &[u8]) {
        let text = bytes.escape_ascii().to_string();
        match self.log.last_mut() {
            Some(last) if last.starts_with("write ") => last.push_str(&text),
            _ => self.log.push(format!("write {text}")),
        }
        self.replies.push(bytes);
        while let Some(reply) = self.replies.next_reply().expect("a reply") {
            let code = reply.code();
            if !self.greeted {
                assert_eq!(code, Code::SERVICE_READY);
                self.greeted = true;
                continue;
            }
            assert!(!self.ended || code == Code::SERVICE_NOT_AVAILABLE, "{code} behind the last word");
            if let Err(why) = account(&mut self.due, code) {
                panic!("{code}: {why}: {:#?}", self.log);
            }
            self.turning = code == Code::SECURITY_EXCHANGE_COMPLETE;
            self.spurious |= reply.text().starts_with(b"Spurious data");
            self.refused = false;
            if matches!(code, Code::SERVICE_NOT_AVAILABLE | Code::CLOSING_CONTROL_CONNECTION) {
                self.ended = true;
            }
        }
    }

    /// Answers the open question.
    fn answer(&mut self, choice: u8, kind: Kind) {
        let peer = SocketAddr::new(self.policy.ends().peer().ip(), 40001);
        let path = Path::new(if choice & 1 == 0 { &b"/some \"where\""[..] } else { b" \xff" }).unwrap();
        let wanted = self.policy.config().data_session == Resume::Wanted;
        if let Some(Open::StartTls | Open::StopTls) = self.open {
            self.open = None;
        }
        let mut net = self.net.at(Side::Server, self.now.since_origin());
        let action = match (self.server.poll(self.now), kind) {
            // Only a login is answered strangely.
            (Action::Question(question), Kind::Well | Kind::Badly)
            | (Action::Question(question @ Question::Login(_)), Kind::Strangely) => {
                Action::Question(net.asked(question))
            }
            (Action::Transfer(transfer), Kind::Well | Kind::Badly) => Action::Transfer(net.asked_to_transfer(transfer)),
            (action, _) => action,
        };
        match (action, kind) {
            (Action::StartTls(start), Kind::Well) => {
                (self.tls, self.turning) = (true, false);
                net.start_tls(start, Ok(()));
            }
            (Action::StartTls(start), Kind::Badly) => net.start_tls(start, Err(TlsError::Handshake)),
            (Action::StartTls(_), Kind::Strangely) => self.open = Some(Open::StartTls),
            (Action::StopTls(stop), Kind::Well) => {
                self.tls = false;
                net.stop_tls(stop, Ok(()));
            }
            (Action::StopTls(stop), Kind::Badly) => net.stop_tls(stop, Err(TlsError::Handshake)),
            (Action::StopTls(_), Kind::Strangely) => self.open = Some(Open::StopTls),
            (Action::SecureData(secure), Kind::Well) => {
                self.secured.insert(secure.channel());
                net.secure(secure, Ok(Shared::Yes));
            }
            (Action::SecureData(secure), Kind::Strangely) => {
                if wanted {
                    self.secured.insert(secure.channel());
                }
                net.secure(secure, Ok(Shared::No));
            }
            (Action::SecureData(secure), Kind::Badly) => {
                self.sockets.remove(&secure.channel());
                net.secure(secure, Err(TlsError::Handshake));
            }
            (Action::Question(Question::Login(login)), Kind::Well) => {
                self.let_in = true;
                login.accept();
            }
            (Action::Question(Question::Login(login)), Kind::Strangely) => {
                self.refused = !matches!(login.command(), Command::User(_)) || choice & 1 == 0;
                match choice % 4 {
                    0 | 2 => login.refuse(&refusal(choice)),
                    1 => login.need_password(),
                    _ => {
                        self.refused = matches!(login.command(), Command::Acct(_));
                        login.need_account();
                    }
                }
            }
            (Action::Question(Question::Login(login)), Kind::Badly) => {
                self.refused = true;
                login.refuse(&refusal(choice));
            }
            (Action::Question(question), Kind::Well) => match question {
                Question::Perform(perform) => perform.done(),
                Question::Exists(exists) => exists.exists(),
                Question::Directory(directory) => directory.path(&path),
                Question::Size(size) => size.bytes(u64::from(choice)),
                Question::Modified(modified) => modified.at(Time::parse(b"20240229235960.5").unwrap()),
                Question::Facts(facts) => facts.are(&Text::new("type=file;").unwrap(), &path),
                Question::Hash(hash) => hash.is(&[choice; 32], 49),
                Question::Status(status) => status.lines([Text::new("123 text").unwrap()]),
                Question::Extension(extension) => {
                    let verb = extension.command().verb();
                    extension.answer(&Answer::new(verb, Reply::from_static(Code::COMMAND_OKAY, "Done.")).unwrap());
                }
                Question::Login(_) => unreachable!("it is above"),
            },
            (Action::Question(question), Kind::Badly) => question.refuse(&refusal(choice)),
            (Action::Transfer(transfer), Kind::Well) => match choice % 3 {
                0 => transfer.accept(),
                1 => transfer.accept_sized(u64::from(choice)),
                _ => transfer.accept_as(&path),
            },
            (Action::Transfer(transfer), Kind::Badly) => transfer.refuse(&refusal(choice)),
            (Action::Listen(listen), Kind::Well) => {
                self.sockets.insert(listen.channel());
                let address = SocketAddr::new(listen.host(), 50000 + u16::from(choice));
                net.listen(listen, Ok(address));
            }
            (Action::Listen(listen), Kind::Badly) => net.listen(listen, Err(error(choice))),
            (Action::Connect(connect), Kind::Well) => {
                self.sockets.insert(connect.channel());
                net.connect(connect, Ok(()));
            }
            (Action::Connect(connect), Kind::Badly) => net.connect(connect, Err(error(choice))),
            (Action::Accept(accept), Kind::Well) => assert_eq!(net.accept(accept, peer), Verdict::Take),
            (Action::Accept(accept), Kind::Badly) => {
                self.sockets.remove(&accept.channel());
                net.not_accept(accept, error(choice));
            }
            (Action::Accept(accept), Kind::Strangely) => {
                let verdict = net.accept(accept, SocketAddr::new(stranger(), 40001));
                assert_eq!(verdict, Verdict::Refuse, "a stranger gets the data");
            }
            (Action::Stream(stream), Kind::Well) => {
                self.sockets.remove(&stream.channel());
                net.stream(stream, StreamEnd::Clean, u64::from(choice));
            }
            (Action::Stream(stream), Kind::Badly) => {
                self.sockets.remove(&stream.channel());
                let ends = [StreamEnd::Truncated, StreamEnd::LocalError, StreamEnd::StorageFull];
                net.stream(stream, ends[usize::from(choice % 3)], u64::from(choice));
            }
            (Action::Stream(stream), Kind::Strangely) => stream.moved(u64::from(choice)),
            _ => {}
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Well,
    Badly,
    Strangely,
}

fn error(choice: u8) -> DataError {
    let errors = [DataError::Refused, DataError::TimedOut, DataError::Unreachable, DataError::NoPort, DataError::Local];
    errors[usize::from(choice % 5)]
}

fn refusal(choice: u8) -> Refusal<'static> {
    let codes = [550, 553, 450, 451, 530, 502, 421];
    let code = Code::new(codes[usize::from(choice % 7)]).unwrap();
    Refusal::new(Reply::from_static(code, "No.")).unwrap()
}
