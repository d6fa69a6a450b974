//! What doesn't compile, and why: each misuse that the types prevent, with the compiler's error code, beside a twin that
//! differs in that one thing and compiles. Only `cargo test` sees this module; the codes are compared by nightly only, and by
//! `.ci/run`.
//!
//! # Two answers to one action (E0382)
//!
//! ```
//! fn answer(connect: ftp_proto::Connect<'_>) {
//!     connect.connected();
//! }
//! ```
//! ```compile_fail,E0382
//! fn answer(connect: ftp_proto::Connect<'_>) {
//!     connect.connected();
//!     connect.failed(ftp_proto::DataError::Refused);
//! }
//! ```
//! ```
//! fn answer(login: ftp_proto::server::Login<'_>) {
//!     login.accept();
//! }
//! ```
//! ```compile_fail,E0382
//! fn answer(login: ftp_proto::server::Login<'_>) {
//!     login.accept();
//!     login.need_password();
//! }
//! ```
//! ```
//! fn answer(transfer: ftp_proto::server::Transfer<'_>, no: &ftp_proto::server::Refusal<'_>, there: bool) {
//!     if there { transfer.accept() } else { transfer.refuse(no) }
//! }
//! ```
//! ```compile_fail,E0382
//! fn answer(transfer: ftp_proto::server::Transfer<'_>, no: &ftp_proto::server::Refusal<'_>, there: bool) {
//!     transfer.accept();
//!     transfer.refuse(no);
//! }
//! ```
//!
//! ```
//! fn answer(close: ftp_proto::Close<'_>) {
//!     close.closed(ftp_proto::Moved::Nothing);
//! }
//! ```
//! ```compile_fail,E0382
//! fn answer(close: ftp_proto::Close<'_>) {
//!     close.closed(ftp_proto::Moved::Nothing);
//!     close.closed(ftp_proto::Moved::Bytes(1));
//! }
//! ```
//! ```
//! fn answer(listen: ftp_proto::Listen<'_>, address: std::net::SocketAddr) {
//!     listen.listening(address);
//! }
//! ```
//! ```compile_fail,E0382
//! fn answer(listen: ftp_proto::Listen<'_>, address: std::net::SocketAddr) {
//!     listen.listening(address);
//!     listen.failed(ftp_proto::DataError::NoPort);
//! }
//! ```
//!
//! # A handle that is kept over the next poll or input (E0499)
//!
//! ```
//! # use ftp_proto::{client::{Action, Client}, Instant};
//! fn step(client: &mut Client, now: Instant) {
//!     if let Ok(Action::Write(write)) = client.poll(now) {
//!         write.wrote(1);
//!     }
//!     let _ = client.poll(now);
//! }
//! ```
//! ```compile_fail,E0499
//! # use ftp_proto::{client::{Action, Client}, Instant};
//! fn step(client: &mut Client, now: Instant) {
//!     if let Ok(Action::Write(write)) = client.poll(now) {
//!         let _ = client.poll(now);
//!         write.wrote(1);
//!     }
//! }
//! ```
//! ```
//! # use ftp_proto::{server::{Action, Server}, Instant};
//! fn step(server: &mut Server, now: Instant) {
//!     if let Action::Stream(stream) = server.poll(now) {
//!         stream.moved(1);
//!     }
//!     server.received(b"ABOR\r\n");
//! }
//! ```
//! ```compile_fail,E0499
//! # use ftp_proto::{server::{Action, Server}, Instant};
//! fn step(server: &mut Server, now: Instant) {
//!     if let Action::Stream(stream) = server.poll(now) {
//!         server.received(b"ABOR\r\n");
//!         stream.moved(1);
//!     }
//! }
//! ```
//!
//! # An answer to nothing: no handle can be made outside the crate (E0423, E0451)
//!
//! ```
//! fn keep(write: ftp_proto::Write<'_>) -> ftp_proto::Write<'_> {
//!     write
//! }
//! ```
//! ```compile_fail,E0423
//! fn make(bytes: &mut Vec<u8>) -> ftp_proto::Write<'_> {
//!     ftp_proto::Write(bytes)
//! }
//! ```
//! ```
//! fn same(close: ftp_proto::Close<'_>) -> ftp_proto::Close<'_> {
//!     close
//! }
//! ```
//! ```compile_fail,E0451
//! fn changed(close: ftp_proto::Close<'_>) -> ftp_proto::Close<'_> {
//!     ftp_proto::Close { wants_input: true, ..close }
//! }
//! ```
//!
//! # An answer that doesn't fit the command (E0599)
//!
//! ```
//! fn answer(size: ftp_proto::server::Size<'_>) {
//!     size.bytes(12);
//! }
//! ```
//! ```compile_fail,E0599
//! fn answer(perform: ftp_proto::server::Perform<'_>) {
//!     perform.bytes(12);
//! }
//! ```
//! ```
//! fn answer(exists: ftp_proto::server::Exists<'_>) {
//!     exists.exists();
//! }
//! ```
//! ```compile_fail,E0599
//! fn answer(exists: ftp_proto::server::Exists<'_>) {
//!     exists.done();
//! }
//! ```
//!
//! # A reply of the application's own where only a refusal fits (E0308)
//!
//! A positive code can't become a `Refusal`: `Refusal::new` returns `None`.
//!
//! ```
//! use ftp_proto::{Code, Reply, Text, server::{Perform, Refusal}};
//! fn answer(perform: Perform<'_>) {
//!     perform.refuse(&Refusal::new(Reply::new(Code::FILE_UNAVAILABLE, Text::new("no").unwrap())).unwrap());
//! }
//! assert_eq!(Refusal::new(Reply::from_static(Code::COMMAND_OKAY, "yes")), None);
//! assert_eq!(Refusal::new(Reply::from_static(Code::TRANSFER_ABORTED, "of which transfer?")), None);
//! ```
//! ```compile_fail,E0308
//! use ftp_proto::{Code, Reply, server::Perform};
//! fn answer(perform: Perform<'_>) {
//!     perform.refuse(&Reply::from_static(Code::OPENING_DATA_CONNECTION, "150 without a transfer"));
//! }
//! ```
//!
//! # A reply that can't answer the command (E0308)
//!
//! An `Answer` is checked against the table of RFC 959 5.4 where it is made: for any other reply `Answer::new` returns `None`.
//!
//! ```
//! use ftp_proto::{Code, Reply, Verb, server::{Answer, Extension}};
//! fn answer(extension: Extension<'_>, done: &Answer<'_>) {
//!     extension.answer(done);
//! }
//! assert!(Answer::new(Verb::Site, Reply::from_static(Code::COMMAND_OKAY, "done")).is_some());
//! assert_eq!(Answer::new(Verb::Site, Reply::from_static(Code::SERVICE_READY, "a greeting?")), None);
//! ```
//! ```compile_fail,E0308
//! use ftp_proto::{Code, Reply, server::Extension};
//! fn answer(extension: Extension<'_>) {
//!     extension.answer(&Reply::from_static(Code::SERVICE_READY, "a greeting?"));
//! }
//! ```
//!
//! # A greeting with another reply's code, and an end that its reply contradicts (E0308)
//!
//! ```
//! use ftp_proto::{Code, Ending, Reply, StreamEnd, server::Greeting};
//! let said = |code| Reply::from_static(code, "text");
//! assert_eq!(Greeting::new(said(Code::OPENING_DATA_CONNECTION)), None);
//! assert_eq!(Ending::new(StreamEnd::Truncated, said(Code::CLOSING_DATA_CONNECTION)), None);
//! fn end(stream: ftp_proto::Stream<'_>, ending: &Ending<'_>) {
//!     stream.finished_with(ending, ftp_proto::Moved::Nothing);
//! }
//! ```
//! ```compile_fail,E0308
//! use ftp_proto::{Code, Reply};
//! fn end(stream: ftp_proto::Stream<'_>) {
//!     stream.finished_with(&Reply::from_static(Code::CLOSING_DATA_CONNECTION, "all of it?"), ftp_proto::Moved::Nothing);
//! }
//! ```
//!
//! # A command's identity that didn't come from a session (E0423)
//!
//! ```
//! # use ftp_proto::{Code, Command, Session};
//! let mut session = Session::new();
//! let (noop, _) = session.command(&Command::Noop);
//! session.settle(noop, Code::COMMAND_OKAY);
//! ```
//! ```compile_fail,E0423
//! # use ftp_proto::{Code, Session};
//! let mut session = Session::new();
//! session.settle(ftp_proto::session::CommandId(1), Code::COMMAND_OKAY);
//! ```
//!
//! # A 150 without a transfer that was accepted (E0599)
//!
//! ```
//! fn answer(transfer: ftp_proto::server::Transfer<'_>) {
//!     transfer.accept();
//! }
//! ```
//! ```compile_fail,E0599
//! fn answer(question: ftp_proto::server::Question<'_>) {
//!     question.accept();
//! }
//! ```
//!
//! # Moving bytes before the data connection was made (E0599)
//!
//! ```
//! fn answer(stream: ftp_proto::Stream<'_>) {
//!     stream.finished(ftp_proto::StreamEnd::Clean, ftp_proto::Moved::Nothing);
//! }
//! ```
//! ```compile_fail,E0599
//! fn answer(connect: ftp_proto::Connect<'_>) {
//!     connect.finished(ftp_proto::StreamEnd::Clean, ftp_proto::Moved::Nothing);
//! }
//! ```
//!
//! # Text with a line end: its bytes can only come through `new` (E0423, E0616)
//!
//! ```
//! assert!(ftp_proto::Path::new("a\r\nDELE b").is_err());
//! ```
//! ```compile_fail,E0423
//! let path = ftp_proto::Path(std::borrow::Cow::Borrowed(b"a\r\nDELE b"));
//! ```
//! ```
//! fn text(text: &ftp_proto::Text<'static>) -> usize {
//!     text.as_bytes().len()
//! }
//! ```
//! ```compile_fail,E0616
//! fn add(text: &mut ftp_proto::Text<'static>) {
//!     text.0.to_mut().push(b'\n');
//! }
//! ```
//!
//! # A string where only a checked one fits (E0308)
//!
//! ```
//! let command = ftp_proto::Command::Retr(ftp_proto::Path::new("a").unwrap());
//! ```
//! ```compile_fail,E0308
//! let command = ftp_proto::Command::Retr("a\r\nDELE b");
//! ```
//!
//! # A password shown to a person (E0277)
//!
//! ```
//! let path = ftp_proto::Path::new("public").unwrap();
//! assert_eq!(format!("{path}"), "public");
//! ```
//! ```compile_fail,E0277
//! let password = ftp_proto::Password::new("secret").unwrap();
//! format!("{password}");
//! ```
//!
//! # A code that has no class (E0423), and a port 0 (E0308)
//!
//! ```
//! assert_eq!(ftp_proto::Code::new(42), None);
//! ```
//! ```compile_fail,E0423
//! let code = ftp_proto::Code(42);
//! ```
//! ```
//! let port = ftp_proto::ExtendedPort::new(std::num::NonZeroU16::new(1347).unwrap());
//! ```
//! ```compile_fail,E0308
//! let port = ftp_proto::ExtendedPort::new(0_u16);
//! ```
//!
//! # An adapter that forgets an action (E0004)
//!
//! Every action has to be handled, so the enumerations are exhaustive on purpose.
//!
//! ```
//! # use ftp_proto::client::Action;
//! fn write(action: Action<'_>) {
//!     match action {
//!         Action::Write(write) => write.wrote(0),
//!         _ => {}
//!     }
//! }
//! ```
//! ```compile_fail,E0004
//! # use ftp_proto::client::Action;
//! fn write(action: Action<'_>) {
//!     match action {
//!         Action::Write(write) => write.wrote(0),
//!     }
//! }
//! ```
//!
//! # An action that is thrown away unseen
//!
//! ```
//! #![deny(unused_must_use)]
//! # use ftp_proto::{server::Server, Instant};
//! fn step(server: &mut Server, now: Instant) {
//!     let _ = server.poll(now);
//! }
//! ```
//! ```compile_fail
//! #![deny(unused_must_use)]
//! # use ftp_proto::{server::Server, Instant};
//! fn step(server: &mut Server, now: Instant) {
//!     server.poll(now);
//! }
//! ```
