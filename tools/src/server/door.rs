//! The listening socket, how many sessions there may be, and when all have to end.

use std::io::{self, ErrorKind, PipeReader, PipeWriter};
use std::iter;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::{flag, low_level};
use socket2::{Domain, SockRef, Socket, Type};
use tokio::net::{TcpListener as AsyncListener, TcpStream as AsyncStream};
use tokio::time::sleep;

use crate::interrupt::STATUS;

/// How many clients may wait to be accepted.
const BACKLOG: i32 = 1024;

/// How long to wait after accepting has failed.
pub const PAUSE: Duration = Duration::from_millis(100);

/// How often to check whether all sessions have ended.
const GLANCE: Duration = Duration::from_millis(5);

/// Lets this process have as many sockets at once as the system allows it: what it gets by default is often 1024.
pub fn allow_sockets() {
    let limit = getrlimit(Resource::Nofile);
    // With fewer, sessions wait until others have ended.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
}

/// Listens at an address; `[::]` includes IPv4.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    prepare(&socket, address)?;
    Ok(socket.into())
}

fn prepare(socket: &Socket, address: SocketAddr) -> io::Result<()> {
    // Connections that have ended just now don't keep a server from starting again.
    socket.set_reuse_address(true)?;
    if address.ip().is_unspecified() && address.is_ipv6() {
        socket.set_only_v6(false)?;
    }
    // Some clients send the last byte of ABOR as urgent data; it belongs to the line all the same. Replies go at once. What is
    // accepted has both from here.
    socket.set_out_of_band_inline(true)?;
    socket.set_tcp_nodelay(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)
}

/// Listening sockets for this many threads. Linux distributes clients among them, so that no connection has to be handed from thread to
/// thread. Elsewhere all threads accept from the same socket.
pub fn share(listener: &TcpListener, count: usize) -> io::Result<Vec<TcpListener>> {
    listener.set_nonblocking(true)?;
    let first = listener.try_clone()?;
    let others = (1..count).map(|_| another(listener).or_else(|_| listener.try_clone()));
    iter::once(Ok(first)).chain(others).collect()
}

/// Listens once more at the same address. A second server still can't, since it would need the option before it binds.
#[cfg(target_os = "linux")]
fn another(listener: &TcpListener) -> io::Result<TcpListener> {
    let (listener, address) = (SockRef::from(listener), listener.local_addr()?);
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    listener.set_reuse_port(true)?;
    socket.set_reuse_port(true)?;
    prepare(&socket, address)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

#[cfg(not(target_os = "linux"))]
fn another(_: &TcpListener) -> io::Result<TcpListener> {
    Err(ErrorKind::Unsupported.into())
}

/// Tells all sessions that the server ends.
pub struct Stop {
    came: Arc<AtomicBool>,
    /// It becomes readable at the end and stays so, which wakes all that wait for it.
    alarm: PipeReader,
    bell: PipeWriter,
}

impl Stop {
    pub fn new() -> io::Result<Self> {
        let (alarm, bell) = io::pipe()?;
        Ok(Self { came: Arc::default(), alarm, bell })
    }

    /// Ctrl-C and SIGTERM end the server in order; a second one ends the program at once.
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

    pub fn wait(&self) -> io::Result<()> {
        while !self.came() {
            let alarm = PollFd::from_borrowed_fd(self.alarm(), PollFlags::IN);
            match rustix::event::poll(&mut [alarm], None) {
                Err(rustix::io::Errno::INTR) => {}
                result => drop(result?),
            }
        }
        Ok(())
    }

    pub fn alarm(&self) -> BorrowedFd<'_> {
        self.alarm.as_fd()
    }
}

/// Accepts all clients until the end. Neither an error of one connection nor a lack of sockets stops it.
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
            Err(error) if is_of_one(&error) => {}
            // Some session has to end first.
            Err(_) => thread::sleep(PAUSE),
        }
    }
    Ok(())
}

/// The same for tasks; the future never completes.
pub async fn receive_async(listener: AsyncListener, mut take: impl FnMut(AsyncStream, SocketAddr)) {
    loop {
        match listener.accept().await {
            Ok((control, peer)) => take(control, peer),
            Err(error) if is_of_one(&error) => {}
            // Some session has to end first.
            Err(_) => sleep(PAUSE).await,
        }
    }
}

/// Whether a client had gone before it was accepted.
fn is_of_one(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::ConnectionAborted | ErrorKind::Interrupted)
}

fn wait_for_either(one: PollFd<'_>, other: PollFd<'_>) -> io::Result<()> {
    match rustix::event::poll(&mut [one, other], None) {
        Err(rustix::io::Errno::INTR) => Ok(()),
        result => Ok(result.map(drop)?),
    }
}

/// How many sessions there may be, and how many there are.
#[derive(Debug)]
pub struct House {
    most: usize,
    welcome: AtomicUsize,
    /// The number of clients that are being turned away; they don't count for the limit.
    turned_away: AtomicUsize,
}

/// Counts as a session until it is dropped.
pub struct Guest {
    house: Arc<House>,
    is_welcome: bool,
}

impl House {
    pub fn new(most: Option<usize>) -> Arc<Self> {
        let (welcome, turned_away) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Arc::new(Self { most: most.unwrap_or(usize::MAX), welcome, turned_away })
    }

    /// The limit of sessions. `None`: there is none.
    pub fn most(&self) -> Option<u32> {
        u32::try_from(self.most).ok()
    }

    pub fn enter(self: &Arc<Self>) -> Guest {
        let one_more = |others: usize| (others < self.most).then(|| others.saturating_add(1));
        let is_welcome = self.welcome.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more).is_ok();
        if !is_welcome {
            self.turned_away.fetch_add(1, Ordering::Relaxed);
        }
        Guest { house: self.clone(), is_welcome }
    }

    /// Waits until all sessions have ended, but no longer than this. It checks now and then, so that sessions needn't report their end.
    pub fn wait_until_empty(&self, patience: Duration) {
        let deadline = Instant::now() + patience;
        while self.is_anybody_here() && Instant::now() < deadline {
            thread::sleep(GLANCE);
        }
    }

    fn is_anybody_here(&self) -> bool {
        self.welcome.load(Ordering::Acquire) > 0 || self.turned_away.load(Ordering::Acquire) > 0
    }
}

impl Guest {
    /// Whether there is room for the session.
    pub fn is_welcome(&self) -> bool {
        self.is_welcome
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let guests = if self.is_welcome { &self.house.welcome } else { &self.house.turned_away };
        guests.fetch_sub(1, Ordering::Release);
    }
}
