//! What runs over a connection that stands: the control connection's bytes with the layer that they were written in, and the data
//! connections. Both take their time.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use ftp_proto::StreamEnd;
use ftp_proto_rigs::pair::End;

use crate::world::Hop;

/// How long anything takes one way.
pub const LATENCY: Duration = Duration::from_millis(20);

/// Both directions of the control connection.
#[derive(Debug, Default)]
pub struct Control {
    pub hops: Vec<Hop>,
    queues: [VecDeque<Arriving>; 2],
    /// How often TLS has begun at an end: 1 is TLS.
    layers: [u32; 2],
    turning: [bool; 2],
    /// An end that is told of the connection's end, and from when on.
    ended: [Option<Duration>; 2],
    told: [bool; 2],
}

#[derive(Debug)]
struct Arriving {
    at: Duration,
    layer: u32,
    bytes: Vec<u8>,
}

/// What an end reads.
#[derive(Debug, PartialEq, Eq)]
pub enum Came {
    Bytes(Vec<u8>),
    End,
    /// Nothing is there until then, if ever.
    Nothing(Option<Duration>),
}

impl Control {
    pub fn over(hops: Vec<Hop>) -> Self {
        Self { hops, ..Self::default() }
    }

    pub fn is_secure(&self, end: End) -> bool {
        self.layers[end as usize] % 2 == 1
    }

    pub fn send(&mut self, from: End, bytes: Vec<u8>, now: Duration) {
        let layer = self.layers[from as usize];
        self.queues[from.other() as usize].push_back(Arriving { at: now + LATENCY, layer, bytes });
    }

    /// The connection is at its end; what was sent before is read before.
    pub fn close(&mut self, to: End, now: Duration) {
        self.ended[to as usize].get_or_insert(now + LATENCY);
    }

    /// The connection is reset: what is under way is lost.
    pub fn reset(&mut self, now: Duration) {
        for end in [End::Client, End::Server] {
            self.queues[end as usize].clear();
            self.ended[end as usize] = Some(now + LATENCY);
        }
    }

    /// Whether this end was told of the end before.
    pub fn told(&mut self, end: End) -> bool {
        std::mem::replace(&mut self.told[end as usize], true)
    }

    pub fn receive(&mut self, to: End, now: Duration) -> Came {
        let queue = &mut self.queues[to as usize];
        match queue.front() {
            Some(first) if first.at <= now => {
                let Arriving { layer, bytes, .. } = queue.pop_front().unwrap();
                assert_eq!(layer, self.layers[to as usize], "{to:?} reads in one layer what was written in another");
                Came::Bytes(bytes)
            }
            Some(first) => Came::Nothing(Some(first.at)),
            None => match self.ended[to as usize] {
                Some(at) if at <= now => Came::End,
                at => Came::Nothing(at),
            },
        }
    }

    /// What was written before this end begins TLS.
    pub fn receive_stale(&mut self, to: End) -> Option<Vec<u8>> {
        let layer = self.layers[to as usize];
        let queue = &mut self.queues[to as usize];
        if queue.front()?.layer != layer {
            return None;
        }
        queue.pop_front().map(|first| first.bytes)
    }

    /// One end begins TLS; `true` once the other does the same.
    pub fn turn(&mut self, end: End) -> bool {
        let [here, there] = [end as usize, end.other() as usize];
        self.turning[here] = true;
        let met = self.turning[there] && self.layers[there] == self.layers[here]
            || self.layers[there] == self.layers[here] + 1;
        if met {
            self.turning[here] = false;
            self.layers[here] += 1;
        }
        met
    }
}

/// One data connection.
#[derive(Debug)]
pub struct Tcp {
    /// What the dialled one sees as the other's address.
    pub seen: SocketAddr,
    /// When the dialled one hears of it.
    pub at: Duration,
    /// Nobody of this session is at the other end.
    pub strange: bool,
    bytes: Option<(StreamEnd, Vec<u8>, Duration)>,
    /// An end has closed it.
    closed: [Option<Duration>; 2],
    shaking: [bool; 2],
    secure: [bool; 2],
    written_secure: Option<bool>,
}

/// How far a handshake is.
#[derive(Debug, PartialEq, Eq)]
pub enum Shaken {
    Waits,
    Done,
    Broken,
}

impl Tcp {
    pub fn new(seen: SocketAddr, at: Duration, strange: bool) -> Self {
        Self {
            seen,
            at,
            strange,
            bytes: None,
            closed: [None, None],
            shaking: [false, false],
            secure: [false, false],
            written_secure: None,
        }
    }

    pub fn close(&mut self, end: End, now: Duration) {
        self.closed[end as usize].get_or_insert(now);
    }

    /// The other end's closing has come here.
    fn is_broken(&self, here: End, now: Duration) -> bool {
        self.closed[here.other() as usize].is_some_and(|at| at + LATENCY <= now)
    }

    pub fn shake(&mut self, end: End, now: Duration) -> Shaken {
        self.shaking[end as usize] = true;
        if self.shaking[end.other() as usize] {
            self.secure[end as usize] = true;
            return Shaken::Done;
        }
        assert_ne!(self.written_secure, Some(false), "{end:?} expects TLS where plaintext was sent");
        if self.is_broken(end, now) { Shaken::Broken } else { Shaken::Waits }
    }

    pub fn send(&mut self, from: End, bytes: Vec<u8>, now: Duration) -> StreamEnd {
        if self.is_broken(from, now) || self.strange {
            return StreamEnd::Truncated;
        }
        self.written_secure = Some(self.secure[from as usize]);
        self.bytes = Some((StreamEnd::Clean, bytes, now + LATENCY));
        StreamEnd::Clean
    }

    /// What came, once it is all here, or the connection has broken.
    pub fn receive(&mut self, to: End, now: Duration) -> Result<(StreamEnd, Vec<u8>), Option<Duration>> {
        if let Some((end, bytes, _)) = self.bytes.take_if(|(.., at)| *at <= now) {
            assert_eq!(self.written_secure, Some(self.secure[to as usize]), "{to:?} reads in the other layer");
            return Ok((end, bytes));
        }
        if self.bytes.is_none() && self.is_broken(to, now) {
            return Ok((StreamEnd::Truncated, Vec::new()));
        }
        let closes = self.closed[to.other() as usize].map(|at| at + LATENCY);
        Err(self.bytes.as_ref().map(|(.., at)| *at).or(closes))
    }
}
