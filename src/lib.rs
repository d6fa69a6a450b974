//! A sans-IO FTP: every byte rule, every order rule and every data-connection rule of the protocol, and not one
//! socket, clock, thread or file.
//!
//! ```text
//!  your sockets, files, clock             ftp-proto
//!  ──────────────────────────             ─────────────────────────────────────────────────────
//!  control bytes ── received(bytes) ──▶   Inbox ─▶ Reply, Command ─▶ Session ─▶ Client or Server
//!  the time      ── poll(now) ────────▶                                         │
//!  sockets       ◀─ Action ────────────────────── Write, Read, Connect, Listen, Accept, Stream …
//!  TLS           ◀─ Action ────────────────────── StartTls, SecureData, StopTls
//!  users, files  ◀─ Action ────────────────────── Question, Transfer, Look, Commit: asked by a Server
//!  news          ◀─ Action ────────────────────── Reply, Done …: told by a Client
//!                ── its answer ──────▶            connected(), refuse(why), finished(end, total) …
//! ```
//!
//! [`Client`] and [`Server`] are driven in the same way: hand over the bytes that were read, poll, do the one thing that the action
//! asks for, and answer through its handle. A handle that is dropped unanswered leaves its question open. Below is a client's
//! session; [`Server`] has a server's.
//!
//! ```
//! use std::{sync::Arc, time::Duration};
//! use ftp_proto::client::{Action, Config, Request, Value};
//! use ftp_proto::{Client, Endpoints, Instant, Path};
//!
//! // What a server would say to the commands that come.
//! let answer = |command: &[u8]| match command {
//!     b"TYPE I\r\n" => &b"200 binary\r\n"[..],
//!     b"SIZE file\r\n" => b"213 12\r\n",
//!     other => panic!("{other:?}"),
//! };
//! let ends = Endpoints::new("192.0.2.1:40000".parse()?, "192.0.2.2:21".parse()?);
//! let now = Instant::from_origin(Duration::ZERO);
//! let mut client = Client::new(Arc::new(Config::default()), ends, now);
//! client.received(b"220 ready\r\n");
//! let mut request = Some(Request::size(Path::new("file")?));
//! let size = loop {
//!     let said = match client.poll(now)? {
//!         Action::Write(write) => {
//!             let said = answer(write.bytes());
//!             let all = write.bytes().len();
//!             write.wrote(all);
//!             said
//!         }
//!         Action::Done(ended) => {
//!             let value = ended.map_err(|failure| failure.into_owned())?.value;
//!             let Some(request) = request.take() else { break value };
//!             client.start(request)?;      // the greeting was the first request
//!             continue;
//!         }
//!         _ => continue,
//!     };
//!     client.received(said);
//! };
//! assert_eq!(size, Value::Size(12));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! To write an adapter, read [`adapters`] first: the loops, `Look` and `Commit`, socket options, closing in order. [`migration`] lists
//! the calls of suppaftp and libunftp with ours beside them.
//!
//! The map: [`Command`], [`Reply`] and the addresses are the words; [`Inbox`] cuts received bytes into them; [`session`]
//! is RFC 959 chapter 6 as one table without a role; [`client`] and [`server`] are the machines, with the policy of each
//! ([`client::Config`], [`server::Config`]). Beside them, [`listing`] reads and writes directory listings, [`diagnosis`]
//! explains why there is no data connection, and [`tracker`] follows a session between two other programs and can rewrite its
//! addresses. A client's application hands in a [`client::Request`]; a server's application is asked a [`server::Question`] or a
//! [`server::Transfer`], and declares in [`server::Support`] what it can do. File data never enters the machines; [`codec`] converts it.
//!
//! Most public enums and structs are `#[non_exhaustive]`. `ARCHITECTURE.md`, "What may grow", lists the exhaustive ones with the reason
//! for each.
//!
//! # Features
//!
//! None is on by default. Each adds items and changes nothing else.
//!
//! | feature | what it adds |
//! |---|---|
//! | `arbitrary` | `Arbitrary` for the words, valid values only |
//! | `deflate` | MODE Z for [`codec`] |
//! | `serde` | `Serialize` and `Deserialize` for [`Route`], [`Code`], [`Verb`], [`Time`], the addresses, the values of arguments, the policies ([`client::Config`], [`server::Config`] but for its `support`, [`tracker::Rules`], and what is in them), entries of listings ([`listing::Entry`], [`listing::OwnedEntry`]), [`Evidence`] and [`diagnosis::Findings`]; never for what can hold a secret: [`Password`], [`Command`], [`client::Request`] |
//! | `std` | io errors to [`DataError`] and [`ControlError`], and [`Time`] from and to `SystemTime` |
#![no_std]
#![forbid(unsafe_code)]
#![warn(missing_docs)]
#![cfg_attr(
    not(test),
    deny(
        clippy::indexing_slicing,
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::arithmetic_side_effects,
        clippy::panic,
        clippy::unreachable,
        clippy::todo,
        clippy::string_slice
    )
)]

extern crate alloc;
// The code that `arbitrary` derives refers to `std`.
#[cfg(any(test, feature = "arbitrary", feature = "std"))]
extern crate std;

pub mod adapters;
mod address;
pub mod client;
pub mod codec;
mod command;
mod connection;
mod data;
pub mod diagnosis;
mod few;
mod grammar;
mod inbox;
pub mod listing;
pub mod migration;
#[cfg(doctest)]
mod misuse;
mod outbox;
mod reply;
mod route;
#[cfg(feature = "serde")]
mod serde_types;
pub mod server;
pub mod session;
#[cfg(feature = "std")]
mod std_types;
mod swar;
pub mod telnet;
mod text;
mod time;
mod tls;
pub mod tracker;
mod words;

pub use address::{
    AddressError, AddressFault, ExtendedAddress, ExtendedPassive, ExtendedPort, HostPort, LongAddress, NetworkProtocol,
};
pub use client::Client;
pub use command::{
    Algs, Allocation, ArgumentFault, Command, CommandError, CommandLine, DataUse, EpsvArgument, Form, Format,
    LoginRule, Mode, NewFacts, NewFactsError, NotOther, Opts, OtherCommand, OtherOption, Protection, Site, Structure,
    Type, Verb,
};
pub use data::{
    Accept, ChannelId, Close, Connect, DataError, Direction, Ending, Listen, Moved, Relayed, Resume, SecureData,
    Stream, StreamEnd, Verdict,
};
pub use inbox::{Commands, Inbox, Limits, LineTooLong, Replies};
pub use outbox::{ControlError, Sent, Write};
pub use reply::{BodyError, Class, Code, FactsLine, Feature, Features, Lines, Reply, ReplyEnd, ReplyError};
pub use route::{
    Attempt, AttemptEnd, Configuration, Container, ControlLoss, ControlState, DataTls, Endpoints, Evidence, Excerpt,
    Helper, LossKind, Occasion, PassiveHost, Route, Side, Software, Speaks, Surroundings, TlsFacts, TlsVersion,
    is_plausible,
};
pub use server::Server;
pub use session::Session;
pub use text::{Argument, Password, Path, Text, TextError};
pub use time::{Instant, Time, TimeError};
pub use tls::{StartTls, StopTls, TlsError};
pub use words::UnknownWord;

/// The README's loop compiles.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
