//! Every command with its final reply, for an application that logs them.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::fmt;

use super::context::Context;
use crate::command::{Command, CommandError, Verb};
use crate::reply::{Code, Reply};
use crate::session::CommandId;

/// Replaces a secret.
const MASK: &[u8] = b"****";

/// A command with its final reply ([`Config::report_answered`](super::Config::report_answered)).
///
/// Whatever may be a secret is replaced by `****`: the arguments of PASS, ACCT and the like, of any word of SITE, and of unknown commands.
/// Of a line that can't be read, the verb is shown if it is known, and the rest if that verb takes no secret.
///
/// ```
/// use ftp_proto::server::Exchange;
/// fn log(exchange: &Exchange<'_>) {
///     println!("{} -> {}", exchange.line().escape_ascii(), exchange.reply().code());
/// }
/// ```
pub struct Exchange<'a>(&'a Told);

impl Exchange<'_> {
    /// The command, with its secrets masked.
    ///
    /// # Errors
    /// Why the line isn't a command.
    pub fn command(&self) -> Result<Command<'_>, CommandError> {
        match self.0.heard.error {
            Some(error) => Err(error),
            None => Command::parse(&self.0.heard.line),
        }
    }

    /// The verb of the line, even if the rest of the line can't be read.
    pub fn verb(&self) -> Verb {
        self.0.heard.verb
    }

    /// The line without its end, as it came but for masked secrets. It can hold control characters, so escape it before it is shown.
    pub fn line(&self) -> &[u8] {
        &self.0.heard.line
    }

    /// Whether the application was asked about the command, in a `Question` or a `Transfer`. The reply then is the application's answer,
    /// unless a transfer ended without a reply of the application's own, the application didn't answer in time, or the session ended after
    /// too many failed logins or unknown commands.
    pub fn was_asked(&self) -> bool {
        self.0.heard.asked
    }

    /// The final reply.
    pub fn reply(&self) -> &Reply<'static> {
        &self.0.reply
    }
}

impl fmt::Debug for Exchange<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Exchange(\"{}\", {:?})", self.line().escape_ascii(), self.reply())
    }
}

/// The commands whose final reply is due, and those that are to be reported.
pub(super) struct News {
    /// The line that was taken up last, until its command is answered or the application is asked about it.
    current: Option<Heard>,
    /// The command that the application was asked about, until its final reply.
    asked: Option<(CommandId, Heard)>,
    ready: VecDeque<Told>,
    /// The one that was reported last, kept for its `Exchange`.
    shown: Option<Told>,
}

struct Heard {
    /// The line with secrets masked.
    line: Vec<u8>,
    verb: Verb,
    error: Option<CommandError>,
    asked: bool,
}

struct Told {
    heard: Heard,
    reply: Reply<'static>,
}

impl Heard {
    fn new(line: &[u8]) -> Self {
        let (verb, parsed) = (Verb::of_line(line), Command::parse(line));
        let masked = |word: &[u8]| [word, b" ", MASK].concat();
        let shown = match &parsed {
            Ok(Command::Site(site)) if site.arguments().is_some() => masked(&[b"SITE ", site.word()].concat()),
            Ok(Command::Other(other)) if other.argument().is_some() => masked(other.word()),
            Ok(_) if Command::takes_secret(verb) => masked(verb.word().as_bytes()),
            Err(_) if verb == Verb::Other => MASK.to_vec(),
            Err(_) if verb == Verb::Site || Command::takes_secret(verb) => masked(verb.word().as_bytes()),
            _ => line.to_vec(),
        };
        Self { line: shown, verb, error: parsed.err(), asked: false }
    }

    /// A line that was longer than the limit.
    fn cut(verb: Verb, limit: usize) -> Self {
        let line = if verb == Verb::Other { MASK.to_vec() } else { [verb.word().as_bytes(), b" ", MASK].concat() };
        Self { line, verb, error: Some(CommandError::LineTooLong { limit }), asked: false }
    }
}

impl News {
    /// The line of the command with this identity.
    fn take(&mut self, id: CommandId) -> Option<Heard> {
        match self.asked.take_if(|(asked, _)| *asked == id) {
            Some((_, heard)) => Some(heard),
            None => self.current.take(),
        }
    }
}

/// If nothing is to be reported, each of these costs one check.
impl Context {
    /// Whether something is to be reported.
    #[inline]
    pub(super) fn has_news(&self) -> bool {
        self.news.as_ref().is_some_and(|news| !news.ready.is_empty())
    }

    /// The next thing to report.
    pub(super) fn show_news(&mut self) -> Option<Exchange<'_>> {
        let news = self.news.as_mut()?;
        news.shown = Some(news.ready.pop_front()?);
        news.shown.as_ref().map(Exchange)
    }

    /// Notes a line that is taken up.
    #[inline]
    pub(super) fn hear(&mut self, line: &[u8]) {
        if let Some(news) = &mut self.news {
            news.current = Some(Heard::new(line));
        }
    }

    /// Notes a line that is taken up and was too long.
    pub(super) fn hear_cut(&mut self, verb: Verb) {
        let limit = self.config.limits.line;
        if let Some(news) = &mut self.news {
            news.current = Some(Heard::cut(verb, limit));
        }
    }

    /// Notes that the application is asked about the line that was taken up last, whose command has this identity.
    #[inline]
    pub(super) fn note_asked(&mut self, id: CommandId) {
        if let Some(news) = &mut self.news {
            news.asked = news.current.take().map(|heard| (id, Heard { asked: true, ..heard }));
        }
    }

    /// Notes that a reply to this command was appended to the outbox, at `from`.
    #[inline]
    pub(super) fn tell(&mut self, id: CommandId, code: Code, from: usize) {
        if self.news.is_some() && !code.is_preliminary() {
            self.tell_final(id, from);
        }
    }

    #[cold]
    fn tell_final(&mut self, id: CommandId, from: usize) {
        let Some(news) = &mut self.news else { return };
        if let Ok(Some((reply, _))) = Reply::parse(&self.connection.outbox.said_from(from))
            && let Some(heard) = news.take(id)
        {
            news.ready.push_back(Told { heard, reply: reply.into_owned() });
        }
    }
}

/// The news of a session, if it is wanted.
pub(super) fn news(wanted: bool) -> Option<Box<News>> {
    wanted.then(|| Box::new(News { current: None, asked: None, ready: VecDeque::new(), shown: None }))
}
