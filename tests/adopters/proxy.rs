//! A proxy that knows the protocol, and this is how it is done: towards the client it is a [`Server`], towards the server
//! behind it, the upstream, a [`Client`]; one thread, and no socket that it waits for alone. Copy it and change it.
//!
//! ```text
//! client ◀── control ──▶ Server ── question, transfer ─▶ request ── Client ◀── control ──▶ upstream
//!                               ◀────── relay ───────── reply
//! client ◀── data ─────▶ Stream ◀─────── Pipe ─────────▶ Stream ◀──── data ─────────────▶ upstream
//! ```
//!
//! What the application is asked goes upstream as a request, and what comes back is said in the upstream's own words: that is
//! [`Question::relay`] and its siblings, which also let the reply mean to this session what it says. The data connections are
//! the proxy's own on both sides, so each side may come to its own in another way. Bytes pass as they are, in the TYPE that the
//! client chose, and no more than one [`Pipe`] of a file is here at a time. The sockets are in [`side`], and
//! what a command becomes is in [`task`].
//!
//! [`Question::relay`]: server::Question::relay

mod side;
mod task;

use std::error::Error;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Instant as Clock;

use ftp_proto::client::{self, Client, Failure};
use ftp_proto::server::{self, CommitError, Greeting, Refusal, Server, Support};
use ftp_proto::{Code, DataError, Direction, Instant, Reply, StreamEnd, Text, TlsError, Type, Verb};
use polling::Poller;
use side::{Flow, Pipe, Side, Wait};
use socket2::Socket;
use task::{Task, give_up};

type Result<T, E = Box<dyn Error>> = std::result::Result<T, E>;
type Configs = (Arc<server::Config>, Arc<client::Config>);

const ROUNDS: usize = 64; // for one session before the others have their turn

/// Serves everybody who connects. Whatever becomes ready, each session goes on as far as it can; a proxy for thousands would
/// remember whose socket it was.
pub fn serve(listener: TcpListener, upstream: SocketAddr) -> Result<()> {
    // What the upstream may have words of its own for is asked of it; what remains is between two neighbours. RANG, which the
    // machine would announce, is known to no upstream.
    let words = [Verb::Allo, Verb::Clnt, Verb::Feat, Verb::Help, Verb::Quit, Verb::Stat, Verb::Syst];
    let mut config = server::Config::default();
    let support = Support::everything().with(&words)?.without(&[Verb::Rang])?;
    config.support = support.with_any_site().with_unknown_verbs_before_login();
    let mut upwards = client::Config::default();
    upwards.announced_size = false; // what a 150 announces is for the client to judge
    let configs = (Arc::new(config), Arc::new(upwards));
    let (listener, poller, origin) = (Socket::from(listener), Poller::new()?, Clock::now());
    listener.set_nonblocking(true)?;
    let mut sessions = Vec::<Session>::new();
    loop {
        let now = Instant::from_origin(origin.elapsed());
        while let Ok((control, _)) = listener.accept() {
            sessions.extend(Session::new(control, upstream, &configs, now));
        }
        // A connection that breaks ends its own session alone.
        sessions.retain_mut(|session| session.advance(now).is_ok());
        side::wait(&poller, &listener, sessions.iter().flat_map(|session| [&session.down, &session.up]), now)?;
    }
}

struct Session {
    config: Arc<server::Config>,
    /// There is none until the upstream has greeted: its greeting is ours.
    server: Option<Server>,
    down: Side,
    client: Client,
    up: Side,
    /// It ends with a download's final reply, and with an upload's `Commit`: until then an ABOR can undo what was sent, so the
    /// upstream isn't told that it is whole.
    pipe: Pipe,
    task: Option<Task>,
}

impl Session {
    fn new(control: Socket, upstream: SocketAddr, configs: &Configs, now: Instant) -> Result<Self> {
        let (down, up, config) = (Side::new(control)?, Side::to(upstream)?, configs.0.clone());
        let client = Client::new(configs.1.clone(), up.ends(Some(upstream))?, now);
        Ok(Self { config, server: None, down, client, up, pipe: Pipe::default(), task: None })
    }

    /// Goes on until both sides have to wait. `Err`: the session is over.
    fn advance(&mut self, now: Instant) -> Result<()> {
        for _ in 0..ROUNDS {
            let Self { server, client, up, down, .. } = self;
            let mut heard = up.hear(|bytes| client.received(bytes));
            heard |= server.as_mut().is_some_and(|server| down.hear(|bytes| server.received(bytes)));
            let (down, up) = (self.advance_down(now)?, self.advance_up(now)?);
            if let (false, Some(down), Some(up)) = (heard, down, up) {
                (self.down.wait, self.up.wait) = (down, up);
                return Ok(());
            }
        }
        self.up.wait = Wait::till(now);
        Ok(())
    }

