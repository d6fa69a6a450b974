//! The server's machine against a scripted client, network, clock and application.

use std::collections::{BTreeSet, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use ftp_proto::server::{Action, Answer, Config, Pending, Refusal, Server, Support};
use ftp_proto::session::Login;
use ftp_proto::{
    ChannelId, Class, Code, Command, CommandError, CommandLine, DataError, Endpoints, EpsvArgument, Inbox, Instant,
    Limits, Mode, Path, Replies, Reply, StreamEnd, Structure, Text, Time, Verb, Verdict,
};

use super::script::{self, Step, shows_secret};
use super::words::greeting;

/// Until it ends, exactly one final reply per command line, in order (STAT and NOOP amid a transfer may come before
/// its final one); at most one preliminary; no data to a stranger; no transfer before login; memory bounded; the same
/// log whatever the chunks.
///
/// Three bytes choose the policy, the rest is the script.
pub fn server(bytes: &[u8]) {
    let Some(([various, pipeline, size], rest)) = bytes.split_first_chunk() else { return };
    let policy = Policy { various: *various, pipeline: *pipeline };
    let steps = script::steps(rest);
    let size = 2 + usize::from(size % 30);
    let whole = Run::new(policy, 512, 0).play(&steps);
    let pieces = [Run::new(policy, 1, 1).play(&steps), Run::new(policy, size, size).play(&steps)];
    // Where the pipeline is full, it depends on the chunks how much of it is read.
    if !policy.is_narrow() {
        assert_eq!(pieces[0], whole, "byte by byte");
        assert_eq!(pieces[1], whole, "in pieces of {size}");
    }
}

#[derive(Debug, Clone, Copy)]
struct Policy {
    various: u8,
    pipeline: u8,
}

impl Policy {
    fn is_narrow(self) -> bool {
        self.pipeline & 1 != 0
    }

    fn config(self) -> Config {
        let mut config = Config::default();
        config.limits.line = if self.various & 1 == 0 { 4096 } else { 40 };
        config.passive.enabled = self.various & 2 == 0;
        config.active.enabled = self.various & 4 == 0;
        if self.various & 32 != 0 {
            config.support = everything();
        }
        if self.is_narrow() {
            config.pipeline = usize::from(self.pipeline);
        }
        config
    }

    fn ends(self) -> Endpoints {
        let (local, peer) = match self.various >> 3 & 3 {
            0 | 1 => ("192.0.2.2:21", "192.0.2.1:40000"),
            2 => ("[2001:db8::2]:21", "[2001:db8::1]:40000"),
            _ => ("[::ffff:192.0.2.2]:21", "[::ffff:192.0.2.1]:40000"),
        };
        Endpoints::new(local.parse().unwrap(), peer.parse().unwrap())
    }
}

/// Whatever an application can support.
fn everything() -> Support {
    let mut support = Support::nothing().with(Verb::ALL).without(&[Verb::Auth, Verb::Pbsz, Verb::Prot, Verb::Ccc]);
    support.modes = vec![Mode::Stream, Mode::Block, Mode::Deflate];
    support.structures = vec![Structure::File, Structure::Record];
    support.languages = vec!["EN".into(), "fr-CA".into()];
    support.hashes = vec!["SHA-256".into(), "MD5".into()];
    support.site = vec!["CHMOD <SP> mode <SP> path".into()];
    support
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
    Stream(u64, ChannelId, String),
    Closed,
}

/// A command line whose final reply has not been written.
struct Line {
    /// `Err`: it was over the limit.
    bytes: Result<Vec<u8>, usize>,
    /// Its 1yz was written.
    begun: bool,
}

struct Run {
    policy: Policy,
    server: Server,
    now: Instant,
    chunk: usize,
    /// How many bytes are written at once; 0: all.
    piece: usize,
    log: Vec<String>,
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
    sockets: BTreeSet<ChannelId>,
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
            server: Server::new(Arc::new(config), policy.ends(), &greeting()),
            now: Instant::default(),
            chunk,
            piece,
            log: Vec::new(),
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
            sockets: BTreeSet::new(),
            secret_is_out: false,
            polls: 0,
            received: 0,
        };
        run.settle();
        run
    }

    fn play(mut self, steps: &[Step]) -> Vec<String> {
        self.secret_is_out = script::tells_secret(steps, b"PASS ");
        self.settle();
        for step in steps {
            self.step(step);
            self.settle();
            self.memory();
            self.log.push(format!("now {:?}", self.open));
        }
        self.log
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
                self.server.close(&Reply::from_static(Code::SERVICE_NOT_AVAILABLE, "Shutting down."));
            }
            // Work for the client's machine.
            Step::Start(_) | Step::Abort => {}
        }
    }

    /// Polls until the machine waits for something outside, and reads what it lets us read meanwhile.
    fn settle(&mut self) {
        loop {
            self.rest();
            let reads = self.wants_input || matches!(self.open, Some(Open::Read(_)));
            let Some(chunk) = (if reads { self.socket.pop_front() } else { None }) else { return };
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
                assert!(self.due.is_empty(), "no answer to {}: {:#?}", self.due[0].show(), self.log);
                assert!(self.sockets.len() <= 1, "left open: {:?}", self.sockets);
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
        let logged_in = self.server.session().login() == Login::Complete;
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
                let count = if self.piece == 0 { bytes.len() } else { bytes.len().min(self.piece) };
                let written = bytes[..count].to_vec();
                write.wrote(count);
                self.written(&written);
            }
            Action::Read { deadline } => {
                assert!(deadline > self.now, "a deadline in the past would spin");
                return Some(Open::Read(deadline));
            }
            Action::Command(pending) => {
                is_front(&pending.command());
                return Some(Open::Command(pending.serial(), format!("{:?}", pending.command())));
            }
            Action::Transfer(transfer) => {
                assert!(logged_in && self.let_in, "a transfer before the login");
                is_front(&transfer.command());
                let what = format!("{:?} {} {:?}", transfer.direction(), transfer.offset(), transfer.command());
                return Some(Open::Transfer(transfer.serial(), what));
            }
            Action::Listen(listen) => {
                assert!(logged_in && self.let_in, "a data connection before the login");
                self.wants_input = listen.wants_input();
                return Some(Open::Listen(listen.serial(), listen.channel()));
            }
            Action::Connect(connect) => {
                assert!(logged_in && self.let_in, "a data connection before the login");
                let address = connect.address();
                assert_eq!(address.ip(), self.policy.ends().peer().ip(), "the bounce attack");
                assert!(address.port() >= 1024, "a service port: {address}");
                assert!(connect.deadline() > self.now);
                self.wants_input = connect.wants_input();
                return Some(Open::Connect(connect.serial(), connect.channel(), address));
            }
            Action::Accept(accept) => {
                assert!(self.sockets.contains(&accept.channel()), "nobody listens: {:#?}", self.log);
                assert!(accept.deadline() > self.now);
                self.wants_input = accept.wants_input();
                return Some(Open::Accept(accept.serial(), accept.channel()));
            }
            Action::Stream(stream) => {
                assert!(self.let_in, "data before the login");
                assert!(self.sockets.contains(&stream.channel()), "a stream without a connection: {:#?}", self.log);
                self.wants_input = stream.wants_input();
                let what = format!("{:?} {:?} {}", stream.direction(), stream.representation(), stream.offset());
                return Some(Open::Stream(stream.serial(), stream.channel(), what));
            }
            // TLS has targets of its own.
            Action::SecureData(secure) => secure.resumed(),
            Action::StartTls(start) => start.started(),
            Action::StopTls(stop) => stop.stopped(),
            Action::Cancel(cancel) => {
                self.sockets.remove(&cancel.channel());
                cancel.cancelled();
            }
            Action::Discard(channel) => {
                self.sockets.remove(&channel);
            }
            Action::Close => return Some(Open::Closed),
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
            if matches!(code, Code::SERVICE_NOT_AVAILABLE | Code::CLOSING_CONTROL_CONNECTION) {
                self.ended = true;
            }
        }
    }

    /// Answers the open question.
    fn answer(&mut self, choice: u8, kind: Kind) {
        let peer = SocketAddr::new(self.policy.ends().peer().ip(), 40001);
        let path = Path::new(if choice & 1 == 0 { &b"/some \"where\""[..] } else { b" \xff" }).unwrap();
        match (self.server.poll(self.now), kind) {
            (Action::Command(Pending::Login(login)), Kind::Well) => {
                self.let_in = true;
                login.accept();
            }
            (Action::Command(Pending::Login(login)), Kind::Strangely) => login.need_password(),
            (Action::Command(pending), Kind::Well) => match pending {
                Pending::Perform(perform) => perform.done(),
                Pending::Exists(exists) => exists.exists(),
                Pending::Directory(directory) => directory.path(&path),
                Pending::Size(size) => size.bytes(u64::from(choice)),
                Pending::Modified(modified) => modified.at(Time::parse(b"20240229235960.5").unwrap()),
                Pending::Facts(facts) => facts.are(&Text::new("type=file;").unwrap(), &path),
                Pending::Hash(hash) => hash.is(&[choice; 32], 49),
                Pending::Status(status) => status.lines([Text::new("123 text").unwrap()]),
                Pending::Extension(extension) => {
                    extension.answer(&Answer::new(Reply::from_static(Code::COMMAND_OKAY, "Done.")).unwrap());
                }
                Pending::Login(_) => unreachable!("it is above"),
            },
            (Action::Command(pending), Kind::Badly) => pending.refuse(&refusal(choice)),
            (Action::Transfer(transfer), Kind::Well) => match choice % 3 {
                0 => transfer.accept(),
                1 => transfer.accept_sized(u64::from(choice)),
                _ => transfer.accept_as(&path),
            },
            (Action::Transfer(transfer), Kind::Badly) => transfer.refuse(&refusal(choice)),
            (Action::Listen(listen), Kind::Well) => {
                self.sockets.insert(listen.channel());
                let address = SocketAddr::new(listen.host(), 50000 + u16::from(choice));
                listen.listening(address);
            }
            (Action::Listen(listen), Kind::Badly) => listen.failed(error(choice)),
            (Action::Connect(connect), Kind::Well) => {
                self.sockets.insert(connect.channel());
                connect.connected();
            }
            (Action::Connect(connect), Kind::Badly) => connect.failed(error(choice)),
            (Action::Accept(accept), Kind::Well) => assert_eq!(accept.accepted(peer), Verdict::Take),
            (Action::Accept(accept), Kind::Badly) => {
                self.sockets.remove(&accept.channel());
                accept.failed(error(choice));
            }
            (Action::Accept(accept), Kind::Strangely) => {
                let verdict = accept.accepted(SocketAddr::new(stranger(), 40001));
                assert_eq!(verdict, Verdict::Refuse, "a stranger gets the data");
            }
            (Action::Stream(stream), Kind::Well) => {
                self.sockets.remove(&stream.channel());
                stream.finished(StreamEnd::Clean, u64::from(choice));
            }
            (Action::Stream(stream), Kind::Badly) => {
                self.sockets.remove(&stream.channel());
                let ends = [StreamEnd::Truncated, StreamEnd::LocalError, StreamEnd::StorageFull];
                stream.finished(ends[usize::from(choice % 3)], u64::from(choice));
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
    Refusal::new(code, Text::new("No.").unwrap()).unwrap()
}

impl Line {
    fn command(&self) -> Result<Command<'_>, CommandError> {
        match &self.bytes {
            Ok(line) => CommandLine::parse(line).map(|line| line.command),
            Err(limit) => Err(CommandError::LineTooLong { limit: *limit }),
        }
    }

    fn show(&self) -> String {
        self.bytes.as_ref().map_or("a line that was too long".into(), |line| line.escape_ascii().to_string())
    }

    fn is_transfer(&self) -> bool {
        self.command().is_ok_and(|command| command.verb().opens_data())
    }
}

/// Takes from the lines that are due the one that this reply ends, and says what is wrong if there is none.
fn account(due: &mut VecDeque<Line>, code: Code) -> Result<(), String> {
    let Some(front) = due.front_mut() else {
        // Unasked is only the farewell of who was silent for too long.
        return if code == Code::SERVICE_NOT_AVAILABLE { Ok(()) } else { Err("nothing was asked".into()) };
    };
    if code.class() == Class::Preliminary {
        let may = front.is_transfer() && !front.begun;
        front.begun = true;
        return if may { Ok(()) } else { Err(format!("a second preliminary, or one to {}", front.show())) };
    }
    // Amid a transfer NOOP and STAT are answered at once.
    let amid = if front.is_transfer() { due.iter().skip(1).position(|line| urgent(line, code)) } else { None };
    let taken = match amid {
        Some(place) => due.remove(place + 1),
        None => due.pop_front(),
    };
    let line = taken.expect("it is there");
    if fits(&line, code) { Ok(()) } else { Err(format!("that is no answer to {}", line.show())) }
}

fn urgent(line: &Line, code: Code) -> bool {
    match line.command() {
        Ok(Command::Noop) => code == Code::COMMAND_OKAY,
        Ok(Command::Stat(None)) => code == Code::SYSTEM_STATUS,
        _ => false,
    }
}

/// Whether this final reply can answer that line.
fn fits(line: &Line, code: Code) -> bool {
    let command = match line.command() {
        Ok(command) => command,
        // Before the login nobody learns more than that; a 500 for a line too long stands for it in its turn.
        Err(CommandError::LineTooLong { .. }) => return matches!(code.value(), 500 | 421),
        // What isn't supported isn't asked for its argument.
        Err(error) => return matches!(code.value(), 530 | 421 | 502) || code == error.reply().code(),
    };
    if code.is_negative() {
        return !matches!(command.verb(), Verb::Noop | Verb::Quit | Verb::Syst | Verb::Feat) || code.value() == 421;
    }
    let codes: &[u16] = match (command.verb(), &command) {
        (Verb::User, _) => &[331, 230],
        (Verb::Pass, _) => &[230],
        (Verb::Pwd | Verb::Mkd, _) => &[257],
        (Verb::Cwd | Verb::Cdup | Verb::Dele | Verb::Rmd | Verb::Rnto | Verb::Mlst, _) => &[250],
        (Verb::Rnfr | Verb::Rest, _) => &[350],
        (Verb::Rang, _) => &[350],
        (Verb::Size | Verb::Mdtm | Verb::Avbl | Verb::Dsiz | Verb::Mfmt | Verb::Mfct | Verb::Mff, _) => &[213],
        (Verb::Hash, _) | (_, Command::Stat(Some(_))) => &[213],
        (Verb::Md5, _) => &[251],
        (Verb::Xcrc | Verb::Xmd5 | Verb::Xsha | Verb::Xsha1 | Verb::Xsha256 | Verb::Xsha512, _) => &[250],
        (Verb::Smnt, _) => &[250],
        (Verb::Acct, _) => &[202, 230],
        (Verb::Rein | Verb::Host, _) => &[220],
        (Verb::Site, _) => &[200, 214],
        (Verb::Lpsv, _) => &[228],
        (Verb::Pasv, _) => &[227],
        (_, Command::Epsv(EpsvArgument::All)) => &[200],
        (Verb::Epsv, _) => &[229],
        (
            Verb::Port
            | Verb::Eprt
            | Verb::Lprt
            | Verb::Pret
            | Verb::Csid
            | Verb::Lang
            | Verb::Type
            | Verb::Stru
            | Verb::Mode
            | Verb::Noop
            | Verb::Clnt,
            _,
        ) => &[200],
        (Verb::Opts, _) => &[200],
        (Verb::Abor, _) => &[225, 226],
        (Verb::Allo, _) => &[200, 202],
        (Verb::Syst, _) => &[215],
        (Verb::Feat, _) => &[211],
        (_, Command::Stat(None)) => &[211],
        (Verb::Help, _) => &[214],
        (Verb::Quit, _) => &[221],
        (verb, _) if verb.opens_data() => &[226],
        (Verb::Other, _) => &[],
        _ => return true,
    };
    codes.contains(&code.value())
}
