//! The state of a session's data connection, and the open question about it.

use alloc::boxed::Box;
use core::net::{IpAddr, SocketAddr};
use core::ops::RangeInclusive;
use core::time::Duration;

use super::words::{ChannelId, DataError, Direction, Moved, Resume, StreamEnd};
use crate::command::{Form, Protection};
use crate::reply::Reply;
use crate::time::Instant;
use crate::tls::TlsError;

/// The one data connection of a session.
///
/// ```text
/// Idle ─▶ Connect ───────────────────▶ Open ─▶ SecureData ─▶ Secured ─▶ Stream ─▶ Ended ─▶ Whole
///    └──▶ Listen ─▶ Bound ─▶ Accept ───▶┘                                ▲                   │
///                                                                        └──── Standing ◀────┘ its end was marked in the data
/// ```
#[derive(Debug)]
pub(crate) struct Data {
    channel: ChannelId,
    serial: u32,
    pub(super) state: State,
    pub(super) closing: Closing,
}

#[derive(Debug, Clone)]
pub(crate) enum State {
    Idle,
    /// This question is open.
    Asking(Question),
    /// A socket listens at this address.
    Bound(SocketAddr),
    /// The other side has announced this address.
    Target(SocketAddr),
    /// The connection is made; nothing moves yet. The address is the other side's.
    Open(SocketAddr),
    /// TLS is on, with the control connection's session or a new one; nothing moves yet.
    Secured {
        resumed: bool,
    },
    /// The connection could not be made or secured. The adapter holds nothing of it any more.
    Failed(DataError),
    /// Only this stranger connected in time, and was refused. The adapter holds nothing of it any more.
    Deserted(IpAddr),
    /// The stream has ended.
    Ended {
        end: StreamEnd,
        moved: Moved,
        /// The connection's protection, if it is still open.
        stands: Option<Protection>,
        /// The final reply in a server's application's own words.
        words: Option<Box<Reply<'static>>>,
    },
    /// The stream of an upload has ended whole. The adapter holds its content, which may still have to be dropped.
    Whole {
        moved: Moved,
        stands: Option<Protection>,
        words: Option<Box<Reply<'static>>>,
    },
    /// The last stream's end was marked in the data, and its connection is still open, with this protection.
    Standing(Protection),
}

/// A question about the data connection, with everything that its handle tells.
#[derive(Debug, Clone)]
pub(crate) struct Question {
    pub(super) what: What,
    pub(super) wait: Wait,
}

/// How long a question waits for its answer; `None`: as long as bytes move.
#[derive(Debug, Clone, Copy)]
pub(super) enum Wait {
    /// It wasn't handed out yet; the time runs from when it is.
    Unshown(Option<Duration>),
    /// It was handed out, so the adapter may be at work; it waits until this moment.
    Shown(Option<Instant>),
}

#[derive(Debug, Clone)]
pub(crate) enum What {
    Connect {
        address: SocketAddr,
        source_port: Option<u16>,
    },
    Listen {
        host: IpAddr,
        ports: RangeInclusive<u16>,
    },
    /// `expected`: the only host that may connect. `stranger`: the last other host that connected, and was refused.
    Accept {
        expected: Option<IpAddr>,
        stranger: Option<IpAddr>,
    },
    SecureData {
        resume: Resume,
    },
    Stream(Streaming),
}

/// An open `Stream`: what moves, and how far it has come.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Streaming {
    pub(crate) direction: Direction,
    pub(crate) form: Form,
    /// Where the first byte belongs, in bytes from the start of the file.
    pub(crate) offset: u64,
    /// The number of this stream within its request, from 1.
    pub(crate) attempt: u32,
    /// The protection of the connection.
    pub(super) protection: Protection,
    pub(super) progress: Progress,
}

/// How many bytes the adapter has told to have moved.
#[derive(Debug, Clone, Copy)]
pub(super) enum Progress {
    Untold,
    /// This many; the next poll brings the time.
    Told(u64),
    /// This many, and no more since this moment.
    Since(u64, Instant),
}

/// The channel that isn't needed any more.
#[derive(Debug, Clone, Copy)]
pub(super) enum Closing {
    Nothing,
    /// `Close` is open for this channel, with this serial.
    Asking(ChannelId, u32),
    /// It was closed, with this much of its content moved.
    Closed(Moved),
}

impl Data {
    pub(crate) fn new() -> Self {
        Self { channel: ChannelId(0), serial: 0, state: State::Idle, closing: Closing::Nothing }
    }

    pub(crate) fn state(&self) -> &State {
        &self.state
    }

    /// The channel of the state.
    pub(crate) fn channel(&self) -> ChannelId {
        self.channel
    }

    /// The serial of the open question.
    pub(crate) fn serial(&self) -> u64 {
        self.serial.into()
    }

