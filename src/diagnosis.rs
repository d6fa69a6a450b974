//! Explains why there is no data connection, and what to do about it: from [`Evidence`] to [`Findings`].
//!
//! ```
//! use ftp_proto::diagnosis::{Cause, diagnose};
//! use ftp_proto::{Attempt, AttemptEnd, DataError, Evidence, Route, Side};
//!
//! let inside = "192.168.1.10:50000".parse()?;
//! let attempt = Attempt::new(Route::Pasv, AttemptEnd::Failed(DataError::TimedOut)).advertised(inside).reached(inside);
//! let evidence = Evidence::seen_by(Side::Client).server("203.0.113.7:21".parse()?).attempt(attempt);
//! let findings = diagnose(&evidence);
//! assert!(findings.first().unwrap().causes().eq([Cause::PrivateAddressAdvertised]));
//! # Ok::<(), core::net::AddrParseError>(())
//! ```

mod cause;
mod cure;
mod fact;
mod few;
mod finding;
mod ports;
mod remedies;
mod rules;
mod words;

pub use cause::{Cause, Causes};
pub use cure::{Actor, Cure, Setting, Value};
pub use fact::Fact;
pub use finding::{Experiment, Finding, Findings, Line};

use crate::route::Evidence;

/// The causes that the evidence points to, the likeliest first. Without evidence of a failure there are no findings.
pub fn diagnose(evidence: &Evidence) -> Findings {
    let mut findings = Findings::default();
    rules::apply(evidence, &mut findings);
    findings.rank();
    findings
}
