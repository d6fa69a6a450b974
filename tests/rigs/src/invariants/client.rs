//! The client's machine against a scripted server, network, clock and application.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use ftp_proto::client::{
    Action, Client, Config, Failure, Misuse, Outcome, PlaintextAccepted, Request, Security, Violation,
};
use ftp_proto::{
    Argument, ChannelId, Command, DataError, Endpoints, Inbox, Instant, Moved, PassiveHost, Password, Path, Replies,
    Resume, Route, StreamEnd, Time, TlsError, Verb, Verdict, is_plausible,
};

use super::script::{self, SECRET, Step, shows_secret};
use crate::net::{Log, Shared, Side};

/// The same log whatever the chunks; bounded polls between inputs; a violation repeats; nothing after Close; no
/// stranger dialled, none accepted; no password in any `Debug`.
///
/// Four bytes choose the policy, the rest is the script.
pub fn client(bytes: &[u8]) {
    let Some(([routes, host, various, size], rest)) = bytes.split_first_chunk() else { return };
    let policy = Policy { routes: *routes, host: *host, various: *various };
    let steps = script::steps(rest);
    let whole = Run::new(policy, usize::MAX, 0).play(&steps);
    let size = 2 + usize::from(size % 30);
    assert_eq!(Run::new(policy, 1, 1).play(&steps), whole, "byte by byte");
    assert_eq!(Run::new(policy, size, size).play(&steps), whole, "in pieces of {size}");
}

#[derive(Debug, Clone, Copy)]
struct Policy {
    routes: u8,
    host: u8,
    various: u8,
}

impl Policy {
    fn config(self) -> Config {
        let mut config = Config::default();
        let all = [Route::Epsv, Route::Pasv, Route::Eprt, Route::Port];
        config.routes = all
            .into_iter()
            .enumerate()
            .filter(|(bit, _)| self.routes >> bit & 1 == 1)
            .map(|(_, route)| route)
            .collect();
        if self.routes & 16 != 0 {
            config.routes.reverse();
        }
        config.passive_host = match self.host % 6 {
            0 | 1 => PassiveHost::Peer,
            2 => PassiveHost::Advertised,
            3 => PassiveHost::AdvertisedIfPlausible,
            4 => PassiveHost::AdvertisedThenPeer,
            _ => PassiveHost::Fixed(stranger()),
        };
        if self.various & 1 != 0 {
            (config.limits.line, config.limits.lines, config.limits.reply) = (40, 4, 160);
        }
        if self.various & 2 != 0 {
            config.external_address = Some(stranger());
        }
        config.security = match self.various >> 4 & 3 {
            0 | 1 => Security::Optional,
            2 => Security::Required,
            _ => Security::Implicit,
        };
        if self.various & 64 != 0 {
            config.data_session = Resume::Required;
        }
        if self.various & 128 != 0 {
            config.patience.request = Some(Duration::from_secs(100));
        }
        config.only_epsv = self.routes & 32 != 0;
        config.keep_alive = (self.routes & 64 != 0).then_some(Duration::from_secs(20));
        config.urgent = self.routes & 128 != 0;
        config
    }

    fn ends(self) -> Endpoints {
        let (local, peer) = match self.various >> 2 & 3 {
            0 | 1 => ("192.0.2.1:40000", "192.0.2.2:21"),
            2 => ("[2001:db8::1]:40000", "[2001:db8::2]:21"),
            _ => ("[::ffff:10.0.0.1]:40000", "[::ffff:10.0.0.2]:21"),
        };
        Endpoints::new(local.parse().unwrap(), peer.parse().unwrap())
    }

    /// Whether this host may be dialled.
    fn allows(self, host: IpAddr) -> bool {
        let peer = self.ends().peer().ip();
        match self.config().passive_host {
            PassiveHost::Peer => host == peer,
            PassiveHost::Advertised => true,
            PassiveHost::AdvertisedIfPlausible | PassiveHost::AdvertisedThenPeer => is_plausible(host, peer),
            PassiveHost::Fixed(fixed) => host == fixed,
        }
    }
}

fn stranger() -> IpAddr {
    "203.0.113.66".parse().unwrap()
}

/// What a poll came to wait for.
#[derive(Debug, Clone, PartialEq)]
enum Open {
    Read(Option<Instant>),
    Connect(u64, ChannelId, SocketAddr),
    Listen(u64, ChannelId),
    Accept(u64, ChannelId),
    SecureData(u64, ChannelId),
    Stream(u64, ChannelId, String),
    StartTls,
    StopTls,
    Violated(Violation),
    Closed,
}

