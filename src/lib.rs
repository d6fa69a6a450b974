//! A sans-IO FTP.
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
#[cfg(test)]
extern crate std;

mod address;
pub mod client;
mod command;
mod data;
mod inbox;
#[cfg(doctest)]
mod misuse;
mod outbox;
mod reply;
mod route;
pub mod server;
pub mod session;
pub mod telnet;
mod text;
mod time;

pub use address::{
    AddressError, AddressFault, ExtendedAddress, ExtendedPassive, ExtendedPort, HostPort, LongAddress, NetworkProtocol,
};
pub use client::Client;
pub use command::{
    Algs, Allocation, ArgumentFault, Command, CommandError, CommandLine, DataConnection, EpsvArgument, Facts,
    FactsError, Format, Login, Mode, Opts, OtherCommand, OtherError, OtherOption, Protection, Site, Structure, Type,
    Verb,
};
pub use data::{Accept, Cancel, ChannelId, Connect, DataError, Direction, Listen, Stream, StreamEnd, Verdict};
pub use inbox::{Commands, Inbox, Limits, LineTooLong, Replies};
pub use outbox::Write;
pub use reply::{BodyError, Class, Code, FactsLine, Feature, Features, Lines, Reply, ReplyEnd, ReplyError};
pub use route::{Attempt, AttemptEnd, Endpoints, PassiveHost, Route, is_plausible};
pub use server::Server;
pub use session::Session;
pub use text::{Argument, Password, Path, Text, TextError};
pub use time::{Instant, Time, TimeError};
