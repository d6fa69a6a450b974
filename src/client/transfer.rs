//! The plan of a transfer: agree on a data connection, say the command, move the bytes.
//!
//! Passive: the data connection is made *before* the transfer command goes out, so that a candidate that fails
//! costs no 60 seconds and no 425. Active: the server connects after the command.

use alloc::vec::Vec;
use core::net::{IpAddr, SocketAddr};

use super::request::TransferRequest;
use super::{Core, End, Progress};
use crate::address::{ExtendedAddress, HostPort};
use crate::command::{Command, EpsvArgument, Verb};
use crate::data::{DataError, Direction, State, StreamEnd};
use crate::reply::{Class, Code, Reply};
use crate::route::{Attempt, AttemptEnd, Route};
use crate::session::{Answer, Awaited, Step};
use crate::time::Instant;

#[derive(Debug)]
pub(super) struct Transfer {
    request: TransferRequest,
    stage: Stage,
    /// The routes before this place of the application's order were tried.
    tried: usize,
    /// What is left to dial of the route that was agreed on.
    candidates: [Option<SocketAddr>; 2],
    attempts: Vec<Attempt>,
    /// The attempt under way.
    current: Option<(Route, Option<SocketAddr>, Instant)>,
    /// The final reply of the transfer command has come.
    end: Option<Step>,
    /// How the stream ended, once it did.
    moved: Option<(StreamEnd, u64)>,
    aborted: bool,
}

/// How far a transfer has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// TYPE, if another is in force.
    Begin,
    /// The reply to TYPE is due.
    Typing,
    /// The next route.
    Choosing,
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
    /// Bytes move.
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
}

