//! What the plans of requests work with: the connection, and what the session has learned.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use super::config::Config;
use crate::command::{Command, Verb, VerbSet};
use crate::connection::Connection;
use crate::data::{Moved, StreamEnd};
use crate::outbox::{Outbox, Speech};
use crate::reply::Reply;
use crate::route::{Attempt, Endpoints, Routes, Software, Speaks};
use crate::session::{CommandId, Setup};
use crate::time::Instant;
use crate::tls::{Tls, TlsError};

#[derive(Debug)]
pub(super) struct Context {
    pub(super) config: Arc<Config>,
    pub(super) connection: Connection,
    pub(super) routes: Routes,
    /// The attempts at a data connection of the last transfer.
    pub(super) attempts: Vec<Attempt>,
    /// Which server it is, and what it speaks, as far as its words have told.
    pub(super) software: Software,
    pub(super) speaks: Option<Speaks>,
    /// What FEAT named, once it was asked for.
    features: VerbSet,
    /// The command whose reply the plan waits for; the greeting at first.
    pub(super) said: CommandId,
    /// How many bytes were received in all, and how many of them before the first command went out that is due.
    pub(super) received: u64,
    asked: u64,
    /// How long a reply that is due is waited for.
    pub(super) reply_by: ReplyBy,
    /// RANG was accepted, and no transfer has spent it.
    pub(super) ranged: bool,
    /// When the control connection was last used.
    pub(super) last_word: Instant,
}

/// When the reply that is due has to be here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ReplyBy {
    At(Instant),
    /// A question about the data connection is open: the time for the reply begins when that is answered.
    AfterData,
}

/// What a plan needs next.
pub(super) enum Progress {
    /// Something has changed: look again.
    Again,
    /// A reply, by [`Context::reply_by`].
    Reply,
    /// The answer to the open question about the data connection; and when to poll again while bytes move.
    Data(Option<Instant>),
    /// The answer to the open question about TLS.
    Tls,
    /// The request has ended.
    End(Ended),
}

/// How a request has ended, and what was said then.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) how: End,
    /// The reply that ended it, if others came behind that; else it is the inbox's current one.
    pub(super) reply: Option<Reply<'static>>,
    /// Replies are missing, so the session can't go on.
    pub(super) out_of_step: bool,
}

#[derive(Debug)]
pub(super) enum End {
    Success,
    Refused,
    /// A reply that can't answer the command was its answer.
    Unexpected,
    Transferred(u64),
    Stored(u64, Option<Vec<u8>>),
    NoRoute,
    Incomplete {
        end: StreamEnd,
        moved: Moved,
        expected: Option<u64>,
    },
    Changed {
        expected: u64,
        told: u64,
    },
    Beyond {
        offset: u64,
        total: u64,
    },
    Stalled(u64),
    Aborted,
    TimedOut,
    Tls(TlsError),
    /// QUIT was answered.
    Quit,
}

impl From<End> for Ended {
    fn from(how: End) -> Self {
        Self { how, reply: None, out_of_step: false }
    }
}

impl From<End> for Progress {
    fn from(how: End) -> Self {
        Self::End(how.into())
    }
}

impl Context {
    pub(super) fn new(config: Arc<Config>, ends: Endpoints, now: Instant) -> Self {
        Self {
            reply_by: ReplyBy::At(now.after(config.patience.greeting)),
            connection: Connection::new(ends, Outbox::new(Speech::Commands, config.escaping.commands), now),
            config,
            said: CommandId::GREETING,
            received: 0,
            asked: 0,
            routes: Routes::new(),
            attempts: Vec::new(),
            features: VerbSet::default(),
            software: Software::Unknown,
            speaks: None,
            ranged: false,
            last_word: now,
        }
    }

    /// Says a command; its reply is due from now on.
    pub(super) fn send(&mut self, command: &Command<'_>) -> CommandId {
        self.reply_by = ReplyBy::At(self.connection.after(self.config.patience.reply));
        self.said = self.send_beside(command);
        self.said
    }

    /// Says a command beside the one that is waited for.
    pub(super) fn send_beside(&mut self, command: &Command<'_>) -> CommandId {
        // It is handed out by the same poll, so that nothing is received in between.
        if self.connection.session.replies_due() == 0 {
            self.asked = self.received;
        }
        // The plans keep the order, so the advice has nothing to say; the server's answer counts.
        let (id, _) = self.connection.session.command(command);
        self.connection.outbox.say(|out| command.encode(out));
        self.last_word = self.connection.now;
        id
    }

    /// Whether a reply was here before any command that is due went out: it answers none of them. `behind`: how many bytes were
    /// received behind it.
    pub(super) fn is_early(&self, behind: usize) -> bool {
        let end = u64::try_from(behind).map_or(0, |behind| self.received.saturating_sub(behind));
        end <= self.asked
    }

    /// The time for the reply begins now, if it didn't before: `true`.
    pub(super) fn begin_to_wait(&mut self, patience: Duration) -> bool {
        let begins = self.reply_by == ReplyBy::AfterData;
        if begins {
            self.reply_by = ReplyBy::At(self.connection.after(patience));
        }
        begins
    }

    /// The connection of the transfer before stands, and both ends have left it for the next one (RFC 959 3.3).
    pub(super) fn data_stands(&self) -> bool {
        let Connection { session, data, .. } = &self.connection;
        session.setup() != Setup::None && data.stands(session.protection())
    }

    /// A reply may have ended what stood for the next transfer.
    pub(super) fn drop_spent(&mut self) {
        if self.connection.data.is_standing() && !self.data_stands() {
            self.connection.data.release();
        }
    }

    /// Whether FEAT named it.
    pub(super) fn offers(&self, verb: Verb) -> bool {
        self.features.contains(verb)
    }

    /// The same; `None`: FEAT wasn't asked for.
    pub(super) fn offers_known(&self, verb: Verb) -> Option<bool> {
        self.features.contains(Verb::Feat).then(|| self.features.contains(verb))
    }

    pub(super) fn remember_features(&mut self, reply: &Reply<'_>) {
        let mut features = VerbSet::default();
        // That it was asked for.
        features.insert(Verb::Feat);
        for feature in reply.features() {
            features.insert(Verb::parse(feature.word));
        }
        self.features = features;
    }

    pub(super) fn start_tls(&mut self) {
        self.connection.tls = Tls::Starting { deadline: self.connection.after(self.config.patience.handshake) };
    }

    pub(super) fn stop_tls(&mut self) {
        self.connection.tls = Tls::Stopping { deadline: self.connection.after(self.config.patience.handshake) };
    }

    /// How far the TLS that was asked for has come.
    pub(super) fn tls_progress(&mut self) -> Progress {
        let connection = &mut self.connection;
        match connection.tls {
            Tls::Starting { deadline } | Tls::Stopping { deadline } if connection.now >= deadline => {
                End::Tls(TlsError::TimedOut).into()
            }
            Tls::Starting { .. } | Tls::Stopping { .. } => Progress::Tls,
            Tls::Failed(why) => End::Tls(why).into(),
            Tls::On => {
                connection.session.tls_began();
                Progress::Again
            }
            Tls::Off => Progress::Again,
        }
    }
}
