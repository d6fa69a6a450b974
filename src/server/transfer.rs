//! A transfer on the server's side: the data connection is made, secured if PROT P is in force, and the bytes move.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::mem;

use super::context::Context;
use super::phase::{Asked, Decided, Job, Phase, Step, Stop, UnderWay, Upload};
use crate::command::{Command, Protection, Verb};
use crate::connection::{Ask, cannot_happen};
use crate::data::{DataError, Direction, State, StreamEnd};
use crate::reply::{Code, Draft, Reply};
use crate::route::AttemptEnd;
use crate::session::{CommandId, spends_data_connection};
use crate::text::Path;
use crate::tls::TlsError;

impl Context {
    /// The data connection that is under way goes on as far as it can. `None`: look again.
    pub(super) fn advance_data(&mut self, phase: &mut Phase) -> Option<Ask> {
        if self.connection.data.tick(self.connection.now) {
            return None;
        }
        match phase {
            Phase::Preparing(to) => {
                let to = *to;
                match *self.connection.data.state() {
                    State::Asking(_) => return Some(Ask::Data(None)),
                    State::Bound(address) => self.announce(to, address),
                    State::Failed(why) => {
                        self.connection.data.forget();
                        self.no_socket(to.verb, why);
                        self.no_port(to);
                    }
                    _ => self.lost("PASV waits, and no socket is to listen"),
                }
                *phase = Phase::Idle;
            }
            Phase::Transferring(job, step) => {
                let state = self.connection.data.state();
                match (&*step, state) {
                    (_, State::Asking(_)) => return self.streaming(phase),
                    (Step::Connecting(opening), State::Open(_)) => {
                        self.say(job.id, opening);
                        self.connected(job);
                        *step = Step::Moving;
                        return None;
                    }
                    (Step::Accepting, State::Open(_)) => {
                        self.connected(job);
                        *step = Step::Moving;
                        return None;
                    }
                    // It stands since the transfer before, with TLS if that is in force.
                    (Step::Accepting, State::Standing(_)) => {
                        self.stream(job);
                        *step = Step::Moving;
                        return None;
                    }
                    (Step::Moving, State::Secured { .. }) => {
                        self.stream(job);
                        return None;
                    }
                    (Step::Connecting(_) | Step::Accepting, State::Failed(why)) => {
                        let end = AttemptEnd::Failed(*why);
                        self.not_connected(job, end);
                    }
                    (Step::Accepting, State::Deserted(stranger)) => {
                        let end = AttemptEnd::Stranger(*stranger);
                        self.not_connected(job, end);
                    }
                    (Step::Moving, State::Failed(why)) => {
                        let (why, text) = (*why, not_secured(*why));
                        self.failed(AttemptEnd::Failed(why));
                        self.ended(job, Code::UNSUPPORTED_PROTOCOL_OR_DATA_TLS, text);
                    }
                    (Step::Moving, State::Ended { end, .. }) if end.is_whole() && job.command.verb().is_upload() => {
                        self.connection.data.hold();
                        *step = Step::Looking;
                        return None;
                    }
                    (Step::Moving, State::Ended { end, .. }) => {
                        let end = *end;
                        let words = self.connection.data.take_words();
                        self.connection.data.conclude();
                        match words {
                            Some(words) => self.answer_end(job.under_way(), &words),
                            None => self.say_end(job, end),
                        }
                    }
                    _ => self.lost("a transfer is under way, and no data connection"),
                }
                self.over(phase);
            }
            Phase::Stopping(transfer, stop) => {
                let (transfer, stop) = (*transfer, *stop);
                *phase = Phase::Idle;
                self.stopped(transfer, stop);
            }
            Phase::Idle | Phase::Asking(_) | Phase::Refusing { .. } | Phase::Offering(_) | Phase::Committing(..) => {
                self.lost("no data connection is under way");
            }
        }
        None
    }

    /// A question about the transfer's data connection is open.
    fn streaming(&mut self, phase: &mut Phase) -> Option<Ask> {
        let stalls_at = self.connection.stalls_at(self.transfer_patience().stall);
        if stalls_at.is_none_or(|at| self.connection.now < at) {
            return Some(Ask::Data(stalls_at));
        }
        self.stop(phase, Stop::Stall);
        None
    }

