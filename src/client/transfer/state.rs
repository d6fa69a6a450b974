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
    /// The routes before this place of the application's order were tried.
    pub(super) tried: usize,
    /// How the connection of the transfer before, which stands, was made: it is tried first, and once.
    pub(super) reused: Option<(Route, Option<SocketAddr>)>,
    /// How many attempts have come so far that bytes were to move.
    pub(super) attempts: u32,
    /// STOU: the name that the server told.
    pub(super) name: Option<Vec<u8>>,
    /// How many bytes the 150 of the last attempt has announced.
    pub(super) announced: Option<u64>,
    /// The final reply, if others were due behind it.
    pub(super) kept: Option<Reply<'static>>,
    pub(super) stage: Stage,
}

/// One route that is tried.
#[derive(Debug, Clone, Copy)]
pub(super) struct Trial {
    pub(super) route: Route,
    /// What the server has announced, or we have.
    pub(super) advertised: Option<SocketAddr>,
    pub(super) since: Instant,
}

/// The transfer command was said.
#[derive(Debug, Clone, Copy)]
pub(super) struct Commanded {
    pub(super) trial: Trial,
    pub(super) id: CommandId,
}

/// How far a transfer has come.
#[derive(Debug, Clone, Copy)]
pub(super) enum Stage {
    /// EPSV ALL, if it is wanted and wasn't said.
    Begin,
    /// The reply to EPSV ALL is due.
    Excluding,
    /// TYPE, if another is in force.
    Type,
    /// The reply to TYPE is due.
    Typing,
    /// SIZE, if it is wanted.
    Size,
    /// The reply to SIZE is due.
    Sizing,
    /// The next route.
    Choosing,
    /// The reply to PRET is due.
    Announcing(Trial),
    /// A socket is to listen for the server.
    Listening(Trial),
    /// The reply to EPSV, PASV, EPRT or PORT is due.
    Asking(Trial),
    /// The server's port is dialled; where else it may be reached.
    Dialling { trial: Trial, at: SocketAddr, next: Option<SocketAddr> },
    /// The data connection stands, or the server was told where we listen.
    Ready(Trial),
    /// The reply to REST is due.
    Restarting(Trial),
    /// The reply to RANG is due.
    Ranging(Trial),
    /// The range is agreed on: the transfer command is next.
    Ranged(Trial),
    /// The offset or the range was agreed on, and something was said behind it: it has to be said again.
    Interrupted(Trial),
    /// The 1yz, and in active mode the server's connection, are due.
    Commanded(Commanded),
    /// TLS begins, then bytes move. The final reply may have come already.
    Moving(Commanded, Final),
    /// The bytes have moved; the final reply is due.
    Finishing(Commanded, Stream),
    /// The final reply has come; those to NOOPs said amid the transfer have to be here by then.
    Straggling(Trial, Stream, Instant),
    /// The server has failed before a byte had moved: the next route, once this one's channel is closed.
    Failing,
    /// TLS on the data connection has failed, and it is closed: the server's final reply is due by then.
    Unsecured(Commanded, Instant),
    /// The data connection broke before a byte had moved: the server's final reply is due by then. One that has sent us away may wait
    /// for the host that it expects for a minute (vsftpd), and a host that has answered in its place tells it nothing.
    Dismissed(Commanded, Instant),
    /// ABOR was said.
    Aborting(Aborting),
    /// The final word was said by us or by the server.
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
    /// It broke before a byte had moved.
    pub(super) const BROKEN: Self = Self { end: StreamEnd::Truncated, moved: Moved::Nothing };
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Aborting {
    pub(super) transfer: CommandId,
    pub(super) abor: CommandId,
    /// The NOOP behind the first answer to the two: what comes before its 200 belongs to them.
    pub(super) barrier: Option<CommandId>,
    /// When all answers have to be here.
    pub(super) by: Instant,
    pub(super) then: Then,
}

/// How it goes on once the server has answered an ABOR.
#[derive(Debug, Clone, Copy)]
pub(super) enum Then {
    End(Ending),
    NextRoute,
}

impl Then {
    /// The same where nothing more can be said.
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
    /// The server has answered with a code that can't be an answer.
    Unexpected,
    Aborted,
    /// Nothing has moved for too long; the adapter has told of so many bytes.
    Stalled(u64),
    NoRoute,
    Incomplete(StreamEnd, Moved),
    /// The server tells another total than the one that is binding.
    Changed {
        expected: u64,
        told: u64,
    },
    /// It begins behind the end of the file.
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