    /// Whether a question is open.
    pub(crate) fn is_asking(&self) -> bool {
        matches!(self.state, State::Asking(_))
    }

    /// Whether `Accept` is open.
    pub(crate) fn is_accepting(&self) -> bool {
        matches!(&self.state, State::Asking(Question { what: What::Accept { .. }, .. }))
    }

    /// The last stranger that connected in place of the expected host, and was refused.
    pub(crate) fn stranger(&self) -> Option<IpAddr> {
        match &self.state {
            State::Asking(Question { what: What::Accept { stranger, .. }, .. }) => *stranger,
            State::Deserted(stranger) => Some(*stranger),
            _ => None,
        }
    }

    /// The open `Stream`, if there is one.
    pub(crate) fn streaming(&self) -> Option<&Streaming> {
        match &self.state {
            State::Asking(Question { what: What::Stream(streaming), .. }) => Some(streaming),
            _ => None,
        }
    }

    /// Whether `Close` is open, which comes before every other question.
    pub(crate) fn is_closing(&self) -> bool {
        matches!(self.closing, Closing::Asking(..))
    }

    /// Takes how much was moved over the channel that was closed last.
    pub(crate) fn take_closed(&mut self) -> Option<Moved> {
        let Closing::Closed(moved) = self.closing else { return None };
        self.closing = Closing::Nothing;
        Some(moved)
    }

    /// Asks `Connect`.
    pub(crate) fn connect(&mut self, address: SocketAddr, source_port: Option<u16>, patience: Duration) {
        self.begin(What::Connect { address, source_port }, patience);
    }

    /// Asks `Listen`, on one of these ports.
    pub(crate) fn listen(&mut self, host: IpAddr, ports: RangeInclusive<u16>, patience: Duration) {
        self.begin(What::Listen { host, ports }, patience);
    }

    /// Asks `Accept`, on the socket that listens.
    pub(crate) fn accept(&mut self, expected: Option<IpAddr>, patience: Duration) {
        self.ask(What::Accept { expected, stranger: None }, Some(patience));
    }

    /// Asks `SecureData`.
    pub(crate) fn secure(&mut self, resume: Resume, patience: Duration) {
        self.ask(What::SecureData { resume }, Some(patience));
    }

    /// Asks `Stream`.
    pub(crate) fn stream(&mut self, direction: Direction, form: Form, offset: u64, attempt: u32) {
        let protection = match self.state {
            State::Secured { .. } => Protection::Private,
            State::Standing(protection) => protection,
            _ => Protection::Clear,
        };
        let progress = Progress::Untold;
        self.ask(What::Stream(Streaming { direction, form, offset, attempt, protection, progress }), None);
    }

    /// Whether the connection of the last transfer is still open, and protected as PROT requires now.
    pub(crate) fn stands(&self, protection: Protection) -> bool {
        matches!(self.state, State::Standing(standing) if standing == on_data(protection))
    }

    /// Whether the connection of the last transfer is still open.
    #[inline]
    pub(crate) fn is_standing(&self) -> bool {
        matches!(self.state, State::Standing(_))
    }

    /// Takes the address that the other side has announced.
    pub(crate) fn aim(&mut self, target: SocketAddr) {
        self.release();
        self.state = State::Target(target);
    }

    /// Gives the data connection up: `Close` is asked for what the adapter holds of it.
    pub(crate) fn release(&mut self) {
        if self.exists() {
            self.close();
        } else if let Closing::Closed(_) = self.closing {
            // How much another channel had moved says nothing about this one.
            self.closing = Closing::Nothing;
        }
        self.state = State::Idle;
    }

