//! An adapter for [`Client`] over tokio's sockets, one request at a time.
//!
//! What takes time (connecting, accepting, a handshake, moving a file) is a future beside the loop, which polls it and the control connection
//! at the same time. A question that stays unanswered comes again, and finds its future as it was, so nothing is lost if the control
//! connection can be read first.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::mem;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant as Clock};

use anyhow::{Context, Result, bail};
use ftp_proto::client::{Action, Client, Config, Failure, Outcome, Request};
use ftp_proto::{ChannelId, Endpoints, Instant, Protection, TlsError, Verdict};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::failure::{Explained, Left};
use super::std_adapter::{Event, SALVAGE, Ways};
use crate::interrupt::{self, Interrupt};
use crate::net::data::{Content, LINGER, is_end};
use crate::net::tokio_data::Outside;
use crate::net::tokio_flow::Flow;
use crate::net::tokio_wire::{self, Side, Wire, secure_control};
use crate::printable;
use crate::tls::client::Tls;

/// How often the machine is told how far a transfer is, so that it can find a stalled one.
const TELL: Duration = Duration::from_secs(1);

/// A control connection and its machine.
pub struct Connection {
    client: Client,
    control: Wire,
    /// Our address on the control connection, which data connections come from, too.
    host: IpAddr,
    tls: Option<Tls>,
    origin: Clock,
    /// Data connections that stay for the next transfer.
    standing: BTreeMap<ChannelId, Flow>,
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
        let control = tokio::select! {
            result = timeout(config.patience.last_connect, TcpStream::connect(address)) => {
                result.unwrap_or_else(|_| Err(ErrorKind::TimedOut.into()))?
            }
            () = interrupt::comes() => bail!(Failure::Aborted),
        };
        control.set_nodelay(true)?;
        let ends = Endpoints::new(control.local_addr()?, control.peer_addr()?);
        let client = Client::new(config, ends, Instant::default());
        let (host, control) = (ends.local().ip(), Wire::Plain(control));
        let mut this = Self { client, host, control, tls, origin: Clock::now(), standing: BTreeMap::new(), observer };
        this.run(None).await?;
        Ok(this)
    }

    /// Runs a request, with the content that it moves, if any.
    pub async fn request(&mut self, request: Request, content: Option<Content<'_>>) -> Result<Outcome<'static>> {
        if interrupt::came() {
            bail!(Failure::Aborted);
        }
        self.client.start(request)?;
        self.run(content).await?.context("the server closed the connection")
    }

    /// Sends QUIT, and closes.
    pub async fn quit(mut self) -> Result<()> {
        self.client.quit();
        while self.run(None).await?.is_some() {}
        Ok(())
    }

    /// Carries out the machine's actions until the request has ended. `None`: the session has ended.
    async fn run(&mut self, mut content: Option<Content<'_>>) -> Result<Option<Outcome<'static>>> {
        let mut outside = Outside::with(mem::take(&mut self.standing));
        // The server has said that the bytes come.
        let mut is_open = false;
        let result = self.drive(&mut outside, &mut content, &mut is_open).await;
        // Where the session has broken, what the server had sent before may not have been read yet.
        if result.is_err() {
            outside.salvage(&mut content, LINGER, is_open).await;
        }
        self.standing = outside.into_standing();
        result.map_err(|error| Explained::by(error, &self.client, self.control.tls_version()))
    }

    async fn drive<'c>(
        &mut self,
        outside: &mut Outside<'c>,
        content: &mut Option<Content<'c>>,
        is_open: &mut bool,
    ) -> Result<Option<Outcome<'static>>> {
        let mut interrupt = Interrupt::default();
        // The attempt whose beginning was told.
        let mut told = 0;
        let mut ways = Ways::behind(self.client.attempts());
        let mut is_on_its_way = false;
        // How the handshake of the control connection has ended.
        let mut no_tls = String::new();
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
                    tokio_wire::write(&mut self.control, write, now).await;
                }
                Action::Read { deadline } => {
                    let patience = interrupt.limit(deadline.map(|at| at.saturating_since(now)));
                    let bytes = hear(Some(&mut self.control), patience, &interrupt).await?;
                    bytes.iter().for_each(|bytes| self.client.received(bytes));
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
                    is_on_its_way = true;
                    let (channel, control) = (accept.channel(), accept.wants_input().then_some(&mut self.control));
                    let patience = Some(accept.deadline().saturating_since(now));
                    let knock = tokio::select! {
                        result = outside.accept(channel) => Ok(result),
                        bytes = hear(control, patience, &interrupt) => Err(bytes?),
                    };
                    let knock = match knock {
                        // The end is heard again: who has connected before it, and what he brings, comes first.
                        Err(Some(bytes)) if bytes.is_empty() => {
                            timeout(SALVAGE, outside.accept(channel)).await.map_err(|_| Some(bytes))
                        }
                        knock => knock,
                    };
                    match knock {
                        Ok(Ok((flow, address))) => {
                            if accept.accepted(address) == Verdict::Take {
                                outside.take(channel, flow);
                                (self.observer)(Event::Connected { address, by_server: true });
                            }
                        }
                        Ok(Err(why)) => accept.failed(why),
                        Err(bytes) => bytes.iter().for_each(|bytes| self.client.received(bytes)),
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
                    if told < stream.attempt() {
                        // From now on one over which nothing comes stalls.
                        told = stream.attempt();
                        stream.moved(0);
                        continue;
                    }
                    outside.begin(stream.channel(), content);
                    let patience = stream.deadline().map_or(TELL, |deadline| deadline.saturating_since(now).min(TELL));
                    tokio::select! {
                        (end, moved) = outside.transfer(stream.channel(), content) => {
                            let end = content.as_mut().map_or(end, |content| content.finish(end));
                            // Where nothing has moved, another route may find the content as it was.
                            let moved = if end.is_whole() { moved.bytes().into() } else { moved };
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
                    // What has failed may have been overtaken by the word that it has.
                    outside.salvage(content, SALVAGE, mem::take(is_open)).await;
                    let moved = outside.close(close.channel(), content);
                    close.closed(moved);
                }
                Action::StartTls(start) => {
                    let patience = start.deadline().saturating_since(now);
                    let (result, how) = tokio::select! {
                        shaken = secure_control(&mut self.control, self.tls.clone().map(Side::Client), patience) => shaken,
                        () = interrupt.comes() => bail!(Failure::Aborted),
                    };
                    match result {
                        Ok(_) => start.started(),
                        Err(why) => start.failed(why),
                    }
                    (self.observer)(Event::Secured { data: false, how: &how });
                    no_tls = how;
                }
                // Only requests that aren't made here end TLS before the session.
                Action::StopTls(stop) => stop.failed(TlsError::Unavailable),
                Action::Leave => return Ok(None),
            }
        }
    }
}

/// What comes next on the control connection, if it may be read. `None`: nothing in this time, or an interrupt.
async fn hear(
    control: Option<&mut Wire>,
    patience: Option<Duration>,
    interrupt: &Interrupt,
) -> io::Result<Option<Vec<u8>>> {
    tokio::select! {
        bytes = tokio_wire::hear(control, patience) => match bytes {
            Err(error) if is_end(&error) => Ok(Some(Vec::new())),
            bytes => bytes,
        },
        () = interrupt.comes() => Ok(None),
    }
}