struct Run {
    policy: Policy,
    client: Client,
    now: Instant,
    chunk: usize,
    /// How many bytes are written at once; 0: all.
    piece: usize,
    log: Vec<String>,
    /// Of the first run; the others do the same.
    net: Log,
    open: Open,
    /// Data sockets that are open outside.
    sockets: BTreeSet<ChannelId>,
    hung_up: bool,
    quits: bool,
    /// The replies in what was received, as they have to be shown.
    heard: Inbox<Replies>,
    /// All that was written.
    written: Vec<u8>,
    /// How much of it before TLS began, or after it ended.
    plaintext: Vec<u8>,
    tls: bool,
    /// Requests that were begun, the greeting among them, and that have ended.
    begun: usize,
    ended: usize,
    /// The server or the application said the secret themselves: then it may show.
    secret_is_out: bool,
    /// How many bytes were received in all; polls are counted against it.
    received: usize,
    polls: usize,
}

impl Run {
    fn new(policy: Policy, chunk: usize, piece: usize) -> Self {
        Self {
            policy,
            client: Client::new(Arc::new(policy.config()), policy.ends(), Instant::default()),
            now: Instant::default(),
            chunk,
            piece,
            log: Vec::new(),
            net: Log::of_bytes(),
            open: Open::Closed,
            sockets: BTreeSet::new(),
            heard: Inbox::replies(policy.config().limits),
            written: Vec::new(),
            plaintext: Vec::new(),
            tls: false,
            begun: 1,
            ended: 0,
            hung_up: false,
            quits: false,
            secret_is_out: false,
            received: 0,
            polls: 0,
        }
    }

