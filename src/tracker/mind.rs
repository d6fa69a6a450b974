//! What a tracker makes of the lines that it sees.

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::net::{IpAddr, SocketAddr, SocketAddrV4, SocketAddrV6};
use core::num::NonZeroU16;

use super::book::{Book, Known, Withdrawal};
use super::event::{News, Objection, Turn};
use super::facts::Facts;
use super::steps::{Heard, Steps};
use super::tell::{Late, Tell};
use super::{Peer, Rules, Strangers, usual};
use crate::command::{Command, DataUse, Protection, Verb, is_foreign};
use crate::reply::{Code, Reply, ReplyEnd};
use crate::session::{Awaited, CommandId, LoginState, Setup, Step};

/// Longer names of users aren't kept, so that an idle tracker stays below 1 KiB.
const LONGEST_USER: usize = 80;

// In this order: what each line touches is together, from `steps` on.
#[repr(C)]
pub(super) struct Mind {
    client: End,
    server: End,
    /// The argument of the last USER.
    pub(super) user: Option<Box<[u8]>>,
    pub(super) news: News,
    pub(super) book: Book,
    pub(super) steps: Steps,
    pub(super) rules: Arc<Rules>,
    /// The last thing that was told beside lines.
    pub(super) told: Option<Tell>,
    /// There may be something to tell beside lines.
    pub(super) stirred: bool,
    logged_in: bool,
    blind: bool,
    /// Before the login the client spoke another protocol.
    foreign: bool,
}

impl Mind {
    pub(super) fn new(rules: Arc<Rules>, client: SocketAddr, server: SocketAddr, steps: Steps) -> Self {
        let book = Book::default();
        let news = News::default();
        Self {
            rules,
            client: End::of(client),
            server: End::of(server),
            steps,
            book,
            news,
            told: None,
            stirred: false,
            user: None,
            logged_in: false,
            blind: false,
            foreign: false,
        }
    }

    pub(super) fn is_blind(&self) -> bool {
        self.blind
    }

    /// Looks where there may be something to tell beside lines: behind whatever may have changed that.
    #[inline]
    pub(super) fn stir(&mut self) {
        self.stirred = self.news.stirred | self.steps.told.stirred | self.book.has_notes();
    }

    /// Whether TLS protects data connections; `None` if that isn't known.
    fn protected(&self) -> Option<bool> {
        let known = self.steps.facts().has(Facts::PROTECTION) && !self.steps.is_due(Verb::Prot);
        known.then(|| matches!(self.steps.session().protection(), Protection::Private | Protection::Confidential))
    }

