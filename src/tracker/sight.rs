//! Where TLS begins to hide what is said, and where it ends.

use super::event::Turn;
use super::veil::{Followed, Records, Text, View};
use super::waiting::Waiting;
use super::{Peer, Tracker, Withdrawal};

impl Tracker {
    #[cold]
    pub(super) fn received_otherwise(&mut self, from: Peer, bytes: &[u8]) {
        if let Waiting::Whole(side) = self.waiting {
            self.put_back(side);
        }
        let Some(first) = bytes.first() else { return self.ended(from) };
        let other = self.halves.of(from.other()).view;
        let half = self.halves.of(from);
        match half.view {
            View::AtLine | View::Clear => return self.read(from, bytes),
            View::Unopened | View::Promised => {
                let opens = half.view.opens(other, *first);
                half.view = if half.view == View::Unopened { View::AtLine } else { View::Clear };
                if !opens || self.mind.rules.decrypted {
                    return self.received(from, bytes);
                }
                self.mind.hide();
                self.hide();
            }
            View::Records(_) | View::Gapped(_) | View::Lost => {}
        }
        self.follow(from, bytes);
    }

    /// This side says nothing more.
    #[cold]
    fn ended(&mut self, side: Peer) {
        self.mind.steps.ended(side);
        self.mind.catch_up();
        match side {
            // The server may still answer what was asked.
            Peer::Client => self.mind.book.withdraw_idle(),
            Peer::Server => self.mind.book.withdraw_all(Withdrawal::Ended, false),
        }
        self.mind.stir();
    }

    /// What the last reply makes of the bytes behind it.
    #[cold]
    pub(super) fn turn(&mut self, turn: Turn) {
        match turn {
            Turn::Secured => self.hide(),
            // Not amid a line.
            Turn::Promised if self.waiting.has(Peer::Client) || self.said.has_more() || self.mind.rules.decrypted => {}
            Turn::Promised => self.halves.client.view = View::Promised,
        }
    }

    /// The server speaks TLS, though nobody was seen to begin it. Where its records end isn't known.
    #[cold]
    pub(super) fn hide_unseen(&mut self) {
        for side in [Peer::Client, Peer::Server] {
            let half = self.halves.of(side);
            (half.view, half.whole) = (View::Gapped(Text::default()), true);
            self.waiting.remove(side);
        }
        self.mind.hide();
        let (said, heard) = (self.said.take_behind(), self.heard.take_behind());
        self.follow(Peer::Client, &said);
        self.follow(Peer::Server, &heard);
    }

    /// Both sides speak TLS from here on.
    #[cold]
    fn hide(&mut self) {
        for side in [Peer::Client, Peer::Server] {
            let half = self.halves.of(side);
            if matches!(half.view, View::Records(_) | View::Gapped(_) | View::Lost) {
                continue;
            }
            half.view = View::Records(Records::default());
            half.whole = true;
            self.waiting.remove(side);
            let behind = match side {
                Peer::Client => self.said.take_behind(),
                Peer::Server => self.heard.take_behind(),
            };
            if !behind.is_empty() {
                self.follow(side, &behind);
            }
        }
    }

    #[cold]
    pub(super) fn follow(&mut self, from: Peer, bytes: &[u8]) {
        let other = self.halves.of(from.other()).view;
        let half = self.halves.of(from);
        let is_clean = matches!(half.view, View::Records(_)) && other.has_been_followed();
        let followed = match &mut half.view {
            View::Records(records) => records.follow(bytes),
            // What the client says doesn't show that TLS has ended.
            View::Gapped(text) if from == Peer::Server => text.follow(bytes),
            _ => return,
        };
        match followed {
            Followed::Records => {}
            Followed::Neither => half.view = View::Lost,
            Followed::Ended(at) => {
                half.view = View::Clear;
                self.mind.unveil(is_clean);
                // A server answers in the clear only what was said in the clear.
                let client = &mut self.halves.client;
                if from == Peer::Server && matches!(client.view, View::Gapped(_) | View::Lost) {
                    (client.view, client.whole) = (View::Clear, false);
                }
                if let Some(text) = bytes.get(at..).filter(|text| !text.is_empty()) {
                    self.read(from, text);
                }
            }
        }
    }

    /// How many of these bytes are TLS, or nobody knows what; `None`: a line begins, or goes on, with the first.
    pub(super) fn hidden(&self, from: Peer, bytes: &[u8]) -> Option<usize> {
        let (view, other) = match from {
            Peer::Client => (self.halves.client.view, self.halves.server.view),
            Peer::Server => (self.halves.server.view, self.halves.client.view),
        };
        let followed = match view {
            View::AtLine | View::Clear => return None,
            View::Gapped(mut text) if from == Peer::Server => text.follow(bytes),
            View::Gapped(_) | View::Lost => return Some(bytes.len()),
            View::Records(mut records) => records.follow(bytes),
            View::Unopened | View::Promised => {
                let opens = bytes.first().is_some_and(|first| view.opens(other, *first));
                if !opens || self.mind.rules.decrypted {
                    return None;
                }
                Records::default().follow(bytes)
            }
        };
        match followed {
            Followed::Ended(0) => None,
            Followed::Ended(at) => Some(at),
            Followed::Records | Followed::Neither => Some(bytes.len()),
        }
    }
}