    /// Takes the application's own words for the end of the stream.
    pub(crate) fn take_words(&mut self) -> Option<Box<Reply<'static>>> {
        if let State::Ended { words, .. } = &mut self.state { words.take() } else { None }
    }

    /// Goes on from the end of a stream: the connection stays if the end was marked in the data, else the adapter has closed it.
    pub(crate) fn conclude(&mut self) {
        match self.state {
            State::Ended { stands: Some(protection), .. } => self.state = State::Standing(protection),
            _ => self.forget(),
        }
    }

    /// Goes on from a data connection of which the adapter holds nothing any more.
    pub(crate) fn forget(&mut self) {
        debug_assert!(!self.exists(), "what is forgotten is gone: {:?}", self.state);
        self.state = State::Idle;
    }

    /// Holds an upload that has come whole until it is kept; another question is asked about it.
    pub(crate) fn hold(&mut self) {
        self.ask_again();
        if let State::Ended { moved, stands, words, .. } = &mut self.state {
            self.state = State::Whole { moved: *moved, stands: *stands, words: words.take() };
        }
    }

    /// Takes how much the upload that is held has moved, and the application's own words for its end.
    pub(crate) fn whole(&mut self) -> Option<(Moved, Option<Box<Reply<'static>>>)> {
        if let State::Whole { moved, words, .. } = &mut self.state { Some((*moved, words.take())) } else { None }
    }

    /// A new serial, for another question about the same channel.
    pub(crate) fn ask_again(&mut self) -> u64 {
        self.serial = self.serial.wrapping_add(1);
        self.serial()
    }

    /// Goes on from an upload that was held, and was kept or dropped.
    pub(crate) fn settle(&mut self) {
        debug_assert!(matches!(self.state, State::Whole { .. }), "what is settled was held: {:?}", self.state);
        self.state = match self.state {
            State::Whole { stands: Some(protection), .. } => State::Standing(protection),
            _ => State::Idle,
        };
    }

    /// Answers the open question for an adapter that was too late: the data connection could not be made.
    fn time_out(&mut self) {
        let end = match &self.state {
            State::Asking(Question { what: What::SecureData { .. }, .. }) => {
                State::Failed(DataError::Tls(TlsError::TimedOut))
            }
            State::Asking(Question { what: What::Accept { stranger: Some(stranger), .. }, .. }) => {
                State::Deserted(*stranger)
            }
            _ => State::Failed(DataError::TimedOut),
        };
        if self.exists() {
            self.close();
        }
        self.state = end;
    }

    /// Whether the adapter holds something of it: a socket, work on one, or an upload that isn't kept yet.
    fn exists(&self) -> bool {
        match &self.state {
            State::Asking(Question { what: What::Connect { .. } | What::Listen { .. }, wait }) => {
                matches!(wait, Wait::Shown(_))
            }
            State::Asking(_)
            | State::Bound(_)
            | State::Open(_)
            | State::Secured { .. }
            | State::Whole { .. }
            | State::Standing(_) => true,
            State::Ended { stands, .. } => stands.is_some(),
            State::Idle | State::Target(_) | State::Failed(_) | State::Deserted(_) => false,
        }
    }

    /// Notes that another host than the expected one has connected, and is refused.
    pub(super) fn send_away(&mut self, host: IpAddr) {
        if let State::Asking(Question { what: What::Accept { stranger, .. }, .. }) = &mut self.state {
            *stranger = Some(host);
        }
    }

    pub(super) fn close(&mut self) {
        debug_assert!(!self.is_closing(), "a channel is asked for only once the one before it is closed");
        self.serial = self.serial.wrapping_add(1);
        self.closing = Closing::Asking(self.channel, self.serial);
    }

    fn begin(&mut self, what: What, patience: Duration) {
        self.release();
        self.channel = ChannelId(self.channel.0.wrapping_add(1));
        self.ask(what, Some(patience));
    }

    fn ask(&mut self, what: What, patience: Option<Duration>) {
        self.serial = self.serial.wrapping_add(1);
        self.state = State::Asking(Question { what, wait: Wait::Unshown(patience) });
    }

    /// Takes the time: how long nothing has moved counts from here, and a question past its deadline fails. Returns whether one did.
    pub(crate) fn tick(&mut self, now: Instant) -> bool {
        let State::Asking(Question { what, wait }) = &mut self.state else { return false };
        if let What::Stream(streaming) = what
            && let Progress::Told(total) = streaming.progress
        {
            streaming.progress = Progress::Since(total, now);
        }
        let late = matches!(*wait, Wait::Shown(Some(deadline)) if now >= deadline);
        if late {
            self.time_out();
        }
        late
    }
}

/// The protection of a data connection under this PROT: private means TLS, anything else none.
fn on_data(protection: Protection) -> Protection {
    if protection == Protection::Private { Protection::Private } else { Protection::Clear }
}

impl Streaming {
    /// How many bytes have moved; `None` if the adapter hasn't told.
    pub(crate) fn moved(&self) -> Option<u64> {
        match self.progress {
            Progress::Untold => None,
            Progress::Told(total) | Progress::Since(total, _) => Some(total),
        }
    }

    /// When the transfer counts as stalled; `None` if the adapter hasn't told how many bytes have moved.
    pub(crate) fn stalls_at(&self, patience: Duration) -> Option<Instant> {
        match self.progress {
            Progress::Since(_, since) => Some(since.after(patience)),
            Progress::Untold | Progress::Told(_) => None,
        }
    }

    /// The protection of the connection, if it stays open after this end.
    pub(super) fn stands_after(&self, end: StreamEnd) -> Option<Protection> {
        (end == StreamEnd::Marked).then_some(self.protection)
    }

    /// The same after the adapter has told how many bytes have moved in all.
    pub(super) fn told(self, total: u64) -> Self {
        let progress = match self.progress {
            Progress::Since(before, since) if before == total => Progress::Since(before, since),
            _ => Progress::Told(total),
        };
        Self { progress, ..self }
    }
}
