//! One side's control connection, and what waits to be written to it.

use std::future::pending;
use std::io::{self, ErrorKind};
use std::net::Shutdown;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags};
use socket2::SockRef;
use tokio::net::TcpStream;

/// While so much waits for one side, nothing more is read for it.
const ROOM: usize = 64 * 1024;

/// One side's control connection.
pub struct Side {
    stream: TcpStream,
    out: Vec<u8>,
    /// Which byte of `out` goes as TCP's urgent data: where Telnet's Synch was marked, or ABOR's last byte.
    urgent: Option<usize>,
    /// Nothing more comes from it.
    ended: bool,
    end: End,
}

/// How far the end of what goes to a side has come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Open,
    /// It goes once all is written.
    Due,
    Sent,
}

/// What a look at a side brought.
pub struct Heard {
    /// How many bytes; none: it has ended.
    pub count: usize,
    /// The first one was marked as urgent.
    pub urgent: bool,
}

impl Side {
    /// The connection; marks in it stay in the stream.
    pub fn new(stream: TcpStream) -> io::Result<Self> {
        let socket = SockRef::from(&stream);
        socket.set_out_of_band_inline(true)?;
        socket.set_tcp_nodelay(true)?;
        Ok(Self { stream, out: Vec::new(), urgent: None, ended: false, end: End::Open })
    }

    pub fn has_ended(&self) -> bool {
        self.ended
    }

    /// Whether more may be read for it.
    pub fn has_room(&self) -> bool {
        self.out.len() < ROOM
    }

    /// All that is to go to it has gone.
    pub fn is_done(&self) -> bool {
        self.end == End::Sent
    }

    /// Until there is something to read.
    pub async fn readable(&self) -> io::Result<()> {
        self.stream.readable().await
    }

    /// Until there is something that can be written.
    pub async fn writable(&self) -> io::Result<()> {
        match (self.out.is_empty(), self.end) {
            (true, End::Open | End::Sent) => pending().await,
            _ => self.stream.writable().await,
        }
    }

    /// Reads; `None`: there is nothing yet. The system ends a read before a byte that is marked as urgent.
    pub fn read(&mut self, buffer: &mut [u8]) -> io::Result<Option<Heard>> {
        let marked = is_marked(&self.stream);
        match self.stream.try_read(buffer) {
            Ok(count) => {
                self.ended = count == 0;
                Ok(Some(Heard { count, urgent: marked && !is_marked(&self.stream) && count > 0 }))
            }
            Err(error) if is_nothing(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// These bytes go to it, and the one at that place as urgent data.
    pub fn push(&mut self, bytes: &[u8], urgent: Option<usize>) {
        if let Some(at) = urgent {
            self.urgent = Some(self.out.len() + at);
        }
        self.out.extend_from_slice(bytes);
    }

    /// Nothing more will go to it.
    pub fn finish(&mut self) {
        if self.end == End::Open {
            self.end = End::Due;
        }
    }

    /// Writes as much as it takes at once, and the end behind it, if that is due.
    pub fn write(&mut self) -> io::Result<()> {
        while !self.out.is_empty() {
            let written = match self.urgent {
                Some(0) => match SockRef::from(&self.stream).send_out_of_band(&self.out[..1]) {
                    Ok(count) => {
                        self.urgent = None;
                        Ok(count)
                    }
                    Err(error) => Err(error),
                },
                Some(at) => self.stream.try_write(&self.out[..at]),
                None => self.stream.try_write(&self.out),
            };
            match written {
                Ok(count) => {
                    self.out.drain(..count);
                    self.urgent = self.urgent.map(|at| at - count);
                }
                Err(error) if is_nothing(&error) => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        // What an idle session doesn't need is given back.
        self.out = Vec::new();
        if self.end == End::Due {
            self.end = End::Sent;
            SockRef::from(&self.stream).shutdown(Shutdown::Write)?;
        }
        Ok(())
    }

    /// Breaks it: the other end shall not take what has come for all.
    pub fn reset(&self) {
        reset(&self.stream);
    }

    /// Says this as the last word, and closes it in order: over unread bytes a close would be a reset, which can destroy the last word.
    pub async fn leave(mut self, patience: Duration) {
        self.finish();
        let closing = async {
            while !self.is_done() {
                self.writable().await?;
                self.write()?;
            }
            let mut buffer = [0; 1024];
            while !self.ended {
                self.readable().await?;
                self.read(&mut buffer)?;
            }
            io::Result::Ok(())
        };
        // Who doesn't go is left.
        let _ = tokio::time::timeout(patience, closing).await;
    }
}

/// Breaks a connection when it is dropped.
pub fn reset(stream: &TcpStream) {
    // It closes in order, then.
    let _ = SockRef::from(stream).set_linger(Some(Duration::ZERO));
}

/// Closes it in order, after all.
pub fn in_order(stream: &TcpStream) {
    let _ = SockRef::from(stream).set_linger(None);
}

/// Whether a byte that is marked as urgent is still to be read.
fn is_marked(stream: &TcpStream) -> bool {
    let mut look = [PollFd::new(stream, PollFlags::PRI)];
    let now = rustix::event::Timespec { tv_sec: 0, tv_nsec: 0 };
    rustix::event::poll(&mut look, Some(&now)).is_ok() && look[0].revents().contains(PollFlags::PRI)
}

fn is_nothing(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::net::{TcpListener, TcpStream as Blocking};

    use super::*;

    #[tokio::test(flavor = "current_thread")]
    async fn what_has_gone_takes_no_memory() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut reader = Blocking::connect(listener.local_addr().unwrap()).unwrap();
        let (socket, _) = listener.accept().unwrap();
        socket.set_nonblocking(true).unwrap();
        let mut side = Side::new(TcpStream::from_std(socket).unwrap()).unwrap();
        side.push(&[b'x'; 20_000], None);
        assert!(side.out.capacity() >= 20_000);
        side.writable().await.unwrap();
        side.write().unwrap();
        reader.read_exact(&mut [0; 20_000]).unwrap();
        assert_eq!(side.out.capacity(), 0);
    }
}
