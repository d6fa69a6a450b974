//! A command that is being written, as a log may show it.

use core::fmt;

use crate::command::{Verb, show_line};
use crate::telnet::INTERRUPT_AND_SYNCH;

/// A command that is being written. `Display` and `Debug` show it as one line, fit for a log and a terminal: a password, an account
/// and any other possible secret shows as `****`, and bytes that aren't printable are escaped.
///
/// ```
/// # use std::{sync::Arc, time::Duration};
/// # use ftp_proto::client::{Action, Client, Config, Request};
/// # use ftp_proto::{Argument, Endpoints, Instant, Password};
/// # let ends = Endpoints::new("192.0.2.1:40000".parse()?, "192.0.2.2:21".parse()?);
/// # let now = Instant::from_origin(Duration::ZERO);
/// # let mut client = Client::new(Arc::new(Config::default()), ends, now);
/// # client.received(b"220 ready\r\n");
/// # while !matches!(client.poll(now)?, Action::Done(_)) {}
/// client.start(Request::login(Argument::new("anna")?, Password::new("secret")?, None))?;
/// let Action::Write(write) = client.poll(now)? else { panic!() };
/// assert_eq!(write.commands().map(|command| command.to_string()).collect::<Vec<_>>(), ["USER anna"]);
/// # write.wrote_all();
/// # client.received(b"331 and?\r\n");
/// # while !matches!(client.poll(now)?, Action::Reply(_)) {}
/// let Action::Write(write) = client.poll(now)? else { panic!() };
/// assert_eq!(write.bytes(), b"PASS secret\r\n");
/// assert_eq!(write.commands().map(|command| command.to_string()).collect::<Vec<_>>(), ["PASS ****"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Sent<'a>(&'a [u8]);

impl<'a> Sent<'a> {
    /// `line` is a whole line with its end; an ABOR may have IP and Synch in front.
    pub(super) fn of_line(line: &'a [u8]) -> Self {
        let line = line.strip_prefix(&INTERRUPT_AND_SYNCH).unwrap_or(line);
        Self(line.strip_suffix(b"\r\n").unwrap_or(line))
    }

    /// The verb; [`Verb::Other`] if it isn't in the table of commands.
    pub fn verb(&self) -> Verb {
        Verb::of_line(self.0)
    }
}

impl fmt::Display for Sent<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show_line(self.0, f)
    }
}

impl fmt::Debug for Sent<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sent({self})")
    }
}