    fn play(mut self, steps: &[Step]) -> Vec<String> {
        self.secret_is_out = script::tells_secret(steps, b"");
        self.settle();
        for step in steps {
            self.step(step);
            self.settle();
            self.check();
            self.log.push(format!("now {:?}", self.open));
        }
        self.log
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Feed(bytes) if !self.hung_up => {
                for chunk in script::chunks(bytes, self.chunk) {
                    self.received += chunk.len();
                    self.client.received(&chunk);
                    self.heard.push(&chunk);
                    self.settle();
                }
            }
            Step::Feed(_) => {}
            Step::Clock(wait) => self.now = self.now.after(*wait),
            Step::Answer(choice) => self.answer(*choice, Kind::Well),
            Step::Fail(choice) => self.answer(*choice, Kind::Badly),
            Step::Disturb(choice) => self.answer(*choice, Kind::Strangely),
            Step::Start(choice) => {
                let started = self.client.start(request(*choice));
                self.log.push(format!("start {started:?}"));
                let expected = match self.open {
                    Open::Closed | Open::Violated(_) => Err(Misuse::Ended),
                    _ if self.quits || self.hung_up => Err(Misuse::Ended),
                    Open::Read(None) => Ok(()),
                    _ => Err(Misuse::Busy),
                };
                // CCC needs TLS to end, wherever it is said.
                let needs_tls = policy_needs_tls(self.policy) || choice % 32 == 23 && !self.tls;
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
                self.client.received(b"");
            }
        }
    }

    /// Polls until the machine waits for something outside.
    fn settle(&mut self) {
        let before = self.open.clone();
        self.polls = 0;
        let open = loop {
            self.polls += 1;
            assert!(self.polls < 200 + 8 * self.received + self.room(), "it doesn't come to rest: {:#?}", self.log);
            if let Some(open) = self.poll() {
                break open;
            }
        };
        match &before {
            Open::Violated(_) | Open::Closed if !self.log.is_empty() => assert_eq!(open, before, "it was the end"),
            _ => {}
        }
        // An action that was dropped without an answer comes again, and is the same.
        self.open = open.clone();
        assert_eq!(self.poll(), Some(open), "{:#?}", self.log);
    }

    /// What holds whenever the machine is at rest.
    fn check(&self) {
        if matches!(self.open, Open::Read(None) | Open::Closed) {
            assert!(self.sockets.is_empty(), "left open: {:?} {:#?}", self.sockets, self.log);
        }
        if self.open == Open::Read(None) {
            assert_eq!(self.ended, self.begun, "nothing runs, and a request has no end: {:#?}", self.log);
        }
        if policy_needs_tls(self.policy) {
            // What holds no name, no password and no file.
            use Verb::{Auth, Feat, Help, Host, Noop, Opts, Pbsz, Prot, Quit, Rein, Stat, Syst};
            let telling = |line: &&[u8]| {
                let word = line.split(|byte| matches!(byte, b' ' | b'\r')).next().unwrap_or_default();
                let verb = Verb::parse(word);
                !matches!(verb, Auth | Feat | Help | Host | Noop | Opts | Pbsz | Prot | Quit | Rein | Stat | Syst)
            };
            let mut lines = self.plaintext.split(|byte| *byte == b'\n').filter(|line| line.ends_with(b"\r"));
            let told = lines.find(telling);
            assert_eq!(told, None, "TLS is required: {:#?}", self.log);
        }
        let quit = b"QUIT\r\n";
        let words = self.written.split_inclusive(|byte| *byte == b'\n');
        let said = words.skip_while(|line| line != quit).count();
        assert!(said <= 1, "a command behind QUIT: {:#?}", self.log);
        for (verb, most) in [(&b"PASS"[..], self.begun), (b"ABOR", self.begun)] {
            let count = self.written.split(|byte| *byte == b'\n').filter(|line| line.starts_with(verb)).count();
            assert!(count <= most, "{} said too often: {:#?}", verb.escape_ascii(), self.log);
        }
        if self.piece == 0 && !self.secret_is_out {
            assert!(!shows_secret(&format!("{:?}", self.client)), "a secret in Debug");
        }
    }

    /// Small writes take more polls.
    fn room(&self) -> usize {
        if self.piece == 0 { 0 } else { 100_000 }
    }

    /// One action; `None`: it was answered.
    fn poll(&mut self) -> Option<Open> {
        let mut net = self.net.at(Side::Client, self.now.since_origin());
        let action = match self.client.poll(self.now) {
            Ok(action) => action,
            Err(violation) => {
                net.violated(&violation);
                return Some(Open::Violated(violation));
            }
        };
        if self.piece == 0 && !self.secret_is_out {
            assert!(!shows_secret(&format!("{action:?}")), "a secret in Debug");
        }
        match action {
            Action::Write(write) => {
                assert!(self.open != Open::Closed || self.log.is_empty(), "a Write after Close");
                let bytes = write.bytes();
                assert!(!bytes.is_empty() && bytes.len() < 4096);
                let count = if self.piece == 0 { bytes.len() } else { bytes.len().min(self.piece) };
                assert!(!matches!(self.open, Open::StartTls), "a Write while TLS begins");
                self.written.extend_from_slice(&bytes[..count]);
                if !self.tls {
                    self.plaintext.extend_from_slice(&bytes[..count]);
                }
                let text = bytes[..count].escape_ascii().to_string();
                match self.log.last_mut() {
                    Some(last) if last.starts_with("write ") => last.push_str(&text),
                    _ => self.log.push(format!("write {text}")),
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
                self.log.push(format!("reply {reply:?}"));
            }
            Action::Unsolicited(reply) => {
                assert_eq!(self.heard.next_reply().as_ref(), Ok(&Some(reply.borrowed())), "each once, in order");
                net.hears_unasked(&reply);
                self.log.push(format!("unsolicited {reply:?}"));
            }
            Action::Done(end) => {
                self.ended += 1;
                assert!(self.ended <= self.begun, "a second end of one request: {end:?} {:#?}", self.log);
                self.log.push(format!("done {end:?}"));
                let end = end.map(Outcome::into_owned).map_err(Failure::into_owned);
                net.done(&end, self.client.attempts());
            }
            Action::Connect(connect) => {
                let address = connect.address();
                assert!(self.policy.allows(address.ip()), "a stranger is dialled: {address}");
                assert_ne!(address.port(), 0);
                assert!(connect.deadline() > self.now);
                return Some(Open::Connect(connect.serial(), connect.channel(), address));
            }
            Action::Listen(listen) => {
                assert_eq!(listen.host(), self.policy.ends().local().ip());
                assert!(listen.deadline() > self.now);
                return Some(Open::Listen(listen.serial(), listen.channel()));
            }
            Action::Accept(accept) => {
                assert!(self.sockets.contains(&accept.channel()), "nobody listens: {:#?}", self.log);
                assert!(accept.deadline() > self.now);
                return Some(Open::Accept(accept.serial(), accept.channel()));
            }
            Action::Stream(stream) => {
                assert!(self.sockets.contains(&stream.channel()), "a stream without a connection: {:#?}", self.log);
                let what = format!("{:?} {:?} {}", stream.direction(), stream.representation(), stream.offset());
                return Some(Open::Stream(stream.serial(), stream.channel(), what));
            }
            Action::SecureData(secure) => {
                assert!(self.sockets.contains(&secure.channel()), "TLS without a connection: {:#?}", self.log);
                assert!(secure.deadline() > self.now);
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
        let ends = self.policy.ends();
        let peer = SocketAddr::new(ends.peer().ip(), 20);
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

fn policy_needs_tls(policy: Policy) -> bool {
    policy.config().security != Security::Optional
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

/// A request of each kind.
pub(super) fn request(choice: u8) -> Request {
    let path = Path::new(if choice & 128 == 0 { &b"file"[..] } else { b" \"a\" \xff" }).unwrap();
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
