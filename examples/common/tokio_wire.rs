//! One of tokio's connections, with or without TLS.

use std::future::{pending, poll_fn};
use std::io::{self, ErrorKind};
use std::mem::{self, MaybeUninit};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use ftp_proto::TlsError;
use rustls::{Error, HandshakeKind, ServerConfig};
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio::task::spawn_blocking;
use tokio::time::{sleep, timeout};
use tokio_rustls::{TlsAcceptor, TlsConnector, TlsStream};

use super::channel::{Channel, description, why};
use super::data::LINGER;
use super::tls::Tls;

/// A connection, with or without TLS.
pub enum Wire {
    Plain(TcpStream),
    Secure(Box<TlsStream<TcpStream>>),
    /// A handshake has failed on it.
    Cut,
}

/// Who this is in a handshake.
pub enum Side {
    Client(Tls),
    Server(Arc<ServerConfig>),
}

/// What a handshake has come to: whether it resumed a session, or why there is no TLS; and the same for people.
pub type Shaken = (Result<bool, TlsError>, String);

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

/// Writes to the control connection.
pub async fn say(control: &mut Wire, bytes: &[u8]) -> io::Result<()> {
    control.write_all(bytes).await?;
    control.flush().await
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
    match timeout(patience, Box::pin(secure(plain, side))).await {
        Err(_) => (Err(TlsError::TimedOut), TlsError::TimedOut.to_string()),
        Ok((wire, shaken)) => {
            *control = wire;
            shaken
        }
    }
}

/// Shakes hands; a failure closes the connection.
pub async fn secure(wire: Wire, side: Option<Side>) -> (Wire, Shaken) {
    let (Wire::Plain(plain), Some(side)) = (wire, side) else {
        return (Wire::Cut, (Err(TlsError::Unavailable), "no TLS was set up".into()));
    };
    let result = match side {
        Side::Client(tls) => TlsConnector::from(tls.config()).connect(tls.name(), plain).await.map(TlsStream::Client),
        Side::Server(config) => TlsAcceptor::from(config).accept(plain).await.map(TlsStream::Server),
    };
    match result {
        Ok(stream) => {
            let (_, session) = stream.get_ref();
            let resumed = session.handshake_kind() == Some(HandshakeKind::Resumed);
            let how = description(session.protocol_version(), resumed);
            (Wire::Secure(Box::new(stream)), (Ok(resumed), how))
        }
        Err(error) => {
            let why = error.get_ref().and_then(|error| error.downcast_ref::<Error>()).map(why);
            (Wire::Cut, (Err(why.unwrap_or(TlsError::Handshake)), error.to_string()))
        }
    }
}

/// Ends TLS on the control connection in order; what follows is plaintext. It is rare enough for a thread of its own.
pub async fn stop_tls(control: &mut Wire, patience: Duration) -> io::Result<()> {
    let Wire::Secure(stream) = mem::replace(control, Wire::Cut) else { return Ok(()) };
    let (socket, tls) = match *stream {
        TlsStream::Client(stream) => {
            let (socket, tls) = stream.into_inner();
            (socket, tls.into())
        }
        TlsStream::Server(stream) => {
            let (socket, tls) = stream.into_inner();
            (socket, tls.into())
        }
    };
    let mut channel = Channel::secure(socket.into_std()?, tls);
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

impl AsyncRead for Wire {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Secure(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Cut => Poll::Ready(Ok(())),
        }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Secure(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Cut => Poll::Ready(Err(ErrorKind::BrokenPipe.into())),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(context),
            Self::Secure(stream) => Pin::new(stream).poll_flush(context),
            Self::Cut => Poll::Ready(Ok(())),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Secure(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Cut => Poll::Ready(Ok(())),
        }
    }
}
