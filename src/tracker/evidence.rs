//! What a tracker's events are evidence of, for [`diagnose`](crate::diagnosis::diagnose).

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use core::net::{IpAddr, SocketAddr};
use core::time::Duration;

use super::{Event, Expectation, Objection, Purpose, Withdrawal};
use crate::command::{Command, DataUse, EpsvArgument, Verb};
use crate::data::DataError;
use crate::reply::{Code, Reply};
use crate::route::{
    Attempt, AttemptEnd, ControlLoss, ControlState, Endpoints, Evidence, Excerpt, LossKind, Occasion, Reach, Route,
    Side,
};
use crate::session::{Awaited, CommandId};
use crate::time::Instant;

/// As many data connections under way, and as many attempts that have ended, are kept in mind at most.
const MOST: usize = 8;
/// A client that goes on to another way sooner than this was refused; later, it has waited for an answer.
const REFUSED_WITHIN: Duration = Duration::from_millis(1500);
/// Who leaves sooner than this after a passive port was agreed on may never have wanted it.
const DIALLING: Duration = Duration::from_secs(1);

/// Collects what is seen between the two ends: give it each [`Event`] of a [`Tracker`](super::Tracker), and it has the [`Evidence`] of the data
/// connections that failed, as a [`Client`](crate::Client) and a [`Server`](crate::Server) have of their own.
///
/// The events tell what either end said. A program that carries the data connections, as a proxy does, or that sees their packets, says what
/// becomes of them ([`connected`](Self::connected), [`failed`](Self::failed), [`stranger`](Self::stranger)). Without that, a witness concludes it
/// from what the ends do next.
///
/// ```
/// use std::{sync::Arc, time::Duration};
/// use ftp_proto::Instant;
/// use ftp_proto::diagnosis::{Cause, diagnose};
/// use ftp_proto::tracker::{Peer, Rules, Tracker, Witness};
///
/// let (client, server) = ("198.51.100.1:40000".parse()?, "203.0.113.5:21".parse()?);
/// let mut tracker = Tracker::new(Arc::new(Rules::default()), client, server);
/// let mut witness = Witness::new(client, server);
/// let now = Instant::from_origin(Duration::ZERO);
/// for (from, line) in [
///     (Peer::Server, "220 (vsFTPd 3.0.3)\r\n"),
///     (Peer::Client, "USER anna\r\n"),
///     (Peer::Server, "230 in\r\n"),
///     (Peer::Client, "PASV\r\n"),
///     (Peer::Server, "227 Entering Passive Mode (10,0,0,5,117,48).\r\n"),
/// ] {
///     tracker.received(from, line.as_bytes());
///     while let Some(event) = tracker.poll() {
///         witness.observe(&event, now);
///     }
/// }
/// let findings = diagnose(&witness.take_trouble().unwrap());
/// assert!(findings.first().unwrap().causes().eq([Cause::PrivateAddressAdvertised]));
/// # Ok::<(), core::net::AddrParseError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Witness {
    evidence: Evidence,
    /// Data connections under way, the oldest first.
    ways: VecDeque<Way>,
    /// Whose attempt has ended last.
    ended: Option<CommandId>,
    /// The last command that has no final reply, as far as was seen.
    due: Option<(CommandId, Verb)>,
    greeted: bool,
    /// QUIT was said, or a 421.
    leaves: bool,
    last_word: Instant,
    /// An attempt has failed since it was asked last.
    trouble: bool,
}

/// A data connection from the command that asks for it.
#[derive(Debug, Clone)]
struct Way {
    id: CommandId,
    since: Instant,
    attempt: Attempt,
    /// The server has agreed.
    agreed: bool,
    /// The client has aborted its transfer.
    aborted: bool,
    /// The command that moves data over it.
    transfer: Option<CommandId>,
    /// Somebody else came than who should.
    stranger: Option<IpAddr>,
}

impl Witness {
    /// Witnesses a session between these two; give it the same addresses as the tracker.
    pub fn new(client: SocketAddr, server: SocketAddr) -> Self {
        let mut evidence = Evidence::seen_by(Side::Observer).ends(&Endpoints::new(client, server));
        evidence.control = ControlState::Alive;
        Self {
            evidence,
            ways: VecDeque::new(),
            ended: None,
            due: None,
            greeted: false,
            leaves: false,
            last_word: Instant::default(),
            trouble: false,
        }
    }

    /// The evidence so far, with the last eight attempts. Allocates.
    pub fn evidence(&self) -> Evidence {
        self.evidence.clone()
    }

