//! From what happened to what it is evidence of: the dialogue drives a [`Session`], and what becomes of each data connection is kept.

mod data;

use std::net::SocketAddr;
use std::time::Duration;

use ftp_proto::session::{Answered, Awaited, CommandId};
use ftp_proto::{
    Attempt, AttemptEnd, Code, Command, ControlState, DataError, DataTls, EpsvArgument, Evidence, LossKind, Protection,
    Reply, Route, Session, Side, Software, Speaks, Verb, is_plausible,
};

use super::dialogue::{Dialogue, What};
use super::words::has;
use super::{Program, guess};

/// RFC 959 8: where a server is that says nothing else.
const CONTROL_PORT: u16 = 21;

/// How many attempts of a session are kept; more of them say nothing new.
const ATTEMPTS: usize = 64;

/// A client that goes on to the next route has had no connection: within so long it was refused, after so long not answered.
const REFUSED_WITHIN: Duration = Duration::from_millis(1500);
const DROPPED_AFTER: Duration = Duration::from_secs(4);

impl Dialogue {
    /// What it is evidence of. Allocates.
    pub fn evidence(&self) -> Evidence {
        self.examined().0
    }

    /// The same; and whether a data connection failed whose beginning isn't shown.
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
    /// Whether anything was said: before that, the greeting is due, unless the log begins in the middle.
    has_begun: bool,
    /// The greeting was in it: what is more than was asked for is known then.
    is_from_start: bool,
    /// Commands are shown; if not, they are guessed from the replies.
    shows_commands: bool,
    now: Option<Duration>,
    /// The last word of either side.
    last_said: Option<Duration>,
    /// A reply of many lines that has not ended, and its code.
    lines: Vec<u8>,
    open: Option<String>,
    /// A reply that fits nothing due: if the client goes on, it was the answer.
    suspect: Option<(CommandId, Awaited, Reply<'static>)>,
    /// The data connection that is being made.
    setup: Option<Setup>,
    /// Those that were given up without a word about why.
    unexplained: Vec<Setup>,
    /// Which of them the log speaks of now.
    focus: Option<usize>,
    encrypted: bool,
    shows_prot: bool,
    quits: bool,
    /// The control connection stands, by the client's word.
    is_connected: bool,
    /// A transfer is under way of whose data connection nothing was shown.
    opened_unseen: bool,
    is_cut: bool,
}

/// A data connection from the command that asks for it.
#[derive(Debug, Clone)]
struct Setup {
    attempt: Attempt,
    begun: Option<Duration>,
    /// The server has agreed.
    is_agreed: bool,
    /// The transfer's command was given.
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

    // Commands.

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

    /// A command that asks for a data connection, or for a transfer.
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

    /// A log may begin in the middle: then there was a greeting before it, and a login, as the first command needs.
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

    // Replies.

    fn reply_line(&mut self, line: &str) {
        let code = line.get(..3).filter(|code| code.bytes().all(|byte| byte.is_ascii_digit()));
        let is_last = line.as_bytes().get(3) != Some(&b'-');
        match (&self.open, code) {
            (None, Some(code)) if !is_last => self.open = Some(code.to_owned()),
            (None, None) => return self.overhear(line),
            (Some(open), Some(code)) if open == code && is_last => self.open = None,
            _ => {}
        }
        // What is more is said, but not kept.
        if self.lines.len() < 1 << 16 || self.open.is_none() {
            self.lines.extend_from_slice(line.as_bytes());
            self.lines.extend_from_slice(b"\r\n");
        }
        if self.open.is_none() {
            self.end_reply();
        }
    }

    /// Before a greeting, another protocol may speak.
    fn overhear(&mut self, line: &str) {
        let speaks = Speaks::of(line.as_bytes());
        if !self.has_begun && matches!(speaks, Speaks::Ssh | Speaks::Http) {
            self.evidence.speaks.get_or_insert(speaks);
        }
    }

    /// What of a reply has come is a reply.
    fn end_reply(&mut self) {
        if let Some(code) = self.open.take() {
            self.lines.extend_from_slice(format!("{code} \r\n").as_bytes());
        }
        let lines = std::mem::take(&mut self.lines);
        if let Ok(Some((reply, _))) = Reply::parse(&lines) {
            self.reply(&reply);
        }
    }

