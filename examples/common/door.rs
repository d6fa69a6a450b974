//! Where clients come in: the listening socket, how many may be inside, and when everybody has to leave.

use std::io::{self, ErrorKind, PipeReader, PipeWriter};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::{flag, low_level};
use socket2::{Domain, Socket, Type};

use super::interrupt::STATUS;

/// How many clients may wait for us to accept them.
const BACKLOG: i32 = 1024;

/// Listens there; `[::]` for IPv4, too.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    // Connections that have ended just now don't keep a server from starting again.
    socket.set_reuse_address(true)?;
    if address.ip().is_unspecified() && address.is_ipv6() {
        socket.set_only_v6(false)?;
    }
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// The end, for all sessions at once.
pub struct Stop {
    came: Arc<AtomicBool>,
    /// It can be read from then on, and nobody does: so it wakes up everybody who waits for it.
    alarm: PipeReader,
    bell: PipeWriter,
}

impl Stop {
    pub fn new() -> io::Result<Self> {
        let (alarm, bell) = io::pipe()?;
        Ok(Self { came: Arc::default(), alarm, bell })
    }

    /// Ctrl-C and SIGTERM are the end; the second one ends the program at once.
    pub fn on_signals(&self) -> io::Result<()> {
        for signal in [SIGINT, SIGTERM] {
            // In this order: the first one finds the flag not set yet.
            flag::register_conditional_shutdown(signal, STATUS.into(), self.came.clone())?;
            flag::register(signal, self.came.clone())?;
            low_level::pipe::register(signal, self.bell.try_clone()?)?;
        }
        Ok(())
    }

    pub fn came(&self) -> bool {
        self.came.load(Ordering::Relaxed)
    }

    pub fn alarm(&self) -> BorrowedFd<'_> {
        self.alarm.as_fd()
    }
}

/// Accepts everybody who connects, until the end. No trouble of one connection, nor that no sockets are left, ends it.
pub fn receive(listener: &TcpListener, stop: &Stop, mut take: impl FnMut(TcpStream)) -> io::Result<()> {
    // Who has connected can be gone again before `accept`, which then must not wait.
    listener.set_nonblocking(true)?;
    while !stop.came() {
        match listener.accept() {
            Ok((control, _)) => take(control),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                let clients = PollFd::new(listener, PollFlags::IN);
                let stop = PollFd::from_borrowed_fd(stop.alarm(), PollFlags::IN);
                wait_for_either(clients, stop)?;
            }
            Err(error) if matches!(error.kind(), ErrorKind::ConnectionAborted | ErrorKind::Interrupted) => {}
            // Some session has to end first.
            Err(_) => thread::sleep(Duration::from_millis(100)),
        }
    }
    Ok(())
}

fn wait_for_either(one: PollFd<'_>, other: PollFd<'_>) -> io::Result<()> {
    match rustix::event::poll(&mut [one, other], None) {
        Err(rustix::io::Errno::INTR) => Ok(()),
        result => Ok(result.map(drop)?),
    }
}

/// How many sessions there may be, and who is there.
pub struct House {
    most: usize,
    guests: Mutex<Guests>,
    left: Condvar,
}

/// Who is turned away is there until it has been told so, and takes nobody's room.
#[derive(Default)]
struct Guests {
    welcome: usize,
    turned_away: usize,
}

/// A session; it counts until it is dropped.
pub struct Guest {
    house: Arc<House>,
    is_welcome: bool,
}

impl House {
    pub fn new(most: Option<usize>) -> Arc<Self> {
        Arc::new(Self { most: most.unwrap_or(usize::MAX), guests: Mutex::default(), left: Condvar::new() })
    }

    pub fn enter(self: &Arc<Self>) -> Guest {
        let mut guests = self.guests();
        let is_welcome = guests.welcome < self.most;
        *guests.count(is_welcome) += 1;
        Guest { house: self.clone(), is_welcome }
    }

    /// Waits until all have left, but not longer than that.
    pub fn wait_until_empty(&self, patience: Duration) {
        let deadline = Instant::now() + patience;
        let mut guests = self.guests();
        while guests.welcome + guests.turned_away > 0 {
            let rest = deadline.saturating_duration_since(Instant::now());
            if rest.is_zero() {
                return;
            }
            guests = self.left.wait_timeout(guests, rest).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn guests(&self) -> MutexGuard<'_, Guests> {
        self.guests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Guests {
    fn count(&mut self, is_welcome: bool) -> &mut usize {
        if is_welcome { &mut self.welcome } else { &mut self.turned_away }
    }
}

impl Guest {
    /// There is room.
    pub fn is_welcome(&self) -> bool {
        self.is_welcome
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        *self.house.guests().count(self.is_welcome) -= 1;
        self.house.left.notify_all();
    }
}
