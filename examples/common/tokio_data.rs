//! Tokio's sockets: with or without TLS, and moving a file over one.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::{Future, pending, ready};
use std::io::{self, ErrorKind};
use std::mem;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use ftp_proto::{ChannelId, DataError, StreamEnd, TlsError};
use rustls::{Error, HandshakeKind};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::yield_now;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsConnector;

use super::channel::{description, why};
use super::data::{self, Content, LINGER, PIECE, local_end};
use super::interrupt::{self, Interrupt};
use super::tls::Tls;

/// A connection, with or without TLS.
pub type Wire = Box<dyn Io>;

pub trait Io: AsyncRead + AsyncWrite + Unpin {}

impl<T: AsyncRead + AsyncWrite + Unpin> Io for T {}

/// The sockets of a session's data connections, and what is under way on them.
///
/// Each method can be dropped while it waits, as `select!` does: what it has begun stays here, and the next call goes on
/// with it. [`cancel`](Self::cancel) ends it.
#[derive(Default)]
pub struct Outside<'w> {
    listeners: BTreeMap<ChannelId, Rc<TcpListener>>,
    flows: BTreeMap<ChannelId, Wire>,
    connecting: Option<Running<'w, io::Result<TcpStream>>>,
    accepting: Option<Running<'w, io::Result<(TcpStream, SocketAddr)>>>,
    securing: Option<Running<'w, (Option<Wire>, Shaken)>>,
    moving: Option<Running<'w, (StreamEnd, u64)>>,
}

type Running<'w, T> = Pin<Box<dyn Future<Output = T> + 'w>>;

/// What a handshake has come to: whether it resumed a session, or why there is no TLS; and the same for people.
pub type Shaken = (Result<bool, TlsError>, String);

impl<'w> Outside<'w> {
    pub fn listen(
        &mut self,
        channel: ChannelId,
        host: IpAddr,
        ports: RangeInclusive<u16>,
    ) -> Result<SocketAddr, DataError> {
        let listener = data::listen(host, ports)?;
        let listener = TcpListener::from_std(listener).map_err(|_| DataError::Local)?;
        let address = listener.local_addr().map_err(|_| DataError::Local)?;
        self.listeners.insert(channel, Rc::new(listener));
        Ok(address)
    }

    pub async fn connect(&mut self, channel: ChannelId, address: SocketAddr) -> Result<(), DataError> {
        let running = self.connecting.get_or_insert_with(|| Box::pin(TcpStream::connect(address)));
        let result = running.await;
        self.connecting = None;
        self.flows.insert(channel, Box::new(result.map_err(|error| data::why(&error))?));
        Ok(())
    }

    /// Who has connected; [`take`](Self::take) makes it the data connection.
    pub async fn accept(&mut self, channel: ChannelId) -> Result<(TcpStream, SocketAddr), DataError> {
        let listener = self.listeners.get(&channel).cloned().ok_or(DataError::Local)?;
        let running = self.accepting.get_or_insert_with(|| Box::pin(async move { listener.accept().await }));
        let result = running.await;
        self.accepting = None;
        result.map_err(|error| data::why(&error))
    }

    /// The connection takes its listening socket's place.
    pub fn take(&mut self, channel: ChannelId, flow: TcpStream) {
        self.listeners.remove(&channel);
        self.flows.insert(channel, Box::new(flow));
    }

    pub async fn secure(&mut self, channel: ChannelId, tls: &Option<Tls>) -> Shaken {
        let Self { flows, securing, .. } = self;
        let running = securing.get_or_insert_with(|| {
            let (flow, tls) = (flows.remove(&channel), tls.clone());
            Box::pin(async move { secure(flow, tls.as_ref()).await })
        });
        let (flow, shaken) = running.await;
        self.securing = None;
        self.flows.extend(flow.map(|flow| (channel, flow)));
        shaken
    }

    /// Moves a file, and closes the connection; `moved` tells how far it is.
    pub async fn transfer(
        &mut self,
        channel: ChannelId,
        content: Option<&'w RefCell<Content<'_>>>,
        moved: &'w Cell<u64>,
    ) -> (StreamEnd, u64) {
        let Self { flows, moving, .. } = self;
        let running = moving.get_or_insert_with(|| match (flows.remove(&channel), content) {
            (Some(flow), Some(content)) => Box::pin(transfer(flow, content, moved)),
            _ => Box::pin(ready((StreamEnd::LocalError, 0))),
        });
        let result = running.await;
        self.moving = None;
        result
    }

    /// Ends what is under way, and closes what this data connection had. There is one at a time.
    pub fn cancel(&mut self, channel: ChannelId) {
        (self.connecting, self.accepting, self.securing, self.moving) = (None, None, None, None);
        self.listeners.remove(&channel);
        self.flows.remove(&channel);
    }
}

/// What comes next from the control connection, if it may be heard; no bytes are its end. `None`: nothing in that time,
/// or somebody interrupts. Nothing is lost if it is dropped.
pub async fn hear(
    control: Option<&mut Wire>,
    patience: Option<Duration>,
    interrupt: &Interrupt,
) -> io::Result<Option<Vec<u8>>> {
    let mut buffer = [0; 4096];
    let reading = async {
        match control {
            Some(control) => control.read(&mut buffer).await,
            None => pending().await,
        }
    };
    let elapsed = async {
        match patience {
            Some(patience) => sleep(patience).await,
            None => pending().await,
        }
    };
    let result = tokio::select! {
        result = reading => result,
        () = elapsed => return Ok(None),
        () = interrupt.comes() => return Ok(None),
    };
    match result {
        Ok(count) => Ok(Some(buffer[..count].to_vec())),
        // The end, under TLS without close_notify.
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(Some(Vec::new())),
        Err(error) => Err(error),
    }
}

