//! What a server knows of data connections that failed, for [`diagnose`](crate::diagnosis::diagnose).

use core::net::{IpAddr, SocketAddr};
use core::time::Duration;

use super::Server;
use super::config::Security;
use super::context::Context;
use crate::command::{Protection, Verb};
use crate::data::{DataError, Resume, State};
use crate::reply::Code;
use crate::route::{Attempt, AttemptEnd, Configuration, ControlState, Evidence, Route, Side, TlsFacts};
use crate::session::LoginState;
use crate::time::Instant;
use crate::tls::Tls;

/// The next data connection as it was agreed on: a port of the server's or of the client's. The host follows from the policy.
#[derive(Debug, Clone, Copy)]
pub(super) struct Agreed {
    route: Route,
    port: u16,
    /// When it was agreed on.
    since: Instant,
    /// Whether a transfer was requested over it and refused, so that the client hasn't failed to connect.
    wanted: bool,
}

/// A client that ends the session sooner than this after PASV or EPSV may never have tried to connect.
const DIALLING: Duration = Duration::from_secs(1);

impl Server {
    /// What the session knows of the client, the configuration, and the data connection that failed last, if one did, for
    /// [`diagnose`](crate::diagnosis::diagnose). Allocates.
    ///
    /// The application may add what it alone knows: [`Evidence::software`], [`Evidence::server_inside`], [`Evidence::surroundings`].
    pub fn evidence(&self) -> Evidence {
        let context = &self.context;
        let connection = &context.connection;
        let mut evidence =
            Evidence::seen_by(Side::Server).ends(&connection.ends).configuration(context.configuration());
        evidence.logged_in = Some(connection.session.login() == LoginState::Complete);
        evidence.tls = TlsFacts {
            on: Some(connection.tls == Tls::On),
            version: None,
            protection: Some(connection.session.protection()),
            offered: Some(context.config.has_tls()),
        };
        evidence.attempts.extend(context.seldom.trouble().cloned());
        if !connection.input_ended {
            evidence.control = ControlState::Alive;
        }
        evidence
    }

    /// The same, if a data connection has failed since the last call, else `None`. A failure is: the client didn't connect to a passive
    /// port in time, or gave up (it aborted, agreed on another route, or left), or only a stranger connected; PORT named a host that isn't
    /// the client, or a port that didn't answer; no port was free; TLS failed.
    ///
    /// A server can call this after each poll, since it costs next to nothing, and log what its administrator can act on:
    ///
    /// ```
    /// # use std::{sync::Arc, time::Duration};
    /// # use ftp_proto::server::{Config, Greeting, Server};
    /// # use ftp_proto::{Endpoints, Instant, Software, Text, diagnosis::diagnose};
    /// # let ends = Endpoints::new("192.0.2.2:21".parse()?, "192.0.2.1:40000".parse()?);
    /// # let now = Instant::from_origin(Duration::ZERO);
    /// # let greeting = Greeting::ready(Text::from_static("ready"));
    /// # let mut server = Server::new(Arc::new(Config::default()), ends, &greeting, now);
    /// if let Some(evidence) = server.take_trouble() {
    ///     for finding in diagnose(&evidence.software(Software::FtpServer)).iter() {
    ///         eprintln!("{}", finding.line());
    ///     }
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn take_trouble(&mut self) -> Option<Evidence> {
        self.context.seldom.trouble()?;
        let evidence = self.evidence();
        self.context.seldom.forget_trouble();
        Some(evidence)
    }
}

impl Context {
    /// Notes how the data connection that was agreed on has failed.
    #[cold]
    pub(super) fn failed(&mut self, end: AttemptEnd) {
        let Some(Agreed { route, port, since, .. }) = self.agreed else { return };
        let mut attempt = Attempt::new(route, end).took(self.connection.now.saturating_since(since));
        attempt.advertised = self.host_of(route).map(|host| SocketAddr::new(host, port));
        self.note(attempt);
    }

    /// Notes that no passive port could be had.
    #[cold]
    pub(super) fn no_socket(&mut self, verb: Verb, why: DataError) {
        self.note(Attempt::new(route(verb), AttemptEnd::Failed(why)));
    }

    /// Notes that PORT, EPRT or LPRT was refused for the address that it named.
    #[cold]
    pub(super) fn named(&mut self, verb: Verb, address: SocketAddr, code: Code) {
        self.note(Attempt::new(route(verb), AttemptEnd::Refused(code)).advertised(address));
    }

    /// Notes that a data connection was agreed on.
    pub(super) fn agree(&mut self, verb: Verb, port: u16) {
        self.agreed = Some(Agreed { route: route(verb), port, since: self.connection.now, wanted: false });
    }

    /// Notes that a transfer was requested over it.
    pub(super) fn want(&mut self) {
        self.agreed.iter_mut().for_each(|agreed| agreed.wanted = true);
    }

    /// The client agrees on another route. Most clients connect to a passive port before they request a transfer, so this one failed to; but
    /// not if it sent both commands at once.
    pub(super) fn superseded(&mut self) {
        self.abandoned(Duration::from_nanos(1));
    }

    /// The session ends. A client that waited for a while before has failed to connect.
    pub(super) fn left(&mut self) {
        self.abandoned(DIALLING);
    }

    fn abandoned(&mut self, least: Duration) {
        let waits = matches!(self.connection.data.state(), State::Bound(_));
        let now = self.connection.now;
        if waits && self.agreed.is_some_and(|agreed| !agreed.wanted && now.saturating_since(agreed.since) >= least) {
            self.failed(AttemptEnd::Failed(DataError::TimedOut));
        }
    }

    /// The host that belongs to the port that was agreed on. `None`: it may have been any.
    fn host_of(&self, route: Route) -> Option<IpAddr> {
        let ends = &self.connection.ends;
        match route {
            Route::Pasv if ends.local().is_ipv4() => Some(IpAddr::V4(self.announced_host())),
            Route::Pasv | Route::Epsv => Some(ends.local().ip()),
            Route::Port | Route::Eprt => Some(ends.peer().ip()).filter(|_| !self.active().strangers),
        }
    }

    fn note(&mut self, mut attempt: Attempt) {
        attempt.encrypted = self.connection.tls == Tls::On;
        attempt.protected = self.connection.session.protection() == Protection::Private;
        self.seldom.set_trouble(attempt);
    }

    /// The configuration, as far as it matters to this client.
    fn configuration(&self) -> Configuration {
        let (passive, active) = (self.passive(), self.active());
        Configuration {
            passive: Some(passive.enabled),
            active: Some(active.enabled),
            ports: Some((*passive.ports.start(), *passive.ports.end())),
            address: passive.address.towards(self.connection.ends.peer().ip()).map(IpAddr::V4),
            sessions: None,
            strangers: Some(passive.strangers || active.strangers),
            session_reuse: Some(self.config.data_session == Resume::Required),
            tls_required: Some(self.config.security == Security::Data),
        }
    }
}

fn route(verb: Verb) -> Route {
    match verb {
        Verb::Port => Route::Port,
        Verb::Eprt | Verb::Lprt => Route::Eprt,
        Verb::Epsv => Route::Epsv,
        _ => Route::Pasv,
    }
}
