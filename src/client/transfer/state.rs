//! How far a transfer has come, and how it ends.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::net::SocketAddr;

use crate::client::context::{Context, End, Ended, Progress};
use crate::client::request::TransferRequest;
use crate::command::{Protection, Verb};
use crate::data::{Moved, StreamEnd};
use crate::reply::Reply;
use crate::route::{Attempt, AttemptEnd, Excerpt, Route};
use crate::session::CommandId;
use crate::time::Instant;
use crate::tls::Tls;

#[derive(Debug)]
pub(in crate::client) struct Transfer {
    pub(super) request: TransferRequest,
    /// The number of `Config::routes` that were tried or skipped.
    pub(super) tried: usize,
    /// How the data connection of the last transfer was made, if it is still open: it is tried first, and once.
    pub(super) reused: Option<(Route, Option<SocketAddr>)>,
    /// The number of attempts that reached a `Stream`.
    pub(super) attempts: u32,
    /// STOU: the name that the server told.
    pub(super) name: Option<Vec<u8>>,
    /// How many bytes the 150 of the last attempt has announced.
    pub(super) announced: Option<u64>,
    /// The final reply, if others were due after it.
    pub(super) kept: Option<Reply<'static>>,
    pub(super) stage: Stage,
}

/// One route that is tried.
#[derive(Debug, Clone, Copy)]
pub(super) struct Trial {
    pub(super) route: Route,
    /// The address that the server announced, or in active mode the client.
    pub(super) advertised: Option<SocketAddr>,
    pub(super) since: Instant,
}

/// A route with the transfer command that was sent for it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Commanded {
    pub(super) trial: Trial,
    pub(super) id: CommandId,
}

/// How far a transfer has come.
#[derive(Debug, Clone, Copy)]
pub(super) enum Stage {
    /// EPSV ALL is next, if it is wanted and wasn't sent yet.
    Begin,
    /// The reply to EPSV ALL is due.
    Excluding,
    /// TYPE is next, if another one is in force.
    Type,
    /// The reply to TYPE is due.
    Typing,
    /// SIZE is next, if it is wanted.
    Size,
    /// The reply to SIZE is due.
    Sizing,
    /// The next route is to be chosen.
    Choosing,
    /// The reply to PRET is due.
    Announcing(Trial),
    /// A socket is to listen for the server.
    Listening(Trial),
    /// The reply to EPSV, PASV, EPRT or PORT is due.
    Asking(Trial),
    /// `Connect` to the server's port is open. `next`: another address to try.
    Dialling { trial: Trial, at: SocketAddr, next: Option<SocketAddr> },
    /// The data connection is made, or the server knows where this side listens.
    Ready(Trial),
    /// The reply to REST is due.
    Restarting(Trial),
    /// The reply to RANG is due.
    Ranging(Trial),
    /// The range is agreed on: the transfer command is next.
    Ranged(Trial),
    /// The offset or range was agreed on, but another command was sent after it, so it has to be sent again.
    Interrupted(Trial),
    /// The 1yz is due, and in active mode the server's connection.
    Commanded(Commanded),
    /// TLS begins, then bytes move. The final reply may have come already.
    Moving(Commanded, Final),
    /// The bytes have moved; the final reply is due.
    Finishing(Commanded, Stream),
    /// The final reply has come; replies to NOOPs sent during the transfer have to come by this moment.
    Straggling(Trial, Stream, Instant),
    /// The server failed before a byte had moved: the next route is tried once this one's channel is closed.
    Failing,
    /// TLS on the data connection has failed, and it is closed: the server's final reply has to come by this moment.
    Unsecured(Commanded, Instant),
    /// The data connection broke before a byte had moved: the server's final reply has to come by this moment. vsftpd, for example, closes
    /// a connection from a host that it doesn't expect, and goes on waiting for the right one for a minute.
    Dismissed(Commanded, Instant),
    /// ABOR was sent.
    Aborting(Aborting),
    /// Nothing more is sent; the request ends once the data connection is closed.
    Ending(Ending),
}

