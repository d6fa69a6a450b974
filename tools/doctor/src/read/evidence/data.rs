//! How data connections end, by the lines of a log.

use std::net::SocketAddr;
use std::time::Duration;

use ftp_proto::session::Awaited;
use ftp_proto::{
    AttemptEnd, ControlLoss, ControlState, DataError, DataTls, LossKind, Occasion, Reply, Route, Side, Software, Speaks,
};

use super::super::Dials;
use super::{ATTEMPTS, CONTROL_PORT, DROPPED_AFTER, REFUSED_WITHIN, Reader, Setup};

impl Reader {
    pub(super) fn dialling(&mut self, address: SocketAddr) {
        self.focus = None;
        let fits =
            |setup: &Setup| setup.attempt.advertised.is_none_or(|advertised| advertised.port() == address.port());
        match &mut self.setup {
            // Another host of the same reply is another attempt.
            Some(setup)
                if fits(setup) && setup.failed.is_some() && setup.dialled.is_some_and(|before| before != address) =>
            {
                let mut next = setup.clone();
                next.failed = None;
                next.dialled = Some(address);
                next.begun = self.now;
                self.give_up();
                self.setup = Some(next);
            }
            Some(setup) if fits(setup) => {
                setup.dialled = Some(address);
                let at_server = setup.attempt.route == Route::Epsv || setup.to_peer;
                // What the reply didn't show, the dialling does.
                if setup.attempt.advertised.is_none() && (at_server || self.program.dials() == Dials::Advertised) {
                    setup.attempt.advertised = Some(address);
                }
                if at_server && setup.attempt.route.is_passive() {
                    self.evidence.server.get_or_insert(SocketAddr::new(address.ip(), CONTROL_PORT));
                }
            }
            _ => {
                let known = self.unexplained.iter().position(|setup| fits(setup) && setup.failed.is_none());
                if let Some(setup) = known.and_then(|place| self.unexplained.get_mut(place)) {
                    setup.dialled = Some(address);
                }
                self.focus = known;
            }
        }
    }

    pub(super) fn connected(&mut self, who: Option<SocketAddr>) {
        let stranger = who.map(|address| address.ip()).filter(|host| {
            self.evidence.side == Side::Server
                && self.evidence.client.is_some_and(|client| client.ip().to_canonical() != host.to_canonical())
        });
        if let Some(host) = stranger {
            self.conclude(AttemptEnd::Stranger(host), None);
            return;
        }
        self.with_setup(|setup| {
            setup.attempt.connected = true;
            setup.dialled = who.or(setup.dialled);
        });
    }

    pub(super) fn failed(&mut self, why: DataError) {
        self.with_setup(|setup| {
            setup.failed.get_or_insert(why);
            if let DataError::Tls(_) = why {
                setup.attempt.connected = true;
                setup.attempt.tls.get_or_insert(DataTls::failed(None, None));
            }
        });
    }

    /// Whether the server sends 150 only once the data connection is made.
    fn opens_late(&self) -> bool {
        matches!(self.evidence.software, Software::Vsftpd | Software::ProFtpd | Software::PureFtpd)
    }

    pub(super) fn timed_out(&mut self) {
        let waits = self.opens_late();
        match &mut self.setup {
            Some(setup) if setup.attempt.connected || (setup.attempt.opened && waits) => {
                setup.attempt.connected = true;
                setup.stalled = true;
            }
            Some(setup) if setup.is_agreed => {
                setup.failed.get_or_insert(DataError::TimedOut);
            }
            _ if !self.has_begun && self.is_connected => {
                self.evidence.speaks.get_or_insert(Speaks::Nothing);
                self.evidence.control = self.loss(LossKind::Silent, None);
            }
            _ => self.evidence.control = self.loss(LossKind::Silent, None),
        }
    }

    pub(super) fn ended(&mut self, reset: bool) {
        let in_order = self.quits || self.session.is_ending();
        if !in_order && self.has_begun && matches!(self.evidence.control, ControlState::Unknown) {
            let kind = if reset { LossKind::Reset } else { LossKind::Closed };
            self.evidence.control = self.loss(kind, None);
        }
    }

