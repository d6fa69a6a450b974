//! Tries each route of a live server by itself, twice, and records how it ended.

mod reception;

use std::io::Write;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use ftp_proto::client::{Config, Failure, Request, Security, Violation};
use ftp_proto::{
    Attempt, AttemptEnd, Code, ControlState, DataError, Evidence, PassiveHost, Route, Side, TlsError, Verb,
};
use rustls::SupportedProtocolVersion;
use rustls::version::{TLS12, TLS13};

use self::reception::Reception;
use super::session::{Session, Trouble};
use super::table::{Host, Row, Shown, Table, Via};
use crate::client::url::Url;
use crate::printable;
use crate::tls::client::{Tls, Trust};

/// What to try.
pub struct Wishes<'w> {
    pub url: &'w Url,
    pub tls: TlsWish,
    pub trust: Trust<'w>,
    /// Whether any certificate is accepted.
    pub insecure: bool,
    /// IPv4, IPv6, or both.
    pub family: Option<Family>,
    pub active: bool,
    pub active_ports: RangeInclusive<u16>,
    pub external_address: Option<IpAddr>,
    pub dial_advertised: bool,
    pub timeout: Duration,
    pub verbose: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Family {
    V4,
    V6,
}

/// Which protection to try.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum TlsWish {
    /// First none, then TLS if the server offers it.
    Auto,
    /// None.
    None,
    /// After AUTH TLS.
    Explicit,
    /// From the first byte on.
    Implicit,
}

/// The results for each address that was tried.
pub struct Seen {
    pub addresses: Vec<Examined>,
    /// What wasn't tried and could have told more, and other observations.
    pub remarks: Vec<Remark>,
}

/// One address of the server.
pub struct Examined {
    pub address: SocketAddr,
    pub greeting: Option<String>,
    /// The evidence for a diagnosis.
    pub evidence: Evidence,
    pub rows: Vec<Row>,
}

/// An observation beside the findings.
pub struct Remark {
    pub text: String,
    /// Whether it counts for the exit status.
    pub counts: bool,
}

impl Family {
    fn of(address: &SocketAddr) -> Self {
        if address.is_ipv4() { Self::V4 } else { Self::V6 }
    }
}

/// Tries everything.
pub fn probe(wishes: &Wishes<'_>, addresses: &[SocketAddr], table: &mut Table<impl Write>) -> std::io::Result<Seen> {
    let mut seen = Seen { addresses: Vec::new(), remarks: Vec::new() };
    for family in [Family::V4, Family::V6] {
        if wishes.family.is_some_and(|wish| wish != family) {
            continue;
        }
        if let Some(address) = addresses.iter().find(|address| Family::of(address) == family) {
            let mut examination = Examination::new(wishes, *address, &mut seen.remarks, table);
            examination.examine()?;
            seen.addresses.push(examination.examined);
        }
    }
    // An address of a family that this host has no network for says nothing of the server.
    let reached = seen.addresses.iter().any(Examined::is_reached);
    seen.addresses.retain(|examined| {
        !reached
            || !matches!(examined.evidence.control, ControlState::NotReached(DataError::Unreachable | DataError::Local))
    });
    Ok(seen)
}

impl Examined {
    /// Whether there is a control connection.
    pub fn is_reached(&self) -> bool {
        !matches!(self.evidence.control, ControlState::NotReached(_))
    }
}

/// One kind of session: everything that a listing needs.
#[derive(Clone, Copy)]
struct Plan {
    route: Route,
    host: Host,
    via: Via,
}

struct Examination<'e, 'w, W: Write> {
    wishes: &'e Wishes<'w>,
    remarks: &'e mut Vec<Remark>,
    table: &'e mut Table<W>,
    examined: Examined,
    implicit: bool,
    /// The server's refusal of a login without TLS, if the reason may be the lack of TLS.
    refusal: Option<String>,
}

/// Why a session can't be used.
enum Hindrance {
    /// No connection.
    NotReached(DataError),
    /// TLS didn't begin.
    Tls(String, TlsError),
    /// AUTH was refused.
    NoAuth(String),
    /// The login was refused.
    NoLogin(String),
    /// The session broke.
    Lost,
}

impl<'e, 'w, W: Write> Examination<'e, 'w, W> {
    fn new(wishes: &'e Wishes<'w>, address: SocketAddr, remarks: &'e mut Vec<Remark>, table: &'e mut Table<W>) -> Self {
        let evidence = Evidence::seen_by(Side::Client).server(address);
        let examined = Examined { address, greeting: None, evidence, rows: Vec::new() };
        let implicit = wishes.tls == TlsWish::Implicit || (wishes.tls == TlsWish::Auto && wishes.url.is_secure);
        Self { wishes, remarks, table, examined, implicit, refusal: None }
    }

