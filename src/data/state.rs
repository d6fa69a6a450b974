//! What the machines know of their data connection, and what is asked about it.

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
///                                                                        └──── Standing ◀────┘ its end was in the data
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
    /// A socket listens there.
    Bound(SocketAddr),
    /// The other side is going to listen there.
    Target(SocketAddr),
    /// A connection stands; nothing moves. The address is the other side's.
    Open(SocketAddr),
    /// TLS stands on the connection, with the control connection's session or one of its own; nothing moves.
    Secured {
        resumed: bool,
    },
    /// There is none, or no TLS on it. Nothing is left of it outside.
    Failed(DataError),
    /// Nobody came in time but this stranger, who was sent away. Nothing is left of it outside.
    Deserted(IpAddr),
    /// The stream has ended.
    Ended {
        end: StreamEnd,
        moved: Moved,
        /// With this protection, if the connection stands.
        stands: Option<Protection>,
        /// What a server's application says of it.
        words: Option<Box<Reply<'static>>>,
    },
    /// The same of an upload that has come whole. What it has brought is outside, and may have to be dropped.
    Whole {
        moved: Moved,
        stands: Option<Protection>,
        words: Option<Box<Reply<'static>>>,
    },
    /// The stream before has ended in the data, and its connection stands with this protection; nothing moves.
    Standing(Protection),
}

/// A question about the data connection, with all that its handle tells.
#[derive(Debug, Clone)]
pub(crate) struct Question {
    pub(super) what: What,
    pub(super) wait: Wait,
}

/// How long a question waits for its answer. A stream waits as long as its bytes move.
#[derive(Debug, Clone, Copy)]
pub(super) enum Wait {
    /// It wasn't handed out yet: so long, from then on.
    Unshown(Option<Duration>),
    /// Work may be under way outside: until then.
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
    /// `expected` is the only host that may come; `stranger`: another one came last, and was sent away.
    Accept {
        expected: Option<IpAddr>,
        stranger: Option<IpAddr>,
    },
    SecureData {
        resume: Resume,
    },
    Stream(Streaming),
}

/// What moves, and how far it has come.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Streaming {
    pub(crate) direction: Direction,
    pub(crate) form: Form,
    /// Where in the file the first byte belongs, in bytes.
    pub(crate) offset: u64,
    /// 1 for the first attempt at a data connection that came so far within one request.
    pub(crate) attempt: u32,
    /// TLS stands on the connection, or not.
    pub(super) protection: Protection,
    pub(super) progress: Progress,
}

/// What the adapter has told of the bytes that have moved.
#[derive(Debug, Clone, Copy)]
pub(super) enum Progress {
    Untold,
    /// So many bytes; the next poll says when.
    Told(u64),
    /// So many bytes, and no more since then.
    Since(u64, Instant),
}

/// What isn't needed any more.
#[derive(Debug, Clone, Copy)]
pub(super) enum Closing {
    Nothing,
    /// `Close` is open for this channel, under this serial.
    Asking(ChannelId, u32),
    /// It was closed, and so much of its content was moved.
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

    /// A question waits for the outside.
    pub(crate) fn is_asking(&self) -> bool {
        matches!(self.state, State::Asking(_))
    }

    /// `Accept` is open.
    pub(crate) fn is_accepting(&self) -> bool {
        matches!(&self.state, State::Asking(Question { what: What::Accept { .. }, .. }))
    }

    /// Who came last in place of the one who is waited for, or was waited for, and was sent away.
    pub(crate) fn stranger(&self) -> Option<IpAddr> {
        match &self.state {
            State::Asking(Question { what: What::Accept { stranger, .. }, .. }) => *stranger,
            State::Deserted(stranger) => Some(*stranger),
            _ => None,
        }
    }

    /// What moves, if something does.
    pub(crate) fn streaming(&self) -> Option<&Streaming> {
        match &self.state {
            State::Asking(Question { what: What::Stream(streaming), .. }) => Some(streaming),
            _ => None,
        }
    }

    /// `Close` is open: it comes before every other question.
    pub(crate) fn is_closing(&self) -> bool {
        matches!(self.closing, Closing::Asking(..))
    }

    /// What was moved over the channel that was closed last, if it is asked for the first time.
    pub(crate) fn take_closed(&mut self) -> Option<Moved> {
        let Closing::Closed(moved) = self.closing else { return None };
        self.closing = Closing::Nothing;
        Some(moved)
    }

    /// Dials.
    pub(crate) fn connect(&mut self, address: SocketAddr, source_port: Option<u16>, patience: Duration) {
        self.begin(What::Connect { address, source_port }, patience);
    }

    /// Listens on one of these ports.
    pub(crate) fn listen(&mut self, host: IpAddr, ports: RangeInclusive<u16>, patience: Duration) {
        self.begin(What::Listen { host, ports }, patience);
    }

    /// Waits on the socket that listens for the other side.
    pub(crate) fn accept(&mut self, expected: Option<IpAddr>, patience: Duration) {
        self.ask(What::Accept { expected, stranger: None }, Some(patience));
    }

    /// Begins TLS before a byte moves.
    pub(crate) fn secure(&mut self, resume: Resume, patience: Duration) {
        self.ask(What::SecureData { resume }, Some(patience));
    }

