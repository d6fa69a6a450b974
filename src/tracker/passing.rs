//! What [`Rewrite`](super::Rewrite) asks a tracker beside its events.

use super::rewrite::Hears;
use super::{Event, Expectation, Peer, Tracker, whole_reply};
use crate::command::{Command, CommandError, DataUse, Verb};
use crate::reply::{Code, Reply};
use crate::session::{Awaited, CommandId};
use crate::telnet::{self, Escape, IAC, Sequence};

/// The words of commands that announce a data connection, ask for one, or speak to a gateway.
const WORDS: [&[u8]; 9] = [b"PORT", b"EPRT", b"LPRT", b"PASV", b"P@SW", b"EPSV", b"LPSV", b"CPSV", b"ALGS"];

/// Those of them that name the client's own address.
const ANNOUNCING: [&[u8]; 3] = [b"PORT", b"EPRT", b"LPRT"];

fn begins_one_of(words: &[&[u8]], begin: &[u8]) -> bool {
    words.iter().any(|word| word.get(..begin.len()).is_some_and(|other| other.eq_ignore_ascii_case(begin)))
}

impl Tracker {
    /// All that is said passes by here.
    pub(super) fn see_all(&mut self) {
        self.mind.steps.see_all();
    }

    /// Whether what this side says next may be the rest of a line.
    pub(super) fn is_amid_line(&self, side: Peer) -> bool {
        let half = match side {
            Peer::Client => &self.halves.client,
            Peer::Server => &self.halves.server,
        };
        !half.whole || self.under_way(side).0
    }

    /// Whether an AUTH that was said before this command isn't answered, or was accepted in part.
    pub(super) fn is_amid_auth(&self, id: CommandId) -> bool {
        let is_auth = |verb| matches!(verb, Verb::Auth | Verb::Adat);
        let session = self.mind.steps.session();
        session.is_exchanging() || session.pending().any(|due| due.id < id && due.awaited.verb().is_some_and(is_auth))
    }

    /// Whether an AUTH isn't answered, or wasn't refused.
    pub(super) fn is_amid_any_auth(&self) -> bool {
        let is_auth = |verb| matches!(verb, Verb::Auth | Verb::Adat);
        let session = self.mind.steps.session();
        let is_due = || session.pending().any(|due| due.awaited.verb().is_some_and(is_auth));
        self.mind.is_blind() || session.is_exchanging() || is_due()
    }

    /// Where an option of Telnet is heard in what this side says next.
    pub(super) fn hears_options(&self, side: Peer) -> Hears {
        let escaping = self.mind.rules.escaping;
        let (escape, is_text) = match side {
            Peer::Client => (escaping.commands, false),
            Peer::Server => (escaping.replies, self.heard.open_code().is_some()),
        };
        match escape {
            _ if self.is_amid_any_auth() => Hears::Nothing,
            Escape::Doubled => Hears::Everything,
            Escape::AsIs if is_text => Hears::Nothing,
            Escape::AsIs => Hears::Head,
        }
    }

    /// A line of this side is longer than this, in bytes, if it can't be read.
    pub(super) fn most_of_line(&self, side: Peer) -> usize {
        match side {
            Peer::Client => self.mind.rules.commands.line,
            Peer::Server => self.mind.rules.replies.line,
        }
    }

    /// Whether the final reply to this command is due.
    pub(super) fn is_due(&self, id: CommandId) -> bool {
        self.mind.steps.session().is_due(id)
    }

    /// Whether `line`, the beginning of the client's next line, may be a PORT, EPRT or LPRT behind a login whose reply is due.
    pub(super) fn waits_for_login(&self, line: &[u8]) -> bool {
        if !self.mind.steps.is_logging_in() || self.is_amid_line(Peer::Client) || telnet::leading(line) > 0 {
            return false;
        }
        let word = line.split(|byte| *byte == IAC).next().unwrap_or_default();
        let word = word.get(..4).unwrap_or(word);
        // What hasn't ended may be Telnet in front of it.
        let is_unended = telnet::sequence(line) == Sequence::Unended;
        is_unended || !word.is_empty() && begins_one_of(&ANNOUNCING, word)
    }

