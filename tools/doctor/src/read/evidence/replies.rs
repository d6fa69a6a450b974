//! The evidence in replies: lines make a reply, and the session tells which command it answers.

use std::net::SocketAddr;

use ftp_proto::session::{Answered, Awaited};
use ftp_proto::{Attempt, AttemptEnd, Code, DataError, LossKind, Reply, Route, Side, Speaks, Verb};

use super::{ATTEMPTS, REFUSED_WITHIN, Reader};
use crate::read::words::has;
use crate::read::{Program, guess};

impl Reader {
    pub(super) fn reply_line(&mut self, line: &str) {
        let code = line.get(..3).filter(|code| code.bytes().all(|byte| byte.is_ascii_digit()));
        let is_last = line.as_bytes().get(3) != Some(&b'-');
        match (&self.open, code) {
            (None, Some(code)) if !is_last => self.open = Some(code.to_owned()),
            (None, None) => return self.overhear(line),
            (Some(open), Some(code)) if open == code && is_last => self.open = None,
            _ => {}
        }
        // What is more is said, but not kept.
        if self.lines.len() < 1 << 16 || self.open.is_none() {
            self.lines.extend_from_slice(line.as_bytes());
            self.lines.extend_from_slice(b"\r\n");
        }
        if self.open.is_none() {
            self.end_reply();
        }
    }

    /// Recognises another protocol before the greeting.
    fn overhear(&mut self, line: &str) {
        let speaks = Speaks::of(line.as_bytes());
        if !self.has_begun && matches!(speaks, Speaks::Ssh | Speaks::Http) {
            self.evidence.speaks.get_or_insert(speaks);
        }
    }

    /// Takes what has come of a reply for the whole reply.
    pub(super) fn end_reply(&mut self) {
        if let Some(code) = self.open.take() {
            self.lines.extend_from_slice(format!("{code} \r\n").as_bytes());
        }
        let lines = std::mem::take(&mut self.lines);
        if let Ok(Some((reply, _))) = Reply::parse(&lines) {
            self.reply(&reply);
        }
    }

    fn reply(&mut self, reply: &Reply<'_>) {
        self.focus = None;
        let code = reply.code();
        if !std::mem::replace(&mut self.has_begun, true) && !matches!(code.value(), 120 | 220 | 230 | 421) {
            self.session.reply(Code::SERVICE_READY);
            self.log_in();
        }
        if code == Code::SERVICE_NOT_AVAILABLE {
            self.evidence.control = self.loss(LossKind::Closed, Some(reply));
        }
        let mut answered = self.session.reply(code);
        if answered == Answered::Unsolicited
            && !self.shows_commands
            && let Some(verb) = guess::verb(reply, self.setup.as_ref().is_some_and(|setup| setup.is_agreed))
        {
            self.record(verb);
            self.commanded(verb, None);
            answered = self.session.reply(code);
        } else if answered == Answered::Unsolicited
            && !self.is_from_start
            && self.setup.is_none()
            && let Some(verb) = asked_before(code)
        {
            self.record(verb);
            self.commanded(verb, None);
            answered = self.session.reply(code);
        }
        match answered {
            Answered::Due { awaited: Awaited::Greeting, .. } => {
                self.is_from_start = true;
                self.evidence.hear(None, reply);
            }
            Answered::Due { awaited: Awaited::Command(verb), .. } => {
                self.evidence.hear(Some(verb), reply);
                self.replied(verb, reply);
            }
            Answered::Suspect { id, awaited } => self.suspect = Some((id, awaited, reply.borrowed().into_owned())),
            Answered::Unsolicited => {
                // A transfer's end and what answers ABOR come late or twice at some servers.
                let odd = code.is_completion() && !matches!(code.value(), 220 | 225 | 226 | 250);
                self.evidence.surplus =
                    self.evidence.surplus.saturating_add(u16::from(odd && self.shows_commands && self.is_from_start));
            }
        }
    }

