//! From events to evidence: the dialogue drives a [`Session`], and the end of each data connection is recorded.

mod data;
mod replies;

use std::net::SocketAddr;
use std::time::Duration;

use ftp_proto::session::{Awaited, CommandId};
use ftp_proto::{
    Attempt, AttemptEnd, Code, Command, ControlState, DataError, DataTls, EpsvArgument, Evidence, Protection, Reply,
    Route, Session, Software, Verb, is_plausible,
};

use super::Program;
use super::dialogue::{Dialogue, What};

/// The default port of the control connection (RFC 959 8).
const CONTROL_PORT: u16 = 21;

/// How many attempts of a session are kept; more would tell nothing new.
const ATTEMPTS: usize = 64;

/// A client that goes on to the next route had no connection: within this time it was refused, after the other there was no answer.
const REFUSED_WITHIN: Duration = Duration::from_millis(1500);
const DROPPED_AFTER: Duration = Duration::from_secs(4);

impl Dialogue {
    /// The evidence of the session. Allocates.
    pub fn evidence(&self) -> Evidence {
        self.examined().0
    }

    /// The same, and whether a data connection failed without the log showing the command that asked for it.
    pub(super) fn examined(&self) -> (Evidence, bool) {
        let mut reader = Reader::new(self);
        for event in &self.events {
            reader.now = event.at.or(reader.now);
            reader.take(&event.what);
        }
        reader.finish()
    }
}

struct Reader {
    program: Program,
    evidence: Evidence,
    session: Session,
    /// Whether there was a command or reply: before that the greeting is due, unless the log begins in the middle.
    has_begun: bool,
    /// Whether the log has the greeting, so that unsolicited replies can be recognised.
    is_from_start: bool,
    /// Whether the log shows commands; if not, they are guessed from the replies.
    shows_commands: bool,
    now: Option<Duration>,
    /// The time of the last command or reply.
    last_said: Option<Duration>,
    /// A reply of many lines that has not ended, and its code.
    lines: Vec<u8>,
    open: Option<String>,
    /// A reply that fits no command that is due: if the client goes on, it was the answer.
    suspect: Option<(CommandId, Awaited, Reply<'static>)>,
    /// The data connection that is being made.
    setup: Option<Setup>,
    /// Data connections that were given up without a reason in the log.
    unexplained: Vec<Setup>,
    /// The index of the one that the log is about now.
    focus: Option<usize>,
    encrypted: bool,
    shows_prot: bool,
    quits: bool,
    /// Whether the client's log says that the control connection was made.
    is_connected: bool,
    /// Whether a transfer is under way whose data connection wasn't shown.
    opened_unseen: bool,
    is_cut: bool,
}

/// A data connection, from the command that asks for it.
#[derive(Debug, Clone)]
struct Setup {
    attempt: Attempt,
    begun: Option<Duration>,
    /// Whether the server has agreed.
    is_agreed: bool,
    /// Whether the transfer command was sent.
    is_commanded: bool,
    dialled: Option<SocketAddr>,
    to_peer: bool,
    failed: Option<DataError>,
    stalled: bool,
    cut_short: bool,
}

impl Reader {
    fn new(dialogue: &Dialogue) -> Self {
        let program = dialogue.program;
        Self {
            program,
            evidence: Evidence::seen_by(program.side()).software(program.server()),
            session: Session::new(),
            has_begun: false,
            is_from_start: false,
            shows_commands: dialogue.events.iter().any(|event| matches!(event.what, What::Command(_))),
            now: None,
            last_said: None,
            lines: Vec::new(),
            open: None,
            suspect: None,
            setup: None,
            unexplained: Vec::new(),
            focus: None,
            encrypted: false,
            shows_prot: false,
            quits: false,
            is_connected: false,
            opened_unseen: false,
            is_cut: false,
        }
    }