    /// How many bytes of Telnet go on in front of a line of the client's that may have to wait for the login's reply.
    pub(super) fn telnet_before_login(&self, from: Peer, line: &[u8]) -> Option<usize> {
        let may_wait = from == Peer::Client && self.mind.steps.is_logging_in() && !self.is_amid_line(from);
        Some(telnet::leading(line)).filter(|length| may_wait && *length > 0)
    }

    pub(super) fn has_news(&self) -> bool {
        self.mind.stirred
    }

    /// The event of the command line that was taken last, once more.
    pub(super) fn last_command(&self, id: CommandId, verb: Verb, is_command: bool) -> Event<'_> {
        let command = self.line().filter(|_| is_command).and_then(|line| Command::parse(line).ok());
        Event::Command { id, verb, command }
    }

    /// The command line that was taken last.
    fn line(&self) -> Option<&[u8]> {
        self.said.line().or_else(|| self.whole.text())
    }

    /// Whether the command line that was taken last is EPSV or EPRT with a number that is no network protocol's.
    pub(super) fn names_unknown_protocol(&self, verb: Verb) -> bool {
        let refused = |line| matches!(Command::parse(line), Err(CommandError::UnsupportedProtocol { .. }));
        matches!(verb, Verb::Epsv | Verb::Eprt) && self.line().is_some_and(refused)
    }

    /// The event of the reply that was taken last, once more.
    pub(super) fn last_reply(&self, answers: Option<CommandId>, awaited: Option<Awaited>) -> Option<Event<'_>> {
        let whole = || {
            let text = self.whole.text()?;
            let (head, begin) = whole_reply(text)?;
            Some(Reply::of(head, text.get(begin..)?))
        };
        let reply = self.heard.reply().or_else(whole)?;
        Some(Event::Reply { answers, awaited, reply })
    }

    /// Whether this side is amid a line or a reply, and whether that may announce a data connection.
    pub(super) fn under_way(&self, from: Peer) -> (bool, bool) {
        match from {
            Peer::Client => {
                let line = self.said.under_way();
                let word = line.get(..4).unwrap_or(line);
                (!line.is_empty(), !line.is_empty() && begins_one_of(&WORDS, word))
            }
            Peer::Server => {
                let is_passive = |verb: Verb| verb.data_use() == DataUse::SetsUpPassive;
                let is_asked =
                    self.mind.steps.session().pending().any(|due| due.awaited.verb().is_some_and(is_passive));
                let line = self.heard.under_way();
                let (is_amid, may_announce) = match self.heard.open_code() {
                    Some(code) => (true, matches!(code.value(), 227..=229)),
                    None => {
                        let code = line.get(..3).unwrap_or(line);
                        let may_be = |other: &[u8; 3]| other.starts_with(code);
                        (!line.is_empty(), !line.is_empty() && [b"227", b"228", b"229"].into_iter().any(may_be))
                    }
                };
                (is_amid, may_announce && is_asked)
            }
        }
    }

    /// Whether nothing is due that was said before this command, and the server isn't amid a reply.
    pub(super) fn may_be_answered_now(&self, id: CommandId) -> bool {
        let is_first = self.mind.steps.session().first_due().is_none_or(|due| due.id > id);
        is_first && !self.under_way(Peer::Server).0
    }

    /// The server never sees this command, so that no reply of its answers it; the client reads one with this code.
    pub(super) fn swallow(&mut self, id: CommandId, code: Code) {
        self.mind.steps.swallow(id);
        self.mind.book.swallowed(id, code);
        self.mind.stir();
    }

    pub(super) fn expected(&self, id: CommandId) -> Option<Expectation<'_>> {
        self.mind.book.expectation(id, self.mind.known())
    }

    /// The client is told that this command, which the server has accepted, set up no data connection.
    pub(super) fn refuse(&mut self, id: CommandId) {
        self.mind.steps.refuse_setup();
        self.mind.book.refused(id);
        self.mind.stir();
    }
}
