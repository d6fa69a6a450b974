//! The one data connection of a session, for both machines, and the questions about it.
//!
//! A question is an action with a handle. The handle's methods are its only answers, and each of them consumes it. A handle that is
//! dropped unanswered leaves the question open: it comes again at a later poll, with the same serial.

mod ending;
mod question;
mod state;
mod words;

pub use ending::{Ending, Relayed};
pub use question::{Accept, Close, Connect, Listen, SecureData, Stream};
pub use words::{ChannelId, DataError, Direction, Moved, Resume, StreamEnd, Verdict};

pub(crate) use question::Asked;
pub(crate) use state::{Data, State, Streaming};
