//! The plan of a transfer: agree on a data connection, send the command, move the bytes.
//!
//! In passive mode the data connection is made *before* the transfer command is sent, so that an address that fails costs no
//! 60 seconds and no 425. In active mode the server connects after the command.

mod abort;
mod length;
mod moving;
mod setup;
mod state;

use alloc::boxed::Box;
use core::net::IpAddr;

use super::context::{Context, Progress, ReplyBy};
use super::request::Part;
use state::{Commanded, Ending, Final, Stage, Stream, Then, Trial};

pub(super) use state::Transfer;

use crate::command::{Command, EpsvArgument, Verb};
use crate::data::{DataError, Moved, State, StreamEnd, Streaming};
use crate::reply::{Code, Reply};
use crate::route::{AttemptEnd, Excerpt};
use crate::session::{CommandId, Step};
use crate::time::Instant;

/// The argument of RANG that cancels an earlier one.
const NO_RANGE: (u64, u64) = (1, 0);

impl Transfer {
    pub(super) fn react(&mut self, context: &mut Context, id: CommandId, step: Step, reply: &Reply<'_>) {
        let closes = reply.code() == Code::SERVICE_NOT_AVAILABLE;
        match self.stage {
            // The reply answers an older command, not this one.
            Stage::Excluding
            | Stage::Typing
            | Stage::Sizing
            | Stage::Announcing(_)
            | Stage::Asking(_)
            | Stage::Restarting(_)
            | Stage::Ranging(_)
                if id != context.said => {}
            // The server closes the session: no other route is tried, and no barrier is sent.
            Stage::Excluding | Stage::Sizing | Stage::Asking(_) if closes => self.end(context, Ending::Refused),
            Stage::Aborting(aborting) if closes => {
                context.connection.session.settle_abort();
                self.stage = Stage::Ending(aborting.then.ending());
            }
            // Without EPSV ALL the transfer goes on as usual.
            Stage::Excluding if step != Step::Wait => self.stage = Stage::Type,
            Stage::Typing if step == Step::Success => self.stage = Stage::Size,
            Stage::Typing if step == Step::Failure => self.end(context, Ending::Refused),
            Stage::Sizing => self.sized(context, step, reply),
            Stage::Announcing(trial) if step == Step::Success => self.ask_passive(context, trial),
            // Some servers refuse the transfer at PRET already (DrFTPD).
            Stage::Announcing(_) if step == Step::Failure => self.end(context, Ending::Refused),
            Stage::Asking(trial) => self.agreed(context, trial, step, reply),
            Stage::Restarting(trial) if step == Step::Continue => self.stage = Stage::Ready(trial),
            Stage::Ranging(trial) if step == Step::Continue => self.ranged(context, trial),
            Stage::Restarting(_) | Stage::Ranging(_) if step != Step::Wait => self.end(context, Ending::Refused),
            Stage::Commanded(commanded)
            | Stage::Moving(commanded, _)
            | Stage::Finishing(commanded, _)
            | Stage::Dismissed(commanded, _)
            | Stage::Unsecured(commanded, _)
                if id == commanded.id =>
            {
                self.transfer_reply(context, commanded, step, reply);
            }
            Stage::Aborting(aborting) if step != Step::Wait => self.abort_reply(context, aborting, id),
            _ => {}
        }
    }

    /// Reacts to an answer whose code can't answer the last command.
    pub(super) fn react_unexpected(&mut self, context: &mut Context, code: Code) {
        match self.stage {
            // Without EPSV ALL or SIZE the transfer goes on as usual.
            Stage::Excluding => self.stage = Stage::Type,
            Stage::Sizing => self.stage = Stage::Choosing,
            Stage::Asking(trial) => {
                context.routes.give_up(trial.route);
                context.connection.data.release();
                self.give_up(context, trial, AttemptEnd::Unexpected(code), None);
            }
            Stage::Aborting(aborting) => {
                context.connection.session.settle_abort();
                self.go_on(aborting.then);
            }
            _ => self.end(context, Ending::Unexpected),
        }
    }