/// Whether the final reply of the transfer command has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Final {
    Due,
    Here,
    /// It has come without a 1yz, and the server has answered another command since: it sends nothing more.
    Alone,
}

/// How the stream has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stream {
    pub(super) end: StreamEnd,
    pub(super) moved: Moved,
}

impl Stream {
    /// The stream broke before a byte had moved.
    pub(super) const BROKEN: Self = Self { end: StreamEnd::Truncated, moved: Moved::Nothing };
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Aborting {
    pub(super) transfer: CommandId,
    pub(super) abor: CommandId,
    /// The NOOP after the first reply to the two: what comes before its 200 answers them.
    pub(super) barrier: Option<CommandId>,
    /// When all replies have to be here.
    pub(super) by: Instant,
    pub(super) then: Then,
}

/// What follows once the server has answered an ABOR.
#[derive(Debug, Clone, Copy)]
pub(super) enum Then {
    End(Ending),
    NextRoute,
}

impl Then {
    /// How the request ends if nothing can follow.
    pub(super) fn ending(self) -> Ending {
        match self {
            Self::End(ending) => ending,
            Self::NextRoute => Ending::NoRoute,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    Refused,
    /// The server's code can't answer the command.
    Unexpected,
    Aborted,
    /// Nothing has moved for too long. Holds the number of bytes that the adapter has told.
    Stalled(u64),
    NoRoute,
    Incomplete(StreamEnd, Moved),
    /// The server tells another total than the expected one.
    Changed {
        expected: u64,
        told: u64,
    },
    /// The transfer begins behind the end of the file.
    Beyond {
        offset: u64,
        total: u64,
    },
    /// Nothing is left to fetch.
    Complete,
}

impl Transfer {
    pub(in crate::client) fn new(request: TransferRequest) -> Self {
        Self {
            request,
            tried: 0,
            reused: None,
            attempts: 0,
            name: None,
            announced: None,
            kept: None,
            stage: Stage::Begin,
        }
    }

    /// Whether the final reply of the transfer command has come while the bytes still move.
    pub(in crate::client) fn has_final(&self) -> bool {
        matches!(self.stage, Stage::Moving(_, Final::Here | Final::Alone))
    }

    /// The 1yz is due.
    pub(in crate::client) fn is_commanded(&self) -> bool {
        matches!(self.stage, Stage::Commanded(_))
    }

    /// Whether an upload was sent that the server may take long to put in its place: until then it answers neither the transfer command
    /// nor ABOR. An upload whose connection broke isn't kept.
    pub(in crate::client) fn awaits_commit(&self) -> bool {
        match self.stage {
            Stage::Finishing(_, stream) => {
                self.request.command.verb().is_upload() && stream.end != StreamEnd::Truncated
            }
            _ => false,
        }
    }

    /// A listing that the server calls done without a 1yz, and of which nothing comes, is empty: it has opened no data connection.
    pub(super) fn is_empty_listing(&self, moved: Moved) -> bool {
        let lists = matches!(self.request.command.verb(), Verb::List | Verb::Nlst | Verb::Mlsd);
        lists && moved.bytes() == 0 && matches!(self.stage, Stage::Moving(_, Final::Alone))
    }

    /// Whether the data has ended in order; `None`: none is under way.
    pub(in crate::client) fn data_is_whole(&self) -> Option<bool> {
        match self.stage {
            Stage::Moving(..) | Stage::Dismissed(..) => Some(false),
            Stage::Finishing(_, stream) | Stage::Straggling(_, stream, _) => Some(stream.end.is_whole()),
            _ => None,
        }
    }

    /// Whether replies that are due after the final one are waited for once the bytes have moved.
    pub(in crate::client) fn expects_stragglers(&self) -> bool {
        matches!(self.stage, Stage::Moving(..) | Stage::Straggling(..))
    }

    /// Notes that a command that isn't this transfer's was sent after its last one.
    pub(in crate::client) fn interrupt(&mut self) {
        if let Stage::Ready(trial) | Stage::Ranged(trial) = self.stage {
            self.stage = Stage::Interrupted(trial);
        }
    }

    /// Ends the transfer: nothing more is sent, and the data connection is released. One that was left open by the transfer before stays
    /// if the server has merely refused this one.
    pub(super) fn end(&mut self, context: &mut Context, ending: Ending) {
        if ending != Ending::Refused || !context.data_stands() {
            context.connection.data.release();
        }
        self.stage = Stage::Ending(ending);
    }

    /// Ends the request. `out_of_step`: replies are missing.
    pub(super) fn ended(&mut self, context: &mut Context, ending: Ending, out_of_step: bool) -> Progress {
        let how = match ending {
            Ending::Refused => End::Refused,
            Ending::Unexpected => End::Unexpected,
            Ending::Aborted => End::Aborted,
            // The answer to `Close` may count more bytes than the adapter has told.
            Ending::Stalled(told) => {
                let closed = context.connection.data.take_closed();
                End::Stalled(closed.map_or(told, |moved| moved.bytes().max(told)))
            }
            Ending::NoRoute => End::NoRoute,
            Ending::Incomplete(end, moved) => End::Incomplete { end, moved, expected: self.bound(context) },
            Ending::Changed { expected, told } => End::Changed { expected, told },
            Ending::Beyond { offset, total } => End::Beyond { offset, total },
            Ending::Complete => End::Transferred(0),
        };
        Progress::End(Ended { how, reply: self.kept.take(), out_of_step })
    }

    /// Records how the attempt ended, and goes on to the next route.
    pub(super) fn give_up(&mut self, context: &mut Context, trial: Trial, end: AttemptEnd, said: Option<&Reply<'_>>) {
        self.record(context, trial, None, end, said);
        self.next(context);
    }

    /// Goes on to the next route; nothing is left of this one's connection.
    pub(super) fn next(&mut self, context: &mut Context) {
        context.connection.data.forget();
        self.stage = Stage::Choosing;
    }

    /// Records how far the attempt under way has come or how it ended, and what the server said of it. An attempt whose connection was
    /// made is updated.
    pub(super) fn record(
        &self,
        context: &mut Context,
        trial: Trial,
        reached: Option<SocketAddr>,
        end: AttemptEnd,
        said: Option<&Reply<'_>>,
    ) {
        let Trial { route, advertised, since } = trial;
        let Context { attempts, connection, .. } = context;
        let stands = attempts.pop_if(|last| last.is_success() && last.route == route);
        let mut attempt = stands.unwrap_or_else(|| {
            let mut attempt = Attempt::new(route, end);
            attempt.advertised = advertised;
            attempt.encrypted = connection.tls == Tls::On;
            attempt.protected = connection.session.protection() == Protection::Private;
            attempt
        });
        attempt.end = end;
        attempt.took = connection.now.saturating_since(since);
        attempt.reached = reached.or(attempt.reached);
        attempt.connected |= end == AttemptEnd::Connected;
        attempt.opened |= self.is_opened();
        attempt.said = said.map(|reply| Box::new(Excerpt::of(reply)));
        // The attempts are kept until the next transfer, and nearly always there is only one.
        attempts.reserve_exact(1);
        attempts.push(attempt);
    }

    /// The record of the attempt whose connection was made.
    pub(super) fn standing(context: &mut Context) -> Option<&mut Attempt> {
        context.attempts.last_mut().filter(|last| last.is_success())
    }

    /// Whether a 1yz has opened the transfer.
    fn is_opened(&self) -> bool {
        matches!(
            self.stage,
            Stage::Moving(_, Final::Due) | Stage::Finishing(..) | Stage::Unsecured(..) | Stage::Dismissed(..)
        )
    }
}
