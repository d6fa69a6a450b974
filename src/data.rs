//! The one data connection of a session, as both machines see it, and the questions that ask for it.
//!
//! An action is a question with a handle; the handle's methods are its only answers, and each of them
//! consumes it. A handle that is dropped unanswered leaves the question open: it comes again at the
//! next poll, with the same serial.

mod ending;
mod question;
mod state;
mod words;

pub use ending::{Ending, Relayed};
pub use question::{Accept, Close, Connect, Listen, SecureData, Stream};
pub use words::{ChannelId, DataError, Direction, Moved, Resume, StreamEnd, Verdict};

pub(crate) use question::Asked;
pub(crate) use state::{Data, State, Streaming};