    fn reply(&mut self, reply: &Reply<'_>) {
        self.focus = None;
        let code = reply.code();
        if !std::mem::replace(&mut self.has_begun, true) && !matches!(code.value(), 120 | 220 | 230 | 421) {
            self.session.reply(Code::SERVICE_READY);
            self.log_in();
        }
        if code == Code::SERVICE_NOT_AVAILABLE {
            self.evidence.control = self.loss(LossKind::Closed, Some(reply));
        }
        let mut answered = self.session.reply(code);
        if answered == Answered::Unsolicited
            && !self.shows_commands
            && let Some(verb) = guess::verb(reply, self.setup.as_ref().is_some_and(|setup| setup.is_agreed))
        {
            self.record(verb);
            self.commanded(verb, None);
            answered = self.session.reply(code);
        } else if answered == Answered::Unsolicited
            && !self.is_from_start
            && self.setup.is_none()
            && let Some(verb) = asked_before(code)
        {
            self.record(verb);
            self.commanded(verb, None);
            answered = self.session.reply(code);
        }
        match answered {
            Answered::Due { awaited: Awaited::Greeting, .. } => {
                self.is_from_start = true;
                self.evidence.hear(None, reply);
            }
            Answered::Due { awaited: Awaited::Command(verb), .. } => {
                self.evidence.hear(Some(verb), reply);
                self.replied(verb, reply);
            }
            Answered::Suspect { id, awaited } => self.suspect = Some((id, awaited, reply.borrowed().into_owned())),
            Answered::Unsolicited => {
                // A transfer's end and what answers ABOR come late or twice at some servers.
                let odd = code.is_completion() && !matches!(code.value(), 220 | 225 | 226 | 250);
                self.evidence.surplus =
                    self.evidence.surplus.saturating_add(u16::from(odd && self.shows_commands && self.is_from_start));
            }
        }
    }

    fn replied(&mut self, verb: Verb, reply: &Reply<'_>) {
        let code = reply.code();
        match verb {
            Verb::Auth if code == Code::SECURITY_EXCHANGE_COMPLETE => {
                self.encrypted = true;
                self.evidence.tls.on = Some(true);
            }
            Verb::Epsv | Verb::Pasv if code.is_completion() => self.listens(reply),
            Verb::Eprt | Verb::Port if code.is_completion() => {
                if let Some(setup) = &mut self.setup {
                    setup.is_agreed = true;
                }
            }
            Verb::Epsv | Verb::Pasv | Verb::Eprt | Verb::Port if !code.is_preliminary() => {
                self.conclude(AttemptEnd::Refused(code), Some(reply));
            }
            verb if verb.opens_data() => self.transferred(reply),
            _ => {}
        }
    }

    /// The server listens at the address that its reply names.
    fn listens(&mut self, reply: &Reply<'_>) {
        let server = self.evidence.server;
        let Some(setup) = &mut self.setup else { return };
        let advertised = match setup.attempt.route {
            // Some answer EPSV with a 227.
            Route::Epsv => match reply.extended_passive() {
                Ok(port) => Some(server.map(|server| SocketAddr::new(server.ip(), port.port()))),
                Err(_) => reply.passive_address().ok().map(|address| Some((address.host(), address.port()).into())),
            },
            _ => reply.passive_address().ok().map(|address| Some((address.host(), address.port()).into())),
        };
        match advertised {
            // Some logs keep the codes alone.
            None if reply.text().is_empty() => setup.is_agreed = true,
            Some(advertised) => {
                setup.attempt.advertised = advertised;
                setup.is_agreed = true;
            }
            None => self.conclude(AttemptEnd::Unreadable, Some(reply)),
        }
    }

    /// A reply to a transfer's command.
    fn transferred(&mut self, reply: &Reply<'_>) {
        let code = reply.code();
        // After a refusal it says nothing new.
        let was_refused = self.evidence.attempts.last().is_some_and(|last| {
            matches!(last.end, AttemptEnd::Refused(_) | AttemptEnd::Unexpected(_) | AttemptEnd::Unreadable)
        });
        let is_new = self.setup.is_none() && !was_refused && self.evidence.attempts.len() < ATTEMPTS;
        if is_new && code == Code::CANNOT_OPEN_DATA_CONNECTION {
            self.failed_unseen(reply);
        }
        self.opened_unseen = is_new && code.is_preliminary();
        let Some(setup) = &mut self.setup else { return };
        match code.value() {
            100..=199 => setup.attempt.opened = true,
            200..=299 if setup.cut_short => self.conclude(AttemptEnd::CutShort, None),
            200..=299 => self.conclude(AttemptEnd::Connected, None),
            // What the client has seen of it says more than the server's words, which come later.
            _ if setup.failed.is_some_and(|why| !matches!(why, DataError::Tls(_))) || setup.stalled => self.give_up(),
            421 | 425 | 426 | 431 | 520..=522 | 530 | 533 | 534 | 536 => {
                let end = self.server_failed(reply);
                self.conclude(end, Some(reply));
            }
            // A file that isn't there says nothing of data connections, but that this one stood.
            _ if setup.attempt.connected || setup.attempt.opened => self.conclude(AttemptEnd::Connected, None),
            _ => self.setup = None,
        }
    }

