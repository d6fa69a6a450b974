//! The plan of a transfer: agree on a data connection, say the command, move the bytes.
//!
//! Passive: the data connection is made *before* the transfer command goes out, so that a candidate that fails
//! costs no 60 seconds and no 425. Active: the server connects after the command.

mod agreement;

use alloc::vec::Vec;
use core::net::SocketAddr;

use super::config::Config;
use super::plan::{Core, End, Progress};
use super::request::TransferRequest;
use crate::command::{Command, EpsvArgument, Protection, Verb};
use crate::data::{Direction, State, StreamEnd};
use crate::reply::{Code, Reply};
use crate::route::{AttemptEnd, Route};
use crate::session::{Answer, Awaited, Step};
use crate::telnet::INTERRUPT_AND_SYNCH;
use crate::time::Instant;
use crate::tls::Tls;

/// How many NOOPs may wait for their replies amid a transfer: a server that doesn't answer until the end gets no more.
const NOOPS_DUE: usize = 8;

#[derive(Debug)]
pub(super) struct Transfer {
    request: TransferRequest,
    stage: Stage,
    /// The routes before this place of the application's order were tried.
    tried: usize,
    /// What is left to dial of the route that was agreed on.
    candidates: [Option<SocketAddr>; 2],
    /// The attempt under way.
    current: Option<(Route, Option<SocketAddr>, Instant)>,
    /// The final reply of the transfer command has come.
    end: Option<Step>,
    /// How the stream ended, once it did.
    moved: Option<(StreamEnd, u64)>,
    /// How much the adapter said that it has moved, and when it said so first.
    progress: Option<(u64, Instant)>,
    /// STOU: the name that the server told.
    name: Option<Vec<u8>>,
    /// Replies to NOOPs said amid the transfer have to be here by then.
    stragglers_by: Option<Instant>,
    /// PRET was said for the route under way.
    announced: bool,
    aborted: bool,
    /// It was aborted since nothing moved any more.
    stalled: bool,
}

/// How far a transfer has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// EPSV ALL, if it is wanted and wasn't said.
    Begin,
    /// The reply to EPSV ALL is due.
    Excluding,
    /// TYPE, if another is in force.
    Type,
    /// The reply to TYPE is due.
    Typing,
    /// The next route.
    Choosing,
    /// The reply to PRET is due.
    Announcing,
    /// A socket is to listen for the server.
    Listening,
    /// The reply to EPSV, PASV, EPRT or PORT is due.
    Asking,
    /// The server's port is dialled.
    Dialling,
    /// The data connection stands, or the server was told where we listen.
    Ready,
    /// The reply to REST is due.
    Restarting,
    /// The offset is agreed on: the transfer command is next.
    Restarted,
    /// The transfer command was said; its 1yz, and in active mode the server's connection, are due.
    Commanded,
    /// TLS begins, then bytes move.
    Moving,
    /// The bytes have moved; the final reply is due.
    Finishing,
    /// ABOR was said, and its reply is due.
    Aborting,
    /// The final word was said by us or by the server: only what runs outside has to stop.
    Ending(Ending),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Refused,
    Aborted,
    NoRoute,
    Incomplete(StreamEnd, u64),
}

impl Transfer {
    pub(super) fn new(request: TransferRequest) -> Self {
        Self {
            request,
            stage: Stage::Begin,
            tried: 0,
            candidates: [None, None],
            current: None,
            end: None,
            moved: None,
            progress: None,
            name: None,
            stragglers_by: None,
            announced: false,
            aborted: false,
            stalled: false,
        }
    }

    pub(super) fn direction(&self) -> Direction {
        match self.request.command {
            Command::Stor(_) | Command::Stou(_) | Command::Appe(_) => Direction::Send,
            _ => Direction::Receive,
        }
    }

    pub(super) fn offset(&self) -> u64 {
        self.request.offset
    }

    /// The final reply of the transfer command has come, and the bytes still move.
    pub(super) fn has_final(&self) -> bool {
        self.end.is_some() && matches!(self.stage, Stage::Commanded | Stage::Moving)
    }

