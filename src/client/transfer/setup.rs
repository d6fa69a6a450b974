//! How client and server agree on a data connection, route after route.

use alloc::vec::Vec;
use core::net::{IpAddr, SocketAddr};

use super::state::{Ending, Stage, Transfer, Trial};
use crate::address::{ExtendedAddress, HostPort};
use crate::client::context::{Context, Progress};
use crate::command::{Command, EpsvArgument, Verb};
use crate::connection::cannot_happen;
use crate::data::{DataError, State};
use crate::reply::{Class, Code, Reply};
use crate::route::{AttemptEnd, Route, is_outside};
use crate::session::Step;
use crate::text::Argument;

impl Transfer {
    pub(super) fn choose(&mut self, context: &mut Context) {
        if let Some((route, reached)) = self.reused.take()
            && context.data_stands()
        {
            let trial = Trial { route, advertised: None, since: context.connection.now };
            self.record(context, trial, reached, AttemptEnd::Connected, None);
            self.stage = Stage::Ready(trial);
            return;
        }
        let Some((place, route)) = self.next_route(context) else { return self.end(context, Ending::NoRoute) };
        self.tried = place.saturating_add(1);
        let trial = Trial { route, advertised: None, since: context.connection.now };
        if !route.is_passive() {
            let connection = &mut context.connection;
            connection.data.listen(
                connection.ends.local().ip(),
                context.config.active_ports.clone(),
                context.config.patience.listen,
            );
            self.stage = Stage::Listening(trial);
            return;
        }
        // Some servers need to know what the data connection is for.
        if context.offers(Verb::Pret)
            && let Some(line) = self.transfer_line()
        {
            context.send(&Command::Pret(line));
            self.stage = Stage::Announcing(trial);
            return;
        }
        self.ask_passive(context, trial);
    }

    fn next_route(&self, context: &Context) -> Option<(usize, Route)> {
        context.routes.next(&context.config.routes, self.tried, context.connection.ends.local().ip())
    }

