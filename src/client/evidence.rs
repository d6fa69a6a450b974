//! What a client knows of its data connections, for [`diagnose`](crate::diagnosis::diagnose).

use super::Client;
use super::action::Violation;
use super::context::Context;
use super::phase::Phase;
use crate::command::Verb;
use crate::outbox::ControlError;
use crate::reply::{Class, Code, Reply, ReplyError};
use crate::route::{
    AttemptEnd, ControlLoss, ControlState, Evidence, LossKind, Occasion, Side, Software, Speaks, TlsFacts,
};
use crate::session::{Awaited, CommandId, LoginState};
use crate::tls::Tls;

use core::time::Duration;

/// The circumstances under which the session broke.
#[derive(Debug, Clone, Copy)]
pub(super) struct Breach {
    during: Occasion,
    /// How long the control connection had been silent.
    idle: Duration,
}

impl Client {
    /// What the session knows of the server, of the control connection, and of the last transfer's attempts at a data connection, for
    /// [`diagnose`](crate::diagnosis::diagnose). Allocates.
    ///
    /// The adapter may add what it alone knows: [`TlsFacts::version`], and [`Evidence::attempts`] of earlier transfers.
    ///
    /// ```
    /// # use std::{sync::Arc, time::Duration};
    /// # use ftp_proto::client::{Client, Config};
    /// # use ftp_proto::{Endpoints, Instant, diagnosis::diagnose};
    /// # let ends = Endpoints::new("192.0.2.1:40000".parse()?, "192.0.2.2:21".parse()?);
    /// # let client = Client::new(Arc::new(Config::default()), ends, Instant::from_origin(Duration::ZERO));
    /// for finding in diagnose(&client.evidence()).iter() {
    ///     eprintln!("{finding}");
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn evidence(&self) -> Evidence {
        let (context, session) = (&self.context, self.session());
        let connection = &context.connection;
        let mut evidence = Evidence::seen_by(Side::Client).ends(&connection.ends).software(context.software);
        evidence.speaks = context.speaks;
        evidence.logged_in = Some(session.login() == LoginState::Complete);
        evidence.tls = TlsFacts {
            on: Some(connection.tls == Tls::On),
            version: None,
            protection: Some(session.protection()),
            offered: context.offers_known(Verb::Auth),
        };
        evidence.wants_pret = context.offers(Verb::Pret);
        evidence.attempts = context.attempts.clone();
        match &self.phase {
            Phase::Broken(violation, breach) => self.broken(&mut evidence, violation, *breach),
            Phase::Mute(_) | Phase::Left => {}
            _ if connection.input_ended => {}
            _ => evidence.control = ControlState::Alive,
        }
        evidence
    }

    fn broken(&self, evidence: &mut Evidence, violation: &Violation, breach: Breach) {
        let how = match violation {
            Violation::Closed { .. } | Violation::Reply(ReplyError::UnexpectedEnd { .. }) => Some(LossKind::Closed),
            Violation::Write(ControlError::Closed) => Some(LossKind::Closed),
            Violation::TimedOut { .. } | Violation::Write(ControlError::TimedOut) => Some(LossKind::Silent),
            Violation::OutOfStep | Violation::Unexpected { .. } => {
                evidence.surplus = 1;
                None
            }
            _ => None,
        };
        if let Some(how) = how {
            evidence.control = ControlState::Lost(ControlLoss::new(how, breach.during).idle(breach.idle));
        }
        // The data connection was open when the control connection was lost, so its end is unknown.
        if let (Occasion::Transfer, Some(last)) = (breach.during, evidence.attempts.last_mut())
            && last.is_success()
        {
            last.end = AttemptEnd::ControlLost;
        }
        if breach.during == Occasion::Greeting {
            evidence.speaks = match violation {
                Violation::Reply(ReplyError::NotAReply { line }) => Some(Speaks::of(line)),
                Violation::Reply(ReplyError::UnexpectedEnd { received }) => Some(Speaks::of(received)),
                Violation::TimedOut { .. } if evidence.speaks.is_none() && self.noise.is_none() => {
                    Some(Speaks::Nothing)
                }
                Violation::TimedOut { .. } => evidence.speaks.or(Some(Speaks::Other)),
                _ => evidence.speaks,
            };
        }
    }

    /// What was under way, as the session breaks.
    pub(super) fn breach(&self) -> Breach {
        let context = &self.context;
        let idle = context.connection.now.saturating_since(context.last_word);
        let during = match (&self.phase, context.connection.session.awaited()) {
            (Phase::Running(running), _) if running.data_is_whole() == Some(true) => Occasion::AfterTransfer,
            (Phase::Running(running), _) if running.data_is_whole() == Some(false) => Occasion::Transfer,
            (_, Some(Awaited::Greeting)) => Occasion::Greeting,
            (_, Some(Awaited::Command(verb))) => Occasion::Command(verb),
            (_, None) => Occasion::Idle,
        };
        Breach { during, idle }
    }
}

impl Context {
    /// Looks in a reply for words that tell which server it is, until one has told.
    #[inline]
    pub(super) fn recognise(&mut self, reply: &Reply<'_>) {
        if self.software == Software::Unknown && tells(reply.code()) {
            self.hear(reply);
        }
    }

    /// Looks at a line that isn't a reply: before the greeting, it may be another protocol's.
    #[cold]
    pub(super) fn overhear(&mut self, line: &[u8]) {
        if self.speaks.is_none() && self.connection.session.is_due(CommandId::GREETING) {
            self.speaks = Some(Speaks::of(line)).filter(|speaks| !matches!(speaks, Speaks::Ftp | Speaks::Other));
        }
    }

    #[cold]
    fn hear(&mut self, reply: &Reply<'_>) {
        let to = self.connection.session.awaited();
        if to == Some(Awaited::Greeting) {
            self.speaks = Some(Speaks::of_greeting(reply.lines().next().unwrap_or_default()));
        }
        self.software = match to {
            Some(Awaited::Greeting) => Software::of(None, reply),
            // An unsolicited reply answers no command, but its words may still tell the server.
            to => Software::of(to.and_then(Awaited::verb).or(Some(Verb::Other)), reply),
        };
    }
}

/// Whether replies with this code have words of the server's own.
const fn tells(code: Code) -> bool {
    match code {
        Code::SERVICE_READY | Code::SYSTEM_TYPE | Code::SYSTEM_STATUS => true,
        _ => matches!(code.class(), Class::TransientNegative | Class::PermanentNegative),
    }
}
