//! Converts a file's bytes by TYPE, STRU and MODE, between the file and its data connection.

use std::io::{self, ErrorKind, Read, Write};
use std::ops::Range;

use ftp_proto::codec::{CodecError, Decoder, Encoder, End, LineEnd, Stop, Unsupported, is_verbatim};
use ftp_proto::{Form, Mode, StreamEnd};

use super::content::{Content, Sink, Source};

/// How much is converted at once.
const PIECE: usize = 32 * 1024;

/// How many pieces of a file may produce nothing to send before other tasks run: MODE Z can turn a thousand bytes into one.
const PIECES: usize = 64;

/// How much received data is decoded in one step, since it may become a thousand times as much.
const COMPRESSED: usize = 8 * 1024;

/// A file may become so much, however little came of it.
const EXPANDED: u64 = 64 * 1024 * 1024;

/// How many times as large a file may become, where nobody says otherwise. Text seldom becomes 20 times as large; a byte of zeros, 1,000 times.
pub const MAX_EXPANSION: u32 = 100;

/// What MODE Z is to be like.
#[derive(Clone, Copy, Default)]
pub struct Deflate {
    /// How hard to compress, if somebody has said it.
    pub level: Option<u8>,
    /// How many times as large as what comes a file may become, beyond its first 64 MiB. A byte can become a thousand.
    pub expansion: Option<u32>,
}

/// A file as it goes over a data connection.
struct Encoding<'f> {
    source: Box<dyn Source + 'f>,
    encoder: Encoder,
    /// Bytes that were read from the file and aren't converted yet.
    buffer: Box<[u8]>,
    unread: Range<usize>,
    /// The number of bytes read from the file.
    read: u64,
    is_drained: bool,
    may_stay: bool,
}

/// Received bytes on their way to a file.
struct Decoding<'f> {
    sink: Box<dyn Sink + 'f>,
    decoder: Decoder,
    mode: Mode,
    buffer: Box<[u8]>,
    end: Option<End>,
    expansion: Option<u32>,
    /// How much came, and how much that has become.
    received: u64,
    written: u64,
    fault: Option<String>,
}

impl<'f> Content<'f> {
    /// The content converted to this form, from a file with these line ends; unchanged if nothing has to be converted.
    pub fn converted(self, form: Form, line_end: LineEnd, deflate: Deflate) -> Result<Self, Unsupported> {
        if is_verbatim(form, line_end) {
            return Ok(self);
        }
        let buffer = vec![0; PIECE].into_boxed_slice();
        // MODE Z marks its end, too, but its clients (lftp) wait for the connection's.
        let may_stay = form.mode == Mode::Block;
        Ok(match self {
            Self::Source(source) => {
                let encoder = Encoder::new(form, line_end)?.level(deflate.level.unwrap_or(Encoder::LEVEL));
                Self::Source(Box::new(Encoding {
                    source,
                    encoder,
                    buffer,
                    unread: 0..0,
                    read: 0,
                    is_drained: false,
                    may_stay,
                }))
            }
            Self::Sink(sink) => {
                let decoder = Decoder::new(form, line_end)?;
                Self::Sink(Box::new(Decoding {
                    sink,
                    decoder,
                    mode: form.mode,
                    buffer,
                    end: None,
                    expansion: deflate.expansion.filter(|_| form.mode == Mode::Deflate),
                    received: 0,
                    written: 0,
                    fault: None,
                }))
            }
        })
    }
}

impl Read for Encoding<'_> {
    /// `Interrupted`, without losing anything, if it takes long until there is something to send.
    fn read(&mut self, output: &mut [u8]) -> io::Result<usize> {
        for _ in 0..PIECES {
            let input = &self.buffer[self.unread.clone()];
            let progress = self.encoder.encode(input, output, self.is_drained);
            self.unread.start += progress.read;
            if progress.written > 0 || output.is_empty() {
                return Ok(progress.written);
            }
            match progress.stop {
                Stop::NeedsInput => self.fill()?,
                Stop::Ended(_) => return Ok(0),
                _ => {}
            }
        }
        Err(ErrorKind::Interrupted.into())
    }
}

