//! A transfer on the server's side: the data connection is made, secured if PROT P is in force, and the bytes move.

use alloc::vec::Vec;

use super::exchange::{Exchange, Phase, Stop};
use super::{Next, Server};
use crate::command::Protection;
use crate::data::{DataError, State, StreamEnd};
use crate::reply::{Code, Draft, Reply};
use crate::time::Instant;
use crate::tls::TlsError;

impl Server {
    /// The data connection that is under way goes on as far as it can. `None`: look again.
    pub(super) fn advance_data(&mut self, now: Instant) -> Option<Next> {
        let exchange = &mut self.exchange;
        if exchange.data.deadline().is_some_and(|deadline| now >= deadline) {
            exchange.data.time_out();
            return None;
        }
        match (exchange.phase, exchange.data.state()) {
            (Phase::Preparing, State::Bound(address)) => exchange.announce(address),
            (Phase::Preparing, State::Failed(_)) => {
                exchange.data.forget();
                exchange.answer_static(Code::CANNOT_OPEN_DATA_CONNECTION, "Cannot open a passive connection.");
            }
            (Phase::Connecting, State::Open(_)) => {
                exchange.say_opening();
                exchange.connected(now);
            }
            (Phase::Accepting, State::Open(_)) => exchange.connected(now),
            (Phase::Connecting | Phase::Accepting, State::Failed(_)) => {
                exchange.data.forget();
                exchange.drop_data();
                exchange.answer_static(Code::CANNOT_OPEN_DATA_CONNECTION, "Failed to establish connection.");
            }
            (Phase::Moving, State::Secured) => exchange.data.stream(),
            (Phase::Moving, State::Failed(why)) => {
                exchange.data.forget();
                exchange.drop_data();
                exchange.answer_static(Code::UNSUPPORTED_PROTOCOL_OR_DATA_TLS, not_secured(why));
            }
            (Phase::Moving, State::Ended { end, .. }) => {
                let unique = exchange.unique.take().filter(|_| end == StreamEnd::Clean);
                exchange.data.forget();
                exchange.drop_data();
                let (code, text) = transfer_end(end);
                match unique {
                    Some(name) => exchange.answer_made(Reply::of_unique_file(code, &name)),
                    None => exchange.answer_static(code, text),
                }
            }
            (Phase::Moving, State::Streaming { moved }) if exchange.is_stalled(moved, now) => self.stop(Stop::Stall),
            (Phase::Stopping(stop), State::Idle) => self.stopped(stop),
            _ if exchange.data.is_asking() => return Some(Next::Data),
            // Nothing is asked and nothing is there: the application can't get here, and nothing hangs if it did.
            _ => exchange.answer_static(Code::LOCAL_ERROR, "No data connection."),
        }
        None
    }

    /// Stops the transfer that runs.
    pub(super) fn stop(&mut self, stop: Stop) {
        self.exchange.drop_data();
        self.exchange.phase = Phase::Stopping(stop);
    }

    /// Nothing of the transfer runs any more.
    fn stopped(&mut self, stop: Stop) {
        match stop {
            Stop::Abort => {
                self.exchange.answer_static(Code::TRANSFER_ABORTED, "Transfer aborted.");
                self.exchange.say_static(Code::CLOSING_DATA_CONNECTION, "Abort successful.");
            }
            Stop::Interrupt => self.exchange.answer_static(Code::TRANSFER_ABORTED, "Transfer aborted."),
            Stop::Stall => self.exchange.answer_static(Code::TRANSFER_ABORTED, "Data timeout."),
            Stop::Close => self.closed = true,
        }
    }

    /// A transfer is under way. One that has ended is not, though that wasn't said yet: no ABOR stops it any more.
    pub(super) fn in_transfer(&self) -> bool {
        let Exchange { phase, data, .. } = &self.exchange;
        matches!(phase, Phase::Connecting | Phase::Accepting | Phase::Moving) && data.is_asking()
    }
}

impl Exchange {
    /// The application agrees to a transfer: the only way to a 150.
    ///
    /// Passive, the 150 is said and then the client is waited for: one that waits for the 150 before it connects would
    /// hang otherwise. Active, the client's port is dialled first: it hears 150, or 425 alone.
    pub(super) fn accept_transfer(&mut self, opening: Draft<impl FnOnce(&mut Vec<u8>)>, now: Instant) {
        let patience = &self.config.patience;
        match self.target {
            Some(target) => {
                self.data.connect(target, now.after(patience.connect));
                self.opening = Some(opening.reply());
                self.phase = Phase::Connecting;
            }
            None => {
                let expected = (!self.config.passive.strangers).then(|| self.ends.peer().ip());
                self.data.accept(now.after(patience.accept), expected);
                self.say_made(opening);
                self.phase = Phase::Accepting;
            }
        }
    }

    /// The client's port has answered: the 150 that waited for it.
    fn say_opening(&mut self) {
        if let Some(opening) = self.opening.take() {
            self.say(&opening);
        }
    }

    /// The connection stands: TLS if PROT P is in force (RFC 4217 9), then the bytes. There is no other way to a stream.
    fn connected(&mut self, now: Instant) {
        self.progress = None;
        self.phase = Phase::Moving;
        if self.session.protection() == Protection::Private {
            self.data.secure(now.after(self.config.patience.handshake), self.config.data_session);
        } else {
            self.data.stream();
        }
    }

    /// The application refuses a transfer: what was agreed on for it stays for the next one, unless that was the trouble.
    pub(super) fn refuse_transfer(&mut self, reply: &Reply<'_>) {
        if reply.code() == Code::CANNOT_OPEN_DATA_CONNECTION {
            self.drop_data();
        }
        self.answer(reply);
    }

    /// Whether nothing has moved for too long, if the adapter tells how much it has moved.
    fn is_stalled(&mut self, moved: Option<u64>, now: Instant) -> bool {
        if let Some(moved) = moved {
            match self.progress {
                Some((before, _)) if before == moved => {}
                _ => self.progress = Some((moved, now)),
            }
        }
        self.poll_by_stall().is_some_and(|at| now >= at)
    }

    /// When the transfer counts as stalled, if the adapter tells how much it has moved.
    pub(super) fn poll_by_stall(&self) -> Option<Instant> {
        let (_, since) = self.progress?;
        Some(since.after(self.config.patience.stall))
    }
}

/// What a transfer's end is answered with.
fn transfer_end(end: StreamEnd) -> (Code, &'static str) {
    match end {
        StreamEnd::Clean => (Code::CLOSING_DATA_CONNECTION, "Transfer complete."),
        StreamEnd::Truncated => (Code::TRANSFER_ABORTED, "Failure reading or writing network stream."),
        StreamEnd::LocalError => (Code::LOCAL_ERROR, "Failure reading or writing local file."),
        StreamEnd::StorageFull => (Code::INSUFFICIENT_STORAGE, "Insufficient storage space."),
    }
}

/// Why there is no TLS on the data connection; the first in vsftpd's words.
fn not_secured(why: DataError) -> &'static str {
    match why {
        DataError::Tls(TlsError::NotResumed) => "SSL connection failed: session reuse required.",
        DataError::TimedOut | DataError::Tls(TlsError::TimedOut) => "SSL connection failed: no handshake in time.",
        _ => "SSL connection failed.",
    }
}