impl Transfer {
    pub(super) fn new(request: TransferRequest) -> Self {
        Self {
            request,
            stage: Stage::Begin,
            tried: 0,
            candidates: [None, None],
            attempts: Vec::new(),
            current: None,
            end: None,
            moved: None,
            aborted: false,
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
        self.end.is_some() && self.stage != Stage::Aborting
    }

    pub(super) fn react(&mut self, core: &mut Core, answer: Answer, reply: &Reply<'_>, now: Instant) {
        let Answer { awaited: Awaited::Command(verb), step } = answer else { return };
        match self.stage {
            // The server closes: no other route leads anywhere, and no NOOP is answered.
            Stage::Asking if reply.code() == Code::SERVICE_NOT_AVAILABLE => {
                core.data.drop_channel();
                self.stage = Stage::Ending(Ending::Refused);
            }
            Stage::Aborting if reply.code() == Code::SERVICE_NOT_AVAILABLE => {
                core.session.settle_abort();
                self.stage = Stage::Ending(Ending::Aborted);
            }
            Stage::Typing if step == Step::Success => self.stage = Stage::Choosing,
            Stage::Typing if step == Step::Failure => self.stage = Stage::Ending(Ending::Refused),
            Stage::Asking => self.agreed(core, step, reply, now),
            Stage::Restarting if step == Step::Continue => self.stage = Stage::Restarted,
            Stage::Restarting if step != Step::Wait => {
                core.data.drop_channel();
                self.stage = Stage::Ending(Ending::Refused);
            }
            Stage::Commanded | Stage::Moving | Stage::Finishing if verb == self.request.command.verb() => {
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
        if abort && !self.aborted && self.abort(core, now) {
            return Progress::Again;
        }
        match self.stage {
            Stage::Begin => self.begin(core, now),
            Stage::Choosing => self.choose(core, now),
            Stage::Listening => self.announce(core, now),
            Stage::Dialling => self.dial(core, now),
            Stage::Ready => self.ready(core, now),
            Stage::Restarted => self.command(core, now),
            Stage::Commanded => self.commanded(core),
            Stage::Moving => self.moving(core),
            Stage::Finishing => self.finish(),
            Stage::Typing | Stage::Asking | Stage::Restarting | Stage::Aborting => Progress::Reply,
            Stage::Ending(_) if core.data.is_asking() => Progress::Data,
            Stage::Ending(Ending::Refused) => Progress::End(End::Refused),
            Stage::Ending(Ending::Aborted) => Progress::End(End::Aborted),
            Stage::Ending(Ending::NoRoute) => Progress::End(End::NoRoute(core::mem::take(&mut self.attempts))),
        }
    }

    fn begin(&mut self, core: &mut Core, now: Instant) -> Progress {
        match self.request.representation {
            Some(representation) if representation != core.session.representation() => {
                core.send(&Command::Type(representation), now);
                self.stage = Stage::Typing;
            }
            _ => self.stage = Stage::Choosing,
        }
        Progress::Again
    }

    fn choose(&mut self, core: &mut Core, now: Instant) -> Progress {
        let Some((place, route)) = core.routes.next(&core.config.routes, self.tried, core.ends.local().ip()) else {
            self.stage = Stage::Ending(Ending::NoRoute);
            return Progress::Again;
        };
        self.tried = place.saturating_add(1);
        self.current = Some((route, None, now));
        match route {
            Route::Epsv => self.ask(core, &Command::Epsv(EpsvArgument::Any), now),
            Route::Pasv => self.ask(core, &Command::Pasv, now),
            Route::Eprt | Route::Port => {
                core.data.listen();
                self.stage = Stage::Listening;
            }
        }
        Progress::Again
    }

    fn ask(&mut self, core: &mut Core, command: &Command<'_>, now: Instant) {
        core.send(command, now);
        self.stage = Stage::Asking;
    }

    /// Active mode: the socket listens, so its address can be told.
    fn announce(&mut self, core: &mut Core, now: Instant) -> Progress {
        let bound = match core.data.state() {
            State::Bound(address) => address,
            State::Failed(why) => return self.give_up(core, AttemptEnd::Failed(why), now),
            _ => return Progress::Data,
        };
        let host = core.config.external_address.unwrap_or(core.ends.local().ip());
        let address = SocketAddr::new(host, bound.port());
        let command = match (self.current, address) {
            (Some((Route::Port, ..)), SocketAddr::V4(address)) => HostPort::try_from(address).ok().map(Command::Port),
            (Some((Route::Eprt, ..)), address) => ExtendedAddress::try_from(address).ok().map(Command::Eprt),
            _ => None,
        };
        let Some(command) = command else {
            core.data.drop_channel();
            return self.give_up(core, AttemptEnd::Failed(DataError::Local), now);
        };
        if let Some((_, advertised, _)) = &mut self.current {
            *advertised = Some(address);
        }
        self.ask(core, &command, now);
        Progress::Again
    }

    /// The reply to EPSV, PASV, EPRT or PORT is here.
    fn agreed(&mut self, core: &mut Core, step: Step, reply: &Reply<'_>, now: Instant) {
        let Some((route, _, _)) = self.current else { return };
        match step {
            Step::Wait => {}
            Step::Success if !route.is_passive() => self.stage = Stage::Ready,
            Step::Success => match self.advertised(core, reply) {
                Some((host, port)) => {
                    let peer = core.ends.peer().ip();
                    if let Some((_, advertised, _)) = &mut self.current {
                        *advertised = Some(SocketAddr::new(host.unwrap_or(peer), port));
                    }
                    let hosts = core.config.passive_host.candidates(host, peer);
                    self.candidates = hosts.map(|host| host.map(|host| SocketAddr::new(host, port)));
                    self.next_candidate(core, now);
                }
                None => {
                    core.routes.give_up(route);
                    let _ = self.give_up(core, AttemptEnd::Unreadable, now);
                }
            },
            Step::Continue | Step::Failure => {
                // 5yz is for good, but for 530, which says that this login may not; 4yz may pass.
                if reply.code().class() == Class::PermanentNegative && reply.code() != Code::NOT_LOGGED_IN {
                    core.routes.give_up(route);
                }
                core.data.drop_channel();
                let _ = self.give_up(core, AttemptEnd::Refused(reply.code()), now);
            }
        }
    }

    /// The host, if one is named, and the port of a 227 or 229, whichever command it answers. An EPSV's full form
    /// names a host only for the record: RFC 2428 3 wants the control connection's.
    fn advertised(&self, core: &Core, reply: &Reply<'_>) -> Option<(Option<IpAddr>, u16)> {
        match reply.code() {
            Code::ENTERING_EXTENDED_PASSIVE => {
                let passive = reply.extended_passive().ok()?;
                Some((None, passive.port()))
            }
            Code::ENTERING_PASSIVE => {
                let address = reply.passive_address().ok()?;
                // On IPv6 the tuple's host can't be reached, but its port can (NAT64).
                let host = core.ends.peer().is_ipv4().then_some(IpAddr::V4(address.host()));
                Some((host, address.port()))
            }
            _ => None,
        }
    }

    fn next_candidate(&mut self, core: &mut Core, now: Instant) {
        let [first, second] = self.candidates;
        self.candidates = [second, None];
        let Some(address) = first else {
            self.stage = Stage::Choosing;
            return;
        };
        let patience = &core.config.patience;
        let more =
            second.is_some() || core.routes.next(&core.config.routes, self.tried, core.ends.local().ip()).is_some();
        let deadline = now.after(if more { patience.dial } else { patience.last_dial });
        core.data.connect(address, deadline);
        self.stage = Stage::Dialling;
    }

    fn dial(&mut self, core: &mut Core, now: Instant) -> Progress {
        match core.data.state() {
            State::Open(address) => {
                self.record(Some(address), AttemptEnd::Connected, now);
                self.stage = Stage::Ready;
                Progress::Again
            }
            State::Failed(why) => {
                core.data.forget();
                self.record(None, AttemptEnd::Failed(why), now);
                self.next_candidate(core, now);
                Progress::Again
            }
            _ => Progress::Data,
        }
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
                    self.begin_moving(core);
                }
            }
            // A 2yz without a 1yz before it: some servers leave the 150 out; the data is there all the same.
            Step::Success | Step::Continue => {
                self.end = Some(Step::Success);
                if self.stage == Stage::Commanded {
                    self.begin_moving(core);
                }
            }
            Step::Failure => {
                let moved = self.bytes_moved(core);
                core.data.drop_channel();
                // Nothing has moved and the server says that the connection is at fault: the next route. STOU
                // could leave a second file behind.
                let retry = matches!(code, Code::CANNOT_OPEN_DATA_CONNECTION)
                    && moved == 0
                    && !self.aborted
                    && self.request.command.verb() != Verb::Stou;
                if retry {
                    self.moved = None;
                    let _ = self.give_up(core, AttemptEnd::ServerFailed(code), now);
                } else {
                    self.stage = Stage::Ending(Ending::Refused);
                }
            }
        }
    }

