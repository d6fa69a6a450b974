//! How a transfer is aborted, and what servers reply to that (RFC 959 4.1.3).

use super::state::{Aborting, Ending, Final, Stage, Then, Transfer};
use crate::client::context::{Context, Progress, ReplyBy};
use crate::command::Command;
use crate::session::CommandId;
use crate::telnet::INTERRUPT_AND_SYNCH;
use crate::tls::Tls;

impl Transfer {
    /// Aborts the transfer. `false`: not yet, since a reply has to come first, or not any more, since it has ended.
    pub(super) fn abort(&mut self, context: &mut Context, why: Ending) -> bool {
        match self.stage {
            Stage::Excluding
            | Stage::Typing
            | Stage::Sizing
            | Stage::Announcing(_)
            | Stage::Asking(_)
            | Stage::Restarting(_)
            | Stage::Ranging(_)
            | Stage::Ending(_)
            | Stage::Aborting(_) => return false,
            Stage::Begin
            | Stage::Type
            | Stage::Size
            | Stage::Choosing
            | Stage::Listening(_)
            | Stage::Dialling { .. }
            | Stage::Ready(_)
            | Stage::Ranged(_)
            | Stage::Interrupted(_)
            | Stage::Failing
            // The server has finished already, so only this side has to stop.
            | Stage::Moving(_, Final::Here | Final::Alone)
            | Stage::Straggling(..) => self.end(context, why),
            Stage::Commanded(commanded)
            | Stage::Moving(commanded, Final::Due)
            | Stage::Finishing(commanded, _)
            | Stage::Dismissed(commanded, _)
            | Stage::Unsecured(commanded, _) => {
                context.connection.data.release();
                self.say_abort(context, commanded.id, Then::End(why));
            }
        }
        true
    }

    pub(super) fn say_abort(&mut self, context: &mut Context, transfer: CommandId, then: Then) {
        // Telnet IP and Synch interrupt a server that doesn't read while it sends (RFC 959 4.1.3). TLS has no urgent data
        // (RFC 4217 14), and without it some servers don't understand them.
        if context.config.urgent && context.connection.tls == Tls::Off {
            let [rest @ .., mark] = INTERRUPT_AND_SYNCH;
            let outbox = &mut context.connection.outbox;
            outbox.telnet().extend_from_slice(&rest);
            outbox.mark_urgent();
            outbox.telnet().push(mark);
        }
        let patience = &context.config.patience;
        let patience = if self.awaits_commit() { patience.commit.max(patience.abort) } else { patience.abort };
        let abor = context.send(&Command::Abor);
        let by = context.connection.after(patience);
        self.stage = Stage::Aborting(Aborting { transfer, abor, barrier: None, by, then });
    }

    /// Waits for the replies to ABOR. Without them the request ends as planned, but the session can't go on.
    pub(super) fn aborting(&mut self, context: &mut Context, aborting: Aborting) -> Progress {
        if context.connection.now >= aborting.by {
            return self.ended(context, aborting.then.ending(), true);
        }
        context.reply_by = ReplyBy::At(aborting.by);
        Progress::Reply
    }

    /// Takes a final reply after ABOR. Servers answer the transfer command and ABOR with 426 and 226, with 226 twice, or once for both. A
    /// NOOP after the first reply tells which: what comes before its 200 answers the two.
    pub(super) fn abort_reply(&mut self, context: &mut Context, aborting: Aborting, id: CommandId) {
        match aborting.barrier {
            Some(barrier) if id == barrier => {
                context.connection.session.settle_abort();
                self.go_on(aborting.then);
            }
            None if id == aborting.transfer || id == aborting.abor => {
                let barrier = Some(context.send(&Command::Noop));
                // The first reply may have waited for the server to keep an upload.
                let by = aborting.by.max(context.connection.after(context.config.patience.abort));
                self.stage = Stage::Aborting(Aborting { barrier, by, ..aborting });
            }
            // The second reply, or one to a NOOP that was sent while the bytes still moved.
            Some(_) | None => {}
        }
    }
}
