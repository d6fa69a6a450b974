//! What one end of a data connection sends goes to the other: on Linux by the kernel alone.

use std::io::{self, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::ops::Range;

use socket2::SockRef;
use tokio::io::Interest;
use tokio::net::TcpStream;
use tokio::task::yield_now;

use crate::net::swift::Pipe;

/// Where less comes at once, as of a listing or a short file, a pipe isn't worth it.
const SMALL: usize = 16 * 1024;

/// Bytes that are under way at a time where the kernel can't do it.
const BUFFER: usize = 128 * 1024;

/// Bytes of one direction that were received, and not sent yet.
#[derive(Default)]
struct UnderWay {
    way: Way,
    buffer: Vec<u8>,
    /// What of the buffer is to be sent.
    rest: Range<usize>,
}

/// How bytes go.
#[derive(Default)]
enum Way {
    /// Little has come so far: through a small buffer.
    #[default]
    Small,
    /// Through the kernel.
    Pipe(Pipe),
    /// Through a large buffer.
    Large,
}

/// Which of the two connections broke.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broken {
    From,
    To,
}

/// Passes on all that comes from one to the other, and its end.
pub async fn pump(from: &TcpStream, to: &TcpStream, count: impl Fn(usize), passed: impl Fn()) -> Result<(), Broken> {
    // No buffer waits for who says nothing.
    from.readable().await.map_err(|_| Broken::From)?;
    let mut bytes = UnderWay::default();
    loop {
        from.readable().await.map_err(|_| Broken::From)?;
        match from.try_io(Interest::READABLE, || bytes.take(from)) {
            Ok(0) => break,
            Ok(_) => {}
            Err(error) if is_nothing(&error) => continue,
            Err(_) => return Err(Broken::From),
        }
        while !bytes.is_empty() {
            to.writable().await.map_err(|_| Broken::To)?;
            match to.try_io(Interest::WRITABLE, || bytes.give(to)) {
                Ok(written) => count(written),
                Err(error) if is_nothing(&error) => {}
                Err(_) => return Err(Broken::To),
            }
        }
        // Where both ends are fast, no other session of the thread would ever have its turn.
        yield_now().await;
    }
    let result = SockRef::from(to).shutdown(Shutdown::Write);
    passed();
    match result {
        // Who has left already needs no end.
        Err(error) if error.kind() != ErrorKind::NotConnected => Err(Broken::To),
        _ => Ok(()),
    }
}

impl UnderWay {
    /// Takes what has come, once all is sent that came before; how many bytes. None: the end.
    fn take(&mut self, from: &TcpStream) -> io::Result<usize> {
        if let Way::Pipe(pipe) = &mut self.way {
            if let Some(count) = pipe.take(from)? {
                return Ok(count);
            }
            self.way = Way::Large;
        }
        let room = if matches!(self.way, Way::Small) { SMALL } else { BUFFER };
        self.buffer.resize(room, 0);
        let count = (&*SockRef::from(from)).read(&mut self.buffer)?;
        self.rest = 0..count;
        if count == room && matches!(self.way, Way::Small) {
            self.way = Pipe::new().map_or(Way::Large, Way::Pipe);
        }
        Ok(count)
    }

    /// Sends what can be sent at once; how many bytes.
    fn give(&mut self, to: &TcpStream) -> io::Result<usize> {
        if let Way::Pipe(pipe) = &mut self.way
            && self.rest.is_empty()
        {
            if let Some(count) = pipe.give(to)? {
                return Ok(count);
            }
            self.go_on_without_pipe()?;
        }
        let count = (&*SockRef::from(to)).write(self.buffer.get(self.rest.clone()).unwrap_or_default())?;
        self.rest.start += count;
        Ok(count)
    }

    /// The kernel can't: what is in the pipe goes through the buffer, as does all that comes.
    fn go_on_without_pipe(&mut self) -> io::Result<()> {
        if let Way::Pipe(mut pipe) = std::mem::replace(&mut self.way, Way::Large) {
            self.buffer.clear();
            pipe.pour(&mut self.buffer, &mut [0; 8192])?;
            self.rest = 0..self.buffer.len();
        }
        Ok(())
    }

    fn is_empty(&self) -> bool {
        self.rest.is_empty() && !matches!(&self.way, Way::Pipe(pipe) if !pipe.is_empty())
    }
}

fn is_nothing(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream as Blocking};
    use std::thread;

    use tokio::runtime::Builder;

    use super::*;

    /// The two ends of a connection.
    fn connection() -> (Blocking, Blocking) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let dialled = Blocking::connect(listener.local_addr().unwrap()).unwrap();
        (dialled, listener.accept().unwrap().0)
    }

    /// What arrives of that, and how many bytes were counted.
    fn through(content: &[u8]) -> (Vec<u8>, usize) {
        let ((mut sender, from), (to, mut receiver)) = (connection(), connection());
        let counted = Cell::new(0);
        let mut arrived = Vec::new();
        thread::scope(|scope| {
            scope.spawn(move || sender.write_all(content).unwrap());
            scope.spawn(|| receiver.read_to_end(&mut arrived).unwrap());
            for socket in [&from, &to] {
                socket.set_nonblocking(true).unwrap();
            }
            let runtime = Builder::new_current_thread().enable_io().build().unwrap();
            runtime.block_on(async {
                let (from, to) = (TcpStream::from_std(from).unwrap(), TcpStream::from_std(to).unwrap());
                pump(&from, &to, |count| counted.set(counted.get() + count), || ()).await.unwrap();
            });
        });
        (arrived, counted.get())
    }

    #[test]
    fn all_of_it_arrives_by_each_way() {
        let content: Vec<u8> = (0..5_000_000_u32).map(|at| (at ^ at >> 11) as u8).collect();
        for length in [0, 1, SMALL - 1, SMALL, SMALL + 1, 5_000_000] {
            let (arrived, counted) = through(&content[..length]);
            assert!(arrived == content[..length] && counted == length, "{length}");
        }
    }

    #[tokio::test(flavor = "current_thread")]
    async fn where_the_kernel_stops_a_buffer_goes_on() {
        let ((mut sender, from), (to, mut receiver)) = (connection(), connection());
        let [from, to] = [from, to].map(|socket| {
            socket.set_nonblocking(true).unwrap();
            TcpStream::from_std(socket).unwrap()
        });
        sender.write_all(b"some of it").unwrap();
        from.readable().await.unwrap();
        // Nowhere else is there one.
        let Some(pipe) = Pipe::new() else { return };
        let mut bytes = UnderWay { way: Way::Pipe(pipe), ..UnderWay::default() };
        assert_eq!(bytes.take(&from).unwrap(), 10);
        assert!(!bytes.is_empty());
        bytes.go_on_without_pipe().unwrap();
        assert_eq!(bytes.give(&to).unwrap(), 10);
        assert!(bytes.is_empty());
        let mut arrived = [0; 10];
        receiver.read_exact(&mut arrived).unwrap();
        assert_eq!(&arrived, b"some of it");
        sender.write_all(&[b'x'; 100]).unwrap();
        from.readable().await.unwrap();
        assert_eq!(bytes.take(&from).unwrap(), 100);
    }
}
