//! An adapter for [`Client`]: tokio's sockets, one request at a time.
//!
//! What takes time (connecting, accepting, a handshake, moving a file) is a future beside the loop, which goes on with it
//! and hears the control connection at once. A question that stays unanswered comes again, and finds its future where
//! it was: so nothing of it is lost when the control connection has something to say first.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant as Clock};

use anyhow::{Context, Result, bail};
use ftp_proto::client::{Action, Client, Config, Failure, Outcome, Request};
use ftp_proto::{Endpoints, Instant, StreamEnd, TlsError, Verdict};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::std_adapter::Event;
use crate::interrupt::{self, Interrupt};
use crate::net::data::Content;
use crate::net::tokio_data::Outside;
use crate::net::tokio_wire::{self, Side, Wire, secure_control};
use crate::tls::client::Tls;

/// The machine is told that often how far a transfer is: it gives up what stands still.
const TELL: Duration = Duration::from_secs(1);

/// A control connection with its machine.
pub struct Connection {
    client: Client,
    control: Wire,
    /// Our address on the control connection, which data connections come from, too.
    host: IpAddr,
    tls: Option<Tls>,
    origin: Clock,
    observer: Box<dyn FnMut(Event<'_>)>,
}

impl Connection {
    /// Connects, and waits for the greeting.
    pub async fn open(
        address: SocketAddr,
        config: Arc<Config>,
        tls: Option<Tls>,
        observer: Box<dyn FnMut(Event<'_>)>,
    ) -> Result<Self> {
        let control = timeout(Duration::from_secs(30), TcpStream::connect(address)).await??;
        control.set_nodelay(true)?;
        let ends = Endpoints::new(control.local_addr()?, control.peer_addr()?);
        let client = Client::new(config, ends, Instant::default());
        let (host, control) = (ends.local().ip(), Wire::Plain(control));
        let mut this = Self { client, host, control, tls, origin: Clock::now(), observer };
        this.run(None).await?;
        Ok(this)
    }

    /// A request, with the file or listing that it moves, if it does.
    pub async fn request(&mut self, request: Request, content: Option<Content<'_>>) -> Result<Outcome<'static>> {
        if interrupt::came() {
            bail!(Failure::Aborted);
        }
        self.client.start(request)?;
        self.run(content).await?.context("the server closed the connection")
    }

    /// Says goodbye.
    pub async fn quit(mut self) -> Result<()> {
        self.client.quit();
        while self.run(None).await?.is_some() {}
        Ok(())
    }

    /// Does what the machine asks for, until the request has ended. `None`: the session has.
    async fn run(&mut self, mut content: Option<Content<'_>>) -> Result<Option<Outcome<'static>>> {
        let (mut outside, mut interrupt) = (Outside::default(), Interrupt::default());
        loop {
            interrupt.tell(&mut self.client);
            let now = Instant::from_origin(self.origin.elapsed());
            match self.client.poll(now)? {
                Action::Write(write) => {
                    write.commands().for_each(|command| (self.observer)(Event::Command(command)));
                    tokio_wire::write(&mut self.control, write, now).await;
                }
                Action::Read { deadline } => {
                    let patience = deadline.map(|at| at.saturating_since(now));
                    let bytes = hear(Some(&mut self.control), patience, &interrupt).await?;
                    bytes.iter().for_each(|bytes| self.client.received(bytes));
                }
                Action::Reply(reply) | Action::Unsolicited(reply) => (self.observer)(Event::Reply(&reply)),
                Action::Noise(_) => {}
                Action::Done(Ok(outcome)) => return Ok(Some(outcome.into_owned())),
                Action::Done(Err(failure)) => return Err(failure.into_owned().into()),
                Action::Connect(connect) => {
                    let (address, source) = (connect.address(), (self.host, None));
                    let control = connect.wants_input().then_some(&mut self.control);
                    let patience = Some(connect.deadline().saturating_since(now));
                    tokio::select! {
                        result = outside.connect(connect.channel(), address, source) => match result {
                            Ok(()) => {
                                connect.connected();
                                (self.observer)(Event::Connected { address, by_server: false });
                            }
                            Err(why) => connect.failed(why),
                        },
                        bytes = hear(control, patience, &interrupt) => bytes?.iter().for_each(|bytes| self.client.received(bytes)),
                    }
                }
                Action::Listen(listen) => outside.listen(listen),
                Action::Accept(accept) => {
                    let (channel, control) = (accept.channel(), accept.wants_input().then_some(&mut self.control));
                    let patience = Some(accept.deadline().saturating_since(now));
                    tokio::select! {
                        result = outside.accept(channel) => match result {
                            Ok((flow, address)) => if accept.accepted(address) == Verdict::Take {
                                outside.take(channel, flow);
                                (self.observer)(Event::Connected { address, by_server: true });
                            },
                            Err(why) => accept.failed(why),
                        },
                        bytes = hear(control, patience, &interrupt) => bytes?.iter().for_each(|bytes| self.client.received(bytes)),
                    }
                }
                Action::SecureData(question) => {
                    let control = question.wants_input().then_some(&mut self.control);
                    let side = || self.tls.clone().map(Side::Client);
                    let patience = Some(question.deadline().saturating_since(now));
                    tokio::select! {
                        (result, how) = outside.secure(question.channel(), side) => {
                            match result {
                                Ok(true) => question.resumed(),
                                Ok(false) => question.fresh(),
                                Err(why) => question.failed(why),
                            }
                            (self.observer)(Event::Secured { data: true, how: &how });
                        }
                        bytes = hear(control, patience, &interrupt) => bytes?.iter().for_each(|bytes| self.client.received(bytes)),
                    }
                }
                Action::Stream(stream) => {
                    let (direction, control) = (stream.direction(), stream.wants_input().then_some(&mut self.control));
                    let patience = stream.deadline().map_or(TELL, |deadline| deadline.saturating_since(now).min(TELL));
                    tokio::select! {
                        (end, moved) = outside.transfer(stream.channel(), &mut content) => {
                            // What broke may have to be moved again.
                            let whole = content.take_if(|_| end == StreamEnd::Clean);
                            let end = whole.map_or(end, |whole| whole.finish(end));
                            stream.finished(end, moved);
                            (self.observer)(Event::Moved { direction, total: moved.bytes(), end });
                        }
                        bytes = hear(control, Some(patience), &interrupt) => match bytes? {
                            Some(bytes) => self.client.received(&bytes),
                            None => stream.moved(outside.moved()),
                        }
                    }
                }
                Action::Close(close) => {
                    let moved = outside.close(close.channel(), &mut content);
                    close.closed(moved);
                }
                Action::StartTls(start) => {
                    let patience = start.deadline().saturating_since(now);
                    let (result, how) =
                        secure_control(&mut self.control, self.tls.clone().map(Side::Client), patience).await;
                    match result {
                        Ok(_) => start.started(),
                        Err(why) => start.failed(why),
                    }
                    (self.observer)(Event::Secured { data: false, how: &how });
                }
                // Only requests that aren't made here end TLS before the session.
                Action::StopTls(stop) => stop.failed(TlsError::Unavailable),
                Action::Leave => return Ok(None),
            }
        }
    }
}

/// What comes next from the control connection, if it may be heard. `None`: nothing in that time, or somebody interrupts.
async fn hear(
    control: Option<&mut Wire>,
    patience: Option<Duration>,
    interrupt: &Interrupt,
) -> io::Result<Option<Vec<u8>>> {
    tokio::select! {
        bytes = tokio_wire::hear(control, patience) => bytes,
        () = interrupt.comes() => Ok(None),
    }
}
