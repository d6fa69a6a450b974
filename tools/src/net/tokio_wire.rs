//! One of tokio's connections, with or without TLS.

use std::future::{pending, poll_fn};
use std::io::{self, ErrorKind, IoSlice, Read, Write as _};
use std::mem::{self, MaybeUninit};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use ftp_proto::server::Look;
use ftp_proto::{ControlError, Instant, TlsError, TlsVersion, Write};
use rustls::{ClientConnection, Connection, Error, ServerConfig, ServerConnection};
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, Interest, ReadBuf};
use tokio::net::TcpStream;
use tokio::task::spawn_blocking;
use tokio::time::{sleep, timeout};

use super::channel::{Channel, Glance, Shaken};
use super::data::{LINGER, control_error};
use crate::tls::client::Tls;

/// A connection, with or without TLS.
pub enum Wire {
    Plain(TcpStream),
    Secure(Channel<Socket>),
    /// A handshake has failed on it.
    Cut,
}

/// Who this is in a handshake.
pub enum Side {
    Client(Tls),
    Server(Arc<ServerConfig>),
}

/// One of tokio's sockets as what doesn't block: what it can't do yet is `WouldBlock`.
pub struct Socket(TcpStream);

/// What comes next from the control connection, if it may be heard; no bytes are its end. `None`: nothing in that time.
/// Nothing is lost if it is dropped, and no buffer waits.
pub async fn hear(control: Option<&mut Wire>, patience: Option<Duration>) -> io::Result<Option<Vec<u8>>> {
    let Some(control) = control else {
        match patience {
            Some(patience) => sleep(patience).await,
            None => pending().await,
        }
        return Ok(None);
    };
    match patience {
        Some(patience) => timeout(patience, control.hear()).await.map_or(Ok(None), |bytes| bytes.map(Some)),
        None => control.hear().await.map(Some),
    }
}

/// Writes to the control connection as much as it takes until the machine gives up. What can't be written is told.
pub async fn write(control: &mut Wire, write: Write<'_>, now: Instant) {
    let patience = write.deadline().saturating_since(now);
    match timeout(patience, say(control, write.bytes())).await {
        Ok(Ok(count)) => write.wrote(count),
        Ok(Err(error)) => write.failed(control_error(&error)),
        Err(_) => write.failed(ControlError::TimedOut),
    }
}

/// A piece at a time: the machine gives who reads slowly its time for each.
async fn say(control: &mut Wire, bytes: &[u8]) -> io::Result<usize> {
    let count = control.write(bytes).await?;
    control.flush().await?;
    Ok(count)
}

/// Writes to the control connection what it takes at once, and says how much that was. A new connection takes it before tokio
/// has heard from the system that it would: asking first costs a turn of the loop.
pub fn say_at_once(control: &Wire, bytes: &[u8]) -> io::Result<usize> {
    let Wire::Plain(stream) = control else { return Ok(0) };
    match SockRef::from(stream).send(bytes) {
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => Ok(0),
        result => result,
    }
}

/// What is written last goes together with the end of the connection, in one packet where the system can do that.
pub fn hold(control: &Wire) {
    #[cfg(target_os = "linux")]
    if let Wire::Plain(stream) = control {
        // Else they go one by one.
        let _ = SockRef::from(stream).set_tcp_cork(true);
    }
}

/// Shakes hands over the control connection.
pub async fn secure_control(control: &mut Wire, side: Option<Side>, patience: Duration) -> Shaken {
    let plain = mem::replace(control, Wire::Cut);
    match timeout(patience, Box::pin(secure(plain, side, Channel::new))).await {
        Err(_) => (Err(TlsError::TimedOut), TlsError::TimedOut.to_string()),
        Ok((wire, shaken)) => {
            *control = wire;
            shaken
        }
    }
}

/// Shakes hands over a data connection; a failure closes it.
pub async fn secure_data(data: Wire, side: Option<Side>) -> (Wire, Shaken) {
    secure(data, side, Channel::data).await
}

async fn secure(wire: Wire, side: Option<Side>, channel: fn(Socket) -> Channel<Socket>) -> (Wire, Shaken) {
    let (Wire::Plain(plain), Some(side)) = (wire, side) else {
        return (Wire::Cut, (Err(TlsError::Unavailable), "no TLS was set up".into()));
    };
    let mut channel = channel(Socket(plain));
    match shake(&mut channel, side).await {
        shaken @ (Ok(_), _) => (Wire::Secure(channel), shaken),
        shaken => (Wire::Cut, shaken),
    }
}

async fn shake(channel: &mut Channel<Socket>, side: Side) -> Shaken {
    if let Some(shaken) = channel.begin(|| side.begin()) {
        return shaken;
    }
    loop {
        if let Some(shaken) = channel.speak() {
            return shaken;
        }
        let (interest, listens) =
            if channel.wants_write() { (Interest::WRITABLE, false) } else { (Interest::READABLE, true) };
        if let Err(error) = channel.socket().0.ready(interest).await {
            return (Err(TlsError::Handshake), error.to_string());
        }
        if let Some(shaken) = listens.then(|| channel.listen()).flatten() {
            return shaken;
        }
    }
}

