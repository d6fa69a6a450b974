//! What the plans of requests work on: the connection, and what was learned of the server.

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
    /// The attempts at a data connection that the last transfer made.
    pub(super) attempts: Vec<Attempt>,
    /// Which server it is, and which protocol it speaks, as far as its replies have told.
    pub(super) software: Software,
    pub(super) speaks: Option<Speaks>,
    /// The verbs that FEAT named, and FEAT itself once it was answered.
    features: VerbSet,
    /// The command whose reply the plan waits for; the greeting at first.
    pub(super) said: CommandId,
    /// The number of bytes received so far.
    pub(super) received: u64,
    /// `received` at the moment when the oldest command that is due was sent.
    asked: u64,
    /// Until when a reply that is due is waited for.
    pub(super) reply_by: ReplyBy,
    /// Whether RANG was accepted and no transfer has used it yet.
    pub(super) ranged: bool,
    /// When the control connection was last used.
    pub(super) last_word: Instant,
}

/// Until when the reply that is due is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ReplyBy {
    At(Instant),
    /// A question about the data connection is open: the time for the reply runs from its answer.
    AfterData,
}

/// What a plan needs next.
pub(super) enum Progress {
    /// Nothing: something has changed, so look again.
    Again,
    /// A reply, by [`Context::reply_by`].
    Reply,
    /// The answer to the open question about the data connection. Holds the moment of the next poll while bytes move.
    Data(Option<Instant>),
    /// The answer to the open question about TLS.
    Tls,
    /// The request has ended.
    End(Ended),
}

/// How a request has ended.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) how: End,
    /// The reply that ended the request, if another was taken after it; `None`: it is the inbox's current one.
    pub(super) reply: Option<Reply<'static>>,
    /// Whether replies are missing, so that the session can't go on.
    pub(super) out_of_step: bool,
}

#[derive(Debug)]
pub(super) enum End {
    Success,
    Refused,
    /// The command's answer has a code that can't answer it.
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

    /// Sends a command whose reply the plan waits for.
    pub(super) fn send(&mut self, command: &Command<'_>) -> CommandId {
        self.reply_by = ReplyBy::At(self.connection.after(self.config.patience.reply));
        self.said = self.send_beside(command);
        self.said
    }

    /// Sends a command while the plan goes on waiting for another one's reply.
    pub(super) fn send_beside(&mut self, command: &Command<'_>) -> CommandId {
        // The same poll hands the command out, so nothing can be received in between.
        if self.connection.session.replies_due() == 0 {
            self.asked = self.received;
        }
        // The plans keep the order of RFC 959, so the advice is ignored: the server's reply decides.
        let (id, _) = self.connection.session.command(command);
        self.connection.outbox.say(|out| command.encode(out));
        self.last_word = self.connection.now;
        id
    }

    /// Whether a reply had come before any command that is due was sent, so that it answers none of them. `behind`: the number of
    /// bytes received after that reply.
    pub(super) fn is_early(&self, behind: usize) -> bool {
        let end = u64::try_from(behind).map_or(0, |behind| self.received.saturating_sub(behind));
        end <= self.asked
    }

    /// Starts the time for the reply unless it runs already. Returns whether it was started.
    pub(super) fn begin_to_wait(&mut self, patience: Duration) -> bool {
        let begins = self.reply_by == ReplyBy::AfterData;
        if begins {
            self.reply_by = ReplyBy::At(self.connection.after(patience));
        }
        begins
    }

    /// Whether the last transfer's data connection is still open, and both ends have agreed to use it again (RFC 959 3.3).
    pub(super) fn data_stands(&self) -> bool {
        let Connection { session, data, .. } = &self.connection;
        session.setup() != Setup::None && data.stands(session.protection())
    }

    /// Releases the data connection that was left open, if a reply has made it useless.
    pub(super) fn drop_spent(&mut self) {
        if self.connection.data.is_standing() && !self.data_stands() {
            self.connection.data.release();
        }
    }

    /// Whether FEAT named this verb.
    pub(super) fn offers(&self, verb: Verb) -> bool {
        self.features.contains(verb)
    }

    /// The same; `None` if FEAT was never answered.
    pub(super) fn offers_known(&self, verb: Verb) -> Option<bool> {
        self.features.contains(Verb::Feat).then(|| self.features.contains(verb))
    }

    pub(super) fn remember_features(&mut self, reply: &Reply<'_>) {
        let mut features = VerbSet::default();
        // Records that FEAT was answered.
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

    /// What came of the open question about TLS.
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
