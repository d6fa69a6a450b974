//! The client's machine against a scripted server, network, clock and application.

mod answers;
mod content;
mod policy;
mod requests;

use std::collections::{BTreeSet, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;

use ftp_proto::client::{Action, Client, Config, Failure, Misuse, Noise, Outcome, Security, Value, Violation};
use ftp_proto::{
    ChannelId, ControlError, Direction, Endpoints, Inbox, Instant, Mode, Replies, Reply, ReplyError, Structure, Type,
    Verb,
};

use answers::Kind;
use content::Content;
use policy::{Policy, allows};
use requests::{ANY_LENGTH, length};

use super::floods;
use super::script::{self, Mouth, Step, Written, shows_secret};
use crate::net::{Log, Side};

pub(super) use requests::{ODD, request};

/// The same log whatever the chunks; bounded polls between inputs; a violation repeats; nothing after Close; no
/// stranger dialled, none accepted; no password in any `Debug`, nor where a `Write` tells its commands; no transfer command
/// for a content of which a byte is gone; no success with fewer or more bytes than were bound to come; nobody waits for long
/// once a reply has come that may be the answer; what a failure calls unexpected can't answer the command. Past the deadline
/// of a `Write`, and after one that failed, nothing is asked any more.
///
/// A reply that was whole before a command went out is no answer to it. So what comes at once is compared with the same in pieces
/// that are looked at together, and what comes line by line with the same in pieces that are looked at one by one.
///
/// Four bytes choose the policy, the rest is the script.
pub fn client(bytes: &[u8]) {
    let Some(([routes, host, various, size], rest)) = bytes.split_first_chunk() else { return };
    let policy = Policy { routes: *routes, host: *host, various: *various };
    let steps = script::steps(rest);
    let config = Arc::new(policy.config());
    floods::of_server(&config, policy.ends(), &steps);
    let run = |chunks, piece| Run::new(policy, &config, chunks, piece).play(&steps);
    let whole = run(Chunks::AtOnce(usize::MAX), 0);
    let size = 2 + usize::from(size % 30);
    assert_eq!(run(Chunks::AtOnce(size), size), whole, "in pieces of {size}");
    let lines = run(Chunks::OfLines(usize::MAX), 0);
    assert_eq!(run(Chunks::OfLines(1), 1), lines, "byte by byte");
}

/// In which pieces what the server says is received.
#[derive(Debug, Clone, Copy)]
enum Chunks {
    /// All pieces, then the machine is polled.
    AtOnce(usize),
    /// No piece goes beyond a line, and the machine is polled behind each.
    OfLines(usize),
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
    /// The server takes nothing; when the machine gives up.
    Write(Instant),
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
    Noise(Vec<u8>),
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
    policy: Policy,
    config: Arc<Config>,
    ends: Endpoints,
    client: Client,
    now: Instant,
    chunks: Chunks,
    /// How many bytes are written at once; 0: all.
    piece: usize,
    log: Vec<Event>,
    /// Of the first run; the others do the same.
    net: Log,
    open: Open,
    wants_input: bool,
    /// What the server has sent and was not read yet, by what is read before the next look; an empty chunk is its end.
    socket: VecDeque<Vec<Vec<u8>>>,
    /// How much may wait, in bytes.
    room: usize,
    /// Data sockets that are open outside.
    sockets: BTreeSet<ChannelId>,
    content: Content,
    /// How many bytes may come, at least and at most, for the request that runs to succeed.
    bound: (u64, u64),
    hung_up: bool,
    /// The machine was told so.
    heard_end: bool,
    quits: bool,
    mouth: Mouth,
    /// The machine knows that nothing can be written.
    mute: bool,
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
    /// The request that runs has said a transfer command.
    transfers: bool,
    tls: bool,
    /// Requests that were begun, the greeting among them, and that have ended.
    begun: usize,
    ended: usize,
    /// Lines that were no reply.
    noises: usize,
    /// It has waited for the answer to what it wrote last.
    waited: bool,
    /// What came since may be the answer, though it doesn't fit.
    doubtful: bool,
    /// The server hasn't said the secret itself: it must not show.
    keeps_secret: bool,
    /// How many bytes were received in all; polls are counted against it.
    received: usize,
    polls: usize,
}

impl Run {
    fn new(policy: Policy, config: &Arc<Config>, chunks: Chunks, piece: usize) -> Self {
        let ends = policy.ends();
        Self {
            policy,
            config: Arc::clone(config),
            ends,
            client: Client::new(Arc::clone(config), ends, Instant::default()),
            now: Instant::default(),
            chunks,
            piece,
            log: Vec::new(),
            net: Log::of_bytes(),
            open: Open::Closed,
            wants_input: false,
            socket: VecDeque::new(),
            room: config.limits.reply,
            sockets: BTreeSet::new(),
            content: Content::default(),
            bound: ANY_LENGTH,
            heard: Inbox::replies(config.limits).with_escape(config.escaping.replies),
            written: Lines::default(),
            plaintext: Lines::default(),
            passwords: 0,
            aborts: 0,
            has_said_quit: false,
            transfers: false,
            tls: false,
            begun: 1,
            ended: 0,
            hung_up: false,
            heard_end: false,
            quits: false,
            mouth: Mouth::Open,
            mute: false,
            noises: 0,
            waited: true,
            doubtful: false,
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

    /// AUTH was said, and TLS isn't there.
    fn waits_for_tls(&self) -> bool {
        self.client.session().replies_due_to(Verb::Auth) > 0 || matches!(self.open, Open::StartTls)
    }

    fn needs_tls(&self) -> bool {
        self.config.security != Security::Optional
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Feed(bytes) if !self.hung_up => match self.chunks {
                // What is over the limit of what may wait comes in one piece: more of them would be a flood.
                Chunks::AtOnce(size) => {
                    let (first, rest) = bytes.split_at(bytes.len().min(self.room));
                    let chunks = first.chunks(size).chain((!rest.is_empty()).then_some(rest));
                    self.socket.push_back(chunks.map(<[u8]>::to_vec).collect());
                }
                Chunks::OfLines(size) => {
                    let lines = bytes.split_inclusive(|byte| *byte == b'\n').flat_map(|line| line.chunks(size));
                    self.socket.extend(lines.map(|chunk| vec![chunk.to_vec()]));
                }
            },
            Step::Feed(_) => {}
            Step::Clock(wait) => self.now = self.now.after(*wait),
            Step::Answer(choice) => self.answer(*choice, Kind::Well),
            Step::Fail(choice) => self.answer(*choice, Kind::Badly),
            Step::Disturb(choice) => self.answer(*choice, Kind::Strangely),
            Step::Start(choice) => {
                let shown = format!("{:?}", request(*choice));
                let started = self.client.start(request(*choice)).map_err(|rejected| {
                    assert_eq!(format!("{:?}", rejected.request), shown, "it comes back as it was");
                    rejected.why
                });
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
                // No size can be expected where a MODE or STRU that was said before has the wire carry more than the file.
                let session = self.client.session();
                let is_plain = session.mode() == Mode::Stream && session.structure() == Structure::File;
                let contradictory = !is_plain && started == Err(Misuse::Contradictory) && expected.is_ok();
                let is_expected = started == expected || insecure || contradictory;
                assert!(is_expected, "{started:?}, not {expected:?}: {:#?}", self.log);
                if started.is_ok() {
                    self.begun += 1;
                    self.bound = length(*choice);
                }
            }
            Step::Abort => self.client.abort(),
            Step::End => {
                self.quits = true;
                self.client.quit();
            }
            Step::HangUp => {
                self.hung_up = true;
                self.socket.push_back(vec![Vec::new()]);
            }
            Step::Mute(choice) => self.mouth = if choice & 1 == 0 { Mouth::Stuck } else { Mouth::Shut },
        }
    }

    /// Polls until the machine waits for something outside, and reads what it lets us read meanwhile.
    fn settle(&mut self) {
        loop {
            self.rest();
            // An adapter may have read more than it should when TLS begins or ends.
            let turns = matches!(self.open, Open::StartTls | Open::StopTls);
            let reads = self.wants_input || turns || matches!(self.open, Open::Read(_));
            let Some(chunks) = (if reads { self.socket.pop_front() } else { None }) else { return };
            for chunk in chunks {
                self.client.received(&chunk);
                self.received += chunk.len();
                self.heard_end |= chunk.is_empty();
                self.heard.push(&chunk);
            }
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
        if self.mute {
            let why = matches!(open, Open::Violated(Violation::Write(_) | Violation::Reply(_)));
            assert!(why || self.is_over(), "nothing can be said: {open:?} {:#?}", self.log);
        }
        // An action that was dropped without an answer comes again, and is the same.
        self.open = open;
        if let Open::Read(Some(by)) = self.open {
            self.waited |= !self.doubtful;
            let soon = self.now.after(self.config.patience.suspect.max(self.config.patience.barrier));
            assert!(!self.doubtful || by <= soon, "what may be the answer is here: {:#?}", self.log);
        }
        assert_eq!(self.poll().as_ref(), Some(&self.open), "{:#?}", self.log);
    }

    fn is_over(&self) -> bool {
        matches!(self.open, Open::Violated(_))
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
            Action::Write(write) if self.mouth != Mouth::Open => {
                assert!(write.deadline() > self.now, "its time is over: {:#?}", self.log);
                if self.mouth == Mouth::Stuck {
                    return Some(Open::Write(write.deadline()));
                }
                assert!(!self.mute, "it was told that nothing can be written: {:#?}", self.log);
                self.mute = true;
                write.failed(ControlError::Closed);
                return None;
            }
            Action::Write(write) => {
                assert!(write.deadline() > self.now, "its time is over: {:#?}", self.log);
                assert!(write.commands().all(|command| !shows_secret(&command.to_string())), "a secret in a log");
                assert!(self.open != Open::Closed || self.log.is_empty(), "a Write after Close");
                let bytes = write.bytes();
                assert!(!bytes.is_empty() && bytes.len() < 4096);
                let count = if self.piece == 0 { bytes.len() } else { bytes.len().min(self.piece) };
                assert!(!matches!(self.open, Open::StartTls), "a Write while TLS begins");
                if self.piece == 0 {
                    self.content.says(bytes);
                }
                // A barrier ends no doubt. ABOR is one where nothing is to be aborted.
                let moves = [&b"RETR"[..], b"STOR", b"STOU", b"APPE", b"LIST", b"NLST", b"MLSD"];
                self.transfers |= moves.iter().any(|verb| bytes.starts_with(verb));
                let aborts = bytes == b"ABOR\r\n" && !self.transfers;
                self.doubtful &= aborts || matches!(bytes, b"NOOP\r\n" | b"PWD\r\n");
                self.waited = self.doubtful;
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
                self.doubtful = false;
                self.log.push(Event::Reply(reply.into_owned()));
            }
            Action::Unsolicited(reply) => {
                assert_eq!(self.heard.next_reply().as_ref(), Ok(&Some(reply.borrowed())), "each once, in order");
                net.hears_unasked(&reply);
                let reply = reply.into_owned();
                let session = self.client.session();
                // NOOPs alone may be what is left of a transfer, whose time is another.
                let due = session.replies_due() > session.replies_due_to(Verb::Noop);
                let quits = session.replies_due_to(Verb::Quit) > 0;
                self.doubtful |= self.waited && due && !quits && !reply.code().is_preliminary();
                self.log.push(Event::Unsolicited(reply));
            }
            Action::Noise(line) => {
                net.hears_noise(line);
                let line = line.to_vec();
                let error = ReplyError::NotAReply { line: line.clone().into() };
                assert_eq!(self.heard.next_reply(), Err(error), "each once, in order");
                self.noises += 1;
                assert!(
                    self.noises <= 32 && self.config.noise != Noise::Never && !self.waits_for_tls(),
                    "{:#?}",
                    self.log
                );
                self.log.push(Event::Noise(line));
            }
            Action::Done(end) => {
                self.ended += 1;
                self.content = Content::default();
                let (least, most) = std::mem::replace(&mut self.bound, ANY_LENGTH);
                if let Ok(Outcome { value: Value::Transferred(moved), .. }) = &end {
                    assert!((least..=most).contains(moved), "{moved} bytes, not {least} to {most}: {:#?}", self.log);
                }
                assert!(self.ended <= self.begun, "a second end of one request: {end:?} {:#?}", self.log);
                let end = end.map(Outcome::into_owned).map_err(Failure::into_owned);
                self.transfers = false;
                self.doubtful = false;
                if let Err(Failure::Unexpected(reply)) = &end {
                    let verb = suspected(&self.written.bytes);
                    assert!(!verb.may_be_answered_with(reply.code()), "{verb} {reply:?}: {:#?}", self.log);
                }
                net.done(&end, self.client.attempts());
                // A server that refuses QUIT wants the session to go on.
                self.has_said_quit &= !matches!(end, Err(Failure::Refused(_)));
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
                self.content.streams(channel);
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
                let (once, careless) = (self.policy.host & 64 != 0, self.policy.host & 128 != 0);
                let moved = self.content.closed(close.channel(), once, careless);
                net.close(close, moved);
            }
            Action::Leave => {
                net.leaves();
                return Some(Open::Closed);
            }
        }
        None
    }
}

/// The command that was answered oddly, after all that was written: the one before the barrier.
fn suspected(written: &[u8]) -> Verb {
    let lines = written.split_inclusive(|byte| *byte == b'\n');
    let verb = |line: &[u8]| Verb::parse(line.split(|byte| matches!(byte, b' ' | b'\r')).next().unwrap_or_default());
    let mut verbs = lines.rev().map(verb);
    match verbs.next() {
        // Behind a transfer; others may have kept it alive.
        Some(Verb::Noop) => verbs.find(|verb| *verb != Verb::Noop),
        _ => verbs.next(),
    }
    .expect("a command and a barrier")
}