    /// Does the one next thing that the server's machine asks for. `None`: there may be another; else it has to wait.
    fn advance_down(&mut self, now: Instant) -> Result<Option<Wait>> {
        use server::Action;
        let Self { server: Some(server), client, down, pipe, task, .. } = self else {
            return Ok(Some(Wait::default()));
        };
        match server.poll(now) {
            Action::Write(write) => return Ok(down.write(write)),
            Action::Read { deadline } => {
                give_up(task, client); // nothing is under way any more: an ABOR, or a data connection that broke
                return Ok(down.waits(true, deadline));
            }
            Action::Question(question) => {
                let asked = Task::of(task, question.serial(), client, pipe, question.command(), Type::Image, 0);
                match asked.and_then(|task| task.last.as_ref()) {
                    Some(reply) => drop(question.relay(reply)),
                    None => return Ok(down.waits(question.wants_input(), question.deadline())),
                }
            }
            Action::Transfer(transfer) => {
                let (command, form, offset) = (transfer.command(), transfer.representation(), transfer.offset());
                let asked = Task::of(task, transfer.serial(), client, pipe, command, form, offset);
                match asked.and_then(|task| task.opening.as_ref().or(task.last.as_ref())) {
                    Some(reply) => drop(transfer.relay(reply)),
                    None => return Ok(down.waits(transfer.wants_input(), transfer.deadline())),
                }
            }
            Action::Stream(stream) => {
                let last = task.as_ref().and_then(|task| task.last.as_ref());
                let flow = match stream.direction() {
                    // The upstream takes no more.
                    Direction::Receive if last.is_some() => Flow::Ends(StreamEnd::LocalError),
                    direction => down.flow(direction, pipe, now),
                };
                match (flow, last) {
                    (Flow::Ends(StreamEnd::Clean | StreamEnd::LocalError), Some(reply)) => {
                        down.data = None;
                        stream.relay(reply, down.moved.into());
                    }
                    (flow, _) => return Ok(down.follow(flow, stream)),
                }
            }
            Action::Look(mut look) => {
                if look.wants_input() {
                    down.look(|bytes| look.received(bytes));
                }
                look.looked();
            }
            Action::Commit(commit) => {
                pipe.ended = true;
                match task.as_ref().map(|task| &task.last) {
                    Some(Some(reply)) => drop(commit.relay(reply)),
                    Some(None) => return Ok(down.waits(commit.wants_input(), commit.deadline())),
                    None => commit.failed(CommitError::Local),
                }
            }
            Action::Close(close) => return Ok(down.close(close)),
            Action::Listen(listen) => return Ok(down.listen(listen)),
            Action::Accept(accept) => return Ok(down.accept(accept)),
            Action::Connect(connect) => return Ok(down.connect(connect)),
            Action::StartTls(start) => start.failed(TlsError::Unavailable), // no TLS is offered
            Action::SecureData(secure) => secure.failed(TlsError::Unavailable),
            Action::StopTls(stop) => stop.failed(TlsError::Unavailable),
            Action::Answered(_) => {}
            Action::Leave => return Ok(Some(down.leave(now).ok_or("the session is over")?)),
        }
        Ok(None)
    }

    /// The same for the client's machine.
    fn advance_up(&mut self, now: Instant) -> Result<Option<Wait>> {
        use client::Action;
        let Self { server, client, up, pipe, task, .. } = self;
        match client.poll(now) {
            Ok(Action::Write(write)) => return Ok(up.write(write)),
            Ok(Action::Read { deadline }) => return Ok(up.waits(true, deadline)),
            // A transfer's 1yz. What answers the machine's own words (EPSV, REST) is no business of the client's.
            Ok(Action::Reply(reply)) if reply.code().is_preliminary() => {
                if let Some(task) = task {
                    task.opening.get_or_insert(reply.into_owned());
                }
            }
            // QUIT has no `Done`: `Leave` comes behind its reply.
            Ok(Action::Reply(reply)) if reply.code() == Code::CLOSING_CONTROL_CONNECTION => {
                if let Some(task) = task {
                    task.last = Some(reply.into_owned());
                }
            }
            Ok(Action::Unsolicited(reply)) if reply.code() == Code::SERVICE_NOT_AVAILABLE => {
                let last = reply.into_owned();
                return self.end(last, now);
            }
            Ok(Action::Reply(_) | Action::Unsolicited(_) | Action::Noise(_)) => {}
            Ok(Action::Done(ended)) => {
                let last = match ended {
                    Ok(outcome) => outcome.reply.into_owned(),
                    Err(Failure::Refused(last) | Failure::Unexpected(last) | Failure::Unreadable(last, _)) => {
                        last.into_owned()
                    }
                    Err(other) => Reply::new(Code::LOCAL_ERROR, Text::new(&format!("Upstream: {other}"))?).into_owned(),
                };
                match task {
                    _ if server.is_none() => self.greet(last, now)?,
                    Some(task) => (task.last, pipe.ended) = (Some(last), true),
                    None => {} // it was given up
                }
            }
            Ok(Action::Connect(connect)) => return Ok(up.connect(connect)),
            Ok(Action::Stream(stream)) => {
                let flow = up.flow(stream.direction(), pipe, now);
                return Ok(up.follow(flow, stream));
            }
            Ok(Action::Close(close)) => return Ok(up.close(close)),
            Ok(Action::Listen(listen)) => listen.failed(DataError::Local), // all routes are passive
            Ok(Action::Accept(accept)) => accept.failed(DataError::Local),
            Ok(Action::StartTls(start)) => start.failed(TlsError::Unavailable),
            Ok(Action::SecureData(secure)) => secure.failed(TlsError::Unavailable),
            Ok(Action::StopTls(stop)) => stop.failed(TlsError::Unavailable),
            Ok(Action::Leave) | Err(_) => {
                return self.end(Reply::from_static(Code::SERVICE_NOT_AVAILABLE, "The upstream has gone."), now);
            }
        }
        Ok(None)
    }

    /// The upstream's first word is ours.
    fn greet(&mut self, first: Reply<'static>, now: Instant) -> Result<()> {
        let greeting =
            Greeting::new(first).unwrap_or(Greeting::closing(Text::from_static("No upstream to log in to.")));
        self.server = Some(Server::new(self.config.clone(), self.down.ends(None)?, &greeting, now));
        Ok(())
    }

    /// Nothing more comes from the upstream.
    fn end(&mut self, last: Reply<'static>, now: Instant) -> Result<Option<Wait>> {
        match &mut self.server {
            Some(server) => Refusal::new(last).iter().for_each(|last| server.close(last)), // the second changes nothing
            None => self.greet(last, now)?,
        }
        Ok(self.up.waits(false, None))
    }
}
