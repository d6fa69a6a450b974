//! How to write an adapter: a chapter for authors, with no items of its own.
//!
//! An adapter owns what a machine doesn't: sockets, files, TLS, a clock. It is one loop: poll the machine, do the one thing
//! that the action asks for, answer through the action's handle, and poll again. The order of FTP (listen, *then* say
//! 227; write the 234, *then* begin TLS; keep the file, *then* say 226) is the order in which the machine asks. An adapter
//! that does what it is asked, when it is asked, has nothing to remember.
//!
//! | section | what it answers |
//! |---|---|
//! | [The clock](#the-clock) | what `now` is, and what a deadline means |
//! | [The loop that blocks](#the-loop-that-blocks) | one session, one thread |
//! | [The loop that doesn't block](#the-loop-that-doesnt-block) | many sessions on one thread, or `select!` |
//! | [The server's loop](#the-servers-loop) | questions, transfers, `Look` and `Commit` |
//! | [`Look`](#look) | on plain sockets, on tokio, under TLS |
//! | [Socket options](#socket-options) | the two that FTP needs |
//! | [Closing in order](#closing-in-order) | how the last bytes of a file are lost, and how they aren't |
//! | [Errors](#errors) | from `std::io::Error` to what the machine wants to know |
//!
//! # The clock
//!
//! An [`Instant`](crate::Instant) is the time since an origin that the adapter chooses, on a clock that never goes back. `new` and each
//! `poll` are told the moment, and nothing else is: a machine keeps no timer. Each action that waits for the outside has a
//! `deadline()`. Poll at that moment at the latest; the machine then gives up by itself what has taken too long.
//!
//! ```
//! let origin = std::time::Instant::now();
//! let now = || ftp_proto::Instant::from_origin(origin.elapsed());
//! assert!(now() <= now());
//! ```
//!
//! # The loop that blocks
//!
//! One session and one thread: each action is done to its end before it is answered. This is right wherever it doesn't matter
//! that a request can't be aborted while its bytes move. The deadline of [`Read`](crate::client::Action::Read) becomes the socket's
//! time-out; that of [`Write`](crate::Write) does, too.
//!
//! ```no_run
//! use std::io::{self, ErrorKind, Read, Write};
//! use std::net::TcpStream;
//! use std::time::Duration;
//! use ftp_proto::client::{Action, Client, Failure, Outcome};
//! use ftp_proto::{ControlError, DataError, Direction, Instant, Moved, StreamEnd, TlsError};
//!
//! /// Drives one request to its end. `content` is the file, read or written as the stream's direction says.
//! fn drive(
//!     client: &mut Client,
//!     control: &mut TcpStream,
//!     origin: std::time::Instant,
//!     content: &mut (impl Read + Write),
//! ) -> Result<Result<Outcome<'static>, Failure<'static>>, Box<dyn std::error::Error>> {
//!     let mut data: Option<TcpStream> = None;
//!     loop {
//!         let now = Instant::from_origin(origin.elapsed());
//!         // A time-out of zero means none to a socket.
//!         let until = |deadline: Instant| deadline.saturating_since(now).max(Duration::from_millis(1));
//!         match client.poll(now)? {
//!             Action::Write(write) => {
//!                 control.set_write_timeout(Some(until(write.deadline())))?;
//!                 match control.write(write.bytes()) {
//!                     Ok(count) => write.wrote(count),
//!                     Err(error) if is_time_out(&error) => {}             // poll again: the deadline has come
//!                     Err(_) => write.failed(ControlError::Closed),
//!                 }
//!             }
//!             Action::Read { deadline } => {
//!                 control.set_read_timeout(deadline.map(until))?;
//!                 let mut buffer = [0; 4096];
//!                 match control.read(&mut buffer) {
//!                     Ok(count) => client.received(&buffer[..count]),     // nothing at all: the end
//!                     Err(error) if is_time_out(&error) => {}
//!                     Err(_) => client.received(&[]),
//!                 }
//!             }
//!             Action::Connect(connect) => {
//!                 match TcpStream::connect_timeout(&connect.address(), until(connect.deadline())) {
//!                     Ok(stream) => {
//!                         data = Some(stream);
//!                         connect.connected();
//!                     }
//!                     Err(error) => connect.failed(why(&error)),
//!                 }
//!             }
//!             Action::Stream(stream) => {
//!                 let Some(mut socket) = data.take() else { return Err("no data connection".into()) };
//!                 let moved = match stream.direction() {
//!                     Direction::Receive => io::copy(&mut socket, content),
//!                     Direction::Send => io::copy(content, &mut socket).and_then(|total| close(socket).map(|()| total)),
//!                 };
//!                 match moved {
//!                     Ok(total) => stream.finished(StreamEnd::Clean, total.into()),
//!                     // How much `copy` had moved by then it doesn't say: the content can't begin anew.
//!                     Err(_) => stream.finished(StreamEnd::Truncated, Moved::Bytes(0)),
//!                 }
//!             }
//!             Action::Close(close) => {
//!                 data = None;
//!                 close.closed(Moved::Nothing);
//!             }
//!             Action::Done(ended) => {
//!                 return Ok(ended.map(Outcome::into_owned).map_err(Failure::into_owned));
//!             }
//!             Action::Reply(_) | Action::Unsolicited(_) | Action::Noise(_) => {}      // news, for a log
//!             Action::Leave => return Err("the session has ended".into()),
//!             // This one has neither active mode nor TLS: it says so, and the machine goes on without.
//!             Action::Listen(listen) => listen.failed(DataError::Local),
//!             Action::Accept(accept) => accept.failed(DataError::Local),
//!             Action::StartTls(start) => start.failed(TlsError::Unavailable),
//!             Action::SecureData(secure) => secure.failed(TlsError::Unavailable),
//!             Action::StopTls(stop) => stop.stopped(),
//!         }
//!     }
//! }
//!
//! fn is_time_out(error: &io::Error) -> bool {
//!     matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
//! }
//! # fn why(_: &io::Error) -> DataError { DataError::Local }
//! # fn close(_: TcpStream) -> io::Result<()> { Ok(()) }
//! ```
//!
//! `why` is under [Errors](#errors), `close` under [Closing in order](#closing-in-order).
//!
//! # The loop that doesn't block
//!
//! A question that is dropped unanswered stays open. The next `poll` shows what has become more urgent (a `Write`, a `Reply`, a
//! `Close`), or the same question again, under the same `serial()`. So there are two ways to do several things at once, and
//! neither needs a list of what is pending:
//!
//! - **With readiness** (`poll`, `epoll`): try without waiting; if it would block, drop the handle, wait until one of the sockets
//!   is ready or the deadline has come, and poll again. The serial tells work that has begun from work that has to begin.
//! - **With futures**: `select!` between the work and the control connection, and drop whichever isn't ready.
//!
//! While a question waits, the control connection may be read if its `wants_input()` says so: the other side may have aborted, said
//! 421, or gone. Where it says no, leave the bytes to TCP, which then slows the peer down: what is handed over all the same counts
//! against a limit.
//!
//! Here a client connects without waiting:
//!
//! ```no_run
//! use ftp_proto::{ChannelId, Connect, DataError};
//! # struct Socket;
//! # impl Socket {
//! #     fn dial(_: std::net::SocketAddr) -> std::io::Result<Self> { Ok(Self) }
//! #     fn is_connected(&self) -> Option<Result<(), DataError>> { None }
//! # }
//!
//! #[derive(Default)]
//! struct Sockets {
//!     dialled: Option<(u64, Socket)>,
//!     open: Option<(ChannelId, Socket)>,
//! }
//!
//! impl Sockets {
//!     fn connect(&mut self, connect: Connect<'_>) {
//!         let serial = connect.serial();
//!         let socket = match self.dialled.take() {
//!             Some((begun, socket)) if begun == serial => socket,         // the question came again
//!             _ => match Socket::dial(connect.address()) {
//!                 Ok(socket) => socket,
//!                 Err(_) => return connect.failed(DataError::Local),
//!             },
//!         };
//!         match socket.is_connected() {
//!             Some(Ok(())) => {
//!                 self.open = Some((connect.channel(), socket));
//!                 connect.connected();
//!             }
//!             Some(Err(why)) => connect.failed(why),
//!             None => self.dialled = Some((serial, socket)),              // dropped unanswered: it comes again
//!         }
//!     }
//! }
//! ```
//!
//! And with tokio, where a future that is dropped loses nothing, either:
//!
//! ```no_run
//! # async fn body(
//! #     server: &mut ftp_proto::Server, control: &mut tokio::net::TcpStream,
//! #     transfer: &mut Option<std::pin::Pin<Box<dyn Future<Output = (ftp_proto::StreamEnd, ftp_proto::Moved)>>>>,
//! #     send: impl Fn(ftp_proto::ChannelId) -> std::pin::Pin<Box<dyn Future<Output = (ftp_proto::StreamEnd, ftp_proto::Moved)>>>,
//! #     now: ftp_proto::Instant,
//! # ) -> std::io::Result<()> {
//! use ftp_proto::server::Action;
//! use std::io::ErrorKind;
//!
//! match server.poll(now) {
//!     Action::Stream(stream) => {
//!         let running = transfer.get_or_insert_with(|| send(stream.channel()));
//!         let mut buffer = [0; 1024];
//!         tokio::select! {
//!             (end, moved) = running => {
//!                 *transfer = None;
//!                 stream.finished(end, moved);
//!             }
//!             // `Stream` comes again, with the same channel; or `Close`, if ABOR was heard.
//!             ready = control.readable(), if stream.wants_input() => match ready.and_then(|()| control.try_read(&mut buffer)) {
//!                 Ok(count) => server.received(&buffer[..count]),
//!                 Err(error) if error.kind() == ErrorKind::WouldBlock => {}
//!                 Err(_) => server.received(&[]),
//!             },
//!         }
//!     }
//!     Action::Close(close) => {
//!         *transfer = None; // stops the work and closes its socket
//!         close.closed(ftp_proto::Moved::Nothing);
//!     }
//!     _ => { /* … */ }
//! }
//! # Ok(()) }
//! ```
//!
//! # The server's loop
//!
//! It is the client's loop, with [`Question`](crate::server::Question) and [`Transfer`](crate::server::Transfer) in place of replies and
//! results. Three things are the server's alone:
//!
//! 1. **A question may be answered much later.** Drop it, go on polling (the control connection is heard meanwhile if it
//!    `wants_input()`), and answer it when it comes again with the serial that you know. At its deadline the machine says 451
//!    for you.
//! 2. **The content of a transfer is opened before it is accepted**, since [`accept`](crate::server::Transfer::accept) is the 150. Keep it with the
//!    loop until its `Stream` has ended, its `Commit` is answered, or a `Close` names its channel.
//! 3. **An upload takes its place at [`Commit`](crate::server::Commit), and not before.** Write it under another name while the bytes come, and
//!    rename it there. Whatever gives the upload up (ABOR, a client that has gone, a deadline) asks `Close` instead; so an
//!    adapter that drops everything of that channel leaves the old file as it was.
//!
//! ```no_run
//! use std::fs;
//! use std::path::PathBuf;
//! use ftp_proto::server::{Commit, CommitError};
//! use ftp_proto::{Close, Moved};
//!
//! struct Upload { temporary: PathBuf, place: PathBuf, moved: Moved }
//!
//! fn commit(upload: &mut Option<Upload>, commit: Commit<'_>) {
//!     match upload.take().map(|upload| fs::rename(upload.temporary, upload.place)) {
//!         Some(Ok(())) => commit.kept(),
//!         Some(Err(_)) | None => commit.failed(CommitError::Local),
//!     }
//! }
//!
//! fn close(upload: &mut Option<Upload>, close: Close<'_>) {
//!     let moved = upload.take().map_or(Moved::Nothing, |upload| {
//!         let _ = fs::remove_file(upload.temporary);
//!         upload.moved
//!     });
//!     close.closed(moved);
//! }
//! ```
//!
//! # `Look`
//!
//! The data connection of an upload has ended in order, and that is all that its end tells: a client that says ABOR closes
//! it, too. ABOR was sent before, so it is here by now, in the control connection's buffer. [`Look`](crate::server::Look) asks for
//! one read that doesn't wait, so that what is here is heard before the upload is kept. What has to be looked through depends on
//! who keeps bytes back:
//!
//! - **Plain sockets**: one read that doesn't block.
//!
//!   ```no_run
//!   # use ftp_proto::server::Look;
//!   use std::io::{ErrorKind, Read};
//!
//!   fn look(mut look: Look<'_>, control: &mut std::net::TcpStream) -> std::io::Result<()> {
//!       if look.wants_input() {
//!           let mut buffer = [0; 4096];
//!           control.set_nonblocking(true)?;
//!           let read = control.read(&mut buffer);
//!           control.set_nonblocking(false)?;
//!           match read {
//!               Ok(count) => look.received(&buffer[..count]),             // nothing at all: the end
//!               Err(error) if error.kind() == ErrorKind::WouldBlock => {} // nothing is here
//!               Err(_) => look.received(&[]),
//!           }
//!       }
//!       look.looked();
//!       Ok(())
//!   }
//!   ```
//!
//! - **tokio**: `try_read` answers from the readiness that the reactor has seen, which may be older than the bytes. Read from the
//!   socket itself, past the reactor.
//!
//!   ```no_run
//!   # use ftp_proto::server::Look;
//!   use std::io::Read;
//!
//!   fn look(mut look: Look<'_>, control: &tokio::net::TcpStream) {
//!       let mut buffer = [0; 4096];
//!       let mut socket = &*socket2::SockRef::from(control);
//!       if look.wants_input() && let Ok(count) = socket.read(&mut buffer) {
//!           look.received(&buffer[..count]);
//!       }
//!       look.looked();
//!   }
//!   ```
//!
//! - **TLS**: the bytes may be in the session already. Read out what it holds in plaintext first; then let it read once from the
//!   socket without waiting, and read it out again. With rustls that is `reader().read`, `read_tls`, `process_new_packets`,
//!   `reader().read`.
//!
//! # Socket options
//!
//! Two matter, on every control connection:
//!
//! ```
//! fn prepare(control: &std::net::TcpStream) -> std::io::Result<()> {
//!     // A command is short and waits for its reply: held back, each transfer costs 40 ms more.
//!     control.set_nodelay(true)?;
//!     // Python, Perl and Ruby send the last byte of ABOR as urgent data, which is lost unless it stays in line.
//!     socket2::SockRef::from(control).set_out_of_band_inline(true)
//! }
//! # let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
//! # prepare(&std::net::TcpStream::connect(listener.local_addr()?)?)?;
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! A client that can send urgent data itself (`MSG_OOB`) sets [`Config::urgent`](crate::client::Config::urgent) and sends the
//! first [`Write::urgent_length`](crate::Write::urgent_length) bytes so.
//!
//! # Closing in order
//!
//! The sender of a file ends it by closing. A close over bytes that weren't read becomes a reset, and a reset can destroy what
//! the other side has received and not read yet: the end of the file is lost, now and then. So shut down the sending side
//! first (under TLS after close_notify), read to the end, and close then; but wait a bounded time for it.
//!
//! ```
//! use std::io::Read;
//! use std::net::{Shutdown, TcpStream};
//! use std::time::{Duration, Instant};
//!
//! fn close(mut socket: TcpStream) -> std::io::Result<()> {
//!     const LINGER: Duration = Duration::from_secs(2);
//!     let until = Instant::now() + LINGER;
//!     socket.shutdown(Shutdown::Write)?;
//!     socket.set_read_timeout(Some(LINGER))?;
//!     while Instant::now() < until && socket.read(&mut [0; 1024]).is_ok_and(|count| count > 0) {}
//!     Ok(())
//! }
//! # let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
//! # let client = TcpStream::connect(listener.local_addr()?)?;
//! # drop(listener.accept()?);
//! # close(client)?;
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! The same holds for the control connection at [`Leave`](crate::server::Action::Leave): a 221 or a 421 may still be under way. A TLS data
//! connection that ends without close_notify is [`StreamEnd::Truncated`](crate::StreamEnd::Truncated): anybody in between could have cut it.
//!
//! Nothing of this where the end of the file was in the data and you leave the connection for the next transfer: write (and flush) or read up to
//! the mark, keep the socket and what was read behind the mark under its [`ChannelId`](crate::ChannelId), and say
//! [`StreamEnd::Marked`](crate::StreamEnd::Marked). Either another `Stream` comes for that channel, or its `Close`. An adapter that always closes
//! says `Clean`, and that is right, too.
//!
//! # Errors
//!
//! The machine wants to know what an error means for the next route, not what the system calls it:
//!
//! ```
//! use std::io::{Error, ErrorKind};
//! use ftp_proto::{ControlError, DataError};
//!
//! /// Of a data connection that can't be made.
//! fn why(error: &Error) -> DataError {
//!     match error.kind() {
//!         ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset => DataError::Refused,
//!         ErrorKind::TimedOut | ErrorKind::WouldBlock => DataError::TimedOut,
//!         ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => DataError::Unreachable,
//!         ErrorKind::AddrInUse | ErrorKind::AddrNotAvailable => DataError::NoPort,
//!         _ => DataError::Local,
//!     }
//! }
//!
//! /// Of a control connection that can't be written to.
//! fn control_error(error: &Error) -> ControlError {
//!     match error.kind() {
//!         ErrorKind::BrokenPipe | ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted => ControlError::Closed,
//!         ErrorKind::TimedOut => ControlError::TimedOut,
//!         _ => ControlError::Local,
//!     }
//! }
//! assert_eq!(why(&ErrorKind::ConnectionRefused.into()), DataError::Refused);
//! assert_eq!(control_error(&ErrorKind::BrokenPipe.into()), ControlError::Closed);
//! ```
//!
//! An error of the control connection while reading is its end: hand over an empty slice. What follows from it, the machine
//! knows: after QUIT it is in order, amid a transfer the data connection is closed first, and anywhere else it is a
//! [`Violation`](crate::client::Violation) that names the command whose reply was due.