    pub(super) fn advance(&mut self, context: &mut Context, abort: bool) -> Progress {
        if context.connection.data.tick(context.connection.now) {
            return Progress::Again;
        }
        let stalls_at = context.connection.stalls_at(self.stall(context));
        let told = context.connection.data.streaming().and_then(Streaming::moved);
        let stalled = told.filter(|_| stalls_at.is_some_and(|at| context.connection.now >= at));
        let why = match stalled {
            Some(moved) if self.is_empty_listing(moved.into()) => Ending::Complete,
            Some(moved) => Ending::Stalled(moved),
            None => Ending::Aborted,
        };
        if let (Some(moved), Some(attempt)) = (stalled, Self::standing(context)) {
            attempt.end = if moved == 0 { AttemptEnd::Stalled } else { AttemptEnd::CutShort };
        }
        if (abort || stalled.is_some()) && self.abort(context, why) {
            return Progress::Again;
        }
        match self.stage {
            Stage::Begin => self.begin(context),
            Stage::Type => self.set_type(context),
            Stage::Size => self.ask_size(context),
            Stage::Choosing => self.choose(context),
            Stage::Listening(trial) => return self.announce(context, trial),
            Stage::Dialling { trial, at, next } => return self.dial(context, trial, at, next),
            Stage::Ready(trial) => self.ready(context, trial),
            Stage::Ranged(trial) => self.command(context, trial),
            Stage::Interrupted(trial) => self.say_part_again(context, trial),
            Stage::Moving(commanded, last) => return self.moving(context, commanded, last),
            Stage::Straggling(trial, stream, by) => return self.straggle(context, trial, stream, by),
            Stage::Failing => self.fail(context),
            Stage::Commanded(commanded) => match *context.connection.data.state() {
                State::Failed(why) => self.no_connection(context, commanded, Final::Due, why),
                State::Deserted(stranger) => self.deserted(context, commanded, Final::Due, stranger),
                _ if context.connection.data.is_accepting() => return Progress::Data(None),
                _ => return Progress::Reply,
            },
            Stage::Unsecured(commanded, by) => return self.unsecured(context, commanded, by),
            Stage::Dismissed(commanded, by) => return self.dismissed(context, commanded, by),
            Stage::Aborting(aborting) => return self.aborting(context, aborting),
            Stage::Excluding
            | Stage::Typing
            | Stage::Sizing
            | Stage::Announcing(_)
            | Stage::Asking(_)
            | Stage::Restarting(_)
            | Stage::Ranging(_)
            | Stage::Finishing(..) => return Progress::Reply,
            Stage::Ending(ending) => return self.ended(context, ending, false),
        }
        Progress::Again
    }

    fn begin(&mut self, context: &mut Context) {
        // The attempts of the transfer before are still here; the last of them made the connection that is still open.
        let stands = context.data_stands();
        self.reused = context.attempts.last().filter(|_| stands).map(|last| (last.route, last.reached));
        context.attempts.clear();
        if let Some(total) = self.request.total
            && self.begins_beyond(total)
        {
            return self.end(context, self.beyond(total));
        }
        self.stage = Stage::Type;
        if context.config.epsv_all && !context.connection.session.epsv_all() {
            context.send(&Command::Epsv(EpsvArgument::All));
            self.stage = Stage::Excluding;
        }
    }

    fn set_type(&mut self, context: &mut Context) {
        self.stage = Stage::Size;
        if let Some(representation) = self.request.representation
            && representation != context.connection.session.representation()
        {
            context.send(&Command::Type(representation));
            self.stage = Stage::Typing;
        }
    }

    fn ready(&mut self, context: &mut Context, trial: Trial) {
        let (offset, range) = match self.request.part {
            Part::From(offset) => (offset, None),
            Part::Range(first, last) => (0, Some((first, last))),
        };
        // An aborted request may have left a range or an offset behind.
        if context.ranged && range.is_none() {
            return self.say_range(context, trial, NO_RANGE);
        }
        if offset != context.connection.session.restart_offset() {
            context.send(&Command::Rest(offset));
            self.stage = Stage::Restarting(trial);
            return;
        }
        match range {
            Some(range) => self.say_range(context, trial, range),
            None => self.command(context, trial),
        }
    }

    /// RANG (draft-bryan-ftp-range).
    fn say_range(&mut self, context: &mut Context, trial: Trial, (start, end): (u64, u64)) {
        context.send(&Command::Rang { start, end });
        self.stage = Stage::Ranging(trial);
    }

    /// RANG was accepted, be it to cancel an earlier one.
    fn ranged(&mut self, context: &mut Context, trial: Trial) {
        context.ranged = matches!(self.request.part, Part::Range(..));
        self.stage = if context.ranged { Stage::Ranged(trial) } else { Stage::Ready(trial) };
    }

    /// Sends REST or RANG again: a barrier was sent after it, and it holds for the next command only.
    fn say_part_again(&mut self, context: &mut Context, trial: Trial) {
        match self.request.part {
            Part::From(0) => self.ready(context, trial),
            Part::From(offset) => {
                context.send(&Command::Rest(offset));
                self.stage = Stage::Restarting(trial);
            }
            Part::Range(first, last) => self.say_range(context, trial, (first, last)),
        }
    }