    fn examine(&mut self) -> std::io::Result<()> {
        self.table.heading(self.examined.address)?;
        let plain = match self.receive()? {
            Reception::Over => return Ok(()),
            Reception::LoggedIn => !self.implicit && self.wishes.tls != TlsWish::Explicit,
            Reception::WantsTls => false,
        };
        if plain {
            self.family_of_routes(Via::Plain)?;
        }
        let offered = self.examined.evidence.tls.offered == Some(true);
        let tls = match self.wishes.tls {
            TlsWish::None => false,
            TlsWish::Auto => offered || self.implicit || !plain,
            TlsWish::Explicit | TlsWish::Implicit => true,
        };
        if tls {
            self.all_of_tls()?;
        }
        Ok(())
    }

    fn remark(&mut self, text: String, counts: bool) {
        if !self.remarks.iter().any(|remark| remark.text == text) {
            self.remarks.push(Remark { text, counts });
        }
    }

    /// All routes over one kind of session.
    fn family_of_routes(&mut self, via: Via) -> std::io::Result<()> {
        let plan = |route, host| Plan { route, host, via };
        self.attempt(plan(Route::Epsv, Host::Control))?;
        let is_v6 = self.examined.address.is_ipv6();
        let epsv =
            self.examined.evidence.attempts.last().is_some_and(|last| last.route == Route::Epsv && last.is_success());
        // PASV has no words for IPv6, and is needed where EPSV doesn't pass alone.
        if !is_v6 || !epsv {
            self.attempt(plan(Route::Pasv, Host::Control))?;
            self.attempt_advertised(plan(Route::Pasv, Host::Advertised))?;
        }
        if self.wishes.active {
            self.attempt(plan(Route::Eprt, Host::Here))?;
            if !is_v6 {
                self.attempt(plan(Route::Port, Host::Here))?;
            }
        }
        Ok(())
    }

    /// The host that a 227 names, if it isn't the control connection's.
    fn attempt_advertised(&mut self, plan: Plan) -> std::io::Result<()> {
        let server = self.examined.address.ip().to_canonical();
        let attempts = self.examined.evidence.attempts.iter().rev();
        let named =
            attempts.take(2).filter(|attempt| attempt.route == Route::Pasv).find_map(|attempt| attempt.advertised);
        let Some(named) = named.filter(|named| named.ip() != server) else { return Ok(()) };
        if self.wishes.dial_advertised {
            return self.attempt(plan);
        }
        let mut attempt = Attempt::new(Route::Pasv, AttemptEnd::NotDialled).advertised(named);
        attempt.encrypted = plan.via != Via::Plain;
        self.table.begin(plan.route, plan.host, plan.via, server.is_ipv6())?;
        self.table.result(Shown::of(&attempt))?;
        self.table.end()?;
        self.examined.rows.push(Row::new(plan.route, plan.host, plan.via, vec![attempt.clone()]));
        self.examined.evidence.attempts.push(attempt);
        let host = named.ip();
        let text = if host.is_unspecified() || host.is_loopback() {
            format!(
                "PASV names {host}, which is no host's address, and wasn't dialled: --dial-advertised would tell no more."
            )
        } else {
            format!(
                "PASV names {host}, which isn't {server} and wasn't dialled. --dial-advertised would tell whether data \
                 connections live there (a cluster), or the address is wrong for everybody."
            )
        };
        self.remark(text, false);
        Ok(())
    }

    /// TLS 1.2 and 1.3, with a resumed and a new session.
    fn all_of_tls(&mut self) -> std::io::Result<()> {
        let mut begun = Vec::new();
        let mut troubles = Vec::new();
        for version in [&TLS12, &TLS13] {
            let via = Via::Tls { version: Some(version.version), resume: true };
            let before = self.examined.rows.len();
            match self.check_tls(version)? {
                Ok(()) => begun.push(version),
                Err(trouble) => {
                    troubles.push(trouble);
                    continue;
                }
            }
            self.family_of_routes(via)?;
            let fresh = Via::Tls { version: Some(version.version), resume: false };
            // The route that works best shows it best.
            let rows = &self.examined.rows[before..];
            let works = rows.iter().find(|row| row.works() && row.route.is_passive()).or(rows.first());
            if let Some((route, host)) = works.map(|row| (row.route, row.host)) {
                self.without_resumption(Plan { route, host, via: fresh })?;
            }
        }
        if begun.is_empty() {
            if let Some(said) = self.refusal.take() {
                self.remark(format!("Without TLS the login was refused: {said}"), true);
            }
            troubles.iter().for_each(|trouble| drop(self.hindered(trouble)));
        } else if begun.len() == 1 && !troubles.is_empty() {
            let version = if begun[0].version == TLS12.version { "1.2" } else { "1.3" };
            self.remark(format!("The server has TLS {version} alone."), false);
        }
        Ok(())
    }

