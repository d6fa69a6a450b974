//! An adapter for [`Server`]: blocking sockets of the standard library, a thread a session.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant as Clock};

use ftp_proto::server::{Action, Config, Server};
use ftp_proto::{Code, Endpoints, Instant, Reply, StreamEnd, TlsError, Verdict};
use socket2::SockRef;

use super::channel::Channel;
use super::content::Content;
use super::data::{self, Knock, Sockets, Turn};
use super::site::Site;
use super::visitor::Visitor;

/// A client that doesn't read what it is told is given up after this.
const WRITE_PATIENCE: Duration = Duration::from_secs(60);

/// Serves everybody who connects, for ever.
pub fn serve(listener: &TcpListener, config: &Arc<Config>, site: &Arc<Site>) {
    loop {
        let Ok((control, _)) = listener.accept() else {
            // No sockets are left: some session has to end first.
            thread::sleep(Duration::from_millis(100));
            continue;
        };
        let (config, visitor) = (config.clone(), Visitor::new(site.clone()));
        // A connection that breaks, or a thread that can't be had, ends this session and no other.
        let _ = thread::Builder::new().spawn(move || Session::new(control, config, visitor)?.run());
    }
}

/// A control connection with its machine.
struct Session {
    server: Server,
    control: Channel,
    sockets: Sockets,
    origin: Clock,
    /// Who is at the other end, and what may be done for it.
    visitor: Visitor,
    /// The file or listing of the transfer under way.
    content: Option<Content<'static>>,
    /// How its stream has ended, while what came over the control connection before that is looked at.
    ended: Option<(StreamEnd, u64)>,
}

impl Session {
    fn new(control: TcpStream, config: Arc<Config>, visitor: Visitor) -> io::Result<Self> {
        // Some clients send the last byte of ABOR as urgent data; it belongs to the line all the same.
        SockRef::from(&control).set_out_of_band_inline(true)?;
        control.set_nodelay(true)?;
        control.set_write_timeout(Some(WRITE_PATIENCE))?;
        let ends = Endpoints::new(control.local_addr()?, control.peer_addr()?);
        let server = Server::new(config, ends, &Reply::from_static(Code::SERVICE_READY, "Welcome to ftp-proto."));
        let control = Channel::new(control);
        Ok(Self {
            server,
            control,
            sockets: Sockets::default(),
            origin: Clock::now(),
            visitor,
            content: None,
            ended: None,
        })
    }

    /// Does what the machine asks for, until the session has ended.
    fn run(mut self) -> io::Result<()> {
        loop {
            let now = Instant::from_origin(self.origin.elapsed());
            match self.server.poll(now) {
                Action::Write(write) => {
                    let count = self.control.write(write.bytes())?;
                    write.wrote(count);
                }
                Action::Read { deadline } => {
                    let patience = Some(deadline.saturating_since(now));
                    if data::wait(Some(&self.control), None, patience)?.control {
                        self.read()?;
                    }
                }
                Action::Command(pending) => self.visitor.answer(pending),
                Action::Transfer(transfer) => self.content = self.visitor.open(transfer),
                Action::Listen(listen) => match self.sockets.listen(listen.channel(), listen.host(), listen.ports()) {
                    Ok(address) => listen.listening(address),
                    Err(why) => listen.failed(why),
                },
                Action::Connect(connect) => {
                    let patience = connect.deadline().saturating_since(now);
                    match self.sockets.connect(connect.channel(), connect.address(), patience) {
                        Ok(()) => connect.connected(),
                        Err(why) => connect.failed(why),
                    }
                }
                Action::Accept(accept) => {
                    let (channel, patience) = (accept.channel(), accept.deadline().saturating_since(now));
                    // A question that stays unanswered comes again, unless what was read has settled it.
                    let control = accept.wants_input().then_some(&self.control);
                    match self.sockets.accept(channel, control, patience)? {
                        Knock::Control => self.read()?,
                        Knock::Nobody => {}
                        Knock::Failed(why) => accept.failed(why),
                        Knock::Peer(flow, address) => {
                            if accept.accepted(address) == Verdict::Take {
                                self.sockets.take(channel, flow);
                            }
                        }
                    }
                }
                Action::Stream(stream) => {
                    let channel = stream.channel();
                    let Some(content) = &mut self.content else { return Err(io::Error::other("nothing to move")) };
                    // A piece at a time, so that ABOR is heard between two of them; then `Cancel` comes instead.
                    let control = stream.wants_input().then_some(&self.control);
                    let turn = match self.ended.take() {
                        Some((end, total)) => Turn::Ended(end, total),
                        None => self.sockets.turn(channel, control, content)?,
                    };
                    match turn {
                        Turn::Control => self.read()?,
                        Turn::Moved(total) => stream.moved(total),
                        // An ABOR that came before the data's end: then `Cancel` comes next.
                        Turn::Ended(end, total) if data::wait(control, None, Some(Duration::ZERO))?.control => {
                            self.ended = Some((end, total));
                            self.read()?;
                        }
                        Turn::Ended(end, total) => {
                            let end = self.content.take().map_or(end, |content| content.finish(end));
                            stream.finished(end, total);
                        }
                    }
                }
                Action::SecureData(secure) => {
                    self.sockets.close(secure.channel());
                    secure.failed(TlsError::Unavailable);
                }
                Action::StartTls(start) => start.failed(TlsError::Unavailable),
                Action::StopTls(stop) => stop.failed(TlsError::Unavailable),
                Action::Cancel(cancel) => {
                    self.sockets.close(cancel.channel());
                    (self.content, self.ended) = (None, None);
                    cancel.cancelled();
                }
                Action::Discard(channel) => self.sockets.close(channel),
                Action::Close => return data::close(self.control),
            }
        }
    }

    /// Reads what is there from the control connection; an empty read is its end.
    fn read(&mut self) -> io::Result<()> {
        let mut buffer = [0; 4096];
        let count = self.control.read(&mut buffer)?;
        self.server.received(&buffer[..count]);
        Ok(())
    }
}
