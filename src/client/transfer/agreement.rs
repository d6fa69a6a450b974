//! How client and server agree on a data connection, route after route.

use alloc::vec::Vec;
use core::net::{IpAddr, SocketAddr};

use super::{Ending, Stage, Transfer};
use crate::address::{ExtendedAddress, HostPort};
use crate::client::plan::{Core, Progress};
use crate::command::{Command, EpsvArgument, Verb};
use crate::data::{DataError, State};
use crate::reply::{Class, Code, Reply};
use crate::route::{Attempt, AttemptEnd, Route, is_outside};
use crate::session::Step;
use crate::text::Argument;
use crate::time::Instant;

impl Transfer {
    pub(super) fn choose(&mut self, core: &mut Core, now: Instant) -> Progress {
        let Some((place, route)) = core.routes.next(&core.config.routes, self.tried, core.ends.local().ip()) else {
            self.stage = Stage::Ending(Ending::NoRoute);
            return Progress::Again;
        };
        self.tried = place.saturating_add(1);
        self.current = Some((route, None, now));
        self.announced = false;
        match route {
            Route::Epsv | Route::Pasv => self.passive(core, now),
            Route::Eprt | Route::Port => {
                core.data.listen();
                self.stage = Stage::Listening;
            }
        }
        Progress::Again
    }

    /// EPSV or PASV; before it PRET, where the server has to know what the connection is for.
    pub(super) fn passive(&mut self, core: &mut Core, now: Instant) {
        if core.offers(Verb::Pret) && !self.announced {
            self.announced = true;
            let mut line = Vec::new();
            self.request.command.encode(&mut line);
            if let Ok(line) = Argument::new(line.trim_ascii_end()) {
                core.send(&Command::Pret(line), now);
                self.stage = Stage::Announcing;
                return;
            }
        }
        match self.current {
            Some((Route::Epsv, ..)) => self.ask(core, &Command::Epsv(EpsvArgument::Any), now),
            _ => self.ask(core, &Command::Pasv, now),
        }
    }

    fn ask(&mut self, core: &mut Core, command: &Command<'_>, now: Instant) {
        core.send(command, now);
        self.stage = Stage::Asking;
    }

    /// Active mode: the socket listens, so its address can be told.
    pub(super) fn announce(&mut self, core: &mut Core, now: Instant) -> Progress {
        let bound = match core.data.state() {
            State::Bound(address) => address,
            State::Failed(why) => return self.give_up(core, AttemptEnd::Failed(why), now),
            _ => return Progress::Data,
        };
        // A server of our own site reaches us at our own address, and mostly not at the outside one.
        let external = core.config.external_address.filter(|_| is_outside(core.ends.peer().ip()));
        let host = external.unwrap_or(core.ends.local().ip());
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
    pub(super) fn agreed(&mut self, core: &mut Core, step: Step, reply: &Reply<'_>, now: Instant) {
        let Some((route, _, _)) = self.current else { return };
        match step {
            Step::Wait => {}
            Step::Success if !route.is_passive() => self.stage = Stage::Ready,
            Step::Success => match self.advertised(core, reply) {
                Some((host, port)) => {
                    let ends = core.ends;
                    let peer = ends.peer().ip();
                    if let Some((_, advertised, _)) = &mut self.current {
                        *advertised = Some(SocketAddr::new(host.unwrap_or(peer), port));
                    }
                    let hosts = core.config.passive_host.candidates(host, peer);
                    self.candidates = hosts.map(|host| host.map(|host| ends.towards(host, port)));
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

    pub(super) fn dial(&mut self, core: &mut Core, now: Instant) -> Progress {
        match core.data.state() {
            State::Open(address) => {
                self.record(core, Some(address), AttemptEnd::Connected, now);
                self.stage = Stage::Ready;
                Progress::Again
            }
            State::Failed(why) => {
                core.data.forget();
                self.record(core, None, AttemptEnd::Failed(why), now);
                self.next_candidate(core, now);
                Progress::Again
            }
            _ => Progress::Data,
        }
    }

    /// The attempt has ended so; the next route is tried.
    pub(super) fn give_up(&mut self, core: &mut Core, end: AttemptEnd, now: Instant) -> Progress {
        if core.data.state() != State::Cancelling {
            core.data.forget();
        }
        self.record(core, None, end, now);
        self.stage = Stage::Choosing;
        Progress::Again
    }

    pub(super) fn record(&mut self, core: &mut Core, reached: Option<SocketAddr>, end: AttemptEnd, now: Instant) {
        let Some((route, advertised, since)) = self.current else { return };
        // They are kept until the next transfer, and nearly always it is one.
        core.attempts.reserve_exact(1);
        core.attempts.push(Attempt { route, advertised, reached, end, took: now.saturating_since(since) });
    }
}