    pub(super) fn loss(&self, how: LossKind, said: Option<&Reply<'_>>) -> ControlState {
        let during = match self.session.awaited() {
            _ if self.session.is_transferring() => Occasion::Transfer,
            Some(Awaited::Greeting) => Occasion::Greeting,
            Some(Awaited::Command(verb)) => Occasion::Command(verb),
            None => Occasion::Idle,
        };
        let mut loss = ControlLoss::new(how, during).idle(self.since(self.last_said).unwrap_or_default());
        loss.said = said.map(|reply| Box::new(ftp_proto::Excerpt::of(reply)));
        ControlState::Lost(loss)
    }

    pub(super) fn since(&self, begun: Option<Duration>) -> Option<Duration> {
        Some(self.now?.saturating_sub(begun?))
    }

    /// Records how the attempt ended.
    pub(super) fn conclude(&mut self, end: AttemptEnd, said: Option<&Reply<'_>>) {
        let Some(mut setup) = self.setup.take() else { return };
        setup.attempt.end = end;
        setup.attempt.connected |= matches!(end, AttemptEnd::Connected | AttemptEnd::CutShort)
            || (setup.attempt.opened && self.opens_late() && matches!(end, AttemptEnd::ServerFailed(_)));
        setup.attempt.took = self.since(setup.begun).unwrap_or_default();
        if let Some(reply) = said {
            setup.attempt = setup.attempt.said(reply);
        }
        self.keep(setup);
    }

    pub(super) fn keep(&mut self, setup: Setup) {
        let mut attempt = setup.attempt.clone();
        let is_dialled =
            !matches!(attempt.end, AttemptEnd::Refused(_) | AttemptEnd::Unexpected(_) | AttemptEnd::Unreadable);
        attempt.reached = attempt.reached.or_else(|| self.reached(&setup).filter(|_| is_dialled));
        if self.evidence.attempts.len() < ATTEMPTS {
            self.evidence.attempts.push(attempt);
        }
    }

    /// The address that was connected to: from the log, or from what the program does.
    pub(super) fn reached(&self, setup: &Setup) -> Option<SocketAddr> {
        let advertised = setup.attempt.advertised?;
        if setup.dialled.is_some() || !setup.attempt.route.is_passive() || self.evidence.side != Side::Client {
            return setup.dialled;
        }
        let at_peer = self.evidence.server.map(|server| SocketAddr::new(server.ip(), advertised.port()));
        match (setup.attempt.route, self.program.dials()) {
            (Route::Epsv, _) => Some(advertised),
            (_, Dials::Peer) => at_peer,
            (_, Dials::Advertised) if setup.to_peer => at_peer,
            (_, Dials::Advertised) => Some(advertised),
            (_, Dials::Unknown) if setup.to_peer => at_peer,
            (_, Dials::Unknown) => None,
        }
    }

    /// Keeps what is known of this data connection, as the next one is asked for or the log ends.
    pub(super) fn give_up(&mut self) {
        let Some(setup) = &self.setup else { return };
        let waited = self.since(setup.begun);
        match setup.failed {
            Some(why) => self.conclude(AttemptEnd::Failed(why), None),
            None if setup.stalled => self.conclude(AttemptEnd::Stalled, None),
            None if setup.cut_short => self.conclude(AttemptEnd::CutShort, None),
            // The client was told where to connect, and asked for nothing: it didn't get there.
            None if setup.is_agreed
                && !setup.is_commanded
                && setup.attempt.route.is_passive()
                && self.evidence.side == Side::Server =>
            {
                self.conclude(AttemptEnd::Failed(DataError::TimedOut), None);
            }
            // The client went on without a transfer: it had no connection.
            None if setup.is_agreed && !setup.is_commanded && setup.attempt.route.is_passive() => match waited {
                Some(time) if time >= DROPPED_AFTER => self.conclude(AttemptEnd::Failed(DataError::TimedOut), None),
                Some(time) if time <= REFUSED_WITHIN && self.is_redone() => {
                    self.conclude(AttemptEnd::Failed(DataError::Refused), None)
                }
                _ => self.unexplained.extend(self.setup.take()),
            },
            None if self.names_inside(setup) => self.unexplained.extend(self.setup.take()),
            None => self.setup = None,
        }
    }

    /// Whether the log has times within a second, without which "at once" can't be told.
    pub(super) fn is_redone(&self) -> bool {
        self.now.is_some_and(|now| now.subsec_nanos() != 0)
    }
}
