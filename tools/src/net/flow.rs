//! Moves bytes over a data connection, piece by piece.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::ops::Range;
use std::time::{Duration, Instant};

use ftp_proto::{Moved, StreamEnd};
use rustix::event::{PollFd, PollFlags};
use rustls::{Connection, Error};

use super::channel::{Channel, Shake};
use super::content::{Content, Sink, Source};
use super::data::{Ear, wait};
use super::swift::{self, Pipe};
use crate::interrupt;

/// The most that is moved before the control connection is polled again.
pub const PIECE: usize = 256 * 1024;
/// How long nothing may move, if the machine sets no deadline.
const STALL: Duration = Duration::from_secs(120);
/// How long the sender waits for the other side to close after the last byte.
pub const LINGER: Duration = Duration::from_secs(2);

/// A data connection while bytes move over it.
pub struct Flow {
    channel: Channel,
    /// Empty until it is needed.
    buffer: Vec<u8>,
    /// Bytes that were read from the source and aren't sent yet.
    unsent: Range<usize>,
    /// Bytes that were received and aren't taken by the content yet.
    unread: Range<usize>,
    way: Way,
    /// The source is at its end.
    is_drained: bool,
    /// Everything is sent, and the sending side is shut down.
    shut: bool,
    total: u64,
    /// When something moved last.
    stirred: Instant,
    /// Whether bytes may have moved.
    has_begun: bool,
    /// Whether the source has consumed bytes that it hasn't returned yet.
    is_gone: bool,
}

/// Who moves the bytes.
enum Way {
    /// The kernel, if it turns out that it can.
    Swift,
    /// The kernel, which can.
    Through(Pipe),
    /// This process.
    Buffer,
}

/// The result of a step of a [`Flow`].
pub enum Turn {
    /// The control connection has something to say.
    Control,
    /// This many bytes were moved so far.
    Moved(u64),
    /// The transfer has ended, with this much moved. The content isn't finished yet.
    Ended(StreamEnd, Moved),
}