    fn command(&mut self, context: &mut Context, trial: Trial) {
        let id = context.send(&self.request.command);
        context.ranged = false;
        self.announced = None;
        let connection = &mut context.connection;
        if let State::Bound(_) = connection.data.state() {
            connection.data.accept(Some(connection.ends.peer().ip()), context.config.patience.accept);
        }
        self.stage = Stage::Commanded(Commanded { trial, id });
    }

    /// The 1yz or the final reply of the transfer command.
    fn transfer_reply(&mut self, context: &mut Context, commanded: Commanded, step: Step, reply: &Reply<'_>) {
        if self.request.command.verb() == Verb::Stou && self.name.is_none() {
            self.name = reply.unique_name().map(<[u8]>::to_vec);
        }
        // Replies to NOOPs are due after the final one: `Done` is to show the final one.
        if step != Step::Wait && context.connection.session.replies_due() > 0 {
            self.kept = Some(reply.borrowed().into_owned());
        }
        match (self.stage, step) {
            (Stage::Unsecured(..), Step::Wait) => {}
            // The server's text says more than that TLS failed: `522 … session reuse required`.
            (Stage::Unsecured(..), Step::Failure) => {
                if let Some(attempt) = context.attempts.last_mut() {
                    attempt.said = Some(Box::new(Excerpt::of(reply)));
                }
                if blames_connection(reply.code()) {
                    self.go_on(self.without_connection());
                } else {
                    self.end(context, Ending::Refused);
                }
            }
            (Stage::Unsecured(..), _) => self.go_on(self.without_connection()),
            (_, Step::Failure) => self.refused(context, commanded, reply),
            (Stage::Commanded(_), Step::Wait) => match self.announced(context, reply) {
                Some(ending) => {
                    context.connection.data.release();
                    self.say_abort(context, commanded.id, Then::End(ending));
                }
                None => self.begin_moving(context, commanded, Final::Due),
            },
            // Nothing of an upload was sent, so nothing can have ended.
            (Stage::Commanded(_), _) if self.request.command.verb().is_upload() => {
                self.end(context, Ending::Unexpected)
            }
            // Some servers send no 150, and the data comes all the same.
            (Stage::Commanded(_), _) => self.begin_moving(context, commanded, Final::Alone),
            (_, Step::Wait) => {}
            (Stage::Finishing(_, stream), _) => self.finish(context, commanded.trial, stream),
            (Stage::Dismissed(..), _) => self.finish(context, commanded.trial, Stream::BROKEN),
            _ => self.stage = Stage::Moving(commanded, Final::Here),
        }
    }

    /// The server has refused the transfer or ended it badly.
    fn refused(&mut self, context: &mut Context, commanded: Commanded, reply: &Reply<'_>) {
        let code = reply.code();
        let ended = match self.stage {
            Stage::Finishing(_, stream) => Some(stream),
            Stage::Dismissed(..) => Some(Stream::BROKEN),
            _ => None,
        };
        // The next route is tried if the server blames the data connection and nothing has moved. A stream that still runs may not have
        // told how much it has moved: then only 425 says that there was no connection, and the answer to `Close` will tell.
        let untouched = match (ended, context.connection.data.streaming().map(|streaming| streaming.moved())) {
            (Some(stream), _) => stream.moved == Moved::Nothing,
            (None, Some(None)) => code == Code::CANNOT_OPEN_DATA_CONNECTION,
            (None, Some(Some(moved))) => moved == 0,
            (None, None) => true,
        };
        self.record_refusal(context, commanded.trial, reply, untouched);
        // An error on this side is the cause; that the server saw the connection break is its effect.
        let ours = ended.filter(|stream| matches!(stream.end, StreamEnd::LocalError | StreamEnd::StorageFull));
        match ours {
            Some(Stream { end, moved }) => self.end(context, Ending::Incomplete(end, moved)),
            None if blames_connection(code) && untouched && self.may_be_repeated() => {
                context.connection.data.release();
                self.stage = Stage::Failing;
            }
            None => self.end(context, Ending::Refused),
        }
    }

    /// The channel of a route that failed at the server is closed: the next route, unless bytes were moved over it.
    fn fail(&mut self, context: &mut Context) {
        match context.connection.data.take_closed() {
            Some(Moved::Bytes(_)) => self.end(context, Ending::Refused),
            Some(Moved::Nothing) | None => self.next(context),
        }
    }