    /// A transfer is under way that can be stopped. One that has ended can't be, though that wasn't said yet: no ABOR stops it
    /// any more. An upload can be until it is to be kept.
    pub(super) fn in_transfer(&self, phase: &Phase) -> bool {
        match phase {
            Phase::Transferring(_, Step::Looking | Step::Looked) => true,
            Phase::Transferring(..) => self.connection.data.is_asking(),
            _ => false,
        }
    }

    /// Stops the transfer that runs.
    pub(super) fn stop(&mut self, phase: &mut Phase, stop: Stop) {
        if matches!(phase, Phase::Transferring(_, Step::Accepting)) {
            // The client has given up before we did.
            self.failed(AttemptEnd::Failed(DataError::TimedOut));
        }
        if let Some(job) = self.take_job(phase) {
            self.connection.data.release();
            *phase = Phase::Stopping(job.under_way(), stop);
            self.asked(job.command);
        }
    }

    /// Nothing has stopped the upload that has come whole: it is to be kept.
    pub(super) fn begin_commit(&mut self, phase: &mut Phase) {
        let (Some(Job { id, command, unique, .. }), Some((moved, words))) =
            (self.take_job(phase), self.connection.data.whole())
        else {
            return self.lost("an upload is to be kept, and there is none");
        };
        let upload = Upload { moved: moved.bytes(), unique, words };
        let by = self.connection.after(self.config.patience.commit);
        let serial = self.connection.data.ask_again();
        *phase = Phase::Committing(Asked { id, command, serial, by, answer: None }, upload);
    }

    /// The transfer is over.
    fn over(&mut self, phase: &mut Phase) {
        if let Some(job) = self.take_job(phase) {
            self.asked(job.command);
        }
    }

    fn take_job(&mut self, phase: &mut Phase) -> Option<Job> {
        match mem::replace(phase, Phase::Idle) {
            Phase::Transferring(job, _) => Some(job),
            other => {
                *phase = other;
                None
            }
        }
    }

    /// Nothing of the transfer runs any more.
    fn stopped(&mut self, transfer: UnderWay, stop: Stop) {
        match stop {
            Stop::Abort(abor) => {
                self.answer_static(transfer, Code::TRANSFER_ABORTED, "Transfer aborted.");
                self.say_static(abor, Code::CLOSING_DATA_CONNECTION, "Abort successful.");
            }
            Stop::Interrupt => self.answer_static(transfer, Code::TRANSFER_ABORTED, "Transfer aborted."),
            Stop::Stall => self.answer_static(transfer, Code::TRANSFER_ABORTED, "Data timeout."),
            Stop::Close => self.hang_up(),
        }
    }

    /// What a transfer's end is answered with, in the machine's words.
    fn say_end(&mut self, job: &Job, end: StreamEnd) {
        let (code, text) = match end {
            StreamEnd::Clean | StreamEnd::Marked => (self.completion(), "Transfer complete."),
            _ => transfer_end(end, direction(job.command.verb())),
        };
        self.answer_static(job.under_way(), code, text);
    }

    /// The code of a transfer that came whole: 226 if its connection is closed, or is going to be, and 250 if it stays for the
    /// next one (RFC 959 3.3).
    pub(super) fn completion(&self) -> Code {
        let session = &self.connection.session;
        let stays = session.form().marks_end() && self.connection.data.stands(session.protection());
        if stays { Code::FILE_ACTION_COMPLETED } else { Code::CLOSING_DATA_CONNECTION }
    }

    /// The application's own words about a transfer's end. Where a connection could stay, 250 says that it does: of one that is
    /// closed they are said under 226.
    pub(super) fn answer_end(&mut self, to: UnderWay, words: &Reply<'_>) {
        let connection = &self.connection;
        let is_gone = connection.session.form().marks_end() && !connection.data.is_standing();
        if is_gone && words.code() == Code::FILE_ACTION_COMPLETED {
            return self.answer(to, &words.with_code(Code::CLOSING_DATA_CONNECTION));
        }
        self.answer(to, words);
    }

