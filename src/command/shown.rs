//! Command lines as people see them, in a log or on a terminal.

use alloc::vec::Vec;
use core::fmt;

use super::argument::Shown;
use super::{Command, CommandLine, Verb};

/// The command as one line, fit for a log and a terminal: a password, an account and any other possible secret shows as `****`, and
/// bytes that aren't printable are escaped. [`Command::encode`] writes what goes over the wire. Allocates.
///
/// ```
/// use ftp_proto::Command;
/// let shown = |line: &'static [u8]| Command::parse(line).map(|command| command.to_string());
/// assert_eq!(shown(b"retr a\tb")?, "RETR a\\tb");
/// assert_eq!(shown(b"PASS secret")?, "PASS ****");
/// assert_eq!(shown(b"SITE CHPASS secret")?, "SITE CHPASS ****");
/// assert_eq!(shown(b"XYZZY secret")?, "XYZZY ****", "an unknown command may take a secret");
/// # Ok::<(), ftp_proto::CommandError>(())
/// ```
impl fmt::Display for Command<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line = Vec::new();
        self.encode(&mut line);
        show_line(line.strip_suffix(b"\r\n").unwrap_or(&line), f)
    }
}

/// Like `Display` of [`Command`], with the alias if the line used one. Allocates.
impl fmt::Display for CommandLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line = Vec::new();
        self.encode(&mut line);
        show_line(line.strip_suffix(b"\r\n").unwrap_or(&line), f)
    }
}

/// Shows a command line, without its end.
pub(crate) fn show_line(line: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let (word, shown, has_more) = parts(line);
    escape(f, word)?;
    escape(f, shown)?;
    if has_more { f.write_str(" ****") } else { Ok(()) }
}

/// The word, the rest that may be shown, and whether anything is hidden.
fn parts(line: &[u8]) -> (&[u8], &[u8], bool) {
    let (word, rest) = until_blank(line);
    match Verb::of_line(line).shown() {
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

/// Splits a text at the first blank, which belongs to the second part.
fn until_blank(text: &[u8]) -> (&[u8], &[u8]) {
    let end = memchr::memchr(b' ', text).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, &[]))
}

/// Writes UTF-8 as it is, and escapes control characters, which could steer a terminal, and bytes that aren't UTF-8.
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