    fn take(&mut self, what: &What) {
        if !matches!(what, What::Reply(_)) {
            self.end_reply();
        }
        match what {
            What::Dialling(address) | What::Connected(address) => {
                self.is_connected = matches!(what, What::Connected(_));
                if let Some(address) = address {
                    self.evidence.server = Some(*address);
                }
            }
            What::NotConnected(why) => self.evidence.control = ControlState::NotReached(*why),
            What::Client(address) => self.evidence.client = Some(*address),
            What::Command(line) => self.command(line),
            What::Reply(line) => self.reply_line(line),
            What::Answered(well) => self.answered(*well),
            What::DataDialling(address) => self.dialling(*address),
            What::DataToPeer => {
                if self.setup.is_none() && !self.has_begun {
                    // Half a log: it was agreed on before.
                    self.begin_at(Verb::Pasv);
                    self.commanded(Verb::Pasv, None);
                    self.with_setup(|setup| setup.is_agreed = true);
                }
                self.with_setup(|setup| setup.to_peer = true);
            }
            What::DataConnected(who) => self.connected(*who),
            What::DataFailed(why) => self.failed(*why),
            What::DataCutShort => self.with_setup(|setup| setup.cut_short = true),
            What::TimedOut => self.timed_out(),
            What::Secured(version) => {
                self.encrypted = true;
                self.session.tls_began();
                self.evidence.tls.on = Some(true);
                self.evidence.tls.version = *version;
            }
            What::DataSecured { version, resumed } => {
                let tls = DataTls::completed(*version, *resumed);
                self.with_setup(|setup| setup.attempt.tls = Some(tls));
            }
            What::Ended { reset } => self.ended(*reset),
        }
        if matches!(what, What::Command(_) | What::Reply(_)) {
            self.last_said = self.now;
        }
    }

    fn with_setup(&mut self, change: impl FnOnce(&mut Setup)) {
        let focused = self.focus.and_then(|place| self.unexplained.get_mut(place));
        if let Some(setup) = focused.or(self.setup.as_mut()) {
            change(setup);
        }
    }

    fn command(&mut self, line: &str) {
        self.focus = None;
        let bytes = line.as_bytes();
        let parsed = Command::parse(bytes);
        let verb = parsed.as_ref().map_or_else(|_| Verb::of_line(bytes), Command::verb);
        self.begin_at(verb);
        if let Some((id, awaited, reply)) = self.suspect.take() {
            self.session.settle(id, reply.code());
            self.unexpected(awaited, &reply);
        }
        match &parsed {
            // Its advice is for servers.
            Ok(command) => {
                let (_, _) = self.session.command(command);
            }
            Err(_) => self.record(verb),
        }
        self.quits |= verb == Verb::Quit;
        self.shows_prot |= verb == Verb::Prot;
        let advertised = match &parsed {
            Ok(Command::Port(address)) => Some(SocketAddr::new(address.host().into(), address.port())),
            Ok(Command::Eprt(address)) => Some(SocketAddr::new(address.host(), address.port())),
            Ok(Command::Epsv(EpsvArgument::All)) => return,
            _ => None,
        };
        self.commanded(verb, advertised);
    }

    /// Takes a command that asks for a data connection or a transfer.
    fn commanded(&mut self, verb: Verb, advertised: Option<SocketAddr>) {
        let route = match verb {
            Verb::Epsv => Route::Epsv,
            Verb::Pasv => Route::Pasv,
            Verb::Eprt => Route::Eprt,
            Verb::Port => Route::Port,
            verb if verb.opens_data() => {
                if let Some(setup) = &mut self.setup {
                    setup.is_commanded = true;
                }
                return;
            }
            _ => return,
        };
        self.give_up();
        let mut attempt = Attempt::new(route, AttemptEnd::NotDialled);
        attempt.advertised = advertised;
        attempt.encrypted = self.encrypted;
        // These protect data where they can, and don't show how they ask for it unless they are told to.
        let silently =
            self.encrypted && !self.shows_prot && matches!(self.program, Program::FileZilla | Program::WinScp);
        attempt.protected = silently || self.session.protection() == Protection::Private;
        self.setup = Some(Setup {
            attempt,
            begun: self.now,
            is_agreed: false,
            is_commanded: false,
            dialled: None,
            to_peer: false,
            failed: None,
            stalled: false,
            cut_short: false,
        });
    }

