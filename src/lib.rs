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

mod inbox;
mod reply;
pub mod telnet;
mod text;
mod time;

pub use inbox::{Commands, Inbox, Limits, LineTooLong, Replies};
pub use reply::{Class, Code, Lines, Reply, ReplyEnd, ReplyError};
pub use text::{Argument, Password, Path, Text, TextError};
pub use time::Instant;