    /// Moves the bytes.
    pub(crate) fn stream(&mut self, direction: Direction, form: Form, offset: u64, attempt: u32) {
        let protection = match self.state {
            State::Secured { .. } => Protection::Private,
            State::Standing(protection) => protection,
            _ => Protection::Clear,
        };
        let progress = Progress::Untold;
        self.ask(What::Stream(Streaming { direction, form, offset, attempt, protection, progress }), None);
    }

    /// The connection of the transfer before stands, and is protected as the next one has to be.
    pub(crate) fn stands(&self, protection: Protection) -> bool {
        matches!(self.state, State::Standing(standing) if standing == on_data(protection))
    }

    /// The connection of the transfer before stands.
    #[inline]
    pub(crate) fn is_standing(&self) -> bool {
        matches!(self.state, State::Standing(_))
    }

    /// The other side is going to listen there.
    pub(crate) fn aim(&mut self, target: SocketAddr) {
        self.release();
        self.state = State::Target(target);
    }

    /// Nothing of it is needed any more: what exists outside is to be closed.
    pub(crate) fn release(&mut self) {
        if self.exists() {
            self.close();
        } else if let Closing::Closed(_) = self.closing {
            // What another channel had moved says nothing of this one.
            self.closing = Closing::Nothing;
        }
        self.state = State::Idle;
    }

    /// What the application says of the stream's end.
    pub(crate) fn take_words(&mut self) -> Option<Box<Reply<'static>>> {
        if let State::Ended { words, .. } = &mut self.state { words.take() } else { None }
    }

    /// The stream's end was taken note of. Its connection stands if its end was in the data; else nothing of it is left outside.
    pub(crate) fn conclude(&mut self) {
        match self.state {
            State::Ended { stands: Some(protection), .. } => self.state = State::Standing(protection),
            _ => self.forget(),
        }
    }

    /// Its end was taken note of. Nothing of it is left outside.
    pub(crate) fn forget(&mut self) {
        debug_assert!(!self.exists(), "what is forgotten is gone: {:?}", self.state);
        self.state = State::Idle;
    }

    /// What the stream has brought waits to be kept; another question is asked about it.
    pub(crate) fn hold(&mut self) {
        self.ask_again();
        if let State::Ended { moved, stands, words, .. } = &mut self.state {
            self.state = State::Whole { moved: *moved, stands: *stands, words: words.take() };
        }
    }

    /// How much the upload that waits to be kept has moved, and what the application has said of its end.
    pub(crate) fn whole(&mut self) -> Option<(Moved, Option<Box<Reply<'static>>>)> {
        if let State::Whole { moved, words, .. } = &mut self.state { Some((*moved, words.take())) } else { None }
    }

    /// The serial of another question about the same channel.
    pub(crate) fn ask_again(&mut self) -> u64 {
        self.serial = self.serial.wrapping_add(1);
        self.serial()
    }

    /// What the stream has brought was kept, or is gone.
    pub(crate) fn settle(&mut self) {
        debug_assert!(matches!(self.state, State::Whole { .. }), "what is settled was held: {:?}", self.state);
        self.state = match self.state {
            State::Whole { stands: Some(protection), .. } => State::Standing(protection),
            _ => State::Idle,
        };
    }

    /// The open question is answered by the clock: there is none.
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

    /// Whether there is a socket outside, or work on one, or what came over it and isn't kept.
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

    /// Somebody else than the one who is waited for has come.
    pub(super) fn send_away(&mut self, host: IpAddr) {
        if let State::Asking(Question { what: What::Accept { stranger, .. }, .. }) = &mut self.state {
            *stranger = Some(host);
        }
    }

    pub(super) fn close(&mut self) {
        debug_assert!(!self.is_closing(), "a channel that follows one to be closed isn't shown before that is closed");
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

    /// Takes note of the time: what was told of a stream counts from now on, and a question whose deadline has passed has
    /// failed. `true`: it has.
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

/// What PROT asks of a data connection: TLS, or nothing.
fn on_data(protection: Protection) -> Protection {
    if protection == Protection::Private { Protection::Private } else { Protection::Clear }
}

impl Streaming {
    /// How many bytes have moved, if the adapter tells.
    pub(crate) fn moved(&self) -> Option<u64> {
        match self.progress {
            Progress::Untold => None,
            Progress::Told(total) | Progress::Since(total, _) => Some(total),
        }
    }

    /// When the transfer counts as stalled, if the adapter tells how much it has moved and nothing may move for so long.
    pub(crate) fn stalls_at(&self, patience: Duration) -> Option<Instant> {
        match self.progress {
            Progress::Since(_, since) => Some(since.after(patience)),
            Progress::Untold | Progress::Told(_) => None,
        }
    }

    /// With which protection the connection stands once the stream has ended so.
    pub(super) fn stands_after(&self, end: StreamEnd) -> Option<Protection> {
        (end == StreamEnd::Marked).then_some(self.protection)
    }

    /// The same once the adapter has moved so many bytes.
    pub(super) fn told(self, total: u64) -> Self {
        let progress = match self.progress {
            Progress::Since(before, since) if before == total => Progress::Since(before, since),
            _ => Progress::Told(total),
        };
        Self { progress, ..self }
    }
}
