//! A server's transfer: the data connection is made, secured if PROT P is in force, and the bytes move.

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
    /// Advances the data connection as far as it can go. `None`: look again.
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
                    _ => self.lost("PASV is under way, and `Listen` isn't open"),
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
                    // The connection of the last transfer, with TLS already if that is in force.
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
                    _ => self.lost("a transfer is under way without a data connection"),
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

    /// Waits for the answer to the question about the transfer's data connection, but stops a stalled stream.
    fn streaming(&mut self, phase: &mut Phase) -> Option<Ask> {
        let stalls_at = self.connection.stalls_at(self.transfer_patience().stall);
        if stalls_at.is_none_or(|at| self.connection.now < at) {
            return Some(Ask::Data(stalls_at));
        }
        self.stop(phase, Stop::Stall);
        None
    }

    /// Whether a transfer is under way that can be stopped. It can't once its stream has ended, even before its final reply; but an upload
    /// can until `Commit`.
    pub(super) fn in_transfer(&self, phase: &Phase) -> bool {
        match phase {
            Phase::Transferring(_, Step::Looking | Step::Looked) => true,
            Phase::Transferring(..) => self.connection.data.is_asking(),
            _ => false,
        }
    }

    /// Stops the transfer under way.
    pub(super) fn stop(&mut self, phase: &mut Phase, stop: Stop) {
        if matches!(phase, Phase::Transferring(_, Step::Accepting)) {
            // The client gives up before the time to connect is over.
            self.failed(AttemptEnd::Failed(DataError::TimedOut));
        }
        if let Some(job) = self.take_job(phase) {
            self.connection.data.release();
            *phase = Phase::Stopping(job.under_way(), stop);
            self.asked(job.command);
        }
    }

    /// Asks `Commit` for an upload that has come whole.
    pub(super) fn begin_commit(&mut self, phase: &mut Phase) {
        let (Some(Job { id, command, unique, .. }), Some((moved, words))) =
            (self.take_job(phase), self.connection.data.whole())
        else {
            return self.lost("`Commit` is due, and there is no upload");
        };
        let upload = Upload { moved: moved.bytes(), unique, words };
        let by = self.connection.after(self.config.patience.commit);
        let serial = self.connection.data.ask_again();
        *phase = Phase::Committing(Asked { id, command, serial, by, answer: None }, upload);
    }

    /// Ends the phase of a transfer that is over.
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

    /// Answers a transfer that was stopped, once its channel is closed.
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

    /// Sends the final reply of a transfer in the machine's words.
    fn say_end(&mut self, job: &Job, end: StreamEnd) {
        let (code, text) = match end {
            StreamEnd::Clean | StreamEnd::Marked => (self.completion(), "Transfer complete."),
            _ => transfer_end(end, direction(job.command.verb())),
        };
        self.answer_static(job.under_way(), code, text);
    }

    /// The code for a transfer that ended whole: 226 if its data connection is closed or going to be, 250 if it stays for the next transfer
    /// (RFC 959 3.3).
    pub(super) fn completion(&self) -> Code {
        let session = &self.connection.session;
        let stays = session.form().marks_end() && self.connection.data.stands(session.protection());
        if stays { Code::FILE_ACTION_COMPLETED } else { Code::CLOSING_DATA_CONNECTION }
    }

    /// Sends the application's own final reply of a transfer. Where a data connection could stay open, 250 says that it does: if it was
    /// closed, 226 is sent instead.
    pub(super) fn answer_end(&mut self, to: UnderWay, words: &Reply<'_>) {
        let connection = &self.connection;
        let is_gone = connection.session.form().marks_end() && !connection.data.is_standing();
        if is_gone && words.code() == Code::FILE_ACTION_COMPLETED {
            return self.answer(to, &words.with_code(Code::CLOSING_DATA_CONNECTION));
        }
        self.answer(to, words);
    }

    /// Takes the application's consent to a transfer, which is the only way to a 1yz.
    ///
    /// In passive mode the 150 is sent before the client has connected, since some clients wait for it. In active mode the client's port is
    /// connected to first, so that the client is told 150, or 425 alone. If the last transfer's connection is still open, 125 is sent.
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

    /// The data connection is made: TLS if PROT P is in force (RFC 4217 9), then the bytes. There is no other way to a stream.
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

    /// The data connection could not be made.
    fn not_connected(&mut self, job: &Job, end: AttemptEnd) {
        self.failed(end);
        self.ended(job, Code::CANNOT_OPEN_DATA_CONNECTION, "Failed to establish connection.");
    }

    /// Answers a transfer of whose data connection nothing is left.
    fn ended(&mut self, job: &Job, code: Code, text: &'static str) {
        self.connection.data.forget();
        self.answer_static(job.under_way(), code, text);
    }

    /// Sends the application's refusal of a transfer. The agreed data connection stays for the next one, unless the refusal is about it.
    pub(super) fn refuse_transfer(&mut self, transfer: UnderWay, reply: &Reply<'_>) {
        self.want();
        if spends_data_connection(reply.code()) {
            self.connection.data.release();
        }
        self.answer(transfer, reply);
    }

    /// Ends the session in a state that no input can bring about.
    fn lost(&mut self, what: &str) {
        cannot_happen(what);
        self.hang_up();
    }
}

/// Which way the bytes of a transfer command go, seen from the server.
pub(super) fn direction(verb: Verb) -> Direction {
    if verb.is_upload() { Direction::Receive } else { Direction::Send }
}

/// The final reply for this end of a transfer. After a 150, RFC 959 5.4 allows 552 only for uploads, and 452 never: that comes instead of
/// a 150.
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

/// Why TLS on the data connection failed; the first begins with vsftpd's words, and adds what to do.
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