    fn replied(&mut self, verb: Verb, reply: &Reply<'_>) {
        let code = reply.code();
        match verb {
            Verb::Auth if code == Code::SECURITY_EXCHANGE_COMPLETE => {
                self.encrypted = true;
                self.evidence.tls.on = Some(true);
            }
            Verb::Epsv | Verb::Pasv if code.is_completion() => self.listens(reply),
            Verb::Eprt | Verb::Port if code.is_completion() => {
                if let Some(setup) = &mut self.setup {
                    setup.is_agreed = true;
                }
            }
            Verb::Epsv | Verb::Pasv | Verb::Eprt | Verb::Port if !code.is_preliminary() => {
                self.conclude(AttemptEnd::Refused(code), Some(reply));
            }
            verb if verb.opens_data() => self.transferred(reply),
            _ => {}
        }
    }

    /// Takes the address that the reply to PASV or EPSV names.
    fn listens(&mut self, reply: &Reply<'_>) {
        let server = self.evidence.server;
        let Some(setup) = &mut self.setup else { return };
        let advertised = match setup.attempt.route {
            // Some answer EPSV with a 227.
            Route::Epsv => match reply.extended_passive() {
                Ok(port) => Some(server.map(|server| SocketAddr::new(server.ip(), port.port()))),
                Err(_) => reply.passive_address().ok().map(|address| Some((address.host(), address.port()).into())),
            },
            _ => reply.passive_address().ok().map(|address| Some((address.host(), address.port()).into())),
        };
        match advertised {
            // Some logs keep the codes alone.
            None if reply.text().is_empty() => setup.is_agreed = true,
            Some(advertised) => {
                setup.attempt.advertised = advertised;
                setup.is_agreed = true;
            }
            None => self.conclude(AttemptEnd::Unreadable, Some(reply)),
        }
    }

    /// Takes a reply to a transfer command.
    fn transferred(&mut self, reply: &Reply<'_>) {
        let code = reply.code();
        // After a refusal it says nothing new.
        let was_refused = self.evidence.attempts.last().is_some_and(|last| {
            matches!(last.end, AttemptEnd::Refused(_) | AttemptEnd::Unexpected(_) | AttemptEnd::Unreadable)
        });
        let is_new = self.setup.is_none() && !was_refused && self.evidence.attempts.len() < ATTEMPTS;
        if is_new && code == Code::CANNOT_OPEN_DATA_CONNECTION {
            self.failed_unseen(reply);
        }
        self.opened_unseen = is_new && code.is_preliminary();
        let Some(setup) = &mut self.setup else { return };
        match code.value() {
            100..=199 => setup.attempt.opened = true,
            200..=299 if setup.cut_short => self.conclude(AttemptEnd::CutShort, None),
            200..=299 => self.conclude(AttemptEnd::Connected, None),
            // What the client has seen of it says more than the server's words, which come later.
            _ if setup.failed.is_some_and(|why| !matches!(why, DataError::Tls(_))) || setup.stalled => self.give_up(),
            421 | 425 | 426 | 431 | 520..=522 | 530 | 533 | 534 | 536 => {
                let end = self.server_failed(reply);
                self.conclude(end, Some(reply));
            }
            // A file that isn't there says nothing of data connections, but that this one stood.
            _ if setup.attempt.connected || setup.attempt.opened => self.conclude(AttemptEnd::Connected, None),
            _ => self.setup = None,
        }
    }

    /// A data connection failed that the log hasn't shown before.
    fn failed_unseen(&mut self, reply: &Reply<'_>) {
        let words = reply.to_string();
        let is_worded = ["use port", "pasv first", "epsv first"].iter().any(|word| has(&words, word));
        let end = AttemptEnd::ServerFailed(reply.code());
        if is_worded || (self.is_from_start && self.shows_commands && !self.opened_unseen) {
            // The client has agreed on nothing, or what it had agreed on was used up.
            self.evidence.attempts.push(Attempt::new(Route::Pasv, end).said(reply));
        } else if !self.shows_commands && self.opened_unseen && self.program == Program::Ftp {
            // These show the replies to PASV, and of active mode as much as the server says.
            self.evidence.attempts.push(Attempt::new(Route::Port, end).said(reply));
        } else {
            self.is_cut = true;
        }
    }

