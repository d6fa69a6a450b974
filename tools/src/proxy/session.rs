//! One client and its server, with the proxy in between.

use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant as Clock};

use ftp_proto::session::CommandId;
use ftp_proto::tracker::{Event, Passed, Peer, Rewrite, Tracker, Translation, Witness};
use ftp_proto::{Code, Endpoints, Evidence, Instant, LossKind};
use tokio::net::TcpStream;
use tokio::sync::futures::Notified;
use tokio::time::sleep;

use super::adapter::Service;
use super::control::Side;
use super::data::{News, Ways};
use super::policy::{self, Tls};
use super::record::Record;
use super::trouble::View;

/// Read at a time.
const BUFFER: usize = 16 * 1024;

/// While so many commands wait for their replies, no other one goes on: the tracker keeps count of 64.
const MOST_DUE: usize = 48;

/// How long an end may take to leave once it was told to.
pub const LINGER: Duration = Duration::from_secs(2);

/// What clients read when the proxy ends.
pub const SHUTTING_DOWN: &str = "421 The proxy is shutting down.\r\n";

/// Both control connections, and what is known of the session.
pub struct Session {
    service: Arc<Service>,
    client: Side,
    server: Side,
    rewrite: Rewrite,
    watch: Watch,
    /// When either end has said anything.
    last: Clock,
    /// So many commands wait for their replies, as far as is known.
    due: usize,
    /// What the client has said behind them.
    held: Vec<u8>,
    mark: Mark,
    /// It must not go on.
    ends: bool,
}

/// The data connections, and who looks on.
struct Watch {
    ways: Ways,
    record: Record,
    witness: Witness,
    view: View,
    /// From when on the witness counts.
    origin: Clock,
}

/// Where the client's urgent byte is on its way through.
#[derive(Default)]
struct Mark {
    came: u64,
    gone: u64,
    at: Option<u64>,
}

/// How a session ends.
enum End {
    /// Both ends have left.
    Left,
    /// A connection broke, or must not go on.
    Broken,
    /// The proxy ends it, and tells the client why.
    Given(&'static str),
}

/// What woke a session.
enum Wake {
    Readable(Peer, io::Result<()>),
    Writable(Peer, io::Result<()>),
    Data(CommandId, News),
    Late,
    Stop,
}

impl Session {
    /// Between these two. In a box: else each step of it would have room for all of it.
    pub fn new(client: TcpStream, server: TcpStream, service: Arc<Service>) -> io::Result<Box<Self>> {
        let ends = |stream: &TcpStream| io::Result::Ok(Endpoints::new(stream.local_addr()?, stream.peer_addr()?));
        let (to_client, to_server) = (ends(&client)?, ends(&server)?);
        let (of_client, of_server) = (to_client.peer(), to_server.peer());
        let translation = match (of_client.is_ipv6(), of_server.is_ipv6()) {
            (true, false) => Translation::Client6,
            (false, true) => Translation::Client4,
            _ => Translation::None,
        };
        let tracker = Tracker::new(service.rules.clone(), of_client, of_server);
        let watch = Watch {
            ways: Ways::new(to_client.local(), to_server.local(), Rc::new(service.data.clone())),
            record: Record::new(service.log.clone(), of_client),
            witness: Witness::new(of_client, of_server),
            view: View { client: to_client, server: to_server, passive_ports: service.data.passive_ports.clone() },
            origin: Clock::now(),
        };
        watch.record.say("connect", &of_server.to_string());
        Ok(Box::new(Self {
            client: Side::new(client)?,
            server: Side::new(server)?,
            rewrite: Rewrite::translating(tracker, translation).holding_lines(),
            watch,
            service,
            last: Clock::now(),
            due: 0,
            held: Vec::new(),
            mark: Mark::default(),
            ends: false,
        }))
    }

