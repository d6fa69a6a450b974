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
// What `arbitrary` derives names `std`, which that crate needs itself.
#[cfg(any(test, feature = "arbitrary"))]
extern crate std;

mod address;
mod command;
mod inbox;
mod reply;
pub mod telnet;
mod text;
mod time;

pub use address::{
    AddressError, AddressFault, ExtendedAddress, ExtendedPassive, ExtendedPort, HostPort, LongAddress, NetworkProtocol,
};
pub use command::{
    Algs, Allocation, ArgumentFault, Command, CommandError, CommandLine, DataConnection, EpsvArgument, Facts,
    FactsError, Format, Login, Mode, Opts, OtherCommand, OtherError, OtherOption, Protection, Site, Structure, Type,
    Verb,
};
pub use inbox::{Commands, Inbox, Limits, LineTooLong, Replies};
pub use reply::{BodyError, Class, Code, FactsLine, Feature, Features, Lines, Reply, ReplyEnd, ReplyError};
pub use text::{Argument, Password, Path, Text, TextError};
pub use time::{Instant, Time, TimeError};