/// Writes to the control connection.
pub async fn say(control: &mut Wire, bytes: &[u8]) -> io::Result<()> {
    control.write_all(bytes).await?;
    control.flush().await
}

/// Shakes hands over the control connection.
pub async fn secure_control(control: &mut Wire, tls: Option<&Tls>, patience: Duration) -> Shaken {
    let plain = mem::replace(control, Box::new(tokio::io::empty()));
    match timeout(patience, secure(Some(plain), tls)).await {
        Err(_) => (Err(TlsError::TimedOut), TlsError::TimedOut.to_string()),
        Ok((wire, shaken)) => {
            *control = wire.unwrap_or_else(|| Box::new(tokio::io::empty()));
            shaken
        }
    }
}

async fn secure(wire: Option<Wire>, tls: Option<&Tls>) -> (Option<Wire>, Shaken) {
    let (Some(wire), Some(tls)) = (wire, tls) else {
        return (None, (Err(TlsError::Unavailable), "no TLS was set up".into()));
    };
    match TlsConnector::from(tls.config()).connect(tls.name(), wire).await {
        Ok(stream) => {
            let session = stream.get_ref().1;
            let resumed = session.handshake_kind() == Some(HandshakeKind::Resumed);
            let how = description(session.protocol_version(), resumed);
            (Some(Box::new(stream)), (Ok(resumed), how))
        }
        Err(error) => {
            let why = error.get_ref().and_then(|error| error.downcast_ref::<Error>()).map(why);
            (None, (Err(why.unwrap_or(TlsError::Handshake)), error.to_string()))
        }
    }
}

/// Files of this machine are read and written in place: tokio has no other way to them than a thread.
async fn transfer(mut wire: Wire, content: &RefCell<Content<'_>>, moved: &Cell<u64>) -> (StreamEnd, u64) {
    moved.set(0);
    let mut taken = 0;
    let is_source = matches!(*content.borrow(), Content::Source(_));
    let result = if is_source {
        send(&mut wire, content, moved, &mut taken).await
    } else {
        receive(&mut wire, content, moved).await
    };
    // What was taken from a source counts, sent or not: on another connection it would be missing.
    (result.err().unwrap_or(StreamEnd::Clean), moved.get().max(taken))
}

async fn send(
    wire: &mut Wire,
    content: &RefCell<Content<'_>>,
    moved: &Cell<u64>,
    taken: &mut u64,
) -> Result<(), StreamEnd> {
    let mut buffer = vec![0; PIECE];
    loop {
        interruptible().await;
        let count = match &mut *content.borrow_mut() {
            Content::Source(source) => read(&mut **source, &mut buffer)?,
            Content::Sink(_) => 0,
        };
        let mut unsent = &buffer[..count];
        *taken += count as u64;
        if unsent.is_empty() {
            break;
        }
        while !unsent.is_empty() {
            let count = wire.write(unsent).await.map_err(|_| StreamEnd::Truncated)?;
            unsent = &unsent[count..];
            moved.set(moved.get() + count as u64);
        }
    }
    // Under TLS this is close_notify, too.
    wire.shutdown().await.map_err(|_| StreamEnd::Truncated)?;
    // Closing over unread bytes would reset the connection, and could destroy the tail of what was sent. Under TLS those
    // are session tickets, which the next data connection needs.
    let drained = async { while matches!(wire.read(&mut buffer).await, Ok(count) if count > 0) {} };
    let _ = timeout(LINGER, drained).await;
    Ok(())
}

async fn receive(wire: &mut Wire, content: &RefCell<Content<'_>>, moved: &Cell<u64>) -> Result<(), StreamEnd> {
    let mut buffer = vec![0; PIECE];
    loop {
        interruptible().await;
        // Under TLS an end without close_notify is an error.
        let count = wire.read(&mut buffer).await.map_err(|_| StreamEnd::Truncated)?;
        let Content::Sink(sink) = &mut *content.borrow_mut() else { return Err(StreamEnd::LocalError) };
        if count == 0 {
            sink.flush().map_err(|error| local_end(&error).unwrap_or(StreamEnd::LocalError))?;
            break;
        }
        sink.write_all(&buffer[..count]).map_err(|error| local_end(&error).unwrap_or(StreamEnd::LocalError))?;
        moved.set(moved.get() + count as u64);
    }
    // The other side may wait for our goodbye before it says that all went well.
    let _ = timeout(LINGER, wire.shutdown()).await;
    Ok(())
}

/// A file that comes fast enough to be always ready would keep the loop from looking at anything else for a while.
async fn interruptible() {
    if interrupt::came() {
        yield_now().await;
    }
}

fn read(source: &mut dyn io::Read, buffer: &mut [u8]) -> Result<usize, StreamEnd> {
    loop {
        match source.read(buffer) {
            Ok(count) => return Ok(count),
            Err(error) => {
                if let Some(end) = local_end(&error) {
                    return Err(end);
                }
            }
        }
    }
}