    /// Passes on what either side says until both have left.
    pub async fn run(mut self: Box<Self>, mut stop: Pin<&mut Notified<'_>>) {
        let end = loop {
            if let Some(end) = self.end() {
                break end;
            }
            let (client, server, rewrite) = (&self.client, &self.server, &self.rewrite);
            let roomy = client.has_room() && server.has_room();
            let holds = !self.held.is_empty();
            let may_read = |side: &Side, whose| {
                roomy && !side.has_ended() && rewrite.wants_input(whose) && !(holds && whose == Peer::Client)
            };
            // Nobody answers a client whose server has gone, nor perhaps one that says so much.
            let waits = holds && rewrite.wants_input(Peer::Client);
            let patience = if server.has_ended() || waits { LINGER } else { self.service.idle };
            let rest = patience.saturating_sub(self.last_word().elapsed());
            let wake = tokio::select! {
                result = client.readable(), if may_read(client, Peer::Client) => Wake::Readable(Peer::Client, result),
                result = server.readable(), if may_read(server, Peer::Server) => Wake::Readable(Peer::Server, result),
                result = client.writable() => Wake::Writable(Peer::Client, result),
                result = server.writable() => Wake::Writable(Peer::Server, result),
                (id, news) = self.watch.ways.news() => Wake::Data(id, news),
                () = sleep(rest) => Wake::Late,
                () = stop.as_mut() => Wake::Stop,
            };
            let result = match wake {
                Wake::Readable(from, Ok(())) => self.read(from),
                Wake::Writable(to, Ok(())) => self.write(to),
                Wake::Readable(side, Err(_)) | Wake::Writable(side, Err(_)) => Err(side),
                Wake::Data(id, news) => {
                    self.watch.data(id, news);
                    Ok(())
                }
                Wake::Late if self.last_word().elapsed() < patience => Ok(()),
                Wake::Late if waits => {
                    self.due = 0;
                    Ok(())
                }
                Wake::Late if self.server.has_ended() => break End::Left,
                Wake::Late => break End::Given("421 Nothing was said for too long.\r\n"),
                Wake::Stop => break End::Given(SHUTTING_DOWN),
            };
            if let Err(side) = result.and_then(|()| self.go_on()) {
                self.watch.broke(side, self.client.has_ended());
                break End::Broken;
            }
        };
        Box::pin(self.finish(end, stop)).await;
    }

    fn end(&self) -> Option<End> {
        match (self.ends, self.client.is_done() && self.server.is_done()) {
            (true, _) => Some(End::Broken),
            (false, true) => Some(End::Left),
            (false, false) => None,
        }
    }

    fn side(&mut self, side: Peer) -> &mut Side {
        match side {
            Peer::Client => &mut self.client,
            Peer::Server => &mut self.server,
        }
    }

    /// When either end has said anything, or sent any data.
    fn last_word(&self) -> Clock {
        self.watch.ways.last().map_or(self.last, |data| data.max(self.last))
    }

    /// What one side has said goes to the other. An error: whose connection broke.
    fn read(&mut self, from: Peer) -> Result<(), Peer> {
        let mut buffer = [0; BUFFER];
        let Some(heard) = self.side(from).read(&mut buffer).map_err(|_| from)? else { return Ok(()) };
        self.last = Clock::now();
        let Some(bytes) = buffer.get(..heard.count).filter(|bytes| !bytes.is_empty()) else {
            // A client that has said all is served on: what is expected is withdrawn once the server has gone, too.
            if from == Peer::Server {
                self.rewrite.received(from, &[]).map_err(|flood| flood.from)?;
                self.pass();
                self.watch.lost(LossKind::Closed, self.client.has_ended());
            }
            self.side(from.other()).finish();
            return self.write(from.other());
        };
        if from == Peer::Client {
            self.mark.comes(bytes.len(), heard.urgent);
            // An ABOR doesn't wait.
            if heard.urgent {
                self.due = 0;
            }
            self.held = bytes.to_vec();
            return Ok(());
        }
        self.rewrite.received(from, bytes).map_err(|flood| flood.from)?;
        self.pass();
        // What can go at once does.
        self.write(Peer::Client)?;
        self.write(Peer::Server)
    }