/// Ends TLS on the control connection in order; what follows is plaintext. It is rare enough for a thread of its own.
pub async fn stop_tls(control: &mut Wire, patience: Duration) -> io::Result<()> {
    let Wire::Secure(channel) = mem::replace(control, Wire::Cut) else { return Ok(()) };
    let mut channel = channel.over(|socket| socket.0.into_std())?;
    let ending = spawn_blocking(move || channel.stop_tls(patience).map(|()| channel.into_socket()));
    *control = Wire::Plain(TcpStream::from_std(ending.await??)?);
    Ok(())
}

/// Closes a control connection in order: over unread bytes a close would be a reset, which can destroy the last
/// reply before it is read.
pub async fn close(control: &mut Wire) {
    let farewell = async {
        control.shutdown().await?;
        while !control.hear().await?.is_empty() {}
        io::Result::Ok(())
    };
    // It is closed in any case.
    let _ = timeout(LINGER, Box::pin(farewell)).await;
}

impl Wire {
    /// The version of TLS that was agreed on.
    pub fn tls_version(&self) -> Option<TlsVersion> {
        if let Self::Secure(channel) = self { channel.tls_version() } else { None }
    }

    /// Shows the machine what lies in the socket, whatever tokio believes: it may not have heard from the system yet.
    pub fn look(&mut self, look: &mut Look<'_>) -> io::Result<()> {
        match self {
            Self::Plain(stream) => Channel::new(&*stream).look(look),
            Self::Secure(channel) => channel.look(look),
            Self::Cut => Ok(()),
        }
    }

    /// What comes next, as soon as something does; no bytes are the end, with or without close_notify.
    async fn hear(&mut self) -> io::Result<Vec<u8>> {
        poll_fn(|context| self.poll_hear(context)).await
    }

    /// The same, for who waits for something else, too.
    pub fn poll_hear(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Vec<u8>>> {
        // On the stack while it is filled: who waits needs none.
        let mut storage = [MaybeUninit::uninit(); 4096];
        let mut buffer = ReadBuf::uninit(&mut storage);
        let result = match self {
            Self::Plain(stream) => ready!(poll_plain(stream, context, &mut buffer)),
            wire => ready!(Pin::new(wire).poll_read(context, &mut buffer)),
        };
        match result {
            Err(error) if error.kind() != ErrorKind::UnexpectedEof => Poll::Ready(Err(error)),
            _ => Poll::Ready(Ok(buffer.filled().to_vec())),
        }
    }
}

/// A read stops at urgent data, which is read next. tokio's own takes one that fills no buffer for the last: the rest of an
/// ABOR would wait there for ever.
fn poll_plain(stream: &TcpStream, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
    loop {
        ready!(stream.poll_read_ready(context))?;
        match stream.try_read_buf(buffer) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            result => return Poll::Ready(result.map(|_| ())),
        }
    }
}

impl Side {
    fn begin(self) -> Result<Connection, Error> {
        Ok(match self {
            Self::Client(tls) => ClientConnection::new(tls.config(), tls.name())?.into(),
            Self::Server(config) => ServerConnection::new(config)?.into(),
        })
    }
}

impl Glance for Socket {
    fn glance(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        glance(&self.0, buffer)
    }
}

impl Glance for &TcpStream {
    fn glance(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        glance(self, buffer)
    }
}

/// Past what tokio believes of the socket.
fn glance(stream: &TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
    (&*SockRef::from(stream)).read(buffer)
}

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.try_read(buffer)
    }
}

impl io::Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.try_write(bytes)
    }

    fn write_vectored(&mut self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.try_write_vectored(pieces)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Does it when the socket can be written to.
fn poll_send<T>(
    channel: &mut Channel<Socket>,
    context: &mut Context<'_>,
    mut work: impl FnMut(&mut Channel<Socket>) -> io::Result<T>,
) -> Poll<io::Result<T>> {
    loop {
        ready!(channel.socket().0.poll_write_ready(context))?;
        match work(channel) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            result => return Poll::Ready(result),
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Secure(channel) => loop {
                // Asked also for the sake of others: this is where tokio ends a turn that has lasted.
                if !channel.is_pending() {
                    ready!(channel.socket().0.poll_read_ready(context))?;
                }
                match channel.read(buffer.initialize_unfilled()) {
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                    result => return Poll::Ready(result.map(|count| buffer.advance(count))),
                }
            },
            Self::Cut => Poll::Ready(Ok(())),
        }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Secure(channel) => poll_send(channel, context, |channel| channel.write(bytes)),
            Self::Cut => Poll::Ready(Err(ErrorKind::BrokenPipe.into())),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(context),
            Self::Secure(channel) => poll_send(channel, context, io::Write::flush),
            Self::Cut => Poll::Ready(Ok(())),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Secure(channel) => {
                channel.close_notify();
                ready!(poll_send(channel, context, io::Write::flush))?;
                Pin::new(&mut channel.socket_mut().0).poll_shutdown(context)
            }
            Self::Cut => Poll::Ready(Ok(())),
        }
    }
}