    /// The final reply of the transfer command has come, and the bytes still move.
    pub(in crate::client) fn has_final(&self) -> bool {
        matches!(self.stage, Stage::Moving(_, Final::Here | Final::Alone))
    }

    /// The 1yz is due.
    pub(in crate::client) fn is_commanded(&self) -> bool {
        matches!(self.stage, Stage::Commanded(_))
    }

    /// An upload has been sent, and the server may be long at putting it where it belongs: until then it answers neither the
    /// transfer command nor an ABOR. One whose connection broke is nothing that it keeps.
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

    /// Whether the data has come to its end in order; `None`: it isn't under way.
    pub(in crate::client) fn data_is_whole(&self) -> Option<bool> {
        match self.stage {
            Stage::Moving(..) | Stage::Dismissed(..) => Some(false),
            Stage::Finishing(_, stream) | Stage::Straggling(_, stream, _) => Some(stream.end.is_whole()),
            _ => None,
        }
    }

    /// The server is at work or has finished, and what is due behind the final reply is waited for once the bytes have moved.
    pub(in crate::client) fn expects_stragglers(&self) -> bool {
        matches!(self.stage, Stage::Moving(..) | Stage::Straggling(..))
    }

    /// A command that isn't this transfer's was said behind the last one.
    pub(in crate::client) fn interrupt(&mut self) {
        if let Stage::Ready(trial) | Stage::Ranged(trial) = self.stage {
            self.stage = Stage::Interrupted(trial);
        }
    }

    /// Nothing more is said, and no data connection is needed, but one that stands if the server has refused the transfer alone.
    pub(super) fn end(&mut self, context: &mut Context, ending: Ending) {
        if ending != Ending::Refused || !context.data_stands() {
            context.connection.data.release();
        }
        self.stage = Stage::Ending(ending);
    }

    /// The request has ended so. `out_of_step`: replies are missing.
    pub(super) fn ended(&mut self, context: &mut Context, ending: Ending, out_of_step: bool) -> Progress {
        let how = match ending {
            Ending::Refused => End::Refused,
            Ending::Unexpected => End::Unexpected,
            Ending::Aborted => End::Aborted,
            // The answer to `Close` may know of more than the adapter has told.
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

    /// The attempt has ended so; the next route is tried.
    pub(super) fn give_up(&mut self, context: &mut Context, trial: Trial, end: AttemptEnd, said: Option<&Reply<'_>>) {
        self.record(context, trial, None, end, said);
        self.next(context);
    }

    /// Nothing is left of this route's connection; the next one is tried.
    pub(super) fn next(&mut self, context: &mut Context) {
        context.connection.data.forget();
        self.stage = Stage::Choosing;
    }

    /// The attempt that is under way has come so far, or ended so, and the server said this of it. One whose connection stands is
    /// in the record already.
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
        // They are kept until the next transfer, and nearly always it is one.
        attempts.reserve_exact(1);
        attempts.push(attempt);
    }

    /// What a connection that stands does from now on.
    pub(super) fn standing(context: &mut Context) -> Option<&mut Attempt> {
        context.attempts.last_mut().filter(|last| last.is_success())
    }

    /// A 1yz has opened the transfer.
    fn is_opened(&self) -> bool {
        matches!(
            self.stage,
            Stage::Moving(_, Final::Due) | Stage::Finishing(..) | Stage::Unsecured(..) | Stage::Dismissed(..)
        )
    }
}
