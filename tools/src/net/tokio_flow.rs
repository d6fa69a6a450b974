//! Moving a file over one of tokio's connections.

use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;

use ftp_proto::StreamEnd;
use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt, Interest};
use tokio::net::TcpStream;
use tokio::task::yield_now;
use tokio::time::timeout;

use super::content::{Content, Sink, Source};
use super::data::{LINGER, PIECE, local_end};
use super::flow::network_end;
use super::swift::{self, Pipe};
use super::tokio_wire::Wire;

/// A data connection.
pub struct Flow {
    pub wire: Wire,
    /// What was received behind the end of the transfer before.
    unread: Vec<u8>,
}

/// A transfer under way, for who looks at it from outside.
#[derive(Default)]
pub struct Progress<'c> {
    moved: Cell<u64>,
    /// What was taken from a source, sent or not: on another connection it would be missing.
    taken: Cell<u64>,
    /// The file, once the transfer has ended or was dropped.
    content: Cell<Option<Content<'c>>>,
    /// The connection, if it is there for the next transfer.
    standing: Cell<Option<Flow>>,
}

/// Gives the file back when it is dropped.
struct Lent<'c> {
    content: Option<Content<'c>>,
    progress: Rc<Progress<'c>>,
}

/// Files of this machine are read and written in place: tokio has no other way to them than a thread. The content is lent from
/// here on, not from the first poll: what is dropped before that gives it back, too.
pub fn transfer<'c>(
    mut flow: Flow,
    content: Content<'c>,
    progress: Rc<Progress<'c>>,
) -> impl Future<Output = StreamEnd> + use<'c> {
    let mut lent = Lent { content: Some(content), progress };
    async move {
        let Lent { content, progress } = &mut lent;
        let result = match content {
            Some(Content::Source(source)) => send(&mut flow.wire, &mut **source, progress).await,
            Some(Content::Sink(sink)) => receive(&mut flow, &mut **sink, &progress.moved).await,
            None => Err(StreamEnd::LocalError),
        };
        let end = result.unwrap_or_else(|end| end);
        if end == StreamEnd::Marked {
            progress.standing.set(Some(flow));
        }
        end
    }
}

impl From<Wire> for Flow {
    fn from(wire: Wire) -> Self {
        Self { wire, unread: Vec::new() }
    }
}

impl<'c> Progress<'c> {
    pub fn moved(&self) -> u64 {
        self.moved.get()
    }

    /// How many bytes were taken from a source or given to a sink.
    pub fn taken(&self) -> u64 {
        self.taken.get().max(self.moved.get())
    }

    pub fn take_content(&self) -> Option<Content<'c>> {
        self.content.take()
    }

    pub fn take_standing(&self) -> Option<Flow> {
        self.standing.take()
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        self.progress.content.set(self.content.take());
    }
}

async fn send(wire: &mut Wire, source: &mut dyn Source, progress: &Progress<'_>) -> Result<StreamEnd, StreamEnd> {
    let Progress { moved, taken, .. } = progress;
    if !send_swiftly(wire, source, moved).await? {
        taken.set(moved.get());
        // A listing is small: so is what it needs.
        let mut buffer = Vec::with_capacity(4096);
        loop {
            let count = read(source, &mut buffer, taken).await?;
            taken.set(taken.get() + count as u64);
            if count == 0 {
                break;
            }
            let mut unsent = &buffer[..count];
            while !unsent.is_empty() {
                let count = wire.write(unsent).await.map_err(|_| StreamEnd::Truncated)?;
                unsent = &unsent[count..];
                moved.set(moved.get() + count as u64);
            }
            // A file that comes fast enough to be always ready would keep the loop from looking at anything else.
            yield_now().await;
        }
    }
    // No close_notify either: it would say that this is all.
    if source.length().is_some_and(|length| moved.get() < length) {
        return Err(StreamEnd::LocalError);
    }
    if source.may_stay() {
        wire.flush().await.map_err(|_| StreamEnd::Truncated)?;
        return Ok(StreamEnd::Marked);
    }
    // Under TLS this is close_notify, too.
    wire.shutdown().await.map_err(|_| StreamEnd::Truncated)?;
    if let Wire::Plain(socket) = wire {
        // In plaintext nobody has anything to say to who sends, and 226 needn't wait for it. A reset may be here already, whatever
        // tokio believes of the socket.
        let read = (&*SockRef::from(&*socket)).read(&mut [0; 1024]);
        return Ok(read.err().and_then(|error| network_end(&error)).unwrap_or(StreamEnd::Clean));
    }
    // Closing over unread bytes would reset the connection, and could destroy the tail of what was sent. Under TLS those
    // are session tickets, which the next data connection needs.
    let mut rest = [0; 64];
    let drained = async { while matches!(wire.read(&mut rest).await, Ok(count) if count > 0) {} };
    let _ = timeout(LINGER, drained).await;
    Ok(StreamEnd::Clean)
}