    /// What all data connections have in common.
    #[inline]
    pub(super) fn known(&self) -> Known<'_> {
        Known { client: &self.client.host, server: &self.server.host, protected: self.protected() }
    }

    /// A line was seen that is longer than allowed.
    #[cold]
    pub(super) fn too_long(&mut self, verb: Verb, whole: bool) -> CommandId {
        // What a browser says may be longer than any line of FTP's.
        self.foreign |= whole && verb == Verb::Other && !self.has_login();
        self.unreadable(verb, false)
    }

    /// A line was seen that is no command; whether all of it was.
    #[cold]
    pub(super) fn unreadable(&mut self, verb: Verb, whole: bool) -> CommandId {
        self.command(verb, None, whole)
    }

    /// A command line was seen; whether all of it was.
    #[expect(clippy::inline_always, reason = "measured")]
    #[inline(always)]
    pub(super) fn command(&mut self, verb: Verb, command: Option<&Command<'_>>, whole: bool) -> CommandId {
        let id = self.steps.command(verb, command);
        self.stirred |= self.steps.told.stirred;
        if Facts::matter_to(verb) {
            self.matters(id, verb, command, whole);
        }
        id
    }

    #[inline(never)]
    fn matters(&mut self, id: CommandId, verb: Verb, command: Option<&Command<'_>>, whole: bool) {
        if verb.data_use() != DataUse::Untouched {
            // What is beyond the limit has no reply that would end it.
            if !self.steps.session().is_due(id) {
                return;
            }
            self.data_command(id, verb, command, whole);
            return self.stir();
        }
        match command {
            Some(Command::User(name)) => {
                let name = name.as_bytes();
                self.user = (name.len() <= LONGEST_USER).then(|| Box::from(name));
            }
            Some(Command::Other(other)) => {
                self.foreign |= whole && !self.has_login() && is_foreign(other.word());
            }
            None if verb == Verb::User => self.user = None,
            _ => {}
        }
    }

    fn data_command(&mut self, id: CommandId, verb: Verb, command: Option<&Command<'_>>, whole: bool) {
        if verb.opens_data() {
            let offset = self.offset(id);
            self.book.moves(id, Some(verb), command.and_then(path), offset);
            return;
        }
        self.book.asks(id);
        let to: SocketAddr = match command {
            Some(Command::Port(address)) => (*address).into(),
            Some(Command::Eprt(address)) => (*address).into(),
            Some(Command::Lprt(address)) => (*address).into(),
            _ => return,
        };
        match self.objection(id, verb, to, self.client, whole) {
            Ok(()) => {
                let to = self.listening(to, self.client);
                self.book.expect(id, Peer::Server, to);
            }
            // A `Rewrite` holds the line back until the login is answered.
            Err(Objection::NotLoggedIn) if !self.steps.sees_all() && self.steps.may_log_in(id) => {
                self.book.wait(id, to);
            }
            Err(why) => self.news.refuse(id, to, why),
        }
    }

    /// Where in the file this transfer begins; `None` if that isn't known, or not yet, since a REST before it isn't answered.
    fn offset(&self, id: CommandId) -> Option<u64> {
        let session = self.steps.session();
        let decides = |verb: &Verb| matches!(verb, Verb::Rest | Verb::Rang) || verb.opens_data();
        let before = session.pending().rev().filter(|due| due.id < id);
        match before.filter_map(|due| due.awaited.verb()).find(decides) {
            // It spends what REST has set.
            Some(transfer) if transfer.opens_data() => Some(0),
            Some(_) => None,
            None => self.steps.facts().has(Facts::RESTART).then(|| session.restart_offset()),
        }
    }

    /// What was announced behind a login without an answer is expected once it has succeeded.
    fn decide(&mut self) {
        while let Some((id, to)) = self.book.waiting().filter(|(id, _)| !self.steps.may_log_in(*id)) {
            let logged_in = self.steps.is_logged_in() == Some(true);
            // The verb matters for EPSV ALL alone, which forbids PORT, EPRT and LPRT alike.
            let objection = || self.objection(id, Verb::Port, to, self.client, true);
            let verdict = if logged_in { objection() } else { Err(Objection::NotLoggedIn) };
            self.book.decide(id, verdict.map(|()| self.listening(to, self.client)));
        }
    }

    /// Whether a user was seen to log in. A greeting that says so isn't enough: it may be another protocol's server that says it.
    fn has_login(&self) -> bool {
        self.steps.session().login() == LoginState::Complete && self.steps.facts().has(Facts::LOGIN)
    }

    /// Why no data connection to this address is expected, which `end` is to listen at.
    fn objection(&self, id: CommandId, verb: Verb, to: SocketAddr, end: End, whole: bool) -> Result<(), Objection> {
        let session = self.steps.session();
        if !whole {
            return Err(Objection::NotWhole);
        }
        if session.pending().any(|due| due.id < id && due.awaited == Awaited::Command(Verb::Auth)) {
            return Err(Objection::AmidAuth);
        }
        if session.is_ending() || !self.steps.is_logged_in().unwrap_or(!self.steps.is_lost()) {
            return Err(Objection::NotLoggedIn);
        }
        if self.foreign {
            return Err(Objection::OtherProtocol);
        }
        if verb != Verb::Epsv && session.epsv_all_before(id) {
            return Err(Objection::EpsvAll);
        }
        if to.port() < Rules::LOWEST_PORT {
            return Err(Objection::LowPort);
        }
        let host = to.ip().to_canonical();
        let known = host == end.host || self.rules.trusted.iter().any(|trusted| trusted.to_canonical() == host);
        if known || self.rules.strangers == Strangers::Expected { Ok(()) } else { Err(Objection::Stranger) }
    }

    /// The address as the packets have it, with the link that leads to it.
    fn listening(&self, to: SocketAddr, end: End) -> SocketAddr {
        let host = to.ip().to_canonical();
        if host == end.host { end.at(to.port()) } else { SocketAddr::new(host, to.port()) }
    }

    /// A reply was seen; whether all of it was.
    #[expect(clippy::inline_always, reason = "measured")]
    #[inline(always)]
    pub(super) fn reply(&mut self, reply: &Reply<'_>, whole: bool) -> Option<Heard> {
        let heard = self.steps.reply(reply);
        self.stirred |= self.steps.told.stirred;
        if let Some(Heard { id, awaited: Awaited::Command(verb), step }) = heard
            && Facts::matter_to(verb)
        {
            self.matter(id, verb, step, reply, whole);
        } else if heard.is_none() {
            self.unanswered(reply);
        }
        if self.steps.session().is_ending() && !self.book.is_empty() {
            self.end();
        }
        heard
    }

    /// A reply whose command isn't known.
    #[cold]
    fn unanswered(&mut self, reply: &Reply<'_>) {
        let code = reply.code();
        if code == Code::SECURITY_EXCHANGE_COMPLETE {
            (self.news.turn, self.news.stirred, self.stirred) = (Some(Turn::Promised), true, true);
        }
        // Its USER was missed.
        if code == Code::NEED_PASSWORD {
            self.user = None;
        }
        // What ended late isn't ended by this reply.
        let Some(id) = self.steps.unseen().filter(|_| !self.steps.told.unbooked) else { return };
        if !self.steps.session().is_due(id) {
            self.steps.unseen_is_over();
            self.book.ends(id, code, false);
        } else if code.is_preliminary() && self.book.purpose(id).is_none() {
            self.book.moves(id, None, None, None);
            self.book.begins(id, reply.transfer_size(), None);
        }
        self.stir();
    }

    #[cold]
    fn end(&mut self) {
        self.book.withdraw_all(Withdrawal::Ended, true);
        self.stir();
    }

    /// A reply of many lines. If the client has gone on amid it, it ends with any line that looks like a reply, also with another code.
    pub(super) fn reply_of_lines(&mut self, reply: &Reply<'_>, whole: bool) -> Option<Heard> {
        let two = reply.first_code() != reply.code() && self.rules.replies.reply_end == ReplyEnd::SameCode;
        if two {
            self.steps.interrupted(reply.first_code(), reply.code());
            self.unanswered(reply);
            if self.steps.session().is_ending() {
                self.book.withdraw_all(Withdrawal::Ended, true);
            }
            self.stir();
            return None;
        }
        self.reply(reply, whole && !reply.is_truncated())
    }

    #[inline(never)]
    fn matter(&mut self, id: CommandId, verb: Verb, step: Step, reply: &Reply<'_>, whole: bool) {
        self.matter_of(id, verb, step, reply, whole);
        self.stir();
    }

    #[inline]
    fn matter_of(&mut self, id: CommandId, verb: Verb, step: Step, reply: &Reply<'_>, whole: bool) {
        match (verb.data_use(), step) {
            (DataUse::Untouched, Step::Wait) => {}
            (DataUse::Untouched, _) => self.access(verb, step),
            (DataUse::SetsUpActive | DataUse::SetsUpPassive, Step::Wait) => {}
            (DataUse::SetsUpActive, Step::Success) => {
                self.book.accepted(id);
                self.decide();
            }
            (DataUse::SetsUpPassive, Step::Success) => self.passive(id, verb, reply, whole),
            (DataUse::SetsUpActive | DataUse::SetsUpPassive, _) => self.book.refused(id),
            (_, Step::Wait) => self.book.begins(id, reply.transfer_size(), self.offset(id)),
            (..) => {
                // Where the end of a file is in the data, the connection may stay for the next transfer (RFC 959 3.3).
                let stays = reply.code() == Code::FILE_ACTION_COMPLETED && self.steps.session().setup() != Setup::None;
                self.book.ends(id, reply.code(), stays);
            }
        }
    }

    /// What follows from a reply of which it is known only now what it answered, and from replies that were missed.
    #[cold]
    pub(super) fn catch_up(&mut self) {
        if core::mem::take(&mut self.steps.told.unbooked) {
            self.late();
        }
        if core::mem::take(&mut self.steps.told.forgot) {
            self.book.forget_but_due(self.steps.session());
        }
        self.decide();
        if self.steps.session().is_ending() && !self.book.is_empty() {
            self.book.withdraw_all(Withdrawal::Ended, true);
        }
    }

    /// What follows from a reply whose command is known only now. An address that it named is gone.
    fn late(&mut self) {
        let Some(Late { id, verb: Some(verb), step, code }) = self.steps.told.answered else { return };
        if self.steps.unseen() == Some(id) {
            self.steps.unseen_is_over();
            self.steps.told.answered = None;
        }
        match (verb.data_use(), step) {
            // Whether TLS has begun, the bytes behind it tell.
            (DataUse::Untouched, _) if matches!(verb, Verb::Auth | Verb::Adat) => {}
            (DataUse::Untouched, Step::Wait) => {}
            (DataUse::Untouched, _) => self.access(verb, step),
            (DataUse::SetsUpActive | DataUse::SetsUpPassive, Step::Wait) => {}
            (DataUse::SetsUpActive, Step::Success) => self.book.accepted(id),
            (DataUse::SetsUpActive | DataUse::SetsUpPassive, _) => self.book.refused(id),
            (_, Step::Wait) => self.book.begins(id, None, self.offset(id)),
            (..) => self.book.ends(id, code, false),
        }
    }

    /// The server listens, if the reply says where.
    fn passive(&mut self, id: CommandId, verb: Verb, reply: &Reply<'_>, whole: bool) {
        let announced: Option<SocketAddr> = match reply.code() {
            Code::ENTERING_PASSIVE => {
                let usual = usual::host_port(reply.text());
                usual.or_else(|| reply.passive_address().ok()).map(Into::into)
            }
            Code::ENTERING_LONG_PASSIVE => reply.long_passive_address().ok().map(Into::into),
            Code::ENTERING_EXTENDED_PASSIVE => {
                // RFC 2428 3: at the host that the control connection goes to, whatever else the reply names.
                let port = usual::extended_port(reply.text()).map(NonZeroU16::get);
                let port = port.or_else(|| reply.extended_passive().ok().map(|found| found.port()));
                port.map(|port| self.server.at(port))
            }
            // EPSV ALL, or a server that says 200 and no address.
            _ => None,
        };
        let Some(to) = announced else { return self.book.refused(id) };
        self.book.accepted(id);
        match self.objection(id, verb, to, self.server, whole) {
            Ok(()) => {
                let to = self.listening(to, self.server);
                self.book.expect(id, Peer::Client, to);
            }
            Err(Objection::Stranger) if self.rules.strangers == Strangers::Replaced => {
                self.book.expect(id, Peer::Client, self.server.at(to.port()));
            }
            Err(why) => self.news.refuse(id, to, why),
        }
    }

    /// The login, TLS, and the end of either.
    fn access(&mut self, verb: Verb, step: Step) {
        let session = self.steps.session();
        let secured = session.is_secured();
        if verb == Verb::User && step == Step::Failure {
            self.user = None;
        }
        let complete = self.has_login();
        if complete && (!self.logged_in || verb == Verb::User && step == Step::Success) {
            (self.news.logged_in, self.news.stirred) = (true, true);
        }
        self.logged_in = complete;
        self.decide();
        if matches!(verb, Verb::Rein | Verb::Auth) && step == Step::Success {
            self.book.withdraw_all(Withdrawal::Ended, verb == Verb::Rein);
        }
        if secured && !self.rules.decrypted {
            self.hide();
            self.news.turn = Some(Turn::Secured);
        }
    }

    /// Bytes of this side are missing.
    #[cold]
    pub(super) fn gap(&mut self, from: Peer) {
        self.steps.gap(from);
        if from == Peer::Client {
            // Another may have been named.
            self.user = None;
        }
        self.stir();
    }

    /// TLS hides what is said from now on.
    pub(super) fn hide(&mut self) {
        if !core::mem::replace(&mut self.blind, true) {
            self.book.withdraw_all(Withdrawal::Ended, false);
            self.steps.hide();
            (self.news.blind, self.news.stirred) = (true, true);
            (self.logged_in, self.user) = (false, None);
            self.stir();
        }
    }

    /// TLS has ended. Where nothing of it is missing, all that was said under it is answered under it. Nobody knows of a login, but in step it is taken
    /// for granted.
    pub(super) fn unveil(&mut self, is_clean: bool) {
        if core::mem::take(&mut self.blind) {
            if is_clean {
                self.steps.begin();
            }
            (self.news.sight, self.news.stirred) = (true, true);
            self.stir();
        }
    }
}