    /// Assumes a greeting, and a login if the first command needs one, for a log that begins in the middle.
    fn begin_at(&mut self, verb: Verb) {
        if std::mem::replace(&mut self.has_begun, true) {
            return;
        }
        self.session.reply(Code::SERVICE_READY);
        if verb.needs_login() {
            self.log_in();
        }
    }

    fn log_in(&mut self) {
        self.record(Verb::User);
        self.session.reply(Code::LOGGED_IN);
    }

    fn record(&mut self, verb: Verb) {
        let (_, _) = self.session.unreadable(verb);
    }

    fn finish(mut self) -> (Evidence, bool) {
        self.end_reply();
        if let Some((_, awaited, reply)) = self.suspect.take() {
            self.unexpected(awaited, &reply);
        }
        let lost = matches!(self.evidence.control, ControlState::Lost(_));
        match &self.setup {
            // Over the command that asks for it, or amid the transfer.
            Some(setup)
                if lost && setup.is_commanded == setup.is_agreed && setup.failed.is_none() && !setup.stalled =>
            {
                self.conclude(AttemptEnd::ControlLost, None);
            }
            _ => {
                // A log may end anywhere: then nothing is known of what was begun, unless the session has ended, too.
                let has_ended = self.quits || lost;
                let setup = self.setup.take().filter(|setup| {
                    has_ended || setup.failed.is_some() || setup.stalled || setup.cut_short || self.names_inside(setup)
                });
                self.setup = setup;
                self.give_up();
            }
        }
        for mut setup in std::mem::take(&mut self.unexplained) {
            setup.attempt.end = match setup.failed {
                Some(why) => AttemptEnd::Failed(why),
                None if self.names_inside(&setup) => AttemptEnd::NotDialled,
                None => continue,
            };
            self.keep(setup);
        }
        if self.encrypted {
            self.evidence.tls.protection = Some(self.session.protection());
        }
        if matches!(self.evidence.control, ControlState::Unknown) && !self.quits && !self.evidence.attempts.is_empty() {
            self.evidence.control = ControlState::Alive;
        }
        (self.evidence, self.is_cut)
    }

    /// Whether a client sent PASV only to look (`quote PASV`), and the server named an inside address, which fails from outside.
    fn names_inside(&self, setup: &Setup) -> bool {
        let (Some(named), Some(server)) = (setup.attempt.advertised, self.evidence.server) else { return false };
        setup.attempt.route == Route::Pasv && setup.dialled.is_none() && !is_plausible(named.ip(), server.ip())
    }
}

/// Merges the evidence of two sessions of a client with one server.
pub(super) fn merge(into: &mut Evidence, other: Evidence) {
    let room = ATTEMPTS.saturating_sub(into.attempts.len());
    into.attempts.extend(other.attempts.into_iter().take(room));
    into.client = into.client.or(other.client);
    into.speaks = into.speaks.or(other.speaks);
    if into.software == Software::Unknown {
        into.software = other.software;
    }
    into.logged_in = if other.logged_in == Some(true) { other.logged_in } else { into.logged_in.or(other.logged_in) };
    into.wants_pret |= other.wants_pret;
    into.surplus = into.surplus.max(other.surplus);
    into.tls.on = into.tls.on.or(other.tls.on);
    into.tls.version = into.tls.version.or(other.tls.version);
    into.tls.protection = into.tls.protection.or(other.tls.protection);
    into.tls.offered = into.tls.offered.or(other.tls.offered);
    // A session that was lost tells the most, and one that couldn't be made nothing beside others.
    let is_told = |control: &ControlState| !matches!(control, ControlState::Unknown | ControlState::NotReached(_));
    if !is_told(&into.control) || matches!(other.control, ControlState::Lost(_)) {
        into.control = other.control;
    }
}