    /// A data connection failed of which nothing was shown before.
    fn failed_unseen(&mut self, reply: &Reply<'_>) {
        let words = reply.to_string();
        let is_worded = ["use port", "pasv first", "epsv first"].iter().any(|word| has(&words, word));
        let end = AttemptEnd::ServerFailed(reply.code());
        if is_worded || (self.is_from_start && self.shows_commands && !self.opened_unseen) {
            // The client has agreed on nothing, or what it had agreed on was used up.
            self.evidence.attempts.push(Attempt::new(Route::Pasv, end).said(reply));
        } else if !self.shows_commands && self.opened_unseen && self.program == Program::Ftp {
            // These show the replies to PASV, and of active mode as much as the server says.
            self.evidence.attempts.push(Attempt::new(Route::Port, end).said(reply));
        } else {
            self.is_cut = true;
        }
    }

    /// How it ended where the server says that it failed. In a server's own log this is what it has seen itself: by its words, or else
    /// by the time.
    fn server_failed(&self, reply: &Reply<'_>) -> AttemptEnd {
        let code = reply.code();
        let text = reply.to_string().to_ascii_lowercase();
        let stood = self.setup.as_ref().is_some_and(|setup| setup.attempt.connected || setup.attempt.opened);
        match (self.evidence.side, code) {
            (Side::Server, Code::CANNOT_OPEN_DATA_CONNECTION) if !stood && text.contains("refused") => {
                AttemptEnd::Failed(DataError::Refused)
            }
            // Somebody came, and was turned away.
            (Side::Server, Code::CANNOT_OPEN_DATA_CONNECTION)
                if text.contains("bad ip") || text.contains("foreign") =>
            {
                AttemptEnd::ServerFailed(code)
            }
            (Side::Server, Code::CANNOT_OPEN_DATA_CONNECTION) if !stood => {
                let slow = self
                    .since(self.setup.as_ref().and_then(|setup| setup.begun))
                    .is_none_or(|time| time > REFUSED_WITHIN);
                let passive = self.setup.as_ref().is_some_and(|setup| setup.attempt.route.is_passive());
                AttemptEnd::Failed(if passive || slow { DataError::TimedOut } else { DataError::Refused })
            }
            _ => AttemptEnd::ServerFailed(code),
        }
    }

    /// wget shows no replies, but whether they were good ones.
    fn answered(&mut self, well: bool) {
        let Some(Awaited::Command(verb)) = self.session.awaited() else { return };
        let code = match verb {
            Verb::Pasv => Code::ENTERING_PASSIVE,
            Verb::Epsv => Code::ENTERING_EXTENDED_PASSIVE,
            Verb::User | Verb::Pass => Code::LOGGED_IN,
            verb if verb.opens_data() => Code::CLOSING_DATA_CONNECTION,
            _ => Code::COMMAND_OKAY,
        };
        if !well {
            self.session.reply(Code::SYNTAX_ERROR);
            self.setup = self.setup.take().filter(|_| !verb.sets_up_data());
            return;
        }
        self.session.reply(code);
        match verb {
            Verb::User | Verb::Pass => self.evidence.logged_in = Some(true),
            verb if verb.opens_data() => self.conclude(AttemptEnd::Connected, None),
            verb if verb.sets_up_data() => {
                if let Some(setup) = &mut self.setup {
                    setup.is_agreed = true;
                }
            }
            _ => {}
        }
    }

    /// The answer to the route's command, or another, has an odd code.
    fn unexpected(&mut self, awaited: Awaited, reply: &Reply<'_>) {
        match awaited {
            Awaited::Command(Verb::Epsv | Verb::Pasv)
                if reply.passive_address().is_ok() && reply.code().is_completion() =>
            {
                self.listens(reply)
            }
            Awaited::Command(Verb::Epsv | Verb::Pasv | Verb::Eprt | Verb::Port) => {
                self.conclude(AttemptEnd::Unexpected(reply.code()), Some(reply));
            }
            _ => {}
        }
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

    /// A client that only looked (`quote PASV`), and a server that names an address inside: wherever it is dialled from outside, it fails.
    fn names_inside(&self, setup: &Setup) -> bool {
        let (Some(named), Some(server)) = (setup.attempt.advertised, self.evidence.server) else { return false };
        setup.attempt.route == Route::Pasv && setup.dialled.is_none() && !is_plausible(named.ip(), server.ip())
    }
}

/// What was asked where the log begins with its answer.
fn asked_before(code: Code) -> Option<Verb> {
    match code {
        Code::ENTERING_PASSIVE => Some(Verb::Pasv),
        Code::ENTERING_EXTENDED_PASSIVE => Some(Verb::Epsv),
        _ => None,
    }
}

/// One evidence of two sessions of a client with one server.
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
