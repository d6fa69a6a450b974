//! The client's machine against a scripted server, network, clock and application.

mod policy;

use std::collections::{BTreeSet, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;

use ftp_proto::client::{
    Action, Client, Config, Failure, Misuse, Outcome, PlaintextAccepted, Request, Security, Violation,
};
use ftp_proto::{
    Argument, ChannelId, Command, DataError, Direction, Endpoints, Inbox, Instant, Moved, Password, Path, Replies,
    Reply, StreamEnd, Time, TlsError, Type, Verb, Verdict,
};

use policy::{Policy, allows, stranger};

use super::floods;
use super::script::{self, SECRET, Step, Written, shows_secret};
use crate::net::{Log, Shared, Side};

/// The same log whatever the chunks; bounded polls between inputs; a violation repeats; nothing after Close; no
/// stranger dialled, none accepted; no password in any `Debug`.
///
/// Four bytes choose the policy, the rest is the script.
pub fn client(bytes: &[u8]) {
    let Some(([routes, host, various, size], rest)) = bytes.split_first_chunk() else { return };
    let policy = Policy { routes: *routes, host: *host, various: *various };
    let steps = script::steps(rest);
    let config = Arc::new(policy.config());
    floods::of_server(&config, policy.ends(), &steps);
    let run = |chunk, piece| Run::new(policy, &config, chunk, piece).play(&steps);
    let whole = run(usize::MAX, 0);
    let size = 2 + usize::from(size % 30);
    assert_eq!(run(1, 1), whole, "byte by byte");
    assert_eq!(run(size, size), whole, "in pieces of {size}");
}

/// What a poll came to wait for.
#[derive(Debug, Clone, PartialEq)]
enum Open {
    Read(Option<Instant>),
    Connect(u64, ChannelId, SocketAddr),
    Listen(u64, ChannelId),
    Accept(u64, ChannelId),
    SecureData(u64, ChannelId),
    Stream(u64, ChannelId, Direction, Type, u64),
    StartTls,
    StopTls,
    Violated(Violation),
    Closed,
}

/// What is the same whatever the chunks.
#[derive(Debug, PartialEq)]
enum Event {
    Wrote(Written),
    Started(Result<(), Misuse>),
    Reply(Reply<'static>),
    Unsolicited(Reply<'static>),
    Done(Result<Outcome<'static>, Failure<'static>>),
    Now(Open),
}

/// Lines, of which each is looked at once.
#[derive(Default)]
struct Lines {
    bytes: Vec<u8>,
    seen: usize,
}

impl Lines {
    /// Those that have ended since this was asked last, each with its LF.
    fn news(&mut self) -> impl Iterator<Item = &[u8]> {
        let news = &self.bytes[self.seen..];
        let length = news.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        self.seen += length;
        news[..length].split_inclusive(|byte| *byte == b'\n')
    }

    /// What stands behind the last of them.
    fn rest(&self) -> &[u8] {
        &self.bytes[self.seen..]
    }
}

struct Run {
    config: Arc<Config>,
    ends: Endpoints,
    client: Client,
    now: Instant,
    chunk: usize,
    /// How many bytes are written at once; 0: all.
    piece: usize,
    log: Vec<Event>,
    /// Of the first run; the others do the same.
    net: Log,
    open: Open,
    wants_input: bool,
    /// What the server has sent and was not read yet; an empty chunk is its end.
    socket: VecDeque<Vec<u8>>,
    /// Data sockets that are open outside.
    sockets: BTreeSet<ChannelId>,
    hung_up: bool,
    /// The machine was told so.
    heard_end: bool,
    quits: bool,
    /// The replies in what was received, as they have to be shown.
    heard: Inbox<Replies>,
    /// All that was written.
    written: Lines,
    /// How much of it before TLS began, or after it ended.
    plaintext: Lines,
    /// How often each was said.
    passwords: usize,
    aborts: usize,
    has_said_quit: bool,
    tls: bool,
    /// Requests that were begun, the greeting among them, and that have ended.
    begun: usize,
    ended: usize,
    /// The server hasn't said the secret itself: it must not show.
    keeps_secret: bool,
    /// How many bytes were received in all; polls are counted against it.
    received: usize,
    polls: usize,
}

impl Run {
    fn new(policy: Policy, config: &Arc<Config>, chunk: usize, piece: usize) -> Self {
        let ends = policy.ends();
        Self {
            config: Arc::clone(config),
            ends,
            client: Client::new(Arc::clone(config), ends, Instant::default()),
            now: Instant::default(),
            chunk,
            piece,
            log: Vec::new(),
            net: Log::of_bytes(),
            open: Open::Closed,
            wants_input: false,
            socket: VecDeque::new(),
            sockets: BTreeSet::new(),
            heard: Inbox::replies(config.limits).with_escape(config.escaping.replies),
            written: Lines::default(),
            plaintext: Lines::default(),
            passwords: 0,
            aborts: 0,
            has_said_quit: false,
            tls: false,
            begun: 1,
            ended: 0,
            hung_up: false,
            heard_end: false,
            quits: false,
            keeps_secret: false,
            received: 0,
            polls: 0,
        }
    }

    fn play(mut self, steps: &[Step]) -> Vec<Event> {
        self.keeps_secret = self.piece == 0 && !script::tells_secret(steps, b"");
        self.settle();
        for (index, step) in steps.iter().enumerate() {
            self.step(step);
            self.settle();
            self.check();
            if script::is_due(index) {
                self.hides_secret();
            }
            self.log.push(Event::Now(self.open.clone()));
        }
        self.hides_secret();
        self.log
    }

    fn hides_secret(&mut self) {
        if self.keeps_secret {
            assert!(!shows_secret(&format!("{:?}", self.client)), "a secret in Debug");
            // What it waits for, since `poll` below passes over a Read.
            assert!(!shows_secret(&format!("{:?}", self.client.poll(self.now))), "a secret in Debug");
        }
    }

    fn needs_tls(&self) -> bool {
        self.config.security != Security::Optional
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Feed(bytes) if !self.hung_up => self.socket.extend(bytes.chunks(self.chunk).map(<[u8]>::to_vec)),
            Step::Feed(_) => {}
            Step::Clock(wait) => self.now = self.now.after(*wait),
            Step::Answer(choice) => self.answer(*choice, Kind::Well),
            Step::Fail(choice) => self.answer(*choice, Kind::Badly),
            Step::Disturb(choice) => self.answer(*choice, Kind::Strangely),
            Step::Start(choice) => {
                let started = self.client.start(request(*choice));
                self.log.push(Event::Started(started));
                let expected = match self.open {
                    Open::Closed | Open::Violated(_) => Err(Misuse::Ended),
                    _ if self.quits || self.heard_end => Err(Misuse::Ended),
                    Open::Read(None) => Ok(()),
                    _ => Err(Misuse::Busy),
                };
                // CCC needs TLS to end, wherever it is said.
                let needs_tls = self.needs_tls() || choice % 32 == 23 && !self.tls;
                let insecure = needs_tls && started == Err(Misuse::NotSecure) && expected.is_ok();
                assert!(started == expected || insecure, "{started:?}, not {expected:?}: {:#?}", self.log);
                self.begun += usize::from(started.is_ok());
            }
            Step::Abort => self.client.abort(),
            Step::End => {
                self.quits = true;
                self.client.quit();
            }
            Step::HangUp => {
                self.hung_up = true;
                self.socket.push_back(Vec::new());
            }
        }
    }

    /// Polls until the machine waits for something outside, and reads what it lets us read meanwhile.
    fn settle(&mut self) {
        loop {
            self.rest();
            // An adapter may have read more than it should when TLS begins or ends.
            let turns = matches!(self.open, Open::StartTls | Open::StopTls);
            let reads = self.wants_input || turns || matches!(self.open, Open::Read(_));
            let Some(chunk) = (if reads { self.socket.pop_front() } else { None }) else { return };
            self.client.received(&chunk);
            self.received += chunk.len();
            self.heard_end |= chunk.is_empty();
            self.heard.push(&chunk);
        }
    }

    fn rest(&mut self) {
        self.polls = 0;
        let open = loop {
            self.polls += 1;
            assert!(self.polls < 200 + 8 * self.received + self.room(), "it doesn't come to rest: {:#?}", self.log);
            if let Some(open) = self.poll() {
                break open;
            }
        };
        match &self.open {
            before @ (Open::Violated(_) | Open::Closed) if !self.log.is_empty() => {
                assert_eq!(&open, before, "it was the end");
            }
            _ => {}
        }
        // An action that was dropped without an answer comes again, and is the same.
        self.open = open;
        assert_eq!(self.poll().as_ref(), Some(&self.open), "{:#?}", self.log);
    }

    /// What holds whenever the machine is at rest.
    fn check(&mut self) {
        if matches!(self.open, Open::Read(None) | Open::Closed) {
            assert!(self.sockets.is_empty(), "left open: {:?} {:#?}", self.sockets, self.log);
        }
        if self.open == Open::Read(None) {
            assert_eq!(self.ended, self.begun, "nothing runs, and a request has no end: {:#?}", self.log);
        }
        if self.needs_tls() {
            // What holds no name, no password and no file.
            use Verb::{Auth, Feat, Help, Host, Noop, Opts, Pbsz, Prot, Quit, Rein, Stat, Syst};
            let telling = |line: &&[u8]| {
                let word = line.split(|byte| matches!(byte, b' ' | b'\r')).next().unwrap_or_default();
                let verb = Verb::parse(word);
                !matches!(verb, Auth | Feat | Help | Host | Noop | Opts | Pbsz | Prot | Quit | Rein | Stat | Syst)
            };
            let told = self.plaintext.news().filter(|line| line.ends_with(b"\r\n")).find(telling);
            assert_eq!(told, None, "TLS is required: {:#?}", self.log);
        }
        let mut behind_quit = false;
        for line in self.written.news() {
            behind_quit |= self.has_said_quit;
            self.has_said_quit |= line == b"QUIT\r\n";
            self.passwords += usize::from(line.starts_with(b"PASS"));
            self.aborts += usize::from(line.starts_with(b"ABOR"));
        }
        behind_quit |= self.has_said_quit && !self.written.rest().is_empty();
        assert!(!behind_quit, "a command behind QUIT: {:#?}", self.log);
        assert!(self.passwords <= self.begun, "PASS said too often: {:#?}", self.log);
        assert!(self.aborts <= self.begun, "ABOR said too often: {:#?}", self.log);
    }

    /// Small writes take more polls.
    fn room(&self) -> usize {
        if self.piece == 0 { 0 } else { 100_000 }
    }

    /// One action; `None`: it was answered.
    fn poll(&mut self) -> Option<Open> {
        self.wants_input = false;
        let mut net = self.net.at(Side::Client, self.now.since_origin());
        let action = match self.client.poll(self.now) {
            Ok(action) => action,
            Err(violation) => {
                net.violated(&violation);
                return Some(Open::Violated(violation));
            }
        };
        if self.keeps_secret && !matches!(action, Action::Read { .. }) {
            assert!(!shows_secret(&format!("{action:?}")), "a secret in Debug");
        }
        match action {
            Action::Write(write) => {
                assert!(self.open != Open::Closed || self.log.is_empty(), "a Write after Close");
                let bytes = write.bytes();
                assert!(!bytes.is_empty() && bytes.len() < 4096);
                let count = if self.piece == 0 { bytes.len() } else { bytes.len().min(self.piece) };
                assert!(!matches!(self.open, Open::StartTls), "a Write while TLS begins");
                self.written.bytes.extend_from_slice(&bytes[..count]);
                if !self.tls {
                    self.plaintext.bytes.extend_from_slice(&bytes[..count]);
                }
                match self.log.last_mut() {
                    Some(Event::Wrote(last)) => last.0.extend_from_slice(&bytes[..count]),
                    _ => self.log.push(Event::Wrote(Written(bytes[..count].to_vec()))),
                }
                net.write(write, count);
            }
            Action::Read { deadline } => {
                assert!(deadline.is_none_or(|deadline| deadline > self.now), "a deadline in the past would spin");
                return Some(Open::Read(deadline));
            }
            Action::Reply(reply) => {
                assert_eq!(self.heard.next_reply().as_ref(), Ok(&Some(reply.borrowed())), "each once, in order");
                net.hears(&reply);
                self.log.push(Event::Reply(reply.into_owned()));
            }
            Action::Unsolicited(reply) => {
                assert_eq!(self.heard.next_reply().as_ref(), Ok(&Some(reply.borrowed())), "each once, in order");
                net.hears_unasked(&reply);
                self.log.push(Event::Unsolicited(reply.into_owned()));
            }
            Action::Done(end) => {
                self.ended += 1;
                assert!(self.ended <= self.begun, "a second end of one request: {end:?} {:#?}", self.log);
                let end = end.map(Outcome::into_owned).map_err(Failure::into_owned);
                net.done(&end, self.client.attempts());
                self.log.push(Event::Done(end));
            }
            Action::Connect(connect) => {
                let address = connect.address();
                let allowed = allows(self.config.passive_host, address.ip(), self.ends.peer().ip());
                assert!(allowed, "a stranger is dialled: {address}");
                assert_ne!(address.port(), 0);
                assert!(connect.deadline() > self.now);
                self.wants_input = connect.wants_input();
                return Some(Open::Connect(connect.serial(), connect.channel(), address));
            }
            Action::Listen(listen) => {
                assert_eq!(listen.host(), self.ends.local().ip());
                assert!(listen.deadline() > self.now);
                self.wants_input = listen.wants_input();
                return Some(Open::Listen(listen.serial(), listen.channel()));
            }
            Action::Accept(accept) => {
                assert!(self.sockets.contains(&accept.channel()), "nobody listens: {:#?}", self.log);
                assert!(accept.deadline() > self.now);
                self.wants_input = accept.wants_input();
                return Some(Open::Accept(accept.serial(), accept.channel()));
            }
            Action::Stream(stream) => {
                assert!(self.sockets.contains(&stream.channel()), "a stream without a connection: {:#?}", self.log);
                let (direction, representation) = (stream.direction(), stream.representation());
                let (serial, channel) = (stream.serial(), stream.channel());
                self.wants_input = stream.wants_input();
                return Some(Open::Stream(serial, channel, direction, representation, stream.offset()));
            }
            Action::SecureData(secure) => {
                assert!(self.sockets.contains(&secure.channel()), "TLS without a connection: {:#?}", self.log);
                assert!(secure.deadline() > self.now);
                self.wants_input = secure.wants_input();
                return Some(Open::SecureData(secure.serial(), secure.channel()));
            }
            Action::StartTls(start) => {
                assert!(!self.tls && start.deadline() > self.now);
                return Some(Open::StartTls);
            }
            Action::StopTls(_) => {
                assert!(self.tls, "no TLS to stop");
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

    /// Answers the open question.
    fn answer(&mut self, choice: u8, kind: Kind) {
        let peer = SocketAddr::new(self.ends.peer().ip(), 20);
        let mut net = self.net.at(Side::Client, self.now.since_origin());
        let Ok(action) = self.client.poll(self.now) else { return };
        match (action, kind) {
            (Action::Connect(connect), Kind::Well) => {
                self.sockets.insert(connect.channel());
                net.connect(connect, Ok(()));
            }
            (Action::Connect(connect), Kind::Badly) => net.connect(connect, Err(error(choice))),
            (Action::Listen(listen), Kind::Well) => {
                self.sockets.insert(listen.channel());
                let host = if choice & 1 == 0 { listen.host() } else { stranger() };
                net.listen(listen, Ok(SocketAddr::new(host, 50000 + u16::from(choice))));
            }
            (Action::Listen(listen), Kind::Badly) => net.listen(listen, Err(error(choice))),
            (Action::Accept(accept), Kind::Well) => assert_eq!(net.accept(accept, peer), Verdict::Take),
            (Action::Accept(accept), Kind::Badly) => {
                self.sockets.remove(&accept.channel());
                net.not_accept(accept, error(choice));
            }
            (Action::Accept(accept), Kind::Strangely) => {
                let verdict = net.accept(accept, SocketAddr::new(stranger(), 20));
                assert_eq!(verdict, Verdict::Refuse, "a stranger is accepted");
            }
            (Action::SecureData(secure), Kind::Well) => net.secure(secure, Ok(Shared::Yes)),
            (Action::SecureData(secure), Kind::Strangely) => net.secure(secure, Ok(Shared::No)),
            (Action::SecureData(secure), Kind::Badly) => {
                self.sockets.remove(&secure.channel());
                net.secure(secure, Err(TlsError::Handshake));
            }
            (Action::StartTls(start), Kind::Well) => {
                net.start_tls(start, Ok(()));
                self.tls = true;
                self.open = Open::Read(None);
            }
            (Action::StartTls(start), Kind::Badly) => {
                net.start_tls(start, Err(TlsError::Certificate));
                self.open = Open::Read(None);
            }
            (Action::StopTls(stop), Kind::Well) => {
                net.stop_tls(stop, Ok(()));
                self.tls = false;
            }
            (Action::StopTls(stop), Kind::Badly) => net.stop_tls(stop, Err(TlsError::Handshake)),
            (Action::Stream(stream), Kind::Well) => {
                self.sockets.remove(&stream.channel());
                net.stream(stream, StreamEnd::Clean, u64::from(choice) * 1000);
            }
            (Action::Stream(stream), Kind::Badly) => {
                self.sockets.remove(&stream.channel());
                let ends = [StreamEnd::Truncated, StreamEnd::LocalError, StreamEnd::StorageFull];
                net.stream(stream, ends[usize::from(choice % 3)], u64::from(choice / 3));
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

/// A name in which all is odd that can be: blanks, quotes, and what Telnet would take out.
pub(super) const ODD: &[u8] = b" \"a\" \xff\xff\xff\xf1";

/// A request of each kind.
pub(super) fn request(choice: u8) -> Request {
    let path = Path::new(if choice & 128 == 0 { &b"file"[..] } else { ODD }).unwrap();
    let secret = Password::new(SECRET).unwrap();
    let user = Argument::new("anna").unwrap();
    match choice % 32 {
        0 => Request::login(user, secret, None),
        1 => Request::login(user, secret.borrowed(), Some(secret.borrowed())),
        2 => Request::change_directory(path),
        3 => Request::change_to_parent(),
        4 => Request::print_directory(),
        5 => Request::make_directory(path),
        6 => Request::remove_directory(path),
        7 => Request::remove(path),
        8 => Request::rename(path.borrowed(), path.borrowed()),
        9 => Request::size(path),
        10 => Request::modified(path),
        11 => Request::features(),
        12 => Request::system(),
        13 => Request::noop(),
        14 => Request::list(Some(path)),
        15 => Request::names(None),
        16 => Request::machine_list(None),
        17 => Request::retrieve(path, 0),
        18 => Request::retrieve(path, 7),
        19 => Request::store(path, u64::from(choice >> 5)),
        20 => Request::append(path),
        21 => Request::command(Command::Help(None)).unwrap(),
        22 => Request::secure(),
        23 => Request::clear_command_channel(PlaintextAccepted::knowingly()),
        24 => Request::reinitialise(),
        25 => Request::utf8(),
        26 => Request::host(user),
        27 => Request::status(None),
        28 => Request::set_modified(path, Time::parse(b"20240229235960.5").unwrap()),
        29 => Request::hash(path),
        30 => Request::plain_list(None),
        _ => Request::store_unique(Some(path)),
    }
}