impl Encoding<'_> {
    fn fill(&mut self) -> io::Result<()> {
        let count = self.source.read(&mut self.buffer)?;
        (self.unread, self.is_drained) = (0..count, count == 0);
        self.read += count as u64;
        if self.is_drained && self.source.length().is_some_and(|length| self.read < length) {
            return Err(io::Error::new(ErrorKind::UnexpectedEof, "the file has shrunk"));
        }
        Ok(())
    }
}

/// The length on the data connection isn't known before.
impl Source for Encoding<'_> {
    fn may_stay(&self) -> bool {
        self.may_stay
    }

    fn has_begun(&self) -> bool {
        self.read > 0
    }
}

impl Decoding<'_> {
    /// How much of the input was taken: all of it, or up to the mark of the end.
    fn decode(&mut self, input: &[u8], end_of_input: bool) -> io::Result<usize> {
        let mut taken = 0;
        while self.end.is_none() {
            let progress = self.decoder.decode(&input[taken..], &mut self.buffer, end_of_input);
            let written = progress.as_ref().map_or_else(|error| error.written, |progress| progress.written);
            self.sink.write_all(&self.buffer[..written])?;
            self.written += written as u64;
            let progress = progress.map_err(|error| self.is_wrong(&error))?;
            taken += progress.read;
            self.received += progress.read as u64;
            self.check_size()?;
            match progress.stop {
                Stop::NeedsInput => break,
                Stop::Ended(end) => self.end = Some(end),
                // A mark that nobody has asked for, nor needs: an upload goes on from its length.
                Stop::NeedsRoom | Stop::Marker | Stop::Record => {}
            }
        }
        Ok(taken)
    }

    /// The bytes aren't what their form wants.
    fn is_wrong(&mut self, error: &CodecError) -> io::Error {
        let fault = format!("This is no file in MODE {}: {error}.", self.mode);
        self.fault = Some(fault.clone());
        io::Error::new(ErrorKind::InvalidData, fault)
    }

    /// A few bytes that become a disk's worth are nobody's file.
    fn check_size(&mut self) -> io::Result<()> {
        let Some(most) = self.expansion else { return Ok(()) };
        if self.written <= EXPANDED.max(self.received.saturating_mul(most.into())) {
            return Ok(());
        }
        let fault = format!("More than {most} times as much as was sent: that is more than is taken.");
        self.fault = Some(fault.clone());
        Err(io::Error::new(ErrorKind::FileTooLarge, fault))
    }
}

impl Write for Decoding<'_> {
    /// Nothing may follow MODE Z's mark; after MODE B's, the next transfer begins.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = self.decode(bytes, false)?;
        Ok(if self.may_stay() { taken } else { bytes.len() })
    }

    fn flush(&mut self) -> io::Result<()> {
        self.sink.flush()
    }
}

impl Sink for Decoding<'_> {
    fn commit(&mut self) -> io::Result<()> {
        self.sink.commit()
    }

    /// MODE Z's mark is zlib's: the connection ends after it, as in MODE S.
    fn is_complete(&self) -> bool {
        self.may_stay() && self.end == Some(End::Marked)
    }

    fn most_at_once(&self) -> usize {
        if self.mode == Mode::Deflate { COMPRESSED } else { usize::MAX }
    }

    fn may_stay(&self) -> bool {
        self.mode == Mode::Block
    }

    fn fault(&self) -> Option<&str> {
        self.fault.as_deref()
    }

    fn ended(&mut self, end: StreamEnd) {
        self.sink.ended(end);
    }

    fn close(&mut self) -> io::Result<StreamEnd> {
        self.decode(&[], true)?;
        Ok(match self.end {
            Some(End::Truncated) => {
                self.fault = Some("The data has ended before the mark of its end.".into());
                StreamEnd::Truncated
            }
            _ => StreamEnd::Clean,
        })
    }
}