/// The path of a command that moves data.
fn path<'a>(command: &'a Command<'_>) -> Option<&'a [u8]> {
    match command {
        Command::Retr(path) | Command::Stor(path) | Command::Appe(path) => Some(path.as_bytes()),
        Command::Stou(path) | Command::List(path) | Command::Nlst(path) | Command::Mlsd(path) => {
            path.as_ref().map(|path| path.as_bytes())
        }
        _ => None,
    }
}

/// One of the two ends: its host, and the link that leads there.
#[derive(Debug, Clone, Copy)]
struct End {
    host: IpAddr,
    /// Not 0 for a link-local host alone (RFC 4007 6).
    scope: u32,
}

impl End {
    /// IPv4 addresses that IPv6 sockets show as `::ffff:a.b.c.d` are made plain.
    fn of(address: SocketAddr) -> Self {
        let scope = if let SocketAddr::V6(address) = address { address.scope_id() } else { 0 };
        match address.ip().to_canonical() {
            host @ IpAddr::V4(_) => Self { host, scope: 0 },
            host @ IpAddr::V6(_) => Self { host, scope },
        }
    }

    /// This port of it.
    fn at(self, port: u16) -> SocketAddr {
        match self.host {
            IpAddr::V4(host) => SocketAddrV4::new(host, port).into(),
            IpAddr::V6(host) => SocketAddrV6::new(host, port, 0, self.scope).into(),
        }
    }
}
