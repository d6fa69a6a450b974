//! A proxy that knows the protocol, and this is how it is done: towards the client it is a [`Server`], towards the server
//! behind it, the upstream, a [`Client`]; one thread, and no socket that it waits for alone. Copy it and change it.
//!
//! ```text
//! client ◀── control ──▶ Server ── question, transfer ─▶ request ── Client ◀── control ──▶ upstream
//!                               ◀────── relay ───────── reply
//! client ◀── data ─────▶ Stream ◀─────── Pipe ─────────▶ Stream ◀──── data ─────────────▶ upstream
//! ```
//!
//! What the application is asked goes upstream ([`Request::relayed`]), and what comes back is said in the upstream's own words
//! ([`server::Question::relay`] and its siblings, which also let the reply mean to this session what it says). The data
//! connections are the proxy's own on both sides, so each side may come to its own in another way. Bytes pass as they are, in the
//! TYPE that the client chose, and no more than one [`Pipe`] of a file is here at a time. The sockets are the adapter's, `side.rs`.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use ftp_proto::client::{self, Client, Failure, Request};
use ftp_proto::server::{self, Greeting, Refusal, Server, Support};
use ftp_proto::{Code, Command, Direction, Instant, Reply, StreamEnd, Text, Verb};
use socket2::Socket;

use crate::side::{self, Flow, Pipe, Result, Side, Wait};

type Configs = (Arc<server::Config>, Arc<client::Config>);

/// How sessions of either side are to be.
pub fn configs() -> Result<(server::Config, client::Config)> {
    // What the upstream may have words of its own for is asked of it; what remains is between two neighbours. RANG, which the
    // machine would announce, is known to no upstream.
    let words = [Verb::Allo, Verb::Clnt, Verb::Feat, Verb::Help, Verb::Quit, Verb::Stat, Verb::Syst];
    let (mut downwards, mut upwards) = (server::Config::default(), client::Config::default());
    let support = Support::everything().with(&words)?.without(&[Verb::Rang])?;
    downwards.support = support.with_any_site().with_unknown_verbs_before_login();
    upwards.announced_size = false; // what a 150 announces is for the client to judge
    Ok((downwards, upwards))
}

/// Serves everybody who connects.
pub fn serve(listener: TcpListener, upstream: SocketAddr, configs: (server::Config, client::Config)) -> Result<()> {
    let configs = (Arc::new(configs.0), Arc::new(configs.1));
    side::serve(listener, |control, now| Session::new(control, upstream, &configs, now))
}

struct Session {
    config: Arc<server::Config>,
    /// There is none until the upstream has greeted: its greeting is ours.
    server: Option<Server>,
    down: Side,
    up: Upstream,
}

struct Upstream {
    client: Client,
    side: Side,
    /// It ends with a download's final reply, and with an upload's `Commit`: until then an ABOR can undo what was sent, so the
    /// upstream isn't told that it is whole.
    pipe: Pipe,
    task: Option<Task>,
}

/// A question that the upstream is asked, and what it has said.
struct Task {
    serial: u64,
    opening: Option<Reply<'static>>,
    last: Option<Reply<'static>>,
}

impl Upstream {
    /// The task of this question, which is begun if it hasn't been. `None`: the upstream is still at another.
    fn asked(&mut self, serial: u64, request: Result<Request, Command<'_>>) -> Option<&Task> {
        self.give_up(Some(serial));
        if self.task.is_none() && self.client.is_busy() {
            return None;
        }
        Some(self.task.get_or_insert_with(|| {
            self.pipe = Pipe::default();
            let is_said = request.is_ok_and(|request| self.client.start(request).is_ok());
            let unsaid = (!is_said).then_some(Reply::from_static(Code::LOCAL_ERROR, "The upstream can't be asked."));
            Task { serial, opening: None, last: unsaid }
        }))
    }

    /// Nobody waits for the upstream's answer any more, but whoever asks this question.
    fn give_up(&mut self, but: Option<u64>) {
        if self.task.take_if(|task| Some(task.serial) != but).is_some() {
            self.client.abort();
        }
    }

    fn last(&self) -> Option<&Reply<'static>> {
        self.task.as_ref()?.last.as_ref()
    }
}

impl Session {
    fn new(control: Socket, upstream: SocketAddr, configs: &Configs, now: Instant) -> Result<Self> {
        let (down, side, config) = (Side::new(control)?, Side::to(upstream)?, configs.0.clone());
        let client = Client::new(configs.1.clone(), side.ends(Some(upstream))?, now);
        Ok(Self { config, server: None, down, up: Upstream { client, side, pipe: Pipe::default(), task: None } })
    }
}

impl side::Session for Session {
    fn sides(&self) -> impl Iterator<Item = &Side> {
        [&self.down, &self.up.side].into_iter()
    }

    fn advance(&mut self, now: Instant) -> Result<()> {
        // Then the others have their turn.
        for _ in 0..64 {
            let Self { server, up, down, .. } = self;
            let mut heard = up.side.hear(|bytes| up.client.received(bytes));
            heard |= server.as_mut().is_some_and(|server| down.hear(|bytes| server.received(bytes)));
            let (down, up) = (self.advance_down(now)?, self.advance_up(now)?);
            if let (false, Some(down), Some(up)) = (heard, down, up) {
                (self.down.wait, self.up.side.wait) = (down, up);
                return Ok(());
            }
        }
        self.up.side.wait = Wait::till(now);
        Ok(())
    }
}

