//! An adapter for [`Server`] over the sockets of the standard library, with a thread for each session.

use std::io::{self, ErrorKind, Read};
use std::net::{IpAddr, TcpListener, TcpStream};
use std::os::fd::BorrowedFd;
use std::sync::Arc;
use std::time::{Duration, Instant as Clock};

use ftp_proto::server::{Action, Server};
use ftp_proto::{Accept, Connect, Endpoints, Instant, SecureData, StartTls, TlsError, Verdict};

use super::door::{self, Guest};
use super::service::{self, Service};
use super::threads::Threads;
use super::trouble;
use super::visitor::{self, Visitor};
use crate::net::channel::{Channel, Shake};
use crate::net::data::{self, Content, Dial, Ear, Knock, Sockets, Turn};
use crate::tls::server::{self as server_tls, Certified, SessionTls};

/// How soon the machine is told at the latest that a transfer has begun, so that it can find a stalled one.
const TELL: Duration = Duration::from_secs(1);

/// Serves all clients that connect to this socket (of [`door::listen`]), until the end.
pub fn serve(listener: &TcpListener, service: &Arc<Service>) -> io::Result<()> {
    let threads = Arc::new(Threads::default());
    door::receive(listener, &service.stop, |control| {
        let (service, guest) = (service.clone(), service.house.enter());
        // A connection that breaks, or a thread that can't be had, ends this session and no other.
        let _ = threads.run(move || {
            let _ = Session::new(control, &service, guest).and_then(Session::run);
        });
    })?;
    service.house.wait_until_empty(service::FAREWELL);
    Ok(())
}

/// A control connection and its machine.
struct Session<'s> {
    server: Server,
    control: Channel,
    sockets: Sockets,
    origin: Clock,
    service: &'s Service,
    tls: Option<SessionTls>,
    /// The application of this session.
    visitor: Visitor,
    /// The file or listing of the transfer under way.
    content: Option<Content<'static>>,
    /// Whether the machine was told that the server ends.
    knows_end: bool,
    _guest: Guest,
}

impl<'s> Session<'s> {
    fn new(control: TcpStream, service: &'s Service, guest: Guest) -> io::Result<Self> {
        control.set_nonblocking(true)?;
        let ends = Endpoints::new(control.local_addr()?, control.peer_addr()?);
        Ok(Self {
            server: Server::new(service.config.clone(), ends, &service.greeting(&guest), Instant::default()),
            control: Channel::new(control),
            sockets: Sockets::default(),
            origin: Clock::now(),
            service,
            tls: None,
            visitor: Visitor::new(service.site.clone()),
            content: None,
            knows_end: false,
            _guest: guest,
        })
    }

    /// Carries out the machine's actions until the session has ended.
    fn run(mut self) -> io::Result<()> {
        let host = self.control.socket().local_addr()?.ip().to_canonical();
        loop {
            let alarm = self.tell_end();
            self.log_trouble();
            let now = Instant::from_origin(self.origin.elapsed());
            match self.server.poll(now) {
                Action::Write(write) => data::write(&mut self.control, write, now),
                Action::Read { deadline } => {
                    // Nothing is under way: what was opened goes, if no data connection came for it.
                    self.content = None;
                    let ear = Ear::new(Some(&self.control), alarm);
                    if data::wait(ear, None, Some(deadline.saturating_since(now)))?.control {
                        self.read()?;
                    }
                }
                Action::Question(question) => {
                    let wants_input = question.wants_input();
                    self.visitor.answer(question);
                    // What takes long comes again, a part at a time.
                    if self.visitor.is_busy() && wants_input {
                        self.read()?;
                    }
                }
                Action::Transfer(transfer) => {
                    self.content = None;
                    self.content = self.visitor.open(transfer);
                }
                Action::Listen(listen) => self.sockets.listen(listen),
                Action::Connect(connect) => {
                    let ear = Ear::new(connect.wants_input().then_some(&self.control), alarm);
                    if dial(&mut self.sockets, connect, host, ear, now)? {
                        self.read()?;
                    }
                }
                Action::Accept(accept) => {
                    let ear = Ear::new(accept.wants_input().then_some(&self.control), alarm);
                    if admit(&mut self.sockets, accept, ear, now)? {
                        self.read()?;
                    }
                }
                Action::SecureData(secure) => {
                    let ear = Ear::new(secure.wants_input().then_some(&self.control), alarm);
                    if shake(&mut self.sockets, secure, self.tls.as_ref(), ear, now)? {
                        self.read()?;
                    }
                }
                Action::Stream(stream) => {
                    let Some(content) = &mut self.content else {
                        return Err(io::Error::other("nothing to move"));
                    };
                    // A piece at a time, so that ABOR is heard between two of them; then `Close` comes instead.
                    let ear = Ear::new(stream.wants_input().then_some(&self.control), alarm);
                    let patience = stream.deadline().map_or(TELL, |deadline| deadline.saturating_since(now));
                    match self.sockets.turn(stream.channel(), ear, content, Some(patience))? {
                        Turn::Control => self.read()?,
                        Turn::Moved(total) => stream.moved(total),
                        Turn::Ended(end, moved) => visitor::end(stream, &mut self.content, end, moved),
                    }
                }
                Action::Look(mut look) => {
                    self.control.look(&mut look)?;
                    look.looked();
                }
                Action::Commit(commit) => visitor::keep(commit, self.content.take()),
                Action::StartTls(start) => {
                    let certified = self.service.certified.as_ref();
                    self.tls = self.tls.take().or_else(|| certified.map(Certified::session));
                    begin(&mut self.control, start, self.tls.as_ref(), now)?;
                }
                Action::StopTls(stop) => match self.control.stop_tls(service::FAREWELL) {
                    Ok(()) => {
                        self.tls = None;
                        stop.stopped();
                    }
                    Err(_) => stop.failed(TlsError::Handshake),
                },
                Action::Close(close) => {
                    let moved = self.sockets.close(close.channel());
                    self.content = None;
                    close.closed(moved);
                }
                // News that `Config::report_answered` would have to ask for.
                Action::Answered(_) => {}
                Action::Leave => {
                    self.log_trouble();
                    return data::close(self.control);
                }
            }
        }
    }