    /// A server that requires resumption rightly refuses new sessions: that isn't a fault if resumption works.
    fn without_resumption(&mut self, plan: Plan) -> std::io::Result<()> {
        let before = self.examined.evidence.attempts.len();
        let control = self.examined.evidence.control.clone();
        self.attempt(plan)?;
        let version = |row: &Row| match row.via {
            Via::Tls { version, .. } => version,
            Via::Plain => None,
        };
        let same =
            self.examined.rows.iter().rev().skip(1).filter(|row| row.route == plan.route && row.host == plan.host);
        let resumed_works = same
            .into_iter()
            .find(|row| version(row) == self.examined.rows.last().and_then(version))
            .is_some_and(Row::works);
        let fresh_works = self.examined.rows.last().is_some_and(Row::works);
        if resumed_works && !fresh_works {
            self.examined.evidence.attempts.truncate(before);
            self.examined.evidence.control = control;
            self.remark(
                "The server requires that data connections resume the TLS session, which is safe. Clients that can't are \
                 refused: they need mending, or the server that rule switched off."
                    .into(),
                false,
            );
        }
        Ok(())
    }

    /// Whether TLS of this version begins.
    fn check_tls(&mut self, version: &'static SupportedProtocolVersion) -> std::io::Result<Result<(), Hindrance>> {
        let via = Via::Tls { version: Some(version.version), resume: true };
        let config = self.config(Some(Route::Epsv), PassiveHost::Peer);
        let result = match self.open(config, via) {
            Err(why) => Err(Hindrance::NotReached(why)),
            Ok((Err(Trouble::Failed(Failure::Tls(why))), session)) => {
                Err(Hindrance::Tls(session.tls_trouble.unwrap_or_default(), why))
            }
            Ok((Err(_), _)) => Err(Hindrance::Lost),
            Ok((Ok(_), mut session)) => {
                let result = self.come_in(&mut session, via);
                let evidence = session.quit();
                if result.is_ok() {
                    self.keep_base(&evidence);
                }
                result
            }
        };
        if let Err(hindrance) = &result {
            self.table.begin(Route::Epsv, Host::Control, via, self.examined.address.is_ipv6())?;
            self.table.result(match hindrance {
                Hindrance::Tls(_, TlsError::Certificate) => Shown::bad("certificate not trusted"),
                Hindrance::Tls(..) => Shown::skipped("no handshake"),
                Hindrance::NoAuth(_) => Shown::bad("AUTH refused"),
                Hindrance::NoLogin(_) => Shown::bad("no login"),
                Hindrance::NotReached(_) | Hindrance::Lost => Shown::bad("session lost"),
            })?;
            self.table.end()?;
        }
        Ok(result)
    }

    /// Begins TLS, if it is wanted, and logs in.
    fn come_in(&mut self, session: &mut Session, via: Via) -> Result<(), Hindrance> {
        if let Via::Tls { .. } = via {
            match session.request(Request::secure()) {
                Ok(_) => {}
                Err(Trouble::Failed(Failure::Tls(why))) => {
                    return Err(Hindrance::Tls(session.tls_trouble.clone().unwrap_or_default(), why));
                }
                Err(Trouble::Failed(Failure::Refused(reply))) if session.evidence().tls.on != Some(true) => {
                    return Err(Hindrance::NoAuth(printable(reply.to_string().as_bytes())));
                }
                // PROT may be refused: then it is seen what becomes of data connections.
                Err(Trouble::Failed(_)) => {}
                Err(_) => return Err(Hindrance::Lost),
            }
        }
        self.log_in(session)
    }

    fn log_in(&self, session: &mut Session) -> Result<(), Hindrance> {
        let Url { user, password, .. } = self.wishes.url;
        match session.request(Request::login(user.clone(), password.clone(), None)) {
            Ok(_) => Ok(()),
            Err(Trouble::Failed(Failure::Refused(reply) | Failure::Unexpected(reply))) => {
                Err(Hindrance::NoLogin(printable(reply.to_string().as_bytes())))
            }
            Err(_) => Err(Hindrance::Lost),
        }
    }

    fn open(&self, config: Arc<Config>, via: Via) -> Result<(Result<(), Trouble>, Session), DataError> {
        let tls = match via {
            Via::Plain => None,
            Via::Tls { version, resume } => self.tls(version, resume),
        };
        let Wishes { timeout, verbose, .. } = *self.wishes;
        let mut session = Session::open(self.examined.address, config, tls, timeout, verbose)?;
        let greeted = session.greeted().map(drop);
        Ok((greeted, session))
    }