    pub(super) fn react(&mut self, core: &mut Core, answer: Answer, reply: &Reply<'_>, now: Instant) {
        let Answer { awaited: Awaited::Command(verb), step } = answer else { return };
        match self.stage {
            // The server closes: no other route leads anywhere, and no NOOP is answered.
            Stage::Excluding | Stage::Asking if reply.code() == Code::SERVICE_NOT_AVAILABLE => {
                core.data.drop_channel();
                self.stage = Stage::Ending(Ending::Refused);
            }
            Stage::Aborting if reply.code() == Code::SERVICE_NOT_AVAILABLE => {
                core.session.settle_abort();
                self.stage = Stage::Ending(Ending::Aborted);
            }
            // A server that doesn't know EPSV ALL can be used all the same.
            Stage::Excluding if step != Step::Wait => self.stage = Stage::Type,
            Stage::Typing if step == Step::Success => self.stage = Stage::Choosing,
            Stage::Typing if step == Step::Failure => self.stage = Stage::Ending(Ending::Refused),
            Stage::Announcing if step == Step::Success => self.passive(core, now),
            // The server knows already that it won't do it (DrFTPD).
            Stage::Announcing if step == Step::Failure => self.stage = Stage::Ending(Ending::Refused),
            Stage::Asking => self.agreed(core, step, reply, now),
            Stage::Restarting if step == Step::Continue => self.stage = Stage::Restarted,
            Stage::Restarting if step != Step::Wait => {
                core.data.drop_channel();
                self.stage = Stage::Ending(Ending::Refused);
            }
            Stage::Commanded | Stage::Moving | Stage::Finishing if verb == self.request.command.verb() => {
                self.learn(core, step, reply);
                self.transfer_reply(core, step, reply.code(), now);
            }
            Stage::Aborting if step != Step::Wait => self.abort_reply(core, verb, now),
            _ => {}
        }
    }

    pub(super) fn advance(&mut self, core: &mut Core, abort: bool, now: Instant) -> Progress {
        if core.data.deadline().is_some_and(|deadline| now >= deadline) {
            core.data.time_out();
            return Progress::Again;
        }
        let stalled = self.poll_by_stall(&core.config).is_some_and(|at| now >= at);
        if stalled && self.stage == Stage::Moving {
            self.stalled = true;
        }
        if (abort || self.stalled) && !self.aborted && self.abort(core, now) {
            return Progress::Again;
        }
        match self.stage {
            Stage::Begin => self.begin(core, now),
            Stage::Type => self.set_type(core, now),
            Stage::Choosing => self.choose(core, now),
            Stage::Listening => self.announce(core, now),
            Stage::Dialling => self.dial(core, now),
            Stage::Ready => self.ready(core, now),
            Stage::Restarted => self.command(core, now),
            Stage::Commanded => Self::commanded(core),
            Stage::Moving => self.moving(core, now),
            Stage::Finishing => self.finish(core, now),
            Stage::Excluding
            | Stage::Typing
            | Stage::Announcing
            | Stage::Asking
            | Stage::Restarting
            | Stage::Aborting => Progress::Reply,
            Stage::Ending(_) if core.data.is_asking() => Progress::Data,
            Stage::Ending(Ending::Refused) => Progress::End(End::Refused),
            Stage::Ending(Ending::Aborted) if self.stalled => Progress::End(End::TimedOut),
            Stage::Ending(Ending::Aborted) => Progress::End(End::Aborted),
            Stage::Ending(Ending::Incomplete(end, moved)) => Progress::End(End::Incomplete { end, moved }),
            Stage::Ending(Ending::NoRoute) => Progress::End(End::NoRoute),
        }
    }

    fn begin(&mut self, core: &mut Core, now: Instant) -> Progress {
        core.attempts.clear();
        self.stage = Stage::Type;
        if core.config.only_epsv && !core.session.only_epsv() {
            core.send(&Command::Epsv(EpsvArgument::All), now);
            self.stage = Stage::Excluding;
        }
        Progress::Again
    }

    fn set_type(&mut self, core: &mut Core, now: Instant) -> Progress {
        match self.request.representation {
            Some(representation) if representation != core.session.representation() => {
                core.send(&Command::Type(representation), now);
                self.stage = Stage::Typing;
            }
            _ => self.stage = Stage::Choosing,
        }
        Progress::Again
    }

    fn ready(&mut self, core: &mut Core, now: Instant) -> Progress {
        // An aborted request may have left an offset behind.
        if self.request.offset != core.session.restart() {
            core.send(&Command::Rest(self.request.offset), now);
            self.stage = Stage::Restarting;
            return Progress::Again;
        }
        self.command(core, now)
    }

    fn command(&mut self, core: &mut Core, now: Instant) -> Progress {
        core.send(&self.request.command, now);
        if matches!(core.data.state(), State::Bound(_)) {
            let expected = Some(core.ends.peer().ip());
            core.data.accept(now.after(core.config.patience.accept), expected);
        }
        self.stage = Stage::Commanded;
        Progress::Again
    }