    /// What the client has said goes on, line by line, while not too many commands wait for their replies.
    fn go_on(&mut self) -> Result<(), Peer> {
        let held = std::mem::take(&mut self.held);
        let mut rest = &held[..];
        while !rest.is_empty() && !self.ends && self.due < MOST_DUE && self.rewrite.wants_input(Peer::Client) {
            let end = rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |at| at + 1);
            let (line, behind) = rest.split_at(end);
            self.rewrite.received(Peer::Client, line).map_err(|flood| flood.from)?;
            self.pass();
            rest = behind;
        }
        if rest.len() < held.len() {
            self.write(Peer::Client)?;
            self.write(Peer::Server)?;
        }
        self.held = rest.to_vec();
        Ok(())
    }

    fn write(&mut self, to: Peer) -> Result<(), Peer> {
        self.side(to).write().map_err(|_| to)
    }

    /// Takes all that there is: what is told, what is asked, and what goes on.
    fn pass(&mut self) {
        let Self { rewrite, watch, client, server, mark, service, ends, due, .. } = self;
        let now = watch.now();
        let Watch { ways, record, witness, view, .. } = watch;
        let policy = &service.policy;
        let mut speaks = Peer::Client;
        // The command whose line hasn't gone on.
        let mut said = None;
        while let Some(passed) = (!*ends).then(|| rewrite.poll()).flatten() {
            match passed {
                Passed::Event(event) => {
                    match &event {
                        Event::Command { .. } => *due += 1,
                        Event::Reply { answers: Some(_), reply, .. } if !reply.code().is_preliminary() => {
                            *due = due.saturating_sub(1);
                        }
                        Event::Answered { .. } => *due = due.saturating_sub(1),
                        // Nothing is counted then.
                        Event::Lost(_) | Event::Blind => *due = 0,
                        _ => {}
                    }
                    // What this event may be the end of.
                    let broken_off = match &event {
                        Event::Reply { answers: Some(id), .. } | Event::Answered { id, .. } => {
                            record.was_broken_off(*id, ways)
                        }
                        _ => false,
                    };
                    record.observe(&event, ways);
                    // What doesn't go on, and what the client reads instead.
                    let refusal = match &event {
                        Event::Command { id, verb, command } => {
                            (speaks, said) = (Peer::Client, Some(*id));
                            policy.judge(*verb, command.as_ref()).map(|reply| (*id, reply))
                        }
                        Event::Refused { id, why, .. } => Some((*id, policy::illegal(speaks, *why))),
                        Event::Reply { .. } => {
                            speaks = Peer::Server;
                            None
                        }
                        Event::Withdrawn(expected, why) => {
                            ways.withdraw(expected.id, *why);
                            None
                        }
                        Event::Blind => {
                            *ends |= policy.tls == Tls::Refuse;
                            None
                        }
                        _ => None,
                    };
                    // What the policy forbids is no trouble.
                    let by_policy = refusal.is_some() && matches!(event, Event::Command { .. });
                    if !by_policy {
                        witness.observe(&event, now);
                    }
                    if let Some((id, reply)) = refusal
                        && rewrite.refuse(reply)
                    {
                        if speaks == Peer::Server {
                            record.replaced(id, reply.code());
                        }
                        witness.refused(id, reply, now);
                    }
                    if let Some(evidence) = witness.take_trouble().filter(|_| !broken_off) {
                        record.settle(ways);
                        explain(evidence, view, ways, record);
                    }
                }
                Passed::Address(address) => {
                    let Some(expected) = address.expectation() else {
                        address.refuse();
                        continue;
                    };
                    let opened = if service.is_own(expected.to) {
                        Err("it is the proxy itself".to_owned())
                    } else if policy.allows(expected.to) {
                        ways.open(&expected).map_err(|why| why.to_string())
                    } else {
                        Err(format!("the policy forbids port {}", expected.to.port()))
                    };
                    match opened {
                        Ok(told) => address.replace(told),
                        Err(why) => {
                            record.say("refused", &format!("{}: {why}", expected.to));
                            record.replaced(expected.id, Code::CANNOT_OPEN_DATA_CONNECTION);
                            address.refuse();
                        }
                    }
                }
                Passed::Bytes { to: Peer::Client, bytes, came } => {
                    if came == 0 {
                        record.answered_here(bytes);
                    }
                    client.push(bytes, None);
                }
                Passed::Bytes { to: Peer::Server, bytes, came } => {
                    if let (Some(id), []) = (said.take(), bytes) {
                        *due = due.saturating_sub(1);
                        record.kept_here(id);
                    }
                    server.push(bytes, mark.goes(came, bytes.len()));
                }
            }
        }
        record.settle(ways);
    }

