//! The second half of a transfer: the data connection is secured if PROT P is in force, the bytes move, and the final reply comes.

use core::net::SocketAddr;
use core::time::Duration;

use super::state::{Commanded, Ending, Final, Stage, Stream, Transfer, Trial};
use crate::client::context::{Context, End, Ended, Progress, ReplyBy};
use crate::command::{Command, Protection, Verb};
use crate::connection::cannot_happen;
use crate::data::{Direction, Moved, State, StreamEnd};
use crate::route::{AttemptEnd, DataTls};
use crate::time::Instant;

/// How many keep-alive NOOPs may be unanswered at once: some servers answer none until the transfer has ended.
const NOOPS_DUE: usize = 8;

impl Transfer {
    /// The 1yz has come: the bytes move as soon as the data connection is made.
    pub(super) fn begin_moving(&mut self, context: &mut Context, commanded: Commanded, last: Final) {
        self.stage = Stage::Moving(commanded, last);
        if let (Final::Due, Some(attempt)) = (last, Self::standing(context)) {
            attempt.opened = true;
        }
        match *context.connection.data.state() {
            State::Open(peer) => self.connected(context, commanded.trial, peer),
            State::Standing(_) => self.stream(context),
            _ => {}
        }
    }

    /// The data connection is made and the server is ready: TLS if PROT P is in force (RFC 4217 9), then the bytes.
    fn connected(&mut self, context: &mut Context, trial: Trial, peer: SocketAddr) {
        if !trial.route.is_passive() {
            self.record(context, trial, Some(peer), AttemptEnd::Connected, None);
        }
        let connection = &mut context.connection;
        if connection.session.protection() == Protection::Private {
            connection.data.secure(context.config.data_session, context.config.patience.handshake);
        } else {
            self.stream(context);
        }
    }

    fn stream(&mut self, context: &mut Context) {
        self.attempts = self.attempts.saturating_add(1);
        let upload = self.request.command.verb().is_upload();
        let direction = if upload { Direction::Send } else { Direction::Receive };
        let form = context.connection.session.form();
        context.connection.data.stream(direction, form, self.request.part.offset(), self.attempts);
    }

    pub(super) fn moving(&mut self, context: &mut Context, commanded: Commanded, last: Final) -> Progress {
        let data = &mut context.connection.data;
        match *data.state() {
            State::Open(peer) => self.connected(context, commanded.trial, peer),
            State::Secured { resumed } => {
                if let Some(attempt) = Self::standing(context) {
                    attempt.tls = Some(DataTls::completed(None, Some(resumed)));
                }
                self.stream(context);
            }
            State::Asking(_) if data.streaming().is_some() => return self.streaming(context, last),
            State::Asking(_) => return Progress::Data(None),
            // The connection of the transfer before, with TLS already if that is in force.
            State::Standing(_) => self.stream(context),
            State::Ended { end, moved, .. } => {
                data.conclude();
                self.moved(context, commanded, last, Stream { end, moved });
            }
            State::Failed(why) => self.no_connection(context, commanded, last, why),
            State::Deserted(stranger) => self.deserted(context, commanded, last, stranger),
            State::Idle | State::Bound(_) | State::Target(_) | State::Whole { .. } => {
                cannot_happen("bytes are to move, and there is no data connection");
                self.end(context, Ending::Incomplete(StreamEnd::Truncated, Moved::Nothing));
            }
        }
        Progress::Again
    }

    /// The bytes move: NOOP keeps the control connection alive, and the moment of the next poll is when the stream would stall.
    fn streaming(&mut self, context: &mut Context, last: Final) -> Progress {
        let full = context.connection.session.replies_due_to(Verb::Noop) >= NOOPS_DUE;
        let keep_alive = context.config.keep_alive.filter(|_| last == Final::Due && !full);
        let keep_alive = keep_alive.map(|after| context.last_word.after(after));
        if keep_alive.is_some_and(|at| context.connection.now >= at) {
            context.send_beside(&Command::Noop);
            return Progress::Again;
        }
        let stalls_at = context.connection.stalls_at(self.stall(context));
        Progress::Data([keep_alive, stalls_at].into_iter().flatten().min())
    }

    /// How long nothing may come: a server that has gone on has sent all.
    pub(super) fn stall(&self, context: &Context) -> Duration {
        let patience = &context.config.patience;
        match self.stage {
            Stage::Moving(_, Final::Alone) => patience.suspect.min(patience.stall),
            _ => patience.stall,
        }
    }

    /// The stream has ended.
    fn moved(&mut self, context: &mut Context, commanded: Commanded, last: Final, stream: Stream) {
        match last {
            Final::Due if stream == Stream::BROKEN => {
                let by = context.connection.after(context.config.patience.abort);
                self.stage = Stage::Dismissed(commanded, by);
            }
            Final::Due => self.stage = Stage::Finishing(commanded, stream),
            Final::Here | Final::Alone if self.is_empty_listing(stream.moved) => self.end(context, Ending::Complete),
            Final::Here | Final::Alone => self.finish(context, commanded.trial, stream),
        }
    }

    /// The bytes have moved, and the final reply has come.
    pub(super) fn finish(&mut self, context: &Context, trial: Trial, stream: Stream) {
        let by = context.connection.after(context.config.patience.stragglers);
        self.stage = Stage::Straggling(trial, stream, by);
    }

    pub(super) fn straggle(&mut self, context: &mut Context, trial: Trial, stream: Stream, by: Instant) -> Progress {
        let due = context.connection.session.replies_due() > 0;
        if due && context.connection.now < by {
            context.reply_by = ReplyBy::At(by);
            return Progress::Reply;
        }
        let Stream { end, moved } = stream;
        if end.is_whole() {
            context.routes.prove(trial.route);
        }
        context.drop_spent();
        let missed = self.missed(context, moved.bytes());
        let is_all = end == StreamEnd::Truncated && self.is_all(context, moved.bytes());
        let cut_short =
            end == StreamEnd::Truncated && !is_all || missed.is_some_and(|expected| expected > moved.bytes());
        if let (true, Some(attempt)) = (cut_short, Self::standing(context)) {
            attempt.end = AttemptEnd::CutShort;
        }
        let how = match (end, missed) {
            (StreamEnd::Clean | StreamEnd::Marked, None) if self.request.command.verb() == Verb::Stou => {
                End::Stored(moved.bytes(), self.name.take())
            }
            (StreamEnd::Clean | StreamEnd::Marked, None) => End::Transferred(moved.bytes()),
            // It broke behind the last byte.
            _ if is_all => End::Transferred(moved.bytes()),
            (StreamEnd::Clean | StreamEnd::Marked, expected) => End::Incomplete { end, moved, expected },
            (end, _) => End::Incomplete { end, moved, expected: self.bound(context) },
        };
        // Replies still due could be taken for those to later commands, since FTP has no tags.
        Progress::End(Ended { how, reply: self.kept.take(), out_of_step: due })
    }
}