async fn receive(flow: &mut Flow, sink: &mut dyn Sink, moved: &Cell<u64>) -> Result<StreamEnd, StreamEnd> {
    let Flow { wire, unread } = flow;
    // Of the transfer before.
    let kept = std::mem::take(unread);
    *unread = deliver(&kept, sink, moved)?.to_vec();
    if unread.is_empty() && !sink.is_complete() && receive_swiftly(wire, sink, moved).await? {
        return Ok(StreamEnd::Clean);
    }
    let mut buffer = vec![0; PIECE.min(sink.most_at_once())];
    let end = loop {
        if sink.is_complete() {
            if sink.may_stay() {
                return Ok(StreamEnd::Marked);
            }
            break StreamEnd::Clean;
        }
        // Under TLS an end without close_notify is an error.
        let count = wire.read(&mut buffer).await.map_err(|_| StreamEnd::Truncated)?;
        if count == 0 {
            break sink.close().map_err(here)?;
        }
        *unread = deliver(&buffer[..count], sink, moved)?.to_vec();
        yield_now().await;
    };
    // The other side may wait for our goodbye before it says that all went well.
    let _ = timeout(LINGER, wire.shutdown()).await;
    Ok(end)
}

/// Gives what was received to the sink, up to the end that is in it; what is left.
fn deliver<'b>(mut bytes: &'b [u8], sink: &mut dyn Sink, moved: &Cell<u64>) -> Result<&'b [u8], StreamEnd> {
    while !bytes.is_empty() && !sink.is_complete() {
        match sink.write(bytes) {
            Ok(0) if !sink.is_complete() => return Err(StreamEnd::LocalError),
            Ok(count) => {
                bytes = &bytes[count..];
                moved.set(moved.get() + count as u64);
            }
            Err(error) => {
                if let Some(end) = local_end(&error) {
                    return Err(end);
                }
            }
        }
    }
    Ok(bytes)
}

/// By the kernel, as far as it can; whether that is all.
async fn send_swiftly(wire: &Wire, source: &dyn Source, moved: &Cell<u64>) -> Result<bool, StreamEnd> {
    let (Wire::Plain(socket), Some(file)) = (wire, source.file()) else { return Ok(false) };
    loop {
        match ready(socket, Interest::WRITABLE, || swift::send(socket, file)).await? {
            None => return Ok(false),
            Some(0) => return Ok(true),
            Some(count) => moved.set(moved.get() + count as u64),
        }
        yield_now().await;
    }
}

/// By the kernel, as far as it can; whether that is all.
async fn receive_swiftly(wire: &Wire, sink: &mut dyn Sink, moved: &Cell<u64>) -> Result<bool, StreamEnd> {
    let (Wire::Plain(socket), Some(_)) = (wire, sink.file()) else { return Ok(false) };
    let Some(mut pipe) = Pipe::new() else { return Ok(false) };
    loop {
        match ready(socket, Interest::READABLE, || pipe.take(socket)).await? {
            None => return Ok(false),
            Some(0) => return Ok(true),
            Some(count) => {
                let is_put = sink.file().map_or(Ok(false), |file| pipe.put(file)).map_err(here)?;
                if !is_put {
                    pipe.pour(sink, &mut [0; 8192]).map_err(here)?;
                }
                moved.set(moved.get() + count as u64);
                if !is_put {
                    return Ok(false);
                }
            }
        }
        yield_now().await;
    }
}

/// What an error of our own file means.
fn here(error: io::Error) -> StreamEnd {
    local_end(&error).unwrap_or(StreamEnd::LocalError)
}

/// Waits until the socket can, and does it.
async fn ready<T>(
    socket: &TcpStream,
    interest: Interest,
    mut work: impl FnMut() -> io::Result<T>,
) -> Result<T, StreamEnd> {
    loop {
        socket.ready(interest).await.map_err(|_| StreamEnd::Truncated)?;
        match socket.try_io(interest, &mut work) {
            Ok(done) => return Ok(done),
            Err(error) => {
                // Else it can't yet, or a signal has come between.
                if let Some(end) = network_end(&error) {
                    return Err(end);
                }
            }
        }
    }
}

/// Fills the buffer anew. It grows as it is filled: up to a piece. A source that takes long lets others have their turn.
async fn read(source: &mut dyn Source, buffer: &mut Vec<u8>, taken: &Cell<u64>) -> Result<usize, StreamEnd> {
    if buffer.len() == buffer.capacity() && !buffer.is_empty() {
        buffer.reserve_exact(PIECE - buffer.len());
    }
    buffer.resize(buffer.capacity().min(PIECE), 0);
    loop {
        match source.read(buffer) {
            Ok(count) => return Ok(count),
            Err(error) => {
                if let Some(end) = local_end(&error) {
                    return Err(end);
                }
                // Who stops here has lost what was read so far.
                taken.set(taken.get().max(source.has_begun().into()));
                yield_now().await;
            }
        }
    }
}
