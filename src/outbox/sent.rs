//! A command as it is sent, for whoever keeps a log.

use core::fmt;

use crate::command::{Shown, Verb};
use crate::telnet::INTERRUPT_AND_SYNCH;

/// A command that is being written. `Display` and `Debug` show it as one line, fit for a log and for a terminal: a
/// password, an account and whatever else may be a secret is `****`, and bytes that aren't printable are escaped.
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
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Sent<'a>(&'a [u8]);

impl<'a> Sent<'a> {
    /// Of a whole line, with its end and, before an ABOR, with what interrupts a server.
    pub(super) fn of_line(line: &'a [u8]) -> Self {
        let line = line.strip_prefix(&INTERRUPT_AND_SYNCH).unwrap_or(line);
        Self(line.strip_suffix(b"\r\n").unwrap_or(line))
    }

    /// Its verb; [`Verb::Other`] if it isn't in the table of commands.
    pub fn verb(&self) -> Verb {
        Verb::of_line(self.0)
    }

    /// The word, what may be shown behind it, and whether there is more.
    fn parts(&self) -> (&'a [u8], &'a [u8], bool) {
        let (word, rest) = until_blank(self.0);
        match self.verb().shown() {
            Shown::All => (word, rest, false),
            Shown::Nothing => (word, &[], !rest.is_empty()),
            Shown::Word => {
                let [_, behind @ ..] = rest else { return (word, &[], false) };
                let (_, hidden) = until_blank(behind);
                let shown = rest.len().saturating_sub(hidden.len());
                (word, rest.get(..shown).unwrap_or_default(), !hidden.is_empty())
            }
        }
    }
}

/// The rest begins with the blank.
fn until_blank(text: &[u8]) -> (&[u8], &[u8]) {
    let end = memchr::memchr(b' ', text).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, &[]))
}

impl fmt::Display for Sent<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (word, shown, has_more) = self.parts();
        escape(f, word)?;
        escape(f, shown)?;
        if has_more { f.write_str(" ****") } else { Ok(()) }
    }
}

impl fmt::Debug for Sent<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sent({self})")
    }
}

/// UTF-8 as it is, but for what moves a terminal's cursor or worse.
fn escape(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            if character.is_control() {
                write!(f, "{}", character.escape_default())?;
            } else {
                write!(f, "{character}")?;
            }
        }
        write!(f, "{}", chunk.invalid().escape_ascii())?;
    }
    Ok(())
}
