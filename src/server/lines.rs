//! How command lines are taken up: in their turn, and during a transfer.

use super::Server;
use super::answers::NOOP_OK;
use super::context::Context;
use super::phase::{Phase, Stop};
use crate::command::{Command, Verb};
use crate::inbox::{Commands, Inbox, LineTooLong};
use crate::reply::Code;

impl Server {
    /// Takes up the next command line, and those behind it for as long as the machine answers them alone, so that their
    /// replies go out in one `Write`. `true`: look again.
    ///
    /// Elsewhere the state moves only as actions are handed out, since the adapter may have to act between two commands. Here it has
    /// nothing to do, and the client reads the same bytes in the same order.
    pub(super) fn take_lines(&mut self) -> bool {
        let mut taken = false;
        loop {
            let took = match self.phase {
                // A reply that begins or ends TLS has to be written first, and past the login's deadline no further line is read.
                Phase::Idle => !self.context.is_turning() && !self.is_login_late() && self.take_line(),
                Phase::Transferring(..) | Phase::Committing(..) => self.take_line_amid_transfer(),
                _ => false,
            };
            taken |= took;
            if !took || !matches!(self.phase, Phase::Idle) || !self.context.is_at_rest() {
                return taken;
            }
        }
    }

    /// Takes up the next command line, if one has come.
    fn take_line(&mut self) -> bool {
        let Self { waiting, inbox, context, .. } = self;
        let kept = waiting.pop();
        let (line, more) = match &kept {
            Some(line) => (line.as_deref().map_err(|verb| *verb), inbox.has_more()),
            None => match next_line(inbox, context) {
                Line::Here(line, more) => (line, more),
                Line::None { declined } => return declined,
            },
        };
        self.active = context.connection.now;
        match line {
            Ok(line) => {
                if context.is_logged_in() {
                    // After USER or REIN the time for the login runs anew, from this command.
                    self.began = context.connection.now;
                }
                if let Some(phase) = context.take_up(line, more || !waiting.is_empty()) {
                    self.phase = phase;
                }
            }
            Err(verb) => context.take_up_cut(verb),
        }
        // A client that pipelines commands goes on pipelining: the room for them and for their replies is kept until a line comes alone, so
        // that neither costs an allocation.
        let keeps = more || context.pipelined;
        context.pipelined = more;
        inbox.keep_room(keeps);
        context.connection.outbox.keep_room(keeps);
        true
    }

    /// Takes up a command line during a transfer: ABOR, NOOP and STAT are answered at once, everything else waits, and so does an ABOR once
    /// the transfer can't be undone any more.
    fn take_line_amid_transfer(&mut self) -> bool {
        let Self { waiting, inbox, context, phase, .. } = self;
        let stoppable = context.in_transfer(phase);
        let runs = stoppable || matches!(phase, Phase::Committing(..));
        if !runs || waiting.len() >= context.config.pipeline_bytes {
            return false;
        }
        let line = match next_line(inbox, context) {
            Line::Here(line, _) => line,
            Line::None { declined } => return declined,
        };
        self.active = context.connection.now;
        let alone = waiting.is_empty();
        // A line that has to wait isn't parsed before its turn.
        let urgent = line.ok().filter(|line| Verb::of_line(line).is_heard_amid_transfer());
        let urgent = urgent.and_then(|line| Command::parse(line).ok());
        match urgent {
            Some(command @ Command::Abor) if alone && stoppable => {
                context.hear(line.unwrap_or_default());
                let (abor, _) = context.connection.session.command(&command);
                context.stop(phase, Stop::Abort(abor));
            }
            // The transfer stops at once, but this ABOR is answered after the lines before it.
            Some(Command::Abor) if stoppable => {
                waiting.push(line, false);
                context.stop(phase, Stop::Interrupt);
            }
            Some(command @ Command::Noop) if alone => {
                context.hear(line.unwrap_or_default());
                let (noop, _) = context.connection.session.command(&command);
                context.say_static(noop, Code::COMMAND_OKAY, NOOP_OK);
            }
            Some(command @ Command::Stat(None)) if alone => {
                context.hear(line.unwrap_or_default());
                let (stat, _) = context.connection.session.command(&command);
                let status = context.status(true);
                context.say(stat, &status);
            }
            other => waiting.push(line, other == Some(Command::Quit)),
        }
        true
    }
}

/// The next command line.
enum Line<'a> {
    /// A line, or the verb of one that was too long; and whether more was received after it.
    Here(Result<&'a [u8], Verb>, bool),
    /// No whole line has come; and whether a Telnet option was declined, which has to be written.
    None { declined: bool },
}

fn next_line<'a>(inbox: &'a mut Inbox<Commands>, context: &mut Context) -> Line<'a> {
    let advanced = inbox.advance();
    let declined = context.decline(inbox.take_answers());
    let more = inbox.has_more();
    match (advanced, inbox.line()) {
        (Err(LineTooLong { verb, .. }), _) => Line::Here(Err(verb), more),
        (Ok(_), Some(line)) => Line::Here(Ok(line), more),
        (Ok(_), None) => Line::None { declined },
    }
}
