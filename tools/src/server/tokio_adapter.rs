//! An adapter for [`Server`] over tokio's sockets, with a thread for each processor and any number of sessions on each.
//!
//! What takes time (connecting, accepting, a handshake, moving a file) is a future beside the loop, which polls it and the control connection
//! at the same time. A question that stays unanswered comes again, and finds its future as it was. A session that waits for its client is a
//! socket, a timer and the machine, without a buffer; what a transfer or a handshake needs is in a box that exists only meanwhile.

use std::future::{Future, poll_fn};
use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;
use std::thread;
use std::time::{Duration, Instant as Clock};

use ftp_proto::server::{Action, Server};
use ftp_proto::{Accept, Connect, Endpoints, Instant, StartTls, TlsError, Verdict};
use tokio::net::unix::pipe::Receiver as Alarm;
use tokio::net::{TcpListener as AsyncListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Notify;
use tokio::sync::futures::Notified;
use tokio::task::{LocalSet, spawn_local, yield_now};
use tokio::time::{Sleep, sleep};

use super::door::{self, Guest};
use super::service::{self, Service};
use super::trouble;
use super::visitor::{self, Visitor};
use crate::net::data::{Content, control_error};
use crate::net::tokio_data::Outside;
use crate::net::tokio_wire::{self, Side, Wire, secure_control};
use crate::tls::server::{Certified, SessionTls};

/// How often the machine is told how far a transfer is, so that it can find a stalled one.
const TELL: Duration = Duration::from_secs(1);

/// Serves all clients until the end. Each thread accepts its own sessions and keeps them; nothing is handed from thread to thread.
pub fn serve(listener: &TcpListener, service: &Arc<Service>) -> io::Result<()> {
    for listener in door::share(listener, thread::available_parallelism()?.get())? {
        let service = service.clone();
        // Here, before anybody comes: a thread that couldn't have it would leave its clients waiting for ever.
        let runtime = Builder::new_current_thread().enable_all().build()?;
        thread::Builder::new().spawn(move || work(&runtime, listener, &service))?;
    }
    service.stop.wait()?;
    service.house.wait_until_empty(service::FAREWELL);
    Ok(())
}

/// A thread of sessions.
fn work(runtime: &Runtime, listener: TcpListener, service: &Arc<Service>) -> io::Result<()> {
    LocalSet::new().block_on(runtime, async {
        let thread = Rc::new(Thread { end: Notify::new(), origin: Clock::now() });
        let alarm = Alarm::from_owned_fd(service.stop.alarm().try_clone_to_owned()?)?;
        tokio::select! {
            () = door::receive_async(AsyncListener::from_std(listener)?, |control, peer| {
                let (service, thread) = (service.clone(), thread.clone());
                // A connection that breaks ends this session and no other.
                spawn_local(async move {
                    // Lent to `run`, not given: what is given to a future is there twice.
                    let mut session = Session::new(control, peer, service, thread)?;
                    session.run().await
                });
            }) => {}
            stop = alarm.readable() => stop?,
        }
        thread.end.notify_waiters();
        std::future::pending().await
    })
}

/// What the sessions of a thread have in common.
struct Thread {
    /// Wakes all sessions when the server ends.
    end: Notify,
    /// The origin of the machines' clock.
    origin: Clock,
}

impl Thread {
    fn now(&self) -> Instant {
        Instant::from_origin(self.origin.elapsed())
    }
}

/// A control connection and its machine.
struct Session {
    server: Server,
    control: Wire,
    /// Our address on the control connection, which data connections come from, too.
    host: IpAddr,
    /// Exists from the first data connection on.
    outside: Option<Box<Outside<'static>>>,
    service: Arc<Service>,
    tls: Option<SessionTls>,
    /// The application of this session.
    visitor: Visitor,
    /// The file or listing of the transfer under way.
    content: Option<Content<'static>>,
    thread: Rc<Thread>,
    /// Whether the machine was told that the server ends.
    knows_end: bool,
    _guest: Guest,
}

impl Session {
    fn new(control: TcpStream, peer: SocketAddr, service: Arc<Service>, thread: Rc<Thread>) -> io::Result<Self> {
        let (ends, guest) = (Endpoints::new(control.local_addr()?, peer), service.house.enter());
        let now = thread.now();
        Ok(Self {
            server: Server::new(service.config.clone(), ends, &service.greeting(&guest), now),
            host: ends.local().ip(),
            control: Wire::Plain(control),
            outside: None,
            visitor: Visitor::new(service.site.clone()),
            service,
            tls: None,
            content: None,
            thread,
            knows_end: false,
            _guest: guest,
        })
    }

    /// Carries out the machine's actions until the session has ended.
    async fn run(&mut self) -> io::Result<()> {
        loop {
            self.tell_end();
            self.log_trouble();
            let now = self.thread.now();
            match self.server.poll(now) {
                Action::Write(write) => {
                    if write.is_last() {
                        tokio_wire::hold(&self.control);
                    }
                    match tokio_wire::say_at_once(&self.control, write.bytes()) {
                        Ok(0) => Box::pin(tokio_wire::write(&mut self.control, write, now)).await,
                        Ok(count) => write.wrote(count),
                        Err(error) => write.failed(control_error(&error)),
                    }
                }
                Action::Read { deadline } => {
                    // Nothing is under way: what was opened goes, if no data connection came for it.
                    self.content = None;
                    let patience = pin!(sleep(deadline.saturating_since(now)));
                    let end = pin!((!self.knows_end).then(|| self.thread.end.notified()));
                    let bytes = hear_until(&mut self.control, patience, end).await?;
                    bytes.iter().for_each(|bytes| self.server.received(bytes));
                }
                Action::Question(question) => {
                    let wants_input = question.wants_input();
                    self.visitor.answer(question);
                    // What takes long comes again, a part at a time, and lets others have their turn.
                    if self.visitor.is_busy() {
                        Box::pin(self.look(wants_input)).await?;
                    }
                }
                Action::Transfer(transfer) => {
                    self.content = None;
                    self.content = self.visitor.open(transfer);
                }
                Action::Listen(listen) => self.outside.get_or_insert_default().listen(listen),
                // News that `Config::report_answered` would have to ask for.
                Action::Answered(_) => {}
                Action::Leave => {
                    self.log_trouble();
                    break;
                }
                // Questions that aren't answered come again.
                Action::Connect(_)
                | Action::Accept(_)
                | Action::SecureData(_)
                | Action::Stream(_)
                | Action::StartTls(_)
                | Action::StopTls(_)
                | Action::Look(_)
                | Action::Commit(_)
                | Action::Close(_) => Box::pin(self.serve_data_and_tls()).await?,
            }
        }
        tokio_wire::close(&mut self.control).await;
        Ok(())
    }

    /// Goes on with a transfer or TLS until the machine asks for something else.
    async fn serve_data_and_tls(&mut self) -> io::Result<()> {
        loop {
            self.tell_end();
            self.log_trouble();
            let end = (!self.knows_end).then_some(&self.thread.end);
            let now = self.thread.now();
            match self.server.poll(now) {
                Action::Connect(connect) => {
                    let control = connect.wants_input().then_some(&mut self.control);
                    let outside = self.outside.get_or_insert_default();
                    let bytes = dial(outside, connect, self.host, (control, end), now).await?;
                    bytes.iter().for_each(|bytes| self.server.received(bytes));
                }
                Action::Accept(accept) => {
                    let control = accept.wants_input().then_some(&mut self.control);
                    let outside = self.outside.get_or_insert_default();
                    let bytes = admit(outside, accept, (control, end), now).await?;
                    bytes.iter().for_each(|bytes| self.server.received(bytes));
                }
                Action::SecureData(question) => {
                    let control = question.wants_input().then_some(&mut self.control);
                    let patience = Some(question.deadline().saturating_since(now));
                    let side = || self.tls.as_ref().map(|tls| Side::Server(tls.config()));
                    tokio::select! {
                        (result, _) = self.outside.get_or_insert_default().secure(question.channel(), side) => match result {
                            Ok(resumed) => if resumed { question.resumed() } else { question.fresh() },
                            Err(why) => question.failed(why),
                        },
                        bytes = hear(control, patience, end) => bytes?.iter().for_each(|bytes| self.server.received(bytes)),
                    }
                }
                Action::Stream(stream) => {
                    let control = stream.wants_input().then_some(&mut self.control);
                    let patience = stream.deadline().map_or(TELL, |deadline| deadline.saturating_since(now).min(TELL));
                    tokio::select! {
                        bytes = hear(control, Some(patience), end) => match bytes? {
                            Some(bytes) => self.server.received(&bytes),
                            None => stream.moved(self.outside.as_ref().map_or(0, |outside| outside.moved())),
                        },
                        (end, moved) = self.outside.get_or_insert_default().transfer(stream.channel(), &mut self.content) => {
                            visitor::end(stream, &mut self.content, end, moved);
                        }
                    }
                }
                Action::Look(mut look) => {
                    self.control.look(&mut look)?;
                    look.looked();
                }
                Action::Commit(commit) => visitor::keep(commit, self.content.take()),
                Action::StartTls(start) => {
                    self.tls = self.service.certified.as_ref().map(Certified::session);
                    begin(&mut self.control, start, self.tls.as_ref(), now).await;
                }
                Action::StopTls(stop) => match tokio_wire::stop_tls(&mut self.control, service::FAREWELL).await {
                    Ok(()) => stop.stopped(),
                    Err(_) => stop.failed(TlsError::Handshake),
                },
                Action::Close(close) => {
                    let moved = self.outside.get_or_insert_default().close(close.channel(), &mut self.content);
                    self.content = None;
                    close.closed(moved);
                }
                // Questions that aren't answered come again.
                Action::Write(_)
                | Action::Read { .. }
                | Action::Question(_)
                | Action::Transfer(_)
                | Action::Listen(_)
                | Action::Answered(_)
                | Action::Leave => return Ok(()),
            }
        }
    }

    /// Tells the machine once that the server ends.
    fn tell_end(&mut self) {
        if self.service.stop.came() && !self.knows_end {
            self.knows_end = true;
            self.server.close(&service::farewell());
        }
    }

    /// Logs why a data connection failed, if one has since the last poll.
    fn log_trouble(&mut self) {
        if let Some(evidence) = self.server.take_trouble() {
            trouble::log(evidence, &self.service, self.control.tls_version());
        }
    }

    /// Lets other tasks run, then reads what has come on the control connection, if it may be read.
    async fn look(&mut self, wants_input: bool) -> io::Result<()> {
        yield_now().await;
        if wants_input {
            let bytes = tokio_wire::hear(Some(&mut self.control), Some(Duration::ZERO)).await?;
            bytes.iter().for_each(|bytes| self.server.received(bytes));
        }
        Ok(())
    }
}

/// Begins TLS on the control connection.
async fn begin(control: &mut Wire, start: StartTls<'_>, tls: Option<&SessionTls>, now: Instant) {
    let side = tls.map(|tls| Side::Server(tls.config()));
    match secure_control(control, side, start.deadline().saturating_since(now)).await {
        (Ok(_), _) => start.started(),
        (Err(why), _) => start.failed(why),
    }
}

/// What is waited for beside something else: the control connection, if it may be read, and the end of the server.
type Ear<'s> = (Option<&'s mut Wire>, Option<&'s Notify>);

/// Connects, or goes on with that, and reads the control connection meanwhile. A question that stays unanswered comes again, unless the input
/// has settled it; so does the next.
async fn dial(
    outside: &mut Outside<'_>,
    connect: Connect<'_>,
    host: IpAddr,
    (control, end): Ear<'_>,
    now: Instant,
) -> io::Result<Option<Vec<u8>>> {
    let (address, source) = (connect.address(), (host, connect.source_port()));
    let patience = Some(connect.deadline().saturating_since(now));
    tokio::select! {
        result = outside.connect(connect.channel(), address, source) => match result {
            Ok(()) => connect.connected(),
            Err(why) => connect.failed(why),
        },
        bytes = hear(control, patience, end) => return bytes,
    }
    Ok(None)
}

/// Accepts a connection, if the machine takes it.
async fn admit(
    outside: &mut Outside<'_>,
    accept: Accept<'_>,
    (control, end): Ear<'_>,
    now: Instant,
) -> io::Result<Option<Vec<u8>>> {
    let (channel, patience) = (accept.channel(), Some(accept.deadline().saturating_since(now)));
    tokio::select! {
        result = outside.accept(channel) => match result {
            Ok((flow, address)) => if accept.accepted(address) == Verdict::Take {
                outside.take(channel, flow);
            },
            Err(why) => accept.failed(why),
        },
        bytes = hear(control, patience, end) => return bytes,
    }
    Ok(None)
}

/// What comes next on the control connection, if it may be read. `None`: nothing in this time, or the server ends.
async fn hear(
    control: Option<&mut Wire>,
    patience: Option<Duration>,
    end: Option<&Notify>,
) -> io::Result<Option<Vec<u8>>> {
    let Some(end) = end else { return tokio_wire::hear(control, patience).await };
    tokio::select! {
        bytes = tokio_wire::hear(control, patience) => bytes,
        () = end.notified() => Ok(None),
    }
}

/// The same for a session that waits for nothing else. Most sessions do that most of the time, so their wait isn't moved in here: that would
/// take the memory twice.
fn hear_until(
    control: &mut Wire,
    mut patience: Pin<&mut Sleep>,
    mut end: Pin<&mut Option<Notified<'_>>>,
) -> impl Future<Output = io::Result<Option<Vec<u8>>>> {
    poll_fn(move |context| {
        if let Poll::Ready(bytes) = control.poll_hear(context) {
            return Poll::Ready(bytes.map(Some));
        }
        let is_end = end.as_mut().as_pin_mut().is_some_and(|end| end.poll(context).is_ready());
        if is_end || patience.as_mut().poll(context).is_ready() { Poll::Ready(Ok(None)) } else { Poll::Pending }
    })
}