impl Session {
    /// Does the one next thing that the server's machine asks for. `None`: there may be another; else it has to wait.
    fn advance_down(&mut self, now: Instant) -> Result<Option<Wait>> {
        use server::Action;
        let Self { server: Some(server), down, up, .. } = self else { return Ok(Some(Wait::default())) };
        match server.poll(now) {
            Action::Write(write) => return Ok(down.write(write)),
            Action::Read { deadline } => {
                up.give_up(None); // nothing is under way any more: an ABOR, or a data connection that broke
                return Ok(down.waits(true, deadline));
            }
            Action::Question(question) => {
                let request = Request::relayed(question.command().clone());
                match up.asked(question.serial(), request).and_then(|task| task.last.as_ref()) {
                    Some(reply) => drop(question.relay(reply)),
                    None => return Ok(down.waits(question.wants_input(), question.deadline())),
                }
            }
            Action::Transfer(transfer) => {
                let request = Request::relayed(transfer.command().clone())
                    .map(|request| request.representation(transfer.representation()).offset(transfer.offset()));
                let task = up.asked(transfer.serial(), request);
                match task.and_then(|task| task.opening.as_ref().or(task.last.as_ref())) {
                    Some(reply) => drop(transfer.relay(reply)),
                    None => return Ok(down.waits(transfer.wants_input(), transfer.deadline())),
                }
            }
            Action::Stream(stream) => {
                let flow = match stream.direction() {
                    // The upstream takes no more.
                    Direction::Receive if up.last().is_some() => Flow::Ends(StreamEnd::LocalError),
                    direction => down.flow(direction, &mut up.pipe, now),
                };
                match (flow, up.last()) {
                    (Flow::Ends(StreamEnd::Clean | StreamEnd::LocalError), Some(reply)) => {
                        down.data = None;
                        stream.relay(reply, down.moved.into());
                    }
                    (flow, _) => return Ok(down.follow(flow, stream)),
                }
            }
            Action::Look(look) => down.look(look),
            Action::Commit(commit) => {
                up.pipe.ended = true;
                match up.last() {
                    Some(reply) => drop(commit.relay(reply)),
                    None => return Ok(down.waits(commit.wants_input(), commit.deadline())),
                }
            }
            Action::Close(close) => return Ok(down.close(close)),
            Action::Listen(listen) => return Ok(down.listen(listen)),
            Action::Accept(accept) => return Ok(down.accept(accept)),
            Action::Connect(connect) => return Ok(down.connect(connect)),
            Action::StartTls(_) | Action::SecureData(_) | Action::StopTls(_) => return Err("no TLS is offered".into()),
            Action::Answered(_) => {}
            Action::Leave => return Ok(Some(down.leave(now).ok_or("the session is over")?)),
        }
        Ok(None)
    }

    /// The same for the client's machine.
    fn advance_up(&mut self, now: Instant) -> Result<Option<Wait>> {
        use client::Action;
        let Upstream { client, side, pipe, task } = &mut self.up;
        match client.poll(now) {
            Ok(Action::Write(write)) => return Ok(side.write(write)),
            Ok(Action::Read { deadline }) => return Ok(side.waits(true, deadline)),
            // A transfer's 1yz. What answers the machine's own words (EPSV, REST) is no business of the client's.
            Ok(Action::Reply(reply)) if reply.code().is_preliminary() => {
                let _ = task.as_mut().map(|task| task.opening.get_or_insert(reply.into_owned()));
            }
            Ok(Action::Unsolicited(reply)) if reply.code() == Code::SERVICE_NOT_AVAILABLE => {
                let last = reply.into_owned();
                return self.end(last, now);
            }
            Ok(Action::Reply(_) | Action::Unsolicited(_) | Action::Noise(_)) => {}
            Ok(Action::Done(ended)) => {
                let last = match ended.map(|outcome| outcome.reply) {
                    Ok(last)
                    | Err(Failure::Refused(last) | Failure::Unexpected(last) | Failure::Unreadable(last, _)) => {
                        last.into_owned()
                    }
                    Err(other) => Reply::new(Code::LOCAL_ERROR, Text::new(&format!("Upstream: {other}"))?).into_owned(),
                };
                match task {
                    Some(task) => (task.last, pipe.ended) = (Some(last), true),
                    None if self.server.is_none() => self.greet(last, now)?,
                    None => {} // it was given up
                }
            }
            Ok(Action::Connect(connect)) => return Ok(side.connect(connect)),
            Ok(Action::Stream(stream)) => {
                let flow = side.flow(stream.direction(), pipe, now);
                return Ok(side.follow(flow, stream));
            }
            Ok(Action::Close(close)) => return Ok(side.close(close)),
            Ok(Action::Listen(listen)) => return Ok(side.listen(listen)),
            Ok(Action::Accept(accept)) => return Ok(side.accept(accept)),
            Ok(Action::StartTls(_) | Action::SecureData(_) | Action::StopTls(_)) => {
                return Err("no TLS is asked for".into());
            }
            Ok(Action::Leave) | Err(_) => {
                return self.end(Reply::from_static(Code::SERVICE_NOT_AVAILABLE, "The upstream has gone."), now);
            }
        }
        Ok(None)
    }

    /// The upstream's first word is ours.
    fn greet(&mut self, first: Reply<'static>, now: Instant) -> Result<()> {
        let greeting = Greeting::new(first).unwrap_or(Greeting::closing(Text::from_static("No upstream is ready.")));
        self.server = Some(Server::new(self.config.clone(), self.down.ends(None)?, &greeting, now));
        Ok(())
    }

    /// Nothing more comes from the upstream.
    fn end(&mut self, last: Reply<'static>, now: Instant) -> Result<Option<Wait>> {
        match &mut self.server {
            Some(server) => Refusal::new(last).iter().for_each(|last| server.close(last)), // the second changes nothing
            None => self.greet(last, now)?,
        }
        Ok(self.up.side.waits(false, None))
    }
}
