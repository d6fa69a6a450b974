//! What a session waits for, and what it hears meanwhile.

use super::action::Violation;
use super::config::Noise;
use super::context::ReplyBy;
use super::suspicion::{Doubt, Heard};
use super::{Client, Next, Phase};
use crate::command::Verb;
use crate::connection::Ask;
use crate::reply::{Code, ReplyError};
use crate::session::{Answered, CommandId};
use crate::time::Instant;
use crate::tls::Tls;

/// How many lines that are no reply are skipped in a session at most.
const MOST_NOISE: u8 = 32;

/// What the session waits for, once it can't go on by itself.
pub(super) enum Wait {
    Reply,
    Data(Option<Instant>),
    Tls,
    /// The application.
    Request,
}

impl Client {
    /// What the request waits for may be here. `None`: look again.
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
        // The last bytes of a file may come after the server has said its last word and left.
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

    /// Whether a line that is no reply is none of the server's faults. Where TLS is about to begin it may be a stranger's.
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

    /// A reply that fits nothing may be what is waited for. `None`: nothing of that kind is here.
    fn doubt(&mut self, wait: &Wait) -> Result<Option<Option<Next>>, Violation> {
        let Self { context, phase: Phase::Running(running), .. } = self else { return Ok(None) };
        let transferring = context.connection.session.is_transferring();
        match wait {
            // While bytes move, what fits isn't late.
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

    /// TLS is to begin or to end. What was read before it begins is nobody's: it is never taken for the peer's word.
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

    /// A reply is due. After QUIT nobody waits for long; anywhere else a late reply would be taken for the next.
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

    /// The control connection has ended, and every reply in it was taken.
    fn input_end(&mut self) -> Result<(), Violation> {
        self.inbox.finish().map_err(Violation::Reply)?;
        let session = &self.context.connection.session;
        let in_order = match &self.phase {
            Phase::Running(running) => running.is_quit(),
            // A request that runs gets its word, be it this one.
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

    /// A whole reply is here: what it answers, and what follows from that.
    pub(super) fn react(&mut self) -> Next {
        let Self { inbox, context, phase, .. } = self;
        // `action` looks for it, too.
        let Some(reply) = inbox.reply() else { return Next::Reply };
        let code = reply.code();
        context.recognise(&reply);
        // What was here before it was asked for is nobody's, whatever it says; but who leaves, leaves.
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

    /// The verb of the command whose reply is due; `None`: the greeting's is, or none.
    pub(super) fn waiting(&self) -> Option<Verb> {
        self.context.connection.session.awaited()?.verb()
    }
}
