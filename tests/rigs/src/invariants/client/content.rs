//! What a client may do with a content of which something is gone.

use ftp_proto::{ChannelId, Moved, Verb};

/// What the application knows of the content that its request moves.
#[derive(Debug, Default)]
pub struct Content {
    /// The channel whose stream was asked for last.
    channel: Option<ChannelId>,
    /// How much of it the adapter has told over that channel.
    told: u64,
    /// It isn't whole any more: no other transfer command may be said for it.
    gone: bool,
    /// STOU was said for it.
    unique: bool,
}

impl Content {
    /// The stream of this channel is open.
    pub fn streams(&mut self, channel: ChannelId) {
        if self.channel != Some(channel) {
            assert!(!self.gone, "a content is moved twice");
            (self.channel, self.told) = (Some(channel), 0);
        }
    }

    /// The adapter says so.
    pub fn moved(&mut self, moved: Moved) -> Moved {
        self.told = self.told.max(moved.bytes());
        self.gone |= moved != Moved::Nothing;
        moved
    }

    /// What the answer to `Close` is. `once`: it can't begin anew. A careless adapter forgets what it has told.
    pub fn closed(&mut self, channel: ChannelId, once: bool, careless: bool) -> Moved {
        match self.told {
            _ if self.channel != Some(channel) => Moved::Nothing,
            0 if once => self.moved(Moved::Bytes(0)),
            0 => Moved::Nothing,
            _ if careless => Moved::Nothing,
            told => self.moved(Moved::Bytes(told)),
        }
    }

    /// These lines are written.
    pub fn says(&mut self, lines: &[u8]) {
        for line in lines.split_inclusive(|byte| *byte == b'\n') {
            let word = line.split(|byte| matches!(byte, b' ' | b'\r')).next().unwrap_or_default();
            let verb = Verb::parse(word);
            assert!(!(verb.opens_data() && self.gone), "{verb} for a content of which something is gone");
            assert!(!(verb == Verb::Stou && std::mem::replace(&mut self.unique, true)), "STOU twice");
        }
    }
}
