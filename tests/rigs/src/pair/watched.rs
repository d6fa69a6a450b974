//! A tracker between the two machines, which sees what is under TLS too: it arrives at their own view.

use std::net::SocketAddr;
use std::sync::Arc;

use ftp_proto::Session;
use ftp_proto::telnet::Escaping;
use ftp_proto::tracker::{Event, Peer, Rules, Tracker};

use super::End;

pub struct Watched {
    tracker: Tracker,
    /// Each data connection that was told, and not withdrawn.
    open: Vec<SocketAddr>,
}

impl Watched {
    pub fn new(client: SocketAddr, server: SocketAddr, escaping: Escaping, implicit: bool) -> Self {
        let mut rules = Rules::default();
        rules.decrypted = true;
        rules.escaping = escaping;
        let mut tracker = Tracker::new(Arc::new(rules), client, server);
        if implicit {
            tracker.tls_began();
        }
        Self { tracker, open: Vec::new() }
    }

    /// This end writes these bytes.
    pub fn writes(&mut self, end: End, bytes: &[u8]) {
        let side = if end == End::Client { Peer::Client } else { Peer::Server };
        self.tracker.received(side, bytes);
        while let Some(event) = self.tracker.poll() {
            match event {
                Event::Expect(expectation) => self.open.push(expectation.to),
                Event::Withdrawn(expectation, _) => {
                    let place = self.open.iter().position(|to| *to == expectation.to);
                    self.open.swap_remove(place.expect("it was expected"));
                }
                _ => {}
            }
        }
    }

    /// An end connects to this address: the tracker has let it through.
    pub fn expects(&self, to: SocketAddr) -> bool {
        self.open.contains(&to)
    }

    /// Both ends have come to this state, and nothing is due.
    pub fn assert_agrees(&self, session: &Session, wire: &[String]) {
        let tracker = &self.tracker;
        let known = (tracker.login(), tracker.representation(), tracker.structure(), tracker.mode());
        let expected = (session.login(), session.representation(), session.structure(), session.mode());
        let expected = (Some(expected.0), Some(expected.1), Some(expected.2), Some(expected.3));
        assert_eq!(known, expected, "the tracker: {wire:#?}");
        let known = (tracker.restart_offset(), tracker.setup(), tracker.protection());
        let expected = (Some(session.restart_offset()), Some(session.setup()), Some(session.protection()));
        assert_eq!(known, expected, "the tracker: {wire:#?}");
        assert!(tracker.is_in_step(), "the tracker has lost step: {wire:#?}");
    }
}
