//! How to write an adapter: a chapter for authors, with no items of its own.
//!
//! An adapter owns what a machine doesn't have: sockets, files, TLS, a clock. It is one loop: poll the machine, do the one thing that the
//! action asks for, answer through the action's handle, and poll again. Where FTP has an order (listen, *then* send 227; write the 234, *then*
//! begin TLS; keep the file, *then* send 226), the machine asks in that order, so the adapter doesn't have to know it.
//!
//! | section | what it answers |
//! |---|---|
//! | [The clock](#the-clock) | what `now` is, and what a deadline means |
//! | [The loop that blocks](#the-loop-that-blocks) | one session, one thread |
//! | [The loop that doesn't block](#the-loop-that-doesnt-block) | many sessions on one thread, or `select!` |
//! | [The server's loop](#the-servers-loop) | questions, transfers, `Look` and `Commit` |
//! | [`Look`](#look) | on plain sockets, on tokio, under TLS |
//! | [Socket options](#socket-options) | the two that FTP needs |
//! | [Closing in order](#closing-in-order) | how not to lose the last bytes of a file |
//! | [Errors](#errors) | from `std::io::Error` to what the machine needs to know |
//!
//! # The clock
//!
//! An [`Instant`](crate::Instant) is the time since an origin that the adapter chooses, on a clock that never goes back. A machine has no
//! timer: it learns the time only from `new` and `poll`. Each action that takes time has a `deadline()`. Poll at that moment at the latest;
//! the machine then gives up what has taken too long.
//!
//! ```
//! let origin = std::time::Instant::now();
//! let now = || ftp_proto::Instant::from_origin(origin.elapsed());
//! assert!(now() <= now());
//! ```
//!
//! # The loop that blocks
//!
//! With one thread for each session, the adapter finishes each action before it answers it. The price: a request can't be aborted while its
//! bytes move. The deadlines of [`Read`](crate::client::Action::Read) and [`Write`](crate::Write) become time-outs of the socket.
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
//!         // To a socket, a time-out of zero would mean none.
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
//!                     Ok(count) => client.received(&buffer[..count]),     // 0 bytes: the end of the connection
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
//!                     // `copy` doesn't tell how much it had moved, so the content can't begin anew.
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
//!             // This adapter has neither active mode nor TLS. It says so, and the machine goes on without them.
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
//! The function `why` is under [Errors](#errors), `close` under [Closing in order](#closing-in-order).
//!
//! # The loop that doesn't block
//!
//! A question that is dropped unanswered stays open. The next `poll` returns something more urgent (a `Write`, a `Reply`, a `Close`), or the
//! same question again, with the same `serial()`. So there are two ways to do several things at once, and neither needs a list of pending
//! work:
//!
//! - **With readiness** (`poll`, `epoll`): try without waiting. If that would block, drop the handle, wait until a socket is ready or the
//!   deadline has come, and poll again. The serial tells whether the work for a question has begun already.
//! - **With futures**: `select!` between the work and the control connection, and drop whichever isn't ready.
//!
//! While a question is open, read the control connection if `wants_input()` says so: the other side may abort, send 421, or close. If it
//! says no, don't read, and TCP slows the peer down; bytes that are handed over all the same count against a limit.
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
//! Here is a server with tokio. A future that is dropped loses nothing:
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
//! A server's loop is the client's, with [`Question`](crate::server::Question) and [`Transfer`](crate::server::Transfer) in place of replies and
//! results. Three things are different:
//!
//! 1. **A question may be answered much later.** Drop it, go on polling (and reading, if it `wants_input()`), and answer it when it comes again
//!    with the same serial. At its deadline the machine sends 451 instead.
//! 2. **Open the file before you accept the transfer**, since [`accept`](crate::server::Transfer::accept) sends the 150. Keep it open until its
//!    `Stream` has ended, its `Commit` is answered, or a `Close` names its channel.
//! 3. **Put an upload in its place at [`Commit`](crate::server::Commit), not before.** Write it under another name while the bytes come, and
//!    rename it at `Commit`. If the upload is given up (ABOR, a client that has gone, a deadline), `Close` comes instead: drop what has
//!    come, and the old file is untouched.
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
//! The end of an upload's data connection doesn't tell whether the upload is whole: a client that sends ABOR closes the data connection, too.
//! It sends ABOR first, so the ABOR has arrived by then, and is in the control connection's buffer. [`Look`](crate::server::Look) asks for one
//! read that doesn't wait, so that the ABOR is read before the upload is kept. How to read depends on the layers that may hold bytes:
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
//!               Ok(count) => look.received(&buffer[..count]),             // 0 bytes: the end of the connection
//!               Err(error) if error.kind() == ErrorKind::WouldBlock => {} // nothing has come
//!               Err(_) => look.received(&[]),
//!           }
//!       }
//!       look.looked();
//!       Ok(())
//!   }
//!   ```
//!
//! - **tokio**: `try_read` goes by the readiness that the reactor has seen, which may be older than the bytes. Read from the socket itself,
//!   past the reactor.
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
//! - **TLS**: the TLS session may hold the bytes already. First read the plaintext that it holds, then let it read once from the socket
//!   without waiting, then read its plaintext again. With rustls: `reader().read`, `read_tls`, `process_new_packets`, `reader().read`.
//!
//! # Socket options
//!
//! Two options matter, on every control connection:
//!
//! ```
//! fn prepare(control: &std::net::TcpStream) -> std::io::Result<()> {
//!     // Without this, the short commands and replies are held back, and each transfer takes 40 ms longer.
//!     control.set_nodelay(true)?;
//!     // Clients in Python, Perl and Ruby send the last byte of ABOR as urgent data, which is lost unless it stays in line.
//!     socket2::SockRef::from(control).set_out_of_band_inline(true)
//! }
//! # let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
//! # prepare(&std::net::TcpStream::connect(listener.local_addr()?)?)?;
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! A client's adapter that can send urgent data (`MSG_OOB`) sets [`Config::urgent`](crate::client::Config::urgent), and sends the first
//! [`Write::urgent_length`](crate::Write::urgent_length) bytes as such.
//!
//! # Closing in order
//!
//! The sender of a file ends it by closing the data connection. Closing while received bytes are unread sends a reset, which can destroy what
//! the other side has received but not read yet: now and then the end of the file is lost. So first shut down the sending side (under TLS after
//! close_notify), then read to the end, for a bounded time, and then close.
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
//! Close the control connection in the same way at [`Leave`](crate::server::Action::Leave): a 221 or 421 may still be under way. A TLS data
//! connection that ends without close_notify is [`StreamEnd::Truncated`](crate::StreamEnd::Truncated), since anybody in between could have cut
//! it.
//!
//! In MODE B, C and Z, and with STRU R, the end of the file is marked in the data, so the data connection can stay open for the next transfer:
//! write (and flush) or read up to the mark, keep the socket and what was read behind the mark under its [`ChannelId`](crate::ChannelId), and
//! answer [`StreamEnd::Marked`](crate::StreamEnd::Marked). Then another `Stream` for that channel comes, or its `Close`. An adapter may also
//! close the connection each time and answer `Clean`.
//!
//! # Errors
//!
//! The machine needs to know what an error means for the next route. (With the feature `std`, `DataError` and `ControlError` are made from
//! `std::io::Error` by `From`.)
//!
//! ```
//! use std::io::{Error, ErrorKind};
//! use ftp_proto::{ControlError, DataError};
//!
//! /// Why a data connection can't be made.
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
//! /// Why a control connection can't be written to.
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
//! An error while reading the control connection is its end: hand over an empty slice. The machine knows what follows. A server asks to close
//! what is open, and then for [`Leave`](crate::server::Action::Leave). A client does the same after QUIT or while nothing is due; otherwise its
//! `poll` returns a [`Violation`](crate::client::Violation) that names the command whose reply was due, and the adapter closes what it has open.
