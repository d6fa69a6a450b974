//! The first session: which server answers, whether the login succeeds, and what it offers.

use std::io::Write;
use std::time::Duration;

use ftp_proto::client::{Failure, Request, Violation};
use ftp_proto::{ControlState, Evidence, PassiveHost, Speaks, TlsError};

use super::{Examination, Hindrance, TlsWish};
use crate::doctor::session::{Session, Trouble};
use crate::doctor::table::{Row, Via};
use crate::printable;

/// What follows from it.
pub(super) enum Reception {
    /// There is nothing more to try.
    Over,
    LoggedIn,
    /// The login requires TLS.
    WantsTls,
}

impl<W: Write> Examination<'_, '_, W> {
    /// Tells which server answers, and whether the login succeeds.
    pub(super) fn receive(&mut self) -> std::io::Result<Reception> {
        let via = if self.implicit { Via::Tls { version: None, resume: true } } else { Via::Plain };
        let config = self.config(None, PassiveHost::Peer);
        let (result, session) = match self.open(config, via) {
            Ok(session) => session,
            Err(why) => {
                self.examined.evidence.control = ControlState::NotReached(why);
                self.table.line(&format!("no control connection: {why}"))?;
                return Ok(Reception::Over);
            }
        };
        let mut session = session;
        if let Err(trouble) = result {
            self.strange(&mut session, &trouble)?;
            return Ok(Reception::Over);
        }
        let first = session.first().split(|byte| matches!(byte, b'\r' | b'\n')).next().unwrap_or_default();
        self.examined.greeting = Some(printable(first));
        let mut reception = Reception::LoggedIn;
        let _ = session.request(Request::features());
        let _ = session.request(Request::system());
        if self.wishes.tls == TlsWish::Explicit {
            // No name and no password goes out without it.
            self.examined.evidence.client = session.local();
            let evidence = session.quit();
            self.keep_base(&evidence);
            self.greet(true)?;
            return Ok(Reception::WantsTls);
        }
        if let Err(hindrance) = self.log_in(&mut session) {
            let evidence = session.evidence();
            let may_be_about_tls = matches!(hindrance, Hindrance::NoLogin(_)) && !self.implicit;
            self.keep_base(&evidence);
            let offered = evidence.tls.offered == Some(true);
            if may_be_about_tls && offered && self.wishes.tls != TlsWish::None {
                if let Hindrance::NoLogin(said) = hindrance {
                    self.refusal = Some(said);
                }
                reception = Reception::WantsTls;
            } else {
                self.greet(false)?;
                self.hindered(&hindrance)?;
                return Ok(Reception::Over);
            }
        }
        let _ = session.request(Request::features());
        self.examined.evidence.client = session.local();
        let evidence = session.quit();
        self.keep_base(&evidence);
        self.greet(matches!(reception, Reception::WantsTls))?;
        Ok(reception)
    }

    /// For a server that doesn't speak FTP, or says nothing.
    pub(super) fn strange(&mut self, session: &mut Session, trouble: &Trouble) -> std::io::Result<()> {
        let mut first = session.first().to_vec();
        let mut evidence = session.evidence();
        if first.is_empty() && !self.implicit && !matches!(trouble, Trouble::Broken(Violation::Closed { .. })) {
            session.poke(self.wishes.timeout.min(Duration::from_secs(3)));
            first = session.first().to_vec();
        }
        let speaks = Speaks::of(&first);
        let words = first.split(|byte| matches!(byte, b'\r' | b'\n')).next().unwrap_or_default();
        let words = printable(&words[..words.len().min(200)]);
        match trouble {
            Trouble::Failed(Failure::Tls(why)) => {
                let words = session.tls_trouble.clone().unwrap_or_default();
                self.hindered(&Hindrance::Tls(words, *why))?;
            }
            // A server of FTP that turns us away, mostly for having too many clients.
            Trouble::Failed(Failure::Refused(reply)) => {
                let said = printable(reply.to_string().as_bytes());
                self.table.line(&said)?;
                self.remark(format!("The server turned us away: {said}"), true);
            }
            _ if speaks == Speaks::Ftp && evidence.speaks == Some(Speaks::Ftp) => {
                self.table.line(&words)?;
                self.remark("The session broke after the greeting.".into(), true);
            }
            _ => {
                let what = if words.is_empty() { "nothing".into() } else { words };
                self.table.line(&format!("what answers: {what}"))?;
                evidence.speaks = Some(if speaks == Speaks::Ftp { Speaks::Other } else { speaks });
                self.examined.evidence.speaks = evidence.speaks;
            }
        }
        Ok(())
    }

    pub(super) fn greet(&mut self, needs_tls: bool) -> std::io::Result<()> {
        let greeting = self.examined.greeting.clone().unwrap_or_default();
        let software = self.examined.evidence.software;
        self.table.line(&greeting)?;
        let name = printable(self.wishes.url.user.as_bytes());
        let login = match self.examined.evidence.logged_in {
            Some(true) => format!("logged in as {name}"),
            Some(false) if needs_tls => format!("no login as {name} without TLS"),
            Some(false) => format!("no login as {name}"),
            None => "not logged in".into(),
        };
        let tls = match self.examined.evidence.tls.offered {
            _ if self.implicit => "TLS from the start",
            Some(true) => "TLS offered",
            Some(false) => "no TLS offered",
            None => "TLS unknown",
        };
        self.table.line(&format!("{software}; {login}; {tls}"))
    }

    pub(super) fn hindered(&mut self, hindrance: &Hindrance) -> std::io::Result<()> {
        let text = match hindrance {
            Hindrance::NotReached(why) => format!("No control connection: {why}."),
            Hindrance::Tls(words, TlsError::Certificate) => format!(
                "The certificate isn't trusted ({words}). --ca FILE says whom to trust; --insecure goes on without."
            ),
            Hindrance::Tls(words, why) => format!("TLS doesn't begin on the control connection: {why} ({words})."),
            Hindrance::NoAuth(said) => format!("The server refuses AUTH TLS: {said}"),
            Hindrance::NoLogin(said) => {
                format!("The login was refused, and nothing can be tried without one: {said}")
            }
            Hindrance::Lost => "The session broke before the login.".into(),
        };
        // Pure-FTPd names AUTH TLS in its FEAT without having a certificate: nobody who goes without it suffers from that.
        let unasked = self.wishes.tls == TlsWish::Auto && self.examined.rows.iter().any(Row::works);
        self.remark(text, !(matches!(hindrance, Hindrance::NoAuth(_)) && unasked));
        Ok(())
    }

    /// What all sessions tell about the server.
    pub(super) fn keep_base(&mut self, evidence: &Evidence) {
        let base = &mut self.examined.evidence;
        if base.software == ftp_proto::Software::Unknown {
            base.software = evidence.software;
        }
        base.speaks = base.speaks.or(evidence.speaks);
        if base.logged_in != Some(true) {
            base.logged_in = evidence.logged_in.or(base.logged_in);
        }
        base.wants_pret |= evidence.wants_pret;
        base.tls.offered = match (base.tls.offered, evidence.tls.offered) {
            (Some(true), _) | (_, Some(true)) => Some(true),
            (one, other) => one.or(other),
        };
        base.tls.on = base.tls.on.or(evidence.tls.on);
        base.tls.protection = base.tls.protection.or(evidence.tls.protection);
        if base.control == ControlState::Unknown {
            base.control = ControlState::Alive;
        }
    }
}