    fn tls(&self, version: Option<rustls::ProtocolVersion>, resume: bool) -> Option<Tls> {
        let both = [&TLS12, &TLS13];
        let versions: Vec<_> =
            both.into_iter().filter(|one| version.is_none_or(|version| version == one.version)).collect();
        let trust = if self.wishes.insecure { &Trust::Everybody } else { &self.wishes.trust };
        let tls = Tls::with_versions(trust, &self.wishes.url.host, &versions).ok()?;
        Some(if resume { tls } else { tls.without_resumption() })
    }

    fn config(&self, route: Option<Route>, host: PassiveHost) -> Arc<Config> {
        let mut config = Config::default();
        config.routes = route.into_iter().collect();
        config.passive_host = host;
        config.active_ports = self.wishes.active_ports.clone();
        config.public_address = self.wishes.external_address;
        config.security = if self.implicit { Security::Implicit } else { Security::Optional };
        let timeout = self.wishes.timeout;
        let patience = &mut config.patience;
        // Servers may look up who comes, and take their time.
        patience.greeting = (timeout * 3).max(Duration::from_secs(5));
        patience.connect = timeout;
        patience.last_connect = timeout;
        patience.accept = timeout;
        patience.stall = timeout;
        patience.handshake = timeout;
        patience.abort = timeout;
        patience.reply = (timeout * 3).max(Duration::from_secs(5));
        Arc::new(config)
    }

    /// One route, twice.
    fn attempt(&mut self, plan: Plan) -> std::io::Result<()> {
        self.table.begin(plan.route, plan.host, plan.via, self.examined.address.is_ipv6())?;
        let host = if plan.host == Host::Advertised { PassiveHost::Advertised } else { PassiveHost::Peer };
        let mut session = None;
        let mut attempts: Vec<Attempt> = Vec::new();
        while attempts.len() < 2 {
            let reused = session.take();
            let is_reused = reused.is_some();
            let mut current = match reused.map_or_else(|| self.enter(plan, host), Ok) {
                Ok(session) => session,
                Err(hindrance) => {
                    self.table.result(Shown::bad(match hindrance {
                        Hindrance::NotReached(_) => "not reached",
                        _ => "session lost",
                    }))?;
                    break;
                }
            };
            let before = current.evidence().attempts.len();
            let result = current.request(Request::plain_list(None));
            let is_over = matches!(result, Err(Trouble::Broken(_) | Trouble::Left));
            // What ended the session may be what came before: this is tried anew.
            if is_reused && is_over {
                continue;
            }
            let evidence = current.evidence();
            let new = evidence.attempts.get(before..).unwrap_or_default();
            let Some(attempt) = new.last().cloned() else {
                self.table.result(unexplained(&result))?;
                break;
            };
            self.table.result(Shown::of(&attempt))?;
            let is_refused =
                matches!(attempt.end, AttemptEnd::Refused(code) if code != Code::CANNOT_OPEN_DATA_CONNECTION);
            attempts.push(attempt);
            if is_over && matches!(evidence.control, ControlState::Lost(_)) {
                self.examined.evidence.control = evidence.control;
            }
            self.examined.evidence.surplus = self.examined.evidence.surplus.max(evidence.surplus);
            if !is_over {
                session = Some(current);
            }
            // What is refused by rule is refused again.
            if is_refused {
                break;
            }
        }
        if let Some(session) = session {
            session.quit();
        }
        self.table.end()?;
        self.examined.evidence.attempts.extend(attempts.iter().cloned());
        self.examined.rows.push(Row::new(plan.route, plan.host, plan.via, attempts));
        Ok(())
    }

    /// A session for this kind of attempt.
    fn enter(&mut self, plan: Plan, host: PassiveHost) -> Result<Session, Hindrance> {
        let config = self.config(Some(plan.route), host);
        let (greeted, mut session) = self.open(config, plan.via).map_err(Hindrance::NotReached)?;
        greeted.map_err(|_| Hindrance::Lost)?;
        self.come_in(&mut session, plan.via)?;
        Ok(session)
    }
}

/// The text for a failure that says nothing about data connections.
fn unexplained(result: &Result<ftp_proto::client::Outcome<'_>, Trouble>) -> Shown {
    match result {
        Ok(_) => Shown::good("works"),
        Err(Trouble::Failed(Failure::Refused(reply))) => Shown::bad(&format!("LIST: {}", reply.code())),
        Err(Trouble::Failed(_)) => Shown::bad("failed"),
        Err(Trouble::Broken(Violation::TimedOut { waiting })) => {
            Shown::bad(&format!("no reply to {}", waiting.map_or("it", Verb::word)))
        }
        Err(_) => Shown::bad("session lost"),
    }
}