    /// The evidence, if a data connection has failed since the last call; its attempts are forgotten then. `None` otherwise, which allocates
    /// nothing.
    pub fn take_trouble(&mut self) -> Option<Evidence> {
        if !core::mem::take(&mut self.trouble) {
            return None;
        }
        let evidence = self.evidence.clone();
        self.evidence.attempts.clear();
        Some(evidence)
    }

    /// Takes an event that the tracker told at the moment `now`. Allocates a few hundred bytes for each data connection under way.
    pub fn observe(&mut self, event: &Event<'_>, now: Instant) {
        match event {
            Event::Command { id, verb, command } => self.command(*id, *verb, command.as_ref(), now),
            Event::Reply { answers, awaited, reply } => {
                // Before the reply ends it.
                let during = self.occasion();
                match (answers, awaited) {
                    (Some(id), Some(Awaited::Command(verb))) => self.reply(*id, *verb, reply, now),
                    (_, Some(Awaited::Greeting)) => {
                        self.greeted = true;
                        self.evidence.hear(None, reply);
                    }
                    _ => {}
                }
                if reply.code() == Code::SERVICE_NOT_AVAILABLE {
                    self.lost(LossKind::Closed, during, Some(reply), now);
                }
                self.last_word = now;
            }
            Event::Answered { id, code } => {
                self.answered(*id);
                let transfer = self.ways.iter().find(|way| way.transfer == Some(*id)).map(|way| way.id);
                match transfer.filter(|_| code.is_completion()) {
                    Some(setup) => self.conclude(setup, AttemptEnd::Connected, None, now),
                    None => self.conclude(*id, AttemptEnd::Unexpected(*code), None, now),
                }
            }
            Event::Expect(expected) | Event::Assigned(expected) => self.expected(expected),
            Event::Withdrawn(expected, why) => self.withdrawn(expected.id, *why, now),
            Event::Refused { id, to, why } => self.objected(*id, *to, *why, now),
            Event::Begun(purpose) => {
                if let Some(way) = self.way_of(purpose) {
                    way.attempt.opened = true;
                }
            }
            Event::LoggedIn { .. } => self.evidence.logged_in = Some(true),
            Event::Blind => self.evidence.tls.on = Some(true),
            Event::Sight => self.evidence.tls.on = Some(false),
            // What answers what isn't certain: nothing is concluded from it.
            Event::Lost(_) => self.ways.clear(),
            Event::Ended(..) | Event::Noise(_) | Event::Found => {}
        }
    }

    // What who carries the data knows.

    /// Says that the data connection that this command set up was made, from end to end.
    pub fn connected(&mut self, id: CommandId) {
        if let Some(way) = self.way(id) {
            way.attempt.connected = true;
            way.attempt.reached = way.attempt.advertised;
        }
    }

    /// Says that it couldn't be made: the end that listens didn't answer, or refused. This counts even if the server has already said that all
    /// is sent.
    pub fn failed(&mut self, id: CommandId, why: DataError, now: Instant) {
        if let Some(way) = self.way(id) {
            way.attempt.reached = way.attempt.advertised;
        } else if let Some(last) =
            self.evidence.attempts.last_mut().filter(|last| self.ended == Some(id) && last.is_success())
        {
            (last.end, last.connected, last.reached) = (AttemptEnd::Failed(why), false, last.advertised);
            self.trouble = true;
        }
        self.conclude(id, AttemptEnd::Failed(why), None, now);
    }

    /// Says that this host came to it in place of the expected one, and was sent away.
    pub fn stranger(&mut self, id: CommandId, host: IpAddr) {
        if let Some(way) = self.way(id) {
            way.stranger.get_or_insert(host.to_canonical());
        }
    }

    /// Says that this command was answered in the server's place and never reaches it ([`Rewrite::refuse`](super::Rewrite::refuse)).
    pub fn refused(&mut self, id: CommandId, by: &Reply<'_>, now: Instant) {
        self.answered(id);
        self.conclude(id, AttemptEnd::Refused(by.code()), Some(by), now);
    }

    /// The control connection has ended so.
    pub fn ended(&mut self, how: LossKind, now: Instant) {
        if !self.leaves {
            self.lost(how, self.occasion(), None, now);
        }
        if self.evidence.control == ControlState::Alive {
            self.evidence.control = ControlState::Unknown;
        }
    }

    // What the events tell.

    fn command(&mut self, id: CommandId, verb: Verb, command: Option<&Command<'_>>, now: Instant) {
        self.last_word = now;
        self.due = Some((id, verb));
        self.leaves |= verb == Verb::Quit;
        if verb == Verb::Abor {
            self.ways.iter_mut().for_each(|way| way.aborted |= way.attempt.opened);
        }
        if let (Some(route), false) = (route(verb), matches!(command, Some(Command::Epsv(EpsvArgument::All)))) {
            self.begin(id, route, command, now);
        }
    }