impl Flow {
    pub fn new(socket: TcpStream) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        Ok(Self {
            channel: Channel::data(socket),
            buffer: Vec::new(),
            unsent: 0..0,
            unread: 0..0,
            way: Way::Swift,
            is_drained: false,
            shut: false,
            total: 0,
            stirred: Instant::now(),
            has_begun: false,
            is_gone: false,
        })
    }

    /// Whether the end was marked in the data, so that the connection stays for the next transfer.
    pub fn rest(&mut self) {
        (self.unsent, self.is_drained, self.shut, self.total) = (0..0, false, false, 0);
        (self.has_begun, self.is_gone) = (false, false);
        if self.unread.is_empty() {
            self.buffer = Vec::new();
        }
    }

    /// Does a step of the handshake, which `begin` begins; waits for either connection. No byte bypasses TLS.
    pub fn shake<'a>(
        &mut self,
        begin: impl FnOnce() -> Result<Connection, Error>,
        ear: impl Into<Ear<'a>>,
        patience: Duration,
    ) -> io::Result<Shake> {
        self.stirred = Instant::now();
        self.way = Way::Buffer;
        self.channel.shake(begin, ear, patience)
    }

    /// Waits for either connection, then moves one piece. `patience`: until the machine wants to know how far it is.
    pub fn turn<'a>(
        &mut self,
        ear: impl Into<Ear<'a>>,
        content: &mut Content<'_>,
        patience: Option<Duration>,
    ) -> io::Result<Turn> {
        self.has_begun = true;
        let sends = matches!(content, Content::Source(_)) && !self.shut;
        let has_more = self.channel.is_pending() || !self.unread.is_empty() && matches!(content, Content::Sink(_));
        if sends || !has_more {
            let interest = PollFd::new(self.channel.socket(), if sends { PollFlags::OUT } else { PollFlags::IN });
            let limit = if self.shut { LINGER } else { STALL };
            let rest = limit.saturating_sub(self.stirred.elapsed());
            let machine = patience.filter(|_| !self.shut);
            let ready = wait(ear, Some(interest), Some(machine.unwrap_or(rest)))?;
            if ready.control {
                return Ok(Turn::Control);
            }
            if !ready.data {
                // Over the linger time nothing is lost: all was sent, and the other side was told that it is all.
                let end = if self.shut { StreamEnd::Clean } else { StreamEnd::Truncated };
                let goes_on = machine.is_some() || self.stirred.elapsed() < limit;
                return Ok(if goes_on { Turn::Moved(self.total) } else { self.ended(end) });
            }
        }
        self.stirred = Instant::now();
        let end = match content {
            Content::Source(source) if !self.shut => self.send(&mut **source),
            Content::Source(_) => self.drain(),
            Content::Sink(sink) => self.receive(&mut **sink),
        };
        Ok(end.map_or(Turn::Moved(self.total), |end| self.ended(end)))
    }

    /// Takes what has come and wasn't read yet: until the end, or nothing comes for so long, and a hundred times as long at
    /// most. `is_open`: the bytes are this content's, also if none was moved yet.
    pub fn salvage(&mut self, content: &mut Content<'_>, silence: Duration, is_open: bool) {
        if matches!(content, Content::Source(_)) || !(self.has_begun || is_open) {
            return;
        }
        let (begun, mut last) = (Instant::now(), Instant::now());
        while last.elapsed() <= silence && begun.elapsed() <= silence * 100 && !interrupt::came() {
            let before = self.total;
            match self.turn(None, content, Some(silence.saturating_sub(last.elapsed()))) {
                Ok(Turn::Moved(total)) if total > before => last = Instant::now(),
                Ok(Turn::Moved(_)) => {}
                Ok(Turn::Control | Turn::Ended(..)) | Err(_) => return,
            }
        }
    }

    fn ended(&self, end: StreamEnd) -> Turn {
        Turn::Ended(end, moved(end, self.taken()))
    }

    /// How many bytes were given to a sink, or taken from a source, sent or not, since they would be missing on another connection.
    pub fn taken(&self) -> u64 {
        (self.total + self.unsent.len() as u64).max(self.is_gone.into())
    }

    /// Whether fewer bytes were sent than the other side was told: then no close_notify may be sent, which would say that this was all.
    fn is_short(&self, source: &dyn Source) -> bool {
        source.length().is_some_and(|length| self.total < length)
    }

    fn send(&mut self, source: &mut dyn Source) -> Option<StreamEnd> {
        if let (Way::Swift, Some(file)) = (&self.way, source.file()) {
            match swift::send(self.channel.socket(), file) {
                Ok(Some(0)) if self.is_short(source) => return Some(StreamEnd::LocalError),
                Ok(Some(0)) => self.is_drained = true,
                Ok(Some(count)) => {
                    self.total += count as u64;
                    return None;
                }
                Ok(None) => {}
                Err(error) => return network_end(&error),
            }
        }
        self.way = Way::Buffer;
        if self.unsent.is_empty() && !self.is_drained {
            self.buffer.resize(PIECE, 0);
            match source.read(&mut self.buffer) {
                Ok(0) if self.is_short(source) => return Some(StreamEnd::LocalError),
                Ok(0) => {
                    self.is_drained = true;
                    if !source.may_stay() {
                        self.channel.close_notify();
                    }
                }
                Ok(count) => self.unsent = 0..count,
                Err(error) => {
                    self.is_gone = source.has_begun();
                    return local_end(&error);
                }
            }
        }
        if self.is_drained && source.may_stay() {
            return match self.channel.flush() {
                Ok(()) => Some(StreamEnd::Marked),
                Err(error) => network_end(&error),
            };
        }
        if self.is_drained {
            return match self.channel.flush().and_then(|()| self.channel.socket().shutdown(Shutdown::Write)) {
                Ok(()) => {
                    self.shut = true;
                    // In plaintext nobody has anything to say to who sends, and 226 needn't wait for it.
                    if self.channel.is_secure() { None } else { self.drain().or(Some(StreamEnd::Clean)) }
                }
                Err(error) => network_end(&error),
            };
        }
        match self.channel.write(&self.buffer[self.unsent.clone()]) {
            Ok(count) => {
                self.unsent.start += count;
                self.total += count as u64;
                None
            }
            Err(error) => network_end(&error),
        }
    }

    /// Reads to the end: closing while bytes are unread would reset the connection, and could destroy the end of what was sent. Under TLS
    /// they are session tickets, which the next data connection needs.
    fn drain(&mut self) -> Option<StreamEnd> {
        match self.channel.read(&mut [0; 1024]) {
            Ok(0) => Some(StreamEnd::Clean),
            Ok(_) => None,
            // All is sent, and the other side was told so: whether it says goodbye doesn't matter.
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => Some(StreamEnd::Clean),
            Err(error) => network_end(&error),
        }
    }

    /// The other side may wait for it before it says that all went well.
    fn say_goodbye(&mut self) {
        self.channel.close_notify();
        let _ = self.channel.flush();
    }

    fn receive(&mut self, sink: &mut dyn Sink) -> Option<StreamEnd> {
        // Of the transfer before.
        if !self.unread.is_empty() {
            return self.deliver(sink);
        }
        if let Way::Swift = self.way {
            self.way = sink.file().and_then(|_| Pipe::new()).map_or(Way::Buffer, Way::Through);
        }
        if let Way::Through(pipe) = &mut self.way {
            match pipe.take(self.channel.socket()) {
                Ok(Some(0)) => return Some(StreamEnd::Clean),
                Ok(Some(count)) => {
                    let result = match sink.file().map_or(Ok(false), |file| pipe.put(file)) {
                        Ok(true) => Ok(()),
                        Ok(false) => {
                            self.buffer.resize(PIECE, 0);
                            let result = pipe.pour(sink, &mut self.buffer);
                            self.way = Way::Buffer;
                            result
                        }
                        Err(error) => Err(error),
                    };
                    self.total += count as u64;
                    return result.err().and_then(|error| local_end(&error));
                }
                Ok(None) => self.way = Way::Buffer,
                Err(error) => return network_end(&error),
            }
        }
        self.buffer.resize(PIECE.min(sink.most_at_once()), 0);
        match self.channel.read(&mut self.buffer) {
            Ok(0) => {
                self.say_goodbye();
                sink.close().map_or_else(|error| local_end(&error), Some)
            }
            Ok(count) => {
                self.unread = 0..count;
                self.deliver(sink)
            }
            Err(error) => network_end(&error),
        }
    }

    /// Passes the received bytes to the sink, up to the mark of the end.
    fn deliver(&mut self, sink: &mut dyn Sink) -> Option<StreamEnd> {
        while !self.unread.is_empty() && !sink.is_complete() {
            match sink.write(&self.buffer[self.unread.clone()]) {
                Ok(0) if !sink.is_complete() => return Some(StreamEnd::LocalError),
                Ok(count) => {
                    self.unread.start += count;
                    self.total += count as u64;
                }
                Err(error) => {
                    if let Some(end) = local_end(&error) {
                        return Some(end);
                    }
                }
            }
        }
        if !sink.is_complete() {
            return None;
        }
        if sink.may_stay() {
            return Some(StreamEnd::Marked);
        }
        self.say_goodbye();
        Some(StreamEnd::Clean)
    }
}

/// How much a stream with this end has moved. Content may begin anew only if its connection broke: otherwise it is finished, or may have been
/// written in part.
pub fn moved(end: StreamEnd, taken: u64) -> Moved {
    match end {
        StreamEnd::Truncated => taken.into(),
        StreamEnd::Clean | StreamEnd::Marked | StreamEnd::LocalError | StreamEnd::StorageFull => Moved::Bytes(taken),
    }
}

/// The end of the stream for an error of the socket, or of the kernel between it and a file.
pub fn network_end(error: &io::Error) -> Option<StreamEnd> {
    match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::Interrupted => None,
        _ if error.raw_os_error() == Some(rustix::io::Errno::IO.raw_os_error()) => Some(StreamEnd::LocalError),
        _ => Some(StreamEnd::Truncated),
    }
}

pub fn local_end(error: &io::Error) -> Option<StreamEnd> {
    match error.kind() {
        ErrorKind::Interrupted => None,
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => Some(StreamEnd::StorageFull),
        _ => Some(StreamEnd::LocalError),
    }
}
