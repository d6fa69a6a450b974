//! How a request went wrong, for who decides what comes next.

use std::fmt;

use anyhow::Error;
use ftp_proto::client::Failure;
use ftp_proto::{Code, Reply};

/// An error, and what became of what had come.
#[derive(Debug)]
pub struct Left {
    error: Error,
    rest: String,
}

impl Left {
    /// The error with `rest` behind it.
    pub fn behind(error: Error, rest: String) -> Error {
        Self { error, rest }.into()
    }
}

impl fmt::Display for Left {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#}; {}", self.error, self.rest)
    }
}

impl std::error::Error for Left {}

/// The machine's word, where the request has failed and the session goes on.
pub fn failure(error: &Error) -> Option<&Failure<'static>> {
    error.downcast_ref().or_else(|| failure(&error.downcast_ref::<Left>()?.error))
}

/// The reply with which the server has refused, if it did.
pub fn refused(error: &Error) -> Option<&Reply<'static>> {
    if let Failure::Refused(reply) = failure(error)? { Some(reply) } else { None }
}

/// Its code.
pub fn refusal(error: &Error) -> Option<Code> {
    refused(error).map(Reply::code)
}

/// Whether it ended because somebody wanted it to.
pub fn is_abort(error: &Error) -> bool {
    matches!(failure(error), Some(Failure::Aborted))
}

/// Whether a listing was refused because there is nothing to list: several servers say so of an empty directory, by 450 or 550.
pub fn is_empty_listing(error: &Error) -> bool {
    const WORDS: [&str; 8] = [
        "no files",
        "no file found",
        "no data set",
        "no members",
        "no entries",
        "no match",
        "is empty",
        "nothing to list",
    ];
    let Some(reply) = refused(error) else { return false };
    let text = reply.to_string().to_ascii_lowercase();
    matches!(reply.code(), Code::FILE_BUSY | Code::FILE_UNAVAILABLE) && WORDS.iter().any(|words| text.contains(words))
}