    fn begin(&mut self, id: CommandId, route: Route, command: Option<&Command<'_>>, now: Instant) {
        let mut attempt = Attempt::new(route, AttemptEnd::NotDialled);
        attempt.advertised = match command {
            Some(Command::Port(address)) => Some((*address).into()),
            Some(Command::Eprt(address)) => Some((*address).into()),
            Some(Command::Lprt(address)) => Some((*address).into()),
            _ => None,
        };
        if self.ways.len() >= MOST {
            self.ways.pop_front();
        }
        self.ways.push_back(Way {
            id,
            since: now,
            attempt,
            agreed: false,
            aborted: false,
            transfer: None,
            stranger: None,
        });
    }

    fn reply(&mut self, id: CommandId, verb: Verb, reply: &Reply<'_>, now: Instant) {
        let code = reply.code();
        self.evidence.hear(Some(verb), reply);
        if code.is_preliminary() {
            return;
        }
        self.answered(id);
        if verb.opens_data() {
            return self.transferred(id, reply, now);
        }
        if route(verb).is_none() {
            return;
        }
        match code {
            _ if code.is_negative() => self.conclude(id, AttemptEnd::Refused(code), Some(reply), now),
            // The address comes with what is expected; what isn't is told, too.
            _ if verb.data_use() == DataUse::SetsUpPassive && !names_address(reply) => {
                self.conclude(id, AttemptEnd::Unreadable, Some(reply), now);
            }
            _ => {
                if let Some(way) = self.way(id) {
                    way.agreed = true;
                }
            }
        }
    }

    /// The final reply to a command that moves data.
    fn transferred(&mut self, id: CommandId, reply: &Reply<'_>, now: Instant) {
        let code = reply.code();
        let Some(way) = self.ways.iter().find(|way| way.transfer == Some(id)) else {
            let none = self.evidence.attempts.is_empty() && self.ways.is_empty();
            if none && code == Code::CANNOT_OPEN_DATA_CONNECTION {
                // Nothing was agreed on, or it was used up.
                self.keep(Attempt::new(Route::Pasv, AttemptEnd::ServerFailed(code)).said(reply));
            }
            return;
        };
        let (setup, stood) = (way.id, way.attempt.connected || way.attempt.opened);
        match (code.value(), way.stranger) {
            // Somebody had enough of it: that is no fault of the connection's.
            (426 | 451, None) if way.aborted && stood => self.conclude(setup, AttemptEnd::Connected, None, now),
            (200..=299, _) => self.conclude(setup, AttemptEnd::Connected, None, now),
            (425, Some(host)) => self.conclude(setup, AttemptEnd::Stranger(host), Some(reply), now),
            (421 | 425 | 426 | 431 | 520..=522 | 530 | 533 | 534 | 536, _) => {
                self.conclude(setup, AttemptEnd::ServerFailed(code), Some(reply), now);
            }
            // A file that isn't there says nothing of data connections, but that one that was begun stood.
            _ if way.attempt.opened && stood => self.conclude(setup, AttemptEnd::Connected, None, now),
            // It may still be used, for the next.
            _ => {}
        }
    }

    fn expected(&mut self, expected: &Expectation<'_>) {
        if let Some(way) = self.way(expected.id) {
            way.attempt.advertised = Some(expected.to);
            way.attempt.protected = expected.protected == Some(true);
            way.transfer = expected.purpose.map(|purpose| purpose.id).or(way.transfer);
            way.agreed |= way.attempt.route.is_passive();
        }
    }

    fn withdrawn(&mut self, id: CommandId, why: Withdrawal, now: Instant) {
        let Some(way) = self.way(id) else { return };
        let took = now.saturating_since(way.since);
        // Nobody came who should, though he was told where; and he didn't even ask for a transfer.
        let idle = way.attempt.route.is_passive() && way.agreed && way.transfer.is_none() && !way.attempt.connected;
        let end = match (why, way.stranger) {
            (Withdrawal::Replaced | Withdrawal::Ended, Some(host)) if !way.attempt.connected => {
                AttemptEnd::Stranger(host)
            }
            (Withdrawal::Replaced, None) if idle && took <= REFUSED_WITHIN => AttemptEnd::Failed(DataError::Refused),
            (Withdrawal::Replaced, None) if idle => AttemptEnd::Failed(DataError::TimedOut),
            (Withdrawal::Ended, None) if idle && took >= DIALLING => AttemptEnd::Failed(DataError::TimedOut),
            // The reply that is due may still come, or be missed.
            (Withdrawal::Ended, None) if way.attempt.opened => return,
            // It was there, or nobody wanted it.
            _ => return self.ways.retain(|way| way.id != id),
        };
        self.conclude(id, end, None, now);
    }