    /// The argument of PRET: the transfer command that the data connection is for.
    fn transfer_line(&self) -> Option<Argument<'static>> {
        let mut line = Vec::new();
        self.request.command.encode(&mut line);
        // Blanks before the line's end belong to the path.
        Argument::new(line.strip_suffix(b"\r\n")?).ok().map(Argument::into_owned)
    }

    /// Sends EPSV or PASV.
    pub(super) fn ask_passive(&mut self, context: &mut Context, trial: Trial) {
        let command = if trial.route == Route::Epsv { Command::Epsv(EpsvArgument::Any) } else { Command::Pasv };
        context.send(&command);
        self.stage = Stage::Asking(trial);
    }

    /// Sends EPRT or PORT once the socket listens.
    pub(super) fn announce(&mut self, context: &mut Context, trial: Trial) -> Progress {
        let bound = match *context.connection.data.state() {
            State::Bound(address) => address,
            State::Failed(why) => {
                self.give_up(context, trial, AttemptEnd::Failed(why), None);
                return Progress::Again;
            }
            _ => return Progress::Data(None),
        };
        // A server on the same site reaches this side at its own address, and mostly not at the public one.
        let ends = &context.connection.ends;
        let own = ends.local().ip();
        let external = context.config.public_address.filter(|_| is_outside(ends.peer().ip()));
        // A public address of the other IP version belongs to a NAT that isn't in between.
        let external = external.filter(|address| address.is_ipv4() == own.is_ipv4());
        let address = SocketAddr::new(external.unwrap_or(own), bound.port());
        let command = match (trial.route, address) {
            (Route::Port, SocketAddr::V4(address)) => HostPort::try_from(address).ok().map(Command::Port),
            (Route::Eprt, address) => ExtendedAddress::try_from(address).ok().map(Command::Eprt),
            _ => None,
        };
        match command {
            Some(command) => {
                context.send(&command);
                self.stage = Stage::Asking(Trial { advertised: Some(address), ..trial });
            }
            None => {
                context.connection.data.release();
                self.give_up(context, trial, AttemptEnd::Failed(DataError::Local), None);
            }
        }
        Progress::Again
    }

    /// Takes the reply to EPSV, PASV, EPRT or PORT.
    pub(super) fn agreed(&mut self, context: &mut Context, trial: Trial, step: Step, reply: &Reply<'_>) {
        match step {
            Step::Wait => {}
            Step::Success if !trial.route.is_passive() => self.stage = Stage::Ready(trial),
            Step::Success => match advertised(reply) {
                Some((named, port)) => {
                    let ends = context.connection.ends;
                    let peer = ends.peer().ip();
                    let trial = Trial { advertised: Some(SocketAddr::new(named.unwrap_or(peer), port)), ..trial };
                    // On IPv6 the tuple's host can't be reached, but its port can (NAT64).
                    let host = named.filter(|_| peer.is_ipv4());
                    let hosts = context.config.passive_host.candidates(host, peer);
                    self.dial_next(context, trial, hosts.map(|host| host.map(|host| ends.towards(host, port))));
                }
                None => {
                    context.routes.give_up(trial.route);
                    self.give_up(context, trial, AttemptEnd::Unreadable, Some(reply));
                }
            },
            Step::Continue | Step::Failure => {
                // A route refused with 5yz isn't tried again, unless it was 530, which another login may change; 4yz is transient.
                if reply.code().class() == Class::PermanentNegative && reply.code() != Code::NOT_LOGGED_IN {
                    context.routes.give_up(trial.route);
                }
                context.connection.data.release();
                self.give_up(context, trial, AttemptEnd::Refused(reply.code()), Some(reply));
            }
        }
    }

    /// Asks to connect to the first of these addresses; the second is tried if that fails.
    fn dial_next(&mut self, context: &mut Context, trial: Trial, [first, second]: [Option<SocketAddr>; 2]) {
        let Some(address) = first else {
            self.stage = Stage::Choosing;
            return;
        };
        let more = second.is_some() || self.next_route(context).is_some();
        let patience = &context.config.patience;
        let patience = if more { patience.connect } else { patience.last_connect };
        context.connection.data.connect(address, None, patience);
        self.stage = Stage::Dialling { trial, at: address, next: second };
    }

    pub(super) fn dial(
        &mut self,
        context: &mut Context,
        trial: Trial,
        at: SocketAddr,
        next: Option<SocketAddr>,
    ) -> Progress {
        match *context.connection.data.state() {
            State::Open(address) => {
                self.record(context, trial, Some(address), AttemptEnd::Connected, None);
                self.stage = Stage::Ready(trial);
            }
            State::Failed(why) => {
                context.connection.data.forget();
                self.record(context, trial, Some(at), AttemptEnd::Failed(why), None);
                self.dial_next(context, trial, [next, None]);
            }
            State::Asking(_) => return Progress::Data(None),
            State::Idle
            | State::Bound(_)
            | State::Target(_)
            | State::Secured { .. }
            | State::Deserted(_)
            | State::Ended { .. }
            | State::Standing(_)
            | State::Whole { .. } => {
                cannot_happen("there is neither an open `Connect` nor its answer");
                self.end(context, Ending::NoRoute);
            }
        }
        Progress::Again
    }
}

/// The host, if one is named, and the port of a 227 or 229, whichever command it answers. A host in a 229 is ignored: RFC 2428 3 wants the
/// control connection's.
fn advertised(reply: &Reply<'_>) -> Option<(Option<IpAddr>, u16)> {
    match reply.code() {
        Code::ENTERING_EXTENDED_PASSIVE => Some((None, reply.extended_passive().ok()?.port())),
        Code::ENTERING_PASSIVE => {
            let address = reply.passive_address().ok()?;
            Some((Some(IpAddr::V4(address.host())), address.port()))
        }
        _ => None,
    }
}