    /// The 1yz is here: the bytes move as soon as the connection stands.
    fn begin_moving(&mut self, core: &mut Core) {
        self.stage = Stage::Moving;
        if let State::Open(_) = core.data.state() {
            core.data.stream();
        }
    }

    fn bytes_moved(&self, core: &Core) -> u64 {
        match (self.moved, core.data.state()) {
            (Some((_, moved)), _) => moved,
            (None, State::Streaming { moved } | State::Ended { moved, .. }) => moved,
            _ => 0,
        }
    }

    fn commanded(&mut self, core: &mut Core) -> Progress {
        match core.data.state() {
            State::Accepting { .. } => Progress::Data,
            _ => Progress::Reply,
        }
    }

    fn moving(&mut self, core: &mut Core) -> Progress {
        match core.data.state() {
            State::Open(_) => core.data.stream(),
            State::Ended { end, moved } => {
                self.moved = Some((end, moved));
                core.data.forget();
                self.stage = Stage::Finishing;
            }
            // Nobody came though the server said 150: its 425 will tell, or the deadline.
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

    fn finish(&mut self) -> Progress {
        if self.end.is_none() {
            return Progress::Reply;
        }
        match self.moved {
            Some((StreamEnd::Clean, moved)) => Progress::End(End::Transferred(moved)),
            Some((end, moved)) => Progress::End(End::Incomplete { end, moved }),
            None => Progress::End(End::Incomplete { end: StreamEnd::Truncated, moved: 0 }),
        }
    }

    /// Aborts as far as the transfer has come. `false`: a reply has to come first.
    fn abort(&mut self, core: &mut Core, now: Instant) -> bool {
        match self.stage {
            Stage::Typing | Stage::Asking | Stage::Restarting | Stage::Ending(_) | Stage::Aborting => return false,
            Stage::Begin | Stage::Choosing | Stage::Listening | Stage::Dialling | Stage::Ready | Stage::Restarted => {
                core.data.drop_channel();
                self.stage = Stage::Ending(Ending::Aborted);
            }
            Stage::Commanded | Stage::Moving | Stage::Finishing if self.end.is_none() => {
                core.data.drop_channel();
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
        if verb == Verb::Noop {
            core.session.settle_abort();
            self.stage = Stage::Ending(Ending::Aborted);
        } else if self.end.is_none() {
            self.end = Some(Step::Failure);
            core.send(&Command::Noop, now);
        }
    }

    /// The attempt has ended so; the next route is tried.
    fn give_up(&mut self, core: &mut Core, end: AttemptEnd, now: Instant) -> Progress {
        if core.data.state() != State::Cancelling {
            core.data.forget();
        }
        self.record(None, end, now);
        self.stage = Stage::Choosing;
        Progress::Again
    }

    fn record(&mut self, reached: Option<SocketAddr>, end: AttemptEnd, now: Instant) {
        let Some((route, advertised, since)) = self.current else { return };
        self.attempts.push(Attempt { route, advertised, reached, end, took: now.saturating_since(since) });
    }
}