    /// Tells the machine once that the server ends; until then, returns what becomes readable at the end.
    fn tell_end(&mut self) -> Option<BorrowedFd<'s>> {
        if self.service.stop.came() && !self.knows_end {
            self.knows_end = true;
            self.server.close(&service::farewell());
        }
        (!self.knows_end).then(|| self.service.stop.alarm())
    }

    /// Logs why a data connection failed, if one has since the last poll.
    fn log_trouble(&mut self) {
        if let Some(evidence) = self.server.take_trouble() {
            trouble::log(evidence, self.service, self.control.tls_version());
        }
    }

    /// Reads what has come on the control connection; an empty read is its end, with or without close_notify.
    fn read(&mut self) -> io::Result<()> {
        // A line fits. An idle session's memory is the stack that it has used, and this is the deepest of it.
        let mut buffer = [0; 1024];
        match self.control.read(&mut buffer) {
            Ok(count) => self.server.received(&buffer[..count]),
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => self.server.received(&[]),
            // Nothing was there, or TLS had words of its own alone.
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

/// Begins TLS on the control connection. A question that stays unanswered comes again, until its deadline.
fn begin(control: &mut Channel, start: StartTls<'_>, tls: Option<&SessionTls>, now: Instant) -> io::Result<()> {
    let patience = start.deadline().saturating_since(now);
    match control.shake(|| server_tls::connection(tls), None, patience)? {
        Shake::Done { result: Ok(_), .. } => start.started(),
        Shake::Done { result: Err(why), .. } => start.failed(why),
        Shake::Control | Shake::Again => {}
    }
    Ok(())
}

/// Connects, or goes on with that. `true`: the control connection can be read. A question that stays unanswered comes again, unless the input
/// has settled it; so do the next two.
fn dial(sockets: &mut Sockets, connect: Connect<'_>, host: IpAddr, ear: Ear<'_>, now: Instant) -> io::Result<bool> {
    let (address, patience) = (connect.address(), connect.deadline().saturating_since(now));
    match sockets.connect(connect.channel(), address, (host, connect.source_port()), ear, patience)? {
        Dial::Control => return Ok(true),
        Dial::Nobody => {}
        Dial::Connected => connect.connected(),
        Dial::Failed(why) => connect.failed(why),
    }
    Ok(false)
}

/// Accepts a connection, if the machine takes it.
fn admit(sockets: &mut Sockets, accept: Accept<'_>, ear: Ear<'_>, now: Instant) -> io::Result<bool> {
    let (channel, patience) = (accept.channel(), accept.deadline().saturating_since(now));
    match sockets.accept(channel, ear, patience)? {
        Knock::Control => return Ok(true),
        Knock::Nobody => {}
        Knock::Failed(why) => accept.failed(why),
        Knock::Peer(flow, address) => {
            if accept.accepted(address) == Verdict::Take {
                sockets.take(channel, flow);
            }
        }
    }
    Ok(false)
}

/// Begins TLS on the data connection.
fn shake(
    sockets: &mut Sockets,
    secure: SecureData<'_>,
    tls: Option<&SessionTls>,
    ear: Ear<'_>,
    now: Instant,
) -> io::Result<bool> {
    let patience = secure.deadline().saturating_since(now);
    match sockets.shake(secure.channel(), || server_tls::connection(tls), ear, patience)? {
        Shake::Control => return Ok(true),
        Shake::Again => {}
        Shake::Done { result: Ok(true), .. } => secure.resumed(),
        Shake::Done { result: Ok(false), .. } => secure.fresh(),
        Shake::Done { result: Err(why), .. } => secure.failed(why),
    }
    Ok(false)
}
