//! Telnet's options, which a gateway between networks refuses itself (RFC 6384 5).

use alloc::vec::Vec;

use super::{Peer, Rewrite};
use crate::telnet::{self, IAC, Sequence};

/// Refusals in a session, to each side. What a side negotiates behind them is ignored.
const MOST_ANSWERS: u8 = 32;
/// A word of more bytes is no command.
const WORD: usize = 32;
/// The code of a reply, and what is behind it.
const CODE: usize = 4;

/// Where Telnet is told apart from text, as the tracker does it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::tracker) enum Hears {
    /// Nowhere: an AUTH isn't refused, or a reply of many lines is under way.
    Nothing,
    /// In front of a command's argument, or of a reply's text: there is no name, in which these bytes could be letters.
    Head,
    Everything,
}

/// One side's negotiations.
pub(super) struct Options {
    /// Bytes of the line so far, without Telnet; `usize::MAX` if its beginning wasn't seen.
    came: usize,
    /// A blank was among them.
    is_text: bool,
    open: Open,
    /// The longest subnegotiation, in bytes.
    limit: usize,
    answered: u8,
    /// What this side is to read.
    refusals: Vec<u8>,
    /// Bytes that were taken out and aren't counted in any piece yet; less than none if some were put back.
    gone: isize,
}

/// A sequence that hasn't ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Open {
    #[default]
    Nothing,
    /// IAC.
    Command,
    /// IAC and WILL, WONT, DO or DONT.
    Option(u8),
    /// IAC SB, of which so many bytes more may come.
    Subnegotiation(usize),
    /// And IAC.
    Ending(usize),
}

impl Options {
    /// `is_amid_line`: what comes next may be the rest of a line.
    pub(super) fn new(limit: usize, is_amid_line: bool) -> Self {
        let came = if is_amid_line { usize::MAX } else { 0 };
        Self { came, is_text: false, open: Open::Nothing, limit, answered: 0, refusals: Vec::new(), gone: 0 }
    }

    /// Appends this side's bytes without its negotiations.
    pub(super) fn take(&mut self, from: Peer, bytes: &[u8], hears: Hears, out: &mut Vec<u8>) {
        let is_plain = self.open == Open::Nothing && (hears == Hears::Nothing || !bytes.contains(&IAC));
        if is_plain {
            out.extend_from_slice(bytes);
            return self.pass(bytes);
        }
        for &byte in bytes {
            let before = out.len();
            self.take_one(from, byte, hears, out);
            let passed = isize::try_from(out.len().saturating_sub(before)).unwrap_or(0);
            self.gone = self.gone.saturating_add(1).saturating_sub(passed);
        }
    }

    fn take_one(&mut self, from: Peer, byte: u8, hears: Hears, out: &mut Vec<u8>) {
        self.open = match core::mem::take(&mut self.open) {
            Open::Nothing if byte == IAC && self.hears(from, hears) => Open::Command,
            Open::Nothing => {
                out.push(byte);
                self.pass(&[byte]);
                Open::Nothing
            }
            Open::Command => match telnet::sequence(&[IAC, byte]) {
                Sequence::Unended => Open::Option(byte),
                Sequence::Subnegotiation => Open::Subnegotiation(self.limit),
                kind => {
                    out.extend_from_slice(&[IAC, byte]);
                    match kind {
                        Sequence::Escaped => self.pass(&[IAC]),
                        Sequence::Data => self.pass(&[IAC, byte]),
                        _ => {}
                    }
                    Open::Nothing
                }
            },
            Open::Option(command) => {
                self.refuse(command, byte);
                Open::Nothing
            }
            Open::Subnegotiation(left) if byte == IAC => Open::Ending(left),
            Open::Subnegotiation(left) => Open::subnegotiation(left.saturating_sub(1)),
            Open::Ending(_) if byte == telnet::SUBNEGOTIATION_END => Open::Nothing,
            Open::Ending(left) => Open::subnegotiation(left.saturating_sub(2)),
        };
    }

    fn refuse(&mut self, command: u8, option: u8) {
        if let Sequence::Negotiation(Some(answer)) = telnet::sequence(&[IAC, command, option])
            && self.answered < MOST_ANSWERS
        {
            self.answered = self.answered.saturating_add(1);
            self.refusals.extend_from_slice(&answer);
        }
    }

    /// Whether Telnet is recognised at the next byte.
    fn hears(&self, from: Peer, hears: Hears) -> bool {
        match (hears, from) {
            (Hears::Nothing, _) => false,
            (Hears::Everything, _) => true,
            (Hears::Head, Peer::Client) => !self.is_text && self.came <= WORD,
            (Hears::Head, Peer::Server) => self.came < CODE,
        }
    }

    /// These bytes go on.
    fn pass(&mut self, bytes: &[u8]) {
        let line = match memchr::memrchr(b'\n', bytes) {
            Some(at) => {
                (self.came, self.is_text) = (0, false);
                bytes.get(at.saturating_add(1)..).unwrap_or_default()
            }
            None => bytes,
        };
        self.came = self.came.saturating_add(line.len());
        self.is_text |= line.contains(&b' ');
    }

    /// Some bytes weren't seen here, nor is the end of a line known, or none come any more: a sequence that hasn't ended goes on.
    pub(super) fn lose(&mut self, out: &mut Vec<u8>) {
        let unended: &[u8] = match core::mem::take(&mut self.open) {
            Open::Command => &[IAC],
            Open::Option(command) => &[IAC, command],
            Open::Nothing | Open::Subnegotiation(_) | Open::Ending(_) => &[],
        };
        out.extend_from_slice(unended);
        self.gone = self.gone.saturating_sub_unsigned(unended.len());
        self.came = usize::MAX;
    }

    /// TLS had its turn. What isn't hidden behind it begins a line.
    pub(super) fn hide(&mut self) {
        (self.came, self.is_text, self.open) = (0, false, Open::Nothing);
    }

    /// By how much the number of bytes that came differs from that of those that were held since.
    pub(super) fn gone(&mut self) -> isize {
        core::mem::take(&mut self.gone)
    }
}

impl Open {
    fn subnegotiation(left: usize) -> Self {
        if left == 0 { Self::Nothing } else { Self::Subnegotiation(left) }
    }
}

impl Rewrite {
    /// Nothing of this side is held, but negotiations that don't go on may have come: they are counted.
    pub(super) fn drop_options(&mut self, from: Peer) {
        let gone = self.half(from).options.as_mut().map_or(0, Options::gone);
        self.drop_held(from, usize::try_from(gone).unwrap_or(0));
    }

    /// Tells this side what the gateway refuses, once no line for it is under way.
    pub(super) fn refuse_options(&mut self, side: Peer) -> bool {
        let is_hidden = self.tracker.is_amid_any_auth();
        let other = self.half(side.other());
        let is_amid = other.passes || !other.held.is_empty();
        let Some(options) = self.half(side).options.as_mut().filter(|options| !options.refusals.is_empty()) else {
            return false;
        };
        if is_hidden {
            options.refusals.clear();
            return false;
        }
        if is_amid || self.tracker.under_way(side.other()).0 {
            return false;
        }
        let bytes = self.half(side).options.as_mut().map(|options| core::mem::take(&mut options.refusals));
        self.ready.extend(bytes.map(|bytes| super::Piece { to: side, bytes, came: 0 }));
        true
    }
}