    /// The 1yz or the final reply of the transfer command.
    fn transfer_reply(&mut self, core: &mut Core, step: Step, code: Code, now: Instant) {
        match step {
            Step::Wait => {
                if self.stage == Stage::Commanded {
                    self.begin_moving(core, now);
                }
            }
            // A 2yz without a 1yz before it: some servers leave the 150 out; the data is there all the same.
            Step::Success | Step::Continue => {
                self.end = Some(Step::Success);
                if self.stage == Stage::Commanded {
                    self.begin_moving(core, now);
                }
            }
            Step::Failure => {
                // The server says that the connection is at fault, and nothing has moved: the next route. STOU could leave a
                // second file behind.
                let untouched = match code {
                    Code::CANNOT_OPEN_DATA_CONNECTION => self.bytes_moved(core).unwrap_or(0) == 0,
                    Code::TRANSFER_ABORTED => self.bytes_moved(core) == Some(0),
                    _ => false,
                };
                let our_fault = matches!(self.moved, Some((StreamEnd::LocalError | StreamEnd::StorageFull, _)));
                let once = self.request.command.verb() == Verb::Stou;
                let retry = untouched && !our_fault && !once && !self.aborted;
                core.data.drop_channel();
                if retry {
                    self.moved = None;
                    let _ = self.give_up(core, AttemptEnd::ServerFailed(code), now);
                } else {
                    self.stage = Stage::Ending(match self.moved {
                        // The cause is here; that the server saw the connection break is its effect.
                        Some((end @ (StreamEnd::LocalError | StreamEnd::StorageFull), moved)) => {
                            Ending::Incomplete(end, moved)
                        }
                        _ => Ending::Refused,
                    });
                }
            }
        }
    }

    /// The 1yz is here: the bytes move as soon as the connection stands.
    fn begin_moving(&mut self, core: &mut Core, now: Instant) {
        self.stage = Stage::Moving;
        if let State::Open(peer) = core.data.state() {
            self.connected(core, peer, now);
        }
    }

    /// The connection stands and the server is ready: TLS if PROT P is in force (RFC 4217 9), then the bytes.
    fn connected(&mut self, core: &mut Core, peer: SocketAddr, now: Instant) {
        if self.current.is_some_and(|(route, ..)| !route.is_passive()) {
            self.record(core, Some(peer), AttemptEnd::Connected, now);
        }
        if core.session.protection() == Protection::Private {
            core.data.secure(now.after(core.config.patience.handshake), core.config.data_session);
        } else {
            core.data.stream();
        }
    }

    /// What a reply to the transfer command tells beside its meaning.
    fn learn(&mut self, core: &mut Core, step: Step, reply: &Reply<'_>) {
        if self.request.command.verb() == Verb::Stou && self.name.is_none() {
            self.name = reply.unique_name().map(<[u8]>::to_vec);
        }
        // The final reply of the transfer, when NOOPs said behind it aren't answered yet.
        if step != Step::Wait && core.session.due() > 0 {
            core.kept = Some(reply.borrowed().into_owned());
        }
    }

    /// How much was moved, as far as the adapter has told.
    fn bytes_moved(&self, core: &Core) -> Option<u64> {
        match (self.moved, core.data.state()) {
            (Some((_, moved)), _) | (None, State::Ended { moved, .. }) => Some(moved),
            (None, State::Streaming { moved }) => moved,
            // No stream has begun.
            _ => Some(0),
        }
    }

    fn commanded(core: &mut Core) -> Progress {
        match core.data.state() {
            State::Accepting { .. } => Progress::Data,
            _ => Progress::Reply,
        }
    }

    fn moving(&mut self, core: &mut Core, now: Instant) -> Progress {
        match core.data.state() {
            State::Open(peer) => self.connected(core, peer, now),
            State::Secured => core.data.stream(),
            State::Streaming { moved } => return self.streaming(core, moved, now),
            State::Ended { end, moved } => {
                self.moved = Some((end, moved));
                core.data.forget();
                self.stage = Stage::Finishing;
            }
            // Nobody came though the server said 150, or TLS failed: its final reply will tell, or the deadline.
            State::Failed(_) => {
                core.data.forget();
                self.moved = Some((StreamEnd::Truncated, 0));
                self.stage = Stage::Finishing;
            }
            State::Idle => self.stage = Stage::Finishing,
            _ => return Progress::Data,
        }
        Progress::Again
    }