    async fn finish(mut self: Box<Self>, end: End, mut stop: Pin<&mut Notified<'_>>) {
        for side in [Peer::Client, Peer::Server] {
            // Behind a flood nothing goes on, and the session ends as it is.
            let _ = self.rewrite.received(side, &[]);
        }
        self.pass();
        let is_blind = self.rewrite.tracker().is_blind();
        let Self { mut client, mut server, mut watch, .. } = *self;
        match end {
            End::Left => {}
            End::Broken => {
                // Whatever happens then, it ends.
                let _ = (client.write(), server.write());
                client.reset();
                server.reset();
            }
            End::Given(why) => {
                // First of all: who hears of the end might end its data in order.
                watch.ways.break_off().await;
                drop(server);
                if !is_blind {
                    client.push(why.as_bytes(), None);
                }
                watch.record.say("ended", why.trim_end());
                client.leave(LINGER).await;
                watch.record.finish();
                return watch.record.say("close", "-");
            }
        }
        drop((client, server));
        // Data that is under way goes on to its end, which either end may bring about.
        while !watch.ways.is_empty() {
            tokio::select! {
                (id, news) = watch.ways.news() => watch.data(id, news),
                () = stop.as_mut() => {
                    watch.ways.break_off().await;
                    watch.record.say("ended", SHUTTING_DOWN.trim_end());
                    break;
                }
            }
        }
        watch.record.finish();
        watch.record.say("close", "-");
    }
}

impl Watch {
    fn now(&self) -> Instant {
        Instant::from_origin(self.origin.elapsed())
    }

    fn data(&mut self, id: CommandId, news: News) {
        match news {
            News::Connected => self.witness.connected(id),
            News::Stranger(host) => {
                self.record.say("stranger", &format!("{host} came to a data connection, and was sent away"));
                self.witness.stranger(id, host);
            }
            News::Failed(why) => {
                let now = self.now();
                self.witness.failed(id, why, now);
                self.explain(self.record.was_broken_off(id, &self.ways));
            }
            News::Passed | News::Broken => {}
            News::Over => {
                self.record.settle(&self.ways);
                self.ways.forget(id);
            }
        }
        self.record.settle(&self.ways);
    }

    /// A control connection has broken; and whether the client had left before.
    fn broke(&mut self, side: Peer, has_left: bool) {
        let whose = if side == Peer::Client { "client" } else { "server" };
        self.record.say("broken", &format!("the {whose}'s control connection was reset"));
        if side == Peer::Server {
            self.lost(LossKind::Reset, has_left);
        }
    }

    /// The server's has ended so; if the client had left before, that is why.
    fn lost(&mut self, how: LossKind, has_left: bool) {
        let now = self.now();
        self.witness.ended(how, now);
        self.explain(has_left);
    }

    /// Writes into the log why a data connection failed, if one has, unless the client has broken it off itself.
    fn explain(&mut self, broken_off: bool) {
        if let Some(evidence) = self.witness.take_trouble().filter(|_| !broken_off) {
            explain(evidence, &self.view, &self.ways, &self.record);
        }
    }
}

fn explain(evidence: Evidence, view: &View, ways: &Ways, record: &Record) {
    let line = view.explain(evidence, |announced| ways.told(announced));
    line.iter().for_each(|line| record.say("trouble", line));
}

impl Mark {
    /// So many bytes came from the client, and the first one was marked.
    fn comes(&mut self, count: usize, urgent: bool) {
        if urgent {
            self.at = Some(self.came);
        }
        self.came += count as u64;
    }

    /// For so many bytes of the client's so many go on: which of them is to be marked.
    fn goes(&mut self, came: usize, count: usize) -> Option<usize> {
        let begin = self.gone;
        self.gone += came as u64;
        let at = self.at.filter(|at| *at < self.gone)?;
        self.at = None;
        // Of a line that is another now, the last.
        let place =
            if came == count { usize::try_from(at.saturating_sub(begin)).ok()? } else { count.checked_sub(1)? };
        Some(place)
    }
}
