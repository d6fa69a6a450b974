//! What lies between the two machines: the control connection's bytes, each with the layer that it was written in, and
//! one data connection.

use std::collections::VecDeque;
use std::net::SocketAddr;

use ftp_proto::{Form, StreamEnd, TlsError};

use super::{Faults, carried};

/// The two ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    Client = 0,
    Server = 1,
}

impl End {
    pub fn other(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }
}

/// How often TLS has begun or ended on a connection, seen from one end: an odd layer is TLS. What was written in one layer
/// can't be read in another.
pub type Layer = u32;

/// Both directions of the control connection.
#[derive(Default)]
pub struct Control {
    /// Towards the client, and towards the server.
    queues: [VecDeque<(u8, Layer)>; 2],
    layers: [Layer; 2],
    /// Who is in the midst of a handshake, or has said close_notify.
    turning: [bool; 2],
}

/// How far two ends have come with what both have to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meeting {
    /// The other isn't there yet.
    Waits,
    Done,
}

impl Control {
    pub fn send(&mut self, from: End, bytes: &[u8]) {
        let layer = self.layers[from as usize];
        self.queues[from.other() as usize].extend(bytes.iter().map(|byte| (*byte, layer)));
    }

    /// Somebody says this to an end in the layer that it reads.
    pub fn slip_in(&mut self, to: End, bytes: &[u8]) {
        let layer = self.layers[to as usize];
        self.queues[to as usize].extend(bytes.iter().map(|byte| (*byte, layer)));
    }

    /// At most `limit` bytes, all of the layer that the reader is in.
    pub fn receive(&mut self, to: End, limit: usize) -> Vec<u8> {
        let queue = &mut self.queues[to as usize];
        let count = limit.min(queue.len());
        let layer = self.layers[to as usize];
        if let Some((_, wrong)) = queue.iter().take(count).find(|(_, written)| *written != layer) {
            let text: String = queue.iter().take(count).map(|(byte, _)| char::from(*byte)).collect();
            panic!("{to:?} reads in layer {layer} what was written in layer {wrong}: {text:?}");
        }
        queue.drain(..count).map(|(byte, _)| byte).collect()
    }

    /// What waits at an end that is going to change its layer: it was written in the old one.
    pub fn take_stale(&mut self, to: End) -> Vec<u8> {
        let layer = self.layers[to as usize];
        let queue = &mut self.queues[to as usize];
        let stale = queue.iter().take_while(|(_, written)| *written == layer).count();
        queue.drain(..stale).map(|(byte, _)| byte).collect()
    }

    pub fn is_empty(&self, to: End) -> bool {
        self.queues[to as usize].is_empty()
    }

    pub fn take_all(&mut self, to: End) -> Vec<u8> {
        self.queues[to as usize].drain(..).map(|(byte, _)| byte).collect()
    }

    pub fn clear(&mut self, to: End) {
        self.queues[to as usize].clear();
    }

    pub fn is_secure(&self, end: End) -> bool {
        self.layers[end as usize] % 2 == 1
    }

    /// One end begins or ends TLS; it is done once the other does the same.
    pub fn turn(&mut self, end: End) -> Meeting {
        let [here, there] = [end as usize, end.other() as usize];
        self.turning[here] = true;
        let met = self.turning[there] && self.layers[there] == self.layers[here]
            || self.layers[there] == self.layers[here] + 1;
        if !met {
            return Meeting::Waits;
        }
        self.turning[here] = false;
        self.layers[here] += 1;
        Meeting::Done
    }
}

/// The one data connection.
#[derive(Default)]
pub struct Pipe {
    pub server_listens: Option<SocketAddr>,
    pub client_listens: Option<SocketAddr>,
    /// Who has connected and wasn't accepted yet.
    pub arrived: Option<SocketAddr>,
    pub bytes: Vec<u8>,
    pub sender_done: Option<StreamEnd>,
    /// An end has closed it, or never had it.
    pub broken: bool,
    /// Whether what was sent went through TLS.
    written: Option<bool>,
    shaking: [bool; 2],
    secure: [bool; 2],
}

impl Pipe {
    pub fn listened_by(end: End, address: SocketAddr) -> Self {
        match end {
            End::Client => Self { client_listens: Some(address), ..Self::default() },
            End::Server => Self { server_listens: Some(address), ..Self::default() },
        }
    }

    /// One end begins TLS; it is done once the other does the same.
    pub fn shake(&mut self, end: End) -> Result<Meeting, TlsError> {
        let [here, there] = [end as usize, end.other() as usize];
        self.shaking[here] = true;
        if self.shaking[there] {
            self.secure[here] = true;
            return Ok(Meeting::Done);
        }
        assert_ne!(self.written, Some(false), "{end:?} expects TLS where plaintext was sent");
        if self.broken {
            return Err(TlsError::Handshake);
        }
        Ok(Meeting::Waits)
    }

    /// An end has sent all that it has; whether through TLS.
    pub fn sent(&mut self, from: End, end: StreamEnd) -> bool {
        let secure = self.secure[from as usize];
        self.written = Some(secure);
        self.sender_done = Some(end);
        secure
    }

    /// The content of a file that goes into it, as far as it comes; how many of its bytes that counts for.
    pub fn load(&mut self, file: &[u8], form: Option<Form>, faults: Faults) -> (StreamEnd, usize) {
        self.bytes = form.map_or_else(|| file.to_vec(), |form| carried::encoded(form, file));
        let (end, sent) = self.cut(faults);
        match (end, form) {
            (StreamEnd::Clean, Some(form)) if form.marks_end() => (StreamEnd::Marked, file.len()),
            (StreamEnd::Clean, Some(_)) => (StreamEnd::Clean, file.len()),
            _ => (end, sent),
        }
    }

    /// The content of a file that came, once its sender has ended.
    pub fn unload(&mut self, to: End, form: Option<Form>) -> Option<(StreamEnd, Vec<u8>)> {
        let (end, bytes) = self.receive(to)?;
        let Some(form) = form else { return Some((end, bytes)) };
        let (decoded, file) = carried::decoded(form, &bytes);
        Some((if end.is_whole() { decoded } else { end }, file))
    }

    /// The bytes that came, once their sender has ended.
    fn receive(&mut self, to: End) -> Option<(StreamEnd, Vec<u8>)> {
        // Whoever closes without a word under TLS, or with a reset, has cut it off.
        let end = self.sender_done.take().or(self.broken.then_some(StreamEnd::Truncated))?;
        if let Some(written) = self.written {
            assert_eq!(written, self.secure[to as usize], "{to:?}: the data were written in the other layer");
        }
        Some((end, std::mem::take(&mut self.bytes)))
    }

    /// What an adapter says of a stream that has ended so.
    pub fn told(&mut self, says: Option<StreamEnd>, end: StreamEnd) -> StreamEnd {
        let Some(said) = says.filter(|_| end.is_whole()) else { return end };
        self.broken |= said == StreamEnd::Clean;
        said
    }

    fn cut(&mut self, faults: Faults) -> (StreamEnd, usize) {
        match faults.data_breaks_after {
            Some(limit) if self.bytes.len() > limit => {
                self.bytes.truncate(limit);
                (StreamEnd::Truncated, limit)
            }
            _ => (StreamEnd::Clean, self.bytes.len()),
        }
    }
}
