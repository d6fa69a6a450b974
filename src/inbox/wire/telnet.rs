//! Telnet commands between and within the lines: recognised, answered and removed where neither a name nor a text can be.

use alloc::vec::Vec;

use super::{CODE, Wire};
use crate::telnet::{self, Escape, Sequence};

/// Answers to Telnet negotiation in a session. A peer that negotiates again and again (RFC 854) gets no more than these.
const MOST_ANSWERS: u8 = 32;

/// Where in a line Telnet commands are recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Heard {
    Everywhere,
    /// Before the first blank, where a command's argument begins, and within the first [`WORD`] bytes.
    InWord,
    /// Within the first four bytes, after which a reply's text begins.
    InCode,
    /// Within a reply of many lines, whose lines are text from the first byte on.
    Nowhere,
}

/// In bytes. A longer word is not a command, so the search for the blank after it stops here.
const WORD: usize = 32;

impl Wire {
    /// Sets how 0xFF is read. To be called before the first byte is read.
    pub(in crate::inbox) fn read_as(&mut self, escape: Escape) {
        self.heard = match escape {
            Escape::Doubled => Heard::Everywhere,
            Escape::AsIs if self.negotiates() => Heard::InWord,
            Escape::AsIs => Heard::InCode,
        };
    }

    /// Whether the next line belongs to a reply that has begun.
    #[inline]
    pub(in crate::inbox) fn within_reply(&mut self, within: bool) {
        self.heard = match self.heard {
            Heard::InCode if within => Heard::Nowhere,
            Heard::Nowhere if !within => Heard::InCode,
            heard => heard,
        };
    }

    pub(in crate::inbox) fn take_answers(&mut self) -> Vec<u8> {
        self.answers.take().map_or(Vec::new(), |answers| *answers)
    }

    pub(in crate::inbox) fn take_interrupt(&mut self) -> bool {
        core::mem::take(&mut self.interrupted)
    }

    /// Handles the IAC or NUL that is next; `None` if more bytes are needed.
    #[cold]
    pub(super) fn special(&mut self, byte: u8) -> Option<()> {
        if byte != telnet::IAC {
            match self.bytes.get(self.line..self.clean) {
                Some([.., b'\r']) if !self.overflow => self.skip(1),
                _ => self.keep(1),
            }
            return Some(());
        }
        if !self.hears_telnet() {
            self.keep(1);
            return Some(());
        }
        let sequence = telnet::sequence(self.bytes.get(self.scan..)?);
        match sequence {
            Sequence::Unended => return None,
            // A Synch's data mark is urgent data, which the system may have taken out of the stream: `IAC IP IAC ABOR`.
            Sequence::Data if self.marks => self.skip(1),
            Sequence::Data => self.keep(1),
            Sequence::Escaped => {
                self.keep(1);
                self.skip(1);
            }
            Sequence::Negotiation(answer) => {
                self.skip(3);
                self.answer(answer);
            }
            Sequence::Subnegotiation => {
                self.skip(2);
                self.subnegotiation = u32::try_from(self.limit).unwrap_or(u32::MAX);
            }
            Sequence::Interrupt => {
                self.skip(2);
                self.interrupted = true;
            }
            Sequence::Command => self.skip(2),
        }
        self.marks = self.negotiates() && sequence == Sequence::Interrupt;
        Some(())
    }

    /// Whether a Telnet command is recognised at the next byte, since no name and no text can be there.
    fn hears_telnet(&self) -> bool {
        match self.heard {
            Heard::Everywhere => true,
            Heard::Nowhere => false,
            Heard::InCode => self.clean.saturating_sub(self.line) < CODE,
            Heard::InWord => {
                let word = self.bytes.get(self.line..self.clean).unwrap_or_default();
                word.len() <= WORD && memchr::memchr(b' ', word).is_none()
            }
        }
    }

    /// Whether this is a server's inbox: a server declines Telnet options, and a client doesn't answer them.
    fn negotiates(&self) -> bool {
        self.third == b'\n'
    }

    /// Answers no negotiation.
    pub(in crate::inbox) fn stay_silent(&mut self) {
        self.answered = MOST_ANSWERS;
    }

    fn answer(&mut self, answer: Option<[u8; 3]>) {
        if let Some(answer) = answer
            && self.negotiates()
            && self.answered < MOST_ANSWERS
        {
            self.answered = self.answered.saturating_add(1);
            let answers = self.answers.get_or_insert_default();
            // Exact, so that an idle session keeps nothing it doesn't need.
            answers.reserve_exact(answer.len());
            answers.extend_from_slice(&answer);
        }
    }

    /// Skips to the end of a subnegotiation, but no more bytes than a line may have; `false` if more bytes are needed.
    #[cold]
    pub(super) fn skip_subnegotiation(&mut self) -> bool {
        while self.subnegotiation > 0 {
            let Some(rest) = self.bytes.get(self.scan..) else { return false };
            let most = usize::try_from(self.subnegotiation).unwrap_or(usize::MAX);
            let skipped = match *rest {
                [] | [telnet::IAC] => return false,
                [telnet::IAC, telnet::SUBNEGOTIATION_END, ..] => {
                    self.skip(2);
                    self.subnegotiation = 0;
                    return true;
                }
                [telnet::IAC, ..] => 2,
                _ => memchr::memchr(telnet::IAC, rest).unwrap_or(rest.len()).min(most),
            };
            self.skip(skipped);
            self.subnegotiation = self.subnegotiation.saturating_sub(u32::try_from(skipped).unwrap_or(u32::MAX));
        }
        true
    }
}