    /// How the attempt ended if the server says that it failed. A server's own log tells more: by the text, or else by the time.
    fn server_failed(&self, reply: &Reply<'_>) -> AttemptEnd {
        let code = reply.code();
        let text = reply.to_string().to_ascii_lowercase();
        let stood = self.setup.as_ref().is_some_and(|setup| setup.attempt.connected || setup.attempt.opened);
        match (self.evidence.side, code) {
            (Side::Server, Code::CANNOT_OPEN_DATA_CONNECTION) if !stood && text.contains("refused") => {
                AttemptEnd::Failed(DataError::Refused)
            }
            // Somebody came, and was turned away.
            (Side::Server, Code::CANNOT_OPEN_DATA_CONNECTION)
                if text.contains("bad ip") || text.contains("foreign") =>
            {
                AttemptEnd::ServerFailed(code)
            }
            (Side::Server, Code::CANNOT_OPEN_DATA_CONNECTION) if !stood => {
                let slow = self
                    .since(self.setup.as_ref().and_then(|setup| setup.begun))
                    .is_none_or(|time| time > REFUSED_WITHIN);
                let passive = self.setup.as_ref().is_some_and(|setup| setup.attempt.route.is_passive());
                AttemptEnd::Failed(if passive || slow { DataError::TimedOut } else { DataError::Refused })
            }
            _ => AttemptEnd::ServerFailed(code),
        }
    }

    /// Takes a reply that the log shows only as good or bad (wget).
    pub(super) fn answered(&mut self, well: bool) {
        let Some(Awaited::Command(verb)) = self.session.awaited() else { return };
        let code = match verb {
            Verb::Pasv => Code::ENTERING_PASSIVE,
            Verb::Epsv => Code::ENTERING_EXTENDED_PASSIVE,
            Verb::User | Verb::Pass => Code::LOGGED_IN,
            verb if verb.opens_data() => Code::CLOSING_DATA_CONNECTION,
            _ => Code::COMMAND_OKAY,
        };
        if !well {
            self.session.reply(Code::SYNTAX_ERROR);
            self.setup = self.setup.take().filter(|_| !verb.sets_up_data());
            return;
        }
        self.session.reply(code);
        match verb {
            Verb::User | Verb::Pass => self.evidence.logged_in = Some(true),
            verb if verb.opens_data() => self.conclude(AttemptEnd::Connected, None),
            verb if verb.sets_up_data() => {
                if let Some(setup) = &mut self.setup {
                    setup.is_agreed = true;
                }
            }
            _ => {}
        }
    }

    /// Takes an answer with a code that can't answer the command.
    pub(super) fn unexpected(&mut self, awaited: Awaited, reply: &Reply<'_>) {
        match awaited {
            Awaited::Command(Verb::Epsv | Verb::Pasv)
                if reply.passive_address().is_ok() && reply.code().is_completion() =>
            {
                self.listens(reply)
            }
            Awaited::Command(Verb::Epsv | Verb::Pasv | Verb::Eprt | Verb::Port) => {
                self.conclude(AttemptEnd::Unexpected(reply.code()), Some(reply));
            }
            _ => {}
        }
    }
}

/// The command before a log that begins with its reply.
fn asked_before(code: Code) -> Option<Verb> {
    match code {
        Code::ENTERING_PASSIVE => Some(Verb::Pasv),
        Code::ENTERING_EXTENDED_PASSIVE => Some(Verb::Epsv),
        _ => None,
    }
}
