//! An adapter for [`Client`] over blocking sockets of the standard library, one request at a time.

use std::io::{self, ErrorKind, Read};
use std::mem;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant as Clock};

use anyhow::{Context, Result, bail};
use ftp_proto::client::{Action, Client, Config, Failure, Outcome, Request};
use ftp_proto::{Attempt, Direction, Endpoints, Instant, Protection, Reply, Sent, StreamEnd, TlsError, Verdict};
use rustix::event::{PollFd, PollFlags};

use super::failure::{Explained, Left};
use crate::interrupt::{self, Interrupt};
use crate::net::channel::{Channel, Shake};
use crate::net::data::{self, Content, Dial, Ear, Knock, Sockets, Turn};
use crate::printable;
use crate::tls::client::{self as tls, Tls};

/// How long to wait for more bytes after a download has failed.
pub const SALVAGE: Duration = Duration::from_millis(100);

/// A control connection and its machine.
pub struct Connection<'o> {
    client: Client,
    control: Channel,
    tls: Option<Tls>,
    origin: Clock,
    /// The data connections, one of which may stay for the next transfer.
    sockets: Sockets,
    observer: Box<dyn FnMut(Event<'_>) + 'o>,
}

/// An event, for printing the dialogue.
pub enum Event<'a> {
    /// A command is sent; secrets are masked.
    Command(Sent<'a>),
    /// A reply came.
    Reply(&'a Reply<'a>),
    /// A data connection was made, by this side or by the server.
    Connected { address: SocketAddr, by_server: bool },
    /// A way to a data connection has failed.
    Failed(&'a Attempt),
    /// The data connection has ended.
    Moved { direction: Direction, total: u64, end: StreamEnd },
    /// A TLS handshake on the control or data connection is done, or has failed.
    Secured { data: bool, how: &'a str },
}

/// Tells of each way to a data connection that has failed, once.
pub struct Ways {
    /// So many of the machine's attempts have been told, or have worked.
    seen: usize,
}

impl Ways {
    /// These are known.
    pub fn behind(attempts: &[Attempt]) -> Self {
        Self { seen: attempts.len() }
    }

    /// Those of the request that runs: a transfer begins a new list.
    pub fn tell(&mut self, attempts: &[Attempt], mut observer: impl FnMut(Event<'_>)) {
        self.seen = self.seen.min(attempts.len());
        for (place, attempt) in attempts.iter().enumerate().skip(self.seen) {
            if !attempt.is_success() {
                observer(Event::Failed(attempt));
            } else if place + 1 == attempts.len() {
                // It may fail yet.
                return;
            }
            self.seen = place + 1;
        }
    }
}

impl<'o> Connection<'o> {
    /// Connects, and waits for the greeting.
    pub fn open(
        address: SocketAddr,
        config: Arc<Config>,
        tls: Option<Tls>,
        observer: impl FnMut(Event<'_>) + 'o,
    ) -> Result<Self> {
        let control = connect(address, config.patience.last_connect)?;
        control.set_nodelay(true)?;
        let ends = Endpoints::new(control.local_addr()?, control.peer_addr()?);
        let client = Client::new(config, ends, Instant::default());
        let (control, observer) = (Channel::new(control), Box::new(observer));
        let mut this = Self { client, control, tls, origin: Clock::now(), sockets: Sockets::default(), observer };
        this.run(None)?;
        Ok(this)
    }

    /// Runs a request, with the content that it moves, if any.
    pub fn request(&mut self, request: Request, content: Option<Content<'_>>) -> Result<Outcome<'static>> {
        if interrupt::came() {
            bail!(Failure::Aborted);
        }
        self.client.start(request)?;
        self.run(content)?.context("the server closed the connection")
    }

    /// Sends QUIT, and closes.
    pub fn quit(mut self) -> Result<()> {
        self.client.quit();
        while self.run(None)?.is_some() {}
        Ok(())
    }

    /// Carries out the machine's actions until the request has ended. `None`: the session has ended.
    fn run(&mut self, mut content: Option<Content<'_>>) -> Result<Option<Outcome<'static>>> {
        let mut sockets = mem::take(&mut self.sockets);
        // The server has said that the bytes come.
        let mut is_open = false;
        let result = self.drive(&mut sockets, &mut content, &mut is_open);
        // Where the session has broken, what the server had sent before may not have been read yet.
        if let (Err(_), Some(content)) = (&result, &mut content) {
            sockets.salvage(content, data::LINGER, is_open);
        }
        self.sockets = sockets;
        result.map_err(|error| Explained::by(error, &self.client, self.control.tls_version()))
    }

    fn drive(
        &mut self,
        sockets: &mut Sockets,
        content: &mut Option<Content<'_>>,
        is_open: &mut bool,
    ) -> Result<Option<Outcome<'static>>> {
        let mut interrupt = Interrupt::default();
        // The attempt whose beginning was told.
        let mut told = 0;
        let mut ways = Ways::behind(self.client.attempts());
        let mut is_on_its_way = false;
        // How the handshake of the control connection has ended.
        let mut no_tls = String::new();
        let source = (self.control.socket().local_addr()?.ip(), None);
        loop {
            if interrupt.tell(&mut self.client) {
                bail!(Failure::Aborted);
            }
            ways.tell(self.client.attempts(), &mut self.observer);
            let now = Instant::from_origin(self.origin.elapsed());
            let is_protected = self.client.session().protection() == Protection::Private;
            match self.client.poll(now)? {
                // What has become of the data connection is told before what is said then: the same comes again.
                Action::Write(_) if mem::take(&mut is_on_its_way) => {}
                Action::Write(write) => {
                    write.commands().for_each(|command| (self.observer)(Event::Command(command)));
                    data::write(&mut self.control, write, now);
                }
                Action::Read { deadline } => {
                    let patience = interrupt.limit(deadline.map(|at| at.saturating_since(now)));
                    if data::wait(Ear::new(Some(&self.control), interrupt.alarm()), None, patience)?.control {
                        self.read()?;
                    }
                }
                Action::Reply(reply) | Action::Unsolicited(reply) => {
                    *is_open |= reply.code().is_preliminary() && !is_protected;
                    (self.observer)(Event::Reply(&reply));
                }
                Action::Noise(_) => {}
                Action::Done(Ok(outcome)) => return Ok(Some(outcome.into_owned())),
                Action::Done(Err(Failure::Tls(why))) if !no_tls.is_empty() => {
                    return Err(Left::behind(Failure::Tls(why).into(), printable(no_tls.as_bytes())));
                }
                Action::Done(Err(failure)) => return Err(failure.into_owned().into()),
                Action::Connect(connect) => {
                    is_on_its_way = true;
                    let (address, patience) = (connect.address(), connect.deadline().saturating_since(now));
                    let ear = Ear::new(connect.wants_input().then_some(&self.control), interrupt.alarm());
                    match sockets.connect(connect.channel(), address, source, ear, patience)? {
                        Dial::Control => self.read()?,
                        Dial::Nobody => {}
                        Dial::Connected => {
                            connect.connected();
                            (self.observer)(Event::Connected { address, by_server: false });
                        }
                        Dial::Failed(why) => connect.failed(why),
                    }
                }
                Action::Listen(listen) => sockets.listen(listen),
                Action::Accept(accept) => {
                    is_on_its_way = true;
                    let (channel, patience) = (accept.channel(), accept.deadline().saturating_since(now));
                    // A question that stays unanswered comes again: first the server may have to say why nobody comes.
                    let ear = Ear::new(accept.wants_input().then_some(&self.control), interrupt.alarm());
                    match sockets.accept(channel, ear, patience)? {
                        Knock::Control => self.read()?,
                        Knock::Nobody => {}
                        Knock::Failed(why) => accept.failed(why),
                        Knock::Peer(flow, address) => {
                            if accept.accepted(address) == Verdict::Take {
                                sockets.take(channel, flow);
                                (self.observer)(Event::Connected { address, by_server: true });
                            }
                        }
                    }
                }
                Action::Stream(stream) => {
                    let (channel, direction) = (stream.channel(), stream.direction());
                    let ear = Ear::new(stream.wants_input().then_some(&self.control), interrupt.alarm());
                    let Some(moving) = content else { bail!("nothing to move") };
                    if told < stream.attempt() {
                        // From now on one over which nothing comes stalls.
                        told = stream.attempt();
                        stream.moved(0);
                        continue;
                    }
                    let patience = stream.deadline().map(|deadline| deadline.saturating_since(now));
                    match sockets.turn(channel, ear, moving, patience)? {
                        Turn::Control => self.read()?,
                        Turn::Moved(total) => stream.moved(total),
                        Turn::Ended(end, moved) => {
                            let end = moving.finish(end);
                            // Where nothing has moved, another route may find the content as it was.
                            let moved = if end.is_whole() { moved.bytes().into() } else { moved };
                            stream.finished(end, moved);
                            (self.observer)(Event::Moved { direction, total: moved.bytes(), end });
                        }
                    }
                }
                Action::Close(close) => {
                    // What has failed may have been overtaken by the word that it has.
                    if let Some(content) = content {
                        sockets.salvage(content, SALVAGE, mem::take(is_open));
                    }
                    let moved = sockets.close(close.channel());
                    close.closed(moved);
                }
                Action::StartTls(start) => {
                    let patience = start.deadline().saturating_since(now);
                    let (patience, ear) =
                        (interrupt.limit(Some(patience)).unwrap_or(patience), Ear::new(None, interrupt.alarm()));
                    let shake = self.control.shake(|| tls::connection(self.tls.as_ref()), ear, patience)?;
                    // A question that stays unanswered comes again, until its deadline.
                    let Shake::Done { result, how } = shake else { continue };
                    match result {
                        Ok(_) => start.started(),
                        Err(why) => start.failed(why),
                    }
                    (self.observer)(Event::Secured { data: false, how: &how });
                    no_tls = how;
                }
                Action::SecureData(secure) => {
                    let (channel, patience) = (secure.channel(), secure.deadline().saturating_since(now));
                    let ear = Ear::new(secure.wants_input().then_some(&self.control), interrupt.alarm());
                    let begin = || tls::connection(self.tls.as_ref());
                    match sockets.shake(channel, begin, ear, patience)? {
                        Shake::Control => self.read()?,
                        Shake::Again => {}
                        Shake::Done { result, how } => {
                            match result {
                                Ok(true) => secure.resumed(),
                                Ok(false) => secure.fresh(),
                                Err(why) => secure.failed(why),
                            }
                            (self.observer)(Event::Secured { data: true, how: &how });
                        }
                    }
                }
                // Only requests that aren't made here end TLS before the session.
                Action::StopTls(stop) => stop.failed(TlsError::Unavailable),
                Action::Leave => return Ok(None),
            }
        }
    }

    /// Reads what has come on the control connection; an empty read is its end, with or without close_notify.
    fn read(&mut self) -> Result<()> {
        let mut buffer = [0; 4096];
        match self.control.read(&mut buffer) {
            Ok(count) => self.client.received(&buffer[..count]),
            Err(error) if data::is_end(&error) => self.client.received(&[]),
            // TLS had words of its own alone.
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }
}

/// A connection that doesn't block. Who interrupts needn't wait for it.
fn connect(address: SocketAddr, patience: Duration) -> Result<TcpStream> {
    let socket = data::dial(address, None)?;
    let ready =
        data::wait(Ear::new(None, interrupt::alarm()), Some(PollFd::new(&socket, PollFlags::OUT)), Some(patience))?;
    if interrupt::came() {
        bail!(Failure::Aborted);
    }
    if !ready.data {
        bail!(io::Error::from(ErrorKind::TimedOut));
    }
    Ok(socket.take_error()?.map_or(Ok(socket), Err)?)
}
