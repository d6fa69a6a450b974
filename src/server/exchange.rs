//! Every command with its final reply, told to an application that wants to know.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::fmt;

use super::context::Context;
use crate::command::{Command, CommandError, Verb};
use crate::reply::{Code, Reply};
use crate::session::CommandId;

/// What stands for a secret.
const MASK: &[u8] = b"****";

/// A command with its final reply ([`Config::report_answered`](super::Config::report_answered)).
///
/// Secrets are masked: what follows PASS, ACCT and the other commands with a secret, SITE's word, and a word that is in no
/// table is `****`, and so is a line that can't be read, but for the word and the arguments of a known command without a secret.
pub struct Exchange<'a>(&'a Told);

impl Exchange<'_> {
    /// The command, or why the line is none.
    pub fn command(&self) -> Result<Command<'_>, CommandError> {
        match self.0.heard.error {
            Some(error) => Err(error),
            None => Command::parse(&self.0.heard.line),
        }
    }

    /// Its verb, known even if the rest of the line can't be read.
    pub fn verb(&self) -> Verb {
        self.0.heard.verb
    }

    /// The line as it came, without its end. It can hold control characters: escape it where it is shown.
    pub fn line(&self) -> &[u8] {
        &self.0.heard.line
    }

    /// Whether the application was asked about the command, in a `Question` or a `Transfer`. The reply is the application's then,
    /// but for a transfer that has ended without words of its own, an answer that didn't come in time, and one failed login or unknown
    /// word too many.
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

/// The commands whose final reply is due, and what is to be told.
pub(super) struct News {
    /// The line that was taken up last, until its command is answered, or the application is asked about it.
    current: Option<Heard>,
    /// The command that the application was asked about, until its final reply.
    asked: Option<(CommandId, Heard)>,
    ready: VecDeque<Told>,
    shown: Option<Told>,
}

struct Heard {
    /// Secrets are masked.
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

    /// A line that was longer than this.
    fn cut(verb: Verb, limit: usize) -> Self {
        let line = if verb == Verb::Other { MASK.to_vec() } else { [verb.word().as_bytes(), b" ", MASK].concat() };
        Self { line, verb, error: Some(CommandError::LineTooLong { limit }), asked: false }
    }
}

impl News {
    /// What was said by the command with this identity.
    fn take(&mut self, id: CommandId) -> Option<Heard> {
        match self.asked.take_if(|(asked, _)| *asked == id) {
            Some((_, heard)) => Some(heard),
            None => self.current.take(),
        }
    }
}

/// All of it costs one look where nobody wants to know.
impl Context {
    /// Something is to be told.
    #[inline]
    pub(super) fn has_news(&self) -> bool {
        self.news.as_ref().is_some_and(|news| !news.ready.is_empty())
    }

    /// What is told next.
    pub(super) fn show_news(&mut self) -> Option<Exchange<'_>> {
        let news = self.news.as_mut()?;
        news.shown = Some(news.ready.pop_front()?);
        news.shown.as_ref().map(Exchange)
    }

    /// This line is taken up.
    #[inline]
    pub(super) fn hear(&mut self, line: &[u8]) {
        if let Some(news) = &mut self.news {
            news.current = Some(Heard::new(line));
        }
    }

    /// A line is taken up that was longer than the limit.
    pub(super) fn hear_cut(&mut self, verb: Verb) {
        let limit = self.config.limits.line;
        if let Some(news) = &mut self.news {
            news.current = Some(Heard::cut(verb, limit));
        }
    }

    /// The application is asked about the line that was taken up last, whose command has this identity.
    #[inline]
    pub(super) fn note_asked(&mut self, id: CommandId) {
        if let Some(news) = &mut self.news {
            news.asked = news.current.take().map(|heard| (id, Heard { asked: true, ..heard }));
        }
    }

    /// A reply to this command was appended to what is written, from here on.
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

/// Of a session whose application wants to know.
pub(super) fn news(wanted: bool) -> Option<Box<News>> {
    wanted.then(|| Box::new(News { current: None, asked: None, ready: VecDeque::new(), shown: None }))
}