    /// The application agrees to a transfer: the only way to a 1yz.
    ///
    /// Passive, the 150 is said and then the client is waited for: one that waits for the 150 before it connects would
    /// hang otherwise. Active, the client's port is dialled first: it hears 150, or 425 alone. Where the connection of the transfer
    /// before stands, 125 is said.
    pub(super) fn accept_transfer(
        &mut self,
        transfer: CommandId,
        command: &Command<'_>,
        opening: Draft<impl FnOnce(&mut Vec<u8>)>,
        unique: Option<Box<Path<'static>>>,
    ) -> Decided {
        let offset = self.offset_of(command);
        let (patience, source_port) = (self.transfer_patience(), self.active().source_port);
        let strangers = self.passive().strangers;
        let connection = &mut self.connection;
        let opening = match *connection.data.state() {
            State::Target(target) => {
                connection.data.connect(target, source_port, patience.connect);
                Some(Box::new(opening.reply()))
            }
            State::Standing(_) => {
                let opening = opening.reply();
                let is_ours = opening.code() == Code::OPENING_DATA_CONNECTION;
                let code = if is_ours { Code::TRANSFER_STARTING } else { opening.code() };
                self.say(transfer, &opening.with_code(code));
                None
            }
            _ => {
                let expected = (!strangers).then(|| connection.ends.peer().ip());
                connection.data.accept(expected, patience.accept);
                self.say_draft(transfer, opening);
                None
            }
        };
        Decided::Accepted { offset, unique, opening }
    }

    /// The connection stands: TLS if PROT P is in force (RFC 4217 9), then the bytes. There is no other way to a stream.
    fn connected(&mut self, job: &Job) {
        if self.connection.session.protection() == Protection::Private {
            self.connection.data.secure(self.config.data_session, self.config.patience.handshake);
        } else {
            self.stream(job);
        }
    }

    fn stream(&mut self, job: &Job) {
        let form = self.connection.session.form();
        let direction = direction(job.command.verb());
        self.connection.data.stream(direction, form, job.offset, 1);
    }

    /// The data connection never stood.
    fn not_connected(&mut self, job: &Job, end: AttemptEnd) {
        self.failed(end);
        self.ended(job, Code::CANNOT_OPEN_DATA_CONNECTION, "Failed to establish connection.");
    }

    /// The transfer is over, and nothing is left of its data connection.
    fn ended(&mut self, job: &Job, code: Code, text: &'static str) {
        self.connection.data.forget();
        self.answer_static(job.under_way(), code, text);
    }

    /// The application refuses a transfer: what was agreed on for it stays for the next one, unless that was the trouble.
    pub(super) fn refuse_transfer(&mut self, transfer: UnderWay, reply: &Reply<'_>) {
        self.want();
        if spends_data_connection(reply.code()) {
            self.connection.data.release();
        }
        self.answer(transfer, reply);
    }

    /// The machine has lost its way, which no input can bring about: the session ends.
    fn lost(&mut self, what: &str) {
        cannot_happen(what);
        self.hang_up();
    }
}

/// Which way the bytes of a transfer command go, seen from the server.
pub(super) fn direction(verb: Verb) -> Direction {
    if verb.is_upload() { Direction::Receive } else { Direction::Send }
}

/// What a transfer's end is answered with. Behind its 150, RFC 959 5.4 has 552 for an upload alone, and 452 for none: that comes
/// instead of a 150.
fn transfer_end(end: StreamEnd, direction: Direction) -> (Code, &'static str) {
    match end {
        StreamEnd::Clean | StreamEnd::Marked => (Code::CLOSING_DATA_CONNECTION, "Transfer complete."),
        StreamEnd::Truncated => (Code::TRANSFER_ABORTED, "Failure reading or writing network stream."),
        StreamEnd::LocalError => (Code::LOCAL_ERROR, "Failure reading or writing local file."),
        StreamEnd::StorageFull if direction == Direction::Receive => (Code::EXCEEDED_ALLOCATION, STORAGE_FULL),
        StreamEnd::StorageFull => (Code::LOCAL_ERROR, STORAGE_FULL),
    }
}

pub(super) const STORAGE_FULL: &str = "Insufficient storage space.";

/// Why there is no TLS on the data connection; the first in vsftpd's words, and what to do about it.
fn not_secured(why: DataError) -> &'static str {
    match why {
        DataError::Tls(TlsError::NotResumed) => {
            "SSL connection failed: session reuse required. Have the client resume the TLS session of the control connection, \
             or the server not require it."
        }
        DataError::TimedOut | DataError::Tls(TlsError::TimedOut) => "SSL connection failed: no handshake in time.",
        _ => "SSL connection failed.",
    }
}