    /// The bytes move: NOOP keeps the control connection alive, and the adapter's word says whether they still do.
    fn streaming(&mut self, core: &mut Core, moved: Option<u64>, now: Instant) -> Progress {
        if let Some(moved) = moved {
            match self.progress {
                Some((before, _)) if before == moved => {}
                _ => self.progress = Some((moved, now)),
            }
        }
        let silent = core.config.keep_alive.is_some_and(|after| now >= core.last_word.after(after));
        if silent && self.end.is_none() && core.session.due_to(Verb::Noop) < NOOPS_DUE {
            core.send_beside(&Command::Noop, now);
            return Progress::Again;
        }
        Progress::Data
    }

    /// When an adapter that moves bytes has to poll again.
    pub(super) fn poll_by(&self, config: &Config, last_word: Instant) -> Option<Instant> {
        let keep_alive = config.keep_alive.map(|after| last_word.after(after)).filter(|_| self.end.is_none());
        [keep_alive, self.poll_by_stall(config)].into_iter().flatten().min()
    }

    /// When the transfer counts as stalled, if the adapter tells how much it has moved.
    fn poll_by_stall(&self, config: &Config) -> Option<Instant> {
        let (_, since) = self.progress?;
        Some(since.after(config.patience.stall))
    }

    fn finish(&mut self, core: &mut Core, now: Instant) -> Progress {
        if self.end.is_none() {
            return Progress::Reply;
        }
        if core.session.due() > 0 {
            let patience = core.config.patience.stragglers;
            let by = *self.stragglers_by.get_or_insert_with(|| now.after(patience));
            if now < by {
                (core.reply_by, core.asked) = (by, false);
                return Progress::Reply;
            }
            // FTP has no tags: what comes now could be taken for a later command's.
            core.out_of_step = true;
        }
        match (self.moved, self.request.command.verb()) {
            (Some((StreamEnd::Clean, moved)), verb) => {
                if let Some((route, ..)) = self.current {
                    core.routes.prove(route);
                }
                Progress::End(match verb {
                    Verb::Stou => End::Stored(moved, self.name.take()),
                    _ => End::Transferred(moved),
                })
            }
            (Some((end, moved)), _) => Progress::End(End::Incomplete { end, moved }),
            (None, _) => Progress::End(End::Incomplete { end: StreamEnd::Truncated, moved: 0 }),
        }
    }

    /// Aborts as far as the transfer has come. `false`: a reply has to come first.
    fn abort(&mut self, core: &mut Core, now: Instant) -> bool {
        match self.stage {
            Stage::Excluding
            | Stage::Typing
            | Stage::Announcing
            | Stage::Asking
            | Stage::Restarting
            | Stage::Ending(_)
            | Stage::Aborting => return false,
            Stage::Begin
            | Stage::Type
            | Stage::Choosing
            | Stage::Listening
            | Stage::Dialling
            | Stage::Ready
            | Stage::Restarted => {
                core.data.drop_channel();
                self.stage = Stage::Ending(Ending::Aborted);
            }
            Stage::Commanded | Stage::Moving | Stage::Finishing if self.end.is_none() => {
                core.data.drop_channel();
                // Telnet IP and Synch interrupt a server that doesn't read while it sends (RFC 959 4.1.3); inside TLS there
                // is no urgent data (RFC 4217 14), and bare they puzzle some servers.
                if core.config.urgent && core.tls == Tls::Off {
                    let [rest @ .., mark] = INTERRUPT_AND_SYNCH;
                    core.outbox.buffer().extend_from_slice(&rest);
                    core.outbox.mark_urgent();
                    core.outbox.buffer().push(mark);
                }
                core.send(&Command::Abor, now);
                self.stage = Stage::Aborting;
            }
            // The server has finished already: only our side has to stop.
            Stage::Commanded | Stage::Moving | Stage::Finishing => {
                core.data.drop_channel();
                self.stage = Stage::Ending(Ending::Aborted);
            }
        }
        self.aborted = true;
        true
    }

    /// A final reply after ABOR. Servers answer the two commands with 426 and 226, 226 and 226, or once for
    /// both; a NOOP behind the first answer tells which: what comes before its 200 is theirs.
    fn abort_reply(&mut self, core: &mut Core, verb: Verb, now: Instant) {
        if verb == Verb::Noop && core.session.due_to(Verb::Noop) > 0 {
            // One that was said while the bytes still moved.
        } else if verb == Verb::Noop {
            core.session.settle_abort();
            self.stage = Stage::Ending(Ending::Aborted);
        } else if self.end.is_none() {
            self.end = Some(Step::Failure);
            core.send(&Command::Noop, now);
        }
    }
}