    /// It was announced, and isn't to be.
    fn objected(&mut self, id: CommandId, to: SocketAddr, why: Objection, now: Instant) {
        let client = self.evidence.client.map(|client| client.ip());
        let Some(way) = self.way(id) else { return };
        way.attempt.advertised = Some(to);
        let passive = way.attempt.route.is_passive();
        match why {
            Objection::Stranger | Objection::LowPort if passive => {
                self.conclude(id, AttemptEnd::NotDialled, None, now);
            }
            // The client knows itself by another address than the one that is seen.
            Objection::Stranger if Reach::of(to.ip()) == Reach::Site && client.map(Reach::of) == Some(Reach::World) => {
                self.evidence.client_outside = client;
                self.evidence.client = Some(to);
            }
            Objection::Stranger | Objection::LowPort => {}
            _ => self.ways.retain(|way| way.id != id),
        }
    }

    fn answered(&mut self, id: CommandId) {
        self.due = self.due.filter(|(due, _)| *due != id);
    }

    /// The control connection is lost, or was given up with a 421.
    fn lost(&mut self, how: LossKind, during: Occasion, said: Option<&Reply<'_>>, now: Instant) {
        let mut loss = ControlLoss::new(how, during).idle(now.saturating_since(self.last_word));
        loss.said = said.map(|reply| Box::new(Excerpt::of(reply)));
        self.evidence.control = ControlState::Lost(loss);
        self.leaves = true;
        // Over the command that asked for it, or amid the transfer.
        let lost = self.transfer().or_else(|| self.ways.iter().find(|way| !way.agreed).map(|way| way.id));
        if let Some(id) = lost {
            self.conclude(id, AttemptEnd::ControlLost, None, now);
        }
        self.trouble |= how != LossKind::Closed || during != Occasion::Idle;
    }

    /// What is under way.
    fn occasion(&self) -> Occasion {
        match (self.transfer(), self.due) {
            (Some(_), _) => Occasion::Transfer,
            (None, _) if !self.greeted => Occasion::Greeting,
            (None, Some((_, verb))) => Occasion::Command(verb),
            (None, None) => Occasion::Idle,
        }
    }

    // The book.

    /// The data connection of a transfer that has begun.
    fn transfer(&self) -> Option<CommandId> {
        self.ways.iter().find(|way| way.attempt.opened).map(|way| way.id)
    }

    fn way(&mut self, id: CommandId) -> Option<&mut Way> {
        self.ways.iter_mut().find(|way| way.id == id)
    }

    fn way_of(&mut self, purpose: &Purpose<'_>) -> Option<&mut Way> {
        self.ways.iter_mut().find(|way| way.transfer == Some(purpose.id))
    }

    /// The data connection that this command asked for has ended so, and the server said this of it.
    fn conclude(&mut self, id: CommandId, end: AttemptEnd, said: Option<&Reply<'_>>, now: Instant) {
        let Some(at) = self.ways.iter().position(|way| way.id == id) else { return };
        let Some(Way { mut attempt, since, .. }) = self.ways.remove(at) else { return };
        attempt.end = end;
        attempt.took = now.saturating_since(since);
        attempt.connected |= end == AttemptEnd::Connected;
        attempt.said = said.map(|reply| Box::new(Excerpt::of(reply)));
        self.ended = Some(id);
        self.keep(attempt);
    }

    fn keep(&mut self, attempt: Attempt) {
        let attempts = &mut self.evidence.attempts;
        if attempts.len() >= MOST {
            attempts.remove(0);
        }
        self.trouble |= !attempt.is_success();
        attempts.push(attempt);
    }
}

/// The way that this command asks for.
fn route(verb: Verb) -> Option<Route> {
    Some(match verb {
        Verb::Port => Route::Port,
        Verb::Eprt | Verb::Lprt => Route::Eprt,
        Verb::Epsv => Route::Epsv,
        verb if verb.data_use() == DataUse::SetsUpPassive => Route::Pasv,
        _ => return None,
    })
}

/// A reply to a passive command says where the server listens.
fn names_address(reply: &Reply<'_>) -> bool {
    match reply.code() {
        Code::ENTERING_PASSIVE => reply.passive_address().is_ok(),
        Code::ENTERING_LONG_PASSIVE => reply.long_passive_address().is_ok(),
        Code::ENTERING_EXTENDED_PASSIVE => reply.extended_passive().is_ok(),
        _ => false,
    }
}