    /// Records how the attempt ended, if the server's refusal is about the data connection.
    fn record_refusal(&self, context: &mut Context, trial: Trial, reply: &Reply<'_>, untouched: bool) {
        let code = reply.code();
        // A server may refuse TLS after the handshake; to this side the stream has begun by then.
        let untold = context.connection.data.streaming().is_some_and(|streaming| streaming.moved().unwrap_or(0) == 0);
        let end = match context.connection.data.stranger() {
            Some(stranger) if untouched => AttemptEnd::Stranger(stranger),
            _ if untouched && blames_connection(code) => AttemptEnd::ServerFailed(code),
            _ if (untouched || untold) && concerns_connection(code) => AttemptEnd::ServerFailed(code),
            _ if blames_connection(code) => AttemptEnd::CutShort,
            _ => return,
        };
        self.record(context, trial, None, end, Some(reply));
    }

    /// Whether the command may be sent again. A second STOU could leave two files.
    fn may_be_repeated(&self) -> bool {
        self.request.command.verb() != Verb::Stou
    }

    /// What follows where no data connection came about.
    fn without_connection(&self) -> Then {
        if self.may_be_repeated() { Then::NextRoute } else { Then::End(Ending::NoRoute) }
    }

    /// The transfer command was sent, and no data connection came about: in active mode the server didn't connect, or TLS failed. So
    /// nothing has moved.
    fn no_connection(&mut self, context: &mut Context, commanded: Commanded, last: Final, why: DataError) {
        context.connection.data.forget();
        self.record(context, commanded.trial, None, AttemptEnd::Failed(why), None);
        self.unconnected(context, commanded, last, why);
    }

    /// The only host that connected was a stranger.
    fn deserted(&mut self, context: &mut Context, commanded: Commanded, last: Final, stranger: IpAddr) {
        context.connection.data.forget();
        self.record(context, commanded.trial, None, AttemptEnd::Stranger(stranger), None);
        self.unconnected(context, commanded, last, DataError::TimedOut);
    }

    fn unconnected(&mut self, context: &mut Context, commanded: Commanded, last: Final, why: DataError) {
        match (last, why) {
            (Final::Alone, _) if self.is_empty_listing(Moved::Nothing) => self.end(context, Ending::Complete),
            (Final::Here | Final::Alone, _) => self.go_on(self.without_connection()),
            // The server sees that the connection has ended, and is going to reply.
            (Final::Due, DataError::Tls(_)) => {
                let by = context.connection.after(context.config.patience.abort);
                self.stage = Stage::Unsecured(commanded, by);
            }
            // A server may go on trying to connect for minutes.
            (Final::Due, _) => self.say_abort(context, commanded.id, self.without_connection()),
        }
    }

    /// TLS on the data connection has failed: waits for the server to end the transfer, then sends ABOR.
    fn unsecured(&mut self, context: &mut Context, commanded: Commanded, by: Instant) -> Progress {
        if context.connection.now >= by {
            self.say_abort(context, commanded.id, self.without_connection());
            return Progress::Again;
        }
        context.reply_by = ReplyBy::At(by);
        Progress::Reply
    }

    /// The data connection broke before a byte had moved: as [`unsecured`](Self::unsecured).
    fn dismissed(&mut self, context: &mut Context, commanded: Commanded, by: Instant) -> Progress {
        if context.connection.now >= by {
            self.record(context, commanded.trial, None, AttemptEnd::Stalled, None);
        }
        self.unsecured(context, commanded, by)
    }

    fn go_on(&mut self, then: Then) {
        self.stage = match then {
            Then::End(ending) => Stage::Ending(ending),
            Then::NextRoute => Stage::Choosing,
        };
    }
}

/// Whether a code says that the data connection is at fault.
fn blames_connection(code: Code) -> bool {
    matches!(code, Code::CANNOT_OPEN_DATA_CONNECTION | Code::TRANSFER_ABORTED)
}

/// Whether a code may be about the data connection, if nothing has moved over it: the text tells (RFC 4217 10).
fn concerns_connection(code: Code) -> bool {
    matches!(
        code,
        Code::SERVICE_NOT_AVAILABLE
            | Code::UNSUPPORTED_FAMILY_OR_PROTECTION
            | Code::UNSUPPORTED_PROTOCOL_OR_DATA_TLS
            | Code::PROTECTION_DENIED
            | Code::DENIED_BY_POLICY
            | Code::NOT_LOGGED_IN
    )
}
