//! What a session waits for, and what it takes in meanwhile.

use super::action::Violation;
use super::config::Noise;
use super::context::ReplyBy;
use super::phase::Phase;
use super::suspicion::{Doubt, Heard};
use super::{Client, Next};
use crate::command::Verb;
use crate::connection::Ask;
use crate::reply::{Code, ReplyError};
use crate::session::{Answered, CommandId};
use crate::time::Instant;
use crate::tls::Tls;

/// How many lines that aren't replies are skipped in a session.
const MOST_NOISE: u8 = 32;

/// What the session waits for when it can't go on by itself.
pub(super) enum Wait {
    Reply,
    /// The data connection. Holds the moment of the next poll while bytes move.
    Data(Option<Instant>),
    Tls,
    /// A request of the application.
    Request,
}

impl Client {
    /// Takes what has come in, if anything, or waits. `None`: look again.
    pub(super) fn wait(&mut self, wait: Wait) -> Result<Option<Next>, Violation> {
        if let Wait::Tls = wait {
            return self.wait_for_tls();
        }
        let takes_replies = self.takes_replies();
        if takes_replies {
            match self.inbox.advance() {
                Ok(true) => return Ok(Some(self.react())),
                Ok(false) => {}
                Err(ReplyError::NotAReply { line }) if self.skips_noise() => {
                    self.context.overhear(&line);
                    // Behind another protocol's first word there comes no greeting.
                    if self.context.speaks.is_some() && self.context.connection.session.is_due(CommandId::GREETING) {
                        return Err(Violation::Reply(ReplyError::NotAReply { line }));
                    }
                    let noise = self.noise.get_or_insert_default();
                    noise.count = noise.count.saturating_add(1);
                    return Ok(Some(Next::Noise(line)));
                }
                Err(error) => return Err(Violation::Reply(error)),
            }
        }
        // The last bytes of a file may come after the server has sent its final reply and closed the control connection.
        let only_data = matches!(wait, Wait::Data(_)) && !takes_replies;
        if self.context.connection.input_ended && !only_data {
            self.input_end()?;
            return Ok(None);
        }
        if let Some(next) = self.doubt(&wait)? {
            return Ok(next);
        }
        Ok(Some(match wait {
            Wait::Reply => return self.wait_for_reply(),
            Wait::Data(stream_by) => Next::Ask(Ask::Data(stream_by)),
            Wait::Tls => Next::Ask(Ask::Tls),
            Wait::Request => Next::Read(None),
        }))
    }

    /// Whether a line that isn't a reply is skipped. None is while TLS is about to begin, since an attacker may have injected it.
    fn skips_noise(&self) -> bool {
        let session = &self.context.connection.session;
        let here = match self.context.config.noise {
            Noise::Never => false,
            Noise::BeforeGreeting => session.is_due(CommandId::GREETING),
            Noise::Always => true,
        };
        let skipped = self.noise.as_ref().map_or(0, |noise| noise.count);
        here && skipped < MOST_NOISE && session.replies_due_to(Verb::Auth) == 0
    }

    /// Deals with a suspect, a reply that fits no command but may be the answer. `None`: there is none to deal with.
    fn doubt(&mut self, wait: &Wait) -> Result<Option<Option<Next>>, Violation> {
        let Self { context, phase: Phase::Running(running), .. } = self else { return Ok(None) };
        let transferring = context.connection.session.is_transferring();
        match wait {
            // While bytes move, no reply is overdue.
            Wait::Data(_) if !transferring => {}
            Wait::Reply => {
                let patience = running.patience(&context.config);
                if context.begin_to_wait(patience) && transferring {
                    running.suspicion.begin_anew(context);
                }
            }
            Wait::Data(_) | Wait::Tls | Wait::Request => return Ok(None),
        }
        let by = match running.doubt(context)? {
            Doubt::None => return Ok(None),
            Doubt::Again => return Ok(Some(None)),
            Doubt::Until(by) => by,
        };
        let give_up = running.give_up_at(&context.config);
        Ok(Some(Some(Next::Read(Some(give_up.map_or(by, |at| at.min(by)))))))
    }

    /// Waits until TLS begins or ends. Bytes that were read before it begins are never taken for the server's: they end the session.
    fn wait_for_tls(&self) -> Result<Option<Next>, Violation> {
        if let Tls::Starting { .. } = self.context.connection.tls {
            if self.inbox.has_more() {
                return Err(Violation::PlaintextBeforeTls);
            }
            if self.context.connection.input_ended {
                return Err(Violation::Closed { waiting: self.waiting() });
            }
        }
        Ok(Some(Next::Ask(Ask::Tls)))
    }

    /// Waits for the reply that is due. Without it the session ends, since a late one would be taken for the next; after QUIT it ends in
    /// order.
    fn wait_for_reply(&mut self) -> Result<Option<Next>, Violation> {
        let context = &mut self.context;
        let Phase::Running(running) = &self.phase else { return Ok(None) };
        let ReplyBy::At(by) = context.reply_by else {
            context.begin_to_wait(running.patience(&context.config));
            return Ok(None);
        };
        if context.connection.now < by {
            let give_up = running.give_up_at(&context.config);
            return Ok(Some(Next::Read(Some(give_up.map_or(by, |at| at.min(by))))));
        }
        if !running.is_quit() {
            return Err(Violation::TimedOut { waiting: self.waiting() });
        }
        self.leave();
        Ok(None)
    }

    /// Ends the session: the server has closed the control connection, and every reply in it was taken.
    fn input_end(&mut self) -> Result<(), Violation> {
        self.inbox.finish().map_err(Violation::Reply)?;
        let session = &self.context.connection.session;
        let in_order = match &self.phase {
            Phase::Running(running) => running.is_quit(),
            // No request runs, so none has to be told.
            _ => session.is_ending() || session.replies_due() == 0,
        };
        if !in_order {
            return Err(Violation::Closed { waiting: self.waiting() });
        }
        self.leave();
        Ok(())
    }

    pub(super) fn takes_replies(&self) -> bool {
        !matches!(&self.phase, Phase::Running(running) if !running.takes_replies())
    }

    pub(super) fn wants_input(&self) -> bool {
        let has_room = self.inbox.buffered() <= self.context.config.limits.reply;
        !self.context.connection.input_ended && has_room && self.takes_replies()
    }

    /// Takes a whole reply: which command it answers, and what follows from that.
    pub(super) fn react(&mut self) -> Next {
        let Self { inbox, context, phase, .. } = self;
        // `action` reports a reply that isn't there.
        let Some(reply) = inbox.reply() else { return Next::Reply };
        let code = reply.code();
        context.recognise(&reply);
        // A reply that came before its command was sent answers nothing, whatever its code; but 421 ends the session.
        if context.is_early(inbox.behind()) && code != Code::SERVICE_NOT_AVAILABLE {
            context.connection.session.overhear(code);
            return Next::Unsolicited;
        }
        let heard = match phase {
            Phase::Running(running) => running.hear(context, &reply),
            _ => match context.connection.session.reply(code) {
                Answered::Due { .. } => Heard::Due,
                Answered::Suspect { .. } | Answered::Unsolicited => Heard::Unsolicited,
            },
        };
        context.drop_spent();
        match heard {
            Heard::Due => Next::Reply,
            Heard::Unsolicited => Next::Unsolicited,
        }
    }

    /// The verb of the command whose reply is due; `None`: the greeting is due, or nothing.
    pub(super) fn waiting(&self) -> Option<Verb> {
        self.context.connection.session.awaited()?.verb()
    }
}
