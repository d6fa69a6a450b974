//! Why a request failed, for the code that decides what comes next.

use std::fmt;

use anyhow::Error;
use ftp_proto::client::{Client, Failure, Violation};
use ftp_proto::diagnosis::{Actor, Fact, Finding, diagnose};
use ftp_proto::{Code, Reply, TlsVersion};

/// An error, with what became of the bytes that had come.
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

/// An error that isn't the connection's, which can still be used.
#[derive(Debug)]
pub struct Local(Error);

impl Local {
    /// An error that says so.
    pub fn new(error: impl Into<Error>) -> Self {
        Self(error.into())
    }
}

impl fmt::Display for Local {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#}", self.0)
    }
}

impl std::error::Error for Local {}

/// An error of a data connection or session, with the doctor's text.
#[derive(Debug)]
pub struct Explained {
    error: Error,
    advice: String,
}

impl Explained {
    /// The error with the likeliest cause and its cures, if it is one for the doctor and anything is found. `version`: of the control
    /// connection's TLS, which the machine doesn't know.
    pub fn by(error: Error, client: &Client, version: Option<TlsVersion>) -> Error {
        let is_for_the_doctor = match error.downcast_ref() {
            Some(Failure::NoRoute(_)) => true,
            Some(Failure::Refused(reply)) => FAILED_DATA.contains(&reply.code()),
            Some(_) => false,
            None => error.is::<Violation>(),
        };
        if !is_for_the_doctor {
            return error;
        }
        let mut evidence = client.evidence();
        evidence.tls.version = version;
        // What the server has refused with stands in the error.
        let is_told = matches!(error.downcast_ref(), Some(Failure::Refused(_)));
        match diagnose(&evidence).first() {
            Some(finding) => {
                let advice = advice(finding, is_told);
                Self { error, advice }.into()
            }
            None => error,
        }
    }
}

/// The codes with which a server tells that the data connection has failed: none could be made, or its TLS isn't as the server wants it.
const FAILED_DATA: [Code; 2] = [Code::CANNOT_OPEN_DATA_CONNECTION, Code::UNSUPPORTED_PROTOCOL_OR_DATA_TLS];

/// The server's reply, the causes, what the user can do, and what the server's administrator can. [`Finding`]'s own display has everything.
fn advice(finding: &Finding, is_told: bool) -> String {
    let mut advice = String::new();
    if !is_told && let Some(fact @ Fact::Said(_)) = finding.supports().find(|fact| matches!(fact, Fact::Said(_))) {
        advice = format!("; {fact}");
    }
    let causes: Vec<_> = finding.causes().map(|cause| cause.to_string()).collect();
    advice.push_str(&format!(". Likely: {}", causes.join(" Or: ")));
    let (users, others): (Vec<_>, Vec<_>) = finding.advice().partition(|cure| cure.actor() == Actor::User);
    for cure in users.iter().take(1).chain(others.iter().take(1)) {
        let lines: Vec<_> = cure.settings().map(|setting| setting.to_string()).collect();
        let lines = if lines.is_empty() { String::new() } else { format!(" ({})", lines.join(", ")) };
        advice.push_str(&format!(" {}: {cure}{lines}", who(cure.actor())));
    }
    advice + " ftp-doctor tells more."
}

fn who(actor: Actor) -> String {
    if actor == Actor::User { "What you can do".into() } else { format!("What the {actor} can do") }
}

impl fmt::Display for Explained {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#}{}", self.error, self.advice)
    }
}

impl std::error::Error for Explained {}

/// The text of an error, and the doctor's.
pub fn told(error: &Error) -> (String, Option<&str>) {
    if let Some(Explained { error, advice }) = error.downcast_ref() {
        return (format!("{error:#}"), Some(advice));
    }
    if let Some(Left { error, rest }) = error.downcast_ref() {
        let (text, advice) = told(error);
        return (format!("{text}; {rest}"), advice);
    }
    (format!("{error:#}"), None)
}

/// The machine's failure, if the request failed and the session goes on.
pub fn failure(error: &Error) -> Option<&Failure<'static>> {
    error
        .downcast_ref()
        .or_else(|| failure(&error.downcast_ref::<Left>()?.error))
        .or_else(|| failure(&error.downcast_ref::<Explained>()?.error))
}

/// The reply with which the server has refused, if it did.
pub fn refused(error: &Error) -> Option<&Reply<'static>> {
    if let Failure::Refused(reply) = failure(error)? { Some(reply) } else { None }
}

/// Its code.
pub fn refusal(error: &Error) -> Option<Code> {
    refused(error).map(Reply::code)
}

/// Whether the request was aborted.
pub fn is_abort(error: &Error) -> bool {
    matches!(failure(error), Some(Failure::Aborted))
}

/// Whether a listing was refused because the directory is empty, as several servers do by 450 or 550.
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
